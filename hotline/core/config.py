"""Settings from the environment, read once at start; every name the outside relies on is here."""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _env(*names: str) -> AliasChoices:
    return AliasChoices(*(name.lower() for name in names), *names)


class Settings(BaseSettings):
    """Everything that differs between two installations.

    Durations carry their unit in the name. URLs have no trailing slash.
    """

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", case_sensitive=False)

    database_url: str = Field(validation_alias=_env("HOTLINE_DATABASE_URL"))
    redis_url: str = Field(validation_alias=_env("HOTLINE_REDIS_URL"))
    public_url: str = Field("http://127.0.0.1:8000", validation_alias=_env("HOTLINE_PUBLIC_URL"))
    live_url: str = Field("", validation_alias=_env("HOTLINE_LIVE_URL"))
    secret_key: SecretStr = Field(validation_alias=_env("HOTLINE_SECRET_KEY"))
    data_dir: Path = Field(Path(".data"), validation_alias=_env("HOTLINE_DATA_DIR"))
    trusted_proxies: int = Field(0, ge=0, le=4, validation_alias=_env("HOTLINE_TRUSTED_PROXIES"))

    twilio_account_sid: str = Field("", validation_alias=_env("TWILIO_ACCOUNT_SID"))
    twilio_auth_token: SecretStr = Field(SecretStr(""), validation_alias=_env("TWILIO_AUTH_TOKEN"))
    twilio_api_base_url: str = Field("https://api.twilio.com", validation_alias=_env("TWILIO_API_BASE_URL"))
    twilio_from: str = Field("", validation_alias=_env("TWILIO_FROM"))
    twilio_messaging_service_sid: str = Field("", validation_alias=_env("TWILIO_MESSAGING_SERVICE_SID"))

    twilio_voice_from: str = Field("", validation_alias=_env("TWILIO_VOICE_FROM"), pattern=r"^(\+[1-9][0-9]{6,14})?$")
    """The number that calls come from; empty takes TWILIO_FROM."""
    voice_calls_per_s: float = Field(1.0, ge=0.1, le=200, validation_alias=_env("HOTLINE_VOICE_CALLS_PER_S"))
    """How many calls may begin in a second, over all workers; a new account may do one."""
    voice_ring_s: int = Field(30, ge=5, le=120, validation_alias=_env("HOTLINE_VOICE_RING_S"))
    """How long a telephone rings before a call counts as not picked up."""

    voice_duty_number: str = Field(
        "", validation_alias=_env("HOTLINE_VOICE_DUTY_NUMBER"), pattern=r"^(\+[1-9][0-9]{6,14})?$"
    )
    """The telephone that callers are connected to while the database is away; empty takes the first of the duty numbers."""
    voice_emergency_ko: str = Field(
        "대한민국 영사콜센터입니다. 지금 시스템에 장애가 있습니다. "
        "생명이 위급하면 먼저 현지 경찰과 구급대에 전화하세요. 당직자에게 연결합니다.",
        validation_alias=_env("HOTLINE_VOICE_EMERGENCY_KO"),
        max_length=1000,
    )
    voice_emergency_en: str = Field(
        "This is the Korean consular call centre. Our system has a fault. If a life is in danger, call the local police or "
        "ambulance first. You are being connected to the officer on duty.",
        validation_alias=_env("HOTLINE_VOICE_EMERGENCY_EN"),
        max_length=1000,
    )
    """What callers hear while the database is away; `{number}` becomes the duty number, digit by digit."""
    voice_agent_ring_s: int = Field(18, ge=10, le=60, validation_alias=_env("HOTLINE_VOICE_AGENT_RING_S"))
    """How long an agent's telephone rings before the call goes to the next."""
    overflow_sip_domain: str = Field(
        "", validation_alias=_env("HOTLINE_OVERFLOW_SIP_DOMAIN"), pattern=r"^[A-Za-z0-9.-]{0,200}$"
    )
    """The SIP domain at which embassies' exchanges reach us, such as `hotline.sip.twilio.com`; empty: by number only."""
    record_calls: bool = Field(False, validation_alias=_env("HOTLINE_RECORD_CALLS"))
    """Record conversations; every caller is told so first."""
    recording_days: int = Field(90, ge=1, le=3650, validation_alias=_env("HOTLINE_RECORDING_DAYS"))
    """How long recordings and messages are kept at the provider before they are deleted there."""
    twilio_api_key_sid: str = Field("", validation_alias=_env("TWILIO_API_KEY_SID"))
    twilio_api_key_secret: SecretStr = Field(SecretStr(""), validation_alias=_env("TWILIO_API_KEY_SECRET"))
    """The key that signs browser agents' short-lived tokens; empty: agents answer on their own telephones."""
    twilio_twiml_app_sid: str = Field("", validation_alias=_env("TWILIO_TWIML_APP_SID"))

    line_test_from: str = Field("", validation_alias=_env("HOTLINE_LINE_TEST_FROM"), pattern=r"^(\+[1-9][0-9]{6,14})?$")
    """The number that test calls of missions' lines come from, kept for them; empty takes the one usually shown."""
    line_test_weekday: int = Field(3, ge=1, le=7, validation_alias=_env("HOTLINE_LINE_TEST_WEEKDAY"))
    line_test_hour: int = Field(3, ge=0, le=23, validation_alias=_env("HOTLINE_LINE_TEST_HOUR"))
    """When every line is tested each week, in the mission's own zone: 1 is Monday."""
    line_tests_at_once: int = Field(2, ge=1, le=20, validation_alias=_env("HOTLINE_LINE_TESTS_AT_ONCE"))
    """How many test calls may be under way at the same time."""

    smtp_url: SecretStr = Field(SecretStr(""), validation_alias=_env("HOTLINE_SMTP_URL"))
    """The mail server (see `hotline.core.smtp_address`); it holds our password there. Empty: no e-mail."""
    smtp_ca_file: str = Field("", validation_alias=_env("HOTLINE_SMTP_CA_FILE"))
    """PEM file of the authority that signed the mail server's certificate; empty takes the system's."""
    mail_from: str = Field("", validation_alias=_env("HOTLINE_MAIL_FROM"), max_length=400)
    """Whom mails come from: an address, or `Name <address>`."""
    mails_per_s: float = Field(10.0, ge=0.1, le=1000, validation_alias=_env("HOTLINE_MAILS_PER_S"))
    """How many mails may leave in a second, over all workers."""

    smpp_url: SecretStr = Field(SecretStr(""), validation_alias=_env("SMPP_URL"))
    """Binds to message centres (see `hotline.providers.smpp.address`); it holds their passwords."""

    hotline_number: str = Field("+82232100404", validation_alias=_env("HOTLINE_NUMBER"))
    """The centre's own number, which every text may name (the Korean consular centre's published number)."""
    home_zone: str = Field("Asia/Seoul", validation_alias=_env("HOTLINE_HOME_ZONE"))

    cap_sender: str = Field("", validation_alias=_env("HOTLINE_CAP_SENDER"), pattern=r"^[^\s,<&]{0,200}$")
    """The name under which warnings are published as CAP; empty takes `alerts@` and the public host."""
    cap_key_file: str = Field("", validation_alias=_env("HOTLINE_CAP_KEY_FILE"))
    cap_certificate_file: str = Field("", validation_alias=_env("HOTLINE_CAP_CERTIFICATE_FILE"))
    """PEM files of the private key and the certificate that published CAP is signed with; both or neither."""
    voucher_key: str = Field("", validation_alias=_env("HOTLINE_VOUCHER_KEY"))
    voucher_key_password: SecretStr = Field(SecretStr(""), validation_alias=_env("HOTLINE_VOUCHER_KEY_PASSWORD"))
    """PKCS#12 file of the key that signs payout vouchers, and its password; empty makes a key in the data directory."""
    pickup_code_hours: int = Field(24, ge=1, le=336, validation_alias=_env("HOTLINE_PICKUP_CODE_HOURS"))
    """How long the code for fetching emergency money is good; what comes later needs a new code."""
    duty_numbers: str = Field(
        "",
        validation_alias=_env("HOTLINE_DUTY_NUMBERS"),
        pattern=r"^(\+[1-9][0-9]{6,14}(, ?\+[1-9][0-9]{6,14}){0,9})?$",
    )
    """Up to ten telephones in E.164, separated by commas, that get a text when a feed has made a draft."""
    feeds_allow_private: bool = Field(False, validation_alias=_env("HOTLINE_FEEDS_ALLOW_PRIVATE"))
    """Let feeds of warnings be fetched from this machine and private networks, for practice only."""

    dispatch_in_flight: int = Field(256, ge=1, le=2000, validation_alias=_env("HOTLINE_DISPATCH_IN_FLIGHT"))
    dispatch_timeout_s: float = Field(15.0, gt=0, le=60, validation_alias=_env("HOTLINE_DISPATCH_TIMEOUT_S"))
    dispatch_lease_s: float = Field(60.0, gt=0, le=600, validation_alias=_env("HOTLINE_DISPATCH_LEASE_S"))
    dispatch_settle_s: float = Field(20.0, gt=0, le=600, validation_alias=_env("HOTLINE_DISPATCH_SETTLE_S"))
    """How long after the last moment a text could have been accepted the provider's record may still not show it."""
    dispatch_lane_s: float = Field(20.0, gt=0, le=60, validation_alias=_env("HOTLINE_DISPATCH_LANE_S"))
    """How long one lane works before it makes room for other jobs of its worker."""
    dispatch_max_attempts: int = Field(5, ge=1, le=20, validation_alias=_env("HOTLINE_DISPATCH_MAX_ATTEMPTS"))
    sms_validity_max_s: int = Field(21_600, ge=60, le=36_000, validation_alias=_env("HOTLINE_SMS_VALIDITY_MAX_S"))
    """Longest time a carrier may keep trying to deliver a text; what arrives later than this is a stale warning."""
    handover_urgent_minutes: int = Field(60, ge=5, le=1440, validation_alias=_env("HOTLINE_HANDOVER_URGENT_MINUTES"))
    handover_minutes: int = Field(180, ge=5, le=1440, validation_alias=_env("HOTLINE_HANDOVER_MINUTES"))
    """How long a mission has to acknowledge a hand-over with and without urgent things, before the duty officer is told."""
    staffing_level: float = Field(0.8, ge=0.1, le=0.99, validation_alias=_env("HOTLINE_STAFFING_LEVEL"))
    staffing_within_s: int = Field(20, ge=1, le=600, validation_alias=_env("HOTLINE_STAFFING_WITHIN_S"))
    """The service level that needed agents are computed for: this share of calls answered within so many seconds."""
    staffing_patience_s: int = Field(120, ge=10, le=3600, validation_alias=_env("HOTLINE_STAFFING_PATIENCE_S"))
    staffing_redial: float = Field(0.5, ge=0.0, le=0.95, validation_alias=_env("HOTLINE_STAFFING_REDIAL"))
    """Mean patience while too few have hung up to measure it, and the share of those who hung up that calls again."""
    staffing_calls_per_1000: float = Field(
        5.0, ge=0.0, le=500, validation_alias=_env("HOTLINE_STAFFING_CALLS_PER_1000")
    )
    """How many calls an alert to a thousand people is expected to bring, before the calls themselves say better."""
    staffing_lead_minutes: int = Field(20, ge=1, le=240, validation_alias=_env("HOTLINE_STAFFING_LEAD_MINUTES"))
    """How long volunteers take from the call-out to the first call, until past call-outs say better."""
    demo: bool = Field(False, validation_alias=_env("HOTLINE_DEMO"))
    """The installation holds made-up people for practice; every page says so."""
    worker_queues: str = Field("urgent,default,slow", validation_alias=_env("HOTLINE_WORKER_QUEUES"))
    session_hours: int = Field(12, ge=1, le=24, validation_alias=_env("HOTLINE_SESSION_HOURS"))
    web_workers: int = Field(2, ge=1, le=64, validation_alias=_env("HOTLINE_WEB_WORKERS"))
    web_threads: int = Field(16, ge=1, le=64, validation_alias=_env("HOTLINE_WEB_THREADS"))

    @field_validator("public_url", "live_url", "twilio_api_base_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _postgresql_only(cls, value: str) -> str:
        if not value.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
            raise ValueError("must be a PostgreSQL address such as postgresql://user@host/hotline")
        return value

    @property
    def duty_phones(self) -> list[str]:
        """The duty numbers one by one."""
        return [number.strip() for number in self.duty_numbers.split(",") if number.strip()]

    @property
    def secure_cookies(self) -> bool:
        """Cookies carry the Secure flag wherever the public address is https."""
        return self.public_url.startswith("https://")


MAX_VALIDITY_H = 10 * 366 * 24.0


class PositionSettings(BaseSettings):
    """How long positions hold. Apart from the rest, because stages deep inside need it and nothing that has a secret."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", case_sensitive=False)

    position_validity_h: dict[str, float] = Field(
        default_factory=dict, validation_alias=_env("HOTLINE_POSITION_VALIDITY_H")
    )
    """Hours by `precision`, `source` or `source.precision`, as JSON: `{"exact": 12, "roaming.country": 336}`."""

    @field_validator("position_validity_h")
    @classmethod
    def _some_hours(cls, value: dict[str, float]) -> dict[str, float]:
        if not all(0 < hours <= MAX_VALIDITY_H for hours in value.values()):
            raise ValueError(f"every validity is more than 0 and at most {MAX_VALIDITY_H:g} hours")
        return value


def load_settings(**overrides: object) -> Settings:
    """Read the environment; keyword arguments win over it (for tests and commands)."""
    return Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates each of them
