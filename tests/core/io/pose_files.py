"""Small pose files of each format, written by hand."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from scipy.io import savemat

SCORER = "DLC_net"


def write_dlc_csv(
    path: Path,
    values: np.ndarray,
    parts: Sequence[str] = ("nose", "ear l"),
    coords: Sequence[str] = ("x", "y", "likelihood"),
    animals: Sequence[str] | None = None,
    index: Sequence[object] | None = None,
    encoding: str = "utf-8",
) -> Path:
    owners = animals or [""]
    labels = [(owner, part, coord) for owner in owners for part in parts for coord in coords]
    rows = [["scorer", *[SCORER] * len(labels)]]
    if animals:
        rows.append(["individuals", *[label[0] for label in labels]])
    rows.append(["bodyparts", *[label[1] for label in labels]])
    rows.append(["coords", *[label[2] for label in labels]])
    for number, row in enumerate(values):
        cells = ["" if np.isnan(cell) else repr(float(cell)) for cell in row]
        rows.append([str(number if index is None else index[number]), *cells])
    path.write_bytes(("\n".join(",".join(row) for row in rows) + "\n").encode(encoding))
    return path


def _columns(parts: Sequence[str], coords: Sequence[str], animals: Sequence[str] | None):
    if animals:
        return [(SCORER, a, p, c) for a in animals for p in parts for c in coords]
    return [(SCORER, p, c) for p in parts for c in coords]


def _text(value: str) -> np.bytes_:
    return np.bytes_(value.encode())


def write_dlc_fixed(
    path: Path,
    values: np.ndarray,
    parts: Sequence[str] = ("nose", "ear l"),
    coords: Sequence[str] = ("x", "y", "likelihood"),
    animals: Sequence[str] | None = None,
    index: Sequence[object] | None = None,
    split: int = 0,
) -> Path:
    """As pandas writes ``to_hdf(format="fixed")``; `split` puts every nth column in a block."""
    columns = _columns(parts, coords, animals)
    numbers = list(range(len(columns)))
    blocks = [numbers] if not split else [numbers[::split], [n for n in numbers if n % split]]
    with h5py.File(path, "w") as file:
        group = file.create_group("df_with_missing")
        group.attrs["pandas_type"] = _text("frame")
        group.attrs["nblocks"] = len(blocks)
        _multi_index(group, "axis0", columns)
        for number, block in enumerate(blocks):
            _multi_index(group, f"block{number}_items", [columns[i] for i in block])
            kind = np.float32 if split and number == 0 else np.float64
            group[f"block{number}_values"] = values[:, block].astype(kind)
        rows = np.arange(len(values)) if index is None else index
        if isinstance(rows[0], tuple):
            _multi_index(group, "axis1", rows)
        else:
            rows = [row.encode() for row in rows] if isinstance(rows[0], str) else rows
            group["axis1"] = np.array(rows)
    return path


def _multi_index(group: h5py.Group, key: str, labels: Sequence[tuple]) -> None:
    names = {
        3: ("scorer", "bodyparts", "coords"),
        4: ("scorer", "individuals", "bodyparts", "coords"),
    }
    count = len(labels[0])
    group.attrs[f"{key}_nlevels"] = count
    for level in range(count):
        values = sorted({label[level] for label in labels})
        group[f"{key}_level{level}"] = np.array([value.encode() for value in values])
        if key != "axis1":
            group[f"{key}_level{level}"].attrs["name"] = _text(names[count][level])
        codes = [values.index(label[level]) for label in labels]
        group[f"{key}_label{level}"] = np.array(codes, dtype=np.int8)


def write_dlc_table(
    path: Path,
    values: np.ndarray,
    parts: Sequence[str] = ("nose", "ear l"),
    coords: Sequence[str] = ("x", "y", "likelihood"),
    animals: Sequence[str] | None = None,
    index: Sequence[object] | None = None,
    pickled: bytes | None = None,
) -> Path:
    """As pandas writes ``to_hdf(format="table")``."""
    columns = _columns(parts, coords, animals)
    rows = np.arange(len(values)) if index is None else np.array([str(i).encode() for i in index])
    table = np.zeros(
        len(values), dtype=[("index", rows.dtype), ("values_block_0", np.float64, (len(columns),))]
    )
    table["index"] = rows
    table["values_block_0"] = values
    with h5py.File(path, "w") as file:
        group = file.create_group("df_with_missing")
        group.attrs["pandas_type"] = _text("frame_table")
        group.attrs["non_index_axes"] = np.bytes_(pickle.dumps([(1, columns)], 0))
        group["table"] = table
        kind = pickle.dumps(columns, 0) if pickled is None else pickled
        group["table"].attrs["values_block_0_kind"] = np.bytes_(kind)
    return path


def write_sleap(
    path: Path,
    position: np.ndarray,
    scores: np.ndarray,
    nodes: Sequence[str] = ("nose", "ear l"),
    tracks: Sequence[str] = ("a",),
    transposed: bool = False,
) -> Path:
    """`position` is (track, 2, node, frame), `scores` (track, node, frame)."""
    with h5py.File(path, "w") as file:
        file["tracks"] = position.transpose(3, 2, 1, 0) if transposed else position
        file["point_scores"] = scores.transpose(2, 1, 0) if transposed else scores
        file["node_names"] = np.array([node.encode() for node in nodes])
        file["track_names"] = np.array([track.encode() for track in tracks])
    return path


def write_movement_hdf5(
    path: Path,
    values: np.ndarray,
    parts: Sequence[str] = ("nose", "ear l"),
    dims: Sequence[str] = ("time", "space", "keypoints", "individuals"),
    time: Sequence[float] | None = None,
    **attrs: object,
) -> Path:
    """As xarray writes movement's datasets by netCDF4; `values` is x, y, likelihood a keypoint."""
    cube = values.reshape(len(values), len(parts), 3).transpose(0, 2, 1)[..., None]
    scales = {
        dims[0]: np.arange(len(values)) if time is None else np.array(time),
        dims[1]: np.array(["x", "y"], dtype=h5py.string_dtype()),
        dims[2]: np.array(list(parts), dtype=h5py.string_dtype()),
        dims[3]: np.array(["mouse"], dtype=h5py.string_dtype()),
    }
    with h5py.File(path, "w") as file:
        for name, labels in scales.items():
            file[name] = labels
            file[name].make_scale(name)
        file["position"] = cube[:, :2]
        file["confidence"] = cube[:, 2]
        for name, over in (("position", dims), ("confidence", (dims[0], *dims[2:]))):
            for axis, dim in enumerate(over):
                file[name].dims[axis].attach_scale(file[dim])
        file.attrs.update({"ds_type": "poses", "source_software": "DeepLabCut", **attrs})
    return path


