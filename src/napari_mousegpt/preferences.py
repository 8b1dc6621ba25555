"""What a person prefers: the plugin's page in napari's Preferences, declared in the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from napari_mousegpt.arranging import COLOURS_BY, LAYOUTS, Arrangement

_PLUGIN = "napari-mousegpt"


@dataclass(frozen=True)
class Preferences:
    """See the manifest.

    Attributes
    ----------
    name : str
        Written beside what the person corrects; ``""`` = as the system calls them.
    views : Arrangement
        How the views of a recording are shown at first.
    server : str
        Address of a server of models that is offered where a study names none; ``""`` = none.
    """

    name: str = ""
    views: Arrangement = field(default_factory=Arrangement)
    server: str = ""


def preferences() -> Preferences:
    """Those of this user; the usual ones where napari does not know the plugin."""
    from napari.settings import get_plugin_settings

    found = get_plugin_settings().get(_PLUGIN)
    if found is None:
        return Preferences()
    views = Arrangement(
        layout=_key(LAYOUTS, found.views.layout, "grid"),
        colour=_key(COLOURS_BY, found.views.colours, ""),
        boxes=found.views.boxes,
        seconds=found.views.seconds,
    )
    return Preferences(found.person.name.strip(), views, found.models.server.strip())


def _key(titles: Mapping[str, str], title: str, usual: str) -> str:
    return next((key for key, each in titles.items() if each == title), usual)
