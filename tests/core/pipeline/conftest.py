"""A small study of two synthetic mice, made from files as a user would."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mousegpt_core.pipeline import NewRecording, Work, add_recording, run_study
from mousegpt_core.study import Study
from mousegpt_core.synthetic import BehaviourScript, SimulationSettings, simulate
from mousegpt_core.synthetic.dataset import write_poses, write_truth

SCRIPTS = {
    "M1": [("walking", 4.0), ("freezing", 4.0), ("grooming", 4.0), ("walking", 3.0)],
    "M2": [("rearing", 3.0), ("walking", 4.0), ("standing", 3.0), ("freezing", 4.0)],
}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Poses and truth of two mice."""
    folder = tmp_path_factory.mktemp("files")
    for seed, (name, script) in enumerate(SCRIPTS.items()):
        made = simulate(BehaviourScript(tuple(script)), SimulationSettings(fps=30.0, seed=seed))
        write_poses(made.poses, folder / f"{name}.csv")
        write_truth(made.labels, folder / f"{name}.truth.csv")
    return folder


def make_study(folder: Path, files: Path) -> Study:
    study = Study.create(folder)
    for name, treatment in (("M1", "saline"), ("M2", "drug")):
        add_recording(
            study,
            NewRecording(
                id=name,
                poses=[(None, files / f"{name}.csv")],
                fps=30.0,
                unit="cm",
                animal={"treatment": treatment},
            ),
        )
    return study


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
