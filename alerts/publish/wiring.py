"""What publishing brings: the public addresses, and what follows from an alert being sent or stopped."""

from __future__ import annotations

from alerts.publish import cli, pages, publishing, signer_pages
from hotline.core.i18n import gettext_noop
from hotline.core.registry import Registry, SubjectKind


def register(registry: Registry) -> None:
    """Add routes, handlers and labels."""
    registry.blueprints += [pages.blueprint, signer_pages.blueprint]
    registry.explanations |= signer_pages.EXPLANATIONS
    registry.on("AlertDispatched", "alerts.publish", publishing.on_dispatched)
    registry.on("AlertCancelled", "alerts.publish_stop", publishing.on_cancelled)
    registry.commands.append(cli.signers)
    registry.action_labels |= {
        "alert.published": gettext_noop("published it as a CAP document"),
        "signer.trusted": gettext_noop("trusted a signer's certificate"),
        "signer.distrusted": gettext_noop("withdrew the trust in a signer's certificate"),
    }
    registry.subjects["signer"] = SubjectKind(gettext_noop("Trusted signer"))
