"""Notices leave the outbox at least once: retried, given up and resent, one notifier beside
another, and told twice only where that is promised."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalflow.engine import outbox
from evalflow.engine.outbox import DeliveryReport
from evalflow.errors import StorageError, Undeliverable
from evalflow.model import Commit, Label, Notice, Outgoing
from evalflow.plugins import builtin_notifiers
from evalflow.plugins.builtin_notifiers import Console, ConsoleOptions, Jsonl, JsonlOptions
from evalflow.plugins.notifier import Notifier, Route
from evalflow.storage.memory import MemoryStorage
from evalflow.storage.sqlite import SQLiteStorage, open_sqlite
from evalflow.testing.given import adoption, given_plan
from notices import START, notice, storage_with
from odd_errors import UNTELLABLE

MINUTE = dt.timedelta(minutes=1)
LONG = 30  # seconds after which a test that waits for a thread gives up


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now

    def go(self, **duration: float) -> None:
        self.now += dt.timedelta(**duration)


class Inbox:
    """A notifier that keeps what it is given, and fails as told: one error for each try."""

    def __init__(self, *failures: BaseException | None) -> None:
        self.got: list[Notice] = []
        self.failures = list(failures)

    def deliver(self, notice: Notice) -> None:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        self.got.append(notice)

    @property
    def ids(self) -> list[str]:
        return [notice.id for notice in self.got]


class Broken:
    def deliver(self, notice: Notice) -> None:
        raise ConnectionRefusedError("the mail server is down")


class Stuck:
    """A notifier that answers only when the test is over."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()
        self.returned = threading.Event()

    def deliver(self, notice: Notice) -> None:
        self.asked.set()
        self.released.wait(LONG)
        self.returned.set()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def run(
    storage: MemoryStorage,
    notifiers: dict[str, Notifier],
    clock: Callable[[], dt.datetime],
    backoff: Sequence[int] = (60, 300),
    **more: Any,
) -> DeliveryReport:
    routes = [Route(name=n, notifier=each, backoff=backoff) for n, each in notifiers.items()]
    return outbox.deliver(storage, routes, clock=clock, **more)


def only(storage: MemoryStorage) -> Outgoing:
    (outgoing,) = storage.outbox()
    return outgoing


# --------------------------------------------------------------------------- the usual way


def test_every_waiting_notice_is_delivered_once_and_oldest_first(clock: Clock) -> None:
    notices = [notice(n) for n in range(250)]
    storage, inbox = storage_with(*notices), Inbox()

    report = run(storage, {"mail": inbox}, clock)

    assert inbox.got == notices
    assert (report.delivered, report.retried, report.dead, report.stuck) == (250, 0, 0, ())
    assert {outgoing.state for outgoing in storage.outbox()} == {"delivered"}


def test_a_second_run_has_nothing_to_deliver(clock: Clock) -> None:
    storage, inbox = storage_with(notice(1)), Inbox()
    run(storage, {"mail": inbox}, clock)

    report = run(storage, {"mail": inbox}, clock)

    assert report == DeliveryReport()
    assert len(inbox.got) == 1


def test_a_notice_is_left_to_the_notifier_that_it_names(clock: Clock) -> None:
    storage = storage_with(notice(1, notifier="mail"), notice(1, notifier="chat"))
    mail, chat = Inbox(), Inbox()

    run(storage, {"mail": mail, "chat": chat}, clock)

    assert [each.notifier for each in mail.got + chat.got] == ["mail", "chat"]


def test_notices_for_a_notifier_that_nobody_routes_stay_where_they_are(clock: Clock) -> None:
    storage = storage_with(notice(1))

    run(storage, {"chat": Inbox()}, clock)

    assert only(storage).state == "waiting"
    assert only(storage).tries == 0


def test_two_offices_in_one_store_have_notifiers_of_their_own(clock: Clock) -> None:
    storage = storage_with(notice(1, plan="east"), notice(1, plan="west"))
    east, west = Inbox(), Inbox()

    outbox.deliver(
        storage,
        [
            Route(name="mail", notifier=east, plan="east"),
            Route(name="mail", notifier=west, plan="west"),
        ],
        clock=clock,
    )

    assert [each.project for each in east.got] == ["east/1"]
    assert [each.project for each in west.got] == ["west/1"]


