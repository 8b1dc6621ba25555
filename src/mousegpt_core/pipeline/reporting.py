"""The report of a study: what it needs is gathered here, and nothing is computed anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.clips import ACTIVITIES, PROFILE, frame_seconds, pauses
from mousegpt_core.describe.ethogram import unjudged
from mousegpt_core.describe.rules import Rules
from mousegpt_core.errors import SettingsError
from mousegpt_core.kinematics import Scene
from mousegpt_core.pipeline.add import SINGLE_PICTURES
from mousegpt_core.pipeline.behaviours import profile_bouts, profiled
from mousegpt_core.pipeline.curating import is_judged
from mousegpt_core.pipeline.evaluation import labelled_recordings, last_evaluations, scheme_names
from mousegpt_core.pipeline.judging import summary
from mousegpt_core.pipeline.labelling import LabelsTold, labels_told
from mousegpt_core.pipeline.mapping import STAGE as MAP
from mousegpt_core.pipeline.recording_stages import primary_poses, study_rules
from mousegpt_core.pipeline.stills import Stills, stills_of
from mousegpt_core.pipeline.study_stages import all_described_clips, described_recordings
from mousegpt_core.pipeline.tracking import said_of_tracking
from mousegpt_core.pipeline.work import Work
from mousegpt_core.pipeline.zones import study_zone_uses, zones_said
from mousegpt_core.plots import Track, readable_name
from mousegpt_core.report import Example, RecordingInfo, ReportData, StageRecord, build_report
from mousegpt_core.settings import Settings
from mousegpt_core.stats import Movement, Subject, movement_summary
from mousegpt_core.study import Recording, Study, View
from mousegpt_core.study.files import write_atomic, writing

#: Points a second of an animal's way in the report.
_TRACK_RATE = 5.0
_EXAMPLES = 3
#: Said of a clip without an activity, of which `overall` tells only that the mouse is there.
_POSTURE = ("overall", "head", "torso", "limb")
#: Examples of a behaviour are from moments at least so many seconds apart, where there are such.
_APART_S = 3.0
_SIDES_AGREE = 0.2
#: No mouse is shorter or longer than this from nose to tail base (cm): the scale must be wrong.
_MOUSE_CM = (4.0, 14.0)
#: Share of dropped frames that is worth telling.
_DROPPED = 0.01
_VERSIONS = ("napari-mousegpt", "numpy", "scipy", "scikit-learn", "xarray", "zarr", "av")


class ReportSettings(Settings):
    """Table ``[report]`` of ``study.toml``.

    Attributes
    ----------
    compare : str
        Column of ``animals.csv`` whose groups are compared, e.g. ``sex`` or a derived group.
    labels : str
        Which of your own sets of labels leads the report, where there are several.
    """

    compare: str = "treatment"
    labels: str = ""


def report_study(work: Work) -> dict[str, Any]:
    """Write ``results/report.html``.

    Returns
    -------
    dict
        ``study``, ``recordings``, ``report``.

    Raises
    ------
    StageMissingError
        If the study has not been run.
    """
    study = work.study
    work.step("report")
    data = gather(work)
    path = study.report_path
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, build_report(data))
    work.finish("report", str(path))
    return {
        "study": str(study.folder),
        "recordings": [recording.id for recording in described_recordings(study)],
        "report": str(path.resolve()),
    }


def gather(work: Work) -> ReportData:
    """Everything the report tells, from the results of a study."""
    study = work.study
    work.note_unreadable()
    recordings = described_recordings(study)
    clips = all_described_clips(study)
    schemes = _bouts(study)
    opened = [(one, one.store.read_dataset("kinematics")) for one in recordings]
    rules = study_rules(study)
    warnings = _failures(work, recordings) + _strangers(study)
    warnings += [line for one, kinematics in opened for line in _warnings(one, kinematics, rules)]
    warnings += zones_said(study, recordings)
    told = _labels_told(study)
    warnings += [line for one in told.values() for line in one.warnings]
    with stills_of(study) as stills:
        behaviours = _behaviours(study, clips, rules, told, stills)
        warnings += stills.warnings
    infos = [_recording_info(one, kinematics) for one, kinematics in opened]
    tracks, movements = _movements(
        [pair for pair, info in zip(opened, infos, strict=True) if not info.pictures]
    )
    return ReportData(
        study=study.name,
        date=date.today().isoformat(),
        recordings=infos,
        animals=_compared_animals(study),
        bouts=schemes,
        behaviours=behaviours,
        places=_places(study),
        tracks=tracks,
        movements=movements,
        zones=study_zone_uses(study, recordings),
        evaluations=last_evaluations(study),
        curation=_curation(study, recordings),
        search_tips=_search_tips(clips),
        provenance=_provenance(study, recordings),
        versions={name: version(name) for name in _VERSIONS},
        warnings=warnings,
        remarks=[line for one in told.values() for line in one.remarks],
        reactions={name: one.reaction_s for name, one in told.items() if one.reaction_s > 0},
    )


def _curation(study: Study, recordings: Sequence[Recording]) -> dict[str, Any]:
    """How the descriptions were judged, where they were; else nothing."""
    judged = [recording for recording in recordings if is_judged(recording)]
    return summary(study, judged) if judged else {}


def study_subjects(study: Study) -> list[Subject]:
    """Each animal in each described recording, with the group that is compared."""
    opened = [(one, one.store.read_dataset("kinematics")) for one in described_recordings(study)]
    infos = [_recording_info(one, kinematics) for one, kinematics in opened]
    return ReportData(study.name, "", infos, animals=_compared_animals(study)).subjects


def _settings(study: Study) -> ReportSettings:
    source = f"{study.toml_path} [report]"
    return ReportSettings.parse(study.section("report"), source=source)


def _own_schemes(study: Study) -> list[str]:
    """The user's own sets of labels, the one that leads the report first.

    Raises
    ------
    SettingsError
        If there is none of the name that ``[report] labels`` gives.
    """
    names, leading = scheme_names(study), _settings(study).labels
    if leading and leading not in names:
        raise SettingsError(
            f"{study.toml_path} [report]: the study has no labels {leading!r}",
            hint="there are: " + (", ".join(names) or "none; run `mousegpt classify`"),
        )
    made = [name for name in names if labelled_recordings(study, name)]
    return sorted(made, key=lambda name: name != leading)


def _compared_animals(study: Study) -> pd.DataFrame:
    """The animals, whose groups are in the column that ``[report] compare`` names.

    Raises
    ------
    SettingsError
        If there is no such column.
    """
    column = _settings(study).compare
    animals = study.animals
    if column not in animals.columns:
        raise SettingsError(
            f"{study.toml_path} [report]: animals.csv has no column {column!r} to compare",
            hint="columns: " + ", ".join(animals.columns),
        )
    groups = animals[column].astype(object).where(animals[column].notna(), "")
    return animals.assign(treatment=groups.astype(str))


def _bouts(study: Study) -> dict[str, pd.DataFrame]:
    """Bouts by scheme, the user's own schemes first."""
    recordings = described_recordings(study)
    found = {
        name: pd.concat(
            [r.store.read_table(f"bouts/{name}") for r in labelled_recordings(study, name)]
        )
        for name in _own_schemes(study)
    }
    found[ACTIVITIES] = pd.concat([r.store.read_table("activities") for r in recordings])
    if study.store.entry("profile/bouts"):
        found[PROFILE] = profile_bouts(study)
    return {name: table.reset_index(drop=True) for name, table in found.items()}


