"""What only the transformers engine promises, with tiny models of random weights."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from crowdglot.engines.engine import Completion, Message, Request
from crowdglot.engines.settings import EngineSettings
from crowdglot.engines.transformers.chat import Chat, Prompt
from crowdglot.engines.transformers.continuous import Continuous
from crowdglot.engines.transformers.engine import Transformers, open_all
from crowdglot.engines.transformers.rows import choose
from crowdglot.engines.transformers.static import Static
from crowdglot.engines.transformers.workers import Worker
from crowdglot.engines.weights.folders import find
from crowdglot.errors import (
    ConfigurationError,
    ContextTooSmall,
    EngineError,
    EngineUnavailable,
)
from tests.engines.hub_server import COMMIT, served_hub
from tests.engines.questions import question
from tests.engines.tiny_model import (
    CHAT_TEMPLATE,
    make_model,
    make_tokenizer,
    need_transformers,
    save_tiny_model,
)

torch = need_transformers(module=True)
from transformers import AutoModelForCausalLM  # noqa: E402

pytestmark = pytest.mark.server  # torch's and asyncio's own threads and pipes


def engine(model: object, **options: Any) -> Transformers:
    options = {"context": 2048, "devices": ("cpu",), "concurrency": 1} | options
    return Transformers(EngineSettings(kind="transformers", model=str(model), **options))


def ask(made: Transformers, asked: Sequence[Request]) -> list[Completion]:
    """All answers of a fresh engine, asked at once."""

    async def run() -> list[Completion]:
        async with asyncio.timeout(120), made:
            return list(await asyncio.gather(*map(made.complete, asked)))

    return asyncio.run(run())


def refusal(model: object, **options: Any) -> str:
    with pytest.raises(EngineError) as caught:
        ask(engine(model, **options), [])
    words = str(caught.value)
    assert "\n" not in words and words.endswith(".")
    return words


def mixed_questions() -> list[Request]:
    """Different lengths, prefixes, schemas and settings."""
    asked = [question("tea " * (1 + 7 * n), seed=n, max_tokens=6 + 5 * n) for n in range(6)]
    asked.append(Request((Message("user", "Hi."),), {}, asked[0].sampling, 5))
    asked.append(replace(asked[1], schema={}, sampling=replace(asked[1].sampling, max_tokens=30)))
    asked.append(replace(asked[2], sampling=replace(asked[2].sampling, temperature=0.0)))
    return asked


# Batching


def test_an_answer_does_not_depend_on_what_is_asked_beside_it(tiny_model: Path) -> None:
    asked = mixed_questions()
    alone = [ask(engine(tiny_model), [one])[0] for one in asked]
    for concurrency in (3, 16):
        together = ask(engine(tiny_model, concurrency=concurrency), asked)
        assert [one.text for one in together] == [one.text for one in alone]
        assert [one.completion_tokens for one in together] == [
            one.completion_tokens for one in alone
        ]
    assert len({one.text for one in alone}) == len(asked)


def test_one_at_a_time_nothing_that_came_before_counts(tiny_model: Path) -> None:
    asked = mixed_questions()
    alone = ask(engine(tiny_model), [asked[4]])[0]

    async def run() -> list[str]:
        async with engine(tiny_model) as made:
            for one in asked:
                await made.complete(one)
            return [(await made.complete(asked[4])).text for _ in range(2)]

    assert asyncio.run(run()) == [alone.text] * 2


KINDS = {
    "llama": {},
    "qwen3": {"head_dim": 16},
    "mistral": {"sliding_window": 9},
    "gemma3_text": {"head_dim": 16, "sliding_window": 9, "layer_types": None},
    "gpt2": {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 512},
    "mamba": {"num_hidden_layers": 2, "hidden_size": 32},
}


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_those_of_the_whole_text_whatever_joins_and_leaves(kind: str) -> None:
    """Rows join and leave at every step, long ones after short ones, beyond the window's width."""
    sizes = KINDS[kind]
    if kind == "gemma3_text":
        sizes = sizes | {"layer_types": ["sliding_attention", "full_attention"]}
    model = make_model(kind, **sizes).eval()
    draw = torch.Generator().manual_seed(3)
    texts: list[list[int]] = []

    def some(count: int) -> list[int]:
        return torch.randint(0, 250, (count,), generator=draw).tolist()

    with torch.inference_mode():
        rows = choose(model, "cpu", 4)
        assert isinstance(rows, Static if kind == "mamba" else Continuous)
        beginning = some(40)
        lengths = iter([3, 90, 5, 2, 200, 7, 7, 30, 1, 12, 60, 8])
        for step in range(25):
            parts = []
            if texts:
                tokens = some(len(texts))
                for text, token in zip(texts, tokens, strict=True):
                    text.append(token)
                parts.append(rows.step(torch.tensor(tokens)))
                if step % 3 == 2:
                    order = [len(texts) - 1, *range(1, len(texts) - 1)][: len(texts) - 1]
                    rows.keep(order)
                    texts = [texts[at] for at in order]
                    parts = [parts[0][order]] if order else []
            new = []
            room = 0 if rows.static and texts else rows.most_rows - len(texts)
            for _ in range(min(2, room)):
                if length := next(lengths, 0):
                    shared = 40 * (length % 2)
                    new.append(Prompt((*beginning[:shared], *some(length)), shared))
            if new:
                parts.append(rows.join(new))
                texts += [list(prompt.tokens) for prompt in new]
            if not texts:
                break
            found = torch.cat(parts)
            for text, logits in zip(texts, found, strict=True):
                right = model(input_ids=torch.tensor([text]), use_cache=False).logits[0, -1]
                torch.testing.assert_close(logits, right, atol=2e-3, rtol=2e-3)