@given(waiting=st.integers(0, 12), limit=st.integers(0, 12))
@settings(max_examples=25, deadline=None)
def test_no_more_notices_are_tried_than_the_limit_in_all(waiting: int, limit: int) -> None:
    storage = storage_with(
        *[notice(n, notifier=name) for n in range(waiting) for name in ("mail", "chat")]
    )
    mail, chat = Inbox(), Inbox()

    report = run(storage, {"mail": mail, "chat": chat}, Clock(), limit=limit)

    assert len(mail.got) + len(chat.got) == report.delivered == min(limit, 2 * waiting)


# --------------------------------------------------------------------------- failures


def test_a_failure_is_tried_again_after_each_wait_of_the_backoff(clock: Clock) -> None:
    storage = storage_with(notice(1))
    inbox = Inbox(ConnectionError("refused"), ConnectionError("refused again"))

    report = run(storage, {"mail": inbox}, clock, backoff=(60, 300))
    assert report.retried == 1
    assert only(storage).next_at == START + MINUTE
    assert only(storage).error == "ConnectionError: refused"

    clock.go(seconds=59)
    assert run(storage, {"mail": inbox}, clock) == DeliveryReport()

    clock.go(seconds=1)
    run(storage, {"mail": inbox}, clock)
    assert only(storage).next_at == START + MINUTE + 5 * MINUTE

    clock.go(seconds=300)
    assert run(storage, {"mail": inbox}, clock).delivered == 1
    assert len(inbox.got) == 1


@given(backoff=st.lists(st.integers(0, 100_000), max_size=6))
@settings(max_examples=25, deadline=None)
def test_a_notice_is_given_up_after_one_try_more_than_the_backoff_has_waits(
    backoff: list[int],
) -> None:
    clock, storage, tries = Clock(), storage_with(notice(1)), []

    class Failing:
        def deliver(self, notice: Notice) -> None:
            tries.append(clock.now)
            raise OSError("no")

    while only(storage).state == "waiting":
        run(storage, {"mail": Failing()}, clock, backoff=backoff)
        clock.now = max(clock.now, only(storage).next_at)

    assert only(storage).state == "dead"
    assert [(b - a).total_seconds() for a, b in pairwise(tries)] == backoff


def test_what_can_never_be_delivered_is_given_up_at_once(clock: Clock) -> None:
    storage = storage_with(notice(1))

    report = run(storage, {"mail": Inbox(Undeliverable("no such mailbox"))}, clock)

    assert report.dead == 1
    assert only(storage).error == "no such mailbox"


def test_dead_letters_are_listed_and_resent_with_all_their_tries(clock: Clock) -> None:
    storage = storage_with(notice(1), notice(2))
    run(storage, {"mail": Inbox(Undeliverable("no such mailbox"))}, clock)
    (dead,) = outbox.dead_letters(storage)
    assert dead.notice == notice(1)

    assert outbox.resend(storage, clock=clock) == 1
    inbox = Inbox(OSError("still away"))
    assert run(storage, {"mail": inbox}, clock).retried == 1
    clock.go(hours=1)
    assert run(storage, {"mail": inbox}, clock).delivered == 1
    assert outbox.resend(storage, clock=clock) == 0


def test_one_dead_letter_is_resent_alone(clock: Clock) -> None:
    storage = storage_with(notice(1), notice(2))
    run(storage, {"mail": Inbox(Undeliverable("a"), Undeliverable("b"))}, clock)

    assert outbox.resend(storage, clock=clock, notices=[(notice(2).id, "mail")]) == 1

    assert [dead.notice for dead in outbox.dead_letters(storage)] == [notice(1)]


