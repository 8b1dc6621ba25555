"""What a person prefers: the plugin's page in napari's Preferences, declared in the manifest."""

from __future__ import annotations

from dataclasses import dataclass

from napari_mousegpt.arranging import LAYOUTS

_PLUGIN = "napari-mousegpt"


@dataclass(frozen=True)
class Preferences:
    """See the manifest.

    Attributes
    ----------
    name : str
        Written beside what the person corrects; ``""`` = as the system calls them.
    layout : str
        A key of `arranging.LAYOUTS`.
    server : str
        Address of a server of models that is offered where a study names none; ``""`` = none.
    """

    name: str = ""
    layout: str = "grid"
    server: str = ""


def preferences() -> Preferences:
    """Those of this user; the usual ones where napari does not know the plugin."""
    from napari.settings import get_plugin_settings

    found = get_plugin_settings().get(_PLUGIN)
    if found is None:
        return Preferences()
    named = {title: key for key, title in LAYOUTS.items()}
    layout = named.get(found.views.layout, "grid")
    return Preferences(found.person.name.strip(), layout, found.models.server.strip())
