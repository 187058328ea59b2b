"""Make the pictures of the README from the demo: a refusal on the terminal, the board, a form.

    make demo && .venv/bin/python tools/pictures.py

Takes Chromium and pdftoppm (on Debian: apt-get install chromium poppler-utils). The pictures are
what the programs print on the demo's store of this commit; look at them before committing.
"""

from __future__ import annotations

import html
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
DEMO, OUT = ROOT / "build/demo", ROOT / "docs/img"
STORE = DEMO / "office-2017-01-06.db"
ASKED = (
    "explain", "seodaemun-2016/6", "compile", "--as", "autonomy-lead-1", "--at", "2017-01-06",
)  # fmt: skip

TERMINAL = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 20px; background: #fff; display: inline-block; }}
pre {{ margin: 0; padding: 18px 22px; border-radius: 10px; background: #14181f; color: #e6e9ef;
  font: 15px/1.55 "DejaVu Sans Mono", "Noto Sans Mono CJK KR", monospace; }}
b {{ color: #8fd18f; font-weight: 400; }}
</style><pre><b>$ evalflow {asked}</b>
{said}</pre>"""


def main() -> None:
    """Make all of them."""
    if not STORE.exists():
        sys.exit("make demo first")
    OUT.mkdir(exist_ok=True)
    with sync_playwright() as tool:
        browser = tool.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for lang in ("en", "ko"):
            terminal(browser, lang)
        with tempfile.TemporaryDirectory() as folder:
            board(browser, Path(folder))
        browser.close()
    form()


def terminal(browser: Any, lang: str) -> None:
    """What the terminal says of number 6 on the evening of 6 January 2017."""
    said = subprocess.run(
        [sys.executable, "-m", "evalflow.cli", "--store", str(STORE), "--lang", lang, *ASKED],
        capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "100"},
    ).stdout  # fmt: skip
    page = browser.new_page(viewport={"width": 1100, "height": 400}, device_scale_factor=1.5)
    page.set_content(TERMINAL.format(asked=" ".join(ASKED), said=html.escape(said.rstrip())))
    page.locator("body").screenshot(path=OUT / f"terminal-{lang}.png")


def board(browser: Any, folder: Path) -> None:
    """A department fills in its self-evaluation: the rate and the band come while it types."""
    store = Path(shutil.copy(STORE, folder / "office.db"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serving = subprocess.Popen(
        [sys.executable, "-m", "evalflow.cli", "--store", str(store), "--lang", "ko", "serve",
         "--demo", "--port", str(port)],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}/"
    try:
        _wait_for(address)
        page: Page = browser.new_page(locale="ko-KR", viewport={"width": 1280, "height": 1060})
        page.goto(address)
        page.get_by_role("button", name="civil-service-1").first.click()
        page.locator("a", has_text="입력 시작").first.click()
        figures = page.locator("input[inputmode=decimal]")
        for place, figure in enumerate(("1,720", "4.6")):
            figures.nth(place).fill(figure)
            figures.nth(place).press("Tab")
        page.get_by_text("모두 갖추었습니다").wait_for()
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=OUT / "board.png")
    finally:
        serving.terminate()
        serving.wait(20)


def _wait_for(address: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{address}-/health", timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    sys.exit(f"nothing answers at {address}")


def form() -> None:
    """The first page of the bureau's compiled evaluation."""
    subprocess.run(
        ["pdftoppm", "-png", "-r", "80", "-f", "1", "-l", "1", "-singlefile",
         str(DEMO / "forms/bureau.pdf"), str(OUT / "form")],
        check=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
