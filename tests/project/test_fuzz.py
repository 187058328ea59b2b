"""Bad input, in any form, ends in a clear error: never a traceback, never without end."""

from __future__ import annotations

import io
import math
import os
import random
import subprocess
import sys
import time
import zipfile
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

import evalflow
from evalflow.testing.office import ONWARD, PLAN_ID, Ticking, actor_for, data_for, step, the_plan
from fuzzing import NASTY, TARGETS, attempt

# More by the environment: `make trust` does.
INPUTS = int(os.environ.get("EVALFLOW_INPUTS", "0"))
_SLOW = {"workbook": 30, "forged batch": 40, "batch": 40}
LONGEST = 10.0  # seconds of the processor that any one input may take

SUPPORT = str(Path(__file__).parents[1] / "support")


def often(name: str) -> settings:
    # A workbook is read in a process of its own.
    return settings(
        max_examples=(INPUTS // (10 if name == "workbook" else 1)) or _SLOW.get(name, 80),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )


@st.composite
def spoilt(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A right sample with some bytes taken out, doubled, or replaced by what is nasty. Of an
    archive mostly in one of its files, packed again: else it would be refused before it is read."""
    content = draw(st.sampled_from(seeds))
    if not content.startswith(b"PK") or not draw(st.integers(0, 3)):
        return draw(_with_other_bytes(content))
    files = {each: _unpacked(content).read(each) for each in _unpacked(content).namelist()}
    name = draw(st.sampled_from(sorted(files)))
    files[name] = draw(_with_other_bytes(files[name]))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, inside in files.items():
            archive.writestr(zipfile.ZipInfo(each), inside)
    return packed.getvalue()


def _unpacked(content: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content))


@st.composite
def _with_other_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(content) - 1, 0)))
        end = min(start + draw(st.sampled_from((0, 0, 1, 2, 8, 40, 400))), len(content))
        piece = draw(
            st.sampled_from(NASTY).map(lambda text: text.encode("utf-8", "surrogatepass"))
            | st.binary(max_size=6)
            | st.just(content[start : start + 60])
            | st.just(b"")
        )
        content = content[:start] + piece + content[end:]
    return content


@pytest.mark.counting
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # a whole archive
@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_handed_over_is_taken_or_clearly_refused(name: str) -> None:
    counted: Counter[bool] = Counter()
    slowest = [0.0]

    @often(name)
    @given(content=spoilt(TARGETS[name].seeds()))
    def tried(content: bytes) -> None:
        began = time.process_time()
        counted[attempt(name, content)] += 1
        took = time.process_time() - began
        slowest[0] = max(slowest[0], took)
        assert took < LONGEST

    if name != "workbook":
        for piece in NASTY:
            tried = example(piece.encode("utf-8", "surrogatepass"))(tried)
    tried()
    assert sum(counted.values()) > 10
    print(f"\n{name:16} {counted[True]:>6} taken {counted[False]:>6} refused "
          f"{slowest[0] * 1000:>6.0f} ms the slowest")  # fmt: skip


# --------------------------------------------------------------------------- data of a firing

_odd: st.SearchStrategy[Any] = (
    st.sampled_from(NASTY)
    | st.text(max_size=8)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.fractions()
    | st.builds(pow, st.just(10), st.just(5000))
    | st.binary(max_size=3)
    | st.dates()
    | st.datetimes()
    | st.sampled_from(
        [
            math.nan,
            math.inf,
            Decimal("sNaN"),
            Decimal("1e999999"),
            Fraction(1, 3),
            object,
            "\ud800",
            ...,
            {1, 2},
            -1,
            -0.0,
        ]
    )
)
_words = st.sampled_from(NASTY) | st.text(min_size=1, max_size=40)
_keys = st.text(max_size=4) | st.integers() | st.builds(pow, st.just(10), st.just(5000)) | st.none()
_odd_trees = st.recursive(
    _odd,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("done", "1", "role", "actor", "")) | _keys, inner, max_size=3
        )
    ),
    max_leaves=6,
)


@st.composite
def odd_data(draw: st.DrawFn, right: dict[str, Any], fields: list[str]) -> dict[Any, Any]:
    """Right data with parts of it made odd."""
    data: dict[Any, Any] = dict(right)
    if draw(st.booleans()):  # odd words where words belong
        for key, value in right.items():
            if isinstance(value, str) and key not in ("ratings", "kind", "reported_on"):
                data[key] = draw(_words | _words.map("사유 {}".format))  # a reason has words
        for key in draw(st.lists(st.sampled_from(fields), max_size=2)):
            data[key] = draw(_words)
        return data
    for _ in range(draw(st.integers(1, 3))):
        data[draw(st.sampled_from(fields) | st.just("nonsense") | _keys)] = draw(_odd_trees)
    return data


@pytest.mark.counting
@pytest.mark.slow
@pytest.mark.parametrize("event", sorted({event for each in ONWARD.values() for event in each}))
def test_odd_data_moves_nothing_or_moves_it_whole(tmp_path: Path, event: str) -> None:
    plan = the_plan(each=1)
    with evalflow.open(
        f"sqlite:///{tmp_path / 'office.db'}", plugins=[], clock=Ticking()
    ) as engine:
        engine.adopt(plan, by=plan.actor("policy-1"))
        rng = random.Random(1)
        told: Counter[str] = Counter()

        @settings(often(event), max_examples=max(60, INPUTS // 10))
        @given(st.data())
        def tried(drawn: st.DataObject) -> None:
            now = ready_for(engine, event, rng)
            project = now.id
            fields = [
                field.name for field in engine.plans.lifecycle(now.lifecycle).events[event].data
            ]
            data = drawn.draw(odd_data(dict(data_for(now, event, 1)), fields))
            by = engine.actor(PLAN_ID, actor_for(now, event))
            assert engine.explain(project, event, by=by, data=data_for(now, event, 1)).allowed
            before = list(engine.history(project))
            asked = _told(lambda: engine.explain(project, event, by=by, data=data).tree())
            answer = _told(lambda: engine.fire(project, event, by=by, data=data))
            told[answer] += 1
            told[asked] += 0
            after = list(engine.history(project))
            assert after[: len(before)] == before
            assert (len(after) > len(before)) == (answer == "taken")
            assert list(engine.audit.verify(project=project)) == []

        tried()
        assert told["taken"]
        assert told["InvalidInput"]
        engine.audit.export(tmp_path / "b.zip")
        assert evalflow.verify_bundle(tmp_path / "b.zip")[1] == ()


def ready_for(engine: evalflow.Engine, event: str, rng: random.Random) -> evalflow.Project:
    """Walk until the event can be fired on some project, and return it."""
    for _ in range(500):
        for project in engine.projects():
            if any(event in ONWARD[state] for state in project.states):
                by = engine.actor(PLAN_ID, actor_for(project, event))
                data = data_for(project, event, 1)
                if engine.explain(project.id, event, by=by, data=data).allowed:
                    return project
        step(engine, rng)
    raise AssertionError(f"nobody could ever {event}")


def _told(ask: Any) -> str:
    try:
        ask()
    except evalflow.EvalflowError as error:
        assert error.text("ko")
        assert error.text("en")
        return type(error).__name__
    return "taken"


# --------------------------------------------------------------------------- bombs

BOMBS: dict[str, tuple[str, str]] = {
    "billion laughs": (
        "plan",
        "'a: &a [x,x]\\n' + ''.join(f'{chr(98+n)}: &{chr(98+n)} [*{chr(97+n)},*{chr(97+n)}]\\n' "
        "for n in range(24))",
    ),
    "ten megabytes in one text": ("plan", "plan_text().replace('시험 계획', 'ㄱ' * 4_000_000)"),
    "a number of a million digits": ("plan", "plan_text().replace('1000000', '9' * 1_000_000)"),
    "a huge exponent": ("plan", "plan_text().replace('2016-Q1: 10', '2016-Q1: 1e999999999')"),
    "a tiny exponent": ("plan", "plan_text().replace('2016-Q1: 10', '2016-Q1: 1e-999999999')"),
    "a weight of nothing": ("plan", "plan_text().replace('unit: 건', 'unit: 건, weight: 1/0')"),
    "a negative weight": ("plan", "plan_text().replace('unit: 건', 'unit: 건, weight: -1')"),
    "a hundred thousand brackets": ("lifecycle", "'a: ' + '[' * 100_000"),
    "a hundred thousand keys": ("lifecycle", "''.join(f'k{n}: 1\\n' for n in range(100_000))"),
    "half a million keys": ("plan", "''.join(f'k{n}: 1\\n' for n in range(500_000))"),
    "ten thousand units one above the other": (
        "plan",
        "plan_text().replace('units:\\n', 'units:\\n' + ''.join(f'  u{n}: {{kind: bureau, ko: 가, '"
        """ f'en: A, parent: {f"u{n - 1}" if n else "office"}}}\\n' for n in range(10_000)))""",
    ),
    "a line of ten megabytes": ("batch", "'{' * 10_000_000"),
    "a cell of ten megabytes": ("csv", "'관리번호,사업명\\n1,' + 'a' * 10_000_000"),
    "a row of a million cells": ("csv", "'관리번호,사업명\\n' + ',' * 1_000_000"),
    "a million empty rows": ("csv", "'관리번호,사업명\\n1,가\\n' + ',\\n' * 1_000_000"),
    "a million quotes": ("csv", "'관리번호,사업명\\n' + '\"' * 1_000_001"),
    "a number of a million digits in a cell": ("csv", "'관리번호,사업명\\n' + '9' * 1_000_000"),
}

BOMB = """
import resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from evalflow.testing.office import plan_text
from fuzzing import attempt
content = eval(sys.argv[2]).encode()
began = time.process_time()
print("taken" if attempt(sys.argv[1], content) else "refused")
assert time.process_time() - began < 10, time.process_time() - began
"""


@pytest.mark.counting
@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_in_ten_seconds_and_a_gigabyte(bomb: str) -> None:
    target, made = BOMBS[bomb]
    told = subprocess.run(
        [sys.executable, "-c", BOMB, target, made],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([SUPPORT, *sys.path]),
        },
    )
    assert told.returncode == 0, told.stderr[-2000:]
    print(f"\n{bomb}: {told.stdout.strip()}")


@pytest.mark.counting
@pytest.mark.slow
@pytest.mark.parametrize("name", ["plan", "lifecycle", "csv", "text"] if INPUTS else ["plan"])
def test_a_fuzzer_that_follows_the_code_finds_nothing(name: str, tmp_path: Path) -> None:
    pytest.importorskip(
        "atheris", reason="not on this machine: atheris (Linux, Python 3.13 or earlier)"
    )
    seconds = max(2, INPUTS // 100)
    told = subprocess.run(
        [sys.executable, os.path.join(SUPPORT, "fuzzing.py"), name, str(seconds)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert told.returncode == 0, (told.stdout + told.stderr)[-3000:]
