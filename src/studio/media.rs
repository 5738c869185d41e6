//! A file by ranges: the finished video is the only one of the disk that the page can read.

use crate::error::{Context, Error, Result};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Bytes in an answer; who wants more asks again.
const MOST: u64 = 1 << 20;

/// An open video.
#[derive(Debug)]
pub struct Media {
    file: File,
    length: u64,
    mime: HeaderValue,
}

impl Media {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// Input: it can't be read.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = || {
            Error::input(format!("can't read {}", path.display()))
                .hint("check the path, and that you may read the file")
        };
        let file = File::open(path).context(failed)?;
        let length = file.metadata().context(failed)?.len();
        Ok(Media { file, length, mime: mime(path) })
    }

    /// The answer to a request with these headers.
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        let asked = headers.get(header::RANGE).map_or(Some("bytes=0-"), |v| v.to_str().ok());
        let Some((from, to)) = asked.and_then(|text| range(text, self.length)) else {
            let all = format!("bytes */{}", self.length);
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, all)]).into_response();
        };
        let Ok(bytes) = self.read(from, to) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let range = format!("bytes {from}-{}/{}", to - 1, self.length);
        let ranges = HeaderValue::from_static("bytes");
        let types = [(header::CONTENT_TYPE, self.mime.clone()), (header::ACCEPT_RANGES, ranges)];
        (StatusCode::PARTIAL_CONTENT, types, [(header::CONTENT_RANGE, range)], bytes).into_response()
    }

    fn read(&self, from: u64, to: u64) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; (to - from) as usize];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// What `bytes=FROM-TO` means in a file of `length` bytes: a range that isn't empty, with its end exclusive.
pub(super) fn range(text: &str, length: u64) -> Option<(u64, u64)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
    let (from, to) = match (from, to) {
        ("", last) => (length.saturating_sub(number(last)?), length),
        (from, "") => (number(from)?, length),
        (from, to) => (number(from)?, number(to)?.saturating_add(1).min(length)),
    };
    (from < to).then(|| (from, to.min(from.saturating_add(MOST))))
}

fn mime(path: &Path) -> HeaderValue {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    HeaderValue::from_static(match ending.as_str() {
        "mp4" | "mov" => "video/mp4",
        "webm" | "mkv" => "video/webm",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stay_inside_the_file_and_small() {
        let big = 10 * MOST;
        for (text, length, expected) in [
            ("bytes=0-", 10, Some((0, 10))),
            ("bytes=2-4", 10, Some((2, 5))),
            ("bytes=-3", 10, Some((7, 10))),
            ("bytes=-30", 10, Some((0, 10))),
            ("bytes=9-99", 10, Some((9, 10))),
            ("bytes=0-", big, Some((0, MOST))),
            ("bytes=5-18446744073709551615", big, Some((5, 5 + MOST))),
            ("bytes=10-", 10, None),
            ("bytes=4-2", 10, None),
            ("bytes=-0", 10, None),
            ("bytes=-", 10, None),
            ("bytes=0-1,4-5", 10, None),
            ("bytes=+1-2", 10, None),
            ("bytes=99999999999999999999-", 10, None),
            ("0-1", 10, None),
            ("bytes=0-", 0, None),
        ] {
            assert_eq!(range(text, length), expected, "{text} of {length}");
        }
    }
}
