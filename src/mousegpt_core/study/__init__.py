"""Studies and recordings on disk: what a person edits, what is paid for, what is derived."""

from mousegpt_core.study.animals import GroupRule
from mousegpt_core.study.edits import apply_edits, descriptions
from mousegpt_core.study.files import fingerprint, safe_name, validate_name
from mousegpt_core.study.log import Log
from mousegpt_core.study.manifest import Entry, Provenance
from mousegpt_core.study.migrations import FORMAT_VERSION
from mousegpt_core.study.recording import (
    Film,
    PoseFile,
    Recording,
    RecordingInfo,
    View,
    resolve_path,
)
from mousegpt_core.study.store import ResultStore
from mousegpt_core.study.study import Study
from mousegpt_core.study.surroundings import Arena, KnownLength, Space, Zone

__all__ = [
    "FORMAT_VERSION",
    "Arena",
    "Entry",
    "Film",
    "GroupRule",
    "KnownLength",
    "Log",
    "PoseFile",
    "Provenance",
    "Recording",
    "RecordingInfo",
    "ResultStore",
    "Space",
    "Study",
    "View",
    "Zone",
    "apply_edits",
    "descriptions",
    "fingerprint",
    "resolve_path",
    "safe_name",
    "validate_name",
]
