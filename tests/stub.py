"""An OpenAI-compatible server on loopback that answers every request with human-like turns."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

from aiohttp import web

# One everyday sentence each; a dialogue is a run of them, so no two turns are alike.
SENTENCES = {
    "fr": (
        "Tu as vu le temps qu'il fait ce matin ?",
        "Ma voisine a encore garé sa voiture devant le portail.",
        "On pourrait manger dehors si le vent tombe un peu.",
        "Je n'ai pas retrouvé le livre que tu m'avais prêté.",
        "Les enfants ont chanté pendant tout le trajet.",
        "Il paraît que la boulangerie va fermer en mars.",
        "Hier soir, le train avait quarante minutes de retard.",
        "Demande à ton frère s'il vient avec nous samedi.",
        "La soupe était trop salée, mais personne n'a rien dit.",
        "J'ai dormi comme une pierre malgré le bruit.",
        "Tu crois qu'il faut prévenir le propriétaire ?",
        "Apporte les vieilles photos, on va bien rire.",
    ),
    "es": (
        "¿Has visto el tiempo que hace esta mañana?",
        "Mi vecina ha vuelto a aparcar delante de la puerta.",
        "Podríamos comer fuera si baja un poco el viento.",
        "No encuentro el libro que me prestaste en verano.",
        "Los niños cantaron durante todo el viaje.",
        "Dicen que la panadería cierra en marzo.",
        "Anoche el tren llegó con cuarenta minutos de retraso.",
        "Pregúntale a tu hermano si viene el sábado.",
        "La sopa estaba salada, pero nadie dijo nada.",
        "Dormí como un tronco a pesar del ruido.",
        "¿Crees que hay que avisar al dueño del piso?",
        "Trae las fotos viejas, nos vamos a reír mucho.",
    ),
}


def answer(body: dict[str, Any]) -> str:
    """Turns for the schema of a request; which ones depends on the prompt and the seed."""
    tag = "es" if "Spanish" in body["messages"][-1]["content"] else "fr"
    keys = body["response_format"]["json_schema"]["schema"]["required"]
    name = f"{body['messages'][-1]['content']}{body.get('seed')}"
    start = int.from_bytes(blake2b(name.encode(), digest_size=4).digest())
    lines = SENTENCES[tag]
    return json.dumps(
        {key: lines[(start + number) % len(lines)] for number, key in enumerate(keys)},
        ensure_ascii=False,
    )


class Stub:
    """The running server: ``base_url`` and what it was asked."""

    def __init__(self, write: Callable[[dict[str, Any]], str], latency: float) -> None:
        self.write, self.latency = write, latency
        self.asked: list[tuple[str, int]] = []
        self.base_url = ""

    async def chat(self, request: web.Request) -> web.Response:
        """Answer one chat completion."""
        body = await request.json()
        self.asked.append((body["messages"][-1]["content"], body.get("seed", 0)))
        await asyncio.sleep(self.latency)
        return web.json_response(
            {
                "model": "stub",
                "choices": [
                    {"message": {"content": self.write(body)}, "finish_reason": "stop", "index": 0}
                ],
                "usage": {"prompt_tokens": 100, "completion_tokens": 50},
            }
        )

    async def models(self, _request: web.Request) -> web.Response:
        """Say which model is served."""
        return web.json_response({"data": [{"id": "stub"}]})


@contextmanager
def serving(
    write: Callable[[dict[str, Any]], str] = answer, latency: float = 0.0
) -> Iterator[Stub]:
    """A stub in a thread of its own, stopped at the end."""
    stub = Stub(write, latency)
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def start() -> web.AppRunner:
        application = web.Application()
        application.router.add_post("/v1/chat/completions", stub.chat)
        application.router.add_get("/v1/models", stub.models)
        runner = web.AppRunner(application, handle_signals=False)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        stub.base_url = f"http://127.0.0.1:{port}/v1"
        return runner

    def run() -> None:
        runner = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(10)
        yield stub
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
