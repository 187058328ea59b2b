"""The command `batch`: many projects planned together, reviewed, then applied."""

from __future__ import annotations

import csv
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from evalflow.cli.options import json_option, output_option, pass_session
from evalflow.cli.session import Session, one_line, read_data, read_where
from evalflow.cli.status import things_head
from evalflow.errors import InvalidInput, Reason, invalid
from evalflow.files.inputs import opened
from evalflow.files.texts import BRACKETS
from evalflow.model.canonical import canonical

if TYPE_CHECKING:
    from evalflow.batch.applying import Receipt
    from evalflow.batch.plan_file import BatchPlan
    from evalflow.batch.preview import Context
    from evalflow.batch.script import ScriptStep
    from evalflow.engine.engine import Engine
    from evalflow.files.notes import Note
    from evalflow.model import Label

_MODES = click.Choice(["each", "all", "unit"])
_EVERY = 5.0  # seconds between two lines of progress in a log
_TICK = 0.001  # seconds; no rate is worked out over less
_STOPPED = 130
_MOST = 20  # projects that are shown one by one

_WORDS = {
    "planned": ("할 수 있음", "possible"),
    "refused": ("처리 불가", "refused"),
    "notices": ("알림", "notices"),
    "done": ("완료", "done"),
    "already": ("이미 완료", "already done"),
    "conflict": ("검토 후 변경됨", "changed since"),
    "held": ("보류", "held"),
}


@click.group("batch")
def batch_command() -> None:
    """여러 사업을 한꺼번에 · Many projects together: plan, review, apply."""


def _say(session: Session, word: str) -> str:
    return session.say(*_WORDS[word])


def counted(session: Session, counts: Mapping[str, int]) -> str:
    """Return how many projects came out how, as one line."""
    return ", ".join(f"{_say(session, word)} {number}" for word, number in counts.items())


@batch_command.command("plan")
@click.argument("event")
@click.option("--as", "actor", required=True, metavar="ID", help="처리자 · Actor's id.")
@click.option("--where", multiple=True, metavar="KEY=VALUE,…", help="조건 · Which projects.")
@click.option("--data", "source", metavar="FILE", help="자료(YAML) · Data for all, - for stdin.")
@click.option(
    "--set", "settings", multiple=True, metavar="K=V", help="자료 항목 · One item: name=value."
)
@click.option("--each", "sheet", metavar="FILE", help="사업별 자료 · Data by project number.")
@click.option("--figures", metavar="FILE", help="실적표 · Figures: number, indicator, actual, …")
@click.option(
    "--brackets",
    type=click.Choice(BRACKETS),
    help="괄호 안의 수 · What (12) means in --figures, in place of the plan's word.",
)
@click.option("--sheet", "page", metavar="NAME", help="시트 · Sheet of the table.")
@click.option(
    "--visible-rows",
    is_flag=True,
    help="보이는 행만 · Leave out rows that are hidden or filtered away.",
)
@click.option(
    "--mode", type=_MODES, default="each", help="적용 단위 · What is applied all or nothing."
)
@output_option("계획 파일 · Plan file to write.", name="out", required=True)
@json_option
@pass_session
def plan_command(
    session: Session,
    event: str,
    actor: str,
    where: Sequence[str],
    source: str | None,
    settings: Sequence[str],
    sheet: str | None,
    figures: str | None,
    brackets: str | None,
    page: str | None,
    visible_rows: bool,
    mode: str,
    out: str,
    as_json: bool,
) -> int:
    """계획 · Say what would happen to each project, into a file. Writes nothing to the store.

    Exit code 0 where all are possible, 1 where some are refused.
    """
    from evalflow.files.yaml import placed

    with session.open() as engine:
        data, document = read_data(session, source, settings)
        chosen = read_where(where)
        event = engine.names.event_in(chosen.get("plan"), event)
        actor = session.actor(engine, chosen.get("plan") or engine.plans.only(), actor)
        asked = _Tables(sheet, figures, page, visible_rows, brackets)
        each = _each(session, engine, chosen, asked)
        if each is not None and "numbers" not in chosen:
            chosen["numbers"] = tuple(project.rpartition("/")[2] for project in each)
        try:
            with session.busy("계획하는 중…", "planning…"):
                plan = engine.batch(event, by=actor, where=chosen, data=data, each=each, mode=mode)
        except InvalidInput as error:
            raise placed(error, document) from None
        plan.save(out)
        if as_json:
            print_planned(session, plan, file=out)
        else:
            print_plan(session, engine, plan)
            session.echo(session.say(f"계획 파일: {out}", f"plan: {out}"))
        return 1 if plan.counts["refused"] else 0


