"""`evalflow run`: the store is run, until somebody ends it."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.checkpoints import signer_of, signer_option
from evalflow.cli.maintenance import remark_reminders
from evalflow.cli.options import pass_session
from evalflow.cli.session import Session
from evalflow.errors import Conflict, StorageError, invalid
from evalflow.model.data import to_data

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.engine.running import Outcome, Runner
    from evalflow.storage.contract import Held


_NIGHT_ENDS = 10.0  # seconds for the night's work to end by itself
_MISSED = 3  # ticks that may be missed before the program counts as ill
_ASKED = 5.0  # seconds for whoever asks for the health to say so


class _Time(click.ParamType[dt.time | None]):
    name = "HH:MM"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.time | None:
        if value is None or isinstance(value, dt.time):
            return value
        if value.strip().lower() in ("none", "없음"):
            return None
        said = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", value.strip())
        if said is None or int(said[1]) > 23 or int(said[2]) > 59:
            raise invalid(
                "bad_time",
                value=str(value)[:60],
                ko=f"시각이 아닙니다: '{value[:60]}' (예: 08:30, 하지 않으려면 없음)",
                en=f"not a time of day: '{value[:60]}' (expected e.g. 08:30, or none)",
            )
        return dt.time(int(said[1]), int(said[2]))


@click.command("run")
@click.option(
    "--every", type=click.IntRange(1, 3600), default=60, show_default=True,
    help="발송 주기(초) · Deliver every so many seconds.",
)  # fmt: skip
@click.option(
    "--remind-at", type=_Time(), default="08:30", show_default=True,
    help="근무일 기한 안내 시각(없음: 하지 않음) · When to remind on working days; none: never.",
)  # fmt: skip
@click.option(
    "--night-at", type=_Time(), default="02:00", show_default=True,
    help="야간 점검 시각(없음: 하지 않음) · When the night's work begins; none: never.",
)  # fmt: skip
@click.option(
    "--backups", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="매일 밤 백업할 폴더 · A backup each night, in this folder.",
)  # fmt: skip
@click.option(
    "--keep", type=click.IntRange(1), default=14, show_default=True,
    help="보관할 백업 수 · How many backups are kept.",
)  # fmt: skip
@click.option(
    "--checkpoints", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="매일 밤 확인값을 둘 폴더 · A checkpoint of each plan each night, in this folder.",
)  # fmt: skip
@signer_option
@click.option(
    "--health", metavar="ADDRESS:PORT",
    help="상태 확인 주소 · Answer GET /health here: 200, or 503 where something is wrong.",
)  # fmt: skip
@click.option(
    "--standby", is_flag=True,
    help="다른 곳에서 운영 중이면 대기 · Wait where another program runs the store.",
)  # fmt: skip
@click.option("--once", is_flag=True, help="한 번만 모두 실행 · Do everything once and exit.")
@pass_session
def run_command(
    session: Session,
    every: int,
    remind_at: dt.time | None,
    night_at: dt.time | None,
    backups: Path | None,
    keep: int,
    checkpoints: Path | None,
    signer: str | None,
    health: str | None,
    standby: bool,
    once: bool,
) -> int:
    """상시 운영 · Run the store: deliver notices, remind people, and every night back up, check all
    histories and put checkpoints aside.

    One program alone runs a store. It ends at SIGTERM or Ctrl-C, when what is under way is done.
    With --once it does all of it and ends: exit code 1 where something did not go well.
    """
    from evalflow.engine.running import Runner, Schedule

    schedule = Schedule(
        remind=remind_at,
        night=night_at,
        backups=backups,
        keep=keep,
        checkpoints=checkpoints,
        signer=signer_of(signer),
    )
    address = None if health is None else _address(health)
    with session.open() as engine, _ending() as stop:
        held = _hold(session, engine, stop, every, wait=standby)
        if held is None:
            return 0  # ended while it stood by
        try:
            remark_reminders(session, engine)
            runner = Runner(engine, schedule, tell=_telling(session, engine), stop=stop)
            if once:
                return 0 if runner.once() else 1
            with _health(session, runner, address, dt.timedelta(seconds=every * _MISSED)):
                held = _run(session, engine, runner, stop, held, every)
        finally:
            if held is not None:
                held.release()
    session.remark(session.say("운영을 마쳤습니다", "ended"))
    return 0


def _run(
    session: Session,
    engine: Engine,
    runner: Runner,
    stop: threading.Event,
    held: Held | None,
    every: int,
) -> Held | None:
    """Tick until the end; return what is held of the store then."""
    _notify("READY=1")
    while not stop.is_set():
        if held is not None and not held.still():
            held.release()
            held = None
            session.remark(
                session.say("운영 권한을 잃었습니다", "the right to run the store was lost")
            )
        if held is None:
            with suppress(StorageError):
                held = _sole(engine)
        if held is not None:
            runner.tick()
        _notify("WATCHDOG=1")
        stop.wait(every)
    _notify("STOPPING=1")
    runner.end(_NIGHT_ENDS)
    return held


def _hold(
    session: Session, engine: Engine, stop: threading.Event, every: int, *, wait: bool
) -> Held | None:
    """Return the right to run the store; None where the end came while it was waited for.

    Raises:
        Conflict: another program runs it, and it is not to be waited for.
    """
    told = False
    while (held := _sole(engine)) is None:
        if not wait:
            raise _Running
        if not told:
            session.remark(
                session.say(
                    "다른 곳에서 운영 중입니다. 대기합니다",
                    "another program runs the store; standing by",
                )
            )
            _notify("READY=1")
            told = True
        if stop.wait(min(every, 5)):
            return None
    return held


def _sole(engine: Engine) -> Held | None:
    from evalflow.storage.contract import SoleRunner

    if not isinstance(engine.storage, SoleRunner):
        name = type(engine.storage).__name__
        raise invalid(
            "no_runner",
            value=name,
            ko=f"이 저장소({name})는 상시 운영을 지원하지 않습니다.",
            en=f"this storage ({name}) does not support `run`: it cannot tell who runs it",
        )
    return engine.storage.hold()


class _Running(Conflict):
    def __init__(self) -> None:
        super().__init__("")

    def text(self, lang: str = "ko") -> str:
        if lang == "ko":
            return "다른 프로그램이 이 저장소를 운영 중입니다. 대기하려면 --standby"
        return "another program runs this store; --standby waits for its end"


def _telling(session: Session, engine: Engine) -> Callable[[Outcome], None]:
    jobs = {
        "store": ("저장소", "store"),
        "deliver": ("발송", "deliver"),
        "disk": ("디스크", "disk"),
        "remind": ("기한 안내", "remind"),
        "backup": ("백업", "backup"),
        "verify": ("이력 대조", "verify"),
        "checkpoint": ("확인값", "checkpoint"),
    }

    def tell(outcome: Outcome) -> None:
        said = "" if outcome.said is None else session.label(outcome.said)
        mark = "" if outcome.ok else session.say("실패: ", "FAILED: ")
        at = outcome.at.astimezone().isoformat(sep=" ", timespec="seconds")
        session.remark(f"{at} {session.say(*jobs[outcome.job])}: {mark}{said}")

    return tell


@contextmanager
def _ending() -> Iterator[threading.Event]:
    """Give what is set once the program is asked to end."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _notify(state: str) -> None:
    """Tell systemd, where it asked to be told (`Type=notify`)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.connect("\0" + address[1:] if address.startswith("@") else address)
        told.sendall(state.encode())


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 0 <= int(port) < 65536:
        raise invalid(
            "bad_address",
            value=text[:60],
            ko=f"--health는 주소:포트 꼴이어야 합니다(예: 127.0.0.1:9180): '{text[:60]}'",
            en=f"--health takes address:port, e.g. 127.0.0.1:9180, got '{text[:60]}'",
        )
    return host.strip("[]") or "127.0.0.1", int(port)


@contextmanager
def _health(
    session: Session, runner: Runner, address: tuple[str, int] | None, patience: dt.timedelta
) -> Iterator[None]:
    """Answer whether the program is well, as long as the context lasts."""
    if address is None:
        yield
        return

    class Answer(BaseHTTPRequestHandler):
        timeout = _ASKED

        def do_GET(self) -> None:
            if self.path != "/health":
                self.send_error(404)
                return
            well = runner.healthy(patience)
            told = {"status": "ok" if well else "failing", "jobs": _jobs(runner)}
            body = json.dumps(told, ensure_ascii=False).encode()
            self.send_response(200 if well else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing: it is asked every few seconds."""

    try:
        server = ThreadingHTTPServer(address, Answer)
    except OSError as error:
        place = f"{address[0]}:{address[1]}"
        raise invalid(
            "bad_address",
            value=place,
            ko=f"--health 주소를 열 수 없습니다: {place} ({error})",
            en=f"cannot listen on {place} for --health ({error})",
        ) from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="evalflow-health", daemon=True).start()
    session.remark(f"health: http://{address[0]}:{server.server_port}/health")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _jobs(runner: Runner) -> dict[str, Any]:
    """Return how each piece of work went last: what it said stays in the log."""
    return {
        each.job: {"at": to_data(each.at), "ok": each.ok}
        for each in sorted(runner.outcomes(), key=lambda each: each.job)
    }
