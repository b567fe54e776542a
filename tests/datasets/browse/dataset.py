"""A small dataset to browse: right to left, without blanks, several drafts of one scenario."""

from tests.builders import FRENCH
from tests.datasets.report.dataset import ARABIC, row, write_dataset

CHINESE = (
    "你看到今天的天气了吗？我们本来想去湖边野餐。",
    "别提了，今天早上我已经把篮子收拾了两遍。",
    "要不我们都去我姐姐家吧，她有一个很大的阳台。",
    "好主意，不过得在其他人到之前告诉她。",
)
THAI = (
    "เธอเห็นอากาศวันนี้ไหม เราอยากไปปิกนิกริมทะเลสาบ",
    "อย่าพูดถึงเลย เช้านี้ฉันเก็บตะกร้าไปสองรอบแล้ว",
    "ย้ายไปบ้านพี่สาวฉันดีไหม ที่นั่นมีระเบียงกว้าง",
)


def verdict(critic, score, reason=None, evidence=""):
    return {"critic": critic, "reason": reason, "evidence": evidence, "score": score}


def candidates():
    """Four drafts of scenario fr-1, of which the third was taken."""
    echo = "turns 1 and 3: tu as vu le temps"
    rows = [
        row(1, reason="foreign_words.foreign_word", evidence="turn 2: panier"),
        row(1, reason="repetition.echo_turn", evidence=echo),
        row(1),
        row(1, reason="surplus"),
    ]
    for attempt, one in enumerate(rows):
        one["attempt"] = attempt
        one["verdicts"] = [*one["verdicts"], verdict("language", 0.99 - attempt / 10)]
    rows[3] |= {"reason": "surplus", "verdicts": [verdict("language", 0.5)]}
    return rows


def dataset(folder, *more):
    """French, Arabic, Chinese and Thai rows, and ``more``."""
    rows = [row(n, texts=(f"Numéro {n}. {FRENCH[0]}", *FRENCH[1:])) for n in range(3, 7)]
    rows += candidates()
    rows += [row(n, ARABIC, tag="ar", event="gossip") for n in (1, 2)]
    rows += [row(1, CHINESE, tag="zh"), row(1, THAI, tag="th")]
    farsi = f"turn 2: fa by margin: {ARABIC[1]}"
    rows.append(row(2, ARABIC, tag="ar", reason="language.turn_language", evidence=farsi))
    rows[-1]["attempt"] = 1
    rows.append(row(9, turns=[], reason="format.not_json", draft="I cannot."))
    return write_dataset(folder, [*rows, *more])
