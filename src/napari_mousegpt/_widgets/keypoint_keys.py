"""Keys of the dock Keypoints: on the layer of the keypoints only, while the dock is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_mousegpt._widgets.keypoints import Keypoints

#: Pixels that a key moves a point by.
_NEAR, _FAR = 1.0, 10.0
_WAYS = {"Up": (-1, 0), "Down": (1, 0), "Left": (0, -1), "Right": (0, 1)}


class KeypointKeys:
    """Binds and unbinds them; none is one that napari uses for points or for the viewer."""

    def __init__(self, dock: Keypoints) -> None:
        self._keys = _keys(dock)
        self._layer: Any = None

    def bind(self, layer: Any) -> None:
        """Let the keys work on a layer."""
        self.unbind()
        self._layer = layer
        for key, do in self._keys.items():
            layer.bind_key(key, _without_layer(do), overwrite=True)

    def unbind(self) -> None:
        """Let the keys do nothing."""
        layer, self._layer = self._layer, None
        if layer is not None:
            for key in self._keys:
                layer.bind_key(key, None)


def _keys(dock: Keypoints) -> dict[str, Callable[[], None]]:
    def act(name: str, *values: Any, **options: Any) -> Callable[[], None]:
        return lambda: dock.act(name, *values, **options)

    keys = {
        "N": lambda: dock.go(1),
        "B": lambda: dock.go(-1),
        "Y": dock.accept,
        ".": act("select_next", 1),
        ",": act("select_next", -1),
        "Q": act("next_animal"),
        "Shift-Q": dock.next_other,
        "F": act("look_closely"),
        "H": act("hide"),
        "M": act("fill_missing"),
        "L": act("swap_sides"),
        "W": dock.swap_identities,
        "I": act("interpolate"),
        "[": act("mark_range", start=True),
        "]": act("mark_range", start=False),
        "\\": act("clear_range"),
        "Control-Z": act("undo"),
        "Control-Shift-Z": act("redo"),
    }
    for name, (dy, dx) in _WAYS.items():
        keys[f"Shift-{name}"] = act("nudge", dy * _NEAR, dx * _NEAR)
        keys[f"Control-Shift-{name}"] = act("nudge", dy * _FAR, dx * _FAR)
    return keys


def _without_layer(do: Callable[[], None]) -> Callable[[Any], None]:
    return lambda layer: do()
