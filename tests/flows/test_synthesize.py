"""The flow with a caller's own watch: what a worker gets of it."""

from threading import RLock

import cloudpickle
from crowdglot.flows.synthesize import watched

from crowdglot.writing.watch import Watch


def test_what_belongs_to_a_terminal_is_not_sent_to_workers():
    terminal = RLock()  # a lock cannot be sent

    def warn(sentence):
        with terminal:
            print(sentence)

    flow = watched(Watch(warn=warn), lambda outcome: warn(outcome.message))
    sent = cloudpickle.loads(cloudpickle.dumps(flow))  # as Prefect sends the flow with every batch
    assert sent.name == flow.name
