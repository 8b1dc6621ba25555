"""What a model was asked of a recording, and what it answered, as the study's descriptions.

`describing.describe_study` leaves the table ``asked/DESCRIBER-MODEL-PROTOCOL``: each clip with the
key of its question. Where ``study.toml`` names them, its clips are the recording's clips, and the
answers that the log has of its questions are the recording's descriptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from mousegpt_core.clips import ANSWERS, CLIPS, make_table
from mousegpt_core.errors import SettingsError, StageMissingError, typed
from mousegpt_core.registry import load_backend
from mousegpt_core.settings import content_hash
from mousegpt_core.study import Provenance, Recording, Study, safe_name

ASKED_VERSION = 1
DEFAULT_PROTOCOL = "mousegpt"
_IMPORTED = "imported:"
_AGAIN = "-again"
#: Answers read from the log at once.
_BLOCK = 3_000


def asked_stage(describer: str, model: str, protocol: str, time: int = 0) -> str:
    """Name of the table of what was asked, the first time or again with another seed."""
    again = f"{_AGAIN}{time}" if time else ""
    return f"asked/{safe_name(f'{describer}-{model}-{protocol}')}{again}"


def imported_describer(name: str) -> str:
    """What others' descriptions that were imported under a name are called."""
    return f"{_IMPORTED}{name}"


def imported_stage(describer: str) -> str:
    """Name of the table of what was imported; ``""`` if this describer is none of them."""
    name = describer.removeprefix(_IMPORTED)
    return "" if name == describer else f"asked/{safe_name(f'imported-{name}')}"


def study_asks(study: Study) -> str:
    """The table whose answers are the study's descriptions; ``""`` where no model is asked.

    Others' descriptions have such a table, too.

    Raises
    ------
    SettingsError
        If ``study.toml`` does not say which model.
    """
    section = study.section("describe")
    describer = str(section.get("describer", "kinematic"))
    if imported := imported_stage(describer):
        return imported
    kind = load_backend("describers", describer)
    if not kind.paid:
        return ""
    if not section.get("model"):
        raise SettingsError(
            f"{study.toml_path} [describe]: the describer {describer!r} needs a model",
            hint='write model = "NAME", as the server calls it',
        )
    protocol = str(section.get("protocol", DEFAULT_PROTOCOL))
    rest = {key: value for key, value in section.items() if key not in ("describer", "protocol")}
    model = kind.Options.parse(rest, source=f"{study.toml_path} [describe]").model_name
    return asked_stage(describer, model, protocol)


def asked_again(recording: Recording, stage: str) -> list[str]:
    """Tables of what was asked again with other seeds, after the first that describes."""
    found: list[str] = []
    while recording.store.entry(again := f"{stage}{_AGAIN}{len(found) + 1}") is not None:
        found.append(again)
    return found


def keep_asked(
    recording: Recording,
    stage: str,
    clips: pd.DataFrame,
    keys: list[str],
    reasons: Mapping[str, str],
    settings: Mapping[str, Any],
) -> None:
    """Write the table of what was asked, unless it is there.

    A clip that this run did not come to keeps its question of an earlier one, if that was asked in
    the same way.

    Parameters
    ----------
    recording : Recording
        The recording.
    stage : str
        As `asked_stage` names it.
    clips : DataFrame
        Table `clips.CLIPS`.
    keys : list of str
        Key of the question about each clip; ``""`` = none yet.
    reasons : mapping of str to str
        Id of each clip that could not be shown to the reason.
    settings : mapping
        How they were asked, for provenance.
    """
    before = _earlier_keys(recording, stage, settings)
    keys = [key or before.get(clip, "") for clip, key in zip(clips["clip_id"], keys, strict=True)]
    reason = [reasons.get(clip, "") for clip in clips["clip_id"]]
    ids = {"clips": content_hash(clips["clip_id"].tolist()), "keys": content_hash([keys, reason])}
    provenance = Provenance(stage, ASKED_VERSION, dict(settings), ids)
    if not recording.store.is_current(provenance):
        table = clips.assign(request_key=keys, unshown=reason)
        recording.store.write_table(provenance, table)


def _earlier_keys(recording: Recording, stage: str, settings: Mapping[str, Any]) -> dict[str, str]:
    entry = recording.store.entry(stage)
    if entry is None or entry.provenance.settings != settings:
        return {}
    rows = recording.store.read_table(stage, ["clip_id", "request_key"])
    return dict(zip(rows["clip_id"], rows["request_key"], strict=True))


def read_asked(recording: Recording, stage: str) -> tuple[pd.DataFrame, str]:
    """The table of what was asked, and its hash.

    Raises
    ------
    StageMissingError
        If nothing was asked so.
    """
    entry = recording.store.entry(stage)
    if entry is None:
        raise StageMissingError(
            "the describer that study.toml names in [describe] has said nothing yet",
            hint=f"mousegpt describe {typed(recording.study_folder)} (which may cost "
            "money; --dry-run tells), or import-descriptions where it is imported, or "
            'describer = "kinematic" in [describe]',
        )
    return recording.store.read_table(stage), entry.key


def asked_clips(asked: pd.DataFrame) -> pd.DataFrame:
    """The clips of what was asked: table `clips.CLIPS`."""
    return asked[list(CLIPS.columns)]


def newest_answers(recording: Recording) -> dict[str, str]:
    """Id of the newest answer to each question in a recording's log."""
    rows = recording.log.answers(columns=("request_key",))
    return dict(zip(rows["request_key"], rows["answer_id"], strict=True))


def answer_tables(
    recording: Recording, asked: pd.DataFrame, newest: Mapping[str, str]
) -> Iterator[pd.DataFrame]:
    """Answers of the clips that were asked about, in their order, in blocks.

    Yields
    ------
    DataFrame
        Table `clips.ANSWERS`.
    """
    for first in range(0, max(len(asked), 1), _BLOCK):
        part = asked.iloc[first : first + _BLOCK]
        ids_of = part["request_key"].map(newest).astype(object)  # of numbers where there is none
        wanted = pd.DataFrame({"clip_id": part["clip_id"], "answer_id": ids_of})
        ids = wanted["answer_id"].dropna().unique().tolist()
        answers = recording.log.answers(answer_id=ids).drop(columns="clip_id")
        said = wanted.dropna().merge(answers, on="answer_id", how="inner")
        # An answer may be of two clips, where both are the same question.
        twice = said["answer_id"].duplicated()
        said.loc[twice, "answer_id"] += "#" + said.loc[twice, "clip_id"]
        unshown = _unshown(part[part["unshown"] != ""])
        yield pd.concat([said[list(ANSWERS.columns)], unshown], ignore_index=True)


def _unshown(part: pd.DataFrame) -> pd.DataFrame:
    """Answers of clips that could not be shown."""
    columns = {
        "answer_id": [f"{clip_id}#unshown" for clip_id in part["clip_id"]],
        "clip_id": part["clip_id"].tolist(),
        "status": "failed",
        "reason": part["unshown"].tolist(),
    }
    return make_table(ANSWERS, columns, length=len(part))
