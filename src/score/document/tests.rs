//! Presets that are changed and written again.

use super::*;
use crate::score::{ParamId, shipped};

const HEAD: &str = "[[prompt]]\ntext = \"a\"\n[[route]]\nsignal = \"beat\"\nto = \"zoom\"\n";

fn document(more: &str) -> Document {
    Document::read("test", &format!("{HEAD}{more}")).unwrap()
}

fn preset(document: &Document) -> Preset {
    Preset::parse("test", &document.text()).unwrap()
}

#[test]
fn what_nobody_changed_stays_as_it_was_written() {
    for (name, text) in shipped() {
        assert_eq!(Document::read(name, text).unwrap().text(), *text, "{name}");
    }
    let text = "# mine\n[base] # calm\nglow = 0.1 # dim\n\n# a push\n[[route]]\nsignal = \"beat\"\n# up\nto = \"zoom\" # in\n\n\
                [[prompt]]\ntext = \"a\"\n# the end\n";
    let mut document = Document::read("test", text).unwrap();
    document.set_base("glow", 0.5);
    document.set_target(0, "hue").unwrap();
    document.add_route("kick", ParamId::Glow.param());
    document.set_prompt(0, "text", Some("b")).unwrap();
    let added = "\n[[route]]\nsignal = \"kick\"\nto = \"glow\"\namount = 0.25\nrelease = 0.2\n\n[[prompt]]";
    let expected = text.replace("0.1", "0.5").replace("zoom", "hue").replace("\"a\"", "\"b\"");
    assert_eq!(document.text(), expected.replace("\n[[prompt]]", added));
    document.remove("route", 0).unwrap();
    assert!(!document.text().contains("push") && document.text().starts_with("# mine\n[base] # calm"));
}

#[test]
fn tables_in_one_line_can_be_changed_as_well() {
    let text = "base = { glow = 0.1 }\nprompt = [{ text = \"a\" }]\nroute = [{ signal = \"beat\", to = \"zoom\" }]\n";
    let mut document = Document::read("test", text).unwrap();
    assert_eq!(preset(&document), Preset::parse("test", text).unwrap());
    document.set_base("glow", 0.5);
    document.set_number(0, "amount", Some(2.0)).unwrap();
    document.add_prompt(Some("B"), None);
    let preset = preset(&document);
    assert_eq!(
        (preset.base[&ParamId::Glow.into()], preset.prompts.len(), preset.routes[0].shape.amount),
        (0.5, 2, 2.0)
    );
}

#[test]
fn numbers_keep_what_they_count_and_can_be_taken_back() {
    let mut document = document("release = \"0.5 beats\"\n");
    document.set_number(0, "release", Some(0.25)).unwrap();
    document.set_number(0, "amount", Some(2.0)).unwrap();
    let written = document.text();
    assert!(written.contains("release = \"0.25 beats\"") && written.contains("amount = 2.0"), "{written}");
    document.set_number(0, "amount", None).unwrap();
    assert!(!document.text().contains("amount"));
    assert!(document.set_number(1, "amount", Some(1.0)).is_err());
    assert!(document.set_number(0, "signal", Some(1.0)).is_err());
}

#[test]
fn the_defaults_are_those_of_the_player() {
    for (key, default) in route_numbers() {
        let Some(default) = default else { continue };
        let written = document(&format!("{} = {default:.1}\n", key.name));
        assert_eq!(preset(&written), preset(&document("")), "{}", key.name);
    }
    assert_eq!(route_numbers().count(), 9);
}

#[test]
fn a_bypassed_route_is_in_the_file_but_not_played() {
    let mut document = Document::read("pulse", shipped()[0].1).unwrap();
    let before = document.clone();
    document.set_bypass(1, true).unwrap();
    let again = Document::read("pulse", &document.text()).unwrap();
    assert!(again.routes()[1].bypass && again == document);
    let mut expected = preset(&before).routes;
    expected.remove(1);
    assert_eq!(preset(&document).routes, expected);
    document.set_bypass(1, false).unwrap();
    assert_eq!(document, before);
    assert!(Document::read("test", &format!("{HEAD}bypass = 1\n")).is_err());
    assert!(Document::read("test", &format!("{HEAD}bypass = true\nattack = -1\n")).is_err());
}

#[test]
fn routes_are_wired_anew() {
    let mut document = document("every = 2\n");
    document.set_signal(0, "bar").unwrap();
    assert!(document.text().contains("every"));
    document.set_signal(0, "kick").unwrap();
    document.set_target(0, "glow").unwrap();
    document.set_mode(0, "multiply").unwrap();
    document.add_route("snare", ParamId::Glow.param());
    let shown: Vec<_> = document.routes().into_iter().map(|r| (r.input, r.to, r.mode)).collect();
    let route = |input: &str, mode: &str| (input.to_owned(), "glow".to_owned(), mode.to_owned());
    assert_eq!(shown, [route("kick", "multiply"), route("snare", "add")]);
    assert_eq!(preset(&document).routes[1].shape.amount, 0.25);
    document.remove("route", 0).unwrap();
    assert_eq!(document.routes().len(), 1);
    assert!(document.remove("route", 1).is_err() && document.set_signal(1, "kick").is_err());
}

#[test]
fn base_values_and_prompts_are_written() {
    let mut document = Document::read("pulse", shipped()[0].1).unwrap();
    document.set_base("glow", 0.5);
    document.set_prompt(0, "text", Some("a \"quoted\"\n rose")).unwrap();
    document.add_prompt(Some("B"), None);
    let preset = preset(&document);
    assert_eq!(preset.base[&ParamId::Glow.into()], 0.5);
    assert_eq!(preset.prompts[1].text, "a \"quoted\"\n rose");
    document.reset_base("glow");
    assert!(!document.text().contains("glow"));
    let late = super::tests::document("[[prompt]]\ntext = \"b\"\nfrom = 7 # late\n");
    assert_eq!(late.prompts()[1].from.as_deref(), Some("7"));
}
