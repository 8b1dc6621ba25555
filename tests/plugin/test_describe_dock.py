"""The dock Describe with a real server on this machine; it needs Qt (``nox -s window``)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pytestqt")
pytest.importorskip("openai")

from napari.components import ViewerModel
from qtpy.QtCore import Qt

from loopback import Fault, LoopbackServer
from mousegpt_core.errors import MouseGPTError
from mousegpt_core.study import Log, Study
from napari_mousegpt import saving
from napari_mousegpt._widgets.describe import Describe
from napari_mousegpt._widgets.runner import Runner
from napari_mousegpt.orders import order_of
from napari_mousegpt.session import session_of

#: Far more than any job takes (ms).
LONG = 120_000


@pytest.fixture
def study(study_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = shutil.copytree(study_folder.parent, tmp_path / "copy")  # films lie beside it
    return Study.open(folder / study_folder.name)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(answer=lambda body: {}) as server:
        yield server


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def runner(qtbot: Any) -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture
def dock(qtbot: Any, viewer: ViewerModel, runner: Runner, study: Study) -> Describe:
    session = session_of(viewer)
    dock = Describe(session, runner)
    qtbot.addWidget(dock)
    session.open_study(study.folder, recording="flat")
    session.go_to(1.1)
    return dock


@contextmanager
def ended(qtbot: Any, runner: Runner) -> Iterator[None]:
    """Waits, at its end, until nothing runs."""
    yield
    qtbot.waitUntil(lambda: not runner.busy, timeout=LONG)


def order_from(dock: Describe, server: LoopbackServer) -> Any:
    """Order the server's model, of the recording that has films."""
    form = dock.asking._form
    form.describer.setCurrentIndex(form.describer.findData("openai"))
    form.address.setText(server.url)
    form.model.setEditText("tiny")
    dock.asking._limits._here.setChecked(True)
    return dock.asking


