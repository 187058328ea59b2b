"""A small plan with everything in it, random plans, and damaged ones."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from hypothesis import strategies as st

from evalflow.files import yaml

BASE = """\
evalflow: plan/1
id: gu-2016
year: 2016
ko: 2016년 계획
en: Plan of 2016
illustrative: 수치는 예시임
document:
  number: 정책기획담당관-2872
  registered_on: 2016. 2. 24.
  bases: 규칙 제12조
  signed_by: [주무관, {title: 구청장, actor: policy-1, signed_on: 2016-02-25, acting: 부구청장}]
  cooperation: [{partner: 예산팀, matter: 예산 확인}]
lifecycle: major-works
calendar:
  zone: Asia/Seoul
  periods: quarter
  first: 2016-Q1
  last: 2016-Q4
  move: previous
  holidays: KR
  extra: {2016-05-06: 임시공휴일}
  removed: [2016. 5. 5.]
  due: {self_evaluate: {day: 7}, file_change: {days_after: approve_change, days: 20}}
scoring:
  scorer: rates
  options: {tie: keep}
  basis: period
  places: 2
  cap: 120
  floor: 20
  bands:
    good: {ko: 우수, en: Good, verdict: on_track, at_least: 95}
    fair: {ko: 보통, en: Fair, verdict: lagging, at_least: 80.5}
    bad: {ko: 미흡, en: Bad, verdict: seriously_lagging}
notices:
  notifiers: {console: {}, mail: {from: a@example.org}}
  backoff: [60, 300]
plugins: {within: 5s}
units:
  gu: {kind: office, ko: 구청, en: Office}
  welfare: {kind: bureau, ko: 복지국, en: Welfare, parent: gu}
  youth:
    kind: department
    ko: 청소년과
    parent: welfare
    since: 2016-07-01
    renamed: [{on: 2016-10-01, ko: 미래과, en: Future}]
  education: {kind: department, ko: 교육과, en: Education, parent: welfare}
directory:
  education-1: [{role: department, unit: education}]
  policy-1: [{role: policy_office, unit: gu}]
  policy-2: [{role: policy_office, unit: gu, since: 2016-01-01, until: 2016-12-31}]
appointments:
  - actor: policy-2
    for: policy-1
    role: policy_office
    unit: gu
    since: 2016-07-10
    until: 2016-07-20
    reason: 출장
fields:
  welfare: {ko: 복지, en: Welfare}
  economy: 경제
core_projects: {together: {ko: 함께, en: Together}}
criteria: {core: {ko: 핵심 프로젝트, en: Core}}
goals:
  g1: {kind: strategy, ko: 전략, en: Strategy}
  g2: {kind: policy, ko: 정책, en: Policy, parent: g1}
  g3: {kind: project, ko: 단위사업, en: Project, parent: g2}
milestones:
  2016-02-25: {ko: 통보, en: Told}
  2016-02-05: {ko: 방침, en: Approved}
exclusions:
  - {ko: 공약사업, en: Pledges, reason: 중복평가 지양, evaluated_in: 반기별 정기평가}
projects:
  6:
    ko: 교육지구 운영
    en: Education district
    assignments:
      - {unit: education, until: 2016-06-30}
      - {unit: youth, since: 2016-07-01}
    field: welfare
    core_project: together
    goals: [g3]
    selection: [core]
    cooperating: [youth]
    kind: continued
    start: 2016-01-01
    end: 2017-12-31
    content: {ko: 내용, en: Contents}
    budget: {sources: {시비: "1,000", 구비: 500}, periods: {2016-Q1: 10}}
    schedule: {2016-01: 계획 수립, 2016-12: 결과 보고}
    cards: [{ko: 카드, en: Card}, 둘째]
    indicators:
      visits:
        ko: 방문
        en: Visits
        unit: 명
        direction: up
        accumulation: sum
        weight: 1/3
        targets: {2016-Q1: 5.5, 2016-Q2: "1,000", 2016-Q3: {not_due: 하반기}, 2016-Q4: 20}
      faults:
        ko: 고장
        unit: 건
        direction: down
        accumulation: average
        zero_target: full
        cap: 110
        targets: {2016-Q1: 0, 2016-Q2: 1, 2016-Q3: not_due, 2016-Q4: 1}
      area:
        ko: 면적
        unit: m
        direction: up
        formula: baseline
        baseline: 3
        accumulation: last
        targets: {2016-Q1: 4, 2016-Q2: 5, 2016-Q3: 6, 2016-Q4: 7}
      opening:
        ko: 개관
        unit: 단계
        direction: up
        formula: milestone
        accumulation: last
        steps:
          works: {ko: 공사, en: Works, weight: 2}
          opened: {ko: 개관, en: Opened}
        targets: {2016-Q1: 0, 2016-Q2: 2, 2016-Q3: 2, 2016-Q4: 3}
