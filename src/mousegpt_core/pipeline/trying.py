"""A model asked about a single clip, to see how it does; what it says is kept as in a run."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from mousegpt_core.clips import SECTIONS
from mousegpt_core.describe.model_describer import ModelDescriber, read_answer
from mousegpt_core.describe.protocol import load_protocol
from mousegpt_core.language import Request
from mousegpt_core.language.answering import Answered, answer
from mousegpt_core.pipeline.asking import model_of, questions_of
from mousegpt_core.pipeline.asynchronous import run_to_end
from mousegpt_core.pipeline.choosing import ClipChoice
from mousegpt_core.pipeline.describing import AnswerLedger, Asker, known_answers
from mousegpt_core.pipeline.previewing import show_clip
from mousegpt_core.pipeline.work import Work
from mousegpt_core.study import Log

#: A person waits: a server that fails is not asked again as often as in a run.
_ATTEMPTS = 2
_TOLD = ("status", "reason", "raw", "label", "score", "tokens_in", "tokens_out", "cost", "model")


def try_clip(
    work: Work,
    choice: ClipChoice,
    *,
    describer: str,
    protocol: str,
    options: Mapping[str, Any] | None = None,
    changes: Mapping[str, str] | None = None,
    again: bool = False,
) -> dict[str, Any]:
    """Ask a model about one clip, as a run would; an answer that is there is not paid twice.

    Parameters
    ----------
    work : Work
        The study at work.
    choice : ClipChoice
        Which clip.
    describer, protocol : str
        Their names.
    options, changes : mapping, optional
        Of the describer, and of the protocol, as in `ask_study`.
    again : bool
        Ask even if the answer is there.

    Returns
    -------
    dict
        ``clip_id``, ``recording``, ``individual``, ``start_s``, ``stop_s``; ``status``, ``reason``,
        ``raw``, ``label``, ``score``, ``tokens_in``, ``tokens_out``, ``cost``, ``model`` of the
        answer, and its ``sections``; ``there_already``, ``seconds`` that it took, ``notes``.

    Raises
    ------
    DataError, StageMissingError, VideoError, SettingsError
        As `previewing.preview_clip`.
    BackendCallError
        If no reply comes; its hint says what to do.
    """
    study = work.study
    asked = load_protocol(protocol, study.folder, changes)
    kind, settings = model_of(study, describer, _patience(options or {}, describer, work))
    with ExitStack() as stack:
        shown = show_clip(work, choice, asked, stack)
        log, key = shown.recording.log, shown.request.key(settings.identity)
        known = known_answers(log).get(key)
        seconds = 0.0
        there = known is not None and known.status == "described" and not again
        if not there:
            model: ModelDescriber = kind(settings)
            answered, seconds = run_to_end(_ask(model, shown.request))
            questions = questions_of(work, asked)
            said = replace(
                read_answer(shown.clip_id, answered, questions.read),
                request_key=key,
                attempt=1 + (known.attempts if known else 0),
            )
            asker = Asker(uuid.uuid4().hex, model.name, model.model_name, model.model.identity)
            AnswerLedger().keep(shown.recording, [said], asker, questions)
    return {
        **shown.place,
        **_newest(log, key),
        "there_already": there,
        "seconds": seconds,
        "notes": shown.notes,
    }


def _patience(options: Mapping[str, Any], describer: str, work: Work) -> dict[str, Any]:
    """Options with fewer attempts, where the model is on a server and nothing else is said."""
    from mousegpt_core.registry import load_backend

    own = work.study.section("describe")
    given = {**(own if own.get("describer") == describer else {}), **options}
    on_server = "retrying" in load_backend("describers", describer).Options.model_fields
    if on_server and "retrying" not in given:
        return {**options, "retrying": {"attempts": _ATTEMPTS}}
    return dict(options)


async def _ask(describer: ModelDescriber, request: Request) -> tuple[Answered, float]:
    """The answer, and how long it took (s)."""
    began = time.monotonic()
    try:
        return await answer(describer.model, request), time.monotonic() - began
    finally:
        await describer.close()


def _newest(log: Log, key: str) -> dict[str, Any]:
    """The last answer to a question, as the log has it."""
    rows = log.answers(request_key=key)
    row = rows.sort_values("attempt", kind="stable").iloc[-1]
    told = {name: row[name] for name in _TOLD}
    return {**told, "sections": {name: str(row[name]) for name in SECTIONS if row[name]}}
