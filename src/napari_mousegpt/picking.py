"""Which animal is worked on: the one whose points a person selects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_mousegpt.session import Session


class Picking:
    """Lets a session look at the animal of the points that are selected.

    Parameters
    ----------
    session : Session
        Whose animal it is.
    layer : napari.layers.Points
        With the feature ``individual``.
    """

    def __init__(self, session: Session, layer: Any) -> None:
        self._session, self._layer = session, layer
        layer.selected_data.events.items_changed.connect(self._pick)

    def end(self) -> None:
        """Follow the selection no longer."""
        self._layer.selected_data.events.items_changed.disconnect(self._pick, missing_ok=True)

    def _pick(self) -> None:
        """Points of several animals, or none, pick none."""
        if self._session.placing:
            return
        animals = self._layer.features["individual"].to_numpy()
        chosen = {str(animals[n]) for n in self._layer.selected_data if n < len(animals)}
        if len(chosen) == 1:
            self._session.look_at(chosen.pop())


def colours_of(layer: Any) -> dict[str, str]:
    """Colour (``#rrggbb``) of each animal's points; {} where something else colours them."""
    if layer.metadata.get("coloured", layer.metadata["colour"]) != "individual":
        return {}
    parts = (255 * layer.face_color[:, :3]).round().astype(int).tolist()
    colours = ("#{:02x}{:02x}{:02x}".format(*rgb) for rgb in parts)
    return dict(zip(map(str, layer.features["individual"]), colours, strict=True))
