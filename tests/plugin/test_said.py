"""What is said of a clip, with its corrections and what speaks against it."""

from __future__ import annotations

from pathlib import Path

from mousegpt_core.pipeline import Work, curate_study, edit_descriptions
from mousegpt_core.pipeline.editing import one_correction
from mousegpt_core.study import Study
from napari_mousegpt.said import read_judged, read_said, scores_words


def test_the_clip_of_a_moment_is_told(own_study: Study) -> None:
    recording = own_study.recording("flat")
    clips = read_said(recording)
    assert clips is not None
    assert len(clips) == 18
    said = clips.at(1.1, "M1")
    assert said is not None
    assert said.start_s <= 1.1 < said.stop_s
    assert "mouse" in said.texts["overall"]
    assert said.speaker == "kinematic"
    assert (said.scores, said.against, said.edits) == ({}, (), {})
    assert clips.at(99.0, "M1") is None
    assert clips.at(1.1, "nobody") is None


def test_corrections_and_judgements_are_told(own_study: Study) -> None:
    recording = own_study.recording("space")
    assert read_judged(own_study, 3) is None
    animal = recording.info.individuals[0]
    first = read_said(recording)
    assert first is not None
    before = first.at(2.0, animal)
    assert before is not None
    edit_descriptions(
        own_study, one_correction(before.clip_id, {"overall": "The mouse dances."}), who="me"
    )
    curate_study(Work(own_study))
    again = read_said(recording)
    assert again is not None
    said = again.at(2.0, animal)
    assert said is not None
    assert said.texts["overall"] == "The mouse dances."
    assert said.edits["overall"].startswith("me, ")
    assert said.edits["overall"].endswith(before.texts["overall"])
    assert "relevance" in scores_words(said)
    summary = read_judged(own_study, 3)
    assert summary is not None
    assert summary["all"]["edited"] == 1
    worst = summary["worst"][0]
    assert worst["start_s"] < worst["stop_s"]
    assert worst["individual"]


def test_what_is_not_described_has_nothing_to_tell(tmp_path: Path, own_study: Study) -> None:
    recording = own_study.recording("flat")
    (recording.folder / "manifest.json").unlink()
    assert read_said(recording) is None
