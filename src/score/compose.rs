//! Analysis + preset + overrides → timeline.
//!
//! A parameter's value in a frame is (base + all routes that add) · all routes that multiply, kept inside the
//! parameter's range (degrees go round). `--set` replaces the base and silences the routes into that parameter: it
//! holds it.

use super::clock::Clock;
use super::emphasis::Emphasis;
use super::grid::{Cells, Span};
use super::param::{Group, Param, ParamRef, Setting};
use super::param_table::ParamId;
use super::preset::{MAX_TEXT, Mode, Place, Preset, Prompt, Route};
use super::shape;
use super::words;
use crate::audio::Analysis;
use crate::error::{Error, Result};
use crate::units::{FrameRate, Seconds};
use std::collections::BTreeMap;

/// How much a frame gives up of its source where nobody says: structure and motion stay, light and texture are the model's.
pub(super) const FROM_SOURCE: f32 = 0.35;

/// What the person asks for on top of presets and project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Parameters held at a value; the last one for a parameter counts.
    pub set: Vec<Setting>,
    /// One prompt instead of all of the preset's.
    pub prompt: Option<String>,
    /// One negative prompt instead of all of the preset's.
    pub negative: Option<String>,
    /// One source instead of all that presets and project name; `none` for none.
    pub init: Option<String>,
}

/// A preset and the parameters that are held at a value whatever it does with them.
pub(super) struct Held<'a> {
    pub preset: &'a Preset,
    pub values: BTreeMap<ParamRef, f32>,
    /// Whether its frames start from a source.
    pub from: bool,
    /// What LoRAs and controls have, by their parameters' names, where nobody says otherwise.
    pub strengths: &'a BTreeMap<String, f32>,
}

impl Held<'_> {
    /// The value of `param` in every frame of `span`.
    pub fn curve(
        &self,
        param: &ParamRef,
        analysis: &Analysis,
        fps: FrameRate,
        span: Span,
    ) -> Result<Vec<f32>> {
        let finish_off = self.base(&ParamId::Finish.into()) == 0.0;
        if finish_off && param.group == Group::Finish && !param.is(ParamId::Finish) {
            return Ok(vec![param.default as f32; span.frames as usize]);
        }
        let constant = vec![self.base(param); span.frames as usize];
        let routes = if self.values.contains_key(param) { &[] } else { &self.preset.routes[..] };
        let routes = routes.iter().filter(|r| r.to == *param);
        mix(constant, param, routes.map(|r| Ok((r.mode, play(r, analysis, fps, span)?))))
    }

    /// The value before any route.
    pub fn base(&self, param: &ParamRef) -> f32 {
        let usual = match self.from && param.is(ParamId::Denoise) {
            true => FROM_SOURCE,
            false => self.strengths.get(&*param.name).copied().unwrap_or(param.default as f32),
        };
        self.values.get(param).or(self.preset.base.get(param)).copied().unwrap_or(usual)
    }
}

/// Adds first, then multiplies, then keeps to the range.
fn mix(
    mut curve: Vec<f32>,
    param: &Param,
    routes: impl Iterator<Item = Result<(Mode, Vec<f32>)>>,
) -> Result<Vec<f32>> {
    let mut factor = vec![1.0; curve.len()];
    for route in routes {
        match route? {
            (Mode::Add, values) => curve.iter_mut().zip(values).for_each(|(c, v)| *c += v),
            (Mode::Multiply, values) => factor.iter_mut().zip(values).for_each(|(f, v)| *f *= v),
        }
    }
    Ok(curve.into_iter().zip(factor).map(|(c, f)| param.clamp(c * f)).collect())
}

/// What a route gives in every frame.
fn play(route: &Route, analysis: &Analysis, fps: FrameRate, span: Span) -> Result<Vec<f32>> {
    let (clock, shape) = (Clock::new(analysis), &route.shape);
    let cells = Cells::new(fps, span, shape.margin(&clock));
    let mut x = route.input.sample(analysis, &cells, shape.ahead(&clock))?;
    if let Some(quantiles) = shape.quantiles {
        shape::spread(&mut x, whole_track(route, analysis)?, quantiles);
    }
    shape.follow(&mut x, cells.width(), &clock);
    shape.settle(&mut x, &cells, &clock);
    let reduce = shape.reduce(route.input.reduce());
    Ok(cells.frames(&x, reduce).into_iter().map(|v| shape.scale(v)).collect())
}

