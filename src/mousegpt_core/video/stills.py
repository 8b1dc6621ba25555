"""Stills: a frame cut to the animal, with its skeleton drawn on it, as JPEG."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import SettingsError
from mousegpt_core.video.contract import FilmLike, Image

Box = tuple[float, float, float, float]
_COLOUR = (255, 196, 0)


def crop_to_animal(
    frame: Image,
    keypoints_xy: NDArray[np.floating] | None = None,
    *,
    margin: float = 35.0,
    size: tuple[int, int] = (448, 448),
) -> tuple[Image, Box]:
    """Cut a frame to the keypoints, keep the shape of things, and scale it.

    The margin is MouseGPT's 35 px on each side of the tight box.

    Parameters
    ----------
    frame : array of shape (height, width, 3) or (height, width)
        uint8, RGB or grey.
    keypoints_xy : array of shape (keypoint, 2), optional
        Pixels; NaN = not seen. Without any the whole frame is kept.
    margin : float
        Pixels of the film around the tight box of the keypoints.
    size : (int, int)
        Width and height of the result in pixels.

    Returns
    -------
    image : array of shape (size[1], size[0], 3)
        uint8; black where the cut reaches beyond the frame.
    box : (left, top, right, bottom)
        The cut, in pixels of the film.

    Raises
    ------
    SettingsError
        If `size` or `margin` is impossible.
    """
    from PIL import Image as Pillow

    if min(size) < 1 or margin < 0:
        raise SettingsError(
            f"impossible cut: size {size}, margin {margin}", hint="use positive sizes"
        )
    box = animal_box(frame.shape[:2], keypoints_xy, margin, size[0] / size[1])
    picture = Pillow.fromarray(frame).convert("RGB")
    outer = (
        int(np.floor(box[0])),
        int(np.floor(box[1])),
        int(np.ceil(box[2])),
        int(np.ceil(box[3])),
    )
    cut = picture.crop(outer).resize(size, Pillow.Resampling.BILINEAR)
    return np.asarray(cut, dtype=np.uint8), tuple(map(float, outer))  # type: ignore[return-value]


def draw_skeleton(
    image: Image,
    keypoints_xy: NDArray[np.floating],
    edges: Sequence[tuple[int, int]] = (),
    *,
    radius: float = 3.0,
    colour: tuple[int, int, int] = _COLOUR,
) -> Image:
    """Draw keypoints and the lines between them.

    Parameters
    ----------
    image : array of shape (height, width, 3)
        uint8, RGB; not changed.
    keypoints_xy : array of shape (keypoint, 2)
        Pixels of the image; NaN = not drawn.
    edges : sequence of (int, int)
        Pairs of keypoints to join.
    radius : float
        Of a dot, in pixels.
    colour : (int, int, int)
        Red, green, blue.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw

    picture = Pillow.fromarray(image)
    pen = ImageDraw.Draw(picture)
    points = np.asarray(keypoints_xy, dtype=np.float64).clip(-1e5, 1e5)
    seen = np.isfinite(points).all(axis=1)
    for a, b in edges:
        if seen[a] and seen[b]:
            pen.line(
                [tuple(points[a]), tuple(points[b])], fill=colour, width=max(1, int(radius / 2))
            )
    for x, y in points[seen]:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return np.asarray(picture, dtype=np.uint8)


def still(
    film: FilmLike,
    frame_number: int,
    keypoints_xy: NDArray[np.floating] | None = None,
    *,
    edges: Sequence[tuple[int, int]] = (),
    margin: float = 35.0,
    size: tuple[int, int] = (448, 448),
    draw: bool = False,
) -> Image:
    """A frame of a film, cut to the animal.

    Parameters
    ----------
    film : FilmLike
        The film.
    frame_number : int
        The frame.
    keypoints_xy : array of shape (keypoint, 2), optional
        Pixels of the film; without them the whole frame is shown.
    edges : sequence of (int, int)
        Lines to draw between keypoints.
    margin, size
        As in `crop_to_animal`.
    draw : bool
        Whether to draw the skeleton.

    Returns
    -------
    array of shape (size[1], size[0], 3)
        uint8, RGB.

    Raises
    ------
    VideoError
        If the frame cannot be decoded.
    """
    image, (left, top, right, bottom) = crop_to_animal(
        film.frame(frame_number), keypoints_xy, margin=margin, size=size
    )
    if not draw or keypoints_xy is None:
        return image
    scale = np.array([size[0] / (right - left), size[1] / (bottom - top)])
    return draw_skeleton(image, (np.asarray(keypoints_xy)[:, :2] - [left, top]) * scale, edges)


def animal_box(
    frame_shape: tuple[int, ...],
    keypoints_xy: NDArray[np.floating] | None,
    margin: float,
    aspect: float,
) -> Box:
    """Box around the keypoints that lie near the frame; around the whole frame without any.

    Parameters
    ----------
    frame_shape : (int, int)
        Height and width of the frame in pixels.
    keypoints_xy : array of shape (keypoint, 2), optional
        Pixels; NaN = not seen.
    margin : float
        Pixels around the tight box.
    aspect : float
        Width over height of the box.

    Returns
    -------
    (left, top, right, bottom)
        Pixels; may reach beyond the frame.
    """
    height, width = frame_shape
    low, high = np.array([0.0, 0.0]), np.array([float(width), float(height)])
    if keypoints_xy is not None:
        points = np.asarray(keypoints_xy, dtype=np.float64)[:, :2]
        with np.errstate(invalid="ignore"):
            inside = ((points >= -margin) & (points <= high + margin)).all(axis=1)
        if inside.any():
            low, high = points[inside].min(axis=0) - margin, points[inside].max(axis=0) + margin
    centre, extent = (low + high) / 2, np.maximum(high - low, 2.0)
    extent = np.maximum(extent, [extent[1] * aspect, extent[0] / aspect])
    left, top = centre - extent / 2
    right, bottom = centre + extent / 2
    return float(left), float(top), float(right), float(bottom)


def encode_jpeg(image: Image, quality: int = 80) -> bytes:
    """An image as JPEG.

    Parameters
    ----------
    image : array of shape (height, width, 3) or (height, width)
        uint8.
    quality : int
        1 to 95.
    """
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, format="JPEG", quality=quality, optimize=True)
    return buffer.getvalue()
