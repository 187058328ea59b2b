"""`records:`, the old name of `actions:`, is read, noted, and stored as ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalflow import cli
from evalflow.errors import InvalidInput
from evalflow.lifecycle.definition import Lifecycle
from evalflow.lifecycle.load import lifecycle_from_tree, load_lifecycle
from evalflow.lifecycle.sources import presets
from evalflow.model.canonical import canonical, parse
from lifecycle_strategies import ORDER, VOCABULARY

OLD = ORDER.replace("actions: [facts]", "records: [facts]")
LINE = OLD.splitlines().index("    records: [facts]") + 1


def loaded(folder: Path, text: str, name: str = "order.yaml") -> Lifecycle:
    (folder / name).write_text(text, encoding="utf-8")
    return load_lifecycle(folder / name, vocabulary=VOCABULARY)


def test_both_words_are_one_lifecycle(tmp_path: Path) -> None:
    new, old = loaded(tmp_path, ORDER), loaded(tmp_path, OLD)

    assert old == new
    assert old.events["report"].actions == ("facts",)
    assert canonical(old.tree) == canonical(new.tree)
    assert '"records":["facts"]' in canonical(new.tree)  # as it was always stored
    assert '"actions"' not in canonical(new.tree)


@pytest.mark.parametrize("name", presets())
def test_presets_say_it_by_the_new_word(name: str) -> None:
    assert load_lifecycle(name, vocabulary=VOCABULARY).notes == ()


def test_the_old_word_is_noted_where_it_stands(tmp_path: Path) -> None:
    new, old = loaded(tmp_path, ORDER), loaded(tmp_path, OLD)

    assert new.notes == ()
    (note,) = old.notes
    assert note.code == "records_read_as_actions"
    assert note.where == f"{tmp_path / 'order.yaml'}:{LINE}:5"
    assert note.text("en") != note.text("ko")


def test_one_note_counts_the_others_of_the_file(tmp_path: Path) -> None:
    twice = OLD.replace("    en: Verify\n", "    en: Verify\n    records: [facts]\n")

    (note,) = loaded(tmp_path, twice).notes

    assert "(1 more in this file)" in note.en


def test_a_stored_lifecycle_has_no_note_and_reads_the_same(tmp_path: Path) -> None:
    old = loaded(tmp_path, OLD)

    stored = lifecycle_from_tree(parse(canonical(old.tree)))

    assert (stored, stored.notes) == (old, ())


def test_a_mistake_under_the_old_word_is_told_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        loaded(tmp_path, OLD.replace("records: [facts]", "records: [fact]"))

    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.column) == ("unknown_action", LINE, 15)
    assert "did you mean 'facts'?" in problem.en


def test_both_words_at_once_are_refused(tmp_path: Path) -> None:
    both = OLD.replace("    records: [facts]", "    actions: [facts]\n    records: [facts]")

    with pytest.raises(InvalidInput) as caught:
        loaded(tmp_path, both)

    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("records_and_actions", LINE + 1)


def test_a_base_with_the_old_word_is_extended_by_the_new(tmp_path: Path) -> None:
    loaded(tmp_path, OLD)
    text = (
        "evalflow: lifecycle/1\nextends: order.yaml/2\nname: ours\nversion: 1\n"
        "events: {report: {actions: null}}\n"
    )

    ours = loaded(tmp_path, text, "ours.yaml")

    assert ours.events["report"].actions == ()
    assert [note.where for note in ours.notes] == [f"{tmp_path / 'order.yaml'}:{LINE}:5"]


def test_check_prints_the_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loaded(tmp_path, OLD)
    file = str(tmp_path / "order.yaml")

    cli.run(["--lang", "en", "lifecycle", "check", file, "--json"])

    out, err = capsys.readouterr()
    assert err.startswith(f"note: {file}:{LINE}:5: 'records' is called 'actions' now")
    assert json.loads(out)["lifecycle"].startswith("corrective-order/2@")
