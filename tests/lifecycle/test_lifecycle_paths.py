"""Paths: the shortest way into each state, and every simple one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

import evalflow
from evalflow import cli
from evalflow.lifecycle.check.paths import alone, paths
from evalflow.lifecycle.machine import Stuck, step
from evalflow.plugins import vocabulary
from lifecycle_strategies import lifecycles


def test_the_shortest_way_to_lagging():
    lifecycle = evalflow.load_lifecycle("major-works")
    (graph,) = paths(lifecycle, vocabulary(plugins=[]).guards)
    assert graph.shortest("lagging") == (
        *("self_evaluate", "compile", "sign", "submit", "review", "flag_lagging"),
    )
    assert graph.shortest("planned") == ()


def test_the_simple_ways_to_lagging_are_these():
    lifecycle = evalflow.load_lifecycle("major-works")
    assert set(alone(lifecycle, "evaluation").simple("lagging")) == {
        ("self_evaluate", "compile", signed, "submit", "review", *end)
        for signed in ("sign", "enter_paper_signature")
        for end in (("flag_lagging",), ("approve", "spot_check"))
    }


@given(lifecycle=lifecycles())
def test_a_shortest_way_leads_there_and_no_simple_way_is_shorter(lifecycle):
    for region in lifecycle.regions:
        graph = alone(lifecycle, region)
        for state in lifecycle.regions[region].states:
            way = graph.shortest(state)
            ways = [w for w, _ in zip(graph.simple(state), range(50), strict=False)]
            assert (way is None) == (not ways)
            if way is None:
                continue
            assert all(len(way) <= len(each) for each in ways)
            nodes = {graph.initial}
            for event in way:
                nodes = {
                    after for node in nodes for name, after in graph.arcs[node] if name == event
                }
            assert (state,) in nodes


def test_the_ways_are_walked_by_step_itself():
    lifecycle = evalflow.load_lifecycle("major-works")
    (graph,) = paths(lifecycle, vocabulary(plugins=[]).guards)
    node = lifecycle.initial()
    edges = [edge for event in lifecycle.events.values() for edge in event.transitions]
    held = frozenset(use.id for edge in edges for use in edge.guards)
    for event in graph.shortest("change_approved") or ():
        after = step(lifecycle, node, event, held)
        assert not isinstance(after, Stuck)
        node = after
    assert "change_approved" in node


STATES = evalflow.load_lifecycle("major-works").states


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_command_prints_them(lang, capsys):
    assert cli.run(["--lang", lang, "lifecycle", "paths", "major-works", "--to", "reviewed"]) == 0
    shown = {"ko": "→ 결재 → 제출 → 종합평가", "en": "→ Sign → Submit → Review"}
    assert shown[lang] in " ".join(capsys.readouterr().out.split())
    assert cli.run(["lifecycle", "paths", "major-works", "--to", "reviewd"]) == 4
    assert "'reviewed'" in capsys.readouterr().err
    assert cli.run(["lifecycle", "paths", "major-works", "--all", "--limit", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (len(told["paths"]), told["cut_off"]) == (len(STATES), True)
