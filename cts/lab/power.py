#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The power switches of a lab: a process beside the nodes that turns them off and on at the request of fence agents.

usage: power.py LAB           (started by lab.py for a lab with `fencing`; ends when it is killed)

Nodes reach it by the socket in /run/.lab (cts/lab/fence_lab).  Below the lab's directory, in power/:
    socket          one JSON request a connection, one JSON answer
    log             one JSON line a request: when it came, when it was answered, what for, how it ended
    NAME.json       how the switch NAME behaves: {"mode": "pass"|"fail"|"hang", "delay": SECONDS, "times": N}
    start           a host that is turned on boots and starts the cluster ("no": it stays off until somebody boots it)
Never decides anything: a switch does what it is told, whoever asks.
"""
import json
import os
import signal
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]
from lab import Lab, LabError  # noqa: E402

HANG = 3600
BOOT_SECONDS = 6  # a host takes its time; one that is back before the others have noticed its loss is no test of anything


class Switches:
    def __init__(self, lab):
        self.lab = lab
        self.dir = os.path.join(lab.dir, "power")
        self.lock = threading.Lock()
        self.node_locks = {n.name: threading.Lock() for n in lab.hosts}
        self.dead_outlets = {n.name: set() for n in lab.hosts}
        self.starting = []
        self.keys = set()  # nodes that the fabric lets write

    def behaviour(self, name):
        """How this switch is to behave now; "times" counts down, then it is well again."""
        path = os.path.join(self.dir, name + ".json")
        with self.lock:
            try:
                with open(path) as f:
                    how = json.load(f)
            except (OSError, ValueError):
                return {}
            if "times" in how:
                how["times"] -= 1
                if how["times"] < 0:
                    return {}
                self.write(path, json.dumps(how))
            return how

    def write(self, path, text):
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)

    def log(self, entry):
        with self.lock, open(os.path.join(self.dir, "log"), "a") as f:
            f.write(json.dumps(entry) + "\n")

    # --- what a switch can do ---

    def is_on(self, node, outlet):
        return outlet not in self.dead_outlets[node.name] and bool(node.pid)

    def off(self, node, outlet, outlets):
        dead = self.dead_outlets[node.name]
        dead.add(outlet)
        if len(dead) >= outlets:
            node.power_off()

    def on(self, node, outlet):
        self.dead_outlets[node.name].discard(outlet)
        if not node.pid and self.hosts_start():
            thread = threading.Thread(target=self.start, args=(node,), daemon=True)
            thread.start()
            self.starting.append(thread)

    def hosts_start(self):
        try:
            with open(os.path.join(self.dir, "start")) as f:
                return f.read().strip() != "no"
        except OSError:
            return True

    def start(self, node):
        time.sleep(BOOT_SECONDS)
        with self.node_locks[node.name]:
            try:
                if not node.pid and not self.dead_outlets[node.name]:
                    node.boot()
                    node.start_corosync()
                    node.start_stack()
            except (LabError, OSError) as e:
                self.log({"at": time.time(), "action": "start", "target": node.name, "result": str(e)})

    def reset(self):
        for thread in self.starting:
            thread.join()
        self.starting = []
        for outlets in self.dead_outlets.values():
            outlets.clear()
        self.keys.clear()
        return 0

    def power(self, action, node, request):
        outlet, outlets = request.get("switch", "power"), int(request.get("outlets", 1))
        if action == "status":
            return 0 if self.is_on(node, outlet) else 2
        with self.node_locks[node.name]:
            if action in ("off", "reboot"):
                self.off(node, outlet, outlets)
        if action in ("on", "reboot"):
            self.on(node, outlet)
        return 0

    def fabric(self, action, node):
        if action == "status":
            return 0 if node.name in self.keys else 2
        if action == "on":
            self.keys.add(node.name)
        else:
            self.keys.discard(node.name)
        return 0

    def carry_out(self, request):
        """(exit status of the agent, its output)"""
        action, target = request.get("action", ""), request.get("target", "")
        names = {n.name: n for n in self.lab.hosts}
        if action == "reset":
            return self.reset(), ""
        if action == "monitor":
            return 0, ""
        if action == "list":
            return 0, "".join(name + "\n" for name in names)
        if action not in ("on", "off", "reboot", "status"):
            return 1, "no such action: %s\n" % action
        if target.startswith("ghost"):
            return 0, ""  # something that is no node
        if target not in names:
            return 1, "no such node: %s\n" % target
        if request.get("kind") == "fabric":
            return self.fabric(action, names[target]), ""
        return self.power(action, names[target], request), ""

    def serve(self, connection):
        with connection:
            try:
                request = json.loads(connection.makefile().readline())
            except (OSError, ValueError):
                return
            begin = time.time()
            how = self.behaviour(request.get("switch", "power")) if request.get("action") in ("on", "off", "reboot", "monitor") else {}
            time.sleep(float(how.get("delay", 0)))
            if how.get("mode") == "hang":
                rc, text = 1, ""
            elif how.get("mode") == "fail":
                rc, text = 1, "the switch is broken\n"
            else:
                rc, text = self.carry_out(request)
            self.log(dict(request, at=begin, done=time.time(), rc=rc, mode=how.get("mode", "pass")))
            if how.get("mode") == "hang":
                time.sleep(HANG)
            try:
                connection.sendall(json.dumps({"rc": rc, "output": text}).encode() + b"\n")
            except OSError:
                pass  # whoever asked was itself turned off


def main():
    lab = Lab.load(sys.argv[1])
    switches = Switches(lab)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    path = os.path.join(switches.dir, "socket")
    if os.path.exists(path):
        os.unlink(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(64)
    while True:
        connection, _ = server.accept()
        threading.Thread(target=switches.serve, args=(connection,), daemon=True).start()
        lab.reap()


if __name__ == "__main__":
    main()
