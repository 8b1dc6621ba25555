"""Masks and shapes of the animals in a film, frame by frame, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from mousegpt_core.pose.background import POLARITIES, Background, shrunk
from mousegpt_core.pose.settings import SilhouetteSettings
from mousegpt_core.pose.shape import MIDLINE, Shape, shape_of
from mousegpt_core.pose.tracking import Labels, Tracker
from mousegpt_core.video import FilmLike

Floats = NDArray[np.float64]

#: Frames in one block of the result.
BLOCK_FRAMES = 64
#: What is told of the picture's change from frame to frame: mean squares of the grey levels' steps
#: on the animal and where nothing moves, of their slope on the animal, and its pixels.
CHANGES = ("change", "still", "slope", "pixels")
#: Pixels around an animal that change with it, and from which on nothing of it is seen.
_BESIDE, _FAR = 2, 8
#: Steps of more than so many times the noise between two frames are none.
_NO_STEP = 5.0
#: Least noise (grey) and its square: grey levels are whole numbers, and codecs copy what rests.
_LEAST_NOISE, _LEAST_STILL = 0.3, 0.01
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
    motion = _PixelMotion()
    rows: list[_Row] = []
    starts = {piece.start for piece in background.pieces}
    before = 0
    for number, image in film.frames(used):
        if starts.intersection(range(before, number + 1)):
            tracker.use(background.at(number))
        before = number + 1
        grey = shrunk(image, background.shrink)
        labels, merged = tracker.label(grey)
        shapes = [_shape(labels, i + 1, background.radius) for i in range(len(individuals))]
        rows.append(
            (number, labels, shapes, motion.changes(grey, labels, len(individuals)), merged)
        )
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
    """How much of the picture changes around each animal, and where nothing moves."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._masks: Labels | None = None

    def changes(self, grey: NDArray[np.float32], labels: Labels, count: int) -> Floats:
        """What changed since the frame before.

        Returns
        -------
        array of shape (animal, 4)
            In the order of `CHANGES`; NaN where the animal is not seen in both frames.
        """
        found = np.full((count, len(CHANGES)), np.nan)
        before, masks = self._before, self._masks
        self._before, self._masks = grey, labels
        if before is None or masks is None:
            return found
        step = grey - before
        far = ~ndimage.binary_dilation((labels > 0) | (masks > 0), iterations=_FAR)
        if not far.any():
            return found
        step -= np.median(step[far])
        noise = max(1.4826 * float(np.median(np.abs(step[far]))), _LEAST_NOISE)
        # What moves elsewhere, or shines, is no noise.
        usual = np.minimum(np.square(step[far]), np.square(_NO_STEP * noise))
        still = max(float(usual.mean()), _LEAST_STILL)
        mean = (grey + before) / 2
        slopes = np.square(np.gradient(mean, axis=0)) + np.square(np.gradient(mean, axis=1))
        for i in range(count):
            now, then = labels == i + 1, masks == i + 1
            if now.any() and then.any():
                here = ndimage.binary_dilation(now | then, iterations=_BESIDE)
                changed = np.square(step[here]).mean()
                found[i] = changed, still, slopes[here].mean(), here.sum()
        return found


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
            **{
                name: (per_animal, _float(np.stack([row[3][:, i] for row in rows])))
                for i, name in enumerate(CHANGES)
            },
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
            "polarity": next(name for name, sign in POLARITIES.items() if sign == background.sign),
            "threshold": background.threshold,
            "contrast": background.contrast,
            "shrink": background.shrink,
            "usual_area": background.area * scale**2,
            "others": background.others,
            "changes": [piece.said for piece in background.pieces if piece.said],
        },
    )


def _float(values: Floats) -> NDArray[np.float32]:
    return values.astype(np.float32)