class _Tables(NamedTuple):
    """The tables that a batch takes its data from, and what of them is meant."""

    each: str | None
    figures: str | None
    sheet: str | None = None
    visible_rows: bool = False
    brackets: str | None = None


def _each(
    session: Session, engine: Engine, chosen: dict[str, Any], asked: _Tables
) -> dict[str, Any] | None:
    """Return the data by project that the tables hold; tell how they were read, and what the
    figures come to."""
    from evalflow.batch.sheet import EACH, data_by_project, figures_by_project
    from evalflow.files.table_reader import TableFile, read_table
    from evalflow.plan.tables import ACTUALS

    if asked.each is None and asked.figures is None:
        return None
    plan = chosen.get("plan") or engine.plans.only()
    sheets = () if asked.sheet is None else (asked.sheet,)
    found: dict[str, Any] = {}
    notes: list[Note] = []
    if asked.each is not None:
        file = TableFile(asked.each, sheets, asked.visible_rows)
        table = read_table(file, EACH, others=True)
        found = data_by_project(table, plan, _known(engine, plan))
        notes += table.notes
    figures: dict[str, dict[str, Any]] = {}
    units: dict[str, dict[str, str]] = {}
    if asked.figures is not None:
        table = read_table(TableFile(asked.figures, sheets, asked.visible_rows), ACTUALS)
        table.brackets = asked.brackets or engine.plans.head(plan).brackets
        definitions = {each.id: each for each in engine.plans.definitions(plan)}
        figures = figures_by_project(table, plan, definitions, units)
        for project, data in figures.items():
            found[project] = {**found.get(project, {}), **data}
        notes += table.notes
    for note in notes:
        session.remark(note.text(session.lang))
    if figures:
        print_figures(session, engine, plan, figures, units)
    return found


def print_figures(
    session: Session,
    engine: Engine,
    plan: str,
    figures: dict[str, dict[str, Any]],
    units: dict[str, dict[str, str]],
) -> None:
    """Print figure, target, rate and band of each indicator: all that are marked, and of the
    others the first ones."""
    from evalflow.batch.preview import preview

    projects = {each.id: each for each in engine.projects(plan=plan)}
    contexts: dict[str, Context] = {}
    rows: list[Sequence[str]] = []
    not_due = session.say("시기미도래", "not due")
    left = marked = 0
    for project, data in figures.items():
        period = projects[project].period
        context = contexts.get(period) or contexts.setdefault(
            period, _context(engine, plan, period)
        )
        if project not in context.definitions:
            continue
        bands = {band.name: session.label(band.label) for band in context.rules.bands}
        for line in preview(project, data["actuals"], units.get(project, {}), context):
            marked += bool(line.marks)
            if not line.marks and len(rows) >= _MOST:
                left += 1
                continue
            rows.append(
                (
                    project.rpartition("/")[2],
                    session.label(line.label),
                    not_due if line.figure is None else f"{line.figure:,f}",
                    *("-" if each is None else f"{each:,f}" for each in (line.actual, line.target)),
                    "-" if line.rate is None else f"{line.rate}%",
                    bands.get(line.band or "", "-"),
                    "; ".join(
                        ("⚠ " if at == 0 else "") + session.label(mark)
                        for at, mark in enumerate(line.marks)
                    ),
                )
            )
    heads = session.say(
        "관리번호,성과지표,실적,누계,목표(누계),이행률,추진상태,확인할 점",
        "Number,Indicator,Actual,So far,Target so far,Rate,Band,To check",
    ).split(",")
    _full_table(session, heads, rows, right=(2, 3, 4, 5))
    if left:
        session.echo(session.say(f"… 그 밖에 {left}건", f"… and {left} more"))
    if marked:
        session.remark(
            session.say(
                f"확인할 실적이 {marked}건 있습니다 (⚠).", f"figures to check: {marked} (⚠)."
            )
        )


