# SPDX-License-Identifier: MIT
"""Sensors and watchers on an MQTT broker. They come and go, subscribe, publish, keep messages, and take turns strictly.

    python3 mqtt_clients.py SOCKET ROUNDS
"""

from __future__ import annotations

import random
import socket
import sys

CONNECT, PUBLISH, SUBSCRIBE, PING, DISCONNECT = 0x10, 0x30, 0x82, 0xC0, 0xE0
ACKNOWLEDGED = 2  # set in the head of a PUBLISH: quality of service 1
KEPT = 1


def text(words: str) -> bytes:
    return len(words).to_bytes(2, "big") + words.encode()


def packet(head: int, body: bytes) -> bytes:
    size, left = b"", len(body)
    while True:
        left, digit = left >> 7, left & 127
        size += bytes([digit | 128 if left else digit])
        if not left:
            return bytes([head]) + size + body


class Client:
    def __init__(self, address: str, name: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(address)
        self.stream = self.socket.makefile("rb")
        self.last = 0
        will = text(f"gone/{name}") + text("lost")
        self.send(CONNECT, text("MQTT") + bytes([4, 2 | 4, 0, 60]) + text(name) + will)
        self.wait_for(0x20)

    def send(self, head: int, body: bytes) -> None:
        self.socket.sendall(packet(head, body))

    def wait_for(self, wanted: int) -> None:
        """Reads packets until one of this kind; messages that come meanwhile are acknowledged."""
        while True:
            head = self.stream.read(1)[0]
            size, shift = 0, 0
            while True:
                digit = self.stream.read(1)[0]
                size, shift = size | (digit & 127) << shift, shift + 7
                if digit < 128:
                    break
            body = self.stream.read(size)
            if head & 0xF0 == PUBLISH and head >> 1 & 3 == 1:
                topic = int.from_bytes(body[:2], "big")
                self.send(0x40, body[2 + topic : 4 + topic])
            if head & 0xF0 == wanted & 0xF0:
                return

    def next_number(self) -> bytes:
        self.last = self.last % 65535 + 1
        return self.last.to_bytes(2, "big")

    def subscribe(self, topics: list[str]) -> None:
        self.send(SUBSCRIBE, self.next_number() + b"".join(text(topic) + b"\x01" for topic in topics))
        self.wait_for(0x90)

    def publish(self, topic: str, message: bytes, flags: int) -> None:
        acknowledged = flags & ACKNOWLEDGED
        self.send(PUBLISH | flags, text(topic) + (self.next_number() if acknowledged else b"") + message)
        if acknowledged:
            self.wait_for(0x40)

    def ping(self) -> None:
        """When it is answered, all that was sent before has been dealt with."""
        self.send(PING, b"")
        self.wait_for(0xD0)

    def close(self) -> None:
        self.send(DISCONNECT, b"")
        self.stream.read()
        self.socket.close()


def new_watcher(address: str, number: int, source: random.Random) -> Client:
    client = Client(address, f"watcher-{number}")
    client.subscribe(
        [f"house/{source.randrange(20)}/+", f"house/+/{source.choice(('heat', 'light', 'door'))}", f"gone/{number}"]
    )
    return client


def main() -> None:
    address, rounds, source = sys.argv[1], int(sys.argv[2]), random.Random(33)
    sensors = [Client(address, f"sensor-{number}") for number in range(12)]
    watchers = [new_watcher(address, number, source) for number in range(8)]
    for number in range(rounds):
        topic = f"house/{source.randrange(20)}/{source.choice(('heat', 'light', 'door', 'voltage'))}"
        sensor = source.choice(sensors)
        sensor.publish(topic, bytes(source.randrange(1, 400)), source.choice((0, ACKNOWLEDGED, ACKNOWLEDGED | KEPT)))
        sensor.ping()
        for watcher in watchers:
            watcher.ping()
        if number % 25 == 24:
            place = source.randrange(len(watchers))
            watchers[place].close()
            watchers[place] = new_watcher(address, 8 + number, source)
    for client in (*sensors, *watchers):
        client.close()


if __name__ == "__main__":
    main()
