"""Going on where the last process stopped: the journal read back, and written anew without its past."""

from __future__ import annotations

from hotline.sandbox.carrier import Carrier
from hotline.sandbox.journal import Entry, message_entry, read_message
from hotline.sandbox.mailroom import Mailroom, mail_entry, read_mail
from hotline.sandbox.messages import DELIVERED
from hotline.sandbox.voice import KINDS, Voice


def restore(carrier: Carrier, voice: Voice, mailroom: Mailroom) -> int:
    """Bring back handsets, texts, calls and mails from the data directory, and plan what is left of each text's life.

    Returns the number of texts. Raises ``ValueError`` when the file of handsets or the journal makes no sense.
    """
    if carrier.owners is not None:
        carrier.owners.take_over(carrier.handsets.name_all)
    if voice.file is not None:
        voice.file.take_over(voice.exchange.numbers.put_all)
    next_seq = 1
    for entry in carrier.journal.entries():
        if entry.keys() & KINDS:
            voice.apply(entry)
        elif "mail" in entry:
            mailroom.remember(read_mail(entry["mail"]))
        else:
            next_seq = max(next_seq, _apply(carrier, entry))
    carrier.ledger.skip_to(next_seq)
    carrier.journal.rewrite([*_present(carrier), *voice.entries(), *map(mail_entry, mailroom)])
    voice.drop_open()
    for message in carrier.ledger.after(0):
        carrier.counts.by_status[message.status] += 1
        carrier.plan(message)
    return len(carrier.ledger)


def _apply(carrier: Carrier, entry: Entry) -> int:
    """Apply one line of the journal and return the next free sequence number it tells of."""
    if "m" in entry:
        message = read_message(entry["m"])
        if carrier.ledger.get(message.sid) is None:
            carrier.remember(message)
        return message.seq + 1
    if "next" in entry:
        return int(entry["next"])
    if "s" in entry:
        sid, status, at, error_code = entry["s"]
        known = carrier.ledger.get(sid)
        if known is not None and not known.final:
            known.move(status, at, error_code)
            carrier.handsets.take(known.number).unread += status == DELIVERED
    elif "h" in entry:
        number, state = entry["h"]
        handset = carrier.handsets.take(number)
        handset.off, handset.opted_out, handset.unread = state
    elif "x" in entry and (doomed := carrier.ledger.get(entry["x"])):
        carrier.forget(doomed)
    elif "redacted" in entry and (emptied := carrier.ledger.get(entry["redacted"])):
        emptied.body = ""
    return 1


def _present(carrier: Carrier) -> list[Entry]:
    texts = [message_entry(message) for message in carrier.ledger.after(0)]
    states = [
        {"h": [each.number, [each.off, each.opted_out, each.unread]]}
        for each in carrier.handsets
        if each.off or each.opted_out or each.unread
    ]
    return [{"next": carrier.ledger.next_seq}, *texts, *states]