def _context(engine: Engine, plan: str, period: str) -> Context:
    """Return what figures of the period are rated by: the plan in force, and earlier actuals."""
    from evalflow.batch.preview import Context
    from evalflow.lifecycle.fields import figure_from

    revision = engine.rules.terms(plan).in_force(period)
    head = engine.plans.head(plan, revision=revision)
    prior = {
        each.project: {
            name: {indicator: figure_from(figure) for indicator, figure in figures.items()}
            for name, figures in each.prior.items()
        }
        for each in engine.ratings.evaluations(plan, period)
    }
    return Context(
        period=period,
        periods=engine.plans.calendar(plan).periods_to(period),
        revision=revision,
        rules=head.scoring,
        score=engine.plugins.scoring(head.scoring, within=head.patience),
        definitions={each.id: each for each in engine.plans.definitions(plan, revision=revision)},
        prior=prior,
    )


def _known(engine: Engine, plan: str) -> list[str]:
    return [project.id for project in engine.projects(plan=plan)]


def print_planned(session: Session, batch: BatchPlan, **more: Any) -> None:
    """Print all that a batch would do, as JSON."""
    told = {"key": batch.key, "event": batch.header.event, "actor": batch.header.by}
    session.print_json("planned", batch, **told, counted=dict(batch.counts), **more)


def print_plan(session: Session, engine: Engine, plan: BatchPlan, most: int = _MOST) -> None:
    """Print what a batch would do, the first `most` projects one by one."""
    from evalflow.lifecycle.definition import PROJECTS
    from evalflow.lifecycle.stored import stored_lifecycle
    from evalflow.model.history import MIGRATE

    moves_over = plan.header.event == MIGRATE
    new = stored_lifecycle(plan.header.data["lifecycle"]) if moves_over else None
    rows: list[Sequence[str]] = []
    called: set[Label] = set()
    left = 0
    for line in plan:
        if len(rows) == most:
            left = len(plan) - most
            break
        project = engine.project(line.project)
        lifecycle = engine.plans.lifecycle(project.lifecycle)
        called.add(lifecycle.things)
        then = _say(session, "refused")
        if line.after:
            then = session.states(new or lifecycle, line.after)
        why = "; ".join(_whys(session, line.reasons))
        told = ", ".join(dict.fromkeys(recipient for _, recipient, _ in line.notices))
        name = f"{line.project} {session.label(project.label)}"
        rows.append((name, session.states(lifecycle, line.before), then, why or told))
    things = called.pop() if len(called) == 1 else PROJECTS
    heads = session.say(
        f"{things.ko},처리 전,처리 후,사유·알림",
        f"{things_head(things)},Before,After,Reasons or notices",
    ).split(",")
    _full_table(session, heads, rows)
    if left:
        session.echo(session.say(f"… 그 밖에 {left}건", f"… and {left} more"))
    session.echo(counted(session, dict(plan.counts)))
    _print_reasons(session, plan)


def _full_table(
    session: Session, heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()
) -> None:
    """Print a table, its last column only where something stands in it."""
    if rows and not any(row[-1] for row in rows):
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    session.table(heads, rows, right=right)


def _whys(session: Session, reasons: Iterable[Reason]) -> list[str]:
    """Return the reasons as text; of those that say so of each department of a unit the first,
    and of how many more."""
    said = list(dict.fromkeys((each.code, each.text(session.lang)) for each in reasons))
    units = [text for code, text in said if code == "wrong_unit"]
    more = len(units) - 1
    if more < 1:
        return [text for _, text in said]
    others = [text for code, text in said if code != "wrong_unit"]
    return [
        units[0] + session.say(f" (다른 {more}개 부서도)", f" (and of {more} more departments)"),
        *others,
    ]


