"""Who reads what: drafts before the review is fixed, and closed data, are left out for others."""

from __future__ import annotations

import json

import pytest

import evalflow
from evalflow import cli
from evalflow.decision.actions import VISIT_NOTICES
from evalflow.decision.signing import SIGN_LINE
from offices import PLAN, Clock, Office

RULES = """\
visibility:
  fixed_in: [approved, lagging, closed]
  seen_by: [policy_office, mayor]
  withheld:
    - fields: [explanations]
      ground: 정보공개법 제9조제1항제5호
      seen_by: [policy_office]
      until_fixed: true
    - fields: [site_visit]
      ground: 정보공개법 제9조제1항제6호
      seen_by: [policy_office, audit_office]
"""
WHY = {"metres": {"cause": "동절기", "countermeasure": "인력 추가"}}


@pytest.fixture
def scoped(store_url, tmp_path):
    """Project 3 is reviewed and not fixed yet; the reviewer overrode a rate."""
    path = tmp_path / "scoped.yaml"
    path.write_text(PLAN.replace("units:\n", RULES + "units:\n", 1), encoding="utf-8")
    clock = Clock()
    with evalflow.open(store_url, plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(path, plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
        office = Office(engine, plan, clock)
        clock.go("2016-04-04")
        office.evaluate("gu/3", explanations=WHY)
        office.submit("gu/3")
        clock.go("2016-04-12")
        office.fire("gu/3", "announce_visit", "policy-1", visit_on="2016-04-14")
        clock.go("2016-04-15")
        office.fire(
            "gu/3",
            "review",
            "policy-1",
            ratings={"metres": {"rate": "80.0", "reason": "증빙 부족"}, "complaints": "confirmed"},
            site_visit={"on": "2016-04-14", "notified_on": "2016-04-12", "note": "현장"},
        )
        yield office


def rates(view: evalflow.View) -> tuple[str | None, str | None]:
    seen = view.evaluation("gu/3")
    own, review = seen.self_rating, seen.review_rating
    return (own and str(own.rate)) or None, (review and str(review.rate)) or None


@pytest.mark.parametrize(
    ("actor", "seen"),
    [
        ("policy-1", ("100.0", "90.0")),  # who reviews, and the mayor
        ("mayor-1", ("100.0", "90.0")),
        ("road-1", ("100.0", None)),  # the department: its own rating, not the draft review
        ("city-lead", ("100.0", None)),
        ("education-1", (None, None)),  # another department: neither
    ],
)
def test_a_draft_is_read_by_those_it_concerns(scoped, actor, seen):
    assert rates(evalflow.View(scoped.engine, actor)) == seen


def test_what_is_fixed_is_read_by_all(scoped):
    scoped.fire("gu/3", "approve", "policy-1")
    for actor in ("policy-1", "road-1", "education-1"):
        assert rates(evalflow.View(scoped.engine, actor)) == ("100.0", "90.0")
        assert evalflow.View(scoped.engine, actor).project("gu/3").band is not None


def test_bands_and_histories_tell_no_more_than_evaluations(scoped):
    engine = scoped.engine
    for actor, shown in (("policy-1", 2), ("road-1", 1), ("education-1", 0)):
        view = evalflow.View(engine, actor)
        assert len([e for e in view.history("gu/3") if e.rating is not None]) == shown
        whole = engine.project("gu/3").band
        band = view.project("gu/3").band
        assert (band is None) == (actor == "education-1")
        if actor == "policy-1":
            assert band == whole
        # nor can it be asked for
        found = [each.id for each in view.projects(plan="gu", band=whole)]
        assert ("gu/3" in found) == (band == whole)


def test_closed_data_are_left_out_with_their_ground(scoped):
    def said(actor: str) -> set[str]:
        view = evalflow.View(scoped.engine, actor)
        # who signed and which visits were announced is kept beside what was given
        told = set(view.evaluation("gu/3").facts) - {SIGN_LINE, VISIT_NOTICES}
        assert {name for e in view.history("gu/3") for name in e.data} >= told
        for entry in view.history("gu/3"):
            assert not set(entry.data) & set(view.withheld("gu/3"))
        assert view.withheld(view.project("gu/3")) == view.withheld("gu/3")
        return told & {"explanations", "site_visit"}

    assert said("policy-1") == {"explanations", "site_visit"}
    assert said("audit-1") == set()  # a visit is part of the review, which is a draft yet
    assert said("road-1") == set()
    assert evalflow.View(scoped.engine, "road-1").withheld("gu/3") == {
        "explanations": "정보공개법 제9조제1항제5호",
        "site_visit": "정보공개법 제9조제1항제6호",
    }
    scoped.fire("gu/3", "approve", "policy-1")
    assert said("road-1") == {"explanations"}  # that ground fell away, the other did not
    assert said("audit-1") == {"explanations", "site_visit"}


def test_where_signatures_are_closed_an_evaluation_does_not_tell_who_signed(tmp_path, scoped):
    closed = "    - {fields: [sign_off], ground: 제6호, seen_by: [policy_office]}\n"
    path = tmp_path / "signed.yaml"
    path.write_text(PLAN.replace("units:\n", RULES + closed + "units:\n", 1), encoding="utf-8")
    clock = Clock()
    with evalflow.open("memory:", plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(path, plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
        office = Office(engine, plan, clock)
        clock.go("2016-04-04")
        office.evaluate("gu/3", explanations=WHY)
        office.submit("gu/3")
        for read, told in ((engine, False), (scoped.engine, True)):
            facts = evalflow.View(read, "road-1").evaluation("gu/3").facts
            assert (SIGN_LINE in facts) == told
        assert SIGN_LINE in evalflow.View(engine, "policy-1").evaluation("gu/3").facts


def test_where_visits_are_closed_an_evaluation_does_not_tell_what_visit_was_announced(scoped):
    entitled = {"policy-1": True, "audit-1": True, "road-1": False, "mayor-1": False}
    for actor, told in entitled.items():
        facts = evalflow.View(scoped.engine, actor).evaluation("gu/3").facts
        assert (VISIT_NOTICES in facts) == told, actor


@pytest.mark.parametrize("actor", ["road-1", "city-lead", "audit-1", "education-1"])
def test_a_draft_cannot_be_read_out_of_what_it_was_made_from(scoped, actor):
    view = evalflow.View(scoped.engine, actor)
    told = repr((view.project("gu/3"), view.evaluation("gu/3"), list(view.history("gu/3"))))
    assert "80.0" not in told
    assert "증빙 부족" not in told
    if actor == "education-1":  # nor the department's own
        assert "'actuals'" not in told


def test_without_rules_everybody_reads_all(office):
    office.to_submitted()
    view = evalflow.View(office.engine, "education-1")
    assert view.evaluation("gu/3") == office.engine.evaluation("gu/3")
    assert list(view.history("gu/3")) == list(office.engine.history("gu/3"))
    assert list(view.projects()) == list(office.engine.projects())


def test_an_actor_that_the_host_brings_is_taken_at_its_word(scoped):
    stranger = evalflow.Actor("host:7", ())
    assert rates(evalflow.View(scoped.engine, stranger)) == (None, None)
    grant = evalflow.Grant(role="policy_office", unit="gu")
    assert rates(evalflow.View(scoped.engine, evalflow.Actor("host:8", (grant,)))) == (
        "100.0",
        "90.0",
    )
    with pytest.raises(evalflow.NotFound):
        evalflow.View(scoped.engine, "nobody").project("gu/3")


def test_rules_with_unknown_names_are_told_with_their_place(tmp_path):
    wrong = RULES.replace("closed]", "closd]").replace("mayor]", "mayr]")
    wrong = wrong.replace("[site_visit]", "[site_visi]")
    path = tmp_path / "wrong.yaml"
    path.write_text(PLAN.replace("units:\n", wrong + "units:\n", 1), encoding="utf-8")
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.load_plan(path, plugins=[])
    assert [(each.code, each.line is not None) for each in caught.value.problems] == [
        ("unknown_state", True), ("unknown_role", True), ("unknown_field", True),
    ]  # fmt: skip


def test_the_rules_come_back_from_the_store(scoped):
    rules = scoped.engine.plans.head("gu").visibility
    assert rules == scoped.plan.head.visibility
    assert rules.withheld[0].until_fixed is True


def test_the_command_shows_what_one_may_read(scoped, store_url, capsys, monkeypatch):
    if store_url == "memory:":
        pytest.skip("the command needs a store in a file")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")

    def run(*words: str) -> str:
        assert cli.run(["--lang", "en", "--store", store_url, *words]) == 0
        return str(capsys.readouterr().out)

    told = json.loads(run("history", "gu/3", "--as", "education-1", "--json"))["entries"]
    assert [e["rating"] for e in told] == [None] * len(told)
    assert "90.0" in run("score", "gu/3", "--as", "policy-1")
    assert "90.0" not in run("score", "gu/3", "--as", "road-1")
    seen = json.loads(run("status", "--as", "education-1", "--number", "3", "--json"))["projects"]
    assert [each["band"] for each in seen] == [None]


def test_a_refusal_tells_nothing_of_the_draft_to_who_may_not_act(scoped):
    """Two reviews that nobody but the reviewers has read are refused alike, whatever is tried."""
    twin = {}
    for given in ("80.0", "20.0"):
        clock = Clock()
        with evalflow.open("memory:", plugins=[], clock=clock) as engine:
            engine.adopt(scoped.plan, by=scoped.plan.actor("policy-1"))
            office = Office(engine, scoped.plan, clock)
            clock.go("2016-04-04")
            office.evaluate("gu/3", explanations=WHY)
            office.submit("gu/3")
            clock.go("2016-04-15")
            ratings = {"metres": {"rate": given, "reason": "증빙"}, "complaints": "confirmed"}
            office.fire("gu/3", "review", "policy-1", ratings=ratings)
            lifecycle = engine.plans.lifecycle(engine.project("gu/3").lifecycle)
            held = scoped.plan.head.directory
            closed = [a for a in held if not {g.role for g in held[a]} & {"policy_office", "mayor"}]
            told = {}
            for actor in closed:
                for event in lifecycle.events:
                    answer = office.explain("gu/3", event, actor, reason="늦은 까닭")
                    told[actor, event] = [answer.reasons, answer.allowed]
                    try:
                        engine.fire("gu/3", event, by=actor, data={"reason": "늦은 까닭"})
                    except (evalflow.Refused, evalflow.InvalidInput) as error:
                        told[actor, event].append(str(error))
            twin[given] = told
    assert len(twin["80.0"]) > 200
    assert twin["80.0"] == twin["20.0"]


def test_a_reader_who_may_know_is_shown_the_guards_all_the_same(scoped):
    def asked(**how: bool) -> tuple[bool, list[str]]:
        told = scoped.engine.explain("gu/3", "flag_lagging", by="education-1", **how)
        assert not told.allowed
        guards = next(check for check in told.checks if check.name == "guards")
        assert not guards.passed
        return guards.asked, [reason.code for reason in guards.reasons]

    assert asked() == (False, [])
    assert asked(whole=True) == (True, ["not_lagging"])


SECRET = "/srv/office/secret.jsonl"


@pytest.fixture
def told(tmp_path, clock):
    """A plan whose notices leave by a way with options, and that closes reasons to most."""
    text = PLAN.replace("notifiers: [jsonl]", f"notifiers: {{jsonl: {{path: {SECRET}}}}}")
    rules = "visibility:\n  withheld: [{fields: [reason], ground: 제9조, seen_by: [%s]}]\n"
    path = tmp_path / "told.yaml"
    closed = rules % "policy_office, mayor"
    path.write_text(text.replace("units:\n", closed + "units:\n", 1), encoding="utf-8")
    with evalflow.open("memory:", plugins=[], clock=clock) as engine:
        plan = evalflow.load_plan(path, plugins=[])
        engine.adopt(plan, by=plan.actor("policy-1"))
        yield engine


@pytest.mark.parametrize(
    ("reader", "options", "reasons"),
    [
        ("policy-1", True, True),  # who revises the plan
        ("both-1", True, True),
        ("mayor-1", False, True),  # who reads all of its projects
        ("road-1", False, False),
        ("welfare-head", False, False),
        ("audit-1", False, False),
        ("elderly-head", False, False),  # the one who acts for another
    ],
)
def test_of_a_plans_text_addresses_and_closed_reasons_are_left_out(told, reader, options, reasons):
    whole = told.plans.head("gu").tree
    seen = evalflow.View(told, reader).plan("gu")
    assert seen == evalflow.View(told, reader).plan("gu", revision=1)
    assert (SECRET in json.dumps(seen, ensure_ascii=False)) == options
    assert (whole["appointments"][0]["reason"] in json.dumps(seen, ensure_ascii=False)) == reasons
    assert seen["notices"]["notifiers"] == (whole["notices"]["notifiers"] if options else ["jsonl"])
    for key in set(whole) - {"notices", "appointments"}:
        assert seen[key] == whole[key]
    assert [each["for"] for each in seen["appointments"]] == ["welfare-head"]


def test_a_plans_text_is_for_those_in_its_directory(told):
    with pytest.raises(evalflow.NotFound):
        evalflow.View(told, "nobody-1").plan("gu")
    with pytest.raises(evalflow.NotFound):
        evalflow.View(told, "road-1").plan("gu", revision=2)


def test_where_nothing_is_closed_a_plans_text_is_whole_but_for_addresses(office):
    assert evalflow.View(office.engine, "road-1").plan("gu") == office.engine.plans.head("gu").tree
