"""Poses: positions of keypoints over time, as an xarray Dataset.

Dimensions are ``(time, space, keypoint, individual)``. Coordinates: ``time`` in seconds on the
view's own clock, ``frame`` (along ``time``) the frame number in the film, ``space`` ``x, y[, z]``.
Variables: ``position`` (float32, unit in ``attrs["units"]``, NaN = not seen), ``confidence``
(float32, 0-1 as the estimator gave it, NaN = none given); for points in space also
``reprojection_error`` (float32, pixels), where the file has it. The naming follows movement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mousegpt_core.errors import DataError

DIMS = ("time", "space", "keypoint", "individual")
SPACE = ("x", "y", "z")
#: Two frame rates that differ by less than this share are the same, told twice.
_RATE_SLACK = 0.1


def make_poses(
    position: ArrayLike,
    confidence: ArrayLike | None = None,
    *,
    keypoints: Sequence[str],
    individuals: Sequence[str] = ("mouse",),
    fps: float,
    unit: str = "px",
    times: ArrayLike | None = None,
    frames: ArrayLike | None = None,
    reprojection_error: ArrayLike | None = None,
    source_software: str = "",
    **attrs: Any,
) -> xr.Dataset:
    """Build a poses Dataset.

    Parameters
    ----------
    position : array of shape (time, space, keypoint, individual)
        Coordinates in `unit`; 2 or 3 in space; NaN where not seen.
    confidence : array of shape (time, keypoint, individual), optional
        0-1; all NaN if not given.
    keypoints, individuals : sequence of str
        Names, unique.
    fps : float
        Frames per second (the nominal rate where `times` is given).
    unit : str
        ``"px"``, ``"mm"``, ``"cm"``, ``"m"`` or ``"unknown"``.
    times : array of shape (time,), optional
        Seconds; by default ``frames / fps``.
    frames : array of shape (time,), optional
        Frame numbers; by default 0, 1, 2, ...
    reprojection_error : array of shape (time, keypoint, individual), optional
        Pixels between where points in space are seen and where they should be.
    source_software : str
        The program that made the poses.
    **attrs
        Further attributes to keep.

    Raises
    ------
    DataError
        If shapes and names do not fit.
    """
    position = np.asarray(position, dtype=np.float32)
    if position.ndim != 4:
        raise DataError(
            "positions have the wrong number of dimensions",
            expected="(time, space, keypoint, individual)",
            found=f"shape {position.shape}",
            hint="add the axes that are missing, each of length 1",
        )
    n_time, n_space, n_keypoint, n_individual = position.shape
    if confidence is None:
        confidence = np.full((n_time, n_keypoint, n_individual), np.nan, dtype=np.float32)
    frames = np.arange(n_time) if frames is None else np.asarray(frames, dtype=np.int64)
    _check_fps(fps)
    times = frames / fps if times is None else np.asarray(times, dtype=np.float64)
    dataset = xr.Dataset(
        {
            "position": (DIMS, position, {"units": unit}),
            "confidence": (
                ("time", "keypoint", "individual"),
                np.asarray(confidence, dtype=np.float32),
                {"units": "1"},
            ),
        },
        coords={
            "time": ("time", times, {"units": "s"}),
            "frame": ("time", frames),
            "space": list(SPACE[:n_space]),
            "keypoint": [str(name) for name in keypoints],
            "individual": [str(name) for name in individuals],
        },
        attrs={
            "ds_type": "poses",
            "fps": float(fps),
            "time_unit": "seconds",
            "source_software": source_software,
            **attrs,
        },
    )
    if reprojection_error is not None:
        errors = np.asarray(reprojection_error, dtype=np.float32)
        dataset["reprojection_error"] = (dataset["confidence"].dims, errors, {"units": "px"})
    return validate_poses(dataset)


def validate_poses(poses: xr.Dataset) -> xr.Dataset:
    """Check a poses Dataset and return it.

    Raises
    ------
    DataError
        If a dimension, variable or attribute is missing, names repeat, or time does not rise.
    """
    if "position" not in poses or tuple(poses["position"].dims) != DIMS:
        found = tuple(poses["position"].dims) if "position" in poses else list(poses.data_vars)
        raise DataError(
            "not a poses dataset",
            expected=f"position with dims {DIMS}",
            found=str(found),
            hint="make one with make_poses, or read one with read_poses",
        )
    if poses.sizes["space"] not in (2, 3):
        raise DataError(
            "poses must be 2D or 3D",
            expected="2 or 3",
            found=str(poses.sizes["space"]),
            hint="keep the columns x, y and, in 3D, z",
        )
    for name in ("time", "keypoint", "individual"):
        if poses.sizes[name] == 0:
            raise DataError(
                f"poses without a single {name}",
                hint="check that the file holds tracked points of an animal",
            )
    for name in ("keypoint", "individual"):
        values = [str(value) for value in poses[name].values]
        repeated = sorted({value for value in values if values.count(value) > 1})
        if repeated:
            raise DataError(
                f"{name} names repeat: {', '.join(repeated)}",
                hint="give every one a name of its own",
            )
    times = poses["time"].values
    if not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
        place = "time coordinate"
        raise DataError(
            "times must be finite and rise",
            place=place,
            hint="sort the frames by time and leave out those without a time",
        )
    _check_fps(poses.attrs.get("fps"))
    return poses


def with_values(old: xr.DataArray, dims: tuple[str, ...], values: NDArray[Any]) -> xr.DataArray:
    """An array with other values, the rest as it was: order of dimensions, type, attributes.

    Parameters
    ----------
    old : DataArray
        Left as it is.
    dims : tuple of str
        Dimensions of `values`, those of `old` in any order.
    values : array
        The new ones.
    """
    coordinates = {name: old[name] for name in dims if name in old.coords}
    new = xr.DataArray(values.astype(old.dtype), dims=dims, coords=coordinates, attrs=old.attrs)
    return new.transpose(*old.dims)


def frame_rate(times: NDArray[np.float64], frames: NDArray[np.int64] | None = None) -> float:
    """Frames per second of a clock: by the median step, made exact where the steps are even.

    Parameters
    ----------
    times : array of shape (time,)
        Seconds, rising; at least two.
    frames : array of shape (time,), optional
        Numbers of the frames, where some are left out.
    """
    steps = _steps(times, frames)
    step = float(np.median(steps))
    mean = float(np.mean(steps))
    rate = 1.0 / (mean if abs(mean - step) < 0.01 * step else step)
    return round(rate, 3) if abs(rate - round(rate, 3)) < 1e-5 * rate else rate


def is_rate_of(
    fps: float, times: NDArray[np.float64], frames: NDArray[np.int64] | None = None
) -> bool:
    """Whether frames at this rate, maybe many of them dropped, can have these times.

    Parameters
    ----------
    fps : float
        Frames per second.
    times, frames
        As in `frame_rate`.
    """
    beats = _steps(times, frames) * fps
    if abs(1.0 / np.median(beats) - 1) < _RATE_SLACK:
        return True
    single = np.quantile(beats, 0.1, method="lower")
    off = np.median(np.abs(beats - np.rint(beats)))
    return bool(abs(single - 1) < _RATE_SLACK and off < _RATE_SLACK)


def _steps(times: NDArray[np.float64], frames: NDArray[np.int64] | None) -> NDArray[np.float64]:
    """Seconds from each frame to the next one that the camera took."""
    steps = np.diff(times)
    if frames is not None and (np.diff(frames) > 0).all():
        steps = steps / np.diff(frames)
    return np.asarray(steps)


def _check_fps(fps: Any) -> None:
    if not isinstance(fps, int | float) or not np.isfinite(fps) or not 0 < fps <= 100_000:
        raise DataError(
            "frames per second must be above 0 and at most 100000",
            found=str(fps),
            hint="give it with --fps or in recording.toml",
        )
