"""Exactly what a model will see of a clip, for a person to look at."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

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
FIRST_OF_CHAIN = (
    "The clip before is shown without a label here; in a run, with the one that was predicted."
)
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png"}


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
    chosen = choice.recording_in(work)
    notes = prepare_showing(work, chosen, asked)
    with ExitStack() as stack:
        showing = Showing(study, chosen, asked, stack)
        clips = showing.clips()
        clip_id, remarks = choice.find(clips, chosen.id)
        request = showing.request(clip_id)
        pictures = {part: part.load() for m in request.messages for part in _pictures(m)}
    if asked.is_chained and showing.context_of(clip_id)[0]:
        notes.append(FIRST_OF_CHAIN)
    notes += remarks
    folder = out or study.folder / "results" / "preview" / f"{asked.name}-{safe_name(clip_id)}"
    page = preview_page(request, pictures, f"{clip_id}, protocol {asked.name}", notes)
    text = _text(request)
    files = _write(folder, page, text, pictures)
    return {
        **place_of(clips, clip_id),
        "protocol": asked.name,
        "clips": len(clips),
        "page": str(folder / "preview.html"),
        "pictures": files,
        "text": text,
        "notes": notes,
    }


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
            file = folder / f"picture-{number:02d}.{_ENDINGS[picture.media_type]}"
            write_atomic(file, data)
            files.append(str(file))
        write_atomic(folder / "request.txt", text)
        write_atomic(folder / "preview.html", page)
    return files
