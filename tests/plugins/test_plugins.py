"""Plugins: found, chosen, held to what they say; a broken one is named and nothing else breaks."""

from __future__ import annotations

import datetime as dt
import inspect
import re
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import attrs
import pytest

from evalflow.engine.outbox import deliver
from evalflow.errors import InvalidInput, PluginError, Problem, Reason, StorageError
from evalflow.lifecycle.definition import GuardSpec
from evalflow.model import Delivery, Label, Notice, Rating
from evalflow.plugins import PanelRequest
from evalflow.plugins import entry_points as discovery
from evalflow.plugins.builtin_notifiers import Console, Jsonl
from evalflow.plugins.hooks import hookimpl
from evalflow.plugins.installed import CHOSEN_BY, HOOKS, PluginProblem, Plugins
from evalflow.plugins.notifier import Route
from evalflow.plugins.options import check_declaration, read_options
from evalflow.storage.memory import MemoryStorage

SOON = dt.timedelta(milliseconds=20)
LONG = 30  # seconds


@attrs.frozen(kw_only=True)
class PagerOptions:
    number: str
    tries: int = attrs.field(default=3, validator=attrs.validators.ge(1))
    style: Literal["short", "long"] = "short"
    quiet: bool = False


class Pager:
    Options = PagerOptions

    def __init__(self, options: PagerOptions) -> None:
        self.options = options

    def deliver(self, notice: Notice) -> None:
        pass


class Paging:
    """A plugin that gives one notifier."""

    @hookimpl
    def evalflow_notifiers(self) -> Mapping[str, Any]:
        return {"pager": Pager}


class Guarding:
    """A plugin that gives one guard, which does as the test says."""

    def __init__(self, guard: Callable[..., Any], name: str = "weekday") -> None:
        self.guard, self.name = guard, name

    @hookimpl
    def evalflow_guards(self) -> Mapping[str, Any]:
        spec = GuardSpec(name=self.name, label=Label("평일", "on a weekday"))
        return {self.name: (spec, self.guard)}


class Scoring:
    """A plugin that gives one scorer, whose `score` is the function given."""

    def __init__(self, score: Callable[..., Any], **more: Any) -> None:
        self.scorer = SimpleNamespace(name="halves", version="1", score=score, **more)

    @hookimpl
    def evalflow_scorers(self) -> Mapping[str, Any]:
        return {"halves": lambda: self.scorer}


RATING = Rating(
    project="gu/1",
    period="2016-Q1",
    lines=(),
    status="not_due",
    rate=None,
    score=None,
    band=None,
    verdict=None,
    formula="halves",
    basis="period",
    scorer="halves",
    version="1",
    revision=1,
)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a distribution on the path, as an installer would leave it.

    Our own plugins, which `make test` installs beside evalflow, are not looked at: no test
    depends on what is installed.
    """
    monkeypatch.delenv(CHOSEN_BY, raising=False)
    every = discovery._distributions

    def without_ours(place: str) -> list[str]:
        return [each for each in every(place) if "/municipal_evalflow_" not in each]

    monkeypatch.setattr(discovery, "_distributions", without_ours)
    # An earlier test may have imported importlib_metadata, which leaves a finder of its own.
    monkeypatch.setattr(discovery, "_elsewhere", lambda: False)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install(
        distribution: str,
        version: str = "1.0",
        *,
        code: str = "",
        hooks: Sequence[str] = (),
        **points: str,
    ) -> None:
        folder = distribution.replace("-", "_")
        module = f"{folder}_module"
        (site / f"{module}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        info = site / f"{folder}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n\nName: no\n",
            encoding="utf-8",
        )
        names = points or {folder: module}
        lines = [f"{name} = {target}" for name, target in names.items()]
        said = "".join("\n".join([f"\n[{each}]", *lines, ""]) for each in ("evalflow", *hooks))
        (info / "entry_points.txt").write_text(
            "[console_scripts]\nx = y:z\n" + said, encoding="utf-8"
        )
        monkeypatch.delitem(sys.modules, module, raising=False)

    return install


PAGER = """
    from evalflow.plugins import hookimpl

    class Pager:
        def deliver(self, notice):
            pass

    @hookimpl
    def evalflow_notifiers():
        return {"pager": Pager}
