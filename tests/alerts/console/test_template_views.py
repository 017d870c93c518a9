"""The pages of templates without the browser: the list, the form with its boxes, versions, and what the editor offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.alerts.console.conftest import Officials

KO = "[외교부] {place} {event} ({time}). 문의 {hotline}"
EN = "[MOFA Korea] {event}: {place}, {time}. Help: {hotline}"
FORM = {
    "name": "Flood",
    "category": "Met",
    "words": "Flood, flood, 홍수",
    "texts.ko": KO,
    "texts.en": EN,
    "act": "save",
}


def write(officials: Officials, **more: str) -> Any:
    """Send the form of a new template."""
    return officials["author"].post("/alerts/templates/new", FORM | more)


def test_template_is_written_listed_and_shown(officials: Officials) -> None:
    answer = write(officials)
    assert answer.status_code == 302
    page = officials["approver"].get(answer.headers["Location"]).get_data(as_text=True)
    assert "Manila, 21 Nov 11:00 local time" in page, "made-up values stand where the alert's own will"
    assert "GSM-7 · 1 part" in page and "flood, 홍수" in page
    assert "/edit" not in page, "an approver reads"
    listed = officials["author"].get("/alerts/templates?q=flood").get_data(as_text=True)
    assert "Flood" in listed and "1 template" in listed
    assert "No template fits" in officials["author"].get("/alerts/templates?q=volcano").get_data(as_text=True)


def test_empty_list_says_what_templates_are_for(officials: Officials) -> None:
    assert "quiet times" in officials["author"].get("/alerts/templates").get_data(as_text=True)


def test_faults_stand_at_their_boxes_and_nothing_typed_is_lost(officials: Officials) -> None:
    answer = write(officials, **{"texts.en": "Run <b>now</b>", "note": "first"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Run &lt;b&gt;now&lt;/b&gt;" in page and KO in page and 'value="first"' in page
    assert 'id="field-texts.en-error"' in page and "does not say where" in page
    taken = [write(officials), write(officials)][1]
    assert taken.status_code == 422 and "Another template has this name" in taken.get_data(as_text=True)
    assert write(officials, name=" ").status_code == 422


def test_boxes_are_added_one_by_one_without_saving(officials: Officials) -> None:
    page = write(officials, **{"act": "add:alert", "language.alert": "ja"}).get_data(as_text=True)
    assert 'name="texts.ja"' in page and KO in page
    page = write(officials, act="add:correction").get_data(as_text=True)
    assert 'name="texts.correction:ko"' in page and 'name="texts.correction:en"' in page
    assert write(officials, act="add:nonsense").status_code == 200
    checked = write(officials, act="check", **{"texts.en": EN.replace("Help", "Don’t wait – help")}).get_data(
        as_text=True
    )
    assert "Don&#39;t wait - help" in checked, "the cheaper wording is offered"
    assert "No templates yet" in officials["author"].get("/alerts/templates").get_data(as_text=True)


def test_change_of_a_colleague_is_kept_and_history_shows_both(officials: Officials) -> None:
    path = write(officials).headers["Location"]
    author = officials["author"]
    assert author.post(f"{path}/edit", FORM | {"base": "1", "texts.ko": KO + "!", "note": "louder"}).status_code == 302
    late = author.post(f"{path}/edit", FORM | {"base": "1", "texts.ko": KO + "?"})
    assert late.status_code == 422 and "colleague" in late.get_data(as_text=True)
    page = author.get(path).get_data(as_text=True)
    assert "louder" in page and KO + "!" in page and "older than the text it translates" in page
    assert author.post(f"{path}/restore/1", {}).status_code == 302
    assert "Version 3" in author.get(path).get_data(as_text=True)
    assert author.post(f"{path}/retire", {}).status_code == 302
    assert "Bring back" in author.get(path).get_data(as_text=True)
    assert author.post(f"{path}/bring-back", {}).status_code == 302


def test_editor_offers_what_fits_and_gives_its_texts(officials: Officials, add: Callable[..., int]) -> None:
    path = write(officials).headers["Location"]
    alert_id = add(event="Flood")
    page = officials["author"].get(f"/alerts/{alert_id}/edit").get_data(as_text=True)
    assert "Flood ✓" in page
    url = f"/alerts/{alert_id}/templates/{path.rsplit('/', 1)[1]}"
    assert url in page
    given = officials["author"].get(url).get_json()
    assert given == {"name": "Flood", "version": 1, "texts": {"ko": KO, "en": EN}}
    assert officials["author"].get(f"/alerts/{alert_id}/templates/99").status_code == 404
    assert officials["approver"].get(url).status_code == 403
