"""A study whose truth is known and can be asked for: synthetic mice, films that tell the moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mousegpt_core.io import write_poses
from mousegpt_core.pipeline import NewRecording, add_recording
from mousegpt_core.study import Study
from mousegpt_core.synthetic import BehaviourScript, SimulationSettings, simulate
from truth_server import Truthful, coded_film

LABELS = ("exploring", "fleeing", "freezing")
#: What the study of fear would call each behaviour of the synthetic mouse.
_FEAR = {"freezing": "freezing", "running": "fleeing"}
_BEHAVIOURS = ("freezing", "running", "walking", "freezing", "running", "grooming", "rearing")
#: Moments a second that have a colour of their own.
CODES_PER_S = 10
_FPS = 30.0
#: A protocol in which little is shown, and fast: what matters here is who is asked what.
PROTOCOL = """based_on = "fear"
about = "Labels of half seconds, of films that tell the moment."

[clips]
length_s = 0.5

[frames]
count = 2
size = [64, 64]
crop = "none"
number = false

[examples]
apart_s = 2.0

[answer]
fields = [
  { name = "label", kind = "choice", means = "label", description = "The label that fits best." },
  { name = "score", kind = "number", means = "score", minimum = 0, maximum = 1 },
]
"""
#: How often a label (column) is said of each true one (row), by what is shown with the clip.
SKILLS = {
    "zero-shot": np.array([[0.6, 0.2, 0.2], [0.3, 0.5, 0.2], [0.35, 0.1, 0.55]]),
    "few-shot": np.array([[0.7, 0.15, 0.15], [0.2, 0.65, 0.15], [0.2, 0.1, 0.7]]),
    "temporal": np.array([[0.78, 0.11, 0.11], [0.15, 0.75, 0.1], [0.15, 0.05, 0.8]]),
    "autoregressive": np.array([[0.9, 0.05, 0.05], [0.08, 0.87, 0.05], [0.07, 0.03, 0.9]]),
}


@dataclass(frozen=True)
class Known:
    """The study, and who answers questions about it."""

    study: Study
    model: Truthful


def make_truth_study(folder: Path, *, seconds: int = 45, mice: int = 2, seed: int = 0) -> Known:
    """Make a study with human labels (the truth), a protocol ``seconds``, and who knows it."""
    study = Study.create(folder / "study")
    truth: dict[int, str] = {}
    labels = study.folder / "labels" / "human"
    labels.mkdir(parents=True)
    for number in range(mice):
        name, first = f"M{number + 1}", number * seconds * CODES_PER_S
        made = simulate(_script(seconds, seed + number), SimulationSettings(fps=_FPS, seed=number))
        poses = _seen_from_above(write_poses(made.poses, folder / f"{name}.csv", format="wide-csv"))
        named = np.array([_FEAR.get(label, "exploring") for label in made.labels])
        times = np.arange(len(named)) / _FPS
        codes = first + np.floor(times * CODES_PER_S + 1e-6).astype(int)
        truth |= dict(zip(codes.tolist(), named.tolist(), strict=True))
        film = coded_film(folder / f"{name}.mp4", codes.tolist(), _FPS)
        new = NewRecording(name, films=[("top", film)], poses=[("top", poses)], fps=_FPS, unit="cm")
        add_recording(study, new)
        frames = {"frame": np.arange(len(named)), "label": named}
        pd.DataFrame(frames).to_csv(labels / f"{name}.csv", index=False)
    protocols = study.folder / "protocols"
    protocols.mkdir()
    (protocols / "seconds.toml").write_text(PROTOCOL, encoding="utf-8")
    return Known(study, Truthful(truth, LABELS, SKILLS, seed=seed))


def _seen_from_above(poses: Path) -> Path:
    """The same file with two dimensions."""
    table = pd.read_csv(poses)
    table.drop(columns=[name for name in table if name.endswith("_z")]).to_csv(poses, index=False)
    return poses


def _script(seconds: int, seed: int) -> BehaviourScript:
    """Behaviours of whole seconds, so that no clip has two."""
    chance = np.random.default_rng(seed)
    steps: list[tuple[str, float]] = []
    while (left := seconds - sum(length for _, length in steps)) > 0:
        behaviour = str(chance.choice(_BEHAVIOURS))
        steps.append((behaviour, min(left, float(chance.integers(1, 5)))))
    return BehaviourScript(tuple(steps), seed=seed)