def test_jitter_adds_to_the_wait_that_the_backoff_gives(clock: Clock) -> None:
    storage = storage_with(notice(1))

    run(storage, {"mail": Broken()}, clock, backoff=(60,), jitter=lambda seconds: seconds // 10)

    assert only(storage).next_at == START + dt.timedelta(seconds=66)


@pytest.mark.parametrize("error", [SystemExit(3), RecursionError("deep"), UnicodeError("한")])
def test_whatever_a_notifier_raises_is_a_failure_of_that_notice_alone(
    clock: Clock, error: BaseException
) -> None:
    storage, inbox = storage_with(notice(1), notice(2)), Inbox(error)

    report = run(storage, {"mail": inbox}, clock)

    assert (report.delivered, report.retried) == (1, 1)


@pytest.mark.parametrize("name", UNTELLABLE)
def test_so_is_what_raises_when_it_is_told(clock: Clock, name: str) -> None:
    """It once ended the thread without a word: nothing was told, nothing sent for an hour."""
    storage = storage_with(notice(1), notice(2))

    report = run(storage, {"mail": Inbox(UNTELLABLE[name]())}, clock)

    assert (report.delivered, report.retried) == (1, 1)
    assert [name in (each.error or "") for each in storage.outbox(state="waiting")] == [True]


@given(st.text())
def test_the_text_of_a_failure_is_one_line_that_any_storage_can_keep(text: str) -> None:
    kept = outbox.shown(ValueError(text))

    assert kept.encode("utf-8").decode("utf-8") == kept
    assert "\0" not in kept
    assert len(kept.splitlines()) <= 1
    assert len(outbox.shown(ValueError("가" * 9000))) == 500


# --------------------------------------------------------------------------- isolation


def test_a_notifier_that_waits_does_not_hold_up_another(clock: Clock) -> None:
    storage = storage_with(notice(1, notifier="slow"), notice(1, notifier="fast"))
    fast_is_done = threading.Event()

    class Slow:
        def deliver(self, notice: Notice) -> None:
            assert fast_is_done.wait(LONG), "the fast one was held up"

    class Fast:
        def deliver(self, notice: Notice) -> None:
            fast_is_done.set()

    report = run(storage, {"slow": Slow(), "fast": Fast()}, clock)

    assert report.delivered == 2


def test_one_offices_broken_server_does_not_hold_up_another_offices(clock: Clock) -> None:
    storage = storage_with(notice(1, plan="east"), notice(1, plan="west"))
    west_is_done = threading.Event()

    class East:
        def deliver(self, notice: Notice) -> None:
            assert west_is_done.wait(LONG), "west was held up"
            raise ConnectionError("down")

    class West:
        def deliver(self, notice: Notice) -> None:
            west_is_done.set()

    report = outbox.deliver(
        storage,
        [
            Route(name="mail", notifier=East(), plan="east"),
            Route(name="mail", notifier=West(), plan="west"),
        ],
        clock=clock,
    )

    assert [(tally.plan, tally.delivered) for tally in report.routes] == [("east", 0), ("west", 1)]
    assert report.routes[0].error == "ConnectionError: down"


def test_a_notifier_that_never_answers_is_left_behind_and_named(clock: Clock) -> None:
    storage, stuck = storage_with(notice(1), notice(2), notice(3)), Stuck()

    report = run(storage, {"mail": stuck}, clock, patience=dt.timedelta(milliseconds=20))

    assert report.stuck == ("mail",)
    first, *others = storage.outbox()
    assert first.error == "TimeoutError: no answer within 0.02 seconds"
    assert (first.tries, first.next_at) == (1, START + MINUTE)
    # The others were never tried: they may be claimed now, with all their tries.
    assert [(each.tries, each.next_at) for each in others] == [(0, START), (0, START)]
    stuck.released.set()


def test_a_late_success_of_one_left_behind_still_counts_as_delivered(clock: Clock) -> None:
    storage, stuck = storage_with(notice(1)), Stuck()
    run(storage, {"mail": stuck}, clock, patience=dt.timedelta(milliseconds=20))
    assert only(storage).state == "waiting"

    before = set(threading.enumerate())
    stuck.released.set()
    for thread in before:
        if thread.name == "evalflow-mail":
            thread.join(LONG)

    assert only(storage).state == "delivered"


def test_a_late_failure_of_one_left_behind_changes_nothing_more(clock: Clock) -> None:
    class Failing(Stuck):
        def deliver(self, notice: Notice) -> None:
            super().deliver(notice)
            raise ConnectionError("at long last")

    storage, stuck = storage_with(notice(1)), Failing()
    run(storage, {"mail": stuck}, clock, patience=dt.timedelta(milliseconds=20))
    left = only(storage)

    threads = [each for each in threading.enumerate() if each.name == "evalflow-mail"]
    stuck.released.set()
    for thread in threads:
        thread.join(LONG)

    assert only(storage) == left
    assert left.error == "TimeoutError: no answer within 0.02 seconds"


def test_the_lease_must_outlast_the_patience(clock: Clock) -> None:
    with pytest.raises(ValueError, match="must be longer than the patience"):
        run(storage_with(), {}, clock, lease=MINUTE, patience=MINUTE)


# --------------------------------------------------------------------------- leases


def test_claimed_notices_are_not_delivered_by_a_second_deliverer_at_the_same_moment(
    clock: Clock,
) -> None:
    storage = storage_with(notice(1), notice(2))
    inner: list[DeliveryReport] = []
    other = Inbox()

    class Outer:
        def deliver(self, notice: Notice) -> None:
            inner.append(run(storage, {"mail": other}, clock))

    run(storage, {"mail": Outer()}, clock)

    assert inner == [DeliveryReport(), DeliveryReport()]
    assert other.got == []


def test_what_a_killed_deliverer_had_claimed_comes_back_when_its_lease_ends(clock: Clock) -> None:
    storage, inbox = storage_with(notice(1)), Inbox()
    storage.claim("mail", at=clock(), limit=1, lease=outbox.LEASE)  # … and it is killed

    assert run(storage, {"mail": inbox}, clock) == DeliveryReport()
    clock.go(minutes=5)
    assert run(storage, {"mail": inbox}, clock).delivered == 1


def test_a_crash_between_sending_and_recording_sends_again(clock: Clock) -> None:
    storage, inbox = storage_with(notice(1)), Inbox()

    class Torn(MemoryStorage):
        def settle(self, outcomes: Any) -> None:
            raise StorageError("full", ko="가득 참", en="full")

    torn = Torn()
    torn.__dict__.update(storage.__dict__)
    with pytest.raises(StorageError):
        run(torn, {"mail": inbox}, clock)
    clock.go(minutes=5)
    run(storage, {"mail": inbox}, clock)

    assert inbox.ids == [notice(1).id] * 2


def test_a_chunk_that_outlasts_its_lease_is_claimed_anew_and_nothing_is_sent_twice(
    clock: Clock,
) -> None:
    notices = [notice(n) for n in range(30)]
    storage, inbox = storage_with(*notices), Inbox()

    class Slow:
        def deliver(self, notice: Notice) -> None:
            clock.go(seconds=50)
            inbox.deliver(notice)

    report = run(storage, {"mail": Slow()}, clock, limit=30)

    assert sorted(inbox.ids) == sorted(each.id for each in notices)
    assert report.delivered == 30
    assert {outgoing.tries for outgoing in storage.outbox()} == {1}


def test_after_its_lease_a_deliverer_leaves_the_notices_to_their_new_claimer(clock: Clock) -> None:
    storage = storage_with(notice(1), notice(2))

    class Asleep:
        """Suspended for longer than the lease, while another deliverer takes over."""

        def deliver(self, notice: Notice) -> None:
            clock.go(minutes=6)
            storage.claim("mail", at=clock(), limit=2, lease=outbox.LEASE)
            raise ConnectionError("woke up too late")

    run(storage, {"mail": Asleep()}, clock)

    again = clock() + outbox.LEASE
    assert [(each.tries, each.next_at) for each in storage.outbox()] == [(2, again), (2, again)]


def test_after_its_lease_a_success_still_counts(clock: Clock) -> None:
    storage = storage_with(notice(1))

    class Slow:
        def deliver(self, notice: Notice) -> None:
            clock.go(minutes=6)
            storage.claim("mail", at=clock(), limit=1, lease=outbox.LEASE)

    assert run(storage, {"mail": Slow()}, clock).delivered == 1
    assert only(storage).state == "delivered"


def test_a_clock_that_leaps_ahead_ends_the_run_instead_of_claiming_for_ever() -> None:
    clock = Clock()
    storage, inbox = storage_with(notice(1)), Inbox()

    def leaping() -> dt.datetime:
        clock.go(hours=1)
        return clock.now

    assert run(storage, {"mail": inbox}, leaping).delivered == 0
    assert only(storage).state == "waiting"


def test_outcomes_are_recorded_at_least_every_second_of_work(clock: Clock) -> None:
    """So a crash repeats no more than that, however long a chunk takes."""
    seconds = [0.0]
    seen: list[int] = []
    storage = storage_with(*[notice(n) for n in range(5)])

    class Slow:
        def deliver(self, notice: Notice) -> None:
            seen.append(len(list(storage.outbox(state="delivered"))))
            seconds[0] += 0.6

    run(storage, {"mail": Slow()}, clock, timer=lambda: seconds[0])

    assert seen == [0, 0, 2, 2, 4]


def test_an_interrupted_run_hands_back_what_it_had_not_tried(clock: Clock) -> None:
    """As when the clerk presses Ctrl-C: the interruption comes through, the outbox is in order."""
    storage = storage_with(notice(1), notice(2), notice(1, notifier="chat"))
    mail = Stuck()

    class Interrupting(MemoryStorage):
        def claim(self, notifier: str, **rest: Any) -> Sequence[Outgoing]:
            if notifier == "chat":
                assert mail.asked.wait(LONG)
                raise KeyboardInterrupt
            return super().claim(notifier, **rest)

    interrupting = Interrupting()
    interrupting.__dict__.update(storage.__dict__)
    with pytest.raises(KeyboardInterrupt):
        run(interrupting, {"mail": mail, "chat": Inbox()}, clock)

    first, second, third = storage.outbox()
    assert first.next_at == START + outbox.LEASE  # on its way: comes back only if it dies
    assert (second.tries, second.next_at) == (0, START)
    assert third.tries == 0
    mail.released.set()


# --------------------------------------------------------------------------- console


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("ko", "[총괄 평가서 제출] 1번 → policy-1 · 사유: 서명 완료\n"),
        ("en", "[Submitted] 1 → policy-1 · Reason: 서명 완료\n"),
    ],
)
def test_the_console_shows_one_line_in_the_chosen_language(
    lang: Literal["ko", "en"], line: str
) -> None:
    stream = io.StringIO()

    Console(ConsoleOptions(lang=lang), stream=stream).deliver(notice(1))

    assert stream.getvalue() == line


