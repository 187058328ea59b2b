"""`evalflow audit …` and `verify --checkpoint`, as an auditor meets them."""

from __future__ import annotations

import json
import shutil

import pytest

from evalflow import cli

pytest.importorskip(
    "cryptography", reason="not on this machine: cryptography (pip install cryptography)"
)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, plan_file):
    """Run a command on a store of its own and give (exit code, output, complaints)."""
    monkeypatch.setenv("EVALFLOW_STORE", str(tmp_path / "office.db"))
    monkeypatch.setenv("EVALFLOW_LANG", "en")
    monkeypatch.setenv("EVALFLOW_PLUGINS", "")
    monkeypatch.delenv("EVALFLOW_SIGNER", raising=False)
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        code = cli.run(list(words))
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return code, captured.out, captured.err

    assert command("plan", "import", "plan.yaml", "--as", "policy-1")[0] == 0
    return command


SIGNER = ("--signer", "ed25519:key=office.key")


@pytest.fixture
def signed(run, tmp_path):
    """The same, with keys of an office and of a witness, and a signed checkpoint in `cp.txt`."""
    for name, *more in (("office", "office.key"), ("witness", "witness.key", "--witness")):
        code, out, _ = run("audit", "key", f"{name}.example/log", "-o", *more)
        assert code == 0
        (tmp_path / f"{name}.pub").write_text(out)
    code, out, _ = run("audit", "checkpoint", *SIGNER)
    assert code == 0
    (tmp_path / "cp.txt").write_text(out)
    return run


def evaluated(run) -> None:
    data = ("--set", "actuals.metres=400", "--set", "actuals.complaints=50")
    assert run("fire", "gu/3", "self_evaluate", "--as", "road-1", *data)[0] == 0


def test_a_checkpoint_is_printed_and_held_to_the_store(run, tmp_path):
    code, out, _ = run("audit", "checkpoint")
    assert (code, out.splitlines()[:2]) == (0, ["evalflow/gu", "6"])
    evaluated(run)
    (tmp_path / "cp.txt").write_text(out)
    for given in ("cp.txt", out, out.strip()):
        code, _, err = run("verify", "--checkpoint", given)
        assert code == 0
        assert "3 entries of 3 projects are covered by the checkpoint evalflow/gu 6" in err
        assert "unprotected: gu/3 #2" in err


def test_an_older_file_put_back_is_told(signed, tmp_path):
    shutil.copyfile("office.db", "older.db")
    evaluated(signed)
    _, out, _ = signed("audit", "checkpoint", *SIGNER)
    (tmp_path / "later.txt").write_text(out)
    shutil.copyfile("older.db", "office.db")
    assert signed("verify")[0] == 0
    code, out, _ = signed("verify", "--checkpoint", "later.txt", "--trust", "office.pub")
    assert code == 1
    assert "an older file was put back" in out
    code, out, _ = signed("--lang", "ko", "verify", "--checkpoint", "later.txt")
    assert "예전 파일로 되돌려졌습니다" in out


def test_the_line_of_before_is_still_taken(run):
    from pathlib import Path

    import evalflow

    with evalflow.open(f"sqlite:///{Path('office.db').absolute()}", plugins=[]) as engine:
        line = str(engine.audit.checkpoint())
    code, out, err = run("verify", "--checkpoint", line)
    assert (code, "no errors" in out) == (0, True)
    assert "covered by the checkpoint r1 #3" in err
    code, out, _ = run("verify", "--checkpoint", "gu r1 #3 0000000000000000")
    assert (code, "not what was noted" in out) == (1, True)
    code, _, err = run("audit", "checkpoint", "--since", line)
    assert (code, "a checkpoint of one line" in err) == (2, True)


def test_whose_signature_it_is_is_said_and_a_forged_one_is_refused(signed, tmp_path):
    _, _, err = signed("verify", "--checkpoint", "cp.txt")
    assert "signatures were not checked" in err
    code, _, err = signed("verify", "--checkpoint", "cp.txt", "--trust", "office.pub")
    assert (code, "signature checked: office.example/log/gu 6" in err) == (0, True)
    code, _, err = signed("verify", "--checkpoint", "cp.txt", "--trust", "witness.pub")
    assert (code, "signed by none of the keys given" in err) == (2, True)
    (tmp_path / "forged.txt").write_text(
        (tmp_path / "cp.txt").read_text().replace("\n6\n", "\n4\n")
    )
    words = ("--checkpoint", "forged.txt", "--checkpoint", "nothing", "--trust", "office.pub")
    code, _, err = signed("verify", *words)
    assert code == 2
    assert "the signature of 'office.example/log' does not fit" in err
    assert "not a checkpoint" in err  # both are told


