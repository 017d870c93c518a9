"""Copies the few files that pages and the service need out of node_modules into the console's static directory.

There is no bundler: each file is served as its package ships it. `MANIFEST` is the complete list; a package's licence
goes along with its files.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_MODULES = ROOT / "node_modules"
VENDOR = ROOT / "hotline" / "console" / "static" / "vendor"

# Directory under vendor/: (npm package, {file or pattern inside the package: place under that directory}).
# A pattern's matches keep their own names.
MANIFEST: dict[str, tuple[str, dict[str, str]]] = {
    "leaflet": (
        "leaflet",
        {"dist/leaflet.js": "leaflet.js", "dist/leaflet.css": "leaflet.css", "dist/images/*.png": "images/"},
    ),
    "leaflet-geoman-free": (
        "@geoman-io/leaflet-geoman-free",
        {"dist/leaflet-geoman.min.js": "leaflet-geoman.min.js", "dist/leaflet-geoman.css": "leaflet-geoman.css"},
    ),
    "uplot": ("uplot", {"dist/uPlot.iife.min.js": "uPlot.iife.min.js", "dist/uPlot.min.css": "uPlot.min.css"}),
    "world-atlas": (
        "world-atlas",
        {"countries-50m.json": "countries-50m.json", "countries-110m.json": "countries-110m.json"},
    ),
    "topojson-client": ("topojson-client", {"dist/topojson-client.min.js": "topojson-client.min.js"}),
    "pretendard": (
        "pretendard",
        {
            "dist/web/variable/pretendardvariable-dynamic-subset.css": "pretendard.css",
            "dist/web/variable/woff2-dynamic-subset/*.woff2": "woff2-dynamic-subset/",
            # One weight of the same slices, half as heavy: for people's own pages, by the sheet that `derive_hangul` writes.
            "dist/web/static/woff2-dynamic-subset/Pretendard-Regular.subset.*.woff2": "hangul/",
            # Whole faces for reports as PDF, which embed the letters they use.
            "dist/public/static/alternative/Pretendard-Regular.ttf": "Pretendard-Regular.ttf",
            "dist/public/static/alternative/Pretendard-SemiBold.ttf": "Pretendard-SemiBold.ttf",
        },
    ),
    "mcc-mnc-list": ("mcc-mnc-list", {"mcc-mnc-list.json": "mcc-mnc-list.json"}),
    "twilio-voice": ("@twilio/voice-sdk", {"dist/twilio.min.js": "twilio.min.js"}),
    "country-coder": ("@rapideditor/country-coder", {"src/data/borders.json": "borders.json"}),
}
HANGUL = ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7A3))
"""Letters alone, letters of compatibility, syllables."""
HANGUL_OF_SYSTEMS = (
    "Apple SD Gothic Neo Regular", "AppleSDGothicNeo-Regular", "Malgun Gothic", "Noto Sans CJK KR", "Noto Sans CJK KR Regular",
    "NotoSansCJKkr-Regular", "Noto Sans KR", "NotoSansKR-Regular", "SamsungOneKorean-Regular", "NanumGothic",
)  # fmt: skip
"""Full and PostScript names of the faces that telephones and computers bring along."""
LICENCE_PATTERNS = ("LICENSE*", "LICENCE*", "dist/LICENSE*")


class MissingAsset(Exception):
    """A package no longer ships a file of the manifest."""


def vendor(node_modules: Path = NODE_MODULES, target: Path = VENDOR) -> int:
    """Copy the manifest's files; how many. The old directory is replaced at once, when the new one is complete.

    Raises MissingAsset when a package lacks a file.
    """
    fresh = target.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    copied = sum(
        _copy_package(node_modules / package, files, fresh / name) for name, (package, files) in MANIFEST.items()
    )
    sheet = fresh / "pretendard" / "pretendard.css"
    if sheet.is_file():
        sheet.with_name("hangul.css").write_text(derive_hangul(sheet.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return copied


def derive_hangul(sheet: str) -> str:
    """Return the style sheet of people's own pages, from the package's: Hangul alone, one weight, the device's own face first.

    A browser asks for a slice only when no family before it has the letter. So whoever has Korean on the device fetches no font,
    and whoever has not fetches some ten kilobytes for each slice that the page's own letters are in.
    """
    own = ", ".join(f'local("{name}")' for name in HANGUL_OF_SYSTEMS)
    every = ", ".join(f"U+{low:x}-{high:x}" for low, high in HANGUL)
    faces = [f'@font-face {{ font-family: "Own Hangul"; src: {own}; unicode-range: {every}; }}']
    for number, listed in re.findall(r"subset\.(\d+)\.woff2.*?unicode-range:([^;}]+)", sheet, re.DOTALL):
        ranges = ", ".join(_within_hangul(listed))
        if ranges:
            address = f"hangul/Pretendard-Regular.subset.{number}.woff2"
            faces.append(
                f'@font-face {{ font-family: "Sent Hangul"; font-display: swap; src: url({address}); unicode-range: {ranges}; }}'
            )
    # Pages name this before every other family: the sheet comes after the text, and Chromium keeps what it has drawn with a first
    # family that stays the same, boxes for missing letters as well. The faces hold Hangul alone, so the rest is the device's own.
    faces.append(':root { --hangul: "Own Hangul", "Sent Hangul"; }')
    return "\n".join(faces) + "\n"


def _within_hangul(listed: str) -> list[str]:
    """Return which of a sheet's ranges (`U+ac00, U+ace0-ace3`) are Hangul."""
    found = []
    for each in listed.split(","):
        first, _, last = each.strip().removeprefix("U+").partition("-")
        low, high = int(first, 16), int(last or first, 16)
        if any(start <= low and high <= end for start, end in HANGUL):
            found.append(each.strip())
    return found


def _copy_package(package: Path, files: dict[str, str], target: Path) -> int:
    copied = 0
    for pattern, place in files.items():
        matches = sorted(package.glob(pattern))
        if not matches:
            raise MissingAsset(f"{package.name} has no {pattern}")
        for source in matches:
            destination = target / place / source.name if place.endswith("/") else target / place
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, destination)
            copied += 1
    for pattern in LICENCE_PATTERNS:
        for licence in package.glob(pattern):
            shutil.copyfile(licence, target / licence.name)
    return copied


def main() -> int:
    """Copy everything and say how much."""
    try:
        copied = vendor()
    except MissingAsset as error:
        print(f"vendor_assets: {error}; run `npm ci`, or correct the manifest", file=sys.stderr)
        return 2
    print(f"vendor_assets: {copied} files in {VENDOR.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
