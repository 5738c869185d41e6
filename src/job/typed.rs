//! What was typed over a show: values, prompts and sources, LoRAs and controls.

use super::options::JobOptions;
use crate::error::Result;
use crate::score::{Control, Lora, Overrides, Show, SlotKind, Slots, control_param, lora_kind, lora_param};

/// The LoRAs that were typed.
pub(super) fn typed(options: &JobOptions) -> Result<Vec<Lora>> {
    options.lora.iter().map(|text| Lora::parse(text)).collect()
}

/// The controls that were typed.
pub(super) fn typed_controls(options: &JobOptions) -> Result<Vec<Control>> {
    options.control.iter().map(|text| Control::parse(text)).collect()
}

/// The slots of what was typed.
pub(super) fn typed_slots(options: &JobOptions) -> Result<Slots> {
    let (loras, controls) = (typed(options)?, typed_controls(options)?);
    let loras = loras.iter().map(|lora| (lora_kind(&lora.name), lora.name.as_str()));
    Slots::new(loras.chain(controls.iter().map(|control| (SlotKind::Control, control.name.as_str()))))
}

/// Puts the LoRAs and controls that were typed into the show, in the place of its own under the same names.
///
/// # Errors
/// Usage: one names nothing, or its strength is out of range.
pub fn add_typed(show: &mut Show, options: &JobOptions) -> Result<()> {
    for lora in typed(options)? {
        let param = lora_param(&lora.name);
        for look in &mut show.looks {
            let own = look.preset.loras.iter().any(|own| own.name == lora.name);
            look.preset.base.retain(|known, _| !own || known.name != param);
        }
        show.loras.retain(|own| own.name != lora.name);
        show.loras.push(lora);
    }
    for control in typed_controls(options)? {
        let param = control_param(&control.name);
        for look in &mut show.looks {
            let own = look.preset.controls.iter().any(|own| own.name == control.name);
            look.preset.base.retain(|known, _| !own || known.name != param);
            look.preset.controls.retain(|own| own.name != control.name);
        }
        show.controls.retain(|own| own.name != control.name);
        show.controls.push(control);
    }
    Ok(())
}

/// What was typed over presets and project of a job with these slots.
pub(super) fn overrides(options: &JobOptions, slots: &Slots) -> Result<Overrides> {
    let set = options.set.iter().map(|text| slots.setting(text)).collect::<Result<_>>()?;
    let JobOptions { prompt, negative, init, .. } = options.clone();
    Ok(Overrides { set, prompt, negative, init })
}
