"""Checkpoints in the public form: by the published examples, and by another program."""

from __future__ import annotations

import base64
import datetime as dt
import html
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalflow
from evalflow import Extended, SignedCheckpoint
from evalflow.audit.checkpoints import Signature
from evalflow.plugins import Plugins, Signer, VerifierKey, make_key
from evalflow.plugins.signer import COSIGNATURE, Ed25519, Ed25519Options

pytest.importorskip(
    "cryptography", reason="not on this machine: cryptography (pip install cryptography)"
)

# The key, text and signature of the tests of Go's golang.org/x/mod/sumdb/note.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_SIGNED = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM="
)

# The example of C2SP tlog-cosignature, and of the request in tlog-witness.
EXAMPLE = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501
REQUEST = """\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

"""

AT = dt.datetime(2016, 4, 20, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return signing(tmp_path / "office.key", "gu.example/log")


def signing(path: Path, name: str) -> Signer:
    make_key(name, path)
    return Ed25519(Ed25519Options(key=str(path)))


POINT = SignedCheckpoint(origin="gu.example/log/gu", size=7, root=bytes(range(32)))


# --------------------------------------------------------------------------- published examples


def test_a_note_of_go_is_signed_byte_for_byte_as_go_signs_it(tmp_path):
    (tmp_path / "go.key").write_text(GO_SKEY + "\n")
    signer = Plugins.load([]).signer("ed25519", {"key": str(tmp_path / "go.key")})
    key = VerifierKey.read(GO_VKEY)
    assert VerifierKey.of(signer) == key
    assert str(Signature(key.name, key.id, signer.sign(GO_TEXT.encode()))) == GO_SIGNED


def test_a_note_that_go_signed_is_accepted_and_none_that_was_edited():
    key = VerifierKey.read(GO_VKEY)
    assert str(key) == GO_VKEY
    signature = base64.b64decode(GO_SIGNED.split()[2])[4:]
    assert key.fits(GO_TEXT.encode(), signature)
    assert not key.fits(GO_TEXT.replace("answer", "Answer").encode(), signature)
    assert not key.fits(GO_TEXT.encode(), signature[:-1] + bytes([signature[-1] ^ 1]))
    assert not key.fits(GO_TEXT.encode(), b"")


@pytest.mark.parametrize(
    "text",
    [
        *[GO_VKEY[:end] for end in range(0, len(GO_VKEY), 7)],
        *[GO_VKEY[:at] + chr(ord(GO_VKEY[at]) + 1) + GO_VKEY[at + 1 :] for at in range(22)],
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_what_go_takes_for_no_key_is_none(text):
    with pytest.raises(evalflow.InvalidInput) as caught:
        VerifierKey.read(text)
    assert [each.code for each in caught.value.problems] == ["bad_key"]


def test_the_examples_of_the_specifications_are_read_and_written_back_as_they_are():
    point = SignedCheckpoint.read(EXAMPLE)
    assert str(point) == EXAMPLE
    assert (point.origin, point.size) == ("example.com/behind-the-sofa", 20852163)
    log, witness = point.signatures
    assert (log.name, log.key_id.hex(), len(log.value)) == (point.origin, "033de0ae", 64)
    assert int.from_bytes(witness.value[:8], "big") == 1679315147
    sent = Extended.read(REQUEST + EXAMPLE)
    assert (sent.old, len(sent.proof), sent.checkpoint) == (20852014, 4, point)
    assert str(sent) == REQUEST + EXAMPLE


# --------------------------------------------------------------------------- another program


@pytest.mark.skipif(
    shutil.which("openssl") is None, reason="not on this machine: openssl (apt-get install openssl)"
)
@pytest.mark.parametrize("cosigned", [False, True])
def test_openssl_accepts_our_signatures_and_none_of_an_edited_text(signer, tmp_path, cosigned):
    point = POINT.cosigned(signer, AT) if cosigned else POINT.signed(signer)
    head = f"cosignature/v1\ntime {int(AT.timestamp())}\n" if cosigned else ""
    value = point.signatures[0].value[8:] if cosigned else point.signatures[0].value
    prefix = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: an Ed25519 public key
    key = base64.b64encode(prefix + signer.public_key).decode()
    pem = f"-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n"
    (tmp_path / "key.pem").write_text(pem)
    (tmp_path / "value").write_bytes(value)

    def accepts(text: str) -> bool:
        (tmp_path / "text").write_bytes((head + text).encode())
        asked = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin"]
        more = ["-in", "text", "-sigfile", "value"]
        return subprocess.run([*asked, *more], cwd=tmp_path, capture_output=True).returncode == 0

    assert accepts(point.text)
    assert not accepts(point.text.replace("\n7\n", "\n8\n"))


# --------------------------------------------------------------------------- signatures


def test_whose_signature_it_is_and_when_a_witness_saw_it_is_said(signer, tmp_path):
    other = signing(tmp_path / "w.key", "audit.example/w1")
    point = POINT.signed(signer).cosigned(other, AT)
    own, witness = VerifierKey.of(signer), VerifierKey.of(other, COSIGNATURE)
    read = SignedCheckpoint.read(str(point))
    assert [(each.key, each.at) for each in read.check([own, witness])] == [
        (own, None),
        (witness, AT),
    ]
    assert [each.key for each in read.check([witness])] == [witness]


def test_a_signature_of_a_trusted_key_over_something_else_is_refused(signer):
    key = VerifierKey.of(signer)
    for edited in (
        attrs.evolve(POINT.signed(signer), size=8),
        attrs.evolve(POINT.signed(signer), root=bytes(32)),
        attrs.evolve(POINT.signed(signer), origin="gu.example/log/other"),
        attrs.evolve(POINT.signed(signer), more=("evalflow-bundle " + "0" * 64,)),
    ):
        with pytest.raises(evalflow.InvalidInput) as caught:
            edited.check([key])
        assert [each.code for each in caught.value.problems] == ["wrong_signature"]


def test_what_no_trusted_key_signed_is_refused(signer, tmp_path):
    stranger = signing(tmp_path / "x.key", "gu.example/log")  # the same name, another key
    for point in (POINT, POINT.signed(stranger)):
        with pytest.raises(evalflow.InvalidInput) as caught:
            point.check([VerifierKey.of(signer)])
        assert [each.code for each in caught.value.problems] == ["not_signed"]


def test_a_witness_s_key_signs_for_no_log_and_a_log_s_key_for_no_witness(signer):
    both = POINT.signed(signer).signatures[0]
    witness = VerifierKey.of(signer, COSIGNATURE)
    posing = attrs.evolve(POINT, signatures=(attrs.evolve(both, key_id=witness.id),))
    with pytest.raises(evalflow.InvalidInput, match="does not fit"):
        posing.check([witness])


@given(place=st.integers(0, len(EXAMPLE) - 1), char=st.characters(codec="utf-8"))
def test_any_edit_of_the_text_makes_another_checkpoint_or_none(place, char):
    text = EXAMPLE[:place] + char + EXAMPLE[place + 1 :]
    try:
        point = SignedCheckpoint.read(text)
    except evalflow.InvalidInput as error:
        assert [each.code for each in error.problems] == ["bad_checkpoint"]
    else:
        assert (point == SignedCheckpoint.read(EXAMPLE)) == (
            text.strip("\n") == EXAMPLE.strip("\n")
        )


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\n", "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
     "a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n1\nAAAA\n",
     "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n", EXAMPLE.replace("— w", "- w"),
     EXAMPLE + "\x07", EXAMPLE.replace("sofa", "\udcff"),
     EXAMPLE.replace("20852163", "20852163\n")],
)  # fmt: skip
def test_what_is_no_checkpoint_is_said_to_be_none(text):
    with pytest.raises(evalflow.InvalidInput) as caught:
        SignedCheckpoint.read(text)
    assert [each.code for each in caught.value.problems] == ["bad_checkpoint"]


def test_line_ends_of_another_system_and_a_missing_one_do_not_matter():
    assert SignedCheckpoint.read(EXAMPLE.replace("\n", "\r\n")) == SignedCheckpoint.read(EXAMPLE)
    assert SignedCheckpoint.read(EXAMPLE.rstrip("\n")) == SignedCheckpoint.read(EXAMPLE)
    assert SignedCheckpoint.read(POINT.text) == POINT


# --------------------------------------------------------------------------- keys


def test_a_key_file_is_its_owner_s_alone_and_never_overwritten(tmp_path):
    path = tmp_path / "office.key"
    key = make_key("구청/evalflow", path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert VerifierKey.read(str(key)) == key
    assert VerifierKey.of(Ed25519(Ed25519Options(key=str(path)))) == key
    with pytest.raises(FileExistsError):
        make_key("another", path)
    assert VerifierKey.of(Ed25519(Ed25519Options(key=str(path)))) == key


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u3000b", "\udcff", "x" * 201])
def test_a_name_that_a_note_cannot_bear_makes_no_key(tmp_path, name):
    with pytest.raises(evalflow.InvalidInput) as caught:
        make_key(name, tmp_path / "k")
    assert [each.code for each in caught.value.problems] == ["bad_key_name"]
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "no_file"), ("", "bad_key_file"), (GO_VKEY, "bad_key_file"),
     (GO_SKEY.replace("c74f20a3", "c74f20a4"), "bad_key_file"), ("\x00\xff", "bad_key_file")],
)  # fmt: skip
def test_what_is_no_key_file_is_said_to_be_none(tmp_path, text, code):
    if text is not None:
        (tmp_path / "k").write_text(text)
    with pytest.raises(evalflow.InvalidInput) as caught:
        Plugins.load([]).signer("ed25519", {"key": str(tmp_path / "k")})
    assert [(each.code, each.file) for each in caught.value.problems] == [
        (code, str(tmp_path / "k"))
    ]


