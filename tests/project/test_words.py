"""The language of lifecycles in words and as a schema: code, page and file say the same.

`python tests/project/test_words.py` writes the page and the schema anew.
"""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalflow.cli import run
from evalflow.decision.words import (
    ACTION_WORDS,
    FIELD_WORDS,
    REFUSALS,
    Word,
    refusal_examples,
    words,
)
from evalflow.errors import particles
from evalflow.files.yaml import read
from evalflow.lifecycle.due import DUE_KINDS, DUE_WORDS
from evalflow.lifecycle.keys import FIELD_TYPES
from evalflow.lifecycle.schema import lifecycle_schema, schema_text
from evalflow.plugins import vocabulary

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "evalflow"
CODES = ROOT / "docs" / "reference" / "codes.md"
PAGE = ROOT / "docs" / "reference" / "words.md"
SCHEMA = SOURCE / "lifecycle" / "lifecycle-1.schema.json"
OWN = vocabulary([])
"""The words of evalflow alone, whatever is installed beside it."""

_HEAD = """\
# Words of the language

Every word that a [lifecycle](lifecycle.md) may use, and every code by which evalflow refuses.
Guards are explained [there](lifecycle.md#guards), due rules [there](calendar.md#due-rules).
Each has [a section with an example](codes.md), which `evalflow lifecycle words CODE` prints, too.
`evalflow lifecycle words` prints these tables, with the guards of installed plugins;
`evalflow lifecycle words vote` those whose name holds `vote`.

`evalflow lifecycle schema -o lifecycle.schema.json` writes the language as a JSON Schema (evalflow
ships its own as `evalflow/lifecycle/lifecycle-1.schema.json`). Editors complete and mark a
lifecycle whose first line is

```yaml
# yaml-language-server: $schema=./lifecycle.schema.json
```

The schema says what may stand where; that names are known and guards keep transitions apart,
`evalflow lifecycle check` says.
"""

_TITLES = {
    "guard": "Guards",
    "action": "Actions",
    "due rule": "Due rules",
    "type of data": "Types of data",
    "refusal": "Refusals",
}


def page() -> str:
    """Return the page as the code has it."""
    parts = [_HEAD]
    kind = None
    for word in words(OWN):
        if word.kind.en != kind:
            kind = word.kind.en
            parts.append(f"\n## {_TITLES[kind]}\n\n| word | meaning | 뜻 |\n|---|---|---|\n")
        takes = f": {{{', '.join(word.takes)}}}" if word.kind.en == "guard" and word.takes else ""
        parts.append(f"| `{word.name}{takes}` | {word.meaning.en} | {word.meaning.ko} |\n")
    return "".join(parts)


_CODES_HEAD = """\
# Each word and each code

With an example of each guard, action, due rule and refusal; the [tables](words.md) list them in a
few words. `evalflow lifecycle words CODE` prints the same. Examples of guards, actions and due
rules are lines of an event; those of refusals are what evalflow says.
"""


def codes_page() -> str:
    """Return the page of sections as the code has it."""
    parts = [_CODES_HEAD]
    for word in words(OWN):
        if word.example is None:
            continue
        parts.append(f"\n## {word.kind.en}: {word.name}\n\n")
        parts.append(f"{word.meaning.en[:1].upper()}{word.meaning.en[1:]} ({word.meaning.ko}).")
        if word.takes:
            parts.append(f" Takes {', '.join(f'`{each}`' for each in word.takes)}.")
        if word.remedy is None:
            parts.append(f"\n\n```yaml\n{word.example.en}\n```\n")
        else:
            ko = particles(word.example.ko)
            parts.append(f"\n\n> {word.example.en}\n>\n> {ko}\n\n")
            parts.append(f"{word.remedy.en} {word.remedy.ko}\n")
    return "".join(parts)


def test_every_word_has_its_section_with_an_example() -> None:
    assert CODES.read_text("utf-8") == codes_page(), "python tests/project/test_words.py"
    kinds = {"guard", "action", "due rule", "refusal"}
    asked = [word for word in words(OWN) if word.kind.en in kinds]
    assert [word.name for word in asked if word.example is None] == []
    assert [w.name for w in asked if w.kind.en == "refusal" and w.remedy is None] == []
    assert set(refusal_examples()) == set(REFUSALS)
    for word in asked:
        if word.kind.en != "refusal":
            assert word.example is not None
            assert word.name in word.example.en or word.name == "acts_as"


