"""Files over files: what comes out, in which order, and where it stands."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from evalflow.files.merge import merge
from evalflow.files.yaml import Document, read
from evalflow.files.yaml_writer import yaml_text

keys = st.sampled_from("abcdef")
values = st.recursive(
    st.sampled_from(["1", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)
mappings = st.dictionaries(keys, values, min_size=1, max_size=6)


def document(tree: Any, name: str) -> Document:
    return read(yaml_text(tree).encode(), name=name)


def expected(below: Any, above: Any) -> Any:
    """What RFC 7396 says, for two mappings."""
    result = {**below}
    for key, value in above.items():
        if value is None:
            result.pop(key)
        elif isinstance(value, dict):
            old = below.get(key)
            result[key] = expected(old if isinstance(old, dict) else {}, value)
        else:
            result[key] = value
    return result


@given(mappings, mappings)
def test_it_is_a_merge_patch_unless_a_mapping_would_drop_a_list(below: Any, above: Any) -> None:
    merged, problems = merge(document(below, "base"), document(above, "over"))

    dropped = [problem for problem in problems if problem.code == "mapping_over_list"]
    assert problems == dropped
    if not problems:
        assert merged.tree == expected(below, above)


@given(mappings)
def test_over_itself_a_file_stays_what_it_is_down_to_the_order(tree: Any) -> None:
    merged, problems = merge(document(tree, "base"), document(tree, "over"))

    assert json.dumps(merged.tree) == json.dumps(tree)
    assert problems == []


@given(st.permutations("abcdef"), st.lists(keys, unique=True, min_size=1), keys)
def test_the_upper_files_order_counts(base: list[str], named: list[str], new: str) -> None:
    below = {key: "1" for key in base if key != new}
    above = dict.fromkeys([*(key for key in named if key != new), new], "2")

    merged, _ = merge(document(below, "base"), document(above, "over"))

    order = list(merged.tree)
    assert [key for key in order if key in above] == list(above) or list(above) == [new]
    untouched = [key for key in order if key not in above]
    assert untouched == [key for key in below if key not in above]
    if list(above) == [new]:
        assert order == [*below, new]


def test_places_are_those_of_the_file_that_has_the_last_word() -> None:
    base = read(b"a:\n  b: 1\n  c: [x, y]\nd:\n  e: 1\n", name="base.yaml")
    over = read(b"# over\na:\n  c: [z]\n", name="over.yaml")

    merged, _ = merge(base, over)

    def at(*path: str | int) -> tuple[str, int]:
        return merged.file(path), merged.place(path)[0]

    assert at("a", "b") == ("base.yaml", 2)
    assert at("a", "c", 0) == ("over.yaml", 3)
    assert at("a") == ("over.yaml", 3)
    assert at("d", "e") == ("base.yaml", 5)
    assert (merged.file(("d",)), merged.key_place(("d",))) == ("base.yaml", (4, 1))
    assert at("a", "nothing") == ("over.yaml", 3)
