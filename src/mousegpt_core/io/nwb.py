"""NWB with ndx-pose: read by h5py, all versions of ndx-pose alike; written by pynwb.

A ``PoseEstimation`` is one animal seen by one camera, with a series a keypoint. A file may hold
several: those of one camera are animals, those of several cameras are views, and the series of a
``MultiCameraPoseEstimation`` itself are the view ``3d``. Cameras are told apart by their devices
and films; where a file names none, containers with skeletons of their own are animals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError, MissingDependencyError
from mousegpt_core.io.beside import edges_of, named_edges, pictures_of, scorer_of
from mousegpt_core.io.contract import (
    COPY_AGAIN,
    DEFAULT_INDIVIDUAL,
    OTHER_FORMAT,
    RawPoses,
    ReadOptions,
)
from mousegpt_core.io.conventions import (
    choose_view,
    frames_of_times,
    rate_named,
    unit_named,
    zero_is_missing,
)
from mousegpt_core.io.hdf import is_hdf5, load, load_numbers, load_texts, open_hdf5

LOOKED_FOR = "a PoseEstimation of ndx-pose in an NWB file"
SPATIAL = "3d"
_SERIES, _CONTAINER, _CAMERAS = (
    "PoseEstimationSeries", "PoseEstimation", "MultiCameraPoseEstimation",
)  # fmt: skip
#: Names in a `PoseEstimation` that no keypoint can have.
_FIELDS = (
    "description", "original_videos", "labeled_videos", "dimensions", "scorer",
    "source_software", "skeleton", "device", "source_video", "labeled_video", "nodes", "edges",
)  # fmt: skip
#: Time series that we write beside the poses.
_FRAME, _ERROR, _PICTURE = "frame_number", "reprojection_error", "picture"
#: Two clocks are one if they never differ by more than this share of a frame.
_SAME_CLOCK = 0.1


@dataclass(frozen=True)
class _Container:
    """Where one animal is, as one camera or all of them see it."""

    group: Any
    name: str
    module: str
    camera: tuple[str, ...]
    skeleton: Any


@dataclass(frozen=True)
class _Track:
    """One keypoint of one animal: (time, space), (time,) or None, seconds."""

    animal: str
    keypoint: str
    position: NDArray[np.float32]
    confidence: NDArray[np.float32] | None
    times: NDArray[np.float64]


def recognise(path: Path) -> bool:
    """Whether an HDF5 file is NWB and holds estimated poses."""
    if not is_hdf5(path):
        return False
    with open_hdf5(path) as file:
        return bool(_containers(file, path)) if "nwb_version" in file.attrs else False


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read the poses of an NWB file.

    Timestamps that count 0, 1, 2, ... are frame numbers, whatever their unit is said to be.

    Raises
    ------
    FormatError
        If it holds no poses, is damaged, or holds several views of which none is chosen.
    """
    with open_hdf5(path) as file:
        views = _views(_containers(file, path))
        if not views:
            raise FormatError(
                "no poses in this NWB file", file=path, expected=LOOKED_FOR, hint=OTHER_FORMAT
            )
        chosen = views[choose_view(list(views), options.view, path)]
        names = _animal_names(chosen, file, path)
        tracks = [
            track
            for container, name in zip(chosen, names, strict=True)
            for track in _tracks(container, name, path)
        ]
        series = next(_series(chosen[0].group))
        unit = unit_named(_text(series["data"].attrs.get("unit", "")))
        rate = _rate(series)
        software = _one_text(chosen[0].group, "source_software", path)
        scorer = _one_text(chosen[0].group, "scorer", path)
        film = _one_text(chosen[0].group, "original_videos", path)
        edges = _edges(chosen[0], path)
        pictures = _pictures(chosen[0].group.parent, path)
        frames, errors = (_extra(chosen[0].group.parent, name, path) for name in (_FRAME, _ERROR))
    raw = _together(tracks, path)
    raw.unit, raw.fps, raw.source_software = unit, rate, software
    raw.scorer, raw.film, raw.edges = scorer, film, edges
    raw.pictures = pictures if len(pictures) == len(raw.position) else ()
    raw.zero_is_missing = zero_is_missing(software)
    _number_frames(raw, frames)
    if errors is not None and errors.shape == (len(raw.position), *raw.position.shape[2:]):
        raw.reprojection_error = errors.astype(np.float32)
    return raw


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _kind(group: Any) -> str:
    """The neurodata type of a group; ``""`` for anything else."""
    return _text(group.attrs.get("neurodata_type", "")) if hasattr(group, "keys") else ""


