"""The notifier kit passes our notifiers and a plain good one, and catches every bad one."""

from __future__ import annotations

import inspect
import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest

from evalflow.plugins import Notice, Undeliverable
from evalflow.plugins.builtin_notifiers import Console, Jsonl, JsonlOptions
from evalflow.testing import NotifierConformance
from evalflow.testing.notifier import NOTICE

# --------------------------------------------------------------------------- our own


class Folder:
    """Receives for `Jsonl`: a file that can be taken away and brought back."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "inbox" / "알림.jsonl"
        self.path.parent.mkdir()

    def notifier(self) -> Jsonl:
        return Jsonl(JsonlOptions(path=str(self.path)))

    def texts(self) -> Sequence[str]:
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return ["\n".join(_leaves(json.loads(line))) for line in lines]

    @contextmanager
    def broken(self) -> Iterator[None]:
        aside = self.path.parent.with_name("aside")
        self.path.parent.rename(aside)
        yield
        aside.rename(self.path.parent)


def _leaves(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict | list):
        for inside in tree.values() if isinstance(tree, dict) else tree:
            yield from _leaves(inside)
    else:
        yield str(tree)


class TestJsonl(NotifierConformance):
    hangs = False  # a disk that hangs cannot be played
    rejects = False

    @pytest.fixture
    def receiver(self, tmp_path: Path) -> Folder:
        return Folder(tmp_path)


class Screen:
    """Receives for `Console`: a stream that a test reads, and closes to break it."""

    def __init__(self) -> None:
        self.whole = True
        screen = self

        class Stream(io.StringIO):
            def write(self, text: str) -> int:
                if not screen.whole:
                    raise BrokenPipeError
                return super().write(text)

        self.stream = Stream()

    def notifier(self) -> Console:
        return Console(stream=self.stream)

    def texts(self) -> Sequence[str]:
        return self.stream.getvalue().splitlines()

    @contextmanager
    def broken(self) -> Iterator[None]:
        self.whole = False
        yield
        self.whole = True


class TestConsole(NotifierConformance):
    says_id = False  # a line for people
    hangs = False
    rejects = False

    @pytest.fixture
    def receiver(self) -> Screen:
        return Screen()


# --------------------------------------------------------------------------- a good one, and bad


class Post:
    """A receiver in memory that can play everything."""

    def __init__(self, make: Callable[[Post], Any] | None = None) -> None:
        self.make = make or Good
        self.arrived: list[str] = []
        self.working = True
        self.answers = threading.Event()
        self.answers.set()
        self.lock = threading.Lock()

    def notifier(self) -> Any:
        return self.make(self)

    def texts(self) -> Sequence[str]:
        return list(self.arrived)

    def take(self, text: str, *, within: float | None = None) -> None:
        """Take a message as a server would: answer, refuse, or let the sender wait."""
        if not self.working:
            raise ConnectionRefusedError
        if "nobody@" in text:
            raise LookupError("550 no such mailbox")
        if not self.answers.wait(within):
            raise TimeoutError
        with self.lock:
            self.arrived.append(text)

    @contextmanager
    def broken(self) -> Iterator[None]:
        self.working = False
        yield
        self.working = True

    @contextmanager
    def hanging(self) -> Iterator[None]:
        self.answers.clear()
        try:
            yield
        finally:
            self.answers.set()

    def unknown(self) -> Notice:
        return attrs.evolve(NOTICE, recipient="nobody@nowhere")


@attrs.define
class Good:
    post: Post

    def text(self, notice: Notice) -> str:
        return f"{notice.id}\n{notice.recipient}\n{notice.subject.ko}"

    def deliver(self, notice: Notice) -> None:
        try:
            self.post.take(self.text(notice), within=0.05)
        except LookupError as error:
            raise Undeliverable(str(error)) from error


class Quiet(Good):
    """Keeps failures to itself."""

    def deliver(self, notice: Notice) -> None:
        try:
            super().deliver(notice)
        except Exception:
            return


class Final(Good):
    """Gives up for good at the first failure."""

    def deliver(self, notice: Notice) -> None:
        try:
            super().deliver(notice)
        except OSError as error:
            raise Undeliverable("failed") from error


class Stubborn(Good):
    """Would try for days what can never arrive."""

    def deliver(self, notice: Notice) -> None:
        self.post.take(self.text(notice), within=0.05)


class Patient(Good):
    """Waits for an answer without end."""

    def deliver(self, notice: Notice) -> None:
        try:
            self.post.take(self.text(notice))
        except LookupError as error:
            raise Undeliverable(str(error)) from error


class Careless(Good):
    """Does not wait for the answer at all."""

    def deliver(self, notice: Notice) -> None:
        try:
            super().deliver(notice)
        except TimeoutError:
            return


class Anonymous(Good):
    def text(self, notice: Notice) -> str:
        return notice.subject.ko


class English(Good):
    def text(self, notice: Notice) -> str:
        return f"{notice.id} {notice.recipient} {notice.subject.en}"


class Ascii(Good):
    def text(self, notice: Notice) -> str:
        return super().text(notice).encode("ascii", "replace").decode()


class Short(Good):
    def text(self, notice: Notice) -> str:
        return super().text(notice)[:500]


class Escaping(Good):
    def text(self, notice: Notice) -> str:
        return super().text(notice).replace("&", "&amp;")


class Splitting(Good):
    """Takes an empty line inside a text for the end of the message."""

    def deliver(self, notice: Notice) -> None:
        for part in self.text(notice).split("\r\n\r\n"):
            self.post.take(part, within=0.05)


class Once(Good):
    """Thinks that it knows better than the receiver what came already."""

    seen: ClassVar[set[tuple[Post, str]]] = set()

    def deliver(self, notice: Notice) -> None:
        if (self.post, notice.id) not in self.seen:
            self.seen.add((self.post, notice.id))
            super().deliver(notice)


class Offended(Good):
    """Never works again after a failure."""

    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self.down = False

    def deliver(self, notice: Notice) -> None:
        if self.down:
            raise ConnectionError("still down")
        try:
            super().deliver(notice)
        except OSError:
            self.down = True
            raise


class Gathering(Good):
    """Keeps notices back to send them together some time."""

    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self.kept: list[Notice] = []

    def deliver(self, notice: Notice) -> None:
        self.kept.append(notice)
        if len(self.kept) == 2:
            for each in reversed(self.kept):
                super().deliver(each)
            self.kept.clear()


class Marking(Good):
    """Writes into what it was given."""

    def deliver(self, notice: Notice) -> None:
        notice.data["sent"] = notice.data.get("sent", 0) + 1
        super().deliver(notice)


class Bound(Good):
    """Works only in the thread in which it was made."""

    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self.thread = threading.current_thread()

    def deliver(self, notice: Notice) -> None:
        if threading.current_thread() is not self.thread:
            raise RuntimeError("made in another thread")
        super().deliver(notice)


class Sharing(Good):
    """All of them write in one draft, whoever's turn it is."""

    draft: ClassVar[list[str]] = []
    turn: ClassVar[threading.Barrier | None] = None

    def deliver(self, notice: Notice) -> None:
        self.draft[:] = [self.text(notice)]
        if "제" in notice.subject.ko and threading.current_thread() is not threading.main_thread():
            if self.turn is None or self.turn.broken:
                type(self).turn = threading.Barrier(4)
            assert self.turn is not None
            self.turn.wait(10)  # the others write now
        self.post.take(self.draft[0], within=0.05)


