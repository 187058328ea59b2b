"""The Merkle tree, by the published vectors of Certificate Transparency and by the definition."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalflow.audit.merkle import Leaves, Tree, consistency_proof, consistent, leaf_hash, root_of

# The test vectors of RFC 6962's reference implementation: inputs, roots, consistency proofs.
INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
          "606162636465666768696a6b6c6d6e6f")  # fmt: skip
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
PROOFS = {
    (1, 1): (),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
    (6, 7): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
KNOWN = Leaves(leaf_hash(bytes.fromhex(each)) for each in INPUTS)
MANY = Leaves(leaf_hash(bytes([place])) for place in range(70))


def test_the_published_roots_come_out():
    assert [root_of(KNOWN, size).hex() for size in range(9)] == list(ROOTS)


@pytest.mark.parametrize("sizes", PROOFS)
def test_the_published_proofs_come_out(sizes):
    assert tuple(each.hex() for each in consistency_proof(KNOWN, *sizes)) == PROOFS[sizes]


def defined(leaves: list[bytes]) -> bytes:
    """Return the root by the definition in RFC 6962, 2.1, as it stands there."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + defined(leaves[:half]) + defined(leaves[half:])).digest()


def test_a_tree_that_grows_has_the_root_of_the_definition_at_every_size():
    tree = Tree()
    for size, leaf in enumerate(MANY):
        assert tree.root() == defined(list(MANY)[:size])
        tree.add(leaf)
    assert tree.root() == defined(list(MANY)) == root_of(MANY)


sizes = st.integers(0, 70).flatmap(lambda new: st.tuples(st.integers(0, new), st.just(new)))


@given(sizes=sizes)
def test_every_proof_proves_that_nothing_was_taken_back(sizes):
    old, new = sizes
    proof = consistency_proof(MANY, old, new)
    assert consistent(old, root_of(MANY, old), new, root_of(MANY, new), proof)


@given(sizes=sizes, place=st.integers(0, 69), edit=st.data())
def test_no_proof_fits_where_a_leaf_of_before_was_changed(sizes, place, edit):
    old, new = sizes
    if not 0 <= place < old:
        return
    forged = Leaves(each if at != place else leaf_hash(b"x") for at, each in enumerate(MANY))
    for leaves in (MANY, forged):
        proof = consistency_proof(leaves, old, new)
        assert not consistent(old, root_of(MANY, old), new, root_of(forged, new), proof)
    assert not consistent(old, root_of(forged, old), new, root_of(MANY, new), proof)


@given(sizes=sizes, data=st.data())
def test_a_proof_that_was_edited_fits_nothing(sizes, data):
    old, new = sizes
    proof = consistency_proof(MANY, old, new)
    edited = list(proof)
    if edited and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(edited) - 1))
        edited[place] = bytes(32) if data.draw(st.booleans()) else edited[0][::-1]
    elif edited and data.draw(st.booleans()):
        del edited[data.draw(st.integers(0, len(edited) - 1))]
    else:
        edited.append(bytes(32))
    if edited != proof:
        assert not consistent(old, root_of(MANY, old), new, root_of(MANY, new), edited)


@pytest.mark.parametrize(("old", "new"), [(3, 2), (-1, 2), (0, 71)])
def test_there_is_no_proof_of_what_cannot_be(old, new):
    with pytest.raises(ValueError, match="no proof"):
        consistency_proof(MANY, old, new)
