"""The estimate: by a pilot's own figures, by language, of what is still missing."""

import pytest

from crowdglot.command.output.tables import print_estimate
from crowdglot.writing.estimate import estimate
from tests.writing.builders import Canned, fill, good, make_opened


def test_a_pilot_tells_what_the_rest_costs(tmp_path, capsys):
    pilot = make_opened(tmp_path / "pilot")
    bad = set()

    def write(request):
        # Every French draft is rejected once.
        french = "French" in request.messages[-1].content
        key = request.messages[-1].content
        if french and key not in bad:
            bad.add(key)
            return "no"
        return good(request)

    fill(pilot, Canned(write))
    whole = make_opened(tmp_path / "whole", "dialogues_per_language=1000", "engine.concurrency=4")
    costs = estimate(whole, pilot.folder)
    assert {tag: (cost.dialogues, cost.drafts) for tag, cost in costs.items()} == {
        "fr": (1000, 2000.0),
        "es": (1000, 1000.0),
    }
    assert costs["fr"].prompt_tokens == 2000 * 10
    assert costs["es"].completion_tokens == 1000 * 5
    assert costs["es"].hours == pytest.approx(1000 * 0.01 / 4 / 3600)
    print_estimate(whole, pilot.folder, price_in=1.0, price_out=2.0)
    told = capsys.readouterr().out
    assert "In all 45,000 tokens" in told
    assert "Price: 0.06" in told
    assert "rule of thumb" not in told
    # What is there already is not asked again.
    assert sum(cost.drafts for cost in estimate(pilot).values()) == 0


def test_without_a_pilot_the_rule_is_told(tmp_path, capsys):
    opened = make_opened(tmp_path / "d")
    costs = estimate(opened)
    assert all(not cost.measured and cost.drafts == 12 for cost in costs.values())
    best = make_opened(tmp_path / "best", "meaning=bundled", "choice.candidates=3")
    assert {cost.drafts for cost in estimate(best).values()} == {36}
    assert all(3000 < cost.prompt_tokens < 30_000 for cost in costs.values())
    print_estimate(opened)
    assert "rule of thumb" in capsys.readouterr().out
    assert not opened.folder.exists()


def test_what_is_not_estimated_is_said(tmp_path, capsys):
    print_estimate(make_opened(tmp_path / "d", "pool.iterations=2", "events=small_talk"))
    assert "2 iterations of the pool are not in it" in " ".join(capsys.readouterr().out.split())
