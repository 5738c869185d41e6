//! Evidence for a count of beats: what is heard on its beats and between them, and what recurs some beats later.
//!
//! Each beat is heard at its twelfths, which halves, quarters and thirds have in common. The signs are what
//! [`super::tactus`] weighs; they are of the whole track, since one bar tells little about how people count.

use super::chroma::POOL;
use super::net::Chances;
use super::series::around;

/// Places in a beat that are listened to.
const PLACES: usize = 12;
/// Fewest beats that tell anything.
const FEWEST: usize = 6;
/// Hops of a beat from which two hops beside a place belong to it; of a shorter one, one does.
const LONG: f64 = 36.0;
/// The tempo in the middle of those that are counted, in beats a minute.
const MIDDLE: f64 = 110.0;
/// Pools of pitch classes before and after a place whose harmonies are compared: 0.4 s.
const HARMONY: usize = 8;
/// Chances below which it hardly matters how low they are.
const FLOOR: f64 = 0.05;
/// Number of signs, and their names.
pub(super) const SIGNS: usize = NAMES.len();
/// What each sign is: of what sounds on beats (on), halfway, at quarters and at thirds, the logarithm of the mean chance; how much kicks
/// and snares alternate; how much downbeats and changes of harmony stand out every so many beats; and how much recurs so many beats later.
pub(super) const NAMES: [&str; 49] = [
    "tempo",
    "tempo squared",
    "events",
    "events squared",
    "tempo times events",
    "beat on",
    "beat half",
    "beat quarter",
    "beat third",
    "onset on",
    "onset half",
    "onset quarter",
    "onset third",
    "kick on",
    "kick half",
    "kick quarter",
    "kick third",
    "snare on",
    "snare half",
    "snare quarter",
    "snare third",
    "hat on",
    "hat half",
    "hat quarter",
    "hat third",
    "low on",
    "low half",
    "low quarter",
    "low third",
    "alternation",
    "weaker alternation",
    "half time",
    "waltz",
    "downbeat 2",
    "downbeat 3",
    "downbeat 4",
    "harmony on",
    "harmony half",
    "harmony 2",
    "harmony 3",
    "harmony 4",
    "again 1",
    "again 2",
    "again 3",
    "again 4",
    "again 7",
    "again 8",
    "sevens",
    "half sevens",
];

/// The signs of recurrence.
const AGAIN: std::ops::Range<usize> = 41..47;

/// How alike what is heard is to what comes a few beats later, at best; up to 1.
pub(super) fn recurrence(signs: &[f64; SIGNS]) -> f64 {
    signs[AGAIN].iter().copied().fold(0.0, f64::max)
}

/// Whether more recurs after three beats than after two, four or eight.
pub(super) fn in_threes(signs: &[f64; SIGNS]) -> bool {
    let [_, two, three, four, _, eight] = *signs[AGAIN].first_chunk().unwrap_or(&[0.0; 6]);
    three > two.max(four).max(eight)
}

/// A track, as far as it tells how people count.
pub(super) struct Evidence<'a> {
    chances: &'a Chances,
    /// How much the harmony changes, per pool of the track.
    novelty: Vec<f64>,
    mean_novelty: f64,
    /// The hop of the track with which the chances begin.
    start: usize,
    /// Onsets and strikes a hop.
    events: f64,
    hop_seconds: f64,
}

/// A chance at the twelfths of every beat.
type Heard = Vec<[f64; PLACES]>;

impl<'a> Evidence<'a> {
    /// Of chances that begin at hop `start` of a track, of its 12 pitch classes per pool, and of so many events in it.
    pub(super) fn new(
        chances: &'a Chances,
        start: usize,
        chroma: &[&[f32]],
        events: usize,
        hop_seconds: f64,
    ) -> Self {
        let novelty = novelty(chroma);
        let mean_novelty = novelty.iter().sum::<f64>() / novelty.len().max(1) as f64;
        let events = events as f64 / chances.beat.len().max(1) as f64;
        Evidence { chances, novelty, mean_novelty, start, events, hop_seconds }
    }

