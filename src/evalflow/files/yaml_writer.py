"""Trees as YAML text, laid out for people to read and edit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from evalflow.model.canonical import Tree

_WIDTH = 100
_LONGEST_KEY = 120  # YAML allows 1,024 characters on the line of a key

# Text that needs no quotes: it begins with a letter or digit, and nothing in it means anything.
_PLAIN = re.compile(r"\w(?:[^\n\r\t:#,\[\]{}]*[^\n\r\t:#,\[\]{} ])?")
_PLAIN_LINE = re.compile(r"\w(?:[^\n\r\t:#]*[^\n\r\t:# ])?")
_NULLS = frozenset(["null", "Null", "NULL"])


def yaml_text(tree: Tree) -> str:
    """Return a tree as YAML text that `yaml.read` reads to the same tree."""
    if isinstance(tree, Mapping) and tree:
        return "".join(f"{line}\n" for line in _lines(tree, 0))
    return _flow(tree) + "\n"


def _lines(tree: Mapping[str, Tree], indent: int) -> Iterator[str]:
    space = " " * indent
    for key, value in tree.items():
        name = _scalar(key, _PLAIN)
        head = f"{space}{name}:" if len(name) <= _LONGEST_KEY else f"{space}? {name}\n{space}:"
        yield from _entry(head, value, indent)


def _entry(head: str, value: Tree, indent: int) -> Iterator[str]:
    if not isinstance(value, Mapping | list | tuple):
        yield f"{head} {_scalar(value, _PLAIN_LINE)}"
        return
    flow = f"{head} {_flow(value)}"
    if not value or (len(flow) <= _WIDTH and _depth(value) <= 2):
        yield flow
    elif isinstance(value, Mapping):
        yield head
        yield from _lines(value, indent + 2)
    else:
        yield head
        space = " " * (indent + 2)
        for item in value:
            flow = f"{space}- {_flow(item)}"
            if not item or not isinstance(item, Mapping) or len(flow) <= _WIDTH:
                yield flow
            else:
                inside = list(_lines(item, indent + 4))
                yield f"{space}- {inside[0].lstrip(' ')}"
                yield from inside[1:]


def _depth(value: Tree) -> int:
    """Return how many mappings and lists lie in each other here."""
    if not isinstance(value, Mapping | list | tuple):
        return 0
    inside = value.values() if isinstance(value, Mapping) else value
    return 1 + max((_depth(each) for each in inside), default=0)


def _flow(value: Tree) -> str:
    if isinstance(value, Mapping):
        inside = [f"{_scalar(key, _PLAIN)}: {_flow(each)}" for key, each in value.items()]
        if all(len(entry) <= _LONGEST_KEY for entry in inside) or not inside:
            return "{" + ", ".join(inside) + "}"
        keyed = [f"? {_scalar(key, _PLAIN)} : {_flow(each)}" for key, each in value.items()]
        return "{" + ", ".join(keyed) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return _scalar(value, _PLAIN)


def _scalar(value: Tree, plain: re.Pattern[str]) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if plain.fullmatch(text) and text not in _NULLS:
        return text
    return json.dumps(text, ensure_ascii=False)
