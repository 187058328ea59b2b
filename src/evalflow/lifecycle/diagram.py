"""Pictures of a lifecycle: Mermaid and DOT text, SVG, and PNG where Graphviz is installed.

Regions are drawn side by side, as the parallel parts that they are. Ids are ASCII and cannot be
mistaken for a word of either language; labels are Korean or English and always quoted.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from evalflow.errors import InvalidInput, invalid
from evalflow.files.output import write_output
from evalflow.lifecycle.definition import (
    Event,
    GuardUse,
    Lifecycle,
    Region,
    Transition,
    Vocabulary,
)
from evalflow.lifecycle.drawing import Arrow, Part
from evalflow.lifecycle.drawing import svg as drawn
from evalflow.model import Label

FONTS = "Noto Sans CJK KR, NanumGothic, Malgun Gothic, sans-serif"
"""Fonts with Korean letters, by preference; Debian has the first in `fonts-noto-cjk`."""

PICTURES = ("svg", "png")
"""The formats that `save` writes."""

_LONGEST_WAIT = 60  # seconds for Graphviz to draw; a lifecycle takes less than one


def mermaid(
    lifecycle: Lifecycle,
    *,
    lang: str = "ko",
    guards: bool = False,
    roles: bool = False,
    vocabulary: Vocabulary | None = None,
) -> str:
    """Return the lifecycle as a Mermaid `stateDiagram-v2`.

    Labels are in `lang` (`ko` or `en`). With `guards` and `roles` every arrow says what is
    checked and who may fire it; `vocabulary` gives guards their labels instead of their ids.
    """
    arrows = _Arrows(lifecycle, lang, guards, roles, vocabulary)
    lines = ["stateDiagram-v2"]
    whole = _mermaid_text(lifecycle.label.text(lang))
    several = len(lifecycle.regions) > 1
    if several:
        lines.append(f'    state "{whole}" as lifecycle_{lifecycle_id(lifecycle.name)} {{')
    indent = "        " if several else "    "
    for number, region in enumerate(lifecycle.regions.values()):
        if number:
            lines.append(f"{indent}--")
        lines.extend(f"{indent}{line}" for line in _mermaid_region(lifecycle, region, arrows))
    if several:
        lines.append("    }")
    return "\n".join(lines) + "\n"


def _mermaid_region(lifecycle: Lifecycle, region: Region, arrows: _Arrows) -> Iterator[str]:
    label = _mermaid_text(region.label.text(arrows.lang))
    yield f'state "{label}" as region_{region.name} {{'
    for name in region.states:
        text = _mermaid_text(lifecycle.states[name].label.text(arrows.lang))
        yield f'    state "{text}" as state_{name}'
    yield f"    [*] --> state_{region.initial}"
    for edge, text in arrows.of(region):
        yield f"    state_{edge.source} --> state_{edge.target} : {_mermaid_text(text)}"
    for name in region.states:
        if lifecycle.states[name].final:
            yield f"    state_{name} --> [*]"
    yield "}"


def _mermaid_text(text: str) -> str:
    """Return `text` with everything that Mermaid or HTML would read as a sign made harmless."""
    return _MERMAID_SIGNS.sub(lambda sign: f"#{ord(sign[0])};", " ".join(text.split()))


# Its lexer looks for `[[fork]]` and `direction LR` even inside quotes.
_MERMAID_SIGNS = re.compile(r"""["#;:<>{}&\\`*%]|(?<=\[)\[|(?<=direction) """)


def dot(
    lifecycle: Lifecycle,
    *,
    lang: str = "ko",
    guards: bool = False,
    roles: bool = False,
    vocabulary: Vocabulary | None = None,
) -> str:
    """Return the lifecycle as a graph in Graphviz's DOT language; options as for `mermaid`."""
    arrows = _Arrows(lifecycle, lang, guards, roles, vocabulary)
    lines = [
        f'digraph "{lifecycle_id(lifecycle.name)}" {{',
        f"    graph [label={_quoted(lifecycle.label.text(lang))}, labelloc=t, rankdir=LR, "
        f'fontname="{FONTS}", style=rounded];',
        f'    node [shape=box, style=rounded, fontname="{FONTS}"];',
        f'    edge [fontname="{FONTS}", fontsize=10];',
    ]
    for region in lifecycle.regions.values():
        lines.extend(f"    {line}" for line in _dot_region(lifecycle, region, arrows))
    return "\n".join([*lines, "}"]) + "\n"


def _dot_region(lifecycle: Lifecycle, region: Region, arrows: _Arrows) -> Iterator[str]:
    yield f"subgraph cluster_{region.name} {{"
    yield f"    label={_quoted(region.label.text(arrows.lang))};"
    yield f'    start_{region.name} [shape=point, label=""];'
    for name in region.states:
        state = lifecycle.states[name]
        end = ", peripheries=2" if state.final else ""
        yield f"    state_{name} [label={_quoted(state.label.text(arrows.lang))}{end}];"
    yield f"    start_{region.name} -> state_{region.initial};"
    for edge, text in arrows.of(region):
        yield f"    state_{edge.source} -> state_{edge.target} [label={_quoted(text)}];"
    yield "}"


def _quoted(text: str) -> str:
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped.replace("&", "&amp;")}"'  # Graphviz reads entities in labels


def lifecycle_id(name: str) -> str:
    """Return a lifecycle's name as an id that both languages take: `major_works`."""
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in name)


