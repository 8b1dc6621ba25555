"""A person's acts on poses: what each does, in which order, and what they leave alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mousegpt_core.errors import DataError
from mousegpt_core.poses import make_poses, validate_poses
from mousegpt_core.study import Log
from mousegpt_core.study.pose_edits import (
    EDIT_KINDS,
    POSES,
    Accept,
    DeletePoints,
    HidePoints,
    Interpolate,
    MovePoints,
    PoseEdit,
    ShowPoints,
    SwapIdentities,
    SwapSides,
    accepted_frames,
    edited_poses,
    effective,
    read_pose_edits,
    without_hidden,
)

KEYPOINTS = ("nose", "ear_left", "ear_right")
ANIMALS = ("a", "b")
FRAMES = np.array([0, 1, 2, 4, 5, 6])


@pytest.fixture
def poses() -> xr.Dataset:
    """Every value differs from every other; frame 3 was dropped."""
    values = np.arange(6 * 2 * 3 * 2, dtype=float).reshape(6, 2, 3, 2)
    confidence = values[:, 0] / 100
    return make_poses(
        values, confidence, keypoints=KEYPOINTS, individuals=ANIMALS, fps=10, frames=FRAMES,
        times=FRAMES / 10,
    )  # fmt: skip


def at(poses: xr.Dataset, frame: int, keypoint: str, individual: str) -> list[float]:
    row = list(poses["frame"].values).index(frame)
    place = poses["position"].isel(time=row).sel(keypoint=keypoint, individual=individual)
    return [float(value) for value in place]


def flags(poses: xr.Dataset, name: str) -> set[tuple[int, str, str]]:
    return {
        (int(FRAMES[t]), KEYPOINTS[k], ANIMALS[i]) for t, k, i in np.argwhere(poses[name].values)
    }


def test_a_point_is_moved_and_nothing_else(poses: xr.Dataset) -> None:
    done = edited_poses(poses, [MovePoints(frame=4, points=(("nose", "b"),), to=((7.5, 8.0),))])
    assert at(done, 4, "nose", "b") == [7.5, 8.0]
    assert flags(done, "edited") == {(4, "nose", "b")}
    changed = done["position"].values != poses["position"].values
    assert changed.sum() == 2
    assert done["confidence"].sel(keypoint="nose", individual="b").values[3] == 1
    assert at(poses, 4, "nose", "b") != [7.5, 8.0]
    validate_poses(done)


def test_points_are_deleted_and_added_again(poses: xr.Dataset) -> None:
    points = (("nose", "a"), ("ear_left", "a"))
    gone = [DeletePoints(frame=0, points=points)]
    assert np.isnan(at(edited_poses(poses, gone), 0, "ear_left", "a")).all()
    back = [*gone, MovePoints(frame=0, points=points[:1], to=((1.0, 2.0),))]
    assert at(edited_poses(poses, back), 0, "nose", "a") == [1.0, 2.0]


def test_what_is_hidden_keeps_its_place_but_is_not_computed_with(poses: xr.Dataset) -> None:
    hide = HidePoints(frame=1, points=(("nose", "a"),))
    done = edited_poses(poses, [hide])
    assert at(done, 1, "nose", "a") == at(poses, 1, "nose", "a")
    assert done["confidence"].values[1, 0, 0] == 0
    seen = without_hidden(done)
    assert np.isnan(at(seen, 1, "nose", "a")).all()
    assert set(seen.data_vars) == set(poses.data_vars)
    assert seen["position"].attrs == poses["position"].attrs
    shown = edited_poses(poses, [hide, ShowPoints(frame=1, points=(("nose", "a"),))])
    assert not shown["hidden"].any()
    assert shown["confidence"].values[1, 0, 0] == 1


def test_sides_are_swapped_in_a_range(poses: xr.Dataset) -> None:
    swap = SwapSides(start=2, stop=5, pairs=(("ear_left", "ear_right"),), individuals=("a",))
    done = edited_poses(poses, [swap])
    assert at(done, 4, "ear_left", "a") == at(poses, 4, "ear_right", "a")
    assert at(done, 5, "ear_left", "a") == at(poses, 5, "ear_left", "a")
    assert at(done, 4, "ear_left", "b") == at(poses, 4, "ear_left", "b")
    assert {frame for frame, *_ in flags(done, "edited")} == {2, 4}
    np.testing.assert_array_equal(
        done["confidence"].values[2:4, 1, 0], poses["confidence"].values[2:4, 2, 0]
    )
    twice = edited_poses(poses, [swap, swap])
    np.testing.assert_array_equal(twice["position"], poses["position"])


def test_identities_are_swapped_to_the_end(poses: xr.Dataset) -> None:
    done = edited_poses(poses, [SwapIdentities(start=4, stop=7, individuals=ANIMALS)])
    for keypoint in KEYPOINTS:
        assert at(done, 6, keypoint, "a") == at(poses, 6, keypoint, "b")
        assert at(done, 2, keypoint, "a") == at(poses, 2, keypoint, "a")


def test_interpolation_follows_the_frames_not_the_rows(poses: xr.Dataset) -> None:
    nose = (("nose", "a"),)
    done = edited_poses(
        poses,
        [
            MovePoints(frame=1, points=nose, to=((0.0, 0.0),)),
            MovePoints(frame=5, points=nose, to=((8.0, 4.0),)),
            Interpolate(start=2, stop=5, points=nose),
        ],
    )
    assert at(done, 2, "nose", "a") == [2.0, 1.0]
    assert at(done, 4, "nose", "a") == [6.0, 3.0]
    assert done["confidence"].values[2, 0, 0] == 1


def test_interpolation_without_an_end_leaves_all(poses: xr.Dataset) -> None:
    done = edited_poses(poses, [Interpolate(start=4, stop=99, points=(("nose", "a"),))])
    np.testing.assert_array_equal(done["position"], poses["position"])
    assert not done["edited"].any()


def test_what_is_not_there_is_passed_over(poses: xr.Dataset) -> None:
    acts: list[PoseEdit] = [
        MovePoints(frame=3, points=(("nose", "a"),), to=((0.0, 0.0),)),
        MovePoints(frame=1, points=(("tail", "a"),), to=((0.0, 0.0),)),
        MovePoints(frame=1, points=(("nose", "a"),), to=((0.0, 0.0, 0.0),)),
        DeletePoints(frame=1, points=(("nose", "c"),)),
        SwapIdentities(start=0, stop=9, individuals=("a", "c")),
        SwapSides(start=0, stop=9, pairs=(("nose", "tail"),), individuals=("a", "c")),
        Interpolate(start=3, stop=4, points=(("nose", "a"),)),
        Accept(frame=1, individuals=("a",)),
    ]
    done = edited_poses(poses, acts)
    np.testing.assert_array_equal(done["position"], poses["position"])
    assert not done["edited"].any()


def test_the_error_of_a_point_in_space_is_not_that_of_a_placed_one() -> None:
    errors = np.full((2, 1, 1), 3.0)
    poses = make_poses(
        np.zeros((2, 3, 1, 1)), keypoints=["nose"], fps=10, reprojection_error=errors
    )
    act = MovePoints(frame=1, points=(("nose", "mouse"),), to=((1.0, 2.0, 3.0),))
    done = edited_poses(poses, [act])
    assert np.isnan(done["reprojection_error"].values[1]).all()
    assert done["reprojection_error"].values[0] == 3


def test_an_act_that_was_taken_back_is_not_done(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.sqlite")
    first, second = (
        log.add_edit(POSES, "top", "delete", DeletePoints(frame=n, points=()).to_json(), who="me")
        for n in (1, 2)
    )
    log.take_back(first)
    log.add_edit("description", "c", "head", "text")
    done = read_pose_edits(log.edits(POSES))
    assert [one.id for one in effective(done, "top")] == [second]
    assert effective(done, "side") == []
    assert done[0].who == "me"


def test_frames_that_were_accepted(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.sqlite")
    for frame in (4, 5):
        act = Accept(frame=frame, individuals=("a", "b"))
        id = log.add_edit(POSES, "top", act.kind, act.to_json())
    log.take_back(id)
    done = read_pose_edits(log.edits(POSES))
    assert accepted_frames(done, "top") == {"a": {4}, "b": {4}}
    assert effective(done, "top") == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("fold", "{}"),
        ("move", '{"frame": 1, "points": [["nose", "a"]], "to": []}'),
        ("move", '{"frame": 1, "points": [["nose", "a"]], "to": [[1, NaN]]}'),
        ("swap_sides", '{"start": 4, "stop": 4, "pairs": [], "individuals": []}'),
        ("delete", '{"frame": -1, "points": []}'),
        ("delete", "not json"),
    ],
)
def test_an_act_that_cannot_be_understood_is_told(tmp_path: Path, kind: str, text: str) -> None:
    log = Log(tmp_path / "log.sqlite")
    id = log.add_edit(POSES, "top", kind, text)
    with pytest.raises(DataError) as caught:
        read_pose_edits(log.edits())
    assert id in str(caught.value)


frames = st.integers(0, 8)
points = st.lists(
    st.tuples(st.sampled_from([*KEYPOINTS, "x"]), st.sampled_from(ANIMALS)), max_size=3
).map(tuple)
numbers = st.floats(-1e4, 1e4, width=32)


@st.composite
def acts(draw: st.DrawFn) -> PoseEdit:
    kind = draw(st.sampled_from(sorted({*EDIT_KINDS} - {"written"})))
    start, chosen = draw(frames), draw(points)
    span = {"start": start, "stop": start + draw(st.integers(1, 5))}
    values = {
        "move": {"to": [[draw(numbers), draw(numbers)] for _ in chosen]},
        "swap_sides": {**span, "pairs": [KEYPOINTS[1:]], "individuals": ["a"]},
        "swap_identities": {**span, "individuals": ANIMALS},
        "interpolate": {**span, "points": chosen},
        "accept": {"frame": start, "individuals": ["a"]},
    }.get(kind, {})
    if kind in ("move", "hide", "show", "delete"):
        values = {"frame": start, "points": chosen, **values}
    return EDIT_KINDS[kind].model_validate(values)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(acts(), max_size=8))
def test_acts_survive_the_log_and_touch_only_what_they_mark(all_acts: list[PoseEdit]) -> None:
    poses = drawn_poses()
    again = [type(act).model_validate_json(act.to_json()) for act in all_acts]
    assert again == all_acts
    done = edited_poses(poses, all_acts)
    untouched = ~done["edited"].values
    for name in ("position", "confidence"):
        old, new = (
            each[name].transpose("time", "keypoint", "individual", ...).values[untouched]
            for each in (poses, done)
        )
        np.testing.assert_array_equal(old, new)
    assert not (done["hidden"].values & untouched).any()
    validate_poses(without_hidden(done))
    for act in all_acts:
        first, last = act.frames()
        assert first < last
        assert act.describe()


def drawn_poses() -> xr.Dataset:
    """Poses for the drawn acts."""
    values = np.arange(72, dtype=float).reshape(6, 2, 3, 2)
    return make_poses(values, keypoints=KEYPOINTS, individuals=ANIMALS, fps=10, frames=FRAMES)
