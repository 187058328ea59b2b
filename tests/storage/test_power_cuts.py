"""Power cuts leave what was acknowledged, and nothing half: a sample of what `make trust` does."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from evalflow.testing import crashes
from evalflow.testing.power import WAYS, NotUnderstood, Recording

OLDER = Path(__file__).parents[1] / "data" / "store-f8ebe7e" / "office.db.xz"


# ------------------------------------------------------------------ the file system


def said(text: bytes) -> str:
    return '"' + "".join([f"\\x{each:02x}" for each in text]) + '"'


def recording(tmp_path: Path, lines: str, before: dict[str, bytes]) -> Recording:
    """A recording of what strace would have written; `{f}` is a handle of the file `f`, `'…'` a
    text."""
    parts = textwrap.dedent(lines).strip().split("'")
    told = "".join([said(part.encode()) if n % 2 else part for n, part in enumerate(parts)])
    trace = tmp_path / "trace"
    trace.write_text(
        told.replace("{f}", f"5<{tmp_path}/f>").replace("{folder}", f"6<{tmp_path}>") + "\n"
    )
    return Recording(trace, tmp_path, before)


def could_be(found: Recording, moment: int) -> set[str]:
    """Return what could be left of the file `f`, over all ways and many chances."""
    return {
        found.left(moment, random.Random(seed), way).get("f", b"no file").decode()
        for way in WAYS
        for seed in range(40)
    }


def test_what_was_synced_stays_and_of_the_rest_there_is_any_part(tmp_path: Path) -> None:
    found = recording(
        tmp_path,
        """
        7 pwrite64({f}, 'ab', 2, 0) = 2
        7 fdatasync({f}) = 0
        7 pwrite64({f}, 'C', 1, 0) = 1
        7 pwrite64({f}, 'D', 1, 1) = 1
        """,
        {"f": b"--"},
    )
    assert could_be(found, 1) == {"--", "ab"}
    assert could_be(found, 2) == {"ab"}
    assert could_be(found, 4) == {"ab", "Cb", "aD", "CD"}


def test_what_a_failed_sync_was_to_keep_may_be_gone_whatever_later_ones_say(
    tmp_path: Path,
) -> None:
    found = recording(
        tmp_path,
        """
        7 pwrite64({f}, 'ab', 2, 0) = 2
        7 fdatasync({f}) = -1 EIO (Input/output error) (INJECTED)
        7 fdatasync({f}) = 0
        7 pwrite64({f}, 'X', 1, 1) = 1
        7 fdatasync({f}) = 0
        """,
        {"f": b"--"},
    )
    assert could_be(found, 3) == {"--", "ab"}
    assert could_be(found, 5) == {"-X", "aX"}


def test_a_failed_sync_of_another_takes_nothing_from_who_is_told_that_all_is_well(
    tmp_path: Path,
) -> None:
    found = recording(
        tmp_path,
        """
        7 pwrite64({f}, 'a', 1, 0) = 1
        8 pwrite64({f}, 'b', 1, 1) = 1
        8 fdatasync({f}) = -1 EIO (Input/output error) (INJECTED)
        7 fdatasync({f}) = 0
        """,
        {"f": b"--"},
    )
    assert could_be(found, 3) == {"--", "a-", "-b", "ab"}
    assert could_be(found, 4) == {"a-", "ab"}


def test_a_sync_of_another_program_keeps_what_had_been_written_before_it_began(
    tmp_path: Path,
) -> None:
    found = recording(
        tmp_path,
        """
        7 pwrite64({f}, 'a', 1, 0) = 1
        7 pwrite64({f}, 'b', 1, 1 <unfinished ...>
        8 fsync({f} <unfinished ...>
        7 <... pwrite64 resumed>) = 1
        8 <... fsync resumed>) = 0
        """,
        {"f": b"--"},
    )
    assert could_be(found, 2) == {"--", "a-", "-b", "ab"}
    assert could_be(found, 5) == {"a-", "ab"}


def test_names_stay_when_their_folder_was_synced(tmp_path: Path) -> None:
    found = recording(
        tmp_path,
        f"""
        7 openat(AT_FDCWD<{tmp_path}>, '{tmp_path}/f', O_RDWR|O_CREAT, 0640) = 5<{tmp_path}/f>
        7 write({{f}}, 'a', 1) = 1
        7 fsync({{f}}) = 0
        7 fsync({{folder}}) = 0
        7 unlink('{tmp_path}/f') = 0
        7 fsync({{folder}}) = 0
        """,
        {},
    )
    assert could_be(found, 3) == {"no file", "a"}
    assert could_be(found, 4) == {"a"}
    assert could_be(found, 5) == {"no file", "a"}
    assert could_be(found, 6) == {"no file"}


def test_a_write_is_torn_at_sectors_and_a_length_may_come_without_bytes(tmp_path: Path) -> None:
    content = "x" * 600
    found = recording(tmp_path, f"7 pwrite64({{f}}, '{content}', 600, 0) = 600", {"f": b""})
    left = could_be(found, 1)
    assert left >= {"", content, "x" * 512, "\0" * 600, "\0" * 512 + "x" * 88}


def test_what_the_model_does_not_know_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotUnderstood, match="renameat2 on f"):
        recording(
            tmp_path, f"7 renameat2(AT_FDCWD</>, '{tmp_path}/f', AT_FDCWD</>, '/g', 0) = 0", {}
        )


# ------------------------------------------------------------------ stores


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_halved_when_the_power_is_cut(
    strace: None,
) -> None:
    found = crashes.figures_of("evalflow.testing.power_cuts", "--cuts", "60", "--older", str(OLDER))
    assert found["cuts"] == 60
    assert all(found[f"left: {way}"] for way in WAYS)
    assert found["acknowledged, and there"] > 100
    assert found["syncs that failed"]
    assert found["commits in a shared transaction"]
    assert found["undone whole"]


def cut(folder: Path, words: str) -> str:
    """Return what the harness found wrong in forty cuts of walks that sync otherwise."""
    folder.mkdir(exist_ok=True)
    code = textwrap.dedent(f"""
        import pathlib, sys
        from evalflow.testing import power_cuts
        from evalflow.testing.mirror import Broken

        try:
            power_cuts.PowerCuts(pathlib.Path(sys.argv[1]), seed=1, {words}).cut_walk(
                40, failing=False
            )
        except Broken as broken:
            print(broken)
    """)
    told = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


@pytest.mark.slow
def test_the_harness_notices_what_was_not_synced(strace: None, tmp_path: Path) -> None:
    """One that cannot fail would prove nothing."""
    assert "a commit that returned is gone" in cut(tmp_path / "a", "synchronous='NORMAL'")
    assert cut(tmp_path / "b", "synchronous='OFF', lasting=False")


@pytest.mark.slow
def test_synchronous_normal_may_lose_the_last_commits_but_none_in_part(
    strace: None, tmp_path: Path
) -> None:
    assert cut(tmp_path, "synchronous='NORMAL', lasting=False") == ""