def _one_text(group: Any, name: str, path: Path) -> str:
    """A text in a group; ``""`` where there is none."""
    found = group.get(name)
    return "".join(load_texts(found, path)[:1]) if hasattr(found, "dtype") else ""


def _containers(file: Any, path: Path) -> list[_Container]:
    found = []
    for place in ("processing", "acquisition"):
        modules = file[place].values() if place in file else ()
        for module in modules:
            parts = [module, *module.values()] if _kind(module) == "ProcessingModule" else [module]
            for part in parts:
                found += _containers_in(part, path)
    return [one for one in found if next(_series(one.group), None) is not None]


def _containers_in(group: Any, path: Path) -> list[_Container]:
    kind = _kind(group)
    if kind == _CONTAINER:
        return [_container(group, path)]
    if kind != _CAMERAS:
        return []
    name = PurePosixPath(group.name).name
    whole = _Container(group, SPATIAL, name, (SPATIAL,), _skeleton(group))
    views = [_container(one, path) for one in group.values() if _kind(one) == _CONTAINER]
    return [whole, *(_of_view(view) for view in views)]


def _container(group: Any, path: Path) -> _Container:
    """A PoseEstimation; its camera is known by its device and film."""
    place = PurePosixPath(group.name)
    linked = [
        key
        for key in group
        if _kind(group[key]) not in ("", _SERIES, "Skeleton") and key != "labeled_video"
    ]
    camera = [_target(group, key) for key in linked]
    if hasattr(group.get("original_videos"), "dtype"):
        camera += load_texts(group["original_videos"], path)
    return _Container(group, place.name, place.parent.name, tuple(camera), _skeleton(group))


def _skeleton(group: Any) -> Any:
    """The skeleton that a container links to, under whatever name."""
    return next((one for one in group.values() if _kind(one) == "Skeleton"), None)


def _of_view(container: _Container) -> _Container:
    """Cameras of one rig are views, even where their devices are not named."""
    return _Container(
        container.group, container.name, container.module, (container.name,), container.skeleton
    )


def _target(group: Any, key: str) -> str:
    """What a link points to."""
    link = group.get(key, getlink=True)
    return str(getattr(link, "path", key))


def _views(containers: Sequence[_Container]) -> dict[str, list[_Container]]:
    """Name of each view and the animals that it sees."""
    groups: dict[tuple[str, ...], list[_Container]] = {}
    for one in containers:
        groups.setdefault((one.module, *one.camera), []).append(one)
    views: dict[str, list[_Container]] = {}
    for key, members in groups.items():
        if len(members) == 1 or not (key[1:] or _have_own_skeletons(members)):
            views |= {_unused(one.name, one.module, views): [one] for one in members}
        else:
            name = PurePosixPath(key[1].replace("\\", "/")).stem if key[1:] else members[0].module
            views[_unused(name, members[0].module, views)] = members
    return views


def _unused(name: str, module: str, taken: dict[str, list[_Container]]) -> str:
    return f"{module}/{name}" if name in taken else name


def _have_own_skeletons(containers: Sequence[_Container]) -> bool:
    skeletons = [one.skeleton for one in containers]
    return None not in skeletons and len(set(skeletons)) == len(skeletons)


def _animal_names(containers: Sequence[_Container], file: Any, path: Path) -> list[str]:
    if len(containers) > 1:
        return [one.name for one in containers]
    subject = file.get("general/subject")
    name = _one_text(subject, "subject_id", path) if hasattr(subject, "keys") else ""
    return [name or DEFAULT_INDIVIDUAL]


def _series(group: Any) -> Iterator[Any]:
    return (one for one in group.values() if _kind(one) == _SERIES and "data" in one)


