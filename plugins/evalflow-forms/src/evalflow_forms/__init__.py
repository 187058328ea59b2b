"""The official forms of evalflow, as HWPX, XLSX and PDF: `plan` (시행 및 평가계획),
`projects` (붙임 1), `bureau` (붙임 2), `department` (붙임 3), `cards` (관리카드)
and `change` (변경계획서)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalflow.plugins import Form, hookimpl
from evalflow_forms.printing import (
    BureauForm,
    CardsForm,
    ChangeForm,
    DepartmentForm,
    PlanForm,
    ProjectsForm,
)

__all__ = ["BureauForm", "CardsForm", "ChangeForm", "DepartmentForm", "PlanForm", "ProjectsForm"]
__version__ = "0.1.0"


@hookimpl
def evalflow_forms() -> Mapping[str, Callable[..., Form]]:
    """Return the forms by the names that plans and commands use."""
    return {
        "plan": PlanForm,
        "projects": ProjectsForm,
        "bureau": BureauForm,
        "department": DepartmentForm,
        "cards": CardsForm,
        "change": ChangeForm,
    }
