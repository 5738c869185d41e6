//! Formulae: the difference that a change makes to a weight at strength 1, in single precision.
//!
//! | kind | difference |
//! |---|---|
//! | LoRA, LoCon | s · up · down, with a core s · Σ up_op mid_pq down_qi |
//! | LoHa | s · (a1 b1) ⊙ (a2 b2); with cores each factor is a Tucker product |
//! | LoKr | s · kron(w1, w2) |
//! | GLoRA | s · (W a1 a2 + b1 b2) |
//! | IA3 | W ⊙ w, or W ⊙ (l − 1) |
//! | full | the difference |
//! | OFT | (Rᵀ − 1) W by blocks, BOFT R in stages; R = (1 + Q)(1 − Q)⁻¹, Q = B − Bᵀ, ‖Q‖ bounded by alpha · outputs |
//! | DoRA | m · (W + D) / ‖W + D‖ − W, with D any of the above |
//!
//! s is alpha / rank of the layer itself. **Strength** goes straight from W to W plus the difference, whatever the formula: for those that
//! are linear it is what everybody does, for DoRA and OFT it makes strength 0 the model itself. All differences are of the file's own weight,
//! so several adapters are added up and their order doesn't matter.

use super::change::{Change, Factor, Form};
use candle_core::{D, DType, Device, Result, Tensor};

/// Gives tensors by their names in the file, f32 on the CPU.
pub(super) type Read<'a> = &'a dyn Fn(&str) -> Result<Tensor>;

/// The difference of a weight `base` f32 \[out, ..], of its shape.
pub(super) fn difference(change: &Change, base: &Tensor, read: Read<'_>) -> Result<Tensor> {
    // Norms have one dimension.
    let (shape, flat) = (base.dims().to_vec(), base.reshape((base.dim(0)?, ()))?);
    let plain = match &change.form {
        Form::Nothing => base.zeros_like()?,
        Form::Lora { .. } | Form::Loha { .. } | Form::Lokr { .. } | Form::Full { .. } => {
            (added(&change.form, &shape, read)? * change.scale)?
        }
        Form::Glora { a, b, old } => (glora((a, b, *old), base, read)? * change.scale)?,
        Form::Ia3 { factors, on_input, around_one } => {
            let factors = read(factors)?.flatten_all()?;
            let factors = if *around_one { (factors - 1.0)? } else { factors };
            let mut side = vec![1; shape.len()];
            side[usize::from(*on_input)] = factors.elem_count();
            base.broadcast_mul(&factors.reshape(side)?)?
        }
        Form::Oft { blocks, rescale, bound } => {
            let turned = turned(&flat, &read(blocks)?, *bound)?;
            let turned = match rescale {
                Some(rescale) => turned.broadcast_mul(&read(rescale)?.reshape(((), 1))?)?,
                None => turned,
            };
            (turned - &flat)?
        }
    };
    let plain = plain.reshape(shape.as_slice())?;
    match &change.dora {
        Some((lengths, per_output)) => dora(base, &plain, &read(lengths)?, *per_output),
        None => Ok(plain),
    }
}

/// The two factors \[rank, inputs · kernel] and \[out, rank] whose product the difference is, the scale in the second; none where it is no product
/// that is smaller than itself.
pub(super) fn factors(change: &Change, read: Read<'_>) -> Result<Option<(Tensor, Tensor)>> {
    match (&change.form, &change.dora) {
        (Form::Lora { down, up, mid: None }, None) => {
            let (down, up) = (read(down)?.flatten_from(1)?, read(up)?.flatten_from(1)?);
            let (rank, inputs) = down.dims2()?;
            let out = up.dim(0)?;
            let small = rank * (inputs + out) < inputs * out;
            Ok(if small { Some((down, (up * change.scale)?)) } else { None })
        }
        _ => Ok(None),
    }
}

