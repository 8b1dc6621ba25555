"""The stages of one recording: poses, kinematics, ethogram, clips, descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field

from mousegpt_core.clips import ANSWERS, SECTIONS, cut_clips, make_table
from mousegpt_core.describe.contract import Answer, Describer, Evidence
from mousegpt_core.describe.ethogram import (
    ETHOGRAM_VERSION,
    activity_bouts,
    ethogram_in_blocks,
)
from mousegpt_core.describe.rules import Rules, load_rules
from mousegpt_core.errors import DataError, SkeletonError
from mousegpt_core.io import read_poses
from mousegpt_core.kinematics import (
    KinematicsSettings,
    kinematics_in_blocks,
    prepare_scene,
    with_dropped_frames,
)
from mousegpt_core.pipeline.answered import (
    ASKED_VERSION,
    answer_tables,
    asked_clips,
    newest_answers,
    read_asked,
    study_asks,
)
from mousegpt_core.pipeline.asynchronous import collect
from mousegpt_core.pipeline.clocks import clock_mark, on_clock, view_clock
from mousegpt_core.pipeline.correcting import corrected, pose_edits_mark
from mousegpt_core.pipeline.correcting import pose_stage as pose_stage
from mousegpt_core.pipeline.tracking import FROM_FILM, film_source, track_film
from mousegpt_core.pipeline.work import Work, counted
from mousegpt_core.registry import load_backend
from mousegpt_core.settings import Settings, content_hash
from mousegpt_core.skeleton import Skeleton
from mousegpt_core.skeletons import SILHOUETTE, find_built_in, guess_skeleton
from mousegpt_core.study import (
    PoseFile,
    Provenance,
    Recording,
    Study,
    fingerprint,
    resolve_path,
)

POSES_VERSION = 1
KINEMATICS_VERSION = 5
CLIPS_VERSION = 2
#: Frames handled at once: bounds memory however long the recording.
BLOCK_FRAMES = 36_000
#: Clips described at once.
BLOCK_CLIPS = 3_000
#: Seconds of kinematics on both sides of the clips that a describer sees.
CONTEXT_S = 10.0


class ClipSettings(Settings):
    """How recordings are cut.

    Attributes
    ----------
    rate : float
        Clips a second.
    """

    rate: float = Field(default=5.0, gt=0, le=1000)


def pose_sources(recording: Recording) -> tuple[PoseFile, ...]:
    """Files of poses; where there are none, the film in which the animals are to be found."""
    found = film_source(recording.info)
    return recording.info.poses or ((found,) if found else ())


def primary_pose(recording: Recording) -> PoseFile:
    """The poses that kinematics are computed from: 3D where there is, else the first view.

    Raises
    ------
    DataError
        If the recording has neither poses nor a film.
    """
    sources = pose_sources(recording)
    if not sources:
        raise DataError(
            "the recording has neither poses nor a film",
            file=recording.toml_path,
            hint=f"mousegpt add STUDY --id {recording.id} --poses FILE",
        )
    return next((source for source in sources if not source.view), sources[0])


def primary_poses(recording: Recording) -> xr.Dataset:
    """The poses that kinematics are computed from, as they were read.

    Raises
    ------
    StageMissingError
        If they have not been read yet.
    """
    return recording.store.read_dataset(pose_stage(primary_pose(recording)))


def import_poses(work: Work, recording: Recording, source: PoseFile) -> str:
    """Read a pose file into the study, or make poses of a film; returns the key of the result."""
    if source.format == FROM_FILM:
        return track_film(work, recording, source, pose_stage(source))
    provenance = _pose_provenance(recording, source)

    def write() -> None:
        poses = read_poses(
            recording.resolve(source.path),
            format=source.format or None,
            keypoints=list(source.keypoints) or None,
            fps=source.fps,
            unit=source.unit or None,
            view=source.view or None,
        )
        view = recording.info.clock_view(source.view)
        clock = view_clock(view, float(poses.attrs["fps"]), recording.resolve)
        poses = on_clock(poses, clock, source.path)
        poses = _named_after_animals(poses, recording)
        recording.store.write_dataset(provenance, poses)

    return work.make(recording.store, provenance, write, recording=recording.id)


def keep_poses(recording: Recording, source: PoseFile, poses: xr.Dataset) -> None:
    """Keep poses, on their view's clock, as `import_poses` would, so that it need not."""
    provenance = _pose_provenance(recording, source)
    recording.store.write_dataset(provenance, _named_after_animals(poses, recording))