def _places(study: Study) -> pd.DataFrame:
    """The map of the clips with the profile's behaviours, where both were made."""
    if not study.store.entry(MAP) or not study.store.entry("profile/labels"):
        return pd.DataFrame({"x": []})
    labels = profiled(study).labels[["clip_id", "behaviour_id"]]
    return study.store.read_table(MAP).merge(labels, on="clip_id", how="inner")


def _recording_info(recording: Recording, kinematics: xr.Dataset) -> RecordingInfo:
    info = recording.info
    poses = primary_poses(recording)
    times = kinematics["time"].values
    fps = float(kinematics.attrs["fps"])
    scene = Scene.from_dict(json.loads(kinematics.attrs["scene"]))
    unit = poses["position"].attrs.get("units", "px")
    seen = kinematics["measured"].mean(dim="keypoint").sum(dim="time") / poses.sizes["time"]
    individuals = [str(name) for name in kinematics["individual"].values]
    pictures = bool(poses.attrs.get("single_pictures"))
    last_s = float(np.median(np.diff(times))) if pictures and len(times) > 1 else 1 / fps
    return RecordingInfo(
        recording=recording.id,
        animals={name: name for name in individuals},
        duration_s=float(times[-1] - times[0]) + last_s,
        frames=poses.sizes["time"],
        fps=float("nan") if pictures else fps,
        keypoints=int(poses.sizes["keypoint"]),
        views=tuple(_view_in_words(view) for view in info.views),
        space_dims=int(kinematics.attrs["space_dims"]),
        scale=f"{scene.cm_per_unit:.4g} cm per {unit}",
        scale_source=scene.scale_source,
        share_seen=float(seen.mean()),
        observed_s={} if pictures else _observed(recording, kinematics),
        start_s=float(times[0]),
        pauses=() if pictures else pauses(times, fps),
        treatment=info.treatment,
        notes=info.notes,
        pictures=pictures,
    )


