"""The command speaks one language: click's own words, help texts and exit codes too."""

from __future__ import annotations

import gettext
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evalflow import cli

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

Run = Callable[..., tuple[int, str, str]]
ENGLISH = re.compile(r"\b(Usage|Error|Options|Commands|Missing|Invalid|Show this|Try)\b")
HANGUL = re.compile("[가-힣]")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.delenv("EVALFLOW_STORE", raising=False)

    def command(*words: str) -> tuple[int, str, str]:
        code = cli.run(list(words))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("explain",), "인수를 적으십시오: 'PROJECT'"),
        (("status", "--by", "unut"), "가운데 하나가 아닙니다"),
        (("status", "--limit", "0"), "0은 범위 밖입니다"),
        (("status", "--stat", "x"), "옵션 '--stat'가 없습니다"),
        (("statu",), "명령 'statu'가 없습니다. 혹시 'status'입니까?"),
        (("plan", "chek"), "명령 'chek'가 없습니다"),
        (("history", "1", "2"), "쓰지 않는 인수가 더 있습니다"),
        (("status", "--plan"), "옵션 '--plan' 뒤에 값을 적으십시오"),
        (("fire", "1", "x"), "옵션을 적으십시오: '--as'"),
        (("plan", "confirm", "x", "one", "--as", "x"), "'one'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_with_a_command_is_told_in_korean(
    run: Run, words: tuple[str, ...], told: str
) -> None:
    code, _, err = run("--lang", "ko", *words)
    assert code == 2
    assert told in err
    assert not ENGLISH.search(err)
    code, _, err = run("--lang", "en", *words)
    assert code == 2
    assert ENGLISH.search(err) or "No such" in err or "Got unexpected" in err


@pytest.mark.parametrize("name", [(), *[(each,) for each in cli._Group.homes]], ids=" ".join)
def test_help_speaks_one_language(run: Run, name: tuple[str, ...]) -> None:
    code, out, _ = run("--lang", "ko", *name, "--help")
    assert (code, "사용법:" in out, "옵션:" in out) == (0, True, True)
    assert not ENGLISH.search(out)
    assert " · " not in out.replace("·조회", "")
    code, out, _ = run("--lang", "en", *name, "--help")
    assert (code, "Usage:" in out) == (0, True)
    first = next(line for line in out.splitlines()[1:] if line.strip())
    assert not HANGUL.search(first)


def test_every_paragraph_of_help_is_there_in_korean() -> None:
    import click

    from evalflow.cli.speaking import one_language, speaking

    context = click.Context(cli.cli)
    found: list[tuple[str, str]] = []

    def walk(name: str, command: click.Command) -> None:
        found.extend((name, each) for each in (command.help or "").split("\n\n") if each.strip())
        options = (each for each in command.params if isinstance(each, click.Option))
        found.extend((f"{name} {each.opts[0]}", each.help) for each in options if each.help)
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                below = command.get_command(context, inner)
                assert below is not None
                walk(f"{name} {inner}", below)

    with speaking("ko"):
        for name in cli.cli.list_commands(context):
            command = cli.cli.get_command(context, name)
            assert command is not None
            walk(name, command)
        assert one_language("no such paragraph") == "no such paragraph"
    assert [(name, each) for name, each in found if not HANGUL.search(each)] == []


def test_exit_codes_are_told_in_both(run: Run) -> None:
    assert "3 충돌" in run("--lang", "ko", "--help")[1]
    assert "3 conflict" in run("--lang", "en", "--help")[1]


def test_a_host_keeps_its_own_language(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "fr")
    before = gettext.textdomain(), gettext.bindtextdomain("messages")
    run("--lang", "ko", "--help")
    assert (gettext.textdomain(), gettext.bindtextdomain("messages")) == before
    assert os.environ["LANGUAGE"] == "fr"


def test_the_catalogue_is_made_of_its_source() -> None:
    messages = pytest.importorskip("messages", reason="tools/ is not in an sdist")
    for source in messages.LOCALE.glob("*/LC_MESSAGES/*.po"):
        found = messages.entries(source.read_text("utf-8"))
        assert source.with_suffix(".mo").read_bytes() == messages.compiled(found)


def test_a_command_asked_in_one_language_and_then_in_the_other_speaks_both(run: Run) -> None:
    assert "Show this message and exit." in run("--lang", "en", "status", "--help")[1]
    assert not ENGLISH.search(run("--lang", "ko", "status", "--help")[1])
    assert "Show this message and exit." in run("--lang", "en", "status", "--help")[1]
