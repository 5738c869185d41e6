//! Beats, bars and sections of a track for editors and DJs.
//!
//! A marker lies in the frame that shows its time, and editors get frame numbers with the exact rate: Final Cut Pro 7's XML has
//! a whole timebase with NTSC on or off, OpenTimelineIO rational times, an EDL timecode that counts every frame, from
//! one hour on, as record times. What DJs read has seconds, unrounded.

use super::points::round;
use super::tempo_grid::{PLACES, bpm, lasting};
use super::timecode::Timecode;
use crate::audio::Analysis;
use crate::error::Result;
use crate::units::{FrameIndex, FrameRate, Seconds};
use serde_json::{Value, json};
use std::fmt::Write;

/// Whom markers are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerFormat {
    /// A label track of Audacity: sections and beats.
    Audacity,
    /// A collection of rekordbox with a beat grid and memory cues.
    Rekordbox,
    /// A table with a line for every section, bar and beat.
    Csv,
    /// Final Cut Pro 7's XML, which Premiere and Resolve read: sections and bars.
    FinalCut,
    /// An edit decision list with markers, as Resolve and Avid read it: sections and bars.
    Edl,
    /// OpenTimelineIO's JSON: sections and bars.
    Otio,
}

/// What marks a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Section,
    Bar,
    Beat,
}

/// A marked place; sections have a length.
#[derive(Clone, Debug, PartialEq)]
struct Marker {
    kind: Kind,
    start: f64,
    end: f64,
    name: String,
}

/// The markers of a stretch of a track.
#[derive(Debug)]
pub struct Markers<'a> {
    /// What was heard.
    pub analysis: &'a Analysis,
    /// The stretch, in seconds of the track; times count from its start.
    pub stretch: [Seconds; 2],
    /// Frames a second of the editor's timeline.
    pub fps: FrameRate,
    /// What the track is called.
    pub name: &'a str,
    /// Where it lies, as a path from the root.
    pub path: &'a str,
}

/// Most events of an EDL: their numbers have three digits.
const MAX_EVENTS: usize = 999;

