# SPDX-License-Identifier: GPL-2.0-or-later
"""Tools whose use is a running cluster: crm_mon's daemon, agent and terminal, crm_ticket, crm_report."""
import datetime
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

from lab import DEBIAN_SBIN, wait_until
from world import run_in_one_lab

DUMMY = '<primitive id="%s" class="ocf" provider="pacemaker" type="Dummy"/>'


def resource(node, name):
    node.output("cibadmin", "-C", "-o", "resources", "-X", DUMMY % name)


def no_fencing(node):
    node.output("crm_attribute", "-t", "crm_config", "-n", "stonith-enabled", "-v", "false")


def a_page_in_the_background_follows_the_cluster(lab):
    node = lab.nodes[0]
    no_fencing(node)
    node.run(["sh", "-c", "printf '#!/bin/sh\\nenv | grep ^CRM_notify | sort | tr \"\\n\" \" \" >>/tmp/calls; echo >>/tmp/calls\\n' >/tmp/agent; "
              "chmod +x /tmp/agent"])
    node.output("crm_mon", "-d", "-p", "/tmp/mon.pid", "-i", "1", "-E", "/tmp/agent", "-e", "someone", "--output-as=html",
                "--output-to=/tmp/page.html")
    pid = node.output("cat", "/tmp/mon.pid")
    assert re.fullmatch(r" *\d+\n", pid) and len(pid) == 11, repr(pid)
    page_pid = node.pids("crm_mon")[0]
    resource(node, "paged")
    wait_until("the page shows it", lambda: re.search(r"paged.*Started", node.output("cat", "/tmp/page.html")), 20, 0.3)
    page = node.output("cat", "/tmp/page.html")
    assert page.startswith("<!DOCTYPE html>") and '<meta http-equiv="refresh" content="1">' in page, page[:400]
    calls = node.output("cat", "/tmp/calls")
    begun = re.search(r".*CRM_notify_rc=193 .*CRM_notify_rsc=paged .*CRM_notify_task=start.*", calls)
    ended = re.search(r"CRM_notify_desc=OK CRM_notify_node=\S+ CRM_notify_rc=0 CRM_notify_recipient=someone CRM_notify_rsc=paged "
                      r"CRM_notify_status=0 CRM_notify_target_rc=0 CRM_notify_task=start", calls)
    assert begun and ended, calls
    # A second one with the same file does not start.
    again = node.run(["crm_mon", "-d", "-p", "/tmp/mon.pid", "--output-as=html", "--output-to=/tmp/other.html"], check=False)
    assert "already running" in again.stdout, again.stdout
    # A link where its process id belongs is not followed: everybody may write in /tmp.
    linked = node.run(["sh", "-c", "echo precious >/tmp/precious; ln -s /tmp/precious /tmp/linked.pid; crm_mon -d -p /tmp/linked.pid "
                       "--output-as=html --output-to=/tmp/other.html; sleep 1; cat /tmp/precious"], check=False)
    assert "Could not write pid file /tmp/linked.pid" in linked.stdout and "precious" in linked.stdout, linked.stdout
    for other in set(node.pids("crm_mon")) - {page_pid}:
        os.kill(other, signal.SIGTERM)
    # It outlives a restart of the stack below it.
    node.stop_stack()
    node.start_stack()
    lab.wait_online([node])
    resource(node, "later")
    wait_until("the page goes on", lambda: re.search(r"later.*Started", node.output("cat", "/tmp/page.html")), 30, 0.3)
    assert len(node.pids("crm_mon")) == 1
    node.output("kill", pid.strip())
    wait_until("it ends", lambda: not node.pids("crm_mon"), 5)


