//! Matrix products: tiles in workgroup memory, blocks in registers, the code run on the results.
use super::{
    super::super::{
        kernel::{Kernel, View},
        op::Reduction,
    },
    columns,
    writer::{Layout, Spot, Tree, Writer},
};

/// Elements of a block along n: one vector.
const BLOCK_N: usize = 4;

/// Text and number of workgroups.
pub(super) fn write(kernel: &Kernel, k: usize, a: &View, b: &View) -> (String, usize) {
    let product = Product::new(kernel, k, a, b);
    if product.n < 8 || product.m < 4 { product.dots() } else { product.tiles() }
}

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
}

/// How a product is divided: threads along n and m, elements of a thread along m, depth of a tile.
#[derive(Clone, Copy)]
struct Tile {
    threads_n: usize,
    threads_m: usize,
    block_m: usize,
    depth: usize,
}

/// One operand's part of a tile.
struct Part {
    memory: &'static str,
    operand: usize,
    stride_k: usize,
    /// Axis of the layout along which the part is wide, its length, and the width.
    axis: usize,
    length: usize,
    wide: usize,
    /// Elements of the widest vector along that axis: one or four.
    vector: usize,
    /// First element, an expression.
    start: &'static str,
}

impl<'k> Product<'k> {
    fn new(kernel: &'k Kernel, k: usize, a: &View, b: &View) -> Self {
        let rank = kernel.domain.len();
        let operands = kernel.loads.len() + kernel.stores.len();
        let others = kernel.loads.iter().chain(kernel.stores.iter().map(|store| &store.view));
        let mut strides: Vec<Vec<usize>> = others.map(|view| view.strides.clone()).collect();
        let (mut walk_a, mut walk_b) = (a.strides.clone(), b.strides.clone());
        walk_a[rank - 1] = 0;
        walk_b[rank - 2] = 0;
        strides.extend([walk_a, walk_b]);
        // Where the right operand is the same for all of a batch, batch and rows become one axis.
        let mut layout = Layout::new(kernel, &strides, 1);
        let count = layout.axes.len();
        if count < 2 || layout.strides[operands + 1][count - 2] != 0 {
            layout.add_unit_axis(1);
        }
        let count = layout.axes.len();
        Self {
            batch: layout.numel(count - 2),
            m: layout.axes[count - 2],
            n: layout.axes[count - 1],
            k,
            a: (operands, a.strides[rank - 1]),
            b: (operands + 1, b.strides[rank - 2]),
            w: Writer::new(kernel, layout),
        }
    }

    /// Axes before m and n.
    fn outer(&self) -> usize {
        self.w.layout.axes.len() - 2
    }

    /// For products narrow in one direction: sums of a result each, the threads of a workgroup sharing long ones.
    fn dots(mut self) -> (String, usize) {
        let (k, outer) = (self.k, self.outer());
        let results = self.batch * self.m * self.n;
        let (size, wide) = columns::share(k, results);
        let deep = size / wide;
        let groups = results.div_ceil(wide);
        let w = &mut self.w;
        w.group(groups);
        w.line(format!("let at = lane % {wide}u;"));
        w.line(format!("let result = group * {wide}u + at;"));
        w.line(format!("let i = min(result, {}u);", results - 1));
        w.unflatten("i", 0..outer + 2);
        let spot = Spot::shared(outer + 2);
        let [a, b] = [self.a, self.b].map(|(operand, stride)| {
            format!("{}[{} + x * {stride}u]", w.buffer(operand), w.address(operand, &spot))
        });
        w.line("var acc = 0.0f;");
        w.block(format!("for (var x = lane / {wide}u; x < {k}u; x += {deep}u)"), |w| {
            w.line(format!("acc += {a} * {b};"));
        });
        let mut total = "acc".to_owned();
        let mut guard = format!("if (result < {results}u)");
        if deep > 1 {
            w.declare("sums", "f32", size);
            total = w.combine(Reduction::Sum, "sums", "acc", Tree { size, keep: wide, at: "at" });
            guard = format!("if (result < {results}u && lane < {wide}u)");
        }
        w.block(guard, |w| {
            let spot = Spot { product: total, ..spot };
            let stores = &w.kernel.stores;
            let values: Vec<String> = stores.iter().map(|s| w.value(s.reg, &spot)).collect();
            for (store, value) in values.iter().enumerate() {
                w.store(store, &spot, value);
            }
        });
        (self.w.finish(size), groups)
    }

