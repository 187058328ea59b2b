# The peer below needs SQLAlchemy, which only this benchmark uses and not every machine has.
# mypy: disable-error-code="import-not-found,misc,unused-ignore"
"""One durable firing on PostgreSQL, by 1 and by 8 clients, against the same by bare psycopg.

The work: an amended self-evaluation of three indicators; one notice is written. The server is a
real one, with `fsync` on; every client is a process with projects of its own, which it takes one
after another, so that no evaluation grows long.

- `fire`: `Engine.fire`, with all that it checks, rates and hashes; most firings are the first of
  their project in the program, so what the project is has to be read, too;
- `commit`: the storage alone, `snapshot` and `commit` of a move that was decided before;
- `bare`: the same read and one statement of CTEs by bare psycopg, which writes the same rows into
  the same tables without triggers and foreign keys; the entry's hash and the evaluation's text
  are made again;
- `guarded`: the same statement by bare psycopg into tables with evalflow's triggers and keys: what
  the guards cost by themselves;
- `SQLAlchemy`: as people write it with the ORM and a shared `transitions` machine (no roles, no
  rating, no gates): load, trigger, a history row with its hash, an evaluation, a notice, commit;
  where SQLAlchemy is installed.

The ways take turns, in rounds that all clients begin together. Times are medians over all
firings, with the middle 80 %; ratios are medians of the rounds' ratios. The processor's time is
that of the clients; the server's is not in it.

    python benchmarks/postgres_fire.py [FIRINGS PER ROUND] [ROUNDS] [--json FILE]
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import multiprocessing
import multiprocessing.synchronize
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import attrs
from _measure import asking, keep, load, machine
from _office import DATA, FIGURES, Clock, opened

import evalflow
from evalflow.storage import Commit, Move, digest
from evalflow.storage.rows import ENTRY_COLUMNS

CLIENTS = (1, 8)
PROJECTS = 100  # for each client and way
BEGINNING = dt.datetime(2017, 1, 4, tzinfo=dt.UTC)


def main(firings: int, rounds: int, kept: str | None) -> None:
    figures: dict[str, float] = {}
    about = machine()
    print(f"{about['cores']} cores, load {about['load']} before")
    try:
        from evalflow_postgres.testing import NoServer, server
    except ImportError:
        print("evalflow-postgres is not installed; left out")
        return
    try:
        with server(fsync=True) as url, tempfile.TemporaryDirectory() as folder:
            prepare(url, Path(folder))
            for clients in CLIENTS:
                figures |= measure(url, clients, firings, rounds)
    except NoServer as why:
        print(f"no PostgreSQL: {why}")
    print(f"load {load():.2f} after")
    keep(kept, about, figures)


def prepare(url: str, folder: Path) -> None:
    """Make the store with projects that were evaluated, and the tables of the others."""
    import evalflow_postgres
    import psycopg
    from evalflow_postgres import upgrades

    engine = opened(url, 2 * max(CLIENTS) * PROJECTS, folder, plugins=[evalflow_postgres])
    by = engine.actor("bench", "department-1")
    for project in (own(way, number) for way in (0, 1) for number in range(1, 1 + max(CLIENTS))):
        engine.fire(project[0], "amend", by=by, data=DATA)
    engine.close()
    with psycopg.connect(url, autocommit=True) as connection:
        for schema in ("bare", "guarded"):
            upgrades.bring_up(connection, schema, url)
            connection.execute("SET session_replication_role = replica")  # rows come as they are
            for table, columns in TABLES.items():
                names = ", ".join(f'"{column}"' for column in columns)
                connection.execute(
                    f"INSERT INTO {schema}.{table} ({names}) SELECT {names} FROM evalflow.{table}"
                )
            connection.execute("SET session_replication_role = origin")
        strip(connection, "bare")
    alchemy = sqlalchemy_way(url, 0)
    if alchemy is None:
        print("SQLAlchemy is not installed; left out")


def strip(connection: Any, schema: str) -> None:
    """Take the triggers and foreign keys from the tables of a schema."""
    triggers = connection.execute(
        "SELECT t.tgname, t.tgrelid::regclass FROM pg_trigger AS t JOIN pg_class AS c "
        "ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relnamespace = %s::regnamespace",
        (schema,),
    ).fetchall()
    for name, table in triggers:
        connection.execute(f"DROP TRIGGER {name} ON {table}")
    keys = connection.execute(
        "SELECT conname, conrelid::regclass FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = %s::regnamespace",
        (schema,),
    ).fetchall()
    for name, table in keys:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


def own(way: int, number: int) -> list[str]:
    """Return the ids of a client's projects for one of the two ways on the same store."""
    first = 1 + PROJECTS * (2 * (number - 1) + way)
    return [f"bench/{one}" for one in range(first, first + PROJECTS)]


