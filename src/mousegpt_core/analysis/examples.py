"""A few labelled examples correct what definitions in words give, or stand in their place.

A multinomial logistic model starts from the scores of the definitions (its offset) and learns a
correction on the scores of all activities and a few quantities. A penalty (a Gaussian prior around
no correction) keeps it near the definitions; how strong it must be is found by cross-validation
over the examples, so that where the definitions say it all, examples change nothing. Where a
behaviour has examples and no words, the offset says nothing of it; behaviours that have words and
no examples are then represented by frames that the words are sure of (`stand_ins`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import minimize

from mousegpt_core.describe.measures import MEASURES, Body, Reference, skeleton_of
from mousegpt_core.describe.rhythm import SPEED_FLOOR, Floats, odd_frames, running_mean
from mousegpt_core.errors import DataError
from mousegpt_core.skeleton import Skeleton

_WINDOW_S = 0.6
#: Quantities and the change in each that counts as much (speeds on a logarithmic scale).
_FEATURES: dict[str, float] = {
    "speed": 1.0,
    "hindpaw_speed": 1.0,
    "forepaw_speed": 1.0,
    "head_speed": 1.0,
    "liveliest_part": 1.0,
    "front_rise": 0.15,
    "nose_rise": 0.3,
    "length": 0.2,
    "spine_bend": 0.6,
    "nose_to_forepaws": 0.2,
}
#: Weight of the activities' scores (0-1) beside them.
_SCORE_WEIGHT = 2.0
#: Penalties on the correction that are tried; the strongest is as good as no correction.
_PENALTIES = (1e6, 32.0, 8.0, 2.0)
#: The penalty where examples are all there is: too few to choose one by cross-validation.
_ALONE_PENALTY = 8.0
_FOLDS = 5
#: By how much a correction must improve on unseen examples (mean log loss) to be believed.
_LEAST_GAIN = 0.1
#: Frames that stand in for a behaviour without examples, and into how many examples they are put.
_STAND_IN_FRAMES, _STAND_IN_GROUPS = 200, 10
#: A score from which words are sure.
_SURE = 0.5
#: Added to a score before its logarithm: no definition is certain.
_DOUBT = 0.02


@dataclass(frozen=True)
class Examples:
    """Frames of labelled examples.

    Attributes
    ----------
    scores : array of shape (frame, behaviour)
        What the definitions give.
    features : array of shape (frame, feature)
        From `example_features`.
    labels : list of str
        Behaviour of each frame.
    groups : int array of shape (frame,)
        The example that each frame is of.
    alone : bool
        Whether some behaviours are known by their examples alone, which are then believed.
    """

    scores: Floats
    features: Floats
    labels: list[str]
    groups: NDArray[np.int64]
    alone: bool = False

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        """All examples together; none without parts."""
        parts = [part for part in parts if part.labels]
        if not parts:
            return cls(np.empty((0, 0)), np.empty((0, 0)), [], np.empty(0, dtype=np.int64))
        before = np.cumsum([0, *(part.groups.max() + 1 for part in parts[:-1])])
        return cls(
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.features for part in parts]),
            [label for part in parts for label in part.labels],
            np.concatenate(
                [part.groups + first for part, first in zip(parts, before, strict=True)]
            ),
            any(part.alone for part in parts),
        )


@dataclass(frozen=True)
class Learned:
    """A correction learned from examples.

    Attributes
    ----------
    weights : array of shape (feature + 1, behaviour)
        Added to the logarithm of the scores; the last row is constant.
    examples : int
        How many it was learned from.
    """

    weights: Floats
    examples: int

    def correct(self, scores: Floats, features: Floats) -> Floats:
        """Scores (time, behaviour) after the correction; those of a frame add to what they did."""
        logits = _logits(scores, features, self.weights)
        known = scores.sum(axis=1, keepdims=True)
        return np.asarray(np.exp(logits - _log_sum(logits)) * known)


def example_features(
    kinematics: xr.Dataset,
    ethogram: xr.Dataset,
    individual: str,
    activities: Sequence[str],
    skeleton: Skeleton | None = None,
) -> Floats:
    """Quantities of one animal, averaged over 0.6 s and scaled, and its scores of all activities.

    What is absent is 0.

    Parameters
    ----------
    kinematics : Dataset
        From `kinematics.compute_kinematics`.
    ethogram : Dataset
        On the same times, with the animals' references.
    individual : str
        The animal.
    activities : sequence of str
        Names of all activities, whether or not they are judged here.
    skeleton : Skeleton, optional
        Roles of the keypoints; by default guessed from their names.

    Returns
    -------
    array of shape (time, feature)
    """
    one = kinematics.sel(individual=[individual])
    reference = Reference.from_json(str(ethogram.attrs["reference"]))
    body = Body(one, skeleton or skeleton_of(kinematics), reference)
    frames = odd_frames(_WINDOW_S, body.fps)
    found = np.zeros((one.sizes["time"], len(_FEATURES)))
    for column, (name, scale) in enumerate(_FEATURES.items()):
        values = MEASURES[name].read(body)
        if values is None:
            continue
        if MEASURES[name].kind == "speed":
            values = np.log(np.maximum(values, 0) + SPEED_FLOOR)
        smooth = running_mean(values, frames)[:, 0] / scale
        middle = np.nanmedian(smooth) if np.isfinite(smooth).any() else 0.0
        found[:, column] = np.where(np.isfinite(smooth), smooth, middle)
    judged = ethogram["activity_score"].sel(individual=individual)
    scores = judged.reindex(activity=list(activities)).transpose("time", "activity").values
    return np.column_stack([found, _SCORE_WEIGHT * np.nan_to_num(scores)])


def collect_examples(
    spans: Sequence[tuple[str, float, float]],
    times: Floats,
    scores: Floats,
    features: Floats,
    *,
    where: str,
) -> Examples:
    """Frames of some labelled stretches of one animal.

    Parameters
    ----------
    spans : sequence of (behaviour, start_s, stop_s)
        Half-open stretches in seconds.
    times : array of shape (time,)
        Seconds.
    scores : array of shape (time, behaviour)
        What the definitions give.
    features : array of shape (time, feature)
        From `example_features`.
    where : str
        Named in errors.

    Raises
    ------
    DataError
        If a stretch lies outside the recording.
    """
    parts = []
    for behaviour, start_s, stop_s in spans:
        rows = np.flatnonzero((times >= start_s - 1e-6) & (times < stop_s - 1e-6))
        if not rows.size:
            raise DataError(
                f"{where}: the example of {behaviour!r} from {start_s} to {stop_s} s has no frame",
                expected=f"a time between {times[0]:.2f} and {times[-1]:.2f} s",
                hint="mend the example in the labels file",
            )
        rows = rows[np.isfinite(scores[rows]).all(axis=1)]
        if rows.size:
            group = np.zeros(rows.size, dtype=np.int64)
            parts.append(Examples(scores[rows], features[rows], [behaviour] * rows.size, group))
    return Examples.joined(parts)


def stand_ins(
    silent: Mapping[str, int],
    said: Floats,
    scores: Floats,
    features: Floats,
    taken: NDArray[np.bool_],
) -> Examples:
    """Frames that words give to behaviours without examples, as examples of them.

    Of "anything else" they are a sample of all that is not an example: what is told apart then is
    the examples from the recording at large (learning from positive and unlabelled examples, Elkan
    and Noto 2008).

    Parameters
    ----------
    silent : mapping of str to int
        Behaviours without examples, and their columns.
    said : array of shape (time, behaviour)
        What words alone say.
    scores : array of shape (time, behaviour)
        What the model starts from.
    features : array of shape (time, feature)
        From `example_features`.
    taken : array of shape (time,), bool
        At or near an example.
    """
    known = np.isfinite(scores).all(axis=1) & np.isfinite(said).all(axis=1) & ~taken
    best = np.where(np.isfinite(said), said, 0.0)
    parts = []
    for behaviour, column in silent.items():
        sure = (best.argmax(axis=1) == column) & (best[:, column] > _SURE)
        rows = np.flatnonzero(known & sure)
        if not rows.size:
            continue
        count = min(rows.size, _STAND_IN_FRAMES)
        rows = rows[np.arange(count) * rows.size // count]
        group = np.arange(rows.size) * min(_STAND_IN_GROUPS, rows.size) // rows.size
        parts.append(Examples(scores[rows], features[rows], [behaviour] * rows.size, group))
    return Examples.joined(parts)


def learn(examples: Sequence[Examples], behaviours: Sequence[str]) -> Learned | None:
    """Learn a correction of the definitions' scores from labelled examples.

    Parameters
    ----------
    examples : sequence of Examples
        From one or more recordings.
    behaviours : sequence of str
        In the order of the scores' columns.

    Returns
    -------
    Learned or None
        None where fewer than two behaviours have examples: one alone would only say that all
        is this behaviour.
    """
    joined = Examples.joined(examples)
    if len(set(joined.labels)) < 2:
        return None
    target = np.asarray([list(behaviours).index(label) for label in joined.labels])
    problem = _Problem(
        np.log(joined.scores + _DOUBT),
        _design(joined.features),
        target,
        _weights(joined.groups, target, len(behaviours)),
    )
    penalty = _ALONE_PENALTY if joined.alone else _best_penalty(problem, joined.groups)
    return Learned(problem.solve(penalty), int(joined.groups.max()) + 1)


def _weights(groups: NDArray[np.int64], target: NDArray[np.int64], count: int) -> Floats:
    """Each example counts alike, and each behaviour, however many examples it has."""
    one = 1.0 / np.bincount(groups)[groups]
    mass = np.bincount(target, weights=one, minlength=count)
    return np.asarray(one / mass[target] * mass.sum() / (mass > 0).sum())


def _best_penalty(problem: _Problem, groups: NDArray[np.int64]) -> float:
    """The penalty that tells left-out examples best; the strongest within `_LEAST_GAIN`."""
    fold = _folds(groups, problem.target)
    losses = []
    for penalty in _PENALTIES:
        total = 0.0
        for left_out in np.unique(fold):
            unseen = fold[groups] == left_out
            if unseen.all():
                return _PENALTIES[0]
            weights = problem.part(~unseen).solve(penalty)
            total += problem.part(unseen).loss(weights)
        losses.append(total / problem.weights.sum())
    good = [
        p for p, loss in zip(_PENALTIES, losses, strict=True) if loss <= min(losses) + _LEAST_GAIN
    ]
    return max(good)


def _folds(groups: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fold of each example: those of every behaviour are spread over all folds."""
    _, first = np.unique(groups, return_index=True)
    behaviour = target[first]
    fold = np.empty(len(first), dtype=np.int64)
    for one in np.unique(behaviour):
        mine = np.flatnonzero(behaviour == one)
        fold[mine] = np.arange(len(mine)) % _FOLDS
    return fold


