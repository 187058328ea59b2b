"""Plugins: what provides storages, notifiers, scorers and guards, built in or installed.

`Plugins.load` finds them and asks each for what it provides. Nothing is global: every engine
has its own, so what is installed on a machine changes no test that says `plugins=[]`.

A plugin that cannot be used is left out and named in `problems`; everything else works, and
whoever asks for what it might have provided is told so. Wherever a plugin's own code runs, an
error of it becomes a `PluginError` that names the plugin and keeps the original as its cause.
"""

from __future__ import annotations

import contextvars
import datetime as dt
import inspect
import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import attrs
import pluggy

from evalflow import hookspecs
from evalflow.builtin import Builtin
from evalflow.discovery import EntryPoint, entry_points
from evalflow.errors import (
    Conflict,
    InvalidInput,
    PluginError,
    Problem,
    Reason,
    StorageError,
    nearest,
)
from evalflow.guards import Guard
from evalflow.hookspecs import GROUP, options_of
from evalflow.lifecycle.definition import GuardSpec
from evalflow.model import Delivery, Label, Notice, PlanHead, Rating, ScoringRules, Subject
from evalflow.options import check_declaration, no_options, read_options
from evalflow.outbox import Notifier, Route
from evalflow.reading import is_name
from evalflow.scoring.contract import Scorer
from evalflow.storage.contract import Storage
from evalflow.text import Tree

CHOSEN_BY = "EVALFLOW_PLUGINS"
"""The environment variable that chooses installed plugins by name: `mail,grades`; empty: none."""

KINDS: Mapping[str, Label] = {
    "storage": Label("저장소", "storage"),
    "notifier": Label("알림 수단", "notifier"),
    "scorer": Label("산정기", "scorer"),
    "guard": Label("요건", "guard"),
}
"""What plugins provide, one hook each."""

HOOKS = frozenset(f"{GROUP}_{kind}s" for kind in KINDS)
"""The names of the hooks."""

Answer = TypeVar("Answer")

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


@attrs.frozen(kw_only=True)
class Plugin:
    """A plugin by name, with the distribution that brought it (None: given to `load`)."""

    name: str
    distribution: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        if self.distribution is None:
            return self.name
        same = self.distribution == self.name
        return " ".join(
            [
                self.name if same else f"{self.name} ({self.distribution})",
                *([self.version] if self.version else []),
            ]
        )

    def error(self, en: str, ko: str | None = None) -> PluginError:
        """Return a `PluginError` that names this plugin."""
        bare = str(attrs.evolve(self, version=None))
        return PluginError(bare, en, version=self.version, ko=ko)


@attrs.frozen(kw_only=True)
class PluginProblem:
    """Why a plugin, or one name that it provides, is left out.

    Codes: `not_installed`, `import_failed`, `unknown_hook`, `wrong_arguments`, `hook_failed`,
    `wrong_answer`, `duplicate_name`. `cause` is the original error, where there is one.
    `lost` are the (kind, name) pairs that cannot be had because of it, as far as known.
    """

    plugin: Plugin
    code: str
    ko: str
    en: str
    cause: BaseException | None = attrs.field(default=None, eq=False)
    lost: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """Return the plugin's name."""
        return self.plugin.name

    @property
    def distribution(self) -> str | None:
        """Return the name of the distribution that brought it."""
        return self.plugin.distribution

    @property
    def version(self) -> str | None:
        """Return the version of the distribution that brought it."""
        return self.plugin.version

    def text(self, lang: str = "ko") -> str:
        """Return the sentence for people in `lang` (`ko` or `en`)."""
        if lang == "ko":
            return f"플러그인 {self.plugin}: {self.ko}"
        return f"plugin {self.plugin}: {self.en}"


@attrs.frozen(kw_only=True, order=True)
class Provided:
    """One thing that a plan, a lifecycle or a URL can name, and who provides it."""

    kind: str
    name: str
    plugin: str
    distribution: str | None
    version: str | None


@attrs.frozen(kw_only=True)
class HookCall:
    """A hook was called: which plugin answered, and with which names (none: it failed)."""

    hook: str
    plugin: str
    names: tuple[str, ...] = ()