def metrics_are_kept_up_to_date_in_a_file(lab):
    node = lab.nodes[0]
    node.output("crm_mon", "-d", "-p", "/tmp/metrics.pid", "-i", "1", "--output-as=openmetrics", "--output-to=/tmp/metrics.prom")
    resource(node, "measured")
    wait_until("the metrics know it", lambda: 'resource="measured",role="started"' in node.output("cat", "/tmp/metrics.prom"), 20, 0.3)
    assert node.output("cat", "/tmp/metrics.prom").endswith("# EOF\n")
    node.output("sh", "-c", "kill $(cat /tmp/metrics.pid)")


class Terminal:
    """A program of a node on a terminal of the kind vt100; `screen` is what one sees."""
    ROWS, COLUMNS = 60, 120

    def __init__(self, node, argv):
        self.node = node
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", self.ROWS, self.COLUMNS, 0, 0))
        command = node.command(argv)
        command[command.index("TERM=dumb")] = "TERM=vt100"
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self.lines = [[" "] * self.COLUMNS for _ in range(self.ROWS)]
        self.row = self.column = 0

    @property
    def screen(self):
        return "\n".join("".join(line).rstrip() for line in self.lines)

    def put(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.row += 1
        elif char == "\b":
            self.column = max(0, self.column - 1)
        elif char == "\t":
            self.column = (self.column // 8 + 1) * 8
        elif char >= " ":
            if self.column < self.COLUMNS:
                self.lines[self.row][self.column] = char
            self.column += 1
        if self.row >= self.ROWS:
            self.lines = self.lines[1:] + [[" "] * self.COLUMNS]
            self.row = self.ROWS - 1

    def control(self, final, numbers):
        first = numbers[0] if numbers else 0
        if final == "H":
            self.row, self.column = max(1, first) - 1, max(1, numbers[1] if len(numbers) > 1 else 1) - 1
        elif final in "ABCD":
            step = max(1, first)
            self.row += {"A": -step, "B": step}.get(final, 0)
            self.column += {"C": step, "D": -step}.get(final, 0)
        elif final == "K":
            begin, end = {0: (self.column, self.COLUMNS), 1: (0, self.column + 1), 2: (0, self.COLUMNS)}[first]
            self.lines[self.row][begin:end] = [" "] * (end - begin)
        elif final == "J" and first in (0, 2):
            if first == 0:
                self.control("K", [0])
            for i in range(self.row + 1 if first == 0 else 0, self.ROWS):
                self.lines[i] = [" "] * self.COLUMNS

    def read(self, seconds=0.1):
        while select.select([self.master], [], [], seconds)[0]:
            try:
                piece = os.read(self.master, 65536).decode(errors="replace")
            except OSError:
                return
            if not piece:
                return
            for m in re.finditer(r"\x1b\[([0-9;?]*)([a-zA-Z])|\x1b[()].|\x1b.|([^\x1b])", piece, re.S):
                if m.group(3):
                    self.put(m.group(3))
                elif m.group(2):
                    self.control(m.group(2), [int(n) for n in m.group(1).split(";") if n.isdigit()])
                elif m.group(0) == "\x1bM":
                    self.row = max(0, self.row - 1)

    def expect(self, pattern, timeout=15):
        def there():
            self.read()
            return re.search(pattern, self.screen, re.S)
        try:
            wait_until("the terminal shows %r" % pattern, there, timeout, 0.1)
        except Exception:
            print("    terminal:\n%s" % self.screen.rstrip())
            raise

    def press(self, key, pattern):
        os.write(self.master, key.encode())
        self.expect(pattern)

    def close(self):
        self.node.kill("crm_mon", signal.SIGTERM)
        self.read(0.3)
        code = self.process.wait(10)
        os.close(self.master)
        return code


def the_terminal_shows_the_cluster_and_obeys_keys(lab):
    node = lab.nodes[0]
    no_fencing(node)
    resource(node, "shown")
    node.output("attrd_updater", "-n", "colour", "-U", "red")
    lab.wait_idle()
    t = Terminal(node, ["crm_mon", "-i", "1"])
    t.expect(r"Cluster Summary:.*Online: \[ node1 node2 node3 \].*shown")
    t.press("?", r"Display option change mode.*  c:.*  f:.*  r:.*m:.*Toggle fields")
    t.press("c", r"\* c:")
    t.press("c", r"  c:")
    t.press("t", r"\* o:.*\* t:") # times need the history
    t.press("o", r"  o:.*  t:")
    t.press("m", r"2 m:")
    t.press("m", r"3 m:")
    t.press("m", r"0 m:")
    t.press("x", r"Cluster Summary:.*shown")
    t.press("A", r"Node Attributes:")
    t.press("o", r"Operations:.*shown: migration-threshold")
    t.press("n", r"Node node\d: online:.*Resources:.*shown")
    t.press("R", r"Node node1 \(1\): online, feature set")
    t.press("D", r"^Node List:")
    t.press("D", r"^Cluster Summary:")
    # ... and follows changes.
    resource(node, "fresh")
    t.expect(r"fresh", 20)
    assert t.close() == 0


def a_page_for_a_web_server_and_every_format(lab):
    node = lab.nodes[0]
    text = node.output("crm_mon", "--web-cgi")
    assert text.startswith("Content-Type: text/html\n\n<!DOCTYPE html>"), text[:200]
    node.run(["sh", "-c", "ln -sf /usr/sbin/crm_mon /tmp/status.cgi"])
    assert node.output("/tmp/status.cgi").startswith("Content-Type: text/html\n\n")
    document = json.loads(node.output("crm_mon", "--output-as=json"))
    assert {n["name"] for n in document["nodes"]} == {"node1", "node2", "node3"}, document
    assert "ha_cluster_pacemaker_quorum 1" in node.output("crm_mon", "--output-as=openmetrics")
    assert node.output("crm_mon", "-s").splitlines()[-1].startswith("CLUSTER OK: 3 nodes online"), node.output("crm_mon", "-s")


def tickets_are_granted_and_revoked_in_a_running_cluster(lab):
    node = lab.nodes[0]
    no_fencing(node)
    resource(node, "needs")
    node.output("cibadmin", "-C", "-o", "constraints", "-X", '<rsc_ticket id="nt" rsc="needs" ticket="T" loss-policy="stop"/>')
    lab.wait_idle()
    assert lab.active_on("needs") == []
    before = node.cib().get("epoch")
    refused = node.run(["sh", "-c", "echo n | crm_ticket -g -t T"], check=False)
    assert refused.returncode == 4 and "cannot help you verify" in refused.stdout
    node.output("crm_ticket", "-t", "T", "-g", "--force", "-S", "owner", "-v5", "-S", "expires", "-v-1", "-S", "term", "-v0")
    assert node.cib().get("epoch") == before, "tickets are status, the configuration has not changed"
    wait_until("it runs", lambda: len(lab.active_on("needs") or []) == 1, 15)
    lines = lab.nodes[1].output("crm_ticket", "-t", "T", "-q").splitlines()
    assert lines[0] == "State XML:" and lines[1] == "" and re.match(r'<ticket_state id="T" .*granted="true".*owner="5"', lines[2]), lines
    node.output("crm_ticket", "-t", "T", "-s")
    wait_until("it is stopped in good order", lambda: lab.active_on("needs") == [], 15)
    node.output("crm_ticket", "-t", "T", "-a")
    wait_until("it runs again", lambda: len(lab.active_on("needs") or []) == 1, 15)
    node.output("crm_ticket", "-t", "T", "-r", "-f")
    wait_until("it is stopped", lambda: lab.active_on("needs") == [], 15)
    node.output("crm_ticket", "-t", "T", "-C", "-f")
    assert lab.nodes[2].run(["crm_ticket", "-t", "T", "-q"], check=False).returncode == 105


def times_are_told_in_the_callers_time_zone(lab):
    """As the zone says itself (date), summer or winter; Debian's program tells the same where it is installed."""
    node = lab.nodes[0]
    installed = os.path.exists("/usr/sbin/crmadmin")
    for zone in ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"):
        env = ["env", "TZ=" + zone]
        at = datetime.datetime.fromisoformat(node.output(*env, "date", "+%Y-%m-%dT%H:%M:%S%:z").strip())
        told = {"text": node.output(*env, "crmadmin", "-P"), "XML": node.output(*env, "crmadmin", "-P", "--output-as=xml")}
        if installed:
            told["Debian's"] = node.output(*env, DEBIAN_SBIN + "/crmadmin", "-P")
        for who, text in told.items():
            m = re.search(r"last[ _]updated[ =\"]+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(Z| [+-]\d\d:\d\d)", text)
            assert m, "%s in %s: %s" % (who, zone, text)
            then = datetime.datetime.fromisoformat(m.group(1) + m.group(2).strip().replace("Z", "+00:00"))
            assert then.utcoffset() == at.utcoffset() and abs((then - at).total_seconds()) < 60, "%s in %s: %s, it is %s" % (who, zone, then, at)
            assert (m.group(2) == "Z") == (zone == "UTC"), text


def a_report_holds_what_all_nodes_know_and_no_secrets(lab):
    node = lab.dc() # which has the scheduler's inputs
    node.output("cibadmin", "-C", "-o", "resources", "-X",
                '<primitive id="secretive" class="ocf" provider="pacemaker" type="Dummy"><instance_attributes id="si">'
                '<nvpair id="si-p" name="passwd" value="open-sesame"/></instance_attributes></primitive>')
    lab.wait_idle()
    # "ssh" to a node runs the command right here: what comes back is then this node's, but goes the same way.
    node.run(["sh", "-c", "printf '#!/bin/sh\\nshift 3\\nexec sh -c \"$*\"\\n' >/tmp/fake-ssh; chmod +x /tmp/fake-ssh; rm -rf /tmp/rep*"])
    p = node.run(["crm_report", "-f", "1 hour ago", "-e", "/tmp/fake-ssh", "-n", "node1 node2 node3", "/tmp/rep"], timeout=120)
    assert "Collected results are available in /tmp/rep.tar.bz2" in p.stdout, p.stdout
    names = node.output("tar", "tf", "/tmp/rep.tar.bz2").split()
    for name in ("rep/analysis.txt", "rep/events.txt", "rep/node1/RUNNING", "rep/node2/RUNNING", "rep/node1/cib.xml.live",
                 "rep/node2/pacemaker.log.extract.txt", "rep/node1/corosync.conf", "rep/node1/sysinfo.txt"):
        assert name in names, "%s is not among %s" % (name, names)
    assert any(re.fullmatch(r"rep/%s/pengine/pe-input-\d+\.bz2" % node.name, n) for n in names), names
    node.output("tar", "xf", "/tmp/rep.tar.bz2", "-C", "/tmp")
    found = node.run(["sh", "-c", "grep -r open-sesame /tmp/rep; for f in /tmp/rep/*/pengine/*.bz2; do bzcat $f | grep open-sesame; done"],
                     check=False).stdout
    assert found == "", found
    assert 'value="****"' in node.output("cat", "/tmp/rep/node1/cib.xml.live")
    assert "Calculated transition" in node.output("sh", "-c", "cat /tmp/rep/events.txt /tmp/rep/node*/events.txt")
    failed = node.run(["crm_report", "-f", "1 hour ago", "/tmp/rep"], check=False)
    assert failed.returncode == 1 and "already exists" in failed.stdout


STORIES = [a_page_in_the_background_follows_the_cluster, metrics_are_kept_up_to_date_in_a_file,
           the_terminal_shows_the_cluster_and_obeys_keys, a_page_for_a_web_server_and_every_format,
           tickets_are_granted_and_revoked_in_a_running_cluster, times_are_told_in_the_callers_time_zone,
           a_report_holds_what_all_nodes_know_and_no_secrets]


def run(results, chosen, make_lab):
    run_in_one_lab(results, chosen, make_lab, lambda lab, story: lab.wait_online())
