//! Upscaling alone: pictures go in, larger pictures come out, and how long that takes and how much memory is said as JSON.
//!
//! ```text
//! cargo run --release --example upscale -- NETWORK WIDTHxHEIGHT PICTURES RESULT [WIDTHxHEIGHT [TILE]] [--bf16]
//! ```
//!
//! `PICTURES` are bytes, red, green and blue, pixel by pixel and one picture behind the other, as FFmpeg writes them with
//! `-f rawvideo -pix_fmt rgb24`; `RESULT` is the same, or, where it ends with `.f32`, the network's own numbers, 0 to 1, color by color.
//! Without a second size, results are as large as the network makes them. `TILE` is how many pixels a tile has.
//! With `--bf16` products round their factors, on processors with AMX.

use beatbolt::diffusion::Precision;
use beatbolt::error::{Context, Error, Result};
use beatbolt::system::{self, peak_memory};
use beatbolt::units::Size;
use beatbolt::upscale::UpscalerFile;
use candle_core::{DType, Device, Tensor};
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

fn upscale(words: &[String]) -> Result<()> {
    let (flags, words): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| *word == "--bf16");
    let rounds = !flags.is_empty();
    let [network, from, pictures, result, rest @ ..] = &words[..] else {
        return Err(
            Error::usage("something is missing").hint("upscale NETWORK SIZE PICTURES RESULT [SIZE [TILE]]")
        );
    };
    let (from, to): (Size, Option<Size>) =
        (from.parse()?, rest.first().map(|size| size.parse()).transpose()?);
    let file = UpscalerFile::open(Path::new(network))?;
    let precision = if rounds { Precision::Bf16 } else { Precision::F32 };
    let mut upscaler = file.load(&precision.on(&Device::Cpu)?)?;
    if let Some(tile) = rest.get(1) {
        upscaler =
            upscaler.in_tiles_of(tile.parse().context(|| Error::usage("a tile has a number of pixels"))?);
    }
    let failed = || Error::input("the pictures can't be read");
    let mut input = File::open(pictures).context(failed)?;
    let unwritten = || Error::output("the result can't be written");
    let mut output = BufWriter::new(File::create(result).context(unwritten)?);
    let (mut count, mut seconds) = (0, 0.0);
    loop {
        let bytes = batch(&mut input, upscaler.together(), 3 * from.pixels()).context(failed)?;
        let n = bytes.len() / (3 * from.pixels());
        if n == 0 {
            break;
        }
        let shape = (n, from.height as usize, from.width as usize, 3);
        let planes = Tensor::from_vec(bytes, shape, &Device::Cpu)
            .and_then(|t: Tensor| (t.permute((0, 3, 1, 2))?.to_dtype(DType::F32)? / 127.5)? - 1.0)
            .and_then(|t| t.contiguous())
            .context(failed)?;
        let began = Instant::now();
        let large = match to {
            Some(size) => upscaler.enlarge(&planes, size)?,
            None => upscaler.enlarge_by_itself(&planes)?,
        };
        seconds += began.elapsed().as_secs_f64();
        count += n;
        let written = if result.ends_with(".f32") { numbers(&large) } else { pixels(&large) };
        output.write_all(&written.context(unwritten)?).context(unwritten)?;
    }
    output.flush().context(unwritten)?;
    let mb = peak_memory().map_or(0.0, |bytes| bytes as f64 / 1e6);
    println!(
        "{{\"pictures\": {count}, \"seconds\": {seconds:.3}, \"together\": {}, \"peak_mb\": {mb:.0}, \"network\": \"{}\"}}",
        upscaler.together(),
        file.said()
    );
    Ok(())
}

/// The bytes of up to `most` pictures.
fn batch(input: &mut File, most: usize, size: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take((most * size) as u64).read_to_end(&mut bytes)?;
    match bytes.len() % size {
        0 => Ok(bytes),
        _ => Err(std::io::Error::new(ErrorKind::UnexpectedEof, "the last picture is cut short")),
    }
}

fn numbers(large: &Tensor) -> candle_core::Result<Vec<u8>> {
    let values = ((large + 1.0)? / 2.0)?.flatten_all()?.to_vec1::<f32>()?;
    Ok(values.into_iter().flat_map(f32::to_le_bytes).collect())
}

fn pixels(large: &Tensor) -> candle_core::Result<Vec<u8>> {
    let bytes = ((large + 1.0)? * 127.5)?.clamp(0.0, 255.0)?.round()?.permute((0, 2, 3, 1))?;
    bytes.to_dtype(DType::U8)?.flatten_all()?.to_vec1()
}

#[global_allocator]
static MEMORY: system::KeptMemory = system::KeptMemory;

fn main() -> ExitCode {
    // As the program does.
    system::keep();
    system::share_nothing();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Err(error) = upscale(&words) else { return ExitCode::SUCCESS };
    eprintln!("error: {error}");
    error.hints().iter().for_each(|hint| eprintln!("hint: {hint}"));
    ExitCode::from(error.kind().exit_code())
}
