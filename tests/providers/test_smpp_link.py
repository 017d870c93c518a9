"""The bind against a scripted message centre: refused, silent, garbled, gone; nothing goes twice, nothing waits for ever."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest
import smpp34

from hotline.providers.smpp import link as link_module
from hotline.providers.smpp import wire
from hotline.providers.smpp.link import Link, LinkTerms, Unanswered, Unsent
from hotline.providers.smpp.wire import Pdu

TEXT = smpp34.SubmitSm("1", "2", b"hello")


class Centre:
    """A message centre on loopback that does what `answer` says with each PDU; keeps what it was sent."""

    def __init__(self, answer: Callable[[Centre, socket.socket, Pdu], None]) -> None:
        self.got: list[Pdu] = []
        self.links: list[socket.socket] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.links.append(connection)
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        try:
            while head := connection.recv(16, socket.MSG_WAITALL):
                length, command, status, sequence = struct.unpack(">IIII", head)
                body = connection.recv(length - 16, socket.MSG_WAITALL) if length > 16 else b""
                pdu = Pdu(command, status, sequence, head + body)
                self.got.append(pdu)
                self._answer(self, connection, pdu)
        except OSError:
            return

    def commands(self) -> list[int]:
        return [pdu.command for pdu in self.got]

    def close(self) -> None:
        self._listener.close()
        for each in self.links:
            each.close()


def reply(connection: socket.socket, pdu: Pdu, body: bytes = b"", status: int = 0) -> None:
    connection.sendall(wire.pdu(pdu.command | wire.RESPONSE, pdu.sequence, body, status))


def well(centre: Centre, connection: socket.socket, pdu: Pdu) -> None:
    """Bind, take every text, answer every enquiry."""
    if not pdu.command & wire.RESPONSE:
        reply(connection, pdu, b"name\0" if pdu.command == wire.SUBMIT_SM else b"CENTRE\0")


def wait_until(condition: Callable[[], object], limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[Centre, Link]]]:
    """Start a centre with a script and a link to it; both end with the test."""
    monkeypatch.setattr(link_module, "FIRST_PAUSE_S", 0.1)
    made: list[tuple[Centre, Link]] = []

    def run(answer: Callable[[Centre, socket.socket, Pdu], None], **more: object) -> tuple[Centre, Link]:
        centre = Centre(answer)
        values = {"answer_s": 30.0} | more
        on_deliver = values.pop("on_deliver", lambda deliver: None)
        terms = LinkTerms("smpp", "127.0.0.1", centre.port, "desk", "secret", **values)  # type: ignore[arg-type]
        link = Link(terms, on_deliver)  # type: ignore[arg-type]
        link.start()
        made.append((centre, link))
        return centre, link

    yield run
    for centre, link in made:
        link.close()
        centre.close()


def result(future: Future[Pdu]) -> Pdu:
    return future.result(timeout=60)


def test_a_text_is_answered_under_its_sequence_number(start: Callable[..., tuple[Centre, Link]]) -> None:
    centre, link = start(well)
    wait_until(lambda: link.bound)
    answers = [result(link.submit(TEXT)) for _ in range(3)]
    assert {wire.read_c_string(answer.body) for answer in answers} == {"name"}
    assert len({pdu.sequence for pdu in centre.got}) == len(centre.got)
    assert centre.got[0].body.startswith(b"desk\0secret\0")


def test_before_the_bind_nothing_leaves(start: Callable[..., tuple[Centre, Link]]) -> None:
    centre, link = start(lambda centre, connection, pdu: None)
    with pytest.raises(Unsent):
        result(link.submit(TEXT))
    assert wire.SUBMIT_SM not in centre.commands()


def test_a_refused_bind_is_known_and_tried_again(start: Callable[..., tuple[Centre, Link]]) -> None:
    def refuse_once(centre: Centre, connection: socket.socket, pdu: Pdu) -> None:
        refused = pdu.command == wire.BIND_TRANSCEIVER and centre.commands().count(wire.BIND_TRANSCEIVER) == 1
        reply(connection, pdu, b"CENTRE\0", 0x0E if refused else 0)

    _, link = start(refuse_once)
    wait_until(lambda: link.refused == 0x0E or link.bound)
    wait_until(lambda: link.bound)
    assert link.refused is None


def test_an_answer_that_never_comes_is_a_doubt_in_time_and_nothing_is_repeated(
    start: Callable[..., tuple[Centre, Link]],
) -> None:
    def silent(centre: Centre, connection: socket.socket, pdu: Pdu) -> None:
        if pdu.command != wire.SUBMIT_SM:
            well(centre, connection, pdu)

    centre, link = start(silent, answer_s=0.5)
    wait_until(lambda: link.bound)
    with pytest.raises(Unanswered):
        result(link.submit(TEXT))
    assert centre.commands().count(wire.SUBMIT_SM) == 1


def test_a_link_that_breaks_leaves_what_was_under_way_in_doubt_and_is_bound_again(
    start: Callable[..., tuple[Centre, Link]],
) -> None:
    def hang_up_once(centre: Centre, connection: socket.socket, pdu: Pdu) -> None:
        if pdu.command == wire.SUBMIT_SM and centre.commands().count(wire.SUBMIT_SM) == 1:
            connection.shutdown(socket.SHUT_RDWR)
        else:
            well(centre, connection, pdu)

    centre, link = start(hang_up_once)
    wait_until(lambda: link.bound)
    with pytest.raises(Unanswered):
        result(link.submit(TEXT))
    wait_until(lambda: link.bound and len(centre.links) == 2)
    assert result(link.submit(TEXT)).status == 0
    assert centre.commands().count(wire.SUBMIT_SM) == 2, "one for each submit, none by itself"


@pytest.mark.parametrize(
    "garbage", [b"\0\0\0\4", struct.pack(">IIII", 10**8, 5, 0, 1), struct.pack(">IIII", 3, 5, 0, 1)]
)
def test_garbage_ends_the_session_and_a_new_one_begins(
    start: Callable[..., tuple[Centre, Link]], garbage: bytes
) -> None:
    centre, link = start(well)
    wait_until(lambda: link.bound)
    centre.links[0].sendall(garbage.ljust(16, b"\0"))
    wait_until(lambda: len(centre.links) == 2 and link.bound)


def test_an_unknown_command_is_answered_and_the_link_goes_on(start: Callable[..., tuple[Centre, Link]]) -> None:
    centre, link = start(well)
    wait_until(lambda: link.bound)
    centre.links[0].sendall(wire.pdu(0x00000112, 7))
    wait_until(lambda: wire.GENERIC_NACK in centre.commands())
    assert result(link.submit(TEXT)).status == 0


def test_enquiries_of_the_centre_are_answered(start: Callable[..., tuple[Centre, Link]]) -> None:
    centre, link = start(well)
    wait_until(lambda: link.bound)
    centre.links[0].sendall(wire.pdu(wire.ENQUIRE_LINK, 9))
    wait_until(lambda: wire.ENQUIRE_LINK | wire.RESPONSE in centre.commands())


def test_a_silent_link_is_found_by_our_own_enquiry(
    start: Callable[..., tuple[Centre, Link]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "ENQUIRE_EVERY_S", 0.1)

    def silent_at_first(centre: Centre, connection: socket.socket, pdu: Pdu) -> None:
        if pdu.command != wire.ENQUIRE_LINK or len(centre.links) > 1:
            well(centre, connection, pdu)

    centre, link = start(silent_at_first, answer_s=0.3)
    wait_until(lambda: len(centre.links) >= 2 and link.bound)


def test_a_receipt_is_acknowledged_only_after_it_was_taken(start: Callable[..., tuple[Centre, Link]]) -> None:
    may = threading.Event()
    centre, link = start(well, on_deliver=lambda deliver: may.wait(60))
    wait_until(lambda: link.bound)
    receipt = smpp34.DeliverSm("2", "1", b"id:1 stat:DELIVRD", esm_class=4, sequence_number=5)
    centre.links[0].sendall(receipt.encode())
    assert result(link.submit(TEXT)).status == 0, "texts go on meanwhile"
    assert wire.DELIVER_SM | wire.RESPONSE not in centre.commands()
    may.set()
    wait_until(lambda: wire.DELIVER_SM | wire.RESPONSE in centre.commands())


def test_a_receipt_that_could_not_be_taken_is_refused(start: Callable[..., tuple[Centre, Link]]) -> None:
    def fail(_: object) -> None:
        raise OSError("the disk is full")

    centre, link = start(well, on_deliver=fail)
    wait_until(lambda: link.bound)
    centre.links[0].sendall(smpp34.DeliverSm("2", "1", b"id:1 stat:DELIVRD", esm_class=4, sequence_number=5).encode())
    wait_until(lambda: wire.DELIVER_SM | wire.RESPONSE in centre.commands())
    assert [pdu.status for pdu in centre.got if pdu.command == wire.DELIVER_SM | wire.RESPONSE] == [wire.RSYSERR]


def test_closing_unbinds_and_ends_in_time(start: Callable[..., tuple[Centre, Link]]) -> None:
    centre, link = start(well)
    wait_until(lambda: link.bound)
    link.close()
    wait_until(lambda: wire.UNBIND in centre.commands())
    assert not link.bound
