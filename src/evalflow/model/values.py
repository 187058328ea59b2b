"""`frozen` and `define` as attrs has them, for the values of this package: what compares, hashes
and shows a value is the same for all, where attrs writes and compiles three functions for each
class. A command is a program of its own and makes a hundred classes before it does anything.

Type checkers see attrs' own. What is ordered, remembers its hash, or has a field that is compared
or shown in a way of its own is made by `attrs.frozen`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attrs import define, frozen
else:
    from operator import attrgetter
    from reprlib import recursive_repr

    import attrs

    def frozen(kind=None, *, kw_only=False, eq=True):
        """Return the class as `attrs.frozen` makes it."""
        return _made(attrs.frozen, kind, kw_only, eq)

    def define(kind=None, *, kw_only=False, eq=True):
        """Return the class as `attrs.define` makes it."""
        return _made(attrs.define, kind, kw_only, eq)

    def _made(maker, kind, kw_only, eq):
        def decorated(plain):
            made = maker(plain, kw_only=kw_only, eq=False, repr=False)
            own = vars(plain)
            if "__repr__" not in own:
                made.__repr__ = _shown
            if eq and "__eq__" not in own:
                made.__eq__, hashed = _compared(made)
                if "__hash__" not in own:
                    made.__hash__ = hashed if maker is attrs.frozen else None
            return made

        return decorated if kind is None else decorated(kind)

    def _compared(made):
        """Return what compares two values of the class, and what hashes one."""
        fields = attrs.fields(made)
        assert all(each.eq_key is None for each in fields)
        names = [each.name for each in fields if each.eq]
        values = attrgetter(*names) if names else lambda _: ()

        def compared(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            return values(self) == values(other)

        def hashed(self):
            return hash((made, values(self)))

        return compared, hashed

    @recursive_repr()
    def _shown(self):
        said = (
            f"{each.name}={getattr(self, each.name, attrs.NOTHING)!r}"
            for each in attrs.fields(type(self))
            if each.repr
        )
        return f"{type(self).__qualname__}({', '.join(said)})"


__all__ = ["define", "frozen"]
