"""Draws the loss curve of a training log as a small PNG (log scale)."""

import argparse
import math
import re

import cairo

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 320, 52, 36, 16


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log")
    parser.add_argument("out")
    args = parser.parse_args()
    with open(args.log) as f:
        points = [(int(m[1]), float(m[2])) for m in re.finditer(r"samples (\d+) loss ([\d.]+)", f.read())]
    last = points[-1][0]
    low, high = math.log(min(p[1] for p in points) * 0.9), math.log(max(p[1] for p in points) * 1.1)
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, WIDTH, HEIGHT)
    ctx = cairo.Context(surface)
    ctx.set_source_rgb(1, 1, 1)
    ctx.paint()

    def place(samples, loss):
        return (LEFT + (WIDTH - LEFT - 12) * samples / last,
                TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log(loss)) / (high - low))

    ctx.set_source_rgb(0.2, 0.2, 0.2)
    ctx.set_font_size(12)
    ctx.set_line_width(0.5)
    for loss in (0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0):
        if low < math.log(loss) < high:
            x, y = place(0, loss)
            ctx.move_to(x, y)
            ctx.line_to(WIDTH - 12, y)
            ctx.stroke()
            ctx.move_to(8, y + 4)
            ctx.show_text(f"{loss:g}")
    for part in range(5):
        ctx.move_to(place(last * part / 4, 1)[0] - (18 if part else 0), HEIGHT - 14)
        ctx.show_text(f"{last * part / 4 / 1000:.0f}k")
    ctx.move_to(WIDTH / 2 - 70, HEIGHT - 2)
    ctx.show_text("samples seen / flow-matching loss")
    ctx.set_source_rgb(0.1, 0.35, 0.8)
    ctx.set_line_width(1.5)
    for point in points:
        ctx.line_to(*place(*point))
    ctx.stroke()
    surface.write_to_png(args.out)


if __name__ == "__main__":
    main()
