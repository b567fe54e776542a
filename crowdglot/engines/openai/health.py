"""The health of servers: are they there, what do they offer, and do they come back?"""

import asyncio
import logging
from collections.abc import Callable
from itertools import count

import aiohttp

from crowdglot.engines.openai.answer import judge_complaint, model_names
from crowdglot.engines.openai.complaint import complaint_of
from crowdglot.engines.openai.endpoints import Endpoint, Endpoints
from crowdglot.engines.openai.exchange import Again, Fault, send
from crowdglot.engines.openai.retries import backoff
from crowdglot.errors import EngineError, EngineUnavailable

_LOG = logging.getLogger(__name__)
_GREETING = aiohttp.ClientTimeout(total=20, sock_connect=10)
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
        self.endpoints = endpoints
        self.session = session
        self._clean = clean
        self._longest_wait = longest_wait
        self._model = ""
        self._probes: dict[Endpoint, asyncio.Task[None]] = {}

    async def greet(self, model: str) -> str:
        """Check which servers answer and offer ``model`` ("": the first that any offers); its name.

        Raises EngineUnavailable if nobody answers, EngineError where key or model are not taken.
        """
        every = self.endpoints.every
        greetings = await asyncio.gather(*(self._greet(one) for one in every))
        told = dict(zip(every, greetings, strict=True))
        dead = {one: said for one, said in told.items() if isinstance(said, Again)}
        offers = {one: names for one, names in told.items() if not isinstance(names, Again)}
        if not offers:
            reasons = dict.fromkeys(self._clean(again.reason) for again in dead.values())
            raise EngineUnavailable(
                f"{', '.join(map(str, every))}: no server answers there ({'; '.join(reasons)});"
                f" start {'it' if len(every) == 1 else 'one'}, or correct engine.base_url."
            )
        self._model = model or next((names[0] for names in offers.values() if names), "")
        if not self._model:
            raise EngineError(
                f"{next(iter(offers))}: the server does not list its models; set engine.model."
            )
        for one, names in offers.items():
            self._check(one, names)
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
            self.endpoints.pause(endpoint, min(again.wait, self._longest_wait))
        elif again.fault is not Fault.REFUSED or pressure.limit < 2:
            endpoint.faults += 1
        if again.fault is Fault.GONE or endpoint.faults >= _MOST_FAULTS:
            self._take_out(endpoint, again.reason)

    async def stop(self) -> None:
        """End all watching, and close the connections."""
        probes = tuple(self._probes.values())
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)
        await self.session.close()

    async def _greet(self, endpoint: Endpoint) -> tuple[str, ...] | Again:
        """The models that ``endpoint`` offers, () where it does not tell; or why it is dead."""
        try:
            there = endpoint.address.at("models")
            reply = await send(self.session, "GET", there, timeout=_GREETING)
            if reply.status in (401, 403):
                said = complaint_of(reply.content, reply.status)
                judge_complaint(reply, said.cleaned(self._clean), "")
            if reply.status in _NOBODY_BEHIND and len(self.endpoints.every) > 1:
                return Again(f"it answers {reply.status}")
            return model_names(reply.content)
        except Again as again:
            return again
        except EngineError as error:
            raise EngineError(f"{endpoint}: {self._clean(str(error))}") from None

    def _check(self, endpoint: Endpoint, names: tuple[str, ...]) -> None:
        """Raise EngineError where ``endpoint`` lists models and the wanted one is not among them.

        Ollama lists "name:latest" for what is asked for as "name"; gateways list patterns with a
        star.
        """
        fits = {self._model, f"{self._model}:latest"}
        if not names or any(name in fits or "*" in name for name in names):
            return
        listed = ", ".join(f"'{self._clean(name)[:100]}'" for name in names[:5])
        raise EngineError(
            f"{endpoint}: the server offers {listed} and not '{self._model}'; serve that model"
            " there, or set engine.model to one that every server offers."
        )

    def _take_out(self, endpoint: Endpoint, reason: str) -> None:
        """Ask ``endpoint`` no more, and look in the background whether it comes back.

        A server without others stays in: there is nobody to ask in its place.
        """
        every = self.endpoints.every
        if endpoint.out or len(every) == 1:
            return
        endpoint.ejections += 1
        self.endpoints.set_out(endpoint, True)
        left = self.endpoints.others(endpoint)
        why = self._clean(reason)
        _LOG.warning("%s is out (%s); %d of %d servers left", endpoint, why, left, len(every))
        if endpoint not in self._probes:
            self._probes[endpoint] = asyncio.create_task(self._probe(endpoint))

    def _take_in(self, endpoint: Endpoint) -> None:
        endpoint.faults = 0
        self.endpoints.set_out(endpoint, False)
        _LOG.warning("%s answers again", endpoint)

    async def _probe(self, endpoint: Endpoint) -> None:
        """Ask for the models, less and less often, until an answer comes and the model fits."""
        for attempt in count(endpoint.ejections):
            await asyncio.sleep(backoff(attempt, *_PROBE_WAITS))
            if not endpoint.out:
                break
            try:
                names = await self._greet(endpoint)
                if not isinstance(names, Again):
                    self._check(endpoint, names)
                    self._take_in(endpoint)
                    break
            except EngineError as error:
                _LOG.warning("%s", error)
        # Here and not when the task is done: the server may be taken out once more before that.
        del self._probes[endpoint]
