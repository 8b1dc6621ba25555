"""Which descriptions of a study pass: judged, marked, never deleted.

Judgements by kinematics are a result like any other and are made again at any time; those that a
model was paid for are in the recording's log. Thresholds (``[curation]`` in study.toml) are applied
when descriptions are read, so changing one costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mousegpt_core.clips import JUDGEMENTS, SECTIONS, make_table
from mousegpt_core.describe.clip_quantities import clip_quantities
from mousegpt_core.describe.consistency import confidence
from mousegpt_core.describe.contradictions import Checked
from mousegpt_core.describe.fact_settings import FactSettings
from mousegpt_core.describe.judging import (
    CRITERIA,
    KINEMATIC,
    CurationSettings,
    Judgement,
    judge_by_kinematics,
    why_dropped,
)
from mousegpt_core.describe.protocol import load_protocol
from mousegpt_core.errors import StageMissingError, typed
from mousegpt_core.pipeline.answered import (
    DEFAULT_PROTOCOL,
    answer_tables,
    asked_again,
    imported_stage,
    newest_answers,
    read_asked,
    study_asks,
)
from mousegpt_core.pipeline.recording_stages import (
    evidence_of,
    recording_skeleton,
    run_descriptions,
    run_kinematics,
)
from mousegpt_core.pipeline.work import Work
from mousegpt_core.settings import content_hash
from mousegpt_core.study import Provenance, Recording, Study, descriptions

JUDGE_VERSION = 1
#: Results: scores of each answer, and what contradicts it.
STAGE, FOUND = "judgements/kinematic", "contradictions"
_PLACE = ("clip_id", "recording", "individual", "start_s", "stop_s", "start_frame", "stop_frame")
#: What `curated_clips` tells beside what is said.
_SCORES = (*CRITERIA, "contradictions", "confidence")
_CURATED = (*_SCORES, "reason", "kept", "why_dropped")
#: What the kinematic describer always has something to say in.
_ALWAYS = ("overall", "keywords")


def curation_of(study: Study) -> CurationSettings:
    """What ``[curation]`` of study.toml says."""
    source = f"{study.toml_path} [curation]"
    return CurationSettings.parse(study.section("curation"), source=source)


def run_curated(work: Work, recording: Recording) -> str:
    """Describe a recording and, where the study has thresholds, judge what is said."""
    judged = curation_of(work.study).thresholds
    return (run_judgements if judged else run_descriptions)(work, recording)


def run_judgements(work: Work, recording: Recording) -> str:
    """Hold every description of a recording against its kinematics; returns the result's key."""
    descriptions_key = run_descriptions(work, recording)
    kinematics_key = run_kinematics(work, recording)
    thresholds, required = _thresholds(work.study), _required(work.study)
    settings = {"thresholds": thresholds.fingerprint(), "required": list(required)}
    inputs = {"descriptions": descriptions_key, "kinematics": kinematics_key}
    store = recording.store
    scores = Provenance(STAGE, JUDGE_VERSION, settings, inputs)
    found = Provenance(FOUND, JUDGE_VERSION, settings, inputs)

    def write() -> None:
        tables, lists = [_scores([])], [_found([])]
        for judged in _judge(work, recording, thresholds, required):
            tables.append(_scores([(answer, one) for answer, one, _ in judged]))
            lists.append(_found([(answer, checked) for answer, _, checked in judged]))
        store.write_table(found, pd.concat(lists, ignore_index=True))
        store.write_table(scores, pd.concat(tables, ignore_index=True))

    return work.make(store, scores, write, recording=recording.id)


def _judge(
    work: Work, recording: Recording, thresholds: FactSettings, required: Sequence[str]
) -> Iterator[list[tuple[dict[str, Any], Judgement, Checked]]]:
    """Each answer with its judgement and all that was found, in blocks."""
    store = recording.store
    answers = store.read_table("descriptions")
    answers = answers[answers["status"] == "described"].set_index("clip_id")
    clips = store.read_table("clips")
    clips = clips[clips["clip_id"].isin(answers.index)]
    done = 0
    for evidence in evidence_of(recording, clips, recording_skeleton(work.study, recording)):
        work.step(STAGE, recording.id, done, len(clips))
        measured = clip_quantities(evidence, thresholds).to_dict("records")
        said = answers.loc[evidence.clips["clip_id"]].reset_index()
        part = [{str(k): v for k, v in row.items()} for row in said.to_dict("records")]
        block = []
        for answer, row in zip(part, measured, strict=True):
            sections = {name: answer[name] for name in SECTIONS}
            values = {str(name): value for name, value in row.items()}
            judged, checked = judge_by_kinematics(
                sections, answer["label"], values, required=required, settings=thresholds
            )
            block.append((answer, judged, checked))
        yield block
        done += len(part)


