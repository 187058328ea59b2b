"""YAML as trees of text: what is read, what is refused, and where things stand."""

from __future__ import annotations

import builtins
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from evalflow.errors import InvalidInput, Problem
from evalflow.files.texts import path_text
from evalflow.files.yaml import DEEPEST, LARGEST_FILE, UNPRINTABLE, placed, read
from evalflow.files.yaml_writer import yaml_text


def tree(text: str) -> Any:
    return read(text.encode(), name="f").tree


def problems(source: bytes | str) -> tuple[Problem, ...]:
    data = source.encode() if isinstance(source, str) else source
    with pytest.raises(InvalidInput) as caught:
        read(data, name="f")
    return caught.value.problems


def codes(source: bytes | str) -> list[str]:
    return [problem.code for problem in problems(source)]


def only(source: bytes | str) -> Problem:
    (problem,) = problems(source)
    return problem


@pytest.fixture(params=["C", "Python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either half of PyYAML; everything below holds for both."""
    if request.param == "Python":
        real = builtins.__import__

        def without_c(name: str, *rest: Any) -> Any:
            if name == "yaml.cyaml":
                raise ImportError(name)
            return real(name, *rest)

        monkeypatch.setattr(builtins, "__import__", without_c)
    elif not yaml.__with_libyaml__:
        pytest.skip("not on this machine: PyYAML's C half (a PyYAML from a wheel)")


# --------------------------------------------------------------------------- what is read


@pytest.mark.usefixtures("parser")
def test_every_scalar_stays_the_text_that_was_written() -> None:
    assert tree("a: no\nb: 1.10\nc: 2016-03-01\nd: 0x1F\ne: 1e3\n'on': 010\n") == {
        "a": "no",
        "b": "1.10",
        "c": "2016-03-01",
        "d": "0x1F",
        "e": "1e3",
        "on": "010",
    }


@pytest.mark.usefixtures("parser")
def test_only_an_unquoted_null_is_nothing() -> None:
    assert tree("a:\nb: ~\n") == {
        "a": None,
        "b": None,
    }
    assert tree("c: null\nd: '~'\ne: \"\"\nf: [~, 'null']\n") == {
        "c": None,
        "d": "~",
        "e": "",
        "f": [None, "null"],
    }


@pytest.mark.usefixtures("parser")
def test_an_alias_repeats_what_its_anchor_holds() -> None:
    assert tree("a: &x {k: [1]}\nb: *x\nc: &y 글\nd: *y\n*y : 5\n") == {
        "a": {"k": ["1"]},
        "b": {"k": ["1"]},
        "c": "글",
        "d": "글",
        "글": "5",
    }


def test_text_is_brought_to_the_composed_form() -> None:
    decomposed = "\u1112\u1161\u11ab"  # 한, as macOS writes it
    assert tree(f"{decomposed}: {decomposed}\n") == {"한": "한"}


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    document = read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", name="f")
    assert document.tree == {"a": "1", "b": "2"}
    assert document.key_place(("b",)) == (2, 1)


# --------------------------------------------------------------------------- what is refused


@pytest.mark.usefixtures("parser")
def test_all_problems_that_can_be_seen_are_told_in_reading_order() -> None:
    told = problems("a: 1\na: 2\nb: !!str x\n<<: {c: 1}\n~: 3\n")
    assert [(p.code, p.line, p.column) for p in told] == [
        ("duplicate_key", 2, 1),
        ("tag", 3, 4),
        ("merge_key", 4, 1),
        ("bad_key", 5, 1),
    ]
    assert all(p.file == "f" and p.ko and p.en for p in told)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\n---\nb: 2\n", "several_documents", 2),
        ("? [a]\n: 1\n", "bad_key", 1),
        ("? {a: b}\n: 1\n", "bad_key", 1),
        ("? *a\n: 1\n", "unknown_anchor", 1),
        ("b: &a [1]\n*a : 1\n", "bad_key", 2),
        ("a: &x [*x]\n", "recursive_alias", 1),
        ("a:\n  b: *nobody\n", "unknown_anchor", 2),
        ("a: [1\n", "syntax", 2),
        ("a: b: c\n", "syntax", 1),
        ("a:\n  - 1\n - 2\n", "syntax", 3),
        ("a: 'x\n", "syntax", 2),
        ("# only a remark\n", "empty_file", None),
        ("---\n", "empty_file", None),
        ("~\n", "empty_file", None),
        ('a: "\\0"\n', "unprintable", 1),
        ('a: "\\u202e"\n', "unprintable", 1),
    ],
)
def test_what_is_no_plain_tree_is_refused_with_its_line(
    text: str, code: str, line: int | None
) -> None:
    problem = only(text)
    assert (problem.code, problem.line) == (code, line)


