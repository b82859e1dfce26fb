"""The payload's index and images, from a folder and over HTTP, whole and damaged."""

import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from installer.actions.context import Context
from installer.actions.host.payload import ExtractPayload, VerifyPayload
from installer.config.packages import KernelFlavour, PackageSet
from installer.errors import Cancelled, PayloadBad
from installer.payload.index import PayloadImage, PayloadIndex, load_payload_index, verify_image
from installer.plan.model import plain
from installer.sources.fetch import RetryPolicy
from tests.engine import TESTS, PretendRunner, Told
from tests.unit.sources.raw_server import OK, goes_on, raw_server, sends

DATA = b"squashfs" * 400_000
IMAGE = PayloadImage(file="root.squashfs", size=len(DATA), sha256=hashlib.sha256(DATA).hexdigest())
INDEX: dict[str, Any] = json.loads((TESTS / "payload" / "index.json").read_text("utf-8"))


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder; a file whose name ends in .cut is promised longer than it is."""

    def log_message(self, *_: object) -> None:
        pass

    def send_header(self, keyword: str, value: str) -> None:
        if keyword == "Content-Length" and self.path.endswith(".cut"):
            value = str(int(value) + 1000)
        super().send_header(keyword, value)


class RubbishHandler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.wfile.write(b"this is no HTTP\r\n\r\n")


def serve(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "payload"
    place.mkdir()
    (place / "index.json").write_text(json.dumps(INDEX), encoding="utf-8")
    (place / "root.squashfs").write_bytes(DATA)
    return place


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    yield from serve(partial(QuietHandler, directory=str(folder)))


@pytest.fixture(params=["folder", "server"])
def source(request: pytest.FixtureRequest, folder: Path, server: str) -> str:
    return str(folder) if request.param == "folder" else server


ONCE = RetryPolicy(waits=())


def nothing(_: int) -> None:
    pass


def test_the_index(source: str) -> None:
    index = load_payload_index(source + "/")
    assert (index.source, index.edition, len(index.trees)) == (source, "Photon 1", 3)
    tree = index.tree(PackageSet.MINIMAL, KernelFlavour.CLOUD)
    assert tree is not None
    assert (tree.name, tree.image.file) == ("minimal-cloud", "root.squashfs")
    assert "docker.service" in tree.units
    assert index.tree(PackageSet.FULL, KernelFlavour.CLOUD) is None


def test_the_index_that_the_boot_files_vouch_for(source: str, folder: Path) -> None:
    digest = hashlib.sha256((folder / "index.json").read_bytes()).hexdigest()
    assert load_payload_index(source, sha256=digest).trees
    for wrong in ("0" * 64, ""):
        with pytest.raises(PayloadBad, match="not the index that this medium was started with"):
            load_payload_index(source, sha256=wrong)


def changed(**more: Any) -> dict[str, Any]:
    return {**INDEX, **more}


def tree(**more: Any) -> dict[str, Any]:
    return changed(trees=[{**INDEX["trees"][0], **more}])


def image(**more: Any) -> dict[str, Any]:
    name = more.get("file", "root.squashfs")
    return changed(
        images=[{**INDEX["images"][0], **more}], trees=[{**INDEX["trees"][0], "image": name}]
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"index"',
        "\udcff",
        json.dumps(changed(format=2)),
        json.dumps(changed(images=["root.squashfs"])),
        json.dumps(changed(images=None)),
        json.dumps(changed(trees={"a": 1})),
        json.dumps({key: value for key, value in INDEX.items() if key != "edition"}),
        json.dumps(tree(set="maximal")),
        json.dumps(tree(kernel=None)),
        json.dumps(tree(image="other.squashfs")),
        json.dumps(tree(installed_size="much")),
        json.dumps(tree(units=5)),
        json.dumps(tree(groups="sudo")),
        json.dumps(tree(programs={"/usr/bin/sh": 1})),
        json.dumps(tree(keyboards=None)),
        json.dumps(tree(zones=[["UTC"]])),
        json.dumps(tree(masked=[5])),
        json.dumps(tree(directories=["/usr"])),
        json.dumps(tree(directories={"/usr": "large"})),
        json.dumps(tree(directories={"/usr": True})),
        json.dumps(tree(links={"/bin": 5})),
        json.dumps(changed(locales="en_US")),
        json.dumps(tree(path="../../etc")),
        json.dumps(tree(path="/etc")),
        json.dumps(tree(path="-force")),
        json.dumps(tree(path=None)),
        *(
            json.dumps(tree(path=path))
            for path in (
                "*",
                "a?",
                "[a]",
                "a//b",
                "./a",
                "a/",
                "{a,b}",
                "a\\b",
                "/".join("abcde"),
                "x" * 65,
            )
        ),
        *(json.dumps(tree(installed_size=size)) for size in (-1, 1.5, True, 1 << 61, None)),
        json.dumps(tree(installed_size=float("inf"))),
        json.dumps(tree(installed_size=float("nan"))),
        json.dumps(tree(units=["docker.service", 5])),
        json.dumps(tree(units=["a\nb.service"])),
        json.dumps(tree(units="docker.service")),
        json.dumps(tree(groups=["a:b"])),
        json.dumps(tree(kernel_version="../x")),
        json.dumps(tree(name=["a"])),
        json.dumps(tree(set=["minimal"])),
        json.dumps(tree(image={})),
        json.dumps(changed(edition="\ud800")),
        json.dumps(changed(edition="\x1b[2J")),
        json.dumps(changed(edition="x" * 129)),
        json.dumps(changed(format=[1])),
        json.dumps(changed(format="\x1b")),
        json.dumps(changed()).replace("{", '{"format": 1,', 1),
        json.dumps(image(file="-x")),
        json.dumps(image(file="a b")),
        json.dumps(image(sha256="0")),
        json.dumps(image(size=True)),
        "[" * 50_000,
        '{"a":' * 50_000,
        json.dumps(changed(format=1)) + " " * (1 << 20),
        json.dumps(image(file="../events.jsonl")),
        json.dumps(image(file="/etc/passwd")),
        json.dumps(image(file="")),
        json.dumps(image(size=None)),
    ],
)
def test_what_is_no_index(folder: Path, text: str) -> None:
    (folder / "index.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(PayloadBad, match="not a payload index") as caught:
        load_payload_index(str(folder))
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < len(str(folder)) + 200


@pytest.mark.parametrize("place", ["/no/such/folder", "/etc/passwd"])
def test_a_folder_that_has_none(place: str) -> None:
    with pytest.raises(PayloadBad, match=r"index\.json"):
        load_payload_index(place)


def test_a_server_that_has_none(server: str) -> None:
    with pytest.raises(PayloadBad, match="answered 404"):
        load_payload_index(server + "/elsewhere")


def test_no_server() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(PayloadBad, match="refused"):
            load_payload_index(url, policy=ONCE)


@pytest.mark.parametrize("url", ["http://127.0.0.1:port", "http://[::1", "http://a b", "https://"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(PayloadBad):
        load_payload_index(url, policy=ONCE)


def test_a_server_of_something_else() -> None:
    for url in serve(RubbishHandler):
        with pytest.raises(PayloadBad):
            load_payload_index(url, policy=ONCE)


def test_a_good_image(source: str, tmp_path: Path) -> None:
    seen: list[int] = []
    verify_image(source, IMAGE, advance=seen.append, keep=tmp_path / "kept")
    assert sum(seen) == len(DATA)
    assert (tmp_path / "kept").read_bytes() == DATA


@pytest.mark.parametrize(
    "data",
    [DATA[:-1], DATA + b"x", DATA[:1000] + b"X" + DATA[1001:], b""],
    ids=["truncated", "longer", "changed", "empty"],
)
def test_a_damaged_image(source: str, folder: Path, data: bytes) -> None:
    (folder / "root.squashfs").write_bytes(data)
    with pytest.raises(PayloadBad, match="wrong digest"):
        verify_image(source, IMAGE, advance=nothing)


def test_a_connection_that_ends_too_early(server: str, folder: Path) -> None:
    (folder / "root.cut").write_bytes(DATA[:-1000])
    cut = PayloadImage(file="root.cut", size=IMAGE.size, sha256=IMAGE.sha256)
    with pytest.raises(PayloadBad):
        verify_image(server, cut, advance=nothing, policy=ONCE)


def test_a_missing_image(source: str, folder: Path) -> None:
    (folder / "root.squashfs").unlink()
    with pytest.raises(PayloadBad, match=r"root\.squashfs"):
        verify_image(source, IMAGE, advance=nothing)


def test_no_more_is_kept_than_the_index_says(tmp_path: Path) -> None:
    endless = goes_on(OK + b"\r\n", DATA[: 1 << 16])
    kept = tmp_path / "kept"
    with (
        raw_server(endless) as url,
        pytest.raises(PayloadBad, match="wrong digest: the image has more bytes"),
    ):
        verify_image(url, IMAGE, advance=nothing, keep=kept)
    assert kept.stat().st_size <= IMAGE.size


def test_an_index_without_end() -> None:
    with (
        raw_server(goes_on(OK + b"\r\n", b" " * (1 << 16))) as url,
        pytest.raises(PayloadBad, match="larger than 1 MiB"),
    ):
        load_payload_index(url)


def test_a_server_that_drips() -> None:
    drip = goes_on(OK + b"\r\n", b"x", lambda: time.sleep(0.05))
    policy = RetryPolicy(waits=(), one_try=0.5)
    with raw_server(drip) as url:
        with pytest.raises(PayloadBad, match="in time"):
            load_payload_index(url, policy=policy)
        with pytest.raises(PayloadBad, match="in time"):
            verify_image(url, IMAGE, advance=nothing, policy=policy)


def test_a_server_that_breaks_off_is_asked_again(tmp_path: Path) -> None:
    head = OK + f"Content-Length: {len(DATA)}\r\n\r\n".encode()
    seen: list[int] = []
    policy = RetryPolicy(waits=(0.0,), sleep=lambda _: None)
    with raw_server(sends(head, DATA[:-9]), sends(head, DATA)) as url:
        verify_image(url, IMAGE, advance=seen.append, keep=tmp_path / "kept", policy=policy)
    assert (tmp_path / "kept").read_bytes() == DATA
    assert (sum(seen), min(seen)) == (len(DATA), -(len(DATA) - 9))


def test_a_password_of_the_server_is_used_and_never_shown(server: str) -> None:
    url = server.replace("//", "//ops:CANARY@")
    index = load_payload_index(url)
    assert index.source == server
    action = VerifyPayload(source=index.source, image=IMAGE, access=index.access)
    assert "CANARY" not in f"{action.describe()} {index!r} {plain(action)}"
    verify_image(index.source, IMAGE, advance=nothing, access=index.access)
    missing = replace(IMAGE, file="missing")
    with pytest.raises(PayloadBad) as caught:
        verify_image(index.source, missing, advance=nothing, access=index.access)
    assert "CANARY" not in str(caught.value)
    for wrong in (url.replace("CANARY", "CANARY/x"), "ops:CANARY@host/x", "ftp://ops:CANARY@host"):
        with pytest.raises(PayloadBad) as caught:
            load_payload_index(wrong)
        assert "CANARY" not in str(caught.value)


def test_nobody_waits_for_the_writer_of_a_pipe(folder: Path) -> None:
    (folder / "index.json").unlink()
    os.mkfifo(folder / "index.json")
    with pytest.raises(PayloadBad, match="not a regular file"):
        load_payload_index(str(folder))


@pytest.fixture
def context(tmp_path: Path) -> Context:
    (tmp_path / "work").mkdir()
    work = tmp_path / "work"
    return Context(runner=PretendRunner(), emit=Told(), target=work / "root/a", work=work)


@pytest.mark.parametrize("data", [None, DATA[:-1]], ids=["missing", "truncated"])
def test_the_quick_look_before_anything_runs(
    context: Context, folder: Path, data: bytes | None
) -> None:
    (folder / "root.squashfs").unlink()
    if data is not None:
        (folder / "root.squashfs").write_bytes(data)
    with pytest.raises(PayloadBad, match=r"root\.squashfs"):
        VerifyPayload(source=str(folder), image=IMAGE).check(context)


def test_what_came_from_a_server_is_kept_until_the_end(context: Context, server: str) -> None:
    fractions: list[float] = []
    context.advance = fractions.append
    VerifyPayload(source=server, image=IMAGE).run(context)
    assert (context.work / "root.squashfs").read_bytes() == DATA
    assert (fractions[-1], fractions) == (1.0, sorted(fractions))
    context.unwind()
    assert not (context.work / "root.squashfs").exists()


def test_an_image_that_does_not_fit_into_memory(context: Context, server: str) -> None:
    large = replace(IMAGE, size=1 << 60)
    with pytest.raises(PayloadBad, match="do not fit into"):
        VerifyPayload(source=server, image=large).check(context)


def test_a_cancellation_ends_the_wait_for_a_server(context: Context) -> None:
    context.cancelled = lambda: True
    drip = goes_on(OK, b"X: a", lambda: time.sleep(0.05))
    with raw_server(drip) as url, pytest.raises(Cancelled):
        VerifyPayload(source=url, image=IMAGE).run(context)
    context.unwind()
    assert list(context.work.iterdir()) == []


def test_a_damaged_copy_is_not_kept(context: Context, server: str, folder: Path) -> None:
    (folder / "root.squashfs").write_bytes(DATA[:-1])
    with pytest.raises(PayloadBad):
        VerifyPayload(source=server, image=IMAGE).run(context)
    context.unwind()
    assert list(context.work.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "below", "arguments"),
    [("a", "root", ["a"]), ("sets/a", "root", ["sets/a"]), ("", "root/target", [])],
)
def test_where_a_tree_is_extracted(
    context: Context, path: str, below: str, arguments: list[str]
) -> None:
    """What unsquashfs puts at ``path`` below its destination is the new root."""
    index: PayloadIndex = load_payload_index(str(TESTS / "payload"))

    context.target = context.work / "root" / (path or "target")
    assert isinstance(context.runner, PretendRunner)
    image = index.trees[0].image
    ExtractPayload(source="/medium", name="a", image=image, path=path, size=1).run(context)
    command = list(context.runner.commands[0])
    start = command.index("-dest") + 1
    assert command[start:] == [str(context.work / below), "/medium/root.squashfs", *arguments]
