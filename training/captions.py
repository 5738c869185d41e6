"""Captions of the looks' clips, from a small grammar of scene, subject, background, light and palette words.

Words of speed say nothing: they are drawn without regard to the clip, so that the motion scale alone decides. Other words, which a
clip has nothing to do with, are strewn in, so that the model learns to pass over them.
"""
SCENES = {
    "chrome": "chrome sculpture, chrome {s}, mirror {s}, polished metal {s}, robot, machine, engine, car, silver {s}, steel",
    "glass": "glass {s}, crystal {s}, diamond, prism, refraction, crystal, gemstone, ice sculpture, transparent {s}",
    "pearl": "iridescent {s}, pearl {s}, lacquer {s}, glossy {s}, sculpture, statue, toy, plastic {s}, heart",
    "metal": "liquid metal, mercury, metaballs, molten chrome, blobs, melting metal, liquid, lava lamp, amoeba",
    "gyroid": "gyroid, organic cave, flying through a lattice, coral architecture, cave, grotto, inside a body, veins",
    "columns": "hall of pillars, twisted columns, temple hall, temple, palace, ruins, church, hallway, castle",
    "kifs": "fractal asteroid, kaleidoscopic fractal, alien stone, coral rock, fractal, asteroid, meteor, rock",
    "menger": "machine city, menger sponge, cube fractal, endless corridor, maze, computer, server room, elevator shaft",
    "cathedral": "alien cathedral, apollonian fractal, fractal canyon, coral city, canyon, coral reef, alien world",
    "synthwave": "synthwave, retro grid with mountains and a banded sun, outrun, grid, retro road, night drive, eighties, vaporwave,"
                 " racing, highway, arcade, cyberspace, sun, road",
    "flyover": "mountains, mountain range from the air, landscape, peaks at dawn, alps, valley, snowy peaks, hills, norway",
    "city": "city, city at night, skyscrapers with lit windows, wet street, skyline, downtown, street, metropolis, new york, tokyo,"
            " blade runner, traffic, buildings, towers",
    "ocean": "ocean, ocean under a moon, sea with glints, waves to the horizon, sea, waves, sea waves, water, beach, surf, boat, lake,"
             " tide, horizon, moonlit sea",
    "aurora": "aurora, northern lights, aurora over mountains, lake reflection, polar night, iceland, dream, dreamy light, spirits",
    "tunnel": "tunnel, tunnel of panels, space station corridor, ring lights, flight through a tube, wormhole, portal, subway, stargate,"
              " time travel, vortex, pipe, black hole",
    "kaleido": "kaleidoscope, mirrored inlay, stained glass, fine symmetric lines, mosaic, church window, carpet, symmetry, psychedelic pattern",
    "mandala": "mandala, filigree, golden lace, ornament, rosette, flower, lotus, blossom, snowflake, petals, jewellery",
    "glyphs": "code rain, digital rain, glyphs, alien letters, terminal, code, hacker screen, falling code, data, text",
    "wire": "wireframe polyhedra, sacred geometry, tesseract, glowing edges, wireframe, geometry, cube, hologram, triangle, atom",
    "echoes": "feedback, milkdrop, echoing waveform, tunnel of lines, sound wave, waveform, oscilloscope, strings, spiral, hypnosis",
    "ridges": "stacked waveforms, ridgelines, pulsar plot, mountain of lines, joy, lines, unknown pleasures, wireframe landscape",
    "voronoi": "crystal cells, voronoi, cracked ice, dragon scales, facets, scales, turtle shell, cells, broken glass, snake skin",
    "flow": "flow field, particles with trails, swarm, wind lines, hair of light, wind, particles, hair, strands, fireflies, currents, magnetism",
    "warp": "starfield, warp speed, flight through a nebula, hyperspace, stars, space, deep space, rocket, spaceship, explosion, big bang",
    "galaxy": "galaxy, spiral galaxy, thousands of stars, dust lanes, milky way, universe, cosmos, andromeda, nebula, night sky, astronomy",
    "firework": "fireworks, fireworks over water, bursts of sparks, new year, sparks, celebration, party, confetti, glitter, festival",
    "ink": "ink in water, marbling, swirling dye, fine filaments, ink, paint, watercolor, oil on water, marble, flowing colors, plasma,"
           " trippy, fluid, psychedelic",
    "smoke": "smoke, rising smoke, incense, two lamps in a dark room, fog, mist, steam, ghost, haze, cigarette",
    "fire": "fire, flames, fire with sparks, bonfire, burning ring, inferno, campfire, blaze, burning, hell, torch, volcano, phoenix, dragon",
    "reaction": "reaction diffusion, coral, labyrinth, brain, living pattern, bacteria, zebra, fingerprint, skin, moss",
    "lightning": "lightning, thunderstorm, branching bolts, tesla coil, storm, electricity, thunder, electric arcs, bolt",
    "lasers": "lasers, laser beams in haze, rave, crowd, concert stage, light show, club, disco, nightclub, dance floor, techno, spotlights,"
              " concert, dj, beams, festival stage",
    "bokeh": "rain on a window, drops on glass, city lights out of focus, bokeh, rain, raindrops, rainy night, tears, window, street lamps",
    "silk": "silk, folded cloth, velvet, curtains, flowing fabric, ribbons, drapes, dress, flag, satin, waves of cloth, sleep",
    "planet": "planet, planet with rings, moon, single orb in space, lava world, saturn, earth, mars, eclipse, orb, full moon",
    "bubbles": "bubbles, soap bubbles, floating orbs, iridescent film, balloons, orbs, champagne, pearls, lanterns",
    "clouds": "clouds, flying above clouds, cloudscape, heaven, sky, angels, air, sunrise above the clouds, cumulus",
    "snow": "snow, snowfall, winter forest, firs, street lamp, blizzard, winter, christmas, forest at night, trees",
    "dunes": "dunes, desert dunes, sand ripples, sahara, hills of sand, desert, sand, sandstorm, pyramid",
    "spectrum": "spectrum bars, equalizer, level meter, audio visualizer, loudspeaker, speaker, bars of light, music",
    "hexfloor": "hexagon floor, light rings running over tiles, honeycomb, pulse, rings, shockwave, hexagons, echo, ripples, radar, sonar",
    "jellyfish": "jellyfish, deep sea, medusa, underwater glow, underwater, squid, sea creature, plankton, whale",
}
SCENES = {k: [w.strip() for w in v.split(",")] for k, v in SCENES.items()}
SUBJECTS = {
    "knot": "knot, torus knot, ring", "gimbals": "gyroscope, rings, gimbals", "carved sphere": "carved sphere, sphere, ball, skull",
    "gyroid ball": "lattice ball, gyroid ball, coral ball", "gem": "gem, jewel, diamond", "cubes": "cubes, blocks, boxes",
    "crystal cluster": "crystal cluster, crystals, shards", "droplets": "drops, droplets, blobs",
}
BACKGROUNDS = {
    "studio": "in a studio, in a white room", "led wall": "before a wall of lights, before a screen", "nebula": "before a nebula, in space",
    "neon floor": "on a neon floor, on a dance floor", "light rings": "in rings of light, in a tunnel of light", "horizon": "under the sky, at the horizon",
}
LIGHTS = {"key": "", "duo": "two lights, coloured lights", "below": "lit from below", "halo": "halo, backlit"}
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
    "teal and orange": ["teal and orange", "blockbuster colors", "orange and teal", "cinematic colors"],
    "blood moon": ["blood moon", "red and white", "crimson and bone", "horror red"],
    "hologram": ["hologram", "holographic", "pale cyan and pink", "iridescent colors", "opal"],
    "cobalt and gold": ["cobalt and gold", "blue and gold", "royal blue and gold", "blue and yellow"],
}
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


