"""The form kit passes a good form, and catches every one that breaks its contract. Our own are held
to it in plugins/evalflow-forms and evalflow-report."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import pytest

import evalflow
from evalflow import Engine, InvalidInput, Label, NotFound, Problem
from evalflow.plugins import FormFinding, FormRequest, write_output
from evalflow.storage import digest
from evalflow.testing import FormConformance
from evalflow.testing.quarter import quarter

AGREES = FormFinding(code="agrees", ko="일치합니다.", en="it agrees", agrees=True)
DIFFERS = FormFinding(code="store_differs", ko="다릅니다.", en="it differs")


class Good:
    """Projects and their rates, a line each; the bad ones spoil it in one way each."""

    label = Label("현황", "Standing")
    formats: tuple[str, ...] = (".md",)

    def text(self, engine: Engine, request: FormRequest) -> str:
        overview = evalflow.overview(
            engine, request.plan, period=request.period, unit=request.unit, at=request.at
        )
        rows = [
            f"- {each.number} {each.label.ko} {each.states}"
            for each in engine.projects(plan=request.plan, at=overview.at)
        ]
        asked = [request.plan, overview.period.text, request.unit, overview.at.isoformat()]
        told = json.dumps([*asked, str(overview.checkpoint)], ensure_ascii=False)
        return "\n".join([*rows, f"evalflow {told}"])

    def write(
        self,
        engine: Engine,
        path: str | os.PathLike[str],
        request: FormRequest,
        *,
        template: str | os.PathLike[str] | None = None,
    ) -> str:
        if Path(path).suffix not in self.formats:
            raise InvalidInput([Problem(code="unknown_format", ko="형식", en="no such format")])
        text = self.text(engine, request)
        self.keep(path, text)
        return text.splitlines()[-1]

    def keep(self, path: str | os.PathLike[str], text: str) -> None:
        write_output(path, f"{text}\n{digest(text)}\n")

    def check(
        self,
        engine: Engine,
        path: str | os.PathLike[str],
        *,
        template: str | os.PathLike[str] | None = None,
    ) -> Sequence[FormFinding] | None:
        text, _, seal = Path(path).read_text("utf-8", "replace").removesuffix("\n").rpartition("\n")
        line = text.rpartition("\n")[2]
        try:
            plan, period, unit, at, _ = json.loads(line.removeprefix("evalflow "))
        except ValueError:
            return None
        when = dt.datetime.fromisoformat(at)
        request = FormRequest(plan=plan, period=period, unit=unit, at=when)
        again = self.text(engine, request)
        whole = Path(path).read_bytes() == f"{text}\n{seal}\n".encode() and seal == digest(text)
        return [AGREES if whole and again == text else DIFFERS]


class OneLanguage(Good):
    label = Label("현황", "")


class WritesNothing(Good):
    def keep(self, path: str | os.PathLike[str], text: str) -> None:
        write_output(path, "")


class NoEvidence(Good):
    def write(self, *args: Any, **kwargs: Any) -> str:
        super().write(*args, **kwargs)
        return ""


class Dated(Good):
    """Prints when it was printed."""

    def text(self, engine: Engine, request: FormRequest) -> str:
        return f"{engine.clock().isoformat()}\n{super().text(engine, request)}"


class Fires(Good):
    def write(self, engine: Engine, *args: Any, **kwargs: Any) -> str:
        engine.storage.claim("jsonl", at=engine.clock(), limit=1, lease=dt.timedelta(minutes=1))
        return super().write(engine, *args, **kwargs)


class Overwrites(Good):
    def keep(self, path: str | os.PathLike[str], text: str) -> None:
        Path(path).write_text(f"{text}\n{digest(text)}\n", "utf-8")


class AnyFormat(Good):
    def write(self, engine: Engine, path: Any, request: FormRequest, **kwargs: Any) -> str:
        text = self.text(engine, request)
        self.keep(path, text)
        return text.splitlines()[-1]


class AnyPeriod(Good):
    def text(self, engine: Engine, request: FormRequest) -> str:
        try:
            return super().text(engine, request)
        except (NotFound, InvalidInput):
            return super().text(engine, attrs.evolve(request, plan="office-2016", period=None))


class SwallowsErrors(Good):
    def keep(self, path: str | os.PathLike[str], text: str) -> None:
        with suppress(FileNotFoundError):
            super().keep(path, text)


class NeverAgrees(Good):
    def check(self, *args: Any, **kwargs: Any) -> Sequence[FormFinding] | None:
        return None if super().check(*args, **kwargs) is None else [DIFFERS]


class OfToday(Good):
    """Holds a file against what the store says now."""

    def check(self, engine: Engine, path: Any, **kwargs: Any) -> Sequence[FormFinding] | None:
        found = super().check(engine, path, **kwargs)
        if found is None:
            return None
        period = FormRequest(plan="office-2016", period="2016-Q1")
        now = self.text(engine, period).splitlines()[:-1]
        same = Path(path).read_text("utf-8").splitlines()[:-2] == now
        return found if same else [DIFFERS]


class LooksAtTheEnd(Good):
    """Believes what the last lines say of the rest."""

    def check(self, engine: Engine, path: Any, **kwargs: Any) -> Sequence[FormFinding] | None:
        return None if super().check(engine, path, **kwargs) is None else [AGREES]


class LooksAtTheFile(Good):
    """Sees that a file was edited, and asks no store."""

    def check(self, engine: Engine, path: Any, **kwargs: Any) -> Sequence[FormFinding] | None:
        if super().check(engine, path, **kwargs) is None:
            return None
        text, _, seal = Path(path).read_text("utf-8").removesuffix("\n").rpartition("\n")
        whole = Path(path).read_bytes() == f"{text}\n{seal}\n".encode() and seal == digest(text)
        return [AGREES if whole else DIFFERS]


class TakesAll(Good):
    def check(self, engine: Engine, path: Any, **kwargs: Any) -> Sequence[FormFinding] | None:
        return super().check(engine, path, **kwargs) or [DIFFERS]


BAD = {
    OneLanguage: "it_is_a_form_with_a_name_in_both_languages_and_formats",
    WritesNothing: "it_is_written_in_each_format_with_a_line_of_evidence",
    NoEvidence: "it_is_written_in_each_format_with_a_line_of_evidence",
    Dated: "written_twice_it_is_the_same_to_the_byte_whatever_the_clock_says",
    Fires: "nothing_is_written_into_the_store",
    Overwrites: "a_store_and_a_link_are_left_alone",
    AnyFormat: "a_format_that_it_does_not_have_is_refused_and_leaves_no_file",
    AnyPeriod: "a_plan_and_a_period_that_are_not_there_are_not_found",
    SwallowsErrors: "a_folder_that_is_not_there_is_the_systems_error",
    NeverAgrees: "what_it_wrote_agrees_with_the_store",
    OfToday: "it_still_agrees_when_the_office_has_gone_on",
    LooksAtTheEnd: "a_file_that_was_edited_does_not_agree",
    LooksAtTheFile: "a_form_of_another_store_does_not_agree",
    TakesAll: "what_is_no_form_of_its_kind_is_none_of_its",
}


class TestGood(FormConformance):
    @pytest.fixture
    def form(self) -> Good:
        return Good()


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_the_kit_catches_a_form_that_breaks_its_contract(make: type[Good], tmp_path: Path) -> None:
    test = getattr(FormConformance, f"test_{BAD[make]}")
    wanted = inspect.signature(test).parameters
    with quarter(tmp_path) as office:
        given = {"form": make(), "office": office, "tmp_path": tmp_path}
        asked = {name: value for name, value in given.items() if name in wanted}
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            test(FormConformance(), **asked)


def test_every_test_of_the_kit_catches_somebody() -> None:
    tests = {name.removeprefix("test_") for name in vars(FormConformance) if name[:5] == "test_"}
    assert set(BAD.values()) == tests


def test_a_form_that_cannot_check_says_so_and_is_asked_no_more(tmp_path: Path) -> None:
    class Once(FormConformance):
        __test__ = False
        checks = False

    with quarter(tmp_path) as office, pytest.raises(pytest.skip.Exception, match="checks = False"):
        Once().test_what_it_wrote_agrees_with_the_store(NeverAgrees(), office, tmp_path)
