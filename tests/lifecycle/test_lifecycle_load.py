"""From YAML to a lifecycle: what is accepted, and every mistake at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalflow.errors import InvalidInput, Problem
from evalflow.files import merge
from evalflow.files.yaml import read
from evalflow.lifecycle import builder, due, keys, sources
from evalflow.lifecycle import load as loading
from evalflow.lifecycle import places as told
from evalflow.lifecycle.check import checks as checking
from evalflow.lifecycle.check.checks import check
from evalflow.lifecycle.definition import GuardUse, Lifecycle, Vocabulary
from evalflow.lifecycle.diagram import mermaid
from evalflow.lifecycle.keys import FIELD_TYPES
from evalflow.lifecycle.load import lifecycle_from_tree, load_lifecycle
from evalflow.lifecycle.sources import lifecycle_text, presets
from evalflow.lifecycle.stored import stored_lifecycle
from evalflow.model import DueRule, Label
from evalflow.model.canonical import Tree, canonical, parse
from evalflow.plugins import vocabulary as installed
from lifecycle_strategies import ORDER, VOCABULARY

Load = Callable[..., Lifecycle]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(text: str | bytes) -> Lifecycle:
        file = tmp_path / "order.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_lifecycle(file, vocabulary=VOCABULARY)

    return loaded


@pytest.fixture
def problems(load: Load) -> Callable[..., tuple[Problem, ...]]:
    def found(text: str | bytes) -> tuple[Problem, ...]:
        with pytest.raises(InvalidInput) as caught:
            load(text)
        return caught.value.problems

    return found


# --------------------------------------------------------------------------- what is right


def test_a_file_becomes_a_lifecycle(load: Load) -> None:
    order = load(ORDER)
    assert (order.name, order.version, order.label) == (
        "corrective-order",
        2,
        Label("시정명령", "Corrective order"),
    )
    assert order.initial() == ("ordered", "none_made")
    assert order.states["verified"].final
    assert not order.states["reported"].final
    assert order.adopted_by == ("policy_office",)
    verify = order.events["verify"]
    assert [(t.region, t.source, t.target) for t in verify.transitions] == [
        ("order", "reported", "verified"),
        ("order", "reported", "ordered"),
        ("complaint", "complained", "none_made"),
    ]
    assert verify.transitions[0].guards == (GuardUse(name="rated", params={"as": "on_track"}),)
    assert verify.due == DueRule(kind="days_after", events=("report",), n=10)
    assert verify.notices[0].entering == "verified"
    assert order.duties[0].may_not == ("verify",)
    assert order.duties[0].unless_acting
    strict = load(ORDER + "    unless_acting: false\n")
    assert not strict.duties[0].unless_acting


def test_an_edge_without_to_stays_and_a_list_of_sources_makes_one_edge_each(load: Load) -> None:
    edges = load(ORDER).events["remind"].transitions
    assert [(t.source, t.target) for t in edges] == [
        ("ordered", "ordered"),
        ("reported", "reported"),
    ]


def test_the_region_of_the_first_edge_leads_unless_another_is_named(load: Load) -> None:
    assert load(ORDER).events["verify"].leads == "order"
    led = ORDER.replace("    en: Verify\n", "    en: Verify\n    leads: complaint\n")
    assert load(led).events["verify"].leads == "complaint"


def test_what_order_was_written_in_survives_the_store(load: Load) -> None:
    order = load(ORDER)
    stored = stored_lifecycle(canonical(order.tree))
    assert stored == order
    assert stored.fingerprint == order.fingerprint
    assert list(stored.regions) == ["order", "complaint"]  # not the alphabet's order
    assert list(stored.events) == ["report", "verify", "complain", "remind"]
    assert list(stored.states) == list(order.states)
    assert [field.name for field in stored.events["report"].data] == ["document", "kind"]
    assert list(stored.events["report"].data[1].options) == ["done", "part"]


def test_the_fingerprint_follows_the_content_and_not_the_comments(load: Load) -> None:
    order = load(ORDER)
    assert order.fingerprint.startswith("corrective-order/2@")
    assert load("# a remark\n" + ORDER).fingerprint == order.fingerprint
    assert load(ORDER.replace("조치보고", "조치 보고")).fingerprint != order.fingerprint


def test_a_stored_lifecycle_is_read_even_if_its_guards_are_not_installed(load: Load) -> None:
    tree = load(ORDER).tree
    text = canonical(tree).replace('"rated"', '"weighed"').replace('"facts"', '"myths"')
    stored = stored_lifecycle(text)
    assert stored.events["verify"].transitions[0].guards[0].id == "weighed(as=on_track)"
    with pytest.raises(InvalidInput) as caught:
        lifecycle_from_tree(parse(text), VOCABULARY)
    assert [p.code for p in caught.value.problems] == [
        "unknown_action",
        "unknown_guard",
        "unknown_guard",
    ]


def test_it_knows_where_things_stand(load: Load, tmp_path: Path) -> None:
    places = load(ORDER).places
    lines = ORDER.splitlines()

    def at(about: str) -> str:
        file, line, column = places[about].rsplit(":", 2)
        assert file == str(tmp_path / "order.yaml")
        return lines[int(line) - 1][int(column) - 1 :]

    assert at("states.reported").startswith("reported:")
    assert at("events.verify").startswith("verify:")
    assert at("events.remind.transitions[1]").startswith("{from: [ordered, reported]}")
    assert at("duties.other_eyes").startswith("name: other_eyes")
    assert at("events.verify.notices[0]").startswith("{name: verified")
    assert at("roles.department").startswith("department:")
    assert "events.unheard_of" not in places
    assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("due", "rule"),
    [
        ("{day: 5}", DueRule(kind="day", n=5)),
        ("{days_after_period: 10}", DueRule(kind="days_after_period", n=10)),
        ("{months_after_period: 1}", DueRule(kind="months_after_period", n=1)),
        ("{days_after: verify, days: 10}", DueRule(kind="days_after", events=("verify",), n=10)),
        ("{date: 02-19}", DueRule(kind="date", month_day="02-19")),
    ],
)
def test_due_rules_have_five_forms(load: Load, due: str, rule: DueRule) -> None:
    text = ORDER.replace("{days_after_period: 30}", due)
    assert load(text).events["report"].due == rule


def test_a_due_date_may_be_a_day_in_full(load: Load) -> None:
    rule = load(ORDER.replace("{days_after_period: 30}", "{date: 2016-02-19}"))
    due = rule.events["report"].due
    assert due is not None
    assert str(due.date) == "2016-02-19"


def test_first_wins_is_said_by_choose(load: Load) -> None:
    text = ORDER.replace("    en: Verify\n", "    en: Verify\n    choose: first\n")
    assert load(text).events["verify"].first_wins
    assert not load(ORDER).events["verify"].first_wins


def test_every_field_type_can_be_named(load: Load) -> None:
    for kind in sorted(FIELD_TYPES - {"choice"}):
        text = ORDER.replace("document: {type: document,", f"document: {{type: {kind},")
        assert load(text).events["report"].data[0].type == kind


# --------------------------------------------------------------------------- what is wrong

# What is replaced by what; the code; what stands at the place; words of the sentence.
MISTAKES = [
    ("to: reported}", "to: reportd}", "unknown_state", "reportd}", "did you mean 'reported'?"),
    ("to: verified,", "to: verifid,", "unknown_state", "verifid", "did you mean 'verified'?"),
    ("from: complained", "from: complaned", "unknown_state", "complaned", "'complained'?"),
    ("initial: ordered", "initial: order", "unknown_state", "order", "'ordered'?"),
    ("entering: verified", "entering: verifid", "unknown_state", "verifid", "'verified'?"),
    ("entering: verified", "entering: complained", "never_entered", "complained", "never enters"),
    ("days_after: report,", "days_after: reprot,", "unknown_event", "reprot", "'report'?"),
    ("may_not: [verify]", "may_not: [verfy]", "unknown_event", "verfy", "'verify'?"),
    ("by: [policy_office]\n    due", "by: [police]\n    due", "unknown_role", "police", "no role"),
    ("to: [department], ", "to: [departmnt], ", "unknown_notice_target", "departmnt", "'dep"),
    ("adopted_by: [policy_office]", "adopted_by: [mayor]", "unknown_role", "mayor", "no role"),
    ("{rated: {as: on_track}}", "ratd", "unknown_guard", "ratd", "did you mean 'rated'?"),
    ("{rated: {as: on_track}}", "{ratd: {}}", "unknown_guard", "ratd:", "'rated'?"),
    ("{rated: {as: on_track}}", "{rated: {az: x, as: lagging}}", "unknown_parameter", "az", "'az'"),
    ("{as: on_track}", "{as: on_trak}", "wrong_value", "on_trak", "did you mean 'on_track'?"),
    ("{rated: {as: on_track}}", "rated", "missing_parameter", "rated", "needs the parameter 'as'"),
    ("{rated: {as: on_track}}", "{signed_off: {by: boss}}", "unknown_role", "boss", "no role"),
    (
        "{rated: {as: on_track}}",
        "{unit_complete: {kind: bureau, states: [orderd]}}",
        "unknown_state",
        "orderd",
        "'ordered'?",
    ),
    ("{rated: {as: on_track}}", "[rated]", "wrong_value", "[rated]", "a guard is a name, or"),
    ("actions: [facts]", "actions: [fact]", "unknown_action", "fact", "did you mean 'facts'?"),
    (
        "actions: [facts]",
        "actions: [facts]\n    evaluation: fixed",
        "nothing_is_fixed",
        "fixed",
        "say fixed: true of it",
    ),
    (
        "final: true}\n",
        "final: true, fixed: tru}\n",
        "wrong_value",
        "tru",
        "true or false",
    ),
    (
        "actions: [facts]",
        "actions: [facts]\n    extension: {times: 1}",
        "extends_nothing",
        "{times: 1}",
        "only an event that extends due days",
    ),
    ("type: document", "type: documnt", "unknown_field_type", "documnt", "'document'?"),
    ("    by: [department]\n    due", "    due", "missing_key", "report:", "at least one role"),
    ("{ko: 명령, en: Ordered}", "{ko: 명령}", "missing_key", "ordered:", "needs 'en'"),
    ("en: Complained", "en: '  '", "missing_key", "complained:", "needs 'en'"),
    ("final: true", "final: maybe", "wrong_value", "maybe", "expected true or false"),
    ("version: 2", "version: two", "wrong_value", "two", "expected a whole number"),
    ("version: 2", "version: 1.5", "wrong_value", "1.5", "expected a whole number"),
    ("initial: ordered\n", "initial: ordered\n    inital: x\n", "unknown_key", "inital", "'init"),
    ("{days_after_period: 30}", "{day: 32}", "wrong_value", "32", "from 1 to 31"),
    ("{days_after_period: 30}", "{dya: 5}", "bad_due_rule", "due:", "just one of day,"),
    ("{days_after_period: 30}", "{day: 5, date: 02-19}", "bad_due_rule", "due:", "just one of"),
    ("{days_after_period: 30}", "{date: 04-31}", "bad_date", "04-31", "there is no such day"),
    ("{days_after_period: 30}", "{date: 02-30}", "bad_date", "02-30", "there is no such day"),
    ("{days_after_period: 30}", "{date: 02-30x}", "wrong_value", "02-30x", "expected a date"),
    ("{days_after_period: 30}", "{days_after: report, days: 1}", "bad_due_rule", "{days", "itself"),
    ("{days_after_period: 30}", "5", "wrong_value", "5", "expected 'key: value' entries"),
    ("  complain:\n", "  불복:\n", "bad_name", "불복", "begin with a letter"),
    (
        "      none_made:",
        "      9: {ko: 구, en: Nine}\n      none_made:",
        "bad_name",
        "9",
        "begin with a letter",
    ),
    ("name: corrective-order", "name: a/b", "bad_name", "a/b", "begin with a letter"),
    ("  remind:\n", "  adopt:\n", "reserved_name", "adopt", "'adopt' is taken"),
    (
        "  department: {ko",
        "  cooperating: {ko: 협조, en: C, at: office}\n  department: {ko",
        "reserved_name",
        "cooperating",
        "is taken",
    ),
    (
        "      complained:",
        "      ordered: {ko: 명령, en: Ordered}\n      complained:",
        "duplicate_state",
        "ordered",
        "in the region 'order'",
    ),
    ("  remind:\n", "  verify:\n", "duplicate_key", "verify", "is given twice"),
    ("evalflow: lifecycle/1", "evalflow: plan/1", "wrong_value", "plan/1", "lifecycle/1"),
    ("initial: ordered\n", "\n", "missing_key", "order:", "needs 'initial'"),
    ("to: complained}", "to: reported}", "cross_region", "reported", "stays in its region"),
    ("{from: ordered, to", "{to", "missing_key", "{to", "at least one state"),
    ("by: [department]\n    due", "by: 3\n    due", "unknown_role", "3", "no role '3'"),
    (
        "by: [department]\n    due",
        "by: {a: b}\n    due",
        "wrong_value",
        "{a: b}",
        "expected a list",
    ),
    (
        "as: lagging}",
        "as: on_track}",
        "ambiguous_edges",
        "{from: reported, to: ord",
        "choose: first",
    ),
    (", guards: [{rated: {as: lagging}}]", "", "ambiguous_edges", "{from: reported, to: o", "both"),
    ("[ordered, reported]", "[ordered, ordered]", "duplicate_name", "ordered]", "twice"),
    (
        "- {from: [ordered, reported]}",
        "- {from: ordered}\n      - {from: ordered}",
        "duplicate_edge",
        "{from: ordered}",
        "already",
    ),
    (
        "[{rated: {as: on_track}}]",
        "[figures_complete, figures_complete]",
        "duplicate_guard",
        "figures_complete]",
        "given twice",
    ),
    (
        "type: document,",
        "type: document, options: {a: {ko: 가, en: A}},",
        "wrong_value",
        "{a:",
        "only type: choice",
    ),
    (
        ", options: {done: {ko: 완, en: Done}, part: {ko: 일, en: P}}",
        "",
        "missing_key",
        "kind:",
        "at least one option",
    ),
    ("type: document,", "type: choice,", "missing_key", "document:", "at least one option"),
    ("    en: Verify\n", "    en: Verify\n    choose: last\n", "wrong_value", "last", "first"),
    ("    en: Verify\n", "    en: Verify\n    leads: ordr\n", "unknown_region", "ordr", "'order'?"),
    (
        "    en: Complain\n",
        "    en: Complain\n    leads: order\n",
        "leads_nowhere",
        "order",
        "no transition of this event",
    ),
    ("    whoever: [report]\n", "", "missing_key", "name: other", "at least one event"),
    (
        "      - {from: none_made, to: complained}\n",
        "      []\n",
        "missing_key",
        "[]",
        "at least one transition",
    ),
    (
        "    transitions:\n      - {from: none_made",
        "    transitions:\n        a: {from: none_made",
        "wrong_value",
        "a:",
        "are a list",
    ),
]


@pytest.mark.parametrize(
    ("right", "wrong", "code", "stands", "words"),
    MISTAKES,
    ids=[f"{code}-{number}" for number, (_, _, code, _, _) in enumerate(MISTAKES)],
)
def test_a_mistake_is_told_with_its_place_and_what_was_expected(
    problems: Callable[..., tuple[Problem, ...]],
    right: str,
    wrong: str,
    code: str,
    stands: str,
    words: str,
) -> None:
    assert ORDER.count(right) >= 1, "the mistake must change the file"
    text = (
        ORDER.replace(right, wrong, 1)
        if not right.startswith("as:")
        else wrong.join(ORDER.rsplit(right, 1))
    )
    found = problems(text)
    assert [problem.code for problem in found] == [code]
    problem = found[0]
    assert problem.line is not None
    assert problem.column is not None
    assert text.splitlines()[problem.line - 1][problem.column - 1 :].startswith(stands)
    assert words in problem.en
    assert any("가" <= letter <= "힣" for letter in problem.ko)


def test_five_mistakes_in_one_file_are_five_problems_in_reading_order(
    problems: Callable[..., tuple[Problem, ...]],
) -> None:
    text = (
        ORDER.replace("version: 2", "version: two")
        .replace("initial: ordered", "initial: orderd")
        .replace("by: [department]\n    due", "by: [dept]\n    due")
        .replace("as: on_track", "as: on_trak")
        .replace("whoever: [report]", "whoever: [reprt]")
    )
    found = problems(text)
    assert [problem.code for problem in found] == [
        "wrong_value",
        "unknown_state",
        "unknown_role",
        "wrong_value",
        "unknown_event",
    ]
    lines = [problem.line or 0 for problem in found]
    assert lines == sorted(lines)
    text_of_all = InvalidInput(found).text("ko")
    assert text_of_all.count("order.yaml:") == 5
    assert "'orderd'" in text_of_all


def test_a_mistake_is_told_once_and_not_by_all_that_follows_from_it(
    problems: Callable[..., tuple[Problem, ...]],
) -> None:
    """Whatever names a missing section is not blamed for it."""
    roles = ORDER[ORDER.index("roles:") : ORDER.index("adopted_by:")]
    assert [p.code for p in problems(ORDER.replace(roles, "roles: {}\n"))] == ["missing_key"]
    twice = ORDER.replace("      complained:", "      reported:").replace("complained", "reported")
    assert [p.code for p in problems(twice)] == ["duplicate_state"]
    regions = ORDER[ORDER.index("regions:") : ORDER.index("events:")]
    assert [p.code for p in problems(ORDER.replace(regions, ""))] == ["missing_key"]


def test_an_edge_that_is_always_hidden_by_one_before_it_is_refused(
    problems: Callable[..., tuple[Problem, ...]],
) -> None:
    text = ORDER.replace("    en: Verify\n", "    en: Verify\n    choose: first\n").replace(
        "to: verified, guards: [{rated: {as: on_track}}]}", "to: verified}"
    )
    (problem,) = problems(text)
    assert problem.code == "edge_never_taken"
    assert "'ordered' is never chosen" in problem.en


def test_a_field_that_names_a_due_event_needs_one(
    problems: Callable[..., tuple[Problem, ...]],
) -> None:
    text = (
        ORDER.replace("    due: {days_after_period: 30}\n", "")
        .replace("    due: {days_after: report, days: 10}\n", "")
        .replace("type: document,", "type: event,")
    )
    (problem,) = problems(text)
    assert problem.code == "no_event_is_due"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"# nothing\n", "empty_file"),
        (ORDER.encode("cp949"), "not_utf8"),
        (b"- a\n- b\n", "wrong_type"),
        (b"a: [1\n", "syntax"),
        (b"a: &a [*a]\n", "recursive_alias"),
    ],
)
def test_a_file_that_is_no_definition_at_all_is_refused(
    problems: Callable[..., tuple[Problem, ...]], content: bytes, code: str
) -> None:
    assert code in [problem.code for problem in problems(content)]


def test_anchors_that_blow_up_are_refused_at_once(
    problems: Callable[..., tuple[Problem, ...]],
) -> None:
    laughs = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert [p.code for p in problems("\n".join(laughs))] == ["aliases_blow_up"]


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 40)
    | st.sampled_from(["", "ordered", "report", "department", "rated", "first", "가", "2016-02-30"])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ko", "to", "day", "name", "rated", "x y"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)


def places(tree: Tree, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(tree, dict | list):
        for step, inside in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from places(inside, (*path, step))


ORDER_TREE = read(ORDER.encode()).tree
PLACES = sorted(places(ORDER_TREE), key=str)


@settings(max_examples=200)
@given(st.data(), st.sampled_from([VOCABULARY, None]))
def test_whatever_a_tree_holds_it_is_refused_politely_or_can_be_used(
    data: st.DataObject, vocabulary: Vocabulary | None
) -> None:
    tree = deepcopy(ORDER_TREE)
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from([place for place in PLACES if place]))
        try:
            at = tree
            for step in above:
                at = at[step]
            at[last] = data.draw(ODD)
        except (KeyError, TypeError, IndexError, AttributeError):
            pass  # an earlier change has taken the place away
    try:
        lifecycle = lifecycle_from_tree(tree, vocabulary)
    except InvalidInput:
        return
    check(lifecycle, vocabulary=VOCABULARY)
    assert mermaid(lifecycle, guards=True, roles=True)
    assert lifecycle_from_tree(parse(canonical(lifecycle.tree)), vocabulary) == lifecycle


# --------------------------------------------------------------------------- presets


def test_every_preset_loads(tmp_path: Path) -> None:
    assert "major-works" in presets()
    for name in presets():
        assert load_lifecycle(name, vocabulary=VOCABULARY).name == name


def test_an_unknown_preset_is_told_with_the_nearest() -> None:
    with pytest.raises(InvalidInput) as caught:
        load_lifecycle("major-work", vocabulary=VOCABULARY)
    assert "did you mean 'major-works'?" in caught.value.text("en")
    assert "'major-works'" in caught.value.text("ko")


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_lifecycle(str(tmp_path / "none.yaml"), vocabulary=VOCABULARY)
    assert [p.code for p in caught.value.problems] == ["no_such_file"]


# Version 2 as the architecture draws it: event, edges, roles, due.
TABLE = """
self_evaluate |planned>self_evaluated change_approved>unchanged|department|day 5
amend|self_evaluated>self_evaluated|department|
submit        |self_evaluated>submitted|lead_section|day 5
send_back     |submitted>planned reviewed>planned|policy_office|
review        |submitted>reviewed|policy_office|day 20
approve       |reviewed>approved|policy_office|
flag_lagging  |reviewed>lagging|policy_office|
spot_check    |approved>approved lagging>approved approved>lagging lagging>lagging|policy_office|
refer_to_audit|lagging>lagging|policy_office|
extend_deadline|planned>planned self_evaluated>self_evaluated submitted>submitted|policy_office|
open_period   |approved>planned lagging>planned|policy_office clock|
close         |approved>closed lagging>closed|policy_office clock|
reopen        |approved>planned lagging>planned closed>planned|policy_office|
correct       |planned>planned|policy_office|
request_change|unchanged>change_requested|department_head|
consult       |change_requested>change_requested|policy_office budget_team|
approve_change|change_requested>change_approved|mayor|
reject_change |change_requested>unchanged|mayor|
withdraw_change|change_requested>unchanged|department department_head|
file_change   |change_approved>unchanged change_approved>change_approved|department|days_after 10
"""


def test_version_2_is_the_one_that_the_architecture_draws() -> None:
    works = load_lifecycle("major-works/2", vocabulary=VOCABULARY)
    assert {name: region.states for name, region in works.regions.items()} == {
        "evaluation": (
            "planned",
            "self_evaluated",
            "submitted",
            "reviewed",
            "approved",
            "lagging",
            "closed",
        ),
        "change": ("unchanged", "change_requested", "change_approved"),
    }
    assert works.initial() == ("planned", "unchanged")
    drawn = [[cell.strip() for cell in row.split("|")] for row in TABLE.strip().splitlines()]
    written = []
    for event in works.events.values():
        edges = " ".join(f"{t.source}>{t.target}" for t in event.transitions)
        due = "" if event.due is None else f"{event.due.kind} {event.due.n}"
        written.append([event.name, edges, " ".join(event.by), due])
    assert written == drawn
    assert works.events["submit"].together == "bureau"
    assert all(event.leads in ("evaluation", "change") for event in works.events.values())
    (duty,) = works.duties
    assert duty.whoever == ("self_evaluate", "amend", "submit")
    assert duty.may_not == ("review", "approve", "flag_lagging", "spot_check")


def test_version_2_says_it_in_the_offices_own_words() -> None:
    works = load_lifecycle("major-works/2", vocabulary=VOCABULARY)
    assert " ".join(state.label.ko for state in works.states.values()) == (
        "계획 자체평가 제출 종합평가 정상 확정 부진 종결 변경 없음 변경요청 변경방침"
    )
    assert " ".join(event.label.ko for event in works.events.values()) == (
        "자체평가 수정 제출 보완요구 종합평가 정상 부진 수시평가 감사의뢰 기한연장 차기 "
        "종결 재평가 개시 지난 기간 실적 정정 "
        "변경보고 협조 변경방침 반려 철회 공문 제출"
    )


# --------------------------------------------------------------------------- the page about it

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "lifecycle.md"


def test_the_page_shows_a_lifecycle_that_loads(load: Load) -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = load(page.split("```yaml\n")[1].split("```")[0])
    assert shown.name == "corrective-order"
    assert check(shown, vocabulary=VOCABULARY) == ()


def test_the_page_names_every_key_guard_action_type_and_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    modules = (loading, builder, due, told, sources, merge, checking)
    texts = [Path(module.__file__ or "").read_text("utf-8") for module in modules]
    codes = set(re.findall(r'"((?:[a-z]+_)+[a-z]+)",\n', "".join(texts)))
    names = {
        *keys.LIFECYCLE,
        *keys.EVENT,
        *due.DUE_KINDS,
        *VOCABULARY.guards,
        *VOCABULARY.actions,
        *FIELD_TYPES,
        *codes,
        *{code for _, _, code, _, _ in MISTAKES},
    } - {"ko", "en"}
    assert len(codes) > 20
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", page)) == []


# --------------------------------------------------------------------------- one mistake, told once


def _mistakes(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield (where, what) for every key that can be misspelt, and every content that can be
    something else. A name that is not given any more is told wherever it is spoken of."""
    named = path[-1:] in (
        ("roles",),
        ("states",),
        ("events",),
        ("regions",),
        ("data",),
        ("options",),
    )
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(tree, dict) and not named:
            yield (*path, key), "misspelt"
        if isinstance(value, dict | list):
            yield (*path, key), "no mapping"
            yield from _mistakes(value, (*path, key))


def _spoilt(tree: Any, path: tuple[Any, ...], what: str) -> Any:
    tree = deepcopy(tree)
    inside = tree
    for step in path[:-1]:
        inside = inside[step]
    if what == "misspelt":
        items = [(f"{k}x" if k == path[-1] else k, v) for k, v in inside.items()]
        inside.clear()
        inside.update(items)
    else:
        inside[path[-1]] = "zzz"
    return tree


def _plain(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {key: _plain(value) for key, value in tree.items()}
    return [_plain(each) for each in tree] if isinstance(tree, list | tuple) else tree


@pytest.mark.parametrize("preset", ["corrective-order", "information-request"])
def test_what_merely_follows_from_a_mistake_is_not_told_beside_it(
    preset: str, tmp_path: Path
) -> None:
    tree = _plain(read(lifecycle_text(preset).encode()).tree)
    mistakes = list(_mistakes(tree))
    told: dict[str, list[str]] = {}
    for path, what in mistakes[::3]:
        try:
            lifecycle_from_tree(_spoilt(tree, path, what), installed())
        except InvalidInput as error:
            if len(error.problems) > 1:
                told[f"{path} {what}"] = [each.text("en") for each in error.problems]
    assert told == {}
