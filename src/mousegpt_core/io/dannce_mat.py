"""DANNCE and Label3D: ``.mat`` files with labels of several cameras, or with predictions.

A Label3D file exported for DANNCE has ``labelData``, a cell for each camera with ``data_3d``
(frames, 3 x keypoints; mm, the same in all), ``data_2d`` (frames, 2 x keypoints; px) and
``data_frame``. Predictions have ``pred`` (frames, 3, keypoints; mm), ``p_max`` (frames, keypoints)
and ``sampleID``, with animals as the second dimension in those of social DANNCE; those of the
centre of mass alone ``com`` (frames, 3; mm) and ``sampleID``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError, UnnamedKeypointsError
from mousegpt_core.io.beside import lone_name
from mousegpt_core.io.contract import RawPoses, ReadOptions
from mousegpt_core.io.conventions import choose_view
from mousegpt_core.io.mat_files import is_mat, load_mat, mat_names
from mousegpt_core.skeletons import find_built_in

LOOKED_FOR = "'labelData', 'pred', or 'com' and 'sampleID', in a MATLAB file"
_SPACE = "3d"
_VARIABLES = ("labelData", "camnames", "skeleton", "pred", "p_max", "com", "sampleID")
_CENTRE = "com"
_LAST_FRAME = 1e15
_STANDARD = "DANNCE-22"
_HINT = "export it again from Label3D or DANNCE"


def recognise(path: Path) -> bool:
    """Whether a MATLAB file has labels or predictions."""
    if not is_mat(path):
        return False
    found = set(mat_names(path))
    return bool({"labelData", "pred"} & found) or {_CENTRE, "sampleID"} <= found


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read the points in space, or those of one camera (`ReadOptions.view`).

    The files do not name their keypoints: 22 are taken as DANNCE's own, others must be named.

    Raises
    ------
    FormatError
        If arrays are missing or do not fit each other.
    """
    found = load_mat(path, _VARIABLES)
    if "labelData" in found:
        return _labels(found, options, path)
    if "pred" in found:
        return _predictions(found, options, path)
    if {_CENTRE, "sampleID"} <= found.keys():
        return _centres(found, path)
    raise FormatError("no poses of DANNCE", file=path, expected=LOOKED_FOR, hint=_HINT)


def _labels(found: dict[str, Any], options: ReadOptions, path: Path) -> RawPoses:
    cameras = found["labelData"]
    cameras = cameras if isinstance(cameras, list) else [cameras]
    if not cameras or not all(isinstance(each, dict) for each in cameras):
        raise FormatError("no labels", file=path, place="labelData", hint=_HINT)
    names = found.get("camnames")
    if not isinstance(names, list) or len(names) != len(cameras):
        names = [f"Camera{number}" for number in range(1, len(cameras) + 1)]
    view = choose_view([_SPACE, *map(str, names)], options.view or _SPACE, path)
    flat = view != _SPACE
    camera = cameras[list(map(str, names)).index(view)] if flat else cameras[0]
    key, axes = ("data_2d", 2) if flat else ("data_3d", 3)
    values = _numbers(camera.get(key), f"labelData {key}", path)
    if values.ndim != 2 or values.shape[1] % axes or not values.size:
        raise FormatError(
            "labels of a wrong shape", file=path, place=key,
            expected=f"(frames, {axes} x keypoints)", found=str(values.shape), hint=_HINT,
        )  # fmt: skip
    keypoints = values.shape[1] // axes
    frames = _numbers(camera.get("data_frame"), "data_frame", path).ravel()
    if len(frames) != len(values) or not ((frames >= 0) & (frames <= _LAST_FRAME)).all():
        raise FormatError(
            "frame numbers do not fit the labels", file=path, place="data_frame",
            expected=str(len(values)), found=str(len(frames)), hint=_HINT,
        )  # fmt: skip
    points = values.reshape(len(values), keypoints, axes)
    return _poses(points, None, frames.astype(np.int64), _names(keypoints, found, options, path))


