"""The shape of one animal's mask: where its body lies, its axis, its midline, its tail."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Parts of the mask thinner than this share of the body's half width are tail, paws or ears.
_THIN = 0.45
#: Places along the body's axis of the midline's points, and how far around them pixels are counted.
MIDLINE = (0.0, 0.25, 0.5, 0.75, 1.0)
_AROUND = 0.12
#: Tail as share of the body's area that leaves no doubt.
_SURE_TAIL = 0.06
#: Share of the body's length that a tail that leaves no doubt sticks out.
_SURE_FAR = 0.3
#: A part that begins nearer to the body than this hangs together with it (px).
_ATTACHED = 2.5


class Shape(NamedTuple):
    """Shape of a mask; lengths and places in its pixels.

    Attributes
    ----------
    midline : array of shape (5, 2)
        x, y of points on the body's long axis from one end to the other; which is the nose is not
        known yet. The first and the last lie on the outline.
    area, length, width : float
        Of the body, without the tail.
    tail : float
        -1 to 1: whether the tail is at the first (-) or last end of the midline; 0 = not seen.
    height : float
        How far the body reaches in the picture from top to bottom.
    taper : float
        Skewness of the body along its axis: + when the last end is the narrower one.
    box : array of shape (4,)
        Left, top, right, bottom of the mask, right and bottom exclusive.
    """

    midline: Floats
    area: float
    length: float
    width: float
    height: float
    tail: float
    taper: float
    box: Floats


def body_of(mask: Bools, radius: float) -> Bools:
    """The mask without what is thin: tail, paws, reflections that touch it.

    Parameters
    ----------
    mask : array of shape (height, width)
        With some background around it, or cut by the picture's edge.
    radius : float
        Half the usual width of the body (px).
    """
    padded = np.pad(mask, 1)
    depth = ndimage.distance_transform_edt(padded)[1:-1, 1:-1]
    core = depth > min(_THIN * radius, 0.6 * float(depth.max()))
    if not core.any():
        return mask
    labels, found = ndimage.label(core)
    if found > 1:
        core = labels == np.argmax(np.bincount(labels[core]))
    reach = min(_THIN * radius, 0.6 * float(depth.max()))
    opened = ndimage.distance_transform_edt(~core) <= reach
    return np.asarray(opened & mask)


def shape_of(mask: Bools, radius: float) -> Shape:
    """Measure a mask that is not empty.

    Parameters
    ----------
    mask : array of shape (height, width)
        One animal.
    radius : float
        Half the usual width of its body (px).
    """
    rows, columns = ndimage.find_objects(mask.astype(np.uint8))[0]
    cut = mask[rows, columns]
    corner = np.array([columns.start, rows.start], dtype=np.float64)
    body = body_of(cut, radius)
    places = np.argwhere(body)[:, ::-1].astype(np.float64)
    middle = places.mean(axis=0)
    axis = _long_axis(places - middle)
    along = (places - middle) @ axis
    across = (places - middle) @ np.array([-axis[1], axis[0]])
    length = float(np.ptp(along)) + 1.0
    spread = float(along.std())
    return Shape(
        midline=_midline(places, along) + corner,
        area=float(len(places)),
        length=length,
        width=float(np.quantile(across, 0.95) - np.quantile(across, 0.05)) / 0.9 + 1.0,
        height=float(np.ptp(places[:, 1])) + 1.0,
        tail=_tail(cut, body, middle, axis, length),
        taper=float((along**3).mean() / spread**3) if spread > 0 else 0.0,
        box=np.array([columns.start, rows.start, columns.stop, rows.stop], dtype=np.float64),
    )


def _long_axis(places: Floats) -> Floats:
    """Unit vector along which places (from their middle) spread most."""
    _, vectors = np.linalg.eigh(places.T @ places)
    return np.asarray(vectors[:, 1])


def _midline(places: Floats, along: Floats) -> Floats:
    """Points of the midline: means of slices across the axis, the ends moved out to the outline."""
    low, size = along.min(), max(float(np.ptp(along)), 1.0)
    share = (along - low) / size
    points = []
    for place in MIDLINE:
        near = np.abs(share - place) <= _AROUND
        points.append(places[near if near.any() else slice(None)].mean(axis=0))
    points[0] = places[share <= 0.03].mean(axis=0)
    points[-1] = places[share >= 0.97].mean(axis=0)
    return np.asarray(points)


def _tail(mask: Bools, body: Bools, middle: Floats, axis: Floats, length: float) -> float:
    """At which end of the axis the largest thin part of the mask begins, and how surely."""
    thin = mask & ~ndimage.binary_dilation(body)
    labels, found = ndimage.label(thin, structure=np.ones((3, 3)))
    if not found:
        return 0.0
    away = ndimage.distance_transform_edt(~body)
    numbers = np.arange(1, found + 1)
    # A reflection in the wall does not hang together with the body.
    attached = ndimage.minimum(away, labels, numbers) < _ATTACHED
    sizes = np.where(attached, np.bincount(labels.ravel())[1:], 0)
    part = np.argwhere(labels == np.argmax(sizes) + 1)
    far = away[part[:, 0], part[:, 1]]
    root = part[np.argmin(far)][::-1]
    side = float((root - middle) @ axis) / (length / 2)
    # Ears and paws stick out less far than a tail.
    sure = min(float(far.max()) / (_SURE_FAR * length), 1.0)
    size = min(float(sizes.max()) / (_SURE_TAIL * float(body.sum())), 1.0)
    return float(np.clip(side, -1.0, 1.0) * size * sure)
