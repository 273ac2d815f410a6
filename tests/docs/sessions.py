#!/usr/bin/env python3
"""Runs what pages show: every `$` line of a ```console block, in a fresh folder a page, must exit with 0 and print on
stdout what stands below it. A ```yaml block that begins with `# file: NAME` is that file.

sessions.py WEFT PAGE...            compares
sessions.py --update WEFT PAGE...   writes what is printed now into the pages
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

arguments = sys.argv[1:]
update = arguments[0] == "--update"
weft, *pages = arguments[update:]
os.environ["PATH"] = f"{Path(weft).resolve().parent}:{os.environ['PATH']}"
os.environ["NO_COLOR"] = "1"
failures = commands = 0


def run(command, folder):
    """The command alone, without what a pipe behind it forgives."""
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.splitlines(), done.returncode, done.stderr


for page in map(Path, pages):
    out, shown_before = [], 0
    with tempfile.TemporaryDirectory() as folder:
        lines = page.read_text(encoding="utf-8").splitlines()
        at = 0
        while at < len(lines):
            out.append(lines[at])
            fence = re.fullmatch(r"```(console|yaml)", lines[at])
            at += 1
            if not fence:
                continue
            end = lines.index("```", at)
            block, at = lines[at:end], end
            if fence[1] == "yaml":
                out += block
                if named := re.fullmatch(r"# file: (\S+)", block[0]):
                    (Path(folder) / named[1]).write_text("\n".join(block[1:]) + "\n", encoding="utf-8")
                continue
            starts = [i for i, line in enumerate(block) if line.startswith("$ ")] + [len(block)]
            for start, stop in zip(starts, starts[1:]):
                commands += 1
                printed, code, said = run(block[start][2:], folder)
                out += [block[start], *printed]
                if code != 0:
                    failures += 1
                    print(f"{page}: {block[start]}: exit code {code}\n{said}", file=sys.stderr)
                if not update and printed != block[start + 1:stop]:
                    failures += 1
                    print(f"{page}: {block[start]} prints something else", file=sys.stderr)
                    print("\n".join(difflib.unified_diff(block[start + 1:stop], printed, "page", "now", lineterm="")),
                          file=sys.stderr)
    if update:
        page.write_text("\n".join(out) + "\n", encoding="utf-8")
print(f"{commands} commands of {len(pages)} pages ran")
sys.exit(bool(failures) or commands < len(pages))
