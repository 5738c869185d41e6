"""Captions of procedural clips, from a small grammar of scene, form, palette and mood words.

A form's words are used only for clips of that form; the plain words of a scene are used for its first form. Words of speed say
nothing: they are drawn without regard to the clip, so that the motion scale alone decides. Other words, which a clip has
nothing to do with, are strewn in, so that the model learns to pass over them.
"""
SCENES = {
    "tunnel": [["tunnel", "wormhole", "round tunnel", "vortex", "portal", "pipe", "black hole", "falling", "rabbit hole", "time travel",
                "stargate", "tube"],
               ["square tunnel", "corridor", "hallway", "subway tunnel", "subway", "metro", "train", "elevator shaft", "maze"],
               ["spiral", "spiral tunnel", "whirlpool", "hypnotic swirl", "twister", "maelstrom", "hypnosis", "swirl", "drain", "tornado"]],
    "plasma": [["plasma", "liquid plasma", "lava lamp", "flowing colors", "oil on water", "marble", "liquid", "ink", "paint", "melting",
                "trippy", "psychedelic", "fluid", "watercolor", "lava flow", "abstract", "ink in water"],
               ["striped plasma", "curtains", "silk", "flowing stripes", "velvet folds", "zebra", "fabric", "drapes", "ribbons", "flag"]],
    "rings": [["rings", "concentric rings", "circles", "target", "radar", "sound waves", "vinyl", "record", "speaker", "sonar",
               "shockwave", "pulse", "echo", "loudspeaker"],
              ["ripples", "twin rings", "interference", "raindrops on a pond", "water ripples", "pond", "puddle", "drops", "lake", "pool"],
              ["hexagons", "hexagon rings", "honeycomb", "hexagonal pulse", "bees", "turtle shell", "cells"]],
    "kaleidoscope": [["kaleidoscope", "mandala", "mirrored pattern", "psychedelic pattern", "stained glass", "mosaic", "church window",
                      "ornament", "carpet", "crystal", "snowflake", "symmetry", "fractal", "diamond"],
                     ["flower", "flower kaleidoscope", "blossom", "petals", "lotus", "garden", "flowers", "roses", "tulip", "daisy"],
                     ["cross kaleidoscope", "four petals", "butterfly", "clover", "mask", "face", "mirror", "wings"]],
    "blobs": [["blobs", "glowing orbs", "balls of light", "metaballs", "jellyfish", "balloons", "lanterns", "amoeba", "bacteria",
               "globes", "street lamps", "fish"],
              ["bubbles", "fireflies", "many small orbs", "swarm", "plankton", "candles", "christmas lights", "fairy lights", "bokeh",
               "champagne", "soap bubbles", "pearls", "bulbs"],
              ["planet", "single orb", "moon", "pulsing sphere", "sun", "heart", "earth", "full moon", "eclipse", "ball", "eye", "mars"]],
    "waves": [["waves", "sea waves", "sea", "layered waves", "surf", "beach", "river", "water", "lagoon", "tide", "coast", "shore",
               "boat", "swimming", "whale", "flood"],
              ["hills", "rolling hills", "dunes", "desert", "mountains", "landscape with a sun", "sand", "valley", "sahara", "canyon",
               "meadow", "landscape", "horizon", "sandstorm"]],
    "stars": [["stars", "starfield", "flight through space", "deep space", "hyperspace", "sparks", "explosion", "fireworks", "warp speed",
               "rocket", "spaceship", "space", "supernova", "big bang"],
              ["night sky", "drifting stars", "constellations", "glitter", "confetti", "dust", "starry night", "pollen", "diamonds in the sky",
               "sparkles", "new year"]],
    "smoke": [["smoke", "mist", "drifting fog", "fog", "steam", "ghost", "haze", "foggy morning", "incense", "foggy", "cigarette"],
              ["clouds", "cloudy sky", "sky", "heaven", "cumulus", "cloud", "flying above clouds", "angels", "air"]],
    "grid": [["grid", "synthwave grid", "retro grid with a sun", "endless grid and sun", "outrun", "retro road", "road", "drive",
              "night drive", "car", "racing", "eighties", "computer"],
             ["mountain grid", "grid with mountains", "vaporwave", "wireframe landscape", "highway", "digital plain", "cyberspace",
              "virtual reality", "pyramid", "arcade"]],
    "lightning": [["lightning", "lightning bolts", "storm", "thunderstorm", "electricity", "thunder", "electric storm", "bolt", "tesla coil"],
                  ["electric arcs", "strings", "laser strings", "sound wave", "waveform", "guitar strings", "wires", "guitar", "violin",
                   "oscilloscope", "heartbeat", "rope"]],
    "city": [["city", "city lights", "skyline", "street", "downtown", "buildings", "metropolis", "town", "skyscrapers", "new york",
              "towers", "windows", "traffic", "urban", "hotel"],
             ["city with a moon", "moonlit city", "skyscrapers under the moon", "city at night", "tokyo", "blade runner", "gotham"]],
    "rain": [["rain", "falling rain", "meteor shower", "downpour", "falling streaks", "waterfall", "shooting stars", "code", "terminal",
              "falling code", "comets", "rainy street", "tears", "monsoon", "shower"],
             ["snow", "snowfall", "snowflakes", "blizzard", "falling petals", "winter", "falling leaves", "cherry blossom", "ash", "leaves",
              "christmas", "feathers"]],
    "flames": [["flames", "wall of fire", "inferno", "blaze", "bonfire", "burning wall", "burning", "hell", "wildfire", "lava", "volcano",
                "burning house", "dragon", "furnace"],
               ["campfire", "candle flame", "single flame", "torch", "dancer", "candle", "fireplace", "match", "phoenix", "ember"]],
    "aurora": [["aurora", "northern lights", "polar lights", "veil of light", "dream", "dreamy light", "dreamy", "sleep", "soul", "spirits"],
               ["aurora over mountains", "northern lights over hills", "polar night", "norway", "iceland", "alaska", "northern sky"]],
    "galaxy": [["galaxy", "spiral galaxy", "nebula", "milky way", "cosmos", "universe", "andromeda", "cosmic", "astronomy"],
               ["pinwheel", "four armed galaxy", "hurricane", "windmill", "fan", "propeller", "cyclone", "carousel"]],
    "beams": [["beams", "laser beams", "lasers", "laser show", "rave", "club", "disco", "party", "nightclub", "dance floor", "dj",
               "techno", "lighthouse", "rays"],
              ["spotlights", "searchlights", "stage lights", "concert stage", "two spotlights", "concert", "stage", "theatre", "show",
               "festival", "band on stage"]],
}
PALETTES = {
    "neon": ["neon", "cyberpunk", "pink and cyan", "neon light", "electric pink", "fluorescent", "synthwave colors"],
    "fire": ["fire", "fiery", "red and orange", "burning", "hot", "red", "lava", "ember red", "blood red"],
    "ocean": ["ocean", "teal", "deep blue", "underwater", "turquoise", "aqua", "water blue", "tropical", "cyan"],
    "forest": ["forest", "green", "jungle", "leafy", "woodland", "mossy", "grass green", "olive", "trees"],
    "gold": ["gold", "golden", "amber", "brass", "yellow", "honey", "golden hour", "sunny", "sand colored", "bronze"],
    "violet": ["violet", "purple", "lilac", "ultraviolet", "lavender", "mystic", "magic", "plum", "amethyst"],
    "ice": ["ice", "icy", "frozen", "pale blue", "arctic", "cold", "glacier", "wintry", "sky blue", "snowy"],
    "mono": ["mono", "black and white", "monochrome", "grey", "silver", "noir", "gray", "white", "foggy", "colorless"],
    "sunset": ["sunset", "dusk", "orange and magenta", "warm evening", "sunrise", "warm", "evening", "dawn", "twilight", "orange"],
    "acid": ["acid", "toxic", "lime and pink", "radioactive", "psychedelic colors", "psychedelic", "lime", "poison", "alien"],
    "rose": ["rose", "pink", "cherry", "romantic", "crimson and pink", "love", "magenta", "valentine", "roses"],
    "candy": ["candy", "pastel", "cotton candy", "bubblegum", "soft pastel colors", "unicorn", "candy colored", "rainbow", "colorful"],
    "midnight": ["midnight", "dark blue", "navy", "night blue", "indigo", "blue", "at night", "night", "dark"],
    "autumn": ["autumn", "brown", "copper", "rust", "earthy", "sepia", "vintage", "fall colors", "coffee"],
    "mint": ["mint", "sea green", "emerald", "jade", "fresh", "spring", "pale green", "seafoam"],
    "matrix": ["matrix", "terminal green", "hacker", "green on black", "digital rain colors", "phosphor", "computer green"],
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
MEANT = {w for v in (*(f for s in SCENES.values() for f in s), *PALETTES.values(), *MOODS.values()) for p in v for w in p.split()}
COMMON = [w for w in COMMON if w not in MEANT]


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
