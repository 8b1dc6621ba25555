"""The queue of doubtful frames of a study, without those that a person has accepted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import xarray as xr

from mousegpt_core.io.files import replaced_file
from mousegpt_core.pipeline.correcting import pose_edits
from mousegpt_core.pipeline.recording_stages import (
    import_poses,
    pose_sources,
    pose_stage,
    recording_skeleton,
)
from mousegpt_core.pipeline.work import Work
from mousegpt_core.pose.doubts import COLUMNS, doubtful_frames
from mousegpt_core.skeleton import Skeleton
from mousegpt_core.study import Recording
from mousegpt_core.study.files import check_new_file, writing
from mousegpt_core.study.pose_edits import DoneEdit, accepted_frames, edited_poses, effective


def doubts_of_study(work: Work, only: Sequence[str] | None = None) -> pd.DataFrame:
    """The queues of all recordings in one, the most doubtful first.

    Parameters
    ----------
    work : Work
        The study; poses are read into it where they have not been.
    only : sequence of str, optional
        Only these recordings.

    Returns
    -------
    DataFrame
        recording, view, and the columns of `pose.doubts.doubtful_frames`.

    Raises
    ------
    MouseGPTError
        If no recording has poses that can be read.
    """
    queues: list[pd.DataFrame] = []

    def look(recording: Recording) -> None:
        queues.extend(_queues(work, recording))

    work.each(work.chosen(only), look)
    columns = ["recording", "view", *COLUMNS]
    table = pd.concat([pd.DataFrame(columns=columns), *filter(len, queues)])
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def _queues(work: Work, recording: Recording) -> list[pd.DataFrame]:
    done = pose_edits(recording)
    found = []
    for source in pose_sources(recording):
        import_poses(work, recording, source)
        poses = recording.store.read_dataset(pose_stage(source)).load()
        skeleton = recording_skeleton(work.study, recording)
        queue = doubts_of_view(poses, skeleton, done, source.view)
        queue.insert(0, "view", source.view)
        queue.insert(0, "recording", recording.id)
        found.append(queue)
    return found


def doubts_of_view(
    poses: xr.Dataset, skeleton: Skeleton, done: Sequence[DoneEdit], view: str
) -> pd.DataFrame:
    """The queue of a view's poses as they are after a person's acts.

    Parameters
    ----------
    poses : Dataset
        As they were read.
    skeleton : Skeleton
        Of the recording.
    done : sequence of DoneEdit
        All acts on the recording's poses.
    view : str
        The view.
    """
    now = edited_poses(poses, [one.edit for one in effective(done, view)])
    return doubtful_frames(now, skeleton, accepted=accepted_frames(done, view))


def write_doubts(table: pd.DataFrame, path: Path) -> None:
    """Write a queue as csv.

    Raises
    ------
    DataError
        If there is a file already, or it cannot be made.
    MouseGPTError
        If it cannot be written.
    """
    check_new_file(path)
    with writing(path), replaced_file(path) as partial:
        table.to_csv(partial, index=False)
