"""``genai.evaluate()`` beside MLflow's, Inspect and pydantic-evals: its own cost, and how well it waits.

    python benchmarks/applications.py
    python -m venv peer && peer/bin/pip install mlflow openai inspect-ai pydantic-evals
    python benchmarks/applications.py --peer-python peer/bin/python

*instant*: 5,000 rows, a function that answers at once and one scorer that is code. Ours and MLflow's keep every row,
its trace and its verdict in SQLite, ours committed and on disk as they happen; Inspect writes its log file;
pydantic-evals keeps nothing. Goal: at least 2,000 rows a second.

*waiting*: 200 rows, a function and one judge that each call a model which takes 200 ms, 10 calls in flight. The model
is a server on this machine, in a process of its own. The figure is the time over what it could be at best: 0.2 s
× 400 calls ÷ 10. Goal: 1.06. Inspect and pydantic-evals take 10 rows at a time, each with one call in flight. Ours and
MLflow's have one limit for the function and one for judges, so each gets 5; *steelyard, 10 + 10* is ours with its usual
10 for either, whose ideal is half of that.

*memory*: ours alone, 10,000 and 100,000 rows from a JSONL file. The figure is the peak; goal: flat.

Every trial is a process of its own, which evaluates twice; the second call is quoted, the first is beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measuring import Measured, alternate, median, report, run_child, table

sys.path.pop(0)  # this folder: a package that looks for another module named evaluate must not find this one

LATENCY = 0.2
WAITING_ROWS = 200
CONCURRENCY = 10
PEERS = ("mlflow", "inspect", "pydantic-evals")


def main() -> None:
    arguments = _arguments()
    if arguments.child == "server":
        asyncio.run(_serve(arguments.port))
    elif arguments.child:
        _child(arguments)
    else:
        with tempfile.TemporaryDirectory() as folder:
            for part in arguments.only or ("instant", "waiting", "memory"):
                {"instant": _instant, "waiting": _waiting, "memory": _memory}[part](arguments, Path(folder))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--only", nargs="+", choices=["instant", "waiting", "memory"])
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--peer-python", type=Path, help="a Python with the peers, to measure beside")
    parser.add_argument("--peers", nargs="+", default=PEERS, choices=PEERS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _contenders(arguments: argparse.Namespace, folder: Path, part: str, rows: int) -> dict[str, Callable[[], Measured]]:
    def run(name: str, python: Path | str) -> Callable[[], Measured]:
        def once() -> Measured:
            with tempfile.TemporaryDirectory(dir=folder) as work:
                script = Path(__file__).resolve()
                command = [python, script, "--child", name, "--part", part, "--rows", str(rows), "--work", work]
                return run_child(command, folder=Path(work))

        return once

    found = {"steelyard": run("steelyard", sys.executable)}
    if arguments.peer_python:
        found |= {name: run(name, arguments.peer_python) for name in arguments.peers}
    return found


def _instant(arguments: argparse.Namespace, folder: Path) -> None:
    runs = alternate(_contenders(arguments, folder, "instant", arguments.rows), trials=arguments.trials)
    lines = [
        [
            name,
            f"{arguments.rows / median(done, 'second'):,.0f}",
            f"{arguments.rows / median(done, 'first'):,.0f}",
            f"{median(done, 'peak'):.0f}",
        ]
        for name, done in runs.items()
    ]
    head = ["", "rows/s", "first call", "peak MB above interpreter"]
    table(f"{arguments.rows:,} rows, an instant function, one code scorer", lines, head=head)


def _waiting(arguments: argparse.Namespace, folder: Path) -> None:
    ideal = LATENCY * 2 * WAITING_ROWS / CONCURRENCY
    with _server() as url:
        os.environ |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none", "INSPECT_DISPLAY": "none"}
        contenders = _contenders(arguments, folder, "waiting", WAITING_ROWS)
        contenders["steelyard, 10 + 10"] = _contenders(arguments, folder, "waiting twice", WAITING_ROWS)["steelyard"]
        runs = alternate(contenders, trials=arguments.trials)
    lines = []
    for name, done in runs.items():
        best = ideal / 2 if "+" in name else ideal
        ratios = (f"{median(done, call) / best:.3f}" for call in ("second", "first"))
        lines.append([name, *ratios, f"{median(done, 'second'):.2f}"])
    head = ["", "of the ideal", "first call", "wall s"]
    table(f"{WAITING_ROWS} rows, predict and judge {LATENCY:g} s each, {CONCURRENCY} calls in flight", lines, head=head)


def _memory(arguments: argparse.Namespace, folder: Path) -> None:
    lines = []
    for rows in (10_000, 100_000):
        path = folder / f"{rows}.jsonl"
        with path.open("w") as file:
            for n in range(rows):
                file.write(json.dumps({"inputs": {"n": n}, "expectations": {"expected_response": str(n * n)}}) + "\n")
        os.environ["ROWS_PATH"] = str(path)
        ours = _contenders(arguments, folder, "memory", rows)["steelyard"]
        done = alternate({"": ours}, trials=1)[""]
        lines.append([f"{rows:,}", f"{median(done, 'peak'):.0f}", f"{rows / median(done, 'second'):,.0f}"])
        path.unlink()
    table("Rows of a JSONL file", lines, head=["rows", "peak MB above interpreter", "rows/s"])


# The children


def _child(arguments: argparse.Namespace) -> None:
    os.chdir(arguments.work)
    evaluate = _CHILDREN[arguments.child](arguments.part, arguments.rows)

    def work() -> Mapping[str, Any]:
        took = []
        for _ in range(1 if arguments.part == "memory" else 2):
            begun = time.perf_counter()
            evaluate()
            took.append(time.perf_counter() - begun)
        return {"first": took[0], "second": took[-1]}

    report(work)


def _rows(n: int) -> list[dict[str, Any]]:
    return [{"inputs": {"n": i}, "expectations": {"expected_response": str(i * i)}} for i in range(n)]


def _square(n: int) -> str:
    return str(n * n)


def _asker() -> Callable[[str], str]:
    from openai import OpenAI

    client = OpenAI()

    def ask(text: str) -> str:
        done = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": text}])
        return done.choices[0].message.content or ""

    return ask


def _steelyard(part: str, rows: int) -> Callable[[], object]:
    import steelyard
    from steelyard.genai import evaluate, make_judge, scorer

    steelyard.set_tracking_uri(Path.cwd() / "store")

    @scorer
    def exact(outputs: str, expectations: dict[str, str]) -> bool:
        return outputs == expectations["expected_response"]

    if part == "memory":
        return lambda: evaluate(os.environ["ROWS_PATH"], [exact], _square, progress=False)
    if part == "instant":
        data = _rows(rows)
        return lambda: evaluate(data, [exact], _square, progress=False)
    ask, data = _asker(), _rows(rows)
    words = "Is {{ outputs }} a good answer to {{ inputs }}?"
    judge = make_judge("good", words, model="openai:/gpt-4o-mini", feedback_value_type=bool)

    calls = CONCURRENCY if part == "waiting twice" else CONCURRENCY // 2

    def waiting() -> object:
        return evaluate(data, [judge], lambda n: ask(str(n)), concurrency=calls, cache=False, progress=False)

    return waiting


def _mlflow(part: str, rows: int) -> Callable[[], object]:
    os.environ |= {f"MLFLOW_GENAI_EVAL_MAX_{kind}": str(CONCURRENCY // 2) for kind in ("WORKERS", "SCORER_WORKERS")}
    os.environ |= {"MLFLOW_GENAI_EVAL_PREDICT_RATE_LIMIT": "0", "MLFLOW_GENAI_EVAL_SCORER_RATE_LIMIT": "0"}
    os.environ["MLFLOW_GENAI_EVAL_SKIP_TRACE_VALIDATION"] = "true"
    import mlflow
    from mlflow.genai import evaluate, scorer

    mlflow.set_tracking_uri("sqlite:///mlflow.db")

    @scorer
    def exact(outputs: str, expectations: dict[str, str]) -> bool:
        return outputs == expectations["expected_response"]

    data = _rows(rows)
    if part == "instant":
        return lambda: evaluate(data=data, scorers=[exact], predict_fn=_square)
    ask = _asker()

    @scorer
    def good(outputs: str) -> bool:
        return "yes" in ask(f"Is {outputs} good?")

    return lambda: evaluate(data=data, scorers=[good], predict_fn=lambda n: ask(str(n)))


def _inspect(part: str, rows: int) -> Callable[[], object]:
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessageAssistant, ModelOutput, get_model
    from inspect_ai.scorer import Score, accuracy, match, scorer
    from inspect_ai.solver import generate, solver

    data = MemoryDataset([Sample(input=str(i), target=str(i * i)) for i in range(rows)])

    @solver
    def instant() -> Any:
        async def solve(state: Any, _generate: Any) -> Any:
            text = _square(int(state.input_text))
            state.messages.append(ChatMessageAssistant(content=text))
            state.output = ModelOutput.from_content("none", text)
            return state

        return solve

    @scorer(metrics=[accuracy()])
    def good() -> Any:
        async def score(state: Any, _target: Any) -> Any:
            done = await get_model().generate(f"Is {state.output.completion} good?")
            return Score(value="yes" in done.completion)

        return score

    def once() -> object:
        if part == "instant":
            task = Task(dataset=data, solver=instant(), scorer=match())
            return evaluate(task, model="mockllm/model", display="none", log_dir="logs")
        task = Task(dataset=data, solver=generate(), scorer=good())
        return evaluate(
            task, model="openai/gpt-4o-mini", display="none", log_dir="logs", max_samples=CONCURRENCY,
            max_connections=CONCURRENCY,
        )  # fmt: skip

    return once


def _pydantic_evals(part: str, rows: int) -> Callable[[], object]:
    from pydantic_evals import Case, Dataset
    from pydantic_evals.evaluators import Evaluator, EvaluatorContext

    class Exact(Evaluator):
        def evaluate(self, ctx: EvaluatorContext) -> bool:
            return ctx.output == ctx.expected_output

    cases = [Case(name=str(i), inputs=i, expected_output=str(i * i)) for i in range(rows)]
    if part == "instant":
        data = Dataset(name="rows", cases=cases, evaluators=[Exact()])
        return lambda: data.evaluate_sync(_square, progress=False)
    from openai import AsyncOpenAI

    async def asked(text: str) -> str:
        done = await client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": text}])
        return done.choices[0].message.content or ""

    class Good(Evaluator):
        async def evaluate(self, ctx: EvaluatorContext) -> bool:
            return "yes" in await asked(f"Is {ctx.output} good?")

    data = Dataset(name="rows", cases=cases, evaluators=[Good()])
    client: Any = None

    def once() -> object:
        nonlocal client
        client = AsyncOpenAI()  # its connections belong to one event loop
        return data.evaluate_sync(lambda n: asked(str(n)), max_concurrency=CONCURRENCY, progress=False)

    return once


_CHILDREN = {"steelyard": _steelyard, "mlflow": _mlflow, "inspect": _inspect, "pydantic-evals": _pydantic_evals}


# The model


@contextmanager
def _server() -> Any:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, __file__, "--child", "server", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


_VERDICT = json.dumps({"rationale": "It is.", "result": True})


async def _serve(port: int) -> None:
    """Answer every question after the latency: a verdict if a form was asked for, else a word."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            body = json.loads(await reader.readexactly(_length(head)))
            await asyncio.sleep(LATENCY)
            text = _VERDICT if "response_format" in body or "tools" in body else "yes"
            message = {"role": "assistant", "content": text}
            content = json.dumps(
                {
                    "id": "chat-1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": body["model"],
                    "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
                }
            ).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n" % len(content))
            writer.write(content)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length")), 0)


if __name__ == "__main__":
    main()