def test_static_batches_answer_too(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "mamba", "mamba", **KINDS["mamba"])
    asked = [question("tea " * n, seed=n, keys=("A1",)) for n in range(1, 6)]
    for completion in ask(engine(folder, concurrency=2), asked):
        assert list(json.loads(completion.text)) == ["A1"]


def test_a_cancelled_call_frees_its_row(tiny_model: Path) -> None:
    async def run() -> str:
        async with engine(tiny_model, context=4096) as made:
            free = replace(question("x"), schema={"type": "array", "items": {"type": "string"}})
            endless = replace(free, sampling=replace(free.sampling, max_tokens=3000))
            calls = [asyncio.create_task(made.complete(endless)) for _ in range(3)]
            await asyncio.sleep(0.3)
            for call in calls:
                call.cancel()
            async with asyncio.timeout(20):
                return (await made.complete(question(max_tokens=4))).text

    assert asyncio.run(run())


def test_the_event_loop_stays_free_while_it_loads_and_computes(tiny_model: Path) -> None:
    async def run() -> tuple[int, int]:
        made = engine(tiny_model)
        ticks = [0, 0]
        for at, job in enumerate((made.__aenter__, lambda: made.complete(question(seed=2)))):
            task = asyncio.ensure_future(job())
            while not task.done():
                await asyncio.sleep(0.001)
                ticks[at] += 1
            await task
        await made.__aexit__()
        return ticks[0], ticks[1]

    loading, computing = asyncio.run(run())
    assert loading > 3 and computing > 3


def test_leaving_waits_for_the_calls_that_run(tiny_model: Path) -> None:
    async def run() -> str:
        made = engine(tiny_model)
        await made.__aenter__()
        call = asyncio.create_task(made.complete(question(seed=2)))
        await asyncio.sleep(0.05)
        await made.__aexit__()
        assert made._runners == []
        return (await call).text

    assert json.loads(asyncio.run(run()))


# Running out of memory


def scarce(monkeypatch: pytest.MonkeyPatch, most: int, method: str) -> list[int]:
    """Let ``method`` run out of memory with more than ``most`` rows; the sizes that were tried."""
    real, tried = getattr(Continuous, method), []

    def guarded(self: Continuous, rows: Any) -> Any:
        held = self._window.rows if self._window else 0
        size = held + len(rows) if method == "join" else len(rows)
        tried.append(size)
        if size > most:
            raise torch.OutOfMemoryError("CUDA out of memory. (a test)")
        return real(self, rows)

    monkeypatch.setattr(Continuous, method, guarded)
    return tried


