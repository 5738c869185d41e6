//! Texts that aren't an ESRGAN's, and those that lie.

use super::NcnnFile;
use super::{names, param};
use crate::error::ErrorKind;
use std::path::Path;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/upscale").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// What is said of `text`; nothing where it is taken.
fn refused(text: &str) -> Option<String> {
    param::parse(text).and_then(|layers| names::of(&layers)).err()
}

#[test]
fn a_network_that_is_told_anything_else_is_refused() {
    let (chain, dense) = (fixture("chain.param"), fixture("dense.param"));
    assert_eq!((refused(&chain), refused(&dense)), (None, None));
    for (text, old, new, cause) in [
        (&chain, "1=3 4=1", "1=3 2=2 4=1", "Convolution"),
        (&chain, "1=3 4=1", "1=3 3=2 4=1", "Convolution"),
        (&chain, "1=3 4=1", "1=3 4=0", "Convolution"),
        (&chain, "Interp", "Deconvolution", "'Deconvolution'"),
        (&chain, "PReLU PReLU", "Dropout PReLU", "'Dropout'"),
        (&dense, "-23310=1,2.000000e-01", "-23310=1,1.000000e-01", "Convolution"),
        (&dense, "-23301=2,2.000000e-01,1.000000e+00", "-23301=2,3.000000e-01,1.000000e+00", "Eltwise"),
        (&dense, "0=0\nInterp", "0=2\nInterp", "BinaryOp"),
        (&dense, "0=1 1=2.000000e+00 2=2.000000e+00", "0=1 1=3.000000e+00 2=3.000000e+00", "no ESRGAN's"),
    ] {
        assert!(text.contains(old), "{old}");
        let said = refused(&text.replacen(old, new, 1)).unwrap_or_default();
        assert!(said.contains(cause), "{new}: {said}");
    }
}

#[test]
fn texts_that_lie_cost_nothing() {
    for text in [
        "",
        "7767517",
        "7767517\n-1 1",
        "7767517\n99999999999 1",
        "7767517\n2 1\nInput in 0 1 data",
        "7767517\n1 1\nConvolution",
        "7767517\n1 1\nConvolution c 1 1 a b 0=99999 1=3 6=27",
        "7767517\n1 1\nConvolution c 1 1 a b 0=64 1=3 6=1e300",
        "7767517\n1 1\nConvolution c 1 1 a b 0=64 1=3 6=1000",
        "7767517\n1 1\nConvolution c 99999999999 1 a b",
        "7767517\n1 1\nPReLU p 1 1 a b 0=nan",
        "7767517\n1 1\nPReLU p 1 1 a b 0=-5",
        "7767517\n1 1\nInput in 0 1 data x=y",
    ] {
        assert!(param::parse(text).is_err(), "{text}");
    }
}

#[test]
fn numbers_that_are_too_few_too_many_or_quantised_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/upscale/chain.bin");
    let bytes = std::fs::read(bin).unwrap();
    let text = home.path().join("a.param");
    std::fs::write(&text, fixture("chain.param")).unwrap();
    let opened = |bytes: &[u8]| {
        std::fs::write(home.path().join("a.bin"), bytes).unwrap();
        NcnnFile::open(&text)
    };
    assert!(opened(&bytes).is_ok());
    let quantised = [&[1, 2, 3, 4], &bytes[4..]].concat();
    let more = [&bytes[..], &[0; 4]].concat();
    for (bytes, cause) in [
        (&bytes[..bytes.len() - 4], "cut short"),
        (&bytes[..2], "cut short"),
        (&quantised, "quantised"),
        (&more, "are there"),
    ] {
        let error = opened(bytes).unwrap_err();
        assert!(error.kind() == ErrorKind::Model && error.to_string().contains(cause), "{error}");
    }
}
