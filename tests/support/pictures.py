"""Small pictures: what the browser photographed, with a palette of at most 256 colours."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_INDEX = """async photo => {
    const bitmap = await createImageBitmap(await (await fetch("data:image/png;base64," + photo)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    const counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
    const palette = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 256).map(([colour]) => colour);
    const channels = colour => [colour & 255, colour >> 8 & 255, colour >> 16 & 255];
    const chosen = palette.map(channels), place = new Map(palette.map((colour, index) => [colour, index]));
    for (const colour of counts.keys()) {
        if (place.has(colour)) continue;
        const [red, green, blue] = channels(colour);
        let best = 0, least = Infinity;
        chosen.forEach(([r, g, b], index) => {
            const distance = (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
            if (distance < least) [best, least] = [index, distance];
        });
        place.set(colour, best);
    }
    const indices = Uint8Array.from(pixels, pixel => place.get(pixel));
    let text = "";
    for (let at = 0; at < indices.length; at += 32768) text += String.fromCharCode(...indices.subarray(at, at + 32768));
    return {width: canvas.width, height: canvas.height, palette: chosen.flat(), indices: btoa(text)};
}"""


def small(photo: bytes, blank: Page) -> bytes:
    """A PNG as a PNG with a palette: the commonest colours, and for each other one the nearest of them.

    Args:
        photo: a PNG.
        blank: an empty page that does the work.
    """
    found = blank.evaluate(_INDEX, base64.b64encode(photo).decode())
    width, height = found["width"], found["height"]
    indices = base64.b64decode(found["indices"])
    lines = b"".join(b"\0" + indices[row * width:(row + 1) * width] for row in range(height))
    return b"\x89PNG\r\n\x1a\n" + b"".join((
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        _chunk(b"PLTE", bytes(found["palette"])),
        _chunk(b"IDAT", zlib.compress(lines, 9)),
        _chunk(b"IEND", b"")))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
