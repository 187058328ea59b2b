"""Who may revise a plan is said by the plan in force, and nobody raises their own rights alone.

The attacks h1, h2 and h6 (head-only revisions, deputies, expired grants, another lifecycle) as they
should end. On the code before, each of them went through: there was no entry to look at, an acting
deputy made themselves permanent, and the new plan's zone said which day it was.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import attrs
import pytest

import evalflow
from evalflow.engine import plan_commands
from evalflow.lifecycle.load import lifecycle_from_tree
from evalflow.plan.stored import stored_head
from evalflow.plan.write import dump_yaml
from evalflow.plugins import Plugins
from evalflow.storage.memory import MemoryStorage

Change = Callable[[dict[str, Any]], None]


def plan_with(office: Any, change: Change) -> evalflow.Plan:
    """Return the office's plan with its head's tree changed."""
    plan = office.engine.plans.with_tables("gu", [])
    tree = copy.deepcopy(dict(plan.head.tree))
    change(tree)
    tree["order"] = {**tree.get("order", {}), "directory": list(tree["directory"])}
    head = attrs.evolve(
        stored_head(tree), revision=plan.head.revision, effective=plan.head.effective
    )
    changed: evalflow.Plan = attrs.evolve(plan, head=head)
    return changed


def revise(office: Any, change: Change, by: str = "policy-1") -> evalflow.PlanHead:
    head: evalflow.PlanHead = office.engine.adopt(
        plan_with(office, change), by=by, reason="조직 개편"
    )
    return head


def grant(actor: str, role: str = "policy_office", **more: str) -> Change:
    def change(tree: dict[str, Any]) -> None:
        held = tree["directory"].get(actor, [])
        tree["directory"][actor] = [*held, {"role": role, "unit": "gu", **more}]

    return change


def asked(*roles: str) -> Change:
    return lambda tree: tree.update(revision={"confirmed_by": list(roles)})


def found(office: Any) -> list[str]:
    return [each.code for each in office.engine.audit.verify()]


def refused(office: Any, change: Change, by: str = "policy-1") -> list[str]:
    with pytest.raises(evalflow.Refused) as error:
        revise(office, change, by)
    return [each.code for each in error.value.reasons]


# ------------------------------------------------------------------ every revision is an entry


def test_a_revision_of_people_alone_is_an_entry_with_actor_and_reason(office):
    before = office.engine.plans.head("gu")
    revise(office, grant("policy-3"))
    first, entry = office.engine.plans.history("gu")
    assert (first.event, first.actor, first.number) == ("adopt", "policy-1", 1)
    assert (entry.event, entry.actor, entry.role) == ("revise", "policy-1", "policy_office")
    assert (entry.reason, entry.revision, entry.previous) == ("조직 개편", 2, first.hash)
    assert entry.data["sections"] == ["directory", "order"]
    assert (entry.head_before, before.revision) == (first.head_after, 1)
    assert found(office) == []


def test_a_project_says_under_which_entry_of_its_plan_it_was_decided(office):
    office.clock.go("2016-04-04")
    first = office.evaluate("gu/3")
    revise(office, grant("policy-3"))
    second = office.evaluate("gu/1")
    adopted, revised = office.engine.plans.history("gu")
    assert next(iter(office.engine.history("gu/3"))).plan_head == adopted.hash
    assert (first.plan_head, second.plan_head) == (adopted.hash, revised.hash)
    assert found(office) == []


def test_an_approved_change_is_an_entry_of_the_plan_too(office):
    office.clock.go("2016-04-04")
    office.fire(
        "gu/3",
        "request_change",
        "road-head",
        kind="target",
        change={"indicators": {"metres": {"targets": {"2016-Q4": "2100"}}}},
        reason="사유",
        detail="내용",
        reported_on="2016-04-01",
    )
    office.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    approved = office.fire("gu/3", "approve_change", "mayor-1")
    entry = list(office.engine.plans.history("gu"))[-1]
    assert (entry.event, entry.actor, entry.revision) == ("change", "mayor-1", 2)
    assert entry.data["entries"] == {"3": approved.hash}
    assert entry.head_before == entry.head_after
    assert found(office) == []


def test_a_migration_of_the_lifecycle_is_an_entry_of_the_plan_once(office):
    old = office.engine.plans.lifecycle(office.engine.project("gu/1").lifecycle)
    new = lifecycle_from_tree({**old.tree, "version": str(old.version + 1)})
    receipts = list(
        office.engine.plans.migrate("gu", new, by="policy-1", reason="개정", mode="each").apply()
    )
    assert {each.outcome for each in receipts} == {"done"}
    entry = list(office.engine.plans.history("gu"))[-1]
    assert [each.event for each in office.engine.plans.history("gu")] == ["adopt", "migrate"]
    assert (entry.lifecycle, entry.data["from"]) == (new.fingerprint, old.fingerprint)
    assert found(office) == []


# ------------------------------------------------------------------ who may


def test_nobody_gives_themselves_a_role_alone(office):
    assert refused(office, grant("policy-1", "mayor")) == ["needs_confirmation"]
    assert office.engine.plans.head("gu").revision == 1
    revise(office, grant("policy-2", "mayor"))  # to somebody else it may be given


def test_an_acting_deputy_does_not_become_permanent_and_says_for_whom(office):
    def lend(tree: dict[str, Any]) -> None:
        acting = {"actor": "budget-1", "for": "policy-1", "role": "policy_office", "unit": "gu"}
        days = {"since": "2016-01-01", "until": "2016-12-31", "reason": "출장"}
        tree["appointments"] = [*tree["appointments"], {**acting, **days}]

    revise(office, lend)
    assert refused(office, grant("budget-1"), "budget-1") == ["needs_confirmation"]
    assert refused(office, grant("policy-1", "mayor"), "budget-1") == ["needs_confirmation"]
    revise(office, grant("policy-3"), "budget-1")
    entry = list(office.engine.plans.history("gu"))[-1]
    assert (entry.actor, entry.on_behalf_of) == ("budget-1", "policy-1")
    assert found(office) == []


def test_a_unit_hung_under_ones_own_is_a_role_given_to_oneself(office):
    def lead(tree: dict[str, Any]) -> None:
        tree["directory"]["policy-2"] = [
            *tree["directory"]["policy-2"], {"role": "bureau_head", "unit": "city"}
        ]  # fmt: skip

    def hang(tree: dict[str, Any]) -> None:
        tree["units"]["elderly"] = {**tree["units"]["elderly"], "parent": "city"}

    revise(office, lead)
    assert refused(office, hang, "policy-2") == ["needs_confirmation"]
    revise(office, hang, "policy-1")


def test_today_is_a_day_in_the_zone_of_the_plan_in_force(office):
    """An expired grant is not brought back by a plan that says another zone."""
    office.clock.go("2016-04-03", hour=8)
    revise(office, grant("gone", until="2016-04-02"))

    def west(tree: dict[str, Any]) -> None:
        tree["calendar"] = {**tree["calendar"], "zone": "Pacific/Pago_Pago"}

    assert refused(office, west, "gone") == ["grant_not_in_force"]


def test_a_project_with_another_lifecycle_takes_nobodys_place(office):
    plan = office.engine.plans.with_tables("gu", [])
    other = lifecycle_from_tree({**plan.lifecycle.tree, "adopted_by": ["budget_team"]})
    with pytest.raises(evalflow.InvalidInput) as error:
        office.engine.adopt(attrs.evolve(plan, lifecycle=other), by="policy-1", reason="x")
    assert [each.code for each in error.value.problems] == ["other_lifecycle"]


def test_the_plan_says_who_revises_it(office):
    def rule(tree: dict[str, Any]) -> None:
        tree["revision"] = {"by": ["mayor"]}

    revise(office, rule)
    assert refused(office, grant("policy-3")) == ["no_role"]
    revise(office, grant("policy-3"), "mayor-1")
    assert found(office) == []


# ------------------------------------------------------------------ a second person


def test_a_revision_waits_for_a_second_person(office):
    revise(office, asked("mayor"))
    wanted = plan_with(office, grant("policy-1", "vice_mayor"))
    assert refused(office, grant("policy-3")) == ["needs_confirmation"]
    proposed = office.engine.plans.propose(wanted, by="policy-1", reason="겸임")
    assert office.engine.plans.head("gu").revision == 2
    for actor, code in (("policy-1", "no_role"), ("policy-2", "no_role")):
        with pytest.raises(evalflow.Refused) as error:
            office.engine.plans.confirm("gu", proposed.number, by=actor)
        assert [each.code for each in error.value.reasons] == [code]
    with pytest.raises(evalflow.Refused, match="number 3"):
        office.engine.plans.confirm("gu", proposed.number + 1, by="mayor-1")

    head = office.engine.plans.confirm("gu", proposed.number, by="mayor-1")

    assert head.revision == 3
    confirmed = list(office.engine.plans.history("gu"))[-1]
    assert (confirmed.event, confirmed.actor, confirmed.role) == ("confirm", "mayor-1", "mayor")
    assert office.engine.plans.proposed("gu") is None
    roles = [each.role for each in office.engine.actor("gu", "policy-1").grants]
    assert roles == ["policy_office", "vice_mayor"]
    assert found(office) == []


def test_whoever_proposed_does_not_confirm_nor_does_their_deputy(office):
    wanted = plan_with(office, grant("policy-1", "vice_mayor"))
    proposed = office.engine.plans.propose(wanted, by="policy-1", reason="겸임")
    with pytest.raises(evalflow.Refused) as error:
        office.engine.plans.confirm("gu", proposed.number, by="policy-1")
    assert [each.code for each in error.value.reasons] == ["same_person"]
    office.engine.plans.confirm("gu", proposed.number, by="policy-2")
    assert found(office) == []


def test_a_proposal_is_overtaken_by_any_other_entry_of_the_plan(office):
    wanted = plan_with(office, grant("policy-1", "vice_mayor"))
    proposed = office.engine.plans.propose(wanted, by="policy-1", reason="겸임")
    revise(office, grant("policy-3"))
    with pytest.raises(evalflow.Refused) as error:
        office.engine.plans.confirm("gu", proposed.number, by="policy-2")
    assert [each.code for each in error.value.reasons] == ["nothing_proposed"]
    assert found(office) == []


def test_the_rule_is_written_and_read_back(office, tmp_path):
    revise(office, lambda tree: tree.update(revision={"confirmed_by": ["mayor"]}))
    head = office.engine.plans.head("gu")
    path = tmp_path / "plan.yaml"
    path.write_text(dump_yaml(head, office.engine.plans.definitions("gu")), "utf-8")
    again = evalflow.load_plan(path)
    assert (again.head.revising, again.head.revision) == (head.revising, 2)
    assert again.head.revising.confirmed_by == ("mayor",)
    assert office.engine.plans.compare(again, by="policy-1") == ()


def test_a_rule_that_nobody_could_meet_is_refused(tmp_path, plan_file):
    text = plan_file.read_text("utf-8").replace(
        "id: gu\n", "id: gu\nrevision: {confirmed_by: [bureau_head]}\n"
    )
    (tmp_path / "frozen.yaml").write_text(text, "utf-8")
    with pytest.raises(evalflow.InvalidInput) as error:
        evalflow.load_plan(tmp_path / "frozen.yaml")
    assert "nobody_revises" in [each.code for each in error.value.problems]


# ------------------------------------------------------------------ verification


def test_a_revision_by_one_person_that_needed_two_is_found(office, monkeypatch):
    """Somebody with another program puts it into force, hashes and all."""
    monkeypatch.setattr(plan_commands.PlanCommands, "_needs_second", lambda self, adoption: [])
    revise(office, grant("policy-1", "mayor"))
    assert found(office) == ["not_allowed"]


def test_a_revision_by_somebody_without_the_role_is_found(office, monkeypatch):
    entitled = evalflow.Grant(role="policy_office", unit="gu")
    monkeypatch.setattr(plan_commands, "entitled", lambda *_: entitled)
    revise(office, grant("policy-3"), "road-1")
    assert found(office) == ["not_allowed"]


def test_a_clock_that_was_set_back_revises_no_plan(office):
    office.clock.go("2016-05-01")
    revise(office, grant("policy-3"))
    office.clock.go("2016-04-28")
    with pytest.raises(evalflow.InvalidInput, match="set back"):
        revise(office, grant("policy-4"))


def test_rights_that_were_forged_in_the_store_are_not_acted_on(office):
    """A plan revision whose text is not the one that the plan's history put into force is damage:
    forging a right, acting by it and putting the text back in silence ends at the first step."""
    storage = MemoryStorage()
    engine = evalflow.Engine(storage, plugins=Plugins.load([]), clock=office.clock)
    engine.adopt(office.plan, by=office.plan.actor("policy-1"))
    effective, true = storage._heads["gu"][0]
    forged = true.replace('"road-1":[', '"road-1":[{"role":"policy_office","unit":"gu"},')
    assert forged != true
    storage._heads["gu"][0] = (effective, forged)
    deceived = evalflow.Engine(storage, plugins=Plugins.load([]), clock=office.clock)

    with pytest.raises(evalflow.StorageError) as error:
        deceived.fire(
            "gu/1",
            "extend_deadline",
            by="road-1",
            data={"deadline": "submit", "until": "2016-04-20", "reason": "연장"},
        )

    assert error.value.code == "corrupt"
    assert "plan_edited" in [each.code for each in deceived.audit.verify()]
