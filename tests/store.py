"""An S3-compatible server on loopback, for the tests that write to a URL; skipped without it.

moto, or the server of any kind whose address is in $CROWDGLOT_TEST_S3, with the keys below.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "somebody",
    "AWS_SECRET_ACCESS_KEY": "canary-of-the-store",
    "AWS_DEFAULT_REGION": "us-east-1",
    # Of the person who runs the tests, nothing shall be used, nor of the machine.
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_METADATA_ENDPOINT": "http://127.0.0.1:9",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
# What moto was asked: the method, the query, and the bytes of the answer.
REQUESTS: list[tuple[str, str, int]] = []


@contextmanager
def s3() -> Iterator[str]:
    """The URL of an empty bucket; the environment says where its server is, until it is stopped.

    Credentials stand in the environment as well, so processes started meanwhile find both.
    """
    pytest.importorskip("obstore", reason="writing to S3 needs the extra 'remote'")
    with _server() as address, patch.dict(os.environ, ENVIRONMENT):
        for name in [*os.environ]:
            if name in ("AWS_PROFILE", "AWS_SESSION_TOKEN") or name.startswith("AWS_ENDPOINT"):
                del os.environ[name]
        os.environ["AWS_ENDPOINT_URL_S3"] = address
        client.cache_clear()
        forget_connections()
        try:
            yield f"s3://{new_bucket()}"
        finally:
            forget_connections()


@contextmanager
def _server() -> Iterator[str]:
    """The address of an S3 server."""
    if address := os.environ.get("CROWDGLOT_TEST_S3"):
        yield address
        return
    moto = pytest.importorskip("moto.server", reason="its tests need moto[server]")
    store = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    store.start()
    # A store decides in one step whether it puts; moto looks first, and puts then.
    answer, turn = store._server.app, Lock()

    def one_at_a_time(environ, start_response):
        with turn:
            told = [*answer(environ, start_response)]
        REQUESTS.append((environ["REQUEST_METHOD"], environ["QUERY_STRING"], sum(map(len, told))))
        return told

    store._server.app = one_at_a_time
    try:
        yield "http://{}:{}".format(*store.get_host_and_port())
    finally:
        store.stop()


def requests() -> list[tuple[str, str, int]]:
    """The list of all requests, emptied; the test is skipped where the server is another one."""
    if "CROWDGLOT_TEST_S3" in os.environ:
        pytest.skip("only moto counts its requests")
    REQUESTS.clear()
    return REQUESTS


def new_bucket() -> str:
    """The name of a bucket that was made now."""
    name = f"shelf-{uuid4().hex[:8]}"
    client().create_bucket(Bucket=name)
    return name


@cache
def client() -> Any:
    """Another client of the server: what we put has to be there for everyone."""
    import boto3

    return boto3.session.Session().client("s3")


def forget_connections() -> None:
    """Have the environment looked at again when a store is next used."""
    from crowdglot.datasets.storage import remote

    remote._connect.cache_clear()
