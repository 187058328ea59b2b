"""`evalflow web`: the tokens and passwords of the service, and what the board no longer needs."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import click

from evalflow import Engine, NotFound
from evalflow.plugins import Session
from evalflow_web.auth.passwords import Passwords
from evalflow_web.auth.tokens import API, CALENDAR, Token, Tokens
from evalflow_web.serve import keeping_options, shelf_folder, state_option, state_path
from evalflow_web.state import State

_pass = click.make_pass_decorator(Session)
_json = click.option("--json", "as_json", is_flag=True, help="JSON으로 출력 · Print JSON.")


@click.group("web")
def web_command() -> None:
    """서비스의 토큰과 비밀번호 · Tokens and passwords of the service."""


@web_command.group("token")
def token_group() -> None:
    """다른 시스템이 쓰는 토큰 · Tokens by which other systems are recognised."""


@token_group.command("make")
@click.argument("actor")
@click.option(
    "--event",
    "events",
    multiple=True,
    help="할 수 있는 처리 · An event that may be fired by it; may be repeated. Without: it reads.",
)
@click.option("--all-events", is_flag=True, help="모든 처리 · Everything that the actor may fire.")
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=90,
    show_default=True,
    help="기한(일) · Days until it expires.",
)
@click.option("--label", default="", help="용도 · What it is for.")
@click.option(
    "--calendar",
    is_flag=True,
    help="기한 달력용 · Only for calendar links (due.ics).",
)
@state_option
@_pass
def make_token(
    session: Session,
    actor: str,
    events: tuple[str, ...],
    all_events: bool,
    days: int,
    label: str,
    calendar: bool,
    state: str | None,
) -> None:
    """토큰을 만듦 · Make a token for an actor; it is shown this once."""
    if all_events and events:
        raise click.UsageError("--event and --all-events exclude each other")
    if calendar and (events or all_events):
        raise click.UsageError("a token for a calendar fires nothing")
    with session.open() as engine:
        _check_actor(engine, actor)
        _check_events(engine, events)
    tokens = Tokens(State(state_path(session, state)))
    given, token = tokens.make(
        actor,
        events=None if all_events else events,
        lasts=dt.timedelta(days=days),
        label=label,
        kind=CALENDAR if calendar else API,
    )
    session.remark(
        session.say(
            f"토큰 {token.id}: {session.time(token.expires_at)}까지 씁니다. 다시 보이지 않습니다.",
            f"token {token.id}: valid until {session.time(token.expires_at)}; not shown again.",
        )
    )
    session.echo(given)


@token_group.command("list")
@state_option
@_json
@_pass
def list_tokens(session: Session, state: str | None, as_json: bool) -> None:
    """토큰 목록 · The tokens: whose, what for, until when. Their secrets are not kept."""
    tokens = Tokens(State(state_path(session, state))).all()
    if as_json:
        session.print_json("tokens", tokens)
        return
    heads = session.say(
        "토큰,용도,담당자,처리,기한,상태,쓴 때", "Token,For,Actor,Events,Until,State,Used"
    ).split(",")
    session.table(heads, [_row(session, token) for token in tokens])


def _row(session: Session, token: Token) -> tuple[str, ...]:
    events = session.say("모두", "all") if token.events is None else ", ".join(token.events) or "-"
    standing = session.say("유효", "good")
    if token.revoked_at is not None:
        standing = session.say("폐기", "revoked")
    elif token.expires_at <= dt.datetime.now(dt.UTC):
        standing = session.say("만료", "expired")
    used = "-" if token.used_at is None else session.time(token.used_at)
    until = session.time(token.expires_at)
    return token.id, token.label or token.kind, token.actor, events, until, standing, used


@token_group.command("revoke")
@click.argument("token")
@state_option
@_pass
def revoke_token(session: Session, token: str, state: str | None) -> None:
    """토큰을 폐기 · Make a token worthless from now on."""
    gone = Tokens(State(state_path(session, state))).revoke(token)
    session.echo(session.say(f"토큰 {gone.id} 폐기됨", f"token {gone.id} revoked"))


@web_command.command("password")
@click.argument("actor")
@state_option
@_pass
def set_password(session: Session, actor: str, state: str | None) -> None:
    """비밀번호를 정함 · Give somebody a password; it is asked for, or read from a pipe."""
    with session.open() as engine:
        _check_actor(engine, actor)
    if sys.stdin.isatty():
        prompt = session.say("새 비밀번호", "New password")
        again = session.say("한 번 더", "Once more")
        password = click.prompt(prompt, hide_input=True, confirmation_prompt=again, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    Passwords(State(state_path(session, state))).set(actor, password)
    session.echo(session.say(f"{actor}: 비밀번호 변경됨", f"{actor}: password set"))


def _check_actor(engine: Engine, actor: str) -> None:
    plans = engine.plans
    known = [each.id for plan in plans.ids() for each in plans.people(plan).actors()]
    if actor not in known:
        raise NotFound("actor", actor, known)


def _check_events(engine: Engine, events: tuple[str, ...]) -> None:
    known: set[str] = set()
    for fingerprint in {project.lifecycle for project in engine.projects()} if events else ():
        known.update(engine.plans.lifecycle(fingerprint).events)
    for event in events:
        if event not in known:
            raise NotFound("event", event, sorted(known))


@web_command.command("sweep")
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=180,
    show_default=True,
    help="며칠 지난 것 · What is older than so many days.",
)
@keeping_options
@state_option
@_pass
def sweep(
    session: Session, days: int, drafts: str | None, files: str | None, state: str | None
) -> None:
    """오래된 임시저장과 안 쓰는 파일 지움 · Throw away old drafts and files that no entry names."""
    from evalflow_web.board.shelf import Shelf, hashes_in

    folder = Path(shelf_folder(state_path(session, state)))
    with session.open() as engine:
        shelf = Shelf(folder, tables=drafts, blobs=files)
        named = {sha for _, entry in engine.storage.entries() for sha in hashes_in(entry.data)}
        old, gone = shelf.sweep(engine.clock() - dt.timedelta(days=days), named)
    session.echo(
        session.say(
            f"임시저장 {old}건, 이력에 없는 파일 {gone}건 지움",
            f"{old} drafts and {gone} files that no entry refers to were deleted",
        )
    )
