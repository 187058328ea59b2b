"""The page for Django sites is followed from an empty folder, with the wheels alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fresh import ROOT, Fresh, wheel

PLUGIN = ROOT / "plugins" / "evalflow-django"
NEEDS = "not on this machine: evalflow-django (make sets up anew)"


def parts() -> tuple[dict[str, str], list[str]]:
    """Return the files that the page has the reader write, and its blocks of commands."""
    text = (ROOT / "docs" / "howto" / "django.md").read_text(encoding="utf-8")
    said = re.findall(
        r"^`([\w/.]+)`(?:, at its end)?:\n\n```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL
    )
    return dict(said), re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.skipif(not PLUGIN.is_dir(), reason="an sdist is without plugins/")
def test_the_page_leads_from_an_empty_folder_to_a_site_whose_users_evaluate(tmp_path: Path) -> None:
    pytest.importorskip("django", reason=NEEDS)
    (wheels := tmp_path / "wheels").mkdir()
    fresh = Fresh(tmp_path / "venv")
    fresh.install(wheel(ROOT, wheels), wheel(PLUGIN, wheels))
    (site := tmp_path / "site").mkdir()
    files, (setting_up, adopting, testing) = parts()
    assert "venv" in setting_up
    fresh.shell(setting_up.splitlines()[-1].replace("django-admin", "python -m django"), site)
    for path, content in files.items():
        was = (site / path).read_text() if path == "office/settings.py" else ""
        (site / path).write_text(was + content, encoding="utf-8")
    assert set(files) == {
        *("office/settings.py", "office/people.py", "office/views.py"),
        *("office/urls.py", "office/tests.py"),
    }

    shown = fresh.shell(f"export EVALFLOW_LANG=en\n{adopting}", site)
    assert "System check identified no issues" in shown
    assert "seodaemun-2016: revision 1, 43 projects" in shown
    assert "no errors" in shown
    assert "Ran 2 tests" in fresh.shell(testing, site)
    lists = fresh.shell(
        "python manage.py shell -v 0 -c '\n"
        "from django.contrib.auth.models import User\n"
        "from django.test import Client\n"
        'User.objects.create_superuser("root")\n'
        'browser = Client(headers={"host": "127.0.0.1"})\n'
        'browser.force_login(User.objects.get(username="root"))\n'
        'place = "/admin/evalflow_django/project/"\n'
        'print(browser.get(place).content.decode().count(place + "seodaemun-2016/"))\n'
        "'",
        site,
    )
    assert lists.split() == ["43"]
