"""What plugins say: imported, asked once, and checked.

One whose distribution names the hooks that it answers, as further groups of entry points, can wait
until one of them is needed; any other is asked when an engine is opened.

Nothing here knows what the things are for. A plugin that cannot be used becomes a
`PluginProblem` with its name, version and cause.
"""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import pluggy

from evalflow.errors import PluginError, did_you_mean, nearest, particles, printable
from evalflow.files.words import is_name
from evalflow.plugins import hooks as hookspecs
from evalflow.plugins.hook_calls import HookCall, show
from evalflow.plugins.hooks import FIRED, GROUP, options_of

if TYPE_CHECKING:
    from evalflow.lifecycle.definition import DueSpec, GuardSpec
    from evalflow.plugins.fired import Firings

KINDS: Mapping[str, tuple[str, str]] = {
    "storage": ("저장소", "storage"),
    "notifier": ("알림 수단", "notifier"),
    "scorer": ("산정기", "scorer"),
    "grader": ("등급 산정기", "grader"),
    "guard": ("요건", "guard"),
    "due_rule": ("기한 규칙", "due rule"),
    "form": ("서식", "form"),
    "signer": ("서명 수단", "signer"),
    "command": ("명령", "command"),
    "panel": ("화면", "panel"),
    "metric": ("지표", "metric"),
}
"""What plugins provide, one hook each, and what that is called in Korean and in English."""

HOOK_OF = {kind: f"{GROUP}_{kind}s" for kind in KINDS}
"""The hook by which each kind of thing is provided."""

_KIND_OF = {hook: kind for kind, hook in HOOK_OF.items()}

HOOKS = frozenset({*_KIND_OF, FIRED})
"""The names of the hooks."""

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

    Codes: `not_installed`, `import_failed`, `unknown_hook`, `undeclared_hook`, `wrong_arguments`,
    `hook_failed`, `wrong_answer`, `duplicate_name`. `cause` is the original error, where there is
    one. `lost` are the (kind, name) pairs that cannot be had because of it, as far as known.
    """

    plugin: Plugin
    code: str
    ko: str = attrs.field(converter=particles)
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


@attrs.frozen
class Item:
    """One thing as its plugin gave it."""

    plugin: Plugin
    made_by: Any
    spec: GuardSpec | DueSpec | None = None


@attrs.frozen(eq=False)
class Found:
    """A plugin that is not asked yet.

    Attributes:
        answering: returns what answers its hooks: imports it, which may raise anything.
        hooks: those that its distribution says it answers; None where it says nothing of them.
    """

    plugin: Plugin
    answering: Callable[[], Any]
    hooks: frozenset[str] | None = None

    @classmethod
    def of(cls, plugin: Plugin, answering: Any) -> Found:
        """Return one that is an object already."""
        return cls(plugin, lambda: answering)

    @property
    def registered(self) -> str:
        """Return a name of its own: what is built in comes in parts."""
        parts = sorted(self.hooks or ()) if self.plugin is BUILTIN else []
        return " ".join([str(self.plugin), *parts])

    def may_answer(self, hook: str) -> bool:
        """Say whether the plugin has to be asked before the hook's answers are known."""
        return self.hooks is None or hook in self.hooks


BUILTIN = Plugin(name="evalflow")
"""The plugin that evalflow itself is."""


class _Manager(pluggy.PluginManager):
    """Looks for hooks among a plugin's own names: that Python's own (`__init__`) are none need not
    be asked of each, each time an engine is opened."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """Return how the plugin's function of this name is marked as a hook, None if it is not."""
        return None if name.startswith("__") else super().parse_hookimpl_opts(plugin, name)


