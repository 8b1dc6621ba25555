"""Cameras by the book: known triangles, the way there and back, real calibrations' own points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.errors import CalibrationError
from mousegpt_core.geometry import Camera, CameraRig, look_at, read_calibration

ABOVE = look_at("above", (0, 0, 10), (0, 0, 0), up=(0, 1, 0), focal=100, size=(201, 101))
LENSES = {
    "none": ([0.0] * 5, False),
    "barrel": ([-0.3, 0.1, 0.002, -0.001, -0.02], False),
    "cushion": ([0.2, 0.05, -0.001, 0.003, 0.01], False),
    "fisheye": ([0.05, -0.01, 0.004, -0.001], True),
}


def camera_with(lens: str) -> Camera:
    """A skewed camera in a general place."""
    distortion, fisheye = LENSES[lens]
    plain = look_at("x", (20, -50, 30), (1, 2, 3), focal=900, size=(1280, 1024))
    matrix = np.array([[900.0, 3.0, 630.0], [0.0, 910.0, 520.0], [0.0, 0.0, 1.0]])
    return Camera(
        "x", plain.size, matrix, plain.rotation, plain.translation, distortion, fisheye=fisheye
    )


def test_projection_of_a_3_4_5_triangle() -> None:
    np.testing.assert_allclose(ABOVE.project([0.0, 0, 0]), [100, 50])
    # 3 cm right and 4 cm up at a distance of 10 cm: 30 px right, 40 px up, 50 px in all.
    np.testing.assert_allclose(ABOVE.project([3.0, 4, 0]), [130, 10])
    # Half as far away, twice as large.
    np.testing.assert_allclose(ABOVE.project([1.5, 2, 5]), [130, 10])
    np.testing.assert_allclose(ABOVE.centre, [0, 0, 10])
    np.testing.assert_allclose(ABOVE.depth([[1.5, 2, 5], [0, 0, 12]]), [5, -2])


def test_radial_distortion_by_hand() -> None:
    bent = Camera("b", (201, 101), ABOVE.matrix, ABOVE.rotation, ABOVE.translation, [0.4])
    # At (0.3, 0.4) the radius is 0.5: 1 + 0.4 * 0.25 = 1.1.
    np.testing.assert_allclose(bent.project([3.0, 4, 0]), [133, 6])
    np.testing.assert_allclose(bent.undistort([133.0, 6]), [130, 10])


def test_tangential_distortion_by_hand() -> None:
    lens = [0, 0, 0.1, 0.2]
    bent = Camera("b", (201, 101), ABOVE.matrix, ABOVE.rotation, ABOVE.translation, lens)
    # x = .3, y = -.4: dx = 2*.1*x*y + .2*(.25 + 2*.09), dy = .1*(.25 + 2*.16) + 2*.2*x*y.
    np.testing.assert_allclose(bent.project([3.0, 4, 0]), [136.2, 10.9])


def test_fisheye_by_hand() -> None:
    round_lens = Camera(
        "f", (201, 101), ABOVE.matrix, ABOVE.rotation, ABOVE.translation, [0.1], fisheye=True
    )
    # 45 degrees off the axis: pi/4 * (1 + 0.1 * (pi/4)^2) instead of 1.
    angle = np.pi / 4
    expected = 100 + 100 * angle * (1 + 0.1 * angle**2)
    np.testing.assert_allclose(round_lens.project([10.0, 0, 0]), [expected, 50])


def test_what_is_behind_or_unknown_is_nan_and_spoils_nothing_else() -> None:
    points = np.array([[0, 0, 11.0], [np.nan, 0, 0], [0, 0, 0], [1, 1, 10.0]])
    pixels = ABOVE.project(points)
    np.testing.assert_array_equal(np.isnan(pixels).all(axis=-1), [True, True, False, True])
    np.testing.assert_array_equal(ABOVE.sees(points), [False, False, True, False])
    assert np.isnan(ABOVE.undistort([np.nan, 3])).all()
    assert np.isnan(ABOVE.rays([np.nan, 3])).all()


def test_a_picture_ends_half_a_pixel_beyond_its_last_centres() -> None:
    edge = np.array([[-10.04, 0, 0], [-10.06, 0, 0], [10.04, 0, 0], [0, 5.06, 0]])
    np.testing.assert_array_equal(ABOVE.sees(edge), [True, False, True, False])


def test_nothing_is_seen_where_a_lens_polynomial_turns_back() -> None:
    camera = Camera("b", (2001, 2001), [[500, 0, 1000], [0, 500, 1000], [0, 0, 1]],
                    np.eye(3), [0, 0, 0], [-0.3])  # fmt: skip
    # r (1 - 0.3 r^2) turns at r = 1.054; at 1.6 it comes back into the picture.
    assert camera.sees([1.0, 0, 1])
    assert (abs(camera.project([1.6, 0, 1]) - 1000) < 1000).all()
    assert not camera.sees([1.6, 0, 1])
    assert np.isnan(camera.undistort([1000 + 500 * 0.71, 1000])).all()


@pytest.mark.parametrize("lens", LENSES)
def test_rays_lead_back_to_the_points(lens: str) -> None:
    camera = camera_with(lens)
    rng = np.random.default_rng(0)
    points = rng.uniform(-15, 15, (40, 25, 3))
    pixels = camera.project(points)
    assert camera.sees(points).mean() > 0.95
    ways = points - camera.centre
    away = np.linalg.norm(ways, axis=-1, keepdims=True)
    np.testing.assert_allclose(camera.rays(pixels), ways / away, atol=1e-9)
    plain = Camera("p", camera.size, camera.matrix, camera.rotation, camera.translation)
    np.testing.assert_allclose(camera.undistort(pixels), plain.project(points), atol=1e-6)


@given(
    st.tuples(*[st.floats(-0.4, 0.4)] * 2, *[st.floats(-0.01, 0.01)] * 2, st.floats(-0.1, 0.1)),
    st.booleans(),
    st.floats(-0.7, 0.7),
    st.floats(-0.7, 0.7),
)
def test_undistort_inverts_or_says_that_it_cannot(
    lens: tuple[float, ...], fisheye: bool, x: float, y: float
) -> None:
    matrix = [[800.0, 0, 640], [0, 800, 512], [0, 0, 1]]
    camera = Camera("x", (1281, 1025), matrix, np.eye(3), [0, 0, 0], lens, fisheye=fisheye)
    pixel = np.array([640 + 800 * x, 512 + 800 * y])
    straight = camera.undistort(pixel)
    if np.isfinite(straight).all():
        point = [*(straight - [640, 512]) / 800, 1.0]
        np.testing.assert_allclose(camera.project(point), pixel, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"matrix": np.eye(4)}, "matrix"),
        ({"matrix": -np.eye(3)}, "camera matrix"),
        ({"rotation": np.diag([1.0, 1, -1])}, "rotation"),
        ({"rotation": 2 * np.eye(3)}, "rotation"),
        ({"translation": [1, np.nan, 0]}, "translation"),
        ({"translation": "abc"}, "numbers"),
        ({"distortion": np.ones(8)}, "lens"),
        ({"size": (0, 10)}, "size"),
    ],
)
def test_an_impossible_camera_is_refused(change: dict[str, object], says: str) -> None:
    values = {"matrix": np.eye(3), "rotation": np.eye(3), "translation": [0, 0, 0],
              "size": (10, 10)} | change  # fmt: skip
    with pytest.raises(CalibrationError, match=says):
        Camera("x", **values)  # type: ignore[arg-type]


def test_a_camera_must_look_somewhere() -> None:
    with pytest.raises(CalibrationError, match="straight up"):
        look_at("x", (0, 0, 10), (0, 0, 0), focal=100)


def test_a_rig_is_asked_by_name_and_projects_into_all() -> None:
    other = camera_with("barrel")
    rig = CameraRig((ABOVE, other))
    assert rig.names == ("above", "x")
    assert rig["x"] is other
    points = np.zeros((7, 3))
    pixels = rig.project(points)
    assert pixels.shape == (2, 7, 2)
    np.testing.assert_array_equal(pixels[1], other.project(points))
    with pytest.raises(CalibrationError, match="above, x"):
        rig["below"]


def test_names_repeat_or_cameras_are_copies() -> None:
    copy = Camera("copy", ABOVE.size, ABOVE.matrix, ABOVE.rotation, ABOVE.translation)
    with pytest.raises(CalibrationError, match="same name"):
        CameraRig((ABOVE, ABOVE))
    with pytest.raises(CalibrationError, match="'above' and 'copy'"):
        CameraRig((ABOVE, copy))
    with pytest.raises(CalibrationError, match="no cameras"):
        CameraRig(())


def test_a_real_rigs_own_3d_falls_on_what_was_tracked(test_data: Callable[[str], Path]) -> None:
    session = test_data("sleap-anipose-4view-mouse") / "minimal_session"
    rig = read_calibration(session / "calibration.toml")
    with h5py.File(session / "points3d.h5") as file:
        points = file["tracks"][:, 0]
    for camera in rig:
        (tracked,) = (session / camera.name).glob("*.analysis.h5")
        with h5py.File(tracked) as file:
            pixels = file["tracks"][0].transpose(2, 1, 0)
        error = np.nanmedian(np.linalg.norm(camera.project(points) - pixels, axis=-1))
        # Measured: back 9.6, mid 5.6, side 7.3, top 5.3 px; that 3D is smoothed over time.
        assert error < 10, camera.name
        assert camera.sees(points).all()


def test_another_labs_cameras_project_exactly(test_data: Callable[[str], Path]) -> None:
    from scipy.io import loadmat

    folder = test_data("dannce-markerless-mouse-1") / "demo" / "markerless_mouse_1"
    file = loadmat(folder / "label3d_dannce.mat", simplify_cells=True)
    for index, (own, labels) in enumerate(zip(file["params"], file["labelData"], strict=True)):
        k1, k2, k3 = own["RDistort"]
        # MATLAB multiplies row vectors: its matrices are transposed.
        camera = Camera(f"Camera{index + 1}", (1152, 1024), own["K"].T, own["r"].T, own["t"],
                        [k1, k2, *own["TDistort"], k3])  # fmt: skip
        points = labels["data_3d"].reshape(-1, 22, 3)
        pixels = labels["data_2d"].reshape(-1, 22, 2)
        np.testing.assert_allclose(camera.project(points), pixels, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("lens", LENSES)
def test_opencv_agrees(lens: str) -> None:
    cv2 = pytest.importorskip("cv2", reason="run by `nox -s peers`")
    camera = camera_with(lens)
    points = np.random.default_rng(1).uniform(-15, 15, (1000, 1, 3))
    turn, _ = cv2.Rodrigues(camera.rotation)
    view = (turn, camera.translation, camera.matrix)
    if camera.fisheye:
        skew = camera.matrix[0, 1] / camera.matrix[0, 0]
        theirs, _ = cv2.fisheye.projectPoints(
            points, *view, camera.distortion[:4], alpha=float(skew)
        )
    else:
        # OpenCV has no skew: it goes through the lens first, and the matrix comes after.
        theirs, _ = cv2.projectPoints(points, *view[:2], np.eye(3), camera.distortion)
        theirs = theirs @ camera.matrix[:2, :2].T + camera.matrix[:2, 2]
    np.testing.assert_allclose(camera.project(points), theirs, atol=1e-6)
