"""Plugins: what provides storages, notifiers, scorers and guards, built in or installed.

`Plugins.load` finds them and asks each for what it provides: at once, or, where it says which hooks
it answers, when one of these is needed. Nothing is global: every engine
has its own, so what is installed on a machine changes no test that says `plugins=[]`.

A plugin that cannot be used is left out and named in `problems`; everything else works, and
whoever asks for what it might have provided is told so. Wherever a plugin's own code runs, an
error of it becomes a `PluginError` that names the plugin and keeps the original as its cause.
"""

from __future__ import annotations

import datetime as dt
import inspect
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from evalflow.errors import (
    InvalidInput,
    PluginError,
    Problem,
    StorageError,
    did_you_mean,
    invalid,
    nearest,
)
from evalflow.plugins.builtin import PARTS
from evalflow.plugins.calls import Absent, call, dated, guarded, held_to
from evalflow.plugins.finding import CHOSEN_BY, find
from evalflow.plugins.hook_calls import HookCall
from evalflow.plugins.hooks import FIRED, options_of
from evalflow.plugins.loading import (
    BUILTIN,
    HOOK_OF,
    HOOKS,
    KINDS,
    Asking,
    Found,
    Item,
    Plugin,
    PluginProblem,
)
from evalflow.plugins.patience import Patience
from evalflow.storage.urls import shown_url

if TYPE_CHECKING:
    from evalflow.decision.guards import Guard
    from evalflow.lifecycle.definition import DueSpec, GuardSpec
    from evalflow.model import Delivery, Entry, Label, PlanHead, Rating, ScoringRules, Subject
    from evalflow.model.calendar import DueFunction
    from evalflow.model.canonical import Tree
    from evalflow.plugins.checking import PluginFinding, Taken
    from evalflow.plugins.forms import Form
    from evalflow.plugins.notifier import Notifier, Route
    from evalflow.plugins.panels import Panel
    from evalflow.plugins.scorers import BoundScorer
    from evalflow.plugins.signer import Signer
    from evalflow.scoring.contract import Grader
    from evalflow.storage.contract import Storage

__all__ = [
    "CHOSEN_BY",
    "HOOKS",
    "KINDS",
    "HookCall",
    "Plugin",
    "PluginProblem",
    "Plugins",
    "Provided",
]


@attrs.frozen(kw_only=True, order=True)
class Provided:
    """One thing that a plan, a lifecycle or a URL can name, and who provides it."""

    kind: str
    name: str
    plugin: str
    distribution: str | None
    version: str | None


