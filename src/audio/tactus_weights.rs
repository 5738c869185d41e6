//! The weights of [`super::tactus`], as `training/ears/level.py` writes them.

use super::evidence::SIGNS;

/// What each sign weighs, in the order of [`super::evidence::NAMES`].
#[rustfmt::skip]
pub(super) const WEIGHTS: [f64; SIGNS] = [
    0.0704, // tempo
    -1.0555, // tempo squared
    -0.0704, // events
    -0.2181, // events squared
    0.3908, // tempo times events
    1.5306, // beat on
    -0.0232, // beat half
    -0.9322, // beat quarter
    -0.1753, // beat third
    1.3158, // onset on
    0.3174, // onset half
    0.5263, // onset quarter
    -0.1658, // onset third
    1.4034, // kick on
    0.1627, // kick half
    -0.5425, // kick quarter
    -0.4686, // kick third
    0.6511, // snare on
    -0.3445, // snare half
    0.5128, // snare quarter
    -0.4244, // snare third
    -0.9625, // hat on
    0.0080, // hat half
    -0.1557, // hat quarter
    -0.3392, // hat third
    1.7459, // low on
    -0.0650, // low half
    0.2028, // low quarter
    -0.2128, // low third
    4.1379, // alternation
    -1.4624, // weaker alternation
    3.2718, // half time
    -1.2076, // waltz
    -5.6754, // downbeat 2
    -2.2505, // downbeat 3
    1.0987, // downbeat 4
    -0.9462, // harmony on
    1.3702, // harmony half
    0.1430, // harmony 2
    1.3621, // harmony 3
    1.9315, // harmony 4
    0.4935, // again 1
    1.4065, // again 2
    0.4398, // again 3
    1.3244, // again 4
    0.5007, // again 7
    0.8080, // again 8
    -2.8110, // sevens
    -30.1294, // half sevens
];

/// How likely each of [`super::tactus::LEVELS`] is besides.
#[rustfmt::skip]
pub(super) const LEVEL_WEIGHTS: [f64; 9] = [
    0.6215, // as heard
    -0.3141, // between
    0.0347, // every other
    -0.1158, // twice as many
    -0.0871, // every third
    -0.0469, // two of three
    -0.0593, // three of two
    -0.0003, // three times as many
    -0.0328, // every fourth
];

/// What the level weighs at which fast beats are counted by how little sounds between them.
pub(super) const USUAL: f64 = 1.6068;