def test_the_console_never_lets_text_steer_the_terminal() -> None:
    stream = io.StringIO()
    nasty = attrs.evolve(notice(1), subject=Label("\x1b[2J지움\n둘째 줄\r", "x"))

    Console(stream=stream).deliver(nasty)

    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "지움 둘째 줄" in stream.getvalue()


def test_a_terminal_that_knows_no_korean_gets_escapes_instead_of_an_error() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    Console(stream=stream).deliver(notice(1))

    assert b"\\ucd1d" in raw.getvalue()


def test_the_console_keeps_standard_output_free(capsys: pytest.CaptureFixture[str]) -> None:
    Console().deliver(notice(1))

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "총괄 평가서 제출" in captured.err


# --------------------------------------------------------------------------- JSON lines


def test_the_json_lines_hold_the_whole_notice_with_korean_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "알림.jsonl"
    jsonl = Jsonl(JsonlOptions(path=str(path)))

    jsonl.deliver(notice(1))
    jsonl.deliver(notice(2))

    text = path.read_text(encoding="utf-8")
    assert "총괄 평가서 제출" in text
    first, second = map(json.loads, text.splitlines())
    assert (first["id"], second["id"]) == (notice(1).id, notice(2).id)
    fields = {field.name for field in attrs.fields(Notice)}
    assert set(first) == fields
    assert first["at"] == "2016-04-05T09:00:00+00:00"


