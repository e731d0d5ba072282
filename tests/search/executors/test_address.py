"""An address is refused at once where nothing answers. Sockets are real, and on loopback."""

import socket
import threading
import time

import pytest

from nas.search.executors.address import Address, answers, check_address, parse_address
from nas.search.executors.resources import ResourceError


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("head:6379", ("head", 6379)),
        ("10.0.0.1:1", ("10.0.0.1", 1)),
        ("[::1]:65535", ("::1", 65535)),
        *((wrong, None) for wrong in (
            "", "head", "head:", ":6379", "head:0", "head:65536", "head:-1", "head:6379 ", "a b:1", "head:٣",
            "ray://head:10001", "http://head:1", "::1:6379", "u:p@head:1", "auto", "local", "head:1:2", "[head]:1",
        )),
    ],
)  # fmt: skip
def test_host_and_port(text: str, parts: tuple[str, int] | None) -> None:
    assert parse_address(text) == parts


def test_an_address_where_nothing_listens_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ResourceError, match=rf"^--address: no Ray cluster at 127.0.0.1:{port} \(Connection refused\);"):
        check_address(f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (b"\0\0\x06\x04\0\0\0\0\0\0\x05\0\0\x40\0", ""),  # settings
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what answers there is not Ray"),
        (b"220 mail\r\n", "what answers there is not Ray"),
        (b"", "what answers there is not Ray"),
        (None, "no answer within 0.2 s"),
    ],
)
def test_what_is_no_ray_is_told_apart(says: bytes | None, why: str) -> None:
    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(100)
            if says is None:
                done.wait()
            else:
                connection.sendall(says)

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        assert answers(Address("127.0.0.1", server.getsockname()[1]), 0.2) == why
        done.set()
        thread.join()


def test_no_answer_is_waited_for_a_moment_only() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        held = [socket.socket() for _ in range(8)]
        for each in held:  # they fill what the system accepts on the server's behalf
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        began = time.monotonic()
        assert answers(Address("127.0.0.1", port), 0.2) == "no answer within 0.2 s"
        assert time.monotonic() - began < 5
        for each in held:
            each.close()


def test_a_name_that_is_none_is_told() -> None:
    assert answers(Address("no-such-host.invalid", 1))
    assert answers(Address("a..b", 1))
