"""Each format, with known answers."""

from __future__ import annotations

import pickle

import h5py
import numpy as np
import pytest

from core.io.made import VALUES as MADE_VALUES
from core.io.made import make
from core.io.pose_files import SCORER, write_dlc_csv, write_dlc_fixed, write_dlc_table, write_sleap
from mousegpt_core.errors import DataError, FormatError
from mousegpt_core.io import FORMATS, describe_format_table, read_poses, recognise_format
from mousegpt_core.io.literals import read_literal
from mousegpt_core.poses import DIMS

# Two keypoints, three frames: x, y, likelihood each.
VALUES = np.array(
    [
        [1.5, 2.5, 0.9, 11.5, 12.5, 0.8],
        [3.5, 4.5, 0.7, 13.5, 14.5, 0.0],
        [np.nan, np.nan, 0.5, -1.0, -1.0, -1.0],
    ]
)
X_NOSE = [1.5, 3.5, np.nan]
X_EAR = [11.5, np.nan, np.nan]


def check_two_points(poses):
    assert poses["position"].dims == DIMS
    assert poses["position"].dtype == np.float32
    assert list(poses["keypoint"].values) == ["nose", "ear l"]
    assert list(poses["individual"].values) == ["mouse"]
    np.testing.assert_array_equal(poses["position"].sel(space="x", keypoint="nose")[:, 0], X_NOSE)
    np.testing.assert_array_equal(poses["position"].sel(space="x", keypoint="ear l")[:, 0], X_EAR)
    np.testing.assert_array_equal(
        poses["position"].sel(space="y", keypoint="nose")[:, 0], [2.5, 4.5, np.nan]
    )
    np.testing.assert_allclose(poses["confidence"].sel(keypoint="ear l")[:, 0], [0.8, 0, np.nan])
    assert poses["position"].attrs["units"] == "px"
    assert poses.attrs["fps"] == 10


WRITERS = {"csv": write_dlc_csv, "fixed": write_dlc_fixed, "table": write_dlc_table}


@pytest.mark.parametrize("writer", WRITERS)
def test_deeplabcut_single_animal(tmp_path, writer):
    path = WRITERS[writer](tmp_path / f"a.{'csv' if writer == 'csv' else 'h5'}", VALUES)
    poses = read_poses(path, fps=10)
    check_two_points(poses)
    np.testing.assert_allclose(poses["time"], [0, 0.1, 0.2])
    assert poses.attrs["source_software"] == "DeepLabCut"


@pytest.mark.parametrize("writer", WRITERS)
def test_deeplabcut_several_animals(tmp_path, writer):
    values = np.arange(2 * 8).reshape(2, 8) + 0.5
    path = WRITERS[writer](
        tmp_path / f"a.{'csv' if writer == 'csv' else 'h5'}",
        values, parts=("nose", "tail"), coords=("x", "y"), animals=("m1", "m2"),
    )  # fmt: skip
    poses = read_poses(path, fps=10)
    assert list(poses["individual"].values) == ["m1", "m2"]
    second = poses["position"].sel(individual="m2", keypoint="tail").values
    np.testing.assert_array_equal(second, [[6.5, 7.5], [14.5, 15.5]])
    assert poses["confidence"].isnull().all()


@pytest.mark.parametrize("writer", WRITERS)
def test_deeplabcut_three_dimensions(tmp_path, writer):
    values = np.arange(2 * 6).reshape(2, 6) + 0.5
    path = WRITERS[writer](
        tmp_path / f"a.{'csv' if writer == 'csv' else 'h5'}", values, coords=("x", "y", "z")
    )
    poses = read_poses(path, fps=10)
    np.testing.assert_array_equal(poses["position"].sel(keypoint="ear l")[0, :, 0], [3.5, 4.5, 5.5])
    assert poses["position"].attrs["units"] == "unknown"
    assert read_poses(path, fps=10, unit="mm")["position"].attrs["units"] == "mm"


@pytest.mark.parametrize("writer", WRITERS)
def test_labelled_pictures_get_their_frame_numbers_in_order(tmp_path, writer):
    path = WRITERS[writer](
        tmp_path / f"a.{'csv' if writer == 'csv' else 'h5'}",
        VALUES[[1, 0]], index=["labeled-data/v2/img0042.png", "labeled-data/v2/img0007.png"],
    )  # fmt: skip
    poses = read_poses(path, fps=10)
    np.testing.assert_array_equal(poses["frame"], [7, 42])
    np.testing.assert_allclose(poses["time"], [0.7, 4.2])
    np.testing.assert_array_equal(
        poses["position"].sel(space="x", keypoint="nose")[:, 0], [1.5, 3.5]
    )


