"""Which frames of poses a person should look at first, and why.

Everything is measured against the recording itself: a keypoint against its own usual speed and
confidence, a bone against its own length, so that no unit, skeleton or frame rate is special.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.kinematics.anatomy import Anatomy, point, read_anatomy
from mousegpt_core.kinematics.signals import Bools, Floats, length, neighbours, runs
from mousegpt_core.skeleton import Skeleton

#: Reasons to doubt a frame, in words.
IDENTITY, SIDES, JUMP, BONE, CONFIDENCE, MISSING = (
    "identities exchanged", "left and right exchanged", "jump", "unusual length",
    "low confidence", "not seen",
)  # fmt: skip
COLUMNS = (
    "frame", "time_s", "individual", "reason", "other", "keypoints", "score", "start_frame",
    "stop_frame",
)  # fmt: skip
#: Moments nearer to a more doubtful one, or to one that was accepted, are not shown (s).
APART_S = 0.5
#: Least steps, spikes, and ways between exchanged points that count (share of the body's extent).
_STEP, _SPIKE, _SIDE, _ANIMAL = 0.15, 0.08, 0.1, 0.3
#: Quantiles of a value, and how many times over one of them it is doubted.
_USUAL = ((0.98, 2.0), (0.95, 4.0))
#: Quantile that is a keypoint's usual best confidence.
_BEST = 0.98
#: A bone longer by this share (in 3D also shorter) is doubted at the earliest.
_STRETCH = np.log(1.3)
#: Two have changed places where staying costs so many times the way that changing does.
_PLAINLY = 3.0
#: A side is told by the body's axis where so many frames agree; sine of the least angle to it.
_AGREE, _SINE = 0.85, 0.4
#: Confidence is low below this share of the keypoint's usual best one.
_LOW = 0.6
#: Doubts of what is only not known, beside those of what is wrong.
_UNKNOWN = 0.7
#: Longest time without both animals over which they can have been exchanged (s).
_LOST_S = 1.0


@dataclass(frozen=True)
class _Sight:
    """Poses as arrays: ``position`` (time, space, keypoint, individual), NaN where not seen."""

    position: Floats
    confidence: Floats
    edited: Bools
    hidden: Bools
    times: Floats
    period: float
    extent: float
    anatomy: Anatomy
    edges: tuple[tuple[int, int], ...]

    @property
    def seen(self) -> Bools:
        return np.asarray(np.isfinite(self.position).all(axis=1))

    @property
    def in_step(self) -> Bools:
        """Whether each frame but the first follows upon the one before."""
        return np.asarray(np.diff(self.times) < 1.5 * self.period)


@dataclass(frozen=True)
class _Found:
    """Doubts for one reason: scores (time, keypoint, individual), 0 = none.

    ``ends``: of exchanges, the row where each one ends, by its first row and individual;
    ``others``: of animals, with which other one.
    """

    reason: str
    scores: Floats
    ends: Mapping[tuple[int, int], int]
    others: Mapping[tuple[int, int], int] = field(default_factory=dict)


def doubtful_frames(
    poses: xr.Dataset,
    skeleton: Skeleton,
    *,
    accepted: Mapping[str, set[int]] | None = None,
    apart_s: float = APART_S,
) -> pd.DataFrame:
    """The moments of poses that a person should look at, the most doubtful first.

    Parameters
    ----------
    poses : Dataset
        As `mousegpt_core.poses` defines it, in any unit; may have ``edited`` and ``hidden``, which
        are not doubted.
    skeleton : Skeleton
        Bones, and left and right keypoints.
    accepted : dict of str to set of int, optional
        Frames that are right, by individual; they and what is near them are left out.
    apart_s : float
        Of the moments of an animal that are nearer to each other only the most doubtful is shown.

    Returns
    -------
    DataFrame
        frame, time_s, individual, reason, other (the animal that it was exchanged with, ``""`` of
        other reasons), keypoints (names, ``", "`` between them), score (0-1), start_frame,
        stop_frame (half-open: the frames that look the same, the range to correct).
    """
    sight = _sight(poses, skeleton)
    found = [
        replace(each, scores=np.where(sight.edited | sight.hidden, 0, each.scores))
        for each in _reasons(sight)
    ]
    rows = [
        row
        for number, name in enumerate(map(str, poses["individual"].values))
        for row in _moments(sight, poses, found, number, name, accepted or {}, apart_s)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values(
        ["score", "frame"], ascending=[False, True], kind="stable", ignore_index=True
    )


def _sight(poses: xr.Dataset, skeleton: Skeleton) -> _Sight:
    dims = ("time", "keypoint", "individual")
    position = poses["position"].transpose("time", "space", *dims[1:]).values.astype(np.float32)
    none = np.zeros((len(position), *position.shape[2:]), dtype=bool)
    flags = {
        name: poses[name].transpose(*dims).values if name in poses else none
        for name in ("edited", "hidden")
    }
    position = np.where(flags["hidden"][:, None], np.float32(np.nan), position)
    names = [str(name) for name in poses["keypoint"].values]
    times = np.asarray(poses["time"].values, dtype=np.float64)
    steps = np.diff(times)
    return _Sight(
        position,
        poses["confidence"].transpose(*dims).values,
        flags["edited"],
        flags["hidden"],
        times,
        float(np.median(steps)) if len(steps) else 1.0 / float(poses.attrs["fps"]),
        _extent(position),
        read_anatomy(skeleton, names),
        tuple((names.index(a), names.index(b)) for a, b in skeleton.edges if {a, b} <= set(names)),
    )


def _extent(position: Floats) -> float:
    """How large an animal usually is: the median diagonal of what is seen of it."""
    known = np.isfinite(position)
    high = np.where(known, position, -np.inf).max(axis=2)
    low = np.where(known, position, np.inf).min(axis=2)
    sizes = length(high - low)
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    return float(np.median(sizes)) if len(sizes) else 1.0


# -- reasons ----------------------------------------------------------------------------------


def _reasons(sight: _Sight) -> Iterator[_Found]:
    yield _Found(JUMP, _jumps(sight), {})
    yield _Found(BONE, _lengths(sight), {})
    yield _Found(CONFIDENCE, _low_confidence(sight), {})
    yield _Found(MISSING, _not_seen(sight), {})
    yield _exchanged_sides(sight)
    yield _exchanged_animals(sight)


def _excess(values: Floats, threshold: Floats | float) -> Floats:
    """Doubt of values over a threshold, 0-1: none at it, a half at twice as much."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(values > threshold, 1 - threshold / values, 0.0))


