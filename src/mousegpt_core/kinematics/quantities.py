"""What a quantity is: its dimensions, values and unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

PER_ANIMAL = ("time", "individual")
PER_KEYPOINT = ("time", "keypoint", "individual")
PER_PLACE = ("time", "space", "keypoint", "individual")
CENTRE = ("time", "space", "individual")


@dataclass(frozen=True)
class Quantity:
    """One variable of the kinematics.

    Attributes
    ----------
    dims : tuple of str
        Dimensions of `values`.
    values : array
        Floating or bool.
    unit : str
        ``"cm"``, ``"cm/s"``, ``"rad"``, ... or ``"1"``.
    attrs : Mapping of str to str
        What else to say of it.
    coords : Mapping of str to list of str
        Names along a dimension of its own (region, joint, paw).
    """

    dims: tuple[str, ...]
    values: np.ndarray
    unit: str
    attrs: Mapping[str, str] = field(default_factory=dict)
    coords: Mapping[str, list[str]] = field(default_factory=dict)
