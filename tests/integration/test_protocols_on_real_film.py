"""The three built-in protocols, from real film to a small model's answers, by the command."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Answer, mousegpt
from mousegpt_core.pipeline import NewRecording, add_recording
from mousegpt_core.study import Study
from mousegpt_core.video import Film, write_film

pytestmark = pytest.mark.slow

Data = Callable[[str], Path]
Tiny = Callable[[str], Path]
VIEWS = ("back", "mid", "side", "top")


def vame(data: Data, place: Path) -> NewRecording:
    """One mouse from below, film and poses."""
    folder = data("vame-sample") / "tests_project_sample_data"
    return NewRecording(
        "m",
        films=[("below", folder / "cropped_video.mp4")],
        poses=[("below", folder / "cropped_video.csv")],
        seen_from="below",
    )


def openfield(data: Data, place: Path) -> NewRecording:
    """One mouse from above, nothing but the first ten seconds of the film."""
    (path,) = data("dlc-openfield").glob("*/videos/m3v1mp4.mp4")
    with Film(path) as film:
        begin = write_film(place / "m3v1.mp4", (film[frame] for frame in range(300)), film.fps)
    return NewRecording("m", films=[("top", begin)])


def four_views(data: Data, place: Path) -> NewRecording:
    """One mouse in four calibrated views, with poses in space."""
    folder = data("sleap-anipose-4view-mouse") / "minimal_session"
    films = [(view, folder / view / f"minimal_{view}.mp4") for view in VIEWS]
    return NewRecording(
        "m",
        films=films,
        poses=[("space", folder / "points3d.h5")],
        keypoints=("SLEAP-anipose-15",),
        calibration=folder / "calibration.toml",
        fps=30,
    )


def describe(study: Study, model: Path, protocol: str, *more: str) -> Answer:
    orders = ("--describer", "transformers", "--model", str(model), "--protocol", protocol)
    return mousegpt("describe", study.folder, *orders, "--limit", "3", "--json", *more)


@pytest.mark.parametrize(
    ("recording", "fear"),
    [
        (vame, "examples.apart_s=0"),
        (openfield, "examples.apart_s=0"),
        (four_views, "examples.shots=0"),  # four seconds: no clip is far from another
    ],
)
def test_from_film_to_answers(
    recording: Callable[[Data, Path], NewRecording],
    fear: str,
    test_data: Data,
    tiny_model: Tiny,
    tmp_path: Path,
) -> None:
    model = tiny_model("qwen2_5_vl")
    study = Study.create(tmp_path / "study")
    add_recording(study, recording(test_data, tmp_path))
    labels = study.folder / "labels" / "human"
    labels.mkdir(parents=True)
    (labels / "m.csv").write_text(
        "start_s,stop_s,label\n6,7,freezing\n7,8,fleeing\n8,9,exploring\n"
    )
    for protocol, changes in (
        ("mousegpt", ("--set", "model.max_tokens=260")),
        ("fear", ("--set", fear)),
        ("clip-caption", ("--set", "model.max_tokens=200")),
    ):
        reckoned = describe(study, model, protocol, *changes, "--dry-run").json
        assert reckoned["cost"] == 0
        told = describe(study, model, protocol, *changes)
        assert told.code == 0, told.err
        result = told.json["all"]
        assert result["failed"] == 0, study.recording("m").log.answers()["reason"].unique()
        assert result["asked"] == min(3, reckoned["clips"])
        assert result["described"] == result["asked"]
        assert result["tokens_in"] > 0
        again = describe(study, model, protocol, *changes)
        assert again.json["all"]["there_already"] == result["asked"]
    answers = study.recording("m").log.answers()
    assert answers["answer_id"].is_unique
    assert set(answers["describer"]) == {"transformers"}
    assert set(answers["model"]) == {"qwen2_5_vl"}
    labelled = answers[answers["protocol"] == "fear"]
    assert set(labelled["label"]) <= {"freezing", "fleeing", "exploring"}
    mousegpt_rows = answers[answers["protocol"] == "mousegpt"]
    assert (mousegpt_rows["raw"].str.startswith('{"Overall":')).all()


def test_the_study_uses_what_a_model_here_says(
    test_data: Data, tiny_model: Tiny, tmp_path: Path
) -> None:
    model = tiny_model("internvl")
    moved = shutil.copytree(model, tmp_path / "elsewhere" / model.name)
    study = Study.create(tmp_path / "study")
    add_recording(study, vame(test_data, tmp_path))
    options = {"model": str(model), "protocol": "clip-caption"}
    study.set_section("describe", describer="transformers", **options)
    told = mousegpt("describe", study.folder, "--set", "model.max_tokens=120", "--json")
    assert told.code == 0, told.err
    assert told.json["all"]["described"] == told.json["all"]["clips"]
    study.set_section("describe", describer="transformers", **{**options, "model": str(moved)})
    again = mousegpt("describe", study.folder, "--set", "model.max_tokens=120", "--json")
    assert again.json["all"]["asked"] == 0
