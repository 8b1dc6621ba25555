"""Settings of the kinematics, each with its unit."""

from __future__ import annotations

from pydantic import Field

from mousegpt_core.settings import Settings


class KinematicsSettings(Settings):
    """How poses are cleaned and what counts as still or as touching the floor.

    The defaults are one set for all recordings, 2D and 3D, from 15 frames per second up.
    """

    min_confidence: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Keypoints below this are not seen (share of the estimator's usual best score)",
    )
    max_speed: float = Field(
        default=250.0, gt=0, description="A keypoint that moves faster has jumped (cm/s)"
    )
    max_outlier_s: float = Field(
        default=0.3,
        ge=0,
        description="Stretches between two jumps are dropped up to this length (s)",
    )
    spike: float = Field(
        default=1.5,
        gt=0,
        description="A single frame that lies this far beside its neighbours is dropped (cm)",
    )
    spike_times: float = Field(
        default=6.0,
        gt=1,
        description="So is one this many times farther beside them than frames there usually are",
    )
    swap_s: float = Field(
        default=0.5,
        ge=0,
        description="Left and right that change places for up to this long are put back (s)",
    )
    max_reach: float = Field(
        default=1.2,
        gt=0,
        description="Farthest a keypoint can be from the body's middle (body lengths)",
    )
    max_reach_tail: float = Field(
        default=2.5,
        gt=0,
        description="Farthest a tail keypoint can be from the body's middle (body lengths)",
    )
    fill_gap_s: float = Field(
        default=0.25, ge=0, description="Gaps are filled up to this length (s)"
    )
    smooth_s: float = Field(
        default=0.15,
        ge=0,
        description="Least window of the quadratic smoothing of each keypoint (s)",
    )
    smooth_most_s: float = Field(
        default=0.5, ge=0, description="Greatest window of it, for the noisiest keypoints (s)"
    )
    smooth_noise: float = Field(
        default=0.3,
        gt=0,
        description="Speed along each axis that noise alone may show after it (cm/s)",
    )
    body_smooth_s: float = Field(
        default=0.06,
        ge=0,
        description="Width (sigma) of the smoothing of body velocity and heading (s)",
    )
    motion_smooth_s: float = Field(
        default=0.06, ge=0, description="Least width (sigma) of the smoothing behind `motion` (s)"
    )
    motion_smooth_most_s: float = Field(
        default=0.2, gt=0, description="Greatest width of it, for the noisiest keypoints (s)"
    )
    motion_noise: float = Field(
        default=0.35,
        gt=0,
        description="Speed that noise alone may show before it is taken off (cm/s)",
    )
    immobile_motion: float = Field(
        default=0.6, gt=0, description="An animal whose motion stays below is immobile (cm/s)"
    )
    immobile_min_s: float = Field(
        default=0.75, ge=0, description="Shortest time without motion that counts as immobile (s)"
    )
    immobile_pause_s: float = Field(
        default=0.2, ge=0, description="Twitches up to this length do not end immobility (s)"
    )
    contact_height: float = Field(
        default=0.5,
        gt=0,
        description="Height over its resting height at which a paw is half off the floor (cm)",
    )
    contact_speed: float = Field(
        default=8.0, gt=0, description="Speed at which a paw is half off the floor (cm/s)"
    )
