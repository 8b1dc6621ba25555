"""What dropped files are, and to which recording and view they belong."""

from __future__ import annotations

from pathlib import Path

from mousegpt_core.geometry import CameraRig, look_at, write_calibration
from napari_mousegpt.sorting import Dropped, Unsaid, arguments, guess, unnamed

IN_SPACE = "nose_x,nose_y,nose_z\n1,2,3\n4,5,6\n"


def films(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")


def poses(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("nose_x,nose_y\n1,2\n3,4\n")


def told(items: list[Dropped]) -> dict[str, tuple[str, str, str]]:
    return {one.path.name: (one.role, one.recording, one.view) for one in items}


def test_poses_belong_to_the_film_whose_name_they_begin_with(tmp_path: Path) -> None:
    films(tmp_path, "m1.mp4", "m10.mp4", "m2.avi")
    poses(tmp_path, "m1DLC.csv", "m10DLC.csv", "alone.csv")
    (tmp_path / "notes.txt").write_text("nothing")
    found = guess(tmp_path.iterdir(), taken=["M2"])
    assert told(found) == {
        "alone.csv": ("poses", "alone", ""),
        "m1.mp4": ("film", "m1", ""),
        "m1DLC.csv": ("poses", "m1", ""),
        "m10.mp4": ("film", "m10", ""),
        "m10DLC.csv": ("poses", "m10", ""),
        "m2.avi": ("film", "m2-2", ""),
        "notes.txt": ("nothing", "", ""),
    }
    commands = arguments(found, tmp_path / "study", Unsaid(fps=30))
    assert list(commands) == ["alone", "m1", "m10", "m2-2"]
    assert commands["m1"] == [
        "add", str(tmp_path / "study"), "--id", "m1", "--film", str(tmp_path / "m1.mp4"),
        "--poses", str(tmp_path / "m1DLC.csv"), "--fps", "30",
    ]  # fmt: skip


def test_poses_beside_the_folders_of_films_are_theirs_only_in_3d(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    films(tmp_path / "films", "q1_top.mp4", "q1_side.mp4")
    poses(tmp_path, "z1DLC.csv")
    (tmp_path / "plain.csv").write_text("".join(f"{n},2,3,4\n" for n in range(9)))
    (tmp_path / "space.csv").write_text(IN_SPACE)
    found = told(guess([tmp_path]))
    assert found["z1DLC.csv"] == ("poses", "z1DLC", "")
    assert found["plain.csv"] == ("poses", "plain", "")
    assert found["space.csv"] == ("poses", "q1", "")


def test_films_that_differ_only_in_the_camera_are_views(tmp_path: Path) -> None:
    films(tmp_path, "m1_top.mp4", "m1_side.mp4", "m2_top.mp4")
    poses(tmp_path, "m1_topDLC.csv", "m1_points3d.csv")
    cameras = [
        look_at(name, eye, (0, 0, 0), focal=500.0)
        for name, eye in (("top", (0, 1, 50.0)), ("side", (50, 0, 5)))
    ]
    write_calibration(CameraRig(tuple(cameras)), tmp_path / "calibration.toml")
    (tmp_path / "settings.toml").write_text("a = 1")
    found = guess([tmp_path])
    assert told(found) == {
        "m1_top.mp4": ("film", "m1", "top"),
        "m1_side.mp4": ("film", "m1", "side"),
        "m1_topDLC.csv": ("poses", "m1", "top"),
        "m1_points3d.csv": ("poses", "m1", ""),
        "calibration.toml": ("calibration", "m1", ""),
        "m2_top.mp4": ("film", "m2_top", ""),
        "settings.toml": ("nothing", "", ""),
    }
    command = arguments(found, tmp_path)["m1"]
    assert f"side={tmp_path / 'm1_side.mp4'}" in command
    assert command[command.index("--calibration") + 1] == str(tmp_path / "calibration.toml")


def test_letters_are_cameras_only_where_something_says_so(tmp_path: Path) -> None:
    animals = ("A1.mp4", "A2.mp4", "B1.mp4", "m3_d1.mp4", "m3_d7.mp4", "m4_a.mp4", "m4_b.mp4")
    films(tmp_path, *animals)
    found = told(guess([tmp_path]))
    assert {name: each[1:] for name, each in found.items()} == {
        name: (name.removesuffix(".mp4"), "") for name in animals
    }
    named = tmp_path / "named"
    films(named, "m5_cam_a.mp4", "m5_cam_b.mp4", "m6_cam1.mp4", "m6_cam2.mp4")
    films(named, "camera 0.mp4", "camera 1.mp4")
    found = told(guess([named]))
    assert found["m5_cam_b.mp4"][1:] == ("m5", "cam_b")
    assert found["m6_cam2.mp4"][1:] == ("m6", "cam2")
    assert found["camera 1.mp4"][1:] == ("named", "camera_1")
    calibrated = tmp_path / "calibrated"
    films(calibrated, "m7_A.mp4", "m7_B.mp4")
    cameras = [look_at(name, (5, x, 50.0), (0, 0, 0), focal=500.0) for x, name in enumerate("AB")]
    write_calibration(CameraRig(tuple(cameras)), calibrated / "rig.toml")
    found = told(guess([calibrated]))
    assert found["m7_A.mp4"][1:] == ("m7", "A")
    assert found["m7_B.mp4"][1:] == ("m7", "B")


def test_films_of_one_name_in_folders_of_their_own_are_views(tmp_path: Path) -> None:
    films(tmp_path, "one/film.mp4", "two/film.mp4")
    found = guess([tmp_path])
    assert [(one.recording, one.view) for one in found] == [("film", "one"), ("film", "two")]


def test_poses_beside_the_folders_of_the_views_are_of_all_of_them(tmp_path: Path) -> None:
    films(tmp_path, "top/m1_top.mp4", "side/m1_side.mp4")
    poses(tmp_path, "top/m1_top.csv")
    (tmp_path / "points3d.csv").write_text(IN_SPACE)
    found = told(guess([tmp_path]))
    assert found["points3d.csv"] == ("poses", "m1", "")
    assert found["m1_top.csv"] == ("poses", "m1", "top")
    poses(tmp_path / "top", "other.csv")
    assert told(guess([tmp_path]))["other.csv"] == ("poses", "other", "")


def test_films_of_a_calibration_are_no_recording(tmp_path: Path) -> None:
    films(tmp_path, "m1_top.mp4", "m1_side.mp4", "top_calibration.mp4", "charuco-side.mp4")
    found = told(guess([tmp_path]))
    assert found["top_calibration.mp4"] == ("nothing", "", "")
    assert found["charuco-side.mp4"][0] == "nothing"
    assert found["m1_side.mp4"] == ("film", "m1", "side")


def test_the_same_poses_in_two_formats_are_taken_once(tmp_path: Path) -> None:
    films(tmp_path, "m1.mp4")
    poses(tmp_path, "m1_a.csv", "m1_b.csv")
    found = told(guess([tmp_path]))
    assert found["m1_a.csv"][0] == "poses"
    # A person can still choose it.
    assert found["m1_b.csv"] == ("nothing", "m1", "")


def test_a_table_of_animals_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("animal;treatment\nm1;saline\n")
    found = guess([tmp_path / "groups.csv"])
    assert told(found) == {"groups.csv": ("treatments", "", "")}
    assert arguments(found, tmp_path) == {}


def test_names_are_for_recordings_none_of_whose_files_has_them(tmp_path: Path) -> None:
    poses(tmp_path, "named.csv", "both_top.csv")
    films(tmp_path, "both_top.mp4", "both_side.mp4")
    for name in ("bare.csv", "both_side.csv"):
        (tmp_path / name).write_text("1,2,3,4\n5,6,7,8\n")
    found = guess([tmp_path])
    assert [one.path.name for one in unnamed(found)] == ["bare.csv"]
    commands = arguments(found, tmp_path, Unsaid(unit="cm", keypoints="nose,tailbase"))
    assert commands["bare"][-4:] == ["--unit", "cm", "--keypoints", "nose,tailbase"]
    # Of these, the other file says what they are.
    assert set(commands) == {"bare", "named", "both"}
    assert all("--keypoints" not in commands[id] for id in ("named", "both"))
    assert arguments(found, tmp_path)["bare"][3:] == ["bare", "--poses", str(tmp_path / "bare.csv")]
