"""What people may call things: one resolver for every place where a name is asked.

An id always does; else the Korean or English label, compared without spaces, capitals and the width
of letters, or a usual spelling (`1분기`, `2027Q1`, `１`). What means nothing is refused with the
nearest name and the list, and what could mean several things with these: a name that is not
understood never selects nothing, silently.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from evalflow.engine.rules import Rules
from evalflow.errors import InvalidInput, NotFound, Problem, did_you_mean, nearest
from evalflow.files.cells import same
from evalflow.files.names import Known, folded, matches, spellings, words
from evalflow.lifecycle.definition import Lifecycle
from evalflow.model import PlanHead, Selection
from evalflow.model.arguments import all_checked
from evalflow.model.ids import storable

_WHAT: Mapping[str, tuple[str, str]] = {
    "state": ("상태", "state"),
    "field": ("분야", "field"),
    "band": ("추진상태", "band"),
    "period": ("기간", "period"),
    "event": ("처리", "event"),
    "unit": ("부서", "unit"),
    "number": ("관리번호", "number"),
    "role": ("역할", "role"),
}
_MOST_LISTED = 15


@all_checked
class Names:
    """The names of a store's plans, as `rules` reads them."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    # ------------------------------------------------------------------ one thing

    def project(self, said: str, *, plan: str | None = None) -> str:
        """Return the id of a project: `plan/number`, or a number alone where one plan has it, or
        only one of the plans that have it still goes on.

        Raises:
            NotFound: there is none.
            InvalidInput: several plans have the number.
        """
        text = _plain(said)
        storage = self._rules.storage
        if storable(text) and storage.snapshot(text) is not None:
            return text
        plans = storage.plans() if plan is None else (plan,)
        before, slash, number = text.rpartition("/")
        if slash:
            meant = [each for each in plans if same(each) == same(before)]
            plans = tuple(meant) if meant else ()
        ids = tuple([f"{each}/{number}" for each in plans])
        found = list(storage.select(Selection(ids=ids))) if ids and storable(number) else []
        if len(found) > 1:
            going_on = [
                each
                for each in found
                if not self._rules.lifecycle(each.lifecycle).is_over(each.states)
            ]
            found = going_on or found
        if len(found) == 1:
            return found[0].id
        if found:
            listed = ", ".join(each.id for each in found)
            raise _refused(
                "several_projects",
                said,
                f"관리번호 '{said}'은(는) 여러 계획에 있습니다. 하나를 고르십시오: {listed}",
                f"several plans have the number '{said}': give one of {listed}",
            )
        near = Selection(plan=before or (plans[0] if len(plans) == 1 else None), limit=2000)
        known = [each for project in storage.select(near) for each in (project.id, project.number)]
        raise NotFound("project", said, known or storage.plans())

    def event(self, project_id: str, said: str) -> str:
        """Return the name of an event of the project's lifecycle.

        Raises:
            NotFound: no such project or event.
            InvalidInput: several events are called that.
        """
        snapshot = self._rules.storage.snapshot(project_id)
        if snapshot is None:
            raise NotFound("project", project_id)
        project = snapshot.project
        return self.event_of([self._rules.lifecycle(project.lifecycle)], said, project.states)

    def event_of(
        self, lifecycles: Collection[Lifecycle], said: str, states: Sequence[str] = ()
    ) -> str:
        """Return the name of an event of one of these lifecycles. Where none is called that, those
        of a like name are listed first, then those that leave one of `states`.

        Raises:
            NotFound: no such event.
            InvalidInput: several are called that.
        """
        known: dict[str, list[str]] = {}
        for lifecycle in lifecycles:
            for name, event in lifecycle.events.items():
                known.setdefault(name, []).extend(words(event.label))
        if not matches(said, known):
            every = [*known, *(word for told in known.values() for word in told)]
            leaving = {
                name
                for lifecycle in lifecycles
                for name, event in lifecycle.events.items()
                if not event.sources().isdisjoint(states)
            }
            order = sorted(known, key=lambda n: (not _alike(said, known[n]), n not in leaving))
            ordered = {name: known[name] for name in order}
            raise NotFound("event", said, every, listed=_listed("event", ordered))
        return one("event", said, known)

    def event_in(self, plan_id: str | None, said: str) -> str:
        """Return the name of an event of the plan's lifecycle, or of any plan's.

        Raises:
            NotFound: no such event.
            InvalidInput: several are called that.
        """
        plans = self._rules.storage.plans() if plan_id is None else (plan_id,)
        used = [self._rules.lifecycle_of(each) for each in plans]
        return self.event_of([each for each in used if each is not None], said)

    def actor(self, plan_id: str, said: str, *, on: dt.date, project: str | None = None) -> str:
        """Return the id of an actor of the plan, said by the id, or by a role that one alone holds
        on that day: at the office of `project`, or in all the plan.

        Raises:
            NotFound: no such plan or actor.
            InvalidInput: several hold the role, or nobody does.
        """
        terms = self._rules.terms(plan_id)
        people = self._rules.people(terms, on)
        known = {actor.id: actor for actor in people.actors()}
        ids = matches(said, dict.fromkeys(known, ()))
        if len(ids) == 1:
            return ids[0]
        lifecycle = self._rules.lifecycle_of(plan_id)
        held = {} if lifecycle is None else lifecycle.roles
        labels = {name: words(role.label) for name, role in held.items()}
        roles = matches(said, labels)
        if not roles:
            every = [*known, *(word for told in labels.values() for word in told)]
            raise NotFound("actor", said, every)
        snapshot = None if project is None else self._rules.storage.snapshot(project)
        if snapshot is not None:
            able = people.holders(roles, snapshot.project.unit, on)
        else:
            able = tuple(
                name
                for name, actor in known.items()
                if any(grant.role in roles and grant.holds_on(on) for grant in actor.grants)
            )
        if len(able) == 1:
            return able[0]
        listed = ", ".join(able[:_MOST_LISTED]) + (" …" if len(able) > _MOST_LISTED else "")
        if not able:
            raise _refused(
                "no_holder",
                said,
                f"'{said}' 역할을 맡은 사람이 없습니다",
                f"nobody holds the role '{said}' on that day",
            )
        raise _refused(
            "several_holders",
            said,
            f"'{said}' 역할을 맡은 사람이 여럿입니다. 하나를 고르십시오: {listed}",
            f"several hold the role '{said}': give one of {listed}",
        )

    def data(
        self, project_id: str, event: str, said: Mapping[str, Any] | None
    ) -> dict[str, Any] | None:
        """Return the data of an event with its fields, and the indicators of figures, by their ids
        where they were said by a label. What means nothing stays as it is: `fire` refuses it.

        Raises:
            NotFound: no such project or event.
            InvalidInput: one thing was said twice, by its id and by a label.
        """
        if not said:
            return None if said is None else {}
        snapshot = self._rules.storage.snapshot(project_id)
        if snapshot is None:
            raise NotFound("project", project_id)
        project = snapshot.project
        of = self._rules.lifecycle(project.lifecycle).events[event]
        fields = {field.name: words(field.label) for field in of.data}
        found = _by_id(said, fields)
        inner = {each.name for each in of.data if each.type in _BY_INDICATOR}
        if inner & found.keys():
            definition = self._rules.definition(project_id, project.revision)
            indicators = {each.id: words(each.label) for each in definition.indicators}
            for name in inner & found.keys():
                if isinstance(found[name], Mapping):
                    found[name] = _by_id(found[name], indicators)
        return found

    def unit(self, plan_id: str, said: str) -> str:
        """Return the id of a unit of the plan, said by its id or a name that it bears or bore.

        Raises:
            NotFound: no such plan or unit.
            InvalidInput: several units are called that.
        """
        return self.unit_of(self._rules.terms(plan_id).head, said)

    def unit_of(self, head: PlanHead, said: str) -> str:
        """Return the id of a unit of the plan `head`; see `unit`."""
        known = {
            key: [
                word
                for label in (unit.label, *(each.label for each in unit.renamed))
                for word in words(label)
            ]
            for key, unit in head.units.items()
        }
        if not matches(said, known):
            raise NotFound("unit", said, [*known, *(w for told in known.values() for w in told)])
        return one("unit", said, known)

    def period(self, plan_id: str, said: str) -> str:
        """Return a period of the plan as evalflow writes it: `1분기` is `2027-Q1`.

        Raises:
            NotFound: no such plan.
            InvalidInput: the plan has no such period, or several are called that.
        """
        return one("period", said, self._periods(plan_id), fold=folded)

    # ------------------------------------------------------------------ conditions

    def conditions(
        self,
        plan: str | None,
        said: Mapping[str, Sequence[str]],
        exists: Callable[[str, str], bool],
    ) -> dict[str, tuple[str, ...]]:
        """Return what conditions mean: kind (`state`, `field`, `band`, `period`, `event`) -> ids.
        A label that things of several plans bear means all of them. `exists` says whether anything
        in the store is of that kind and name, though no plan of today knows it any more.

        Raises:
            InvalidInput: names that mean nothing; all of them, each with the nearest and the list.
        """
        problems: list[Problem] = []
        found: dict[str, tuple[str, ...]] = {}
        for kind, texts in said.items():
            known, meant = self._gathered(kind, plan, texts), []
            fold = folded if kind == "period" else same
            for text in texts:
                ids = matches(text, known, fold=fold)
                if not ids and storable(text) and exists(kind, text):
                    ids = [text]
                if not ids:
                    problems.append(unknown(kind, text, known))
                meant += ids
            found[kind] = tuple(dict.fromkeys(meant))
        if problems:
            raise InvalidInput(problems)
        return found

    def _gathered(self, kind: str, plan: str | None, texts: Sequence[str]) -> Known:
        """Return what the plan, or all plans, know of a kind; no more plans are read when every
        text is an id already."""
        plans = self._rules.storage.plans() if plan is None else (plan,)
        known: dict[str, list[str]] = {}
        for each in plans:
            for name, told in self._of(kind, each).items():
                known.setdefault(name, []).extend(told)
            if all(text in known for text in texts):
                break
        return known

    def _of(self, kind: str, plan_id: str) -> Known:
        if kind == "period":
            return self._periods(plan_id)
        head = self._rules.terms(plan_id).head
        if kind == "field":
            return {name: words(label) for name, label in head.fields.items()}
        if kind == "band":
            return {band.name: words(band.label) for band in head.scoring.bands}
        lifecycle = self._rules.lifecycle_of(plan_id)
        if lifecycle is None:
            return {}
        things: Mapping[str, Any] = lifecycle.states if kind == "state" else lifecycle.events
        return {name: words(thing.label) for name, thing in things.items()}

    def _periods(self, plan_id: str) -> Known:
        return {
            each.text: list(spellings(each))
            for each in self._rules.terms(plan_id).calendar.periods()
        }

    def numbers(self, plan: str, said: Sequence[str]) -> tuple[str, ...]:
        """Return the numbers of projects of the plan.

        Raises:
            InvalidInput: the plan has none of a number; all of them, with the nearest.
        """
        plain = [_plain(each) for each in said]
        ids = tuple([f"{plan}/{number}" for number in plain if storable(number)])
        storage = self._rules.storage
        there = {each.number for each in storage.select(Selection(plan=plan, ids=ids))}
        lacking = [text for text, number in zip(said, plain, strict=True) if number not in there]
        if lacking:
            known = {each.number: () for each in storage.select(Selection(plan=plan, limit=2000))}
            raise InvalidInput([unknown("number", text, known) for text in lacking[:20]])
        return tuple(plain)


