"""SLEAP analysis h5, and the 3D points of sleap-anipose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mousegpt_core.errors import FormatError, UnnamedKeypointsError
from mousegpt_core.io.beside import edges_of, film_of, lone_name, named_edges
from mousegpt_core.io.contract import RawPoses, ReadOptions
from mousegpt_core.io.conventions import refuse_space
from mousegpt_core.io.hdf import is_hdf5, load, load_texts, open_hdf5

LOOKED_FOR = "a dataset 'tracks' in an HDF5 file"
#: A file has a place for every frame of the film; more of them may not be empty than so many to 1.
_MOST_EMPTY = 100


def recognise(path: Path) -> bool:
    """Whether an HDF5 file has SLEAP's tracks."""
    if not is_hdf5(path):
        return False
    with open_hdf5(path) as file:
        return "tracks" in file and hasattr(file["tracks"], "dtype")


def read(path: Path, options: ReadOptions) -> RawPoses:
    """Read a SLEAP analysis h5 (tracks, space, nodes, frames) or its transpose.

    Tracks in which nothing was ever seen are left out. sleap-anipose's 3D points
    (frames, tracks, nodes, 3) have no names: give them as keypoints.

    Raises
    ------
    FormatError
        If datasets are missing or do not fit each other.
    """
    with open_hdf5(path) as file:
        if "tracks" not in file:
            raise FormatError(
                "not a SLEAP analysis file",
                file=path,
                expected=LOOKED_FOR,
                found=str(list(file)[:6]),
                hint="export it with `sleap-convert --format analysis`, or name another format "
                "with --format",
            )
        tracks = load(file["tracks"], path)
        scores = load(file["point_scores"], path) if "point_scores" in file else None
        names = _texts(file, "node_names", path)
        owners = _texts(file, "track_names", path)
        film = _texts(file, "video_path", path)
        lines = load(file["edge_inds"], path).tolist() if "edge_inds" in file else []
    if tracks.ndim != 4 or tracks.dtype.kind not in "fiu":
        raise FormatError(
            "tracks of a wrong shape", file=path, place="dataset 'tracks'",
            expected="(tracks, 2, nodes, frames)", found=f"{tracks.dtype} {tracks.shape}",
            hint="export the analysis file again",
        )  # fmt: skip
    if not names:
        return _read_points3d(tracks, owners, options, path)
    position, transposed = _orient(tracks, len(names), len(owners), path)
    confidence = None if scores is None else _orient_scores(scores, position, transposed, path)
    raw = _named(position, confidence, names, owners)
    raw.edges, raw.film = named_edges(lines, names), "".join(film[:1])
    return raw


def _texts(file: Any, name: str, path: Path) -> tuple[str, ...]:
    """Names in a file; none where there is no list of them or it is empty."""
    return (
        load_texts(file[name], path) if name in file and getattr(file[name], "size", True) else ()
    )


def _orient(
    tracks: NDArray[Any], n_nodes: int, n_tracks: int, path: Path
) -> tuple[NDArray[np.float32], bool]:
    """Positions as (time, space, keypoint, individual), and whether the file was transposed."""
    first, second, third, last = tracks.shape
    usual = second in (2, 3) and third == n_nodes
    transposed = third in (2, 3) and second == n_nodes
    if usual and transposed and n_tracks:
        # As many nodes as dimensions: only the number of tracks tells them apart.
        usual = first == n_tracks or last != n_tracks
    with np.errstate(over="ignore"):
        if usual:
            return tracks.transpose(3, 1, 2, 0).astype(np.float32), False
        if transposed:
            return tracks.transpose(0, 2, 1, 3).astype(np.float32), True
    raise FormatError(
        "tracks do not fit the nodes", file=path, place="dataset 'tracks'",
        expected=f"(tracks, 2, {n_nodes}, frames)", found=str(tracks.shape),
        hint="export the analysis file again",
    )  # fmt: skip