def _tracks(container: _Container, animal: str, path: Path) -> Iterator[_Track]:
    """The keypoints of an animal, in the order of its skeleton where it has one."""
    series = list(_series(container.group))
    names = [PurePosixPath(one.name).name for one in series]
    nodes = _nodes(container, path)
    keypoints = _matched(names, nodes)
    order = {node: place for place, node in enumerate(nodes)}
    for at in sorted(range(len(series)), key=lambda at: order.get(keypoints[at], len(order))):
        yield _track(series[at], animal, keypoints[at], path)


def _nodes(container: _Container, path: Path) -> tuple[str, ...]:
    """Names of the keypoints in the order of the skeleton; none where there is no list."""
    return next(
        (
            load_texts(holder["nodes"], path)
            for holder in (container.skeleton, container.group)
            if hasattr(holder, "keys") and hasattr(holder.get("nodes"), "dtype")
        ),
        (),
    )


def _edges(container: _Container, path: Path) -> list[tuple[str, str]]:
    """Lines of the skeleton."""
    pairs: list[Any] = next(
        (
            load(holder["edges"], path).tolist()
            for holder in (container.skeleton, container.group)
            if hasattr(holder, "keys") and hasattr(holder.get("edges"), "dtype")
        ),
        [],
    )
    return named_edges(pairs, _nodes(container, path))


def _matched(names: Sequence[str], nodes: Sequence[str]) -> list[str]:
    """The node that each series is of, as their names tell; else the name of the series."""
    by_name = {_bare(node): node for node in nodes}
    exact = {name_in_nwb(node): node for node in nodes}
    found = [
        exact.get(name) or by_name.get(_bare(name).removeprefix(_SERIES.lower()), name)
        for name in names
    ]
    return found if len(set(found)) == len(found) else list(names)


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _track(series: Any, animal: str, keypoint: str, path: Path) -> _Track:
    data = series["data"]
    position = load_numbers(data, path)
    if position.ndim != 2 or position.shape[1] not in (2, 3):
        raise FormatError(
            "positions of a wrong shape", file=path, place=f"series {series.name!r}",
            expected="(time, 2) or (time, 3)", found=str(position.shape), hint=COPY_AGAIN,
        )  # fmt: skip
    factor, shift = (float(data.attrs.get(key, usual)) for key, usual in
                     (("conversion", 1.0), ("offset", 0.0)))  # fmt: skip
    if (factor, shift) != (1.0, 0.0):
        with np.errstate(over="ignore"):
            position = (position * factor + shift).astype(np.float32)
    confidence = load_numbers(series["confidence"], path) if "confidence" in series else None
    times = _times(series, len(position), path)
    for name, values in (("confidence", confidence), ("timestamps", times)):
        if values is not None and values.shape != position.shape[:1]:
            raise FormatError(
                f"{name} that do not fit the positions", file=path,
                place=f"series {series.name!r}", expected=str(len(position)),
                found=str(values.shape), hint=COPY_AGAIN,
            )  # fmt: skip
    return _Track(animal, keypoint, position, confidence, times)


def _rate(series: Any) -> float | None:
    """Frames per second of a series that has no timestamps."""
    start = series.get("starting_time")
    return rate_named(start.attrs.get("rate")) if hasattr(start, "dtype") else None


def _times(series: Any, count: int, path: Path) -> NDArray[np.float64]:
    """Seconds of each row, from timestamps or from a start and a rate."""
    if "timestamps" in series:
        times = load(series["timestamps"], path)
        if times.dtype.kind in "fiu":
            return times.astype(np.float64)
    rate = _rate(series)
    if rate is None:
        raise FormatError(
            "a series without a clock", file=path, place=f"series {series.name!r}",
            expected="timestamps, or a starting time with a rate", hint=COPY_AGAIN,
        )  # fmt: skip
    first = float(series["starting_time"][()]) * rate
    if abs(first - round(first)) < _SAME_CLOCK * 1e-3:  # a frame: its time without rounding twice
        first = round(first)
    return (first + np.arange(count, dtype=np.float64)) / rate


