"""What can be wrong with a CAP message, said so that the sender can mend it.

Each problem has a code for programs and an English text with named placeholders for people. The text is a gettext
msgid in Python's `%` style: a translation is `gettext(MESSAGES[fault.problem]) % fault.params`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NoReturn

from alerts.cap.limits import Limits
from alerts.msgid import gettext_noop as _

VALUE_CHARS = 80
"""Values are shown shortened to this many characters."""

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        # The file as a whole.
        "empty": _("The file is empty; choose the CAP file again."),
        "too_large": _("The file has %(size)s bytes and at most %(limit)s are read; send a smaller message."),
        "compressed": _("The file is compressed (%(kind)s); unpack it and send the CAP file inside."),
        "not_xml": _("The file is not XML: it does not begin with '<'; send a CAP 1.2 XML file."),
        "unknown_encoding": _("The encoding '%(encoding)s' is not known; save the file as UTF-8."),
        "undecodable": _("The bytes do not fit the encoding '%(encoding)s'; save the file as UTF-8."),
        "encoding_mismatch": _(
            "The file says %(declared)s but is %(actual)s; it was read as %(actual)s, check accents."
        ),
        "broken_characters": _("%(count)s characters are damaged and shown as \ufffd; check the texts."),
        "blank_before_declaration": _("There is text before the XML declaration; begin the file with '<?xml'."),
        "doctype": _("The file has a DOCTYPE, which CAP never needs and attackers use; remove it."),
        "not_well_formed": _("The XML is broken: %(detail)s. Mend it and send it again."),
        "too_deep": _("Elements are nested more than %(limit)s deep; send plain CAP."),
        "too_many_elements": _("There are more than %(limit)s elements; split the message."),
        "too_slow": _("Reading took longer than %(limit)s seconds and was stopped; simplify the message."),
        "no_alert": _("There is no CAP alert in this file (its root is '%(root)s'); send a CAP 1.2 message."),
        "unknown_namespace": _("The namespace '%(namespace)s' is not CAP; use urn:oasis:names:tc:emergency:cap:1.2."),
        "old_namespace": _("This is CAP 1.1; it was read as CAP 1.2, check it."),
        "no_namespace": _("The alert has no namespace; use urn:oasis:names:tc:emergency:cap:1.2."),
        "mixed_namespace": _("This element is in another namespace than its alert; it was read all the same."),
        "too_many_alerts": _("There are more than %(limit)s alerts in the file; split it."),
        "too_many_findings": _("%(count)s further problems are not listed; mend these first."),
        # Elements and their texts.
        "missing": _("The element is missing; add it."),
        "blank": _("The element is empty; fill it in."),
        "out_of_order": _("The element comes after one that it should precede; it was read all the same."),
        "repeated": _("The element may occur once; the first was read."),
        "contradiction": _("The element occurs more than once with different values; keep one."),
        "unknown_element": _("CAP 1.2 has no such element here; it was left out."),
        "foreign_element": _("The element is not CAP; it was left out."),
        "markup_in_text": _("There is markup inside the text; only its text was read."),
        "text_too_long": _("The text has %(length)s characters and at most %(limit)s are read; shorten it."),
        "bad_identifier": _("It must not contain blanks, commas, '<' or '&'; others may not be able to refer to it."),
        "unknown_value": _("The value is not one of %(allowed)s; use one of them."),
        "unknown_value_ignored": _("The value is not one of %(allowed)s; it was read as %(taken)s."),
        "spelling": _("The value should be written %(taken)s; it was read so."),
        "bad_language": _("This is not a language code such as ko or en-US; the language counts as unknown."),
        "incomplete_pair": _("valueName and value belong together; the element was left out."),
        "bad_number": _("This is not a number; it was left out."),
        "embedded_resource": _("Embedded content is not kept; link to it with a uri."),
        "too_many_infos": _("There are more than %(limit)s info blocks; split the message."),
        "too_many_areas": _("There are more than %(limit)s areas; split the message."),
        # Times.
        "bad_time": _("This is not a time such as 2026-11-21T03:00:00+09:00; write it so."),
        "time_without_offset": _(
            "The time has no offset from UTC, so that its hour is unknown; add one such as +09:00."
        ),
        "time_zulu": _("CAP writes UTC as -00:00 and not Z; it was read as UTC."),
        "time_fraction": _("CAP times have no fractions of a second; the fraction was dropped."),
        "time_spelling": _("The time should be written like 2026-11-21T03:00:00+09:00; it was read as %(taken)s."),
        "expires_before_sent": _("The warning expires before it was sent; correct expires or sent."),
        "expires_before_effective": _("The warning expires before it takes effect; correct expires or effective."),
        "expires_before_onset": _("The warning expires before the event begins; check expires and onset."),
        # The message as a message.
        "not_actual": _("The status is %(status)s: this message must never reach the public as a real warning."),
        "not_public": _("The scope is %(scope)s: this message is not meant for the public."),
        "about_messages": _("The message type is %(msg_type)s: it is about messages and warns of nothing."),
        "references_missing": _("An %(msg_type)s must name the messages it is about; add references."),
        "references_on_alert": _("A new Alert has references; perhaps it should be an Update, check it."),
        "bad_reference": _("A reference is 'sender,identifier,sent'; only the identifier was read."),
        "reference_time": _("The time in the reference is not a time with an offset; it was left out."),
        "too_many_references": _("There are more than %(limit)s references; send fewer."),
        "restriction_missing": _("The scope is Restricted and nothing says to whom; add restriction."),
        "addresses_missing": _("The scope is Private and there are no addresses; add addresses."),
        "no_info": _("The message has no info block; what happened and where has to be filled in by hand."),
        "no_area": _("The info block has no area; it has to be drawn by hand."),
        "area_without_shape": _("The area has no polygon and no circle; it has to be drawn by hand."),
        "breaks_schema": _("It breaks the official CAP schema in %(count)s places, first: %(first)s."),
        # Signatures.
        "signature_broken": _(
            "The signature is BROKEN: the message is not what %(signers)s signed. Ask the authority before you use it."
        ),
        "signature_unknown": _("It is signed by %(signers)s, which is not a trusted signer here; check who that is."),
        "signature_weak": _(
            "The signature cannot be relied on (outdated or incomplete); it was signed by %(signers)s."
        ),
        # Shapes.
        "empty_shape": _("The shape is empty; it was left out."),
        "bad_point": _("'%(point)s' is not 'latitude,longitude' in degrees; mend it."),
        "latitude_range": _("The latitude %(lat)s is outside -90 to 90; check it, and whether the order is lat,lon."),
        "longitude_range": _("The longitude %(lon)s is outside -180 to 180; check it."),
        "longitude_wrapped": _("A longitude is beyond 180 degrees; it was turned into %(lon)s."),
        "swapped": _("All points are longitude,latitude; they were read the other way round, check the map."),
        "mixed_order": _("Other shapes of this alert are certainly longitude,latitude, this one may be; mend it."),
        "too_few_points": _("A polygon needs at least three different corners and has %(count)s; add the others."),
        "ring_closed": _("The last point should repeat the first; the polygon was closed."),
        "degenerate_ring": _("The polygon encloses nothing; it was left out."),
        "crossing_ring": _("The outline crosses itself; check on the map what is inside."),
        "too_many_polygons": _("There are more than %(limit)s polygons; simplify the area."),
        "too_many_points": _("There are more than %(limit)s points; simplify the area."),
        "bad_circle": _("A circle is 'latitude,longitude radius' with the radius in kilometres; write it so."),
        "circle_spelling": _("A circle should be written 'latitude,longitude radius'; it was read so, check the map."),
        "radius_range": _("The radius %(radius)s km is not between 0 and %(limit)s; it is in kilometres."),
        "radius_zero": _("The radius is 0: the circle is a point and nobody is inside; draw a larger one."),
        "radius_doubt": _("The radius is %(radius)s km; check that it was not meant in metres."),
    }
)


@dataclass(frozen=True, slots=True)
class CapFault:
    """One problem: where it is (line of the file, path of the element), what stands there, and how to mend it."""

    line: int | None
    element: str
    value: str
    problem: str
    details: tuple[tuple[str, str], ...] = ()

    @property
    def params(self) -> dict[str, str]:
        """The values for the placeholders of the message."""
        return dict(self.details)

    @property
    def message(self) -> str:
        """The problem and its mend in English."""
        return MESSAGES[self.problem] % self.params


class CapRefused(Exception):
    """The message cannot be used; `faults` names every reason that was found, `warnings` what else was odd."""

    def __init__(self, faults: tuple[CapFault, ...], warnings: tuple[CapFault, ...] = ()) -> None:
        super().__init__("; ".join(f"{each.element} line {each.line}: {each.message}" for each in faults))
        self.faults = faults
        self.warnings = warnings


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the file: the line where an element begins and its path from the alert down."""

    path: str
    line: int | None = None


