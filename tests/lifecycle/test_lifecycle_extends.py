"""A lifecycle that extends another: what comes out is the whole, and every mistake is where it
stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import evalflow
from evalflow import cli
from evalflow.errors import InvalidInput, Problem
from evalflow.files.yaml import read
from evalflow.lifecycle.load import load_lifecycle
from evalflow.lifecycle.sources import lifecycle_text, preset_text, presets
from evalflow.model import DueRule
from lifecycle_strategies import ORDER, VOCABULARY

KEPT = Path(__file__).parents[1] / "data" / "store-f8ebe7e" / "expected.json"

HEAD = """\
evalflow: lifecycle/1
extends: ./order.yaml/2
name: our-order
version: 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "order.yaml").write_text(ORDER, encoding="utf-8")
    return tmp_path


def loaded(folder: Path, text: str) -> evalflow.Lifecycle:
    file = folder / "ours.yaml"
    file.write_text(text, encoding="utf-8")
    return load_lifecycle(file, vocabulary=VOCABULARY)


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as caught:
        loaded(folder, text)
    return caught.value.problems


def line_of(text: str, part: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


ALWAYS = json.loads(KEPT.read_text("utf-8"))["presets"]


@pytest.mark.parametrize("name", sorted(ALWAYS))
def test_presets_have_the_fingerprints_that_they_always_had(name: str) -> None:
    version = ALWAYS[name].partition("@")[0]
    assert evalflow.load_lifecycle(version, plugins=[]).fingerprint == ALWAYS[name]


def test_some_presets_extend_others() -> None:
    extending = [name for name in presets() if "\nextends: " in preset_text(name)]

    assert extending == ["mapo", "seongnam", "seoul"]


def test_a_file_that_changes_nothing_is_its_base_by_another_name(folder: Path) -> None:
    base = load_lifecycle(folder / "order.yaml", vocabulary=VOCABULARY)

    ours = loaded(folder, HEAD)

    assert (ours.name, ours.version, ours.label) == ("our-order", 1, base.label)
    assert ours.tree == {**base.tree, "name": "our-order", "version": "1"}
    written_out = folder / "whole.yaml"
    written_out.write_text(lifecycle_text(folder / "ours.yaml"), encoding="utf-8")
    whole = load_lifecycle(written_out, vocabulary=VOCABULARY)
    assert whole.fingerprint == ours.fingerprint


def test_only_what_differs_is_said(folder: Path) -> None:
    text = HEAD + (
        "events:\n"
        "  report:\n"
        "    due: {day: 3}\n"
        "    data: {kind: null}\n"
        "  remind: null\n"
        "  complain: {en: Lodge a complaint}\n"
    )
    base = load_lifecycle(folder / "order.yaml", vocabulary=VOCABULARY)

    ours = loaded(folder, text)

    report = ours.events["report"]
    assert report.due == DueRule(kind="day", n=3)
    assert [field.name for field in report.data] == ["document"]
    assert report.transitions == base.events["report"].transitions
    assert list(ours.events) == ["report", "verify", "complain"]
    assert ours.events["complain"].label.en == "Lodge a complaint"
    assert ours.events["complain"].label.ko == base.events["complain"].label.ko


def test_a_new_key_stands_behind_the_one_before_it(folder: Path) -> None:
    new = "{ko: 취하, en: Withdraw, by: [department], transitions: [{from: reported, to: ordered}]}"

    behind = loaded(folder, HEAD + f"events:\n  report: {{}}\n  withdraw: {new}\n")
    last = loaded(folder, HEAD + f"events:\n  withdraw: {new}\n  report: {{}}\n")
    swapped = loaded(folder, HEAD + "events: {verify: {}, report: {}}\n")

    assert list(behind.events) == ["report", "withdraw", "verify", "complain", "remind"]
    assert list(last.events) == ["report", "verify", "complain", "remind", "withdraw"]
    assert list(swapped.events) == ["verify", "report", "complain", "remind"]


def test_a_mistake_is_told_where_it_stands(folder: Path) -> None:
    base = ORDER.replace("from: ordered, to: reported", "from: orderd, to: reported")
    (folder / "order.yaml").write_text(base, encoding="utf-8")
    text = HEAD + "events:\n  verify:\n    by: [polic_office]\n"

    found = problems(folder, text)

    told = {(Path(p.file or "").name, p.line, p.code) for p in found}
    assert told == {
        ("order.yaml", line_of(base, "orderd"), "unknown_state"),
        ("ours.yaml", line_of(text, "polic_office"), "unknown_role"),
    }


def test_places_of_findings_are_in_the_file_that_says_so(folder: Path) -> None:
    ours = loaded(folder, HEAD + "events:\n  verify: {en: Verify it}\n")

    assert ours.places["events.verify"].startswith(str(folder / "ours.yaml:6:3"))
    line = line_of(ORDER, "  complain:")
    assert ours.places["events.complain"].startswith(str(folder / f"order.yaml:{line}:"))


def test_name_and_version_are_the_files_own(folder: Path) -> None:
    found = problems(folder, "evalflow: lifecycle/1\nextends: order.yaml/2\n")

    assert [(p.code, p.line) for p in found] == [("missing_key", 1), ("missing_key", 1)]
    assert {p.en for p in found} == {"needs 'name'", "needs 'version'"}


@pytest.mark.parametrize(
    ("says", "code", "told"),
    [
        ("extends: major-work/2", "unknown_base", "did you mean 'major-works'?"),
        ("extends: ./ordr.yaml/2", "unknown_base", "did you mean 'order.yaml'?"),
        ("extends: ./order.yaml/1", "other_version", "extends: ./order.yaml/2"),
        ("extends: major-works/1", "other_version", "extends: major-works/4"),
        ("extends: major-works", "wrong_value", "e.g. extends: major-works/4"),
        ("extends: [major-works/2]", "wrong_value", "e.g. extends: major-works/2"),
        ("extends: ./ours.yaml/1", "extends_itself", "ours.yaml → "),
        ("extends: ./plan.yaml/1", "unknown_base", "no lifecycle file"),
    ],
)
def test_a_base_that_cannot_be_is_refused(folder: Path, says: str, code: str, told: str) -> None:
    (folder / "plan.yaml").write_text("evalflow: plan/1\nversion: 1\n", encoding="utf-8")
    text = HEAD.replace("extends: ./order.yaml/2", says)

    (problem,) = problems(folder, text)

    assert (problem.code, problem.line) == (code, 2)
    assert told in problem.en
    assert problem.ko != problem.en


def test_a_circle_of_files_is_refused_at_the_one_that_closes_it(folder: Path) -> None:
    for name, base in (("a", "b"), ("b", "c"), ("c", "a")):
        text = f"evalflow: lifecycle/1\nextends: ./{base}.yaml/1\nname: {name}\nversion: 1\n"
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(InvalidInput) as caught:
        load_lifecycle(folder / "a.yaml", vocabulary=VOCABULARY)

    (problem,) = caught.value.problems
    assert (problem.code, Path(problem.file or "").name) == ("extends_itself", "c.yaml")


def test_a_chain_without_end_is_refused(folder: Path) -> None:
    for number in range(22):
        text = f"evalflow: lifecycle/1\nextends: ./f{number + 1}.yaml/1\nname: f\nversion: 1\n"
        (folder / f"f{number}.yaml").write_text(text, encoding="utf-8")
    last = ORDER.replace("version: 2", "version: 1")
    (folder / "f22.yaml").write_text(last, encoding="utf-8")

    with pytest.raises(InvalidInput) as caught:
        load_lifecycle(folder / "f0.yaml", vocabulary=VOCABULARY)

    assert [p.code for p in caught.value.problems] == ["extends_too_many"]
    whole = load_lifecycle(folder / "f2.yaml", vocabulary=VOCABULARY)
    assert list(whole.events) == ["report", "verify", "complain", "remind"]


def test_nothing_is_taken_away_that_is_not_there(folder: Path) -> None:
    text = HEAD + (
        "events:\n"
        "  verifi: null\n"
        "  report:\n"
        "    data: {documnt: null}\n"
        "duties:\n"
        "  other_eyes: {unless_acting: false}\n"
    )

    found = problems(folder, text)

    assert [(p.code, p.line, p.value) for p in found] == [
        ("nothing_to_take_away", line_of(text, "verifi:"), "verifi"),
        ("nothing_to_take_away", line_of(text, "documnt"), "documnt"),
        ("mapping_over_list", line_of(text, "other_eyes") - 1, "duties"),
    ]
    assert "did you mean 'verify'?" in found[0].en
    assert "did you mean 'document'?" in found[1].en


def test_a_mistake_in_a_base_two_files_below_is_told_there(folder: Path) -> None:
    middle = HEAD + "events: {report: {by: [nobody]}}\n"
    (folder / "middle.yaml").write_text(middle, encoding="utf-8")

    (problem,) = problems(
        folder, "evalflow: lifecycle/1\nextends: middle.yaml/1\nname: top\nversion: 1\n"
    )

    assert (problem.code, Path(problem.file or "").name) == ("unknown_role", "middle.yaml")
    assert problem.line == line_of(middle, "nobody")


def test_a_preset_is_extended_by_a_file_of_an_office(folder: Path) -> None:
    text = (
        "evalflow: lifecycle/1\nextends: mapo/1\nname: ours\nversion: 3\n"
        "events:\n  self_evaluate: {due: {days_after_period: 15}}\n"
    )

    ours = loaded(folder, text)

    due = ours.events["self_evaluate"].due
    assert due == DueRule(kind="days_after_period", n=15)
    assert evalflow.check_lifecycle(ours) == ()


def test_show_prints_the_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loaded(folder, HEAD + "events: {remind: null}\n")

    assert cli.run(["lifecycle", "show", str(folder / "ours.yaml")]) == 0

    shown = read(capsys.readouterr().out.encode()).tree
    assert "extends" not in shown
    assert list(shown["events"]) == ["report", "verify", "complain"]


def test_a_plan_tells_a_mistake_in_the_base_of_its_lifecycle(folder: Path) -> None:
    (folder / "order.yaml").write_text(ORDER.replace("lifecycle/1", "plan/1"), encoding="utf-8")
    (folder / "ours.yaml").write_text(HEAD, encoding="utf-8")
    (folder / "plan.yaml").write_text("evalflow: plan/1\nlifecycle: ours.yaml\n", encoding="utf-8")

    with pytest.raises(InvalidInput) as caught:
        evalflow.load_plan(folder / "plan.yaml", plugins=[])

    (base,) = [p for p in caught.value.problems if p.code == "unknown_base"]
    assert (Path(base.file or "").name, base.line) == ("ours.yaml", 2)


def test_the_example_in_the_documentation_loads(folder: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "lifecycle.md"
    block = next(
        text.split("```")[0]
        for text in page.read_text("utf-8").split("```yaml\n")[1:]
        if "\nextends: " in text.split("```")[0]
    )

    ours = loaded(folder, block)

    assert list(ours.events["self_evaluate"].data)[-1].name == "progress"
    assert "send_back" not in ours.events
    assert evalflow.check_lifecycle(ours) == ()
