"""A migration needs a second person where whoever makes it gains by it, or the plan asks for one.

On the code before, one person could write a lifecycle by which they approve changes, and go over to
it alone, while a revision of people was refused.
"""

from __future__ import annotations

import copy
from typing import Any

import attrs
import pytest

import evalflow
from evalflow.decision.second_person import migration_gains
from evalflow.lifecycle.load import is_shipped, lifecycle_from_tree
from evalflow.plan.stored import stored_head
from offices import Office


def lifecycle(office: Office, **changes: Any) -> evalflow.Lifecycle:
    """The office's lifecycle as somebody changed its tree: `events__NAME` is laid over an event."""
    old = office.engine.plans.lifecycle(office.engine.project("gu/1").lifecycle)
    tree = copy.deepcopy(dict(old.tree))
    tree = {**tree, "name": "ours", "replaces": {}}
    for key, value in changes.items():
        section, _, name = key.partition("__")
        if name:
            tree[section] = [
                {**each, **value} if each["name"] == name else each for each in tree[section]
            ]
        else:
            tree[section] = value
    return lifecycle_from_tree(tree)


def mine(office: Office) -> evalflow.Lifecycle:
    """One by which the policy office approves changes in the mayor's place."""
    return lifecycle(office, events__approve_change={"by": ["mayor", "policy_office"]})


def migrate(office: Office, new: evalflow.Lifecycle, by: str = "policy-1", **how: Any) -> list[str]:
    """Migrate, and return what speaks against it."""
    batch = office.engine.plans.migrate("gu", new, by=by, reason="새 절차", **how)
    list(batch.apply())
    return sorted({reason.code for line in batch for reason in line.reasons})


def propose(office: Office, new: evalflow.Lifecycle, by: str, **how: Any) -> evalflow.PlanEntry:
    return office.engine.plans.propose_migration("gu", new, by=by, reason="새 절차", **how)


def confirmed_by(office: Office, *roles: str) -> None:
    plan = office.engine.plans.with_tables("gu", [])
    tree = {**copy.deepcopy(dict(plan.head.tree)), "revision": {"confirmed_by": list(roles)}}
    head = attrs.evolve(stored_head(tree), revision=plan.head.revision)
    head = attrs.evolve(head, effective=plan.head.effective)
    office.engine.adopt(attrs.evolve(plan, head=head), by="policy-1", reason="둘째 사람")


def found(office: Office) -> list[str]:
    return [each.code for each in office.engine.audit.verify()]


def test_nobody_gives_themselves_a_right_by_other_rules_alone(office):
    new = mine(office)
    assert migrate(office, new) == ["needs_confirmation"]
    assert propose(office, new, "policy-1").event == "propose_migration"
    assert migrate(office, new) == ["same_person"]
    assert {each.lifecycle for each in office.engine.projects()} == {
        office.plan.lifecycle.fingerprint
    }
    assert migrate(office, new, "policy-2") == []
    assert {each.lifecycle for each in office.engine.projects()} == {new.fingerprint}
    events = [each.event for each in office.engine.plans.history("gu")]
    assert events == ["adopt", "propose_migration", "migrate"]
    assert found(office) == []


def test_what_is_carried_out_is_what_was_proposed(office):
    """Neither other rules under the same name, nor another mapping of states."""
    new = mine(office)
    propose(office, new, "policy-2")
    more = lifecycle(
        office,
        events__approve_change={"by": ["mayor", "policy_office"]},
        events__review={"by": ["policy_office", "department"]},
    )
    assert migrate(office, more) == ["needs_confirmation"]
    assert migrate(office, new, states={"planned": "approved"}) == ["needs_confirmation"]
    assert migrate(office, new) == []


def test_a_revision_of_the_plan_overtakes_it(office):
    new = mine(office)
    propose(office, new, "policy-2")
    plan = office.engine.plans.with_tables("gu", [])
    head = attrs.evolve(
        plan.head, label=evalflow.Label("이름", "N"), tree={**plan.head.tree, "en": "N"}
    )
    office.engine.adopt(attrs.evolve(plan, head=head), by="policy-1", reason="이름")
    assert migrate(office, new) == ["needs_confirmation"]


def test_a_plan_that_wants_a_second_person_for_revisions_wants_one_for_migrations(office):
    confirmed_by(office, "vice_mayor")
    same = lifecycle(office)  # nobody gains by it
    assert migrate(office, same) == ["needs_confirmation"]
    propose(office, same, "policy-1")
    assert migrate(office, same, "vice-1") == []
    assert found(office) == []


def test_rules_by_which_nobody_who_makes_them_gains_need_no_second_person(office):
    narrower = lifecycle(office, events__extend_deadline={"by": ["audit_office"]})
    assert migrate(office, narrower) == []


def test_what_is_a_gain(office):
    old = office.engine.plans.lifecycle(office.engine.project("gu/1").lifecycle)
    (extend,) = [each for each in old.tree["events"] if each["name"] == "extend_deadline"]
    through = {**extend, "name": "wave_through"}

    def gained(role: str = "policy_office", **changes: Any) -> set[str | None]:
        new = lifecycle(office, **changes)
        return {each.event for each in migration_gains(old, new, {}, {}, [role])}

    assert gained() == set()
    assert gained(events=[*old.tree["events"], through]) == {"wave_through"}
    assert gained("mayor", adopted_by=["policy_office", "mayor"]) == {None}
    assert "review" in gained(duties=[])
    assert gained(events__review={"guards": []}) >= {"review"}
    assert gained("department", events__review={"by": ["policy_office"]}) == set()


def test_versions_that_come_with_evalflow_are_nobodys_own(office):
    old = evalflow.load_lifecycle("major-works/2", plugins=[])
    new = evalflow.load_lifecycle("major-works", plugins=[])
    assert is_shipped(old)
    assert is_shipped(new)
    assert migration_gains(old, new, {}, {}, ["policy_office"]) == ()
    forged = lifecycle_from_tree({**new.tree, "adopted_by": ["policy_office", "department"]})
    assert not is_shipped(forged)  # though it bears the name and the version
    assert migration_gains(old, forged, {}, {}, ["department"]) != ()


def test_verify_finds_a_migration_without_the_second_person(office, monkeypatch):
    """One that is written by a program that does not ask."""
    nobody = lambda **asked: None  # noqa: E731
    monkeypatch.setattr("evalflow.decision.migration.lacking_second", nobody)
    assert migrate(office, mine(office)) == []
    monkeypatch.undo()
    assert set(found(office)) == {"not_allowed"}


@pytest.mark.parametrize("by", ["road-1", "mayor-1"])
def test_a_migration_is_proposed_by_who_may_revise_the_plan(office, by):
    with pytest.raises(evalflow.Refused) as raised:
        propose(office, mine(office), by)
    assert [each.code for each in raised.value.reasons] == ["no_role"]


def test_a_proposal_says_why(office):
    with pytest.raises(evalflow.Refused):
        office.engine.plans.propose_migration("gu", mine(office), by="policy-1", reason="...")