@pytest.mark.parametrize("method", ["join", "step"])
def test_out_of_memory_halves_the_batch_and_goes_on(
    method: str, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = mixed_questions()
    right = [one.text for one in ask(engine(tiny_model, concurrency=8), asked)]
    tried = scarce(monkeypatch, 3, method)
    found = [one.text for one in ask(engine(tiny_model, concurrency=8), asked)]
    assert found == right
    # At most 8, 4, then 2; once is enough where not all questions had arrived (6, then 3).
    assert 1 <= sum(size > 3 for size in tried) <= 2


def test_an_answer_that_does_not_fit_alone_is_told(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = scarce(monkeypatch, 10, "join")

    async def run() -> None:
        async with engine(tiny_model, concurrency=2) as made:
            with monkeypatch.context() as patch:
                scarce(patch, 0, "join")
                with pytest.raises(EngineError, match=r"does not hold a single answer.*\.$"):
                    await made.complete(question(max_tokens=4))
            assert (await made.complete(question(max_tokens=4))).text

    asyncio.run(run())
    assert tried


def test_a_fault_of_ours_reaches_every_caller_as_it_is(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with engine(tiny_model, concurrency=2) as made:
            monkeypatch.setattr(Continuous, "step", lambda self, tokens: tokens.nonsense)
            calls = [made.complete(question(seed=seed)) for seed in range(4)]
            for end in await asyncio.gather(*calls, return_exceptions=True):
                assert isinstance(end, AttributeError)
            with pytest.raises(AttributeError):
                await made.complete(question())

    asyncio.run(run())


# Chat templates

ASKED = (Message("system", "Be short."), Message("user", "Hello."))
NO_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}" + CHAT_TEMPLATE
)
DROPS_SYSTEM = CHAT_TEMPLATE.replace(
    "{% for message in messages %}", "{% for message in messages if message.role != 'system' %}"
)


def test_the_template_of_the_tokenizer_is_used() -> None:
    chat = Chat(make_tokenizer(), "m")
    prompt = chat.encode(ASKED)
    whole = make_tokenizer().decode(list(prompt.tokens))
    assert whole == (
        "<|start|>system\nBe short.<|end|>\n<|start|>user\nHello.<|end|>\n<|start|>assistant\n"
    )
    assert prompt.tokens.count(256) == 2  # <|end|> as one token
    head = make_tokenizer().decode(list(prompt.tokens[: prompt.shared]))
    assert head == "<|start|>system\nBe short.<|end|>\n"
    assert chat.decode([*prompt.tokens[-3:], 256]) == "nt\n"


@pytest.mark.parametrize("template", [NO_SYSTEM, DROPS_SYSTEM])
def test_without_a_system_role_its_text_heads_the_first_message(template: str) -> None:
    tokenizer = make_tokenizer(template)
    whole = tokenizer.decode(list(Chat(tokenizer, "m").encode(ASKED).tokens))
    assert whole == "<|start|>user\nBe short.\n\nHello.<|end|>\n<|start|>assistant\n"


def test_no_template_and_one_that_refuses(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "base", template=None)
    assert refusal(folder).startswith("base: this model has no chat template")
    picky = Chat(make_tokenizer("{{ raise_exception('never') }}"), "picky")
    with pytest.raises(EngineError, match=r"picky: its chat template refuses .*never"):
        picky.encode(ASKED)


def test_log_probabilities_are_those_of_the_model_alone(tiny_model: Path) -> None:
    """Neither the schema nor the sampling shows in them, whatever is computed in one batch."""
    asked = mixed_questions()
    chat = Chat(make_tokenizer(), "m")
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    told = ask(engine(tiny_model, concurrency=4), [replace(one, logprobs=3) for one in asked])
    plain = ask(engine(tiny_model, concurrency=4), asked)
    assert [one.text for one in told] == [one.text for one in plain]
    assert {one.logprobs for one in plain} == {()}
    for request, answer in zip(asked, told, strict=True):
        with torch.inference_mode():
            tokens = torch.tensor([chat.encode(request.messages).tokens])
            right = model(input_ids=tokens).logits[0, -1].log_softmax(-1).topk(3)
        names = [chat.decode([token], special=True) for token in right[1].tolist()]
        assert [token for token, _ in answer.logprobs] == names
        found = torch.tensor([value for _, value in answer.logprobs])
        torch.testing.assert_close(found, right[0], atol=2e-3, rtol=2e-3)


def test_how_likely_lines_are_comes_from_the_model_alone(tiny_model: Path) -> None:
    """Whatever texts are read beside them, and however many tokens a character has."""
    texts = (
        "Talk.\nA: Où est-il ? 你好\nB: 🙂🙂 no.\nA: " + "Well. " * 60 + "\n",
        "Talk.\nB: 🙂🙂 no.\n",
        "Talk.\nA: 你\n",
    )
    request = replace(
        question(), messages=tuple(Message("user", text) for text in texts), scored=True
    )
    (answer,) = ask(engine(tiny_model), [request])
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_model), make_tokenizer()
    right, count = [], 0
    for text in texts:
        tokens = torch.tensor([tokenizer(text)["input_ids"]])
        with torch.inference_mode():
            told = model(input_ids=tokens).logits[0, :-1].log_softmax(-1)
        likely = told.gather(-1, tokens[0, 1:, None])[:, 0]
        count += tokens.shape[1]
        first, *lines = text.removesuffix("\n").split("\n")
        at = len(f"{first}\n".encode()) - 1  # each byte is a token, and the first has no figure
        for line in lines:
            length = len(f"{line}\n".encode())
            right.append((line, likely[at : at + length].mean().item(), length))
            at += length
        assert at == len(likely)
    assert answer.text == "" and answer.prompt_tokens == count
    assert [line for line, _ in answer.logprobs] == [line for line, _, _ in right]
    assert [one for _, one in answer.logprobs] == pytest.approx([one for _, one, _ in right], 1e-4)
    assert answer.prompt_logprob == pytest.approx(sum(one * many for _, one, many in right), 1e-4)


