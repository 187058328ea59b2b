"""Random lifecycles, for properties that hold for every definition."""

from __future__ import annotations

from hypothesis import strategies as st

from evalflow.decision.actions import ACTIONS
from evalflow.decision.guards import GUARDS as BUILT_IN
from evalflow.lifecycle.definition import (
    Event,
    GuardUse,
    Lifecycle,
    Region,
    Role,
    State,
    Transition,
    Vocabulary,
)
from evalflow.model import Label

GUARDS = tuple(GuardUse(name=f"g{number}") for number in range(4))


def label(name: str) -> Label:
    return Label(f"{name} 이름", f"{name} name")


@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle:
    """Up to three regions of up to four states, and up to five events with guarded edges.

    Nothing is tidied: states may be unreachable and guards may overlap, for a definition may
    be loaded that is not wise.
    """
    regions = {
        f"r{region}": tuple(f"s{region}{number}" for number in range(draw(st.integers(1, 4))))
        for region in range(draw(st.integers(1, 3)))
    }
    events = [draw(_events(f"e{number}", regions)) for number in range(draw(st.integers(1, 5)))]
    return Lifecycle(
        name="random",
        version=1,
        label=label("random"),
        roles={"clerk": Role(name="clerk", label=label("clerk"), at="department")},
        regions={
            name: Region(
                name=name, label=label(name), initial=draw(st.sampled_from(states)), states=states
            )
            for name, states in regions.items()
        },
        states={
            state: State(name=state, label=label(state), region=name)
            for name, states in regions.items()
            for state in states
        },
        events={event.name: event for event in events},
    )


@st.composite
def _events(draw: st.DrawFn, name: str, regions: dict[str, tuple[str, ...]]) -> Event:
    edges = []
    for _ in range(draw(st.integers(1, 5))):
        region = draw(st.sampled_from(sorted(regions)))
        edges.append(
            Transition(
                event=name,
                region=region,
                source=draw(st.sampled_from(regions[region])),
                target=draw(st.sampled_from(regions[region])),
                guards=tuple(draw(st.lists(st.sampled_from(GUARDS), max_size=2, unique=True))),
            )
        )
    return Event(
        name=name,
        label=label(name),
        by=("clerk",),
        transitions=tuple(edges),
        leads=draw(st.sampled_from(edges)).region,
    )


def passed() -> st.SearchStrategy[frozenset[str]]:
    """Any verdict of the guards: the ids of those that hold."""
    return st.frozensets(st.sampled_from([use.id for use in GUARDS] + ["unrelated"]))


VOCABULARY = Vocabulary(
    guards={name: spec for name, (spec, _) in BUILT_IN.items()}, actions=frozenset(ACTIONS)
)
"""The guards and actions that come with evalflow."""


# A corrective order (시정명령, R55) with a region for complaints beside it.
ORDER = """\
evalflow: lifecycle/1
name: corrective-order
version: 2
ko: 시정명령
en: Corrective order
roles:
  department: {ko: 사업부서, en: Department, at: department}
  policy_office: {ko: 정책기획담당관, en: Policy office, at: office}
adopted_by: [policy_office]
regions:
  order:
    ko: 시정
    en: Order
    initial: ordered
    states:
      ordered: {ko: 명령, en: Ordered}
      reported: {ko: 보고, en: Reported}
      verified: {ko: 확인, en: Verified, final: true}
  complaint:
    ko: 이의
    en: Complaint
    initial: none_made
    states:
      none_made: {ko: 없음, en: None made}
      complained: {ko: 이의신청, en: Complained}
events:
  report:
    ko: 조치보고
    en: Report the remedy
    by: [department]
    due: {days_after_period: 30}
    transitions:
      - {from: ordered, to: reported}
    data:
      document: {type: document, ko: 문서번호, en: Document number, required: true}
      kind:
        {type: choice, ko: 구분, en: K, options: {done: {ko: 완, en: Done}, part: {ko: 일, en: P}}}
    actions: [facts]
  verify:
    ko: 조치확인
    en: Verify
    by: [policy_office]
    due: {days_after: report, days: 10}
    transitions:
      - {from: reported, to: verified, guards: [{rated: {as: on_track}}]}
      - {from: reported, to: ordered, guards: [{rated: {as: lagging}}]}
      - {from: complained, to: none_made}
    notices:
      - {name: verified, ko: 확인 통보, en: Verified, to: [department], entering: verified}
  complain:
    ko: 이의신청
    en: Complain
    by: [department]
    transitions:
      - {from: none_made, to: complained}
  remind:
    ko: 독촉
    en: Remind
    by: [policy_office]
    transitions:
      - {from: [ordered, reported]}
duties:
  - name: other_eyes
    ko: 보고자는 확인하지 못함
    en: Who reports may not verify
    whoever: [report]
    may_not: [verify]
"""
"""A lifecycle as an office might write it."""
