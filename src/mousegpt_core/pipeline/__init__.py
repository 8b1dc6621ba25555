"""Stages run over a study: only what is missing is made, progress is told, kills do no harm."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mousegpt_core.pipeline.add import AddedRecording, NewRecording, add_recording
    from mousegpt_core.pipeline.work import Work

_HOMES = {
    "AddedRecording": "add",
    "NewRecording": "add",
    "Work": "work",
    "add_recording": "add",
}
