"""A year played by made up actors, and counted twice."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evalflow
from evalflow import cli
from evalflow.engine.notices import Outbox
from evalflow.testing import simulation
from evalflow.testing.simulation import Behaviour, simulate

EXAMPLES = Path(__file__).parents[2] / "examples" / "seodaemun-2016"


@pytest.fixture
def plan(plan_file):
    return evalflow.load_plan(plan_file, plugins=[])


def shares(whole: int = 1) -> Behaviour:
    """Everybody always does, or nobody ever."""
    share = Fraction(whole)
    return Behaviour(late=share, lagging=share, changes=share, followed_up=share)


def test_a_year_ends_where_it_should_and_both_counts_agree(plan):
    outcome = simulate(plan, plugins=[])
    assert outcome.reconciled
    ends = Counter[tuple[str, ...]]()
    for states, number in outcome.states.items():
        ends[states[:2]] += number
    assert ends == {("closed", "unchanged"): len(plan.projects)}
    assert not outcome.given_up
    for quarter in ("2016-Q1", "2016-Q2", "2016-Q3", "2016-Q4"):
        assert outcome.firings[quarter, "review"] == len(plan.projects)
    assert {name for name, n in outcome.told.items() if n} >= {"submitted", "approved"}


def test_where_nobody_is_late_or_lags_nothing_is(plan):
    outcome = simulate(plan, plugins=[], behaviour=shares(0))
    assert outcome.reconciled
    assert not outcome.late
    assert outcome.revisions == 1
    assert {event for _, event in outcome.firings} == {
        *("self_evaluate", "compile", "sign", "submit", "review", "approve", "open_period", "close")
    }


def test_where_everybody_is_late_and_lags_everything_is(plan):
    outcome = simulate(plan, plugins=[], behaviour=shares(1))
    assert outcome.reconciled
    for (quarter, event), fired in outcome.firings.items():
        if event in {"self_evaluate", "submit", "review"}:
            assert outcome.late[quarter, event] == fired
    done = Counter[str]()
    for (_, event), fired in outcome.firings.items():
        done[event] += fired
    assert done["flag_lagging"] + done["approve"] == done["review"]
    assert done["approve"] <= done["spot_check"]  # a second look found it back on track
    assert outcome.revisions == 1 + sum(
        n for (_, event), n in outcome.firings.items() if event == "approve_change"
    )
    assert outcome.revisions > 1


@settings(max_examples=8)
@given(seed=st.integers(), late=st.fractions(0, 1), lagging=st.fractions(0, 1))
def test_whatever_is_drawn_the_store_has_what_was_counted(seed, late, lagging):
    plan = evalflow.load_plan(EXAMPLES / "regeneration.yaml", plugins=[])
    behaviour = Behaviour(late=late, lagging=lagging)
    assert simulate(plan, plugins=[], seed=seed, behaviour=behaviour).reconciled


@pytest.mark.parametrize("name", ["selection", "pledges", "regeneration", "orders"])
def test_any_lifecycle_is_played(name):
    plan = evalflow.load_plan(EXAMPLES / f"{name}.yaml", plugins=[])
    outcome = simulate(plan, plugins=[])
    assert outcome.reconciled
    assert outcome.firings


def test_the_same_seed_leaves_the_same_store_and_another_seed_another(plan, tmp_path):
    def left(seed: int, name: str) -> list[str]:
        url = f"sqlite:///{tmp_path / name}.db"
        simulate(plan, url=url, plugins=[], seed=seed)
        with evalflow.open(url, plugins=[]) as engine:
            return [engine.project(f"gu/{number}").head for number in plan.projects]

    assert left(7, "a") == left(7, "b")
    assert left(7, "c") != left(8, "d")


def test_offices_draw_for_themselves_and_the_first_is_as_if_alone(plan, monkeypatch):
    monkeypatch.setattr(simulation, "PER_ENGINE", 2)
    one = simulate(plan, plugins=[], offices=1)
    three = simulate(plan, plugins=[], offices=3)
    assert three.reconciled
    assert three.projects == 3 * len(plan.projects)
    assert all(three.firings[name] >= n for name, n in one.firings.items())
    assert sum(three.told.values()) > sum(one.told.values())


def test_a_notice_that_the_outbox_lost_is_a_difference(plan, monkeypatch):
    kept = Outbox.notices

    def lossy(outbox, **where):
        return (each for each in kept(outbox, **where) if each.notice.project != "gu/3")

    monkeypatch.setattr(Outbox, "notices", lossy)
    outcome = simulate(plan, plugins=[])
    assert {what for what, _, _ in outcome.differences} >= {"told submitted"}
    assert not outcome.reconciled


def test_an_edited_history_does_not_reconcile(plan, monkeypatch):
    history = evalflow.Engine.history

    def rewritten(engine, project_id):
        for entry in history(engine, project_id):
            late = 0 if entry.event == "self_evaluate" else entry.late
            yield attrs.evolve(entry, late=late)

    monkeypatch.setattr(evalflow.Engine, "history", rewritten)
    outcome = simulate(plan, plugins=[], behaviour=shares(1))
    assert "late 2016-Q1 self_evaluate" in {what for what, _, _ in outcome.differences}


def test_a_firing_past_the_counting_is_a_difference(plan, monkeypatch):
    """Somebody else wrote to the same store: the entries are one more than were played."""
    play = simulation._Year.play

    def and_more(year):
        play(year)
        by = year.engine.actor("gu", "policy-1")
        year.engine.fire("gu/3", "reopen", by=by, data={"reason": "정정"})

    monkeypatch.setattr(simulation._Year, "play", and_more)
    outcome = simulate(plan, plugins=[])
    found = {what for what, _, _ in outcome.differences}
    assert "fired 2016-Q4 reopen" in found
    assert any(each.startswith("ended planned unchanged") for each in found)


def test_a_directory_in_which_nobody_holds_a_role_is_told(plan_file):
    text = plan_file.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines(keepends=True) if "city-lead:" not in line]
    plan_file.write_text("".join(kept), encoding="utf-8")
    outcome = simulate(evalflow.load_plan(plan_file, plugins=[]), plugins=[])
    assert outcome.reconciled
    assert dict(outcome.given_up) == {("compile", "nobody"): 1}


def test_a_store_that_has_the_plan_is_refused(plan, tmp_path):
    url = f"sqlite:///{tmp_path / 'office.db'}"
    simulate(plan, url=url, plugins=[])
    with pytest.raises(evalflow.InvalidInput, match="gu"):
        simulate(plan, url=url, plugins=[])


def test_the_command_prints_the_same_twice_and_leaves_zero(plan_file, capsys):
    def printed(*more: str) -> str:
        words = ["--lang", "en", "simulate", str(plan_file), "--offices", "2", *more]
        assert cli.run(words) == 0
        return str(capsys.readouterr().out)

    assert printed() == printed()
    assert "reconciled" in printed()
    assert '"differences": []' in printed("--json")


def test_a_share_beyond_all_is_refused(plan_file, capsys):
    assert cli.run(["simulate", str(plan_file), "--late", "120%"]) == 2
    assert "120%" in capsys.readouterr().err


@pytest.mark.counting
@pytest.mark.slow
def test_three_offices_of_43_projects_reconcile(tmp_path):
    plan = evalflow.load_plan(EXAMPLES / "plan.yaml", plugins=[])
    outcome = simulate(plan, plugins=[], offices=3, url=f"sqlite:///{tmp_path / 'offices.db'}")
    assert outcome.reconciled
    assert sum(outcome.states.values()) == 3 * len(plan.projects)
    assert {states[:2] for states in outcome.states} == {("closed", "unchanged")}


@pytest.mark.counting
@pytest.mark.slow
def test_programs_side_by_side_come_to_the_same(plan_file, capsys, monkeypatch):
    monkeypatch.setattr("evalflow.testing.simulation.PER_ENGINE", 1)
    words = ["--lang", "en", "simulate", str(plan_file), "--offices", "3", "--json"]
    assert cli.run(words) == 0
    alone = capsys.readouterr().out
    assert cli.run([*words, "--workers", "2"]) == 0
    assert capsys.readouterr().out == alone
