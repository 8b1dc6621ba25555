"""Only what the keypoints at hand can show is put into words, and only words of the vocabulary."""

from __future__ import annotations

import re

import numpy as np
import pytest

from core.describe.evidence_builder import ROLES, make_ethogram, make_skeleton
from mousegpt_core.clips import cut_clips
from mousegpt_core.describe.contract import Answer, Evidence
from mousegpt_core.describe.keywords import vocabulary
from mousegpt_core.describe.kinematic import KinematicDescriber
from mousegpt_core.kinematics import compute_kinematics, prepare_scene
from mousegpt_core.poses import make_poses

FPS = 25.0
PLACES = {
    "nose": (4.0, 0.0, 1.0),
    "ear_left": (2.8, 0.7, 1.6),
    "ear_right": (2.8, -0.7, 1.6),
    "neck": (2.0, 0.0, 1.8),
    "back": (0.0, 0.0, 2.2),
    "hip": (-2.0, 0.0, 2.0),
    "tail_base": (-4.0, 0.0, 0.8),
    "tail_mid": (-7.0, 0.0, 0.5),
    "tail_tip": (-10.0, 0.0, 0.3),
    "forepaw_left": (2.0, 1.0, 0.1),
    "forepaw_right": (2.0, -1.0, 0.1),
    "hindpaw_left": (-2.0, 1.2, 0.1),
    "hindpaw_right": (-2.0, -1.2, 0.1),
}
PAWS = ("forepaw_left", "forepaw_right", "hindpaw_left", "hindpaw_right")
SUBSETS = {
    "two": ("nose", "tail_base"),
    "top": ("nose", "ear_left", "ear_right", "tail_base"),
    "back only": ("neck", "back", "hip", "tail_base"),
    "no paws": tuple(name for name in ROLES if name not in PAWS),
    "no tail": tuple(name for name in ROLES if not name.startswith("tail_")),
    "forepaws": ("nose", "neck", "tail_base", "forepaw_left", "forepaw_right"),
    "below": ("nose", *PAWS, "tail_base"),
    "all": tuple(ROLES),
}
HEIGHT = {"raised", "lowered", "floor", "air", "pitched", "upright", "low", "level", "hunched"}


def lively_mouse(keypoints: tuple[str, ...], dims: int, *, seed: int = 3) -> Evidence:
    """A mouse whose every keypoint moves at random while it walks, turns, stops and rises."""
    rng = np.random.default_rng(seed)
    n = 400

    def drift(scale: float, smooth: int) -> np.ndarray:
        noise = np.convolve(rng.normal(size=n + smooth), np.ones(smooth) / smooth, "valid")[:n]
        return scale * noise * np.sqrt(smooth)

    yaw, pitch = np.cumsum(drift(0.06, 20)), np.clip(drift(0.5, 40), -0.1, 1.2)
    speed = np.clip(drift(8.0, 30), 0.0, None)
    centre = np.cumsum(speed[:, None] / FPS * np.stack([np.cos(yaw), np.sin(yaw)], 1), axis=0)
    position = np.empty((n, dims, len(keypoints), 1))
    for index, name in enumerate(keypoints):
        x, y, z = (PLACES[name][axis] + drift(0.25, 8) for axis in range(3))
        x, z = x * np.cos(pitch) - z * np.sin(pitch), z * np.cos(pitch) + (x + 4) * np.sin(pitch)
        position[:, 0, index, 0] = centre[:, 0] + x * np.cos(yaw) - y * np.sin(yaw)
        position[:, 1, index, 0] = centre[:, 1] + x * np.sin(yaw) + y * np.cos(yaw)
        if dims == 3:
            position[:, 2, index, 0] = np.maximum(z, 0.0)
    poses = make_poses(position, keypoints=keypoints, fps=FPS, unit="cm")
    skeleton = make_skeleton(keypoints)
    kinematics = compute_kinematics(poses, skeleton, prepare_scene(poses, skeleton))
    times = np.asarray(poses["time"].values)
    ethogram = make_ethogram(times, "", 0.0, ("walking", "rearing"))
    return Evidence(cut_clips(times, np.arange(n), recording="r"), kinematics, ethogram, skeleton)


def describe_all(keypoints: tuple[str, ...], dims: int) -> list[Answer]:
    return KinematicDescriber().describe_all(lively_mouse(keypoints, dims))


