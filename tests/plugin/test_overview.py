"""What Home, Study and Ethogram show of a study, without a window."""

from __future__ import annotations

from pathlib import Path

import pytest

from mousegpt_core.errors import StageMissingError
from mousegpt_core.pipeline.out_of_date import OutOfDate
from mousegpt_core.study import Study
from napari_mousegpt.ethograms import ethogram_of, schemes_of
from napari_mousegpt.overview import next_words, overview, recording_words


def test_an_empty_study_needs_recordings(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "new")
    steps = overview(study)
    assert not any(step.is_done for step in steps)
    assert next_words(steps) == "Add recordings"
    assert schemes_of(study) == []
    with pytest.raises(StageMissingError, match="no recording has been analysed"):
        ethogram_of(study, "activities")


def test_a_study_that_was_run_misses_only_treatments(study_folder: Path) -> None:
    study = Study.open(study_folder)
    steps = {step.name: step for step in overview(study)}
    assert [name for name, step in steps.items() if not step.is_done] == ["Treatments"]
    assert (steps["Treatments"].done, steps["Treatments"].words) == (1, "1 of 2")
    assert steps["Report"].words == "done"
    assert next_words(list(steps.values())) == "Bring all up to date"
    words = [recording_words(one) for one in study.recordings.values()]
    assert words == ["2 films, poses", "poses"]


def test_what_is_missing_is_named(study_folder: Path, tmp_path: Path) -> None:
    study = Study.create(tmp_path / "new")
    info = Study.open(study_folder).recording("space").info
    file = study_folder.parent / "space.csv"
    poses = tuple(one.model_copy(update={"path": str(file)}) for one in info.poses)
    study.add_recording(info.model_copy(update={"poses": poses}))
    words = next_words(overview(study))
    assert words == "Go on: movement, ethogram, descriptions, behaviours, report"


def test_what_is_older_than_a_correction_is_told(study_folder: Path) -> None:
    study = Study.open(study_folder)
    older = {"kinematics": (), "activities": ("flat",), "descriptions": ("flat", "space")}
    made = overview(study, OutOfDate(older, ("report",)))
    steps = {step.name: step for step in made}
    assert [step.name for step in made if step.old] == ["Ethogram", "Descriptions", "Report"]
    assert steps["Ethogram"].words == "2 of 2, 1 out of date"
    assert "In: flat." in steps["Ethogram"].hint
    assert (steps["Report"].words, steps["Behaviours"].words) == ("out of date", "done")
    assert next_words(made) == "Renew: ethogram, descriptions, report"


def test_an_ethogram_has_a_row_an_animal(study_folder: Path) -> None:
    study = Study.open(study_folder)
    assert schemes_of(study) == ["activities", "profile"]
    for scheme in ("activities", "profile"):
        data = ethogram_of(study, scheme)
        assert sorted(row.recording for row in data.rows) == ["flat", "space"]
        assert sum(len(bars.row) for bars in data.bars) == len(data.bouts)
        first = data.bouts.iloc[0]
        assert data.at(int(first["row"]), float(first["start_s"])) == first["name"]
        assert data.at(0, 1e6) == ""
        assert all(bars.colour.startswith("#") for bars in data.bars)


def test_a_recording_that_cannot_be_read_is_named(own_study: Study) -> None:
    own_study.recording("flat").toml_path.write_text("id = ")
    steps = overview(own_study)
    assert steps[0].words == "1 of 2"
    assert "flat" in steps[0].hint
    assert next_words(steps) == "Bring all up to date"
