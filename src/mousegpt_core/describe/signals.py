"""The signals of one animal that the facts are read from; a signal that is absent is all NaN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from mousegpt_core.describe.windows import Floats
from mousegpt_core.skeleton import Skeleton

PAWS = {
    "forepaw_left": "foreleg_left",
    "forepaw_right": "foreleg_right",
    "hindpaw_left": "hindleg_left",
    "hindpaw_right": "hindleg_right",
}


@dataclass(frozen=True)
class Signals:
    """Kinematics of one animal, by name and by keypoint.

    Attributes
    ----------
    kinematics : Dataset
        As `kinematics.compute_kinematics` gives it, reduced to one individual.
    skeleton : Skeleton
        Roles of the keypoints.
    """

    kinematics: xr.Dataset
    skeleton: Skeleton

    @property
    def times(self) -> Floats:
        """Seconds of the frames."""
        return np.asarray(self.kinematics["time"].values, dtype=np.float64)

    @property
    def body_length(self) -> float:
        """Body length in cm, NaN where it is not known."""
        return float(self.kinematics.attrs.get("body_length_cm", np.nan))

    @property
    def is_3d(self) -> bool:
        """Whether heights are known."""
        return int(self.kinematics.attrs.get("space_dims", 2)) == 3

    @property
    def has_sides(self) -> bool:
        """Whether the view tells left from right (a side view in 2D does not)."""
        return self.is_3d or self.kinematics.attrs.get("seen_from", "above") != "side"

    @property
    def nothing(self) -> Floats:
        """A signal that is nowhere known."""
        return np.full(self.kinematics.sizes["time"], np.nan)

    def plain(self, name: str) -> Floats:
        """A quantity of shape (time,)."""
        if name not in self.kinematics:
            return self.nothing
        return np.asarray(self.kinematics[name].values, dtype=np.float64)

    def at(self, name: str, keypoint: str | None, *, dim: str = "keypoint") -> Floats:
        """A quantity of shape (time, `dim`) at one keypoint (or paw)."""
        if name not in self.kinematics or keypoint is None:
            return self.nothing
        array = self.kinematics[name]
        if keypoint not in array[dim].values:
            return self.nothing
        return np.asarray(array.sel({dim: keypoint}).values, dtype=np.float64)

    def mean_over(self, name: str, keypoints: Sequence[str]) -> Floats:
        """Mean of a quantity over those of `keypoints` that are seen, (time,)."""
        if not keypoints:
            return self.nothing
        stack = np.stack([self.at(name, keypoint) for keypoint in keypoints])
        seen = np.isfinite(stack)
        count = seen.sum(axis=0)
        total = np.where(seen, stack, 0.0).sum(axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def largest_over(self, name: str, keypoints: Sequence[str]) -> Floats:
        """Largest value of a quantity over `keypoints`, (time,)."""
        if not keypoints:
            return self.nothing
        stack = np.stack([self.at(name, keypoint) for keypoint in keypoints])
        return np.asarray(np.fmax.reduce(stack, axis=0))

    def point(self, keypoint: str | None) -> Floats:
        """Position (time, space) of a keypoint in cm; y is turned so that left is positive."""
        array = self.kinematics.get("position")
        if array is None or keypoint is None or keypoint not in array["keypoint"].values:
            return np.full((self.kinematics.sizes["time"], 3 if self.is_3d else 2), np.nan)
        place = array.sel(keypoint=keypoint).transpose("time", "space").values.astype(np.float64)
        if not self.is_3d and self.kinematics.attrs.get("seen_from", "above") != "below":
            place[:, 1] *= -1
        return np.asarray(place)

    def distance(self, first: str | None, second: str | None) -> Floats:
        """Distance in cm between two keypoints."""
        return np.asarray(np.sqrt(((self.point(first) - self.point(second)) ** 2).sum(axis=1)))

    def limb_speed(self, *limbs: str) -> Floats:
        """Mean speed in cm/s of limbs relative to the body."""
        points = [name for limb in limbs for name in self.skeleton.limb(limb)]
        return self.mean_over("local_speed", points)


def turn_between(first: Floats, second: Floats) -> Floats:
    """Signed angle in rad from one horizontal vector (time, space) to another, + left."""
    ax, ay, bx, by = first[:, 0], first[:, 1], second[:, 0], second[:, 1]
    return np.arctan2(ax * by - ay * bx, ax * bx + ay * by)
