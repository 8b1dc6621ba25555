"""Moments like a moment, in a study of mice whose behaviour is known by script."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.errors import DataError, StageMissingError
from mousegpt_core.pipeline import Work
from mousegpt_core.pipeline.likeness import By, search_like
from mousegpt_core.pipeline.study_stages import all_described_clips
from mousegpt_core.progress import Progress
from mousegpt_core.study import Provenance, Study


@pytest.mark.parametrize("by", ["words", "movement", "both"])
@pytest.mark.parametrize(
    ("recording", "moment", "activity"),
    [("M1", 2.0, "walking"), ("M1", 6.0, "freezing"), ("M1", 10.0, "groom"), ("M2", 1.5, "rear")],
)
def test_what_is_found_is_the_same_activity(
    study: Study, by: By, recording: str, moment: float, activity: str
) -> None:
    hits, ranking, note = search_like(Work(study), recording, moment, by=by, top=3)
    clips = all_described_clips(study).set_index("clip_id")
    labels = clips.loc[[hit["clip_id"] for hit in hits], "label"]
    assert sum(activity in label for label in labels) >= 2, list(labels)
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-6 for score in scores)
    everything = pd.read_csv(ranking)
    assert len(everything) == len(clips) - 1
    here = clips[(clips["recording"] == recording) & (clips["start_s"] <= moment)].index[-1]
    assert here not in set(everything["clip_id"])
    assert note == ""


def test_clips_are_measured_once(study: Study) -> None:
    search_like(Work(study), "M1", 2.0)
    steps: list[Progress] = []
    search_like(Work(study, steps.append), "M1", 6.0)
    assert {one.message for one in steps} == {"up to date"}


def test_by_movement_the_pace_counts(study: Study) -> None:
    clips = all_described_clips(study)
    hits = search_like(Work(study), "M1", 2.0, by="movement", top=5).hits
    measured = pd.concat(
        [one.store.read_table("quantities") for one in study.recordings.values()]
    ).set_index("clip_id")["speed.mean"]
    mine = clips[(clips["recording"] == "M1") & (clips["start_s"] <= 2.0)]["clip_id"].iloc[-1]
    found = measured[[hit["clip_id"] for hit in hits]]
    everyone = np.abs(np.log1p(measured) - np.log1p(measured[mine]))
    assert np.abs(np.log1p(found) - np.log1p(measured[mine])).max() < everyone.median()


def test_a_recording_without_clips_is_like_nothing(study: Study) -> None:
    store = study.recording("M2").store
    store.write_table(Provenance("clips", 99, {}, {}), store.read_table("clips").iloc[:0])
    hits = search_like(Work(study), "M1", 2.0, by="movement").hits
    assert {hit["recording"] for hit in hits} == {"M1"}


def test_what_cannot_be_found(study: Study) -> None:
    with pytest.raises(DataError, match="nothing is told of M1 at 999 s"):
        search_like(Work(study), "M1", 999.0)
    with pytest.raises(DataError, match="nothing is told of stranger"):
        search_like(Work(study), "M1", 2.0, individual="stranger")


def test_a_study_that_was_not_run(fresh: Study) -> None:
    with pytest.raises(StageMissingError):
        search_like(Work(fresh), "M1", 2.0)
