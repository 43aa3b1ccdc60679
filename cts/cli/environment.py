# SPDX-License-Identifier: GPL-2.0-or-later
"""How the tests call the tools of a build tree: with its schemas, in English, in UTC."""
import os


def schemas(tools):
    return os.path.abspath(os.path.join(tools, "..", "xml"))


def environment(tools, base=None, **more):
    """Variables for a tool in the folder `tools`; `base`: what is there already (default: all that this process has)."""
    env = dict(os.environ if base is None else base, LC_ALL="C.UTF-8", TZ="UTC", PCMK_schema_directory=schemas(tools))
    env.update(more)
    return env
