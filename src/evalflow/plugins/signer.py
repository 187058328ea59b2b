"""What signs checkpoints with an office's key, and the built-in signer: Ed25519 from a key file.

A key file holds one line in the form of Go's `sumdb/note`: `PRIVATE+KEY+name+id+base64`. The key
that others check with is `name+id+base64` (a verifier key, "vkey": C2SP `signed-note`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from types import ModuleType
from typing import Protocol, runtime_checkable

from evalflow.errors import InvalidInput, invalid
from evalflow.files.inputs import opened_text
from evalflow.model.values import frozen

ED25519 = 1
"""The type of an Ed25519 signature of a note (C2SP `signed-note`)."""

COSIGNATURE = 4
"""The type of a witness's Ed25519 signature with its time (C2SP `tlog-cosignature`)."""

_PRIVATE = "PRIVATE+KEY+"
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f\ud800-\udfff]{1,200}")


@runtime_checkable
class Signer(Protocol):
    """Signs with one Ed25519 key: from a file, on a card, in another office's service.

    `name` is the key's name, such as `seodaemun.go.kr/evalflow`, without spaces and `+`;
    `public_key` are its 32 bytes (RFC 8032).
    """

    @property
    def name(self) -> str:
        """The key's name."""

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the public key."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the Ed25519 signature of `message`.

        Raises:
            Exception: it cannot be signed now; nothing is signed.
        """


@frozen
class VerifierKey:
    """The public half of a key: its name, the type of its signatures, 32 bytes."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The first four bytes of the hash by which signatures name the key."""
        told = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(told).digest()[:4]

    def __str__(self) -> str:
        """Return it as it is handed out: `name+id+base64`."""
        material = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{material}"

    @classmethod
    def read(cls, text: str) -> VerifierKey:
        """Return the key in a text `name+id+base64`.

        Raises:
            InvalidInput: it is none, of a type other than Ed25519, or its id is another key's.
        """
        name, key_id, material = _parts(text.strip())
        if not (name and material and len(material) == 33 and material[0] in _KINDS):
            raise _bad_key(text)
        key = cls(name, material[0], material[1:])
        if key.id.hex() != key_id:
            raise _bad_key(text)
        return key

    @classmethod
    def of(cls, signer: Signer, kind: int = ED25519) -> VerifierKey:
        """Return what checks a signer's signatures of one type."""
        return cls(signer.name, kind, signer.public_key)

    def fits(self, message: bytes, signature: bytes) -> bool:
        """Say whether the signature is this key's over the message.

        Raises:
            InvalidInput: `cryptography` is not installed.
        """
        from_bytes = _keys().Ed25519PublicKey.from_public_bytes
        try:
            from_bytes(self.public).verify(signature, message)
        except Exception as error:
            if type(error).__name__ not in ("InvalidSignature", "ValueError"):
                raise
            return False
        return True


_KINDS = (ED25519, COSIGNATURE)


@frozen(kw_only=True)
class Ed25519Options:
    """`key` is the path of the key file that `evalflow audit key` wrote."""

    key: str


class Ed25519:
    """Signs with the key in a file."""

    Options = Ed25519Options

    def __init__(self, options: Ed25519Options) -> None:
        """Read the key.

        Raises:
            InvalidInput: the file cannot be read, or holds no such key; or `cryptography` is not
                installed.
        """
        try:
            with opened_text(options.key, "utf-8") as file:
                text = file.read(1000).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise invalid(
                "no_file",
                file=options.key,
                ko="키 파일을 읽을 수 없습니다.",
                en=f"the key file cannot be read ({type(error).__name__})",
            ) from None
        name, key_id, material = _parts(text.removeprefix(_PRIVATE))
        wrong = not (text.startswith(_PRIVATE) and name and material and len(material) == 33)
        if wrong or material[0] != ED25519:
            raise _bad_file(options.key)
        self._key = _keys().Ed25519PrivateKey.from_private_bytes(material[1:])
        self.name = name
        self.public_key: bytes = self._key.public_key().public_bytes_raw()
        if VerifierKey.of(self).id.hex() != key_id:
            raise _bad_file(options.key)

    def sign(self, message: bytes) -> bytes:
        """Return the signature."""
        signature: bytes = self._key.sign(message)
        return signature


def is_key_name(name: str) -> bool:
    """Say whether a key may be called so: neither spaces nor `+`."""
    return _NAME.fullmatch(name) is not None


def make_key(name: str, path: str | os.PathLike[str]) -> VerifierKey:
    """Make a new key, write it to a new file that only its owner can read, and return its public
    half.

    Raises:
        InvalidInput: the name has a space or a `+`; or `cryptography` is not installed.
        OSError: the file is there already, or cannot be written.
    """
    if not is_key_name(name):
        raise invalid(
            "bad_key_name",
            value=name[:100],
            ko=f"키 이름에는 빈칸과 '+'를 쓸 수 없습니다: '{name[:100]}' "
            "(예: seodaemun.go.kr/evalflow)",
            en=f"a key's name has neither spaces nor '+': '{name[:100]}' "
            "(expected e.g. seodaemun.go.kr/evalflow)",
        )
    key = _keys().Ed25519PrivateKey.generate()
    public = VerifierKey(name, ED25519, key.public_key().public_bytes_raw())
    material = base64.b64encode(bytes([ED25519]) + key.private_bytes_raw()).decode()
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        file.write(f"{_PRIVATE}{name}+{public.id.hex()}+{material}\n")
    return public


def _parts(text: str) -> tuple[str, str, bytes]:
    """Return name, id and key of `name+id+base64`, empty where it is none."""
    name, _, rest = text.partition("+")
    key_id, _, material = rest.partition("+")
    if not _NAME.fullmatch(name) or not re.fullmatch(r"[0-9a-f]{8}", key_id):
        return "", "", b""
    try:
        return name, key_id, base64.b64decode(material, validate=True)
    except (binascii.Error, ValueError):
        return "", "", b""


def _keys() -> ModuleType:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise invalid(
            "not_installed",
            value="cryptography",
            ko="서명하거나 서명을 확인하려면 pip install 'municipal-evalflow[checkpoints]'가 "
            "필요합니다.",
            en="signing, and checking a signature, need "
            "pip install 'municipal-evalflow[checkpoints]'",
        ) from None
    return ed25519


def _bad_key(text: str) -> InvalidInput:
    return invalid(
        "bad_key",
        value=text[:120],
        ko="확인용 키가 아닙니다. 예: seodaemun.go.kr/evalflow+c74f20a3+ARpc2QcUPDhMQegw… "
        "(`evalflow audit key`가 알려 준 것)",
        en="not a verifier key; expected e.g. seodaemun.go.kr/evalflow+c74f20a3+ARpc2QcUPDhMQegw… "
        "(as `evalflow audit key` printed it)",
    )


def _bad_file(path: str) -> InvalidInput:
    return invalid(
        "bad_key_file",
        file=path,
        ko="서명 키 파일이 아닙니다 ('PRIVATE+KEY+이름+…' 한 줄이어야 합니다).",
        en="not a file with a signing key (expected one line 'PRIVATE+KEY+name+…')",
    )
