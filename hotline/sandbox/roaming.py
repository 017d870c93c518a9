"""A handset lands abroad: the practice carrier tells the service, signed, as a real carrier would.

Where the service is, and the key to sign with, is in `sandbox/roaming.json` of the data directory; the service's demo data
writes it. The signature's form is the service's documented one and is made here anew, because nothing is imported from it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from hotline.sandbox.settings import CALLBACK_TIMEOUT_S, BadInput

FILE = "roaming.json"
NETWORKS = {
    "KR": "45005", "JP": "44010", "CN": "46000", "TW": "46692", "HK": "45412", "PH": "51503", "VN": "45204", "TH": "52003",
    "SG": "52501", "ID": "51010", "US": "310260", "GB": "23430", "FR": "20801", "DE": "26201", "TR": "28601", "AE": "42402",
    "EG": "60202", "AU": "50501",
}  # fmt: skip
"""One large network of each country a handset can land in (ITU-T E.212)."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MAX_FILE_BYTES = 4_096


async def land(data_dir: Path | None, number: str, country: str) -> dict[str, object]:
    """Tell the service that a handset has registered in a country; says plainly what came of it.

    Raises ``BadInput`` for a country that is not offered.
    """
    if country not in NETWORKS:
        raise BadInput(f"country: must be one of {', '.join(NETWORKS)}")
    known = _read(data_dir)
    if known is None:
        return {"reached": False, "reason": "no_key"}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    body = json.dumps({"events": [{"msisdn": number.lstrip("+"), "plmn": NETWORKS[country], "time": now}]}).encode()
    timestamp, key = str(int(time.time())), secrets.token_hex(16)
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "X-Hotline-Key": known["key_id"],
        "X-Hotline-Timestamp": timestamp,
        "X-Hotline-Signature": signature(known["secret"], timestamp, key, body),
    }
    limit = aiohttp.ClientTimeout(total=CALLBACK_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, trust_env=False) as session,
            session.post(known["url"], data=body, headers=headers, allow_redirects=False) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as problem:
        return {"reached": False, "reason": "no_answer", "detail": type(problem).__name__}
    return {"reached": True} if status == 202 else {"reached": False, "reason": "status", "detail": str(status)}


def signature(secret: str, timestamp: str, key: str, body: bytes) -> str:
    """Return the signature header: HMAC-SHA256 over timestamp, idempotency key and body, joined by line feeds."""
    return "v2=" + hmac.new(secret.encode(), f"{timestamp}\n{key}\n".encode() + body, hashlib.sha256).hexdigest()


def _read(data_dir: Path | None) -> dict[str, str] | None:
    """Return address, key and secret; None where there are none, or where the address is not this machine's."""
    if data_dir is None:
        return None
    try:
        with (data_dir / "sandbox" / FILE).open("rb") as file:
            found = json.loads(file.read(MAX_FILE_BYTES))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in ("url", "key_id", "secret")):
        return None
    return found if urlsplit(found["url"]).hostname in LOOPBACK else None
