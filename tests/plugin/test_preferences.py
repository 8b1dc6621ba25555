"""The plugin's page in napari's Preferences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from npe2 import PluginManifest

pytest.importorskip("napari")

from napari_mousegpt.arranging import COLOURS_BY, LAYOUTS, Arrangement
from napari_mousegpt.places import user_name
from napari_mousegpt.preferences import Preferences, preferences


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Those of napari, in a folder of their own."""
    import napari.settings

    monkeypatch.setattr(napari.settings, "_PLUGIN_SETTINGS", {})
    napari.settings.get_plugin_settings(path_dir=tmp_path)
    return napari.settings.get_plugin_settings("napari-mousegpt")


def test_without_a_word_of_the_person_all_is_as_usual(settings: Any) -> None:
    assert preferences() == Preferences()


def test_what_a_person_prefers_is_used(settings: Any) -> None:
    settings.person.name = " Jo "
    settings.views.layout = "One view"
    settings.views.colours = "Animals"
    settings.views.boxes = settings.views.seconds = True
    settings.models.server = "http://127.0.0.1:8000/v1"
    views = Arrangement("one", colour="individual", boxes=True, seconds=True)
    assert preferences() == Preferences("Jo", views, "http://127.0.0.1:8000/v1")
    assert user_name() == "Jo"


def test_the_manifest_offers_the_layouts_that_there_are() -> None:
    manifest = PluginManifest.from_distribution("napari-mousegpt")
    offered = manifest.contributions.configurations["views"].properties
    assert offered["layout"].enum == list(LAYOUTS.values())
    assert offered["layout"].default == LAYOUTS["grid"]
    assert offered["colours"].enum == list(COLOURS_BY.values())
    assert offered["colours"].default == COLOURS_BY[""]


def test_no_setting_asks_for_a_key() -> None:
    manifest = PluginManifest.from_distribution("napari-mousegpt")
    for one in manifest.contributions.configurations.values():
        assert not any("key" in name or "token" in name for name in one.properties)
