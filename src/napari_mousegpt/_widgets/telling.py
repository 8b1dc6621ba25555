"""Errors as napari's own notifications: what is wrong, what to do, and a button to copy details."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari._qt.dialogs.qt_notification import NapariQtNotification
from napari.utils.notifications import Notification, NotificationSeverity, notification_manager
from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from mousegpt_core.errors import MouseGPTError

if TYPE_CHECKING:
    from napari_mousegpt.session import Session


#: napari's messages have slid in by then.
_UNFOLD_MS = NapariQtNotification.FADE_IN_RATE + 100


class _Told(Notification):
    """Said by this plugin: napari would name one of its own objects."""

    @property
    def source(self) -> str:
        """Who says it."""
        return "MouseGPT"


def tell_error(message: str, hint: str, details: str) -> None:
    """Show an error; the details, which can be copied, have the whole path of its file."""
    message = _short(message)

    def copy(_: Any) -> None:
        QApplication.clipboard().setText(details)

    _tell(
        f"{message}\n→ {hint}" if hint else message,
        NotificationSeverity.ERROR,
        (("Copy details", copy),),
    )
    QTimer.singleShot(_UNFOLD_MS, _unfold)


def tell_left_out(error: MouseGPTError) -> None:
    """Show why a part of what is open is not there."""
    tell_error(f"{_short(error.message)}; left out", error.hint, f"{type(error).__name__}: {error}")


def unreadable_told(session: Session) -> Callable[[], None]:
    """Shows which recordings of a session's study cannot be read, each when that is new."""
    before: set[str] = set()

    def show() -> None:
        study = session.study
        with errors_told():
            now = {} if study is None else study.unreadable
            for id, error in now.items():
                if error.message not in before:
                    details = f"{type(error).__name__}: {error}"
                    tell_error(f"{id} is left out: {_short(error.message)}", error.hint, details)
            before.clear()
            before.update(error.message for error in now.values())

    return show


def tell(message: str) -> None:
    """Show something good to know."""
    _tell(message, NotificationSeverity.INFO, ())


@contextmanager
def errors_told() -> Iterator[None]:
    """Show errors that a user can do something about, instead of raising them."""
    try:
        yield
    except MouseGPTError as error:
        tell_error(error.message, error.hint, f"{type(error).__name__}: {error}")


def _unfold() -> None:
    """Show what to do, too: napari shows one line until one unfolds it."""
    for shown in NapariQtNotification._instances:
        if isalive(shown) and "\n→ " in shown.message.text() and not shown.property("expanded"):
            shown.expand()


def _short(message: str) -> str:
    """A message that begins with the name of its file, of which a notification shows one line."""
    file, colon, rest = message.partition(": ")
    return f"{Path(file).name}{colon}{rest}" if Path(file).is_absolute() else message


def _tell(message: str, severity: NotificationSeverity, actions: tuple[Any, ...]) -> None:
    notification_manager.dispatch(_Told(message, severity=severity, actions=actions))
