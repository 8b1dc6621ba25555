"""From silhouettes to poses: which end of each outline is the nose, decided over the whole film."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.pose.motion import pixel_speeds
from mousegpt_core.poses import make_poses

Floats = NDArray[np.float64]

#: Names of the points from nose to tail base, in the order of the midline.
KEYPOINTS = ("nose", "front", "centre", "rear", "tail_base")
#: Log odds that the nose is at an end, for one second of a tail clearly seen at the other, for one
#: second of skewness 1, and for one body length covered in its direction.
_TAIL, _TAPER, _WALKED = 8.0, 3.0, 5.0
#: Most of what one second can tell by the shape, and how much steadily the axis points one way:
#: log odds per frame that a long animal does not turn end for end.
_KEEPS = 4.0
#: Length over width, less 1, from which an outline has a clear axis.
_LONG = 0.6
#: After this long out of sight (s), the old direction says nothing.
_GONE_S = 0.5
#: Movement is judged over this long (s).
_STEP_S = 0.2
#: Shares of the frames from which a reader is told, and how sure of the nose one should be.
_TOLD_LOST, _TOLD_DOUBT, _SURE_NOSE = 0.02, 0.1, 0.8
#: Speed that noise hides from which a reader is told (lengths/s).
_TOLD_NOISE = 0.04
#: Confidence of a place that was guessed in a blob of several animals.
_GUESSED = 0.55


def poses_from_silhouettes(silhouettes: xr.Dataset, times: Floats | None = None) -> xr.Dataset:
    """Midlines as poses, nose first.

    The nose is at the end that leads when the animal walks, where the tail is not, and towards
    which the body tapers. A hidden Markov model of two states, with transitions that follow the
    turning of the body's axis, joins what the frames tell (forward-backward algorithm; Rabiner,
    Proc. IEEE 77 (1989) 257).

    Parameters
    ----------
    silhouettes : Dataset
        From `silhouettes_in_blocks`, joined; may be lazy.
    times : array of shape (time,), optional
        Times of the frames (s), where the film's own are wrong.

    Returns
    -------
    Dataset
        Poses in px of the film; ``confidence`` of the ends is the probability that they are not
        exchanged. Also ``pixel_speed`` (px/s), ``outline_height`` (px), ``area`` (px^2) and
        ``merged`` (time, individual).
    """
    times = np.asarray(silhouettes["time"].values if times is None else times, dtype=np.float64)
    speed, doubt = pixel_speeds(silhouettes, times)
    midline = np.asarray(silhouettes["midline"].values, dtype=np.float64)
    shapes = {
        name: np.asarray(silhouettes[name].values, dtype=np.float64)
        for name in ("length", "width", "tail", "taper")
    }
    merged = np.asarray(silhouettes["merged"].values, dtype=bool)
    confidence = np.full((len(times), len(KEYPOINTS), midline.shape[3]), np.nan)
    for i in range(midline.shape[3]):
        one = {name: values[:, i] for name, values in shapes.items()}
        first = nose_first(midline[..., i], times, **one)
        midline[..., i] = np.where(
            (first < 0.5)[:, None, None], midline[:, :, ::-1, i], midline[..., i]
        )
        sure = np.maximum(first, 1 - first)
        confidence[:, :, i] = sure[:, None]
        confidence[:, KEYPOINTS.index("centre"), i] = np.where(np.isfinite(sure), 1.0, np.nan)
    confidence = np.where(merged[:, None], np.minimum(confidence, _GUESSED), confidence)
    poses = make_poses(
        midline,
        confidence,
        keypoints=KEYPOINTS,
        individuals=[str(name) for name in silhouettes["individual"].values],
        fps=1.0 / _median_step(times),
        unit="px",
        times=times,
        frames=silhouettes["frame"].values,
        source_software="mousegpt silhouette",
        single_pictures=0,
        timed=0,
        remarks=remarks_on(silhouettes, confidence, doubt),
    )
    return poses.assign(
        pixel_speed=(("time", "individual"), speed.astype(np.float32), {"units": "px/s"}),
        outline_height=silhouettes["height"].load().variable,
        area=silhouettes["area"].load().variable,
        merged=silhouettes["merged"].load().variable,
    )


def _median_step(times: Floats) -> float:
    return float(np.median(np.diff(times))) if len(times) > 1 else 1.0


def remarks_on(silhouettes: xr.Dataset, confidence: Floats, doubt: Floats) -> list[str]:
    """What a reader must know of animals that were found in a film.

    Parameters
    ----------
    silhouettes : Dataset
        From `silhouettes_in_blocks`, joined.
    confidence : array of shape (time, keypoint, individual)
        Of the poses that were made of them.
    doubt : array of shape (time, individual)
        From `pixel_speeds`.
    """
    found = [
        "found in the film as a silhouette, without poses: paws, ears and what is done with them "
        "are not seen: grooming, scratching and sniffing look like standing; which end is the nose "
        "is a guess from movement, tail and shape"
    ]
    found += silhouettes.attrs["changes"]
    nose = confidence[:, 0]
    seen = np.isfinite(nose)
    if (lost := 1 - seen.mean()) > _TOLD_LOST:
        found.append(f"no animal was found in {lost:.0%} of the frames")
    if seen.any() and (unsure := float((nose[seen] < _SURE_NOSE).mean())) > _TOLD_DOUBT:
        found.append(f"in {unsure:.0%} of the frames it is uncertain which end is the nose")
    if (merged := float(silhouettes["merged"].values.mean())) > 0:
        found.append(
            f"the animals touched in {merged:.0%} of the frames; there each one's place is a guess,"
            " and they may have been exchanged"
        )
    lengths = np.asarray(silhouettes["length"].values, dtype=np.float64)
    if (hidden := _median(doubt) / _median(lengths)) > _TOLD_NOISE:
        found.append(
            f"noise of the picture hides movements of up to {hidden:.2f} lengths a second; so slow "
            "ones are not told from none, and freezing may be missed"
        )
    if (others := float(silhouettes.attrs["others"])) >= 1:
        found.append(
            f"{others:.0f} more things of the animal's size move in the film: other animals, or "
            "another view of the same? Give the number of animals with --individuals, or crop the "
            "film"
        )
    return found


def _median(values: Floats) -> float:
    """Of what is known; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def nose_first(
    midline: Floats, times: Floats, *, length: Floats, width: Floats, tail: Floats, taper: Floats
) -> Floats:
    """Probability that the first point of each midline is the nose; NaN where there is none.

    Parameters
    ----------
    midline : array of shape (time, 2, point)
        From end to end.
    times : array of shape (time,)
        Seconds.
    length, width, tail, taper : arrays of shape (time,)
        As in `shape.Shape`.
    """
    seen = np.flatnonzero(np.isfinite(midline).all(axis=(1, 2)))
    found = np.full(len(midline), np.nan)
    if not len(seen):
        return found
    ends = midline[seen, :, 0] - midline[seen, :, -1]
    axis = ends / np.maximum(np.linalg.norm(ends, axis=1, keepdims=True), 1e-9)
    when = times[seen]
    dt = np.diff(when, prepend=when[0] - (np.median(np.diff(when)) if len(when) > 1 else 1.0))
    dt = np.minimum(dt, _GONE_S)
    walked = _walked(midline[seen].mean(axis=2), when, axis) * dt / np.nanmedian(length)
    tells = _TAIL * tail[seen] * dt - _TAPER * np.clip(taper[seen], -1, 1) * dt + _WALKED * walked
    long = np.clip((length[seen] / np.maximum(width[seen], 1e-9) - 1) / _LONG, 0, 1)
    turn = np.append(0.0, (axis[1:] * axis[:-1]).sum(axis=1))
    keeps = _KEEPS * turn * np.minimum(long, np.append(long[:1], long[:-1]))
    keeps[np.diff(when, prepend=when[0]) >= _GONE_S] = 0.0
    found[seen] = _smoothed_odds(tells, keeps)
    return found


