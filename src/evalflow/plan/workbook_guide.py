"""The first sheet of the office's workbook, which says what is to be written where."""

from __future__ import annotations

from evalflow.files.book_writer import BookSheet
from evalflow.plan.tables import Value
from evalflow.plan.workbook_words import SHEETS


def guide(lang: str) -> BookSheet:
    """Return the first sheet: what each of the others is for, and how to fill them."""

    def say(ko: str, en: str) -> str:
        return ko if lang == "ko" else en

    what = {
        "units": ("구청, 국·소, 과와 상위 기관", "the office, its bureaus and departments"),
        "people": ("담당자 ID와 역할. 성명은 적지 않음", "ids and roles; never names"),
        "names": ("분야, 핵심 프로젝트, 목표체계, 선정기준", "fields, core projects, goals"),
        "projects": (
            "관리번호, 사업명, 담당부서, 기간, 사업비",
            "numbers, titles, units, budget",
        ),
        "targets": ("성과지표와 기간별 목표", "indicators with the targets of each period"),
        "budget": ("기간별 소요예산. 합이 사업비와 같아야 함", "what each period needs"),
        "schedule": ("달마다의 세부추진계획", "what is done in each month"),
        "cards": ("세부사업이 있는 사업만", "sub-projects, where there are any"),
        "settings": ("연도, 절차, 기한, 기준, 문서 머리", "year, lifecycle, dates, thresholds"),
    }
    lines: list[tuple[Value, ...]] = [
        (say("순서", "Order"), say("시트", "Sheet"), say("적는 것", "What to write"))
    ]
    lines += [
        (at, SHEETS[key].text(lang), say(*said)) for at, (key, said) in enumerate(what.items(), 1)
    ]
    lines += [
        (),
        (
            None,
            say("예시 줄", "Example"),
            say(
                "머리글 바로 위 회색 줄. 자료로 읽지 않습니다",
                "the grey line above the headings; not read",
            ),
        ),
        (
            None,
            say("빈칸과 -", "Blank and -"),
            say("빈칸은 적지 않은 것, - 는 없음", "blank: nothing is said; -: none"),
        ),
        (
            None,
            say("다 채운 뒤", "Then"),
            say("evalflow init --from 이_파일.xlsx", "evalflow init --from THIS_FILE.xlsx"),
        ),
    ]
    return BookSheet(
        name=SHEETS["guide"].text(lang),
        title=say("주요업무시행 및 평가 시작 자료", "The year's evaluation: to begin with"),
        remark=say(
            "시트를 순서대로 채웁니다. 노란 칸에 적고, 확인 칸에 글이 나오면 그 줄을 고칩니다.",
            "Fill the sheets in their order: the yellow cells; where the check says something, "
            "mend the line.",
        ),
        lines=tuple(lines),
    )
