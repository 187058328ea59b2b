"""How Sphinx builds these pages, from the top of the repository; `make docs` runs it.

Nothing is loaded from elsewhere, so what is built can be read from a disk without a network.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(Path(__file__).parent))

import doors  # noqa: E402

project = "evalflow"
author = "the evalflow authors"
copyright = "2026, the evalflow authors"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "site_search"]
root_doc = "docs/index"
include_patterns = ["*.md", "changelog.d/README.md", "docs/**", "plugins/*/README.md"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "groupwise"
autodoc_typehints_format = "short"
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = "evalflow"
html_search_language = "ko"  # and English: site_search.py
html_copy_source = False
html_extra_path = ["site"]


def rest_of_the_pages(app: Any, docname: str, source: list[str]) -> None:
    """Put in place of `rest: docs/howto/*` in the index those pages that it does not name."""
    if docname != root_doc:
        return
    named = set(re.findall(r"^/?([\w/.-]+)$", source[0], re.MULTILINE))

    def rest(line: re.Match[str]) -> str:
        pages = (path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob(line[1] + ".md")))
        return "\n".join(
            f"/{page[:-3]}"
            for page in pages
            if page[:-3].removeprefix("docs/") not in named and not page.endswith(".ko.md")
        )

    source[0] = re.sub(r"^rest: (\S+)$", rest, source[0], flags=re.MULTILINE)


def names_of_a_door(app: Any, docname: str, source: list[str]) -> None:
    """Put in place of `door: PACKAGE` the entries of all its public names."""
    source[0] = re.sub(
        r"^door: (\S+)$", lambda line: doors.names(line[1]), source[0], flags=re.MULTILINE
    )


def korean_pages_say_so(
    app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Say in a Korean page's `lang` that it is one."""
    if pagename.endswith(".ko"):
        context["language"] = "ko"


def setup(app: Any) -> None:
    """Tell Sphinx of all this."""
    app.connect("source-read", rest_of_the_pages)
    app.connect("source-read", names_of_a_door)
    app.connect("html-page-context", korean_pages_say_so)
