#!/usr/bin/env python3
"""A progress line where somebody looks, and nothing left behind by whoever stops it.

terminal.py WEFT
"""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

weft = sys.argv[1]
failures = []
LONG = ["validate", "--group", "bloom-bench", "--jobs", "2"]  # some seconds, dozens of simulations in children
PROGRESS = re.compile(rb"weft: (\d+) of (\d+) done, about \d+ (s|min) left")


def check(what, good):
    print(("ok: " if good else "FAIL: ") + what)
    if not good:
        failures.append(what)


def children_in(session):
    """Processes of a session that still run; zombies do not."""
    out = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            out.append(int(entry.name))
    return out


def on_terminal(arguments, until, act):
    """Runs on a terminal of its own; `act` once `until` was seen. Exit code, what was shown, session."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.environ.pop("NO_COLOR", None)
        os.execv(weft, [weft, *arguments])
    shown, acted, deadline = b"", False, time.time() + 300
    while time.time() < deadline:
        ready, _, _ = select.select([fd], [], [], 1)
        if not ready:
            continue
        try:
            data = os.read(fd, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not data:
            break
        shown += data
        if not acted and until.search(shown):
            acted = True
            act(pid, fd)
    os.close(fd)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), shown, pid


code, shown, _ = on_terminal(LONG, PROGRESS, lambda pid, fd: None)
seen = [tuple(map(int, m[:2])) for m in PROGRESS.findall(shown)]
check("a long verb shows how far it is", len(seen) >= 2)
check("what is done grows, of the same number", all(a[0] <= b[0] and a[1] == b[1] for a, b in zip(seen, seen[1:])))
check("the line is gone before the result is printed", code == 0 and b"left" not in shown.rsplit(b"\r\033[K", 1)[1])

run = subprocess.run([weft, *LONG], capture_output=True, check=False)
check("no line in a pipe", run.returncode == 0 and b"\r" not in run.stderr and b" left" not in run.stderr)

for name, number, act in [("Ctrl-C", 130, lambda pid, fd: os.write(fd, b"\x03")),
                          ("SIGINT to the program alone", 130, lambda pid, fd: os.kill(pid, signal.SIGINT)),
                          ("SIGTERM", 143, lambda pid, fd: os.kill(pid, signal.SIGTERM))]:
    code, shown, session = on_terminal(LONG, PROGRESS, act)
    check(f"{name}: exit code {number}", code == number)
    check(f"{name}: says so", (b"interrupted" if number == 130 else b"terminated") in shown)
    time.sleep(0.2)
    check(f"{name}: no child is left", not children_in(session))

# Stopped while a file is written: neither the file nor a part of it is there.
stopped = False
for _ in range(10):
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.Popen([weft, "run", "llama3-70b-1k-hashed", "--no-tax", "--set",
                                "jitter={step: {distribution: normal, spread: 0.02}}", "--trace", folder + "/step.json"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while run.poll() is None and not list(Path(folder).glob("*.new")):
            time.sleep(0.0005)
        if run.poll() is None:
            run.send_signal(signal.SIGINT)
        _, said = run.communicate()
        if run.returncode != 130:
            continue  # it was quicker
        stopped = True
        check("stopped while it writes: nothing is left", not list(Path(folder).iterdir()))
        check("stopped while it writes: says so", said == b"weft: interrupted, nothing was written\n")
        break
check("it was stopped while it wrote", stopped)

# Ignored signals stay ignored, as nohup and scripts want it.
run = subprocess.run(["sh", "-c", f"trap '' INT; '{weft}' run llama3-70b-8k >/dev/null & p=$!; kill -INT $p; wait $p"],
                     check=False)
check("an ignored signal stays ignored", run.returncode == 0)
sys.exit(bool(failures))
