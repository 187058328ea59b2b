"""One page for the meeting: where all projects of a plan stand. The form `report`, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalflow.plugins import Form, hookimpl
from evalflow_report.report import Report

__all__ = ["Report"]
__version__ = "0.1.0"


@hookimpl
def evalflow_forms() -> Mapping[str, Callable[..., Form]]:
    """Return the page as a form, so that it is made, dated and checked like one."""
    return {"report": Report}
