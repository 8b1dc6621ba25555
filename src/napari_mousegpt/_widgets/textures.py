"""A picture that is on the graphics card already is not sent there again."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from napari_mousegpt.late_pictures import LatePictures


def keep_texture(canvas: Any, layer: Any) -> None:
    """Send the pictures of a film only where they are others than those that are there.

    While the picture of a step is read, the one before stays; napari would give it to the card once
    more, 4 MB of 1280 x 1024, as with any change of what is shown. What is there is known from what
    the card was given it from: the same memory, which a film never writes to again. Once the layer
    has other data all is sent. A napari that draws otherwise is left alone.

    Parameters
    ----------
    canvas : VispyCanvas
        napari's, where the layer is drawn.
    layer : Image
        Of a film.
    """
    visual = getattr(canvas, "layer_to_visual", {}).get(layer)
    nodes = getattr(visual, "_layer_node", None)
    node: Any = None if nodes is None else nodes.get_node(2)
    if not hasattr(node, "_data"):
        return
    send, shown = node.set_data, weakref.ref(layer)

    def send_another(image: Any, *args: Any, **kwargs: Any) -> None:
        of_film = isinstance(getattr(shown(), "data", None), LatePictures)
        if not of_film or not _same_memory(image, node._data):
            send(image, *args, **kwargs)

    node.set_data = send_another


def _same_memory(one: Any, other: Any) -> bool:
    """Whether two arrays that are both held are one: the same places, read in the same way."""
    if not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
        return False
    return bool(one.__array_interface__ == other.__array_interface__)
