"""A synthetic session's files agree with each other and with the films."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.errors import DataError, FormatError, MissingDependencyError, SettingsError
from mousegpt_core.geometry import Camera, read_calibration
from mousegpt_core.io import FORMATS, read_poses
from mousegpt_core.progress import CancelledError, Progress
from mousegpt_core.synthetic import SessionSettings, record_session, session_files, write_session
from mousegpt_core.synthetic.body import KEYPOINTS
from mousegpt_core.synthetic.filming import Take
from mousegpt_core.synthetic.render import MARKERS
from mousegpt_core.video import Film, read_timestamps

VIEWS = ["top", "ring2"]
SETTINGS = SessionSettings(
    animals=2, cameras="top,ring2", size=(320, 240), seconds=1.6, fps=20, rates={"ring2": 30},
    offsets=True, drop=0.2, fluorescence=True, seed=3,
)  # fmt: skip
#: Keypoints whose surroundings are fur, seen from any side.
FURRY = ("SpineG", "SpineH", "ShoulderL", "ShoulderR", "KneeL", "KneeR")
WRITABLE = [each.name for each in FORMATS.values() if each.writes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("session")
    write_session(made, SETTINGS)
    return made


def camera(folder: Path, view: str) -> Camera:
    return read_calibration(folder / "calibration.toml")[view]


def read(path: Path) -> np.ndarray:
    """Positions (time, individual, keypoint, space)."""
    poses = read_poses(path)
    return poses["position"].transpose("time", "individual", "keypoint", "space").values


def truth_at(folder: Path, times: np.ndarray, name: str = "poses3d.csv") -> np.ndarray:
    """Points in space between the frames of the truth, as a reader of the files would."""
    points = read(folder / name).astype(float)
    known = np.arange(len(points)) / SETTINGS.fps
    flat = points.reshape(len(points), -1)
    found = np.stack([np.interp(times, known, column) for column in flat.T], axis=-1)
    return found.reshape(len(times), *points.shape[1:])


@pytest.mark.parametrize("view", VIEWS)
def test_the_truth_projected_by_the_calibration_is_the_truth_in_the_picture(
    folder: Path, view: str
) -> None:
    times = read_timestamps(folder / f"{view}.timestamps.csv")
    expected = camera(folder, view).project(truth_at(folder, times))
    found = read(folder / f"{view}.poses.csv")
    assert found.shape == (len(times), 2, 24, 2)
    inside = np.isfinite(found)
    assert inside.mean() > 0.95
    np.testing.assert_allclose(found[inside], expected[inside], atol=2e-3)
    dots = camera(folder, view).project(truth_at(folder, times, "dots3d.csv"))
    read_dots = read(folder / f"{view}.dots.csv")
    # A dot keeps its place on the skin, not on a straight line between two frames.
    np.testing.assert_allclose(read_dots, dots, atol=1.5)


@pytest.mark.parametrize(("view", "fps"), [("top", 20.0), ("ring2", 30.0)])
def test_lost_frames_and_late_starts_are_where_the_timestamps_say(
    folder: Path, view: str, fps: float
) -> None:
    table = pd.read_csv(folder / f"{view}.timestamps.csv")
    scene = json.loads((folder / "scene.json").read_text(encoding="utf-8"))["cameras"][view]
    assert scene["fps"] == fps
    assert (scene["offset_s"] > 0) == (view == "ring2")
    np.testing.assert_allclose(
        table["time"], scene["offset_s"] + table["camera_frame"] / fps, atol=1e-6
    )
    gaps = np.diff(table["camera_frame"]) - 1
    assert gaps.sum() == scene["lost"] > 0
    for channel in ("", ".fluorescence"):
        with Film(folder / f"{view}{channel}.mp4") as film:
            assert len(film) == len(table) == scene["frames"]
            assert film.fps == pytest.approx(fps)


@pytest.mark.parametrize("view", VIEWS)
def test_films_show_the_animals_where_and_how_the_truth_says(folder: Path, view: str) -> None:
    """Each animal has its coat's colour on its back and flanks, in every single frame."""
    position = read(folder / f"{view}.poses.csv")
    seen = pd.read_csv(folder / f"{view}.visibility.csv")
    found: dict[str, list[float]] = {"mouse1": [], "mouse2": []}
    with Film(folder / f"{view}.mp4") as film:
        for frame in range(len(film)):
            grey = film[frame].astype(float).mean(axis=-1)
            for animal, (name, values) in enumerate(found.items()):
                for keypoint in FURRY:
                    if seen[f"{name}.{keypoint}"][frame] == 2:
                        place = position[frame, animal, KEYPOINTS.index(keypoint)]
                        x, y = np.round(place).astype(int)
                        values.append(grey[y - 1 : y + 2, x - 1 : x + 2].mean())
    black, white = (np.array(values) for values in found.values())
    assert min(len(black), len(white)) > 25
    # The wall veils both with grey, and the belly lies in shadow.
    assert np.mean(black < 77) > 0.95
    assert np.mean(white > 77) > 0.95


@pytest.mark.parametrize("view", VIEWS)
def test_dots_shine_in_the_fluorescence_film_where_they_are_visible(
    folder: Path, view: str
) -> None:
    poses = read_poses(folder / f"{view}.dots.csv")
    assert poses["keypoint"].values.tolist() == list(MARKERS)
    position = poses["position"].transpose("time", "individual", "keypoint", "space").values
    confidence = poses["confidence"].transpose("time", "individual", "keypoint").values
    with Film(folder / f"{view}.fluorescence.mp4") as film:
        for frame in range(0, len(film), 5):
            light = film[frame][..., 0].astype(float)
            visible = confidence[frame] > 0.5
            assert visible.any()
            assert np.median(light) < 20
            for x, y in np.round(position[frame][visible]).astype(int):
                assert light[y - 1 : y + 2, x - 1 : x + 2].max() > 50


