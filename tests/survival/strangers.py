"""What a stranger, or an earlier version, may have left in a dataset's folder."""

import json
from pathlib import Path
from zlib import crc32

from crowdglot.datasets.journal import Journal, encode
from crowdglot.datasets.shards import Shard, read_calls
from tests.survival.bench import Bench, Figures, demand, demand_sentence, paid


def poisoned_journal(bench: Bench) -> Figures:
    """Half a surrogate pair in answers that were paid for, and lines of anything: it heals."""
    recipe = bench.recipe("poisoned", 60)
    bench.complete(recipe)
    folder, shard = Path(recipe["output"]), Shard("fr", 1, 10, 10)
    calls = read_calls(folder, shard)
    for path in (shard.accepted(folder), shard.rejected(folder)):
        path.unlink()
    with Journal(shard.journal(folder)) as journal:
        for call in calls:
            fields = json.loads(encode(call).partition(b" ")[2])
            journal.append(_line(json.dumps(fields | {"revision": "\ud800"})))
            journal.append(_line('{"key": null}'))
            journal.append(_line("[" * 5_000))
    seen = len(bench.server.asked)
    attempt = bench.runner.finish(recipe)
    demand(attempt.code == 0, f"it ended with {attempt.code}: {attempt.said}")
    demand(len(bench.server.asked) == seen, "what lay in the journal was asked again")
    return paid(bench.server, healed=len(calls))


def links_out(bench: Bench) -> Figures:
    """A link out of the folder, wherever it is: one sentence, and nothing outside is changed."""
    recipe = bench.recipe("links", 20)
    folder = Path(recipe["output"])
    precious = folder.parent / "precious"
    names = (".lock", "report.html", "journal/fr/train-00000.jsonl", "data/fr", "rejected")
    folder.mkdir(parents=True)
    precious.write_text("precious")
    for name in names:
        link = folder / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(precious)
        attempt = bench.runner.finish(recipe)
        demand(attempt.code == 2, f"{name}: it ended with {attempt.code}")
        demand_sentence(attempt.said, "is a link")
        demand(precious.read_text() == "precious", f"{name}: it was written through the link")
        link.unlink()
    for part in ("journal/fr", "data", "journal"):
        (folder / part).rmdir()
    bench.complete(recipe)
    return paid(bench.server, links=len(names))


def _line(body: str) -> bytes:
    return b"%08x %s\n" % (crc32(body.encode()), body.encode())


CHECKS = {"poisoned journal": poisoned_journal, "links out of the folder": links_out}
