# SPDX-License-Identifier: GPL-2.0-or-later
"""The published schema of JSON output, and judging a document by it."""
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMA = os.path.join(HERE, "..", "..", "xml", "result.schema.json")
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def validate(value, schema, root, where="document"):
    """Raises AssertionError where a value breaks a schema; as much of JSON Schema as ours uses."""
    unknown = set(schema) - {"$schema", "title", "description", "type", "required", "properties", "items", "enum", "pattern", "$ref",
                             "$defs", "minimum", "maximum", "additionalProperties"}
    assert not unknown, "the schema has words that are not judged: %s" % unknown
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].lstrip("#/").split("/"):
            target = target[part]
        validate(value, target, root, where)
    if "type" in schema:
        wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        assert any(is_type(value, t) for t in wanted), "%s is %r, not %s" % (where, value, "/".join(wanted))
    if "enum" in schema:
        assert value in schema["enum"], "%s is %r, none of %s" % (where, value, schema["enum"])
    if "pattern" in schema:
        assert re.search(schema["pattern"], value), "%s is %r" % (where, value)
    assert "minimum" not in schema or value >= schema["minimum"], "%s is %r" % (where, value)
    assert "maximum" not in schema or value <= schema["maximum"], "%s is %r" % (where, value)
    if isinstance(value, dict):
        for name in schema.get("required", []):
            assert name in value, "%s has no %r: %s" % (where, name, json.dumps(value)[:200])
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                validate(value[name], inner, root, "%s.%s" % (where, name))
        for name in set(value) - set(schema.get("properties", {})):
            validate(value[name], schema.get("additionalProperties", {}), root, "%s.%s" % (where, name))
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            validate(item, schema["items"], root, "%s[%d]" % (where, i))


def load():
    with open(SCHEMA) as f:
        return json.load(f)
