"""No command does more than its projects: counted in statements, in the steps that SQLite takes for
them (a row that is looked at and left out is counted, too) and in calls of functions.

Offices of one shape are read with once, twice and four times as many projects, in larger
departments and in more bureaus. What the second doubling adds may be twice what the first one
added, and hardly more: a square would add four times as much. What is about one project costs the
same in departments of any size.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

import evalflow
from evalflow.cli import cli, run
from evalflow.testing.office import PLAN_ID, Ticking, fire, played, the_plan
from work import Work, work

ONE = f"{PLAN_ID}/1"
DAY = "2016-04-30"
Q1 = ("--period", "2016-Q1")
PLAN = ("--plan", PLAN_ID)
PUT_OFF = ("--set", "deadline=submit", "--set", "until=2016-05-30", "--set", "reason=연장")

OF_ONE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "explain": ((ONE, "review", "--as", "policy-1"),),
    "history": ((ONE,), (PLAN_ID,)),
    "score": ((ONE,), (ONE, "--recompute")),
    "status": ((*PLAN, "--number", "1"),),
    "due": ((*PLAN, "--number", "1", "--each"),),
}
"""Commands about one project, with arguments."""

OF_ALL: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "status": (
        (),
        ("--json",),
        ("--by", "bureau"),
        (*PLAN, "--as-of", DAY),
        ("--provisional",),
        ("--review",),
        (*PLAN, "--where", "late=yes"),
        ("--as", "bureau0-a-1"),
    ),
    "due": (
        ("--each",),
        ("--at", DAY, "--each"),
        ("--at", DAY, "--waiting", "--each"),
        ("--at", DAY, "--json"),
        ("--at", DAY, "--ics", "-"),
        ("--at", DAY, "--who", "bureau1-lead", "--each"),
    ),
    "history": ((ONE, "--as", "bureau0-a-1"),),
    "permitted": ((ONE, "--as", "policy-1"),),  # what a whole unit may do looks at the unit
    "score": (
        (*PLAN, *Q1, "--by", "bureau"),
        (*PLAN, *Q1, "--by", "field"),
    ),
    "plan show": ((PLAN_ID,), (PLAN_ID, "--yaml"), (PLAN_ID, "--json")),
    "plan export": (
        (PLAN_ID, "--workbook", "-o", "{out}/plan.xlsx"),
        (PLAN_ID, "--table", "projects", "-o", "{out}/projects.csv"),
    ),
    "plan overlaps": ((),),
    "sheet make": (("amend", *PLAN, "-o", "{out}/sheet.xlsx"),),
    "batch plan": (
        (
            *("extend_deadline", "--as", "policy-1", "--where", f"plan={PLAN_ID}", *PUT_OFF),
            *("-o", "{out}/put-off"),
        ),
        (
            *("review", "--as", "policy-1", "--where", f"plan={PLAN_ID}"),
            *("--set", "review.ratings=confirmed", "-o", "{out}/reviews"),
        ),
    ),
    "form make": (("plan", *PLAN, "-o", "{out}/plan.hwpx"),),
    "report": ((*PLAN, *Q1, "-o", "{out}/report.html"),),
    "deliver": (("--dead",),),
    "verify": ((), (PLAN_ID,), ("--project", ONE)),
    "audit checkpoint": ((PLAN_ID,),),
    "backup": (("-o", "{out}/backup"),),
    "audit export": ((*PLAN, "-o", "{out}/all.zip"), (ONE, "-o", "{out}/one.zip")),
}
"""Commands about many, or that look through all for one, with arguments."""

OF_NO_STORE = {
    *("init", "plan check", "plan carry", "plan select", "form check", "form list"),
    *(
        "lifecycle access",
        "lifecycle check",
        "lifecycle diagram",
        "lifecycle diff",
        "lifecycle paths",
    ),
    *("lifecycle schema", "lifecycle show", "lifecycle stubs", "lifecycle words"),
    *("batch list", "batch show", "audit verify", "audit key", "audit cosign"),
    *("plugins list", "plugins show", "plugins check", "plugins new", "plugins trace"),
    *("scenario run", "simulate", "demo"),
}
"""Commands that read files, or nothing."""

WRITES = {
    *(
        "plan import",
        "plan open",
        "plan open-case",
        "plan confirm",
        "plan redate",
        "lifecycle migrate",
        "fire",
        "batch apply",
    ),
    *("batch resume", "batch run", "sheet read", "remind", "deliver", "restore", "run"),
}
"""Commands that write; firings are counted below, batches are measured (`benchmarks/batch.py`)."""

CARDS = {"cards"}
"""Commands for which the office has nothing."""

SERVES = {
    *("serve", "web password", "web sweep"),
    *("web token list", "web token make", "web token revoke"),
}
"""Commands of the service, which keep people, not projects."""

NEEDS = {"form make": "evalflow_forms", "report": "evalflow_report"}


def leaves(command: click.Command, above: click.Context, *path: str) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    for name in command.list_commands(above):
        inner = command.get_command(above, name)
        assert inner is not None
        yield from leaves(inner, click.Context(inner, parent=above), *path, name)


def test_every_command_is_counted_or_has_a_reason_not_to_be() -> None:
    listed = {*OF_ONE, *OF_ALL, *OF_NO_STORE, *WRITES, *CARDS}
    found = set(leaves(cli, click.Context(cli)))
    assert found - SERVES == listed


SHAPES = ((4, 2), (4, 4), (4, 8), (8, 2), (16, 2))
"""Bureaus, and projects in each of their two departments."""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[int, int], Path]:
    folder = tmp_path_factory.mktemp("growth")
    made = {}
    for bureaus, each in SHAPES:
        path = made[bureaus, each] = folder / f"office-{bureaus}-{each}.db"
        url = f"sqlite:///{path}?synchronous=NORMAL"
        with evalflow.open(url, plugins=[], clock=Ticking()) as engine:
            played(engine, [f"bureau{number}" for number in range(bureaus)], each=each)
    return made


def counted(store: Path, words: tuple[str, ...], out: Path) -> Work:
    arguments = [each.replace("{out}", str(out)) for each in words]
    for old in out.iterdir():
        old.unlink()

    def command() -> None:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = run(["--store", str(store), "--lang", "en", *arguments])
        assert code in (0, 1), said.getvalue()

    return work(command)


def cases(of: Mapping[str, tuple[tuple[str, ...], ...]]) -> list[object]:
    return [
        pytest.param(name, (*name.split(), *words), id=" ".join((name, *words)))
        for name, several in of.items()
        for words in several
    ]


def grown(small: Work, middle: Work, large: Work) -> dict[str, tuple[int, int, int]]:
    """Return what grew by more than its projects."""
    counts = zip(Work._fields, small, middle, large, strict=True)
    return {
        name: (one, two, four)
        for name, one, two, four in counts
        if four - two > 2.2 * (two - one) + 0.01 * four + 1
    }


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), cases(OF_ALL))
def test_what_is_about_many_grows_with_them(
    stores: Mapping[tuple[int, int], Path], tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    counted(stores[4, 2], words, tmp_path)  # what is remembered for all is remembered
    found = {shape: counted(store, words, tmp_path) for shape, store in stores.items()}
    assert grown(found[4, 2], found[4, 4], found[4, 8]) == {}
    assert grown(found[4, 2], found[8, 2], found[16, 2]) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), cases(OF_ONE))
def test_what_is_about_one_project_costs_the_same_among_many(
    stores: Mapping[tuple[int, int], Path], tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    counted(stores[4, 2], words, tmp_path)
    few, many = (counted(stores[shape], words, tmp_path) for shape in ((4, 2), (4, 8)))
    over = [
        field
        for field, less, more in zip(Work._fields, few, many, strict=True)
        if field != "characters" and more > 1.05 * less + 1
    ]
    assert over == [], (few, many)
    # The plan's last entry names all of its projects, and is read some few times.
    assert many.characters - few.characters < 300 * (4 * 2 * 8 - 4 * 2 * 2)


@pytest.mark.parametrize("store", ["memory:", "sqlite:///{}/unit-{}.db?synchronous=NORMAL"])
def test_a_unit_is_submitted_in_steps_that_grow_with_it(tmp_path: Path, store: str) -> None:
    def submitted(projects: int) -> Work:
        url = store.format(tmp_path, projects)
        with evalflow.open(url, plugins=[], clock=Ticking()) as engine:
            plan = the_plan(each=projects // 2, bureaus=["welfare"])
            engine.adopt(plan, by=plan.actor("policy-1"))
            for project in list(engine.projects()):
                fire(engine, project, "self_evaluate", 1)
            first = engine.project(ONE)
            return work(lambda: fire(engine, first, "submit", 1))

    submitted(8)
    assert grown(*map(submitted, (20, 40, 80))) == {}
