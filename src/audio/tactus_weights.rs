//! The weights of [`super::tactus`], as `training/ears/level.py` writes them.

use super::evidence::SIGNS;
use super::tactus::LEVELS;

/// What each sign weighs, in the order of [`super::evidence::NAMES`].
#[rustfmt::skip]
pub(super) const WEIGHTS: [f64; SIGNS] = [
    0.0820, // tempo
    -0.5631, // tempo squared
    -0.0820, // events
    -0.1993, // events squared
    0.3380, // tempo times events
    1.5632, // beat on
    0.2130, // beat half
    -0.9511, // beat quarter
    -0.2383, // beat third
    1.3204, // onset on
    -0.2701, // onset half
    0.3838, // onset quarter
    -0.0781, // onset third
    1.1754, // kick on
    0.0050, // kick half
    -0.9869, // kick quarter
    -0.3670, // kick third
    0.2940, // snare on
    -0.6325, // snare half
    -0.0992, // snare quarter
    -0.5725, // snare third
    -1.1103, // hat on
    0.0269, // hat half
    -0.2007, // hat quarter
    -0.2830, // hat third
    1.7345, // low on
    -0.0770, // low half
    0.2170, // low quarter
    -0.1976, // low third
    3.1054, // alternation
    -0.5104, // weaker alternation
    1.2166, // half time
    -0.4844, // waltz
    -5.1685, // downbeat 2
    -1.9996, // downbeat 3
    2.2984, // downbeat 4
    -1.0896, // harmony on
    0.8601, // harmony half
    0.2753, // harmony 2
    1.4862, // harmony 3
    1.7495, // harmony 4
    0.6807, // again 1
    2.0825, // again 2
    0.3082, // again 3
    1.6445, // again 4
    0.6202, // again 7
    0.7274, // again 8
    28.2433, // sevens
];

/// How likely each level is besides.
#[rustfmt::skip]
pub(super) const LEVEL_WEIGHTS: [f64; LEVELS.len()] = [
    0.6814, // as heard
    -0.1571, // between
    0.0442, // every other
    -0.2161, // twice as many
    -0.1474, // every third
    -0.0936, // two of three
    -0.0801, // three of two
    -0.0003, // three times as many
    -0.0309, // every fourth
];

/// What the level weighs at which fast beats are counted by how little sounds between them.
pub(super) const USUAL: f64 = 1.4104;
