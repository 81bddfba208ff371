//! Reductions along the second last axis.
use super::{
    super::super::{
        kernel::{Kernel, Reg},
        op::Reduction,
    },
    Style, Team, ops,
    writer::{Band, Function, Layout, Spot, Tree, Writer},
};

/// From this length on, and up to this many results, the threads of a workgroup share a column.
const LONG: usize = 32;
const FEW: usize = 16_384;

/// Results that neighbouring threads compute side by side where they share columns, at most.
const WIDE: usize = 16;

/// Writes the function.
pub(super) fn write(
    kernel: &Kernel,
    (how, reg): (Reduction, Reg),
    band: Option<Band<'_>>,
    team: Team,
) -> Function {
    let layout = Layout::new(kernel, 2, band);
    let rank = layout.axes.len();
    let (length, inner) = (layout.axes[rank - 2], layout.axes[rank - 1]);
    let results = layout.numel(rank - 2) * inner;
    let deep = deep(length, results, team);
    let wide = team.size / deep;
    let mut w = Writer::new(kernel, layout, team);
    w.line(format!("let at_result = lane % {wide}u;"));
    w.line(format!("let result = unit * {wide}u + at_result;"));
    w.line(format!("let i = min(result, {}u);", results - 1));
    w.line(format!("let n = i % {inner}u;"));
    w.line(format!("let row = i / {inner}u;"));
    w.unflatten("row", 0..rank - 2);
    w.line(format!("var acc = {};", ops::identity(how)));
    let spot = Spot::shared(rank - 2).and("x", "_x").and("n", "");
    let head = format!("for (var x = lane / {wide}u; x < {length}u; x += {deep}u)");
    w.repeat(head, length.div_ceil(deep), |w| {
        let value = w.value(reg, &spot);
        w.line(format!("acc = {};", ops::combine(how, "acc", &value)));
    });
    let mut guard = format!("if (result < {results}u)");
    let mut total = "acc".to_owned();
    if deep > 1 {
        total = w.combine(how, "acc", Tree { keep: wide, slot: "lane", at: "at_result" });
        guard = format!("if (result < {results}u && lane < {wide}u)");
    }
    w.block(guard, |w| {
        for store in 0..kernel.stores.len() {
            w.store(store, &Spot::shared(rank - 2).and("0u", "").and("n", ""), &total);
        }
    });
    w.finish(results.div_ceil(wide))
}

/// How many threads share a column, unless there are results enough to keep a device busy.
fn deep(length: usize, results: usize, team: Team) -> usize {
    if length < LONG || results > FEW || team.style == Style::Software {
        return 1;
    }
    let wide = results.next_power_of_two().min(WIDE);
    (length / 4).next_power_of_two().min(team.size / wide).max(1)
}
