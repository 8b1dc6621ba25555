"""Clocks of views in a study: what is given when adding, and what a person corrects later."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.pipeline.test_add import write_blank_film, write_poses
from mousegpt_core.errors import DataError, MouseGPTError, SettingsError
from mousegpt_core.pipeline import NewRecording, Work, add_recording
from mousegpt_core.pipeline.recording_stages import primary_poses, run_kinematics
from mousegpt_core.study import Recording, Study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "study")


def write_times(path: Path, times: np.ndarray) -> Path:
    path.write_text("\n".join(map(str, times.tolist())) + "\n")
    return path


def write_uneven_film(path: Path, milliseconds: np.ndarray) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 200, 200, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for stamp in milliseconds:
            picture = av.VideoFrame.from_ndarray(np.full((200, 200, 3), 90, np.uint8))
            picture.pts, picture.time_base = int(stamp), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def edit_view(recording: Recording, **values: object) -> None:
    info = recording.info
    view = info.views[0].model_copy(update=values)
    recording.update(info.model_copy(update={"views": (view, *info.views[1:])}))


def times_now(study: Study, id: str = "m") -> np.ndarray:
    """Times of the poses after bringing all up to date."""
    recording = study.recording(id)
    run_kinematics(Work(study), recording)
    return primary_poses(recording)["time"].values


def test_a_frame_rate_that_a_person_corrects(study: Study, tmp_path: Path) -> None:
    film, poses = write_blank_film(tmp_path / "m.mp4"), write_poses(tmp_path / "m.csv")
    added = add_recording(study, NewRecording("m", films=[(None, film)], poses=[(None, poses)]))
    key = run_kinematics(Work(study), added.recording)
    speed = added.recording.store.read_dataset("kinematics")["speed"].values
    edit_view(added.recording, fps=60.0)
    assert times_now(study) == pytest.approx(np.arange(60) / 60)
    assert run_kinematics(Work(study), added.recording) != key
    twice = added.recording.store.read_dataset("kinematics")
    assert twice.attrs["fps"] == 60
    assert np.median(twice["speed"].values) == pytest.approx(2 * np.median(speed), rel=0.02)


def test_a_rate_that_is_given_beats_the_film_and_stays(study: Study, tmp_path: Path) -> None:
    film, poses = write_blank_film(tmp_path / "m.mp4"), write_poses(tmp_path / "m.csv")
    new = NewRecording("m", films=[(None, film)], poses=[(None, poses)], fps=120)
    assert add_recording(study, new).recording.info.views[0].fps == 120
    assert times_now(study) == pytest.approx(np.arange(60) / 120)


def test_timestamps(study: Study, tmp_path: Path) -> None:
    times = np.delete(np.arange(62) / 30, [7, 30]) + 100.0
    new = NewRecording(
        "m",
        films=[(None, write_blank_film(tmp_path / "m.mp4"))],
        poses=[(None, write_poses(tmp_path / "m.csv"))],
        timestamps=[(None, write_times(tmp_path / "t.txt", times))],
        offsets=[("m", -100.0)],
    )
    added = add_recording(study, new)
    assert not any("times and the film" in remark for remark in added.remarks)
    assert added.recording.info.views[0].timestamps == "../t.txt"
    assert times_now(study) == pytest.approx(times - 100)
    kinematics = added.recording.store.read_dataset("kinematics")
    assert kinematics.sizes["time"] == 62
    # Another file is another clock; one that is gone is no reason to lose what was made by it.
    write_times(tmp_path / "t.txt", times + 1)
    assert times_now(study)[0] == pytest.approx(1.0)
    (tmp_path / "t.txt").unlink()
    assert times_now(study)[0] == pytest.approx(1.0)


def write_poses_3d(path: Path) -> Path:
    rows = ["nose_x,nose_y,nose_z,tailbase_x,tailbase_y,tailbase_z"]
    rows += [f"{4 + n / 10},0,1,{n / 10},0,1" for n in range(60)]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_film_of_a_part_of_3d_poses(study: Study, tmp_path: Path) -> None:
    films = [(None, write_blank_film(tmp_path / "top.mp4", 12))]
    poses = [(None, write_poses_3d(tmp_path / "p.csv"))]
    added = add_recording(study, NewRecording("m", films=films, poses=poses, unit="cm"))
    assert any("48 of the poses, at the end" in remark for remark in added.remarks)


def test_timestamps_of_3d_poses_without_films(study: Study, tmp_path: Path) -> None:
    poses = write_poses_3d(tmp_path / "p.csv")
    times = write_times(tmp_path / "t.csv", np.arange(60) / 40)
    new = NewRecording("m", poses=[(None, poses)], timestamps=[(None, times)], unit="cm")
    add_recording(study, new)
    assert times_now(study) == pytest.approx(np.arange(60) / 40)


@pytest.mark.parametrize(("stamps", "left_out"), [(60, 0), (80, 0), (58, 2)])
def test_timestamps_that_end_early(
    study: Study, tmp_path: Path, stamps: int, left_out: int
) -> None:
    new = NewRecording(
        "m",
        poses=[(None, write_poses(tmp_path / "m.csv"))],
        timestamps=[(None, write_times(tmp_path / "t.csv", np.arange(stamps) / 30))],
    )
    added = add_recording(study, new)
    assert any(f"{left_out} poses" in remark for remark in added.remarks) == bool(left_out)
    assert len(times_now(study)) == 60 - left_out


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"times": np.arange(20) / 30}, DataError, "fewer frames"),
        ({"times": np.arange(60) * 33.3}, DataError, "seconds"),
        ({"times": np.arange(60) / 30, "fps": 50.0}, DataError, "contradicts"),
        ({"times": np.arange(60) / 30, "view": "side"}, SettingsError, "views: m"),
        ({"offsets": [("side", 1.0)]}, SettingsError, "--offset m=1.0"),
        ({"channels": [(None, "a"), (None, "b")]}, SettingsError, "2 channels"),
        ({"calibration": Path("no.toml")}, DataError, "no such calibration"),
        ({"timestamps": [(None, Path("no.csv"))]}, DataError, "no such file"),
    ],
)
def test_what_does_not_fit_is_refused(
    study: Study, tmp_path: Path, options: dict, error: type[MouseGPTError], says: str
) -> None:
    options = dict(options)
    if "times" in options:
        path = write_times(tmp_path / "t.csv", options.pop("times"))
        options["timestamps"] = [(options.pop("view", None), path)]
    film, poses = write_blank_film(tmp_path / "m.mp4"), write_poses(tmp_path / "m.csv")
    new = NewRecording("m", films=[(None, film)], poses=[(None, poses)], **options)
    with pytest.raises(error, match=says) as caught:
        add_recording(study, new)
    assert caught.value.hint
    assert not study.recordings


def test_a_film_of_uneven_frames_is_the_clock(study: Study, tmp_path: Path) -> None:
    stamps = np.cumsum(np.random.default_rng(0).choice([33, 34, 66], 60, p=[0.4, 0.4, 0.2]))
    film = write_uneven_film(tmp_path / "m.mp4", stamps)
    poses = write_poses(tmp_path / "m.csv")
    added = add_recording(study, NewRecording("m", films=[(None, film)], poses=[(None, poses)]))
    assert added.recording.info.views[0].timestamps == "../m.mp4"
    assert times_now(study) == pytest.approx((stamps - stamps[0]) / 1000, abs=1e-3)
    # A person may know better.
    edit_view(added.recording, timestamps="", fps=25.0)
    assert times_now(study) == pytest.approx(np.arange(60) / 25)


def test_poses_with_times_of_their_own_keep_them(study: Study, tmp_path: Path) -> None:
    film = write_blank_film(tmp_path / "m.mp4")
    lines = write_poses(tmp_path / "m.csv").read_text().splitlines()
    own = 3.0 + np.arange(60) / 29.5
    timed = [f"time,{lines[0]}", *(f"{t},{line}" for t, line in zip(own, lines[1:], strict=True))]
    (tmp_path / "m.csv").write_text("\n".join(timed) + "\n")
    new = NewRecording("m", films=[(None, film)], poses=[(None, tmp_path / "m.csv")])
    add_recording(study, new)
    assert times_now(study) == pytest.approx(own)
    edit_view(study.recording("m"), fps=59.0)
    assert times_now(study) == pytest.approx(own / 2)


def test_timestamps_and_film_that_differ_in_number(study: Study, tmp_path: Path) -> None:
    new = NewRecording(
        "m",
        films=[(None, write_blank_film(tmp_path / "m.mp4"))],
        poses=[(None, write_poses(tmp_path / "m.csv"))],
        timestamps=[(None, write_times(tmp_path / "t.txt", np.arange(61) / 30))],
    )
    said = add_recording(study, new).remarks
    assert any("61 times" in remark and "60 frames" in remark for remark in said)


def test_channels_and_calibration_are_kept(study: Study, tmp_path: Path) -> None:
    calibration = tmp_path / "calibration.toml"
    calibration.write_text("")
    films = [("top", write_blank_film(tmp_path / f"{name}.mp4")) for name in ("glow", "grey")]
    poses = [("top", write_poses(tmp_path / "m.csv"))]
    with pytest.raises(DataError, match="--channel"):
        add_recording(study, NewRecording("m", films=films, poses=poses))
    channels = [("top", "fluorescence"), ("top", "reflectance")]
    new = NewRecording("m", films=films, poses=poses, channels=channels, calibration=calibration)
    view = add_recording(study, new).recording.info.views[0]
    assert [film.channel for film in view.films] == ["fluorescence", "reflectance"]
    assert view.calibration == "../calibration.toml"
    assert view.shown is not None
    assert view.shown.path == "../grey.mp4"


def test_a_film_that_broke_off_is_remarked_on(study: Study, tmp_path: Path) -> None:
    film, poses = write_blank_film(tmp_path / "m.mp4", 40), write_poses(tmp_path / "m.csv", 60)
    added = add_recording(study, NewRecording("m", films=[(None, film)], poses=[(None, poses)]))
    assert any("20 of the poses, at the end" in remark for remark in added.remarks)
    assert len(times_now(study)) == 60
