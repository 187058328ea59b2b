"""The plans that come with evalflow, to try things on: those that `evalflow demo` plays."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from evalflow.errors import did_you_mean, invalid, nearest

_FILES = {
    "seodaemun-2016": "plan.yaml",
    "seodaemun-2016-orders": "orders.yaml",
    "seodaemun-2016-pledges": "pledges.yaml",
    "seodaemun-2016-referrals": "referrals.yaml",
    "seodaemun-2016-regeneration": "regeneration.yaml",
    "seodaemun-2016-selection": "selection.yaml",
}


def example(name: str = "seodaemun-2016") -> Path:
    """Return the file of the example plan whose id is `name`, to be given to `load_plan`.

    They are six plans of one office for 2016: the plan itself, and `seodaemun-2016-selection`,
    `-pledges`, `-regeneration`, `-orders` and `-referrals`. They are files of the installed
    package: copy one to change it.

    Raises:
        InvalidInput: there is no such example; the nearest one and all of them are named.
    """
    file = _FILES.get(name)
    if file is None:
        listed = ", ".join(_FILES)
        ko, en = did_you_mean(
            f"예시 계획 '{name}'이(가) 없습니다 (있는 것: {listed})",
            f"no example plan '{name}' (there are: {listed})",
            nearest(name, _FILES),
        )
        raise invalid("unknown_example", value=name, ko=ko, en=en)
    return folder() / file


def folder() -> Path:
    """Return the folder of the examples: in the installed package, or in the source tree."""
    packaged = Path(str(resources.files("evalflow"))) / "_examples" / "seodaemun-2016"
    if packaged.exists():
        return packaged
    return Path(__file__).resolve().parents[3] / "examples" / "seodaemun-2016"
