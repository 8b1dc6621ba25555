"""The map of a study is a result like any other."""

from __future__ import annotations

import pandas as pd
import pytest

from mousegpt_core.errors import SettingsError, StageMissingError
from mousegpt_core.pipeline import Work, export_study, map_study
from mousegpt_core.pipeline.curating import described_clips
from mousegpt_core.pipeline.mapping import mapped_clips
from mousegpt_core.progress import Progress
from mousegpt_core.study import Study


def test_every_clip_is_on_the_map(study: Study) -> None:
    clips = mapped_clips(study)
    said = [described_clips(one) for one in study.recordings.values()]
    assert sorted(clips["clip_id"]) == sorted(pd.concat(said)["clip_id"])
    assert clips[["x", "y"]].notna().all(axis=None)
    (path,) = export_study(study, "map")
    assert pd.read_csv(path)["clip_id"].tolist() == clips["clip_id"].tolist()


def test_what_is_said_otherwise_moves(study: Study) -> None:
    steps: list[Progress] = []
    before = map_study(Work(study, steps.append))
    assert before["method"] == "tsne"
    assert [one.message for one in steps if one.stage == "map"] == ["up to date"]
    recording = study.recording("M1")
    clip = described_clips(recording)["clip_id"][0]
    recording.log.add_edit("description", clip, "overall", "The mouse digs in the bedding.")
    after = map_study(Work(study))
    assert after["map"] != before["map"]
    assert after["clips"] == before["clips"]


def test_other_settings_make_another_map(study: Study) -> None:
    study.set_section("map", method="pca")
    assert map_study(Work(study))["method"] == "pca"
    study.set_section("map", method="magic")
    with pytest.raises(SettingsError, match=r"\[map\]"):
        map_study(Work(study))


def test_without_a_map(fresh: Study) -> None:
    with pytest.raises(StageMissingError) as caught:
        mapped_clips(fresh)
    assert "mousegpt map" in caught.value.hint
