# SPDX-License-Identifier: GPL-2.0-or-later
"""A bus with a systemd on it, both made up: answers the calls that an executor makes, and writes them down.

    systemd = FakeSystemd("/run/bus")      clients need DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/bus
    systemd.units["web.service"] = Unit()

Speaks as much of the D-Bus protocol as that needs: one connection a client, strings in, strings out.
"""
import os
import socket
import struct
import threading
import time

CALL, RETURN, ERROR = 1, 2, 3
NO_REPLY = 1
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE = range(1, 9)


class Unit:
    """How a unit behaves: `start` and `stop` are (seconds, state it ends in)."""

    def __init__(self, state="inactive", start=(0, "active"), stop=(0, "inactive"), load_state="loaded",
                 description="A unit", missing=False):
        self.state, self.start, self.stop = state, start, stop
        self.load_state, self.description, self.missing = load_state, description, missing
        self.changes_at = 0
        self.becomes = None

    def now(self):
        if self.becomes and time.monotonic() >= self.changes_at:
            self.state, self.becomes = self.becomes, None
        return self.state

    def begin(self, how, meanwhile):
        seconds, final = how
        self.changes_at, self.becomes, self.state = time.monotonic() + seconds, final, meanwhile


# --- marshalling (little endian) ---

def pad(data, to):
    return data + b"\0" * (-len(data) % to)


def string(text):
    raw = text.encode()
    return struct.pack("<I", len(raw)) + raw + b"\0"


def message(kind, serial, fields, signature="", body=b""):
    array = b""
    fields = list(fields) + ([(SIGNATURE, "g", signature)] if signature else [])
    for code, letter, value in fields:
        array = pad(array, 8) + bytes([code, 1]) + letter.encode() + b"\0"
        if letter == "u":
            array = pad(array, 4) + struct.pack("<I", value)
        elif letter == "g":
            array += bytes([len(value)]) + value.encode() + b"\0"
        else:
            array = pad(array, 4) + string(value)
    head = struct.pack("<BBBBII", ord("l"), kind, 0, 1, len(body), serial) + struct.pack("<I", len(array)) + array
    return pad(head, 8) + body


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def align(self, to):
        self.at += -self.at % to

    def u32(self):
        self.align(4)
        self.at += 4
        return struct.unpack_from("<I", self.data, self.at - 4)[0]

    def string(self):
        length = self.u32()
        text = self.data[self.at:self.at + length].decode()
        self.at += length + 1
        return text

    def signature(self):
        length = self.data[self.at]
        text = self.data[self.at + 1:self.at + 1 + length].decode()
        self.at += length + 2
        return text


def parse_fields(data):
    fields, r = {}, Reader(data)
    while True:
        r.align(8)
        if r.at >= len(data):
            return fields
        code = r.data[r.at]
        r.at += 1
        letter = r.signature()
        fields[code] = r.u32() if letter == "u" else r.signature() if letter == "g" else r.string()


