# SPDX-License-Identifier: GPL-2.0-or-later
"""A web site that the lab's cluster keeps alive: a floating address and a web server in a group.

Used by the quickstart, the scenario tests and the benchmarks.  The client sits on the lab's switch, outside every
node.  Never configures anything through other ways than the cluster's own tools.
"""
import socket
import subprocess
import threading
import time

from lab import NET, LabError, run, wait_until

ADDRESS = NET + ".100"

NGINX_CONF = """pid /run/nginx-site.pid;
error_log /var/log/nginx-error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    server {{
        listen 80;
        location / {{ default_type text/plain; return 200 "served by {node}\\n"; }}
    }}
}}
"""

OPTIONS = """<crm_config><cluster_property_set id="cib-bootstrap-options">
  <nvpair id="opt-fencing" name="stonith-enabled" value="false"/>
</cluster_property_set></crm_config>"""

RESOURCES = """<resources><group id="site">
  <primitive id="site-ip" class="ocf" provider="heartbeat" type="IPaddr2">
    <instance_attributes id="site-ip-params">
      <nvpair id="site-ip-ip" name="ip" value="{address}"/>
      <nvpair id="site-ip-mask" name="cidr_netmask" value="24"/>
      <nvpair id="site-ip-nic" name="nic" value="eth0"/>
      <nvpair id="site-ip-arp" name="arp_count" value="1"/>
    </instance_attributes>
    <operations><op id="site-ip-mon" name="monitor" interval="5s"/></operations>
  </primitive>
  <primitive id="site-web" class="ocf" provider="heartbeat" type="nginx">
    <instance_attributes id="site-web-params">
      <nvpair id="site-web-conf" name="configfile" value="/srv/site.conf"/>
    </instance_attributes>
    <operations>
      <op id="site-web-mon" name="monitor" interval="2s" timeout="20s"/>
      <op id="site-web-start" name="start" interval="0" timeout="40s"/>
      <op id="site-web-stop" name="stop" interval="0" timeout="60s"/>
    </operations>
  </primitive>
</group></resources>"""


def configure(lab, node=None):
    """Give every node the web server's files and the cluster the group; returns when the site answers."""
    for n in lab.nodes:
        n.write_file("srv/site.conf", NGINX_CONF.format(node=n.name))
    node = node or lab.running()[0]
    node.run(["cibadmin", "--modify", "--allow-create", "--xml-text", OPTIONS])
    node.run(["cibadmin", "--modify", "--allow-create", "--xml-text", RESOURCES.format(address=ADDRESS)])
    return wait_until("the site answers", lambda: fetch(lab), 60, 0.05)


def fetch(lab, timeout=1.0):
    """The name of the node that serves the page, or None.  A new connection each time, as browsers without luck."""
    p = subprocess.run(["ip", "netns", "exec", lab.prefix + "-switch", "curl", "-s", "-m", str(timeout), "--connect-timeout", "0.3",
                        "http://%s/" % ADDRESS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    words = p.stdout.split()
    return words[2] if p.returncode == 0 and words[:2] == ["served", "by"] else None


class Watcher:
    """Asks the site for its page again and again in the background and remembers when it was away."""

    def __init__(self, lab):
        self.lab = lab
        self.samples = []  # (monotonic time, node or None)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.loop, daemon=True)

    def loop(self):
        while not self.stopped.is_set():
            node = fetch(self.lab, 0.5)
            self.samples.append((time.monotonic(), node))
            time.sleep(0.01)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def longest_gap(self):
        """Seconds between the last answer before and the first answer behind the longest absence."""
        longest, last = 0.0, None
        for when, node in self.samples:
            if node is not None:
                if last is not None:
                    longest = max(longest, when - last)
                last = when
        return longest

    def answers(self):
        return sum(1 for _, node in self.samples if node is not None)
