"""What is written to: never a store, never through a link, whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import evalflow
from evalflow import cli
from evalflow.files.output import write_output, writing
from offices import Clock, Office

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need rights there")


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with suppress(ZeroDivisionError), writing(path) as file:
        file.write(b"half")
        assert not path.exists()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    write_output(path, "한 줄\n")
    path.chmod(0o600)
    write_output(path, b"again")
    assert path.read_bytes() == b"again"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600  # an office's rights stay


def test_pieces_are_written_as_they_come_and_are_there_when_all_of_them_are(
    tmp_path: Path,
) -> None:
    path = tmp_path / "page.html"
    beside: list[int] = []

    def pieces(broken: bool) -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * 100_000
            beside.append(sum(each.stat().st_size for each in tmp_path.glob(".*.part")))
            assert not path.exists()
        if broken:
            raise RuntimeError("the last one cannot be made")

    with pytest.raises(RuntimeError):
        write_output(path, pieces(broken=True))
    assert list(tmp_path.iterdir()) == []
    write_output(path, pieces(broken=False))
    assert path.stat().st_size == 300_000
    assert beside == [100_000, 200_000, 300_000] * 2


def test_what_grows_is_there_from_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("an older report, and a long one")
    with suppress(ZeroDivisionError), writing(path, growing=True) as file:
        file.write(b"half")
        file.flush()
        assert path.read_text() == "half"
        raise ZeroDivisionError
    assert path.read_text() == "half"


@needs_links
@pytest.mark.parametrize("growing", [False, True])
def test_no_link_is_written_through(tmp_path: Path, growing: bool) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    for name, target in (("link", precious), ("dangling", tmp_path / "made")):
        (tmp_path / name).symlink_to(target)
        with (
            pytest.raises(evalflow.InvalidInput) as caught,
            writing(tmp_path / name, growing=growing) as file,
        ):
            file.write(b"x")
        assert [each.code for each in caught.value.problems] == ["output_is_link"]
    for foreseen in ("a.zip.part", ".a.zip.part"):
        (tmp_path / foreseen).symlink_to(precious)
    write_output(tmp_path / "a.zip", b"x")
    assert precious.read_text() == "precious"
    assert not (tmp_path / "made").exists()


@needs_links
def test_nor_in_the_systems_folder_in_memory_where_everybody_may_put_one() -> None:
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("not on this machine: a writable /dev/shm (mount -t tmpfs tmpfs /dev/shm)")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        test_no_link_is_written_through(Path(folder), growing=False)


def test_a_device_is_written_to() -> None:
    if os.name != "nt":
        write_output("/dev/null", b"x")


@pytest.fixture
def store(tmp_path: Path, plan_file: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "office.db"
    with evalflow.open(f"sqlite:///{path}", plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(plan_file)
        engine.adopt(plan, by=plan.actor("policy-1"))
        clock.go("2016-04-04")
        office = Office(engine, plan, clock)
        engine.batch("extend_deadline", by="policy-1", data={}).save(tmp_path / "x.batch")
        office.to_submitted()
    monkeypatch.setenv("EVALFLOW_STORE", str(path))
    monkeypatch.setenv("EVALFLOW_LANG", "en")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.chdir(tmp_path)
    return path


COMMANDS = {
    "audit export": ["audit", "export", "-o", "OUT"],
    "batch plan": [
        "batch",
        "plan",
        "approve",
        "--as",
        "policy-1",
        "--where",
        "plan=gu",
        "-o",
        "OUT",
    ],
    "batch apply": ["batch", "apply", "x.batch", "--report", "OUT"],
    "carry": ["plan", "carry", "--id", "gu-2017", "--where", "number=1", "-o", "OUT"],
    "diagram": ["lifecycle", "diagram", "major-works", "-o", "OUT"],
    "stubs": ["lifecycle", "stubs", "major-works", "-o", "OUT"],
    "backup": ["backup", "-o", "OUT"],
    "migrate": [
        "lifecycle",
        "migrate",
        "other.yaml",
        "--as",
        "policy-1",
        "--reason",
        "새 이름",
        "-o",
        "OUT",
    ],
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("onto", ["store", "queue", "link", "wal"])
def test_no_command_writes_over_a_store_or_through_a_link(
    store: Path, words: list[str], onto: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from importlib import resources

    text = (resources.files("evalflow.lifecycle") / "presets" / "major-works.yaml").read_text(
        "utf-8"
    )
    (store.parent / "other.yaml").write_text(
        text.replace("name: major-works", "name: other"), "utf-8"
    )
    target = {
        "store": store,
        "queue": Path(f"{store}-queue"),
        "link": store.with_name("link.db"),
        "wal": Path(f"{store}-wal"),  # which is there as long as somebody has the store open
    }[onto]
    if onto == "link":
        if os.name == "nt":
            pytest.skip("links need rights there")
        target.symlink_to(store)
    elif onto == "queue":
        target.write_bytes(b"\0" * 16)
    before = target.read_bytes() if target.exists() else None
    code = cli.run([str(target) if word == "OUT" else word for word in words])
    told = capsys.readouterr()
    there = words[0] == "backup" and before is not None  # which is never replaced
    assert code == (5 if there else 2), told
    assert any(word in told.err for word in ("store", "link", "exists already"))
    assert "Traceback" not in told.err
    assert (target.read_bytes() if target.exists() else None) == before
    assert not list(store.parent.glob(".*.part"))
    assert cli.run(["verify"]) == 0


URLS: dict[str, Callable[[str], str]] = {
    "at sign": lambda secret: f"postgresql://clerk:{secret}@x@host.invalid/db",
    "slash": lambda secret: f"postgresql://clerk:a/{secret}@host.invalid/db",
    "question mark": lambda secret: f"postgresql://clerk:a?{secret}@host.invalid/db",
    "no slashes": lambda secret: f"postgresql:clerk:{secret}@host.invalid/db",
    "no scheme": lambda secret: f"host=x.invalid password={secret} dbname=y",
    "no colon": lambda secret: f"postgres//clerk:{secret}@host.invalid",
    "in the query": lambda secret: f"postgresql://host.invalid/db?password={secret}",
    "bracket": lambda secret: f"postgresql://clerk:{secret}@[::1/db",
    "a wrong port": lambda secret: f"postgresql://clerk@host.invalid:{secret}@x/db",
    "percent": lambda secret: f"postgresql://clerk:%zz{secret}@host.invalid/db",
    "another scheme": lambda secret: f"sqlite://clerk:{secret}@host/db",
    "an option": lambda secret: f"sqlite:///no/such/x.db?password={secret}",
    "a wrong timeout": lambda secret: f"postgresql://clerk:{secret}@h.invalid/db?timeout=never",
}


@pytest.mark.parametrize("make", URLS.values(), ids=URLS)
def test_no_error_tells_the_password_of_a_url_however_wrong_it_is(
    make: Callable[[str], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = "geheim42"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(evalflow.EvalflowError) as caught:
        evalflow.open(make(secret))
    for lang in ("ko", "en"):
        assert secret not in caught.value.text(lang)
    assert secret not in repr(caught.value)
    assert cli.run(["--store", make(secret), "status"]) != 0
    told = capsys.readouterr()
    assert secret not in told.err + told.out


HOSTILE = "\x1b[2J\x1b]52;c;ZXZpbA==\x07\r\nFORGED\u202egnp.exe\x9b31m"


def test_nothing_that_somebody_wrote_steers_a_terminal(
    store: Path, capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    """Written by a host's storage, or before texts were checked."""
    from evalflow.cli.session import Session

    session = Session(store=str(store), lang="en")
    session.echo(f"- {HOSTILE}")
    session.remark(HOSTILE)
    session.table(["what", "why"], [("1", HOSTILE), (HOSTILE, "2")], title=HOSTILE)
    session.print_json("rows", [{"why": HOSTILE}, {HOSTILE: 1}], about=HOSTILE)
    cli.run(["history", f"gu/{HOSTILE}"])
    cli.run(["--store", f"sqlite:///{HOSTILE}", "status"])
    cli.run(["fire", "gu/1", HOSTILE, "--as", HOSTILE])
    cli.run([HOSTILE])
    told = capsys.readouterr()
    for text in (told.out, told.err):
        assert not [each for each in text if each in "\x1b\x07\r\u202e\x9b"]


