"""The pages of public names, made of the names that a package lists and of their docstrings.

A page says `door: evalflow.plugins`; in its place come all names of that package, grouped. A name
without a docstring is an error: who reads the page would learn nothing.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from importlib import import_module

from sphinx.pycode import ModuleAnalyzer

KINDS = {
    "Functions": ("autofunction", []),
    "Classes": ("autoclass", [":members:"]),
    "Errors": ("autoexception", [":members:"]),
    "Values and types": ("data", []),
}


def kind(value: object) -> str:
    """Return under which heading a public name stands."""
    if inspect.isfunction(value):
        return "Functions"
    if not inspect.isclass(value) or not value.__module__.startswith("evalflow"):
        return "Values and types"
    return "Errors" if issubclass(value, BaseException) else "Classes"


def said(name: str, value: object) -> str:
    """Return what is written under a value or a type where it is assigned."""
    for module, of in list(sys.modules.items()):
        if module.startswith("evalflow.") and getattr(of, name, None) is value:
            about = ModuleAnalyzer.for_module(module).find_attr_docs().get(("", name))
            if about:
                return "\n".join(about)
    raise LookupError(f"{name} is public and has no docstring under it")


def entry(package: str, name: str, value: object) -> str:
    """Return the entry of one name, as reStructuredText."""
    directive, options = KINDS[kind(value)]
    if directive == "data":
        about = textwrap.indent(said(name, value), "   ")
        return f".. py:data:: {package}.{name}\n\n{about}\n"
    if not inspect.getdoc(value):
        raise LookupError(f"{package}.{name} is public and has no docstring")
    return "\n".join(
        [f".. {directive}:: {package}.{name}", *(f"   {each}" for each in options), ""]
    )


def names(package: str) -> str:
    """Return the entries of all names of a package, under a heading for each kind."""
    module = import_module(package)
    values = {name: getattr(module, name) for name in sorted(module.__all__)}
    parts = []
    for heading in KINDS:
        entries = [
            entry(package, name, value) for name, value in values.items() if kind(value) == heading
        ]
        if entries:
            parts += [f"## {heading}", "```{eval-rst}", *entries, "```"]
    return "\n".join(parts)
