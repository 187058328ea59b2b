"""The values of a lifecycle definition: built and checked by `load`, never changed afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from evalflow.files.notes import Note
from evalflow.model import DueRule, ExtensionRule, Label, PlanHead
from evalflow.model.canonical import Tree, canonical, digest
from evalflow.model.values import frozen

RUNNING, FIXED = "running", "fixed"
"""Which evaluation an event is about (`Event.evaluation`)."""

NEXT_SIGNER = "next_signer"
"""The word in a notice's `to` for whoever signs next in the event's line; no role may bear it."""

LINE_OF = ("evaluation", "change")
"""The papers that a line of signatures may be of."""

PROJECTS = Label("사업", "projects")
"""What the things are called that a lifecycle is about, where it does not say."""

AT = ("own", "cooperating")
"""In which units the roles of an event may be held."""


@frozen(kw_only=True)
class Role:
    """A role that actors hold in units of the kind `at` (office, bureau, department …)."""

    name: str
    label: Label
    at: str


@frozen(kw_only=True)
class State:
    """A state; its name is unique across all regions of the lifecycle.

    `final` says that the end is meant: nothing has to lead out of it. `fixed` says that the
    evaluation of the period is fixed (확정) in it.
    """

    name: str
    label: Label
    region: str
    final: bool = False
    fixed: bool = False


@frozen(kw_only=True)
class Region:
    """An orthogonal set of states (the statechart term); a project is in one of them."""

    name: str
    label: Label
    initial: str
    states: tuple[str, ...]


@frozen(kw_only=True)
class GuardUse:
    """A guard as a lifecycle uses it: the guard's name and the parameters given to it.

    `id` tells two uses apart: `rated(as=lagging)`. Uses with one id have one verdict.
    """

    name: str
    params: Mapping[str, Any] = attrs.field(factory=dict)
    id: str = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        inside = ", ".join(f"{key}={_shown(self.params[key])}" for key in sorted(self.params))
        object.__setattr__(self, "id", f"{self.name}({inside})" if inside else self.name)

    def __hash__(self) -> int:
        return hash(self.id)


def _shown(value: Any) -> str:
    """Return a plain word as it is and anything else as JSON, so that no two look alike."""
    plain = isinstance(value, str) and value.isidentifier() and value not in _JSON_WORDS
    return value if plain else canonical(value)


_JSON_WORDS = frozenset({"true", "false", "null"})


@frozen(kw_only=True)
class Transition:
    """One edge: in `region`, from `source` to `target` (equal: the state stays).

    `guards` choose between edges of one event from one source; all must hold. `by` are the roles
    that may take it, where these are fewer than the event's; a guard among `guards` sees to it.
    """

    event: str
    region: str
    source: str
    target: str
    guards: tuple[GuardUse, ...] = ()
    by: tuple[str, ...] = ()


def limited(by: tuple[str, ...], edges: Sequence[Transition]) -> tuple[Transition, ...]:
    """Return the edges of an event of the roles `by`, each with a guard that only its own roles
    pass, where some edge has roles of its own; those without have the event's."""
    if not any(edge.by for edge in edges):
        return tuple(edges)
    found = []
    for edge in edges:
        own = edge.by or by
        only = GuardUse(name=ACTS_AS, params={"roles": own})
        found.append(attrs.evolve(edge, by=own, guards=(*edge.guards, only)))
    return tuple(found)


def all_roles(by: tuple[str, ...], edges: Iterable[Transition]) -> tuple[str, ...]:
    """Return who may fire an event: the roles that it names itself, and those of its edges."""
    return tuple(dict.fromkeys([*by, *(role for edge in edges for role in edge.by)]))


ACTS_AS = "acts_as"
"""The guard that asks in which role the actor fires."""


@frozen(kw_only=True)
class Field:
    """A piece of data that an event takes; `type` is one of `keys.FIELD_TYPES`.
    `covers` says which options of a choice stand for which changes of a plan (R41)."""

    name: str
    type: str
    label: Label
    required: bool = False
    options: Mapping[str, Label] = attrs.field(factory=dict)
    covers: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


