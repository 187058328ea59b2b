"""The panel `grade` of the board: how a project stands among the others, beside its evaluation."""

from __future__ import annotations

from html import escape

from evalflow import InvalidInput, Label, NotFound
from evalflow.plugins import PanelRequest


class GradePanel:
    """The project's grade in the period, worked out from the evaluations as they stand now.

    It shows what the view shows: a grade tells of the others, so whoever may not read every rating
    of a cohort sees no grade of it. Nothing is shown where the plan does not grade.
    """

    label = Label("등급(현재 평가 기준)", "Grade (by the evaluations as they stand)")
    place = "project"

    def html(self, request: PanelRequest) -> str | None:
        """Return the grade and how it came about, or None where there is none."""
        if request.project is None:
            return None
        period = request.period or request.view.project(request.project).period
        try:
            grade = request.view.grades(request.plan, period).get(request.project)
        except (InvalidInput, NotFound):  # the plan does not grade, or not by what is installed
            return None
        if grade is None:
            return None
        given = "-" if grade.grade is None else grade.grade
        said = f"{period}: {grade.reason.text(request.lang)}"
        return f"<p><strong>{escape(given)}</strong> {escape(said)}</p>"
