"""Footfalls: paws that stay where they are set down until they step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from mousegpt_core.synthetic.body import PAW_HEIGHT, Array

#: Phase of each paw in the stride (order of `body.PAWS`): nearly diagonal couplets, as mice trot.
OFFSETS = (0.0, 0.5, 0.45, 0.95)
#: Longest and shortest time a paw is in the air (s).
SWING_S = (0.05, 0.16)
#: Time in which the paws are drawn in after a stop (s).
SETTLE_S = 0.36


@dataclass
class Footfalls:
    """Paws on their way.

    Attributes
    ----------
    paws : array of shape (time, 4, 3)
        Positions in cm, in the order of `body.PAWS`.
    stance : array of shape (time, 4), bool
        Whether the paw stands on the floor and does not move.
    phase : array of shape (time,)
        Strides since the start.
    """

    paws: Array
    stance: np.ndarray
    phase: Array


def stride_rate(effort: Array) -> Array:
    """Strides per second of an adult mouse at a speed in cm/s.

    Rises linearly from about 2.5 Hz in a slow walk to 6 Hz at 40 cm/s, so that strides lengthen
    from 4 to 7 cm, as treadmill studies of mouse gait report; 0 below about 0.2 cm/s.
    """
    moving = np.clip((np.abs(effort) - 0.2) / 1.3, 0.0, 1.0)
    return np.asarray(moving * (1.6 + 0.11 * np.abs(effort)))


def place_paws(homes: Array, speed: Array, turning: Array, fps: float) -> Footfalls:
    """Let four paws follow their homes step by step.

    A paw is set down where its home will be in the middle of the coming stance, so that the body
    passes over it evenly.

    Parameters
    ----------
    homes : array of shape (time, 4, 2)
        Where each paw would stand under the body at rest (cm).
    speed, turning : array of shape (time,)
        cm/s and rad/s of the body.
    fps : float
        Frames per second.
    """
    n_time = len(speed)
    effort = np.abs(speed) + 2.5 * np.abs(turning)
    rate = _settle(stride_rate(effort), fps)
    phase = np.concatenate([[0.0], np.cumsum(rate)[:-1]]) / fps
    swing = np.clip(0.32 + 0.006 * effort, 0.32, 0.55)
    paws = np.empty((n_time, 4, 3))
    stance = np.empty((n_time, 4), dtype=bool)
    frame = np.arange(n_time, dtype=np.float64)
    for paw, offset in enumerate(OFFSETS):
        lifts = _crossings(phase - offset)
        share = swing[np.minimum(lifts.astype(int), n_time - 1)]
        landed = np.interp(phase[np.minimum(lifts.astype(int), n_time - 1)] + share, phase, frame)
        landings = lifts + np.clip(landed - lifts, SWING_S[0] * fps, SWING_S[1] * fps)
        middles = np.interp(np.arange(len(lifts)) + offset + (1 + share) / 2, phase, frame)
        middles = np.minimum(middles, landings + SETTLE_S / 2 * fps)
        spots = _spots(homes[:, paw], middles, offset, phase, frame)
        paws[:, paw], stance[:, paw] = _follow(frame, lifts, landings, spots)
    return Footfalls(paws, stance, phase)


def _settle(rate: Array, fps: float) -> Array:
    """One more stride after each stop, so that the paws come to stand under the body."""
    stride = max(round(SETTLE_S * fps), 1)
    recent = maximum_filter1d(rate, stride, origin=(stride - 1) // 2, mode="nearest")
    return np.asarray(np.where(recent > 1.0, np.maximum(rate, 1.1 / SETTLE_S), rate))


def _crossings(phase: Array) -> Array:
    """Frames (fractional) at which the phase passes 0, 1, 2, ..."""
    count = int(np.floor(phase[-1])) + 1
    if count <= 0:
        return np.empty(0)
    after = np.searchsorted(phase, np.arange(count) + 1e-9)
    after = np.clip(after, 1, len(phase) - 1)
    step = np.maximum(phase[after] - phase[after - 1], 1e-12)
    return np.asarray(after - 1 + np.clip((np.arange(count) - phase[after - 1]) / step, 0, 1))


def _spots(home: Array, middles: Array, offset: float, phase: Array, frame: Array) -> Array:
    """Where the paw stands before its first step and after each."""
    first = np.interp(max(offset - 0.35, 0.0), phase, frame) if offset > 0 else 0.0
    when = np.concatenate([[first], middles])
    return np.stack([np.interp(when, frame, home[:, axis]) for axis in (0, 1)], axis=-1)


def _follow(frame: Array, lifts: Array, landings: Array, spots: Array) -> tuple[Array, np.ndarray]:
    """Positions (time, 3) and stance (time,) of one paw."""
    step = np.searchsorted(lifts, frame, side="right")
    began = np.concatenate([[-2.0], lifts])[step]
    ended = np.concatenate([[-1.0], landings])[step]
    progress = np.clip((frame - began) / (ended - began), 0.0, 1.0)
    before = spots[np.maximum(step - 1, 0)]
    after = spots[step]
    eased = progress**3 * (10 - 15 * progress + 6 * progress**2)
    way = after - before
    height = np.minimum(0.25 + 0.12 * np.linalg.norm(way, axis=-1), 0.8)
    paw = np.empty((len(frame), 3))
    paw[:, :2] = before + eased[:, None] * way
    paw[:, 2] = PAW_HEIGHT + height * np.sin(np.pi * eased) ** 2
    stance = (progress >= 1.0) | (progress <= 0.0)
    return paw, stance
