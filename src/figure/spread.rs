//! One line out of the same line of several seeds: mean and spread.
use super::MOST_ROWS;
use crate::{
    error::{Error, Result},
    models::stats,
};
use serde::{Deserialize, Serialize};

/// Most seeds that are put together.
pub const MOST_REPLICATES: usize = 16;

/// The line of one seed, as a `line` mark has it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Curve {
    /// Horizontal positions.
    pub x: Vec<f32>,
    /// Vertical positions, as many.
    pub y: Vec<f32>,
    /// Series of each row; empty: one line.
    pub z: Vec<String>,
}

/// Mean and spread of a line over seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Spread {
    /// Horizontal positions that every seed has.
    pub x: Vec<f32>,
    /// Mean over the seeds.
    pub mean: Vec<f32>,
    /// Mean less the sample standard deviation.
    pub low: Vec<f32>,
    /// Mean and the sample standard deviation.
    pub high: Vec<f32>,
    /// Series of each row; empty: one line.
    pub z: Vec<String>,
}

/// Mean and sample standard deviation, row by row, of the rows that all of `replicates` have: the same
/// series at the same x. A row that some seed has no number for is left out.
pub fn spread(replicates: &[Curve]) -> Result<Spread> {
    let malformed = |reason: &str| Error::Request { reason: format!("curves: {reason}") };
    if !(2..=MOST_REPLICATES).contains(&replicates.len()) {
        return Err(malformed("2 to 16 seeds are put together"));
    }
    let whole = |c: &Curve| {
        let rows = c.x.len();
        rows == c.y.len() && rows <= MOST_ROWS && (c.z.is_empty() || c.z.len() == rows)
    };
    if !replicates.iter().all(whole) {
        return Err(malformed("x, y and z must have one length, at most 4096"));
    }
    let mut out = Spread { x: vec![], mean: vec![], low: vec![], high: vec![], z: vec![] };
    let first = &replicates[0];
    for row in 0..first.x.len() {
        let values: Vec<f64> = replicates
            .iter()
            .filter_map(|curve| curve.at(row, first.x[row], first.z.get(row)))
            .filter(|y| y.is_finite())
            .collect();
        if values.len() < replicates.len() {
            continue;
        }
        let (mean, deviation) = stats::spread(&values);
        out.x.push(first.x[row]);
        out.mean.push(mean as f32);
        out.low.push((mean - deviation) as f32);
        out.high.push((mean + deviation) as f32);
        out.z.extend(first.z.get(row).cloned());
    }
    Ok(out)
}

impl Curve {
    /// Its number at this place of this series; looked for first in this row.
    fn at(&self, row: usize, x: f32, z: Option<&String>) -> Option<f64> {
        let here = |i: &usize| self.x.get(*i) == Some(&x) && self.z.get(*i) == z;
        let found = Some(row).filter(here).or_else(|| (0..self.x.len()).find(here))?;
        Some(f64::from(self.y[found]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(x: &[f32], y: &[f32], z: &[&str]) -> Curve {
        Curve { x: x.to_vec(), y: y.to_vec(), z: z.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn rows_that_all_have_are_averaged() {
        let one = curve(&[1.0, 2.0, 1.0], &[1.0, 5.0, 7.0], &["a", "a", "b"]);
        // In another order, one row more and one missing number.
        let other = curve(&[1.0, 1.0, 2.0, 3.0], &[9.0, 3.0, f32::NAN, 0.0], &["b", "a", "a", "a"]);
        let found = spread(&[one, other]).unwrap();
        assert_eq!((found.x, found.z), (vec![1.0, 1.0], vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(found.mean, [2.0, 8.0], "of 1 and 3, of 7 and 9");
        // The sample standard deviation of 1 and 3 is √2.
        assert_eq!(found.high[0], 2.0 + std::f32::consts::SQRT_2, "above");
        assert_eq!(found.low[0], 2.0 - std::f32::consts::SQRT_2, "below");
    }

    #[test]
    fn what_is_no_curve_is_refused() {
        let good = curve(&[1.0], &[1.0], &[]);
        for bad in [curve(&[1.0], &[], &[]), curve(&[1.0], &[1.0], &["a", "b"])] {
            assert!(spread(&[good.clone(), bad]).is_err(), "lengths differ");
        }
        assert!(spread(&[good]).is_err(), "one seed has no spread");
    }
}
