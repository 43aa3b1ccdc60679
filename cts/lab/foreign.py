# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories with Debian's unmodified Pacemaker 2.1.5: its client programs against our daemons, its nodes among ours.

Skipped where the package is not installed.  Never compares what must differ (times, who is DC).
"""
import difflib
import os
import re
import xml.etree.ElementTree as ET

import website
from lab import Lab, LabError, wait_until
from results import Skip
from world import configure, expect_active

CLIENTS = "/usr/sbin/crm_mon"


def need_debian():
    if not os.path.exists("/usr/lib/pacemaker/pacemaker-controld") or not os.path.exists(CLIENTS):
        raise Skip("Debian's pacemaker is not installed (./check --with-oracle installs it)")


def normal(text):
    """Without what differs from run to run."""
    text = re.sub(r"(Sun|Mon|Tue|Wed|Thu|Fri|Sat) \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}", "TIME", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r'(num_updates|epoch|cib-last-written|update-client|exec-time|queue-time|crm-debug-origin|call|'
                  r'transition-key|transition-magic|call-id)="[^"]*"', r'\1="X"', text)
    text = text.replace("/run/.host/usr/sbin/", "/usr/sbin/")
    text = re.sub(r"stonith_admin\.\d+", "stonith_admin.PID", text)
    text = re.sub(r'(last_change .*origin=)"\w+"|(Last change:.* on )node\d', r"\1\2", text)
    text = re.sub(r"^(\.\.\. got reply.*|Waiting for \d repl.*)\n", "", text, flags=re.M)  # as replies come in
    return text


# What is asked of both stacks in this order: (name, argv, wait for idle afterwards)
SCRIPT = [
    ("cibadmin -Q", ["cibadmin", "-Q", "-o", "resources"], False),
    ("cibadmin -C", ["cibadmin", "-C", "-o", "resources", "--xml-text", '<primitive id="r1" class="ocf" provider="pacemaker" type="Dummy"/>'], True),
    ("cibadmin -C again", ["cibadmin", "-C", "-o", "resources", "--xml-text", '<primitive id="r1" class="ocf" provider="pacemaker" type="Dummy"/>'], False),
    ("cibadmin -M", ["cibadmin", "-M", "-o", "resources", "--xml-text", '<primitive id="r1"><meta_attributes id="m"><nvpair id="m-p" name="priority" value="5"/></meta_attributes></primitive>'], True),
    ("cibadmin -R", ["cibadmin", "-R", "-o", "rsc_defaults", "--xml-text", '<rsc_defaults><meta_attributes id="rd"><nvpair id="rd-s" name="resource-stickiness" value="1"/></meta_attributes></rsc_defaults>'], True),
    ("cibadmin -D", ["cibadmin", "-D", "-o", "rsc_defaults", "--xml-text", '<meta_attributes id="rd"/>'], True),
    ("cibadmin -P", ["cibadmin", "-P", "--xml-text", '<diff format="2"><version><source admin_epoch="99" epoch="0" num_updates="0"/><target admin_epoch="99" epoch="1" num_updates="0"/></version></diff>'], False),
    ("cibadmin -Q xpath", ["cibadmin", "-Q", "--xpath", "//primitive[@id='r1']"], False),
    ("cibadmin -Q nothing", ["cibadmin", "-Q", "--xpath", "//primitive[@id='none']"], False),
    ("crm_attribute set", ["crm_attribute", "-n", "batch-limit", "-v", "7"], True),
    ("crm_attribute get", ["crm_attribute", "-n", "batch-limit", "-G"], False),
    ("crm_attribute node", ["crm_attribute", "-N", "node2", "-n", "site", "-v", "one"], True),
    ("crm_attribute node get", ["crm_attribute", "-N", "node2", "-n", "site", "-G", "-q"], False),
    ("crm_attribute transient", ["crm_attribute", "-N", "node2", "-l", "reboot", "-n", "load", "-v", "3"], True),
    ("crm_attribute missing", ["crm_attribute", "-n", "nothing-of-the-kind", "-G"], False),
    ("attrd_updater set", ["attrd_updater", "-n", "x", "-U", "1"], True),
    ("attrd_updater get", ["attrd_updater", "-n", "x", "-Q"], False),
    ("attrd_updater get all", ["attrd_updater", "-n", "x", "-Q", "-A"], False),
    ("attrd_updater missing", ["attrd_updater", "-n", "nix", "-Q"], False),
    ("attrd_updater delete", ["attrd_updater", "-n", "x", "-D"], True),
    ("crm_node -l", ["crm_node", "-l"], False),
    ("crm_node -i", ["crm_node", "-i"], False),
    ("crm_node -q", ["crm_node", "-q"], False),
    ("crm_node -p", ["crm_node", "-p"], False),
    ("crm_node -n", ["crm_node", "-n"], False),
    ("crmadmin -S", ["crmadmin", "-S", "node1"], False),
    ("crmadmin -N", ["crmadmin", "-N"], False),
    ("crmadmin -D", ["crmadmin", "-D"], False),
    ("crm_resource -L", ["crm_resource", "-L"], False),
    ("crm_resource -W", ["crm_resource", "-W", "-r", "r1"], False),
    ("crm_resource -M", ["crm_resource", "-M", "-r", "r1", "-N", "node3"], True),
    ("crm_resource -W moved", ["crm_resource", "-W", "-r", "r1"], False),
    ("crm_resource -U", ["crm_resource", "-U", "-r", "r1"], True),
    ("crm_resource -F", ["crm_resource", "-F", "-r", "r1", "-N", "node3"], True),
    ("crm_resource -C", ["crm_resource", "-C", "-r", "r1"], True),
    ("crm_resource -R", ["crm_resource", "-R", "-r", "r1"], True),
    ("crm_resource --wait", ["crm_resource", "--wait"], False),
    ("crm_mon -1", ["crm_mon", "-1"], False),
    ("crm_mon xml", ["crm_mon", "-1", "--output-as=xml"], False),
    ("crm_mon -1nrfA", ["crm_mon", "-1", "-n", "-r", "-f", "-A"], False),
]

GHOSTS = ["stonith_admin", "-R", "d", "-a", "fence_lab", "-o", "pcmk_host_list=ghost1 ghost2"]
SCRIPT += [(" ".join(words)[:40], words, False) for words in [GHOSTS] + [["stonith_admin"] + words.split() for words in (
    "-L", "-L --output-as=xml", "-I", "-l ghost1", "-l nobody", "-Q d", "-Q nothing", "-s d", "-s d --output-as=xml",
    "-B ghost1 -t 10", "-F ghost2 -t 10", "-U ghost1 -t 10", "-F nobody -t 3", "-F ghost1 -t 10 --tolerance 100",
    "-r ghost1 -i 1 -v d -v nothing", "-F ghost1 -t 5", "-d ghost1 -i 1", "-r ghost1 -i 12 -v d", "-r @ghost.* -i 2 -v d",
    "-B ghost2 -t 10", "-d @ghost.* -i 2", "-C ghost2", "-h ghost1", "-h ghost1 --output-as=xml", "-h nobody",
    "-h nobody --output-as=xml", "-H ghost1 -V", "-H * -V --output-as=xml", "-H nobody -V", "-M -a fence_lab", "-M -a nothing",
    "-K -a nothing", "-H * -c", "-H * -V", "-D d", "-L", "-R", "-R x", "-H * -b")]]


def record(lab):
    """The answers of Debian's programs on this cluster: {name: (exit status, normalised output)}."""
    one = lab.nodes[0]
    one.debian(["crm_attribute", "-n", "stonith-enabled", "-v", "false"])
    lab.wait_idle()
    wait_until("DC is known", lambda: lab.dc(), 30)
    answers = {}
    for name, argv, settle in SCRIPT:
        p = one.debian(argv)
        answers[name] = (p.returncode, normal(p.stdout))
        if settle:
            one.debian(["crm_resource", "--wait", "--timeout=60"], timeout=70)
    return answers


