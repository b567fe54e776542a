"""curator: ``LLM`` with the openai backend (its own aiohttp client), sampling and schema by row.

The limits a minute are lifted, so that nothing holds it but the number of calls at one time. The
schema goes with the row and not as a pydantic model: this spares it the validation of each answer.
It keeps every answer for a later run by itself; ``resumable`` changes nothing.
"""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.peers.work import begin, finish, given, tell

WITHOUT_END = 10**9


def use_packed_tokenizer() -> None:
    """It counts each question's tokens by a vocabulary that it would fetch; litellm carries it."""
    package = find_spec("litellm")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "litellm_core_utils/tokenizers"
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)


def main() -> None:
    """Ask and store."""
    work = given()
    use_packed_tokenizer()
    from bespokelabs import curator
    from datasets import Dataset

    class Ask(curator.LLM):
        def prompt(self, row: dict[str, Any]) -> list[dict[str, str]]:
            return row["messages"]

    rows = []
    for line in work.questions.read_bytes().splitlines():
        body = json.loads(line)
        messages = body.pop("messages")
        rows.append({"messages": messages, "generation_params": json.dumps(body)})
    model = Ask(
        model_name="stub",
        backend="openai",
        backend_params={
            "base_url": work.base_url,
            "api_key": "none",
            "max_concurrent_requests": work.concurrency,
            "max_requests_per_minute": WITHOUT_END,
            "max_tokens_per_minute": WITHOUT_END,
        },
    )
    begun = begin()
    answers = model(Dataset.from_list(rows), working_dir=str(work.folder)).dataset
    finished = finish(begun)
    tell(finished, sum(bool(row["response"]) for row in answers))


if __name__ == "__main__":
    main()