def _pose_provenance(recording: Recording, source: PoseFile) -> Provenance:
    file = resolve_path(source.path, recording.study_folder)
    imported = recording.store.entry(pose_stage(source))
    if file.exists():
        mark = fingerprint(file)
    else:  # gone since it was imported: no reason to lose what was read from it
        mark = imported.provenance.inputs["file"] if imported else source.fingerprint
    info = recording.info
    view = info.clock_view(source.view)
    settings = source.model_dump(mode="json", exclude={"path", "fingerprint", "size"})
    inputs = {"file": mark, "individuals": ",".join(info.individuals)}
    if view is not None:
        settings["clock"] = {"fps": view.fps, "offset_s": view.offset_s}
        before = imported.provenance.inputs.get("timestamps", "") if imported else ""
        inputs["timestamps"] = clock_mark(recording, view, before)
    return Provenance(pose_stage(source), POSES_VERSION, settings, inputs)


def run_kinematics(work: Work, recording: Recording) -> str:
    """Kinematics of a recording's primary poses."""
    info, study = recording.info, work.study
    source = primary_pose(recording)
    poses_key = import_poses(work, recording, source)
    skeleton = recording_skeleton(work.study, recording)
    settings = KinematicsSettings.parse(
        study.section("kinematics"), source="study.toml [kinematics]"
    )
    space = info.space.model_dump(mode="json")
    arena = info.arena.model_dump(mode="json") if info.arena.shape != "none" else None
    provenance = Provenance(
        "kinematics",
        KINEMATICS_VERSION,
        {"kinematics": settings.fingerprint(), "space": space, "arena": arena},
        {
            "poses": poses_key,
            "skeleton": content_hash(_skeleton_values(skeleton)),
            **pose_edits_mark(recording, source.view),
        },
    )

    measured = info.space.cm_per_unit is not None or info.space.known_length is not None

    def write() -> None:
        read = recording.store.read_dataset(pose_stage(source))
        poses = with_dropped_frames(corrected(recording, source.view, read))
        scene = prepare_scene(
            poses,
            skeleton,
            cm_per_unit=info.space.scale if measured else None,
            scale_source="known length" if info.space.known_length else "given",
            arena=arena,
            seen_from=info.space.seen_from,
            settings=settings,
        )
        blocks = kinematics_in_blocks(poses, skeleton, scene, settings, block_frames=BLOCK_FRAMES)
        told = counted(work, "kinematics", recording.id, blocks, poses.sizes["time"])
        recording.store.write_blocks(provenance, told)

    return work.make(recording.store, provenance, write, recording=recording.id)


def recording_skeleton(study: Study, recording: Recording) -> Skeleton:
    """The skeleton of a recording: the study's own, or a built-in one of that name.

    Without a name, that of silhouettes where there are no poses, else guessed from the keypoints.

    Raises
    ------
    SkeletonError
        If there is none of that name.
    """
    name = recording.info.skeleton
    if not name and not recording.info.poses:
        name = SILHOUETTE
    elif not name:
        keypoints = [str(each) for each in primary_poses(recording)["keypoint"].values]
        return guess_skeleton(keypoints).skeleton
    skeleton = study.skeleton(name) or find_built_in(name)
    if skeleton is None:
        raise SkeletonError(
            f"there is no skeleton {name!r}",
            file=recording.toml_path,
            place="skeleton",
            expected=", ".join(study.skeletons) or "a name of [skeletons] in study.toml",
            hint="correct `skeleton` in recording.toml, or write the skeleton into study.toml",
        )
    return skeleton


