"""Parts that any lifecycle takes in: a committee, objections (R56, R57)."""

from __future__ import annotations

from pathlib import Path

import pytest

import evalflow
from evalflow.lifecycle.sources import lifecycle_text, parts, presets

HEAD = "evalflow: lifecycle/1\nname: ours\nversion: 1\nko: 가\nen: Ours\n"
VERSIONS = {name: evalflow.load_lifecycle(name, plugins=[]).version for name in presets()}


def ours(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ours.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def load(tmp_path: Path, text: str) -> evalflow.Lifecycle:
    return evalflow.load_lifecycle(ours(tmp_path, text), plugins=[])


def test_parts_come_with_evalflow():
    assert parts() == ("committee/1", "objection/1")


@pytest.mark.parametrize("part", parts())
@pytest.mark.parametrize("name", presets())
def test_any_lifecycle_takes_one_in(part, name, tmp_path):
    base = evalflow.load_lifecycle(name, plugins=[])
    text = f"extends: {name}/{VERSIONS[name]}\ntakes_in: [{part}]\n"
    if "object" in base.events and part.startswith("objection"):
        with pytest.raises(evalflow.InvalidInput, match="in this lifecycle already"):
            load(tmp_path, text)
        return
    made = load(tmp_path, text)
    own = part.partition("/")[0]
    assert list(made.regions) == [*base.regions, own]  # behind its own: what leads stays
    assert {*base.events} < {*made.events}
    assert {*base.roles} <= {*made.roles}
    if "department_head" in base.roles:  # a role that it has stays as it is
        assert made.roles["department_head"] == base.roles["department_head"]


def test_what_is_taken_in_is_the_lifecycles_own_to_change(tmp_path):
    text = (
        "extends: major-works/3\ntakes_in: objection/1\n"
        "events:\n  object: {due: {days_after: approve, days: 10}}\n  withdraw_objection: null\n"
    )
    made = load(tmp_path, text)
    assert made.events["object"].due is not None
    assert "withdraw_objection" not in made.events
    whole = lifecycle_text(ours(tmp_path, text))
    assert "takes_in" not in whole
    (tmp_path / "whole.yaml").write_text(whole, encoding="utf-8")
    again = evalflow.load_lifecycle(tmp_path / "whole.yaml", plugins=[])
    assert again.fingerprint == made.fingerprint


def test_an_office_has_parts_of_its_own(tmp_path):
    (tmp_path / "check.yaml").write_text(
        "evalflow: lifecycle-part/1\nname: check\nversion: 2\nko: 점검\nen: Check\n"
        "regions:\n  check: {ko: 점검, en: Check, initial: idle,"
        " states: {idle: {ko: 없음, en: Idle}, open: {ko: 점검 중, en: Open}}}\n"
        "events:\n"
        "  begin_check: {ko: 점검 시작, en: Begin, by: [policy_office],"
        " transitions: [{from: idle, to: open}]}\n"
        "  end_check: {ko: 점검 끝, en: End, by: [policy_office],"
        " transitions: [{from: open, to: idle}]}\n",
        encoding="utf-8",
    )
    made = load(tmp_path, "extends: major-works/3\ntakes_in: [check.yaml/2]\n")
    assert "check" in made.regions
    with pytest.raises(evalflow.InvalidInput, match="no part of version 3"):
        load(tmp_path, "extends: major-works/3\ntakes_in: [check.yaml/3]\n")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("[commitee/1]", "no part 'commitee/1'"),
        ("[committee/9]", "no part 'committee/9'"),
        ("[committee]", "expected a part and its version"),
        ("[3]", "expected a part and its version"),
        ("[committee/1, committee/1]", "'committee' of 'committee/1' is in this lifecycle already"),
    ],
)
def test_what_cannot_be_taken_in_is_told_with_its_line(given, says, tmp_path):
    with pytest.raises(evalflow.InvalidInput) as error:
        load(tmp_path, f"extends: major-works/3\ntakes_in: {given}\n")
    (problem,) = error.value.problems
    assert says in problem.text("en")
    assert problem.line == 7
