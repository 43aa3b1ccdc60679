#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Small documents and the schema versions that have to accept them.

    test-schemas.py [--schemas DIR]     our grammars (default: generated into a temporary folder) by the table below
    test-schemas.py --against DIR       the same documents by ours and by another set of grammars: verdicts must agree
    test-schemas.py --files FILE...     whole documents: accepted by the version they name (with --against: compared)

A line of the table is: what it is about, the versions that accept it, the document.  Versions: "all", "none", "1.3-" (and
all later), "-2.10", "3.9", "1.0-2.10 3.1-".  (spec 25 sections 3, 4, 11)
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import generate  # noqa: E402

VERSIONS = generate.VERSIONS


def versions_of(text):
    if text in ("all", "none"):
        return VERSIONS if text == "all" else []
    accepted = []
    for span in text.split():
        first, dash, last = span.partition("-")
        start = VERSIONS.index(first) if first else 0
        end = VERSIONS.index(last) if last else (len(VERSIONS) - 1 if dash else start)
        accepted += VERSIONS[start:end + 1]
    return accepted


# --- building documents ---

NODE = '<node id="1" uname="n1" type="member"/>'
RSC = '<primitive id="%s" class="ocf" provider="p" type="t"/>'
TWO = RSC % "a" + RSC % "b"


def doc(crm_config="", nodes=NODE, resources=TWO, constraints="", more="", root="", status="<status/>", before=""):
    return ('<cib admin_epoch="0" epoch="1" num_updates="0" %s>%s<configuration><crm_config>%s</crm_config><nodes>%s</nodes>'
            "<resources>%s</resources><constraints>%s</constraints>%s</configuration>%s</cib>"
            % (root, before, crm_config, nodes, resources, constraints, more, status))


def prop(content):
    return doc(crm_config='<cluster_property_set id="s">%s</cluster_property_set>' % content)


def nv(name, value="1", id_="n"):
    return '<nvpair id="%s" name="%s" value="%s"/>' % (id_, name, value)


def prim(content, attributes='class="ocf" provider="p" type="t"'):
    return doc(resources='<primitive id="x" %s>%s</primitive>' % (attributes, content))


def meta(content):
    return prim('<meta_attributes id="m">%s</meta_attributes>' % content)


def params(content):
    return prim('<instance_attributes id="m">%s</instance_attributes>' % content)


def op(attributes, content=""):
    return prim('<operations><op id="o" name="monitor" interval="1" %s>%s</op></operations>' % (attributes, content))


def loc(attributes, content=""):
    return doc(constraints='<rsc_location id="l" %s>%s</rsc_location>' % (attributes, content))


def rule(content, attributes='score="1"', id_="r"):
    return '<rule id="%s" %s>%s</rule>' % (id_, attributes, content)


EXPR = '<expression id="e" attribute="a" operation="eq" value="1"/>'
DATE = '<date_expression id="d" operation="%s" %s>%s</date_expression>'
SET = '<resource_set id="%s" %s><resource_ref id="a"/><resource_ref id="b"/></resource_set>'


def loc_rule(content, attributes='score="1"'):
    return loc('rsc="a"', rule(content, attributes))


def col(attributes, content=""):
    return doc(constraints='<rsc_colocation id="c" %s>%s</rsc_colocation>' % (attributes, content))


def order(attributes, content=""):
    return doc(constraints='<rsc_order id="o" %s>%s</rsc_order>' % (attributes, content))


def ticket(attributes, content=""):
    return doc(constraints='<rsc_ticket id="t" %s>%s</rsc_ticket>' % (attributes, content))


def alert(content, attributes='path="/x"'):
    return doc(more='<alerts><alert id="al" %s>%s</alert></alerts>' % (attributes, content))


def bundle(content):
    return doc(resources='<bundle id="bu">%s</bundle>' % content)


def acls(content):
    return doc(more="<acls>%s</acls>" % content)


