"""Every door through which an office hands in a figure or an amount, asked for many texts at once:
what each of them was taken for, None where it was refused."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl

import evalflow
from evalflow.batch.book_reading import about, read_filled
from evalflow.batch.sheet import figures_by_project
from evalflow.cli import sheets
from evalflow.cli.session import read_data
from evalflow.engine.sheets import write_sheet
from evalflow.errors import InvalidInput
from evalflow.files.book_writer import HEADS
from evalflow.files.table_reader import read_table
from evalflow.files.yaml_writer import yaml_text
from evalflow.model import Share
from evalflow.plan.load import with_tables
from evalflow.plan.tables import ACTUALS
from small_plans import PLAN, QUARTERS
from workbooks_made import by_odfpy, by_openpyxl, by_xlsxwriter, by_xlwt

Taken = list[Decimal | None]
Door = Callable[["Offices", Sequence[str]], Taken]

UNIT = "%"
_EXPLAINED = {"i": {"cause": "가", "countermeasure": "나"}}


def by_csv(rows: Sequence[Sequence[Any]]) -> bytes:
    return _parted(rows, ",").encode("utf-8-sig")


def by_excel_in_unicode(rows: Sequence[Sequence[Any]]) -> bytes:
    return _parted(rows, "\t").encode("utf-16")


def _parted(rows: Sequence[Sequence[Any]], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(
        [["" if each is None else each for each in row] for row in rows]
    )
    return out.getvalue()


WRITERS: Mapping[str, Any] = {
    "csv": by_csv,
    "txt": by_excel_in_unicode,
    "xlsx": by_openpyxl,
    "xlsm": by_xlsxwriter,
    "ods": by_odfpy,
    "xls": by_xlwt,
}


class Offices:
    """An office of `many` projects alike, each with one indicator in percent."""

    def __init__(self, folder: Path, many: int) -> None:
        self.folder, self.many = folder, many
        self.plan = self.loaded(["1.5"] * many)
        self.engine = evalflow.open(
            "memory:", plugins=[], clock=lambda: dt.datetime(2025, 4, 2, tzinfo=dt.UTC)
        )
        self.engine.adopt(self.plan, by="evaluation-1")
        self.ids = [f"x-2025/{number}" for number in range(1, many + 1)]
        self.clerk = self.engine.actor("x-2025", "d-1")
        self.definitions = {
            each: self.engine.plans.definition(each, period="2025-Q1") for each in self.ids
        }
        lifecycle = self.engine.rules.lifecycle_of("x-2025")
        assert lifecycle is not None
        self.lifecycle = lifecycle
        self.event = self.lifecycle.events["self_evaluate"]
        write_sheet(
            folder / "made.xlsx",
            self.engine,
            self.lifecycle,
            self.event,
            "d",
            list(self.engine.projects(plan="x-2025")),
            "ko",
        )

    def loaded(self, targets: Sequence[str], won: str | None = None) -> evalflow.Plan:
        path = self.folder / "plan.yaml"
        budget = {} if won is None else {"budget": {"sources": {"구비": won}}}
        projects = {
            str(number): {
                "ko": "사업",
                "unit": "d",
                "field": "f",
                **budget,
                "indicators": {
                    "i": {
                        "ko": "지표",
                        "unit": UNIT,
                        "direction": "up",
                        "accumulation": "last",
                        "targets": dict.fromkeys(QUARTERS, target),
                    }
                },
            }
            for number, target in enumerate(targets, 1)
        }
        path.write_text(yaml_text({**PLAN, "projects": projects}), "utf-8")
        return evalflow.load_plan(path, plugins=[])

    def actual(self, figure: Any, at: int = 0) -> Decimal | None:
        """Return what the gate makes of an actual."""
        data = {"actuals": {"i": figure}, "explanations": _EXPLAINED}
        answer = self.engine.explain(self.ids[at], "self_evaluate", by=self.clerk, data=data)
        if any(reason.code == "bad_data" for reason in answer.reasons):
            return None
        assert answer.rating is not None
        taken = answer.rating.lines[0].figure
        assert not isinstance(taken, Share)
        return taken

    def taken_of(self, read: Callable[[list[int]], dict[int, Any]]) -> dict[int, Any]:
        """Return what is taken where the rows that are refused are left out: nobody's mistake may
        hide another's figure, and no row may be refused without being named."""
        rows = list(range(self.many))
        while rows:
            try:
                return read(rows)
            except InvalidInput as error:
                wrong = {each.line for each in error.problems}
                assert wrong - {None}, error
                rows = [each for at, each in enumerate(rows) if at + 2 not in wrong]
        return {}


# --------------------------------------------------------------------------- one by one


def by_fire(offices: Offices, texts: Sequence[str]) -> Taken:
    return [offices.actual(text) for text in texts]


def by_setting(offices: Offices, texts: Sequence[str]) -> Taken:
    said = [read_data(_SESSION, None, [f"actuals.i={text}"])[0] for text in texts]
    return [offices.actual((each or {})["actuals"]["i"]) for each in said]


