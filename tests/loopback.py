"""An OpenAI-compatible server on this machine, with faults to switch on: no mock, real HTTP.

::

    with LoopbackServer(answer=lambda body: {"overall": "It walks."}) as server:
        server.faults.append(Fault("429", retry_after="0.01"))
        ...  # talk to server.url
        assert server.count == 2
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

Body = dict[str, Any]
#: Words of the question by which it is found out how a server enforces schemas.
_PROBE = "as JSON or not, as you like"
#: What is answered: values to be written as JSON, or words as they are.
Answer = dict[str, Any] | str
#: What the server does about `response_format`.
Means = Literal["json_schema", "json_object", "ignores", "refuses"]
FaultKind = Literal[
    "401", "403", "404", "429", "500", "503", "quota",
    "drop", "stall", "trickle", "not json", "cut json", "no choices",
    "wrong json", "cut answer", "other schema", "chatter", "too long",
]  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with one request."""

    kind: FaultKind
    retry_after: str = ""
    seconds: float = 30.0


@dataclass
class LoopbackServer:
    """A server of chat completions and embeddings.

    Attributes
    ----------
    answer : callable
        From a request's body to its answer; by default it says that the mouse walks.
    means : str
        Whether `json_schema` or only `json_object` is enforced, both ignored or both refused.
    models : tuple of str
        Names that are known.
    key : str
        The key that is asked for; "" = none.
    fault_of : callable, optional
        From the request's number and body to a fault; `faults` come before it, one each request.
    delay_s : float
        How long each answer takes.
    at_once : int
        More requests than these at once are refused with 429; 0 = any number.
    refused_parameters : tuple of str
        Parameters that the model does not take.
    """

    answer: Callable[[Body], Answer] = lambda body: "The mouse walks."
    means: Means = "json_schema"
    models: tuple[str, ...] = ("tiny",)
    key: str = ""
    fault_of: Callable[[int, Body], Fault | None] = lambda number, body: None
    delay_s: float = 0.0
    at_once: int = 0
    refused_parameters: tuple[str, ...] = ()
    faults: deque[Fault] = field(default_factory=deque)
    bodies: list[Body] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._under_way = 0
        self._stop = threading.Event()
        handler = type("Handler", (_Handler,), {"loopback": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Address up to ``/v1``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def count(self) -> int:
        """How many requests came, probes and faults too."""
        return len(self.bodies)

    @property
    def asked(self) -> list[Body]:
        """Bodies of all requests but the probes."""
        return [body for body in self.bodies if _PROBE not in json.dumps(body)]

    # -- for the handler ------------------------------------------------------------------

    def take(self, body: Body, headers: dict[str, str]) -> Fault | None:
        """Count a request, and say what goes wrong with it."""
        with self._lock:
            self.bodies.append(body)
            self.headers.append(headers)
            number = len(self.bodies) - 1
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            if self.at_once and self._under_way > self.at_once:
                return Fault("429")
            return self.faults.popleft() if self.faults else self.fault_of(number, body)

    def done(self) -> None:
        """One request less is under way."""
        with self._lock:
            self._under_way -= 1

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than the server lives."""
        self._stop.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are none of our business."""


class _Handler(BaseHTTPRequestHandler):
    loopback: LoopbackServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.endswith("/models"):
            models = [{"id": name, "object": "model"} for name in self.loopback.models]
            self._send(200, {"object": "list", "data": models})
        else:
            self._error(404, f"no such page: {self.path}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fault = self.loopback.take(
            body, {name.lower(): value for name, value in self.headers.items()}
        )
        try:
            if self.loopback.delay_s and not (fault and fault.kind == "429"):
                time.sleep(self.loopback.delay_s)
            if not self._refused(body) and not (fault and self._failed(fault)):
                self._reply(body, fault)
        finally:
            self.loopback.done()

    # -- what goes wrong before an answer -------------------------------------------------

    def _refused(self, body: Body) -> bool:
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        key = self.headers.get("api-key", key)
        if self.loopback.key and key != self.loopback.key:
            # Some servers say the key that they were given.
            self._error(401, f"Incorrect API key provided: {key}", code="invalid_api_key")
            return True
        if body["model"] not in self.loopback.models:
            self._error(404, f"The model {body['model']} does not exist", code="model_not_found")
            return True
        for name in self.loopback.refused_parameters:
            if name in body:
                self._error(400, f"Unsupported: {name}", code="unsupported_parameter", param=name)
                return True
        return self._format_refused(body)

    def _format_refused(self, body: Body) -> bool:
        kind = body.get("response_format", {}).get("type", "text")
        means = self.loopback.means
        refused = kind != "text" and means == "refuses"
        if refused or (kind == "json_schema" and means == "json_object"):
            self._error(400, f"response_format {kind} is not supported", param="response_format")
            return True
        return False

    def _failed(self, fault: Fault) -> bool:
        if fault.kind == "quota":
            self._error(429, "You exceeded your quota", code="insufficient_quota")
        elif fault.kind.isdigit():
            said = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            key = self.headers.get("Authorization", "")
            self._error(int(fault.kind), f"switched on, said by {key}", headers=said)
        elif fault.kind == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif fault.kind == "stall":
            self.loopback.wait(fault.seconds)
            self.close_connection = True
        elif fault.kind == "not json":
            self._send_bytes(200, b"<html>Bad gateway</html>")
        elif fault.kind == "no choices":
            self._send(200, {"object": "chat.completion", "choices": None})
        else:
            return False
        return True

    # -- answers --------------------------------------------------------------------------

    def _reply(self, body: Body, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        reply = self._embeddings(body) if "/embeddings" in self.path else self._chat(body, kind)
        data = json.dumps(reply).encode()
        if kind == "cut json":
            self._send_bytes(200, data[: len(data) // 2])
        elif fault and kind == "trickle":
            self._send_slowly(data, fault.seconds)
        else:
            self._send_bytes(200, data)

    def _chat(self, body: Body, fault: str) -> Body:
        text = _faulty(_said(self.loopback.answer(body), body, self.loopback.means), fault)
        said = sum(len(json.dumps(message)) for message in body["messages"]) // 4
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "length" if fault in ("cut answer", "too long") else "stop",
                }
            ],
            "usage": {
                "prompt_tokens": said,
                "completion_tokens": len(text) // 4 + 1,
                "total_tokens": said + len(text) // 4 + 1,
            },
        }

    def _embeddings(self, body: Body) -> Body:
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        data = [
            {"object": "embedding", "index": row, "embedding": embed(text)}
            for row, text in enumerate(texts)
        ]
        used = sum(len(text) for text in texts) // 4 + 1
        return {
            "object": "list",
            "model": body["model"],
            "data": data[::-1],  # the order is told by the index
            "usage": {"prompt_tokens": used, "total_tokens": used},
        }

    # -- bytes ----------------------------------------------------------------------------

    def _error(
        self,
        status: int,
        message: str,
        *,
        code: str = "",
        param: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        said = {"message": message, "type": "error", "code": code or None, "param": param or None}
        self._send(status, {"error": said}, headers)

    def _send(self, status: int, value: Body, headers: dict[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(value).encode(), headers)

    def _send_bytes(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self._begin(status, len(data), headers)
        self.wfile.write(data)

    def _begin(self, status: int, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def _send_slowly(self, data: bytes, seconds: float) -> None:
        self._begin(200, len(data))
        for place in range(len(data)):
            self.wfile.write(data[place : place + 1])
            self.wfile.flush()
            self.loopback.wait(seconds / len(data))


def embed(text: str, size: int = 64) -> list[float]:
    """Vector of a text: its words, hashed; alike where the words are."""
    vector = [0.0] * size
    for word in text.lower().split():
        digest = hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()
        vector[digest[0] % size] += 1.0 if digest[1] % 2 else -1.0
    return vector


def _said(answer: Answer, body: Body, means: Means) -> str:
    """The answer's text: as the server was made to write it, or as a chatty model does."""
    wanted = body.get("response_format", {})
    if means == "json_schema" and wanted.get("type") == "json_schema":
        given = answer if isinstance(answer, dict) else {}
        return json.dumps(_enforced(given, wanted["json_schema"]["schema"]))
    if means != "ignores" and wanted.get("type") == "json_object":
        return json.dumps(answer if isinstance(answer, dict) else {"said": answer})
    if isinstance(answer, str):
        return answer
    return f"Sure, here it is:\n```json\n{json.dumps(answer, indent=1)}\n```"


def _enforced(values: Body, schema: Body) -> Body:
    return {name: values.get(name, _default(kind)) for name, kind in schema["properties"].items()}


def _default(kind: Body) -> Any:
    if "enum" in kind:
        return kind["enum"][0]
    return {"string": "The mouse walks.", "number": kind.get("minimum", 0), "array": []}[
        kind["type"]
    ]


def _faulty(text: str, fault: str) -> str:
    if fault == "wrong json":
        return "{'overall' = The mouse"
    if fault == "cut answer":
        return text[: len(text) // 2]
    if fault == "other schema":
        return json.dumps({"answer": "The mouse walks.", "reason": "It moves."})
    if fault == "chatter":
        return f"Of course! {text}\nIs there anything else?"
    return text