def run_ethogram(work: Work, recording: Recording) -> str:
    """Activity of every frame, and its bouts."""
    kinematics_key = run_kinematics(work, recording)
    rules = study_rules(work.study)
    skeleton = recording_skeleton(work.study, recording)
    provenance = Provenance(
        "ethogram", ETHOGRAM_VERSION, {"rules": rules.fingerprint()}, {"kinematics": kinematics_key}
    )
    store = recording.store

    def write() -> None:
        kinematics = store.read_dataset("kinematics")
        blocks = ethogram_in_blocks(kinematics, rules, block_frames=BLOCK_FRAMES, skeleton=skeleton)
        total = kinematics.sizes["time"]
        store.write_blocks(provenance, counted(work, "ethogram", recording.id, blocks, total))

    key = work.make(store, provenance, write, recording=recording.id)
    bouts = Provenance("activities", ETHOGRAM_VERSION, {}, {"ethogram": key})

    def write_bouts() -> None:
        ethogram = store.read_dataset("ethogram")
        store.write_table(bouts, activity_bouts(ethogram, recording.id))

    work.make(store, bouts, write_bouts, recording=recording.id)
    return key


def study_rules(study: Study) -> Rules:
    """The rules of the ethogram, with the study's own over the built-in ones."""
    overlay = study.folder / "ethogram.toml"
    return load_rules(overlay if overlay.exists() else None)


def run_clips(work: Work, recording: Recording) -> str:
    """Cut a recording into clips, each for one animal; or those that a model was asked about."""
    asked = study_asks(work.study)
    if asked:
        return _clips_of_model(work, recording, asked)
    source = primary_pose(recording)
    poses_key = import_poses(work, recording, source)
    settings = ClipSettings.parse(work.study.section("clips"), source="study.toml [clips]")
    provenance = Provenance("clips", CLIPS_VERSION, settings.fingerprint(), {"poses": poses_key})

    def write() -> None:
        poses = recording.store.read_dataset(pose_stage(source))
        tables = [
            cut_clips(
                poses["time"].values,
                poses["frame"].values,
                recording=recording.id,
                individual=str(individual),
                rate=settings.rate,
                clock_view=source.view,
            )
            for individual in poses["individual"].values
        ]
        recording.store.write_table(provenance, pd.concat(tables, ignore_index=True))

    return work.make(recording.store, provenance, write, recording=recording.id)


def run_descriptions(work: Work, recording: Recording) -> str:
    """Describe every clip of a recording; or say what a model answered, without asking it."""
    asked = study_asks(work.study)
    if asked:
        return _descriptions_of_model(work, recording, asked)
    ethogram_key = run_ethogram(work, recording)
    clips_key = run_clips(work, recording)
    section = dict(work.study.section("describe"))
    name = str(section.pop("describer", "kinematic"))
    kind: type[Describer] = load_backend("describers", name)
    options = kind.Options.parse(section, source="study.toml [describe]")
    skeleton = recording_skeleton(work.study, recording)
    provenance = Provenance(
        "descriptions",
        kind.version,
        {"describer": name, "options": options.fingerprint()},
        {"ethogram": ethogram_key, "clips": clips_key},
    )
    store = recording.store

    def write() -> None:
        describer = kind(options)
        clips = store.read_table("clips")
        evidence = evidence_of(recording, clips, skeleton)
        tables = (
            _answers_table(
                collect(describer.describe(part)), name, content_hash(provenance.settings)
            )
            for part in evidence
        )
        told = counted(work, "descriptions", recording.id, tables, len(clips))
        store.write_table_blocks(provenance, told)

    return work.make(store, provenance, write, recording=recording.id)


