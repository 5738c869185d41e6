//! Reels: footage being decoded, a picture for every time that is asked for.

use super::fit::{Fit, Scaler};
use super::footage::{Footage, decoder};
use super::frame::Frame;
use crate::demux;
use crate::error::{Error, Result};
use crate::units::{Seconds, Size};
use ffmpeg_next::codec::decoder::Video;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::{Packet, frame};
use std::collections::VecDeque;

/// Timestamps are rounded, so a picture is seen this much before its time, in seconds.
const ROUNDED: f64 = 1e-3;
/// Further ahead than this, in seconds, it is quicker to jump than to decode everything on the way.
const FAR: f64 = 8.0;
/// How far before the time wanted decoding sets out where a reel runs backwards, in seconds.
const BACK: f64 = 1.5;
/// Bytes of finished pictures that are kept while it does.
const KEPT: usize = 1 << 27;

/// The pictures of [`Footage`], each seen from its time until the next one's. Times may be asked for in any order; ascending ones
/// are quick. What is seen at a time depends on that time alone.
pub struct Reel {
    footage: Footage,
    input: Input,
    decoder: Video,
    /// Seconds per tick of the timestamps.
    tick: f64,
    scaler: Scaler,
    /// The picture decoded last but one, and the last: what is seen before the last one's time is the one before.
    shown: Option<Picture>,
    ahead: Option<Picture>,
    ended: bool,
    /// Finished pictures, oldest first: the last one, or where it ran backwards those before that one too.
    kept: VecDeque<Kept>,
}

/// A decoded picture and its time on the footage's clock.
struct Picture {
    at: f64,
    picture: frame::Video,
}

/// A finished picture, and when it is seen.
struct Kept {
    from: f64,
    until: f64,
    how: (Size, Fit),
    frame: Frame,
}

impl Reel {
    /// The pictures of `footage`, none of them decoded yet.
    ///
    /// # Errors
    /// As [`Footage::open`].
    pub fn open(footage: Footage) -> Result<Self> {
        let (input, decoder, tick) = start(&footage)?;
        Ok(Reel {
            input,
            decoder,
            tick,
            scaler: Scaler::new(footage.aspect, footage.turn),
            shown: None,
            ahead: None,
            ended: false,
            kept: VecDeque::new(),
            footage,
        })
    }

    /// The picture seen at `time` after the footage's first one, `size` large, `fit` in there. Before the first picture and behind
    /// the last these two are seen; in place of a damaged one, the one before it.
    ///
    /// # Errors
    /// Input: no picture can be decoded.
    pub fn frame(&mut self, time: Seconds, size: Size, fit: Fit) -> Result<Frame> {
        let time = time.0.max(0.0) + ROUNDED;
        let how = (size, fit);
        if let Some(kept) = self.kept.iter().find(|kept| kept.shows(time, how)) {
            return Ok(kept.frame.clone());
        }
        let from = self.shown.as_ref().map_or(0.0, |shown| shown.at);
        let backwards = self.shown.is_some() && time < from;
        self.kept.clear();
        if backwards {
            self.jump((time - BACK).max(0.0))?;
        } else if time > from + FAR {
            self.jump(time)?;
        }
        while self.ahead.as_ref().is_none_or(|ahead| ahead.at <= time) && self.step()? {
            if backwards {
                self.keep(how)?;
            }
        }
        self.keep(how)?;
        let kept = self.kept.back().filter(|_| self.shown.is_some() || self.ahead.is_some());
        kept.map(|kept| kept.frame.clone()).ok_or_else(|| {
            Error::input(format!("no picture of {} can be decoded", self.footage.path.display()))
                .hint("check that it plays elsewhere")
        })
    }

    /// Finishes the picture that is seen now and keeps it, unless it is the last one kept.
    fn keep(&mut self, how: (Size, Fit)) -> Result<()> {
        let Some(seen) = self.shown.as_ref().or(self.ahead.as_ref()) else { return Ok(()) };
        let from = if self.shown.is_some() { seen.at } else { f64::NEG_INFINITY };
        let until = match (&self.shown, &self.ahead) {
            (Some(_), Some(ahead)) => ahead.at,
            _ if self.ended => f64::INFINITY,
            _ => return Ok(()),
        };
        if self.kept.back().is_some_and(|kept| (kept.from, kept.how) == (from, how)) {
            return Ok(());
        }
        let frame = self.scaler.frame(&seen.picture, how.0, how.1)?;
        let most = (KEPT / frame.rgb().len().max(1)).max(1);
        if self.kept.len() == most {
            self.kept.pop_front();
        }
        self.kept.push_back(Kept { from, until, how, frame });
        Ok(())
    }

    /// Decodes one more picture. False: there is none.
    fn step(&mut self) -> Result<bool> {
        loop {
            let mut picture = frame::Video::empty();
            if self.decoder.receive_frame(&mut picture).is_ok() {
                let at = picture.timestamp().map_or(0.0, |t| t as f64 * self.tick - self.footage.start);
                self.shown = self.ahead.replace(Picture { at, picture });
                return Ok(true);
            }
            if self.ended {
                // What is seen from here on is the last picture.
                self.shown = self.ahead.take().or(self.shown.take());
                return Ok(false);
            }
            let mut packet = Packet::empty();
            match packet.read(&mut self.input) {
                Ok(()) if packet.stream() != self.footage.index => {}
                // In place of a damaged packet's picture the one before is seen.
                Ok(()) => drop(self.decoder.send_packet(&packet)),
                Err(_) => {
                    self.ended = true;
                    // Refused where no packet was good; nothing comes out then.
                    let _ = self.decoder.send_eof();
                }
            }
        }
    }

    /// Goes on from a picture at or before `time`.
    fn jump(&mut self, time: f64) -> Result<()> {
        if self.footage.length().is_none() {
            return Ok(());
        }
        let wanted = ((time + self.footage.start) * 1e6) as i64;
        let sought = self.input.seek(wanted, ..wanted).is_ok();
        (self.shown, self.ahead, self.ended) = (None, None, false);
        self.decoder.flush();
        if sought && self.step()? && self.ahead.as_ref().is_some_and(|ahead| ahead.at <= time + ROUNDED) {
            return Ok(());
        }
        // Not every file can be sought in: from the start, then.
        (self.input, self.decoder, self.tick) = start(&self.footage)?;
        (self.shown, self.ahead, self.ended) = (None, None, false);
        Ok(())
    }
}

impl Kept {
    fn shows(&self, time: f64, how: (Size, Fit)) -> bool {
        self.how == how && (self.from..self.until).contains(&time)
    }
}

/// The file from its start, the decoder of its pictures, and the seconds per tick.
fn start(footage: &Footage) -> Result<(Input, Video, f64)> {
    let input = demux::open(&footage.path)?;
    let (decoder, tick) = decoder(&footage.path, &input, footage.index)?;
    Ok((input, decoder, tick))
}
