"""What can never pass is found before anybody waits; what guards keep apart is no overlap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import evalflow
from procedures import Office, lifecycle

REST = """
regions:
  r: {ko: r, en: r, initial: a, states: {a: {ko: a, en: a}, b: {ko: b, en: b},
      c: {ko: c, en: c, final: true}, d: {ko: d, en: d, final: true}}}
  s: {ko: s, en: s, initial: x, states: {x: {ko: x, en: x}, y: {ko: y, en: y, final: true}}}
events:
  go:
    {ko: go, en: go, by: [clerk], leads: r, transitions: [{from: a, to: b}, {from: x, to: y}],
     data: {early: {ko: early, en: early, type: number}}}
  end:
    {ko: end, en: end, by: [clerk], transitions: [{from: b, to: c}],
     data: {late: {ko: late, en: late, type: text}}}
  other: {ko: other, en: other, by: [clerk], transitions: [{from: b, to: d}]}
  odd:
    ko: odd
    en: odd
    by: [clerk, chief]
    transitions: WAYS
    guards: GUARDS
    data:
      kind: {ko: kind, en: kind, type: choice, required: true,
             options: {p: {ko: p, en: p}, q: {ko: q, en: q}, z: {ko: z, en: z}}}
      sum: {ko: sum, en: sum, type: money, required: true}
