"""Exports: a dataset in the shapes that trainers read. One module an export.

A module's name is the format's name here, with "-" for "_"; its ``EXPORT`` is an
``making.export.Export``. Every record is a line of JSON with the same keys.
"""

from collections.abc import Mapping

EXPORTS: Mapping[str, str] = {
    "messages": "chat messages, a view a line",
    "trl-sft": "TRL's SFTTrainer: prompt and completion, an answer a line",
    "trl-dpo": "TRL's DPOTrainer: prompt, chosen, rejected, a pair of whole dialogues a line",
    "sharegpt": "ShareGPT conversations, a view a line",
    "llama-factory": "LLaMA-Factory, with its dataset_info.json",
    "axolotl": "axolotl's chat_template, with the lines for its YAML",
    "parlai": "ParlAI's Conversations format, with its metadata",
    "personachat-json": "the PersonaChat JSON of Hugging Face's transfer-learning-conv-ai",
    "selection": "response selection among 20 candidates, an answer a line",
}
