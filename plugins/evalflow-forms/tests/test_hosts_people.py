"""Forms say the place of somebody whom the host's directory named, as entries keep it."""

from __future__ import annotations

import datetime as dt

from evalflow_forms.papers import place_of
from evalflow_forms.sources import gather

import evalflow
from evalflow import Grant
from evalflow.plugins import FormRequest

PLAN, PROJECT = "seodaemun-2016", "seodaemun-2016/9"


class Staff:
    """A host's people."""

    def __init__(self) -> None:
        self.table = {"u1002": [Grant(role="department", unit="information")]}

    def people(self, plan: evalflow.PlanHead, day: dt.date) -> dict[str, list[Grant]]:
        return self.table


def test_who_acted_by_the_hosts_word_has_a_place_on_paper() -> None:
    staff = Staff()
    day = dt.date(2016, 4, 4)
    with evalflow.open(
        "memory:", clock=lambda: dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC), directory=staff
    ) as office:
        office.adopt(office.load_plan(evalflow.example(PLAN)), by="policy-1")
        targets = office.plans.definition(PROJECT).indicators
        figures = {each.id: each.targets["2016-Q1"] for each in targets}
        office.fire(PROJECT, "self_evaluate", by="u1002", data={"actuals": figures})
        staff.table.clear()  # nobody is asked when a paper is printed
        sources = gather(office, FormRequest(plan=PLAN))
        assert place_of(sources, "u1002", day) == place_of(sources, "information-1", day) != ""
        assert place_of(sources, "u1003", day) == ""
