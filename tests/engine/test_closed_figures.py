"""A figure that is closed (비공개) is closed everywhere, and cannot be tried out by hashes."""

from __future__ import annotations

import hashlib
from typing import Any

import attrs
import pytest

import evalflow
from evalflow import cli
from evalflow.errors import Forbidden
from evalflow.plugins import hookimpl
from evalflow.scoring.contract import Grade
from offices import PLAN, Clock, Office

GRADED = "scoring: {grades: {grader: first, by: field}}"
RULES = """\
visibility:
  fixed_in: [approved, lagging, closed]
  seen_by: [policy_office, mayor]
  withheld:
    - fields: [actuals, checked_actuals, explanations, reason]
      ground: 정보공개법 제9조제1항제5호
      seen_by: [policy_office]
"""
SECRET = {"metres": "307", "complaints": 49}
WHY = {"metres": {"cause": "동절기", "countermeasure": "인력 추가"}}
SALT = b"the salt of the office, kept apart"


class First:
    """Whoever is rated is first."""

    name, version = "first", "1"

    def grade(self, cohort, ratings):
        return [
            Grade(
                project=each.project,
                period=each.period,
                cohort=cohort,
                grade="S",
                rank=1,
                of=len(ratings),
                rate=each.rate,
                reason=evalflow.Label("첫째", "first"),
            )
            for each in ratings
        ]


class Graders:
    @hookimpl
    def evalflow_graders(self):
        return {"first": First}


@pytest.fixture
def closed(store_url, tmp_path):
    """Project 3 reported closed figures in the first quarter, which is over."""
    path = tmp_path / "closed.yaml"
    text = PLAN.replace("units:\n", RULES + "units:\n", 1)
    path.write_text(text.replace("scoring: {}", GRADED), encoding="utf-8")
    clock = Clock()
    with evalflow.open(store_url, plugins=[Graders()], clock=clock) as engine:
        plan = evalflow.load_plan(path, plugins=[Graders()])
        engine.adopt(plan, by=plan.actor("policy-1"))
        office = Office(engine, plan, clock)
        clock.go("2016-04-04")
        office.evaluate("gu/3", actuals=SECRET, explanations=WHY)
        office.submit("gu/3")
        clock.go("2016-04-15")
        office.review("gu/3")
        yield office


def everything(view: evalflow.View) -> str:
    """All that a view answers, as text."""
    found = [
        *view.projects(),
        *view.history("gu/3"),
        *view.entries(),
        *view.notices(),
        *view.due(),
        *view.permitted("gu/3"),
        *view.evaluations("gu", "2016-Q1"),
        view.evaluation("gu/3"),
        view.again("gu/3", "2016-Q1"),
        view.explain("gu/3", "flag_lagging"),
    ]
    return repr(found)


def test_closed_figures_stand_nowhere(closed):
    engine = closed.engine
    own = engine.evaluation("gu/3").self_rating
    telling = ["307", "49", *(str(line.rate) for line in own.lines), str(own.rate)]
    moments = [
        lambda: None,
        lambda: closed.fire("gu/3", "flag_lagging", "policy-1"),
        lambda: (
            closed.clock.go("2016-04-20"),
            closed.fire("gu/3", "open_period", "policy-1"),
        ),
    ]
    for moment in moments:
        moment()
        whole = everything(evalflow.View(engine, "policy-1"))
        assert "307" in whole
        for actor in ("education-1", "road-1", "mayor-1"):
            view = evalflow.View(engine, actor)
            told = everything(view)
            assert [word for word in telling if f"'{word}'" in told] == [], actor
            assert view.evaluation("gu/3").prior == {}
    shown = evalflow.View(engine, "education-1").evaluation("gu/3", "2016-Q1").review_rating
    assert shown is not None
    assert shown.band == "lagging"  # what follows from it is no figure
    assert [line.rate for line in shown.lines] == [None, None]


def test_no_hash_that_is_shown_can_be_tried_with_guessed_figures(closed):
    """The hash of the entry, of every one after it, of the evaluation, and the project's head."""
    engine = closed.engine
    real = list(engine.history("gu/3"))
    hashes = {e.hash for e in real} | {e.evaluation for e in real if e.evaluation}
    for salt in (None, SALT):
        view = evalflow.View(engine, "education-1", salt=salt)
        seen = [*view.history("gu/3"), *(entry for _, entry in view.entries())]
        seen = [entry for entry in seen if entry.project == "gu/3"]
        told = {word for e in seen for word in (e.hash, e.previous, e.evaluation)}
        told.add(view.project("gu/3").head)
        assert not told & hashes
        for entry in real:  # whoever guesses right makes the very entry, and learns nothing by it
            guess = entry.sealed().hash
            assert guess in hashes
            assert hashlib.sha256(guess.encode()).hexdigest() not in told
    assert list(evalflow.View(engine, "policy-1").history("gu/3")) == real


