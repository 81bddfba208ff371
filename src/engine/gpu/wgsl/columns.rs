//! Reductions along the second last axis.
use super::{
    super::super::{
        kernel::{Kernel, Reg},
        op::Reduction,
    },
    ops,
    writer::{Layout, Spot, Tree, Writer},
};

/// From this length on, and up to this many results, the threads of a workgroup share a column.
const LONG: usize = 32;
const FEW: usize = 16_384;

/// Text and number of workgroups.
pub(super) fn write(kernel: &Kernel, how: Reduction, reg: Reg) -> (String, usize) {
    let layout = Layout::of(kernel, 2);
    let rank = layout.axes.len();
    let (length, inner) = (layout.axes[rank - 2], layout.axes[rank - 1]);
    let results = layout.numel(rank - 2) * inner;
    let (size, wide) = share(length, results);
    let deep = size / wide;
    let mut w = Writer::new(kernel, layout);
    let groups = results.div_ceil(wide);
    w.group(groups);
    w.line(format!("let at = lane % {wide}u;"));
    w.line(format!("let result = group * {wide}u + at;"));
    w.line(format!("let i = min(result, {}u);", results - 1));
    w.line(format!("let n = i % {inner}u;"));
    w.line(format!("let row = i / {inner}u;"));
    w.unflatten("row", 0..rank - 2);
    w.line(format!("var acc = {};", ops::identity(how)));
    let spot = Spot::shared(rank - 2).and("x", "_x").and("n", "");
    w.block(format!("for (var x = lane / {wide}u; x < {length}u; x += {deep}u)"), |w| {
        let value = w.value(reg, &spot);
        w.line(format!("acc = {};", ops::combine(how, "acc", &value)));
    });
    let mut guard = format!("if (result < {results}u)");
    let mut total = "acc".to_owned();
    if deep > 1 {
        w.declare("sums", "f32", size);
        total = w.combine(how, "sums", "acc", Tree { size, keep: wide, at: "at" });
        guard = format!("if (result < {results}u && lane < {wide}u)");
    }
    w.block(guard, |w| {
        for store in 0..kernel.stores.len() {
            w.store(store, &Spot::shared(rank - 2).and("0u", "").and("n", ""), &total);
        }
    });
    (w.finish(size), groups)
}

/// Threads of a workgroup, and how many results it computes side by side: its threads share long
/// columns, unless there are results enough to keep a device busy.
pub(super) fn share(length: usize, results: usize) -> (usize, usize) {
    let size = if length < 256 { 64 } else { 256 };
    if length < LONG || results > FEW {
        return (64, 64);
    }
    let deep = (length / 4).next_power_of_two().clamp(1, size);
    // Neighbouring threads take neighbouring results, so that they read neighbouring words.
    let wide = (size / deep).max(results.next_power_of_two().min(size / 8).min(16));
    (size, wide)
}
