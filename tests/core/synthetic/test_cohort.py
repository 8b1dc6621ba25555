"""Treatments do to a cohort what their effects say; the files can be read back."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from mousegpt_core.errors import SettingsError
from mousegpt_core.geometry import read_calibration
from mousegpt_core.progress import Progress
from mousegpt_core.synthetic import (
    KEYPOINTS,
    CohortSettings,
    DatasetSettings,
    Effect,
    draw_animals,
    effects_table,
    simulate,
    simulate_cohort,
    write_cohort,
)


def test_effects_show_in_behaviour() -> None:
    settings = CohortSettings(
        treatments={"saline": 2, "stimulant": 2, "sedative": 2, "stress": 2},
        duration_s=240,
        fps=15,
        seed=2,
    )
    shares: dict[str, list[dict[str, float]]] = {}
    for animal, recording in simulate_cohort(settings):
        share = pd.Series(recording.labels).value_counts(normalize=True).to_dict()
        hip = recording.clean["position"].sel(keypoint="Hip").values[:, :2, 0]
        share["distance"] = float(np.linalg.norm(np.diff(hip, axis=0), axis=-1).sum())
        shares.setdefault(animal.treatment, []).append(share)

    def mean(treatment: str, name: str) -> float:
        return float(np.mean([share.get(name, 0.0) for share in shares[treatment]]))

    assert mean("stimulant", "distance") > 1.3 * mean("saline", "distance")
    assert mean("sedative", "distance") < 0.7 * mean("saline", "distance")
    assert mean("stimulant", "grooming") < mean("saline", "grooming")
    assert mean("stress", "freezing") > 3 * mean("saline", "freezing")


def test_animals_differ_and_are_the_same_again() -> None:
    settings = CohortSettings(treatments={"saline": 3}, duration_s=5)
    first, again = draw_animals(settings), draw_animals(settings)
    assert [a.simulation for a in first] == [a.simulation for a in again]
    assert len({a.simulation.seed for a in first}) == 3
    assert [a.animal for a in first] == ["saline-01", "saline-02", "saline-03"]


def test_more_animals_leave_the_first_as_they_were() -> None:
    few = draw_animals(CohortSettings(treatments={"saline": 1}))
    many = draw_animals(CohortSettings(treatments={"saline": 4}))
    assert few[0] == many[0]


def test_effects_table_is_the_truth() -> None:
    settings = CohortSettings(
        treatments={"saline": 1, "new": 1},
        effects={"new": Effect(rates={"rearing": 3.0}, speed=2.0)},
    )
    table = effects_table(settings).set_index(["treatment", "quantity"])["multiplier"]
    assert table["new", "rate of rearing"] == 3.0
    assert table["new", "speed"] == 2.0
    assert (table["saline"] == 1.0).all()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"treatments": {"tea": 2}}, "tea"),
        ({"treatments": {"saline": 0}}, "at least one"),
        ({"treatments": {}}, "at least one"),
    ],
)
def test_a_wrong_cohort_is_refused(values: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        CohortSettings.parse(values)


def test_a_wrong_effect_is_refused() -> None:
    settings = CohortSettings(treatments={"tea": 1}, effects={"tea": Effect(rates={"flying": 2.0})})
    with pytest.raises(SettingsError, match=r"tea.*flying"):
        draw_animals(settings)


def test_files_can_be_read_back(tmp_path: Path) -> None:
    settings = DatasetSettings(
        treatments={"saline": 1, "stimulant": 1},
        duration_s=3,
        fps=10,
        film_s=0.5,
        film_size=(160, 120),
    )
    told: list[Progress] = []
    written = write_cohort(tmp_path / "demo", settings, told.append)
    assert all(path.is_file() for path in written)
    names = {path.name for path in written}
    assert names == {
        "saline-01.poses.csv", "saline-01.truth.csv", "stimulant-01.poses.csv",
        "stimulant-01.truth.csv", "animals.csv", "effects.csv", "scene.json",
        "saline-01.top.mp4", "saline-01.side.mp4", "saline-01.calibration.toml",
    }  # fmt: skip
    recording = simulate(settings=draw_animals(settings)[0].simulation)
    poses = pd.read_csv(tmp_path / "demo" / "saline-01.poses.csv")
    assert poses.shape == (30, 2 + 24 * 4)
    wanted = recording.poses["position"].values[:, :, KEYPOINTS.index("Snout"), 0]
    np.testing.assert_allclose(poses[["Snout_x", "Snout_y", "Snout_z"]], wanted, atol=1e-4)
    truth = pd.read_csv(tmp_path / "demo" / "saline-01.truth.csv")
    assert truth["label"].tolist() == recording.labels.tolist()
    animals = pd.read_csv(tmp_path / "demo" / "animals.csv")
    assert list(animals.columns) == ["animal", "treatment", "sex", "age", "dose"]
    scene = json.loads((tmp_path / "demo" / "scene.json").read_text())
    assert scene["arena"]["radius"] == 12.5
    with av.open(str(tmp_path / "demo" / "saline-01.top.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 5
    rig = read_calibration(tmp_path / "demo" / "saline-01.calibration.toml")
    assert (list(rig.names), rig.unit) == (["top", "side"], "cm")
    assert [(p.stage, p.done, p.total) for p in told if p.finished] == [
        ("synthetic", 2, 2),
        ("film", 10, 10),
    ]
