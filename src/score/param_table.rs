//! The parameter table: the rows that every job has, and what code calls them.

use super::markdown::aligned;
use super::param::{Group, Kind, Param, ParamRef, Rate};
use std::borrow::Cow;

/// [`ParamId`] and [`TABLE`] out of the same rows, so that code can't name a parameter that there isn't.
macro_rules! table {
    ($($id:ident: $row:ident($name:literal, $($value:expr),* $(,)?),)*) => {
        /// A row of the parameter table, as code names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ParamId {
            $(
                #[doc = concat!("`", $name, "`")]
                $id,
            )*
        }

        #[cfg(test)]
        const ALL: &[ParamId] = &[$(ParamId::$id),*];

        /// Every parameter that all jobs have.
        pub const TABLE: &[Param] = &[$($row((ParamId::$id, $name), $($value),*)),*];
    };
}

// Ranges are (smallest, default, largest).
table! {
    MotionScale: drawn("motion_scale", Rate::Frame, (0.0, 1.0, 2.0),
        "more movement from the frame before to this one; 1 = the model as it is"),
    Denoise: drawn("denoise", Rate::Frame, (0.0, 1.0, 1.0),
        "a frame gives up more of the picture it starts from, the one before or its init; 1 = everything, 0 = an init as it is"),
    SourceDetail: drawn("source_detail", Rate::Frame, (0.0, 0.0, 1.0),
        "more of the detail that the autoencoder loses of a clip or a scene is given back, less the higher denoise is; 1 by default with spark"),
    Pace: drawn("pace", Rate::Window, (0.0, 1.0, 1.0),
        "how far each frame moves follows motion_scale more exactly; 0 = as the model moves it"),
    MotionEffect: drawn("motion_effect", Rate::Frame, (0.0, 1.0, 2.0),
        "frames agree more on what they show; 0 = each is a picture by itself"),
    Guidance: drawn("guidance", Rate::Window, (1.0, 1.0, 15.0),
        "pictures follow the prompt more closely; above 1 a step takes twice as long"),
    NoiseCorrelation: drawn("noise_correlation", Rate::Frame, (0.0, 0.0, 1.0),
        "neighbouring frames start from more similar noise: calmer pictures"),
    DriftGuard: drawn("drift_guard", Rate::Job, (0.0, 1.0, 1.0),
        "colour and contrast are held closer to where a take began"),
    Finish: switch("finish", "the effects below are applied"),
    ColourMatch: effect("colour_match", "", (0.0, 0.0, 1.0),
        "colours that drift are led back to those that a take, a prompt or a source began with"),
    PanX: effect("pan_x", "widths", (-1.0, 0.0, 1.0), "the picture moves to the right"),
    PanY: effect("pan_y", "heights", (-1.0, 0.0, 1.0), "the picture moves down"),
    Zoom: effect("zoom", "", (0.5, 1.0, 4.0), "the picture comes closer"),
    Roll: effect("roll", "degrees", (-360.0, 0.0, 360.0), "the picture turns clockwise"),
    FlyX: effect("fly_x", "widths/s", (-1.0, 0.0, 1.0),
        "the picture keeps moving to the right, and more of it comes in"),
    FlyY: effect("fly_y", "heights/s", (-1.0, 0.0, 1.0),
        "the picture keeps moving down, and more of it comes in"),
    FlyZoom: effect("fly_zoom", "times/s", (0.5, 1.0, 2.0), "the picture keeps coming closer, endlessly"),
    FlyRoll: effect("fly_roll", "degrees/s", (-180.0, 0.0, 180.0), "the picture keeps turning clockwise"),
    Shake: effect("shake", "", (0.0, 0.0, 1.0), "the picture jumps about"),
    Exposure: effect("exposure", "stops", (-3.0, 0.0, 3.0),
        "the picture gets brighter, twice as bright per stop"),
    Flash: effect("flash", "", (0.0, 0.0, 1.0), "the picture goes towards white"),
    Saturation: effect("saturation", "", (0.0, 1.0, 3.0), "colours get stronger; 0 = grey"),
    Hue: effect("hue", "degrees", (-360.0, 0.0, 360.0), "colours turn around the colour wheel"),
    Glow: effect("glow", "", (0.0, 0.0, 2.0), "light spills from bright places"),
    Grain: effect("grain", "", (0.0, 0.0, 1.0), "the picture gets grainier, like fast film"),
    Bloom: effect("bloom", "", (0.0, 0.0, 2.0), "light spills from bright places, near and far"),
    Trails: effect("trails", "seconds", (0.0, 0.0, 4.0),
        "what was bright stays, and takes longer until a tenth of it is left"),
    TrailsZoom: effect("trails_zoom", "times/s", (0.1, 1.3, 10.0), "trails run outwards; below 1 inwards"),
    TrailsTurn: effect("trails_turn", "degrees/s", (-360.0, 0.0, 360.0), "trails turn clockwise"),
    Kaleidoscope: effect("kaleidoscope", "mirrors", (0.0, 0.0, 24.0),
        "more mirrors; 1 = two alike halves, 2 = four quarters"),
    KaleidoscopeTurn: effect("kaleidoscope_turn", "degrees", (-360.0, 0.0, 360.0), "the mirrors turn clockwise"),
    CentreX: effect("centre_x", "widths", (-0.5, 0.0, 0.5),
        "the middle of mirrors, ripples and trails moves to the right"),
    CentreY: effect("centre_y", "heights", (-0.5, 0.0, 0.5), "the middle of mirrors, ripples and trails moves down"),
    Ripple: effect("ripple", "", (0.0, 0.0, 1.0), "a ring is born in the middle and runs outwards; for hits"),
    Displace: effect("displace", "", (0.0, 0.0, 1.0), "the picture wavers, as under water"),
    Edges: effect("edges", "", (0.0, 0.0, 2.0), "outlines light up, and the rest gets darker; 2 = outlines alone"),
    Sharpen: effect("sharpen", "", (0.0, 0.0, 1.0), "soft outlines get crisp"),
    Aberration: effect("aberration", "", (0.0, 0.0, 1.0), "red and blue come apart towards the corners"),
    Lift: effect("lift", "", (-0.5, 0.0, 0.5), "black gets brighter, white stays"),
    Gamma: effect("gamma", "", (0.2, 1.0, 5.0), "middle tones get brighter, black and white stay"),
    Gain: effect("gain", "", (0.0, 1.0, 4.0), "everything gets brighter, black stays"),
    Temperature: effect("temperature", "", (-1.0, 0.0, 1.0), "white gets warmer; below 0 colder"),
    Lut: effect("lut", "", (0.0, 1.0, 1.0), "more of the look-up table, where there is one"),
    Posterise: effect("posterise", "", (0.0, 0.0, 1.0), "colours have fewer levels; 1 = two each"),
    Vignette: effect("vignette", "", (0.0, 0.0, 1.0), "the corners get darker"),
    Scanlines: effect("scanlines", "", (0.0, 0.0, 1.0), "the gaps between the lines of a tube get darker"),
    Letterbox: effect("letterbox", "heights", (0.0, 0.0, 1.0), "black bars cover more of the picture"),
    CutDissolve: effect("cut_dissolve", "seconds", (0.0, 0.0, 4.0),
        "after a cut the picture before takes longer to go; read where the cut is, as are the next three"),
    CutWipe: effect("cut_wipe", "seconds", (0.0, 0.0, 4.0), "after a cut the new picture takes longer to come in from the left"),
    CutFlash: effect("cut_flash", "seconds", (0.0, 0.0, 4.0), "a cut is a flash of white that takes longer to go"),
    CutZoom: effect("cut_zoom", "seconds", (0.0, 0.0, 4.0), "the camera dives into a cut and out of it for longer"),
}