class Asking:
    """Asks plugins through pluggy, and keeps what came of it: one for each engine."""

    def __init__(self, problems: Iterable[PluginProblem] = ()) -> None:
        self._manager = _Manager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self.problems = list(problems)
        self.calls: list[HookCall] = []
        self.loaded: list[Plugin] = []
        self.firings: Firings | None = None  # none where no plugin is told of entries

    def ask(self, found: Found) -> Mapping[tuple[str, str], Item] | None:
        """Import the plugin and return what it provides; None where it is left out as a whole."""
        plugin = found.plugin
        try:
            answering = found.answering()
        except BaseException as error:  # a plugin's module may raise anything
            if is_ours(error):
                raise
            ko, en = f"불러올 수 없습니다: {said(error)}", f"cannot be imported: {said(error)}"
            self.left_out(plugin, "import_failed", ko, en, cause=error)
            return None
        try:
            items = self._items(plugin, answering, found)
        except _Fault as fault:
            self.left_out(
                plugin, fault.code, fault.ko, fault.en, cause=fault.__cause__, lost=fault.lost
            )
            return None
        except BaseException as error:  # merely looking at it runs its code
            if is_ours(error):
                raise
            self.left_out(plugin, "hook_failed", said(error), said(error), cause=error)
            return None
        self.loaded.append(plugin)
        return items

    def _items(self, plugin: Plugin, answering: Any, found: Found) -> dict[tuple[str, str], Item]:
        if (wrong := _unmarked(answering)) is not None:
            raise _Fault("unknown_hook", *wrong)
        try:
            self._manager.register(answering, name=found.registered)
        except pluggy.PluginValidationError as error:
            raise _Fault("wrong_arguments", *_arguments(error)) from error
        except ValueError as error:
            raise _Fault("duplicate_name", *_TWICE) from error
        items: dict[tuple[str, str], Item] = {}
        faults: list[_Fault] = []
        for caller in self._manager.get_hookcallers(answering) or ():
            if caller.name in HOOKS and not found.may_answer(caller.name):
                faults.append(_Fault("undeclared_hook", *_undeclared(caller.name)))
                continue
            given: dict[tuple[str, str], Item] = {}
            if caller.name == FIRED:
                self._hear(plugin, answering)
                continue
            begun = time.perf_counter_ns()
            try:
                given = self._answer(plugin, answering, caller)
            except _Fault as fault:
                faults.append(fault)
            items.update(given)
            names = tuple(name for _, name in given)
            took = (time.perf_counter_ns() - begun) // 1000
            made = HookCall(hook=caller.name, plugin=plugin.name, names=names, microseconds=took)
            self.calls.append(made)
            show(made)
        if faults:
            self._manager.unregister(answering)
            if self.firings is not None:
                self.firings.remove(str(plugin))
            faults[0].lost = tuple(items)
            raise faults[0]
        return items

    def _answer(
        self, plugin: Plugin, answering: Any, caller: pluggy.HookCaller
    ) -> dict[tuple[str, str], Item]:
        """Return what the plugin answers to one hook."""
        if not caller.has_spec():
            raise _Fault("unknown_hook", *_misspelt(caller.name))
        others = [each for each in self._manager.get_plugins() if each is not answering]
        hook = self._manager.subset_hook_caller(caller.name, others)
        try:
            answers = hook()
        except BaseException as error:  # a plugin's code may raise anything
            if is_ours(error):
                raise
            text = f"{caller.name}: {said(error)}"
            raise _Fault("hook_failed", text, text) from error
        try:
            return _read(_KIND_OF[caller.name], plugin, answers)
        except _WrongAnswer as error:
            ko, en = f"{caller.name}: {error.ko}", f"{caller.name}: {error.en}"
            raise _Fault("wrong_answer", ko, en) from error.__cause__

    def _hear(self, plugin: Plugin, answering: Any) -> None:
        from evalflow.plugins.fired import Firings

        if self.firings is None:
            self.firings = Firings()
        self.firings.add(str(plugin), _at_run_time(answering))

    def left_out(self, plugin: Plugin, code: str, ko: str, en: str, **more: Any) -> None:
        """Note that the plugin, or something of it, is left out."""
        self.problems.append(PluginProblem(plugin=plugin, code=code, ko=ko, en=en, **more))


def _at_run_time(answering: Any) -> pluggy.HookCaller:
    """Return what calls the plugin's `evalflow_fired`, and nobody else's: an error of one plugin is
    to keep nothing from the others."""
    alone = _Manager(GROUP)
    alone.add_hookspecs(hookspecs)
    alone.register(answering)
    return alone.hook.evalflow_fired


class _Fault(Exception):
    """Why a plugin is left out."""

    def __init__(self, code: str, ko: str, en: str) -> None:
        super().__init__(en)
        self.code, self.ko, self.en = code, ko, en
        self.lost: tuple[tuple[str, str], ...] = ()