def write_nwb(
    path: Path,
    values: np.ndarray,
    parts: Sequence[str] = ("nose", "ear l"),
    nodes: Sequence[str] = (),
    times: Sequence[float] | None = None,
    unit: str = "pixels",
    **datasets: object,
) -> Path:
    """As pynwb writes one animal, before skeletons; `values` is x, y, likelihood a keypoint."""
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.7.0"
        group = nwb_container(file.create_group("processing/behavior"), "PoseEstimation")
        group.parent.attrs["neurodata_type"] = "ProcessingModule"
        group["source_software"] = "DeepLabCut"
        if nodes:
            group["nodes"] = list(nodes)
        for name, dataset in datasets.items():
            group[name] = dataset
        for number, part in enumerate(parts):
            series = nwb_container(group, part, "PoseEstimationSeries")
            point = values[:, 3 * number : 3 * number + 3]
            series["data"] = point[:, :2]
            series["data"].attrs.update({"unit": unit, "conversion": 1.0, "offset": 0.0})
            series["confidence"] = point[:, 2]
            if times is None:
                series["starting_time"] = 0.0
                series["starting_time"].attrs["rate"] = 10.0
            else:
                series["timestamps"] = np.array(times)
    return path


def nwb_container(parent: h5py.Group, name: str, kind: str = "PoseEstimation") -> h5py.Group:
    group = parent.create_group(name)
    group.attrs["neurodata_type"] = kind
    return group


CAMERAS = ("side", "top")


def write_label3d(
    path: Path, space: np.ndarray, flats: Sequence[np.ndarray], frames: np.ndarray
) -> Path:
    """As Label3D exports for DANNCE: `space` (frames, 3 x keypoints), `flats` the same in 2D."""
    cameras = np.empty((len(flats), 1), dtype=object)
    for number, flat in enumerate(flats):
        cameras[number, 0] = {"data_2d": flat, "data_3d": space, "data_frame": frames}
    names = np.array([[name] for name in CAMERAS], dtype=object)
    savemat(path, {"labelData": cameras, "camnames": names, "params": 3})
    return path


def write_label3d_hdf5(
    path: Path, space: np.ndarray, flats: Sequence[np.ndarray], frames: np.ndarray
) -> Path:
    """As MATLAB's ``-v7.3`` does: a text of 512 bytes, axes reversed, cells as references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        cells = []
        for number, flat in enumerate(flats):
            group = file.create_group(f"#refs#/{number}")
            for name, values in (("data_2d", flat), ("data_3d", space), ("data_frame", frames)):
                group[name] = values.T
            cells.append(group.ref)
        file.create_dataset("labelData", (1, len(flats)), h5py.ref_dtype)[0] = cells
        refs = []
        for number, name in enumerate(CAMERAS):
            text = file.create_dataset(f"#refs#/n{number}", data=np.array([[ord(c)] for c in name]))
            text.attrs["MATLAB_class"] = np.bytes_("char")
            refs.append(text.ref)
        file.create_dataset("camnames", (1, len(refs)), h5py.ref_dtype)[0] = refs
    content = path.read_bytes()
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + content[512:])
    return path
