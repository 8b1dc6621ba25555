"""Speeds and positions of single clips, of kinematics that are read a stretch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from mousegpt_core.study import Recording

_TICK_S = 1e-6
#: Digits after the point: a hundredth of a millimetre.
_DIGITS = 3


class Measures:
    """What was measured of a recording's clips.

    Parameters
    ----------
    recording : Recording
        Without kinematics nothing is known.
    """

    def __init__(self, recording: Recording) -> None:
        store = recording.store
        found = store.entry("kinematics") is not None
        self._all = store.read_dataset("kinematics") if found else None
        self._times = self._all["time"].values if self._all is not None else np.empty(0)
        self._part: xr.Dataset | None = None

    def read(self, start_s: float, stop_s: float) -> None:
        """Hold this stretch ready."""
        if self._all is None:
            return
        names = [name for name in ("position", "region_speed") if name in self._all]
        rows = slice(*np.searchsorted(self._times, [start_s - _TICK_S, stop_s + _TICK_S]))
        self._part = self._all[names].isel(time=rows).load()

    def speeds(self, individual: str, start_s: float, stop_s: float) -> list[dict[str, Any]]:
        """Mean speed of each region (cm/s) over a clip; those that are known."""
        part = self._of(individual)
        if part is None or "region_speed" not in part:
            return []
        times = part["time"].values
        rows = slice(*np.searchsorted(times, [start_s - _TICK_S, stop_s - _TICK_S]))
        values = part["region_speed"].transpose("time", "region").values[rows]
        known = np.isfinite(values)
        total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
        return [
            {"region": str(name), "cm_s": round(float(of_all / n), _DIGITS)}
            for name, of_all, n in zip(part["region"].values, total, count, strict=True)
            if n
        ]

    def keypoints(self, individual: str, frames: Sequence[int]) -> list[dict[str, Any]]:
        """Positions (cm) of the keypoints in frames; those that are known.

        In 3D z is up and the floor is at 0; in 2D there is no z.
        """
        part = self._of(individual)
        if part is None:
            return []
        position = part["position"].transpose("time", "keypoint", "space")
        names = [str(each) for each in part["keypoint"].values]
        numbers = part["frame"].values
        found = []
        for frame in frames:
            row = int(np.searchsorted(numbers, frame))
            if row == len(numbers) or numbers[row] != frame:
                continue
            for name, place in zip(names, position.values[row], strict=True):
                if np.isfinite(place).all():
                    x, y, *z = (round(float(each), _DIGITS) for each in place)
                    found.append(
                        {"frame": frame, "keypoint": name, "x": x, "y": y, "z": z[0] if z else None}
                    )
        return found

    def _of(self, individual: str) -> xr.Dataset | None:
        """The stretch of one animal; None where it is not known."""
        if self._part is None or individual not in self._part["individual"].values:
            return None
        return self._part.sel(individual=individual)
