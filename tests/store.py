"""An S3-compatible server on loopback, for the tests that write to a URL; skipped without it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from urllib.request import Request, urlopen

import pytest

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "somebody",
    "AWS_SECRET_ACCESS_KEY": "canary-of-the-store",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # Of the person who runs the tests, nothing shall be used.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@contextmanager
def s3(bucket: str = "shelf") -> Iterator[str]:
    """The URL of an empty bucket; the environment says where its server is, until it is stopped.

    Credentials stand in the environment as well, so processes started meanwhile find both.
    """
    pytest.importorskip("s3fs", reason="writing to S3 needs the extra 's3'")
    server = pytest.importorskip("moto.server", reason="its tests need moto[server]")
    store = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    store.start()
    try:
        host, port = store.get_host_and_port()
        there = {"AWS_ENDPOINT_URL_S3": f"http://{host}:{port}"}
        with patch.dict(os.environ, ENVIRONMENT | there):
            for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
                os.environ.pop(name, None)
            forget_connections()
            urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
            import s3fs

            s3fs.S3FileSystem(skip_instance_cache=True).mkdir(bucket)
            yield f"s3://{bucket}"
    finally:
        forget_connections()
        store.stop()


def forget_connections() -> None:
    """Have the environment looked at again when a store is next used."""
    import s3fs

    from crowdglot.datasets.storage import remote

    remote._connect.cache_clear()
    s3fs.S3FileSystem.clear_instance_cache()
