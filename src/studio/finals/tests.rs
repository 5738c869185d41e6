use super::*;
use crate::error::ErrorKind;
use crate::job::Stretch;
use crate::progress::Flow;
use crate::studio::state::EditedPreset;
use crate::video::Profile;

fn order(name: &str) -> RenderOrder {
    RenderOrder {
        edited: Arc::new(EditedPreset::shipped("pulse").unwrap()),
        tier: "draft".into(),
        size: "64x48".into(),
        fps: None,
        profile: Profile::H264,
        stretch: Stretch::default(),
        output: name.into(),
        replace: false,
    }
}

/// The stands of all finals, in short.
fn stands(finals: &Finals) -> String {
    let told = finals.told.borrow().clone();
    let letter = |f: &Final| match f.status {
        RenderStatus::Idle => 'i',
        RenderStatus::Waiting => 'w',
        RenderStatus::Running { .. } => 'r',
        RenderStatus::Paused => 'p',
        RenderStatus::Done { .. } => 'd',
        RenderStatus::Cancelled => 'c',
        RenderStatus::Failed { .. } => 'f',
    };
    told.finals.iter().map(letter).collect()
}

/// A render that goes on until it is told to stop.
fn until_stopped(watch: Watch) -> Result<PathBuf> {
    match watch.progress.advance(1) {
        Flow::Stop => Err(Error::new(ErrorKind::Stopped, "stopped")),
        Flow::Continue => panic!("it goes on"),
    }
}

#[test]
fn finals_are_made_in_the_order_in_which_they_came() {
    let finals = Finals::default();
    assert_eq!(finals.told.borrow().newest, RenderStatus::Idle);
    ["a.mp4", "b.mp4", "c.mp4"].iter().for_each(|name| finals.order(order(name)).unwrap());
    assert!(finals.order(order("b.mp4")).unwrap_err().to_string().contains("b.mp4 is being rendered"));
    let (first, _) = finals.next().unwrap();
    assert_eq!((first, stands(&finals).as_str()), (1, "rww"));
    let file = tempfile::NamedTempFile::with_suffix(".mp4").unwrap();
    finals.make(first, |_| Ok(file.path().to_owned()));
    assert_eq!(stands(&finals), "dww");
    assert!(finals.file(1).is_some() && finals.file(2).is_none());
    finals.next().unwrap();
    finals.make(2, |_| Err(Error::output("the disk is full").hint("make room")));
    assert_eq!(stands(&finals), "dfw");
    // It is made again where it stands, before what came later.
    finals.resume(2).unwrap();
    assert_eq!(finals.next().unwrap().0, 2);
    finals.make(2, |_| Ok(file.path().to_owned()));
    finals.forget(1).unwrap();
    assert_eq!((stands(&finals).as_str(), finals.file(1).is_none()), ("dw", true));
    assert!(finals.forget(1).is_err());
    // Another one of the same name takes the finished one's place.
    finals.order(order("b.mp4")).unwrap();
    assert_eq!(stands(&finals), "ww");
}

#[test]
fn what_is_paused_is_resumed_and_what_is_cancelled_stops() {
    let finals = Finals::default();
    finals.restore(order("a.mp4")).unwrap();
    assert_eq!((stands(&finals).as_str(), finals.is_waited_for()), ("p", false));
    finals.resume(1).unwrap();
    finals.order(order("b.mp4")).unwrap();
    assert_eq!(finals.open().len(), 2);
    let (first, _) = finals.next().unwrap();
    finals.pause(first).unwrap();
    finals.make(first, until_stopped);
    assert_eq!(stands(&finals), "pw");
    assert_eq!(finals.next().unwrap().0, 2, "what is paused holds nobody up");
    finals.cancel(None).unwrap();
    finals.make(2, until_stopped);
    assert_eq!((stands(&finals).as_str(), finals.is_waited_for()), ("pc", false));
    assert_eq!(finals.open(), [order("a.mp4")]);
    assert!(finals.next().is_none());
    finals.resume(1).unwrap();
    let (again, _) = finals.next().unwrap();
    // What stopped another one before doesn't stop this one.
    let file = tempfile::NamedTempFile::with_suffix(".mp4").unwrap();
    finals.make(again, |watch| {
        assert_eq!(watch.progress.advance(1), Flow::Continue);
        assert!(finals.forget(1).is_err());
        Ok(file.path().to_owned())
    });
    assert_eq!(stands(&finals), "dc");
    finals.order(order("c.mp4")).unwrap();
    finals.cancel(Some(3)).unwrap();
    assert_eq!(stands(&finals), "dcc");
    assert!(finals.pause(9).is_err());
}

#[test]
fn the_list_is_bounded() {
    let finals = Finals::default();
    for i in 0..MOST {
        finals.order(order(&format!("{i}.mp4"))).unwrap();
    }
    assert!(finals.order(order("more.mp4")).is_err());
    while let Some((number, _)) = finals.next() {
        finals.make(number, |_| Err(Error::output("full")));
    }
    assert_eq!(stands(&finals).len(), ENDED);
}
