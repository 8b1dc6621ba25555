"""Whether a scale can be that of an animal and its arena."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import xarray as xr

from mousegpt_core.errors import SettingsError
from mousegpt_core.pipeline.views import OpenedView

#: How long something can be at all, and how long it is usually (cm): from a paw in a close-up to
#: a rat with its tail, and from a head-fixed animal to a barn.
_POSSIBLE = {"animal": (0.1, 1_000.0), "picture": (1.0, 100_000.0)}
_USUAL = {"animal": (0.5, 60.0), "picture": (4.0, 2_000.0)}
_LOOKED_AT = 5_000


def check_scale(
    px_per_cm: float, views: Iterable[OpenedView], poses: xr.Dataset | None = None
) -> list[str]:
    """What a person should know of the scale that was given.

    Parameters
    ----------
    px_per_cm : float
        The scale.
    views : iterable of OpenedView
        Whose pictures have it.
    poses : Dataset, optional
        Poses that have it.

    Returns
    -------
    list of str
        Lengths that are unusual.

    Raises
    ------
    SettingsError
        If a length is impossible.
    """
    remarks = []
    for what, pixels in _lengths(views, poses):
        length = pixels / px_per_cm
        told = f"by --px-per-cm {px_per_cm:g} the {what} is {length:.3g} cm long"
        shortest, longest = _POSSIBLE[what]
        if not shortest <= length <= longest:
            raise SettingsError(
                f"{told}, which cannot be",
                hint="count the pixels of something whose length you know and divide them by its "
                "centimetres; leave --px-per-cm out where the scale is not known",
            )
        shortest, longest = _USUAL[what]
        if not shortest <= length <= longest:
            remarks.append(f"{told}: check the scale, which is cm_per_unit in recording.toml")
    return remarks


def _lengths(views: Iterable[OpenedView], poses: xr.Dataset | None) -> Iterator[tuple[str, float]]:
    """What can be measured, and its length in the unit of the poses: pixels."""
    pictures = [float(np.hypot(view.width, view.height)) for view in views if view.frames]
    if pictures:
        yield "picture", max(pictures)
    animal = 0.0 if poses is None else _usual_length(poses)
    if animal > 0:
        yield "animal", animal


def _usual_length(poses: xr.Dataset) -> float:
    """Median diagonal of the box around an animal's keypoints; 0 = not known."""
    every = max(1, poses.sizes["time"] // _LOOKED_AT)
    position = poses["position"].isel(time=slice(None, None, every))
    points = position.transpose("time", "individual", "space", "keypoint").values
    # Keypoints that are not seen are passed over, without a warning where none is.
    sides = np.fmax.reduce(points, axis=-1) - np.fmin.reduce(points, axis=-1)
    diagonals = np.sqrt((sides**2).sum(axis=-1))
    known = diagonals[np.isfinite(diagonals)]
    return float(np.median(known)) if known.size else 0.0