# --------------------------------------------------------------------------- witnesses


def grown(office, signer) -> tuple[SignedCheckpoint, Extended]:
    """Return an earlier checkpoint of a plan, and a later one with the proof."""
    earlier = office.engine.audit.sign_checkpoint(signer=signer)
    office.to_submitted()
    return earlier, office.engine.audit.extend_checkpoint(earlier, signer=signer)


def test_a_witness_signs_what_goes_on_from_what_it_saw(office, signer, tmp_path):
    earlier, later = grown(office, signer)
    other = signing(tmp_path / "w.key", "audit.example/w1")
    keys = [VerifierKey.of(signer)]
    first = evalflow.witness(Extended(old=0, proof=(), checkpoint=earlier), None, keys, other, AT)
    sent = Extended.read(str(later))
    assert sent.checkpoint.size > earlier.size
    signed = evalflow.witness(sent, first, keys, other, AT)
    assert [each.at for each in signed.check([VerifierKey.of(other, COSIGNATURE)])] == [AT]


def test_a_witness_signs_nothing_that_takes_something_back(office, signer, tmp_path, plan_file):
    earlier, later = grown(office, signer)
    other = signing(tmp_path / "w.key", "audit.example/w1")
    keys = [VerifierKey.of(signer)]
    with evalflow.open("memory:", plugins=[], clock=office.clock) as engine:  # another history
        plan = evalflow.load_plan(plan_file)
        engine.adopt(plan, by=plan.actor("policy-2"))
        forged = engine.audit.sign_checkpoint(signer=signer)
    for sent, seen in (
        (later, forged),  # what it saw is no beginning of this
        (attrs.evolve(later, old=0, proof=()), earlier),  # as if nothing had been seen
        (attrs.evolve(later, proof=()), earlier),
        (Extended(old=later.checkpoint.size, proof=(), checkpoint=earlier), later.checkpoint),
        (later, None),
        (attrs.evolve(later, checkpoint=later.checkpoint), attrs.evolve(earlier, origin="x/gu")),
    ):
        with pytest.raises(evalflow.InvalidInput) as caught:
            evalflow.witness(sent, seen, keys, other, AT)
        assert [each.code for each in caught.value.problems] == ["not_consistent"]