@pytest.mark.parametrize("view", VIEWS)
def test_confidence_and_flags_tell_the_same(folder: Path, view: str) -> None:
    poses = read_poses(folder / f"{view}.poses.csv")
    confidence = poses["confidence"].transpose("time", "individual", "keypoint").values
    flags = pd.read_csv(folder / f"{view}.visibility.csv").drop(columns="frame").to_numpy()
    flags = flags.reshape(confidence.shape)
    np.testing.assert_array_equal(flags == 2, confidence > 0.9)
    np.testing.assert_array_equal(flags == 0, confidence == 0)
    assert 0.2 < (flags == 2).mean() < 0.95


def test_behaviours_are_told_frame_by_frame_and_bout_by_bout(folder: Path) -> None:
    bouts = pd.read_csv(folder / "behaviours.csv")
    for name in ("mouse1", "mouse2"):
        labels = pd.read_csv(folder / f"{name}.truth.csv")["label"]
        assert len(labels) == 32
        own = bouts[bouts["individual"] == name]
        for row in own.itertuples():
            stretch = labels[round(row.start_s * 20) : round(row.stop_s * 20)]
            assert set(stretch) == {row.behaviour}
        assert own["stop_s"].max() == pytest.approx(1.6)


def no_films(takes: list[Take], **options: Any) -> list[np.ndarray]:
    """In place of filming: everything is seen."""
    return [np.ones((len(take.points), take.points.shape[1], 24), dtype=bool) for take in takes]


@pytest.mark.parametrize("format", WRITABLE)
def test_every_format_that_is_written_can_be_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    monkeypatch.setattr(session_files, "film_takes", no_films)
    settings = SessionSettings(cameras="1", seconds=0.5, fps=20)
    try:
        files = write_session(tmp_path / "s", settings, format=format)
    except MissingDependencyError as error:
        pytest.skip(error.message)
    (path,) = (each for each in files if each.name.startswith("top.poses"))
    assert path.suffix in FORMATS[format].suffixes
    poses = read_poses(path, format=format, fps=20.0)
    assert dict(poses.sizes) == {"time": 10, "space": 2, "keypoint": 24, "individual": 1}
    (space,) = (each for each in files if each.name.startswith("poses3d"))
    assert read_poses(space, fps=20.0, unit="cm").sizes["space"] == 3


def test_the_same_seed_makes_the_same_files(tmp_path: Path) -> None:
    settings = SessionSettings(cameras="1", seconds=0.2, fps=20, size=(96, 72), drop=0.3, seed=5)
    first = write_session(tmp_path / "a", settings)
    again = write_session(tmp_path / "b", settings, processes=2)
    assert [each.name for each in first] == [each.name for each in again]
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    other = record_session(settings.model_copy(update={"seed": 6}))
    assert not other.poses.equals(record_session(settings).poses)


def test_progress_is_told_and_stops_the_work(tmp_path: Path) -> None:
    settings = SessionSettings(cameras="1", seconds=0.3, fps=10, size=(96, 72))
    told: list[Progress] = []
    write_session(tmp_path / "a", settings, told.append)
    assert (told[-1].done, told[-1].total, told[-1].finished) == (3, 3, True)

    def stop(step: Progress) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        write_session(tmp_path / "b", settings, stop)
    # Begun again, it is finished.
    write_session(tmp_path / "b", settings)
    assert (tmp_path / "b" / "top.mp4").exists()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="not empty"):
        write_session(tmp_path, SessionSettings(cameras="1", seconds=0.1))
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]


def test_another_recording_is_not_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_files, "film_takes", no_films)
    write_session(tmp_path / "s", SessionSettings(cameras="1", seconds=0.1))
    with pytest.raises(DataError, match="another synthetic recording"):
        write_session(tmp_path / "s", SessionSettings(cameras="2", seconds=0.1))


@pytest.mark.parametrize("format", ["none", "plain-csv"])
def test_a_format_that_is_not_written_is_refused_first(tmp_path: Path, format: str) -> None:
    with pytest.raises(FormatError, match="wide-csv"):
        write_session(tmp_path / "s", SessionSettings(), format=format)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    "values",
    [
        {"animals": 5}, {"animals": 0}, {"seconds": 0}, {"drop": 1.0}, {"size": (10, 10)},
        {"coats": ("green",)}, {"rates": {"top": 0}}, {"fps": float("nan")},
    ],
)  # fmt: skip
def test_impossible_settings_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        SessionSettings.parse(values)


@pytest.mark.parametrize(
    "settings",
    [
        SessionSettings(cameras="9"),
        SessionSettings(cameras="²"),
        SessionSettings(cameras="top", rates={"ring1": 30}),
        SessionSettings(animals=2, coats=("black",)),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: SessionSettings) -> None:
    with pytest.raises(SettingsError):
        record_session(settings)


def test_a_short_recording_has_a_frame_of_every_camera() -> None:
    session = record_session(SessionSettings(seconds=0.01, offsets=True, drop=0.9))
    assert all(len(shutter.times) >= 1 for shutter in session.shutters.values())
