"""What is ours is done one at a time, and not where the window is at work already."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("pytestqt")

from qtpy.QtCore import (
    QAbstractEventDispatcher,
    QCoreApplication,
    QEvent,
    QEventLoop,
    QObject,
    QTimer,
)

from napari_mousegpt._widgets.rounds import Rounds

pytestmark = pytest.mark.usefixtures("qapp")


class Painting(QObject):
    """Stands for what Qt has to do: as long as told, in each round of the loop."""

    def __init__(self, log: list[str], seconds: float) -> None:
        super().__init__()
        self.log, self.seconds = log, seconds
        self.ask()

    def ask(self) -> None:
        """Be done in the next round."""
        QCoreApplication.postEvent(self, QEvent(QEvent.Type.User))

    def event(self, event: Any) -> bool:
        """Be at work."""
        if event.type() != QEvent.Type.User:
            return bool(super().event(event))
        time.sleep(self.seconds)
        self.log.append("painted")
        if "done" not in self.log:
            self.ask()
        return True


@pytest.fixture
def log(qapp: Any) -> Iterator[list[str]]:
    """What is done, and where a round ends."""
    found: list[str] = []
    rounds = QAbstractEventDispatcher.instance().awake

    def end() -> None:
        found.append("|")

    rounds.connect(end)
    yield found
    rounds.disconnect(end)


def go_round(seconds: float = 0.3) -> None:
    """As napari's loop."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1e3), loop.quit)
    loop.exec()


def told(log: list[str]) -> list[list[str]]:
    """What was done, round by round."""
    rounds = "".join(f"{each} " for each in log).split("|")
    return [each.split() for each in rounds if each.strip()]


def test_each_has_a_round_of_its_own_in_the_order_of_asking(log: list[str]) -> None:
    rounds = Rounds()
    acts = [lambda name=name: log.append(name) for name in "abc"]
    for act in (*acts, acts[0]):
        rounds(act)
    go_round()
    assert told(log) == [["a"], ["b"], ["c"]]


def test_it_is_done_again_when_asked_for_again(log: list[str]) -> None:
    rounds = Rounds()

    def again() -> None:
        log.append("done")
        if log.count("done") < 3:
            rounds(again)

    rounds(again)
    go_round()
    assert told(log) == [["done"]] * 3


def test_a_busy_window_is_left_alone_but_not_for_ever(log: list[str]) -> None:
    painting, rounds = Painting(log, 0.01), Rounds()
    QTimer.singleShot(0, lambda: rounds(lambda: log.append("done")))
    go_round()
    before = [each for each in log if each != "|"].index("done")
    assert 4 <= before <= 8
    del painting


def test_one_that_fails_stops_no_other(log: list[str], qtbot: Any) -> None:
    rounds = Rounds()

    def fail() -> None:
        raise ValueError("no")

    rounds(fail)
    rounds(lambda: log.append("done"))
    with qtbot.captureExceptions() as errors:
        go_round()
    assert [str(error) for _, error, _ in errors] == ["no"]
    assert told(log) == [["done"]]


def test_a_loop_within_an_act_goes_on_with_the_others(log: list[str]) -> None:
    rounds = Rounds()

    def wait() -> None:
        go_round(0.1)
        log.append("waited")

    rounds(wait)
    rounds(lambda: log.append("other"))
    go_round()
    assert [each for each in log if each != "|"] == ["other", "waited"]