def test_labelled_pictures_in_three_columns(tmp_path):
    rows = [
        "scorer,,,S,S", "bodyparts,,,nose,nose", "coords,,,x,y",
        "labeled-data,v,img003.png,1,2", "labeled-data,v,img009.png,3,4",
    ]  # fmt: skip
    path = tmp_path / "a.csv"
    path.write_text("\n".join(rows))
    poses = read_poses(path, fps=10)
    np.testing.assert_array_equal(poses["frame"], [3, 9])
    np.testing.assert_array_equal(poses["position"][:, 0, 0, 0], [1, 3])
    fixed = write_dlc_fixed(
        tmp_path / "a.h5", np.array([[1.0, 2.0], [3.0, 4.0]]), parts=("nose",), coords=("x", "y"),
        index=[("labeled-data", "v", "img003.png"), ("labeled-data", "v", "img009.png")],
    )  # fmt: skip
    assert read_poses(fixed, fps=10).equals(poses)


def test_blocks_of_two_number_types_keep_the_order(tmp_path):
    poses = read_poses(write_dlc_fixed(tmp_path / "a.h5", VALUES, split=3), fps=10)
    check_two_points(poses)


def test_unique_points_of_a_multi_animal_project_are_no_animal(tmp_path):
    animals = [*["m1"] * 3, *["m2"] * 3, *["single"] * 3]
    parts = [*["nose"] * 6, *["corner"] * 3]
    rows = [
        ["scorer", *["S"] * 9], ["individuals", *animals], ["bodyparts", *parts],
        ["coords", *["x", "y", "likelihood"] * 3], [0, 1, 2, 0.9, 3, 4, 0.8, 5, 6, 0.7],
    ]  # fmt: skip
    path = tmp_path / "a.csv"
    path.write_text("\n".join(",".join(map(str, row)) for row in rows))
    poses = read_poses(path, fps=10)
    assert list(poses["individual"].values) == ["m1", "m2"]
    np.testing.assert_array_equal(poses["position"].sel(keypoint="nose")[0], [[1, 3], [2, 4]])
    np.testing.assert_array_equal(poses["position"].sel(keypoint="corner")[0], [[5, 5], [6, 6]])
    np.testing.assert_allclose(poses["confidence"].sel(keypoint="corner")[0], [0.7, 0.7])
    # An animal that happens to be called so is one.
    path.write_text(path.read_text().replace("corner", "nose"))
    assert read_poses(path, fps=10).sizes["individual"] == 3


@pytest.mark.parametrize(
    ("scorer", "software"),
    [
        ("DLC_resnet50_mouseshuffle1_50000", "DeepLabCut"),
        ("heatmap_mhcrnn_tracker", "Lightning Pose"),
        ("heatmap_tracker.3", "Lightning Pose"),
        ("ensemble-kalman_tracker", "EKS"),
    ],
)
def test_programs_that_write_as_deeplabcut_are_told_apart(tmp_path, scorer, software):
    path = write_dlc_csv(tmp_path / "a.csv", VALUES)
    path.write_text(path.read_text().replace(SCORER, scorer))
    assert read_poses(path, fps=10).attrs["source_software"] == software


def test_anipose_points_in_space(tmp_path):
    path = tmp_path / "mouse.csv"
    point = "{0}_x,{0}_y,{0}_z,{0}_error,{0}_ncams,{0}_score"
    path.write_text(
        f"{point.format('nose')},{point.format('tail_base')},M_00,M_01,center_0,center_1,fnum\n"
        "1,2,3,0.5,4,0.9,7,8,9,,,0.1,1,0,0.1,0.2,5\n,,,,0,,7,8,9,2.5,2,0.8,1,0,0.1,0.2,6\n"
    )
    assert recognise_format(path) == "anipose-csv"
    poses = read_poses(path, fps=10)
    assert list(poses["keypoint"].values) == ["nose", "tail_base"]
    np.testing.assert_array_equal(poses["frame"], [5, 6])
    np.testing.assert_array_equal(poses["position"][0, :, :, 0].T, [[1, 2, 3], [7, 8, 9]])
    errors = poses["reprojection_error"]
    np.testing.assert_array_equal(errors[..., 0], [[0.5, np.nan], [np.nan, 2.5]])
    np.testing.assert_allclose(poses["confidence"][..., 0], [[0.9, 0.1], [np.nan, 0.8]])
    assert errors.attrs["units"] == "px"
    assert poses.attrs["source_software"] == "Anipose"


