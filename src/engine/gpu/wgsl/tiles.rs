//! Large matrix products: tiles in workgroup memory, blocks in registers, the code run on the results.
use super::{
    super::super::kernel::{Kernel, View},
    Style, Team,
    writer::{Function, Layout, Spot, Writer},
};

/// Elements of a thread along m and along n: one vector each.
const BLOCK: usize = 4;

/// Depth of a tile.
const DEPTH: usize = 16;

/// Tiles that keep a device busy.
const BUSY: usize = 64;

/// A product `[batch, m, k] · [batch, k, n]` under a layout `[batch.., m, n]`.
struct Product<'k> {
    w: Writer<'k>,
    batch: usize,
    m: usize,
    n: usize,
    k: usize,
    /// Operands, and their strides along k.
    a: (usize, usize),
    b: (usize, usize),
    /// Threads along m and along n.
    side: usize,
}

/// One operand's part of a tile.
struct Part {
    memory: &'static str,
    operand: usize,
    stride_k: usize,
    /// Axis of the layout along which the part is wide, and its length.
    axis: usize,
    length: usize,
    /// First element, an expression.
    start: &'static str,
}

/// Writes the function.
pub(super) fn write(kernel: &Kernel, k: usize, (a, b): (&View, &View), style: Style) -> Function {
    Product::new(kernel, k, (a, b), style).tiles()
}

impl<'k> Product<'k> {
    fn new(kernel: &'k Kernel, k: usize, (a, b): (&View, &View), style: Style) -> Self {
        let rank = kernel.domain.len();
        let operands = kernel.loads.len() + kernel.stores.len();
        // Where the right operand is the same for all of a batch, batch and rows become one axis.
        let mut layout = Layout::new(kernel, 1, None);
        let count = layout.axes.len();
        if count < 2 || layout.stride(operands + 1, count - 2) != 0 {
            layout.add_unit_axis(1);
        }
        let count = layout.axes.len();
        let (batch, m, n) =
            (layout.numel(count - 2), layout.axes[count - 2], layout.axes[count - 1]);
        let many = batch * m.div_ceil(16 * BLOCK) * n.div_ceil(16 * BLOCK) >= BUSY;
        let side = if many { 16 } else { 8 };
        Self {
            batch,
            m,
            n,
            k,
            a: (operands, a.strides[rank - 1]),
            b: (operands + 1, b.strides[rank - 2]),
            w: Writer::new(kernel, layout, Team { size: side * side, style }),
            side,
        }
    }

    /// Axes before m and n.
    fn outer(&self) -> usize {
        self.w.layout.axes.len() - 2
    }

    fn tiles(mut self) -> Function {
        let (outer, side) = (self.outer(), self.side);
        let wide = side * BLOCK;
        let (tiles_n, tiles_m) = (self.n.div_ceil(wide), self.m.div_ceil(wide));
        let w = &mut self.w;
        w.line(format!("let tile_n = unit % {tiles_n}u * {wide}u;"));
        w.line(format!("let tile_m = unit / {tiles_n}u % {tiles_m}u * {wide}u;"));
        w.line(format!("let z = unit / {}u;", tiles_n * tiles_m));
        w.unflatten("z", 0..outer);
        w.line(format!("let tx = lane % {side}u;"));
        w.line(format!("let ty = lane / {side}u;"));
        let batch = Spot::shared(outer);
        for (name, (operand, _)) in [("base_a", self.a), ("base_b", self.b)] {
            let address = w.address(operand, &batch);
            w.line(format!("let {name} = {address};"));
        }
        for i in 0..BLOCK {
            w.line(format!("var acc{i} = vec4<f32>();"));
        }
        let part = |memory, (operand, stride_k), axis, length, start| Part {
            memory,
            operand,
            stride_k,
            axis,
            length,
            start,
        };
        let a = part("part_a", self.a, outer, self.m, "tile_m");
        let b = part("part_b", self.b, outer + 1, self.n, "tile_n");
        let k = self.k;
        let head = format!("for (var k0 = 0u; k0 < {k}u; k0 += {DEPTH}u)");
        w.repeat(head, k.div_ceil(DEPTH), |w| {
            fill(w, &a, "base_a", side, k);
            fill(w, &b, "base_b", side, k);
            w.line("workgroupBarrier();");
            w.repeat(format!("for (var x = 0u; x < {DEPTH}u; x++)"), DEPTH, |w| {
                w.line(format!("let a = {}[x * {side}u + ty];", a.memory));
                w.line(format!("let b = {}[x * {side}u + tx];", b.memory));
                for (i, component) in ["x", "y", "z", "w"].iter().enumerate() {
                    w.line(format!("acc{i} += a.{component} * b;"));
                }
            });
            w.line("workgroupBarrier();");
        });
        self.epilogue();
        self.w.finish(self.batch * tiles_m * tiles_n)
    }

