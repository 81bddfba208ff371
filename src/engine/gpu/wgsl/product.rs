//! Matrix products of any size: a thread computes a block of results straight from memory.
//!
//! Neighbouring threads take neighbouring columns, so that they read neighbouring words of the right
//! operand and the same word of the left one. Where there are fewer blocks than threads, several
//! threads share a block, each a part of the summed axis.
use super::{
    super::super::kernel::{Body, Kernel},
    Style, Team,
    writer::{Band, Function, Layout, Spot, Writer},
};

/// Threads that keep a device busy; below, blocks are shared.
const BUSY: usize = 16_384;

/// Fewest elements of the summed axis for a thread that shares a block.
const LEAST_DEPTH: usize = 16;

/// Steps along the summed axis that are written out.
const UNROLLED: usize = 2;

/// A product under a layout `[batch.., rows.., n]`, the right operand being the same for all rows.
struct Product<'k> {
    w: Writer<'k>,
    /// Number of axes of the batch.
    outer: usize,
    batch: usize,
    rows: usize,
    n: usize,
    k: usize,
    block_m: usize,
    block_n: usize,
    /// Threads that share a block.
    deep: usize,
    /// Strides of both operands along k.
    strides_k: [usize; 2],
}

/// Writes the function of a kernel that is a product.
pub(super) fn write(kernel: &Kernel, band: Option<Band<'_>>, team: Team) -> Function {
    Product::new(kernel, band, team).write()
}

impl<'k> Product<'k> {
    fn new(kernel: &'k Kernel, band: Option<Band<'_>>, team: Team) -> Self {
        let rank = kernel.domain.len();
        let Body::MatMul { k, a, b } = &kernel.body else {
            unreachable!("only products come here")
        };
        let right = kernel.loads.len() + kernel.stores.len() + 1;
        let layout = Layout::new(kernel, 1, band);
        let last = layout.axes.len() - 1;
        let shared = (0..last).rev().take_while(|&axis| layout.stride(right, axis) == 0).count();
        let outer = last - shared;
        let (batch, n) = (layout.numel(outer), layout.axes[last]);
        let rows = layout.axes[outer..last].iter().product::<usize>();
        let (most_m, most_n) = team.style.block();
        let (block_m, block_n) = (rows.min(most_m), n.min(most_n));
        let blocks = batch * rows.div_ceil(block_m) * n.div_ceil(block_n);
        let busy = match team.style {
            Style::Software => 0,
            Style::Hardware if band.is_some() => team.size,
            Style::Hardware => BUSY,
        };
        let mut deep = 1;
        while deep * 2 * blocks <= busy && deep * 2 <= team.size && k / (deep * 2) >= LEAST_DEPTH {
            deep *= 2;
        }
        Self {
            w: Writer::new(kernel, layout, team),
            outer,
            batch,
            rows,
            n,
            k: *k,
            block_m,
            block_n,
            deep,
            strides_k: [a.strides[rank - 1], b.strides[rank - 2]],
        }
    }

    fn write(mut self) -> Function {
        let (blocks_m, blocks_n) =
            (self.rows.div_ceil(self.block_m), self.n.div_ceil(self.block_n));
        let blocks = self.batch * blocks_m * blocks_n;
        // Blocks of a unit.
        let each = self.w.team.size / self.deep;
        let ragged = !blocks.is_multiple_of(each);
        if self.deep > 1 {
            // All threads meet at the barriers, those without a block too.
            self.w.line(format!("let slot = lane % {each}u;"));
            self.w.line(format!("let part = lane / {each}u;"));
            self.w.line(format!("let own = unit * {each}u + slot;"));
            self.w.line(format!("let block = min(own, {}u);", blocks - 1));
            self.block([blocks_m, blocks_n], ragged.then(|| format!("own < {blocks}u")));
        } else {
            self.w.line(format!("let block = unit * {each}u + lane;"));
            if ragged {
                self.w.open_within(&format!("block < {blocks}u"));
            } else {
                self.w.open("");
            }
            self.block([blocks_m, blocks_n], None);
            self.w.close();
        }
        self.w.finish(blocks.div_ceil(each))
    }

