"""A hub of data sets and models on the loopback interface: enough of the real one's API to download and upload."""

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_made_up"
STRANGER = "hf_stranger"
"""The token of a user who owns nothing here: may open pull requests and comment, and commit nowhere."""
USERS = {f"Bearer {TOKEN}": "somebody", f"Bearer {STRANGER}": "stranger"}


@dataclass
class Repo:
    """One repository: its files, whether it is private or gated, the revisions that exist, a model's parameters."""

    files: dict[str, bytes] = field(default_factory=dict)
    pulls: list["Pull"] = field(default_factory=list)
    private: bool = False
    gated: bool = False
    revisions: tuple[str, ...] = ("main",)
    parameters: int | None = None

    @property
    def sha(self):
        return hashlib.sha1(repr(sorted(self.files.items())).encode()).hexdigest()


@dataclass
class Pull:
    """A pull request: its title, its text, the files that it adds, who said what under it, its status.

    Its newest commit has a name of its content, if it is given none.
    """

    title: str
    text: str
    files: dict[str, bytes] = field(default_factory=dict)
    comments: list[tuple[str, str]] = field(default_factory=list)
    status: str = "open"
    commit: str = ""

    @property
    def sha(self):
        return self.commit or hashlib.sha1(repr((self.title, sorted(self.files.items()))).encode()).hexdigest()


class FakeHub:
    """Holds repositories in memory and serves them; `calls` records method and path of each request."""

    def __init__(self):
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.fail_commits_with = 0
        self.before_commit = None
        """Called once, before the next commit is looked at: somebody else may be faster."""
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status=200, body=b"", **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def handle_any(self):
        quoted = urlsplit(self.path).path
        self.hub.calls.append(f"{self.command} {unquote(quoted)}")
        length = int(self.headers.get("Content-Length") or 0)
        body = self.read_chunks() if self.headers.get("Transfer-Encoding") else self.rfile.read(length)
        # Unquoted one by one: a revision such as refs/pr/1 is one part.
        parts = [unquote(part) for part in quoted.strip("/").split("/")]
        if self.command in ("GET", "HEAD"):
            self.read_request(parts)
        elif self.user is None and parts[0] != "lfs":
            self.answer(401, {"error": "Invalid username or password."})
        elif self.user == USERS[f"Bearer {STRANGER}"] and self.needs_rights(parts):
            self.answer(403, {"error": "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request"})
        else:
            self.write_request(parts, body)

    do_GET = do_HEAD = do_POST = do_PUT = handle_any

    @property
    def user(self):
        return USERS.get(self.headers.get("Authorization"))

    def needs_rights(self, parts):
        """Return whether only an owner may ask for it."""
        writes = parts == ["api", "repos", "create"] or parts[4:5] in (["preupload"], ["commit"])
        return writes and "create_pr=1" not in urlsplit(self.path).query

    def read_chunks(self):
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def read_request(self, parts):
        # A model's files have no word for their kind before the name.
        start = {"api": 2, "datasets": 1}.get(parts[0], 0)
        name, rest = "/".join(parts[start : start + 2]), parts[start + 2 :]
        repo = self.hub.repos.get(name)
        known = self.user == USERS[f"Bearer {TOKEN}"]
        if repo is None or (repo.private and not known):
            return self.answer(
                401 if not self.user else 404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound"
            )
        pulls = {f"refs/pr/{number}": pull for number, pull in enumerate(repo.pulls, 1)}
        pulls |= {pull.sha: pull for pull in repo.pulls}
        if rest[:1] == ["revision"] and rest[1] not in (*repo.revisions, repo.sha, *pulls):
            return self.answer(404, {"error": "Invalid rev"}, X_Error_Code="RevisionNotFound")
        at = pulls.get(rest[1], repo) if rest[1:2] else repo
        files = at.files
        if not rest or rest[0] == "revision":
            # Files are then asked for at that commit.
            return self.answer(body=_info(name, repo, files) | {"sha": at.sha})
        if repo.gated and not known:
            return self.answer(401, {"error": "Access is restricted"}, X_Error_Code="GatedRepo")
        if rest[0] == "tree":
            return self.answer(body=[_entry(path, content) for path, content in sorted(files.items())])
        if rest[0] == "discussions":
            if rest[1:]:
                return self.answer(body=_details(name, int(rest[1]), repo.pulls[int(rest[1]) - 1]))
            found = [_discussion(name, number, pull) for number, pull in enumerate(repo.pulls, 1)]
            wanted = parse_qs(urlsplit(self.path).query).get("status", ["all"])[0]
            found = [each for each in found if wanted in ("all", each["status"])]
            return self.answer(body={"discussions": found, "count": len(found), "start": 0})
        if (path := "/".join(rest[2:])) not in files:
            return self.answer(404, {"error": "Entry not found"}, X_Error_Code="EntryNotFound")
        content = files[path]
        return self.answer(body=content, ETag=f'"{_oid(content)}"', X_Repo_Commit=repo.sha)

    def write_request(self, parts, body):
        if parts == ["api", "repos", "create"]:
            return self.create(json.loads(body))
        if parts == ["api", "validate-yaml"]:
            return self.answer(body={"warnings": [], "errors": []})
        if parts[0] == "lfs":
            self.hub.objects[parts[1]] = body
            return self.answer()
        if parts[-1] == "batch":
            return self.answer(
                body={"transfer": "basic", "objects": [self.upload(o) for o in json.loads(body)["objects"]]}
            )
        if parts[4:5] == ["discussions"]:
            return self.comment(
                self.hub.repos["/".join(parts[2:4])].pulls[int(parts[5]) - 1], json.loads(body)["comment"]
            )
        if parts[4] == "preupload":
            repo = self.hub.repos["/".join(parts[2:4])]
            return self.answer(body={"files": [_mode(repo, file["path"]) for file in json.loads(body)["files"]]})
        if self.hub.before_commit:
            before, self.hub.before_commit = self.hub.before_commit, None
            before()
        if self.hub.fail_commits_with:
            return self.answer(self.hub.fail_commits_with, {"error": "no"})
        return self.commit("/".join(parts[2:4]), [json.loads(line) for line in body.splitlines()])

    def create(self, wanted):
        name = f"{wanted['organization']}/{wanted['name']}"
        url = f"{self.hub.url}/{'datasets/' if wanted.get('type') == 'dataset' else ''}{name}"
        if name in self.hub.repos:
            return self.answer(409, {"error": "exists", "url": url})
        self.hub.repos[name] = Repo(private=wanted.get("visibility") == "private" or bool(wanted.get("private")))
        return self.answer(body={"url": url, "name": name})

    def comment(self, pull, text):
        pull.comments.append((self.user, text))
        return self.answer(body={"newMessage": _comment(self.user, text)})

    def upload(self, wanted):
        href = f"{self.hub.url}/lfs/{wanted['oid']}"
        return {**wanted, "actions": {"upload": {"href": href}}}

    def commit(self, name, lines):
        repo = self.hub.repos[name]
        files, extra = repo.files, {}
        for line in lines:
            value = line["value"]
            if line["key"] == "header" and value.get("parentCommit", repo.sha) != repo.sha:
                return self.answer(412, {"error": "A commit has happened since. Please refresh and try again."})
            if line["key"] == "header" and "create_pr=1" in urlsplit(self.path).query:
                repo.pulls.append(Pull(value["summary"], value["description"]))
                files = repo.pulls[-1].files
                extra = {"pullRequestUrl": f"{self.hub.url}/datasets/{name}/discussions/{len(repo.pulls)}"}
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        url = f"{self.hub.url}/datasets/{name}/commit/{repo.sha}"
        return self.answer(body={"commitUrl": url, "commitOid": repo.sha, **extra})


