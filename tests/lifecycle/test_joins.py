"""Where branches meet: each way in which a join can pass early is found, and no sound one is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

import evalflow
from evalflow.lifecycle.check import paths as path_finding
from procedures import lifecycle

REGIONS = {
    "article": "draft review published!",
    "journalist": "idle j_waits j_ok j_done!",
    "speller": "unread s_waits s_ok s_done!",
}


def text(events: dict[str, str], regions: Sequence[str] = tuple(REGIONS)) -> str:
    """Write an article's lifecycle: a split into two branches, and a join as `events` say."""
    lines = ["regions:"]
    for region in regions:
        states = REGIONS[region].split()
        lines.append(f"  {region}:")
        lines.append(f"    {{ko: {region}, en: {region}, initial: {states[0]}, states: {{")
        for state in states:
            name, final = state.rstrip("!"), ", final: true" if state.endswith("!") else ""
            lines.append(f"      {name}: {{ko: {name}, en: {name}{final}}},")
        lines.append("    }}")
    lines.append("events:")
    lines += [
        f"  {name}: {{ko: {name}, en: {name}, by: [clerk], {rest}}}"
        for name, rest in events.items()
    ]
    return "\n".join(lines)


SPLIT = (
    "leads: article, transitions: [{from: draft, to: review}, {from: idle, to: j_waits}, "
    "{from: unread, to: s_waits}]"
)
BRANCHES = {
    "request": SPLIT,
    "approve": "transitions: [{from: j_waits, to: j_ok}]",
    "spell": "transitions: [{from: s_waits, to: s_ok}]",
}
ALL = "{from: review, to: published}, {from: j_ok, to: j_done}, {from: s_ok, to: s_done}"
ARTICLE = "{from: review, to: published}"


def early(made: evalflow.Lifecycle) -> list[str]:
    return [each.about for each in evalflow.check_lifecycle(made) if each.code == "early_join"]


ORDERS = list(itertools.permutations(REGIONS))[::2]

UNSOUND = {
    "no guard": {"publish": f"leads: article, transitions: [{ALL}]"},
    "one of two": {
        "publish": f"leads: article, guards: [in: {{states: [j_ok]}}], transitions: [{ALL}]"
    },
    "asks one, moves none": {
        "publish": f"guards: [in: {{states: [j_ok]}}], transitions: [{ARTICLE}]",
        "tidy_j": "transitions: [{from: j_ok, to: j_done}]",
        "tidy_s": "transitions: [{from: s_ok, to: s_done}]",
    },
    "either of two": {
        "publish": "choose: first, transitions: ["
        "{from: review, to: published, guards: [in: {states: [j_ok]}]}, "
        "{from: review, to: published, guards: [in: {states: [s_ok]}]}]",
        "tidy_j": "transitions: [{from: j_ok, to: j_done}]",
        "tidy_s": "transitions: [{from: s_ok, to: s_done}]",
    },
    "stays where it is": {
        "publish": f"leads: article, transitions: [{ARTICLE}, {{from: j_ok}}, {{from: s_ok}}]",
        "tidy_j": "transitions: [{from: j_ok, to: j_done}]",
        "tidy_s": "transitions: [{from: s_ok, to: s_done}]",
    },
    "another event leads there too": {
        "publish": f"leads: article, transitions: [{ALL}]",
        "skip_j": "transitions: [{from: j_waits, to: j_done}]",
        "skip_s": "transitions: [{from: s_waits, to: s_done}]",
    },
    "sent back after it was asked for": {
        "publish": f"guards: [in: {{states: [j_ok]}}], transitions: [{ARTICLE}]",
        "redo": "transitions: [{from: s_ok, to: s_waits}]",
        "again": "transitions: [{from: j_ok, to: j_waits}]",
        "tidy_j": "transitions: [{from: j_ok, to: j_done}]",
        "tidy_s": "transitions: [{from: s_ok, to: s_done}]",
    },
    "leaves a branch behind": {
        "publish": f"guards: [in: {{states: [j_ok, s_ok]}}], leads: article, transitions: [{ALL}]",
        "cancel": "leads: article, transitions: [{from: review, to: published}, "
        "{from: [j_waits, j_ok], to: j_done}, {from: s_ok, to: s_done}]",
    },
}

SOUND = {
    "waits for both": {
        "publish": f"guards: [in: {{states: [j_ok, s_ok]}}], leads: article, transitions: [{ALL}]"
    },
    "waits on its way": {
        "publish": "leads: article, transitions: ["
        "{from: review, to: published, guards: [in: {states: [j_ok, s_ok]}]}, "
        "{from: j_ok, to: j_done}, {from: s_ok, to: s_done}]"
    },
    "one after the other": {
        "publish": f"guards: [in: {{states: j_ok}}, in: {{states: s_ok}}], leads: article, "
        f"transitions: [{ALL}]"
    },
    "cancels whatever is under way": {
        "publish": f"guards: [in: {{states: [j_ok, s_ok]}}], leads: article, transitions: [{ALL}]",
        "cancel": "leads: article, transitions: [{from: review, to: published}, "
        "{from: [j_waits, j_ok], to: j_done}, {from: [s_waits, s_ok], to: s_done}]",
    },
    "what is left is undone afterwards": {
        "publish": f"guards: [in: {{states: [j_ok]}}], transitions: [{ARTICLE}]",
        "undo_j": "guards: [in: {states: [published]}], "
        "transitions: [{from: [j_waits, j_ok], to: j_done}]",
        "undo_s": "guards: [in: {states: [published]}], "
        "transitions: [{from: [s_waits, s_ok], to: s_done}]",
    },
    "either is meant": {  # a discriminator says that the other one may be under way
        "publish": "guards: [in: {states: [j_ok, s_waits, s_ok]}], leads: article, transitions: ["
        "{from: review, to: published}, {from: j_ok, to: j_done}, "
        "{from: [s_waits, s_ok], to: s_done}]"
    },
}


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("name", UNSOUND)
def test_a_join_that_can_pass_early_is_found_however_it_is_written(
    tmp_path: Path, name: str, order: Sequence[str]
) -> None:
    made = lifecycle(tmp_path, text(BRANCHES | UNSOUND[name], order))
    event = "cancel" if "cancel" in UNSOUND[name] else "publish"
    assert early(made) == [f"events.{event}"]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("name", SOUND)
