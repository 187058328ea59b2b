"""The language of what click itself says, and of help texts, which are written in both.

click asks `gettext` for its own words. For a run in Korean they come from the catalogue in `locale`
(`python tools/messages.py` makes it); afterwards everything is as it was, for a host's sake.
"""

from __future__ import annotations

import gettext
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import click

_LOCALE = os.path.join(os.path.dirname(__file__), "locale")
_DOMAIN = "messages"
_lang: ContextVar[str] = ContextVar("lang", default="en")
_BOTH = r"(?P<ko>.*?[가-힣].*?) · (?P<en>(?!.*[가-힣]{3}.* · ).+)"


def in_korean() -> bool:
    """Say whether this run speaks Korean."""
    return _lang.get() == "ko"


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Let click say what it says in this language."""
    told = _lang.set(lang)
    before, domain = os.environ.get("LANGUAGE"), gettext.textdomain()
    folder = gettext.bindtextdomain(_DOMAIN)
    os.environ["LANGUAGE"] = "ko" if lang == "ko" else "C"
    gettext.bindtextdomain(_DOMAIN, _LOCALE)
    gettext.textdomain(_DOMAIN)
    try:
        yield
    finally:
        gettext.bindtextdomain(_DOMAIN, folder)
        gettext.textdomain(domain)
        if before is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = before
        _lang.reset(told)


def one_language(text: str | None) -> str | None:
    """Return a help text in the language of this run: in `현황 · Where projects stand.` and in each
    paragraph like it both stand; a paragraph in English alone is looked up in the catalogue."""
    if text is None:
        return None
    return "\n\n".join(_one(each) for each in re.split(r"\n[ \t]*\n", text.strip()))


def _one(paragraph: str) -> str:
    plain = " ".join(paragraph.split())
    found = re.fullmatch(_BOTH, plain)
    if found is None:
        return (gettext.gettext(plain) if plain else paragraph) if in_korean() else paragraph
    if not in_korean():
        return found["en"]
    return found["ko"] + ("" if found["ko"].endswith(("]", ".")) else ".")


def speak(command: click.Command) -> click.Command:
    """Return the command with its help, and its options', in the language of this run."""
    if command in _BOTH_OF:
        help_, short, options = _BOTH_OF[command]
    else:
        help_, short = command.help, command.short_help
        options = {
            each.name: each.help for each in command.params if isinstance(each, click.Option)
        }
        _BOTH_OF[command] = help_, short, options
    command.help, command.short_help = one_language(help_), one_language(short)
    for each in command.params:
        if isinstance(each, click.Option):
            each.help = one_language(options.get(each.name))
    command._help_option = None  # click keeps it as it was said at first, in whatever language
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            speak(inner)
    return command


_BOTH_OF: dict[click.Command, tuple[str | None, str | None, dict[str | None, str | None]]] = {}
"""The help of commands as it was written, in both languages."""
