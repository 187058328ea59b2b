"""Errors keep their facts on the way to another process and back."""

import copy
import pickle
import re
from pathlib import Path

import pytest

from evalflow import errors

REASON = errors.Reason(code="late", ko="늦었습니다.", en="late.")
EVERY_KIND = [
    errors.Refused("seodaemun-2016/6", "submit", [REASON]),
    errors.Conflict("seodaemun-2016/6", expected=3),
    errors.KeyReused("seodaemun-2016/6", "form-7"),
    errors.NotFound("unit", "eduction", ["education"]),
    errors.Forbidden(REASON),
    errors.InvalidInput([errors.Problem(code="x", ko="틀림", en="wrong", file="a.yaml", line=3)]),
    errors.StorageError("locked", ko="잠김", en="locked"),
    errors.PluginError("evalflow-x", "broke", version="1.0"),
]


@pytest.mark.parametrize("error", EVERY_KIND, ids=lambda error: type(error).__name__)
def test_an_error_crosses_to_another_process_whole(error: errors.EvalflowError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert again.__dict__ == error.__dict__
        assert [again.text("ko"), again.text("en")] == [error.text("ko"), error.text("en")]
        assert str(again) == str(error)


def test_one_problem_is_raised_with_its_place() -> None:
    error = errors.invalid(
        "bad_figure", ko="수가 아닙니다", en="not a figure", file="a.xlsx", sheet="목표", cell="C3",
        value="x",
    )  # fmt: skip
    (problem,) = error.problems
    assert (problem.code, problem.value) == ("bad_figure", "x")
    assert error.text("ko") == "a.xlsx:목표!C3: 수가 아닙니다"
    assert str(errors.invalid("x", ko="틀림", en="wrong", file="a", line=3, column=4)) == (
        "a:3:4: wrong"
    )
    assert errors.invalid("x", ko="틀림", en="wrong", path="a.b").problems[0].where() == "a.b"


@pytest.mark.parametrize(
    ("written", "known", "meant"),
    [
        ("when", ("ko", "en", "name", "to"), None),
        ("who", ("ko", "en"), None),
        ("kox", ("ko", "en"), "ko"),
        ("deadline", ("due", "line", "leads"), None),
        ("late", ("not_later", "lapsed"), None),
        ("too_late", ("not_later", "too_early"), None),
        ("quorum", ("no_quorum", "no_role"), "no_quorum"),
        ("feild", ("field", "is"), "field"),
        ("recieve", ("receive", "review"), "receive"),
        ("policy", ("policy_office", "department"), "policy_office"),
        ("Deadline", ("deadline",), "deadline"),
    ],
)
def test_a_suggestion_is_what_a_slip_of_the_hand_would_make(
    written: str, known: tuple[str, ...], meant: str | None
) -> None:
    assert errors.nearest(written, known) == meant


def test_whatever_cannot_be_found_is_called_by_its_korean_word() -> None:
    root = Path(__file__).parents[2]
    sources = [*root.glob("src/**/*.py"), *root.glob("plugins/*/src/**/*.py")]
    said = {
        kind
        for path in sources
        for kind in re.findall(r'NotFound\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert len(said) > 20
    for kind in said:
        assert not re.search("[a-z]", errors.NotFound(kind, "1").text("ko")), kind
