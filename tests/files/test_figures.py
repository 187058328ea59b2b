"""One reader of figures: what is plainly one figure, what is not, and that all ask the same."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import evalflow
from evalflow.batch.sheet import figures_by_project
from evalflow.files.figures import (
    ANY_UNIT,
    MOST_DIGITS,
    Figure,
    NoFigure,
    figure_of,
    is_not_due,
    read_figure,
)
from evalflow.files.table_heads import Column
from evalflow.files.table_reader import read_table
from evalflow.files.texts import stored_figure
from evalflow.files.yaml_writer import yaml_text
from evalflow.plan.tables import ACTUALS
from evalflow.plugins.options import read_options
from evalflow.scoring.explain import _number
from small_plans import PLAN, QUARTERS, office, plan_file, report

# --------------------------------------------------------------------------- what is one


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("84.5", "84.5"), ("-3", "-3"), ("+3", "3"), ("0", "0"), ("-0", "0"), ("007", "7"),
        ("1,234", "1234"), ("1,234,567.25", "1234567.25"), ("0.084", "0.084"), (" 84.5 ", "84.5"),
        ("0.000000000000000001", "0.000000000000000001"), ("9" * 18, "9" * 18),
        ("△12", "-12"), ("▲ 1,200.5", "-1200.5"), ("−3", "-3"), ("–3", "-3"), ("‐3", "-3"),
        ("Δ7", "-7"), ("∆7", "-7"), ("‑7", "-7"), ("－３", "-3"), ("＋１２", "12"),
        ("１，２３４．５", "1234.5"), ("\u00a084.5\u3000", "84.5"),
    ],
)  # fmt: skip
def test_what_is_plainly_one_figure_is_read_exactly(text: str, figure: str) -> None:
    assert read_figure(text) == Figure(Decimal(figure))


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("1,5", "comma", "write 1.5"), ("0,084", "comma", "write 0.084"), ("1,23", "comma", "1.23"),
        ("12,34", "comma", "12.34"), ("1,,5", "comma", "without commas"), (",5", "comma", "commas"),
        ("012,345", "comma", "commas"), ("1.234,5", "comma", "a point"), ("-1,5", "comma", "1.5"),
        ("1.234.567", "points", "1234567"), (".5", "point_at_an_end", "write 0.5"),
        ("5.", "point_at_an_end", "write 5"), ("1 000", "blanks_inside", "1000"),
        ("1\n2", "blanks_inside", "together"),
        ("28¹", "footnote_mark", "28"), ("28²⁾", "footnote_mark", "28"),
        ("①28", "footnote_mark", "28"), ("28❶", "footnote_mark", "28"),
        ("28*", "footnote_mark", ""),
        ("28†", "footnote_mark", ""), ("½", "footnote_mark", ""), ("٣", "footnote_mark", ""),
        ("𝟏", "footnote_mark", ""), ("Ⅳ", "footnote_mark", ""), ("५", "footnote_mark", ""),
        ("28 1)", "words_behind", "28"), ("28주1)", "words_behind", "28"),
        ("84.5%", "percent", "remove the %"), ("12개", "words_behind", "12"),
        ("90 이상", "bound", "maintain_at_least"), ("≥90", "bound", "maintain_at_least"),
        ("10건 이하", "bound", "maintain_at_most"), ("5 미만", "bound", "to be kept"),
        ("100 초과", "bound", "to be reached"), ("약 30", "estimate", "exact"),
        ("30여 개소", "estimate", "exact"), ("30 내외", "estimate", "exact"),
        ("80~90", "range", "one figure"), ("80-90", "range", "one figure"),
        ("1/3", "fraction", "decimal"), ("1e5", "exponent", "digits"),
        ("1E2", "exponent", "digits"),
        ("9" * 19, "too_long", "18"), ("0." + "1" * 19, "too_long", "18"),
        ("3천", "number_words", "digits"), ("1.5억", "number_words", "digits"),
        ("▼12", "unknown_sign", "-1500"), ("▽12", "unknown_sign", "-1500"),
        ("(12)", "brackets", "-12"), ("（0.081）", "brackets", "0.081 (provisional)"),
        ("", "not_a_figure", ""), ("-", "not_a_figure", ""), ("--5", "not_a_figure", ""),
        ("△△5", "not_a_figure", ""), ("-(5)", "not_a_figure", ""), ("NaN", "not_a_figure", ""),
        ("Infinity", "not_a_figure", ""), ("∞", "not_a_figure", ""), ("%5", "not_a_figure", ""),
        ("1\u200b2", "several_figures", "in digits"), ("1'234", "several_figures", "in digits"),
        ("1:2", "several_figures", ""), ("3대1", "several_figures", ""),
        ("1 1/2", "several_figures", ""), ("0x1F", "several_figures", ""),
        ("1_000", "several_figures", ""), ("5만(추정 6만)", "several_figures", ""),
        ("5,000-", "minus_behind", "write -5,000"), ("12△", "minus_behind", "-12"),
        ("(△3)", "brackets_and_minus", "write -3"), ("(12)(잠정)", "not_a_figure", ""),
    ],
)  # fmt: skip
def test_what_is_not_plainly_one_is_refused_with_what_to_write(
    text: str, code: str, says: str
) -> None:
    found = read_figure(text)
    assert isinstance(found, NoFigure)
    assert found.code == code
    assert says in found.en
    assert any("가" <= letter <= "힣" for letter in found.text("ko"))
    assert found.ko != found.en


@pytest.mark.parametrize(
    ("text", "unit", "figure"),
    [
        ("84.5%", "%", "84.5"), ("84.5 ％", "%", "84.5"), ("3%p", "%p", "3"), ("12명", "명", "12"),
        ("△12 명", "명", "-12"), ("120㎡", "m²", "120"), ("120 m²", "㎡", "120"),
        ("5km", "km", "5"),
        ("1,500천원", "천원", "1500"), ("48백만원", "백만원", "48"), ("84.5%", ANY_UNIT, "84.5"),
        ("84.5%", "건", None), ("84.5%", "", None), ("12명", "건", None), ("5KM", "km", None),
        ("3%", "%p", None), ("5100명", "100명", None), ("12명", ANY_UNIT, None), ("명", "명", None),
        ("28¹", "¹", None), ("281", "1", "281"),
    ],
)  # fmt: skip
def test_only_the_indicator_s_own_unit_may_stand_behind(
    text: str, unit: str, figure: str | None
) -> None:
    found = figure_of(text, unit=unit)
    assert found == (None if figure is None else Decimal(figure))


@pytest.mark.parametrize(
    ("text", "won"),
    [
        ("1억 2,000만", 120_000_000), ("1억 2천만원", 120_000_000), ("3천만원", 30_000_000),
        ("3천5백만", 35_000_000), ("1.5억", 150_000_000), ("5백만 원", 5_000_000),
        ("48백만원", 48_000_000), ("2만 5천", 25_000), ("3만 500원", 30_500), ("12조", 12 * 10**12),
        ("1만 5000", 15_000), ("1,234,567원", 1_234_567), ("△3천만원", -30_000_000),
        ("1억 2천", None), ("1억 5000", None), ("1만 5", None), ("1억 20000만", None),
        ("1.5억 3만", None), ("만원", None), ("1만 2억", None), ("3,4만", None), ("삼천만", None),
    ],
)  # fmt: skip
def test_korean_number_words_say_money_where_they_say_one_amount(
    text: str, won: int | None
) -> None:
    found = read_figure(text, money=True)
    assert (found.value if isinstance(found, Figure) else None) == won


@pytest.mark.parametrize("text", ["(0.081)", "（0.081）", "( 0.081 )"])
def test_brackets_mean_what_the_plan_or_the_call_says(text: str) -> None:
    asked = read_figure(text)
    assert isinstance(asked, NoFigure)
    assert "-0.081" in asked.ko
    minus = read_figure(text, brackets="minus")
    provisional = read_figure(text, brackets="provisional")
    assert minus == Figure(Decimal("-0.081"), bracketed=True)
    assert provisional == Figure(Decimal("0.081"), provisional=True, bracketed=True)


def test_brackets_around_a_minus_are_a_minus_twice_or_provisional() -> None:
    twice = read_figure("(△5)", brackets="minus")
    assert isinstance(twice, NoFigure)
    assert twice.code == "brackets_and_minus"
    assert read_figure("(△5)", brackets="provisional") == Figure(Decimal(-5), True, True)


@pytest.mark.parametrize(
    "text", ["12(잠정)", "12 (잠정치)", "잠정 12", "12 (provisional)", "12잠정"]
)
def test_a_figure_may_say_by_its_own_word_that_it_is_provisional(text: str) -> None:
    assert read_figure(text) == Figure(Decimal(12), provisional=True)


def test_numbers_of_python_are_exact_or_refused() -> None:
    assert read_figure(12) == Figure(Decimal(12))
    assert read_figure(Decimal("0.1")) == Figure(Decimal("0.1"))
    huge: list[Any] = [10**18, Decimal("1E+18"), Decimal("1E-19"), Decimal("NaN"), Decimal("Inf")]
    for wrong in [*huge, 1.5, True, None, b"1", ["1"]]:
        assert isinstance(read_figure(wrong), NoFigure)


def test_not_due_is_said_in_either_language() -> None:
    assert all(is_not_due(word) for word in ("시기미도래", "시기 미도래", "not_due", "Not_Due"))
    assert not is_not_due("12")
    assert not is_not_due(None)


# --------------------------------------------------------------------------- properties


figures = st.decimals(-(10**17), 10**17, places=6, allow_nan=False, allow_infinity=False)


@given(figures)
def test_what_people_write_of_a_figure_is_that_figure(figure: Decimal) -> None:
    size = abs(figure)
    for body in (format(size, "f"), format(size, ",f")):
        wide = "".join(chr(ord(each) + 0xFEE0) for each in body)
        signs = ("-", "△", "▲ ", "−", "－") if figure < 0 else ("", "+")
        for sign in signs:
            for text in (f"{sign}{body}", f"{sign}{wide}", f" {sign}{body} 건"):
                assert figure_of(text, unit="건") == figure


@given(figures)
def test_what_our_own_screens_print_is_read_back(figure: Decimal) -> None:
    assert figure_of(_number(figure)) == figure  # explain
    assert figure_of(f"{figure:,f}") == figure  # score
    assert figure_of(format(figure, ",f").replace("-", "△")) == figure  # forms


_ODD = st.sampled_from(
    "0123456789,.-+()%/~△▲▼−–—¹²①½٣𝟏Ⅳ*† 억만천원명이상약eE\u00a0\u200b５，．（）"
)


@given(st.text(_ODD, max_size=12))
@example("0,084")
@example("1,5")
def test_nothing_with_odd_characters_becomes_another_figure(text: str) -> None:
    """Whatever is read has exactly the digits that stand there, in their order, and no letter
    that only looks like one."""
    found = read_figure(text, unit="명", brackets="minus")
    if isinstance(found, NoFigure):
        assert found.ko
        assert found.en
        return
    plain = unicodedata.normalize("NFKC", text)
    assert not any(
        not each.isascii() and unicodedata.category(each) in ("No", "Nl", "Nd")
        for each in text
        if not "０" <= each <= "９"
    )
    digits = "".join(each for each in plain if each.isascii() and (each.isdigit() or each == "."))
    assert Decimal(digits) == abs(found.value)
    groups = plain.partition(".")[0].strip("()+-△▲−– \u00a0명").split(",")
    assert all(len(group) == 3 for group in groups[1:])
    assert len(groups) == 1 or (1 <= len(groups[0]) <= 3 and groups[0][0] != "0")


@given(st.text(_ODD, max_size=10))
def test_money_is_never_less_exact_than_its_digits(text: str) -> None:
    found = read_figure(text, money=True)
    if isinstance(found, Figure):
        assert abs(found.value) < 10**MOST_DIGITS
        assert not set(text) & set("¹²①½٣𝟏Ⅳ*†~/▼%명이상약eE")


# --------------------------------------------------------------------------- everybody asks


@attrs.frozen(kw_only=True)
class Options:
    share: Decimal


def _by_plan(text: str, folder: Path) -> Decimal:
    target = evalflow.load_plan(plan_file(folder, text)).projects["1"].indicators[0].targets
    figure = target["2025-Q1"]
    assert isinstance(figure, Decimal)
    return figure


def _by_fire(text: str, folder: Path) -> Decimal:
    engine = office(plan_file(folder))
    report(engine, text)
    rating = engine.evaluation("x-2025/1").rating
    assert rating is not None
    figure = rating.lines[0].figure
    assert isinstance(figure, Decimal)
    return figure


def _by_table(text: str, folder: Path) -> Decimal:
    source = f'번호,값\n1,"{text}"\n'.encode()
    table = read_table(source, [Column("n", ("번호",)), Column("v", ("값",))], name="t")
    figure = table.rows[0].figure("v")
    table.raise_if_any()
    return figure


def _by_options(text: str, folder: Path) -> Decimal:
    return read_options(Options, {"share": text}).share


READERS = (_by_plan, _by_fire, _by_table, _by_options)


@pytest.mark.parametrize("text", ["1,234", "△12", "▲0.5", "−3", "１２", "+7", "0.084"])
def test_plans_events_tables_and_options_read_the_same(text: str, tmp_path: Path) -> None:
    assert {read(text, tmp_path) for read in READERS} == {figure_of(text)}


@pytest.mark.parametrize("text", ["1,5", "0,084", "28¹", "(0.081)", "90 이상", "1e5", "80~90"])
@pytest.mark.parametrize("read", READERS)
def test_what_is_no_figure_is_none_anywhere(read: Any, text: str, tmp_path: Path) -> None:
    with pytest.raises(evalflow.InvalidInput) as caught:
        read(text, tmp_path)
    why = read_figure(text)
    assert isinstance(why, NoFigure)
    assert all(why.en in problem.en for problem in caught.value.problems)
    assert all(why.ko in problem.ko for problem in caught.value.problems)


def test_a_plan_keeps_plain_digits_of_what_only_people_write(tmp_path: Path) -> None:
    path = plan_file(tmp_path, "△12%", head={"figures": {"brackets": "minus"}})
    text = path.read_text("utf-8").replace('ko: "사업"', "ko: 사업")
    text = text.replace("        field: f\n", "        field: f\n")
    path.write_text(text, "utf-8")
    plan = evalflow.load_plan(path)
    tree = plan.projects["1"].tree
    assert tree["indicators"]["i"]["targets"] == dict.fromkeys(QUARTERS, "-12")
    assert plan.head.brackets == "minus"
    assert plan.head.tree["figures"] == {"brackets": "minus"}


def test_money_of_a_plan_may_be_written_in_words(tmp_path: Path) -> None:
    path = plan_file(tmp_path)
    tree = {**PLAN, "projects": {"1": {
        "ko": "사업", "unit": "d", "field": "f",
        "budget": {"sources": {"구비": "1억 2,000만", "시비": "1,000"}},
        "indicators": {"i": {
            "ko": "지표", "unit": "%", "direction": "up", "accumulation": "last",
            "targets": dict.fromkeys(QUARTERS, "1"),
        }},
    }}}  # fmt: skip
    path.write_text(yaml_text(tree), "utf-8")
    project = evalflow.load_plan(path).projects["1"]
    assert project.budget.sources == {"구비": 120_000_000, "시비": 1_000}
    assert project.tree["budget"]["sources"] == {"구비": "120000000", "시비": "1,000"}


def test_what_an_older_plan_took_keeps_its_meaning_in_the_store(tmp_path: Path) -> None:
    plan = evalflow.load_plan(plan_file(tmp_path, "84"))
    tree = {**plan.projects["1"].tree}
    inside = {**tree["indicators"]["i"], "targets": dict.fromkeys(QUARTERS, "0,084")}
    tree["indicators"] = {"i": inside}

    from evalflow.plan.project import definition_from_tree
    from evalflow.plan.stored import stored_definition

    old = stored_definition(plan.head.id, "1", tree)
    assert set(old.indicators[0].targets.values()) == {Decimal(84)}
    assert old.tree["indicators"]["i"]["targets"]["2025-Q1"] == "0,084"
    assert stored_figure("0,084") == 84
    with pytest.raises(evalflow.InvalidInput, match=r"write 0\.084"):
        definition_from_tree(plan.head, "1", tree)


def test_a_count_with_a_percent_sign_is_told(tmp_path: Path) -> None:
    plan = evalflow.load_plan(plan_file(tmp_path, "10", unit="건"))
    known = {each.id: each for each in plan.projects.values()}
    source = "관리번호,성과지표,실적\n1,지표,84.5%\n".encode()
    with pytest.raises(evalflow.InvalidInput, match="remove the %"):
        figures_by_project(read_table(source, ACTUALS, name="t"), "x-2025", known)


# --------------------------------------------------------------------------- provisional


def test_a_table_in_brackets_is_refused_until_somebody_says_what_they_mean(tmp_path: Path) -> None:
    plan = evalflow.load_plan(plan_file(tmp_path, "0.084"))
    known = {each.id: each for each in plan.projects.values()}
    source = "관리번호,성과지표,실적\n1,지표,(0.081)\n".encode()

    def read(brackets: str | None) -> Any:
        table = read_table(source, ACTUALS, name="t")
        table.brackets = brackets
        found = figures_by_project(table, "x-2025", known)["x-2025/1"]["actuals"]["i"]
        return found, [note.en for note in table.notes]

    with pytest.raises(evalflow.InvalidInput, match="minus or provisional") as caught:
        read(None)
    assert caught.value.problems[0].cell == "C2"
    assert read("minus") == ("-0.081", ["'(0.081)' in brackets was read as -0.081"])
    found, (note,) = read("provisional")
    assert found == {"provisional": "0.081"}
    assert note == "'(0.081)' in brackets was read as provisional 0.081"


@pytest.mark.parametrize("actual", ["(1.2)", "1.2(잠정)", {"provisional": "1.2"}])
def test_a_provisional_actual_is_rated_and_keeps_its_mark(actual: Any, tmp_path: Path) -> None:
    engine = office(plan_file(tmp_path, head={"figures": {"brackets": "provisional"}}))
    report(engine, actual)
    evaluation = engine.evaluation("x-2025/1")
    assert evaluation.rating is not None
    assert evaluation.rating.lines[0].actual == Decimal("1.2")
    assert evaluation.facts["actuals"] == {"i": {"provisional": "1.2"}}
    assert evaluation.provisional() == {"2025-Q1": {"i": "1.2"}}
    assert engine.ratings.again("x-2025/1") == evaluation.rating
    assert list(engine.audit.verify()) == []


def test_only_an_actual_is_provisional(tmp_path: Path) -> None:
    with pytest.raises(evalflow.InvalidInput, match="only an actual"):
        evalflow.load_plan(plan_file(tmp_path, "1.5(잠정)"))


@pytest.mark.parametrize(
    ("text", "unit"),
    [("100만명", "명"), ("2천명", "명"), ("1.5천 건", "건"), ("3백여회", "회"), ("2천 5백", "")],
)
def test_no_advice_leads_to_another_figure(text: str, unit: str) -> None:
    """`100만명` is a million: to write 100 would be wrong by ten thousand times."""
    found = read_figure(text, unit=unit)
    assert isinstance(found, NoFigure)
    assert found.code in ("number_words", "several_figures", "estimate")
    digits = re.match(r"[\d.]+", text)
    assert digits is not None
    for said in (found.ko, found.en):
        assert digits[0] not in said.replace(text, "").replace("12,000", "")
