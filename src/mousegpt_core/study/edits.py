"""Edits lie over the data as an overlay; they never rewrite it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mousegpt_core.clips import SECTIONS
from mousegpt_core.errors import DataError

#: What can be edited of a description: its sections, its label, and which answer it is.
DESCRIPTION_FIELDS = (*SECTIONS, "label", "answer_id")
_FROM_ANSWER = ("answer_id", "describer", "protocol", "model", *SECTIONS, "label", "score")


def apply_edits(table: pd.DataFrame, edits: pd.DataFrame, kind: str, key: str) -> pd.DataFrame:
    """A table as it is after a person's edits.

    Parameters
    ----------
    table : DataFrame
        The original, which is left as it is.
    edits : DataFrame
        Table `clips.EDITS`, oldest first (as `Log.edits` gives it): the newest wins.
    kind : str
        Only edits of this ``target_kind`` count.
    key : str
        Column that ``target_id`` refers to. Edits of rows that are not there are passed over.

    Raises
    ------
    DataError
        If an edit names a column that is not there, or a number that is none.
    """
    table = table.copy()
    newest = _newest(edits, kind)
    for field, changes in newest.groupby("field", sort=False):
        if field not in table.columns:
            raise DataError(
                f"an edit changes {field!r}, which a {kind} does not have",
                place=f"edit {changes['edit_id'].iloc[0]}",
                expected=", ".join(map(str, table.columns)),
                hint="edit it again with a value that fits: the newest edit counts",
            )
        new = dict(zip(changes["target_id"], changes["new"], strict=True))
        keys = table[key].astype(str)
        hit = keys.isin(list(new))
        values = keys[hit].map(new)
        if pd.api.types.is_numeric_dtype(table[field].dtype):
            whole = table[field].dtype.kind in "iu"
            values = _numbers(values, str(field), whole=whole)
        table.loc[hit, field] = values
    return table


def descriptions(
    answers: pd.DataFrame, edits: pd.DataFrame, *, describer: str | None = None
) -> pd.DataFrame:
    """What is said of each clip: the newest edit, else the chosen answer.

    The chosen answer is the one an edit of the field ``answer_id`` names, else the newest one
    that describes. Edits are of the kind ``"description"`` and belong to the clip, so they outlive
    the answer they were made on.

    Parameters
    ----------
    answers : DataFrame
        Table `clips.ANSWERS`, oldest first.
    edits : DataFrame
        Table `clips.EDITS`, oldest first.
    describer : str, optional
        Only its answers.

    Returns
    -------
    DataFrame
        clip_id*, answer_id, describer, protocol, model, the six sections, label, score,
        edited (bool); in the order of the clips' first answers.

    Raises
    ------
    DataError
        If an edit names another field than `DESCRIPTION_FIELDS`.
    """
    answers = answers[answers["status"] == "described"]
    if describer is not None:
        answers = answers[answers["describer"] == describer]
    order = answers["clip_id"].drop_duplicates()
    newest = _newest(edits, "description")
    choices = newest[newest["field"] == "answer_id"]
    chosen = answers["answer_id"].isin(choices["new"])
    # Stable: among equals the order of coming stays, so the last one is the newest.
    ranked = answers.assign(_chosen=chosen).sort_values("_chosen", kind="stable")
    view = ranked.drop_duplicates("clip_id", keep="last").set_index("clip_id")
    changes = newest[newest["field"] != "answer_id"]
    by_hand = changes["target_id"][~changes["target_id"].isin(order)].drop_duplicates()
    view = view.reindex(pd.concat([order, by_hand]).to_numpy(), columns=list(_FROM_ANSWER))
    texts = [name for name in _FROM_ANSWER if name != "score"]
    view[texts] = view[texts].astype(object).where(view[texts].notna(), "")
    view = view.rename_axis("clip_id").reset_index()
    view["clip_id"] = view["clip_id"].astype(object)
    view["edited"] = view["clip_id"].isin(changes["target_id"]).to_numpy()
    return apply_edits(view, changes, "description", "clip_id")


def _newest(edits: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The last edit of each field of each target."""
    edits = edits[edits["target_kind"] == kind]
    return edits.drop_duplicates(["target_id", "field"], keep="last")


def _numbers(values: pd.Series[Any], field: str, *, whole: bool) -> pd.Series[Any]:
    numbers = pd.to_numeric(values.where(values != "", "nan"), errors="coerce")
    wrong = numbers.isna() & ~values.str.lower().isin(["", "nan"])
    if whole:
        wrong |= numbers.isna() | (numbers % 1 != 0)
    if wrong.any():
        raise DataError(
            f"an edit gives {field!r} a value that does not fit",
            expected="a whole number" if whole else "a number",
            found=repr(values[wrong].iloc[0]),
            hint="edit it again with a value that fits: the newest edit counts",
        )
    return numbers.astype("int64" if whole else "float64")
