"""The activity of every frame."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from mousegpt_core.clips import BOUTS, validate_table
from mousegpt_core.describe.ethogram import (
    activity_bouts,
    choose,
    compute_ethogram,
    ethogram_in_blocks,
    table_of_bouts,
    unjudged,
)
from mousegpt_core.describe.measures import Reference, fit_reference
from mousegpt_core.describe.rules import load_rules
from mousegpt_core.errors import DataError
from mousegpt_core.kinematics import compute_kinematics, prepare_scene
from mousegpt_core.poses import make_poses
from mousegpt_core.skeletons import BUILT_IN, guess_skeleton
from mousegpt_core.synthetic import BehaviourScript, SimulationSettings, simulate

FPS = 20.0
NAMES = BUILT_IN["SUBTLE-9"].keypoints
# Standing on all fours, heading along x: nose, neck, anus, chest, feet, hands, tail tip (cm).
STANDING = {
    "nose": (6.0, 0.0, 1.0),
    "neck": (4.5, 0.0, 1.6),
    "anus": (0.0, 0.0, 1.2),
    "chest": (3.0, 0.0, 1.6),
    "right foot": (0.8, -0.8, 0.0),
    "left foot": (0.8, 0.8, 0.0),
    "right hand": (3.8, -0.7, 0.0),
    "left hand": (3.8, 0.7, 0.0),
    "tail tip": (-4.0, 0.0, 0.3),
}
REARING = STANDING | {
    "nose": (3.0, 0.0, 6.5),
    "neck": (2.5, 0.0, 5.0),
    "chest": (1.8, 0.0, 3.5),
    "right hand": (2.8, -0.6, 4.0),
    "left hand": (2.8, 0.6, 4.0),
}
GROOMING = STANDING | {
    "nose": (2.2, 0.0, 1.0),
    "neck": (2.4, 0.0, 2.4),
    "chest": (1.8, 0.0, 1.9),
    "right hand": (2.2, -0.3, 1.0),
    "left hand": (2.2, 0.3, 1.0),
}


def posture(points: dict[str, tuple[float, float, float]], seconds: float) -> np.ndarray:
    one = np.asarray([points[name] for name in NAMES])
    return np.repeat(one[None], round(seconds * FPS), axis=0)


def walk(seconds: float, speed: float = 12.0) -> np.ndarray:
    frames = posture(STANDING, seconds)
    frames[:, :, 0] += (np.arange(len(frames)) / FPS * speed)[:, None]
    return frames


def joined(*parts: np.ndarray) -> np.ndarray:
    """Parts one after the other, each beginning where the one before has ended."""
    moved, at = [], 0.0
    anus = NAMES.index("anus")
    for part in parts:
        part = part.copy()
        part[:, :, 0] += at - part[0, anus, 0]
        at = part[-1, anus, 0]
        moved.append(part)
    return np.concatenate(moved)


def kinematics(
    frames: np.ndarray, noise: float = 0.02, names: tuple[str, ...] = NAMES
) -> xr.Dataset:
    rng = np.random.default_rng(0)
    frames = frames + rng.normal(0, noise, frames.shape)
    keep = [NAMES.index(name) for name in names]
    position = np.moveaxis(frames[:, keep], 1, 2)[..., None]
    poses = make_poses(position, keypoints=names, fps=FPS, unit="cm")
    skeleton = BUILT_IN["SUBTLE-9"].select(names)
    return compute_kinematics(poses, skeleton, prepare_scene(poses, skeleton))


@pytest.fixture(scope="module")
def day() -> xr.Dataset:
    """12 s walking, 4 s rearing, 4 s standing, 6 s grooming, 4 s walking."""
    return kinematics(
        joined(walk(12), posture(REARING, 4), posture(STANDING, 4), posture(GROOMING, 6), walk(4))
    )


def family(ethogram: xr.Dataset) -> np.ndarray:
    """The posture of each frame."""
    rules = load_rules()
    names = [rules.posture_of(str(name)) for name in ethogram["activity"].values]
    return np.asarray([*names, ""], dtype=object)[ethogram["activity_index"].values[:, 0]]


def test_each_posture_is_seen(day: xr.Dataset) -> None:
    found = family(compute_ethogram(day, load_rules()))
    for name, start, stop in (
        ("walking", 1, 11),
        ("rearing", 12.5, 15.5),
        ("standing", 16.7, 19.4),
        ("grooming", 20.7, 25.4),
        ("walking", 27, 29.5),
    ):
        part = found[round(start * FPS) : round(stop * FPS)]
        assert (part == name).mean() > 0.95, name


def test_dataset_is_as_promised(day: xr.Dataset) -> None:
    found = compute_ethogram(day, load_rules())
    scores = found["activity_score"]
    assert scores.dims == ("time", "activity", "individual")
    assert scores.dtype == np.float32
    assert found["activity_index"].dtype == np.int16
    assert float(scores.min()) >= 0
    assert float(scores.max()) <= 1
    postures = scores.sel(activity=list(load_rules().postures))
    assert float(postures.sum("activity").max()) <= 1 + 1e-5
    assert found.attrs["rules"] == load_rules().hash
    assert Reference.from_json(found.attrs["reference"]).animals["mouse"].read_from == "walking"


def test_the_size_of_the_animal_does_not_matter() -> None:
    frames = joined(walk(8), posture(REARING, 3), posture(STANDING, 3), posture(GROOMING, 4))
    rules = load_rules()
    adult = family(compute_ethogram(kinematics(frames), rules))
    young = family(compute_ethogram(kinematics(0.6 * frames, noise=0.012), rules))
    assert (adult == young).mean() > 0.97


def test_activities_whose_quantities_are_absent_vanish(day: xr.Dataset) -> None:
    flat = kinematics_2d(joined(walk(6), posture(STANDING, 6)))
    names = compute_ethogram(flat, load_rules())["activity"].values.tolist()
    assert {"walking", "standing", "freezing"} <= set(names)
    assert not {"rearing", "rearing_supported", "jumping"} & set(names)
    # 20 frames a second show no hindpaw strokes of 8-20 Hz.
    found = compute_ethogram(day, load_rules())
    assert "scratching" not in found["activity"].values.tolist()
    assert {"scratching", "head_twitch"} <= set(unjudged(found, load_rules()))
    assert not {"walking", "rearing", "freezing"} & set(unjudged(found, load_rules()))


def kinematics_2d(frames: np.ndarray) -> xr.Dataset:
    names = ("nose", "neck", "anus", "chest")
    keep = [NAMES.index(name) for name in names]
    rng = np.random.default_rng(0)
    position = np.moveaxis(frames[:, keep, :2], 1, 2)[..., None]
    position = position + rng.normal(0, 0.005, position.shape)
    poses = make_poses(position, keypoints=names, fps=FPS, unit="cm")
    skeleton = guess_skeleton(names).skeleton
    return compute_kinematics(poses, skeleton, prepare_scene(poses, skeleton))


def test_freezing_in_2d() -> None:
    wobble = posture(STANDING, 6)
    wobble[:, : len(NAMES), 1] += 0.6 * np.sin(np.arange(len(wobble)) / FPS * 9.0)[:, None]
    found = compute_ethogram(
        kinematics_2d(joined(walk(6), wobble, posture(STANDING, 5), wobble)), load_rules()
    )
    freezing = found["activity_score"].sel(activity="freezing").values[:, 0]
    assert (freezing[round(12.5 * FPS) : round(16.5 * FPS)] >= 0.5).all()
    assert (freezing[: 11 * 20] < 0.5).all()


@pytest.mark.parametrize("block", [150, 400])
def test_blocks_equal_the_whole(day: xr.Dataset, block: int) -> None:
    rules = load_rules()
    whole = compute_ethogram(day, rules)
    parts = list(ethogram_in_blocks(day, rules, block_frames=block))
    joined_parts = xr.concat(parts, dim="time")
    assert len(parts) > 1
    np.testing.assert_allclose(
        joined_parts["activity_score"].values, whole["activity_score"].values, atol=1e-4
    )
    assert np.array_equal(joined_parts["activity_index"], whole["activity_index"])


def test_long_recordings_in_blocks_equal_the_whole() -> None:
    """Longer than the halo, with stillness long enough for sleep across the edges of blocks."""
    rules = load_rules()
    frames = joined(
        *(part for _ in range(4) for part in (walk(8), posture(STANDING, 60), posture(REARING, 12)))
    )
    data = kinematics(frames)
    whole = compute_ethogram(data, rules)
    blocks = xr.concat(list(ethogram_in_blocks(data, rules, block_frames=1100)), dim="time")
    assert np.array_equal(blocks["activity_index"], whole["activity_index"])
    assert "sleeping" in set(whole["activity"].values[whole["activity_index"].values[:, 0]])


def test_bouts_cover_every_known_frame_once(day: xr.Dataset) -> None:
    found = compute_ethogram(day, load_rules())
    bouts = validate_table(BOUTS, activity_bouts(found, "M1"))
    assert bouts["source"].eq("kinematic").all()
    seconds = (bouts["stop_s"] - bouts["start_s"]).sum()
    known = (found["activity_index"].values >= 0).sum() / FPS
    assert seconds == pytest.approx(known)
    assert (bouts["stop_s"].to_numpy()[:-1] <= bouts["start_s"].to_numpy()[1:] + 1e-9).all()


def test_bouts_by_hand() -> None:
    index = np.array([0, 0, 1, 1, -1, 1, 1])
    scores = np.array([[0.9, 0.1]] * 2 + [[0.2, 0.8]] * 2 + [[np.nan] * 2] + [[0.4, 0.6]] * 2)
    times = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 2.0])
    bouts = table_of_bouts(
        index, scores, ["a", "b"], times=times, fps=10.0, recording="r", individual="m", source="x"
    )
    assert bouts["behaviour_id"].tolist() == ["a", "b", "b", "b"]
    assert bouts["start_s"].tolist() == [0.0, 0.2, 0.5, 2.0]
    assert bouts["stop_s"].tolist() == pytest.approx([0.2, 0.4, 0.6, 2.1])
    assert bouts["score"].tolist() == pytest.approx([0.9, 0.8, 0.6, 0.6])


def test_what_is_too_short_goes_to_a_neighbour() -> None:
    rules = load_rules()
    two = [rules.activities["walking"], rules.activities["standing"]]
    first = np.array([0.9] * 20 + [0.1] * 2 + [0.9] * 20)
    best = choose([first, 1 - first], two, fps=20.0)
    assert (best == 0).all()
    assert choose([np.full(5, np.nan)] * 2, two, fps=20.0).tolist() == [-1] * 5


def test_lost_keypoints_leave_other_conditions_to_decide() -> None:
    frames = joined(walk(8), posture(GROOMING, 6))
    frames[200:260, NAMES.index("nose")] = np.nan
    found = compute_ethogram(kinematics(frames), load_rules())
    assert (found["activity_index"].values[190:270] >= 0).all()


def test_keypoints_that_show_nothing_are_refused() -> None:
    poses = make_poses(np.ones((50, 2, 1, 1)), keypoints=["tail tip"], fps=20.0, unit="cm")
    skeleton = guess_skeleton(["tail tip"]).skeleton
    found = compute_kinematics(poses, skeleton, prepare_scene(poses, skeleton))
    with pytest.raises(DataError, match="none of the activities"):
        compute_ethogram(found.drop_vars("speed"), load_rules())
    with pytest.raises(DataError, match="at least one frame"):
        next(ethogram_in_blocks(found, load_rules(), block_frames=0))


def test_an_animal_that_hardly_walks_has_a_reference_too() -> None:
    found = fit_reference(kinematics(posture(STANDING, 20)))
    animal = found.animals["mouse"]
    assert animal.read_from == "all frames"
    assert animal.body_length_cm == pytest.approx(6.0, rel=0.05)
    assert Reference.from_json(found.to_json()) == found


def test_brief_and_repetitive_movements_are_not_lost() -> None:
    """A second of scratching and a leap between long bouts, 24 keypoints at 60 fps."""
    from mousegpt_core.synthetic import BehaviourScript, NoiseSettings, SimulationSettings, simulate

    steps = (("walking", 12.0), ("standing", 2.0), ("scratching", 1.0), ("standing", 2.0))
    steps = (*steps, ("jumping", 0.8), ("rearing", 3.0), ("grooming", 4.0))
    settings = SimulationSettings(noise=NoiseSettings(jitter_cm=0.02))
    made = simulate(BehaviourScript(steps), settings)
    skeleton = BUILT_IN["MouseGPT-24"]
    data = compute_kinematics(made.poses, skeleton, prepare_scene(made.poses, skeleton))
    found = compute_ethogram(data, load_rules(), skeleton=skeleton)
    names = np.asarray([*found["activity"].values, ""], dtype=object)
    activity = names[found["activity_index"].values[:, 0]]
    for event in ("scratching", "jumping"):
        assert (activity[made.labels == event] == event).any(), event
        assert (activity[made.labels != event] == event).mean() < 0.02, event
    assert (
        np.char.endswith(activity[made.labels == "grooming"].astype(str), "grooming").mean() > 0.8
    )


def _synthetic_shares(
    steps: tuple[tuple[str, float], ...], fps: float, jitter_cm: float = 0.03
) -> tuple[np.ndarray, np.ndarray]:
    """True behaviour and found activity of each frame of a noisy synthetic mouse."""
    from mousegpt_core.synthetic import BehaviourScript, NoiseSettings, SimulationSettings, simulate

    settings = SimulationSettings(fps=fps, noise=NoiseSettings(jitter_cm=jitter_cm))
    made = simulate(BehaviourScript(steps, 3), settings)
    skeleton = BUILT_IN["MouseGPT-24"]
    data = compute_kinematics(made.poses, skeleton, prepare_scene(made.poses, skeleton))
    found = compute_ethogram(data, load_rules(), skeleton=skeleton)
    names = np.asarray([*found["activity"].values, ""], dtype=object)
    return made.labels, names[found["activity_index"].values[:, 0]]


@pytest.mark.parametrize("fps", [25.0, 30.0, 60.0])
def test_scratching_is_not_freezing_even_where_it_cannot_be_judged(fps: float) -> None:
    bouts = (("scratching", 1.5), ("walking", 2.0)) * 8
    true, found = _synthetic_shares((("walking", 8.0), *bouts), fps)
    assert (found[true == "scratching"] == "freezing").mean() < 0.05
    seen = (found[true == "scratching"] == "scratching").mean()
    assert seen == 0 if fps < 30 else seen > 0.7


def test_an_animal_that_stands_or_crouches_does_not_freeze() -> None:
    bouts = (("standing", 3.0), ("walking", 2.0), ("crouching", 3.0), ("freezing", 3.0))
    true, found = _synthetic_shares((("walking", 8.0), *bouts * 5), 30.0)
    assert (found[true == "freezing"] == "freezing").mean() > 0.75
    for name in ("standing", "crouching"):
        assert (found[true == name] == "freezing").mean() < 0.3, name


def test_what_lies_beyond_a_pause_says_nothing():
    """Parts of a recording on both sides of a pause are judged as if each were alone."""
    made = simulate(BehaviourScript((("freezing", 6.0), ("walking", 6.0))), SimulationSettings())
    poses = made.poses
    skeleton = guess_skeleton([str(name) for name in poses["keypoint"].values]).skeleton
    kinematics = compute_kinematics(poses, skeleton, prepare_scene(poses, skeleton))
    rules, reference = load_rules(), fit_reference(kinematics, skeleton)
    half = kinematics.sizes["time"] // 2
    parts = [kinematics.isel(time=slice(0, half)), kinematics.isel(time=slice(half, None))]
    apart = [compute_ethogram(part, rules, reference=reference) for part in parts]
    later = kinematics["time"].values + np.where(np.arange(2 * half) < half, 0.0, 10.0)
    paused = compute_ethogram(kinematics.assign_coords(time=later), rules, reference=reference)
    joined = np.concatenate([part["activity_index"].values for part in apart])
    np.testing.assert_array_equal(paused["activity_index"].values, joined)


@pytest.mark.parametrize("jitter_cm", [0.03, 0.1])
def test_jitter_is_no_activity(jitter_cm: float) -> None:
    """Noise alone is neither scratching nor head twitching, and does not end stillness."""
    bouts = (("freezing", 4.0), ("walking", 2.0), ("rearing", 2.0), ("grooming", 4.0))
    true, found = _synthetic_shares((("walking", 8.0), *bouts * 4), 60.0, jitter_cm)
    assert np.isin(found, ["scratching", "head_twitch"]).mean() < 0.02
    assert (found[true == "freezing"] == "freezing").mean() > 0.75


def test_a_quick_step_of_one_paw_is_no_scratching() -> None:
    """A paw that is set anew, or found elsewhere for some frames, moves quickly but once."""
    from mousegpt_core.synthetic import SimulationSettings, simulate

    made = simulate(BehaviourScript((("walking", 6.0), ("standing", 12.0))), SimulationSettings())
    position = made.poses["position"].values.copy()
    paw = made.poses["keypoint"].values.tolist().index("HindpawL")
    for frame in range(420, 1000, 60):
        position[frame : frame + 3, 0, paw] += 1.0
    poses = made.poses.assign(position=made.poses["position"].copy(data=position))
    skeleton = BUILT_IN["MouseGPT-24"]
    found = compute_ethogram(
        compute_kinematics(poses, skeleton, prepare_scene(poses, skeleton)), load_rules()
    )
    index = found["activity"].values.tolist().index("scratching")
    assert not (found["activity_index"].values == index).any()
