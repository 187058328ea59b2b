"""Forms as an office files them: what each must say, with the short and the long text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import openpyxl
import pypdf
import pytest
import yaml
from evalflow_forms import measure, values
from evalflow_forms.change import Item
from evalflow_forms.sheet import Cell, Evidence, Sheet, Table, grouped
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow import cli
from evalflow.plugins import FormRequest

PLAN = "seodaemun-2016"
REQUEST = FormRequest(plan=PLAN, period="2016-Q1", unit="autonomy")
OF_NINE = attrs.evolve(REQUEST, unit=None, number="9")
LONG = "2분기 실적에는 같은 건물을 두 번 점검한 것이 들어 있어 중복을 빼고 바로잡았음. " * 40


def lag(office: Any, cause: str = "협의 지연") -> None:
    """Let number 9 reach half of what was due, with this cause."""
    project = f"{PLAN}/9"
    definition = office.engine.plans.definition(project)
    actuals: dict[str, Any] = {}
    for each in definition.indicators:
        target = each.targets["2016-Q1"]
        is_due = isinstance(target, Decimal)
        actuals[each.id] = target / 2 if is_due else {"not_due": "때가 아님"}
    told = {"cause": cause, "countermeasure": "집중 추진", "follow_up": "점검"}
    unit = office.engine.project(project).unit
    office.engine.fire(
        project,
        "amend",
        by=office.engine.actor(PLAN, f"{unit}-1"),
        data={
            "actuals": actuals,
            "explanations": {each.id: told for each in definition.indicators},
            "spent": "123456789",
            "progress_by_month": {"2016-01": "조사 12개소"},
            "evidence": ["점검대장", "전후 사진"],
        },
    )


def request_change(office: Any, change: dict[str, Any]) -> None:
    unit = office.engine.project(f"{PLAN}/9").unit
    office.engine.fire(
        f"{PLAN}/9",
        "request_change",
        by=office.engine.actor(PLAN, f"{unit}-head-1"),
        data={
            "kind": "target",
            "change": change,
            "reason": "추경 감액",
            "detail": "4분기 물량을 줄임",
            "reported_on": "2016-04-02",
        },
    )


def table(made: Sheet, caption: str) -> Table:
    return next(each for each in made.tables if caption in each.caption)


def texts(of: Table) -> list[list[str]]:
    return [[each for each in row if each] for row in of.texts()]


# ------------------------------------------------------------------ 자체 평가서


def test_the_self_evaluation_has_its_sections_and_a_paper_a_project(office: Any) -> None:
    made = office.sheet("department", REQUEST)
    assert made.standing
    assert len(made.parts) == len(office.numbers)
    captions = [each.caption.partition(" ")[2] for each in made.parts[0].tables]
    assert captions == [
        *("사업개요", "성과지표별 추진실적", "예산 및 집행", "월별 추진실적", "부진사유와 대책"),
        *("변경사항", "증빙자료", "종합의견"),
    ]
    with_cards = next(p for p in made.parts if p.name.startswith("6 "))
    assert len(texts(next(t for t in with_cards.tables if "관리카드" in t.caption))) == 22
    for part in made.parts:
        for each in part.tables:
            assert sum(each.widths) == made.width
            assert all(len(row) == len(each.widths) for row in each.rows)


def test_it_says_what_is_recorded(fresh: Any) -> None:
    lag(fresh)
    made = fresh.sheet("department", OF_NINE)
    rating = fresh.engine.evaluation(f"{PLAN}/9", "2016-Q1").rating
    (overview, indicators, money, months, lagging, _, evidence, opinion) = made.tables
    assert ["사업명", "[9] 안심골목 영상안전망 구축"] in texts(overview)
    assert "1,000백만원 (국비 300, 시비 450, 구비 250)" in str(texts(overview))
    assert "단위사업: " in str(texts(overview))
    assert texts(indicators)[-1] == ["사업 이행률(가중평균)", f"{rating.rate}%", "▼▼ 현저히 부진"]
    assert texts(money)[0] == ["계획액", "150.0", "350.0", "300.0", "200.0", "150.0"]
    assert texts(money)[1] == ["집행액", "123.5", "-", "-", "-", "123.5"]
    assert texts(money)[2][1] == "82.3%"  # 123,456,789 of 150,000,000
    assert money.unit == "(단위: 백만원)"
    assert texts(months)[0] == ["1월", "설치 지역 조사", "조사 12개소"]
    assert ["부진사유", "협의 지연"] in texts(lagging)
    assert texts(evidence) == [["1", "점검대장"], ["2", "전후 사진"]]
    assert [row[0] for row in texts(opinion)] == ["종합의견"]  # room to write


def test_units_stand_only_over_tables_that_have_them(fresh: Any) -> None:
    lag(fresh)
    for name in ("projects", "bureau", "department"):
        for each in fresh.sheet(name, REQUEST).tables:
            heads = " ".join(head.text for head in each.heads) + str(texts(each))
            money = any(word in heads for word in ("계획액", "사업비", "구비"))
            overview = "사업개요" in each.caption  # says the unit beside the amount
            assert ("백만원" in each.unit) == (money and not overview), each.caption


def test_one_long_cause_leaves_no_page_with_a_title_and_no_table(
    fresh: Any, tmp_path: Path
) -> None:
    lag(fresh, LONG)
    for name, request in (("department", OF_NINE), ("bureau", REQUEST)):
        path = tmp_path / f"{name}.pdf"
        fresh.form(name).write(fresh.engine, path, request)
        pages = ["".join(page.extract_text().split()) for page in pypdf.PdfReader(path).pages]
        assert "부서별총괄" in pages[0] or "성과지표별추진실적" in pages[0]
        assert all(len(text) > 200 for text in pages[:-1])
        joined = "".join(pages)
        assert joined.count("같은건물을두번점검한것이들어") >= 38  # two may lie over a page's end


def test_a_column_of_the_plans_own_may_hold_a_long_cause(fresh: Any, tmp_path: Path) -> None:
    """The list that a plan names columns for: its rows break over pages too."""
    lag(fresh, LONG)
    path = tmp_path / "list.pdf"
    columns = ["number", "title", "indicator", "rate", "cause"]
    fresh.form("department", columns=columns).write(fresh.engine, path, REQUEST)
    first = "".join(pypdf.PdfReader(path).pages[0].extract_text().split())
    assert "찾아가는동주민센터준비" in first


@given(st.text(alphabet="가나다 ABC·/(「1,→", max_size=40), st.integers(2, 60))
def test_pieces_of_a_line_are_the_line(text: str, room: int) -> None:
    pieces = measure.words(text, room)
    assert "".join(said for said, _ in pieces) == text
    assert all(measure.width_of(said.rstrip()) <= room for said, kept in pieces if kept)


def test_no_word_of_a_title_is_broken(fresh: Any, tmp_path: Path) -> None:
    """Every word of the titles stands on one line of the PDF."""
    path = tmp_path / "projects.pdf"
    fresh.form("projects").write(fresh.engine, path, FormRequest(plan=PLAN, period="2016-Q1"))
    lines = [
        line for page in pypdf.PdfReader(path).pages for line in page.extract_text().splitlines()
    ]
    made = fresh.sheet("projects", FormRequest(plan=PLAN, period="2016-Q1"))
    words = {word for row in made.listing.texts() for word in row[3].split()}
    assert [word for word in words if not any(word in line for line in lines)] == []


# ------------------------------------------------------------------ sums


def test_lists_have_a_sum_that_agrees_with_its_parts(office: Any) -> None:
    made = office.sheet("projects", FormRequest(plan=PLAN, period="2016-Q1"))
    by_field, listed = made.tables
    for each, place in ((by_field, 6), (listed, 7)):
        rows = list(each.rows)
        total = rows.pop(0 if each is listed else -1)
        parts = [row[place].value for row in rows if row[place] is not None]
        assert total[place].value == sum(parts) == 43_845
        assert total[0].value == "계"
    assert list(by_field.texts())[-1][1] == "43"
    assert by_field.remarks == ("부서 수의 계는 중복을 뺀 수",)


@given(st.lists(st.integers(0, 10**11), min_size=1, max_size=12))
def test_a_sum_that_does_not_agree_as_printed_is_explained(won: list[int]) -> None:
    parts = [values.money(each, "백만원") for each in won]
    total = values.money(sum(won), "백만원")
    agrees = sum(Decimal(each.shown().replace(",", "")) for each in parts) == total.value
    assert (values.rounding_remark(parts, total) == ()) == agrees


def test_money_is_rounded_alike_in_forms_and_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """90,500,000 won are 91 million on paper, on the page and in `plan show`."""
    tree = yaml.safe_load(evalflow.example(PLAN).read_text("utf-8"))
    tree["projects"]["9"]["budget"] = {
        "sources": {"구비": 90_500_000},
        "periods": {"2016-Q1": 90_500_000, "2016-Q2": 0, "2016-Q3": 0, "2016-Q4": 0},
    }
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), "utf-8")
    store = ["--lang", "ko", "--store", str(tmp_path / "office.db")]
    assert cli.run([*store, "plan", "import", str(path), "--as", "policy-1"]) == 0
    capsys.readouterr()
    assert cli.run([*store, "plan", "show"]) == 0
    (line,) = [each for each in capsys.readouterr().out.splitlines() if "안심골목" in each]
    assert line.split()[-1] == "91"
    assert values.money(90_500_000, "백만원").shown() == "91"
    assert grouped(Decimal("90.5")) == "91"
    assert grouped(Decimal("-90.5")) == "△91"


# ------------------------------------------------------------------ 변경계획서


def test_a_change_is_said_in_words(fresh: Any) -> None:
    request_change(
        fresh,
        {
            "indicators": {"cameras": {"targets": {"2016-Q4": "54"}}, "uptime": {"weight": "2"}},
            "budget": {"sources": {"국비": "270000000"}, "periods": {"2016-Q4": "170000000"}},
            "end": "2016-11-30",
            "unit": "audit-office",
            "schedule": {"2016-12": "준공 검사"},
            "content": {"ko": "줄인 사업"},
        },
    )
    made = fresh.sheet("change", OF_NINE)
    rows = {row[1]: row[2:] for row in texts(table(made, "대비표"))}
    assert rows["성과지표 ‘영상장치 설치’의 2016년 4분기 목표(대)"] == ["60", "54", "△6", "△10.0%"]
    assert rows["성과지표 ‘영상장치 설치’의 연간 목표(대)"] == ["180", "174", "△6", "△3.3%"]
    assert rows["사업비 중 국비"] == ["300백만원", "270백만원", "△30백만원", "△10.0%"]
    assert rows["사업비 합계"] == ["1,000백만원", "970백만원", "△30백만원", "△3.0%"]
    assert rows["사업 종료일"][:2] == ["2016. 12. 31.", "2016. 11. 30."]
    assert rows["담당부서"][:2] == ["정보통신과", "감사담당관"]
    assert rows["2016년 12월 세부추진계획"][:2] == ["준공", "준공 검사"]
    assert rows["사업내용"][1] == "줄인 사업"
    assert rows["성과지표 ‘장치 가동률’의 가중치"][1] == "2"
    said = str(list(rows))
    assert "›" not in said
    assert "2016-Q" not in said
    assert "와 다름" not in str(table(made, "대비표").remarks)  # the quarters come to the sources
    assert ["3", "방침", "예정", "-"] in texts(table(made, "추진 경과"))


@given(
    st.decimals(-(10**9), 10**9, places=2, allow_nan=False),
    st.decimals(-(10**9), 10**9, places=2, allow_nan=False),
)
def test_a_difference_and_its_share_are_exact(before: Decimal, after: Decimal) -> None:
    from fractions import Fraction

    item = Item(part="x", before=before, after=after)
    shown = item.difference().shown().replace("△", "-").replace(",", "")
    assert Decimal(shown) == after - before
    share = item.share()
    if before:
        assert isinstance(share.value, Decimal)
        exact = Fraction(after - before) * 100 / abs(Fraction(before))
        assert abs(Fraction(share.value) - exact) <= Fraction(1, 20)
        if abs(Fraction(share.value) - exact) == Fraction(1, 20):
            assert abs(share.value) > abs(exact)  # half-up
    else:
        assert share == Cell(None)


def test_what_was_decided_fills_the_boxes(fresh: Any) -> None:
    request_change(fresh, {"indicators": {"cameras": {"targets": {"2016-Q4": "54"}}}})
    engine, project = fresh.engine, f"{PLAN}/9"
    for actor, data in (
        ("policy-2", {"opinion": "지장 없음"}),
        ("budget-1", {"opinion": "감액 폭이 큼", "dissent": True}),
    ):
        engine.fire(project, "consult", by=engine.actor(PLAN, actor), data=data)
    settled = {"opinion": "4분기 물량만 줄임"}  # where a dissent goes to the next superior (R58)
    settles = "settle_dissent" in engine.plans.lifecycle(engine.project(project).lifecycle).events
    if settles:
        vice_mayor = engine.actor(PLAN, "vice-mayor-1")
        engine.fire(project, "settle_dissent", by=vice_mayor, data=settled)
    engine.fire(
        project,
        "approve_change",
        by=engine.actor(PLAN, "mayor-1"),
        data={"document": "구청장 방침 제2016-88호"},
    )
    (part,) = fresh.sheet("change", OF_NINE).parts
    assert part.paper.signed == {"구청장": "04/02"}
    assert part.paper.cooperation == "정책기획담당관, 예산팀(이견 있음)"
    assert dict(part.head)["방침번호"] == "구청장 방침 제2016-88호"
    assert dict(part.head)["결재일자"] == "2016. 4. 2."
    assert texts(table(fresh.sheet("change", OF_NINE), "협조 의견")) == [
        ["정책기획담당관", "이견 없음", "지장 없음"],
        ["예산팀", "이견 있음", "감액 폭이 큼"],
        *([["부구청장", "이견 조정", settled["opinion"]]] if settles else []),
    ]
    changed = table(fresh.sheet("department", OF_NINE), "변경사항")
    assert "구청장 방침 제2016-88호" in str(texts(changed))


# ------------------------------------------------------------------ workbooks


@pytest.mark.parametrize("name", ["projects", "bureau", "department"])
def test_every_worksheet_has_title_and_sign_off_boxes(
    office: Any, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "form.xlsx"
    office.form(name).write(office.engine, path, REQUEST)
    made = office.sheet(name, REQUEST)
    for page in openpyxl.load_workbook(path).worksheets:
        said = [cell.value for row in page.iter_rows(max_row=9) for cell in row if cell.value]
        assert made.title in said
        assert [each for each in said if each in made.boxes] == list(made.boxes)
        assert len(page.title) <= 31


# ------------------------------------------------------------------ which day, which period


@pytest.fixture
def reorganised(tmp_path: Path) -> Iterator[Any]:
    """Number 9 goes to 감사담당관 on 1 June, which is called 청렴담당관 from 1 July."""
    import evalflow_forms

    tree = yaml.safe_load(evalflow.example(PLAN).read_text("utf-8"))
    nine = tree["projects"]["9"]
    nine["assignments"] = [
        {"unit": nine.pop("unit"), "until": "2016-05-31"},
        {"unit": "audit-office", "since": "2016-06-01"},
    ]
    tree["units"]["audit-office"]["renamed"] = [
        {"on": "2016-07-01", "ko": "청렴담당관", "en": "Integrity"}
    ]
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), "utf-8")
    now = [dt.datetime(2016, 2, 25, 3, tzinfo=dt.UTC)]
    store = f"sqlite:///{tmp_path / 'office.db'}"
    with evalflow.open(store, plugins=[evalflow_forms], clock=lambda: now[0]) as engine:
        plan = engine.load_plan(path)
        engine.adopt(plan, by=plan.actor("policy-1"))
        yield engine, now


def test_the_department_printed_is_todays(reorganised: Any, tmp_path: Path) -> None:
    engine, now = reorganised
    form = engine.plugins.form("projects", None).form
    request = FormRequest(plan=PLAN, period="2016-Q1", number="9")
    place = None
    for day, name in (
        ("2016-05-31", "정보통신과"),
        ("2016-06-01", "감사담당관"),
        ("2016-06-30", "감사담당관"),
        ("2016-07-01", "청렴담당관"),
    ):
        now[0] = dt.datetime.fromisoformat(f"{day}T03:00:00+00:00")
        listing = form.sheet(engine, request).listing
        place = listing.fields.index("unit")
        assert next(listing.texts())[place] == name, day
        path = tmp_path / f"{day}.pdf"
        form.write(engine, path, request)
    # nothing changed between them: the same bytes; and each still agrees with its day
    same = [(tmp_path / f"2016-06-{day}.pdf").read_bytes() for day in ("01", "30")]
    assert same[0] == same[1]
    old = [f.code for f in form.check(engine, tmp_path / "2016-05-31.pdf")]
    assert old == ["agrees", "moved_on"]


def test_without_a_period_it_is_the_one_of_today(reorganised: Any) -> None:
    engine, now = reorganised
    form = engine.plugins.form("department", None).form
    for day, period in (
        ("2016-01-05", "2016-Q1"),
        ("2016-03-31", "2016-Q1"),
        ("2016-04-01", "2016-Q2"),
        ("2017-02-01", "2016-Q4"),
    ):
        now[0] = dt.datetime.fromisoformat(f"{day}T03:00:00+00:00")
        if day < "2016-02-25":
            continue
        assert form.sheet(engine, FormRequest(plan=PLAN)).evidence.period == period
    at = dt.datetime(2016, 8, 1, tzinfo=dt.UTC)
    assert form.sheet(engine, FormRequest(plan=PLAN, at=at)).evidence.period == "2016-Q3"
    assert evalflow.overview(engine, PLAN, at=at).period.text == "2016-Q3"


# ------------------------------------------------------------------ forms of before


def test_a_form_of_the_earlier_layout_is_told_and_its_history_held(office: Any) -> None:
    made = office.sheet("bureau", REQUEST)
    text = made.evidence.text().replace("form/3", "form/1")
    for name in ("left", "on", "values"):
        tree = yaml.safe_load(text)
        tree.pop(name)
        import json

        text = json.dumps(tree, ensure_ascii=False, sort_keys=True)
    earlier = Evidence.read(text)
    assert earlier is not None
    assert earlier.earlier
    found = list(office.form("bureau").form._findings(office.engine, Path("x.pdf"), earlier, None))
    assert [each.code for each in found] == ["earlier_layout"]
    forged = attrs.evolve(earlier, checkpoint="seodaemun-2016 r1 #1 00")
    found = list(office.form("bureau").form._findings(office.engine, Path("x.pdf"), forged, None))
    assert [each.code for each in found] == ["history_differs"]


# ------------------------------------------------------------------ from the shell


@pytest.mark.slow
def test_values_come_from_a_file_and_by_hand(
    fresh: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import hwpx

    document = hwpx.HwpxDocument.new()
    for name in ("기관명", "수신", "제목"):
        document.fields.add(name, prompt="빈칸")
    template, values_file = tmp_path / "own.hwpx", tmp_path / "values.yaml"
    template.write_bytes(document.to_bytes())
    values_file.write_text("기관명: 가나구\n수신: 갑\n제목:\n", "utf-8")
    out = tmp_path / "form.hwpx"
    store = ["--lang", "en", "--store", str(tmp_path / "office.db"), "form"]
    made = [*store, "make", "projects", "-o", str(out), "--template", str(template)]
    assert cli.run(made) == 2
    assert "--set '기관명=…'" in capsys.readouterr().err
    assert cli.run([*made, "--values", str(values_file), "--set", "수신=정책기획담당관"]) == 0
    import unhwp  # type: ignore[import-untyped]

    text = unhwp.extract_text(str(out))
    assert "가나구" in text
    assert "정책기획담당관" in text
    assert cli.run([*store, "check", str(out), "--template", str(template)]) == 0
    for words in (["--set", "수신"], ["--set", "수신=a", "--leave", "수신"]):
        capsys.readouterr()
        assert cli.run([*made, *words]) == 2
        assert "수신" in capsys.readouterr().err
    values_file.write_text("기관명: [a]\n", "utf-8")
    assert cli.run([*made, "--values", str(values_file)]) == 2
    assert "values.yaml:1" in capsys.readouterr().err
    template.write_bytes(b"PK\x03\x04 not a zip")
    assert cli.run(made) == 2
    assert "own.hwpx" in capsys.readouterr().err
