"""How all charts look, as settings of matplotlib, which is not loaded here."""

from typing import Any

FAINT = "#dcdcdc"
LOOK: dict[Any, object] = {
    "font.size": 10,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
}
