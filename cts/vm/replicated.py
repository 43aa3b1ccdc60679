# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of a web site on replicated storage: DRBD, a file system, an address and Apache in two machines, fenced through sbd.

The kernel's DRBD, drbd-utils with its agent and handlers, and the agents of resource-agents as they are.  Told by `run --long`.
"""
import os

from full_stack import FENCING, SBD_DEVICE
from host import NET, PATIENCE, Cluster
from results import Skip

ADDRESS = NET + ".100"
PAGE = "http://%s/" % ADDRESS

R0 = """resource r0 {
    device /dev/drbd0;
    disk /dev/vdc;
    meta-disk internal;
    net { protocol C; }
    disk { fencing resource-and-stonith; }
    handlers {
        fence-peer /usr/lib/drbd/crm-fence-peer.sh;
        after-resync-target /usr/lib/drbd/crm-unfence-peer.sh;
    }
    on alpha { address 10.99.9.1:7789; }
    on beta { address 10.99.9.2:7789; }
}
"""

APACHE = """ServerRoot /usr/lib/apache2
ServerName site
PidFile /run/site.pid
ErrorLog /var/log/site-error.log
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule dir_module modules/mod_dir.so
LoadModule status_module modules/mod_status.so
Listen 80
DocumentRoot /srv/site
DirectoryIndex index.html
<Location /server-status>
    SetHandler server-status
</Location>
"""


def pairs(name, **values):
    return "".join("<nvpair id='%s-%s' name='%s' value='%s'/>" % (name, n, n.replace("_", "-") if name.endswith("-m") else n, v)
                   for n, v in values.items())


def primitive(name, provider, kind, monitors=(("10s", None),), **params):
    operations = [("start", "0", None), ("stop", "0", None), ("promote", "0", None), ("demote", "0", None), ("notify", "0", None)]
    operations = operations[:5 if kind == "drbd" else 2] + [("monitor", interval, role) for interval, role in monitors]
    return ("<primitive id='%s' class='ocf' provider='%s' type='%s'><instance_attributes id='%s-i'>%s</instance_attributes><operations>%s</operations>"
            "</primitive>" % (name, provider, kind, name, pairs(name + "-i", **params), "".join(
                "<op id='%s-%s-%s' name='%s' interval='%s' timeout='240s'%s/>" % (name, what, interval, what, interval, " role='%s'" % role if role else "")
                for what, interval, role in operations)))


RESOURCES = "<resources>%s<clone id='ms_drbd_meta'><meta_attributes id='ms-m'>%s</meta_attributes>%s</clone><group id='my_services'>" \
            "<meta_attributes id='g-m'>%s</meta_attributes>%s%s%s</group></resources>" % (
                FENCING,
                pairs("ms-m", promotable="true", promoted_max=1, promoted_node_max=1, clone_max=2, clone_node_max=1, notify="true"),
                primitive("drbd_meta", "linbit", "drbd", (("15s", "Promoted"), ("16s", "Unpromoted")), drbd_resource="r0"),
                pairs("g-m", priority=10),
                primitive("MetaFS", "heartbeat", "Filesystem", (("20s", None),), device="/dev/drbd0", directory="/srv/site", fstype="ext4"),
                primitive("ClusterIP", "heartbeat", "IPaddr2", (("20s", None),), ip=ADDRESS, cidr_netmask="24"),
                primitive("WebSite", "heartbeat", "apache", configfile="/etc/site.conf", httpd="/usr/sbin/apache2",
                          statusurl="http://127.0.0.1/server-status"))
CONSTRAINTS = """<constraints>
<rsc_colocation id='services-on-drbd' rsc='my_services' with-rsc='ms_drbd_meta' with-rsc-role='Promoted' score='INFINITY'/>
<rsc_order id='drbd-before-services' first='ms_drbd_meta' first-action='promote' then='my_services' then-action='start'/>
<rsc_location id='prefer-alpha' rsc='my_services'><rule id='prefer-alpha-r' score='50'>
<expression id='prefer-alpha-e' attribute='#uname' operation='eq' value='alpha'/></rule></rsc_location>
</constraints>"""


class SiteCluster(Cluster):
    def files(self, host):
        return dict(super().files(host), **{"etc/drbd.d/r0.res": R0, "etc/site.conf": APACHE, "srv/site/.keep": ""})


def answers(cluster, timeout=120):
    """Until a client on the network gets the page."""
    return cluster.wait("the site answers", lambda: cluster.switch.fetch(PAGE) is not None, timeout)


def publish(cluster, text):
    """The page is changed where the file system is mounted; a client sees it."""
    cluster.home("MetaFS").run("echo '%s' >/srv/site/index.html; sync" % text)
    shows(cluster, text)


def shows(cluster, text):
    """The first page that a client gets is this one."""
    pages = []
    cluster.wait("the site answers", lambda: pages.append(cluster.switch.fetch(PAGE)) or pages[-1] is not None, 30)
    assert pages[-1] == text + "\n", "the page is %r, not %r" % (pages[-1], text)


def site_is_on(cluster, host, timeout=120):
    """All of it, and DRBD promoted there and nowhere else; the cluster knows it, too: a page can be had before the agent's start is over."""
    for resource in ("MetaFS", "ClusterIP", "WebSite"):
        cluster.wait("%s is on %s" % (resource, host.name), lambda: cluster.where(resource) == [host.name], timeout)
    promoted = cluster.where("drbd_meta", "Promoted")
    assert promoted == [host.name], "promoted on %s" % promoted
    answers(cluster)
    cluster.wait_idle()
    for resource in ("MetaFS", "ClusterIP", "WebSite"):
        assert cluster.where(resource) == [host.name], "%s is on %s" % (resource, cluster.where(resource))


