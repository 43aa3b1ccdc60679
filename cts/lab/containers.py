#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stories of real containers: bundles and guest nodes with podman, Debian's agent and our pacemaker-remoted as first process.

usage: containers.py --stage DIR [--debian] [--remoted FILE] [--only WORD ...] [--list]

The image is made here: empty directories, a few files of /etc; /usr is the host's.  With --debian the hosts run Debian's
stack (and the containers the pacemaker-remoted that is named): the stories describe the field.
"""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
from fencing import begin, device, whole_with_switches  # noqa: E402
from lab import NET, Lab, LabError, wait_until  # noqa: E402
from results import Results, Skip  # noqa: E402
from world import active, configure, run_in_one_lab, set_option  # noqa: E402

IMAGE = "localhost/lab:1"
FIRST_IP = 131

MAKE_IMAGE = """
mkdir -p /tmp/image && cd /tmp/image
mkdir -p usr etc/pacemaker var/log var/lib/pacemaker/cores var/lib/pacemaker/blackbox run tmp proc sys dev srv
chown -R hacluster:haclient var/lib/pacemaker
for d in bin sbin lib lib64; do ln -s usr/$d $d; done
ln -s ../run var/run
cp /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache etc/
tar cf ../image.tar . && podman import -c STOPSIGNAL=SIGINT /tmp/image.tar %s
""" % IMAGE


def make_images(lab):
    for n in lab.nodes:
        n.run(["podman", "image", "exists", IMAGE], check=False).returncode == 0 or n.run(["sh", "-ec", MAKE_IMAGE])
