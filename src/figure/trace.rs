//! A growing history that stays small.
use super::{Column, MOST_ROWS};

/// A growing history of named columns: however many rows are pushed, at most [`MOST_ROWS`] are
/// kept, evenly spaced, and the newest is always among them.
#[derive(Clone, Debug)]
pub struct Trace {
    names: &'static [&'static str],
    /// One value a kept row, by column.
    columns: Vec<Vec<f32>>,
    most: usize,
    /// Every so many pushed rows one is kept; a power of two.
    stride: u64,
    pushed: u64,
    /// Whether the last row is there only because it is the newest.
    loose: bool,
}

impl Trace {
    /// A history without rows.
    pub fn new(names: &'static [&'static str]) -> Self {
        Self {
            names,
            columns: vec![Vec::new(); names.len()],
            most: MOST_ROWS,
            stride: 1,
            pushed: 0,
            loose: false,
        }
    }

    /// Keeps at most this many rows, at least two and at most [`MOST_ROWS`].
    #[must_use]
    pub fn rows_at_most(self, most: usize) -> Self {
        Self { most: most.clamp(2, MOST_ROWS), ..self }
    }

    /// Adds a row: a value a column, in the order of the names; NaN is missing.
    #[inline(never)]
    pub fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.names.len(), "a row of a trace has a value a column");
        if self.loose {
            self.columns.iter_mut().for_each(|column| {
                column.pop();
            });
        }
        if self.len() == self.most {
            self.thin();
        }
        self.loose = !self.pushed.is_multiple_of(self.stride);
        self.pushed += 1;
        self.columns.iter_mut().zip(row).for_each(|(column, value)| column.push(*value));
    }

    /// Drops every second row; those left are the multiples of twice the stride.
    fn thin(&mut self) {
        self.stride *= 2;
        for column in &mut self.columns {
            let mut keep = false;
            column.retain(|_| {
                keep = !keep;
                keep
            });
        }
    }

    /// The column of that name; one that does not exist is empty.
    #[inline(never)]
    pub fn get(&self, name: &str) -> &[f32] {
        let at = self.names.iter().position(|known| *known == name);
        at.map_or(&[], |at| &self.columns[at])
    }

    /// The column of that name, to draw.
    #[inline(never)]
    pub fn column(&self, name: &str) -> Column {
        self.get(name).into()
    }

    /// The newest value of a column.
    #[inline(never)]
    pub fn last(&self, name: &str) -> Option<f32> {
        self.get(name).last().copied()
    }

    /// Number of rows kept.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// Whether no row was pushed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