@frozen(kw_only=True)
class Line:
    """A line of signatures (결재선): one kind of paper, and who signs it in which order.

    `of` says which paper: the `evaluation` of a project, or the `change` asked of it. `by` are all
    roles that may stand in the line, from the lowest up; `default` are those who do where a plan
    does not say it. A line that ends below the last of `by` is decided by delegation (전결, R58).
    """

    name: str
    label: Label
    of: str
    by: tuple[str, ...]
    default: tuple[str, ...]

    def signers(
        self, lines: Mapping[str, Mapping[str, tuple[str, ...]]], kind: str = ""
    ) -> tuple[str, ...]:
        """Return the roles that sign, in their order: as a plan's `lines` say for the kind of
        change, or for the line, or as the lifecycle does."""
        said = lines.get(self.name, {})
        return said.get(kind) or said.get("") or self.default


@frozen(kw_only=True)
class NoticeRule:
    """A notice that an event causes, to everybody who holds one of the roles in `to`.

    `to` names roles (holders for the project's unit), `cooperating` for the heads of the
    units that must cooperate, or `next_signer` for whoever signs next in the event's line.
    `entering` limits it to firings that bring the project into that state, `when` to those in
    which that field, a flag, was given as true, or cards were given; None means every firing.
    `ask` is what the recipient is asked to do, in a sentence.
    """

    name: str
    label: Label
    to: tuple[str, ...]
    entering: str | None = None
    when: str | None = None
    ask: Label | None = None


@frozen(kw_only=True)
class Event:
    """Something that an actor fires, with everything that `fire` checks and records.

    Attributes:
        by: the roles that may fire it.
        transitions: its edges, in file order.
        leads: the region that must move (or stay by an edge of its own); other regions
            follow where they have an edge from their current state.
        guards: checks for every firing, whatever edge is taken.
        data: the fields that it takes.
        actions: names of what it writes beside the entry (`evalflow.decision.actions`).
        due: when it is due, or None.
        notices: what it tells whom.
        together: a kind of unit; one firing then moves all projects of that unit (as the
            bureau's submission does), or none.
        first_wins: where two edges could both be taken, the first one is meant.
        evaluation: which evaluation it is about: `running`, that of the project's period, or
            `fixed`, the last one that was fixed (`State.fixed`), whatever period runs by now.
        extension: where it extends due days: which, how often and how far; None: without bounds.
        line: the line of signatures in which it is a step, or None.
        at: where its roles are held: `own` (the project's unit) or `cooperating` (one of the
            units that must cooperate).
        fields: `data` by name; `required` are the names of those that must be given, `first` the
            first field of each type.
    """

    name: str
    label: Label
    by: tuple[str, ...]
    transitions: tuple[Transition, ...]
    leads: str
    guards: tuple[GuardUse, ...] = ()
    data: tuple[Field, ...] = ()
    actions: tuple[str, ...] = ()
    due: DueRule | None = None
    notices: tuple[NoticeRule, ...] = ()
    together: str | None = None
    first_wins: bool = False
    evaluation: str = RUNNING
    extension: ExtensionRule | None = None
    line: str | None = None
    at: str = "own"
    _sources: frozenset[str] = attrs.field(init=False, eq=False, repr=False)
    _any_by: bool = attrs.field(init=False, eq=False, repr=False)
    fields: Mapping[str, Field] = attrs.field(init=False, eq=False, repr=False)
    required: tuple[str, ...] = attrs.field(init=False, eq=False, repr=False)
    first: Mapping[str, str] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "fields", {each.name: each for each in self.data})
        required = tuple([each.name for each in self.data if each.required])
        object.__setattr__(self, "required", required)
        first = {each.type: each.name for each in reversed(self.data)}
        object.__setattr__(self, "first", first)
        led = [each for each in self.transitions if each.region == self.leads]
        object.__setattr__(self, "_sources", frozenset([each.source for each in led]))
        object.__setattr__(self, "_any_by", any(each.by for each in led))

    def sources(self) -> frozenset[str]:
        """Return the states of the leading region from which the event can be fired."""
        return self._sources

    def by_from(self, state: str) -> tuple[str, ...]:
        """Return the roles that may fire it from this state of the leading region; all of them
        where it has no edge from there."""
        if not self._any_by:
            return self.by
        edges = [t for t in self.transitions if t.region == self.leads and t.source == state]
        if all(not edge.by for edge in edges):
            return self.by
        allowed = {role for edge in edges for role in edge.by}
        return tuple([role for role in self.by if role in allowed])


