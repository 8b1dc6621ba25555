"""Whatever a file holds, a reader gives poses or an error of ours that names the file."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from core.io.pose_files import (
    write_dlc_csv,
    write_dlc_fixed,
    write_dlc_table,
    write_movement_hdf5,
    write_nwb,
    write_sleap,
)
from mousegpt_core.errors import DataError, FormatError, MouseGPTError
from mousegpt_core.io import FORMATS, read_poses, write_poses
from mousegpt_core.poses import make_poses, validate_poses

VALUES = np.random.default_rng(1).uniform(1, 200, (12, 6)).round(3)
NAMES = ["nose", "ear l"]


def _write_wide(path, values=VALUES):
    rows = "\n".join(",".join(map(str, row)) for row in values)
    path.write_text(f"nose_x,nose_y,nose_likelihood,ear l_x,ear l_y,ear l_likelihood\n{rows}\n")
    return path


def _write_plain(path, values=VALUES):
    np.savetxt(path, values, delimiter=",", fmt="%.3f")
    return path


def _write_sleap(path, values=VALUES):
    position = values.reshape(len(values), 2, 3)[:, :, :2].transpose(2, 1, 0)[None]
    return write_sleap(path, position, np.full((1, 2, len(values)), 0.5))


def _write_anipose(path, values=VALUES):
    parts = [[f"{name}_{kind}" for kind in ("x", "y", "z", "error", "ncams")] for name in NAMES]
    rows = [[*parts[0], *parts[1], "fnum"]]
    rows += [[*row[:3], 0.5, 3, *row[3:], 0.5, 3, n] for n, row in enumerate(values)]
    path.write_text("\n".join(",".join(map(str, row)) for row in rows))
    return path


def _write_long(path, values=VALUES):
    rows = ["frame,individual,bodypart,x,y,score"]
    for number, row in enumerate(values):
        rows += [
            f"{number},m,{name},{','.join(map(str, row[at : at + 3]))}"
            for at, name in ((0, "nose"), (3, "ear l"))
        ]
    path.write_text("\n".join(rows))
    return path


def _write_movement(path, values=VALUES):
    cube = values.reshape(len(values), 2, 3).transpose(0, 2, 1)[..., None]
    poses = make_poses(cube[:, :2], cube[:, 2], keypoints=NAMES, fps=10)
    return write_poses(poses, path, format="movement")


def _write_own(name):
    """Writer of one of our own formats of 2D poses."""

    def write(path, values=VALUES):
        cube = values.reshape(len(values), 2, 3).transpose(0, 2, 1)[..., None]
        poses = make_poses(cube[:, :2], cube[:, 2], keypoints=NAMES, fps=10)
        return write_poses(poses, path, format=name)

    return write


def _write_dannce(path, values=VALUES):
    pred = np.repeat(values.reshape(len(values), 3, 2), 11, axis=2)
    savemat(path, {"pred": pred})
    return path


#: Ending, writer, and the format where the name is not that.
MADE = {
    "dlc-csv": (".csv", write_dlc_csv),
    "wide-csv": (".csv", _write_wide),
    "long-csv": (".csv", _write_long),
    "plain-csv": (".csv", _write_plain),
    "anipose-csv": (".csv", _write_anipose),
    "dlc-h5": (".h5", write_dlc_fixed),
    "dlc-h5, table": (".h5", write_dlc_table),
    "sleap-h5": (".h5", _write_sleap),
    "movement": (".nc", _write_movement),
    "movement, in HDF5": (".nc", write_movement_hdf5),
    "nwb": (".nwb", write_nwb),
    "sleap-slp": (".slp", _write_own("sleap-slp")),
    "coco": (".json", _write_own("coco")),
    "dannce-mat": (".mat", _write_dannce),
}


#: Files that are of another format, too, if one asks for it.
ALSO = {("anipose-csv", "wide-csv")}


def reader_of(name):
    return name.partition(",")[0]


def make(name, folder, values=VALUES):
    suffix, write = MADE[name]
    return write(folder / f"poses{suffix}", values)


def refused(path, name="", **options):
    """The error that reading gives; it must be ours and name the file."""
    names = NAMES if name == "plain-csv" else None
    with pytest.raises(MouseGPTError) as caught:
        read_poses(path, fps=10, keypoints=names, **options)
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", MADE)
def test_good_files_are_read(name, tmp_path):
    names = NAMES if name == "plain-csv" else None
    poses = read_poses(make(name, tmp_path), fps=10, keypoints=names)
    assert poses.sizes["time"] == 12


@pytest.mark.parametrize("name", MADE)
def test_an_empty_file(name, tmp_path):
    path = tmp_path / f"a{MADE[name][0]}"
    path.write_bytes(b"")
    refused(path, name)
    refused(path, name, format=reader_of(name))


@pytest.mark.parametrize("name", MADE)
def test_a_missing_file_and_a_folder(name, tmp_path):
    assert "no such file" in refused(tmp_path / "a.csv", name, format=reader_of(name))
    refused(tmp_path, name, format=reader_of(name))
    refused(tmp_path, name)


@pytest.mark.parametrize("name", MADE)
def test_nothing_but_nan(name, tmp_path):
    path = make(name, tmp_path, np.full((12, 6), np.nan))
    assert "seen" in refused(path, name, format=reader_of(name))


@pytest.mark.parametrize("name", MADE)
def test_a_truncated_file(name, tmp_path):
    path = make(name, tmp_path)
    whole = path.read_bytes()
    for share in (0.05, 0.3, 0.6, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)].rstrip(b"0123456789.\n"))
        try:
            read_poses(path, fps=10, keypoints=NAMES if name == "plain-csv" else None)
        except MouseGPTError as error:
            assert path.name in str(error)  # noqa: PT017


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("other", FORMATS)
def test_the_wrong_format(name, other, tmp_path):
    if other != reader_of(name) and (name, other) not in ALSO:
        refused(make(name, tmp_path), "plain-csv" if other == "plain-csv" else "", format=other)


@pytest.mark.parametrize(
    ("name", "head"), [("dlc-csv", 3), ("wide-csv", 1), ("plain-csv", 0), ("anipose-csv", 1)]
)
def test_a_bad_row_is_named(name, head, tmp_path):
    path = make(name, tmp_path)
    lines = path.read_text().splitlines()
    short = [*lines[:9], lines[9].rsplit(",", 1)[0], *lines[10:]]
    path.write_text("\n".join(short))
    assert "row 10" in refused(path, name)
    cells = lines[9].split(",")
    wrong = [*lines[:9], ",".join([*cells[:2], "twelve", *cells[3:]]), *lines[10:]]
    path.write_text("\n".join(wrong))
    message = refused(path, name)
    assert "row 10, column 3" in message
    assert "twelve" in message
    path.write_text("\n".join(lines[:head]))
    refused(path, name)


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(bytes(range(256)) * 20)
    assert "not a text file" in refused(path)
    path.write_bytes(make("wide-csv", tmp_path).read_bytes().replace(b"nose", b"n\xf6se"))
    assert "nöse" in read_poses(path, fps=10)["keypoint"].values


def test_a_huge_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("nose_x," * 700_000)
    refused(path)
    path.write_text(",".join(f"p{i}_x,p{i}_y" for i in range(30_000)) + "\n1,2\n")
    assert "columns" in refused(path)


def test_wrong_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("nose_x,nose_z\n1,2\n")
    assert "nose_x, nose_y" in refused(path)
    path.write_text("nose_x,nose_y,tail_x\n1,2,3\n")
    assert "'tail' has no column y" in refused(path)
    path.write_text("nose_x,nose_y,nose_x\n1,2,3\n")
    assert "two columns" in refused(path)
    path.write_text("scorer,S,S\nbodyparts,nose,nose\ncoords,x,x\n0,1,2\n")
    assert "two columns" in refused(path)
    path.write_text("scorer,S,S\nbodyparts,nose\ncoords,x,y\n0,1,2\n")
    assert "header" in refused(path)


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ("0,1,2\n0,3,4\n", "frame 0"),
        ("0.5,1,2\n", "frame row 1"),
        ("-3,1,2\n", "row 1"),
        ("1,1,2\n,3,4\n", "row 2"),
    ],
)
def test_bad_frame_numbers(rows, place, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("frame,nose_x,nose_y\n" + rows)
    assert place in refused(path)


@pytest.mark.parametrize("rows", ["0,1,2\n0,3,4\n", "1,1,2\n0,3,4\n", "0,1,2\nnan,3,4\n"])
def test_times_that_do_not_rise(rows, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,nose_x,nose_y\n" + rows)
    assert "row 2" in refused(path)


def test_pictures_of_several_films(tmp_path):
    path = write_dlc_csv(tmp_path / "a.csv", VALUES[:2], index=["d/v1/img1.png", "d/v2/img1.png"])
    assert "several films" in refused(path)
    path = write_dlc_csv(tmp_path / "a.csv", VALUES[:2], index=["d/v1/img1.png", "d/v1/none.png"])
    assert "row 2" in refused(path)


def test_an_array_that_claims_to_be_enormous(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("tracks", (1, 2, 2, 10**12), chunks=(1, 2, 2, 1000), dtype="f4")
        file["node_names"] = np.array([b"a", b"b"])
    assert "too large" in refused(path)
    path = write_dlc_fixed(tmp_path / "b.h5", VALUES)
    with h5py.File(path, "r+") as file:
        del file["df_with_missing/axis1"]
        file["df_with_missing"].create_dataset("axis1", (10**12,), chunks=(1000,), dtype="i8")
    assert "too large" in refused(path)


def test_a_file_that_is_not_one_of_ours(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["something"] = 3
    message = refused(path)
    assert "tracks" in message
    assert "--format" in message
    with pytest.raises(FormatError):
        read_poses(path, fps=1, format="dlc-h5")


@pytest.mark.parametrize("name", MADE)
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_mutated_files(name, tmp_path, data):
    whole = make(name, tmp_path).read_bytes()
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(changed) - 1))
        kind = data.draw(st.sampled_from(["flip", "insert", "delete", "cut"]))
        if kind == "flip":
            changed[at] = data.draw(st.integers(0, 255))
        elif kind == "insert" and name.endswith("csv"):
            changed[at:at] = data.draw(
                st.sampled_from([b",", b"\n", b'"', b"x", b"1e400", b"\0", b"\xff"])
            )
        elif kind == "delete" and name.endswith("csv"):
            del changed[at : at + data.draw(st.integers(1, 30))]
        elif kind == "cut":
            del changed[max(at, 1) :]
        if not changed:
            changed = bytearray(b"1")
    path = tmp_path / f"mutated{MADE[name][0]}"
    path.write_bytes(bytes(changed))
    names = NAMES if name == "plain-csv" else None
    for format in (None, reader_of(name)):
        try:
            validate_poses(read_poses(path, fps=10, keypoints=names, format=format))
        except DataError as error:
            assert path.name in str(error)  # noqa: PT017