@attrs.frozen
class _Item:
    """One thing as its plugin gave it."""

    plugin: Plugin
    made_by: Any
    spec: GuardSpec | None = None


class Plugins:
    """The plugins of one engine, and what they provide."""

    def __init__(self, found: Iterable[tuple[Plugin, Any]], problems: Iterable[PluginProblem] = ()):
        """Take plugins as objects, already imported; `Plugins.load` is the usual way."""
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._problems = list(problems)
        self._calls: list[HookCall] = []
        self._loaded: list[Plugin] = []
        self._items: dict[tuple[str, str], _Item] = {}
        self._patience = _Patience()
        given: list[tuple[Plugin, Mapping[tuple[str, str], _Item]]] = []
        for plugin, answering in found:
            items = self._asked(plugin, answering)
            if items is not None:
                self._loaded.append(plugin)
                given.append((plugin, items))
        self._settle(given)

    @classmethod
    def load(
        cls, plugins: Sequence[Any] | None = None, *, environ: Mapping[str, str] | None = None
    ) -> Plugins:
        """Return the built-in plugin together with others.

        `plugins` lists plugin objects (modules, instances) and names of installed plugins or
        of their distributions. None takes all installed ones, or those that the environment
        variable `EVALFLOW_PLUGINS` names. What cannot be had is named in `problems`.
        """
        found: list[tuple[Plugin, Any]] = [(BUILTIN, Builtin())]
        problems: list[PluginProblem] = []
        chosen: Sequence[Any] | None = plugins
        if chosen is None:
            named = (os.environ if environ is None else environ).get(CHOSEN_BY)
            if named is not None:
                chosen = [name.strip() for name in named.split(",") if name.strip()]
        by_name = chosen is None or any(isinstance(each, str) for each in chosen)
        points = entry_points(GROUP) if by_name else ()
        if chosen is None:
            chosen = [point.name for point in points]
        taken: dict[EntryPoint, None] = {}
        names = {BUILTIN.name}
        for each in chosen:
            if isinstance(each, str):
                matching = _matching(each, points)
                taken.update(dict.fromkeys(matching))
                if not matching:
                    problems.append(_not_installed(each, points))
            else:
                found.append((_named(each, names), each))
        for point in taken:
            _import(point, tuple(taken), found, problems)
        return cls(found, problems)

    # ------------------------------------------------------------------ what there is

    @property
    def loaded(self) -> tuple[Plugin, ...]:
        """Return the plugins in use, the built-in one first."""
        return tuple(self._loaded)

    @property
    def problems(self) -> tuple[PluginProblem, ...]:
        """Return what is left out, and why."""
        return tuple(self._problems)

    @property
    def trace(self) -> tuple[HookCall, ...]:
        """Return which hooks were called, in order."""
        return tuple(self._calls)

    def provided(self) -> tuple[Provided, ...]:
        """Return everything that plans, lifecycles and URLs can name, by kind and name."""
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
        return tuple(sorted(name for each, name in self._items if each == kind))

    # ------------------------------------------------------------------ storages

    def storage(self, url: str) -> Storage:
        """Open the storage that `url` names.

        Raises:
            StorageError: no plugin knows the scheme, or the storage cannot be used.
            PluginError: the plugin that knows the scheme broke.
        """
        scheme, colon, _ = url.partition(":")
        scheme = scheme.lower()
        item = self._items.get(("storage", scheme)) if colon else None
        if item is None:
            # Only the scheme is shown: the rest of a URL may hold a password.
            ko, en = self._absent("storage", scheme) if colon else _no_scheme(url)
            raise StorageError("unknown_scheme", ko=ko, en=en)
        opened = _call(item.plugin, f"storage '{scheme}'", item.made_by, url)
        held: Storage = _held_to(Storage, opened, item.plugin, f"storage '{scheme}'")
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
        path = tuple(at) or ("notices", "notifiers", name)
        made = self._make("notifier", name, options or {}, path, path)
        plugin = self._items["notifier", name].plugin
        held: Notifier = _held_to(Notifier, made, plugin, f"notifier '{name}'")
        return held

    def routes(
        self, plan: str, delivery: Delivery, *, instead: Mapping[str, Notifier] | None = None
    ) -> tuple[Route, ...]:
        """Return how the plan's notices leave; `instead` holds notifiers to use in place.

        A notifier that cannot be had fails each notice, which is tried again: so one that is
        not installed (any more) holds up no other, and its notices wait for it.
        """
        routes = []
        for name in delivery.notifiers:
            notifier = None if instead is None else instead.get(name)
            if notifier is None:
                try:
                    notifier = self.notifier(name, delivery.options.get(name))
                except (InvalidInput, PluginError) as error:
                    notifier = _Absent(error)
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
        path = tuple(at)
        made = self._make("scorer", name, options or {}, (*path, "scorer"), (*path, "options"))
        plugin = self._items["scorer", name].plugin
        scorer = _held_to(Scorer, made, plugin, f"scorer '{name}'")
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
            return _Absent(error).score

    # ------------------------------------------------------------------ guards

    @cached_property
    def guards(self) -> Mapping[str, Guard]:
        """Return the guards by name; an error of one becomes a `PluginError`."""
        return self.guards_within(None)

    @cached_property
    def guard_specs(self) -> Mapping[str, GuardSpec]:
        """Return what a lifecycle may say about each guard."""
        return {name: item.spec for name, item in self._of("guard").items() if item.spec}

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
            guards[name] = _guard(name, item, self._patience, None if trusted else within)
        return guards

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
        for name in head.delivery.notifiers:
            path = ("notices", "notifiers", name)
            asked.append(("notifier", name, head.delivery.options.get(name, {}), path, path))
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
        return Label(*self._absent(kind, name))

    # ------------------------------------------------------------------ loading

    def _asked(self, plugin: Plugin, answering: Any) -> Mapping[tuple[str, str], _Item] | None:
        """Return what the plugin provides, or None where it is left out."""
        wrong = _unmarked(answering)
        if wrong is not None:
            self._left_out(plugin, "unknown_hook", *wrong)
            return None
        try:
            self._manager.register(answering, name=str(plugin))
        except pluggy.PluginValidationError as error:
            self._left_out(plugin, "wrong_arguments", *_arguments(error), cause=error)
            return None
        except ValueError as error:
            self._left_out(plugin, "duplicate_name", *_TWICE, cause=error)
            return None
        items: dict[tuple[str, str], _Item] = {}
        others = [each for each in self._manager.get_plugins() if each is not answering]
        fault: tuple[Any, ...] | None = None
        for caller in self._manager.get_hookcallers(answering) or ():
            if not caller.has_spec():
                fault = fault or ("unknown_hook", *_misspelt(caller.name), None)
                continue
            hook = self._manager.subset_hook_caller(caller.name, others)
            kind = caller.name.removeprefix(f"{GROUP}_").removesuffix("s")
            try:
                given = _items(kind, plugin, hook())
            except _WrongAnswer as error:
                fault = fault or ("wrong_answer", *error.said(caller.name), None)
            except (Exception, SystemExit) as error:  # a plugin's code may raise anything
                said = f"{caller.name}: {_said(error)}"
                fault = fault or ("hook_failed", said, said, error)
            else:
                items.update(given)
                names = tuple(name for _, name in given)
                self._calls.append(HookCall(hook=caller.name, plugin=plugin.name, names=names))
                continue
            self._calls.append(HookCall(hook=caller.name, plugin=plugin.name))
        if fault is None:
            return items
        self._manager.unregister(answering)
        code, ko, en, cause = fault
        self._left_out(plugin, code, ko, en, cause=cause, lost=tuple(items))
        return None

    def _left_out(self, plugin: Plugin, code: str, ko: str, en: str, **more: Any) -> None:
        self._problems.append(PluginProblem(plugin=plugin, code=code, ko=ko, en=en, **more))

    def _settle(self, given: Sequence[tuple[Plugin, Mapping[tuple[str, str], _Item]]]) -> None:
        """Keep every name that one plugin provides. What two provide nobody gets, for a plan
        does not say which is meant; only the built-in ones cannot be displaced."""
        providers: dict[tuple[str, str], list[_Item]] = {}
        for _, items in given:
            for key, item in items.items():
                providers.setdefault(key, []).append(item)
        doubled: dict[Plugin, list[tuple[str, str]]] = {}
        for key, items_of_key in providers.items():
            first, *others = items_of_key
            if not others or first.plugin is BUILTIN:
                self._items[key] = first
            for item in others if first.plugin is BUILTIN else items_of_key if others else ():
                doubled.setdefault(item.plugin, []).append(key)
        for plugin, keys in doubled.items():
            rivals = dict.fromkeys(
                item.plugin for key in keys for item in providers[key] if item.plugin != plugin
            )
            self._left_out(
                plugin, "duplicate_name", *_doubled(keys, tuple(rivals)), lost=tuple(keys)
            )

    # ------------------------------------------------------------------ asking

    def _of(self, kind: str) -> dict[str, _Item]:
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
        item = self._items.get((kind, name))
        if item is None:
            ko, en = self._absent(kind, name)
            path = ".".join(named_at)
            raise InvalidInput(
                [Problem(code=f"unknown_{kind}", path=path, value=name, ko=ko, en=en)]
            )
        declared = options_of(item.made_by)
        if declared is None:
            no_options(options, at=options_at)
            return ()
        return (
            _call(
                item.plugin,
                f"{kind} '{name}'",
                read_options,
                declared,
                options,
                at=options_at,
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
        item = self._items[kind, name]
        return _call(
            item.plugin, f"{kind} '{name}'", item.made_by, *arguments, through=(InvalidInput,)
        )

    def _absent(self, kind: str, name: str) -> tuple[str, str]:
        label = KINDS[kind]
        at_fault = [problem for problem in self._problems if (kind, name) in problem.lost]
        if at_fault:
            ko = "; ".join(problem.text("ko") for problem in at_fault)
            en = "; ".join(problem.text("en") for problem in at_fault)
            return f"{label.ko} '{name}'을(를) 쓸 수 없습니다: {ko}", (
                f"{label.en} '{name}' cannot be used: {en}"
            )
        known = self.names(kind)
        near = nearest(name, known)
        hint_ko = f"; '{near}'이(가) 아닙니까?" if near else ""
        hint_en = f"; did you mean '{near}'?" if near else ""
        listed = ", ".join(known) or "-"
        ko = f"{label.ko} '{name}'이(가) 없습니다{hint_ko} (설치됨: {listed})"
        en = f"no {label.en} '{name}'{hint_en} (installed: {listed})"
        unknown = [problem for problem in self._problems if problem.code != "duplicate_name"]
        if unknown:
            ko += "; 불러오지 못함: " + "; ".join(problem.text("ko") for problem in unknown)
            en += "; could not be loaded: " + "; ".join(p.text("en") for p in unknown)
        return ko, en


@attrs.frozen
class BoundScorer:
    """A scorer with its options, under the name by which plans ask for it. It is a `Scorer`."""

    name: str
    plugin: Plugin
    scorer: Scorer
    _patience: _Patience
    _within: dt.timedelta | None = None

    @property
    def version(self) -> str:
        """Return the version of the scorer's rules."""
        return self.scorer.version

    def score(self, subject: Subject) -> Rating:
        """Rate one project in one period.

        Raises:
            InvalidInput: the scorer finds a figure that cannot be rated.
            PluginError: the scorer broke, answered no rating, or gave no answer in time.
        """
        what = f"scorer '{self.name}'"
        answer = _call(
            self.plugin,
            what,
            self.scorer.score,
            subject,
            within=self._within,
            patience=self._patience,
            through=(InvalidInput,),
        )
        return self._checked(answer)

    def score_many(self, subjects: Iterable[Subject]) -> tuple[Rating, ...]:
        """Rate many subjects, in order: by the scorer's own, faster `score_many` if it has one,
        or else one after the other.

        Raises:
            PluginError: as for `score`.
        """
        asked = tuple(subjects)
        many = getattr(self.scorer, "score_many", None)
        if many is None:
            return tuple([self.score(subject) for subject in asked])
        what = f"scorer '{self.name}'"
        answers = _call(
            self.plugin,
            what,
            lambda: tuple(many(asked)),
            within=self._within,
            patience=self._patience,
            through=(InvalidInput,),
        )
        if len(answers) != len(asked):
            raise self.plugin.error(f"{what}: {len(answers)} ratings for {len(asked)} subjects")
        return tuple([self._checked(answer) for answer in answers])

    def _checked(self, answer: object) -> Rating:
        if not isinstance(answer, Rating):
            raise self.plugin.error(
                f"scorer '{self.name}': answered {_kind_of(answer)}, not a Rating"
            )
        return answer


BUILTIN = Plugin(name="evalflow")
"""The plugin that evalflow itself is."""


class _Absent:
    """Stands in for what cannot be had: whoever needs it is told the reason."""

    def __init__(self, error: InvalidInput | PluginError) -> None:
        self._error = error

    def deliver(self, notice: Notice) -> None:
        raise self._error

    def score(self, subject: Subject) -> Rating:
        if isinstance(self._error, PluginError):
            raise self._error
        en, ko = (
            "; ".join(problem.text(lang) for problem in self._error.problems)
            for lang in ("en", "ko")
        )
        raise PluginError(subject.rules.scorer, en, ko=ko) from self._error


class _Guards(dict[str, Guard]):
    """The guards by name; an unknown name gives a guard that breaks and says why."""

    def __init__(self, plugins: Plugins) -> None:
        super().__init__()
        self._plugins = plugins

    def __missing__(self, name: str) -> Guard:
        why = self._plugins.absent("guard", name)

        def absent(*args: Any, **params: Any) -> None:
            raise PluginError(name, why.en, ko=why.ko)

        return absent


# --------------------------------------------------------------------------- other people's code


class _Patience:
    """Runs what may hang, and remembers what still does."""

    def __init__(self) -> None:
        self._hanging: dict[Any, threading.Event] = {}
        self._lock = threading.Lock()

    def call(self, within: dt.timedelta, key: Any, function: Callable[[], Any]) -> Any:
        """Return what the function returns within this time.

        Raises:
            TimeoutError: it gave no answer in time, or hangs since an earlier call.
        """
        seconds = within.total_seconds()
        with self._lock:
            earlier = self._hanging.get(key)
            if earlier is not None and not earlier.is_set():
                raise TimeoutError("no answer yet to an earlier call")
        ended = threading.Event()
        answers: list[Any] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                answers.append(function())
            except BaseException as error:  # raised again by the caller
                errors.append(error)
            finally:
                ended.set()

        # The thread sees the caller's context, as the function would without it.
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(run,), name=f"evalflow-{key}", daemon=True
        ).start()
        if not ended.wait(seconds):
            with self._lock:
                self._hanging[key] = ended
            raise TimeoutError(f"no answer within {seconds:g} seconds")
        if errors:
            raise errors[0]
        return answers[0]


def _call(
    plugin: Plugin,
    what: str,
    function: Callable[..., Answer],
    *args: Any,
    within: dt.timedelta | None = None,
    patience: _Patience | None = None,
    through: tuple[type[Exception], ...] = (),
    **params: Any,
) -> Answer:
    """Return what a plugin's function returns; whatever it raises becomes a `PluginError`.

    What evalflow itself raised, called back by the plugin, comes through as it is.
    """
    try:
        if within is None or patience is None:
            return function(*args, **params)
        answer: Answer = patience.call(
            within, (str(plugin), what), lambda: function(*args, **params)
        )
        return answer
    except (StorageError, Conflict, PluginError):
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, through):
            raise
        raise plugin.error(f"{what}: {_said(error)}") from error


