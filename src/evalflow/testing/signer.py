"""The signer kit: what every signer of checkpoints must do, as tests to inherit.

    import pytest
    from evalflow.testing import SignerConformance
    from evalflow_card import CardSigner

    class TestCardSigner(SignerConformance):
        @pytest.fixture
        def signer(self, card):     # a test card, or a key made for the test
            return CardSigner(card)

What is signed is checked by `cryptography`, whatever signed it.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import threading

import pytest

from evalflow import SignedCheckpoint
from evalflow.plugins import Signer, VerifierKey

POINT = SignedCheckpoint(origin="office.example/evalflow/gu", size=7, root=bytes(range(32)))


class SignerConformance:
    """Tests that a signer keeps its contract; inherit them and give `signer`."""

    @pytest.fixture
    def signer(self) -> Signer:
        """Return the signer."""
        raise NotImplementedError("give a fixture `signer`; see evalflow.testing.signer")

    def test_its_name_and_its_public_key_make_a_key_that_others_can_be_given(
        self, signer: Signer
    ) -> None:
        assert isinstance(signer, Signer)
        key = VerifierKey.of(signer)
        assert VerifierKey.read(str(key)) == key

    def test_its_name_and_its_public_key_stay_the_same(self, signer: Signer) -> None:
        before = (signer.name, signer.public_key)
        signer.sign(b"something")
        assert (signer.name, signer.public_key) == before

    def test_what_it_signs_is_accepted_by_its_public_key(self, signer: Signer) -> None:
        key = VerifierKey.of(signer)
        for message in (b"", b"x", "확인값\n".encode(), bytes(range(256)) * 400):
            signature = signer.sign(message)
            assert isinstance(signature, bytes)
            assert key.fits(message, signature)
            assert not key.fits(message + b"\n", signature)

    def test_a_checkpoint_that_it_signs_is_its_own(self, signer: Signer) -> None:
        (signed,) = POINT.signed(signer).check([VerifierKey.of(signer)])
        assert signed.key.name == signer.name

    def test_the_same_message_has_the_same_signature(self, signer: Signer) -> None:
        # RFC 8032: nothing random goes into it.
        assert signer.sign(b"something") == signer.sign(b"something")

    def test_several_threads_may_sign_at_once(self, signer: Signer) -> None:
        messages = [f"message {number}".encode() for number in range(8)]
        signatures: dict[bytes, bytes] = {}
        threads = [
            threading.Thread(target=lambda each=each: signatures.update({each: signer.sign(each)}))
            for each in messages
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        key = VerifierKey.of(signer)
        assert set(signatures) == set(messages)
        assert all(key.fits(message, signature) for message, signature in signatures.items())