@frozen(kw_only=True)
class Duty:
    """A separation of duties: whoever did one of `whoever` may not do any of `may_not` on the
    same project in the same period (D9); with `since` only what was done from the last firing of
    that event on counts. With `unless_acting` a recorded acting appointment (대결) lifts it. One
    that is `optional` holds where the plan asks for it."""

    name: str
    label: Label
    whoever: tuple[str, ...]
    may_not: tuple[str, ...]
    unless_acting: bool = True
    since: str | None = None
    optional: bool = False


@frozen(kw_only=True)
class Lifecycle:
    """A versioned definition. `fingerprint` is `<name>/<version>@<12 hex digits of content>`.

    `adopted_by` are the roles that may adopt a plan under it, and revise the plan later.
    `opens` are those that may open a case, one at a time, without a revision of its plan.
    `things` is what its projects are called, in English the plural (민원, petitions); `PROJECTS`
    where it does not say. `project_plans` is what the plan of a project must say before it is
    adopted (`CONTENTS`).
    `replaces` says of other versions (`name/version`) which of its states their states become
    when a project migrates from there; those that it does not say keep their names. `lines` are
    its lines of signatures.
    `tree` is what the YAML file said, with lists wherever order counts: it is what is stored, and
    the fingerprint is made of it. `places` says where in that file things stand:
    `states.planned` -> `file:line:column`; it is empty for a stored lifecycle. `notes` say how
    the file was read where it says something by an old name.
    """

    name: str
    version: int
    label: Label
    roles: Mapping[str, Role]
    regions: Mapping[str, Region]
    states: Mapping[str, State]
    events: Mapping[str, Event]
    duties: tuple[Duty, ...] = ()
    adopted_by: tuple[str, ...] = ()
    project_plans: tuple[str, ...] = ()
    replaces: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict)
    lines: Mapping[str, Line] = attrs.field(factory=dict)
    things: Label = PROJECTS
    opens: tuple[str, ...] = ()
    tree: Tree = attrs.field(factory=dict, eq=False, repr=False)
    places: Mapping[str, str] = attrs.field(factory=dict, eq=False, repr=False)
    notes: tuple[Note, ...] = attrs.field(default=(), eq=False, repr=False)
    fingerprint: str = attrs.field(init=False)
    _leads: Mapping[str, int] = attrs.field(init=False, eq=False, repr=False)
    _barring: frozenset[str] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        content = digest(canonical(self.tree))[:12]
        object.__setattr__(self, "fingerprint", f"{self.name}/{self.version}@{content}")
        leads = {region: place for place, region in enumerate(self.regions)}
        object.__setattr__(self, "_leads", leads)
        barring = [name for duty in self.duties for name in (*duty.whoever, duty.since) if name]
        object.__setattr__(self, "_barring", frozenset(barring))

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def measures(self) -> bool:
        """Say whether anything is evaluated under it, that is, whether an event takes figures. A
        selection or a corrective order has none, so its projects need no indicators."""
        return any(field.type == "figures" for e in self.events.values() for field in e.data)

    def leading(self, event: Event) -> int:
        """Return the place of the region that the event leads, among the states of a project."""
        return self._leads[event.leads]

    def bars(self, event: Event) -> bool:
        """Say whether a separation of duties depends on who fired the event."""
        return event.name in self._barring

    def initial(self) -> tuple[str, ...]:
        """Return the states in which a project starts, one per region."""
        return tuple(region.initial for region in self.regions.values())

    def is_over(self, states: Iterable[str]) -> bool:
        """Say whether a project in these states has ended: one of them is `final`. States unknown
        to the lifecycle are ignored."""
        return any(self.states[name].final for name in states if name in self.states)


