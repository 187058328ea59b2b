"""A store as an auditor reads it: every row of every table as it lies there, all of one moment.

The contract's own readers rebuild values and end where a value cannot be rebuilt. Verification
must go on then, so it reads rows and judges each column itself. A storage that keeps tables offers
them (`AuditStorage`); of any other the rows are made anew of its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, runtime_checkable

from evalflow.model import Selection
from evalflow.model.values import frozen
from evalflow.storage.contract import Storage
from evalflow.storage.rows import (
    ASSIGNMENT_COLUMNS,
    DEFINITION_COLUMNS,
    ENTRY_COLUMNS,
    EVALUATION_COLUMNS,
    OUTGOING_COLUMNS,
    PLAN_ENTRY_COLUMNS,
    PROJECT_COLUMNS,
    REVISION_COLUMNS,
    entry_row,
    moment,
    notice_row,
    plan_entry_row,
    project_row,
)

TABLES: Mapping[str, tuple[str, ...]] = {
    "plan_revision": REVISION_COLUMNS,
    "plan_entry": PLAN_ENTRY_COLUMNS,
    "lifecycle": ("fingerprint", "tree"),
    "project": PROJECT_COLUMNS,
    "definition": DEFINITION_COLUMNS,
    "assignment": ASSIGNMENT_COLUMNS,
    "entry": ("position", *ENTRY_COLUMNS),
    "evaluation": EVALUATION_COLUMNS,
    "notice": ("position", *OUTGOING_COLUMNS),
}
"""Every table of a store, and the columns that hold what was written (not what is computed)."""

OWNERS: Mapping[str, str] = {
    "plan_revision": "plan",
    "plan_entry": "plan",
    "lifecycle": "fingerprint",
    "project": "id",
    "definition": "project",
    "assignment": "project",
    "entry": "project",
    "evaluation": "project",
    "notice": "project",
}
"""Table -> the column that says whose a row is: what `Tables.rows` is asked for."""

ORDERS: Mapping[str, tuple[str, ...]] = {
    "plan_revision": ("plan", "revision"),
    "plan_entry": ("plan", "number"),
    "lifecycle": ("fingerprint",),
    "project": ("id",),
    "definition": ("project", "revision"),
    "assignment": ("project", "revision", "position"),
    "entry": ("project", "number"),
    "evaluation": ("project", "period"),
    "notice": ("project", "position"),
}
"""Table -> the columns by which its rows are given in order."""

WRITTEN = ("project", "number", "revision", "lifecycle", "plan_head", "hash")
"""The columns of entries that the log of a plan is made of, see `Tables.written`."""

Values = Mapping[str, Any]
"""One row: column -> value. A column that the storage does not have is left out."""


@frozen(kw_only=True)
class SchemaFault:
    """A table, column, index or trigger of the store's schema that is missing or was altered, or
    something that is none of the schema's and has a say in what can be written to its tables or is
    read from them: a trigger, a unique index; on PostgreSQL a rule, a policy. `kind` is the kind of
    thing, `name` its name, `fault` one of `missing`, `altered`, `foreign`, of a sequence `behind`
    (it stands before the newest row), of an index `unlike` (it does not hold the rows of its
    table), and of a table `damaged`."""

    kind: str
    name: str
    fault: str

    def text(self, lang: str = "ko") -> str:
        """Return the fault as one sentence."""
        ko, en = _FAULTS[self.fault]
        kind_ko, kind_en = _KINDS.get(self.kind, (self.kind, self.kind))
        if lang == "ko":
            return f"저장소 구조의 {kind_ko} '{self.name}'{ko}"
        return f"the {kind_en} '{self.name}' {en}"


_FAULTS = {
    "missing": ("이(가) 없습니다", "of the store's schema is missing"),
    "altered": ("이(가) 바뀌었습니다", "of the store's schema was altered"),
    "behind": (
        "이(가) 마지막 행보다 뒤처져 있습니다. 같은 번호가 두 번 쓰이지는 않으나 "
        "기록이 거절될 수 있습니다",
        "stands before the newest row; no number is used twice, but writes may be refused",
    ),
    "unlike": (
        "이(가) 표의 행과 다릅니다. 찾는 방법에 따라 있는 행이 없는 것으로 읽힙니다",
        "does not hold the rows of its table: what is there may be read as if it were not",
    ),
    "damaged": ("이(가) 파일에서 손상되었습니다", "is damaged in the file"),
    "foreign": ("은(는) evalflow가 만든 것이 아닙니다", "is not evalflow's"),
}

_KINDS = {
    "table": ("표", "table"),
    "column": ("열", "column"),
    "index": ("색인", "index"),
    "trigger": ("트리거", "trigger"),
    "function": ("함수", "function"),
    "sequence": ("일련번호", "sequence"),
    "constraint": ("제약", "constraint"),
    "rule": ("규칙", "rule"),
    "policy": ("행 보안 정책", "row security policy"),
    "child": ("상속받은 표", "inheriting table"),
}


class Tables(Protocol):
    """The rows of a store, all of one moment, and whatever is in them.

    `gapless` says whether the positions of entries and notices are handed out without gaps, so
    that a gap means that something was taken away. `kept` are the tables that are given whole.
    """

    gapless: bool
    kept: frozenset[str]

    def owners(self, table: str) -> Sequence[Any]:
        """Return every value of the table's column in `OWNERS`, each once; projects in the order
        of plan and number, others sorted as text."""
        ...

    def rows(self, table: str, owner: Any) -> Iterator[Values]:
        """Yield the rows of one owner, in the order of `ORDERS`. Nothing is rebuilt: a text that
        is not UTF-8 comes with lone surrogates in the place of its bytes."""
        ...

    def positions(self, table: str) -> Iterator[tuple[Any, Any]]:
        """Yield (position, position of its entry) of `entry` or `notice`, in the order of the
        first: over all projects."""
        ...

    def written(self) -> Iterator[Values]:
        """Yield the columns `WRITTEN` of every entry over all projects, in the order in which they
        were written; only such whose place in that order can no longer change."""
        ...

    def behind(self) -> bool:
        """Say whether there are entries that `written` still holds back."""
        ...

    def faults(self) -> Iterable[SchemaFault]:
        """Return what is wrong with tables, indexes and triggers."""
        ...


@runtime_checkable
class Narrow(Protocol):
    """What `Tables` may have besides: to be read for one plan alone."""

    def of_plan(self, plan: str) -> Tables:
        """Return the rows of the same moment, of which only those of a plan and of its projects
        are looked through. Lifecycles, which are nobody's, are all there."""
        ...


