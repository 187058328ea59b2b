"""What every command shares: the store, the language, and how things are printed."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import click

from evalflow.errors import invalid, particles, printable
from evalflow.files.inputs import opened_text
from evalflow.model import Label, Project
from evalflow.model.calendar import day_text, time_text
from evalflow.model.data import FORMAT, to_json
from evalflow.model.values import define

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.lifecycle.definition import Lifecycle

BEGUN: ContextVar[bool] = ContextVar("begun", default=False)
"""Whether this run has begun to print JSON: an error after that goes beside it alone."""

_PAPER = 160  # columns where the output is no terminal: a pipe, a file


_BESIDE = {
    "adopt": ("계획 등록", "Adopt a plan"),
    "revise": ("계획 개정", "Revise a plan"),
    "migrate": ("절차 전환", "Migrate"),
    "redate": ("시각 바로잡기", "Put times right"),
}


def one_line(text: str) -> str:
    """Return a text that somebody wrote as one line that is nothing but that text."""
    return " ⏎ ".join(printable(text).splitlines()) if "\n" in text else printable(text)


@define
class Session:
    """One run of the command line. `opens` is what a host opens its own store with."""

    store: str | None
    lang: str
    opens: Callable[[], Engine] | None = None

    def say(self, ko: str, en: str) -> str:
        """Return the sentence in the language of this run."""
        return particles(ko) if self.lang == "ko" else en

    def label(self, label: Label) -> str:
        """Return the label in the language of this run."""
        return label.text(self.lang)

    def quoted(self, label: Label) -> str:
        """Return a title in the marks that its language quotes it with."""
        return self.say(f"「{label.ko}」", f"'{label.en}'")

    def day(self, day: dt.date | None) -> str:
        """Return a day in the language of this run; `-` where there is none."""
        return "-" if day is None else day_text(day, self.lang)

    def time(self, at: dt.datetime) -> str:
        """Return day and time, in the zone of `at`, in the language of this run."""
        return time_text(at, self.lang)

    def url(self) -> str:
        """Return the URL of the store that `--store` or EVALFLOW_STORE names.

        Raises:
            InvalidInput: no store is named.
        """
        if not self.store:
            raise invalid(
                "no_store",
                ko="저장소를 정하십시오: --store office.db 또는 환경변수 EVALFLOW_STORE",
                en="name a store: --store office.db, or set EVALFLOW_STORE",
            )
        return self.store if ":" in self.store else f"sqlite:///{self.store}"

    @property
    def path(self) -> str | None:
        """Return the path of the store where it is a file."""
        url = self.url()
        if not url.startswith("sqlite:///"):
            return None
        return url.removeprefix("sqlite:///").partition("?")[0]

    def open(
        self, *, must_exist: bool = True, clock: Callable[[], dt.datetime] | None = None
    ) -> Engine:
        """Open the store that `--store` or EVALFLOW_STORE names; `clock` is the machine's
        unless another is given.

        Raises:
            InvalidInput: no store is named.
            StorageError: it cannot be used, or does not exist where it must.
        """
        import os.path

        import evalflow
        from evalflow.storage.integrity import AuditStorage
        from evalflow.storage.urls import shown_url

        url, path = self.url(), self.path
        if self.opens is None and must_exist and path is not None and not os.path.exists(path):
            raise evalflow.StorageError(
                "missing",
                ko=f"저장소가 없습니다: {shown_url(path)} ('evalflow plan import'로 만듭니다)",
                en=f"no such store: {shown_url(path)} ('evalflow plan import' makes it)",
            )
        faults = logging.getLogger("evalflow.storage")
        if not faults.handlers:
            faults.addHandler(logging.NullHandler())  # they are said below
        if self.opens is not None:
            engine = self.opens()
        else:
            fired = logging.getLogger("evalflow.fired")  # nobody else reads the log of a command
            if not fired.handlers and logging.lastResort is not None:
                fired.addHandler(logging.lastResort)  # to where stderr leads when it is written
            engine = evalflow.open(url) if clock is None else evalflow.open(url, clock=clock)
        if isinstance(engine.storage, AuditStorage):
            for fault in engine.storage.schema_faults:
                self.remark(self.say("주의: ", "warning: ") + fault.text(self.lang))
        return engine

    # ------------------------------------------------------------------ printing

    def print_json(self, name: str, values: Iterable[Any], **more: Any) -> None:
        """Print `{"format": …, …more, name: [values]}` as JSON, streamed: one value a line."""
        out = sys.stdout
        BEGUN.set(True)
        head = "".join(
            f"{to_json(key)}: {to_json(value)}, "
            for key, value in {"format": FORMAT, **more}.items()
            if value is not None
        )
        out.write("{" + head + to_json(name) + ": [")
        for place, value in enumerate(values):
            out.write(("" if place == 0 else ",") + "\n  " + to_json(value))
        out.write("\n]}\n")

    def table(
        self,
        heads: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        right: Sequence[int] = (),
        title: str | None = None,
    ) -> None:
        """Print a table whose columns stay aligned with wide Korean characters."""
        from evalflow.cli.tables import plain_table

        said = None if title is None else one_line(title)
        shown = [[one_line(cell) for cell in row] for row in rows]
        out = sys.stdout
        if not out.isatty() and (out.encoding or "").lower().startswith("utf"):
            text = plain_table(heads, shown, right, said, _PAPER)
            if text is not None:
                out.write(text)
                return
        self._rich_table(heads, shown, right, said)

    def _rich_table(
        self,
        heads: Sequence[str],
        rows: Sequence[Sequence[str]],
        right: Sequence[int],
        title: str | None,
    ) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
        for place, head in enumerate(heads):
            table.add_column(head, overflow="fold", justify="right" if place in right else "left")
        for row in rows:
            table.add_row(*[Text(cell, overflow="fold") for cell in row])
        console = Console(width=None if sys.stdout.isatty() else _PAPER, highlight=False)
        console.print(table)

    def echo(self, text: str = "") -> None:
        """Print a text, with terminal control characters removed."""
        click.echo(printable(text))

    def raw(self, data: bytes) -> None:
        """Write the bytes of a file to the output as they are."""
        sys.stdout.flush()
        out = getattr(sys.stdout, "buffer", None)
        if out is None:
            sys.stdout.write(data.decode())
        else:
            out.write(data)
            out.flush()

    def remark(self, text: str) -> None:
        """Print a line to stderr, so that it is not piped."""
        click.echo(printable(text), err=True)

    def busy(self, ko: str, en: str) -> AbstractContextManager[object]:
        """Show that long work is going on: on a terminal only, and never in the output."""
        if not sys.stderr.isatty():
            return nullcontext()
        from rich.console import Console

        return Console(stderr=True).status(self.say(ko, en))

    def illustrative(self, engine: Engine, plans: Iterable[str]) -> Label | None:
        """Return the note about illustrative data in these plans, or None."""
        found = [engine.plans.head(plan).illustrative for plan in dict.fromkeys(plans)]
        said = [label for label in found if label is not None]
        return said[0] if said else None

    def remark_illustrative(
        self, engine: Engine, plans: Iterable[str], *, whole: bool = False
    ) -> None:
        """Say, under what was shown, that part of it is illustrative: in a word on every screen,
        with what it is (`whole`) where the plan itself is shown or written."""
        label = self.illustrative(engine, plans)
        if label is None:
            return
        if whole:
            self.echo(self.say("※ 예시 자료: ", "※ illustrative: ") + self.label(label))
        else:
            self.echo(self.say("※ 예시 자료 (plan show)", "※ illustrative (plan show)"))

    # ------------------------------------------------------------------ words

    def states(self, lifecycle: Lifecycle, states: Sequence[str]) -> str:
        """Return the labels of states; a region in its initial state beside the first is quiet."""
        from evalflow.lifecycle.definition import states_text

        return states_text(lifecycle, states, self.lang)

    def event(self, lifecycle: Lifecycle, name: str) -> str:
        """Return what people call an event: one of the lifecycle, or one that none defines."""
        event = lifecycle.events.get(name)
        if event is not None:
            return self.label(event.label)
        return self.say(*_BESIDE.get(name, (name, name)))

    def actor(self, engine: Engine, plan: str, said: str, project: str | None = None) -> str:
        """Return the id of an actor of the plan, said by the id or by a role that one alone holds
        today.

        Raises:
            NotFound, InvalidInput: see `Names.actor`.
        """
        today = engine.plans.calendar(plan).today(engine.clock())
        return engine.names.actor(plan, said, on=today, project=project)

    def unit(self, engine: Engine, project: Project, day: dt.date) -> str:
        """Return the name of the project's unit on `day`."""
        return self.label(engine.plans.head(project.plan).unit(project.unit).label_on(day))


