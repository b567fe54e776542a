"""Who may ask: whoever has the token, from this page, by a name of this machine.

The token comes in the printed address once and is a cookie from then on, which browsers send with
requests of this page alone. A name of the machine in Host keeps out pages that have their own name
point here (DNS rebinding); Origin and Sec-Fetch-Site keep out all other pages.
"""

from secrets import compare_digest
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NAMES = ("127.0.0.1", "localhost")
_NO_ENTRY = "Open the address that `crowdglot browse` printed, with its token."
_FROM_ELSEWHERE = "Only this page itself may ask; open the address that `crowdglot browse` printed."
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Lets a request through to ``app``, or answers it; every answer gets ``HEADERS``.

    ``cookie``: its name. Cookies know no ports, so each server needs a name of its own.
    """

    def __init__(self, app: ASGIApp, token: str, cookie: str) -> None:
        self._app, self._token, self._cookie = app, token, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI; whatever is no HTTP is not answered."""
        if scope["type"] != "http":
            return
        request = Request(scope)
        given = request.query_params.get("token", "")
        comes_in = request.url.path == "/" and self._is_token(given)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if comes_in:
                    cookie = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
                    headers.append("Set-Cookie", cookie)
            await send(message)

        if told := self._refusal(request, comes_in):
            await PlainTextResponse(told, 403)(scope, receive, sending)
        else:
            await self._app(scope, receive, sending)

    def _refusal(self, request: Request, comes_in: bool) -> str:
        """Why the request is refused; "" where it is not."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if _name(host) not in _NAMES or origin not in (None, f"http://{host}"):
            return _FROM_ELSEWHERE
        if request.method not in ("GET", "HEAD") and origin is None:
            return _FROM_ELSEWHERE
        if not comes_in and not self._is_token(request.cookies.get(self._cookie, "")):
            return _NO_ENTRY
        ours = request.headers.get("sec-fetch-site") in (None, "same-origin", "none")
        return "" if ours or comes_in else _FROM_ELSEWHERE

    def _is_token(self, given: str) -> bool:
        return compare_digest(given.encode(), self._token.encode())


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