def data_is_equal(cluster):
    """Both disks are up to date, nothing keeps the other from being promoted, and no notification comes any more with which the agent connects them."""
    one = cluster.alive()[0]
    cluster.wait("both copies are up to date", lambda: "ds:UpToDate/UpToDate" in one.run("cat /proc/drbd"), 120)
    cluster.wait("the handler's constraint is gone", lambda: "drbd-fence-by-handler" not in one.run("cibadmin -Q -o constraints", 60 * PATIENCE), 60)
    cluster.wait_idle()


# --- stories ---

def the_site_comes_up_on_replicated_storage(cluster):
    alpha, beta = cluster.hosts
    site_is_on(cluster, alpha)
    text = alpha.run("crm_mon -1")
    assert "* Promoted: [ alpha ]" in text and "* Unpromoted: [ beta ]" in text, text
    order = [text.find(name) for name in ("MetaFS", "ClusterIP", "WebSite")]
    assert -1 not in order and order == sorted(order), text
    publish(cluster, "first")


def it_is_moved_restarted_and_comes_home(cluster):
    alpha, beta = cluster.hosts
    publish(cluster, "written on alpha")
    alpha.run("crm_resource --move --resource my_services --node beta", 60 * PATIENCE)
    site_is_on(cluster, beta)
    shows(cluster, "written on alpha")
    publish(cluster, "written on beta")
    beta.run("crm_resource --clear --resource my_services", 60 * PATIENCE)
    cluster.wait_idle()
    site_is_on(cluster, beta)  # it sticks
    beta.run("crm_resource --restart --resource WebSite --timeout=%d" % (60 * PATIENCE), 70 * PATIENCE)
    site_is_on(cluster, beta)
    beta.run("crm_resource --resource my_services --meta --set-parameter target-role --parameter-value Stopped", 60 * PATIENCE)
    cluster.wait("the site is away", lambda: cluster.where("MetaFS") == [] and cluster.switch.fetch(PAGE) is None, 120)
    beta.run("crm_resource --resource my_services --meta --delete-parameter target-role", 60 * PATIENCE)
    site_is_on(cluster, alpha)  # nothing that ran kept it on beta, and it prefers alpha
    shows(cluster, "written on beta")


def a_killed_web_server_is_back(cluster):
    home = cluster.home("WebSite")
    publish(cluster, "before the kill")
    home.run("kill -9 $(cat /run/site.pid) && pkill -9 -x apache2; true")
    def failure_is_told():
        return any("WebSite" in line and "monitor" in line for line in home.run("crm_mon -1", 60 * PATIENCE, check=False).splitlines())
    cluster.wait("the failure is seen", failure_is_told, 60)
    site_is_on(cluster, home)
    shows(cluster, "before the kill")
    home.run("crm_resource --cleanup --resource WebSite", 60 * PATIENCE)
    cluster.wait("the failure is forgotten", lambda: not failure_is_told(), 60)


def a_crashed_machine_loses_nothing_that_was_written(cluster):
    victim = cluster.home("MetaFS")
    other = cluster.other(victim)
    publish(cluster, "the last word")
    victim.stop()  # the plug
    took = cluster.wait("the other has the site", lambda: cluster.where("WebSite") == [other.name], 4 * cluster.msgwait)
    site_is_on(cluster, other)
    shows(cluster, "the last word")
    publish(cluster, "written alone")
    cluster.say("back after %.1f s, msgwait %d s" % (took, cluster.msgwait))
    cluster.restart(victim)
    data_is_equal(cluster)
    site_is_on(cluster, other)  # 100 points of stickiness are more than 50 for alpha
    shows(cluster, "written alone")


