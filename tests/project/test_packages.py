"""What packages say of where the project lives (`hatch_build.py`); `.ci/sdists` tries them."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from typing import Any

import pytest

from evalflow.plugins.hooks import GROUP
from evalflow.plugins.loading import HOOKS

pytest.importorskip("hatchling", reason="hatchling, the build backend, is in the group dev")

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
ADDRESS = "https://git.example/evalflow"


def hook() -> Any:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def metadata(folder: Path) -> dict[str, Any]:
    settings = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    made: dict[str, Any] = {}
    custom = settings["tool"]["hatch"]["metadata"]["hooks"]["custom"]
    assert settings["project"]["dynamic"] == ["readme", "urls"]
    assert custom["folder"] == ("" if folder == ROOT else folder.relative_to(ROOT).as_posix())
    hook().PublicationHook(str(folder), custom).update(made)
    return made


TEXT = (
    "[a](docs/a.md), [b](../../README.md#read-on), [c](https://x.example/y.md), "
    "[d](#d) [e](mailto:a@b) ![f](docs/f.png)"
)


def test_without_a_repository_a_link_to_a_file_is_its_text() -> None:
    assert hook().readme(TEXT, "", "") == (
        "a, b, [c](https://x.example/y.md), [d](#d) [e](mailto:a@b) "
    )
    assert hook().urls("") == {}


def test_with_a_repository_it_leads_there_from_any_folder() -> None:
    made = hook().readme(TEXT, ADDRESS, "plugins/x")
    assert f"[a]({ADDRESS}/blob/main/plugins/x/docs/a.md), " in made
    assert f"[b]({ADDRESS}/blob/main/README.md#read-on), [c](https://x.example/y.md)" in made
    assert f"![f]({ADDRESS}/raw/main/plugins/x/docs/f.png)" in made
    assert hook().urls(ADDRESS)["Repository"] == ADDRESS


@pytest.mark.parametrize("folder", [ROOT, *PLUGINS], ids=lambda path: path.name)
def test_every_package_says_so_and_its_links_lead_to_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVALFLOW_REPOSITORY", raising=False)
    plain = metadata(folder)
    assert plain["urls"] == {}
    assert hook().LINK.search(plain["readme"]["text"]) is None
    monkeypatch.setenv("EVALFLOW_REPOSITORY", f"{ADDRESS}/")
    made = metadata(folder)
    assert made["urls"]["Repository"] == ADDRESS
    _, *links = made["readme"]["text"].split(f"]({ADDRESS}/blob/main/")
    if (ROOT / ".ci").exists():  # not in an sdist, which leaves out what is for the repository
        for link in links:
            assert (ROOT / link.partition(")")[0].partition("#")[0]).exists(), link
    monkeypatch.setenv("EVALFLOW_REPOSITORY", "git@git.example")
    with pytest.raises(ValueError, match=r"git@git\.example"):
        metadata(folder)


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_names_all_hooks_that_it_answers_and_is_imported_for_no_other(
    folder: Path,
) -> None:
    settings = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    groups = settings["project"].get("entry-points", {})
    own = groups.pop(GROUP, {})
    for target in own.values():
        missing = f"not on this machine: the plugin {folder.name} (make)"
        module = pytest.importorskip(target, reason=missing)
        answered = {hook for hook in HOOKS if hasattr(module, hook)}
        assert groups == dict.fromkeys(answered, own)


@pytest.mark.skipif(not PLUGINS, reason="an sdist of evalflow is without plugins/")
def test_every_plugin_carries_the_same_licence_and_hook() -> None:
    for name in ("LICENSE", "hatch_build.py"):
        for folder in PLUGINS:
            assert (folder / name).read_bytes() == (ROOT / name).read_bytes(), folder / name
