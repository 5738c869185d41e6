//! Lists with a value per hop: what lies around one, means and percentiles.

/// The value below which the share `p` of the values lies; 0 of none.
pub(super) fn percentile(mut values: Vec<f32>, p: f32) -> f32 {
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    let index = (last as f32 * p) as usize;
    *values.select_nth_unstable_by(index, f32::total_cmp).1
}

/// The values at most `reach` from index `i`; fewer at the ends.
pub(super) fn around(values: &[f32], i: usize, reach: usize) -> &[f32] {
    let end = (i + reach + 1).min(values.len());
    &values[i.saturating_sub(reach).min(end)..end]
}

/// The mean over `reach` values on either side, shorter at the ends.
pub(super) fn smooth(values: &[f32], reach: usize) -> Vec<f32> {
    let mut sums = Vec::with_capacity(values.len() + 1);
    sums.push(0.0f64);
    for value in values {
        sums.push(sums[sums.len() - 1] + f64::from(*value));
    }
    (0..values.len())
        .map(|i| {
            let (from, to) = (i.saturating_sub(reach), (i + reach + 1).min(values.len()));
            // Rounding must not turn a sum of zeros into less than nothing.
            ((sums[to] - sums[from]).max(0.0) / (to - from) as f64) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_keeps_the_mean_of_a_constant() {
        assert_eq!(smooth(&[2.0; 5], 2), [2.0; 5]);
        assert_eq!(smooth(&[0.0, 3.0, 0.0], 1), [1.5, 1.0, 1.5]);
    }

    #[test]
    fn what_lies_around_a_value_ends_where_the_list_does() {
        let values = [0.0, 1.0, 2.0, 3.0];
        assert_eq!((around(&values, 0, 1), around(&values, 2, 1)), (&values[..2], &values[1..]));
        assert!(around(&values, 9, 1).is_empty());
        assert_eq!((percentile(values.to_vec(), 0.5), percentile(Vec::new(), 0.5)), (1.0, 0.0));
    }
}
