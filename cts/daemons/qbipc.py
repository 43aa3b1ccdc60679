# SPDX-License-Identifier: GPL-2.0-or-later
"""Raw client of a daemon's local endpoint: libqb by ctypes, one XML element a message.

Used by the daemon tests; knows framing only, nothing of any protocol.  (spec 10 section 1)
"""
import bz2
import ctypes
import ctypes.util
import itertools
import struct
import time
import xml.etree.ElementTree as ET

_qb = ctypes.CDLL("libqb.so.100", use_errno=True)
_qb.qb_ipcc_connect.restype = ctypes.c_void_p
_qb.qb_ipcc_connect.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
_qb.qb_ipcc_disconnect.argtypes = [ctypes.c_void_p]
for _f in ("qb_ipcc_send", "qb_ipcc_recv", "qb_ipcc_event_recv"):
    getattr(_qb, _f).restype = ctypes.c_ssize_t
_qb.qb_ipcc_send.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
_qb.qb_ipcc_recv.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int32]
_qb.qb_ipcc_event_recv.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int32]

WANT_REPLY = 0x200
_HEADER = struct.Struct("=i4xi4xi4xIIIB3x")


class Timeout(Exception):
    """Nothing came in time."""


class Gone(Exception):
    """The daemon closed the connection."""


class Client:
    """One connection.  `request` returns the reply's root element, `event` the next event's."""

    _ids = itertools.count(1)

    def __init__(self, endpoint, size=524288, patience=5.0):
        self.size = size
        end = time.monotonic() + patience
        while True:
            self.conn = _qb.qb_ipcc_connect(endpoint.encode(), size)
            if self.conn:
                break
            if time.monotonic() > end:
                raise OSError(ctypes.get_errno(), "cannot connect to " + endpoint)
            time.sleep(0.1)
        self._buf = ctypes.create_string_buffer(max(size, 1 << 20))

    def close(self):
        if self.conn:
            _qb.qb_ipcc_disconnect(self.conn)
            self.conn = None

    def send_bytes(self, data, flags=WANT_REPLY, version=1):
        """Frame and send; returns the request id."""
        number = next(self._ids)
        payload = data + b"\0"
        frame = _HEADER.pack(number, _HEADER.size + len(payload), 0, len(payload), 0, flags, version) + payload
        rc = _qb.qb_ipcc_send(self.conn, frame, len(frame))
        if rc < 0:
            raise OSError(-rc, "send")
        return number

    def send(self, element, flags=WANT_REPLY):
        return self.send_bytes(ET.tostring(element), flags)

    def _receive(self, function, timeout):
        rc = function(self.conn, self._buf, len(self._buf), int(timeout * 1000))
        if rc in (-110, -11, -62):
            raise Timeout()
        if rc < 0:
            raise Gone(rc)
        raw = self._buf.raw[:rc]
        number, _size, _error, plain, packed, flags, _version = _HEADER.unpack_from(raw)
        body = raw[_HEADER.size:]
        if packed:
            body = bz2.decompress(body[:packed])
        self.last_flags = flags
        self.last_text = body[:plain - 1].decode("utf-8", "replace")
        return number, ET.fromstring(self.last_text)

    def reply(self, number, timeout=5.0):
        """The reply to request `number`."""
        end = time.monotonic() + timeout
        while True:
            got, element = self._receive(_qb.qb_ipcc_recv, max(0.001, end - time.monotonic()))
            if got == number:
                return element

    def request(self, element, timeout=5.0):
        return self.reply(self.send(element), timeout)

    def event(self, timeout=5.0):
        """The next event."""
        return self._receive(_qb.qb_ipcc_event_recv, timeout)[1]
