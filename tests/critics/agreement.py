"""How far each critic agrees with dialogues that were labelled by hand.

``python -m tests.critics.agreement`` prints, for each critic, how many bad dialogues it finds and
how many good ones it keeps, and each one where it disagrees with the label.
"""

import tomllib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from crowdglot.critics import CRITICS, MEANING, load_critics
from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.dialogues.draft import parse
from crowdglot.dialogues.readers import read_demonstrations
from crowdglot.engines.embedding.bundled import missing
from crowdglot.personas.persona import Persona
from tests.builders import dialogue, shown

HERE = Path(__file__).parent


@dataclass
class Agreement:
    """Of one critic: found of all bad ones, kept of all good ones, languages, disagreements."""

    found: int = 0
    bad: int = 0
    kept: int = 0
    good: int = 0
    languages: dict[bool, set[str]] = field(default_factory=lambda: {True: set(), False: set()})
    wrong: list[str] = field(default_factory=list)

    @property
    def share(self):
        return (self.found + self.kept) / (self.bad + self.good)


def tables(name):
    """The tables of a TOML file beside this one."""
    return tomllib.loads((HERE / name).read_text("utf-8"))


def with_scenario(made, told):
    """``made`` with what a table says of its scenario."""
    scenario = made.scenario
    ground = replace(
        scenario.common_ground,
        premise=told.get("premise", scenario.common_ground.premise),
        relation=told.get("relation", "friends"),
        knows=told.get("knows", "most"),
    )
    personas = tuple(Persona(tuple(facts)) for facts in told.get("personas", ()))
    return replace(made, scenario=replace(
        scenario, common_ground=ground, names=tuple(told.get("names", scenario.names)),
        personas=personas or scenario.personas,
    ))  # fmt: skip


def of_meaning(told):
    """The dialogue of one table of meaning.toml."""
    examples = [one for one in read_demonstrations("bundled") if one.event == told.get("shown")]
    made = dialogue(told["turns"], told["language"], demonstrations=examples)
    # Premises call the speakers A and B.
    return with_scenario(made, {"names": ("A", "B")} | told)


def of_form(told, good):
    """The dialogue of one table of labelled.toml, changed as it says."""
    base = good[told["of"]] if "of" in told else told
    turns = list(base["turns"])
    for number, text in told.get("change", {}).items():
        turns[int(number) - 1] = text
    examples = [shown(*told["shown"])] if "shown" in told else []
    made = with_scenario(dialogue(turns, base["language"], demonstrations=examples), base | told)
    if "draft" in told:
        return parse(told["draft"], made.scenario)
    if "order" in told:
        pairs = zip(told["order"], turns, strict=False)
        return Dialogue(made.scenario, tuple(Turn(who, text) for who, text in pairs))
    return made


def cases():
    """(critic, language, what it is called, dialogue, reason or None), as labelled."""
    form = tables("labelled.toml")
    good = {told["id"]: told for told in form["good"]}
    for told in form["good"]:
        for critic in CRITICS:
            yield critic, told["language"], told["id"], of_form(told, good), None
    for told in form["bad"]:
        name = f"{told['of']} {told.get('change', told.get('draft', told.get('order')))}"
        language = good[told["of"]]["language"]
        yield told["critic"], language, name, of_form(told, good), told["reason"]
    if missing():
        return
    for told in tables("meaning.toml")["dialogues"]:
        label = told.get("label", told["expected"])
        for critic in MEANING:
            if critic in label or not label:
                name = f"{told['language']} {told['name']}"
                yield critic, told["language"], name, of_meaning(told), label.get(critic)


@cache
def agreements():
    """Critic to its agreement with the labels; those of meaning only where the model is here."""
    judges = dict(zip((*CRITICS, *MEANING), load_critics(meaning=True), strict=True))
    every = defaultdict(Agreement)
    for critic, language, name, made, label in cases():
        told, verdict = every[critic], judges[critic].judge(made)
        told.languages[label is None].add(language)
        right = verdict.reason == label
        if label is None:
            told.good += 1
            told.kept += right
        else:
            told.bad += 1
            told.found += right
        if not right:
            told.wrong.append(f"{name}: {label or 'good'}, judged {verdict.reason or 'good'}")
    return dict(every)


def main():
    """Print the table and the disagreements."""
    print(f"{'critic':20}{'found':>9}{'kept':>9}{'agreement':>11}  languages of the bad ones")
    for critic, told in agreements().items():
        found, kept = f"{told.found}/{told.bad}", f"{told.kept}/{told.good}"
        languages = " ".join(sorted(told.languages[False]))
        print(f"{critic:20}{found:>9}{kept:>9}{told.share:>11.1%}  {languages}")
    for critic, told in agreements().items():
        for wrong in told.wrong:
            print(f"{critic}: {wrong:.150}")


if __name__ == "__main__":
    main()
