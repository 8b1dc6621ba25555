"""SLEAP's own labels, ``.slp``: HDF5 with tables of frames, instances and points.

Layout as SLEAP 1.x writes it (``format_id`` 1.0 to 1.4): a frame names a stretch of instances, an
instance a stretch of points; points of a human lie in ``points``, those of a model in
``pred_points``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError
from mousegpt_core.io.beside import edges_of, film_of, lone_name
from mousegpt_core.io.contract import (
    COPY_AGAIN,
    DEFAULT_INDIVIDUAL,
    LABELLED,
    RawPoses,
    ReadOptions,
)
from mousegpt_core.io.conventions import choose_view, rate_named, refuse_space
from mousegpt_core.io.hdf import is_hdf5, load, load_texts, open_hdf5

LOOKED_FOR = "tables 'frames', 'instances' and 'pred_points' in an HDF5 file"
_TABLES = ("frames", "instances", "points", "pred_points")
_USER, _PREDICTED = 0, 1
_SOFTWARE = "SLEAP"
#: The kind of a skeleton's link that is a line.
_LINE = 1
#: Before this version the middle of the first pixel was at (0.5, 0.5).
_CENTRED_SINCE = 1.1
#: Without tracks, poses are those of one animal if no more frames than this share show several.
_SEVERAL = 0.05
_MAX_ITEMS = 2_000_000_000
_HINT = "save the labels again in SLEAP, or export them as analysis h5"


@dataclass(frozen=True)
class _Labels:
    """What a file holds, as it is there."""

    names: tuple[str, ...]
    tracks: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    videos: tuple[str, ...]
    paths: tuple[str, ...]
    rates: tuple[float | None, ...]
    frames: NDArray[Any]
    instances: NDArray[Any]
    points: NDArray[Any]
    pred_points: NDArray[Any]
    shift: float


def recognise(path: Path) -> bool:
    """Whether an HDF5 file has SLEAP's tables."""
    if not is_hdf5(path):
        return False
    with open_hdf5(path) as file:
        return all(name in file for name in (*_TABLES, "metadata"))


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read the labels of one film.

    A human's instance goes over a model's. Tracks are individuals; those in which nothing is seen
    are left out. Without tracks the file must show one animal.

    Raises
    ------
    FormatError
        If tables are missing or do not fit each other, or animals cannot be told apart.
    """
    labels = _load(path)
    film = _choose_film(labels, options.view, path)
    mine = labels.frames[labels.frames["video"] == film]
    if not len(mine):
        raise FormatError("no frame is labelled", file=path, hint="check that this is the file")
    mine = mine[np.argsort(mine["frame_idx"], kind="stable")]
    frames = mine["frame_idx"].astype(np.int64)
    twice = np.flatnonzero(np.diff(frames) == 0)
    if len(twice):
        raise FormatError(
            "a frame is there twice", file=path, place=f"frame {frames[twice[0]]}", hint=_HINT
        )
    rows = _instances_of(mine, labels, path)
    row, which = _preferred(rows, labels)
    owner, tracks = _owners(row, which, labels, len(mine), path)
    keep = owner >= 0
    row, which, owner = row[keep], which[keep], owner[keep]
    shape = (len(mine), 2, len(labels.names), len(tracks))
    if np.prod(shape, dtype=np.float64) > _MAX_ITEMS:
        raise FormatError(
            f"{len(tracks)} tracks are too many to be animals", file=path,
            hint="join the tracks that are of one animal in SLEAP",
        )  # fmt: skip
    position = np.full(shape, np.nan, dtype=np.float32)
    confidence = np.full((shape[0], *shape[2:]), np.nan, dtype=np.float32)
    xy, score = _points(which, labels, path)
    position[row, :, :, owner] = xy.transpose(0, 2, 1)
    confidence[row, :, owner] = score
    return RawPoses(
        position,
        confidence if np.isfinite(confidence).any() else None,
        labels.names,
        tracks,
        frames=frames,
        fps=labels.rates[film] if film < len(labels.rates) else None,
        source_software=_SOFTWARE,
        zero_is_missing=False,
        edges=labels.edges,
        film=labels.paths[film] if film < len(labels.paths) else "",
    )


def _load(path: Path) -> _Labels:
    with open_hdf5(path) as file:
        missing = [name for name in (*_TABLES, "metadata") if name not in file]
        if missing:
            raise FormatError(
                "not SLEAP's labels", file=path, expected=LOOKED_FOR,
                found=", ".join(list(file)[:6]), hint=_HINT,
            )  # fmt: skip
        tables = {name: load(file[name], path) for name in _TABLES}
        metadata = _parse(file["metadata"].attrs.get("json", ""), "metadata", path)
        version = file["metadata"].attrs.get("format_id", 1.0)
        tracks = _rows(file, "tracks_json", path)
        videos = _rows(file, "videos_json", path)
    _check_columns(tables, path)
    names = _node_names(metadata, path)
    return _Labels(
        names,
        tuple(str(each[1]) if isinstance(each, list) and len(each) > 1 else "" for each in tracks),
        _edges(metadata, names),
        tuple(_film_name(each, number) for number, each in enumerate(videos)),
        tuple(_film_path(each) for each in videos),
        tuple(rate_named(_backend(each).get("fps")) for each in videos),
        **tables,
        shift=0.5 if float(version) < _CENTRED_SINCE else 0.0,
    )


def _parse(text: Any, place: str, path: Path) -> Any:
    """What a JSON text in the file says.

    Raises
    ------
    FormatError
        If it is no JSON.
    """
    try:
        return json.loads(text.decode("utf-8") if isinstance(text, bytes) else str(text))
    except (ValueError, RecursionError) as error:
        raise FormatError("damaged text", file=path, place=place, hint=COPY_AGAIN) from error


def _rows(file: Any, name: str, path: Path) -> list[Any]:
    if name not in file or not getattr(file[name], "size", 1):
        return []
    return [_parse(text, name, path) for text in load_texts(file[name], path)]


def _backend(video: Any) -> dict[str, Any]:
    """What a file says of a film."""
    backend = video.get("backend", video) if isinstance(video, dict) else {}
    return backend if isinstance(backend, dict) else {}


def _film_path(video: Any) -> str:
    """Path of a film as the file names it; ``""`` where its pictures are in the file itself."""
    path = str(_backend(video).get("filename", ""))
    return path if path.strip(".") else ""


def _film_name(video: Any, number: int) -> str:
    """Name of a film's file without its ending."""
    stem = PurePosixPath(_film_path(video).replace("\\", "/")).stem
    return stem if stem.strip(".") else f"video{number}"


