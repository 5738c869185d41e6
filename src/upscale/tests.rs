//! Networks against torch's results in `tests/fixtures/upscale`, tiles against whole pictures.

use crate::error::ErrorKind;
use crate::nn::cpu::{apart, noise};
use crate::units::Size;
use crate::upscale::{Upscaler, UpscalerFile};
use crate::weights::Placement;
use candle_core::{DType, Device, Tensor};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/upscale").join(name)
}

fn load(name: &str) -> Upscaler {
    let placement = Placement { dtype: DType::F32, device: Device::Cpu };
    UpscalerFile::open(&fixture(name)).unwrap().load(&placement).unwrap()
}

fn pictures() -> HashMap<String, Tensor> {
    candle_core::safetensors::load(fixture("pictures.safetensors"), &Device::Cpu).unwrap()
}

/// The fixture's picture \[1, 3, h, w] in −1..=1.
fn picture() -> Tensor {
    let bytes = pictures()["picture"].permute((2, 0, 1)).unwrap().to_dtype(DType::F32).unwrap();
    ((bytes / 127.5).unwrap() - 1.0).unwrap().unsqueeze(0).unwrap()
}

#[test]
fn every_layout_of_both_networks_gives_torchs_pictures() {
    let wanted = pictures();
    for (file, key, scale, said) in [
        ("compact.pth", "compact", 2, "SRVGG compact of 3 layers, 2 times the size"),
        ("chain.param", "compact", 2, "SRVGG compact of 3 layers, 2 times the size"),
        ("chain.bin", "compact", 2, "SRVGG compact of 3 layers, 2 times the size"),
        ("rrdb.safetensors", "rrdb", 4, "RRDB (ESRGAN) of 2 blocks, 4 times the size"),
        ("dense.param", "rrdb", 4, "RRDB (ESRGAN) of 2 blocks, 4 times the size"),
        ("numbered.pth", "numbered", 2, "RRDB (ESRGAN) of 1 blocks, 2 times the size"),
    ] {
        let opened = UpscalerFile::open(&fixture(file)).unwrap();
        assert_eq!((opened.scale(), opened.said().as_str()), (scale, said), "{file}");
        let found = load(file).enlarge_by_itself(&picture()).unwrap();
        let found = ((found + 1.0).unwrap() / 2.0).unwrap().squeeze(0).unwrap();
        let worst = apart(&found, &wanted[key]);
        assert!(worst < 1e-5, "{file}: {worst}");
    }
}

#[test]
fn half_of_a_network_of_ncnn_and_other_files_are_refused_by_what_they_are() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    std::fs::copy(fixture("chain.param"), path("alone.param")).unwrap();
    std::fs::copy(fixture("chain.bin"), path("mute.bin")).unwrap();
    std::fs::copy(fixture("dense.param"), path("other.param")).unwrap();
    std::fs::copy(fixture("chain.bin"), path("other.bin")).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/spark");
    for (file, cause, hint) in [
        (path("alone.param"), "alone.bin", "side by side"),
        (path("mute.bin"), "mute.param", ""),
        (path("other.param"), "or it is damaged", "belongs to"),
        (shipped.join("vae/diffusion_pytorch_model.safetensors"), "autoencoder", "--upscale takes"),
        (shipped.join("unet/diffusion_pytorch_model.safetensors"), "no upscaler", "--upscale takes"),
    ] {
        let error = UpscalerFile::open(&file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Model);
        assert!(error.to_string().contains(cause), "{error}");
        assert!(hint.is_empty() || error.hints().iter().any(|h| h.contains(hint)), "{error:?}");
    }
}

#[test]
fn tiles_give_the_picture_of_the_whole_where_they_see_as_far_as_the_network() {
    let x = (noise(1, &[2, 3, 90, 140]) * 0.3).unwrap();
    let whole = load("compact.pth").enlarge_by_itself(&x).unwrap();
    let tiled = load("compact.pth").in_tiles_of(3000).enlarge_by_itself(&x).unwrap();
    let worst = apart(&whole, &tiled);
    assert!(worst < 1e-5, "{worst}");
}

/// Where a tile becomes the next, neighbouring pixels differ by no more than they do in the picture that was made as a whole.
#[test]
fn no_step_is_seen_where_tiles_of_a_network_meet_that_sees_further() {
    let x = (noise(1, &[1, 3, 90, 140]) * 0.3).unwrap();
    for file in ["rrdb.safetensors", "numbered.pth"] {
        let whole = load(file).enlarge_by_itself(&x).unwrap();
        let tiled = load(file).in_tiles_of(6000).enlarge_by_itself(&x).unwrap();
        let (_, _, h, w) = whole.dims4().unwrap();
        // The largest step between neighbours of every column and row, and how far both pictures' steps are apart.
        for (dim, size) in [(3, w), (2, h)] {
            let step = |x: &Tensor| {
                (x.narrow(dim, 1, size - 1).unwrap() - x.narrow(dim, 0, size - 1).unwrap()).unwrap()
            };
            let (before, after) = (step(&whole), step(&tiled));
            let largest =
                before.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
            assert!(
                apart(&before, &after) < 0.01 * largest,
                "{file}: {} of {largest}",
                apart(&before, &after)
            );
        }
    }
}

#[test]
fn pictures_come_at_exactly_the_size_that_is_wanted_one_by_one_or_together() {
    let x = (noise(1, &[3, 3, 12, 18]) * 0.3).unwrap();
    let net = load("rrdb.safetensors");
    let own = net.enlarge_by_itself(&x).unwrap();
    for (width, height) in [(72, 48), (64, 36), (100, 100), (17, 9)] {
        let size = Size { width, height };
        let all = net.enlarge(&x, size).unwrap();
        assert_eq!(all.dims(), [3, 3, height as usize, width as usize]);
        for i in 0..3 {
            let one = net.enlarge(&x.narrow(0, i, 1).unwrap(), size).unwrap();
            assert_eq!(apart(&one, &all.narrow(0, i, 1).unwrap()), 0.0);
        }
        if (width, height) == (72, 48) {
            assert_eq!(apart(&all, &own), 0.0);
        }
    }
}
