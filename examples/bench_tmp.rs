//! bench
use beatbolt::diffusion::{Model, ModelSpec, Precision};
use candle_core::{Device, Tensor};
use std::time::Instant;
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let _ = s;
    // all threads
    let mut t = 0.0;
    for e in std::fs::read_dir("/proc/self/task").unwrap() {
        let s = std::fs::read_to_string(e.unwrap().path().join("schedstat")).unwrap();
        t += s.split(' ').next().unwrap().parse::<f64>().unwrap();
    }
    t / 1e6
}
fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let (f, h, w): (usize, usize, usize) = (16, 18, 32);
    let m = Model::open(
        &ModelSpec { folder: folder.into(), motion: None, precision: Precision::F32 },
        &Device::Cpu,
    )
    .unwrap_or_else(|e| {
        println!("{e} {:?}", e.hints());
        panic!()
    });
    let (text, _) = m.encode_prompt("neon tunnel, fast motion").unwrap();
    let mut v = vec![0f32; f * 4 * h * w];
    beatbolt::noise::gaussian(1, beatbolt::noise::Stream::Latents, 0, &mut v);
    let x = Tensor::from_vec(v, (f, 4, h, w), &Device::Cpu).unwrap();
    m.predict(&x, 999.0, &text, &vec![1.0; f]).unwrap();
    m.decode(&x).unwrap();
    let mut p = vec![];
    let mut d = vec![];
    let mut pc = vec![];
    let mut dc = vec![];
    let n = 7;
    for _ in 0..n {
        let (t, c) = (Instant::now(), cpu());
        drop(m.predict(&x, 999.0, &text, &vec![1.0; f]).unwrap());
        p.push(t.elapsed().as_secs_f64() * 1e3);
        pc.push(cpu() - c);
        let (t, c) = (Instant::now(), cpu());
        drop(m.decode(&x).unwrap());
        d.push(t.elapsed().as_secs_f64() * 1e3);
        dc.push(cpu() - c);
    }
    for (n, v) in
        [("predict wall", &mut p), ("predict cpu", &mut pc), ("decode wall", &mut d), ("decode cpu", &mut dc)]
    {
        v.sort_by(f64::total_cmp);
        println!("{n}: min {:.0} median {:.0} ms", v[0], v[v.len() / 2]);
    }
}
