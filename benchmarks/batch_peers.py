"""The same batch as other libraries do it: every project moved once, with history row, hash and
outbox row, durable in SQLite (WAL, `synchronous=FULL`, chunks of 2,000).

The peers write into four plain tables of their own, without triggers, foreign keys or indexes;
they check no roles, review nothing, and go on from no crash. evalflow plans and applies.

    python benchmarks/batch_peers.py [PROJECTS] [--json FILE]

Needs the dependency group `bench`; what is not installed is left out. SpiffWorkflow and DBOS, which
take milliseconds a project, are given fewer.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from _measure import asking, keep, machine

CHUNK = 2_000
AT = "2016-04-04T00:00:00.000000+00:00"
TABLES = """
CREATE TABLE project (id TEXT PRIMARY KEY, state TEXT, version INTEGER, head TEXT);
CREATE TABLE history (id INTEGER PRIMARY KEY, project TEXT, number INTEGER, event TEXT, actor TEXT,
  at TEXT, before TEXT, after TEXT, previous TEXT, hash TEXT);
CREATE TABLE outbox (id INTEGER PRIMARY KEY, project TEXT, number INTEGER, recipient TEXT,
  subject TEXT, state TEXT);
"""
Row = tuple[str, str, int, str]


def store(folder: Path, projects: int) -> Path:
    path = folder / "plain.db"
    with sqlite3.connect(path) as connection:
        connection.executescript("PRAGMA journal_mode = WAL;" + TABLES)
        connection.executemany(
            "INSERT INTO project VALUES (?, 'ordered', 1, ?)",
            [(f"gu/{n}", hashlib.sha256(b"%d" % n).hexdigest()) for n in range(projects)],
        )
    connection.close()
    return path


def sealed(project: str, number: int, before: str, after: str, head: str) -> str:
    body = json.dumps([project, number, "report", "policy-1", AT, before, after, head])
    return hashlib.sha256(body.encode()).hexdigest()


def decided_by(decide: Callable[[str], str]) -> Callable[[Path], None]:
    """Return a work that asks `decide` for each project and writes by `executemany`."""

    def work(path: Path) -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        rows = connection.execute("SELECT id, state, version, head FROM project").fetchall()
        for chunk in chunks(rows):
            moved = []
            for project, state, version, head in chunk:
                after = decide(state)
                seal = sealed(project, version + 1, state, after, head)
                moved.append((project, version + 1, state, after, head, seal))
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO history (project, number, event, actor, at, before, after, previous, "
                "hash) VALUES (?, ?, 'report', 'policy-1', ?, ?, ?, ?, ?)",
                [(p, n, AT, *rest) for p, n, *rest in moved],
            )
            connection.executemany(
                "UPDATE project SET state = ?, version = ?, head = ? WHERE id = ? AND version = ?",
                [(after, n, seal, p, n - 1) for p, n, _, after, _, seal in moved],
            )
            connection.executemany(
                "INSERT INTO outbox (project, number, recipient, subject, state) "
                "VALUES (?, ?, 'policy-1', ?, 'waiting')",
                [(p, n, f"[보고됨] {p}") for p, n, *_ in moved],
            )
            connection.execute("COMMIT")
        connection.close()

    return work


def chunks(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def by_transitions() -> Callable[[Path], None]:
    return decided_by(one_machine())


def one_machine() -> Callable[[str], str]:
    """One machine for all projects and a carrier that it does not know: the fastest way."""
    from transitions import Machine

    class Carrier:
        __slots__ = ("state",)
        state: str

    machine = Machine(
        model=None, states=["ordered", "reported"], initial="ordered", auto_transitions=False
    )
    machine.add_transition("report", "ordered", "reported")
    report = machine.events["report"]

    def decide(state: str) -> str:
        carrier = Carrier()
        carrier.state = state
        report.trigger(carrier)
        return carrier.state

    return decide


def by_statemachine() -> Callable[[Path], None]:
    from statemachine import State, StateMachine

    class Order(StateMachine):  # type: ignore[misc]
        ordered = State(initial=True)
        reported = State(final=True)
        report = ordered.to(reported)

    class Carrier:
        state: str

    def decide(state: str) -> str:
        carrier = Carrier()
        carrier.state = state
        Order(carrier).send("report")
        return carrier.state

    return decided_by(decide)


def by_sqlalchemy() -> Callable[[Path], None]:
    import sqlalchemy as sa
    from sqlalchemy import orm

    class Base(orm.DeclarativeBase):
        pass

    class Project(Base):
        __tablename__ = "project"
        id: Any = sa.Column(sa.Text, primary_key=True)
        state: Any = sa.Column(sa.Text)
        version: Any = sa.Column(sa.Integer)
        head: Any = sa.Column(sa.Text)

    class History(Base):
        __tablename__ = "history"
        id: Any = sa.Column(sa.Integer, primary_key=True)
        project: Any = sa.Column(sa.Text)
        number: Any = sa.Column(sa.Integer)
        event: Any = sa.Column(sa.Text)
        actor: Any = sa.Column(sa.Text)
        at: Any = sa.Column(sa.Text)
        before: Any = sa.Column(sa.Text)
        after: Any = sa.Column(sa.Text)
        previous: Any = sa.Column(sa.Text)
        hash: Any = sa.Column(sa.Text)

    class Outbox(Base):
        __tablename__ = "outbox"
        id: Any = sa.Column(sa.Integer, primary_key=True)
        project: Any = sa.Column(sa.Text)
        number: Any = sa.Column(sa.Integer)
        recipient: Any = sa.Column(sa.Text)
        subject: Any = sa.Column(sa.Text)
        state: Any = sa.Column(sa.Text)

    after = {"ordered": "reported"}

    def work(path: Path) -> None:
        engine = sa.create_engine(f"sqlite:///{path}")
        with orm.Session(engine) as session:
            ids = list(session.scalars(sa.select(Project.id)))
            for chunk in chunks(ids):
                standing, history, outbox = [], [], []
                found = session.scalars(
                    sa.select(Project).where(Project.id >= min(chunk), Project.id <= max(chunk))
                )
                for p in found:
                    then, number = after[p.state], p.version + 1
                    seal = sealed(p.id, number, p.state, then, p.head)
                    history.append(
                        {
                            "project": p.id, "number": number, "event": "report",
                            "actor": "policy-1", "at": AT, "before": p.state, "after": then,
                            "previous": p.head, "hash": seal,
                        }
                    )  # fmt: skip
                    standing.append({"id": p.id, "state": then, "version": number, "head": seal})
                    outbox.append(
                        {
                            "project": p.id, "number": number, "recipient": "policy-1",
                            "subject": f"[보고됨] {p.id}", "state": "waiting",
                        }
                    )  # fmt: skip
                session.expunge_all()
                session.execute(sa.update(Project), standing)
                session.execute(sa.insert(History), history)
                session.execute(sa.insert(Outbox), outbox)
                session.commit()
        engine.dispose()

    return work


def by_django() -> Callable[[Path], None]:
    import django
    from django.conf import settings

    def work(path: Path) -> None:
        settings.configure(
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}},
            INSTALLED_APPS=[],
        )
        django.setup()
        from django.db import models, transaction

        def model(name: str, **fields: Any) -> Any:
            meta = type("Meta", (), {"app_label": "peers", "db_table": name, "managed": False})
            return type(
                name.title(), (models.Model,), {"__module__": __name__, "Meta": meta, **fields}
            )

        text, number = models.TextField, models.IntegerField
        projects = model(
            "project", id=text(primary_key=True), state=text(), version=number(), head=text()
        )
        histories = model(
            "history", project=text(), number=number(), event=text(), actor=text(), at=text(),
            before=text(), after=text(), previous=text(), hash=text(),
        )  # fmt: skip
        outbox = model(
            "outbox", project=text(), number=number(), recipient=text(), subject=text(),
            state=text(),
        )  # fmt: skip
        after = {"ordered": "reported"}
        for chunk in chunks(list(projects.objects.values_list("id", flat=True))):
            with transaction.atomic():
                moved, entries, notices = [], [], []
                for p in projects.objects.filter(id__gte=min(chunk), id__lte=max(chunk)):
                    then = after[p.state]
                    seal = sealed(p.id, p.version + 1, p.state, then, p.head)
                    entries.append(
                        histories(
                            project=p.id,
                            number=p.version + 1,
                            event="report",
                            actor="policy-1",
                            at=AT,
                            before=p.state,
                            after=then,
                            previous=p.head,
                            hash=seal,
                        )
                    )
                    notices.append(
                        outbox(
                            project=p.id,
                            number=p.version + 1,
                            recipient="policy-1",
                            subject=f"[보고됨] {p.id}",
                            state="waiting",
                        )
                    )
                    p.state, p.version, p.head = then, p.version + 1, seal
                    moved.append(p)
                projects.objects.bulk_update(moved, ["state", "version", "head"])
                histories.objects.bulk_create(entries)
                outbox.objects.bulk_create(notices)

    return work


BPMN = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">
<process id="order" isExecutable="true"><startEvent id="ordered"><outgoing>a</outgoing></startEvent>
<sequenceFlow id="a" sourceRef="ordered" targetRef="report"/>
<manualTask id="report"><incoming>a</incoming><outgoing>b</outgoing></manualTask>
<sequenceFlow id="b" sourceRef="report" targetRef="reported"/>
<endEvent id="reported"><incoming>b</incoming></endEvent></process></definitions>"""


