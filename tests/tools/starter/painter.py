"""Draws shaded, outlined parts of a sprite with cairo.

A part is an outline (an SVG-like path) filled in one of two roles: the sprite's own colour and
material, or a fixed trim colour (a cork, a hilt, a stem). Shading is the same for every part:
a base gradient lit from the upper left, a shade crescent, a highlight, and a dark outline.
"""

import math
import re

import cairo

from vocabulary import mix

TRIM = {
    "gold": (0.90, 0.70, 0.22), "steel": (0.70, 0.73, 0.78), "wood": (0.55, 0.36, 0.20),
    "dark": (0.22, 0.20, 0.25), "cream": (0.96, 0.90, 0.76), "leafgreen": (0.35, 0.65, 0.25),
    "sky": (0.62, 0.90, 0.98), "flame": (1.00, 0.72, 0.20), "ink": (0.30, 0.25, 0.25),
}
LINE = 0.085
TOKEN = re.compile(r"[MLCQAZ]|-?\d*\.?\d+(?:e-?\d+)?")
ARITY = {"M": 2, "L": 2, "C": 6, "Q": 4, "A": 4, "Z": 0}


def luma(c):
    return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]


class Painter:
    """Draws parts in a sprite's own coordinates: x and y from -1 to 1, y down."""

    def __init__(self, ctx, colour, material, jitter):
        self.ctx = ctx
        self.colour = colour
        self.material = material
        self.jitter = jitter

    def trace(self, path):
        """Adds the path to the context. `A cx cy rx ry` is a whole ellipse."""
        ctx = self.ctx
        ctx.new_path()
        tokens = TOKEN.findall(path)
        at = 0
        op = None
        x = y = 0.0
        while at < len(tokens):
            if tokens[at] in ARITY:
                op = tokens[at]
                at += 1
            n = ARITY[op]
            v = [float(t) for t in tokens[at:at + n]]
            at += n
            if op == "M":
                ctx.move_to(*v)
                op = "L"
            elif op == "L":
                ctx.line_to(*v)
            elif op == "C":
                ctx.curve_to(*v)
            elif op == "Q":
                cx, cy, ex, ey = v
                ctx.curve_to(x + 2 / 3 * (cx - x), y + 2 / 3 * (cy - y),
                             ex + 2 / 3 * (cx - ex), ey + 2 / 3 * (cy - ey), ex, ey)
            elif op == "A":
                ctx.save()
                ctx.translate(v[0], v[1])
                ctx.scale(v[2], v[3])
                ctx.new_sub_path()
                ctx.arc(0, 0, 1, 0, 2 * math.pi)
                ctx.restore()
            elif op == "Z":
                ctx.close_path()
            if n:
                x, y = v[-2:]

    def part(self, path, role="main", holes=False, line=LINE):
        """Fills and outlines one part. `holes` makes inner subpaths holes."""
        ctx = self.ctx
        main = role == "main"
        colour = self.colour if main else TRIM[role]
        material = self.material if main else "plain"
        rule = cairo.FILL_RULE_EVEN_ODD if holes else cairo.FILL_RULE_WINDING
        ctx.set_fill_rule(rule)
        self.trace(path)
        shape = ctx.copy_path()
        box = ctx.path_extents()
        ctx.save()
        ctx.clip()
        FILLS[material](self, colour, box, shape, rule)
        ctx.restore()
        self.outline(shape, colour, line)

    def outline(self, shape, colour, width):
        ctx = self.ctx
        ctx.new_path()
        ctx.append_path(shape)
        ctx.set_line_width(width)
        ctx.set_line_join(cairo.LINE_JOIN_ROUND)
        ctx.set_source_rgb(*mix(colour, (0.04, 0.03, 0.08), 0.80))
        ctx.stroke()

    def stroke(self, path, role="main", tone=-0.35, width=0.05):
        """A line inside a part: a fold, a vein, an edge. Tone < 0 darkens, > 0 lightens."""
        colour = self.colour if role == "main" else TRIM[role]
        self.trace(path)
        ctx = self.ctx
        ctx.set_line_width(width)
        ctx.set_line_cap(cairo.LINE_CAP_ROUND)
        ctx.set_line_join(cairo.LINE_JOIN_ROUND)
        ctx.set_source_rgba(*mix(colour, (1, 1, 1) if tone > 0 else (0.04, 0.03, 0.08), abs(tone)))
        ctx.stroke()

    def flat(self, path, role="main", tone=0.0, alpha=1.0):
        """Fills without an outline: a facet, a spot, a gleam."""
        colour = self.colour if role == "main" else TRIM[role]
        self.trace(path)
        target = (1, 1, 1) if tone > 0 else (0.04, 0.03, 0.08)
        self.ctx.set_source_rgba(*mix(colour, target, abs(tone)), alpha)
        self.ctx.fill()

    def rod(self, x1, y1, x2, y2, width, role="main"):
        """A straight bar with round ends, as a part."""
        length = math.hypot(x2 - x1, y2 - y1)
        nx, ny = -(y2 - y1) / length * width / 2, (x2 - x1) / length * width / 2
        self.part(f"M {x1 + nx:.4f} {y1 + ny:.4f} L {x2 + nx:.4f} {y2 + ny:.4f} "
                  f"L {x2 - nx:.4f} {y2 - ny:.4f} L {x1 - nx:.4f} {y1 - ny:.4f} Z", role)

    # shading steps shared by the materials; each assumes that the part is the clip region

    def gradient(self, box, stops):
        x1, y1, x2, y2 = box
        pattern = cairo.LinearGradient(x1, y1, x1 + (x2 - x1) * 0.6, y2)
        for at, colour in stops:
            pattern.add_color_stop_rgba(at, *colour, *(() if len(colour) == 4 else (1,)))
        self.ctx.set_source(pattern)
        self.ctx.paint()

    def crescent(self, shape, rule, dx, dy, colour, alpha):
        """Tints what the part covers but the part moved by (dx, dy) does not."""
        ctx = self.ctx
        if rule == cairo.FILL_RULE_EVEN_ODD:
            dx, dy = dx * 0.5, dy * 0.5
        ctx.push_group()
        ctx.set_source_rgb(*colour)
        ctx.paint()
        ctx.set_operator(cairo.OPERATOR_DEST_OUT)
        ctx.translate(dx, dy)
        ctx.new_path()
        ctx.append_path(shape)
        ctx.translate(-dx, -dy)
        ctx.set_fill_rule(rule)
        ctx.fill()
        ctx.set_operator(cairo.OPERATOR_OVER)
        ctx.pop_group_to_source()
        ctx.paint_with_alpha(alpha)

    def gleam(self, box, alpha, size=0.16):
        """A soft white spot in the upper left of the part."""
        x1, y1, x2, y2 = box
        w, h = x2 - x1, y2 - y1
        r = size * (w + h) / 2
        cx, cy = x1 + 0.33 * w, y1 + 0.28 * h
        spot = cairo.RadialGradient(cx, cy, 0, cx, cy, r)
        spot.add_color_stop_rgba(0, 1, 1, 1, alpha)
        spot.add_color_stop_rgba(0.45, 1, 1, 1, alpha * 0.75)
        spot.add_color_stop_rgba(1, 1, 1, 1, 0)
        self.ctx.set_source(spot)
        self.ctx.paint()


