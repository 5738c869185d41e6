//! Scales that a file says elsewhere than in tensors: diffusers' in its header, PEFT's in `adapter_config.json` beside it.

use crate::bounded_read;
use crate::weights::TensorSource;
use serde_json::{Map, Value};
use std::path::Path;

/// The key of the header's metadata.
const HEADER: &str = "lora_adapter_metadata";
/// A configuration is a few lines, with patterns some hundred.
const MAX_BYTES: u64 = 1 << 20;

/// What is said of ranks and alphas.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// What stands in front of the keys of each part of the model, and what is said of it.
    parts: Vec<Map<String, Value>>,
}

impl Said {
    /// What the file of `source` says, or what lies beside it.
    pub fn of(source: &dyn TensorSource) -> Self {
        let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).ok();
        let header = source.metadata().get(HEADER).and_then(|text| object(text));
        if let Some(all) = header {
            let parts = ["unet.", "text_encoder."].map(|front| {
                let own =
                    all.iter().filter_map(|(key, v)| Some((key.strip_prefix(front)?.to_owned(), v.clone())));
                own.collect()
            });
            return Said { parts: parts.into() };
        }
        // Beside other names it may be of another file.
        if source.path().file_stem().is_none_or(|name| name != "adapter_model") {
            return Said::default();
        }
        let beside = source.path().parent().unwrap_or(Path::new(".")).join("adapter_config.json");
        let own = bounded_read::text(&beside, MAX_BYTES).ok().and_then(|text| object(&text));
        Said { parts: own.into_iter().collect() }
    }

    /// alpha / rank of the layer that the file calls so, with rsLoRA alpha / √rank; 1 where nothing is said.
    pub fn scale(&self, layer: &str, rank: usize) -> f64 {
        let part = match (self.parts.as_slice(), layer.starts_with("text_encoder")) {
            ([only], _) => only,
            ([_, text], true) => text,
            ([unet, _], false) => unet,
            _ => return 1.0,
        };
        let pattern = part.get("alpha_pattern").and_then(Value::as_object).and_then(|patterns| {
            // As in PEFT a pattern is the layer's name, or how it ends.
            let meant = |key: &&String| {
                let key = key.trim_start_matches('^').trim_end_matches('$');
                layer.strip_suffix(key).is_some_and(|front| front.is_empty() || front.ends_with('.'))
            };
            patterns.keys().find(meant).and_then(|key| patterns[key].as_f64())
        });
        let Some(alpha) = pattern.or_else(|| part.get("lora_alpha")?.as_f64()) else { return 1.0 };
        match part.get("use_rslora").and_then(Value::as_bool) {
            Some(true) => alpha / (rank as f64).sqrt(),
            _ => alpha / rank as f64,
        }
    }
}
