"""Shaders are made with less work, and are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")
pytest.importorskip("pytestqt")

from napari_mousegpt._widgets import shaders
from napari_mousegpt._widgets.shaders import lighten_shaders

VERTEX = """
// uniform float in_a_comment;
uniform vec3 light; // in air; // attribute vec2 twice;
uniform highp mat4 places[2];
attribute vec4
    corner ;
varying vec4 colour; const float half_ = 0.5; /// const float not_one;
void main (void) { gl_Position = corner; colour = vec4(light, half_); }
"""
FRAGMENT = """
varying vec4 colour;
void main() { gl_FragColor = colour; } // out vec4 nothing;
"""


def test_a_mesh_is_compiled_once_and_looks_as_before(qtbot: Any) -> None:
    from vispy.visuals.mesh import MeshVisual

    lighten_shaders()
    kept = MeshVisual._build_color_transform
    lighten_shaders()
    assert MeshVisual._build_color_transform is kept
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], dtype=np.float32)
    mesh = MeshVisual(vertices=corners, faces=np.array([[0, 1, 2]]), color="red")
    plain, face = np.ones(4), np.ones((3, 4), dtype=np.float32)
    assert mesh._build_color_transform(plain) is mesh._build_color_transform(face)
    values = MeshVisual(vertices=corners, faces=np.array([[0, 1, 2]]), vertex_values=[0, 1, 2])
    value = np.zeros((3, 1), dtype=np.float32)
    assert values._build_color_transform(value) is not mesh._build_color_transform(plain)


def variables(parse: Callable[..., None], vertex: str, fragment: str) -> dict[str, Any]:
    from vispy.gloo import Program

    program = Program(vertex, fragment)
    program["light"] = (1.0, 2.0, 3.0)
    before = program._shaders
    parse(program)
    assert program._shaders is before
    return dict(program._code_variables)


def test_a_shader_has_the_variables_that_vispy_finds() -> None:
    import inspect

    from vispy.gloo import Program
    from vispy.visuals import ImageVisual, MarkersVisual, TextVisual

    lighten_shaders()
    light = Program._parse_variables_from_code
    assert light.__module__ == shaders.__name__
    find = inspect.getclosurevars(light).nonlocals["variables"]
    really = inspect.getclosurevars(find.__wrapped__).nonlocals["parse"]
    found = variables(light, VERTEX, FRAGMENT)
    assert found == variables(really, VERTEX, FRAGMENT)
    assert set(found) == {"light", "places", "places[0]", "places[1]", "corner", "colour", "half_"}
    for visual in (ImageVisual, MarkersVisual, TextVisual):
        codes = visual._shaders["vertex"], visual._shaders["fragment"]
        assert variables(light, *codes) == variables(really, *codes) != {}


def test_equal_shaders_are_read_once(qtbot: Any) -> None:
    import inspect

    from vispy.gloo import Program

    lighten_shaders()
    light = Program._parse_variables_from_code
    find = inspect.getclosurevars(light).nonlocals["variables"]
    code = VERTEX.replace("light", "glow")
    first = Program(code, FRAGMENT)
    read = find.cache_info().misses
    second = Program(code, FRAGMENT)
    assert find.cache_info().misses == read
    second._code_variables.pop("glow")
    assert "glow" in first._code_variables
    third = Program(code.replace("glow", "gleam"), FRAGMENT)
    assert find.cache_info().misses == read + 1
    assert "gleam" in third._code_variables
    assert "glow" in Program(code, FRAGMENT)._code_variables
