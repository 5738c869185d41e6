//! Decoded frames as interleaved floats in one form: where a stream changes its channels or its rate, all of it is
//! brought into the form that it began in.

use crate::audio::decode::outlet::{Form, Outlet};
use crate::audio::decode::speaker::{Side, sides};
use crate::audio::resample::Resampler;
use crate::error::{Error, Result};
use crate::units::SampleRate;
use ffmpeg_next::format::sample::{Sample, Type};
use ffmpeg_next::{ChannelLayout, frame};
use std::f32::consts::FRAC_1_SQRT_2;

/// What a frame is made of.
pub(super) fn form_of(frame: &frame::Audio) -> Form {
    let channels = usize::from(frame.channels());
    let said = frame.channel_layout().bits();
    let is_whole = said.count_ones() as usize == channels;
    let speakers = if is_whole { said } else { ChannelLayout::default(i32::from(frame.channels())).bits() };
    Form { rate: frame.rate(), channels, speakers }
}

/// Brings stretches of sound into the form of the first one.
pub(super) struct Former {
    /// The track's form, once known.
    form: Option<Form>,
    /// What comes in now.
    current: Option<Form>,
    /// One a channel, where the rate is another one.
    resamplers: Vec<Resampler>,
    /// Whether it is known that changes are to come.
    varied: bool,
    /// Whether a change was told of; one is enough.
    told: bool,
}

impl Former {
    pub(super) fn new(varied: bool) -> Self {
        Former { form: None, current: None, resamplers: Vec::new(), varied, told: false }
    }

    pub(super) fn rate(&self) -> u32 {
        self.form.map_or(1, |f| f.rate.max(1))
    }

    pub(super) fn channels(&self) -> usize {
        self.form.map_or(1, |f| f.channels.max(1))
    }

    /// Prepares for sound in this form, tells of a change and gives what was left of the sound before.
    pub(super) fn turn(
        &mut self,
        form: Form,
        outlet: &mut Outlet<'_, '_>,
        position: u64,
    ) -> Result<Vec<f32>> {
        if self.current == Some(form) {
            return Ok(Vec::new());
        }
        let before = self.current.replace(form);
        // Mono that is known to change may become stereo.
        let wide = self.varied && form.channels == 1;
        let target = match self.form {
            Some(target) => target,
            None => outlet.begin(if wide { Form { channels: 2, speakers: 3, ..form } } else { form })?,
        };
        self.form = Some(target);
        let differs = |before: Form| (form.rate, form.channels) != (before.rate, before.channels);
        if !self.told && before.is_some_and(differs) {
            self.told = true;
            let at = SampleRate(target.rate).time_of(position);
            outlet.note(format!(
                "the track changes on the way (at {at} to {}); all of it is heard as {}",
                told(form),
                told(target)
            ));
        }
        let rest = self.rest();
        if form.rate != target.rate {
            self.resamplers = (0..target.channels).map(|_| Resampler::new(form.rate, target.rate)).collect();
        }
        Ok(rest)
    }

    /// The samples of a stretch in the track's form.
    pub(super) fn bring(&mut self, samples: Vec<f32>) -> Vec<f32> {
        let (Some(target), Some(form)) = (self.form, self.current) else { return samples };
        let mixed = if form.channels == target.channels { samples } else { mix(&samples, form, target) };
        if self.resamplers.is_empty() {
            return mixed;
        }
        let mut lanes = vec![Vec::new(); target.channels];
        for (channel, resampler) in self.resamplers.iter_mut().enumerate() {
            let lane: Vec<f32> = mixed[channel..].iter().step_by(target.channels).copied().collect();
            resampler.push(&lane, &mut lanes[channel]);
        }
        woven(&lanes)
    }

    /// What the resamplers still hold; there are none afterwards.
    pub(super) fn rest(&mut self) -> Vec<f32> {
        let lanes: Vec<Vec<f32>> = std::mem::take(&mut self.resamplers)
            .into_iter()
            .map(|resampler| {
                let mut lane = Vec::new();
                resampler.finish(&mut lane);
                lane
            })
            .collect();
        woven(&lanes)
    }
}

