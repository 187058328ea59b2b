"""The tables of a plan: the project list (붙임 1), targets, budgets, actuals; their columns."""

from __future__ import annotations

from evalflow.tables import Column

NUMBER = Column("number", ("관리번호", "번호", "사업번호", "number", "project"))
INDICATOR = Column(
    "indicator",
    ("성과지표", "추진내용(성과지표)", "추진내용", "지표", "지표명", "indicator"),
)

ACTUALS = (
    NUMBER,
    INDICATOR,
    Column("actual", ("실적", "분기실적", "누계실적", "추진실적", "actual")),
    Column(
        "cause",
        ("부진사유", "부진원인", "원인", "사유", "부진사유분석", "cause"),
        required=False,
    ),
    Column(
        "countermeasure",
        ("대책", "향후계획", "대책·향후계획", "대책및향후계획", "향후대책", "countermeasure"),
        required=False,
    ),
)
"""What a table of one period's actuals has: a row per project and indicator."""