def differences(ours, theirs):
    out = []
    for name, _, _ in SCRIPT:
        if ours[name] != theirs[name]:
            lines = difflib.unified_diff(theirs[name][1].splitlines(), ours[name][1].splitlines(), "theirs", "ours",
                                         lineterm="", n=0)
            out.append("%s: exit %d, theirs %d\n%s" % (name, ours[name][0], theirs[name][0], "\n".join(lines)))
    return out


def debians_clients_get_what_their_own_daemons_give(make_lab):
    with make_lab(fencing=True) as lab:
        lab.create()
        lab.start(dc="node1")
        ours = record(lab)
    theirs_lab = Lab(lab.name, nodes=3, fencing=True)
    with theirs_lab:
        theirs_lab.create()
        theirs_lab.start(dc="node1")
        theirs = record(theirs_lab)
    diff = differences(ours, theirs)
    assert not diff, "%d of %d answers differ\n%s" % (len(diff), len(SCRIPT), "\n".join(diff))


def a_debian_node_and_ours_form_one_cluster(make_lab):
    with make_lab(debian_nodes=["node3"]) as lab:
        lab.create()
        lab.start(timeout=120)
        one, three = lab.nodes[0], lab.nodes[2]
        one.run(["crm_attribute", "-n", "stonith-enabled", "-v", "false"])
        three.run(["cibadmin", "-M", "--allow-create", "--xml-text",
                   '<resources><clone id="c"><primitive id="p" class="ocf" provider="pacemaker" type="Dummy"/></clone></resources>'])
        wait_until("the clone runs on all three", lambda: len(lab.active_on("p", one) or []) == 3, 60)
        assert sorted(one.output("crm_node", "-l").splitlines()) == sorted(three.output("crm_node", "-l").splitlines())
        a = ET.fromstring(one.output("cibadmin", "-Q", "-l"))
        b = ET.fromstring(three.output("cibadmin", "-Q", "-l"))
        for section in ("configuration", "status"):
            assert ET.tostring(a.find(section)) == ET.tostring(b.find(section)), "%s differs" % section
        # whoever is DC, the other kind takes over
        for _ in range(2):
            dc = lab.dc()
            dc.power_off()
            wait_until("a new DC", lambda: lab.dc() not in (None, dc), 60)
            dc.start()
            lab.wait_online(timeout=120)
        wait_until("the clone runs on all three again", lambda: len(lab.active_on("p", one) or []) == 3, 60)


