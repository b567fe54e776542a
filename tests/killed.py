"""A command that is killed with no warning at some of its calls, and begun again until it ends."""

import signal
import subprocess
from collections import Counter

from tests.stub_server import serving


class Asked:
    """What a body asks, as the functions of tests read it."""

    def __init__(self, body):
        self.messages = [type("Message", (), one) for one in body["messages"]]
        self.schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
        self.seed = body.get("seed", 0)


def undisturbed(command, say):
    """Run ``command(url)`` once, against a server that says ``say(Asked)``; what it asked."""
    with serving(lambda body: say(Asked(body))) as stub:
        subprocess.run(command(stub.base_url), check=True, capture_output=True, timeout=300)
    return stub.asked


def killed(command, say, calm, gaps):
    """Run it until it ends, killed after each number of calls that ``gaps`` gives; how often it
    was. ``calm``: what it asks undisturbed, of which only what was under way is asked again."""
    left, kills = next(gaps), 0

    def counted(body):
        nonlocal left
        left -= 1
        if left == 0:
            running.send_signal(signal.SIGKILL)
            left = next(gaps, 0)
        return say(Asked(body))

    with serving(counted, latency=0.001) as stub:
        asked = command(stub.base_url)
        while True:
            running = subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            _, told = running.communicate(timeout=300)
            if running.returncode == 0:
                break
            assert running.returncode == -signal.SIGKILL, told
            kills += 1
    twice = Counter(stub.asked) - Counter(calm)
    assert sum(twice.values()) <= 2 * kills, "only what was under way is asked for again"
    return kills