def test_a_line_that_a_crash_cut_short_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "notices.jsonl"
    path.write_text('{"id": "half a li', encoding="utf-8")

    Jsonl(JsonlOptions(path=str(path))).deliver(notice(1))

    torn, whole = path.read_text(encoding="utf-8").splitlines()
    assert torn == '{"id": "half a li'
    assert json.loads(whole)["id"] == notice(1).id


def test_a_disk_that_fills_up_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "notices.jsonl"
    jsonl = Jsonl(JsonlOptions(path=str(path)))
    jsonl.deliver(notice(1))
    before = path.read_bytes()
    write = os.write

    def half(file: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return write(file, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        jsonl.deliver(notice(2))

    assert path.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="no file locks of this kind")
def test_nobody_appends_before_the_name_of_a_new_file_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    path, kept = tmp_path / "notices.jsonl", []

    def keep_name(folder: str) -> None:
        with path.open("rb") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        kept.append(folder)

    monkeypatch.setattr(builtin_notifiers, "_keep_name", keep_name)
    for number in (1, 2):
        Jsonl(JsonlOptions(path=str(path))).deliver(notice(number))
    assert kept == [str(tmp_path)]


def test_a_missing_folder_is_a_failure_that_is_tried_again(clock: Clock, tmp_path: Path) -> None:
    storage = storage_with(notice(1))
    jsonl = Jsonl(JsonlOptions(path=str(tmp_path / "absent" / "notices.jsonl")))

    run(storage, {"mail": jsonl}, clock)

    assert only(storage).state == "waiting"
    assert "No such file" in (only(storage).error or "")


WRITER = """
import sys
from evalflow.model import Label, Notice
from evalflow.plugins.builtin_notifiers import Jsonl, JsonlOptions
import datetime as dt

path, who = sys.argv[1:]
big = Notice(id=who, project="gu/1", number=1, name="n", recipient="r", role="x", notifier="jsonl",
             subject=Label("가", "A"), at=dt.datetime.now(dt.UTC), data={"reason": "가" * 20_000})
jsonl = Jsonl(JsonlOptions(path=path))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(10):
    jsonl.deliver(big)
"""


def test_several_processes_append_to_one_file_without_mixing_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "notices.jsonl"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), who],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for who in "abc"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        with writer:
            assert writer.wait(LONG) == 0

    lines = path.read_text(encoding="utf-8").splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == sorted("abc" * 10)


