"""The time slider of a recording: which moment each of its steps is, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.video.contract import empty_stack


@dataclass(frozen=True)
class Timeline:
    """The steps of the slider.

    Attributes
    ----------
    times : array of shape (step,)
        Seconds on the recording's clock, rising.
    """

    times: NDArray[np.float64]

    @classmethod
    def of_poses(cls, poses: xr.Dataset) -> Timeline:
        """A step for every frame that the poses count, also for those that they leave out."""
        frames = poses["frame"].values
        every = np.arange(int(frames[-1]) + 1)
        if len(frames) == 1:
            return cls(every / float(poses.attrs["fps"]))
        times = np.interp(every, frames, poses["time"].values)
        # Before the first pose the clock runs at the usual rate, so that times rise there too.
        early = every < frames[0]
        times[early] -= (frames[0] - every[early]) / float(poses.attrs["fps"])
        return cls(times)

    def __len__(self) -> int:
        return len(self.times)

    @property
    def period(self) -> float:
        """Usual seconds from step to step; 1 where there is one only."""
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else 1.0

    def moment(self, step: int) -> float:
        """Seconds at a step; the nearest step's where there is none."""
        return float(self.times[min(max(step, 0), len(self.times) - 1)])

    def reaches(self, moment: float) -> bool:
        """Whether a moment is shown, but for a second at the ends."""
        return bool(self.times[0] - 1.0 <= moment <= self.times[-1] + 1.0)

    def step(self, moment: float) -> int:
        """The step that is shown at a moment: the last that has begun, as of a film."""
        # Times that were written with six digits still find their own step.
        found = int(np.searchsorted(self.times, moment + 1e-6, side="right")) - 1
        return min(max(found, 0), len(self.times) - 1)


class InStep:
    """Pictures put in the order of a timeline: an array that reads what is shown of another.

    Parameters
    ----------
    pictures : array-like of shape (frame, height, width, ...)
        A film, masks, ...; indexed by one frame at a time.
    rows : array of shape (step,)
        Which frame each step shows; below 0 = none, which is black.
    """

    def __init__(self, pictures: Any, rows: NDArray[np.intp]) -> None:
        self._pictures = pictures
        #: Of the film, where the pictures are one's.
        self.path = getattr(pictures, "path", None)
        self._rows = rows
        self.shape = (len(rows), *pictures.shape[1:])
        self.dtype = np.dtype(pictures.dtype)
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        steps, rest = (key[0], key[1:]) if isinstance(key, tuple) else (key, ())
        chosen = self._rows[steps]
        if np.ndim(chosen) == 0:
            return self._picture(int(chosen))[rest] if rest else self._picture(int(chosen))
        stack = empty_stack(len(chosen), self.shape, self.path).astype(self.dtype, copy=False)
        for slot, row in enumerate(chosen):
            stack[slot] = self._picture(int(row))
        return stack[(slice(None), *rest)] if rest else stack

    def ordered(self, rows: NDArray[np.intp]) -> InStep:
        """The same pictures in another order."""
        return InStep(self._pictures, rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

    def _picture(self, row: int) -> NDArray[Any]:
        if row < 0:
            return np.zeros(self.shape[1:], dtype=self.dtype)
        return np.asarray(self._pictures[row])
