#!/usr/bin/env python3
"""Writes the transcripts anew: the same commands, what they print and return now.

update.py WEFT
"""
import os
import subprocess
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
os.environ["PATH"] = f"{Path(sys.argv[1]).resolve().parent}:{os.environ['PATH']}"
for path in sorted(here.glob("*.tesh")):
    out = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("$ "):
            run = subprocess.run(["sh", "-c", line[2:]], cwd=here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, check=False)
            out += [""] if out and out[-1] and not out[-1].startswith("p ") else []
            out += [f"! expect return {run.returncode}"] if run.returncode else []
            out += [line, *(f"> {printed}" for printed in run.stdout.splitlines())]
        elif line.startswith(("p ", "#")):
            out += [""] if out and not line.startswith("#") else []
            out.append(line)
    path.write_text("\n".join(out) + "\n", encoding="utf-8")
