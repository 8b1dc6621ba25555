"""Questions to a study of mice whose behaviour is known by script."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from mousegpt_core.errors import DataError
from mousegpt_core.pipeline import search_study
from mousegpt_core.pipeline.curating import described_clips
from mousegpt_core.pipeline.study_stages import all_described_clips
from mousegpt_core.study import Study


def _labels(study: Study, question: str, top: int = 3) -> list[str]:
    """Activities of the hits, in their order."""
    hits, _, _ = search_study(study, question, top=top)
    label = all_described_clips(study).set_index("clip_id")["label"]
    return [str(label[hit["clip_id"]]) for hit in hits]


@pytest.mark.parametrize(
    ("question", "posture"),
    [
        ("mouse standing on two legs", "rearing"),
        ("standing on its hind legs", "rearing"),
        ("sitting motionless near the wall", "freezing"),
        ("mouse does not move at all", "freezing"),
        ("washing its face", "groom"),
        ("licking its fur", "groom"),
        ("moves forward on all fours", "walking"),
        ("travels across the arena", "walking"),
    ],
)
def test_people_ask_in_their_own_words(study: Study, question: str, posture: str) -> None:
    found = _labels(study, question)
    assert all(posture in label for label in found), found


def test_hits_lie_apart_and_scores_fall(study: Study) -> None:
    hits, ranking, _ = search_study(study, "mouse walking", top=5)
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-6 for score in scores)
    starts = [(hit["recording"], round(hit["start_s"])) for hit in hits]
    assert len(set(starts)) == len(starts)
    assert Path(ranking).exists()


def test_a_corrected_sentence_is_found_at_once(study: Study, tmp_path: Path) -> None:
    own = Study.open(shutil.copytree(study.folder, tmp_path / "own"))
    recording = next(iter(own.recordings.values()))
    clip = str(described_clips(recording)["clip_id"].iloc[3])
    said = "The mouse is washing its face near the wall while rearing."
    recording.log.add_edit("description", clip, "overall", said)
    hits, _, _ = search_study(own, clip, top=3)
    assert clip not in [hit["clip_id"] for hit in hits]
    everything = pd.read_csv(search_study(own, "washing its face while rearing").ranking)
    assert everything["sentence"].eq(said).sum() == 1
    # Where most of them are others, the vectors no longer fit.
    for recording in own.recordings.values():
        for number, each in enumerate(described_clips(recording)["clip_id"]):
            recording.log.add_edit("description", each, "overall", f"It hums tune {number}.")
    with pytest.raises(DataError, match="others than those that were embedded"):
        search_study(own, "walking")


def test_what_is_not_understood_is_said(study: Study) -> None:
    with pytest.raises(DataError, match="xylophone") as caught:
        search_study(study, "xylophone")
    assert caught.value.hint


@pytest.mark.parametrize("question", ["the mouse is jumping", "running", "sleeping curled up"])
def test_what_did_not_happen_is_said(study: Study, question: str) -> None:
    hits, _, note = search_study(study, question)
    assert hits
    assert "nothing fits well: no moment of this study is told as" in note
    assert "these are only the nearest" in note


def test_what_could_not_be_judged_is_said(study: Study) -> None:
    assert "could not be judged here" in search_study(study, "head twitch").note


def test_words_that_fit_nothing_are_said(study: Study) -> None:
    assert search_study(study, "digging in the bedding").note.startswith("nothing fits well;")


@pytest.mark.parametrize(
    "question", ["mouse standing on two legs", "freezing", "near the wall", "turning left"]
)
def test_what_fits_needs_no_note(study: Study, question: str) -> None:
    assert search_study(study, question).note == ""
