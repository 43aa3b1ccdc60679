#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What may this user do at each local endpoint?  Run as root inside a node; becomes USER (with the supplementary GROUP), asks, prints JSON.

usage: rights.py [--stop] USER [GROUP]      {"cib_ro": {"read": "ok", "write": "-13"}, ...}
With --stop all that is asked is the launcher to stop the cluster.  "refused": no connection.  Codes are those of the protocols.
"""
import grp
import json
import os
import pwd
import sys
import time
import uuid
import xml.etree.ElementTree as ET

import qbipc

SYNC = 0x1000


def cib(endpoint, what):
    c = qbipc.Client(endpoint, patience=0)
    try:
        if what == 'read':
            text = f'<cib_command t="cib" cib_op="cib_query" cib_callid="2" cib_section="crm_config" cib_callopt="{SYNC}"/>'
        elif what == 'sync':
            text = f'<cib_command t="cib" cib_op="cib_sync" cib_callid="2" cib_callopt="{SYNC}"/>'
        else:
            text = (f'<cib_command t="cib" cib_op="cib_modify" cib_callid="2" cib_section="crm_config" cib_callopt="{SYNC}"><cib_calldata>'
                    f'<nvpair id="rights-n" value="{os.getuid()}-{endpoint}-{os.getpid()}"/></cib_calldata></cib_command>')
        return c.request(ET.fromstring(text), 10).get('cib_rc')
    finally:
        c.close()


def executor(what):
    c = qbipc.Client('lrmd', patience=0)
    try:
        hello = c.request(ET.fromstring('<lrmd_command lrmd_op="register" lrmd_clientname="rights" lrmd_protocol_version="1.1"/>'))
        common = f'lrmd_clientid="{hello.get("lrmd_clientid")}" lrmd_callid="1" lrmd_callopt="0"'
        op = 'lrmd_rsc_info' if what == 'read' else 'lrmd_rsc_register'
        data = '<lrmd_rsc lrmd_rsc_id="rights" lrmd_class="ocf" lrmd_provider="pacemaker" lrmd_type="Dummy"/>'
        reply = c.request(ET.fromstring(f'<lrmd_command lrmd_op="{op}" {common}><lrmd_calldata>{data}</lrmd_calldata></lrmd_command>'))
        rc = reply.get('lrmd_rc')
        if what == 'write' and rc == '0':  # as it was
            c.request(ET.fromstring(f'<lrmd_command lrmd_op="lrmd_rsc_unregister" {common}><lrmd_calldata>{data}</lrmd_calldata></lrmd_command>'))
        return rc
    finally:
        c.close()


def fencer(what):
    c = qbipc.Client('stonith-ng', patience=0)
    try:
        hello = c.request(ET.fromstring('<stonith_command t="stonith-ng" st_op="register" st_clientname="rights"/>'))
        common = f't="stonith-ng" st_clientid="{hello.get("st_clientid")}" st_callid="1" st_callopt="4096"'
        op, data = {'read': ('st_fence_history', '<st_history st_target="nobody"/>'),
                    'ask': ('st_fence', '<st_fence st_target="ghost" st_device_action="off" st_timeout="2" st_tolerance="0"/>'),
                    'write': ('st_device_register', '<st_device_id id="rights" agent="fence_dummy" namespace="stonith-ng"><attributes/></st_device_id>')}[what]
        reply = c.request(ET.fromstring(f'<stonith_command {common} st_op="{op}"><st_calldata>{data}</st_calldata></stonith_command>'))
        if what == 'ask' and reply.get('rc-code') == '1':
            return 'tried'  # in vain: there is no device
        return f'{reply.get("op-status")}/{reply.get("rc-code")}'
    finally:
        c.close()


def attributes(what):
    c = qbipc.Client('attrd', patience=0)
    try:
        more = 'task="query"' if what == 'read' else f'task="update" attr_value="{os.getpid()}" attr_dampening="0" attr_host="node1"'
        reply = c.request(ET.fromstring(f'<rights t="attrd" src="rights" attr_version="1" attr_name="rights-{os.getpid()}" {more}/>'))
        # 112 acknowledges the arrival: what becomes of it is told nobody
        return 'ok' if reply.tag != 'ack' or reply.get('status') == '112' else reply.get('status')
    finally:
        c.close()


def controller(what):
    c = qbipc.Client('crmd', patience=0)
    common = 't="crmd" version="3.16.1" subt="request" crm_sys_from="77_rights"'
    try:
        c.request(ET.fromstring(f'<request origin="x" {common} reference="hello-rights-1" crm_task="hello"><crm_xml>'
                                '<options major_version="1" minor_version="0" client_name="rights" client_uuid="77"/></crm_xml></request>'))
        if what == 'order':
            return ordered(c, common)
        task = 'ping' if what == 'read' else 'rm_node_cache'
        c.request(ET.fromstring(f'<request origin="x" {common} reference="{task}-rights-2" crm_task="{task}" crm_sys_to="crmd" crm_host_to="node1"><crm_xml>'
                                '<node id="9999" uname="ghost"/></crm_xml></request>'))
        if what == 'read':
            return 'ok' if c.event(5).get('crm_task') == 'ping' else 'other'
        return 'ok'
    finally:
        c.close()


def ordered(c, common):
    """Does the controller take orders to run an agent, which runs as root?  (A DC with nothing to do refuses them, and then has something to do.)"""
    ran = f'/run/rights/ran-{os.getpid()}'
    order = ET.fromstring(f'<request origin="x" {common} reference="order-rights-2" crm_task="lrm_invoke" crm_sys_to="lrmd" crm_host_to="node1"><crm_xml>'
                          f'<rsc_op id="1" operation="start" operation_key="rights-{os.getpid()}_start_0" on_node="node1" transition-key="1:0:0:{uuid.uuid4()}">'
                          f'<primitive id="rights-{os.getpid()}" class="ocf" provider="pacemaker" type="Dummy"/>'
                          f'<attributes state="{ran}" CRM_meta_timeout="20000" crm_feature_set="3.16.1"/></rsc_op></crm_xml></request>')
    end = time.monotonic() + 3
    while time.monotonic() < end:
        c.request(order)
        time.sleep(0.02)
        if os.path.exists(ran):
            return 'obeyed'
    return 'nothing'


def scheduler(what):
    c = qbipc.Client('pengine', patience=0)
    try:
        task, data = ('hello', '<options/>') if what == 'read' else ('pe_calc', '<cib/>')
        c.request(ET.fromstring(f'<request t="pengine" version="3.16.1" subt="request" reference="r" crm_task="{task}" crm_sys_to="pengine" crm_sys_from="rights">'
                                f'<crm_xml>{data}</crm_xml></request>'))
        return 'ok'
    finally:
        c.close()


def launcher(what):
    c = qbipc.Client('pacemakerd', patience=0)
    try:
        task = 'ping' if what == 'read' else 'quit'
        c.send(ET.fromstring(f'<x crm_task="{task}" subt="request" reference="r1" crm_sys_to="pacemakerd" crm_sys_from="rights"/>'))
        reply = c.event(5)
        return 'ok' if what == 'read' else next((e.get('op-status') for e in reply.iter() if e.get('op-status')), 'ok')
    finally:
        c.close()


ASK = {
    'cib_ro': lambda what: cib('cib_ro', what), 'cib_rw': lambda what: cib('cib_rw', what), 'cib_shm': lambda what: cib('cib_shm', what),
    'lrmd': executor, 'stonith-ng': fencer, 'attrd': attributes, 'crmd': controller, 'pengine': scheduler, 'pacemakerd': launcher,
}


MORE = {'cib_ro': ('sync',), 'cib_rw': ('sync',), 'cib_shm': ('sync',), 'stonith-ng': ('ask',), 'crmd': ('order',)}


def main():
    words = [w for w in sys.argv[1:] if w != '--stop']
    user = pwd.getpwnam(words[0])
    os.setgroups([grp.getgrnam(g).gr_gid for g in words[1:]])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    if '--stop' in sys.argv:
        print(json.dumps({'pacemakerd': {'write': launcher('write')}}))
        return 0
    out = {'process': os.getpid()}
    for endpoint, ask in ASK.items():
        out[endpoint] = {}
        for what in ('read', 'write') + MORE.get(endpoint, ()):
            if endpoint == 'pacemakerd' and what == 'write' and user.pw_name in ('root', 'hacluster'):
                continue  # would stop the cluster
            try:
                out[endpoint][what] = ask(what)
            except OSError:
                out[endpoint][what] = 'refused'
            except (qbipc.Timeout, qbipc.Gone) as e:
                out[endpoint][what] = type(e).__name__
    print(json.dumps(out))
    return 0


if __name__ == '__main__':
    sys.exit(main())
