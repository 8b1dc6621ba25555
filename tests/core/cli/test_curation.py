"""`mousegpt curate` and `mousegpt edit`, as a user orders them."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import mousegpt
from mousegpt_core.pipeline.curating import curated_clips
from mousegpt_core.study import Study


def test_judged_by_kinematics_and_told(study: Study) -> None:
    answer = mousegpt("curate", study.folder, "--threshold", "accuracy=6")
    assert answer.code == 0
    for words in ("Judged by kinematic", "accuracy 6", "The worst", "The best", "####"):
        assert words in answer.out
    told = mousegpt("curate", study.folder, "--json", "--show", "1").json
    assert told["thresholds"] == {"accuracy": 6.0}
    assert len(told["worst"]) == 1
    assert set(told["recordings"]) == {"M1", "M2"}


def test_a_description_is_corrected(study: Study, tmp_path: Path) -> None:
    clips = curated_clips(study.recording("M2"))
    clip = str(clips["clip_id"].iloc[4])
    answer = mousegpt("edit", study.folder, clip, "--say", "overall=It rears.", "--json")
    assert (answer.code, answer.json["edited"]) == (0, 1)
    (tmp_path / "table.csv").write_text(f"clip_id,label\n{clip},rearing\n")
    assert mousegpt("edit", study.folder, "--from", tmp_path / "table.csv").code == 0
    row = curated_clips(study.recording("M2")).set_index("clip_id").loc[clip]
    assert (row["overall"], row["label"], row["edited"]) == ("It rears.", "rearing", True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["edit"],
        ["edit", "x"],
        ["edit", "x", "--say", "overall"],
        ["edit", "x", "--say", "label=y"],
        ["edit", "--from", "nowhere.csv"],
        ["curate", "--threshold", "accuracy"],
        ["curate", "--threshold", "accuracy=much"],
        ["curate", "--threshold", "accuracy=11"],
        ["curate", "--recording", "M9"],
    ],
)
def test_wrong_orders_are_told(study: Study, arguments: list[str]) -> None:
    verb, *rest = arguments
    answer = mousegpt(verb, study.folder, *rest, "--json")
    assert answer.code == 2
    assert answer.json["message"]
    assert answer.json["hint"]
