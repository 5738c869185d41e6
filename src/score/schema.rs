//! The form of presets and projects, written down once more than the parser has it: what JSON Schema, the reference and
//! a page of controls are made of. `tests/presets.rs` holds the two against each other and against the files.

use super::expr::function_table;
use super::markdown::aligned;
use super::param::{Kind, Param, Rate};
use super::param_table::{TABLE as PARAMS, table as param_table};
use super::shipped::{DEFAULT, shipped};
use super::signal::{TABLE as SIGNALS, table as signal_table};
use super::slot::{NAME, SLOT_KINDS, SlotRow, slot_table};
use serde_json::{Map, Value, json};

/// A table of a TOML file.
#[derive(Debug)]
pub struct Table {
    /// What it is called in the schema: `preset`, `route`, ...
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What it can be.
    pub form: Form,
    /// What it says, in a few words.
    pub about: &'static str,
}

/// What a value can be.
#[derive(Debug)]
pub enum Form {
    /// Text.
    Text,
    /// A number within these limits.
    Number(f64, f64),
    /// A whole number within these limits.
    Whole(u64, u64),
    /// A length or a place: seconds, or text in beats, bars, ms or minutes.
    Length,
    /// true or false.
    Truth,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or a number within these limits.
    WordOr(&'static [&'static str], f64, f64),
    /// The name of a parameter that routes can turn.
    Param,
    /// The name of a signal, or of a curve of the file.
    Signal,
    /// The name of a preset, or a file.
    Preset,
    /// Parameters and values.
    Settings,
    /// A list of texts.
    Texts,
    /// A list of places.
    Lengths,
    /// A list of times in seconds.
    Times,
    /// A list of pairs of a place and a value.
    Points,
    /// Two shares, the smaller one first.
    Shares,
    /// A place in the picture: shares of its width and height.
    Point,
    /// Texts by name.
    Named,
    /// Text or a number.
    TextOrNumber,
    /// Another table.
    Table(&'static str),
    /// A list of tables of this kind.
    Tables(&'static str),
    /// Tables of this kind by name.
    NamedTables(&'static str),
}

use Form::*;

const fn key(name: &'static str, form: Form, about: &'static str) -> Key {
    Key { name, form, about }
}

const CURVES: &[&str] = &["linear", "square", "cube", "root", "smooth"];
const EASES: &[&str] = &["linear", "square", "cube", "root", "smooth", "step"];

/// Every table of presets and projects.
pub const TABLES: &[Table] = &[
    Table {
        name: "preset",
        usage: "a preset's file",
        keys: &[
            key("about", Text, "one line about it"),
            key("negative", Text, "what prompts without their own avoid"),
            key("blend", Word(&["slerp", "lerp"]), "how prompts are blended on the way"),
            key(
                "init",
                Text,
                "what frames start from: draw:synthwave, draw:ocean,palette=ice, a picture, a clip, cover (the track's own picture); none for nothing",
            ),
            key("base", Settings, "values of parameters before any route"),
            key("route", Tables("route"), "what moves what"),
            key("curve", Tables("curve"), "curves drawn by hand"),
            key("prompt", Tables("prompt"), "what is shown when; the last one that applies wins"),
            key("words", NamedTables("words"), "what words in braces stand for"),
            key("layer", Tables("layer"), "what is drawn over the pictures"),
            key("lora", Tables("lora"), "what changes the model while this look holds"),
            key("control", Tables("control"), "pictures that a ControlNet follows while this look holds"),
            key("cuts", Table("cuts"), "when takes start"),
        ],
    },
    Table {
        name: "route",
        usage: "[[route]]",
        keys: &[
            key("signal", Signal, "what is listened to"),
            key("value", Text, "or an expression over everything"),
            key("to", Param, "what is turned"),
            key("mode", Word(&["add", "multiply"]), "how it gets in; add by default"),
            key("every", Whole(1, 1000), "beat and bar signals: every so many"),
            key("quantiles", Shares, "these shares of the track give 0 and 1"),
            key("gate", Number(0.0, 1.0), "values below count as 0"),
            key("attack", Length, "how long a rise from 0 to 1 takes"),
            key("hold", Length, "how long a peak stays"),
            key("release", Length, "how long it takes to fall to a tenth"),
            key("look_ahead", Length, "how early a rise begins; by default the attack"),
            key("curve", WordOr(CURVES, 0.1, 10.0), "how strength is bent"),
            key("quantize", Length, "the value stays from each of these to the next"),
            key("accumulate", Truth, "the value is a speed"),
            key("amount", Number(-1000.0, 1000.0), "what a full signal gives; 1 by default"),
            key("offset", Number(-1000.0, 1000.0), "what silence gives; 0 by default"),
            key("floor", Number(-1000.0, 1000.0), "the least that comes out"),
            key("ceiling", Number(-1000.0, 1000.0), "the most that comes out"),
            key("bypass", Truth, "true: checked and kept in the file, but not played"),
        ],
    },
    Table {
        name: "curve",
        usage: "[[curve]]",
        keys: &[
            key("name", Text, "what routes call it"),
            key("points", Points, "places and values: [[\"0 bars\", 0], [\"8 bars\", 1]]"),
            key("ease", Word(EASES), "how a value becomes the next; linear by default"),
            key("fps", TextOrNumber, "places are frames at this rate, and each frame holds its value"),
        ],
    },
    Table {
        name: "prompt",
        usage: "[[prompt]]",
        keys: &[
            key("text", Text, "what is asked for; (word:1.2) has weight, {word} is replaced"),
            key("negative", Text, "what is to be avoided"),
            key("section", Text, "holds in sections of this label"),
            key("from", Length, "or from here on"),
            key("to", Length, "up to here"),
            key("ease", Length, "how long the way there takes"),
        ],
    },
    Table {
        name: "words",
        usage: "[words.NAME]",
        keys: &[
            key("every", Length, "how long each word of the list holds"),
            key("list", Texts, "words in turn"),
            key("section", Named, "or a word by the section's label"),
            key("other", Text, "and one for all other sections"),
        ],
    },
    Table {
        name: "layer",
        usage: "[[layer]]",
        keys: &[
            key("name", Text, "what routes call it, as in layer.NAME.opacity; by default its kind"),
            key(
                "kind",
                Word(&["lyrics", "title", "waveform", "spectrum", "particles", "rings"]),
                "what it shows",
            ),
            key("show", Word(&["line", "words", "karaoke"]), "how lyrics come"),
            key("form", Word(&["line", "ring"]), "of a waveform or spectrum"),
            key("on", Word(&["kick", "snare", "hat", "onset"]), "what particles are born on"),
            key("text", Text, "of a title; artist and title of the track by default"),
            key("font", Text, "a font's file; DejaVu Sans by default"),
            key("at", Point, "its middle, in shares of width and height"),
            key("size", Number(0.005, 2.0), "of letters, bars or radius, as a share of the picture's height"),
            key("color", Text, "#ffcc00, or picture: the picture's own"),
            key("sung", Text, "the colour of lyrics that were sung"),
            key("blend", Word(&["normal", "add", "screen", "multiply"]), "how it gets onto the picture"),
            key("fade_in", Number(0.0, 60.0), "seconds in which it, or a line of it, comes"),
            key("fade_out", Number(0.0, 60.0), "seconds in which it goes"),
            key("section", Text, "it is seen in sections of this label"),
            key("from", Length, "or from here on"),
            key("to", Length, "up to here; a title: for 6 seconds by default"),
        ],
    },
    Table {
        name: "lora",
        usage: "[[lora]]",
        keys: &[
            key("name", Text, "what routes call it, as in lora.NAME; by default the file's name"),
            key(
                "file",
                Text,
                "a file beside the preset or project, or a name that `beatbolt models list` shows",
            ),
            key("strength", Number(-2.0, 2.0), "how strongly it acts before any route; 1 by default"),
            key(
                "text_strength",
                Number(-2.0, 2.0),
                "how strongly on the text encoder; as strongly by default",
            ),
        ],
    },
    Table {
        name: "control",
        usage: "[[control]]",
        keys: &[
            key(
                "name",
                Text,
                "what routes call it, as in control.NAME; by default the net's name, of control_v11p_sd15_canny canny",
            ),
            key(
                "net",
                Text,
                "a ControlNet: a file or folder beside the preset or project, or a name that `beatbolt models list` shows",
            ),
            key(
                "source",
                Text,
                "what it follows: a picture, a clip, a folder of frames, cover, draw:SCENE, or music:spectrum, music:waveform, music:rings, music:tunnel; followed by prepare=canny and more, see docs/control.md",
            ),
            key("strength", Number(0.0, 2.0), "how closely it is followed before any route; 1 by default"),
            key("start", Number(0.0, 1.0), "the share of the steps from which on it acts; 0 by default"),
            key("end", Number(0.0, 1.0), "the share of the steps up to which it acts; 1 by default"),
        ],
    },
    Table {
        name: "cuts",
        usage: "[cuts] of a preset",
        keys: &[
            key("on", Text, "never, section, or bars:8"),
            key("min", Length, "a take lasts at least this long; 2 seconds by default"),
        ],
    },
    Table {
        name: "project",
        usage: "a project's file: video.toml",
        keys: &[
            key("include", Texts, "files of the same form; what is written here wins"),
            key("track", Text, "the sound; paths stay inside the project's folder"),
            key("output", Text, "where the video goes"),
            key(
                "profile",
                Word(&["h264", "h265", "av1", "vp9", "prores", "ffv1", "gif", "png"]),
                "video format",
            ),
            key(
                "audio",
                Word(&["copy", "alac", "flac", "aac"]),
                "how the sound is stored; unchanged by default",
            ),
            key(
                "flash_guard",
                Word(&["on", "off"]),
                "whether flashes are limited to three a second; on by default",
            ),
            key("lyrics", Text, "LRC or SRT, shown by layers of kind lyrics, or by one of its own"),
            key("font", Text, "a font's file, for all text that names none"),
            key("preset", Preset, "used wherever no part says otherwise"),
            key("model", Text, "a folder in diffusers' layout; spark by default"),
            key("motion", Text, "a motion module to use instead of the folder's own"),
            key("vae", Text, "an autoencoder to use instead of the model's own"),
            key("upscale", Text, "a network that enlarges the generated pictures: a file, or a name"),
            key(
                "interpolator",
                Text,
                "a network that puts frames between generated ones (RIFE): a file, or a name",
            ),
            key(
                "clip_skip",
                Whole(1, 24),
                "the layer of the text encoder that is listened to, counted from the last; 1 by default",
            ),
            key("lut", Text, "a look-up table (.cube) that the finished pictures' colours go through"),
            key("tier", Word(&["draft", "develop", "final"]), "effort per picture"),
            key("steps", Whole(1, 200), "denoising steps a window; by the tier"),
            key("size", Text, "of the video: 1280x720"),
            key("generate", Text, "size at which pictures are generated; fits the model"),
            key("overlap", Whole(1, 1000), "frames that a window shares with the one before"),
            key("fps", TextOrNumber, "frames a second; what the model was made for"),
            key("seed", Whole(0, i64::MAX as u64), "random seed; another number gives another video"),
            key("blend", Word(&["slerp", "lerp"]), "how the project's prompts are blended"),
            key(
                "init",
                Text,
                "what frames start from where presets and parts name nothing: draw:synthwave, a picture, a clip, cover",
            ),
            key("hearing", Table("hearing"), "your corrections to what is heard"),
            key("variables", Named, "what ${name} stands for in any text"),
            key("set", Settings, "parameters held at a value everywhere"),
            key("cuts", Table("takes"), "when takes start, instead of what the presets say"),
            key(
                "part",
                Tables("part"),
                "other looks for stretches of the track; the last one that applies wins",
            ),
            key("prompt", Tables("prompt"), "prompts over those of all presets"),
            key("words", NamedTables("words"), "what words in braces in them stand for"),
            key("layer", Tables("layer"), "what is drawn over all looks"),
            key("lora", Tables("lora"), "what changes the model in all looks"),
            key("control", Tables("control"), "pictures that are followed in all looks"),
        ],
    },
    Table {
        name: "hearing",
        usage: "[hearing]",
        keys: &[
            key("bpm", Number(20.0, 400.0), "exact tempo; the beats stay where they were heard"),
            key("first_beat", Length, "time of the first beat, which starts a bar; in seconds"),
            key("beats_file", Text, "beats from a list, one time per line; a 1 after the time starts a bar"),
            key("octave", Word(&["halve", "double", "triple"]), "half, twice or three times as many beats"),
            key(
                "shift_beats",
                Number(-60.0, 60.0),
                "seconds by which all beats are moved; negative: earlier",
            ),
            key("sections_file", Text, "sections from a list: a start time and a name per line"),
            key("audio_stream", Whole(1, 1000), "audio stream to use, counted from 1"),
            key("meter", Whole(1, 32), "beats in a bar, counted from the first bar on"),
            key("beats", Times, "every beat in seconds, instead of bpm and beats_file"),
            key("bars", Times, "those of them that begin a bar; by default every fourth"),
            key("section", Tables("section"), "sections instead of those that are heard"),
        ],
    },
    Table {
        name: "section",
        usage: "[[hearing.section]]",
        keys: &[
            key("from", Number(0.0, 1e6), "when it begins, in seconds; it lasts until the next one"),
            key("name", Text, "what it is called; sections of one name are alike"),
            key("color", Text, "its colour in the studio, like #3f7a49"),
        ],
    },
    Table {
        name: "part",
        usage: "[[part]]",
        keys: &[
            key("section", Text, "every section of this label"),
            key("from", Length, "or from here on"),
            key("to", Length, "up to here"),
            key("preset", Preset, "its look; by default what is shown there without it"),
            key("prompt", Text, "instead of the preset's prompts"),
            key("negative", Text, "what is to be avoided"),
            key("init", Text, "what frames start from, instead of the preset's source; none for nothing"),
            key("ease", Length, "how long the change from the look before takes"),
            key("cut", Truth, "a take starts where it begins"),
            key("set", Settings, "parameters held at a value in it"),
        ],
    },
    Table {
        name: "takes",
        usage: "[cuts] of a project",
        keys: &[
            key("on", Text, "never, section, or bars:8"),
            key("min", Length, "a take lasts at least this long; 2 seconds by default"),
            key("at", Lengths, "and in any case one starts here"),
        ],
    },
];

/// The JSON Schema (draft 2020-12) of the file that is called `root` in [`TABLES`].
pub fn json_schema(root: &str) -> Value {
    let tables: Map<String, Value> = TABLES.iter().map(|t| (t.name.to_owned(), object(t))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("beatbolt {root}"),
        "$ref": format!("#/$defs/{root}"),
        "$defs": tables,
    })
}

fn object(table: &Table) -> Value {
    let property = |key: &Key| {
        let mut schema = form(&key.form);
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".into(), key.about.into());
        }
        (key.name.to_owned(), schema)
    };
    let properties: Map<String, Value> = table.keys.iter().map(property).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn form(form: &Form) -> Value {
    let length = || {
        json!({ "type": ["number", "string"], "minimum": 0,
        "pattern": "^\\s*([0-9.]+\\s*(s|seconds?|ms|beats?|bars?)|[0-9]+(:[0-9.]+){1,2})\\s*$" })
    };
    let reference = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    match form {
        Text => json!({ "type": "string" }),
        Number(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
        Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Length => length(),
        Truth => json!({ "type": "boolean" }),
        Word(words) => json!({ "enum": words }),
        WordOr(words, least, most) => {
            json!({ "anyOf": [{ "enum": words }, { "type": "number", "minimum": least, "maximum": most }] })
        }
        Param => {
            let names: Vec<&str> = PARAMS.iter().filter(|p| routable(p)).map(|p| &*p.name).collect();
            // One pattern for those whose name comes last, one for every key behind a name.
            let (last, inner): (Vec<&SlotRow>, Vec<&SlotRow>) = SLOT_KINDS
                .iter()
                .filter(|kind| kind.rate != Rate::Job)
                .partition(|kind| kind.around().1.is_empty());
            let prefixes = last.iter().map(|kind| kind.prefix).collect::<Vec<_>>().join("|");
            let patterns = inner.into_iter().map(pattern).chain([format!("^({prefixes})\\.{NAME}$")]);
            let patterns = patterns.map(|pattern| json!({ "type": "string", "pattern": pattern }));
            let forms: Vec<Value> = [json!({ "enum": names })].into_iter().chain(patterns).collect();
            json!({ "anyOf": forms })
        }
        Signal => {
            let names: Vec<&str> = SIGNALS.iter().map(|s| s.name).collect();
            json!({ "anyOf": [{ "enum": names }, { "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$" }] })
        }
        Preset => {
            let names: Vec<&str> =
                [DEFAULT].into_iter().chain(shipped().iter().map(|(name, _)| *name)).collect();
            json!({ "anyOf": [{ "enum": names }, { "type": "string", "pattern": "(/|\\.toml$)" }] })
        }
        Settings => settings(),
        Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Lengths => json!({ "type": "array", "items": length() }),
        Times => json!({ "type": "array", "items": { "type": "number", "minimum": 0 } }),
        Points => json!({ "type": "array", "minItems": 1, "items":
            { "type": "array", "prefixItems": [length(), { "type": "number" }], "minItems": 2, "maxItems": 2 } }),
        Shares => json!({ "type": "array", "items": { "type": "number", "minimum": 0, "maximum": 1 },
            "minItems": 2, "maxItems": 2 }),
        Point => json!({ "type": "array", "items": { "type": "number", "minimum": -1, "maximum": 2 },
            "minItems": 2, "maxItems": 2 }),
        Named => json!({ "type": "object", "additionalProperties": { "type": ["string", "number"] } }),
        TextOrNumber => json!({ "type": ["string", "number"] }),
        Table(name) => reference(name),
        Tables(name) => json!({ "type": "array", "items": reference(name) }),
        NamedTables(name) => json!({ "type": "object", "additionalProperties": reference(name) }),
    }
}

/// Parameters and values. Those of slots are written as `"lora.smoke" = 1`, or as a table `lora`.
fn settings() -> Value {
    let rows = PARAMS.iter().map(|p| (p.name.to_string(), param(p)));
    let mut tables: Map<String, Value> = Map::new();
    for kind in SLOT_KINDS {
        let (before, behind) = kind.around();
        let own = param(&kind.param("NAME"));
        let table = tables.entry(before).or_insert_with(
            || json!({ "type": "object", "additionalProperties": false, "patternProperties": {} }),
        );
        let named = &mut table["patternProperties"][format!("^{NAME}$")];
        match behind.strip_prefix('.') {
            None => *named = own,
            Some(key) => {
                named["type"] = "object".into();
                named["additionalProperties"] = false.into();
                named["properties"][key] = own;
            }
        }
    }
    let properties: Map<String, Value> = rows.chain(tables).collect();
    let named = |kind: &SlotRow| (pattern(kind), param(&kind.param("NAME")));
    let patterns: Map<String, Value> = SLOT_KINDS.iter().map(named).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "patternProperties": patterns })
}