@pytest.mark.parametrize(
    "word",
    [word for word in words(OWN) if word.kind.en in ("guard", "action", "due rule")],
    ids=lambda word: f"{word.kind.en}-{word.name}",
)
def test_an_example_is_what_an_event_may_say(word: Word) -> None:
    assert word.example is not None
    schema = lifecycle_schema(OWN)
    tree = copy.deepcopy(typed(read(PRESETS / "information-request.yaml").tree))
    tree["events"]["decide"] |= typed(read(f"{word.example.en}\n".encode()).tree)
    assert fits(tree, schema, schema)


def test_the_command_prints_the_section_of_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    for lang, told in (("en", "What helps: "), ("ko", "어떻게 하나: ")):
        assert run(["--lang", lang, "lifecycle", "words", "no_role"]) == 0
        assert told in capsys.readouterr().out
    assert run(["--lang", "en", "lifecycle", "words", "voted"]) == 0
    assert "at_least: 2" in capsys.readouterr().out


def test_the_page_lists_every_word_and_every_refusal() -> None:
    assert PAGE.read_text("utf-8") == page(), "python tests/project/test_words.py writes it anew"


def test_every_word_has_its_meaning() -> None:
    assert set(DUE_WORDS) == set(DUE_KINDS)
    assert set(FIELD_WORDS) == set(FIELD_TYPES)
    assert set(ACTION_WORDS) == set(OWN.actions)


def _codes() -> Iterator[str]:
    """Yield the codes that the source gives to reasons, where they are written as they are."""
    for path in SOURCE.rglob("*.py"):
        inside = path.relative_to(SOURCE).parts[0]
        if inside in ("batch", "testing") or path.name == "replay.py":
            continue  # what a batch says of its own lines; what replays a decision
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = getattr(node, "func", None)
            if getattr(called, "id", getattr(called, "attr", "")) != "Reason":
                continue
            assert isinstance(node, ast.Call)
            for keyword in node.keywords:
                value = keyword.value
                if keyword.arg == "code" and isinstance(value, ast.Constant):
                    yield str(value.value)


def test_every_refusal_in_the_code_is_known() -> None:
    assert sorted(set(_codes()) - set(REFUSALS)) == [], "add it to decision/words.py"


def test_every_known_refusal_stands_in_the_code() -> None:
    text = "".join(
        path.read_text("utf-8") for path in SOURCE.rglob("*.py") if path.name != "words.py"
    )
    rated = {"not_on_track", "not_lagging", "not_seriously_lagging"}  # f"not_{wanted}"
    assert [code for code in REFUSALS if f'"{code}"' not in text and code not in rated] == []


# --------------------------------------------------------------------------- the schema


def test_the_schema_is_shipped_as_the_code_has_it() -> None:
    assert SCHEMA.read_text("utf-8") == schema_text(OWN), "python tests/project/test_words.py"


def fits(value: Any, schema: Any, top: Any) -> bool:
    """Say whether a value fits a schema, by the few keywords of JSON Schema that ours uses; another
    keyword is an error."""
    return all(_KEYWORDS[key](value, said, schema, top) for key, said in schema.items())


_TYPES: dict[str, Any] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "number": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}


def _properties(value: Any, said: Any, schema: Any, top: Any) -> bool:
    return not isinstance(value, dict) or all(
        fits(value[key], inner, top) for key, inner in said.items() if key in value
    )


def _additional(value: Any, said: Any, schema: Any, top: Any) -> bool:
    known = schema.get("properties", {})
    rest = [value[key] for key in value if key not in known] if isinstance(value, dict) else []
    return not rest if said is False else all(fits(each, said, top) for each in rest)


def _if(value: Any, said: Any, schema: Any, top: Any) -> bool:
    return fits(value, schema["then" if fits(value, said, top) else "else"], top)


