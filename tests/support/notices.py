"""Notices, and a store in which they wait."""

from __future__ import annotations

import datetime as dt

from evalflow.model import Commit, Entry, Label, Move, Notice, Project
from evalflow.storage.memory import MemoryStorage

START = dt.datetime(2016, 4, 5, 9, tzinfo=dt.UTC)


def notice(n: int, *, plan: str = "gu", notifier: str = "mail") -> Notice:
    return Notice(
        id=f"{plan}/1:{n}:submit:submitted:policy-1",
        project=f"{plan}/1",
        number=1,
        name="submitted",
        recipient="policy-1",
        role="policy_office",
        notifier=notifier,
        subject=Label(f"[총괄 평가서 제출] {n}번", f"[Submitted] {n}"),
        at=START,
        data={"event": "submit", "reason": "서명 완료"},
    )


def storage_with(*notices: Notice) -> MemoryStorage:
    storage = MemoryStorage()
    by_plan: dict[str, list[Notice]] = {}
    for each in notices:
        by_plan.setdefault(each.project.rpartition("/")[0], []).append(each)
    for plan, own in by_plan.items():
        entry = Entry(
            project=f"{plan}/1",
            number=1,
            event="adopt",
            actor="policy-1",
            role="policy_office",
            at=START,
            before=(),
            after=("planned",),
            period="2016-Q1",
            period_after="2016-Q1",
            unit="education",
            revision=1,
            lifecycle="simple/1@0",
        ).sealed()
        project = Project(
            id=entry.project,
            plan=plan,
            number="1",
            label=Label("사업", "Project"),
            unit="education",
            field="welfare",
            states=entry.after,
            visits=(1,),
            period="2016-Q1",
            version=1,
            lifecycle=entry.lifecycle,
            revision=1,
            head=entry.hash,
        )
        storage.commit(
            Commit(moves=(Move(project=project, expected=0, entry=entry, notices=tuple(own)),))
        )
    return storage