def open_engine(url: str) -> evalflow.Engine:
    import evalflow_postgres

    return evalflow.open(url, plugins=[evalflow_postgres], clock=Clock())


# --------------------------------------------------------------------------- the clients


def measure(url: str, clients: int, firings: int, rounds: int) -> dict[str, float]:
    """Let clients fire in rounds, one way after another, print what it took, and return it."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(clients)
    answers: Any = context.Queue()
    running = [
        context.Process(
            target=client, args=(url, number, firings, rounds, barrier, answers), daemon=True
        )
        for number in range(1, clients + 1)
    ]
    for each in running:
        each.start()
    told: list[tuple[dict[str, list[list[float]]], dict[str, float]]] = [
        answers.get(timeout=600) for _ in running
    ]
    for each in running:
        each.join()
    found = [each for each, _ in told]
    processor = {way: sum(each[way] for _, each in told) for way in found[0]}
    ways = list(found[0])
    figures: dict[str, float] = {}
    # way -> round -> the times of all clients
    taken = {
        way: [[one for times in found for one in times[way][turn]] for turn in range(rounds)]
        for way in ways
    }
    print(f"{clients} client(s), {rounds} rounds of {firings} firings each")
    for way in ways:
        times = [one for turn in taken[way] for one in turn]
        tenths = statistics.quantiles(times, n=10)
        ratios = sorted(
            statistics.median(turn) / statistics.median(base)
            for turn, base in zip(taken[way], taken["bare"], strict=True)
        )
        print(
            f"  {way:<12}{statistics.median(times) * 1e3:7.2f} ms  "
            f"({tenths[0] * 1e3:.2f}-{tenths[-1] * 1e3:.2f} in the middle 80 %)  "
            f"{statistics.median(ratios):5.2f} x bare ({ratios[0]:.2f}-{ratios[-1]:.2f})  "
            f"{clients / statistics.mean(times):6.0f} /s  "
            f"processor {processor[way] / len(times) * 1e3:.2f} ms"
        )
        figures[f"{way}, {clients} client(s), ms"] = statistics.median(times) * 1e3
        figures[f"{way}, {clients} client(s), x bare"] = statistics.median(ratios)
    return figures


def client(
    url: str,
    number: int,
    firings: int,
    rounds: int,
    barrier: multiprocessing.synchronize.Barrier,
    answers: Any,
) -> None:
    ways = {
        "bare": bare_way(url, number, "bare"),
        "guarded": bare_way(url, number, "guarded"),
        "commit": storage_way(url, number),
        "fire": engine_way(url, number),
    }
    alchemy = sqlalchemy_way(url, number)
    if alchemy is not None:
        ways["SQLAlchemy"] = alchemy
    taken: dict[str, list[list[float]]] = {way: [] for way in ways}
    processor = dict.fromkeys(ways, 0.0)
    for work in ways.values():
        for _ in range(12):  # statements are prepared, definitions read
            work()
    for turn in range(rounds):
        order = list(ways) if turn % 2 else list(reversed(ways))
        for way in order:
            work = ways[way]
            barrier.wait()
            times = []
            begun = time.process_time()
            for _ in range(firings):
                start = time.perf_counter()
                work()
                times.append(time.perf_counter() - start)
            processor[way] += time.process_time() - begun
            taken[way].append(times)
    answers.put((taken, processor))


# --------------------------------------------------------------------------- the ways


def engine_way(url: str, number: int) -> Callable[[], object]:
    engine = open_engine(url)
    by = engine.actor("bench", "department-1")
    projects = cycle(own(0, number))
    return lambda: engine.fire(next(projects), "amend", by=by, data=DATA)


def storage_way(url: str, number: int) -> Callable[[], object]:
    """The read and the write of a firing; what is decided in between is a few replaced fields."""
    storage = open_engine(url).storage
    projects = cycle(own(1, number))
    (last,) = list(storage.history(own(1, number)[0]))[-1:]
    notice = next(iter(storage.outbox(project=last.project))).notice

    def work() -> None:
        project = next(projects)
        snapshot = storage.snapshot(project)
        assert snapshot is not None
        before = snapshot.project
        version = before.version + 1
        evaluation = attrs.evolve(snapshot.evaluation, number=version)
        made = attrs.evolve(
            last,
            project=project,
            number=version,
            before=before.states,
            after=before.states,
            previous=before.head,
            evaluation=digest(evaluation.text()),
            hash="",
        ).sealed()
        storage.commit(
            Commit(
                moves=(
                    Move(
                        project=attrs.evolve(before, version=version, head=made.hash),
                        expected=before.version,
                        entry=made,
                        evaluation=evaluation,
                        notices=(
                            attrs.evolve(
                                notice, id=f"{project}:{version}", project=project, number=version
                            ),
                        ),
                    ),
                )
            )
        )

    return work


PROJECT_COLUMNS = (
    "id", "plan", "number", "label_ko", "label_en", "unit", "field", "states", "visits",
    "period", "version", "lifecycle", "revision", "band", "head", "change",
)  # fmt: skip
EVALUATION_COLUMNS = ("project", "period", "number", "rate", "band", "tree")
NOTICE_COLUMNS = (
    "id", "project", "number", "name", "recipient", "role", "notifier", "subject_ko",
    "subject_en", "at", "data", "next_at",
)  # fmt: skip
TABLES = {
    "plan_revision": ("plan", "revision", "effective", "tree"),
    "project": PROJECT_COLUMNS,
    "entry": ENTRY_COLUMNS,
    "evaluation": EVALUATION_COLUMNS,
    "notice": NOTICE_COLUMNS,
}


def bare_way(url: str, number: int, schema: str) -> Callable[[], object]:
    import psycopg

    connection = psycopg.connect(url, autocommit=True)
    projects = cycle(own(1, number))
    first = own(1, number)[0]

    def row(table: str, columns: tuple[str, ...], order: str = "number") -> dict[str, Any]:
        names = ", ".join(f'"{column}"' for column in columns)
        column = "id" if table == "project" else "project"
        found = connection.execute(
            f"SELECT {names} FROM {schema}.{table} WHERE {column} = %s "
            f"ORDER BY {order} DESC LIMIT 1",
            (first,),
        ).fetchone()
        assert found is not None
        return dict(zip(columns, found, strict=True))

    entry, notice = row("entry", ENTRY_COLUMNS), row("notice", NOTICE_COLUMNS)
    columns = ", ".join(f'p."{column}"' for column in PROJECT_COLUMNS)
    read = (
        f"SELECT {columns}, e.tree, (SELECT max(r.revision) FROM {schema}.plan_revision AS r "
        f"WHERE r.plan = p.plan) FROM {schema}.project AS p LEFT JOIN {schema}.evaluation AS e "
        "ON e.project = p.id AND e.period = p.period WHERE p.id = %s"
    )
    marks = ", ".join(["%s"] * len(ENTRY_COLUMNS))
    told = ", ".join(["%s"] * len(NOTICE_COLUMNS))
    write = (
        f"WITH moved AS (UPDATE {schema}.project SET states = %s, visits = %s, period = %s, "
        "version = %s, band = %s, head = %s WHERE id = %s AND version = %s RETURNING id), "
        f"appended AS (INSERT INTO {schema}.entry ({', '.join(ENTRY_COLUMNS)}) "
        f"SELECT {marks} FROM moved), "
        f"evaluated AS (INSERT INTO {schema}.evaluation "
        "(project, period, number, rate, band, tree) "
        "SELECT %s, %s, %s, %s, %s, %s FROM moved ON CONFLICT (project, period) DO UPDATE SET "
        "number = excluded.number, rate = excluded.rate, band = excluded.band, "
        "tree = excluded.tree), "
        f"noted AS (INSERT INTO {schema}.notice ({', '.join(NOTICE_COLUMNS)}) "
        f"SELECT {told} FROM moved ON CONFLICT (id, notifier) DO NOTHING) "
        "SELECT count(*) FROM moved"
    )
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
    body_columns = [name for name in ENTRY_COLUMNS if name not in ("plan_head", "previous", "hash")]
    under = [entry["plan_head"]] if entry.get("plan_head") else []

    def work() -> None:
        project = next(projects)
        found = connection.execute(read, (project,)).fetchone()
        assert found is not None
        states, visits, period, version, head = (found[n] for n in (7, 8, 9, 10, 14))
        tree = json.loads(found[16])
        tree["number"] = version + 1
        text = encode(tree)
        new = {
            **entry,
            "project": project,
            "number": version + 1,
            "previous": head,
            "evaluation": hashlib.sha256(text.encode()).hexdigest(),
        }
        body = encode([*[new[c] for c in body_columns], *under, new["previous"]])
        new["hash"] = hashlib.sha256(body.encode()).hexdigest()
        kept = {
            **notice,
            "id": f"{project}:{version + 1}",
            "project": project,
            "number": version + 1,
        }
        written = connection.execute(
            write,
            (
                states, visits, period, version + 1, found[13], new["hash"], project, version,
                *new.values(),
                project, period, version + 1, "85.0", found[13], text,
                *kept.values(),
            ),
        ).fetchone()  # fmt: skip
        assert written == (1,)

    return work


def sqlalchemy_way(url: str, number: int) -> Callable[[], object] | None:
    try:
        import sqlalchemy as sa
        from sqlalchemy import orm
    except ImportError:
        return None
    import transitions

    class Base(orm.DeclarativeBase):
        pass

    class Project(Base):
        __tablename__ = "alchemy_project"
        id: Any = sa.Column(sa.Text, primary_key=True)
        state: Any = sa.Column(sa.Text, nullable=False)
        version: Any = sa.Column(sa.Integer, nullable=False)
        head: Any = sa.Column(sa.Text, nullable=False)
        __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    class History(Base):
        __tablename__ = "alchemy_history"
        id: Any = sa.Column(sa.BigInteger, primary_key=True)
        project: Any = sa.Column(sa.ForeignKey(Project.id), nullable=False)
        number: Any = sa.Column(sa.Integer, nullable=False)
        event: Any = sa.Column(sa.Text)
        actor: Any = sa.Column(sa.Text)
        at: Any = sa.Column(sa.DateTime(timezone=True))
        before: Any = sa.Column(sa.Text)
        after: Any = sa.Column(sa.Text)
        data: Any = sa.Column(sa.JSON)
        hash: Any = sa.Column(sa.Text)
        __table_args__ = (sa.UniqueConstraint("project", "number"),)

    class Evaluation(Base):
        __tablename__ = "alchemy_evaluation"
        project: Any = sa.Column(sa.ForeignKey(Project.id), primary_key=True)
        period: Any = sa.Column(sa.Text, primary_key=True)
        number: Any = sa.Column(sa.Integer)
        figures: Any = sa.Column(sa.JSON)

    class Notice(Base):
        __tablename__ = "alchemy_notice"
        id: Any = sa.Column(sa.BigInteger, primary_key=True)
        project: Any = sa.Column(sa.ForeignKey(Project.id), nullable=False)
        recipient: Any = sa.Column(sa.Text)
        subject: Any = sa.Column(sa.Text)
        state: Any = sa.Column(sa.Text, default="waiting")

    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    if number == 0:
        Base.metadata.create_all(engine)
        with orm.Session(engine) as session:
            ids = [one for client in range(1, 1 + max(CLIENTS)) for one in own(0, client)]
            session.add_all([Project(id=one, state="planned", version=1, head="") for one in ids])
            session.flush()
            session.add_all([Evaluation(project=one, period="2016", number=1) for one in ids])
            session.commit()
    machines: dict[str, Any] = {
        "states": ["planned", "self_evaluated", "submitted", "reviewed", "approved", "lagging"],
        "transitions": [
            {"trigger": "self_evaluate", "source": "planned", "dest": "self_evaluated"},
            {"trigger": "amend", "source": ["planned", "self_evaluated"], "dest": "self_evaluated"},
            {"trigger": "submit", "source": "self_evaluated", "dest": "submitted"},
            {"trigger": "review", "source": "submitted", "dest": "reviewed"},
            {"trigger": "approve", "source": "reviewed", "dest": "approved"},
            {"trigger": "flag_lagging", "source": "reviewed", "dest": "lagging"},
        ],
    }

    class Carrier:
        state: str

    # One machine for all, as whoever has measured does it: making one takes longer than the rest.
    carrier: Any = Carrier()
    transitions.Machine(carrier, initial="planned", auto_transitions=False, **machines)
    projects = cycle(own(0, max(number, 1)))

    def work() -> None:
        with orm.Session(engine) as session:
            project = session.get_one(Project, next(projects))
            evaluation = session.get_one(Evaluation, (project.id, "2016"))
            before = project.state
            carrier.state = before
            carrier.amend()
            project.state = carrier.state
            body = json.dumps([project.id, project.version, before, carrier.state, FIGURES])
            project.head = hashlib.sha256((project.head + body).encode()).hexdigest()
            evaluation.figures = FIGURES
            evaluation.number = project.version + 1
            session.add(
                History(
                    project=project.id,
                    number=project.version + 1,
                    event="amend",
                    actor="department-1",
                    at=BEGINNING,
                    before=before,
                    after=carrier.state,
                    data=FIGURES,
                    hash=project.head,
                )
            )
            session.add(Notice(project=project.id, recipient="policy-1", subject="수정"))
            session.commit()

    return work


if __name__ == "__main__":
    reader = asking(__doc__)
    reader.add_argument("firings", nargs="?", type=int, default=60)
    reader.add_argument("rounds", nargs="?", type=int, default=9)
    said = reader.parse_args()
    main(said.firings, said.rounds, said.json)