def _walked(centre: Floats, times: Floats, axis: Floats) -> Floats:
    """Velocity along the axis (px/s), over `_STEP_S` around each frame."""
    before = np.searchsorted(times, times - _STEP_S / 2)
    after = np.minimum(np.searchsorted(times, times + _STEP_S / 2), len(times) - 1)
    span = times[after] - times[before]
    velocity = (centre[after] - centre[before]) / np.maximum(span, 1e-9)[:, None]
    usable = (span > 0) & (span < _GONE_S)
    return np.asarray(np.where(usable, (velocity * axis).sum(axis=1), 0.0))


def _smoothed_odds(tells: Floats, keeps: Floats) -> Floats:
    """Probability of state 1 of a chain of two states.

    Parameters
    ----------
    tells : array of shape (time,)
        Log odds of state 1 by each frame alone.
    keeps : array of shape (time,)
        Log odds that the state is that of the frame before; the first is not used.
    """
    ahead = np.empty(len(tells))
    ahead[0] = tells[0]
    for t in range(1, len(tells)):
        ahead[t] = tells[t] + _passed(ahead[t - 1], keeps[t])
    back = 0.0
    odds = ahead
    for t in range(len(tells) - 2, -1, -1):
        back = _passed(back + tells[t + 1], keeps[t + 1])
        odds[t] += back
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -50, 50))))


def _passed(odds: float, keep: float) -> float:
    """Log odds of a state one step on: log((e^(o+k) + 1) / (e^o + e^k))."""
    return float(np.logaddexp(odds + keep, 0.0) - np.logaddexp(odds, keep))
