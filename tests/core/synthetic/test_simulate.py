"""The synthetic mouse does what its labels say, and nothing a mouse cannot do."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import xarray as xr

from mousegpt_core.clips import BOUTS, validate_table
from mousegpt_core.errors import SettingsError
from mousegpt_core.synthetic import (
    BehaviourScript,
    NoiseSettings,
    SimulationSettings,
    SyntheticRecording,
    draw_script,
    simulate,
    simulate_group,
)
from mousegpt_core.synthetic.behaviours import BEHAVIOURS
from mousegpt_core.synthetic.body import KEYPOINTS, PAWS, RIGID_PAIRS

FPS = 60.0


@cache
def scripted(*names: str, seconds: float = 3.0, seed: int = 0) -> SyntheticRecording:
    script = BehaviourScript(tuple((name, seconds) for name in names), seed)
    return simulate(script, SimulationSettings(fps=FPS))


@cache
def drawn(seed: int) -> SyntheticRecording:
    # Every behaviour often, so that rare ones are met too.
    rates = {name: 0.5 / behaviour.rate for name, behaviour in BEHAVIOURS.items()}
    rates["walking"] = 1.0
    return simulate(settings=SimulationSettings(duration_s=90, fps=FPS, seed=seed, rates=rates))


def points(recording: SyntheticRecording) -> np.ndarray:
    return recording.clean["position"].values[..., 0].transpose(0, 2, 1).astype(np.float64)


def track(recording: SyntheticRecording, name: str) -> np.ndarray:
    return points(recording)[:, KEYPOINTS.index(name)]


def inside(recording: SyntheticRecording, name: str, margin: float = 0.45) -> np.ndarray:
    """Frames of a behaviour away from its ends."""
    kept = np.zeros(len(recording.labels), dtype=bool)
    for bout in recording.bouts.itertuples():
        if bout.behaviour_id == name:
            kept[round((bout.start_s + margin) * FPS) : round((bout.stop_s - margin) * FPS)] = True
    return kept


def speed(path: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.gradient(path, 1 / FPS, axis=0), axis=-1)


SEEDS = (1, 2, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_bones_keep_their_length(seed: int) -> None:
    body = points(drawn(seed))
    for a, b in RIGID_PAIRS:
        gap = np.linalg.norm(body[:, KEYPOINTS.index(a)] - body[:, KEYPOINTS.index(b)], axis=-1)
        assert np.ptp(gap) < 1e-4, (a, b)


@pytest.mark.parametrize("seed", SEEDS)
def test_stays_in_the_arena_and_above_the_floor(seed: int) -> None:
    body = points(drawn(seed))
    assert np.hypot(body[..., 0], body[..., 1]).max() < 12.6
    assert body[..., 2].min() > 0.0


@pytest.mark.parametrize("seed", SEEDS)
def test_paws_stand_on_the_floor_and_do_not_slide(seed: int) -> None:
    recording = drawn(seed)
    for index, paw in enumerate(PAWS):
        path, stands = track(recording, paw), recording.contacts[:, index]
        assert stands.mean() > 0.4
        held = np.abs(path[stands, 2] - 0.12) < 0.01
        # A limb that is stretched to its end lifts the paw; that must be rare.
        assert held.mean() > 0.97, paw
        both = stands[1:] & stands[:-1]
        slide = np.linalg.norm(np.diff(path, axis=0), axis=-1)[both]
        assert np.quantile(slide, 0.97) < 0.005, paw


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_jumps(seed: int) -> None:
    body = points(drawn(seed))
    moved = np.linalg.norm(np.diff(body, axis=0), axis=-1) * FPS
    assert moved.max() < 260, KEYPOINTS[int(np.unravel_index(moved.argmax(), moved.shape)[1])]
    trunk = [KEYPOINTS.index(name) for name in ("SpineG", "SpineH", "Hip")]
    assert moved[:, trunk].max() < 170


def test_walking_is_a_walk() -> None:
    recording = scripted("standing", "walking", "standing", seconds=4.0)
    here = inside(recording, "walking")
    pace = speed(track(recording, "SpineH")[:, :2])[here]
    assert np.quantile(pace, 0.05) > 5
    assert np.median(pace) < 22
    for index in range(4):
        share = recording.contacts[here, index].mean()
        assert 0.35 < share < 0.85
    # Diagonal paws step together, neighbours in turn.
    lifted = ~recording.contacts[here]
    assert np.corrcoef(lifted[:, 0], lifted[:, 3])[0, 1] > 0.3
    assert np.corrcoef(lifted[:, 0], lifted[:, 1])[0, 1] < 0


def test_running_is_faster_than_walking() -> None:
    fast = scripted("running", seconds=4.0)
    assert np.median(speed(track(fast, "SpineH")[:, :2])) > 20


@pytest.mark.parametrize("name", ["freezing", "sleeping"])
def test_freezing_and_sleeping_only_breathe(name: str) -> None:
    recording = scripted("walking", name, seconds=5.0)
    here = inside(recording, name, margin=1.2)
    still = points(recording)[here]
    assert np.ptp(still, axis=0).max() < 0.1
    back = still[:, KEYPOINTS.index("SpineG"), 2]
    assert np.ptp(back) > 1e-4
    power = np.abs(np.fft.rfft(back - back.mean()))
    breaths = np.fft.rfftfreq(len(back), 1 / FPS)[power.argmax()]
    assert 1.5 < breaths < 4.5


def test_rearing_lifts_nose_and_forepaws() -> None:
    recording = scripted("standing", "rearing", "standing")
    here = inside(recording, "rearing")
    assert track(recording, "Snout")[here, 2].min() > 5
    assert track(recording, "ForepawL")[here, 2].min() > 2
    assert track(recording, "HindpawL")[here, 2].max() < 0.3
    assert track(recording, "Snout")[inside(recording, "standing"), 2].max() < 3


@pytest.mark.parametrize("seed", range(4))
def test_supported_rearing_stands_at_the_wall(seed: int) -> None:
    recording = scripted("walking", "rearing_supported", "standing", seed=seed)
    here = inside(recording, "rearing_supported", margin=1.0)
    assert here.any()
    for paw in ("ForepawL", "ForepawR"):
        path = track(recording, paw)[here]
        assert np.median(np.hypot(path[:, 0], path[:, 1])) > 11.3
        assert path[:, 2].min() > 3
    assert track(recording, "Snout")[here, 2].min() > 5


def test_a_rear_far_from_the_wall_is_not_supported() -> None:
    recording = scripted("rearing_supported", "standing")
    assert set(recording.labels) == {"rearing", "standing"}


@pytest.mark.parametrize("seed", range(3))
def test_grooming_strokes_the_snout_at_4_to_6_hertz(seed: int) -> None:
    recording = scripted("standing", "grooming", "standing", seconds=5.0, seed=seed)
    here = inside(recording, "grooming", margin=0.6)
    for paw in ("ForepawL", "ForepawR"):
        gap = np.linalg.norm((track(recording, paw) - track(recording, "Snout"))[here], axis=-1)
        assert gap.max() < 1.6
        power = np.abs(np.fft.rfft((gap - gap.mean()) * np.hanning(len(gap))))
        assert 4 <= np.fft.rfftfreq(len(gap), 1 / FPS)[power.argmax()] <= 6
    assert np.percentile(speed(track(recording, "Hip"))[here], 95) < 1


def test_scratching_is_fast_and_one_sided() -> None:
    recording = scripted("standing", "scratching", seconds=3.0)
    here = inside(recording, "scratching")
    heights = [track(recording, paw)[here, 2] for paw in ("HindpawL", "HindpawR")]
    up, down = sorted(heights, key=np.mean, reverse=True)
    assert up.min() > 0.8
    assert down.max() < 0.3
    power = np.abs(np.fft.rfft(up - up.mean()))
    assert np.fft.rfftfreq(len(up), 1 / FPS)[power.argmax()] > 8


def test_turning_turns_without_going_far() -> None:
    recording = scripted("standing", "turning", seconds=1.5)
    here = inside(recording, "turning", margin=0.3)
    axis = (track(recording, "SpineG") - track(recording, "Hip"))[:, :2]
    heading = np.unwrap(np.arctan2(axis[:, 1], axis[:, 0]))
    assert abs(np.ptp(heading[here])) > 1.0
    assert np.ptp(track(recording, "Hip")[here], axis=0).max() < 2.5


def test_stretching_lengthens_and_lowers() -> None:
    recording = scripted("standing", "stretching")
    length = np.linalg.norm(track(recording, "Snout") - track(recording, "TailBase"), axis=-1)
    stretched, standing = inside(recording, "stretching", 0.8), inside(recording, "standing")
    assert np.median(length[stretched]) > 1.06 * np.median(length[standing])
    back = track(recording, "SpineG")[:, 2]
    assert np.median(back[stretched]) < np.median(back[standing]) - 0.4


def test_jumping_leaves_the_floor() -> None:
    recording = scripted("standing", "jumping", "standing", seconds=0.8)
    paws = np.stack([track(recording, paw)[:, 2] for paw in PAWS])
    assert paws.min(axis=0).max() > 2


def test_labels_bouts_and_script_agree() -> None:
    recording = scripted("walking", "standing", "grooming")
    validate_table(BOUTS, recording.bouts)
    assert recording.bouts["behaviour_id"].tolist() == ["walking", "standing", "grooming"]
    assert set(recording.bouts["source"]) == {"human"}
    np.testing.assert_allclose(recording.bouts["stop_s"].iloc[-1], len(recording.labels) / FPS)
    np.testing.assert_allclose(recording.bouts["start_s"][1:], recording.bouts["stop_s"][:-1])
    assert recording.labels[round(3.5 * FPS)] == "standing"


def test_poses_are_in_centimetres_with_names() -> None:
    recording = scripted("standing")
    assert recording.poses["position"].attrs["units"] == "cm"
    assert tuple(recording.poses["keypoint"].values) == KEYPOINTS
    assert recording.poses.sizes["time"] == len(recording.labels) == 180


def test_same_seed_same_recording_other_seed_another() -> None:
    settings = SimulationSettings(duration_s=5, seed=4, noise=NoiseSettings(jitter_cm=0.02))
    first, again = simulate(settings=settings), simulate(settings=settings)
    assert first.poses.identical(again.poses)
    other = simulate(settings=settings.model_copy(update={"seed": 5}))
    assert not first.poses.equals(other.poses)


def test_size_scales_the_animal() -> None:
    small = simulate(BehaviourScript((("standing", 1.0),)), SimulationSettings(size=0.75))
    adult = simulate(BehaviourScript((("standing", 1.0),)), SimulationSettings())
    spans = [np.linalg.norm(track(r, "SpineF")[5] - track(r, "Hip")[5]) for r in (small, adult)]
    assert spans[0] / spans[1] == pytest.approx(0.75, rel=0.02)


@pytest.mark.parametrize("steps", [(), (("flying", 1.0),), (("walking", 0.0),)])
def test_an_impossible_script_is_refused(steps: tuple[tuple[str, float], ...]) -> None:
    with pytest.raises(SettingsError):
        BehaviourScript(steps)


def test_rates_steer_the_script() -> None:
    script = draw_script(600, seed=1, rates={"grooming": 0.0, "freezing": 20.0})
    names = [name for name, _ in script.steps]
    assert "grooming" not in names
    assert names.count("freezing") > 0.1 * len(names)
    assert script.duration_s >= 600
    with pytest.raises(SettingsError, match="flying"):
        draw_script(10, rates={"flying": 1.0})


def test_noise_is_as_much_as_was_asked_for() -> None:
    settings = SimulationSettings(
        duration_s=20, noise=NoiseSettings(jitter_cm=0.05, dropouts=0.1, jumps=0.02)
    )
    recording = simulate(settings=settings)
    noisy, clean = recording.poses["position"].values, recording.clean["position"].values
    lost = np.isnan(noisy).any(axis=1)
    assert 0.07 < lost.mean() < 0.13
    confidence = recording.poses["confidence"].values
    assert confidence[lost].max() < 0.3
    off = (noisy - clean)[np.isfinite(noisy)]
    spread = 1.4826 * np.median(np.abs(off))
    assert spread == pytest.approx(0.05, rel=0.1)
    far = np.nan_to_num(np.linalg.norm(noisy - clean, axis=1)) > 1.0
    assert 0.01 < far.mean() < 0.025
    assert confidence[far].max() < 0.75


@pytest.mark.parametrize(("count", "seed"), [(2, 3), (3, 1), (4, 2)])
def test_animals_in_one_arena_keep_apart_and_are_told_apart(count: int, seed: int) -> None:
    animals = [
        SimulationSettings(duration_s=30, fps=30, seed=10 * seed + number)
        for number in range(count)
    ]
    names = [f"mouse{number + 1}" for number in range(count)]
    recordings = simulate_group(animals, names)
    trunk = [KEYPOINTS.index(n) for n in ("SpineF", "SpineG", "SpineH", "Hip")]
    bodies = []
    for name, recording in zip(names, recordings, strict=True):
        assert recording.clean["individual"].values.tolist() == [name]
        assert set(recording.bouts["individual"]) == {name}
        assert recording.clean.sizes["time"] == 900
        position = recording.clean["position"].values[..., 0].transpose(0, 2, 1)
        # A nose that turns quickly touches the wall, which is 0.4 cm thick.
        assert np.linalg.norm(position[..., :2], axis=-1).max() < 12.9
        bodies.append(position[:, trunk])
        # Each goes its own way.
        assert np.ptp(position[:, KEYPOINTS.index("Hip"), :2], axis=0).max() > 1
    for number, one in enumerate(bodies):
        for other in bodies[:number]:
            away = np.linalg.norm(one[:, :, None] - other[:, None], axis=-1)
            # Two bodies of 2.5 cm thickness do not touch.
            assert away.min() > 2.5


def test_one_animal_alone_is_a_group_of_one() -> None:
    settings = SimulationSettings(duration_s=5, fps=20, seed=4)
    alone, (grouped,) = simulate(settings=settings), simulate_group([settings], ["mouse"])
    xr.testing.assert_identical(alone.clean, grouped.clean)
