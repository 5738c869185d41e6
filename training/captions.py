"""Captions of procedural clips, from a small grammar of scene, form, palette and mood words.

A form's words are used only for clips of that form; the plain words of a scene are used for its first form. Words of speed say
nothing: they are drawn without regard to the clip, so that the motion scale alone decides. Other words, which a clip has
nothing to do with, are strewn in, so that the model learns to pass over them.
"""
SCENES = {
    "tunnel": [["tunnel", "wormhole", "round tunnel", "vortex", "portal", "pipe"],
               ["square tunnel", "corridor", "hallway", "subway tunnel"],
               ["spiral", "spiral tunnel", "whirlpool", "hypnotic swirl", "twister", "maelstrom"]],
    "plasma": [["plasma", "liquid plasma", "lava lamp", "flowing colors", "oil on water", "marble", "liquid"],
               ["striped plasma", "curtains", "silk", "flowing stripes", "velvet folds", "zebra"]],
    "rings": [["rings", "concentric rings", "circles", "target", "radar", "sound waves"],
              ["ripples", "twin rings", "interference", "raindrops on a pond", "water ripples"],
              ["hexagons", "hexagon rings", "honeycomb", "hexagonal pulse"]],
    "kaleidoscope": [["kaleidoscope", "mandala", "mirrored pattern", "psychedelic pattern", "stained glass"],
                     ["flower", "flower kaleidoscope", "blossom", "petals", "lotus", "garden"],
                     ["cross kaleidoscope", "four petals", "butterfly", "clover"]],
    "blobs": [["blobs", "glowing orbs", "balls of light", "metaballs", "jellyfish"],
              ["bubbles", "fireflies", "many small orbs", "swarm", "plankton", "candles"],
              ["planet", "single orb", "moon", "pulsing sphere", "sun", "heart"]],
    "waves": [["waves", "sea waves", "sea", "layered waves", "surf", "beach", "river"],
              ["hills", "rolling hills", "dunes", "desert", "mountains", "landscape with a sun"]],
    "stars": [["stars", "starfield", "flight through space", "deep space", "hyperspace", "sparks", "explosion"],
              ["night sky", "drifting stars", "constellations", "glitter", "confetti", "dust"]],
    "smoke": [["smoke", "mist", "drifting fog", "fog", "steam", "ghost"],
              ["clouds", "cloudy sky", "sky", "heaven", "cumulus"]],
    "grid": [["grid", "synthwave grid", "retro grid with a sun", "endless grid and sun", "outrun", "retro road"],
             ["mountain grid", "grid with mountains", "vaporwave", "wireframe landscape", "highway", "digital plain"]],
    "lightning": [["lightning", "lightning bolts", "storm", "thunderstorm", "electricity"],
                  ["electric arcs", "strings", "laser strings", "sound wave", "waveform", "guitar strings", "wires"]],
    "city": [["city", "city lights", "skyline", "street", "downtown", "buildings", "metropolis"],
             ["city with a moon", "moonlit city", "skyscrapers under the moon", "city at night", "tokyo"]],
    "rain": [["rain", "falling rain", "meteor shower", "downpour", "falling streaks", "waterfall"],
             ["snow", "snowfall", "snowflakes", "blizzard", "falling petals", "winter"]],
    "flames": [["flames", "wall of fire", "inferno", "blaze", "bonfire", "burning wall"],
               ["campfire", "candle flame", "single flame", "torch", "dancer"]],
    "aurora": [["aurora", "northern lights", "polar lights", "veil of light", "dream", "dreamy light"],
               ["aurora over mountains", "northern lights over hills", "polar night", "norway"]],
    "galaxy": [["galaxy", "spiral galaxy", "nebula", "milky way", "cosmos", "universe"],
               ["pinwheel", "four armed galaxy", "hurricane", "windmill", "fan"]],
    "beams": [["beams", "laser beams", "lasers", "laser show", "rave", "club", "disco"],
              ["spotlights", "searchlights", "stage lights", "concert stage", "two spotlights"]],
}
PALETTES = {
    "neon": ["neon", "cyberpunk", "pink and cyan", "neon light", "electric pink"],
    "fire": ["fire", "fiery", "red and orange", "burning", "hot", "red", "lava"],
    "ocean": ["ocean", "teal", "deep blue", "underwater", "turquoise", "aqua"],
    "forest": ["forest", "green", "jungle", "leafy", "woodland", "mossy"],
    "gold": ["gold", "golden", "amber", "brass", "yellow", "honey", "golden hour"],
    "violet": ["violet", "purple", "lilac", "ultraviolet", "lavender", "mystic"],
    "ice": ["ice", "icy", "frozen", "pale blue", "arctic", "cold", "glacier"],
    "mono": ["mono", "black and white", "monochrome", "grey", "silver", "noir"],
    "sunset": ["sunset", "dusk", "orange and magenta", "warm evening", "sunrise", "warm"],
    "acid": ["acid", "toxic", "lime and pink", "radioactive", "psychedelic colors"],
    "rose": ["rose", "pink", "cherry", "romantic", "crimson and pink", "love"],
    "candy": ["candy", "pastel", "cotton candy", "bubblegum", "soft pastel colors", "unicorn"],
    "midnight": ["midnight", "dark blue", "navy", "night blue", "indigo", "blue"],
    "autumn": ["autumn", "brown", "copper", "rust", "earthy", "sepia", "vintage"],
    "mint": ["mint", "sea green", "emerald", "jade", "fresh", "spring"],
    "matrix": ["matrix", "terminal green", "hacker", "green on black", "digital rain colors", "phosphor"],
}
MOODS = {"": [""], "soft": ["soft", "gentle", "hazy", "faded", "pale"], "sharp": ["sharp", "hard", "high contrast", "crisp", "bold"],
         "dense": ["dense", "crowded", "intricate", "detailed", "busy"], "sparse": ["sparse", "minimal", "wide", "close up", "huge"]}
