#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The quick validator never accepts what libxml2 refuses, and accepts every ordinary document.

The documents are the table of xml/tests/test-schemas.py and the scheduler's cases, as they are under every schema, and
variants of them damaged at random (the same ones in every run).  More variants: ROUNDS=500 test-grammar.py.
"""
import glob
import importlib.util
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "../../..")
SUMMARY = re.compile(r"^(as they are|damaged): (\d+) documents, (\d+) verdicts, (\d+) valid, (\d+) of them accepted quickly, 0 wrong", re.M)


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compare(schemas, rounds, files):
    """{"as they are" or "damaged": (documents, verdicts, valid, accepted quickly)}"""
    program = os.environ.get("COMPARE_GRAMMAR", "lib/cib/tests/compare-grammar")
    run = subprocess.run([program, schemas, str(rounds)] + files, stdout=subprocess.PIPE, text=True, errors="replace", check=False)
    print(run.stdout[-4000:])
    found = {m.group(1): tuple(int(n) for n in m.groups()[1:]) for m in SUMMARY.finditer(run.stdout)}
    if run.returncode != 0 or len(found) != 2:
        sys.exit("the validators differ (exit %d)" % run.returncode)
    return found


def main():
    rounds = int(os.environ.get("ROUNDS", "12"))
    sys.dont_write_bytecode = True
    table = load(os.path.join(TOP, "xml/tests/test-schemas.py"), "test_schemas")
    with tempfile.TemporaryDirectory() as folder:
        schemas = os.path.join(folder, "schemas")
        os.makedirs(schemas)
        for name, text in table.generate.generate().items():
            with open(os.path.join(schemas, name), "w", encoding="utf-8") as out:
                out.write(text)
        small = []
        for i, (_, _, text) in enumerate(table.TABLE):
            small.append(os.path.join(folder, "%03d.xml" % i))
            with open(small[-1], "w", encoding="utf-8") as out:
                out.write(text)
        compare(schemas, rounds * 2, small)
        cases = compare(schemas, rounds, sorted(glob.glob(os.path.join(TOP, "cts/scheduler/cases/*.xml"))))
    _, _, valid, quick = cases["as they are"]
    if valid < 1000 or quick < valid:
        sys.exit("%d of %d valid documents needed the full validator" % (valid - quick, valid))


if __name__ == "__main__":
    main()
