"""Hold built packages to what a package index and a reader of it expect; `.ci/sdists` runs it.

python .ci/packages.py dist/*.whl dist/*.tar.gz
"""

from __future__ import annotations

import os
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from packaging.metadata import Metadata

RELATIVE = re.compile(r"\]\((?![a-z][a-z0-9+.-]*:|#)[^)]*\)")


def contents(package: Path) -> dict[str, bytes]:
    """Return the files of a wheel or an sdist."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(package) as sdist:
        return {
            each.name: held.read()
            for each in sdist
            if (held := sdist.extractfile(each)) is not None
        }


def complaints(package: Path) -> Iterator[str]:
    """Yield what is wrong with a package."""
    files = contents(package)
    wheel = package.suffix == ".whl"
    (about,) = [
        raw
        for name, raw in files.items()
        if (name.endswith(".dist-info/METADATA") if wheel else name.count("/") == 1)
        and (wheel or name.endswith("/PKG-INFO"))
    ]
    told = Metadata.from_email(about, validate=True)
    fonts = told.name == "municipal-evalflow-fonts"
    licence = ("MIT AND OFL-1.1", ["LICENSE", "OFL.txt"]) if fonts else ("MIT", ["LICENSE"])
    if (told.license_expression, told.license_files) != licence:
        yield f"licence: {told.license_expression}, {told.license_files}"
    licences = [raw for name, raw in files.items() if name.rpartition("/")[2] == "LICENSE"]
    if not any(b"Permission is hereby granted" in raw for raw in licences):
        yield "no LICENSE"
    readme = told.description or ""
    if told.description_content_type != "text/markdown" or len(readme) < 200:
        yield "no README to show"
    for link in RELATIVE.findall(readme):
        yield f"a link that leads nowhere on an index: {link}"
    if not any(name.endswith("/py.typed") for name in files):
        yield "no py.typed"
    address = os.environ.get("EVALFLOW_REPOSITORY", "").rstrip("/")
    if address != (told.project_urls or {}).get("Repository", ""):
        yield f"project.urls: {told.project_urls}, and EVALFLOW_REPOSITORY is '{address}'"


def main(packages: list[str]) -> int:
    """Print what is wrong, and return the exit code."""
    found = [f"{Path(each).name}: {said}" for each in packages for said in complaints(Path(each))]
    if not os.environ.get("EVALFLOW_REPOSITORY"):
        print("without project.urls: EVALFLOW_REPOSITORY names no repository (see hatch_build.py)")
    print(*found, *([] if found else [f"{len(packages)} packages are fit to publish"]), sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
