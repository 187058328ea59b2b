"""The audit bundle: written from a store, verified on a machine that has none."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow.audit.merkle import leaf_hash, root_of
from evalflow.model.canonical import canonical, digest
from offices import PLAN, Clock, Office

LATER = "2016-04-20"


@pytest.fixture
def bundle(office, tmp_path) -> Path:
    """A whole plan with a quarter's history."""
    office.to_submitted()
    office.review("gu/3")
    path: Path = tmp_path / "gu-audit.zip"
    office.engine.audit.export(path)
    return path


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, files: dict[str, bytes], *, sealed: bool = False) -> None:
    """Write a bundle's files back; `sealed` makes the manifest's hashes fit again."""
    if sealed:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = {
            name: digest(content.decode())
            for name, content in files.items()
            if name != "manifest.json"
        }
        files = {**files, "manifest.json": (canonical(manifest) + "\n").encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def codes(path: Path, **more: evalflow.Checkpoint | evalflow.SignedCheckpoint) -> set[str]:
    return {mismatch.code for mismatch in evalflow.verify_bundle(path, **more)[1]}


def test_a_bundle_fits_and_says_what_it_is_about(office, bundle):
    about, found = evalflow.verify_bundle(bundle)
    assert found == ()
    assert (about.plan, about.whole, about.projects) == ("gu", True, 3)
    assert about.entries == sum(1 for _ in office.engine.storage.entries())
    assert about.checkpoint == office.engine.audit.checkpoint()


def test_a_bundle_holds_all_that_is_known(office, bundle):
    lines = [
        json.loads(line)
        for name, content in contents(bundle).items()
        if name.startswith("projects/")
        for line in content.splitlines()
    ]
    kinds = [kind for kind, _ in lines]
    assert kinds.count("entry") == sum(1 for _ in office.engine.storage.entries())
    assert kinds.count("notice") == sum(1 for _ in office.engine.outbox.notices())
    assert kinds.count("definition") == 3
    rated = [told["rating"] for kind, told in lines if kind == "entry" and told["rating"]]
    assert {line["formula"] for rating in rated for line in rating["lines"]} == {
        "up",
        "down_linear",
    }
    assert all("target" in line and "figure" in line for r in rated for line in r["lines"])


def test_the_same_store_at_the_same_moment_gives_the_same_bytes(office, bundle, tmp_path):
    office.engine.audit.export(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_a_bundle_of_one_project_fits_by_itself(office, bundle, tmp_path):
    path = tmp_path / "3.zip"
    about = office.engine.audit.export(path, projects=["gu/3"])
    assert (about.whole, about.projects) == (False, 1)
    assert evalflow.verify_bundle(path)[1] == ()
    with pytest.raises(evalflow.InvalidInput, match="some projects only"):
        evalflow.verify_bundle(path, noted=about.checkpoint)


def test_what_is_refused_to_somebody_is_in_it_on_request(office, tmp_path):
    path = tmp_path / "refused.zip"
    office.engine.audit.export(path, refusals_of=office.actor("road-1"))
    refusals = [json.loads(line) for line in contents(path)["refusals.jsonl"].splitlines()]
    review = next(r for r in refusals if (r["project"], r["event"]) == ("gu/3", "review"))
    assert {reason["code"] for reason in review["reasons"]} >= {"wrong_state", "no_role"}
    assert evalflow.verify_bundle(path)[1] == ()


def test_it_is_verified_where_no_database_library_can_be_had(bundle):
    code = (
        "import sys; sys.modules['sqlite3'] = None; sys.modules['pluggy'] = None\n"
        "import evalflow; print(evalflow.verify_bundle(sys.argv[1])[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(bundle)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "()", done.stderr


# --------------------------------------------------------------------------- tampering


def edited(files: dict[str, bytes], name: str, old: str, new: str) -> dict[str, bytes]:
    text = files[name].decode()
    assert old in text
    return {**files, name: text.replace(old, new, 1).encode()}


def test_a_changed_byte_is_found(bundle):
    files = contents(bundle)
    rewrite(bundle, edited(files, "projects/000003.jsonl", '"road-1"', '"road-2"'))
    assert "file_changed" in codes(bundle)


def test_a_missing_and_an_added_file_are_found(bundle):
    files = contents(bundle)
    del files["projects/000002.jsonl"]
    files["projects/000009.jsonl"] = files["projects/000001.jsonl"]
    rewrite(bundle, files)
    assert {"file_missing", "file_added"} <= codes(bundle)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"actor":"road-1"', '"actor":"road-2"', "entry_changed"),
        ('"tree":{', '"tree":{"ko2":"x",', "definition_edited"),
        ('"rate":"100.0"', '"rate":"120.0"', "entry_changed"),
        ('"states":["reviewed"', '"states":["approved"', "state_edited"),
        ('["evaluation",{"acts":', '["evaluation",{"facts2":1,"acts":', "evaluation_edited"),
    ],
)
def test_an_edit_with_fresh_hashes_is_found_by_the_chain(bundle, old, new, code):
    files = edited(contents(bundle), "projects/000003.jsonl", old, new)
    rewrite(bundle, files, sealed=True)
    assert codes(bundle) - {"file_changed"} == {code}


@pytest.mark.parametrize(
    ("name", "start", "put"),
    [
        ("projects/000003.jsonl", '["project",{', '"band":"forged",'),
        ("projects/000003.jsonl", '["entry",{', '"actor":"mayor-1",'),
        ("projects/000003.jsonl", '["entry",{', '"remark":"mayor-1",'),
        ("projects/000003.jsonl", '["definition",{', '"revision":9,'),
        ("projects/000003.jsonl", '["definition",{', '"approved_by":"mayor-1",'),
        ("projects/000003.jsonl", '["evaluation",{', '"facts":{"band":"done"},'),
        ("projects/000003.jsonl", '["notice",{', '"recipient":"mayor-1",'),
        ("projects/000003.jsonl", '["notice",{', '"remark":"read",'),
        ("projects/000003.jsonl", '["entry",{', " "),
        ("plans/history.jsonl", "{", '"actor":"mayor-1",'),
        ("plans/history.jsonl", "{", '"remark":"mayor-1",'),
        ("plans/r1.json", "{", '"effective":"2015-Q4",'),
        ("plans/r1.json", "{", '"approved":"2015-Q4",'),
        ("manifest.json", "{", '"made_at":"2015-01-01T00:00:00.000000+00:00",'),
    ],
)
def test_a_line_that_says_something_else_to_another_reader_is_found(
    office, bundle, name, start, put
):
    """JSON with a name twice is read by its last here, by its first elsewhere: no hash differs."""
    noted = office.engine.audit.sign_checkpoint()
    assert codes(bundle, noted=noted) == set()
    files = edited(contents(bundle), name, start, start + put)
    rewrite(bundle, files, sealed=name != "manifest.json")
    assert codes(bundle, noted=noted) == {"file_changed"}


@pytest.mark.parametrize(
    "name",
    ["approval.pdf", "/etc/000009.jsonl", "projects/../000009.jsonl", "projects/",
     "projects/１.jsonl", "projects\\000009.jsonl", "plans/r１.json", "Manifest.json"],
)  # fmt: skip
def test_a_file_that_no_bundle_has_is_found_though_the_manifest_names_it(bundle, name):
    files = contents(bundle)
    files[name] = files.pop("projects/000001.jsonl") if name.startswith("projects/") else b""
    rewrite(bundle, files, sealed=True)
    assert "file_added" in codes(bundle)


def _before(path: Path) -> None:
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())