def _guard(name: str, item: _Item, patience: _Patience, within: dt.timedelta | None) -> Guard:
    what, function, plugin = f"guard '{name}'", item.made_by, item.plugin

    def asked(*args: Any, **params: Any) -> tuple[Reason, ...]:
        answer = function(*args, **params)
        if answer is None:
            return ()
        if isinstance(answer, Reason):
            return (answer,)
        if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
            raise TypeError(f"answered {_kind_of(answer)}, not None or reasons")
        reasons = tuple(answer)
        for reason in reasons:
            if not isinstance(reason, Reason):
                raise TypeError(f"answered a list with {_kind_of(reason)}, not reasons")
        return reasons

    def guard(*args: Any, **params: Any) -> tuple[Reason, ...]:
        if within is None:
            return _call(plugin, what, asked, *args, **params)
        return _call(plugin, what, lambda: asked(*args, **params), within=within, patience=patience)

    guard.__doc__ = function.__doc__
    return guard


def _held_to(contract: Any, made: Any, plugin: Plugin, what: str) -> Any:
    """Return `made` if it has everything that the contract, a protocol, asks for."""
    if isinstance(made, contract):
        return made
    asked = [name for name in vars(contract) if not name.startswith("_")]
    lacking = ", ".join(name for name in asked if not hasattr(made, name))
    raise plugin.error(f"{what}: {_kind_of(made)} has no {lacking}")