def test_header_whose_equal_names_were_numbered(tmp_path):
    path = write_dlc_csv(tmp_path / "a.csv", VALUES)
    text = path.read_text().replace(
        "nose,nose,nose,ear l,ear l,ear l", "nose,nose.1,nose.2,ear l,ear l.1,ear l.2"
    )
    path.write_text(text)
    check_two_points(read_poses(path, fps=10))


@pytest.mark.parametrize("transposed", [False, True])
def test_sleap(tmp_path, transposed):
    position = np.full((1, 2, 2, 3), np.nan)
    position[0, 0, 0] = X_NOSE
    position[0, 1, 0] = [2.5, 4.5, np.nan]
    position[0, :, 1] = [[11.5, np.nan, np.nan], [12.5, np.nan, np.nan]]
    scores = np.array([[[0.9, 0.7, 0.5], [1.2, 0, -1]]])
    poses = read_poses(
        write_sleap(tmp_path / "a.h5", position, scores, transposed=transposed), fps=10
    )
    np.testing.assert_array_equal(poses["position"].sel(space="x", keypoint="nose")[:, 0], X_NOSE)
    np.testing.assert_allclose(poses["confidence"].sel(keypoint="ear l")[:, 0], [1, 0, np.nan])
    assert list(poses["individual"].values) == ["a"]


def test_sleap_tracks_are_individuals_and_empty_ones_are_left_out(tmp_path):
    position = np.arange(3 * 2 * 2 * 4, dtype=float).reshape(3, 2, 2, 4) + 1
    position[1] = np.nan
    path = write_sleap(tmp_path / "a.h5", position, np.ones((3, 2, 4)), tracks=("a", "b", "c"))
    poses = read_poses(path, fps=10)
    assert list(poses["individual"].values) == ["a", "c"]
    np.testing.assert_array_equal(
        poses["position"].values[:, :, :, 1], position[2].transpose(2, 0, 1)
    )


def test_points_of_sleap_anipose_need_names(tmp_path):
    path = tmp_path / "points3d.h5"
    with h5py.File(path, "w") as file:
        file["tracks"] = np.arange(2 * 1 * 2 * 3, dtype=float).reshape(2, 1, 2, 3)
    with pytest.raises(FormatError, match="--keypoints"):
        read_poses(path, fps=10)
    poses = read_poses(path, fps=10, keypoints=["a", "b"])
    np.testing.assert_array_equal(poses["position"].sel(keypoint="b")[0, :, 0], [3, 4, 5])


@pytest.mark.parametrize("text", [
    "nose_x,nose_y,nose_likelihood,ear l_x,ear l_y,ear l_likelihood\n{}",
    "nose.x,nose.y,nose.score,ear l.x,ear l.y,ear l.score\n{}",
])  # fmt: skip
def test_wide_csv(tmp_path, text):
    rows = "\n".join(",".join("" if np.isnan(v) else str(v) for v in row) for row in VALUES)
    path = tmp_path / "a.csv"
    path.write_text(text.format(rows))
    check_two_points(read_poses(path, fps=10))


def test_wide_csv_with_a_clock_and_other_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "frame;time;note;tail_base_x;tail_base_y;max\n10;0,5;good;1,5;2,5;9\n11;0,55;bad;3,5;;9\n"
        "12;0,60;;nan;4;9\n"
    )
    poses = read_poses(path)
    assert list(poses["keypoint"].values) == ["tail_base"]
    np.testing.assert_array_equal(poses["frame"], [10, 11, 12])
    np.testing.assert_allclose(poses["time"], [0.5, 0.55, 0.6])
    assert poses.attrs["fps"] == 20
    np.testing.assert_array_equal(
        poses["position"][:, :, 0, 0], [[1.5, 2.5], [np.nan] * 2, [np.nan] * 2]
    )