type Named = (ParamId, &'static str);
type Range = (f64, f64, f64);

const fn row((id, name): Named, (min, default, max): Range, effect: &'static str) -> Param {
    let (rate, group, kind) = (Rate::Frame, Group::Finish, Kind::Number);
    let (row, name) = (Some(id as usize), Cow::Borrowed(name));
    Param { row, name, unit: "", min, max, default, effect, rate, group, kind }
}

/// A row for the denoiser.
const fn drawn(named: Named, rate: Rate, range: Range, effect: &'static str) -> Param {
    let mut made = row(named, range, effect);
    (made.rate, made.group) = (rate, Group::Generate);
    made
}

/// A row for an effect on finished pictures; with all of them at their defaults nothing is changed.
const fn effect(named: Named, unit: &'static str, range: Range, effect: &'static str) -> Param {
    let mut made = row(named, range, effect);
    made.unit = unit;
    made
}

/// A row that holds for the whole job and is on by default.
const fn switch(named: Named, effect: &'static str) -> Param {
    let mut made = row(named, (0.0, 1.0, 1.0), effect);
    (made.rate, made.kind) = (Rate::Job, Kind::Switch);
    made
}

impl ParamId {
    /// Its row.
    pub fn param(self) -> &'static Param {
        &TABLE[self as usize]
    }
}