def a_cut_link_leaves_the_machine_with_the_site(cluster):
    """Both can reach the mailboxes: priority-fencing-delay lets the one win that runs what has a priority."""
    home = cluster.home("MetaFS")
    other = cluster.other(home)
    publish(cluster, "before the cut")
    cluster.switch.unplug(other)
    other.wait_end(4 * cluster.msgwait * PATIENCE)
    assert other.why_ended() == "guest-reset" and home.is_alive(), other.why_ended()
    cluster.wait("the loss is dealt with", lambda: "OFFLINE: [ %s ]" % other.name in home.run("crm_mon -1", 60 * PATIENCE, check=False), 2 * cluster.msgwait)
    site_is_on(cluster, home)
    publish(cluster, "after the cut")
    cluster.switch.plug(other)
    cluster.restart(other)
    data_is_equal(cluster)
    assert home.is_alive()


def stale_data_is_not_promoted(cluster):
    """A copy that missed changes is brought up to date first.  One that is outdated and alone stays unpromoted, though it is the only one that may be."""
    home = cluster.home("MetaFS")
    old = cluster.other(home)
    old.stop()
    cluster.wait("the loss is dealt with", lambda: "OFFLINE: [ %s ]" % old.name in home.run("crm_mon -1", 60 * PATIENCE, check=False), 4 * cluster.msgwait)
    publish(cluster, "newer")
    constraints = home.run("cibadmin -Q -o constraints", 60 * PATIENCE)
    assert "drbd-fence-by-handler-r0" in constraints, "DRBD's handler did not leave its constraint:\n" + constraints
    cluster.restart(old)  # meets the newer one, which has it brought up to date
    data_is_equal(cluster)
    # Now by hand, as after a wrong manual promotion: the copy on one side is declared worthless.
    old.run("drbdadm disconnect r0; drbdadm outdate r0")
    home.run("crm_resource --ban --resource my_services --node %s; crm_resource --ban --resource ms_drbd_meta --promoted --node %s" % (home.name, home.name), 60 * PATIENCE)
    cluster.wait("the site stops", lambda: cluster.where("MetaFS") == [], 120)
    cluster.wait_idle()
    assert cluster.where("drbd_meta", "Promoted") == [], "a stale copy was promoted: %s" % cluster.where("drbd_meta", "Promoted")
    assert cluster.switch.fetch(PAGE) is None, "the site answers, with what?"
    old.run("drbdadm connect r0")
    home.run("crm_resource --clear --resource my_services; crm_resource --clear --resource ms_drbd_meta", 60 * PATIENCE)
    data_is_equal(cluster)
    answers(cluster)
    shows(cluster, "newer")


STORIES = [the_site_comes_up_on_replicated_storage, it_is_moved_restarted_and_comes_home, a_killed_web_server_is_back,
           a_crashed_machine_loses_nothing_that_was_written, a_cut_link_leaves_the_machine_with_the_site, stale_data_is_not_promoted]


def make_storage(cluster):
    """What an administrator does once: metadata, a first copy that needs no synchronisation, a file system."""
    alpha, beta = cluster.hosts
    cluster.on_both(lambda host: host.run("drbdadm create-md --force r0 && drbdadm up r0", 60 * PATIENCE))
    cluster.wait("the copies are connected", lambda: "cs:Connected" in alpha.run("cat /proc/drbd"), 30)
    alpha.run("drbdadm -- --clear-bitmap new-current-uuid r0 && drbdadm primary r0 && mkfs.ext4 -q /dev/drbd0", 60 * PATIENCE)
    alpha.run("mount -t ext4 /dev/drbd0 /mnt && echo nothing yet >/mnt/index.html && umount /mnt", 60 * PATIENCE)
    alpha.run("drbdadm secondary r0", 60 * PATIENCE)
    cluster.on_both(lambda host: host.run("drbdadm down r0", 60 * PATIENCE))


def on_drbd(world):
    for needed, package in (("/usr/sbin/drbdadm", "drbd-utils"), ("/usr/sbin/apache2", "apache2")):
        if not os.path.exists(needed):
            raise Skip("%s is not installed (package %s)" % (needed, package))
    cluster = SiteCluster("drbd", world.build, world.stage, disks=[("sbd", 1 << 20)], backing=32 << 20, sbd={"SBD_DEVICE": SBD_DEVICE}, own_time=True)

    def prepare():
        make_storage(cluster)
        cluster.hosts[0].run("sbd -d %s -1 %d -2 2 -4 %d create" % (SBD_DEVICE, cluster.watchdog_timeout, cluster.msgwait))
        cluster.start()
        cluster.options(stonith_timeout="%ds" % (3 * cluster.msgwait), stonith_enabled="true", priority_fencing_delay="%ds" % (cluster.watchdog_timeout + 10))
        cluster.configure("<rsc_defaults><meta_attributes id='d'><nvpair id='d-s' name='resource-stickiness' value='100'/></meta_attributes></rsc_defaults>")
        cluster.configure(RESOURCES)
        cluster.configure(CONSTRAINTS)
        cluster.wait_idle()
    return cluster, prepare


GROUPS = [("replicated", on_drbd, STORIES)]
