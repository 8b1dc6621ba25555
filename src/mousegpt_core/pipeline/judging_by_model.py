"""A model judges what was said: asked, limited, kept and resumed as a describer is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import pandas as pd

from mousegpt_core.clips import CLIPS, JUDGEMENTS, make_table
from mousegpt_core.describe.contract import Answer, Known
from mousegpt_core.describe.judge_protocol import Judged, JudgeProtocol, load_judge
from mousegpt_core.describe.judging import CRITERIA
from mousegpt_core.describe.model_describer import ModelDescriber
from mousegpt_core.describe.protocol import load_protocol
from mousegpt_core.language import Request
from mousegpt_core.language.budget import Budget, Limits
from mousegpt_core.pipeline.answered import DEFAULT_PROTOCOL
from mousegpt_core.pipeline.asking import model_of, questions_of, refuse_unpriced
from mousegpt_core.pipeline.curating import said_clips
from mousegpt_core.pipeline.describing import Asker, Questions, Shown, describe_study, now
from mousegpt_core.pipeline.reckoning import reckon
from mousegpt_core.pipeline.recording_stages import run_descriptions
from mousegpt_core.pipeline.work import Work
from mousegpt_core.settings import content_hash
from mousegpt_core.study import Recording


def judge_by_model(
    work: Work,
    *,
    judge: str,
    protocol: str = "default",
    options: Mapping[str, Any] | None = None,
    only: Sequence[str] | None = None,
    limit: int | None = None,
    retry: Collection[str] = (),
    limits: Limits | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Let a model judge a study's descriptions, each with the pictures that it is of.

    A description that a person has edited is not judged. Clips are asked about in an order that is
    the same each time and spread over the recording, so a limit gives a fair sample.

    Parameters
    ----------
    work : Work
        The study at work; its descriptions are made, but no describer is asked.
    judge : str
        A describer that asks a model; its model judges.
    protocol : str
        Name or file of the judge's protocol.
    options : mapping, optional
        Of the describer: model, base_url and so on.
    only, limit, retry
        As in `describe_study`; what is ``described`` in the numbers is judged.
    limits : Limits, optional
        What may be spent.
    dry_run : bool
        Only reckon what would be asked, and what it would take.

    Returns
    -------
    dict
        As `describe_study` or `reckon`, and ``judge``: the name of this judge for ``[curation]``.

    Raises
    ------
    SettingsError
        If judge, protocol or options do not fit, or money is limited and has no price.
    """
    kind, settings = model_of(work.study, judge, options or {})
    limits = limits or Limits()
    refuse_unpriced(settings, limits)
    asked = load_judge(protocol, work.study.folder)
    name = judge_name(settings.model_name, asked.name)
    questions = judge_questions(work, asked, name)
    chosen = work.chosen(only)
    ready = work.each(chosen, lambda recording: run_descriptions(work, recording))
    named = [recording.id for recording in chosen if recording.id in ready]
    if dry_run:
        found = reckon(work, settings, questions, only=named, limit=limit, retry=retry)
    else:
        made: ModelDescriber = kind(settings, budget=Budget(limits))
        found = describe_study(work, made, questions, only=named, limit=limit, retry=retry)
    return {**found, "judge": name}


def judge_name(model: str, protocol: str) -> str:
    """Name of a judge: its model and its protocol."""
    return f"{model}:{protocol}"


def judge_questions(
    work: Work,
    judge: JudgeProtocol,
    name: str,
    show: Callable[[Recording, ExitStack], Shown] | None = None,
) -> Questions:
    """What a judge asks of a study's descriptions.

    Parameters
    ----------
    work : Work
        The study at work.
    judge : JudgeProtocol
        How.
    name : str
        As `judge_name` gives it.
    show : callable, optional
        As in `Questions`: what the describer saw. By default that of the protocol that
        ``[describe]`` names, or of ``mousegpt`` where the descriptions are of kinematics.
    """
    if show is None:
        section = work.study.section("describe")
        described_by = load_protocol(
            str(section.get("protocol", DEFAULT_PROTOCOL)), work.study.folder
        )
        show = questions_of(work, described_by).show
    ledger = JudgementLedger(name)

    def judged(recording: Recording, stack: ExitStack) -> Shown:
        said = said_clips(recording)
        said = said[~said["edited"] & (said["answer_id"] != "")]
        ledger.judges(recording, dict(zip(said["clip_id"], said["answer_id"], strict=True)))
        return _Judging(judge, show(recording, stack), said)

    return Questions(
        judge.name, judge.hash, judged, judge.read, ledger=ledger, stage="judge", done="judged"
    )


