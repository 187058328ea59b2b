"""Values of the package are compared, hashed and shown as attrs would have it."""

from __future__ import annotations

import pickle

import attrs
import pytest

from evalflow.model import values

KINDS = [
    (values.frozen(kw_only=True), attrs.frozen(kw_only=True)),
    (values.frozen, attrs.frozen),
    (values.frozen(eq=False), attrs.frozen(eq=False)),
    (values.define, attrs.define),
    (values.define(kw_only=True, eq=False), attrs.define(kw_only=True, eq=False)),
]
"""Ours, and attrs' own."""


class Plain:
    """A class as it is written down."""

    name: str
    number: int = 0
    quiet: str = attrs.field(default="", eq=False, repr=False)
    made: str = attrs.field(init=False)


class Odd:
    """A class that says some of it itself."""

    names: dict[str, str] = attrs.field(factory=dict)

    def __repr__(self) -> str:
        return "odd"

    def __hash__(self) -> int:
        return 7


class Empty:
    """A class without fields."""


def twins(makers, plain):
    """The class as ours makes it, and as attrs does."""
    return [maker(type(plain.__name__, (), dict(vars(plain)))) for maker in makers]


@pytest.mark.parametrize("makers", KINDS)
def test_a_value_is_as_attrs_would_have_it(makers):
    answers = []
    for kind in twins(makers, Plain):
        one, same = kind(name="a", number=1), kind(name="a", number=1, quiet="said")
        others = [kind(name="b", number=1), kind(name="a", number=2)]
        if kind.__setattr__ is object.__setattr__:
            for each in (one, same, *others):
                each.made = "x"
        else:
            for each in (one, same, *others):
                object.__setattr__(each, "made", "x")
        answers.append(
            (
                repr(one),
                one == same,
                one != same,
                [one == each for each in others],
                one.__eq__("text"),
                one == one,
                kind.__hash__ is None or hash(one) == hash(same),
                kind.__hash__ is None,
                kind.__slots__,
                [each.name for each in attrs.fields(kind)],
            )
        )
    assert answers[0] == answers[1]


@pytest.mark.parametrize("makers", KINDS)
def test_what_a_class_says_itself_stays(makers):
    for kind in twins(makers, Odd):
        assert (repr(kind()), hash(kind())) == ("odd", 7)


@pytest.mark.parametrize("makers", KINDS)
def test_a_value_that_was_not_filled_can_be_shown(makers):
    ours, theirs = (repr(kind(name="a")) for kind in twins(makers, Plain))
    assert ours == theirs
    assert "made=NOTHING" in ours


def test_two_classes_without_fields_are_not_equal_but_their_values_are():
    kind, other = values.frozen(Empty), values.frozen(type("Empty", (), {}))
    assert kind() == kind()
    assert kind() != other()
    assert len({kind(), kind(), other()}) == 2


def test_a_value_within_itself_is_shown_once():
    kind = values.define(type("Ring", (), {"__annotations__": {"inner": list}}))
    ring = kind(inner=[])
    ring.inner.append(ring)
    assert repr(ring) == "Ring(inner=[...])"


def test_values_travel_between_programs():
    from evalflow.model import Label

    label = Label(ko="가", en="a")
    assert pickle.loads(pickle.dumps(label)) == label
