"""One stretch of cleaned poses, and what several quantities need of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mousegpt_core.kinematics.anatomy import Anatomy, centre_point, point
from mousegpt_core.kinematics.scene import Scene
from mousegpt_core.kinematics.settings import KinematicsSettings
from mousegpt_core.kinematics.signals import (
    Bools,
    Floats,
    gaussian_kernel,
    length,
    mean_known,
    rate,
    smooth,
)


@dataclass(frozen=True)
class Stretch:
    """Cleaned poses without breaks in time, and what is derived from them, computed once.

    Attributes
    ----------
    position : array of shape (time, space, keypoint, individual)
        Cleaned, in cm.
    measured : array of shape (time, keypoint, individual)
        Seen, not filled.
    unsmoothed : array of shape (time, space, keypoint, individual)
        `position` before it was smoothed.
    times : array of shape (time,)
        Seconds.
    anatomy : Anatomy
        What the keypoints stand for.
    scene : Scene
        Scale, floor, arena.
    settings : KinematicsSettings
        Widths and thresholds.
    """

    position: Floats
    measured: Bools
    unsmoothed: Floats
    times: Floats
    anatomy: Anatomy
    scene: Scene
    settings: KinematicsSettings

    @cached_property
    def velocity(self) -> Floats:
        """Velocity of each keypoint, cm/s; (time, space, keypoint, individual)."""
        return rate(self.position, self.times)

    @cached_property
    def centre(self) -> Floats:
        """Body centre, cm; (time, space, individual)."""
        return centre_point(self.position, self.anatomy)

    @cached_property
    def centre_velocity(self) -> Floats:
        """Velocity of the body centre, cm/s; (time, space, individual).

        The mean of the velocities of its keypoints, not the rate of their mean, so that a keypoint
        that comes or goes makes no jump.
        """
        return mean_known(self.velocity[:, :, list(self.anatomy.centre)], axis=2)

    @cached_property
    def body_velocity(self) -> Floats:
        """`centre_velocity`, smoothed."""
        return smooth(self.centre_velocity, self._body_kernel)

    @cached_property
    def trunk(self) -> Floats | None:
        """Vector from the rear to the front of the trunk, cm; (time, space, individual)."""
        if self.anatomy.front is None or self.anatomy.rear is None:
            return None
        return point(self.position, self.anatomy.front) - point(self.position, self.anatomy.rear)

    @cached_property
    def axis(self) -> Floats | None:
        """Horizontal unit vector along the trunk, forward; (time, 2, individual)."""
        if self.trunk is None:
            return None
        return unit(smooth(self.trunk[:, :2], self._body_kernel))

    @cached_property
    def head(self) -> Floats | None:
        """Vector along the head, forward, cm; (time, space, individual)."""
        if self.anatomy.head_base is None or self.anatomy.head_tip is None:
            return None
        return point(self.position, self.anatomy.head_tip) - point(
            self.position, self.anatomy.head_base
        )

    @cached_property
    def spin(self) -> Floats | None:
        """Angular velocity of the trunk in the coordinates' sense, rad/s; (time, individual)."""
        if self.axis is None:
            return None
        change = rate(self.axis, self.times)
        return np.asarray(self.axis[:, 0] * change[:, 1] - self.axis[:, 1] * change[:, 0])

    @cached_property
    def _body_kernel(self) -> Floats | None:
        return gaussian_kernel(self.settings.body_smooth_s, self.scene.fps)


def unit(vectors: Floats) -> Floats:
    """Unit vectors along axis 1; NaN where there is no length."""
    size = length(vectors)[:, None]
    return np.divide(vectors, size, out=np.full_like(vectors, np.nan), where=size > 0)


def angle_of(vectors: Floats, up_sign: float) -> Floats:
    """Horizontal direction in rad, anticlockwise as seen from above the animal."""
    return np.asarray(np.arctan2(vectors.dtype.type(up_sign) * vectors[:, 1], vectors[:, 0]))
