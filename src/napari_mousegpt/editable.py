"""What is read of a recording before its keypoints can be corrected; it may run beside a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mousegpt_core.errors import DataError
from napari_mousegpt.corrections import Corrections

if TYPE_CHECKING:
    import xarray as xr

    from mousegpt_core.skeleton import Skeleton
    from mousegpt_core.study import Study
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
    moving = [] if opened is None else opened.moving
    own = [view.source for view in moving if view.source is not None]
    if study is None or opened is None or not own or session.points is None:
        raise DataError(
            "there are no keypoints here that can be corrected",
            hint="open a recording with poses of its own; in 3D, look at its views instead",
        )
    poses = {view: opened.as_read[view] for view in own}
    return partial(_read, study, session.recording, poses)


def _read(study: Study, id: str, poses: Mapping[str, xr.Dataset]) -> EditablePoses:
    from mousegpt_core.pipeline.recording_stages import recording_skeleton

    recording = study.recording(id)
    return EditablePoses(recording_skeleton(study, recording), Corrections(recording, poses))
