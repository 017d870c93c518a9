"""SMPP against a real message centre: receipts of every kind, links that break, and a second, independent client."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import smpplib.client
import smpplib.command
import smpplib.consts
import smpplib.gsm

from hotline.providers.smpp.incoming import LinkText, body_of
from hotline.providers.smpp.smpp_sms import SmppSms
from hotline.providers.smpp.words import ReceiptWord, plain_id
from hotline.providers.sms import Outcome
from tests.contracts.conftest import SENDER, CarrierProcess, bind, send, texts_for, wait_until

ONE = ["+821075550001"]
LONG = "[외교부] 마닐라 홍수. 고지대로 대피하세요. " * 6


class Desk:
    """A bind and what it was told."""

    def __init__(self, carrier: CarrierProcess, *options: str) -> None:
        self.receipts: list[ReceiptWord] = []
        self.texts: list[LinkText] = []
        self.refusing = False
        self.refused = 0
        self.provider: SmppSms = bind(carrier, *options, on_receipt=self._take, on_text=self._take_text)

    def _take(self, _: str, word: ReceiptWord) -> None:
        if self.refusing:
            raise OSError("the disk is full")
        self.receipts.append(word)

    def _take_text(self, _: str, text: LinkText) -> None:
        if self.refusing:
            self.refused += 1
            self.refusing = self.refused < 2
            raise OSError("the disk is full")
        self.texts.append(text)


def reply(carrier: CarrierProcess, body: str) -> dict[str, object]:
    """Type an answer on the handset, as its page does."""
    answer = requests.post(
        f"{carrier.url}/page/handsets/{ONE[0]}/reply", json={"body": body}, timeout=40,
        auth=(carrier.account_sid, carrier.auth_token),
    )  # fmt: skip
    outcome: dict[str, object] = answer.json()
    return outcome


@pytest.fixture
def desk(carrier: CarrierProcess) -> Iterator[Desk]:
    made = Desk(carrier)
    yield made
    made.provider.close()


def test_a_receipt_comes_over_the_link_and_names_the_text(desk: Desk) -> None:
    result = send(desk.provider, texts_for(ONE))[ONE[0]]
    wait_until(lambda: desk.receipts, "a receipt")
    (word,) = desk.receipts
    assert (word.status, word.code, word.recipient) == ("delivered", None, ONE[0])
    assert result.provider_sid == f"smpp:{word.message_id}"


@pytest.mark.parametrize(("code", "expected"), [(30003, "30003"), (30007, "30007"), (30005, "30008")])
def test_a_failure_comes_with_its_reason(desk: Desk, carrier: CarrierProcess, code: int, expected: str) -> None:
    carrier.control.set_fault("error_code", ONE[0], value=code)
    send(desk.provider, texts_for(ONE))
    wait_until(lambda: desk.receipts, "a receipt")
    assert (desk.receipts[0].status, desk.receipts[0].code) == ("undelivered", expected)


def test_every_part_has_a_name_and_a_receipt(carrier: CarrierProcess) -> None:
    desk = Desk(carrier, "long=udh")
    result = send(desk.provider, texts_for(ONE, LONG))[ONE[0]]
    assert len(result.part_sids) >= 3
    assert result.provider_sid == result.part_sids[0]
    wait_until(lambda: len(desk.receipts) == len(result.part_sids), "a receipt for each part")
    assert {f"smpp:{word.message_id}" for word in desk.receipts} == set(result.part_sids)
    assert [entry["body"] for entry in carrier.control.messages()] == [LONG]
    desk.provider.close()


def test_a_payload_has_one_name_and_one_receipt(desk: Desk) -> None:
    result = send(desk.provider, texts_for(ONE, LONG))[ONE[0]]
    assert result.part_sids == ()
    wait_until(lambda: desk.receipts, "a receipt")
    assert len(desk.receipts) == 1


def test_a_receipt_may_come_before_the_answer(desk: Desk, carrier: CarrierProcess) -> None:
    carrier.control.set_fault("answer_delay", ONE[0], value=400)
    seen: list[int] = []
    thread = threading.Thread(target=lambda: send(desk.provider, texts_for(ONE)))
    thread.start()
    wait_until(lambda: desk.receipts or not thread.is_alive(), "a receipt")
    seen.append(thread.is_alive())
    thread.join()
    assert seen == [True], "it came while the answer was still outstanding"


def test_a_receipt_that_cannot_be_kept_comes_again(desk: Desk) -> None:
    desk.refusing = True
    send(desk.provider, texts_for(ONE))
    wait_until(lambda: desk.provider.link.bound, "the link")
    desk.refusing = False
    wait_until(lambda: desk.receipts, "the receipt once more")


def test_receipts_wait_for_a_link_of_the_account(carrier: CarrierProcess) -> None:
    first = Desk(carrier)
    carrier.control.behave(delivered_ms=600)
    try:
        send(first.provider, texts_for(ONE))
        first.provider.close()
        second = Desk(carrier)
        wait_until(lambda: second.receipts, "the receipt on the new link")
        second.provider.close()
    finally:
        carrier.control.behave(delivered_ms=20)


def test_without_a_link_nothing_leaves(carrier: CarrierProcess) -> None:
    desk = Desk(carrier)
    desk.provider.close()
    assert desk.provider.breaker.room(10) == 0
    assert not list(carrier.control.messages())


def test_a_link_that_was_lost_is_bound_again(desk: Desk, carrier: CarrierProcess) -> None:
    writer = desk.provider.link._writer
    assert writer is not None
    desk.provider.link._loop.call_soon_threadsafe(writer.close)
    wait_until(lambda: not desk.provider.link.bound, "the loss")
    wait_until(lambda: desk.provider.link.bound, "the new bind")
    assert send(desk.provider, texts_for(ONE))[ONE[0]].outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("body", ["I am safe", "안전합니다 👍", LONG, "help [we are] {trapped} " * 20])
def test_what_is_typed_on_a_handset_goes_back_over_the_link_its_text_came_by(
    desk: Desk, carrier: CarrierProcess, body: str
) -> None:
    send(desk.provider, texts_for(ONE))
    wait_until(lambda: desk.receipts, "the delivery")
    assert reply(carrier, body)["reached"] is True
    assert {(text.sender, text.recipient) for text in desk.texts} == {(ONE[0], SENDER)}
    assert body_of([text.piece for text in desk.texts]) == body
    joints = [text.joint for text in desk.texts if text.joint is not None]
    assert [joint.number for joint in joints] == (list(range(1, len(desk.texts) + 1)) if len(desk.texts) > 1 else [])


def test_a_text_that_could_not_be_kept_is_offered_again(desk: Desk, carrier: CarrierProcess) -> None:
    send(desk.provider, texts_for(ONE))
    wait_until(lambda: desk.receipts, "the delivery")
    desk.refusing = True
    assert reply(carrier, "help")["reached"] is True
    assert (desk.refused, [body_of([text.piece]) for text in desk.texts]) == (2, ["help"])


def test_over_a_link_the_carrier_leaves_stop_words_to_the_service(desk: Desk, carrier: CarrierProcess) -> None:
    send(desk.provider, texts_for(ONE))
    wait_until(lambda: desk.receipts, "the delivery")
    assert reply(carrier, "STOP")["reached"] is True
    assert [body_of([text.piece]) for text in desk.texts] == ["STOP"]
    assert send(desk.provider, texts_for(ONE))[ONE[0]].outcome is Outcome.ACCEPTED


def test_an_independent_client_gets_what_is_typed_on_the_handset_it_sent_to(carrier: CarrierProcess) -> None:
    client = independent_client(carrier)
    got: list[smpplib.command.DeliverSM] = []
    client.set_message_received_handler(lambda pdu: got.append(pdu))  # noqa: PLW0108 - the library names the argument
    client.send_message(
        source_addr_ton=smpplib.consts.SMPP_TON_INTL, source_addr=SENDER.lstrip("+"),
        dest_addr_ton=smpplib.consts.SMPP_TON_INTL, destination_addr=ONE[0].lstrip("+"), short_message=b"safe?",
    )  # fmt: skip
    wait_until(lambda: client.read_once() or list(carrier.control.messages()), "the text")
    with ThreadPoolExecutor(1) as page:
        outcome = page.submit(reply, carrier, "안전합니다")
        wait_until(lambda: client.read_once() or outcome.done(), "the answer")
    assert outcome.result()["reached"] is True
    (answer,) = [each for each in got if each.esm_class == 0]
    assert (answer.source_addr, answer.destination_addr) == (ONE[0].lstrip("+").encode(), SENDER.lstrip("+").encode())
    assert (answer.data_coding, answer.short_message.decode("utf-16-be")) == (8, "안전합니다")
    client.disconnect()


def independent_client(carrier: CarrierProcess) -> smpplib.client.Client:
    """Bind with another library than the service's."""
    host, _, port = carrier.smsc.rpartition(":")
    client = smpplib.client.Client(host, int(port), allow_unknown_opt_params=True, timeout=10)
    client.set_message_sent_handler(lambda pdu: None)
    client.connect()
    client.bind_transceiver(system_id="other", password="secret")
    return client


def test_an_independent_client_sends_to_the_centre_and_gets_its_receipt(carrier: CarrierProcess) -> None:
    client = independent_client(carrier)
    names: list[str] = []
    receipts: list[str] = []
    client.set_message_sent_handler(lambda pdu: names.append(pdu.message_id.decode()))
    client.set_message_received_handler(lambda pdu: receipts.append(pdu.short_message.decode()))
    text = "Überschwemmung in Manila €" * 10
    parts, coding, esm_class = smpplib.gsm.make_parts(text)
    for part in parts:
        client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_INTL, source_addr=SENDER.lstrip("+"),
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL, destination_addr=ONE[0].lstrip("+"), short_message=part,
            data_coding=coding, esm_class=esm_class, registered_delivery=True,
        )  # fmt: skip
    wait_until(lambda: client.read_once() or len(receipts) == len(parts), "a receipt for each part")

    client.disconnect()
    assert [entry["body"] for entry in carrier.control.messages()] == [text]
    assert {plain_id(name) for name in names} == {plain_id(text.split()[0].removeprefix("id:")) for text in receipts}
    assert all("stat:DELIVRD" in text for text in receipts)
