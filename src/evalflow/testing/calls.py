"""Calls that are wrong: of every public method of an engine, with every argument of another kind.

class TestCalls(WrongCalls):
@pytest.fixture
def url(self):
return "…"  # of a new, empty store
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evalflow
from evalflow import Engine, EvalflowError, InvalidInput, Plan, View
from evalflow.batch.chunks import chunks_of
from evalflow.testing.office import PLAN_ID as PLAN
from evalflow.testing.office import the_plan
from evalflow.testing.storage_common import everything

PROJECT = f"{PLAN}/1"
NAIVE = dt.datetime(2016, 4, 4, 9)  # noqa: DTZ001 - that is what is tried

GROUPS = ("", "plans", "ratings", "batches", "audit", "outbox", "names", "view")
"""Where an engine's public methods are: its own, those of its groups, and those of a view."""

_LEFT_OUT = {"close", "reading", "joined"}
"""`joined` is tried by `evalflow.testing.joining`."""


@functools.cache
def _plan() -> Plan:
    return the_plan(each=1, bureaus=("welfare",))


def values(kinds: Any = None) -> Any:
    """Return a strategy of what a program may hand over by mistake."""
    plain = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(),
        st.datetimes(), st.dates(), st.builds(object),
    )  # fmt: skip
    return st.recursive(
        plain,
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=2)
        ),
        max_leaves=4,
    )


_OTHER_KINDS: tuple[Any, ...] = (
    6, 1.5, b"x", NAIVE, NAIVE.date(), object(), [6], {6: "x"}, {"a": 1}, None, "nobody-1", True,
    (), [()], [("a", 6)],
)  # fmt: skip
"""Each is of the wrong kind for most arguments; none of them moves a project."""


def methods(engine: Engine) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public methods of an engine, of its groups and of a view on it, by name."""
    view = View(engine, "policy-1")
    for group in GROUPS:
        owner = view if group == "view" else getattr(engine, group) if group else engine
        for name, _ in inspect.getmembers(type(owner), inspect.isfunction):
            if not name.startswith("_") and name not in _LEFT_OUT:
                yield f"{group}.{name}".strip("."), getattr(owner, name)


def right(engine: Engine, path: str) -> Mapping[str, Any]:
    """Return by name what an argument may well be, such that nothing is written by it."""
    plan = engine.plans.plan(PLAN)
    batch = engine.batch("review", by="policy-1", where={"plan": PLAN, "number": ["1"]})
    return {
        "project_id": PROJECT, "event": "review", "by": "mayor-1", "plan_id": PLAN,
        "actor_id": "policy-1", "number": 1, "source": "nowhere.yaml", "period": "2016-Q1",
        "reason": "x", "fingerprint": engine.project(PROJECT).lifecycle, "case": {},
        "lifecycle": plan.lifecycle, "to": dt.datetime(2016, 1, 1, tzinfo=dt.UTC), "plan": PLAN,
        "path": path, "points": (), "seen": engine.audit.sign_checkpoint(PLAN), "said": "1",
        "lifecycles": [plan.lifecycle], "on": NAIVE.date(), "head": plan.head, "tables": (),
        "exists": lambda kind, name: False, "projects": (), "limit": 0, "notifiers": {},
        "chunk": next(iter(chunks_of(batch, "each", 1))), "notices": (), "batch": batch,
        "whole_plan": plan,
    }  # fmt: skip


def arguments(path: str, call: Callable[..., Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's arguments: what it needs."""
    needed = {
        name: known[name] if name in known else _some(each.annotation)
        for name, each in inspect.signature(call).parameters.items()
        if each.default is each.empty and each.kind is not each.VAR_KEYWORD
    }
    if path in ("adopt", "plans.propose", "plans.compare"):
        needed["plan"] = known["whole_plan"]
    if path == "batches.apply":
        needed["plan"] = known["batch"]
    if path in ("names.data", "names.conditions"):
        needed["said"] = {}
    if path == "names.numbers":
        needed["said"] = ["1"]
    if path == "plans.open_case":
        needed["by"] = "welfare-a-1"
    return needed


def _some(annotation: str) -> Any:
    """Return something of the kind that an annotation names first."""
    some = {"int": 1, "Mapping": {}, "Sequence": (), "dt.datetime": NAIVE.replace(tzinfo=dt.UTC)}
    return some.get(annotation.partition(" | ")[0].partition("[")[0], "x")


def read(answer: object) -> None:
    """Read what is streamed."""
    if isinstance(answer, Iterator):
        list(answer)


def ask(call: Callable[..., Any], handed: Mapping[str, Any]) -> None:
    """Call, and read what is streamed; what evalflow says is fine, and so are the ValueErrors that
    are documented (a mode that does not exist, an actor that is not the batch's)."""
    with suppress(EvalflowError, ValueError, FileNotFoundError):
        read(call(**handed))


