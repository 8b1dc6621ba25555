"""COCO keypoints JSON: pictures, annotations and categories.

Animals are told apart by ``track_id`` or ``instance_id`` where annotations have one, else by
their order in a picture. A ``frame_id`` of pictures numbers the frames of a film; without it, and
where names of files don't number them, the pictures stand alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError
from mousegpt_core.io.beside import edges_of, lone_name, named_edges, pictures_of, scorer_of
from mousegpt_core.io.contract import LABELLED, RawPoses, ReadOptions
from mousegpt_core.io.conventions import choose_view, refuse_space
from mousegpt_core.io.json_files import load_json, looks_like_json, numbers_of

LOOKED_FOR = "JSON with 'images', 'annotations' and 'categories' that name keypoints"
_LISTS = ("images", "annotations", "categories")
_IDENTITY = ("track_id", "instance_id")
_SCORES = "keypoint_scores"
_MAX_ANIMALS = 1000
_MAX_ITEMS = 2_000_000_000
_HINT = "export the annotations again as COCO keypoints"

Row = Mapping[str, Any]


def recognise(path: Path) -> bool:
    """Whether a JSON file has COCO's lists."""
    if path.suffix.lower() != ".json":
        return False
    return looks_like_json(path, *_LISTS)


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read the annotations of one category (`ReadOptions.view` chooses among several).

    Raises
    ------
    FormatError
        If lists are missing or do not fit each other.
    """
    content = load_json(path)
    images, annotations, categories = (_rows(content, name, path) for name in _LISTS)
    category = _category(categories, annotations, options.view, path)
    names = tuple(str(name) for name in category["keypoints"])
    mine = [row for row in annotations if row.get("category_id") == category.get("id")]
    numbers, order = _frames(images)
    at = {_key(images[old].get("id"), path): new for new, old in enumerate(order)}
    rows, who, individuals = _animals(mine, at, path)
    shape = (len(images), 2, len(names), len(individuals))
    if np.prod(shape, dtype=np.float64) > _MAX_ITEMS:
        raise FormatError("more animals than can be", file=path, hint=_HINT)
    position = np.full(shape, np.nan, dtype=np.float32)
    confidence = np.full((shape[0], *shape[2:]), np.nan, dtype=np.float32)
    for row, animal, annotation in zip(rows, who, mine, strict=True):
        place = f"annotation {annotation.get('id')}"
        xy, trust = _points(annotation, len(names), path, place)
        position[row, :, :, animal] = xy
        confidence[row, :, animal] = trust
    scored = bool(np.isfinite(confidence).any())
    of_film = scored or all("frame_id" in image for image in images)
    info = content.get("info")
    fps = info.get("fps") if isinstance(info, dict) else None
    return RawPoses(
        position,
        confidence if scored else None,
        names,
        individuals,
        frames=numbers,
        fps=float(fps) if isinstance(fps, int | float) and 0 < fps < np.inf else None,
        source_software="COCO" if of_film else LABELLED,
        zero_is_missing=False,
        scorer=str(info.get("contributor") or "") if isinstance(info, dict) else "",
        pictures=_pictures(images, order),
        edges=named_edges(category.get("skeleton"), names, first=1),
    )


def _rows(content: Any, name: str, path: Path) -> list[Row]:
    rows = content.get(name) if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FormatError(
            f"no list of {name}", file=path, place=name, expected=LOOKED_FOR, hint=_HINT
        )
    return rows


def _category(
    categories: Sequence[Row], annotations: Sequence[Row], view: str, path: Path
) -> dict[str, Any]:
    """The category to read: the only one that is annotated, or the one asked for."""
    used = {str(row.get("category_id")) for row in annotations if row.get("keypoints")}
    found = {
        str(row.get("name") or row.get("id")): dict(row)
        for row in categories
        if str(row.get("id")) in used and isinstance(row.get("keypoints"), list)
    }
    if not found:
        raise FormatError(
            "no keypoint is seen: none is annotated", file=path, place="annotations",
            expected=LOOKED_FOR, hint=_HINT,
        )  # fmt: skip
    chosen = found[choose_view(list(found), view, path)]
    names = [str(name) for name in chosen["keypoints"]]
    if not names or len(set(names)) != len(names):
        raise FormatError("a category without distinct keypoints", file=path, hint=_HINT)
    return chosen


def _frames(images: Sequence[Row]) -> tuple[NDArray[np.int64] | None, list[int]]:
    """Numbers of the frames, None for pictures that stand alone, and their order."""
    alone = list(range(len(images)))
    for numbers in ([row.get("frame_id") for row in images], _in_names(images)):
        known = [n for n in numbers if isinstance(n, int) and 0 <= n < 10**15]
        if len(known) == len(images) == len(set(known)):
            order = sorted(alone, key=known.__getitem__)
            return np.array([known[at] for at in order], dtype=np.int64), order
    return None, alone


def _pictures(images: Sequence[Row], order: Sequence[int]) -> list[str]:
    """Paths of the pictures, if all have one."""
    names = [images[at].get("file_name") for at in order]
    return [str(name) for name in names] if all(names) else []


def _in_names(images: Sequence[Row]) -> list[int]:
    """Numbers at the end of the pictures' names; none where the names differ in more than that.

    ``cat110.png`` and ``dog105.png`` are not of one film.
    """
    paths = [PurePosixPath(str(row.get("file_name", "")).replace("\\", "/")) for row in images]
    found = [(path.parent, re.fullmatch(r"(.*?)(\d{1,15})", path.stem)) for path in paths]
    names = [(folder, match[1], int(match[2])) for folder, match in found if match is not None]
    alike = len(names) == len(images) and len({name[:2] for name in names}) == 1
    return [number for _, _, number in names] if alike else []


def _key(value: Any, path: Path) -> str:
    if not isinstance(value, int | str):
        raise FormatError("a picture without an id", file=path, place="images", hint=_HINT)
    return str(value)


def _animals(
    annotations: Sequence[Row], at: Mapping[str, int], path: Path
) -> tuple[list[int], list[int], tuple[str, ...]]:
    """Row of its picture and number of its animal for each annotation, and the animals' names."""
    rows, labels = [], []
    count: dict[int, int] = {}
    known = next((key for key in _IDENTITY if all(key in row for row in annotations)), None)
    for annotation in annotations:
        image = str(annotation.get("image_id"))
        if image not in at:
            raise FormatError(
                "an annotation of no picture", file=path,
                place=f"annotation {annotation.get('id')}", found=f"image_id {image}", hint=_HINT,
            )  # fmt: skip
        row = at[image]
        rows.append(row)
        labels.append(str(annotation[known]) if known else f"animal_{count.get(row, 0)}")
        count[row] = count.get(row, 0) + 1
    names = list(dict.fromkeys(labels))
    if len(names) > _MAX_ANIMALS:
        raise FormatError(f"{len(names)} animals", file=path, place="annotations", hint=_HINT)
    number = {name: slot for slot, name in enumerate(names)}
    who = [number[label] for label in labels]
    if len(set(zip(rows, who, strict=True))) < len(rows):
        raise FormatError(
            "two annotations of one animal in one picture", file=path, place="annotations",
            hint="give each animal a track_id of its own",
        )  # fmt: skip
    return rows, who, lone_name(names)


