//! Elementwise kernels and reductions along rows.
//!
//! Code is run in passes over the row, one more than the deepest reduction has reductions below it:
//! each pass computes what the next reductions need, the last one what is stored. All stores come
//! last, so that a value may be written where an operand of the same place was read.
use super::{
    super::super::{
        kernel::{Inst, Kernel, Reg},
        op::Reduction,
    },
    Style, Team, ops,
    writer::{Band, Function, Layout, Spot, Tree, Writer},
};

/// Threads of a workgroup for elementwise kernels.
const FLAT: usize = 64;

/// Longest row that one thread reduces alone.
const SHORT_ROW: usize = 32;

/// The same where threads cost, and the most rows for which it pays to share longer ones.
const LONG_ROW: usize = 1024;
const FEW_ROWS: usize = 16;

/// Largest workgroup for a row.
const MAX_THREADS: usize = 256;

/// Elements of a row that one thread keeps in registers between passes, at most.
const KEPT: usize = 8;

/// Instructions times kept elements, at most: bounds the length of a shader.
const MAX_UNROLLED: usize = 256;

/// Writes the function.
pub(super) fn write(kernel: &Kernel, band: Option<Band<'_>>, team: Team) -> Function {
    if kernel.code.iter().any(|inst| matches!(inst, Inst::Reduce(..))) {
        Reducer::new(kernel, band, team).write()
    } else {
        elementwise(kernel, band, team)
    }
}

/// Threads of a workgroup that a kernel alone has best.
pub(super) fn size(kernel: &Kernel, style: Style) -> usize {
    if !kernel.code.iter().any(|inst| matches!(inst, Inst::Reduce(..))) {
        return FLAT;
    }
    let (length, rows) = match &kernel.domain[..] {
        [outer @ .., length] => (*length, outer.iter().product()),
        [] => (1, 1),
    };
    threads_for(length, rows, Team { size: MAX_THREADS, style }).max(FLAT)
}

/// Threads that share a row of that length: one, or a power of two.
fn threads_for(length: usize, rows: usize, team: Team) -> usize {
    let shortest = match team.style {
        Style::Hardware => SHORT_ROW,
        Style::Software if rows <= FEW_ROWS => LONG_ROW,
        Style::Software => usize::MAX,
    };
    if length <= shortest {
        return 1;
    }
    length.div_ceil(4).next_power_of_two().min(team.size)
}

/// One thread an element.
fn elementwise(kernel: &Kernel, band: Option<Band<'_>>, team: Team) -> Function {
    let layout = Layout::new(kernel, 0, band);
    let rank = layout.axes.len();
    let count = layout.numel(rank);
    let mut w = Writer::new(kernel, layout, team);
    if band.is_none() && rank == 1 {
        w.count_by_parameter();
    }
    let units = w.threads(count, 0, |w| {
        w.unflatten("i", 0..rank);
        compute(w);
    });
    w.finish(units)
}

/// All values, then all stores.
fn compute(w: &mut Writer<'_>) {
    let (kernel, rank) = (w.kernel, w.layout.axes.len());
    let spot = Spot::shared(rank);
    let values: Vec<String> = kernel.stores.iter().map(|s| w.value(s.reg, &spot)).collect();
    for (store, value) in values.iter().enumerate() {
        // Axes that the store does not have: only their first element writes.
        let strides = &w.layout.moves[kernel.loads.len() + store].strides;
        let first: Vec<String> = (0..rank)
            .filter(|&axis| strides[axis] == 0 && w.layout.axes[axis] > 1)
            .map(|axis| format!("c{axis} == 0u"))
            .collect();
        if first.is_empty() {
            w.store(store, &spot, value);
        } else {
            w.block(format!("if ({})", first.join(" && ")), |w| w.store(store, &spot, value));
        }
    }
}

/// A kernel with reductions.
struct Reducer<'k> {
    kernel: &'k Kernel,
    w: Writer<'k>,
    /// Length of a row.
    length: usize,
    /// Rows in all.
    rows: usize,
    /// Threads for a row: one or a power of two.
    threads: usize,
    /// Elements of a thread if they are kept in registers.
    kept: Option<usize>,
    /// For each register, reductions that must be done before.
    pass: Vec<usize>,
    /// The place of the row.
    row: Spot,
}