@pytest.mark.parametrize("clock", ["frame", "time"])
def test_a_row_for_each_point_in_any_order(tmp_path, clock):
    path = tmp_path / "a.csv"
    step = 1 if clock == "frame" else 0.1
    rows = [
        f"note;{clock};track;BodyPart;X;Y;Score", f"a;{3 * step};m2;tail;1;2;.5",
        f"b;{0 * step};m1;nose;3;4;.6", f"c;{0 * step};m2;nose;5;6;", f"d;{step};m1;nose;;;0",
    ]  # fmt: skip
    path.write_text("\n".join(rows))
    assert recognise_format(path) == "long-csv"
    poses = read_poses(path, fps=10)
    np.testing.assert_allclose(poses["time"], [0, 0.1, 0.3])
    nose = poses["position"].sel(keypoint="nose", space="x")
    np.testing.assert_array_equal(nose.sel(individual="m1"), [3, np.nan, np.nan])
    np.testing.assert_array_equal(nose.sel(individual="m2"), [5, np.nan, np.nan])
    tail = poses.sel(keypoint="tail", individual="m2")
    np.testing.assert_array_equal(tail["position"].sel(space="y"), [np.nan, np.nan, 2])
    np.testing.assert_array_equal(tail["confidence"], [np.nan, np.nan, 0.5])
    path.write_text("\n".join([*rows, rows[1]]))
    with pytest.raises(FormatError, match=r"row 6: two rows of the same point"):
        read_poses(path, fps=10)


def test_numbers_taken_for_names_are_no_blow_up(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"{i},{i},{i},{i},{i}" for i in range(2000)]
    path.write_text("\n".join(["frame,track,node,x,y", *rows]))
    with pytest.raises(FormatError, match="2000 frames x 2000 keypoints"):
        read_poses(path, fps=10)


def test_a_row_for_each_frame_and_animal(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "track,frame_idx,instance.score,nose.x,nose.y,nose.score\n"
        "a,0,.9,1,2,.5\nb,0,.9,3,4,.5\na,1,.9,5,6,.5\nb,3,.9,7,8,.5\n"
    )
    poses = read_poses(path, fps=10)
    assert list(poses["individual"].values) == ["a", "b"]
    np.testing.assert_array_equal(poses["frame"], [0, 1, 3])
    np.testing.assert_array_equal(
        poses["position"].sel(individual="b", space="x")[:, 0], [3, np.nan, 7]
    )
    path.write_text(path.read_text() + "b,3,.9,7,8,.5\n")
    with pytest.raises(FormatError, match="frame 3"):
        read_poses(path, fps=10)


def test_headerless_csv(tmp_path):
    path = tmp_path / "a.csv"
    rng = np.random.default_rng(0)
    flat = rng.uniform(-9, 9, (5, 27))
    np.savetxt(path, flat, delimiter=",")
    poses = read_poses(path, fps=20, keypoints=["SUBTLE-9"])
    assert dict(poses.sizes) == {"time": 5, "space": 3, "keypoint": 9, "individual": 1}
    np.testing.assert_allclose(
        poses["position"][..., 0].values.transpose(0, 2, 1).reshape(5, 27), flat, rtol=1e-6
    )
    assert poses["confidence"].isnull().all()
    with pytest.raises(FormatError, match="--keypoints"):
        read_poses(path, fps=20)
    with pytest.raises(FormatError, match="27 columns"):
        read_poses(path, fps=20, keypoints=["a", "b"])