def _points(
    annotation: Row, count: int, path: Path, place: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places (2, keypoint), NaN where not labelled, and scores (keypoint) of an annotation."""
    values = numbers_of(annotation.get("keypoints", []), path, place)
    if len(values) != 3 * count:
        raise FormatError(
            "keypoints do not fit the category", file=path, place=place,
            expected=f"{3 * count} numbers", found=str(len(values)), hint=_HINT,
        )  # fmt: skip
    points = values.reshape(count, 3)
    with np.errstate(over="ignore"):
        xy = np.where(points[:, 2] > 0, points[:, :2].T, np.nan).astype(np.float32)
    trust = np.full(count, np.nan, dtype=np.float32)
    if _SCORES in annotation:
        scores = numbers_of(annotation[_SCORES], path, place)
        if len(scores) != count:
            raise FormatError("scores do not fit the keypoints", file=path, place=place, hint=_HINT)
        trust = scores.astype(np.float32)
    return xy, trust


def write(poses: xr.Dataset, path: Path) -> None:
    """Write an annotation for each animal of a frame, with a ``track_id``.

    Frames of a film have a ``frame_id``, pictures that a human labelled none.

    Parameters
    ----------
    poses : Dataset
        2D; as in `mousegpt_core.poses`.
    path : Path
        File to write.

    Raises
    ------
    FormatError
        If the poses are 3D.
    """
    refuse_space(poses, "COCO's keypoints")
    xy = poses["position"].transpose("time", "individual", "keypoint", "space").values
    trust = poses["confidence"].transpose("time", "individual", "keypoint").values
    seen = np.isfinite(xy).all(axis=-1)
    frames = [int(frame) for frame in poses["frame"].values]
    owners = [str(name) for name in poses["individual"].values]
    film = poses.attrs.get("source_software") != LABELLED
    pictures = pictures_of(poses) or [f"{frame:08d}.png" for frame in frames]
    sides = np.ceil(np.nanmax(np.where(seen[..., None], xy, 0), axis=(0, 1, 2)) + 1).astype(int)
    content = {
        "info": {
            "description": "poses of a film",
            "fps": float(poses.attrs["fps"]),
            "contributor": scorer_of(poses),
        },
        "images": [
            {"id": frame, "file_name": picture, "width": int(sides[0]), "height": int(sides[1])}
            | ({"frame_id": frame} if film else {})
            for frame, picture in zip(frames, pictures, strict=True)
        ],
        "categories": [
            {"id": 1, "name": "mouse", "keypoints": [str(n) for n in poses["keypoint"].values],
             "skeleton": (edges_of(poses) + 1).tolist()}
        ],
        "annotations": [
            _annotation(xy[row, who], seen[row, who], trust[row, who])
            | {"id": row * len(owners) + who + 1, "image_id": frames[row], "category_id": 1,
               "iscrowd": 0, "track_id": owners[who]}
            for row, who in zip(*np.nonzero((seen | np.isfinite(trust)).any(-1)), strict=True)
        ],
    }  # fmt: skip
    path.write_text(json.dumps(content, default=int), encoding="utf-8")


def _annotation(
    xy: NDArray[np.float32], seen: NDArray[np.bool_], trust: NDArray[np.float32]
) -> dict[str, Any]:
    rounded = [_plain(value) for value in np.where(seen[:, None], xy, 0).ravel().tolist()]
    keypoints: list[float] = []
    for number, visible in enumerate(seen.tolist()):
        keypoints += [*rounded[2 * number : 2 * number + 2], 2 if visible else 0]
    low = xy[seen].min(axis=0) if seen.any() else np.zeros(2)
    size = xy[seen].max(axis=0) - low if seen.any() else np.zeros(2)
    scores = [None if np.isnan(value) else _plain(value) for value in trust.tolist()]
    return {
        "keypoints": keypoints,
        "num_keypoints": int(seen.sum()),
        "bbox": [float(value) for value in (*low, *size)],
        "area": float(size.prod()),
        **({_SCORES: scores} if np.isfinite(trust).any() else {}),
    }


def _plain(value: float) -> float:
    """A number as short as single precision allows; it reads back the same."""
    return float(np.format_float_positional(np.float32(value), unique=True))
