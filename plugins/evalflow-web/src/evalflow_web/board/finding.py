"""Projects found by words: in number and names, as the engine finds them, or in the name of the
department; a Korean word also without its particle."""

from __future__ import annotations

import re
import unicodedata

from evalflow import Project
from evalflow_web.board.desk import Desk

_WITH_PARTICLE = re.compile(
    "([가-힣]{2,}?)(?:에서|에게|부터|까지|으로|이나|을|를|은|는|이|가|의|에|로|와|과|도|만)"
)


def found_by(desk: Desk, text: str) -> tuple[list[Project], list[str]]:
    """Return the projects in which every word of the text stands somewhere, whether at a word's
    beginning or not; and those words that stand nowhere but without their particle."""
    found = {project.id for project in desk.projects}
    instead = []
    for word in unicodedata.normalize("NFC", text).split():
        hits = _with(desk, word)
        if not hits and (bare := _WITH_PARTICLE.fullmatch(word)):
            hits = _with(desk, bare[1])
            if hits:
                instead.append(bare[1])
        found &= hits
    return [project for project in desk.projects if project.id in found], instead


def _with(desk: Desk, word: str) -> set[str]:
    """Return the projects in whose number, names or department's name a word stands."""
    named = {project.id for project in desk.view.projects(plan=desk.plan, text=word)}
    units = {unit for unit in desk.head.units if word.casefold() in _folded(desk.unit(unit))}
    return named | {project.id for project in desk.projects if project.unit in units}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
