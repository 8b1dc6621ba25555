"""Scores of labels against a human's, per frame and per bout; agreement of open clusters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mousegpt_core.analysis.label_words import NOT_SCORED, UNKNOWN
from mousegpt_core.analysis.matching import bout_scores
from mousegpt_core.errors import DataError

Array = npt.NDArray[Any]

#: Name of a predicted label that is empty.
NONE = "none"


@dataclass(frozen=True)
class Evaluation:
    """Scores of predicted labels against true ones.

    Averages are taken over the classes that occur in the truth. A class that was predicted but
    never occurs has no score of its own: its frames count as missed for the true classes.

    Attributes
    ----------
    labels : list of str
        Classes of the truth, then those that were only predicted.
    matrix : array of shape (labels, labels), int
        Frames by true (row) and predicted (column) class.
    bouts : dict
        As `matching.bout_scores` gives it.
    notes : list of str
        What a reader of the scores should know.
    recordings : dict of str to Evaluation
        The same for each recording, where there are several.
    interval : dict of str to (low, high)
        95 % bootstrap interval of scores, where asked for; ``f1 CLASS`` is that of a class.
    """

    labels: list[str]
    matrix: Array
    bouts: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    recordings: dict[str, Evaluation] = field(default_factory=dict)
    interval: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Number of frames scored."""
        return int(self.matrix.sum())

    @property
    def classes(self) -> list[str]:
        """Classes that occur in the truth."""
        support = self.matrix.sum(axis=1)
        return [name for name, count in zip(self.labels, support, strict=True) if count]

    @property
    def per_class(self) -> dict[str, dict[str, float]]:
        """Precision, recall, F1 and number of true frames of each class of the truth."""
        precision, recall, f1 = _class_scores(self.matrix)
        support = self.matrix.sum(axis=1)
        return {
            name: {
                "precision": float(precision[row]),
                "recall": float(recall[row]),
                "f1": float(f1[row]),
                "support": int(support[row]),
            }
            for row, name in enumerate(self.labels)
            if support[row]
        }

    @property
    def scores(self) -> dict[str, float]:
        """``macro_f1, balanced_accuracy, kappa, mcc, accuracy`` over all frames."""
        return {name: float(value) for name, value in frame_scores(self.matrix).items()}

    def to_json(self) -> dict[str, Any]:
        """All scores as JSON-able values; a score that does not exist is None."""
        result: dict[str, Any] = {
            **self.scores,
            "frames": self.frames,
            "per_class": self.per_class,
            "confusion": {"labels": self.labels, "matrix": self.matrix.tolist()},
            "bouts": self.bouts,
            "notes": self.notes,
        }
        if self.recordings:
            result["recordings"] = {name: one.to_json() for name, one in self.recordings.items()}
        if self.interval:
            result["interval"] = {name: list(ends) for name, ends in self.interval.items()}
        cleaned: dict[str, Any] = _without_nan(result)
        return cleaned


def evaluate(
    times: npt.ArrayLike,
    predicted: npt.ArrayLike,
    truth: npt.ArrayLike,
    *,
    ignore: Sequence[str] = NOT_SCORED,
    rest: str = "",
    known: Sequence[str] = (),
    bootstrap: int = 0,
    seed: int = 0,
) -> Evaluation:
    """Score labels of one recording.

    Parameters
    ----------
    times : array of shape (n,)
        Seconds of the frames, rising; a hole in them ends a bout.
    predicted : array of shape (n,)
        Label of each frame; ``""`` = none, which counts as an error, as does `UNKNOWN`.
    truth : array of shape (m,)
        A human's label of each frame. If m differs from n, the part that both have is scored.
    ignore : sequence of str
        True labels (case does not matter) whose frames are left out.
    rest : str
        The truth's label for "anything else", if it has one: predicted labels that are neither
        known nor in the truth are then taken as it. Without it they are errors.
    known : sequence of str
        Labels the human looked for, whether or not they occur: predicting one of them where it
        does not occur is an error.
    bootstrap : int
        Number of draws for a 95 % interval, over stretches between changes of the true label;
        0 = none.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError
        If no frame can be scored.
    """
    spelling = _spelling([truth], [*known, rest], ignore)
    case = _prepare(times, predicted, truth, ignore=ignore, rest=rest, spelling=spelling)
    return _score([case], names=[""], bootstrap=bootstrap, seed=seed)


