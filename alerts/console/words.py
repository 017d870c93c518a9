"""Words that the pages' scripts show, in the reader's language, and the addresses that every map needs."""

from __future__ import annotations

from flask import url_for

from hotline.console.assets import asset
from hotline.core.i18n import gettext


def map_urls() -> dict[str, str]:
    """Return the addresses of outlines, cities and heat."""
    return {
        "outlines": asset("vendor/world-atlas/countries-50m.json"),
        "cities": url_for("alerts.cities"),
        "heat": url_for("alerts.heat"),
    }


def shared_words() -> dict[str, str]:
    """Return what every script may say."""
    return {"unreachable": gettext("The service cannot be reached. Check the network; nothing was changed.")}


def editor_words() -> dict[str, str]:
    """Return the words of the editor; `%(name)s` is filled in by the script."""
    return shared_words() | map_words() | text_words() | save_words()


def map_words() -> dict[str, str]:
    """Return the words of areas and of the count."""
    return {
        "noArea": gettext("Nothing is drawn yet. Draw on the map, search for a place, or choose a country."),
        "areaName": gettext("Name of this area"),
        "areaNameOf": gettext("Name of area %(number)s", number="%(number)s"),
        "removeArea": gettext("Remove area %(name)s", name="%(name)s"),
        "removeShape": gettext("Remove: %(shape)s", shape="%(shape)s"),
        "polygon": gettext("Polygon, %(corners)s corners", corners="%(corners)s"),
        "circle": gettext("Circle, %(radius)s km", radius="%(radius)s"),
        "latitude": gettext("Latitude"),
        "longitude": gettext("Longitude"),
        "radiusKm": gettext("Radius (km)"),
        "cornerOf": gettext("Corner %(number)s: %(name)s", number="%(number)s", name="%(name)s"),
        "insertCorner": gettext("Insert a corner after %(number)s", number="%(number)s"),
        "removeCorner": gettext("Remove corner %(number)s", number="%(number)s"),
        "cornerRange": gettext(
            "%(first)s–%(last)s of %(total)s", first="%(first)s", last="%(last)s", total="%(total)s"
        ),
        "previous": gettext("Previous corners"),
        "next": gettext("Next corners"),
        "moveCircle": gettext("Move the circle"),
        "resizeCircle": gettext("Change the radius"),
        "others": gettext("Others"),
        "asOf": gettext("Positions as of %(time)s", time="%(time)s"),
        "noPlace": gettext("No place of this name is known."),
        "country": gettext("country"),
        "around": gettext("%(place)s and %(radius)s km around", place="%(place)s", radius="%(radius)s"),
        "drawPolygon": gettext("Click corner after corner; click the first one to close. Esc gives up."),
        "drawCircle": gettext("Click the centre, then the edge. Esc gives up."),
        "drawRectangle": gettext("Click one corner, then the opposite one. Esc gives up."),
        "people": gettext("%(count)s people inside", count="%(count)s"),
    }


def text_words() -> dict[str, str]:
    """Return the words of the texts' boxes."""
    return {
        "addLanguage": gettext("Add a language …"),
        "templateTaken": gettext(
            "Taken: %(name)s, version %(version)s. Check the texts, then save.", name="%(name)s", version="%(version)s"
        ),
        "templateUndone": gettext("The texts are as they were before."),
        "removeLanguage": gettext("Remove the text in %(language)s", language="%(language)s"),
        "textCost": gettext(
            "%(encoding)s · %(units)s units · %(parts)s part(s) · %(left)s left in this part",
            encoding="%(encoding)s", units="%(units)s", parts="%(parts)s", left="%(left)s",
        ),
        "costFor": gettext("about %(cost)s for %(count)s people", cost="%(cost)s", count="%(count)s"),
    }  # fmt: skip


def save_words() -> dict[str, str]:
    """Return the words of saving and of asking for approval."""
    return {
        "saved": gettext("Saved at %(time)s", time="%(time)s"),
        "saving": gettext("Saving …"),
        "unsaved": gettext("Not saved yet"),
        "notSaved": gettext("Could not be saved"),
        "leave": gettext("There are changes that are not saved."),
        "mine": gettext("Mine"),
        "theirs": gettext("My colleague's"),
        "empty": gettext("(empty)"),
        "areasSummary": gettext(
            "%(polygons)s polygons, %(circles)s circles", polygons="%(polygons)s", circles="%(circles)s"
        ),
        "missing": gettext("Before approval can be asked for:"),
    }
