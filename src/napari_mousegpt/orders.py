"""What a person orders in the dock Describe: who describes, how, within which limits.

An order is kept in the study's folder as it is begun, so that a run that was killed, or whose
window was closed, is gone on with. A key is no part of it: only
the name under which it is looked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mousegpt_core.errors import SettingsError
from mousegpt_core.progress import duration

if TYPE_CHECKING:
    from mousegpt_core.describe.protocol import Protocol
    from mousegpt_core.study import Study

KINEMATIC, SERVER = "kinematic", "openai"
_PROTOCOL = "mousegpt"
#: What one ticks to have clips asked about again that were answered in vain.
ASK_AGAIN = "Ask again what failed or was invalid"
#: Keys of ``[describe]`` that an order has, too.
_SHARED = ("describer", "protocol", "model", "base_url", "key_variable")


@dataclass(frozen=True)
class Order:
    """How a study is to be described.

    Attributes
    ----------
    describer : str
        Its name; ``"kinematic"`` asks no model.
    protocol, model, base_url : str
        Of the model.
    key_variable : str
        Name of the environment variable, or of the entry in the keyring, that has the key.
    limit, max_tokens : int
        Most clips and tokens now; 0 = any number.
    max_cost : float
        Most US dollars now; 0 = any.
    recording : str
        Only this one; ``""`` = all.
    retry : tuple of str
        Clips that ended so are asked about again.
    unfinished : bool
        Whether a run of it has begun, and not come to its end.
    """

    describer: str = KINEMATIC
    protocol: str = _PROTOCOL
    model: str = ""
    base_url: str = ""
    key_variable: str = ""
    limit: int = 0
    max_tokens: int = 0
    max_cost: float = 0.0
    recording: str = ""
    retry: tuple[str, ...] = ()
    unfinished: bool = False

    @property
    def asks(self) -> bool:
        """Whether a model is asked."""
        return self.describer != KINEMATIC

    @property
    def missing(self) -> str:
        """What is yet to be said, for people; ``""`` = nothing."""
        if not self.asks:
            return ""
        if self.describer == SERVER and not self.base_url:
            return "Give the server's address, as http://localhost:11434/v1."
        return "" if self.model else "Give the model's name, as the server calls it."

    def server(self) -> tuple[str, ...]:
        """Arguments of ``mousegpt server``."""
        model = ("--model", self.model) if self.model else ()
        return ("server", *model, *self._key(), "--", self.base_url)

    def preview(self, study: Path, place: Mapping[str, Any]) -> tuple[str, ...]:
        """Arguments of ``mousegpt preview``; place: recording, moment, individual."""
        return ("preview", str(study), "--protocol", self.protocol, *_place(place))

    def try_on(self, study: Path, place: Mapping[str, Any]) -> tuple[str, ...]:
        """Arguments of ``mousegpt try``."""
        return ("try", str(study), *self._who(), *_place(place))

    def describe(
        self, study: Path, *, dry_run: bool = False, goes_on: bool = False
    ) -> tuple[str, ...]:
        """Arguments of ``mousegpt describe``; who goes on asks again what got no answer."""
        only = ("--recording", self.recording) if self.recording else ()
        if not self.asks:
            return ("describe", str(study), "--describer", KINEMATIC, *only)
        numbers = (
            ("--limit", self.limit),
            ("--max-tokens", self.max_tokens),
            ("--max-cost", self.max_cost),
        )
        # What is not to be spent has no part in what it would take.
        given = numbers[:1] if dry_run else numbers
        limits = [part for name, value in given if value for part in (name, str(value))]
        statuses = dict.fromkeys((*self.retry, *(("failed",) if goes_on else ())))
        retry = [part for status in statuses for part in ("--retry", status)]
        dry = ("--dry-run",) if dry_run else ()
        return ("describe", str(study), *self._who(), *only, *limits, *retry, *dry)

    def use(self, study: Study) -> None:
        """Write into study.toml that these descriptions are the study's.

        Raises
        ------
        SettingsError
            If ``[describe]`` has settings of another describer, which a person must take out.
        MouseGPTError
            If it cannot be written.
        """
        own = study.section("describe")
        foreign = sorted(set(own) - {*_SHARED, *self._settings()})
        if foreign:
            raise SettingsError(
                f"{study.toml_path} [describe] has settings of another describer: "
                + ", ".join(foreign),
                hint="take them out, or write # before them; then press the button again",
            )
        values = {name: getattr(self, name) or None for name in _SHARED}
        # What another describer left there is no setting of movement.
        plain = values if self.asks else {**dict.fromkeys(_SHARED), "describer": KINEMATIC}
        study.set_section("describe", **plain)

    def _settings(self) -> list[str]:
        """Keys of ``[describe]`` that the describer knows."""
        from mousegpt_core.registry import load_backend

        return list(load_backend("describers", self.describer).Options.model_fields)

    def _who(self) -> tuple[str, ...]:
        named = (("--model", self.model), ("--base-url", self.base_url))
        given = [part for name, value in named if value for part in (name, value)]
        who = ("--describer", self.describer, "--protocol", self.protocol)
        return (*who, *given, *self._key())

    def _key(self) -> tuple[str, ...]:
        return ("--option", f"key_variable={self.key_variable}") if self.key_variable else ()


def _place(place: Mapping[str, Any]) -> tuple[str, ...]:
    animal = ("--animal", place["individual"]) if place["individual"] else ()
    return ("--recording", place["recording"], "--at", f"{place['moment']:.6f}", *animal)


def order_of(study: Study) -> Order:
    """The order that was kept last, else what study.toml says.

    Raises
    ------
    MouseGPTError
        If study.toml cannot be read.
    """
    try:
        values = json.loads(_file(study).read_text(encoding="utf-8"))
        return replace(Order(**values), retry=tuple(values["retry"]))
    except (OSError, ValueError, TypeError, KeyError):  # none yet, or of another version
        own = study.section("describe")
        said: dict[str, Any] = {name: str(own[name]) for name in _SHARED if own.get(name)}
        return Order(**said)


def keep_order(study: Study, order: Order) -> None:
    """Keep an order, at once and as a whole.

    Raises
    ------
    MouseGPTError
        If the study cannot be written to.
    """
    from mousegpt_core.study.files import write_atomic, writing

    file = _file(study)
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, json.dumps(asdict(order), indent=1))


def _file(study: Study) -> Path:
    return study.folder / "results" / "describe.json"


# -- words ------------------------------------------------------------------------------------


def protocol_words(protocol: Protocol) -> str:
    """What a protocol does, in two lines."""
    clips, frames = protocol.clips, protocol.frames
    if clips.rate:
        cut = f"{clips.rate:g} clips a second"
    elif clips.length_s:
        cut = f"clips of {clips.length_s:g} s"
    else:
        cut = "a clip for each bout"
    pictures = "1 frame" if frames.count == 1 else f"{frames.count} frames"
    answer = ", ".join(field.name for field in protocol.answer.fields)
    return f"{protocol.about}.\n{cut}; {pictures} each; asked for: {answer}".replace("..\n", ".\n")


def reckoning_words(result: Mapping[str, Any]) -> str:
    """What asking would take, as ``mousegpt describe --dry-run`` reckons it."""
    if not result["requests"]:
        asked = f"Nothing to ask: {result['there_already']} of {result['clips']} clips are answered"
        return asked + _unshown(result)
    about = "about " if result["estimated"] else ""
    cost, seconds = result["cost"], result["seconds"]
    lines = [
        f"{result['clips']:,} clips, {result['there_already']:,} answered already"
        + _unshown(result),
        f"{result['requests']:,} requests with {result['images']:,} pictures",
        f"{about}{result['tokens_in']:,} tokens asked, {result['tokens_out']:,} answered",
        "cost: " + ("the price is not known" if cost is None else f"{cost:.2f} US dollars"),
        "time: " + ("try some clips to know it" if seconds is None else duration(seconds)),
    ]
    return "\n".join(lines)


def result_words(result: Mapping[str, Any]) -> str:
    """How a run of ``mousegpt describe`` ended."""
    if "all" not in result:
        return "All is described, from movement."
    total = result["all"]
    lines = [
        f"{total['described']:,} of {total['clips']:,} clips are described, {total['asked']:,} "
        f"asked now ({total['tokens_in']:,} tokens asked, {total['tokens_out']:,} answered)."
    ]
    if total["invalid"] or total["failed"]:
        lines.append(f"{total['invalid']:,} invalid, {total['failed']:,} failed:")
        reasons = sorted(total["reasons"].items(), key=lambda each: -each[1])[:3]
        lines += [f"  {count:,} x {reason}" for reason, count in reasons]
    if total["invalid"]:
        lines.append(f"To ask about these again, tick “{ASK_AGAIN}”.")
    if result["stopped"]:
        lines.append(f"Stopped at the {result['stopped']}; Go on asks the rest.")
    return "\n".join(lines)


def is_unfinished(result: Mapping[str, Any]) -> bool:
    """Whether there is something to go on with after a run of ``mousegpt describe``."""
    return bool(result.get("stopped") or _unanswered(result))


def failure_words(result: Mapping[str, Any]) -> tuple[str, str]:
    """That clips got no answer, and what to do; ``("", "")`` = all did."""
    count = _unanswered(result)
    if not count:
        return "", ""
    reasons = result["all"]["reasons"]
    why = max(reasons, key=reasons.get, default="")
    return (
        f"{count:,} of {result['all']['clips']:,} clips got no answer: {why}",
        "see to the server, then press Go on: these are asked again, what was answered is kept",
    )


def _unanswered(result: Mapping[str, Any]) -> int:
    return int(result.get("all", {}).get("failed", 0))


def _unshown(result: Mapping[str, Any]) -> str:
    if not result["unshown"]:
        return ""
    reason = max(result["reasons"].items(), key=lambda each: each[1])[0]
    return f"; {result['unshown']:,} cannot be shown: {reason}"
