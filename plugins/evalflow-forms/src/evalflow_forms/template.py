"""An office's own file, filled: `{{field}}` in cells and paragraphs, empty cells of Excel that bear
the field's name (이름 정의), and form fields of 한글.

Fields are `form_title`, `form_subtitle`, `form_number`, `form_date`, `form_disclosure`,
`form_evidence`, `form_illustrative`, and the columns of the form. A row in which a column's name
stands (`{{rate}}`) is repeated for each row of the form's first table (XLSX); elsewhere
`{{rate.3}}` is the third row's rate.
"""

from __future__ import annotations

import re
from pathlib import Path

import evalflow
from evalflow_forms.sheet import Sheet

_FIELD = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


def fields(made: Sheet) -> dict[str, str]:
    """Return the fields of a form that are not in its tables."""
    names = ("form_number", "form_date", "form_disclosure")
    return {
        "form_title": made.title,
        "form_subtitle": made.subtitle,
        "form_evidence": made.evidence_line,
        "form_illustrative": f"※ 예시 자료: {made.illustrative}" if made.illustrative else "",
        **dict(zip(names, [value for _, value in made.head], strict=True)),
    }


def table_fields(made: Sheet) -> list[dict[str, int]]:
    """Return the column of each field, for every table."""
    return [{name: place for place, name in enumerate(table.fields)} for table in made.tables]


def filled(template: Path, suffix: str, made: Sheet) -> bytes:
    """Return the template with its fields filled, and the evidence in it.

    Raises:
        InvalidInput: the template has another format, or names fields that the form does not
            have: all of them.
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
    if suffix == ".xlsx":
        from evalflow_forms.xlsx import fill

        return fill(template, made)
    from evalflow_forms.hwpx_writer import fill as fill_hwpx

    return fill_hwpx(template, made)


class Filling:
    """Fills texts; what is unknown is collected, and raised at the end."""

    def __init__(self, template: Path, made: Sheet) -> None:
        """Take the template's name, for problems, and the form."""
        self._file = str(template)
        self._said = fields(made)
        self._table = made.tables[0]
        self.columns = table_fields(made)[0]
        self.problems: list[evalflow.Problem] = []
        self.found = 0

    def known(self) -> list[str]:
        """Return every field that the form has."""
        return [*self._said, *self.columns]

    def rows_in(self, text: str) -> bool:
        """Say whether a text has a column's field without a number: its row is repeated."""
        return any(name in self.columns for name in _FIELD.findall(text))

    def value(self, name: str, row: int | None, where: str) -> str:
        """Return what a field says; an unknown one is noted."""
        self.found += 1
        column, dot, number = name.partition(".")
        if name in self._said:
            return self._said[name]
        if column in self.columns:
            at = int(number) - 1 if number.isdecimal() and number != "0" else row
            if at is not None and (not dot or number.isdecimal()):
                return self._in_table(at, self.columns[column])
        known = self.known()
        near = evalflow.NotFound("field", name, known).nearest
        hint = f"; '{near}'" if near else ""
        self.problems.append(
            evalflow.Problem(
                code="unknown_field",
                file=self._file,
                path=where,
                value=name,
                ko=f"{where}: 서식에 없는 이름 '{name}'{hint} (가능: {', '.join(known)})",
                en=f"{where}: no field '{name}'{hint} (there are: {', '.join(known)})",
            )
        )
        return ""

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
        return _FIELD.sub(lambda match: self.value(match[1], row, where), text)

    def raise_if_any(self) -> None:
        """Raise what was collected, also where the template has no field at all.

        Raises:
            InvalidInput: all problems.
        """
        if not self.found:
            self.problems.append(
                evalflow.Problem(
                    code="no_fields",
                    file=self._file,
                    ko="서식 파일에 {{이름}}이 하나도 없습니다",
                    en="the template has no {{field}} at all",
                )
            )
        if self.problems:
            raise evalflow.InvalidInput(self.problems)
