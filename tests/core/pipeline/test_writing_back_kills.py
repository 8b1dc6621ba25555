"""A person's files while corrections are written into them: killed, or on a disk that is full.

``MOUSEGPT_KILLS=50 pytest --slow ...`` kills more often.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.io import read_poses, write_poses
from mousegpt_core.pipeline import NewRecording, add_recording
from mousegpt_core.pipeline.correcting import add_pose_edit
from mousegpt_core.pipeline.writing_back import write_back
from mousegpt_core.poses import make_poses
from mousegpt_core.study import Study
from mousegpt_core.study.pose_edits import MovePoints
from small_disk import Disk

pytestmark = pytest.mark.slow
ROUNDS = int(os.environ.get("MOUSEGPT_KILLS", "2"))
#: Format, name of the file, and so many frames that writing takes a moment.
FILES = {
    "dlc-csv": ("mine.csv", 3000),
    "sleap-h5": ("mine.analysis.h5", 20000),
    "sleap-slp": ("mine.slp", 1500),
    "coco": ("mine.json", 1500),
    "wide-csv": ("mine.csv", 3000),
}
WRITE = """
import sys
from mousegpt_core.pipeline.writing_back import write_back
from mousegpt_core.study import Study
import mousegpt_core.io, h5py, pandas, numpy
study = Study.open(sys.argv[1])
sys.stdout.write("now\\n")
sys.stdout.flush()
write_back(study, into_files=True)
"""


def make(folder: Path, format: str) -> tuple[Study, Path]:
    """A study of a file of poses, of which a point was corrected."""
    name, frames = FILES[format]
    position = np.random.default_rng(1).uniform(10, 90, size=(frames, 2, 3, 1))
    poses = make_poses(
        position, np.full((frames, 3, 1), 0.9), keypoints=["nose", "left_ear", "right_ear"],
        individuals=["mouse"], fps=30.0,
    )  # fmt: skip
    file = write_poses(poses, folder / name, format=format)
    study = Study.create(folder / "study")
    add_recording(study, NewRecording(id="A", poses=[(None, file)], fps=30.0))
    recording = study.recording("A")
    (source,), (animal,) = recording.info.poses, recording.info.individuals
    edit = MovePoints(frame=6, points=(("nose", animal),), to=((1.5, 2.5),))
    add_pose_edit(recording, source.view, edit, who="me")
    return study, file


def is_corrected(file: Path, format: str) -> bool:
    """Whether the correction is in the file, all else being there."""
    poses = read_poses(file, format=format, fps=30.0)
    assert poses.sizes["time"] == FILES[format][1]
    assert np.isfinite(poses["position"]).all()
    nose = poses["position"].isel(time=6, individual=0).sel(keypoint="nose")
    return bool(np.allclose(nose, [1.5, 2.5], atol=1e-3))


def kept(file: Path) -> list[bytes]:
    """What the file was before, as it is kept beside it."""
    return [copy.read_bytes() for copy in file.parent.glob(f"{file.name}.before-*")]


@pytest.mark.parametrize("format", FILES)
def test_a_file_is_the_old_or_the_new_one_whenever_it_is_killed(
    format: str, tmp_path: Path
) -> None:
    draw, longest_s = random.Random(0), 1.5
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        folder.mkdir()
        study, file = make(folder, format)
        before = file.read_bytes()
        with subprocess.Popen(
            [sys.executable, "-c", WRITE, str(study.folder)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "now\n"
            began = time.monotonic()
            until = draw.uniform(0, longest_s)
            while process.poll() is None and time.monotonic() - began < until:
                time.sleep(0.002)
            if process.poll() is not None:  # too late: earlier the next time
                longest_s = time.monotonic() - began
            process.kill()
        assert (file.read_bytes() == before) != is_corrected(file, format)
        assert file.read_bytes() == before or before in kept(file)
        if not is_corrected(file, format):
            write_back(Study.open(study.folder), into_files=True)
        assert is_corrected(file, format)
        assert before in kept(file)


@pytest.mark.parametrize("format", FILES)
def test_a_file_on_a_full_or_read_only_disk_stays_as_it_was(format: str, disk: Disk) -> None:
    study, file = make(disk.place, format)
    before = file.read_bytes()
    for begin, end in ((disk.fill, disk.make_room), (disk.protect, disk.release)):
        begin()
        with pytest.raises(MouseGPTError, match="disk is not full"):
            write_back(study, into_files=True)
        assert file.read_bytes() == before
        end()
    write_back(study, into_files=True)
    assert is_corrected(file, format)
    assert before in kept(file)
    assert not list(disk.place.glob(".writing-*"))
