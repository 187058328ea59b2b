"""A store that may only be read answers everything that is asked of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import evalflow

ASKED = """
import gettext, os, sys
found, find = {}, gettext.find
def once(domain, localedir=None, languages=None, all=False):  # names of holidays are in files
    key = domain, localedir, tuple(languages or ()), all
    if key not in found:
        found[key] = find(domain, localedir, languages, all)
    return found[key]
gettext.find = once
from evalflow import cli
import evalflow.cli.status, evalflow.cli.dues, evalflow.cli.moves, evalflow.cli.histories
import evalflow.cli.maintenance, evalflow.cli.scores, evalflow.cli.plans
for line in sys.argv[2:-1]:  # all is read: the repository may be closed to others
    cli.run(["--store", sys.argv[1], *line.split()])
if os.getuid() == 0:  # root may write everywhere
    os.setuid(65534)
print("=====", flush=True)
for line in sys.argv[2:]:
    print(cli.run(["--store", sys.argv[1], *line.split()]), line, file=sys.stderr)
"""

QUESTIONS = (
    "status",
    "status --by unit",
    "due --at 2016-04-01",
    "explain gu/1 self_evaluate --as education-1",
    "permitted gu/1 --as education-1",
    "history gu/1",
    "plan show",
    "verify",
)


FIRED = (
    "fire gu/1 self_evaluate --as education-1 --set actuals.schools=10 --set actuals.lessons=100"
)


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="only where users have numbers")
def test_a_store_that_others_own_answers_every_question(plan_file: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "office.db")
        with evalflow.open(f"sqlite:///{path}", plugins=[]) as office:
            office.adopt(evalflow.load_plan(plan_file, plugins=[]), by="policy-1")
        Path(folder, "office.db-queue").unlink(missing_ok=True)
        before = path.read_bytes()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        answer = subprocess.run(
            [sys.executable, "-c", ASKED, str(path), *QUESTIONS, FIRED],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "EVALFLOW_LANG": "en",
                "EVALFLOW_PLUGINS": "",
            },
        )
        Path(folder).chmod(0o755)
        assert path.read_bytes() == before
        assert {each.name for each in Path(folder).iterdir()} <= {
            "office.db",
            "office.db-queue",
        }
    told = answer.stderr.splitlines()
    codes = {line.partition(" ")[2]: line.partition(" ")[0] for line in told if line[:1].isdigit()}
    assert {name: codes[name] for name in QUESTIONS} == dict.fromkeys(QUESTIONS, "0"), answer.stderr
    assert (codes[FIRED], "the store is read-only" in answer.stderr) == ("5", True)
    assert "School support" in answer.stdout.partition("=====")[2]
