# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tests one by one, each in a sandbox of its own (see `sandbox`), by starting the same file again inside with the
test's name in the environment.  Used by the tests of single daemons; exits 77 where a sandbox cannot be made."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TEST = "SANDBOXED_TEST"


def has_sandbox():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "--net", "true"], stderr=subprocess.DEVNULL,
                                                check=False).returncode == 0


def main(tests, inside, arguments=(), environment=None, skipped=None):
    """Run those of `tests` whose names contain $ONLY; never returns, except within a sandbox after `inside(test)`.

    arguments: what the file gets inside; environment: added to that of the run; skipped(test): why not to run it, or None
    """
    if os.environ.get(TEST):
        inside([test for test in tests if test.__name__ == os.environ[TEST]][0])
        return
    if not has_sandbox():
        print("needs root and namespaces")
        sys.exit(77)
    failed = 0
    for test in tests:
        title = test.__name__.replace("_", " ")
        why = skipped(test) if skipped is not None else None
        if os.environ.get("ONLY", "") not in test.__name__:
            continue
        if why is not None:
            print("skip: %s - %s" % (title, why))
            continue
        run = subprocess.run([os.path.join(HERE, "sandbox"), sys.executable, os.path.abspath(sys.argv[0]), *arguments],
                             env=dict(os.environ, **(environment or {}), **{TEST: test.__name__}), stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        print("%s: %s" % ("ok" if run.returncode == 0 else "FAILED", title), flush=True)
        if run.returncode != 0:
            print(run.stdout)
            failed += 1
    sys.exit(1 if failed else 0)