def _said(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _kind_of(value: Any) -> str:
    return type(value).__name__


# --------------------------------------------------------------------------- finding plugins


def _matching(name: str, points: Iterable[EntryPoint]) -> list[EntryPoint]:
    """Return the installed plugins of this name, or all of the distribution of this name."""
    own = [point for point in points if point.name == name]
    return own or [point for point in points if _plain(point.distribution) == _plain(name)]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _import(
    point: EntryPoint,
    chosen: Sequence[EntryPoint],
    found: list[tuple[Plugin, Any]],
    problems: list[PluginProblem],
) -> None:
    plugin = Plugin(name=point.name, distribution=point.distribution, version=point.version or None)
    rivals = [each for each in chosen if each.name == point.name and each != point]
    if rivals:
        named = ", ".join(f"{each.distribution} {each.version}" for each in rivals)
        problems.append(
            PluginProblem(
                plugin=plugin,
                code="duplicate_name",
                ko=f"같은 이름의 플러그인이 또 있습니다 ({named}). "
                f"{CHOSEN_BY}에 배포 패키지 이름을 적어 하나를 고르십시오.",
                en=f"another installed plugin has this name ({named}); "
                f"choose one by its distribution's name in {CHOSEN_BY}",
            )
        )
        return
    try:
        found.append((plugin, point.load()))
    except (Exception, SystemExit) as error:  # a plugin's module may raise anything
        problems.append(
            PluginProblem(
                plugin=plugin,
                code="import_failed",
                ko=f"불러올 수 없습니다: {_said(error)}",
                en=f"cannot be imported: {_said(error)}",
                cause=error,
            )
        )


def _not_installed(name: str, points: Sequence[EntryPoint]) -> PluginProblem:
    known = [point.name for point in points]
    near = nearest(name, known)
    listed = ", ".join(known) or "-"
    return PluginProblem(
        plugin=Plugin(name=name),
        code="not_installed",
        ko="설치되어 있지 않습니다"
        + (f"; '{near}'이(가) 아닙니까?" if near else "")
        + f" (설치됨: {listed})",
        en="is not installed"
        + (f"; did you mean '{near}'?" if near else "")
        + f" (installed: {listed})",
    )


def _named(answering: Any, names: set[str]) -> Plugin:
    """Return a name of its own for a plugin that was given as an object."""
    base = getattr(answering, "__name__", None) or type(answering).__name__
    name, count = base, 1
    while name in names:
        count += 1
        name = f"{base}#{count}"
    names.add(name)
    version = getattr(answering, "__version__", None)
    return Plugin(name=name, version=version if isinstance(version, str) else None)


def _no_scheme(url: str) -> tuple[str, str]:
    shown = url if len(url) <= 60 else url[:57] + "..."
    return (
        f"저장소 주소 '{shown}'에 방식이 없습니다. 예: sqlite:///{shown}",
        f"the store '{shown}' has no scheme; for a file: sqlite:///{shown}",
    )


# --------------------------------------------------------------------------- what a plugin says


def _unmarked(answering: Any) -> tuple[str, str] | None:
    """Return what is wrong with functions that look like hooks and are not marked as such."""
    for name in dir(answering):
        if not name.startswith(f"{GROUP}_"):
            continue
        function = inspect.getattr_static(answering, name)
        function = getattr(function, "__func__", function)
        if inspect.isfunction(function) and not hasattr(function, f"{GROUP}_impl"):
            if name not in HOOKS:
                return _misspelt(name)
            return (
                f"{name}에 @hookimpl 표시가 없습니다",
                f"{name} is not marked with @hookimpl",
            )
    return None


_TWICE = ("이미 다른 이름으로 쓰이고 있습니다", "is already in use under another name")


def _misspelt(name: str) -> tuple[str, str]:
    near = nearest(name, HOOKS)
    listed = ", ".join(sorted(HOOKS))
    return (
        f"'{name}'이라는 훅은 없습니다"
        + (f"; '{near}'이(가) 아닙니까?" if near else f" (가능: {listed})"),
        f"there is no hook '{name}'"
        + (f"; did you mean '{near}'?" if near else f" (there are: {listed})"),
    )


def _arguments(error: Exception) -> tuple[str, str]:
    text = " ".join(str(error).split())
    return f"훅은 인자를 받지 않습니다: {text}", f"hooks take no arguments: {text}"


class _WrongAnswer(Exception):
    """A hook answered something else than it should."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.ko, self.en = ko, en

    def said(self, hook: str) -> tuple[str, str]:
        return f"{hook}: {self.ko}", f"{hook}: {self.en}"


def _items(kind: str, plugin: Plugin, answers: Sequence[Any]) -> dict[tuple[str, str], _Item]:
    """Return what a hook answered, checked as far as it can be before it is used."""
    items: dict[tuple[str, str], _Item] = {}
    for answer in answers:
        if not isinstance(answer, Mapping):
            raise _WrongAnswer(
                f"이름과 그것을 만드는 것의 묶음이어야 하는데 {_kind_of(answer)}입니다",
                f"expected a mapping by name, got {_kind_of(answer)}",
            )
        for name, made_by in answer.items():
            fits = _SCHEME.fullmatch if kind == "storage" else is_name
            if not isinstance(name, str) or not fits(name):
                raise _WrongAnswer(
                    f"{name!r}은(는) {KINDS[kind].ko}의 이름이 될 수 없습니다",
                    f"{name!r} cannot be the name of a {KINDS[kind].en}",
                )
            items[kind, name] = _item(kind, name, plugin, made_by)
    return items


def _item(kind: str, name: str, plugin: Plugin, made_by: Any) -> _Item:
    if kind == "guard":
        fits = isinstance(made_by, tuple) and len(made_by) == 2
        if not (fits and isinstance(made_by[0], GuardSpec) and callable(made_by[1])):
            raise _WrongAnswer(
                f"'{name}': (GuardSpec, 함수) 꼴이어야 합니다",
                f"'{name}': expected (GuardSpec, function)",
            )
        if made_by[0].name != name:
            raise _WrongAnswer(
                f"'{name}': GuardSpec의 이름은 '{made_by[0].name}'입니다",
                f"'{name}': its GuardSpec says '{made_by[0].name}'",
            )
        return _Item(plugin, made_by[1], made_by[0])
    if not callable(made_by):
        raise _WrongAnswer(
            f"'{name}': 부를 수 있는 것(클래스나 함수)이어야 하는데 {_kind_of(made_by)}입니다",
            f"'{name}': expected a class or function, got {_kind_of(made_by)}",
        )
    declared = options_of(made_by)
    if declared is not None:
        try:
            check_declaration(declared)
        except TypeError as error:
            raise _WrongAnswer(f"'{name}': {error}", f"'{name}': {error}") from error
    return _Item(plugin, made_by)


def _doubled(keys: Sequence[tuple[str, str]], rivals: Sequence[Plugin]) -> tuple[str, str]:
    ko = ", ".join(f"{KINDS[kind].ko} '{name}'" for kind, name in keys)
    en = ", ".join(f"{KINDS[kind].en} '{name}'" for kind, name in keys)
    others = ", ".join(str(rival) for rival in rivals)
    return (
        f"{ko}: 다른 플러그인({others})도 같은 이름으로 제공합니다. "
        f"{CHOSEN_BY}로 쓸 것을 고르십시오.",
        f"{en}: also provided by {others}; choose one with {CHOSEN_BY}",
    )