def attributes_of(node, name):
    """What the attribute manager of `node` knows: {host: value}."""
    known = node.run(["attrd_updater", "-n", name, "-Q", "-A"], check=False).stdout
    return dict(re.findall(r'host="([^"]*)" value="([^"]*)"', known))


def attributes_in_cib(node, name):
    return {state.get("uname"): pair.get("value") for state in node.cib().iter("node_state")
            for pair in state.findall("transient_attributes//nvpair") if pair.get("name") == name}


def attributes_of_both_halves_meet_again(make_lab):
    """A cut sets ours and Debian's attribute managers apart; each side goes on, and what each says of its own nodes counts afterwards."""
    with make_lab(debian_nodes=["node3"]) as lab:
        lab.create()
        lab.start(timeout=120)
        one, two, three = lab.nodes

        def all_know(values, nodes):
            wait_until("%s know %s" % (", ".join(n.name for n in nodes), values), lambda: all(
                attributes_of(n, "shade") == values and attributes_in_cib(n, "shade") == values for n in nodes), 60, 0.5)

        for node in lab.nodes:
            node.run(["attrd_updater", "-n", "shade", "-U", "old-" + node.name])
        before = {n.name: "old-" + n.name for n in lab.nodes}
        all_know(before, lab.nodes)
        three.unplug()
        all_know({n: v for n, v in before.items() if n != "node3"}, [one, two])
        one.run(["attrd_updater", "-n", "shade", "-U", "new-node1"])
        three.run(["attrd_updater", "-n", "shade", "-U", "new-node3"])
        three.run(["attrd_updater", "-n", "late", "-U", "1"])
        three.plug()
        lab.wait_online(timeout=120)
        all_know(dict(before, node1="new-node1", node3="new-node3"), lab.nodes)
        wait_until("an attribute of the cut off node is known", lambda: all(attributes_of(n, "late") == {"node3": "1"} for n in lab.nodes), 30)


# As an administrator keeps it in a drawer: of an old release, without the nodes, without a status.
OLD_DOCUMENT = """<cib validate-with="pacemaker-%(schema)s" crm_feature_set="3.0.9" admin_epoch="%(number)d" epoch="0" num_updates="0"><configuration>
<crm_config><cluster_property_set id="old"><nvpair id="old-fencing" name="stonith-enabled" value="false"/>
<nvpair id="old-number" name="number" value="%(number)d"/></cluster_property_set></crm_config><nodes/>
<resources><clone id="c"><primitive id="p" class="ocf" provider="pacemaker" type="Dummy"/></clone></resources><constraints/></configuration><status/></cib>"""


def starts_of(resource, node):
    return len(re.findall(r"Result of start operation for %s(:\d+)? on \S+: ok" % resource, node.log()))


