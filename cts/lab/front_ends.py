#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts of crmsh and pcs commands on a lab cluster: exit status, standard output and standard error of each.

usage: front_ends.py [--stage DIR | --debian] [--record] [--name LAB] [-v] [SCRIPT ...]

The hosts of a script that is called *-cluster have sshd and pcsd, and a systemctl that front ends can use.

A script (scripts/NAME.script) is a list of lines:

    $ COMMAND        run on node1 by a shell; what comes out is compared with what Debian's own stack gave
    $sort COMMAND    the same; the order of lines does not matter, nor how often one comes
    $rc COMMAND      only the exit status is compared
    @all COMMAND     run on every node, nothing is compared
    wait             until the cluster has settled
    until N COMMAND  until the command succeeds on node1, at most N seconds

What Debian's stack gave is recorded in scripts/NAME.recorded (--debian --record).  A line that begins with "~ " in front
of "$" is compared with what is recorded for ours, in NAME.ours, where we differ on purpose.  Times, process ids and the
like are taken out before.
"""
import argparse
import difflib
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
from lab import Lab, LabError, wait_until  # noqa: E402
from results import Results  # noqa: E402

DATE = r"\w{3} \w{3} [ \d]\d [\d:]{8} 20\d\d"
RULES = [(re.compile(a, re.M), b) for a, b in (
    (DATE, "DATE"),
    (r"20\d\d-\d\d-\d\d[ T][\d:.]{8,15}( ?(Z|[+-]\d\d:\d\d))?", "STAMP"),
    (r"\w{3} \d\d [\d:]{8} 20\d\d", "DATE"),
    (r'(last-granted=")\d{10}', r"\1TIME"),
    (r"last-lrm-refresh=\d+", "last-lrm-refresh=TIME"),
    (r'(name="last-lrm-refresh" value=")\d+', r"\1TIME"),
    (r"(last-lrm-refresh: )\d+", r"\1TIME"),
    (r"(exec|queue|exec-time|queue-time)=('?\"?)\d+ms", r"\1=\2Nms"),
    (r'(exec-time|queue-time|queued|exec)="\d+', r'\1="N'),
    (r'call="\d+"', 'call="N"'),
    (r"call=\d+", "call=N"),
    (r"^(\s*\* )\(\d+\) ", r"\1(N) "),
    (r"stonith_admin\.\d+", "stonith_admin.PID"),
    (r"/tmp/tmp[\w.]+", "/tmp/FILE"),
    (r"/tmp/crmsh_[\w.]+", "/tmp/FILE"),
    (r"\b0\.\d+\.\d+", "0.E.N"),
    (r'(epoch|num_updates)="\d+"', r'\1="N"'),
    (r"epoch=\d+", "epoch=N"),
    (r'(update-origin|update-client|update-user|cib-last-written|dc-uuid)="[^"]*"', r'\1="X"'),
    (r"(\* Last change:).*", r"\1 SOMETHING"),
    (r'(<last_change time=)[^>]*', r"\1X"),
    (r"pe-(input|warn|error)-\d+", r"pe-\1-N"),
    (r"(Transition )\d+", r"\1N"),
    (r"(Current DC: )\S+", r"\1NODE"),
    (r'(<current_dc present="true" version="[^"]*" name=)[^>]*', r"\1X"),
    (r'is_dc="\w+"', 'is_dc="X"'),
    (r'"is_dc": \w+', '"is_dc": X'),
    (r"Ring ID: .*", "Ring ID: X"),
    (r"digest=\S+", "digest=X"),
    (r"\(\S*(get_message_xml|log_\w+|native_\w+|unpack_\w+|pe_\w+|pcmk_\w+|\w+)\) \t(error|warning|notice|info):", r"(WHERE) \t\2:"),
    (r"Waiting for \d+ repl(y|ies) ", "Waiting for N replies "),
    (r"(?m)(\.\.\. got reply\n)+", "... got reply\n"),
    (r"^\w+: (Corosync configuration reloaded)", r"NODE: \1"), # pcs asks one of them
    (r"[ \t]+$", ""),
)]


def normalize(text):
    for pattern, by in RULES:
        text = pattern.sub(by, text)
    return text


class Step:
    def __init__(self, line, number):
        self.number = number
        self.ours = line.startswith("~ ")
        line = line[2:] if self.ours else line
        self.verb, _, self.command = line.partition(" ")
        self.name = "%s (line %d)" % (line, number)


def read_script(path):
    with open(path) as f:
        return [Step(line.rstrip("\n"), i) for i, line in enumerate(f, 1) if line.strip() and line[0] != "#"]


def read_recorded(path):
    found = {}
    try:
        with open(path) as f:
            text = f.read()
    except OSError:
        return found
    for block in text.split("\n##### ")[1:]:
        name, _, rest = block.partition("\n")
        found[re.sub(r"^\$\w* ", "", name)] = rest
    return found


def write_recorded(path, blocks):
    with open(path, "w") as f:
        f.write("Written by front_ends.py --record.\n")
        for name, text in blocks:
            f.write("\n##### %s\n%s" % (name, text))


def settle(lab):
    """Nothing is pending: asked of the cluster, whichever stack it runs."""
    node = lab.nodes[0]
    deadline = time.monotonic() + 60
    while True:
        node.run(["crm_resource", "--wait", "--timeout=60"], check=False, timeout=80)
        dc = node.run(["crmadmin", "-D", "-q", "-t", "5"], check=False).stdout.strip()
        state = node.run(["crmadmin", "-S", dc, "-q", "-t", "5"], check=False).stdout.strip() if dc else ""
        if state == "S_IDLE":
            return
        if time.monotonic() > deadline:
            raise LabError("the cluster does not settle: %s is in state %s" % (dc or "no DC", state))
        time.sleep(0.3)


def outcome(node, step):
    command = node.command(["sh", "-c", step.command])
    try:
        p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           errors="replace", timeout=180)
    except subprocess.TimeoutExpired:
        return "--- no end within 180 s\n"
    parts = []
    for text, title in ((p.stdout, None), (p.stderr, "--- stderr\n")):
        text = normalize(text)
        if text:
            parts.append((title or "") + text + ("" if text.endswith("\n") else "\n"))
    return "".join(parts) + "--- exit %d\n" % p.returncode


def compared(step, text):
    """What counts of an outcome."""
    lines = normalize(text).splitlines()
    if step.verb == "$rc":
        return lines[-1]
    return "\n".join(sorted(set(lines)) if step.verb == "$sort" else lines)


def show(want, got):
    for line in list(difflib.unified_diff(want.splitlines(), got.splitlines(), "recorded", "now", lineterm="", n=1))[:60]:
        print("    " + line)


def dress(node, stage):
    """A fence agent of ours among the machine's; without touching the machine's own directory."""
    if stage is None:
        node.run(["sh", "-c", "mkdir -p /run/.host/usr/sbin && mount --bind /usr/sbin /run/.host/usr/sbin && "
                  "mount -t tmpfs tmpfs /usr/sbin && ln -s /run/.host/usr/sbin/* /usr/sbin/"])
    node.run(["sh", "-c", "cat >/usr/sbin/fence_dummy && chmod 755 /usr/sbin/fence_dummy"],
             input=open(os.path.join(HERE, "fence_dummy")).read())


SSH_KEY = "/var/tmp/quorate-lab/%s/id_ed25519"


def services(lab):
    """What commands that reach for other hosts need: sshd that root may use without a password, pcsd, a systemctl."""
    key = SSH_KEY % lab.name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    for n in lab.nodes:
        n.run(["sh", "-ec", """
            mkdir -p /run/sshd /srv/root /srv/ssh /srv/pcsd
            mount --bind %s /usr/bin/systemctl
            mount --bind /srv/root /root; mkdir -p -m 700 /root/.ssh
            if [ -d /var/lib/pcsd ]; then mount --bind /srv/pcsd /var/lib/pcsd; mkdir -p /var/log/pcsd; fi
            cp %s /root/.ssh/id_ed25519; cp %s.pub /root/.ssh/authorized_keys
            printf 'StrictHostKeyChecking no\\nLogLevel ERROR\\n' >/root/.ssh/config
            mount -t tmpfs tmpfs /etc/ssh; mkdir -p /etc/ssh; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
            printf 'PermitRootLogin yes\\nUsePAM no\\nStrictModes no\\nSubsystem sftp internal-sftp\\n' >/etc/ssh/sshd_config
            sed "s|^hacluster:[^:]*|hacluster:$(openssl passwd -6 lab)|" /etc/shadow >/srv/shadow
            chmod 600 /srv/shadow; mount --bind /srv/shadow /etc/shadow
            systemctl start ssh
            [ ! -x /usr/sbin/pcsd ] || systemctl start pcsd
            """ % (os.path.join(HERE, "systemctl"), key, key)], timeout=120)


def run_script(name, make_lab, results, record=False, debian=False, verbose=False, limit=None):
    path = os.path.join(HERE, "scripts", name)
    steps = read_script(path + ".script")[:limit]
    recorded = read_recorded(path + ".recorded")
    ours = read_recorded(path + ".ours")
    blocks, own_blocks, seen = [], [], {}
    with make_lab() as lab:
        lab.create()
        lab.boot()
        for n in lab.nodes:
            dress(n, lab.stage_of(n))
        if name.endswith("-cluster"):
            services(lab)
        for n in lab.nodes: # one after the other, so that the order in which the status names them is known
            n.start_corosync()
        for n in lab.nodes:
            n.start_stack()
            lab.wait_online([n])
        for step in steps:
            begin = time.monotonic()
            try:
                if step.verb == "wait":
                    settle(lab)
                elif step.verb == "until":
                    seconds, _, command = step.command.partition(" ")
                    wait_until(command, lambda: lab.nodes[0].run(["sh", "-c", command], check=False).returncode == 0,
                               int(seconds), 0.5)
                elif step.verb == "@all":
                    for n in lab.nodes:
                        n.run(["sh", "-c", step.command], check=False)
            except LabError as e:
                results.not_ok("%s: %s" % (name, step.name), e)
                continue
            if not step.verb.startswith("$"):
                continue
            key = step.command
            seen[key] = seen.get(key, 0) + 1
            if seen[key] > 1:
                key += " #%d" % seen[key]
            got = outcome(lab.nodes[0], step)
            if step.ours and not debian:
                own_blocks.append((key, got))
            blocks.append((key, got))
            if record:
                print("%5.1f s  %s" % (time.monotonic() - begin, key), flush=True)
                continue
            want = (ours if step.ours and not debian else recorded).get(key)
            good = want is not None and compared(step, got) == compared(step, want)
            if good:
                results.passed += 1
                if verbose:
                    print("ok %s: %s" % (name, step.name), flush=True)
            else:
                results.not_ok("%s: %s" % (name, step.name), "differs from what Debian's stack gave")
                show(compared(step, want) if want is not None else "(nothing is recorded)", compared(step, got))
    if record and debian:
        write_recorded(path + ".recorded", blocks)
    elif record:
        write_recorded(path + ".ours", own_blocks)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--stage")
    ap.add_argument("--debian", action="store_true")
    ap.add_argument("--record", action="store_true")
    ap.add_argument("--name", default="front")
    ap.add_argument("--limit", type=int, help="only so many lines")
    ap.add_argument("-v", action="store_true")
    ap.add_argument("scripts", nargs="*", default=["crmsh", "pcs"])
    o = ap.parse_args()
    results = Results()

    def make_lab():
        return Lab(o.name, nodes=3, stage=None if o.debian else o.stage)
    for name in o.scripts or ["crmsh", "pcs"]:
        program = {"crmsh": "/usr/sbin/crm", "pcs": "/usr/sbin/pcs"}[name.split("-")[0]]
        if not os.path.exists(program):
            results.skip(name, "Debian's %s is not installed (./check --with-oracle installs it)" % name)
            continue
        if name.endswith("-cluster") and not os.path.exists("/usr/sbin/sshd"):
            results.skip(name, "openssh-server is not installed (./check --with-oracle installs it)")
            continue
        run_script(name, make_lab, results, record=o.record, debian=o.debian, verbose=o.v, limit=o.limit)
    return 0 if o.record else results.finish()


if __name__ == "__main__":
    sys.exit(main())
