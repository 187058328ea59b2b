"""A lifecycle as SVG, by a layout of our own (`layout`): nothing has to be installed for it.

Regions stand one below the other, as the parallel parts that they are. An event that leaves the
state as it is stands inside the state's box, as an internal transition does in UML; events between
the same two states share an arrow. How wide a text will be is reckoned from the East Asian width of
its letters, a little generously, for the font is not known here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from evalflow.lifecycle.layout import Laid, Line, lay
from evalflow.model.values import frozen

STATE, EVENT = 13, 11
"""Sizes of letters in pixels: states and titles, events."""

_LONGEST = 200  # pixels after which a text goes on in the next line, at a space
_PAD = 10
_MARGIN = 12
_BETWEEN = 4  # pixels between two events above one arrow
_START = 10


@frozen
class Arrow:
    """An edge as drawn: between two states of a region, or from one to itself, with its text."""

    source: str
    target: str
    text: str


@frozen
class Part:
    """A region as drawn: its title, the texts of its states, which are final, its edges."""

    title: str
    states: Mapping[str, str]
    initial: str
    final: frozenset[str]
    arrows: Sequence[Arrow]


def svg(title: str, parts: Sequence[Part], fonts: str) -> str:
    """Return the drawing of a lifecycle's regions as one `<svg>` element, in the `fonts` named."""
    body: list[str] = []
    y = _MARGIN
    y += _height(STATE)
    body.append(_text(title, _MARGIN, y - 4, STATE, style=' font-weight="bold"', wrap=False))
    y += 8
    width = _MARGIN + _width(title, STATE)
    for part in parts:
        drawn, wide, high = _part(part)
        body.append(f'<g class="region" transform="translate({_MARGIN} {y})">')
        body.extend(drawn)
        body.append("</g>")
        width = max(width, _MARGIN + wide)
        y += high + _MARGIN
    width += _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
            f'viewBox="0 0 {width} {y}" font-family={quoteattr(fonts)}>',
            f"<title>{escape(_plain(title))}</title>",
            f'<rect class="paper" width="{width}" height="{y}" fill="#ffffff"/>',
            *body,
            "</svg>\n",
        ]
    )


# ----------------------------------------------------------------- regions


def _part(part: Part) -> tuple[list[str], int, int]:
    """Return a region's elements, width and height."""
    stays: dict[str, list[str]] = {name: [] for name in part.states}
    moves: dict[tuple[str, str], list[str]] = {}
    for arrow in part.arrows:
        same = arrow.source == arrow.target
        texts = stays[arrow.source] if same else moves.setdefault((arrow.source, arrow.target), [])
        if arrow.text not in texts:
            texts.append(arrow.text)
    laid = lay(
        {name: _state_size(text, stays[name]) for name, text in part.states.items()},
        [(*ends, _label_size(texts)) for ends, texts in moves.items()],
        part.initial,
        _START,
    )
    top = _height(STATE) + 14
    wide = max(laid.width, _width(part.title, STATE)) + 2 * _PAD
    high = laid.height + top + _PAD
    elements = [
        f'<rect class="frame" width="{wide}" height="{high}" rx="8" fill="none" stroke="#9aa0a6" '
        f'stroke-dasharray="4 3"/>',
        _text(part.title, _PAD, _height(STATE) + 2, STATE, wrap=False),
        f'<g transform="translate({_PAD} {top})">',
        *_start(laid),
    ]
    for ((source, target), texts), line in zip(moves.items(), laid.lines, strict=True):
        ends = f"{part.states[source]} → {part.states[target]}"
        elements.extend(_edge(ends, texts, line))
    for name, text in part.states.items():
        elements.extend(_state(name, text, stays[name], laid, final=name in part.final))
    return [*elements, "</g>"], wide, high


def _start(laid: Laid) -> Iterator[str]:
    x, y = laid.start
    yield f'<circle class="start" cx="{x}" cy="{y}" r="{_START // 2}" fill="#202124"/>'
    yield f'<path class="line" d="{_path(laid.first)}" fill="none" stroke="#5f6368"/>'
    yield _head(laid.first)