def _behind(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def _an_entry_outside_of_the_directory(path: Path) -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("letter.txt", "forged")
    lonely = other.getvalue().partition(b"PK\x01\x02")[0]
    path.write_bytes(lonely + path.read_bytes())


def _a_link(path: Path) -> None:
    files = contents(path)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            if name == "log.jsonl":
                info.create_system, info.external_attr = 3, 0o120777 << 16
            archive.writestr(info, content)


def _a_comment_on_a_file(path: Path) -> None:
    files = contents(path)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.comment = b"approved"
            archive.writestr(info, content)


@pytest.mark.parametrize(
    "hide", [_before, _behind, _an_entry_outside_of_the_directory, _a_link, _a_comment_on_a_file]
)
def test_what_another_program_would_unpack_from_it_is_found(office, bundle, hide):
    noted = office.engine.audit.sign_checkpoint()
    hide(bundle)
    assert codes(bundle, noted=noted) == {"file_added"}


def test_a_bundle_that_was_packed_again_fits(office, bundle):
    """By a program that cannot go back in what it writes, too."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError

        def tell(self) -> int:
            raise OSError

    noted = office.engine.audit.sign_checkpoint()
    files, out = contents(bundle), Pipe()
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        rewrite(bundle, files)
        assert codes(bundle, noted=noted) == set()
        with zipfile.ZipFile(out, "w", packing) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        bundle.write_bytes(out.getvalue())
        assert codes(bundle, noted=noted) == set()
        out = Pipe()


def test_lines_in_another_order_are_found(bundle):
    files = contents(bundle)
    first, *others = files["projects/000001.jsonl"].splitlines(keepends=True)
    rewrite(bundle, {**files, "projects/000001.jsonl": b"".join([*others, first])}, sealed=True)
    assert codes(bundle) == {"file_changed"}


def test_a_swapped_evaluation_is_found(bundle):
    files = contents(bundle)
    lines = files["projects/000003.jsonl"].decode().splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if line.startswith('["evaluation"'))
    lines[place] = lines[place].replace('"100.0"', '"120.0"')
    rewrite(bundle, {**files, "projects/000003.jsonl": "".join(lines).encode()}, sealed=True)
    assert codes(bundle) == {"evaluation_edited"}


def test_an_edited_plan_and_an_edited_lifecycle_are_found(bundle):
    files = contents(bundle)
    rewrite(bundle, edited(files, "plans/r1.json", "budget_team", "mayor"), sealed=True)
    assert codes(bundle) == {"plan_edited", "checkpoint_differs", "file_changed"}
    rewrite(bundle, edited(files, "lifecycles/1.json", "policy_office", "mayor"), sealed=True)
    assert codes(bundle) == {"lifecycle_edited", "file_changed"}


def test_a_bundle_made_anew_from_another_history_is_found_by_the_paper(
    office, bundle, tmp_path, plan_file
):
    noted = office.engine.audit.checkpoint()
    office.clock.go(LATER)
    with evalflow.open("memory:", plugins=[], clock=office.clock) as other:
        plan = evalflow.load_plan(plan_file)
        other.adopt(plan, by=plan.actor("policy-2"))
        other.audit.export(tmp_path / "forged.zip")
    assert codes(tmp_path / "forged.zip") == set()
    assert codes(tmp_path / "forged.zip", noted=noted) == {"checkpoint_differs"}
    assert codes(bundle, noted=noted) == set()


def test_a_project_left_out_of_a_whole_bundle_is_found(bundle):
    files = contents(bundle)
    del files["projects/000002.jsonl"]
    rewrite(bundle, files, sealed=True)
    assert codes(bundle) == {"file_changed", "project_missing"}


def test_a_bundle_of_a_tampered_store_shows_it(office, bundle, tmp_path):
    storage = office.engine.storage
    if not hasattr(storage, "path"):
        pytest.skip("the memory storage cannot be edited from outside")
    import sqlite3

    connection = sqlite3.connect(storage.path, isolation_level=None)
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE entry SET late = 9 WHERE project = 'gu/1' AND number = 2")
    connection.close()
    office.engine.audit.export(tmp_path / "t.zip")
    assert "entry_changed" in codes(tmp_path / "t.zip")


# --------------------------------------------------------------------------- held to checkpoints


def forge(files: dict[str, bytes]) -> dict[str, bytes]:
    """Make everything in the manifest that can be computed fit the files again: the hashes, the log
    and the line."""
    manifest = json.loads(files["manifest.json"])
    told = [leaf_hash(line) for line in files["log.jsonl"].splitlines()]
    root = base64.b64encode(root_of(told)).decode()
    origin = manifest["log"].splitlines()[0]
    manifest["log"] = f"{origin}\n{len(told)}\n{root}\n"
    manifest["files"] = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name != "manifest.json"
    }
    return {**files, "manifest.json": (canonical(manifest) + "\n").encode()}


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@given(data=st.data())
def test_whatever_byte_is_edited_is_found_with_the_checkpoint_that_seals_it(data, tmp_path_factory):
    """Any byte of any file, the manifest too; hashes made to fit again, zipped again."""
    files, point = _sealed_once(tmp_path_factory)
    name = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[name])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    edited = {**files, name: bytes(content)}
    if data.draw(st.booleans()) and name != "manifest.json":
        edited = forge(edited)
    path = pack(tmp_path_factory.mktemp("edited") / "b.zip", edited)
    try:
        _, found = evalflow.verify_bundle(path, noted=point)
    except evalflow.InvalidInput as error:
        assert all(each.file for each in error.problems)
    else:
        assert found


_SEALED: list[tuple[dict[str, bytes], evalflow.SignedCheckpoint]] = []


def _sealed_once(tmp_path_factory) -> tuple[dict[str, bytes], evalflow.SignedCheckpoint]:
    if not _SEALED:
        path = tmp_path_factory.mktemp("sealed") / "b.zip"
        clock = Clock()
        with evalflow.open("memory:", plugins=[], clock=clock) as engine:
            office = _adopted(engine, path.with_name("plan.yaml"), clock)
            office.to_submitted()
            point = engine.audit.export(path, refusals_of=office.actor("road-1")).sealed()
        assert evalflow.verify_bundle(path, noted=point)[1] == ()
        _SEALED.append((contents(path), point))
    return _SEALED[0]


@given(data=st.data())
def test_whatever_byte_of_the_zip_is_edited_what_is_in_it_is_the_same_or_it_is_found(
    data, tmp_path_factory
):
    files, point = _sealed_once(tmp_path_factory)
    path = pack(tmp_path_factory.mktemp("edited") / "b.zip", files)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        _, found = evalflow.verify_bundle(path, noted=point)
    except evalflow.InvalidInput:
        return
    assert found or contents(path) == files


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("manifest.json", '"made_at":"2016', '"made_at":"2015'),
        ("projects/000003.jsonl", '"state":"waiting"', '"state":"dead"'),
        ("projects/000003.jsonl", '"tries":0', '"tries":7'),
        ("refusals.jsonl", '"allowed":false', '"allowed":true'),
    ],
)
def test_what_no_history_says_is_bound_by_the_seal_alone(office, tmp_path, name, old, new):
    """The line of before, and a checkpoint that was made without the bundle, are silent on it."""
    office.to_submitted()
    path = tmp_path / "b.zip"
    sealing = office.engine.audit.export(path, refusals_of=office.actor("road-1")).sealed()
    other = office.engine.audit.sign_checkpoint()
    line = office.engine.audit.checkpoint()
    files = contents(path)
    if old.encode() not in files[name]:
        assert name == "refusals.jsonl"
        old, new = '"event":"review"', '"event":"submit"'
    pack(path, forge(edited(files, name, old, new)))
    assert codes(path, noted=line) == codes(path, noted=other) == set()
    assert codes(path, noted=sealing) == {"seal_differs"}


def test_a_bundle_is_held_to_checkpoints_taken_earlier_and_later(office, tmp_path):
    earlier = office.engine.audit.sign_checkpoint()
    office.to_submitted()
    path = tmp_path / "b.zip"
    office.engine.audit.export(path)
    about, found = evalflow.verify_bundle(path, noted=earlier)
    assert found == ()
    assert about.cover is not None
    assert (about.cover.entries, set(about.cover.rest)) == (3, {"gu/1", "gu/2", "gu/3"})
    office.review("gu/3")
    later = office.engine.audit.sign_checkpoint()
    assert codes(path, noted=later) == {"checkpoint_differs"}  # it holds less than that
    forged = attrs.evolve(earlier, root=bytes(32))
    assert codes(path, noted=forged) == {"checkpoint_differs"}


def test_a_bundle_of_one_project_is_held_to_a_checkpoint_and_tells_nothing_of_others(
    office, bundle, tmp_path
):
    path = tmp_path / "3.zip"
    point = office.engine.audit.sign_checkpoint()
    sealing = office.engine.audit.export(path, projects=["gu/3"]).sealed()
    assert codes(path, noted=point) == codes(path, noted=sealing) == set()
    files = contents(path)
    assert b"gu/1" not in files["log.jsonl"]
    for old, new in (('"road-1"', '"road-2"'), ('"late":null', '"late":1')):
        pack(path, forge(edited(files, "projects/000001.jsonl", old, new)))
        assert "entry_changed" in codes(path, noted=point)
    lines = files["log.jsonl"].splitlines(keepends=True)
    pack(path, forge({**files, "log.jsonl": b"".join(lines[:-1])}))
    assert "checkpoint_differs" in codes(path, noted=point)


def test_a_log_that_is_not_that_of_the_bundle_is_found(bundle):
    files = contents(bundle)
    lines = files["log.jsonl"].splitlines(keepends=True)
    for forged in (lines[:-1], [*lines, lines[-1]], [*lines, b'["entry","gu/9",1,"x"]\n'],
                   [*lines, b'["leaf","' + b"0" * 64 + b'"]\n']):  # fmt: skip
        pack(bundle, forge({**files, "log.jsonl": b"".join(forged)}))
        assert "file_changed" in codes(bundle)
    pack(bundle, forge({**files, "log.jsonl": b"".join(lines[::-1])}))
    assert codes(bundle) == {"checkpoint_differs"}  # the manifest's line tells the order


KEPT = Path(__file__).parents[1] / "data" / "bundle-1"


def test_bundles_of_the_first_format_still_verify_by_the_line_of_their_time():
    line = evalflow.Checkpoint.read((KEPT / "README.md").read_text("utf-8").splitlines()[-1])
    about, found = evalflow.verify_bundle(KEPT / "gu.zip", noted=line)
    assert (found, about.checkpoint, about.log) == ((), line, None)
    assert evalflow.verify_bundle(KEPT / "gu-3.zip")[1] == ()
    assert codes(KEPT / "gu.zip", noted=attrs.evolve(line, hash="0" * 16)) == {"checkpoint_differs"}


def test_a_bundle_of_the_first_format_has_no_log_to_hold_to_a_checkpoint(office):
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.verify_bundle(KEPT / "gu.zip", noted=office.engine.audit.sign_checkpoint())
    assert [each.code for each in caught.value.problems] == ["no_log"]


# --------------------------------------------------------------------------- not a bundle


def problem(path: Path) -> str:
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.verify_bundle(path)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].file
    return caught.value.problems[0].code


def test_what_is_no_bundle_is_said_to_be_none(tmp_path):
    assert problem(tmp_path / "none.zip") == "no_file"
    (tmp_path / "text.zip").write_text("hello")
    assert problem(tmp_path / "text.zip") == "not_a_bundle"
    rewrite(tmp_path / "other.zip", {"a.txt": b"hello"})
    assert problem(tmp_path / "other.zip") == "not_a_bundle"
    rewrite(tmp_path / "later.zip", {"manifest.json": b'{"format":"evalflow-audit/3"}\n'})
    assert problem(tmp_path / "later.zip") == "not_a_bundle"


def test_a_zip_bomb_is_not_opened(tmp_path):
    rewrite(tmp_path / "bomb.zip", {"manifest.json": b" " * 50_000_000})
    assert problem(tmp_path / "bomb.zip") == "too_large"


def test_a_line_that_cannot_be_read_is_named(bundle):
    files = contents(bundle)
    broken = files["projects/000002.jsonl"].replace(b'["entry"', b'["entry', 1)
    rewrite(bundle, {**files, "projects/000002.jsonl": broken}, sealed=True)
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.verify_bundle(bundle)
    (found,) = caught.value.problems
    assert (found.file, found.line) == ("gu-audit.zip/projects/000002.jsonl", 3)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lifecycles/1.json", b"\x01\n{}\n"),
        ("lifecycles/1.json", b'"a"x\n{}\n'),
        ("lifecycles/1.json", b"\n"),
        ("plans/r1.json", b"{}\n"),
    ],
)
def test_a_plan_or_lifecycle_that_cannot_be_read_is_named(bundle, name, content):
    """Found by the test of any edit."""
    rewrite(bundle, {**contents(bundle), name: content}, sealed=True)
    assert problem(bundle) == "bad_line"


@pytest.mark.parametrize(
    "line",
    [
        b'["entry"]',
        b'["plan","gu"]',
        b"[]",
        b"{}",
        b'["x",1,2]',
        b'["lifecycle",[],""]',
        b'["leaf"]',
    ],
)
def test_a_line_of_the_log_that_is_no_leaf_is_named(bundle, line):
    files = contents(bundle)
    files["log.jsonl"] = files["log.jsonl"] + line + b"\n"
    rewrite(bundle, files, sealed=True)
    assert problem(bundle) == "bad_line"


@pytest.mark.slow
@given(data=st.data())
def test_any_edit_gives_findings_or_one_clear_error(data, tmp_path_factory):
    made = _made_once(tmp_path_factory)
    files = dict(made)
    name = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    if bytes(content) == files[name]:
        return
    path = tmp_path_factory.mktemp("edited") / "b.zip"
    files[name] = bytes(content)
    try:
        rewrite(path, files, sealed=data.draw(st.booleans()))
    except (UnicodeDecodeError, ValueError):
        rewrite(path, files)
    try:
        about, _ = evalflow.verify_bundle(path)
    except evalflow.InvalidInput as error:
        assert error.problems
    else:
        assert about.plan


_KEPT: list[dict[str, bytes]] = []


def _made_once(factory: pytest.TempPathFactory) -> dict[str, bytes]:
    if not _KEPT:
        path = factory.mktemp("made") / "b.zip"
        clock = Clock()
        with evalflow.open("memory:", plugins=[], clock=clock) as engine:
            _adopted(engine, path.with_name("plan.yaml"), clock).to_submitted()
            engine.audit.export(path)
        _KEPT.append(contents(path))
    return _KEPT[0]


def _adopted(engine: evalflow.Engine, path: Path, clock: Clock) -> Office:
    path.write_text(PLAN, encoding="utf-8")
    plan = evalflow.load_plan(path)
    engine.adopt(plan, by=plan.actor("policy-1"))
    return Office(engine, plan, clock)
