"""The signer kit passes our signer and a plain good one, and catches every bad one."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import pytest

from evalflow import PluginError
from evalflow.plugins import Plugins, Signer, hookimpl, make_key
from evalflow.plugins.signer import Ed25519, Ed25519Options
from evalflow.testing import SignerConformance

pytest.importorskip(
    "cryptography", reason="not on this machine: cryptography (pip install cryptography)"
)


@pytest.fixture
def made(tmp_path: Any) -> Ed25519:
    make_key("office.example/evalflow", tmp_path / "key")
    return Ed25519(Ed25519Options(key=str(tmp_path / "key")))


class TestOurs(SignerConformance):
    @pytest.fixture
    def signer(self, made: Ed25519) -> Signer:
        return made


class TestAsTheEngineHasIt(SignerConformance):
    @pytest.fixture
    def signer(self, made: Ed25519, tmp_path: Any) -> Signer:
        return Plugins.load([]).signer("ed25519", {"key": str(tmp_path / "key")})


# --------------------------------------------------------------------------- bad ones


class Bad:
    def __init__(self, good: Ed25519) -> None:
        self.good = good
        self.name = good.name
        self.public_key = good.public_key

    def sign(self, message: bytes) -> Any:
        return self.good.sign(message)


class NameWithSpace(Bad):
    def __init__(self, good: Ed25519) -> None:
        super().__init__(good)
        self.name = "our office"


class OtherKey(Bad):
    def __init__(self, good: Ed25519) -> None:
        super().__init__(good)
        self.public_key = bytes(32)


class ShortKey(Bad):
    def __init__(self, good: Ed25519) -> None:
        super().__init__(good)
        self.public_key = good.public_key[:31]


class ChangesItsName(Bad):
    def sign(self, message: bytes) -> Any:
        self.name += "x"
        return super().sign(message)


class SignsAHash(Bad):
    def sign(self, message: bytes) -> Any:
        return super().sign(message[:64])


class Text(Bad):
    def sign(self, message: bytes) -> Any:
        return super().sign(message).hex()


class AddsSomething(Bad):
    counted = itertools.count()

    def sign(self, message: bytes) -> Any:
        return super().sign(message + str(next(self.counted)).encode())


class OneAtATime(Bad):
    message = b""

    def sign(self, message: bytes) -> Any:
        self.message = message
        import time

        time.sleep(0.02)
        return super().sign(self.message)


KIT = [name for name, _ in inspect.getmembers(SignerConformance, inspect.isfunction)]
TESTS = [name for name in KIT if name.startswith("test_")]


def failing(signer: Any) -> set[str]:
    kit, found = SignerConformance(), set()
    for name in TESTS:
        try:
            getattr(kit, name)(signer)
        except Exception:
            found.add(name)
    return found


@pytest.mark.parametrize(
    "bad",
    [NameWithSpace, OtherKey, ShortKey, ChangesItsName, SignsAHash, Text, AddsSomething,
     OneAtATime],
)  # fmt: skip
def test_the_kit_catches_what_breaks_the_contract(made, bad):
    assert failing(made) == set()
    assert failing(bad(made))


def test_every_test_of_the_kit_catches_something(made):
    caught = [failing(bad(made)) for bad in Bad.__subclasses__()]
    assert set().union(*caught) == set(TESTS)


@pytest.mark.parametrize("bad", [NameWithSpace, ShortKey, Text])
def test_a_bad_signer_is_a_plugin_that_broke(made, bad):
    class Theirs:
        @hookimpl
        def evalflow_signers(self):
            return {"theirs": lambda: bad(made)}

    def sign() -> bytes:
        return Plugins.load([Theirs()]).signer("theirs").sign(b"something")

    with pytest.raises(PluginError, match="Theirs"):
        sign()