@dataclass(frozen=True)
class _Problem:
    """Logistic regression with an offset."""

    offset: Floats
    design: Floats
    target: NDArray[np.int64]
    weights: Floats

    def part(self, rows: NDArray[np.bool_]) -> _Problem:
        return _Problem(self.offset[rows], self.design[rows], self.target[rows], self.weights[rows])

    def loss(self, coefficients: Floats) -> float:
        logits = self.offset + self.design @ coefficients
        share = (logits - _log_sum(logits))[np.arange(len(self.target)), self.target]
        return -float((self.weights * share).sum())

    def solve(self, penalty: float) -> Floats:
        """Coefficients (feature + 1, behaviour) of least loss plus penalty."""
        shape = (self.design.shape[1], self.offset.shape[1])

        def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            coefficients = flat.reshape(shape)
            logits = self.offset + self.design @ coefficients
            wrong = np.exp(logits - _log_sum(logits))
            wrong[np.arange(len(self.target)), self.target] -= 1.0
            gradient = self.design.T @ (self.weights[:, None] * wrong) + penalty * coefficients
            value = self.loss(coefficients) + 0.5 * penalty * float(np.square(coefficients).sum())
            return value, gradient.ravel()

        found = minimize(objective, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B")
        return np.asarray(found.x).reshape(shape)


def _design(features: Floats) -> Floats:
    return np.column_stack([features, np.ones(len(features))])


def _logits(scores: Floats, features: Floats, weights: Floats) -> Floats:
    return np.asarray(np.log(scores + _DOUBT) + _design(features) @ weights)


def _log_sum(logits: Floats) -> Floats:
    return np.asarray(np.logaddexp.reduce(logits, axis=1, keepdims=True))