BAD = {
    Quiet: "a_failure_is_raised_and_never_kept_quiet",
    Final: "a_failure_that_may_pass_is_not_called_final",
    Stubborn: "what_can_never_arrive_is_undeliverable",
    Patient: "a_receiver_that_never_answers_is_a_failure_in_time",
    Careless: "a_receiver_that_never_answers_is_a_failure_in_time",
    Anonymous: "the_receiver_can_know_a_notice_again_by_its_id",
    English: "its_subject_arrives_letter_by_letter",
    Ascii: "its_subject_arrives_letter_by_letter",
    Short: "a_long_subject_arrives_whole",
    Escaping: "text_is_text_whatever_it_looks_like",
    Splitting: "text_is_text_whatever_it_looks_like",
    Once: "a_notice_that_comes_again_is_delivered_again",
    Offended: "after_a_failure_the_same_notifier_delivers_again",
    Gathering: "a_delivered_notice_has_arrived",
    Marking: "the_notice_is_left_as_it_was",
    Bound: "a_notifier_made_in_one_thread_delivers_in_another",
    Sharing: "notifiers_in_several_threads_neither_lose_nor_mix_anything",
}


class Kit(NotifierConformance):
    """The kit as it is run on the bad ones: not collected by pytest, called by hand."""

    __test__ = False
    patience = 0.2


class PatientKit(Kit):
    """On a busy machine a good notifier may be slow to fail."""

    patience = 30


class TestAGoodNotifier(NotifierConformance):
    patience = 30

    @pytest.fixture
    def receiver(self) -> Post:
        return Post()


def caught_by(make: type[Good], kit: Kit) -> set[str]:
    """Return the kit's tests that fail on this notifier."""
    caught = set()
    for name, test in inspect.getmembers(type(kit), inspect.isfunction):
        if not name.startswith("test_"):
            continue
        for arguments in _parameters(test):
            # The kit's notice is shared: a bad notifier must not spoil it for the next test.
            before = dict(NOTICE.data)
            try:
                test(kit, Post(make), **arguments)
            except Exception:
                caught.add(name.removeprefix("test_"))
            finally:
                NOTICE.data.clear()
                NOTICE.data.update(before)
    return caught


def _parameters(test: Any) -> list[dict[str, Any]]:
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            return [{mark.args[0]: value} for value in mark.args[1]]
    return [{}]


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_the_kit_catches_a_notifier_that_breaks_its_contract(make: type[Good]) -> None:
    assert BAD[make] in caught_by(make, Kit())


def test_the_kit_finds_nothing_wrong_with_a_good_notifier() -> None:
    assert caught_by(Good, PatientKit()) == set()


def test_every_test_of_the_kit_catches_somebody() -> None:
    tests = {name for name in vars(NotifierConformance) if name.startswith("test_")}
    caught = {f"test_{name}" for name in BAD.values()}
    for make in (Gathering, Once):
        caught |= {f"test_{name}" for name in caught_by(make, Kit())}

    assert tests - caught == set()
