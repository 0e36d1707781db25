"""Turns a sprite's attributes into the many ways a person might ask for it.

The wording varies far more than the pictures do: article, order, synonyms, filler words,
unknown words, case and punctuation. A caption leaves out what is ordinary (plain material,
light background, sometimes the colour), so leaving it out must mean the ordinary thing.
"""

from vocabulary import COLOURS, DEFAULT_LOOK

KIND_WORDS = {
    "gem": ["gem", "gem", "gemstone", "jewel", "diamond"], "potion": ["potion", "potion", "potion bottle", "flask", "elixir"],
    "sword": ["sword", "sword", "blade"], "shield": ["shield"], "coin": ["coin", "coin", "token"],
    "key": ["key"], "heart": ["heart"], "star": ["star"], "chest": ["chest", "treasure chest"],
    "crown": ["crown"], "mushroom": ["mushroom", "mushroom", "toadstool"], "scroll": ["scroll", "scroll", "parchment"],
    "ring": ["ring"], "apple": ["apple"], "skull": ["skull"], "bomb": ["bomb"], "candle": ["candle"],
    "book": ["book", "book", "spellbook", "tome"], "leaf": ["leaf"], "flame": ["flame", "flame", "fire", "fireball"],
    "drop": ["drop", "drop", "droplet", "water drop"], "moon": ["moon", "moon", "crescent moon", "crescent"], "arrow": ["arrow"],
    "button": ["button", "button", "ui button"], "axe": ["axe", "axe", "battle axe", "ax"], "hammer": ["hammer", "hammer", "mallet"],
    "bell": ["bell"], "flower": ["flower", "flower", "blossom"],
}
COLOUR_WORDS = {
    "red": ["red", "red", "red", "crimson", "scarlet"], "orange": ["orange"], "yellow": ["yellow"],
    "green": ["green", "green", "green", "emerald"], "teal": ["teal", "teal", "cyan", "turquoise"], "blue": ["blue"],
    "purple": ["purple", "purple", "purple", "violet"], "pink": ["pink", "pink", "pink", "magenta"], "brown": ["brown"],
    "white": ["white"], "black": ["black"], "gray": ["gray", "grey"],
}
MATERIAL_WORDS = {
    "metal": ["metal", "metal", "metallic", "steel", "iron"], "glass": ["glass", "glass", "crystal"],
    "stone": ["stone", "stone", "rock"], "wooden": ["wooden", "wooden", "wood"],
}
METAL_COLOURS = {"yellow": ["golden", "gold"], "gray": ["silver"], "brown": ["bronze", "copper"]}
FILLERS = ["shiny", "cute", "small", "big", "little", "large", "magic", "magical", "simple", "nice", "beautiful", "old", "ancient",
           "glossy", "bright", "fancy", "rare", "epic", "legendary", "enchanted", "glowing", "cartoon", "stylized", "tiny", "cool"]
OPENERS = ["game icon of", "icon of", "sprite of", "game sprite of", "pixel art of", "a picture of", "an illustration of", "a drawing of",
           "an image of", "a game asset of", "draw", "generate", "make", "create", "please draw", "i want", "show me", "rpg item:",
           "game asset:", "2d game asset,", "icon:", "pixel art,", "pixel", "inventory icon of", "a sprite of", "an icon of", "cartoon",
           "a render of", "concept art of", "a single", "item icon,"]
CLOSERS = ["icon", "sprite", "game icon", "game asset", "high quality", "for a game", "for my game", "vector style", "cartoon style", "centered",
           "pixel art", "clean", "detailed", "no text", "isolated", "2d", "rpg item", "flat style", "simple shading", "with outline", "4k",
           "fantasy style", "asset", "item", "bold outline", "digital art"]
