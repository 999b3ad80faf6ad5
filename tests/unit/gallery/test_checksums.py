"""Checksums of vectors: a change is found, also where two changes might cancel."""

import itertools

import numpy as np

from facenet_res.gallery.checksums import CHUNK_ROWS, vector_sums


def test_any_two_flipped_bits_are_found() -> None:
    # Every pair of high bits of 64 words, the signs of float32 values among them.
    words = np.random.default_rng(0).integers(0, 1 << 63, (1, 64)).astype(np.uint64)
    whole = vector_sums(words)[0]
    for first, second in itertools.combinations(range(64), 2):
        for bits in ((63, 63), (63, 31), (31, 31), (62, 63)):
            damaged = words.copy()
            for word, bit in zip((first, second), bits, strict=True):
                damaged[0, word] ^= np.uint64(1) << np.uint64(bit)
            assert vector_sums(damaged)[0] != whole


def test_rows_are_summed_on_their_own_whatever_their_number() -> None:
    words = np.random.default_rng(1).integers(0, 1 << 63, (2 * CHUNK_ROWS + 3, 4)).astype(np.uint64)
    alone = [int(vector_sums(words[row : row + 1])[0]) for row in range(len(words))]
    assert vector_sums(words).tolist() == alone
    assert vector_sums(words[:0]).tolist() == []
