"""The command that rehearses a year."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from evalflow.cli.options import json_option, pass_session
from evalflow.cli.session import Session

if TYPE_CHECKING:
    from evalflow.plan.definition import Plan
    from evalflow.testing.simulation import Outcome


class _Share(click.ParamType[Fraction]):
    """A share: `10%`, `0.1` or `1/10`, exact."""

    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        if isinstance(value, Fraction):
            return value
        text = str(value).strip()
        try:
            share = Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except (ValueError, ZeroDivisionError):
            share = Fraction(-1)
        if not 0 <= share <= 1:
            self.fail(
                f"0%에서 100% 사이여야 합니다: {text} · expected 0% to 100%, got {text}", param, ctx
            )
        return share


@click.command("simulate")
@click.argument("plan", type=click.Path(dir_okay=False))
@click.option("--seed", default=1, show_default=True, help="난수 초기값 · Same seed, same year.")
@click.option(
    "--offices",
    type=click.IntRange(1, 100_000),
    default=1,
    show_default=True,
    help="기관 수 · Offices, each with this plan.",
)
@click.option(
    "--late", type=_Share(), default="10%", show_default=True, help="지연 비율 · Steps done late."
)
@click.option(
    "--lagging",
    type=_Share(),
    default="15%",
    show_default=True,
    help="부진 비율 · Projects behind, in each period.",
)
@click.option(
    "--changes",
    type=_Share(),
    default="3%",
    show_default=True,
    help="변경 비율 · Projects with a change, in each period.",
)
@click.option(
    "--followed-up",
    type=_Share(),
    default="50%",
    show_default=True,
    help="후속 점검 비율 · Lagging projects that are checked again.",
)
@click.option(
    "--db",
    "url",
    metavar="URL",
    default="memory:",
    show_default=True,
    help="모의 실행용 저장소 · The store to rehearse in, without these plans.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="동시 실행 · Processes in parallel, for offices in memory.",
)
@json_option
@pass_session
def simulate_command(
    session: Session,
    plan: str,
    seed: int,
    offices: int,
    late: Fraction,
    lagging: Fraction,
    changes: Fraction,
    followed_up: Fraction,
    url: str,
    workers: int,
    as_json: bool,
) -> int:
    """한 해를 연습 · Rehearse a year with made-up actors on a virtual clock.

    What was played is counted, the store is read back and verified, and both counts are compared.
    Exit code 0 where they agree, 1 where they do not. The same seed prints the same.
    """
    from concurrent.futures import ProcessPoolExecutor
    from contextlib import nullcontext
    from multiprocessing import get_context

    import evalflow
    from evalflow.testing.simulation import Behaviour, simulate

    loaded = evalflow.load_plan(plan)
    spawning = get_context("spawn")
    several = ProcessPoolExecutor(workers, spawning) if workers > 1 else nullcontext()
    with several as executor:
        outcome = simulate(
            loaded,
            url=url if ":" in url else f"sqlite:///{url}",
            seed=seed,
            offices=offices,
            behaviour=Behaviour(
                late=late, lagging=lagging, changes=changes, followed_up=followed_up
            ),
            progress=_progress(session, offices),
            executor=executor,
        )
    if as_json:
        _print_json(session, outcome)
    else:
        _print(session, loaded, outcome)
    return 0 if outcome.reconciled else 1


def _progress(session: Session, offices: int) -> Callable[[int], None]:
    """Return what tells, beside the output and on a terminal only, how far it has come."""
    begun = time.monotonic()

    def tell(played: int) -> None:
        if not sys.stderr.isatty():
            return
        seconds = int(time.monotonic() - begun)
        text = session.say(f"{offices}개 기관 중 {played}개", f"{played} of {offices} offices")
        click.echo(f"\r{text}, {seconds} s", err=True, nl=played == offices)

    return tell


def _print(session: Session, plan: Plan, outcome: Outcome) -> None:
    from evalflow.testing.simulation import lagging_bands

    say = session.say
    periods = sorted({period for period, _ in outcome.firings})
    rows: list[list[str]] = []

    def row(name: str, counted: Mapping[tuple[str, str], int], *keys: str) -> None:
        counts = [sum(counted.get((period, key), 0) for key in keys) for period in periods]
        if any(counts):
            rows.append([name, *(f"{n:,}" for n in counts), f"{sum(counts):,}"])

    for event in plan.lifecycle.events.values():
        name = session.label(event.label)
        row(name, outcome.firings, event.name)
        row("  " + say("기한 경과", "late"), outcome.late, event.name)
    row(say("추진상태: 부진", "Rated as lagging"), outcome.bands, *lagging_bands(plan))
    session.table([say("처리", "event"), *periods, say("계", "total")], rows, right=range(1, 99))
    for line in _closing(session, plan, outcome):
        session.echo(line)


def _closing(session: Session, plan: Plan, outcome: Outcome) -> Iterator[str]:
    say = session.say
    fired = sum(outcome.firings.values())
    yield say(
        f"기관 {outcome.offices:,}곳, 사업 {outcome.projects:,}개, 진행 {fired:,}건, "
        f"알림 {sum(outcome.told.values()):,}건, 계획 {outcome.revisions:,}차례",
        f"{outcome.offices:,} offices, {outcome.projects:,} projects, {fired:,} firings, "
        f"{sum(outcome.told.values()):,} notices, {outcome.revisions:,} plan revisions",
    )
    for states, count in outcome.states.items():
        names = " · ".join(session.label(plan.lifecycle.states[state].label) for state in states)
        yield "  " + say(f"끝에 {names}: {count:,}", f"at the end {names}: {count:,}")
    for (event, code), count in outcome.given_up.items():
        yield "  " + say(
            f"미처리: {event} {count:,}건 ({code})",
            f"never done: {event}, {count:,} times ({code})",
        )
    for name, played, stored in outcome.differences:
        yield say(
            f"맞지 않음: {name}: 진행하며 센 {played:,}, 저장소 {stored:,}",
            f"differs: {name}: counted {played:,} while playing, {stored:,} in the store",
        )
    for ko, en in outcome.mismatches:
        yield say(f"이력과 맞지 않음: {ko}", f"does not match its history: {en}")
    if outcome.reconciled:
        yield say(
            "모두 맞음: 진행하며 센 수와 저장소가 같고, 모든 이력이 온전합니다.",
            "reconciled: the store holds what was counted during the run; every history is "
            "complete.",
        )


def _print_json(session: Session, outcome: Outcome) -> None:
    counts = [
        {"period": p, "event": e, "fired": n, "late": outcome.late.get((p, e), 0)}
        for (p, e), n in outcome.firings.items()
    ]
    session.print_json(
        "counts",
        counts,
        offices=outcome.offices,
        project_count=outcome.projects,
        revisions=outcome.revisions,
        bands=[{"period": p, "band": b, "project_count": n} for (p, b), n in outcome.bands.items()],
        states=[{"states": list(s), "project_count": n} for s, n in outcome.states.items()],
        told=dict(outcome.told),
        given_up=[{"event": e, "reason": c, "times": n} for (e, c), n in outcome.given_up.items()],
        differences=[
            {"what": what, "played": played, "stored": stored}
            for what, played, stored in outcome.differences
        ],
        mismatches=[en for _, en in outcome.mismatches],
    )
