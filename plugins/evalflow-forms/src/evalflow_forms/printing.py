"""Printing a form into a file, and holding a file against the store.

A file is checked by printing it again: the evidence in it says from which moment. The same bytes
mean that nobody touched the file and that the store still says what it said.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

import evalflow
from evalflow.plugins import FormFinding, FormRequest, write_output
from evalflow_forms.options import ChangeOptions, DepartmentOptions, ProjectsOptions
from evalflow_forms.options import Options as FormOptions

if TYPE_CHECKING:
    from evalflow_forms.sheet import Evidence, Sheet

WRITERS: Mapping[str, str] = {
    ".hwpx": "evalflow_forms.hwpx_writer",
    ".pdf": "evalflow_forms.pdf",
    ".xlsx": "evalflow_forms.xlsx",
}
"""The module that writes and reads each format; imported when used."""

_SHOWN = 10  # differences that are told


def _writer(suffix: str) -> Any:
    return import_module(WRITERS[suffix])


class _Form:
    """What the forms share."""

    name: ClassVar[str]
    label: evalflow.Label
    formats: tuple[str, ...] = tuple(WRITERS)
    Options: ClassVar[type[FormOptions]] = FormOptions

    def __init__(self, options: FormOptions) -> None:
        """Take what the plan says of the form."""
        self.options = options

    def sheet(
        self,
        engine: evalflow.Engine,
        request: FormRequest,
        made_with: str = "",
        on: dt.date | None = None,
    ) -> Sheet:
        """Return the form as values, whatever file it will be. `on` is the day whose names hold;
        None: the office's day then.

        Raises:
            InvalidInput: the options name unknown columns.
            NotFound: no such plan, unit, project or period.
        """
        from evalflow_forms.build import sheet
        from evalflow_forms.sources import gather

        sources = gather(engine, request, on)
        return sheet(self.name, sources, self.options, request, made_with)

    def write(
        self,
        engine: evalflow.Engine,
        path: str | os.PathLike[str],
        request: FormRequest,
        *,
        template: str | os.PathLike[str] | None = None,
    ) -> str:
        """Write the form to `path` and return the line of evidence printed on it."""
        target = Path(path)
        suffix = self._suffix(target)
        made = self.sheet(engine, request, _writer(suffix).MADE_WITH)
        write_output(target, self._bytes(made, suffix, template))
        return made.evidence_line

    def check(
        self,
        engine: evalflow.Engine,
        path: str | os.PathLike[str],
        *,
        template: str | os.PathLike[str] | None = None,
    ) -> Sequence[FormFinding] | None:
        """Hold the file against the store; None where it is no form of this kind."""
        source = Path(path)
        if source.suffix.lower() not in WRITERS:
            return None
        from evalflow_forms.archive import looked_through

        writer = _writer(source.suffix.lower())
        try:
            if source.suffix.lower() != ".pdf":
                looked_through(source, source.suffix.lower())
            evidence = writer.evidence(source)
        except OSError:
            raise
        except Exception:  # whatever the readers raise at a file that is broken or not theirs
            return None
        if evidence is None or evidence.form != self.name:
            return None
        return tuple(self._findings(engine, source, evidence, template))

    def _suffix(self, path: Path) -> str:
        suffix = path.suffix.lower()
        if suffix not in self.formats:
            listed = ", ".join(self.formats)
            raise evalflow.InvalidInput(
                [
                    evalflow.Problem(
                        code="unknown_format",
                        file=str(path),
                        value=suffix,
                        ko=f"'{suffix}' 형식으로는 만들 수 없습니다 (가능: {listed})",
                        en=f"no format '{suffix}' (there are: {listed})",
                    )
                ]
            )
        return suffix

    def _bytes(self, made: Sheet, suffix: str, template: Any) -> bytes:
        if template is None:
            given = [*made.evidence.values, *made.evidence.left]
            if given:
                raise evalflow.InvalidInput(
                    [
                        evalflow.Problem(
                            code="no_template",
                            value=given[0],
                            ko=f"'{given[0]}'을(를) 채울 서식 파일(--template)이 없습니다",
                            en=f"there is no template (--template) with a field '{given[0]}'",
                        )
                    ]
                )
            written: bytes = _writer(suffix).write(made)
            return written
        from evalflow_forms.template import filled

        return filled(Path(template), suffix, made)

    def _again(self, source: Path, made: Sheet, template: Any) -> bytes | None:
        """Return the file printed again as `source` was; None where its fonts are not here."""
        suffix = source.suffix.lower()
        if suffix == ".pdf" and template is None:
            printed: bytes | None = _writer(suffix).write_like(made, source)
            return printed
        return self._bytes(made, suffix, template)

    def _findings(
        self,
        engine: evalflow.Engine,
        source: Path,
        evidence: Evidence,
        template: Any,
    ) -> Iterator[FormFinding]:
        if evidence.plan not in engine.plans.ids():
            yield _finding(
                "other_plan",
                f"이 저장소에는 계획 {evidence.plan}이(가) 없습니다.",
                f"this store has no plan {evidence.plan}",
            )
            return
        unit, number, dated = evidence.asked
        request = FormRequest(
            plan=evidence.plan,
            period=evidence.period,
            unit=unit,
            number=number,
            at=evidence.at,
            dated=dt.date.fromisoformat(dated) if dated else None,
            values=evidence.values,
            leave=evidence.left,
        )
        try:
            on = dt.date.fromisoformat(evidence.on) if evidence.on else None
            again = self.sheet(engine, request, evidence.made_with, on)
        except evalflow.NotFound as error:
            yield _finding("store_differs", error.text("ko"), error.text("en"))
            return
        sound = True
        if again.evidence.checkpoint != evidence.checkpoint:
            sound = False
            yield _finding(
                "history_differs",
                f"그때까지의 이력이 인쇄 당시와 다릅니다. 지금 계산한 확인값: "
                f"{again.evidence.checkpoint}",
                f"the history up to then has changed; now: {again.evidence.checkpoint}",
            )
        if evidence.earlier:
            if sound:
                yield _finding(
                    "earlier_layout",
                    "전에 쓰던 모양의 서식이라 내용을 대조할 수 없습니다. 그때까지의 이력은 "
                    "그대로입니다.",
                    "its layout is an older one and cannot be compared; the history up to then is "
                    "unchanged",
                )
            return
        if again.evidence.content != evidence.content:
            sound = False
            yield _finding(
                "store_differs",
                "저장소에서 같은 시점으로 다시 만든 내용이 인쇄된 내용과 다릅니다.",
                "what the store holds for that moment is not what was printed",
            )
        if sound:
            yield from self._file_findings(source, evidence, again, template)
        now = self.sheet(engine, attrs.evolve(request, at=None), evidence.made_with)
        if _without_day(now) != _without_day(again):
            yield FormFinding(
                code="moved_on",
                ko="인쇄한 뒤 자료가 바뀌었습니다. 지금 다시 만들면 내용이 다릅니다.",
                en="the figures have changed since: printed now, the form would differ",
                agrees=True,
            )

    def _file_findings(
        self, source: Path, evidence: Evidence, again: Sheet, template: Any
    ) -> Iterator[FormFinding]:
        suffix = source.suffix.lower()
        writer = _writer(suffix)
        expected = self._again(source, again, template)
        if expected is None:
            names = ", ".join(writer.embedded(source))
            yield _finding(
                "other_font",
                f"이 파일의 글꼴({names})이 이 컴퓨터에 없어 대조할 수 없습니다. 그 글꼴이 있는 "
                "폴더를 EVALFLOW_FONTS로 알려 주십시오.",
                f"it cannot be compared: this machine lacks its fonts ({names}); name a folder "
                "that has them with EVALFLOW_FONTS",
            )
            return
        if source.read_bytes() == expected:
            yield FormFinding(
                code="agrees",
                ko="저장소 자료와 일치합니다 (다시 만든 파일과 한 바이트도 다르지 않음).",
                en="the form agrees with the store (printed again, it is the same to the byte)",
                agrees=True,
            )
            return
        differing = _differences(writer.cells(source), writer.cells(expected))
        if differing:
            for text in differing[:_SHOWN]:
                yield _finding(
                    "file_changed",
                    f"출력 후 수정된 파일입니다: {text}",
                    f"the file was edited: {text}",
                )
        elif evidence.made_with != writer.MADE_WITH:
            yield FormFinding(
                code="other_version",
                ko="문구와 수치는 같습니다. 다른 버전"
                f"({evidence.made_with})으로 작성된 파일입니다.",
                en=f"texts and figures agree; the file was written by {evidence.made_with}",
                agrees=True,
            )
        else:
            yield _finding(
                "file_changed",
                "문구와 수치는 같으나 출력한 파일이 아닙니다 (다시 저장되었거나 모양이 바뀜).",
                "texts and figures agree, but it is not the file that was printed (saved again)",
            )


def _without_day(made: Sheet) -> str:
    parts = tuple(attrs.evolve(each, head=()) for each in made.parts)
    return attrs.evolve(made, parts=parts).digest()


def _differences(found: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    places = dict.fromkeys([*expected, *found])
    return [
        f"{place}: '{expected.get(place, '')[:60]}' → '{found.get(place, '')[:60]}'"
        for place in places
        if found.get(place) != expected.get(place)
    ]


def _finding(code: str, ko: str, en: str) -> FormFinding:
    return FormFinding(code=code, ko=ko, en=en)


class PlanForm(_Form):
    """주요업무시행 및 평가계획."""

    name = "plan"
    label = evalflow.Label("시행 및 평가계획", "the plan itself")


class ProjectsForm(_Form):
    """붙임 1 대상사업 목록."""

    name = "projects"
    Options = ProjectsOptions
    label = evalflow.Label("붙임 1 대상사업 목록", "list of projects (attachment 1)")


class BureauForm(_Form):
    """붙임 2 국별 총괄 평가서."""

    name = "bureau"
    label = evalflow.Label("붙임 2 국별 총괄 평가서", "bureau's evaluation (attachment 2)")


class DepartmentForm(_Form):
    """붙임 3 부서별 자체 평가서."""

    name = "department"
    Options = DepartmentOptions
    label = evalflow.Label("붙임 3 부서별 자체 평가서", "self-evaluation (attachment 3)")


class CardsForm(_Form):
    """관리카드 (R39)."""

    name = "cards"
    label = evalflow.Label("관리카드", "management cards")


class ChangeForm(_Form):
    """변경계획서."""

    name = "change"
    Options = ChangeOptions
    label = evalflow.Label("변경계획서", "plan of a change")
