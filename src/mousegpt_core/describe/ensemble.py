"""Kinematic evidence and a model's answers combined, so that the sum knows how sure it is.

Where a person has labelled clips, the combination is learned from them: multinomial logistic
regression on the logarithms of the kinematic scores and on the model's label and confidence, which
is Dirichlet calibration (Kull et al. 2019) of a product of experts. Clips that a person labelled
are judged by a fit that has not seen them. Where there are no labels, the experts' confusion
matrices are estimated from where they agree and disagree (Dawid & Skene 1979), kept near "mostly
right" by a prior: two experts alone do not tell which of them errs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

#: Fewest labelled clips, and of a label, from which a combination is learned.
FEWEST_CLIPS, FEWEST_OF_LABEL = 30, 5
#: No share is believed to be smaller.
_LEAST = 1e-3
#: Inverse strengths of the penalty among which folds choose.
_STRENGTHS = (0.03, 0.3, 3.0)
#: What the prior of Dawid & Skene believes: how often an expert is right, and by how many clips.
_PRIOR_RIGHT, _PRIOR_WEIGHT = 0.7, 0.25
_ROUNDS, _SETTLED = 200, 1e-6


@dataclass(frozen=True)
class Experts:
    """What is said of clips.

    Attributes
    ----------
    kinematic : array of shape (clip, label)
        Score of each label; they add to 1 or less. NaN = not known.
    said : array of shape (clip,), int
        The model's label; -1 = none.
    score : array of shape (clip,)
        How sure the model is, 0-1; NaN = it does not say.
    """

    kinematic: Floats
    said: Ints
    score: Floats

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.said)

    def __getitem__(self, rows: Any) -> Experts:
        """Some of the clips."""
        return Experts(self.kinematic[rows], self.said[rows], self.score[rows])

    @property
    def labels(self) -> int:
        """Number of labels."""
        return int(self.kinematic.shape[1])

    @property
    def silent(self) -> NDArray[np.bool_]:
        """Of which clips nothing is said."""
        return np.asarray((self.said < 0) & ~np.isfinite(self.kinematic).any(axis=1))


def combine_learned(experts: Experts, truth: Ints, folds: Ints) -> Floats | None:
    """Probability of each label, learned from a person's.

    Parameters
    ----------
    experts : Experts
        What is said of the clips.
    truth : array of shape (clip,), int
        A person's label; -1 = none.
    folds : array of shape (clip,), int
        Labelled clips of one fold are judged by a fit on the others.

    Returns
    -------
    array of shape (clip, label) or None
        None if there are too few labelled clips to learn from.
    """
    labelled = truth >= 0
    known = np.unique(folds[labelled])
    seen = [np.bincount(truth[labelled & (folds != f)], minlength=1) for f in known]
    enough = labelled.sum() >= FEWEST_CLIPS and len(known) > 1
    if not enough or any((c > 0).sum() < 2 or c[c > 0].min() < FEWEST_OF_LABEL for c in seen):
        return None
    features = _features(experts)
    strength = min(_STRENGTHS, key=lambda one: _loss(features, truth, folds, experts.labels, one))
    found = _fitted(features[labelled], truth[labelled], features, experts.labels, strength)
    found[labelled] = _held_out(features, truth, folds, experts.labels, strength)[labelled]
    return found


def combine_unlearned(experts: Experts) -> Floats:
    """Probability of each label, from where the experts agree and disagree.

    Expectation-maximisation of Dawid & Skene (1979) with shares in place of votes; each expert's
    confusion matrix has a Dirichlet prior that it is right in 70 % of clips, worth a quarter of
    them.

    Parameters
    ----------
    experts : Experts
        What is said of the clips.

    Returns
    -------
    array of shape (clip, label)
        Equal where nothing is said.
    """
    votes = [_kinematic_votes(experts), _model_votes(experts)]
    count = experts.labels
    right = np.eye(count) * (_PRIOR_RIGHT - (1 - _PRIOR_RIGHT) / max(count - 1, 1))
    prior = right + (1 - _PRIOR_RIGHT) / max(count - 1, 1)
    prior *= _PRIOR_WEIGHT * max(len(experts), 1) / count
    belief = _normalised(np.sum(votes, axis=0) + 1e-3)
    for _ in range(_ROUNDS):
        matrices = [_normalised(belief.T @ vote + prior) for vote in votes]
        shares = _normalised(belief.sum(axis=0)[None] + 1.0)
        logs = np.log(shares) + sum(v @ np.log(m).T for v, m in zip(votes, matrices, strict=True))
        new = _normalised(np.exp(logs - logs.max(axis=1, keepdims=True)))
        moved, belief = float(np.abs(new - belief).max(initial=0.0)), new
        if moved < _SETTLED:
            break
    return belief


def _features(experts: Experts) -> Floats:
    """Logarithms of the kinematic scores, the model's label, and how sure it is of that."""
    kinematic = np.nan_to_num(experts.kinematic, nan=1.0 / max(experts.labels, 1))
    logs = np.log(np.clip(kinematic, _LEAST, 1.0))
    said = np.eye(experts.labels)[np.maximum(experts.said, 0)] * (experts.said >= 0)[:, None]
    sure = np.clip(experts.score, 0.02, 0.98)
    doubt = np.where(np.isfinite(sure), np.log(sure / (1.0 - sure)), 0.0)
    return np.concatenate([logs - logs.mean(axis=1, keepdims=True), said, said * doubt[:, None]], 1)


def _fitted(features: Floats, truth: Ints, wanted: Floats, labels: int, strength: float) -> Floats:
    """Probabilities of wanted clips by a fit; labels that it has not seen are impossible."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=1000)
    model.fit(features, truth)
    found = np.zeros((len(wanted), labels))
    found[:, model.classes_] = model.predict_proba(wanted)
    return found


def _held_out(features: Floats, truth: Ints, folds: Ints, labels: int, strength: float) -> Floats:
    """Probabilities of labelled clips, each by a fit that has not seen its fold."""
    found = np.zeros((len(truth), labels))
    labelled = truth >= 0
    for fold in np.unique(folds[labelled]):
        inside = labelled & (folds == fold)
        others = labelled & (folds != fold)
        found[inside] = _fitted(features[others], truth[others], features[inside], labels, strength)
    return found


def _loss(features: Floats, truth: Ints, folds: Ints, labels: int, strength: float) -> float:
    """Mean negative logarithm of what was true, held out."""
    labelled = truth >= 0
    found = _held_out(features, truth, folds, labels, strength)[labelled]
    true = found[np.arange(len(found)), truth[labelled]]
    return float(-np.log(np.maximum(true, 1e-6)).mean())


def _kinematic_votes(experts: Experts) -> Floats:
    known = np.nan_to_num(experts.kinematic)
    return np.asarray(known / np.maximum(known.sum(axis=1, keepdims=True), 1.0))


def _model_votes(experts: Experts) -> Floats:
    """A vote for the label, shared with the others by how unsure the model is."""
    sure = np.where(np.isfinite(experts.score), experts.score, 1.0)
    rest = (1.0 - sure) / max(experts.labels - 1, 1)
    votes = np.repeat(rest[:, None], experts.labels, axis=1)
    rows = np.arange(len(experts))
    votes[rows, np.maximum(experts.said, 0)] = sure
    return np.asarray(votes * (experts.said >= 0)[:, None])


def _normalised(values: Floats) -> Floats:
    return np.asarray(values / values.sum(axis=-1, keepdims=True))