impl<'k> Reducer<'k> {
    fn new(kernel: &'k Kernel, band: Option<Band<'_>>, team: Team) -> Self {
        let layout = Layout::new(kernel, 1, band);
        let rank = layout.axes.len();
        let (length, rows) = (layout.axes[rank - 1], layout.numel(rank - 1));
        let mut threads = threads_for(length, rows, team);
        if band.is_some() {
            // As many as there are for the rows of the bands: the greatest power of two.
            threads = threads.min(1 << (team.size / rows.min(team.size)).ilog2());
        }
        let each = length.div_ceil(threads);
        let keep = each <= KEPT && each * kernel.code.len() <= MAX_UNROLLED;
        let mut pass: Vec<usize> = Vec::with_capacity(kernel.code.len());
        for &inst in &kernel.code {
            let before = ops::operands(inst).iter().map(|&r| pass[r]).max().unwrap_or(0);
            pass.push(before + usize::from(matches!(inst, Inst::Reduce(..))));
        }
        let row = Spot::shared(rank - 1);
        let w = Writer::new(kernel, layout, team);
        Self { kernel, w, length, rows, threads, kept: keep.then_some(each), pass, row }
    }

    fn write(mut self) -> Function {
        let (outer, rows) = (self.w.layout.axes.len() - 1, self.rows);
        // Rows of a unit: its threads are divided among them.
        let together = self.w.team.size / self.threads;
        let threads = self.threads;
        if threads == 1 {
            self.w.line("let part = 0u;");
            self.w.line(format!("let own_row = unit * {together}u + lane;"));
        } else {
            self.w.line(format!("let part = lane % {threads}u;"));
            self.w.line(format!("let at_row = lane / {threads}u;"));
            self.w.line(format!("let own_row = unit * {together}u + at_row;"));
        }
        // Threads beyond the last row compute it too, so that all meet at barriers, and store nothing.
        self.w.line(format!("let i = min(own_row, {}u);", rows - 1));
        self.w.unflatten("i", 0..outer);
        if let Some(each) = self.kept {
            self.places(each);
        }
        let last = self.pass.iter().copied().max().unwrap_or(0);
        for pass in 0..last {
            self.row_values(pass);
            self.reduce(pass);
        }
        self.row_values(last);
        self.store();
        self.w.finish(rows.div_ceil(together))
    }

    /// Names the places of the elements that are kept.
    fn places(&mut self, each: usize) {
        let (threads, length) = (self.threads, self.length);
        if threads == 1 {
            return;
        }
        for e in 0..each {
            let place = format!("part + {}u", e * threads);
            if (e + 1) * threads <= length {
                self.w.line(format!("let x{e} = {place};"));
            } else {
                self.w.line(format!("let x{e} = min({place}, {}u);", length - 1));
                self.w.line(format!("let in{e} = {place} < {length}u;"));
            }
        }
    }

