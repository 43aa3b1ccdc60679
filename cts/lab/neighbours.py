# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories with programs that live beside a cluster manager and are used as Debian has them: booth (tickets of sites), dlm_controld's way
to have a node fenced.  Run by scenarios.py.
"""
import os
import shutil

from fencing import device
from lab import wait_until
from results import Skip
from world import configure, expect_active, set_option

BOOTH = """transport="UDP"
port="9929"
site="%s"
arbitrator="%s"
arbitrator="%s"
ticket="T"
    expire="600"
"""


# booth 1.0 waits for ever on kernels that send the end of a list together with its last part: it is handed out by itself.
SHIM = r"""#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
ssize_t recvmsg(int fd, struct msghdr *m, int flags) {
    static ssize_t (*real)(int, struct msghdr *, int);
    static struct nlmsghdr done;
    static int kept = -1;
    struct sockaddr_nl *from = m->msg_name;
    if (!real) real = dlsym(RTLD_NEXT, "recvmsg");
    if (kept == fd) { kept = -1; memcpy(m->msg_iov->iov_base, &done, sizeof(done)); return sizeof(done); }
    ssize_t n = real(fd, m, flags);
    if (n < (ssize_t)sizeof(done) || !from || m->msg_namelen != sizeof(*from) || from->nl_family != AF_NETLINK) return n;
    unsigned left = (unsigned)n;
    struct nlmsghdr *first = m->msg_iov->iov_base, *h = first;
    for (; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
        if (h->nlmsg_type == NLMSG_DONE && h != first) {
            done = *h; done.nlmsg_len = sizeof(done); kept = fd;
            return (char *)h - (char *)first;
        }
    return n;
}
"""


def need(program, package):
    if shutil.which(program) is None:
        raise Skip("%s is not installed (package %s)" % (program, package))


def booth_grants_a_ticket_and_takes_it_back(make_lab):
    need("boothd", "booth")
    with make_lab() as lab:
        lab.create()
        lab.start()
        set_option(lab, "stonith-enabled", "false")
        configure(lab, '<resources><primitive id="service" class="ocf" provider="pacemaker" type="Dummy"/></resources>')
        configure(lab, '<constraints><rsc_ticket id="needs-T" rsc="service" ticket="T" loss-policy="stop"/></constraints>')
        lab.wait_idle()
        assert not lab.active_on("service"), "the service runs without its ticket"
        for n in lab.nodes:  # this cluster is the site; two of its hosts lend their addresses to arbitrators
            n.write_file("srv/booth.conf", BOOTH % tuple(m.address for m in lab.nodes))
            n.write_file("srv/shim.c", SHIM)
            n.run(["sh", "-c", "mkdir -p /run/booth && gcc -shared -fPIC -o /srv/shim.so /srv/shim.c"])
            n.spawn(["env", "LD_PRELOAD=/srv/shim.so", "boothd", "daemon", "-S", "-c", "/srv/booth.conf"], "booth.log")
        site = lab.nodes[0]

        def booth(*words):
            return site.run(["env", "LD_PRELOAD=/srv/shim.so", "timeout", "30", "booth"] + list(words) + ["-c", "/srv/booth.conf"], check=False)
        wait_until("booth answers", lambda: booth("list").returncode == 0, 60)
        granted = booth("grant", "-w", "-C", "T")
        assert granted.returncode == 0, "%s\n%s" % (granted.stdout, site.log("booth.log"))
        expect_active(lab, "service")
        # What booth wrote is what everybody reads.
        ticket = site.output("crm_ticket", "--ticket", "T", "--query-xml")
        assert 'granted="true"' in ticket and 'owner="' in ticket and 'term="' in ticket, ticket
        revoked = booth("revoke", "-w", "T")
        assert revoked.returncode == 0, revoked.stdout
        wait_until("the service has stopped", lambda: not lab.active_on("service"), 60)
        assert 'granted="false"' in site.output("crm_ticket", "--ticket", "T", "--query-xml")


def dlm_has_a_node_fenced(make_lab):
    need("dlm_stonith", "dlm-controld")
    with make_lab(fencing=True) as lab:
        lab.create()
        lab.start()
        configure(lab, "<resources>%s</resources>" % device("power", "node1 node2 node3"))
        set_option(lab, "stonith-enabled", "true")
        lab.wait_idle()
        one, three = lab.nodes[0], lab.nodes[2]
        lab.set_hosts_start(False)
        p = one.run(["dlm_stonith", "-n", "3", "-t", "0"], check=False, timeout=90)
        if "libstonithd" in p.stdout or not os.path.exists("/usr/lib/x86_64-linux-gnu/libstonithd.so.26"):
            raise Skip("Pacemaker's client library, which dlm_stonith loads, is not installed (./check --with-oracle installs it)")
        assert p.returncode == 0, p.stdout
        wait_until("node3 is off", lambda: not three.pid, 30)
        wait_until("the history tells who asked", lambda: "stonith-api" in one.output("stonith_admin", "-H", "node3", "-V"), 30)
        # A node that is lost has a name still, though the group has forgotten it.
        wait_until("node3 is lost", lambda: "node3" not in one.output("crm_node", "-p"), 30)
        assert one.run(["dlm_stonith", "-n", "3", "-t", "0"], check=False, timeout=90).returncode == 0, one.log()
        assert " of 3 " not in one.output("stonith_admin", "-H", "*"), one.output("stonith_admin", "-H", "*")


STORIES = [booth_grants_a_ticket_and_takes_it_back, dlm_has_a_node_fenced]


def run(results, chosen, make_lab):
    for story in chosen:
        results.run(story.__name__.replace("_", " "), story, make_lab)
