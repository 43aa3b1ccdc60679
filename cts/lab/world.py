# SPDX-License-Identifier: GPL-2.0-or-later
"""What stories of the lab have in common: a cluster made whole, configured, looked at, in a line each."""
import signal
import xml.etree.ElementTree as ET

from lab import LabError, wait_until

DAEMONS = ["pacemaker-based", "pacemaker-fenced", "pacemaker-execd", "pacemaker-attrd", "pacemaker-schedulerd",
           "pacemaker-controld"]


# --- the world in a line ---

def configure(lab, section_xml, node=None):
    (node or lab.running()[0]).run(["cibadmin", "--modify", "--allow-create", "--scope", ET.fromstring(section_xml).tag,
                                    "--xml-text", section_xml])


def set_option(lab, name, value):
    lab.running()[0].run(["crm_attribute", "--type", "crm_config", "--name", name, "--update", value])


def dummies(count, prefix="d", interval=10):
    ops = '<operations><op id="%s{0}-mon" name="monitor" interval="%ds"/></operations>' % (prefix, interval)
    one = ('<primitive id="%s{0}" class="ocf" provider="pacemaker" type="Dummy">' % prefix) + ops + "</primitive>"
    return "<resources>%s</resources>" % "".join(one.format(i) for i in range(count))


def active(lab, resource, viewer=None):
    return lab.active_on(resource, viewer)


def expect_active(lab, resource, count=1, timeout=30):
    """Wait until the resource runs on that many nodes; returns their names."""
    wait_until("%s is active on %d node(s)" % (resource, count),
               lambda: len(active(lab, resource) or []) == count, timeout)
    return active(lab, resource)


def whole(lab):
    """Every story begins with all nodes online and an empty configuration."""
    for n in lab.nodes:
        n.run(["true"]) if n.pid else n.boot()
        n.plug()
        for other in lab.nodes:
            n.mend_to(other)
        for name in DAEMONS + ["pacemakerd", "corosync"]:
            n.kill(name, signal.SIGCONT)
        if not n.pids("corosync"):
            n.start_corosync()
        if not n.pids("pacemakerd"):
            n.start_stack()
    lab.wait_online(timeout=90)
    one = lab.nodes[0]
    for xpath in ("//nodes//instance_attributes", "//constraints/*", "//rsc_defaults/*", "//op_defaults/*"):
        one.run(["cibadmin", "--delete-all", "--force", "--xpath", xpath], check=False)
    one.run(["cibadmin", "--replace", "--scope", "crm_config", "--xml-text",
             '<crm_config><cluster_property_set id="cib-bootstrap-options">'
             '<nvpair id="opt-fencing" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>'])
    one.run(["crm_attribute", "--type", "crm_config", "--name", "stop-all-resources", "--update", "true"])
    lab.wait_idle(60)
    one.run(["cibadmin", "--replace", "--scope", "resources", "--xml-text", "<resources/>"])
    one.run(["crm_attribute", "--type", "crm_config", "--name", "stop-all-resources", "--delete"])
    lab.wait_idle(60)
    one.run(["crm_resource", "--cleanup"], check=False)


def run_in_one_lab(results, chosen, make_lab, before_each, **options):
    """Stories that take a cluster as it is share one; `before_each(lab, story)` makes it fit, `options` are those of `make_lab`."""
    if not chosen:
        return
    with make_lab(**options) as lab:
        lab.create()
        lab.start(timeout=120)
        for story in chosen:
            def told():
                try:
                    before_each(lab, story)
                    story(lab)
                except (LabError, AssertionError):
                    print("    logs: %s" % lab.save_logs())
                    raise
            results.run(story.__name__.replace("_", " "), told)


def same_cib_everywhere(lab):
    """All members hold the same configuration and status, to the byte."""
    def digests():
        found = set()
        for n in lab.running():
            root = n.run(["cibadmin", "-Q", "-l"], check=False)
            if root.returncode != 0:
                return None
            cib = ET.fromstring(root.stdout)
            found.add((cib.get("admin_epoch"), cib.get("epoch"), cib.get("num_updates"),
                       ET.tostring(cib.find("configuration")), ET.tostring(cib.find("status"))))
        return found
    wait_until("all nodes hold the same CIB", lambda: len(digests() or "ab") == 1, 20, 0.2)
