use super::super::conv::conv2d as exact_conv2d;
use super::super::linear::linear as exact_linear;
use super::super::norm::{group_norm, layer_norm};
use super::super::pointwise::geglu;
use super::super::widen::tests::in_a_file;
use super::super::{attention as exact, noise};
use super::*;
use candle_core::{DType, Device};

/// Whether there is something to test; says so if not.
fn there() -> bool {
    if !is_there() {
        eprintln!("skipped: this computer has no AMX");
    }
    is_there()
}

/// |ours - theirs| / |theirs|
fn error(ours: &Tensor, theirs: &Tensor) -> f64 {
    assert_eq!(ours.dims(), theirs.dims());
    let wide = |t: &Tensor| t.to_dtype(DType::F64).unwrap();
    let norm = |t: Tensor| t.sqr().unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap().sqrt();
    norm((wide(ours) - wide(theirs)).unwrap()) / norm(wide(theirs)).max(f64::MIN_POSITIVE)
}

/// The values rounded to bf16, as f64: with those the result is exact but for the order of sums.
fn rounded(x: &Tensor) -> Tensor {
    x.to_dtype(DType::BF16).unwrap().to_dtype(DType::F64).unwrap()
}

/// Factors that were rounded are off by 2^-9 of their size at most, and by a third of that on the average.
const BOUND: f64 = 4e-3;
/// The same factors, rounded before, are off by the order of f32 sums alone.
const SUMS: f64 = 3e-6;

#[test]
fn layers_are_products_of_rounded_factors_at_any_size() {
    if !there() {
        return;
    }
    for [rows, k, o] in [[1, 5, 3], [7, 32, 32], [33, 40, 50], [300, 320, 96], [530, 77, 640], [64, 1280, 31]]
    {
        let (x, w) = (noise(1, &[rows, k]), noise(2, &[o, k]));
        let (b, r) = (noise(3, &[o]), noise(4, &[rows, o]));
        let factors = Factors::new(&w, Packing::Plain).unwrap();
        let [plain, whole] = linear(
            &x,
            None,
            [
                Linear { factors: &factors, bias: None, residual: None },
                Linear { factors: &factors, bias: Some(&b), residual: Some(&r) },
            ],
        )
        .unwrap();
        let exact = rounded(&x).matmul(&rounded(&w).t().unwrap()).unwrap();
        assert!(error(&plain, &exact) < SUMS, "{rows} {k} {o}: {}", error(&plain, &exact));
        let wide = |t: &Tensor| t.to_dtype(DType::F64).unwrap();
        let exact = (exact.broadcast_add(&wide(&b)).unwrap() + wide(&r)).unwrap();
        assert!(error(&whole, &exact) < SUMS);
        let single = exact_linear(&x, &w, Some(&b), Some(&r)).unwrap();
        assert!(error(&whole, &single) < BOUND);
    }
    let factors = Factors::new(&noise(2, &[3, 5]), Packing::Plain).unwrap();
    assert!(
        linear(&noise(1, &[2, 4]), None, [Linear { factors: &factors, bias: None, residual: None }]).is_err()
    );
}

#[test]
fn a_weight_in_its_file_is_packed_to_the_same_and_once_for_all_who_hold_it() {
    if !there() {
        return;
    }
    for (shape, packing) in [
        (&[50, 77][..], Packing::Plain),
        (&[96, 40], Packing::Gated),
        (&[33, 35, 3, 3], Packing::Plain),
        (&[16, 64, 2, 2], Packing::Plain),
    ] {
        for (dtype, space) in [(DType::F16, ""), (DType::F16, " "), (DType::BF16, " ")] {
            let narrow = noise(1, shape).to_dtype(dtype).unwrap();
            let held = Factors::new(&narrow.to_dtype(DType::F32).unwrap(), packing).unwrap();
            for keeps in [false, true] {
                let stored = Stored::new(in_a_file(&narrow, space), packing, keeps);
                for _ in 0..2 {
                    let ours = stored.factors().unwrap();
                    let same = ours.panels().each().flatten().eq(held.panels().each().flatten());
                    assert!(same, "{shape:?} {dtype:?}");
                    assert!(std::ptr::eq(ours.panels(), stored.factors().unwrap().panels()));
                }
            }
        }
    }
}

