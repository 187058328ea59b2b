"""Public names, each listed once: in the stub beside a package's `__init__.py`.

The stub is what type checkers read; here the same lines tell where a name is imported from when it
is first used, so that naming a package costs nothing.
"""

from __future__ import annotations

import pkgutil
import re
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

_IMPORT = re.compile(r"^from ([\w.]+) import (?:\(([^)]*)\)|([^\n(]+))$", re.MULTILINE)


def homes(package: str) -> dict[str, str]:
    """Return the public names of a package and the module in which each is defined."""
    stub = (pkgutil.get_data(package, "__init__.pyi") or b"").decode("utf-8")
    return {
        each.split(" as ")[-1].strip(): module
        for module, many, one in _IMPORT.findall(stub)
        for each in (many or one).split(",")
        if " as " in each
    }


def lazily(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return the `__getattr__`, `__dir__` and `__all__` of a package with public names."""
    known = homes(package)

    def get(name: str) -> Any:
        home = known.get(name)
        if home is None:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        value = getattr(import_module(home), name)
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted({*vars(sys.modules[package]), *known}), sorted(known)