class FakeSystemd:
    def __init__(self, path):
        self.units, self.calls, self.lock = {}, [], threading.Lock()
        self.mute = set()      # members that are never answered
        self.refuse = {}       # member -> name of an error
        self.connections = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        os.chmod(path, 0o777)
        self.socket.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.socket.accept()
            self.connections.append(client)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def hang_up(self):
        for c in self.connections:
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections = []

    def authenticate(self, client):
        """Returns what came behind BEGIN."""
        data = b""
        while b"BEGIN\r\n" not in data:
            piece = client.recv(4096)
            if not piece:
                return None
            data += piece
            while b"\r\n" in data and not data.lstrip(b"\0").startswith(b"BEGIN"):
                line, _, data = data.lstrip(b"\0").partition(b"\r\n")
                if line.startswith(b"AUTH EXTERNAL ") or line.startswith(b"DATA"):
                    client.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
                elif line.startswith(b"AUTH EXTERNAL"):
                    client.sendall(b"DATA\r\n")
                elif line.startswith(b"NEGOTIATE_UNIX_FD"):
                    client.sendall(b"AGREE_UNIX_FD\r\n")
                else:
                    client.sendall(b"REJECTED EXTERNAL\r\n")
        return data.partition(b"BEGIN\r\n")[2]

    def serve(self, client):
        data = self.authenticate(client)
        serial = 0
        while data is not None:
            while len(data) >= 16:
                body_length, their, fields_length = struct.unpack_from("<III", data, 4)
                start = 16 + fields_length + (-(16 + fields_length) % 8)
                if len(data) < start + body_length:
                    break
                fields = parse_fields(data[16:16 + fields_length])
                body, kind, flags = data[start:start + body_length], data[1], data[2]
                data = data[start + body_length:]
                if kind == CALL:
                    serial += 1
                    answer = self.answer(fields, body, serial, their)
                    if answer is not None and not flags & NO_REPLY:
                        client.sendall(answer)
            try:
                piece = client.recv(65536)
            except OSError:
                return
            if not piece:
                return
            data += piece

    # --- answers ---

    def answer(self, fields, body, serial, their):
        member = fields.get(MEMBER)
        args, r = [], Reader(body)
        for letter in fields.get(SIGNATURE, ""):
            args.append(r.string() if letter in "so" else r.u32())
        # libdbus looks at who answers, too.
        head = [(REPLY_SERIAL, "u", their), (SENDER, "s", fields.get(DESTINATION, "org.freedesktop.DBus"))]
        with self.lock:
            if fields.get(DESTINATION) == "org.freedesktop.DBus":
                if member == "Hello":
                    return message(RETURN, serial, head, "s", string(":1.%d" % (serial + 6)))
                if member in ("NameHasOwner",):
                    return message(RETURN, serial, head, "b", struct.pack("<I", 1))
                if member == "StartServiceByName":
                    return message(RETURN, serial, head, "u", struct.pack("<I", 2))
                return message(RETURN, serial, head)
            self.calls.append((member,) + tuple(args))
            if member in self.mute:
                return None
            if member in self.refuse:
                return message(ERROR, serial, head + [(ERROR_NAME, "s", self.refuse[member])], "s", string("no"))
            return self.systemd(member, args, fields, serial, head)

    def systemd(self, member, args, fields, serial, head):
        def reply(letter, text):
            return message(RETURN, serial, head, letter, string(text))

        def error(name):
            return message(ERROR, serial, head + [(ERROR_NAME, "s", name)], "s", string("no"))
        unit = self.units.get(args[0]) if args else None
        if member == "LoadUnit":
            return reply("o", "/org/freedesktop/systemd1/unit/" + "".join(
                c if c.isalnum() else "_%02x" % ord(c) for c in args[0]))
        if member in ("StartUnit", "StopUnit", "RestartUnit"):
            if unit is None or unit.missing:
                return error("org.freedesktop.systemd1.NoSuchUnit")
            if member == "StopUnit":
                unit.begin(unit.stop, "deactivating")
            else:
                unit.begin(unit.start, "activating")
            return reply("o", "/org/freedesktop/systemd1/job/1")
        if member == "Get":
            path = fields[PATH].rsplit("/", 1)[1]
            for name, u in self.units.items():
                if path == "".join(c if c.isalnum() else "_%02x" % ord(c) for c in name) and not u.missing:
                    value = {"ActiveState": u.now(), "LoadState": u.load_state, "Description": u.description}[args[1]]
                    break
            else:
                value = {"ActiveState": "inactive", "LoadState": "not-found", "Description": "nothing"}[args[1]]
            return message(RETURN, serial, head, "v", b"\1s\0\0" + string(value))
        if member == "ListUnitFiles":
            array = b""
            for name in self.units:
                array = pad(array, 8) + string("/lib/systemd/system/" + name)
                array = pad(array, 4) + string("enabled")
            return message(RETURN, serial, head, "a(ss)", pad(struct.pack("<I", len(array)), 8) + array)
        if member == "Reload":
            return message(RETURN, serial, head)
        return error("org.freedesktop.DBus.Error.UnknownMethod")
