"""The other schemes in `evalflow demo`: the selection that led to the 43 projects, the pledges and
the urban regeneration projects that were left out of it, and a corrective order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from evalflow.cli.schemes import print_tally
from evalflow.cli.session import Session

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.plan.definition import Plan

POINTERS = ("pledges", "regeneration")
"""The example's files with what is evaluated elsewhere (R24, R25)."""


@attrs.frozen(kw_only=True)
class Schemes:
    """Plays plans beside the key projects, in the same store.

    `set_clock` takes a day and an hour; the engine's clock is never set back by it.
    """

    session: Session
    engine: Engine
    set_clock: Callable[..., None]
    folder: Path

    # ------------------------------------------------------------------ the selection (R17-R23)

    def selection(self) -> Plan:
        """Play the selection of 2016 and return the plan that it leads to."""
        from evalflow.engine.schemes import select_plan

        candidates = self.adopt("selection", dt.date(2016, 2, 5))
        draft = self.folder / "plan.yaml"
        drafted = self.engine.load_plan(draft).projects
        self.say("2016-02-05", f"수립계획 통보, 후보 {len(candidates.projects)}건",
                 f"the guideline goes out: {len(candidates.projects)} candidates")  # fmt: skip
        elsewhere = dict(self.evaluated_elsewhere())
        self.set_clock(dt.date(2016, 2, 12), 10)
        for number, candidate in candidates.projects.items():
            project = candidate.id
            if number in drafted:
                criteria = list(drafted[number].selection)
                self.fire(project, "propose", "policy_office", {"criteria": criteria})
            else:
                pointer = elsewhere[candidate.label.ko]
                data = {"reason": "중복평가 지양", "evaluated_in": pointer}
                self.fire(project, "exclude", "policy_office", data)
        self.set_clock(dt.date(2016, 2, 19), 10)
        for number in drafted:
            self.fire(f"{candidates.id}/{number}", "agree", "department_head")
        self.say("2016-02-19", "사업선정 부서 의견 조율", "departments agree to the selection")
        self.set_clock(dt.date(2016, 2, 24), 10)
        for number in drafted:
            self.submit(candidates, number)
        self.say("2016-02-24", "국·소별 시행계획 제출", "bureaus submit their plans")
        self.set_clock(dt.date(2016, 2, 25), 10)  # R20: due the 24th, signed the 25th
        one = f"{candidates.id}/{next(iter(drafted))}"
        entry = self.fire(one, "approve", "mayor", {"document": "정책기획담당관-2872"})
        self.fire(one, "notify", "policy_office")
        plan = select_plan(self.engine, candidates.id, draft)
        self.say("2016-02-25", f"방침({entry.late}일 지연) 및 부서 통보",
                 f"approved ({entry.late} day late), and departments are told")  # fmt: skip
        print_tally(self.session, plan)
        return plan

    def submit(self, candidates: Plan, number: str) -> None:
        """Submit the candidate's bureau, unless it is submitted already."""
        project = f"{candidates.id}/{number}"
        if "agreed" not in self.engine.project(project).states:
            return
        signature = {"role": "bureau_head", "actor": self.someone(project, "bureau_head")}
        data = {"document": f"주무과-2016-{number}", "sign_off": [signature]}
        self.fire(project, "submit", "lead_section", data)

    def evaluated_elsewhere(self) -> Iterator[tuple[str, str]]:
        """Yield title and id of what the other schemes evaluate."""
        for name in POINTERS:
            for project in self.engine.load_plan(self.folder / f"{name}.yaml").projects.values():
                yield project.label.ko, project.id

    # ------------------------------------------------------------------ what was left out

    def pledge(self, number: str = "3") -> None:
        """Play one pledge through both half-years (R24)."""
        plan = self.adopt("pledges", dt.date(2016, 2, 26))
        project = f"{plan.id}/{number}"
        for period, day, share in (
            ("2016-H1", dt.date(2016, 7, 8), 16),
            ("2016-H2", dt.date(2017, 1, 4), 40),
        ):
            indicator = plan.projects[number].indicators[0].id
            self.set_clock(day, 10)
            words = {indicator: {"cause": "개방 협의 지연", "countermeasure": "운영비 지원 확대"}}
            data = {"actuals": {indicator: share}, "explanations": words}
            self.fire(project, "report", "department", data)
            self.set_clock(day + dt.timedelta(days=10), 10)
            self.fire(project, "review", "policy_office", {"ratings": "confirmed"})
            if period == "2016-H1":
                self.fire(project, "judge_partly", "policy_office")
                self.fire(project, "open_period", "policy_office")
            else:
                evidence = {"evidence": ["경로당 개방 현황 (2016. 12. 31.)"]}
                self.fire(project, "complete", "policy_office", evidence)
        self.stands(project)

    def regeneration(self, number: str = "1") -> None:
        """Play the urban regeneration projects through a quarter, with the meeting (R25)."""
        plan = self.adopt("regeneration", dt.date(2016, 2, 26))
        self.set_clock(dt.date(2016, 4, 4), 10)
        for other, project in plan.projects.items():
            share = "0.6" if other == number else "1"
            self.report(project, "2016-Q1", share)
        self.set_clock(dt.date(2016, 4, 18), 10)
        for project in plan.projects.values():
            self.fire(project.id, "check", "renewal_office", {"ratings": "confirmed"})
        self.set_clock(dt.date(2016, 4, 26), 14)
        one = f"{plan.id}/{number}"
        chair = {"role": "mayor", "actor": self.someone(one, "mayor")}
        self.fire(one, "present", "renewal_office", {"held_on": "2016-04-26", "sign_off": [chair]})
        for project in plan.projects.values():
            self.fire(project.id, "flag" if project.id == one else "settle", "renewal_office")
        self.fire(one, "instruct", "mayor", {"instruction": "주택과와 이주대책을 다시 협의할 것"})
        self.stands(one)

    def report(self, project: Any, period: str, share: str) -> None:
        """Report on a project: `share` of each target, with cause and countermeasure."""
        from decimal import Decimal

        figures = {
            i.id: str(Decimal(str(i.targets[period])) * Decimal(share)) for i in project.indicators
        }
        words = {i: {"cause": "보상 협의 지연", "countermeasure": "협의체 운영"} for i in figures}
        self.fire(project.id, "report", "department", {"actuals": figures, "explanations": words})

    def order(self, about: str) -> None:
        """Issue a corrective order about a lagging project (R55)."""
        plan = self.adopt("orders", self.engine.clock().date())
        project = next(each.id for each in plan.projects.values() if each.about == about)
        data = {
            "document": "정책기획담당관-9002",
            "order": "추진실적과 대책을 보완할 것",
            "reason": "현저히 부진",
        }
        self.fire(project, "issue", "policy_office", data)

    def remedy(self, project: str = "seodaemun-2016-orders/1") -> None:
        """Follow the corrective order to its end."""
        self.set_clock(dt.date(2016, 11, 11), 10)
        data = {"document": "도시재정비과-120", "remedy": "부진 원인별 추진계획을 다시 세움"}
        self.fire(project, "report", "department", data)
        self.set_clock(dt.date(2016, 11, 21), 10)
        self.fire(project, "verify", "policy_office")
        about = self.engine.plans.definition(project).about
        self.say("2016-11-21", f"{project} 시정명령({about}) 이행 확인",
                 f"the corrective order {project} about {about} is verified")  # fmt: skip

    # ------------------------------------------------------------------ small things

    def adopt(self, name: str, day: dt.date) -> Plan:
        """Adopt one of the example's plans."""
        plan = self.engine.load_plan(self.folder / f"{name}.yaml")
        self.set_clock(day, 9)
        self.engine.adopt(plan, by=plan.actor(self.adopter(plan)))
        return plan

    def adopter(self, plan: Plan) -> str:
        """Return somebody who may adopt the plan."""
        roles = plan.lifecycle.adopted_by
        return next(name for name, held in plan.head.directory.items() if held[0].role in roles)

    def someone(self, project: str, role: str) -> str:
        """Return the first who holds the role for the project."""
        from evalflow.model.directory import Directory

        head = self.engine.plans.head(project.rpartition("/")[0])
        day = self.engine.clock().date()
        unit = self.engine.plans.definition(project).unit_on(day)
        return Directory(head).holders((role,), unit, day)[0]

    def fire(self, project: str, event: str, role: str, data: dict[str, Any] | None = None) -> Any:
        """Fire an event by the first who holds the role."""
        by = self.engine.actor(project.rpartition("/")[0], self.someone(project, role))
        return self.engine.fire(project, event, by=by, data=data or {})

    def say(self, when: str, ko: str, en: str) -> None:
        """Tell one step."""
        self.session.echo(f"{when:<11}{self.session.say(ko, en)}")

    def stands(self, project: str) -> None:
        """Tell where a project stands."""
        found = self.engine.project(project)
        lifecycle = self.engine.plans.lifecycle(found.lifecycle)
        rating = self.engine.evaluation(project).rating
        rate = "" if rating is None or rating.rate is None else f", {rating.rate}%"
        label = self.session.label
        self.session.echo(
            f"{label(lifecycle.label)} {project} {label(found.label)}: "
            f"{found.period}, {self.session.states(lifecycle, found.states)}{rate}"
        )
