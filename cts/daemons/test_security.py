#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may do what: every local endpoint and remote CIB access, for each kind of user, reading and writing.  The tables here are those of
doc/security.md.

usage: test_security.py --stage DIR [--show]      needs root
"""
import argparse
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..'))
sys.path.insert(0, os.path.join(HERE, '..', 'lab'))
from lab import Lab, wait_until  # noqa: E402
from results import Results  # noqa: E402

# Accounts that every Debian has and nothing uses.
MEMBER, UNLISTED, STRANGER = 'games', 'news', 'nobody'

# Kind of user -> endpoint -> what reading, writing and a third thing (THIRD) give (codes of the protocols).
THIRD = {'cib_ro': 'sync', 'cib_rw': 'sync', 'cib_shm': 'sync', 'stonith-ng': 'ask',  # what members do among themselves; to ask for fencing
         'crmd': 'order'}  # to run an agent
POWER = {'cib_ro': ('0', '-13', '-13'), 'cib_rw': ('0', '0', '0'), 'cib_shm': ('0', '0', '0'), 'lrmd': ('-19', '0'), 'stonith-ng': ('0/0', '0/0', 'tried'),
         'attrd': ('ok', 'ok'), 'crmd': ('ok', 'ok', 'obeyed'), 'pengine': ('ok', 'ok'), 'pacemakerd': ('ok', None)}
GROUP = {'cib_ro': ('0', '-13', '-13'), 'cib_rw': ('0', '0', '0'), 'cib_shm': ('0', '0', '0'), 'lrmd': ('-13', '-13'), 'stonith-ng': ('0/0', '9/4', 'tried'),
         'attrd': ('ok', 'ok'), 'crmd': ('ok', 'ok', 'nothing'), 'pengine': ('ok', 'ok'), 'pacemakerd': ('ok', '4')}
READER = dict(GROUP, cib_rw=('0', '-13', '-13'), cib_shm=('0', '-13', '-13'))
NOTHING = dict(GROUP, **{endpoint: ('-13', '-13', '-13') for endpoint in ('cib_ro', 'cib_rw', 'cib_shm')})
OUTSIDE = {endpoint: ('refused',) * len(cells) for endpoint, cells in POWER.items()}

LOCAL = [  # ACLs in force, kind of user, account, groups, expectation
    (False, 'root', 'root', [], POWER), (False, 'the daemon user', 'hacluster', [], POWER),
    (False, 'a member of the group', MEMBER, ['haclient'], GROUP), (False, 'a stranger', STRANGER, [], OUTSIDE),
    (True, 'root', 'root', [], POWER), (True, 'the daemon user', 'hacluster', [], POWER),
    (True, 'a member who may read', MEMBER, ['haclient'], READER), (True, 'a member whom no ACL names', UNLISTED, ['haclient'], NOTHING),
    (True, 'a stranger', STRANGER, [], OUTSIDE),
]

REMOTE = [  # ACLs in force, kind of user, account, password, exit codes of reading and writing
    (False, 'the daemon user', 'hacluster', 'sesame', 0, 0), (False, 'a member of the group', MEMBER, 'sesame', 0, 0),
    (False, 'a member with a wrong password', MEMBER, 'wrong', 4, 4), (False, 'a stranger', STRANGER, 'sesame', 4, 4),
    (False, 'root, who is no member', 'root', 'sesame', 4, 4),
    (True, 'the daemon user', 'hacluster', 'sesame', 0, 0), (True, 'a member who may read', MEMBER, 'sesame', 0, 4),
    (True, 'a member whom no ACL names', UNLISTED, 'sesame', 4, 4), (True, 'a stranger', STRANGER, 'sesame', 4, 4),
]
PORTS = {'TLS': ('3121', 'true'), 'clear text': ('3122', 'false')}

CONFIGURATION = f'''<configuration><crm_config><cluster_property_set id="rights"><nvpair id="rights-acl" name="enable-acl" value="false"/>
<nvpair id="rights-n" name="rights" value="0"/></cluster_property_set></crm_config><acls><acl_target id="{MEMBER}"><role id="reader"/></acl_target>
<acl_role id="reader"><acl_permission id="reader-all" kind="read" xpath="/cib"/></acl_role></acls></configuration>'''
CHECK_PASSWORD = '#!/bin/sh\nread -r password || [ -n "$password" ] || exit 1\n[ "$(printf %s "$password" | tr -d "\\000")" = sesame ]\n'


class World:
    def __init__(self, stage):
        self.lab = Lab(name='security', nodes=1, stage=stage, environment={'CIB_pam_service': 'quorate-test'})
        self.node = self.lab.nodes[0]

    def up(self):
        self.lab.create().boot()
        self.prepare_accounts()
        self.lab.start()
        self.node.run(['cibadmin', '-M', '-X', CONFIGURATION])
        self.node.run(['cibadmin', '-M', '-X', '<cib remote-tls-port="3121" remote-clear-port="3122"/>'])
        self.node.kill('pacemaker-based')  # ports are read at the start
        wait_until('the CIB manager listens', lambda: self.remote('Q', 'hacluster', 'sesame', *PORTS['clear text']) == 0, 30, 0.3)
        self.lab.wait_idle()

    def prepare_accounts(self):
        """Members as remote logins know them, and a PAM service with one password for all."""
        self.node.run(['sh', '-c', f'mkdir -p /run/rights/pam.d && cp /etc/pam.d/* /run/rights/pam.d/ && cp /etc/group /run/rights/group'
                       f' && sed -i "s/^haclient:.*/&,{MEMBER},{UNLISTED}/; s/^\\(haclient:.*:\\),/\\1/" /run/rights/group'
                       ' && printf "auth required pam_exec.so quiet expose_authtok /run/rights/check\\naccount required pam_permit.so\\n" >/run/rights/pam.d/quorate-test'
                       ' && chmod 0755 /run/rights && mount --bind /run/rights/pam.d /etc/pam.d && mount --bind /run/rights/group /etc/group'])
        self.node.run(['sh', '-c', f"cat >/run/rights/check <<'END'\n{CHECK_PASSWORD}END\nchmod 0755 /run/rights/check"])

    def acls(self, on):
        self.node.run(['cibadmin', '-M', '-X', f'<nvpair id="rights-acl" value="{str(on).lower()}"/>'])

    def remote(self, command, user, password, port, encrypted):
        words = {'Q': ['-Q', '-n'], 'M': ['-M', '-X', f'<nvpair id="rights-n" value="{time.time()}"/>']}[command]
        env = ['env', 'CIB_server=127.0.0.1', 'CIB_port=' + port, 'CIB_user=' + user, 'CIB_passwd=' + password, 'CIB_encrypted=' + encrypted]
        return self.node.run(env + ['cibadmin'] + words, check=False, timeout=60).returncode

    def attribute_in_cib(self, process, wanted):
        """Does what that process made of the attribute named after it reach the CIB?"""
        def found(name):
            return any(e.get('name') == name and e.get('value') == process for e in self.node.cib().iter('nvpair'))
        if wanted:
            wait_until('the attribute is in the CIB', lambda: found('rights-' + process), 10, 0.2)
        else:
            self.node.run(['attrd_updater', '-n', 'rights-later', '-U', process])  # may be written: by then the other would be there
            wait_until('a later attribute is in the CIB', lambda: found('rights-later'), 10, 0.2)
            assert not found('rights-' + process), 'the attribute is in the CIB'

    def stopped_by(self, user):
        if not self.node.pids('pacemakerd'):
            self.node.start_stack()
            self.lab.wait_online()
        p = self.node.run(['python3', os.path.join(HERE, 'rights.py'), '--stop', user], timeout=60)
        equal(json.loads(p.stdout.strip().splitlines()[-1]), {'pacemakerd': {'write': '0'}})
        wait_until('the cluster has stopped', lambda: not self.node.pids('pacemakerd'), 60, 0.3)

    def local(self, user, groups):
        p = self.node.run(['python3', os.path.join(HERE, 'rights.py'), user] + groups, timeout=120)
        return json.loads(p.stdout.strip().splitlines()[-1])


def equal(got, wanted):
    assert got == wanted, f'{got!r}, expected {wanted!r}'


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--stage', required=True)
    p.add_argument('--show', action='store_true', help='print what was found')
    o = p.parse_args()
    results = Results()
    world = World(o.stage)
    try:
        world.up()
        for acls in (False, True):
            world.acls(acls)
            mode = 'with ACLs' if acls else 'without ACLs'
            for in_force, kind, user, groups, expected in LOCAL:
                if in_force != acls:
                    continue
                found = world.local(user, groups)
                if o.show:
                    print(mode, kind, found)
                for endpoint, cells in expected.items():
                    for what, wanted in zip(('read', 'write', THIRD.get(endpoint)), cells):
                        if wanted is not None:
                            results.run(f'{mode}: {kind}, {endpoint}, {what}', equal, found[endpoint].get(what), wanted)
                if expected is not OUTSIDE:
                    results.run(f'{mode}: {kind}, attrd, what is written {"does not reach" if acls and expected is not POWER else "reaches"} the CIB',
                                world.attribute_in_cib, str(found['process']), not acls or expected is POWER)
            for in_force, kind, user, password, *codes in REMOTE:
                for way, port in PORTS.items():
                    for command, wanted in zip('QM', codes if in_force == acls else ()):
                        results.run(f'{mode}: {kind}, remote by {way}, {"read" if command == "Q" else "write"}', equal,
                                    world.remote(command, user, password, *port), wanted)
        for user in ('hacluster', 'root'):
            results.run(f'{user}, pacemakerd, write', world.stopped_by, user)
    finally:
        world.lab.down()
    return results.finish()


if __name__ == '__main__':
    sys.exit(main())