# --------------------------------------------------------------------------- on a real store

DELIVERER = """
import datetime as dt, os, signal, sys
from evalflow.plugins.builtin_notifiers import Jsonl, JsonlOptions
from evalflow.plugins.notifier import Route
from evalflow.engine.outbox import deliver
from evalflow.storage.sqlite import open_sqlite

store, path, deadly = sys.argv[1:]
jsonl = Jsonl(JsonlOptions(path=path))

class Deadly:
    def deliver(self, notice):
        jsonl.deliver(notice)
        if notice.id == deadly:
            os.kill(os.getpid(), signal.SIGKILL)  # sent, and nobody will ever record it

now = dt.datetime(2016, 4, 5, 9, tzinfo=dt.UTC)
print("ready", flush=True)
sys.stdin.readline()
deliver(open_sqlite(store), [Route(name="mail", notifier=Deadly(), plan="gu")], clock=lambda: now)
"""


def deliverer(store: Path, path: Path, deadly: str = "") -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", DELIVERER, str(store), str(path), deadly],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def go(*deliverers: subprocess.Popen[str]) -> list[int]:
    for each in deliverers:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    codes = []
    for each in deliverers:
        with each:
            codes.append(each.wait(LONG))
    return codes


def ids_in(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["id"] for line in lines]


def sqlite_with(path: Path, notices: Sequence[Notice]) -> SQLiteStorage:
    storage = open_sqlite(path)
    given_plan(storage, "gu")
    adopted = adoption("gu/1")
    storage.commit(Commit(moves=(attrs.evolve(adopted, notices=tuple(notices)),)))
    return storage


