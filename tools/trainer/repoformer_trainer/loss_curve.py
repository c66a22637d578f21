"""The loss of a run as a picture."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .run_folder import RunFolder

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 360, 60, 40, 38
COLOURS = {
    "generation": "#8ab4d8",
    "held_out_generation": "#1f5f99",
    "decision": "#e3b27a",
    "held_out_decision": "#a8560c",
    "text": "#a9cf9b",
    "held_out_text": "#3f7d2c",
    "teacher": "#c9a9d6",
    "held_out_teacher": "#73348a",
}
SMOOTHING = 0.9


def write_curve(folder: RunFolder) -> None:
    """Writes `curve.svg`: losses by step, those of single steps smoothed, as far as the run has come."""
    lines = folder.log()
    series = {name: _smooth([(line["step"], line[name]) for line in lines if name in line], name) for name in COLOURS}
    points = [point for each in series.values() for point in each]
    if not points:
        return
    most = max(value for _, value in points) * 1.05 or 1.0

    def place(step: int, value: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - 12) * step / max(1, folder.settings.steps - 1)
        return across, TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">'
    ]
    parts.append('<rect width="100%" height="100%" fill="white"/>')
    for tick in range(5):
        value = most * tick / 4
        _, down = place(0, value)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 12}" y1="{down:.1f}" y2="{down:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{down + 4:.1f}" text-anchor="end">{value:.2f}</text>')
    for number, (name, each) in enumerate((name, each) for name, each in series.items() if each):
        path = " ".join(f"{across:.1f},{down:.1f}" for across, down in (place(*point) for point in each))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        label = f"{name.replace('_', ' ')} {each[-1][1]:.3f}"
        across, down = LEFT + 8 + 165 * (number % 4), TOP - 8 - 14 * (number // 4)
        parts.append(f'<text x="{across}" y="{down}" fill="{COLOURS[name]}">{label}</text>')
    parts.append(
        f'<text x="{WIDTH - 12}" y="{HEIGHT - 12}" text-anchor="end">steps (of {folder.settings.steps}), nats</text>'
    )
    parts.append("</svg>\n")
    partial = folder.path / "curve.svg.partial"
    partial.write_text("\n".join(parts))
    os.replace(partial, folder.path / "curve.svg")


def _smooth(points: list[tuple[int, float]], name: str) -> list[tuple[int, float]]:
    if name.startswith("held_out"):
        return points
    smoothed, mean, weight = [], 0.0, 0.0
    for step, value in points:
        mean = SMOOTHING * mean + (1 - SMOOTHING) * value
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        smoothed.append((step, mean / weight))
    return smoothed
