"""The command that opens a case, without a revision of its plan."""

from __future__ import annotations

from typing import Any

import click

from evalflow.cli.options import json_option, pass_session
from evalflow.cli.session import Session
from evalflow.errors import invalid


@click.command("open-case")
@click.argument("plan")
@click.option("--as", "actor", required=True, metavar="ID", help="처리자 · Actor's id.")
@click.option("--label", required=True, metavar="TEXT", help="이름 · What it is called.")
@click.option("--unit", required=True, metavar="UNIT", help="소관 부서 · Who answers for it.")
@click.option("--field", metavar="ID", help="분야 · Field, where the plan has several.")
@click.option("--about", metavar="PROJECT", help="무엇에 관한 것인가 · Which project it is about.")
@click.option("--number", metavar="N", help="관리번호 · Its number; the next free one if absent.")
@click.option("--reason", help="사유 · Reason.")
@json_option
@pass_session
def open_case(
    session: Session,
    plan: str,
    actor: str,
    label: str,
    unit: str,
    field: str | None,
    about: str | None,
    number: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """계획을 고치지 않고 한 건을 접수 · Open a case, without a revision of the plan.

    Where the plan's lifecycle says who `opens` cases: petitions and requests that come in one by
    one. The plan's own history says who opened which.
    """
    with session.open() as engine:
        head = engine.plans.head(plan)
        if field is None:
            known = list(head.fields)
            if len(known) != 1:
                listed = ", ".join(known)
                raise invalid(
                    "missing_value",
                    value="--field",
                    ko=f"계획에 분야가 여럿입니다. --field로 정하십시오 ({listed})",
                    en=f"the plan has several fields: say which with --field ({listed})",
                )
            field = known[0]
        case: dict[str, Any] = {"ko": label, "unit": engine.names.unit(plan, unit), "field": field}
        if about is not None:
            case["about"] = engine.names.project(about)
        entry = engine.plans.open_case(plan, case, by=actor, number=number, reason=reason)
        if as_json:
            session.print_json("entries", [entry], plan=plan)
            return
        session.echo(
            session.say(
                f"{entry.project} 「{label}」을(를) 접수했습니다.",
                f"{entry.project} '{label}' was opened.",
            )
        )
