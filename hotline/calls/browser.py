"""Answering in the browser: a token that the provider's Voice SDK signs in with, good for minutes and for one agent's name."""

from __future__ import annotations

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from hotline.calls.queueing import client_name
from hotline.core.errors import Unavailable
from hotline.core.services import Services

POLICY = {
    "connect-src": "https://eventgw.twilio.com wss://voice-js.roaming.twilio.com", "media-src": "'self' mediastream: blob:",
}  # fmt: skip
"""What the desk's page needs beyond the house's policy, by the SDK's own list; its sounds are ours."""
MICROPHONE = "camera=(), microphone=(self), geolocation=(self)"
TTL_S = 600
"""Ten minutes; the page asks for the next one before."""


def offered(services: Services) -> bool:
    """Say whether browsers can answer here."""
    settings = services.settings
    secret = settings.twilio_api_key_secret.get_secret_value()
    return bool(settings.twilio_api_key_sid and secret and settings.twilio_account_sid)


def token_for(services: Services, agent_id: int) -> str:
    """Return a token that lets a browser receive the agent's calls; raises Unavailable where no key is configured."""
    if not offered(services):
        raise Unavailable("Browsers cannot answer here: no API key is configured.", code="no-browser-calls")
    settings = services.settings
    token = AccessToken(
        settings.twilio_account_sid, settings.twilio_api_key_sid, settings.twilio_api_key_secret.get_secret_value(),
        identity=client_name(agent_id).removeprefix("client:"), ttl=TTL_S,
    )  # fmt: skip
    token.add_grant(VoiceGrant(incoming_allow=True, outgoing_application_sid=settings.twilio_twiml_app_sid or None))
    return str(token.to_jwt())
