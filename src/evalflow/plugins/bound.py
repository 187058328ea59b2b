"""What plugins made, known by its plugin: graders, signers, forms and panels, each of which
keeps its contract or is told of. Imported when one of them is used; scorers are in `scorers`."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from typing import Any

import attrs

from evalflow.errors import EvalflowError, InvalidInput
from evalflow.model import Label, Rating
from evalflow.model.values import frozen
from evalflow.plugins.calls import call
from evalflow.plugins.forms import Form, FormFinding, FormRequest
from evalflow.plugins.loading import Plugin, kind_of
from evalflow.plugins.panels import PLACES, Panel, PanelRequest
from evalflow.plugins.signer import Signer, is_key_name
from evalflow.scoring.contract import Grade, Grader


@frozen
class BoundSigner:
    """A signer that is known by its plugin. It is a `Signer`."""

    name: str
    public_key: bytes
    plugin: Plugin
    signer: Signer

    @classmethod
    def of(cls, plugin: Plugin, named: str, signer: Signer) -> BoundSigner:
        """Take a signer as its plugin made it.

        Raises:
            PluginError: it has no name or key that a note can be signed with.
        """
        what = f"signer '{named}'"
        told: tuple[Any, Any] = call(plugin, what, lambda: (signer.name, signer.public_key))
        name, key = told
        fits = isinstance(name, str) and isinstance(key, bytes) and len(key) == 32
        if not (fits and is_key_name(name)):
            raise plugin.error(f"{what}: its name or its public key (32 bytes) is none")
        return cls(name, key, plugin, signer)

    def sign(self, message: bytes) -> bytes:
        """Return the signature.

        Raises:
            PluginError: the signer broke, or answered no 64 bytes.
        """
        what = f"signer '{self.name}'"
        signature: Any = call(
            self.plugin, what, lambda: self.signer.sign(message), through=(InvalidInput,)
        )
        if not isinstance(signature, bytes) or len(signature) != 64:
            raise self.plugin.error(f"{what}: answered {kind_of(signature)}, not 64 bytes")
        return signature


@attrs.define  # not frozen, as the contract's attributes are not
class BoundForm:
    """A form that is known by its plugin. It is a `Form`."""

    name: str
    label: Label
    formats: tuple[str, ...]
    plugin: Plugin
    form: Form

    @classmethod
    def of(cls, plugin: Plugin, named: str, form: Form) -> BoundForm:
        """Take a form as its plugin made it.

        Raises:
            PluginError: its label or its formats are none.
        """
        told: tuple[Any, Any] = call(
            plugin, f"form '{named}'", lambda: (form.label, tuple(form.formats))
        )
        label, formats = told
        if not (isinstance(label, Label) and all(isinstance(each, str) for each in formats)):
            raise plugin.error(f"form '{named}': its label or its formats are none")
        return cls(named, label, formats, plugin, form)

    def write(
        self,
        engine: Any,
        path: str | os.PathLike[str],
        request: FormRequest,
        *,
        template: str | os.PathLike[str] | None = None,
    ) -> str:
        """Write the form and return its line of evidence; see `Form`.

        Raises:
            PluginError: the form broke, or answered no text.
        """
        what = f"form '{self.name}'"
        line: Any = call(
            self.plugin,
            what,
            lambda: self.form.write(engine, path, request, template=template),
            through=(EvalflowError, OSError),
        )
        if not isinstance(line, str):
            raise self.plugin.error(f"{what}: answered {kind_of(line)}, not a line of evidence")
        return line

    def check(
        self,
        engine: Any,
        path: str | os.PathLike[str],
        *,
        template: str | os.PathLike[str] | None = None,
    ) -> Sequence[FormFinding] | None:
        """Say whether a file agrees with the store, None where it is none of this form; see `Form`.

        Raises:
            PluginError: the form broke, or answered no findings.
        """
        what = f"form '{self.name}'"

        def asked() -> tuple[Any, ...] | None:
            found: Any = self.form.check(engine, path, template=template)
            return None if found is None else tuple(found)

        found = call(self.plugin, what, asked, through=(EvalflowError, OSError))
        if found is not None and not all(isinstance(each, FormFinding) for each in found):
            raise self.plugin.error(f"{what}: answered what is no finding")
        return found


@attrs.define  # not frozen, as the contract's attributes are not
class BoundPanel:
    """A panel that is known by its plugin. It is a `Panel`."""

    name: str
    label: Label
    place: str
    plugin: Plugin
    panel: Panel

    @classmethod
    def of(cls, plugin: Plugin, named: str, panel: Panel) -> BoundPanel:
        """Take a panel as its plugin made it.

        Raises:
            PluginError: its label or its place is none.
        """
        told: tuple[Any, Any] = call(plugin, f"panel '{named}'", lambda: (panel.label, panel.place))
        label, place = told
        if not (isinstance(label, Label) and isinstance(place, str) and place in PLACES):
            raise plugin.error(f"panel '{named}': its label or its place is none")
        return cls(named, label, place, plugin, panel)

    def html(self, request: PanelRequest) -> str | None:
        """Return what stands under the heading; see `Panel`.

        Raises:
            PluginError: the panel broke, or answered no text.
        """
        what = f"panel '{self.name}'"
        html: Any = call(
            self.plugin, what, lambda: self.panel.html(request), through=(EvalflowError,)
        )
        if html is not None and not isinstance(html, str):
            raise self.plugin.error(f"{what}: answered {kind_of(html)}, not a text")
        return html


@frozen
class BoundGrader:
    """A grader under the name by which plans ask for it. It is a `Grader`."""

    name: str
    plugin: Plugin
    grader: Grader

    @property
    def version(self) -> str:
        """Return the version of the grader's rules."""
        return self.grader.version

    def grade(self, cohort: str, ratings: Sequence[Rating]) -> Sequence[Grade]:
        """Grade a cohort.

        Raises:
            InvalidInput: the cohort cannot be graded by the options.
            PluginError: the grader broke, or answered no grades.
        """
        what = f"grader '{self.name}'"
        answer = call(
            self.plugin,
            what,
            lambda: tuple(self.grader.grade(cohort, copy.deepcopy(list(ratings)))),
            through=(InvalidInput,),
        )
        for each in answer:
            if not isinstance(each, Grade):
                raise self.plugin.error(f"{what}: answered {kind_of(each)}, not a Grade")
        return answer