GROUND_WORDS = {
    "light": ["light background", "plain light background", "white background", "plain background", "bright background", "simple background",
              "light backdrop", "plain white background"],
    "dark": ["dark background", "dark background", "dark background", "plain dark background", "black background", "dark backdrop",
             "night background", "dark plain background"],
}
UNKNOWN = ["dragon", "warrior", "forest", "castle", "level", "player", "wizard", "loot", "island", "unique", "power", "super", "hero", "dungeon",
           "wow", "ok", "best", "style", "from", "very", "really", "some", "my", "this", "one", "new", "top", "view", "front", "health", "mana",
           "energy", "spell", "quest", "legend", "world", "shop", "store", "reward", "prize", "retro", "modern", "realistic", "smooth", "soft",
           "sharp", "lovely", "awesome", "great", "good", "with", "and", "in", "for", "of", "elf", "orc", "ghost", "holy", "cursed", "frozen",
           "burning", "poison", "royal", "pirate", "space", "steam", "punk", "mobile", "unity", "godot", "asset", "pack", "collection"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def pick(rng, items):
    return items[rng.integers(len(items))]


def article(rng, phrase):
    r = rng.random()
    if r < 0.5:
        return ("an " if phrase[0] in "aeiou" else "a ") + phrase
    return ("the " if r < 0.55 else "one " if r < 0.57 else "") + phrase


def unknown_word(rng):
    """A word that says nothing: a common one, or letters at random."""
    if rng.random() < 0.7:
        return pick(rng, UNKNOWN)
    return "".join(LETTERS[i] for i in rng.integers(26, size=rng.integers(3, 9)))


def thing(rng, kind, colour, material):
    """The noun phrase, as words around the kind, in one of several orders."""
    noun = pick(rng, KIND_WORDS[kind])
    hue = pick(rng, COLOUR_WORDS[colour])
    stuff = pick(rng, MATERIAL_WORDS[material]) if material != "plain" else ""
    if (colour, material) == DEFAULT_LOOK[kind] and rng.random() < 0.3:
        hue = stuff = ""
    elif material == "metal" and colour in METAL_COLOURS and rng.random() < 0.5:
        hue = pick(rng, METAL_COLOURS[colour])
        stuff = stuff if rng.random() < 0.15 else ""
    fillers = [pick(rng, FILLERS) for _ in range(rng.choice(3, p=(0.66, 0.27, 0.07)))]
    form = rng.random() if hue else 0.0
    join = " ".join
    if form < 0.56:
        return article(rng, join(w for w in (*fillers, hue, stuff, noun) if w))
    if form < 0.62:
        return article(rng, join(w for w in (*fillers, stuff, hue, noun) if w))
    if form < 0.70:
        return article(rng, join(w for w in (*fillers, stuff, noun) if w)) + ", " + hue
    if form < 0.76:
        tail = ", " + stuff if stuff else ""
        return article(rng, join((*fillers, noun))) + ", " + hue + tail
    if form < 0.82:
        return article(rng, join((*fillers, hue, noun))) + (pick(rng, (", ", " made of ", " of ")) + stuff if stuff else "")
    if form < 0.87:
        return join(w for w in (*fillers, stuff, noun, hue) if w)
    if form < 0.91:
        return article(rng, join(w for w in (*fillers, stuff, noun) if w)) + pick(rng, (" in ", " that is ", " which is ", " colored ")) + hue
    if form < 0.95:
        return hue + ", " + join(w for w in (*fillers, stuff, noun) if w)
    return "the " + join((*fillers, noun)) + " is " + join(w for w in (hue, stuff) if w)


def caption(kind, colour, material, background, rng):
    """One prompt for the attributes."""
    text = thing(rng, kind, colour, material)
    if rng.random() < 0.22:
        text = pick(rng, OPENERS) + " " + text
    closers = [pick(rng, CLOSERS)] if rng.random() < 0.16 else []
    if background == "dark" or rng.random() < 0.3:
        ground = pick(rng, GROUND_WORDS[background])
        r = rng.random()
        if r < 0.6:
            text += pick(rng, (" on a ", " on a ", " on ", " with a ", " against a ", " with ", " in front of a ")) + ground
        elif r < 0.9:
            closers.append(ground)
        else:
            text = ground + ", " + text
    if len(closers) == 2 and rng.random() < 0.5:
        closers.reverse()
    for closer in closers:
        text += (", " if rng.random() < 0.8 else " ") + closer
    if rng.random() < 0.14:
        words = text.split(" ")
        for _ in range(rng.integers(1, 4)):
            words.insert(rng.integers(len(words) + 1), unknown_word(rng))
        text = " ".join(words)
    return finish(text, rng)


def finish(text, rng):
    """Case and punctuation."""
    r = rng.random()
    if r < 0.22:
        text = text[0].upper() + text[1:]
    elif r < 0.27:
        text = text.title()
    elif r < 0.30:
        text = text.upper()
    r = rng.random()
    if r < 0.15:
        text += "."
    elif r < 0.17:
        text += "!"
    if rng.random() < 0.03:
        text = " " + text if rng.random() < 0.5 else text + " "
    return text


def plain_caption(kind, colour, background="light"):
    """The prompt of the evaluation."""
    return f"a {colour} {kind}".replace("a o", "an o") + (" on a dark background" if background == "dark" else "")


assert set(COLOUR_WORDS) == set(COLOURS)
