"""What the kinematic describer says of real recordings is sound English within its vocabulary."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mousegpt_core.clips import cut_clips
from mousegpt_core.describe.contract import Answer, Evidence
from mousegpt_core.describe.ethogram import compute_ethogram
from mousegpt_core.describe.keywords import vocabulary
from mousegpt_core.describe.kinematic import KinematicDescriber
from mousegpt_core.describe.rules import load_rules
from mousegpt_core.kinematics import compute_kinematics, prepare_scene
from mousegpt_core.poses import make_poses
from mousegpt_core.skeletons import guess_skeleton

SUBTLE = (
    "nose",
    "neck",
    "anus",
    "chest",
    "right foot",
    "left foot",
    "right hand",
    "left hand",
    "tail tip",
)


def describe(poses: xr.Dataset, **scene_options: float) -> list[Answer]:
    skeleton = guess_skeleton([str(name) for name in poses["keypoint"].values]).skeleton
    scene = prepare_scene(poses, skeleton, **scene_options)
    kinematics = compute_kinematics(poses, skeleton, scene)
    ethogram = compute_ethogram(kinematics, load_rules(None))
    times = np.asarray(poses["time"].values)
    clips = cut_clips(times, np.arange(len(times)), recording="real")
    return KinematicDescriber().describe_all(Evidence(clips, kinematics, ethogram, skeleton))


def check(answers: list[Answer], *, banned: set[str]) -> None:
    described = [answer for answer in answers if answer.status == "described"]
    assert len(described) > 0.95 * len(answers)
    text = "\n".join("\n".join(answer.sections.values()) for answer in described)
    assert not re.search(r"\d|  |\.\.| ,| \.", text)
    assert set(re.findall(r"[a-z]+", text.lower())) & banned == set()
    used = {word for a in described for word in a.sections["keywords"].split(", ")}
    assert used <= vocabulary()
    rich = np.mean([len(a.sections["keywords"].split(", ")) >= 4 for a in described])
    assert rich > 0.9
    assert len({answer.sections["overall"] for answer in described}) > 5


def test_subtle_in_3d(test_data: Callable[[str], Path]) -> None:
    path = test_data("subtle-avatar3d") / "y5a5" / "coords" / "adult_6115.csv"
    joints = pd.read_csv(path, header=None, nrows=4000).to_numpy().reshape(-1, 9, 3)
    poses = make_poses(joints.transpose(0, 2, 1)[..., None], keypoints=SUBTLE, fps=20.0, unit="cm")
    check(describe(poses), banned={"ear", "ears", "elbow", "no", "not"})


def test_freezing_box_in_2d(test_data: Callable[[str], Path]) -> None:
    folder = test_data("behaviordepot-freezing-demo1") / "demo1"
    table = pd.read_csv(folder / "demo1_tracking.csv", header=[1, 2], index_col=0)
    names = list(dict.fromkeys(str(column[0]) for column in table.columns))
    position = np.stack([table[name][["x", "y"]].to_numpy() for name in names], axis=2)
    poses = make_poses(position[..., None], keypoints=names, fps=50.0, unit="px")
    check(
        describe(poses, cm_per_unit=1 / 32),
        banned={"paw", "paws", "floor", "air", "raised", "lowered", "upright", "low", "no", "not"},
    )
