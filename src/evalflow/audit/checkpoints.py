"""Checkpoints that somebody else can hold: the public form, signatures, consistency.

A checkpoint says how many leaves the log of a plan had (see `log`), and the root of the Merkle
tree over them. It is written as the transparency-log world writes it (C2SP `tlog-checkpoint`, a
`signed-note`), so that programs that know nothing of evalflow can check it, and be its witness
(`tlog-cosignature`, `tlog-witness`).
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Iterable, Sequence

import attrs

from evalflow.audit.merkle import SIZE, consistent
from evalflow.errors import InvalidInput, invalid
from evalflow.model.values import frozen
from evalflow.plugins.signer import COSIGNATURE, ED25519, Signer, VerifierKey

UNSIGNED = "evalflow"
"""What stands in an origin for the key's name where nobody signed."""

_SEAL = re.compile(r"evalflow-bundle ([0-9a-f]{64})")
_NO_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_SIGNATURE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})")
_MOST = 64 * 1024  # characters of a note: some hundreds of signatures
_MOST_PROOF = 63


@frozen
class Signature:
    """A line of signature under a note: the key's name and id, and what it signed."""

    name: str
    key_id: bytes
    value: bytes

    def __str__(self) -> str:
        """Return the line, without its end."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.value).decode()}"


@frozen
class CheckedSignature:
    """A signature that was checked: whose it is; `at` is the time a witness gave, None for the
    log's own signature."""

    key: VerifierKey
    at: dt.datetime | None = None


@frozen(kw_only=True)
class SignedCheckpoint:
    """Everything in a plan's log up to now, in a form that others can keep.

    Without signatures it is for paper: whoever keeps the sheet vouches for it.

    Attributes:
        origin: `<name of the key>/<plan>`, which log it is of.
        size: how many leaves the log had.
        root: the root of the Merkle tree over them, 32 bytes.
        more: further lines; of an exported bundle, `evalflow-bundle <seal>`.
        signatures: the log's own, and those of witnesses.
    """

    origin: str
    size: int
    root: bytes
    more: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()

    @property
    def plan(self) -> str:
        """The id of the plan."""
        return self.origin.rpartition("/")[2]

    @property
    def seal(self) -> str | None:
        """The seal of the bundle that it was made with, or None."""
        found = [match[1] for line in self.more if (match := _SEAL.fullmatch(line))]
        return found[0] if found else None

    @property
    def text(self) -> str:
        """The text that is signed."""
        root = base64.b64encode(self.root).decode()
        return "".join(f"{line}\n" for line in (self.origin, str(self.size), root, *self.more))

    def __str__(self) -> str:
        """Return the note: the text, and the signatures under it."""
        if not self.signatures:
            return self.text
        return self.text + "\n" + "".join(f"{each}\n" for each in self.signatures)

    @classmethod
    def read(cls, text: str) -> SignedCheckpoint:
        """Return the checkpoint in a text; the end of the last line may be missing.

        Raises:
            InvalidInput: it is none.
        """
        told = text.replace("\r\n", "\n").strip("\n") + "\n"
        if len(told) > _MOST or _NO_TEXT.search(told):
            raise _bad(text)
        body, _, under = told.rpartition("\n\n")
        if not body:
            body, under = under.removesuffix("\n"), ""
        lines = body.split("\n")
        signatures = [_signature(line) for line in under.splitlines()]
        if len(lines) < 3 or not all(lines) or None in signatures:
            raise _bad(text)
        origin, size, root, *more = lines
        content = _decoded(root)
        if not _SIZE.fullmatch(size) or content is None or len(content) != SIZE:
            raise _bad(text)
        return cls(
            origin=origin,
            size=int(size),
            root=content,
            more=tuple(more),
            signatures=tuple(each for each in signatures if each is not None),
        )

    # ------------------------------------------------------------------ signatures

    def signed(self, signer: Signer) -> SignedCheckpoint:
        """Return a copy with the signature of the log's own key."""
        key = VerifierKey.of(signer, ED25519)
        return self._with(Signature(key.name, key.id, signer.sign(self.text.encode())))

    def cosigned(self, signer: Signer, at: dt.datetime) -> SignedCheckpoint:
        """Return a copy with the signature of a witness, who saw it at the time `at` (aware)."""
        key = VerifierKey.of(signer, COSIGNATURE)
        seconds = int(at.timestamp())
        value = signer.sign(_cosigned(self.text, seconds))
        return self._with(Signature(key.name, key.id, seconds.to_bytes(8, "big") + value))

    def _with(self, signature: Signature) -> SignedCheckpoint:
        return attrs.evolve(self, signatures=(*self.signatures, signature))

    def check(self, keys: Iterable[VerifierKey]) -> tuple[CheckedSignature, ...]:
        """Return which of these keys signed it. Signatures of other keys prove nothing.

        Raises:
            InvalidInput: a signature of one of the keys is wrong (all of them are told), or none
                of the keys signed it; or `cryptography` is not installed.
        """
        known = {(key.name, key.id): key for key in keys}
        fitting: list[CheckedSignature] = []
        wrong: list[CheckedSignature] = []
        for each in self.signatures:
            key = known.get((each.name, each.key_id))
            if key is None:
                continue
            if key.kind == ED25519:
                fits, at = key.fits(self.text.encode(), each.value), None
            else:
                fits, at = self._fits(key, each.value)
            (fitting if fits else wrong).append(CheckedSignature(key, at))
        if wrong or not fitting:
            named = ", ".join(each.key.name for each in wrong)
            raise _unsigned(self, named)
        return tuple(fitting)

    def _fits(self, key: VerifierKey, value: bytes) -> tuple[bool, dt.datetime | None]:
        seconds = int.from_bytes(value[:8], "big")
        if len(value) != 72 or seconds > _LAST:
            return False, None
        at = dt.datetime.fromtimestamp(seconds, dt.UTC)
        return key.fits(_cosigned(self.text, seconds), value[8:]), at


