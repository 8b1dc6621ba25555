"""Work as a subprocess: progress, result, errors with their hints, stopping."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from mousegpt_core.study import Study
from napari_mousegpt.jobs import Job

#: Far more than any of these takes.
LONG = 120.0


def test_a_job_tells_its_progress_and_its_result(study_folder: Path) -> None:
    job = Job("Analysing", ["run", str(study_folder)])
    assert job.wait(LONG)
    steps = job.steps()
    assert {step.recording for step in steps} >= {"flat", "space"}
    assert job.steps() == []
    assert job.outcome.kind == "done"
    assert Path(job.outcome.result["report"]).is_file()


def test_an_error_has_its_hint_and_details(tmp_path: Path) -> None:
    job = Job("Analysing", ["run", str(tmp_path / "none")])
    assert job.wait(LONG)
    outcome = job.outcome
    assert outcome.kind == "failed"
    assert "none" in outcome.message
    assert outcome.hint
    assert outcome.details.startswith("mousegpt run")


def test_recordings_that_failed_are_named(tmp_path: Path) -> None:
    poses = tmp_path / "a.csv"
    poses.write_text("nose_x,nose_y\n" + "1,2\n" * 40)
    study = tmp_path / "study"
    for command in (
        ["new", str(study)],
        ["add", str(study), "--id", "a", "--poses", str(poses), "--fps", "30"],
    ):
        assert Job("", command).wait(LONG)
    toml = study / "recordings" / "a" / "recording.toml"
    toml.write_text(toml.read_text().replace("fps = 30.0", "fps = 30.0\nformat = 'nwb'"))
    job = Job("Analysing", ["run", str(study)])
    assert job.wait(LONG)
    assert job.outcome.kind == "failed"
    assert job.outcome.message


@pytest.mark.skipif(sys.platform == "win32", reason="told at its start there")
def test_a_job_lets_the_window_go_first(tmp_path: Path) -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    job = Job("Drawing", ["synth", "--out", str(tmp_path / "made"), "--seconds", "60"])
    try:
        assert os.getpriority(os.PRIO_PROCESS, job._process.pid) == min(ours + 10, 19)
    finally:
        job.cancel()
        job.cancel()
        assert job.wait(LONG)
    # But not where one waits for it.
    job = Job("Version", ["--version"], waited_for=True)
    assert os.getpriority(os.PRIO_PROCESS, job._process.pid) == ours
    assert job.wait(LONG)


@pytest.mark.skipif(sys.platform == "win32", reason="a job is ended at once there")
def test_a_job_is_stopped_before_it_began_though_interrupts_are_ignored_here(
    tmp_path: Path,
) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        job = Job("Drawing", ["synth", "--out", str(tmp_path / "made"), "--seconds", "600"])
        job.cancel()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert job.wait(LONG)
    assert job.outcome.kind == "stopped"


@pytest.mark.skipif(sys.platform == "win32", reason="a job is ended at once there")
def test_a_job_stops_after_its_step(tmp_path: Path) -> None:
    command = ["synth", "--out", str(tmp_path / "made"), "--seconds", "60", "--cameras", "1"]
    job = Job("Drawing", command)
    while not job.steps() and job.running:
        time.sleep(0.02)
    job.cancel()
    if not job.wait(LONG / 4):
        job.cancel()
        assert job.wait(LONG / 4)
    assert job.outcome.kind == "stopped"


def test_a_job_can_be_ended_at_once(study_folder: Path, tmp_path: Path) -> None:
    job = Job("Making", ["demo", "--out", str(tmp_path / "demo")])
    job.cancel()
    job.cancel()
    assert job.wait(LONG)
    assert job.outcome.kind == "stopped"
    assert Study.open(study_folder).recordings