#[test]
fn norms_codes_and_the_gated_feed_forward_are_those_of_single_precision() {
    if !there() {
        return;
    }
    for [pixels, frames, k] in [[3, 5, 48], [40, 16, 320], [1, 1, 16]] {
        let x = ((noise(1, &[pixels, frames, k]) * 3.0).unwrap() + 1.0).unwrap();
        let (weight, bias, code) = (noise(2, &[k]), noise(3, &[k]), noise(4, &[frames, k]));
        let norm = Normed { weight: &weight, bias: &bias, eps: 1e-5, code: Some(&code) };
        let w = (noise(5, &[k, k]) / (k as f64).sqrt()).unwrap();
        let factors = Factors::new(&w, Packing::Plain).unwrap();
        let [ours] =
            linear(&x, Some(norm), [Linear { factors: &factors, bias: None, residual: None }]).unwrap();
        let normed = layer_norm(&x, &weight, &bias, 1e-5).unwrap();
        let coded = normed.broadcast_add(&code).unwrap();
        assert!(error(&ours, &exact_linear(&coded, &w, None, None).unwrap()) < BOUND);

        let (inner, scale) = (4 * k, (k as f64).sqrt());
        let (widen, wb) = ((noise(6, &[2 * inner, k]) / scale).unwrap(), noise(7, &[2 * inner]));
        let (narrow, nb) = ((noise(8, &[k, inner]) / scale).unwrap(), noise(9, &[k]));
        let gated = Factors::new(&widen, Packing::Gated).unwrap();
        let small = Factors::new(&narrow, Packing::Plain).unwrap();
        let norm = Normed { code: None, ..norm };
        let ours = feed(&x, norm, (&gated, &wb), (&small, &nb)).unwrap();
        let hidden = geglu(&exact_linear(&normed, &widen, Some(&wb), None).unwrap()).unwrap();
        let theirs = exact_linear(&hidden, &narrow, Some(&nb), Some(&x)).unwrap();
        assert!(error(&ours, &theirs) < 2.0 * BOUND, "{}", error(&ours, &theirs));
    }
}

#[test]
fn convolutions_are_products_of_rounded_factors_at_any_size() {
    if !there() {
        return;
    }
    // n, c, o, kernel, stride, before, after, h, w
    for [n, c, o, k, stride, before, after, h, w] in [
        [2, 3, 5, 3, 1, 1, 1, 7, 9],
        [1, 4, 2, 3, 2, 1, 1, 9, 6],
        [3, 40, 33, 3, 2, 0, 1, 8, 36],
        [16, 64, 64, 3, 1, 1, 1, 4, 4],
        [5, 33, 20, 3, 1, 1, 1, 8, 8],
        [3, 2, 4, 1, 1, 0, 0, 5, 1],
        [1, 1, 1, 3, 1, 1, 1, 1, 1],
        [1, 640, 40, 3, 1, 1, 1, 40, 100],
        [7, 96, 70, 1, 1, 0, 0, 6, 10],
    ] {
        let (x, weight, bias) = (noise(1, &[n, c, h, w]), noise(2, &[o, c, k, k]), noise(3, &[o]));
        let window = Conv2dConfig { stride, before, after };
        let factors = Factors::new(&weight, Packing::Plain).unwrap();
        let at = [n, c, o, k, stride, before, after, h, w];
        let plain = conv2d(&x, None, (&factors, &bias), window, Finish::default()).unwrap();
        let single = |t: &Tensor| t.to_dtype(DType::BF16).unwrap().to_dtype(DType::F32).unwrap();
        let theirs = exact_conv2d(&single(&x), (&single(&weight), &bias), window, Finish::default()).unwrap();
        assert!(error(&plain, &theirs) < SUMS, "{at:?}: {}", error(&plain, &theirs));
        let residual = (noise(4, theirs.dims()) * 3.0).unwrap();
        let factors_below = noise(5, &[o]);
        for below in [Below::Stay, Below::Vanish, Below::Shrink(&factors_below)] {
            let finish = Finish { residual: Some(&residual), below };
            let ours = conv2d(&x, None, (&factors, &bias), window, finish).unwrap();
            let theirs = exact_conv2d(&single(&x), (&single(&weight), &bias), window, finish).unwrap();
            assert!(error(&ours, &theirs) < SUMS, "{at:?} {below:?}: {}", error(&ours, &theirs));
        }
    }
    let factors = Factors::new(&noise(2, &[3, 5, 3, 3]), Packing::Plain).unwrap();
    let finish = Finish::default();
    let window = Conv2dConfig::SAME;
    assert!(conv2d(&noise(1, &[1, 4, 8, 8]), None, (&factors, &noise(3, &[3])), window, finish).is_err());
}

#[test]
fn pictures_are_enlarged_on_the_way() {
    if !there() {
        return;
    }
    for [n, c, o, h, w] in [[2, 33, 20, 5, 7], [1, 64, 40, 16, 24], [4, 32, 32, 2, 2]] {
        let (x, weight, bias) = (noise(1, &[n, c, h, w]), noise(2, &[o, c, 3, 3]), noise(3, &[o]));
        let factors = Factors::new(&weight, Packing::Plain).unwrap();
        let large = x.upsample_nearest2d(2 * h, 2 * w).unwrap();
        let theirs = conv2d(&large, None, (&factors, &bias), Conv2dConfig::SAME, Finish::default()).unwrap();
        assert_eq!(error(&double_conv2d(&x, (&factors, &bias)).unwrap(), &theirs), 0.0);
    }
}