def by_inline_data(offices: Offices, texts: Sequence[str]) -> Taken:
    return [_data(offices, json.dumps({"i": text}, ensure_ascii=False)) for text in texts]


def by_data_file(offices: Offices, texts: Sequence[str]) -> Taken:
    path = offices.folder / "data.yaml"
    found = []
    for text in texts:
        path.write_text(yaml_text({"i": text}), "utf-8")
        found.append(_data(offices, str(path)))
    return found


def _data(offices: Offices, source: str) -> Decimal | None:
    try:
        said = read_data(_SESSION, source, [])[0] or {}
    except InvalidInput:
        return None
    return offices.actual(said["i"])


_SESSION: Any = None


def by_plan_file(offices: Offices, texts: Sequence[str]) -> Taken:
    found: Taken = []
    for text in texts:
        try:
            target = offices.loaded([text]).projects["1"].indicators[0].targets["2025-Q1"]
        except InvalidInput:
            target = None
        assert not isinstance(target, Share)
        found.append(target if isinstance(target, Decimal) else None)
    return found


# --------------------------------------------------------------------------- many at once


def by_table_of_actuals(ending: str) -> Door:
    def door(offices: Offices, texts: Sequence[str]) -> Taken:
        def read(rows: list[int]) -> dict[int, Any]:
            lines = [[str(at + 1), "지표", texts[at]] for at in rows]
            data = WRITERS[ending]([["관리번호", "성과지표", "실적"], *lines])
            table = read_table(data, ACTUALS, name="t")
            found = figures_by_project(table, "x-2025", offices.definitions)
            return {int(key[7:]) - 1: each["actuals"]["i"] for key, each in found.items()}

        found = offices.taken_of(read)
        return [
            offices.actual(found[at], at) if at in found else None for at in range(offices.many)
        ]

    return door


def by_table_of_targets(ending: str) -> Door:
    def door(offices: Offices, texts: Sequence[str]) -> Taken:
        path = offices.folder / f"targets.{ending}"

        def read(rows: list[int]) -> dict[int, Any]:
            heads = ["관리번호", "성과지표", "1분기"]
            path.write_bytes(
                WRITERS[ending]([heads, *([str(at + 1), "지표", texts[at]] for at in rows)])
            )
            plan = with_tables(offices.plan, [path])
            return {at: plan.projects[str(at + 1)].indicators[0].targets["2025-Q1"] for at in rows}

        found = offices.taken_of(read)
        return [found.get(at) for at in range(offices.many)]

    return door


def by_sheet_of_a_department(offices: Offices, texts: Sequence[str]) -> Taken:
    book: Any = openpyxl.load_workbook(offices.folder / "made.xlsx")
    page = book["실적"]
    column = next(each.column for each in page[HEADS] if each.value == "실적")
    for at, text in enumerate(texts):
        cell = page.cell(HEADS + 1 + at, column, text)
        cell.data_type = "s"
    path = offices.folder / "filled.xlsx"
    book.save(path)
    context = sheets._context(offices.engine, "x-2025", offices.lifecycle, offices.event)
    filled = read_filled(path, about(path)[0], context)
    found: Taken = []
    for at, project in enumerate(offices.ids):
        assert (project in filled.data) != (project in filled.problems)
        data = filled.data.get(project)
        found.append(None if data is None else offices.actual(data["actuals"]["i"], at))
    return found


FIGURES: Mapping[str, Door] = {
    "fire": by_fire,
    "--set": by_setting,
    "--data {…}": by_inline_data,
    "--data FILE": by_data_file,
    "plan file": by_plan_file,
    "sheet": by_sheet_of_a_department,
    **{f"figures.{ending}": by_table_of_actuals(ending) for ending in WRITERS},
    **{f"targets.{ending}": by_table_of_targets(ending) for ending in WRITERS},
}
"""Doors of figures. Through those of targets nothing provisional comes."""


# --------------------------------------------------------------------------- amounts


def won_by_plan_file(offices: Offices, texts: Sequence[str]) -> Taken:
    found: Taken = []
    for text in texts:
        try:
            plan = offices.loaded(["1"], text)
        except InvalidInput:
            found.append(None)
        else:
            found.append(Decimal(plan.projects["1"].budget.sources["구비"]))
    return found


def won_by_table(ending: str) -> Door:
    def door(offices: Offices, texts: Sequence[str]) -> Taken:
        path = offices.folder / f"budget.{ending}"

        def read(rows: list[int]) -> dict[int, Any]:
            path.write_bytes(
                WRITERS[ending]([["관리번호", "구비"], *([str(at + 1), texts[at]] for at in rows)])
            )
            plan = with_tables(offices.plan, [path])
            return {at: Decimal(plan.projects[str(at + 1)].budget.sources["구비"]) for at in rows}

        found = offices.taken_of(read)
        return [found.get(at) for at in range(offices.many)]

    return door


WON: Mapping[str, Door] = {
    "plan file": won_by_plan_file,
    **{f"budget.{ending}": won_by_table(ending) for ending in WRITERS},
}
"""Doors of amounts in won."""
