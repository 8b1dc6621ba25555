"""OpenPose's folder of JSON files, one a frame; a folder of such folders has a view each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError
from mousegpt_core.io.contract import DEFAULT_INDIVIDUAL, RawPoses, ReadOptions
from mousegpt_core.io.conventions import choose_view
from mousegpt_core.io.csv_tables import reading
from mousegpt_core.io.json_files import load_json, looks_like_json, numbers_of

LOOKED_FOR = "a folder of JSON files with 'people' and 'pose_keypoints_2d'"
_Person = tuple[int, NDArray[np.float64]]
_KEY = "pose_keypoints_2d"
_NUMBER = re.compile(r"(\d+)(?:_keypoints)?$")
_MAX_PEOPLE = 100
_MAX_VIEWS = 100
_MAX_ITEMS = 2_000_000_000

#: Keypoints of OpenPose's models, in the order in which they are written.
MODELS = {
    name: tuple(keypoints.split())
    for name, keypoints in {
        "BODY_25": """
            Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle
            LHip LKnee LAnkle REye LEye REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel
        """,
        "BODY_25B": """
            Nose LEye REye LEar REar LShoulder RShoulder LElbow RElbow LWrist RWrist LHip RHip
            LKnee RKnee LAnkle RAnkle UpperNeck HeadTop LBigToe LSmallToe LHeel RBigToe RSmallToe
            RHeel
        """,
    }.items()
}


def recognise(path: Path) -> bool:
    """Whether a folder, or one in it, begins with a file of OpenPose's."""
    return path.is_dir() and any(_is_ours(folder) for folder in (path, *_folders(path)))


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read a folder. People are told apart by ``person_id`` where they were followed.

    Else the first person of a frame is the first individual. Keypoints have no names in such
    files (25 of them are BODY_25's or BODY_25B's, in another order): without names, or the name of
    one of `MODELS`, they are numbered.

    Raises
    ------
    FormatError
        If a file is damaged, or files have different numbers of keypoints.
    """
    if not path.is_dir():
        raise FormatError("not a folder", file=path, expected=LOOKED_FOR, hint="name the folder")
    folder = path
    if not _is_ours(path):
        views = {each.name: each for each in _folders(path) if _is_ours(each)}
        if not views:
            raise FormatError("no poses of OpenPose", file=path, expected=LOOKED_FOR,
                              hint="name the folder that has the JSON files")  # fmt: skip
        folder = views[choose_view(list(views), options.view, path)]
    files = _numbered(folder)
    people = [_people(file) for _, file in files]
    sizes = {len(one) for frame in people for _, one in frame}
    if len(sizes) != 1 or (size := sizes.pop()) % 3 or not size:
        raise FormatError(
            "people with different or no keypoints", file=folder,
            expected="x, y, confidence of each keypoint, alike in all frames",
            hint="export the poses again with one model",
        )  # fmt: skip
    owners = _owners(people)
    known = sorted({owner for frame in owners for owner in frame})
    if len(known) * len(files) * size > _MAX_ITEMS:
        raise FormatError(f"{len(known)} people are too many", file=folder,
                          hint="delete those that were seen for moments only")  # fmt: skip
    points = np.full((len(files), len(known), size // 3, 3), np.nan, dtype=np.float32)
    with np.errstate(over="ignore"):
        for row, frame in enumerate(people):
            for owner, (_, values) in zip(owners[row], frame, strict=True):
                points[row, known.index(owner)] = values.reshape(-1, 3)
    individuals = [DEFAULT_INDIVIDUAL] if len(known) == 1 else [f"person_{n}" for n in known]
    return RawPoses(
        np.ascontiguousarray(points[..., :2].transpose(0, 3, 2, 1)),
        np.ascontiguousarray(points[..., 2].transpose(0, 2, 1)),
        _names(size // 3, options, path),
        individuals,
        frames=np.array([number for number, _ in files], dtype=np.int64),
        source_software="OpenPose",
    )


def _folders(path: Path) -> list[Path]:
    with reading(path):
        return sorted(islice((each for each in path.iterdir() if each.is_dir()), _MAX_VIEWS))


def _is_ours(folder: Path) -> bool:
    with reading(folder):
        first = min((e for e in folder.iterdir() if e.suffix.lower() == ".json"), default=None)
    return first is not None and looks_like_json(first, "people")


def _numbered(folder: Path) -> list[tuple[int, Path]]:
    """Number of its frame and path of each file, in order."""
    with reading(folder):
        found = sorted(each for each in folder.iterdir() if each.suffix.lower() == ".json")
    numbered = []
    for file in found:
        match = _NUMBER.search(file.stem)
        if match is None:
            raise FormatError(
                "the name of a file does not number its frame", file=file,
                expected="NAME_000000000012_keypoints.json",
                hint="take files that are of no frame out of the folder",
            )  # fmt: skip
        numbered.append((int(match[1]) % 10**15, file))
    return sorted(numbered)


def _people(file: Path) -> list[_Person]:
    """Id and keypoints of each person of a frame; people of whom nothing was seen are none."""
    content = load_json(file)
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list) or len(people) > _MAX_PEOPLE:
        raise FormatError("no list of people", file=file, expected="people", hint="export it again")
    found = []
    for number, person in enumerate(people):
        values: Any = person.get(_KEY, []) if isinstance(person, dict) else None
        points = numbers_of(values, file, f"person {number}, {_KEY}")
        if len(points):
            found.append((_id(person), points))
    return found


def _id(person: dict[str, Any]) -> int:
    """The number by which a person is followed; -1 where it is not."""
    ids = person.get("person_id")
    return ids[0] if isinstance(ids, list) and len(ids) == 1 and isinstance(ids[0], int) else -1


def _owners(people: Sequence[Sequence[_Person]]) -> list[list[int]]:
    """Whose keypoints each are: by ids if all of a frame have different ones, else by order."""
    ids = [[number for number, _ in frame] for frame in people]
    followed = all(min(frame, default=0) >= 0 and len(set(frame)) == len(frame) for frame in ids)
    return ids if followed else [list(range(len(frame))) for frame in ids]


def _names(count: int, options: ReadOptions, path: Path) -> tuple[str, ...]:
    if not options.keypoints:
        return tuple(f"keypoint_{number}" for number in range(count))
    if len(options.keypoints) != count:
        raise FormatError(
            f"{count} keypoints", file=path, found=f"{len(options.keypoints)} names given",
            hint="name each in its order with --keypoints a,b,c, or a model: "
            + ", ".join(f"--keypoints {model}" for model in MODELS),
        )  # fmt: skip
    return options.keypoints
