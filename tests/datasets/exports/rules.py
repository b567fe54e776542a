"""What the tools' own documentation asks of a file, written down again and apart from our exports.

Each function reads the files of an export as its tool does and returns the turns to learn: the
texts before one, and the one. It raises AssertionError where the tool would drop or misread a row.
"""

import json

import yaml


def lines(path):
    """Records as a reader sees them that takes whatever Python takes for the end of a line."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def alternating(messages, *, role="role", content="content", user="user", assistant="assistant"):
    """One system message at most, then user and assistant by turns, ending with the assistant."""
    assert all(set(message) == {role, content} for message in messages)
    assert all(isinstance(m[content], str) and m[content].strip() for m in messages)
    said = messages[1:] if messages[0][role] == "system" else messages
    assert len(said) >= 2 and len(said) % 2 == 0
    assert [message[role] for message in said] == [user, assistant] * (len(said) // 2)
    return [message[content] for message in said]


def of_messages(record):
    return alternating(record["messages"])


of_axolotl = of_messages


def of_sharegpt(record):
    return alternating(
        record["conversations"], role="from", content="value", user="human", assistant="gpt"
    )


def of_trl_sft(record):
    assert record["prompt"][-1]["role"] == "user" and len(record["completion"]) == 1
    return alternating([*record["prompt"], *record["completion"]])


def of_trl_dpo(record):
    assert record["prompt"][-1]["role"] == "user"
    assert record["chosen"] != record["rejected"]
    alternating([*record["prompt"], *record["rejected"]])
    return alternating([*record["prompt"], *record["chosen"]])


def of_llama_factory(record):
    assert isinstance(record["system"], str)
    assert all(one["from"] != "system" for one in record["conversations"])
    return of_sharegpt(record)


def of_parlai(record):
    """As ParlAI's ConversationTeacher: pairs flattened, the second speaker's turns are labels."""
    turns = [act for pair in record["dialog"] for act in pair]
    assert all(set(act) == {"id", "text"} and act["text"] == act["text"].strip() for act in turns)
    assert "context" not in {act["id"] for act in turns}
    turns.insert(0, {"id": "", "text": "__SILENCE__"})
    examples = list(zip(turns[1::2], turns[2::2], strict=False))
    assert examples and all(x["id"] == "other" and y["id"] == "self" for x, y in examples)
    assert examples[0][0]["text"].startswith("your persona: ")
    return [text["text"] for pair in examples for text in pair]


def of_selection(record):
    candidates = record["candidates"]
    assert len(candidates) == len(set(candidates)) == 20 and 0 <= record["label"] < 20
    assert record["persona"] and len(record["history"]) == record["turn"]
    return [*record["history"], candidates[record["label"]]]


def of_personachat_json(record):
    assert set(record) == {"personality", "utterances"} and record["personality"]
    for one in record["utterances"]:
        assert set(one) == {"history", "candidates"} and len(one["candidates"]) == 20
        assert len(one["history"]) % 2 == 1  # the last thing said is the other's
    last = record["utterances"][-1]
    return [*last["history"], last["candidates"][-1]]


def check_llama_factory(folder):
    """dataset_info.json names every file, with tags for what stands in them."""
    info = json.loads((folder / "dataset_info.json").read_text("utf-8"))
    for entry in info.values():
        assert entry["formatting"] == "sharegpt"
        tags, columns = entry["tags"], entry["columns"]
        for record in lines(folder / entry["file_name"]):
            assert isinstance(record[columns["system"]], str)
            for at, one in enumerate(record[columns["messages"]]):
                told = one[tags["role_tag"]], (tags["user_tag"], tags["assistant_tag"])[at % 2]
                assert told[0] == told[1] and one[tags["content_tag"]]
    settings = yaml.safe_load((folder / "llama_factory.yaml").read_text("utf-8"))
    assert settings["dataset"] in info and settings.get("eval_dataset", "") in {"", *info}


def check_axolotl(folder):
    """The YAML names columns and keys that are there."""
    settings = yaml.safe_load((folder / "axolotl.yaml").read_text("utf-8"))
    for source in (*settings["datasets"], *settings.get("test_datasets", ())):
        assert (source["ds_type"], source["type"]) == ("json", "chat_template")
        named = source["message_property_mappings"]
        for record in lines(folder / source["path"]):
            for message in record[source["field_messages"]]:
                assert message[named["role"]] in ("system", "user", "assistant")
                assert isinstance(message[named["content"]], str)


def check_parlai(folder):
    """Each file has its metadata, with all that ParlAI looks for in it."""
    for path in folder.glob("crowdglot_*.jsonl"):
        assert path.stem in ("crowdglot_train", "crowdglot_valid", "crowdglot_test")
        facts = json.loads(path.with_suffix(".metadata").read_text("utf-8"))
        assert {"date", "opt", "self_chat", "speakers", "version"} <= set(facts)
        assert isinstance(facts["opt"], dict)


def check_trl(folder, command):
    settings = yaml.safe_load((folder / f"trl_{command}.yaml").read_text("utf-8"))
    for source in settings["datasets"]:
        assert source["path"] == "json"
        assert all(lines(folder / file) for file in source["data_files"].values())
        assert source["split"] in source["data_files"]
    return settings
