//! The weights of [`super::tactus`], as `training/ears/level.py` writes them.

use super::evidence::SIGNS;
use super::tactus::LEVELS;

/// What each sign weighs, in the order of [`super::evidence::NAMES`].
#[rustfmt::skip]
pub(super) const WEIGHTS: [f64; SIGNS] = [
    0.0393, // tempo
    -1.1125, // tempo squared
    -0.0393, // events
    -0.2145, // events squared
    0.3877, // tempo times events
    1.5645, // beat on
    0.0032, // beat half
    -0.9591, // beat quarter
    -0.2004, // beat third
    1.3141, // onset on
    0.3700, // onset half
    0.4693, // onset quarter
    -0.1815, // onset third
    1.3846, // kick on
    0.1238, // kick half
    -0.5818, // kick quarter
    -0.4738, // kick third
    0.6140, // snare on
    -0.4176, // snare half
    0.4618, // snare quarter
    -0.4701, // snare third
    -0.9747, // hat on
    -0.0205, // hat half
    -0.1481, // hat quarter
    -0.3311, // hat third
    1.7616, // low on
    -0.1007, // low half
    0.2641, // low quarter
    -0.2272, // low third
    4.1157, // alternation
    -1.4475, // weaker alternation
    3.2035, // half time
    -1.3157, // waltz
    -5.7667, // downbeat 2
    -2.0587, // downbeat 3
    1.1124, // downbeat 4
    -0.9974, // harmony on
    1.3321, // harmony half
    0.1779, // harmony 2
    1.4020, // harmony 3
    1.9357, // harmony 4
    0.5299, // again 1
    1.3586, // again 2
    0.4032, // again 3
    1.3636, // again 4
    0.4832, // again 7
    0.6681, // again 8
    -2.7726, // sevens
    -29.7572, // half sevens
];

/// How likely each level is besides.
#[rustfmt::skip]
pub(super) const LEVEL_WEIGHTS: [f64; LEVELS.len()] = [
    0.6802, // as heard
    -0.3182, // between
    0.0364, // every other
    -0.1324, // twice as many
    -0.0837, // every third
    -0.0764, // two of three
    -0.0734, // three of two
    -0.0003, // three times as many
    -0.0322, // every fourth
];

/// What the level weighs at which fast beats are counted by how little sounds between them.
pub(super) const USUAL: f64 = 1.5155;