#[test]
fn tokens_are_made_of_pictures_and_pictures_of_tokens() {
    if !there() {
        return;
    }
    for [n, c, o, h, w] in [[3, 64, 40, 5, 7], [16, 96, 96, 4, 8]] {
        let (x, weight, bias) = (noise(1, &[n, c, h, w]), noise(2, &[o, c]), noise(3, &[o]));
        let back = noise(4, &[c, o]);
        let (ones, zeros) = (Tensor::ones(c, DType::F32, &Device::Cpu).unwrap(), noise(5, &[c]));
        let spec = GroupNormSpec { groups: 8, eps: 1e-6, together: false, silu: false };
        let norm = Grouped { weight: &ones, bias: &zeros, spec };
        let (there, again) =
            (Factors::new(&weight, Packing::Plain).unwrap(), Factors::new(&back, Packing::Plain).unwrap());
        for order in [TokenOrder::Space, TokenOrder::Time] {
            let ours = to_tokens(&x, norm, (&there, &bias), order).unwrap();
            let normed = group_norm(&x, &ones, &zeros, spec).unwrap();
            let plain = super::super::layout::to_tokens(&normed, order).unwrap();
            let theirs = exact_linear(&plain, &weight, Some(&bias), None).unwrap();
            assert!(error(&ours, &theirs) < BOUND);
            let pictures = from_tokens(&ours, (&again, &zeros), order, &x).unwrap();
            let rows = exact_linear(&ours, &back, Some(&zeros), None).unwrap();
            let theirs = super::super::layout::from_tokens(&rows, order, &x).unwrap();
            assert!(error(&pictures, &theirs) < BOUND);
        }
    }
}

#[test]
fn a_group_norm_goes_before_a_convolution() {
    if !there() {
        return;
    }
    for (together, silu) in [(false, true), (true, false)] {
        let x = ((noise(1, &[3, 64, 9, 12]) * 2.0).unwrap() + 0.5).unwrap();
        let (weight, bias) = (noise(2, &[64]), noise(3, &[64]));
        let spec = GroupNormSpec { groups: 8, eps: 1e-6, together, silu };
        let (w, b) = ((noise(4, &[32, 64, 3, 3]) / 24.0).unwrap(), noise(5, &[32]));
        let factors = Factors::new(&w, Packing::Plain).unwrap();
        let norm = Some(Grouped { weight: &weight, bias: &bias, spec });
        let ours = conv2d(&x, norm, (&factors, &b), Conv2dConfig::SAME, Finish::default()).unwrap();
        let normed = group_norm(&x, &weight, &bias, spec).unwrap();
        let theirs = exact_conv2d(&normed, (&w, &b), Conv2dConfig::SAME, Finish::default()).unwrap();
        assert!(error(&ours, &theirs) < BOUND, "{}", error(&ours, &theirs));
    }
}

#[test]
fn attention_is_that_of_single_precision() {
    if !there() {
        return;
    }
    for [b, n, m, heads, d] in
        [[2, 9, 9, 3, 5], [1, 70, 77, 2, 40], [3, 300, 300, 8, 40], [1, 100, 33, 1, 512]]
    {
        let (q, k, v) =
            (noise(1, &[b, n, heads * d]), noise(2, &[b, m, heads * d]), noise(3, &[b, m, heads * d]));
        let ours = attention(&q, &k, &v, heads).unwrap();
        let theirs = exact::attention(&q, &k, &v, (heads, &vec![1.0; n], false)).unwrap();
        assert!(error(&ours, &theirs) < 8e-3, "{b} {n} {m} {heads} {d}: {}", error(&ours, &theirs));
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    if !there() {
        return;
    }
    let (x, w) = (noise(1, &[5, 96, 12, 20]), noise(2, &[70, 96, 3, 3]));
    let (bias, tokens, l) = (noise(3, &[70]), noise(4, &[700, 96]), noise(5, &[40, 96]));
    let (conv, layer) =
        (Factors::new(&w, Packing::Plain).unwrap(), Factors::new(&l, Packing::Plain).unwrap());
    let run = || {
        let made = conv2d(&x, None, (&conv, &bias), Conv2dConfig::SAME, Finish::default()).unwrap();
        let [rows] = linear(&tokens, None, [Linear { factors: &layer, bias: None, residual: None }]).unwrap();
        let found = attention(
            &tokens.unsqueeze(0).unwrap(),
            &tokens.unsqueeze(0).unwrap(),
            &tokens.unsqueeze(0).unwrap(),
            1,
        );
        [made, rows, found.unwrap()].map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap())
    };
    let here = run();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(run) == here);
    }
}

#[test]
fn what_is_no_number_stays_none() {
    if !there() {
        return;
    }
    for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let x = Tensor::from_vec(vec![odd, 1.0, 2.0, 3.0], (2, 2), &Device::Cpu).unwrap();
        let factors =
            Factors::new(&Tensor::ones((1, 2), DType::F32, &Device::Cpu).unwrap(), Packing::Plain).unwrap();
        let [y] = linear(&x, None, [Linear { factors: &factors, bias: None, residual: None }]).unwrap();
        let y = y.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(y[0].to_bits() == odd.to_bits() || (y[0].is_nan() && odd.is_nan()), "{y:?}");
        assert_eq!(y[1], 5.0);
    }
}
