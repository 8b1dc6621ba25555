"""Where the animal is in the pictures of calibrated cameras, and which two show it best."""

from __future__ import annotations

import itertools
from contextlib import ExitStack

import numpy as np
import pytest

from mousegpt_core.describe.protocol import load_protocol
from mousegpt_core.geometry import write_calibration
from mousegpt_core.io import write_poses
from mousegpt_core.pipeline import NewRecording, Work, add_recording
from mousegpt_core.pipeline.footage import Footage
from mousegpt_core.pipeline.previewing import prepare_showing
from mousegpt_core.pipeline.sights import Sights
from mousegpt_core.pipeline.zones import zone_uses
from mousegpt_core.study import Study
from mousegpt_core.synthetic import Session, SessionSettings, record_session
from mousegpt_core.video import write_film

SIZE = (160, 120)
FPS = 30.0


@pytest.fixture(scope="module")
def session() -> Session:
    return record_session(SessionSettings(seconds=1.0, fps=FPS, size=SIZE, seed=4))


@pytest.fixture(scope="module")
def study(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Eight calibrated cameras whose films show nothing, and poses in space alone."""
    folder = tmp_path_factory.mktemp("rig")
    blank = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    new = NewRecording(
        "m",
        films=[
            (view, write_film(folder / f"{view}.mp4", itertools.repeat(blank, 30), FPS))
            for view in session.rig.names
        ],
        poses=[("", write_poses(session.poses, folder / "poses.csv", format="wide-csv"))],
        calibration=write_calibration(session.rig, folder / "calibration.toml"),
        unit="cm",
    )
    study = Study.create(folder / "study")
    recording = add_recording(study, new).recording
    prepare_showing(Work(study), recording, load_protocol("mousegpt"))
    return study


@pytest.fixture
def sights(study: Study) -> Sights:
    return Sights(study, study.recording("m"))


def truth(session: Session, view: str, row: int) -> np.ndarray:
    """Where the keypoints of a moment are in a view; NaN = out of the picture."""
    points = session.poses["position"].isel(time=row, individual=0)
    points = points.transpose("keypoint", "space").values
    camera = session.rig[view]
    return np.where(camera.sees(points)[:, None], camera.project(points), np.nan)


def test_poses_in_space_are_projected_into_every_view(session: Session, sights: Sights) -> None:
    for view in session.rig.names:
        found = sights.keypoints(view, "", [0.5], [15])
        assert found is not None
        known = np.isfinite(found[0, :, 0])
        assert known.mean() > 0.8
        assert np.abs(found[0] - truth(session, view, 15))[known].max() < 0.01


def test_the_pair_is_of_side_views_nearest_to_perpendicular(
    session: Session, sights: Sights
) -> None:
    rig, place = session.rig, sights.place("", [0.5])
    assert place is not None
    assert [view for view in rig.names if sights.is_overhead(view, place)] == ["top"]
    sides = [view for view in rig.names if view != "top"]

    def cosine(pair: tuple[str, str]) -> float:
        a, b = (rig[view].centre - place for view in pair)
        return abs(float(a @ b)) / float(np.linalg.norm(a) * np.linalg.norm(b))

    pair = sights.best_pair(sides, place, hidden=())
    assert pair is not None
    assert cosine(pair) == pytest.approx(
        min(map(cosine, itertools.combinations(sides, 2))), abs=0.01
    )
    # A view that hides the animal is left out, though its pair is the best.
    other = sights.best_pair(sides, place, hidden=pair[:1])
    assert other is not None
    assert pair[0] not in other
    assert sights.best_pair(["top"], place, hidden=()) is None


def test_the_crop_holds_the_animal_in_both_pictures(study: Study, session: Session) -> None:
    protocol = load_protocol("mousegpt")
    with ExitStack() as stack:
        footage = Footage(study, study.recording("m"), protocol, stack)
        clip = footage.clips().iloc[2]
        (moment,) = footage._plan(clip)
        assert len(moment) == 2
        for frame in moment:
            assert frame.filmed.view.name != "top"
            left, top, right, bottom = frame.seen.box
            points = truth(session, frame.filmed.view.name, frame.number)
            seen = points[np.isfinite(points).all(axis=1)]
            inside = (seen >= [left, top]) & (seen <= [right, bottom])
            assert inside.all()


def test_a_pixel_is_as_long_as_the_camera_is_far(session: Session, sights: Sights) -> None:
    place = sights.place("", [0.5])
    assert place is not None
    for view in ("top", "ring3"):
        camera = session.rig[view]
        ends = camera.project(place + np.outer([-0.5, 0.5], camera.rotation[0]))
        length = float(np.linalg.norm(ends[1] - ends[0]))
        assert sights.px_per_cm(view, place) == pytest.approx(length, rel=0.03)


def test_a_zone_in_a_calibrated_picture_is_measured_on_the_floor(
    study: Study, session: Session
) -> None:
    recording = study.recording("m")
    points = truth(session, "top", 15)
    x, y = np.nanmean(points, axis=0)
    around = [(x - 40, y - 40), (x + 40, y - 40), (x + 40, y + 40), (x - 40, y + 40)]
    away = [(x + 1000, y), (x + 1100, y), (x + 1050, y + 100)]
    try:
        recording.change(
            zones=[
                {"name": "here", "view": "top", "corners": around},
                {"name": "there", "view": "top", "corners": away},
            ]
        )
        here, there = zone_uses(study, recording)
    finally:
        recording.change(zones=[])
    assert here.share > 0.5
    assert (there.seconds, there.entries) == (0.0, 0)
