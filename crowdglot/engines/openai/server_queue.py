"""The queue of an inference server, as it tells Prometheus: read, and followed."""

import asyncio
import math
import re

import aiohttp

from crowdglot.engines.openai.answer import Again
from crowdglot.engines.openai.endpoints import Endpoint, Endpoints
from crowdglot.engines.openai.exchange import get
from crowdglot.errors import EngineError

POLL_SECONDS = 1.0
_PAGE_SECONDS = 5.0
# Running and waiting requests, as each server names the two gauges.
_GAUGES = {
    "vllm:num_requests_running": "vllm:num_requests_waiting",
    "sglang:num_running_reqs": "sglang:num_queue_reqs",
    "llamacpp:requests_processing": "llamacpp:requests_deferred",
}
_NAMES = "|".join(name for pair in _GAUGES.items() for name in pair)
_LINES = re.compile(rf"^(?:{_NAMES})[ \t{{].*$", re.MULTILINE)


def read_queue(page: bytes) -> tuple[float, float] | None:
    """Requests running and waiting, over all of the server's workers; None if it does not tell.

    Only the lines with the gauges are parsed: vLLM's page has hundreds of others.
    """
    from prometheus_client.parser import text_string_to_metric_families

    lines = _LINES.findall(page.decode("utf-8", "replace"))
    counts: dict[str, float] = {}
    try:
        for family in text_string_to_metric_families("\n".join(lines) + "\n"):
            for sample in family.samples:
                counts[sample.name] = counts.get(sample.name, 0.0) + sample.value
    except ValueError:
        return None
    for running, waiting in _GAUGES.items():
        if running in counts and waiting in counts:
            found = (counts[running], counts[waiting])
            return found if all(math.isfinite(count) and count >= 0 for count in found) else None
    return None


async def follow_queue(
    session: aiohttp.ClientSession, endpoint: Endpoint, endpoints: Endpoints
) -> None:
    """Look every second and fit the pressure to what is found; end where nothing was ever told."""
    told = False
    while True:
        try:
            reply = await get(session, endpoint.address.metrics, _PAGE_SECONDS)
            queue = read_queue(reply.content) if reply.status == 200 else None
        except (Again, EngineError):
            queue = None
        if queue:
            told = True
            endpoint.pressure.queued(*queue)
            endpoints.call_up()
        elif told:
            endpoint.pressure.queue_unknown()
        else:
            return
        await asyncio.sleep(POLL_SECONDS)
