#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration behind ./quickstart: three hosts, a web site, one host dies, the site answers again.

Prints what it does and what one sees; its exit status says whether the site came back as promised.
"""
import argparse
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import website  # noqa: E402
from lab import Lab, LabError, wait_until  # noqa: E402

NAME = "quick"


def say(text=""):
    print(text, flush=True)


def show(node, *argv):
    say("%s# %s" % (node.name, " ".join(argv)))
    for line in node.run(argv, check=False).stdout.rstrip().splitlines():
        say("    " + line)
    say()


def bring_up(stage):
    lab = Lab(NAME, nodes=3, stage=stage)
    say("Three hosts on this machine: node1, node2, node3, each with its own network, files and processes.")
    lab.create()
    took = lab.start()
    say("Corosync and the cluster stack run on all three; all online after %.1f s.\n" % took)
    show(lab.nodes[0], "crm_mon", "-1")
    say("A web site for them to keep alive: the floating address %s and nginx, as the group \"site\"." % website.ADDRESS)
    website.configure(lab)
    lab.wait_idle()
    say("http://%s/ says: served by %s\n" % (website.ADDRESS, website.fetch(lab)))
    show(lab.nodes[0], "crm_mon", "-1")
    return lab


def fail_over(lab):
    """Kill the host that serves the page; True if another one answers within the time that is promised."""
    home = website.fetch(lab)
    if home is None:
        raise LabError("the site does not answer at %s" % website.ADDRESS)
    say("Now %s dies: its power is cut, without a word to the others." % home)
    with website.Watcher(lab) as watch:
        time.sleep(0.5)
        lab[home].power_off()
        wait_until("another node serves the site", lambda: website.fetch(lab) not in (None, home), 60, 0.05)
        time.sleep(0.5)
    new_home = website.fetch(lab)
    say("http://%s/ says: served by %s" % (website.ADDRESS, new_home))
    say("The site was away for %.2f s, of which Corosync took up to %.1f s to be sure that %s is gone.\n"
        % (watch.longest_gap(), 2.2, home))
    show(lab[new_home], "crm_mon", "-1")
    return new_home not in (None, home)


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--stage", required=True)
    ap.add_argument("--once", action="store_true")
    ap.add_argument("--status", action="store_true")
    ap.add_argument("--stop", action="store_true")
    ap.add_argument("--shell", metavar="NODE")
    o = ap.parse_args()
    try:
        if o.stop:
            Lab(NAME).down()
            say("The cluster is gone.")
        elif o.shell:
            sys.exit(subprocess.call(Lab.load(NAME)[o.shell].command(["bash", "--norc"])))
        elif o.status:
            lab = Lab.load(NAME)
            say("http://%s/ is served by %s" % (website.ADDRESS, website.fetch(lab) or "nobody"))
            show(lab.running()[0], "crm_mon", "-1")
        elif o.once:
            with Lab(NAME):  # whatever happens, nothing is left behind
                lab = bring_up(o.stage)
                worked = fail_over(lab)
                lab.down()
            say("It worked." if worked else "It did not work: the site did not move.")
            sys.exit(0 if worked else 1)
        else:
            lab = bring_up(o.stage)
            fail_over(lab)
            say("The cluster stays up.  ./quickstart --shell NODE opens a shell in a host, --status shows the cluster,")
            say("--stop takes it down.  In a shell, try: crm_mon, crm_resource --move -r site, crm_standby -v on")
    except LabError as e:
        sys.exit("quickstart: %s" % e)


if __name__ == "__main__":
    main()
