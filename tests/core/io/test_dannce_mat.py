"""Label3D and DANNCE: points in space or of one camera, predictions, both kinds of MATLAB files."""

from __future__ import annotations

import struct
import zlib

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from core.io.pose_files import write_label3d, write_label3d_hdf5
from mousegpt_core.errors import FormatError
from mousegpt_core.io import read_poses

SPACE = np.arange(2 * 6, dtype=float).reshape(2, 6) + 1
FLAT = [np.arange(2 * 4, dtype=float).reshape(2, 4) + 100 * n for n in (1, 2)]
FRAMES = np.array([[3.0, 9.0]])


def write_labels(path, frames=FRAMES, space=SPACE):
    return write_label3d(path, space, FLAT, frames)


def write_labels_hdf5(path):
    return write_label3d_hdf5(path, SPACE, FLAT, FRAMES)


@pytest.mark.parametrize("write", [write_labels, write_labels_hdf5])
def test_labels_in_space_and_of_a_camera(tmp_path, write):
    path = write(tmp_path / "a.mat")
    poses = read_poses(path, fps=10, keypoints=["nose", "hip"])
    assert poses["position"].attrs["units"] == "mm"
    assert poses["frame"].values.tolist() == [3, 9]
    assert poses["position"].values[0, :, :, 0].tolist() == [[1, 4], [2, 5], [3, 6]]
    top = read_poses(path, fps=10, keypoints=["nose", "hip"], view="top")
    assert top["position"].attrs["units"] == "px"
    assert top["position"].values[1, :, :, 0].tolist() == [[204, 206], [205, 207]]


def test_predictions(tmp_path):
    pred = np.arange(3 * 3 * 22, dtype=float).reshape(3, 3, 22)
    path = tmp_path / "p.mat"
    savemat(path, {"pred": pred, "p_max": np.full((3, 22), 0.25), "sampleID": [[11, 21, 41]]})
    poses = read_poses(path, fps=10)
    assert poses["frame"].values.tolist() == [1, 2, 4]
    assert poses["position"].values[..., 0].tolist() == pred.tolist()
    assert list(poses["keypoint"].values[:3]) == ["EarL", "EarR", "Snout"]
    assert (poses["confidence"] == 0.25).all()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"frames": FRAMES[:, :1]}, "frame numbers"),
        ({"space": SPACE[:, :4]}, "wrong shape"),
        ({"frames": "now"}, "data_frame"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, more, says):
    with pytest.raises(FormatError, match=says):
        read_poses(write_labels(tmp_path / "a.mat", **more), fps=10, keypoints=["nose", "hip"])


def test_keypoints_without_names_are_asked_for(tmp_path):
    with pytest.raises(FormatError, match="--keypoints"):
        read_poses(write_labels(tmp_path / "a.mat"), fps=10)


@pytest.mark.parametrize("ids", [[1, 11, 31], [0, 1, 3]])
def test_centres_of_mass(tmp_path, ids):
    path = tmp_path / "com3d.mat"
    savemat(path, {"com": np.arange(9.0).reshape(3, 3) + 1, "sampleID": [ids]})
    poses = read_poses(path, fps=10)
    assert poses["frame"].values.tolist() == [0, 1, 3]
    assert list(poses["keypoint"].values) == ["com"]
    assert poses["position"].values[2, :, 0, 0].tolist() == [7, 8, 9]


@pytest.mark.parametrize("number", [-1.0, np.nan, 1e300])
def test_sample_ids_that_are_none(tmp_path, number):
    path = tmp_path / "p.mat"
    savemat(path, {"pred": np.ones((2, 3, 22)), "sampleID": [[1.0, number]]})
    with pytest.raises(FormatError, match="sampleID"):
        read_poses(path, fps=10)


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(kind, dims, *inner, name=b""):
    """A MATLAB 5 matrix as its format tells it."""
    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack("<2i", *dims))
    return element(14, head + element(1, name) + b"".join(inner))


FIELDS = element(5, struct.pack("<i", 8)) + element(1, b"data_3d\0")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "cells",
    [
        matrix(1, (10**9, 1), name=b"labelData"),
        matrix(2, (10**9, 1), FIELDS, name=b"labelData"),
        matrix(1, (1, 1), matrix(2, (10**9, 1), FIELDS), name=b"labelData"),
    ],
)
def test_cells_that_are_only_claimed_are_never_allocated(tmp_path, cells, packed):
    path = tmp_path / "a.mat"
    if packed:
        content = zlib.compress(cells)
        cells = struct.pack("<II", 15, len(content)) + content
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + cells)
    with pytest.raises(FormatError, match="damaged"):
        read_poses(path, fps=10)


def test_cells_deep_in_each_other_are_refused(tmp_path):
    cells = matrix(1, (0, 0))
    for _ in range(3000):
        cells = matrix(1, (1, 1), cells)
    path = tmp_path / "a.mat"
    cells = matrix(1, (1, 1), cells, name=b"labelData")
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + cells)
    with pytest.raises(FormatError, match="no labels"):
        read_poses(path, fps=10)


NUMBER = element(9, struct.pack("<d", 1))


@pytest.mark.parametrize(
    "content",
    [
        matrix(77, (1, 1), NUMBER, name=b"pred"),
        matrix(6, (1, 1), element(115, bytes(8)), name=b"pred"),
        matrix(6, (1, 1), name=b"pred"),
        matrix(77, (1, 1), NUMBER, name=b"pred").replace(
            element(6, bytes([77, *bytes(7)])), element(6, b"") + bytes([77, *bytes(7)])
        ),
        matrix(
            6, (1, 1), element(9, bytes(8))[:4] + struct.pack("<I", 99) + bytes(8), name=b"pred"
        ),
        matrix(2, (1, 1), element(5, struct.pack("<i", 0)), element(1, b"a"), name=b"pred"),
    ],
)
def test_matrices_of_nonsense_are_refused(tmp_path, content):
    path = tmp_path / "a.mat"
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + content)
    with pytest.raises(FormatError, match=r"damaged|no numbers"):
        read_poses(path, fps=10)


def test_references_in_circles_come_to_an_end(tmp_path):
    path = tmp_path / "a.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        cells = file.create_dataset("labelData", (1, 1000), h5py.ref_dtype)
        cells[0] = [cells.ref] * 1000
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + path.read_bytes()[512:])
    with pytest.raises(FormatError, match="more in a variable"):
        read_poses(path, fps=10)


@pytest.mark.parametrize("n_animals", [1, 2])
def test_predictions_of_several_animals(tmp_path, n_animals):
    pred = np.arange(2 * n_animals * 3 * 22, dtype=float).reshape(2, n_animals, 3, 22)
    trust = np.linspace(0.1, 1, 2 * n_animals * 22).reshape(2, n_animals, 22)
    path = tmp_path / "save_data_AVG0.mat"
    savemat(path, {"pred": pred, "p_max": trust, "sampleID": [[1, 2]]})
    poses = read_poses(path, fps=50)
    names = ["mouse"] if n_animals == 1 else ["animal_0", "animal_1"]
    assert list(poses["individual"].values) == names
    np.testing.assert_array_equal(
        poses["position"].transpose("time", "individual", "space", "keypoint"), pred
    )
    np.testing.assert_allclose(
        poses["confidence"].transpose("time", "individual", "keypoint"), trust, rtol=1e-6
    )