def _together(tracks: Sequence[_Track], path: Path) -> RawPoses:
    """One array of all keypoints and animals, on one clock."""
    clock, rows = _common_clock([track.times for track in tracks], path)
    keypoints = list(dict.fromkeys(track.keypoint for track in tracks))
    animals = list(dict.fromkeys(track.animal for track in tracks))
    n_space = max(track.position.shape[1] for track in tracks)
    shape = (len(clock), n_space, len(keypoints), len(animals))
    position = np.full(shape, np.nan, dtype=np.float32)
    confidence = np.full((shape[0], *shape[2:]), np.nan, dtype=np.float32)
    for track, row in zip(tracks, rows, strict=True):
        at = keypoints.index(track.keypoint), animals.index(track.animal)
        position[row, : track.position.shape[1], at[0], at[1]] = track.position
        if track.confidence is not None:
            confidence[row, at[0], at[1]] = track.confidence
    return RawPoses(position, confidence, keypoints, animals, times=clock)


def _common_clock(
    clocks: Sequence[NDArray[np.float64]], path: Path
) -> tuple[NDArray[np.float64], list[NDArray[np.int64] | slice]]:
    """A clock for all series, and the rows of each on it."""
    first = clocks[0]
    if not all(np.isfinite(clock).all() for clock in clocks):
        raise FormatError(
            "a row without its time", file=path, place="timestamps",
            hint="fill in the times, or delete the rows",
        )  # fmt: skip
    step = float(np.median(np.diff(first))) if len(first) > 1 else 0.0
    if all(
        len(clock) == len(first) and np.abs(clock - first).max(initial=0) <= _SAME_CLOCK * step
        for clock in clocks
    ):
        return first, [slice(None)] * len(clocks)
    union = np.unique(np.concatenate(clocks))
    if len(union) > 2 * max(map(len, clocks)):
        raise FormatError(
            "keypoints that were not tracked in the same frames", file=path, place="timestamps",
            hint="give all series the timestamps of the film's frames",
        )  # fmt: skip
    return union, [np.searchsorted(union, clock) for clock in clocks]


def _number_frames(raw: RawPoses, own: NDArray[Any] | None) -> None:
    """Number the rows: as the file says, else from 0 by the clock."""
    times = raw.times
    if times is None:
        return
    if own is not None and own.shape == times.shape and own.dtype.kind in "iu":
        raw.frames = own.astype(np.int64)
        return
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    if raw.fps is None and step == 1 and (times == np.floor(times)).all() and times[0] >= 0:
        raw.frames, raw.times = times.astype(np.int64), None
    elif step > 0:
        raw.frames = frames_of_times(times - times[0], raw.fps or 1 / step)


def _extra(module: Any, name: str, path: Path) -> NDArray[Any] | None:
    """Values of a time series that lies beside the poses."""
    series = module.get(name)
    if not hasattr(series, "keys") or "data" not in series:
        return None
    return load(series["data"], path)


def _pictures(module: Any, path: Path) -> tuple[str, ...]:
    """Paths of the frames' pictures, as we write them."""
    series = module.get(_PICTURE)
    if not hasattr(series, "keys") or not hasattr(series.get("data"), "dtype"):
        return ()
    return load_texts(series["data"], path)