def read_data(
    session: Session, source: str | None, settings: Sequence[str]
) -> tuple[dict[str, Any] | None, Any]:
    """Return the data for `fire` from `--data` and `--set`, and the document it came from.

    Raises:
        InvalidInput: the file is not YAML, a setting has no `=`, or two say the same.
    """
    data: dict[str, Any] | None = None
    document = None
    if source is not None:
        from evalflow.files import yaml

        if source == "-":
            document = yaml.read(sys.stdin.buffer.read(), name="<stdin>")
        elif source.lstrip()[:1] == "{":
            document = yaml.read(source.encode(), name="--data")
        else:
            document = yaml.read(_path(source))
        tree = document.tree
        if not isinstance(tree, Mapping):
            raise invalid(
                "wrong_type",
                file=document.name,
                line=1,
                ko="항목: 값 꼴의 자료여야 합니다.",
                en="expected data as name: value",
            )
        data = dict(tree)
    said: set[tuple[str, ...]] = set()
    for setting in settings:
        data = {} if data is None else data
        _set(data, setting, said)
    return data, document


def read_where(settings: Sequence[str]) -> dict[str, Any]:
    """Return the conditions of `--where`; `number=@FILE` takes numbers from a file, `number=-`
    from standard input.

    Raises:
        InvalidInput: an unknown key, a wrong value, a file that cannot be read.
    """
    from evalflow.batch.selection import from_text, numbers_from

    where = from_text(settings)
    numbers: list[str] = []
    for number in where.get("numbers", ()):
        if number != "-" and not number.startswith("@"):
            numbers.append(number)
            continue
        listed = numbers_from(sys.stdin.read() if number == "-" else _text_of(number[1:]))
        if not listed:
            name = "<stdin>" if number == "-" else number[1:]
            ko, en = "관리번호가 하나도 없습니다", "there is no project number in it"
            raise invalid("no_numbers", file=name, ko=ko, en=en)
        numbers += listed
    return {**where, "numbers": tuple(numbers)} if "numbers" in where else where


