"""The command line as a script sees it: exit codes, what goes where, JSON that can be read."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from installer.command import check
from installer.command.main import main
from installer.errors import ExitCode
from tests.engine import MACHINES, TESTS, kickstart
from tests.unit.payload.test_index import QuietHandler

PROJECT = TESTS.parent
PAYLOAD = str(TESTS / "payload")
VIRTIO = str(MACHINES / "empty-virtio.json")


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "installer", *arguments],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str) -> tuple[int, str, str]:
    with start(*arguments) as process:
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "good.json"
    path.write_text(json.dumps(kickstart()), encoding="utf-8")
    return str(path)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(kickstart(hostnam="x", storage=[]), indent=1), encoding="utf-8")
    return str(path)


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), QuietHandler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{listener.server_address[1]}"
        listener.shutdown()
        thread.join()


def test_0_done(good: str) -> None:
    code, out, err = run("plan", good, "--machine", VIRTIO, "--payload", PAYLOAD, "--seed", "s")
    assert (code, err) == (ExitCode.DONE, "")
    assert out.startswith("Install minimal-cloud (Photon 1) onto /dev/vda")
    assert run("plan", good, "--machine", VIRTIO, "--payload", PAYLOAD, "--seed", "s")[1] == out, (
        "the same seed gives the same plan"
    )


def test_0_done_as_json(good: str) -> None:
    code, out, err = run("plan", good, "--machine", VIRTIO, "--payload", PAYLOAD, "--json")
    assert (code, err) == (ExitCode.DONE, "")
    assert json.loads(out)["disks"][0]["path"] == "/dev/vda"


def test_2_the_kickstart(bad: str) -> None:
    code, out, err = run("check", bad)
    assert (code, out) == (ExitCode.KICKSTART, "")
    assert "bad.json:" in err
    assert '"hostname"' in err
    assert "/storage" in err


def test_2_the_kickstart_as_json(bad: str) -> None:
    code, out, _ = run("check", bad, "--json")
    error = json.loads(out)
    assert (code, error["error"], error["exit_code"]) == (2, "KickstartInvalid", 2)
    assert {each["pointer"] for each in error["problems"]} >= {"/hostnam", "/storage"}
    assert all(each["line"] for each in error["problems"])


def test_3_the_machine(good: str) -> None:
    no_disk = str(MACHINES / "no-disk.json")
    code, out, err = run("plan", good, "--machine", no_disk, "--payload", PAYLOAD)
    assert (code, out) == (ExitCode.MACHINE, "")
    assert "no disk matches /dev/vda" in err


@pytest.mark.parametrize("storage", [[], {"disk": []}, {"disk": "other"}, 5])
def test_2_an_image_of_a_kickstart_that_is_not_sound(tmp_path: Path, storage: Any) -> None:
    path = tmp_path / "ks.json"
    several: tuple[Any, ...] = ([], {}, {"default": 5}, {"default": {"device": "/dev/vda"}})
    for disks in several:
        path.write_text(json.dumps(kickstart(storage=storage, disks=disks)), encoding="utf-8")
        arguments = ["image", str(path), str(tmp_path / "x.img"), "--payload", PAYLOAD]
        assert main(arguments) == ExitCode.KICKSTART
    assert not (tmp_path / "x.img").exists()


def test_4_a_command(good: str, tmp_path: Path) -> None:
    (tmp_path / "x.img").write_text("precious", encoding="utf-8")
    code, _, err = run("image", good, str(tmp_path / "x.img"), "--payload", PAYLOAD)
    assert code in {ExitCode.COMMAND, ExitCode.PAYLOAD}
    assert "exists already" in err or "only root" in err or "root.squashfs" in err
    assert (tmp_path / "x.img").read_text("utf-8") == "precious"


@pytest.mark.parametrize("text", ["{", "[]", '{"firmware": 5}', '{"disks": ["x"]}'])
def test_4_a_machine_that_is_none(
    good: str, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "machine.json").write_text(text, encoding="utf-8")
    arguments = ["plan", good, "--machine", str(tmp_path / "machine.json"), "--payload", PAYLOAD]
    assert main(arguments) == ExitCode.COMMAND
    assert "facts --json" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, '{"firmware":' * 50_000, '{"firmware": {"mode": Infinity}}', "9" * 5000,
     '{"firmware": {"mode": "' + "x" * 100_000 + '"}}', '{"firmware": {"mode": []}}',
     "\0", "\ud800"],
)  # fmt: skip
def test_4_a_machine_that_no_json_reader_likes(good: str, tmp_path: Path, text: str) -> None:
    (tmp_path / "machine.json").write_bytes(text.encode(errors="surrogatepass"))
    arguments = ["plan", good, "--machine", str(tmp_path / "machine.json"), "--payload", PAYLOAD]
    assert main(arguments) == ExitCode.COMMAND
    arguments[3] = "/dev/zero"
    assert main(arguments) == ExitCode.COMMAND


def test_9_an_index_that_no_json_reader_likes(good: str, tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("[" * 50_000)
    assert main(["verify", "--payload", str(tmp_path)]) == ExitCode.PAYLOAD


@pytest.mark.parametrize("command", ["unattended", "verify --root /", "verify --disk /dev/null"])
def test_4_only_root_can(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    assert main(command.split()) == ExitCode.COMMAND
    assert "only root can" in capsys.readouterr().err


def test_4_what_is_missing_is_named_once(good: str, tmp_path: Path) -> None:
    (tmp_path / "machine.json").write_text("{}", encoding="utf-8")
    for name, text in (("machine.json", "it has no 'firmware'"), ("x", "No such file")):
        path = str(tmp_path / name)
        code, _, err = run("plan", good, "--machine", path, "--payload", PAYLOAD)
        assert (code, err.count(path)) == (ExitCode.COMMAND, 1)
        assert text in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_5_cancelled(tmp_path: Path, number: int) -> None:
    fifo = tmp_path / "ks.json"
    os.mkfifo(fifo)
    # The pipe opens when the command reads it, and then waits.
    with start("check", str(fifo)) as process, fifo.open("w"):
        time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (5, "Interrupted; nothing was written.\n")


def test_5_cancelled_while_the_program_is_loaded() -> None:
    code = """