def _failures(work: Work, shown: Sequence[Recording]) -> list[str]:
    """Which recordings are missing, or shown by results of before they failed."""
    ids = {recording.id for recording in shown}
    said = {
        id: f"shown as it was before it failed ({error.message})"
        if id in ids
        else f"not in this report, because it failed: {error.message}"
        for id, error in work.failed.items()
    }
    never = [id for id in work.study.recordings if id not in ids | set(said)]
    said |= dict.fromkeys(never, "not in this report, because it has not been run")
    for name in _own_schemes(work.study):
        labelled = {recording.id for recording in labelled_recordings(work.study, name)}
        for id in sorted(ids - labelled):
            said[id] = f"{said.get(id, 'shown')}, without your behaviours of \u201c{name}\u201d"
    return [f"{id}: {text}" for id, text in said.items()]


def _view_in_words(view: View) -> str:
    """Name of a view, and what is kept of it."""
    known = [
        *(film.channel for film in view.films if film.channel),
        *(["own timestamps"] if view.timestamps else []),
        *([f"{view.offset_s:+g} s"] if view.offset_s else []),
        *(["calibration kept for 3D"] if view.calibration else []),
    ]
    return f"{view.name} ({', '.join(known)})" if known else view.name


def _observed(recording: Recording, kinematics: xr.Dataset) -> dict[str, float]:
    """Seconds in which each animal was followed: its speed, or what it was at, is known."""
    known = recording.store.read_dataset("ethogram")["activity_index"].values >= 0
    if "speed" in kinematics:
        known |= kinematics["speed"].notnull().values
    seconds = frame_seconds(kinematics["time"].values, float(kinematics.attrs["fps"]))
    names = (str(name) for name in kinematics["individual"].values)
    return dict(zip(names, (seconds @ known).tolist(), strict=True))


def _strangers(study: Study) -> list[str]:
    """Animals without a row in the table, where others have a group, and rows of no recording."""
    table = _compared_animals(study)
    used = {name for each in study.recordings.values() for name in each.info.individuals}
    rows = set(table["animal"].astype(str))
    said = []
    if lacking := sorted(used - rows):
        said.append(f"animals.csv has no row for {', '.join(lacking)}: in no group")
    if unused := sorted(rows - used):
        said.append(f"animals.csv has rows that no recording uses: {', '.join(unused)}")
    return said


def _warnings(recording: Recording, kinematics: xr.Dataset, rules: Rules) -> list[str]:
    """What a reader must know of a recording."""
    scene = Scene.from_dict(json.loads(kinematics.attrs["scene"]))
    found = []
    poses = primary_poses(recording)
    if poses.attrs.get("single_pictures"):
        found.append(SINGLE_PICTURES)
    found += said_of_tracking(poses, scene.seen_from)
    found += _uneven(recording, kinematics)
    if scene.sides_agree is not None and scene.sides_agree < _SIDES_AGREE:
        camera = "seen_from in recording.toml and " if scene.space_dims == 2 else ""
        found.append(f"left and right look exchanged: check {camera}the names of the keypoints")
    length = scene.body_length_cm
    if length and scene.scale_source != "assumed" and not _MOUSE_CM[0] <= length <= _MOUSE_CM[1]:
        found.append(
            f"by its scale the animal is {length:.1f} cm long, which no mouse is: check unit and "
            "scale in recording.toml"
        )
    if scene.space_dims == 2 and scene.seen_from == "side":
        found.append(
            "seen from the side in 2D: speeds are those within the picture, and turns, left and "
            "right, and the distance to the wall cannot be told"
        )
    if scene.space_dims == 3 and scene.floor_source == "assumed":
        found.append("the floor could not be fitted; z was taken as up, so heights are uncertain")
    absent = unjudged(recording.store.read_dataset("ethogram"), rules)
    if absent:
        names = ", ".join(readable_name(name) for name in absent)
        found.append(
            f"{names} could not be judged (frame rate, keypoints); that they are absent here does "
            "not mean that they did not occur"
        )
    failed = recording.store.read_table("descriptions", ["status"])["status"] == "failed"
    if failed.mean() > 0.01:
        found.append(f"{failed.mean():.0%} of the clips could not be described: too little is seen")
    return [f"{recording.id}: {text}" for text in found]