    /// Runs the code on the accumulators and stores the results, a row of a block at a time.
    fn epilogue(&mut self) {
        let (m, n, outer, wide) = (self.m, self.n, self.outer(), self.side * BLOCK);
        let w = &mut self.w;
        place(w, "m", "tile_m", "ty", (m, wide));
        place(w, "n", "tile_n", "tx", (n, wide));
        let batch = Spot::shared(outer);
        for i in 0..BLOCK {
            let spots: Vec<Spot> = (0..BLOCK)
                .map(|j| {
                    let row = batch.and(&format!("m{i}"), &format!("_m{i}"));
                    let spot = row.and(&format!("n{j}"), &format!("_n{j}"));
                    Spot { product: format!("acc{i}.{}", ["x", "y", "z", "w"][j]), ..spot }
                })
                .collect();
            let stores = &w.kernel.stores;
            let values: Vec<Vec<String>> = spots
                .iter()
                .map(|spot| stores.iter().map(|s| w.value(s.reg, spot)).collect())
                .collect();
            for (j, (spot, values)) in spots.iter().zip(&values).enumerate() {
                let mut guards = Vec::new();
                if !m.is_multiple_of(wide) {
                    guards.push(format!("in_m{i}"));
                }
                if !n.is_multiple_of(wide) {
                    guards.push(format!("in_n{j}"));
                }
                let write = |w: &mut Writer<'_>| {
                    for (store, value) in values.iter().enumerate() {
                        w.store(store, spot, value);
                    }
                };
                if guards.is_empty() {
                    write(w);
                } else {
                    w.block(format!("if ({})", guards.join(" && ")), write);
                }
            }
        }
    }
}

/// Names the coordinates of a block along one axis, and whether they are within it.
fn place(
    w: &mut Writer<'_>,
    axis: &str,
    start: &str,
    thread: &str,
    (length, wide): (usize, usize),
) {
    for i in 0..BLOCK {
        let at = format!("{start} + {thread} * {BLOCK}u + {i}u");
        if length.is_multiple_of(wide) {
            w.line(format!("let {axis}{i} = {at};"));
        } else {
            w.line(format!("let {axis}{i} = min({at}, {}u);", length - 1));
            w.line(format!("let in_{axis}{i} = {at} < {length}u;"));
        }
    }
}

/// Copies one operand's part of a tile into workgroup memory: `[depth, wide]`, in vectors.
fn fill(w: &mut Writer<'_>, part: &Part, base: &str, side: usize, k: usize) {
    let (size, wide) = (side * side, side * BLOCK);
    let count = DEPTH * side;
    w.declare(part.memory, "vec4<f32>", count);
    let stride = w.layout.stride(part.operand, part.axis);
    for step in 0..count / size {
        w.block("", |w| {
            w.line(format!("let g = lane + {}u;", step * size));
            // Neighbouring threads read neighbouring words.
            if part.stride_k == 1 && stride != 1 {
                w.line(format!("let x = g % {DEPTH}u;"));
                w.line(format!("let y = g / {DEPTH}u;"));
            } else {
                w.line(format!("let y = g % {side}u;"));
                w.line(format!("let x = g / {side}u;"));
            }
            let ragged = !k.is_multiple_of(DEPTH);
            if ragged {
                w.line(format!("let kx = min(k0 + x, {}u);", k - 1));
            } else {
                w.line("let kx = k0 + x;");
            }
            w.line(format!("let at_k = {base} + kx * {}u;", part.stride_k));
            let buffer = w.buffer(part.operand);
            let mut elements = Vec::new();
            for e in 0..BLOCK {
                let mut place = format!("{} + y * {BLOCK}u + {e}u", part.start);
                if !part.length.is_multiple_of(wide) {
                    place = format!("min({place}, {}u)", part.length - 1);
                }
                elements.push(format!("{buffer}[at_k + ({place}) * {stride}u]"));
            }
            let mut value = format!("vec4<f32>({})", elements.join(", "));
            if ragged {
                value = format!("select(vec4<f32>(), {value}, k0 + x < {k}u)");
            }
            w.line(format!("{}[x * {side}u + y] = {value};", part.memory));
        });
    }
}