@runtime_checkable
class Indexed(Protocol):
    """What `Tables` may have besides: indexes, which can be held to their tables."""

    def damages(self) -> Iterable[SchemaFault]:
        """Return the indexes that do not hold the rows of their tables, and the tables that are
        damaged; looks through all of them."""
        ...


@runtime_checkable
class AuditStorage(Protocol):
    """An optional ability of a storage that keeps tables: reading them as they are stored.

    `schema_faults` is what was wrong with its schema when it was opened: it is opened all the
    same, so that it can be verified, and whoever opens it says so.
    """

    schema_faults: tuple[SchemaFault, ...]

    def tables(self) -> AbstractContextManager[Tables]:
        """Give the rows of one moment, for as long as the context lasts."""
        ...


@contextmanager
def tables_of(storage: Storage) -> Iterator[Tables]:
    """Give the rows of a storage, of one moment: as they lie there, or made of its values."""
    if isinstance(storage, AuditStorage):
        with storage.tables() as found:
            yield found
    else:
        with storage.reading() as then:
            yield ValueTables(then)


class ValueTables:
    """The rows of a storage that keeps values: made of these, so damage to rows is not seen.

    Columns that the contract does not give (positions, units and labels of definitions, columns
    beside an evaluation) are left out.
    """

    gapless = False
    kept = frozenset(
        (
            "plan_revision",
            "plan_entry",
            "lifecycle",
            "project",
            "definition",
            "evaluation",
            "notice",
        )
    )

    def __init__(self, storage: Storage) -> None:
        """Read from `storage`, each time anew."""
        self._storage = storage

    def owners(self, table: str) -> Sequence[Any]:
        """Return the ids of plans or projects; lifecycles are those that entries name."""
        if table in ("plan_revision", "plan_entry"):
            return self._storage.plans()
        if table == "lifecycle":
            return sorted({entry.lifecycle for _, entry in self._storage.entries()})
        return [project.id for project in self._storage.select(Selection())]

    def rows(self, table: str, owner: Any) -> Iterator[Values]:
        """Yield the rows that the values make."""
        yield from getattr(self, f"_{table}")(owner)

    def positions(self, table: str) -> Iterator[tuple[Any, Any]]:
        """Yield nothing: values have no positions of their own."""
        return iter(())

    def written(self) -> Iterator[Values]:
        """Yield what the entries say, in their order."""
        for _, entry in self._storage.entries():
            yield {column: getattr(entry, column, "") for column in WRITTEN}

    def behind(self) -> bool:
        """Say no."""
        return False

    def faults(self) -> Iterable[SchemaFault]:
        """Return nothing: there is no schema."""
        return ()

    def _plan_revision(self, plan: str) -> Iterator[Values]:
        for number, effective in self._storage.revisions(plan):
            text = self._storage.head(plan, number)
            yield dict(zip(REVISION_COLUMNS, (plan, number, effective, text), strict=True))

    def _plan_entry(self, plan: str) -> Iterator[Values]:
        for entry in self._storage.plan_history(plan):
            yield dict(zip(PLAN_ENTRY_COLUMNS, plan_entry_row(entry), strict=True))

    def _lifecycle(self, fingerprint: str) -> Iterator[Values]:
        text = self._storage.lifecycle(fingerprint)
        if text is not None:
            yield {"fingerprint": fingerprint, "tree": text}

    def _project(self, project: str) -> Iterator[Values]:
        for found in self._storage.select(Selection(ids=(project,))):
            yield dict(zip(PROJECT_COLUMNS, project_row(found), strict=True))

    def _definition(self, project: str) -> Iterator[Values]:
        for entry in self._storage.history(project):
            if isinstance(entry.data, Mapping) and "definition" in entry.data:
                found = self._storage.definition(project, entry.revision)
                if found is not None and found[0] == entry.revision:
                    yield {"project": project, "revision": found[0], "tree": found[1]}

    def _assignment(self, project: str) -> Iterator[Values]:
        return iter(())

    def _entry(self, project: str) -> Iterator[Values]:
        for entry in self._storage.history(project):
            yield dict(zip(ENTRY_COLUMNS, entry_row(entry), strict=True))

    def _evaluation(self, project: str) -> Iterator[Values]:
        periods = dict.fromkeys(entry.period_after for entry in self._storage.history(project))
        for period in periods:
            found = self._storage.evaluation(project, period)
            if found is not None:
                yield {
                    "project": found.project,
                    "period": found.period,
                    "number": found.number,
                    "tree": found.text(),
                }

    def _notice(self, project: str) -> Iterator[Values]:
        for each in self._storage.outbox(project=project):
            row = (*notice_row(each.notice), each.state, each.tries, moment(each.next_at))
            yield dict(zip(OUTGOING_COLUMNS, (*row, each.error), strict=True))