class _Judging:
    """Descriptions of a recording as a judge is shown them.

    Parameters
    ----------
    judge : JudgeProtocol
        How.
    shown : Shown
        The recording as the describer saw it.
    said : DataFrame
        As `said_clips`.
    """

    def __init__(self, judge: JudgeProtocol, shown: Shown, said: pd.DataFrame) -> None:
        self._judge, self._shown = judge, shown
        self._said = said.set_index("clip_id", drop=False)

    def clips(self) -> pd.DataFrame:
        """What is judged, in an order spread over the recording."""
        place = [content_hash(clip_id) for clip_id in self._said["clip_id"]]
        spread = self._said.assign(place=place).sort_values("place")
        spread = spread.rename(columns={"individual": "individuals"})
        columns = {name: spread[name].to_numpy() for name in CLIPS.columns if name in spread}
        return make_table(CLIPS, columns, length=len(spread))

    def request(self, clip_id: str, labels: Mapping[str, str]) -> Request:
        """What is asked of what was said of a clip."""
        said = {str(name): str(value) for name, value in self._said.loc[clip_id].items()}
        return self._judge.request(self._shown.request(clip_id, labels), said)


class JudgementLedger:
    """Judgements; they are in the recording's log.

    Parameters
    ----------
    judge : str
        Name of the judge.
    """

    def __init__(self, judge: str) -> None:
        self._judge = judge
        self._answers: dict[str, dict[str, str]] = {}
        self._judged: set[tuple[str, str]] = set()

    def judges(self, recording: Recording, answers: Mapping[str, str]) -> None:
        """Note which answer of each clip is judged."""
        self._answers[recording.id] = dict(answers)

    def known(self, recording: Recording, retry: Collection[str]) -> dict[str, Known]:
        """What came of each question before."""
        columns = ("request_key", "status", "attempt", "reason")
        rows = recording.log.judgements(columns, judge=self._judge)
        self._judged.update(zip(rows["answer_id"], rows["request_key"], strict=True))
        return {
            key: Known(
                _STATUS.get(status, status),
                "",
                int(attempt),
                status in retry,
                "" if status == "judged" else reason,
            )
            for key, status, attempt, reason in zip(*(rows[each] for each in columns), strict=True)
        }

    def keep(
        self, recording: Recording, answers: list[Answer], asker: Asker, questions: Questions
    ) -> None:
        """Write those that are new into the log."""
        answer_of = self._answers[recording.id]
        new = [one for one in answers if one.attempt and one.request_key]
        names = ("request_key", "attempt", "model", "raw", "tokens_in", "tokens_out", "cost")
        columns: dict[str, Any] = {name: [getattr(one, name) for one in new] for name in names}
        judgements = [one.judgement if isinstance(one, Judged) else None for one in new]
        for name in CRITERIA:
            columns[name] = [getattr(one, name) if one else float("nan") for one in judgements]
        columns["reason"] = [
            judged.reason if judged else one.reason
            for one, judged in zip(new, judgements, strict=True)
        ]
        columns["answer_id"] = [answer_of[one.clip_id] for one in new]
        columns["status"] = ["judged" if judged else one.status
                             for one, judged in zip(new, judgements, strict=True)]  # fmt: skip
        columns |= {"judge": self._judge, "run_id": asker.run_id, "created": now()}
        recording.log.add_judgements(make_table(JUDGEMENTS, columns, length=len(new)))
        same = {
            answer_of[one.clip_id]: one.request_key
            for one in answers
            if one.attempt == 0 and (answer_of[one.clip_id], one.request_key) not in self._judged
        }
        if same:
            self._keep_same(recording, same, asker)

    def _keep_same(self, recording: Recording, same: Mapping[str, str], asker: Asker) -> None:
        """Judgements of answers that were judged as others': the same words of the same pictures.

        Parameters
        ----------
        recording : Recording
            Where they are kept.
        same : mapping of str to str
            Id of each answer to the key of the question, which was asked before.
        asker : Asker
            Who would have asked.
        """
        rows = recording.log.judgements(
            judge=self._judge, status="judged", request_key=list(set(same.values()))
        )
        rows = rows.drop_duplicates("request_key", keep="last").set_index("request_key", drop=False)
        copied = {answer: key for answer, key in same.items() if key in rows.index}
        again = rows.loc[list(copied.values())].assign(
            answer_id=list(copied), run_id=asker.run_id, tokens_in=0, tokens_out=0, cost=0.0
        )
        recording.log.add_judgements(again.reset_index(drop=True))

    def end(
        self,
        recording: Recording,
        clips: pd.DataFrame,
        keys: list[str],
        unshown: Mapping[str, str],
        asker: Asker,
        questions: Questions,
    ) -> None:
        """Nothing: what was judged is known by the answers' ids."""

    def past(self, recording: Recording, questions: Questions) -> pd.DataFrame:
        """Earlier judgements by this judge."""
        columns = ("request_key", "run_id", "tokens_in", "tokens_out", "created")
        return recording.log.judgements(columns, judge=self._judge, status="judged")


#: What is judged has ended as what is described.
_STATUS = {"judged": "described"}
