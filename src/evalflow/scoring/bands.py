"""Bands: named stretches of published rates (D2), and the verdicts that they carry."""

from __future__ import annotations

from decimal import Decimal

from evalflow.model import Band, Label

VERDICTS = ("on_track", "lagging", "seriously_lagging")
"""What a lifecycle's guards ask for, from best to worst."""

DEFAULT_BANDS: tuple[Band, ...] = (
    Band(
        name="done",
        label=Label("완료", "Done"),
        verdict="on_track",
        at_least=Decimal(100),
        against="whole",
    ),
    Band(
        name="on_track",
        label=Label("정상", "On track"),
        verdict="on_track",
        at_least=Decimal(90),
    ),
    Band(
        name="lagging",
        label=Label("부진", "Lagging"),
        verdict="lagging",
        at_least=Decimal(70),
    ),
    Band(
        name="seriously_lagging",
        label=Label("현저히 부진", "Seriously lagging"),
        verdict="seriously_lagging",
    ),
)
"""D2: evalflow's own defaults, from best to worst; the source gives no thresholds."""