/// What is added whatever the weight is, before the scale.
fn added(form: &Form, shape: &[usize], read: Read<'_>) -> Result<Tensor> {
    match form {
        Form::Lora { down, up, mid: None } => {
            read(up)?.flatten_from(1)?.matmul(&read(down)?.flatten_from(1)?)
        }
        Form::Lora { down, up, mid: Some(mid) } => {
            tucker(&read(mid)?, &read(up)?.flatten_from(1)?.t()?, &read(down)?.flatten_from(1)?)
        }
        Form::Loha { pairs: [one, two], cores } => {
            let pair = |(a, b): &(String, String), core: Option<&String>| match core {
                Some(core) => tucker(&read(core)?, &read(a)?.flatten_from(1)?, &read(b)?.flatten_from(1)?),
                None => read(a)?.flatten_from(1)?.matmul(&read(b)?.flatten_from(1)?),
            };
            let cores = cores.as_ref();
            pair(one, cores.map(|c| &c[0]))? * pair(two, cores.map(|c| &c[1]))?
        }
        Form::Lokr { first, second } => {
            let kernel: usize = shape.iter().skip(2).product();
            let factor = |factor: &Factor| match factor {
                Factor::Whole(name) => read(name)?.flatten_from(1),
                Factor::Product { a, b, core: None } => {
                    read(a)?.flatten_from(1)?.matmul(&read(b)?.flatten_from(1)?)
                }
                Factor::Product { a, b, core: Some(core) } => {
                    tucker(&read(core)?, &read(a)?.flatten_from(1)?, &read(b)?.flatten_from(1)?)
                }
            };
            kronecker(&factor(first)?, &factor(second)?, kernel)
        }
        Form::Full { difference } => read(difference),
        Form::Glora { .. } | Form::Ia3 { .. } | Form::Oft { .. } | Form::Nothing => {
            candle_core::bail!("this form needs the weight")
        }
    }
}

/// Σ_pq core_pqk a_po b_qi for `core` \[p, q, ..kernel], `a` \[p, out] and `b` \[q, inputs]: \[out, inputs · kernel].
fn tucker(core: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (p, q) = (a.dim(0)?, b.dim(0)?);
    let (out, inputs) = (a.dim(1)?, b.dim(1)?);
    let core = core.reshape((p, q, ()))?;
    let kernel = core.dim(2)?;
    let left = a.t()?.contiguous()?.matmul(&core.reshape((p, q * kernel))?)?.reshape((out, q, kernel))?;
    let swapped = left.transpose(1, 2)?.contiguous()?.reshape((out * kernel, q))?;
    let both = swapped.matmul(&b.contiguous()?)?.reshape((out, kernel, inputs))?;
    both.transpose(1, 2)?.contiguous()?.reshape((out, inputs * kernel))
}

/// kron(`one` \[a, c], `two` \[b, d · kernel]) \[a · b, c · d · kernel].
fn kronecker(one: &Tensor, two: &Tensor, kernel: usize) -> Result<Tensor> {
    let ((a, c), (b, wide)) = (one.dims2()?, two.dims2()?);
    let d = wide / kernel;
    let one = one.reshape((a, 1, c, 1, 1))?;
    one.broadcast_mul(&two.reshape((1, b, 1, d, kernel))?)?.reshape((a * b, c * d * kernel))
}

/// W a1 a2 + b1 b2 over the weight's inputs; `old` files have a2, a1 and b2, b1 in this order.
fn glora((a, b, old): (&[String; 2], &[String; 2], bool), base: &Tensor, read: Read<'_>) -> Result<Tensor> {
    let order = |pair: &[String; 2]| -> Result<(Tensor, Tensor)> {
        let [one, two] = [read(&pair[0])?.flatten_from(1)?, read(&pair[1])?.flatten_from(1)?];
        Ok(if old { (two, one) } else { (one, two) })
    };
    let ((a1, a2), (b1, b2)) = (order(a)?, order(b)?);
    let (out, inputs) = (base.dim(0)?, base.dim(1)?);
    let wide = base.reshape((out, inputs, ()))?;
    let kernel = wide.dim(2)?;
    let rows = wide.transpose(1, 2)?.contiguous()?.reshape((out * kernel, inputs))?;
    let through = rows.matmul(&a1)?.matmul(&a2)?.reshape((out, kernel, inputs))?;
    let through = through.transpose(1, 2)?.contiguous()?.reshape((out, inputs * kernel))?;
    through + b1.matmul(&b2)?
}