def _orient_scores(
    scores: NDArray[Any], position: NDArray[np.float32], transposed: bool, path: Path
) -> NDArray[np.float32]:
    """Scores as (time, keypoint, individual)."""
    expected = (position.shape[0], *position.shape[2:])
    if scores.ndim == 3 and scores.dtype.kind in "fiu":
        turned = scores if transposed else scores.transpose(2, 1, 0)
        if turned.shape == expected:
            with np.errstate(over="ignore"):
                return turned.astype(np.float32)
    raise FormatError(
        "scores do not fit the tracks", file=path, place="dataset 'point_scores'",
        expected=str(expected[::-1]), found=str(scores.shape),
        hint="export the analysis file again",
    )  # fmt: skip


def _read_points3d(
    tracks: NDArray[Any], owners: tuple[str, ...], options: ReadOptions, path: Path
) -> RawPoses:
    """3D points of sleap-anipose: (frames, tracks, nodes, 3) without names."""
    if tracks.shape[3] != 3:
        raise FormatError(
            "tracks without node names", file=path, expected="dataset 'node_names'",
            hint="export it again as an analysis h5",
        )  # fmt: skip
    if len(options.keypoints) != tracks.shape[2]:
        raise UnnamedKeypointsError(
            f"{tracks.shape[2]} keypoints without names", file=path, count=tracks.shape[2],
            found=f"{len(options.keypoints)} names given",
            hint="name the keypoints in their order with --keypoints a,b,c "
            "or a skeleton, as in --keypoints SLEAP-anipose-15 (dock Study: Keypoints)",
        )  # fmt: skip
    with np.errstate(over="ignore"):
        position = tracks.transpose(0, 3, 2, 1).astype(np.float32)
    return _named(position, None, options.keypoints, owners)


def _named(
    position: NDArray[np.float32],
    confidence: NDArray[np.float32] | None,
    names: tuple[str, ...],
    owners: tuple[str, ...],
) -> RawPoses:
    """Poses of the tracks in which something was seen."""
    n_tracks = position.shape[3]
    if len(owners) != n_tracks:
        owners = tuple(f"track_{number}" for number in range(n_tracks))
    seen = [i for i in range(n_tracks) if np.isfinite(position[..., i]).any()] or list(
        range(n_tracks)
    )
    return RawPoses(
        position[..., seen],
        None if confidence is None else confidence[..., seen],
        names,
        lone_name([owners[i] for i in seen]),
        source_software="SLEAP",
        zero_is_missing=False,
    )


def write(poses: xr.Dataset, path: Path) -> None:
    """Write an analysis h5 as SLEAP exports it: a place for every frame up to the last.

    Times, frame rate and unit are not in such a file; lines and the film's path are.

    Parameters
    ----------
    poses : Dataset
        2D; as in `mousegpt_core.poses`.
    path : Path
        File to write.

    Raises
    ------
    FormatError
        If the poses are 3D, or would leave most of the file empty.
    """
    import h5py

    refuse_space(poses, "SLEAP's analysis files")
    frames = poses["frame"].values
    length = int(frames.max()) + 1
    if length > _MOST_EMPTY * len(frames):
        raise FormatError(
            f"{len(frames)} frames of {length}",
            hint="write poses of single frames as sleap-slp or csv",
        )  # fmt: skip
    position = poses["position"].transpose("individual", "space", "keypoint", "time").values
    trust = poses["confidence"].transpose("individual", "keypoint", "time").values
    seen = np.isfinite(position).all(axis=1)
    tracks = np.full((*position.shape[:3], length), np.nan)
    tracks[..., frames] = np.where(seen[:, None], position, np.nan)
    scores = np.full((*trust.shape[:2], length), np.nan)
    scores[..., frames] = trust
    occupied = np.zeros((length, len(position)), dtype=np.uint8)
    occupied[frames] = seen.any(axis=1).T
    with h5py.File(path, "w") as file:
        file["tracks"], file["point_scores"] = tracks, scores
        file["track_occupancy"] = occupied
        for name in ("instance_scores", "tracking_scores"):
            file[name] = np.full((len(position), length), np.nan)
        for name, words in (("node_names", "keypoint"), ("track_names", "individual")):
            file[name] = np.array([str(word).encode() for word in poses[words].values])
        lines = edges_of(poses)
        names = poses["keypoint"].values
        if len(lines):
            file["edge_inds"] = lines
            file["edge_names"] = np.array([[str(names[n]).encode() for n in ab] for ab in lines])
        file["video_path"] = film_of(poses)
