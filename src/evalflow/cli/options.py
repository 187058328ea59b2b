"""Options that several commands share: whose, on which day, with which data, of which projects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from evalflow.cli.session import Session, read_where


class Respelled(click.Option):
    """An option that had another name once: that one is still understood, and no longer shown."""

    def __init__(self, names: Sequence[str], *, older: Sequence[str], **more: Any) -> None:
        """Take what it is called, and by which `older` names."""
        super().__init__([*names, *older], **more)
        self.older = frozenset(older)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return its line of the help, under its names of today."""
        all_names, self.opts = self.opts, [name for name in self.opts if name not in self.older]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = all_names

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return how a message names it."""
        return " / ".join(f"'{name}'" for name in self.opts if name not in self.older)


pass_session = click.make_pass_decorator(Session)


json_option = click.option("--json", "as_json", is_flag=True, help="JSON으로 출력 · Print JSON.")
actor_option = click.option(
    "--as", "actor", required=True, metavar="ID", help="처리자 · Actor's id."
)
reader_option = click.option(
    "--as", "reader", metavar="ID", help="이 사람이 볼 수 있는 것만 · As this actor may read it."
)
as_of_option = click.option(
    "--at",
    "as_of",
    cls=Respelled,
    older=("--as-of",),
    metavar="DATE",
    help="해당일 마감 기준 · As it stood at the end of that day.",
)
day_option = click.option("--at", metavar="DATE", help="기준일 · On this day instead of today.")
data_option = click.option(
    "--data",
    "source",
    metavar="FILE",
    help="자료: 파일, -, {…} · Data: a YAML file, - for stdin, or JSON.",
)
datum_option = click.option(
    "--set", "settings", multiple=True, metavar="K=V", help="자료 항목 · One item: name=value."
)


def output_option(
    help: str, *, name: str = "output", **more: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that says where to write; `name` is the argument's, `more` is as for
    `click.option`."""
    if "type" not in more:
        more["metavar"] = "FILE"
    return click.option("-o", "--output", name, cls=Respelled, older=("--out",), help=help, **more)


count_option = click.option("--count", is_flag=True, help="건수만 · Only how many there are.")


def order_option(orders: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that sorts a list; `orders` names how it can be."""
    said = f"정렬(거꾸로: -이름) · Sort by {orders}; -NAME: the other way round."
    return click.option("--order", metavar="NAME", help=said)


def page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that turn the pages of a numbered list."""
    options = [
        click.option(
            "--after",
            type=click.IntRange(0),
            default=0,
            metavar="N",
            help="이 번호 다음부터 · Start after this number.",
        ),
        click.option("--limit", type=click.IntRange(1), help="건수 제한 · At most so many."),
        click.option("--newest", is_flag=True, help="최근 것부터 · The newest first."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select projects."""
    options = [
        click.option("--plan", metavar="ID", help="계획 · Plan."),
        click.option("--unit", metavar="ID", help="부서(하위 포함) · Unit with all below it."),
        click.option("--field", multiple=True, metavar="ID", help="분야 · Field."),
        click.option(
            "--state", multiple=True, metavar="NAME", help="상태(이름) · State, by its id or label."
        ),
        click.option("--period", multiple=True, metavar="P", help="기간 · Period: 2016-Q1, 1분기."),
        click.option("--band", multiple=True, metavar="NAME", help="추진상태 · Band."),
        click.option("--number", multiple=True, metavar="N", help="관리번호 · Number."),
        click.option("--text", metavar="WORDS", help="번호·이름의 말 · Words in number, name."),
        click.option("--limit", type=click.IntRange(1), help="건수 제한 · At most so many."),
        click.option("--after", metavar="ID", help="이 줄 다음부터 · Start after this one."),
        click.option(
            "--where",
            multiple=True,
            metavar="KEY=VALUE,…",
            help="조건 · Condition: state=planned,reviewed; late=yes; number=@FILE.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def selected(
    plan: str | None,
    unit: str | None,
    field: Sequence[str],
    state: Sequence[str],
    period: Sequence[str],
    band: Sequence[str],
    number: Sequence[str],
    text: str | None,
    limit: int | None,
    after: str | None,
    where: Sequence[str],
) -> dict[str, Any]:
    """Return the conditions that the options of `selection_options` mean."""
    given = {
        "plan": plan,
        "unit": unit,
        "field": field or None,
        "state": state or None,
        "period": period or None,
        "band": band or None,
        "numbers": number or None,
        "text": text,
        "limit": limit,
        "after": after,
    }
    said = {name: value for name, value in given.items() if value is not None}
    return {**read_where(where), **said}
