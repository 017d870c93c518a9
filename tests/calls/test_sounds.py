"""Recordings of the menu: taken by their content, bounded, heard instead of the text, and gone with it."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.calls import menu_store, sounds
from hotline.calls.sounds import MP3, WAV, media_type_of
from hotline.core.services import Services
from tests.auth.conftest import Visitor
from tests.calls.conftest import BASE, Hook, said, twiml
from tests.calls.staging import Stage
from tests.calls.test_menu_pages import menu_form


def wav(codec: int = 7, seconds: int = 1) -> bytes:
    """Return a silent recording of 8,000 bytes a second."""
    body = (
        b"fmt " + struct.pack("<IHHIIHH", 16, codec, 1, 8000, 8000, 1, 8) + b"data" + struct.pack("<I", 8000 * seconds)
    )
    body += b"\xff" * 8000 * seconds
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (wav(), WAV), (wav(1), WAV), (wav(85), None), (b"ID3\x04", MP3), (b"\xff\xfb\x90\x64", MP3), (b"\xff\xf1\x50\x80", None),
        (b"", None), (b"RIFF", None), (b"<html>", None), (b"RIFF\0\0\0\0AVI fmt ", None), (b"\xff\xd8\xff\xe0", None),
    ],
)  # fmt: skip
def test_the_kind_is_told_by_the_content(content: bytes, found: str | None) -> None:
    assert media_type_of(content) == found


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_without_a_fault(content: bytes) -> None:
    assert media_type_of(content) in (WAV, MP3, None)


def upload(desk: Visitor, content: bytes, **more: str) -> int:
    form = {"question": "main", "language": "ko"} | more
    return desk.post("/menus/draft/sounds", data=form | {"file": (io.BytesIO(content), "../main ko.wav")}).status_code


def test_a_recording_is_heard_instead_of_the_text_until_the_text_changes(
    services: Services, stage: Stage, desk: Visitor, client: object
) -> None:
    assert "There is no draft" in desk.get("/menus/draft/sounds").get_data(as_text=True)
    assert upload(desk, wav()) == 409, "there is no draft to put it into"
    assert desk.post("/menus/draft", data=menu_form()).status_code == 302
    assert upload(desk, wav()) == 302
    page = desk.get("/menus/draft/sounds").get_data(as_text=True)
    assert ".._main ko.wav" in page and "Speak the text again" in page
    assert desk.post("/menus/1/publish", data={"edits": "1"}).status_code == 409, (
        "it is another draft than was looked at"
    )
    assert desk.post("/menus/1/publish", data={"edits": "2"}).status_code == 302

    ring = Hook(desk.client, services).ring()
    key = stage.value("SELECT key FROM call_sounds")
    played = [each.text for each in twiml(ring).iter("Play")]
    assert played == [f"{BASE}/webhooks/twilio/voice/sound/{key}"]
    assert "press 0" in said(ring) and "상담원은 0번" not in said(ring), "English has no recording and is spoken"

    assert desk.post("/menus/draft", data=menu_form(edits="0")).status_code == 302
    assert stage.value("SELECT content #>> '{nodes,main,sounds,ko}' FROM call_menus WHERE version = 2") == key
    form = menu_form(edits="1") | {"say-0-ko": "상담원은 영번입니다."}
    assert desk.post("/menus/draft", data=form).status_code == 302
    assert stage.value("SELECT content #>> '{nodes,main,sounds,ko}' FROM call_menus WHERE version = 2") is None


def test_it_is_given_to_whoever_knows_the_key_and_to_nobody_else(stage: Stage, desk: Visitor, app: object) -> None:
    desk.post("/menus/draft", data=menu_form())
    upload(desk, wav())
    key = stage.value("SELECT key FROM call_sounds")
    stranger = app.test_client()  # type: ignore[attr-defined]  # the fixture is a Flask application
    answer = stranger.get(f"/webhooks/twilio/voice/sound/{key}")
    assert (answer.status_code, answer.content_type, answer.data) == (200, "audio/wav", wav())
    for wrong in ("x", "1", str(key)[:-1], "a" * 500):
        assert stranger.get(f"/webhooks/twilio/voice/sound/{wrong}").status_code == 404


@pytest.mark.parametrize(
    ("content", "more", "status", "told"),
    [
        (b"MZ not a sound", {}, 422, "Use a WAV"),
        (b"", {}, 422, "Use a WAV"),
        (wav(seconds=270), {}, 413, "Use a WAV"),
        (wav(), {"question": "gone"}, 422, "Choose one of the questions."),
        (wav(), {"language": "fr"}, 422, "Choose a language that the question has a text in."),
    ],
    ids=["no sound", "nothing", "too large", "no question", "no language"],
)
def test_what_cannot_be_used_is_refused_with_its_mend(
    stage: Stage, desk: Visitor, content: bytes, more: dict[str, str], status: int, told: str
) -> None:
    desk.post("/menus/draft", data=menu_form())
    form = {"question": "main", "language": "ko"} | more
    answer = desk.post("/menus/draft/sounds", data=form | {"file": (io.BytesIO(content), "x.wav")})
    assert answer.status_code == status and told in answer.get_data(as_text=True)
    assert stage.value("SELECT count(*) FROM call_sounds") == 0


def test_unused_recordings_make_room_and_there_are_never_too_many(
    services: Services, stage: Stage, desk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sounds, "MAX_SOUNDS", 2)
    desk.post("/menus/draft", data=menu_form())
    for language in ("ko", "en", "en", "ko"):
        assert upload(desk, wav(), language=language) == 302, "one takes the place of another"
    assert stage.value("SELECT count(*) FROM call_sounds") == 2
    monkeypatch.setattr(sounds, "MAX_SOUNDS", 1)
    assert upload(desk, wav()) == 409 and stage.value("SELECT count(*) FROM call_sounds") == 2
    assert desk.post("/menus/draft/sounds/remove", data={"question": "main", "language": "en"}).status_code == 302
    with services.db.transaction() as session:
        row = menu_store.draft(session)
        assert row is not None and list(row.content["nodes"]["main"]["sounds"]) == ["ko"]
    assert upload(desk, wav()) == 302 and stage.value("SELECT count(*) FROM call_sounds") == 1
