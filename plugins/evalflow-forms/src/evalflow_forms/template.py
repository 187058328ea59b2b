"""An office's own file, filled: `{{field}}` in cells and paragraphs, empty cells of Excel that bear
the field's name (이름 정의), and form fields of 한글 (누름틀).

Fields are `form_title`, `form_subtitle`, `form_number`, `form_date`, `form_disclosure`,
`form_evidence`, `form_illustrative`, and the columns of the form. A row in which a column's name
stands (`{{rate}}`) is repeated for each row of the form (XLSX, see `moving`); elsewhere
`{{rate.3}}` is the third row's rate. Names of the office's own (기관명, 수신) get their values from
the request, which may hold fields in turn, or are left as they are.
"""

from __future__ import annotations

import re
from pathlib import Path

import evalflow
from evalflow_forms.archive import looked_through
from evalflow_forms.sheet import Sheet

FIELD = re.compile(r"\{\{\s*([^{}]*[^{}\s])\s*\}\}")
_BRACES = re.compile(r"\{\{|\}\}|｛｛|｝｝")
_SINGLE = re.compile(r"[{｛]\s*([^{}｛｝]*[^{}｛｝\s])\s*[}｝]")


def fields(made: Sheet) -> dict[str, str]:
    """Return the fields of a form that are not in its tables."""
    said = dict(made.head)
    return {
        "form_title": made.title,
        "form_subtitle": made.subtitle,
        "form_evidence": made.evidence_line,
        "form_illustrative": f"※ 예시 자료: {made.illustrative}" if made.illustrative else "",
        "form_number": said["등록번호"],
        "form_date": said["등록일자"],
        "form_disclosure": said["공개구분"],
    }


def filled(template: Path, suffix: str, made: Sheet) -> bytes:
    """Return the template with its fields filled, and the evidence in it.

    Raises:
        InvalidInput: the template has another format, is no whole file of it, or names fields that
            the form does not have: all of them.
        OSError: it cannot be read.
    """
    if template.suffix.lower() != suffix or suffix == ".pdf":
        raise evalflow.InvalidInput(
            [
                evalflow.Problem(
                    code="wrong_template",
                    file=str(template),
                    value=template.suffix,
                    ko="서식 파일은 만들 파일과 같은 형식(.xlsx, .hwpx)이어야 합니다",
                    en="a template has the format of the file that is made (.xlsx, .hwpx)",
                )
            ]
        )
    data = looked_through(template, suffix)
    if suffix == ".xlsx":
        from evalflow_forms.xlsx import fill

        return fill(template, data, made)
    from evalflow_forms.hwpx_template import fill as fill_hwpx

    return fill_hwpx(template, data, made)


