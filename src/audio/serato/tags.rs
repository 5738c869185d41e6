//! Fields in the tags of audio files: objects (GEOB) in ID3v2 of MP3, AIFF and WAV, comments of FLAC, boxes of MP4.
//!
//! Nothing here trusts a length: what reaches beyond its surroundings is not there.

/// A field by its name.
type Field = (String, Vec<u8>);

/// The fields of a file's tags; none where it is no audio file of a known kind.
pub(super) fn of(bytes: &[u8]) -> Option<Vec<Field>> {
    match bytes {
        [b'I', b'D', b'3', ..] => Some(id3(bytes)),
        [b'f', b'L', b'a', b'C', rest @ ..] => Some(flac(rest)),
        [b'F', b'O', b'R', b'M', ..] => Some(chunks(bytes, u32::from_be_bytes)),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => {
            Some(chunks(bytes, u32::from_le_bytes))
        }
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(mp4(bytes)),
        _ => None,
    }
}

/// What stands before the first zero byte, and what behind it.
pub(super) fn until_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|b| *b == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// Base64 with or without padding; line ends are skipped, and another character ends it. Serato leaves a last group of one
/// character, whose other bits are 0.
pub(super) fn base64(text: &[u8]) -> Vec<u8> {
    let digit = |c: &u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u8> = text.iter().filter(|c| !c.is_ascii_whitespace()).map_while(digit).collect();
    let group = |group: &[u8]| {
        let bits = (0..4).fold(0_u32, |bits, i| bits << 6 | u32::from(group.get(i).copied().unwrap_or(0)));
        let bytes = bits.to_be_bytes();
        bytes[1..1 + (group.len() * 3 / 4).max(1)].to_vec()
    };
    digits.chunks(4).flat_map(group).collect()
}

/// Chunks of AIFF and WAV: the one with an ID3 tag.
fn chunks(bytes: &[u8], length: fn([u8; 4]) -> u32) -> Vec<Field> {
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let [a, b, c, d, e, f, g, h, body @ ..] = rest {
        let size = length([*e, *f, *g, *h]) as usize;
        let Some(content) = body.get(..size) else { break };
        if [*a, *b, *c, *d].eq_ignore_ascii_case(b"ID3 ") {
            return id3(content);
        }
        rest = body.get(size + size % 2..).unwrap_or_default();
    }
    Vec::new()
}

/// Seven bits a byte.
fn synchsafe(bytes: [u8; 4]) -> usize {
    bytes.iter().fold(0, |all, byte| all << 7 | usize::from(byte & 0x7f))
}

/// What zero bytes were put into, so that nothing in it looks like sound.
fn synchronized(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for (i, byte) in bytes.iter().enumerate() {
        if !(*byte == 0 && i > 0 && bytes[i - 1] == 0xff) {
            out.push(*byte);
        }
    }
    out
}

/// The objects of an ID3 tag of version 2.3 or 2.4.
fn id3(bytes: &[u8]) -> Vec<Field> {
    let [_, _, _, version @ 3..=4, _, flags, a, b, c, d, rest @ ..] = bytes else { return Vec::new() };
    let body = &rest[..synchsafe([*a, *b, *c, *d]).min(rest.len())];
    let body = if *version == 3 && flags & 0x80 != 0 { synchronized(body) } else { body.to_vec() };
    let size = |bytes: [u8; 4]| match version {
        4 => synchsafe(bytes),
        _ => u32::from_be_bytes(bytes) as usize,
    };
    let mut rest = &body[..];
    if let (true, Some((length, behind))) = (flags & 0x40 != 0, rest.split_first_chunk::<4>()) {
        // Version 2.4 counts the four bytes of the length, too.
        let skipped = size(*length).saturating_sub(if *version == 4 { 4 } else { 0 });
        rest = behind.get(skipped..).unwrap_or_default();
    }
    let mut fields = Vec::new();
    while let [n0, n1, n2, n3, a, b, c, d, _, how, behind @ ..] = rest {
        let Some(content) = behind.get(..size([*a, *b, *c, *d])).filter(|_| *n0 != 0) else { break };
        rest = &behind[content.len()..];
        if [*n0, *n1, *n2, *n3] == *b"GEOB" {
            let plain = match version {
                3 if how & 0xc0 == 0 => Some(content.to_vec()),
                4 if how & 0x0c == 0 => {
                    let skip = if how & 1 == 0 { 0 } else { 4 };
                    let content = content.get(skip..).unwrap_or_default();
                    Some(if how & 2 == 0 { content.to_vec() } else { synchronized(content) })
                }
                _ => None,
            };
            fields.extend(plain.and_then(|plain| object(&plain)));
        }
    }
    fields
}

