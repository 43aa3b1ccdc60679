#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The scheduler daemon alone, driven over its endpoint by a raw client (spec 10 section 1.7, spec 30 section 8).

    test-schedulerd.py [DAEMON]     default: $builddir/daemons/schedulerd/pacemaker-schedulerd; or another, to compare

Needs root: it runs in namespaces of its own (see `sandbox`).
"""
import bz2
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
DAEMON = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else
                         os.path.join(os.environ.get("builddir", "."), "daemons/schedulerd/pacemaker-schedulerd"))
SAVED = "/var/lib/pacemaker/pengine"

CIB = """<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0" have-quorum="1">
<configuration><crm_config><cluster_property_set id="cib-bootstrap-options">
<nvpair id="opt-fencing" name="stonith-enabled" value="false"/>%s</cluster_property_set></crm_config>
<nodes><node id="1" uname="n1"/></nodes>
<resources><primitive id="A" class="ocf" provider="pacemaker" type="Dummy"/></resources><constraints/></configuration>
<status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1">
<lrm_resources/></lrm></node_state></status></cib>"""


class Scheduler:
    """The daemon, and one client."""

    def __init__(self):
        import qbipc
        self.qbipc = qbipc
        environment = dict(os.environ, LC_ALL="C", PCMK_logfile="/run/schedulerd.log", PCMK_logfacility="none")
        self.process = subprocess.Popen([DAEMON], env=environment)
        self.client = qbipc.Client("pengine")
        self.requests = 0

    def ask(self, task="pe_calc", cib=None, **more):
        """Send a request; the acknowledgement and, if that announces one, the answer."""
        self.requests += 1
        message = ET.Element("request", t="crmd", version="3.16.1", subt="request", reference=f"ref-{self.requests}",
                             crm_task=task, crm_sys_to="pengine", crm_sys_from="1_test")
        message.attrib.update(more)
        if cib is not None:
            ET.SubElement(message, "crm_xml").append(ET.fromstring(cib))
        ack = self.client.request(message)
        answer = None
        if task == "pe_calc" and cib is not None and ack.get("status") == "112":
            answer = self.client.event()
        return ack, answer

    def stop(self):
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


def graph_of(answer):
    return answer.find("crm_xml/transition_graph")


def a_calculation_is_acknowledged_and_answered_by_an_event(s):
    ack, answer = s.ask(cib=CIB % "")
    assert (ack.tag, ack.get("status")) == ("ack", "112"), ack.attrib
    assert answer.get("reference") == "ref-%d" % s.requests and answer.get("crm_task") == "pe_calc", answer.attrib
    assert answer.get("subt") == "response", answer.attrib
    keys = [e.get("operation_key") for e in graph_of(answer).findall("synapse/action_set/*")]
    assert sorted(keys) == ["A_monitor_0", "A_start_0"], keys


def transitions_are_counted(s):
    first = int(graph_of(s.ask(cib=CIB % "")[1]).get("transition_id"))
    assert int(graph_of(s.ask(cib=CIB % "")[1]).get("transition_id")) == first + 1


def the_input_is_kept_with_its_date(s):
    path = s.ask(cib=CIB % '<nvpair id="x" name="kept" value="1"/>')[1].get("crm-tgraph-in")
    assert path.startswith(SAVED + "/pe-input-"), path
    saved = ET.fromstring(bz2.open(path).read())
    assert saved.tag == "cib" and int(saved.get("execution-date")) > 1700000000, saved.attrib
    assert saved.find(".//nvpair[@name='kept']") is not None
    last = open(SAVED + "/pe-input.last").read().strip()
    assert path == "%s/pe-input-%d.bz2" % (SAVED, int(last) - 1), (path, last)


def the_same_input_is_not_kept_twice(s):
    one, two = (s.ask(cib=CIB % '<nvpair id="x" name="same" value="1"/>')[1].get("crm-tgraph-in") for _ in range(2))
    assert one == two, (one, two)


def the_series_begins_anew_at_its_limit(s):
    limit = '<nvpair id="x%d" name="pe-input-series-max" value="3"/>'
    paths = {s.ask(cib=CIB % (limit % i))[1].get("crm-tgraph-in") for i in range(8)}
    assert len(paths) <= 4, paths
    assert int(open(SAVED + "/pe-input.last").read()) < 3


def a_limit_of_none_keeps_nothing(s):
    before = sorted(os.listdir(SAVED))
    s.ask(cib=CIB % '<nvpair id="none" name="pe-input-series-max" value="0"/>')
    assert sorted(os.listdir(SAVED)) == before


def a_wrong_configuration_goes_into_the_series_of_errors(s):
    answer = s.ask(cib=CIB % '<nvpair id="bad" name="no-quorum-policy" value="perhaps"/>')[1]
    assert answer.get("config-errors") == "1", answer.attrib


def others_messages_are_acknowledged_and_left_alone(s):
    assert s.ask("hello")[0].get("status") == "112"
    assert s.ask("pe_calc", crm_sys_to="crmd")[0].get("status") == "112"
    assert s.ask("dance")[0].get("status") == "2"


def nonsense_is_refused_and_the_daemon_lives(s):
    number = s.client.send_bytes(b"no xml at all")
    assert s.client.reply(number).get("status") == "76"
    assert s.ask(cib=CIB % "")[1] is not None


def it_stops_when_told(s):
    assert s.stop() == 0


TESTS = [a_calculation_is_acknowledged_and_answered_by_an_event, transitions_are_counted, the_input_is_kept_with_its_date,
         the_same_input_is_not_kept_twice, the_series_begins_anew_at_its_limit, a_limit_of_none_keeps_nothing,
         a_wrong_configuration_goes_into_the_series_of_errors, others_messages_are_acknowledged_and_left_alone,
         nonsense_is_refused_and_the_daemon_lives, it_stops_when_told]


def inside():
    failed = 0
    s = Scheduler()
    for number, test in enumerate(TESTS, 1):
        name = test.__name__.replace("_", " ")
        try:
            test(s)
            print("ok %d - %s" % (number, name), flush=True)
        except Exception as why:  # noqa: BLE001: every failure is a result
            failed += 1
            print("not ok %d - %s: %r" % (number, name, why), flush=True)
    if s.process.poll() is None:
        s.process.kill()
        s.process.wait()
    print("1..%d" % len(TESTS))
    return 1 if failed else 0


def main():
    if os.environ.get("SCHEDULERD_TEST_INSIDE"):
        return inside()
    if os.geteuid() != 0:
        print("needs root")
        return 77
    os.environ["SCHEDULERD_TEST_INSIDE"] = "1"
    return subprocess.call([os.path.join(HERE, "sandbox"), sys.executable, os.path.abspath(__file__), DAEMON])


sys.exit(main())
