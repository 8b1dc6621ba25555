"""Label3D and DANNCE: points in space or of one camera, predictions, both kinds of MATLAB files."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from mousegpt_core.errors import FormatError
from mousegpt_core.io import read_poses

SPACE = np.arange(2 * 6, dtype=float).reshape(2, 6) + 1
FLAT = [np.arange(2 * 4, dtype=float).reshape(2, 4) + 100 * n for n in (1, 2)]
FRAMES = np.array([[3.0, 9.0]])


def write_labels(path, frames=FRAMES, space=SPACE):
    cameras = np.empty((2, 1), dtype=object)
    for number, flat in enumerate(FLAT):
        cameras[number, 0] = {"data_2d": flat, "data_3d": space, "data_frame": frames}
    names = np.array([["side"], ["top"]], dtype=object)
    savemat(path, {"labelData": cameras, "camnames": names, "params": 3})
    return path


def write_labels_hdf5(path):
    """As MATLAB's ``-v7.3`` does: a text of 512 bytes, axes reversed, cells as references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        cells = []
        for number, flat in enumerate(FLAT):
            group = file.create_group(f"#refs#/{number}")
            for name, values in (("data_2d", flat), ("data_3d", SPACE), ("data_frame", FRAMES)):
                group[name] = values.T
            cells.append(group.ref)
        file.create_dataset("labelData", (1, 2), h5py.ref_dtype)[0] = cells
        refs = []
        for number, name in enumerate(("side", "top")):
            text = file.create_dataset(f"#refs#/n{number}", data=np.array([[ord(c)] for c in name]))
            text.attrs["MATLAB_class"] = np.bytes_("char")
            refs.append(text.ref)
        file.create_dataset("camnames", (1, 2), h5py.ref_dtype)[0] = refs
    content = path.read_bytes()
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + content[512:])
    return path


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
