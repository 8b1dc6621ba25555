"""What programs mean by the words and numbers in their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError, SeveralViewsError

_UNITS = {
    "px": ("pixel", "pixels"),
    "mm": ("millimeter", "millimeters", "millimetre", "millimetres"),
    "cm": ("centimeter", "centimeters", "centimetre", "centimetres"),
    "m": ("meter", "meters", "metre", "metres"),
}
#: Times are those of counted frames if none is further from them than this share of a frame.
_OFF_BEAT = 0.1


def unit_named(text: object) -> str:
    """One of ``px, mm, cm, m`` for a unit's name in a file; ``""`` for any other."""
    name = str(text).strip().lower()
    return next((unit for unit, names in _UNITS.items() if name == unit or name in names), "")


def refuse_space(poses: xr.Dataset, what: str) -> None:
    """Refuse to write poses in 3D to what holds pictures' points only.

    Raises
    ------
    FormatError
        If they are in 3D.
    """
    if poses.sizes["space"] != 2:
        raise FormatError(f"{what} are 2D", hint="write 3D poses as csv, netCDF or NWB")


def zero_is_missing(source_software: str) -> bool:
    """Whether a likelihood of zero says that a point was not found.

    SLEAP's scores may be zero for points that it found; other programs give zero to the rest.
    """
    return "sleap" not in source_software.lower()


def rate_named(value: object) -> float | None:
    """Frames per second, if that is what a file's attribute says."""
    if isinstance(value, int | float | np.number) and 0 < float(value) < np.inf:
        return float(value)
    return None


def frames_of_times(times: NDArray[np.float64], rate: float | None) -> NDArray[np.int64] | None:
    """Numbers of frames taken at a steady rate from time 0; None where the times are no such.

    Parameters
    ----------
    times : array of shape (time,)
        Seconds.
    rate : float or None
        Frames per second.
    """
    if rate is None or not len(times) or not np.isfinite(times).all():
        return None
    beats = times * rate
    frames = np.round(beats)
    if np.abs(beats - frames).max() > _OFF_BEAT or frames[0] < 0 or (np.diff(frames) < 1).any():
        return None
    return frames.astype(np.int64)


def choose_view(names: Sequence[str], asked: str, path: Path) -> str:
    """The view to read; the only one of a file, whatever it is called.

    Parameters
    ----------
    names : sequence of str
        The file's views, at least one.
    asked : str
        What the user said, or ``""``.
    path : Path
        Named in errors.

    Raises
    ------
    SeveralViewsError
        If there are several, and none is asked for.
    FormatError
        If another one is asked for.
    """
    if len(names) == 1:
        return names[0]
    if asked in names:
        return asked
    hint = (
        f"say which one to read: mousegpt add --poses {names[0]}=FILE, mousegpt import "
        f"--view {names[0]}, or view={names[0]!r} in Python"
    )
    if not asked:
        raise SeveralViewsError(
            "the file holds several views", views=tuple(names), file=path, hint=hint
        )
    raise FormatError(f"no view is called {asked!r}", file=path, found=", ".join(names), hint=hint)