"""
STAYS = "[{from: [a, b]}]"
APART = "contradictory_guards"


def text(guards: str = "[]", ways: str = STAYS) -> str:
    return REST.replace("GUARDS", guards).replace("WAYS", ways)


def told(folder: Path, guards: str = "[]", ways: str = STAYS) -> list[tuple[str, str]]:
    found = evalflow.check_lifecycle(lifecycle(folder, text(guards, ways)))
    return [(each.code, each.about) for each in found]


@pytest.mark.parametrize(
    ("guards", "ways", "code"),
    [
        # asks for a state that comes only later, for two of one region, for another of its own
        ("[in: {states: [y]}]", "[{from: a, to: b}]", "never_fires"),
        ("[in: {states: [x]}, in: {states: [y]}]", STAYS, "never_fires"),
        ("[in: {states: [b]}]", "[{from: a, to: b}]", "never_fires"),
        # asks for what is given, or done, only afterwards
        ("[given: {field: late}]", STAYS, "never_holds"),
        ("[voted: {event: end, at_least: 1}]", STAYS, "never_holds"),
        ("[voted: {event: end, share: all, by: clerk}]", STAYS, "never_holds"),
        # contradicts itself
        ("[given: {field: sum, over: 10, under: 5}]", STAYS, APART),
        ("[given: {field: sum, over: 5, at_most: 5}]", STAYS, APART),
        ("[given: {field: kind, is: p}, given: {field: kind, is: [q, z]}]", STAYS, APART),
        ("[given: {field: sum, is: 7}, given: {field: sum, under: 7}]", STAYS, APART),
        ("[voted: {event: odd, at_least: 3, at_most: 2}]", STAYS, APART),
    ],
)  # fmt: skip
def test_what_never_passes_is_found(tmp_path: Path, guards: str, ways: str, code: str) -> None:
    found = {each for each, _ in told(tmp_path, guards, ways)}
    assert found - {"stuck_together"} == {code}


def test_what_never_fires_is_never_fired(tmp_path: Path) -> None:
    case = Office(tmp_path, text("[in: {states: [y]}]", "[{from: a, to: b}]"))
    data: Any = {"kind": "p", "sum": 1}
    assert case.refusal("odd", **data) == ["not_in_state"]
    case.fire("go")
    assert case.states() == ("b", "y")
    assert case.refusal("odd", **data) == ["wrong_state"]


@pytest.mark.parametrize(
    "guards",
    [
        "[in: {states: [x, y]}]",  # one of either
        "[in: {states: [a, b]}]",
        "[given: {field: early}]",
        "[given: {field: early, at_least: 5, at_most: 5}]",
        "[given: {field: kind, is: [p, q]}, given: {field: kind, is: [q, z]}]",
        "[voted: {event: go, at_least: 1}]",
        "[voted: {event: odd, at_least: 2}]",  # the firing in hand counts
        "[voted: {event: end, at_most: 0}]",
        "[voted: {event: odd, at_least: 2, at_most: 2}]",
    ],
)
def test_what_may_pass_is_not_warned_of(tmp_path: Path, guards: str) -> None:
    found = told(tmp_path, guards)
    assert [each for each in found if each[0] != "option_leads_nowhere"] == []


@pytest.mark.parametrize(
    ("guard", "taken"),
    [("in: {states: [x]}", False), ("in: {states: [y]}", True), ("in: {states: [x, y]}", True)],
)
def test_a_transition_that_is_never_taken_is_found(tmp_path: Path, guard: str, taken: bool) -> None:
    ways = f"[{{from: a}}, {{from: b, to: d, guards: [{guard}]}}]"
    found = told(tmp_path, ways=ways)
    assert found == ([] if taken else [("never_taken", "events.odd.transitions[1]")])


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("given: {field: kind, is: p}", "given: {field: kind, is: q}", True),
        ("given: {field: kind, is: [p, z]}", "given: {field: kind, is: [q, z]}", False),
        ("given: {field: sum, under: 100}", "given: {field: sum, at_least: 100}", True),
        ("given: {field: sum, at_most: 100}", "given: {field: sum, at_least: 100}", False),
        ("given: {field: sum, under: 100}", "given: {field: early, at_least: 100}", False),
        ("in: {states: [x]}", "in: {states: [y]}", True),
        ("in: {states: [a]}", "in: {states: [y]}", True),  # y comes with b
        ("in: {states: [b]}", "in: {states: [y]}", False),
    ],
)
def test_transitions_that_the_guards_keep_apart_are_not_said_to_overlap(
    tmp_path: Path, one: str, other: str, apart: bool
) -> None:
    ways = f"[{{from: b, to: c, guards: [{one}]}}, {{from: b, to: d, guards: [{other}]}}]"
    found = {code for code, _ in told(tmp_path, ways=ways)}
    assert ("overlapping_guards" in found) is not apart


@pytest.mark.parametrize(
    ("ways", "nowhere"),
    [
        ("is: p", ["q", "z"]),
        ("is: [p, q]", ["z"]),
        ("is: [p, q, z]", []),
        ("is: p}}, {given: {field: kind, is: [p, q]", ["q", "z"]),  # both are asked
        ("at_least: 1", []),  # asks for a figure
    ],
)
def test_an_option_that_leads_nowhere_is_found(
    tmp_path: Path, ways: str, nowhere: list[str]
) -> None:
    guard = f"{{given: {{field: kind, {ways}}}}}".replace("kind, at_least", "sum, at_least")
    made = lifecycle(tmp_path, text(ways=f"[{{from: b, to: c, guards: [{guard}]}}]"))
    found = [each for each in evalflow.check_lifecycle(made) if each.code != "stuck_together"]
    assert [each.code for each in found] == ["option_leads_nowhere"] * len(nowhere)
    assert all(f"({option})" in each.en for option, each in zip(nowhere, found, strict=True))
    case = Office(tmp_path, text(ways=f"[{{from: b, to: c, guards: [{guard}]}}]"))
    case.fire("go")
    for option in ("p", "q", "z"):
        allowed = case.refusal("odd", kind=option, sum=1) == []
        assert allowed == (option not in nowhere)
        if allowed:
            break


def test_an_option_that_another_way_allows_leads_on(tmp_path: Path) -> None:
    ways = "[{from: b, to: c, guards: [given: {field: kind, is: p}]}, {from: b, to: d}]"
    made = lifecycle(
        tmp_path, text(ways=ways).replace("    ko: odd", "    choose: first\n    ko: odd")
    )
    assert evalflow.check_lifecycle(made) == ()


@pytest.mark.parametrize(
    ("ways", "never"),
    [
        ("[{from: a, by: [clerk]}, {from: b, by: [clerk]}]", True),
        ("[{from: a, by: [clerk]}, {from: b, by: [chief]}]", False),
        ("[{from: a, by: [clerk]}, {from: b}]", False),
    ],
)
def test_a_role_that_may_take_no_transition_is_found(
    tmp_path: Path, ways: str, never: bool
) -> None:
    assert told(tmp_path, ways=ways) == ([("role_never_may", "events.odd")] if never else [])
