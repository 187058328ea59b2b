"""The command that lists the words of the language, and explains one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evalflow.cli.options import json_option, pass_session
from evalflow.cli.session import Session
from evalflow.errors import NotFound
from evalflow.plugins import vocabulary

if TYPE_CHECKING:
    from evalflow.decision.words import Word


@click.command("words")
@click.argument("word", metavar="[WORD]", required=False)
@json_option
@pass_session
def words(session: Session, word: str | None, as_json: bool) -> None:
    """절차에 쓰는 말 · The words of the language: guards, actions, due rules, types, refusal codes.

    With WORD those whose name holds it, and where it is a word itself, what it means with an
    example. Guards of installed plugins are among them.
    """
    from evalflow.decision.words import words as known

    every = known(vocabulary())
    found = [each for each in every if word is None or word in each.name]
    if word is not None and not found:
        raise NotFound("word", word, tuple(each.name for each in every))
    if as_json:
        session.print_json("words", found)
        return
    heads = session.say("종류,이름,뜻", "Kind,Name,Meaning").split(",")
    session.table(heads, [(session.label(w.kind), w.name, session.label(w.meaning)) for w in found])
    for each in found:
        if each.name == word:
            _explain(session, each)


def _explain(session: Session, word: Word) -> None:
    """Print what is to be said of one word: what it takes, an example, what helps."""
    session.echo("")
    session.echo(f"{session.label(word.kind)} {word.name}: {session.label(word.meaning)}")
    if word.takes:
        session.echo(session.say("적을 것: ", "Takes: ") + ", ".join(word.takes))
    if word.example is not None:
        session.echo(session.say("예:", "Example:"))
        for line in session.say(word.example.ko, word.example.en).splitlines():
            session.echo(f"  {line}")
    if word.remedy is not None:
        session.echo(session.say("어떻게 하나: ", "What helps: ") + session.label(word.remedy))