SPEED = ["slow", "fast", "calm", "quick", "driving", "energetic"]
FORMS = ["{p} {k}"] * 4 + ["{k}, {p}", "{k} in {p} colors", "{k} of {p}", "a {p} {k}", "{p} {k}, abstract", "{k}, {p} light",
                           "{p} {k}, motion graphics", "{p} {k}, glowing", "the {k} with {p}", "{k} in {p}", "a {k} at {p}"]
COMMON = """a an the and or of in on at to from with without into over under through by for as is are be was it its this that
these those there here then than so very more most less least not no yes all some many few one two three five seven
nine ten first last next new old young big small large little great high low long short narrow deep shallow near far
up down left right top bottom front back side inside outside around between above below center middle edge line point shape
triangle cube cone cross arrow curve pattern texture surface colour orange magenta bright dim dark rough smooth blurry clear wet
dry clean dirty empty full open closed heavy happy sad angry man woman boy girl child people person crowd face eye eyes hand hands
hair head body singer band piano drum drums bass music song beat dance party dj vinyl speaker headphones bridge tower house window
door room hall floor ceiling stairs car train plane ship boat bike robot machine engine metal steel iron glass crystal diamond
stone rock sand mud paper wood plastic water air earth comet thunder wind volcano valley tree trees leaf leaves grass field lake
island coral fish whale shark octopus bird birds eagle owl crow bee insect spider snake lizard dragon horse dog cat wolf lion
tiger bear fox deer elephant monkey day morning summer year time clock magic fantasy surreal geometric fractal trippy retro modern
futuristic steampunk anime cartoon comic painting drawing sketch watercolor photo photograph film cinematic realistic quality best
masterpiece beautiful pretty ugly bad good worst noisy static flickering moving motion movement flying rising floating spinning
rotating turning running walking jumping swimming growing shrinking melting dripping exploding shining sparkling shimmering
flashing pulsing vibrating zoom pan view angle shot camera lens focus depth background foreground portrait scene style art render
hologram energy power atom cell blood bone skull angel demon god king queen knight soldier war peace hate death life world""".split()


def caption(kind, form, palette, mood, rng):
    """A caption of a clip: the plain words about half of the time, synonyms else."""
    own = SCENES[kind][form]
    k = own[0] if rng.random() < 0.45 else rng.choice(own)
    p = PALETTES[palette][0] if rng.random() < 0.5 else rng.choice(PALETTES[palette])
    text = rng.choice(FORMS).format(k=k, p=p)
    if mood:
        m = rng.choice(MOODS[mood])
        text = rng.choice(["{m} {t}", "{t}, {m}", "{m}, {t}"]).format(m=m, t=text)
    if rng.random() < 0.15:
        s = rng.choice(SPEED)
        text = rng.choice(["{s} {t}", "{t}, {s} motion"]).format(s=s, t=text)
    if rng.random() < 0.25:
        extra = " ".join(rng.choice(COMMON) for _ in range(rng.randint(1, 3)))
        text = rng.choice(["{t}, {e}", "{e} {t}", "{t} {e}"]).format(t=text, e=extra)
    return text


def corpus():
    """The lines a tokenizer is trained on: every wording several times, common words a few times."""
    import random
    rng = random.Random(1)
    lines = [caption(k, f, p, rng.choice(list(MOODS)), rng) for k in SCENES for f in range(len(SCENES[k])) for p in PALETTES for _ in range(8)]
    words = [w for v in (*(f for s in SCENES.values() for f in s), *PALETTES.values(), *MOODS.values()) for w in v if w]
    return lines + COMMON * 6 + words * 10
