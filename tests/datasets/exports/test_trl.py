"""TRL reads its exports: two steps of training, and what is learnt, with a model of nonsense."""

import warnings
from importlib.util import find_spec

import pytest
import yaml

from crowdglot.datasets.exports.making.exporting import export_dataset
from tests.builders import FRENCH
from tests.datasets.report.dataset import row, write_dataset
from tests.engines.tiny_model import need_transformers, save_tiny_model

torch = need_transformers(module=True)
if not find_spec("trl"):
    pytest.skip("trl is not installed: make trl", allow_module_level=True)

pytestmark = [pytest.mark.ci, pytest.mark.filterwarnings("ignore")]
GEMMA_LIKE = (
    "{% for message in messages %}{% if message.role == 'system' or "
    "(message.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles') }}{% endif %}"
    "<|start|>{{ message.role }}\n{{ message.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    rows = [row(number, [f"{text} {number}" for text in FRENCH]) for number in range(12)]
    for number in range(12):
        worse = [f"Pire {number} {at}" for at in range(6)]
        rows.append(row(number, worse, reason="surplus.better") | {"attempt": 1})
    return write_dataset(tmp_path_factory.mktemp("trl") / "d", rows)


def load(made, file, monkeypatch):
    """The data as ``trl --config`` loads it, and the length it sets."""
    from trl.scripts.utils import DatasetMixtureConfig, get_dataset

    settings = yaml.safe_load((made.folder / file).read_text("utf-8"))
    monkeypatch.chdir(made.folder)
    loaded = get_dataset(DatasetMixtureConfig(datasets=settings["datasets"]))
    return loaded["train"], settings["max_length"]


def options(folder, **more):
    quiet = {"report_to": "none", "save_strategy": "no", "use_cpu": True, "disable_tqdm": True}
    return {
        "output_dir": str(folder), "max_steps": 2, "per_device_train_batch_size": 2, "bf16": False,
        "logging_steps": 1, **quiet, **more,
    }  # fmt: skip


@pytest.mark.parametrize("folded", [False, True])
def test_sft_learns_the_speaker_and_nobody_else(dataset, tmp_path, monkeypatch, folded):
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    made = export_dataset(dataset, "trl-sft", str(tmp_path / "out"), folded=folded)
    rows, room = load(made, "trl_sft.yaml", monkeypatch)
    extra = {"template": GEMMA_LIKE} if folded else {}
    model = str(save_tiny_model(tmp_path / "m", **extra))
    settings = SFTConfig(**options(tmp_path / "t", max_length=4 * room))  # a token is a byte here
    trainer = SFTTrainer(model=model, args=settings, train_dataset=rows)
    learnt = next(iter(trainer.get_train_dataloader()))
    tokenizer = AutoTokenizer.from_pretrained(model)
    said = {one["content"] for each in rows["completion"] for one in each}
    for ids, labels in zip(learnt["input_ids"], learnt["labels"], strict=True):
        text = tokenizer.decode(ids[labels != -100])
        assert text.split("<|end|>")[0] in said
        assert "<|end|>" in text  # where to stop is learnt too
    assert torch.isfinite(torch.tensor(trainer.train().training_loss))


def test_dpo_tells_the_two_apart(dataset, tmp_path, monkeypatch):
    from trl import DPOConfig, DPOTrainer

    made = export_dataset(dataset, "trl-dpo", str(tmp_path / "out"))
    rows, room = load(made, "trl_dpo.yaml", monkeypatch)
    model = str(save_tiny_model(tmp_path / "m"))
    settings = DPOConfig(**options(tmp_path / "t", max_length=4 * room, learning_rate=1e-3))
    trainer = DPOTrainer(model=model, args=settings, train_dataset=rows)
    trainer.train()
    margins = [log["rewards/margins"] for log in trainer.state.log_history if "loss" in log]
    assert margins[0] == pytest.approx(0, abs=1e-5) and margins[1] != 0


def test_messages_are_conversations_to_trl(dataset, tmp_path):
    from datasets import load_dataset
    from trl.data_utils import apply_chat_template, is_conversational

    from tests.engines.tiny_model import make_tokenizer

    made = export_dataset(dataset, "messages", str(tmp_path / "out"))
    rows = load_dataset(
        "json", data_files=str(made.folder / "train.jsonl"), split="train",
        cache_dir=str(tmp_path / "c"),
    )  # fmt: skip
    assert is_conversational(rows[0])
    with warnings.catch_warnings():
        told = apply_chat_template({"messages": rows[0]["messages"]}, make_tokenizer())
    assert told["text"].count("<|start|>assistant") >= 2