def _predictions(found: dict[str, Any], options: ReadOptions, path: Path) -> RawPoses:
    values = _numbers(found["pred"], "pred", path)
    if values.ndim not in (3, 4) or values.shape[-2] != 3 or not values.size:
        raise FormatError(
            "predictions of a wrong shape", file=path, place="pred",
            expected="(frames, 3, keypoints) or (frames, animals, 3, keypoints)",
            found=str(values.shape), hint=_HINT,
        )  # fmt: skip
    points = values.swapaxes(-1, -2)
    trust = None
    if "p_max" in found:
        trust = _numbers(found["p_max"], "p_max", path)
        if trust.shape != points.shape[:-1]:
            raise FormatError(
                "scores do not fit the predictions", file=path, place="p_max",
                expected=str(points.shape[:-1]), found=str(trust.shape), hint=_HINT,
            )  # fmt: skip
    frames = _sampled_frames(found.get("sampleID"), len(values), path)
    return _poses(points, trust, frames, _names(values.shape[-1], found, options, path))


def _centres(found: dict[str, Any], path: Path) -> RawPoses:
    values = _numbers(found[_CENTRE], _CENTRE, path)
    if values.ndim != 2 or values.shape[1] != 3 or not values.size:
        raise FormatError(
            "centres of mass of a wrong shape", file=path, place=_CENTRE,
            expected="(frames, 3)", found=str(values.shape), hint=_HINT,
        )  # fmt: skip
    frames = _sampled_frames(found["sampleID"], len(values), path)
    return _poses(values[:, None], None, frames, (_CENTRE,))


def _sampled_frames(samples: Any, count: int, path: Path) -> NDArray[np.int64] | None:
    """Frames of sample ids: 1, 11, 21, ... are frames 0, 1, 2, ...; None where there are none.

    Ids that begin with 0 are taken as frames from 0, too.
    """
    if samples is None:
        return None
    ids = _numbers(samples, "sampleID", path).ravel()
    if len(ids) != count or not ((ids >= 0) & (ids <= _LAST_FRAME)).all():
        raise FormatError(
            "sample ids do not fit the predictions", file=path, place="sampleID",
            expected=str(count), found=str(len(ids)), hint=_HINT,
        )  # fmt: skip
    steps = np.diff(np.sort(ids))
    step = steps[steps > 0].min() if (steps > 0).any() else 1.0
    first = min(1.0, float(ids.min()))
    return np.asarray(np.round((ids - first) / step), dtype=np.int64)


def _poses(
    points: NDArray[np.float64],
    trust: NDArray[np.float64] | None,
    frames: NDArray[np.int64] | None,
    names: tuple[str, ...],
) -> RawPoses:
    """Poses from points of shape (time, [animal,] keypoint, space)."""
    if points.ndim == 3:
        points, trust = points[:, None], None if trust is None else trust[:, None]
    with np.errstate(over="ignore"):
        position = points.transpose(0, 3, 2, 1).astype(np.float32)
        confidence = None if trust is None else trust.swapaxes(1, 2).astype(np.float32)
    return RawPoses(
        position,
        confidence,
        names,
        lone_name([f"animal_{number}" for number in range(points.shape[1])]),
        frames=frames,
        unit="mm" if position.shape[1] == 3 else "px",
        source_software="DANNCE",
    )


def _numbers(values: Any, place: str, path: Path) -> NDArray[np.float64]:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub":
        raise FormatError("no numbers", file=path, place=place, hint=_HINT)
    return np.asarray(values, dtype=np.float64)


def _names(count: int, found: dict[str, Any], options: ReadOptions, path: Path) -> tuple[str, ...]:
    """Names of the keypoints: the user's, the file's own, or DANNCE's where there are as many."""
    if len(options.keypoints) == count:
        return options.keypoints
    skeleton = found.get("skeleton")
    named = skeleton.get("joint_names") if isinstance(skeleton, dict) else None
    if isinstance(named, list) and len(named) == count and len(set(map(str, named))) == count:
        return tuple(map(str, named))
    standard = find_built_in(_STANDARD)
    if standard is not None and len(standard.keypoints) == count and not options.keypoints:
        return standard.keypoints
    raise UnnamedKeypointsError(
        f"{count} keypoints without names", file=path, count=count,
        found=f"{len(options.keypoints)} names given",
        hint="name each in its order with --keypoints a,b,c (dock Study: Keypoints)",
    )  # fmt: skip
