#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes of what a user asks for where ACLs are in force: of the commands that change the CIB themselves, and of those that have the controller
or the attribute manager change it in his name.  The tables are those of doc/security.md.

usage: test_acls.py --stage DIR [--debian] [--show] [--only WORD] [--long]      needs root
--debian: ask Debian's stack instead.  Without --long (or QUORATE_LONG) only what daemons change, for three kinds of users: the rest is
the CIB manager's work alone, which other tests judge.
"""
import argparse
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..'), os.path.join(HERE, '..', 'lab')]
from lab import Lab, wait_until  # noqa: E402
from results import Results  # noqa: E402

# Accounts that every Debian has and nothing uses, as members of haclient with these rights.
ALL = '<acl_permission id="%s-read" kind="read" xpath="/cib"/>'
USERS = {
    'reader': ('games', ALL),
    'operator': ('man', ALL + '<acl_permission id="%s-write" kind="write" xpath="/cib/status"/>'),
    'designer': ('lp', ALL + '<acl_permission id="%s-write" kind="write" xpath="/cib/configuration"/>'),
    'all but d': ('mail', '<acl_permission id="%s-write" kind="write" xpath="/cib"/><acl_permission id="%s-deny" kind="deny" xpath="//*[@id=\'d\']"/>'),
    'unnamed': ('news', None),
}
SHORT = ('reader', 'operator', 'all but d')
DUMMY = '<primitive id="%s" class="ocf" provider="pacemaker" type="Dummy"/>'
GHOST = {'nodes': '<node id="99" uname="ghost"/>', 'status': '<node_state id="99" uname="ghost"/>'}


class World:
    def __init__(self, stage, debian):
        self.lab = Lab(name='aclsdeb' if debian else 'acls', nodes=1, stage=None if debian else stage)
        self.node = self.lab.nodes[0]
        self.serial = 0

    def up(self):
        self.lab.create()
        self.lab.start()
        acls = ''.join(f'<acl_role id="{account}-role">{rights.replace("%s", account)}</acl_role>' for account, rights in USERS.values() if rights)
        acls = ''.join(f'<acl_target id="{account}"><role id="{account}-role"/></acl_target>' for account, rights in USERS.values() if rights) + acls
        self.node.run(['cibadmin', '-M', '-c', '-X', '<configuration><crm_config><cluster_property_set id="o"><nvpair id="o-f" name="stonith-enabled" value="false"/>'
                       '<nvpair id="o-a" name="enable-acl" value="true"/></cluster_property_set></crm_config>'
                       f'<resources>{DUMMY % "d"}{DUMMY % "e"}</resources><acls>{acls}</acls></configuration>'])
        self.wait()

    def wait(self):
        self.node.run(['crm_resource', '--wait', '--timeout=60'])

    def as_user(self, account, words, **environment):
        more = [f'{k}={v}' for k, v in environment.items()]
        return self.node.run(['setpriv', '--reuid', account, '--regid', account, '--groups', 'haclient', 'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
                              'LC_ALL=C', 'HOME=/'] + more + words, check=False, timeout=60)

    # --- what is there ---

    def history(self, resource):
        """The calls that the history of the resource tells of, None without history."""
        found = self.node.cib().find(f'.//lrm_resource[@id="{resource}"]')
        return None if found is None else {op.get('operation'): op.get('call-id') for op in found.iter('lrm_rsc_op')}

    def told(self, resource):
        """Its history tells of the failure that crm_resource makes up."""
        return 'asyncmon' in (self.history(resource) or {})

    def value(self, name, section='status'):
        return next((e.get('value') for e in self.node.cib().find('.//' + section).iter('nvpair') if e.get('name') == name), None)

    # --- what is done before, and after, to know that all has come that comes ---

    def failed(self, resource='d'):
        """The resource has failed, has recovered, and both are recorded."""
        self.node.run(['crm_resource', '--cleanup', '-r', resource])
        self.wait()
        self.node.run(['crm_resource', '--fail', '-r', resource, '-N', 'node1'])
        wait_until('the failure is recorded', lambda: self.told(resource) and self.count(resource), 20, 0.1)
        self.wait()

    def count(self, resource):
        return next((e for e in self.node.cib().iter('nvpair') if e.get('name').startswith('fail-count-' + resource)), None) is not None

    def whole(self):
        """Without a failure."""
        self.node.run(['crm_resource', '--refresh', '-r', 'd'])
        wait_until('the history is anew', lambda: self.history('d') and not self.told('d'), 20, 0.1)
        self.wait()

    def ghost(self):
        """A node that is known by its entries only, and nothing keeps resources from it."""
        self.node.run(['crm_resource', '-r', 'd', '--clear'], check=False)
        for section, entry in GHOST.items():
            self.node.run(['cibadmin', '-M', '-c', '-o', section, '-X', entry])

    def behind_the_controller(self):
        before = self.history('e')
        self.node.run(['crm_resource', '--refresh', '-r', 'e', '-N', 'node1'])
        wait_until('a later request of root has an effect', lambda: self.history('e') not in (None, before), 20, 0.1)
        self.wait()

    def behind_the_attribute_manager(self):
        self.serial += 1
        self.node.run(['attrd_updater', '-n', 'later', '-U', str(self.serial)])
        wait_until('a later attribute of root has come', lambda: self.value('later') == str(self.serial), 20, 0.1)


# --- one request: (what is asked for, what is made ready, the command, what shows whether it was done, who is waited for) ---

def cleared(world, before, account):
    return f'history {"kept" if world.told("d") else "cleared"}, count {"kept" if world.count("d") else "cleared"}'


def probed_anew(world, before, account):
    return 'kept' if world.history('d') == before else 'probed anew'


def failure(world, before, account):
    return 'failed' if world.told('d') else 'nothing'


def ghost_entries(world, before, account):
    cib = world.node.cib()
    return 'node %s, state %s' % tuple('kept' if cib.find(f'.//{section}/*[@uname="ghost"]') is not None else 'gone' for section in ('nodes', 'status'))


def written(section, name):
    return lambda world, before, account: str(world.value(name.replace('%s', account), section)).replace(account, 'his')


def constraint(world, before, account):
    return 'none' if world.node.cib().find('.//rsc_location') is None else 'made'


def ticket(world, before, account):
    found = world.node.cib().find('.//ticket_state[@id="T"]')
    return 'none' if found is None else 'granted' if found.get('granted') == 'true' else 'revoked'


def attribute(name, value, *more):
    return lambda world: world.node.run(['attrd_updater', '-n', name, '-U', value, *more]) and world.behind_the_attribute_manager()


def without(*words):
    return lambda world: world.node.run(list(words), check=False)


CONTROLLER, ATTRD = World.behind_the_controller, World.behind_the_attribute_manager
REQUESTS = {
    'crm_resource --cleanup': (World.failed, ['crm_resource', '--cleanup', '-r', 'd', '-N', 'node1'], cleared, CONTROLLER),
    'crm_failcount --delete': (World.failed, ['crm_failcount', '-D', '-r', 'd', '-N', 'node1'], cleared, CONTROLLER),
    'crm_resource --refresh': (World.failed, ['crm_resource', '--refresh', '-r', 'd', '-N', 'node1'], probed_anew, CONTROLLER),
    'crm_resource --fail': (World.whole, ['crm_resource', '--fail', '-r', 'd', '-N', 'node1'], failure, CONTROLLER),
    'crm_node --remove': (World.ghost, ['crm_node', '--force', '-R', 'ghost'], ghost_entries, ATTRD),
    'attrd_updater, new': (None, ['attrd_updater', '-n', 'own-%s', '-U', '1'], written('status', 'own-%s'), ATTRD),
    'attrd_updater, of others': (attribute('given', '0'), ['attrd_updater', '-n', 'given', '-U', '%s'], written('status', 'given'), ATTRD),
    'attrd_updater, own again': (None, ['attrd_updater', '-n', 'own-%s', '-U', '2'], written('status', 'own-%s'), ATTRD),
    'attrd_updater --delete': (attribute('given', '0'), ['attrd_updater', '-n', 'given', '-D'], written('status', 'given'), ATTRD),
    'crm_attribute --lifetime reboot': (attribute('given', '0'), ['crm_attribute', '-N', 'node1', '-l', 'reboot', '-n', 'given', '-v', '%s'], written('status', 'given'), ATTRD),
    'crm_attribute --promotion': (without('crm_attribute', '--promotion=d', '-N', 'node1', '-l', 'reboot', '-D'), ['crm_attribute', '--promotion=d', '-N', 'node1', '-l', 'reboot', '-v', '7'],
                                  written('status', 'master-d'), ATTRD),
    'crm_attribute --lifetime forever': (without('crm_attribute', '-N', 'node1', '-l', 'forever', '-n', 'perm', '-v', '0'),
                                         ['crm_attribute', '-N', 'node1', '-l', 'forever', '-n', 'perm', '-v', '1'], written('nodes', 'perm'), None),
    'crm_attribute --type crm_config': (without('crm_attribute', '-n', 'batch-limit', '-v', '7'), ['crm_attribute', '-n', 'batch-limit', '-v', '8'],
                                        written('crm_config', 'batch-limit'), None),
    'crm_resource --set-parameter': (without('crm_resource', '-r', 'd', '-m', '-d', 'priority'), ['crm_resource', '-r', 'd', '-m', '-p', 'priority', '-v', '1'],
                                     written('resources', 'priority'), None),
    'crm_resource --ban': (World.ghost, ['crm_resource', '-r', 'd', '--ban', '-N', 'ghost'], constraint, None),
    'crm_ticket --grant': (without('crm_ticket', '-t', 'T', '-r', '--force'), ['crm_ticket', '-t', 'T', '-g', '--force'], ticket, None),
}


def ask(world, request, kind):
    """Have the user ask; returns the exit status and a function that tells what shows."""
    account = USERS[kind][0]
    ready, words, shows, behind = REQUESTS[request]
    if ready:
        ready(world)
    before = world.history('d')
    rc = world.as_user(account, [w.replace('%s', account) for w in words]).returncode
    if behind:
        behind(world)
    return rc, lambda: shows(world, before, account)


# What comes of it: exit status, and what is in the CIB afterwards.  2.1.5 does the same, but for exit statuses.
EXPECTED = {
    'crm_resource --cleanup': {
        'reader': (0, 'history kept, count cleared'),
        'operator': (0, 'history cleared, count cleared'),
        'designer': (0, 'history kept, count cleared'),
        'all but d': (105, 'history kept, count kept'),
        'unnamed': (4, 'history kept, count kept'),
    },
    'crm_failcount --delete': {
        'reader': (0, 'history kept, count cleared'),
        'operator': (0, 'history cleared, count cleared'),
        'designer': (0, 'history kept, count cleared'),
        'all but d': (105, 'history kept, count kept'),
        'unnamed': (4, 'history kept, count kept'),
    },
    'crm_resource --refresh': {
        'reader': (0, 'kept'),
        'operator': (0, 'probed anew'),
        'designer': (0, 'kept'),
        'all but d': (105, 'kept'),
        'unnamed': (4, 'kept'),
    },
    'crm_resource --fail': {
        'reader': (0, 'nothing'),
        'operator': (0, 'nothing'),
        'designer': (0, 'nothing'),
        'all but d': (105, 'nothing'),
        'unnamed': (4, 'nothing'),
    },
    'crm_node --remove': {
        'reader': {'ours': (4, 'node kept, state kept'), 'debian': (1, 'node kept, state kept')},
        'operator': {'ours': (4, 'node kept, state gone'), 'debian': (0, 'node kept, state gone')},
        'designer': {'ours': (4, 'node gone, state kept'), 'debian': (1, 'node gone, state kept')},
        'all but d': (0, 'node gone, state gone'),
        'unnamed': {'ours': (4, 'node kept, state kept'), 'debian': (1, 'node kept, state kept')},
    },
    'attrd_updater, new': {
        'reader': (0, 'None'),
        'operator': (0, '1'),
        'designer': (0, 'None'),
        'all but d': (0, '1'),
        'unnamed': (0, 'None'),
    },
    'attrd_updater, of others': {
        'reader': (0, 'his'),
        'operator': (0, 'his'),
        'designer': (0, 'his'),
        'all but d': (0, 'his'),
        'unnamed': (0, 'his'),
    },
    'attrd_updater, own again': {
        'reader': (0, 'None'),
        'operator': (0, '2'),
        'designer': (0, 'None'),
        'all but d': (0, '2'),
        'unnamed': (0, 'None'),
    },
    'attrd_updater --delete': {
        'reader': (0, 'None'),
        'operator': (0, 'None'),
        'designer': (0, 'None'),
        'all but d': (0, 'None'),
        'unnamed': (0, 'None'),
    },
    'crm_attribute --lifetime reboot': {
        'reader': (0, 'his'),
        'operator': (0, 'his'),
        'designer': (0, 'his'),
        'all but d': (0, 'his'),
        'unnamed': {'ours': (4, '0'), 'debian': (105, '0')},
    },
    'crm_attribute --promotion': {
        'reader': (0, '7'),
        'operator': (0, '7'),
        'designer': (0, '7'),
        'all but d': (0, '7'),
        'unnamed': {'ours': (4, 'None'), 'debian': (105, 'None')},
    },
    'crm_attribute --lifetime forever': {
        'reader': (4, '0'),
        'operator': (4, '0'),
        'designer': (0, '1'),
        'all but d': (0, '1'),
        'unnamed': {'ours': (4, '0'), 'debian': (105, '0')},
    },
    'crm_attribute --type crm_config': {
        'reader': (4, '7'),
        'operator': (4, '7'),
        'designer': (0, '8'),
        'all but d': (0, '8'),
        'unnamed': (4, '7'),
    },
    'crm_resource --set-parameter': {
        'reader': (4, 'None'),
        'operator': (4, 'None'),
        'designer': (0, '1'),
        'all but d': (105, 'None'),
        'unnamed': (4, 'None'),
    },
    'crm_resource --ban': {
        'reader': (4, 'none'),
        'operator': (4, 'none'),
        'designer': (0, 'made'),
        'all but d': (105, 'none'),
        'unnamed': (4, 'none'),
    },
    'crm_ticket --grant': {
        'reader': (4, 'revoked'),
        'operator': (0, 'granted'),
        'designer': (4, 'revoked'),
        'all but d': (0, 'granted'),
        'unnamed': (4, 'revoked'),
    },
}


def judge(world, request, kind, debian, show):
    rc, look = ask(world, request, kind)
    if show:
        time.sleep(1)
        print('   %-34s %-10s (%d, %r)' % (request, kind, rc, look()), flush=True)
        return
    wanted = EXPECTED[request][kind]
    if isinstance(wanted, dict):
        wanted = wanted['debian' if debian else 'ours']
    deadline = time.monotonic() + 6
    while (rc, look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    assert (rc, look()) == wanted, f'{(rc, look())!r}, expected {wanted!r}'


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--stage', required='--debian' not in sys.argv)
    p.add_argument('--debian', action='store_true')
    p.add_argument('--show', action='store_true', help='print what is found')
    p.add_argument('--only', default='')
    p.add_argument('--long', action='store_true', default=bool(os.environ.get('QUORATE_LONG')))
    o = p.parse_args()
    results = Results()
    world = World(o.stage, o.debian)
    try:
        world.up()
        for request, (_, _, _, behind) in REQUESTS.items():
            for kind in USERS:
                if o.only in request and (o.long or o.only or (behind and kind in SHORT)):
                    results.run(f'{request}, {kind}', judge, world, request, kind, o.debian, o.show)
    finally:
        world.lab.down()
    return results.finish()


if __name__ == '__main__':
    sys.exit(main())
