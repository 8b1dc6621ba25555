"""Zones of a study: measured where they were drawn, exported, reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.errors import SettingsError, StageMissingError
from mousegpt_core.io import write_poses
from mousegpt_core.pipeline import NewRecording, Work, add_recording, export_study
from mousegpt_core.pipeline.recording_stages import run_kinematics
from mousegpt_core.pipeline.reporting import report_study
from mousegpt_core.pipeline.zones import unmeasured_zones, zone_uses
from mousegpt_core.poses import make_poses
from mousegpt_core.study import Recording, Study, Zone

#: The animal goes from x = 100 to 500 px in eight seconds.
FPS, SECONDS = 25, 8
LEFT = ((50.0, 50.0), (200.0, 50.0), (200.0, 150.0), (50.0, 150.0))


@pytest.fixture
def walked(tmp_path: Path) -> tuple[Study, Recording]:
    along = np.linspace(100, 500, FPS * SECONDS)
    points = {"nose": 40.0, "neck": 15.0, "tailbase": -40.0}
    position = np.stack([[along + x, np.full(len(along), 100.0)] for x in points.values()], axis=-1)
    poses = make_poses(
        position.transpose(1, 0, 2)[..., None], keypoints=list(points), individuals=["M1"], fps=FPS
    )
    file = write_poses(poses, tmp_path / "m.csv", format="dlc-csv")
    study = Study.create(tmp_path / "study")
    new = NewRecording(id="m", poses=[("top", file)], px_per_cm=10.0, fps=FPS)
    recording = add_recording(study, new).recording
    run_kinematics(Work(study), recording)
    return study, recording


def test_a_zone_is_measured_in_the_picture_that_it_was_drawn_in(
    walked: tuple[Study, Recording],
) -> None:
    study, recording = walked
    recording.change(zones=[{"name": "left", "view": "top", "corners": LEFT}])
    (use,) = zone_uses(study, recording)
    # A quarter of the way, the middle of the body being near the place that moves.
    assert use.seconds == pytest.approx(SECONDS / 4, abs=0.5)
    assert (use.zone, use.entries, use.latency_s) == ("left", 1, 0.0)
    # Movement stays as it is.
    key = run_kinematics(Work(study), recording)
    recording.change(zones=[])
    assert run_kinematics(Work(study), recording) == key
    assert zone_uses(study, recording) == []


def test_a_zone_of_a_view_without_movement_is_told(walked: tuple[Study, Recording]) -> None:
    study, recording = walked
    views = [*recording.info.model_dump(mode="json")["views"], {"name": "side"}]
    zones = [
        {"name": "left", "view": "side", "corners": LEFT},
        {"name": "left", "view": "top", "corners": LEFT},
    ]
    recording.change(views=views, zones=zones)
    (use,) = zone_uses(study, recording)
    assert use.zone == "left (top)"
    (told,) = unmeasured_zones(study, recording)
    assert "'side'" in told


def test_zones_are_exported_and_reported(study: Study) -> None:
    with pytest.raises(StageMissingError, match="no zone"):
        export_study(study, "zones")
    everywhere = ((-1e6, -1e6), (1e6, -1e6), (0.0, 1e6))
    study.recording("M1").change(zones=[{"name": "<home>", "corners": everywhere}])
    (file,) = export_study(study, "zones")
    table = pd.read_csv(file)
    assert table[["animal", "zone", "entries", "latency_s"]].values.tolist() == [
        ["M1", "<home>", 1, 0.0]
    ]
    assert table["share"].tolist() == [1.0]
    page = Path(report_study(Work(study))["report"]).read_text(encoding="utf-8")
    assert "&lt;home&gt;" in page
    assert "time in it (s)" in page


def test_what_a_person_wrote_stays_when_zones_come_and_go(walked: tuple[Study, Recording]) -> None:
    _, recording = walked
    path = recording.toml_path
    path.write_text(path.read_text(encoding="utf-8") + "\n# mine\n", encoding="utf-8")
    before = recording.info
    zone = Zone(name="left", view="top", corners=LEFT)
    assert recording.change(zones=[zone.model_dump()]) == before
    assert recording.info.zones == (zone,)
    recording.change(zones=[zone.model_dump(), {**zone.model_dump(), "name": "other"}])
    recording.change(zones=[])
    assert recording.info == before
    assert "# mine" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("zones", "word"),
    [
        ([{"name": "a", "corners": LEFT[:2]}], "corners"),
        ([{"name": " ", "corners": LEFT}], "a name"),
        ([{"name": "a", "view": "none", "corners": LEFT}], "'none'"),
        ([{"name": "a", "corners": LEFT}] * 2, "same name"),
    ],
)
def test_impossible_zones_leave_the_file_as_it_was(
    walked: tuple[Study, Recording], zones: list[dict[str, object]], word: str
) -> None:
    _, recording = walked
    before = recording.toml_path.read_bytes()
    with pytest.raises(SettingsError, match=word):
        recording.change(zones=zones)
    assert recording.toml_path.read_bytes() == before