@dataclass(slots=True)
class Findings:
    """Collects what is wrong while reading goes on, and stops the reading when its time is over."""

    limits: Limits
    monotonic: Callable[[], float] = time.monotonic
    faults: list[CapFault] = field(default_factory=list)
    warnings: list[CapFault] = field(default_factory=list)
    faults_met: int = 0
    warnings_met: int = 0
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = self.monotonic() + self.limits.time_s

    def fault(self, spot: Spot, problem: str, value: str = "", **params: object) -> None:
        """Record something that forbids the use of the message."""
        self.faults_met += 1
        if self._has_room(self.faults, problem):
            self.faults.append(_make(spot, problem, value, params))

    def warn(self, spot: Spot, problem: str, value: str = "", **params: object) -> None:
        """Record something that was survived and that a person should look at."""
        self.warnings_met += 1
        if self._has_room(self.warnings, problem):
            self.warnings.append(_make(spot, problem, value, params))

    def stop(self, spot: Spot, problem: str, value: str = "", **params: object) -> NoReturn:
        """Record a fault after which nothing more can be read.

        Raises:
            CapRefused: always.
        """
        self.faults_met += 1
        self.faults.append(_make(spot, problem, value, params))
        raise self.refusal()

    def _has_room(self, listed: list[CapFault], problem: str) -> bool:
        """Count by problem, so that a thousand open polygons cannot push "this is only a test" off the list."""
        return sum(1 for each in listed if each.problem == problem) < self.limits.findings_per_problem

    def check_time(self, spot: Spot) -> None:
        """Stop when reading has taken too long.

        Raises:
            CapRefused: when the time budget is used up.
        """
        if self.monotonic() > self.deadline:
            self.stop(spot, "too_slow", limit=self.limits.time_s)

    def refusal(self) -> CapRefused:
        """The error that carries everything found so far."""
        return CapRefused(self.all_faults(), self.all_warnings())

    def all_faults(self) -> tuple[CapFault, ...]:
        """The faults, closed by a count of those that were not listed."""
        return _with_rest(self.faults, self.faults_met)

    def all_warnings(self) -> tuple[CapFault, ...]:
        """The warnings, closed by a count of those that were not listed."""
        return _with_rest(self.warnings, self.warnings_met)


def _with_rest(listed: list[CapFault], met: int) -> tuple[CapFault, ...]:
    unlisted = met - len(listed)
    if unlisted <= 0:
        return tuple(listed)
    return (*listed, _make(Spot("alert"), "too_many_findings", "", {"count": unlisted}))


def _make(spot: Spot, problem: str, value: str, params: Mapping[str, object]) -> CapFault:
    if problem not in MESSAGES:
        raise LookupError(f"no message is defined for the problem {problem!r}")
    details = tuple((name, shorten(str(each))) for name, each in params.items())
    return CapFault(spot.line, spot.path, shorten(value), problem, details)


def shorten(value: str) -> str:
    """One line of at most VALUE_CHARS characters for showing."""
    line = " ".join(value[: 4 * VALUE_CHARS].split())
    return line if len(line) <= VALUE_CHARS else line[: VALUE_CHARS - 1] + "…"
