"""Every word that is printed is understood, and a typing error is never an empty table."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow import cli
from evalflow.engine.engine import Engine
from evalflow.files.names import spellings
from evalflow.model.calendar import period
from offices import PLAN

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one small plan, in which nothing was done yet."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    url = folder / "office.db"
    words = ["--store", str(url), "plan", "import", str(folder / "plan.yaml"), "--as", "policy-1"]
    assert cli.run(words) == 0
    return url


@pytest.fixture
def run(store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("EVALFLOW_STORE", str(store))
    monkeypatch.setenv("EVALFLOW_LANG", "ko")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.delenv("EVALFLOW_DEBUG", raising=False)

    def command(*words: str) -> tuple[int, str, str]:
        code = cli.run(list(words))
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return code, captured.out, captured.err

    return command


@pytest.fixture
def office(store: Path) -> Iterator[Engine]:
    with evalflow.open(f"sqlite:///{store}") as engine:
        yield engine


# --------------------------------------------------------------------------- what is understood


@pytest.mark.parametrize(
    "condition",
    [
        ("--state", "추진 중"),
        ("--state", "In progress"),
        ("--state", "planned"),
        ("--period", "2016-Q1"),
        ("--period", "2016Q1"),
        ("--period", "2016-q1"),
        ("--period", "1분기"),
        ("--period", "1/4분기"),
        ("--period", "2016년 1분기"),
        ("--period", "Q1"),
        ("--where", "state=추진 중"),
        ("--where", "state=추진 중,planned"),
    ],
    ids=" ".join,
)
def test_a_condition_is_said_as_people_say_it(run: Run, condition: tuple[str, str]) -> None:
    code, out, err = run("status", *condition, "--json")
    assert (code, out.count('"gu/')) == (0, 3), err


@pytest.mark.parametrize("number", ["1", "１", " 1 "])
def test_a_number_is_a_project(run: Run, number: str) -> None:
    assert run("history", number)[0] == 0
    assert run("permitted", number, "--as", "policy-1")[0] == 0
    code, out, _ = run("status", "--number", number, "--json")
    assert (code, out.count('"gu/1"') > 0) == (0, True)


def test_units_fields_and_events_are_called_by_their_names(run: Run, office: Engine) -> None:
    head = office.plans.head("gu")
    for unit in head.units.values():
        assert office.names.unit("gu", unit.label.ko) == unit.id
        assert office.names.unit("gu", unicodedata.normalize("NFD", unit.label.ko)) == unit.id
        assert run("status", "--unit", unit.label.ko, "--json")[0] == 0
    for name, label in head.fields.items():
        assert run("status", "--field", label.ko, "--json") == run(
            "status", "--field", name, "--json"
        )
    for event in office.rules.lifecycle(office.project("gu/1").lifecycle).events.values():
        assert office.names.event("gu/1", event.label.ko) == event.name
        assert office.names.event("gu/1", event.label.en.upper()) == event.name
    code, out, _ = run("explain", "1", "자체평가", "--as", "policy-1")
    assert (code, "자체평가" in out) == (1, True)


def test_an_actor_is_called_by_a_role_that_one_alone_holds(run: Run) -> None:
    code, out, _ = run("explain", "1", "변경방침", "--as", "구청장")
    assert "mayor-1: 변경방침" in out
    code, out, _ = run("explain", "1", "제출", "--as", "국·소 주무과")
    assert "welfare-lead: 제출" in out
    code, out, _ = run("due", "--who", "Mayor")
    assert code == 0
    code, _, err = run("explain", "1", "제출", "--as", "정책기획담당관")
    assert (code, "policy-1, policy-2" in err) == (2, True)
    code, _, err = run("explain", "1", "제출", "--as", "구청잔")
    assert (code, "'구청장'" in err) == (4, True)


def test_the_data_of_an_event_are_called_by_their_names(run: Run, office: Engine) -> None:
    said = ("--set", "실적.참여 학교=10", "--set", "actuals.lessons=100", "--at", "2016-04-02")
    code, out, err = run("explain", "1", "자체평가", "--as", "education-1", *said)
    if code != 2:  # two keys mean the same
        raise AssertionError(out)
    assert "두 번" in err
    said = ("--set", "실적.참여 학교=10", "--set", "실적.lessons=100", "--at", "2016-04-02")
    code, out, err = run("explain", "1", "자체평가", "--as", "education-1", *said)
    assert (code, err) == (0, ""), out
    code, out, _ = run("explain", "1", "자체평가", "--as", "education-1", "--set", "실쩍={}")
    assert "실적(actuals)" in out


@pytest.mark.parametrize(
    ("first", "second"),
    [("actuals.schools=10", "actuals.schools=12"), ("actuals=5", "actuals.schools=12"),
     ("actuals.schools=10", "actuals={schools: 12}"),
     ("actuals.schools=10", "actuals. schools=12")],
)  # fmt: skip
def test_a_setting_is_given_once(run: Run, first: str, second: str) -> None:
    """The last one was taken."""
    words = ("explain", "1", "자체평가", "--as", "education-1", "--set", first, "--set", second)
    code, _, err = run(*words)
    assert (code, "두 번" in err) == (2, True), err


def test_a_list_of_numbers_without_one_is_told(run: Run, tmp_path: Path) -> None:
    """A batch of nothing was planned, and well."""
    (tmp_path / "n.txt").write_text("\n# 사업\n\n", encoding="utf-8")
    words = ("batch", "plan", "자체평가", "--as", "policy-1", "-o", str(tmp_path / "b.jsonl"))
    code, _, err = run(*words, "--where", f"number=@{tmp_path / 'n.txt'}")
    assert (code, "n.txt" in err, "하나도 없습니다" in err) == (2, True, True), err


def test_python_calls_an_event_by_its_label_too(office: Engine) -> None:
    told = office.explain("gu/1", "제출", by="welfare-lead")
    assert told.event == "submit"
    with pytest.raises(evalflow.Refused) as caught:
        office.fire("gu/1", "Submit", by="welfare-lead", data={"document": {"number": "가-1"}})
    assert caught.value.event == "submit"
    with pytest.raises(evalflow.NotFound) as lacking:
        office.fire("gu/1", "제춤", by="welfare-lead")
    assert "제출(submit)" in lacking.value.text("ko")


def test_the_band_of_a_project_is_called_by_its_name(run: Run) -> None:
    assert run("status", "--band", "부진", "--json")[0] == 0
    assert run("status", "--band", "현저히 부진", "--json")[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2027-Q1", ("1분기", "1/4분기", "2027Q1", "1Q", "2027년 1분기", "27년1분기")),
        ("2027-H2", ("하반기", "2027H2", "2027년 하반기")),
        ("2027-03", ("3월", "2027년 3월", "03월")),
        ("2027", ("2027년",)),
    ],
)
def test_a_period_has_its_usual_spellings(text: str, said: tuple[str, ...]) -> None:
    words = {each.replace(" ", "") for each in spellings(period(text))}
    assert {each.replace(" ", "") for each in said} <= words


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("status", "--state", "plannd"), "'planned'"),
        (("status", "--state", "추진중임"), "추진 중(planned)"),
        (("status", "--field", "경재"), "분야 '경재'"),
        (("status", "--band", "부친"), "부진(lagging)"),
        (("status", "--period", "5분기"), "2016-Q1"),
        (("status", "--period", "2015-Q1"), "2016-Q1"),
        (("status", "--number", "66"), "관리번호 '66'"),
        (("status", "--unit", "도르과"), "부서 '도르과'"),
        (("status", "--plan", "guu"), "'gu'"),
        (("status", "--where", "late=submitt"), "'submit'"),
        (("due", "--state", "plannd"), "'planned'"),
        (("verify", "Big"), "'Big'"),
        (("history", "66"), "'66'"),
        (("permitted", "gu/16", "--as", "policy-1"), "'gu/16'"),
        (("explain", "1", "제춤", "--as", "policy-1"), "처리 '제춤'"),
        (("score", "1", "--period", "9분기"), "'9분기'"),
        (("score", "--by", "unit", "--period", "9분기"), "'9분기'"),
        (("batch", "plan", "revieww", "--as", "policy-1", "-o", "x.jsonl"), "'review'"),
        (("plan", "export", "--table", "projects", "--unit", "없는과", "-o", "x.csv"), "'없는과'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_typing_error_is_told_with_what_there_is(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*words)
    assert code in (2, 4), out
    assert told in err
    assert out == ""


@pytest.mark.parametrize(
    "ask",
    [
        lambda office: list(office.projects(state="lagginng")),
        lambda office: list(office.projects(plan="gu", field="경재")),
        lambda office: list(office.projects(limit=-1)),
        lambda office: list(office.projects(plan="gu", numbers=["99"])),
        lambda office: office.due(state="plannd"),
        lambda office: list(office.ratings.evaluations("gu", "2016-q7")),
        lambda office: office.evaluation("gu/1", "2016-q7"),
        lambda office: list(office.outbox.notices(state="x")),
        lambda office: office.batch("review", by="policy-1", where={}, each={"unknown": {}}),
        lambda office: office.batch("review", by="policy-1", where={"state": "plannd"}),
    ],
)
def test_python_refuses_what_means_nothing(office: Engine, ask: Callable[[Engine], Any]) -> None:
    with pytest.raises(evalflow.InvalidInput):
        ask(office)


def test_python_takes_other_spellings_too(office: Engine) -> None:
    assert len(list(office.projects(state="추진 중"))) == 3
    assert list(office.ratings.evaluations("gu", "2016-q1")) == []
    assert len(list(office.projects(numbers=["１"]))) == 1


def test_a_number_that_several_plans_have_is_asked_about(tmp_path: Path) -> None:
    with evalflow.open("memory:") as office:
        for name in ("gu", "si"):
            path = tmp_path / f"{name}.yaml"
            path.write_text(PLAN.replace("id: gu\n", f"id: {name}\n", 1), encoding="utf-8")
            plan = evalflow.load_plan(path)
            office.adopt(plan, by=plan.actor("policy-1"))
        with pytest.raises(evalflow.InvalidInput, match="gu/1, si/1"):
            office.names.project("1")
        assert office.names.project("1", plan="si") == "si/1"


def test_the_data_of_an_event_are_shown_as_yaml_to_fill_in(run: Run, tmp_path: Path) -> None:
    from evalflow.files import yaml

    code, out, err = run("explain", "1", "자체평가", "--as", "policy-1", "--example")
    assert (code, "fire gu/1 self_evaluate" in err) == (0, True)
    tree = yaml.read(out.encode()).tree
    assert list(tree) == ["actuals"]
    code, again, _ = run("permitted", "1", "--as", "policy-1", "--example", "self_evaluate")
    assert (code, again) == (0, out)
    (tmp_path / "data.yaml").write_text(out, encoding="utf-8")
    words = ("explain", "1", "자체평가", "--as", "policy-1", "--data")
    for source in (str(tmp_path / "data.yaml"), '{"actuals": {"없음": 3}}'):
        code, out, _ = run(*words, source)
        assert (code, "없음" in out) == (1, "없음" in source)


def test_python_gives_the_same_as_json_schema(office: Engine) -> None:
    said = office.fields("자체평가", "gu/1")
    assert said["required"] == ["actuals"]
    indicators = {each.id for each in office.plans.definition("gu/1").indicators}
    assert set(said["properties"]["actuals"]["properties"]) == indicators


def test_what_many_owe_alike_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalflow.cli.dues._FOLDED_FROM", 2)
    code, out, _ = run("due", "--late")
    assert code == 0
    assert "사업 3개" in out
    assert len([line for line in out.splitlines() if "자체평가" in line]) == 1
    code, out, _ = run("due", "--late", "--each")
    assert len([line for line in out.splitlines() if "자체평가" in line]) == 3
    assert "gu/1 학교 지원" in out


def test_a_day_in_a_year_that_is_off_is_asked_about(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("fire", "1", "기한 연장", "--as", "policy-1", "--set", "deadline=제출", "--set")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[str] = []
    monkeypatch.setattr("click.confirm", lambda text: asked.append(text))
    code, out, _ = run(*words, "until=2061-07-12", "--set", "reason=수해 복구 지원")
    assert (code, "아무것도 하지 않았습니다" in out) == (1, True)
    assert "2061. 7. 12." in asked[0]
    code, _, err = run(*words, "until=2061-07-12", "--set", "reason=수해 복구 지원", "--yes")
    assert (code, len(asked)) == (1, 1), err  # refused by the rule, not asked about


def test_a_new_deadline_that_is_past_is_asked_about(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("fire", "1", "기한 연장", "--as", "policy-1", "--set", "deadline=제출", "--set")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[str] = []
    monkeypatch.setattr("click.confirm", lambda text: asked.append(text))
    code, out, _ = run(*words, "until=2016. 7. 12.", "--set", "reason=수해 복구 지원")
    assert (code, "아무것도 하지 않았습니다" in out) == (1, True)
    assert "2016. 7. 12.까지로 정합니다" in asked[0]


@pytest.mark.parametrize("day", ["2016. 4. 2.", "'16.4.2", "2016년 4월 2일"])
def test_a_day_is_said_as_people_write_it(run: Run, day: str) -> None:
    ask = ("explain", "1", "자체평가", "--as", "education-1", "--at")
    assert run(*ask, day) == run(*ask, "2016-04-02")
    assert run(*ask, "2016. 4.")[0] == 2


def test_a_refusal_calls_the_act_by_its_name(run: Run) -> None:
    code, _, err = run("fire", "1", "submit", "--as", "education-1", "--set", "document=가-1")
    assert (code, "gu/1: 제출 → 처리 불가" in err) == (1, True), err


def test_what_is_illustrative_is_said_in_a_word_and_whole_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plan.yaml"
    text = PLAN.replace(
        "lifecycle:", "illustrative: {ko: 수치는 예시임, en: made up}\nlifecycle:", 1
    )
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("EVALFLOW_STORE", str(tmp_path / "office.db"))
    assert cli.run(["plan", "import", str(path), "--as", "policy-1"]) == 0
    capsys.readouterr()
    for words, whole in ((["status"], False), (["plan", "show"], True)):
        assert cli.run(["--lang", "ko", *words]) == 0
        out = capsys.readouterr().out
        assert "※ 예시 자료" in out
        assert ("수치는 예시임" in out) is whole


def test_a_reader_is_told_of_a_typing_error_too(run: Run, office: Engine) -> None:
    words = ("status", "--as", "policy-1", "--band")
    code, out, err = run(*words, "부친")
    assert (code, out, "부진(lagging)" in err) == (2, "", True)
    assert run(*words, "부진")[0] == 0
    view = evalflow.View(office, "policy-1")
    with pytest.raises(evalflow.InvalidInput):
        list(view.projects(band="lagging", limit=-1))