class WrongCalls:
    """Whatever is handed over by mistake is told in evalflow's words, and nothing is done."""

    @pytest.fixture
    def url(self) -> str:
        """Return the address of a new, empty store."""
        raise NotImplementedError("give a fixture `url`; see evalflow.testing.calls")

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A text that is handed over as a path is a file in a folder of the test's own."""
        monkeypatch.chdir(tmp_path)

    @pytest.fixture
    def engine(self, url: str) -> Iterator[Engine]:
        """An engine on a store with a small plan."""
        moment, plan = dt.datetime(2016, 4, 4, tzinfo=dt.UTC), _plan()
        with evalflow.open(url, clock=lambda: moment) as engine:
            engine.adopt(plan, by=plan.actor("policy-1"))
            yield engine

    def test_an_argument_of_another_kind_is_told_by_its_name(
        self, engine: Engine, tmp_path: Any
    ) -> None:
        before, known, asked = everything(engine.storage), right(engine, str(tmp_path / "b")), 0
        for path, call in methods(engine):
            plain = arguments(path, call, known)
            for name, each in inspect.signature(call).parameters.items():
                if each.kind is each.VAR_KEYWORD:
                    continue
                with pytest.raises(InvalidInput) as caught:
                    call(**{**plain, name: object()})
                (problem,) = [each for each in caught.value.problems if each.path == name]
                assert problem.code == "wrong_kind", path
                assert "object" in problem.en
                assert "object" in problem.ko
                asked += 1
                for wrong in _OTHER_KINDS:
                    ask(call, {**plain, name: wrong})
        assert asked > 120
        assert everything(engine.storage) == before

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(data=st.data())
    def test_nothing_but_errors_of_evalflow_comes_of_any_value(
        self, engine: Engine, tmp_path: Any, data: st.DataObject
    ) -> None:
        known = right(engine, str(tmp_path / "b"))
        path, call = data.draw(st.sampled_from(list(methods(engine))))
        handed = {
            name: data.draw(values())
            for name, each in inspect.signature(call).parameters.items()
            if each.kind is not each.VAR_KEYWORD and data.draw(st.booleans())
        }
        ask(call, {**arguments(path, call, known), **handed})

    def test_every_time_without_a_zone_is_refused(self, engine: Engine, tmp_path: Any) -> None:
        known, asked = right(engine, str(tmp_path / "b")), set()
        for path, call in methods(engine):
            for name in {"at", "to"} & inspect.signature(call).parameters.keys():
                with pytest.raises(InvalidInput) as caught:
                    call(**{**arguments(path, call, known), name: NAIVE})
                assert [each.code for each in caught.value.problems] == ["naive_time"], path
                asked.add(path)
        assert {"explain", "permitted", "projects", "select", "due", "plans.redate"} < asked
        with pytest.raises(InvalidInput) as caught:
            evalflow.overview(engine, PLAN, at=NAIVE)
        assert caught.value.problems[0].code == "naive_time"

    def test_a_clock_without_a_zone_or_without_a_time_is_refused(self, engine: Engine) -> None:
        for wrong, code in ((NAIVE, "naive_time"), (6, "wrong_kind"), (None, "wrong_kind")):
            engine.clock = lambda wrong=wrong: wrong  # type: ignore[misc]
            for call in (
                lambda: engine.fire(PROJECT, "review", by="policy-1"),
                engine.due,
                engine.outbox.remind,
            ):
                with pytest.raises(InvalidInput) as caught:
                    call()
                assert [(each.code, each.path) for each in caught.value.problems] == [
                    (code, "clock")
                ]

    def test_names_that_do_not_exist_are_told_with_the_nearest(self, engine: Engine) -> None:
        with pytest.raises(InvalidInput) as caught:
            list(engine.projects(plan=PLAN, stat="planned", unti="x"))  # type: ignore[call-arg]
        assert [each.code for each in caught.value.problems] == ["unknown_condition"] * 2
        assert "did you mean 'state'?" in caught.value.problems[0].en
        assert "'unit'입니까?" in caught.value.problems[1].ko
        with pytest.raises(TypeError, match=r"takes no argument 'dta'; did you mean 'data'\?"):
            engine.fire(PROJECT, "review", by="policy-1", dta={})  # type: ignore[call-arg]

    def test_who_acts_is_an_actor_and_how_to_come_by_one_is_said(self, engine: Engine) -> None:
        with pytest.raises(InvalidInput, match=r"an Actor \(engine.actor\(.*\) or text, got None"):
            engine.fire(PROJECT, "review", by=None)  # type: ignore[arg-type]
        with pytest.raises(
            InvalidInput, match=r"an Actor, as engine.actor\(plan_id, 'policy-1'\) gives"
        ):
            engine.audit.export("x.zip", refusals_of="policy-1")  # type: ignore[arg-type]

    def test_a_closed_store_answers_nothing(self, engine: Engine, tmp_path: Any) -> None:
        known = right(engine, str(tmp_path / "b"))
        calls = [
            (path, call, arguments(path, call, known))
            for path, call in methods(engine)
            if path not in _WITHOUT_A_STORE
        ]
        engine.close()
        engine.close()
        for path, call, plain in calls:
            with pytest.raises(evalflow.StorageError) as caught:
                read(call(**plain))
            assert caught.value.code == "unreachable", path


_WITHOUT_A_STORE = {
    *("load_plan", "plans.from_workbook"),  # a file is read first
    *("names.conditions", "names.data", "names.event_of", "names.unit_of"),
    "plans.lifecycle",  # remembered by its fingerprint: it never says anything else
    *("batches.apply", "batches.apply_chunk"),  # this batch has nothing to write
}
"""What asks no store, as it is called here."""
