"""`manage.py` as a program: the command line on the site's store."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import evalflow_django
import office_site
import pytest
from django.core.management import call_command

import evalflow

SETTINGS = """
INSTALLED_APPS += ["evalflow_django"]
DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
EVALFLOW = {"CLOCK": "site_of_office.clock.now", "PLUGINS": []}
LANGUAGE_CODE = "en"
"""
CLOCK = """
import datetime as dt

def now():
    return dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)
"""


class Site:
    """A new site in a folder, as `django-admin startproject` makes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        keep = {key: value for key, value in os.environ.items() if not key.startswith("EVALFLOW")}
        self.environ = {**keep, "LANG": "ko_KR.UTF-8"}
        admin = ["-m", "django", "startproject", "site_of_office", "."]
        subprocess.run([sys.executable, *admin], cwd=folder, check=True)
        with (folder / "site_of_office" / "settings.py").open("a") as file:
            file.write(SETTINGS)
        (folder / "site_of_office" / "clock.py").write_text(CLOCK)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_manage_py_adopts_a_plan_and_runs_what_the_command_line_runs(tmp_path: Path) -> None:
    site = Site(tmp_path)
    code, _, told = site.run("evalflow_verify")
    assert (code, "Traceback" in told) == (4, False)  # there is no plan yet
    (tmp_path / "db.sqlite3").unlink()
    assert site.run("check")[0] == 0
    assert site.run("migrate", "-v", "0") == (0, "", "")
    assert site.run("makemigrations", "--check", "--dry-run")[0] == 0
    plan = str(evalflow.example())
    assert site.run("evalflow", "plan", "import", plan, "--as", "policy-1")[0] == 0
    code, said, _ = site.run("evalflow_verify", "--traceback", "--settings=site_of_office.settings")
    assert (code, said.splitlines()[0][:9]) == (0, "no errors")
    code, said, _ = site.run("evalflow", "due", "--json")
    assert (code, '"2016-04-05"' in said) == (0, True)  # by the site's clock
    code, _, told = site.run("evalflow_deliver")
    assert (code, told) == (0, "0 delivered, 0 to retry, 0 dead\n")
    code, said, told = site.run("evalflow_remind", "--days", "99")
    assert (code, said, "Traceback" in told) == (2, "", False)
    code, said, _ = site.run("evalflow_remind", "--help")
    assert (code, "--days" in said) == (0, True)
    code, said, _ = site.run("help", "evalflow_run")
    assert (code, "--once" in said) == (0, True)
    assert site.run("evalflow_run", "--once")[0] == 0
    code, _, told = site.run("evalflow", "history", "nowhere/1")
    assert (code, "no project 'nowhere/1'" in told) == (4, True)
    code, _, told = site.run("evalflow_delver")
    assert (code, "evalflow_deliver" in told) == (1, True)


@pytest.mark.slow
def test_wrong_settings_are_one_sentence_and_migrate_alone_makes_tables_beside_the_sites(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    settings = tmp_path / "site_of_office" / "settings.py"
    said = settings.read_text()
    settings.write_text(said + 'EVALFLOW["STOER"] = "x"\nLANGUAGE_CODE = "ko"\n')
    for command in ("check", "evalflow_deliver", "migrate"):
        code, _, told = site.run(command)
        assert (code, "Traceback" in told) == (1, False)
        assert "(evalflow_django.E002) EVALFLOW: 없는 설정입니다: 'STOER' (혹시 'STORE'" in told
    settings.write_text(said.replace('"evalflow_django"', ""))
    assert site.run("migrate", "-v", "0") == (0, "", "")
    settings.write_text(said)  # the app is added to a site that has its tables already
    code, _, told = site.run("evalflow_verify")
    assert (code, "Traceback" in told) == (5, False)
    assert "not an evalflow store" in told
    assert site.run("migrate", "-v", "0") == (0, "", "")
    plan = str(evalflow.example())
    assert site.run("evalflow", "plan", "import", plan, "--as", "policy-1")[0] == 0
    code, out, _ = site.run("evalflow_verify")
    assert (code, out.splitlines()[0][:9]) == (0, "no errors")
    both = (
        "from django.contrib.auth.models import User; from django.db import transaction; "
        "import evalflow_django; "
        "transaction.set_autocommit(True); atomic = transaction.atomic(); atomic.__enter__(); "
        "User.objects.create_user('kim'); "
        "evalflow_django.joined().fire('seodaemun-2016/10', 'extend_deadline', by='policy-1', "
        "data={'deadline': 'self_evaluate', 'until': '2016-04-20', 'reason': '보완'}); "
        "transaction.set_rollback(%s); atomic.__exit__(None, None, None); "
        "print(User.objects.count(), evalflow_django.engine().project('seodaemun-2016/10').version)"
    )
    for undone, standing in ("True", "0 1"), ("False", "1 2"):
        code, out, told = site.run("shell", "-v", "0", "-c", both % undone)
        assert (code, out.strip()) == (0, standing), told


TESTS = """
import evalflow
import evalflow_django
from django.test import TestCase, TransactionTestCase


class InATransaction(TestCase):
    @classmethod
    def setUpTestData(cls):
        evalflow_django.joined().adopt(evalflow.load_plan(evalflow.example()), by="policy-1")

    def test_it_stands_here_alone(self):
        self.assertEqual(evalflow_django.joined().project("seodaemun-2016/2").version, 1)
        self.assertEqual(evalflow_django.engine().plans.ids(), ())


class Committed(TransactionTestCase):
    def test_the_engine_is_on_the_tests_database(self):
        self.assertEqual(evalflow_django.engine().plans.ids(), ())
"""


@pytest.mark.slow
def test_a_sites_own_tests_leave_no_database_behind_on_postgresql(
    server: str, schema: str, tmp_path: Path
) -> None:
    import psycopg

    site = Site(tmp_path)
    said = office_site.postgres(server)
    with (tmp_path / "site_of_office" / "settings.py").open("a") as file:
        file.write(f'DATABASES["default"] = {{**{said!r}, "TEST": {{"NAME": {schema!r}}}}}\n')
        file.write('EVALFLOW = {"SCHEMA": "evalflow_of_tests"}\n')
        file.write('TEST_RUNNER = "evalflow_django.testing.Runner"\n')
    (tmp_path / "site_of_office" / "tests.py").write_text(TESTS)
    code, _, told = site.run("test", "site_of_office", "--noinput")
    assert code == 0, told
    assert "Ran 2 tests" in told
    with psycopg.connect(server) as connection:
        left = connection.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [schema])
        assert left.fetchone() == (0,)


def test_a_command_is_called_from_a_program(alias: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    call_command("evalflow_verify", "--deep", stdout=out, stderr=err)
    assert out.getvalue().startswith("no errors")
    with pytest.raises(SystemExit) as left:
        call_command("evalflow", "history", "seodaemun-2016/999", stdout=out, stderr=err)
    assert left.value.code == 4
    assert "seodaemun-2016/999" in err.getvalue()
    assert evalflow_django.engine().project("seodaemun-2016/2").version == 1
