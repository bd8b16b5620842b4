#!/usr/bin/env python3
"""Runs the programs of this folder on vm and on whatever of its peers is installed, and prints a table.

Usage: benches/peers/compare.py [--rounds N] [--wall] [--vm PATH] [PROGRAM...]

The peers are lua5.4, luajit -joff, node --jitless, python3 and go; a `.lang` file is a Go program too. The runs are
interleaved, so that noise of the machine meets all alike. A cell has the median of the processor time in seconds (with
--wall, of the time on the clock), what that is of vm's, and the peak memory. Outputs must be the same.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = [
    (["lua5.4"], "lua"),
    (["luajit", "-joff"], "lua"),
    (["node", "--jitless", "--no-expose-wasm"], "js"),
    (["python3"], "py"),
]


def measure(command, wall):
    """Output, seconds and peak memory in MiB of a run."""
    began = time.monotonic()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writer, 1)
        os.dup2(writer, 2)  # println writes there
        os.close(reader)
        os.execvp(command[0], command)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        output = stream.read()
    _, status, usage = os.wait4(child, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} has failed")
    seconds = time.monotonic() - began if wall else usage.ru_utime + usage.ru_stime
    return output, seconds, usage.ru_maxrss / 1024


def peers(program, vm, scratch):
    """Name and command of all that can run a program."""
    found = {"vm": [vm, "run", str(HERE / f"{program}.lang")]}
    for command, ending in SCRIPTS:
        script = HERE / f"{program}.{ending}"
        if script.exists() and shutil.which(command[0]):
            found[" ".join(command)] = [*command, str(script)]
    if shutil.which("go"):
        source, binary = Path(scratch, f"{program}.go"), Path(scratch, program)
        shutil.copy(HERE / f"{program}.lang", source)
        subprocess.run(["go", "build", "-o", binary, source], check=True, cwd=scratch)
        found["go"] = [str(binary)]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--wall", action="store_true")
    parser.add_argument("--vm", default=str(HERE.parents[1] / "target/release/vm"))
    parser.add_argument("programs", nargs="*", default=sorted(path.stem for path in HERE.glob("*.lang")))
    options = parser.parse_args()
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for program in options.programs:
        with tempfile.TemporaryDirectory() as scratch:
            commands = peers(program, options.vm, scratch)
            runs = {name: [] for name in commands}
            outputs = {}
            for _ in range(options.rounds):
                for name, command in commands.items():
                    output, seconds, memory = measure(command, options.wall)
                    runs[name].append((seconds, memory))
                    outputs[name] = output
        if len(set(outputs.values())) != 1:
            sys.exit(f"{program}: the outputs differ: {outputs}")
        own = statistics.median(seconds for seconds, _ in runs["vm"])
        cells = []
        for name, measured in runs.items():
            seconds = statistics.median(seconds for seconds, _ in measured)
            memory = max(memory for _, memory in measured)
            # A process counts what the one it was forked from had.
            peak = f"{memory:.0f}" if memory > floor + 1 else f"≤ {memory:.0f}"
            cells.append(f"{name} {seconds:.2f} s ({seconds / own:.2f}×, {peak} MiB)")
        print(f"{program:14} {'   '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
