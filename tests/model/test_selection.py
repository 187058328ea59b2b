"""The one test of a selection, against the conditions spelled out."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from evalflow.model import Label, Project, Selection

WORDS = ("a", "b", "c")
words = st.sampled_from(WORDS)
some = st.none() | st.lists(words, max_size=2).map(tuple)


@st.composite
def projects(draw: st.DrawFn) -> Project:
    return Project(
        id=draw(words),
        plan=draw(words),
        number="1",
        label=Label("", ""),
        unit=draw(words),
        field=draw(words),
        states=tuple(draw(st.lists(words, max_size=3))),
        visits=(),
        period=draw(words),
        version=1,
        lifecycle="",
        revision=1,
        band=draw(st.none() | words),
    )


@given(
    st.builds(
        Selection,
        plan=st.none() | words,
        ids=some,
        units=some.map(lambda units: units and frozenset(units)),
        on=st.none() | st.just(dt.date(2016, 1, 1)),
        fields=some,
        states=some,
        periods=some,
        bands=some,
        limit=st.none() | st.just(0),
    ),
    projects(),
)
def test_every_condition_that_is_given_must_hold(selection: Selection, project: Project) -> None:
    right = True
    if selection.plan is not None:
        right = right and project.plan == selection.plan
    if selection.ids is not None:
        right = right and project.id in selection.ids
    if selection.units is not None:
        right = right and project.unit in selection.units
    if selection.fields is not None:
        right = right and project.field in selection.fields
    if selection.states is not None:
        right = right and any(state in selection.states for state in project.states)
    if selection.periods is not None:
        right = right and project.period in selection.periods
    if selection.bands is not None:
        right = right and project.band in selection.bands

    assert selection.test()(project) is right