/// Encoding, kind, file name, description, data.
fn object(content: &[u8]) -> Option<Field> {
    let (encoding, rest) = content.split_first()?;
    let (_, rest) = until_zero(rest)?;
    let text = |bytes| -> Option<(Vec<u8>, &[u8])> {
        if *encoding == 0 || *encoding == 3 {
            return until_zero(bytes).map(|(text, rest)| (text.to_vec(), rest));
        }
        let end = bytes.chunks_exact(2).position(|pair| pair == [0, 0])?;
        // The names that are looked for are ASCII.
        let letters = bytes[..2 * end].iter().copied().filter(|b| *b != 0 && b.is_ascii()).collect();
        Some((letters, &bytes[2 * end + 2..]))
    };
    let (_, rest) = text(rest)?;
    let (name, data) = text(rest)?;
    Some((String::from_utf8_lossy(&name).into_owned(), data.to_vec()))
}

/// What a field of FLAC and MP4 holds in Base64: kind, nothing, name, data.
fn enveloped(text: &[u8]) -> Option<Field> {
    let decoded = base64(text);
    let (_, rest) = until_zero(&decoded)?;
    let (_, rest) = until_zero(rest)?;
    let (name, data) = until_zero(rest)?;
    Some((String::from_utf8_lossy(name).into_owned(), data.to_vec()))
}

/// The comments of a FLAC file, behind its first word.
fn flac(mut rest: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    while let [kind, a, b, c, behind @ ..] = rest {
        let Some(block) = behind.get(..u32::from_be_bytes([0, *a, *b, *c]) as usize) else { break };
        if kind & 0x7f == 4 {
            fields.extend(comments(block));
        }
        if kind & 0x80 != 0 {
            break;
        }
        rest = &behind[block.len()..];
    }
    fields
}

/// The vendor's name, a count, then comments, each with its length before it.
fn comments(block: &[u8]) -> Vec<Field> {
    fn next<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let text = behind.get(..u32::from_le_bytes(*length) as usize)?;
        *rest = &behind[text.len()..];
        Some(text)
    }
    let mut rest = block;
    if next(&mut rest).is_none() {
        return Vec::new();
    }
    rest = rest.get(4..).unwrap_or_default();
    let mut fields = Vec::new();
    while let Some(text) = next(&mut rest) {
        if let Some(at) = text.iter().position(|b| *b == b'=')
            && text[..at].to_ascii_uppercase().starts_with(b"SERATO_")
        {
            fields.extend(enveloped(&text[at + 1..]));
        }
    }
    fields
}

/// The boxes `----` of Serato's in the list of an MP4 file's tags.
fn mp4(bytes: &[u8]) -> Vec<Field> {
    let list = ["moov", "udta", "meta", "ilst"].iter().try_fold(bytes, |inside, name| {
        let (_, content) = boxes(inside).find(|(kind, _)| *kind == name.as_bytes())?;
        // This one has a version first.
        content.get(if *name == "meta" { 4 } else { 0 }..)
    });
    let own = boxes(list.unwrap_or_default()).filter(|(kind, _)| *kind == b"----");
    own.filter_map(|(_, content)| {
        let part = |name: &[u8], skip: usize| {
            boxes(content).find(|(kind, _)| *kind == name).and_then(|(_, c)| c.get(skip..))
        };
        (part(b"mean", 4)? == b"com.serato.dj").then(|| part(b"data", 8).and_then(enveloped))?
    })
    .collect()
}