class _WrongAnswer(Exception):
    """A hook answered something else than it should."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.ko, self.en = ko, en


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


def _undeclared(hook: str) -> tuple[str, str]:
    return (
        f"{hook}을(를) 구현하지만 패키지에 선언하지 않았습니다: 진입점 그룹 {hook}에도 적으십시오",
        f"implements {hook}, which its package does not declare: list it in the entry point group "
        f"{hook}, too",
    )


def _misspelt(name: str) -> tuple[str, str]:
    listed = ", ".join(sorted(HOOKS))
    return did_you_mean(
        f"'{name}'이라는 훅은 없습니다",
        f"there is no hook '{name}'",
        nearest(name, HOOKS),
        (f" (가능: {listed})", f" (there are: {listed})"),
    )


def _arguments(error: Exception) -> tuple[str, str]:
    text = " ".join(str(error).split())
    if FIRED in text:
        return (
            f"{FIRED}이(가) 받지 않는 인자입니다: {text}",
            f"{FIRED} has no such argument: {text}",
        )
    return f"훅은 인자를 받지 않습니다: {text}", f"hooks take no arguments: {text}"


def _read(kind: str, plugin: Plugin, answers: Sequence[Any]) -> dict[tuple[str, str], Item]:
    """Return what a hook answered, checked as far as it can be before it is used."""
    items: dict[tuple[str, str], Item] = {}
    for answer in answers:
        if not isinstance(answer, Mapping):
            raise _WrongAnswer(
                f"이름과 그것을 만드는 것의 묶음이어야 하는데 {kind_of(answer)}입니다",
                f"expected a mapping by name, got {kind_of(answer)}",
            )
        for name, made_by in answer.items():
            fits = _SCHEME.fullmatch if kind == "storage" else is_name
            if not isinstance(name, str) or not fits(name):
                raise _WrongAnswer(
                    f"{name!r}은(는) {KINDS[kind][0]}의 이름이 될 수 없습니다",
                    f"{name!r} cannot be the name of a {KINDS[kind][1]}",
                )
            items[kind, name] = _item(kind, name, plugin, made_by)
    return items


def _item(kind: str, name: str, plugin: Plugin, made_by: Any) -> Item:
    if kind in ("guard", "due_rule"):  # beside the function of what a lifecycle names is its spec
        from evalflow.lifecycle.definition import DueSpec, GuardSpec
        from evalflow.lifecycle.due import DUE_KINDS

        kind_of_spec = GuardSpec if kind == "guard" else DueSpec
        said_as = kind_of_spec.__name__
        spec, made = made_by if isinstance(made_by, tuple) and len(made_by) == 2 else (None, None)
        if not (isinstance(spec, kind_of_spec) and callable(made)):
            raise _WrongAnswer(
                f"'{name}': ({said_as}, 함수) 꼴이어야 합니다",
                f"'{name}': expected ({said_as}, function)",
            )
        if spec.name != name:
            raise _WrongAnswer(
                f"'{name}': {said_as}의 이름은 '{spec.name}'입니다",
                f"'{name}': its {said_as} says '{spec.name}'",
            )
        if kind == "due_rule" and (name in DUE_KINDS or {"after", "on"} & set(spec.params)):
            raise _WrongAnswer(
                f"'{name}': 이미 있는 기한의 이름이거나, after·on은 매개변수가 될 수 없습니다",
                f"'{name}': that due rule is there already, or it has a parameter 'after' or 'on'",
            )
        return Item(plugin, made, spec)
    if not callable(made_by):
        raise _WrongAnswer(
            f"'{name}': 호출 가능한 객체(클래스·함수)여야 하는데 {kind_of(made_by)}입니다",
            f"'{name}': expected a class or function, got {kind_of(made_by)}",
        )
    declared = options_of(made_by)
    if declared is not None:
        from evalflow.plugins.options import check_declaration

        try:
            check_declaration(declared)
        except TypeError as error:
            raise _WrongAnswer(f"'{name}': {error}", f"'{name}': {error}") from error
    return Item(plugin, made_by)


def is_ours(error: BaseException) -> bool:
    """Say whether it is no error of a plugin but passes through one: the user's interrupt, and
    what evalflow raises for itself."""
    from evalflow.decision.batched_calls import BrokenOff

    kind = type(error)  # not what it says of itself: asking the error runs the plugin's code
    return issubclass(kind, KeyboardInterrupt) or kind is BrokenOff


_LONGEST = 500  # characters of somebody's error that are told


def said(error: BaseException) -> str:
    """Return an error as one sentence, however its class tells it."""
    name = kind_of(error)
    try:
        text = str(error)
    except BaseException as other:  # telling it runs the plugin's code, too
        if is_ours(other):
            raise
        return f"{name} (str() of it: {kind_of(other)})"
    text = " ".join(printable(text[: 2 * _LONGEST]).split())
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return f"{name}: {text}" if text else name


def kind_of(value: Any) -> str:
    """Return what a value is, for a message; without asking the value, or its class."""
    name: str = _NAME.__get__(type(value))
    return name


_NAME = vars(type)["__name__"]