def split(words):
    return [w.strip() for w in words.split(",")]


MEANT = {w for v in (*SCENES.values(), *PALETTES.values(), *map(split, (*SUBJECTS.values(), *BACKGROUNDS.values(), *LIGHTS.values())))
         for p in v for w in p.split()}
COMMON = [w for w in COMMON if w not in MEANT]


def wording(choices, rng):
    """The plain words about half of the time, synonyms else."""
    return choices[0] if rng.random() < 0.45 else rng.choice(choices)


def caption(what, rng):
    """A caption of a clip of which `clips.describe` says what it shows."""
    k, p = wording(SCENES[what["scene"]], rng), wording(PALETTES[what["palette"]], rng)
    parts = what["parts"]
    named = "{s}" in k or (parts and rng.random() < 0.4)
    subject = wording(split(SUBJECTS[parts["subject"]]), rng) if parts else ""
    k = k.format(s=subject) if "{s}" in k else f"{k}, {subject}" if named and subject else k
    text = rng.choice(FORMS).format(k=k, p=p)
    if parts and rng.random() < 0.7:
        text = f"{text} {wording(split(BACKGROUNDS[parts['background']]), rng)}"
    light = split(LIGHTS[parts["light"]]) if parts else [""]
    if light[0] and rng.random() < 0.6:
        text = f"{text}, {wording(light, rng)}"
    if rng.random() < 0.15:
        text = rng.choice(["{s} {t}", "{t}, {s} motion"]).format(s=rng.choice(SPEED), t=text)
    if rng.random() < 0.25:
        extra = " ".join(rng.choice(COMMON) for _ in range(rng.randint(1, 3)))
        text = rng.choice(["{t}, {e}", "{e} {t}", "{t} {e}"]).format(t=text, e=extra)
    return text


def corpus():
    """The lines a tokenizer is trained on: every wording several times, common words a few times."""
    import random
    rng = random.Random(1)
    solids = {"chrome", "glass", "pearl", "metal"}
    parts = lambda k: {n: rng.choice(list(v)) for n, v in (("subject", SUBJECTS), ("background", BACKGROUNDS), ("light", LIGHTS))} if k in solids else {}
    lines = [caption({"scene": k, "palette": p, "parts": parts(k)}, rng) for k in SCENES for p in PALETTES for _ in range(10)]
    words = [w.replace("{s}", "").strip() for v in (*SCENES.values(), *PALETTES.values()) for w in v]
    return lines + COMMON * 6 + words * 10
