"""A small study of two synthetic mice, once fresh and once run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mousegpt_core.pipeline import Work, run_study
from mousegpt_core.study import Study
from small_study import make_files, make_study


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Poses and truth of two mice."""
    return make_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="session")
def run_once(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Path:
    """Folder of a study that has been run; copy it, don't change it."""
    study = make_study(tmp_path_factory.mktemp("once") / "study", files)
    run_study(Work(study))
    return study.folder


@pytest.fixture
def fresh(tmp_path: Path, files: Path) -> Study:
    """A study that has not been run."""
    return make_study(tmp_path / "study", files)


@pytest.fixture
def study(tmp_path: Path, run_once: Path) -> Study:
    """A study that has been run."""
    # As deep in the same folder, so that relative paths still hold.
    return Study.open(shutil.copytree(run_once, tmp_path / "study"))
