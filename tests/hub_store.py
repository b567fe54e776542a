"""A hub on loopback that keeps datasets: as much of its HTTP API as its own client uses to publish.

Large files go through the LFS protocol, or through Xet's, whose blocks are taken but not read. It
fails where a test wants it to: see ``Hub.faults``.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

WRITER, READER = "hf_canaryOfTheWriter", "hf_canaryOfTheReader"
_PAGE = 3  # files in one answer of the tree


@dataclass
class Stored:
    """One repository: every commit is all files by path."""

    commits: list[dict[str, bytes]] = field(default_factory=lambda: [{}])
    tags: dict[str, str] = field(default_factory=dict)
    private: bool = False
    gated: str | bool = False

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[-1]

    def commit_id(self, revision: str = "main") -> str:
        number = len(self.commits) - 1
        return self.tags.get(revision) or f"{number:040x}"

    def at(self, revision: str) -> dict[str, bytes] | None:
        told = self.commit_id() if revision == "main" else self.tags.get(revision, revision)
        number = int(told, 16) if len(told) == 40 else -1
        return self.commits[number] if 0 <= number < len(self.commits) else None


@dataclass
class Hub:
    """``faults``: each is asked "METHOD path" and says what happens instead: an HTTP status, "drop"
    for a connection that is cut, or None. ``asked``: all requests so far."""

    url: str = ""
    repositories: dict[str, Stored] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    faults: list[Callable[[str], int | str | None]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    licences: dict[str, str] = field(default_factory=dict)
    # What Xet's blocks hold, told by the test: those that were taken are not read.
    blocks: dict[str, bytes] = field(default_factory=dict)

    def writes(self) -> list[str]:
        """What was asked that changes something."""
        return [one for one in self.asked if one.split()[0] not in ("GET", "HEAD")]


def is_large(path: str) -> bool:
    return path.endswith(".parquet")


def git_hash(content: bytes) -> str:
    return sha1(b"blob %d\0" % len(content) + content).hexdigest()


def nth(number: int, part: str, result: int | str) -> Callable[[str], int | str | None]:
    """A fault of every request from the ``number``-th on whose line has ``part`` in it."""
    seen = iter(range(1_000_000))
    return lambda line: result if part in line and next(seen) + 1 >= number else None


class _Answers(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or the client waits for the second

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        line = f"{self.command} {unquote(self.path)}"
        self.hub.asked.append(line)
        for fault in self.hub.faults:
            if (what := fault(line)) == "drop":
                self.close_connection = True
                return
            if isinstance(what, int):
                self._json({"error": f"made to fail: {self.headers.get('Authorization')}"}, what)
                return
        self._route(urlsplit(unquote(self.path)), body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _any

    def _route(self, url, body: bytes) -> None:
        path = url.path
        if path.startswith("/lfs/"):
            self.hub.objects[path.removeprefix("/lfs/")] = body
            return self._json({})
        if path.startswith("/cas/"):
            return self._xet(path.removeprefix("/cas/"))
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in (WRITER, READER):
            return self._json({"error": f"Invalid credentials: {token}"}, 401)
        if self.command not in ("GET", "HEAD") and token != WRITER:
            return self._json({"error": "no write access"}, 403)
        if path.startswith(("/api/models/", "/api/datasets/other/")):
            return self._licence(path.split("/", 3)[3])
        if path == "/api/validate-yaml":
            return self._json({"errors": self._wrong(json.loads(body)["content"]), "warnings": []})
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        for head, handle in (("/api/datasets/", self._api), ("/datasets/", self._file)):
            if path.startswith(head):
                parts = path.removeprefix(head).split("/")
                name = "/".join(parts[:2]).removesuffix(".git")
                if (there := self.hub.repositories.get(name)) is None:
                    return self._json({"error": "none"}, 404, {"X-Error-Code": "RepoNotFound"})
                return handle(name, there, parts[2:], body)
        return self._json({"error": f"unknown: {path}"}, 404)

    def _wrong(self, card: str) -> list[dict[str, str]]:
        """What the hub would say of a card's header."""
        header = yaml.safe_load(card.split("---\n")[1])
        known = {"license", "language", "tags", "configs", "task_categories", "size_categories"}
        missing = sorted(known - set(header))
        return [{"message": f"{name} is missing"} for name in missing]

    def _create(self, told) -> None:
        name = f"{told['organization']}/{told['name']}"
        status = 409 if name in self.hub.repositories else 200
        there = self.hub.repositories.setdefault(name, Stored())
        if status == 200:
            there.private = told.get("visibility") == "private"
            there.commits = [{".gitattributes": b"*.parquet filter=lfs\n"}]
        self._json({"url": f"{self.hub.url}/datasets/{name}"}, status)

    def _licence(self, name: str) -> None:
        if name not in self.hub.licences:
            return self._json({"error": "none"}, 404, {"X-Error-Code": "RepoNotFound"})
        return self._json({"id": name, "cardData": {"license": self.hub.licences[name]}})

    def _api(self, name: str, there: Stored, parts: list[str], body: bytes) -> None:
        what = parts[0] if parts else "revision"
        if what == "revision":
            files = [{"rfilename": path} for path in there.files]
            about = {"id": name, "sha": there.commit_id(), "private": there.private}
            return self._json(about | {"gated": there.gated, "siblings": files, "tags": []})
        if what == "tree":
            return self._tree(name, there)
        if what == "refs":
            tags = [
                {"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": at}
                for tag, at in there.tags.items()
            ]
            return self._json({"branches": [], "converts": [], "tags": tags})
        if what == "settings":
            told = json.loads(body)
            there.gated = told.get("gated", there.gated)
            there.private = told.get("visibility", "") == "private" or there.private
            return self._json({})
        if what == "tag":
            if self.command == "DELETE":
                del there.tags[parts[1]]
            else:
                there.tags[json.loads(body)["tag"]] = parts[1]
            return self._json({})
        if what == "preupload":
            return self._preupload(there, json.loads(body))
        if what == "commit":
            return self._commit(name, there, body)
        if what == "xet-write-token":
            told = {"casUrl": f"{self.hub.url}/cas", "accessToken": "x", "exp": 9_999_999_999}
            heads = {"X-Xet-Cas-Url": told["casUrl"], "X-Xet-Access-Token": "x",
                     "X-Xet-Token-Expiration": "9999999999"}  # fmt: skip
            return self._json(told, 200, heads)
        return self._json({"error": f"unknown: {what}"}, 404)

    def _tree(self, name: str, there: Stored) -> None:
        paths = sorted(there.files)
        start = int(parse_qs(urlsplit(self.path).query).get("cursor", ["0"])[0])
        entries = []
        for path in paths[start : start + _PAGE]:
            content = there.files[path]
            large = {"oid": sha256(content).hexdigest(), "size": len(content), "pointerSize": 9}
            entry = {"type": "file", "path": path, "size": len(content), "oid": git_hash(content)}
            entries.append(entry | ({"lfs": large} if is_large(path) else {}))
        more = f"{self.hub.url}/api/datasets/{name}/tree/main?recursive=true&cursor={start + _PAGE}"
        link = {"Link": f'<{more}>; rel="next"'} if start + _PAGE < len(paths) else {}
        self._json(entries, 200, link)

    def _preupload(self, there: Stored, told) -> None:
        files = []
        for one in told["files"]:
            path, content = one["path"], there.files.get(one["path"])
            hashed = (
                (sha256(content).hexdigest() if is_large(path) else git_hash(content))
                if (content is not None)
                else None
            )
            mode = "lfs" if is_large(path) else "regular"
            files.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": hashed})
        self._json({"files": files})

    def _commit(self, name: str, there: Stored, body: bytes) -> None:
        files = dict(there.files)
        for line in map(json.loads, body.splitlines()):
            key, value = line["key"], line["value"]
            if key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                if (content := self.hub.objects.get(value["oid"])) is None:
                    return self._json({"error": f"no such object {value['oid']}"}, 400)
                files[value["path"]] = content
            elif key == "deletedFile":
                del files[value["path"]]
        there.commits.append(files)
        url = f"{self.hub.url}/datasets/{name}/commit/{there.commit_id()}"
        return self._json({"commitUrl": url, "commitOid": there.commit_id(), "success": True})

    def _file(self, name: str, there: Stored, parts: list[str], body: bytes) -> None:
        if parts[:3] == ["info", "lfs", "objects"]:
            wanted = json.loads(body)["objects"]
            objects = [
                one if one["oid"] in self.hub.objects else
                one | {"actions": {"upload": {"href": f"{self.hub.url}/lfs/{one['oid']}"}}}
                for one in wanted
            ]  # fmt: skip
            return self._json({"transfer": "basic", "objects": objects})
        revision, path = parts[1], "/".join(parts[2:])
        files = there.at(revision)
        if files is None or path not in files:
            code = "EntryNotFound" if files is not None else "RevisionNotFound"
            return self._json({"error": "none"}, 404, {"X-Error-Code": code})
        content = files[path]
        heads = {"X-Repo-Commit": there.commit_id(revision), "ETag": f'"{git_hash(content)}"'}
        return self._bytes(content, 200, heads)

    def _xet(self, path: str) -> None:
        """The first version of Xet's API: no block is known, each is taken."""
        if self.command == "GET" or not path.startswith(("v1/xorbs", "v1/shards", "shards")):
            return self._json({"error": "not known"}, 404)
        if path.endswith("shards"):
            self.hub.objects |= self.hub.blocks
        return self._json({"was_inserted": True, "result": 1})

    def _json(self, told, status: int = 200, heads: dict[str, str] | None = None) -> None:
        content = json.dumps(told).encode()
        self._bytes(content, status, {"Content-Type": "application/json", **(heads or {})})

    def _bytes(self, content: bytes, status: int, heads: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in heads.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def stored_hub() -> Iterator[Hub]:
    """Serve an empty hub."""
    hub = Hub()
    answers = type("Answers", (_Answers,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
