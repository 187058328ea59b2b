"""The site as `make docs` builds it: no warning, every public name, a search that works offline."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DOORS = {  # a package of public names, and the page of them
    package: page.stem
    for page in ROOT.glob("docs/reference/api/*.md")
    for package in re.findall(r"^door: (\S+)$", page.read_text("utf-8"), re.MULTILINE)
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ROOT / "plugins").exists(), reason="an sdist is without the plugins' pages"
    ),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does: any warning is an error."""
    pytest.importorskip("sphinx", reason="Sphinx is in the group dev (make sets up anew)")
    folder = tmp_path_factory.mktemp("site")
    (recipe,) = re.findall(
        r"-m (sphinx .+) build/docs$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )
    done = subprocess.run(
        [sys.executable, "-m", *recipe.split(), str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return folder


def text_of(page: Path) -> str:
    """Return what a reader of the page reads in it, without what stands around it."""
    html = page.read_text("utf-8")
    main = html[html.index('<article role="main"') : html.index("</article>")]
    return re.sub(r"<[^>]+>", "", main)


def test_every_public_name_has_an_entry_of_its_own(site: Path) -> None:
    lacking = [
        f"{package}.{name}"
        for package, page in DOORS.items()
        for name in import_module(package).__all__
        if f'id="{package}.{name}"'
        not in (site / f"docs/reference/api/{page}.html").read_text("utf-8")
    ]
    assert lacking == []


def test_a_public_name_without_a_docstring_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sphinx", reason="Sphinx is in the group dev (make sets up anew)")
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    doors = import_module("doors")

    class Bare:
        __module__ = "evalflow.somewhere"

    with pytest.raises(LookupError, match="Bare is public and has no docstring"):
        doors.entry("evalflow", "Bare", Bare)


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = {
        address
        for page in site.rglob("*.html")
        for address in re.findall(
            r'<(?:script|img|link)\b[^>]*?(?:src|href)="(https?:[^"]+)"', page.read_text("utf-8")
        )
    }
    assert loaded == set()


# --------------------------------------------------------------------------- the search


class Reader:
    """Somebody who opened the built files in a browser without a network."""

    def __init__(self, browser: Any, site: Path) -> None:
        self.site = site
        context = browser.new_context(offline=True)
        self.page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.seen: list[str] = []
        self.page.on("pageerror", lambda error: self.seen.append(f"error: {error}"))
        self.page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.site.as_uri(), "data:")):
            self.seen.append(request.url)

    def found(self, words: str) -> set[str]:
        """Type words into the search of the index, and return the pages that are found."""
        self.page.goto((self.site / "index.html").as_uri())
        self.page.wait_for_url("**/docs/index.html")
        self.page.locator("input[name=q]").first.fill(words)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/search.html**")
        self.page.wait_for_function(
            "() => /found|did not match/.test(document.querySelector('.search-summary')?.innerText)"
        )
        links = self.page.locator("ul.search > li > a").evaluate_all("all => all.map(a => a.href)")
        assert self.seen == []
        return {link.removeprefix(self.site.as_uri() + "/").partition("#")[0] for link in links}


@pytest.fixture(scope="module")
def reader(site: Path) -> Iterator[Reader]:
    """Debian's Chromium on the built files."""
    if CHROMIUM is None:
        pytest.skip("not on this machine: Chromium (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield Reader(browser, site)
        browser.close()


@pytest.mark.parametrize(
    ("asked", "stem"),
    [
        ("변경", "변경"),  # 변경계획서, 변경을, 변경했습니다
        ("변경을", "변경"),
        ("자체평가", "자체평가"),  # 자체평가서
        ("계획서", "계획서"),  # 변경계획서, 계획서를
        ("주무과에서", "주무과"),
        ("이행률은", "이행률"),
        ("서식", "서식"),
    ],
)
def test_a_korean_word_is_found_wherever_it_stands(reader: Reader, asked: str, stem: str) -> None:
    pages = {
        page.relative_to(reader.site).as_posix()
        for page in reader.site.rglob("*.html")
        if '<article role="main"' in page.read_text("utf-8") and stem in text_of(page)
    }
    found = reader.found(asked)

    assert pages
    assert pages - {"genindex.html", "search.html"} == found


def test_what_is_found_is_shown_with_its_words_also_offline(reader: Reader) -> None:
    reader.found("변경계획서")
    shown = reader.page.locator("ul.search > li", has=reader.page.locator("p.context"))

    assert shown.count() > 0
    assert "변경계획서" in shown.first.locator("p.context").inner_text()


def test_whoever_asks_in_korean_is_shown_korean_pages_first(reader: Reader) -> None:
    found = reader.found("변경계획서")
    first = reader.page.locator("ul.search > li > a").evaluate_all("all => all.map(a => a.href)")
    korean = sum(page.endswith(".ko.html") for page in found)

    assert korean > 2
    assert all(link.partition("#")[0].endswith(".ko.html") for link in first[:korean])


def test_several_words_are_found_together_and_english_ones_by_stem(reader: Reader) -> None:
    assert "docs/howto/forms.html" in reader.found("변경계획서 print")
    assert "docs/reference/api/plugins.html" in reader.found("GuardSpec")
    assert "docs/howto/operate.html" in reader.found("backups")
    assert reader.found("없는낱말쩝쩝") == set()
