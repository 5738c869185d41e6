//! A video as a folder of numbered pictures.

use super::encode::Encoder;
use super::frame::Frame;
use super::job;
use super::partial::reserve;
use super::spec::{VideoSpec, cannot_write, check_spec};
use crate::atomic_file;
use crate::error::{Context as _, Error, Result};
use crate::file_lock::FileLock;
use ffmpeg_next::format::Flags;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

/// Writes `000001.png` and so on into a folder that gets its name when all are there.
pub(super) struct Sequence {
    encoder: Encoder,
    written: u64,
    hidden: PathBuf,
    target: PathBuf,
    finished: bool,
    // Let go of when the folder has its name or is gone.
    _lock: FileLock,
}

impl Sequence {
    /// Makes the hidden folder and the encoder.
    pub(super) fn create(spec: &VideoSpec<'_>) -> Result<Self> {
        check_spec(spec)?;
        let target = spec.path.to_owned();
        target.file_name().ok_or_else(|| cannot_write(&target))?;
        let (lock, hidden) = reserve(&target)?;
        if target.exists() {
            return Err(Error::output(format!("{} already exists", target.display()))
                .hint("choose a folder name with --output that doesn't exist yet, or remove this one"));
        }
        let encoder = Encoder::open(spec.profile, spec.size, spec.fps, spec.quality, Flags::empty())?;
        fs::create_dir(&hidden).context(|| cannot_write(&target))?;
        let sequence = Sequence { encoder, written: 0, hidden, target, finished: false, _lock: lock };
        sequence.put(job::FILE, spec.job.as_bytes())?;
        Ok(sequence)
    }

    /// How many frames were taken.
    pub(super) fn frames(&self) -> u64 {
        self.encoder.frames()
    }

    /// Adds the next picture.
    pub(super) fn write(&mut self, frame: &Frame) -> Result<()> {
        self.encoder.send(frame)?;
        self.drain()
    }

    /// Gives the folder its name.
    pub(super) fn finish(mut self) -> Result<()> {
        self.encoder.close()?;
        self.drain()?;
        atomic_file::publish(&self.hidden, &self.target).context(|| cannot_write(&self.target))?;
        self.finished = true;
        Ok(())
    }

    fn drain(&mut self) -> Result<()> {
        while let Some(packet) = self.encoder.receive()? {
            self.written += 1;
            self.put(&format!("{:06}.png", self.written), packet.data().unwrap_or_default())?;
        }
        Ok(())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let write = || File::create(self.hidden.join(name))?.write_all(bytes);
        write().context(|| cannot_write(&self.target))
    }
}

impl Drop for Sequence {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody is left to be told; the next render of the same name clears it away.
            let _ = fs::remove_dir_all(&self.hidden);
        }
    }
}
