#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Send one message to a local endpoint and print what comes back, as JSON.

probe.py ENDPOINT TEXT [--flags N] [--version N] [--events N] [--timeout S] [--hold S]

{"size": negotiated buffer size, "response": {"id", "flags", "text"} or null, "events": [...], "id": request id}.
Run inside a node of the lab by the daemon tests.
"""
import argparse
import ctypes
import json
import sys
import time

import qbipc


def receive(function, client, timeout):
    try:
        number, _ = client._receive(function, timeout)
        return {"id": number, "flags": client.last_flags, "text": client.last_text}
    except (qbipc.Timeout, qbipc.Gone):
        return None


def main():
    p = argparse.ArgumentParser()
    p.add_argument("endpoint")
    p.add_argument("text")
    p.add_argument("--flags", type=lambda s: int(s, 0), default=qbipc.WANT_REPLY)
    p.add_argument("--version", type=int, default=1)
    p.add_argument("--events", type=int, default=1, help="how many events to wait for")
    p.add_argument("--timeout", type=float, default=3)
    p.add_argument("--size", type=int, default=131072)
    p.add_argument("--hold", type=float, default=0, help="seconds to stay connected afterwards")
    a = p.parse_args()

    c = qbipc.Client(a.endpoint, size=a.size, patience=5)
    qbipc._qb.qb_ipcc_get_buffer_size.argtypes = [ctypes.c_void_p]
    out = {"size": qbipc._qb.qb_ipcc_get_buffer_size(c.conn), "events": []}
    out["id"] = c.send_bytes(a.text.encode(), a.flags, a.version)
    # Where no response is due a short look is enough to see that there is none.
    due = a.flags & qbipc.WANT_REPLY and not a.flags & 0x100
    out["response"] = receive(qbipc._qb.qb_ipcc_recv, c, a.timeout if due else 0.5)
    for _ in range(a.events):
        event = receive(qbipc._qb.qb_ipcc_event_recv, c, a.timeout)
        if event is None:
            break
        out["events"].append(event)
    print(json.dumps(out), flush=True)
    time.sleep(a.hold)
    c.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
