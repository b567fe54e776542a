"""The health of servers: are they there, what do they offer, and do they come back?"""

import asyncio
import logging
from collections.abc import Callable, Collection
from itertools import count

import aiohttp

from crowdglot.engines.openai.answer import Again, Fault, judge_status, model_names, server_words
from crowdglot.engines.openai.endpoints import Endpoint, Endpoints
from crowdglot.engines.openai.exchange import get
from crowdglot.engines.openai.retries import backoff
from crowdglot.errors import EngineError, EngineUnavailable

_LOG = logging.getLogger(__name__)
_GREETING_SECONDS = 20.0
_PROBE_WAITS = (0.5, 30.0)
_NOBODY_BEHIND = frozenset({502, 503, 504})  # of a gateway, or of a server that still loads
_MOST_FAULTS = 5  # in a row, before a server is taken out


class Health:
    """Takes servers out that do not answer, and in again; ``stop`` ends its tasks.

    ``clean`` takes the key out of what a server said. ``longest_wait``: seconds that a server may
    ask to be left alone.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        session: aiohttp.ClientSession,
        clean: Callable[[str], str],
        longest_wait: float,
    ) -> None:
        self._endpoints = endpoints
        self._session = session
        self._clean = clean
        self._longest_wait = longest_wait
        self._model = ""
        self._probes: dict[Endpoint, asyncio.Task[None]] = {}

    async def greet(self, model: str) -> str:
        """See who answers and offers ``model`` ("": the first that any offers); the model's name.

        Raises EngineUnavailable if nobody answers, and EngineError where the key or the model is
        not taken. Some dead servers among several are no error.
        """
        every = self._endpoints.every
        greetings = await asyncio.gather(*(self._greet(one) for one in every))
        told = dict(zip(every, greetings, strict=True))
        dead = {one: said for one, said in told.items() if isinstance(said, Again)}
        offers = {one: names for one, names in told.items() if not isinstance(names, Again)}
        if not offers:
            raise self._nobody(dead.values())
        self._model = model or next((names[0] for names in offers.values() if names), "")
        if not self._model:
            raise EngineError(
                f"{next(iter(offers))}: the server does not list its models; set engine.model."
            )
        for one, names in offers.items():
            if not _offered(self._model, names):
                raise EngineError(self._other_model(one, names))
        for one, again in dead.items():
            self._take_out(one, again.reason)
        return self._model

    def answered(self, endpoint: Endpoint) -> None:
        """``endpoint`` gave a completion."""
        endpoint.pressure.answered()
        endpoint.faults = endpoint.ejections = 0
        if endpoint.out:
            self._take_in(endpoint)

    def failed(self, endpoint: Endpoint, again: Again, sent: float) -> None:
        """``endpoint`` gave nothing of use to a question sent at ``sent`` (the loop's clock)."""
        pressure = endpoint.pressure
        if again.fault is not Fault.ODD:
            pressure.refused(sent, asyncio.get_running_loop().time())
        if again.wait:
            self._endpoints.pause(endpoint, min(again.wait, self._longest_wait))
        elif again.fault is not Fault.REFUSED or pressure.limit < 2:
            endpoint.faults += 1
        if again.fault is Fault.GONE or endpoint.faults >= _MOST_FAULTS:
            self._take_out(endpoint, again.reason)

    async def stop(self) -> None:
        """End all watching."""
        probes = tuple(self._probes.values())
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)

    async def _greet(self, endpoint: Endpoint) -> tuple[str, ...] | Again:
        """The models that ``endpoint`` offers, () where it does not tell; or why it is dead."""
        try:
            reply = await get(self._session, endpoint.address.at("models"), _GREETING_SECONDS)
            if reply.status in (401, 403):
                judge_status(reply.status, self._clean(server_words(reply.content)), None, "")
            if reply.status in _NOBODY_BEHIND and len(self._endpoints.every) > 1:
                return Again(f"it answers {reply.status}")
            return model_names(reply.content)
        except Again as again:
            return again
        except EngineError as error:
            raise EngineError(f"{endpoint}: {self._clean(str(error))}") from None

    def _nobody(self, faults: Collection[Again]) -> EngineUnavailable:
        reasons = dict.fromkeys(self._clean(fault.reason) for fault in faults)
        places = ", ".join(map(str, self._endpoints.every))
        one = "it" if len(faults) == 1 else "one"
        return EngineUnavailable(
            f"{places}: no server answers there ({'; '.join(reasons)}); start {one}, or correct"
            " engine.base_url."
        )

    def _other_model(self, endpoint: Endpoint, names: tuple[str, ...]) -> str:
        listed = ", ".join(f"'{self._clean(name)[:100]}'" for name in names[:5])
        return (
            f"{endpoint}: the server offers {listed} and not '{self._model}'; serve that model"
            " there, or set engine.model to one that every server offers."
        )

    def _take_out(self, endpoint: Endpoint, reason: str) -> None:
        """Ask ``endpoint`` no more, and look in the background whether it comes back.

        A server without others stays in: there is nobody to ask in its place.
        """
        every = self._endpoints.every
        if endpoint.out or len(every) == 1:
            return
        endpoint.ejections += 1
        self._endpoints.set_out(endpoint, True)
        left = sum(not one.out for one in every)
        _LOG.warning(
            "%s is out (%s); %d of %d servers left",
            endpoint, self._clean(reason), left, len(every),
        )  # fmt: skip
        if endpoint not in self._probes:
            self._probes[endpoint] = asyncio.create_task(self._probe(endpoint))

    def _take_in(self, endpoint: Endpoint) -> None:
        endpoint.faults = 0
        self._endpoints.set_out(endpoint, False)
        _LOG.warning("%s answers again", endpoint)

    async def _probe(self, endpoint: Endpoint) -> None:
        """Ask for the models, less and less often, until an answer comes and the model fits."""
        for attempt in count(endpoint.ejections):
            await asyncio.sleep(backoff(attempt, *_PROBE_WAITS))
            if not endpoint.out:
                break
            try:
                names = await self._greet(endpoint)
            except EngineError as error:
                _LOG.warning("%s", error)
                continue
            if isinstance(names, Again):
                continue
            if _offered(self._model, names):
                self._take_in(endpoint)
                break
            _LOG.warning("%s", self._other_model(endpoint, names))
        # Here and not when the task is done: the server may be taken out once more before that.
        del self._probes[endpoint]


def _offered(model: str, names: tuple[str, ...]) -> bool:
    """Whether a server that lists ``names`` has ``model``; one that lists nothing may.

    Ollama lists "name:latest" for what is asked for as "name"; gateways list patterns with a star.
    """
    return not names or any(
        name == model or name == f"{model}:latest" or "*" in name for name in names
    )
