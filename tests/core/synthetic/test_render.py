"""The pictures show the mouse where it is."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from mousegpt_core.errors import DataError, SettingsError
from mousegpt_core.synthetic import (
    BehaviourScript,
    Renderer,
    SimulationSettings,
    SyntheticRecording,
    preset_camera,
    render_frames,
    simulate,
)
from mousegpt_core.synthetic.body import KEYPOINTS
from mousegpt_core.synthetic.surface import make_skin, pose_skin, resting_points


@cache
def recording() -> SyntheticRecording:
    names = ("standing", "walking", "rearing", "grooming")
    return simulate(BehaviourScript(tuple((n, 1.5) for n in names)), SimulationSettings(fps=4))


def points() -> np.ndarray:
    return recording().clean["position"].values[..., 0].transpose(0, 2, 1).astype(np.float64)


@pytest.mark.parametrize("view", ["top", "side"])
def test_presets_see_the_whole_arena(view: str) -> None:
    camera = preset_camera(view)
    angle = np.linspace(0, 2 * np.pi, 60)
    rim = np.stack([12.5 * np.cos(angle), 12.5 * np.sin(angle), np.zeros(60)], axis=-1)
    pixels = camera.project(rim)
    assert (pixels > 0).all()
    assert (pixels < [640, 480]).all()


def test_an_unknown_view_is_refused() -> None:
    with pytest.raises(SettingsError, match="below"):
        preset_camera("below")


@pytest.mark.parametrize("view", ["top", "side"])
def test_the_mouse_is_where_its_keypoints_are(view: str) -> None:
    renderer = Renderer(preset_camera(view))
    scale = 17 if view == "top" else 20
    for pose in points()[::3]:
        mask = renderer.mask(pose)
        assert 2000 < mask.sum() < 30000
        rows, columns = np.nonzero(mask)
        trunk = [
            KEYPOINTS.index(n) for n in ("SpineF", "SpineG", "SpineH", "Hip", "KneeL", "KneeR")
        ]
        centre = renderer.camera.project(pose[trunk]).mean(axis=0)
        # The tail draws the centroid back a little: within a centimetre and a half.
        gap = np.hypot(np.median(columns) - centre[0], np.median(rows) - centre[1])
        assert gap < 1.5 * scale
        for keypoint in ("Snout", "EarL", "EarR", "SpineG", "TailBase"):
            x, y = np.round(renderer.camera.project(pose[KEYPOINTS.index(keypoint)])).astype(int)
            assert mask[y - 5 : y + 6, x - 5 : x + 6].any(), keypoint


def test_pictures_are_deterministic_and_only_the_mouse_changes() -> None:
    camera = preset_camera("top", (320, 240))
    first, again = Renderer(camera), Renderer(camera)
    a, b = points()[0], points()[8]
    np.testing.assert_array_equal(first.draw(a, 3), again.draw(a, 3))
    assert first.draw(a).shape == (240, 320, 3)
    assert first.draw(a).dtype == np.uint8
    changed = (first.draw(a, 0) != first.draw(b, 0)).any(axis=-1)
    assert 0.005 < changed.mean() < 0.5


def test_the_mouse_is_shaded_and_casts_a_shadow() -> None:
    renderer = Renderer(preset_camera("top"), noise=0.0)
    pose = points()[0]
    picture, mask = renderer.draw(pose).astype(float).mean(axis=-1), renderer.mask(pose)
    assert picture[mask].std() > 10
    empty = renderer.draw(pose + np.array([500.0, 0, 0])).astype(float).mean(axis=-1)
    shadow = (empty - picture > 8) & ~mask
    assert shadow.sum() > 500


def test_a_mouse_out_of_the_picture_leaves_the_arena_empty() -> None:
    renderer = Renderer(preset_camera("side"))
    assert not renderer.mask(points()[0] + np.array([0, 0, 300.0])).any()


def test_frames_come_one_a_pose() -> None:
    poses = recording().clean.isel(time=slice(0, 3))
    frames = list(render_frames(poses, preset_camera("side", (160, 120))))
    assert len(frames) == 3


def test_poses_with_gaps_or_other_keypoints_are_refused() -> None:
    camera = preset_camera("top", (160, 120))
    poses = recording().clean.isel(time=slice(0, 3)).copy(deep=True)
    with pytest.raises(DataError, match="24 keypoints"):
        next(render_frames(poses.isel(keypoint=slice(0, 20)), camera))
    poses["position"][1, 0, 0, 0] = np.nan
    with pytest.raises(DataError, match="gaps"):
        next(render_frames(poses, camera))


def test_skin_rests_on_its_bones() -> None:
    skin = make_skin()
    posed, normals = pose_skin(skin, resting_points())
    np.testing.assert_allclose(posed, skin.points, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, atol=1e-3)
    np.testing.assert_allclose(skin.weights.sum(axis=1), 1, atol=1e-5)


def test_skin_follows_a_rigid_motion() -> None:
    skin = make_skin()
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    moved, _ = pose_skin(skin, resting_points() @ turn.T + [1.0, 2, 3])
    np.testing.assert_allclose(moved, skin.points @ turn.T + [1.0, 2, 3], atol=1e-3)