    /// Computes a block; `within` is a condition for storing it.
    fn block(&mut self, [blocks_m, blocks_n]: [usize; 2], within: Option<String>) {
        self.places(blocks_m, blocks_n);
        for (i, j) in self.cells() {
            self.w.line(format!("var acc{i}_{j} = 0.0f;"));
        }
        let (from, to) = if self.deep > 1 {
            let part = self.k.div_ceil(self.deep);
            self.w.line(format!("let begin = part * {part}u;"));
            self.w.line(format!("let end = min(begin + {part}u, {}u);", self.k));
            ("begin", "end".to_owned())
        } else {
            ("0u", format!("{}u", self.k))
        };
        self.sum(from, &to);
        let mut guards: Vec<String> = within.into_iter().collect();
        if self.deep > 1 {
            self.share();
            guards.push("part == 0u".to_owned());
        }
        if guards.is_empty() {
            self.epilogue(blocks_n);
        } else {
            self.w.open(format!("if ({})", guards.join(" && ")));
            self.epilogue(blocks_n);
            self.w.close();
        }
    }

    fn cells(&self) -> Vec<(usize, usize)> {
        let columns = 0..self.block_n;
        (0..self.block_m).flat_map(|i| columns.clone().map(move |j| (i, j))).collect()
    }

    /// Names the coordinates of the rows and columns of the block, and where their operands begin.
    fn places(&mut self, blocks_m: usize, blocks_n: usize) {
        let (block_m, block_n) = (self.block_m, self.block_n);
        let left = self.w.kernel.loads.len() + self.w.kernel.stores.len();
        let w = &mut self.w;
        w.line(format!("let tn = block % {blocks_n}u;"));
        w.line(format!("let tm = block / {blocks_n}u % {blocks_m}u;"));
        w.line(format!("let z = block / {}u;", blocks_m * blocks_n));
        w.unflatten("z", 0..self.outer);
        for i in 0..block_m {
            self.row(&i.to_string(), &format!("tm * {block_m}u + {i}u"));
        }
        for j in 0..block_n {
            self.column(&j.to_string(), &format!("tn + {}u", j * blocks_n));
        }
        for i in 0..block_m {
            let address = self.w.address(left, &self.spot(&i.to_string(), "0"));
            self.w.line(format!("let pa{i} = {address};"));
        }
        for j in 0..block_n {
            let address = self.w.address(left + 1, &self.spot("0", &j.to_string()));
            self.w.line(format!("let pb{j} = {address};"));
        }
    }

    /// Names the coordinates of a row, the last row for all beyond it.
    fn row(&mut self, name: &str, at: &str) {
        let last = self.w.layout.axes.len() - 1;
        let lengths = self.w.layout.axes[self.outer..last].to_vec();
        self.w.line(format!("let m{name} = min({at}, {}u);", self.rows - 1));
        let mut below = 1;
        for (axis, &length) in lengths.iter().enumerate().rev() {
            let mut coord = format!("m{name}");
            if below > 1 {
                coord = format!("{coord} / {below}u");
            }
            if axis > 0 {
                coord = format!("({coord}) % {length}u");
            }
            self.w.line(format!("let m{name}_{axis} = {coord};"));
            below *= length;
        }
    }

    /// Names a column, the last one for all beyond it.
    fn column(&mut self, name: &str, at: &str) {
        self.w.line(format!("let n{name} = min({at}, {}u);", self.n - 1));
    }

    /// The place of a result.
    fn spot(&self, row: &str, column: &str) -> Spot {
        let axes = self.w.layout.axes.len() - 1 - self.outer;
        let rows = (0..axes).fold(Spot::shared(self.outer), |spot, axis| {
            spot.and(&format!("m{row}_{axis}"), &format!("_m{row}"))
        });
        rows.and(&format!("n{column}"), &format!("_n{column}"))
    }

