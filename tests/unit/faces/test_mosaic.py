"""Scales on one canvas: none lost, none overlapping, and P-Net sees each as if it were alone."""

import numpy as np
import pytest

from facenet_res.faces.mosaic import BORDER_PX, CELL_PX, NOWHERE, STEP_PX, canvases
from facenet_res.faces.mtcnn_networks import load_networks
from facenet_res.imaging.pyramid import GREY


def sizes_of(width_px: int, height_px: int, step: float = 0.709) -> tuple[tuple[int, int], ...]:
    """The scales of a picture down to 8 px."""
    sizes = []
    while min(width_px, height_px) >= 8:
        sizes.append((width_px, height_px))
        width_px, height_px = round(width_px * step), round(height_px * step)
    return tuple(sizes)


@pytest.mark.parametrize(
    "size_px", [(384, 288), (288, 384), (151, 150), (9, 9), (1000, 30), (2400, 1800)]
)
@pytest.mark.parametrize("step", [0.5, 0.709, 0.9])
def test_every_scale_has_a_place_of_its_own(size_px: tuple[int, int], step: float) -> None:
    sizes_px = sizes_of(*size_px, step)
    seen: list[int] = []
    for canvas in canvases(sizes_px):
        taken = np.zeros((canvas.size_px[1], canvas.size_px[0]), int)
        for row, scale in enumerate(canvas.scales):
            x, y = (canvas.corners_px[row] - BORDER_PX).tolist()
            width_px, height_px = (side + 2 * BORDER_PX for side in sizes_px[scale])
            assert x % STEP_PX == y % STEP_PX == 0
            assert x + width_px <= canvas.size_px[0]
            assert y + height_px <= canvas.size_px[1]
            taken[y : y + height_px, x : x + width_px] += 1
            # Every window within the scale and its border belongs to it.
            rows, columns = (side - CELL_PX for side in (height_px, width_px))
            owned = canvas.owners[
                y // STEP_PX : (y + rows) // STEP_PX + 1,
                x // STEP_PX : (x + columns) // STEP_PX + 1,
            ]
            assert (owned == row).all()
        assert taken.max() == 1
        seen += canvas.scales
    assert seen == list(range(len(sizes_px)))


def test_little_of_a_canvas_is_empty() -> None:
    # Given the scales of a photograph of 640x480 px from faces of 20 px on.
    sizes_px = sizes_of(384, 288)
    (canvas,) = canvases(sizes_px)
    used = sum((width + 2 * BORDER_PX) * (height + 2 * BORDER_PX) for width, height in sizes_px)
    # Then nine tenths of the canvas are theirs.
    assert used >= 0.9 * np.prod(canvas.size_px)


def test_large_scales_have_canvases_of_their_own() -> None:
    # Given a photograph of 12 MP searched for small faces, then memory stays that of one scale.
    sizes_px = sizes_of(2400, 1800)
    widest = max(np.prod(canvas.size_px) for canvas in canvases(sizes_px))
    assert len(canvases(sizes_px)) > 1
    assert widest <= np.prod([side + 2 * BORDER_PX + 1 for side in sizes_px[0]])


def test_no_scales_need_no_canvas() -> None:
    assert canvases(()) == ()


def test_the_network_sees_a_scale_on_the_canvas_as_it_sees_it_alone() -> None:
    # Given five scales of noise on one canvas.
    sizes_px = sizes_of(90, 68)
    (canvas,) = canvases(sizes_px)
    noise = np.random.default_rng(0)
    pieces = [noise.integers(0, 256, (height, width, 3), np.uint8) for width, height in sizes_px]
    pixels = np.full((canvas.size_px[1], canvas.size_px[0], 3), GREY, np.uint8)
    for (x, y), piece in zip(canvas.corners_px.tolist(), pieces, strict=True):
        pixels[y : y + piece.shape[0], x : x + piece.shape[1]] = piece
    propose, _, _ = load_networks()
    together = propose(pixels[None])[0][0]
    for row, piece in enumerate(pieces):
        # When each is run alone.
        border = ((BORDER_PX, BORDER_PX), (BORDER_PX, BORDER_PX), (0, 0))
        alone = propose(np.pad(piece, border, constant_values=GREY)[None])[0][0]
        # Then all windows of an even side agree; an odd side's last row hangs over the edge.
        height, width = ((side + 2 * BORDER_PX - CELL_PX) // STEP_PX for side in piece.shape[:2])
        x, y = ((canvas.corners_px[row] - BORDER_PX) // STEP_PX).tolist()
        np.testing.assert_allclose(
            together[y : y + height, x : x + width], alone[:height, :width], atol=1e-5
        )
    assert (canvas.owners != NOWHERE).any()