def _thresholds(study: Study) -> FactSettings:
    """Those of the kinematic describer, as the study has them where it uses that."""
    section = study.section("describe")
    if section.pop("describer", KINEMATIC) != KINEMATIC:
        return FactSettings()
    return FactSettings.parse(section, source="study.toml [describe]")


def _required(study: Study) -> tuple[str, ...]:
    """Sections, or the label, that the study's describer is asked for."""
    if not study_asks(study):
        return _ALWAYS
    if imported_stage(str(study.section("describe").get("describer", ""))):
        return ()
    name = str(study.section("describe").get("protocol", DEFAULT_PROTOCOL))
    fields = load_protocol(name, study.folder).answer.fields
    return tuple(field.means for field in fields if field.means not in ("", "score"))


def _scores(rows: list[tuple[dict[str, Any], Judgement]]) -> pd.DataFrame:
    """Table `clips.JUDGEMENTS`."""
    names = (*CRITERIA, "contradictions", "reason")
    columns: dict[str, Any] = {name: [getattr(one, name) for _, one in rows] for name in names}
    columns["answer_id"] = [answer["answer_id"] for answer, _ in rows]
    columns |= {"judge": KINEMATIC, "status": "judged", "attempt": 1, "cost": 0.0}
    return make_table(JUDGEMENTS, columns, length=len(rows))


def _found(rows: list[tuple[dict[str, Any], Checked]]) -> pd.DataFrame:
    """One row a contradiction."""
    names = ("section", "words", "claim", "quantity", "unit", "needed")
    each = [(answer, one) for answer, checked in rows for one in checked.contradictions]
    columns: dict[str, Any] = {
        "clip_id": pd.Series([answer["clip_id"] for answer, _ in each], dtype=object),
        "answer_id": pd.Series([answer["answer_id"] for answer, _ in each], dtype=object),
    }
    columns |= {n: pd.Series([getattr(one, n) for _, one in each], dtype=object) for n in names}
    columns |= {
        n: pd.Series([getattr(one, n) for _, one in each], dtype=np.float64)
        for n in ("value", "strength")
    }
    return pd.DataFrame(columns)


def curation_mark(recording: Recording, settings: CurationSettings) -> str:
    """Changes with everything that decides which descriptions of a recording pass."""
    if not settings.thresholds:
        return ""
    entry = recording.store.entry(STAGE)
    judged = recording.log.judgements(("answer_id",), judge=settings.judge)
    asks = study_asks(Study(recording.study_folder))
    times = [recording.store.entry(each) for each in asked_again(recording, asks)] if asks else []
    keys = [each.key for each in (entry, *times) if each is not None]
    return content_hash([settings.fingerprint(), keys, len(judged)])


def said_clips(recording: Recording) -> pd.DataFrame:
    """What is said of each clip of a recording, with its place in time.

    Returns
    -------
    DataFrame
        Columns of `study.descriptions`, then recording, individual, start_s, stop_s, start_frame,
        stop_frame.

    Raises
    ------
    StageMissingError
        If the recording has not been described.
    """
    answers = recording.store.read_table("descriptions")
    said = descriptions(answers, recording.log.edits("description"))
    clips = recording.store.read_table("clips").rename(columns={"individuals": "individual"})
    return said.merge(clips[list(_PLACE)], on="clip_id", how="inner")


