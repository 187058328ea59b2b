"""Pictures of a lifecycle: text that parses, whatever the labels are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.errors import InvalidInput
from evalflow.files.yaml import read
from evalflow.lifecycle import diagram
from evalflow.lifecycle.definition import Lifecycle
from evalflow.lifecycle.diagram import dot, mermaid, render
from evalflow.lifecycle.load import lifecycle_from_tree, load_lifecycle
from evalflow.model import Label
from lifecycle_strategies import ORDER, VOCABULARY, lifecycles

MAJOR_WORKS = load_lifecycle("major-works", vocabulary=VOCABULARY)
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
    assert seen.asides == 1
    assert seen.labels["lifecycle_major_works"] == "주요업무 시행 및 평가"
    assert seen.labels["region_change"] == "변경"
    assert seen.labels["state_self_evaluated"] == "자체평가"


def test_every_edge_is_drawn_and_every_region_starts_somewhere() -> None:
    seen = drawing(mermaid(MAJOR_WORKS, lang="en"))
    starts = [edge for edge in seen.edges if edge[0] == "[*]"]
    assert [target for _, target, _ in starts] == ["state_planned", "state_unchanged"]
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
    assert text.count(" -> state_") == 2 + sum(
        len(event.transitions) for event in MAJOR_WORKS.events.values()
    )
    assert "subgraph cluster_change {" in text
    assert "Noto Sans CJK KR" in text
    assert "peripheries=2" in dot(ONE_REGION)


@given(NASTY)
def test_any_label_is_quoted_in_dot(words: str) -> None:
    for line in dot(relabelled(MAJOR_WORKS, words), guards=True, roles=True).splitlines():
        assert DOT_LINE.fullmatch(line.strip()), line


needs_graphviz = pytest.mark.skipif(
    shutil.which("dot") is None, reason="not on this machine: Graphviz (apt-get install graphviz)"
)


@needs_graphviz
@pytest.mark.parametrize("words", ["정상 확정", '"\\"; } -> [x] <b>&amp;', "\\N\\l"])
def test_graphviz_draws_what_dot_says(tmp_path: Path, words: str) -> None:
    file = tmp_path / "lifecycle.svg"
    render(dot(relabelled(MAJOR_WORKS, words)), file)
    texts = [element.text for element in ET.parse(file).iter() if element.text]
    assert texts.count(words) == 1 + len(MAJOR_WORKS.regions) + len(MAJOR_WORKS.states) + sum(
        len(event.transitions) for event in MAJOR_WORKS.events.values()
    )


@needs_graphviz
def test_a_picture_may_be_png(tmp_path: Path) -> None:
    render(dot(MAJOR_WORKS), tmp_path / "lifecycle.PNG")
    assert (tmp_path / "lifecycle.PNG").read_bytes().startswith(b"\x89PNG")


@needs_graphviz
def test_what_graphviz_says_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        render("digraph {", tmp_path / "broken.svg")
    assert "syntax error" in caught.value.text("en")
    assert not (tmp_path / "broken.svg").exists()


def test_an_unknown_picture_format_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        render("digraph {}", tmp_path / "lifecycle.gif")
    assert "svg, png" in caught.value.text("ko")


def test_without_graphviz_the_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(InvalidInput) as caught:
        render(dot(MAJOR_WORKS), tmp_path / "lifecycle.svg")
    assert caught.value.problems[0].code == "graphviz_missing"
    assert "graphviz" in caught.value.text("en")
    assert "fonts-noto-cjk" in caught.value.text("ko")


def test_a_graphviz_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("dot", 60)

    monkeypatch.setattr(shutil, "which", lambda _: "dot")
    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(InvalidInput) as caught:
        render(dot(MAJOR_WORKS), tmp_path / "lifecycle.svg")
    assert caught.value.problems[0].code == "graphviz_failed"
    assert diagram.PICTURES == ("svg", "png")