def _usual(values: Floats, least: float) -> Floats:
    """What each keypoint (of each animal) hardly ever exceeds; values (time, keypoint, animal)."""
    known = np.where(np.isfinite(values), values, -np.inf)
    ordered = np.sort(known, axis=0)
    # The lower of two, so that many errors do not pass for what is usual.
    usual = np.minimum(*(times * _share_below(ordered, share) for share, times in _USUAL))
    return np.asarray(np.maximum(usual, least))


def _share_below(ordered: Floats, share: float) -> Floats:
    """Quantiles of values that were sorted in time, unknown ones (-inf) first; 0 where none is."""
    known = np.maximum(np.isfinite(ordered).sum(axis=0) - 1, 0)
    place = len(ordered) - 1 - np.floor((1 - share) * known).astype(int)
    found = np.take_along_axis(ordered, place[None], axis=0)[0]
    return np.where(np.isfinite(found), found, 0.0)


def _jumps(sight: _Sight) -> Floats:
    """Steps that the body does not make too, and single frames beside both neighbours."""
    found: Floats = np.zeros(sight.seen.shape)
    if len(found) < 3:
        return found
    steps = np.where(sight.in_step[:, None, None, None], np.diff(sight.position, axis=0), np.nan)
    own = length(steps - _common(steps)[:, :, None])
    found[1:] = _excess(own, _usual(own, _STEP * sight.extent))
    both = sight.in_step[1:] & sight.in_step[:-1]
    before, here, after = sight.position[:-2], sight.position[1:-1], sight.position[2:]
    aside = np.where(both[:, None, None], length(here - (before + after) / 2), np.nan)
    plain = aside > 1.5 * length(after - before)
    spikes = _excess(aside, _usual(aside, _SPIKE * sight.extent)) * plain
    found[1:-1] = np.maximum(found[1:-1], spikes)
    # The step back from a single frame's spike is no jump of its own.
    back = found[2:-1] * (spikes[:-1] > 0)
    found[2:-1] -= np.where(spikes[1:] > 0, 0, back)
    return found


