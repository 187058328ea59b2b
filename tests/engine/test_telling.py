"""One message for one act, as an office writes it."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evalflow
from evalflow.engine import outbox, telling
from evalflow.model import Notice
from evalflow.plugins import Plugins, notice_due, notice_lines
from evalflow.plugins.notifier import Route
from evalflow.testing.office import BUREAUS, PLAN_ID, Ticking, fire, the_plan
from notices import START, notice, storage_with
from offices import Office


class Inbox:
    """Keeps what it is given; fails the first tries with `errors`, in turn."""

    def __init__(self, *errors: BaseException) -> None:
        self.got: list[Notice] = []
        self.errors = list(errors)

    def deliver(self, notice: Notice) -> None:
        self.got.append(notice)
        if self.errors:
            raise self.errors.pop(0)

    def to(self, recipient: str, name: str) -> list[Notice]:
        return [each for each in self.got if (each.recipient, each.name) == (recipient, name)]


def delivered(office: Office, *errors: BaseException) -> Inbox:
    inbox = Inbox(*errors)
    office.engine.deliver(notifiers={"jsonl": inbox})
    return inbox


def test_a_bureaus_submission_tells_each_reviewer_once_with_the_list(office: Office) -> None:
    office.to_submitted()

    inbox = delivered(office)

    both, alone = inbox.to("policy-1", "submitted")
    assert both.subject.ko == "[시험구] 2016년 1분기 총괄 평가서 제출: 복지국 2개 사업"
    assert both.subject.en == (
        "[Test-gu] Q1 2016, Bureau's evaluation submitted: Welfare bureau, 2 projects"
    )
    assert notice_lines(both, "ko") == (
        "- 1번 학교 지원, 100.0 % (정상)",
        "- 2번 경로당 개선, 100.0 % (정상)",
        "요청: 총괄 평가서와 증빙자료를 확인하여 종합평가를 하여 주시기 바랍니다.",
        "종합평가 기한: 2016. 4. 20.(수)",
        "문의: 복지국 국·소 주무과 (welfare-lead)",
    )
    assert notice_lines(both, "en") == (
        "- no. 1 School support, 100.0 % (On track)",
        "- no. 2 Senior centres, 100.0 % (On track)",
        "To do: please review them with their evidence.",
        "Review due: 2016-04-20",
        "Questions to: Bureau lead section, Welfare bureau (welfare-lead)",
    )
    assert alone.subject.ko == "[시험구] 2016년 1분기 총괄 평가서 제출: 3번 보도 정비"
    assert notice_lines(alone, "ko")[0] == "이행률: 100.0 % (정상)"
    assert len(inbox.to("policy-2", "submitted")) == 2
    assert list(office.engine.audit.verify()) == []


def test_a_batch_tells_a_department_once_and_says_what_is_of_all_once(office: Office) -> None:
    office.to_submitted()
    office.clock.go("2016-04-15")
    for project in ("gu/1", "gu/2", "gu/3"):
        office.review(project)
    delivered(office)
    reason = {"reason": "증빙 서류를 갖추지 않음"}

    list(office.engine.batch("send_back", by="policy-1", data=reason).apply())
    inbox = delivered(office)

    (told,) = inbox.to("welfare-lead", "sent_back")
    assert notice_lines(told, "ko") == (
        "- 1번 학교 지원, 100.0 % (정상)",
        "- 2번 경로당 개선, 100.0 % (정상)",
        "사유: 증빙 서류를 갖추지 않음",
        "요청: 보완 사유를 반영하여 다시 자체평가하고 제출하여 주시기 바랍니다.",
        "제출 기한: 2016. 4. 22.(금)",
        "문의: 정책기획담당관 (policy-1)",
    )
    assert [len(inbox.to(each, "sent_back")) for each in ("education-1", "elderly-1")] == [1, 1]


def test_an_extension_tells_the_new_day_to_those_who_owe_it(office: Office) -> None:
    office.clock.go("2016-04-01")
    office.fire(
        "gu/1",
        "extend_deadline",
        "policy-1",
        deadline="self_evaluate",
        until="2016-04-08",
        reason="자료 수합이 늦어짐",
    )

    inbox = delivered(office)

    (department,) = inbox.to("education-1", "deadline_extended")
    assert notice_due(department) == dt.date(2016, 4, 8)
    assert "자체평가 기한: 2016. 4. 8.(금)" in notice_lines(department, "ko")
    (lead,) = inbox.to("welfare-lead", "deadline_extended")
    assert notice_due(lead) == dt.date(2016, 4, 5)  # the submission, which was not extended


def test_a_list_that_failed_is_told_again_whole_under_the_same_id(office: Office) -> None:
    office.to_submitted()
    first = delivered(office, *[ConnectionError("down")] * 50)
    assert first.got
    office.clock.moment += dt.timedelta(hours=12)

    again = delivered(office)

    assert sorted(each.id for each in again.got) == sorted(each.id for each in first.got)
    assert {each.state for each in office.engine.outbox.notices()} == {"delivered"}
    assert len({each.id for each in again.got}) == len(again.got)


def test_a_list_is_dead_and_resent_with_all_its_notices(office: Office) -> None:
    office.to_submitted()
    refused = delivered(office, *[evalflow.plugins.Undeliverable("no address")] * 50)
    dead = list(office.engine.outbox.notices(state="dead"))
    assert len(dead) == sum(len(each.data["notices"]) for each in refused.got)

    office.engine.outbox.resend()

    assert [each.id for each in delivered(office).got] == [each.id for each in refused.got]


# --------------------------------------------------------------------------- what it asks

QUESTIONS = (
    "history",
    "snapshot",
    "evaluation",
    "definition",
    "histories_of",
    "snapshots",
    "latest_definitions",
)


@contextmanager
def asked(storage: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Count what is asked of a storage about projects."""
    count = Counter[str]()

    def counting(name: str) -> Callable[..., Any]:
        real = getattr(storage, name)

        def question(*given: Any, **more: Any) -> Any:
            count[name] += 1
            return real(*given, **more)

        return question

    with monkeypatch.context() as patch:
        for name in QUESTIONS:
            patch.setattr(storage, name, counting(name))
        yield count


