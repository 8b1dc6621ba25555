"""Real pose files and films of other laboratories."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import xarray as xr

from mousegpt_core.errors import DataError, FormatError
from mousegpt_core.io import FORMATS, read_poses, recognise_format
from mousegpt_core.skeletons import guess_skeleton
from mousegpt_core.video import Film, still

BSOID = "raw_clip1DLC_resnet50_OpenFieldHighResApr8shuffle1_1030000"
FILMS = [
    ("dlc-openfield", "**/*.mp4", 2330, 30),
    ("lightning-pose-mirror-mouse", "**/*.mp4", 994, 250),
    ("vame-sample", "**/*.mp4", 749, 25),
    ("deepof-single-topview", "**/*.mp4", 251, 25),
    ("sleap-anipose-4view-mouse", "**/minimal_top.mp4", 120, 30),
    ("sleap-anipose-4view-mouse", "**/minimal_session-side-calibration.MOV", 21, 30),
    ("caliscope-4cam-charuco-A", "**/cam_2.mp4", 57, 6),
    ("bsoid-openfield-bottomup", "**/rear_minus_hstacked.mp4", 69, 15),
    ("iurilli-mirror-5view", "**/*central*.mp4", 101, 60),
]


def only(folder, pattern):
    return sorted(folder.glob(pattern))[0]


def test_deeplabcut_csv_and_h5_read_the_same(test_data):
    folder = test_data("bsoid-openfield-bottomup") / "examples"
    from_csv = read_poses(folder / f"{BSOID}.csv", fps=60)
    from_h5 = read_poses(folder / f"{BSOID}.h5", fps=60)
    xr.testing.assert_allclose(from_csv, from_h5, rtol=1e-6)
    assert from_csv.sizes["time"] == 7200


def test_labelled_csv_and_h5_read_the_same(test_data):
    folder = test_data("dlc-openfield")
    from_csv = read_poses(only(folder, "**/CollectedData_Pranav.csv"), fps=30)
    from_h5 = read_poses(only(folder, "**/CollectedData_Pranav.h5"), fps=30)
    xr.testing.assert_allclose(from_csv, from_h5, rtol=1e-6)
    assert list(from_csv["frame"].values[:3]) == [0, 1, 2]


def test_csv_and_nwb_of_one_pose_read_the_same(test_data):
    folder = test_data("vame-sample")
    from_csv = read_poses(folder / "tests_project_sample_data" / "cropped_video.csv", fps=25)
    from_nwb = read_poses(folder / "test_project_sample_nwb" / "cropped_video.nwb", fps=25)
    xr.testing.assert_equal(from_nwb.sel(keypoint=from_csv["keypoint"]), from_csv)


def test_views_of_an_arena_are_chosen(test_data):
    folder = test_data("iurilli-mirror-5view")
    with pytest.raises(FormatError, match="central"):
        read_poses(folder / "arena_views.h5", fps=60)
    central = read_poses(folder / "arena_views.h5", fps=60, view="central")
    assert central.sizes == {"time": 1, "space": 2, "keypoint": 8, "individual": 1}
    corners = read_poses(folder / "arena_views_triangulated.h5", fps=60)
    assert corners.sizes["space"] == 3


def test_sleap_analysis_reads_as_the_project_it_was_exported_from(test_data):
    tables = test_data("deepof-single-topview") / "test_single_topview" / "Tables" / "SLEAP"
    poses = read_poses(tables / "testDLC_sleap.analysis.h5", fps=25)
    with h5py.File(tables / "testDLC_sleap.slp") as project:
        points = project["pred_points"][()]
        frames = project["frames"][()]
        instances = project["instances"][()]
    at = poses["position"].isel(individual=0).transpose("time", "keypoint", "space").values
    found = [
        at[frames[instance["frame_id"]]["frame_idx"]]
        for instance in instances[np.argsort(instances["point_id_start"])]
    ]
    expected = np.stack([points["x"], points["y"]], axis=-1).reshape(-1, len(at[0]), 2)
    np.testing.assert_array_equal(np.array(found), expected.astype(np.float32))


@pytest.mark.parametrize("name", ["testDLC_sleap", "test2DLC_sleap"])
def test_sleap_labels_and_analysis_read_the_same(test_data, name):
    tables = test_data("deepof-single-topview") / "test_single_topview" / "Tables" / "SLEAP"
    labels = read_poses(tables / f"{name}.slp", fps=25)
    analysis = read_poses(tables / f"{name}.analysis.h5", fps=25)
    xr.testing.assert_equal(labels, analysis.sel(keypoint=labels["keypoint"]))


@pytest.mark.parametrize("view", ["back", "mid", "side", "top"])
def test_proofread_sleap_labels_and_analysis_read_the_same(test_data, view):
    folder = test_data("sleap-anipose-4view-mouse") / "minimal_session" / view
    labels = read_poses(folder / f"minimal_{view}_proofread.slp", fps=30)
    analysis = read_poses(folder / f"minimal_{view}_proofread.analysis.h5", fps=30)
    np.testing.assert_array_equal(labels["position"], analysis["position"])


def test_label3d_holds_points_in_space_and_of_each_camera(test_data):
    demo = test_data("dannce-markerless-mouse-1") / "demo" / "markerless_mouse_1"
    space = read_poses(demo / "label3d_dannce.mat", fps=100)
    assert dict(space.sizes) == {"time": 81, "space": 3, "keypoint": 22, "individual": 1}
    flat = read_poses(demo / "label3d_dannce.mat", fps=100, view="Camera3")
    assert dict(flat.sizes) == {"time": 81, "space": 2, "keypoint": 22, "individual": 1}
    assert list(flat["frame"].values) == list(space["frame"].values)


def test_dannce_predictions_are_where_the_mouse_is(test_data):
    demo = test_data("dannce-markerless-mouse-1") / "demo" / "markerless_mouse_1"
    mouse = read_poses(demo / "DANNCE" / "predict_results" / "save_data_AVG.mat", fps=100)
    centre = read_poses(demo / "DANNCE" / "predict_results" / "COM3D_undistorted.mat", fps=100)
    assert centre.sizes["time"] == 18000
    apart = mouse["position"].mean("keypoint") - centre["position"].isel(keypoint=0, drop=True)
    assert apart.sizes["time"] == 1000
    assert float(np.sqrt((apart**2).sum("space")).median()) < 20  # mm: within the animal


@pytest.mark.parametrize("folder", ["pose", "pose-associated"])
def test_openpose_has_a_view_for_each_camera(test_data, folder):
    trial = only(test_data("pose2sim-single-4cam"), f"**/{folder}")
    for view in ("cam01_json", "cam02_json", "cam03_json", "cam04_json"):
        poses = read_poses(trial, fps=60, view=view)
        assert (poses.sizes["time"], poses.sizes["keypoint"]) == (100, 25)


@pytest.mark.parametrize(
    ("name", "keypoints", "alone"),
    [("animalpose", 20, 1), ("atrw", 15, 0), ("fly", 32, 0), ("macaque", 17, 1), ("zebra", 9, 0)],
)
def test_coco_of_other_animals(test_data, name, keypoints, alone):
    path = test_data("mmpose-animal-coco") / name / f"test_{name}.json"
    poses = read_poses(path, fps=30)
    assert dict(poses.sizes) == {"time": 2, "space": 2, "keypoint": keypoints, "individual": 1}
    assert poses.attrs["single_pictures"] == alone


def test_the_formats_of_one_project_have_the_same_points(test_data):
    tables = test_data("deepof-single-topview") / "test_single_topview" / "Tables"
    files = ("testDLC_csv_table.csv", "testDLC_h5_table.h5", "SLEAP/testDLC_sleap.analysis.h5")
    guesses = [
        guess_skeleton([str(name) for name in read_poses(tables / file, fps=25)["keypoint"].values])
        for file in files
    ]
    assert all(guess.skeleton.roles == guesses[0].skeleton.roles for guess in guesses)
    assert not guesses[0].unassigned


def test_headerless_skeletons_have_left_on_the_left(test_data):
    path = only(test_data("subtle-avatar3d"), "**/coords/adult_6112.csv")
    poses = read_poses(path, keypoints=["SUBTLE-9"], fps=20, unit="cm")
    assert poses.sizes == {"time": 12010, "space": 3, "keypoint": 9, "individual": 1}
    point = poses["position"].isel(individual=0)
    axis = (point.sel(keypoint="neck") - point.sel(keypoint="anus")).values
    to_left = np.stack([-axis[:, 1], axis[:, 0]], axis=1)
    for pair in ("foot", "hand"):
        across = point.sel(keypoint=f"left {pair}") - point.sel(keypoint=f"right {pair}")
        assert np.mean((across.values[:, :2] * to_left).sum(axis=1) > 0) > 0.75


def test_three_dimensions_out_of_pandas_tables(test_data):
    reach = read_poses(test_data("dlc2kinematics-reach3d") / "reachingDEMO_3D.h5", fps=100)
    assert reach.sizes["space"] == 3
    assert reach["frame"].values[0] == 42150
    maus = read_poses(test_data("amadeusgpt-maushaus3d") / "keypoints_3d_short.h5", fps=100)
    # Its scorer is stored as a Python object, which is not needed and never loaded.
    with h5py.File(test_data("amadeusgpt-maushaus3d") / "keypoints_3d_short.h5") as file:
        assert file["df/axis0_level0"].dtype.hasobject
        raw = file["df/block0_values"][5].reshape(-1, 3)
    np.testing.assert_array_equal(maus["position"][5, :, :, 0].T, raw.astype(np.float32))


def test_all_tables_are_read_or_refused_with_a_reason(test_data):
    root = test_data("subtle-avatar3d").parent
    for path in sorted([*root.rglob("*.csv"), *root.rglob("*.h5")]):
        try:
            assert recognise_format(path) in FORMATS
            read_poses(path, fps=30, keypoints=["SUBTLE-9"] if "coords" in path.parts else None)
        except (FormatError, DataError) as error:
            assert path.name in str(error)  # noqa: PT017
            assert error.hint or error.expected or error.place  # noqa: PT017


@pytest.mark.parametrize(("name", "pattern", "frames", "fps"), FILMS)
def test_films_have_the_frames_that_decode(test_data, name, pattern, frames, fps):
    import av

    path = only(test_data(name), pattern)
    film = Film(path)
    assert len(film) == frames
    assert film.fps == pytest.approx(fps, rel=2e-3)
    with av.open(str(path)) as container:
        wanted = {0, frames // 3, frames - 1}
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                np.testing.assert_array_equal(film.frame(number), frame.to_ndarray(format="rgb24"))
    assert number == frames - 1


def test_a_still_shows_the_mouse(test_data):
    folder = test_data("vame-sample")
    film = Film(only(folder, "**/cropped_video.mp4"))
    poses = read_poses(only(folder, "**/cropped_video.csv"), fps=film.fps)
    assert poses.sizes["time"] == len(film) + 1
    points = poses["position"][100, :, :, 0].values.T
    image = still(film, 100, points, size=(224, 224), draw=True)
    assert image.shape == (224, 224, 3)
    assert image.std() > 10
