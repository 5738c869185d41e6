//! What lies in folders of models against damage: pickles, names of tensors, ComfyUI's file of folders, CLIP's tokenizer.

use super::models::{file_storm, root};
use super::{seeds, storm};
use beatbolt::diffusion::text::tokenizer::Tokenizer;
use beatbolt::diffusion::{Inspection, Precision};
use beatbolt::error::{Error, Result};
use beatbolt::job::comfy_paths;
use beatbolt::weights::keys::kind::Kind;
use beatbolt::weights::keys::ldm::{Layout, VaeLayout};
use beatbolt::weights::keys::upscaler::{UpscalerLayout, UpscalerNet, network};
use beatbolt::weights::keys::{self, family};
use beatbolt::weights::{self, Weights};
use candle_core::Device;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every tensor of a pickle whole, and what the file is said to be.
fn unpickled(path: &Path) -> Result<()> {
    let _ = Inspection::of(path);
    let source = weights::open(path)?;
    for (name, shape) in source.shapes() {
        if let Ok(tensor) = source.read(name) {
            assert_eq!(tensor.dims(), shape, "{name}");
        }
    }
    let _ = Weights::of(source, &Precision::F32.on(&Device::Cpu)?, keys::motion);
    Ok(())
}

#[test]
fn pickles() {
    let home = tempfile::tempdir().unwrap();
    let files = ["plain-2.pt", "plain-3.pt", "plain-4.pt", "legacy.pt", "lightning.ckpt", "module.pth"];
    let read = |name: &&str| fs::read(root("tests/fixtures/pickle").join(name)).unwrap();
    let seeds: Vec<Vec<u8>> = files.iter().map(read).collect();
    file_storm(home.path(), "model.ckpt", &seeds, unpickled);
}

#[test]
fn networks_of_ncnn() {
    let home = tempfile::tempdir().unwrap();
    for name in ["chain", "dense"] {
        let fixture = |ending: &str| root("tests/fixtures/upscale").join(format!("{name}.{ending}"));
        fs::copy(fixture("bin"), home.path().join("model.bin")).unwrap();
        let text = fs::read(fixture("param")).unwrap();
        file_storm(home.path(), "model.param", &[text], unpickled);
    }
}

/// All that is made of a file's names.
fn named(text: &str) -> Result<()> {
    let line = |line: &str| {
        let (name, shape) = line.split_once('\t')?;
        Some((name.to_owned(), shape.split('x').map(str::parse).collect::<std::result::Result<_, _>>().ok()?))
    };
    let shapes: BTreeMap<String, Vec<usize>> = text.lines().filter_map(line).collect();
    let (kind, vae) = (Kind::of(&shapes), VaeLayout::of(&shapes));
    assert!(!kind.name().is_empty());
    let _ = (
        family::stranger(&shapes),
        keys::likely_cause(shapes.iter().map(|(k, s)| (k.as_str(), s.as_slice()))),
    );
    let layout = Layout::of(&shapes);
    let upscaler = UpscalerLayout::of(&shapes);
    let _ = network(&upscaler.shapes(&shapes));
    for name in shapes.keys() {
        let others = [vae.keys(name), upscaler.keys(name)];
        let own = [keys::motion(name), keys::vae(name), keys::text(name), keys::unet(name)];
        let own = own.iter().chain(&others);
        let of_one = layout.map(|l| [l.unet(name), l.vae(name), l.text(name)]);
        // Names may only grow by what the other program's names are longer.
        let keys = own.chain(of_one.iter().flatten()).flatten();
        keys.for_each(|(key, _)| assert!(key.len() <= 2 * name.len() + 64, "{name}: {key}"));
    }
    if shapes.is_empty() { Err(Error::usage("no names")) } else { Ok(()) }
}

#[test]
fn names_of_tensors() {
    let table = fs::read_to_string(root("tests/fixtures/single/names.tsv")).unwrap();
    let column = |which: usize, every: usize| {
        let line = |line: &str| {
            let columns: Vec<&str> = line.split('\t').collect();
            format!("{}\t{}\n", columns[which], columns[3])
        };
        table.lines().step_by(every).map(line).collect::<String>()
    };
    let averages = column(1, 7).replace("model.diffusion_model.", "model_ema.diffusion_model");
    let upscalers: String = [
        UpscalerNet::Compact { width: 8, layers: 3, scale: 2 },
        UpscalerNet::Rrdb { width: 8, growth: 4, blocks: 2, fold: 1, doublings: 2 },
    ]
    .into_iter()
    .flat_map(|net| net.shapes())
    .map(|(name, s)| format!("{name}\t{}\n", s.iter().map(usize::to_string).collect::<Vec<_>>().join("x")))
    .collect();
    let motion = "module.down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.pos_encoder.pe\t1x32x320\n";
    storm(&seeds(&[&column(1, 1), &column(2, 5), &averages, motion, &upscalers]), |bytes| {
        named(&String::from_utf8_lossy(bytes))
    });
}

#[test]
fn comfy_paths_files() {
    let home = tempfile::tempdir().unwrap();
    let first = "comfyui:\n    base_path: path/to/comfyui/\n    is_default: true\n    checkpoints: models/checkpoints/\n    \
        text_encoders: |\n         models/text_encoders/\n         models/clip/  # legacy\n    animatediff_models: \"more models\"\n";
    let second = "a111:\n  base_path: ~/stable-diffusion-webui/\n  checkpoints: models/Stable-diffusion\n  vae: models/VAE\nempty:\n\
        other: {checkpoints: /data/checkpoints, loras: [a, b], vae: v a e}\n";
    file_storm(home.path(), "extra_model_paths.yaml", &seeds(&[first, second]), |path| {
        let folders = comfy_paths::read(path, Some(Path::new("/home/me"))).map_err(Error::usage)?;
        assert!(folders.iter().all(|(_, folder)| !folder.as_os_str().is_empty()));
        Ok(())
    });
}

#[test]
fn prompts() {
    let tokenizer = Tokenizer::clip(77, 49_408).unwrap();
    let texts = [
        "a “neon” city, (rain:1.3) it’s ﬁne &amp; &eacute;&#x2019; ＷＩＤＥ ｶﾞ <|endoftext|> 1984",
        "e\u{301}\u{1b}[31mred\u{1b}[0m &amp;amp;lt; 北京 🎆 \u{85}\u{feff}\n<b>&lt;</b>\n&#99999999;&#xd800;&NTILDE;",
    ];
    storm(&seeds(&texts), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        for chunk in [tokenizer.encode(&text)?].into_iter().chain(tokenizer.chunks(&text, &[3, 9])?) {
            assert!(chunk.ids.len() == 77 && chunk.ids.iter().all(|id| *id < 49_408));
            assert!(chunk.places.iter().all(|place| text.get(place.clone()).is_some()), "{text:?}");
        }
        Ok(())
    });
}
