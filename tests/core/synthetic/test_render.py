"""The pictures show the mice where they are, and what is said to be seen is seen."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from mousegpt_core.errors import SettingsError
from mousegpt_core.synthetic import (
    BehaviourScript,
    Renderer,
    SimulationSettings,
    SyntheticRecording,
    preset_camera,
    preset_rig,
    simulate,
)
from mousegpt_core.synthetic.body import KEYPOINTS
from mousegpt_core.synthetic.bones import resting_points
from mousegpt_core.synthetic.coats import COATS
from mousegpt_core.synthetic.render import MARKERS, place_markers
from mousegpt_core.synthetic.splat import Layer, smear
from mousegpt_core.synthetic.surface import make_skin, pose_skin

VIEWS = ["top", "side", "ring1", "ring4"]
AWAY = np.array([500.0, 0, 0])


@cache
def recording() -> SyntheticRecording:
    names = ("standing", "walking", "rearing", "grooming")
    return simulate(BehaviourScript(tuple((n, 1.5) for n in names)), SimulationSettings(fps=4))


def points() -> np.ndarray:
    """Poses (time, animal, 24, 3) of one animal."""
    position = recording().clean["position"].values
    return position.transpose(0, 3, 2, 1).astype(np.float64)


@cache
def renderer(view: str, noise: float = 1.2) -> Renderer:
    return Renderer(preset_camera(view), noise=noise)


def at(name: str) -> int:
    return KEYPOINTS.index(name)


@pytest.mark.parametrize("view", VIEWS)
def test_presets_see_the_whole_arena(view: str) -> None:
    camera = preset_camera(view)
    angle = np.linspace(0, 2 * np.pi, 60)
    rim = np.stack([12.5 * np.cos(angle), 12.5 * np.sin(angle), np.zeros(60)], axis=-1)
    assert camera.sees(rim).all()


def test_a_rig_is_like_its_plan_but_no_two_cameras_are_alike() -> None:
    rig = preset_rig("8")
    assert rig.names == ("top", *(f"ring{n}" for n in range(1, 8)))
    for camera in rig:
        plan = preset_camera(camera.name)
        assert 0 < np.linalg.norm(camera.centre - plan.centre) < 4
        assert camera.sees([0.0, 0, 0])
    assert len({camera.distortion[0] for camera in rig}) == 8
    np.testing.assert_array_equal(preset_rig("8")["ring3"].matrix, rig["ring3"].matrix)
    assert (preset_rig("8", seed=1)["ring3"].matrix != rig["ring3"].matrix).any()
    # The same camera, whichever others there are.
    np.testing.assert_array_equal(preset_rig("ring3,top")["top"].centre, rig["top"].centre)
    assert preset_rig("3").names == ("top", "ring1", "ring4")


@pytest.mark.parametrize("cameras", ["below", "top,top", "0", "9", ""])
def test_an_unknown_rig_is_refused(cameras: str) -> None:
    with pytest.raises(SettingsError):
        preset_rig(cameras)


@pytest.mark.parametrize("view", VIEWS)
def test_the_mouse_is_where_its_keypoints_are(view: str) -> None:
    drawn = renderer(view)
    scale = drawn.camera.matrix[0, 0] / drawn.camera.depth([0.0, 0, 2])
    for pose in points()[::3]:
        mask = drawn.mask(pose)[0]
        assert 2000 < mask.sum() < 30000
        rows, columns = np.nonzero(mask)
        trunk = [at(n) for n in ("SpineF", "SpineG", "SpineH", "Hip", "KneeL", "KneeR")]
        centre = drawn.camera.project(pose[0, trunk]).mean(axis=0)
        # The tail draws the centroid back a little: within a centimetre and a half.
        gap = np.hypot(np.median(columns) - centre[0], np.median(rows) - centre[1])
        assert gap < 1.5 * scale
        for keypoint in ("Snout", "EarL", "EarR", "SpineG", "TailBase"):
            x, y = np.round(drawn.camera.project(pose[0, at(keypoint)])).astype(int)
            assert mask[y - 5 : y + 6, x - 5 : x + 6].any(), keypoint


def test_pictures_are_deterministic_and_only_the_mouse_changes() -> None:
    camera = preset_camera("top", (320, 240))
    first, again = Renderer(camera), Renderer(camera)
    a, b = points()[0], points()[8]
    np.testing.assert_array_equal(first.draw(a, None, 3).picture, again.draw(a, None, 3).picture)
    picture = first.draw(a).picture
    assert picture.shape == (240, 320, 3)
    assert picture.dtype == np.uint8
    changed = (picture != first.draw(b).picture).any(axis=-1)
    assert 0.005 < changed.mean() < 0.5


def test_the_mouse_is_shaded_and_casts_a_shadow() -> None:
    drawn = renderer("top", 0.0)
    pose = points()[0]
    picture, mask = drawn.draw(pose).picture.astype(float).mean(axis=-1), drawn.mask(pose)[0]
    assert picture[mask].std() > 10
    empty = drawn.draw(pose + AWAY).picture.astype(float).mean(axis=-1)
    shadow = (empty - picture > 8) & ~mask
    assert shadow.sum() > 400


def test_a_mouse_out_of_the_picture_leaves_the_arena_empty() -> None:
    drawn = renderer("side")
    assert not drawn.mask(points()[0] + np.array([0, 0, 300.0])).any()
    assert not drawn.draw(points()[0] + AWAY).visible.any()


def test_a_moving_square_is_smeared_along_its_way_only() -> None:
    cover = np.zeros((40, 40), dtype=np.float32)
    cover[10:30, 10:30] = 1.0
    colour = np.full((40, 40, 3), 100, dtype=np.float32)
    row, column = np.mgrid[10:30, 10:30].reshape(2, -1)
    places = np.stack([column + 200, row + 300], axis=-1)
    moves = np.broadcast_to([8.0, 0.0], places.shape)
    layer = Layer(300, 200, colour, cover, np.where(cover > 0, 5, np.inf).astype(np.float32))
    smeared = smear(layer, places, moves)
    # A box as long as the way: half at the edge, nothing and all 4 pixels to either side of it.
    np.testing.assert_allclose(smeared.cover[20, [4, 10, 15, 20]], [0, 5 / 9, 1, 1], atol=1e-6)
    np.testing.assert_allclose(smeared.cover.sum(), cover.sum(), rtol=0.02)
    assert not smeared.cover[:9].any()
    np.testing.assert_allclose(smeared.colour[smeared.cover > 0.01], 100, rtol=1e-4)
    assert smear(layer, places, moves * 0.01) is layer


def test_a_moving_mouse_is_blurred() -> None:
    drawn = renderer("top", 0.0)
    pose = points()[0]
    still = drawn.draw(pose).picture.astype(float).mean(axis=-1)
    unmoved = drawn.draw(pose, np.zeros_like(pose)).picture.astype(float).mean(axis=-1)
    np.testing.assert_array_equal(unmoved, still)
    way = np.broadcast_to([0.8, 0.0, 0.0], pose.shape)
    moved = drawn.draw(pose, way).picture.astype(float).mean(axis=-1)
    rows, columns = (slice(each.min(), each.max()) for each in np.nonzero(drawn.mask(pose)[0]))
    edges = [np.abs(np.diff(each[rows, columns], axis=1)).max() for each in (still, moved)]
    assert edges[1] < 0.4 * edges[0]


def test_from_above_the_back_is_visible_and_the_paws_are_not() -> None:
    # Standing on all fours, straight.
    pose = resting_points()[None]
    seen = dict(zip(KEYPOINTS, renderer("top").draw(pose).visible[0], strict=True))
    for name in ("SpineF", "SpineG", "SpineH", "Hip", "TailMid", "TailEnd", "EarL", "EarR"):
        assert seen[name], name
    for name in ("WristL", "WristR", "ElbowL", "AnkleR"):
        assert not seen[name], name


def test_the_far_side_is_hidden_by_the_own_body() -> None:
    pose = resting_points()
    # The mouse looks along +x and the camera stands at -y: on its right.
    seen = dict(zip(KEYPOINTS, renderer("side").draw(pose[None]).visible[0], strict=True))
    for name in ("Shoulder", "Knee", "Elbow"):
        assert seen[f"{name}R"], name
        assert not seen[f"{name}L"], name


def test_a_mouse_hides_the_one_behind_it() -> None:
    camera = preset_camera("side")
    pose = resting_points()
    behind, before = pose + np.array([0, 3, 0]), pose + np.array([0, -3, 0])
    alone = Renderer(camera, ("black",))
    both = Renderer(camera, ("black", "white"))
    free = alone.draw(behind[None]).visible[0]
    seen = both.draw(np.stack([behind, before])).visible
    assert seen[1].sum() == alone.draw(before[None]).visible[0].sum()
    assert free[at("KneeR")]
    assert not seen[0, at("KneeR")]
    assert not (seen[0] & ~free).any()


def test_a_visible_point_has_the_colour_of_its_animal() -> None:
    both = Renderer(preset_camera("side"), ("black", "white"), noise=0.0)
    pose = resting_points()
    poses = np.stack([pose + np.array([-4, 1, 0]), pose + np.array([4, -4, 0])])
    shot = both.draw(poses)
    grey = shot.picture.astype(float).mean(axis=-1)
    names = [at(name) for name in ("SpineG", "SpineH", "KneeR", "ShoulderR")]
    x, y = np.round(both.camera.project(poses[:, names])).astype(int).transpose(2, 0, 1)
    assert shot.visible[:, names].all(axis=-1).tolist() == [True, True]
    assert (grey[y, x][0] < 90).all()
    assert (grey[y, x][1] > 100).all()


@pytest.mark.parametrize("coat", COATS)
def test_every_coat_is_drawn(coat: str) -> None:
    drawn = Renderer(preset_camera("top", (160, 120)), (coat,))
    assert drawn.draw(points()[0]).picture.std() > 5


def test_an_unknown_coat_is_refused() -> None:
    with pytest.raises(SettingsError, match="black"):
        Renderer(preset_camera("top", (160, 120)), ("green",))


@pytest.mark.parametrize("view", ["top", "ring2"])
def test_dots_shine_where_visible_markers_are_and_nowhere_else(view: str) -> None:
    drawn = renderer(view)
    for pose in points()[::6]:
        shot = drawn.fluoresce(pose)
        light = shot.picture[..., 0].astype(float)
        marked, known = place_markers(pose)[0], shot.visible[0]
        assert 2 <= known.sum() < len(MARKERS)
        pixels = np.round(drawn.camera.project(marked)).astype(int)
        around = np.array([light[y - 1 : y + 2, x - 1 : x + 2].max() for x, y in pixels])
        assert (around[known] > 60).all()
        spots = light > 60
        for x, y in pixels[known]:
            spots[y - 8 : y + 9, x - 8 : x + 9] = False
        assert not spots.any()


def test_markers_sit_on_the_skin_over_their_keypoints() -> None:
    pose = resting_points()
    marked = place_markers(pose)
    away = np.linalg.norm(marked - pose[[at(name) for name in MARKERS]], axis=-1)
    assert (away < 0.75).all()


def test_skin_rests_on_its_bones() -> None:
    skin = make_skin()
    posed, normals = pose_skin(skin, resting_points())
    np.testing.assert_allclose(posed, skin.points, atol=1e-4)
    solid = skin.parts != "whisker"
    np.testing.assert_allclose(np.linalg.norm(normals[solid], axis=-1), 1, atol=1e-3)
    np.testing.assert_allclose(skin.weights.sum(axis=1), 1, atol=1e-5)


def test_skin_follows_a_rigid_motion() -> None:
    skin = make_skin()
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    moved, _ = pose_skin(skin, resting_points() @ turn.T + [1.0, 2, 3])
    np.testing.assert_allclose(moved, skin.points @ turn.T + [1.0, 2, 3], atol=1e-3)


def test_a_denser_skin_is_the_same_mouse() -> None:
    coarse, fine = make_skin(16_000), make_skin(64_000)
    np.testing.assert_array_equal(fine.points[fine.markers], coarse.points[coarse.markers])
    np.testing.assert_allclose(fine.points.mean(axis=0), coarse.points.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.ptp(fine.points, axis=0), np.ptp(coarse.points, axis=0), atol=0.4)