BLACK = (0.05, 0.03, 0.12)
WHITE = (1, 1, 1)


def fill_plain(p, colour, box, shape, rule):
    p.gradient(box, [(0, mix(colour, WHITE, 0.22)), (0.5, colour), (1, mix(colour, BLACK, 0.22))])
    p.crescent(shape, rule, -0.10, -0.12, BLACK, 0.26)
    p.crescent(shape, rule, 0.075, 0.085, WHITE, 0.38)
    p.gleam(box, 0.55)


def fill_metal(p, colour, box, shape, rule):
    light, dark = mix(colour, WHITE, 0.72), mix(colour, BLACK, 0.45)
    p.gradient(box, [(0, mix(colour, WHITE, 0.35)), (0.22, colour), (0.34, light), (0.44, light),
                     (0.50, mix(colour, BLACK, 0.12)), (0.68, dark), (0.80, colour),
                     (0.90, mix(colour, WHITE, 0.4)), (1, dark)])
    p.crescent(shape, rule, 0.055, 0.06, WHITE, 0.6)
    p.crescent(shape, rule, -0.06, -0.07, BLACK, 0.35)


def fill_glass(p, colour, box, shape, rule):
    p.gradient(box, [(0, (*mix(colour, WHITE, 0.42), 0.84)), (0.5, (*mix(colour, WHITE, 0.06), 0.84)),
                     (1, (*mix(colour, WHITE, 0.22), 0.88))])
    p.crescent(shape, rule, -0.13, -0.13, mix(colour, WHITE, 0.45), 0.75)
    p.crescent(shape, rule, 0.06, 0.06, WHITE, 0.75)
    x1, y1, x2, y2 = box
    w, h = x2 - x1, y2 - y1
    p.ctx.set_source_rgba(1, 1, 1, 0.62)
    for left, width in ((0.22, 0.13), (0.42, 0.05)):
        p.ctx.move_to(x1 + left * w + 0.22 * h, y1)
        p.ctx.line_to(x1 + (left + width) * w + 0.22 * h, y1)
        p.ctx.line_to(x1 + (left + width) * w - 0.22 * h, y2)
        p.ctx.line_to(x1 + left * w - 0.22 * h, y2)
        p.ctx.fill()


