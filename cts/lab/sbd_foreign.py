# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes of Debian's Pacemaker 2.1.5 and SBD among ours, without a disk: who resets itself, and when, at the word of the other kind's fencer.

Told by sbd.py --long.  The watchdogs wait long enough that it is never they who end a node here.
"""
import time

from lab import wait_until
from sbd_lab import IO, LOOP, wait_dead
from world import active, configure, dummies, set_option

W = 12           # watchdog timeout, seconds
WAIT = 2 * W     # what others wait for it


def begin(s):
    """Fencing by watchdogs, and a resource for each node."""
    set_option(s.lab, "stonith-enabled", "true")
    set_option(s.lab, "stonith-watchdog-timeout", "%ds" % WAIT)
    set_option(s.lab, "stonith-timeout", "%ds" % (3 * WAIT))
    configure(s.lab, dummies(3))
    s.lab.wait_idle()


def seen_so_far(s):
    return {n.name: len(n.log()) for n in s.lab.nodes}


def told(nodes, seen, words):
    """One of them has logged that since."""
    return any(words in n.log()[seen[n.name]:] for n in nodes)


def others(s, victim):
    """Whoever of them is DC, or becomes it."""
    return [n for n in s.lab.nodes if n is not victim]


def taken_over(s, victim):
    """What ran on it runs elsewhere, and not before it was dead."""
    wait_until("its resources run elsewhere", lambda: all(
        (active(s.lab, rsc) or [victim.name]) != [victim.name] for rsc in ("d0", "d1", "d2")), 3 * WAIT, 0.5)


def a_debian_node_that_returns_is_told_to_reset_itself_and_obeys(s):
    """Nobody else would: it has its quorum again, so its sbd feeds the watchdog, and the time after which it counts as dead would be over."""
    begin(s)
    victim = s.lab["node3"]
    seen, peers = seen_so_far(s), others(s, victim)
    victim.unplug()
    wait_until("its watchdog is waited for", lambda: told(peers, seen, "for node3 to self-fence"), W, 0.05)
    victim.plug()
    wait_until("it is told", lambda: told(peers, seen, "Requesting that node3 reset itself"), W, 0.05)
    took = wait_dead(s.lab, victim, W / 2)
    assert not s.dogs[victim.name].fired, "it was the watchdog"
    assert told([victim], seen, "Signaling sbd["), victim.log()[seen[victim.name]:][-1500:]
    assert not told(peers, seen, "assumed complete"), "it was called fenced before it was dead"
    taken_over(s, victim)
    print("    (dead %.1f s after the word)" % took)


def a_living_debian_node_is_fenced_by_its_own_fencer(s):
    begin(s)
    victim = s.lab["node3"]
    seen = seen_so_far(s)
    shot = s.lab.nodes[0].spawn(["stonith_admin", "--reboot", victim.name, "--timeout", str(3 * WAIT)], "shot.out")
    begun = time.monotonic()
    wait_dead(s.lab, victim, W / 2)
    assert not s.dogs[victim.name].fired and told([victim], seen, "Signaling sbd["), victim.log()[seen[victim.name]:][-1500:]
    assert shot.wait(2 * WAIT) == 0, s.lab.nodes[0].log("shot.out")
    assert time.monotonic() - begun >= WAIT - 1, "success after %.1f s: whether it is dead cannot be known yet" % (time.monotonic() - begun)
    taken_over(s, victim)


def our_node_resets_itself_at_the_word_of_debians_fencer(s):
    begin(s)
    victim = s.lab["node1"]
    seen = seen_so_far(s)
    shot = s.lab["node3"].spawn(["stonith_admin", "--reboot", victim.name, "--timeout", str(3 * WAIT)], "shot.out")
    wait_dead(s.lab, victim, W / 2)
    assert not s.dogs[victim.name].fired, "it was the watchdog"
    assert shot.wait(2 * WAIT) == 0, s.lab["node3"].log("shot.out")
    taken_over(s, victim)


def our_node_that_returns_to_debians_dc_is_reset_once_it_was_called_fenced(s):
    """Debian's fencer does not tell it, and it lets it join again meanwhile.  It hears that it was fenced, and ends its software; its sbd does the rest."""
    begin(s)
    victim = s.lab["node1"]
    seen, peers = seen_so_far(s), others(s, victim)
    victim.unplug()
    wait_until("its watchdog is waited for", lambda: told(peers, seen, "for node1 to self-fence"), W, 0.05)
    victim.plug()
    wait_until("it is called fenced", lambda: told(peers, seen, "assumed complete") or not victim.pid, WAIT + W, 0.05)
    took = wait_dead(s.lab, victim, W + IO + LOOP + 5)
    taken_over(s, victim)
    print("    (dead %.1f s after it was called fenced)" % took)


# (title, stories, options of the lab)
GROUPS = [("diskless, our node among Debian's", [our_node_that_returns_to_debians_dc_is_reset_once_it_was_called_fenced],
           {"disks": 0, "watchdog": W, "debian_nodes": ["node2", "node3"]}),
          ("diskless, a Debian node among ours", [a_debian_node_that_returns_is_told_to_reset_itself_and_obeys,
                                                  a_living_debian_node_is_fenced_by_its_own_fencer,
                                                  our_node_resets_itself_at_the_word_of_debians_fencer],
           {"disks": 0, "watchdog": W, "debian_nodes": ["node3"]})]