def level(attributes):
    return doc(more='<fencing-topology><fencing-level id="fl" %s/></fencing-topology>' % attributes)


LIFETIME = "<lifetime>%s</lifetime>" % rule(EXPR)
LEVEL = 'index="1" devices="d"'


TABLE = [
    # the root
    ("empty sections", "all", doc(nodes="", resources="")),
    ("no status", "all", doc(status="")),
    ("status before configuration", "none", doc(status="", before="<status/>")),
    ("anything in status", "all", doc(status='<status x="1"><a b="c">text<a id="1"/><a id="1"/></a></status>')),
    ("root update-origin", "1.2-", doc(root='update-origin="x" update-client="x" update-user="x" execution-date="x"')),
    ("unknown attribute of the root", "none", doc(root='foo="x"')),
    ("all attributes of the root", "all", doc(
        root='validate-with="pacemaker-3.9" crm_feature_set="x" dc-uuid="" cib-last-written="y" have-quorum="1"'
        ' no-quorum-panic="false" remote-tls-port="1" remote-clear-port="2"')),
    ("validate-with of a dead version", "all", doc(root='validate-with="transitional-0.6"')),
    ("validate-with none", "all", doc(root='validate-with="none"')),
    ("validate-with unknown", "none", doc(root='validate-with="pacemaker-9.9"')),
    ("validate-with empty", "none", doc(root='validate-with=""')),
    ("validate-with in capitals", "none", doc(root='validate-with="PACEMAKER-3.9"')),
    ("negative port", "none", doc(root='remote-tls-port="-1"')),
    ("have-quorum yes", "none", doc(root='have-quorum="yes"')),
    ("no constraints", "none", doc().replace("<constraints></constraints>", "")),
    ("two crm_config", "none", doc(more="<crm_config/>")),
    ("sections in another order", "all",
     '<cib admin_epoch="0" epoch="1" num_updates="0"><configuration><constraints/><op_defaults/><resources/><rsc_defaults/>'
     "<nodes/><crm_config/></configuration></cib>"),
    ("no epoch", "none", '<cib admin_epoch="0" num_updates="0"><configuration><crm_config/><nodes/><resources/><constraints/>'
     "</configuration></cib>"),
    ("attribute of configuration", "none", doc().replace("<configuration>", '<configuration id="x">')),
    ("text in configuration", "none", doc(more="text")),
    ("comments", "all", doc(more="<!-- x -->", resources="<!-- y -->")),
    # sets
    ("property", "all", prop(nv("x"))),
    ("property without value", "all", prop('<nvpair id="n" name="x"/>')),
    ("property without id", "none", prop('<nvpair name="x" value="1"/>')),
    ("property with description", "none", prop('<nvpair id="n" name="x" value="1" description="d"/>')),
    ("set with two rules", "none", prop(rule(EXPR) + rule(EXPR.replace('"e"', '"e2"'), id_="r2"))),
    ("rule after nvpairs", "all", prop(nv("x") + rule(EXPR))),
    ("set with score", "all", doc(crm_config='<cluster_property_set id="s" score="INFINITY"/>')),
    ("set with float score", "none", doc(crm_config='<cluster_property_set id="s" score="1.0"/>')),
    ("set with blanks around score", "all", doc(crm_config='<cluster_property_set id="s" score=" 5 "/>')),
    ("set as reference", "all", doc(crm_config='<cluster_property_set id="s"/><cluster_property_set id-ref="s"/>')),
    ("set as reference with content", "none", doc(
        crm_config='<cluster_property_set id="s"/><cluster_property_set id-ref="s">%s</cluster_property_set>' % nv("x"))),
    ("set as reference to nothing", "none", doc(crm_config='<cluster_property_set id-ref="s"/>')),
    ("reference of nvpair in properties", "3.0-", prop(nv("x") + '<nvpair id-ref="n"/>')),
    ("reference of nvpair in a primitive", "1.3-", params(nv("x") + '<nvpair id-ref="n" name="y"/>')),
    ("reference of nvpair in defaults", "3.0-", doc(
        more='<rsc_defaults><meta_attributes id="m">%s<nvpair id-ref="n"/></meta_attributes></rsc_defaults>' % nv("x"))),
    ("reference of nvpair in an alert", "2.5-", alert(
        '<meta_attributes id="m">%s<nvpair id-ref="n"/></meta_attributes>' % nv("x"))),
    ("reference of nvpair in a node", "1.3-", doc(
        nodes='<node id="1" uname="n" type="member"><instance_attributes id="m">%s<nvpair id-ref="n"/>'
        "</instance_attributes></node>" % nv("x"))),
    ("removed property name", "-2.10", prop(nv("stonith_enabled"))),
    ("removed property name with a blank", "-2.10", prop(nv("stonith_enabled "))),
    ("cluster-infrastructure corosync", "all", prop(nv("cluster-infrastructure", "corosync"))),
    ("cluster-infrastructure cman", "-2.10", prop(nv("cluster-infrastructure", "cman"))),
    ("cluster-infrastructure without value", "-2.10", prop('<nvpair id="n" name="cluster-infrastructure"/>')),
    ("op_defaults with instance_attributes", "none", doc(more='<op_defaults><instance_attributes id="i"/></op_defaults>')),
    ("equal ids", "none", prop(nv("x") + nv("y"))),
    # nodes
    ("node type normal", "-2.10", doc(nodes='<node id="1" uname="n" type="normal"/>')),
    ("node type ping", "all", doc(nodes='<node id="1" uname="n" type="ping"/>')),
    ("node type remote", "1.3-", doc(nodes='<node id="1" uname="n" type="remote"/>')),
    ("node without type", "1.2-", doc(nodes='<node id="1" uname="n"/>')),
    ("node with empty names", "all", doc(nodes='<node id="" uname="" type="member"/>')),
    ("two nodes of one id", "all", doc(nodes=NODE + NODE)),
    ("node score and utilization", "1.2-", doc(
        nodes='<node id="1" uname="n" type="member" score="1"><utilization id="u"/><instance_attributes id="i"/></node>')),
    # resources
    ("id with colon", "none", doc(resources=RSC % "p:1")),
    ("id beginning with a digit", "none", doc(resources=RSC % "1p")),
    ("id with umlaut", "all", doc(resources=RSC % "p\u00e4")),
    ("class systemd", "1.2-", prim("", 'class="systemd" type="x"')),
    ("class heartbeat", "all", prim("", 'class="heartbeat" type="x"')),
    ("class systemd with provider", "none", prim("", 'class="systemd" provider="x" type="x"')),
    ("ocf without provider", "none", prim("", 'class="ocf" type="x"')),
    ("class in capitals", "none", prim("", 'class="OCF" provider="x" type="x"')),
    ("template", "1.2-", doc(resources='<template id="t" class="ocf" provider="p" type="t"/><primitive id="x" template="t"/>')),
    ("template of class systemd", "2.7-", doc(resources='<template id="t" class="systemd" type="t"/>')),
    ("primitive with template and class", "none", doc(
        resources='<template id="t" class="ocf" provider="p" type="t"/><primitive id="x" template="t" class="lsb" type="t"/>')),
    ("utilization of a primitive", "1.2-", prim('<utilization id="u">%s</utilization>' % nv("cpu"))),
    ("operations before and after sets", "all", prim('<meta_attributes id="m"/><operations/><instance_attributes id="i"/>')),
    ("two operations", "none", prim("<operations/><operations/>")),
    ("operations with id and reference", "all", prim('<operations id="os"/>')),
    ("isolation in a primitive", "-2.10", meta(nv("isolation"))),
    ("isolation in a group", "all", doc(
        resources='<group id="g">%s<meta_attributes id="m">%s</meta_attributes></group>' % (RSC % "a", nv("isolation")))),
    ("fence alias parameter", "-2.10 3.1-", params(nv("pcmk_arg_map"))),
    ("op all attributes", "all", op(
        'description="d" timeout="1" start-delay="1" enabled="1" record-pending="true" role="Started" on-fail="fence"')),
    ("op start-delay and interval-origin", "none", op('start-delay="1" interval-origin="2"')),
    ("op without interval", "none", prim('<operations><op id="o" name="x"/></operations>')),
    ("op role Promoted", "3.7-", op('role="Promoted"')),
    ("op role Master", "all", op('role="Master"')),
    ("op role started", "none", op('role="started"')),
    ("op on-fail demote", "3.4-", op('on-fail="demote"')),
    ("op on-fail restart-container", "1.2-", op('on-fail="restart-container"')),
    ("op requires quorum", "-2.10", op('requires="quorum"')),
    ("op requires unfencing", "1.3-2.10", op('requires="unfencing"')),
    ("op OCF_CHECK_LEVEL", "none", op('OCF_CHECK_LEVEL="10"')),
    ("op instance attribute timeout", "-2.10 3.1-", op("", '<instance_attributes id="i">%s</instance_attributes>' % nv("timeout"))),
    ("op meta attribute requires", "-2.10", op("", '<meta_attributes id="i">%s</meta_attributes>' % nv("requires"))),
    ("empty group", "none", doc(resources='<group id="g"/>')),
    ("group of two", "all", doc(resources='<group id="g" description="d">%s</group>' % TWO)),
    ("group with utilization", "none", doc(resources='<group id="g">%s<utilization id="u"/></group>' % TWO)),
    ("clone of a group", "all", doc(resources='<clone id="c"><meta_attributes id="m"/><group id="g">%s</group></clone>' % TWO)),
    ("clone of two", "none", doc(resources='<clone id="c">%s</clone>' % TWO)),
    ("empty clone", "none", doc(resources='<clone id="c"/>')),
    ("master", "all", doc(resources='<master id="c">%s</master>' % (RSC % "a"))),
    # bundles
    ("bundle docker", "2.8-", bundle('<docker image="i" replicas="2" replicas-per-host="1" masters="1" network="n" options="o"'
                                     ' run-command="r"/><network ip-range-start="1" control-port="3" host-interface="e"'
                                     ' host-netmask="24"><port-mapping id="p" port="80" internal-port="81"/></network>'
                                     '<storage><storage-mapping id="s" source-dir="/x" target-dir="/y"/></storage>' + RSC % "a")),
    ("bundle rkt", "2.10-", bundle('<rkt image="i"/>')),
    ("bundle podman", "3.2-", bundle('<podman image="i"/>')),
    ("bundle with two containers", "none", bundle('<docker image="i"/><rkt image="i"/>')),
    ("bundle without container", "none", bundle("")),
    ("bundle promoted-max", "3.0-", bundle('<docker image="i" promoted-max="1"/>')),
    ("bundle promoted-max and masters", "none", bundle('<docker image="i" promoted-max="1" masters="1"/>')),
    ("bundle add-host", "3.0-", bundle('<docker image="i"/><network add-host="true"/>')),
    ("port range", "2.8-", bundle('<docker image="i"/><network><port-mapping id="p" range="1-2"/></network>')),
    ("port range of letters", "none", bundle('<docker image="i"/><network><port-mapping id="p" range="a"/></network>')),
    ("port and range", "none", bundle('<docker image="i"/><network><port-mapping id="p" range="1" port="1"/></network>')),
    ("two source directories", "none", bundle(
        '<docker image="i"/><storage><storage-mapping id="s" source-dir="/x" source-dir-root="/x" target-dir="/y"/></storage>')),
    # constraints
    ("location node", "all", loc('rsc="a" node="x" score="-INFINITY"')),
    ("location unknown resource", "none", loc('rsc="nosuch" node="x" score="1"')),
    ("location of a set of attributes", "all", doc(
        crm_config='<cluster_property_set id="cps"/>', constraints='<rsc_location id="l" rsc="cps" node="x" score="1"/>')),
    ("location without score", "none", loc('rsc="a" node="x"')),
    ("location role", "1.2-", loc('rsc="a" node="x" score="1" role="Started"')),
    ("location role Promoted", "3.7-", loc('rsc="a" node="x" score="1" role="Promoted"')),
    ("location rsc-pattern", "2.6-", loc('rsc-pattern="." node="x" score="1"')),
    ("location rsc and rsc-pattern", "none", loc('rsc="a" rsc-pattern="." node="x" score="1"')),
    ("location resource-discovery", "2.2-", loc('rsc="a" node="x" score="1" resource-discovery="never"')),
    ("location sets", "1.2-", loc('node="x" score="1"', SET % ("s1", "") + SET % ("s2", ""))),
    ("location sets with role", "none", loc('node="x" score="1" role="Started"', SET % ("s1", ""))),
    ("location rule then set", "none", loc("", rule(EXPR) + SET % ("s1", ""))),
    ("location set then rule", "1.2-", loc("", SET % ("s1", "") + rule(EXPR))),
    ("location two rules", "all", loc('rsc="a"', rule(EXPR) + rule(EXPR.replace('"e"', '"e2"'), id_="r2"))),
    ("location node and rule", "none", loc('rsc="a" node="x" score="1"', rule(EXPR))),
    ("location lifetime last", "all", loc('rsc="a" node="x" score="1"', LIFETIME)),
    ("location lifetime then rule", "none", loc('rsc="a"', LIFETIME + rule(EXPR.replace('"e"', '"e2"'), id_="r2"))),
    ("location description", "none", loc('rsc="a" node="x" score="1" description="d"')),
    ("colocation", "all", col('rsc="a" with-rsc="b" score="1" node-attribute="x" rsc-role="Started" with-rsc-role="Master"')),
    ("colocation without score", "all", col('rsc="a" with-rsc="b"')),
    ("colocation score-attribute", "-2.10", col('rsc="a" with-rsc="b" score-attribute="x"')),
    ("colocation score-attribute-mangle", "-2.10", col('rsc="a" with-rsc="b" score-attribute-mangle="x"')),
    ("colocation influence", "3.6-", col('rsc="a" with-rsc="b" influence="true"')),
    ("colocation instances", "none", col('rsc="a" with-rsc="b" rsc-instance="1"')),
    ("colocation sets", "all", col('score="1"', SET % ("s1", 'sequential="true" role="Started"'))),
    ("colocation sets and resource", "none", col('rsc="a" with-rsc="b" score="1"', SET % ("s1", ""))),
    ("colocation lifetime then set", "all", col("", LIFETIME + SET % ("s1", ""))),
    ("colocation set then lifetime", "none", col("", SET % ("s1", "") + LIFETIME)),
    ("order", "all", order('first="a" then="b" first-action="start" then-action="stop" symmetrical="false" score="1"')),
    ("order kind", "all", order('first="a" then="b" kind="Optional"')),
    ("order kind and score", "none", order('first="a" then="b" kind="Optional" score="1"')),
    ("order require-all", "2.3-", order('first="a" then="b" require-all="false"')),
    ("order action monitor", "none", order('first="a" then="b" first-action="monitor"')),
    ("order without then", "none", order('first="a"')),
    ("order sets", "all", order("", SET % ("s1", 'action="promote" score="1"'))),
    ("set kind", "3.0-", order("", SET % ("s1", 'kind="Optional"'))),
    ("set ordering", "2.1-", order("", SET % ("s1", 'ordering="listed"'))),
    ("set require-all", "1.2-", order("", SET % ("s1", 'require-all="false"'))),
    ("set reference", "all", order("", SET % ("s1", "") + '<resource_set id-ref="s1"/>')),
    ("empty set", "none", order("", '<resource_set id="s1"/>')),
    ("set with a resource twice", "all", order(
        "", '<resource_set id="s1"><resource_ref id="a"/><resource_ref id="a"/></resource_set>')),
    ("ticket", "1.2-", ticket('ticket="T" rsc="a" rsc-role="Master" loss-policy="fence"')),
    ("ticket sets", "1.2-", ticket('ticket="T"', SET % ("s1", ""))),
    ("ticket without resource", "none", ticket('ticket="T"')),
    # rules
    ("rule without score", "3.9", loc_rule(EXPR, "")),
    ("rule with score and score-attribute", "none", loc_rule(EXPR, 'score="1" score-attribute="x"')),
    ("rule with score-attribute", "all", loc_rule(EXPR, 'score-attribute="x" boolean-op="and" role="anything"')),
    ("nested rule without score", "3.9", loc_rule(rule(EXPR, "", "r2"))),
    ("nested rule", "all", loc_rule(EXPR + rule(EXPR.replace('"e"', '"e2"'), id_="r2"))),
    ("empty rule", "none", loc_rule("")),
    ("boolean-op in capitals", "none", loc_rule(EXPR, 'score="1" boolean-op="AND"')),
    ("expression without value", "all", loc_rule('<expression id="e" attribute="a" operation="defined"/>')),
    ("expression type integer", "3.5-", loc_rule(EXPR.replace("/>", ' type="integer"/>'))),
    ("expression type integer in a property set", "3.5-", prop(rule(EXPR.replace("/>", ' type="integer"/>')))),
    ("expression type number", "all", loc_rule(EXPR.replace("/>", ' type="number"/>'))),
    ("value-source in a location", "2.9-", loc_rule(EXPR.replace("/>", ' value-source="param"/>'))),
    ("value-source in defaults", "3.0-", doc(more='<rsc_defaults><meta_attributes id="m">%s</meta_attributes></rsc_defaults>'
                                             % rule(EXPR.replace("/>", ' value-source="param"/>')))),
    ("rsc_expression in a location", "3.5-", loc_rule('<rsc_expression id="e" class="ocf"/>')),
    ("rsc_expression in meta attributes", "3.4-", meta(rule('<rsc_expression id="e" provider="x" type="y"/>'))),
    ("op_expression in defaults", "3.4-", doc(more='<op_defaults><meta_attributes id="m">%s</meta_attributes></op_defaults>'
                                              % rule('<op_expression id="e" name="start" interval="1"/>'))),
    ("rsc_expression in an alert", "3.5-", alert('<meta_attributes id="m">%s</meta_attributes>' % rule('<rsc_expression id="e"/>'))),
    ("date gt", "all", loc_rule(DATE % ("gt", 'start="2020"', ""))),
    ("date gt with end", "none", loc_rule(DATE % ("gt", 'end="2020"', ""))),
    ("date lt", "all", loc_rule(DATE % ("lt", 'end="2020"', ""))),
    ("date in_range start end", "all", loc_rule(DATE % ("in_range", 'start="2019" end="2020"', ""))),
    ("date in_range end", "all", loc_rule(DATE % ("in_range", 'end="2020"', ""))),
    ("date in_range start", "3.9", loc_rule(DATE % ("in_range", 'start="2020"', ""))),
    ("date in_range nothing", "none", loc_rule(DATE % ("in_range", "", ""))),
    ("date in_range start duration", "all", loc_rule(DATE % ("in_range", 'start="2020"', '<duration id="u" hours="1"/>'))),
    ("date in_range end duration", "3.9", loc_rule(DATE % ("in_range", 'end="2020"', '<duration id="u" hours="1"/>'))),
    ("date in_range all three", "3.9", loc_rule(DATE % ("in_range", 'start="1" end="2020"', '<duration id="u" hours="1"/>'))),
    ("duration minutes", "3.9", loc_rule(DATE % ("in_range", 'start="2020"', '<duration id="u" minutes="1"/>'))),
    ("duration moon", "all", loc_rule(DATE % ("in_range", 'start="2020"', '<duration id="u" moon="1" yearsdays="1"/>'))),
    ("date_spec", "all", loc_rule(DATE % ("date_spec", "", '<date_spec id="u" hours="1-2" moon="1" yearsdays="1"/>'))),
    ("date_spec minutes", "3.9", loc_rule(DATE % ("date_spec", "", '<date_spec id="u" minutes="1"/>'))),
    ("date_spec yeardays", "3.9", loc_rule(DATE % ("date_spec", "", '<date_spec id="u" yeardays="1"/>'))),
    ("date_spec days", "none", loc_rule(DATE % ("date_spec", "", '<date_spec id="u" days="1"/>'))),
    ("date_spec missing", "none", loc_rule(DATE % ("date_spec", "", ""))),
    ("date_spec with start", "none", loc_rule(DATE % ("date_spec", 'start="1"', '<date_spec id="u"/>'))),
    # the rest
    ("fencing level", "1.2-", level('target="n" ' + LEVEL)),
    ("fencing level pattern", "1.2-", level('target-pattern="n" ' + LEVEL)),
    ("fencing level attribute", "2.4-", level('target-attribute="n" target-value="x" ' + LEVEL)),
    ("fencing level two targets", "none", level('target="n" target-pattern="n" ' + LEVEL)),
    ("fencing level 0", "none", level('target="n" index="0" devices="d"')),
    ("fencing level 10", "1.2-", level('target="n" index="10" devices="d,e-f.g_h"')),
    ("fencing devices with blanks", "none", level('target="n" index="1" devices="a, b"')),
    ("old acls", "1.2-1.3", acls('<acl_role id="r"><read id="r1" xpath="/"/><write id="r2" tag="x" attribute="y"/>'
                                 '<deny id="r3" ref="a"/></acl_role><acl_user id="u"><role_ref id="r"/></acl_user>')),
    ("old acl user with permissions", "1.2-1.3", acls('<acl_user id="u"><read id="r1" tag="x" ref="a"/></acl_user>')),
    ("old acl user mixed", "none", acls('<acl_role id="r"/><acl_user id="u"><role_ref id="r"/><read id="r1" tag="x"/></acl_user>')),
    ("acl role without permissions", "1.2-", acls('<acl_role id="r"/>')),
    ("acl target", "2.0-", acls('<acl_role id="r" description="d"><acl_permission id="p" kind="read" xpath="/"/></acl_role>'
                                '<acl_target id="1 a"><role id="r"/></acl_target><acl_group id="g"><role id="r"/></acl_group>')),
    ("acl target name", "3.8-", acls('<acl_target id="x" name="y"/>')),
    ("acl permission attribute without object-type", "none", acls(
        '<acl_role id="r"><acl_permission id="p" kind="read" xpath="/" attribute="x"/></acl_role>')),
    ("acl permission object-type", "2.0-", acls(
        '<acl_role id="r"><acl_permission id="p" kind="deny" object-type="x" attribute="x" description="d"/></acl_role>')),
    ("tag", "1.3-", doc(more='<tags><tag id="t"><obj_ref id="a"/></tag></tags>')),
    ("tag of a node", "3.3-", doc(more='<tags><tag id="t"><obj_ref id="1"/></tag></tags>')),
    ("empty tag", "none", doc(more='<tags><tag id="t"/></tags>')),
    ("alert", "2.5-", alert('<meta_attributes id="m"/><instance_attributes id="i"/><recipient id="r" value="v">'
                            '<meta_attributes id="m2"/></recipient>', 'path="/x" description="d"')),
    ("alert recipient before sets", "2.10-", alert('<recipient id="r" value="v"/><meta_attributes id="m"/>')),
    ("alert select", "2.10-", alert("<select><select_attributes><attribute id='at' name='x'/></select_attributes><select_nodes/>"
                                    "<select_fencing/><select_resources/></select>")),
    ("alert select twice", "none", alert("<select/><select/>")),
    ("alert without path", "none", alert("", "")),
]