def test_an_empty_file_says_so() -> None:
    assert codes(b"") == codes(b" \n\n") == ["empty_file"]


@pytest.mark.parametrize(
    "character", ["\0", "\x07", "\x85", "\u200b", "\u202e", "\u2066", "\ufeff"]
)
def test_a_character_that_cannot_be_seen_is_refused_even_in_a_remark(character: str) -> None:
    problem = only(f"a: 1\nb: 2 # {character}x\n")
    assert (problem.code, problem.line, problem.column) == ("unprintable", 2, 8)
    assert problem.value == f"U+{ord(character):04X}"


def test_a_cp949_file_is_named_as_one() -> None:
    problem = only("a: 1\n이름: 서대문구\n".encode("cp949"))
    assert (problem.code, problem.line, problem.column) == ("not_utf8", 2, 1)
    assert "CP949" in problem.ko
    assert "CP949" in problem.en


def test_a_utf16_file_is_named_as_one() -> None:
    assert "UTF-16" in only("a: 가\n".encode("utf-16")).en


def test_a_stray_byte_is_told_with_its_place() -> None:
    problem = only(b"a: \xea\xb0\x80\nb: \xff\n")
    assert (problem.line, problem.column, problem.value) == (2, 4, "0xFF")
    assert "CP949" not in problem.ko


@pytest.mark.usefixtures("parser")
def test_aliases_that_blow_up_are_refused_at_once() -> None:
    lines = ["a0: &a0 [" + ",".join("x" * 10) + "]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    before = time.perf_counter()
    assert codes("\n".join(lines)) == ["aliases_blow_up"]
    assert time.perf_counter() - before < 1


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_what_is_nested_too_deep_is_refused(opening: str) -> None:
    assert codes(opening * (DEEPEST + 5)) == ["too_deep"]


def test_a_file_too_large_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("evalflow.files.yaml.LARGEST_FILE", 10)
    (tmp_path / "large.yaml").write_bytes(b"a: 123456789\n")
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path / "large.yaml")
    assert caught.value.problems[0].code == "file_too_large"
    assert LARGEST_FILE > 10


def test_a_missing_file_comes_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("a: 1\n")
    with pytest.raises(InvalidInput) as caught:
        read(str(tmp_path / "plam.yaml"))
    (problem,) = caught.value.problems
    assert problem.code == "no_such_file"
    assert "'plan.yaml'" in problem.ko
    assert problem.file == str(tmp_path / "plam.yaml")


@pytest.mark.parametrize("path", [".", "a\0b"])
def test_what_cannot_be_opened_is_refused(path: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(path)
    assert caught.value.problems[0].code == "unreadable_file"


def test_a_line_indented_with_a_tab_is_explained() -> None:
    assert "탭" in only("a:\n\tb: 1\n").ko


def test_an_open_bracket_is_told_with_where_it_began() -> None:
    assert "it began in line 2" in only("a: 1\nb: [1,\nc: 2\n").en


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_file_is_read_or_refused(content: str | bytes) -> None:
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    try:
        read(data, name="f")
    except InvalidInput as error:
        assert all(p.ko and p.en and p.file == "f" for p in error.problems)


@given(st.text(alphabet="ab:-[]{},&*!|>'\"#%@`?~< \n\t", max_size=40))
def test_both_halves_of_pyyaml_give_the_same_tree(text: str) -> None:
    """Where both read a text; in what they refuse they differ at the edges."""

    def answer(loader: Any) -> Any:
        try:
            return read(text.encode(), name="f").tree
        except InvalidInput:
            return None

    first = answer("C")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evalflow.files.yaml._new_parser", yaml.SafeLoader)
        second = answer("Python")
    assert first == second or first is None or second is None


# --------------------------------------------------------------------------- places

NESTED = """\
a: {x: 1, y: [p, {q: 2}]}
b: &k
  z: 3
c: *k
d:
  - e: 4
    f:
"""


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("a",), (1, 1), (1, 4)),
        (("a", "y", 1, "q"), (1, 19), (1, 22)),
        (("a", "y", 0), (1, 15), (1, 15)),
        (("b", "z"), (3, 3), (3, 6)),
        (("c",), (4, 1), (4, 4)),
        (("c", "z"), (3, 3), (3, 6)),
        (("d", 0, "e"), (6, 5), (6, 8)),
        ((), (1, 1), (1, 1)),
    ],
)
def test_a_document_knows_where_keys_and_values_stand(path: Any, key: Any, value: Any) -> None:
    document = read(NESTED.encode(), name="f")
    assert document.key_place(path) == key
    assert document.place(path) == value


