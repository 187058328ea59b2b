"""Grades: quotas are kept, ties and rounding as said, and order never matters."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import evalflow_grades
import pytest
from evalflow_grades import Bands, Quota
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow import InvalidInput
from evalflow.plugins import Grade, Grader, Line, Plugins, Rating, hookimpl
from evalflow.testing.firings import PLAN, SEOUL, Clock

CARD = {"state": "on_track", "text": "정상 추진", "papers": ["추진실적"]}

SABC = [
    {"grade": "S", "share": "20"},
    {"grade": "A", "share": "30"},
    {"grade": "B", "share": "40"},
    {"grade": "C", "share": "10"},
]


def grader(name: str = "quota", **options: Any) -> Grader:
    if name == "quota":
        options.setdefault("shares", SABC)
    return Plugins.load([evalflow_grades]).grader(name, options)


def quota(**options: Any) -> Quota:
    made = getattr(grader(**options), "grader")  # noqa: B009
    assert isinstance(made, Quota)
    return made


def rating(project: str, rate: Any, exact: Any = None) -> Rating:
    return Rating(
        project=project,
        period="2016-Q2",
        lines=(),
        status="missing" if rate is None else "rated",
        rate=None if rate is None else Decimal(str(rate)),
        score=None,
        band=None,
        verdict=None,
        formula="weighted",
        basis="cumulative",
        scorer="rates",
        version="1",
        revision=1,
        exact=None if exact is None else Fraction(exact),
    )


def lines(*rates: int) -> tuple[Line, ...]:
    return tuple(
        [Line(indicator="a", formula="up", status="rated", rate=Decimal(each)) for each in rates]
    )


def ratings(*rates: Any) -> list[Rating]:
    return [rating(f"gu/{n}", rate) for n, rate in enumerate(rates, start=1)]


def letters(grades: Any) -> str:
    return "".join(grade.grade or "-" for grade in grades)


# --------------------------------------------------------------------------- quotas


def test_forty_three_projects_by_the_quota_of_gyeonggi() -> None:
    assert quota().seats(43) == (9, 13, 17, 4)
    grades = grader().grade("", ratings(*range(43, 0, -1)))
    assert letters(grades) == "S" * 9 + "A" * 13 + "B" * 17 + "C" * 4


def test_rounding_down_leaves_the_rest_to_the_lowest() -> None:
    assert quota(rounding="down").seats(43) == (8, 12, 17, 6)


@given(of=st.integers(0, 500), shares=st.lists(st.integers(0, 100), min_size=1, max_size=6))
def test_seats_add_up_and_none_is_a_whole_project_off_its_share(of: int, shares: list[int]) -> None:
    shares = [*shares[:-1], 0]
    shares[-1] = 100 - sum(shares)
    if shares[-1] < 0:
        return
    made = quota(shares=[{"grade": f"g{n}", "share": str(s)} for n, s in enumerate(shares)])
    seats = made.seats(of)
    assert sum(seats) == of
    for seat, share in zip(seats, shares, strict=True):
        assert abs(seat - Fraction(share * of, 100)) < 1


def test_equal_rates_at_a_border_share_the_better_or_the_worse_grade() -> None:
    # Ten projects: two S, three A, four B, one C; the 2nd and 3rd are equal.
    rates = [99, 98, 98, 97, 96, 95, 94, 93, 92, 91]
    assert letters(grader(ties="up").grade("", ratings(*rates))) == "SSSAABBBBC"
    assert letters(grader(ties="down").grade("", ratings(*rates))) == "SAAAABBBBC"


def test_a_second_criterion_tells_equal_rates_apart_and_the_reason_says_what_a_border_split() -> (
    None
):
    half = [{"grade": "A", "share": "50"}, {"grade": "B", "share": "50"}]
    two = [rating("gu/1", "85.0", "84951/1000"), rating("gu/2", "85.0", "85049/1000")]
    assert letters(grader(shares=half, then=["exact"]).grade("", two)) == "BA"
    alike = grader(shares=half).grade("", two)
    assert [each.reason.ko for each in alike] == [
        "2개 사업 중 공동 1위, A등급(50%, 정원 1개); 경계 동점 2개 사업에 상위 등급 부여"
    ] * 2
    assert "equal at the border and get the better grade" in alike[0].reason.en
    assert alike[0].quota == {"A": 1, "B": 1}
    inside = grader(shares=half).grade("", ratings(90, 90, 80, 70))
    assert "동점" not in inside[0].reason.ko  # equal, but no border runs between them
    assert "joint rank 1 of 4" in inside[0].reason.en


@given(rates=st.lists(st.integers(60, 70), min_size=1, max_size=20), then=st.booleans())
def test_quotas_are_dealt_whole_and_a_second_criterion_never_turns_a_ranking(
    rates: list[int], then: bool
) -> None:
    made = [rating(f"gu/{n}", rate, f"{rate * 20 - n}/20") for n, rate in enumerate(rates)]
    given_ = grader(then=["exact"] if then else []).grade("", made)
    assert {sum(each.quota.values()) for each in given_} == {len(rates)}
    for one in given_:
        for other in given_:
            assert one.rank is not None
            assert other.rank is not None
            assert one.rate is not None
            assert other.rate is not None
            if one.rate > other.rate:
                assert one.rank < other.rank


@pytest.mark.parametrize(
    ("then", "first", "second"),
    [
        ("score", {"score": Decimal(84)}, {"score": Decimal(86)}),
        ("lowest", {"lines": lines(60, 110)}, {"lines": lines(80, 90)}),
        ("met", {"lines": lines(99, 71, 85)}, {"lines": lines(100, 70, 85)}),
    ],
)
def test_each_further_criterion_tells_equal_rates_apart(
    then: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    half = [{"grade": "A", "share": "50"}, {"grade": "B", "share": "50"}]
    two = [attrs.evolve(rating("gu/1", 85), **first), attrs.evolve(rating("gu/2", 85), **second)]
    assert letters(grader(shares=half).grade("", two)) == "AA"
    assert letters(grader(shares=half, then=[then]).grade("", two)) == "BA"


def test_what_is_printed_alike_may_differ_exactly() -> None:
    two = [rating("gu/1", "85.0", "84951/1000"), rating("gu/2", "85.0", "85049/1000")]
    half = [{"grade": "A", "share": "50"}, {"grade": "B", "share": "50"}]
    assert letters(grader(shares=half).grade("", two)) == "AA"
    assert letters(grader(shares=half, compare="exact").grade("", two)) == "BA"


def test_a_project_without_a_rate_gets_no_grade_and_takes_no_seat() -> None:
    grades = grader().grade("", ratings(100, None, 90, 80, 70, 60))
    assert letters(grades) == "S-AABB"
    missing = grades[1]
    assert (missing.rank, missing.of, missing.rate) == (None, 5, None)
    assert "실적" in missing.reason.ko


def test_a_cohort_that_is_too_small_is_not_graded() -> None:
    grades = grader(least=3).grade("", ratings(100, 90))
    assert letters(grades) == "--"
    assert "3" in grades[0].reason.en


_rates = st.lists(st.none() | st.integers(80, 100), max_size=30)
_options = st.fixed_dictionaries(
    {
        "ties": st.sampled_from(["up", "down"]),
        "rounding": st.sampled_from(["largest_remainder", "down"]),
        "compare": st.sampled_from(["printed", "exact"]),
    }
)


@given(rates=_rates, options=_options, data=st.data())
def test_the_order_of_asking_does_not_matter(rates: Any, options: Any, data: Any) -> None:
    asked = ratings(*rates)
    shuffled = data.draw(st.permutations(asked))
    made = grader(**options)
    one = {each.project: each for each in made.grade("", asked)}
    assert {each.project: each for each in made.grade("", shuffled)} == one


@given(rates=_rates, options=_options)
def test_a_better_rate_never_has_a_worse_grade_and_equal_rates_are_equal(
    rates: Any, options: Any
) -> None:
    grades = [g for g in grader(**options).grade("", ratings(*rates)) if g.grade]
    place = {"S": 0, "A": 1, "B": 2, "C": 3}
    for one in grades:
        for two in grades:
            assert one.rate is not None
            assert two.rate is not None
            if one.rate > two.rate:
                assert place[one.grade or ""] <= place[two.grade or ""]
            elif one.rate == two.rate:
                assert (one.grade, one.rank) == (two.grade, two.rank)


@given(rates=st.lists(st.integers(0, 10**6), unique=True, max_size=60))
def test_without_ties_the_quota_is_kept_to_the_project(rates: list[int]) -> None:
    counted = Counter(g.grade for g in grader().grade("", ratings(*rates)))
    assert tuple(counted.get(name, 0) for name in "SABC") == quota().seats(len(rates))


# --------------------------------------------------------------------------- bands


SABCD = [
    {"grade": "S", "at_least": "120"},
    {"grade": "A", "at_least": "110"},
    {"grade": "B", "at_least": "100"},
    {"grade": "C", "at_least": "90"},
    {"grade": "D"},
]


def test_bands_are_reached_at_their_bound() -> None:
    grades = grader("bands", bands=SABCD).grade("", ratings("120.0", 119.9, 100, 99.9, 90, 0, None))
    assert letters(grades) == "SABCCD-"
    assert isinstance(grades[0], Grade)
    assert (grades[0].reason.ko, grades[5].reason.en) == ("이행률 120% 이상", "below 90 %")


def test_there_may_be_one_grade() -> None:
    assert letters(grader("bands", bands=[{"grade": "P"}]).grade("", ratings(1))) == "P"


# --------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("quota", {"shares": [{"grade": "S", "share": "90"}]}, "shares_do_not_add_up"),
        (
            "quota",
            {"shares": [{"grade": "S", "share": "110"}, {"grade": "A", "share": "-10"}]},
            "shares_do_not_add_up",
        ),
        (
            "quota",
            {"shares": [{"grade": "S", "share": "50"}, {"grade": "S", "share": "50"}]},
            "duplicate_grade",
        ),
        ("quota", {"shares": SABC, "ties": "sideways"}, "wrong_value"),
        ("quota", {"shares": SABC, "tie": "up"}, "unknown_key"),
        ("quota", {"shares": [{"grade": "S"}]}, "missing_key"),
        ("bands", {"bands": []}, "bands_do_not_descend"),
        ("bands", {"bands": [{"grade": "S", "at_least": "1"}]}, "bands_do_not_descend"),
        (
            "bands",
            {"bands": [*reversed(SABCD[:2]), {"grade": "D"}]},
            "bands_do_not_descend",
        ),
    ],
)
def test_wrong_options_are_told_with_their_place(name: str, options: Any, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Plugins.load([evalflow_grades]).grader(name, options)
    assert code in {problem.code for problem in caught.value.problems}
    assert all((p.path or "").startswith("scoring.grades") for p in caught.value.problems)


# --------------------------------------------------------------------------- in an office


@pytest.fixture
def office(tmp_path: Path) -> Any:
    """An office whose plan grades as the README's example says, with a quarter evaluated."""
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(scoring:\n.*?)```", readme, re.DOTALL)
    assert block
    text = PLAN.format(lifecycle="major-works").replace(
        "scoring: {}\n", block[1].replace("least: 5", "least: 2")
    )
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    plugins = Plugins.load([evalflow_grades])
    clock = Clock()
    url = f"sqlite:///{tmp_path / 'office.db'}"
    with evalflow.open(url, plugins=plugins, clock=clock) as engine:
        plan = evalflow.load_plan(tmp_path / "plan.yaml", plugins=plugins)
        engine.adopt(plan, by=plan.actor("policy-1"))
        clock.moment = dt.datetime(2016, 4, 4, 10, tzinfo=SEOUL)
        engine.fire(
            "office-2016/1", "self_evaluate", by=plan.actor("education-1"),
            data={"actuals": {"schools": 10, "lessons": 100}, "cards": {"1": CARD, "2": CARD}},
        )  # fmt: skip
        engine.fire(
            "office-2016/2", "self_evaluate", by=plan.actor("elderly-1"),
            data={"actuals": {"complaints": 52}},
        )  # fmt: skip
        yield engine, tmp_path


def test_an_office_grades_by_its_plan(office: Any) -> None:
    engine, _ = office
    grades = engine.ratings.grades("office-2016", "2016-Q1")
    assert {k: (g.grade, g.rank, g.cohort) for k, g in grades.items()} == {
        "office-2016/1": ("A", 1, "welfare"),
        "office-2016/2": ("B", 2, "welfare"),
    }


def test_the_order_of_grades_survives_the_store(office: Any) -> None:
    engine, folder = office
    engine.close()
    with evalflow.open(f"sqlite:///{folder / 'office.db'}", plugins=[evalflow_grades]) as again:
        rules = again.plans.head("office-2016").scoring.grades
        assert rules is not None
        assert [share["grade"] for share in rules.options["shares"]] == ["S", "A", "B", "C"]
        assert again.ratings.grades("office-2016", "2016-Q1")["office-2016/1"].grade == "A"


def test_the_command_shows_grade_rank_and_reason(
    office: Any, monkeypatch: Any, capsys: Any
) -> None:
    from evalflow import cli

    _, folder = office
    monkeypatch.setenv("EVALFLOW_PLUGINS", "evalflow-grades")
    monkeypatch.setenv("EVALFLOW_STORE", str(folder / "office.db"))
    assert cli.run(["--lang", "ko", "score", "--grades"]) == 0
    out = capsys.readouterr().out
    assert "2개 사업 중 1위, A등급(30%, 정원 1개)" in out
    assert cli.run(["--lang", "en", "score", "--grades", "--json"]) == 0
    assert '"grade": "B"' in capsys.readouterr().out
    assert cli.run(["score", "--grades", "--by", "field"]) == 2


def test_a_plan_that_grades_without_the_plugin_is_refused_with_the_place(tmp_path: Path) -> None:
    text = PLAN.format(lifecycle="major-works").replace(
        "scoring: {}\n", "scoring: {grades: {grader: quota, by: fields}}\n"
    )
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        evalflow.load_plan(tmp_path / "plan.yaml", plugins=[])
    assert "did you mean 'field'" in caught.value.text("en")
    (tmp_path / "plan.yaml").write_text(text.replace(", by: fields", ""), encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        evalflow.load_plan(tmp_path / "plan.yaml", plugins=[])
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("unknown_grader", 8)


def test_a_grader_that_breaks_is_named() -> None:
    class Broken:
        name, version = "broken", "1"

        def grade(self, cohort: str, ratings: Any) -> Any:
            raise ZeroDivisionError

    class Plugin:
        @hookimpl
        def evalflow_graders(self) -> Any:
            return {"broken": Broken}

    made = Plugins.load([Plugin()]).grader("broken")
    with pytest.raises(evalflow.PluginError, match="grader 'broken'"):
        made.grade("", [])
    assert attrs.has(Grade)
    assert isinstance(Bands, type)
