//! Averaged weights (EMA), as training leaves them beside the weights or in their place: names whose points were left out.

/// Where averages are in a whole checkpoint.
pub const PREFIX: &str = "model_ema.diffusion_model";

/// Words of LDM's names, those that begin like others before these.
const WORDS: [&str; 28] = [
    "input_blocks",
    "output_blocks",
    "middle_block",
    "transformer_blocks",
    "skip_connection",
    "time_embed",
    "out_layers",
    "in_layers",
    "emb_layers",
    "proj_out",
    "proj_in",
    "weight",
    "to_out",
    "norm1",
    "norm2",
    "norm3",
    "attn1",
    "attn2",
    "norm",
    "bias",
    "conv",
    "proj",
    "to_q",
    "to_k",
    "to_v",
    "net",
    "out",
    "op",
];

/// LDM's name inside the UNet of the average that is called `key`; none for what is no weight's, like `model_ema.decay`.
pub fn name(key: &str) -> Option<String> {
    let mut rest = key.strip_prefix(PREFIX)?;
    let mut name: Vec<&str> = Vec::new();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let length = match digits {
            0 if rest.starts_with("ff") => 2,
            0 => WORDS.iter().find(|word| rest.starts_with(**word))?.len(),
            // The number of a block and that of its part, of which there are three at most.
            2.. if matches!(name.last(), Some(&"input_blocks" | &"output_blocks")) => digits - 1,
            _ => digits,
        };
        name.push(&rest[..length]);
        rest = &rest[length..];
    }
    Some(name.join("."))
}

#[cfg(test)]
mod tests {
    use super::super::ldm::tests::names;
    use super::*;

    #[test]
    fn every_name_gets_its_points_back() {
        let whole = "model.diffusion_model.";
        let mut count = 0;
        for inside in names().into_iter().filter_map(|(_, theirs, ..)| theirs.strip_prefix(whole)) {
            assert_eq!(name(&format!("{PREFIX}{}", inside.replace('.', ""))).as_deref(), Some(inside));
            count += 1;
        }
        assert_eq!(count, 686);
        for odd in ["model_ema.decay", "model_ema.num_updates", "model_ema.diffusion_modelx", "out2weight"] {
            assert_eq!(name(odd), None);
        }
    }
}
