//! Compiles the kernels for CUDA, as candle's own are: for the card at hand, or for CUDA_COMPUTE_CAP.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "cuda")]
    kernels();
}

#[cfg(feature = "cuda")]
fn kernels() {
    let (source, out) = ("src/nn/cuda", std::env::var("OUT_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-changed={source}");
    let compiled =
        cudaforge::KernelBuilder::new().source_dir(source).arg("-std=c++17").arg("-O3").build_ptx();
    let written = compiled.and_then(|kernels| kernels.write(std::path::Path::new(&out).join("kernels.rs")));
    if let Err(e) = written {
        panic!("the CUDA kernels don't compile: {e}");
    }
}
