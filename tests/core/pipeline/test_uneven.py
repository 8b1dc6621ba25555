"""Recordings whose frames do not come evenly, from files to shares of time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.io import write_poses
from mousegpt_core.pipeline import NewRecording, Work, add_recording, run_study
from mousegpt_core.pipeline.evaluation import bouts_of_scheme, evaluate_study
from mousegpt_core.pipeline.reporting import gather, study_subjects
from mousegpt_core.stats import behaviour_shares, windowed_shares
from mousegpt_core.study import Study
from mousegpt_core.synthetic import BehaviourScript, SimulationSettings, simulate
from mousegpt_core.synthetic.dataset import write_truth

SCRIPT = (
    ("walking", 8.0),
    ("freezing", 6.0),
    ("grooming", 6.0),
    ("rearing", 4.0),
    ("walking", 6.0),
)
FPS = 30.0
PAUSE = 10.0


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The same mouse whole, with 30 % of its frames dropped, and with a pause in the middle."""
    folder = tmp_path_factory.mktemp("uneven")
    made = simulate(BehaviourScript(SCRIPT), SimulationSettings(fps=FPS, seed=3))
    write_truth(made.labels, folder / "truth.csv")
    whole = pd.read_csv(write_poses(made.poses, folder / "poses.csv", format="wide-csv"))
    rng = np.random.default_rng(0)
    dropped = whole[(rng.random(len(whole)) >= 0.3) | (whole.index == 0)].assign(
        frame=lambda table: np.arange(len(table))
    )
    paused = whole.assign(time=whole["time"] + np.where(whole["time"] >= 15.0, PAUSE, 0.0))
    made_study = Study.create(folder / "study")
    for name, table in (("whole", whole), ("dropped", dropped), ("paused", paused)):
        table.to_csv(folder / f"{name}.csv", index=False)
        path = folder / f"{name}.csv"
        add_recording(made_study, NewRecording(id=name, poses=[(None, path)], unit="cm", fps=FPS))
    run_study(Work(made_study))
    return made_study


@pytest.mark.parametrize("scheme", ["activities", "profile"])
def test_shares_stay_what_they_were(study: Study, scheme: str) -> None:
    bouts = pd.concat([bouts_of_scheme(study, r, scheme) for r in study.recordings.values()])
    shares = behaviour_shares(bouts, study_subjects(study))
    wide = shares.pivot(index="behaviour_id", columns="animal", values="share")
    assert (wide.sum() <= 1.0 + 1e-9).all()
    assert (wide.sum() > 0.97).all()
    if scheme == "activities":
        assert (wide["dropped"] - wide["whole"]).abs().max() < 0.02
        assert (wide["paused"] - wide["whole"]).abs().max() < 0.02


def test_movement_and_report(study: Study) -> None:
    data = gather(Work(study))
    moved = {one.recording: one for one in data.movements}
    for name in ("dropped", "paused"):
        assert moved[name].distance_m == pytest.approx(moved["whole"].distance_m, rel=0.02)
        assert moved[name].median_speed == pytest.approx(moved["whole"].median_speed, rel=0.1)
        assert moved[name].share_immobile == pytest.approx(moved["whole"].share_immobile, abs=0.02)
    infos = {one.recording: one for one in data.recordings}
    assert infos["dropped"].frames < 0.75 * infos["whole"].frames
    assert infos["dropped"].share_seen == pytest.approx(infos["whole"].share_seen, abs=0.01)
    assert infos["paused"].pauses == (pytest.approx((15.0, 25.0), abs=0.05),)
    assert infos["paused"].observed_s["paused"] == pytest.approx(30.0, abs=0.1)
    assert any("of the frames were dropped" in line for line in data.warnings)
    assert not any("whole: " in line and "frames" in line for line in data.warnings)


def test_time_courses_leave_the_pause_out(study: Study) -> None:
    bouts = pd.concat([bouts_of_scheme(study, r, "activities") for r in study.recordings.values()])
    windows = windowed_shares(bouts, study_subjects(study), window_s=4.0)
    total = windows.groupby(["animal", "window_s"])["share"].sum()
    assert total.between(0.9, 1 + 1e-6).all()
    # 12-16 s is recorded to three quarters, 24-28 s too.
    assert windows[windows["animal"] == "paused"]["window_s"].unique().tolist() == [
        2.0, 6.0, 10.0, 14.0, 26.0, 30.0, 34.0, 38.0
    ]  # fmt: skip


def test_evaluation_weighs_dropped_frames(study: Study, tmp_path: Path) -> None:
    truth = tmp_path.parent / "truth.csv"
    kinematics = study.recording("dropped").store.read_dataset("kinematics")
    frames = study.recording("dropped").store.read_dataset("poses3d")
    labels = pd.read_csv(study.folder.parent / "truth.csv")
    at = np.rint(frames["time"].values * FPS).astype(int)
    rows = pd.DataFrame({"frame": np.arange(len(at)), "label": labels["label"].to_numpy()[at]})
    rows.to_csv(truth, index=False)
    scores = {
        name: evaluate_study(study, {name: path}, scheme="activities")
        for name, path in (("whole", study.folder.parent / "truth.csv"), ("dropped", truth))
    }
    assert scores["dropped"]["frames"] == kinematics.sizes["time"] == scores["whole"]["frames"]
    assert scores["dropped"]["macro_f1"] == pytest.approx(scores["whole"]["macro_f1"], abs=0.03)
