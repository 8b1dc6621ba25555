"""A study labelled by what a model answered, alone or together with kinematics.

Nothing is asked here: `describing` asks, and its answers are kept. The labels have a name of their
own, by which they are scored: that of who was asked and how.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from mousegpt_core.analysis.answer_labels import (
    DROPPED,
    EDITED,
    LABELLED,
    NOT_ASKED,
    OF_THE_WHOLE,
    label_bouts,
    label_table,
    labels_of_answers,
)
from mousegpt_core.analysis.label_scheme import LabelScheme
from mousegpt_core.analysis.label_words import UNKNOWN
from mousegpt_core.describe.protocol import Protocol, list_protocols, load_protocol
from mousegpt_core.errors import SettingsError, StageMissingError
from mousegpt_core.io.files import replaced_file
from mousegpt_core.pipeline.answered import (
    DEFAULT_PROTOCOL,
    answer_tables,
    asked_clips,
    newest_answers,
    read_asked,
    study_asks,
)
from mousegpt_core.pipeline.combining import combined_labels
from mousegpt_core.pipeline.curating import curated_clips, run_curated
from mousegpt_core.pipeline.evaluation import scheme_names
from mousegpt_core.pipeline.recording_stages import study_rules
from mousegpt_core.pipeline.work import Work
from mousegpt_core.settings import content_hash
from mousegpt_core.study import Provenance, Recording, Study, safe_name, validate_name
from mousegpt_core.study.files import writing

ANSWER_LABELS_VERSION = 1
ENSEMBLE = "ensemble"
_ASKED = "asked/"


@dataclass(frozen=True)
class Speaker:
    """Who was asked about a study, and how.

    Attributes
    ----------
    stage : str
        Table of what was asked.
    combined : bool
        Whether kinematics have a say, too.
    """

    stage: str
    combined: bool = False

    @property
    def name(self) -> str:
        """Name of the labels."""
        asked = self.stage.removeprefix(_ASKED)
        return safe_name(f"{ENSEMBLE}-{asked}") if self.combined else asked


def find_speaker(study: Study, describer: str, model: str, protocol: str) -> Speaker:
    """Who was asked, by what is known of it.

    Parameters
    ----------
    study : Study
        The study.
    describer : str
        Name of the describer; `ENSEMBLE` is any of them, together with kinematics.
    model, protocol : str
        Their names; ``""`` = any.

    Raises
    ------
    StageMissingError
        If nothing was asked so.
    SettingsError
        If several were.
    """
    combined = describer == ENSEMBLE
    begin = "" if combined else safe_name(describer) + "-"
    end = f"-{safe_name(_plain_name(protocol))}" if protocol else ""
    within = f"-{safe_name(model)}-" if model else ""
    stages = {each for one in study.recordings.values() for each in one.store.stages()}
    asked = [each.removeprefix(_ASKED) for each in sorted(stages) if each.startswith(_ASKED)]
    fits = [n for n in asked if n.startswith(begin) and n.endswith(end) and within in n]
    if not fits:
        raise StageMissingError(
            f"{' '.join(filter(None, (describer, model, protocol)))} was not asked about this "
            f"study; asked were: {', '.join(asked) or 'none'}",
            hint="mousegpt describe STUDY --describer NAME --model NAME --protocol NAME asks",
        )
    if len(fits) > 1:
        raise SettingsError(
            "answers of several models or protocols fit: " + ", ".join(fits),
            hint="choose with --describer, --model and --protocol",
        )
    return Speaker(_ASKED + fits[0], combined)


def classify_answers(
    work: Work,
    *,
    describer: str,
    model: str = "",
    protocol: str = "",
    labels: Path | None = None,
    scheme: str = "",
    sure: float = 0.0,
) -> dict[str, Any]:
    """Give every clip that a model was asked about the behaviour that it answered.

    Of the descriptions that study.toml names, a person's corrections win, and what curation drops
    is unknown.

    Parameters
    ----------
    work : Work
        The study at work.
    describer, model, protocol : str
        Who was asked, as in `find_speaker`; `ENSEMBLE` combines the answers with kinematics. By
        default the protocol is that of study.toml.
    labels : Path, optional
        Behaviours by which answers in words are read; by default the labels of the protocol.
    scheme : str
        Name for the result; by default that of who was asked.
    sure : float
        Clips with a lower score stay unknown.

    Returns
    -------
    dict
        ``scheme``, ``shares`` (of the time that was asked about; unknown time too), ``clips``
        (how they ended), ``notes``, ``folder`` with the behaviour vectors as csv, and ``failed``.

    Raises
    ------
    SettingsError
        If neither protocol nor file says which behaviours there are, or the name is taken.
    StageMissingError
        If nothing was asked.
    """
    study = work.study
    protocol = protocol or str(study.section("describe").get("protocol", DEFAULT_PROTOCOL))
    speaker = find_speaker(study, describer, model, protocol)
    name = validate_name(scheme or speaker.name, "name of the labels")
    if name in scheme_names(study):
        raise SettingsError(
            f"{name!r} is the name of labels of your own", hint="choose another: --scheme"
        )
    behaviours = scheme_of_protocol(study, protocol, labels)
    recordings = [one for one in work.chosen() if one.store.entry(speaker.stage) is not None]
    notes: list[str] = []
    said_by = said_and_kept if speaker.stage == study_asks(study) else said_of
    if speaker.combined:
        said, notes = combined_labels(
            work,
            recordings,
            speaker.stage,
            _load_base(study, protocol),
            behaviours,
            partial(said_by, work),
            sure,
        )
    else:
        said = work.each(
            recordings, lambda one: said_by(work, one, speaker.stage, behaviours, sure)
        )
    source = ENSEMBLE if speaker.combined else speaker.name.partition("-")[0]
    settings = {"labels": behaviours.fingerprint(), "sure": sure, "asked": speaker.stage}
    for id, table in said.items():
        _keep(work, study.recording(id), name, behaviours, table, source, settings)
    everything = pd.concat(said.values(), ignore_index=True)
    return {
        "scheme": name,
        "labels": list(behaviours.names),
        "shares": _shares(everything),
        "clips": {str(k): int(n) for k, n in everything["status"].value_counts().items()},
        "notes": notes,
        "folder": str(_write_vectors(study, name, said)),
        "failed": work.failures,
    }


def scheme_of_protocol(study: Study, protocol: str, labels: Path | None = None) -> LabelScheme:
    """The behaviours of a labels file, or else of a protocol.

    Raises
    ------
    SettingsError
        If there are none.
    """
    if labels is not None:
        return LabelScheme.from_toml(labels)
    asked = _load_base(study, protocol)
    if len(asked.answer.labels) < 2:
        raise SettingsError(
            f"the protocol {protocol!r} asks for words, not for labels",
            hint="say which behaviours they may mean: --labels labels.toml",
        )
    values = {name: {"definition": said} for name, said in asked.answer.labels.items()}
    return LabelScheme.parse(values, source=f"protocol {protocol} [answer.labels]")


def _load_base(study: Study, protocol: str) -> Protocol:
    """A protocol; of a way of asking it, as ``fear.few-shot``, the protocol itself."""
    known = protocol.endswith(".toml") or protocol in list_protocols(study.folder)
    return load_protocol(protocol if known else protocol.partition(".")[0], study.folder)


def _plain_name(protocol: str) -> str:
    """Name of a protocol, of which maybe the file is given."""
    return Path(protocol).stem if protocol.endswith(".toml") else protocol


def said_of(
    work: Work, recording: Recording, stage: str, behaviours: LabelScheme, sure: float
) -> pd.DataFrame:
    """What a model said of a recording's clips: columns of `clips.CLIPS` and `labels_of_answers`.

    Parameters
    ----------
    work, recording
        The recording at work.
    stage : str
        Table of what was asked.
    behaviours, sure
        As in `labels_of_answers`.
    """
    asked, _ = read_asked(recording, stage)
    tables = list(answer_tables(recording, asked, newest_answers(recording)))
    answers = pd.concat(tables, ignore_index=True)
    said = labels_of_answers(asked, answers, behaviours, study_rules(work.study), sure=sure)
    return asked_clips(asked).reset_index(drop=True).join(said.drop(columns="clip_id"))


def said_and_kept(
    work: Work, recording: Recording, stage: str, behaviours: LabelScheme, sure: float
) -> pd.DataFrame:
    """`said_of` of the study's own descriptions, corrected and curated.

    The status is also `EDITED`, where a person said which behaviour it is, or `DROPPED`, where the
    description misses a threshold of ``[curation]``.
    """
    said = said_of(work, recording, stage, behaviours, sure).set_index("clip_id", drop=False)
    run_curated(work, recording)
    clips = curated_clips(recording).set_index("clip_id", drop=False)
    dropped = clips.loc[~clips["kept"], "why_dropped"]
    said.loc[dropped.index, ["label", "status"]] = "", DROPPED
    said.loc[dropped.index, "reason"] = dropped
    edits = recording.log.edits("description")
    edits = edits[edits["field"].isin(["label", *OF_THE_WHOLE])]
    edited = clips[clips["clip_id"].isin(edits["target_id"])]
    corrected = edited.assign(status="described", reason="", score=float("nan"))
    meant = labels_of_answers(edited, corrected, behaviours, study_rules(work.study))
    meant["status"] = meant["status"].replace(LABELLED, EDITED)
    meant = meant.set_index("clip_id", drop=False)
    said.loc[meant.index, list(meant.columns)] = meant
    return said.reset_index(drop=True)


def _keep(
    work: Work,
    recording: Recording,
    name: str,
    behaviours: LabelScheme,
    said: pd.DataFrame,
    source: str,
    settings: Mapping[str, Any],
) -> None:
    """Write labels and bouts of a recording, unless they are there."""
    told = said[["clip_id", "label", "status"]].to_numpy().tolist()
    inputs = {"said": content_hash([told, said["score"].round(6).astype(str).tolist()])}
    store = recording.store
    labels = Provenance(f"labels/{name}", ANSWER_LABELS_VERSION, dict(settings), inputs)
    bouts = Provenance(f"bouts/{name}", ANSWER_LABELS_VERSION, dict(settings), inputs)

    def write() -> None:
        store.write_table(labels, label_table(said, behaviours, source))
        store.write_table(bouts, label_bouts(said, said, source))

    work.make(store, bouts, write, recording=recording.id)


def _shares(said: pd.DataFrame) -> dict[str, float]:
    """Share of the time that was asked about, of each label."""
    asked = said[said["status"] != NOT_ASKED]
    seconds = (asked["stop_s"] - asked["start_s"]).groupby(
        asked["label"].where(asked["label"] != "", UNKNOWN)
    )
    total = float((asked["stop_s"] - asked["start_s"]).sum())
    return {str(name): float(one / total) for name, one in seconds.sum().items()}


def _write_vectors(study: Study, name: str, said: Mapping[str, pd.DataFrame]) -> Path:
    """The behaviour vector of each recording: a row a clip, and how it ended, as csv."""
    folder = study.folder / "results" / f"labels-{name}"
    columns: Sequence[str] = (
        "clip_id", "recording", "individuals", "start_s", "stop_s", "start_frame", "stop_frame",
        "label", "score", "status", "reason",
    )  # fmt: skip
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for id, table in said.items():
        rounded = table[list(columns)].round({"start_s": 6, "stop_s": 6, "score": 4})
        shown = rounded.rename(columns={"individuals": "individual"})
        with writing(folder), replaced_file(folder / f"{id}.csv") as partial_file:
            shown.to_csv(partial_file, index=False)
    return folder