def curated_clips(recording: Recording, judge: str = "") -> pd.DataFrame:
    """All that is said of a recording, with its scores, and whether it passes.

    Parameters
    ----------
    recording : Recording
        With descriptions.
    judge : str
        Whose scores are told; by default, and for what passes always, that of ``[curation]``.

    Returns
    -------
    DataFrame
        As `said_clips`, then accuracy, coherence and relevance (of the judge), contradictions (by
        kinematics), confidence, reason (the judge's), kept (bool) and why_dropped (``""`` = kept);
        nan = not known.

    Raises
    ------
    StageMissingError
        If thresholds are given, and the descriptions were not judged.
    """
    study = Study(recording.study_folder)
    settings = curation_of(study)
    said = said_clips(recording)
    if settings.thresholds:
        _refuse_unjudged(recording)
    scores = said[["answer_id", "edited"]].merge(
        judgements_of(recording, settings.judge), on="answer_id", how="left"
    )
    by_kinematics = judgements_of(recording, KINEMATIC).set_index("answer_id")["contradictions"]
    scores["contradictions"] = scores["answer_id"].map(by_kinematics).astype(np.float64)
    scores["confidence"] = said["clip_id"].map(confidences(recording)).to_numpy(dtype=np.float64)
    reasons = why_dropped(scores, settings)
    if judge not in ("", settings.judge):
        told = judgements_of(recording, judge).set_index("answer_id")
        told = told.reindex(scores["answer_id"]).reset_index(drop=True)
        scores = scores.assign(**{name: told[name] for name in (*CRITERIA, "reason")})
    return said.assign(
        **{name: scores[name].to_numpy() for name in _SCORES},
        reason=scores["reason"].fillna("").to_numpy(),
        kept=np.array([not reason for reason in reasons], dtype=bool),  # also where there is none
        why_dropped=reasons,
    )


def described_clips(recording: Recording) -> pd.DataFrame:
    """What is said of a recording and passes: what analyses and datasets read.

    Returns
    -------
    DataFrame
        As `said_clips`; raises as `curated_clips`.
    """
    if not curation_of(Study(recording.study_folder)).thresholds:
        return said_clips(recording)
    curated = curated_clips(recording)
    passed = curated[curated["kept"]].drop(columns=list(_CURATED))
    return passed.reset_index(drop=True)


def judgements_of(recording: Recording, judge: str) -> pd.DataFrame:
    """The newest judgement of each answer by one judge.

    Returns
    -------
    DataFrame
        answer_id*, accuracy, coherence, relevance, contradictions, reason.
    """
    columns = ["answer_id", *CRITERIA, "contradictions", "reason"]
    if judge == KINEMATIC:
        if recording.store.entry(STAGE) is None:
            return make_table(JUDGEMENTS, {}, length=0)[columns]
        return recording.store.read_table(STAGE, columns)
    rows = recording.log.judgements(judge=judge, status="judged")
    return rows.drop_duplicates("answer_id", keep="last")[columns]


def confidences(recording: Recording) -> dict[str, float]:
    """Agreement of the answers of each clip that a model was asked about several times (0-1)."""
    stage = study_asks(Study(recording.study_folder))
    times = asked_again(recording, stage) if stage else []
    if not times:
        return {}
    newest = newest_answers(recording)
    said: dict[str, list[dict[str, str]]] = {}
    for each in (stage, *times):
        asked, _ = read_asked(recording, each)
        for table in answer_tables(recording, asked, newest):
            described = table.loc[table["status"] == "described", ["clip_id", *SECTIONS, "label"]]
            for row in described.to_dict("records"):
                said.setdefault(row["clip_id"], []).append({str(k): v for k, v in row.items()})
    return {clip_id: confidence(answers) for clip_id, answers in said.items()}


def is_judged(recording: Recording) -> bool:
    """Whether what is said of a recording now was held against its kinematics."""
    entry, said = recording.store.entry(STAGE), recording.store.entry("descriptions")
    if entry is None or said is None:
        return False
    return bool(entry.provenance.inputs["descriptions"] == said.key)


def _refuse_unjudged(recording: Recording) -> None:
    """Check that the descriptions that are there are those that were judged.

    Raises
    ------
    StageMissingError
        If not.
    """
    if not is_judged(recording):
        raise StageMissingError(
            f"{recording.id}: study.toml has thresholds in [curation], and the descriptions were "
            "not judged yet",
            hint=f"mousegpt curate {typed(recording.study_folder)}",
        )
