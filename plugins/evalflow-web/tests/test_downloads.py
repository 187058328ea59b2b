"""What is taken along from the board: forms, workbooks, bundle, checkpoint; each for those alone
who may read all that it holds."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from evalflow import Label
from evalflow.plugins import hookimpl


class Listing:
    """A form that says what it holds."""

    name = "listing"
    label = Label("목록", "Listing")
    formats = (".txt", ".html")

    def check(self, engine: Any, path: Any, *, template: Any = None) -> None:
        return None

    def write(self, engine: Any, path: Any, request: Any, *, template: Any = None) -> str:
        head = engine.plans.head(request.plan)
        below = head.below(request.unit or head.office)
        held = [
            f"{each.id}={engine.evaluation(each.id).rating.rate}"
            for each in engine.projects(plan=request.plan)
            if each.unit in below and request.number in (None, each.number)
        ]
        Path(path).write_text(f"{request.period} {' '.join(held)}")
        return ""


class Forms:
    @hookimpl
    def evalflow_forms(self) -> dict[str, Any]:
        return {"listing": Listing}


@pytest.fixture
def office(board: Any) -> Any:
    """An office where drafts of reviews are for the policy office: all projects wait for their
    review, one is reviewed; and a form is installed."""
    import evalflow

    board.engine.close()
    board.engine = evalflow.open("memory:", plugins=[Forms()], clock=board.clock)
    plan = evalflow.load_plan(Path(__file__).parent / "office.yaml", plugins=[])
    board.engine.adopt(plan, by="policy-1")
    board.submit()
    judged = {"metres": "confirmed", "complaints": "confirmed"}
    board.fire("gu/3", "review", "policy-1", ratings=judged)
    return board


FORM = "/board/gu/papers/forms/listing.txt"


def test_a_form_is_given_to_whoever_sees_all_of_the_plan(office: Any) -> None:
    policy, lead = office.browse("policy-1"), office.browse("welfare-lead")
    got = policy.get(FORM, params={"period": "2016-Q1", "unit": "", "number": ""})
    assert got.text == "2016-Q1 gu/1=100.0 gu/2=100.0 gu/3=100.0"
    assert got.headers["content-disposition"] == 'attachment; filename="listing.txt"'
    assert policy.get(FORM, params={"unit": "welfare"}).text.endswith("gu/1=100.0 gu/2=100.0")
    assert policy.get(FORM, params={"number": "2"}).text.endswith(" gu/2=100.0")
    assert 'name="number"' in policy.get("/board/gu/papers").text
    assert 'name="number"' not in lead.get("/board/gu/papers").text
    for closed in ({}, {"unit": "welfare"}, {"number": "1"}):
        refused = lead.get(FORM, params=closed)
        assert refused.status_code == 403, closed
        assert "gu/1=" not in refused.text
    assert policy.get("/board/gu/papers/forms/listing.exe").status_code == 404
    html = policy.get("/board/gu/papers/forms/listing.html")
    assert html.headers["content-disposition"].startswith("attachment")


def test_a_workbook_is_offered_to_whoever_fills_it_in_and_reads_back(board: Any) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    officer = board.browse("education-1")
    page = officer.get("/board/gu/papers").text
    (link,) = set(re.findall(r'href="(/board/gu/papers/sheets/[^"]*)"', page))
    assert link.endswith("/self_evaluate/education")
    got = officer.get(link)
    assert got.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(got.content))
    written = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "학교 지원" in " ".join(written)
    assert "경로당" not in " ".join(written)
    for other in ("elderly-1", "welfare-lead", "policy-1"):
        assert board.browse(other).get(link).status_code == 404, other


def test_bundle_and_checkpoint_are_taken_from_the_page(office: Any, tmp_path: Path) -> None:
    policy = office.browse("policy-1")
    line = f"준공사진.pdf (sha256:{'5a' * 32})"  # what an entry says of a file
    judged = dict.fromkeys(("schools", "lessons"), "confirmed")
    office.fire("gu/1", "review", "policy-1", ratings=judged, evidence_checked=[line])
    bundle = policy.get("/board/gu/papers/bundle.zip")
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as held:
        texts = [held.read(name).decode() for name in held.namelist()]
    assert any("5a" * 32 in text for text in texts)
    assert office.browse("road-1").get("/board/gu/papers/bundle.zip").status_code == 403
    assert 'aria-disabled="true"' in office.browse("road-1").get("/board/gu/papers").text
    point = policy.get("/board/gu/papers/checkpoint")
    assert point.text == str(office.engine.audit.sign_checkpoint("gu"))
    assert point.text.splitlines()[0] in policy.get("/board/gu/papers").text
