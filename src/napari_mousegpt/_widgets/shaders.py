"""What makes vispy's shaders light, which draw all that napari shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

#: Of so many shaders it is known which variables they have.
_KEPT = 256


def lighten_shaders() -> None:
    """Let vispy keep and read its shaders with less work; what it draws is the same.

    A vispy without the methods that are made lighter is left alone.
    """
    from vispy.gloo.program import Program
    from vispy.visuals.mesh import MeshVisual

    _replace(MeshVisual, "_build_color_transform", _keeping)
    _replace(Program, "_parse_variables_from_code", _reading_words)


def _replace(owner: Any, name: str, lighter: Callable[[Any], Any]) -> None:
    """Replace a method, once."""
    method = getattr(owner, name, None)
    if method is not None and method.__module__ != __name__:
        setattr(owner, name, lighter(method))


def _keeping(build: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Keep the shader of a mesh whose data change.

    vispy makes a new function for the colours each time, equal to the one before, and so compiles
    the shader anew: 5 ms a step for each skeleton and each box of words. One function serves all
    meshes, as the one beside it for their places does.
    """
    kept: list[Any] = []

    def colour_transform(mesh: Any, colours: Any) -> Any:
        if colours.ndim == 2 and colours.shape[1] == 1:  # values, as the mesh's colormap has them
            return build(mesh, colours)
        if not kept:
            kept.append(build(mesh, colours))
        return kept[0]

    return colour_transform


def _reading_words(parse: Callable[..., None]) -> Callable[..., None]:
    """Look for variables in a shader that has a line for each word, once in those that are equal.

    vispy takes comments out by an expression that goes through each line as often as it has signs:
    20 ms for a shader, 80 for that of letters. All its other expressions take any white space. Of
    most layers of a kind the shaders are the same.
    """

    @lru_cache(_KEPT)
    def variables(codes: tuple[str, ...]) -> dict[str, Any]:
        shaders = [SimpleNamespace(code=_words(code)) for code in codes]
        reader = SimpleNamespace(_shaders=shaders, _code_variables={})
        parse(reader, update_variables=False)
        found: dict[str, Any] = reader._code_variables
        return found

    def parse_variables(program: Any, update_variables: bool = True) -> None:
        found = variables(tuple(each.code for each in program._shaders))
        program._code_variables = found.copy()
        if update_variables:
            program._process_pending_variables()

    return parse_variables


def _words(code: str) -> str:
    """The words of a shader but for comments, each in a line of its own."""
    told = (line.rpartition("//")[0] if "//" in line else line for line in code.splitlines())
    return "\n".join(word for line in told for word in line.split())
