"""Listings: pages, words, order and counts, alike on every storage."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evalflow
from offices import GOOD, Office

ORDERS = (None, "title", "-title", "unit", "-state", "period", "changed")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_put_together_are_the_whole_list(
    office: Office, order: str | None, size: int
) -> None:
    office.clock.go("2016-04-04")
    office.fire("gu/3", "self_evaluate", "road-1", actuals=GOOD["gu/3"])
    whole = [each.id for each in office.engine.projects(order=order)]
    assert sorted(whole) == sorted(each.id for each in office.engine.projects())
    seen: list[str] = []
    after = None
    while page := [
        each.id for each in office.engine.projects(order=order, after=after, limit=size)
    ]:
        assert len(page) <= size
        seen += page
        after = page[-1]
    assert seen == whole
    assert office.engine.count() == len(whole)


def test_an_order_sorts(office: Office) -> None:
    office.clock.go("2016-04-04")
    office.fire("gu/3", "self_evaluate", "road-1", actuals=GOOD["gu/3"])
    titles = [each.label.ko for each in office.engine.projects(order="title")]
    assert titles == sorted(titles)
    assert [e.label.ko for e in office.engine.projects(order="-title")] == titles[::-1]
    assert next(office.engine.projects(order="-changed")).id == "gu/3"


def test_words_are_found_however_they_are_typed(office: Office) -> None:
    for project in list(office.engine.projects()):
        names = (project.label.ko, project.label.en, project.number)
        for name in names:
            for typed in (
                name,
                name.upper(),
                unicodedata.normalize("NFD", name),
                f"  {name[1:-1]} ",
                " ".join(reversed(name.split())),
            ):
                found = [each.id for each in office.engine.projects(text=typed)]
                assert project.id in found, typed
                assert office.engine.count(text=typed) == len(found)
        both = f"{project.label.ko} {project.label.en}"
        assert project.id in [each.id for each in office.engine.projects(text=both)]
    assert office.engine.count(text="아무데도없는말") == 0
    assert office.engine.count(text="  ") == office.engine.count()


def test_words_are_a_condition_like_the_others(office: Office) -> None:
    office.clock.go("2016-04-04")
    (third,) = office.engine.projects(numbers=["3"])
    where: dict[str, Any] = {"text": third.label.ko}
    assert [each.id for each in office.engine.projects(**where, unit=third.unit)] == ["gu/3"]
    assert [each.id for each in office.engine.projects(**where, limit=1)] == ["gu/3"]
    assert office.engine.count(**where, state="closed") == 0
    assert office.engine.count(**where, at=office.clock()) == 1
    assert office.engine.count(**where, after="gu/3") == 0
    assert {p for due in office.engine.due(**where, waiting=True) for p in due.projects} >= {"gu/3"}
    planned = office.engine.batch("self_evaluate", by="road-1", where=where)
    assert [each.project for each in planned] == ["gu/3"]


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({"order": "titel"}, "unknown_order"),
        ({"order": "title", "limit": 0}, "bad_limit"),
        ({"limit": 0}, "bad_limit"),
        ({"limit": "3"}, "wrong_kind"),
        ({"text": 5}, "wrong_kind"),
        ({"text": "a\0"}, "not_text"),
        ({"after": 5}, "wrong_kind"),
    ],
)
def test_what_means_nothing_is_refused(office: Office, where: dict[str, Any], code: str) -> None:
    with pytest.raises(evalflow.InvalidInput) as told:
        list(office.engine.projects(**where))
    assert [each.code for each in told.value.problems] == [code]


def test_a_page_in_an_order_begins_behind_a_project_that_is_there(office: Office) -> None:
    with pytest.raises(evalflow.NotFound):
        office.engine.projects(order="title", after="gu/99")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(after=st.integers(0, 6), limit=st.none() | st.integers(1, 5), newest=st.booleans())
def test_a_history_has_pages_from_both_ends(
    long: Office, after: int, limit: int | None, newest: bool
) -> None:
    whole = list(long.engine.history("gu/3"))
    if newest:
        whole.reverse()
        right = [each for each in whole if not after or each.number < after]
    else:
        right = [each for each in whole if each.number > after]
    found = long.engine.history("gu/3", after=after, limit=limit, newest=newest)
    assert list(found) == right[:limit]


@pytest.fixture
def long(office: Office) -> Office:
    office.clock.go("2016-04-04")
    office.fire("gu/3", "self_evaluate", "road-1", actuals=GOOD["gu/3"])
    for _ in range(2):
        office.fire("gu/3", "amend", "road-1", actuals=GOOD["gu/3"])
    return office


@pytest.mark.parametrize("given", [{"after": -1}, {"after": "2"}, {"limit": 0}, {"after": True}])
def test_a_page_of_a_history_is_numbers(office: Office, given: dict[str, Any]) -> None:
    with pytest.raises(evalflow.InvalidInput):
        office.engine.history("gu/3", **given)
