"""datatrove: ``InferenceRunner`` with ``server_type="endpoint"``, one task, plain JSON lines.

The runner has a client of its own for servers on loopback (one connection a question); for all
others it takes the openai client. Without checkpoints a run that is killed begins anew;
``resumable`` turns them on.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.inference.types import InferenceResult
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from benchmarks.peers.work import begin, finish, given, tell


def as_document(_reader: Any, body: dict[str, Any], path: str, number: int | str) -> dict[str, Any]:
    """A question as a document: its last message the text, the whole of it beside."""
    text = body["messages"][-1]["content"]
    return {"id": f"{path}/{number}", "text": text, "metadata": {"body": body}}


async def ask(
    document: Document, generate: Callable[[dict[str, Any]], Awaitable[InferenceResult]]
) -> InferenceResult:
    """One question; its body is not stored with the answer."""
    return await generate(document.metadata.pop("body"))


def main() -> None:
    """Ask and store."""
    work = given()
    answers = work.folder / "answers"
    runner = InferenceRunner(
        rollout_fn=ask,
        config=InferenceConfig(
            server_type="endpoint",
            model_name_or_path="stub",
            endpoint_url=work.base_url.removesuffix("/v1"),
            max_concurrent_generations=work.concurrency,
        ),
        output_writer=JsonlWriter(str(answers), "${rank}-${chunk_index}.jsonl", compression=None),
        checkpoints_local_dir=str(work.folder / "checkpoints") if work.resumable else None,
    )
    reader = JsonlReader(
        str(work.questions.parent), glob_pattern=work.questions.name, adapter=as_document
    )
    executor = LocalPipelineExecutor([reader, runner], logging_dir=str(work.folder / "logs"))
    begun = begin()
    executor.run()
    finished = finish(begun)
    lines = [line for path in answers.iterdir() for line in path.read_bytes().splitlines()]
    rows = map(json.loads, lines)
    tell(finished, sum(bool(row["metadata"]["rollout_results"][0]["text"]) for row in rows))


if __name__ == "__main__":
    main()
