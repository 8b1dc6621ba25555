"""What is done once an object of Qt's is gone."""

from __future__ import annotations

import gc

import pytest

pytest.importorskip("napari")
pytest.importorskip("pytestqt")

from napari_mousegpt import gone


@pytest.mark.usefixtures("qapp")
def test_an_act_that_nobody_else_knows_of_is_done_once() -> None:
    from qtpy.QtCore import QCoreApplication, QEvent, QObject

    told: list[str] = []
    thing = QObject()
    before = set(gone._kept)
    gone.when_gone(thing, lambda: told.append("gone"))
    (kept,) = gone._kept - before
    gc.collect()
    assert (told, kept in gone._kept) == ([], True)
    thing.deleteLater()
    del thing
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert (told, kept in gone._kept) == (["gone"], False)
