# SPDX-License-Identifier: GPL-2.0-or-later
"""Random inputs for what generate.py leaves out: remote nodes, guests, bundles of every engine, unfencing, templates, tags,
rules of every kind, migrations that stopped half-way, digests, shutdown locks, fencing delays.

Everything follows from the seed.  Used by compare (beside this file), which calls these inputs "feature".
"""
import xml.etree.ElementTree as ET

import generate
from generate import NOW

NO_PARAMETERS = "f2317cad3d54cec5d7d7aa7d0bf35cf8"


class Maker(generate.Maker):
    def __init__(self, seed):
        super().__init__(seed, .5)
        self.later = []   # what writes history once all nodes are known
        self.types = {}   # id -> attributes of its lrm_resource
        self.tags = []
        self.templates = []

    # --- the cluster

    def options(self):
        super().options()
        box = self.crm_config.find("cluster_property_set")
        known = {nv.get("name") for nv in box}
        more = self.pick({
            "shutdown-lock": (.2, ["true"]), "shutdown-lock-limit": (.1, ["10s", "1h", "0"]),
            "priority-fencing-delay": (.2, ["15s", "0"]), "node-health-strategy": (.15, ["custom", "progressive", "only-green"]),
            "node-health-base": (.1, ["10", "-10"]), "node-health-yellow": (.1, ["-7", "INFINITY"]), "node-health-green": (.1, ["3"]),
            "placement-strategy": (.15, ["utilization", "balanced", "minimal"]), "stop-removed-resources": (.05, ["false"])})
        for name, value in more.items():
            if name not in known:
                ET.SubElement(box, "nvpair", {"id": self.new_id("nv"), "name": name, "value": value})
        if self.maybe(.1):  # options that hold at times
            s = self.nvset(self.crm_config, "cluster_property_set", self.pick({
                "maintenance-mode": (.2, ["true"]), "stop-all-resources": (.1, ["true"]), "no-quorum-policy": (.5, ["ignore"])}) or {"cluster-delay": "40s"})
            s.set("score", self.r.choice(["10", "-1", "INFINITY"]))
            s.insert(0, self.any_rule(nodes=False))
        for tag, where in (("rsc_defaults", "rsc_expression"), ("op_defaults", "op_expression")):
            if self.maybe(.2):
                self.defaults(tag, where)

    def defaults(self, tag, where):
        box = self.configuration.find(tag)
        if box is None:
            box = ET.SubElement(self.configuration, tag)
        values = {"resource-stickiness": self.r.choice(["3", "200"]), "migration-threshold": "2"} if tag == "rsc_defaults" else \
            {"timeout": self.r.choice(["41s", "42s"]), "on-fail": self.r.choice(["restart", "ignore", "block"])}
        s = self.nvset(box, "meta_attributes", values)
        rule = ET.Element("rule", {"id": self.new_id("rule"), "score": "INFINITY", **self.pick({"boolean-op": (.4, ["and", "or"])})})
        for _ in range(self.r.choice([1, 1, 2])):
            if where == "op_expression":
                ET.SubElement(rule, where, {"id": self.new_id("expr"), "name": self.r.choice(["monitor", "start"]), **self.pick({"interval": (.4, ["10s", "0"])})})
            else:
                ET.SubElement(rule, where, {"id": self.new_id("expr"), **(self.pick({
                    "class": (.5, ["ocf", "stonith"]), "provider": (.3, ["pacemaker", "heartbeat"]), "type": (.4, ["Dummy", "Stateful"])}) or {"class": "ocf"})})
        s.insert(0, rule)

    def nodes(self):
        super().nodes()
        for node in self.nodes_xml:
            if self.maybe(.15):
                node.set("score", self.r.choice(["10", "-10", "INFINITY", "-INFINITY"]))
            if self.maybe(.3):
                self.nvset(node, "instance_attributes", self.pick({
                    "#health-cpu": (.3, ["red", "yellow", "green", "5"]), "pingd": (.5, ["100", "-5"]), "version": (.5, ["1.2.10", "1.10"])}))
        for name in self.nodes:
            if name in self.transient and self.maybe(.2):
                self.attributes(name, self.pick({
                    "standby": (.2, ["on"]), "terminate": (.1, ["true", "0", "1700000000"]), "shutdown": (.2, [str(NOW - 7), "0"]),
                    "#node-unfenced": (.6, [str(NOW - 1000), "0"]), "maintenance": (.1, ["true"]), "pingd": (.4, ["100", "3"])}))

    def attributes(self, node, values):
        t, box = self.transient[node]
        if box is None and values:
            box = ET.SubElement(t, "instance_attributes", {"id": self.new_id("status")})
            self.transient[node] = (t, box)
        for name, value in values.items():
            ET.SubElement(box, "nvpair", {"id": self.new_id("nv"), "name": name, "value": str(value)})

    def remote_state(self, name):
        """The node_state of a node whose executor is Pacemaker Remote."""
        s = ET.SubElement(self.status, "node_state", {"id": name, "uname": name, "remote_node": "true", "crm-debug-origin": "x", **self.pick({
            "in_ccm": (.7, ["true", "true", "false"]), "node_in_maintenance": (.1, ["true", "1"]), "node_fenced": (.1, ["0", str(NOW - 10)])})})
        t = ET.SubElement(s, "transient_attributes", {"id": name})
        values = self.pick({"site": (.3, ["a", "b"]), "standby": (.05, ["on"]), "shutdown": (.05, [str(NOW)])})
        self.transient[name] = (t, self.nvset(t, "instance_attributes", values) if values else None)
        ET.SubElement(ET.SubElement(s, "lrm", {"id": name}), "lrm_resources")

    # --- resources

    def make_resources(self):
        if self.maybe(.3):
            self.template()
        super().make_resources()
        for maker, chance in ((self.remote, .4), (self.guest, .35), (self.bundle, .45), (self.migrating, .4), (self.unfencer, .2), (self.instance_of_template, .3)):
            while self.maybe(chance):
                maker(len(self.resources))
                chance /= 3
        if self.maybe(.3) and len(self.tops) > 1:
            self.make_tag()
        for p in self.resources.iter("primitive"):
            if p.get("class") == "ocf" and p.get("type") == "Dummy" and self.maybe(.08):
                s = self.nvset(p, "meta_attributes", self.pick(self.META) or {"priority": "3"})
                s.insert(0, self.any_rule())
                p.remove(s)
                p.insert(0, s)

    def template(self):
        t = ET.SubElement(self.resources, "template", {"id": "T1", "class": "ocf", "provider": "pacemaker", "type": "Dummy"})
        self.nvset(t, "meta_attributes", self.pick(self.META))
        self.nvset(t, "instance_attributes", self.pick({"fake": (.4, ["x"])}))
        self.nvset(t, "utilization", self.pick({"cpu": (.3, ["1"])}))
        if self.maybe(.6):
            ET.SubElement(ET.SubElement(t, "operations"), "op", {"id": "T1-monitor", "name": "monitor", "interval": "10s"})
        self.templates.append("T1")

    def instance_of_template(self, i):
        if not self.templates:
            return
        rid = "t%d" % i
        p = ET.SubElement(self.resources, "primitive", {"id": rid, "template": "T1"})
        self.nvset(p, "meta_attributes", self.pick(self.META))
        self.primitives.append((rid, False, "ocf"))
        self.tops.append((rid, "primitive"))

    def make_tag(self):
        tags = ET.SubElement(self.configuration, "tags")
        tag = ET.SubElement(tags, "tag", {"id": "tagA"})
        for name in self.r.sample([t[0] for t in self.tops], 2):
            ET.SubElement(tag, "obj_ref", {"id": name})
        self.tags.append("tagA")

    def remote(self, i):
        rid = "remote%d" % i
        p = ET.SubElement(self.resources, "primitive", {"id": rid, "class": "ocf", "provider": "pacemaker", "type": "remote"})
        self.nvset(p, "instance_attributes", self.pick({"server": (.3, ["10.0.0.1"]), "reconnect_interval": (.3, ["60s"]), "port": (.1, ["3999"])}))
        self.nvset(p, "meta_attributes", self.pick({k: self.META[k] for k in ("target-role", "is-managed", "allow-migrate", "failure-timeout", "priority")}))
        if self.maybe(.7):
            op = ET.SubElement(ET.SubElement(p, "operations"), "op", {"id": rid + "-monitor", "name": "monitor", "interval": "30s"})
            op.attrib.update(self.pick({"on-fail": (.2, ["fence", "restart", "ignore"])}))
        self.types[rid] = {"class": "ocf", "provider": "pacemaker", "type": "remote"}
        self.tops.append((rid, "primitive"))
        if self.maybe(.3):
            n = ET.SubElement(self.nodes_xml, "node", {"id": rid, "uname": rid, "type": "remote"})
            self.nvset(n, "instance_attributes", self.pick({"resource-discovery-enabled": (.3, ["false"]), "site": (.5, ["a"])}))
        if self.maybe(.85):
            self.remote_state(rid)
            self.nodes.append(rid)
        self.later.append(lambda: self.connection(rid))

    def cluster_nodes(self):
        return [n for n in self.nodes if n.startswith("node")]

    def resource(self, node, rid):
        """The history of a resource on a node, to be filled; None if the node has no state."""
        lrm = self.status.find("node_state[@uname='%s']/lrm/lrm_resources" % node)
        if lrm is None or lrm.find("lrm_resource[@id='%s']" % rid) is not None:
            return None
        return ET.SubElement(lrm, "lrm_resource", {"id": rid, **self.types.get(rid, {"class": "ocf", "provider": "pacemaker", "type": "Dummy"})})

    def connection(self, rid, host=None):
        """Where the connection is, and whether it broke."""
        node = host or self.r.choice(self.cluster_nodes())
        for other in self.cluster_nodes():
            box = self.resource(other, rid) if other == node or self.maybe(.7) else None
            if box is None:
                continue
            if other != node:
                self.op(box, other, rid, "monitor", 0, 7, 0, 600, 7)
                continue
            self.op(box, node, rid, "start", 0, *self.r.choice([(0, 0)] * 9 + [(1, 4), (193, -1)]), 500, 0)
            what = self.r.random()
            if what < .6:
                self.op(box, node, rid, "monitor", 30000, 0, 0, 490, 0)
            elif what < .75:
                rc, status = self.r.choice([(1, 4), (1, 2), (7, 0)])
                self.op(box, node, rid, "monitor", 30000, rc, status, 20, 0, failed=True)
                if self.maybe(.5):
                    self.fail_count(node, rid, "monitor", 30000, self.r.choice(["1", "INFINITY"]), 20)
            elif what < .8:
                self.op(box, node, rid, "migrate_to", 0, 0, 0, 10, 0, migrate_source=node, migrate_target=self.r.choice(self.cluster_nodes()))

    def guest(self, i):
        rid, name = "vm%d" % i, "guest%d" % i
        p = self.primitive(self.resources, rid)
        self.primitives.pop()
        meta = p.find("meta_attributes")
        values = {"remote-node": name, **self.pick({"remote-connect-timeout": (.2, ["30s"]), "remote-allow-migrate": (.2, ["false"]), "remote-port": (.1, ["3122"])})}
        if meta is None:
            p.insert(0, self.nvset(p, "meta_attributes", values))
            p.remove(p[-1]) if p[-1].tag == "meta_attributes" and len(p) > 1 else None
        else:
            for k, v in values.items():
                ET.SubElement(meta, "nvpair", {"id": self.new_id("nv"), "name": k, "value": v})
        self.tops.append((rid, "primitive"))
        self.types[name] = {"class": "ocf", "provider": "pacemaker", "type": "remote"}
        if self.maybe(.85):
            self.remote_state(name)
            self.nodes.append(name)

        def happened():
            host = self.r.choice(self.cluster_nodes())
            for other in self.cluster_nodes():
                lrm = self.status.find("node_state[@uname='%s']/lrm/lrm_resources" % other)
                if lrm is not None and self.maybe(.85):
                    self.one_history(lrm, other, rid, False, "ocf", other == host and self.maybe(.85))
            if self.maybe(.8):
                self.connection(name, host if self.maybe(.9) else None)
        self.later.append(happened)

    def bundle(self, i):
        bid, engine = "b%d" % i, self.r.choice(["docker", "podman", "rkt"])
        b = ET.SubElement(self.resources, "bundle", {"id": bid})
        self.nvset(b, "meta_attributes", self.pick({k: self.META[k] for k in (
            "target-role", "is-managed", "priority", "resource-stickiness", "migration-threshold", "maintenance")}))
        replicas, stateful = self.r.choice([1, 2, 2, 3]), self.maybe(.4)
        a = {"image": "img", "replicas": str(replicas)}
        a.update(self.pick({"network": (.2, ["host"]), "options": (.2, ["--log"]), "run-command": (.2, ["/bin/run"])}))
        if stateful:
            a["promoted-max"] = self.r.choice(["1", "1", "2"])
        net = self.maybe(.9)
        ip = net and self.maybe(.5)
        if ip and self.maybe(.3):
            a["replicas-per-host"] = "2"
        child = net and self.maybe(.85)
        ET.SubElement(b, engine, a)
        if net:
            n = ET.SubElement(b, "network", self.pick({"control-port": (.4, ["9999"]), "add-host": (.2, ["false"]), "host-interface": (.1, ["eth0"])}))
            if ip:
                n.set("ip-range-start", "192.168.%d.100" % i)
                if self.maybe(.3):
                    n.set("host-netmask", "24")
            elif "control-port" not in n.attrib:
                n.set("control-port", "3121")
            if self.maybe(.4):
                ET.SubElement(n, "port-mapping", {"id": bid + "-port", **self.r.choice([{"port": "80"}, {"range": "80-90"}, {"port": "80", "internal-port": "8080"}])})
        if self.maybe(.4):
            s = ET.SubElement(b, "storage")
            ET.SubElement(s, "storage-mapping", {"id": bid + "-disk", "target-dir": "/in", **self.r.choice([{"source-dir": "/out"}, {"source-dir-root": "/root"}]),
                                                 **self.pick({"options": (.5, ["rw"])})})
        if child:
            p = self.primitive(b, bid + "c", stateful)
            self.primitives.pop()
            extra = self.pick({"notify": (.2, ["true"]), "container-attribute-target": (.2, ["host"]), "interleave": (.2, ["true"]), "ordered": (.1, ["true"])})
            if extra:
                s = self.nvset(p, "meta_attributes", extra)
                p.remove(s)
                p.insert(0, s)
        self.tops.append((bid, "promotable" if stateful else "bundle"))
        self.later.append(lambda: self.containers(i, bid, engine, replicas, ip, child, stateful))

    def containers(self, i, bid, engine, replicas, ip, child, stateful):
        for r in range(replicas + (1 if self.maybe(.1) else 0)):
            host = self.r.choice(self.cluster_nodes())
            container, address, name = "%s-%s-%d" % (bid, engine, r), "%s-ip-192.168.%d.%d" % (bid, i, 100 + r), "%s-%d" % (bid, r)
            self.types[container] = {"class": "ocf", "provider": "heartbeat", "type": engine}
            self.types[address] = {"class": "ocf", "provider": "heartbeat", "type": "IPaddr2"}
            self.types[name] = {"class": "ocf", "provider": "pacemaker", "type": "remote"}
            up = self.maybe(.8)
            for rid, there in ((container, True), (address, ip)):
                for node in self.cluster_nodes() if there else ():
                    box = self.resource(node, rid) if node == host or self.maybe(.6) else None
                    if box is None:
                        continue
                    if node != host or not up:
                        self.op(box, node, rid, "monitor", 0, 7, 0, 600, 7)
                        continue
                    self.op(box, node, rid, "start", 0, 0, 0, 500, 0)
                    if self.maybe(.6):
                        self.op(box, node, rid, "monitor", 60000, 0, 0, 490, 0)
                    if self.maybe(.06):
                        self.op(box, node, rid, "monitor", 60000, self.r.choice([1, 7]), 0, 10, 0, failed=True)
                        self.fail_count(node, rid, "monitor", 60000, "1", 10)
            if child and up:
                if self.maybe(.9):
                    self.connection(name, host)
                if self.maybe(.85):
                    self.remote_state(name)
                    lrm = self.status.find("node_state[@uname='%s']/lrm/lrm_resources" % name)
                    self.one_history(lrm, name, bid + "c", stateful, "ocf", self.maybe(.8))

    def unfencer(self, i):
        if not self.fencing:
            return
        p = ET.SubElement(self.resources, "primitive", {"id": "unfence%d" % i, "class": "stonith", "type": "fence_scsi"})
        self.nvset(p, "meta_attributes", {"provides": "unfencing"})
        self.nvset(p, "instance_attributes", self.pick({"pcmk_host_list": (.4, ["node1 node2"]), "devices": (.5, ["/dev/sda"])}))
        self.types["unfence%d" % i] = {"class": "stonith", "type": "fence_scsi"}
        self.later.append(lambda: [self.op(box, node, "unfence%d" % i, "start" if k == 0 else "monitor", 0, 0 if k == 0 else 7, 0, 500, 0 if k == 0 else 7)
                                   for k, node in enumerate(self.cluster_nodes()) for box in [self.resource(node, "unfence%d" % i)] if box is not None])

    def migrating(self, i):
        """A migration that went as far as it did."""
        rid = "mig%d" % i
        p = self.primitive(self.resources, rid)
        self.primitives.pop()
        meta = p.find("meta_attributes")
        if meta is None:
            p.insert(0, self.nvset(p, "meta_attributes", {"x": "y"}))
            p[:] = p[:1] + [e for e in p[1:] if e.tag != "meta_attributes"]
            meta = p[0]
        ET.SubElement(meta, "nvpair", {"id": self.new_id("nv"), "name": "allow-migrate", "value": "true"})
        self.tops.append((rid, "primitive"))

        def happened():
            source, target = (self.r.sample(self.cluster_nodes(), 2) if len(self.cluster_nodes()) > 1 else [self.nodes[0], "node9"])
            more = {"migrate_source": source, "migrate_target": target}
            left, right = self.resource(source, rid), self.resource(target, rid)
            results = [(0, 0)] * 4 + [(1, 0), (1, 4), (193, -1), (1, 2)]
            if left is not None:
                if self.maybe(.3):
                    self.op(left, source, rid, "start", 0, 0, 0, 900, 0, id="%s_start_0" % rid)
                self.op(left, source, rid, "migrate_to", 0, *self.r.choice(results), 300, 0, id="%s_migrate_to_0" % rid, **more)
                if self.maybe(.4):
                    self.op(left, source, rid, *self.r.choice([("stop", 0, 0, 0), ("stop", 0, 1, 0), ("monitor", 10000, 0, 0), ("start", 0, 0, 0)]), 200, 0, id=rid + "_last_0")
            if right is not None and self.maybe(.8):
                if self.maybe(.8):
                    self.op(right, target, rid, "migrate_from", 0, *self.r.choice(results), 250, 0, id="%s_migrate_from_0" % rid, **more)
                if self.maybe(.3):
                    self.op(right, target, rid, *self.r.choice([("stop", 0, 0, 0), ("monitor", 0, 7, 0), ("monitor", 10000, 0, 0), ("monitor", 0, 0, 0)]), 150, 0, id=rid + "_last_0")
            for node in self.cluster_nodes():
                box = self.resource(node, rid) if node not in (source, target) else None
                if box is not None:
                    self.op(box, node, rid, "monitor", 0, 7, 0, 800, 7)
        self.later.append(happened)

    # --- constraints

    def any_rule(self, nodes=True):
        rule = ET.Element("rule", {"id": self.new_id("rule"), "score": self.r.choice(["INFINITY", "10", "0"])})
        if self.maybe(.3):
            rule.set("boolean-op", self.r.choice(["and", "or"]))
        for _ in range(self.r.choice([1, 1, 2])):
            what = self.r.choice((["attr"] * 3 if nodes else []) + ["spec", "range", "duration", "rule"])
            if what == "attr":
                e = {"id": self.new_id("expr"), "attribute": self.r.choice(["site", "pingd", "version", "#uname", "#kind", "#is_dc", "#site-name", "fake"]),
                     "operation": self.r.choice(["eq", "ne", "lt", "gt", "lte", "gte"]), "value": self.r.choice(["a", "100", "1.10", "node1", "remote", "true", "cpu", "fake"])}
                e.update(self.pick({"type": (.4, ["version", "number", "integer", "string"]), "value-source": (.1, ["param", "meta", "literal"])}))
                ET.SubElement(rule, "expression", e)
            elif what == "spec":  # the time of the run is a Tuesday, 22:13:20
                d = ET.SubElement(rule, "date_expression", {"id": self.new_id("date"), "operation": "date_spec"})
                ET.SubElement(d, "date_spec", {"id": self.new_id("spec"), **(self.pick({
                    "hours": (.4, ["9-16", "22", "20-"]), "weekdays": (.4, ["1-5", "2", "6-7"]), "months": (.2, ["11", "1-3"]), "monthdays": (.2, ["14", "-10"]),
                    "years": (.2, ["2023", "2024-"]), "weeks": (.1, ["46"]), "yeardays": (.1, ["300-320"])}) or {"years": "2023"})})
            elif what == "duration":
                d = ET.SubElement(rule, "date_expression", {"id": self.new_id("date"), "operation": "in_range", "start": self.r.choice(["2023-11-01", "2023-11-14 22:00:00Z"])})
                ET.SubElement(d, "duration", {"id": self.new_id("dur"), **(self.pick({"days": (.3, ["2", "20"]), "hours": (.4, ["1"]), "months": (.2, ["1"])}) or {"minutes": "13"})})
            elif what == "range":
                e = {"id": self.new_id("date"), "operation": self.r.choice(["lt", "gt"])}
                e["start" if e["operation"] == "gt" else "end"] = self.r.choice(["2023-11-14 22:13:20Z", "2023-11-14 23:13:20+01:00", "2024-001", "2023-W46-2"])
                ET.SubElement(rule, "date_expression", e)
            else:
                rule.append(self.any_rule(nodes) if self.maybe(.5) else ET.Element("date_expression", {"id": self.new_id("date"), "operation": "gt", "start": "2020-01-01"}))
                if rule[-1].tag == "rule":
                    del rule[-1].attrib["score"]
        return rule

    def location(self):
        what = self.r.random()
        if what < .5:
            super().location()
            return
        c = ET.SubElement(self.constraints, "rsc_location", {"id": self.new_id("loc")})
        if what < .75:
            c.set("rsc", self.r.choice(self.tags + self.templates + [self.member()] * 3))
            rule = self.any_rule()
            if self.maybe(.2):
                del rule.attrib["score"]
                rule.set("score-attribute", self.r.choice(["pingd", "site"]))
            if self.maybe(.2):
                rule.set("role", self.r.choice(["Promoted", "Started", "Unpromoted", "Stopped"]))
            c.append(rule)
            return
        if what < .85:
            c.set("rsc-pattern", self.r.choice(["^r([0-9])$", "g.*", "!c.*", "(mig|vm).*"]))
        else:
            s = ET.SubElement(c, "resource_set", {"id": self.new_id("set"), **self.pick({"role": (.2, ["Promoted", "Started"])})})
            for name in self.r.sample([t[0] for t in self.tops], min(2, len(self.tops))):
                ET.SubElement(s, "resource_ref", {"id": name})
        c.set("node", self.r.choice(self.nodes))
        c.set("score", self.r.choice(self.SCORES))
        if self.maybe(.2):
            c.set("resource-discovery", self.r.choice(["always", "never", "exclusive"]))

    def colocation(self):
        before = len(self.constraints)
        super().colocation()
        for c in self.constraints[before:]:
            if c.get("rsc") and self.maybe(.2):
                c.set("node-attribute", self.r.choice(["site", "rack", "#uname", "#kind"]))
            if c.get("rsc") and self.tags + self.templates and self.maybe(.2):
                c.set(self.r.choice(["rsc", "with-rsc"]), self.r.choice(self.tags + self.templates))
            for s in c.findall("resource_set"):
                if self.maybe(.25):
                    s.set("role", self.r.choice(["Promoted", "Unpromoted", "Started"]))

    def order(self):
        before = len(self.constraints)
        super().order()
        for c in self.constraints[before:]:
            if c.get("first") and self.tags + self.templates and self.maybe(.2):
                c.set(self.r.choice(["first", "then"]), self.r.choice(self.tags + self.templates))
            if c.get("first") and self.maybe(.15):
                c.set("then-action", self.r.choice(["stop", "demote", "start", "promote"]))
            for s in c.findall("resource_set"):
                if self.maybe(.15):
                    s.set("action", self.r.choice(["stop", "demote"]))

    # --- history

    def history(self):
        super().history()
        for happened in self.later:
            happened()
        for lrm in self.status.iter("lrm_resource"):
            if self.maybe(.06):
                lrm.set("shutdown-lock", str(NOW - self.r.choice([5, 5000])))
            for op in lrm:
                if self.maybe(.6):
                    op.set("op-digest", NO_PARAMETERS if self.maybe(.85) else "0" * 32)
                if self.maybe(.1):
                    op.attrib.update({"op-force-restart": " state ", "op-restart-digest": self.r.choice([NO_PARAMETERS, "0" * 32])})
                if self.maybe(.05):
                    op.attrib.update({"op-secure-params": " passwd ", "op-secure-digest": self.r.choice([NO_PARAMETERS, "0" * 32])})
                if self.maybe(.03):
                    op.set("crm_feature_set", self.r.choice(["3.0.9", "3.11.0", "3.19.0"]))
                if self.maybe(.03):
                    op.set("exit-reason", "it broke")


def generate_features(seed):
    """A CIB as text."""
    m = Maker(seed)
    m.make()
    for tag in ("tags",):
        e = m.configuration.find(tag)
        if e is not None:
            m.configuration.remove(e)
            m.configuration.append(e)
    for section in ("op_defaults", "rsc_defaults"):
        e = m.configuration.find(section)
        if e is not None and m.configuration.find("tags") is not None:
            m.configuration.remove(e)
            m.configuration.append(e)
    return ET.tostring(m.cib, encoding="unicode")


if __name__ == "__main__":
    import sys
    print(generate_features(int(sys.argv[1])))
