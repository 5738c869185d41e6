use super::*;
use crate::render::batch::Render;
use crate::render::fixture::{apart, draft_model, flying_job};
use crate::render::generate::Generator;
use crate::render::job::Job;
use crate::render::take::TakeState;
use crate::score::InitSpan;
use crate::timing::Timings;
use std::sync::atomic::AtomicBool;

/// 48 frames with a cut at 30, drawn, with the denoise that `denoise` says.
fn job(steps: usize, (first, frames): (u64, u64), denoise: impl Fn(u64) -> f32) -> Job {
    let mut job = flying_job(steps, first, frames);
    job.settings.picture = Size { width: 128, height: 96 };
    let init = Some("draw:wire,palette=ice".to_owned());
    job.timeline.inits = vec![InitSpan { start: GeneratedFrame(0), init }];
    job.timeline.curves.insert(ParamId::Denoise, (0..48).map(denoise).collect());
    job
}

/// The pictures of a job, by two who draw: one starts from them, one shows them.
fn pictures(job: &Job, model: &Model) -> Vec<Frame> {
    let (stop, off) = (AtomicBool::new(false), Timings::off());
    let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
    let windows = Render::new(job, model, None, &stop, &off).unwrap().map(Result::unwrap);
    windows.flat_map(|w| sources.pictures(model, &w.window, &w.latents).unwrap()).collect()
}

#[test]
fn without_denoise_a_frame_is_its_source_at_the_size_of_the_video() {
    let model = draft_model();
    let job = job(1, (0, 48), |_| 0.0);
    let found = pictures(&job, &model);
    let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
    assert_eq!(found.len(), 48);
    for (i, frame) in found.iter().enumerate() {
        assert!(*frame == sources.frame(GeneratedFrame(i as u64)).unwrap().unwrap(), "frame {i}");
        assert!(frame.size() == job.settings.picture);
    }
    // The dice are thrown anew at the cut.
    assert!(apart(&found[29], &found[30]) > 2.0 * apart(&found[28], &found[29]));
}

#[test]
fn a_part_that_begins_with_a_take_has_the_frames_of_the_whole() {
    let model = draft_model();
    let denoise = |frame: u64| if frame % 4 == 3 { 0.0 } else { 0.4 };
    let whole = pictures(&job(1, (0, 48), denoise), &model);
    let part = pictures(&job(1, (30, 18), denoise), &model);
    assert!(part[..] == whole[30..]);
}

#[test]
fn windows_go_on_to_the_same_bits_from_a_state_that_was_written_down() {
    let model = draft_model();
    // The first window is drawn, the second one is the network's.
    let job = job(1, (0, 48), |frame| if frame < 20 { 0.0 } else { 0.4 });
    let expected = pictures(&job, &model);
    let (stop, off) = (AtomicBool::new(false), Timings::off());
    let mut before: Option<Vec<u8>> = None;
    let mut found = Vec::new();
    for window in job.windows() {
        let mut generator = Generator::new(&job, &model, &stop, &off).unwrap();
        let state = before.map(|bytes| TakeState::from_bytes(&bytes, generator.shape()).unwrap());
        let (made, after) = generator.window(window, state.as_ref()).unwrap();
        let mut sources = Sources::new(&job.timeline, &job.settings, job.settings.picture);
        found.extend(sources.pictures(&model, &made.window, &made.latents).unwrap());
        before = Some(after.to_bytes().unwrap());
    }
    assert!(found == expected);
}

#[test]
fn frames_keep_more_of_their_source_the_less_they_give_up() {
    let model = draft_model();
    let steps = model.info().sampling().steps;
    let mut sources = Vec::new();
    let mut kept = Vec::new();
    for denoise in [0.2, 0.5, 1.0] {
        let mut job = job(steps, (0, 16), |_| denoise);
        job.settings.picture = job.settings.generate;
        let mut drawn = Sources::new(&job.timeline, &job.settings, job.settings.picture);
        let frame = drawn.frame(GeneratedFrame(8)).unwrap().unwrap();
        let there_and_back = model.encode(&to_pictures(&[frame], model.device()).unwrap()).unwrap();
        sources.push(to_frames(&model.decode(&there_and_back).unwrap()).unwrap().remove(0));
        let found = pictures(&job, &model);
        kept.push(apart(&found[8], &sources[0]));
    }
    assert!(kept[0] < kept[1] && kept[1] < kept[2], "{kept:?}");
}

#[test]
fn the_autoencoders_loss_is_given_back_by_what_a_frame_keeps() {
    let model = draft_model();
    // Next to nothing is given up: but for the loss, a frame is its source.
    let with = |detail: f32| {
        let mut job = job(1, (0, 16), |_| 0.05);
        job.settings.picture = job.settings.generate;
        job.timeline.curves.insert(ParamId::SourceDetail, vec![detail; 48]);
        let mut drawn = Sources::new(&job.timeline, &job.settings, job.settings.generate);
        let source = drawn.frame(GeneratedFrame(8)).unwrap().unwrap();
        let lossy = model.decode(
            &model.encode(&to_pictures(std::slice::from_ref(&source), model.device()).unwrap()).unwrap(),
        );
        let lossy = to_frames(&lossy.unwrap()).unwrap().remove(0);
        let found = pictures(&job, &model).swap_remove(8);
        (found, source, lossy)
    };
    let ((plain, source, lossy), (half, ..), (whole, ..)) = (with(0.0), with(0.5), with(1.0));
    let lost: f64 = apart(&source, &lossy);
    assert!(lost > 1.0, "{lost}");
    for (i, value) in plain.rgb().iter().enumerate() {
        let wanted = |share: f32| {
            let lost = f32::from(source.rgb()[i]) - f32::from(lossy.rgb()[i]);
            (f32::from(*value) + share * 0.95 * lost).clamp(0.0, 255.0)
        };
        assert!((f32::from(half.rgb()[i]) - wanted(0.5)).abs() <= 0.51, "value {i}");
        assert!((f32::from(whole.rgb()[i]) - wanted(1.0)).abs() <= 0.51, "value {i}");
    }
}

#[test]
fn a_scene_goes_by_the_running_sum_of_what_moves_it() {
    let mut timeline = flying_job(1, 0, 48).timeline;
    timeline.curves.insert(ParamId::MotionScale, (0..48).map(|i| if i < 24 { 0.5 } else { 2.0 }).collect());
    timeline.curves.insert(ParamId::FlyZoom, vec![1.0; 48]);
    let phases = phases(&timeline);
    // 12 frames a second: a step a frame at 1.
    assert_eq!((phases[0], phases[10], phases[23], phases[24], phases[47]), (0.0, 5.0, 11.5, 13.5, 59.5));
    timeline.curves.insert(ParamId::FlyZoom, vec![0.5; 48]);
    assert!(self::phases(&timeline)[47] < phases[47] - 100.0, "flying back goes back");
}