    /// Adds the products along a part of the summed axis.
    fn sum(&mut self, from: &str, to: &str) {
        if self.deep == 1 && self.k < 2 * UNROLLED {
            for x in 0..self.k {
                self.w.open("");
                self.add(&format!("{x}u"));
                self.w.close();
            }
            return;
        }
        let even = if self.deep > 1 { self.k.div_ceil(self.deep) } else { self.k };
        let exact = self.k.is_multiple_of(even) && even.is_multiple_of(UNROLLED);
        self.w.line(format!("var x = {from};"));
        let head = format!("for (; x + {}u < {to}; x += {UNROLLED}u)", UNROLLED - 1);
        self.w.open_loop(head, even / UNROLLED);
        for step in 0..UNROLLED {
            self.w.open("");
            self.add(&format!("(x + {step}u)"));
            self.w.close();
        }
        self.w.close();
        if !exact {
            self.w.open_loop(format!("for (; x < {to}; x++)"), UNROLLED - 1);
            self.add("x");
            self.w.close();
        }
    }

    fn add(&mut self, x: &str) {
        let left = self.w.kernel.loads.len() + self.w.kernel.stores.len();
        let operands = [("a", self.block_m, left), ("b", self.block_n, left + 1)];
        for ((name, count, operand), stride) in operands.into_iter().zip(self.strides_k) {
            let buffer = self.w.buffer(operand);
            for i in 0..count {
                let place = if stride == 1 { x.to_owned() } else { format!("{x} * {stride}u") };
                self.w.line(format!("let {name}{i} = {buffer}[p{name}{i} + {place}];"));
            }
        }
        for (i, j) in self.cells() {
            self.w.line(format!("acc{i}_{j} += a{i} * b{j};"));
        }
    }

    /// Adds up what the threads of a block have, a row of the block at a time.
    fn share(&mut self) {
        let (size, deep, columns) = (self.w.team.size, self.deep, self.block_n);
        let each = size / deep;
        let base = self.w.allocate(columns * size);
        let w = &mut self.w;
        for i in 0..self.block_m {
            if i > 0 {
                w.line("workgroupBarrier();");
            }
            for j in 0..columns {
                w.line(format!("memory[lane + {}u] = acc{i}_{j};", base + j * size));
            }
            w.line("workgroupBarrier();");
            w.block("if (part == 0u)", |w| {
                let head = format!("for (var other = 1u; other < {deep}u; other++)");
                w.repeat(head, deep - 1, |w| {
                    for j in 0..columns {
                        let word = format!("memory[slot + other * {each}u + {}u]", base + j * size);
                        w.line(format!("acc{i}_{j} += {word};"));
                    }
                });
            });
        }
    }

    /// Runs the code on the results and stores them. The text of the code stands there once, however
    /// many results a block has: they go through an array.
    fn epilogue(&mut self, blocks_n: usize) {
        let cells: Vec<String> = self.cells().iter().map(|(i, j)| format!("acc{i}_{j}")).collect();
        let (count, block_m, block_n) = (cells.len(), self.block_m, self.block_n);
        self.w.line(format!("var cells = array<f32, {count}>({});", cells.join(", ")));
        self.w.open_loop(format!("for (var cell = 0u; cell < {count}u; cell++)"), count);
        self.w.line(format!("let at_m = tm * {block_m}u + cell / {block_n}u;"));
        self.w.line(format!("let at_n = tn + cell % {block_n}u * {blocks_n}u;"));
        self.row("c", "at_m");
        self.column("c", "at_n");
        let spot = Spot { product: "cells[cell]".to_owned(), ..self.spot("c", "c") };
        let w = &mut self.w;
        let stores = &w.kernel.stores;
        let values: Vec<String> = stores.iter().map(|s| w.value(s.reg, &spot)).collect();
        let mut guards = Vec::new();
        if !self.rows.is_multiple_of(block_m) {
            guards.push(format!("at_m < {}u", self.rows));
        }
        if !self.n.is_multiple_of(block_n) {
            guards.push(format!("at_n < {}u", self.n));
        }
        w.open(if guards.is_empty() {
            String::new()
        } else {
            format!("if ({})", guards.join(" && "))
        });
        for (store, value) in values.iter().enumerate() {
            w.store(store, &spot, value);
        }
        w.close();
        w.close();
    }
}
