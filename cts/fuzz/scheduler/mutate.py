# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes a few things at random in an existing scheduler input: the neighbourhood of known cases.

Everything follows from the text and the seed.  Used by compare (beside this file).  The result may be refused by the
schema; compare skips what the installed program does not take.
"""
import random
import re
import xml.etree.ElementTree as ET

ROLES = ["Started", "Stopped", "Promoted", "Unpromoted", "Master", "Slave"]
SCORES = ["INFINITY", "-INFINITY", "0", "1", "-1", "100", "-100", "1000"]
BOOL = ["true", "false"]

OPTIONS = {
    "no-quorum-policy": ["stop", "freeze", "ignore", "demote", "suicide"], "stonith-enabled": BOOL,
    "symmetric-cluster": BOOL, "maintenance-mode": BOOL, "stop-all-resources": BOOL, "stop-orphan-resources": BOOL,
    "stop-orphan-actions": BOOL, "start-failure-is-fatal": BOOL, "enable-startup-probes": BOOL,
    "placement-strategy": ["default", "utilization", "minimal", "balanced"],
    "node-health-strategy": ["none", "migrate-on-red", "only-green", "progressive", "custom"],
    "node-health-green": ["10", "-10", "INFINITY"], "node-health-yellow": ["-20", "INFINITY", "-INFINITY"],
    "node-health-red": ["-30", "0"], "node-health-base": ["10", "-10"], "concurrent-fencing": BOOL,
    "stonith-action": ["reboot", "off", "poweroff"], "startup-fencing": BOOL, "priority-fencing-delay": ["15s", "0"],
    "remove-after-stop": BOOL, "shutdown-lock": BOOL, "shutdown-lock-limit": ["0", "10min", "10s"], "cluster-delay": ["30s"],
    "stonith-timeout": ["77s"], "have-watchdog": BOOL, "stonith-watchdog-timeout": ["0", "10s"], "is-managed-default": BOOL,
    "default-resource-stickiness": ["10"], "fence-reaction": ["panic"], "cluster-infrastructure": ["corosync"],
    "node-pending-timeout": ["2h"], "stop-removed-resources": BOOL, "default-action-timeout": ["44s"],
}
META = {
    "target-role": ["Started", "Stopped", "Promoted", "Unpromoted", "Master", "Slave"], "is-managed": BOOL, "maintenance": BOOL,
    "resource-stickiness": ["0", "1", "100", "INFINITY", "-INFINITY", "-1"], "priority": ["0", "1", "10", "-1", "INFINITY"],
    "migration-threshold": ["0", "1", "2", "INFINITY"], "failure-timeout": ["0", "30s", "1h", "10d"], "critical": BOOL,
    "multiple-active": ["stop_only", "block", "stop_start", "stop_unexpected"], "allow-migrate": BOOL,
    "requires": ["nothing", "quorum", "fencing", "unfencing"], "allow-unhealthy-nodes": BOOL,
    "clone-max": ["0", "1", "2", "3"], "clone-node-max": ["0", "1", "2"], "clone-min": ["1", "2"], "interleave": BOOL,
    "ordered": BOOL, "notify": BOOL, "globally-unique": BOOL, "promotable": BOOL, "promoted-max": ["0", "1", "2"],
    "promoted-node-max": ["1", "2"], "remote-node": ["guest1"], "restart-type": ["restart", "ignore"], "collocated": BOOL,
    "container-attribute-target": ["host"], "remote-allow-migrate": BOOL, "external-ip": ["1.2.3.4"], "timeout": ["10s"],
}
OP_ATTRIBUTES = {
    "on-fail": ["ignore", "block", "stop", "restart", "standby", "fence", "restart-container", "demote"],
    "interval": ["0", "10s", "20s", "30", "1h", "PT10S"], "timeout": ["5s", "60s", "2min"], "enabled": BOOL, "role": ROLES,
    "start-delay": ["5s"], "interval-origin": ["2023-11-14 00:00:00", "2023-11-14T22:00:07Z"], "record-pending": BOOL,
    "name": ["monitor", "start", "stop", "promote", "demote", "migrate_to", "migrate_from"],
    "requires": ["nothing", "quorum", "fencing"],
}
HISTORY = {
    "rc-code": ["0", "1", "2", "5", "6", "7", "8", "9", "190", "191", "193"], "op-status": ["0", "1", "2", "3", "4", "5", "6", "7", "-1"],
    "operation": ["start", "stop", "monitor", "promote", "demote", "notify"],
    "interval": ["0", "10000", "20000"], "call-id": ["-1", "1", "2", "5", "20", "100"],
    "op-digest": ["0" * 32], "op-force-restart": [" state ", " fake "], "op-restart-digest": ["0" * 32],
    "op-params": [" fake "], "op-secure-digest": ["0" * 32], "op-secure-params": [" passwd "],
    "on_node": ["node1"], "exit-reason": ["it broke"], "queue-time": ["0"],
}
NODE_STATE = {
    "in_ccm": ["true", "false", "1700000000", "0"], "crmd": ["online", "offline", "1700000000", "0"],
    "join": ["member", "down", "pending", "banned"], "expected": ["member", "down", "banned"],
    "node_fenced": ["0", "1"], "node_in_maintenance": ["true", "false"], "shutdown": ["1"],
}
NODE_ATTRIBUTES = {
    "standby": ["on", "off", "true"], "maintenance": BOOL, "#health-disk": ["red", "yellow", "green", "-10"],
    "#health-cpu": ["red", "5"], "shutdown": ["1700000000", "0"], "terminate": ["true", "1", "0"], "probe_complete": BOOL,
    "#node-unfenced": ["0", "1", "1700000000"], "#digests-all": ["x:stonith:fence_xvm,"], "resource-discovery-enabled": BOOL,
    "site": ["a", "b"],
}
LOCATION = {"score": SCORES, "role": ROLES, "resource-discovery": ["always", "never", "exclusive"]}
COLOCATION = {"score": SCORES, "rsc-role": ROLES, "with-rsc-role": ROLES, "influence": BOOL, "node-attribute": ["site", "#uname"]}
ORDER = {"kind": ["Mandatory", "Optional", "Serialize"], "symmetrical": BOOL, "require-all": BOOL,
         "first-action": ["start", "stop", "promote", "demote"], "then-action": ["start", "stop", "promote", "demote"],
         "score": ["0", "1", "INFINITY"]}
SET = {"sequential": BOOL, "require-all": BOOL, "role": ROLES, "action": ["start", "stop", "promote", "demote"],
       "ordering": ["group", "listed"], "score": SCORES, "kind": ["Mandatory", "Optional"]}
TICKET = {"rsc-role": ROLES, "loss-policy": ["stop", "demote", "fence", "freeze"]}
EXPRESSION = {"operation": ["eq", "ne", "lt", "gt", "lte", "gte", "defined", "not_defined"], "type": ["string", "integer", "number", "version"],
              "value": ["a", "1", "100"], "value-source": ["literal", "param", "meta"], "attribute": ["#uname", "#kind", "site", "#is_dc", "pingd"]}
RULE = {"score": SCORES, "boolean-op": ["and", "or"], "role": ROLES, "score-attribute": ["site", "pingd"]}
BUNDLE = {"replicas": ["1", "2", "3"], "replicas-per-host": ["1", "2"], "promoted-max": ["0", "1", "2"], "run-command": ["x"],
          "network": ["host"], "image": ["other"], "options": ["--log"]}
BY_TAG = {
    "op": OP_ATTRIBUTES, "lrm_rsc_op": HISTORY, "node_state": NODE_STATE, "rsc_location": LOCATION, "rsc_colocation": COLOCATION,
    "rsc_order": ORDER, "resource_set": SET, "rsc_ticket": TICKET, "expression": EXPRESSION, "rule": RULE,
    "docker": BUNDLE, "podman": BUNDLE, "rkt": BUNDLE,
    "network": {"control-port": ["4000"], "add-host": BOOL, "host-netmask": ["24"], "host-interface": ["eth0"],
                "ip-range-start": ["192.168.122.131"]},
    "ticket_state": {"granted": BOOL, "standby": BOOL}, "node": {"type": ["member", "remote", "ping"]},
    "cib": {"have-quorum": ["0", "1"], "dc-uuid": ["1"], "no-quorum-panic": ["0", "1"]},
    "date_expression": {"operation": ["gt", "lt", "in_range", "date_spec"], "start": ["2023-01-01"], "end": ["2024-01-01"]},
}


class Mutant:
    def __init__(self, text, seed):
        self.r = random.Random(seed)
        self.root = ET.fromstring(text)
        self.ids = 0
        self.configuration = self.root.find("configuration")
        self.status = self.root.find("status")
        self.resources = self.configuration.find("resources")
        self.constraints = self.configuration.find("constraints")

    def new_id(self):
        self.ids += 1
        return "mutant-%d" % self.ids

    def parents(self):
        return {child: parent for parent in self.root.iter() for child in parent}

    def parents_of(self, e, tag):
        """The nearest ancestor of that name."""
        parents = self.parents()
        while e.tag != tag:
            e = parents[e]
        return e

    def any(self, *tags):
        found = [e for e in self.root.iter() if e.tag in tags]
        return self.r.choice(found) if found else None

    def node_names(self):
        names = [n.get("uname") for n in self.configuration.iter("node") if n.get("uname")]
        return names + [n.get("uname") for n in self.status.iter("node_state") if n.get("uname") and n.get("uname") not in names]

    def resource_ids(self):
        return [e.get("id") for e in self.resources.iter() if e.tag in ("primitive", "group", "clone", "master", "bundle")]

    # --- what can happen to an input; each returns False where there is nothing to do

    def delete(self):
        kept = {"cib", "configuration", "status", "crm_config", "nodes", "resources", "constraints"}
        tag = self.r.choice(sorted({e.tag for e in self.root.iter()} - kept) or [None])
        if not tag:
            return False
        e = self.any(tag)
        self.parents()[e].remove(e)
        return True

    def change(self):
        e = self.any(self.r.choice(sorted(BY_TAG)))
        if e is None:
            return False
        table = BY_TAG[e.tag]
        names = sorted(set(table) & set(e.attrib)) if self.r.random() < .6 else sorted(table)
        if not names:
            return False
        name = self.r.choice(names)
        if name in e.attrib and self.r.random() < .15 and name not in ("id", "operation", "name"):
            del e.attrib[name]
        else:
            e.set(name, self.r.choice(table[name]))
        if e.tag == "lrm_rsc_op":
            self.rewrite_magic(e, name)
        return True

    def rewrite_magic(self, op, changed):
        magic = re.match(r"(-?\d+):(-?\d+);(.*)$", op.get("transition-magic", ""))
        if changed in ("rc-code", "op-status") and magic:
            op.set("transition-magic", "%s:%s;%s" % (op.get("op-status", magic[1]), op.get("rc-code", magic[2]), magic[3]))
        if changed in ("operation", "interval") and op.get("operation_key"):
            rsc = re.sub(r"_[a-z]+(_(to|from))?_\d+$", "", op.get("operation_key"))
            op.set("operation_key", "%s_%s_%s" % (rsc, op.get("operation"), op.get("interval", "0")))

    def nvpair(self):
        e = self.any("nvpair")
        if e is None or not e.get("name"):
            return False
        pool = OPTIONS.get(e.get("name")) or META.get(e.get("name")) or NODE_ATTRIBUTES.get(e.get("name"))
        name = e.get("name")
        if not pool:
            if name.startswith("fail-count"):
                pool = ["0", "1", "3", "INFINITY"]
            elif name.startswith("master-"):
                pool = ["1", "5", "10", "100", "-1", "-INFINITY", "INFINITY"]
            elif name.startswith("last-failure"):
                pool = ["1699999990", "1700000000", "1"]
            elif (e.get("value") or "").lstrip("-").isdigit():
                pool = ["0", "1", "2", "100"]
            else:
                pool = ["other"]
        e.set("value", self.r.choice(pool))
        return True

    def set_pair(self, parent, tag, name, value, first=True):
        box = parent.find(tag)
        if box is None:
            box = ET.Element(tag, {"id": self.new_id()})
            if first:
                parent.insert(0, box)
            else:
                parent.append(box)
        for nv in box.findall("nvpair"):
            if nv.get("name") == name:
                nv.set("value", value)
                return
        ET.SubElement(box, "nvpair", {"id": self.new_id(), "name": name, "value": value})

    def option(self):
        name = self.r.choice(sorted(OPTIONS))
        self.set_pair(self.configuration.find("crm_config"), "cluster_property_set", name, self.r.choice(OPTIONS[name]))
        return True

    def meta(self):
        e = self.any("primitive", "group", "clone", "master", "bundle", "primitive", "clone", "template")
        if e is None:
            return False
        name = self.r.choice(sorted(META))
        if e.tag in ("primitive", "group") and (name.startswith("clone-") or name.startswith("promot")) and self.r.random() < .8:
            return False
        self.set_pair(e, "meta_attributes", name, self.r.choice(META[name]))
        return True

    def defaults(self):
        box = self.configuration.find("rsc_defaults")
        if box is None:
            return False
        name = self.r.choice(sorted(META))
        self.set_pair(box, "meta_attributes", name, self.r.choice(META[name]))
        return True

    def utilization(self):
        e = self.any("primitive", "node")
        if e is None or (e.tag == "primitive" and e.get("template")):
            return False
        self.set_pair(e, "utilization", self.r.choice(["cpu", "memory"]), self.r.choice(["1", "2", "8"]), first=e.tag == "node")
        if e.tag == "primitive":  # the schema allows any order of sets, but operations come last
            ops = e.find("operations")
            if ops is not None:
                e.remove(ops)
                e.append(ops)
        return True

    def node_attribute(self):
        name, value = self.r.choice(sorted(NODE_ATTRIBUTES)), None
        value = self.r.choice(NODE_ATTRIBUTES[name])
        if self.r.random() < .3:
            e = self.any("node")
            if e is None:
                return False
            self.set_pair(e, "instance_attributes", name, value)
            return True
        state = self.any("node_state")
        if state is None:
            return False
        if self.r.random() < .5:
            primitive = self.any("primitive")
            if primitive is not None:
                rid = primitive.get("id")
                name, value = self.r.choice([("master-" + rid, self.r.choice(["5", "100", "-INFINITY"])),
                                             ("fail-count-%s#monitor_10000" % rid, self.r.choice(["1", "3", "INFINITY"])),
                                             ("fail-count-%s#start_0" % rid, self.r.choice(["1", "INFINITY"])),
                                             ("fail-count-%s#stop_0" % rid, self.r.choice(["1", "INFINITY"])),
                                             ("last-failure-%s#monitor_10000" % rid, "1699999990")])
        box = state.find("transient_attributes")
        if box is None:
            box = ET.Element("transient_attributes", {"id": state.get("id", "x")})
            state.append(box)
        self.set_pair(box, "instance_attributes", name, value)
        return True

    def constraint(self):
        ids = self.resource_ids()
        if not ids:
            return False
        a = self.r.choice(ids)
        b = self.r.choice([i for i in ids if i != a] or ids)
        kind = self.r.choice(["location", "colocation", "order", "ticket", "colocation", "order", "set"])
        if kind == "location":
            nodes = self.node_names()
            if not nodes:
                return False
            e = ET.SubElement(self.constraints, "rsc_location", {"id": self.new_id(), "rsc": a, "node": self.r.choice(nodes),
                                                                 "score": self.r.choice(SCORES)})
        elif kind == "ticket":
            e = ET.SubElement(self.constraints, "rsc_ticket", {"id": self.new_id(), "rsc": a, "ticket": "ticketA"})
        elif kind == "set":
            tag = self.r.choice(["rsc_colocation", "rsc_order"])
            e = ET.SubElement(self.constraints, tag, {"id": self.new_id()})
            if tag == "rsc_colocation":
                e.set("score", self.r.choice(SCORES))
            for _ in range(self.r.choice([1, 2, 2, 3])):
                s = ET.SubElement(e, "resource_set", {"id": self.new_id()})
                for rid in self.r.sample(ids, min(len(ids), self.r.choice([1, 2, 3]))):
                    ET.SubElement(s, "resource_ref", {"id": rid})
                if self.r.random() < .5:
                    name = self.r.choice(sorted(SET))
                    s.set(name, self.r.choice(SET[name]))
            return True
        else:
            tag, one, two = {"colocation": ("rsc_colocation", "rsc", "with-rsc"), "order": ("rsc_order", "first", "then")}[kind]
            e = ET.SubElement(self.constraints, tag, {"id": self.new_id(), one: a, two: b})
            if kind == "colocation":
                e.set("score", self.r.choice(SCORES))
        for name in sorted(BY_TAG[e.tag]):
            if name != "score" and self.r.random() < .15:
                e.set(name, self.r.choice(BY_TAG[e.tag][name]))
        return True

    def copy_history(self):
        """A resource was also known on another node."""
        known, states = self.any("lrm_resource"), [e for e in self.root.iter("lrm_resources")]
        if known is None:
            return False
        target = self.r.choice(states)
        for old in [e for e in target if e.get("id") == known.get("id")]:
            target.remove(old)
        target.append(ET.fromstring(ET.tostring(known)))
        return True

    def operation(self):
        """Something else happened to a resource, too."""
        box = self.any("lrm_resource")
        if box is None or not box.get("id"):
            return False
        rid, task = box.get("id"), self.r.choice(HISTORY["operation"][:5] + ["migrate_to", "migrate_from"])
        interval = self.r.choice(["10000", "0"]) if task == "monitor" else "0"
        rc, status = self.r.choice([("0", "0"), ("0", "0"), ("0", "0"), ("7", "0"), ("1", "4"), ("1", "2"), ("193", "-1"), ("5", "4"), ("8", "0")])
        calls = [int(o.get("call-id")) for o in box if (o.get("call-id") or "").isdigit()]
        call = -1 if status == "-1" else max(calls or [1]) + 1
        key = "1:1:%s:11111111-1111-1111-1111-111111111111" % ("0" if rc not in ("7", "8") or task != "monitor" else rc)
        a = {"id": "%s_%s_%s" % (rid, self.r.choice([task, "last", "last_failure"]), interval), "operation": task,
             "operation_key": "%s_%s_%s" % (rid, task, interval), "crm_feature_set": "3.16.1", "transition-key": key,
             "transition-magic": "%s:%s;%s" % (status, rc, key), "call-id": str(call), "rc-code": rc, "op-status": status,
             "interval": interval, "last-rc-change": self.r.choice(["1699999000", "1700000000", "1699990000"]), "exec-time": "0", "queue-time": "0",
             "op-digest": "f2317cad3d54cec5d7d7aa7d0bf35cf8"}
        if task.startswith("migrate"):
            here = self.parents_of(box, "node_state").get("uname", "")
            there = self.r.choice([n for n in self.node_names() if n != here] or ["elsewhere"])
            source, target = (here, there) if task == "migrate_to" else (there, here)
            a.update(migrate_source=source, migrate_target=target)
        for old in [o for o in box if o.get("id") == a["id"]]:
            box.remove(old)
        ET.SubElement(box, "lrm_rsc_op", a)
        return True

    def op_definition(self):
        e = self.any("primitive")
        if e is None:
            return False
        box = e.find("operations")
        if box is None:
            box = ET.SubElement(e, "operations")
        op = ET.SubElement(box, "op", {"id": self.new_id(), "name": self.r.choice(OP_ATTRIBUTES["name"]), "interval": "0"})
        if op.get("name") == "monitor":
            op.set("interval", self.r.choice(OP_ATTRIBUTES["interval"]))
        for name in ("on-fail", "role", "timeout", "interval-origin", "enabled", "start-delay"):
            if self.r.random() < (.5 if name in ("on-fail", "role") else .1):
                op.set(name, self.r.choice(OP_ATTRIBUTES[name]))
        return True

    def duplicate(self):
        e = self.any("rsc_location", "rsc_colocation", "rsc_order", "rsc_ticket", "op", "nvpair")
        if e is None:
            return False
        twin = ET.fromstring(ET.tostring(e))
        for sub in twin.iter():
            if sub.get("id") and sub.tag != "resource_ref":
                sub.set("id", self.new_id())
        parent = self.parents()[e]
        parent.insert(self.r.randrange(len(parent) + 1), twin)
        return True

    def exchange(self):
        """Two neighbours change places: the order of definition decides between equals."""
        boxes = [e for e in self.root.iter() if e.tag in ("resources", "constraints", "nodes", "group", "lrm_resource", "status") and len(e) > 1]
        if not boxes:
            return False
        box = self.r.choice(boxes)
        i = self.r.randrange(len(box) - 1)
        one = box[i]
        if "meta" in one.tag or "meta" in box[i + 1].tag or "utilization" in (one.tag + box[i + 1].tag) or box[i + 1].tag == "operations":
            return False
        box.remove(one)
        box.insert(i + 1, one)
        return True

    def wrap(self):
        """A primitive becomes a group of one, a clone, or a member of the group before it."""
        found = [e for e in self.resources if e.tag in ("primitive", "group")]
        if not found:
            return False
        e = self.r.choice(found)
        index = list(self.resources).index(e)
        before = self.resources[index - 1] if index else None
        if e.tag == "primitive" and before is not None and before.tag == "group" and self.r.random() < .5:
            self.resources.remove(e)
            before.append(e)
            return True
        box = ET.Element("clone" if e.tag == "group" or self.r.random() < .6 else "group", {"id": self.new_id()})
        self.resources.remove(e)
        self.resources.insert(index, box)
        box.append(e)
        if box.tag == "clone":
            for name in ("interleave", "promotable", "clone-max", "notify", "ordered"):
                if self.r.random() < .25:
                    self.set_pair(box, "meta_attributes", name, self.r.choice(META[name]))
        return True

    def unwrap(self):
        found = [e for e in self.resources if e.tag in ("clone", "group")]
        if not found:
            return False
        e = self.r.choice(found)
        index = list(self.resources).index(e)
        self.resources.remove(e)
        for child in reversed([c for c in e if c.tag in ("primitive", "group")]):
            self.resources.insert(index, child)
        return True

    KINDS = ["delete"] * 3 + ["change"] * 8 + ["nvpair"] * 3 + ["option"] * 3 + ["meta"] * 4 + ["node_attribute"] * 2 \
        + ["constraint"] * 3 + ["copy_history", "operation", "operation", "op_definition", "duplicate", "exchange", "wrap",
                                "unwrap", "utilization", "defaults"]

    def mutate(self, count):
        done = tries = 0
        while done < count and tries < 50:
            tries += 1
            done += bool(getattr(self, self.r.choice(self.KINDS))())
        return ET.tostring(self.root, encoding="unicode")

    def now(self):
        """A time for -t: around the last event of the history, or far later."""
        times = [int(e.get("last-rc-change")) for e in self.status.iter("lrm_rsc_op") if (e.get("last-rc-change") or "").isdigit()]
        return max(times or [1700000000]) + self.r.choice([0, 5, 60, 1000, 10000000])


def mutate(text, seed):
    """(text, now) of the input with one to four changes."""
    m = Mutant(text, seed)
    out = m.mutate(m.r.choice([1, 1, 2, 2, 3, 4]))
    return out, m.now()
