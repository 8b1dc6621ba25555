"""Whatever a file holds, a reader gives poses or an error of ours that names the file."""

from __future__ import annotations

import random

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.io.damage import damaged
from core.io.made import ALSO, MADE, NAMES, VALUES, is_text, make, reader_of
from core.io.pose_files import write_dlc_csv, write_dlc_fixed
from mousegpt_core.errors import DataError, FormatError, MouseGPTError
from mousegpt_core.io import FORMATS, hdf_trial, read_poses
from mousegpt_core.poses import validate_poses


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


def test_digits_that_are_no_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1,2,3,4,5\n²,2,3,4,5\n", encoding="utf-8")
    with pytest.raises(FormatError, match="fit the keypoints"):
        read_poses(path, fps=10, keypoints=["nose", "tail"], format="plain-csv")


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


@pytest.mark.parametrize("name", ["movement, in HDF5", "nwb"])
@pytest.mark.parametrize("length", [0, 2**62, 2**63 - 1, 2**64 - 16])
def test_a_heap_that_the_library_would_walk_for_ever(tmp_path, name, length, monkeypatch):
    monkeypatch.setattr(hdf_trial, "_PATIENCE_S", 1.0)
    path = make(name, tmp_path)
    whole = path.read_bytes()
    at = whole.index(b"GCOL") + 16
    index = 0 if length == 0 else 1
    item = index.to_bytes(2, "little") + bytes(6) + length.to_bytes(8, "little")
    path.write_bytes(whole[:at] + item + whole[at + 16 :])
    assert "damaged" in refused(path)


def test_pictures_in_a_file_are_not_tried(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["names"] = ["nose", "ear"]
        file["points"] = VALUES
        file.create_dataset("pictures", (2,), dtype=h5py.vlen_dtype("i1"))
        assert [hdf_trial._is_small(file[name]) for name in ("names", "points")] == [True, True]
        assert not hdf_trial._is_small(file["pictures"])


def test_what_was_deleted_leaves_a_file_as_good_as_before(tmp_path):
    path = make("nwb", tmp_path)
    with h5py.File(path, "r+") as file:
        for text in ("short", "somewhat longer", "s", "longer than any of them before it"):
            file.attrs["note"] = text
            file["processing/behavior/PoseEstimation"].attrs["note"] = text * 2
            del file["processing/behavior/PoseEstimation"].attrs["note"]
    assert read_poses(path).sizes["time"] == 12


def test_a_string_longer_than_its_place(tmp_path):
    path = make("nwb", tmp_path)
    whole = path.read_bytes()
    word = b"PoseEstimationSeries"
    heap = whole.rindex(b"GCOL", 0, whole.index(word))
    use = len(word).to_bytes(4, "little") + heap.to_bytes(8, "little")
    assert use in whole
    path.write_bytes(whole.replace(use, (2**31).to_bytes(4, "little") + use[4:]))
    assert "damaged" in refused(path)


def test_columns_that_are_none_of_ours_are_shown(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,foo,bar\n1,2,3\n")
    message = refused(path)
    assert "found 'time,foo,bar'" in message
    assert "nose_x" in message
    assert "HDF5" not in message, "only what such a file can be"


def test_a_film_in_place_of_its_poses(tmp_path):
    path = tmp_path / "a.MP4"
    path.write_bytes(b"\0\0\0\x20ftypisom" + bytes(100))
    assert "mousegpt run a.MP4" in refused(path)


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
@given(seed=st.integers(0, 2**32))
def test_mutated_files(name, tmp_path, seed):
    path = tmp_path / f"mutated{MADE[name][0]}"
    whole = make(name, tmp_path).read_bytes()
    path.write_bytes(damaged(whole, random.Random(seed), text=is_text(name)))
    names = NAMES if name == "plain-csv" else None
    for format in (None, reader_of(name)):
        try:
            validate_poses(read_poses(path, fps=10, keypoints=names, format=format))
        except DataError as error:
            assert path.name in str(error)  # noqa: PT017