    /// Beats a minute of beats that are so many hops apart.
    pub(super) fn tempo(&self, period: f64) -> f64 {
        60.0 / (period * self.hop_seconds)
    }

    /// Events a beat of so many hops.
    pub(super) fn events(&self, period: f64) -> f64 {
        self.events * period
    }

    /// The signs of beats at these hops, ascending; none of too few.
    pub(super) fn signs(&self, beats: &[f64]) -> Option<[f64; SIGNS]> {
        let period = period(beats)?;
        let places = self.places(beats);
        if places.len() < FEWEST {
            return None;
        }
        let c = self.chances;
        let reach = if period < LONG { 1 } else { 2 };
        let heard = |chance: &[f32]| -> Heard {
            let at = |hop: usize| f64::from(around(chance, hop, reach).iter().copied().fold(0.0, f32::max));
            places.iter().map(|hops| hops.map(at)).collect()
        };
        let [kick, snare, hat, onset] = [&c.kick, &c.snare, &c.hat, &c.onset].map(|chance| heard(chance));
        let (tempo, events) = ((self.tempo(period) / MIDDLE).log2(), self.events(period).max(0.1).log2());
        let mut signs = vec![tempo, tempo * tempo, events, events * events, tempo * events];
        for heard in [&heard(&c.beat), &onset, &kick, &snare, &hat, &heard(&c.strikes[0])] {
            signs.extend(places_of(heard));
        }
        signs.extend(drumming(&first(&kick), &first(&snare)));
        let downbeats = first(&heard(&c.downbeat));
        signs.extend([2, 3, 4].map(|beats| outstanding(&downbeats, beats)));
        signs.extend(self.harmony(&places));
        signs.extend(repetition(&[kick, snare, hat, onset]));
        signs.try_into().ok()
    }

    /// The hops of the twelfths of all beats that lie in the track.
    fn places(&self, beats: &[f64]) -> Vec<[usize; PLACES]> {
        let last = beats.len().saturating_sub(1);
        let of = |i: usize| {
            let (from, to) = if i < last { (i, i + 1) } else { (last - 1, last) };
            let gap = beats[to] - beats[from];
            std::array::from_fn(|k| (beats[i] + gap * k as f64 / PLACES as f64).round() as usize)
        };
        let hops = self.chances.beat.len();
        (0..beats.len()).map(of).filter(|places: &[usize; PLACES]| places[PLACES - 1] < hops).collect()
    }

    /// How much of what the harmony changes it does on beats, halfway, and on one of two, three or four beats.
    fn harmony(&self, places: &[[usize; PLACES]]) -> [f64; 5] {
        let at = |hop: usize| self.novelty.get((hop + self.start) / POOL).copied().unwrap_or(0.0);
        let share = |mean: f64| mean / (self.mean_novelty + 0.02);
        let on: Vec<f64> = places.iter().map(|hops| at(hops[0])).collect();
        let half: Vec<f64> = places.iter().map(|hops| at(hops[PLACES / 2])).collect();
        let best = |beats: usize| share(turns(&on, beats).into_iter().fold(0.0, f64::max));
        [share(mean(&on)), share(mean(&half)), best(2), best(3), best(4)]
    }
}

/// The median distance of beats; none of fewer than two.
pub(super) fn period(beats: &[f64]) -> Option<f64> {
    let mut gaps: Vec<f64> = beats.windows(2).map(|w| w[1] - w[0]).collect();
    gaps.sort_by(f64::total_cmp);
    let middle = *gaps.get(gaps.len() / 2)?;
    (middle > 0.0).then_some(middle)
}

