# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges one run of crm_simulate against another, or against a recorded one.

A result has five levels: the text of `crm_simulate -S` (status, summary, executed actions, revised status), the score lines,
the actions of the graph, their attributes, and for each action the set of actions it waits for, directly or through
others.  Ids and the order of synapses are free, so actions are named by what they are.
"""
import collections
import difflib
import os
import re
import resource
import subprocess
import tempfile
import xml.etree.ElementTree as ET

NOT_JUDGED = re.compile(r"^\s*$|validity error|^(DEBUG|INFO|WARNING): ")  # the last are an upgrade's: each has words of its own
PRIVATE = re.compile(r"^(Only 'private' parameters to) \S+-interval")
LEVELS = ("summary", "scores", "actions", "attributes", "order")


def simulate(binary, cib, arguments=(), seconds=120):
    """Run both forms on a file; the five levels as plain data, or None if the program could not cope."""
    with tempfile.TemporaryDirectory() as scratch:
        env = dict(os.environ, CIB_shadow_dir=scratch, LC_ALL="C")

        def run(*words):
            return subprocess.run([binary, "-x", cib, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                                  timeout=seconds, text=True, errors="replace")

        graph = os.path.join(scratch, "graph.xml")
        shown = run("-S", *arguments)
        scored = run("-sSQ", "-G", graph, *arguments)
        for p in (shown, scored):
            if p.returncode < 0:
                raise RuntimeError(f"killed by signal {-p.returncode}")
            if "Triggered fatal assertion" in p.stderr:
                raise RuntimeError("failed an assertion")
        if shown.returncode not in (0, 1) or not os.path.exists(graph):
            return None
        result = {"summary": [line.rstrip() for line in shown.stdout.rstrip().splitlines()],
                  "scores": sorted(line.strip() for line in scored.stdout.splitlines()
                                   if " score" in line or "capacity" in line or "utilization" in line)}
        result.update(read_graph(graph))
        return result


def simulate_once(binary, cib, arguments=(), seconds=120, cpu_seconds=None):
    """As simulate(), in a single run (the plain layout): a third of the time, for those who compare thousands of inputs.

    Also gives "messages", what the program says on stderr.  cpu_seconds ends what hangs the same way on a busy machine."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))

    with tempfile.TemporaryDirectory(dir=os.path.dirname(cib)) as scratch:
        graph = os.path.join(scratch, "graph.xml")
        p = subprocess.run([binary, "-x", cib, "-sS", "-G", graph, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           env=dict(os.environ, CIB_shadow_dir=scratch, LC_ALL="C"), timeout=seconds, text=True, errors="replace",
                           preexec_fn=limit if cpu_seconds else None)
        if p.returncode < 0:
            raise RuntimeError(f"killed by signal {-p.returncode}")
        if "Triggered fatal assertion" in p.stderr:
            raise RuntimeError("failed an assertion")
        if p.returncode not in (0, 1) or not os.path.exists(graph):
            return None
        result = {"summary": [], "scores": [], "messages": [line for line in p.stderr.splitlines() if not NOT_JUDGED.search(line)]}
        for line in p.stdout.rstrip().splitlines():
            if " score" in line or "capacity" in line or "utilization" in line:
                result["scores"].append(line.strip())
            else:  # the installed program may name another operation's interval here
                result["summary"].append(PRIVATE.sub(r"\1", line.rstrip()))
        result["scores"].sort()
        result.update(read_graph(graph))
        return result


def read_graph(path):
    """The graph as {actions, attributes, order}, all keyed by names that do not depend on ids."""
    name_of, direct, attributes, seen = {}, {}, {}, collections.Counter()
    synapses = ET.parse(path).getroot().findall("synapse")
    for synapse in synapses:
        for action in synapse.find("action_set"):
            resource = action.find("primitive")
            name = " ".join(filter(None, (action.tag, action.get("operation"), action.get("operation_key"),
                                          action.get("on_node"), resource.get("id") if resource is not None else "")))
            seen[name] += 1
            if seen[name] > 1:
                name += f" #{seen[name]}"
            name_of[action.get("id")] = name
            values = {k: v for k, v in action.attrib.items() if k != "id"}
            for below in action.iter():
                if below is not action:
                    values.update({f"{below.tag}/{k}": v for k, v in below.attrib.items() if k != "crm_feature_set"})
            attributes[name] = values
    for synapse in synapses:
        inputs = [t.get("id") for t in synapse.findall("inputs/trigger/*")]
        for action in synapse.find("action_set"):
            direct[name_of[action.get("id")]] = {name_of[i] for i in inputs if i in name_of}
    return {"actions": sorted(direct), "attributes": attributes, "order": {k: sorted(closure(direct, k)) for k in direct}}


def closure(direct, start):
    todo, found = list(direct.get(start, ())), set()
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(direct.get(name, ()))
    return found


def differences(want, got):
    """{level: text} of the levels that differ."""
    found = {}
    for level in LEVELS + ("messages",):
        if want.get(level) == got.get(level):
            continue
        if isinstance(want[level], dict):
            names = [k for k in sorted(want[level]) if k in got[level] and want[level][k] != got[level][k]]
            if not names:
                continue  # told as difference of the actions
            found[level] = "\n".join(f"{k}: want {diff_of(want[level][k], got[level][k])}" for k in names[:5])
        else:
            found[level] = "\n".join(list(difflib.unified_diff(want[level], got[level], "wanted", "got", "", "", 1, ""))[:30])
    return found


def diff_of(want, got):
    if isinstance(want, dict):
        return f"{ {k: v for k, v in want.items() if got.get(k) != v} } got { {k: v for k, v in got.items() if want.get(k) != v} }"
    return f"{sorted(set(want) - set(got))[:4]} got {sorted(set(got) - set(want))[:4]}"