def _state(name: str, text: str, stays: list[str], laid: Laid, *, final: bool) -> Iterator[str]:
    x, y, width, height = laid.states[name]
    yield f'<g class="state" data-state="{name}">'
    yield (
        f'<rect class="box" x="{x}" y="{y}" width="{width}" height="{height}" rx="6" '
        f'fill="#f1f3f4" stroke="#3c4043"/>'
    )
    if final:
        yield (
            f'<rect class="end" x="{x + 3}" y="{y + 3}" width="{width - 6}" '
            f'height="{height - 6}" rx="4" fill="none" stroke="#3c4043"/>'
        )
    own = len(_lines(text, STATE)) * _height(STATE) + 2 * _PAD - 4
    inner = _inner(stays)
    below = y + (height - own - inner) // 2
    yield _text(text, x + width // 2, below + own // 2, STATE, middle=True)
    below += own
    if stays:
        yield (
            f'<path class="rule" d="M{x + 6} {below}H{x + width - 6}" fill="none" '
            f'stroke="#9aa0a6"/>'
        )
        below += 6
    for each in stays:
        rows = len(_lines(each, EVENT))
        yield _loop(x + _PAD - 2, below + _height(EVENT) // 2)
        yield _text(each, x + _PAD + 12, below + _height(EVENT) - 4, EVENT)
        below += rows * _height(EVENT) + 2
    yield "</g>"


def _loop(x: int, y: int) -> str:
    """Draw the sign of an event that stays where it is: a line that comes back."""
    return (
        f'<path class="line" d="M{x + 7} {y - 3}A4 4 0 1 0 {x + 8} {y + 2}" fill="none" '
        f'stroke="#5f6368"/><path class="head" d="M{x + 9} {y - 5}v5h-5z" fill="#5f6368"/>'
    )


def _edge(ends: str, texts: list[str], line: Line) -> Iterator[str]:
    yield '<g class="edge">'
    yield f"<title>{escape(_plain(ends))}</title>"
    yield f'<path class="line" d="{_path(line)}" fill="none" stroke="#5f6368"/>'
    yield _head(line)
    if line.label is not None:
        x, y = line.label
        x += _label_size(texts)[0] // 2
        for each in texts:
            rows = len(_lines(each, EVENT))
            yield _text(each, x, y + _height(EVENT) - 4, EVENT, middle=True, lift=False)
            y += rows * _height(EVENT) + _BETWEEN
    yield "</g>"


def _path(line: Line) -> str:
    """Return level strokes with a curve from each to the next, which is level at its ends."""
    (x, _, y), *_ = line.strokes
    path = [f"M{x} {y}"]
    for (_, a, low), (b, _, high) in pairwise(line.strokes):
        path.append(f"H{a}")
        path.append(
            f"H{b}" if low == high else f"C{(a + b) // 2} {low} {(a + b) // 2} {high} {b} {high}"
        )
    return "".join([*path, f"H{line.strokes[-1][1]}"])


def _head(line: Line) -> str:
    if line.backward:
        x, _, y = line.strokes[0]
        path = f"M{x} {y}l8 -4v8z"
    else:
        _, x, y = line.strokes[-1]
        path = f"M{x} {y}l-8 -4v8z"
    return f'<path class="head" d="{path}" fill="#5f6368"/>'


# ----------------------------------------------------------------- texts


def _state_size(text: str, stays: list[str]) -> tuple[int, int]:
    lines = _lines(text, STATE)
    width = max(_width(line, STATE) for line in lines)
    inner = [_width(line, EVENT) + 14 for each in stays for line in _lines(each, EVENT)]
    return (
        max([width, *inner]) + 2 * _PAD,
        len(lines) * _height(STATE) + 2 * _PAD - 4 + _inner(stays),
    )


def _inner(stays: list[str]) -> int:
    """Return how much height the events inside a state take."""
    if not stays:
        return 0
    return 10 + sum(len(_lines(each, EVENT)) * _height(EVENT) + 2 for each in stays)


def _label_size(texts: list[str]) -> tuple[int, int]:
    lines = [_lines(each, EVENT) for each in texts]
    width = max(_width(line, EVENT) for each in lines for line in each)
    rows = sum(len(each) for each in lines)
    return width, rows * _height(EVENT) + _BETWEEN * (len(lines) - 1)


def _text(
    text: str,
    x: int,
    y: int,
    size: int,
    *,
    middle: bool = False,
    lift: bool = True,
    wrap: bool = True,
    style: str = "",
) -> str:
    """Draw `text`, its first line on `y`; with `middle` about `x`, and with `lift` about `y`."""
    lines = _lines(text, size) if wrap else [_plain(text)]
    anchor = ' text-anchor="middle"' if middle else ""
    if middle and lift:
        y += size // 3 - (len(lines) - 1) * _height(size) // 2
    inside = escape(lines[0])
    for line in lines[1:]:
        inside += f' <tspan x="{x}" dy="{_height(size)}">{escape(line)}</tspan>'
    return f'<text x="{x}" y="{y}" font-size="{size}"{anchor}{style}>{inside}</text>'


def _lines(text: str, size: int) -> list[str]:
    """Break a long text at its spaces, and a word that is too long by itself anywhere."""
    lines = [""]
    for word in _plain(text).split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if _width(longer, size) <= _LONGEST or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _plain(text: str) -> str:
    """Return the text in one line, without what XML cannot hold."""
    return " ".join("".join(char if _may_stand(char) else " " for char in text).split())


def _may_stand(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cs"} and char not in "\ufffe\uffff"


def _height(size: int) -> int:
    return size + 4


def _width(text: str, size: int) -> int:
    """Return how wide a text is in most fonts, in pixels, rounded up."""
    return -(-sum(map(_hundredths, text)) * size // 100)


def _hundredths(char: str) -> int:
    """Return a letter's width in hundredths of its size."""
    if unicodedata.combining(char):
        return 0
    if unicodedata.east_asian_width(char) in "WFA":
        return 100
    if char in "mwMW@%":
        return 95
    if char in " .,:;'|!ijlftrI()[]":
        return 38
    return 72 if char.isupper() else 60