/// How different the pitch classes are before and after each pool, 0..=1, the most of three.
fn novelty(chroma: &[&[f32]]) -> Vec<f64> {
    let pools = chroma.iter().map(|class| class.len()).min().unwrap_or(0);
    let mut sums = vec![vec![0.0f64]; chroma.len()];
    for (sums, class) in sums.iter_mut().zip(chroma) {
        let running = class.iter().scan(0.0, |sum, value| {
            *sum += f64::from(*value);
            Some(*sum)
        });
        sums.extend(running);
    }
    let over = |from: usize, to: usize| sums.iter().map(|sums| sums[to] - sums[from]).collect::<Vec<_>>();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let at = |pool: usize| {
        let before = over(pool.saturating_sub(HARMONY), pool);
        let after = over(pool, (pool + HARMONY).min(pools));
        let norms = (dot(&before, &before) * dot(&after, &after)).sqrt();
        if norms > 1e-9 { 1.0 - dot(&before, &after) / norms } else { 0.0 }
    };
    let exact: Vec<f64> = (0..pools).map(at).collect();
    let near = |i: usize| exact[i.saturating_sub(1)..(i + 2).min(pools)].iter().copied().fold(0.0, f64::max);
    (0..pools).map(near).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// What is heard on the beats themselves.
fn first(heard: &Heard) -> Vec<f64> {
    heard.iter().map(|places| places[0]).collect()
}

/// The mean of every so many values, from each of the first ones on.
fn turns(values: &[f64], every: usize) -> Vec<f64> {
    let of = |from: usize| mean(&values.iter().skip(from).step_by(every).copied().collect::<Vec<_>>());
    (0..every).map(of).collect()
}

/// How high a chance is on beats, halfway, at quarters and at thirds, as logarithms.
fn places_of(heard: &Heard) -> [f64; 4] {
    let at = |place: usize| heard.iter().map(|places| places[place]).sum::<f64>() / heard.len() as f64;
    let two = |a: usize, b: usize| 0.5 * (at(a) + at(b));
    [at(0), at(6), two(3, 9), two(4, 8)].map(|mean| (mean + FLOOR).ln())
}

/// How much kicks and snares take turns from beat to beat, by their sum and by the weaker of the two; how much a snare stands out two beats
/// after a kick; and how much a kick and two snares do.
fn drumming(kick: &[f64], snare: &[f64]) -> [f64; 4] {
    let ([k, s], [k3, s3], [k4, s4]) = (
        [kick, snare].map(|x| turns(x, 2)),
        [kick, snare].map(|x| turns(x, 3)),
        [kick, snare].map(|x| turns(x, 4)),
    );
    let (kicks, snares) = (k[0] - k[1], s[1] - s[0]);
    let half_time = |q: usize| {
        let others = s4[q].max(s4[(q + 1) % 4]).max(s4[(q + 3) % 4]);
        (k4[q] - mean(&k4)).min(s4[(q + 2) % 4] - others)
    };
    let waltz = |q: usize| {
        let rest = |x: &[f64]| (x.iter().sum::<f64>() - x[q]) / 2.0;
        k3[q] - rest(&k3) + rest(&s3) - s3[q]
    };
    let most = |count: usize, of: &dyn Fn(usize) -> f64| (0..count).map(of).fold(f64::MIN, f64::max);
    [
        (kicks + snares).abs(),
        kicks.min(snares).max((-kicks).min(-snares)),
        most(4, &half_time),
        most(3, &waltz),
    ]
}

/// How much one of so many beats stands out.
fn outstanding(values: &[f64], beats: usize) -> f64 {
    let turns = turns(values, beats);
    let most = turns.iter().copied().fold(0.0, f64::max);
    ((most + 0.03) / (mean(&turns) + 0.03)).ln()
}

/// How alike what is heard at the twelfths of beats is to that 1, 2, 3, 4, 7 and 8 beats later; by how much it is more alike after seven
/// beats than after four, six or eight; and by how much after three and a half than after three or four.
fn repetition(heard: &[Heard; 4]) -> [f64; 8] {
    let means = heard.each_ref().map(|heard| mean(heard.as_flattened()));
    let row = |i: usize, place: usize| -> Vec<f64> {
        let one = |heard: &Heard, mean: f64| {
            heard.as_flattened()[i * PLACES + place..][..PLACES].iter().map(|v| v - mean).collect::<Vec<_>>()
        };
        heard.iter().zip(means).flat_map(|(heard, mean)| one(heard, mean)).collect()
    };
    let rows: Vec<Vec<f64>> = (0..heard[0].len()).map(|i| row(i, 0)).collect();
    let halfway: Vec<Vec<f64>> = (1..heard[0].len()).map(|i| row(i - 1, PLACES / 2)).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let norm = |row: &Vec<f64>| dot(row, row).sqrt() + 1e-3;
    let alike = |later: &[Vec<f64>]| {
        let pairs = || rows.iter().zip(later);
        pairs().map(|(a, b)| dot(a, b)).sum::<f64>() / pairs().map(|(a, b)| norm(a) * norm(b)).sum::<f64>()
    };
    let again = |beats: usize| if rows.len() > 2 * beats { alike(&rows[beats..]) } else { 0.0 };
    let half = if rows.len() > 8 { alike(&halfway[3..]) } else { 0.0 };
    let [three, four, six, seven, eight] = [3, 4, 6, 7, 8].map(again);
    let sevens = (seven - four.max(six).max(eight)).max(0.0);
    [again(1), again(2), three, four, seven, eight, sevens, (half - three.max(four)).max(0.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chances of so many hops that are high at multiples of `period`, of kicks and snares in turn.
    fn drums(hops: usize, period: usize) -> Chances {
        let none = vec![0.0f32; hops];
        let mut c = Chances {
            beat: none.clone(),
            downbeat: none.clone(),
            onset: none.clone(),
            strikes: [none.clone(), none.clone()],
            kick: none.clone(),
            snare: none.clone(),
            hat: none,
        };
        for (i, hop) in (0..hops).step_by(period).enumerate() {
            (c.beat[hop], c.onset[hop]) = (0.9, 0.9);
            if i % 2 == 0 { c.kick[hop] = 0.9 } else { c.snare[hop] = 0.9 }
        }
        c
    }

    fn sign(signs: &[f64; SIGNS], name: &str) -> f64 {
        signs[NAMES.iter().position(|other| *other == name).unwrap()]
    }

    #[test]
    fn the_same_drums_are_told_apart_by_how_they_are_counted() {
        let chances = drums(4000, 50);
        let evidence = Evidence::new(&chances, 0, &[], 80, 0.01);
        let counted = |from: usize, step: usize| {
            evidence.signs(&(from..3900).step_by(step).map(|hop| hop as f64).collect::<Vec<_>>()).unwrap()
        };
        let (right, fast, slow, off) = (counted(0, 50), counted(0, 25), counted(0, 100), counted(25, 50));
        for signs in [&right, &fast, &slow, &off] {
            assert!(signs.iter().all(|sign| sign.is_finite()));
        }
        // 120 beats a minute are 0.126 octaves above 110; an event a beat.
        assert!((sign(&right, "tempo") - 0.1255).abs() < 1e-3 && sign(&right, "events").abs() < 0.02);
        assert!((sign(&fast, "tempo") - 1.1255).abs() < 1e-3);
        assert!((sign(&right, "alternation") - 1.8).abs() < 1e-6 && sign(&slow, "alternation").abs() < 1e-6);
        assert!(sign(&right, "beat on") > -0.1 && sign(&off, "beat on") < -2.9);
        assert!(sign(&off, "kick half") > sign(&off, "kick on"));
        assert!(sign(&right, "again 2") > 0.99 && sign(&right, "again 1") < 0.6);
        assert!(recurrence(&right) > 0.99);
    }

    #[test]
    fn chords_change_where_they_do() {
        // Two of the twelve classes in turn, twenty pools each.
        let class =
            |turn: usize| (0..200).map(|i| f32::from(u8::from(i / 20 % 2 == turn))).collect::<Vec<_>>();
        let (one, other) = (class(0), class(1));
        let novelty = novelty(&[&one, &other]);
        assert!(novelty[20] > 0.99 && novelty[21] > 0.9 && novelty[10] < 1e-9);
        assert!(super::novelty(&[]).is_empty());
    }

    #[test]
    fn few_beats_tell_nothing() {
        let chances = drums(400, 50);
        let evidence = Evidence::new(&chances, 0, &[], 8, 0.01);
        for beats in [&[][..], &[3.0], &[0.0, 50.0, 100.0], &[7.0; 20]] {
            assert!(evidence.signs(beats).is_none());
        }
    }
}
