"""``croissant.json``: the dataset's files and columns in the terms of MLCommons' Croissant 1.0."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import yaml

from crowdglot import __version__
from crowdglot.datasets.record import SCHEMA

CROISSANT = "croissant.json"
ACCEPTED, REJECTED = "accepted", "rejected"
_SPECIFICATION = "http://mlcommons.org/croissant/1.0"
# Croissant's own terms, whose names here are theirs there.
_OWN = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty",
    "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField",
    "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
    "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    **{name: {"@id": f"cr:{name}", "@type": "@json"} for name in ("data", "examples")},
    **{name: f"cr:{name}" for name in _OWN},
}
_REPOSITORY = {
    "@type": "cr:FileObject",
    "@id": "repo",
    "name": "repo",
    "description": "The repository on the hub.",
    "contentUrl": "",
    "encodingFormat": "git+https",
    "sha256": "https://github.com/mlcommons/croissant/issues/80",
}


def croissant(url: str, name: str, card: str, tag: str, day: str) -> str:
    """The metadata of the dataset at ``url``, by the YAML header of its card.

    ``tag``: its revision. ``day``: of its newest dialogue. Raises ValueError, LookupError,
    TypeError or YAMLError where the header is not as ours are.
    """
    header = yaml.safe_load(card.split("---\n")[1])
    configs = header.get("configs", ())
    files = {_texts([one["config_name"]])[0]: _paths(one) for one in configs}
    # The columns are the same in every language, and a record set has to name each of them: so one
    # is for the accepted rows of all languages.
    kept = [path for name, paths in files.items() if name != REJECTED for path in paths]
    records = [ACCEPTED, *(name for name in files if name == REJECTED)]
    told: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _SPECIFICATION,
        "name": name.rpartition("/")[2],
        "description": "Open-domain dialogues written directly in each language by a language "
        "model, planned with personas, speech events and common grounds; the column 'told' says "
        "what of these the model was told.",
        "license": _texts([header.get("license", "unknown")])[0],
        "url": url,
        "version": __version__,
        "datePublished": day,
        "citeAs": f"{name}, revision {tag}, {url}",
        "inLanguage": _texts(header.get("language", [])),
        "keywords": _texts(header.get("tags", [])),
        "creator": {"@type": "Organization", "name": name.partition("/")[0]},
        "isLiveDataset": True,
        "distribution": [
            {**_REPOSITORY, "contentUrl": f"{url}/tree/main"},
            *(_files(name, paths) for name, paths in (files | {ACCEPTED: kept}).items()),
        ],
        "recordSet": [_records(name) for name in records],
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"


def _texts(told: Any) -> list[str]:
    """``told``, a list of texts; YAML can name one list in many places, and so have no end."""
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise TypeError("a list of texts is wanted")
    return told


def _paths(config: Mapping[str, Any]) -> list[str]:
    return _texts([part["path"] for part in config["data_files"]])


def _files(of: str, paths: Sequence[str]) -> dict[str, Any]:
    name = f"files-of-{of}"
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "containedIn": {"@id": "repo"},
        "encodingFormat": "application/x-parquet",
        "includes": paths,
    }


def _records(config: str) -> dict[str, Any]:
    files = {"fileSet": {"@id": f"files-of-{config}"}}
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": f"The {config} rows of all languages (column 'language'); see "
        "docs/columns.md of crowdglot.",
        "key": {"@id": f"{config}/id"},
        "field": [_field(config, one, files | {"extract": {"column": one.name}}) for one in SCHEMA],
    }


def _field(above: str, column: pa.Field, source: Mapping[str, Any]) -> dict[str, Any]:
    """A column, or a part of one, with its parts below it."""
    at, kind, into = f"{above}/{column.name}", column.type, source.get("transform", [])
    field: dict[str, Any] = {"@type": "cr:Field", "@id": at, "name": column.name}
    if pa.types.is_list(kind):
        field["repeated"] = True
        kind = kind.value_type
    if not pa.types.is_struct(kind):
        return field | {"dataType": _type(kind), "source": source}
    field["source"] = source
    # No path of Croissant leads to the parts of a list within a list (the ``logprobs`` of a call):
    # who reads such a record set stops there, so they are left out.
    inner = (part for part in kind if not ("repeated" in field and _has_parts(part.type)))
    field["subField"] = [
        _field(at, part, {**source, "transform": [*into, {"jsonPath": part.name}]})
        for part in inner
    ]
    return field


def _has_parts(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_struct(kind.value_type))


def _type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "cr:Int64"
    if pa.types.is_floating(kind):
        return "cr:Float64"
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    return "sc:DateTime" if pa.types.is_timestamp(kind) else "sc:Text"
