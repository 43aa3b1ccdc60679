#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guide, done: each block of commands in doc/guide that stands for a node is run there, in order, in the lab.

usage: guide.py --stage DIR

A block begins with ```sh NODE; with `fails` behind it the last command has to fail.  The lines of an ```output block have to
appear in what the last command of the block before prints, within twenty seconds.
"""
import argparse
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
import website  # noqa: E402
from lab import NET, Lab, LabError  # noqa: E402
from results import Results  # noqa: E402

GUIDE = os.path.join(HERE, "../../doc/guide")
CHAPTERS = ["first-service.md", "crm_mon.md"]
BLOCK = re.compile(r"(?ms)^```(sh node\d(?: fails)?|output)\n(.*?)^```$")


def blocks(chapter):
    """Of each heading: (kind, text) of the blocks below it."""
    with open(os.path.join(GUIDE, chapter), encoding="utf-8") as f:
        text = f.read().replace("192.168.1.", NET + ".")
    for part in re.split(r"(?m)^(?=#)", text):
        found = BLOCK.findall(part)
        if found:
            yield part.splitlines()[0].lstrip("# "), found


def shell(node, text):
    p = node.run(["sh", "-ec", text], check=False, timeout=120)
    return p.returncode, p.stdout


def follow(lab, found):
    node = printed = last = None
    for kind, text in found:
        if kind == "output":
            end = time.monotonic() + 20
            wanted = [line.strip() for line in text.splitlines() if line.strip()]
            while [w for w in wanted if w not in printed]:
                if time.monotonic() > end:
                    raise LabError("`%s` does not print %r but:\n%s" % (last, [w for w in wanted if w not in printed], printed))
                time.sleep(0.3)
                printed = shell(node, last)[1]
            continue
        node, last = lab[kind.split()[1]], text.rstrip().splitlines()[-1]
        rc, printed = shell(node, text)
        if (rc != 0) != kind.endswith(" fails"):
            raise LabError("exit status %d of:\n%s\n%s" % (rc, text, printed))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--stage", required=True)
    o = ap.parse_args()
    results = Results()
    with Lab("guide", nodes=3, stage=o.stage) as lab:
        lab.create()
        lab.start()
        for node in lab.nodes:
            node.write_file("srv/site.conf", website.NGINX_CONF.format(node=node.name))
        for chapter in CHAPTERS:
            for heading, found in blocks(chapter):
                results.run("%s: %s" % (chapter, heading), follow, lab, found)
        if results.failed:
            print("logs: %s" % lab.save_logs())
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
