# SPDX-License-Identifier: GPL-2.0-or-later
"""Counting for the test programs: a line a test, and the closing line that ./check reads."""
import sys
import time
import traceback


class Skip(Exception):
    """Raised by a test that cannot run here; the text says why."""


class Results:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def ok(self, name):
        self.passed += 1
        print("ok %s" % name, flush=True)

    def not_ok(self, name, why):
        self.failed += 1
        print("not ok %s - %s" % (name, str(why).strip().replace("\n", "\n    ")), flush=True)

    def skip(self, name, why):
        self.skipped += 1
        print("skip %s - %s" % (name, why), flush=True)

    def run(self, name, function, *args):
        """One test: passes if the function returns, skips on Skip, fails on any other exception."""
        begin = time.monotonic()
        try:
            function(*args)
        except Skip as e:
            self.skip(name, e)
        except AssertionError as e:
            self.not_ok(name, e if str(e) else traceback.format_exc())
        except Exception as e:  # a test must never end the run
            self.not_ok(name, "%s: %s" % (type(e).__name__, e))
            traceback.print_exc(file=sys.stdout)
        else:
            self.ok("%s (%.1f s)" % (name, time.monotonic() - begin))

    def finish(self):
        """Print the closing line; returns the exit status."""
        print("%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped))
        return 1 if self.failed or not (self.passed or self.skipped) else 0
