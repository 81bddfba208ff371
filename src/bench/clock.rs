//! How long a call takes, and the median of such times.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock; native only")]
use orrery::error::Result;
use std::time::Instant;

/// 10^9.
pub(super) const GIGA: f64 = 1e9;

/// Seconds a call, over as many calls as fill a time.
pub(super) fn per_call(least_ms: f64, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    let mut calls = 0;
    loop {
        call()?;
        calls += 1;
        let passed = start.elapsed().as_secs_f64();
        if passed * 1e3 >= least_ms {
            return Ok(passed / f64::from(calls));
        }
    }
}

/// The middle one, or the mean of the middle two.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}
