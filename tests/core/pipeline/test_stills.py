"""Pictures of a moment, one of each view, whatever the views' clocks."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.pipeline.test_add import write_blank_film, write_poses
from mousegpt_core.pipeline import NewRecording, Work, add_recording
from mousegpt_core.pipeline.curating import described_clips
from mousegpt_core.pipeline.recording_stages import run_descriptions
from mousegpt_core.pipeline.stills import stills_of
from mousegpt_core.study import Study
from mousegpt_core.video import write_film


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Poses of `top` (30 frames a second); `side` has half of them and began 0.4 s later."""
    study = Study.create(tmp_path / "study")
    side = (np.full((100, 100, 3), 90, np.uint8) for _ in range(20))
    new = NewRecording(
        "m",
        films=[
            ("side", write_film(tmp_path / "side.mp4", side, 15.0)),
            ("top", write_blank_film(tmp_path / "top.mp4", 50)),
        ],
        poses=[("top", write_poses(tmp_path / "m.csv", 60))],
        offsets=[("side", 0.4)],
    )
    run_descriptions(Work(study), add_recording(study, new).recording)
    return study


def test_fluorescence_is_shown_only_where_there_is_nothing_else(study: Study) -> None:
    recording = study.recording("m")
    clip = described_clips(recording).sort_values("start_s").iloc[3]
    info = recording.info
    for channels, shown in ((("", "fluorescence"), ["side"]), (("Fluo", "Fluo"), ["top", "side"])):
        views = tuple(
            view.model_copy(update={"films": (view.films[0].model_copy(update={"channel": each}),)})
            for view, each in zip(info.views, channels, strict=True)
        )
        recording.update(info.model_copy(update={"views": views}))
        with stills_of(study) as stills:
            assert list(stills.frames(clip)) == shown


def test_a_moment_in_each_view(study: Study) -> None:
    clips = described_clips(study.recording("m")).sort_values("start_s")
    with stills_of(study) as stills:
        shown = [stills.frames(clip) for _, clip in clips.iterrows()]
        pictures = [stills.take(clip) for _, clip in clips.iterrows()]
    # Clips of 6 frames; the side's frame n is at 0.4 + n / 15 s; the top's film breaks off.
    assert shown[0] == {"top": 2}
    assert list(shown[3]) == ["top", "side"]
    assert shown[3] == {"top": 20, "side": 4}
    assert shown[8] == {"side": 19}
    assert shown[9] == {}
    sizes = [Image.open(io.BytesIO(each)).size if each else None for each in pictures]
    assert (sizes[0], sizes[3], sizes[9]) == ((360, 270), (720, 270), None)


def test_a_folder_of_pictures_is_a_film_too(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in (*range(20), *range(25, 60)):
        grey = np.full((200, 200), number, np.uint8)
        Image.fromarray(grey).save(pictures / f"{number:03d}.png")
    study = Study.create(tmp_path / "study")
    poses = write_poses(tmp_path / "m.csv", 55)
    new = NewRecording("m", films=[("top", pictures)], poses=[("top", poses)], fps=30.0)
    added = add_recording(study, new)
    assert any("5 pictures are missing" in remark for remark in added.remarks)
    run_descriptions(Work(study), added.recording)
    clips = described_clips(added.recording).sort_values("start_s")
    # Picture 25 of those that are there was taken after one second.
    after = clips[clips["start_s"] == 1.0].iloc[0]
    assert after["start_frame"] == 25
    with stills_of(study) as stills:
        assert stills.take(after) is not None
        assert not stills.warnings
