"""What the doctor looks at whoever the vendor is: clock, certificate, where events go."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from cryptography import x509

from fairlead.errors import EgressRefused, FairleadError, Unavailable
from fairlead.http import Transport, origin_of
from fairlead.model.credentials import ClientCredentials, Credentials, TwoStepCredentials
from fairlead.model.diagnosis import Chart, Finding, Level, finding_of
from fairlead.model.exchange import Request
from fairlead.model.provider import Reply

#: a certificate that ends sooner is a warning: replacing it takes people some weeks
CERTIFICATE_MARGIN = timedelta(days=30)
#: signed statements are refused when clocks differ by about five minutes
WORST_SKEW = timedelta(minutes=4)
#: longer than anybody healthy takes
LIMIT = timedelta(seconds=10)


def check_clock(chart: Chart, answer: Reply, now: datetime) -> None:
    """Compare this server's clock with the one that dated an answer."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    skew = now - theirs
    if abs(skew) < WORST_SKEW:
        chart.passed("clock", f"It differs from theirs by {abs(skew).total_seconds():.0f} s.")
        return
    minutes = round(abs(skew).total_seconds() / 60)
    ahead = "ahead of" if skew > timedelta() else "behind"
    chart.failed(
        "clock",
        Finding(
            code="clock_skew",
            level=Level.PROBLEM,
            who="operator",
            cause=f"This server's clock is {minutes} minutes {ahead} the vendor's.",
            fix="The operator must set the clock, for example by NTP.",
            detail=f"ours {now:%Y-%m-%dT%H:%M:%SZ}, theirs {theirs:%H:%M:%SZ}",
        ),
    )


async def check_webhook(chart: Chart, transport: Transport, url: str) -> None:
    """See whether somebody is where events go; "" is nowhere."""
    if not url:
        chart.skipped("webhooks", "There is no address for events (FAIRLEAD_WEBHOOK_URL).")
        return
    try:
        # a HEAD does nothing there; whatever is answered, somebody is there
        async with await transport.send(
            Request(method="HEAD", url=url), total_timeout=LIMIT
        ) as answer:
            status = answer.status
    except FairleadError as error:
        # the address may hold a secret: its host is enough
        code = "webhook_refused" if isinstance(error, EgressRefused) else "webhook_unreachable"
        cause = f"Events cannot be delivered to {origin_of(url)}: {error.message}"
        chart.failed(
            "webhooks",
            Finding(
                code=code,
                level=Level.PROBLEM,
                who="operator",
                cause=cause.rstrip(".") + ".",
                fix="The operator must correct FAIRLEAD_WEBHOOK_URL (or the connection's own "
                "address), or let this server reach it.",
            ),
        )
        return
    chart.passed("webhooks", f"Their address answers, with status {status}.")


def unreachable(origin: str, error: FairleadError) -> Finding:
    """Return what it means that no answer came from an origin."""
    if not isinstance(error, Unavailable):
        return finding_of(error)
    return Finding(
        code="provider_unreachable",
        level=Level.PROBLEM,
        who="operator",
        cause=error.message.partition(";")[0].rstrip(".") + ".",
        fix=f"The operator must let this server reach {origin} (firewall, DNS, proxy), or correct "
        "the address.",
        detail=error.detail,
    )


def certificate_of(credentials: Credentials) -> str | None:
    """Return the certificate by which the app proves itself, PEM."""
    if isinstance(credentials, ClientCredentials | TwoStepCredentials):
        return credentials.client_certificate
    return None


def check_certificate(chart: Chart, credentials: Credentials, now: datetime) -> None:
    """See how long the app's certificate is good for."""
    pem = certificate_of(credentials)
    if pem is None:
        return
    try:
        ends = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    except ValueError:
        chart.failed(
            "certificate",
            Finding(
                code="certificate_unreadable",
                level=Level.PROBLEM,
                who="operator",
                cause="What the connection has as a certificate is none.",
                fix="The operator must connect again with a certificate in PEM or PFX.",
            ),
        )
        return
    chart.facts["certificateExpiresAt"] = ends.isoformat()
    if ends - now > CERTIFICATE_MARGIN:
        chart.passed("certificate", f"It is good until {ends:%Y-%m-%d}.")
        return
    is_over = ends <= now
    said = "expired on" if is_over else "expires on"
    chart.failed(
        "certificate",
        Finding(
            code="certificate_expired" if is_over else "certificate_expires_soon",
            level=Level.PROBLEM if is_over else Level.WARNING,
            who="operator",
            cause=f"The certificate by which the app proves itself {said} {ends:%Y-%m-%d}.",
            fix="The operator must make a new one, register its public part with the app, and "
            "connect again with it.",
        ),
    )