def an_old_document_takes_the_cibs_place(make_lab):
    """Whoever is DC and whoever is asked: both nodes come back online, what runs goes on running, all hold the same CIB."""
    number = 10
    for dc in ("node1", "node2"):
        with make_lab(nodes=2, debian_nodes=["node2"]) as lab:
            lab.create()
            lab.start(timeout=120, dc=dc)
            lab.nodes[0].run(["cibadmin", "-R", "-X", OLD_DOCUMENT % {"schema": "3.0", "number": number}])
            wait_until("the clone runs on both", lambda: len(lab.active_on("p") or []) == 2, 60, 0.5)
            before = [starts_of("p", n) for n in lab.nodes]
            for asked in lab.nodes:
                for schema in ("2.10", "1.2"):
                    number += 1
                    asked.run(["cibadmin", "-R", "-X", OLD_DOCUMENT % {"schema": schema, "number": number}])
                    wait_until("the document of %s with schema %s counts (DC %s)" % (asked.name, schema, dc), lambda: all(
                        n.output("crm_attribute", "-G", "-q", "-n", "number").strip() == str(number) for n in lab.nodes), 30, 0.3)
                    try:
                        lab.wait_online(timeout=60)
                        wait_until("the clone is known on both", lambda: len(lab.active_on("p") or []) == 2, 60, 0.5)
                    except LabError as e:
                        raise AssertionError("the document of %s with schema %s, DC %s: %s" % (asked.name, schema, dc, e))
                    lab.wait_idle()
                    for n in lab.nodes:
                        assert sorted(e.get("uname") for e in n.cib().iter("node")) == ["node1", "node2"], "nodes in the CIB of %s" % n.name
                    cibs = [ET.fromstring(n.output("cibadmin", "-Q", "-l")) for n in lab.nodes]
                    for section in ("configuration", "status"):
                        assert ET.tostring(cibs[0].find(section)) == ET.tostring(cibs[1].find(section)), "%s differs" % section
            assert [starts_of("p", n) for n in lab.nodes] == before, "the resource was started anew"


REPLACED = """<resources><clone id="s-clone"><meta_attributes id="s-m"><nvpair id="s-m-p" name="promotable" value="true"/></meta_attributes>
<primitive id="s" class="ocf" provider="pacemaker" type="Stateful"><operations><op id="s-o" name="monitor" interval="10s" role="Promoted"/></operations>
</primitive></clone><primitive id="d" class="ocf" provider="pacemaker" type="Dummy"/></resources>"""


def configuration(node):
    """What people configured: not who is DC, nor what is counted."""
    root = ET.fromstring(node.output("cibadmin", "-Q", "-l")).find("configuration")
    for pairs in root.iter("cluster_property_set"):
        for pair in [p for p in pairs if p.get("name") in ("dc-version", "cluster-infrastructure", "have-watchdog", "cluster-name")]:
            pairs.remove(pair)
    return ET.tostring(root)


def promoted(lab, resource):
    return [r for r in lab.nodes[0].status().iter("resource") if r.get("id") == resource and r.get("role") in ("Promoted", "Master")]


def become(node, debian):
    """The host is switched off, gets the other stack, and comes back with the files that it had."""
    others = [name for name in node.lab.options["debian_nodes"] if name != node.name]
    node.stop(timeout=90)
    node.power_off()
    node.lab.options["debian_nodes"] = others + [node.name] * debian
    node.prepare()
    node.start()
    node.lab.wait_online(timeout=120)


def a_cluster_is_replaced_node_by_node(make_lab):
    """Three nodes of Debian's become ours, one after the other, and one goes back; the site is never away longer than a move takes."""
    with make_lab(debian_nodes=["node1", "node2", "node3"]) as lab:
        lab.create()
        lab.start(timeout=120)
        website.configure(lab)
        configure(lab, REPLACED)
        lab.nodes[1].run(["crm_attribute", "-N", "node3", "-n", "shade", "-v", "blue"])
        lab.wait_idle()
        before = configuration(lab.nodes[0])
        with website.Watcher(lab) as watch:
            for node, debian in [(n, False) for n in lab.nodes] + [(lab.nodes[1], True)]:
                become(node, debian)
                expect_active(lab, "s", 3, 60)
                expect_active(lab, "d", 1, 60)
                wait_until("one instance is promoted", lambda: len(promoted(lab, "s")) == 1, 60)
                lab.wait_idle()
                assert configuration(node) == before, "%s has another configuration:\n%s\n%s" % (node.name, configuration(node), before)
                assert len({ET.tostring(ET.fromstring(n.output("cibadmin", "-Q", "-l")).find("status")) for n in lab.nodes}) == 1, "status differs"
        assert website.fetch(lab), "the site is away"
        assert watch.longest_gap() < 30, "the site was away for %.1f s" % watch.longest_gap()  # two stops and two starts on a busy machine


STORIES = [debians_clients_get_what_their_own_daemons_give, a_debian_node_and_ours_form_one_cluster,
           attributes_of_both_halves_meet_again, an_old_document_takes_the_cibs_place, a_cluster_is_replaced_node_by_node]


def run(results, chosen, make_lab):
    for story in chosen:
        def told():
            need_debian()
            story(make_lab)
        results.run(story.__name__.replace("_", " "), told)
