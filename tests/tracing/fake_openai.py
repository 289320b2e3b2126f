"""A server on loopback that answers as OpenAI's does, the same every time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 7,
    "total_tokens": 27,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "search", "arguments": '{"query": "steelyard"}'}}


class Answers(BaseHTTPRequestHandler):
    """Chat completions (with a tool call if tools are offered, streamed if asked for), embeddings, nothing else."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/embeddings"):
            self._send(_embeddings(asked))
        elif asked.get("stream"):
            self._send_stream(asked)
        else:
            self._send(_completion(asked))

    def _send(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_stream(self, asked: dict[str, Any]) -> None:
        chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": asked["model"]}
        deltas = [{"role": "assistant", "content": "It is "}, {"content": "a balance."}]
        chunks: list[dict[str, Any]] = [{**chunk, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
        chunks.append({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        chunks.append({**chunk, "choices": [], "usage": USAGE})
        body = "".join(f"data: {json.dumps(one)}\n\n" for one in chunks) + "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _completion(asked: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": "It is a balance."}
    if asked.get("tools"):
        message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": asked["model"] + "-2024-07-18",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if asked.get("tools") else "stop"}],
        "usage": USAGE,
    }


def _embeddings(asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "object": "list",
        "model": asked["model"],
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}],
        "usage": {"prompt_tokens": 4, "total_tokens": 4},
    }


@contextmanager
def fake_openai() -> Iterator[str]:
    """Serve in a thread; yield the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
