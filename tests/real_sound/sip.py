"""One SIP endpoint of a process: bound to loopback, without a sound card, worked from a single thread.

Nothing but the processes of this folder imports pjsua2, which is under the GPL; the service never does.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pjsua2 as pj

RATE_HZ = 8_000
"""What G.711 carries, and therefore what is spoken and recorded: nothing is converted on the way."""
HOST = "127.0.0.1"
CODEC = "PCMU/8000"
TURN_S = 0.005
"""How long a process may rest between two looks at the network."""
RFC_4733 = pj.PJSUA_DTMF_METHOD_RFC2833
LOOP = 0
ONCE = pj.PJMEDIA_FILE_NO_LOOP


@contextmanager
def open_endpoint() -> Iterator[tuple[Any, str]]:
    """Yield the endpoint and its address as ``127.0.0.1:PORT``, on a free port."""
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    try:
        endpoint.libInit(_settings())
        # The sound card of this machine is nobody's business: a clock stands in for it.
        endpoint.audDevManager().setNullDev()
        transport = pj.TransportConfig()
        transport.port, transport.boundAddress = 0, HOST
        made = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        endpoint.libStart()
        codecs = endpoint.codecEnum2()
        for each in codecs:
            endpoint.codecSetPriority(each.codecId, 255 if each.codecId.startswith(CODEC) else 0)
        yield endpoint, endpoint.transportGetInfo(made).localName
    finally:
        # Calls must be gone before the library is: afterwards their destructors end the process.
        gc.collect()
        endpoint.libDestroy()


def _settings() -> Any:
    """Return settings under which every callback comes in the thread that calls ``libHandleEvents``."""
    settings = pj.EpConfig()
    settings.uaConfig.threadCnt, settings.uaConfig.mainThreadOnly = 0, True
    settings.uaConfig.maxCalls = 4
    settings.medConfig.sndAutoCloseTime = -1
    settings.medConfig.hasIoqueue, settings.medConfig.threadCnt = False, 0
    settings.medConfig.clockRate = settings.medConfig.sndClockRate = RATE_HZ
    settings.medConfig.ecTailLen, settings.medConfig.noVad = 0, True
    settings.logConfig.level = settings.logConfig.consoleLevel = 1
    return settings


def account_settings(user: str, address: str) -> Any:
    """Return the settings of an account that registers nowhere and sends its sound from loopback."""
    settings = pj.AccountConfig()
    settings.idUri = f"sip:{user}@{address}"
    sound = settings.mediaConfig.transportConfig
    sound.boundAddress, sound.port, sound.portRange = HOST, 0, 0
    return settings


class SipCall(pj.Call):  # type: ignore[misc]  # the bindings carry no types
    """One call; ``on_over`` is told once when it has ended, ``on_key`` of every key of the other end."""

    def __init__(self, account: Any, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        """``call_id`` names a call that came in."""
        super().__init__(account, call_id)
        self.over = False
        self.answered = False
        self.media: Any = None
        self.status = 0
        self._replied = 0
        self.on_media: Callable[[], None] = lambda: None
        self.on_over: Callable[[], None] = lambda: None
        self.on_key: Callable[[str, int], None] = lambda key, method: None

    def onCallState(self, prm: Any) -> None:  # noqa: N802 - the binding's name
        """Take over what the peer or we did to the call."""
        info = self.getInfo()
        self.answered = self.answered or info.state == pj.PJSIP_INV_STATE_CONFIRMED
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED and not self.over:
            self.over, self.status = True, info.lastStatusCode
            self.on_over()

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        """Remember the sound once it flows."""
        # Held by a name while its parts are looked at: the binding frees them together with the whole.
        info = self.getInfo()
        if self.media is None and any(
            each.type == pj.PJMEDIA_TYPE_AUDIO and each.status == pj.PJSUA_CALL_MEDIA_ACTIVE for each in info.media
        ):
            self.media = self.getAudioMedia(-1)
            self.on_media()

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        """Pass on a key that the other end pressed."""
        self.on_key(prm.digit, prm.method)

    def reply(self, status: int) -> None:
        """Answer an INVITE with a SIP status, once."""
        if self.over or self._replied >= status:
            return
        self._replied = status
        manner = pj.CallOpParam()
        manner.statusCode = status
        self.answer(manner)

    def end(self) -> None:
        """Hang up, if the call is still on."""
        if not self.over and self.isActive():
            self.hangup(pj.CallOpParam())
