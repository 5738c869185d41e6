"""Captions of procedural clips, from a small grammar of scene, palette and speed words.

The speed words say nothing reliable: they are drawn without regard to the clip, so that the motion scale alone decides.
"""
KIND_WORDS = {
    "tunnel": ["tunnel", "wormhole", "spiral tunnel", "vortex"],
    "plasma": ["plasma", "liquid plasma", "lava lamp", "flowing colors"],
    "rings": ["rings", "concentric rings", "circles", "ripples", "sound waves in rings"],
    "kaleidoscope": ["kaleidoscope", "mandala", "mirrored pattern", "flower kaleidoscope"],
    "blobs": ["blobs", "glowing orbs", "bubbles", "balls of light"],
    "waves": ["waves", "sea waves", "hills", "layered waves"],
    "stars": ["stars", "starfield", "flight through space", "galaxy of stars"],
    "smoke": ["smoke", "clouds", "mist", "drifting fog"],
    "grid": ["grid", "synthwave grid", "retro grid with a sun", "endless grid and sun"],
    "lightning": ["lightning", "electric arcs", "lightning bolts", "storm"],
}
PALETTE_WORDS = {
    "neon": ["neon", "cyberpunk", "pink and cyan", "neon light"],
    "fire": ["fire", "fiery", "flames", "red and orange", "burning"],
    "ocean": ["ocean", "teal", "deep blue", "underwater", "blue"],
    "forest": ["forest", "green", "jungle", "leafy"],
    "gold": ["gold", "golden", "amber", "brass"],
    "violet": ["violet", "purple", "lilac", "ultraviolet"],
    "ice": ["ice", "icy", "frozen", "pale blue", "arctic"],
    "mono": ["mono", "black and white", "monochrome", "grey", "silver"],
    "sunset": ["sunset", "dusk", "orange and magenta", "warm evening"],
    "acid": ["acid", "toxic", "lime and pink", "radioactive"],
}
SPEED_WORDS = ["slow", "fast", "calm", "quick", "gentle", "driving"]
FORMS = ["{p} {k}", "{p} {k}", "{p} {k}", "{k}, {p}", "{k} in {p} colors", "{k} of {p}", "a {p} {k}", "{p} {k}, abstract",
         "{p} {k}, motion graphics", "{p} {k}, glowing"]
COMMON = """a an the and or of in on at to from with without into over under through by for as is are be was it its this that
these those there here then than so very more most less least not no yes all some many few one two three four five six seven
eight nine ten first last next new old young big small large little great high low long short wide narrow deep shallow near far
up down left right top bottom front back side inside outside around between above below center middle edge line point shape
circle square triangle cube sphere cone star heart cross arrow curve wave spiral grid dot ring pattern texture surface color
colors colour red orange yellow green blue purple pink brown black white grey gray silver gold golden bronze cyan magenta teal
turquoise lime violet indigo crimson scarlet light dark bright dim pale soft hard smooth rough sharp blurry clear warm cold hot
cool wet dry clean dirty empty full open closed heavy fast slow quick calm gentle wild strong weak loud quiet happy sad angry
man woman boy girl child people person crowd face eye eyes hand hands hair head body dancer dancing singer band guitar piano
drum drums bass music song beat dance party club concert stage disco dj vinyl speaker headphones city street road bridge
building buildings tower house window door room hall wall floor ceiling stairs car train plane ship boat bike robot machine
engine metal steel iron glass crystal diamond stone rock sand dust mud paper wood plastic silk velvet water fire air earth ice
snow rain storm cloud clouds sky sun moon stars planet planets space galaxy nebula cosmos universe comet lightning thunder wind
fog mist smoke steam flame flames lava volcano mountain mountains hill hills valley desert forest jungle tree trees leaf leaves
flower flowers grass field garden river lake sea ocean beach island wave waves coral fish whale shark jellyfish octopus bird
birds eagle owl crow butterfly bee insect spider snake lizard dragon horse dog cat wolf lion tiger bear fox deer elephant monkey
night day morning evening dawn dusk sunset sunrise summer winter spring autumn year time clock dream dreams magic fantasy
surreal abstract geometric fractal psychedelic trippy retro vintage modern futuristic cyberpunk steampunk synthwave vaporwave
anime cartoon comic painting drawing sketch watercolor oil photo photograph film cinematic realistic detailed quality best
masterpiece beautiful pretty ugly bad good worst blurry noisy static flickering moving motion movement flying falling rising
floating spinning rotating turning running walking jumping swimming growing shrinking melting flowing dripping exploding
explosion burning glowing shining sparkling shimmering flashing pulsing vibrating zoom pan close view angle wide shot camera
lens focus depth background foreground landscape portrait scene style art digital render neon laser hologram electric energy
power plasma atom cell blood bone skull ghost angel demon god king queen knight soldier war peace love hate death life world""".split()


def caption(kind, palette, rng):
    """A caption of a clip: the plain words about half of the time, synonyms else."""
    k = KIND_WORDS[kind][0] if rng.random() < 0.55 else rng.choice(KIND_WORDS[kind])
    p = PALETTE_WORDS[palette][0] if rng.random() < 0.55 else rng.choice(PALETTE_WORDS[palette])
    text = rng.choice(FORMS).format(k=k, p=p)
    if rng.random() < 0.2:
        s = rng.choice(SPEED_WORDS)
        text = rng.choice(["{s} {t}", "{t}, {s} motion"]).format(s=s, t=text)
    return text


def corpus():
    """The lines a tokenizer is trained on: every wording several times, common words a few times."""
    import random
    rng = random.Random(1)
    lines = [caption(k, p, rng) for _ in range(20) for k in KIND_WORDS for p in PALETTE_WORDS]
    return lines + COMMON * 6 + [w for v in (*KIND_WORDS.values(), *PALETTE_WORDS.values()) for w in v for _ in range(10)]
