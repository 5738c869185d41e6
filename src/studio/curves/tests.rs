use super::*;
use crate::score::fixture;

fn after(changes: &[Value]) -> Result<EditedPreset> {
    let analysis = fixture(16.0);
    let edit = |change: &Value| serde_json::from_value::<CurveEdit>(change.clone()).unwrap();
    changes.iter().try_fold(EditedPreset::shipped("pulse").unwrap(), |edited, change| {
        edit(change).of(&edited, &analysis)
    })
}

#[test]
fn a_curve_is_drawn_in_the_places_of_the_music() {
    let edited = after(&[
        json!({ "how": "add", "param": "glow" }),
        json!({ "how": "add_point", "index": 0, "at": 5.9, "value": 0.75 }),
        json!({ "how": "point", "index": 0, "point": 1, "at": 6.6, "value": null, "grid": "beats" }),
        json!({ "how": "place", "index": 0, "point": 2, "place": "7 bars" }),
        json!({ "how": "ease", "index": 0, "ease": "smooth" }),
        json!({ "how": "name", "index": 0, "name": "rise" }),
    ])
    .unwrap();
    let curve = &edited.document.curves()[0];
    let points: Vec<(&str, f64)> =
        curve.points.iter().map(|(place, value)| (place.as_str(), *value)).collect();
    assert_eq!(points, [("0 bars", 0.0), ("13 beats", 0.75), ("7 bars", 1.0)]);
    assert_eq!(
        (curve.ease.as_str(), edited.document.routes().last().unwrap().input.as_str()),
        ("smooth", "rise")
    );
    let told = told(&edited, &fixture(16.0)).unwrap();
    let line = told[0]["line"].as_array().unwrap();
    assert_eq!((line.len(), line[0].as_f64(), line[799].as_f64()), (800, Some(0.0), Some(1.0)));
    assert_eq!(told[0]["points"][1]["at"], 6.5);
}

#[test]
fn what_was_played_is_added_to_what_was_there() {
    let played = json!({ "how": "record", "param": "glow", "base": 0.25, "grid": "beats",
        "points": [[1.02, 0.25], [1.9, 0.5], [2.1, 1.0]] });
    let edited = after(std::slice::from_ref(&played)).unwrap();
    let curve = &edited.document.curves()[0];
    // The fixture's beats lie half a second apart from the first sample on.
    assert_eq!(curve.points, [("2 beats".to_owned(), 0.0), ("1 bars".to_owned(), 0.75)]);
    assert_eq!(curve.ease, "step");
    let route = edited.document.routes().pop().unwrap();
    assert_eq!((route.input.as_str(), route.to.as_str(), route.mode.as_str()), ("played", "glow", "add"));
    assert!(route.numbers.iter().all(Option::is_none), "{route:?}");
    assert_eq!(edited.preset().unwrap().base[&crate::score::ParamId::Glow.into()], 0.25);
    let twice = after(&[played.clone(), played]).unwrap();
    assert_eq!(twice.document.curves()[1].name, "played2");
    let nothing = json!({ "how": "record", "param": "glow", "base": null, "points": [] });
    let many = json!({ "how": "record", "param": "glow", "base": null, "points": vec![[1.0, 0.0]; 2001] });
    assert!(after(&[nothing]).is_err() && after(&[many]).is_err());
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let made = json!({ "how": "add", "param": "glow" });
    for change in [
        json!({ "how": "add", "param": "zebra" }),
        json!({ "how": "remove", "index": 1 }),
        json!({ "how": "name", "index": 0, "name": "kick" }),
        json!({ "how": "name", "index": 0, "name": "a b" }),
        json!({ "how": "ease", "index": 0, "ease": "bouncy" }),
        json!({ "how": "add_point", "index": 0, "at": 1.0, "value": 1e9 }),
        json!({ "how": "point", "index": 0, "point": 9, "at": 1.0, "value": 1.0 }),
        json!({ "how": "place", "index": 0, "point": 0, "place": "soon" }),
        json!({ "how": "remove_point", "index": 7, "point": 0 }),
    ] {
        assert!(after(&[made.clone(), change.clone()]).is_err(), "{change}");
    }
    let last = json!({ "how": "remove_point", "index": 0, "point": 0 });
    assert!(after(&[made.clone(), last.clone()]).is_ok() && after(&[made, last.clone(), last]).is_err());
}