"""


# --------------------------------------------------------------------------- any valid plan

names = st.from_regex(r"[a-z가-힣][a-z0-9가-힣_.-]{0,6}", fullmatch=True)
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.sampled_from(" :#,'\"{}[]-"),
    min_size=1,
    max_size=12,
).filter(lambda text: text.strip() and not yaml.UNPRINTABLE.search(text))
labels = st.fixed_dictionaries({"ko": words}, optional={"en": words})
figures = st.decimals(-1000, 1000, places=2).map(lambda figure: format(figure, "f"))
FITTING: list[tuple[str, list[str | None]]] = [
    ("up", [None, "up", "met_or_not"]),
    ("down", [None, "down_linear", "down_ratio"]),
    ("maintain", ["maintain_at_least", "maintain_at_most"]),
]
QUARTERS = ("2016-Q1", "2016-Q2", "2016-Q3", "2016-Q4")


def mapping_of(values: st.SearchStrategy[Any], at_most: int = 3) -> st.SearchStrategy[Any]:
    return st.dictionaries(names, values, min_size=1, max_size=at_most)


def one_of(known: dict[str, Any]) -> st.SearchStrategy[str]:
    return st.sampled_from(list(known))


@st.composite
def indicators(draw: st.DrawFn) -> Any:
    direction, formulas = draw(st.sampled_from(FITTING))
    target = figures | st.just("not_due") | words.map(lambda why: {"not_due": why})
    tree = {
        **draw(labels),
        "unit": draw(words),
        "direction": direction,
        "accumulation": draw(st.sampled_from(["sum", "last", "average"])),
        "weight": draw(st.sampled_from(["1", "2", "1/3", "0.25"])),
        "targets": {quarter: draw(target) for quarter in QUARTERS},
    }
    formula = draw(st.sampled_from(formulas))
    return tree if formula is None else {**tree, "formula": formula}


@st.composite
def plans(draw: st.DrawFn) -> Any:
    departments: dict[str, Any] = draw(mapping_of(labels))
    fields: dict[str, Any] = draw(mapping_of(labels))
    core: dict[str, Any] = draw(mapping_of(labels))
    project = st.fixed_dictionaries(
        {
            "ko": words,
            "unit": one_of(departments),
            "field": one_of(fields),
            "indicators": mapping_of(indicators()),
        },
        optional={
            "en": words,
            "core_project": one_of(core),
            "kind": st.sampled_from(["new", "continued"]),
            "illustrative": st.sampled_from(["true", "false"]),
            "content": labels,
            "cards": st.lists(labels, max_size=2),
            "budget": st.fixed_dictionaries(
                {"sources": st.dictionaries(words, st.integers(0, 10**12).map(str), max_size=3)}
            ),
            "schedule": st.dictionaries(st.sampled_from(["2016-03", "2016-12"]), words),
        },
    )
    units = {
        name: {"kind": "department", "parent": "B", **departments[name]} for name in departments
    }
    return {
        "evalflow": "plan/1",
        "id": draw(names),
        "year": "2016",
        **draw(labels),
        "lifecycle": "major-works",
        "units": {**units, "O": {"kind": "office", "ko": "구"}, "B": BUREAU},
        "directory": {"a-1": [{"role": "department", "unit": draw(one_of(units))}]},
        "fields": fields,
        "core_projects": core,
        "projects": draw(st.dictionaries(names, project, min_size=1, max_size=2)),
    }


BUREAU = {"kind": "bureau", "ko": "국", "parent": "O"}


# --------------------------------------------------------------------------- damaged plans

JUNK = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.sampled_from(["0", "-1", "1e9", "2016-Q1", "2016-02-30", "true", "gu", "x" * 70, "홍길동"]),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)


def spots(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for step, value in inside if isinstance(tree, dict | list) else ():
        found.extend(spots(value, (*path, step)))
    return found


@cache
def base_tree() -> Any:
    return yaml.read(BASE.encode(), name="f").tree


@cache
def base_spots() -> list[tuple[Any, ...]]:
    return spots(base_tree())


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """The base plan with one to three places replaced by junk, taken out, or renamed."""
    tree = copy.deepcopy(base_tree())
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(base_spots()))
        at = tree
        try:
            for step in path:
                at = at[step]
            act = draw(st.sampled_from(["junk", "drop", "rename"]))
            if act == "junk" or isinstance(at, list):
                at[last] = draw(JUNK)
            elif act == "drop":
                del at[last]
            else:
                at[draw(st.text(max_size=5))] = at.pop(last)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier blow took the place away
    return tree