def evaluate_many(
    cases: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]],
    *,
    ignore: Sequence[str] = NOT_SCORED,
    rest: Mapping[str, str] | None = None,
    known: Sequence[str] = (),
    bootstrap: int = 0,
    seed: int = 0,
) -> Evaluation:
    """Score several recordings, pooled and each.

    Parameters
    ----------
    cases : mapping of str to (times, predicted, truth)
        For each recording, as in `evaluate`.
    ignore, seed
        As in `evaluate`.
    rest : mapping of str to str, optional
        For each recording, as in `evaluate`; a recording that is not in it has none.
    known : sequence of str
        As in `evaluate`. What occurs in the truth of any recording is known in all of them.
    bootstrap : int
        As in `evaluate`; drawn over recordings where there are at least five.

    Returns
    -------
    Evaluation
        Of all frames together; ``recordings`` has each.

    Raises
    ------
    DataError
        If there is no recording, or one has no frame that can be scored.
    """
    if not cases:
        raise DataError("there is nothing to score", hint="give at least one recording's labels")
    rests = {name: (rest or {}).get(name, "") for name in cases}
    truths = [truth for _, _, truth in cases.values()]
    spelling = _spelling(truths, [*known, *rests.values()], ignore)
    prepared = []
    for name, (times, predicted, truth) in cases.items():
        try:
            case = _prepare(
                times, predicted, truth, ignore=ignore, rest=rests[name], spelling=spelling
            )
            prepared.append(case)
        except DataError as error:
            raise DataError(error.message, place=f"recording {name}", hint=error.hint) from error
    return _score(prepared, names=list(cases), bootstrap=bootstrap, seed=seed)


def frame_scores(matrix: Array) -> dict[str, Array]:
    """Scores of confusion matrices.

    Parameters
    ----------
    matrix : array of shape (..., k, k)
        Frames by true (row) and predicted (column) class.

    Returns
    -------
    dict of str to array of shape (...)
        ``macro_f1`` and ``balanced_accuracy`` (mean recall) over the classes with true frames;
        ``kappa`` (Cohen 1960; 1 if there is one class and it is always right),
        ``mcc`` (Gorodkin 2004; 0 where it is not defined) and ``accuracy`` over all.
    """
    counts = np.asarray(matrix, dtype=np.float64)
    _, recall, f1 = _class_scores(counts)
    true, guessed = counts.sum(axis=-1), counts.sum(axis=-2)
    total = counts.sum(axis=(-2, -1))
    right = np.trace(counts, axis1=-2, axis2=-1)
    present = true > 0
    classes = np.maximum(present.sum(axis=-1), 1)
    chance = (true * guessed).sum(axis=-1)
    room = total**2 - chance
    kappa = np.where(room > 0, (right * total - chance) / np.where(room > 0, room, 1), 1.0)
    spread = np.sqrt(total**2 - (guessed**2).sum(axis=-1))
    spread = spread * np.sqrt(total**2 - (true**2).sum(axis=-1))
    mcc = np.where(spread > 0, (right * total - chance) / np.where(spread > 0, spread, 1), 0.0)
    return {
        "macro_f1": np.where(present, f1, 0).sum(axis=-1) / classes,
        "balanced_accuracy": np.where(present, recall, 0).sum(axis=-1) / classes,
        "kappa": kappa,
        "mcc": mcc,
        "accuracy": right / np.maximum(total, 1),
    }


def cluster_agreement(
    labels: npt.ArrayLike, truth: npt.ArrayLike, *, ignore: Sequence[str] = NOT_SCORED
) -> dict[str, float]:
    """How well open clusters, whatever their names, agree with human labels.

    Parameters
    ----------
    labels : array of shape (n,)
        Cluster of each frame.
    truth : array of shape (n,)
        A human's label of each frame.
    ignore : sequence of str
        True labels whose frames are left out.

    Returns
    -------
    dict
        ``ari`` adjusted Rand index, ``nmi`` normalised mutual information (arithmetic),
        ``homogeneity``, ``completeness``, ``purity`` share of frames whose true label is the most
        common of their cluster, ``majority_macro_f1`` macro-F1 if every cluster is given that name
        (frames of no cluster, ``""``, have none),
        ``clusters``, ``frames``.

    Raises
    ------
    DataError
        If no frame can be scored.
    """
    from sklearn.metrics import (
        adjusted_rand_score,
        homogeneity_completeness_v_measure,
    )

    clusters, names, code, true_code = _coded(labels, truth, ignore)
    table = _table(code, true_code, (len(clusters), len(names)))
    majority = table.argmax(axis=1)
    majority[clusters == ""] = len(names)
    homogeneity, completeness, nmi = homogeneity_completeness_v_measure(true_code, code)
    matrix = _table(true_code, majority[code], (len(names) + 1, len(names) + 1))
    return {
        "ari": float(adjusted_rand_score(true_code, code)),
        "nmi": float(nmi),
        "homogeneity": float(homogeneity),
        "completeness": float(completeness),
        "purity": float(table.max(axis=1).sum() / table.sum()),
        "majority_macro_f1": float(frame_scores(matrix)["macro_f1"]),
        "clusters": len(clusters),
        "frames": int(table.sum()),
    }


