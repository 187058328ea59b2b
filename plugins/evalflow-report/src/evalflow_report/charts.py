"""The page's charts, drawn by Vega-Lite to SVG. Colours are the page's own, so that they follow its
light and dark dress; what they say stands in the tables beside them, so they are hidden from
screen readers.

Their text is measured in the font of `municipal-evalflow-fonts`, so that every machine draws the
same chart, and shown in the page's own font. Its letters are wide: what fits them fits the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import evalflow_fonts

_TOP = 125  # rates above are drawn at this height: a bar of 700 % would flatten all others


def rates_over_periods(rates: Sequence[tuple[str, Decimal | None, str]]) -> str:
    """Return small bars, one a period, of (name, rate in percent, colour), with a line at 100."""
    values = [
        {"period": name, "rate": None if rate is None else min(float(rate), _TOP), "colour": colour}
        for name, rate, colour in rates
    ]
    return _svg(
        {
            "width": 18 * max(len(values), 4),
            "height": 30,
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
