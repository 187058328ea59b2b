"""What `settings.EVALFLOW` may say, read whole: every mistake in it is told.

```text
EVALFLOW = {
    "DATABASE": "default",                 # the site's database that holds the store, too; or
    "STORE": "postgresql://…",             # a store of its own, which nothing joins
    "SCHEMA": "evalflow",                  # PostgreSQL: the schema of evalflow's tables in DATABASE
    "ACTOR_OF": "site.people.actor_of",    # user -> Actor, an id of the directory, or None
    "DIRECTORY": "site.people.Directory",  # the site's own people (evalflow.HostDirectory)
    "PLUGINS": ["evalflow-notify"],        # in place of all that are installed
    "CLOCK": "site.clock.now",             # in place of the present moment, for tests
    "DELIVER_AFTER_COMMIT": False,         # deliver by a thread once `joined()` is committed
}
```
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from evalflow import Actor, HostDirectory, NotFound
from evalflow.plugins import Plugins
from evalflow.storage import shown_url
from evalflow_django.words import say

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    User = AbstractBaseUser | AnonymousUser
    ActorOf = Callable[[User], Actor | str | None]

VENDORS = {"sqlite": "sqlite", "postgresql": "postgresql"}
"""Django's names of databases that can hold a store -> the scheme of its URL."""


@attrs.frozen(kw_only=True)
class Conf:
    """The settings, understood. One of `database` and `store` is given."""

    database: str | None = "default"
    store: str | None = None
    schema: str | None = None
    actor_of: ActorOf | None = None
    directory: HostDirectory | None = None
    plugins: tuple[str, ...] | None = None
    clock: Callable[[], dt.datetime] | None = None
    deliver_after_commit: bool = False


@attrs.frozen
class Mistake:
    """One thing wrong with the settings: the code of its system check, and what is wrong, in the
    active language."""

    code: str
    said: str


class _Wrong(Exception):
    """A value is not one; its code, and what is wrong in Korean and English."""


_read: tuple[object, Conf] | None = None  # what was read last, and what it says


def conf() -> Conf:
    """Return the settings, read once.

    Raises:
        ImproperlyConfigured: they are wrong; all that is.
    """
    global _read  # noqa: PLW0603 - the settings are one of the process
    said = getattr(settings, "EVALFLOW", None)
    if _read is not None and _read[0] is said:
        return _read[1]
    found, mistakes = read({} if said is None else said)
    if mistakes:
        raise ImproperlyConfigured("\n".join(each.said for each in mistakes))
    _read = said, found
    return found


def read(said: Any) -> tuple[Conf, list[Mistake]]:
    """Return what `EVALFLOW` says, and all that is wrong with it."""
    if not isinstance(said, Mapping):
        text = say(
            f"EVALFLOW: dict여야 합니다: {_kind(said)}",
            f"EVALFLOW: expected a dict, got {_kind(said)}",
        )
        return Conf(), [Mistake("E001", text)]
    mistakes = []
    made: dict[str, Any] = {}
    for name, value in said.items():
        take = _TAKEN.get(name) if isinstance(name, str) else None
        if take is None:
            mistakes.append(_unknown(str(name)[:60]))
        elif value is not None:
            try:
                made[name.lower()] = take(value)
            except _Wrong as wrong:
                code, ko, en = wrong.args
                mistakes.append(Mistake(code, f"EVALFLOW[{name!r}]: {say(ko, en)}"))
    if {"store", "database"} <= made.keys():
        text = say(
            "EVALFLOW: STORE와 DATABASE 가운데 하나만 정하십시오",
            "EVALFLOW: give either STORE or DATABASE, not both",
        )
        mistakes.append(Mistake("E003", text))
    elif "store" in made:
        made["database"] = None
    return Conf(**made), mistakes


def _unknown(name: str) -> Mistake:
    near = NotFound("setting", name, tuple(_TAKEN)).nearest
    listed = ", ".join(_TAKEN)
    if near is None:
        ko, en = f"(설정: {listed})", f"(there are: {listed})"
    else:
        ko, en = f"(혹시 '{near}'입니까?)", f"(did you mean '{near}'?)"
    return Mistake(
        "E002",
        say(f"EVALFLOW: 없는 설정입니다: '{name}' {ko}", f"EVALFLOW: no setting '{name}' {en}"),
    )


def _kind(value: object) -> str:
    return type(value).__name__


# ------------------------------------------------------------------ what each takes


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Wrong("E004", f"글자열이어야 합니다: {_kind(value)}", f"text, got {_kind(value)}")
    return value


def _database(value: Any) -> str:
    known = tuple(settings.DATABASES)
    if (alias := _text(value)) not in known:
        listed = ", ".join(known)
        raise _Wrong(
            "E005",
            f"DATABASES에 '{alias[:60]}'이(가) 없습니다 (있는 것: {listed})",
            f"no '{alias[:60]}' in DATABASES (there are: {listed})",
        )
    return alias


def _store(value: Any) -> str:
    url = _text(value)
    scheme, colon, _ = url.partition(":")
    known = Plugins.load().names("storage")
    if not colon or scheme not in known:
        listed = ", ".join(f"{each}:" for each in known)
        raise _Wrong(
            "E006",
            f"저장소 주소가 아닙니다: '{shown_url(url)[:80]}' (쓸 수 있는 것: {listed})",
            f"not the URL of a store: '{shown_url(url)[:80]}' (there are: {listed})",
        )
    return url


def _schema(value: Any) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name := _text(value)):
        raise _Wrong(
            "E007",
            f"영문 소문자, 숫자, 밑줄로 된 이름이어야 합니다: '{name[:60]}'",
            f"a name of small letters, digits and underscores, got '{name[:60]}'",
        )
    return name


def _imported(value: Any) -> Any:
    try:
        return import_string(_text(value))
    except ImportError as error:
        raise _Wrong(
            "E008",
            f"'{value[:80]}'을(를) 불러올 수 없습니다: {error}",
            f"cannot import '{value[:80]}': {error}",
        ) from error


def _called(value: Any) -> Any:
    found = _imported(value)
    if not callable(found):
        raise _Wrong(
            "E009",
            f"'{value[:80]}'은(는) 함수가 아닙니다: {_kind(found)}",
            f"'{value[:80]}' is not a function but {_kind(found)}",
        )
    return found


def _directory(value: Any) -> HostDirectory:
    found = _imported(value)
    made = found() if isinstance(found, type) or not hasattr(found, "people") else found
    if not isinstance(made, HostDirectory):
        raise _Wrong(
            "E009",
            f"'{value[:80]}'에 people(plan, day)가 없습니다",
            f"'{value[:80]}' has no method people(plan, day)",
        )
    return made


def _plugins(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise _Wrong(
            "E004", "플러그인 이름의 목록이어야 합니다", "expected a list of plugins' names"
        )
    problems = Plugins.load(list(value)).problems
    if problems:
        told = [each.text("ko") for each in problems], [each.text("en") for each in problems]
        raise _Wrong("E010", *("; ".join(each) for each in told))
    return tuple(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(
            "E004", f"True나 False여야 합니다: {_kind(value)}", f"True or False, got {_kind(value)}"
        )
    return value


_TAKEN: Mapping[str, Callable[[Any], Any]] = {
    "DATABASE": _database,
    "STORE": _store,
    "SCHEMA": _schema,
    "ACTOR_OF": _called,
    "DIRECTORY": _directory,
    "PLUGINS": _plugins,
    "CLOCK": _called,
    "DELIVER_AFTER_COMMIT": _flag,
}