def test_a_sound_join_is_not_warned_of(tmp_path: Path, name: str, order: Sequence[str]) -> None:
    made = lifecycle(tmp_path, text(BRANCHES | SOUND[name], order))
    found = [f for f in evalflow.check_lifecycle(made) if f.code != "unused_role"]
    assert found == []


@pytest.mark.parametrize("first", ["approve", "spell"])
@pytest.mark.parametrize("name", [name for name in UNSOUND if "cancel" not in UNSOUND[name]])
def test_what_is_found_can_be_done(tmp_path: Path, name: str, first: str) -> None:
    """The warning is no false alarm: with one branch alone the article is published."""
    from evalflow.lifecycle.machine import Stuck, step
    from evalflow.plugins import vocabulary

    made = lifecycle(tmp_path, text(BRANCHES | UNSOUND[name]))
    if first == "spell" and "j_ok]}]" in str(UNSOUND[name]) and name != "either of two":
        pytest.skip("asks for the other branch")
    spec = vocabulary().guards["in"]
    assert spec.among is not None
    states: tuple[str, ...] = made.initial()
    for event in ("request", first, "publish"):
        uses = [use for edge in made.events[event].transitions for use in edge.guards]
        held = frozenset(use.id for use in uses if spec.among(made, states, use.params))
        after = step(made, states, event, held)
        assert not isinstance(after, Stuck)
        states = after
    assert "published" in states
    assert {"j_waits", "s_waits"} & set(states)


def test_a_join_among_very_many_combinations_is_found_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(path_finding, "MOST_COMBINATIONS", 5)
    for name, events in UNSOUND.items():
        event = "cancel" if "cancel" in events else "publish"
        made = lifecycle(tmp_path, text(BRANCHES | events))
        assert early(made) == [f"events.{event}"], name
    for name, events in SOUND.items():
        assert early(lifecycle(tmp_path, text(BRANCHES | events))) == [], name


def test_side_regions_do_not_hide_a_join(tmp_path: Path) -> None:
    """Seven switches beside the branches: 3 × 4 × 4 × 2⁷ combinations."""
    made = text(BRANCHES | UNSOUND["no guard"])
    for number in range(7):
        made = made.replace(
            "events:",
            f"  side{number}: {{ko: s, en: s, initial: on{number}, states: {{"
            f"on{number}: {{ko: on, en: on}}, off{number}: {{ko: off, en: off}}}}}}\nevents:",
        )
        made += (
            f"\n  turn{number}: {{ko: t, en: t, by: [clerk], transitions: ["
            f"{{from: on{number}, to: off{number}}}, {{from: off{number}, to: on{number}}}]}}"
        )
    assert early(lifecycle(tmp_path, made)) == ["events.publish"]


def test_a_decision_table_beside_it_does_not_hide_a_join(tmp_path: Path) -> None:
    table = ", ".join(
        f"{{from: draft, to: draft, guards: [given: {{field: amount, at_least: {n}}}]}}"
        for n in range(9, 0, -1)
    )
    rows = {
        "weigh": f"choose: first, transitions: [{table}], "
        "data: {amount: {ko: 금액, en: Amount, type: money, required: true}}"
    }
    made = lifecycle(tmp_path, text(BRANCHES | UNSOUND["no guard"] | rows))
    assert early(made) == ["events.publish"]


def test_what_could_not_be_looked_at_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(path_finding, "MOST_COMBINATIONS", 5)
    monkeypatch.setattr(path_finding, "MOST_JOINED", 5)
    made = lifecycle(tmp_path, text(BRANCHES | SOUND["waits for both"]))
    found = [f for f in evalflow.check_lifecycle(made) if f.code == "join_unproved"]
    assert [f.about for f in found] == ["events.request", "events.publish"]


def test_a_branch_that_waits_for_one_that_has_ended_otherwise_is_found(tmp_path: Path) -> None:
    events = BRANCHES | SOUND["waits for both"]
    events["reject"] = "transitions: [{from: s_waits, to: s_done}]"
    found = evalflow.check_lifecycle(lifecycle(tmp_path, text(events)))
    told = {(f.code, f.about) for f in found if f.code != "unused_role"}
    assert ("stuck_together", "states.j_ok") in told
    assert ("stuck_together", "states.review") in told
