"""How fast an animal moves by what changes in its picture, and what noise may hide of it."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Movement is judged over this long (s): the median, so that a film's key frames are no movement.
_WINDOW_S = 0.4
#: Share of the frames that are the animal's quietest, and times the noise elsewhere up to which
#: what changes then is noise: light and fur have more of it than the floor, or less.
_QUIETEST, _LEAST_NOISE, _MOST_NOISE = 0.02, 0.25, 3.0
#: Standard errors above what is measured that may be movement.
_DOUBT = 2.0


def pixel_speeds(silhouettes: xr.Dataset, times: Floats) -> tuple[Floats, Floats]:
    """Root mean square speed of the animals' pixels.

    A picture of slope g that moves by d changes by g d cos(a), a being the angle between both; so
    over all directions the mean square of the change is that of the slope times d^2 / 2, and the
    noise adds its own (the brightness constancy equation; Horn and Schunck, Artificial
    Intelligence 17 (1981) 185). Neither contrast nor fur nor noise changes what is found, only how
    surely. It holds for less than a pixel or so from frame to frame: it tells rest from movement.

    Parameters
    ----------
    silhouettes : Dataset
        From `silhouettes_in_blocks`, joined.
    times : array of shape (time,)
        Seconds.

    Returns
    -------
    speed, doubt : arrays of shape (time, individual)
        px/s of the film. The most that `speed` may be, given the noise; and what noise alone would
        make of it where nothing moves. NaN where the animal is not seen.
    """
    change, still, slope, pixels = (
        np.asarray(silhouettes[name].values, dtype=np.float64)
        for name in ("change", "still", "slope", "pixels")
    )
    step = np.diff(times, prepend=np.nan)
    usual = float(np.nanmedian(step)) if len(times) > 1 else 1.0
    width = max(round(_WINDOW_S / usual), 1) | 1
    noise = still * _own_noise(_running_median(change / still, width))
    # A gradient over two pixels of two pictures' mean has a quarter of their difference's noise.
    slope = np.maximum(slope - noise / 4, 1e-3)
    per_second = float(silhouettes.attrs["shrink"]) ** 2 * 2 / slope / np.square(step)[:, None]
    moved = _running_median((change - noise) * per_second, width)
    # The median of so many has pi / 2 of the variance of their mean.
    error = noise * per_second * np.sqrt(np.pi / np.maximum(pixels, 1) / width)
    doubt = _DOUBT * _running_median(error, width)
    return np.sqrt(np.maximum(moved, 0) + doubt), np.sqrt(doubt)


def _own_noise(changes: Floats) -> Floats:
    """Noise on each animal in terms of that elsewhere, by the moments in which it is quietest."""
    found = np.ones(changes.shape[1])
    for i, own in enumerate(changes.T):
        if np.isfinite(own).any():
            least = float(np.nanquantile(own, _QUIETEST))
            found[i] = max(least, _LEAST_NOISE) if least < _MOST_NOISE else 1.0
    return found


def _running_median(values: Floats, width: int) -> Floats:
    """Median of what is known around each row of (time, individual); NaN where it is not known."""
    padded = np.pad(values, ((width // 2, width // 2), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0)
    known = np.isfinite(values)
    found = np.full(values.shape, np.nan)
    found[known] = np.nanmedian(windows[known], axis=-1)
    return found
