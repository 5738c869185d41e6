use super::*;
use crate::studio::player::tests::player;
use crate::studio::session::Session;
use crate::studio::snapshots::SnapshotEdit;
use serde_json::json;

fn keeper(folder: &Path) -> Keeper {
    Keeper::new(folder, Path::new("/"), player().opened).unwrap()
}

#[test]
fn what_is_kept_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = keeper(&folder.path().join("studio"));
    assert!(keeper.left().snapshots.told().is_empty());
    let session = Session::new(EditedPreset::shipped("pulse").unwrap());
    let edit = serde_json::from_value(json!({ "edit": "base", "param": "glow", "value": 0.4 })).unwrap();
    let later = session.edited(&edit, None).unwrap();
    let keep = |name: &str| SnapshotEdit::Keep { name: Some(name.into()) };
    let snapshots = Snapshots::default().with(&keep("first"), &session).unwrap();
    let note = SnapshotEdit::Note { number: 1, note: "calm".into() };
    let snapshots = snapshots.with(&note, &session).unwrap();
    let order = RenderOrder {
        edited: later.preset.clone(),
        tier: "draft".into(),
        size: "64x48".into(),
        fps: Some("12".into()),
        profile: Profile::Ffv1,
        stretch: Stretch { section: Some(2), start: Some(Seconds(1.5)), end: None },
        output: std::path::absolute("a.mkv").unwrap(),
        replace: true,
    };
    keeper.keep(Some(&later.preset), &snapshots, std::slice::from_ref(&order)).unwrap();
    assert!(Keeper::new(&folder.path().join("studio"), Path::new("/"), player().opened).is_none());
    let left = keeper.left();
    assert!(left.unsaved);
    let told: Vec<_> = left.snapshots.told().iter().map(|s| (s.name.as_str(), s.note.as_str())).collect();
    assert_eq!(told, [("first", "calm"), (UNSAVED, "")]);
    assert_eq!(left.snapshots.get(2).unwrap().edited.text(), later.preset.text());
    assert_eq!((left.finals[0].edited.text(), left.finals.len()), (later.preset.text(), 1));
    assert_eq!(RenderOrder { edited: order.edited.clone(), ..left.finals[0].clone() }, order);

    // What the next studio leaves comes beside it, and what is alike once.
    keeper.keep(Some(&session.preset), &left.snapshots, &[]).unwrap();
    let next = keeper.left().snapshots;
    assert_eq!(next.told().iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["first", UNSAVED, UNSAVED]);
    assert_eq!(next.told()[2].edited.text(), session.preset.text());
    keeper.keep(Some(&later.preset), &next, &[]).unwrap();
    assert_eq!(keeper.left().snapshots.told().len(), 3);
    keeper.keep(None, &Snapshots::default(), &[]).unwrap();
    assert!(!keeper.left().unsaved && keeper.left().snapshots.told().is_empty());
}

#[test]
fn what_cannot_be_read_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = keeper(folder.path());
    for text in ["", "{", "[]", "{\"snapshots\":7}"] {
        fs::write(&keeper.path, text).unwrap();
        assert!(keeper.left().snapshots.told().is_empty());
        assert_eq!(fs::read_to_string(keeper.path.with_extension("unreadable")).unwrap(), text);
    }
    let state = |text: &str| json!({ "name": "pulse", "text": text, "film": "track = \"track\"\n", "looks": {}, "focus": null });
    let kept = |state| json!({ "name": "x", "note": "", "state": state });
    let all = [kept(state("[[route]]\nto = \"nothing\"\n")), kept(state("[[prompt]]\ntext = \"fine\"\n"))];
    fs::write(&keeper.path, json!({ "snapshots": all, "unsaved": null, "finals": [] }).to_string()).unwrap();
    let left = keeper.left();
    assert_eq!((left.snapshots.told().len(), left.unsaved), (1, false));
    keeper.keep(None, &left.snapshots, &[]).unwrap();
    assert!(fs::read_to_string(&keeper.path).unwrap().contains("nothing"));
}
