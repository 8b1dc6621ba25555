"""What is imported beside the window: once, whoever asks for it."""

from __future__ import annotations

import gc
from threading import Event, Lock, Thread, current_thread

import pytest

from napari_mousegpt import starting

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def unstarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was imported yet; of the person's preferences nothing is read."""
    monkeypatch.setattr(starting, "_started", Event())
    monkeypatch.setattr(starting, "_starting", Lock())
    monkeypatch.setattr(starting, "_HEAVY", ("one", "two"))
    monkeypatch.setattr("napari_mousegpt.preferences.preferences", lambda: None)


def test_two_calls_at_once_import_once(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, second_calls = Event(), Event()
    imported: list[tuple[str, str, bool]] = []

    def import_slowly(name: str) -> None:
        imported.append((name, current_thread().name, gc.isenabled()))
        begun.set()
        assert second_calls.wait(PATIENCE_S)

    def second() -> None:
        second_calls.set()
        starting.start()

    monkeypatch.setattr(starting, "import_module", import_slowly)
    threads = [Thread(target=starting.start, name="first"), Thread(target=second, name="second")]
    threads[0].start()
    assert begun.wait(PATIENCE_S)
    threads[1].start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert imported == [("one", "first", False), ("two", "first", False)]
    assert gc.isenabled()
    assert starting.has_started()


def test_what_cannot_be_imported_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    with monkeypatch.context() as patch:
        patch.setattr(starting, "import_module", missing)
        with pytest.raises(ImportError):
            starting.start()
    assert gc.isenabled()
    assert not starting.has_started()
    monkeypatch.setattr(starting, "import_module", lambda name: None)
    starting.start()
    assert starting.has_started()
