"""Bouts against bouts: which of one side were found by the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LEAST_IOU = 0.5


def bout_scores(true: Array, guessed: Array, run: Array, labels: list[str]) -> dict[str, Any]:
    """Scores that count bouts in place of frames.

    Parameters
    ----------
    true, guessed : array of shape (n,), int
        Class of each frame, as index into `labels`.
    run : array of shape (n,), int
        Stretch without a hole that a frame is in; bouts end where it changes.
    labels : list of str
        Names of the classes.

    Returns
    -------
    dict
        ``macro_f1`` (IoU), ``macro_f1_overlap`` and ``per_class``: for each class with true bouts
        ``true`` and ``predicted`` numbers of bouts; ``iou`` with ``precision, recall, f1`` where a
        bout is found if one of the other side, and each only once, has at least half of their
        union in common; ``overlap`` the same where sharing a frame is enough, and one bout may
        find several.
    """
    true_bouts, guessed_bouts = _bouts(true, run), _bouts(guessed, run)
    per_class: dict[str, dict[str, Any]] = {}
    for number, name in enumerate(labels):
        wanted = true_bouts[true_bouts[:, 2] == number, :2]
        found = guessed_bouts[guessed_bouts[:, 2] == number, :2]
        if not len(wanted):
            continue
        matched = count_matches(wanted, found)
        per_class[name] = {
            "true": len(wanted),
            "predicted": len(found),
            "iou": _scores(matched, matched, len(wanted), len(found)),
            "overlap": _scores(
                int(touched(wanted, found).sum()),
                int(touched(found, wanted).sum()),
                len(wanted),
                len(found),
            ),
        }
    return {
        "macro_f1": float(np.mean([entry["iou"]["f1"] for entry in per_class.values()])),
        "macro_f1_overlap": float(
            np.mean([entry["overlap"]["f1"] for entry in per_class.values()])
        ),
        "per_class": per_class,
    }


def count_matches(wanted: Array, found: Array, *, least_iou: float = LEAST_IOU) -> int:
    """Number of pairs of bouts with enough in common, each bout in one pair at most.

    Parameters
    ----------
    wanted, found : array of shape (bouts, 2), int
        First frame and the one after the last, sorted, without overlap on either side.
    least_iou : float
        Least intersection over union; at least 0.5.

    Returns
    -------
    int
    """
    pairs = []
    first = np.searchsorted(found[:, 1], wanted[:, 0], side="right")
    last = np.searchsorted(found[:, 0], wanted[:, 1], side="left")
    for row, (start, stop) in enumerate(wanted):
        for column in range(first[row], last[row]):
            shared = min(stop, found[column, 1]) - max(start, found[column, 0])
            union = max(stop, found[column, 1]) - min(start, found[column, 0])
            if shared >= least_iou * union:
                pairs.append((-shared / union, row, column))
    # Above one half a bout has one partner only; at exactly one half the best come first.
    rows: set[int] = set()
    columns: set[int] = set()
    for _, row, column in sorted(pairs):
        if row not in rows and column not in columns:
            rows.add(row)
            columns.add(column)
    return len(rows)


def touched(bouts: Array, others: Array) -> Array:
    """Which bouts share a frame with one of the others (both as in `count_matches`)."""
    first = np.searchsorted(others[:, 1], bouts[:, 0], side="right")
    last = np.searchsorted(others[:, 0], bouts[:, 1], side="left")
    share: Array = last > first
    return share


def _bouts(code: Array, run: Array) -> Array:
    """First frame, the one after the last, and class of each bout; shape (bouts, 3)."""
    change = (np.diff(code) != 0) | (np.diff(run) != 0)
    first = np.concatenate([[0], np.flatnonzero(change) + 1])
    return np.stack([first, np.append(first[1:], len(code)), code[first]], axis=1)


def _scores(recalled: int, precise: int, true: int, guessed: int) -> dict[str, float]:
    recall = recalled / true
    precision = precise / guessed if guessed else 0.0
    total = recall + precision
    f1 = 2 * recall * precision / total if total else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}