def _uneven(recording: Recording, kinematics: xr.Dataset) -> list[str]:
    """Frames that were dropped, and pauses."""
    times = kinematics["time"].values
    poses = primary_poses(recording)
    missing = 1 - poses.sizes["time"] / len(times)
    stops = pauses(times, float(kinematics.attrs["fps"]))
    found = []
    if left_out := poses.attrs.get("without_time"):
        found.append(f"{left_out} poses are left out: the timestamps do not reach them")
    if missing > _DROPPED:
        found.append(
            f"{missing:.0%} of the frames were dropped; the gaps are filled where they are short, "
            "and quick movements may be lost in them"
        )
    if stops and len(stops) < len(times) / 2:
        lost = sum(stop - start for start, stop in stops)
        often = "once" if len(stops) == 1 else f"{len(stops)} times"
        found.append(f"the recording paused {often}, {lost:.3g} s in all, which do not count")
    return found


def _labels_told(study: Study) -> dict[str, LabelsTold]:
    """What a reader should know of each of the user's own sets of labels, as the report says it."""
    names = _own_schemes(study)
    found = {}
    for name in names:
        ids = [recording.id for recording in labelled_recordings(study, name)]
        scheme = LabelScheme.from_toml(study.folder / "labels" / f"{name}.toml")
        told = labels_told(study, scheme, ids)
        which = "Your behaviours" if len(names) == 1 else f"Your behaviours of \u201c{name}\u201d"
        found[name] = replace(
            told,
            warnings=[f"{which}, {line}" for line in told.warnings],
            remarks=[f"{which} {line}" for line in told.remarks],
        )
    return found


def _behaviours(
    study: Study,
    clips: pd.DataFrame,
    rules: Rules,
    told: Mapping[str, LabelsTold],
    stills: Stills,
) -> pd.DataFrame:
    """Name, share, keywords, definition and examples of the behaviours of all schemes."""
    rows = [row for name, one in told.items() for row in _own(study, name, clips, one, stills)]
    by_activity = clips[clips["label"] != ""].groupby("label")
    for name, of_one in sorted(by_activity, key=lambda item: -len(item[1])):
        rule = rules.activities.get(str(name))
        rows.append(
            {
                "scheme": ACTIVITIES,
                "behaviour_id": str(name),
                "name": readable_name(str(name)),
                "share": _mean_share(of_one, clips),
                "keywords": _common_keywords(of_one["keywords"]),
                "definition": rule.definition if rule else "",
                "examples": _examples(of_one.sort_values("score", ascending=False), stills),
            }
        )
    if study.store.entry("profile/behaviours"):
        found = profiled(study)
        labels = found.labels.rename(columns={"score": "nearness"})
        placed = clips.merge(labels[["clip_id", "behaviour_id", "nearness"]], on="clip_id")
        for behaviour in found.behaviours.to_dict("records"):
            mine = placed[placed["behaviour_id"] == behaviour["behaviour_id"]]
            ordered = mine.sort_values("nearness", ascending=False)
            rows.append(
                {
                    "scheme": PROFILE,
                    "behaviour_id": behaviour["behaviour_id"],
                    "name": behaviour["name"],
                    "share": _mean_share(mine, placed),
                    "keywords": behaviour["keywords"],
                    "definition": "",
                    "examples": _examples(ordered, stills),
                }
            )
    return pd.DataFrame(rows)


def _own(
    study: Study, scheme: str, clips: pd.DataFrame, told: LabelsTold, stills: Stills
) -> Iterator[dict[str, Any]]:
    """The user's own behaviours, in the user's order."""
    tables = [r.store.read_table(f"labels/{scheme}") for r in labelled_recordings(study, scheme)]
    given = pd.concat(tables, ignore_index=True).rename(columns={"score": "certainty"})
    placed = clips.merge(given[["clip_id", "behaviour_id", "certainty"]], on="clip_id")
    behaviours = LabelScheme.from_toml(study.folder / "labels" / f"{scheme}.toml").behaviours
    for name, behaviour in behaviours.items():
        mine = placed[placed["behaviour_id"] == name]
        yield {
            "scheme": scheme,
            "behaviour_id": name,
            "name": readable_name(name),
            "share": _mean_share(mine, placed),
            "keywords": _common_keywords(mine["keywords"]),
            "definition": _with_stop(behaviour.definition) + told.understood[name],
            "examples": _examples(mine.sort_values("certainty", ascending=False), stills),
        }


def _with_stop(text: str) -> str:
    return text if not text else text.rstrip(" .") + ". "


def _mean_share(clips: pd.DataFrame, among: pd.DataFrame) -> float:
    """Share of an animal's clips, in the mean of the animals."""
    counts = clips.groupby("individual").size()
    totals = among.groupby("individual").size()
    return float((counts.reindex(totals.index, fill_value=0) / totals).mean())


