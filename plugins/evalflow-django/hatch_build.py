"""What a package says of where the project lives, worked out when it is built.

No address is written down here, for the project has none of its own yet. Whoever publishes it
names theirs in EVALFLOW_REPOSITORY; it becomes `project.urls`, and the links of the README to other
files of the repository lead there. Without it a package has no urls, and those links are plain
text, so that nothing on a package index leads nowhere. This file is the same in every package.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(!?)\[([^\]\n]+)\]\((?![a-z][a-z0-9+.-]*:|#)([^)\s]+)\)")
"""A Markdown link to a file beside the one that says it, or a picture of one."""


def readme(text: str, repository: str, folder: str) -> str:
    """Return a README for a package index: no link is relative. `folder` is where it lies in the
    repository; where `repository` is empty, links become their text, and pictures go."""

    def absolute(link: re.Match[str]) -> str:
        picture, said, at = link.groups()
        if not repository:
            return "" if picture else said
        path, hash, part = at.partition("#")
        path = posixpath.normpath(posixpath.join(folder, path))
        way = "raw" if picture else "blob"
        return f"{picture}[{said}]({repository}/{way}/main/{path}{hash}{part})"

    return LINK.sub(absolute, text)


def urls(repository: str) -> dict[str, str]:
    """Return `project.urls`; none where there is no repository to name."""
    if not repository:
        return {}
    return {
        "Repository": repository,
        "Documentation": f"{repository}/blob/main/docs/index.md",
        "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }


class PublicationHook(MetadataHookInterface):
    """Sets `readme` and `urls` (hatchling's custom metadata hook)."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in the two dynamic fields of `metadata`."""
        repository = os.environ.get("EVALFLOW_REPOSITORY", "").rstrip("/")
        if repository and not repository.startswith("https://"):
            raise ValueError(f"EVALFLOW_REPOSITORY: an address https://… is expected: {repository}")
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": readme(text, repository, self.config.get("folder", "")),
        }
        metadata["urls"] = urls(repository)