_LAST = int(dt.datetime(9999, 12, 31, tzinfo=dt.UTC).timestamp())


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _signature(line: str) -> Signature | None:
    found = _SIGNATURE.fullmatch(line)
    content = _decoded(found[2]) if found else None
    if found is None or content is None or len(content) < 5 or "+" in found[1]:
        return None
    return Signature(found[1], content[:4], content[4:])


def _decoded(text: str) -> bytes | None:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content).decode() == text else None


# --------------------------------------------------------------------------- consistency


@frozen(kw_only=True)
class Extended:
    """A checkpoint with the proof that it extends an older one of `old` leaves: what is sent to a
    witness (C2SP `tlog-witness`, `add-checkpoint`)."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: SignedCheckpoint

    def __str__(self) -> str:
        """Return it as it is sent."""
        hashes = "".join(f"{base64.b64encode(each).decode()}\n" for each in self.proof)
        return f"old {self.old}\n{hashes}\n{self.checkpoint}"

    @classmethod
    def read(cls, text: str) -> Extended:
        """Return what was sent.

        Raises:
            InvalidInput: it is no such text.
        """
        head, _, note = text.replace("\r\n", "\n").partition("\n\n")
        first, *lines = head.split("\n")
        hashes = [_decoded(line) for line in lines]
        old = first.removeprefix("old ")
        if (
            first == old
            or not _SIZE.fullmatch(old)
            or len(lines) > _MOST_PROOF
            or any(each is None or len(each) != SIZE for each in hashes)
        ):
            raise _bad(text)
        return cls(
            old=int(old),
            proof=tuple(each for each in hashes if each is not None),
            checkpoint=SignedCheckpoint.read(note),
        )

    def extends(self, seen: SignedCheckpoint) -> bool:
        """Say whether the proof shows that nothing was removed since `seen`."""
        return (
            self.checkpoint.origin == seen.origin
            and self.old == seen.size
            and consistent(
                seen.size, seen.root, self.checkpoint.size, self.checkpoint.root, self.proof
            )
        )


def witness(
    sent: Extended,
    seen: SignedCheckpoint | None,
    keys: Sequence[VerifierKey],
    signer: Signer,
    at: dt.datetime,
) -> SignedCheckpoint:
    """Return the checkpoint that was sent, cosigned; `seen` is the newest of this log that the
    witness has cosigned (None: none yet), `keys` are the keys that it trusts for the log.

    Raises:
        InvalidInput: it is not signed by one of the keys, or not proved to go on from `seen`:
            nothing is signed.
    """
    sent.checkpoint.check(keys)
    if seen is None:
        if sent.old == 0 and not sent.proof:
            return sent.checkpoint.cosigned(signer, at)
    elif sent.extends(seen):
        return sent.checkpoint.cosigned(signer, at)
    before = 0 if seen is None else seen.size
    raise invalid(
        "not_consistent",
        value=f"old {sent.old}",
        ko=f"앞서 확인한 {before}건에서 이어진다는 증명이 없습니다: 기록이 되돌려졌을 수 있습니다. "
        "서명하지 않았습니다.",
        en=f"there is no proof that it extends the {before} leaves cosigned before: something may "
        "have been undone. Nothing was signed",
    )


# --------------------------------------------------------------------------- problems


def _bad(text: str) -> InvalidInput:
    return invalid(
        "bad_checkpoint",
        value=text[:100],
        ko="확인값이 아닙니다. 첫 줄은 기록의 이름, 둘째 줄은 건수, 셋째 줄은 해시(base64)여야 "
        "합니다(C2SP tlog-checkpoint).",
        en="not a checkpoint: expected the log's name, its size and its root hash (base64), a line "
        "each (C2SP tlog-checkpoint)",
    )


def _unsigned(point: SignedCheckpoint, wrong: str) -> InvalidInput:
    if wrong:
        return invalid(
            "wrong_signature",
            value=wrong,
            ko=f"{point.origin} {point.size}건: '{wrong}'의 서명이 맞지 않습니다. 확인값이 "
            "위조되었거나 바뀌었습니다.",
            en=f"{point.origin} at {point.size}: the signature of '{wrong}' does not fit: it was "
            "forged or edited",
        )
    names = ", ".join(dict.fromkeys(each.name for each in point.signatures)) or "-"
    return invalid(
        "not_signed",
        value=names,
        ko=f"{point.origin} {point.size}건: 주어진 키로 서명한 확인값이 아닙니다(서명: {names}).",
        en=f"{point.origin} at {point.size}: signed by none of the keys given (but by: {names})",
    )