/// m · (W + D) / ‖W + D‖ − W, with lengths over all that belongs to an output, or to an input.
fn dora(base: &Tensor, plain: &Tensor, lengths: &Tensor, per_output: bool) -> Result<Tensor> {
    let (out, inputs) = (base.dim(0)?, base.dim(1)?);
    let sum = (base + plain)?.reshape((out, inputs, ()))?;
    let square = sum.sqr()?;
    let norms = match per_output {
        true => square.sum_keepdim((1, 2))?,
        false => square.sum_keepdim((0, 2))?,
    };
    // Of nothing nothing comes.
    let factors = lengths.reshape(norms.dims())?.div(&(norms.sqrt()? + f64::from(f32::MIN_POSITIVE))?)?;
    sum.broadcast_mul(&factors)?.reshape(base.dims())? - base
}

/// W \[out, n] turned by Cayley's map of `blocks` \[count, b, b], or in stages of \[stages, count, b, b].
fn turned(base: &Tensor, blocks: &Tensor, bound: f64) -> Result<Tensor> {
    let (out, columns) = base.dims2()?;
    match *blocks.dims() {
        [count, b, _] => {
            let turns = cayley(blocks, bound)?;
            let rows = base.reshape((count, b, columns))?;
            turns.transpose(1, 2)?.contiguous()?.matmul(&rows)?.reshape((out, columns))
        }
        [stages, count, b, _] => {
            let turns =
                cayley(&blocks.reshape((stages * count, b, b))?, bound)?.reshape((stages, count, b, b))?;
            let mut rows = base.clone();
            for stage in 0..stages {
                let k = (b / 2) << stage;
                let halves = rows.reshape(((), 2, k, columns))?.transpose(1, 2)?.contiguous()?;
                let made = turns.get(stage)?.matmul(&halves.reshape((count, b, columns))?)?;
                rows = made
                    .reshape(((), k, 2, columns))?
                    .transpose(1, 2)?
                    .contiguous()?
                    .reshape((out, columns))?;
            }
            Ok(rows)
        }
        _ => candle_core::bail!("blocks have three or four dimensions"),
    }
}

/// (1 + Q)(1 − Q)⁻¹ for Q = B − Bᵀ of every block of `blocks` \[count, b, b]; where `bound` is above 0, Q is no longer than that.
fn cayley(blocks: &Tensor, bound: f64) -> Result<Tensor> {
    let wide = blocks.to_dtype(DType::F64)?;
    let q = (&wide - wide.transpose(1, 2)?)?;
    let length = q.sqr()?.sum_all()?.to_scalar::<f64>()?.sqrt() + 1e-8;
    let q = if bound > 0.0 && length > bound { (q * (bound / length))? } else { q };
    let b = q.dim(D::Minus1)?;
    let turns = q.to_vec3::<f64>()?.into_iter().flat_map(|q| turn(&q));
    Tensor::from_iter(turns.collect::<Vec<f64>>(), &Device::Cpu)?.reshape(((), b, b))?.to_dtype(DType::F32)
}

/// (1 + Q)(1 − Q)⁻¹ by rows, by Gauss and Jordan with pivots: (1 − Q) of a skew Q always has an inverse, and commutes with (1 + Q).
fn turn(q: &[Vec<f64>]) -> Vec<f64> {
    let n = q.len();
    let one = |i: usize, j: usize| if i == j { 1.0 } else { 0.0 };
    // Rows of (1 − Q | 1 + Q): the right half becomes (1 − Q)⁻¹ (1 + Q).
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|i| (0..n).map(|j| one(i, j) - q[i][j]).chain((0..n).map(|j| one(i, j) + q[i][j])).collect())
        .collect();
    for i in 0..n {
        let best = (i..n).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs())).unwrap_or(i);
        rows.swap(i, best);
        let pivot = rows[i].clone();
        for (j, row) in rows.iter_mut().enumerate() {
            let factor = row[i] / pivot[i];
            match j == i {
                true => row.iter_mut().for_each(|x| *x /= pivot[i]),
                false => row.iter_mut().zip(&pivot).for_each(|(x, p)| *x -= factor * p),
            }
        }
    }
    rows.into_iter().flat_map(|row| row.into_iter().skip(n)).collect()
}
