"""A recording that is read: all that can be made of it before a viewer is touched; no window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mousegpt_core.errors import MouseGPTError
from napari_mousegpt.moving import live_layers
from napari_mousegpt.recordings import OpenedRecording, open_recording
from napari_mousegpt.words import Sentences, sentences_of

if TYPE_CHECKING:
    from mousegpt_core.study import Recording, Study

#: Beginnings of the stages whose results are read while they are shown, or edited.
_READ_FROM_DISK = ("poses", "silhouettes/")


@dataclass(frozen=True)
class Goal:
    """Where one goes once a recording is shown.

    Attributes
    ----------
    moment : float or None
        Seconds on its clock; None = where it begins.
    individual : str
        The animal that is looked at; ``""`` = as it is.
    until : float or None
        End of what is selected (s).
    zoom, centre : float or None, tuple of float
        Of the camera; None = all is seen.
    """

    moment: float | None = None
    individual: str = ""
    until: float | None = None
    zoom: float | None = None
    centre: Any = None


@dataclass(eq=False)
class Coming:
    """A recording that is being opened.

    Attributes
    ----------
    id, in_space : str, bool
        Which, and whether in 3D.
    goal : Goal
        What for, as it was told last.
    """

    id: str
    in_space: bool
    goal: Goal


@dataclass(frozen=True)
class ReadRecording:
    """What a viewer needs to show a recording.

    Attributes
    ----------
    opened : OpenedRecording
        The recording.
    still, live : list of Layer
        Layers that know all their frames, and those of one moment: skeleton and keypoints.
    sentences : Sentences or None
        What is said of it.
    results : dict of str to str
        The results that its layers are made of, as `results_shown` tells them.
    """

    opened: OpenedRecording
    still: list[Any]
    live: list[Any]
    sentences: Sentences | None
    results: dict[str, str]

    def close(self) -> None:
        """Close its films."""
        self.opened.stack.close()


def first_recording(study: Study) -> str:
    """The recording of a study that is shown first, ``""`` where there is none."""
    recordings = study.recordings
    # One with a film tells more at first sight.
    filmed = [id for id, one in recordings.items() if any(view.films for view in one.info.views)]
    return min(filmed or recordings, default="")


def results_shown(recording: Recording, *, in_space: bool) -> dict[str, str]:
    """Stages that the layers of a recording are made of, with the keys of their results.

    Beside films kinematics have no key: they are reckoned anew after each correction, which is
    shown by then.
    """
    entries = {stage: recording.store.entry(stage) for stage in recording.store.stages()}
    keys = {stage: entry.key for stage, entry in entries.items() if entry is not None}
    shown = {stage: key for stage, key in keys.items() if stage.startswith(_READ_FROM_DISK)}
    moved = {stage: key for stage, key in keys.items() if stage == "kinematics"}
    return shown | (moved if in_space else dict.fromkeys(moved, ""))


def read_recording(study: Study, id: str, *, in_space: bool = False) -> ReadRecording:
    """Read a recording and make its layers, first pictures included; what cannot be is left out.

    Parameters
    ----------
    study, id : Study, str
        Which.
    in_space : bool
        The animals in 3D rather than the films, where there are both.

    Raises
    ------
    MouseGPTError
        If it cannot be shown.
    """
    from napari.layers import Layer

    recording = study.recording(id)
    before = _results_before(recording)
    opened = open_recording(study, recording, in_space=in_space)
    try:
        still = [Layer.create(*layer) for layer in opened.still]
        live = [Layer.create(*layer) for layer in live_layers(opened.moving)]
        said = opened.left_out.unless(lambda: sentences_of(recording), None)
        after = opened.left_out.unless(
            lambda: results_shown(recording, in_space=opened.in_space), {}
        )
        # What was replaced while it was read counts as it was, so that it is read again.
        results = after | {stage: key for stage, key in before.items() if after.get(stage)}
        return ReadRecording(opened, still, live, said, results)
    except BaseException:
        opened.stack.close()
        raise


def _results_before(recording: Recording) -> dict[str, str]:
    try:
        return results_shown(recording, in_space=True)
    except MouseGPTError:  # told when the recording is read
        return {}