# --- running ---

def verdicts(schema, files):
    """{file: accepted} of one grammar, by one run of xmllint."""
    result = {}
    for start in range(0, len(files), 400):
        some = files[start:start + 400]
        run = subprocess.run(["xmllint", "--noout", "--nonet", "--relaxng", schema] + some, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        for name in some:
            if "%s validates\n" % name in run.stdout:
                result[name] = True
            elif "%s fails to validate\n" % name in run.stdout:
                result[name] = False
            else:
                sys.exit("%s: no verdict of %s: %s" % (name, schema, run.stdout[:2000]))
    return result


def compare(ours, theirs, names):
    """Number of documents on which two sets of grammars differ; `names` are {file: what it is about}."""
    bad = 0
    for schema in ["pacemaker-%s.rng" % v for v in VERSIONS] + ["pacemaker-next.rng"]:
        mine = verdicts(os.path.join(ours, schema), list(names))
        other = verdicts(os.path.join(theirs, schema), list(names))
        for name, about in names.items():
            if mine[name] != other[name]:
                print("%s: %s: ours %s, theirs %s" % (schema, about, mine[name], other[name]))
                bad += 1
    return bad


def check_table(ours, names):
    bad = 0
    for version in VERSIONS:
        result = verdicts(os.path.join(ours, "pacemaker-%s.rng" % version), list(names))
        for name, (about, expected) in names.items():
            if result[name] != (version in versions_of(expected)):
                print("pacemaker-%s: %s: %s" % (version, about, "accepted" if result[name] else "refused"))
                bad += 1
    return bad


def check_files(ours, files):
    """Each document by the grammar it names."""
    by_version = {}
    for name in files:
        with open(name, encoding="utf-8", errors="replace") as text:
            match = re.search(r'validate-with="([^"]*)"', text.read(4096))
        if match and os.path.exists(os.path.join(ours, match.group(1) + ".rng")):
            by_version.setdefault(match.group(1), []).append(name)
    bad = 0
    for version, some in sorted(by_version.items()):
        for name, accepted in verdicts(os.path.join(ours, version + ".rng"), some).items():
            if not accepted:
                print("%s refuses %s" % (version, name))
                bad += 1
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemas", help="folder of our grammars")
    parser.add_argument("--against", help="folder of other grammars to compare verdicts with")
    parser.add_argument("--files", nargs="*", help="documents instead of the table")
    options = parser.parse_args()
    try:
        subprocess.run(["xmllint", "--version"], stderr=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        print("xmllint is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        ours = options.schemas or os.path.join(folder, "schemas")
        if not options.schemas:
            os.makedirs(ours)
            for name, text in generate.generate().items():
                with open(os.path.join(ours, name), "w", encoding="utf-8") as out:
                    out.write(text)
        names = {}
        for i, (about, expected, text) in enumerate(TABLE):
            path = os.path.join(folder, "%03d.xml" % i)
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            names[path] = (about, expected)
        if options.files is not None:
            files = [f for pattern in options.files for f in sorted(glob.glob(pattern))]
            bad = (compare(ours, options.against, {f: f for f in files}) if options.against else check_files(ours, files))
            print("%d documents, %d differences" % (len(files), bad))
        else:
            bad = check_table(ours, names)
            if options.against:
                bad += compare(ours, options.against, {path: about for path, (about, _) in names.items()})
            print("%d documents, %d schemas, %d failures" % (len(names), len(VERSIONS), bad))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