"""


def only(plugins: Plugins) -> Any:
    (problem,) = plugins.problems
    return problem


def made(thing: object) -> str:
    return type(thing).__name__


# --------------------------------------------------------------------------- built in


def test_what_is_built_in_comes_through_the_same_hooks_as_everything_else() -> None:
    plugins = Plugins.load([])

    assert [plugin.name for plugin in plugins.loaded] == ["evalflow"]
    assert plugins.names("storage") == ("memory", "sqlite")
    assert plugins.names("notifier") == ("console", "jsonl")
    assert plugins.names("scorer") == ("rates",)
    assert set(plugins.names("guard")) == set(plugins.guards) == set(plugins.guard_specs)
    assert {call.hook for call in plugins.trace} == {
        "evalflow_storages",
        "evalflow_notifiers",
        "evalflow_scorers",
        "evalflow_guards",
        "evalflow_signers",
    }
    assert plugins.problems == ()


def test_the_built_in_storages_open_by_their_urls(tmp_path: Path) -> None:
    plugins = Plugins.load([])

    assert isinstance(plugins.storage("memory:"), MemoryStorage)
    path = tmp_path / "서대문.db"
    plugins.storage(f"sqlite:///{path}").close()
    assert path.exists()


@pytest.mark.parametrize("url", ["sqlite:office.db", "sqlite://office.db", "sqlite:///", "sqlite:"])
def test_an_sqlite_url_without_a_file_says_how_to_write_one(url: str) -> None:
    with pytest.raises(StorageError, match=r"sqlite:///office\.db") as caught:
        Plugins.load([]).storage(url)
    assert caught.value.code == "missing"


def test_an_unknown_scheme_is_told_with_the_nearest_and_without_the_password() -> None:
    with pytest.raises(StorageError) as caught:
        Plugins.load([]).storage("sqlit://clerk:geheim@host/db")
    assert caught.value.code == "unknown_scheme"
    assert "did you mean 'sqlite'?" in caught.value.en
    assert "혹시 'sqlite'입니까?" in caught.value.ko
    assert "geheim" not in caught.value.en + caught.value.ko


def test_a_path_instead_of_a_url_is_told_how_to_become_one() -> None:
    with pytest.raises(StorageError, match=r"sqlite:///office\.db"):
        Plugins.load([]).storage("office.db")


def test_built_in_notifiers_are_made_with_their_options(tmp_path: Path) -> None:
    plugins = Plugins.load([])

    assert isinstance(plugins.notifier("console", {"lang": "en"}), Console)
    assert isinstance(plugins.notifier("jsonl"), Jsonl)


# --------------------------------------------------------------------------- given and installed


def test_plugins_given_as_objects_are_used_and_the_installed_ones_are_not(
    install: Callable[..., None],
) -> None:
    install("evalflow-pager", code=PAGER)

    plugins = Plugins.load([Guarding(lambda *_: None)])

    assert "weekday" in plugins.guards
    assert "pager" not in plugins.names("notifier")


def test_two_loads_share_nothing() -> None:
    assert "pager" in Plugins.load([Paging()]).names("notifier")
    assert "pager" not in Plugins.load([]).names("notifier")


def test_an_installed_plugin_is_found_by_its_entry_point(install: Callable[..., None]) -> None:
    install("evalflow-pager", "2.5", code=PAGER)

    plugins = Plugins.load(environ={})

    (row,) = [row for row in plugins.provided() if row.name == "pager"]
    assert (row.kind, row.plugin) == ("notifier", "evalflow_pager")
    assert (row.distribution, row.version) == ("evalflow-pager", "2.5")
    assert plugins.problems == ()
    assert made(plugins.notifier("pager")) == "Pager"


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("", []),
        ("pager", ["pager"]),
        (" pager , bell ", ["pager", "bell"]),
        ("evalflow_bell", ["bell"]),
        ("evalflow.Bell", ["bell"]),
    ],
)
def test_the_environment_chooses_installed_plugins_by_name_or_distribution(
    install: Callable[..., None], chosen: str, expected: list[str]
) -> None:
    install("evalflow-pager", code=PAGER, pager="evalflow_pager_module")
    install("evalflow-bell", code="", bell="evalflow_bell_module")

    plugins = Plugins.load(environ={CHOSEN_BY: chosen})

    assert [plugin.name for plugin in plugins.loaded] == ["evalflow", *expected]


def test_a_list_of_names_chooses_too_and_the_environment_is_then_not_asked(
    install: Callable[..., None],
) -> None:
    install("evalflow-pager", code=PAGER, pager="evalflow_pager_module")

    plugins = Plugins.load(["pager"], environ={CHOSEN_BY: "nothing"})

    assert [plugin.name for plugin in plugins.loaded] == ["evalflow", "pager"]


def test_a_name_that_is_not_installed_is_told_with_the_nearest_one(
    install: Callable[..., None],
) -> None:
    install("evalflow-pager", code=PAGER, pager="evalflow_pager_module")

    problem = only(Plugins.load(environ={CHOSEN_BY: "pagr"}))

    assert problem.code == "not_installed"
    assert "did you mean 'pager'?" in problem.en
    assert "혹시 'pager'입니까?" in problem.ko


@pytest.mark.parametrize("group", ["evalflow", "console_scripts", "pytest11"])
def test_discovery_finds_what_the_standard_library_finds(
    install: Callable[..., None], group: str
) -> None:
    install("evalflow-pager", code=PAGER)
    points = {"a": "evalflow_bell:x.y [extra]", "b": "evalflow_bell"}
    install("Evalflow.Bell", "1!2.0rc1", hooks=("evalflow_guards", "evalflow_forms"), **points)

    found = discovery.entry_points(group)

    expected = [
        point
        for point in discovery._asked(group)
        if not point.distribution.startswith("municipal-evalflow-")
    ]
    assert found
    assert list(found) == expected
    assert sorted((point.name, point.target) for point in found) == sorted(
        (point.name, point.value)
        for point in metadata.entry_points(group=group)
        if point.dist is not None and not point.dist.name.startswith("municipal-evalflow-")
    )


def test_the_first_of_two_copies_of_a_distribution_counts(
    install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("evalflow-pager", "2.0", code=PAGER)
    older = tmp_path / "older" / "evalflow_pager-1.0.dist-info"
    older.mkdir(parents=True)
    (older / "entry_points.txt").write_text("[evalflow]\nold = evalflow_pager_module\n")
    (older / "METADATA").write_text("Name: evalflow-pager\nVersion: 1.0\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(older.parent)])

    assert [point.version for point in discovery.entry_points("evalflow")] == ["2.0"]


def test_distributions_that_lie_elsewhere_are_asked_of_the_standard_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Finder:
        @staticmethod
        def find_spec(*_: Any) -> None:
            return None

        @staticmethod
        def find_distributions(context: Any) -> list[Any]:
            class Elsewhere(metadata.Distribution):
                def read_text(self, filename: str) -> str | None:
                    return {
                        "METADATA": "Name: zipped\nVersion: 3\n",
                        "entry_points.txt": "[evalflow]\nzipped = zipped\n"
                        "[evalflow_forms]\nzipped = zipped\n[evalflow_guards]\nzipped = other\n",
                    }.get(filename)

                def locate_file(self, path: Any) -> Any:
                    return path

            return [Elsewhere()]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])

    found = discovery.entry_points("evalflow")

    assert discovery.EntryPoint("zipped", "zipped", "3", "zipped", ("evalflow_forms",)) in found


def test_looking_for_plugins_imports_neither_them_nor_the_metadata_library(
    install: Callable[..., None],
) -> None:
    install("evalflow-pager", code="raise SystemExit('imported')")
    code = (
        "import sys; from evalflow.plugins.entry_points import entry_points; "
        "found = [p.name for p in entry_points('evalflow')"
        " if not p.distribution.startswith('municipal-evalflow-')]; "
        "print(found, 'importlib.metadata' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "['evalflow_pager'] False\n"


# --------------------------------------------------------------------------- broken plugins


BROKEN = {
    "import_failed": "import there_is_no_such_module",
    "unknown_hook": """
        from evalflow.plugins import hookimpl

        @hookimpl
        def evalflow_notifers():
            return {}
    """,
    "wrong_arguments": """
        from evalflow.plugins import hookimpl

        @hookimpl
        def evalflow_notifiers(plan):
            return {}
    """,
    "hook_failed": """
        from evalflow.plugins import hookimpl

        @hookimpl
        def evalflow_notifiers():
            raise RuntimeError("설정 없음")
    """,
    "wrong_answer": """
        from evalflow.plugins import hookimpl

        @hookimpl
        def evalflow_notifiers():
            return ["pager"]
    """,
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_plugin_is_named_with_package_version_and_cause_and_the_rest_works(
    install: Callable[..., None], code: str
) -> None:
    install("evalflow-broken", "0.3", code=BROKEN[code])
    install("evalflow-pager", code=PAGER)

    plugins = Plugins.load(environ={})

    problem = only(plugins)
    assert problem.code == code
    assert (problem.distribution, problem.version) == ("evalflow-broken", "0.3")
    assert "evalflow-broken" in problem.text("en")
    assert "0.3" in problem.text("ko")
    assert made(plugins.notifier("pager")) == "Pager"
    assert [plugin.distribution for plugin in plugins.loaded] == [None, "evalflow-pager"]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import_failed", "ModuleNotFoundError: No module named 'there_is_no_such_module'"),
        ("unknown_hook", "did you mean 'evalflow_notifiers'?"),
        ("wrong_arguments", "hooks take no arguments"),
        ("hook_failed", "RuntimeError: 설정 없음"),
        ("wrong_answer", "expected a mapping by name, got list"),
    ],
)
def test_who_asks_for_something_that_is_missing_hears_of_the_broken_plugin(
    install: Callable[..., None], code: str, sentence: str
) -> None:
    install("evalflow-broken", "0.3", code=BROKEN[code])
    plugins = Plugins.load(environ={})

    with pytest.raises(InvalidInput) as caught:
        plugins.notifier("bell")

    (problem,) = caught.value.problems
    assert problem.code == "unknown_notifier"
    assert "evalflow-broken) 0.3" in problem.en
    assert sentence in problem.en


@pytest.mark.parametrize(
    "code",
    ["import sys; sys.exit('no licence')", "raise KeyError", "def broken(:\n  pass"],
    ids=["exit", "raise", "syntax"],
)
def test_whatever_happens_while_a_plugin_is_imported_stays_with_it(
    install: Callable[..., None], code: str
) -> None:
    install("evalflow-broken", code=code)

    assert only(Plugins.load(environ={})).code == "import_failed"


def test_an_entry_point_that_names_nothing_is_an_import_that_failed(
    install: Callable[..., None],
) -> None:
    install("evalflow-broken", code="", a="evalflow_broken_module:absent", b="not a module")

    problems = Plugins.load(environ={}).problems

    assert [problem.code for problem in problems] == ["import_failed"] * 2
    assert "has no attribute 'absent'" in problems[0].en
    assert "not of the form module:name" in problems[1].en


def test_a_plugin_that_cannot_even_be_looked_at_is_left_out() -> None:
    class Prickly:
        def __dir__(self) -> Any:
            raise RuntimeError("do not look")

    assert only(Plugins.load([Prickly()])).code == "hook_failed"


def test_a_hook_without_its_mark_is_told() -> None:
    class Unmarked:
        def evalflow_notifiers(self) -> Mapping[str, Any]:
            return {"pager": Pager}

    assert "not marked with @hookimpl" in only(Plugins.load([Unmarked()])).en


def test_what_a_half_broken_plugin_would_have_given_is_known_to_come_from_it() -> None:
    class Half(Paging):
        @hookimpl
        def evalflow_storages(self) -> Mapping[str, Any]:
            raise OSError("no driver")

    plugins = Plugins.load([Half()])

    assert only(plugins).lost == (("notifier", "pager"),)
    assert isinstance(only(plugins).cause, OSError)
    with pytest.raises(InvalidInput, match=r"'pager' cannot be used: plugin Half: .*no driver"):
        plugins.notifier("pager")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"pager": "not callable"},
        {"": Pager},
        {"two words": Pager},
        {3: Pager},
    ],
)
def test_an_answer_that_is_no_mapping_from_names_to_makers_leaves_the_plugin_out(
    answer: Any,
) -> None:
    class Odd:
        @hookimpl
        def evalflow_notifiers(self) -> Any:
            return answer

    plugins = Plugins.load([Odd()])

    # pluggy takes None as no answer at all.
    assert [p.code for p in plugins.problems] == ([] if answer is None else ["wrong_answer"])
    assert plugins.names("notifier") == ("console", "jsonl")


@pytest.mark.parametrize(
    "pair",
    [
        lambda *_: None,
        (GuardSpec(name="other", label=Label("", "")), lambda *_: None),
        (GuardSpec(name="weekday", label=Label("", "")), "not callable"),
    ],
    ids=["no spec", "another name", "no function"],
)
def test_a_guard_needs_its_spec_under_its_own_name(pair: Any) -> None:
    class Odd:
        @hookimpl
        def evalflow_guards(self) -> Any:
            return {"weekday": pair}

    assert only(Plugins.load([Odd()])).code == "wrong_answer"


def test_the_same_plugin_given_twice_is_used_once() -> None:
    one = Paging()

    plugins = Plugins.load([one, one])

    assert only(plugins).code == "duplicate_name"
    assert isinstance(plugins.notifier("pager", {"number": "1"}), Pager)


# --------------------------------------------------------------------------- asked when needed


def imported(distribution: str) -> bool:
    return f"{distribution.replace('-', '_')}_module" in sys.modules


def test_a_plugin_that_names_its_hooks_is_imported_when_one_of_them_is_needed(
    install: Callable[..., None],
) -> None:
    install("evalflow-pager", code=PAGER, hooks=("evalflow_notifiers",))

    plugins = Plugins.load(environ={})
    assert made(plugins.storage("memory:")) == "MemoryStorage"
    assert set(plugins.guards) == set(plugins.guard_specs) == set(Plugins.load([]).guards)
    assert (plugins.due_rules, plugins.hears_fired, plugins.names("form")) == ({}, False, ())
    assert made(plugins.notifier("console")) == "Console"  # which nobody displaces
    assert not imported("evalflow-pager")

    assert made(plugins.notifier("pager")) == "Pager"
    assert imported("evalflow-pager")


def test_a_plugin_that_names_no_hooks_is_imported_and_asked_at_once(
    install: Callable[..., None],
) -> None:
    install("evalflow-pager", code=PAGER)
    install("evalflow-other", code=PAGER, hooks=("no_hook_of_ours", "evalflow_notifers"))

    plugins = Plugins.load(environ={})

    assert imported("evalflow-pager")
    assert imported("evalflow-other")
    asked = {(call.hook, call.plugin) for call in plugins.trace}
    assert ("evalflow_notifiers", "evalflow_pager") in asked


@pytest.mark.parametrize(
    "look",
    [
        lambda plugins: [each.name for each in plugins.loaded],
        lambda plugins: [each.plugin for each in plugins.provided()],
        lambda plugins: plugins.names("notifier"),
        lambda plugins: [each.name for each in plugins.findings()],
        lambda plugins: [taken.name for taken in plugins.takes("notifier", "pager")] or ["pager"],
        lambda plugins: made(plugins.notifier("pager")).lower(),
    ],
)
def test_whoever_looks_finds_a_plugin_that_waited(
    install: Callable[..., None], look: Callable[[Plugins], Any]
) -> None:
    install("evalflow-pager", code=PAGER, hooks=("evalflow_notifiers",), pager=MODULE)

    assert "pager" in look(Plugins.load(environ={}))


MODULE = "evalflow_pager_module"


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_plugin_that_waited_is_told_as_one_that_was_asked_at_once(
    install: Callable[..., None], code: str
) -> None:
    install("evalflow-broken", "0.3", code=BROKEN[code], hooks=("evalflow_notifiers",))
    install("evalflow-pager", code=PAGER, hooks=("evalflow_notifiers",))

    with pytest.raises(InvalidInput, match=r"evalflow-broken\) 0\.3"):
        Plugins.load(environ={}).notifier("bell")

    plugins = Plugins.load(environ={})
    assert only(plugins).code == code
    assert made(plugins.notifier("pager")) == "Pager"
    assert [plugin.distribution for plugin in plugins.loaded] == [None, "evalflow-pager"]


def test_a_hook_that_a_package_does_not_name_beside_others_leaves_its_plugin_out(
    install: Callable[..., None],
) -> None:
    """Else the hook would be answered or not, as something else was asked before or not."""
    install("evalflow-pager", "2.5", code=PAGER, hooks=("evalflow_forms",))

    plugins = Plugins.load(environ={})

    assert plugins.names("notifier") == ("console", "jsonl")
    problem = only(plugins)
    assert (problem.code, problem.distribution) == ("undeclared_hook", "evalflow-pager")
    assert "in the entry point group evalflow_notifiers" in problem.text("en")
    assert plugins.names("notifier") == ("console", "jsonl")


def test_a_name_that_two_plugins_provide_is_nobodys_whichever_is_asked_first(
    install: Callable[..., None],
) -> None:
    install("evalflow-one", "1.0", code=PAGER, hooks=("evalflow_notifiers",))
    install("evalflow-two", "2.0", code=PAGER)

    plugins = Plugins.load(environ={})

    with pytest.raises(InvalidInput, match=r"evalflow-one\) 1\.0"):
        plugins.notifier("pager")
    assert [problem.code for problem in plugins.problems] == ["duplicate_name"] * 2


def test_threads_that_need_the_same_plugin_first_ask_it_once(
    install: Callable[..., None],
) -> None:
    slow = "    import time; time.sleep(0.1)\n" + PAGER
    install("evalflow-pager", code=slow, hooks=("evalflow_notifiers",))
    plugins = Plugins.load(environ={})
    barrier = threading.Barrier(8)

    def needed(_: int) -> str:
        barrier.wait()
        return made(plugins.notifier("pager"))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(needed, range(8))) == {"Pager"}
    assert plugins.problems == ()
    assert [each.hook for each in plugins.trace].count("evalflow_notifiers") == 2  # and ours


# --------------------------------------------------------------------------- names given twice


def test_a_name_that_two_plugins_provide_is_nobodys_and_both_are_named(
    install: Callable[..., None],
) -> None:
    """A plan does not say which is meant: installing a package must not redirect notices."""
    install("evalflow-one", "1.0", code=PAGER)
    install("evalflow-two", "2.0", code=PAGER)

    plugins = Plugins.load(environ={})

    assert [(p.distribution, p.code) for p in plugins.problems] == [
        ("evalflow-one", "duplicate_name"),
        ("evalflow-two", "duplicate_name"),
    ]
    with pytest.raises(InvalidInput) as caught:
        plugins.notifier("pager")
    assert "evalflow-one) 1.0" in str(caught.value)
    assert "evalflow-two) 2.0" in str(caught.value)
    assert CHOSEN_BY in str(caught.value)


def test_a_doubled_name_is_had_by_choosing_one_plugin(install: Callable[..., None]) -> None:
    install("evalflow-one", "1.0", code=PAGER)
    install("evalflow-two", "2.0", code=PAGER)

    plugins = Plugins.load(environ={CHOSEN_BY: "evalflow-two"})

    assert plugins.problems == ()
    assert made(plugins.notifier("pager")) == "Pager"


def test_everything_else_of_a_plugin_with_a_doubled_name_works() -> None:
    class More(Paging):
        @hookimpl
        def evalflow_guards(self) -> Mapping[str, Any]:
            return Guarding(lambda *_: None).evalflow_guards()

    plugins = Plugins.load([Paging(), More()])

    assert "weekday" in plugins.guards
    assert "pager" not in plugins.names("notifier")


def test_nothing_displaces_what_is_built_in() -> None:
    class Greedy:
        @hookimpl
        def evalflow_storages(self) -> Mapping[str, Any]:
            return {"memory": lambda url: None, "vault": lambda url: MemoryStorage()}

    plugins = Plugins.load([Greedy()])

    assert only(plugins).code == "duplicate_name"
    assert isinstance(plugins.storage("memory:"), MemoryStorage)
    assert isinstance(plugins.storage("vault:"), MemoryStorage)


def test_two_installed_plugins_of_one_name_are_chosen_by_distribution(
    install: Callable[..., None],
) -> None:
    install("evalflow-one", code=PAGER, mail="evalflow_one_module")
    install("evalflow-two", code="", mail="evalflow_two_module")

    both = Plugins.load(environ={})
    assert [problem.code for problem in both.problems] == ["duplicate_name"] * 2
    assert both.names("notifier") == ("console", "jsonl")

    assert made(Plugins.load(environ={CHOSEN_BY: "evalflow-one"}).notifier("pager")) == "Pager"


# --------------------------------------------------------------------------- options


@attrs.frozen
class Inner:
    at: Decimal


@attrs.frozen(kw_only=True)
class All:
    text: str
    whole: int
    flag: bool
    figure: Decimal
    share: Fraction
    day: dt.date
    label: Label
    words: tuple[str, ...]
    alone: tuple[int, ...]
    table: Mapping[str, Fraction]
    inner: Inner
    inners: tuple[Inner, ...]
    from_: str
    none: str | None = "default"
    nothing: int | None = None
    _hidden: str = "default"


@attrs.frozen
class Quota:
    share: Fraction


@attrs.frozen
class Grades:
    quotas: Mapping[str, Quota]


def test_options_are_made_into_the_declared_class() -> None:
    pager = Plugins.load([Paging()]).notifier(
        "pager", {"number": "010-1234", "tries": "5", "style": "long", "quiet": "true"}
    )

    assert isinstance(pager, Pager)
    assert pager.options == PagerOptions(number="010-1234", tries=5, style="long", quiet=True)


def test_every_wrong_option_is_told_at_once_with_its_path_and_the_nearest_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        Plugins.load([Paging()]).notifier(
            "pager", {"nummer": "1", "tries": "0", "style": "shrt", "quiet": "ja"}
        )

    told = {problem.path: problem.en for problem in caught.value.problems}
    at = "notices.notifiers.pager"
    assert set(told) == {f"{at}.nummer", f"{at}.tries", f"{at}.style", f"{at}.quiet"}
    assert "did you mean 'number'?" in told[f"{at}.nummer"]
    assert ">= 1" in told[f"{at}.tries"]
    assert "did you mean 'short'?" in told[f"{at}.style"]


def test_options_for_something_that_takes_none_are_unknown() -> None:
    class Bare:
        def deliver(self, notice: Notice) -> None:
            pass

    class Plain:
        @hookimpl
        def evalflow_notifiers(self) -> Mapping[str, Any]:
            return {"bell": Bare}

    with pytest.raises(InvalidInput, match=r"notices\.notifiers\.bell\.loud: unknown key"):
        Plugins.load([Plain()]).notifier("bell", {"loud": "true"})


def test_options_of_every_type_are_read_exactly() -> None:
    read = read_options(
        All,
        {
            "text": "가",
            "whole": "3",
            "flag": "true",
            "figure": "84.95",
            "share": "1/3",
            "day": "2016-02-24",
            "label": {"ko": "가", "en": "a"},
            "words": ["가", "나"],
            "alone": "7",
            "table": {"경제": "1/2"},
            "inner": {"at": "0.1"},
            "inners": [{"at": "1"}, {"at": "2"}],
            "from": "here",
            "hidden": "seen",
        },
    )

    assert read == All(
        text="가",
        whole=3,
        flag=True,
        figure=Decimal("84.95"),
        share=Fraction(1, 3),
        day=dt.date(2016, 2, 24),
        label=Label("가", "a"),
        words=("가", "나"),
        alone=(7,),
        table={"경제": Fraction(1, 2)},
        inner=Inner(Decimal("0.1")),
        inners=(Inner(Decimal(1)), Inner(Decimal(2))),
        from_="here",
        hidden="seen",
    )


def test_a_mistake_deep_inside_an_option_is_placed_there() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_options(
            Grades,
            {"quotas": {"S": {"share": "a fifth"}, "A": {"shre": "3/10"}}},
            at=("scoring", "options"),
        )

    assert [problem.path for problem in caught.value.problems] == [
        "scoring.options.quotas.S.share",
        "scoring.options.quotas.A.shre",
    ]


def test_a_plugins_own_check_speaks_in_its_own_words() -> None:
    @attrs.frozen(kw_only=True)
    class Quotas:
        first: int
        second: int

        def __attrs_post_init__(self) -> None:
            if self.first + self.second != 100:
                raise InvalidInput(
                    [Problem(code="quotas", ko="합이 100이어야 합니다", en="must add up to 100")]
                )

    with pytest.raises(InvalidInput) as caught:
        read_options(Quotas, {"first": "20", "second": "30"}, at=("scoring", "options"))

    (problem,) = caught.value.problems
    assert (problem.path, problem.ko) == ("scoring.options", "합이 100이어야 합니다")


def test_a_check_that_looks_at_other_options_is_asked_when_all_are_there() -> None:
    @attrs.frozen(kw_only=True)
    class Span:
        low: int
        high: int = attrs.field()

        @high.validator
        def _(self, attribute: Any, value: int) -> None:
            if value < self.low:
                raise ValueError(f"high {value} is below low {self.low}")

    assert read_options(Span, {"low": "1", "high": "2"}) == Span(low=1, high=2)
    with pytest.raises(InvalidInput, match="high 1 is below low 2"):
        read_options(Span, {"low": "2", "high": "1"})


@pytest.mark.parametrize("kind", [float, Any, int | str, list, Callable[[], int]])
def test_options_of_a_type_that_yaml_cannot_say_leave_the_plugin_out(kind: Any) -> None:
    declared = attrs.make_class("Declared", {"x": attrs.field(type=kind)})

    class Maker:
        Options = declared

    class Odd:
        @hookimpl
        def evalflow_notifiers(self) -> Mapping[str, Any]:
            return {"bell": Maker}

    with pytest.raises(TypeError, match=r"Declared\.x"):
        check_declaration(declared)
    assert only(Plugins.load([Odd()])).code == "wrong_answer"


# --------------------------------------------------------------------------- while they run


def test_a_guard_that_raises_is_named_and_keeps_the_cause(install: Callable[..., None]) -> None:
    install(
        "evalflow-days",
        "4.1",
        code="""
            from evalflow import Label
            from evalflow.plugins import GuardSpec, hookimpl

            def weekday(firing, after):
                return firing.no_such_thing

            @hookimpl
            def evalflow_guards():
                label = Label("평일", "on a weekday")
                return {"weekday": (GuardSpec(name="weekday", label=label), weekday)}
        """,
    )
    guard = Plugins.load(environ={}).guards["weekday"]

    with pytest.raises(PluginError) as caught:
        guard(SimpleNamespace(), None)

    assert isinstance(caught.value.__cause__, AttributeError)
    assert "evalflow_days (evalflow-days) 4.1" in caught.value.text("ko")
    assert caught.value.version == "4.1"


@pytest.mark.parametrize("within", [None, dt.timedelta(seconds=LONG)])
def test_a_guards_parameters_may_have_any_name(within: dt.timedelta | None) -> None:
    seen: dict[str, Any] = {}
    words = ("within", "patience", "function", "plugin", "what", "name", "self", "as", "through")
    guards = Plugins.load([Guarding(lambda *_, **params: seen.update(params))])

    guards.guards_within(within)["weekday"](None, None, **dict.fromkeys(words, "x"))

    assert tuple(seen) == words


@pytest.mark.parametrize("answer", [None, [], (), iter(())])
def test_a_guard_that_answers_nothing_passes(answer: Any) -> None:
    assert Plugins.load([Guarding(lambda *_: answer)]).guards["weekday"](None, None) == ()


def test_a_guard_may_answer_one_reason_or_several_in_any_collection() -> None:
    reason = Reason(code="weekend", ko="주말입니다.", en="It is the weekend.")

    def yielding(firing: Any, after: Any) -> Any:
        yield reason
        yield reason

    assert Plugins.load([Guarding(lambda *_: reason)]).guards["weekday"](None, None) == (reason,)
    assert Plugins.load([Guarding(yielding)]).guards["weekday"](None, None) == (reason, reason)


@pytest.mark.parametrize("answer", [True, False, "no", b"no", ["no"], 0])
def test_a_guard_that_answers_anything_else_is_broken_rather_than_passed(answer: Any) -> None:
    guard = Plugins.load([Guarding(lambda *_: answer)]).guards["weekday"]

    with pytest.raises(PluginError, match="guard 'weekday'"):
        guard(None, None)


def test_a_guard_that_fails_in_the_middle_of_its_answer_is_named_too() -> None:
    def failing(firing: Any, after: Any) -> Any:
        yield Reason(code="a", ko="", en="")
        raise ZeroDivisionError

    with pytest.raises(PluginError, match="ZeroDivisionError"):
        Plugins.load([Guarding(failing)]).guards["weekday"](None, None)


def test_a_store_that_fails_under_a_guard_is_not_the_plugins_fault() -> None:
    def asking(firing: Any, after: Any) -> None:
        raise StorageError("locked", ko="잠김", en="locked")

    with pytest.raises(StorageError):
        Plugins.load([Guarding(asking)]).guards["weekday"](None, None)


def test_a_guard_that_hangs_is_given_up_and_costs_one_thread_at_most() -> None:
    released, ended = threading.Event(), threading.Event()

    def hanging(firing: Any, after: Any) -> None:
        released.wait(LONG)
        ended.set()

    guard = Plugins.load([Guarding(hanging)]).guards_within(SOON)["weekday"]

    with pytest.raises(PluginError, match=r"no answer within 0.02 seconds") as caught:
        guard(None, None)
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert "0.02초 안에 답이 없습니다" in caught.value.text("ko")
    before = threading.active_count()
    with pytest.raises(PluginError, match="no answer yet to an earlier call"):
        guard(None, None)
    assert threading.active_count() == before
    released.set()
    assert ended.wait(LONG)


def test_a_guard_that_hung_once_is_asked_again_when_it_has_ended() -> None:
    released = threading.Event()
    plugins = Plugins.load([Guarding(lambda *_: released.wait(LONG) and None)])
    with pytest.raises(PluginError):
        plugins.guards_within(SOON)["weekday"](None, None)

    released.set()
    for thread in threading.enumerate():
        if thread.name.startswith("evalflow-"):
            thread.join(LONG)

    patient = plugins.guards_within(dt.timedelta(seconds=LONG))
    assert patient["weekday"](None, None) == ()


def test_a_guard_with_a_time_limit_answers_and_raises_as_without() -> None:
    reason = Reason(code="weekend", ko="", en="")
    patient = dt.timedelta(seconds=LONG)

    answering = Plugins.load([Guarding(lambda *_: reason)]).guards_within(patient)
    assert answering["weekday"](None, None) == (reason,)

    failing = Plugins.load([Guarding(lambda *_: 1 / 0)]).guards_within(patient)
    with pytest.raises(PluginError) as caught:
        failing["weekday"](None, None)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_the_built_in_guards_run_in_the_callers_thread() -> None:
    class Spy:
        """Stands in for the first thing that `next_period_exists` looks at."""

        @property
        def project(self) -> Any:
            raise StorageError(threading.current_thread().name, ko="", en="")

    guard = Plugins.load([]).guards_within(SOON)["next_period_exists"]
    with pytest.raises(StorageError) as caught:
        guard(Spy(), None)
    assert caught.value.code == threading.current_thread().name


def test_a_scorer_that_raises_is_named_and_keeps_the_cause() -> None:
    scorer = Plugins.load([Scoring(lambda subject: 1 / 0)]).scorer("halves")

    with pytest.raises(PluginError, match="plugin Scoring: scorer 'halves'") as caught:
        scorer.score(None)  # type: ignore[arg-type]
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_scorer_that_answers_no_rating_is_broken() -> None:
    scorer = Plugins.load([Scoring(lambda subject: Decimal(50))]).scorer("halves")

    with pytest.raises(PluginError, match="answered Decimal, not a Rating"):
        scorer.score(None)  # type: ignore[arg-type]


def test_a_scorer_that_hangs_is_given_up_in_time() -> None:
    released = threading.Event()
    plugins = Plugins.load([Scoring(lambda subject: released.wait(LONG))])

    with pytest.raises(PluginError, match="no answer within"):
        plugins.scorer("halves", within=SOON).score(None)  # type: ignore[arg-type]
    released.set()


def test_a_scorer_may_find_figures_that_cannot_be_rated() -> None:
    def refusing(subject: Any) -> Rating:
        raise InvalidInput([Problem(code="nan", ko="", en="not a figure")])

    with pytest.raises(InvalidInput):
        Plugins.load([Scoring(refusing)]).scorer("halves").score(None)  # type: ignore[arg-type]


def test_many_are_scored_one_by_one_unless_the_scorer_can_do_it_faster() -> None:
    subjects: list[Any] = [1, 2, 3]
    alone = Plugins.load([Scoring(lambda subject: RATING)]).scorer("halves")
    assert alone.score_many(subjects) == (RATING,) * 3

    seen: list[Any] = []

    def all_at_once(cohort: Any) -> Any:
        seen.extend(cohort)
        return [RATING for _ in cohort]

    scorer = Plugins.load([Scoring(lambda s: None, score_many=all_at_once)]).scorer("halves")
    assert scorer.score_many(subjects) == (RATING,) * 3
    assert seen == subjects


def test_a_rating_left_out_of_many_is_told() -> None:
    short = Scoring(lambda s: RATING, score_many=lambda cohort: [RATING])
    odd = Scoring(lambda s: RATING, score_many=lambda cohort: [RATING, None])
    subjects: list[Any] = [1, 2]

    with pytest.raises(PluginError, match="1 ratings for 2 subjects"):
        Plugins.load([short]).scorer("halves").score_many(subjects)
    with pytest.raises(PluginError, match="answered NoneType"):
        Plugins.load([odd]).scorer("halves").score_many(subjects)


def test_something_that_lacks_what_its_kind_needs_is_told_by_the_lack() -> None:
    class Bare:
        @hookimpl
        def evalflow_notifiers(self) -> Mapping[str, Any]:
            return {"bell": object}

        @hookimpl
        def evalflow_storages(self) -> Mapping[str, Any]:
            return {"vault": lambda url: object()}

    plugins = Plugins.load([Bare()])

    with pytest.raises(PluginError, match="notifier 'bell': object has no deliver"):
        plugins.notifier("bell")
    with pytest.raises(PluginError, match=r"storage 'vault': object has no .*claim"):
        plugins.storage("vault:")


def test_a_storage_that_breaks_while_it_opens_is_named() -> None:
    class Vault:
        @hookimpl
        def evalflow_storages(self) -> Mapping[str, Any]:
            return {"vault": lambda url: dict[str, Any]()["driver"]}

    with pytest.raises(PluginError, match="storage 'vault': KeyError"):
        Plugins.load([Vault()]).storage("vault://here")


def test_a_guard_that_is_not_installed_any_more_breaks_when_it_is_asked_and_says_why() -> None:
    guards = Plugins.load([]).guards

    assert "period_endde" not in guards
    with pytest.raises(PluginError, match="no guard 'period_endde'; did you mean 'period_ended'"):
        guards["period_endde"](None, None, kind="bureau")


def test_a_scorer_that_is_not_installed_any_more_breaks_when_a_rating_is_asked_for(
    office_head: Any,
) -> None:
    rules = attrs.evolve(office_head.scoring, scorer="halves")
    subject: Any = SimpleNamespace(rules=rules)

    score = Plugins.load([]).scoring(rules)
    with pytest.raises(PluginError, match="no scorer 'halves'"):
        score(subject)
    assert Plugins.load([Scoring(lambda subject: RATING)]).scoring(rules)(subject) == RATING


# --------------------------------------------------------------------------- what a plan needs


def test_everything_that_a_plan_asks_of_plugins_is_checked_at_once(office_head: Any) -> None:
    plugins = Plugins.load([Paging()])
    head = attrs.evolve(
        office_head,
        scoring=attrs.evolve(office_head.scoring, scorer="rate", options={"x": "1"}),
        delivery=Delivery(
            notifiers=("console", "pager", "carrier-pigeon"),
            options={"console": {"lang": "de"}, "pager": {}},
        ),
    )

    told = {problem.path: problem.code for problem in plugins.check(head)}

    assert told == {
        "scoring.scorer": "unknown_scorer",
        "notices.notifiers.console.lang": "wrong_value",
        "notices.notifiers.pager": "missing_key",
        "notices.notifiers.carrier-pigeon": "unknown_notifier",
    }
    assert plugins.check(office_head) == ()


def test_a_notifier_that_is_not_installed_holds_up_no_other_and_its_notices_wait() -> None:
    from notices import START, notice, storage_with

    storage = storage_with(notice(1, notifier="pigeon"), notice(1, notifier="pager"))
    plugins = Plugins.load([Paging()])
    delivery = Delivery(
        notifiers=("pigeon", "pager"), options={"pager": {"number": "1"}}, backoff=(60,)
    )

    routes = plugins.routes("gu", delivery)
    report = deliver(storage, routes, clock=lambda: START)

    assert (report.delivered, report.retried) == (1, 1)
    (waiting,) = storage.outbox(state="waiting")
    assert "no notifier 'pigeon'" in (waiting.error or "")


def test_another_notifier_may_stand_in_for_the_one_that_a_plan_names() -> None:
    own = Console()

    (route,) = Plugins.load([]).routes(
        "gu", Delivery(notifiers=("pigeon",)), instead={"pigeon": own}
    )

    assert route == Route(name="pigeon", notifier=own, plan="gu", backoff=Delivery().backoff)


@pytest.fixture
def office_head() -> Any:
    from evalflow.model import CalendarRules, PlanHead, ScoringRules, Unit

    return PlanHead(
        id="gu",
        revision=1,
        effective="2016-Q1",
        year=2016,
        label=Label("계획", "Plan"),
        lifecycle="major-works",
        units={"gu": Unit(id="gu", kind="office", label=Label("구", "Gu"))},
        office="gu",
        directory={},
        calendar=CalendarRules(first="2016-Q1", last="2016-Q4"),
        scoring=ScoringRules(bands=()),
    )


# --------------------------------------------------------------------------- commands, panels


class Adding:
    @hookimpl
    def evalflow_commands(self) -> Any:
        return {"greet": greeting, "status": greeting, "nothing": lambda: "no command"}

    @hookimpl
    def evalflow_panels(self) -> Any:
        return {"weather": Weather, "elsewhere": Elsewhere}


def greeting() -> Any:
    """인사 · Greet somebody.

    More of it.
    """
    import click

    return click.Command("greet", callback=lambda: click.echo("안녕하십니까"))


class Weather:
    label = Label("날씨", "Weather")
    place = "project"

    def html(self, request: Any) -> str | None:
        return f"<p>{request.project}</p>"


class Elsewhere(Weather):
    place = "roof"


def test_a_plugin_adds_commands_which_are_made_when_they_are_called() -> None:
    plugins = Plugins.load([Adding()])

    assert plugins.problems == ()
    assert plugins.names("command") == ("greet", "nothing", "status")
    assert plugins.command_summaries()["greet"] == "인사 · Greet somebody."
    assert plugins.command("greet").__class__.__name__ == "Command"
    with pytest.raises(PluginError, match="not a click command"):
        plugins.command("nothing")
    with pytest.raises(InvalidInput, match="did you mean 'greet'"):
        plugins.command("gret")


def test_a_command_of_a_plugin_runs_beside_the_others_and_displaces_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from evalflow import cli

    adding = Adding()
    load = Plugins.load
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, plugins=None: load([adding])))
    assert cli.run(["greet"]) == 0
    assert capsys.readouterr().out == "안녕하십니까\n"
    assert cli.run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "인사." in shown
    assert "Greet somebody" not in shown
    assert shown.count("  status ") == 1
    assert cli.run(["gret"]) == 2
    assert "혹시 'greet'입니까?" in capsys.readouterr().err
    assert cli.run(["nothing"]) == 5


def test_a_panel_is_held_to_its_form_and_to_a_place_that_there_is() -> None:
    plugins = Plugins.load([Adding()])
    request = PanelRequest(view=None, plan="gu", project="gu/6")

    assert plugins.panel("weather").html(request) == "<p>gu/6</p>"
    faults = {each.name: each.fault for each in plugins.findings() if each.plugin == "Adding"}
    assert faults["greet"] is None
    assert faults["weather"] is None
    assert faults["nothing"] is not None
    elsewhere = faults["elsewhere"]
    assert elsewhere is not None
    assert "roof" in elsewhere.en


# --------------------------------------------------------------------------- the reference


def test_the_reference_names_every_hook_and_every_way_to_be_broken() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/plugins.md").read_text(encoding="utf-8")
    codes = re.search(r"Codes: (.*?)\. `cause`", inspect.getdoc(PluginProblem) or "", re.DOTALL)
    assert codes
    told = re.findall(r"`(\w+)`", codes[1])

    assert set(told) >= {*BROKEN, "not_installed", "duplicate_name"}
    lacking = [name for name in (*told, *HOOKS) if f"`{name}`" not in page]
    assert lacking == []


@attrs.frozen(kw_only=True)
class Waits:
    timeout: dt.timedelta


@pytest.mark.parametrize(
    ("said", "seconds"), [("20s", 20), ("500ms", 0.5), ("1m", 60), ("20", 20), (20, 20)]
)
def test_a_time_is_written_as_everywhere_in_a_plan(said: object, seconds: float) -> None:
    read = read_options(Waits, {"timeout": said})
    assert read.timeout.total_seconds() == seconds
    for wrong in ("soon", "0s", "20 hours", "-1"):
        with pytest.raises(InvalidInput, match="expected a time"):
            read_options(Waits, {"timeout": wrong})