def _common(steps: Floats) -> Floats:
    """Median step over keypoints, 0 where too few are known: (time, space, individual)."""
    count = np.isfinite(steps).all(axis=1).sum(axis=1)
    ordered = np.sort(steps, axis=2)
    middle = np.clip(count // 2, 0, steps.shape[2] - 1)[:, None, None]
    median = np.take_along_axis(ordered, middle, axis=2)[:, :, 0]
    return np.where((count >= 3)[:, None], np.nan_to_num(median), 0.0)


def _lengths(sight: _Sight) -> Floats:
    """Bones that are too long (in space also too short), and points too far from the others."""
    found: Floats = np.zeros(sight.seen.shape)
    if sight.position.shape[2] > 2:
        middle = _median(sight.position, axis=2)
        found = _stretched(length(sight.position - middle[:, :, None]), in_space=False)
    for one, other in sight.edges:
        bone = length(sight.position[:, :, [one]] - sight.position[:, :, [other]])
        # Where a person placed one end, the other is not at fault.
        bone[(sight.edited[:, [one]] | sight.edited[:, [other]])] = np.nan
        doubt = _stretched(bone, in_space=sight.position.shape[1] == 3)
        ends = [one, other]
        found[:, ends] = np.maximum(found[:, ends], doubt)
    return found


def _stretched(lengths: Floats, *, in_space: bool) -> Floats:
    """Doubt of lengths (time, bone, individual) by how far they are from their median."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(lengths)
    known = np.where(np.isfinite(logs), logs, np.nan)
    middle = _median(known, axis=0)
    apart = np.abs(known - middle) if in_space else known - middle
    return _excess(apart, _usual(apart, _STRETCH))


def _median(values: Floats, axis: int) -> Floats:
    """Median of what is known, of two in the middle the lower one; NaN where nothing is."""
    ordered = np.sort(values, axis=axis)
    known = np.isfinite(ordered).sum(axis=axis, keepdims=True)
    middle = np.maximum(known - 1, 0) // 2
    return np.asarray(np.take_along_axis(ordered, middle, axis=axis).squeeze(axis))


def _low_confidence(sight: _Sight) -> Floats:
    """Keypoints of which the estimator was less sure than it usually is."""
    trust = np.where(sight.seen, sight.confidence, np.nan)
    if not np.isfinite(trust).any():
        return np.zeros(trust.shape)
    known = np.where(np.isfinite(trust), trust, -np.inf)
    best = np.maximum(_share_below(np.sort(known, axis=0), _BEST), 1e-6)
    share = trust / best
    low = share < _LOW
    usually = 1 - low.sum(axis=0) / np.maximum(np.isfinite(trust).sum(axis=0), 1)
    return np.asarray(np.where(low, _UNKNOWN * (1 - share / _LOW) * usually**2, 0.0))


def _not_seen(sight: _Sight) -> Floats:
    """Keypoints that are missing although they hardly ever are."""
    missing = ~sight.seen & ~sight.hidden
    usually = sight.seen.mean(axis=0)
    before, after = neighbours(sight.seen)
    inside = (before >= 0) & (after < len(missing))
    return np.asarray(np.where(missing & inside, _UNKNOWN * usually**2, 0.0))


def _exchanged_sides(sight: _Sight) -> _Found:
    """Left and right that jump to each other's place, or lie on the wrong side of the body."""
    scores: Floats = np.zeros(sight.seen.shape)
    ends: dict[tuple[int, int], int] = {}
    for pair in sight.anatomy.pairs:
        for individual in range(scores.shape[2]):
            sides = sight.position[:, :, list(pair), individual]
            doubt = _beside_axis(sight, sides, individual)
            for first, last, how in _exchanges(sight, sides, _SIDE):
                doubt[first] = max(doubt[first], how)
                ends.setdefault((first, individual), last)
            scores[:, pair, individual] = np.maximum(scores[:, pair, individual], doubt[:, None])
    return _Found(SIDES, scores, ends)


def _beside_axis(sight: _Sight, sides: Floats, individual: int) -> Floats:
    """Doubt of a pair (time, 2, 2) by the side of the body's axis on which its left one lies."""
    none = np.zeros(len(sides))
    front, rear = sight.anatomy.front, sight.anatomy.rear
    if sides.shape[1] != 2 or front is None or rear is None:
        return none
    along = (point(sight.position, front) - point(sight.position, rear))[:, :, individual]
    across = sides[:, :, 0] - sides[:, :, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        sine = (along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]) / (
            length(along) * length(across)
        )
    clear = np.abs(sine) > _SINE
    if not clear.any() or abs(np.sign(sine[clear]).mean()) < 2 * _AGREE - 1:
        return none
    wrong = -np.sign(sine[clear].mean()) * sine
    return np.nan_to_num(_excess(wrong * (length(across) > _SIDE * sight.extent), _SINE))


def _exchanges(sight: _Sight, two: Floats, least: float) -> Iterator[tuple[int, int, float]]:
    """First row, row of the end, and doubt, where two points (time, space, 2) are exchanged."""
    switches, how = _switches(sight, two, least)
    bounds = [*switches.tolist(), len(two)]
    number = 0
    while number < len(switches):
        first, last = bounds[number], bounds[number + 1]
        # They came back sooner than they then stayed: what is between is the mistake.
        back = last < len(two) and last - first <= bounds[number + 2] - last
        yield first, last if back else len(two), float(how[number])
        number += 2 if back else 1


def _switches(
    sight: _Sight, two: Floats, least: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Rows in which two points (time, space, 2) are where the other was, and how clearly."""
    rows = np.flatnonzero(np.isfinite(two).all(axis=(1, 2)))
    before, after = two[rows[:-1]], two[rows[1:]]
    stay = length(after - before).sum(axis=1)
    change = length(after - before[:, :, ::-1]).sum(axis=1)
    near = np.diff(sight.times[rows]) <= _LOST_S
    jumped = near & (stay > _PLAINLY * change) & (stay > 2 * least * sight.extent)
    return rows[1:][jumped], 1 - change[jumped] / stay[jumped]


def _exchanged_animals(sight: _Sight) -> _Found:
    """Animals that jump to each other's place."""
    scores: Floats = np.zeros(sight.seen.shape)
    ends: dict[tuple[int, int], int] = {}
    others: dict[tuple[int, int], int] = {}
    middle = _median(sight.position, axis=2)
    for one, other in combinations(range(scores.shape[2]), 2):
        for first, last, how in _exchanges(sight, middle[:, :, [one, other]], _ANIMAL):
            scores[first, :, one] = np.maximum(scores[first, :, one], how)
            ends.setdefault((first, one), last)
            others.setdefault((first, one), other)
    return _Found(IDENTITY, scores, ends, others)


# -- moments ----------------------------------------------------------------------------------


def _moments(
    sight: _Sight,
    poses: xr.Dataset,
    found: list[_Found],
    number: int,
    name: str,
    accepted: Mapping[str, set[int]],
    apart_s: float,
) -> Iterator[tuple[object, ...]]:
    """Rows of one animal: the worst frame of each stretch, far enough from worse ones."""
    by_reason = np.stack([each.scores[:, :, number].max(axis=1) for each in found])
    scores = 1 - np.prod(1 - by_reason, axis=0)
    stretches = [np.stack(runs(each > 0), axis=1) for each in by_reason]
    frames = np.asarray(poses["frame"].values)
    right = sight.times[np.isin(frames, list(accepted.get(name, set())))]
    keypoints = [str(each) for each in poses["keypoint"].values]
    animals = [str(each) for each in poses["individual"].values]
    for row in _apart(
        _peaks(scores, by_reason.argmax(axis=0)), scores, sight.times, right, apart_s
    ):
        which = int(by_reason[:, row].argmax())
        reason = found[which]
        of_points = reason.scores[row, :, number]
        worst = np.flatnonzero(of_points >= 0.7 * of_points.max())
        named = ", ".join(keypoints[each] for each in worst[np.argsort(-of_points[worst])][:4])
        first, last = _around(row, stretches[which])
        if (row, number) in reason.ends:
            first, last = row, reason.ends[row, number]
        other = reason.others.get((row, number))
        yield (
            int(frames[row]), float(sight.times[row]), name, reason.reason,
            "" if other is None else animals[other], named,
            float(scores[row]), int(frames[first]), int(frames[last - 1]) + 1,
        )  # fmt: skip


def _peaks(scores: Floats, reasons: NDArray[np.intp]) -> NDArray[np.intp]:
    """The worst row of each stretch with one reason."""
    doubted = scores > 0
    # Without doubt a stretch ends as well as with another reason.
    edges = np.flatnonzero((np.diff(reasons) != 0) | (np.diff(doubted) != 0)) + 1
    stretches = pairwise([0, *edges.tolist(), len(scores)])
    rows = [a + int(scores[a:b].argmax()) for a, b in stretches if doubted[a]]
    return np.array(rows, dtype=np.intp)


def _apart(
    rows: NDArray[np.intp], scores: Floats, times: Floats, right: Floats, apart_s: float
) -> list[int]:
    """Rows, the worst first, that are far from worse ones and from frames that are right."""
    free = np.ones(len(times), dtype=bool)

    def close(moment: float) -> None:
        free[slice(*np.searchsorted(times, [moment - apart_s, moment + apart_s + 1e-9]))] = False

    for moment in right:
        close(float(moment))
    chosen = []
    for row in rows[np.argsort(-scores[rows], kind="stable")]:
        if free[row]:
            chosen.append(int(row))
            close(float(times[row]))
    return chosen


def _around(row: int, stretches: NDArray[np.intp]) -> tuple[int, int]:
    """The stretch, of an array (stretch, 2) of half-open ones, that a row lies in."""
    first, last = stretches[np.searchsorted(stretches[:, 0], row, side="right") - 1]
    return int(first), int(last)
