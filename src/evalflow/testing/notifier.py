"""The notifier kit: what every notifier must do, as tests to inherit.

A plugin's test module is about ten lines:

    import pytest
    from evalflow.testing import NotifierConformance
    from evalflow_pager import Pager, PagerOptions

    class TestPager(NotifierConformance):
        @pytest.fixture
        def receiver(self, pager_server):     # a real one, on this machine
            return PagerReceiver(pager_server)

The `receiver` stands where the notices arrive (see `Receiver`): it makes notifiers that send
to it, and says what came. What it cannot play is declared, and skipped with a word.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

import attrs
import pytest

from evalflow import Label
from evalflow.plugins import Notice, Notifier, Undeliverable
from evalflow.storage import canonical

LONG = 30.0  # seconds after which a test that waits for a thread gives up

NOTICE = Notice(
    id="seodaemun-2016/6:4:flag_lagging:lagging:education-1",
    project="seodaemun-2016/6",
    number=5,
    name="lagging",
    recipient="education-1",
    role="department",
    notifier="mail",
    subject=Label(
        "[부진사업 통보] seodaemun-2016/6 서울형 혁신교육지구 운영",
        "[Project is lagging] seodaemun-2016/6 Seoul innovative education district",
    ),
    at=dt.datetime(2016, 4, 20, 1, 30, tzinfo=dt.UTC),
    data={
        "event": "flag_lagging",
        "period": "2016-Q1",
        "states": ["lagging", "unchanged"],
        "actor": "policy-1",
        "reason": None,
    },
)


class Receiver(Protocol):
    """Where the notices arrive, played by a test.

    Beside what is here, a receiver may have, each declared by the kit's attribute:

    - `broken()`: a context in which it refuses or cannot be reached (`breaks`);
    - `hanging()`: a context in which it takes what is sent and answers nothing (`hangs`);
    - `unknown()`: a notice that it will never take, say to an address that does not exist
      (`rejects`).
    """

    def notifier(self) -> Notifier:
        """Return a new notifier that sends here."""

    def texts(self) -> Sequence[str]:
        """Return what arrived so far, oldest first: each message as text, decoded."""


class NotifierConformance:
    """Tests that a notifier keeps its contract; inherit them and give `receiver`.

    Attributes:
        says_id: a message carries `Notice.id`, by which a receiver knows it again.
        english: messages are in English; otherwise in Korean.
        breaks, hangs, rejects: the receiver has `broken`, `hanging`, `unknown`.
        patience: seconds within which a delivery to one that hangs must have failed.
    """

    says_id: ClassVar[bool] = True
    english: ClassVar[bool] = False
    breaks: ClassVar[bool] = True
    hangs: ClassVar[bool] = True
    rejects: ClassVar[bool] = True
    patience: ClassVar[float] = 60.0

    # ------------------------------------------------------------------ to be given

    @pytest.fixture
    def receiver(self) -> Receiver:
        """Return the place where the notices arrive."""
        raise NotImplementedError("give a fixture `receiver`; see evalflow.testing.notifier")

    # ------------------------------------------------------------------ what arrives

    def test_a_delivered_notice_has_arrived(self, receiver: Receiver) -> None:
        notifier = receiver.notifier()
        assert isinstance(notifier, Notifier)

        notifier.deliver(NOTICE)

        assert len(receiver.texts()) == 1

    def test_its_subject_arrives_letter_by_letter(self, receiver: Receiver) -> None:
        receiver.notifier().deliver(NOTICE)

        (text,) = receiver.texts()
        assert _joined(NOTICE.subject.text("en" if self.english else "ko")) in _joined(text)

    def test_every_notice_arrives_once_and_in_order(self, receiver: Receiver) -> None:
        notifier = receiver.notifier()
        for n in range(5):
            notifier.deliver(_numbered(n))

        assert [self._which(text) for text in receiver.texts()] == list(range(5))

    def test_a_notice_that_comes_again_is_delivered_again(self, receiver: Receiver) -> None:
        """After a crash evalflow cannot know whether it arrived: the receiver sorts it out."""
        notifier = receiver.notifier()
        notifier.deliver(NOTICE)
        notifier.deliver(NOTICE)

        assert len(receiver.texts()) == 2

    def test_the_receiver_can_know_a_notice_again_by_its_id(self, receiver: Receiver) -> None:
        if not self.says_id:
            pytest.skip(f"{type(self).__name__} declares says_id = False: repeats look like new")
        receiver.notifier().deliver(NOTICE)

        assert _joined(NOTICE.id) in _joined(receiver.texts()[0])

    def test_a_long_subject_arrives_whole(self, receiver: Receiver) -> None:
        long = " ".join(f"사업{n}" for n in range(400))

        receiver.notifier().deliver(attrs.evolve(NOTICE, subject=Label(long, long)))

        assert _joined(long) in _joined(receiver.texts()[0])

    @pytest.mark.parametrize(
        "subject",
        [
            "따옴표 \" ' ` 와 <b>&amp;</b> \\n {0} %s",
            "첫 줄\r\nBcc: everybody@example.org\r\n\r\n둘째 줄",
            "한글 조합 \u1112\u1161\u11ab · 한자 漢字 · 그림 글자 \U0001f3e2",
        ],
        ids=["markup", "lines", "letters"],
    )
    def test_text_is_text_whatever_it_looks_like(self, receiver: Receiver, subject: str) -> None:
        """One message comes, and nothing in it takes effect on the way."""
        receiver.notifier().deliver(attrs.evolve(NOTICE, subject=Label(subject, subject)))

        (text,) = receiver.texts()
        words = [word for line in subject.splitlines() for word in line.split()]
        assert [word for word in words if word not in text] == []

    def test_the_notice_is_left_as_it_was(self, receiver: Receiver) -> None:
        before = canonical(NOTICE.data)

        receiver.notifier().deliver(NOTICE)

        assert canonical(NOTICE.data) == before

    # ------------------------------------------------------------------ side by side

    def test_notifiers_in_several_threads_neither_lose_nor_mix_anything(
        self, receiver: Receiver
    ) -> None:
        together, errors = threading.Barrier(4), list[BaseException]()

        def work(first: int) -> None:
            try:
                notifier = receiver.notifier()
                together.wait(LONG)
                for n in range(first, first + 5):
                    notifier.deliver(_numbered(n))
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(5 * n,), daemon=True) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG)

        assert errors == []
        assert sorted(self._which(text) for text in receiver.texts()) == list(range(20))

    def test_a_notifier_made_in_one_thread_delivers_in_another(self, receiver: Receiver) -> None:
        notifier, errors = receiver.notifier(), list[BaseException]()

        def work() -> None:
            try:
                notifier.deliver(NOTICE)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(LONG)

        assert errors == []
        assert len(receiver.texts()) == 1

    # ------------------------------------------------------------------ failures

    def test_a_failure_is_raised_and_never_kept_quiet(self, receiver: Receiver) -> None:
        """What returns counts as delivered: a swallowed error is a lost notice."""
        with self._playing(receiver, "broken", self.breaks):
            _must_fail(receiver.notifier(), NOTICE)

        assert len(receiver.texts()) == 0

    def test_a_failure_that_may_pass_is_not_called_final(self, receiver: Receiver) -> None:
        with self._playing(receiver, "broken", self.breaks):
            error = _must_fail(receiver.notifier(), NOTICE)

        assert not isinstance(error, Undeliverable), "it would not be tried again"

    def test_after_a_failure_the_same_notifier_delivers_again(self, receiver: Receiver) -> None:
        notifier = receiver.notifier()
        notifier.deliver(_numbered(0))
        with self._playing(receiver, "broken", self.breaks):
            _must_fail(notifier, _numbered(1))
        notifier.deliver(_numbered(1))

        assert [self._which(text) for text in receiver.texts()] == [0, 1]

    def test_a_receiver_that_never_answers_is_a_failure_in_time(self, receiver: Receiver) -> None:
        with self._playing(receiver, "hanging", self.hangs):
            ended, errors = threading.Event(), list[BaseException]()

            def work() -> None:
                try:
                    receiver.notifier().deliver(NOTICE)
                except BaseException as error:
                    errors.append(error)
                ended.set()

            begun = time.monotonic()
            threading.Thread(target=work, daemon=True).start()
            assert ended.wait(self.patience), (
                f"no failure within {self.patience:g} seconds: give it a time-out of its own"
            )
            assert errors, f"returned after {time.monotonic() - begun:.1f} seconds without answer"

    def test_what_can_never_arrive_is_undeliverable(self, receiver: Receiver) -> None:
        if not self.rejects:
            pytest.skip(f"{type(self).__name__} declares rejects = False: every failure is retried")
        unknown: Notice = receiver.unknown()  # type: ignore[attr-defined]

        error = _must_fail(receiver.notifier(), unknown)

        assert isinstance(error, Undeliverable), f"{error!r} would be tried again for days"

    # ------------------------------------------------------------------ inside

    def _playing(self, receiver: Receiver, what: str, can: bool) -> AbstractContextManager[object]:
        if not can:
            power = {"broken": "breaks", "hanging": "hangs"}[what]
            pytest.skip(f"{type(self).__name__} declares {power} = False: not played")
        context: AbstractContextManager[object] = getattr(receiver, what)()
        return context

    def _which(self, text: str) -> int:
        """Return the number of the notice (see `_numbered`) of which this is the message."""
        for n in range(100):
            if _tag(n) in text:
                return n
        return -1


def _tag(n: int) -> str:
    return f"제{n:02}호"


def _numbered(n: int) -> Notice:
    subject = Label(f"[통보] {_tag(n)}", f"[Notice] {_tag(n)}")
    return attrs.evolve(NOTICE, id=f"{NOTICE.id}:{n}", subject=subject)


def _joined(text: str) -> str:
    """Return the text without blanks: messages may be folded, wrapped and indented."""
    return "".join(text.split())


def _must_fail(notifier: Notifier, notice: Notice) -> Exception:
    try:
        notifier.deliver(notice)
    except Exception as error:
        return error
    raise AssertionError("deliver returned although nothing arrived: the notice would be lost")