import os, runpy, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "installer.command.main":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have been ignored in here
sys.meta_path.insert(0, Interrupting())
runpy.run_module("installer", run_name="__main__")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=20
    )
    assert (done.returncode, done.stderr) == (5, "Interrupted; nothing was written.\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_interpreter_ends_changes_nothing(number: int) -> None:
    # The last thing to be torn down sends the signal: Python has put its own handlers away by then.
    code = f"""
import os, runpy, signal, sys

class Last:
    def __del__(self, kill=os.kill, process=os.getpid()):
        kill(process, {int(number)})

signal.signal({int(number)}, signal.SIG_DFL)  # it may have been ignored in here
sys.kept_to_the_end = Last()
import installer.command.main as program
program.main = lambda: 3
runpy.run_module("installer", run_name="__main__")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=20
    )
    assert (done.returncode, done.stderr) == (3, "")


def test_6_not_reached() -> None:
    code, _, err = run("check", "/no/such/file.json")
    assert code == ExitCode.UNREACHABLE
    assert "/no/such/file.json" in err


def test_7_refused(server: str) -> None:
    code, _, err = run("check", f"{server}/no-such-file.json")
    assert code == ExitCode.REFUSED
    assert "404" in err


def test_8_not_parsed(tmp_path: Path) -> None:
    (tmp_path / "ks.json").write_text('{"version": 1,,}', encoding="utf-8")
    code, _, err = run("check", str(tmp_path / "ks.json"))
    assert code == ExitCode.UNPARSABLE
    assert "ks.json:1:15" in err


def test_9_the_payload(good: str, tmp_path: Path) -> None:
    code, _, err = run("plan", good, "--machine", VIRTIO, "--payload", str(tmp_path))
    assert code == ExitCode.PAYLOAD
    assert "index.json" in err
    assert "--payload" in err


def test_9_a_damaged_payload(tmp_path: Path) -> None:
    index = json.loads((TESTS / "payload" / "index.json").read_text("utf-8"))
    (tmp_path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    (tmp_path / "root.squashfs").write_bytes(b"other")
    code, out, _ = run("verify", "--payload", str(tmp_path), "--json")
    assert (code, json.loads(out)["error"]) == (ExitCode.PAYLOAD, "PayloadBad")


def test_1_a_bug(
    good: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("a slip")

    monkeypatch.setattr(check, "document_at", broken)
    assert main(["check", good]) == ExitCode.BUG
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "this is a bug" in err


def test_facts_as_json_can_be_read_by_plan(good: str, tmp_path: Path) -> None:
    code, out, _ = run("facts", "--json")
    assert code == ExitCode.DONE
    (tmp_path / "machine.json").write_text(out, encoding="utf-8")
    machine = str(tmp_path / "machine.json")
    code, _, _ = run("plan", good, "--machine", machine, "--payload", PAYLOAD, "--json")
    assert code in {ExitCode.DONE, ExitCode.MACHINE}


def test_a_reader_that_has_seen_enough(good: str) -> None:
    with start("plan", good, "--machine", VIRTIO, "--payload", PAYLOAD) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert (process.returncode, err) == (ExitCode.COMMAND, "")


def test_a_reader_that_leaves_while_the_payload_is_read(tmp_path: Path) -> None:
    image = bytes(64 << 20)
    index = json.loads((TESTS / "payload" / "index.json").read_text("utf-8"))
    for each in index["images"]:
        each.update(size=len(image), sha256=hashlib.sha256(image).hexdigest())
        (tmp_path / each["file"]).write_bytes(image)
    (tmp_path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    with start("verify", "--payload", str(tmp_path)) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert (process.returncode, err) == (ExitCode.COMMAND, "")


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_output_that_does_not_fit(good: str, bad: str, more: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        for arguments in (["check", good], ["check", bad, "--json"], ["facts"]):
            done = subprocess.run(
                [sys.executable, "-m", "installer", *arguments, *more],
                cwd=PROJECT,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            assert done.returncode == ExitCode.COMMAND
            assert "standard output: No space left on device" in done.stderr
            assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_streams_that_are_closed(good: str, closed: str) -> None:
    for name, code in ((good, ExitCode.DONE), ("/no/such/file.json", ExitCode.UNREACHABLE)):
        command = f'"$0" -m installer plan "$1" --machine {VIRTIO} --payload {PAYLOAD} {closed}'
        done = subprocess.run(
            ["sh", "-c", command, sys.executable, name],
            cwd=PROJECT,
            capture_output=True,
            check=False,
        )
        assert done.returncode == code


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_terminal_that_lacks_letters(tmp_path: Path, more: list[str]) -> None:
    path = tmp_path / "schön.json"
    path.write_text(json.dumps(kickstart()), encoding="utf-8")
    arguments = [sys.executable, "-m", "installer", "plan", str(path), *more]
    arguments += ["--machine", VIRTIO, "--payload", str(tmp_path)]
    for argv in (arguments, [*arguments[:3], "check", str(path), *more]):
        done = subprocess.run(
            argv,
            cwd=PROJECT,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            check=False,
        )
        assert done.returncode in {ExitCode.DONE, ExitCode.PAYLOAD}, done.stderr
        assert not more or json.loads(done.stdout.decode("utf-8"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can install")
@pytest.mark.parametrize("streams", ["</dev/null", "</dev/null | cat", "<&- >&-"])
def test_the_screens_where_there_is_no_terminal(streams: str) -> None:
    command = f'"$0" -m installer tui {streams}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable],
        cwd=PROJECT,
        env={**os.environ, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (ExitCode.DONE, "")


def test_a_name_that_is_no_text(good: str) -> None:
    for words in (["image", good, "x\udcff.img"], ["verify", "--disk", "x\udcff.img"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2


def test_usage_mentions_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for name in ("check", "plan", "install", "image", "facts", "tui", "verify", "unattended"):
        assert name in text
    for code in ExitCode:
        assert f"{int(code)} " in text


@pytest.mark.parametrize("size", ["", "8 gigs", "-1", "²", "1e9"])
def test_a_size_that_is_none(size: str, good: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["image", good, "x.img", "--size", size])
    assert caught.value.code == 2


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """The command line sets handlers; the test run keeps its own."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    kept = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, kept, strict=True):
        signal.signal(number, handler)
