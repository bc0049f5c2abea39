//! The table: ours, the yardstick of the same run, and ours in parts of it.

pub(crate) fn head() {
    println!("{:<66} {:>10} {:>10} {:>7}  yardstick", "figure", "chat", "yardstick", "ratio");
}

/// One line; `by` says what the yardstick is.
pub(crate) fn line(figure: &str, ours: f64, yardstick: Option<f64>, unit: &str, by: &str) {
    let shown = |value: f64| format!("{value:.2} {unit}");
    let (beside, ratio) = match yardstick {
        Some(value) if value > 0.0 => (shown(value), format!("{:.2}", ours / value)),
        _ => ("-".to_owned(), "-".to_owned()),
    };
    println!("{figure:<66} {:>10} {beside:>10} {ratio:>7}  {by}", shown(ours));
}

/// The value that so many percent of the values don't exceed.
pub(crate) fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() * percent / 100).min(values.len().saturating_sub(1));
    values.get(at).copied().unwrap_or(f64::NAN)
}
