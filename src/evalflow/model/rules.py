"""An office's rules, all of it configuration: days, rates and bands, who reads what, delivery."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from evalflow.model.units import Label
from evalflow.model.values import frozen


@frozen(kw_only=True)
class DueRule:
    """When something is due. `kind` says how `n` is counted:

    - `day`: the n-th day of the month after the period (R33, R34: 5 and 20);
    - `days_after_period`, `months_after_period`: so long after the period's last day;
    - `days_after`, `working_days_after`, `months_after`: n calendar days, days on which the
      office works, or months after one of `events` was fired, the latest of them (R52);
    - `days_before`, `working_days_before`: so long before a day that `events` gave;
    - `date`: the fixed `month_day` (`02-19`) of the plan's year, or `date` in full;
    - any other: a plugin's, which is asked with `params`.

    Attributes:
        events: what the clock runs from; it begins anew whenever one of them is fired.
        on: the field of these events whose day is counted from; None: the day of the firing.
        first_day: whether the first day counts (초일산입); it does not by law (민법 §157).
        not_counting: states in which the clock stands. Neither the day on which the project came
            into such a state counts nor the day on which it left it (as UK FOIA s.10(2)).
        again: a rule that counts from events; once one of them was fired in the period (보완요구),
            it is due by that rule's day where that is later than its own.
    """

    kind: str
    n: int = 0
    events: tuple[str, ...] = ()
    on: str | None = None
    first_day: bool = False
    not_counting: tuple[str, ...] = ()
    date: dt.date | None = None
    month_day: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    again: DueRule | None = None


@frozen(kw_only=True)
class ExtensionRule:
    """How far due days may be extended in one period (기한연장, D4): how often one event's
    (`times`), and to how many days (`at_most`) or months (`at_most_months`) after its own due day
    at most, all together; None: without bounds.
    `same_again`: each time by no more than as long again as its rule gives, counted from the day in
    force; without `times`, all extensions together, from its own due day.
    `of` names the events that may be extended; empty: all that are due."""

    of: tuple[str, ...] = ()
    times: int | None = None
    at_most: int | None = None
    same_again: bool = False
    at_most_months: int | None = None


@frozen(kw_only=True)
class CalendarRules:
    """How an office counts periods and days (D4); all of it configuration.

    `move` says where a deadline on a holiday goes: `strict`, `next` or `previous`.
    `holidays` is a country code for the `holidays` library, or `none` (only weekends and
    `extra`); `extra` adds days such as 임시공휴일, `removed` takes some out.
    `due` overrides the lifecycle's due rules by event name, `extension` how far its events may
    be extended.
    """

    zone: str = "Asia/Seoul"
    frequency: str = "quarter"
    first: str
    last: str
    move: str = "next"
    holidays: str = "KR"
    extra: Mapping[dt.date, str] = attrs.field(factory=dict)
    removed: tuple[dt.date, ...] = ()
    due: Mapping[str, DueRule] = attrs.field(factory=dict)
    extension: ExtensionRule | None = None


@frozen(kw_only=True)
class Band:
    """A named stretch of rates: from `at_least` (percent) upwards; the lowest has None.

    `verdict` is what the lifecycle's guards ask for: `on_track`, `lagging` or
    `seriously_lagging` (D2). Bands have Korean and English labels of the office's own.
    `against` says which rate is looked at: `so_far`, the published one, or `whole`, against the
    target of the whole plan, for bands like 완료 (done) that no early period can reach by
    being on time.
    """

    name: str
    label: Label
    verdict: str
    at_least: Decimal | None = None
    against: str = "so_far"


@frozen(kw_only=True)
class GradeRules:
    """How a plan grades its projects against each other (등급), if it does.

    `grader` names a grader, `options` are its own. `by` says who is compared with whom: `all`,
    or each `field`, `bureau` or `unit` by itself.
    """

    grader: str
    options: Mapping[str, Any] = attrs.field(factory=dict)
    by: str = "all"


@frozen(kw_only=True)
class ScoringRules:
    """How a plan rates its projects (D1-D3); all of it configuration.

    `scorer` names a scorer, `options` are its own. `basis` is `cumulative` (누계) or `period`.
    `bands` are ordered from best to worst. `places` is the number of decimals printed.
    `project_mean` is `weighted` or `plain`; `group_mean` is `projects` (plain mean over
    projects, D3) or `groups` (mean of means), for bureaus, fields and the office. `grades`
    says how projects are graded against each other, None where they are not.
    """

    scorer: str = "rates"
    options: Mapping[str, Any] = attrs.field(factory=dict)
    basis: str = "cumulative"
    bands: tuple[Band, ...]
    places: int = 1
    zero_target: str = "undefined"
    cap: Decimal | None = None
    floor: Decimal | None = None
    project_mean: str = "weighted"
    group_mean: str = "projects"
    grades: GradeRules | None = None


@frozen(kw_only=True)
class Withheld:
    """Data that only some may read: the names of fields, the ground (비공개 사유, e.g. `정보공개법
    제9조제1항제5호`), the roles that read them all the same, and whether the ground falls away when
    the review is fixed."""

    fields: tuple[str, ...]
    ground: str
    seen_by: tuple[str, ...]
    until_fixed: bool = False


@frozen(kw_only=True)
class Visibility:
    """Who may read what of a plan (R49, 정보공개법 §9①5); without it everybody may read everything.

    `fixed_in` are the states in which a review is fixed; before that its ratings are drafts, read
    by those who hold one of `seen_by` for the project, and the department's own rating also by
    those who hold any role for it. `withheld` are data that stay closed.
    """

    fixed_in: tuple[str, ...] = ()
    seen_by: tuple[str, ...] = ()
    withheld: tuple[Withheld, ...] = ()


@frozen(kw_only=True)
class RevisionRules:
    """Who may revise a plan, as it says itself: `by` (none: those who adopt plans under its
    lifecycle), and the roles of which a second person has to confirm every revision
    (`confirmed_by`; none: only where the reviser would gain by it, and then another of `by`)."""

    by: tuple[str, ...] = ()
    confirmed_by: tuple[str, ...] = ()


@frozen(kw_only=True)
class ReminderRule:
    """Who is reminded when of what is due: so many days before its day (`days` below zero), on it
    (0), or after it; days on which the office works (근무일) where `working`. `to` holds roles of
    the lifecycle, and `owing` for whoever may do it; `of` the events (none: all that are due)."""

    days: int
    to: tuple[str, ...]
    of: tuple[str, ...] = ()
    working: bool = False


OWING = "owing"
"""In place of a role: whoever may do what is due."""


@frozen(kw_only=True)
class Delivery:
    """How notices leave: to which notifiers, how often tried, and when given up.

    `backoff` holds the seconds to wait after the first, second, … failed try; when it is
    used up the notice is a dead letter. `reminders` say who is reminded of what is due.
    """

    notifiers: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    backoff: tuple[int, ...] = (60, 300, 1800, 7200, 43200)
    reminders: tuple[ReminderRule, ...] = ()
