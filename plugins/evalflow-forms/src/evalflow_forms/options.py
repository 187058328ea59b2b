"""What a plan may say of a form, under `forms: {NAME: …}`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import attrs

import evalflow

if TYPE_CHECKING:
    from evalflow_forms.columns import Column


@attrs.frozen(kw_only=True)
class Options:
    """What a plan may say of a form, under `forms: {NAME: …}`.

    Attributes:
        columns: the columns by name, in order; none: evalflow's own choice.
        titles: names of columns, in place of evalflow's.
        widths: widths of columns in millimetres, relative to one another.
        title: the title, in place of evalflow's.
        number: 등록번호, printed in the head.
        disclosure: 공개구분; without it the plan document's.
        sign_off: the boxes of the sign-off line (결재란), from the left.
        unit: the unit of money.
        attachments: what is attached; the list ends in 끝.
    """

    columns: tuple[str, ...] = ()
    titles: Mapping[str, str] = attrs.field(factory=dict)
    widths: Mapping[str, int] = attrs.field(factory=dict)
    title: str | None = None
    number: str | None = None
    disclosure: str | None = None
    sign_off: tuple[str, ...] = ()
    unit: Literal["백만원", "천원", "원"] = "백만원"
    attachments: tuple[str, ...] = ()


def check_columns(form: str, options: Options, known: Mapping[str, Column]) -> None:
    """Raise where the options name columns that the form does not have.

    Raises:
        InvalidInput: all of them, each with its place and the nearest name.
    """
    problems = []
    asked = [(f"forms.{form}.columns[{n}]", name) for n, name in enumerate(options.columns)]
    asked += [(f"forms.{form}.titles.{name}", name) for name in options.titles]
    asked += [(f"forms.{form}.widths.{name}", name) for name in options.widths]
    for path, name in asked:
        if name not in known:
            missing = evalflow.NotFound("column", name, tuple(known))
            near = f"; '{missing.nearest}'" if missing.nearest else ""
            listed = ", ".join(known)
            problems.append(
                evalflow.Problem(
                    code="unknown_column",
                    path=path,
                    value=name,
                    ko=f"열 '{name}'이(가) 없습니다{near} (가능: {listed})",
                    en=f"no column '{name}'{near} (there are: {listed})",
                )
            )
    problems.extend(
        evalflow.Problem(
            code="column_twice",
            path=f"forms.{form}.columns",
            value=name,
            ko=f"열 '{name}'이(가) 두 번 있습니다",
            en=f"the column '{name}' appears twice",
        )
        for name in dict.fromkeys(options.columns)
        if options.columns.count(name) > 1
    )
    for name, width in options.widths.items():
        if width < 1:
            problems.append(
                evalflow.Problem(
                    code="bad_width",
                    path=f"forms.{form}.widths.{name}",
                    value=str(width),
                    ko=f"열 너비는 1 이상이어야 합니다: {width}",
                    en=f"a width is at least 1: {width}",
                )
            )
    if problems:
        raise evalflow.InvalidInput(problems)


_COLUMNS = {
    "projects": ("listing", "PROJECTS"),
    "department": ("listing", "DEPARTMENT"),
    "change": ("change", "CHANGE"),
}
"""Where the columns of the forms stand whose columns are known when the plan is loaded. They are
looked for when a plan names some: a command that makes no form does without them."""


def _of_columns(form: str) -> Any:
    """Return what holds columns, titles or widths of a plan file against the form's columns."""

    def validate(_: Any, field: attrs.Attribute[Any], value: Any) -> None:
        if value:
            module, name = _COLUMNS[form]
            known = getattr(import_module(f"evalflow_forms.{module}"), name)
            given: dict[str, Any] = {field.name: value}
            check_columns(form, Options(**given), known)

    return validate


@attrs.frozen(kw_only=True)
class ProjectsOptions(Options):
    """The options of 붙임 1: its columns are known when the plan is loaded."""

    columns: tuple[str, ...] = attrs.field(default=(), validator=_of_columns("projects"))
    titles: Mapping[str, str] = attrs.field(factory=dict, validator=_of_columns("projects"))
    widths: Mapping[str, int] = attrs.field(factory=dict, validator=_of_columns("projects"))


@attrs.frozen(kw_only=True)
class DepartmentOptions(Options):
    """The options of 붙임 3. With `columns` it is one list, without them a paper a project."""

    columns: tuple[str, ...] = attrs.field(default=(), validator=_of_columns("department"))
    titles: Mapping[str, str] = attrs.field(factory=dict, validator=_of_columns("department"))
    widths: Mapping[str, int] = attrs.field(factory=dict, validator=_of_columns("department"))


@attrs.frozen(kw_only=True)
class ChangeOptions(Options):
    """The options of the 변경계획서. With `columns` it is one list, else a paper a change."""

    columns: tuple[str, ...] = attrs.field(default=(), validator=_of_columns("change"))
    titles: Mapping[str, str] = attrs.field(factory=dict, validator=_of_columns("change"))
    widths: Mapping[str, int] = attrs.field(factory=dict, validator=_of_columns("change"))