def majority_names(
    labels: npt.ArrayLike, truth: npt.ArrayLike, *, ignore: Sequence[str] = NOT_SCORED
) -> dict[str, str]:
    """The human label that most frames of each cluster have.

    Parameters
    ----------
    labels, truth, ignore
        As in `cluster_agreement`.

    Returns
    -------
    dict of str to str
        Of the clusters that have scored frames; ``""`` is no cluster.

    Raises
    ------
    DataError
        If no frame can be scored.
    """
    clusters, names, code, true_code = _coded(labels, truth, ignore)
    majority = _table(code, true_code, (len(clusters), len(names))).argmax(axis=1)
    return {
        str(cluster): str(names[most])
        for cluster, most in zip(clusters, majority, strict=True)
        if cluster
    }


def _coded(
    labels: npt.ArrayLike, truth: npt.ArrayLike, ignore: Sequence[str]
) -> tuple[Array, Array, Array, Array]:
    """Clusters, true names, and the index into each of every frame that is scored."""
    given, true, _ = _common(labels, truth)
    keep = ~_ignored(true, ignore)
    _require(keep)
    true = _spelled(true, _spelling([true], (), ignore))
    names, true_code = np.unique(true[keep].astype(str), return_inverse=True)
    clusters, code = np.unique(given[keep].astype(str), return_inverse=True)
    return clusters, names, code, true_code


def _table(rows: Array, columns: Array, shape: tuple[int, int]) -> Array:
    """Number of frames of each pair of codes."""
    return np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1]).reshape(shape)


@dataclass(frozen=True)
class _Case:
    """Frames of one recording that are scored; `run` numbers stretches without a hole."""

    predicted: Array
    truth: Array
    run: Array
    notes: list[str]


def _prepare(
    times: npt.ArrayLike,
    predicted: npt.ArrayLike,
    truth: npt.ArrayLike,
    *,
    ignore: Sequence[str],
    rest: str,
    spelling: Mapping[str, str],
) -> _Case:
    guessed, true, notes = _common(predicted, truth)
    moments = np.asarray(times, dtype=np.float64)
    if len(moments) < len(true):
        raise DataError(
            "there are fewer times than labels", expected=str(len(true)), found=str(len(moments))
        )
    moments = moments[: len(true)]
    left_out = _ignored(true, ignore)
    _require(~left_out)
    if left_out.any():
        notes.append(f"{int(left_out.sum())} frames are not scored in the truth and were left out")
    true, guessed = _spelled(true, spelling), _spelled(guessed, spelling)
    if rest:
        rest = spelling[rest.casefold()]
        known = {*spelling.values(), UNKNOWN}
        guessed = np.array([name if name in known else rest for name in guessed], dtype=object)
        notes += _invented(guessed[~left_out], {*true[~left_out], rest})
    guessed[guessed == ""] = NONE
    step = np.diff(moments)
    hole = step > 1.5 * np.median(step) if len(step) else np.zeros(0, bool)
    number = np.concatenate([[0], np.cumsum(hole | left_out[1:] | left_out[:-1])])
    keep = ~left_out
    return _Case(guessed[keep], true[keep], number[keep], notes)


def _score(cases: list[_Case], *, names: list[str], bootstrap: int, seed: int) -> Evaluation:
    """Evaluate cases pooled; each of them too, where they have names."""
    labels = _class_names(cases)
    code = {name: number for number, name in enumerate(labels)}
    true = [np.array([code[name] for name in case.truth], np.intp) for case in cases]
    guessed = [np.array([code[name] for name in case.predicted], np.intp) for case in cases]
    offset = np.cumsum([0, *(int(case.run[-1]) + 1 for case in cases)])
    run = np.concatenate([case.run + start for case, start in zip(cases, offset, strict=False)])
    pooled_true, pooled_guess = np.concatenate(true), np.concatenate(guessed)
    each = {}
    if names != [""]:
        each = {
            name: _score([case], names=[""], bootstrap=0, seed=seed)
            for name, case in zip(names, cases, strict=True)
        }
    notes = [
        f"{name}: {note}" if name else note
        for name, case in zip(names, cases, strict=True)
        for note in case.notes
    ]
    interval = {}
    if bootstrap:
        sizes = [len(part) for part in true]
        block = _blocks(pooled_true, run, sizes)
        interval = _bootstrap(pooled_true, pooled_guess, block, labels, bootstrap, seed)
    return Evaluation(
        labels=labels,
        matrix=_table(pooled_true, pooled_guess, (len(labels), len(labels))),
        bouts=bout_scores(pooled_true, pooled_guess, run, labels),
        notes=notes,
        recordings=each,
        interval=interval,
    )


