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
    """Poses of a recording that a person corrects, and closes when done.

    Attributes
    ----------
    skeleton : Skeleton
        How its keypoints belong together.
    corrections : Corrections
        What was done to them.
    """

    skeleton: Skeleton
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
        recording_skeleton(study, recording),
        Corrections(recording, _poses_as_read(recording, views)),
    )


def _poses_as_read(recording: Recording, views: Sequence[MovingPoses]) -> dict[str, xr.Dataset]:
    """Poses of views as they were read, before anybody's acts."""
    from mousegpt_core.pipeline.recording_stages import pose_sources, pose_stage

    wanted = {view.source for view in views}
    return {
        source.view: recording.store.read_dataset(pose_stage(source)).load()
        for source in pose_sources(recording)
        if source.view in wanted
    }
