"""The old place of ``tests.stub_server``."""

from tests.stub_server import SENTENCES, Stub, answer, serving

__all__ = ["SENTENCES", "Stub", "answer", "serving"]
