"""What files tell beside their points: who marked them, lines, film and pictures.

A poses Dataset keeps it, so that a file that is read, edited and written again is still of use to
the program that it came from: as the attributes ``scorer``, ``film``, ``edges`` (JSON, pairs of
keypoints) and ``unique`` (JSON, keypoints that belong to no animal), and the coordinate
``picture`` along ``time``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.io.contract import DEFAULT_INDIVIDUAL, RawPoses

#: Names that programs give to animals of whom nobody said who they are.
_NO_NAME = re.compile(r"(track|animal|instance|individual|person|id)?[ _-]*\d*", re.IGNORECASE)


def told_beside(raw: RawPoses) -> dict[str, str]:
    """Attributes of a poses Dataset; none for what the file did not tell."""
    edges = json.dumps([list(edge) for edge in raw.edges]) if raw.edges else ""
    unique = json.dumps(list(raw.unique)) if raw.unique else ""
    told = {"scorer": raw.scorer, "film": raw.film, "edges": edges, "unique": unique}
    return {name: text for name, text in told.items() if text}


def with_pictures(poses: xr.Dataset, pictures: Sequence[str]) -> xr.Dataset:
    """Poses with the path of each frame's picture, where there are any."""
    if not pictures:
        return poses
    return poses.assign_coords(picture=("time", np.array(pictures, dtype=object)))


def scorer_of(poses: xr.Dataset) -> str:
    """Who marked the points; ``""`` where nobody is named."""
    return str(poses.attrs.get("scorer", ""))


def film_of(poses: xr.Dataset) -> str:
    """The film's path as the file of poses named it; ``""`` where it did not."""
    return str(poses.attrs.get("film", ""))


def pictures_of(poses: xr.Dataset) -> list[str]:
    """The path of each frame's picture; empty where they have none."""
    return [str(name) for name in poses["picture"].values] if "picture" in poses.coords else []


def edges_of(poses: xr.Dataset) -> NDArray[np.int64]:
    """Numbers of the keypoints that a line joins, (line, 2); those that are there."""
    place = {str(name): number for number, name in enumerate(poses["keypoint"].values)}
    pairs = read_edges(str(poses.attrs.get("edges", "")))
    known = [[place[a], place[b]] for a, b in pairs if a in place and b in place]
    return np.array(known, dtype=np.int64).reshape(-1, 2)


def unique_of(poses: xr.Dataset) -> list[str]:
    """Keypoints that belong to no animal and are the same for all; those that are there."""
    wanted = read_names(str(poses.attrs.get("unique", "")))
    known = [str(name) for name in poses["keypoint"].values]
    unique = [name for name in known if name in wanted and _is_shared(poses.sel(keypoint=name))]
    return unique if len(unique) < len(known) else []


def _is_shared(point: xr.Dataset) -> bool:
    """Whether a keypoint is the same for all animals: one may have been edited."""
    first = point.isel(individual=0)
    return all(
        bool(((point[name] == first[name]) | (point[name].isnull() & first[name].isnull())).all())
        for name in ("position", "confidence")
    )


def read_names(text: str) -> list[str]:
    """Names as the attribute ``unique`` has them; none where it is damaged."""
    try:
        names = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def read_edges(text: str) -> list[tuple[str, str]]:
    """Pairs of keypoints as the attribute ``edges`` has them; none where it is damaged."""
    try:
        pairs = json.loads(text or "[]")
        return [(str(a), str(b)) for a, b in pairs]
    except (ValueError, TypeError, RecursionError):
        return []


def named_edges(pairs: object, names: Sequence[str], *, first: int = 0) -> list[tuple[str, str]]:
    """Lines of a file, by the names of their keypoints; without those that lead nowhere.

    Parameters
    ----------
    pairs : sequence of (int, int)
        Numbers of keypoints; anything else is no line.
    names : sequence of str
        The keypoints.
    first : int
        The number of the first keypoint.
    """
    found = []
    for pair in pairs if isinstance(pairs, list | tuple) else ():
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            continue
        numbers = [int(n) - first if isinstance(n, int | np.integer) else -1 for n in pair]
        if all(0 <= number < len(names) for number in numbers):
            found.append((names[numbers[0]], names[numbers[1]]))
    return found


def lone_name(names: Sequence[str]) -> tuple[str, ...]:
    """Names of the animals; the only one has the usual name unless it was given another."""
    if len(names) == 1 and _NO_NAME.fullmatch(names[0]):
        return (DEFAULT_INDIVIDUAL,)
    return tuple(names)
