"""Holding answers to JSON schemas, token by token, with the library ``xgrammar``.

A bit mask has one row an answer and one bit a token of the vocabulary, in words of 32 bits: shape
(rows, ceil(vocabulary / 32)), int32. Bit 1: the token may follow.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from crowdglot.errors import EngineError

_CONTROL = re.compile(rb"[\x00-\x1f]")


class Grammars:
    """Matchers for schemas; compiled ones are kept. ``vocabulary``: tokens the model knows."""

    def __init__(self, tokenizer: Any, vocabulary: int, model: str, threads: int) -> None:
        import numpy
        import torch
        import xgrammar

        try:
            known = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=vocabulary)
        except (ValueError, RuntimeError, TypeError) as error:
            raise EngineError(
                f"{model}: xgrammar does not know this kind of tokenizer ({str(error)[:160]});"
                " choose another model."
            ) from None
        self._model = model
        self._compiler = xgrammar.GrammarCompiler(known, max_threads=threads)
        self._batch = xgrammar.BatchGrammarMatcher(threads)
        self._words = (vocabulary + 31) // 32
        # A special token inside a text would vanish when the answer is decoded. JSON forbids
        # control characters, which xgrammar allows in strings of limited length.
        allowed = numpy.zeros(self._words * 32, dtype=bool)
        for token, piece in enumerate(known.decoded_vocab):
            allowed[token] = not _CONTROL.search(piece)
        allowed[[token for token in tokenizer.all_special_ids if token < vocabulary]] = False
        words = numpy.packbits(allowed, bitorder="little").view(numpy.int32)
        self._ordinary = torch.from_numpy(words)

    def matcher(self, schema: Mapping[str, Any]) -> Any:
        """A fresh matcher for ``schema``, None where it is empty; raises EngineError."""
        import xgrammar

        if not schema:
            return None
        try:
            # The demonstrations are written with these separators and no other blanks.
            compiled = self._compiler.compile_json_schema(
                json.dumps(dict(schema)), any_whitespace=False, separators=(", ", ": ")
            )
        except RuntimeError as error:
            reason = str(error).strip().rsplit(": ", 1)[-1][:160]
            raise EngineError(
                f"xgrammar refuses the schema of the request ({reason}); correct it."
            ) from None
        return xgrammar.GrammarMatcher(compiled, terminate_without_stop_token=True)

    def masks(self, matchers: Sequence[Any]) -> Any:
        """What may follow in each row, as a tensor in main memory; None if no row has a schema."""
        import torch

        rows = [at for at, matcher in enumerate(matchers) if matcher is not None]
        if not rows:
            return None
        masks = torch.full((len(matchers), self._words), -1, dtype=torch.int32)
        self._batch.batch_fill_next_token_bitmask([matchers[at] for at in rows], masks, rows)
        masks[rows] &= self._ordinary
        return masks
