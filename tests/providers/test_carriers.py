"""One provider per process, made from the settings; what is missing is named."""

from __future__ import annotations

import pytest

from hotline.core.services import Services
from hotline.providers.carriers import NotConfigured, make_sms_provider, sms_provider


def test_the_provider_is_made_once_and_kept(services: Services) -> None:
    assert sms_provider(services) is sms_provider(services)


def test_a_messaging_service_wins_over_a_single_number(services: Services) -> None:
    settings = services.settings.model_copy(update={"twilio_messaging_service_sid": "MG" + "1" * 32})
    assert make_sms_provider(settings).sender == "MG" + "1" * 32
    assert make_sms_provider(services.settings).sender == "+15005550006"


def test_missing_settings_are_named(services: Services) -> None:
    settings = services.settings.model_copy(update={"twilio_account_sid": "", "twilio_from": ""})
    with pytest.raises(NotConfigured, match="TWILIO_ACCOUNT_SID, TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID not set"):
        make_sms_provider(settings)
