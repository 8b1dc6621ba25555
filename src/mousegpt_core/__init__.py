"""Video of mice to language, and language to statistics: the headless engine.

The names below are loaded when they are first used, so that importing the package is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mousegpt_core.errors import MouseGPTError
    from mousegpt_core.io import read_poses, write_poses
    from mousegpt_core.kinematics import compute_kinematics, prepare_scene
    from mousegpt_core.pipeline import add_recording, run
    from mousegpt_core.poses import make_poses, validate_poses
    from mousegpt_core.progress import Cancellation, Progress
    from mousegpt_core.skeleton import Skeleton
    from mousegpt_core.study import Recording, Study
    from mousegpt_core.video import Film

_HOMES = {
    "Cancellation": "progress",
    "Film": "video",
    "MouseGPTError": "errors",
    "Progress": "progress",
    "Recording": "study",
    "Skeleton": "skeleton",
    "Study": "study",
    "add_recording": "pipeline",
    "compute_kinematics": "kinematics",
    "make_poses": "poses",
    "prepare_scene": "kinematics",
    "read_poses": "io",
    "run": "pipeline",
    "validate_poses": "poses",
    "write_poses": "io",
}

__all__ = [
    "Cancellation",
    "Film",
    "MouseGPTError",
    "Progress",
    "Recording",
    "Skeleton",
    "Study",
    "add_recording",
    "compute_kinematics",
    "make_poses",
    "prepare_scene",
    "read_poses",
    "run",
    "validate_poses",
    "write_poses",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
