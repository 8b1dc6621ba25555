"""COCO keypoints: frames or single pictures, several animals and categories."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mousegpt_core.errors import FormatError
from mousegpt_core.io import read_poses, write_poses
from mousegpt_core.poses import make_poses


def write_coco(path, annotations, images=None, categories=None):
    content = {
        "images": images or [{"id": n, "file_name": f"day_{40 * n}.png"} for n in (2, 1)],
        "annotations": annotations,
        "categories": categories or [{"id": 7, "name": "mouse", "keypoints": ["nose", "hip"]}],
    }
    path.write_text(json.dumps(content))
    return path


def annotation(image=1, keypoints=(1, 2, 2, 3, 4, 1), **more):
    return {"id": 1, "image_id": image, "category_id": 7, "keypoints": list(keypoints), **more}


def test_names_of_pictures_number_their_frames(tmp_path):
    rows = [annotation(2, (9, 9, 0, 5, 6, 2)), annotation(1)]
    poses = read_poses(write_coco(tmp_path / "a.json", rows), fps=10)
    assert poses["frame"].values.tolist() == [40, 80]
    assert poses["position"].values[0, :, :, 0].tolist() == [[1, 3], [2, 4]]
    assert np.isnan(poses["position"].values[1, :, 0, 0]).all()
    assert not poses.attrs["single_pictures"]


def test_pictures_without_numbers_stand_alone(tmp_path):
    images = [{"id": n, "file_name": f"{name}.png"} for n, name in ((1, "a"), (2, "b"))]
    path = write_coco(tmp_path / "a.json", [annotation()], images)
    assert read_poses(path, fps=10).attrs["single_pictures"] == 1


def test_numbers_of_unlike_names_are_no_frames(tmp_path):
    images = [{"id": n, "file_name": f"{name}.png"} for n, name in ((1, "cat110"), (2, "dog105"))]
    path = write_coco(tmp_path / "a.json", [annotation()], images)
    assert read_poses(path, fps=10).attrs["single_pictures"] == 1


def test_animals_by_track_or_order(tmp_path):
    rows = [annotation(1, track_id=5), annotation(1, (7, 8, 2, 0, 0, 0), track_id=3)]
    poses = read_poses(write_coco(tmp_path / "a.json", rows), fps=10)
    assert list(poses["individual"].values) == ["5", "3"]
    for row in rows:
        del row["track_id"]
    poses = read_poses(write_coco(tmp_path / "a.json", rows), fps=10)
    assert list(poses["individual"].values) == ["animal_0", "animal_1"]
    assert poses["position"].values[0, 0, 0].tolist() == [1, 7]


def test_of_several_categories_one_is_asked_for(tmp_path):
    categories = [{"id": n, "name": name, "keypoints": ["nose", "hip"]}
                  for n, name in ((7, "mouse"), (8, "rat"), (9, "cat"))]  # fmt: skip
    rows = [annotation(), annotation(2, category_id=8)]
    path = write_coco(tmp_path / "a.json", rows, categories=categories)
    with pytest.raises(FormatError, match="mouse, rat"):
        read_poses(path, fps=10)
    assert np.isfinite(read_poses(path, fps=10, view="rat")["position"].values[1]).all()


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (annotation(3), "no picture"),
        (annotation(keypoints=(1, 2)), "6 numbers"),
        (annotation(keypoints=("x",) * 6), "not numbers"),
        (annotation(keypoint_scores=[1]), "scores"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, row, says):
    with pytest.raises(FormatError, match=says) as caught:
        read_poses(write_coco(tmp_path / "a.json", [annotation(2), row]), fps=10)
    assert "a.json" in str(caught.value)


def test_the_frame_rate_comes_back(tmp_path):
    poses = make_poses(np.ones((2, 2, 1, 1)), keypoints=["nose"], fps=12.5)
    assert read_poses(write_poses(poses, tmp_path / "a.json")).attrs["fps"] == 12.5
