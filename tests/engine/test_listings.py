"""Listings: pages, words, order and counts, alike on every storage."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from functools import partial
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


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("said", ["1", "１", "GU/1", " gu/1"])
def test_a_page_begins_behind_a_project_as_people_name_it(
    office: Office, said: str, order: str | None
) -> None:
    behind = list(office.engine.projects(order=order, after="gu/1"))
    assert list(office.engine.projects(order=order, after=said)) == behind
    assert list(office.engine.projects(order=order, after=said, plan="gu")) == behind
    assert office.engine.count(after=said) == office.engine.count(after="gu/1")


@pytest.mark.parametrize("after", ["gu/99", "99", "gu/", "nowhere/1", "gu", ""])
def test_a_page_begins_behind_a_project_that_is_there(office: Office, after: str) -> None:
    """Otherwise it would be an empty page, or the first one again, without a word."""
    view = evalflow.View(office.engine, "road-1")
    for reads in (
        lambda: office.engine.projects(after=after),
        lambda: office.engine.projects(order="title", after=after),
        lambda: office.engine.projects(after=after, at=office.clock()),
        lambda: view.projects(after=after),
    ):
        with pytest.raises(evalflow.NotFound):
            list(reads())
    with pytest.raises(evalflow.NotFound):
        office.engine.count(after=after)


def test_a_revision_that_there_is_not_is_not_called_a_plan(office: Office) -> None:
    for revision in (0, 2, 99):
        with pytest.raises(evalflow.NotFound, match=f"no revision '{revision}'"):
            office.engine.plans.head("gu", revision=revision)
    with pytest.raises(evalflow.NotFound, match="no plan 'nowhere'"):
        office.engine.plans.head("nowhere", revision=1)


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


@pytest.fixture
def told(office: Office) -> Office:
    """An office in which there are notices, an adopted plan that was revised, and dues."""
    office.clock.go("2016-04-04")
    for project in ("gu/1", "gu/3"):
        office.evaluate(project)
    office.submit("gu/3")
    office.evaluate("gu/2")
    office.submit("gu/1")
    office.engine.outbox.remind()
    return office


@pytest.fixture
def owing(office: Office) -> Office:
    """An office where every project owes something."""
    office.clock.go("2016-04-04")
    office.evaluate("gu/1")
    return office


def pages(read: Callable[..., Any], cursor: Callable[[Any], Any], size: int) -> list[Any]:
    """Return a list that is read page by page."""
    seen: list[Any] = []
    after: dict[str, Any] = {}
    while page := list(read(limit=size, **after)):
        assert len(page) <= size
        seen += page
        after = {"after": cursor(page[-1])}
    return seen


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("size", [1, 2, 100])
def test_pages_of_numbered_lists_are_the_whole_list(told: Office, size: int, newest: bool) -> None:
    engine = told.engine
    for read, place in (
        (engine.outbox.notices, lambda each: each.position),
        (engine.entries, lambda each: each[0]),
        (evalflow.View(engine, "mayor-1").entries, lambda each: each[0]),
        (lambda **page: engine.plans.history("gu", **page), lambda each: each.number),
        (lambda **page: engine.history("gu/3", **page), lambda each: each.number),
        (lambda **page: evalflow.View(engine, "mayor-1").plan_history("gu", **page),
         lambda each: each.number),
        (lambda **page: evalflow.View(engine, "mayor-1").history("gu/3", **page),
         lambda each: each.number),
    ):  # fmt: skip
        whole = list(read())
        assert whole
        right = whole[::-1] if newest else whole
        assert list(read(newest=newest)) == right
        assert pages(lambda read=read, **page: read(newest=newest, **page), place, size) == right


def test_notices_are_found_by_words_state_and_project(told: Office) -> None:
    outbox = told.engine.outbox
    whole = list(outbox.notices())
    assert {each.notice.project for each in whole} >= {"gu/1", "gu/3"}
    for each in whole:
        for text in (
            each.notice.subject.ko,
            unicodedata.normalize("NFD", each.notice.subject.ko[1:3]),
            each.notice.subject.en.upper(),
            f"{each.notice.recipient} {each.notice.project}",
        ):
            found = list(outbox.notices(text=text))
            assert each in found
            assert outbox.count(text=text) == len(found)
    about = [each for each in whole if each.notice.project == "gu/3"]
    assert list(outbox.notices(project="gu/3")) == about
    assert list(outbox.notices(text="gu/3", limit=1, newest=True)) == about[-1:]
    assert list(outbox.notices(text="gu/3", after=about[0].position)) == about[1:]
    assert outbox.count(state="waiting") == len(whole) == outbox.count()
    assert outbox.count(state="dead") == outbox.count(text="아무데도없는말") == 0
    with pytest.raises(evalflow.NotFound):
        outbox.notices(project="gu/99")


@pytest.mark.parametrize("given", [{"after": -1}, {"after": "2"}, {"limit": 0}, {"after": True}])
def test_a_page_of_every_numbered_list_is_numbers(told: Office, given: dict[str, Any]) -> None:
    engine = told.engine
    for read in (
        engine.entries,
        engine.outbox.notices,
        lambda **page: engine.plans.history("gu", **page),
    ):
        with pytest.raises(evalflow.InvalidInput) as refused:
            read(**given)
        (problem,) = refused.value.problems
        assert problem.code in ("bad_after", "bad_limit", "wrong_kind")


DUE_ORDERS = (None, "unit", "-event", "period", "-project")


@pytest.mark.parametrize("order", DUE_ORDERS)
@pytest.mark.parametrize("size", [1, 3])
def test_pages_of_what_is_due_are_all_that_is_due(
    owing: Office, order: str | None, size: int
) -> None:
    def due(**page: Any) -> tuple[evalflow.Due, ...]:
        return owing.engine.due(waiting=True, order=order, **page)

    whole = due()
    assert len(whole) > 4
    assert sorted(each.id for each in whole) == sorted(
        {each.id for each in owing.engine.due(waiting=True)}
    )
    assert pages(due, lambda each: each.id, size) == list(whole)
    assert pages(
        lambda **page: evalflow.View(owing.engine, "mayor-1").due(
            waiting=True, order=order, **page
        ),
        lambda each: each.id,
        size,
    ) == list(whole)


def test_dues_are_those_of_one_person(owing: Office) -> None:
    whole = owing.engine.due(waiting=True)
    mine = [each for each in whole if "road-1" in each.actors]
    assert mine
    assert list(owing.engine.due(waiting=True, who="road-1")) == mine
    assert list(owing.engine.due(waiting=True, who="road-1", limit=1)) == mine[:1]


def test_a_page_of_what_is_due_goes_on_where_what_was_done_meanwhile_stood(office: Office) -> None:
    office.clock.go("2016-04-04")
    whole = [each.id for each in office.engine.due()]
    first = office.engine.due(limit=1)[0]
    (project,) = first.projects
    office.evaluate(project)
    assert first.id not in [each.id for each in office.engine.due()]
    following = [each.id for each in office.engine.due(after=first.id)]
    assert following[: len(whole) - 1] == whole[1:]
    with pytest.raises(evalflow.NotFound):
        office.engine.due(order="unit", after=first.id)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"order": "units"}, "unknown_order"),
        ({"limit": 0}, "bad_limit"),
        ({"order": "unit", "limit": 0}, "bad_limit"),
        *[({"after": said}, "bad_after") for said in (
            "gu/1", "2016-13-01/project/gu/1/x", "2016-04-01/all/gu/1/x", "", "2016-04-01/unit/1/x"
        )],
        ({"who": 5}, "wrong_kind"),
    ],
)  # fmt: skip
def test_what_names_no_page_of_dues_is_refused(
    office: Office, given: dict[str, Any], code: str
) -> None:
    with pytest.raises(evalflow.InvalidInput) as refused:
        office.engine.due(**given)
    assert [each.code for each in refused.value.problems] == [code]


def test_every_list_is_counted(told: Office) -> None:
    engine = told.engine
    for reads in (engine, evalflow.View(engine, "mayor-1"), evalflow.View(engine, "road-1")):
        assert reads.count() == reads.count(plan="gu") == len(list(reads.projects())) > 1
        assert reads.count(unit="road") == len(list(reads.projects(unit="road"))) > 0
        assert reads.count(limit=1) == 1
        assert reads.count_entries() == len(list(reads.entries())) > 1
        assert reads.count_history("gu/3") == len(list(reads.history("gu/3"))) > 1
        for order in DUE_ORDERS:
            whole = reads.due(waiting=True, order=order)
            page = reads.due_page(waiting=True, order=order, limit=1)
            assert (page.dues, page.count, page.next) == (whole[:1], len(whole), whole[0].id)
            rest = reads.due_page(waiting=True, order=order, after=page.next)
            assert (rest.dues, rest.count, rest.next) == (whole[1:], len(whole), None)
    view = evalflow.View(engine, "road-1")
    assert view.count_plan_history("gu") == engine.plans.count_history("gu") == 1
    for none in (
        lambda: engine.count_history("gu/99"),
        lambda: engine.plans.count_history("nowhere"),
        lambda: view.count_history("gu/99"),
        lambda: evalflow.View(engine, "nobody").count_plan_history("gu"),
    ):
        with pytest.raises(evalflow.NotFound):
            none()


def test_entries_of_plans_that_do_not_know_the_reader_are_not_counted(told: Office) -> None:
    engine = told.engine
    other = evalflow.load_plan(evalflow.example("seodaemun-2016"))
    engine.adopt(other, by="policy-1")
    view = evalflow.View(engine, "road-1")
    assert view.knows("gu")
    assert not view.knows(other.id)
    assert view.count_entries() == len(list(view.entries())) < engine.count_entries()


class CountedOnly:
    """A storage that says how many there are, and breaks where it is read to count."""

    def __init__(self, storage: Any) -> None:
        self.storage = storage

    def __getattr__(self, name: str) -> Any:
        if name in ("select", "snapshots", "history", "entries", "outbox"):
            return partial(pytest.fail, f"{name} is read to count")
        return getattr(self.storage, name)

    def count_projects(self, selection: Any) -> Any:
        return self.storage.count_projects(selection)

    def count_entries(self, plans: Any = None) -> Any:
        return self.storage.count_entries(plans)

    def count_notices(self, **asked: Any) -> Any:
        return self.storage.count_notices(**asked)


def test_counting_is_a_question_and_no_reading(told: Office) -> None:
    storage: Any = CountedOnly(told.engine.storage)
    engine = evalflow.Engine(storage, plugins=told.engine.plugins, clock=told.clock)
    assert engine.count() == told.engine.count()
    assert engine.count(plan="gu", unit="road") == told.engine.count(plan="gu", unit="road")
    assert engine.count_entries() == told.engine.count_entries()
    assert engine.count_history("gu/3") == told.engine.count_history("gu/3")
    assert engine.plans.count_history("gu") == 1
    assert engine.outbox.count() == told.engine.outbox.count() > 1
    assert engine.outbox.count(state="dead") == 0
    assert evalflow.View(engine, "road-1").count(plan="gu") == engine.count(plan="gu")


def test_an_outside_storage_that_cannot_count_is_read(told: Office) -> None:
    class Older:
        def __init__(self, storage: Any) -> None:
            self.storage = storage

        def __getattr__(self, name: str) -> Any:
            if name.startswith("count_"):
                raise AttributeError(name)
            return getattr(self.storage, name)

    older: Any = Older(told.engine.storage)
    engine = evalflow.Engine(older, plugins=told.engine.plugins, clock=told.clock)
    assert engine.count() == told.engine.count()
    assert engine.count_entries() == told.engine.count_entries()
    assert engine.outbox.count(state="waiting") == told.engine.outbox.count(state="waiting")


def test_an_outside_storage_that_knows_no_pages_of_notices_goes_on(told: Office) -> None:
    """Written for an earlier contract: it is asked in its words where no page is wanted."""

    class Older:
        def __init__(self, storage: Any) -> None:
            self.storage = storage

        def __getattr__(self, name: str) -> Any:
            return getattr(self.storage, name)

        def outbox(self, *, state: str | None = None, project: str | None = None) -> Any:
            return self.storage.outbox(state=state, project=project)

        def entries(self, *, after: int = 0, limit: int | None = None) -> Any:
            return self.storage.entries(after=after, limit=limit)

    older: Any = Older(told.engine.storage)
    engine = evalflow.Engine(older, plugins=told.engine.plugins, clock=told.clock)
    assert list(engine.outbox.notices()) == list(told.engine.outbox.notices())
    assert list(engine.entries(limit=2)) == list(told.engine.entries(limit=2))
    assert engine.outbox.count(state="waiting")


def test_an_async_engine_lists_the_same(told: Office) -> None:
    async def listed() -> list[list[Any]]:
        async with evalflow.AsyncEngine(told.engine) as office:
            return [
                [each async for each in stream]
                for stream in (
                    office.notices(limit=2, newest=True),
                    office.entries(after=1, limit=3),
                    office.plan_history("gu", newest=True),
                )
            ] + [
                list(await office.due(limit=2, order="unit", waiting=True)),
                list((await office.due_page(limit=2, order="unit", waiting=True)).dues),
                [
                    await office.count(),
                    await office.count_entries(),
                    await office.count_history("gu/3"),
                    await office.count_plan_history("gu"),
                    await office.count_notices(state="waiting"),
                ],
            ]

    engine = told.engine
    right = [
        list(engine.outbox.notices(limit=2, newest=True)),
        list(engine.entries(after=1, limit=3)),
        list(engine.plans.history("gu", newest=True)),
        *[list(engine.due(limit=2, order="unit", waiting=True))] * 2,
        [
            engine.count(),
            engine.count_entries(),
            engine.count_history("gu/3"),
            engine.plans.count_history("gu"),
            engine.outbox.count(state="waiting"),
        ],
    ]
    assert asyncio.run(listed()) == right