def _print_reasons(session: Session, plan: BatchPlan, *, indent: str = "  ") -> None:
    """Print why projects were refused: how many, by which reason, in the words of the first."""
    if not plan.reasons:
        return
    said: dict[str, str] = {}
    for line in plan:
        for reason in line.reasons:
            said.setdefault(reason.code, one_line(reason.text(session.lang)))
        if len(said) == len(plan.reasons):
            break
    for code, number in plan.reasons.items():
        count = session.say(f"{number}건", f"{number}")
        session.echo(f"{indent}{count}: {said.get(code, code)}")


@batch_command.command("apply")
@click.argument("file")
@click.option("--as", "actor", metavar="ID", help="처리자 · The actor for whom the batch was made.")
@click.option("--mode", type=_MODES, help="적용 단위 · Instead of the plan's own.")
@click.option("--report", metavar="FILE", help="결과표(.csv/.jsonl) · Receipts, as CSV or JSON.")
@click.option("--workers", type=click.IntRange(1), help="작업자 수 · Worker processes.")
@click.option("--dask", metavar="ADDRESS", help="Dask 스케줄러 · Workers of a Dask cluster.")
@json_option
@pass_session
def apply_command(
    session: Session,
    file: str,
    actor: str | None,
    mode: str | None,
    report: str | None,
    workers: int | None,
    dask: str | None,
    as_json: bool,
) -> int:
    """적용 · Write what was reviewed. The same command continues after a stop.

    Exit code 0 where all is done, 1 where something was refused or held, 3 where something
    changed since, 130 where it was stopped.
    """
    return _apply(session, file, actor, mode, report, as_json, workers, dask)


@batch_command.command("run")
@click.argument("script")
@click.option("--apply", "really", is_flag=True, help="실제 적용 · Apply; without it a dry run.")
@click.option("--plans", metavar="FOLDER", help="계획 폴더 · Where the steps' plans are kept.")
@pass_session
def run_command(session: Session, script: str, really: bool, plans: str | None) -> int:
    """대본 실행 · Run a script of steps. A dry run unless `--apply`; continues after a stop.

    A dry run plans every step on the store as it is: a step that needs what an earlier one
    would do finds nothing yet.
    """
    from evalflow.batch.script import load_script

    steps = load_script(script)
    folder = Path(plans or f"{script}.plans")
    with session.open() as engine, _stopping() as stopping:
        for step in steps:
            title = f"[{step.place}/{len(steps)}] {step.event} ({step.by})"
            session.echo(title)
            kept = folder / f"{step.place:03}-{step.event}.jsonl"
            code = _run_step(session, engine, step, kept, really, stopping)
            if code:
                return code
        if really:
            for file in folder.glob("*.jsonl.done"):
                file.unlink()
        else:
            session.echo(session.say("적용하지 않았습니다 (--apply)", "nothing applied (--apply)"))
    return 0


def _run_step(
    session: Session,
    engine: Engine,
    step: ScriptStep,
    kept: Path,
    really: bool,
    stopping: Callable[[], bool],
) -> int:
    """Plan one step, or take up the plan of a run that was stopped, and apply it."""
    done = kept.with_name(kept.name + ".done")
    if really and done.exists():
        session.echo(session.say("  이미 적용했습니다", "  already applied"))
        return 0
    if really and kept.exists():
        plan = _kept_plan(kept, step)
        session.echo(session.say("  이어서 적용합니다", "  continued"))
    else:
        chosen = dict(step.where)
        each = _each(session, engine, chosen, _Tables(step.each, step.figures))
        if each is not None and "numbers" not in chosen:
            chosen["numbers"] = tuple(project.rpartition("/")[2] for project in each)
        plan = engine.batch(
            step.event, by=step.by, where=chosen, data=step.data, each=each, mode=step.mode
        )
    session.echo("  " + counted(session, dict(plan.counts)))
    _print_reasons(session, plan, indent="    ")
    counts: Counter[str] = Counter(refused=plan.counts["refused"])
    if _over(session, step, counts, len(plan)):
        kept.unlink(missing_ok=True)
        return 1
    if not really:
        return 0
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        plan.save(kept)
    counts.clear()
    receipts = _progress(
        session, engine.batches.apply(plan, by=step.by, stopping=stopping), len(plan)
    )
    _print_receipts(session, _tallied(receipts, counts))
    session.echo("  " + counted(session, dict(counts)))
    if counts.total() < len(plan):
        session.remark(
            session.say(
                "멈췄습니다. 같은 명령으로 이어집니다.",
                "stopped; run the same command again to continue",
            )
        )
        return _STOPPED
    kept.replace(done)
    return 1 if _over(session, step, counts, len(plan)) else 0


