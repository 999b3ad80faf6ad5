"""Checksums of the gallery's rows and vectors, and the hash chain of its log.

A checksum covers every column of a row, its number among them: a row that was altered, or took
another row's place, does not match. They find damage; they do not stop an attacker, who can
compute them too.
"""

import functools
import hashlib
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WORD_BYTES = 8
SALT_BYTES = 16
CHUNK_ROWS = 1024
CHAIN_START = bytes(32)
_WRAP = 1 << 64


def row_checksum(row: Sequence[object]) -> int:
    """64 bits over every value of a row and its type, as SQLite's signed integer."""
    digest = hashlib.blake2b(_canonical(row), digest_size=WORD_BYTES).digest()
    return int.from_bytes(digest, "big", signed=True)


def add_checksums(total: int, added: int) -> int:
    """The sum of row checksums as a signed 64-bit integer; it does not depend on their order."""
    return (total + added + _WRAP // 2) % _WRAP - _WRAP // 2


def chain_hash(previous: bytes, row: Sequence[object]) -> bytes:
    """SHA-256 of an entry of the log and of the hash before it."""
    return hashlib.sha256(previous + _canonical(row)).digest()


def new_salt() -> str:
    """128 random bits in hexadecimal digits."""
    return os.urandom(SALT_BYTES).hex()


def commitment_to(text: str, salt: str) -> str:
    """A hash of a text that says nothing about it to whoever lacks the salt."""
    return keyed_hash(text, salt, SALT_BYTES)


def keyed_hash(text: str, key: str, size_bytes: int = 32) -> str:
    """BLAKE2b of a text under a key, both but the text in hexadecimal digits."""
    key_bytes = bytes.fromhex(key)
    return hashlib.blake2b(text.encode(), key=key_bytes, digest_size=size_bytes).hexdigest()


def vector_sums(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """A checksum for each vector: the sum of its mixed 64-bit words times odd numbers, modulo 2^64.

    Any change within one word is found: mixing is a bijection and the multiplier odd, so the
    product changes. Mixing also carries each high bit to a low one: without it a flipped bit 63
    adds 2^63 whatever the multiplier, and two flipped signs would cancel. It runs at the speed of
    memory, so that opening can check a million vectors.

    Args:
        words: uint64[N, W], the bytes of the vectors.
    """
    factors = _odd_numbers(words.shape[1])
    sums = np.empty(len(words), np.uint64)
    # A few rows at a time: what is mixed stays in the processor's cache.
    for begin in range(0, len(words), CHUNK_ROWS):
        part = words[begin : begin + CHUNK_ROWS]
        mixed = part ^ (part >> np.uint64(32))
        np.einsum("ij,j->i", mixed, factors, out=sums[begin : begin + CHUNK_ROWS])
    return sums.view(np.int64)


def _canonical(row: Sequence[object]) -> bytes:
    """Python's notation in ASCII: exact for numbers, and no version of Unicode plays a part."""
    return ascii(tuple(row)).encode("ascii")


@functools.cache
def _odd_numbers(count: int) -> NDArray[np.uint64]:
    """Fixed odd multipliers: SplitMix64 of 1, 2, 3, ... (Steele et al. 2014)."""
    mixed = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    odd: NDArray[np.uint64] = (mixed ^ (mixed >> np.uint64(31))) | np.uint64(1)
    odd.flags.writeable = False
    return odd