def test_a_demo_replaces_no_folder_that_it_did_not_make(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`evalflow demo -o .` would take away a year's work."""
    from evalflow.cli import demo

    monkeypatch.setattr(demo, "SCENARIOS", ())  # the year itself is played elsewhere
    (tmp_path / "office.db").write_text("a year's work")
    monkeypatch.chdir(tmp_path)
    for place in (".", str(tmp_path)):
        assert cli.run(["--lang", "en", "demo", "-o", place]) == cli.BAD_INPUT
        assert "not a folder that a demo made" in capsys.readouterr().err
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert cli.run(["demo", "-o", "pipe"]) == cli.BAD_INPUT
    assert (tmp_path / "office.db").read_text() == "a year's work"
    for left in ("empty", "new", "again"):
        out = tmp_path / ("new" if left == "again" else left)
        if left == "empty":
            out.mkdir()
        demo._make_room(out)
        (out / "office.db").touch()
    assert not (tmp_path / "new" / "forms").exists()


UNWRITABLE = {
    "no such folder": ("no/such/{}", "No such file or directory"),
    "a full disk": ("/dev/full", "No space left"),
}
WRITING = {
    "lifecycle diagram": ["lifecycle", "diagram", "major-works", "-o", "x.mmd"],
    "lifecycle schema": ["lifecycle", "schema", "-o", "x.json"],
    "lifecycle stubs": ["lifecycle", "stubs", "major-works", "-o", "x.pyi"],
    "batch plan": [
        *("batch", "plan", "amend", "--as", "education-1", "--set", "reason=x", "-o", "x.jsonl"),
    ],
    "due": ["due", "--ics", "x.ics"],
    "audit checkpoint": ["audit", "checkpoint", "gu", "--sheet", "x.html"],
    "audit export": ["audit", "export", "--plan", "gu", "-o", "x.zip"],
    "audit key": ["audit", "key", "gu", "-o", "x.key"],
    "plan export": ["plan", "export", "gu", "--table", "projects", "-o", "x.csv"],
    "plan carry": ["plan", "carry", "gu", "--id", "gu-2", "-o", "x.yaml"],
}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("where", UNWRITABLE)
@pytest.mark.parametrize("words", WRITING.values(), ids=WRITING)
def test_a_file_that_cannot_be_written_is_told_with_its_name_and_why(
    store: Path, words: list[str], where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target, why = UNWRITABLE[where]
    target = target.format(words[-1])
    if where == "a full disk" and words[-1] in ("x.csv", "x.key", "x.yaml"):
        target = str(store.with_name("folder"))  # what it writes, it makes anew, or by its ending
        os.mkdir(target)
        why = ""
    code = cli.run(["--lang", "en", *words[:-1], target])
    told = capsys.readouterr().err
    assert code in (cli.BAD_INPUT, cli.UNUSABLE), told
    assert "went wrong" not in told
    assert Path(target).name in told
    assert why in told
    assert ".part" not in told
