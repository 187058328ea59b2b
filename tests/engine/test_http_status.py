"""Every error has its HTTP status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import evalflow
from evalflow import EvalflowError, Reason, http_status
from evalflow.engine.http import BY_CHECK, BY_ERROR
from evalflow.errors import Undeliverable, invalid
from offices import GOOD, Office

_REASON = Reason(code="x", ko="안 됩니다.", en="no.")
_MADE: dict[str, tuple[EvalflowError, int]] = {
    "Refused": (evalflow.Refused("gu/1", "review", [_REASON]), 409),
    "Conflict": (evalflow.Conflict("gu/1"), 409),
    "NotFound": (evalflow.NotFound("project", "gu/9"), 404),
    "Forbidden": (evalflow.Forbidden(_REASON), 403),
    "InvalidInput": (invalid("x", ko="x", en="x"), 422),
    "KeyReused": (evalflow.KeyReused("gu/1", "key"), 422),
    "StorageError": (evalflow.StorageError("locked", ko="x", en="x"), 503),
    "PluginError": (evalflow.PluginError("pager", "broke"), 502),
    "DirectoryError": (evalflow.DirectoryError("people", "broke"), 502),
    "Undeliverable": (Undeliverable("no such address"), 502),
}


def kinds(base: type[EvalflowError] = EvalflowError) -> Iterator[type[EvalflowError]]:
    for each in base.__subclasses__():
        if each.__module__.startswith("evalflow"):
            yield each
            yield from kinds(each)


def test_every_kind_of_error_has_a_status_of_its_own_or_of_its_base() -> None:
    public = {each.__name__ for each in kinds() if not each.__name__.startswith("_")}
    assert public == set(_MADE)  # others are of a public one's kind, and have its status
    for error, status in _MADE.values():
        assert http_status(error) == status, error
        assert isinstance(error, (evalflow.Refused, *BY_ERROR))


@pytest.mark.parametrize(
    "code",
    ["locked", "read_only", "corrupt", "foreign", "newer", "full", "unreachable", "missing"],
)
def test_a_store_that_cannot_be_used_is_503(code: str) -> None:
    assert http_status(evalflow.StorageError(code, ko="x", en="x")) == 503


@pytest.mark.parametrize(("check", "status"), BY_CHECK.items())
def test_a_refusal_is_told_by_its_first_check(check: str, status: int) -> None:
    error = evalflow.Refused("gu/1", "review", [_REASON], check=check)
    assert http_status(error) == status
    assert (
        http_status(error.__reduce__()[0](*error.__reduce__()[1])) == status
    )  # in another process


def test_what_the_request_saw_is_a_condition_that_failed() -> None:
    assert http_status(evalflow.Conflict("gu/1"), if_match=True) == 412
    assert http_status(evalflow.NotFound("actor", "kim")) == 403
    assert http_status(KeyError("x")) == 500


GIVEN: dict[str, Any] = {"actuals": GOOD["gu/1"]}


@pytest.mark.parametrize("store_url", ["memory:"])
@pytest.mark.parametrize(
    ("event", "by", "data", "check"),
    [
        ("review", "policy-1", {"ratings": "confirmed"}, "state"),
        ("self_evaluate", "policy-1", GIVEN, "role"),
        ("self_evaluate", "road-1", GIVEN, "unit"),
        ("self_evaluate", "education-1", {}, "input"),
    ],
)
def test_fire_and_explain_are_answered_alike(
    office: Office, event: str, by: str, data: dict[str, Any], check: str
) -> None:
    office.clock.go("2016-04-02")
    with pytest.raises((evalflow.Refused, evalflow.InvalidInput)) as caught:
        office.engine.fire("gu/1", event, by=by, data=data)
    explained = office.engine.explain("gu/1", event, by=by, data=data)
    assert http_status(caught.value) == http_status(explained) == BY_CHECK[check]
    assert getattr(caught.value, "check", check) == check


@pytest.mark.parametrize("store_url", ["memory:"])
def test_what_is_allowed_is_200(office: Office) -> None:
    office.clock.go("2016-04-02")
    explained = office.engine.explain("gu/1", "self_evaluate", by="education-1", data=GIVEN)
    assert http_status(explained) == 200


@pytest.mark.parametrize("store_url", ["memory:"])
def test_who_may_not_revise_a_plan_is_403(office: Office) -> None:
    with pytest.raises(evalflow.Refused) as caught:
        office.engine.adopt(office.plan, by="road-1", reason="x")
    assert http_status(caught.value) == 403