    fn tiles(mut self) -> (String, usize) {
        let tile = self.choose();
        let outer = self.outer();
        let (wide_n, wide_m) = (tile.threads_n * BLOCK_N, tile.threads_m * tile.block_m);
        let (tiles_n, tiles_m) = (self.n.div_ceil(wide_n), self.m.div_ceil(wide_m));
        let groups = self.batch * tiles_m * tiles_n;
        let size = tile.threads_n * tile.threads_m;
        let w = &mut self.w;
        w.group(groups);
        w.line(format!("let tile_n = group % {tiles_n}u * {wide_n}u;"));
        w.line(format!("let tile_m = group / {tiles_n}u % {tiles_m}u * {wide_m}u;"));
        w.line(format!("let z = group / {}u;", tiles_n * tiles_m));
        w.unflatten("z", 0..outer);
        w.line(format!("let tx = lane % {}u;", tile.threads_n));
        w.line(format!("let ty = lane / {}u;", tile.threads_n));
        let batch = Spot::shared(outer);
        for (name, (operand, _)) in [("base_a", self.a), ("base_b", self.b)] {
            let address = w.address(operand, &batch);
            w.line(format!("let {name} = {address};"));
        }
        for i in 0..tile.block_m {
            w.line(format!("var acc{i} = vec4<f32>();"));
        }
        let a = Part {
            memory: "part_a",
            operand: self.a.0,
            stride_k: self.a.1,
            axis: outer,
            length: self.m,
            wide: wide_m,
            vector: if tile.block_m == 4 { 4 } else { 1 },
            start: "tile_m",
        };
        let b = Part {
            memory: "part_b",
            operand: self.b.0,
            stride_k: self.b.1,
            axis: outer + 1,
            length: self.n,
            wide: wide_n,
            vector: 4,
            start: "tile_n",
        };
        let k = self.k;
        w.block(format!("for (var k0 = 0u; k0 < {k}u; k0 += {}u)", tile.depth), |w| {
            fill(w, &a, "base_a", tile, k);
            fill(w, &b, "base_b", tile, k);
            w.line("workgroupBarrier();");
            w.block(format!("for (var x = 0u; x < {}u; x++)", tile.depth), |w| {
                multiply(w, &a, &b, tile);
            });
            w.line("workgroupBarrier();");
        });
        self.epilogue(tile);
        (self.w.finish(size), groups)
    }

    /// Big tiles where they fill the device, else smaller ones.
    fn choose(&self) -> Tile {
        let depth = self.k.next_power_of_two().min(16);
        let tiles = |m: usize, n: usize| self.batch * self.m.div_ceil(m) * self.n.div_ceil(n);
        let (threads_n, threads_m, block_m) = if self.n <= 16 {
            (4, 16, if tiles(64, 16) >= 64 { 4 } else { 1 })
        } else if self.m >= 48 && self.n >= 48 && tiles(64, 64) >= 64 {
            (16, 16, 4)
        } else if self.m >= 16 && tiles(32, 32) >= 16 {
            (8, 8, 4)
        } else {
            (8, 8, 1)
        };
        Tile { threads_n, threads_m, block_m, depth }
    }

