"""The official forms of evalflow: `projects` (붙임 1), `bureau` (붙임 2), `department` (붙임 3) and
`change` (변경계획서), as HWPX, XLSX and PDF."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalflow.plugins import Form, hookimpl
from evalflow_forms.printing import BureauForm, ChangeForm, DepartmentForm, ProjectsForm

__all__ = ["BureauForm", "ChangeForm", "DepartmentForm", "ProjectsForm"]
__version__ = "0.1.0"


@hookimpl
def evalflow_forms() -> Mapping[str, Callable[..., Form]]:
    """Return the forms by the names that plans and commands use."""
    return {
        "projects": ProjectsForm,
        "bureau": BureauForm,
        "department": DepartmentForm,
        "change": ChangeForm,
    }
