"""Bands: named stretches of published rates (D2), and the verdicts that they carry.

One function says which band a rate is in (`band_of`), one what a band is called (`band_label`),
one where it begins and ends (`bounds`, `legend`), and one what a lifecycle is told (`verdict_of`).
Every screen, refusal, form and report says it with these, so that no two of them differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from evalflow.model import Band, Label, Line, Rating

VERDICTS = ("on_track", "lagging", "seriously_lagging")
"""What a lifecycle's guards ask for, from best to worst."""

LAGGING_VERDICTS = frozenset({"lagging", "seriously_lagging"})
"""The verdicts of what needs a cause and a countermeasure (R35)."""

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

_NO_BAND = Label("-", "-")
_NO_LABELS = {
    "on_track": Label("정상", "On track"),
    "lagging": Label("부진", "Lagging"),
    "seriously_lagging": Label("현저히 부진", "Seriously lagging"),
}


def band_of(bands: Sequence[Band], rate: Decimal, whole: Decimal | None = None) -> Band | None:
    """Return the first band that a published rate reaches, or None.

    The published figure decides, because it is the one that people see: 89.95 is published as
    90.0 and is on track from 90. `whole` is the published rate against the whole plan's target;
    None where there is none, which a band `against: whole` does not take.
    """
    for band in bands:
        reached = rate if band.against == "so_far" else whole
        if reached is not None and (band.at_least is None or reached >= band.at_least):
            return band
    return None


def band_label(bands: Sequence[Band], name: str | None) -> Label:
    """Return what the plan calls a band; "-" where there is none of that name."""
    return next((band.label for band in bands if band.name == name), _NO_BAND)


def verdict_label(bands: Sequence[Band], verdict: str | None) -> Label:
    """Return what the plan calls a verdict: the label of its lowest band that carries it."""
    labels = [band.label for band in bands if band.verdict == verdict]
    return labels[-1] if labels else _NO_LABELS.get(verdict or "", _NO_BAND)


def verdict_of(rating: Rating) -> str | None:
    """Return what the rating tells a lifecycle: the project's own verdict, made
    `seriously_lagging` by an indicator that is (R37); None where the project has no rate and no
    indicator is."""
    return "seriously_lagging" if seriously_lagging(rating) else rating.verdict


def seriously_lagging(rating: Rating) -> tuple[Line, ...]:
    """Return the lines that are seriously lagging (현저히 부진)."""
    return tuple([line for line in rating.lines if line.verdict == "seriously_lagging"])


def bounds(bands: Sequence[Band], name: str, lang: str = "ko") -> str:
    """Return where a band begins and ends: `70% 이상 90% 미만`; "" where there is none of that
    name."""
    ko = lang == "ko"
    above: Decimal | None = None
    for band in bands:
        if band.name == name:
            break
        if band.against == "so_far":
            above = band.at_least
    else:
        return ""
    least = band.at_least
    if band.against == "whole":
        return f"전체 목표의 {least}% 이상" if ko else f"at least {least}% of the whole target"
    low = "" if least is None else (f"{least}% 이상" if ko else f"from {least}%")
    high = "" if above is None else (f"{above}% 미만" if ko else f"below {above}%")
    return " ".join(part for part in (low, high) if part) or ("전체" if ko else "any rate")


def legend(bands: Sequence[Band], lang: str = "ko") -> str:
    """Return every band with where it begins and ends, from best to worst, for people."""
    return ", ".join(f"{band.label.text(lang)} {bounds(bands, band.name, lang)}" for band in bands)


def rounded_at(places: int) -> str:
    """Return, as Korean offices write it, at which decimal a rate with `places` decimals is
    rounded."""
    ordinals = ("첫째", "둘째", "셋째", "넷째")
    at = ordinals[places] if places < len(ordinals) else f"{places + 1}번째"
    return f"소수 {at} 자리에서 반올림"
