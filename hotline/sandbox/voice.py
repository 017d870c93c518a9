"""Everything of one carrier that has to do with calls, put together; what it keeps, and how that comes back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hotline.sandbox.calls import read_call, read_line, whole_call
from hotline.sandbox.carrier import Carrier
from hotline.sandbox.conferences import conference_entry, read_conference
from hotline.sandbox.dialling import Dialler
from hotline.sandbox.exchange import Exchange
from hotline.sandbox.following import Alert, Operator
from hotline.sandbox.forwarding import Forwarding
from hotline.sandbox.journal import Entry
from hotline.sandbox.numbers import MAX_FILE_BYTES, Line
from hotline.sandbox.queueing import Queues
from hotline.sandbox.recorder import Recorder
from hotline.sandbox.recordings import read_recording, recording_entry
from hotline.sandbox.reflexes import Reflexes
from hotline.sandbox.rooms import Rooms
from hotline.sandbox.sounds import Sounds
from hotline.sandbox.watched_file import WatchedFile

VOICE_PATH, FALLBACK_PATH, STATUS_PATH = (
    f"/webhooks/twilio/voice/{each}" for each in ("inbound", "fallback", "status")
)
"""Where the service takes calls in, unless `numbers.json` says otherwise."""
KINDS = frozenset({"c", "l", "k", "r", "alert", "cx", "rx"})
"""Which of the journal's lines are about calls."""


@dataclass
class Voice:
    """The parts that calls are made of."""

    exchange: Exchange
    operator: Operator
    rooms: Rooms
    queues: Queues
    recorder: Recorder
    file: WatchedFile | None

    def apply(self, entry: Entry) -> None:
        """Apply one line of the journal. Raises ``ValueError`` when its shape is another."""
        if "c" in entry:
            self.exchange.remember(read_call(entry["c"]))
        elif "l" in entry:
            sid, line = read_line(entry["l"])
            call = self.exchange.get(sid)
            if call is not None:
                call.hear(line)
        elif "k" in entry:
            self.rooms.remember(read_conference(entry["k"]))
        elif "r" in entry:
            self.recorder.remember(read_recording(entry["r"]))
        elif "alert" in entry:
            self.operator.alerts.append(Alert(**entry["alert"]))
        elif "cx" in entry and (call := self.exchange.get(entry["cx"])) is not None:
            self.exchange.forget(call)
        elif "rx" in entry and (recording := self.recorder.get(entry["rx"])) is not None:
            self.recorder.forget(recording)

    def entries(self) -> list[Entry]:
        """Return what brings the present back."""
        return [
            *(entry for call in self.exchange for entry in whole_call(call)),
            *(conference_entry(each) for each in self.rooms.all()),
            *(recording_entry(each) for each in self.recorder),
            *({"alert": vars(each)} for each in self.operator.alerts),
        ]

    def drop_open(self) -> None:
        """After a restart: calls, conferences and recordings that were on when the process died have ended."""
        self.recorder.drop_open()
        self.exchange.drop_open_calls()
        self.rooms.drop_open()

    def clear(self) -> None:
        """Forget everything but the numbers."""
        self.exchange.clear()
        self.rooms.clear()
        self.queues.clear()
        self.recorder.clear()
        self.operator.alerts.clear()


def make_voice(carrier: Carrier) -> Voice:
    """Put the parts together; the service's own number leads where ``public_url`` of the settings says."""
    exchange = Exchange(carrier)
    operator = Operator(exchange, Sounds(carrier.behaviour))
    rooms = Rooms(exchange)
    recorder = Recorder(operator, rooms)
    queues = Queues(operator)
    Dialler(operator, rooms, queues, recorder)
    Reflexes(exchange)
    Forwarding(exchange)
    settings = carrier.settings
    if settings.public_url:
        base = settings.public_url
        exchange.numbers.put(
            Line(
                number=settings.service_number,
                name="",
                voice_url=base + VOICE_PATH,
                fallback_url=base + FALLBACK_PATH,
                status_callback=base + STATUS_PATH,
            )
        )
    folder = settings.data_dir / "sandbox" if settings.data_dir else None
    file = WatchedFile(Path(folder) / "numbers.json", MAX_FILE_BYTES) if folder else None
    return Voice(exchange, operator, rooms, queues, recorder, file)
