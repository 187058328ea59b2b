"""The page's charts, drawn by Vega-Lite to SVG. Colours are the page's own, so that they follow its
light and dark dress; what they say stands in the tables beside them, so they are hidden from
screen readers.

Their text is measured in the font of `municipal-evalflow-fonts`, so that every machine draws the
same chart, and shown in the page's own font. Its letters are wide: what fits them fits the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import evalflow_fonts

_TOP = 125  # rates above are drawn at this height: a bar of 700 % would flatten all others
_SCALE = 130  # the end of the scale: Vega's next round number
_HEIGHT = 30


def rates_over_periods(rates: Sequence[tuple[str, Decimal | None, str]]) -> str:
    """Return small bars, one a period, of (name, rate in percent, colour), with a line at 100.

    Vega-Lite takes 3.6 ms for one, and a plan of thousands has one for each project: it draws one
    with as many bars, and the heights of others are put into that by its own reckoning."""
    shown = [(rate, colour) for _, rate, colour in rates if rate is not None]
    bars = [_bar(rate) for rate, _ in shown]
    if None in bars:
        return drawn_rates(rates)
    pieces = _frame(len(rates), len(shown))
    drawn = [pieces[0]]
    for bar, (_, colour), after in zip(bars, shown, pieces[1:], strict=True):
        drawn.append(f'{bar}h-12Z" fill="{colour}"{after}')
    return "".join(drawn)


def _bar(rate: Decimal) -> str | None:
    """Return where a bar of this rate begins and how high it is, as Vega writes that; None where
    that would be written in another way (less than nothing, or next to nothing)."""
    if rate < 0:
        return None
    share = min(float(rate), _TOP) / _SCALE
    begins = _HEIGHT * (1 - share)
    texts = [repr(number).removesuffix(".0") for number in (begins, _HEIGHT - begins)]
    return None if "e" in "".join(texts) else "{}h12v{}".format(*texts)


@cache
def _frame(count: int, shown: int) -> tuple[str, ...]:
    """Return what stands around the heights and colours of `shown` bars where `count` periods are
    told of."""
    rates = [
        (str(place), Decimal(50) if place < shown else None, f"c{place}") for place in range(count)
    ]
    return tuple(_BAR.split(drawn_rates(rates)))


_BAR = re.compile(r'(?<=,)[0-9.]+h12v[0-9.]+h-12Z" fill="c[0-9]+"')


def drawn_rates(rates: Sequence[tuple[str, Decimal | None, str]]) -> str:
    """Return the same as Vega-Lite draws it."""
    values = [
        {"period": name, "rate": None if rate is None else min(float(rate), _TOP), "colour": colour}
        for name, rate, colour in rates
    ]
    return _svg(
        {
            "width": 18 * max(len(values), 4),
            "height": _HEIGHT,
            "data": {"values": values},
            "layer": [
                {
                    "mark": {"type": "bar", "width": 12},
                    "encoding": {
                        "x": {"field": "period", "type": "ordinal", "axis": None, "sort": None},
                        "y": {
                            "field": "rate",
                            "type": "quantitative",
                            "axis": None,
                            "scale": {"domain": [0, _TOP]},
                        },
                        "color": {"field": "colour", "type": "nominal", "scale": None},
                    },
                },
                {
                    "mark": {"type": "rule", "color": "var(--muted)", "strokeDash": [3, 2]},
                    "encoding": {"y": {"datum": 100}},
                },
            ],
        }
    )


def shares(rows: Sequence[tuple[str, Mapping[str, int]]], colours: Mapping[str, str]) -> str:
    """Return stacked bars: a row for each group, a part for each of the names in `colours`."""
    values = [
        {"group": group, "name": name, "count": counts.get(name, 0), "colour": colour, "place": n}
        for group, counts in rows
        for n, (name, colour) in enumerate(colours.items())
    ]
    return _svg(
        {
            "width": 300,
            "height": {"step": 26},
            "data": {"values": values},
            "mark": {"type": "bar", "height": 16},
            "encoding": {
                "y": {
                    "field": "group",
                    "type": "nominal",
                    "sort": None,
                    "axis": {"title": None, "domain": False, "ticks": False, "labelLimit": 260},
                },
                "x": {
                    "field": "count",
                    "type": "quantitative",
                    "stack": "zero",
                    "axis": {"title": None, "grid": False, "tickMinStep": 1, "format": "d"},
                },
                "order": {"field": "place"},
                "color": {"field": "colour", "type": "nominal", "scale": None},
            },
        }
    )


@cache
def _drawing() -> Any:
    """Return vl-convert, which has been shown the font."""
    import vl_convert

    vl_convert.register_font_directory(str(evalflow_fonts.folder()))
    return vl_convert


def _svg(spec: Mapping[str, Any]) -> str:
    config = {
        "aria": False,
        "view": {"stroke": None},
        "axis": {
            "labelColor": "currentColor",
            "domainColor": "currentColor",
            "tickColor": "currentColor",
            "labelFont": evalflow_fonts.FAMILY,
            "labelFontSize": 12,
        },
    }
    drawn: str = _drawing().vegalite_to_svg(
        {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "background": None,
            "padding": 2,
            "config": config,
            **spec,
        }
    )
    drawn = drawn.replace(f'font-family="{evalflow_fonts.FAMILY}"', 'font-family="inherit"')
    return drawn.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