class Plugins:
    """The plugins of one engine, and what they provide."""

    _turn: ClassVar = threading.RLock()
    """Held by whoever asks plugins that waited."""

    def __init__(
        self, found: Iterable[tuple[Plugin, Any]], problems: Iterable[PluginProblem] = ()
    ) -> None:
        """Take plugins as objects, already imported; `Plugins.load` is the usual way."""
        self._asking = Asking(problems)
        self._patience = Patience()
        self._given: list[Mapping[tuple[str, str], Item]] = []
        self._items: Mapping[tuple[str, str], Item] = {}
        self._doubled: tuple[PluginProblem, ...] = ()
        self._found: tuple[Found, ...] = ()
        self._waiting: tuple[Found, ...] = ()
        self._asked: set[str | None] = set()  # hooks to which all that there are have answered
        self._take([Found.of(plugin, answering) for plugin, answering in found])

    @classmethod
    def load(
        cls, plugins: Sequence[Any] | None = None, *, environ: Mapping[str, str] | None = None
    ) -> Plugins:
        """Return the built-in plugin together with others.

        `plugins` lists plugin objects (modules, instances) and names of installed plugins or
        of their distributions. None takes all installed ones, or those that the environment
        variable `EVALFLOW_PLUGINS` names. What cannot be had is named in `problems`.
        """
        found, problems = find(plugins, os.environ if environ is None else environ)
        ours = [Found(BUILTIN, part, frozenset([hook])) for hook, part in PARTS]
        made = cls((), problems)
        made._take([*ours, *found])
        return made

    # ------------------------------------------------------------------ what there is

    @property
    def loaded(self) -> tuple[Plugin, ...]:
        """Return the plugins in use, the built-in one first."""
        self._ask_waiting()
        used = set(self._asking.loaded)
        return tuple(dict.fromkeys(each.plugin for each in self._found if each.plugin in used))

    @property
    def problems(self) -> tuple[PluginProblem, ...]:
        """Return what is left out, and why."""
        self._ask_waiting()
        return (*self._asking.problems, *self._doubled)

    @property
    def hears_fired(self) -> bool:
        """Say whether a plugin listens to entries (`evalflow_fired`)."""
        self._ask_waiting(FIRED)
        return bool(self._asking.firings)

    def finish_fired(self, timeout: float = 5.0) -> bool:
        """Wait until plugins have been told everything; say whether that took less than `timeout`
        seconds."""
        firings = self._asking.firings
        return firings is None or firings.finish(timeout)

    def fired(self, entries: Iterable[Entry]) -> None:
        """Tell plugins about committed entries and return at once. The engine calls this itself,
        except on a host's transaction: only the host knows when that is committed."""
        self._ask_waiting(FIRED)
        if self._asking.firings is not None:
            self._asking.firings.tell(entries)

    @property
    def trace(self) -> tuple[HookCall, ...]:
        """Return which hooks were called so far, in order."""
        return tuple(self._asking.calls)

    def provided(self) -> tuple[Provided, ...]:
        """Return everything that plans, lifecycles and URLs can name, by kind and name."""
        self._ask_waiting()
        rows = [
            Provided(
                kind=kind,
                name=name,
                plugin=item.plugin.name,
                distribution=item.plugin.distribution,
                version=item.plugin.version,
            )
            for (kind, name), item in self._items.items()
        ]
        return tuple(sorted(rows, key=lambda row: (list(KINDS).index(row.kind), row.name)))

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the names of one kind (see `KINDS`), in order."""
        return tuple(sorted(self._of(kind)))

    def takes(self, kind: str, name: str) -> tuple[Taken, ...]:
        """Return the options of one thing, or the parameters of a guard.

        Raises:
            KeyError: nobody provides it.
        """
        from evalflow.plugins.checking import takes

        return tuple(takes(self._had(kind, name)))

    def findings(self, only: str | None = None) -> Iterator[PluginFinding]:
        """Yield whether each thing, or those of this plugin or name, keeps its contract, as far as
        can be checked without a server. The kits in `evalflow.testing` check everything."""
        from evalflow.plugins.checking import PluginFinding, fault

        for row in self.provided():
            if only in (None, row.plugin, row.name):
                found = fault(row.kind, row.name, self._had(row.kind, row.name))
                yield PluginFinding(kind=row.kind, name=row.name, plugin=row.plugin, fault=found)

    # ------------------------------------------------------------------ storages

    def storage(self, url: str) -> Storage:
        """Open the storage that `url` names.

        Raises:
            StorageError: no plugin knows the scheme, or the storage cannot be used.
            PluginError: the plugin that knows the scheme broke.
        """
        from evalflow.storage.contract import Storage

        scheme, colon, _ = url.partition(":")
        scheme = scheme.lower()
        item = self._item("storage", scheme) if colon else None
        if item is None:
            # Only the scheme is shown: the rest of a URL may hold a password.
            ko, en = self._absent("storage", scheme) if colon else _no_scheme(url)
            raise StorageError("unknown_scheme", ko=ko, en=en)
        what, opener = f"storage '{scheme}'", item.made_by
        held: Storage = held_to(
            Storage, call(item.plugin, what, lambda: opener(url)), item.plugin, what
        )
        return held

    # ------------------------------------------------------------------ notifiers

    def notifier(
        self, name: str, options: Mapping[str, Tree] | None = None, *, at: Sequence[str] = ()
    ) -> Notifier:
        """Return the notifier of this name with these options.

        `at` is the path under which problems name the options; see `scorer`.

        Raises:
            InvalidInput: no plugin provides it, or the options are wrong: all problems.
            PluginError: its plugin broke.
        """
        from evalflow.plugins.notifier import Notifier

        path = tuple(at) or ("notices", "notifiers", name)
        made = self._make("notifier", name, options or {}, path, path)
        plugin = self._had("notifier", name).plugin
        held: Notifier = held_to(Notifier, made, plugin, f"notifier '{name}'")
        return held

    def routes(
        self, plan: str, delivery: Delivery, *, instead: Mapping[str, Notifier] | None = None
    ) -> tuple[Route, ...]:
        """Return how the plan's notices are sent; `instead` holds notifiers to use in their place.

        A notifier that cannot be had fails each notice, which is tried again: so one that is
        not installed (any more) holds up no other, and its notices wait for it.
        """
        from evalflow.plugins.notifier import Route

        routes = []
        for name in delivery.notifiers:
            notifier = None if instead is None else instead.get(name)
            if notifier is None:
                try:
                    notifier = self.notifier(name, delivery.options.get(name))
                except (InvalidInput, PluginError) as error:
                    notifier = Absent(error)
            routes.append(Route(name=name, notifier=notifier, plan=plan, backoff=delivery.backoff))
        return tuple(routes)

    # ------------------------------------------------------------------ scorers

    def scorer(
        self,
        name: str,
        options: Mapping[str, Tree] | None = None,
        *,
        within: dt.timedelta | None = None,
        at: Sequence[str] = ("scoring",),
    ) -> BoundScorer:
        """Return the scorer of this name with these options.

        A plugin's scorer that gives no answer `within` this time is refused; the built-in
        ones are trusted. `at` is the path of the part that names the scorer: problems name
        `scoring.scorer` and `scoring.options.…`.

        Raises:
            InvalidInput: no plugin provides it, or the options are wrong: all problems.
            PluginError: its plugin broke.
        """
        from evalflow.plugins.scorers import BoundScorer
        from evalflow.scoring.contract import Scorer

        path = tuple(at)
        made = self._make("scorer", name, options or {}, (*path, "scorer"), (*path, "options"))
        plugin = self._had("scorer", name).plugin
        scorer = held_to(Scorer, made, plugin, f"scorer '{name}'")
        limit = None if plugin is BUILTIN else within
        return BoundScorer(name, plugin, scorer, self._patience, limit)

    def scoring(
        self, rules: ScoringRules, *, within: dt.timedelta | None = None
    ) -> Callable[[Subject], Rating]:
        """Return what rates by these rules.

        Where the scorer cannot be had (any more) nothing is raised before somebody asks for a
        rating; that is a `PluginError`. So a store can be read whatever is installed.
        """
        try:
            return self.scorer(rules.scorer, rules.options, within=within).score
        except (InvalidInput, PluginError) as error:
            return Absent(error).score

    # ------------------------------------------------------------------ graders

    def grader(
        self,
        name: str,
        options: Mapping[str, Tree] | None = None,
        *,
        at: Sequence[str] = ("scoring", "grades"),
    ) -> Grader:
        """Return the grader of this name with these options; `at` is the path of the part that
        names it.

        Raises:
            InvalidInput: no plugin provides it, or the options are wrong: all problems.
            PluginError: its plugin broke.
        """
        from evalflow.plugins.bound import BoundGrader
        from evalflow.scoring.contract import Grader

        path = tuple(at)
        made = self._make("grader", name, options or {}, (*path, "grader"), (*path, "options"))
        plugin = self._had("grader", name).plugin
        held: Grader = held_to(Grader, made, plugin, f"grader '{name}'")
        return BoundGrader(name, plugin, held)

    # ------------------------------------------------------------------ guards

    @cached_property
    def guards(self) -> Mapping[str, Guard]:
        """Return the guards by name; an error of one becomes a `PluginError`."""
        return self.guards_within(None)

    @cached_property
    def guard_specs(self) -> Mapping[str, GuardSpec]:
        """Return what a lifecycle may say about each guard."""
        items = self._of("guard").items()
        specs: Mapping[str, Any] = {name: item.spec for name, item in items}
        return specs

    # ------------------------------------------------------------------ due rules

    @cached_property
    def due_specs(self) -> Mapping[str, DueSpec]:
        """Return what a lifecycle may say about each due rule of a plugin."""
        items = self._of("due_rule").items()
        specs: Mapping[str, Any] = {name: item.spec for name, item in items}
        return specs

    @cached_property
    def due_rules(self) -> Mapping[str, DueFunction]:
        """Return the due rules of plugins by name; an error of one becomes a `PluginError`, and
        so does one that no plugin provides (any more)."""
        rules = _DueRules(self)
        for name, item in self._of("due_rule").items():
            rules[name] = dated(name, item)
        return rules

    def guards_within(self, within: dt.timedelta | None) -> Mapping[str, Guard]:
        """Return the guards by name; a plugin's guard that gives no answer in time breaks.

        It then runs on in a thread of its own, and what it answers later counts for nothing;
        until it has ended, asking it again is refused at once. So a guard that hangs costs
        one thread, not one for every firing. The built-in guards are trusted.

        A name that no plugin provides (any more) is not in the mapping, and yet gives a guard:
        one that breaks and says why.
        """
        guards = _Guards(self)
        for name, item in self._of("guard").items():
            trusted = item.plugin is BUILTIN
            guards[name] = guarded(name, item, self._patience, None if trusted else within)
        return guards

    # ------------------------------------------------------------------ forms

    def form(self, name: str, options: Mapping[str, Tree] | None = None) -> Form:
        """Return the form of this name with these options (a plan's `forms:` section).

        Raises:
            InvalidInput: no plugin provides it, or the options are wrong: all problems.
            PluginError: its plugin broke.
        """
        from evalflow.plugins.bound import BoundForm
        from evalflow.plugins.forms import Form

        path = ("forms", name)
        made = self._make("form", name, options or {}, path, path)
        plugin = self._had("form", name).plugin
        held: Form = held_to(Form, made, plugin, f"form '{name}'")
        return BoundForm.of(plugin, name, held)

    # ------------------------------------------------------------------ signers

    def signer(
        self, name: str, options: Mapping[str, Tree] | None = None, *, at: Sequence[str] = ()
    ) -> Signer:
        """Return the signer of this name with these options; `at` is the path under which
        problems name it.

        Raises:
            InvalidInput: no plugin provides it, or the options are wrong: all problems.
            PluginError: its plugin broke.
        """
        from evalflow.plugins.bound import BoundSigner
        from evalflow.plugins.signer import Signer

        path = tuple(at) or ("signer", name)
        made = self._make("signer", name, options or {}, path, path)
        plugin = self._had("signer", name).plugin
        held: Signer = held_to(Signer, made, plugin, f"signer '{name}'")
        return BoundSigner.of(plugin, name, held)

    # ------------------------------------------------------------------ commands, panels, metrics

    def command(self, name: str) -> Callable[..., object]:
        """Return the click command of this name.

        Raises:
            InvalidInput: no plugin provides it.
            PluginError: its plugin broke, or made something else.
        """
        at = ("command", name)
        made: Callable[..., object] = self._make("command", name, {}, at, at)
        if not callable(getattr(made, "main", None)):
            raise self._had("command", name).plugin.error(
                f"command '{name}' is not a click command",
                f"명령 '{name}'은(는) click의 명령이 아닙니다",
            )
        return made

    def command_summaries(self) -> Mapping[str, str]:
        """Return the first line of help of each command, by name."""
        makers = self._of("command").items()
        docs = {name: inspect.getdoc(item.made_by) or "" for name, item in makers}
        return {name: docs[name].partition("\n")[0] for name in sorted(docs)}

    def panel(
        self, name: str, options: Mapping[str, Tree] | None = None, *, at: Sequence[str] = ()
    ) -> Panel:
        """Return the panel of this name with these options.

        Raises:
            InvalidInput: no plugin provides it, or the options are wrong: all problems.
            PluginError: its plugin broke, or made something else.
        """
        from evalflow.plugins.bound import BoundPanel
        from evalflow.plugins.panels import Panel

        path = tuple(at) or ("panel", name)
        made = self._make("panel", name, options or {}, path, path)
        plugin = self._had("panel", name).plugin
        held: Panel = held_to(Panel, made, plugin, f"panel '{name}'")
        return BoundPanel.of(plugin, name, held)

    def metric(self, name: str) -> Callable[[], tuple[str, bytes]]:
        """Return what answers the metrics of this name, as a content type and its bytes.

        Raises:
            KeyError: no plugin provides it.
        """
        from evalflow.plugins.checking import metrics_fault

        item = self._had("metric", name)

        def exposed() -> tuple[str, bytes]:
            what = f"metric '{name}'"
            made: Any = call(item.plugin, what, item.made_by)
            if metrics_fault(made) is not None:
                raise item.plugin.error(f"{what}: answered no content type with its bytes")
            kind, content = made
            return kind, content

        return exposed

    # ------------------------------------------------------------------ plans

    def check(self, head: PlanHead) -> tuple[Problem, ...]:
        """Return what a plan asks of plugins and cannot have, each problem with its path."""
        asked: list[tuple[str, str, Mapping[str, Tree], tuple[str, ...], tuple[str, ...]]] = [
            (
                "scorer",
                head.scoring.scorer,
                head.scoring.options,
                ("scoring", "scorer"),
                ("scoring", "options"),
            )
        ]
        grades = head.scoring.grades
        if grades is not None:
            at = ("scoring", "grades")
            asked.append(
                ("grader", grades.grader, grades.options, (*at, "grader"), (*at, "options"))
            )
        for name in head.delivery.notifiers:
            path = ("notices", "notifiers", name)
            asked.append(("notifier", name, head.delivery.options.get(name, {}), path, path))
        for name, said in head.forms.items():
            asked.append(("form", name, said, ("forms", name), ("forms", name)))
        problems: list[Problem] = []
        for kind, name, options, named_at, options_at in asked:
            try:
                self._options(kind, name, options, named_at, options_at)
            except InvalidInput as error:
                problems.extend(error.problems)
            except PluginError as error:
                problems.append(
                    Problem(
                        code="plugin_failed",
                        path=".".join(named_at),
                        value=name,
                        ko=error.text("ko"),
                        en=error.text("en"),
                    )
                )
        return tuple(problems)

    def absent(self, kind: str, name: str) -> Label:
        """Return why there is no such thing, in both languages: what is installed, the nearest
        name, and which broken plugin might have provided it."""
        from evalflow.model import Label

        return Label(*self._absent(kind, name))

    # ------------------------------------------------------------------ asking

    def _take(self, found: Sequence[Found]) -> None:
        """Ask these plugins, but for those that say which hooks they answer: when one of their
        hooks is needed."""
        self._found = (*self._found, *found)
        self._waiting = tuple([each for each in self._found if each.hooks is not None])
        self._ask([each for each in found if each.hooks is None])

    def _ask_waiting(self, hook: str | None = None, *, ours: bool = False) -> None:
        """Ask those plugins which were not asked yet and may answer the hook; None: all of them.
        `ours` asks what is built in alone."""
        if hook in self._asked:  # every firing comes by
            return

        def needed() -> list[Found]:
            asked = [each for each in self._waiting if hook is None or each.may_answer(hook)]
            return [each for each in asked if each.plugin is BUILTIN or not ours]

        if needed():
            with Plugins._turn:  # another thread may ask just now: its answers are waited for
                asked = needed()
                self._ask(asked)
                self._waiting = tuple([each for each in self._waiting if each not in asked])
        if not ours:
            self._asked.add(hook)

    def _ask(self, found: Iterable[Found]) -> None:
        for each in found:
            items = self._asking.ask(each)
            if items is not None:
                self._given.append(items)
        self._settle()

    def _settle(self) -> None:
        """Keep every name that one plugin provides. What two provide nobody gets, for a plan
        does not say which is meant; only the built-in ones cannot be displaced."""
        providers: dict[tuple[str, str], list[Item]] = {}
        for items in self._given:
            for key, item in items.items():
                providers.setdefault(key, []).append(item)
        doubled: dict[Plugin, list[tuple[str, str]]] = {}
        kept: dict[tuple[str, str], Item] = {}
        for key, items_of_key in providers.items():
            first, *others = sorted(items_of_key, key=lambda item: item.plugin is not BUILTIN)
            if not others or first.plugin is BUILTIN:
                kept[key] = first
            for item in others if first.plugin is BUILTIN else (first, *others) if others else ():
                doubled.setdefault(item.plugin, []).append(key)
        self._items = kept
        self._doubled = tuple([_twice(plugin, keys, providers) for plugin, keys in doubled.items()])

    def _item(self, kind: str, name: str) -> Item | None:
        hook = HOOK_OF.get(kind)
        self._ask_waiting(hook, ours=True)
        known = self._items.get((kind, name))
        if known is None or known.plugin is not BUILTIN:  # which nobody displaces
            self._ask_waiting(hook)
            known = self._items.get((kind, name))
        return known

    def _had(self, kind: str, name: str) -> Item:
        """Return the item.

        Raises:
            KeyError: nobody provides it.
        """
        item = self._item(kind, name)
        if item is None:
            raise KeyError(kind, name)
        return item

    def _of(self, kind: str) -> dict[str, Item]:
        self._ask_waiting(HOOK_OF.get(kind))
        return {name: item for (each, name), item in self._items.items() if each == kind}

    def _options(
        self,
        kind: str,
        name: str,
        options: Mapping[str, Tree],
        named_at: Sequence[str],
        options_at: Sequence[str],
    ) -> tuple[Any, ...]:
        """Return the arguments with which the thing is made: its options, if it takes any."""
        item = self._item(kind, name)
        if item is None:
            ko, en = self._absent(kind, name)
            path = ".".join(named_at)
            raise invalid(
                f"unknown_{kind}",
                path=path,
                value=name,
                ko=ko,
                en=en,
            )
        declared = options_of(item.made_by)
        if declared is None and not options:
            return ()
        from evalflow.plugins.options import no_options, read_options

        if declared is None:
            no_options(options, at=options_at)
            return ()
        return (
            call(
                item.plugin,
                f"{kind} '{name}'",
                lambda: read_options(declared, options, at=options_at),
                through=(InvalidInput,),
            ),
        )

    def _make(
        self,
        kind: str,
        name: str,
        options: Mapping[str, Tree],
        named_at: Sequence[str],
        options_at: Sequence[str],
    ) -> Any:
        arguments = self._options(kind, name, options, named_at, options_at)
        item = self._had(kind, name)
        return call(
            item.plugin,
            f"{kind} '{name}'",
            lambda: item.made_by(*arguments),
            through=(InvalidInput,),
        )

    def _absent(self, kind: str, name: str) -> tuple[str, str]:
        label_ko, label_en = KINDS[kind]
        at_fault = [problem for problem in self.problems if (kind, name) in problem.lost]
        if at_fault:
            ko = "; ".join(problem.text("ko") for problem in at_fault)
            en = "; ".join(problem.text("en") for problem in at_fault)
            return f"{label_ko} '{name}'을(를) 쓸 수 없습니다: {ko}", (
                f"{label_en} '{name}' cannot be used: {en}"
            )
        known = self.names(kind)
        ko, en = did_you_mean(
            f"{label_ko} '{name}'이(가) 없습니다", f"no {label_en} '{name}'", nearest(name, known)
        )
        listed = ", ".join(known) or "-"
        ko, en = f"{ko} (설치됨: {listed})", f"{en} (installed: {listed})"
        unknown = [problem for problem in self.problems if problem.code != "duplicate_name"]
        if unknown:
            ko += "; 불러오지 못함: " + "; ".join(problem.text("ko") for problem in unknown)
            en += "; could not be loaded: " + "; ".join(p.text("en") for p in unknown)
        return ko, en


def _begin() -> None:
    """Wait for no thread of the parent's, in a forked child."""
    Plugins._turn = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin)


