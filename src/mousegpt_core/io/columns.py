"""From labelled columns (individual, keypoint, coordinate) to arrays with dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError
from mousegpt_core.io.contract import RawPoses

COORDINATES = ("x", "y", "z", "likelihood", "error")
_NAMES = {
    "likelihood": ("confidence", "score", "conf", "prob", "probability", "p"),
    "error": ("reprojection_error", "reprojerr"),
}
#: Usual names of columns that are no coordinates.
FRAME = ("frame", "frame_idx", "frame_index", "frame_number", "frames", "fnum")
TIME = ("time", "time_s", "times", "t", "seconds", "timestamp", "timestamps")
INDIVIDUAL = ("individual", "track", "animal", "animal_id")
KEYPOINT = (
    "keypoint", "keypoints", "bodypart", "bodyparts", "body_part", "node", "joint", "marker",
    "landmark", "point", "part",
)  # fmt: skip
#: Name of the individual under which DeepLabCut keeps points that belong to no animal.
OF_NO_ANIMAL = "single"


def coordinate(name: str) -> str:
    """One of `COORDINATES` for a coordinate's name in a file, or ``""``."""
    name = name.strip().lower()
    if name in COORDINATES:
        return name
    return next((kind for kind, names in _NAMES.items() if name in names), "")


@dataclass(frozen=True)
class ColumnPlan:
    """Which column of a file goes where.

    Attributes
    ----------
    keypoints, individuals : tuple of str
        Names in the order of the file.
    n_space : int
        2 or 3.
    has_confidence, has_error : bool
        Whether there are likelihoods, and errors of points in space.
    order : tuple of int
        Columns of the file in the order (space, keypoint, individual), then likelihoods and
        errors, each in the order (keypoint, individual); -1 where the file has none.
    """

    keypoints: tuple[str, ...]
    individuals: tuple[str, ...]
    n_space: int
    has_confidence: bool
    has_error: bool
    order: tuple[int, ...]

    def poses(self, numbers: NDArray[np.float32]) -> RawPoses:
        """Poses of an array of shape (time, column in `order`); views of it where possible."""
        n_points, n_animals = len(self.keypoints), len(self.individuals)
        width = n_points * n_animals
        shape = (len(numbers), n_points, n_animals)
        split = self.n_space * width
        position = numbers[:, :split].reshape(len(numbers), self.n_space, n_points, n_animals)
        rest = [numbers[:, at : at + width].reshape(shape)
                for at in range(split, numbers.shape[1], width)]  # fmt: skip
        return RawPoses(
            position,
            rest[0] if self.has_confidence else None,
            self.keypoints,
            self.individuals,
            reprojection_error=rest[-1] if self.has_error else None,
        )


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
    erring = n_space == 3 and any(kind == "error" for _, _, kind in places)
    more = [kind for kind, there in (("likelihood", confident), ("error", erring)) if there]
    kinds = (*COORDINATES[:n_space], *more)
    order = tuple(
        places.get((individual, keypoint, kind), -1)
        for kind in kinds
        for keypoint in keypoints
        for individual in individuals
    )
    return ColumnPlan(keypoints, individuals, n_space, confident, erring, order)


def find_column(header: Sequence[str], names: Sequence[str]) -> int | None:
    """Number of the column with one of these names; the first name that is there counts."""
    lowered = [cell.lower() for cell in header]
    return next((lowered.index(name) for name in names if name in lowered), None)


def written_beside(poses: xr.Dataset) -> list[tuple[str, str]]:
    """Coordinate and variable of what is known of the points beside their positions."""
    both = (("likelihood", "confidence"), ("error", "reprojection_error"))
    return [(kind, name) for kind, name in both if name in poses and poses[name].notnull().any()]


def share_unique_points(raw: RawPoses) -> RawPoses:
    """Give DeepLabCut's unique body parts, which belong to no animal, to all animals.

    They are kept under an individual of their own, which has none of the animals' points: corners
    of the arena, mostly. As in the files of a single animal, they become keypoints without a role.

    Parameters
    ----------
    raw : RawPoses
        Its positions are changed.
    """
    names = list(raw.individuals)
    if OF_NO_ANIMAL not in names or len(names) == 1:
        return raw
    at = names.index(OF_NO_ANIMAL)
    animals = [i for i in range(len(names)) if i != at]
    seen = np.asarray(np.isfinite(raw.position[..., animals]).any(axis=(0, 1, 3)))
    unique: NDArray[np.bool_] = ~seen
    if np.isfinite(raw.position[:, :, ~unique, at]).any():
        return raw
    arrays = (raw.confidence, raw.reprojection_error)
    confidence, error = (None if array is None else _shared(array, unique, at) for array in arrays)
    return replace(
        raw,
        position=_shared(raw.position, unique, at),
        confidence=confidence,
        reprojection_error=error,
        individuals=[names[i] for i in animals],
        unique=[name for name, alone in zip(raw.keypoints, unique, strict=True) if alone],
    )


def _shared(array: NDArray[np.float32], unique: NDArray[np.bool_], at: int) -> NDArray[np.float32]:
    """Some keypoints of one individual given to all others, and that one left out."""
    array[..., unique, :] = array[..., unique, at : at + 1]
    return np.delete(array, at, axis=-1)
