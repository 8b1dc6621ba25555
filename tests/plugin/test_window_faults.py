"""Nothing that is made in the window is lost: killed, disk full or read-only, two windows."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

pytest.importorskip("pytestqt")
pytest.importorskip("pyqtgraph")

from on_screen import ON_SCREEN
from small_disk import Disk
from window_faults import KINDS, copied, hold_up, kill, together

pytestmark = ON_SCREEN


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_that_is_killed_loses_at_most_ten_seconds(
    kind: str, study_folder: Path, tmp_path: Path
) -> None:
    left = kill(copied(study_folder, tmp_path), kind, random.Random(1), longest_s=5.0)
    assert not left.wrong, left


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_full_disk_what_is_made_is_told_kept_and_saved_later(
    kind: str, study_folder: Path, disk: Disk
) -> None:
    hold_up(copied(study_folder, disk.place), kind, disk.fill, disk.make_room)


@pytest.mark.parametrize("kind", ["keypoints", "zones"])
def test_on_a_disk_that_is_read_only_too(kind: str, study_folder: Path, disk: Disk) -> None:
    hold_up(copied(study_folder, disk.place), kind, disk.protect, disk.release)


@pytest.mark.parametrize("kind", ["keypoints", "bouts", "zones"])
def test_what_is_made_in_two_windows_at_once_is_all_kept(
    kind: str, study_folder: Path, tmp_path: Path
) -> None:
    assert together(copied(study_folder, tmp_path), kind) == 16
