"""What pages and the audit trail call calls, legs and what is done with them."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

STATES = {
    "dialling": gettext_noop("being called"),
    "menu": gettext_noop("in the menu"),
    "waiting": gettext_noop("waits"),
    "talking": gettext_noop("talks"),
    "forwarded": gettext_noop("forwarded"),
    "voicemail": gettext_noop("leaves a message"),
    "parting": gettext_noop("hears the end"),
    "ended": gettext_noop("call ended"),
}
STATE_KINDS = {
    "dialling": "waiting", "menu": "waiting", "waiting": "fault", "talking": "running", "forwarded": "agreed",
    "voicemail": "agreed", "parting": "done", "ended": "ended",
}  # fmt: skip
LEG_STATES = {
    "planned": gettext_noop("is dialled"),
    "placing": gettext_noop("is dialled"),
    "doubt": gettext_noop("is looked up"),
    "ringing": gettext_noop("rings"),
    "answered": gettext_noop("has picked up"),
    "joined": gettext_noop("is in the call"),
    "over": gettext_noop("has left"),
}
ROLES = {
    "caller": gettext_noop("Other side"),
    "agent": gettext_noop("Agent"),
    "colleague": gettext_noop("Colleague"),
    "interpreter": gettext_noop("Interpreter"),
    "partner": gettext_noop("Partner agency"),
    "mission": gettext_noop("Mission"),
    "supervisor": gettext_noop("Supervisor"),
}
KINDS = {name: ROLES[name] for name in ("partner", "mission", "interpreter")}
PROTECTS = {
    "warn": gettext_noop("Abusive: first warning"),
    "warn_again": gettext_noop("Abusive: last warning"),
    "end": gettext_noop("Abusive: end the call"),
}
"""What the one key for an abusive call does next."""
ORDERS = {
    "hold": gettext_noop("hold or bring back"),
    "redirect": gettext_noop("lead the person elsewhere"),
    "hang_up": gettext_noop("end a leg"),
    "coach": gettext_noop("change how a supervisor listens"),
    "announce": gettext_noop("say a sentence to the person"),
    "record": gettext_noop("record"),
    "delete_recording": gettext_noop("delete a recording"),
}
ORDER_STATES = {
    "waiting": gettext_noop("to be given"),
    "sending": gettext_noop("is being given"),
    "done": gettext_noop("carried out"),
    "failed": gettext_noop("not carried out"),
}
ORDER_KINDS = {"waiting": "waiting", "sending": "running", "done": "done", "failed": "fault"}
ENDS = {
    "hangup": gettext_noop("the person hung up"),
    "agent": gettext_noop("the agent ended it"),
    "agent_missed": gettext_noop("the agent did not come to the phone"),
    "abuse": gettext_noop("ended as abusive"),
    "blocked": gettext_noop("the number is blocked"),
    "callback": gettext_noop("a callback was promised"),
    "forwarded": gettext_noop("passed on outside"),
    "voicemail": gettext_noop("a message was left"),
    "fallback": gettext_noop("came in an outage; whether the duty telephone was reached is not known"),
    "busy": gettext_noop("the line was busy"),
    "no_answer": gettext_noop("nobody picked up"),
    "failed": gettext_noop("could not be connected"),
    "canceled": gettext_noop("given up"),
}
MODES = {
    "listen": gettext_noop("Listen"),
    "whisper": gettext_noop("Whisper"),
    "join": gettext_noop("Join"),
}
ACTIONS = {
    "call.held": gettext_noop("person put on hold"),
    "call.resumed": gettext_noop("person brought back"),
    "call.duty_rung": gettext_noop("mission's duty telephone rung"),
    "call.duty_unreached": gettext_noop("nobody of the mission's duty was reached"),
    "call.invited": gettext_noop("third party called in"),
    "call.released": gettext_noop("third party let go"),
    "call.monitored": gettext_noop("call listened to"),
    "call.handed_over": gettext_noop("call handed over"),
    "call.passed_on": gettext_noop("hard call passed on by a volunteer"),
    "call.requeued": gettext_noop("call given to a queue"),
    "call.forwarded": gettext_noop("call forwarded"),
    "call.finished": gettext_noop("call ended by the agent"),
    "call.placed": gettext_noop("person called"),
    "call.reconciled": gettext_noop("calls of an outage written down"),
    "recording.heard": gettext_noop("recording heard"),
    "recording.deleted": gettext_noop("recordings deleted"),
    "menu.saved": gettext_noop("menu draft saved"),
    "menu.published": gettext_noop("menu published"),
    "announcement.made": gettext_noop("announcement made"),
    "announcement.ended": gettext_noop("announcement ended"),
    "callline.saved": gettext_noop("line saved"),
    "callline.deleted": gettext_noop("line taken away"),
    "phonebook.saved": gettext_noop("phone book entry saved"),
    "phonebook.deleted": gettext_noop("phone book entry deleted"),
    "callerid.saved": gettext_noop("caller number rule saved"),
    "callerid.deleted": gettext_noop("caller number rule deleted"),
}
EXPLANATIONS = {
    "not-first-level": gettext_noop("Staff choose the queue that a call goes to."),
    "first-level": gettext_noop("This call is one for staff: choose a colleague who is no volunteer."),
    "recording-not-yours": gettext_noop(
        "You can hear recordings of calls in which you talked and of cases that are yours."
    ),
    "not-your-call": gettext_noop("This is not your call."),
    "not-talking": gettext_noop("The call is over, or nobody talks in it now."),
    "nobody-on-line": gettext_noop("The person is not on the line."),
    "nobody-joined": gettext_noop("Nobody has joined yet who could take the call over."),
    "already-invited": gettext_noop("They are in this call or being rung already."),
    "no-duty-phone": gettext_noop("This call is for no mission, or nobody of the mission can be rung."),
    "call-full": gettext_noop("There are enough people in this call."),
    "in-a-call": gettext_noop("You are in a call already."),
    "first-level-numbers": gettext_noop("You call people from the page of their case, not other numbers."),
    "forward-loop": gettext_noop("That line is forwarded to us; the call would come back."),
    "phone-in-book": gettext_noop("This number is in the book already: %(name)s."),
    "menu-changed": gettext_noop("Somebody else changed the draft meanwhile; load the page again."),
    "menu-queue-gone": gettext_noop(
        "Not published: these queues are not open: %(names)s. Open them, or lead the keys elsewhere."
    ),
    "menu-no-draft": gettext_noop("Keep a draft of the menu first."),
    "bad-sound": gettext_noop("Use a WAV (PCM, A-law or µ-law) or an MP3 file of at most 2 MB."),
    "sounds-full": gettext_noop("There are 200 recordings in the versions of the menu; no more fit."),
    "menu.question": gettext_noop("Choose one of the questions."),
    "menu.language": gettext_noop("Choose a language that the question has a text in."),
    "menu-draft-exists": gettext_noop("There is a draft already; publish it first."),
    "no-agent": gettext_noop("You are not set up as an agent; an administrator does that."),
    "nothing-to-write-up": gettext_noop("No call waits for a write-up."),
    "no-browser-calls": gettext_noop("Calls cannot be answered in the browser here."),
    "no-recording": gettext_noop("The recording cannot be had right now; try again in a minute."),
    "call.phone": gettext_noop("Write the number in international form, such as +82 10 1234 5678."),
    "call.entry": gettext_noop("Choose an entry of the phone book."),
    "call.agent": gettext_noop("Choose a colleague."),
    "call.agent_id": gettext_noop("Choose a colleague other than yourself."),
    "call.queue": gettext_noop("Choose a queue that is open."),
    "call.case": gettext_noop("Choose one of the open cases that are shown."),
    "call.summary": gettext_noop("Say in one line, at most 200 characters, what it is about."),
    "call.country": gettext_noop("Choose a country."),
    "call.disposition": gettext_noop("Choose what the call was about."),
    "call.mood": gettext_noop("Choose one of the moods, or none."),
    "call.risk": gettext_noop("Choose risks of the list only."),
    "call.note": gettext_noop("The note is too long: at most 4,000 characters, 1,000 with the end of an abusive call."),
    "call.mode": gettext_noop("Choose listen, whisper or join."),
    "call.state": gettext_noop("Choose ready, not ready or off duty."),
    "call.reason": gettext_noop("Choose a reason."),
    "phonebook.kind": gettext_noop("Choose what kind it is."),
    "phonebook.phone": gettext_noop("Write the number in international form, such as +82 2 1588 1234."),
    "phonebook.name_ko": gettext_noop("Write the name in Korean."),
    "phonebook.name_en": gettext_noop("Write the name in English."),
    "phonebook.languages": gettext_noop("Write codes of languages with commas between, such as vi, th."),
    "phonebook.country": gettext_noop("Choose a country, or none."),
    "phonebook.note": gettext_noop("Use at most 300 characters."),
    "phonebook.prefix": gettext_noop("Choose a country, or write a plus sign and the first digits, such as +81."),
    "phonebook.caller_id": gettext_noop("Write one of our numbers in international form."),
    "menu.number": gettext_noop("Write the number in international form, such as +82 2 3333 0001."),
    "menu.mission": gettext_noop("Choose a mission."),
    "menu.hours": gettext_noop("Use 1 to 336 hours."),
    "menu.ko": gettext_noop("Write the text in Korean."),
    "menu.en": gettext_noop("Write the text in English."),
    "menu.greeting_ko": gettext_noop(
        "Write the greeting in Korean as well, at most 1,000 characters, or in neither language."
    ),
    "menu.greeting_en": gettext_noop(
        "Write the greeting in English as well, at most 1,000 characters, or in neither language."
    ),
    "menu.country": gettext_noop("Choose a country, or all countries."),
}
MENU_FAULTS = {
    "no-question": gettext_noop("There is no question in it."),
    "too-many": gettext_noop("At most 40 questions; take some out."),
    "entry": gettext_noop("What is heard first must be one of the questions."),
    "danger-key": gettext_noop("The key for danger to life is one digit."),
    "person": gettext_noop("Choose the queue where a person is found."),
    "name": gettext_noop(
        "The name begins with a letter and has letters of the Latin alphabet, digits and hyphens, at most 40."
    ),
    "name-twice": gettext_noop("Two questions have this name."),
    "text-ko": gettext_noop("The text in Korean is missing."),
    "text-en": gettext_noop("The text in English is missing."),
    "text-long": gettext_noop("A text has at most 1,500 characters."),
    "no-key": gettext_noop("No key leads anywhere."),
    "key-danger": gettext_noop("This key is the one for danger to life; leave it empty."),
    "key-target": gettext_noop("Choose where the key leads."),
    "key-gone": gettext_noop("It leads to a question that is not there."),
    "key-number": gettext_noop("Write the number in international form, such as +82 2 3210 0404."),
    "key-skills": gettext_noop("Write at most 8 skills in small letters with commas between, such as visa, passport."),
    "key-priority": gettext_noop("The priority is 0 to 9."),
}
"""What can be wrong with a menu's draft, by the codes of `hotline.calls.menu_form`."""
VERSION_STATES = {
    "draft": gettext_noop("draft"),
    "published": gettext_noop("heard now"),
    "retired": gettext_noop("earlier"),
    "drill": gettext_noop("heard in drills"),
}
VERSION_KINDS = {"draft": "draft", "published": "running", "retired": "ended", "drill": "waiting"}
CHANGES = {"new": gettext_noop("new"), "changed": gettext_noop("changed"), "gone": gettext_noop("taken out")}
SCRIPTS = {
    "hello": {
        "title": gettext_noop("Greeting"),
        "ko": "안녕하십니까, {centre} 상담원 {agent}입니다. 무엇을 도와드릴까요?",
        "en": "Hello, this is {agent} at the {centre}. How can I help you?",
    },
    "danger": {
        "title": gettext_noop("Danger to life"),
        "danger": "yes",
        "ko": "전화를 끊지 마세요. 지금 정확히 어디에 계십니까? 현지 구조대에 신고하셨습니까? 제가 함께 연결해 드리겠습니다.",
        "en": "Stay on the line. Where exactly are you? Have you called local emergency services? I will help you reach them.",
    },
    "safe": {
        "title": gettext_noop("First: are they safe?"),
        "ko": "지금 안전한 곳에 계십니까? 다치신 분이 있습니까? 몇 분이 함께 계십니까?",
        "en": "Are you in a safe place now? Is anybody hurt? How many are you?",
    },
    "where": {
        "title": gettext_noop("Where and how to reach them"),
        "ko": "계신 곳의 주소나 가까운 건물을 말씀해 주세요. 전화가 끊기면 이 번호로 다시 걸어도 됩니까?",
        "en": "Tell me the address or a building nearby. If the line drops, may we call this number back?",
    },
    "close": {
        "title": gettext_noop("Closing"),
        "ko": "말씀하신 내용을 정리하겠습니다. 다음에 할 일과 연락드릴 시각을 확인해 주세요.",
        "en": "Let me repeat what we agreed: what happens next, and when we call you.",
    },
}  # fmt: skip
assert set(STATES) == set(STATE_KINDS), "every state has a name and a colour"
