"""Why the carrier refuses or loses a text, in Twilio's numbers and words."""

from __future__ import annotations

from dataclasses import dataclass

ERROR_PAGE = "https://www.twilio.com/docs/errors/"

REFUSALS: dict[int, tuple[int, str]] = {
    20001: (400, "Invalid parameter: {detail}"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20009: (409, "Cannot delete a resource that is still in progress"),
    20404: (404, "The requested resource {detail} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21201: (400, "No 'To' number is specified"),
    21205: (400, "Url is not a valid URL: {detail}"),
    21211: (400, "The 'To' number {detail} is not a valid phone number."),
    21212: (400, "The 'From' number {detail} is not a valid phone number, shortcode, or alphanumeric sender ID."),
    21213: (400, "'From' phone number is required"),
    21214: (400, "'To' phone number {detail} cannot be reached"),
    21215: (403, "Account not authorized to call {detail}"),
    12100: (400, "Document parse failure: {detail}"),
    12200: (400, "Schema validation warning: {detail}"),
    16027: (400, "Invalid participant: the call cannot be reached"),
    21220: (400, "Invalid call state. Call is not in-progress. Cannot redirect."),
    21240: (400, "Twiml is longer than 4000 characters"),
    21217: (400, "Phone number {detail} does not appear to be valid"),
    21408: (
        403,
        "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {detail}.",
    ),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' number {detail} is not a valid, message-capable number for this account."),
    21609: (400, "The 'StatusCallback' URL {detail} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient."),
    21611: (429, "This 'From' number has exceeded the maximum allowed queued messages."),
    21612: (400, "The 'To' phone number {detail} is not currently reachable using the 'From' phone number via SMS."),
    21614: (400, "'To' number {detail} is not a valid mobile number."),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
    30012: (400, "The validity period is too small."),
}
"""What the API answers instead of accepting: HTTP status and words, by Twilio's error code."""

DELIVERY_ERRORS: dict[int, str] = {
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30010: "Message price exceeds max price",
    30034: "US A2P 10DLC: message from an unregistered number",
    30036: "Validity period expired",
    30410: "Provider timeout error",
}
"""What can become of an accepted text; none of these ever reaches a handset."""

NEVER_SENT = frozenset({30001, 30002, 30010, 30034, 30036})
"""Errors that strike before the text leaves the carrier's queue: the status is failed, not undelivered."""

MAGIC_TO: dict[str, int] = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
"""Twilio's documented test recipients."""

MAGIC_TO_CALL: dict[str, int] = {"+15005550001": 21217, "+15005550002": 21214, "+15005550003": 21215}
"""The same test recipients, when they are called."""

MAGIC_FROM: dict[str, int] = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
"""Twilio's documented test senders."""

MAGIC_DELIVERY = {f"+150055{code}": code for code in DELIVERY_ERRORS}
"""This carrier's own: +1 500 55 followed by a delivery error code is accepted and then fails with that code."""


@dataclass(slots=True)
class Refusal(Exception):
    """The API refuses a request with Twilio's ``code``; ``detail`` names the offending value."""

    code: int
    detail: str = ""

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return REFUSALS[self.code][0]

    def body(self) -> dict[str, object]:
        """Return the answer in Twilio's error shape."""
        words = REFUSALS[self.code][1].format(detail=self.detail[:100])
        return {"code": self.code, "message": words, "more_info": f"{ERROR_PAGE}{self.code}", "status": self.status}