def _examples(ordered: pd.DataFrame, stills: Stills) -> list[Example]:
    """Some clips, the best first, with different sentences; those with a film come first."""
    acting = (ordered["label"] != "").any()
    different = ordered.drop_duplicates(["overall"] if acting else [*_POSTURE]).head(200)
    filmed = different[[stills.covers(clip) for _, clip in different.iterrows()]]
    chosen = _apart(pd.concat([filmed, different]).drop_duplicates("clip_id"))
    return [
        Example(
            str(clip["recording"]),
            float(clip["start_s"]),
            _sentence(clip),
            stills.take(clip),
        )
        for _, clip in chosen.iterrows()
    ]


def _sentence(clip: pd.Series[Any]) -> str:
    """What was said of a clip; of a posture without an activity, more than that it is there."""
    sections = ("overall",) if clip["label"] else _POSTURE
    return " ".join(str(clip[section]) for section in sections if clip[section])


def _apart(clips: pd.DataFrame) -> pd.DataFrame:
    """The first few clips that lie apart, filled up with the first of the others."""
    taken: list[int] = []
    places = zip(clips["recording"], clips["start_s"], strict=True)
    for place, (recording, start) in enumerate(places):
        before = clips.iloc[taken]
        near = (before["start_s"] - start).abs() < _APART_S
        if not (near & (before["recording"] == recording)).any():
            taken.append(place)
        if len(taken) == _EXAMPLES:
            break
    rest = [place for place in range(len(clips)) if place not in taken]
    return clips.iloc[[*taken, *rest][:_EXAMPLES]]


def _common_keywords(keywords: pd.Series[Any], count: int = 5) -> str:
    words = keywords.str.split(", ").explode()
    return ", ".join(str(word) for word in words[words != ""].value_counts().index[:count])


def _movements(
    opened: Sequence[tuple[Recording, xr.Dataset]],
) -> tuple[list[Track], list[Movement]]:
    tracks, movements = [], []
    for recording, kinematics in opened:
        if "centre" not in kinematics or "speed" not in kinematics:
            continue
        scene = Scene.from_dict(json.loads(kinematics.attrs["scene"]))
        fps = float(kinematics.attrs["fps"])
        step = max(1, round(fps / _TRACK_RATE))
        for individual in kinematics["individual"].values:
            one = kinematics.sel(individual=individual)
            centre = one["centre"].isel(space=slice(0, 2), time=slice(None, None, step))
            tracks.append(
                Track(
                    recording.id,
                    str(individual),
                    one["time"].values[::step],
                    centre.transpose("time", "space").values,
                    outline=_outline(scene),
                    y_down=scene.space_dims == 2,
                )
            )
            immobile = one["immobile"].values if "immobile" in one else None
            movements.append(
                movement_summary(
                    one["speed"].values,
                    fps=fps,
                    recording=recording.id,
                    individual=str(individual),
                    immobile=immobile,
                    times=one["time"].values,
                )
            )
    return tracks, movements


def _outline(scene: Scene) -> np.ndarray[Any, Any] | None:
    """The wall as a closed line in cm."""
    arena = scene.arena
    if arena is None:
        return None
    if arena.shape == "circle":
        turn = np.linspace(0, 2 * np.pi, 73)
        circle = np.column_stack([np.cos(turn), np.sin(turn)])
        return np.asarray(arena.centre) + arena.radius * circle
    corners = np.asarray(arena.corners)
    return np.vstack([corners, corners[:1]])


def _search_tips(clips: pd.DataFrame) -> list[str]:
    """Some sentences that were said, rare ones first: questions with an answer."""
    counts = clips.loc[clips["overall"] != "", "overall"].value_counts()
    rare = counts[counts >= 2].index[::-1][:400]
    tips = [str(text).rstrip(".").replace("The mouse", "mouse").lower() for text in rare]
    return sorted(set(tips), key=len)[:3]


def _provenance(study: Study, recordings: Sequence[Recording]) -> list[StageRecord]:
    """How the results were made; stages that were made alike in all recordings once."""
    found: dict[str, StageRecord] = {}
    stores = [*(recording.store for recording in recordings), study.store]
    for store in stores:
        for stage in store.stages():
            entry = store.entry(stage)
            if entry is None:
                continue
            made = entry.provenance
            mark = f"{stage} {made.version} {json.dumps(made.settings, sort_keys=True)}"
            found.setdefault(mark, StageRecord(stage, made.version, made.settings, entry.key))
    return list(found.values())