_NOTE: Any = lambda *_: True  # noqa: E731
_KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("$schema", "title", "description", "definitions", "then", "else"), _NOTE),
    "type": lambda v, s, *_: any(_TYPES[t](v) for t in ([s] if isinstance(s, str) else s)),
    "enum": lambda v, s, *_: any(v == each and type(v) is type(each) for each in s),
    "properties": _properties,
    "additionalProperties": _additional,
    "required": lambda v, s, *_: not isinstance(v, dict) or all(key in v for key in s),
    "anyOf": lambda v, s, _, top: any(fits(v, each, top) for each in s),
    "allOf": lambda v, s, _, top: all(fits(v, each, top) for each in s),
    "items": lambda v, s, _, top: not isinstance(v, list) or all(fits(e, s, top) for e in v),
    "propertyNames": lambda v, s, _, top: not isinstance(v, dict) or all(fits(k, s, top) for k in v),  # noqa: E501
    "pattern": lambda v, s, *_: not isinstance(v, str) or re.search(s, v) is not None,
    "minimum": lambda v, s, *_: not isinstance(v, int) or v >= s,
    "maximum": lambda v, s, *_: not isinstance(v, int) or v <= s,
    "minProperties": lambda v, s, *_: not isinstance(v, dict) or len(v) >= s,
    "maxProperties": lambda v, s, *_: not isinstance(v, dict) or len(v) <= s,
    "$ref": lambda v, s, _, top: fits(v, top["definitions"][s.rpartition("/")[2]], top),
    "if": _if,
}  # fmt: skip


def typed(tree: Any) -> Any:
    """Return a tree as an editor reads YAML: our own reader takes every value as it is written."""
    if hasattr(tree, "items"):
        return {key: typed(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [typed(each) for each in tree]
    if isinstance(tree, str) and re.fullmatch(r"0|-?[1-9]\d*", tree):
        return int(tree)
    return {"true": True, "false": False}.get(tree, tree) if isinstance(tree, str) else tree


PRESETS = SOURCE / "lifecycle" / "presets"
EXAMPLES = ROOT / "examples"
FILES = sorted([*PRESETS.rglob("*.yaml"), *EXAMPLES.rglob("lifecycles/*.yaml")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_evalflow_reads_fits_the_schema(path: Path) -> None:
    schema = lifecycle_schema(OWN)
    assert fits(typed(read(path).tree), schema, schema)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("version", "first"),
        ("evalflow", "lifecycle/2"),
        ("eventz", {}),
        ("roles.intake.where", "office"),
        ("regions.request.states.received.finall", True),
        ("events.decide.choose", "last"),
        ("events.decide.data.decision.type", "chioce"),
        ("events.decide.guards", ["perod_ended"]),
        ("events.decide.guards", [{"given": {"feild": "decision"}}]),
        ("events.decide.guards", ["given"]),
        ("events.decide.guards", [{"voted": {"event": "decide"}}]),
        ("events.decide.guards", [{"in": {"states": ["a"]}, "given": {"field": "b"}}]),
        ("events.decide.due", {"workingdays_after": "receive", "days": 10}),
        ("events.decide.due", {"days_after": "receive"}),
        ("events.decide.due", {"days_after": "receive", "days": "ten"}),
        ("events.decide.due", {"day": 32}),
        ("events.decide.actions", ["factz"]),
        ("events.decide.transitions", {"from": "received"}),
        ("events.decide.notices", [{"name": "told", "ko": "통보", "en": "Told"}]),
        ("events.extend.extension", {"of": ["decide"], "times": 0}),
    ],
)  # fmt: skip
def test_what_is_wrong_by_itself_does_not_fit(where: str, value: Any) -> None:
    schema = lifecycle_schema(OWN)
    tree = copy.deepcopy(typed(read(PRESETS / "information-request.yaml").tree))
    inside = tree
    *above, last = where.split(".")
    for step in above:
        inside = inside[step]
    inside[last] = value
    assert not fits(tree, schema, schema)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    CODES.write_text(codes_page(), "utf-8")
    SCHEMA.write_text(schema_text(OWN), "utf-8")
    print(PAGE, SCHEMA, len(json.loads(SCHEMA.read_text("utf-8"))))