/// Kind and content of the boxes in `bytes`.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        let (head, length) = match length {
            0 => (8, bytes.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?)).ok()?),
            length => (8, length),
        };
        let found = (bytes.get(4..8)?, bytes.get(head..length)?);
        bytes = &bytes[length..];
        Some(found)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// As Serato writes it: no padding, a line every 72 characters.
    pub(in super::super) fn in_base64(bytes: &[u8]) -> Vec<u8> {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = Vec::new();
        for group in bytes.chunks(3) {
            let bits =
                (0..3).fold(0_u32, |bits, i| bits << 8 | u32::from(group.get(i).copied().unwrap_or(0)));
            text.extend((0..=group.len()).map(|i| DIGITS[(bits >> (18 - 6 * i) & 63) as usize]));
        }
        text.chunks(72).collect::<Vec<_>>().join(&b'\n')
    }

    fn boxed(kind: &[u8], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
    }

    /// Files of every kind with these fields, and nothing to be heard: ID3 2.3 and 2.4, AIFF, WAV, FLAC, MP4.
    pub(in super::super) fn files(fields: &[(&str, Vec<u8>)]) -> Vec<Vec<u8>> {
        let seven = |n: usize| [21, 14, 7, 0].map(|shift| (n >> shift & 0x7f) as u8);
        let id3 = |version: u8| {
            let frame = |(name, data): &(&str, Vec<u8>)| {
                let body = [b"\0application/octet-stream\0\0", name.as_bytes(), b"\0", data].concat();
                let size = if version == 4 { seven(body.len()) } else { (body.len() as u32).to_be_bytes() };
                [b"GEOB", &size[..], &[0, 0], &body].concat()
            };
            let frames: Vec<u8> = [b"TIT2\0\0\0\x02\0\0\0a".to_vec()]
                .into_iter()
                .chain(fields.iter().map(frame))
                .flatten()
                .collect();
            [b"ID3", &[version, 0, 0][..], &seven(frames.len() + 20), &frames, &[0; 20]].concat()
        };
        let envelope = |(name, data): &(&str, Vec<u8>)| {
            in_base64(&[b"application/octet-stream\0\0", name.as_bytes(), b"\0", data].concat())
        };
        let tag = id3(3);
        let aiff = boxed(
            b"----",
            &[b"AIFFCOMM\0\0\0\x02aaID3 ", &(tag.len() as u32).to_be_bytes()[..], &tag].concat(),
        );
        let aiff = [b"FORM", &aiff[..4], &aiff[8..]].concat();
        let wav = [b"RIFF\0\0\0\0WAVEfmt \x03\0\0\0aaa\0id3 ", &(tag.len() as u32).to_le_bytes()[..], &tag]
            .concat();
        let comment = |field: &(&str, Vec<u8>)| {
            let text = [b"serato_x=", &envelope(field)[..]].concat();
            [&(text.len() as u32).to_le_bytes()[..], &text].concat()
        };
        let comments: Vec<u8> = fields.iter().flat_map(comment).collect();
        let block = [b"\x01\0\0\0x\x02\0\0\0", &comments[..]].concat();
        let flac = [b"fLaC\0\0\0\x02aa\x84", &(block.len() as u32).to_be_bytes()[1..], &block].concat();
        let own = |field: &(&str, Vec<u8>)| {
            let parts = [
                boxed(b"mean", b"\0\0\0\0com.serato.dj"),
                boxed(b"name", b"\0\0\0\0x"),
                boxed(b"data", &[&[0; 8], &envelope(field)[..]].concat()),
            ];
            boxed(b"----", &parts.concat())
        };
        let list = boxed(b"ilst", &fields.iter().flat_map(own).collect::<Vec<u8>>());
        let meta = boxed(b"meta", &[&[0; 4], &list[..]].concat());
        let mp4 = [boxed(b"ftyp", b"M4A "), boxed(b"moov", &boxed(b"udta", &meta))].concat();
        vec![id3(3), id3(4), aiff, wav, flac, mp4]
    }

    #[test]
    fn base64_is_read_with_and_without_its_end() {
        for (text, bytes) in [
            ("TWFu", &b"Man"[..]),
            ("TWE=", b"Ma"),
            ("TW\nE", b"Ma"),
            ("TQ==", b"M"),
            ("TWFuTQ", b"ManM"),
            ("", b""),
        ] {
            assert_eq!(base64(text.as_bytes()), bytes, "{text}");
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(base64(&in_base64(&all)), all);
    }

    #[test]
    fn nothing_beyond_the_end_is_read() {
        for file in files(&[("Serato BeatGrid", vec![1; 40])]) {
            for end in 0..file.len() {
                if let Some(fields) = of(&file[..end]) {
                    assert!(fields.len() <= 1);
                }
            }
            assert_eq!(of(&file).unwrap(), [("Serato BeatGrid".to_owned(), vec![1; 40])]);
        }
    }

    #[test]
    fn bytes_that_were_put_in_are_taken_out() {
        assert_eq!(synchronized(b"\xff\0\xe0a\0\xff\0\0"), b"\xff\xe0a\0\xff\0");
    }
}
