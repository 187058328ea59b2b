"""The files of `examples/daily`: a recipe that was tried, as far as this machine can."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import evalflow

DAILY = Path(__file__).parents[2] / "examples" / "daily"
ANALYZE = shutil.which("systemd-analyze")


@pytest.mark.slow
def test_the_daily_script_reminds_delivers_and_leaves_a_page(tmp_path: Path) -> None:
    pytest.importorskip("evalflow_report", reason="the page is the plugin evalflow-report's")
    plan = (DAILY.parent / "seodaemun-2016" / "plan.yaml").read_text(encoding="utf-8")
    assert "\nnotices:" in plan
    store, page = tmp_path / "office.db", tmp_path / "page.html"
    rules = "  reminders: [{after: 0, to: [owing]}]\n"
    (tmp_path / "plan.yaml").write_text(
        plan.replace("\nnotices:\n", f"\nnotices:\n{rules}"), encoding="utf-8"
    )
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("EVALFLOW")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "EVALFLOW_STORE": f"sqlite:///{store}",
        "EVALFLOW_PAGE": str(page),
        "EVALFLOW_LANG": "en",
    }
    with evalflow.open(f"sqlite:///{store}") as office:
        office.adopt(evalflow.load_plan(tmp_path / "plan.yaml"), by="policy-1")
    for _ in range(2):
        done = subprocess.run(
            ["/bin/sh", str(DAILY / "evalflow-daily.sh")],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert page.stat().st_size > 1000


def test_the_units_and_the_crontab_name_what_there_is() -> None:
    service, timer = configparser.ConfigParser(), configparser.ConfigParser()
    service.read(DAILY / "evalflow-daily.service")
    timer.read(DAILY / "evalflow-daily.timer")
    script = service["Service"]["ExecStart"].split()[-1]
    assert (DAILY / Path(script).name).exists()
    assert script in (DAILY / "crontab").read_text()
    assert timer["Timer"]["OnCalendar"] == "Mon..Fri 08:30 Asia/Seoul"
    held = (DAILY / "daily.env").read_text()
    assert all(name in held for name in ("EVALFLOW_STORE=", "EVALFLOW_PAGE="))


@pytest.mark.skipif(
    ANALYZE is None, reason="not on this machine: systemd (apt-get install systemd)"
)
def test_systemd_understands_the_timer() -> None:
    assert ANALYZE is not None
    asked = [ANALYZE, "calendar", "Mon..Fri 08:30 Asia/Seoul"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