def _text_of(path: str) -> str:
    try:
        with opened_text(path) as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise invalid(
            "no_file",
            file=path,
            ko="파일을 읽을 수 없습니다 (UTF-8)",
            en=f"cannot read the file as UTF-8 ({error})",
        ) from None


def _path(source: str) -> Any:
    from pathlib import Path

    return Path(source)


def _set(data: dict[str, Any], setting: str, said: set[tuple[str, ...]]) -> None:
    from evalflow.files import yaml

    key, equals, text = setting.partition("=")
    way = tuple(each.strip() for each in key.split("."))
    if not equals or not all(way):
        raise invalid(
            "bad_setting",
            value=setting,
            ko=f"--set은 이름=값 꼴이어야 합니다: '{setting}'",
            en=f"--set takes name=value, got '{setting}'",
        )
    if any(way[: len(each)] == each or each[: len(way)] == way for each in said):
        raise invalid(
            "set_twice",
            value=setting,
            ko=f"--set으로 '{key}'을(를) 두 번 주었습니다: '{setting}'",
            en=f"'{key}' is given twice by --set: '{setting}'",
        )
    said.add(way)
    value: Any = text
    if text[:1] in ("{", "["):
        value = yaml.read(text.encode(), name=f"--set {key}").tree
    place = data
    for name in way[:-1]:
        inner = place.setdefault(name, {})
        if not isinstance(inner, dict):
            inner = place[name] = {}
        place = inner
    place[way[-1]] = value


def day_of(said: str) -> dt.date:
    """Return the day that was said, in any of the ways in which a cell may say it: `2016-04-05`,
    `2016. 4. 5.`, `'16.4.5` (see `read_day`).

    Raises:
        InvalidInput: it is no day.
    """
    from evalflow.files.days import read_day

    said, found = said[:60], read_day(said[:60])
    if found.day is None or found.code:  # a serial number is a workbook's word for a day
        told = found.day is None and found.code not in ("not_a_date", "blank")
        raise invalid(
            "bad_date",
            value=said,
            ko=found.ko if told else f"날짜가 아닙니다: '{said}' (예: 2016-04-05, 2016. 4. 5.)",
            en=found.en if told else f"not a date: '{said}' (expected e.g. 2016-04-05)",
        )
    return found.day


def moment(session: Session, engine: Engine, plan: str | None, day: str | None) -> Any:
    """Return the end of the office's `day` as a moment, or None where no day is given.

    Raises:
        InvalidInput: not a date.
    """
    if day is None:
        return None
    date = day_of(day)
    plans = engine.plans.ids()
    name = plan or (plans[0] if plans else None)
    if name is None:
        return dt.datetime.combine(date, dt.time(23, 59, 59), dt.UTC)
    return engine.plans.calendar(name).ends_at(date) - dt.timedelta(microseconds=1)