def test_a_deliverer_killed_after_sending_repeats_what_it_had_not_recorded(
    tmp_path: Path, clock: Clock
) -> None:
    notices = [notice(n) for n in range(5)]
    storage = sqlite_with(tmp_path / "office.db", notices)
    sent = tmp_path / "sent.jsonl"

    assert go(deliverer(tmp_path / "office.db", sent, deadly=notices[1].id)) == [-signal.SIGKILL]
    assert ids_in(sent) == [notices[0].id, notices[1].id]

    mail = Jsonl(JsonlOptions(path=str(sent)))
    routes = [Route(name="mail", notifier=mail, plan="gu")]
    assert outbox.deliver(storage, routes, clock=clock) == DeliveryReport()  # still leased
    clock.go(minutes=5)
    assert outbox.deliver(storage, routes, clock=clock).delivered == 5

    assert sorted(set(ids_in(sent))) == sorted(each.id for each in notices)
    assert set(ids_in(sent)[2:]) == {each.id for each in notices}
    assert {outgoing.state for outgoing in storage.outbox()} == {"delivered"}
    storage.close()


def test_deliverers_in_several_processes_share_the_work_and_send_nothing_twice(
    tmp_path: Path,
) -> None:
    notices = [notice(n) for n in range(350)]
    storage = sqlite_with(tmp_path / "office.db", notices)
    sent = tmp_path / "sent.jsonl"

    codes = go(*[deliverer(tmp_path / "office.db", sent) for _ in range(3)])

    assert codes == [0, 0, 0]
    assert sorted(ids_in(sent)) == sorted(each.id for each in notices)
    storage.close()


def test_what_was_handed_back_keeps_its_tries_on_disk_too(tmp_path: Path, clock: Clock) -> None:
    storage, stuck = sqlite_with(tmp_path / "office.db", [notice(1), notice(2)]), Stuck()

    outbox.deliver(
        storage,
        [Route(name="mail", notifier=stuck, plan="gu", backoff=(60,))],
        clock=clock,
        patience=dt.timedelta(milliseconds=20),
    )

    assert [(each.tries, each.next_at) for each in storage.outbox()] == [
        (1, START + MINUTE),
        (0, START),
    ]
    stuck.released.set()
    for thread in threading.enumerate():
        if thread.name == "evalflow-mail":
            thread.join(LONG)
    storage.close()


POISONED = """
import datetime as dt, os, sys
from evalflow.plugins.notifier import Route
from evalflow.engine.outbox import deliver
from evalflow.storage.sqlite import open_sqlite

store, path, deadly, now = sys.argv[1:]

class Fatal:
    def deliver(self, notice):
        if notice.id == deadly:
            os._exit(9)  # out of memory, a broken library: whatever takes the program along
        with open(path, "a") as sent:
            sent.write(notice.id + "\\n")

moment = dt.datetime.fromisoformat(now)
routes = [Route(name="mail", notifier=Fatal(), plan="gu", backoff=(60, 300))]
deliver(open_sqlite(store), routes, clock=lambda: moment)
"""


def test_a_notice_at_which_deliverers_die_takes_nothing_with_it_and_is_given_up(
    tmp_path: Path, clock: Clock
) -> None:
    notices = [notice(n) for n in range(6)]
    storage = sqlite_with(tmp_path / "office.db", notices)
    sent, deadly = tmp_path / "sent", notices[3].id
    codes = []
    for _ in range(6):
        told = subprocess.run(
            [
                *(sys.executable, "-c", POISONED, str(tmp_path / "office.db")),
                *(str(sent), deadly, clock.now.isoformat()),
            ],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
        codes.append(told.returncode)
        clock.go(minutes=6)

    times = Counter(sent.read_text().split())
    assert set(times) == {each.id for each in notices} - {deadly}
    assert max(times.values()) <= 2  # once more at most: what the first had not recorded
    assert codes == [9, 9, 9, 0, 0, 0]  # as often as any notice is tried
    stand = {each.notice.id: (each.state, each.error) for each in storage.outbox()}
    state, error = stand.pop(deadly)
    assert state == "dead"
    assert "ended without an answer" in (error or "")
    assert {state for state, _ in stand.values()} == {"delivered"}
    storage.close()
