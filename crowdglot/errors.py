"""The errors a user can meet.

CrowdglotError            one sentence for the terminal: where, what was found, what to do
├── ConfigurationError    a recipe, a pack, an event or an option says something impossible
├── MaterialError         a persona or demonstration file cannot be read
├── EngineError           the language model cannot be reached or loaded
│   ├── EngineUnavailable it may work later: connection refused, overloaded, time-out
│   └── RequestRefused    this one question is refused for good; others may be answered
│       └── ContextTooSmall it is longer, with its answer, than the model takes
└── StorageError          the dataset folder cannot be read or written

A refusal or a malformed answer of the model is no error: it is a verdict (see ``critics``).
"""


class CrowdglotError(Exception):
    """Base of all errors that the command prints as one sentence, without a traceback."""


class ConfigurationError(CrowdglotError):
    """A recipe, language pack, speech event or option is wrong."""


class MaterialError(CrowdglotError):
    """A source of personas or demonstrations is missing, damaged or empty."""


class EngineError(CrowdglotError):
    """The engine refuses for good: wrong model, wrong key, wrong checksum, bad request."""


class EngineUnavailable(EngineError):
    """The engine cannot be had now; the same call may work later."""


class RequestRefused(EngineError):
    """The engine refuses one question for what it is: too long a prompt, a content filter."""


class ContextTooSmall(RequestRefused):
    """The model cannot take the question with its answer: where none was answered, none will be."""


class StorageError(CrowdglotError):
    """The output folder cannot be read or written."""