@frozen(kw_only=True)
class GuardSpec:
    """How a lifecycle may use a guard: its parameters, and which guards exclude it.

    `params` maps each parameter to the values allowed (`None`: any text or list of texts);
    those in `required` must be given, and one of `some_of`; `depends` says which mean something
    only beside another. Those in `figures` are figures, those in `wholes` whole numbers, and
    those in `singles` take one text, no list. Where `rule` is set, the parameters are a due rule.
    Two uses of the guard whose parameter `exclusive_by` has values listed together in `exclusive`
    can never both hold, nor can two of which `excludes(params, params)` says so; of a use and
    itself it says that this one never holds.

    What the rest is for is checked when a lifecycle is loaded, and by `check`: `names` maps a
    parameter to what its values name (`role`, `state`, `event`, `field`, or an `option` of that
    field); `signed_by` is the parameter naming the role whose signature (결재) the guard asks
    for; a guard that `looks_back` cannot hold before the period under evaluation is over.
    `looks_at` is `project`, or `period` where the answer is the same for all projects of a plan
    that are in the same states and period on the same day: a batch then asks once for all of them.

    What a guard looks at beside the project is read before it is asked, so it says so: `peers` is
    the parameter that names a kind of unit, whose projects `firing.peers(kind)` then gives, or `*`
    for every kind;
    with `deadlines` it may ask `firing.deadline` for any event, with `history` look at
    `firing.history` (with `recorded` only where the event does not take the field that this
    parameter names), with `about` at `firing.about`, `firing.about_rated` and `firing.about_fired`,
    with `siblings` (and `about`) at `firing.siblings`, with `those_about` at `firing.those_about`.
    One that is `in_line` is asked only by events that are a step in a line of signatures.

    Where the project's states alone decide, `among(lifecycle, states, params)` says whether it
    holds among them, and `check` knows it exactly. `possible(head, period)` says whether it
    can hold at all in a period of the plan: what never can is not owed.
    """

    name: str
    label: Label
    params: Mapping[str, tuple[str, ...] | None] = attrs.field(factory=dict)
    required: tuple[str, ...] = ()
    exclusive_by: str | None = None
    exclusive: tuple[frozenset[str], ...] = ()
    excludes: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] | None = None
    names: Mapping[str, str] = attrs.field(factory=dict)
    signed_by: str | None = None
    looks_back: bool = False
    looks_at: str = "project"
    peers: str | None = None
    deadlines: bool = False
    history: bool = False
    recorded: str | None = None
    about: bool = False
    siblings: bool = False
    those_about: bool = False
    figures: frozenset[str] = frozenset()
    wholes: frozenset[str] = frozenset()
    singles: frozenset[str] = frozenset()
    some_of: tuple[str, ...] = ()
    depends: Mapping[str, str] = attrs.field(factory=dict)
    rule: bool = False
    among: Callable[[Lifecycle, tuple[str, ...], Mapping[str, Any]], bool] | None = None
    possible: Callable[[PlanHead, str], bool] | None = None
    in_line: bool = False

    @property
    def looks_elsewhere(self) -> bool:
        """Say whether the guard looks at other projects, whose state at that time is not kept with
        an entry."""
        return self.peers is not None or self.about or self.those_about


@frozen(kw_only=True)
class DueSpec:
    """How a lifecycle may use a plugin's due rule: `{NAME: {after: EVENT, …}}`.

    `params` maps each parameter to the values allowed (`None`: any text); those in `required` must
    be given. `after` (an event, or the latest of several) and `on` (the field of theirs whose day
    is counted from) are evalflow's own, so no parameter has these names.
    """

    name: str
    label: Label
    params: Mapping[str, tuple[str, ...] | None] = attrs.field(factory=dict)
    required: tuple[str, ...] = ()


@frozen(kw_only=True)
class Vocabulary:
    """The names that a lifecycle may use beside its own: installed guards, actions, and the due
    rules of plugins."""

    guards: Mapping[str, GuardSpec]
    actions: frozenset[str]
    dues: Mapping[str, DueSpec] = attrs.field(factory=dict)


def states_text(lifecycle: Lifecycle, states: Iterable[str], lang: str = "ko") -> str:
    """Return the labels of states, one a region; a further region in its initial state is
    quiet."""
    pairs = zip(lifecycle.regions.values(), states, strict=True)
    shown = [
        lifecycle.states[state].label.text(lang)
        for place, (region, state) in enumerate(pairs)
        if place == 0 or state != region.initial
    ]
    return " · ".join(shown)