fn told(form: Form) -> String {
    let channels = match form.channels {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        n => format!("{n} channels"),
    };
    format!("{channels} at {} Hz", form.rate)
}

fn woven(lanes: &[Vec<f32>]) -> Vec<f32> {
    let length = lanes.iter().map(Vec::len).min().unwrap_or(0);
    (0..length).flat_map(|i| lanes.iter().map(move |lane| lane[i])).collect()
}

/// Another number of channels. Mono goes to all, all go to mono; of others, loudspeakers that are missing are heard from
/// the side where they stood.
fn mix(samples: &[f32], from: Form, to: Form) -> Vec<f32> {
    let sets = samples.chunks_exact(from.channels);
    if from.channels == 1 {
        return sets.flat_map(|set| std::iter::repeat_n(set[0], to.channels)).collect();
    }
    if to.channels == 1 {
        return sets.map(|set| set.iter().sum::<f32>() / set.len() as f32).collect();
    }
    let ways = ways(from, to);
    let mut out = vec![0.0; samples.len() / from.channels * to.channels];
    for (set, slots) in sets.zip(out.chunks_exact_mut(to.channels)) {
        for (value, way) in set.iter().zip(&ways) {
            way.iter().for_each(|(slot, gain)| slots[*slot] += value * gain);
        }
    }
    out
}

/// Where each channel goes, and how strong.
fn ways(from: Form, to: Form) -> Vec<Vec<(usize, f32)>> {
    let speakers = (0..64).map(|bit| 1u64 << bit).filter(|one| from.speakers & one != 0);
    let known = speakers.zip(sides(from.speakers)).map(|(one, side)| match side {
        _ if to.speakers & one != 0 => vec![((to.speakers & (one - 1)).count_ones() as usize, 1.0)],
        Side::Low => Vec::new(),
        Side::Left => vec![(0, FRAC_1_SQRT_2)],
        Side::Right => vec![(1, FRAC_1_SQRT_2)],
        Side::Middle => vec![(0, 0.5), (1, 0.5)],
    });
    let mut ways: Vec<_> = known.take(from.channels).collect();
    ways.extend((ways.len()..from.channels).map(|channel| vec![(channel.min(to.channels - 1), 1.0)]));
    // A mask may speak of more channels than there are.
    ways.iter_mut().for_each(|way| way.retain(|(slot, _)| *slot < to.channels));
    ways
}

/// All samples of a frame as interleaved floats, full scale ±1.
pub(super) fn interleave(frame: &frame::Audio) -> Result<Vec<f32>> {
    let channels = usize::from(frame.channels());
    if channels == 0 || frame.planes() == 0 {
        return Err(Error::input("a decoded block has no channels").hint("convert the track to FLAC or WAV"));
    }
    let layout = |kind| (kind, channels);
    Ok(match frame.format() {
        Sample::U8(kind) => gather::<u8>(frame, layout(kind), |v| (f32::from(v) - 128.0) / 128.0),
        Sample::I16(kind) => gather::<i16>(frame, layout(kind), |v| f32::from(v) / 32_768.0),
        Sample::I32(kind) => gather::<i32>(frame, layout(kind), |v| (f64::from(v) / 2_147_483_648.0) as f32),
        Sample::F32(kind) => gather::<f32>(frame, layout(kind), |v| v),
        Sample::F64(kind) => gather::<f64>(frame, layout(kind), |v| v as f32),
        Sample::I64(_) | Sample::None => {
            return Err(
                Error::input("the track uses 64-bit integer samples").hint("convert it to FLAC or WAV")
            );
        }
    })
}

fn gather<T: frame::audio::Sample + Copy>(
    frame: &frame::Audio,
    (kind, channels): (Type, usize),
    convert: impl Fn(T) -> f32,
) -> Vec<f32> {
    if kind == Type::Packed {
        return frame.plane::<T>(0).iter().map(|v| convert(*v)).collect();
    }
    let mut out = vec![0.0; frame.samples() * channels];
    for channel in 0..channels {
        for (slot, value) in out[channel..].iter_mut().step_by(channels).zip(frame.plane::<T>(channel)) {
            *slot = convert(*value);
        }
    }
    out
}
