"""`evalflow demo`: the 2016 plan of 서대문구 played through its four quarters.

What happens stands in the scenarios under `demo/` of the example; here they are played one after
another in one store, each on a clock of its own, and what they leave is laid out.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.options import output_option, pass_session
from evalflow.cli.session import Session
from evalflow.errors import invalid
from evalflow.model.data import to_json
from evalflow.plan.examples import folder

if TYPE_CHECKING:
    from evalflow.engine.engine import Engine
    from evalflow.plan.definition import Plan
    from evalflow.testing.scenario import Failure, Step


SEOUL = dt.timezone(dt.timedelta(hours=9))
EVENING = dt.datetime(2017, 1, 18, 18, tzinfo=SEOUL)
"""When the year is over: all of the fourth quarter is reviewed."""

SCENARIOS = ("selection", "year", "pledges", "regeneration")
SHOWN = {"pledges": "seodaemun-2016-pledges/3", "regeneration": "seodaemun-2016-regeneration/1"}
"""Of what was left out of the selection: the project whose end is shown."""

CHANGED = "9"
"""The project whose target is changed in the year; its form is left, too."""


@click.command("demo")
@output_option(
    "결과 폴더 · Where the results go.",
    name="out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/demo"),
    show_default=True,
)
@pass_session
def demo_command(session: Session, out: Path) -> int:
    """2016년 한 해를 시연 · Play the 2016 plan of Seodaemun-gu.

    Leaves the database, the diagrams and the histories in the folder, to be explored.
    """
    import evalflow

    _make_room(out)
    url = f"sqlite:///{out / 'office.db'}"
    failed = [failure for name in SCENARIOS for failure in _play(session, name, url, out)]
    if failed:
        for failure in failed:
            session.remark(failure.text(session.lang))
        return 1
    plan = evalflow.load_plan(folder() / "plan.yaml", plugins=[])
    with evalflow.open(url, plugins=[], clock=lambda: EVENING) as engine:
        report = engine.deliver(notifiers=_to_file(engine, out / "notices.jsonl"))
        session.echo(
            session.say(
                f"알림 {report.messages}건(사업별로는 {report.delivered}건)을 "
                f"{out / 'notices.jsonl'}에 남겼습니다.",
                f"{report.messages} notices about {report.delivered} changes went to "
                f"{out / 'notices.jsonl'}.",
            )
        )
        _leave(session, engine, plan, out)
        _closing(session, engine, plan)
        _leave_forms(session, engine, plan, out / "forms")
        _leave_report(session, engine, plan, out / "report.html")
    _tell_of_board(session, out / "office-2017-01-06.db")
    return 0


_MARK = ".evalflow-demo"
"""The file by which a folder is known as one that a demo may replace."""

_OF_BEFORE = "office-2017-01-06.db"
"""What stands in the folder of a demo that left no mark yet."""


def _make_room(out: Path) -> None:
    """Make the folder for a demo anew.

    Raises:
        InvalidInput: something is there that no demo left.
        OSError: it cannot be made.
    """
    if os.path.lexists(out):
        ours = any((out / name).exists() for name in (_MARK, _OF_BEFORE))
        if not out.is_dir() or not (ours or not any(out.iterdir())):
            raise invalid(
                "output_is_not_ours",
                file=str(out),
                ko="시연이 만든 폴더가 아니어서 지우지 않습니다. 새 이름을 정하십시오",
                en="not a folder that a demo made, so it is left alone: choose another name",
            )
        shutil.rmtree(out)
    out.mkdir(parents=True)
    (out / _MARK).touch()


def _play(session: Session, name: str, url: str, out: Path) -> tuple[Failure, ...]:
    """Play one of the scenarios, telling its steps, and return what came out otherwise."""
    import evalflow
    from evalflow.cli.schemes import print_tally
    from evalflow.engine.schemes import select_plan
    from evalflow.testing.scenario import load_scenario, run_scenario

    def tell(step: Step, _: Engine) -> None:
        if step.label is not None:
            session.echo(f"{session.day(step.on)} {session.label(step.label)}")

    scenario = load_scenario(folder() / "demo" / f"{name}.scenario.yaml", plugins=[])
    session.echo(f"{session.day(scenario.adopted_on)} {session.label(scenario.label)}")
    failures = run_scenario(scenario, url=url, plugins=[], keep=out, told=tell)
    with evalflow.open(url, plugins=[], clock=lambda: EVENING) as engine:
        if name == "selection" and not failures:
            print_tally(session, select_plan(engine, scenario.plan.id, folder() / "plan.yaml"))
        if name in SHOWN:
            _show(session, engine, SHOWN[name])
    return failures


def _show(session: Session, engine: Engine, project: str) -> None:
    """Tell where a project stands."""
    found = engine.project(project)
    lifecycle = engine.plans.lifecycle(found.lifecycle)
    rating = engine.evaluation(project).rating
    rate = "" if rating is None or rating.rate is None else f", {rating.rate}%"
    session.echo(
        f"{session.label(lifecycle.label)} {project} {session.label(found.label)}: "
        f"{found.period}, {session.states(lifecycle, found.states)}{rate}"
    )


def _closing(session: Session, engine: Engine, plan: Plan) -> None:
    """Print where everything stands at the end."""
    from evalflow.cli.status import print_counts, print_projects

    session.echo()
    print_counts(session, engine, engine.projects(plan=plan.id), "unit")
    print_projects(session, engine, engine.projects(plan=plan.id, state="lagging"))
    projects = engine.projects(plan=plan.id)
    events = Counter(
        session.event(engine.plans.lifecycle(entry.lifecycle), entry.event)
        for each in projects
        for entry in engine.history(each.id)
    )
    session.echo(
        session.say(f"이력 {events.total()}건: ", f"{events.total()} entries: ")
        + ", ".join(f"{event} {n}" for event, n in events.items())
    )


# --------------------------------------------------------------------------- what it leaves


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
                lines.write(to_json(entry) + "\n")


def _leave_report(session: Session, engine: Engine, plan: Plan, path: Path) -> None:
    """Leave the page for the meeting on the second quarter, as it stood on the evening before the
    next one was opened."""
    from evalflow.plugins.forms import FormRequest
    from evalflow.plugins.installed import Plugins

    plugins = Plugins.load(["evalflow-report"])
    if "report" not in plugins.names("form"):
        session.echo(
            session.say(
                "현황 보고서를 만들지 않았습니다. pip install municipal-evalflow-report 필요",
                "no report was made: pip install municipal-evalflow-report",
            )
        )
        return
    evening = dt.datetime(2016, 7, 25, 23, 59, 59, tzinfo=SEOUL)
    request = FormRequest(plan=plan.id, period="2016-Q2", at=evening, lang=session.lang)
    plugins.form("report").write(engine, path, request)
    session.echo(session.say(f"현황 보고서는 {path}에 있습니다.", f"the report is {path}"))


def _tell_of_board(session: Session, store: Path) -> None:
    """Say how to open the board on the store as it stood when a department was still to evaluate
    itself, and whom to sign in as."""
    from evalflow.plugins.installed import Plugins

    if "serve" not in Plugins.load(["evalflow-web"]).names("command"):
        session.echo(
            session.say(
                "화면(브라우저)은 pip install municipal-evalflow-web 설치 후 이용할 수 있습니다.",
                "for the board in a browser: pip install municipal-evalflow-web",
            )
        )
        return
    session.echo(
        session.say(
            "브라우저로 이어 해 보려면 아래 명령을 실행하고 http://127.0.0.1:8000/ 을 여십시오. "
            "비밀번호는 없습니다.",
            "to go on in a browser, run this and open http://127.0.0.1:8000/ (no password):",
        )
    )
    session.echo(f"  evalflow --store {store} serve --demo")
    session.echo(
        session.say(
            "  civil-service-1(민원여권과: 5번 자체평가) → autonomy-lead-1(총괄 평가서 기안) "
            "→ autonomy-head-1(국장: 결재) → autonomy-lead-1(제출) → policy-1(종합평가)",
            "  civil-service-1 (evaluates number 5), autonomy-lead-1 (compiles), autonomy-head-1 "
            "(signs), autonomy-lead-1 (submits), policy-1 (reviews)",
        )
    )


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
            request = FormRequest(plan=plan.id, number=CHANGED, at=approved)
        for suffix in form.formats:
            form.write(engine, out / f"{name}{suffix}", request)
    session.echo(
        session.say(f"서식은 {out}에 있습니다.", f"the forms are in {out}"),
    )
