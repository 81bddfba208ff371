//! Running sums, gather and scatter-add.
use super::{
    super::super::kernel::{Kernel, Reg, View},
    writer::{Layout, Spot, Writer},
};

/// Threads of a workgroup.
const SIZE: usize = 64;

/// Running sums: a thread a row.
pub(super) fn cumsum(kernel: &Kernel, reg: Reg) -> (String, usize) {
    let layout = Layout::of(kernel, 1);
    let outer = layout.axes.len() - 1;
    let (rows, length) = (layout.numel(outer), layout.axes[outer]);
    let mut w = Writer::new(kernel, layout);
    let groups = w.thread(rows, SIZE);
    w.unflatten("i", 0..outer);
    w.line("var acc = 0.0f;");
    let spot = Spot::shared(outer).and("x", "_x");
    w.block(format!("for (var x = 0u; x < {length}u; x++)"), |w| {
        let value = w.value(reg, &spot);
        w.line(format!("acc += {value};"));
        for store in 0..kernel.stores.len() {
            w.store(store, &spot, "acc");
        }
    });
    (w.finish(SIZE), groups)
}

/// Rows of a table: a thread an element.
pub(super) fn gather(kernel: &Kernel, rows: usize, table: &View, index: &View) -> (String, usize) {
    let store = kernel.stores.iter().map(|store| store.view.strides.clone());
    let strides: Vec<Vec<usize>> = store.chain([table, index].map(|v| v.strides.clone())).collect();
    // All axes are tail: the table's strides are its own.
    let layout = Layout::new(kernel, &strides, 2);
    let count = layout.numel(2);
    let mut w = Writer::new(kernel, layout);
    let groups = w.thread(count, SIZE);
    w.unflatten("i", 0..2);
    let spot = Spot::shared(2);
    let (table, index) = (kernel.stores.len(), kernel.stores.len() + 1);
    let at = w.element(index, &spot);
    w.line(format!("let at = {};", row(&at, rows)));
    let value = w.element(table, &Spot::shared(0).and("at", "").and("c1", ""));
    w.line(format!("let value = {value};"));
    for store in 0..kernel.stores.len() {
        w.store(store, &spot, "value");
    }
    (w.finish(SIZE), groups)
}

/// Sums of rows by their index: a thread an element of the result, items in order.
pub(super) fn scatter(
    kernel: &Kernel,
    count: usize,
    values: &View,
    index: &View,
) -> (String, usize) {
    let store = kernel.stores.iter().map(|store| store.view.strides.clone());
    let strides: Vec<Vec<usize>> =
        store.chain([values, index].map(|v| v.strides.clone())).collect();
    let layout = Layout::new(kernel, &strides, 2);
    let (rows, results) = (layout.axes[0], layout.numel(2));
    let mut w = Writer::new(kernel, layout);
    let groups = w.thread(results, SIZE);
    w.unflatten("i", 0..2);
    let (values, index) = (kernel.stores.len(), kernel.stores.len() + 1);
    let item = Spot::shared(0).and("item", "").and("c1", "");
    w.line("var acc = 0.0f;");
    w.block(format!("for (var item = 0u; item < {count}u; item++)"), |w| {
        let at = w.element(index, &item);
        let value = w.element(values, &item);
        w.block(format!("if ({} == c0)", row(&at, rows)), |w| {
            w.line(format!("acc += {value};"));
        });
    });
    for store in 0..kernel.stores.len() {
        w.store(store, &Spot::shared(2), "acc");
    }
    (w.finish(SIZE), groups)
}

/// A whole number as the row of a table, clamped into it.
fn row(index: &str, rows: usize) -> String {
    format!("min(u32(max({index}, 0.0f)), {}u)", rows - 1)
}
