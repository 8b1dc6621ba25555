"""Descriptions judged by kinematics: marked, never deleted; a person's edits win."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commands import mousegpt
from mousegpt_core.errors import DataError, SettingsError, StageMissingError
from mousegpt_core.pipeline import (
    Work,
    curate_study,
    edit_descriptions,
    export_study,
    profile_study,
    run_study,
)
from mousegpt_core.pipeline.curating import (
    curated_clips,
    described_clips,
    judgements_of,
    run_judgements,
    said_clips,
)
from mousegpt_core.pipeline.editing import (
    one_correction,
    read_corrections,
    undo_correction,
)
from mousegpt_core.pipeline.recording_stages import run_descriptions
from mousegpt_core.pipeline.study_stages import all_described_clips
from mousegpt_core.study import Study

WRONG = "The mouse runs quickly, its head turned to the left."


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, run_once: Path) -> Path:
    """A study that was run and judged, to be copied."""
    folder = shutil.copytree(run_once, tmp_path_factory.mktemp("judged") / "study")
    curate_study(Work(Study.open(folder)))
    return folder


@pytest.fixture
def study(judged: Path, tmp_path: Path) -> Study:
    return Study.open(shutil.copytree(judged, tmp_path / "study"))


def freezing_clip(study: Study) -> str:
    said = said_clips(study.recording("M1"))
    return str(said.loc[said["label"] == "freezing", "clip_id"].iloc[2])


def test_own_descriptions_pass_nearly_all(study: Study) -> None:
    result = curate_study(Work(study))
    everything = result["all"]
    assert everything["clips"] == everything["judged"] == everything["kept"] > 50
    assert sum(result["contradictions"].values()) <= 0.02 * everything["clips"]
    assert sum(result["histogram"]["accuracy"][9:]) >= 0.98 * everything["clips"]
    assert len(result["best"]) == len(result["worst"]) == 3
    assert result["thresholds"] == {}
    scores = judgements_of(study.recording("M1"), "kinematic")
    assert scores["answer_id"].is_unique
    assert scores[["accuracy", "coherence", "relevance"]].max().max() <= 10


def test_a_second_time_nothing_is_made(study: Study) -> None:
    before = study.recording("M1").store.entry("judgements/kinematic")
    assert before is not None
    assert run_judgements(Work(study), study.recording("M1")) == before.key


def test_without_thresholds_nothing_is_dropped_or_needed(study: Study) -> None:
    recording = study.recording("M1")
    pd.testing.assert_frame_equal(described_clips(recording), said_clips(recording))
    assert curated_clips(recording)["kept"].all()


def test_what_misses_a_threshold_is_marked_and_left_out(study: Study) -> None:
    # So high that the ones of which little is said fall out.
    recording = study.recording("M1")
    scores = curated_clips(recording)["accuracy"]
    assert scores.notna().all()
    result = curate_study(Work(study), thresholds={"accuracy": 10.0, "coherence": 10.0})
    curated = curated_clips(recording)
    dropped = curated[~curated["kept"]]
    assert result["recordings"]["M1"]["dropped"] == len(dropped)
    assert set(dropped["clip_id"]).isdisjoint(described_clips(recording)["clip_id"])
    assert (dropped["why_dropped"] != "").all()
    assert len(said_clips(recording)) == len(curated)
    assert "accuracy = 10.0" in study.toml_path.read_text()


def test_thresholds_reach_profile_and_export(study: Study) -> None:
    profile_study(Work(study))
    rows = len(all_described_clips(study))
    clip = freezing_clip(study)
    recording = study.recording("M1")
    answer = said_clips(recording).set_index("clip_id").at[clip, "answer_id"]
    scores = recording.store.read_table("judgements/kinematic")
    low = float(scores.set_index("answer_id").at[answer, "accuracy"])
    study.set_section("curation", accuracy=low)
    profile_study(Work(study))
    assert len(all_described_clips(study)) == rows
    file = export_study(study, "descriptions")[0]
    assert {"kept", "why_dropped", "accuracy", "contradictions"} <= set(pd.read_csv(file).columns)


def test_thresholds_need_judgements_of_what_is_said_now(study: Study) -> None:
    study.set_section("curation", accuracy=5.0)
    study.set_section("clips", rate=2.0)
    recording = study.recording("M1")
    run_descriptions(Work(study), recording)
    with pytest.raises(StageMissingError, match="not judged"):
        described_clips(recording)
    assert run_study(Work(study))["failed"] == {}
    assert len(described_clips(recording)) > 0


def test_thresholds_that_nothing_passes_are_told(study: Study) -> None:
    recording = study.recording("M1")
    table = recording.store.read_table("judgements/kinematic")
    assert table["contradictions"].notna().any()
    study.set_section("curation", relevance=10.0, accuracy=10.0, coherence=10.0)
    kept = len(described_clips(recording))
    assert kept <= len(said_clips(recording))
    with pytest.raises(SettingsError, match="accuracy"):
        curate_study(Work(study), thresholds={"accuracy": 11})
    with pytest.raises(SettingsError, match="no such key"):
        curate_study(Work(study), thresholds={"accuracies": 1})


def test_a_persons_edit_is_kept_whatever_the_judge_says(study: Study) -> None:
    clip = freezing_clip(study)
    table = pd.DataFrame({"clip_id": [clip], "overall": [WRONG], "label": ["running"]})
    assert edit_descriptions(study, table, who="me")["edited"] == 2
    assert edit_descriptions(study, table)["unchanged"] == 2
    study.set_section("curation", accuracy=10.0, contradictions=0.0)
    recording = study.recording("M1")
    row = described_clips(recording).set_index("clip_id").loc[clip]
    assert (row["overall"], row["label"], row["edited"]) == (WRONG, "running", True)
    edits = recording.log.edits("description")
    assert set(edits["who"]) == {"me"}
    assert "freez" in edits.set_index("field").at["overall", "old"]


def test_a_correction_is_taken_back_and_the_one_before_it_holds(study: Study) -> None:
    clip, recording = freezing_clip(study), study.recording("M1")
    before = said_clips(recording).set_index("clip_id").loc[clip]

    def correct(id: str, field: str, new: str, who: str = "") -> int:
        return int(edit_descriptions(study, one_correction(id, {field: new}), who=who)["edited"])

    assert correct(clip, "overall", "One.", who="me") == 1
    assert correct(clip, "overall", "One.") == 0
    assert correct(clip, "overall", "Two.", who="you") == 1
    with pytest.raises(DataError, match="tail"):
        correct(clip, "tail", "It is long.")
    with pytest.raises(DataError, match="no clip is called"):
        correct("M1/nobody@1", "overall", "It sits.")
    said = []
    for _ in range(3):
        said.append(undo_correction(recording, clip, who="me"))
        said.append(said_clips(recording).set_index("clip_id").at[clip, "overall"])
    assert said == ["overall", "One.", "overall", before["overall"], "", before["overall"]]
    assert not said_clips(recording)["edited"].any()
    assert mousegpt("edit", study.folder, clip, "--say", "head=It looks up.").code == 0
    assert mousegpt("edit", study.folder, clip, "--undo", "--json").json["taken_back"] == "head"


def test_corrections_come_from_a_table_as_it_was_exported(study: Study, tmp_path: Path) -> None:
    file = export_study(study, "descriptions")[0]
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table.loc[3, "head"] = "The head is raised."
    table.to_csv(tmp_path / "corrected.csv", index=False, sep=";")
    result = edit_descriptions(study, read_corrections(tmp_path / "corrected.csv"))
    assert (result["edited"], result["clips"]) == (1, 1)
    assert "kept" in result["passed_over"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clip_id,lable\nx,y\n", "nothing to correct by"),
        ("overall\nThe mouse\n", "nothing to correct by"),
        ("", "no csv"),
        ("clip_id,label\nM9/nobody@1,running\n", "no clip is called"),
    ],
)
def test_wrong_corrections_change_nothing(
    study: Study, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "wrong.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        edit_descriptions(study, read_corrections(tmp_path / "wrong.csv"))
    assert study.recording("M1").log.edits().empty
    assert np.all(~curated_clips(study.recording("M1"))["edited"])


def test_the_report_tells_it_where_it_was_judged(study: Study, run_once: Path) -> None:
    study.set_section("curation", accuracy=5.0)
    run_study(Work(study))
    page = (study.folder / "results" / "report.html").read_text()
    assert 'id="curation-scores"' in page
    assert "thresholds (accuracy 5)" in page
    assert 'id="curation"' not in (run_once / "results" / "report.html").read_text()
