"""The skeletons of plugins: what `evalflow plugins new` writes."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

from evalflow.errors import did_you_mean, invalid

KINDS = ("scorer", "notifier", "storage", "form")
"""What there is a skeleton of: each has a kit that it passes as it is written."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def files_of(kind: str, name: str) -> dict[str, str]:
    """Return the files of a new plugin, by their place in its folder.

    Raises:
        InvalidInput: the name is none that plans, URLs and packages can all use.
    """
    if not _fits(kind, name):
        near = re.sub(r"[^a-z0-9]+", "" if kind == "storage" else "_", name.lower()).strip("_")
        ko, en = did_you_mean(
            f"'{name}': 이름은 영문 소문자로 시작하고 소문자, 숫자, 밑줄만 씁니다 (40자 이내; "
            "저장소 이름은 URL에 쓰이므로 밑줄도 쓸 수 없습니다)",
            f"'{name}': a name begins with a small letter and has small letters, digits and "
            "underscores only, at most 40 (a storage's stands in URLs and has no underscores)",
            near if _fits(kind, near) else None,
        )
        raise invalid("plugin_name", value=name, ko=ko, en=en)
    package = f"evalflow_{name}"
    words = {
        "@NAME@": name,
        "@KIND@": kind,
        "@PACKAGE@": package,
        "@DISTRIBUTION@": package.replace("_", "-"),
    }
    made = {}
    for place, template in (
        ("pyproject.toml", "pyproject.toml"),
        ("README.md", f"{kind}.md"),
        (f"src/{package}/__init__.py", f"{kind}.py"),
        (f"tests/test_{name}.py", f"{kind}_test.py"),
    ):
        content = pkgutil.get_data(__package__, f"new_plugin/{template}.txt") or b""
        text = content.decode("utf-8")
        for word, meant in words.items():
            text = text.replace(word, meant)
        made[place] = text
    return made


def _fits(kind: str, name: str) -> bool:
    return _NAME.fullmatch(name) is not None and (kind != "storage" or "_" not in name)


def write(kind: str, name: str, into: Path) -> Path:
    """Write the skeleton into a new folder under `into`, and return it.

    Raises:
        InvalidInput: the name is wrong, or there is something of that name already.
        OSError: it cannot be written.
    """
    files = files_of(kind, name)
    folder = into / f"evalflow-{name.replace('_', '-')}"
    try:
        folder.mkdir()
    except FileExistsError:
        raise invalid(
            "exists",
            file=str(folder),
            ko="같은 이름의 폴더나 파일이 이미 있어 그대로 두었습니다",
            en="something of that name exists already and was left alone",
        ) from None
    for place, text in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