def words_of(answers: list[Answer]) -> set[str]:
    text = " ".join(" ".join(answer.sections.values()) for answer in answers)
    return set(re.findall(r"[a-z]+", text.lower()))


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("subset", SUBSETS)
def test_absent_keypoints_are_never_mentioned(subset: str, dims: int) -> None:
    keypoints = SUBSETS[subset]
    answers = describe_all(keypoints, dims)
    assert sum(answer.status == "described" for answer in answers) > len(answers) // 2
    words = words_of(answers)
    banned: set[str] = set()
    if not set(keypoints) & set(PAWS):
        banned |= {"paw", "paws", "forelimbs", "hindlimb", "steps", "step", "planted"}
    if not {"hindpaw_left", "hindpaw_right"} & set(keypoints):
        banned |= {"hindpaw", "hindpaws", "hindlimb"}
    if not {"forepaw_left", "forepaw_right"} & set(keypoints):
        banned |= {"forepaw", "forepaws", "forelimbs"}
    if not {"nose", "ear_left"} & set(keypoints):
        banned |= {"head", "nose"}
    if "nose" not in keypoints:
        banned |= {"nose"}
    if not {"tail_mid", "tail_tip"} & set(keypoints):
        banned |= {"tail"}
    if not {"neck", "back", "hip"} & set(keypoints):
        banned |= {"torso"}
    if dims == 2:
        banned |= HEIGHT | {"curled"}
    assert words & banned == set()


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("view", ["3d", "above", "below"])
def test_left_and_right_from_pose_to_word(view: str, side: str) -> None:
    """Head, torso and tail bent to one side: all three are said to be on that side."""
    dims, bend = 3 if view == "3d" else 2, 1.0 if side == "left" else -1.0
    names = ("nose", "ear_left", "ear_right", "neck", "back", "hip", "tail_base", "tail_tip")
    n = 200
    position = np.zeros((n, dims, len(names), 1))
    for index, name in enumerate(names):
        x, y, z = PLACES[name]
        if x > 2.5:  # the head is turned by 50 degrees about the neck
            angle, ahead = bend * np.radians(50.0), x - 2.0
            x = 2.0 + ahead * np.cos(angle) - y * np.sin(angle)
            y = ahead * np.sin(angle) + y * np.cos(angle) + bend * 0.8
        y += bend * {"neck": 0.8, "tail_base": 1.2, "tail_tip": 7.0}.get(name, 0.0)
        position[:, 0, index, 0] = x + np.arange(n) * 5.0 / FPS
        position[:, 1, index, 0] = -y if view == "above" else y
        if dims == 3:
            position[:, 2, index, 0] = z
    poses = make_poses(position, keypoints=names, fps=FPS, unit="cm")
    skeleton = make_skeleton(names)
    seen_from = "below" if view == "below" else "above"
    scene = prepare_scene(poses, skeleton, seen_from=seen_from)
    kinematics = compute_kinematics(poses, skeleton, scene)
    times = np.asarray(poses["time"].values)
    evidence = Evidence(
        cut_clips(times, np.arange(n), recording="r"),
        kinematics,
        make_ethogram(times, "", 0.0, ("walking",)),
        skeleton,
    )
    sections = KinematicDescriber().describe_all(evidence)[20].sections
    other = "right" if side == "left" else "left"
    for section in ("head", "limb", "torso"):
        assert side in sections[section]
        assert other not in sections[section]


@pytest.mark.parametrize("dims", [2, 3])
def test_present_keypoints_are_mentioned(dims: int) -> None:
    words = words_of(describe_all(SUBSETS["all"], dims))
    assert {"head", "forepaw", "hindpaw", "tail", "torso", "left", "right"} <= words
    if dims == 3:
        assert {"floor", "air", "level", "raised"} <= words


def test_every_keyword_is_in_the_vocabulary() -> None:
    known = vocabulary()
    for answer in describe_all(SUBSETS["all"], 3):
        if answer.status == "described":
            assert set(answer.sections["keywords"].split(", ")) <= known


def test_gaps_do_not_break_the_description() -> None:
    evidence = lively_mouse(SUBSETS["all"], 3)
    rng = np.random.default_rng(0)
    holed = evidence.kinematics.copy()
    for name, array in holed.data_vars.items():
        if array.dtype.kind == "f" and name != "speed":
            hole = rng.random(array.shape) < 0.5
            holed[name] = array.where(~hole)
    answers = KinematicDescriber().describe_all(
        Evidence(evidence.clips, holed, evidence.ethogram, evidence.skeleton)
    )
    assert all(answer.status == "described" for answer in answers)


def test_more_context_does_not_change_what_is_said() -> None:
    """A block with `context_s` seconds around its clips gives what the whole recording gives."""
    evidence = lively_mouse(SUBSETS["all"], 3)
    whole = KinematicDescriber().describe_all(evidence)
    picked = slice(38, 46)
    clips = evidence.clips.iloc[picked]
    reach = KinematicDescriber.context_s
    near = (evidence.kinematics["time"] >= clips["start_s"].min() - reach) & (
        evidence.kinematics["time"] < clips["stop_s"].max() + reach
    )
    part = Evidence(
        clips,
        evidence.kinematics.isel(time=np.flatnonzero(near)),
        evidence.ethogram.isel(time=np.flatnonzero(near)),
        evidence.skeleton,
    )
    answers = KinematicDescriber().describe_all(part)
    assert [answer.sections for answer in answers] == [answer.sections for answer in whole[picked]]
