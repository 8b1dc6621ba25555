"""Which results are older than what they stand on: `run` is rehearsed, and nothing is made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mousegpt_core.errors import MouseGPTError
from mousegpt_core.pipeline.recording_stages import (
    run_descriptions,
    run_ethogram,
    run_kinematics,
)
from mousegpt_core.pipeline.study_stages import run_profile
from mousegpt_core.pipeline.work import Work
from mousegpt_core.study import Provenance, Recording, ResultStore, Study

#: What is made of a recording, each of what is before it, and how.
_OF_RECORDING: dict[str, Callable[[Work, Recording], str]] = {
    "kinematics": run_kinematics,
    "activities": run_ethogram,
    "descriptions": run_descriptions,
}
BEHAVIOURS, REPORT = "profile/behaviours", "report"


@dataclass(frozen=True)
class OutOfDate:
    """Results that are there, and that `run` would make anew.

    Attributes
    ----------
    recordings : dict of str to tuple of str
        ``"kinematics"``, ``"activities"``, ``"descriptions"`` to ids of recordings.
    study : tuple of str
        Which of ``"profile/behaviours"`` and ``"report"``.
    """

    recordings: dict[str, tuple[str, ...]]
    study: tuple[str, ...]


class _NotCurrentError(Exception):
    """A result that would be made now."""


class _Rehearsal(Work):
    """A study at which nobody works."""

    def make(
        self,
        store: ResultStore,
        provenance: Provenance,
        write: Callable[[], None],
        *,
        recording: str = "",
    ) -> str:
        """The key of a result that is current.

        Raises
        ------
        _NotCurrentError
            If it is not.
        """
        if not store.is_current(provenance):
            raise _NotCurrentError(provenance.stage)
        return provenance.key


def out_of_date(study: Study) -> OutOfDate:
    """The results of a study that are older than a correction, a setting or a file they stand on.

    What was never made is not among them, nor what cannot be told, because a file is damaged.
    """
    work = _Rehearsal(study)
    old: dict[str, tuple[str, ...]] = dict.fromkeys(_OF_RECORDING, ())
    parts: tuple[str, ...] = ()
    # They stand on all that is made of recordings.
    behaviours = _is_current(run_profile, work)
    if not behaviours:
        recordings = list(study.recordings.values())
        old = {stage: _old(work, stage, recordings) for stage in _OF_RECORDING}
    if behaviours is False and study.store.entry(BEHAVIOURS) is not None:
        parts = (BEHAVIOURS,)
    if study.report_path.is_file() and (any(old.values()) or parts or _report_is_old(study)):
        parts += (REPORT,)
    return OutOfDate(old, parts)


def _old(work: Work, stage: str, recordings: list[Recording]) -> tuple[str, ...]:
    made = [one for one in recordings if one.store.entry(stage) is not None]
    return tuple(one.id for one in made if _is_current(_OF_RECORDING[stage], work, one) is False)


def _is_current(run: Callable[..., str], *of: Any) -> bool | None:
    """Whether nothing would be made anew; None where an error keeps it from being told."""
    try:
        run(*of)
    except _NotCurrentError:
        return False
    except MouseGPTError:  # it is told where this is run
        return None
    return True


def _report_is_old(study: Study) -> bool:
    """Whether settings, animals or a person's changes of the behaviours are newer."""
    files = [study.toml_path, study.animals_path]
    files += [recording.toml_path for recording in study.recordings.values()]
    times = [file.stat().st_mtime for file in files if file.exists()]
    with suppress(MouseGPTError):  # a damaged log is told where the study is run
        times += [datetime.fromisoformat(when).timestamp() for when in study.log.edits()["when"]]
    return max(times) > study.report_path.stat().st_mtime
