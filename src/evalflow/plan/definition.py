"""The value that a plan file becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from evalflow.errors import NotFound
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import Actor, Label, PlanHead, ProjectDefinition
from evalflow.model.values import frozen

if TYPE_CHECKING:
    from evalflow.files.notes import Note


@frozen(kw_only=True)
class Plan:
    """One office's evaluation plan for a year, with its projects and its lifecycle.

    Attributes:
        head: everything that the projects share.
        projects: number (관리번호) -> definition, in the order of the file.
        lifecycle: what the projects run on; `head.lifecycle` says where it came from.
        file: the plan file's name as it was given, for messages.
        notes: what people should see before they rely on it: how tables that were laid over it
            were read, and what of it can never be rated.
    """

    head: PlanHead
    projects: Mapping[str, ProjectDefinition]
    lifecycle: Lifecycle
    file: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def id(self) -> str:
        """The plan's id, e.g. `seodaemun-2016`."""
        return self.head.id

    @property
    def year(self) -> int:
        """The year that it is for."""
        return self.head.year

    @property
    def label(self) -> Label:
        """Its title."""
        return self.head.label

    def units_in_charge(self) -> frozenset[str]:
        """Return the units that answer for a project at some time of the plan."""
        return frozenset(
            assignment.unit
            for project in self.projects.values()
            for assignment in project.assignments
        )

    def actor(self, actor_id: str) -> Actor:
        """Return the actor with this id out of the plan's directory.

        Raises:
            NotFound: the directory has no such id.
        """
        grants = self.head.directory.get(actor_id)
        if grants is None:
            raise NotFound("actor", actor_id, tuple(self.head.directory))
        return Actor(actor_id, grants)
