"""Rates of bureaus, fields and the office (D3), and shares of counts as they are printed.

A group's rate is the plain mean over its rated projects, worked out from their unrounded rates
and rounded once. A mean of means is another figure (보령시 2021: 77.7 over projects, 77.5
over sections), so it is taken only where it is named, and the result says which one it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from evalflow.model import Band, Rating
from evalflow.model.values import frozen
from evalflow.scoring.formulas import Ratio
from evalflow.scoring.kernel import half_up, mean_half_up, published

GROUP_MEANS = ("projects", "groups")
"""`projects`: plain mean over projects. `groups`: plain mean of the groups' means."""

SHARE_METHODS = ("half_up", "largest_remainder")
"""`half_up` rounds each share alone; `largest_remainder` makes them add up to 100."""


@frozen(kw_only=True)
class GroupRate:
    """What is printed of a group of projects in one period.

    Attributes:
        rate: the mean in percent, half-up; None where no project is rated.
        mean: what it is a mean of: `projects` or `groups`.
        projects: how many projects the group has; `rated` of them are in the mean.
        left_out: status -> ids of the projects not in the mean: `missing`, `undefined`, or
            `not_due` (시기미도래, G8). Never counted as zero.
        bands, verdicts: how many projects are in each, also zero where bands were given.
    """

    name: str
    rate: Decimal | None
    mean: str
    projects: int
    rated: int
    left_out: Mapping[str, tuple[str, ...]]
    bands: Mapping[str, int]
    verdicts: Mapping[str, int]


@frozen(kw_only=True)
class RollUp:
    """All projects together, and each group by its name in the order of appearance."""

    total: GroupRate
    groups: Mapping[str, GroupRate]


class _Group:
    """A group while its ratings come in."""

    def __init__(self, name: str, bands: Sequence[Band]) -> None:
        self.name = name
        self.projects = 0
        self.rates: list[Ratio] = []
        self.left_out: dict[str, list[str]] = {}
        self.bands = {band.name: 0 for band in bands}
        self.verdicts = {band.verdict: 0 for band in bands}

    def add(self, rating: Rating, rate: Ratio | None) -> None:
        self.projects += 1
        if rate is None:
            self.left_out.setdefault(rating.status, []).append(rating.project)
        else:
            self.rates.append(rate)
        if rating.band is not None:
            self.bands[rating.band] = self.bands.get(rating.band, 0) + 1
        if rating.verdict is not None:
            self.verdicts[rating.verdict] = self.verdicts.get(rating.verdict, 0) + 1

    def closed(self, rate: Decimal | None, mean: str) -> GroupRate:
        return GroupRate(
            name=self.name,
            rate=rate,
            mean=mean,
            projects=self.projects,
            rated=len(self.rates),
            left_out={status: tuple(ids) for status, ids in self.left_out.items()},
            bands=self.bands,
            verdicts=self.verdicts,
        )

    def mean(self, places: int) -> Decimal | None:
        if not self.rates:
            return None
        return published(mean_half_up(self.rates, len(self.rates), places), places)


def roll_up(
    ratings: Iterable[Rating],
    *,
    key: Callable[[Rating], str | None] | None = None,
    mean: str = "projects",
    places: int = 1,
    bands: Sequence[Band] = (),
) -> RollUp:
    """Return the rate of all projects and of each group.

    `key` names the group of a project (its bureau, its field), None for one that is in none (no
    core project): it then counts in the total alone. `mean` says what the total is a mean
    of; groups are means over projects always. With `groups` a group without a rated project, and
    a project without a group, are not in the total's rate. `bands` gives the order of the
    counts, usually the plan's.

    Raises:
        ValueError: no mean of that name, `groups` without a key, or a project given twice.
    """
    if mean not in GROUP_MEANS:
        raise ValueError(f"no mean '{mean}'; there are {', '.join(GROUP_MEANS)}")
    if mean == "groups" and key is None:
        raise ValueError("a mean of groups needs a key that makes groups")
    office = _Group("", bands)
    groups: dict[str, _Group] = {}
    seen: set[str] = set()
    for rating in ratings:
        if rating.project in seen:
            raise ValueError(f"{rating.project} is counted twice")
        seen.add(rating.project)
        rate = _unrounded(rating)
        office.add(rating, rate)
        name = None if key is None else key(rating)
        if name is not None:
            if name not in groups:
                groups[name] = _Group(name, bands)
            groups[name].add(rating, rate)
    closed = {name: group.closed(group.mean(places), "projects") for name, group in groups.items()}
    rate_of_all = office.mean(places) if mean == "projects" else _mean_of_means(groups, places)
    return RollUp(total=office.closed(rate_of_all, mean), groups=closed)


def _unrounded(rating: Rating) -> Ratio | None:
    if rating.rate is None:
        return None
    return (rating.rate if rating.exact is None else rating.exact).as_integer_ratio()


def _mean_of_means(groups: Mapping[str, _Group], places: int) -> Decimal | None:
    rated = [group.rates for group in groups.values() if group.rates]
    if not rated:
        return None
    shares = [(above, below * len(rates)) for rates in rated for above, below in rates]
    return published(mean_half_up(shares, len(rated), places), places)


def shares(
    counts: Mapping[str, int], *, places: int = 1, method: str = "half_up"
) -> dict[str, Decimal]:
    """Return each count as a percentage of their sum; nothing at all where the sum is zero.

    `half_up` rounds each for itself, so that printed shares may add up to 99.9 or 100.1.
    `largest_remainder` rounds all down and gives the missing units to those that lost most
    (of equals, to the larger count, then to the first): they add up to 100 exactly.

    Raises:
        ValueError: no method of that name, or a count below zero.
    """
    if method not in SHARE_METHODS:
        raise ValueError(f"no method '{method}'; there are {', '.join(SHARE_METHODS)}")
    if any(count < 0 for count in counts.values()):
        raise ValueError("a count is below zero")
    whole = sum(counts.values())
    if not whole:
        return {}
    unit = 100 * 10**places
    if method == "half_up":
        return {
            name: published(half_up(count * unit, whole), places) for name, count in counts.items()
        }
    parts = {name: divmod(count * unit, whole) for name, count in counts.items()}
    units = {name: part for name, (part, _) in parts.items()}
    spare = unit - sum(units.values())
    by_loss = sorted(parts, key=lambda name: (-parts[name][1], -counts[name]))
    for name in by_loss[:spare]:
        units[name] += 1
    return {name: published(part, places) for name, part in units.items()}
