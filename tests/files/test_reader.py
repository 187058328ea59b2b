"""Reading values out of trees: the values, and every problem with its place."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow.errors import InvalidInput
from evalflow.files.reader import LONGEST_TEXT, Part, Reader
from evalflow.files.texts import date_of, fraction_of, shown
from evalflow.files.words import is_name
from evalflow.files.yaml import read
from evalflow.model import Label


def part(**tree: Any) -> Part:
    return Reader(tree).top


def told(of: Part) -> list[tuple[str, str | None]]:
    return [(p.code, p.path) for p in of._reading.problems]


def test_weights_may_be_fractions() -> None:
    assert fraction_of("1/3") == Fraction(1, 3)
    assert fraction_of("0.5") == Fraction(1, 2)
    assert fraction_of("1/0") is None
    assert fraction_of("1/2/3") is None


def test_days_are_written_in_either_manner() -> None:
    assert date_of("2016-02-24") == date_of("2016. 2. 24.") == dt.date(2016, 2, 24)
    assert date_of("2016.2.24") == dt.date(2016, 2, 24)
    for wrong in ("2016-02-30", "2016-2-4", "20160224", "2016-02-24T00:00", "24.2.2016", ""):
        assert date_of(wrong) is None


def test_an_id_has_no_blanks_slashes_or_foreign_letters() -> None:
    assert is_name("welfare-policy.1_a")
    assert is_name("정책-1")
    for wrong in ("", "a b", "a/b", "a@b", "-a", "аdmin", "a" * 65, "ㄱ"):
        assert not is_name(wrong)


@given(st.text(st.sampled_from("aZ09가힣_-.\n ㄱ걟②٣Ａаé") | st.characters(), max_size=66))
def test_an_id_is_what_it_was_by_the_pattern_of_before(text: str) -> None:
    before = re.fullmatch(r"[0-9A-Za-z가-힣][0-9A-Za-z가-힣._-]{0,63}", text)
    assert is_name(text) == (before is not None)


def test_what_is_absent_gives_the_default_and_null_is_absent() -> None:
    empty = part(a=None, b="", c="  ")
    for key in ("a", "b", "c", "d"):
        assert empty.text(key, None) is None
    assert empty.whole("a", 7) == 7
    assert empty.figure("d", None) is None
    assert empty.fraction("d", Fraction(1)) == 1
    assert empty.date("d", None) is None
    assert empty.flag("d", True) is True
    assert empty.choice("d", ("x", "y"), "y") == "y"
    assert empty.label_at("d", None) is None
    assert empty.texts("d") == ()
    assert told(empty) == []


def test_what_must_be_there_is_asked_for_where_it_should_stand() -> None:
    reading = Reader(read(b"top:\n  unit:\n    a: 1\n", name="f"))
    unit = reading.top.part("top").part("unit")
    unit.text("ko")
    unit.choice("kind", ("office", "bureau"))
    first, second = reading.problems
    assert (first.code, first.where(), first.path) == ("missing_key", "f:2:3", "top.unit")
    assert "office, bureau" in second.ko


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("text", ["a"]),
        ("text", {"a": "b"}),
        ("text", True),
        ("text", "x" * (LONGEST_TEXT + 1)),
        ("name", "a b"),
        ("whole", "1.5"),
        ("whole", "many"),
        ("whole", ["1"]),
        ("whole", True),
        ("figure", "1e9"),
        ("figure", {}),
        ("fraction", "1/0"),
        ("fraction", False),
        ("date", "yesterday"),
        ("date", "2016-13-01"),
        ("flag", "yes"),
        ("flag", "1"),
        ("label_at", "only text"),
        ("label_at", ["a"]),
        ("part", "text"),
        ("texts", {"a": "b"}),
    ],
)
def test_a_wrong_value_is_told_once_and_reading_goes_on(method: str, value: Any) -> None:
    top = part(key=value)
    getattr(top, method)("key")
    ((_, path),) = told(top)
    assert path == "key"
    with pytest.raises(InvalidInput):
        top._reading.raise_if_any()


def test_right_values_are_given_as_what_they_are() -> None:
    top = part(
        t=" 글 ", n="a-1", w="1,000", i=5, f="0.1", x="1/3", d="2016. 2. 24.", y="true", z=False,
        c="up", l={"ko": "가", "en": "A"}, s="하나", m=["a", "b"], e="1",
    )  # fmt: skip
    assert top.text("t") == "글"
    assert top.text("i") == "5"
    assert top.name("n") == "a-1"
    assert top.whole("w") == 1000
    assert top.whole("i", least=5, most=5) == 5
    assert top.figure("f") == Decimal("0.1")
    assert top.fraction("x") == Fraction(1, 3)
    assert top.date("d") == dt.date(2016, 2, 24)
    assert (top.flag("y"), top.flag("z")) == (True, False)
    assert top.choice("c", ("up", "down")) == "up"
    assert top.known("c", ("방향", "direction"), {"up": 1}) == "up"
    assert top.label_at("l") == Label("가", "A")
    assert top.label_at("s", english=False) == Label("하나", "하나")
    assert top.texts("m") == ("a", "b")
    assert top.texts("s") == ("하나",)
    assert told(top) == []


def test_bounds_are_told() -> None:
    top = part(a="13", b="-1")
    top.whole("a", least=1, most=12)
    top.whole("b", least=0)
    first, second = top._reading.problems
    assert "1에서 12" in first.ko
    assert "at least 0" in second.en


def test_an_unknown_key_comes_with_the_nearest_right_one() -> None:
    top = part(direktion="up", zzz="1", ko="가")
    top.only({"direction", "ko"})
    first, second = top._reading.problems
    assert (first.code, first.path) == ("unknown_key", "direktion")
    assert "'direction'" in first.ko
    assert "direction, ko" in second.en


def test_an_unknown_name_comes_with_the_nearest_right_one() -> None:
    top = part(unit="edukation", other="zzz")
    assert top.known("unit", ("부서", "unit"), {"education": 1}) == "education"
    top.known("other", ("부서", "unit"), {"education": 1})
    first, second = top._reading.problems
    assert first.code == "unknown_unit"
    assert "did you mean 'education'" in first.en
    assert "there are: education" in second.en


def test_parts_of_a_mapping_and_of_a_list_are_read_alike() -> None:
    top = part(by_id={"a": {"n": "1"}, "b c": {"n": "2"}, "d": None, "e": "x"}, listed=[{"n": "3"}])
    assert [(key, each.text("n")) for key, each in top.parts("by_id")] == [("a", "1"), ("b c", "2")]
    assert [(key, each.text("n")) for key, each in top.parts("listed")] == [(0, "3")]
    assert told(top) == [
        ("bad_name", "by_id.b c"),
        ("missing_key", "by_id.d"),
        ("wrong_value", "by_id.e"),
    ]


def test_the_path_of_a_problem_starts_where_the_tree_belongs() -> None:
    reading = Reader({"cards": [{"ko": 1.5}]}, at=("projects", "6"))
    assert [p.path for p in reading.problems] == ["projects.6.cards[0].ko"]


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        "text",
        {1: "a"},
        {"a": 0.5},
        {"a": [{"b": Decimal(1)}]},
        {"a": "x\0"},
        {"a\u202eb": "x"},
        {"a": ["\ud800"]},
    ],
)
def test_a_tree_that_no_file_could_hold_is_refused(tree: Any) -> None:
    with pytest.raises(InvalidInput):
        Reader(tree).raise_if_any()


def test_a_tree_nested_too_deep_is_refused() -> None:
    tree: Any = "x"
    for _ in range(200):
        tree = {"a": tree}
    with pytest.raises(InvalidInput):
        Reader(tree).raise_if_any()


def test_problems_come_in_reading_order() -> None:
    reading = Reader(read(b"a: x\nb: y\n", name="f"))
    reading.top.whole("b")
    reading.top.whole("a")
    with pytest.raises(InvalidInput) as caught:
        reading.raise_if_any()
    assert [p.line for p in caught.value.problems] == [1, 2]


@given(
    st.recursive(st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_a_value_is_shown_in_one_short_line(value: Any) -> None:
    assert len(shown(value)) <= 60
    assert "\n" not in shown(value)


def test_a_file_with_more_problems_than_a_hand_makes_is_not_looked_through(tmp_path):
    """Half a million unknown keys took minutes and filled half a million lines."""
    for text, code in (
        ("evalflow: plan/1\n" + "".join(f"k{i}: 1\n" for i in range(20_000)), "unknown_key"),
        ("".join("k: 1\n" for _ in range(20_000)), "duplicate_key"),
    ):
        path = tmp_path / "plan.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidInput) as caught:
            evalflow.load_plan(path, plugins=[])
        problems = caught.value.problems
        assert len(problems) == 5_001
        assert problems[-1].code == "too_many_problems"
        assert "5,000" in problems[-1].text("ko")
        assert problems[-1].file is not None
        assert sum(problem.code == code for problem in problems) > 4_900
