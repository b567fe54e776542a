"""What the page asks for, as a Starlette application; no request names a file."""

import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from crowdglot.datasets.browse import agreement_page
from crowdglot.datasets.browse.index import VERDICTS, Wanted
from crowdglot.datasets.browse.room import Room
from crowdglot.errors import ConfigurationError, CrowdglotError

_MOST_BODY, _MOST_QUERY, _PAGE = 1 << 14, 500, 50  # bytes, characters, rows
_FOLDER = Path(__file__).parent
_REPORT = _FOLDER.parent / "report"
_TEXT = {"css": "text/css", "js": "text/javascript", "html": "text/html"}
_FILES = ("report.css", "browse.css", "browse.js")
_ONE_OF = {"verdict": VERDICTS, "said": ("passed", "rejected"), "rated": ("yes", "no")}


def make_app(room: Room) -> Starlette:
    """The application; whoever serves it puts ``guard.Guard`` around it."""
    routes = [
        Route("/", _answering(room, _page)),
        *(Route(f"/{name}", _answering(room, _giving(name))) for name in _FILES),
        Route("/agreement", _answering(room, _agreement)),
        Route("/api/choices", _answering(room, lambda room, query: _json(room.choices()))),
        Route("/api/find", _answering(room, _find)),
        Route("/api/scenario", _answering(room, _scenario)),
        Route("/api/rate", _rating(room), methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={404: _nothing, 405: _nothing})


def _answering(
    room: Room, answer: Callable[[Room, Mapping[str, str]], Response]
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that reads files, so in a thread; an error of ours is one sentence."""

    async def endpoint(request: Request) -> Response:
        try:
            return await run_in_threadpool(answer, room, request.query_params)
        except CrowdglotError as error:
            return PlainTextResponse(str(error), _status(error))

    return endpoint


def _status(error: CrowdglotError) -> int:
    return 400 if isinstance(error, ConfigurationError) else 409


async def _nothing(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("There is no such page.", 404)


def _page(room: Room, _query: Mapping[str, str]) -> Response:
    room.refresh()
    return _file("browse.html")


def _giving(name: str) -> Callable[[Room, Mapping[str, str]], Response]:
    return lambda _room, _query: _file(name)


def _file(name: str) -> Response:
    kind = f"{_TEXT[name.rsplit('.', 1)[-1]]}; charset=utf-8"
    folder = _REPORT if name == "report.css" else _FOLDER
    return Response((folder / name).read_bytes(), media_type=kind)


def _json(told: Any) -> Response:
    body = orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, media_type="application/json")


def _agreement(room: Room, _query: Mapping[str, str]) -> Response:
    page = agreement_page.render(room.name, room.index(), room.ratings())
    return Response(page, media_type="text/html; charset=utf-8")


def _find(room: Room, query: Mapping[str, str]) -> Response:
    start = time.perf_counter()
    total, rows = room.find(_wanted(query), _number(query, "from"), _PAGE)
    seconds = time.perf_counter() - start
    return _json({"total": total, "rows": rows, "seconds": seconds})


def _scenario(room: Room, query: Mapping[str, str]) -> Response:
    return _json(room.scenario(_number(query, "row"), query.get("rater", "")[:_MOST_QUERY]))


def _wanted(query: Mapping[str, str]) -> Wanted:
    names = ("language", "event", "verdict", "critic", "said", "text", "rater", "rated")
    told = {name: query.get(name, "")[:_MOST_QUERY] for name in names}
    for name, known in _ONE_OF.items():
        if told[name] and told[name] not in known:
            raise ConfigurationError(f"'{name}' must be one of {', '.join(known)}.")
    if told["rated"] and not told["rater"]:
        raise ConfigurationError("Give the rater's name first.")
    return Wanted(**told, least=_figure(query, "least"), most=_figure(query, "most"))


def _figure(query: Mapping[str, str], name: str) -> float | None:
    try:
        return float(query[name]) if query.get(name) else None
    except ValueError:
        raise ConfigurationError(f"'{name}' must be a number, such as 0.5.") from None


def _number(query: Mapping[str, str], name: str) -> int:
    told = query.get(name, "0")
    if not (told.isascii() and told.isdigit() and len(told) < 10):
        raise ConfigurationError(f"'{name}' must be a whole number.")
    return int(told)


def _rating(room: Room) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return PlainTextResponse("A rating is sent as JSON.", 415)
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_BODY:
                return PlainTextResponse(f"A rating has at most {_MOST_BODY:,} bytes.", 413)
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            return PlainTextResponse("A rating is sent as JSON.", 400)
        try:
            return _json({"told": await run_in_threadpool(room.rate, told)})
        except CrowdglotError as error:
            return PlainTextResponse(str(error), _status(error))

    return endpoint