def by_spiff() -> Callable[[Path], None]:
    from SpiffWorkflow.bpmn.parser import BpmnParser
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
    from SpiffWorkflow.util.task import TaskState

    parser = BpmnParser()
    parser.add_bpmn_str(BPMN.encode())
    spec = parser.get_spec("order")

    def decide(state: str) -> str:
        workflow = BpmnWorkflow(spec)
        workflow.do_engine_steps()
        for step in workflow.get_tasks(state=TaskState.READY, manual=True):
            step.run()
        workflow.do_engine_steps()
        assert workflow.completed
        return {"ordered": "reported"}[state]

    return decided_by(decide)


def by_dbos() -> Callable[[Path], None]:
    """One durable workflow a project, with one step that writes the rows."""
    from dbos import DBOS

    def work(path: Path) -> None:
        DBOS(
            config={
                "name": "peers",
                "system_database_url": f"sqlite:///{path.parent / 'dbos.db'}",
                "log_level": "ERROR",
                "run_admin_server": False,
            }
        )
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = FULL")

        @DBOS.step()  # type: ignore[untyped-decorator]
        def write(row: list[Any]) -> None:
            project, state, version, head = row
            seal = sealed(project, version + 1, state, "reported", head)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "INSERT INTO history (project, number, event, actor, at, before, after, previous, "
                "hash) VALUES (?, ?, 'report', 'policy-1', ?, ?, 'reported', ?, ?)",
                (project, version + 1, AT, state, head, seal),
            )
            connection.execute(
                "UPDATE project SET state = 'reported', version = ?, head = ? WHERE id = ?",
                (version + 1, seal, project),
            )
            connection.execute(
                "INSERT INTO outbox (project, number, recipient, subject, state) "
                "VALUES (?, ?, 'policy-1', ?, 'waiting')",
                (project, version + 1, f"[보고됨] {project}"),
            )
            connection.execute("COMMIT")

        @DBOS.workflow()  # type: ignore[untyped-decorator]
        def report(row: list[Any]) -> None:
            write(row)

        DBOS.launch()
        try:
            for row in connection.execute("SELECT * FROM project").fetchall():
                report(list(row))
        finally:
            DBOS.destroy()
            connection.close()

    return work


