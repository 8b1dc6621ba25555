"""Poses of a recording that has only a film."""

from __future__ import annotations

import numpy as np
import xarray as xr

from mousegpt_core.pipeline.clocks import clock_mark, view_clock
from mousegpt_core.pipeline.filmed import views_with_films
from mousegpt_core.pipeline.work import Work, counted
from mousegpt_core.pose import (
    SilhouetteSettings,
    frames_used,
    learn_background,
    poses_from_silhouettes,
    silhouettes_in_blocks,
)
from mousegpt_core.study import (
    PoseFile,
    Provenance,
    Recording,
    RecordingInfo,
    fingerprint,
    resolve_path,
)
from mousegpt_core.video import open_film

SILHOUETTES_VERSION = 5
OUTLINE_VERSION = 4
#: "Format" of poses that are made of the film itself.
FROM_FILM = "silhouette"
#: Name of the animal where only one is expected and nobody named it.
ANIMAL = "mouse"
#: Frames of masks that are read at once, and that lie in one file.
_CHUNK, _SHARD = 64, 512


def film_source(info: RecordingInfo) -> PoseFile | None:
    """The film in which animals are looked for where there are no poses; None without a film."""
    for view in views_with_films(info):
        if view.shown is not None:
            return PoseFile(path=view.shown.path, format=FROM_FILM, view=view.name, unit="px")
    return None


def track_film(work: Work, recording: Recording, source: PoseFile, stage: str) -> str:
    """Find the animals in the film of a recording; returns the key of the poses.

    The masks are kept as ``silhouettes/VIEW``, what is made of them as `stage`.

    Raises
    ------
    DataError
        If no animal can be told from the background.
    VideoError
        If the film cannot be read.
    """
    key = _silhouettes(work, recording, source)
    view = recording.info.clock_view(source.view)
    made = recording.store.entry(stage)
    before = made.provenance.inputs.get("timestamps", "") if made else ""
    settings = {
        "format": FROM_FILM,
        "clock": {"fps": view.fps, "offset_s": view.offset_s} if view else None,
    }
    inputs = {"silhouettes": key, "timestamps": clock_mark(recording, view, before)}
    provenance = Provenance(stage, OUTLINE_VERSION, settings, inputs)

    def write() -> None:
        found = recording.store.read_dataset(_masks_stage(source))
        clock = view_clock(view, float(found.attrs["fps"]), recording.resolve)
        times = clock.at(found["frame"].values)
        known = np.isfinite(times)
        poses = poses_from_silhouettes(found.isel(time=known), times[known])
        recording.store.write_dataset(provenance, poses)

    return work.make(recording.store, provenance, write, recording=recording.id)


def _silhouettes(work: Work, recording: Recording, source: PoseFile) -> str:
    """Masks and shapes; the film is read for them once."""
    stage = _masks_stage(source)
    settings = SilhouetteSettings.parse(
        work.study.section("silhouette"), source="study.toml [silhouette]"
    )
    animals = list(recording.info.individuals) or [ANIMAL]
    file = resolve_path(source.path, recording.study_folder)
    made = recording.store.entry(stage)
    # It may be gone since the animals were found in it.
    before = made.provenance.inputs["film"] if made else ""
    mark = fingerprint(file) if file.exists() else before
    provenance = Provenance(
        stage,
        SILHOUETTES_VERSION,
        {"silhouette": settings.fingerprint(), "individuals": animals},
        {"film": mark},
    )

    def write() -> None:
        # A folder of pictures does not tell its rate; of a film, its own counts.
        view = recording.info.clock_view(source.view)
        path = recording.resolve(source.path)
        with open_film(path, fps=view.fps if view else None) as film:
            background = learn_background(film, len(animals), settings)
            blocks = silhouettes_in_blocks(film, background, animals, settings)
            told = counted(work, stage, recording.id, blocks, len(frames_used(film, settings.rate)))
            recording.store.write_blocks(provenance, told, chunk=_CHUNK, shard=_SHARD)

    return work.make(recording.store, provenance, write, recording=recording.id)


def _masks_stage(source: PoseFile) -> str:
    return f"silhouettes/{source.view}"


def said_of_tracking(poses: xr.Dataset, seen_from: str) -> list[str]:
    """What a reader must know of poses that were made of a film; none of others."""
    said = list(poses.attrs.get("remarks", ()))
    if "pixel_speed" in poses and seen_from == "side":
        said.append(
            "what an animal does behind its own body is hidden from the side: quiet grooming or "
            "sniffing there cannot be told from freezing"
        )
    return said
