"""A surprising figure is asked about before it is given, and decides nothing."""

from __future__ import annotations

from offices import Office

FIGURES = {"lessons": 100}


def to_second_quarter(office: Office) -> None:
    office.to_submitted()
    office.clock.go("2016-04-15")
    office.review("gu/1")
    office.fire("gu/1", "approve", "policy-1")
    office.fire("gu/1", "open_period", "clock")
    office.clock.go("2016-07-01")


def asked(office: Office, schools: int, **more: object) -> tuple[str, ...]:
    data = {"actuals": {"schools": schools, **FIGURES}, **more}
    if schools < 18:
        why = {"cause": "두 학교가 참여를 그만둠", "countermeasure": "다른 학교를 찾음"}
        data["explanations"] = {"schools": why}
    explanation = office.explain("gu/1", "self_evaluate", "education-1", **data)
    assert explanation.allowed
    return tuple([question.ko for question in explanation.questions])


def test_a_count_so_far_that_falls_is_asked_about_and_may_be_given(office: Office) -> None:
    to_second_quarter(office)

    (question,) = asked(office, 8)

    assert "'참여 학교'의 실적이 2016-Q1의 10에서 8로 줄었습니다" in question
    assert asked(office, 10) == asked(office, 20) == ()


def test_more_money_spent_than_there_is_is_asked_about(office: Office) -> None:
    to_second_quarter(office)

    (question,) = asked(office, 20, spent=100_000_001)

    assert question == "집행액 100,000,001원이 사업비 100,000,000원보다 많습니다"
    assert asked(office, 20, spent=100_000_000) == ()


def test_what_figures_would_be_rated_is_told_also_where_something_is_lacking(
    office: Office,
) -> None:
    to_second_quarter(office)
    given = {"actuals": {"schools": 1, **FIGURES}}

    refused = office.explain("gu/1", "self_evaluate", "education-1", **given)
    nobody = office.explain("gu/1", "self_evaluate", "policy-1", **given)
    without = office.explain("gu/1", "self_evaluate", "education-1")

    assert not refused.allowed
    assert refused.rating is not None
    assert refused.rating.verdict == "seriously_lagging"
    assert nobody.rating is None
    assert without.rating is None