class _Guards(dict[str, Any]):
    """The guards by name; an unknown name gives a guard that breaks and says why."""

    def __init__(self, plugins: Plugins) -> None:
        super().__init__()
        self._plugins = plugins

    def __missing__(self, name: str) -> Guard:
        why = self._plugins.absent("guard", name)

        def absent(*args: Any, **params: Any) -> None:
            raise PluginError(name, why.en, ko=why.ko)

        return absent


def _no_scheme(url: str) -> tuple[str, str]:
    shown = shown_url(url)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return (
        f"저장소 주소 '{shown}'에 종류(sqlite: 등)가 없습니다. 예: sqlite:///{shown}",
        f"the store '{shown}' has no scheme; for a file: sqlite:///{shown}",
    )


def _twice(
    plugin: Plugin,
    keys: Sequence[tuple[str, str]],
    providers: Mapping[tuple[str, str], Sequence[Item]],
) -> PluginProblem:
    """Return the problem that other plugins provide these, too."""
    rivals = dict.fromkeys(
        item.plugin for key in keys for item in providers[key] if item.plugin != plugin
    )
    ko, en = _doubled(keys, tuple(rivals))
    return PluginProblem(plugin=plugin, code="duplicate_name", ko=ko, en=en, lost=tuple(keys))


def _doubled(keys: Sequence[tuple[str, str]], rivals: Sequence[Plugin]) -> tuple[str, str]:
    ko = ", ".join(f"{KINDS[kind][0]} '{name}'" for kind, name in keys)
    en = ", ".join(f"{KINDS[kind][1]} '{name}'" for kind, name in keys)
    others = ", ".join(str(rival) for rival in rivals)
    return (
        f"{ko}: 다른 플러그인({others})도 같은 이름으로 제공합니다. "
        f"{CHOSEN_BY}(으)로 쓸 것을 고르십시오.",
        f"{en}: also provided by {others}; choose one with {CHOSEN_BY}",
    )


class _DueRules(dict[str, Any]):
    """The due rules of plugins by name; an unknown name that is not evalflow's own gives one
    that breaks and says why."""

    def __init__(self, plugins: Plugins) -> None:
        super().__init__()
        from evalflow.lifecycle.due import DUE_KINDS

        self._plugins, self._own = plugins, DUE_KINDS

    def get(self, name: str, default: Any = None) -> Any:
        """Return the due rule; `default` for evalflow's own kinds."""
        if name in self or name in self._own:
            return super().get(name, default)
        why = self._plugins.absent("due_rule", name)

        def absent(*_: Any, **__: Any) -> dt.date:
            raise PluginError(name, why.en, ko=why.ko)

        return absent
