"""What a pose estimator adds to the truth: jitter, gaps and points found in the wrong place."""

from __future__ import annotations

import numpy as np
import xarray as xr
from pydantic import Field

from mousegpt_core.settings import Settings


class NoiseSettings(Settings):
    """How poor the poses are.

    Attributes
    ----------
    jitter_cm : float
        Standard deviation of Gaussian noise on every coordinate (cm).
    dropouts : float
        Share of keypoints that are not found; confidence falls below 0.3.
    dropout_s : float
        Mean length of such a gap (s).
    jumps : float
        Share of keypoints found elsewhere for one frame; confidence between 0.3 and 0.7.
    jump_cm : float
        How far away (standard deviation, cm).
    """

    jitter_cm: float = Field(default=0.0, ge=0)
    dropouts: float = Field(default=0.0, ge=0, lt=1)
    dropout_s: float = Field(default=0.1, gt=0)
    jumps: float = Field(default=0.0, ge=0, lt=1)
    jump_cm: float = Field(default=3.0, ge=0)


def add_noise(poses: xr.Dataset, settings: NoiseSettings, *, seed: int = 0) -> xr.Dataset:
    """Poses as an estimator would have found them.

    Parameters
    ----------
    poses : Dataset
        The truth, in cm.
    settings : NoiseSettings
        How poor they become.
    seed : int
        Seed.

    Returns
    -------
    Dataset
        New poses; positions that were not found are NaN, confidence is filled in.
    """
    rng = np.random.default_rng([seed, 4])
    position = poses["position"].values.copy()
    n_time, n_space, n_keypoint, n_individual = position.shape
    shape = (n_time, n_keypoint, n_individual)
    confidence = (1.0 - 0.08 * rng.beta(1.5, 6.0, shape)).astype(np.float32)
    if settings.jitter_cm > 0:
        position += rng.normal(0.0, settings.jitter_cm, position.shape).astype(np.float32)
    if settings.jumps > 0:
        jumped = rng.random(shape) < settings.jumps
        away = rng.normal(0.0, settings.jump_cm, (int(jumped.sum()), n_space))
        moved = np.moveaxis(position, 1, -1)
        moved[jumped] += away.astype(np.float32)
        confidence[jumped] = rng.uniform(0.3, 0.7, int(jumped.sum()))
    if settings.dropouts > 0:
        lost = _gaps(rng, shape, settings.dropouts, settings.dropout_s * poses.attrs["fps"])
        np.moveaxis(position, 1, -1)[lost] = np.nan
        confidence[lost] = rng.uniform(0.0, 0.3, int(lost.sum()))
    return poses.assign(
        position=poses["position"].copy(data=position),
        confidence=poses["confidence"].copy(data=confidence),
    )


def _gaps(
    rng: np.random.Generator, shape: tuple[int, ...], share: float, mean_frames: float
) -> np.ndarray:
    """Gaps as a two-state Markov chain whose share of lost frames is `share`."""
    leave = min(1.0 / max(mean_frames, 1.0), 1.0)
    enter = min(leave * share / (1.0 - share), 1.0)
    lost = np.zeros(shape, dtype=bool)
    state = rng.random(shape[1:]) < share
    chance = rng.random(shape)
    for frame in range(shape[0]):
        state = np.where(state, chance[frame] > leave, chance[frame] < enter)
        lost[frame] = state
    return lost
