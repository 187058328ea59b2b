"""What no program may write into a store's tables by SQL of its own: a kit for storages on SQL.

    @pytest.mark.parametrize("sql", refused(entry).values(), ids=refused(entry))
    def test_another_program_cannot_break_the_history(storage, sql): ...

The store holds one project, moved twice: `given_project`, then `entry_after(project, key="used",
state="submitted")`. Each statement has to be refused and to leave every row as it was;
`plan_entry()` and the storage's own `entry()` are right, so that what is refused is what is wrong.
"""

from __future__ import annotations

from typing import Protocol


class EntrySQL(Protocol):
    """Returns the SQL by which a program moves the project with an entry made of the last one:
    `wrong` names columns and the SQL of their values, in place of the right ones."""

    def __call__(self, **wrong: str) -> str:
        """Return the statement."""
        ...


_OTHER_STATES = '\'["approved","unchanged"]\''
_NEXT = {"number": "2", "revision": "1", "head_before": "head_after", "previous": "hash"}


def plan_entry(**wrong: str) -> str:
    """Return the SQL that appends an entry to the plan's history, made of the last one; `wrong` as
    for `EntrySQL`."""
    values = {**_NEXT, **wrong}
    return (
        "INSERT INTO plan_entry SELECT plan, {number}, event, actor, role, on_behalf_of, at, "
        "{revision}, effective, {head_before}, head_after, lifecycle, reason, data, {previous}, "
        "hash FROM plan_entry"
    ).format(**values)


def refused(entry: EntrySQL) -> dict[str, str]:
    """Return what has to be refused: what it tries -> the SQL, alike for every database."""
    return {
        "a second move from the same version": entry(number="2"),
        "a gap": entry(number="4"),
        "a number from before": entry(number="1"),
        "another predecessor": entry(previous="previous"),
        "other states before": entry(before=_OTHER_STATES),
        "another period": entry(period="'2016-Q4'"),
        "a used key": entry(key="'used'"),
        "changing entries": "UPDATE entry SET reason = 'no'",
        "deleting an entry": "DELETE FROM entry WHERE number = 2",
        "editing states": "UPDATE project SET states = '[\"approved\"]'",
        "moving without an entry": "UPDATE project SET version = version + 1",
        "moving back": "UPDATE project SET version = version - 1",
        "moving back to an entry": (
            "UPDATE project SET (version, head, states) = (SELECT 1, hash, after FROM entry "
            "WHERE number = 1)"
        ),
        "editing the period": "UPDATE project SET period = '2016-Q4'",
        "renaming": "UPDATE project SET id = plan || '/7', number = '7'",
        "deleting a project": "DELETE FROM project",
        "a project from nowhere": (
            "INSERT INTO project SELECT plan || '/7', plan, '7', label_ko, label_en, unit, field, "
            "states, visits, period, 5, lifecycle, revision, band, head, change FROM project"
        ),
        "a gap in the revisions": (
            "INSERT INTO plan_revision SELECT plan, 3, effective, tree FROM plan_revision"
        ),
        "a revision without an entry of the plan": (
            "INSERT INTO plan_revision SELECT plan, 2, effective, tree FROM plan_revision"
        ),
        "changing a revision": "UPDATE plan_revision SET tree = '{}'",
        "deleting a revision": "DELETE FROM plan_revision",
        "a gap in a plan's entries": plan_entry(number="3"),
        "a second first entry of a plan": plan_entry(number="1"),
        "another predecessor of a plan's entry": plan_entry(previous="''"),
        "another revision before": plan_entry(head_before="hash"),
        "a gap in the revisions of a plan's entries": plan_entry(revision="3"),
        "changing a plan's entry": "UPDATE plan_entry SET actor = 'x'",
        "deleting a plan's entry": "DELETE FROM plan_entry",
        "changing a definition": "UPDATE definition SET tree = '{}'",
        "deleting a definition": "DELETE FROM definition",
        "a definition from before": (
            "INSERT INTO definition SELECT project, 0, 'x', 'x', field, '{}' FROM definition"
        ),
    }