class _Arrows:
    """The edges of a lifecycle with their labels."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        lang: str,
        guards: bool,
        roles: bool,
        vocabulary: Vocabulary | None,
    ) -> None:
        self.lang = lang
        self._lifecycle = lifecycle
        self._guards = guards
        self._roles = roles
        self._specs = {} if vocabulary is None else vocabulary.guards

    def of(self, region: Region) -> Iterator[tuple[Transition, str]]:
        """Yield the region's edges with their labels, in the order of events."""
        for event in self._lifecycle.events.values():
            for edge in event.transitions:
                if edge.region == region.name:
                    yield edge, self._label(event, edge)

    def _label(self, event: Event, edge: Transition) -> str:
        text = event.label.text(self.lang)
        # Event-level guards are asked whatever edge is taken, but they speak of the leading one.
        uses = (*event.guards, *edge.guards) if edge.region == event.leads else edge.guards
        if self._guards and uses:
            text += f" [{', '.join(self._guard(use) for use in uses)}]"
        if self._roles and edge.region == event.leads:
            named = self._lifecycle.roles
            text += f" / {', '.join(named[role].label.text(self.lang) for role in event.by)}"
        return text

    def _guard(self, use: GuardUse) -> str:
        spec = self._specs.get(use.name)
        if spec is None:
            return use.id
        inside = use.id.removeprefix(use.name)
        return spec.label.text(self.lang) + inside


# --------------------------------------------------------------------------- pictures


def svg(
    lifecycle: Lifecycle,
    *,
    lang: str = "ko",
    guards: bool = False,
    roles: bool = False,
    vocabulary: Vocabulary | None = None,
) -> str:
    """Return the lifecycle as an SVG picture; options as for `mermaid`. Nothing has to be
    installed for it, and no line runs through a label."""
    arrows = _Arrows(lifecycle, lang, guards, roles, vocabulary)
    parts = [
        Part(
            title=region.label.text(lang),
            states={name: lifecycle.states[name].label.text(lang) for name in region.states},
            initial=region.initial,
            final=frozenset(name for name in region.states if lifecycle.states[name].final),
            arrows=[Arrow(edge.source, edge.target, text) for edge, text in arrows.of(region)],
        )
        for region in lifecycle.regions.values()
    ]
    return drawn(lifecycle.label.text(lang), parts, FONTS)


def save(
    lifecycle: Lifecycle,
    path: str | os.PathLike[str],
    *,
    lang: str = "ko",
    guards: bool = False,
    roles: bool = False,
    vocabulary: Vocabulary | None = None,
) -> None:
    """Write the lifecycle as a picture; the ending of `path` says which: .svg, or .png by
    Graphviz. Options as for `mermaid`.

    Raises:
        InvalidInput: the ending is another, or it is .png and Graphviz is not installed or
            cannot draw it.
    """
    target = Path(path)
    kind = target.suffix.removeprefix(".").lower()
    if kind not in PICTURES:
        known = ", ".join(PICTURES)
        raise _unable(
            "unknown_picture",
            f"지원하지 않는 형식 '{kind}' (가능: {known})",
            f"no picture format '{kind}' (there are: {known})",
            str(target),
        )
    draw = svg if kind == "svg" else dot
    text = draw(lifecycle, lang=lang, guards=guards, roles=roles, vocabulary=vocabulary)
    write_output(target, text if kind == "svg" else _png(text))


def picture(
    lifecycle: Lifecycle, *, lang: str = "ko", counts: Mapping[str, int] | None = None
) -> str:
    """Return the lifecycle as SVG for embedding in a page; `counts` adds to a state's name how many
    projects are in it."""
    shown = lifecycle
    if counts is not None:
        states = {
            name: attrs.evolve(
                state,
                label=Label(
                    f"{state.label.ko} ({counts.get(name, 0)})",
                    f"{state.label.en} ({counts.get(name, 0)})",
                ),
            )
            for name, state in lifecycle.states.items()
        }
        shown = attrs.evolve(lifecycle, states=states)
    return svg(shown, lang=lang)


def _png(dot_text: str) -> bytes:
    program = shutil.which("dot")
    if program is None:
        raise _unable(
            "graphviz_missing",
            "PNG를 만들려면 Graphviz의 'dot'이 필요합니다 (Debian·Ubuntu: graphviz 패키지). "
            "SVG, Mermaid, DOT은 없어도 만들 수 있습니다.",
            "PNG needs Graphviz's 'dot' (Debian and Ubuntu: the package graphviz); "
            "SVG, Mermaid and DOT do not.",
        )
    try:
        done = subprocess.run(  # noqa: S603 - no shell; what is drawn goes in as text
            [program, "-Tpng"],
            input=dot_text.encode(),
            capture_output=True,
            timeout=_LONGEST_WAIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _unable(
            "graphviz_failed",
            f"Graphviz가 {_LONGEST_WAIT}초 안에 그리지 못했습니다.",
            f"Graphviz did not finish within {_LONGEST_WAIT} seconds.",
        ) from None
    if done.returncode != 0 or not done.stdout:
        told = done.stderr.decode(errors="replace").strip()
        raise _unable(
            "graphviz_failed",
            f"Graphviz가 그리지 못했습니다: {told}",
            f"Graphviz could not draw it: {told}",
        )
    return done.stdout


def _unable(code: str, ko: str, en: str, file: str | None = None) -> InvalidInput:
    return invalid(
        code,
        ko=ko,
        en=en,
        file=file,
    )