def _kept_plan(kept: Path, step: ScriptStep) -> BatchPlan:
    """Return the plan of a step that an earlier run kept.

    Raises:
        InvalidInput: it is no such file, or the plan of something else: a script was changed, or
            somebody put it there.
    """
    from evalflow.batch.plan_file import load_batch
    from evalflow.batch.values import plain

    plan = load_batch(kept)
    said = plan.header.event, plan.header.by, plan.header.mode, canonical(plan.header.data)
    if said != (step.event, step.by, step.mode, canonical(plain(dict(step.data)))):
        raise invalid(
            "another_step",
            file=str(kept),
            ko=f"대본의 {step.place}번째 단계와 다른 일괄 처리 계획입니다. 지우고 다시 하십시오",
            en=f"not the batch plan of step {step.place} of the script: remove it and run again",
        )
    return plan


def _over(session: Session, step: ScriptStep, counts: Counter[str], total: int) -> bool:
    """Say whether the step's limits are exceeded, and tell."""
    for limit in step.stop:
        if limit.exceeded(counts[limit.outcome], total):
            word = _say(session, limit.outcome)
            shown = f"{counts[limit.outcome]}/{total}"
            session.remark(
                session.say(
                    f"  중단: {word} {shown} (한도 {limit.text()})",
                    f"  stopped: {word} {shown} (limit {limit.text()})",
                )
            )
            return True
    return False


@batch_command.command("resume")
@click.argument("file")
@click.option("--as", "actor", metavar="ID", help="처리자 · The actor for whom the batch was made.")
@click.option("--report", metavar="FILE", help="결과표(.csv/.jsonl) · Receipts, as CSV or JSON.")
@click.option("--workers", type=click.IntRange(1), help="작업자 수 · Worker processes.")
@click.option("--dask", metavar="ADDRESS", help="Dask 스케줄러 · Workers of a Dask cluster.")
@json_option
@pass_session
def resume_command(
    session: Session,
    file: str,
    actor: str | None,
    report: str | None,
    workers: int | None,
    dask: str | None,
    as_json: bool,
) -> int:
    """이어서 적용 · Continue a batch that was stopped; what is done stays done."""
    return _apply(session, file, actor, None, report, as_json, workers, dask)


def _apply(
    session: Session,
    file: str,
    actor: str | None,
    mode: str | None,
    report: str | None,
    as_json: bool,
    workers: int | None,
    dask: str | None,
) -> int:
    from evalflow.batch.plan_file import load_batch

    plan = load_batch(file)
    with (
        _stopping() as stopping,
        _applied(session, plan, actor, mode, stopping, workers, dask) as written,
    ):
        receipts = _reported(_progress(session, written, len(plan)), report)
        counts: Counter[str] = Counter()
        if as_json:
            session.print_json("receipts", _tallied(receipts, counts), key=plan.key)
        else:
            _print_receipts(session, _tallied(receipts, counts))
            session.echo(counted(session, dict(counts)))
        if counts.total() < len(plan):
            session.remark(
                session.say(
                    f"멈췄습니다. 이어서: evalflow batch resume {file}",
                    f"stopped; to continue: evalflow batch resume {file}",
                )
            )
            return _STOPPED
    if counts["conflict"]:
        return 3
    return 1 if counts["refused"] or counts["held"] else 0


