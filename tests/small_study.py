"""A small study of two synthetic mice, made from files as a user would."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mousegpt_core.io import write_poses
from mousegpt_core.pipeline import NewRecording, add_recording
from mousegpt_core.study import Study
from mousegpt_core.synthetic import BehaviourScript, SimulationSettings, simulate
from mousegpt_core.synthetic.dataset import write_truth

SCRIPTS = {
    "M1": [("walking", 4.0), ("freezing", 4.0), ("grooming", 4.0), ("walking", 3.0)],
    "M2": [("rearing", 3.0), ("walking", 4.0), ("standing", 3.0), ("freezing", 4.0)],
}


def make_files(folder: Path) -> Path:
    """Write poses and truth of two mice."""
    for seed, (name, script) in enumerate(SCRIPTS.items()):
        made = simulate(BehaviourScript(tuple(script)), SimulationSettings(fps=30.0, seed=seed))
        # Without its clock, as most tools write it: the frame rate must be given.
        table = pd.read_csv(write_poses(made.poses, folder / f"{name}.csv", format="wide-csv"))
        table.drop(columns=["frame", "time"]).to_csv(folder / f"{name}.csv", index=False)
        write_truth(made.labels, folder / f"{name}.truth.csv")
    return folder


def make_study(folder: Path, files: Path) -> Study:
    """A study of them that has not been run."""
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
