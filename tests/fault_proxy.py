"""A proxy on this machine that passes questions on to a real server, and lets some go wrong."""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Callable, Sequence

from loopback import _PROBE, Body, Fault, FaultKind, LoopbackServer

#: What is wrong with the way to an answer; asked again, the same answer comes.
ON_THE_WAY: tuple[FaultKind, ...] = (
    "429", "500", "503", "drop", "stall", "trickle", "not json", "cut json", "no choices",
)  # fmt: skip
#: What is wrong with the answer; asked again, it is another question.
IN_THE_ANSWER: tuple[FaultKind, ...] = ("wrong json", "cut answer", "other schema", "chatter")


def fault_proxy(
    upstream: str, model: str, kinds: Sequence[FaultKind], *, share: float = 0.2, seed: int = 0
) -> LoopbackServer:
    """A server that answers as the one at `upstream` does, but for a share of faults, by chance."""
    return LoopbackServer(
        answer=_asking(upstream),
        means="ignores",  # what the other says is passed on as it is
        models=(model,),
        fault_of=at_random(kinds, share, seed),
    )


def at_random(
    kinds: Sequence[FaultKind], share: float, seed: int
) -> Callable[[int, Body], Fault | None]:
    """Faults by chance, seeded; the server's trial is spared, as it is remembered."""

    def fault_of(number: int, body: Body) -> Fault | None:
        draw = random.Random(seed * 1_000_003 + number)
        if draw.random() >= share or _PROBE in json.dumps(body):
            return None
        waits = draw.choice(["", "0.01"])
        return Fault(draw.choice(list(kinds)), retry_after=waits, seconds=0.3)

    return fault_of


def _asking(upstream: str) -> Callable[[Body], str]:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(body: Body) -> str:
        request = urllib.request.Request(
            f"{upstream}/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with direct.open(request, timeout=120) as response:
            said = json.load(response)["choices"][0]["message"]["content"]
        return str(said)

    return ask