PEERS: dict[str, tuple[Callable[[], Callable[[Path], None]], int]] = {
    "transitions by hand": (by_transitions, 1),
    "SQLAlchemy bulk": (by_sqlalchemy, 1),
    "python-statemachine": (by_statemachine, 1),
    "Django bulk": (by_django, 1),
    "SpiffWorkflow": (by_spiff, 20),
    "DBOS": (by_dbos, 100),
}


def measure(name: str, projects: int) -> tuple[float, float]:
    """Run one peer; return seconds by the wall's clock and the processor's."""
    with tempfile.TemporaryDirectory() as folder:
        path = store(Path(folder), projects)
        work = PEERS[name][0]()
        began, worked = time.perf_counter(), time.process_time()
        work(path)
        took = time.perf_counter() - began, time.process_time() - worked
        with sqlite3.connect(path) as connection:
            for table, where in (
                ("project", "state = 'reported' AND version = 2"),
                ("history", "after = 'reported' AND length(hash) = 64"),
                ("outbox", "state = 'waiting'"),
            ):
                counted = f"SELECT count(*) FROM {table} WHERE {where}"
                ((found,),) = connection.execute(counted).fetchall()
                assert found == projects, (name, table, found)
        connection.close()
    return took


def evalflow(projects: int) -> tuple[float, float]:
    from batch import batch, given  # type: ignore[import-not-found,unused-ignore]

    with tempfile.TemporaryDirectory() as name:
        given(Path(name), projects, 0)
        took = batch(Path(name), projects)
    return took["both"], took["both, processor"]