/// What the names of a kind's slots look like, as a regular expression.
fn pattern(kind: &SlotRow) -> String {
    let (before, behind) = kind.around();
    format!("^{before}\\.{NAME}{}$", behind.replace('.', "\\."))
}

fn routable(param: &Param) -> bool {
    param.rate != Rate::Job
}

/// A parameter's value.
fn param(param: &Param) -> Value {
    let mut schema = match param.kind {
        Kind::Switch => json!({ "enum": ["on", "off", true, false] }),
        Kind::Number => {
            json!({ "type": "number", "minimum": param.min, "maximum": param.max, "default": param.default })
        }
    };
    if let Some(schema) = schema.as_object_mut() {
        let unit = if param.unit.is_empty() { String::new() } else { format!(" ({})", param.unit) };
        schema.insert("description".into(), format!("turning it up: {}{unit}", param.effect).into());
    }
    schema
}

/// Parameters, slots, signals, functions and the keys of all tables as Markdown.
pub fn reference() -> String {
    let mut text = format!(
        "# Reference\n\nMade by `beatbolt presets --params`.\n\n## Parameters\n\n{}\n\
         What a job has under a name has a parameter of that name, too; in `[base]` and `[set]`, `lora.smoke = 0.5`:\n\n{}\n## Signals\n\n{}\n## Functions\n\n\
         In `value`, beside operators, `section == 'B'`, `time` and curves:\n\n{}",
        param_table(),
        slot_table(),
        signal_table(),
        function_table()
    );
    for table in TABLES {
        let rows = table.keys.iter().map(|k| [format!("`{}`", k.name), written(&k.form), k.about.to_owned()]);
        text.push_str(&format!(
            "\n## {}\n\n{}",
            table.usage,
            aligned(["key", "value", "what it says"], rows)
        ));
    }
    text
}

/// What can be written, in a few words.
fn written(form: &Form) -> String {
    match form {
        Text => "text".into(),
        Number(least, most) => format!("{least} to {most}"),
        Whole(least, most) if *most > 1_000_000 => format!("whole number from {least}"),
        Whole(least, most) => format!("whole number, {least} to {most}"),
        Length => "3, \"1:30\", \"2 bars\"".into(),
        Lengths => "[3, \"1:30\", \"2 bars\"]".into(),
        Times => "[0.35, 0.82]".into(),
        Truth => "true, false".into(),
        Word(words) => words.join(", "),
        WordOr(words, least, most) => format!("{}, {least} to {most}", words.join(", ")),
        Param => "a parameter".into(),
        Signal => "a signal or curve".into(),
        Preset => "a name or file".into(),
        Settings => "parameters = values".into(),
        Texts => "[\"a\", \"b\"]".into(),
        Points => "[[place, value], ...]".into(),
        Shares => "[0.1, 0.9]".into(),
        Point => "[0.5, 0.8]".into(),
        Named => "name = \"text\"".into(),
        TextOrNumber => "12, \"30000/1001\"".into(),
        Table(_) | Tables(_) | NamedTables(_) => "see below".into(),
    }
}
