"""`--json`: one shape of data over all commands, as the schema that is shipped says it.

`python tests/cli/test_json.py` writes the schema anew.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow import cli
from evalflow.cli import data_schema
from evalflow.model.data import FORMAT
from offices import Office

SCHEMA = Path(data_schema.__file__).parent / "data-1.schema.json"

NO_DATA = {
    "init": "makes and reads a workbook, and asks",
    "plan carry": "writes a plan file",
    "plan export": "writes a table or a workbook",
    "lifecycle diagram": "prints a picture's text",
    "lifecycle schema": "prints a JSON Schema",
    "lifecycle stubs": "prints Python",
    "plugins new": "writes files",
    "batch run": "runs a script, each step told as it goes; `batch list` has it as data",
    "sheet make": "writes workbooks",
    "sheet read": "shows a person what was written; `--report` writes the receipts",
    "audit key": "makes a key, and prints its line",
    "audit cosign": "prints the note of a checkpoint, a format of its own",
    "run": "a service: `/health` on its port is JSON",
    "backup": "writes a copy of the store",
    "restore": "puts a copy back; `verify --json` says what it holds",
    "demo": "plays a year and writes files",
}
"""Commands that print no data of the store or of a definition, and what they do instead."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command of evalflow itself with its words."""
    top = click.Context(cli.cli)
    own = sorted(type(cli.cli).homes)

    def inside(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        if isinstance(command, click.Group):
            for name, inner in command.commands.items():
                yield from inside(f"{words} {name}", inner)
        else:
            yield words, command

    for name in own:
        command = cli.cli.get_command(top, name)
        assert command is not None
        yield from inside(name, command)


COMMANDS = dict(commands())


def options(command: click.Command) -> set[str]:
    older = {name for each in command.params for name in getattr(each, "older", ())}
    return {name for each in command.params for name in each.opts} - older


def test_every_command_that_prints_data_takes_json() -> None:
    assert {name for name, each in COMMANDS.items() if "--json" not in options(each)} == set(
        NO_DATA
    )


def test_one_idea_has_one_option_in_every_command() -> None:
    for name, command in COMMANDS.items():
        known = options(command)
        assert not known & {"--out", "--as-of", "--outfile", "--on"}, name
        if "--output" in known:
            assert "-o" in known, name
        for each in command.params:
            if isinstance(each, click.Option) and "--plan" in each.opts:
                older = getattr(each, "older", ())
                assert each.metavar == "ID" or "--plan" in older, f"{name}: --plan is an id"


def fits(value: Any, schema: Any, top: Any) -> str | None:
    """Return where a value does not fit a schema, by the keywords that ours uses; None: it does."""
    if "$ref" in schema:
        return fits(value, top["definitions"][schema["$ref"].rpartition("/")[2]], top)
    if "anyOf" in schema:
        told = [fits(value, each, top) for each in schema["anyOf"]]
        if None not in told:
            return next(each for each in told if each)
    if "enum" in schema and value not in schema["enum"]:
        return f"{value!r} is none of {schema['enum']}"
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "null": type(None),
        "boolean": bool,
    }
    kind = schema.get("type")
    if kind == "integer" and (not isinstance(value, int) or isinstance(value, bool)):
        return f"{value!r} is no whole number"
    if kind in kinds and not isinstance(value, kinds[kind]):
        return f"{value!r} is no {kind}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return f"{value!r} is not {schema['pattern']}"
    if isinstance(value, list):
        inner = ((n, each, schema.get("items", {})) for n, each in enumerate(value))
    elif isinstance(value, dict):
        lacking = [name for name in schema.get("required", ()) if name not in value]
        if lacking:
            return f"lacks {lacking}"
        parts, rest = schema.get("properties", {}), schema.get("additionalProperties", {})
        inner = ((key, each, parts.get(key, rest)) for key, each in value.items())
    else:
        return None
    for place, each, said in inner:
        wrong = fits(each, said, top)
        if wrong is not None:
            return f"{place}: {wrong}"
    return None


def test_the_schema_is_shipped_as_the_classes_have_it() -> None:
    assert SCHEMA.read_text("utf-8") == data_schema.schema_text(), (
        "PYTHONPATH=tests/support python tests/cli/test_json.py"
    )


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, plan_file):
    monkeypatch.setenv("EVALFLOW_STORE", str(tmp_path / "office.db"))
    monkeypatch.setenv("EVALFLOW_LANG", "en")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.chdir(tmp_path)
    schema = data_schema.data_schema()
    codes: list[int] = []

    def command(*words: str) -> Any:
        code = cli.run([*words, "--json"])
        captured = capsys.readouterr()
        told = json.loads(captured.out)
        assert told["format"] == FORMAT
        assert fits(told, schema, schema) is None, (words, fits(told, schema, schema))
        assert ("error" in told) == (code > 1 or bool(captured.err and code)), words
        codes.append(code)
        return told

    command.codes = codes  # type: ignore[attr-defined]
    return command


FIGURES = ("--set", "actuals.metres=100", "--set", "actuals.complaints=50")
WHY = ("--set", "explanations.metres={cause: 동절기, countermeasure: 인력}")


