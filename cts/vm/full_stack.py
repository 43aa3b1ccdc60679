# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of two machines with the whole stack: one is lost in every way there is, it really resets, the other takes over.

What runs is a writer (agents/writer): it appends records with its host's name to a shared disk, and never twice at once.  That disk
is the proof: see one_writer_at_a_time().  Told by `run --long`.
"""
import time

from host import Cluster, PATIENCE

SBD_DEVICE, LOG_DEVICE = "/dev/vdb", "/dev/vdc"
SBD_ON_QEMU = "disk1"  # what QEMU calls the disk with the mailboxes
INQUISITOR = "$(tr -d ' ' </run/sbd.pid)"


def operations(resource, monitor):
    return "".join("<op id='%s-%s' name='%s' interval='%s' timeout='240s'/>" % (resource, name, name, interval)
                   for name, interval in (("start", "0"), ("stop", "0"), ("monitor", monitor)))


FENCING = ("<primitive id='fencing' class='stonith' type='external/sbd'><instance_attributes id='fencing-i'>"
           "<nvpair id='fencing-i-d' name='sbd_device' value='%s'/></instance_attributes><operations>%s</operations></primitive>"
           % (SBD_DEVICE, operations("fencing", "120s")))
WRITER = ("<primitive id='writer' class='ocf' provider='cts' type='writer'><instance_attributes id='writer-i'>"
          "<nvpair id='writer-i-d' name='device' value='%s'/></instance_attributes><operations>%s</operations></primitive>")


def records(cluster):
    """What is on the shared disk: [(word, host, sector of its run's first record, number in the run)]."""
    with open(cluster.disks[-1], "rb") as f:
        text = f.read()
    text = text[:text.find(b"\0" * 512)].replace(b"\0", b"").decode(errors="replace")
    return [(w[0], w[1], int(w[2]), int(w[3])) for w in (line.split() for line in text.splitlines())]


def one_writer_at_a_time(cluster):
    """Runs follow each other without a hole, a foreign record among them or one over another; returns whose they were."""
    whose = []
    for sector, (word, host, first, number) in enumerate(records(cluster)):
        assert word == "record", "two wrote at once: %s" % records(cluster)[max(0, sector - 3):sector + 3]
        if number == 0:
            assert first == sector, "a run of %s that begins at %d stands at %d" % (host, first, sector)
            whose.append([host, first])
        assert whose and whose[-1] == [host, first] and number == sector - first, (
            "two wrote at once, or a record is lost: %s" % records(cluster)[max(0, sector - 3):sector + 3])
    return [host for host, _ in whose]


def writes(cluster, host):
    """It is this host that writes now."""
    before = len(records(cluster))
    cluster.wait("%s writes" % host.name, lambda: len(records(cluster)) > before + 5, 30)
    assert records(cluster)[-1][1] == host.name, "%s writes: %s" % (records(cluster)[-1][1], records(cluster)[-3:])


def the_other_takes_over(cluster, victim, killing, before_return=lambda: None):
    """`killing` ends the victim, which really resets; the other writes on behind its last record; it comes back and nothing moves."""
    other = cluster.other(victim)
    writes(cluster, victim)
    begin = time.monotonic()
    killing(victim, other)
    victim.wait_end((cluster.msgwait + cluster.watchdog_timeout) * PATIENCE)
    died = time.monotonic() - begin
    assert victim.why_ended() == "guest-reset", "%s ended by %s" % (victim.name, victim.why_ended())
    left = len(records(cluster))
    cluster.wait("%s has the writer" % other.name, lambda: cluster.where("writer") == [other.name], 2 * cluster.msgwait)
    writes(cluster, other)
    got = records(cluster)
    assert got[left - 1][1] == victim.name and got[left][1:] == (other.name, left, 0), got[left - 2:left + 2]
    cluster.say("reset after %.1f s, taken over after %.1f s; %d records before, %d so far" % (
        died, time.monotonic() - begin, left, len(got) - left))
    before_return()
    cluster.restart(victim)
    cluster.wait_idle()
    assert cluster.where("writer") == [other.name], "the writer moved: %s" % cluster.where("writer")
    one_writer_at_a_time(cluster)


# --- one shared disk ---

def a_killed_inquisitor_resets_its_machine(cluster):
    the_other_takes_over(cluster, cluster.home("writer"), lambda victim, other: victim.send("kill -9 %s" % INQUISITOR))


def a_poison_pill_resets_a_living_machine(cluster):
    victim = cluster.home("writer")
    other = cluster.other(victim)

    def the_fencer_knows():
        cluster.wait("stonith_admin comes back", lambda: "exit " in other.run("cat /run/shot"), 2 * cluster.msgwait)
        assert "exit 0" in other.run("cat /run/shot"), other.run("cat /run/shot")
        history = other.run("stonith_admin --history %s --verbose" % victim.name)
        assert victim.name in history and other.name in history, history
    the_other_takes_over(cluster, victim, lambda *_: other.send(
        "(stonith_admin --reboot %s --timeout %d; echo exit $?) >/run/shot 2>&1 &" % (victim.name, 4 * cluster.msgwait)), the_fencer_knows)


def a_resource_that_cannot_stop_gets_its_machine_reset(cluster):
    def ban(victim, other):
        victim.run("touch /run/writer-cannot-stop; crm_resource --ban --resource writer --node %s" % victim.name, 60 * PATIENCE)
    the_other_takes_over(cluster, cluster.home("writer"), ban,
                         lambda: cluster.alive()[0].run("crm_resource --clear --resource writer", 60 * PATIENCE))


def a_machine_without_its_disk_lives_while_the_cluster_vouches_for_it(cluster):
    """Its storage takes requests and never answers.  Once nobody vouches any more, because the link is cut, it resets itself."""
    def lose(victim, other):
        victim.command("block_set_io_throttle", device=SBD_ON_QEMU, bps=1, bps_rd=0, bps_wr=0, iops=0, iops_rd=0, iops_wr=0)
        cluster.wait("it says so", lambda: "surviving on pacemaker" in victim.console()[seen:], 2 * cluster.watchdog_timeout)
        end = time.monotonic() + 2 * cluster.watchdog_timeout
        while time.monotonic() < end:
            assert victim.is_alive(), "%s was reset though the cluster vouches for it" % victim.name
            time.sleep(0.5)
        cluster.switch.unplug(victim)
    victim = cluster.home("writer")
    seen = len(victim.console())
    the_other_takes_over(cluster, victim, lose, lambda: cluster.switch.plug(victim))


DISK = [a_killed_inquisitor_resets_its_machine, a_poison_pill_resets_a_living_machine,
        a_resource_that_cannot_stop_gets_its_machine_reset, a_machine_without_its_disk_lives_while_the_cluster_vouches_for_it]


def on_one_disk(world):
    cluster = Cluster("disk", world.build, world.stage, disks=[("sbd", 1 << 20), ("log", 16 << 20)], sbd={"SBD_DEVICE": SBD_DEVICE})

    def prepare():
        cluster.hosts[0].run("sbd -d %s -1 %d -2 2 -4 %d create" % (SBD_DEVICE, cluster.watchdog_timeout, cluster.msgwait))
        cluster.start()
        cluster.options(stonith_timeout="%ds" % (3 * cluster.msgwait), stonith_enabled="true")
        cluster.configure("<rsc_defaults><meta_attributes id='d'><nvpair id='d-s' name='resource-stickiness' value='100'/></meta_attributes></rsc_defaults>")
        cluster.configure("<resources>%s%s</resources>" % (FENCING, WRITER % (LOG_DEVICE, operations("writer", "10s"))))
        cluster.wait_idle()
    return cluster, prepare


# --- without a disk ---

def alpha_writes(cluster):
    """Alpha has one vote, beta two: only the loss of alpha leaves the other with a quorum."""
    alpha = cluster.hosts[0]
    if cluster.home("writer") is not alpha:
        alpha.run("crm_resource --move --resource writer --node alpha", 60 * PATIENCE)
        cluster.wait("alpha has the writer", lambda: cluster.where("writer") == ["alpha"], 60)
        alpha.run("crm_resource --clear --resource writer", 60 * PATIENCE)
        cluster.wait_idle()
    return alpha


def without_quorum_a_machine_resets_itself(cluster):
    """Of the cut link only alpha dies, and beta counts to its end before it takes over."""
    alpha = alpha_writes(cluster)
    the_other_takes_over(cluster, alpha, lambda victim, other: cluster.switch.unplug(victim), lambda: cluster.switch.plug(alpha))


def without_a_disk_a_resource_that_cannot_stop_resets_its_machine(cluster):
    alpha_writes(cluster)
    a_resource_that_cannot_stop_gets_its_machine_reset(cluster)


NO_DISK = [without_quorum_a_machine_resets_itself, without_a_disk_a_resource_that_cannot_stop_resets_its_machine]


def without_disk(world):
    cluster = Cluster("nodisk", world.build, world.stage, disks=[("log", 16 << 20)], quorum="",
                      votes=(1, 2), watchdogs=("softdog", "i6300esb"))

    def prepare():
        cluster.start()
        cluster.options(stonith_watchdog_timeout="%ds" % cluster.msgwait, stonith_timeout="%ds" % (3 * cluster.msgwait), stonith_enabled="true")
        cluster.configure("<rsc_defaults><meta_attributes id='d'><nvpair id='d-s' name='resource-stickiness' value='100'/></meta_attributes></rsc_defaults>")
        cluster.configure("<resources>%s</resources>" % (WRITER % ("/dev/vdb", operations("writer", "10s"))))
        cluster.wait_idle()
    return cluster, prepare


GROUPS = [("one disk", on_one_disk, DISK), ("no disk", without_disk, NO_DISK)]
