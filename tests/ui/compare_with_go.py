#!/usr/bin/env python3
"""Compares the expectations of tests/ui with what a Go toolchain says of the same files.

Opt-in: the test suite never needs Go. Usage:

    tests/ui/compare_with_go.py [FILE.lang | FOLDER]...     (default: the folder of this script)
    tests/ui/compare_with_go.py --print FILE.lang           (show Go's own messages)

Programs (files with a `package` clause) that import standard packages only are compiled by
`go tool compile -e`. Every line must get the errors that its `// ERROR "text"` comments name (each text is a
part of one message, `ERROR@+1` points a line down) and no others. A file that differs from Go on purpose says
why in a line `// go: differs: reason` and is skipped; so are scripts and relative imports.
"""
import os, re, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
EXPECT = re.compile(r'ERROR(?:@([+-]\d+))?((?:\s+(?:"[^"]*"|`[^`]*`))+)')
TEXT = re.compile(r'"([^"]*)"|`([^`]*)`')
MESSAGE = re.compile(r'^[^:\s]+:(\d+):(?:\d+:)? (.*)$')

def importcfg(tmp):
    path = os.path.join(tempfile.gettempdir(), "tricolor-importcfg")
    if not os.path.exists(path):
        listing = subprocess.run(["go", "list", "-export", "-f", "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}", "std"],
                                 capture_output=True, text=True, check=True, cwd=tmp).stdout
        with open(path + f".{os.getpid()}", "w") as f:
            f.write(listing)
        os.rename(path + f".{os.getpid()}", path)
    return path

def go_messages(source, tmp):
    """The list of (line, message) that Go's compiler prints for this source."""
    file = os.path.join(tmp, "main.go")
    with open(file, "wb") as f:
        f.write(source)
    run = subprocess.run(["go", "tool", "compile", "-e", "-lang=go1.27", "-p", "main", "-importcfg", importcfg(tmp),
                          "-o", os.path.join(tmp, "out.o"), "main.go"], capture_output=True, text=True, cwd=tmp)
    found = []
    for line in (run.stdout + run.stderr).splitlines():
        m = MESSAGE.match(line)
        if m:
            found.append((int(m[1]), m[2]))
        elif found and line.startswith("\t"):
            found[-1] = (found[-1][0], found[-1][1] + "\n" + line.strip())
    return found

def expectations(source):
    wanted = []
    for number, line in enumerate(source.decode("utf-8", "replace").split("\n"), 1):
        for m in EXPECT.finditer(line):
            for t in TEXT.finditer(m[2]):
                wanted.append((number + int(m[1] or 0), t[1] if t[1] is not None else t[2]))
    return wanted

def compare(path, tmp):
    source = open(path, "rb").read()
    text = source.decode("utf-8", "replace")
    if not re.search(r"^package\s", text, re.M) or "// go: differs" in text or re.search(r'"\.\.?/', text):
        return None
    found, wanted, problems = go_messages(source, tmp), expectations(source), []
    for line, want in wanted:
        hit = next((f for f in found if f[0] == line and want in f[1]), None)
        if hit:
            found.remove(hit)
        else:
            problems.append(f"{path}:{line}: expected, but Go does not say: {want}")
    problems += [f"{path}:{line}: Go says, but not expected: {message}" for line, message in found]
    return problems

def main():
    arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory() as tmp:
        if arguments[:1] == ["--print"]:
            for path in arguments[1:]:
                for line, message in go_messages(open(path, "rb").read(), tmp):
                    print(f"{path}:{line}: {message}")
            return 0
        files, bad, skipped = [], 0, 0
        for root in arguments or [HERE]:
            if os.path.isfile(root):
                files.append(root)
            for folder, _, names in os.walk(root):
                files += [os.path.join(folder, n) for n in names if n.endswith(".lang")]
        for path in sorted(files):
            problems = compare(path, tmp)
            skipped += problems is None
            bad += bool(problems)
            for p in problems or []:
                print(p)
        print(f"{len(files) - skipped} compared, {skipped} skipped, {bad} differ")
        return 1 if bad else 0

if __name__ == "__main__":
    sys.exit(main())