def test_what_the_commands_print_fits_the_schema(run, tmp_path: Path) -> None:
    assert run("plan", "check", "plan.yaml")["findings"] == []
    assert run("plan", "import", "plan.yaml", "--as", "policy-1")["revisions"][0]["id"] == "gu"
    for words in (
        ("plan", "show"), ("plan", "overlaps"), ("status",), ("status", "--by", "unit"),
        ("status", "--provisional"), ("history", "gu"), ("history", "gu/3"), ("due",), ("deliver",),
        ("deliver", "--dead"), ("verify",), ("remind",), ("permitted", "gu/3", "--as", "road-1"),
        ("score", "gu/3"), ("score", "--by", "office"), ("cards", "gu/3"), ("form", "list"),
        ("lifecycle", "show"), ("lifecycle", "show", "major-works"), ("lifecycle", "words"),
        ("lifecycle", "check", "major-works"), ("lifecycle", "access", "major-works"),
        ("lifecycle", "paths", "mapo"), ("lifecycle", "diff", "mapo", "seoul"),
        ("plugins", "list"), ("plugins", "trace"), ("audit", "checkpoint"), ("batch", "list"),
        ("plan", "import", "plan.yaml", "--as", "policy-1", "--dry-run"),
    ):  # fmt: skip
        run(*words)
    file = ("-o", "plan.jsonl")
    made = run("batch", "plan", "self_evaluate", "--as", "road-1", "--where", "number=3", *file,
               *FIGURES, *WHY)  # fmt: skip
    assert [each["project"] for each in made["planned"]] == ["gu/3"]
    assert run("batch", "list")["batches"][0]["planned_count"] == 1
    assert run("batch", "show", "plan.jsonl")["done_count"] == 0
    told = run("explain", "gu/3", "self_evaluate", "--as", "road-1")
    assert (told["project"], told["due"]) == ("gu/3", "2016-04-05")
    assert set(run("due")["dues"][0]) >= {"project_ids", "due", "days_left"}
    assert [each["entry"] for each in run("history", "gu/3")["entries"]] == [1]
    assert {each["number"] for each in run("plan", "show")["definitions"]} == {"1", "2", "3"}
    run("audit", "export", "-o", "a.zip")
    run("audit", "verify", "a.zip")


@pytest.mark.parametrize(
    ("words", "exit_", "code"),
    [
        (("status", "--plan", "nope"), 4, "not_found"),
        (("explain", "gu/3", "submit", "--as", "nobody"), 4, "not_in_directory"),
        (("status", "--as-of", "yesterday"), 2, "invalid_input"),
        (("status", "--nope"), 2, "usage"),
        (("fire", "gu/3", "submit", "--as", "road-1"), 1, "refused"),
        (("plan", "check", "nowhere.yaml"), 2, "invalid_input"),
        (("--store", "none.db", "verify"), 5, "store_missing"),
    ],
)
def test_an_error_is_json_too_with_the_code_that_the_service_gives(run, words, exit_, code) -> None:
    run("plan", "import", "plan.yaml", "--as", "policy-1")
    told = run(*words)["error"]
    assert (run.codes[-1], told["code"]) == (exit_, code)
    assert told["ko"]
    if code == "refused":
        assert told["reasons"][0]["code"]
    if code == "invalid_input":
        assert told["problems"][0]["code"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("status", "--state", "approved"), "No project meets the conditions."),
        (("status", "--provisional"), "No actual is provisional."),
        (("deliver", "--dead"), "There are no dead letters."),
        (("due", "--late", "--state", "approved"), "Nothing is due."),
        (("plan", "overlaps"), "nothing is evaluated twice"),
        (("batch", "list"), "There is no batch plan here."),
        (("lifecycle", "diff", "mapo", "mapo"), "no differences."),
    ],
)
def test_an_empty_result_says_so(run, capsys, words, said) -> None:
    run("plan", "import", "plan.yaml", "--as", "policy-1")
    assert cli.run(list(words)) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Decimal("1E+2"), "100"),
        (Fraction(1, 3), "1/3"),
        (dt.date(2016, 4, 5), "2016-04-05"),
        (evalflow.Label("가", "A"), {"ko": "가", "en": "A"}),
        (frozenset({"b", "a"}), ["a", "b"]),
        (evalflow.NotFound("plan", "x", ["y"]), {"code": "not_found", "what": "plan"}),
    ],
)
def test_a_value_has_one_form(value, said) -> None:
    told = evalflow.to_data(value)
    assert told == said if not isinstance(said, dict) else said.items() <= told.items()


def test_a_rating_has_one_form_whether_it_was_looked_at_or_not(office: Office) -> None:
    """One that comes from a store is read when it is asked for."""
    office.to_submitted()
    evaluation = office.engine.evaluation("gu/1")
    before = evalflow.to_data(evaluation)
    assert evaluation.self_rating is not None
    assert before["self_rating"] == evalflow.to_data(evaluation.self_rating)
    assert evalflow.to_data(evaluation) == before


def test_what_is_no_value_of_evalflow_is_refused() -> None:
    with pytest.raises(TypeError, match="no JSON for object"):
        evalflow.to_data({"a": object()})
    with pytest.raises(TypeError, match="no JSON for float"):
        evalflow.to_data([0.5])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)
def test_json_says_the_data_and_steers_no_terminal(tree) -> None:
    text = evalflow.to_json(tree)
    assert json.loads(text) == tree
    assert text == text.encode("utf-8").decode().replace("\x9b", "").replace("\u202e", "")


if __name__ == "__main__":
    SCHEMA.write_text(data_schema.schema_text(), "utf-8")
