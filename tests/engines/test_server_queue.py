"""Reading how many requests a server says it runs and keeps waiting."""

import pytest

from crowdglot.engines.openai.server_queue import read_queue

VLLM = b"""\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a{\\"b\\"} 9"} 12.0
vllm:num_requests_running{engine="1",model_name="m"} 4.0
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="a{\\"b\\"} 9"} 3.0
vllm:num_requests_waiting{engine="1",model_name="m"} 1e1
vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 99.0
vllm:request_queue_time_seconds_bucket{le="0.3"} 7.0
"""


@pytest.mark.parametrize(
    ("page", "queue"),
    [
        (VLLM, (16.0, 13.0)),
        (VLLM.replace(b"\n", b"\r\n"), (16.0, 13.0)),
        (b"sglang:num_running_reqs 5\nsglang:num_queue_reqs 2 1700000000000\n", (5.0, 2.0)),
        (b"llamacpp:requests_processing 2\nllamacpp:requests_deferred 0", (2.0, 0.0)),
        (b"vllm:num_requests_running 5\n", None),
        (b"vllm:num_requests_running 5\nvllm:num_requests_waiting NaN\n", None),
        (b"vllm:num_requests_running 5\nvllm:num_requests_waiting -1\n", None),
        (b"vllm:num_requests_running 5\nvllm:num_requests_waiting +Inf\n", None),
        (b"vllm:num_requests_running 5\nvllm:num_requests_waiting many\n", None),
        (b'vllm:num_requests_running{a="} 5\nvllm:num_requests_waiting 1\n', None),
        (b"python_info 1\n", None),
        (b"<html>\xff\x00</html>", None),
        (b"", None),
    ],
)
def test_what_a_page_tells(page: bytes, queue: tuple[float, float] | None) -> None:
    assert read_queue(page) == queue
