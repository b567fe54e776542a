"""What the page asks for, as a Starlette application; no request names a file."""

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
from crowdglot.datasets.browse.index import Wanted
from crowdglot.datasets.browse.room import Chosen, Room
from crowdglot.errors import ConfigurationError, CrowdglotError
from crowdglot.strict_toml import validate

_MOST_BODY = 1 << 14
_FOLDER = Path(__file__).parent
_REPORT = _FOLDER.parent / "report"
_PARTS = {
    "/browse.css": (_FOLDER, "text/css"),
    "/browse.js": (_FOLDER, "text/javascript"),
    "/report.css": (_REPORT, "text/css"),
}
Query = Mapping[str, str]


def make_app(room: Room) -> Starlette:
    """The application; whoever serves it puts ``guard.Guard`` around it."""
    told: dict[str, Callable[[Query], Any]] = {
        "/api/choices": lambda query: room.choices(),
        "/api/critics": lambda query: room.index.critics(),
        "/api/find": lambda query: room.find(validate(Wanted, {**query}, "query")),
        "/api/scenario": lambda query: room.scenario(validate(Chosen, {**query}, "query")),
    }

    def home(_query: Query) -> Response:
        room.refresh()
        return _text((_FOLDER / "browse.html").read_bytes(), "text/html")

    def agreement(_query: Query) -> Response:
        return _text(agreement_page.render(room.name, room.index, room.ratings()), "text/html")

    async def rate(request: Request) -> Response:
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return PlainTextResponse("A rating is sent as JSON.", 415)
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_BODY:
                return PlainTextResponse(f"A rating has at most {_MOST_BODY:,} bytes.", 413)
        return await _answered(lambda: _json({"told": room.rate(_parsed(body))}))

    routes = [Route(path, _asking(answer, _json)) for path, answer in told.items()]
    routes += [Route("/", _asking(home)), Route("/agreement", _asking(agreement))]
    routes += [Route(path, _asking(_part(path))) for path in _PARTS]
    routes.append(Route("/api/rate", rate, methods=["POST"]))
    return Starlette(routes=routes, exception_handlers={404: _nothing, 405: _nothing})


def _asking(
    answer: Callable[[Query], Any], form: Callable[[Any], Response] = lambda told: told
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await _answered(lambda: form(answer(request.query_params)))

    return endpoint


async def _answered(work: Callable[[], Response]) -> Response:
    """Work that reads files, so in a thread; an error of ours is one sentence."""
    try:
        return await run_in_threadpool(work)
    except CrowdglotError as error:
        return PlainTextResponse(str(error), 400 if isinstance(error, ConfigurationError) else 409)


async def _nothing(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("There is no such page.", 404)


def _part(path: str) -> Callable[[Query], Response]:
    folder, kind = _PARTS[path]
    return lambda _query: _text((folder / path[1:]).read_bytes(), kind)


def _text(content: bytes | str, kind: str) -> Response:
    return Response(content, media_type=f"{kind}; charset=utf-8")


def _json(told: Any) -> Response:
    body = orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, media_type="application/json")


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ConfigurationError("A rating is sent as JSON.") from None
