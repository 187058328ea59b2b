"""Korean as it is written: the particle that goes with the word before it, in every sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.errors import particles

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")])
BOTH = re.compile(
    r"이\(가\)|가\(이\)|은\(는\)|는\(은\)|을\(를\)|를\(을\)|[와과]\([과와]\)|\(으\)로|\(이\)라"
)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("'사업'은(는)", "'사업'은"),
        ("'평가'은(는)", "'평가'는"),
        ("「학교지원」이(가)", "「학교지원」이"),
        ("대책을(를)", "대책을"),
        ("부진사유와(과) 대책", "부진사유와 대책"),
        ("대책와(과) 사유", "대책과 사유"),
        ("서울(으)로", "서울로"),  # ㄹ
        ("부산(으)로", "부산으로"),
        ("6을(를)", "6을"),
        ("policy-2이(가)", "policy-2가"),
        ("1(으)로", "1로"),
        ("10(으)로", "10으로"),
        ("100.0%은(는)", "100.0%는"),  # 퍼센트
        ("2016. 2. 24.은(는)", "2016. 2. 24.은"),  # 이십사일
        ("2016-02-24이(가)", "2016-02-24이"),
        ("자체평가(self_evaluate)은(는)", "자체평가(self_evaluate)는"),
        ("지표 '참여 학교'(schools)을(를)", "지표 '참여 학교'(schools)를"),
        ("(2016-Q1)은(는)", "(2016-Q1)은"),  # nothing before the bracket: what is inside
        ("plan이(가)", "plan이"),
        ("HWPX을(를)", "HWPX를"),
        ("PDF(으)로", "PDF로"),
        ("혹시 'x'입니까?", "혹시 'x'입니까?"),
        ("이(가)", "이(가)"),  # no word before it
    ],
)
def test_the_particle_goes_with_the_word_before_it(written, said):
    assert particles(written) == said


@given(st.text(max_size=40))
def test_a_text_without_both_particles_is_left_as_it_is(text):
    assert particles(text) == text or BOTH.search(text)


@given(st.text(min_size=1, max_size=12), st.sampled_from(["이(가)", "은(는)", "을(를)", "와(과)"]))
def test_one_of_the_two_is_left(word, both):
    word = word.replace("(", "").replace(")", "") + "가"
    assert particles(f"{word}{both}") in (f"{word}{both[0]}", f"{word}{both[2]}")


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


CARRIED = {
    "Label": "a name, as somebody's file wrote it",
    "SharedNotice": "a name, beside others in a row of a table",
    "ReasonLine": "a Reason as it was written down",
    "SaidDay": "goes into a Problem or a Note",
    "Lack": "goes into a Problem",
    "Words": "an answer, in words that others carried",
    "_Bad": "goes into a Problem",
    "_Wrong": "goes into a Problem",
}


def test_every_sentence_that_people_see_has_its_particles_put_right():
    """What carries a Korean sentence to people puts it right where it is made."""
    carriers, bare = [], []
    for path in SOURCES:
        kinds = (node for node in ast.walk(_parsed(path)) if isinstance(node, ast.ClassDef))
        for kind in kinds:
            for field in kind.body:
                if not isinstance(field, ast.AnnAssign) or ast.unparse(field.target) != "ko":
                    continue
                if "particles" in ast.unparse(field):
                    carriers.append(kind.name)
                elif kind.name not in CARRIED:
                    bare.append(f"{path.relative_to(ROOT)}: {kind.name}")
    assert not bare
    assert {"Reason", "Problem", "Note", "Mismatch", "Finding", "FormFinding"} <= {*carriers}


def _placeholders() -> Iterator[tuple[str, str, str]]:
    """Every place where a word comes right before a text: (place, what stands before, text)."""
    for path in SOURCES:
        for node in ast.walk(_parsed(path)):
            if not isinstance(node, ast.JoinedStr):
                continue
            before = ""
            for value in node.values:
                if isinstance(value, ast.Constant):
                    if before.endswith("\0"):
                        where = f"{path.relative_to(ROOT)}:{value.lineno}"
                        yield where, before, str(value.value)
                    before += str(value.value)
                else:
                    before += "\0"


_ONE = re.compile(r"^['’”」』]*(?P<closed>[)\]]?)(을|를|이|가|은|는|과|와|으로|로)(?=[ ,.:;!?]|$)")


def test_no_particle_is_chosen_before_the_word_is_known():
    wrong, seen = [], 0
    for where, before, text in _placeholders():
        seen += BOTH.search(text) is not None
        found = _ONE.match(text)
        if found is None:
            continue
        if found["closed"]:  # it goes with the word before the brackets
            before = before[: max(before.rfind("("), before.rfind("["))]
            if not before.rstrip("'’”」』").endswith("\0"):
                continue
        wrong.append(f"{where}: …{{}}{text[:20]}")
    assert not wrong, "write 이(가), 은(는), 을(를), 와(과), (으)로 behind what is put in"
    assert seen > 50


# ------------------------------------------------------------------------------ words of offices

RETIRED = {  # what an office does not write: what it writes
    "절차 이행": "절차 전환",  # 이행 is kept for 이행률
    "이행하": "전환하",
    "이행할": "전환할",
    "이행합": "전환합",
    "이행안": "전환안",
    "절차로 이행": "절차로 전환",
    "의 이행에": "의 전환에",
    "이 이행": "이 전환",
    "배치": "일괄 처리",
    "봉인": "무결성 값",
    "지문": "무결성 값",
    "견본 파일": "서식 파일",
    "현황판": "현황 보고서",
    "지난 날": "경과일수",
    "한눈에": "총괄 현황",
    "셈하": "계산하",
    "셈할": "계산할",
    "까닭": "사유",
    "꾸러미": "패키지",
    "낱말": "용어",
    "행위자": "처리자",
    "통지 번호": "알림 번호",
    "씨앗값": "난수 초기값",
    "산정불가": "산정 불가",
    "글이어야": "문자열이어야",
    "대리할": "대결할",
    "못 미칩니다": "미달",
    "어김": "위반",
    "이(가) 아닙니까": "혹시 …입니까",
    "1 days": "1 day",
    "거부됨": "처리 불가",
    "거부합니다": "처리할 수 없습니다",
    "수정안": "개정안",
    "계획 수정": "계획 개정",
    "미평가": "평가 전",
    "기한 지남": "기한 경과",
    "실적 없음": "실적 미입력",
    "번째 글": "T1!A1",
    "판정": "확정, 추진상태",
    "대상 절차": "연장 대상",
    "자동(시계)": "시스템(자동 처리)",
    "바로잡은 실적": "정정 실적",
    "불수리": "반려(감사 미실시)",
    "이 날 ": "해당 일자에",
    "done before": "already done",
    "is no option of": "unknown option",
    "found wanting": "insufficient",
    "Of which event": "Deadline to extend",
    "made up actors": "made-up actors",
    "stands there twice": "appears twice",
    "put back unasked": "requeued",
}
BY_MEANING = ("복지문화국", "재배치")  # what only looks like one of them


def _sentences() -> Iterator[tuple[str, str]]:
    """Every text of the program that may come before people, with its place; no docstrings."""
    for path in SOURCES:
        tree = _parsed(path)
        told = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in told
            ):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value
    presets = ROOT / "src" / "evalflow" / "lifecycle" / "presets"  # those before stay as they were
    shown = [*presets.glob("*.yaml"), *presets.glob("parts/*.yaml"), ROOT / "README.ko.md"]
    shown += [*ROOT.glob("src/evalflow/cli/locale/**/*.po"), *ROOT.glob("docs/**/*.ko.md")]
    shown += ROOT.glob("plugins/*/README.md")
    for path in [*ROOT.glob("plugins/*/src/**/*.html"), *shown]:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def test_no_sentence_uses_a_word_that_was_retired():
    wrong, seen = [], 0
    for where, text in _sentences():
        seen += 1
        for looks_like in BY_MEANING:
            text = text.replace(looks_like, "")
        wrong += [f"{where}: {old} → {new}" for old, new in RETIRED.items() if old in text]
    assert not wrong, "\n".join(wrong)
    assert seen > 10_000