def submitted(url: str) -> evalflow.Engine:
    """An office in which 24 projects were submitted, which told two people of each."""
    engine = evalflow.open(url, plugins=[], clock=Ticking())
    plan = the_plan(each=4)
    engine.adopt(plan, by=plan.actor("policy-1"))
    for number in range(1, 25):
        project = f"{PLAN_ID}/{number}"
        fire(engine, engine.project(project), "self_evaluate", 1)
    for bureau in BUREAUS:
        first = next(p for p in engine.projects(plan=PLAN_ID) if p.unit.startswith(bureau))
        fire(engine, first, "submit", 1)
    return engine


def test_what_many_notices_say_is_asked_for_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One question of each kind for a hundred projects, not some for each notice."""
    with submitted(f"sqlite:///{tmp_path / 'office.db'}") as engine:
        inbox = Inbox()
        fresh = evalflow.Engine(engine.storage, plugins=Plugins.load([]), clock=engine.clock)
        with asked(fresh.storage, monkeypatch) as count:
            assert fresh.deliver(notifiers={"jsonl": inbox}).delivered == 48
    assert sum(count.values()) <= 6, count
    assert {len(each.data["projects"]) for each in inbox.got} == {8}


def test_no_more_than_a_block_is_read_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with submitted(f"sqlite:///{tmp_path / 'office.db'}") as engine:
        waiting = [each.notice for each in engine.outbox.notices()]
        told_by = telling.Telling(engine.rules, waiting)
        whole = [told_by([each]) for each in waiting]
        monkeypatch.setattr(telling, "BLOCK", 5)
        with asked(engine.storage, monkeypatch) as count:
            told_by = telling.Telling(engine.rules, waiting)
            assert [told_by([each]) for each in waiting] == whole
    assert count["histories_of"] == 5  # of 24 projects
    assert count["history"] == count["snapshot"] == 0


def test_a_project_that_is_damaged_holds_up_no_other_s_notices(tmp_path: Path) -> None:
    path = tmp_path / "office.db"
    with submitted(f"sqlite:///{path}") as engine:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP TRIGGER entry_unchanged")
            connection.execute(
                "UPDATE entry SET at = 'x' || substr(at, 2) WHERE project = ? AND number = 1",
                (f"{PLAN_ID}/24",),
            )
            connection.commit()
        inbox = Inbox()
        report = engine.deliver(notifiers={"jsonl": inbox})
    told = [line["id"] for each in inbox.got for line in each.data["projects"]]
    assert report.retried == 16  # its bureau's list, for two people
    assert len(told) == report.delivered == 32
    assert f"{PLAN_ID}/24" not in told


# --------------------------------------------------------------------------- any outbox


def of_act(n: int, act: int, recipient: str) -> Notice:
    at = START + dt.timedelta(seconds=act)
    given = notice(n)
    return attrs.evolve(given, id=f"{n}", at=at, recipient=recipient, data={"event": str(act)})


def gathered(notices: Sequence[Notice]) -> Notice:
    ids = [each.id for each in notices]
    return attrs.evolve(notices[0], id="+".join(ids), data={"ids": ids})


@settings(max_examples=80, deadline=None)
@given(
    acts=st.lists(st.integers(1, 12), min_size=1, max_size=12),
    chunk=st.integers(1, 15),
    longest=st.integers(1, 30),
    failing=st.lists(st.booleans(), max_size=20),
    rng=st.randoms(use_true_random=False),
)
def test_every_notice_arrives_once_and_no_act_is_parted_that_is_short_enough(
    acts: list[int], chunk: int, longest: int, failing: list[bool], rng: Any
) -> None:
    """Whatever the chunks: nothing is lost, nothing comes twice, a message is of one act and one
    recipient, and an act that fits is one message for each recipient; after failures if all that
    waits fits."""
    if any(failing):
        longest = max(longest, sum(acts))
    waiting: list[Notice] = []
    for act, size in enumerate(acts):
        for _ in range(size):
            waiting.append(of_act(len(waiting), act, rng.choice("ab")))
    storage, now = storage_with(*waiting), START + dt.timedelta(hours=1)
    by_id = {each.id: each for each in waiting}
    got: list[list[str]] = []
    tries: list[list[str]] = []

    class Flaky:
        def deliver(self, message: Notice) -> None:
            tries.append(message.data["ids"])
            if failing and failing.pop():
                raise ConnectionError("down")
            got.append(message.data["ids"])

    old = outbox.CHUNK, outbox.LONGEST
    outbox.CHUNK, outbox.LONGEST = chunk, longest
    try:
        for _ in range(len(failing) + 1):
            outbox.deliver(
                storage,
                [Route(name="mail", notifier=Flaky(), backoff=[1] * 30)],
                clock=partial(dt.datetime.replace, now),
                tell=lambda coming: gathered,
            )
            now += dt.timedelta(minutes=1)
    finally:
        outbox.CHUNK, outbox.LONGEST = old
    assert sorted(each for ids in got for each in ids) == sorted(by_id)
    assert {each.state for each in storage.outbox()} == {"delivered"}
    for ids in tries:
        assert len({(by_id[each].data["event"], by_id[each].recipient) for each in ids}) == 1
    first_tries = {tuple(ids) for ids in tries}
    for act, size in enumerate(acts):
        if size <= longest:
            mine = [ids for ids in first_tries if by_id[ids[0]].data["event"] == str(act)]
            assert len(mine) == len({by_id[ids[0]].recipient for ids in mine})
