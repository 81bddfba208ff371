//! Running sums, gather and scatter-add.
use super::{
    super::super::kernel::{Kernel, Reg},
    Team,
    writer::{Band, Function, Layout, Spot, Writer},
};

/// Running sums: a thread a row.
pub(super) fn cumsum(kernel: &Kernel, reg: Reg, band: Option<Band<'_>>, team: Team) -> Function {
    let layout = Layout::new(kernel, 1, band);
    let outer = layout.axes.len() - 1;
    let (rows, length) = (layout.numel(outer), layout.axes[outer]);
    let mut w = Writer::new(kernel, layout, team);
    let units = w.threads(rows, length, |w| {
        w.unflatten("i", 0..outer);
        w.line("var acc = 0.0f;");
        let spot = Spot::shared(outer).and("x", "_x");
        w.repeat(format!("for (var x = 0u; x < {length}u; x++)"), length, |w| {
            let value = w.value(reg, &spot);
            w.line(format!("acc += {value};"));
            for store in 0..kernel.stores.len() {
                w.store(store, &spot, "acc");
            }
        });
    });
    w.finish(units)
}

/// Rows of a table: a thread an element.
///
/// `stride` is that from row to row of the table, which has `rows`.
pub(super) fn gather(
    kernel: &Kernel,
    (rows, stride): (usize, usize),
    band: Option<Band<'_>>,
    team: Team,
) -> Function {
    let layout = Layout::new(kernel, 1, band);
    let rank = layout.axes.len();
    let count = layout.numel(rank);
    let mut w = Writer::new(kernel, layout, team);
    let (table, index) = (kernel.stores.len(), kernel.stores.len() + 1);
    let units = w.threads(count, 0, |w| {
        w.unflatten("i", 0..rank);
        let spot = Spot::shared(rank);
        let found = w.element(index, &spot);
        w.line(format!("let found = {};", row(&found, rows)));
        let (buffer, start) = (w.buffer(table), w.address(table, &spot));
        w.line(format!("let value = {buffer}[{start} + found * {stride}u];"));
        for store in 0..kernel.stores.len() {
            w.store(store, &spot, "value");
        }
    });
    w.finish(units)
}

/// Sums of rows by their index: a thread an element of the result, items in order.
///
/// `strides` are those from item to item of the values and of the index.
pub(super) fn scatter(kernel: &Kernel, count: usize, strides: [usize; 2], team: Team) -> Function {
    let layout = Layout::new(kernel, 2, None);
    let (rows, results) = (layout.axes[0], layout.numel(2));
    let mut w = Writer::new(kernel, layout, team);
    let operands = [kernel.stores.len(), kernel.stores.len() + 1];
    let units = w.threads(results, count, |w| {
        w.unflatten("i", 0..2);
        let spot = Spot::shared(2);
        w.line("var acc = 0.0f;");
        w.repeat(format!("for (var item = 0u; item < {count}u; item++)"), count, |w| {
            let mut both = operands.iter().zip(strides).map(|(&operand, stride)| {
                let (buffer, start) = (w.buffer(operand), w.address(operand, &spot));
                format!("{buffer}[{start} + item * {stride}u]")
            });
            let (value, index) = (both.next(), both.next());
            let (value, index) = (value.unwrap_or_default(), index.unwrap_or_default());
            drop(both);
            w.block(format!("if ({} == c0)", row(&index, rows)), |w| {
                w.line(format!("acc += {value};"));
            });
        });
        for store in 0..kernel.stores.len() {
            w.store(store, &spot, "acc");
        }
    });
    w.finish(units)
}

/// A whole number as the row of a table, clamped into it.
fn row(index: &str, rows: usize) -> String {
    format!("min(u32(max({index}, 0.0f)), {}u)", rows - 1)
}
