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
    """

    name: str = ""
    layout: str = "grid"


def preferences() -> Preferences:
    """Those of this user; the usual ones where napari does not know the plugin."""
    from napari.settings import get_plugin_settings

    found = get_plugin_settings().get(_PLUGIN)
    if found is None:
        return Preferences()
    named = {title: key for key, title in LAYOUTS.items()}
    return Preferences(found.person.name.strip(), named.get(found.views.layout, "grid"))
