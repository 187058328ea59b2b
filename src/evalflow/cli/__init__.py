"""The command `evalflow`: the same engine as from Python, for people and scripts.

Exit codes: 0 done, 1 refused, 2 bad input, 3 conflict, 4 not found, 5 store or plugin unusable.
A person never sees a traceback; `EVALFLOW_DEBUG=1` shows it to whoever mends the program.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import click

from evalflow import errors
from evalflow.cli.speaking import in_korean, one_language, speak, speaking

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.plugins.installed import Plugins

DONE, REFUSED, BAD_INPUT, CONFLICT, NOT_FOUND, UNUSABLE = range(6)
WRONG = 70  # a mistake in evalflow itself (EX_SOFTWARE)

_EXIT_CODES: tuple[tuple[type[errors.EvalflowError], int], ...] = (
    (errors.Refused, REFUSED),
    (errors.Forbidden, REFUSED),
    (errors.InvalidInput, BAD_INPUT),
    (errors.Conflict, CONFLICT),
    (errors.NotFound, NOT_FOUND),
    (errors.StorageError, UNUSABLE),
    (errors.PluginError, UNUSABLE),
)


def language() -> str:
    """Return the language of the output where `--lang` is not given: `EVALFLOW_LANG`, else
    English on an English system, else Korean (the offices' own)."""
    chosen = os.environ.get("EVALFLOW_LANG")
    if chosen in ("ko", "en"):
        return chosen
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        system = os.environ.get(name)
        if system:
            return "en" if system.startswith("en") else "ko"
    return "ko"


class _Group(click.Group):
    """A group that lists its commands in the order of a year's work and imports them late."""

    homes: ClassVar = {
        "init": "init",
        "plan": "plans",
        "lifecycle": "lifecycles",
        "status": "status",
        "due": "dues",
        "permitted": "moves",
        "explain": "moves",
        "fire": "moves",
        "history": "histories",
        "batch": "batches",
        "sheet": "sheets",
        "score": "scores",
        "cards": "cards",
        "form": "forms",
        "report": "reports",
        "remind": "maintenance",
        "deliver": "maintenance",
        "run": "running",
        "verify": "maintenance",
        "backup": "copies",
        "restore": "copies",
        "audit": "audits",
        "plugins": "plugins",
        "scenario": "scenarios",
        "simulate": "simulations",
        "demo": "demo",
    }
    summaries: ClassVar = {
        "init": "처음 시작: 통합 문서를 만들고 읽음 · Begin: make a workbook, and read it.",
        "plan": "계획을 검사·등록·조회 · Check, import and show plans.",
        "lifecycle": "절차 정의를 검사·그림 · Check and draw lifecycle definitions.",
        "status": "사업별 현황 · Where projects stand.",
        "due": "기한별 처리 대상 · Who owes what by when, and what is late.",
        "permitted": "지금 할 수 있는 일 · What an actor may do now.",
        "explain": "처리 가능 여부와 사유 · Why something may or may not be done.",
        "fire": "업무 처리 · Fire an event on a project.",
        "history": "이력 · What happened to a project.",
        "batch": "여러 사업을 한꺼번에 · Many projects: plan, review, apply.",
        "sheet": "실적표를 만들고 읽음 · Workbooks to fill in: make them, read them.",
        "score": "이행률과 산출 근거 · Rates, and how they were worked out.",
        "cards": "관리카드 · The management cards of a project.",
        "form": "서식 만들기와 대조 · Official forms: make them, and check them.",
        "report": "회의용 현황 보고서 · One page for the meeting: where all projects stand.",
        "remind": "기한 안내 · Remind people of what is due, as the plan says.",
        "deliver": "알림 발송 · Deliver notices; list and resend dead letters.",
        "run": "상시 운영: 발송·안내·야간 점검 · Run a store: deliver, remind, verify each night.",
        "verify": "이력과 상태를 대조 · Check the store against its history.",
        "backup": "백업 · Write the whole store into one file.",
        "restore": "되돌리기 · Put a backup into a new store.",
        "scenario": "시나리오 실행 · Run scenarios: what is expected of a plan's rules.",
        "simulate": "한 해를 연습 · Rehearse a year with made-up actors, and reconcile it.",
        "plugins": "플러그인 · Installed plugins, and whether they keep their contracts.",
        "audit": "감사 묶음과 확인값 · Audit bundles, and checkpoints for paper.",
        "demo": "2016년 한 해를 시연 · Play the 2016 plan of Seodaemun-gu.",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.homes, *self._added(ctx)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.homes:
            if name not in self._added(ctx):
                return None
            added = _plugins(ctx).command(name)
            assert isinstance(added, click.Command)
            return speak(added)
        return speak(self._own(name))

    def _own(self, name: str) -> click.Command:
        from importlib import import_module

        command = getattr(import_module(f"evalflow.cli.{self.homes[name]}"), f"{name}_command")
        assert isinstance(command, click.Command)
        return command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        speak(self)
        super().format_help(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # The summaries stand here so that `--help` imports none of the commands.
        with formatter.section("명령" if in_korean() else "Commands"):
            listed = {**self.summaries, **self._added(ctx)}
            formatter.write_dl([(name, one_language(said) or "") for name, said in listed.items()])

    def _added(self, ctx: click.Context) -> dict[str, str]:
        """Return the commands of plugins with their summaries; what is built in stays as it is."""
        added = _plugins(ctx).command_summaries()
        return {name: said for name, said in added.items() if name not in self.homes}

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.homes:
            if name in self._added(ctx):
                return super().resolve_command(ctx, args)
            ko, en = errors.did_you_mean(
                f"명령 '{name}'이(가) 없습니다.",
                f"No such command '{name}'.",
                errors.nearest(name, [*self.homes, *self._added(ctx)]),
            )
            raise click.UsageError(ko if in_korean() else en, ctx)
        if name in self.homes:
            command, rest = self._own(name), args[1:]
            if isinstance(command, click.Group) or _shows_help(rest):
                speak(command)
            return name, command, rest
        return super().resolve_command(ctx, args)


def _shows_help(words: Sequence[str]) -> bool:
    """Say whether `--help` or `-h` may be among the words, `-h` with other short options too."""
    return any(
        word == "--help" or ("h" in word and word[:1] == "-" and word[:2] != "--") for word in words
    )


def _plugins(ctx: click.Context) -> Plugins:
    """Return the plugins in use; they are asked where a command is none of those above, or where
    all are listed, and then once."""
    from evalflow.plugins.installed import Plugins

    known: Plugins | None = ctx.meta.get(_PLUGINS)
    if known is None:
        known = ctx.meta[_PLUGINS] = Plugins.load()
    return known


_PLUGINS = "evalflow.plugins"


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--store",
    envvar="EVALFLOW_STORE",
    metavar="URL",
    help="저장소: sqlite:///office.db 또는 파일 경로 [EVALFLOW_STORE] · "
    "The database: sqlite:///office.db or a file's path [EVALFLOW_STORE].",
)
@click.option(
    "--lang",
    type=click.Choice(["ko", "en"]),
    help="언어 [EVALFLOW_LANG] · Language [EVALFLOW_LANG].",
)
@click.version_option(
    package_name="municipal-evalflow",
    prog_name="evalflow",
    help="버전 · Show the version and exit.",
)
@click.pass_context
def cli(ctx: click.Context, store: str | None, lang: str | None) -> None:
    """주요업무 시행 및 평가 · The yearly evaluation of an office's key projects.

    종료 코드: 0 처리, 1 처리 불가, 2 잘못된 입력, 3 충돌(다른 사람이 먼저), 4 없음, 5 저장소나
    플러그인을 쓸 수 없음 · Exit codes: 0 done, 1 refused, 2 bad input, 3 conflict, 4 not found,
    5 store or plugin unusable.
    """
    from evalflow.cli.session import BEGUN, Session

    BEGUN.set(False)
    ctx.obj = Session(store=store, lang=lang or language(), opens=ctx.obj)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
    code = run(arguments)
    gc.freeze()  # what is left goes with the program, and is not looked through as it ends
    sys.exit(code)


_OBJECTS = 100_000
"""New objects after which garbage is looked for: importing a command makes half as many, which
stay, and Python would look through them sixty times."""


def command_line(
    arguments: Sequence[str], *, store: str, opens: Callable[[], Engine], lang: str | None = None
) -> int:
    """Run the command line inside of a host's own program, on the host's store, and return the exit
    code: what `evalflow ARGUMENTS` prints is printed.

    `store` is the URL of the store, which is shown without a password; `opens` opens it, each time
    anew, with the host's plugins, directory and clock. `lang` (`ko`, `en`) holds where the
    environment says nothing (`EVALFLOW_LANG`).
    """
    said = [] if lang is None or os.environ.get("EVALFLOW_LANG") else [f"--lang={lang}"]
    if any(each.partition("=")[0] == "--lang" for each in arguments):
        said = []
    return run(["--store", store, *said, *arguments], obj=opens)


def run(arguments: list[str] | None = None, **extra: Any) -> int:
    """Run the command line and return its exit code."""
    with speaking(_language_of(arguments)):
        return _run(arguments, **extra)


def _run(arguments: list[str] | None, **extra: Any) -> int:
    try:
        answer = cli.main(args=arguments, standalone_mode=False, prog_name="evalflow", **extra)
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.Abort:
        click.echo("중단했습니다." if in_korean() else "interrupted", err=True)
        return 130
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        told = errors.printable(usage.getvalue())
        if _language_of(arguments) == "ko":
            told = errors.particles(told)
        said = error.format_message()
        _as_json(arguments, {"code": "usage", "ko": said, "en": said})
        click.echo(told, err=True, nl=False)
        return BAD_INPUT
    except (BrokenPipeError, SystemExit):  # so click and rich leave where head has seen enough
        _drop_output()
        return DONE
    except errors.EvalflowError as error:
        if os.environ.get("EVALFLOW_DEBUG"):
            raise
        _as_json(arguments, error)
        click.echo(errors.printable(error.text(_language_of(arguments))), err=True)
        return next(code for kind, code in _EXIT_CODES if isinstance(error, kind))
    except OSError as error:
        if error.filename is None or os.environ.get("EVALFLOW_DEBUG"):
            return _wrong(arguments, error)
        why = f"{error.filename} ({error.strerror})"
        ko, en = f"파일을 읽거나 쓸 수 없습니다: {why}", f"cannot read or write the file: {why}"
        _as_json(arguments, {"code": "file", "ko": ko, "en": en})
        click.echo(errors.printable(ko if _language_of(arguments) == "ko" else en), err=True)
        return BAD_INPUT
    except Exception as error:
        return _wrong(arguments, error)
    return answer if isinstance(answer, int) else DONE


def _wrong(arguments: list[str] | None, error: Exception) -> int:
    """Tell a mistake of ours: still no traceback for a person."""
    if os.environ.get("EVALFLOW_DEBUG"):
        raise error
    told = errors.printable(" ".join(f"{type(error).__name__}: {error}".split()))
    click.echo(
        f"프로그램 오류: {told} (EVALFLOW_DEBUG=1로 자세히)"
        if _language_of(arguments) == "ko"
        else f"evalflow went wrong: {told} (EVALFLOW_DEBUG=1 tells more)",
        err=True,
    )
    return WRONG


def _as_json(arguments: list[str] | None, error: object) -> None:
    """Print an error as JSON too, where JSON was asked for and none was printed yet."""
    from evalflow.cli.session import BEGUN
    from evalflow.model.data import FORMAT, to_json

    words = sys.argv[1:] if arguments is None else arguments
    if "--json" in words and not BEGUN.get():
        click.echo(to_json({"format": FORMAT, "error": error}))


def _drop_output() -> None:
    """Let what is left of the output go nowhere, so that leaving raises nothing."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # no real file: nothing is left to write
        return


def _language_of(arguments: list[str] | None) -> str:
    """Return the language that the arguments ask for, also when they failed half-way."""
    words = sys.argv[1:] if arguments is None else arguments
    for place, word in enumerate(words):
        if word == "--lang" and place + 1 < len(words):
            return words[place + 1]
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    return language()