impl Markers<'_> {
    /// The text for `format`.
    ///
    /// # Errors
    /// Usage: the editor knows no such frame rate.
    pub fn write(&self, format: MarkerFormat) -> Result<String> {
        Ok(match format {
            MarkerFormat::Audacity => self.audacity(),
            MarkerFormat::Rekordbox => self.rekordbox(),
            MarkerFormat::Csv => self.csv(),
            MarkerFormat::FinalCut => self.final_cut()?,
            MarkerFormat::Edl => self.edl()?,
            MarkerFormat::Otio => self.otio(),
        })
    }

    /// Sections, bars and beats, each kind ascending; times from the stretch's start.
    fn all(&self) -> Vec<Marker> {
        let [from, to] = self.stretch.map(|t| t.0);
        let marker = |kind, start: f64, end: f64, name: String| {
            let (start, end) = (start.max(from) - from, end.min(to) - from);
            Marker { kind, start, end, name }
        };
        let sections = self.analysis.sections.iter().filter(|s| s.end.0 > from && s.start.0 < to);
        let sections = sections.map(|s| marker(Kind::Section, s.start.0, s.end.0, s.label.clone()));
        let inside = |t: &Seconds| (from..to).contains(&t.0);
        let bars = self.analysis.downbeats.iter().enumerate().filter(|(_, t)| inside(t));
        let bars = bars.map(|(i, t)| marker(Kind::Bar, t.0, t.0, format!("bar {}", i + 1)));
        let beats = self.analysis.beats.iter().filter(|t| inside(t));
        let beats = beats.map(|t| marker(Kind::Beat, t.0, t.0, self.bar_and_beat(*t)));
        sections.chain(bars).chain(beats).collect()
    }

    /// `12.3`: the third beat of the twelfth bar; what lies before the first bar is in bar 0.
    fn bar_and_beat(&self, t: Seconds) -> String {
        let Analysis { beats, downbeats, .. } = self.analysis;
        let bar = downbeats.partition_point(|d| d.0 <= t.0 + 1e-6);
        let first = bar.checked_sub(1).and_then(|i| downbeats.get(i)).map_or(f64::MIN, |d| d.0 - 1e-6);
        let beat = beats.iter().filter(|b| b.0 >= first && b.0 <= t.0).count();
        format!("{bar}.{beat}")
    }

    /// Sections and bars; a bar that begins with a section is that section.
    fn for_editors(&self) -> Vec<Marker> {
        let all = self.all();
        let frame = |t: f64| self.fps.frame_at(Seconds(t));
        let begins = |t: f64| all.iter().any(|m| m.kind == Kind::Section && frame(m.start) == frame(t));
        let mut kept: Vec<Marker> = all
            .iter()
            .filter(|m| m.kind == Kind::Section || m.kind == Kind::Bar && !begins(m.start))
            .cloned()
            .collect();
        kept.sort_by(|a, b| a.start.total_cmp(&b.start));
        kept
    }

    /// First frame and frame behind the last; the same for places.
    fn frames(&self, marker: &Marker) -> (FrameIndex, FrameIndex) {
        let (first, end) = (self.fps.frame_at(Seconds(marker.start)), self.fps.frame_at(Seconds(marker.end)));
        (first, end.max(first))
    }

    fn length(&self) -> FrameIndex {
        self.fps.frames_covering(Seconds(self.stretch[1].0 - self.stretch[0].0)).max(1)
    }

    fn audacity(&self) -> String {
        let line = |m: &Marker| format!("{:.6}\t{:.6}\t{}\n", m.start, m.end, one_line(&m.name));
        self.all().iter().filter(|m| m.kind != Kind::Bar).map(line).collect()
    }

    fn csv(&self) -> String {
        let line = |m: &Marker| {
            let kind = match m.kind {
                Kind::Section => "section",
                Kind::Bar => "bar",
                Kind::Beat => "beat",
            };
            let (first, _) = self.frames(m);
            let name = one_line(&m.name).replace('"', "\"\"");
            format!("{:.6},{:.6},{first},{kind},\"{name}\"\n", m.start, m.end)
        };
        let lines: String = self.all().iter().map(line).collect();
        format!("seconds,end,frame,kind,name\n{lines}")
    }

    fn rekordbox(&self) -> String {
        let name = xml(self.name);
        let bpm = self.analysis.tempo_bpm.unwrap_or(0.0);
        let seconds = self.stretch[1].0 - self.stretch[0].0;
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DJ_PLAYLISTS Version=\"1.0.0\">\n  \
             <PRODUCT Name=\"beatbolt\" Version=\"{}\" Company=\"\"/>\n  <COLLECTION Entries=\"1\">\n    \
             <TRACK TrackID=\"1\" Name=\"{name}\" TotalTime=\"{:.0}\" AverageBpm=\"{bpm:.2}\" Location=\"{}\">\n",
            env!("CARGO_PKG_VERSION"),
            seconds.ceil(),
            xml(&location(self.path))
        );
        for (start, bpm, beat) in self.grid() {
            let meter = self.meter();
            let _ = writeln!(
                text,
                "      <TEMPO Inizio=\"{start}\" Bpm=\"{bpm}\" Metro=\"{meter}/4\" Battito=\"{beat}\"/>"
            );
        }
        for section in self.all().iter().filter(|m| m.kind == Kind::Section) {
            let (name, start) = (xml(&section.name), round(section.start, 6));
            let _ = writeln!(
                text,
                "      <POSITION_MARK Name=\"{name}\" Type=\"0\" Start=\"{start}\" Num=\"-1\"/>"
            );
        }
        text.push_str("    </TRACK>\n  </COLLECTION>\n  <PLAYLISTS>\n    <NODE Type=\"0\" Name=\"ROOT\" Count=\"0\"/>\n");
        text.push_str("  </PLAYLISTS>\n</DJ_PLAYLISTS>\n");
        text
    }

    fn meter(&self) -> usize {
        self.analysis.meter.unwrap_or(4).max(1) as usize
    }

    /// Where a grid of one tempo begins, its beats a minute, and which beat of a bar that is.
    fn grid(&self) -> Vec<(f64, f64, usize)> {
        let [from, to] = self.stretch.map(|t| t.0);
        let beats = self.analysis.beats.iter().filter(|t| (from..to).contains(&t.0));
        let times: Vec<f64> = beats.map(|t| t.0).collect();
        let written = times.iter().map(|time| round(time - from, PLACES)).collect();
        let corners = lasting(written);
        let tempo = |pair: &[(FrameIndex, f64)]| {
            let [first, next] = [pair[0].0, pair[1].0].map(|beat| beat as usize);
            let next = if next + 1 == times.len() { times.len() } else { next };
            (pair[0].1, bpm(pair), self.counted(&times[first..next]))
        };
        corners.windows(2).map(tempo).collect()
    }

    /// Which beat of a bar the first of `beats` is, for who counts on in whole bars up to the last of them. What counts is where the next
    /// bar begins, for bars may be shorter or longer than the metre.
    fn counted(&self, beats: &[f64]) -> usize {
        let (meter, downbeats) = (self.meter(), &self.analysis.downbeats);
        let begins = |beat: &f64| {
            let near = downbeats.partition_point(|t| t.0 < beat - 1e-6);
            downbeats.get(near).is_some_and(|t| t.0 <= beat + 1e-6)
        };
        if let Some(before) = beats.iter().position(begins) {
            return (meter - before % meter) % meter + 1;
        }
        // No bar begins among them: counted from the bar before, unless one would.
        let beat = self.bar_and_beat(Seconds(beats[0]));
        let beat = beat.split_once('.').and_then(|(_, beat)| beat.parse().ok()).unwrap_or(1);
        if beat > 1 && beat + beats.len() <= meter + 1 { beat } else { 2.min(meter) }
    }

    fn final_cut(&self) -> Result<String> {
        let code = Timecode::new(self.fps)?;
        let ntsc = if code.ntsc() { "TRUE" } else { "FALSE" };
        let rate = format!("<rate><timebase>{}</timebase><ntsc>{ntsc}</ntsc></rate>", code.base());
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE xmeml>\n<xmeml version=\"5\">\n  <sequence>\n    \
             <name>{}</name>\n    <duration>{}</duration>\n    {rate}\n    \
             <timecode>{rate}<string>00:00:00:00</string><frame>0</frame><displayformat>NDF</displayformat></timecode>\n    \
             <media><video><track/></video><audio><track/></audio></media>\n",
            xml(self.name),
            self.length()
        );
        for marker in self.for_editors() {
            let (first, end) = self.frames(&marker);
            let out = if end > first { end.to_string() } else { "-1".into() };
            let name = xml(&marker.name);
            let _ = writeln!(
                text,
                "    <marker><name>{name}</name><comment/><in>{first}</in><out>{out}</out></marker>"
            );
        }
        text.push_str("  </sequence>\n</xmeml>\n");
        Ok(text)
    }

    fn edl(&self) -> Result<String> {
        let code = Timecode::new(self.fps)?;
        let mut markers = self.for_editors();
        if markers.len() > MAX_EVENTS {
            markers.retain(|m| m.kind == Kind::Section);
        }
        let mut text = format!("TITLE: {}\nFCM: NON-DROP FRAME\n", one_line(self.name));
        for (i, marker) in markers.iter().take(MAX_EVENTS).enumerate() {
            let (first, end) = self.frames(marker);
            let (start, next, name) = (code.at(first), code.at(first + 1), one_line(&marker.name));
            let colour = if marker.kind == Kind::Section { "Green" } else { "Blue" };
            let _ = write!(
                text,
                "\n{:03}  AX       V     C        {start} {next} {start} {next}\n* LOC: {start} {} {name}\n \
                 |C:ResolveColor{colour} |M:{} |D:{}\n",
                i + 1,
                colour.to_uppercase(),
                name.replace('|', " "),
                (end - first).max(1)
            );
        }
        Ok(text)
    }

    fn otio(&self) -> String {
        let rate = self.fps.per_second();
        let time = |frames: FrameIndex| json!({ "OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": frames as f64 });
        let range = |first: FrameIndex, count: FrameIndex| json!({ "OTIO_SCHEMA": "TimeRange.1", "start_time": time(first), "duration": time(count) });
        let marker = |m: &Marker| {
            let (first, end) = self.frames(m);
            let colour = if m.kind == Kind::Section { "GREEN" } else { "BLUE" };
            json!({
                "OTIO_SCHEMA": "Marker.2", "metadata": {}, "name": m.name, "color": colour,
                "marked_range": range(first, end - first), "comment": "",
            })
        };
        let markers: Vec<Value> = self.for_editors().iter().map(marker).collect();
        let item = |schema: &str, name: &str| {
            json!({ "OTIO_SCHEMA": schema, "metadata": {}, "name": name, "source_range": null, "effects": [],
                "markers": [], "enabled": true })
        };
        let with = |mut item: Value, key: &str, value: Value| {
            item[key] = value;
            item
        };
        let gap = with(item("Gap.1", ""), "source_range", range(0, self.length()));
        let track = with(with(item("Track.1", self.name), "kind", "Video".into()), "children", json!([gap]));
        let stack =
            with(with(item("Stack.1", "tracks"), "children", json!([track])), "markers", markers.into());
        let timeline = json!({ "OTIO_SCHEMA": "Timeline.1", "metadata": {}, "name": self.name,
            "global_start_time": null, "tracks": stack });
        let mut text = serde_json::to_string_pretty(&timeline).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_owned()
}

fn xml(text: &str) -> String {
    let text = one_line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

/// A path as rekordbox has it: everything but letters, digits and a few signs as its bytes.
fn location(path: &str) -> String {
    let mut text = String::from("file://localhost");
    if !path.starts_with('/') {
        text.push('/');
    }
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b':' => {
                text.push(byte.into())
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