def same_tables(projects: int) -> tuple[float, float]:
    """The hand-written way once more, into evalflow's tables with their keys, without triggers."""
    from batch import bare_store, by_hand, given  # type: ignore[import-not-found,unused-ignore]

    with tempfile.TemporaryDirectory() as name:
        given(Path(name), projects, 0)
        connection = bare_store(Path(name), "bare.db")
        decide = one_machine()
        began, worked = time.perf_counter(), time.process_time()
        by_hand(connection, decide)
        took = time.perf_counter() - began, time.process_time() - worked
        connection.close()
    return took


OWN = {"evalflow": evalflow, "transitions by hand, same tables": same_tables}


def main(projects: int, kept: str | None) -> None:
    about, figures = machine(), dict[str, float]()
    runs: dict[str, list[tuple[float, float]]] = {}
    for _ in range(3):
        for name in [*OWN, *PEERS]:
            size = max(1, projects // (PEERS[name][1] if name in PEERS else 1))
            told = subprocess.run(
                [sys.executable, __file__, "--one", name, str(size)],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if told.returncode:
                print(f"  left out: {name}: {(told.stderr.strip().splitlines() or ['?'])[-1]}")
                continue
            wall, worked = map(float, told.stdout.split()[-2:])
            runs.setdefault(name, []).append((wall / size * 1e6, worked / size * 1e6))
    own = median(runs["evalflow"], 0), median(runs["evalflow"], 1)
    print(f"{projects:,} projects, medians of 3; evalflow both plans and applies")
    for name, found in runs.items():
        wall, worked = median(found, 0), median(found, 1)
        least, most = min(found)[0], max(found)[0]
        print(
            f"  {name:<33} {wall:9.1f} µs each ({least:.1f} to {most:.1f}), {wall / own[0]:7.2f}x; "
            f"of the processor {worked:8.1f} µs, {worked / own[1]:7.2f}x"
        )
        figures |= {f"{name}, µs": wall, f"{name}, processor, µs": worked}
    keep(kept, about, figures)


def median(runs: list[tuple[float, float]], place: int) -> float:
    return sorted(run[place] for run in runs)[len(runs) // 2]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        size = int(sys.argv[3])
        print(*(OWN[sys.argv[2]](size) if sys.argv[2] in OWN else measure(sys.argv[2], size)))
    else:
        reader = asking(__doc__)
        reader.add_argument("projects", nargs="?", type=int, default=20_000)
        said = reader.parse_args()
        main(said.projects, said.json)
