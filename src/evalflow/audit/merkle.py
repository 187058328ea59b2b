"""The Merkle tree of RFC 6962 (section 2.1): roots, and proofs that nothing was taken back.

A tree over the first n leaves of a log that only grows. Leaves come in as their hashes, in order;
a root needs no more memory than the tree is high.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

SIZE = 32
"""The bytes of a hash (SHA-256)."""


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\0" + content).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """A tree that grows leaf by leaf; `size` is how many leaves it has."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """Begin with these leaves' hashes."""
        self.size = 0
        self._peaks: list[bytes] = []  # roots of the whole subtrees, the greatest first
        for each in leaves:
            self.add(each)

    def add(self, leaf: bytes) -> None:
        """Append a leaf, given as its hash."""
        self.size += 1
        self._peaks.append(leaf)
        whole = self.size
        while not whole & 1:
            right = self._peaks.pop()
            self._peaks[-1] = _node(self._peaks[-1], right)
            whole >>= 1

    def root(self) -> bytes:
        """Return the root over all leaves so far; of none, the hash of nothing."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = _node(peak, root)
        return root


class Leaves(Sequence[bytes]):
    """The hashes of leaves, kept side by side: 32 bytes each."""

    def __init__(self, hashes: Iterable[bytes] = ()) -> None:
        """Keep these."""
        self._bytes = bytearray()
        for each in hashes:
            self.append(each)

    def append(self, leaf: bytes) -> None:
        """Keep one more."""
        self._bytes += leaf

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._bytes) // SIZE

    def __getitem__(self, place: int) -> bytes:  # type: ignore[override]
        """Return the hash at a place, from 0 on."""
        if not 0 <= place < len(self):
            raise IndexError(place)
        return bytes(self._bytes[place * SIZE : (place + 1) * SIZE])


def root_of(leaves: Sequence[bytes], size: int | None = None) -> bytes:
    """Return the root over the first `size` leaves (None: all)."""
    return _subtree(leaves, 0, len(leaves) if size is None else size)


def _subtree(leaves: Sequence[bytes], first: int, end: int) -> bytes:
    return Tree(leaves[place] for place in range(first, end)).root()


def consistency_proof(leaves: Sequence[bytes], old: int, new: int) -> list[bytes]:
    """Return the proof that the tree over `old` leaves is a beginning of the one over `new`
    (RFC 6962, 2.1.2); empty where there is nothing to prove.

    Raises:
        ValueError: `old` lies above `new`, or there are no so many leaves.
    """
    if not 0 <= old <= new <= len(leaves):
        raise ValueError(f"no proof from {old} to {new} over {len(leaves)} leaves")
    if old in (0, new):
        return []
    proof: list[bytes] = []
    first, end, known = 0, new, True
    while old - first != end - first:
        half = 1 << ((end - first - 1).bit_length() - 1)  # the greatest power of 2 below
        if old - first <= half:
            proof.append(_subtree(leaves, first + half, end))
            end = first + half
        else:
            proof.append(_subtree(leaves, first, first + half))
            first += half
            known = False
    if not known:
        proof.append(_subtree(leaves, first, end))
    proof.reverse()
    return proof


def consistent(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Say whether the proof shows that the tree with `old_root` is a beginning of the one with
    `new_root` (RFC 9162, 2.1.4.2)."""
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == Tree().root()
    if old > new:
        return False
    path = list(proof)
    if not old & (old - 1):  # a whole subtree, whose root need not be sent
        path.insert(0, old_root)
    if not path:
        return False
    old, new = old - 1, new - 1
    while old & 1:
        old, new = old >> 1, new >> 1
    was = now = path[0]
    for each in path[1:]:
        if new == 0:
            return False
        if old & 1 or old == new:
            was, now = _node(each, was), _node(each, now)
            while not old & 1 and old:
                old, new = old >> 1, new >> 1
        else:
            now = _node(now, each)
        old, new = old >> 1, new >> 1
    return new == 0 and was == old_root and now == new_root