SPECKS = [(0.18, 0.30, 0.05), (0.45, 0.16, 0.035), (0.70, 0.28, 0.055), (0.30, 0.58, 0.04),
          (0.58, 0.52, 0.05), (0.82, 0.60, 0.04), (0.42, 0.82, 0.05), (0.68, 0.80, 0.035)]


def fill_stone(p, colour, box, shape, rule):
    colour = mix(colour, (luma(colour),) * 3, 0.12)
    p.gradient(box, [(0, mix(colour, WHITE, 0.14)), (0.6, colour), (1, mix(colour, BLACK, 0.25))])
    p.crescent(shape, rule, -0.13, -0.15, BLACK, 0.30)
    p.crescent(shape, rule, 0.06, 0.06, WHITE, 0.25)
    x1, y1, x2, y2 = box
    w, h = x2 - x1, y2 - y1
    for fx, fy, r in SPECKS:
        p.flat(f"A {x1 + fx * w} {y1 + fy * h} {r} {r * 0.8}", tone=-0.5, alpha=0.65)
    p.ctx.set_source_rgba(*mix(colour, BLACK, 0.75), 0.9)
    p.ctx.set_line_width(0.04)
    for i, (fx, fy) in enumerate(((0.62, -0.02), (0.52, 0.16), (0.64, 0.30), (0.55, 0.44), (0.60, 0.52))):
        (p.ctx.line_to if i else p.ctx.move_to)(x1 + fx * w, y1 + fy * h)
    p.ctx.stroke()


def fill_wooden(p, colour, box, shape, rule):
    colour = mix(colour, (0.60, 0.42, 0.24), 0.10)
    p.gradient(box, [(0, mix(colour, WHITE, 0.16)), (0.5, colour), (1, mix(colour, BLACK, 0.2))])
    x1, y1, x2, y2 = box
    p.ctx.set_line_width(0.035)
    p.ctx.set_source_rgba(*mix(colour, BLACK, 0.55), 0.85)
    y = y1 - 0.05
    while y < y2 + 0.1:
        y += 0.155
        p.ctx.move_to(x1, y)
        p.ctx.curve_to(x1 + (x2 - x1) * 0.33, y - 0.09, x1 + (x2 - x1) * 0.66, y + 0.09, x2, y - 0.02)
        p.ctx.stroke()
    p.crescent(shape, rule, -0.09, -0.11, BLACK, 0.28)
    p.crescent(shape, rule, 0.06, 0.06, WHITE, 0.28)


FILLS = {"plain": fill_plain, "metal": fill_metal, "glass": fill_glass, "stone": fill_stone,
         "wooden": fill_wooden}