def approved(closed: Office) -> None:
    """Let a change of project 3 be approved: the plan's history names its entry by its hash, which
    covers the figures that were reported before."""
    closed.fire(
        *("gu/3", "request_change", "road-head"),
        kind="target",
        change={"indicators": {"metres": {"targets": {"2016-Q4": "2100"}}}},
        reason="사유",
        detail="내용",
        reported_on="2016-04-01",
    )
    closed.fire("gu/3", "consult", "policy-1", opinion="이견 없음")
    closed.fire("gu/3", "approve_change", "mayor-1")
    closed.evaluate(
        "gu/1"
    )  # decided under it: its hash covers the plan's, and that one project 3's


def texts(value: Any) -> set[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return {text for each in value.items() for part in each for text in texts(part)}
    if isinstance(value, list | tuple):
        return {text for each in value for text in texts(each)}
    return texts(attrs.asdict(value)) if attrs.has(type(value)) else set()


def test_nor_by_the_hashes_of_the_plans_history_and_of_what_was_decided_under_it(closed):
    engine = closed.engine
    approved(closed)
    real = [*engine.history("gu/3")]
    change = list(engine.plans.history("gu"))[-1]
    under = [e for e in engine.history("gu/1") if e.plan_head == change.hash]
    assert change.data["entries"] == {"3": real[-1].hash}
    assert under
    telling = {e.hash for e in (*real, change, *under)} - {real[0].hash}
    for salt in (None, SALT):
        for actor in ("education-1", "road-1", "mayor-1"):
            view = evalflow.View(engine, actor, salt=salt)
            shown: list[Any] = [
                *view.plan_history("gu"),
                *view.history("gu/1"),
                *view.history("gu/3"),
            ]
            shown += view.projects()
            assert not texts(shown) & telling, actor
            assert shown[1].data["entries"] == {"3": ""}
            assert shown[1].reason is None
    inside = evalflow.View(engine, "policy-1")
    assert list(inside.plan_history("gu")) == list(engine.plans.history("gu"))
    assert list(inside.history("gu/1")) == list(engine.history("gu/1"))


def test_nor_by_the_key_of_a_batch_which_is_a_digest_of_all_its_lines(closed):
    engine = closed.engine
    data = {"deadline": "review", "until": "2016-04-27", "reason": "명절"}
    where = {"number": ["1", "2"]}
    batch = engine.batch("extend_deadline", by="policy-1", where=where, data=data)
    assert {each.outcome for each in engine.batches.apply(batch)} == {"done"}
    data["until"] = "2016-04-28"
    engine.fire("gu/1", "extend_deadline", by="policy-1", data=data, key="form-17")
    *_, written, own = evalflow.View(engine, "policy-1").history("gu/1")
    assert (written.key, own.key) == (batch.key, "form-17")
    for project in ("gu/1", "gu/2"):
        for entry in evalflow.View(engine, "education-1", salt=SALT).history(project):
            assert entry.key in (None, "form-17")


def test_what_is_shown_in_place_of_a_plans_hash_is_the_same_wherever_it_stands(closed):
    approved(closed)
    view = evalflow.View(closed.engine, "education-1", salt=SALT)
    first, second = view.plan_history("gu")
    assert (first.previous, second.previous) == ("", first.hash)
    assert next(iter(view.history("gu/3"))).plan_head == first.hash
    assert list(view.history("gu/1"))[-1].plan_head == second.hash


def renamed(office: Office, name: str) -> evalflow.Plan:
    plan = office.engine.plans.with_tables("gu", [])
    tree = {**plan.head.tree, "en": name}
    head = attrs.evolve(plan.head, label=evalflow.Label("비밀", name), tree=tree)
    return attrs.evolve(plan, head=head)


def test_what_a_revision_says_otherwise_is_told_to_who_reads_all_of_the_plan(closed):
    closed.engine.adopt(renamed(closed, "새 이름"), by="policy-1", reason="고침")
    told = evalflow.View(closed.engine, "policy-1").differences("gu", 2)
    assert ["새 이름" in str(each.after) for each in told] == [True]
    for reader in ("education-1", "road-head"):
        with pytest.raises(evalflow.Forbidden):
            evalflow.View(closed.engine, reader).differences("gu", 2)
    with pytest.raises(evalflow.NotFound):
        evalflow.View(closed.engine, "policy-1").differences("gu", 9)
    with pytest.raises(evalflow.NotFound):
        evalflow.View(closed.engine, "nobody-1").differences("gu", 2)


def test_a_proposal_is_read_by_who_may_revise_or_confirm_until_it_is_in_force(office):
    engine = office.engine
    proposed = engine.plans.propose(renamed(office, "Secret"), by="policy-1", reason="비밀 사유")

    def seen(actor: str) -> list[evalflow.PlanEntry]:
        return list(evalflow.View(engine, actor).plan_history("gu"))

    for actor in ("education-1", "mayor-1"):
        shown = seen(actor)[1]
        assert "Secret" not in repr(shown)
        assert "비밀" not in repr(shown)
        assert (shown.event, shown.actor, shown.at) == ("propose", "policy-1", proposed.at)
        assert proposed.hash not in texts(shown)
    assert seen("policy-2")[1] == proposed
    engine.plans.confirm("gu", 2, by="policy-2")
    assert seen("education-1")[1] == proposed  # what is in force is no secret


def test_a_proposal_that_was_overtaken_stays_closed(office):
    engine = office.engine
    engine.plans.propose(renamed(office, "Secret"), by="policy-1", reason="비밀 사유")
    engine.adopt(renamed(office, "Another"), by="policy-1", reason="다른 이름")
    for actor, told in (("education-1", False), ("policy-2", True)):
        shown = list(evalflow.View(engine, actor).plan_history("gu"))
        assert ("Secret" in repr(shown)) is told


def test_a_commitment_is_opened_to_whom_the_entry_was_given(closed):
    engine = closed.engine
    outside = list(evalflow.View(engine, "education-1", salt=SALT).history("gu/3"))
    inside = evalflow.View(engine, "policy-1", salt=SALT)
    for shown, entry in zip(outside, inside.history("gu/3"), strict=True):
        opened = inside.opening("gu/3", entry.number) + entry.sealed().hash.encode()
        assert hashlib.sha256(opened).hexdigest() == shown.hash
    assert len({entry.hash for entry in outside}) == len(outside)
    assert [e.previous for e in outside] == ["", *(e.hash for e in outside[:-1])]
    with pytest.raises(Forbidden):
        evalflow.View(engine, "education-1", salt=SALT).opening("gu/3", 2)
    with pytest.raises(Forbidden):
        evalflow.View(engine, "policy-1").opening("gu/3", 2)
    with pytest.raises(evalflow.InvalidInput):
        evalflow.View(engine, "policy-1", salt=b"short")


def test_a_reason_is_left_out_of_entries_and_notices_too(closed):
    """An entry's own reason is told apart from its data, and a notice tells it on."""
    said = "이행률 76.8이 맞지 않음"
    closed.fire("gu/3", "send_back", "policy-1", reason=said)
    assert said in everything(evalflow.View(closed.engine, "policy-1"))
    assert said in repr([each.notice for each in closed.engine.outbox.notices()])
    for actor in closed.plan.head.directory:
        if not actor.startswith(("policy", "both")):
            assert said not in everything(evalflow.View(closed.engine, actor))


def test_a_grade_is_read_by_who_may_read_every_rating_of_its_cohort(closed):
    engine = closed.engine
    assert set(evalflow.View(engine, "policy-1").grades("gu", "2016-Q1")) == {"gu/3"}
    assert evalflow.View(engine, "education-1").grades("gu", "2016-Q1") == {}
    closed.fire("gu/3", "flag_lagging", "policy-1")
    assert evalflow.View(engine, "road-1").grades("gu", "2016-Q1") == {}  # its rate is closed


def test_what_others_could_do_is_asked_by_who_may_read_all(closed):
    view = evalflow.View(closed.engine, "policy-1")
    told = view.explain("gu/3", "approve", by="education-1")
    assert {check.name for check in told.checks if not check.passed} == {"role", "guards"}
    assert view.explain("gu/3", "flag_lagging").allowed
    outside = evalflow.View(closed.engine, "education-1")
    with pytest.raises(Forbidden) as caught:
        outside.explain("gu/3", "flag_lagging", by="policy-1")
    assert "307" not in caught.value.text("en")
    assert not outside.explain("gu/3", "flag_lagging").allowed
    assert outside.permitted("gu/3") == ()


def test_a_band_is_asked_of_what_is_shown_in_dues_too(closed):
    closed.fire("gu/3", "send_back", "policy-1", reason="다시")
    band = closed.engine.project("gu/3").band
    assert band is not None
    for actor, seen in (("policy-1", True), ("education-1", False)):
        view = evalflow.View(closed.engine, actor)
        assert bool(view.due(plan="gu", band=band)) == seen
        assert bool([*view.projects(plan="gu", band=band, limit=1)]) == seen


def test_notices_are_shown_to_whom_they_are_for(closed):
    engine = closed.engine
    sent = [each.notice for each in engine.outbox.notices()]
    assert sent
    seen = []
    for actor in closed.plan.head.directory:
        mine = list(evalflow.View(engine, actor).notices())
        assert {notice.recipient for notice in mine} <= {
            actor,
            *(n.recipient for n in sent if "@" in n.recipient),
        }
        seen += mine
    assert {n.id for n in seen} == {n.id for n in sent}
    assert list(evalflow.View(engine, evalflow.Actor("host:1", ())).notices()) == []


def test_the_command_shows_a_closed_rating_by_its_band(closed, store_url, capsys, monkeypatch):
    if store_url == "memory:":
        pytest.skip("the command needs a store in a file")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    closed.fire("gu/3", "flag_lagging", "policy-1")
    for extra in ([], ["--recompute"], ["--json"]):
        assert (
            cli.run(
                ["--lang", "en", "--store", store_url, "score", "gu/3", "--as", "road-1", *extra]
            )
            == 0
        )
        told = capsys.readouterr().out
        assert "307" not in told
        assert "76.8" not in told
