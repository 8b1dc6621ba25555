"""What is read of a recording before its keypoints can be corrected; it may run beside a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mousegpt_core.errors import DataError
from napari_mousegpt.corrections import Corrections

if TYPE_CHECKING:
    import xarray as xr

    from mousegpt_core.skeleton import Skeleton
    from mousegpt_core.study import Recording, Study
    from napari_mousegpt.moving import MovingPoses
    from napari_mousegpt.session import Session


@dataclass(frozen=True)
class EditablePoses:
    """What is read of a recording before its keypoints can be corrected.

    Attributes
    ----------
    recording, skeleton : Recording, Skeleton
        Whose, and how its keypoints belong together.
    keys : dict of str to str
        Of the poses that the study keeps.
    corrections : Corrections
        What was done to them.
    """

    recording: Recording
    skeleton: Skeleton
    keys: dict[str, str]
    corrections: Corrections

    def close(self) -> None:
        """Nobody corrects them."""
        self.corrections.close()


def read_editable(session: Session) -> Callable[[], EditablePoses]:
    """What reads the poses of the recording that is shown; it may run beside the window.

    Raises
    ------
    DataError
        If there is nothing to correct.
    """
    opened, study = session.opened, session.study
    own = [] if opened is None else [view for view in opened.moving if view.source is not None]
    if study is None or not own or session.points is None:
        raise DataError(
            "there are no keypoints here that can be corrected",
            hint="open a recording with poses of its own; in 3D, look at its views instead",
        )
    return partial(_read, study, session.recording, own)


def _read(study: Study, id: str, views: Sequence[MovingPoses]) -> EditablePoses:
    from mousegpt_core.pipeline.recording_stages import recording_skeleton

    recording = study.recording(id)
    return EditablePoses(
        recording,
        recording_skeleton(study, recording),
        keys_of(recording),
        Corrections(recording, _poses_as_read(recording, views)),
    )


def keys_of(recording: Recording) -> dict[str, str]:
    """Keys of the poses that the study keeps."""
    from mousegpt_core.pipeline.recording_stages import pose_sources, pose_stage

    stages = (pose_stage(source) for source in pose_sources(recording))
    entries = ((stage, recording.store.entry(stage)) for stage in stages)
    return {stage: entry.key for stage, entry in entries if entry is not None}


def _poses_as_read(recording: Recording, views: Sequence[MovingPoses]) -> dict[str, xr.Dataset]:
    """Poses of views as they were read, before anybody's acts."""
    from mousegpt_core.pipeline.recording_stages import pose_sources, pose_stage

    wanted = {view.source for view in views}
    return {
        source.view: recording.store.read_dataset(pose_stage(source)).load()
        for source in pose_sources(recording)
        if source.view in wanted
    }
