"""A recording of nothing but a film, from the film to the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import mousegpt
from core.pose.drawn import draw, film, round_trip, with_rest
from mousegpt_core.errors import DataError
from mousegpt_core.pipeline import NewRecording, add_recording
from mousegpt_core.study import Recording, Study


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    # Three rounds with a rest of 4 s.
    path = with_rest(round_trip(450), 200, 120)
    file = film(folder / "open field.mp4", path)
    told = mousegpt("run", file, "--json")
    assert told.code == 0, told.err
    return folder


def study_in(folder: Path) -> Study:
    (study,) = (path.parent for path in folder.glob("*/study.toml"))
    return Study.open(study)


def only(study: Study) -> Recording:
    (recording,) = study.recordings.values()
    return recording


def test_the_report_says_what_a_silhouette_cannot_show(studied: Path) -> None:
    study = study_in(studied)
    report = (study.folder / "results" / "report.html").read_text(encoding="utf-8")
    assert "found in the film as a silhouette" in report
    assert "body grooming, scratching, sniffing" in report
    store = only(study).store
    activities = set(store.read_dataset("ethogram")["activity"].values)
    assert {"walking", "standing", "freezing"} <= activities
    assert not activities & {"grooming", "face_grooming", "scratching", "sniffing", "head_twitch"}
    said = " ".join(store.read_table("descriptions")[["overall", "limb"]].sum())
    assert "paw" not in said


def test_rest_and_running_are_told(studied: Path) -> None:
    study = study_in(studied)
    store = only(study).store
    ethogram = store.read_dataset("ethogram")
    names = ethogram["activity"].values
    chosen = names[ethogram["activity_index"].values[:, 0]]
    rest = np.isin(chosen[205:315], ["standing", "freezing", "crouching"])
    moving = np.isin(
        np.concatenate([chosen[10:190], chosen[330:560]]), ["walking", "running", "turning"]
    )
    assert rest.mean() > 0.9
    assert moving.mean() > 0.9
    speed = store.read_dataset("kinematics")["speed"].values[:, 0]
    assert np.nanmedian(speed[210:310]) < 0.1 * np.nanmedian(speed[10:190])


def test_masks_are_kept_and_the_film_is_read_once(studied: Path) -> None:
    study = study_in(studied)
    masks = only(study).store.read_dataset("silhouettes/open field")["mask"]
    assert masks.shape == (570, 180, 240)
    assert (masks.values > 0).any(axis=(1, 2)).all()
    again = mousegpt("run", study.folder, "--json")
    assert again.code == 0, again.err
    assert again.json["failed"] == {}
    told = {event["message"] for event in again.events if event["stage"].startswith("silhouettes")}
    assert told == {"up to date"}


def test_pictures_and_converted_films_are_films(tmp_path: Path) -> None:
    path = round_trip(90)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, place in enumerate(path):
        Image.fromarray(draw(place)).save(pictures / f"{number:03d}.png")
    converted = mousegpt("convert", film(tmp_path / "a.mp4", path), "--out", tmp_path / "z.zarr")
    assert converted.code == 0, converted.err
    for name, options in (("pictures", ("--fps", "30")), ("z.zarr", ())):
        told = mousegpt("run", tmp_path / name, *options, "--json")
        assert told.code == 0, told.err
        study = Study.open(tmp_path / f"{name.removesuffix('.zarr')}-mousegpt")
        found = only(study).store.read_dataset("poses2d/" + name.removesuffix(".zarr"))
        centre = found["position"].sel(keypoint="centre").isel(individual=0)
        away = centre.transpose("time", "space").values - path[:, :2]
        assert np.median(np.linalg.norm(away, axis=1)) < 3.0
        assert float(found["time"][-1]) == pytest.approx(89 / 30, abs=0.01)


def test_without_film_and_poses_there_is_no_recording(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    with pytest.raises(DataError, match="neither poses nor a film"):
        add_recording(study, NewRecording(id="M1"))
    assert not study.recordings


def test_rearing_is_seen_from_the_side_only(tmp_path: Path) -> None:
    path = with_rest(round_trip(450), 200, 120)
    path[:, 1] = 145 + 14 * np.sin(np.arange(len(path)) / 15)  # nearer and farther
    path[:200, 2] = path[320:, 2] = 0.0
    sway = 0.15 * np.sin(2 * np.pi * np.arange(120) / 36)
    path[200:320, 2] = sway - np.pi / 2  # it stands upright
    path[200:320, 1] = 140.0
    file = film(tmp_path / "a.mp4", path)
    told = mousegpt("run", file, "--seen-from", "side", "--json")
    assert told.code == 0, told.err
    store = only(study_in(tmp_path)).store
    ethogram = store.read_dataset("ethogram")
    chosen = ethogram["activity"].values[ethogram["activity_index"].values[:, 0]]
    assert (chosen[210:310] == "rearing").mean() > 0.8
    assert (np.delete(chosen, np.s_[190:330]) == "rearing").mean() < 0.05
    said = " ".join(store.read_table("descriptions")[["overall", "limb"]].sum())
    assert "rears" in said
    assert "paw" not in said
    report = (study_in(tmp_path).folder / "results" / "report.html").read_text(encoding="utf-8")
    assert "cannot be told from freezing" in report
