//! Draws every kind of layer of docs/layers.md over a painted picture: `make layers`.
//!
//! Without a model: what layers show comes from the track and the time alone.

use beatbolt::audio::{Analysis, Scope, analyze, lyrics};
use beatbolt::error::{Context, Error, Result};
use beatbolt::progress::Silent;
use beatbolt::render::{Layers, Painter};
use beatbolt::score::{Layer, LayerKind, Material, Overrides, Preset, Show, Span, sung};
use beatbolt::units::{FrameRate, Seconds, ShownFrame, Size};
use beatbolt::video::{Fonts, Frame};
use std::path::Path;

const SIZE: Size = Size { width: 480, height: 270 };
/// Frames a second.
const RATE: u32 = 24;
/// A song of five seconds in two scripts.
const SONG: &str = "[00:00.00]<00:00.00>light <00:02.00>comes <00:03.50>slowly <00:05.00>\n\
                    [00:05.00]<00:05.00>النور <00:06.00>يأتي <00:08.00>ببطء <00:09.00>\n[00:10.00]";

/// Pictures: a name, the layer's lines, and how long after the track's loudest hit it is taken, or at which second.
const PICTURES: [(&str, &str, When); 10] = [
    ("lyrics-line", "kind = \"lyrics\"\nshow = \"line\"", When::At(3.0)),
    ("lyrics-words", "kind = \"lyrics\"\nshow = \"words\"", When::At(3.0)),
    ("lyrics-karaoke", "kind = \"lyrics\"\nshow = \"karaoke\"\nsung = \"#ffc93c\"", When::At(3.0)),
    ("lyrics-arabic", "kind = \"lyrics\"\nshow = \"karaoke\"\nsung = \"#ffc93c\"", When::At(7.0)),
    ("title", "kind = \"title\"\ntext = \"FIRST LIGHT\"\nsize = 0.16", When::At(3.0)),
    ("waveform-line", "kind = \"waveform\"", When::After(0.1)),
    ("waveform-ring", "kind = \"waveform\"\nform = \"ring\"", When::After(0.1)),
    ("spectrum-line", "kind = \"spectrum\"", When::After(0.1)),
    ("spectrum-ring", "kind = \"spectrum\"\nform = \"ring\"\nsize = 0.2", When::After(0.1)),
    ("particles-rings", "kind = \"particles\"\n[[layer]]\nkind = \"rings\"", When::After(0.25)),
];

#[derive(Clone, Copy)]
enum When {
    At(f64),
    After(f64),
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [track, folder] = &arguments[..] else {
        return Err(Error::usage("layers TRACK FOLDER").hint("`make layers` says both"));
    };
    let (track, folder) = (Path::new(track), Path::new(folder));
    let analysis = analyze(track, &Silent)?;
    let fps = FrameRate::new(RATE, 1)?;
    let frames = fps.frames_covering(analysis.duration).max(1);
    let scope = std::sync::Arc::new(Scope::listen(track, None, fps, frames)?);
    let loudest = analysis.drums.kick.iter().max_by(|a, b| a.strength.total_cmp(&b.strength));
    let loudest = loudest.map_or(1.0, |hit| hit.time.0);
    for (name, layer, when) in PICTURES {
        let time = match when {
            When::At(time) => time,
            When::After(time) => loudest + time,
        };
        let lines = sung(&lyrics::parse(SONG)?);
        let material = Material { lines, scope: Some(scope.clone()), ..Material::of(&analysis) };
        let frame = picture(layer, (&analysis, material), (fps, frames), Seconds(time))?;
        let mut file = format!("P6 {} {} 255\n", SIZE.width, SIZE.height).into_bytes();
        file.extend(frame.rgb());
        let path = folder.join(format!("{name}.ppm"));
        std::fs::write(&path, file).context(|| Error::output(format!("can't write {}", path.display())))?;
    }
    Ok(())
}

/// The layers of the TOML lines `layer` over a painted picture, at a time of the track.
fn picture(
    layer: &str,
    (analysis, material): (&Analysis, Material),
    (fps, frames): (FrameRate, u64),
    time: Seconds,
) -> Result<Frame> {
    let preset = Preset::parse("layers", &format!("[[prompt]]\ntext = \"x\"\n[[layer]]\n{layer}\n"))?;
    let show = Show::of(preset);
    let timeline = show.play(analysis, &Overrides::default(), fps, Span { start: Seconds(0.0), frames })?;
    let words = |layer: &Layer| matches!(layer.kind, LayerKind::Lyrics(_) | LayerKind::Title);
    let fonts = |layer: &Layer| words(layer).then(|| Fonts::new(None)).transpose();
    let shown = show.layers_on(analysis).into_iter();
    let list = shown.map(|shown| fonts(&shown.layer).map(|fonts| (shown, fonts))).collect::<Result<_>>()?;
    let layers = Layers { list, material, scope_for_controls: false };
    let mut frame = painted();
    Painter::new(&layers, &timeline, 1).draw(&mut frame, ShownFrame(fps.frame_at(time)));
    Ok(frame)
}

/// Dusk over hills: something to draw over.
fn painted() -> Frame {
    let (width, height) = (SIZE.width as f32, SIZE.height as f32);
    let pixel = |i: usize| {
        let (x, y) = ((i % SIZE.width as usize) as f32 / width, (i / SIZE.width as usize) as f32 / height);
        let sun = (-((x - 0.62).powi(2) * 3.2 + (y - 0.55).powi(2)) * 26.0).exp();
        let hills = 0.72 + 0.06 * (x * 7.0).sin() + 0.03 * (x * 17.0 + 1.0).sin();
        let sky =
            [0.10 + 0.45 * y * y + 0.9 * sun, 0.08 + 0.12 * y + 0.5 * sun, 0.30 - 0.10 * y + 0.15 * sun];
        let ground = [0.05, 0.03, 0.10];
        let color = if y > hills { ground } else { sky };
        color.map(|v: f32| (255.0 * v.clamp(0.0, 1.0)) as u8)
    };
    Frame::new(SIZE, (0..SIZE.pixels()).flat_map(pixel).collect())
}