/// What a route listens to, over the whole track whatever part of it is played, and at every frame rate the same.
fn whole_track(route: &Route, analysis: &Analysis) -> Result<Vec<f32>> {
    let fps = FrameRate::new(50, 1)?;
    let frames = fps.frames_covering(analysis.duration).clamp(1, Span::MAX_FRAMES);
    let cells = Cells::new(fps, Span { start: Seconds(0.0), frames }, Seconds(0.0));
    route.input.sample(analysis, &cells, Seconds(0.0))
}

/// The prompts of a preset that count where these texts were given instead.
pub(super) fn prompts(
    preset: &Preset,
    prompt: Option<&String>,
    negative: Option<&String>,
) -> Result<Vec<Prompt>> {
    let given = [prompt, negative];
    if given.into_iter().flatten().any(|text| text.chars().count() > MAX_TEXT) {
        return Err(Error::usage("the prompt is too long").hint(format!("at most {MAX_TEXT} characters")));
    }
    for text in given.into_iter().flatten() {
        words::check(text, &preset.words).map_err(|(_, error)| error)?;
        Emphasis::parse(text)?;
    }
    let mut list = preset.prompts.clone();
    if let Some(text) = prompt {
        list.truncate(1);
        list.iter_mut().for_each(|p| (p.text, p.place) = (text.clone(), Place::Everywhere));
    }
    if let Some(negative) = negative {
        list.iter_mut().for_each(|p| p.negative = negative.clone());
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Timeline, compose, fixture, parse_set};
    use crate::units::GeneratedFrame;

    const HEAD: &str = "[[prompt]]\ntext = \"x\"\n";

    fn play(toml: &str, overrides: &Overrides, start: f64) -> Timeline {
        let fps = FrameRate::new(12, 1).unwrap();
        let preset = Preset::parse("test", &format!("{HEAD}{toml}")).unwrap();
        let span = Span::between(Seconds(start), Seconds(16.0), fps).unwrap();
        compose(&fixture(16.0), &preset, overrides, fps, span).unwrap()
    }

    const MIX: &str = r#"
        [base]
        zoom = 1.5
        [[route]]
        signal = "one"
        to = "zoom"
        mode = "multiply"
        amount = 0.5
        [[route]]
        signal = "one"
        to = "zoom"
        amount = 0.7
        [[route]]
        signal = "one"
        to = "hue"
        amount = 999
    "#;

    #[test]
    fn routes_add_first_then_multiply_then_keep_to_the_range() {
        let timeline = play(MIX, &Overrides::default(), 0.0);
        assert!(timeline.curves.get(ParamId::Zoom).iter().all(|v| (v - 1.1).abs() < 1e-6));
        assert!(timeline.curves.get(ParamId::Hue).iter().all(|v| (v - 279.0).abs() < 1e-3));
        assert!(timeline.curves.iter().all(|(_, curve)| curve.len() == 192));
    }

    #[test]
    fn set_holds_a_parameter_and_finish_off_makes_effects_neutral() {
        let set = |texts: &[&str]| Overrides {
            set: texts.iter().map(|t| parse_set(t).unwrap()).collect(),
            ..Overrides::default()
        };
        assert!(
            play(MIX, &set(&["zoom=2", "zoom=3"]), 0.0).curves.get(ParamId::Zoom).iter().all(|v| *v == 3.0)
        );
        let off = play(MIX, &set(&["finish=off", "denoise=0.5"]), 0.0);
        assert_eq!(
            (
                off.value(ParamId::Zoom, GeneratedFrame(5)),
                off.value(ParamId::Hue, GeneratedFrame(5)),
                off.value(ParamId::Finish, GeneratedFrame(5))
            ),
            (1.0, 0.0, 0.0)
        );
        assert_eq!(off.value(ParamId::Denoise, GeneratedFrame(5)), 0.5);
    }

    #[test]
    fn given_prompts_replace_all_of_the_presets() {
        let travel = "negative = \"n\"\n[[prompt]]\ntext = \"b\"\nsection = \"B\"\n";
        let texts = |o: &Overrides| {
            let spans = play(travel, o, 0.0).prompts;
            spans.into_iter().map(|s| s.prompt + "/" + &s.negative).collect::<Vec<_>>()
        };
        let mut overrides = Overrides::default();
        assert_eq!(texts(&overrides), ["x/n", "b/", "x/n", "b/"]);
        overrides.negative = Some("m".into());
        assert_eq!(texts(&overrides), ["x/m", "b/m", "x/m", "b/m"]);
        overrides.prompt = Some("p".into());
        assert_eq!(texts(&overrides), ["p/m"]);
        overrides.prompt = Some("p {section}".into());
        assert_eq!(texts(&overrides)[..2], ["p A/m", "p B/m"]);
        let span = Span { start: Seconds(0.0), frames: 9 };
        for (wrong, message) in [("{scene}", "is not defined"), ("(a:7)", "weight 7")] {
            overrides.prompt = Some(wrong.into());
            let preset = Preset::parse("test", HEAD).unwrap();
            let fps = FrameRate::new(12, 1).unwrap();
            let error = compose(&fixture(1.0), &preset, &overrides, fps, span).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn a_value_goes_where_a_signal_would() {
        let toml = "[base]\nzoom = 0.5\n[[route]]\nvalue = \"1 + 0.5 * (section == 'B')\"\nto = \"zoom\"\namount = 2\n";
        for (f, v) in play(toml, &Overrides::default(), 0.0).curves.get(ParamId::Zoom).iter().enumerate() {
            assert_eq!(*v, if (f / 48) % 2 == 0 { 2.5 } else { 3.5 }, "{f}");
        }
    }

    #[test]
    fn curves_of_the_preset_are_signals() {
        let toml = "[[curve]]\nname = \"rise\"\npoints = [[0, 0], [\"8 bars\", 1]]\n[[route]]\nvalue = \"2 * rise\"\n\
                    to = \"zoom\"\n[[route]]\nsignal = \"rise\"\nto = \"flash\"\n";
        let timeline = play(toml, &Overrides::default(), 0.0);
        for f in 0..192 {
            let x = (f as f32 + 0.5) / 192.0;
            assert!((timeline.value(ParamId::Flash, GeneratedFrame(f)) - x).abs() < 1e-4);
            assert!((timeline.value(ParamId::Zoom, GeneratedFrame(f)) - (1.0 + 2.0 * x)).abs() < 1e-4);
        }
    }

    #[test]
    fn a_part_has_the_values_of_the_whole_whatever_the_shape() {
        for (shape, to) in [
            ("quantiles = [0.05, 0.95]", ParamId::Flash),
            ("quantize = \"3 beats\"", ParamId::Flash),
            ("accumulate = true\namount = 20", ParamId::Hue),
            ("accumulate = true\namount = 300\nquantize = \"1 bars\"", ParamId::Hue),
        ] {
            let route = "value = \"0.5 * noise(3 beats) + 0.5 * random(0.7 s)\"";
            let toml = format!("[[route]]\n{route}\nto = \"{}\"\n{shape}\n", to.param().name);
            let (whole, part) =
                (play(&toml, &Overrides::default(), 0.0), play(&toml, &Overrides::default(), 5.0));
            for f in 0..part.frames {
                let (a, b) = (whole.value(to, GeneratedFrame(f + 60)), part.value(to, GeneratedFrame(f)));
                assert!((a - b).abs() < 1e-3, "{shape} {f}: {a} {b}");
            }
        }
    }

    #[test]
    fn degrees_go_round_so_that_energy_can_be_speed() {
        let toml = "[[route]]\nsignal = \"one\"\nto = \"hue\"\naccumulate = true\namount = 90\n";
        for (f, v) in play(toml, &Overrides::default(), 0.0).curves.get(ParamId::Hue).iter().enumerate() {
            let expected = 90.0 * (f as f32 + 0.5) / 12.0 % 360.0;
            assert!((v - expected).abs() < 1.0 || (v - expected).abs() > 359.0, "{f}: {v} {expected}");
        }
    }

    #[test]
    fn a_later_start_shows_the_same_values_earlier() {
        let toml =
            "[[route]]\nsignal = \"kick\"\nto = \"flash\"\nattack = 0.1\nhold = 0.1\nrelease = \"2 bars\"\n";
        let (whole, part) = (play(toml, &Overrides::default(), 0.0), play(toml, &Overrides::default(), 5.0));
        assert_eq!(part.start, Seconds(5.0));
        for f in 0..part.frames {
            let (a, b) = (
                whole.value(ParamId::Flash, GeneratedFrame(f + 60)),
                part.value(ParamId::Flash, GeneratedFrame(f)),
            );
            assert!((a - b).abs() < 1e-5, "{f}: {a} {b}");
        }
    }

    #[test]
    fn cuts_fall_on_sections_or_bars() {
        let at = |toml, start| -> Vec<u64> {
            let timeline = play(toml, &Overrides::default(), start);
            timeline.cuts.into_iter().map(u64::from).collect()
        };
        assert_eq!(at("[cuts]\non = \"section\"", 0.0), [48, 96, 144]);
        assert_eq!(at("[cuts]\non = \"section\"", 4.0), [48, 96]);
        assert_eq!(at("[cuts]\non = \"bars:2\"\nmin = 5", 0.0), [96]);
        assert!(at("", 0.0).is_empty());
    }
}
