"""Seven recordings of other labs, from their files to a report, as a lab would do it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mousegpt_core.clips import SECTIONS
from mousegpt_core.pipeline import (
    NewRecording,
    Work,
    add_recording,
    classify_study,
    evaluate_study,
    run_study,
    search_study,
    study_for_file,
)
from mousegpt_core.pipeline.recording_stages import pose_stage, primary_pose
from mousegpt_core.pipeline.study_stages import all_described_clips
from mousegpt_core.study import Study

Data = Callable[[str], Path]

PAWS = r"\b(?:fore|hind)?(?:paws?|limbs?)\b"
SUBTLE_NAMES = (
    "nose", "neck", "anus", "chest", "right_hind_foot", "left_hind_foot",
    "right_fore_paw", "left_fore_paw", "tail_tip",
)  # fmt: skip
SUBTLE_LABELS = """
[walking]
definition = "moves forward over the floor by stepping"
[rearing]
definition = "stands on its hind legs, forepaws off the floor"
[standing]
definition = "stays in one place on all fours"
[grooming]
definition = "licks or wipes its own fur"
"""
FREEZING_LABELS = {
    "freezing": "no movement at all except for breathing",
    "immobile": "the mouse does not move any part of its body, apart from respiration",
    "still": "perfectly still and stiff, only the flanks move with respiration",
}


def _one(folder: Path, new: NewRecording) -> Study:
    """A study of one recording, run to its report at one clip a second."""
    study = Study.create(folder)
    study.set_section("clips", rate=1.0)
    add_recording(study, new)
    run_study(Work(study))
    return study


def _report(study: Study) -> str:
    return (study.folder / "results" / "report.html").read_text(encoding="utf-8")


def _facts(study: Study, recording: str) -> dict[str, Any]:
    of_one = study.recording(recording)
    kinematics = of_one.store.read_dataset("kinematics")
    poses = of_one.store.read_dataset(pose_stage(primary_pose(of_one)))
    return {
        "frames": poses.sizes["time"],
        "keypoints": poses.sizes["keypoint"],
        "dims": kinematics.attrs["space_dims"],
        "scale": kinematics.attrs["scale_source"],
        "wall": "wall_distance" in kinematics,
    }


def _check_descriptions(study: Study, *, paws: bool) -> pd.DataFrame:
    """Every clip is told in whole sentences or says why not; no paws where none are tracked."""
    clips = all_described_clips(study)
    assert len(clips) > 0
    told = clips[clips["overall"] != ""]
    assert len(told) / len(clips) > 0.9
    assert told["overall"].str.match(r"^The mouse .*\.$").all()
    assert (told["keywords"] != "").all()
    assert (told["label"] != "").all()
    silent = clips[clips["overall"] == ""]["clip_id"]
    for recording in study.recordings.values():
        answers = recording.store.read_table("descriptions").set_index("clip_id")
        assert (answers.loc[answers.index.isin(silent), "reason"] != "").all()
    words = told[[*SECTIONS]].agg(" ".join, axis=1)
    assert words.str.contains(PAWS).any() == paws
    return clips


def test_subtle_two_ages_of_the_same_mice(test_data: Data, tmp_path: Path) -> None:
    folder = test_data("subtle-avatar3d")
    study = Study.create(tmp_path / "study", name="ages")
    study.set_section("clips", rate=1.0)
    remarks: list[str] = []
    for name in ("adult_6112", "adult_7678", "young_7678"):
        treatment, animal = name.split("_")
        new = NewRecording(
            id=name,
            poses=[(None, folder / "y5a5" / "coords" / f"{name}.csv")],
            keypoints=SUBTLE_NAMES,
            fps=20,
            unit="cm",
            animal={"animal": animal, "treatment": treatment},
        )
        remarks += add_recording(study, new).remarks
    assert any("7678" in one and "young" in one for one in remarks)
    labels = tmp_path / "labels.toml"
    labels.write_text(SUBTLE_LABELS, encoding="utf-8")
    found = classify_study(Work(study), labels)
    assert sum(found["shares"].values()) == pytest.approx(1)
    truth = {"adult_6112": folder / "y5a5" / "annots" / "adult_6112.csv"}
    assert evaluate_study(study, truth)["macro_f1"] > 0.75
    run_study(Work(study))
    facts = _facts(study, "adult_6112")
    assert facts["keypoints"] == 9
    assert facts["frames"] == pytest.approx(12_000, abs=100)
    assert (facts["dims"], facts["scale"], facts["wall"]) == (3, "unit", True)
    clips = _check_descriptions(study, paws=True)
    assert len(clips) == pytest.approx(3 * 600, abs=40)
    page = _report(study)
    for said in ("7678 (adult)", "7678 (young)", "2 animals in 3 recordings", "licks or wipes"):
        assert said.casefold() in page.casefold()
    assert "look exchanged" not in page
    hits, _, _ = search_study(study, "mouse standing on two legs", top=3)
    assert all("rears" in hit["sentence"] or "rear up" in hit["sentence"] for hit in hits)


def test_subtle_sides_that_are_exchanged_are_noticed(test_data: Data, tmp_path: Path) -> None:
    names = [
        name.replace("left", "*").replace("right", "left").replace("*", "right")
        for name in SUBTLE_NAMES
    ]
    csv = test_data("subtle-avatar3d") / "y5a5" / "coords" / "adult_6112.csv"
    new = NewRecording("m", poses=[(None, csv)], keypoints=names, fps=20, unit="cm")
    assert "left and right look exchanged" in _report(_one(tmp_path / "study", new))


def test_vame_film_and_poses_beside_it(test_data: Data, tmp_path: Path) -> None:
    for source in (test_data("vame-sample") / "tests_project_sample_data").iterdir():
        shutil.copy(source, tmp_path)
    made = study_for_file(tmp_path / "cropped_video.mp4", seen_from="below")
    assert made.added is not None
    assert any("750 frames" in remark and "749" in remark for remark in made.added.remarks)
    study = Study.open(made.folder)
    run_study(Work(study))
    facts = _facts(study, "cropped_video")
    assert facts == {"frames": 750, "keypoints": 6, "dims": 2, "scale": "assumed", "wall": True}
    assert len(_check_descriptions(study, paws=True)) == 150
    page = _report(study)
    assert page.count("data:image/jpeg") >= 10
    assert "How it changes over time" not in page


@pytest.mark.parametrize("name", FREEZING_LABELS)
def test_freezing_under_any_name(test_data: Data, tmp_path: Path, name: str) -> None:
    folder = test_data("behaviordepot-freezing-demo1") / "demo1"
    study = Study.create(tmp_path / "study")
    study.set_section("clips", rate=1.0)
    poses = [(None, folder / "demo1_tracking.csv")]
    add_recording(study, NewRecording("demo1", poses=poses, fps=50, px_per_cm=32))
    labels = tmp_path / "mine.toml"
    labels.write_text(
        f'[{name}]\ndefinition = "{FREEZING_LABELS[name]}"\n'
        '[moving]\ndefinition = "the mouse moves"\n',
        encoding="utf-8",
    )
    classify_study(Work(study), labels)
    truth = {"demo1": folder / "hB_demo1_manual_annotations.mat.mat"}
    result = evaluate_study(study, truth)
    assert result["frames"] == 6000
    assert result["per_class"][name]["f1"] > 0.92
    if name == "freezing":
        run_study(Work(study))
        assert _facts(study, "demo1")["scale"] == "given"
        assert len(_check_descriptions(study, paws=False)) == 120
        assert "macro-F1" in _report(study)


def test_deepof_four_seconds_from_above(test_data: Data, tmp_path: Path) -> None:
    folder = test_data("deepof-single-topview") / "test_single_topview"
    study = _one(
        tmp_path / "study",
        NewRecording(
            id="top",
            films=[(None, folder / "Videos" / "test2DLC_video_circular_arena.mp4")],
            poses=[(None, folder / "Tables" / "test2DLC_h5_table.h5")],
        ),
    )
    facts = _facts(study, "top")
    assert facts == {"frames": 100, "keypoints": 14, "dims": 2, "scale": "assumed", "wall": True}
    assert len(_check_descriptions(study, paws=False)) == 4
    page = _report(study)
    assert "Very short recordings" in page
    assert "What follows what" not in page
    assert "data:image/jpeg" in page


def test_bsoid_from_below(test_data: Data, tmp_path: Path) -> None:
    csv = next((test_data("bsoid-openfield-bottomup") / "examples").glob("*.csv"))
    new = NewRecording("raw1", poses=[(None, csv)], fps=60, seen_from="below")
    study = _one(tmp_path / "study", new)
    facts = _facts(study, "raw1")
    assert facts == {"frames": 7200, "keypoints": 6, "dims": 2, "scale": "assumed", "wall": True}
    clips = _check_descriptions(study, paws=True)
    assert len(clips) == 120
    assert clips["label"].eq("walking").mean() > 0.4
    assert "look exchanged" not in _report(study)


def test_lightning_pose_labels_of_single_pictures_show_postures(
    test_data: Data, tmp_path: Path
) -> None:
    folder = test_data("lightning-pose-mirror-mouse") / "mirror-mouse-example"
    new = NewRecording(
        id="mirror",
        films=[(None, folder / "videos" / "test_vid.mp4")],
        poses=[(None, folder / "CollectedData.csv")],
    )
    study = _one(tmp_path / "study", new)
    said = study.recording("mirror").store.read_table("descriptions")
    assert len(said) == 90
    assert (said["status"] == "described").mean() > 0.9
    assert not said["overall"].str.contains("walk|run|moves").any()
    page = _report(study)
    assert "in 90 single pictures" in page
    assert not re.search(r"\b\d{4,} %", page)
    for meaningless in ("What follows what", "Where the animals went", "Who did what, and when"):
        assert meaningless not in page


@pytest.mark.parametrize(("view", "seen_from"), [("top", "above"), ("side", "side")])
def test_sleap_anipose_one_view(test_data: Data, tmp_path: Path, view: str, seen_from: str) -> None:
    folder = test_data("sleap-anipose-4view-mouse") / "minimal_session" / view
    study = _one(
        tmp_path / "study",
        NewRecording(
            id=view,
            films=[(None, folder / f"minimal_{view}.mp4")],
            poses=[(None, folder / f"minimal_{view}_proofread.analysis.h5")],
            seen_from=seen_from,
        ),
    )
    # It never leaves its place: where the wall is cannot be told.
    facts = _facts(study, view)
    assert facts == {"frames": 120, "keypoints": 15, "dims": 2, "scale": "assumed", "wall": False}
    clips = _check_descriptions(study, paws=False)
    assert len(clips) == 4
    assert set(clips["label"]) <= {"freezing", "standing", "sniffing", "crouching"}
    page = _report(study)
    assert "data:image/jpeg" in page
    assert ("from the side" in page) == (seen_from == "side")
    if seen_from == "side":
        said = clips[[*SECTIONS]].agg(" ".join, axis=1)
        assert not said.str.contains(r"\b(?:left|right|wall)\b").any()
