"""Reads one lifecycle definition from top to bottom, every problem noted."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from evalflow.files.merge import Source
from evalflow.files.reader import Part, Reader
from evalflow.lifecycle import keys
from evalflow.lifecycle.check.overlap import overlaps
from evalflow.lifecycle.definition import (
    AT,
    FIXED,
    LINE_OF,
    NEXT_SIGNER,
    PROJECTS,
    RUNNING,
    Duty,
    Event,
    Field,
    GuardSpec,
    GuardUse,
    Lifecycle,
    Line,
    NoticeRule,
    Region,
    Role,
    State,
    Transition,
    Vocabulary,
    all_roles,
    limited,
)
from evalflow.lifecycle.due import as_param, check_due, has_length, read_due, read_extension
from evalflow.lifecycle.keys import FIELD_TYPES, FORMAT
from evalflow.lifecycle.order import RECORDS, with_order
from evalflow.lifecycle.places import (
    Places,
    bad_name,
    cross_region,
    duplicate,
    empty,
    overlap_told,
)
from evalflow.model import CONTENTS, DueRule, Label
from evalflow.model.canonical import Tree
from evalflow.model.history import EVALUATED
from evalflow.model.host_word import HOST_SAID

COOPERATING = "cooperating"
"""The word in a notice's `to` for the units that must cooperate; no role may bear it."""

IN_LINE = frozenset({"drafted", "signature", "paper_signature", "unsigned"})
"""The actions that speak of a line of signatures."""

RESERVED_EVENTS = frozenset({"adopt", "revise", "migrate"})
"""Events of every history that no lifecycle defines: a plan is adopted, then revised."""

_ON_RUNNING = frozenset({"self_rating", "extension", "correction", "next_period", "declaration"})
"""Actions that are about the period that runs, and its evaluation."""

