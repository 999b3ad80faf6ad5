"""The eight ways to lay a picture: four quarter turns, each plain or mirrored.

A turn is an int in [0, 8): bit 4 swaps rows and columns, then bit 2 flips top and bottom, then
bit 1 flips left and right. The low frequencies of a cosine transform turn along exactly, by
swapping and changing signs, so that a fingerprint needs no picture to be turned.
"""

import numpy as np
from numpy.typing import NDArray

TURNS = 8


def turned(picture: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    """The picture, uint8[H, W], laid another way."""
    if turn & 4:
        picture = picture.T
    if turn & 2:
        picture = picture[::-1]
    if turn & 1:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)


def inverse(turn: int) -> int:
    """The turn that undoes another."""
    return (4, 6, 5, 7)[turn & 3] if turn & 4 else turn


def turned_descriptors(descriptors: NDArray[np.float32], turn: int) -> NDArray[np.float32]:
    """What the descriptors, float32[..., S * S], would be of the turned pictures."""
    side = round(descriptors.shape[-1] ** 0.5)
    grid = descriptors.reshape(*descriptors.shape[:-1], side, side)
    if turn & 4:
        grid = np.swapaxes(grid, -1, -2)
    # A flipped picture keeps its even (symmetric) waves and negates its odd ones.
    signs = np.where(np.arange(side) % 2 == 0, 1, -1).astype(np.float32)
    if turn & 2:
        grid = grid * signs[:, None]
    if turn & 1:
        grid = grid * signs
    return np.ascontiguousarray(grid.reshape(descriptors.shape))