def write(poses: xr.Dataset, path: Path) -> None:
    """Write poses as an NWB file with ndx-pose.

    Every animal is a `PoseEstimation` with a skeleton of its own; the only one is called so, as
    other readers expect. Numbers of frames and reprojection errors are time series beside them.
    NWB asks for the start of the session, which poses do not know: it is that of 1970.

    Raises
    ------
    MissingDependencyError
        If pynwb or ndx-pose is not installed.
    FormatError
        If two names are the same in NWB, which allows neither ``/`` nor ``:``.
    """
    for package in ("pynwb", "ndx_pose"):
        if find_spec(package) is None:
            raise MissingDependencyError(package, extra="nwb", purpose="writing NWB")
    import ndx_pose
    import pynwb

    animals = [str(name) for name in poses["individual"].values]
    keypoints = [str(name) for name in poses["keypoint"].values]
    for names in (animals, keypoints):
        if len({name_in_nwb(name) for name in names}) < len(names):
            raise FormatError(
                "two names become the same in NWB", found=", ".join(names),
                hint="rename one of them; / and : are written as _",
            )  # fmt: skip
    file = pynwb.NWBFile(
        session_description=f"poses of {', '.join(animals)}",
        identifier=Path(str(poses.attrs.get("source_file", ""))).stem or "poses",
        session_start_time=datetime(1970, 1, 1, tzinfo=UTC),
    )
    single = len(animals) == 1
    if single and animals[0] != DEFAULT_INDIVIDUAL:
        file.subject = pynwb.file.Subject(subject_id=animals[0])
    module = file.create_processing_module("behavior", "poses of animals")
    skeletons = [
        ndx_pose.Skeleton(
            name=f"skeleton of {name_in_nwb(animal)}", nodes=keypoints, edges=_written_edges(poses)
        )
        for animal in animals
    ]
    module.add(ndx_pose.Skeletons(skeletons=skeletons))
    clock = _written_clock(poses)
    for number, (animal, skeleton) in enumerate(zip(animals, skeletons, strict=True)):
        series = _written_series(poses.isel(individual=number), clock, ndx_pose)
        module.add(
            ndx_pose.PoseEstimation(
                name=_CONTAINER if single else name_in_nwb(animal),
                pose_estimation_series=series,
                description=f"positions of {len(keypoints)} keypoints of {animal}",
                source_software=poses.attrs.get("source_software") or None,
                scorer=scorer_of(poses) or None,
                skeleton=skeleton,
            )
        )
    for name, values, unit in _written_extras(poses):
        module.add(pynwb.TimeSeries(name=name, data=values, unit=unit, **clock))
    with pynwb.NWBHDF5IO(str(path), "w") as out:
        out.write(file)


def name_in_nwb(name: str) -> str:
    """A name as NWB allows it and no field of a `PoseEstimation` has it."""
    allowed = name.replace("/", "_").replace(":", "_")
    return f"{allowed}_" if allowed in _FIELDS or not allowed.strip(".") else allowed


def _written_edges(poses: xr.Dataset) -> NDArray[np.uint8] | None:
    """Lines as NWB has them: numbers of keypoints of 8 bits."""
    edges = edges_of(poses)
    return edges.astype(np.uint8) if len(edges) and edges.max() < 256 else None


def _written_clock(poses: xr.Dataset) -> dict[str, Any]:
    """Arguments of a time series: a start and a rate where the frames are evenly spaced."""
    times, rate = poses["time"].values, float(poses.attrs["fps"])
    even = times[0] + np.arange(len(times)) / rate
    if np.allclose(times, even, rtol=0, atol=1e-9):
        return {"starting_time": float(times[0]), "rate": rate}
    return {"timestamps": times}


def _written_series(poses: xr.Dataset, clock: dict[str, Any], ndx_pose: Any) -> list[Any]:
    """The series of one animal's keypoints."""
    unit = poses["position"].attrs.get("units", "px")
    return [
        ndx_pose.PoseEstimationSeries(
            name=name_in_nwb(str(name)),
            data=point["position"].transpose("time", "space").values,
            confidence=point["confidence"].values,
            confidence_definition="likelihood that the estimator gave, 0 to 1",
            unit={"px": "pixels", "mm": "millimeters", "cm": "centimeters", "m": "meters"}.get(
                unit, unit
            ),
            reference_frame="upper left corner of the picture" if unit == "px" else "unknown",
            **clock,
        )
        for name, point in ((n, poses.sel(keypoint=n)) for n in poses["keypoint"].values)
    ]


def _written_extras(poses: xr.Dataset) -> Iterator[tuple[str, Any, str]]:
    """Name, values and unit of what a `PoseEstimation` has no place for."""
    yield _FRAME, poses["frame"].values, "frame"
    if "reprojection_error" in poses:
        yield _ERROR, poses["reprojection_error"].values, "pixels"
    if pictures := pictures_of(poses):
        yield _PICTURE, pictures, "path"
