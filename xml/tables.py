#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the grammars of generate.py as tables for the validator in lib/cib/cib_grammar.c.

Called at build time: tables.py FILE.  Reading and compiling the files of a grammar takes longer than all else in a short
run of a tool; the tables are part of the program.  It never describes a construct of its own.

What an element may hold is brought to one form: a list of alternatives, each with its attributes (required or not) and its
children as parts in order, the items of a part in any order, each item a set of elements with a least and a greatest
number.  A grammar that does not fit into it ends the build.
"""
import itertools
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import generate  # noqa: E402  pylint: disable=wrong-import-position

KINDS = {"ID": "ID", "IDREF": "IDREF", "boolean": "BOOLEAN", "integer": "INTEGER",
         "nonNegativeInteger": "NOT_NEGATIVE", "positiveInteger": "POSITIVE"}
PATTERNS = {r"[0-9\-]+": "RANGE", r"([a-zA-Z0-9_.\-]+)(,[a-zA-Z0-9_.\-]+)*": "NAME_LIST"}


class Alternative:
    """Attributes {name: (kind, values, required)}, children [[item]]; an item is (elements, least, many)."""

    def __init__(self, attributes=None, parts=None):
        self.attributes = attributes or {}
        self.parts = parts or []

    def joined(self, other, ordered):
        assert not set(self.attributes) & set(other.attributes), "an attribute is named twice"
        if ordered or not self.parts or not other.parts:
            parts = self.parts + other.parts
        else:
            assert len(self.parts) == 1 and len(other.parts) == 1, "an order within what has none"
            parts = [self.parts[0] + other.parts[0]]
        return Alternative({**self.attributes, **other.attributes}, parts)

    def single(self):
        """The only item, if there is nothing else."""
        return self.parts[0][0] if not self.attributes and len(self.parts) == 1 and len(self.parts[0]) == 1 else None


class Tables:
    def __init__(self, patterns):
        self.patterns = patterns
        self.numbers = {}   # (file, id of a pattern): element
        self.elements = []  # [name, alternatives or None if it may hold anything]

    # --- patterns ---

    def alternatives(self, pattern, file):
        """All ways to satisfy a pattern, a list of Alternative."""
        tag, attributes, content = pattern
        if tag == "ref":
            return self.alternatives(self.patterns[file][1][attributes["name"]], file)
        if tag == "externalRef":
            return self.alternatives(self.patterns[attributes["href"]][0], attributes["href"])
        if tag == "element":
            return [Alternative(parts=[[((self.element(pattern, file),), 1, False)]])]
        if tag == "attribute":
            return [Alternative({attributes["name"]: self.content(content) + (True,)})]
        return {"empty": lambda: [Alternative()], "choice": lambda: self.choice(content, file),
                "group": lambda: self.all_of(content, file, True), "interleave": lambda: self.all_of(content, file, False),
                "optional": lambda: self.optional(content, file), "zeroOrMore": lambda: self.repeated(content, file, 0),
                "oneOrMore": lambda: self.repeated(content, file, 1)}[tag]()

    def choice(self, patterns, file):
        found = [a for p in patterns for a in self.alternatives(p, file)]
        items = [a.single() for a in found]
        if all(i is not None and i[1:] == (1, False) for i in items):  # one of these elements
            return [Alternative(parts=[[(sum((i[0] for i in items), ()), 1, False)]])]
        return found

    def all_of(self, patterns, file, ordered):
        found = [Alternative()]
        for p in patterns:
            found = [a.joined(b, ordered) for a, b in itertools.product(found, self.alternatives(p, file))]
        return found

    def optional(self, patterns, file):
        found = self.all_of(patterns, file, True)
        first = found[0]
        if len(found) == 1 and first.single():
            elements, _, many = first.single()
            return [Alternative(parts=[[(elements, 0, many)]])]
        if len(found) == 1 and len(first.attributes) == 1 and not first.parts:
            return [Alternative({n: (kind, values, False) for n, (kind, values, _) in first.attributes.items()})]
        return found + [Alternative()]

    def repeated(self, patterns, file, least):
        found = self.all_of(patterns, file, True)
        item = found[0].single()
        assert len(found) == 1 and item and item[1:] == (1, False), "only elements are repeated"
        return [Alternative(parts=[[(item[0], least, True)]])]

    def content(self, patterns):
        """(kind, values): an attribute has one of the values or is of the kind."""
        (tag, attributes, content), = patterns
        if tag == "text":
            return "ANY", ()
        if tag == "value":
            return "LISTED", (content,)
        if tag == "choice":
            some = [self.content([c]) for c in content]
            kinds = {k for k, _ in some} - {"LISTED"}
            assert len(kinds) <= 1
            return (kinds or {"LISTED"}).pop(), sum((values for _, values in some), ())
        assert tag == "data"
        if not content:
            return KINDS[attributes["type"]], ()
        (tag, more, inner), = content
        if tag == "param":
            return PATTERNS[inner], ()
        assert tag == "except" and attributes["type"] == "string" and not more
        return "NOT_LISTED", tuple(text for _, _, text in inner)

    # --- elements ---

    def element(self, pattern, file):
        key = (file, id(pattern))
        if key not in self.numbers:
            self.numbers[key] = len(self.elements)
            entry = [pattern[1]["name"], None]
            self.elements.append(entry)
            if not any("anyName" in str(d) for d in self.patterns[file][1].values()):
                entry[1] = self.all_of(pattern[2], file, True)
                self.judge(entry[1])
        return self.numbers[key]

    def judge(self, alternatives):
        """What the validator relies on: a child's name says which element it is, an attribute's which ID it is."""
        kinds, children = {}, {}
        for a in alternatives:
            for name, (kind, _, _) in a.attributes.items():
                special = kind if kind in ("ID", "IDREF") else "other"
                assert kinds.setdefault(name, special) == special, name
            here = [e for part in a.parts for item in part for e in item[0]]
            assert len({self.elements[e][0] for e in here}) == len(here), "two elements of one name"
            for e in here:
                assert children.setdefault(self.elements[e][0], e) == e, "a name means two elements"


class Writer:
    """The tables as C; equal rows are written once."""

    def __init__(self):
        self.text, self.offsets = "", {}
        self.tables = {"attributes": [], "values": [0xFFFF], "items": [], "children": [], "alternatives": [], "elements": []}
        self.known = {}

    def string(self, text):
        if text not in self.offsets:
            self.offsets[text] = len(self.text)
            self.text += text + "\0"
        return self.offsets[text]

    def rows(self, table, rows):
        """Where a run of rows begins."""
        key = (table, tuple(rows))
        if key not in self.known:
            self.known[key] = len(self.tables[table])
            self.tables[table] += rows
        return self.known[key]

    def alternative(self, a):
        attributes = []
        for name, (kind, values, required) in a.attributes.items():
            listed = self.rows("values", [self.string(v) for v in values] + [0xFFFF]) if values else 0
            attributes.append("{ %d, %d, GRAMMAR_%s, %d }" % (self.string(name), listed, kind, required))
        items = []
        for number, part in enumerate(a.parts):
            for elements, least, many in part:
                items.append("{ %d, %d, %d, %d, %d }" % (self.rows("children", list(elements)), len(elements), number, least, many))
        assert len(attributes) <= 32 and len(items) <= 16
        return "{ %d, %d, %d, %d }" % (self.rows("attributes", attributes), self.rows("items", items), len(attributes), len(items))

    def write(self, out, tables, roots):
        for name, alternatives in tables.elements:
            rows = [self.alternative(a) for a in alternatives or []]
            self.tables["elements"].append("{ %d, %d, %d }" % (self.string(name), self.rows("alternatives", rows), len(rows)))
        out.write("/* SPDX-License-Identifier: LGPL-2.1-or-later */\n/* Generated by xml/tables.py. */\n"
                  '#include "lib/cib/cib_grammar.h"\n\nconst char cib_grammar_text[] =\n')
        strings = self.text.split("\0")[:-1]
        for i in range(0, len(strings), 8):
            out.write("    %s\n" % " ".join('"%s\\0"' % s for s in strings[i:i + 8]))
        out.write(";\n")
        types = {"values": "uint16_t", "children": "uint16_t", "attributes": "struct cib_grammar_attribute",
                 "items": "struct cib_grammar_item", "alternatives": "struct cib_grammar_alternative",
                 "elements": "struct cib_grammar_element"}
        for table, rows in self.tables.items():
            assert len(rows) < 0xFFFF and len(self.text) < 0xFFFF
            out.write("\nconst %s cib_grammar_%s[] = {\n" % (types[table], table))
            for i in range(0, len(rows), 6):
                out.write("    %s,\n" % ", ".join(str(r) for r in rows[i:i + 6]))
            out.write("};\n")
        out.write("\nconst struct cib_grammar cib_grammars[] = {\n")
        for name, root in roots:
            out.write('    { "%s", %d },\n' % (name, root))
        out.write('    { "", 0 },\n};\n')


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tables.py FILE")
    generate.generate()
    tables = Tables(generate.FILES.patterns)
    roots = []
    for name in ["pacemaker-%s" % v for v in generate.VERSIONS] + ["pacemaker-next"]:
        file = name + ".rng"
        roots.append((name, tables.element(tables.patterns[file][0], file)))
    os.makedirs(os.path.dirname(sys.argv[1]) or ".", exist_ok=True)
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        Writer().write(out, tables, roots)


if __name__ == "__main__":
    main()
