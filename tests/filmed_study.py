"""A study of one short film that no two frames of are alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.pipeline.test_add import write_poses
from mousegpt_core.pipeline import NewRecording, add_recording
from mousegpt_core.study import Study
from mousegpt_core.video import write_film

FRAMES = 150
#: Of the protocol `mousegpt`, five a second.
CLIPS = 25


def make_filmed_study(folder: Path) -> Study:
    """Five seconds of noise and a mouse that walks through it; a slow server is no failure."""
    draw = np.random.default_rng(1)
    pictures = (draw.integers(0, 256, (50, 50, 3), np.uint8) for _ in range(FRAMES))
    film = write_film(folder / "m.mp4", (one.repeat(4, 0).repeat(4, 1) for one in pictures), 30.0)
    study = Study.create(folder / "study")
    poses = write_poses(folder / "m.csv", FRAMES)
    add_recording(study, NewRecording("m", films=[(None, film)], poses=[(None, poses)]))
    patient = {"attempts": 8, "first_wait_s": 0.01, "longest_wait_s": 1.0}
    study.set_section("describe", describer="openai", model="", retrying=patient)
    return study
