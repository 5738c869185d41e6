use super::spec::MOST;
use super::*;
use crate::error::Result;
use crate::score::param::ParamRef;
use crate::score::{Length, Overrides, Part, Preset, Span, fixture};
use crate::score::{Place, Show};
use crate::units::{FrameRate, GeneratedFrame, Seconds};

const PROMPT: &str = "[[prompt]]\ntext = \"x\"\n";

fn preset(toml: &str) -> Result<Preset> {
    Preset::parse("p", &format!("{PROMPT}{toml}"))
}

#[test]
fn layers_are_read_with_what_is_usual_for_their_kind() {
    let text = "[[layer]]\nkind = \"lyrics\"\nshow = \"karaoke\"\nsung = \"#ff8000\"\nat = [0.5, 0.1]\n\
                [[layer]]\nname = \"low\"\nkind = \"spectrum\"\nform = \"ring\"\nblend = \"multiply\"\nsection = \"B\"\n";
    let layers = preset(text).unwrap().layers;
    let lyrics = LayerKind::Lyrics(Singing::Karaoke);
    let sung = Tint::Rgb([255, 128, 0]);
    assert_eq!(layers[0], Layer { at: (0.5, 0.1), sung, ..Layer::usual("lyrics", lyrics) });
    let usual = Layer::usual("low", LayerKind::Spectrum(Form::Ring));
    let place = Place::Section("B".into());
    assert_eq!(layers[1], Layer { blend: LayerBlend::Multiply, place, ..usual });
}

#[test]
fn wrong_layers_are_refused_by_line_and_column() {
    for (toml, message) in [
        ("[[layer]]\n", "p:3:1: 'kind' is missing"),
        ("[[layer]]\nkind = \"lyric\"\n", "p:4:8: kind can't be 'lyric'"),
        ("[[layer]]\nkind = \"rings\"\nshow = \"line\"\n", "p:5:8: a layer of this kind has no show"),
        ("[[layer]]\nkind = \"rings\"\ncolor = \"red\"\n", "p:5:9: color can't be 'red'"),
        ("[[layer]]\nkind = \"rings\"\nat = [0.5]\n", "p:5:6: at is a place"),
        ("[[layer]]\nkind = \"rings\"\nsize = 9\n", "p:5:8: size = 9 is out of range"),
        (
            "[[layer]]\nkind = \"rings\"\n[[layer]]\nkind = \"rings\"\n",
            "p:5:1: there is a layer called 'rings'",
        ),
        ("[[layer]]\nkind = \"rings\"\nname = \"a b\"\n", "p:3:1: a layer can't be called 'a b'"),
        ("[base]\nlayer.a.opacity = 1\n", "no parameter 'layer.a.opacity'"),
        (
            "[base]\nlayer.a.opacity = 2\n[[layer]]\nname = \"a\"\nkind = \"rings\"\n",
            "layer.a.opacity = 2 is out of range",
        ),
        ("[base]\nlayer.a = 1\n[[layer]]\nname = \"a\"\nkind = \"rings\"\n", "no parameter 'layer.a'"),
    ] {
        let error = preset(toml).unwrap_err();
        assert!(error.to_string().contains(message) && !error.hints().is_empty(), "{toml}: {error}");
    }
    let many = "[[layer]]\nkind = \"rings\"\n".repeat(MOST + 1);
    assert!(preset(&many).unwrap_err().to_string().contains("too many"));
}

fn play(show: &Show) -> crate::score::Timeline {
    let (fps, span) = (FrameRate::new(10, 1).unwrap(), Span { start: Seconds(0.0), frames: 160 });
    show.play(&fixture(16.0), &Overrides::default(), fps, span).unwrap()
}

#[test]
fn routes_turn_layers() {
    let toml = "[base]\nlayer.a.opacity = 0.25\nlayer.a.size = 2\n[[layer]]\nname = \"a\"\nkind = \"rings\"\n\
                [[route]]\nvalue = \"0.5 * (section == 'B')\"\nto = \"layer.a.opacity\"\n";
    let preset = preset(toml).unwrap();
    let [opacity, size, x, _] = preset.layers[0].params();
    let timeline = play(&Show::of(preset));
    let at = |param: &ParamRef, frame| timeline.value(param, GeneratedFrame(frame));
    assert_eq!((at(&opacity, 10), at(&opacity, 60), at(&size, 60), at(&x, 60)), (0.25, 0.75, 2.0, 0.0));
}

/// The fixture's sections are A, B, A, B of 4 s.
#[test]
fn a_looks_layers_hold_where_it_does_and_the_shows_own_everywhere() {
    let [a, b] =
        ["a", "b"].map(|n| preset(&format!("[[layer]]\nname = \"{n}\"\nkind = \"rings\"\n")).unwrap());
    let mut show = Show::of(a);
    let look = Show::of(b).looks.remove(0);
    show.looks.push(look);
    let place = Place::From(Length::Seconds(8.0));
    show.parts.push(Part { place, look: 1, ease: Length::Seconds(2.0), cut: false, follows: false });
    show.layers.push(Layer::usual("over", LayerKind::Rings));
    show.layers[0].place = Place::Section("B".into());
    let names = |show: &Show| -> Vec<(String, Vec<(f64, f64)>)> {
        let shown = show.layers_on(&fixture(16.0)).into_iter();
        shown.map(|s| (s.layer.name, s.when.iter().map(|r| (r.start, r.end)).collect())).collect()
    };
    let expected = [
        ("a".to_owned(), vec![(0.0, 10.0)]),
        ("b".to_owned(), vec![(8.0, 32.0)]),
        ("over".to_owned(), vec![(4.0, 8.0), (12.0, 32.0)]),
    ];
    assert_eq!(names(&show), expected);
    let timeline = play(&show);
    let opacity = |name: &str, frame| {
        let [opacity, ..] = Layer::usual(name, LayerKind::Rings).params();
        timeline.value(opacity, GeneratedFrame(frame))
    };
    // Ten frames a second: the one goes while the other comes.
    assert_eq!((opacity("a", 10), opacity("b", 10), opacity("over", 10)), (1.0, 0.0, 1.0));
    assert!(
        (0.3..0.7).contains(&opacity("a", 90)) && (opacity("a", 90) + opacity("b", 90) - 1.0).abs() < 1e-5
    );
    assert_eq!((opacity("a", 130), opacity("b", 130)), (0.0, 1.0));
}
