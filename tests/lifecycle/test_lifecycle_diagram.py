"""Pictures of a lifecycle: text that parses, whatever the labels are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalflow.errors import InvalidInput
from evalflow.files.yaml import read
from evalflow.lifecycle import diagram
from evalflow.lifecycle.definition import Lifecycle, Region, State, Transition
from evalflow.lifecycle.diagram import dot, mermaid, picture, save, svg
from evalflow.lifecycle.load import lifecycle_from_tree, load_lifecycle
from evalflow.lifecycle.sources import presets
from evalflow.model import Label
from lifecycle_strategies import ORDER, VOCABULARY, lifecycles

MAJOR_WORKS = load_lifecycle("major-works/2", vocabulary=VOCABULARY)
ONE_REGION = lifecycle_from_tree(
    read(
        (ORDER[: ORDER.index("  complaint:")] + ORDER[ORDER.index("events:") :])
        .replace("      - {from: complained, to: none_made}\n", "")
        .replace("{from: none_made, to: complained}", "{from: ordered}")
        .encode()
    ).tree,
    VOCABULARY,
)

# --------------------------------------------------------------------------- Mermaid

# A label: letters and harmless signs, anything else as an entity. What Mermaid's lexer takes for
# a sign (`:` `;` `"` `#` `<` …) and what it looks for even inside quotes (`[[fork]]`,
# `direction LR`) must not be there; found by trying it out on Mermaid 11's own parser.
LABEL = r"(?:[^\"#;:<>{}&\\`*%\[\n]|\[(?!\[)|#\d+;)+?"
LINES = {
    "open": rf'state "({LABEL})" as ([A-Za-z]\w*) {{',
    "state": rf'state "({LABEL})" as ([A-Za-z]\w*)',
    "edge": rf"(\[\*\]|[A-Za-z]\w*) --> (\[\*\]|[A-Za-z]\w*)(?: : ({LABEL}))?",
    "aside": "--",
    "close": "}",
}


@attrs.frozen
class Drawing:
    """What a strict reader makes of Mermaid text."""

    labels: dict[str, str]
    edges: list[tuple[str, str, str]]
    asides: int


def drawing(text: str) -> Drawing:
    """Read Mermaid text by the grammar above; anything else is a failure."""
    first, *lines = text.splitlines()
    assert first == "stateDiagram-v2"
    labels: dict[str, str] = {}
    edges: list[tuple[str, str, str]] = []
    depth = asides = 0
    for line in lines:
        kind, match = next(
            (kind, match)
            for kind, pattern in LINES.items()
            if (match := re.fullmatch(pattern, line.strip()))
        )
        assert line.startswith("    " * (depth + (kind != "close")))
        depth += {"open": 1, "close": -1}.get(kind, 0)
        if kind in ("open", "state"):
            assert match[2] not in labels, "every id once"
            assert "direction " not in match[1]
            labels[match[2]] = read_label(match[1])
        elif kind == "edge":
            edges.append((match[1], match[2], read_label(match[3] or "")))
        asides += kind == "aside"
    assert depth == 0
    assert {end for edge in edges for end in edge[:2]} - {"[*]"} <= labels.keys()
    return Drawing(labels, edges, asides)


def read_label(text: str) -> str:
    return re.sub(r"#(\d+);", lambda entity: chr(int(entity[1])), text)


def test_regions_are_drawn_side_by_side() -> None:
    seen = drawing(mermaid(MAJOR_WORKS))
    assert seen.asides == len(MAJOR_WORKS.regions) - 1
    assert seen.labels["lifecycle_major_works"] == "주요업무 시행 및 평가"
    assert seen.labels["region_change"] == "변경"
    assert seen.labels["state_self_evaluated"] == "자체평가"


def test_every_edge_is_drawn_and_every_region_starts_somewhere() -> None:
    seen = drawing(mermaid(MAJOR_WORKS, lang="en"))
    starts = [edge for edge in seen.edges if edge[0] == "[*]"]
    assert [target for _, target, _ in starts] == [
        f"state_{region.initial}" for region in MAJOR_WORKS.regions.values()
    ]
    expected = [
        (f"state_{t.source}", f"state_{t.target}", event.label.en)
        for event in MAJOR_WORKS.events.values()
        for t in event.transitions
    ]
    assert sorted(edge for edge in seen.edges if edge[0] != "[*]") == sorted(expected)


def test_guards_and_roles_are_told_on_request() -> None:
    plain = drawing(mermaid(MAJOR_WORKS))
    assert ("state_submitted", "state_reviewed", "종합평가") in plain.edges
    full = drawing(mermaid(MAJOR_WORKS, guards=True, roles=True, vocabulary=VOCABULARY))
    edge = ("state_submitted", "state_reviewed", "종합평가 [이행률 검토] / 정책기획담당관")
    assert edge in full.edges
    named = drawing(mermaid(MAJOR_WORKS, guards=True))
    assert ("state_submitted", "state_reviewed", "종합평가 [rates_judged]") in named.edges
    spots = [label for _, _, label in full.edges if label.startswith("수시평가")]
    assert "수시평가 [평가 결과(as=lagging)] / 정책기획담당관" in spots


def test_what_follows_in_another_region_is_not_told_twice() -> None:
    """Guards and roles are those of the firing: they stand on the leading edge."""
    full = drawing(mermaid(MAJOR_WORKS, guards=True, roles=True))
    assert ("state_change_approved", "state_unchanged", "자체평가 [change_is_filed]") in full.edges


def test_one_region_needs_no_frame_and_an_end_is_an_end() -> None:
    seen = drawing(mermaid(ONE_REGION))
    assert seen.asides == 0
    assert "lifecycle_corrective_order" not in seen.labels
    assert ("state_verified", "[*]", "") in seen.edges


NASTY = st.text(
    st.one_of(
        st.sampled_from("\"#;:<>{}[]()&\\`*_%|~가나 \t\n'!$^="),
        st.characters(exclude_categories=["Cs", "Cc"]),
    ),
    min_size=1,
    max_size=20,
) | st.sampled_from(["direction LR", "[[fork]]", "end note", "state", "-->", "--", "#quot;"])


def relabelled(lifecycle: Lifecycle, words: str) -> Lifecycle:
    label = Label(words, words)
    return attrs.evolve(
        lifecycle,
        label=label,
        states={n: attrs.evolve(s, label=label) for n, s in lifecycle.states.items()},
        events={n: attrs.evolve(e, label=label) for n, e in lifecycle.events.items()},
        regions={n: attrs.evolve(r, label=label) for n, r in lifecycle.regions.items()},
    )


@given(NASTY.filter(str.strip))
def test_any_label_is_drawn_as_it_is(words: str) -> None:
    seen = drawing(mermaid(relabelled(MAJOR_WORKS, words)))
    shown = " ".join(words.split())
    assert set(seen.labels.values()) == {shown}
    assert {label for start, _, label in seen.edges if start != "[*]"} == {shown}


@given(lifecycles())
def test_any_lifecycle_is_drawn_whole(lifecycle: Lifecycle) -> None:
    seen = drawing(mermaid(lifecycle, guards=True, roles=True))
    edges = [t for event in lifecycle.events.values() for t in event.transitions]
    assert len(seen.edges) == len(edges) + len(lifecycle.regions)
    assert {f"state_{name}" for name in lifecycle.states} <= seen.labels.keys()


# --------------------------------------------------------------------------- DOT and pictures

QUOTED = r'"(?:[^"\\\n]|\\["\\])*"'
ATTRIBUTES = rf"\[[a-z]+=(?:{QUOTED}|\w+)(?:, [a-z]+=(?:{QUOTED}|\w+))*\]"
DOT_LINE = re.compile(
    rf"digraph {QUOTED} {{|subgraph \w+ {{|label={QUOTED};|}}"
    rf"|(?:graph|node|edge|\w+(?: -> \w+)?)(?: {ATTRIBUTES})?;"
)


def test_dot_has_every_state_and_edge() -> None:
    text = dot(MAJOR_WORKS, lang="en")
    assert 'state_lagging [label="Lagging"];' in text
    assert 'state_reviewed -> state_lagging [label="Flag as lagging"];' in text
    assert text.count(" -> state_") == len(MAJOR_WORKS.regions) + sum(
        len(event.transitions) for event in MAJOR_WORKS.events.values()
    )
    assert "subgraph cluster_change {" in text
    assert "Noto Sans CJK KR" in text
    assert "peripheries=2" in dot(ONE_REGION)


@given(NASTY)
def test_any_label_is_quoted_in_dot(words: str) -> None:
    for line in dot(relabelled(MAJOR_WORKS, words), guards=True, roles=True).splitlines():
        assert DOT_LINE.fullmatch(line.strip()), line


# --------------------------------------------------------------------------- SVG

SVG = "{http://www.w3.org/2000/svg}"
Box = tuple[int, int, int, int]  # left, top, right, bottom
Point = tuple[int, int]


@attrs.frozen
class Seen:
    """What a strict reader makes of our SVG, everything in one system of coordinates."""

    texts: list[tuple[str, Box]]
    states: dict[str, tuple[str, Box]]
    stays: list[tuple[str, str]]
    edges: list[tuple[str, tuple[str, ...]]]
    lines: list[tuple[Point, ...]]
    width: int
    height: int


def breadth(text: str, size: int) -> int:
    """Return how wide a text is, roughly: an em for each wide letter, 0.55 of it for others."""
    hundredths = sum(
        0
        if unicodedata.combining(char)
        else 100
        if unicodedata.east_asian_width(char) in "WF"
        else 30
        if char in " .,:;|!'ijl()[]"
        else 55
        for char in text
    )
    return hundredths * size // 100


def seen(text: str) -> Seen:
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    found = Seen([], {}, [], [], [], int(root.get("width", "0")), int(root.get("height", "0")))
    for child in root:
        _look(child, (0, 0), found)
    return found


def _look(element: ET.Element, at: Point, found: Seen) -> None:
    tag = element.tag.removeprefix(SVG)
    kind = element.get("class")
    if moved := re.fullmatch(r"translate\((\d+) (\d+)\)", element.get("transform", "")):
        at = at[0] + int(moved[1]), at[1] + int(moved[2])
    if tag == "text":
        found.texts.extend(_text(element, at))
    elif tag == "path" and kind == "line":
        found.lines.append(tuple(_walk(element.get("d", ""), at)))
    elif kind == "state":
        label, *stays = ["".join(each.itertext()) for each in element.iter(f"{SVG}text")]
        (box,) = (r for r in element.iter(f"{SVG}rect") if r.get("class") == "box")
        x, y, w, h = (int(box.get(key, "")) for key in ("x", "y", "width", "height"))
        name = element.get("data-state", "")
        found.states[name] = label, (x + at[0], y + at[1], x + at[0] + w, y + at[1] + h)
        found.stays.extend((name, each) for each in stays)
    elif kind == "edge":
        texts = tuple("".join(each.itertext()) for each in element.iter(f"{SVG}text"))
        found.edges.append((element.findtext(f"{SVG}title", ""), texts))
    for child in element:
        _look(child, at, found)


def _text(element: ET.Element, at: Point) -> Iterator[tuple[str, Box]]:
    """Yield each line of a text with its box."""
    size = int(element.get("font-size", ""))
    x, y = int(element.get("x", "")) + at[0], int(element.get("y", "")) + at[1]
    lines = [element.text or "", *((each.text or "") for each in element)]
    for number, line in enumerate(lines):
        wide = breadth(line.strip(), size)
        left = x - wide // 2 if element.get("text-anchor") == "middle" else x
        base = y + number * (size + 4)
        yield line.strip(), (left, base - size * 4 // 5, left + wide, base + size // 5)


def _walk(path: str, at: Point) -> Iterator[Point]:
    """Yield points along a path, close together."""
    x = y = 0
    for sign, numbers in re.findall(r"([MHCA])([^MHCA]*)", path):
        values = [int(each) for each in numbers.split()]
        if sign == "M":
            x, y = values
        elif sign == "A":  # the sign of an event that stays
            x, y = values[-2:]
        else:
            ends = (x, y, x, y, values[0], y, values[0], y) if sign == "H" else (x, y, *values)
            for step in range(101):
                t, u = step, 100 - step
                parts = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
                px = sum(p * e for p, e in zip(parts, ends[::2], strict=True)) // 100**3
                py = sum(p * e for p, e in zip(parts, ends[1::2], strict=True)) // 100**3
                yield px + at[0], py + at[1]
            x, y = ends[-2:]


def inside(point: Point, box: Box) -> bool:
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def check_picture(lifecycle: Lifecycle, text: str, lang: str) -> Seen:
    """Hold a picture to what it promises: everything is there, and nothing lies on anything."""
    picture = seen(text)
    labels = {name: state.label.text(lang) for name, state in lifecycle.states.items()}
    assert {name: label for name, (label, _) in picture.states.items()} == labels
    edges = {
        (t.source, t.target, event.label.text(lang))
        for event in lifecycle.events.values()
        for t in event.transitions
    }
    assert sorted(picture.stays) == sorted((a, text) for a, b, text in edges if a == b)
    told = sorted((title, each) for title, texts in picture.edges for each in texts)
    moves = sorted((f"{labels[a]} → {labels[b]}", text) for a, b, text in edges if a != b)
    assert told == moves
    for line, box in picture.texts:
        assert box[0] >= 0, line
        assert box[2] <= picture.width, line
        assert not [points for points in picture.lines if any(inside(p, box) for p in points)], line
    for number, (line, box) in enumerate(picture.texts):
        for other, another in picture.texts[number + 1 :]:
            assert not overlap(box, another), (line, other)
    for name, (_, box) in picture.states.items():
        for points in picture.lines:
            assert not any(inside(p, box) for p in points), name
        for other, (_, another) in picture.states.items():
            assert name == other or not overlap(box, another)
    return picture


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("name", presets())
def test_no_line_of_a_preset_runs_through_a_label(name: str, lang: str) -> None:
    lifecycle = load_lifecycle(name, vocabulary=VOCABULARY)
    check_picture(lifecycle, svg(lifecycle, lang=lang), lang)


@given(lifecycles())
def test_no_line_of_any_lifecycle_runs_through_a_label(lifecycle: Lifecycle) -> None:
    check_picture(lifecycle, svg(lifecycle), "ko")


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_nor_where_every_state_leads_to_every_other(data: st.DataObject) -> None:
    """Far more arrows than an office would draw, with names of any length."""
    many = data.draw(st.integers(2, 7))
    words = st.text("가나다 ab", min_size=1, max_size=40).filter(str.strip)
    labels = [Label(*[" ".join(data.draw(words).split())] * 2) for _ in range(many)]
    names = [f"s{number}" for number in range(many)]
    base = MAJOR_WORKS.events["submit"]
    events = {
        f"{a}{b}": attrs.evolve(
            base,
            name=f"{a}{b}",
            label=Label(*[" ".join(data.draw(words).split())] * 2),
            transitions=(Transition(event=f"{a}{b}", region="all", source=a, target=b),),
            leads="all",
            guards=(),
        )
        for a in names
        for b in names
        if data.draw(st.booleans())
    }
    region = Region(
        name="all", label=labels[0], initial=data.draw(st.sampled_from(names)), states=tuple(names)
    )
    lifecycle = attrs.evolve(
        MAJOR_WORKS,
        regions={"all": region},
        states={
            name: State(name=name, label=label, region="all")
            for name, label in zip(names, labels, strict=True)
        },
        events=events,
    )
    check_picture(lifecycle, svg(lifecycle), "ko")


def test_a_line_through_a_label_would_be_seen() -> None:
    """The check itself can fail: the picture with one label moved down by 7 pixels, its line."""
    text = svg(MAJOR_WORKS)
    place = re.search(r'<text x="\d+" y="(\d+)"[^>]*>수시평가</text>\n</g>', text)
    assert place
    moved = text[: place.start(1)] + str(int(place[1]) + 7) + text[place.end(1) :]
    check_picture(MAJOR_WORKS, text, "ko")
    with pytest.raises(AssertionError):
        check_picture(MAJOR_WORKS, moved, "ko")


def test_guards_and_roles_are_in_the_picture_on_request() -> None:
    full = seen(svg(MAJOR_WORKS, guards=True, roles=True, vocabulary=VOCABULARY))
    told = {text for _, texts in full.edges for text in texts}
    assert "종합평가 [이행률 검토] / 정책기획담당관" in told
    assert ("planned", "기한연장 / 정책기획담당관") in full.stays


def test_an_end_has_a_double_border_and_each_region_a_start_and_a_title() -> None:
    root = ET.fromstring(svg(ONE_REGION))
    ends = [e for e in root.iter(f"{SVG}rect") if e.get("class") == "end"]
    assert len(ends) == 1
    root = ET.fromstring(svg(MAJOR_WORKS, lang="en"))
    starts = [e for e in root.iter(f"{SVG}circle") if e.get("class") == "start"]
    assert len(starts) == len(MAJOR_WORKS.regions)
    assert root.findtext(f"{SVG}title") == MAJOR_WORKS.label.en
    assert {"Evaluation", "Change"} <= {e.text for e in root.iter(f"{SVG}text")}


@given(NASTY)
def test_any_label_is_in_the_picture_as_it_is(words: str) -> None:
    texts = [
        "".join(each.itertext())
        for each in ET.fromstring(svg(relabelled(MAJOR_WORKS, words))).iter(f"{SVG}text")
    ]
    shown = " ".join(words.replace("\ufffe", " ").replace("\uffff", " ").split())
    assert set(texts) == {shown}


def test_counts_stand_behind_the_states() -> None:
    text = picture(MAJOR_WORKS, lang="en", counts={"lagging": 3})
    assert text.startswith("<svg ")
    assert ">Lagging (3)<" in text
    assert ">Planned (0)<" in text


def test_one_lifecycle_gives_one_picture_whatever_the_hashes_are() -> None:
    code = (
        "import evalflow, hashlib\n"
        "from evalflow.lifecycle.sources import presets\n"
        "text = ''.join(evalflow.picture(evalflow.load_lifecycle(n)) for n in presets())\n"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


# --------------------------------------------------------------------------- files

needs_graphviz = pytest.mark.skipif(
    shutil.which("dot") is None, reason="not on this machine: Graphviz (apt-get install graphviz)"
)


def test_a_picture_needs_nothing_but_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    save(MAJOR_WORKS, tmp_path / "lifecycle.SVG")
    assert (tmp_path / "lifecycle.SVG").read_text("utf-8") == svg(MAJOR_WORKS)


@needs_graphviz
@pytest.mark.parametrize("words", ["정상 확정", '"\\"; } -> [x] <b>&amp;', "\\N\\l"])
def test_graphviz_draws_what_dot_says(words: str) -> None:
    drawn = subprocess.run(
        ["dot", "-Tsvg"],
        input=dot(relabelled(MAJOR_WORKS, words)).encode(),
        capture_output=True,
        check=True,
    ).stdout
    texts = [element.text for element in ET.fromstring(drawn).iter() if element.text]
    assert texts.count(words) == 1 + len(MAJOR_WORKS.regions) + len(MAJOR_WORKS.states) + sum(
        len(event.transitions) for event in MAJOR_WORKS.events.values()
    )


@needs_graphviz
def test_a_picture_may_be_png(tmp_path: Path) -> None:
    save(MAJOR_WORKS, tmp_path / "lifecycle.PNG")
    assert (tmp_path / "lifecycle.PNG").read_bytes().startswith(b"\x89PNG")


def program(folder: Path, script: str) -> str:
    made = folder / "dot"
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    return str(made)


def test_what_graphviz_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = program(tmp_path, "cat >/dev/null; echo 'syntax error in line 1' >&2; exit 1")
    monkeypatch.setattr(shutil, "which", lambda _: broken)
    with pytest.raises(InvalidInput) as caught:
        save(MAJOR_WORKS, tmp_path / "broken.png")
    assert "syntax error" in caught.value.text("en")
    assert not (tmp_path / "broken.png").exists()


def test_an_unknown_picture_format_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        save(MAJOR_WORKS, tmp_path / "lifecycle.gif")
    assert "svg, png" in caught.value.text("ko")


def test_without_graphviz_the_package_is_named_and_what_can_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(InvalidInput) as caught:
        save(MAJOR_WORKS, tmp_path / "lifecycle.png")
    assert caught.value.problems[0].code == "graphviz_missing"
    assert "graphviz" in caught.value.text("en")
    assert "SVG" in caught.value.text("ko")


def test_a_graphviz_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("dot", 60)

    monkeypatch.setattr(shutil, "which", lambda _: "dot")
    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(InvalidInput) as caught:
        save(MAJOR_WORKS, tmp_path / "lifecycle.png")
    assert caught.value.problems[0].code == "graphviz_failed"
    assert diagram.PICTURES == ("svg", "png")