def _clips_of_model(work: Work, recording: Recording, stage: str) -> str:
    """The clips that a model was asked about."""
    asked, key = read_asked(recording, stage)
    provenance = Provenance("clips", CLIPS_VERSION, {"asked": stage}, {"asked": key})

    def write() -> None:
        recording.store.write_table(provenance, asked_clips(asked))

    return work.make(recording.store, provenance, write, recording=recording.id)


def _descriptions_of_model(work: Work, recording: Recording, stage: str) -> str:
    """What a model answered, of the answers that the log has."""
    asked, key = read_asked(recording, stage)
    run_ethogram(work, recording)
    run_clips(work, recording)
    newest = newest_answers(recording)
    section = work.study.section("describe")
    settings = {
        "describer": section["describer"],
        "model": section.get("model", ""),
        "asked": stage,
    }
    inputs = {"asked": key, "answers": content_hash(sorted(newest.values()))}
    provenance = Provenance("descriptions", ASKED_VERSION, settings, inputs)

    def write() -> None:
        tables = answer_tables(recording, asked, newest)
        told = counted(work, "descriptions", recording.id, tables, len(asked))
        recording.store.write_table_blocks(provenance, told)

    return work.make(recording.store, provenance, write, recording=recording.id)


def evidence_of(
    recording: Recording, clips: pd.DataFrame, skeleton: Skeleton
) -> Iterator[Evidence]:
    """Evidence for consecutive runs of clips, with context on both sides."""
    kinematics = recording.store.read_dataset("kinematics")
    ethogram = recording.store.read_dataset("ethogram")
    times = kinematics["time"].values
    for _, of_one in clips.groupby("individuals", sort=False):
        for first in range(0, len(of_one), BLOCK_CLIPS):
            part = of_one.iloc[first : first + BLOCK_CLIPS].reset_index(drop=True)
            lower = part["start_s"].iloc[0] - CONTEXT_S
            upper = part["stop_s"].iloc[-1] + CONTEXT_S
            window = slice(*np.searchsorted(times, [lower, upper]))
            yield Evidence(
                part,
                kinematics.isel(time=window).load(),
                ethogram.isel(time=window).load(),
                skeleton,
            )


def _answers_table(answers: list[Answer], describer: str, protocol_hash: str) -> pd.DataFrame:
    columns: dict[str, Any] = {
        # By what is said, or a judgement of other words would count for these.
        "answer_id": [
            f"{answer.clip_id}#{describer}#{content_hash([answer.sections, answer.label])}"
            for answer in answers
        ],
        "clip_id": [answer.clip_id for answer in answers],
        "describer": describer,
        "protocol_hash": protocol_hash,
        "label": [answer.label for answer in answers],
        "score": [answer.score for answer in answers],
        "status": [answer.status for answer in answers],
        "reason": [answer.reason for answer in answers],
        "raw": [answer.raw for answer in answers],
        "attempt": 1,
        "cost": 0.0,
    }
    for section in SECTIONS:
        columns[section] = [answer.sections.get(section, "") for answer in answers]
    return make_table(ANSWERS, columns, length=len(answers))


def _named_after_animals(poses: xr.Dataset, recording: Recording) -> xr.Dataset:
    """Give the individuals of a pose file the names of the animals.

    Raises
    ------
    DataError
        If their numbers differ.
    """
    animals = recording.info.individuals
    if not animals:
        return poses
    found = [str(value) for value in poses["individual"].values]
    if len(animals) != len(found):
        raise DataError(
            "animals and tracked individuals differ in number",
            file=recording.toml_path,
            place="individuals",
            expected=f"{len(found)} ({', '.join(found)})",
            found=f"{len(animals)} ({', '.join(animals)})",
            hint="list one animal for each individual of the pose file, in its order",
        )
    return poses.assign_coords(individual=list(animals))


def _skeleton_values(skeleton: Skeleton) -> dict[str, Any]:
    roles = {role: list(names) for role, names in skeleton.roles.items()}
    return {"keypoints": list(skeleton.keypoints), "roles": roles}
