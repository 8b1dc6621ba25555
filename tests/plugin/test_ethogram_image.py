"""Bouts, labels and descriptions as a labels image, and the tables that are read so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mousegpt_core.clips import BOUTS, make_table
from napari_mousegpt._readers.bouts import get_reader
from napari_mousegpt.ethogram_image import ethogram_layer


def some_bouts() -> pd.DataFrame:
    return make_table(
        BOUTS,
        {
            "recording": ["r", "r", "r"],
            "individual": ["a", "a", "b"],
            "start_s": [0.0, 1.0, 0.5],
            "stop_s": [1.0, 2.0, 1.5],
            "behaviour_id": ["walking", "rearing", "walking"],
            "source": ["activities"] * 3,
            "score": [1.0] * 3,
        },
    )


def test_an_ethogram_is_a_picture_with_a_row_an_animal() -> None:
    pytest.importorskip("napari")
    from napari.layers import Layer

    bouts = some_bouts().rename(columns={"behaviour_id": "behaviour"})
    data, options, kind = ethogram_layer(bouts, step_s=0.5)
    np.testing.assert_array_equal(data, [[2, 2, 1, 1], [0, 2, 2, 0]])
    assert list(options["features"]["behaviour"]) == ["", "rearing", "walking"]
    assert options["metadata"]["animals"] == [("r", "a"), ("r", "b")]
    layer = Layer.create(data, options, kind)
    # What lies under the pointer is told.
    assert "behaviour: walking" in layer.get_status((1, 1), world=False)["value"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tables_of_bouts_are_read(tmp_path: Path, suffix: str) -> None:
    file = written(some_bouts(), tmp_path / f"bouts{suffix}")
    read = get_reader(str(file))
    assert read is not None
    ((data, options, _),) = read(str(file))
    assert data.shape == (2, 20)
    assert options["name"] == "bouts"


def test_behaviours_are_called_by_their_names(tmp_path: Path) -> None:
    file = written(some_bouts().assign(name=["x", "y", "x"]), tmp_path / "bouts.csv")
    read = get_reader(str(file))
    assert read is not None
    ((_, options, _),) = read(str(file))
    assert list(options["features"]["behaviour"]) == ["", "x", "y"]


def test_descriptions_tell_their_sentences_in_the_colour_of_their_label(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "clip_id": ["1", "2", "3"],
            "overall": ["It walks.", "It walks fast.", 'It does "it", 1'],
            "label": ["walking", "walking", ""],
            "recording": ["r"] * 3,
            "individual": ["a"] * 3,
            "start_s": [0.0, 0.2, 0.4],
            "stop_s": [0.2, 0.4, 0.6],
        }
    )
    for file in (tmp_path / "descriptions.csv", tmp_path / "descriptions.parquet"):
        read = get_reader(str(written(table, file)))
        assert read is not None
        ((data, options, _),) = read(str(file))
        np.testing.assert_array_equal(data, [[3, 3, 2, 2, 1, 1]])
        told = list(options["features"]["description"])
        assert told == ["", 'It does "it", 1', "It walks fast.", "It walks."]
        assert options["colormap"][2] == options["colormap"][3] != options["colormap"][1]


def test_labels_of_several_animals_have_a_row(tmp_path: Path) -> None:
    table = some_bouts().rename(columns={"individual": "individuals"})
    read = get_reader(str(written(table, tmp_path / "labels.csv")))
    assert read is not None
    assert read(str(tmp_path / "labels.csv"))[0][0].shape[0] == 2


def test_many_sentences_have_a_number_each() -> None:
    clips = np.arange(300)
    table = pd.DataFrame(
        {
            "recording": "r",
            "individual": "a",
            "start_s": clips * 0.2,
            "stop_s": (clips + 1) * 0.2,
            "behaviour": "walking",
            "description": [f"Sentence {clip}." for clip in clips],
        }
    )
    data, _, _ = ethogram_layer(table)
    assert len(np.unique(data)) == 300


def test_other_tables_are_left(tmp_path: Path) -> None:
    (tmp_path / "poses.csv").write_text("nose_x,nose_y\n1,2\n")
    (tmp_path / "no.parquet").write_bytes(b"nothing of the kind")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    for name in ("poses.csv", "no.parquet", "other.parquet", "gone.csv"):
        assert get_reader(str(tmp_path / name)) is None


def written(table: pd.DataFrame, file: Path) -> Path:
    if file.suffix == ".csv":
        table.to_csv(file, index=False)
    else:
        table.to_parquet(file, index=False)
    return file
