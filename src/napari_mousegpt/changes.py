"""Changes of a recording's own settings: saved at once, and taken back one by one; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_mousegpt.grounds import merged_zones

if TYPE_CHECKING:
    from mousegpt_core.study import Recording
    from mousegpt_core.study.recording import RecordingInfo

#: Gives fields of a recording's info, of what is saved now.
Make = Callable[["RecordingInfo"], dict[str, Any]]
#: What rests on a field of `recording.toml`, for people.
_RESTS = {
    "zones": "Zones are counted when the report is made again; all else stays.",
    "arena": "Movement, and what rests on it, is made again: ethogram, descriptions, report.",
    "space": "Movement, and what rests on it, is made again: ethogram, descriptions, report.",
    "views": "Pictures of this view in reports and questions to models are taken anew.",
    "skeleton": "Movement, and what rests on it, is made again: ethogram, descriptions, report.",
}


@dataclass(frozen=True)
class Change:
    """A change that was saved: what it was, whose, and what it replaced."""

    words: str
    recording: Recording
    before: dict[str, Any]
    after: RecordingInfo


class Changes:
    """What was changed, newest last."""

    def __init__(self) -> None:
        self._made: list[Change] = []

    def make(self, recording: Recording, words: str, change: Make) -> str:
        """Save a change; says what rests on it.

        Parameters
        ----------
        recording : Recording
            Of which.
        words : str
            What it is, for people: ``"offset of side"``.
        change : callable
            Gets what is saved now, and gives fields of `RecordingInfo` as plain values.

        Raises
        ------
        MouseGPTError
            If a value does not fit, or the file cannot be written.
        """
        values = change(recording.info)
        before = recording.change(**values).model_dump()
        info = recording.info
        after = info.model_dump()
        changed = {name: before[name] for name in values if before[name] != after[name]}
        if not changed:
            return ""
        self._made.append(Change(words, recording, changed, info))
        return _rests(changed)

    @property
    def last(self) -> str:
        """What would be taken back; ``""`` = nothing."""
        return self._made[-1].words if self._made else ""

    def undo(self) -> str:
        """Take the newest change back; says what rests on it.

        Raises
        ------
        MouseGPTError
            If the file cannot be written; the change stays.
        """
        change = self._made[-1]
        values = dict(change.before)
        if "zones" in values:  # those of another window stay
            now, then = (
                [zone.model_dump() for zone in one.zones]
                for one in (
                    change.recording.info,
                    change.after,
                )
            )
            values["zones"] = merged_zones(then, now, values["zones"])
        change.recording.change(**values)
        self._made.pop()
        return _rests(change.before)


def _rests(fields: dict[str, Any]) -> str:
    return " ".join(dict.fromkeys(_RESTS[name] for name in fields))
