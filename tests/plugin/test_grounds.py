"""Zones, walls and lengths that are drawn, and back; changes that are taken back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousegpt_core.errors import SettingsError
from mousegpt_core.study import Study, Zone
from napari_mousegpt.changes import Changes
from napari_mousegpt.grounds import (
    arena_words,
    corners_of,
    ground_of,
    ground_view,
    known_length,
    merged_zones,
    scale_words,
    zones_layer,
    zones_of,
)

pytest.importorskip("napari")

from napari.layers import Layer

SQUARE = ((0.0, 0.0), (30.0, 0.0), (30.0, 10.0), (0.0, 10.0))
coordinates = st.floats(-2000, 2000).map(lambda value: round(value, 2))
corners = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=8, unique=True)


@given(st.lists(corners, min_size=1, max_size=3))
def test_zones_come_back_as_they_were(shapes: list[list[tuple[float, float]]]) -> None:
    zones = [
        Zone(name=f"zone {n}", view="top", corners=tuple(each)) for n, each in enumerate(shapes)
    ]
    data, options, _ = zones_layer(zones, view="top")
    kinds = [options["shape_type"]] * len(data)
    found = zones_of(data, kinds, list(options["features"]["name"]), view="top")
    assert [Zone(**each) for each in found] == zones


def test_zones_are_a_layer_with_their_names() -> None:
    layer = Layer.create(*zones_layer([Zone(name="nest", corners=SQUARE)], view="top"))
    assert list(layer.features["name"]) == ["nest"]
    assert layer.shape_type == ["polygon"]
    assert Layer.create(*zones_layer([], view="top")).nshapes == 0


def test_zones_get_names_of_their_own_and_lines_are_none() -> None:
    square = np.array(SQUARE)[:, ::-1]
    found = zones_of(
        [square] * 5, ["polygon", "line", "rectangle", "polygon", "polygon"],
        ["", "wire", "nest", "nest", " "], view="",
    )  # fmt: skip
    assert [zone["name"] for zone in found] == ["zone 1", "nest", "nest 1", "zone 2"]


def test_an_ellipse_is_a_polygon_around_the_same_ground() -> None:
    drawn = np.array(corners_of(np.array(SQUARE)[:, ::-1], "ellipse"))
    assert drawn.min(axis=0).tolist() == [0.0, 0.0]
    assert drawn.max(axis=0).tolist() == [30.0, 10.0]
    turned = np.roll(drawn, -1, axis=0)
    area = abs((drawn[:, 0] * turned[:, 1] - turned[:, 0] * drawn[:, 1]).sum()) / 2
    assert area == pytest.approx(np.pi * 15 * 5, rel=0.02)


def test_a_line_and_its_length_are_a_scale(own_study: Study) -> None:
    recording = own_study.recording("flat")
    assert scale_words(recording) == "3 px per cm, as given"
    known = known_length(np.array([[10.0, 20.0], [40.0, 60.0]]), 5.0)
    assert known == {"a": (20.0, 10.0), "b": (60.0, 40.0), "length_cm": 5.0}
    recording.change(space={"unit": "px", "known_length": known})
    assert recording.info.space.scale == pytest.approx(0.1)
    assert scale_words(recording) == "10 px per cm, by a length of 5 cm"
    recording.change(space={"unit": "px"})
    assert "px per cm" in scale_words(recording)
    for line, length in ((np.zeros((2, 2)), 5.0), (np.array([[0, 0], [9, 9]]), 0.0)):
        with pytest.raises(SettingsError, match="length"):
            known_length(line, length)


def test_the_ground_is_in_the_view_that_is_measured(own_study: Study) -> None:
    assert ground_view(own_study.recording("flat")) == "top"
    assert ground_view(own_study.recording("space")) is None


def test_what_is_known_of_the_ground_is_told_at_once(own_study: Study) -> None:
    flat = ground_of(own_study, own_study.recording("flat"))
    assert (flat.view, flat.remarks) == ("top", ())
    assert "3 px per cm" in flat.scale
    space = ground_of(own_study, own_study.recording("space"))
    assert (space.view, space.scale) == (None, "of the poses")


def test_walls_in_words(own_study: Study) -> None:
    recording = own_study.recording("flat")
    assert "fitted" in arena_words(recording)
    recording.change(arena={"shape": "polygon", "corners": SQUARE})
    assert arena_words(recording) == "polygon, as drawn"
    recording.change(arena={"shape": "rectangle", "width_cm": 40, "height_cm": 30})
    assert arena_words(recording) == "rectangle, 40 x 30 cm"


def test_zones_of_two_windows_are_merged() -> None:
    def zone(name: str, at: float, view: str = "top") -> dict[str, Any]:
        return {"name": name, "view": view, "corners": ((at, at), (at, 9.0), (9.0, at))}

    a, b, c = zone("a", 1), zone("b", 2), zone("c", 3)
    assert merged_zones([], [], [a]) == [a]
    # Drawn there and here.
    assert merged_zones([], [b], [a]) == [a, b]
    assert merged_zones([a], [a, b], [a, c]) == [a, c, b]
    # Moved, deleted, renamed there; here another one was drawn.
    moved = zone("a", 5)
    assert merged_zones([a, b], [moved], [a, b, c]) == [moved, c]
    assert merged_zones([a], [{**a, "name": "x"}], [a, c]) == [c, {**a, "name": "x"}]
    # Moved, deleted, renamed here; nothing there.
    assert merged_zones([a, b], [a, b], [moved, b]) == [moved, b]
    assert merged_zones([a, b], [a, b], [b]) == [b]
    assert merged_zones([a], [a], [{**a, "name": "x"}]) == [{**a, "name": "x"}]
    # Changed in both: as it is here. New in both under one name: both.
    assert merged_zones([a], [moved], [zone("a", 6)]) == [zone("a", 6)]
    both = merged_zones([], [zone("zone 1", 1)], [zone("zone 1", 2)])
    assert both == [zone("zone 1", 2), zone("zone 1 1", 1)]
    # The same name in another view is another zone.
    assert merged_zones([], [zone("a", 1, "side")], [a]) == [a, zone("a", 1, "side")]


def test_changes_are_taken_back_one_by_one(own_study: Study) -> None:
    recording, changes = own_study.recording("flat"), Changes()
    before = recording.toml_path.read_text(encoding="utf-8")
    zone = {"name": "nest", "view": "top", "corners": SQUARE}
    scale = {"unit": "px", "cm_per_unit": 0.5}
    assert "report" in changes.make(recording, "zones", lambda _: {"zones": [zone]})
    assert "Movement" in changes.make(recording, "scale", lambda _: {"space": scale})
    assert changes.make(recording, "zones", lambda _: {"zones": [zone]}) == ""
    # Another window changes something else meanwhile: it stays.
    recording.change(notes="mine")
    assert changes.last == "scale"
    assert "Movement" in changes.undo()
    assert recording.info.space.scale == pytest.approx(1 / 3)
    changes.undo()
    assert changes.last == ""
    assert recording.info.zones == ()
    recording.change(notes="")
    assert recording.toml_path.read_text(encoding="utf-8").split() == before.split()