def test_the_place_of_what_is_not_there_is_the_nearest_around_it() -> None:
    document = read(NESTED.encode(), name="f")
    assert document.place(("a", "y", 7, "r")) == document.place(("a", "y"))
    assert document.key_place(("a", "nope", "x")) == document.place(("a",))


texts = st.text(max_size=20).filter(lambda text: not UNPRINTABLE.search(text))
trees = st.recursive(
    st.none() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


def normal(value: Any) -> Any:
    import unicodedata

    if isinstance(value, dict):
        return {unicodedata.normalize("NFC", k): normal(v) for k, v in value.items()}
    if isinstance(value, list):
        return [normal(each) for each in value]
    return None if value is None else unicodedata.normalize("NFC", value)


@given(st.dictionaries(texts, trees, min_size=1, max_size=5))
def test_a_tree_that_is_written_is_read_back(written: dict[str, Any]) -> None:
    assert read(yaml_text(written).encode(), name="f").tree == normal(written)


@given(st.dictionaries(texts, trees, min_size=1, max_size=5), st.data())
def test_every_value_has_a_place_on_the_line_where_it_is_written(
    written: dict[str, Any], data: st.DataObject
) -> None:
    text = yaml_text(written)
    document = read(text.encode(), name="f")
    path: list[str | int] = []
    at: Any = document.tree
    while isinstance(at, dict | list) and at:
        step = data.draw(st.sampled_from(list(at) if isinstance(at, dict) else range(len(at))))
        path.append(step)
        at = at[step]
    line, column = document.place(path)
    rest = "\n".join(text.split("\n")[line - 1 :])[column - 1 :]
    if isinstance(at, str) and at.isalnum() and at.isascii() and at != "null":
        assert rest.lstrip('"').startswith(at)
    assert document.key_place(path) <= (line, column)


# --------------------------------------------------------------------------- placed afterwards


def test_a_problem_that_knows_only_its_path_is_given_its_place() -> None:
    document = read(b"actuals:\n  visits.a: 5\n  b: [1, x]\n", name="data.yaml")
    error = InvalidInput(
        [
            Problem(code="bad", ko="가", en="a", path="actuals.visits.a"),
            Problem(code="bad", ko="나", en="b", path="actuals.b[1]"),
            Problem(code="bad", ko="다", en="c", path="nowhere"),
            Problem(code="bad", ko="라", en="d", file="other", line=9, path="x"),
            Problem(code="bad", ko="마", en="e"),
        ]
    )
    told = placed(error, document).problems
    assert [p.where() for p in told] == [
        "data.yaml:2:13",
        "data.yaml:3:10",
        "data.yaml:1:1",
        "other:9",
        "",
    ]
    assert placed(error, None) is error


def test_a_path_is_shown_as_people_read_it() -> None:
    assert path_text(("projects", "6", "cards", 3, "ko")) == "projects.6.cards[3].ko"
    assert path_text((0, "a")) == "[0].a"


def test_a_document_is_named_by_its_path_unless_told_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1\n")
    assert read(file).name == read(str(file)).name == str(file)
    assert read(file, name="plan").name == "plan"
