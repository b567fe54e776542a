"""Words for metrics, in every script: sacrebleu's tokenisers, and ICU where no blank parts words.

Han text goes by characters (sacrebleu's "zh", as machine translation compares Chinese); Japanese,
Thai, Khmer, Lao, Burmese and Tibetan by ICU's dictionaries; all others by sacrebleu's "intl", which
knows the punctuation of all scripts ("13a" knows that of ASCII only).
"""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version

# By ISO 15924 script, so that any BCP-47 tag finds its tokeniser, such as "yue" or "zh-TW".
TOKENISERS = {
    "Hans": "zh", "Hant": "zh", "Hani": "zh",
    "Jpan": "icu", "Thai": "icu", "Khmr": "icu", "Laoo": "icu", "Mymr": "icu", "Tibt": "icu",
}  # fmt: skip
SPACED = "intl"

_SACREBLEU = {
    "none": "tokenizer_none:NoneTokenizer",
    "13a": "tokenizer_13a:Tokenizer13a",
    "intl": "tokenizer_intl:TokenizerV14International",
    "zh": "tokenizer_zh:TokenizerZh",
    "char": "tokenizer_char:TokenizerChar",
}


def tokeniser_for(script: str) -> str:
    """The name of the tokeniser for a language written in ``script`` (ISO 15924)."""
    return TOKENISERS.get(script, SPACED)


def tokenise(text: str, name: str, *, lowercase: bool = True) -> list[str]:
    """The tokens of ``text``, punctuation included; ``name``: one of sacrebleu's, or "icu".

    Equal to what sacrebleu's BLEU sees of the text with the same options.
    """
    if lowercase:
        text = text.lower()
    return _load(name)(text.rstrip()).split()


def is_word(token: str) -> bool:
    """Whether the token holds a letter or a digit of any script."""
    return any(character.isalnum() for character in token)


@lru_cache(maxsize=16)
def describe(name: str) -> str:
    """The tokeniser and its library's version, for signatures."""
    library = "icu4py" if name == "icu" else "sacrebleu"
    return f"{name}@{library}-{version(library)}"


@lru_cache(maxsize=16)
def _load(name: str) -> Callable[[str], str]:
    """A function from a text to its tokens, joined by blanks."""
    if name == "icu":
        from icu4py.breakers import WordBreaker

        # The root locale's breaker has the dictionaries of all scripts. It refuses lone surrogates.
        return lambda text: " ".join(
            WordBreaker(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), "root")
        )
    module, cls = _SACREBLEU[name].split(":")
    tokeniser = getattr(import_module(f"sacrebleu.tokenizers.{module}"), cls)()
    # Without its cache of 65,536 texts: every dialogue is tokenised once here.
    plain = getattr(type(tokeniser).__call__, "__wrapped__", type(tokeniser).__call__)
    return lambda text: plain(tokeniser, text)