# --------------------------------------------------------------------------- words


def _alike(said: str, told: Sequence[str]) -> bool:
    """Say whether half of the letters are those of one of the words: what may have been meant."""
    import difflib  # only on the way to an error message

    return any(difflib.SequenceMatcher(None, said, each).ratio() >= 0.5 for each in told)


_BY_INDICATOR = frozenset({"figures", "explanations", "judgements"})
"""Types of data whose keys are the project's indicators."""


def _by_id(said: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """Return the mapping with each key as the id that it means, where it means one.

    Raises:
        InvalidInput: two keys mean the same.
    """
    found: dict[str, Any] = {}
    for key, value in said.items():
        meant = matches(str(key), known)
        name = meant[0] if len(meant) == 1 else key
        if name in found:
            raise _refused(
                "said_twice",
                str(key),
                f"'{key}'을(를) 두 번 적었습니다 ({name})",
                f"'{key}' is given twice ({name})",
            )
        found[name] = value
    return found


def one(kind: str, said: str, known: Known, *, fold: Callable[[str], str] = same) -> str:
    """Return the one id that a text means.

    Raises:
        InvalidInput: it means none, or several.
    """
    found = matches(said, known, fold=fold)
    if len(found) == 1:
        return found[0]
    if not found:
        raise InvalidInput([unknown(kind, said, known)])
    ko, en = _WHAT[kind]
    listed = ", ".join(found)
    raise _refused(
        f"several_{kind}s",
        said,
        f"{ko} '{said}'에 해당하는 것이 여럿입니다. 하나를 고르십시오: {listed}",
        f"the {en} '{said}' could mean several: give one of {listed}",
    )


def _plain(text: str) -> str:
    """Return a number or an id in ordinary letters: `１` is `1`, and Hangul is composed."""
    return unicodedata.normalize("NFKC", text).strip()


def unknown(kind: str, said: str, known: Known) -> Problem:
    """Return what is wrong with a name that means nothing: the nearest one, and the list."""
    what_ko, what_en = _WHAT[kind]
    plain = _plain(said)
    every = [*known, *(word for told in known.values() for word in told)]
    near = nearest(plain, every) if len(plain) <= 100 else None
    ko, en = f"{what_ko} '{said}'이(가) 없습니다", f"no {what_en} '{said}'"
    ko, en = did_you_mean(ko, en, near)
    if listed := _listed(kind, known):
        ko, en = f"{ko} (가능: {listed})", f"{en} (there are: {listed})"
    return Problem(code=f"unknown_{kind}", value=said[:60], ko=ko, en=en)


def _listed(kind: str, known: Known) -> str:
    """Return the first names that there are, each with its label."""
    shown = [
        name if not told or told[0] == name or kind == "period" else f"{told[0]}({name})"
        for name, told in list(known.items())[:_MOST_LISTED]
    ]
    return ", ".join(shown) + (" …" if len(known) > len(shown) else "")


def _refused(code: str, said: str, ko: str, en: str) -> InvalidInput:
    return InvalidInput([Problem(code=code, value=said[:60], ko=ko, en=en)])
