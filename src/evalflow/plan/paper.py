"""The paper that a plan was approved by: from a plan file's `document`, and out of a store.

Earlier versions took any key under `document`, each a text. What such a store holds stays readable:
a key, a day or a number that is none now is kept among `other`, as it was written. A file that is
written now is checked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from evalflow.files import stored
from evalflow.files.texts import date_of
from evalflow.files.words import AS_A_NUMBER, is_document_number
from evalflow.model import Cooperation, PlanDocument, Signature
from evalflow.model.canonical import Tree
from evalflow.plan import keys

if TYPE_CHECKING:
    from evalflow.files.reader import Part

_TEXTS = ("number", "disclosure", "purpose")
_DAYS = ("registered_on", "approved_on")
_LISTS = ("bases", "aims", "attachments")
_SIGNED = ("signed_by", "consulted")


def read_document(top: Part, directory: Collection[str], *, written: bool) -> PlanDocument:
    """Return the paper that the key `document` says. `written` says that somebody wrote the file:
    only then are keys, days, the number and the actors held against what can be."""
    inside = top.mapping("document", required=False)
    found: dict[str, Any] = {}
    other: dict[str, str] = {}
    for key, value in inside.tree.items():
        if value is None:
            continue
        if not written and _is_text(value) and not _known(key, str(value)):
            other[key] = inside.text(key)
        elif key in _TEXTS:
            found[key] = inside.text(key)
        elif key in _DAYS:
            found[key] = inside.date(key)
        elif key in _LISTS:
            found[key] = inside.texts(key)
        elif key in _SIGNED:
            found[key] = tuple(_signatures(inside, key, directory if written else None))
        elif key == "cooperation":
            found[key] = tuple(_cooperation(inside))
    inside.only(keys.DOCUMENT | set(other))
    number = found.get("number")
    if written and number and not is_document_number(number):
        ko, en = (said.format(number) for said in AS_A_NUMBER)
        inside.wrong("number", "document_number", ko, en, number)
    return PlanDocument(**found, other=other)


def stored_document(tree: stored.Inside) -> PlanDocument:
    """Return the paper that a stored head has.

    Raises:
        Damaged: it holds what was never stored.
    """
    inside = stored.mapping(tree, "document", needed=False)
    found: dict[str, Any] = {}
    other: dict[str, str] = {}
    with stored.below("document"):
        for key, value in inside.items():
            if value is None:
                continue
            if _is_text(value) and not _known(key, str(value)):
                other[key] = stored.text(inside, key)
            elif key in _TEXTS:
                found[key] = stored.text(inside, key)
            elif key in _DAYS:
                found[key] = stored.day(inside, key)
            elif key in _LISTS:
                found[key] = stored.texts(inside, key)
            elif key in _SIGNED:
                found[key] = _stored_signatures(inside, key)
            elif key == "cooperation":
                found[key] = tuple(stored.each(inside, key, _stored_cooperation).values())
        stored.only(inside, keys.DOCUMENT | set(other))
    return PlanDocument(**found, other=other)


def _is_text(value: Tree) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _known(key: str, value: str) -> bool:
    """Say whether a text under this key means what the key means now."""
    if key in _DAYS:
        return date_of(value.strip()) is not None
    return key in keys.DOCUMENT and key != "cooperation"


def _titles(text: str) -> Iterator[Signature]:
    """Yield a box for each title in a text with commas, as earlier versions had it."""
    for title in text.split(","):
        if title.strip():
            yield Signature(title=title.strip())


def _signatures(inside: Part, key: str, directory: Collection[str] | None) -> Iterator[Signature]:
    if isinstance(inside.tree[key], str):
        yield from _titles(inside.text(key))
        return
    listed = inside.items(key)
    for place, value in listed.tree.items():
        if not isinstance(value, Mapping):
            yield Signature(title=listed.text(place))
            continue
        part = listed.mapping(place)
        part.only(keys.SIGNATURE)
        actor = part.text("actor", None)
        if actor is not None and directory is not None and actor not in directory:
            part.unknown("actor", ("담당자", "actor"), directory)
        yield Signature(
            title=part.text("title"),
            actor=actor,
            signed_on=part.date("signed_on", None),
            acting=part.text("acting", None),
        )


def _cooperation(inside: Part) -> Iterator[Cooperation]:
    listed = inside.items("cooperation")
    for place in listed.tree:
        part = listed.mapping(place)
        part.only(keys.COOPERATION)
        yield Cooperation(
            partner=part.text("partner"),
            matter=part.text("matter"),
            result=part.text("result", None),
        )


def _stored_signatures(inside: stored.Inside, key: str) -> tuple[Signature, ...]:
    if isinstance(inside[key], str):
        return tuple(_titles(stored.text(inside, key)))
    return stored.listed(inside, key, _stored_signature)


def _stored_signature(listed: stored.Inside, place: int) -> Signature:
    value: Tree = listed[place]
    if not isinstance(value, Mapping):
        return Signature(title=stored.text(listed, place))
    with stored.below(place):
        stored.only(value, keys.SIGNATURE)
        day: dt.date | None = stored.day(value, "signed_on", None)
        return Signature(
            title=stored.text(value, "title"),
            actor=stored.text(value, "actor", None),
            signed_on=day,
            acting=stored.text(value, "acting", None),
        )


def _stored_cooperation(_: int, tree: stored.Inside) -> Cooperation:
    stored.only(tree, keys.COOPERATION)
    return Cooperation(
        partner=stored.text(tree, "partner"),
        matter=stored.text(tree, "matter"),
        result=stored.text(tree, "result", None),
    )
