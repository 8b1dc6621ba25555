"""Frames of film made into the pictures that a model is shown. Pure: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mousegpt_core.describe.protocol_tables import Frames
from mousegpt_core.video import Box, Image, draw_skeleton

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

Floats = NDArray[np.float64]

#: Changes of the drawing are counted here: pictures of another version are other pictures.
DRAWING_VERSION = 1
#: Grey of what is left out.
_GREY = 128
#: Differences from the background (grey levels) that are surely nothing, and surely animal.
_NOTHING, _SURELY = 8.0, 20.0
#: Grey levels of one standard deviation where contrast is evened out, and the least deviation.
_EVEN, _LEAST_DEVIATION = 48.0, 6.0
#: The surroundings over which contrast is evened out, as a share of the picture's width.
_SURROUNDINGS = 1 / 8
_INK, _SHADOW, _TRAIL = (255, 255, 255), (0, 0, 0), (0, 200, 255)


@dataclass(frozen=True, eq=False)
class Seen:
    """One frame of one view, and what is known of it.

    Attributes
    ----------
    image : array of shape (height, width, 3) or (height, width)
        uint8, as the film shows it.
    box : (left, top, right, bottom)
        The part that is shown, in pixels of the film.
    keypoints : array of shape (keypoint, 2), optional
        Pixels of the film; NaN = not seen.
    edges : tuple of (int, int)
        Lines between keypoints.
    trail : array of shape (n, 2), optional
        Where the animal was before, up to now, in pixels of the film.
    background : array like `image`, optional
        The film without the animal.
    px_per_cm : float
        Pixels of the film in a centimetre; nan = not known.
    number, count : int
        Its place among the frames of its clip, from 1, and how many these are.
    """

    image: Image
    box: Box
    keypoints: Floats | None = None
    edges: tuple[tuple[int, int], ...] = ()
    trail: Floats | None = None
    background: Image | None = None
    px_per_cm: float = float("nan")
    number: int = 1
    count: int = 1


def draw_view(seen: Seen, settings: Frames) -> Image:
    """One view as the settings want it.

    Returns
    -------
    array of shape (size[1], size[0], 3)
        uint8, RGB.
    """
    image = seen.image
    if settings.background == "remove" and seen.background is not None:
        image = without_background(image, seen.background)
    picture = cut(image, seen.box, settings.size)
    if settings.contrast == "stretch":
        picture = stretched(picture)
    elif settings.contrast == "local":
        picture = evened(picture)
    left, top, right, bottom = seen.box
    scale = np.array([settings.size[0] / (right - left), settings.size[1] / (bottom - top)])
    if settings.trail_s and seen.trail is not None:
        picture = draw_trail(picture, (seen.trail - [left, top]) * scale)
    if settings.keypoints and seen.keypoints is not None:
        points = (seen.keypoints - [left, top]) * scale
        picture = draw_skeleton(picture, points, seen.edges)
    if settings.scale_bar and np.isfinite(seen.px_per_cm):
        picture = draw_scale_bar(picture, seen.px_per_cm * float(scale[0]))
    if settings.number:
        picture = draw_number(picture, seen.number, seen.count)
    return picture


def cut(image: Image, box: Box, size: tuple[int, int]) -> Image:
    """A part of an image, scaled smoothly to `size` (width, height).

    Parameters
    ----------
    image : array of shape (height, width, 3) or (height, width)
        uint8.
    box : (left, top, right, bottom)
        Whole pixels; black where it reaches beyond the image.
    size : (int, int)
        Width and height of the result.

    Returns
    -------
    array of shape (size[1], size[0], 3)
        uint8.
    """
    from PIL import Image as Pillow

    whole = (int(box[0]), int(box[1]), int(box[2]), int(box[3]))
    part = Pillow.fromarray(image).convert("RGB").crop(whole)
    return np.asarray(part.resize(size, Pillow.Resampling.LANCZOS), dtype=np.uint8)


def whole_box(box: Box, frame_shape: tuple[int, ...]) -> Box:
    """The box in whole pixels, moved into the frame as far as it fits there."""
    height, width = frame_shape[:2]
    sides = [int(np.ceil(box[2] - box[0])), int(np.ceil(box[3] - box[1]))]
    corner = []
    for low, side, limit in zip(box[:2], sides, (width, height), strict=True):
        room = limit - side
        start = round(low)
        corner.append(min(max(start, 0), room) if room >= 0 else room // 2)
    left, top = corner
    return float(left), float(top), float(left + sides[0]), float(top + sides[1])


def without_background(image: Image, background: Image) -> Image:
    """The image with all that is as in the background in plain grey, with soft edges.

    Parameters
    ----------
    image, background : arrays of one shape, (height, width, 3) or (height, width)
        uint8.
    """
    change = np.abs(image.astype(np.float32) - background.astype(np.float32))
    if change.ndim == 3:
        change = change.max(axis=2)
    smooth = ndimage.uniform_filter(change, 5)
    share = np.clip((smooth - _NOTHING) / (_SURELY - _NOTHING), 0, 1)
    if image.ndim == 3:
        share = share[..., None]
    mixed = image * share + _GREY * (1 - share)
    return np.asarray(np.rint(mixed), dtype=np.uint8)


def stretched(image: Image) -> Image:
    """The darkest percent black and the brightest white; a picture of one grey stays."""
    low, high = np.percentile(image, (1, 99))
    if high - low < 1:
        return image
    scaled = (image.astype(np.float32) - low) * (255.0 / (high - low))
    return np.asarray(np.rint(np.clip(scaled, 0, 255)), dtype=np.uint8)


def evened(image: Image) -> Image:
    """Grey, with the same contrast everywhere: each pixel against its surroundings.

    Local normalisation: less the local mean, over the local standard deviation.
    """
    grey = image.astype(np.float32).mean(axis=2) if image.ndim == 3 else image.astype(np.float32)
    width = grey.shape[1] * _SURROUNDINGS
    mean = ndimage.gaussian_filter(grey, width)
    variance = ndimage.gaussian_filter(np.square(grey), width) - np.square(mean)
    deviation = np.sqrt(np.maximum(variance, _LEAST_DEVIATION**2))
    even = np.clip(_GREY + _EVEN * (grey - mean) / deviation, 0, 255)
    return np.repeat(np.asarray(np.rint(even), dtype=np.uint8)[..., None], 3, axis=2)


def draw_trail(image: Image, path: Floats) -> Image:
    """The way that led here: a line from dark (before) to bright (now).

    Parameters
    ----------
    image : array of shape (height, width, 3)
        uint8; not changed.
    path : array of shape (n, 2)
        Pixels; NaN = not known, which leaves a gap.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw

    picture = Pillow.fromarray(image)
    pen = ImageDraw.Draw(picture)
    width = max(2, image.shape[1] // 150)
    steps = len(path) - 1
    for step, (start, stop) in enumerate(pairwise(path), start=1):
        if np.isfinite([*start, *stop]).all():
            share = 0.25 + 0.75 * step / steps
            ink = tuple(round(share * part) for part in _TRAIL)
            pen.line([tuple(start), tuple(stop)], fill=ink, width=width)
    return np.asarray(picture, dtype=np.uint8)


def draw_scale_bar(image: Image, px_per_cm: float) -> Image:
    """A bar of one centimetre, or of the longest of 2, 5, 10, ... that is under a third.

    Parameters
    ----------
    image : array of shape (height, width, 3)
        uint8; not changed.
    px_per_cm : float
        Pixels of the image in a centimetre.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw

    height, width = image.shape[:2]
    room = width / 3 / px_per_cm
    length_cm = max((each for each in (2, 5, 10, 20, 50, 100) if each <= room), default=1)
    picture = Pillow.fromarray(image)
    pen = ImageDraw.Draw(picture)
    left, low = width * 0.04, height * 0.95
    right = left + length_cm * px_per_cm
    thick = max(2, height // 100)
    pen.rectangle((left - 1, low - thick - 1, right + 1, low + 1), fill=_SHADOW)
    pen.rectangle((left, low - thick, right, low), fill=_INK)
    _write(pen, (left, low - thick - height / 60), f"{length_cm} cm", height, anchor="lb")
    return np.asarray(picture, dtype=np.uint8)


def draw_number(image: Image, number: int, count: int) -> Image:
    """The place of a frame among those of its clip, in the upper left corner."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    height, width = image.shape[:2]
    picture = Pillow.fromarray(image)
    place = (width * 0.03, height * 0.03)
    _write(ImageDraw.Draw(picture), place, f"{number}/{count}", height, anchor="la")
    return np.asarray(picture, dtype=np.uint8)


def beside(images: Sequence[Image]) -> Image:
    """Views of one moment side by side."""
    return np.concatenate(images, axis=1)


def sheet(images: Sequence[Image]) -> Image:
    """All on one sheet in reading order, as nearly square as they go.

    Parameters
    ----------
    images : sequence of arrays of shape (height, width, 3)
        uint8, of one size.

    Returns
    -------
    array of shape (rows * height, columns * width, 3)
        What is left over is grey.
    """
    height, width = images[0].shape[:2]
    columns = max(1, min(len(images), round(float(np.sqrt(len(images) * height / width)))))
    rows = -(-len(images) // columns)
    made = np.full((rows * height, columns * width, 3), _GREY, dtype=np.uint8)
    for place, image in enumerate(images):
        row, column = divmod(place, columns)
        made[row * height : (row + 1) * height, column * width : (column + 1) * width] = image
    return made


def median_frame(images: Sequence[Image]) -> Image:
    """The median of each pixel over frames spread over a film: the scene without what moves."""
    return np.asarray(np.median(np.stack(images), axis=0), dtype=np.uint8)


def _write(
    pen: ImageDraw, place: tuple[float, float], text: str, height: int, *, anchor: str
) -> None:
    """Bright letters with a dark edge, readable on any ground."""
    from PIL import ImageFont

    font = ImageFont.load_default(max(11, height // 18))
    edge = max(1, height // 220)
    pen.text(
        place, text, fill=_INK, font=font, anchor=anchor, stroke_width=edge, stroke_fill=_SHADOW
    )
