"""Exactly what a model will see of a clip, for a person to look at."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mousegpt_core.describe.protocol import Protocol, load_protocol
from mousegpt_core.errors import DataError
from mousegpt_core.language import Message, Picture, Request
from mousegpt_core.pipeline.choosing import ClipChoice, place_of
from mousegpt_core.pipeline.recording_stages import (
    import_poses,
    pose_sources,
    run_ethogram,
    run_kinematics,
)
from mousegpt_core.pipeline.showing import Showing
from mousegpt_core.pipeline.work import Work
from mousegpt_core.report.preview import preview_page
from mousegpt_core.study import Recording, safe_name
from mousegpt_core.study.files import write_atomic, writing

#: Said where a clip is shown by itself that a run would show with its neighbour's answer.
_FIRST_OF_CHAIN = (
    "The clip before is shown without a label here; in a run, with the one that was predicted."
)


@dataclass(frozen=True)
class ShownClip:
    """A clip that a person chose, as a model is shown it.

    Attributes
    ----------
    recording : Recording
        Where it is.
    clip_id : str
        Its id.
    clips : DataFrame
        Table `clips.CLIPS`: all of the recording.
    request : Request
        What is asked of it.
    notes : list of str
        What there is to say of how it is shown, and of the choice.
    """

    recording: Recording
    clip_id: str
    clips: pd.DataFrame
    request: Request
    notes: list[str]

    @property
    def place(self) -> dict[str, Any]:
        """Where it is: clip_id, recording, individual, start_s, stop_s."""
        return place_of(self.clips, self.clip_id)


def preview_clip(
    work: Work,
    protocol: str,
    choice: ClipChoice,
    *,
    changes: Mapping[str, str] | None = None,
    out: Path | None = None,
) -> dict[str, Any]:
    """Make a page, and files, of what a model is shown and asked of one clip.

    Parameters
    ----------
    work : Work
        The study at work; what the protocol needs of poses, kinematics and bouts is made.
    protocol : str
        As in `load_protocol`.
    choice : ClipChoice
        Which clip.
    changes : mapping of str to str, optional
        As in `load_protocol`.
    out : Path, optional
        Folder; by default ``STUDY/results/preview/PROTOCOL-CLIP``.

    Returns
    -------
    dict
        ``clip_id``, ``recording``, ``individual``, ``start_s``, ``stop_s``, ``protocol``,
        ``clips`` (how many the recording has), ``page``, ``pictures`` (files), ``text`` (all
        words), ``notes``.

    Raises
    ------
    DataError, StageMissingError, VideoError
        If there is no such clip, or it cannot be shown.
    SettingsError
        If the protocol is not possible.
    """
    study = work.study
    asked = load_protocol(protocol, study.folder, changes)
    with ExitStack() as stack:
        shown = show_clip(work, choice, asked, stack)
        pictures = {part: part.load() for m in shown.request.messages for part in _pictures(m)}
    name = f"{asked.name}-{safe_name(shown.clip_id)}"
    folder = out or study.folder / "results" / "preview" / name
    title = f"{shown.clip_id}, protocol {asked.name}"
    page = preview_page(shown.request, pictures, title, shown.notes)
    text = _text(shown.request)
    files = _write(folder, page, text, pictures)
    return {
        **shown.place,
        "protocol": asked.name,
        "clips": len(shown.clips),
        "page": str(folder / "preview.html"),
        "pictures": files,
        "text": text,
        "notes": shown.notes,
    }


def show_clip(work: Work, choice: ClipChoice, protocol: Protocol, stack: ExitStack) -> ShownClip:
    """A clip as a model is shown it; what the protocol needs of its recording is made.

    Parameters
    ----------
    work : Work
        The study at work.
    choice : ClipChoice
        Which clip.
    protocol : Protocol
        How.
    stack : ExitStack
        Closes the films, of which the pictures are made when they are loaded.

    Raises
    ------
    DataError, StageMissingError, VideoError, SettingsError
        If there is no such clip, or it cannot be shown.
    """
    recording = choice.recording_in(work)
    notes = prepare_showing(work, recording, protocol)
    showing = Showing(work.study, recording, protocol, stack)
    clips = showing.clips()
    clip_id, remarks = choice.find(clips, recording.id)
    if protocol.is_chained and showing.context_of(clip_id)[0]:
        notes.append(_FIRST_OF_CHAIN)
    return ShownClip(recording, clip_id, clips, showing.request(clip_id), notes + remarks)


def prepare_showing(work: Work, recording: Recording, protocol: Protocol) -> list[str]:
    """Make what a protocol needs of a recording; what could not be made is told.

    Returns
    -------
    list of str
        Why frames will be shown as a whole, where no animal was found in a film without poses.

    Raises
    ------
    MouseGPTError
        If poses that were given cannot be read, or the protocol cannot do without them.
    """
    run = run_ethogram if protocol.clips.bouts == "activities" else run_kinematics
    try:
        run(work, recording)
        for source in pose_sources(recording):
            import_poses(work, recording, source)
    except DataError as error:
        if recording.info.poses or protocol.clips.bouts:
            raise
        return [f"Frames are shown as a whole: {error.message}"]
    return []


def _pictures(message: Message) -> list[Picture]:
    return [part for part in message.parts if isinstance(part, Picture)]


def _text(request: Request) -> str:
    """All words, with a mark where each picture stands."""
    lines, number = [], 0
    for message in request.messages:
        lines.append(f"[{message.role}]")
        for part in message.parts:
            if isinstance(part, Picture):
                number += 1
                lines.append(f"<picture {number}>")
            else:
                lines.append(part)
        lines.append("")
    return "\n".join(lines)


def _write(folder: Path, page: str, text: str, pictures: Mapping[Picture, bytes]) -> list[str]:
    files = []
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for number, (picture, data) in enumerate(pictures.items(), start=1):
            file = folder / f"picture-{number:02d}.{picture.ending}"
            write_atomic(file, data)
            files.append(str(file))
        write_atomic(folder / "request.txt", text)
        write_atomic(folder / "preview.html", page)
    return files