def _class_names(cases: list[_Case]) -> list[str]:
    """Classes of the truth in alphabetical order, then those only predicted."""
    true = {name for case in cases for name in case.truth}
    return [*sorted(true), *sorted({name for case in cases for name in case.predicted} - true)]


def _class_scores(matrix: Array) -> tuple[Array, Array, Array]:
    """Precision, recall and F1 of each class; 0 where there is nothing to divide by."""
    counts = np.asarray(matrix, dtype=np.float64)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    true, guessed = counts.sum(axis=-1), counts.sum(axis=-2)
    return (
        right / np.maximum(guessed, 1),
        right / np.maximum(true, 1),
        2 * right / np.maximum(true + guessed, 1),
    )


def _blocks(true: Array, run: Array, sizes: list[int]) -> Array:
    """Number of the stretch each frame is drawn with."""
    if len(sizes) >= 5:
        return np.repeat(np.arange(len(sizes)), sizes)
    change = (np.diff(true) != 0) | (np.diff(run) != 0)
    return np.concatenate([[0], np.cumsum(change)])


def _bootstrap(
    true: Array, guessed: Array, block: Array, labels: list[str], draws: int, seed: int
) -> dict[str, tuple[float, float]]:
    """2.5 and 97.5 % quantiles of the scores over blocks drawn with replacement."""
    count, size = int(block[-1]) + 1, len(labels)
    cells = np.zeros((count, size * size))
    np.add.at(cells, (block, true * size + guessed), 1)
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(count, np.full(count, 1 / count), size=draws)
    drawn = (weights @ cells).reshape(draws, size, size)
    scores = frame_scores(drawn)
    by_class = _class_scores(drawn)[2]
    scores |= {f"f1 {labels[row]}": by_class[:, row] for row in np.unique(true)}
    ends = {name: np.quantile(values, [0.025, 0.975]) for name, values in scores.items()}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def _common(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> tuple[Array, Array, list[str]]:
    """Labels as text, cut to the part that both have; says so if it had to cut."""
    guessed, true = _as_text(predicted), _as_text(truth)
    notes = []
    if len(guessed) != len(true):
        size = min(len(guessed), len(true))
        notes.append(
            f"the truth has {len(true)} frames and the labels {len(guessed)}: "
            f"the first {size} were compared"
        )
        guessed, true = guessed[:size], true[:size]
    return guessed, true, notes


def _as_text(labels: npt.ArrayLike) -> Array:
    """Labels as stripped text; missing ones as ``""``."""
    values = np.asarray(labels, dtype=object).ravel()
    text = ["" if _is_missing(value) else str(value).strip() for value in values]
    return np.array(text, dtype=object)


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _ignored(labels: Array, ignore: Sequence[str]) -> Array:
    out = {name.casefold() for name in ignore} | {""}
    return np.array([name.casefold() in out for name in labels], dtype=bool)


def _require(keep: Array) -> None:
    if not keep.any():
        raise DataError(
            "no frame can be scored: the truth has no label in the part that both have",
            hint="check that the file belongs to this recording",
        )


def _invented(guessed: Array, true: set[str]) -> list[str]:
    """Notes on labels that are predicted and, though looked for, do not occur."""
    return [
        f"{name!r} never occurs in the truth: its {int((guessed == name).sum())} predicted frames "
        "are errors"
        for name in sorted(set(guessed) - true)
    ]


def _spelling(
    truths: Sequence[npt.ArrayLike], known: Sequence[str], ignore: Sequence[str]
) -> dict[str, str]:
    """Spelling of each known label by its case-folded name: "Walking" and "walking" are one."""
    names = {name for truth in truths for name in set(_as_text(truth))}
    names |= {name.strip() for name in known}
    out = {name.casefold() for name in ignore} | {""}
    return {name.casefold(): name for name in sorted(names) if name.casefold() not in out}


def _spelled(labels: Array, spelling: Mapping[str, str]) -> Array:
    return np.array([spelling.get(name.casefold(), name) for name in labels], dtype=object)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