    /// Runs the code on the accumulators and stores the results, a row of a block at a time.
    fn epilogue(&mut self, tile: Tile) {
        let (m, n, outer) = (self.m, self.n, self.outer());
        let (wide_n, wide_m) = (tile.threads_n * BLOCK_N, tile.threads_m * tile.block_m);
        let w = &mut self.w;
        place(w, "m", "tile_m", tile.block_m, "ty", (m, wide_m));
        place(w, "n", "tile_n", BLOCK_N, "tx", (n, wide_n));
        let batch = Spot::shared(outer);
        for i in 0..tile.block_m {
            let spots: Vec<Spot> = (0..BLOCK_N)
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
                if !m.is_multiple_of(wide_m) {
                    guards.push(format!("in_m{i}"));
                }
                if !n.is_multiple_of(wide_n) {
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
    block: usize,
    thread: &str,
    (length, wide): (usize, usize),
) {
    for i in 0..block {
        let at = format!("{start} + {thread} * {block}u + {i}u");
        if length.is_multiple_of(wide) {
            w.line(format!("let {axis}{i} = {at};"));
        } else {
            w.line(format!("let {axis}{i} = min({at}, {}u);", length - 1));
            w.line(format!("let in_{axis}{i} = {at} < {length}u;"));
        }
    }
}

/// Copies one operand's part of a tile into workgroup memory: `[depth, wide]`, in vectors.
fn fill(w: &mut Writer<'_>, part: &Part, base: &str, tile: Tile, k: usize) {
    let size = tile.threads_n * tile.threads_m;
    let across = part.wide / part.vector;
    let count = tile.depth * across;
    let element = if part.vector == 4 { "vec4<f32>" } else { "f32" };
    w.declare(part.memory, element, count);
    let stride = w.layout.strides[part.operand][part.axis];
    for step in 0..count.div_ceil(size) {
        let head = if count.is_multiple_of(size) {
            String::new()
        } else {
            format!("if (lane + {}u < {count}u)", step * size)
        };
        w.block(head, |w| {
            w.line(format!("let g = lane + {}u;", step * size));
            // Neighbouring threads read neighbouring words.
            if part.stride_k == 1 && stride != 1 {
                w.line(format!("let x = g % {}u;", tile.depth));
                w.line(format!("let y = g / {}u;", tile.depth));
            } else {
                w.line(format!("let y = g % {across}u;"));
                w.line(format!("let x = g / {across}u;"));
            }
            let ragged = !k.is_multiple_of(tile.depth);
            if ragged {
                w.line(format!("let kx = min(k0 + x, {}u);", k - 1));
            } else {
                w.line("let kx = k0 + x;");
            }
            w.line(format!("let at = {base} + kx * {}u;", part.stride_k));
            let buffer = w.buffer(part.operand);
            let mut elements = Vec::new();
            for e in 0..part.vector {
                let mut place = format!("{} + y * {}u + {e}u", part.start, part.vector);
                if !part.length.is_multiple_of(part.wide) {
                    place = format!("min({place}, {}u)", part.length - 1);
                }
                elements.push(format!("{buffer}[at + ({place}) * {stride}u]"));
            }
            let mut value = format!("{element}({})", elements.join(", "));
            if ragged {
                value = format!("select({element}(), {value}, k0 + x < {k}u)");
            }
            w.line(format!("{}[x * {across}u + y] = {value};", part.memory));
        });
    }
}

/// Adds the outer product at depth `x` of a tile to the accumulators.
fn multiply(w: &mut Writer<'_>, a: &Part, b: &Part, tile: Tile) {
    let (across_a, across_b) = (a.wide / a.vector, b.wide / b.vector);
    w.line(format!("let b = {}[x * {across_b}u + tx];", b.memory));
    if tile.block_m == 4 {
        w.line(format!("let a = {}[x * {across_a}u + ty];", a.memory));
        for (i, part) in ["x", "y", "z", "w"].iter().enumerate() {
            w.line(format!("acc{i} += a.{part} * b;"));
        }
    } else {
        w.line(format!("let a = {}[x * {across_a}u + ty];", a.memory));
        w.line("acc0 += a * b;");
    }
}