def test_a_witness_signs_nothing_that_the_office_did_not_sign(office, signer, tmp_path):
    earlier, later = grown(office, None)
    other = signing(tmp_path / "w.key", "audit.example/w1")
    with pytest.raises(evalflow.InvalidInput) as caught:
        evalflow.witness(later, earlier, [VerifierKey.of(signer)], other, AT)
    assert [each.code for each in caught.value.problems] == ["not_signed"]


def test_no_proof_is_made_from_a_checkpoint_that_the_store_does_not_bear_out(office, signer):
    earlier = office.engine.audit.sign_checkpoint(signer=signer)
    with pytest.raises(evalflow.InvalidInput) as caught:
        office.engine.audit.extend_checkpoint(attrs.evolve(earlier, root=bytes(32)))
    assert [each.code for each in caught.value.problems] == ["checkpoint_differs"]


# --------------------------------------------------------------------------- the sheet


def dots(svg: str) -> tuple[bytes, int]:
    """Return the dots of a picture of lines one dot high, and how many stand in a row."""
    width = int(re.findall(r'viewBox="0 0 (\d+)|width="(\d+)"', svg)[0][1])
    scale = int(re.findall(r"scale\((\d+)\)", svg)[0])
    rows = [bytearray(b"\xff" * width) for _ in range(width)]
    x = y = 0.0
    for move, one, other, line in re.findall(r"([Mm])(-?[\d.]+) (-?[\d.]+)h(\d+)", svg):
        x, y = (float(one), float(other)) if move == "M" else (x + float(one), y + float(other))
        for row in range(int(y) * scale, (int(y) + 1) * scale):
            for place in range(int(x) * scale, (int(x) + int(line)) * scale):
                rows[row][place] = 0
        x += int(line)
    return b"".join(rows), width


def test_the_picture_on_the_sheet_holds_the_very_text(signer):
    pytest.importorskip("segno", reason="not on this machine: segno (pip install segno)")
    zxingcpp = pytest.importorskip(
        "zxingcpp", reason="not on this machine: zxing-cpp (pip install zxing-cpp)"
    )
    from evalflow.audit.sheet import sheet

    point = POINT.signed(signer)
    page = sheet(point, AT)
    drawn, width = dots(page[page.index("<svg") : page.index("</svg>")])
    (found,) = zxingcpp.read_barcodes(memoryview(drawn).cast("B", (width, width)))
    assert found.text == str(point)
    assert html.escape(str(point)) in page


def test_the_sheet_is_in_both_languages_and_shows_no_markup_of_others(signer):
    pytest.importorskip("segno", reason="not on this machine: segno (pip install segno)")
    from evalflow.audit.sheet import sheet

    point = attrs.evolve(POINT, origin="<b>/gu")
    for lang, title in (("ko", "이력 확인서"), ("en", "Checkpoint of the history")):
        page = sheet(point, AT, lang)
        assert title in page
        assert "<b>" not in page
