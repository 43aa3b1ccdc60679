# SPDX-License-Identifier: GPL-2.0-or-later
"""Random but valid cluster configurations with operation history, over the features of the scheduler.

Everything follows from the seed.  Used by compare (beside this file).  Never reads a clock: histories lie at fixed times.
"""
import random
import xml.etree.ElementTree as ET

NOW = 1700000000  # the -t of both programs
FEATURE_SET = "3.16.1"
UUID = "2668bbeb-06d5-40f9-936d-24cb7f87006a"


class Maker:
    def __init__(self, seed, size=1.0):
        self.r = random.Random(seed)
        self.size = size
        self.n_id = 0
        self.primitives = []   # (id, kind of agent) of everything that has a history
        self.tops = []         # ids that constraints can name: (id, kind)
        self.calls = {}
        self.cib = ET.Element("cib", {
            "crm_feature_set": FEATURE_SET, "validate-with": "pacemaker-3.9", "epoch": "10", "num_updates": "0",
            "admin_epoch": "0", "have-quorum": "1", "dc-uuid": "1", "cib-last-written": "Tue Nov 14 22:13:20 2023"})
        c = ET.SubElement(self.cib, "configuration")
        self.crm_config = ET.SubElement(c, "crm_config")
        self.nodes_xml = ET.SubElement(c, "nodes")
        self.resources = ET.SubElement(c, "resources")
        self.constraints = ET.SubElement(c, "constraints")
        self.configuration = c
        self.status = ET.SubElement(self.cib, "status")

    def maybe(self, p):
        return self.r.random() < p

    def new_id(self, stem):
        self.n_id += 1
        return "%s-%d" % (stem, self.n_id)

    def nvset(self, parent, tag, values, **attrs):
        if not values:
            return None
        s = ET.SubElement(parent, tag, dict({"id": self.new_id(tag)}, **attrs))
        for name, value in values.items():
            ET.SubElement(s, "nvpair", {"id": self.new_id("nv"), "name": name, "value": str(value)})
        return s

    def pick(self, table):
        """{name: (probability, [values])} -> the chosen names with values."""
        return {name: self.r.choice(values) for name, (p, values) in table.items() if self.maybe(p)}

    # --- the cluster ---

    def options(self):
        o = self.pick({
            "no-quorum-policy": (.3, ["stop", "freeze", "ignore", "demote", "suicide"]),
            "symmetric-cluster": (.1, ["false", "true"]),
            "stop-orphan-resources": (.1, ["false"]), "stop-orphan-actions": (.1, ["false"]),
            "start-failure-is-fatal": (.2, ["false", "true"]), "enable-startup-probes": (.1, ["false"]),
            "maintenance-mode": (.04, ["true"]), "stop-all-resources": (.03, ["true"]),
            "placement-strategy": (.3, ["utilization", "minimal", "balanced", "default"]),
            "node-health-strategy": (.15, ["migrate-on-red", "only-green", "progressive", "custom", "none"]),
            "concurrent-fencing": (.3, ["true", "false"]), "stonith-action": (.2, ["off", "reboot", "poweroff"]),
            "startup-fencing": (.1, ["false"]), "priority-fencing-delay": (.1, ["15s"]),
            "remove-after-stop": (.05, ["true"]), "shutdown-lock": (.08, ["true"]), "cluster-delay": (.1, ["30s"]),
            "stonith-timeout": (.1, ["77s"]), "have-watchdog": (.1, ["true"]), "stonith-watchdog-timeout": (.05, ["10s"]),
        })
        self.fencing = self.maybe(.5)
        o["stonith-enabled"] = "true" if self.fencing else "false"
        self.nvset(self.crm_config, "cluster_property_set", o)
        if self.maybe(.25):
            d = ET.SubElement(self.configuration, "rsc_defaults")
            self.nvset(d, "meta_attributes", self.pick({
                "resource-stickiness": (.6, ["1", "100", "INFINITY"]), "migration-threshold": (.4, ["1", "3"]),
                "failure-timeout": (.2, ["60s"])}))
        if self.maybe(.15):
            d = ET.SubElement(self.configuration, "op_defaults")
            self.nvset(d, "meta_attributes", {"timeout": self.r.choice(["33s", "2min"])})
        if self.maybe(.1):
            self.cib.set("have-quorum", "0")

    def nodes(self):
        count = self.r.choice([1, 2, 2, 3, 3, 3, 4, 5])
        self.nodes = ["node%d" % (i + 1) for i in range(count)]
        for i, name in enumerate(self.nodes):
            n = ET.SubElement(self.nodes_xml, "node", {"id": str(i + 1), "uname": name})
            self.nvset(n, "instance_attributes", self.pick({
                "standby": (.1, ["on", "off", "true"]), "maintenance": (.05, ["true"]),
                "site": (.4, ["a", "b"]), "rack": (.3, ["1", "2", "30"])}))
            self.nvset(n, "utilization", self.pick({"cpu": (.4, ["2", "4", "8"]), "memory": (.4, ["1024", "4096"])}))
            state = self.r.choice(["up"] * 12 + ["down", "down", "lost", "pending", "none", "leaving", "joining"])
            if i == 0:
                state = "up"
            self.node_state(str(i + 1), name, state)

    def node_state(self, node_id, name, state):
        known = {"up": ("true", "online", "member", "member"), "down": ("false", "offline", "down", "down"),
                 "lost": ("false", "offline", "down", "member"), "pending": ("true", "online", "down", "member"),
                 "leaving": ("true", "online", "member", "member"), "joining": ("true", "offline", "down", "down")}
        if state == "none":
            return
        in_ccm, crmd, join, expected = known[state]
        s = ET.SubElement(self.status, "node_state", {
            "id": node_id, "uname": name, "in_ccm": in_ccm, "crmd": crmd, "join": join, "expected": expected,
            "crm-debug-origin": "x"})
        values = self.pick({"probe_complete": (.3, ["true"]), "#health-disk": (.06, ["red", "yellow", "green", "-5"]),
                            "ping": (.2, ["100", "200", "3000"])})
        if state == "leaving":
            values["shutdown"] = str(NOW - 5)
        t = ET.SubElement(s, "transient_attributes", {"id": node_id})
        self.transient = getattr(self, "transient", {})
        self.transient[name] = (t, self.nvset(t, "instance_attributes", values) if values else None)
        lrm = ET.SubElement(s, "lrm", {"id": node_id})
        ET.SubElement(lrm, "lrm_resources")

    # --- resources ---

    META = {"target-role": (.1, ["Stopped", "Started", "Promoted", "Unpromoted"]), "is-managed": (.05, ["false"]),
            "resource-stickiness": (.2, ["0", "1", "50", "INFINITY", "-5"]), "priority": (.2, ["1", "5", "10"]),
            "migration-threshold": (.15, ["1", "2", "INFINITY"]), "failure-timeout": (.1, ["30s", "1h"]),
            "multiple-active": (.15, ["stop_only", "block", "stop_start", "stop_unexpected"]),
            "allow-migrate": (.2, ["true"]), "critical": (.05, ["false"]), "maintenance": (.04, ["true"]),
            "requires": (.1, ["nothing", "quorum", "fencing"]), "allow-unhealthy-nodes": (.05, ["true"])}

    def primitive(self, parent, rid, stateful=False, kind="ocf"):
        attrs = {"id": rid, "class": "ocf", "provider": "pacemaker", "type": "Stateful" if stateful else "Dummy"}
        if kind == "stonith":
            attrs = {"id": rid, "class": "stonith", "type": "fence_dummy"}
        elif kind == "lsb":
            attrs = {"id": rid, "class": "lsb", "type": "script"}
        p = ET.SubElement(parent, "primitive", attrs)
        self.nvset(p, "meta_attributes", self.pick(self.META))
        self.nvset(p, "instance_attributes", self.pick({"fake": (.2, ["x", "y"]), "state": (.05, ["/run/x"])}))
        if kind == "ocf":
            self.nvset(p, "utilization", self.pick({"cpu": (.4, ["1", "2", "3"]), "memory": (.3, ["512", "2048"])}))
        self.operations(p, rid, stateful)
        self.primitives.append((rid, stateful, kind))
        return p

    def operations(self, p, rid, stateful):
        ops = []
        if self.maybe(.7):
            ops.append(("monitor", self.r.choice(["10s", "30s", "1min"]), {}))
        if stateful and self.maybe(.7):
            ops.append(("monitor", "11s", {"role": self.r.choice(["Promoted", "Master"])}))
        if self.maybe(.06):
            ops.append(("monitor", "17s", {"role": "Stopped"}))
        if self.maybe(.2):
            ops.append(("start", "0", {}))
        if self.maybe(.2):
            ops.append(("stop", "0", {}))
        if stateful and self.maybe(.2):
            ops.append((self.r.choice(["promote", "demote"]), "0", {}))
        if not ops:
            return
        box = ET.SubElement(p, "operations")
        for name, interval, more in ops:
            a = dict({"id": self.new_id(rid + "-op"), "name": name, "interval": interval}, **more)
            a.update(self.pick({"timeout": (.4, ["20s", "90s"]),
                                "on-fail": (.25, {"stop": ["block", "ignore", "fence" if self.fencing else "block"],
                                                  "demote": ["ignore", "block", "stop"]}.get(
                                    name, ["ignore", "block", "stop", "restart", "standby"]
                                    + (["fence"] if self.fencing else [])
                                    + (["demote"] if name in ("monitor", "promote") and stateful and more else []))),
                                "enabled": (.04, ["false"]), "record-pending": (.05, ["false"]),
                                "start-delay": (.03, ["5s"])}))
            ET.SubElement(box, "op", a)

    def make_resources(self):
        for i in range(max(1, int(self.r.choice([1, 2, 3, 4, 5, 7]) * self.size))):
            kind = self.r.choice(["primitive"] * 5 + ["group"] * 3 + ["clone"] * 3 + ["promotable"] * 3 + ["clone-group"] * 2
                                 + ["unique"])
            rid = "r%d" % i
            if kind == "primitive":
                self.primitive(self.resources, rid, kind=self.r.choice(["ocf"] * 6 + ["lsb"]))
                self.tops.append((rid, "primitive"))
            elif kind == "group":
                self.group(self.resources, "g%d" % i)
                self.tops.append(("g%d" % i, "group"))
            else:
                self.clone(kind, "c%d" % i, rid)
        if self.fencing:
            for i in range(self.r.choice([0, 1, 1, 1, 2])):
                self.primitive(self.resources, "fence%d" % i, kind="stonith")

    def group(self, parent, gid, stateful=False):
        g = ET.SubElement(parent, "group", {"id": gid})
        self.nvset(g, "meta_attributes", self.pick({k: self.META[k] for k in ("target-role", "is-managed", "priority",
                                                                              "resource-stickiness")}))
        for j in range(self.r.choice([1, 2, 2, 3])):
            self.primitive(g, "%s-m%d" % (gid, j), stateful)
        return g

    def clone(self, kind, cid, rid):
        c = ET.SubElement(self.resources, "clone", {"id": cid})
        meta = self.pick({"clone-max": (.3, ["1", "2", "3", "5"]), "clone-node-max": (.15, ["1", "2"]),
                          "interleave": (.4, ["true", "false"]), "ordered": (.3, ["true", "false"]),
                          "notify": (.3, ["true"]), "clone-min": (.1, ["1", "2"]),
                          "target-role": (.08, ["Stopped", "Unpromoted", "Promoted"]), "is-managed": (.04, ["false"]),
                          "resource-stickiness": (.15, ["0", "10", "INFINITY"])})
        if kind == "unique":
            meta["globally-unique"] = "true"
            meta["clone-node-max"] = self.r.choice(["1", "2", "3"])
        if kind == "promotable":
            meta["promotable"] = "true"
            meta.update(self.pick({"promoted-max": (.3, ["1", "2"]), "promoted-node-max": (.2, ["1", "2"])}))
        self.nvset(c, "meta_attributes", meta)
        if kind == "clone-group" or (kind == "promotable" and self.maybe(.2)):
            self.group(c, "g" + cid, kind == "promotable")
        else:
            self.primitive(c, rid, kind == "promotable")
        self.tops.append((cid, kind))

    # --- constraints ---

    SCORES = ["INFINITY", "-INFINITY", "100", "-100", "1", "1000", "0"]

    def any_top(self):
        return self.r.choice(self.tops)

    def member(self):
        return self.r.choice([t[0] for t in self.tops])

    def rule(self, parent, score=True):
        a = {"id": self.new_id("rule")}
        if score:
            a["score"] = self.r.choice(self.SCORES)
        if self.maybe(.3):
            a["boolean-op"] = self.r.choice(["and", "or"])
        if self.maybe(.1):
            a["role"] = "Promoted"
        rule = ET.SubElement(parent, "rule", a)
        for _ in range(self.r.choice([1, 1, 2])):
            what = self.r.choice(["attr", "attr", "attr", "date"])
            if what == "attr":
                op = self.r.choice(["eq", "ne", "lt", "gt", "lte", "gte", "defined", "not_defined"])
                e = {"id": self.new_id("expr"), "attribute": self.r.choice(["site", "rack", "#uname", "ping", "#kind"]), "operation": op}
                if op not in ("defined", "not_defined"):
                    e["value"] = self.r.choice(["a", "b", "2", "node1", "node2", "150", "cluster"])
                    if self.maybe(.3):
                        e["type"] = self.r.choice(["string", "integer", "number", "version"])
                ET.SubElement(rule, "expression", e)
            else:
                e = {"id": self.new_id("date"), "operation": self.r.choice(["lt", "gt", "in_range"])}
                e["start" if e["operation"] != "lt" else "end"] = self.r.choice(["2023-01-01", "2024-06-01 12:00:00Z"])
                if e["operation"] == "in_range":
                    e["end"] = "2025-01-01"
                ET.SubElement(rule, "date_expression", e)

    def location(self):
        a = {"id": self.new_id("loc"), "rsc": self.member()}
        if self.maybe(.08):
            a.pop("rsc")
            a["rsc-pattern"] = self.r.choice(["r.*", "!r1", "c[0-9]"])
        if self.maybe(.1):
            a["resource-discovery"] = self.r.choice(["always", "never", "exclusive"])
        if self.maybe(.7):
            a.update(node=self.r.choice(self.nodes), score=self.r.choice(self.SCORES))
            if self.maybe(.1):
                a["role"] = self.r.choice(["Promoted", "Started", "Unpromoted"])
            ET.SubElement(self.constraints, "rsc_location", a)
        else:
            self.rule(ET.SubElement(self.constraints, "rsc_location", a))

    def role(self, kind):
        return self.maybe(.4 if kind == "promotable" else .03)

    def colocation(self):
        if self.maybe(.15) and len(self.tops) > 2:
            c = ET.SubElement(self.constraints, "rsc_colocation", {"id": self.new_id("col"), "score": self.r.choice(self.SCORES[:5])})
            self.sets(c, order=False)
            return
        (a, ka), (b, kb) = self.any_top(), self.any_top()
        if a == b:
            return
        x = {"id": self.new_id("col"), "rsc": a, "with-rsc": b, "score": self.r.choice(self.SCORES)}
        if self.role(ka):
            x["rsc-role"] = self.r.choice(["Promoted", "Unpromoted", "Started"])
        if self.role(kb):
            x["with-rsc-role"] = self.r.choice(["Promoted", "Unpromoted", "Started"])
        if self.maybe(.1):
            x["node-attribute"] = "site"
        if self.maybe(.1):
            x["influence"] = "false"
        ET.SubElement(self.constraints, "rsc_colocation", x)

    def sets(self, parent, order):
        names = [t[0] for t in self.tops]
        self.r.shuffle(names)
        for _ in range(self.r.choice([1, 2])):
            chosen = [names.pop() for _ in range(min(len(names), self.r.choice([1, 2, 3])))]
            if not chosen:
                break
            a = {"id": self.new_id("set")}
            a.update(self.pick({"sequential": (.4, ["true", "false"])}))
            if order:
                a.update(self.pick({"require-all": (.3, ["false", "true"]), "action": (.1, ["start", "promote"])}))
            s = ET.SubElement(parent, "resource_set", a)
            for name in chosen:
                ET.SubElement(s, "resource_ref", {"id": name})

    def order(self):
        if self.maybe(.2) and len(self.tops) > 2:
            c = ET.SubElement(self.constraints, "rsc_order", dict({"id": self.new_id("ord")}, **self.pick({
                "kind": (.5, ["Mandatory", "Optional", "Serialize"]), "symmetrical": (.2, ["true", "false"])})))
            self.sets(c, order=True)
            return
        (a, ka), (b, kb) = self.any_top(), self.any_top()
        if a == b:
            return
        x = {"id": self.new_id("ord"), "first": a, "then": b}
        x.update(self.pick({"kind": (.5, ["Mandatory", "Optional", "Serialize"]), "symmetrical": (.15, ["false", "true"])}))
        if ka == "promotable" and self.maybe(.5):
            x["first-action"] = self.r.choice(["promote", "demote", "start", "stop"])
        elif self.maybe(.1):
            x["first-action"] = self.r.choice(["start", "stop"])
        if kb == "promotable" and self.maybe(.4):
            x["then-action"] = self.r.choice(["promote", "start"])
        if ka in ("clone", "clone-group") and self.maybe(.2):
            x["require-all"] = "false"
        ET.SubElement(self.constraints, "rsc_order", x)

    def ticket(self):
        rsc, kind = self.any_top()
        x = {"id": self.new_id("tick"), "rsc": rsc, "ticket": "t1"}
        x.update(self.pick({"loss-policy": (.7, ["stop", "freeze", "demote"] + (["fence"] if self.fencing else []))}))
        if kind == "promotable" and self.maybe(.5):
            x["rsc-role"] = "Promoted"
        ET.SubElement(self.constraints, "rsc_ticket", x)
        if self.status.find("tickets") is None and self.maybe(.7):
            t = ET.SubElement(self.status, "tickets")
            ET.SubElement(t, "ticket_state", dict({"id": "t1", "granted": self.r.choice(["true", "false"]),
                                                   "last-granted": str(NOW - 100)}, **self.pick({"standby": (.2, ["true"])})))

    # --- history ---

    def op(self, box, node, rid, task, interval, rc, status, age, target=None, **more):
        call = self.calls.get(node, 1)
        self.calls[node] = call + 1
        if status == -1:
            call_id = "-1"
        else:
            call_id = str(call)
        key = "%d:%d:%d:%s" % (call, call, rc if target is None else target, UUID)
        kept = {"start": "last", "stop": "last", "promote": "last", "demote": "last", "migrate_to": "last",
                "migrate_from": "last"}.get(task)
        op_id = "%s_%s_0" % (rid, kept) if kept else "%s_%s_%d" % (rid, task, interval)
        if more.pop("failed", False):
            op_id = "%s_last_failure_0" % rid
        a = {"id": op_id, "operation_key": "%s_%s_%d" % (rid, task, interval), "operation": task,
             "crm-debug-origin": "x", "crm_feature_set": FEATURE_SET, "transition-key": key,
             "transition-magic": "%d:%d;%s" % (status, rc, key), "on_node": node, "call-id": call_id, "rc-code": str(rc),
             "op-status": str(status), "interval": str(interval), "last-rc-change": str(NOW - age),
             "exec-time": "10", "queue-time": "0"}
        if task == "monitor" and interval == 0 and kept is None:
            a["id"] = "%s_last_0" % rid if box.find("lrm_rsc_op[@id='%s_last_0']" % rid) is None else "%s_monitor_0" % rid
        a.update(more)
        if box.find("lrm_rsc_op[@id='%s']" % a["id"]) is None:
            ET.SubElement(box, "lrm_rsc_op", a)

    def fail_count(self, node, rid, task, interval, count, age):
        t, values = self.transient[node]
        if values is None:
            values = ET.SubElement(t, "instance_attributes", {"id": self.new_id("status")})
            self.transient[node] = (t, values)
        for name, value in (("fail-count", count), ("last-failure", NOW - age)):
            ET.SubElement(values, "nvpair", {"id": self.new_id("fc"), "name": "%s-%s#%s_%d" % (name, rid, task, interval),
                                             "value": str(value)})

    def history(self):
        for rid, stateful, kind in self.primitives:
            in_clone = self.resources.find(".//clone//primitive[@id='%s']" % rid) is not None
            unique = in_clone and any(c.find(".//nvpair[@name='globally-unique']") is not None
                                      and c.find(".//primitive[@id='%s']" % rid) is not None for c in self.resources.iter("clone"))
            home = self.r.choice(self.nodes)
            for i, node in enumerate(self.nodes):
                lrm = self.status.find("node_state[@uname='%s']/lrm/lrm_resources" % node)
                if lrm is None or self.maybe(.12):
                    continue
                runs = self.maybe(.75) if in_clone else (node == home and self.maybe(.8)) or self.maybe(.02)
                instance = "%s:%d" % (rid, i) if unique else rid
                self.one_history(lrm, node, instance, stateful, kind, runs)
        if self.maybe(.12):  # an orphan
            node = self.nodes[0]
            lrm = self.status.find("node_state[@uname='%s']/lrm/lrm_resources" % node)
            self.one_history(lrm, node, "orphan", False, "ocf", True)

    def one_history(self, lrm, node, rid, stateful, kind, runs):
        a = {"id": rid, "type": "Stateful" if stateful else "Dummy", "class": "ocf", "provider": "pacemaker"}
        if kind == "stonith":
            a = {"id": rid, "type": "fence_dummy", "class": "stonith"}
        elif kind == "lsb":
            a = {"id": rid, "type": "script", "class": "lsb"}
        box = ET.SubElement(lrm, "lrm_resource", a)
        base = rid.split(":")[0]
        if not runs:
            what = self.r.choice(["probed"] * 12 + ["stopped"] * 4 + ["notinstalled", "unknown", "pending", "start-failed", "stop-failed"])
            if what == "probed":
                self.op(box, node, rid, "monitor", 0, 7, 0, 500, 7)
            elif what == "stopped":
                self.op(box, node, rid, "stop", 0, 0, 0, 300, 0)
            elif what == "notinstalled":
                self.op(box, node, rid, "monitor", 0, 5, 0, 500, 7)
            elif what == "unknown":
                self.op(box, node, rid, "monitor", 0, self.r.choice([1, 2, 4, 6]), 0, 500, 7)
            elif what == "pending":
                self.op(box, node, rid, self.r.choice(["monitor", "start", "stop"]), 0, 193, -1, 3, 0)
            else:
                task = what.split("-")[0]
                status, rc = self.r.choice([(0, 1), (2, 1), (0, 5), (0, 6)])
                self.op(box, node, rid, task, 0, rc, status, 50, 0)
                self.op(box, node, rid, task, 0, rc, status, 50, 0, failed=True)
                self.fail_count(node, base, task, 0, self.r.choice(["1", "2", "INFINITY"]), 50)
            return
        if self.maybe(.15):
            self.op(box, node, rid, "monitor", 0, 0, 0, 500, 7)  # found running by a probe
        elif self.maybe(.08):
            self.op(box, node, rid, "migrate_from", 0, 0, 0, 400, 0, migrate_source=self.r.choice(self.nodes), migrate_target=node)
        else:
            self.op(box, node, rid, "start", 0, 0, 0, 400, 0)
        promoted = stateful and self.maybe(.4)
        if promoted:
            box.clear()
            box.attrib.update(a)
            self.op(box, node, rid, "promote", 0, 0, 0, 350, 0)
        p = self.resources.find(".//primitive[@id='%s']" % base)
        for o in (p.findall("operations/op[@name='monitor']") if p is not None else []):
            wants_promoted = o.get("role") in ("Promoted", "Master")
            if o.get("role") == "Stopped" or (stateful and wants_promoted != promoted) or self.maybe(.1):
                continue
            ms = {"10s": 10000, "30s": 30000, "1min": 60000, "11s": 11000}[o.get("interval")]
            good = 8 if promoted else 0
            self.op(box, node, rid, "monitor", ms, good, 0, 340, good)
            if self.maybe(.1):
                rc = self.r.choice([1, 7, 7, 5, 9 if stateful else 7])
                status = self.r.choice([0, 0, 0, 2])
                self.op(box, node, rid, "monitor", ms, 1 if status else rc, status, 20, good, failed=True)
                self.fail_count(node, base, "monitor", ms, self.r.choice(["1", "1", "2", "INFINITY"]), 20)
        if stateful and self.maybe(.7):
            t, values = self.transient[node]
            if values is None:
                values = ET.SubElement(t, "instance_attributes", {"id": self.new_id("status")})
                self.transient[node] = (t, values)
            ET.SubElement(values, "nvpair", {"id": self.new_id("pm"), "name": "master-%s" % base,
                                             "value": self.r.choice(["5", "10", "100", "-INFINITY", "1"])})

    def make(self):
        self.options()
        self.nodes()
        self.make_resources()
        if self.tops:
            for maker, most in ((self.location, 4), (self.colocation, 3), (self.order, 3), (self.ticket, 1)):
                for _ in range(self.r.randint(0, most)):
                    if maker != self.ticket or self.maybe(.2):
                        maker()
        self.history()
        # the schema's order of sections
        for tag in ("rsc_defaults", "op_defaults"):
            e = self.configuration.find(tag)
            if e is not None:
                self.configuration.remove(e)
                self.configuration.append(e)
        return self.cib


def generate(seed, size=1.0):
    """A CIB as text."""
    return ET.tostring(Maker(seed, size).make(), encoding="unicode")


if __name__ == "__main__":
    import sys
    print(generate(int(sys.argv[1])))
