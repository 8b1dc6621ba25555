"""From labelled columns (individual, keypoint, coordinate) to arrays with dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError

COORDINATES = ("x", "y", "z", "likelihood")
_CONFIDENCE_NAMES = ("likelihood", "confidence", "score", "conf", "prob", "probability", "p")


def coordinate(name: str) -> str:
    """``x``, ``y``, ``z``, ``likelihood`` or ``""`` for a coordinate's name in a file."""
    name = name.strip().lower()
    if name in _CONFIDENCE_NAMES:
        return "likelihood"
    return name if name in COORDINATES else ""


@dataclass(frozen=True)
class ColumnPlan:
    """Which column of a file goes where.

    Attributes
    ----------
    keypoints, individuals : tuple of str
        Names in the order of the file.
    n_space : int
        2 or 3.
    has_confidence : bool
        Whether there are likelihoods.
    order : tuple of int
        Columns of the file in the order (space, keypoint, individual), then likelihoods in the
        order (keypoint, individual); -1 where the file has none.
    """

    keypoints: tuple[str, ...]
    individuals: tuple[str, ...]
    n_space: int
    has_confidence: bool
    order: tuple[int, ...]

    def arrange(
        self, numbers: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Cut an array of shape (time, column in `order`) into positions and confidence.

        Returns
        -------
        position : array of shape (time, space, keypoint, individual)
        confidence : array of shape (time, keypoint, individual) or None
            Both are views where numpy can make them.
        """
        n_points, n_animals = len(self.keypoints), len(self.individuals)
        split = self.n_space * n_points * n_animals
        shape = (len(numbers), self.n_space, n_points, n_animals)
        position = numbers[:, :split].reshape(shape)
        if not self.has_confidence:
            return position, None
        return position, numbers[:, split:].reshape(len(numbers), n_points, n_animals)


def plan_columns(labels: Sequence[tuple[int, str, str, str]], path: Path) -> ColumnPlan:
    """Plan where the columns of a file go.

    Parameters
    ----------
    labels : sequence of (column, individual, keypoint, coordinate)
        Columns whose coordinate is unknown are ignored.
    path : Path
        Named in errors.

    Raises
    ------
    FormatError
        If two columns are the same, or a keypoint has x but no y.
    """
    places: dict[tuple[str, str, str], int] = {}
    for column, individual, keypoint, name in labels:
        kind = coordinate(name)
        if not kind:
            continue
        key = (individual, keypoint, kind)
        if key in places:
            raise FormatError(
                f"two columns are {kind} of {keypoint!r}",
                file=path,
                place=f"columns {places[key] + 1} and {column + 1}",
                hint="delete or rename one of them",
            )
        places[key] = column
    owners = dict.fromkeys((individual, keypoint) for individual, keypoint, _ in places)
    n_space = 3 if any(kind == "z" for _, _, kind in places) else 2
    for individual, keypoint in owners:
        missing = [c for c in COORDINATES[:n_space] if (individual, keypoint, c) not in places]
        if missing:
            raise FormatError(
                f"keypoint {keypoint!r} has no column {' or '.join(missing)}",
                file=path,
                place="header",
                expected=", ".join(COORDINATES[:n_space]),
                hint="add the column, or delete the others of this keypoint",
            )
    if not owners:
        raise FormatError(
            "no columns of keypoints",
            file=path,
            place="header",
            expected="x and y",
            hint="name the columns nose_x, nose_y, ...; or name the keypoints of a file "
            "without a header with --keypoints",
        )
    individuals = tuple(dict.fromkeys(individual for individual, _ in owners))
    keypoints = tuple(dict.fromkeys(keypoint for _, keypoint in owners))
    confident = any(kind == "likelihood" for _, _, kind in places)
    kinds = (*COORDINATES[:n_space], *(("likelihood",) if confident else ()))
    order = tuple(
        places.get((individual, keypoint, kind), -1)
        for kind in kinds
        for keypoint in keypoints
        for individual in individuals
    )
    return ColumnPlan(keypoints, individuals, n_space, confident, order)
