"""Clusters of descriptions merged and named by a language model.

MouseGPT's second stage (arXiv 2503.10212): the five most frequent keywords of each cluster are
shown to a model, which gives each a name; clusters of one name are one behaviour. Some sentences
are shown as well, since keywords alone often mean several things.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mousegpt_core.errors import InvalidResponseError
from mousegpt_core.language import AnswerField, AnswerSchema, LanguageModel, Message, Request
from mousegpt_core.language.asking import answer_all
from mousegpt_core.language.contract import Sampling

#: Tokens of a name with its key, generously.
_TOKENS_A_NAME = 24
_INSTRUCTIONS = """\
You are an expert of mouse behaviour. Many moments of films of mice were described in words, and \
descriptions that are alike were put into groups. Give each group the name of the behaviour that \
it shows: one to four plain words in lower case, as a biologist would write in an ethogram \
("walking", "grooming the face", "rearing at the wall").
Groups that show the same behaviour get exactly the same name. Groups that differ in a way that \
matters to a biologist get different names. Go by what most of a group's words say."""


@dataclass(frozen=True)
class Cluster:
    """What is told of a cluster.

    Attributes
    ----------
    share : float
        Of all described clips, 0-1.
    activities : tuple of (str, float)
        Activities of its clips and their shares, the commonest first; may be empty.
    keywords : tuple of str
        The most frequent, the commonest first.
    sentences : tuple of str
        Typical ones.
    """

    share: float
    activities: tuple[tuple[str, float], ...]
    keywords: tuple[str, ...]
    sentences: tuple[str, ...]


#: From clusters to their names; equal names, one behaviour.
Namer = Callable[[Sequence[Cluster]], list[str]]


def model_namer(make_model: Callable[[], LanguageModel]) -> Namer:
    """A namer that asks a language model, all clusters in one question.

    Parameters
    ----------
    make_model : callable
        Makes the model, within the event loop that it is used in.

    Returns
    -------
    callable
        Raises `BackendCallError` if no reply comes, and `InvalidResponseError` if none fits.
    """

    def name(clusters: Sequence[Cluster]) -> list[str]:
        (answered,) = answer_all(make_model, [naming_request(clusters)])
        if answered.values is None:
            raise InvalidResponseError(
                f"the behaviours were not named: {answered.reason}",
                hint='choose another model, or write namer = "" in study.toml [profile]',
            )
        names = [_plain(str(answered.values[_key(number)])) for number in range(len(clusters))]
        if not all(names):
            raise InvalidResponseError(
                "the behaviours were not named: some names are empty",
                hint='choose another model, or write namer = "" in study.toml [profile]',
            )
        return names

    return name


def naming_request(clusters: Sequence[Cluster]) -> Request:
    """The question about the names of clusters.

    Parameters
    ----------
    clusters : sequence of Cluster
        All of them: only together can it be told which are the same.
    """
    fields = tuple(
        AnswerField(name=_key(number), description=f"Name of group {number + 1}.")
        for number in range(len(clusters))
    )
    told = [f"Group {number + 1}: {_told(each)}" for number, each in enumerate(clusters)]
    return Request(
        (
            Message("system", (_INSTRUCTIONS,)),
            Message("user", ("\n\n".join([*told, "Name each group."]),)),
        ),
        AnswerSchema(fields=fields),
        Sampling(max_tokens=200 + _TOKENS_A_NAME * len(clusters)),
    )


def _told(cluster: Cluster) -> str:
    parts = [f"{cluster.share:.1%} of the moments."]
    if cluster.activities:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in cluster.activities)
        parts.append(f"Activities: {shares}.")
    if cluster.keywords:
        parts.append(f"Keywords: {', '.join(cluster.keywords)}.")
    if cluster.sentences:
        parts.append("Sentences: " + " | ".join(cluster.sentences))
    return " ".join(parts)


def _key(number: int) -> str:
    return f"group_{number + 1}"


def _plain(name: str) -> str:
    """A name without quotes, full stop and capitals, so that equal ones are equal."""
    return " ".join(name.strip(" .\"'").split()).casefold()
