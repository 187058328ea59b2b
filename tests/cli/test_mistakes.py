"""Mistakes that people make: each ends in one clear sentence, in their language, no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalflow import cli
from offices import PLAN

Run = Callable[..., tuple[int, str, str]]

MISTAKES: dict[str, tuple[str, int, str]] = {
    # what was typed, the exit code, what is told
    "no store": ("--store nowhere.db status", 5, "저장소가 없습니다"),
    "a command that is none": ("statsu", 2, "혹시 'status'입니까?"),
    "an option that is none": ("status --untl 1", 2, "옵션 '--untl'"),
    "no project": ("permitted --as policy-1", 2, "'PROJECT'"),
    "nobody acts": ("fire 1 자체평가", 2, "'--as'"),
    "a project that is none": ("history 44", 4, "사업 '44'"),
    "an event that is none": ("explain 1 자체평까 --as policy-1", 4, "자체평가"),
    "an actor that is none": ("explain 1 자체평가 --as polici-1", 4, "'policy-1'"),
    "a state that is none": ("status --state 추진즁", 2, "추진 중(planned)"),
    "a field that is none": ("status --field 경재", 2, "분야 '경재'"),
    "a band that is none": ("status --band 보통", 2, "정상(on_track)"),
    "a unit that is none": ("status --unit 도르과", 4, "부서 '도르과'"),
    "a period that is none": ("status --period 5분기", 2, "2016-Q4"),
    "a number that is none": ("status --number 44", 2, "관리번호 '44'"),
    "a plan that is none": ("status --plan guu", 4, "'gu'"),
    "a condition that is none": ("status --where stat=planned", 2, "'state'"),
    "a condition without a value": ("status --where state", 2, "이름=값"),
    "a day that is none": ("due --at 2016-02-30", 2, "2016-02-30"),
    "a limit below one": ("status --limit 0", 2, "x>=1"),
    "a grouping that is none": ("status --by 부서별", 2, "'unit'"),
    "data without a name": ("explain 1 자체평가 --as policy-1 --set 350", 2, "이름=값"),
    "a file that is not there": ("explain 1 자체평가 --as policy-1 --data x.yaml", 2, "x.yaml"),
    "a plan file that is not there": ("plan check x.yaml", 2, "x.yaml"),
    "a workbook of another ending": ("plan export --workbook -o a.csv", 2, ".xlsx"),
    "neither a table nor the workbook": ("plan export -o a.xlsx", 2, "--workbook"),
    "a lifecycle that is none": ("init --yes --preset major-wroks", 2, "'major-works'"),
    "a store that is verified by a wrong name": ("verify guu", 4, "'gu'"),
    "a notice nobody has": ("history gu/1/2", 4, "gu/1/2"),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    path = folder / "office.db"
    words = ["--store", str(path), "plan", "import", str(folder / "plan.yaml")]
    assert cli.run([*words, "--as", "policy-1"]) == 0
    return path


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_ends_in_one_clear_sentence(
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mistake: str,
) -> None:
    typed, code, told = MISTAKES[mistake]
    monkeypatch.setenv("EVALFLOW_STORE", str(store))
    monkeypatch.setenv("EVALFLOW_LANG", "ko")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.chdir(tmp_path)
    assert cli.run(typed.split()) == code
    out, err = capsys.readouterr()
    assert told in err
    assert out == ""
    sentences = [
        line for line in err.splitlines() if line and not line.startswith(("사용법", "도움말"))
    ]
    assert len(sentences) == 1, err
    assert list(tmp_path.iterdir()) == []