def test_a_text_that_the_context_does_not_hold_is_refused(tiny_model: Path) -> None:
    long = Message("user", "Talk.\n" + "A: Well.\n" * 60)
    request = replace(question(), messages=(Message("user", "Talk.\nA: 1\n"), long), scored=True)
    with pytest.raises(ContextTooSmall, match="takes 256"):
        ask(engine(tiny_model, context=256), [request])


# Grammars


def test_a_text_holds_no_control_character_and_no_special_token(tiny_model: Path) -> None:
    asked = [
        replace(
            question(seed=seed, max_tokens=60),
            schema={"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        )
        for seed in range(6)
    ]
    for completion in ask(engine(tiny_model, concurrency=6), asked):
        text = completion.text
        json.loads(text if completion.finish_reason == "stop" else _closed(text))
        assert not [letter for letter in text if ord(letter) < 32]


def _closed(text: str) -> str:
    """A cut text made whole, without what an escape left open."""
    inner = text.removeprefix('{"a": "').rstrip("�")
    return json.dumps({"a": inner})


def test_a_schema_that_xgrammar_does_not_know_is_an_error(tiny_model: Path) -> None:
    async def run() -> None:
        async with engine(tiny_model) as made:
            with pytest.raises(EngineError, match=r"refuses the schema.*nonsense"):
                await made.complete(replace(question(), schema={"type": "nonsense"}))
            assert (await made.complete(question(max_tokens=4))).text

    asyncio.run(run())


# Where models come from


def test_a_folder_is_named_by_its_last_part_and_its_content(tiny_model: Path) -> None:
    async def run() -> tuple[str, str]:
        async with engine(tiny_model) as made:
            return made.model, made.revision

    name, revision = asyncio.run(run())
    assert name == "tiny-chat"
    assert revision.startswith("sha256:") and len(revision) == 23


def test_what_cannot_be_loaded(tmp_path: Path, tiny_model: Path) -> None:
    assert "is no model for transformers" in refusal("qwen")
    assert "is no model for transformers" in refusal("")
    assert "no such file" in refusal(tmp_path / "none.gguf")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "cannot load this model" in refusal(empty)
    for name, config in (
        ("odd", {"model_type": "of_another_world"}),
        ("own", {"model_type": "own", "auto_map": {"AutoConfig": "code.Config"}}),
    ):
        folder = tmp_path / name
        folder.mkdir()
        for file in tiny_model.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "code.py").write_text("raise SystemExit('run')")
        words = "needs code of its own" if name == "own" else "cannot load this model"
        assert words in refusal(folder)
    pickled = save_tiny_model(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    assert "cannot load this model" in refusal(pickled)


def test_options_that_are_wrong(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"engine\.devices names 'cuda:99'.*cpu"):
        ask(engine(tiny_model, devices=("cuda:99",)), [])
    monkeypatch.setitem(sys.modules, "xgrammar", None)
    assert "crowdglot[transformers]" in refusal(tiny_model)


def test_other_number_formats(tiny_model: Path) -> None:
    (answer,) = ask(engine(tiny_model, dtype="bfloat16"), [question(keys=("A1",))])
    assert list(json.loads(answer.text)) == ["A1"]


_HUB = """
import asyncio, json, sys
from crowdglot.errors import EngineError
from crowdglot.engines.settings import EngineSettings
from crowdglot.engines.transformers.engine import Transformers
from tests.engines.questions import question

async def run(model):
    settings = EngineSettings(
        kind="transformers", model=model, context=1024, devices=("cpu",), concurrency=1
    )
    async with Transformers(settings) as engine:
        answer = await engine.complete(question(max_tokens=4))
        return [engine.model, engine.revision, answer.text]

for model in sys.argv[1:]:
    try:
        print(json.dumps(asyncio.run(run(model))))
    except EngineError as error:
        print(json.dumps([type(error).__name__, str(error), ""]))
"""


def ask_hub(url: str, folder: Path, models: Sequence[str]) -> list[list[str]]:
    environment = os.environ | {
        "HF_ENDPOINT": url,
        "HF_HOME": str(folder / "hf"),
        "CROWDGLOT_CACHE": str(folder / "cache"),
    }
    environment.pop("HF_TOKEN", None)
    command = [sys.executable, "-c", _HUB, *models]
    ran = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.slow
def test_a_hub(tiny_model: Path, tmp_path: Path) -> None:
    files = {file.name: file.read_bytes() for file in tiny_model.iterdir()}
    files["pytorch_model.bin"] = b"never asked for"
    models = ["org/fake", f"org/fake@{COMMIT}", "org/none", "org/gated", "org/fake@nope"]
    with served_hub(files) as url:
        answers = ask_hub(url, tmp_path, models)
    assert [answer[:2] for answer in answers[:2]] == [["org/fake", COMMIT]] * 2
    assert answers[0][2] == answers[1][2] != ""
    for answer, words in zip(
        answers[2:], ["no such repository", "gated", "no such revision"], strict=True
    ):
        assert answer[0] == "EngineError" and words in answer[1]
    assert not list(tmp_path.rglob("pytorch_model.bin"))
    # The server is gone: what was fetched is still found, the rest is one sentence.
    offline = ask_hub(url, tmp_path, ["org/fake", "org/other"])
    assert offline[0] == answers[0]
    assert offline[1][0] == "EngineUnavailable" and "cannot be reached" in offline[1][1]


@pytest.mark.slow
def test_a_gguf_file(small_model: Path) -> None:
    async def run() -> tuple[Completion, str, str]:
        async with engine("smollm2-135m-instruct", concurrency=2) as made:
            return await made.complete(question()), made.model, made.revision

    completion, model, revision = asyncio.run(run())
    assert list(json.loads(completion.text)) == ["A1", "B1"]
    assert (model, revision) == ("smollm2-135m-instruct", "sha256:b179c9523d0e6a0f")


# Several devices


@pytest.mark.slow
def test_several_devices_share_the_work_and_one_that_dies_is_told(tiny_model: Path) -> None:
    asked = mixed_questions()
    right = [one.text for one in ask(engine(tiny_model, concurrency=2), asked)]

    async def run() -> None:
        pair = engine(tiny_model, concurrency=4, devices=("cpu", "cpu"))
        async with asyncio.timeout(240), pair as made:
            processes = [runner._process for runner in made._runners]  # type: ignore[attr-defined]
            assert len({process.pid for process in processes}) == 2
            call = asyncio.create_task(made.complete(question(seed=99)))
            await asyncio.sleep(0.01)
            call.cancel()
            answers = await asyncio.gather(*map(made.complete, asked))
            assert [one.text for one in answers] == right
            assert made._loads == [0, 0]
            with pytest.raises(EngineError, match="tokens"):
                await made.complete(question("word " * 4000))

            calls = [asyncio.create_task(made.complete(question(seed=n))) for n in range(4)]
            await asyncio.sleep(0.02)
            os.kill(processes[0].pid, signal.SIGKILL)
            ends = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(end) for end in ends} == {EngineUnavailable, Completion}
            with pytest.raises(EngineUnavailable, match=r"has ended \(exit code -9\)"):
                await made.complete(question(max_tokens=2))

    asyncio.run(run())


@pytest.mark.slow
def test_what_a_process_cannot_load_is_told_here(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "base", template=None)
    opened: list[str] = []

    class Opened:
        def submit(self, request: Request) -> Any: ...

        def close(self) -> None:
            opened.append("closed")

    with pytest.raises(EngineError, match="no chat template"):
        open_all([Opened, partial(Worker, find(str(folder)), 1, EngineSettings(), "cpu")])
    assert opened == ["closed"]
