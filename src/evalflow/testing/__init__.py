"""Kits that prove a plugin keeps its contract, and what tests need besides.

    from evalflow.testing import StorageConformance

Nothing is imported before it is used, so that naming this package costs nothing and needs
neither pytest nor Hypothesis.
"""

import pkgutil
import sys
from typing import Any

from evalflow._public import homes, lazily

_get, __dir__, __all__ = lazily(__name__)
_HOMES = homes(__name__)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is not None and "pytest" in sys.modules and home not in sys.modules:
        # A kit's plain `assert` then says what it compared, in its further modules (`storage_bulk`
        # …) too.
        more = [f"{__name__}.{each.name}" for each in pkgutil.iter_modules(__path__)]
        kit = [each for each in more if each.startswith(f"{home}_") and each not in sys.modules]
        sys.modules["pytest"].register_assert_rewrite(home, *kit)
    return _get(name)