def press(qtbot: Any, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_server_is_tried_and_its_models_are_offered(
    qtbot: Any, dock: Describe, runner: Runner, server: LoopbackServer
) -> None:
    form = dock.asking._form
    assert "no server" in form.words.text()
    assert dock.asking.order.describer == "kinematic"
    order_from(dock, server)
    form.model.setEditText("")
    with ended(qtbot, runner):
        press(qtbot, form.test)
    assert "The server is there" in form.told.text()
    assert form.model.currentText() == "tiny"
    form.address.setText("http://127.0.0.1:9/v1")
    with ended(qtbot, runner):
        press(qtbot, form.test)
    assert "cannot be reached" in form.told.text()
    assert "→" in form.told.text()


def test_the_clip_at_the_slider_is_shown_and_tried(
    qtbot: Any, dock: Describe, runner: Runner, server: LoopbackServer
) -> None:
    asking = order_from(dock, server)
    with ended(qtbot, runner):
        press(qtbot, asking._see)
    assert "1.00 to 1.20 s" in asking._clip.place.text()
    assert "You are an expert" in asking._clip.text.toPlainText()
    with ended(qtbot, runner):
        press(qtbot, asking._try)
    assert "The mouse walks." in asking._clip.answer.text()
    server.key = "secret"
    dock.asking._session.go_to(2.1)
    with ended(qtbot, runner):
        press(qtbot, asking._try)
    assert "401" in asking._clip.answer.text()
    assert "key_variable" in asking._clip.answer.text()


def test_a_run_is_paused_and_gone_on_with(
    qtbot: Any, dock: Describe, runner: Runner, server: LoopbackServer, study: Study
) -> None:
    asking = order_from(dock, server)
    with ended(qtbot, runner):
        press(qtbot, asking._dry)
    assert "18 requests" in asking._told.text()
    server.delay_s = 0.3
    server.fault_of = lambda number, body: Fault("503") if number == 2 else None
    study.set_section("describe", retrying={"attempts": 3, "first_wait_s": 0.01})
    with ended(qtbot, runner):
        press(qtbot, asking._go)
        assert not asking._go.isEnabled()
        qtbot.waitUntil(lambda: len(server.asked) > 3, timeout=LONG)
        press(qtbot, asking._pause)
    assert "Paused" in asking._told.text()
    assert asking._go.text() == "Go on"
    assert order_of(study).unfinished
    server.delay_s = 0.0
    with ended(qtbot, runner):
        press(qtbot, asking._go)
    assert "18 of 18 clips are described" in asking._told.text()
    titles = [asking._counts.verticalHeaderItem(n).text() for n in range(3)]
    assert titles == ["clips", "described", "asked again"]
    assert asking._counts.item(1, 0).text() == "18"
    assert asking._go.text() == "Describe"
    assert not order_of(study).unfinished


def test_a_run_whose_window_was_closed_is_gone_on_with(
    qtbot: Any, dock: Describe, runner: Runner, server: LoopbackServer, viewer: ViewerModel
) -> None:
    asking = order_from(dock, server)
    server.delay_s = 0.3
    press(qtbot, asking._go)
    qtbot.waitUntil(lambda: len(server.asked) > 3, timeout=LONG)
    runner.close()
    again = Describe(session_of(viewer), runner)
    qtbot.addWidget(again)
    assert "not finished" in again.asking._told.text()
    assert again.asking._go.text() == "Go on"
    assert again.asking.order.base_url == server.url
    server.delay_s = 0.0
    before = len(server.asked)
    with ended(qtbot, runner):
        press(qtbot, again.asking._go)
    assert "18 of 18 clips are described" in again.asking._told.text()
    assert len(server.asked) - before < 18


def test_a_run_that_ends_elsewhere_is_told_to_its_own_study(
    qtbot: Any, dock: Describe, runner: Runner, server: LoopbackServer, study: Study, viewer: Any
) -> None:
    other = Study.open(shutil.copytree(study.folder, study.folder.with_name("other")))
    asking = order_from(dock, server)
    server.delay_s = 0.3
    with ended(qtbot, runner):
        press(qtbot, asking._go)
        assert order_of(study).unfinished
        session_of(viewer).open_study(other.folder)
        server.delay_s = 0.0
    assert not order_of(study).unfinished
    assert order_of(study).base_url == server.url
    assert order_of(other).base_url == ""


def test_a_server_that_refuses_everything_stops_the_run(
    qtbot: Any, dock: Describe, runner: Runner, server: LoopbackServer
) -> None:
    server.key = "secret"
    asking = order_from(dock, server)
    with ended(qtbot, runner):
        press(qtbot, asking._go)
    assert "401" in asking._told.text()
    assert asking._go.text() == "Go on"


def test_a_protocol_with_a_mistake_shows_its_line(dock: Describe, study: Study) -> None:
    (study.folder / "protocols").mkdir()
    (study.folder / "protocols" / "mine.toml").write_text(
        'based_on = "fear"\n\n[frames]\ncuont = 5\n'
    )
    form = dock.asking._form
    form.show_study(study.folder, dock.asking.order)
    form.describer.setCurrentIndex(form.describer.findData("openai"))
    form.protocol.setCurrentIndex(form.protocol.findData("mine"))
    assert "line 4" in form.words.text()
    assert "count" in form.words.text()
    form.protocol.setCurrentIndex(form.protocol.findData("fear"))
    assert "One label a second" in form.words.text()


def test_a_sentence_is_corrected_and_taken_back(
    qtbot: Any, dock: Describe, study: Study, viewer: ViewerModel
) -> None:
    tab, log = dock.sentence, study.recording("flat").log
    qtbot.waitUntil(lambda: tab._said is not None, timeout=LONG)
    before = tab._fields["overall"].toPlainText()
    assert "mouse" in before
    tab._who.setText("me")
    tab._fields["overall"].setPlainText("The mouse dances.")
    # As it is left by going elsewhere.
    session_of(viewer).go_to(2.1)
    qtbot.waitUntil(lambda: len(log.edits("description")) == 1, timeout=LONG)
    (edit,) = log.edits("description").to_dict("records")
    assert (edit["new"], edit["who"], edit["old"]) == ("The mouse dances.", "me", before)
    session_of(viewer).go_to(1.1)
    qtbot.waitUntil(lambda: tab._undo.isEnabled(), timeout=LONG)
    assert "✎" in tab._labels["overall"].text()
    assert "dances" in viewer.canvas.overlays.text.text
    press(qtbot, tab._undo)
    qtbot.waitUntil(lambda: not tab._undo.isEnabled(), timeout=LONG)
    assert tab._fields["overall"].toPlainText() == before
    assert log.edits("description").empty
    press(qtbot, tab._select)
    assert session_of(viewer).span == pytest.approx((1.0, 1.2))


def test_what_was_typed_is_kept_by_itself_and_on_closing(
    qtbot: Any, dock: Describe, study: Study
) -> None:
    tab, log = dock.sentence, study.recording("flat").log
    qtbot.waitUntil(lambda: tab._said is not None, timeout=LONG)
    tab._fields["head"].insertPlainText("Up. ")
    qtbot.waitUntil(lambda: len(log.edits("description")) == 1, timeout=60_000)
    tab._fields["torso"].insertPlainText("Long. ")
    dock.show()
    dock.tabs.setCurrentIndex(1)
    dock.hide()
    qtbot.waitUntil(lambda: len(log.edits("description")) == 2, timeout=60_000)


def test_what_was_typed_goes_to_the_study_it_was_typed_in(
    qtbot: Any, dock: Describe, study: Study, viewer: ViewerModel
) -> None:
    other = Study.open(shutil.copytree(study.folder, study.folder.with_name("other")))
    tab = dock.sentence
    qtbot.waitUntil(lambda: tab._said is not None, timeout=LONG)
    tab._fields["overall"].setPlainText("The mouse dances.")
    session_of(viewer).open_study(other.folder)  # its recordings have the same names
    log = study.recording("flat").log
    qtbot.waitUntil(lambda: len(log.edits("description")) == 1, timeout=LONG)
    assert other.recording("flat").log.edits("description").empty


def test_what_is_typed_without_a_pause_is_kept_and_the_cursor_stays(
    qtbot: Any, dock: Describe, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab, log = dock.sentence, study.recording("flat").log
    qtbot.waitUntil(lambda: tab._said is not None, timeout=LONG)
    field = tab._fields["head"]
    field._pause.setInterval(LONG)
    field._latest.setInterval(50)
    field.setPlainText("")
    text = ""

    def typed() -> bool:
        nonlocal text
        text += "ab "
        qtbot.keyClicks(field, "ab ")
        return len(log.edits("description")) > 1

    qtbot.waitUntil(typed, timeout=LONG)
    dock.show()
    dock.hide()
    qtbot.waitUntil(lambda: log.edits("description")["new"].iloc[-1] == text.strip(), timeout=LONG)
    assert field.toPlainText() == text


def test_a_sentence_that_cannot_be_saved_stays_until_it_is(
    qtbot: Any, dock: Describe, study: Study, viewer: ViewerModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab, log, session = dock.sentence, study.recording("flat").log, session_of(viewer)

    def full(*_: Any, **__: Any) -> str:
        raise MouseGPTError("the disk is full", hint="make room")

    monkeypatch.setattr(saving, "_PATIENCE_S", 0.1)
    qtbot.waitUntil(lambda: tab._said is not None, timeout=LONG)
    field = tab._fields["overall"]
    with monkeypatch.context() as patch:
        patch.setattr(Log, "add_edit", full)
        field.setPlainText("The mouse dances.")
        session.go_to(2.1)
        field.setPlainText("It rests.")
        session.go_to(1.1)
        assert field.toPlainText() == "The mouse dances."
        session.refresh()
        qtbot.waitUntil(lambda: tab._said is not None, timeout=LONG)
        assert field.toPlainText() == "The mouse dances."
        qtbot.wait(200)
        assert tab._saver.waiting == 2
    qtbot.waitUntil(lambda: not tab._saver.waiting, timeout=LONG)
    assert list(log.edits("description")["new"]) == ["The mouse dances.", "It rests."]


def test_judged_descriptions_are_gone_to(
    qtbot: Any, dock: Describe, runner: Runner, viewer: ViewerModel
) -> None:
    tab = dock.judged
    assert "Judge" in tab._note.text()
    with ended(qtbot, runner):
        press(qtbot, tab._judge)
    worst = tab._lists["worst"]
    qtbot.waitUntil(lambda: worst.count() > 0, timeout=LONG)
    assert "descriptions judged" in tab._note.text()
    clip = worst.item(0).data(Qt.ItemDataRole.UserRole)
    worst.itemClicked.emit(worst.item(0))
    session = session_of(viewer)
    assert session.recording == clip["recording"]
    assert session.span == (clip["start_s"], clip["stop_s"])


def test_a_models_answers_become_the_studys_descriptions(
    qtbot: Any, dock: Describe, runner: Runner, server: LoopbackServer, study: Study
) -> None:
    asking = order_from(dock, server)
    with ended(qtbot, runner):
        press(qtbot, asking._go)
    asking.order.use(study)
    assert study.section("describe")["model"] == "tiny"
    form = asking._form
    form.describer.setCurrentIndex(form.describer.findData("kinematic"))
    asking.order.use(study)
    with ended(qtbot, runner):
        press(qtbot, asking._go)
    assert "from movement" in asking._told.text()
