"""Asking a model about clips, beside a plain load generator and one request after the other.

python benchmarks/describe.py [CLIPS]

A server on this machine (`tests/loopback.py`) answers each request after 0.4 s and bears 16 at
once, which is its capacity. Asked are: our engine; threads that send one and the same request as
fast as the server takes them; the engine with one request at a time. Then, without a server, the
engine's own time for a clip and its greatest memory, for 100 and 100,000 clips, each in a process
of its own.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from core.describe.evidence_builder import make_evidence
from loopback import LoopbackServer
from mousegpt_core.describe.contract import Asking
from mousegpt_core.describe.model_describer import ModelDescriber
from mousegpt_core.language.openai_server import OpenAIModel, ServerOptions
from scripted_model import MadeUpShowing, ScriptedModel, read
from served import truthful

DELAY_S, AT_ONCE = 0.4, 16
#: Requests of the sequential run, which is slow.
SEQUENTIAL = 25


def describe(make: Callable[[], ModelDescriber], clips: int) -> float:
    """Clips a second of a describer; every clip must be answered."""
    shown = MadeUpShowing(count=clips)
    evidence = replace(make_evidence(), clips=shown.clips(), ask=Asking(shown.request, read))

    async def ask() -> int:
        describer = make()
        answered = 0
        async for answer in describer.describe(evidence):
            answered += answer.status == "described"
        await describer.close()
        return answered

    began = time.perf_counter()
    answered = asyncio.run(ask())
    if answered != clips:
        raise SystemExit(f"{clips - answered} of {clips} clips were not described")
    return clips / (time.perf_counter() - began)


def send(server: LoopbackServer, requests: int) -> float:
    """Requests a second of threads that only send."""
    body = json.dumps(server.bodies[-1])
    host = server.url.split("/")[2]
    left = list(range(requests))

    def work() -> None:
        connection = http.client.HTTPConnection(host)
        while left:
            try:
                left.pop()
            except IndexError:
                return
            head = {"Content-Type": "application/json"}
            connection.request("POST", "/v1/chat/completions", body, head)
            connection.getresponse().read()

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return requests / (time.perf_counter() - began)


def compare(clips: int) -> None:
    """Engine, load generator and sequential requests on one server."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LoopbackServer(answer=truthful, delay_s=DELAY_S) as server,
    ):
        cache = Path(folder) / "servers.json"

        def model(at_once: int) -> ModelDescriber:
            options = ServerOptions(model="tiny", base_url=server.url, most_at_once=at_once)
            return ModelDescriber(OpenAIModel(options, cache_file=cache), at_once=at_once)

        describe(lambda: model(AT_ONCE), AT_ONCE)  # the server is probed once, and remembered
        ours = describe(lambda: model(AT_ONCE), clips)
        plain = send(server, clips)
        single = describe(lambda: model(1), SEQUENTIAL)
    print(f"engine            {ours:6.1f} clips/s")
    print(f"plain load        {plain:6.1f} requests/s   engine / plain      {ours / plain:.3f}")
    print(f"one at a time     {single:6.1f} clips/s      engine / sequential {ours / single:.1f}")


def alone(clips: int) -> None:
    """The engine's own time for a clip, and memory."""
    model = ScriptedModel()
    model.asked = _Forgetful()
    rate = describe(lambda: ModelDescriber(model), clips)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{clips:7} clips: {1e3 / rate:.2f} ms a clip, peak {peak} MB")


class _Forgetful(list):  # type: ignore[type-arg]
    """Counts nothing and keeps nothing, so that only the engine's memory is seen."""

    def append(self, item: object) -> None:
        """Forget it."""

    def count(self, item: object) -> int:
        """Each is asked for the first time."""
        return 1


def main() -> None:
    """Print all."""
    if sys.argv[1:2] == ["--alone"]:
        alone(int(sys.argv[2]))
        return
    compare(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
    for clips in (100, 100_000):
        subprocess.run([sys.executable, __file__, "--alone", str(clips)], check=True)


if __name__ == "__main__":
    main()