def test_heights_in_metres_are_no_likelihoods(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1.2,2.5,0.02,1.3,2.4,0.05\n1.2,2.6,0.03,1.3,2.5,0.04\n")
    assert read_poses(path, fps=10, keypoints=["nose", "ear l"]).sizes["space"] == 3


def test_headerless_csv_with_likelihood_is_found_or_asked_for(tmp_path):
    path = tmp_path / "a.csv"
    np.savetxt(path, np.abs(VALUES[:2]), delimiter=" ")
    found = read_poses(path, fps=10, keypoints=["nose", "ear l"])
    assert found.sizes["space"] == 2
    np.testing.assert_allclose(found["confidence"][:, 0, 0], [0.9, 0.7])
    asked = read_poses(path, fps=10, keypoints=["nose", "ear l"], layout="xyz")
    assert asked.sizes["space"] == 3
    with pytest.raises(FormatError, match="layout"):
        read_poses(path, fps=10, keypoints=["nose", "ear l"], layout="zyx")
    numbered = np.column_stack([[5, 6], np.abs(VALUES[:2])])
    np.savetxt(path, numbered, delimiter=",", fmt=["%d", *["%g"] * 6])
    np.testing.assert_array_equal(
        read_poses(path, fps=10, keypoints=["nose", "ear l"])["frame"], [5, 6]
    )


def test_the_picture_corner_is_no_mouse(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("nose_x,nose_y\n0,0\n5,6\ninf,3\n0,7\n")
    np.testing.assert_array_equal(
        read_poses(path, fps=10)["position"][:, 0, 0, 0], [np.nan, 5, np.nan, 0]
    )
    in_cm = read_poses(path, fps=10, unit="cm")
    np.testing.assert_array_equal(in_cm["position"][:, 0, 0, 0], [0, 5, np.nan, 0])


def test_keypoints_of_a_named_format_are_chosen(tmp_path):
    path = write_dlc_csv(tmp_path / "a.csv", VALUES)
    poses = read_poses(path, fps=10, keypoints=["ear l"])
    assert list(poses["keypoint"].values) == ["ear l"]
    with pytest.raises(DataError, match="'tail'"):
        read_poses(path, fps=10, keypoints=["tail"])


def test_frame_rate_is_needed_and_must_fit(tmp_path):
    with pytest.raises(DataError, match="--fps"):
        read_poses(write_dlc_csv(tmp_path / "a.csv", VALUES))
    path = tmp_path / "b.csv"
    path.write_text("time,nose_x,nose_y\n0,1,2\n0.1,3,4\n0.2,5,6\n")
    assert read_poses(path, fps=10.2).attrs["fps"] == 10
    with pytest.raises(DataError, match="contradicts"):
        read_poses(path, fps=50)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path, encoding):
    path = write_dlc_csv(
        tmp_path / "a.csv", VALUES, parts=("Schnäuzchen", "oreille"), encoding=encoding
    )
    poses = read_poses(path, fps=10)
    assert poses["keypoint"].values[0] == "Schnäuzchen"
    np.testing.assert_array_equal(poses["position"][:, 0, 0, 0], X_NOSE)


def test_markers_of_qualisys(tmp_path):
    poses = read_poses(make("qualisys-mat", tmp_path))
    assert poses.sizes == {"time": 12, "space": 3, "keypoint": 2, "individual": 1}
    np.testing.assert_array_equal(poses["frame"][:2], [4, 5])
    assert (poses.attrs["fps"], poses["position"].attrs["units"]) == (10, "mm")
    first = MADE_VALUES[0].astype(np.float32)
    np.testing.assert_array_equal(poses["position"].sel(keypoint="ear l")[0, :, 0], first[3:])


def test_formats_are_recognised_and_listed(tmp_path):
    assert recognise_format(write_dlc_csv(tmp_path / "a.csv", VALUES)) == "dlc-csv"
    assert recognise_format(write_dlc_table(tmp_path / "a.h5", VALUES)) == "dlc-h5"
    assert {row["name"] for row in describe_format_table()} == set(FORMATS)
    with pytest.raises(FormatError, match="there are"):
        read_poses(tmp_path / "a.csv", format="vhs")
    with pytest.raises(DataError, match="unit"):
        read_poses(tmp_path / "a.csv", unit="inch", fps=1)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_are_parsed_without_unpickling(protocol):
    value = [(1, [("scorer", "nöse", "x"), ("a", 2, 3.5)]), {"k": None, "t": True}, []]
    assert read_literal(pickle.dumps(value, protocol)) == value


class Bomb:
    def __reduce__(self):
        return exit, (3,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_code_is_refused(tmp_path, protocol):
    bomb = pickle.dumps([Bomb()], protocol)
    with pytest.raises(ValueError, match="more than plain values"):
        read_literal(bomb)
    path = write_dlc_table(tmp_path / "a.h5", VALUES, pickled=pickle.dumps([Bomb()], 0))
    with pytest.raises(FormatError, match="safely"):
        read_poses(path, fps=10)


def test_names_stored_as_objects_are_refused(tmp_path):
    path = write_dlc_fixed(tmp_path / "a.h5", VALUES)
    with h5py.File(path, "r+") as file:
        group = file["df_with_missing"]
        for key in ("axis0", "block0_items"):
            del group[f"{key}_level1"]
            objects = group.create_dataset(f"{key}_level1", (1,), dtype=h5py.vlen_dtype(np.uint8))
            objects[0] = np.frombuffer(pickle.dumps(["nose"]), dtype=np.uint8)
            objects.attrs["name"] = np.bytes_(b"bodyparts")
    with pytest.raises(FormatError, match="never loaded"):
        read_poses(path, fps=10)