def test_a_witness_cosigns_what_goes_on_and_nothing_else(signed, tmp_path):
    words = ("--seen", "seen.txt", "--trust", "office.pub", "--signer", "ed25519:key=witness.key")
    code, out, _ = signed("audit", "cosign", "cp.txt", *words)
    assert (code, out) == (0, (tmp_path / "seen.txt").read_text())
    evaluated(signed)
    _, out, _ = signed("audit", "checkpoint", *SIGNER)
    (tmp_path / "bare.txt").write_text(out)
    code, _, err = signed("audit", "cosign", "bare.txt", *words)
    assert (code, "something may have been undone" in err) == (2, True)
    code, out, _ = signed("audit", "checkpoint", "--since", "cp.txt", *SIGNER)
    assert (code, out.splitlines()[0]) == (0, "old 6")
    (tmp_path / "request.txt").write_text(out)
    code, out, _ = signed("audit", "cosign", "request.txt", *words)
    assert code == 0
    (tmp_path / "cosigned.txt").write_text(out)
    code, _, err = signed("verify", "--checkpoint", "cosigned.txt", "--trust", "witness.pub")
    assert (code, "signature checked" in err, "witness.example/log 20" in err) == (0, True, True)
    code, _, err = signed("audit", "cosign", "request.txt", *words)  # it was seen already
    assert code == 2


def test_a_bundle_is_sealed_by_what_is_printed_with_it(signed, tmp_path):
    code, out, _ = signed("audit", "export", "-o", "a.zip", "--checkpoint-to", "a.txt", *SIGNER)
    assert (code, (tmp_path / "a.txt").read_text() in out) == (0, True)
    code, _, err = signed(
        "audit", "verify", "a.zip", "--checkpoint", "a.txt", "--trust", "office.pub"
    )
    assert (code, "are not covered" in err) == (0, False)
    code, _, err = signed("audit", "verify", "a.zip", "--checkpoint", "cp.txt")
    assert (code, "are not covered" in err) == (0, True)
    signed("audit", "export", "-o", "b.zip")
    code, out, _ = signed("audit", "verify", "b.zip", "--checkpoint", "a.txt")
    assert (code, "not the bundle that the checkpoint was made with" in out) == (1, True)


def test_verify_goes_on_from_a_checkpoint(signed):
    evaluated(signed)
    code, _, err = signed("verify", "--since", "cp.txt", "--trust", "office.pub")
    assert (code, "not checked: 2 (before_checkpoint)" in err) == (0, True)


def test_what_is_printed_as_json_can_be_read(signed):
    _, out, _ = signed("audit", "checkpoint", "--json", *SIGNER)
    told = json.loads(out)
    assert told["checkpoints"][0]["signed_by"] == ["office.example/log"]
    assert told["text"].startswith("office.example/log/gu\n6\n")
    _, out, _ = signed("audit", "export", "-o", "a.zip", "--json")
    assert json.loads(out)["bundles"][0]["log"]["size"] == 6


def test_a_sheet_is_written(signed, tmp_path):
    pytest.importorskip("segno", reason="not on this machine: segno (pip install segno)")
    assert signed("audit", "checkpoint", "--sheet", "sheet.html")[0] == 0
    assert "<svg" in (tmp_path / "sheet.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("audit", "checkpoint", "--signer", "ed25519"), "needs 'key'"),
        (("audit", "checkpoint", "--signer", "ed25519:key"), "name=value"),
        (("audit", "checkpoint", "--signer", "ed25519:key=none"), "cannot be read"),
        (("audit", "checkpoint", "--signer", "ed25518:key=office.key"), "did you mean 'ed25519'?"),
        (("verify", "--checkpoint", "cp.txt", "--trust", "nobody"), "not a verifier key"),
        (("audit", "cosign", "cp.txt", "--seen", "s", "--trust", "office.pub"), "say who signs"),
        (("audit", "key", "a b", "-o", "k"), "neither spaces nor '+'"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(signed, words, said):
    code, _, err = signed(*words)
    assert (code, said in err) == (2, True)


def test_a_key_is_never_overwritten(signed, tmp_path):
    before = (tmp_path / "office.key").read_bytes()
    code, _, err = signed("audit", "key", "x", "-o", "office.key")
    assert code != 0
    assert "exists" in err
    assert (tmp_path / "office.key").read_bytes() == before
