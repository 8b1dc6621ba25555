"""Masks and shapes of the animals in a film, frame by frame, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.pose.background import Background, shrunk
from mousegpt_core.pose.settings import SilhouetteSettings
from mousegpt_core.pose.shape import MIDLINE, Shape, shape_of
from mousegpt_core.pose.tracking import Labels, Tracker
from mousegpt_core.video import FilmLike

Floats = NDArray[np.float64]

#: Frames in one block of the result.
BLOCK_FRAMES = 64
#: Around an animal's box, in half widths of its body, its changes are counted.
_AROUND_BOX = 0.5
#: Steps of grey below so many times the noise between two frames are noise.
_NO_STEP = 3.0
_SCALARS = ("area", "length", "width", "height", "tail", "taper")


def frames_used(film: FilmLike, rate: float) -> range:
    """Numbers of the frames that are looked at: about `rate` a second, evenly."""
    return range(0, len(film), max(1, round(film.fps / rate)))


def silhouettes_in_blocks(
    film: FilmLike,
    background: Background,
    individuals: Sequence[str] = ("mouse",),
    settings: SilhouetteSettings | None = None,
) -> Iterator[xr.Dataset]:
    """Find the animals in each frame of a film, which is read once, in order.

    Parameters
    ----------
    film : FilmLike
        From a camera that stands still.
    background : Background
        From `learn_background`.
    individuals : sequence of str
        Names of the animals.
    settings : SilhouetteSettings, optional
        The rate.

    Yields
    ------
    Dataset
        The next frames (time = the film's own clock, s; ``frame``): ``mask`` (time, y, x; uint8;
        0 = no animal, 1 = the first of the individuals), shrunk, with y and x in pixels of the
        film. In pixels of the film too, NaN where an animal is not found: ``midline`` (time,
        space, point, individual), ``area`` (px^2), ``length``, ``width``, ``height``, ``box``
        (time, edge, individual), ``pixel_speed`` (px/s: that at which the whole outline would
        have to move to change as much of the picture, noise taken off); ``tail`` and ``taper`` as
        in `Shape`; ``merged``, bool.

    Raises
    ------
    VideoError
        If a frame cannot be decoded.
    """
    settings = settings or SilhouetteSettings()
    used = frames_used(film, settings.rate)
    fps = film.fps / used.step
    tracker = Tracker(background, len(individuals), fps)
    motion = _PixelMotion(background, fps)
    rows: list[_Row] = []
    for number, image in film.frames(used):
        grey = shrunk(image, background.shrink)
        labels, merged = tracker.label(grey)
        shapes = [_shape(labels, i + 1, background.radius) for i in range(len(individuals))]
        rows.append((number, labels, shapes, motion.speeds(grey, shapes), merged))
        if len(rows) == BLOCK_FRAMES:
            yield _block(rows, film, background, individuals)
            rows = []
    if rows:
        yield _block(rows, film, background, individuals)


_Row = tuple[int, Labels, list[Shape | None], Floats, NDArray[np.bool_]]


def _shape(labels: Labels, number: int, radius: float) -> Shape | None:
    mask = labels == number
    return shape_of(mask, radius) if mask.any() else None


class _PixelMotion:
    """How much of the picture changes around each animal."""

    def __init__(self, background: Background, fps: float) -> None:
        self._background = background
        self._fps = fps
        self._before: NDArray[np.float32] | None = None
        self._boxes: list[Floats | None] = []

    def speeds(self, grey: NDArray[np.float32], shapes: list[Shape | None]) -> Floats:
        """Speed of each animal's outline that explains what changed since the frame before (px/s).

        A convex outline of perimeter P that moves by d sweeps 2 P d / pi, averaged over directions
        (Cauchy's formula for its projected width). NaN where the animal is not seen in both frames.
        """
        boxes = [None if shape is None else shape.box for shape in shapes]
        found = np.full(len(shapes), np.nan)
        if self._before is not None:
            change = grey - self._before
            step = change - np.median(change[::4, ::4])
            noise = 1.4826 * float(np.median(np.abs(step[::4, ::4])))
            clear = np.maximum(np.abs(step) - _NO_STEP * max(noise, 0.5), 0)
            changed = np.minimum(clear / self._background.contrast, 1.0)
            for i, (shape, before) in enumerate(zip(shapes, self._boxes, strict=True)):
                if shape is not None and before is not None:
                    swept = float(changed[self._around(shape.box, before)].sum())
                    perimeter = _ellipse_perimeter(shape.length, shape.width)
                    found[i] = swept * np.pi / (2 * perimeter) * self._fps
        self._before, self._boxes = grey, boxes
        return found

    def _around(self, a: Floats, b: Floats) -> tuple[slice, slice]:
        margin = _AROUND_BOX * self._background.radius
        left, top = np.maximum(np.minimum(a, b)[:2] - margin, 0).astype(int)
        right, bottom = np.ceil(np.maximum(a, b)[2:] + margin).astype(int)
        return slice(top, bottom), slice(left, right)


def _ellipse_perimeter(length: float, width: float) -> float:
    """Ramanujan's approximation, for an ellipse of these axes."""
    a, b = length / 2, width / 2
    return float(np.pi * (3 * (a + b) - np.sqrt((3 * a + b) * (a + 3 * b))))


def _block(
    rows: list[_Row], film: FilmLike, background: Background, individuals: Sequence[str]
) -> xr.Dataset:
    """Rows as a Dataset, in pixels of the film."""
    numbers = [row[0] for row in rows]
    scale = float(background.shrink)
    values = {name: np.full((len(rows), len(individuals)), np.nan) for name in _SCALARS}
    midline = np.full((len(rows), 2, len(MIDLINE), len(individuals)), np.nan)
    box = np.full((len(rows), 4, len(individuals)), np.nan)
    for t, row in enumerate(rows):
        for i, shape in enumerate(row[2]):
            if shape is not None:
                for name in _SCALARS:
                    values[name][t, i] = getattr(shape, name)
                # The middle of the first pixel is 0, in the film as in the shrunk picture.
                midline[t, :, :, i] = shape.midline.T * scale + (scale - 1) / 2
                box[t, :, i] = shape.box * scale
    per_animal = ("time", "individual")
    height, width = background.picture.shape
    pixels = {"units": "px"}
    return xr.Dataset(
        {
            "mask": (("time", "y", "x"), np.stack([row[1] for row in rows])),
            "midline": (("time", "space", "point", "individual"), _float(midline), pixels),
            "box": (("time", "edge", "individual"), _float(box), pixels),
            "area": (per_animal, _float(values["area"] * scale**2), {"units": "px^2"}),
            "length": (per_animal, _float(values["length"] * scale), pixels),
            "width": (per_animal, _float(values["width"] * scale), pixels),
            "height": (per_animal, _float(values["height"] * scale), pixels),
            "tail": (per_animal, _float(values["tail"])),
            "taper": (per_animal, _float(values["taper"])),
            "pixel_speed": (
                per_animal,
                _float(np.stack([row[3] for row in rows]) * scale),
                {"units": "px/s"},
            ),
            "merged": (per_animal, np.stack([row[4] for row in rows])),
        },
        coords={
            "time": ("time", np.asarray(film.times)[numbers], {"units": "s"}),
            "frame": ("time", np.asarray(numbers, dtype=np.int64)),
            "individual": list(individuals),
            "space": ["x", "y"],
            "edge": ["left", "top", "right", "bottom"],
            "y": np.arange(height) * scale + (scale - 1) / 2,
            "x": np.arange(width) * scale + (scale - 1) / 2,
        },
        attrs={
            "ds_type": "silhouettes",
            "fps": film.fps,
            "polarity": "light" if background.sign > 0 else "dark",
            "threshold": background.threshold,
            "contrast": background.contrast,
            "shrink": background.shrink,
            "usual_area": background.area * scale**2,
            "others": background.others,
        },
    )


def _float(values: Floats) -> NDArray[np.float32]:
    return values.astype(np.float32)
