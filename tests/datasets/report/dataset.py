"""Small datasets for tests of the report: rows of our schema, written as shards are."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

from crowdglot.critics import Verdict
from crowdglot.datasets.folder import FORMAT
from crowdglot.datasets.record import SCHEMA, to_row
from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.dialogues.prompt import told_of
from crowdglot.engines.calls import Call, Draft, Key
from crowdglot.engines.engine import Completion, Sampling
from crowdglot.scenarios.event import read_event
from tests.builders import FRENCH, scenario

ARABIC = (
    "هل رأيت المطر هذا الصباح؟ كنا نريد الذهاب إلى الشاطئ.",
    "لا تذكرني، لقد رتبت السلة مرتين منذ الفجر.",
    "ما رأيك أن ننتقل إلى بيت أختي؟ عندها شرفة واسعة.",
    "فكرة جميلة، لكن يجب أن نخبرها قبل وصول الآخرين.",
)


def row(
    number, texts=FRENCH, *, tag="fr", event="catching_up", reason="", evidence="", draft="{}",
    form="full", **changes,
):  # fmt: skip
    """A row; rejected if it has a reason, given as "critic.reason"; ``form``: of the prompt."""
    asked = replace(scenario(tag, len(texts), index=number), event=read_event(event))
    turns = tuple(Turn(who, text) for who, text in zip(asked.order, texts, strict=True))
    critic, _, why = reason.partition(".")
    completion = Completion(draft, "stop", 100, 50, 0.5)
    seed = number * 7919 % 2**31
    call = Call(Key(number, 0), "0f", seed, "canned", "a-model", "1", completion, 1.7e9)
    made_of = Draft(number, 0, (call,))
    verdicts = [Verdict(critic, why, evidence, 1.0)] if reason else []
    said = Dialogue(asked, turns, told=told_of(asked, form))
    made = to_row(made_of, said, Sampling(0.8), verdicts)
    return made | {"id": f"{tag}-{number}"} | changes


def write_dataset(folder, rows, name="test", **recipe):
    """A dataset's folder with one shard a language."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.toml").write_text(
        tomli_w.dumps({"name": name, "format": FORMAT, **recipe}), "utf-8"
    )
    for part in ("data", "rejected"):
        chosen = [row for row in rows if bool(row["reason"]) == (part == "rejected")]
        for tag in sorted({row["language"] for row in rows}):
            path = folder / part / tag / "train-00000.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            own = [row for row in chosen if row["language"] == tag]
            pq.write_table(pa.Table.from_pylist(own, schema=SCHEMA), path, compression="zstd")
    return folder