@contextmanager
def _applied(
    session: Session,
    plan: BatchPlan,
    actor: str | None,
    mode: str | None,
    stopping: Callable[[], bool],
    workers: int | None,
    dask: str | None,
) -> Iterator[Iterator[Receipt]]:
    """Give the receipts as they come: from here, from processes beside us, or from a cluster.
    Whoever gives this command has seen whom the file names, or names them (`--as`)."""
    by = actor or plan.header.by
    if by != plan.header.by:
        raise invalid(
            "batch_actor",
            value=by,
            ko=f"이 일괄 처리 계획은 {plan.header.by}의 것입니다 (--as {by})",
            en=f"this batch was made for {plan.header.by}, not for {by} (--as)",
        )
    with session.open() as engine:
        if workers is None and dask is None:
            yield engine.batches.apply(plan, mode=mode, by=by, stopping=stopping)
            return
    from evalflow.engine.spread import dask_workers, own_workers, spread

    url = session.url()
    if dask is not None:
        with dask_workers(dask) as (executor, threads):
            yield spread(
                plan,
                url,
                executor,
                mode=mode,
                by=by,
                stopping=stopping,
                workers=workers or threads,
            )
    else:
        assert workers is not None
        with own_workers(workers) as executor:
            yield spread(plan, url, executor, mode=mode, by=by, stopping=stopping, workers=workers)


def apply_plan(
    session: Session, engine: Engine, plan: BatchPlan, actor: str, report: str | None
) -> int:
    """Apply what was just planned and shown, print what was not done, and return the exit code."""
    counts: Counter[str] = Counter()
    with _stopping() as stopping:
        written = engine.batches.apply(plan, by=actor, stopping=stopping)
        receipts = _reported(_progress(session, written, len(plan)), report)
        _print_receipts(session, _tallied(receipts, counts))
    session.echo(counted(session, dict(counts)))
    if counts.total() < len(plan):
        return _STOPPED
    if counts["conflict"]:
        return 3
    return 1 if counts["refused"] or counts["held"] else 0


def _tallied(receipts: Iterator[Receipt], counts: Counter[str]) -> Iterator[Receipt]:
    for receipt in receipts:
        counts[receipt.outcome] += 1
        yield receipt


def _print_receipts(session: Session, receipts: Iterator[Receipt]) -> None:
    """Print those that were not done, and nothing of the many that were."""
    rows: list[Sequence[str]] = []
    left = 0
    for receipt in receipts:
        if receipt.outcome in ("done", "already"):
            continue
        if len(rows) == _MOST:
            left += 1
            continue
        why = "; ".join(reason.text(session.lang) for reason in receipt.reasons)
        rows.append((receipt.project, _say(session, receipt.outcome), why))
    if rows:
        heads = session.say("사업 ID,결과,사유", "ID,Outcome,Reasons").split(",")
        session.table(heads, rows)
    if left:
        session.echo(session.say(f"… 그 밖에 {left}건", f"… and {left} more"))