def _check_columns(tables: dict[str, NDArray[Any]], path: Path) -> None:
    wanted = {
        "frames": ("video", "frame_idx", "instance_id_start", "instance_id_end"),
        "instances": ("instance_type", "track", "from_predicted", "score", "point_id_start",
                      "point_id_end"),
        "points": ("x", "y", "visible"),
        "pred_points": ("x", "y", "visible", "score"),
    }  # fmt: skip
    for name, columns in wanted.items():
        table = tables[name]
        fields: Mapping[str, Any] = table.dtype.fields or {}
        missing = [column for column in columns if column not in fields]
        numbers = all(fields[c][0].kind in "fiub" for c in columns if c in fields)
        if table.ndim != 1 or missing or not numbers:
            raise FormatError(
                "a table without its columns", file=path, place=name,
                expected=", ".join(columns), found=", ".join(fields)[:200], hint=_HINT,
            )  # fmt: skip


def _node_names(metadata: Any, path: Path) -> tuple[str, ...]:
    """Names of the keypoints in the order of an instance's points."""
    try:
        nodes = [str(node["name"]) for node in metadata["nodes"]]
        skeletons = metadata["skeletons"]
        names = tuple(nodes[int(node["id"])] for node in skeletons[0]["nodes"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise FormatError("no skeleton", file=path, place="metadata", hint=_HINT) from error
    if not names or len(set(names)) != len(names):
        raise FormatError("a skeleton without distinct names", file=path, hint=_HINT)
    if len(skeletons) > 1:
        raise FormatError(
            f"{len(skeletons)} skeletons", file=path, expected="one",
            hint="export each kind of animal to a file of its own",
        )  # fmt: skip
    return names


def _edges(metadata: Any, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Lines of the skeleton, in the order in which they were drawn; none where they are damaged.

    Their ends are numbers of nodes of the whole file, as are those of the skeleton's nodes.
    """
    try:
        nodes = [str(node["name"]) for node in metadata["nodes"]]
        links = _lines(metadata["skeletons"][0].get("links", ()))
        found = [(nodes[int(link["source"])], nodes[int(link["target"])]) for link in links]
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError):
        return ()
    return tuple(edge for edge in found if set(edge) <= set(names))


def _lines(links: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of a skeleton's links that are lines, not pairs of left and right, as drawn.

    The first link of a type spells it out, the later ones give its number among those spelt out.
    """
    spelt: list[int] = []
    lines = []
    for link in links:
        told = link["type"]
        if "py/reduce" in told:
            spelt.append(int(told["py/reduce"][1]["py/tuple"][0]))
            kind = spelt[-1]
        else:
            kind = spelt[int(told["py/id"]) - 1]
        if kind == _LINE:
            lines.append(link)
    return sorted(lines, key=lambda link: int(link.get("edge_insert_idx", 0)))


def _choose_film(labels: _Labels, view: str, path: Path) -> int:
    """Number of the film to read, among those with labels."""
    numbers = [int(number) for number in np.unique(labels.frames["video"])]
    names = [labels.videos[n] if n < len(labels.videos) else f"video{n}" for n in numbers]
    if len(set(names)) < len(names):
        names = [f"{name}-{number}" for name, number in zip(names, numbers, strict=True)]
    if not names:
        raise FormatError("no frame is labelled", file=path, hint="check that this is the file")
    return numbers[names.index(choose_view(names, view, path))]


def _instances_of(
    frames: NDArray[Any], labels: _Labels, path: Path
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row of its frame, and number, of every instance of these frames."""
    start = frames["instance_id_start"].astype(np.int64)
    stop = frames["instance_id_end"].astype(np.int64)
    total = len(labels.instances)
    if (start < 0).any() or (stop < start).any() or (stop > total).any():
        raise FormatError(
            "frames name instances that are not there", file=path, place="frames", hint=_HINT
        )
    count = stop - start
    if count.sum() > total:
        raise FormatError("frames share instances", file=path, place="frames", hint=_HINT)
    row = np.repeat(np.arange(len(frames)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return row, np.repeat(start, count) + offset


def _preferred(
    rows: tuple[NDArray[np.int64], NDArray[np.int64]], labels: _Labels
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Without those of a model that a human has corrected."""
    row, which = rows
    made = labels.instances[which]
    predicted = made["instance_type"] == _PREDICTED
    corrected = np.isin(which, made["from_predicted"][~predicted].astype(np.int64))
    keep = ~(predicted & corrected)
    return row[keep], which[keep]


def _owners(
    row: NDArray[np.int64], which: NDArray[np.int64], labels: _Labels, n_frames: int, path: Path
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Whose each instance is, -1 for those that are left out, and the names of the animals."""
    made = labels.instances[which]
    track = made["track"].astype(np.int64)
    tracked = track >= 0
    if not tracked.any():
        track = np.zeros(len(which), dtype=np.int64)
    # Of several in one place a human's counts, then the surest.
    score = np.nan_to_num(made["score"].astype(np.float64), nan=-np.inf)
    order = np.lexsort((-score, made["instance_type"] != _USER, track, row))
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(row[order]) + np.diff(track[order]).astype(bool) != 0
    owner = np.full(len(which), -1, dtype=np.int64)
    owner[order[first]] = track[order[first]]
    if not tracked.any():
        if np.count_nonzero(~first) > _SEVERAL * n_frames:
            raise FormatError(
                "several animals that are not told apart", file=path,
                found=f"{len(which)} instances without a track in {n_frames} frames",
                hint="track them in SLEAP and save the labels again",
            )  # fmt: skip
        return owner, (DEFAULT_INDIVIDUAL,)
    used = np.unique(owner[owner >= 0])
    names = [labels.tracks[n] if n < len(labels.tracks) else f"track_{n}" for n in used]
    if len(set(names)) < len(names):
        names = [f"{name}-{number}" for name, number in zip(names, used, strict=True)]
    renumbered = np.searchsorted(used, owner)
    return np.where(owner >= 0, renumbered, -1), lone_name(names)


def _points(
    which: NDArray[np.int64], labels: _Labels, path: Path
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Places (instance, keypoint, 2) and scores (instance, keypoint) of instances."""
    n_nodes = len(labels.names)
    made = labels.instances[which]
    start = made["point_id_start"].astype(np.int64)
    if (made["point_id_end"].astype(np.int64) - start != n_nodes).any():
        raise FormatError(
            "an instance without all its points", file=path, place="instances",
            expected=f"{n_nodes} points", hint=_HINT,
        )  # fmt: skip
    xy = np.full((len(which), n_nodes, 2), np.nan, dtype=np.float32)
    score = np.full((len(which), n_nodes), np.nan, dtype=np.float32)
    for kind, points in ((_USER, labels.points), (_PREDICTED, labels.pred_points)):
        mine = np.flatnonzero(made["instance_type"] == kind)
        if not len(mine):
            continue
        if start[mine].min() < 0 or start[mine].max() + n_nodes > len(points):
            raise FormatError(
                "instances name points that are not there", file=path, place="instances",
                hint=_HINT,
            )  # fmt: skip
        found = points[start[mine, None] + np.arange(n_nodes)]
        seen = found["visible"].astype(bool)
        with np.errstate(over="ignore"):
            for axis, name in enumerate("xy"):
                xy[mine, :, axis] = np.where(seen, found[name] - labels.shift, np.nan)
            if kind == _PREDICTED:
                score[mine] = found["score"]
    return xy, score


def write(poses: xr.Dataset, path: Path) -> None:
    """Write poses; times are not in such a file, of the skeleton only names and lines.

    Animals in a frame are a model's instances; in poses of SLEAP, or labelled by a human, those
    without scores are a human's.

    Parameters
    ----------
    poses : Dataset
        2D, in pixels.
    path : Path
        File to write.

    Raises
    ------
    FormatError
        If the poses are 3D.
    """
    import h5py

    refuse_space(poses, "SLEAP's labels")
    tables = _tables(_instances_to_write(poses), poses["frame"].values)
    source = str(poses.attrs.get("source_file", ""))
    tracks = [json.dumps([0, str(name)]) for name in poses["individual"].values]
    film = {
        "filename": film_of(poses) or f"{Path(source).stem or 'film'}.mp4",
        "grayscale": False,
        "bgr": True,
        "fps": float(poses.attrs["fps"]),
    }
    with h5py.File(path, "w") as file:
        group = file.create_group("metadata")
        group.attrs["format_id"] = 1.2
        group.attrs["json"] = np.bytes_(json.dumps(_metadata(poses)).encode())
        for name, table in tables.items():
            file.create_dataset(name, data=table)
        file.create_dataset("tracks_json", data=np.array([t.encode() for t in tracks]))
        file.create_dataset("videos_json", data=np.array([json.dumps({"backend": film}).encode()]))
        file.create_dataset("suggestions_json", data=np.zeros(0))


def _metadata(poses: xr.Dataset) -> dict[str, Any]:
    names = [str(name) for name in poses["keypoint"].values]
    edges = edges_of(poses).tolist()
    line = {"py/reduce": [{"py/type": "sleap.skeleton.EdgeType"}, {"py/tuple": [_LINE]}]}
    links = [
        {"edge_insert_idx": number, "key": 0, "source": source, "target": target,
         "type": {"py/id": 1} if number else line}
        for number, (source, target) in enumerate(edges)
    ]  # fmt: skip
    skeleton = {
        "directed": True,
        "graph": {"name": "Skeleton-0", "num_edges_inserted": len(edges)},
        "links": links,
        "multigraph": True,
        "nodes": [{"id": number} for number in range(len(names))],
    }
    return {
        "version": "2.0.0",
        "skeletons": [skeleton],
        "nodes": [{"name": name, "weight": 1.0} for name in names],
        "videos": [],
        "tracks": [],
        "suggestions": [],
        "negative_anchors": {},
        "provenance": {},
    }


@dataclass(frozen=True)
class _Written:
    """What is written of each instance, in the order of their frames.

    Attributes
    ----------
    row, owner : array of shape (instance,)
        Numbers of the frame and the animal.
    xy : array of shape (instance, keypoint, 2)
    seen : array of shape (instance, keypoint)
    score : array of shape (instance, keypoint)
    human : array of shape (instance,)
        Whether a human made it.
    """

    row: NDArray[np.int64]
    owner: NDArray[np.int64]
    xy: NDArray[np.float32]
    seen: NDArray[np.bool_]
    score: NDArray[np.float32]
    human: NDArray[np.bool_]


def _instances_to_write(poses: xr.Dataset) -> _Written:
    xy = poses["position"].transpose("time", "individual", "keypoint", "space").values
    trust = poses["confidence"].transpose("time", "individual", "keypoint").values
    seen = np.isfinite(xy).all(axis=-1)
    row, owner = np.nonzero((seen | np.isfinite(trust)).any(axis=-1))
    by_hand = poses.attrs.get("source_software") in (_SOFTWARE, LABELLED)
    human = by_hand & ~np.isfinite(trust[row, owner]).any(axis=-1)
    return _Written(row, owner, xy[row, owner], seen[row, owner], trust[row, owner], human)


def _tables(made: _Written, frames: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The four tables of these instances."""
    return {
        "frames": _frame_table(made, frames),
        "instances": _instance_table(made),
        "points": _point_table(made, made.human),
        "pred_points": _point_table(made, ~made.human, [("score", "f8")]),
    }


def _frame_table(made: _Written, frames: NDArray[np.int64]) -> NDArray[Any]:
    numbers = np.arange(len(frames))
    table = np.zeros(len(frames), dtype=[
        ("frame_id", "u8"), ("video", "u4"), ("frame_idx", "u8"),
        ("instance_id_start", "u8"), ("instance_id_end", "u8"),
    ])  # fmt: skip
    table["frame_id"] = numbers
    table["frame_idx"] = frames
    table["instance_id_start"] = np.searchsorted(made.row, numbers, side="left")
    table["instance_id_end"] = np.searchsorted(made.row, numbers, side="right")
    return table


def _instance_table(made: _Written) -> NDArray[Any]:
    """Instances; the points of a human's and of a model's are counted apart."""
    n_instances, n_nodes = made.seen.shape
    table = np.zeros(n_instances, dtype=[
        ("instance_id", "i8"), ("instance_type", "u1"), ("frame_id", "u8"), ("skeleton", "u4"),
        ("track", "i4"), ("from_predicted", "i8"), ("score", "f4"), ("point_id_start", "u8"),
        ("point_id_end", "u8"), ("tracking_score", "f4"),
    ])  # fmt: skip
    table["instance_id"] = np.arange(n_instances)
    table["instance_type"] = np.where(made.human, _USER, _PREDICTED)
    table["frame_id"] = made.row
    table["track"] = made.owner
    table["from_predicted"] = -1
    known = np.isfinite(made.score)
    total = np.where(known, made.score, 0).sum(axis=1)
    table["score"] = total / np.maximum(known.sum(axis=1), 1)
    before = np.where(made.human, np.cumsum(made.human), np.cumsum(~made.human)) - 1
    table["point_id_start"] = before * n_nodes
    table["point_id_end"] = (before + 1) * n_nodes
    return table


def _point_table(
    made: _Written, which: NDArray[np.bool_], more: Sequence[tuple[str, str]] = ()
) -> NDArray[Any]:
    """Points of some instances."""
    kinds = [("x", "f8"), ("y", "f8"), ("visible", "?"), ("complete", "?"), *more]
    table = np.zeros(int(which.sum()) * made.seen.shape[1], dtype=kinds)
    table["x"], table["y"] = (made.xy[which, :, axis].ravel() for axis in (0, 1))
    table["visible"] = made.seen[which].ravel()
    if more:
        table["score"] = made.score[which].ravel()
    return table
