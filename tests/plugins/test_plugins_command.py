"""`evalflow plugins`: what is installed, what it takes, and whether it keeps its word."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

import evalflow
from evalflow import cli
from evalflow.plugins import GuardSpec, Plugins, hookimpl
from evalflow.scoring.rates import Rates


@attrs.frozen(kw_only=True)
class PagerOptions:
    number: str
    tries: int = 3


class Pager:
    Options = PagerOptions

    def __init__(self, options):
        self.options = options

    def deliver(self, notice):
        pass


class Zero:
    name, version = "zero", "1"

    def score(self, subject):
        rating = attrs.evolve(Rates().score(subject), scorer="zero", version="1")
        return rating if rating.rate is not None else attrs.evolve(rating, rate=Decimal(0))


class Moody(Zero):
    name = "moody"
    asked = 0

    def score(self, subject):
        type(self).asked += 1
        return attrs.evolve(
            Rates().score(subject), scorer="moody", notes=({"ko": str(self.asked)},)
        )


class Lacking:
    pass


def guard(firing, after):
    return None


class Theirs:
    @hookimpl
    def evalflow_notifiers(self):
        return {"pager": Pager, "silent": Lacking}

    @hookimpl
    def evalflow_scorers(self):
        return {"zero": Zero, "moody": Moody}

    @hookimpl
    def evalflow_guards(self):
        spec = GuardSpec(
            name="strict", label=evalflow.Label("엄격", "strict"), params={"by": None},
            required=("by",),
        )  # fmt: skip
        return {"strict": (spec, guard)}


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `evalflow plugins …` where `Theirs` is installed, and give code and output."""
    load = vars(Plugins)["load"].__func__
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls: load(cls, [Theirs(), "no-such"])))

    def command(*words, lang="en"):
        code = cli.run(["--lang", lang, "plugins", *words])
        return code, capsys.readouterr().out

    return command


def test_what_is_installed_and_what_is_left_out_is_listed(run):
    code, out = run("list")
    assert code == 5
    assert "storage: memory, sqlite" in out
    assert "notifier: pager, silent" in out
    assert "left out: plugin no-such: is not installed" in out
    code, out = run("list", lang="ko")
    assert "알림 수단: pager, silent" in out
    assert "제외: 플러그인 no-such: 설치되어 있지 않습니다" in out
    told = json.loads(run("list", "--json")[1])
    assert {"kind": "guard", "name": "strict"}.items() <= next(
        row for row in told["provided"] if row["name"] == "strict"
    ).items()


def test_options_and_parameters_are_shown(run):
    code, out = run("show", "pager")
    assert code == 0
    assert "  number: str required\n  tries: int = 3\n" in out
    assert "  by: text or list required\n" in run("show", "strict")[1]
    assert run("show", "Theirs")[1].count("Theirs") == 5
    assert run("show", "paper")[0] == 4


def test_what_breaks_its_contract_is_named(run):
    code, out = run("check", lang="en")
    assert code == 5
    assert "ok: notifier jsonl (evalflow)" in out
    assert "ok: notifier pager (Theirs)" in out
    assert "broken: notifier silent (Theirs): it has no deliver" in out
    assert "broken: scorer zero (Theirs): it treats a missing actual as zero" in out
    assert "broken: scorer moody (Theirs): it rates the same input differently" in out
    assert "broken: guard strict (Theirs): it does not take them" in out
    assert "(evalflow)" not in run("check", "zero")[1]
    assert (
        "규약 위반: 산정기 zero (Theirs): 없는 실적을 0으로 봅니다"
        in run("check", "zero", lang="ko")[1]
    )


def test_which_hooks_were_called_is_traced(run):
    code, out = run("trace")
    assert code == 0
    lines = [line.split() for line in out.splitlines() if "evalflow_" in line]
    assert any("evalflow_guards" in line and "Theirs" in line for line in lines)
    told = json.loads(run("trace", "--json")[1])
    theirs = {c["hook"]: c["names"] for c in told["calls"] if c["plugin"] == "Theirs"}
    assert theirs == {
        "evalflow_notifiers": ["pager", "silent"],
        "evalflow_scorers": ["zero", "moody"],
        "evalflow_guards": ["strict"],
    }


def test_what_is_built_in_and_every_plugin_of_ours_keeps_its_contract():
    """With `make test` all of ours are installed; where fewer are, fewer are asked."""
    plugins = Plugins.load(None, environ={})
    ours = [each for each in plugins.findings() if each.plugin.startswith("evalflow")]
    assert [each for each in ours if each.fault is not None] == []
    assert {each.kind for each in ours} >= {"storage", "notifier", "scorer", "guard"}


@pytest.mark.parametrize("kind", ["scorer", "notifier", "storage", "form"])
def test_a_skeleton_is_written_once_and_nothing_is_overwritten(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--lang", "en", "plugins", "new", kind, "mapo", "--into", str(tmp_path)]
    assert cli.run(words) == 0
    folder = tmp_path / "evalflow-mapo"
    assert str(folder) in capsys.readouterr().out
    kept = folder / "src" / "evalflow_mapo" / "__init__.py"
    compile(kept.read_text("utf-8"), str(kept), "exec")
    kept.write_text("mine", "utf-8")
    assert cli.run(words) == 2
    assert "left alone" in capsys.readouterr().err
    assert kept.read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("kind", "name", "near"),
    [
        ("scorer", "Mapo", "mapo"),
        ("scorer", "마포", None),
        ("scorer", "9", None),
        ("form", "a-b", "a_b"),
        ("form", "../x", "x"),
        ("storage", "a_b", "ab"),
    ],
)
def test_a_name_that_cannot_be_used_everywhere_is_refused_with_one_that_can(
    kind: str, name: str, near: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["--lang", "en", "plugins", "new", kind, name, "--into", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert f"'{name}': a name begins with a small letter" in told
    assert near is None or f"did you mean '{near}'?" in told
    assert ("did you mean" in told) == (near is not None)
    assert list(tmp_path.iterdir()) == []


def test_the_hook_calls_of_a_command_are_traced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bell:
        @hookimpl
        def evalflow_fired(self, entry):
            assert entry.event

    load = Plugins.load
    monkeypatch.setattr(Plugins, "load", lambda plugins=None, **_: load([Bell()]))
    plan = str(evalflow.example("seodaemun-2016"))
    words = ["--store", f"sqlite:///{tmp_path}/o.db", "--lang", "en", "plugins", "trace"]
    assert cli.run([*words, "plan", "import", plan, "--as", "policy-1"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "evalflow_fired" in line]
    assert len(rows) == 43
    assert "Bell" in rows[0]
    assert "entry=seodaemun-2016/1 #1 adopt" in rows[0]
    assert rows[0].split()[-1].isdigit()
    assert cli.run([*words, "--json", "history", "seodaemun-2016/99"]) != 0
    out = capsys.readouterr().out
    told = json.loads(out[out.index("{") :])
    assert {each["plugin"] for each in told["calls"]} == {"evalflow"}
