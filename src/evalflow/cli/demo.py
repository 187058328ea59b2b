"""`evalflow demo`: the 2016 plan of 서대문구 played through its four quarters.

Every step goes through `Engine.fire`, on a clock that the play moves. The figures are made up
from the plan's targets, the same ones at every run; what happens to whom stands in `STORY`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from evalflow.cli.demo_schemes import Schemes
from evalflow.cli.session import Session, tree_of
from evalflow.plan.examples import folder

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.model import Entry, Indicator, ProjectDefinition
    from evalflow.plan.definition import Plan

_pass = click.make_pass_decorator(Session)

SEOUL = dt.timezone(dt.timedelta(hours=9))


@attrs.frozen(kw_only=True)
class Story:
    """Who meets with what in the demo, by 관리번호. Everybody else goes the straight way."""

    late_bureau_of: str = "6"
    late_quarter: str = "2016-Q4"
    weak: Mapping[tuple[str, str], str] = attrs.field(
        factory=lambda: {
            ("3", "2016-Q1"): "0.82",
            ("3", "2016-Q2"): "0.85",
            ("14", "2016-Q2"): "0.78",
            ("14", "2016-Q3"): "0.80",
            ("27", "2016-Q3"): "0.52",
            ("35", "2016-Q4"): "0.84",
        }
    )
    spot_check: tuple[str, str] = ("3", "2016-Q1")
    recovery: tuple[str, str] = ("14", "2016-Q3")
    audit: tuple[str, str] = ("27", "2016-Q3")
    sent_back: tuple[str, str] = ("12", "2016-Q2")
    override: tuple[str, str] = ("20", "2016-Q1")
    change: str = "9"


STORY = Story()


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, start: dt.datetime) -> None:
        """Start at an aware moment."""
        self.moment = start

    def __call__(self) -> dt.datetime:
        """Return the moment, in UTC; every look moves it on by a second."""
        self.moment += dt.timedelta(seconds=1)
        return self.moment.astimezone(dt.UTC)

    def set(self, day: dt.date, hour: int = 10, minute: int = 0) -> None:
        """Go to that time of an office day in Seoul (never backwards)."""
        moment = dt.datetime.combine(day, dt.time(hour, minute), SEOUL)
        self.moment = max(self.moment, moment)


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/demo"),
    show_default=True,
    help="결과 폴더 · Where the results go.",
)
@_pass
def demo_command(session: Session, out: Path) -> None:
    """2016년 한 해를 시연 · Play the 2016 plan of Seodaemun-gu.

    Leaves the database, the diagrams and the histories in the folder, to be explored.
    """
    import evalflow

    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    clock = Clock(dt.datetime(2016, 2, 5, 8, tzinfo=SEOUL))
    url = f"sqlite:///{out / 'office.db'}"
    with evalflow.open(url, plugins=[], clock=clock) as engine:
        schemes = Schemes(session=session, engine=engine, set_clock=clock.set, folder=folder())
        plan = schemes.selection()
        play = Play(engine, plan, clock, STORY, schemes)
        play.year(halt=lambda: _keep_copy(engine, out))
        _play_elsewhere(session, url)
        report = engine.deliver(notifiers=_to_file(engine, out / "notices.jsonl"))
        session.echo(
            session.say(
                f"알림 {report.delivered}건을 {out / 'notices.jsonl'}에 남겼습니다.",
                f"{report.delivered} notices went to {out / 'notices.jsonl'}.",
            )
        )
        _leave(session, engine, plan, out)
        play.closing()
        _leave_forms(session, engine, plan, out / "forms")
        _leave_report(session, engine, plan, out / "report.html")


def _play_elsewhere(session: Session, url: str) -> None:
    """Play what the selection left out, each on a clock of its own: it went on while the key
    projects did."""
    import evalflow

    session.echo()
    for start, play in (
        (dt.date(2016, 2, 26), Schemes.pledge),
        (dt.date(2016, 2, 26), Schemes.regeneration),
    ):
        clock = Clock(dt.datetime.combine(start, dt.time(9), SEOUL))
        with evalflow.open(url, plugins=[], clock=clock) as engine:
            play(Schemes(session=session, engine=engine, set_clock=clock.set, folder=folder()))


class Play:
    """One year of the demo, step by step."""

    def __init__(
        self, engine: Engine, plan: Plan, clock: Clock, story: Story, schemes: Schemes
    ) -> None:
        """Take the engine with its clock, the plan, who meets with what, and the schemes that
        are played beside it."""
        self.engine = engine
        self.plan = plan
        self.clock = clock
        self.story = story
        self.schemes = schemes
        self.session = schemes.session
        self.fired: Counter[str] = Counter()

    # ------------------------------------------------------------------ the year

    def year(self, halt: Callable[[], None]) -> None:
        """Play it all; `halt` is called on the evening on which one bureau is late."""
        from evalflow.model.calendar import period

        self.say("2016-02-25", "계획을 확정하고 43개 사업을 시작", "the plan is adopted")
        self.engine.adopt(self.plan, by=self.plan.actor(self.someone("policy_office")))
        for quarter in self.engine.plans.calendar(self.plan.id).periods():
            after = period(quarter.text).next().start
            self.self_evaluations(quarter.text, after)
            self.submissions(quarter.text, after, halt)
            self.reviews(quarter.text, after)
            if quarter.text != self.engine.plans.head(self.plan.id).calendar.last:
                self.next_period(quarter.text, after)
            if quarter.text == self.story.audit[1]:
                self.schemes.remedy()

    def self_evaluations(self, quarter: str, after: dt.date) -> None:
        """Every department evaluates its projects in the first days after the quarter."""
        late = self.late_projects(quarter)
        for place, number in enumerate(n for n in self.plan.projects if n not in late):
            self.clock.set(after + dt.timedelta(days=place % 4), 9 + place % 8)
            self.self_evaluate(number, quarter)
        self.note(after, f"{quarter} 자체평가", f"{quarter}: departments evaluate themselves")

    def submissions(self, quarter: str, after: dt.date, halt: Callable[[], None]) -> None:
        """Every bureau submits by the 5th; one is late in the story's quarter."""
        self.clock.set(after + dt.timedelta(days=4), 15)
        late = self.late_projects(quarter)
        for _, members in self.bureaus():
            if not set(members) & set(late):
                self.submit(members[0])
        self.note(
            after + dt.timedelta(days=4), f"{quarter} 총괄 제출", f"{quarter}: bureaus submit"
        )
        if not late:
            return
        self.clock.set(after + dt.timedelta(days=5), 18)
        self.say(
            str(after + dt.timedelta(days=5)),
            f"관리번호 {self.story.late_bureau_of}의 국이 기한을 넘김",
            f"the bureau of number {self.story.late_bureau_of} is late",
        )
        halt()
        self.clock.set(after + dt.timedelta(days=6), 11)
        for number in late:
            self.self_evaluate(number, quarter)
        self.submit(self.story.late_bureau_of)

    def reviews(self, quarter: str, after: dt.date) -> None:
        """The policy office reviews everything by the 20th, and follows up what is slow."""
        number, when = self.story.sent_back
        if when == quarter:
            self.clock.set(after + dt.timedelta(days=8), 10)
            self.fire(number, "send_back", "policy_office", {"reason": "증빙과 실적이 서로 다름"})
            self.say(
                str(after + dt.timedelta(days=8)),
                f"{number}번 보완요구",
                f"no. {number} is sent back",
            )
            self.clock.set(after + dt.timedelta(days=9), 10)
            self.self_evaluate(number, quarter)
            self.submit(number)
        for place, number in enumerate(self.plan.projects):
            self.clock.set(after + dt.timedelta(days=9 + place % 8), 9 + place % 8)
            self.review(number, quarter)
        self.note(after + dt.timedelta(days=17), f"{quarter} 종합평가", f"{quarter}: reviewed")
        self.follow_up(quarter, after)

    def follow_up(self, quarter: str, after: dt.date) -> None:
        """Spot checks, an audit referral, and a target change in its season."""
        number, when = self.story.spot_check
        if when == quarter:
            self.clock.set(after + dt.timedelta(days=20), 14)
            self.spot_check(number, quarter, "0.84", "분기 점검 결과 여전히 부진")
            self.say(
                str(after + dt.timedelta(days=20)),
                f"{number}번 수시평가: 계속 부진",
                f"no. {number} is checked: still lagging",
            )
        number, when = self.story.audit
        if when == quarter:
            self.clock.set(after + dt.timedelta(days=22), 14)
            self.fire(
                number,
                "refer_to_audit",
                "policy_office",
                {
                    "reason": "현저히 부진하여 감사담당관 감사 의뢰",
                    "document": "정책기획담당관-9001",
                },
            )
            self.say(
                str(after + dt.timedelta(days=22)),
                f"{number}번 감사의뢰",
                f"no. {number} is referred to audit",
            )
            self.schemes.order(self.id_of(number))
            self.say(
                str(after + dt.timedelta(days=22)),
                f"{number}번 시정명령",
                f"a corrective order is issued about no. {number}",
            )
        number, when = self.story.recovery
        if when == quarter:
            self.clock.set(after + dt.timedelta(days=24), 14)
            self.spot_check(number, quarter, "1.00", "대책 시행으로 정상화")
            self.say(
                str(after + dt.timedelta(days=24)),
                f"{number}번 정상화",
                f"no. {number} has recovered",
            )
        if quarter == "2016-Q2":
            self.change_targets()

    def next_period(self, quarter: str, after: dt.date) -> None:
        """The clock opens the next quarter for every project."""
        self.clock.set(after + dt.timedelta(days=25), 0, 5)
        for number in self.plan.projects:
            self.fire(number, "open_period", "clock")

    def change_targets(self) -> None:
        """A change of target through all its steps: report, consultation, decision, letter."""
        number = self.story.change
        definition = self.definition(number)
        indicator = next(
            i for i in definition.indicators if isinstance(i.targets["2016-Q4"], Decimal)
        )
        before = indicator.targets["2016-Q4"]
        assert isinstance(before, Decimal)
        after = (before * Decimal("0.9")).quantize(Decimal(1), ROUND_HALF_UP)
        budget = definition.budget.sources
        source = next(iter(budget))
        self.clock.set(dt.date(2016, 7, 25), 10)
        self.fire(
            number,
            "request_change",
            "department_head",
            {
                "kind": "target",
                "change": {
                    "indicators": {indicator.id: {"targets": {"2016-Q4": str(after)}}},
                    "budget": {"sources": {source: str(budget[source] * 9 // 10)}},
                },
                "reason": "추경 감액에 따른 사업량 축소",
                "detail": f"{indicator.label.ko} 4분기 목표 {before} → {after}",
                "reported_on": "2016-07-25",
            },
        )
        self.clock.set(dt.date(2016, 7, 28), 10)
        self.fire(number, "consult", "policy_office", {"opinion": "이견 없음"})
        self.fire(number, "consult", "budget_team", {"opinion": "감액 폭 과다", "dissent": True})
        self.clock.set(dt.date(2016, 8, 5), 10)
        self.fire(number, "approve_change", "mayor", {"document": "구청장 방침 제2016-88호"})
        self.clock.set(dt.date(2016, 8, 12), 10)
        self.fire(number, "file_change", "department", {"document": "사업부서-2210"})
        self.say("2016-08-12", f"{number}번 목표 변경 확정", f"the change of no. {number} is filed")

    # ------------------------------------------------------------------ single steps

    def self_evaluate(self, number: str, quarter: str) -> None:
        """Evaluate one project: figures, causes where it lags, cards, declared changes."""
        definition = self.definition(number, quarter)
        strength = self.story.weak.get((number, quarter))
        actuals = {
            indicator.id: figure
            for indicator in definition.indicators
            if (figure := made_up(definition, indicator, quarter, strength)) is not None
        }
        data: dict[str, Any] = {"actuals": actuals, "spent": spent(definition, quarter)}
        if definition.cards:
            data["cards"] = {str(n): "정상 추진" for n in range(1, len(definition.cards) + 1)}
        change = self.engine.project(definition.id).change
        if change is not None and change.approved_in is not None:
            data["declared"] = {str(change.number): change.detail}
        data["explanations"] = {
            indicator.id: {
                "cause": "관련 기관 협의 지연",
                "countermeasure": "다음 분기 집중 추진",
                "follow_up": "월별 점검",
            }
            for indicator in definition.indicators
        }
        self.fire(number, "self_evaluate", "department", data)

    def submit(self, number: str) -> None:
        """Submit the project's bureau, signed by its head."""
        head = self.someone("bureau_head", number)
        quarter = self.engine.project(self.id_of(number)).period
        serial = int.from_bytes(hashlib.sha256(f"{head} {quarter}".encode()).digest()[:2])
        self.fire(
            number,
            "submit",
            "lead_section",
            {
                "document": f"주무과-{serial}",
                "sign_off": [{"role": "bureau_head", "actor": head}],
            },
        )

    def review(self, number: str, quarter: str) -> None:
        """Review one project and settle it as on track or lagging."""
        project_id = self.id_of(number)
        evaluation = self.engine.evaluation(project_id)
        assert evaluation.self_rating is not None
        judged: dict[str, Any] = {}
        for line in evaluation.self_rating.lines:
            judged[line.indicator] = (
                {"rate": "100.0", "reason": "목표가 0인 분기로 달성 확인"}
                if line.status == "undefined"
                else "confirmed"
            )
        if (number, quarter) == self.story.override:
            line = next(x for x in evaluation.self_rating.lines if x.rate is not None)
            judged[line.indicator] = {
                "rate": "93.5",
                "reason": "증빙 확인 결과 중복 실적을 뺌",
            }
            self.note(
                self.clock.moment.date(),
                f"{number}번 이행률을 사유와 함께 고침",
                f"no. {number}'s rate is overridden, with a reason",
            )
        self.fire(number, "review", "policy_office", {"ratings": judged}, reviewer=1)
        by = self.actor("policy_office", number, 1)
        on_track = self.engine.explain(project_id, "approve", by=by).allowed
        self.fire(number, "approve" if on_track else "flag_lagging", "policy_office", reviewer=1)

    def spot_check(self, number: str, quarter: str, strength: str, reason: str) -> None:
        """Check a project's figures in between."""
        definition = self.definition(number, quarter)
        figures = {
            indicator.id: figure
            for indicator in definition.indicators
            if (figure := made_up(definition, indicator, quarter, strength)) is not None
        }
        self.fire(
            number, "spot_check", "policy_office", {"checked_actuals": figures, "reason": reason}
        )

    def fire(
        self,
        number: str,
        event: str,
        role: str,
        data: dict[str, Any] | None = None,
        *,
        reviewer: int = 0,
    ) -> Entry:
        """Fire an event by somebody who holds the role for the project."""
        self.fired[event] += 1
        by = self.actor(role, number, reviewer)
        return self.engine.fire(self.id_of(number), event, by=by, data=data)

    # ------------------------------------------------------------------ who and what

    def id_of(self, number: str) -> str:
        """Return the project's id."""
        return f"{self.plan.id}/{number}"

    def definition(self, number: str, quarter: str | None = None) -> ProjectDefinition:
        """Return the project as the plan has it (in force for the quarter)."""
        return self.engine.plans.definition(self.id_of(number), period=quarter)

    def someone(self, role: str, number: str | None = None, place: int = 0) -> str:
        """Return the id of an actor who holds the role for the project, or in the office."""
        from evalflow.model.directory import Directory

        head = self.plan.head
        day = self.clock.moment.astimezone(SEOUL).date()
        unit = self.plan.projects[number].unit_on(day) if number else head.office
        holders = Directory(head).holders((role,), unit, day)
        return holders[min(place, len(holders) - 1)]

    def actor(self, role: str, number: str, place: int = 0) -> Any:
        """Return the actor who holds the role for the project."""
        return self.engine.actor(self.plan.id, self.someone(role, number, place))

    def bureaus(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each bureau with the numbers of its projects."""
        found: dict[str, list[str]] = {}
        day = self.clock.moment.astimezone(SEOUL).date()
        for number, definition in self.plan.projects.items():
            bureau = self.plan.head.ancestor(definition.unit_on(day), "bureau")
            assert bureau is not None
            found.setdefault(bureau, []).append(number)
        yield from found.items()

    def late_projects(self, quarter: str) -> list[str]:
        """Return the projects whose department is late in this quarter."""
        if quarter != self.story.late_quarter:
            return []
        day = self.clock.moment.astimezone(SEOUL).date()
        late = self.plan.projects[self.story.late_bureau_of].unit_on(day)
        bureau = self.plan.head.ancestor(late, "bureau")
        units = {
            d.unit_on(day)
            for d in self.plan.projects.values()
            if self.plan.head.ancestor(d.unit_on(day), "bureau") == bureau
        }
        other = next((unit for unit in sorted(units) if unit != late), late)
        return [n for n, d in self.plan.projects.items() if d.unit_on(day) == other]

    # ------------------------------------------------------------------ telling

    def say(self, when: str, ko: str, en: str) -> None:
        """Tell one step of the story."""
        self.session.echo(f"{when:<11}{self.session.say(ko, en)}")

    def note(self, day: dt.date, ko: str, en: str) -> None:
        """Tell one step of the story, on a day."""
        self.say(str(day), ko, en)

    def closing(self) -> None:
        """Print where everything stands at the end."""
        from evalflow.cli.projects import print_counts, print_projects

        session, engine = self.session, self.engine
        session.echo()
        print_counts(session, engine, engine.projects(plan=self.plan.id), "unit")
        print_projects(session, engine, engine.projects(plan=self.plan.id, state="lagging"))
        total = sum(self.fired.values())
        session.echo(
            session.say(f"진행 {total}건: ", f"{total} firings: ")
            + ", ".join(f"{event} {n}" for event, n in self.fired.items())
        )


def spent(definition: ProjectDefinition, quarter: str) -> int:
    """Return what was spent in the quarter: most of its budget, in whole thousands of won."""
    seed = hashlib.sha256(f"{definition.id} {quarter}".encode()).digest()[0]
    return definition.budget.periods.get(quarter, 0) * (88 + seed % 13) // 100 // 1000 * 1000


def made_up(
    definition: ProjectDefinition, indicator: Indicator, quarter: str, strength: str | None
) -> str | dict[str, str] | None:
    """Return an actual for the quarter: about its target, or `strength` of it; the same at
    every run. Not due where the target is not."""
    target = indicator.targets[quarter]
    if not isinstance(target, Decimal):
        return {"not_due": target.reason}
    stays = ("milestone", "met_or_not", "maintain_at_least", "maintain_at_most")
    if indicator.formula in stays and strength is None:
        return format(target, "f")
    seed = hashlib.sha256(f"{definition.id} {indicator.id} {quarter}".encode()).digest()[0]
    share = Fraction(strength) if strength else Fraction(98 + seed % 10, 100)
    if indicator.direction == "down":
        share = 2 - share
    exact = Fraction(target) * share
    exponent = target.as_tuple().exponent
    assert isinstance(exponent, int)
    places = Decimal(1).scaleb(min(exponent, 0))
    figure = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(places, ROUND_HALF_UP)
    return format(figure, "f")


# --------------------------------------------------------------------------- what it leaves


def _keep_copy(engine: Engine, out: Path) -> None:
    """Copy the store as it stands on the evening on which one bureau is late."""
    from evalflow.storage.sqlite import SQLiteStorage

    assert isinstance(engine.storage, SQLiteStorage)
    engine.storage.copy_to(out / "office-2017-01-06.db")


def _to_file(engine: Engine, path: Path) -> dict[str, Any]:
    """Return the plan's notifiers, all of them writing to one file."""
    notifier = engine.plugins.notifier("jsonl", {"path": str(path)})
    return {
        name: notifier
        for plan in engine.plans.ids()
        for name in engine.plans.head(plan).delivery.notifiers
    }


def _leave(session: Session, engine: Engine, plan: Plan, out: Path) -> None:
    from evalflow.lifecycle.diagram import dot, mermaid, svg

    for ending, draw in (("mmd", mermaid), ("dot", dot), ("svg", svg)):
        text = draw(plan.lifecycle, lang=session.lang)
        (out / f"lifecycle.{ending}").write_text(text, encoding="utf-8")
    with (out / "history.jsonl").open("w", encoding="utf-8") as lines:
        for project in engine.projects(plan=plan.id):
            for entry in engine.history(project.id):
                lines.write(json.dumps(tree_of(entry), ensure_ascii=False) + "\n")


def _leave_report(session: Session, engine: Engine, plan: Plan, path: Path) -> None:
    """Leave the page for the meeting on the second quarter, as it stood on the evening before the
    next one was opened."""
    from evalflow.plugins.forms import FormRequest
    from evalflow.plugins.installed import Plugins

    plugins = Plugins.load(["evalflow-report"])
    if "report" not in plugins.names("form"):
        session.echo(
            session.say(
                "현황판은 만들지 않았습니다: pip install municipal-evalflow-report 가 필요합니다.",
                "no report was made: pip install municipal-evalflow-report",
            )
        )
        return
    evening = dt.datetime(2016, 7, 25, 23, 59, 59, tzinfo=SEOUL)
    request = FormRequest(plan=plan.id, period="2016-Q2", at=evening, lang=session.lang)
    plugins.form("report").write(engine, path, request)
    session.echo(session.say(f"현황판은 {path}에 있습니다.", f"the report is {path}"))


def _leave_forms(session: Session, engine: Engine, plan: Plan, out: Path) -> None:
    """Leave the second quarter's forms of one bureau, as it stood when it was settled."""
    from evalflow.plugins.forms import FormRequest
    from evalflow.plugins.installed import Plugins

    plugins = Plugins.load(["evalflow-forms"])
    names = plugins.names("form")
    if not names:
        session.echo(
            session.say(
                "서식은 만들지 않았습니다: pip install municipal-evalflow-forms 가 필요합니다.",
                "no forms were made: pip install municipal-evalflow-forms",
            )
        )
        return
    out.mkdir(parents=True)
    bureau = plan.head.ancestor(plan.projects["6"].unit_on(dt.date(2016, 6, 30)), "bureau")
    settled = dt.datetime(2016, 7, 24, 18, tzinfo=SEOUL)
    for name in names:
        form = plugins.form(name)
        request = FormRequest(plan=plan.id, period="2016-Q2", unit=bureau, at=settled)
        if name == "change":
            approved = dt.datetime(2016, 8, 12, 18, tzinfo=SEOUL)
            request = FormRequest(plan=plan.id, number=STORY.change, at=approved)
        for suffix in form.formats:
            form.write(engine, out / f"{name}{suffix}", request)
    session.echo(
        session.say(f"서식은 {out}에 있습니다.", f"the forms are in {out}"),
    )
