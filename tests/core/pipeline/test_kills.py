"""Runs that are killed, and several at once: the study ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from commands import Answer, differences, finish, kill_at_random, mousegpt, start
from mousegpt_core.pipeline import Work, run_study
from mousegpt_core.study import Study
from small_study import make_study

LOCKED = 3


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_run_is_resumed_to_the_same_study(seed: int, fresh: Study, run_once: Path) -> None:
    kill_at_random(fresh.folder, random.Random(seed))
    run_study(Work(Study.open(fresh.folder)))
    assert not differences(fresh.folder, run_once)


def test_two_runs_at_once_do_no_damage(fresh: Study, run_once: Path) -> None:
    both = [start("run", fresh.folder) for _ in range(2)]
    answers = [finish(process) for process in both]
    assert sum(answer.code == 0 for answer in answers) >= 1, answers
    for answer in answers:
        _assert_finished_or_told(answer)
    assert mousegpt("run", fresh.folder).code == 0
    assert not differences(fresh.folder, run_once)


def _assert_finished_or_told(answer: Answer) -> None:
    """A run that finds another one at work says who it is."""
    assert answer.code in (0, LOCKED), answer
    if answer.code == LOCKED:
        assert "is being worked on by process" in answer.err
        assert "nothing is damaged" in answer.err


def test_who_holds_the_study_is_told(fresh: Study) -> None:
    with fresh.recording("M1").store.lease("kinematics"):
        answer = finish(start("run", fresh.folder, "--json"))
    assert answer.code == LOCKED
    assert str(os.getpid()) in answer.json["message"]
    assert answer.json["error"] == "StudyLockedError"


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A folder on a disk of 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk can only be made by root on Linux")
    return place


def test_a_full_disk_is_said_and_the_study_goes_on_when_there_is_room(
    small_disk: Path, files: Path, run_once: Path
) -> None:
    try:
        filler = small_disk / "filler"
        study = make_study(small_disk / "study", files)
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize
        for room in (8_192, 65_536, 200_000):
            filler.write_bytes(bytes(max(free - room, 0)))
            answer = mousegpt("run", study.folder)
            assert answer.code == 2, answer
            assert "No space left" in answer.err
            assert "disk is not full" in answer.err
            filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
        assert mousegpt("run", study.folder).code == 0
        assert "left over" not in " ".join(differences(study.folder, run_once))
    finally:
        subprocess.run(["umount", str(small_disk)], check=False)
