"""Write down the Korean holidays that commands look up most (`model/holidays-kr.txt`), out of the
installed release of the `holidays` library: `python tools/holiday_table.py`."""

from __future__ import annotations

from pathlib import Path

import holidays
from holidays.version import __version__

YEARS = range(2010, 2036)
TABLE = Path(__file__).parents[1] / "src" / "evalflow" / "model" / "holidays-kr.txt"


def table() -> str:
    """Return the release, and a line for each day: `2016-02-08 설날`."""
    found = holidays.country_holidays("KR", years=YEARS, categories=("public",), language="ko")
    days = [f"{day} {name}\n" for day, name in sorted(found.items()) if day.year in YEARS]
    return f"{__version__} {YEARS[0]} {YEARS[-1]}\n{''.join(days)}"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