impl AsRef<Param> for ParamId {
    fn as_ref(&self) -> &Param {
        self.param()
    }
}

impl From<ParamId> for ParamRef {
    fn from(id: ParamId) -> Self {
        ParamRef::Row(id.param())
    }
}

impl Param {
    /// Whether it is this row of the table.
    pub fn is(&self, id: ParamId) -> bool {
        self.row == Some(id as usize)
    }
}

/// Parameters as text: Markdown that is also readable in a terminal.
pub fn table() -> String {
    aligned(["parameter", "range", "default", "per", "turning it up"], TABLE.iter().map(cells))
}

/// What a table says of a parameter: name, range, default, how often it may change, effect.
pub fn cells(p: &Param) -> [String; 5] {
    let (range, default) = match p.kind {
        Kind::Switch => ("on, off".to_owned(), if p.default > 0.0 { "on" } else { "off" }.to_owned()),
        Kind::Number => (format!("{} to {} {}", p.min, p.max, p.unit), p.default.to_string()),
    };
    let rate = match p.rate {
        Rate::Frame => "frame",
        Rate::Window => "window",
        Rate::Job => "job",
    };
    [p.name.to_string(), range.trim_end().to_owned(), default, rate.to_owned(), p.effect.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn defaults_lie_inside_their_ranges_and_names_differ() {
        for p in TABLE {
            assert!((p.min..=p.max).contains(&p.default) && p.min < p.max, "{}", p.name);
        }
        assert_eq!(TABLE.iter().map(|p| &p.name).collect::<BTreeSet<_>>().len(), TABLE.len());
    }

    /// `ParamId::FlyZoom` is the row `fly_zoom`, and lies where it says.
    #[test]
    fn code_names_every_row_as_files_do() {
        let snake = |id: &ParamId| -> String {
            let letters = format!("{id:?}");
            letters
                .chars()
                .flat_map(|c| c.is_uppercase().then_some('_').into_iter().chain(c.to_lowercase()))
                .collect()
        };
        assert_eq!(ALL.len(), TABLE.len());
        for (i, (id, param)) in ALL.iter().zip(TABLE).enumerate() {
            assert_eq!((snake(id).trim_start_matches('_'), param.row), (&*param.name, Some(i)));
            assert!(param.is(*id) && id.param().name == param.name);
        }
    }

    #[test]
    fn the_table_names_every_parameter_on_lines_of_one_width() {
        let text = table();
        assert_eq!(text.lines().count(), TABLE.len() + 2);
        let width = text.lines().next().unwrap().chars().count();
        assert!(text.lines().all(|l| l.chars().count() == width), "{text}");
        assert!(TABLE.iter().all(|p| text.contains(&format!("| {} ", p.name))));
    }
}
