//! The windows of a job, in order, with those that were finished before taken from the work folder.

use super::generate::{Generator, Rendered};
use super::job::Job;
use super::plan::Window;
use super::take::TakeState;
use super::work::{TakeFolder, WorkFolder};
use crate::diffusion::Model;
use crate::error::Result;
use crate::timing::Timings;
use std::sync::atomic::AtomicBool;

/// Iterates over the finished windows of a job, in order.
pub struct Render<'a> {
    generator: Generator<'a>,
    windows: std::vec::IntoIter<Window>,
    store: Option<&'a WorkFolder>,
    /// Where windows of the take under way are kept.
    take: Option<TakeFolder>,
    /// What the last window left.
    state: Option<TakeState>,
}

impl<'a> Render<'a> {
    /// A render of `job` with `model`, whose text encoder is let go once all prompts are encoded. Windows are kept in and taken from `store`, if there is one; once `stop`
    /// is set, the next step ends it with [`crate::error::ErrorKind::Stopped`].
    ///
    /// # Errors
    /// As [`Generator::new`] and [`Generator::prepare`].
    pub fn new(
        job: &'a Job,
        model: &'a Model,
        store: Option<&'a WorkFolder>,
        stop: &'a AtomicBool,
        timings: &'a Timings,
    ) -> Result<Self> {
        let mut generator = Generator::new(job, model, stop, timings)?;
        let windows = job.windows();
        generator.prepare(&windows)?;
        Ok(Render { generator, windows: windows.into_iter(), store, take: None, state: None })
    }

    /// The same, which `ended` ends as well.
    pub fn ended_by(self, ended: &'a AtomicBool) -> Self {
        Render { generator: self.generator.ended_by(ended), ..self }
    }

    fn window(&mut self, window: Window) -> Result<Rendered> {
        if !window.continues() {
            self.state = None;
            // The lock of the take before is let go of first.
            self.take = None;
            self.take = self.store.map(|store| store.take(window.take_start)).transpose()?;
        }
        let before = self.state.as_ref();
        let kept = self.take.as_ref().and_then(|take| take.load(&window, self.generator.shape()));
        let (rendered, after) = match kept {
            Some(after) => self.generator.restored(window, before, after)?,
            None => {
                let made = self.generator.window(window, before)?;
                self.take.iter().try_for_each(|take| take.save(&window, &made.1))?;
                made
            }
        };
        self.state = Some(after);
        Ok(rendered)
    }
}

impl Iterator for Render<'_> {
    type Item = Result<Rendered>;

    fn next(&mut self) -> Option<Self::Item> {
        let window = self.windows.next()?;
        Some(self.window(window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::render::fixture::{draft_model, draft_model_in, flying_job};
    use candle_core::Tensor;

    fn values(latents: &Tensor) -> Vec<f32> {
        latents.flatten_all().unwrap().to_vec1().unwrap()
    }

    /// The latents of every window of `job`, and how many of them were found in `store`.
    fn rendered(job: &Job, model: &Model, store: Option<&WorkFolder>) -> (Vec<Vec<f32>>, usize) {
        let (stop, off) = (AtomicBool::new(false), Timings::off());
        let windows = Render::new(job, model, store, &stop, &off).unwrap();
        let windows: Vec<Rendered> = windows.map(Result::unwrap).collect();
        let restored = windows.iter().filter(|w| w.restored).count();
        (windows.iter().map(|w| values(&w.latents)).collect(), restored)
    }

    #[test]
    fn a_state_that_was_written_down_goes_on_with_another_generator_to_the_same_bits() {
        let model = draft_model();
        let job = flying_job(model.info().sampling().steps, 0, 48);
        let (expected, _) = rendered(&job, &model, None);
        let (stop, off) = (AtomicBool::new(false), Timings::off());
        let mut handed_on: Option<Vec<u8>> = None;
        for (window, expected) in job.windows().into_iter().zip(expected) {
            let mut generator = Generator::new(&job, &model, &stop, &off).unwrap();
            let before = handed_on.map(|bytes| TakeState::from_bytes(&bytes, generator.shape()).unwrap());
            let (found, after) = generator.window(window, before.as_ref()).unwrap();
            assert!(values(&found.latents) == expected, "window {}", window.index);
            handed_on = Some(after.to_bytes().unwrap());
        }
    }

    #[test]
    fn takes_are_made_one_by_one_and_put_together() {
        let model = draft_model();
        let whole = flying_job(model.info().sampling().steps, 0, 48);
        let (expected, _) = rendered(&whole, &model, None);
        let home = tempfile::tempdir().unwrap();
        // The take behind the cut first, and only a part of the one before.
        for (first, frames, found) in [(30, 18, 0), (0, 20, 0), (0, 48, 4), (0, 48, 5)] {
            let job = flying_job(model.info().sampling().steps, first, frames);
            let folder = WorkFolder::open(home.path(), &job.settings).unwrap();
            let (latents, restored) = rendered(&job, &model, Some(&folder));
            assert_eq!(restored, found, "{first} {frames}");
            let there: Vec<usize> = whole
                .windows()
                .iter()
                .zip(0..)
                .filter(|(w, _)| job.part().contains(&w.new_frames().start))
                .map(|(_, i)| i)
                .collect();
            assert!(there.iter().zip(&latents).all(|(&i, own)| *own == expected[i]), "{first} {frames}");
        }
    }

    /// The weights of the shipped model have 16 bits.
    #[test]
    fn little_memory_changes_no_bit_and_a_text_encoder_that_was_let_go_comes_back() {
        let (model, low) = (draft_model(), draft_model_in(true));
        let job = flying_job(model.info().sampling().steps, 0, 20);
        let (plain, _) = rendered(&job, &model, None);
        assert!(rendered(&job, &low, None).0 == plain);
        let (channels, step) = (model.info().latent_channels(), model.info().downscale());
        let latents =
            Tensor::from_vec(plain[0].clone(), (16, channels, 48 / step, 64 / step), model.device());
        let latents = latents.unwrap();
        assert!(values(&model.decode(&latents).unwrap()) == values(&low.decode(&latents).unwrap()));
        // Both have let it go by now.
        let [again, fresh] =
            [&model, &draft_model()].map(|m| values(&m.encode_prompt("blue rings").unwrap().0));
        assert!(again == fresh);
    }

    #[test]
    fn a_state_of_another_place_is_refused() {
        let model = draft_model();
        let job = flying_job(model.info().sampling().steps, 0, 48);
        let (stop, off) = (AtomicBool::new(false), Timings::off());
        let mut generator = Generator::new(&job, &model, &stop, &off).unwrap();
        let windows = job.windows();
        let (_, first) = generator.window(windows[0], None).unwrap();
        for (window, before) in [(1, None), (2, Some(&first)), (4, Some(&first))] {
            let error = generator.window(windows[window], before).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal, "{window}");
        }
    }
}
