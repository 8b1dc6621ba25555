"""Errors as napari's own notifications: what is wrong, what to do, and a button to copy details."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from napari.utils.notifications import Notification, NotificationSeverity, notification_manager
from qtpy.QtWidgets import QApplication

from mousegpt_core.errors import MouseGPTError


def tell_error(message: str, hint: str, details: str) -> None:
    """Show an error."""

    def copy(_: Any) -> None:
        QApplication.clipboard().setText(details)

    _tell(
        f"{message}\n→ {hint}" if hint else message,
        NotificationSeverity.ERROR,
        (("Copy details", copy),),
    )


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


def _tell(message: str, severity: NotificationSeverity, actions: tuple[Any, ...]) -> None:
    notification_manager.dispatch(Notification(message, severity=severity, actions=actions))
