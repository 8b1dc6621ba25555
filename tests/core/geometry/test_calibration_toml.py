"""Calibrations: files of several tools, a round trip, damaged ones."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mousegpt_core.errors import CalibrationError
from mousegpt_core.geometry import (
    Camera,
    CameraRig,
    look_at,
    read_calibration,
    write_calibration,
)

GOOD = """
[cam_0]
name = "top"
size = [ 640, 480,]
matrix = [ [ 500.0, 0.0, 319.5,], [ 0.0, 500.0, 239.5,], [ 0.0, 0.0, 1.0,],]
distortions = [ -0.1, 0.0, 0.0, 0.0, 0.0,]
rotation = [ 0.0, 0.0, 1.5707963267948966,]
translation = [ 1.0, 2.0, 3.0,]

[metadata]
adjusted = false
error = 1.5
"""


def rig() -> CameraRig:
    plain = look_at("side", (0, -50, 5), (0, 0, 2), focal=800, size=(800, 600))
    fisheye = Camera(
        "wide", (640, 480), plain.matrix, np.eye(3), [1, 2, 3], [0.1, 0, 0.01], fisheye=True
    )
    bent = look_at("top", (0, 1, 60), (0, 0, 0), focal=1 / 3, distortion=(-0.1, 0.01, 1e-4, 0, 0.2))
    return CameraRig((plain, fisheye, bent), unit="cm", error=0.25)


def test_round_trip(tmp_path: Path) -> None:
    path = write_calibration(rig(), tmp_path / "new" / "calibration.toml")
    back = read_calibration(path)
    assert (back.names, back.unit, back.error) == (("side", "wide", "top"), "cm", 0.25)
    for wrote, read in zip(rig(), back, strict=True):
        assert (wrote.size, wrote.fisheye) == (read.size, read.fisheye)
        for field in ("matrix", "rotation", "translation", "distortion"):
            np.testing.assert_allclose(getattr(read, field), getattr(wrote, field), atol=1e-12)
    assert [each.name for each in tmp_path.rglob("*.*")] == ["calibration.toml"]


def test_a_file_as_anipose_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "calibration.toml"
    path.write_text(GOOD, encoding="utf-8")
    found = read_calibration(path)
    assert (found.names, found.error, found.unit) == (("top",), 1.5, "unknown")
    camera = found["top"]
    # The rotation vector is a quarter turn about z.
    np.testing.assert_allclose(camera.rotation, [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(camera.distortion, [-0.1, 0, 0, 0, 0])
    # (1, 0, 0) comes to stand at (1, 3, 3).
    bend = 1 - 0.1 * (1 / 9 + 1)
    np.testing.assert_allclose(
        camera.project([1.0, 0, 0]), [319.5 + 500 / 3 * bend, 239.5 + 500 * bend]
    )


def test_a_rotation_matrix_and_a_missing_size_will_do(tmp_path: Path) -> None:
    path = tmp_path / "calibration.toml"
    text = GOOD.replace("rotation = [ 0.0, 0.0, 1.5707963267948966,]",
                        "rotation = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]")  # fmt: skip
    path.write_text(text.replace("size = [ 640, 480,]\n", ""), encoding="utf-8")
    camera = read_calibration(path)["top"]
    assert camera.size == (639, 479)
    np.testing.assert_allclose(camera.rotation[0], [0, -1, 0])


@pytest.mark.parametrize(
    ("folder", "count"),
    [
        ("aniposelib-mouse-calib", 7),
        ("eks-fly-3cam-ensemble", 3),
        ("iurilli-mirror-5view", 5),
        ("pose2sim-single-4cam", 4),
    ],
)
def test_real_files(test_data: Callable[[str], Path], folder: str, count: int) -> None:
    (path,) = test_data(folder).rglob("[Cc]alib*.toml")
    assert len(read_calibration(path)) == count


def test_a_camera_copied_over_another_is_caught(test_data: Callable[[str], Path]) -> None:
    session = test_data("sleap-anipose-4view-mouse") / "minimal_session"
    with pytest.raises(CalibrationError, match="'side' and 'top' are the same") as caught:
        read_calibration(session / "calibration.HEAD_side_is_copy_of_top.toml")
    assert "HEAD_side" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("translation = [ 1.0, 2.0, 3.0,]", "", "translation missing"),
        ("500.0", '"x"', "numbers"),
        ("500.0", "-500.0", "camera matrix"),
        ("[ 1.0, 2.0, 3.0,]", "[ 1.0, 2.0,]", "translation"),
        ("[ 1.0, 2.0, 3.0,]", "[ 1.0, 2.0, nan,]", "translation"),
        ("[ 640, 480,]", "[ 640,]", "size"),
        ("[ 640, 480,]", "[ 1e300, 480,]", "size"),
        ("[ 0.0, 0.0, 1.57", "[ 0.0, 1.57", "rotation"),
        ("matrix", "matrix = 3\nmartix", "matrix"),
        ("[cam_0]", "[cam_0", "TOML"),
        (GOOD, "", "no cameras"),
        (GOOD, "[metadata]\nerror = 1", "no cameras"),
        (GOOD, "cam_0 = 3", "no cameras"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "calibration.toml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(CalibrationError, match=says) as caught:
        read_calibration(path)
    assert "calibration.toml" in str(caught.value)
    assert caught.value.hint


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="no such file"):
        read_calibration(tmp_path / "none.toml")
    with pytest.raises(CalibrationError, match="cannot be read"):
        read_calibration(tmp_path)
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00[cam")
    with pytest.raises(CalibrationError, match="UTF-8"):
        read_calibration(tmp_path / "b.toml")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_files_give_only_our_errors(tmp_path: Path, data: st.DataObject) -> None:
    text = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(st.sampled_from(b'0123456789.-e[]{},"=\n nai\xff'))
    path = tmp_path / "calibration.toml"
    path.write_bytes(bytes(text))
    with suppress(CalibrationError):
        read_calibration(path)