class Filling:
    """Fills texts; what is unknown is collected, and raised at the end."""

    def __init__(self, template: Path, made: Sheet) -> None:
        """Take the template's name, for problems, and the form."""
        self._file = str(template)
        self._said = fields(made)
        self._table = made.listing
        self._values = dict(made.evidence.values)
        self._left = dict.fromkeys(made.evidence.left)
        self._used: set[str] = set()
        self.columns = {name: place for place, name in enumerate(self._table.fields)}
        self.problems: list[evalflow.Problem] = []
        self.found = 0

    def known(self) -> list[str]:
        """Return every field that the form has."""
        return [*self._said, *self.columns]

    def rows_in(self, text: str) -> bool:
        """Say whether a text has a column's field without a number: its row is repeated."""
        return any(self.is_column(name) for name in FIELD.findall(text))

    def is_column(self, name: str) -> bool:
        """Say whether a name is a column's, and was not given another value by hand."""
        return name in self.columns and name not in self._values and name not in self._left

    def look(self, text: str, where: str, *, around: bool = False) -> None:
        """Note what looks like a field and would be left on the paper: braces that do not match,
        single or wide ones; any field where none is filled (`around`: in a page's head)."""
        rest = text if around else FIELD.sub("", text)
        single = _SINGLE.search(rest)
        if not _BRACES.search(rest) and not (single and single[1] in self.known()):
            return
        ko, en = "항목은 {{이름}}으로 적습니다", "a field is written {{name}}"
        if around and FIELD.search(text):
            ko = "항목은 칸에만 쓸 수 있습니다(시트 이름, 머리글·바닥글 제외)"
            en = "a field stands in a cell, not in a sheet's name, head or foot"
        shown = text[:60]
        self._note(
            "broken_field", where, shown, f"{where}: {ko}: {shown}", f"{where}: {en}: {shown}"
        )

    def leaves(self, name: str) -> bool:
        """Say whether a field is to be left as it is."""
        if name not in self._left:
            return False
        self.found += 1
        self._used.add(name)
        return True

    def value(self, name: str, row: int | None, where: str) -> str:
        """Return what a field says; an unknown one is noted."""
        self.found += 1
        if name in self._values:
            self._used.add(name)
            return FIELD.sub(lambda match: self._own(match[1], row, where), self._values[name])
        return self._own(name, row, where)

    def _own(self, name: str, row: int | None, where: str) -> str:
        column, dot, number = name.partition(".")
        if name in self._said:
            return self._said[name]
        if column in self.columns:
            at = int(number) - 1 if number.isdecimal() and number != "0" else row
            if at is not None and (not dot or number.isdecimal()):
                return self._in_table(at, self.columns[column])
            self._note(
                "no_row",
                where,
                name,
                f"{where}: '{name}'에는 몇째 줄인지 적습니다 ({column}.1은 첫째 줄)",
                f"{where}: '{name}' needs its row: {column}.1 is the first",
            )
            return ""
        known = self.known()
        near = evalflow.NotFound("field", name, known).nearest
        hint = f"; '{near}'" if near else ""
        self._note(
            "unknown_field",
            where,
            name,
            f"{where}: 서식에 없는 이름 '{name}'{hint}. 값은 --set '{name}=…'로 주고, 그대로 둘 "
            f"것은 --leave '{name}' (가능: {', '.join(known)})",
            f"{where}: no field '{name}'{hint}; give it with --set '{name}=…', or leave it with "
            f"--leave '{name}' (there are: {', '.join(known)})",
        )
        return ""

    def _note(self, code: str, where: str | None, value: str | None, ko: str, en: str) -> None:
        self.problems.append(
            evalflow.Problem(code=code, file=self._file, path=where, value=value, ko=ko, en=en)
        )

    def refuse(self, code: str, where: str, value: str, ko: str, en: str) -> None:
        """Note what a template asks for and cannot have."""
        self._note(code, where, value, ko, en)

    def _in_table(self, row: int, column: int) -> str:
        rows = self._table.rows
        if not 0 <= row < len(rows):
            return ""
        while row > 0 and rows[row][column] is None:
            row -= 1
        cell = rows[row][column]
        return cell.shown() if cell is not None else ""

    def text(self, text: str, row: int | None, where: str) -> str:
        """Return a text with all its fields filled."""
        return FIELD.sub(
            lambda m: m[0] if self.leaves(m[1]) else self.value(m[1], row, where), text
        )

    def raise_if_any(self) -> None:
        """Raise what was collected, also where the template has no field at all.

        Raises:
            InvalidInput: all problems.
        """
        stopped = bool(self.problems)  # then not every place was looked at
        for name in [*self._values, *self._left]:
            if name not in self._used and not stopped:
                self._note(
                    "unused_name",
                    None,
                    name,
                    f"서식 파일에 '{name}'이라는 이름이 없습니다 (--set, --leave, --values)",
                    f"the template has no field '{name}' (--set, --leave, --values)",
                )
        if not self.found and not self.problems:
            self._note(
                "no_fields",
                None,
                None,
                "서식 파일에 {{이름}}이나 이름 있는 누름틀이 하나도 없습니다",
                "the template has no {{field}} and no named form field at all",
            )
        if self.problems:
            raise evalflow.InvalidInput(self.problems)