_RESERVED_FIELDS = frozenset({"definition", EVALUATED, HOST_SAID})
"""What entries say of themselves beside the data that was given."""

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_VERSION = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}/[1-9][0-9]{0,8}", re.ASCII)
_LIFECYCLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class Builder:
    """Reads one definition from top to bottom; names come first, so that all can be checked."""

    def __init__(
        self, reading: Reader, vocabulary: Vocabulary | None, document: Source | None
    ) -> None:
        self.reading = reading
        self.top = reading.top
        self.document = document
        self.specs: Mapping[str, GuardSpec] = {} if vocabulary is None else vocabulary.guards
        self.vocabulary = vocabulary
        self.roles: dict[str, Role] = {}
        self.regions: dict[str, Region] = {}
        self.states: dict[str, State] = {}
        self.lines: dict[str, Line] = {}
        self.events: dict[str, Event] = {}
        self.event_names: tuple[str, ...] = ()
        self.paths: dict[str, tuple[str | int, ...]] = {}
        self.doubled: set[str] = set()
        self.spoiled: set[str] = set()  # fields and options whose content is none
        self.doubtful: set[str] = set()  # events with something wrong in their fields
        self.unread: set[str] = set()  # events whose fields could not be read
        self.whole = True  # every region's states could be read
        self.rules: list[tuple[Part, DueRule]] = []
        self.values: list[tuple[Part, GuardSpec]] = []

    def build(self) -> Lifecycle:
        """Return the lifecycle.

        Raises:
            InvalidInput: it has mistakes; all of them.
        """
        top = self.top
        top.only(keys.LIFECYCLE)
        top.choice("evalflow", (FORMAT,))
        name = top.text("name")
        if name and not _LIFECYCLE_NAME.fullmatch(name):
            bad_name(top, "name", name, "_-")
        version = top.whole("version", least=1, most=10**9)
        label = _label(top)
        self._read_roles()
        self._read_regions()
        self._read_lines()
        events = list(self._named(top, "events", ("절차", "event")))
        self.event_names = (*(event for event, _ in events), *self._spoiled(top, "events"))
        for event, part in events:
            if event in RESERVED_EVENTS:
                part.wrong(
                    None,
                    "reserved_name",
                    f"절차 이름 '{event}'은(는) 계획의 확정·개정, 절차의 전환에 쓰이는 말입니다",
                    f"'{event}' is taken: the history uses it for plans adopted and revised, "
                    "and projects migrated",
                )
            self.paths[f"events.{event}"] = part.path
            self.events[event] = self._event(event, part)
        if not events and "events" not in top:
            empty(top, "events", ("절차", "event"))
        for part, rule in self.rules:
            check_due(part, rule, self, whole=self.whole, unread=self.doubtful)
        for params, spec in self.values:
            self._check_values(params, spec)
        self._check_event_fields(events)
        self._check_extensions(events)
        duties = self._duties()
        adopted_by = self._names(top, "adopted_by", ("역할", "role"), self.roles)
        if not adopted_by:
            empty(top, "adopted_by", ("역할", "role"))
        opens = self._opens(top)
        replaces = self._replaces()
        contents = self._names(top, "project_plans", ("사업계획의 내용", "content"), CONTENTS)
        things = top.label_at("things", PROJECTS)
        self.reading.raise_if_any()
        return Lifecycle(
            name=name,
            version=version,
            label=label,
            roles=self.roles,
            regions=self.regions,
            states=self.states,
            events=self.events,
            duties=duties,
            adopted_by=adopted_by,
            replaces=replaces,
            project_plans=contents,
            lines=self.lines,
            things=things,
            opens=opens,
            tree=with_order(top.tree),
            places={} if self.document is None else Places(self.document, self.paths),
        )

    # ------------------------------------------------------------------ names

    def _check_extensions(self, events: Iterable[tuple[str, Part]]) -> None:
        """Note an extension by as long again of what is due on a day, which is not long."""
        for name, part in events:
            rule = self.events[name].extension
            if rule is None or not rule.same_again:
                continue
            for other in rule.of or self.events:
                due = self.events[other].due if other in self.events else None
                if due is not None and not has_length(due):
                    part.mapping("extension").wrong(
                        "at_most",
                        "no_length",
                        f"'{other}'의 기한은 며칠이나 몇 달로 정한 것이 아니어서 그만큼 더 연장할 "
                        "수 없습니다. at_most에 날수를 적으십시오",
                        f"the due day of '{other}' is no length of time that could be given again: "
                        "say at_most in days",
                        other,
                    )

    def _opens(self, top: Part) -> tuple[str, ...]:
        """Return the roles that may open a case; what is measured stands in the plan, with its
        indicators."""
        opens = self._names(top, "opens", ("역할", "role"), self.roles)
        if opens and any(f.type == "figures" for e in self.events.values() for f in e.data):
            top.wrong(
                "opens",
                "opens_what_is_measured",
                "성과지표를 평가하는 사업은 계획에서 정합니다. 계획을 고치지 않고 열 수 없습니다",
                "what is measured by indicators is laid down in the plan: it is not opened without "
                "a revision",
            )
        return opens

    def _named(self, part: Part, key: str, what: tuple[str, str]) -> Iterator[tuple[str, Part]]:
        """Yield (name, part) from a mapping by name, or from a list of parts with a `name`."""
        seen: set[str] = set()
        for step, inside in part.parts(key, named=False):
            name = inside.text("name") if isinstance(step, int) else step
            if name and not _IDENTIFIER.fullmatch(name):
                bad_name(inside, "name" if isinstance(step, int) else None, name)
            if name in seen:
                duplicate(inside, what, name)
            elif name:
                seen.add(name)
                yield name, inside

    def _names(
        self, part: Part, key: str, what: tuple[str, str], known: Collection[str]
    ) -> tuple[str, ...]:
        """Return the names in a list, each one known and given once."""
        found: list[str] = []
        for place, name in enumerate(part.texts(key)):
            alone = isinstance(part.tree[key], str)
            path = (*part.path, key) if alone else (*part.path, key, place)
            if name and name not in known:
                if what == _NAMED["state"] and not self.whole:
                    continue
                if known or (what == _NAMED["event"] and self._are_listed("events")):
                    self.reading.unknown(path, what, name, known)
                # Otherwise it is told elsewhere that there are none at all.
            elif name in found:
                ko, en = f"'{name}'이(가) 두 번 적혔습니다", f"'{name}' is given twice"
                self.reading.wrong(path, "duplicate_name", ko, en, name)
            elif name:
                found.append(name)
        return tuple(found)

    def _are_listed(self, key: str) -> bool:
        """Say whether a mapping or a list stands at the key, and not something that was noted."""
        return _is_listed(self.top, key)

    def _spoiled(self, part: Part, key: str) -> Iterator[str]:
        """Yield the names in a mapping whose content is none, which is noted: what speaks of
        them is no mistake."""
        inside = part.tree.get(key)
        if isinstance(inside, Mapping):
            yield from (name for name, value in inside.items() if not isinstance(value, Mapping))

    def _read_roles(self) -> None:
        for name, part in self._named(self.top, "roles", ("역할", "role")):
            part.only(keys.ROLE | _name_key(part))
            if name in (COOPERATING, NEXT_SIGNER):
                means = _WORDS[name]
                part.wrong(
                    None,
                    "reserved_name",
                    f"역할 이름 '{name}'은(는) {means.ko}을(를) 뜻하는 말입니다",
                    f"'{name}' is taken: in a notice it means {means.en}",
                )
            self.paths[f"roles.{name}"] = part.path
            self.roles[name] = Role(name=name, label=_label(part), at=part.name("at"))
        for name in self._spoiled(self.top, "roles"):
            self.roles[name] = Role(name=name, label=_NO_LABEL, at="")
        if not self.roles:
            empty(self.top, "roles", ("역할", "role"))

    def _read_regions(self) -> None:
        for name, part in self._named(self.top, "regions", ("영역", "region")):
            part.only(keys.REGION | _name_key(part))
            self.paths[f"regions.{name}"] = part.path
            states = []
            for state, inside in self._named(part, "states", ("상태", "state")):
                inside.only(keys.STATE | _name_key(inside))
                value = State(
                    name=state,
                    label=_label(inside),
                    region=name,
                    final=inside.flag("final", False),
                    fixed=inside.flag("fixed", False),
                )
                if state in self.states:
                    duplicate(inside, ("상태", "state"), state, self.states[state].region)
                    self.doubled.add(state)
                    continue
                states.append(state)
                self.states[state] = value
                self.paths[f"states.{state}"] = inside.path
            for state in self._spoiled(part, "states"):
                states.append(state)
                self.states[state] = State(name=state, label=_NO_LABEL, region=name)
            if not states:
                self.whole = False
                empty(part, "states", ("상태", "state"))
                initial = ""
            else:
                initial = part.known("initial", ("상태", "state"), states)
            self.regions[name] = Region(
                name=name, label=_label(part), initial=initial, states=tuple(states)
            )
        if any(self._spoiled(self.top, "regions")):
            self.whole = False
        if not self.regions:
            empty(self.top, "regions", ("영역", "region"))

    def _read_lines(self) -> None:
        for name, part in self._named(self.top, "lines", ("결재선", "line")):
            part.only(keys.LINE)
            if isinstance(part.path[-1], int):
                ko, en = "결재선은 이름으로 적습니다 (이름: {…})", "lines are given by name"
                part.wrong(None, "wrong_value", ko, en)
            by = self._names(part, "by", ("역할", "role"), self.roles)
            if not by:
                empty(part, "by", ("역할", "role"))
            default = self._names(part, "default", ("역할", "role"), by)
            if not default:
                empty(part, "default", ("역할", "role"))
            elif [role for role in by if role in default] != list(default):
                ko = f"아래에서 위로 적습니다: {', '.join(by)}"
                en = f"from the lowest up, as in 'by': {', '.join(by)}"
                part.wrong("default", "line_order", ko, en, ", ".join(default))
            self.paths[f"lines.{name}"] = part.path
            self.lines[name] = Line(
                name=name,
                label=_label(part),
                of=part.choice("of", LINE_OF),
                by=by,
                default=default,
            )

    # ------------------------------------------------------------------ events

    def _event(self, name: str, part: Part) -> Event:
        self._only_event_keys(part)
        line = self._line(part)
        own = self._names(part, "by", ("역할", "role"), self.roles)
        before = len(self.reading.problems)
        edges = list(self._edges(name, part))
        all_read = len(self.reading.problems) == before and bool(edges)
        if not own and (not edges or any(not edge.by for edge, _ in edges)):
            empty(part, "by", ("역할", "role"))
        transitions = limited(own, [edge for edge, _ in edges])
        edges = [(edge, at) for edge, (_, at) in zip(transitions, edges, strict=True)]
        if not edges:
            empty(part, "transitions", ("전이", "transition"))
        targets = {edge.target for edge, _ in edges} if all_read else set(self.states)
        leads = edges[0][0].region if edges else ""
        if "leads" in part:
            leads = self._leads(part, [edge for edge, _ in edges])
        before = len(self.reading.problems)
        brought = {} if self.vocabulary is None else self.vocabulary.dues
        due = read_due(part, "due", self.event_names, brought)
        read = len(self.reading.problems) == before
        if read and due is not None and due.events == (name,):
            ko, en = "기한을 자기 자신으로부터 셀 수 없습니다", "its due date counts from itself"
            part.wrong("due", "bad_due_rule", ko, en)
        self.paths[f"events.{name}.due"] = (*part.path, "due")
        if due is not None:
            rule = part.part("due")
            self.rules.append((rule.part(due.kind) if due.kind in brought else rule, due))
        before = len(self.reading.problems)
        data = tuple(self._fields(name, part))
        if name in self.unread or len(self.reading.problems) > before:
            self.doubtful.add(name)
        event = Event(
            name=name,
            label=_label(part),
            by=all_roles(own, transitions),
            transitions=transitions,
            leads=leads,
            guards=self._guards(part),
            data=data,
            actions=self._actions(part),
            due=due,
            notices=tuple(self._notices(name, part, targets)),
            together=part.name("together", None),
            first_wins=part.choice("choose", ("first",), None) == "first",
            evaluation=part.choice("evaluation", (RUNNING, FIXED), RUNNING) or RUNNING,
            extension=read_extension(part, "extension", self.event_names),
            line=line,
            at=part.choice("at", AT, "own"),
        )
        unread = ("actions" in part and not event.actions) or part.is_meant("actions")
        if event.extension is not None and "extension" not in event.actions and not unread:
            ko = "기한을 연장하는 절차(동작 extension)에만 적습니다"
            en = "only an event that extends due days (the action extension) takes this"
            part.wrong("extension", "extends_nothing", ko, en)
        self._check_evaluation(event, part)
        if line is None and not part.is_meant("line"):
            self._check_no_line(event, part)
        if all_read and not part.is_meant(
            "choose"
        ):  # what stands there wrongly is not compared as well
            self._check_overlaps(event, edges)
        for number, (_, at) in enumerate(edges):
            self.paths[f"events.{name}.transitions[{number}]"] = at.path
        return event

    def _line(self, part: Part) -> str | None:
        name = part.text("line", None)
        if name is not None and name not in {*self.lines, *self._spoiled(self.top, "lines")}:
            part.unknown("line", ("결재선", "line"), self.lines)
        return name

    def _check_no_line(self, event: Event, part: Part) -> None:
        """What speaks of a line of signatures needs one."""
        uses = [*event.guards, *(use for edge in event.transitions for use in edge.guards)]
        speaking = {
            use.name for use in uses if use.name in self.specs and self.specs[use.name].in_line
        }
        speaking |= {action for action in event.actions if action in IN_LINE}
        speaking |= {NEXT_SIGNER for notice in event.notices if NEXT_SIGNER in notice.to}
        if speaking:
            said = ", ".join(sorted(speaking))
            ko = f"결재선(line)을 적어야 합니다: {said}"
            part.wrong(None, "no_line", ko, f"needs 'line', for it says: {said}")

    def _edges(self, event: str, part: Part) -> Iterator[tuple[Transition, Part]]:
        for step, inside in part.parts("transitions", named=False):
            if not isinstance(step, int):
                ko, en = "전이는 목록으로 적습니다 ('- '로 시작)", "transitions are a list ('- …')"
                part.wrong("transitions", "wrong_value", ko, en)
                return
            inside.only(keys.TRANSITION)
            sources = self._names(inside, "from", ("상태", "state"), self.states)
            if not sources:
                empty(inside, "from", ("상태", "state"))
            target = inside.text("to", None)
            if target and target not in self.states:
                if self.states and self.whole:
                    inside.unknown("to", ("상태", "state"), self.states)
                continue
            by = self._names(inside, "by", ("역할", "role"), self.roles)
            guards = self._guards(inside)
            for source in sources:
                region = self.states[source].region
                if target and self.states[target].region != region:
                    if not {source, target} & self.doubled:
                        cross_region(inside, source, region, target, self.states[target].region)
                    continue
                yield (
                    Transition(
                        event=event,
                        region=region,
                        source=source,
                        target=target or source,
                        guards=guards,
                        by=by,
                    ),
                    inside,
                )

    def _leads(self, part: Part, edges: list[Transition]) -> str:
        leads = part.known("leads", ("영역", "region"), self.regions)
        if edges and leads in self.regions and all(edge.region != leads for edge in edges):
            part.wrong(
                "leads",
                "leads_nowhere",
                f"이끄는 영역 '{leads}'에 이 절차의 전이가 없습니다",
                f"the leading region '{leads}' has no transition of this event",
                leads,
            )
        return leads

    def _check_overlaps(self, event: Event, edges: list[tuple[Transition, Part]]) -> None:
        for overlap in overlaps(event, self.specs):
            if overlap.kind == "possible":
                continue  # nobody can tell: a warning of `check`
            at = next(part for edge, part in edges if edge is overlap.second)
            code, ko, en = overlap_told(overlap, event)
            at.wrong(None, code, ko, en)

    def _check_evaluation(self, event: Event, part: Part) -> None:
        """An event on the last fixed evaluation: there is one, and it leaves the running one be."""
        if event.evaluation != FIXED:
            return
        if self.whole and not any(state.fixed for state in self.states.values()):
            part.wrong(
                "evaluation",
                "nothing_is_fixed",
                "어느 상태에서 평가가 확정되는지 없습니다 (그 상태에 fixed: true)",
                "no state is one in which an evaluation is fixed (say fixed: true of it)",
                FIXED,
            )
        for name in event.actions:
            if name in _ON_RUNNING:
                part.wrong(
                    "actions",
                    "runs_on",
                    f"동작 '{name}'은(는) 진행 중인 평가에 하는 것이라 evaluation: fixed와 함께 "
                    "쓸 수 없습니다",
                    f"the action '{name}' is about the running evaluation, so not with "
                    "evaluation: fixed",
                    name,
                )

    def _check_event_fields(self, events: list[tuple[str, Part]]) -> None:
        """A field of the type `event` names an event that is due: there must be one."""
        if any(event.due is not None for event in self.events.values()):
            return
        for name, part in events:
            for field in self.events[name].data:
                if field.type == "event":
                    part.wrong(
                        "data",
                        "no_event_is_due",
                        f"'{field.name}'은(는) 기한이 있는 절차를 적는 항목인데, 기한이 있는 "
                        "절차가 없습니다",
                        f"'{field.name}' takes an event with a due date, and there is none",
                    )

    # ------------------------------------------------------------------ guards

    def _guards(self, part: Part) -> tuple[GuardUse, ...]:
        """Return the guards in a list of `name` and `{name: {parameter: value}}`."""
        given = part.tree.get("guards")
        if given is None:
            return ()
        if not isinstance(given, list | tuple):
            ko, en = "요건은 목록으로 적습니다", "guards are a list"
            part.wrong("guards", "wrong_value", ko, en, given)
            return ()
        inside = part.part("guards")
        uses: list[GuardUse] = []
        for place, item in enumerate(given):
            use = self._guard(inside, place, item)
            if use is None:
                continue
            if use in uses:
                ko, en = (
                    f"요건 '{use.id}'이(가) 두 번 적혔습니다",
                    f"the guard {use.id} is given twice",
                )
                inside.wrong(place, "duplicate_guard", ko, en, use.id)
            else:
                uses.append(use)
        return tuple(uses)

    def _guard(self, inside: Part, place: int, item: Tree) -> GuardUse | None:
        params_tree: Tree = None
        if isinstance(item, str) and item:
            name, params = item, None
        elif isinstance(item, Mapping) and len(item) == 1:
            name = next(iter(item))
            params = inside.part(place).part(name, required=False, listed=False)
            params_tree = item[name]
        else:
            ko = "요건은 이름, 또는 {이름: {값: …}}으로 적습니다"
            en = "a guard is a name, or {name: {parameter: value}}"
            inside.wrong(place, "wrong_value", ko, en, item)
            return None
        spec = self.specs.get(name)
        if spec is None and self.vocabulary is not None:
            path = (*inside.path, place) if params is None else (*inside.path, place, name)
            self.reading.unknown(path, ("요건", "guard"), name, self.specs, key=params is not None)
        if params is not None and spec is not None and spec.rule:
            return GuardUse(name=name, params=self._rule(inside.part(place), name))
        if params is not None and spec is not None and "field" in spec.names.values():
            self.values.append((params, spec))
        values = {} if params is None else self._params(params, spec)
        written = params is None or isinstance(params_tree, Mapping)
        for lacking in () if spec is None or not written else spec.required:
            if lacking not in values and not (params is not None and params.is_meant(lacking)):
                inside.wrong(
                    place,
                    "missing_parameter",
                    f"요건 '{name}'에는 '{lacking}' 값이 필요합니다",
                    f"the guard '{name}' needs the parameter '{lacking}'",
                    name,
                )
        if spec is not None and written:
            self._check_company(inside, place, spec, values)
        return GuardUse(name=name, params=values)

    def _check_company(
        self, inside: Part, place: int, spec: GuardSpec, values: Collection[str]
    ) -> None:
        """Note a guard without any of the parameters of which it needs one, and a parameter that
        stands without the one that it is about."""
        if spec.some_of and not any(key in values for key in spec.some_of):
            listed = ", ".join(spec.some_of)
            ko = f"요건 '{spec.name}'에는 다음 가운데 하나가 필요합니다: {listed}"
            en = f"the guard '{spec.name}' needs one of: {listed}"
            inside.wrong(place, "missing_parameter", ko, en, spec.name)
        for key, other in spec.depends.items():
            if key in values and other not in values:
                ko = f"요건 '{spec.name}'의 '{key}'에는 '{other}'도 적어야 합니다"
                en = f"'{key}' of the guard '{spec.name}' needs '{other}' beside it"
                inside.wrong(place, "missing_parameter", ko, en, spec.name)

    def _params(self, params: Part, spec: GuardSpec | None) -> dict[str, str | tuple[str, ...]]:
        values: dict[str, str | tuple[str, ...]] = {}
        for key in params.tree:
            if spec is not None and key not in spec.params:
                what = ("요건의 값", "parameter")
                self.reading.unknown((*params.path, key), what, key, spec.params, key=True)
                continue
            value = params.tree[key]
            if spec is not None and key in spec.figures:
                values[key] = str(params.figure(key))
                continue
            if spec is not None and key in spec.wholes:
                values[key] = str(params.whole(key, least=0, most=10**6))
                continue
            if isinstance(value, bool):
                values[key] = str(value).lower()
                continue
            if spec is not None and key in spec.singles and isinstance(value, list | tuple):
                ko, en = "한 가지만 적습니다", "takes one, not a list"
                params.wrong(key, "wrong_value", f"'{key}': {ko}", f"'{key}' {en}", value)
                continue
            texts = params.texts(key)
            values[key] = texts if isinstance(value, list | tuple) else (texts or ("",))[0]
            allowed = None if spec is None else spec.params[key]
            names = "" if spec is None else spec.names.get(key, "")
            if allowed is not None:
                if isinstance(value, str):
                    params.choice(key, allowed)
                elif texts:
                    self._names(params, key, ("값", "value"), allowed)
            elif names in _OF_FIELDS and texts:
                continue  # fields are known when all events are read: see `_check_values`
            elif names and texts:
                self._names(params, key, _NAMED[names], self._known(names))
            elif not texts and not isinstance(value, Mapping):
                params.text(key)
        return values

    def _rule(self, part: Part, name: str) -> dict[str, str | tuple[str, ...]]:
        """Return a due rule as the parameters of a guard."""
        rule = read_due(part, name, self.event_names)
        inside = part.part(name, required=False)
        if rule is not None:
            self.rules.append((inside, rule))
        return {key: as_param(value) for key, value in inside.tree.items()}

    def _check_values(self, params: Part, spec: GuardSpec) -> None:
        """Check what a guard says of fields: that an event takes such a field, that a choice has
        such options, and that what is compared with a figure is one."""
        named = {what: key for key, what in spec.names.items() if what in _OF_FIELDS}
        events = list(self.events.values())
        of = next((key for key, what in spec.names.items() if what == "event"), None)
        named_event = None if of is None else params.tree.get(of)
        if isinstance(named_event, str) and named_event in self.events:
            events = [self.events[named_event]]
        fields = [field for event in events for field in event.data]
        name = params.tree.get(named["field"])
        own = [field for field in fields if field.name == name]
        unread = self.unread or not self.events.keys() >= set(self.event_names)
        if name in self.spoiled or (unread and not own):
            return
        if isinstance(name, str) and not own:
            known = list(dict.fromkeys(field.name for field in fields))
            params.unknown(named["field"], ("항목", "field"), known)
        types = {field.type for field in own}
        options = {option for field in own for option in field.options}
        if own and types <= {"choice", "flag"} and "option" in named:
            options |= self.spoiled | ({"true", "false"} if "flag" in types else set())
            if not isinstance(params.tree.get(named["option"]), bool):
                self._names(params, named["option"], ("선택지", "option"), options)
        for key in spec.figures & params.tree.keys():
            if own and not types & _FIGURES:
                params.wrong(
                    key,
                    "no_figure",
                    f"'{name}'은(는) 수나 금액이 아니어서 크기를 견줄 수 없습니다",
                    f"'{name}' is neither a number nor money: no figure is compared with it",
                    params.tree[key],
                )

    def _known(self, what: str) -> Collection[str]:
        if what == "role":
            return self.roles
        return self.states if what == "state" else self.event_names

    # ------------------------------------------------------------------ what events take and tell

    def _fields(self, event: str, part: Part) -> Iterator[Field]:
        if part.is_meant("data") or ("data" in part and not _is_listed(part, "data")):
            self.unread.add(event)
        self.spoiled.update(self._spoiled(part, "data"))
        for name, inside in self._named(part, "data", ("항목", "field")):
            if name in _RESERVED_FIELDS:
                ko, en = (
                    f"'{name}'은(는) 이력이 쓰는 이름입니다",
                    "entries use that name themselves",
                )
                inside.wrong(None, "reserved_name", ko, en, name)
            inside.only(keys.FIELD | _name_key(inside))
            kind = inside.text("type")
            if kind and kind not in FIELD_TYPES:
                inside.unknown("type", ("자료 유형", "field type"), sorted(FIELD_TYPES))
            options = {}
            covers: dict[str, tuple[str, ...]] = {}
            self.spoiled.update(self._spoiled(inside, "options"))
            for option, shown in self._named(inside, "options", ("선택지", "option")):
                shown.only(keys.OPTION | _name_key(shown))
                options[option] = _label(shown)
                if covered := self._names(shown, "covers", ("변경", "change"), keys.COVERED):
                    covers[option] = covered
            if kind == "choice" and not options:
                empty(inside, "options", ("선택지", "option"))
            if kind in FIELD_TYPES and kind != "choice" and "options" in inside:
                ko, en = "선택지는 type: choice에만 적습니다", "only type: choice takes options"
                inside.wrong("options", "wrong_value", ko, en)
            yield Field(
                name=name,
                type=kind,
                label=_label(inside),
                required=inside.flag("required", False),
                options=options,
                covers=covers,
            )

    def _only_event_keys(self, part: Part) -> None:
        allowed = keys.EVENT | _name_key(part)
        if RECORDS not in part.tree:
            part.only(allowed)
            return
        # It was renamed before the reading began, unless `actions` stand beside it.
        part.only(allowed | {RECORDS})
        part.wrong_key(
            RECORDS,
            "records_and_actions",
            "'records'는 'actions'의 옛 이름입니다. 둘을 함께 적을 수 없습니다",
            "'records' is the old name of 'actions': an event has one of them, not both",
        )

    def _actions(self, part: Part) -> tuple[str, ...]:
        if self.vocabulary is None:
            return part.texts("actions")
        return self._names(part, "actions", ("동작", "action"), self.vocabulary.actions)

    def _notices(self, event: str, part: Part, targets: set[str]) -> Iterator[NoticeRule]:
        seen: set[str] = set()
        for step, inside in part.parts("notices", named=False):
            if not isinstance(step, int):
                ko, en = "알림은 목록으로 적습니다 ('- '로 시작)", "notices are a list ('- …')"
                part.wrong("notices", "wrong_value", ko, en)
                return
            inside.only(keys.NOTICE)
            when = self._when(part, inside)
            name = inside.text("name")
            if name and not _IDENTIFIER.fullmatch(name):
                bad_name(inside, "name", name)
            if name in seen:
                duplicate(inside, ("알림", "notice"), name)
            seen.add(name)
            known = [*self.roles, COOPERATING, NEXT_SIGNER] if self.roles else []
            to = self._names(inside, "to", ("받는 역할", "notice target"), known)
            if not to:
                empty(inside, "to", ("받는 역할", "notice target"))
            entering = inside.text("entering", None)
            if entering is not None and entering not in self.states:
                if self.states and self.whole:
                    inside.unknown("entering", ("상태", "state"), self.states)
            elif entering is not None and entering not in targets:
                inside.wrong(
                    "entering",
                    "never_entered",
                    f"이 절차로는 상태 '{entering}'에 이르지 않습니다",
                    f"this event never enters the state '{entering}'",
                    entering,
                )
            self.paths[f"events.{event}.notices[{step}]"] = inside.path
            ask = inside.label_at("ask", None)
            yield NoticeRule(
                name=name, label=_label(inside), to=to, entering=entering, when=when, ask=ask
            )

    def _when(self, event: Part, notice: Part) -> str | None:
        """Return the field that a notice waits for: a flag, or cards that were sent."""
        when = notice.text("when", None)
        if when is None:
            return None
        flags = [
            name
            for name, field in self._named(event, "data", ("항목", "field"))
            if field.tree.get("type") in ("flag", "cards")
        ]
        if when not in flags:
            notice.unknown("when", ("예/아니요 항목 또는 관리카드", "field"), flags)
        return when

    def _duties(self) -> tuple[Duty, ...]:
        duties = []
        for name, part in self._named(self.top, "duties", ("직무 분리", "duty")):
            part.only(keys.DUTY | _name_key(part))
            self.paths[f"duties.{name}"] = part.path
            sides = {}
            for side in ("whoever", "may_not"):
                sides[side] = self._names(part, side, ("절차", "event"), self.event_names)
                if not sides[side]:
                    empty(part, side, ("절차", "event"))
            since = part.known("since", ("절차", "event"), self.event_names, None)
            duties.append(
                Duty(
                    name=name,
                    label=_label(part),
                    whoever=sides["whoever"],
                    may_not=sides["may_not"],
                    unless_acting=part.flag("unless_acting", True),
                    since=since,
                    optional=part.flag("optional", False),
                )
            )
        return tuple(duties)

    def _replaces(self) -> dict[str, dict[str, str]]:
        """Return what states of other versions become here, by `name/version`."""
        found: dict[str, dict[str, str]] = {}
        given = self.top.mapping("replaces", required=False)
        for version in given.tree:
            if not _VERSION.fullmatch(version):
                ko = "이름과 판을 적습니다 (예: major-works/2)"
                en = "expected a name and a version, e.g. major-works/2"
                given.wrong_key(version, "wrong_value", ko, en)
                continue
            states = given.mapping(version)
            found[version] = {}
            for old in states.tree:
                new = states.text(old)
                if new and self.states and self.whole and new not in self.states:
                    states.unknown(old, ("상태", "state"), self.states)
                found[version][old] = new
        return found


_WORDS = {
    COOPERATING: Label("협조 부서", "the units that must cooperate"),
    NEXT_SIGNER: Label("다음 결재자", "whoever signs next"),
}
_NO_LABEL = Label("", "")
_OF_FIELDS = frozenset({"field", "option"})
_FIGURES = frozenset({"number", "money"})
_NAMED = {"role": ("역할", "role"), "state": ("상태", "state"), "event": ("절차", "event")}


def _is_listed(part: Part, key: str) -> bool:
    return isinstance(part.tree.get(key), Mapping | list | tuple)


def _label(part: Part) -> Label:
    return Label(part.text("ko"), part.text("en"))


def _name_key(part: Part) -> set[str]:
    """Return the key that a part in a list has its name by."""
    return {"name"} if isinstance(part.path[-1], int) else set()
