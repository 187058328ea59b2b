"""Sphinx's own search, made to find Korean words inside of longer ones, and to show them offline.

Korean joins nouns and adds endings: 변경 stands in 변경계획서, 변경을 and 변경했습니다.
Sphinx looks for a term that is asked for among those that it noted, and inside of them only where
it did not note that very term and where it has three letters or more. So a word of Hangul is noted
twice: whole behind a mark that nobody types, to be looked into, and as its pairs of syllables, each
behind a mark of its own, for words of two. Why not another search: docs/decisions/search.md.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sphinx.search.en import SearchEnglish

WORD = re.compile(r"[가-힣]+|[^\W가-힣]+")
WHOLE, PAIR = "~", "^"
"""What stands before a word that is noted whole, and before two syllables of one."""

PARTICLES = "했습니다|합니다|됩니다|입니다|하는|에서|에게|부터|까지|으로|을|를|은|는|에|의"
"""What is taken off a word that is asked for. 이, 가, 과 and 로 are not: they end nouns, too."""

TEXTS = "search-texts.js"
"""The text of every page, for a search page that was opened as a file: a browser gives it no other
file but scripts."""


class SearchKorean(SearchEnglish):
    """Splits Hangul from other letters, and notes it so that its parts are found."""

    lang = "ko"
    language_name = "English"  # whose stemmer is taken along, for words that are not Korean
    js_splitter_code = f"""
var splitQuery = (query) => query.match(/[가-힣]+|(?:(?![가-힣])[\\p{{L}}\\p{{N}}_])+/gu) || [];
window.Stemmer = function () {{
  const english = new EnglishStemmer();
  this.stemWord = (word) => {{
    if (!/^[가-힣]/.test(word)) return english.stemWord(word);
    const bare = word.replace(/(.{{2,}}?)(?:{PARTICLES})$/, "$1");
    return bare.length > 2 ? bare : (bare.length === 2 ? "{PAIR}" : "{WHOLE}") + bare;
  }};
}};
const inKorean = /[가-힣]/.test(new URLSearchParams(location.search).get("q") || "");
Scorer.score = (found) => found[4] + (inKorean && found[0].endsWith(".ko") ? 1 : 0);
const summaryOf = Search.makeSearchSummary;
Search.makeSearchSummary = (html, words, anchor) =>
  summaryOf(html, [...words].map((word) => word.replace(/^[{WHOLE}{PAIR}]/, "")), anchor);
"""
    """How a browser splits what is asked for; a word of Hangul loses its particle."""

    def split(self, input: str) -> list[str]:
        """Return the words of a text, a word of Hangul whole and in pairs of syllables."""
        found = []
        for word in WORD.findall(input):
            if re.match("[가-힣]", word):
                found += [WHOLE + word]
                found += [PAIR + word[at : at + 2] for at in range(len(word) - 1)]
            else:
                found.append(word)
        return found


def texts_on_the_search_page(app: Any, pagename: str, *_: Any) -> None:
    """Let the search page have the texts, and no other."""
    if pagename == "search":
        app.add_js_file(TEXTS)


def write_texts(app: Any, exception: Exception | None) -> None:
    """Write the text of every page where a search page that was opened as a file finds it."""
    if exception is not None or app.builder.name != "html":
        return
    texts = {name: app.env.get_doctree(name).astext() for name in sorted(app.env.found_docs)}
    script = f"""const TEXTS = {json.dumps(texts, ensure_ascii=False)};
if (location.protocol === "file:")
  window.fetch = async (url) => {{
    const main = document.createElement("div");
    main.setAttribute("role", "main");
    main.textContent = TEXTS[url.replace(/^(\\.\\/)+|\\.html$/g, "")] || "";
    return {{ text: () => main.outerHTML }};
  }};
"""
    (Path(app.outdir) / "_static" / TEXTS).write_text(script, encoding="utf-8")


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx of the search."""
    app.add_search_language(SearchKorean)
    app.connect("html-page-context", texts_on_the_search_page)
    app.connect("build-finished", write_texts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