def _reported(receipts: Iterator[Receipt], path: str | None) -> Iterator[Receipt]:
    """Write each receipt to the report as it comes."""
    if path is None:
        yield from receipts
        return
    import io

    from evalflow.files.output import writing
    from evalflow.model.data import to_json

    as_csv = path.endswith(".csv")
    coding = "utf-8-sig" if as_csv else "utf-8"
    with (
        writing(path, growing=True) as file,
        io.TextIOWrapper(file, encoding=coding, newline="") as out,
    ):
        writer = csv.writer(out)
        if as_csv:
            writer.writerow(["project", "unit", "outcome", "entry", "codes", "reasons"])
        for receipt in receipts:
            if as_csv:
                writer.writerow(
                    [
                        receipt.project,
                        receipt.unit,
                        receipt.outcome,
                        receipt.number or "",
                        " ".join(reason.code for reason in receipt.reasons),
                        " / ".join(reason.ko for reason in receipt.reasons),
                    ]
                )
            else:
                out.write(to_json(receipt) + "\n")
            yield receipt


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Give a question that is answered yes after Ctrl-C, so that a batch stops between chunks;
    a second Ctrl-C stops at once."""
    asked: list[int] = []

    def stop(number: int, frame: Any) -> None:
        del frame
        asked.append(number)
        signal.signal(signal.SIGINT, before)

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:  # put into the background by a shell script: it is not asked
        yield lambda: False
        return
    try:
        signal.signal(signal.SIGINT, stop)
    except ValueError:  # not the main thread: nobody presses Ctrl-C here
        yield lambda: False
        return
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


def _progress(session: Session, receipts: Iterator[Receipt], total: int) -> Iterator[Receipt]:
    """Show how far it is: a bar with rate and time left on a terminal, plain lines in a log."""
    if not sys.stderr.isatty():
        began = told = time.monotonic()
        for count, receipt in enumerate(receipts, 1):
            yield receipt
            now = time.monotonic()
            if now - told > _EVERY:
                told = now
                rate = count / (now - began)
                left = (total - count) / rate
                session.remark(
                    session.say(
                        f"{count}/{total}건, 초당 {rate:.0f}건, 남은 시간 {left:.0f}초",
                        f"{count}/{total}, {rate:.0f} a second, {left:.0f} s left",
                    )
                )
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeLeft(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        shown = bar.add_task("", total=total, rate="")
        began = time.monotonic()
        for count, receipt in enumerate(receipts, 1):
            yield receipt
            rate = count / max(time.monotonic() - began, _TICK)
            bar.update(shown, advance=1, rate=f"{rate:.0f}/s")


# --------------------------------------------------------------------------- looking at plans


@batch_command.command("list")
@click.argument("folder", default=".")
@json_option
@pass_session
def list_command(session: Session, folder: str, as_json: bool) -> None:
    """목록 · The batch plans in a folder, and how much of each is done."""
    from evalflow.batch.plan_file import load_batch
    from evalflow.batch.values import FORMAT

    rows: list[Sequence[str]] = []
    told: list[dict[str, Any]] = []
    with session.open() as engine:
        for path in sorted(Path(folder).glob("*.jsonl")):
            with opened(path) as file:
                if f'"evalflow":"{FORMAT}"'.encode() not in file.readline():
                    continue
            try:
                plan = load_batch(path)
            except InvalidInput as error:
                rows.append((path.name, "-", "-", "-", error.problems[0].text(session.lang)))
                told.append({"file": path.name, "error": error})
                continue
            done = _done(engine, plan)
            counts = f"{done}/{plan.counts['planned']}"
            at = plan.header.at[:16].replace("T", " ")
            rows.append((path.name, plan.header.event, plan.header.by, at, counts))
            told.append(
                {"file": path.name, "key": plan.key, "event": plan.header.event}
                | {"actor": plan.header.by, "at": plan.header.at}
                | {"planned_count": plan.counts["planned"], "done_count": done}
            )
    if as_json:
        session.print_json("batches", told)
        return
    if not rows:
        session.echo(session.say("일괄 처리 계획이 없습니다.", "There is no batch plan here."))
        return
    heads = session.say(
        "파일,처리,처리자,계획 시각(UTC),적용", "File,Event,Actor,Planned (UTC),Done"
    )
    session.table(heads.split(","), rows)


@batch_command.command("show")
@click.argument("file")
@click.option("--all", "everything", is_flag=True, help="모두 · Every project.")
@json_option
@pass_session
def show_command(session: Session, file: str, everything: bool, as_json: bool) -> None:
    """내용 · What a plan would do, and how much of it is done."""
    from evalflow.batch.plan_file import load_batch

    plan = load_batch(file)
    with session.open() as engine:
        if as_json:
            print_planned(session, plan, done_count=_done(engine, plan))
            return
        print_plan(session, engine, plan, len(plan) if everything else _MOST)
        done = _done(engine, plan)
        session.echo(
            session.say(
                f"적용된 것: {done}/{plan.counts['planned']}",
                f"applied: {done} of {plan.counts['planned']}",
            )
        )


def _done(engine: Engine, plan: BatchPlan) -> int:
    """Return how many of the plan's entries are in the store: the history is the truth."""
    return sum(
        engine.storage.entry_by_key(line.project, plan.key) is not None
        for line in plan
        if line.allowed
    )