    /// Runs `inside` for each element of this thread: with its place, its coordinate, and a condition under which it
    /// is within the row.
    fn each(&mut self, mut inside: impl FnMut(&mut Writer<'k>, &Spot, &str, Option<String>)) {
        let (threads, length) = (self.threads, self.length);
        if let Some(each) = self.kept {
            for e in 0..each {
                let x = if threads == 1 { format!("{e}u") } else { format!("x{e}") };
                let spot = self.row.and(&x, &format!("_{e}"));
                let guard = ((e + 1) * threads > length).then(|| format!("in{e}"));
                inside(&mut self.w, &spot, &x, guard);
            }
        } else {
            let spot = self.row.and("x", "_x");
            let start = if threads == 1 { "0u" } else { "part" };
            let head = format!("for (var x = {start}; x < {length}u; x += {threads}u)");
            self.w.repeat(head, length.div_ceil(threads), |w| inside(w, &spot, "x", None));
        }
    }

    /// Computes the values of row level that are known before a pass.
    fn row_values(&mut self, pass: usize) {
        let last = self.w.layout.axes.len() - 1;
        for reg in 0..self.kernel.code.len() {
            let constant = matches!(self.kernel.code[reg], Inst::Const(_) | Inst::Reduce(..));
            if !constant && self.pass[reg] == pass && !self.w.depends(reg, last) {
                let spot = self.row.and("0u", "");
                self.w.value(reg, &spot);
            }
        }
    }

    /// The reductions of a pass.
    fn reduce(&mut self, pass: usize) {
        let all: Vec<(Reg, Reduction, Reg)> = (self.kernel.code.iter().enumerate())
            .filter_map(|(reg, inst)| match *inst {
                Inst::Reduce(how, of) if self.pass[of] == pass => Some((reg, how, of)),
                _ => None,
            })
            .collect();
        for &(reg, how, _) in &all {
            self.w.line(format!("var a{reg} = {};", ops::identity(how)));
            if how == Reduction::ArgMax {
                self.w.line(format!("var at{reg} = 0u;"));
            }
        }
        self.each(|w, spot, x, guard| {
            for &(reg, how, of) in &all {
                let value = w.value(of, spot);
                accumulate(w, reg, how, &value, x, guard.as_deref());
            }
        });
        for &(reg, how, _) in &all {
            self.finish_reduction(reg, how);
        }
    }

    /// Combines the partial results of the threads of a row.
    fn finish_reduction(&mut self, reg: Reg, how: Reduction) {
        let spot = self.row.and("0u", "");
        let own =
            if how == Reduction::ArgMax { format!("f32(at{reg})") } else { format!("a{reg}") };
        if self.threads == 1 {
            self.w.define(reg, &spot, &own);
            return;
        }
        let together = self.w.team.size / self.threads;
        let slot = format!("part * {together}u + at_row");
        let tree = Tree { keep: together, slot: &slot, at: "at_row" };
        if how == Reduction::ArgMax {
            // The greatest value first, then the least index that has it.
            let greatest = self.w.combine(how, &format!("a{reg}"), tree);
            let far = format!("select(-16777216.0f, -{own}, a{reg} == {greatest})");
            let least = self.w.combine(Reduction::Max, &far, tree);
            self.w.define(reg, &spot, &format!("clamp(-{least}, 0.0f, {}.0f)", self.length - 1));
        } else {
            let result = self.w.combine(how, &format!("a{reg}"), tree);
            self.w.define(reg, &spot, &result);
        }
    }

    /// Stores along the row, then of row level.
    fn store(&mut self) {
        let kernel = self.kernel;
        let along = |store: usize, w: &Writer<'_>| {
            self.length == 1
                || w.layout.moves[kernel.loads.len() + store].strides.last() != Some(&0)
        };
        let (full, single): (Vec<usize>, Vec<usize>) =
            (0..kernel.stores.len()).partition(|&store| along(store, &self.w));
        let own = (!self.rows.is_multiple_of(self.w.team.size / self.threads))
            .then(|| format!("own_row < {}u", self.rows));
        let both = |guard: Option<String>| match (&own, guard) {
            (Some(own), Some(guard)) => Some(format!("{own} && {guard}")),
            (Some(own), None) => Some(own.clone()),
            (None, guard) => guard,
        };
        if !full.is_empty() {
            self.each(|w, spot, _, guard| {
                let values: Vec<String> =
                    full.iter().map(|&s| w.value(kernel.stores[s].reg, spot)).collect();
                let write = |w: &mut Writer<'_>| {
                    for (&store, value) in full.iter().zip(&values) {
                        w.store(store, spot, value);
                    }
                };
                match both(guard) {
                    Some(inside) => w.block(format!("if ({inside})"), write),
                    None => write(w),
                }
            });
        }
        if !single.is_empty() {
            let spot = self.row.and("0u", "");
            let values: Vec<String> =
                single.iter().map(|&s| self.w.value(kernel.stores[s].reg, &spot)).collect();
            let write = |w: &mut Writer<'_>| {
                for (&store, value) in single.iter().zip(&values) {
                    w.store(store, &spot, value);
                }
            };
            let first = (self.threads > 1).then(|| "part == 0u".to_owned());
            match both(first) {
                Some(inside) => self.w.block(format!("if ({inside})"), write),
                None => write(&mut self.w),
            }
        }
    }
}

/// Adds a value to a partial result, if it is within the row.
fn accumulate(
    w: &mut Writer<'_>,
    reg: Reg,
    how: Reduction,
    value: &str,
    x: &str,
    guard: Option<&str>,
) {
    let acc = format!("a{reg}");
    if how == Reduction::ArgMax {
        let inside = guard.map(|g| format!("{g} && ")).unwrap_or_default();
        w.block(format!("if ({inside}{value} > {acc})"), |w| {
            w.line(format!("{acc} = {value};"));
            w.line(format!("at{reg} = {x};"));
        });
        return;
    }
    let value = match guard {
        Some(inside) => format!("select({}, {value}, {inside})", ops::identity(how)),
        None => value.to_owned(),
    };
    w.line(format!("{acc} = {};", ops::combine(how, &acc, &value)));
}
