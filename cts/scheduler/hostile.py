# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes configurations whose size or nesting somebody chose to hurt: long chains, big sets, loops of references.

SHAPES is a table of functions, name -> text of a CIB of a given size; used by `run` beside this file.  As a program:
hostile.py SHAPE SIZE >FILE
"""
import sys

OPTIONS = {"stonith-enabled": "false", "no-quorum-policy": "ignore"}


def primitive(name, inner=""):
    return f'<primitive id="{name}" class="ocf" provider="pacemaker" type="Dummy">{inner}</primitive>'


def primitives(n, inner=""):
    return "".join(primitive(f"r{i}", inner) for i in range(n))


def cib(resources, constraints="", nodes=2, status="", options=None, more="", defaults=""):
    options = dict(OPTIONS, **(options or {}))
    return ('<cib crm_feature_set="3.16.2" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1" '
            'dc-uuid="1"><configuration><crm_config><cluster_property_set id="o">'
            + "".join(f'<nvpair id="o-{k}" name="{k}" value="{v}"/>' for k, v in options.items())
            + "</cluster_property_set></crm_config><nodes>"
            + "".join(f'<node id="{i + 1}" uname="node{i + 1}"/>' for i in range(nodes))
            + f"</nodes><resources>{resources}</resources><constraints>{constraints}</constraints>{defaults}{more}</configuration><status>"
            + "".join(f'<node_state id="{i + 1}" uname="node{i + 1}" in_ccm="true" crmd="online" join="member" expected="member">'
                      + (f'<lrm id="{i + 1}"><lrm_resources>{status}</lrm_resources></lrm>' if i == 0 else "") + "</node_state>"
                      for i in range(nodes))
            + "</status></cib>")


def active(n, name="r"):
    return "".join(
        f'<lrm_resource id="{name}{i}" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="{name}{i}_last_0" '
        f'operation_key="{name}{i}_start_0" operation="start" crm_feature_set="3.16.2" transition-key="1:1:0:u" '
        f'transition-magic="0:0;1:1:0:u" call-id="{i + 2}" rc-code="0" op-status="0" interval="0" '
        'op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8"/></lrm_resource>' for i in range(n))


def colocations(n, score, pairs=None):
    return "".join(f'<rsc_colocation id="c{i}" rsc="r{a}" with-rsc="r{b}" score="{score}"/>'
                   for i, (a, b) in enumerate(pairs or [(i + 1, i) for i in range(n - 1)]))


def orders(n, kind="Mandatory", pairs=None, more=""):
    return "".join(f'<rsc_order id="d{i}" first="r{a}" then="r{b}" kind="{kind}"{more}/>'
                   for i, (a, b) in enumerate(pairs or [(i, i + 1) for i in range(n - 1)]))


def refs(n, first=0):
    return "".join(f'<resource_ref id="r{i}"/>' for i in range(first, first + n))


def weights(n):
    return "".join(primitive(f"r{i}", f'<utilization id="u{i}"><nvpair id="u{i}-x" name="x" value="1"/></utilization>')
                                   for i in range(n))


def nested_rule(n):
    text = '<expression id="e" attribute="a" operation="defined"/>'
    for i in range(n):
        text = f'<rule id="ru{i}" boolean-op="{"or" if i % 2 else "and"}"' + (' score="5"' if i == n - 1 else "") + f">{text}</rule>"
    return cib(primitive("r0"), f'<rsc_location id="l" rsc="r0">{text}</rsc_location>')


def backwards(n):
    return [(i, i + 1) for i in range(n - 1)]


# Where what is asked for is quadratic itself (each stop waits for each probe before it), or circles of constraints.
SLOW = ("colocation-ring", "containers-in-a-ring", "order-chain-active", "order-chain-active-first-stops",
        "order-chain-active-backwards", "group-active", "group-active-stops", "migrations", "colocation-chain-with-weights",
        "colocation-chain-with-weights-backwards", "guest-nodes", "guests-on-guests", "bundle-replicas")

SHAPES = {
    "colocation-chain": lambda n: cib(primitives(n), colocations(n, "INFINITY")),
    "colocation-chain-backwards": lambda n: cib(primitives(n), colocations(n, "INFINITY", backwards(n))),
    "colocation-chain-finite": lambda n: cib(primitives(n), colocations(n, "100")),
    "colocation-chain-finite-backwards": lambda n: cib(primitives(n), colocations(n, "100", backwards(n))),
    "anticolocation-chain": lambda n: cib(primitives(n), colocations(n, "-INFINITY")),
    "dislike-chain-backwards": lambda n: cib(primitives(n), colocations(n, "-50", backwards(n))),
    "colocation-chain-by-attribute": lambda n: cib(primitives(n), colocations(n, '100" node-attribute="site')),
    "colocation-chain-promoted": lambda n: cib(primitives(n), colocations(n, 'INFINITY" rsc-role="Promoted')),
    "colocation-star": lambda n: cib(primitives(n), colocations(n, "INFINITY", [(i, 0) for i in range(1, n)])),
    "colocation-star-backwards": lambda n: cib(primitives(n), colocations(n, "INFINITY", [(0, i) for i in range(1, n)])),
    "colocation-tree": lambda n: cib(primitives(n), colocations(n, "7", [(i, i // 2) for i in range(1, n)])),
    "colocation-tree-backwards": lambda n: cib(primitives(n), colocations(n, "7", [(i // 2, i) for i in range(1, n)])),
    "colocation-ladder": lambda n: cib(primitives(n), colocations(
        n, "9", [p for i in range(0, n - 3, 2) for p in ((i + 2, i), (i + 3, i), (i + 2, i + 1), (i + 3, i + 1))])),
    "colocation-ladder-backwards": lambda n: cib(primitives(n), colocations(
        n, "9", [p for i in range(0, n - 3, 2) for p in ((i, i + 2), (i, i + 3), (i + 1, i + 2), (i + 1, i + 3))])),
    "colocation-ring": lambda n: cib(primitives(n), colocations(n, "INFINITY", backwards(n) + [(n - 1, 0)])),
    "colocation-set": lambda n: cib(primitives(n), '<rsc_colocation id="c" score="INFINITY"><resource_set id="s">'
                                    f"{refs(n)}</resource_set></rsc_colocation>"),
    "colocation-set-apart": lambda n: cib(primitives(n), '<rsc_colocation id="c" score="-INFINITY"><resource_set id="s">'
                                          f"{refs(n)}</resource_set></rsc_colocation>"),
    "colocation-two-sets": lambda n: cib(primitives(n), '<rsc_colocation id="c" score="5"><resource_set id="s" sequential="false">'
                                         f'{refs(n // 2)}</resource_set><resource_set id="t" sequential="false">'
                                         f"{refs(n // 2, n // 2)}</resource_set></rsc_colocation>"),
    "colocation-chain-with-weights": lambda n: cib(weights(n), colocations(n, "INFINITY"),
                                                   options={"placement-strategy": "balanced"}),
    "colocation-chain-with-weights-backwards": lambda n: cib(weights(n), colocations(n, "INFINITY", backwards(n)),
                                                             options={"placement-strategy": "balanced"}),
    "colocation-chain-active": lambda n: cib(primitives(n), colocations(n, "INFINITY"), status=active(n)),
    "colocation-chain-of-clones": lambda n: cib(
        "".join(f'<clone id="r{i}">{primitive(f"p{i}")}</clone>' for i in range(n)), colocations(n, "INFINITY")),
    "colocation-chain-of-clones-backwards": lambda n: cib(
        "".join(f'<clone id="r{i}">{primitive(f"p{i}")}</clone>' for i in range(n)), colocations(n, "INFINITY", backwards(n))),
    "colocation-chain-of-groups": lambda n: cib(
        "".join(f'<group id="r{i}">{primitive(f"p{i}")}{primitive(f"q{i}")}</group>' for i in range(n)),
        colocations(n, "INFINITY")),
    "colocation-chain-of-groups-backwards": lambda n: cib(
        "".join(f'<group id="r{i}">{primitive(f"p{i}")}{primitive(f"q{i}")}</group>' for i in range(n)),
        colocations(n, "100", backwards(n))),
    "colocation-chain-of-promotables": lambda n: cib(
        "".join(f'<clone id="r{i}"><meta_attributes id="m{i}"><nvpair id="mm{i}" name="promotable" value="true"/></meta_attributes>'
                f'{primitive(f"p{i}").replace("Dummy", "Stateful")}</clone>' for i in range(n)),
        colocations(n, 'INFINITY" rsc-role="Promoted" with-rsc-role="Promoted')),
    "order-chain": lambda n: cib(primitives(n), orders(n)),
    "order-chain-backwards": lambda n: cib(primitives(n), orders(n, pairs=[(i + 1, i) for i in range(n - 1)])),
    "order-chain-optional": lambda n: cib(primitives(n), orders(n, "Optional")),
    "order-chain-serialized": lambda n: cib(primitives(n), orders(n, "Serialize")),
    "order-chain-active": lambda n: cib(primitives(n), orders(n), status=active(n)),
    "order-chain-active-first-stops": lambda n: cib(
        primitives(n).replace('type="Dummy">', 'type="Dummy"><meta_attributes id="m"><nvpair id="mt" name="target-role" '
                              'value="Stopped"/></meta_attributes>', 1), orders(n), status=active(n)),
    "order-chain-active-backwards": lambda n: cib(
        primitives(n).replace('type="Dummy">', 'type="Dummy"><meta_attributes id="m"><nvpair id="mt" name="target-role" '
                              'value="Stopped"/></meta_attributes>', 1),
        orders(n, pairs=[(i, i + 1) for i in reversed(range(n - 1))]), status=active(n)),
    "order-ring": lambda n: cib(primitives(n), orders(n, pairs=backwards(n) + [(n - 1, 0)])),
    "order-star": lambda n: cib(primitives(n), orders(n, pairs=[(0, i) for i in range(1, n)])),
    "order-star-backwards": lambda n: cib(primitives(n), orders(n, pairs=[(i, 0) for i in range(1, n)])),
    "order-set": lambda n: cib(primitives(n), f'<rsc_order id="d"><resource_set id="s">{refs(n)}</resource_set></rsc_order>'),
    "order-chain-of-clones": lambda n: cib(
        "".join(f'<clone id="r{i}">{primitive(f"p{i}")}</clone>' for i in range(n)), orders(n)),
    "order-chain-of-groups": lambda n: cib(
        "".join(f'<group id="r{i}">{primitive(f"p{i}")}{primitive(f"q{i}")}</group>' for i in range(n)), orders(n)),
    "order-and-colocation-chain": lambda n: cib(primitives(n), orders(n) + colocations(n, "INFINITY")),
    "order-and-colocation-chain-blocked": lambda n: cib(
        primitives(n).replace('type="Dummy">', 'type="Dummy"><meta_attributes id="m"><nvpair id="mt" name="target-role" '
                              'value="Stopped"/></meta_attributes>', 1), orders(n) + colocations(n, "INFINITY")),
    "group": lambda n: cib(f'<group id="g">{primitives(n)}</group>'),
    "group-active": lambda n: cib(f'<group id="g">{primitives(n)}</group>', status=active(n)),
    "group-active-stops": lambda n: cib(
        f'<group id="g"><meta_attributes id="m"><nvpair id="mt" name="target-role" value="Stopped"/></meta_attributes>{primitives(n)}</group>',
        status=active(n)),
    "cloned-group": lambda n: cib(f'<clone id="c"><group id="g">{primitives(n)}</group></clone>'),
    "cloned-group-interleaved": lambda n: cib(
        f'<clone id="c"><meta_attributes id="m"><nvpair id="mi" name="interleave" value="true"/></meta_attributes><group id="g">{primitives(n)}</group></clone>'
        f'<clone id="c2"><meta_attributes id="m2"><nvpair id="mi2" name="interleave" value="true"/></meta_attributes>{primitive("x")}</clone>',
        '<rsc_order id="d" first="c" then="c2"/><rsc_colocation id="e" rsc="c2" with-rsc="c" score="INFINITY"/>'),
    "clone-max": lambda n: cib(f'<clone id="c"><meta_attributes id="m"><nvpair id="mm" name="clone-max" value="{n}"/>'
                               f'<nvpair id="mn" name="clone-node-max" value="{n}"/><nvpair id="mg" name="globally-unique" '
                               f'value="true"/></meta_attributes>{primitive("r0")}</clone>'),
    "clone-max-promotable": lambda n: cib(
        f'<clone id="c"><meta_attributes id="m"><nvpair id="mm" name="clone-max" value="{n}"/><nvpair id="mp" name="promotable" value="true"/>'
        f'<nvpair id="mx" name="promoted-max" value="{n}"/><nvpair id="mn" name="clone-node-max" value="{n}"/>'
        f'<nvpair id="mg" name="globally-unique" value="true"/></meta_attributes>{primitive("r0").replace("Dummy", "Stateful")}</clone>'),
    "clone-max-notify": lambda n: cib(
        f'<clone id="c"><meta_attributes id="m"><nvpair id="mm" name="clone-max" value="{n}"/><nvpair id="mp" name="notify" value="true"/>'
        f'<nvpair id="mn" name="clone-node-max" value="{n}"/>'
        f'<nvpair id="mg" name="globally-unique" value="true"/></meta_attributes>{primitive("r0")}</clone>'),
    "bundle-replicas": lambda n: cib(
        f'<bundle id="b"><podman image="i" replicas="{n}" replicas-per-host="{n}"/><network ip-range-start="10.0.0.1"/>{primitive("r0")}</bundle>'),
    "templates": lambda n: cib("".join(
        f'<template id="t{i}" class="ocf" provider="pacemaker" type="Dummy"/><primitive id="r{i}" template="t{i}"/>' for i in range(n))),
    "template-of-many": lambda n: cib('<template id="t" class="ocf" provider="pacemaker" type="Dummy"/>' + "".join(
        f'<primitive id="r{i}" template="t"/>' for i in range(n)), '<rsc_location id="l" rsc="t" node="node1" score="5"/>'
        '<rsc_colocation id="c" rsc="t" with-rsc="r0" score="3"/>'),
    "tag-of-many": lambda n: cib(primitives(n), '<rsc_location id="l" rsc="t" node="node1" score="5"/>'
                                 '<rsc_order id="d" first="r0" then="t"/>',
                                 more='<tags><tag id="t">' + "".join(f'<obj_ref id="r{i}"/>' for i in range(1, n)) + "</tag></tags>"),
    "tags": lambda n: cib(primitives(1), "".join(f'<rsc_location id="l{i}" rsc="t{i}" node="node1" score="5"/>' for i in range(n)),
                          more="<tags>" + "".join(f'<tag id="t{i}"><obj_ref id="r0"/></tag>' for i in range(n)) + "</tags>"),
    "tags-of-tags": lambda n: cib(primitives(1), '<rsc_location id="l" rsc="t0" node="node1" score="5"/>', more="<tags>" + "".join(
        f'<tag id="t{i}"><obj_ref id="t{(i + 1) % n}"/></tag>' for i in range(n)) + "</tags>"),
    "nested-rule": lambda n: nested_rule(min(n, 200)),
    "rules": lambda n: cib(primitive("r0"), '<rsc_location id="l" rsc="r0">' + "".join(
        f'<rule id="ru{i}" score="1"><expression id="e{i}" attribute="a" operation="defined"/></rule>' for i in range(n))
        + "</rsc_location>"),
    "expressions": lambda n: cib(primitive("r0"), '<rsc_location id="l" rsc="r0"><rule id="ru" score="1" boolean-op="or">' + "".join(
        f'<expression id="e{i}" attribute="a" operation="defined"/>' for i in range(n)) + "</rule></rsc_location>"),
    "rule-reference": lambda n: cib(primitives(n), "".join(
        f'<rsc_location id="l{i}" rsc="r{i}">' + ('<rule id="ru" score="1"><expression id="e" attribute="a" operation="defined"/></rule>'
                                                  if i == 0 else '<rule id-ref="ru"/>') + "</rsc_location>" for i in range(n))),
    "nvpairs": lambda n: cib(primitive("r0", '<instance_attributes id="a">' + "".join(
        f'<nvpair id="a{i}" name="n{i}" value="v"/>' for i in range(n)) + "</instance_attributes>"), status=active(1)),
    "nvset-references": lambda n: cib(primitive("r0", '<instance_attributes id="a"><nvpair id="a0" name="n" value="v"/></instance_attributes>')
                                      + "".join(primitive(f"r{i}", '<instance_attributes id-ref="a"/>') for i in range(1, n))),
    "nvsets": lambda n: cib(primitive("r0", "".join(
        f'<instance_attributes id="a{i}" score="{i}"><nvpair id="a{i}-n" name="n{i}" value="v"/></instance_attributes>'
        for i in range(n)))),
    "operations": lambda n: cib(primitive("r0", "<operations>" + "".join(
        f'<op id="op{i}" name="monitor" interval="{i + 10}s"/>' for i in range(n)) + "</operations>")),
    "locations": lambda n: cib(primitive("r0"), "".join(f'<rsc_location id="l{i}" rsc="r0" node="node1" score="1"/>' for i in range(n))),
    "tickets": lambda n: cib(primitive("r0"), "".join(f'<rsc_ticket id="k{i}" rsc="r0" ticket="t{i}"/>' for i in range(n))),
    "nodes": lambda n: cib(primitive("r0"), nodes=n),
    "node-attributes": lambda n: cib(primitive("r0")).replace('uname="node1"/>', 'uname="node1"><instance_attributes id="na">' + "".join(
        f'<nvpair id="na{i}" name="n{i}" value="v"/>' for i in range(n)) + "</instance_attributes></node>", 1),
    "orphans": lambda n: cib(primitive("r0"), status=active(n, "o")),
    "history": lambda n: cib(primitive("r0"), status='<lrm_resource id="r0" class="ocf" provider="pacemaker" type="Dummy">' + "".join(
        f'<lrm_rsc_op id="r0_m{i}" operation_key="r0_monitor_{i}" operation="monitor" transition-key="1:1:0:u" '
        f'transition-magic="0:{i % 9};1:1:0:u" call-id="{i + 1}" rc-code="{i % 9}" op-status="0" interval="{i}"/>' for i in range(n))
        + "</lrm_resource>"),
    "fencing-levels": lambda n: cib(primitive("r0"), more="<fencing-topology>" + "".join(
        f'<fencing-level id="f{i}" target="node{i}" index="1" devices="r0"/>' for i in range(n)) + "</fencing-topology>"),
    "guest-nodes": lambda n: cib("".join(primitive(
        f"r{i}", f'<meta_attributes id="m{i}"><nvpair id="mm{i}" name="remote-node" value="g{i}"/></meta_attributes>') for i in range(n))),
    "guests-on-guests": lambda n: cib("".join(primitive(
        f"r{i}", f'<meta_attributes id="m{i}"><nvpair id="mm{i}" name="remote-node" value="g{i}"/></meta_attributes>') for i in range(n)),
        "".join(f'<rsc_location id="l{i}" rsc="r{i + 1}" node="g{i}" score="INFINITY"/>' for i in range(n - 1))),
    "containers": lambda n: cib("".join(primitive(
        f"r{i}", f'<meta_attributes id="m{i}"><nvpair id="mm{i}" name="container" value="r{i + 1}"/></meta_attributes>')
        for i in range(n - 1)) + primitive(f"r{n - 1}")),
    "containers-in-a-ring": lambda n: cib("".join(primitive(
        f"r{i}", f'<meta_attributes id="m{i}"><nvpair id="mm{i}" name="container" value="r{(i + 1) % n}"/></meta_attributes>')
        for i in range(n)), status=active(n)),
    "migrations": lambda n: cib(
        "".join(primitive(f"r{i}", f'<meta_attributes id="m{i}"><nvpair id="mm{i}" name="allow-migrate" value="true"/></meta_attributes>')
                for i in range(n)), orders(n) + "".join(f'<rsc_location id="l{i}" rsc="r{i}" node="node2" score="INFINITY"/>' for i in range(n)),
        status=active(n)),
}

if __name__ == "__main__":
    print(SHAPES[sys.argv[1]](int(sys.argv[2])))