def _oid(content):
    return hashlib.sha256(content).hexdigest()


def _entry(path, content):
    return {"type": "file", "path": path, "size": len(content), "oid": _oid(content)[:40]}


def _info(name, repo, files):
    siblings = [{"rfilename": path, "size": len(content)} for path, content in sorted(files.items())]
    counted = {"safetensors": {"parameters": {"F32": repo.parameters}, "total": repo.parameters}}
    found = {"id": name, "sha": repo.sha, "private": repo.private, "siblings": siblings}
    return found | (counted if repo.parameters else {})


def _discussion(name, number, pull):
    known = {
        "title": pull.title,
        "num": number,
        "author": {"name": "somebody"},
        "createdAt": "2026-01-01T00:00:00.000Z",
    }
    return known | {"status": pull.status, "repo": {"name": name, "type": "dataset"}, "isPullRequest": True}


def _details(name, number, pull):
    events = [_comment(author, text) for author, text in pull.comments]
    changes = {"changes": {"base": "refs/heads/main"}, "filesWithConflicts": [], "events": events}
    return _discussion(name, number, pull) | changes


def _comment(author, text):
    said = {"edited": False, "hidden": False, "latest": {"raw": text}}
    known = {"id": "1", "type": "comment", "createdAt": "2026-01-01T00:00:00.000Z", "author": {"name": author}}
    return known | {"data": said}


def _mode(repo, path):
    large = path.endswith((".parquet", ".safetensors", ".zip"))
    return {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
