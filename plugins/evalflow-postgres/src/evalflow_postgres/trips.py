"""How often a program asks a server: the round trips of every connection, counted on the wire.

A program that is told of `Trips.url` talks to the server through a relay, which hands on what
comes and counts how often the direction turns: whatever was sent, in one piece or in many, before
the server answered is one round trip.
"""

from __future__ import annotations

import re
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PLACE = re.compile(r"(?<=@)([^/:@?]+):(\d+)")


class Trips:
    """Round trips since `reset`, over all connections; `url` leads through the relay."""

    def __init__(self, url: str) -> None:
        """Relay to the server that the URL names."""
        found = _PLACE.search(url)
        assert found is not None, "the URL names user, host and port"
        self._server = found[1], int(found[2])
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = _PLACE.sub(f"127.0.0.1:{self._listening.getsockname()[1]}", url, count=1)
        self._other: dict[socket.socket, socket.socket] = {}
        self._clients: set[socket.socket] = set()
        self._asking: set[socket.socket] = set()  # those of them that sent something last
        self._count = 0
        self._ends, self._end = socket.socketpair()
        self._thread = threading.Thread(target=self._relay, daemon=True)
        self._thread.start()

    def reset(self) -> None:
        """Count anew."""
        self._count = 0

    @property
    def count(self) -> int:
        """Return the round trips whose answer has begun."""
        return self._count

    def close(self) -> None:
        """End the relay, and every connection through it."""
        self._end.close()
        self._thread.join()

    def _relay(self) -> None:
        with selectors.DefaultSelector() as watched:
            for own in (self._listening, self._ends):
                watched.register(own, selectors.EVENT_READ, own)
            while True:
                ready: list[socket.socket] = [key.data for key, _ in watched.select()]
                if self._ends in ready:
                    break
                for one in ready:
                    if one is self._listening:
                        self._accept(watched)
                    elif one in self._other:
                        self._hand_on(one, watched)
        for one in [self._listening, self._ends, *self._other]:
            one.close()

    def _accept(self, watched: selectors.BaseSelector) -> None:
        client, _ = self._listening.accept()
        server = socket.create_connection(self._server)
        self._other |= {client: server, server: client}
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            watched.register(one, selectors.EVENT_READ, one)
        self._clients.add(client)

    def _hand_on(self, one: socket.socket, watched: selectors.BaseSelector) -> None:
        other = self._other[one]
        try:
            sent = one.recv(1 << 20)
        except OSError:
            sent = b""
        if not sent:
            for each in (one, other):
                watched.unregister(each)
                del self._other[each]
                self._clients.discard(each)
                each.close()
            return
        if one in self._clients:
            self._asking.add(one)
        elif other in self._asking:
            self._asking.discard(other)
            self._count += 1
        other.sendall(sent)


@contextmanager
def trips(url: str) -> Iterator[Trips]:
    """Give a counted way to the server of a URL."""
    found = Trips(url)
    try:
        yield found
    finally:
        found.close()
