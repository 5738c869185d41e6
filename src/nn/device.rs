//! Devices: where networks compute.

use crate::error::{Error, Result};
use candle_core::Device;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An opened device and, where it was chosen for the person, why.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The device.
    pub device: Device,
    /// Why it was taken; none where it was asked for.
    pub why: Option<String>,
}

/// Opens `auto`, `cpu`, `cuda`, `cuda:N` or `metal`. `auto` takes a graphics processor if there is one.
///
/// # Errors
/// A device that was asked for by name and can't be opened is an error, never the CPU instead.
pub fn open_device(choice: &str) -> Result<Opened> {
    let asked = |device| Opened { device, why: None };
    match choice.split_once(':').unwrap_or((choice, "")) {
        ("cpu", "") => Ok(asked(Device::Cpu)),
        ("cuda", index) => {
            let index = if index.is_empty() { "0" } else { index };
            let number = index.parse().map_err(|_| unknown(choice))?;
            cuda(number).map(asked).map_err(|why| unavailable(choice, &why, "cuda"))
        }
        ("metal", "") => metal().map(asked).map_err(|why| unavailable(choice, &why, "metal")),
        ("auto", "") => {
            Ok(cuda(0).or_else(|no_cuda| metal().map_err(|no_metal| (no_cuda, no_metal))).map_or_else(
                |(no_cuda, no_metal)| Opened {
                    device: Device::Cpu,
                    why: Some(format!("using the CPU: {no_cuda}; {no_metal}")),
                },
                asked,
            ))
        }
        _ => Err(unknown(choice)),
    }
}

/// Free memory of a graphics processor, in bytes; none for the CPU, and where the device doesn't tell.
pub fn free_memory(device: &Device) -> Option<u64> {
    #[cfg(feature = "cuda")]
    {
        super::cuda::free_memory(device)
    }
    #[cfg(not(feature = "cuda"))]
    {
        let _ = device;
        None
    }
}

fn unknown(choice: &str) -> Error {
    Error::usage(format!("there is no device '{choice}'")).hint("one of auto, cpu, cuda, cuda:1, metal")
}

fn unavailable(choice: &str, why: &str, feature: &str) -> Error {
    Error::device(format!("the device '{choice}' can't be opened: {why}"))
        .hint("--device cpu works everywhere, --device auto takes what there is")
        .hint(format!("a graphics processor needs a build with --features {feature} and its driver"))
}

fn cuda(index: usize) -> Result<Device, String> {
    if !candle_core::utils::cuda_is_available() {
        return Err("this build has no CUDA".into());
    }
    guarded("CUDA", || {
        let device = Device::new_cuda(index)?;
        #[cfg(feature = "cuda")]
        super::cuda::prepare(&device)?;
        Ok(device)
    })
}

fn metal() -> Result<Device, String> {
    if !candle_core::utils::metal_is_available() {
        return Err("this build has no Metal".into());
    }
    guarded("Metal", || Device::new_metal(0))
}

/// A missing driver makes the bindings panic rather than fail.
fn guarded(name: &str, open: impl FnOnce() -> candle_core::Result<Device>) -> Result<Device, String> {
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(Ok(device)) => Ok(device),
        // The first line is what failed; a backtrace may follow.
        Ok(Err(e)) => Err(format!("no {name} device ({})", e.to_string().lines().next().unwrap_or_default())),
        Err(_) => Err(format!("{name} could not be started; its driver may be missing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn names_are_understood_or_refused() {
        assert!(open_device("cpu").unwrap().device.is_cpu());
        for wrong in ["gpu", "cuda:x", "cpu:1", "", "auto:1"] {
            assert_eq!(open_device(wrong).unwrap_err().kind(), ErrorKind::Usage, "{wrong}");
        }
    }

    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    #[test]
    fn auto_says_why_and_a_device_that_was_asked_for_is_never_replaced() {
        let opened = open_device("auto").unwrap();
        assert!(opened.device.is_cpu() && opened.why.is_some_and(|w| w.contains("no CUDA")));
        assert_eq!(open_device("cuda:1").unwrap_err().kind(), ErrorKind::Device);
    }
}
