"""The page's colours can be told apart by everyone, on light and on dark ground."""

import re
from itertools import combinations

import numpy as np
import pytest

from simulators.report.style import COLOURS, STYLE

SEEN_BY = {
    "everyone else": np.eye(3),
    "protanopes": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopes": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopes": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""What is left of linear red, green and blue (Machado, Oliveira and Fernandes 2009, severity 1)."""
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])
CATEGORIES = COLOURS[:6]
GROUNDS = dict(zip(("light", "dark"), re.findall(r":root\{([^}]*)\}", STYLE), strict=True))


def linear(colour: str) -> np.ndarray:
    """Return linear red, green and blue, 0 to 1, of a colour such as #0098c6 or #fff."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    parts = np.array([int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def perceived(light: np.ndarray) -> np.ndarray:
    """Return lightness and two opponent colours (CIE L*a*b*), in which distances are differences seen."""
    parts = TO_XYZ @ np.clip(light, 0, 1) / WHITE
    x, y, z = np.where(parts > 0.008856, np.cbrt(parts), 7.787 * parts + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def colours(ground: str) -> dict[str, str]:
    """Return the colours on a ground by name."""
    return dict(re.findall(r"--(\w+):(#[0-9a-f]+)", GROUNDS[ground]))


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("eyes", SEEN_BY)
def test_six_categories_are_told_apart_by_everyone(ground: str, eyes: str) -> None:
    """Any two differ by at least 20, where 2 is just seen side by side and 10 at a glance."""
    named = colours(ground)
    seen = {name: perceived(SEEN_BY[eyes] @ linear(named[name])) for name in CATEGORIES}
    near = {(one, other): np.linalg.norm(seen[one] - seen[other]) for one, other in combinations(CATEGORIES, 2)}
    assert min(near.values()) >= 20, min(near, key=lambda pair: near[pair])


@pytest.mark.parametrize("ground", GROUNDS)
def test_marks_and_words_stand_out_from_their_ground(ground: str) -> None:
    """Contrast is at least 3 for what is drawn and 4.5 for what is read, as WCAG 2 asks (1.4.11 and 1.4.3)."""
    named = colours(ground)
    bright = {name: float(TO_XYZ[1] @ linear(colour)) for name, colour in named.items()}

    def contrast(one: str, other: str) -> float:
        dark, light = sorted((bright[one], bright[other]))
        return (light + 0.05) / (dark + 0.05)

    assert {name for name in ("chief", *COLOURS) if contrast(name, "paper") < 3} == set()
    words = ("ink", "soft", "good", "bad")
    assert {name for name in words if min(contrast(name, "paper"), contrast(name, "card")) < 4.5} == set()
