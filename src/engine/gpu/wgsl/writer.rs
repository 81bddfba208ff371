//! Writing a kernel's code: coordinates, loads, names of values.
use super::{
    super::super::{
        kernel::{Body, Inst, Kernel, Reg, Space},
        op::Reduction,
        shape,
    },
    MAX_GROUPS, grid, ops,
};
use std::{collections::BTreeSet, fmt::Write};

/// The axes that a shader walks: those of the domain, with unit axes dropped and axes merged that every
/// operand walks evenly.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Lengths, outermost first.
    pub(super) axes: Vec<usize>,
    /// Strides along the axes of every operand, in the order of their offsets.
    pub(super) strides: Vec<Vec<usize>>,
    /// Which axis each axis of the domain has become, if it has not been dropped.
    axis_of: Vec<Option<usize>>,
}

impl Layout {
    /// Merges axes of the domain but the last `tail`, which stay as they are.
    ///
    /// `strides` are those of every operand along the axes of the domain.
    pub(super) fn new(kernel: &Kernel, strides: &[Vec<usize>], tail: usize) -> Self {
        let rank = kernel.domain.len();
        let outer = rank - tail.min(rank);
        let indexed = |axis: usize| kernel.code.contains(&Inst::Index(axis));
        let mut layout = Self {
            axes: Vec::new(),
            strides: vec![Vec::new(); strides.len()],
            axis_of: vec![None; rank],
        };
        // Whether the axis before may take in the next.
        let mut open = false;
        for (axis, &length) in kernel.domain.iter().enumerate() {
            if axis < outer && length == 1 {
                continue;
            }
            let even = |(s, merged): (&Vec<usize>, &Vec<usize>)| {
                merged.last().is_some_and(|&before| before == s[axis] * length)
            };
            let merges = open && axis < outer && !indexed(axis);
            if merges && strides.iter().zip(&layout.strides).all(even) {
                if let Some(last) = layout.axes.last_mut() {
                    *last *= length;
                }
                for (merged, s) in layout.strides.iter_mut().zip(strides) {
                    merged.pop();
                    merged.push(s[axis]);
                }
            } else {
                layout.axes.push(length);
                for (merged, s) in layout.strides.iter_mut().zip(strides) {
                    merged.push(s[axis]);
                }
            }
            open = !indexed(axis);
            layout.axis_of[axis] = Some(layout.axes.len() - 1);
        }
        layout
    }

    /// As [`Self::new`], for kernels whose operands all walk the domain.
    pub(super) fn of(kernel: &Kernel, tail: usize) -> Self {
        let rank = kernel.domain.len();
        let walk = |s: &Vec<usize>| (0..rank).map(|i| s.get(i).copied().unwrap_or(0)).collect();
        let strides: Vec<Vec<usize>> = kernel.views().map(|v| walk(&v.strides)).collect();
        Self::new(kernel, &strides, tail)
    }

    /// Adds an axis of length one before the last `tail` axes.
    pub(super) fn add_unit_axis(&mut self, tail: usize) {
        let at = self.axes.len() - tail;
        self.axes.insert(at, 1);
        for strides in &mut self.strides {
            strides.insert(at, 0);
        }
        for axis in self.axis_of.iter_mut().flatten() {
            *axis += usize::from(*axis >= at);
        }
    }

    /// Elements of the first `count` axes.
    pub(super) fn numel(&self, count: usize) -> usize {
        self.axes[..count].iter().product()
    }
}

/// A place in the domain: an expression for the coordinate along each axis of the layout, and a tag for
/// each that tells names of values at different places apart.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) coords: Vec<String>,
    pub(super) tags: Vec<String>,
    /// The product at this place, for [`Inst::Product`].
    pub(super) product: String,
}

impl Spot {
    /// Coordinates `c0`, `c1`, .. that all values share.
    pub(super) fn shared(count: usize) -> Self {
        Self {
            coords: (0..count).map(|i| format!("c{i}")).collect(),
            tags: vec![String::new(); count],
            product: String::new(),
        }
    }

    /// The same place further in: one more axis.
    pub(super) fn and(&self, coord: &str, tag: &str) -> Self {
        let mut spot = self.clone();
        spot.coords.push(coord.to_owned());
        spot.tags.push(tag.to_owned());
        spot
    }
}

/// A shader being written.
pub(super) struct Writer<'k> {
    pub(super) kernel: &'k Kernel,
    pub(super) layout: Layout,
    text: String,
    indent: usize,
    /// Values that have a name here.
    named: BTreeSet<String>,
    /// For each register, on which axes of the layout it depends.
    depends: Vec<Vec<bool>>,
    /// Declarations outside the main function.
    shared: String,
}

impl<'k> Writer<'k> {
    pub(super) fn new(kernel: &'k Kernel, layout: Layout) -> Self {
        let depends = dependence(kernel, &layout);
        let (text, named, shared) = (String::new(), BTreeSet::new(), String::new());
        Self { kernel, layout, text, indent: 1, named, depends, shared }
    }

    /// Writes a line.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        for _ in 0..self.indent {
            self.text.push_str("    ");
        }
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    /// Writes a block; what is named in it is forgotten at its end.
    pub(super) fn block(&mut self, head: impl AsRef<str>, inside: impl FnOnce(&mut Self)) {
        self.line(format!("{} {{", head.as_ref()));
        let named = self.named.clone();
        self.indent += 1;
        inside(self);
        self.indent -= 1;
        self.named = named;
        self.line("}");
    }

    /// Declares memory of the workgroup.
    pub(super) fn declare(&mut self, name: &str, element: &str, length: usize) {
        let _ = writeln!(self.shared, "var<workgroup> {name}: array<{element}, {length}>;");
    }

    /// Whether a register depends on an axis of the layout.
    pub(super) fn depends(&self, reg: Reg, axis: usize) -> bool {
        self.depends[reg].get(axis).copied().unwrap_or(false)
    }

    /// Gives the coordinates along the axes in `range` their names, from a flat index.
    pub(super) fn unflatten(&mut self, flat: &str, range: std::ops::Range<usize>) {
        let axes = self.layout.axes[range.clone()].to_vec();
        let strides = shape::strides(&axes);
        for (i, axis) in range.enumerate() {
            let mut expression = flat.to_owned();
            if strides[i] > 1 {
                expression = format!("{expression} / {}u", strides[i]);
            }
            if i > 0 {
                expression = format!("({expression}) % {}u", axes[i]);
            }
            self.line(format!("let c{axis} = {expression};"));
        }
    }

    /// The element of an operand at a place.
    pub(super) fn element(&self, operand: usize, spot: &Spot) -> String {
        format!("{}[{}]", self.buffer(operand), self.address(operand, spot))
    }

    /// The buffer an operand lives in.
    pub(super) fn buffer(&self, operand: usize) -> &'static str {
        match self.kernel.views().nth(operand).map(|view| view.space) {
            Some(Space::State) => "state",
            Some(Space::Arena) | None => "arena",
        }
    }

    /// Where an operand is at a place, in words; axes without a coordinate do not count.
    pub(super) fn address(&self, operand: usize, spot: &Spot) -> String {
        let mut sum = offset(operand);
        for (coord, &stride) in spot.coords.iter().zip(&self.layout.strides[operand]) {
            match stride {
                0 => {}
                1 => sum.extend([" + ", coord]),
                _ => sum.extend([" + ", coord, " * ", &stride.to_string(), "u"]),
            }
        }
        sum
    }

    /// Row-major number of the place in the domain.
    fn flat(&self, spot: &Spot) -> String {
        let strides = shape::strides(&self.layout.axes);
        let terms: Vec<String> = (spot.coords.iter().zip(&strides))
            .map(|(coord, stride)| format!("{coord} * {stride}u"))
            .collect();
        if terms.is_empty() { "0u".to_owned() } else { terms.join(" + ") }
    }

    /// What a register is called at a place.
    pub(super) fn name(&self, reg: Reg, spot: &Spot) -> String {
        let mut name = format!("r{reg}");
        for (axis, tag) in spot.tags.iter().enumerate() {
            if self.depends(reg, axis) {
                name += tag;
            }
        }
        name
    }

    /// Names a value that has been computed by other means.
    pub(super) fn define(&mut self, reg: Reg, spot: &Spot, expression: &str) {
        let name = self.name(reg, spot);
        self.line(format!("let {name} = {expression};"));
        self.named.insert(name);
    }

    /// The value of a register at a place; writes what is needed for it.
    pub(super) fn value(&mut self, reg: Reg, spot: &Spot) -> String {
        let inst = self.kernel.code[reg];
        let name = self.name(reg, spot);
        if self.named.contains(&name) {
            return name;
        }
        let expression = match inst {
            Inst::Const(x) => return ops::literal(x),
            Inst::Load(i) => self.element(i, spot),
            Inst::Index(axis) => match self.layout.axis_of[axis] {
                Some(axis) => format!("f32({})", spot.coords[axis]),
                None => "0.0f".to_owned(),
            },
            Inst::Uniform(stream) => format!("random({}, {stream}u)", self.flat(spot)),
            Inst::Product => spot.product.clone(),
            Inst::Unary(op, x) => ops::unary(op, &self.value(x, spot)),
            Inst::Binary(op, x, y) => {
                let (x, y) = (self.value(x, spot), self.value(y, spot));
                ops::binary(op, &x, &y)
            }
            Inst::Select(c, x, y) => {
                let [c, x, y] = [c, x, y].map(|reg| self.value(reg, spot));
                format!("select({y}, {x}, {c} != 0.0f)")
            }
            Inst::Reduce(..) => return name,
        };
        self.define(reg, spot, &expression);
        name
    }

    /// Stores a value through a store of the kernel.
    pub(super) fn store(&mut self, store: usize, spot: &Spot, value: &str) {
        let to = self.element(self.kernel.loads.len() + store, spot);
        self.line(format!("{to} = {value};"));
    }

    /// Writes `let i`, the number of this thread among all, and leaves the kernel beyond `count`.
    pub(super) fn thread(&mut self, count: usize, size: usize) -> usize {
        let groups = count.div_ceil(size);
        self.group(groups);
        self.line(format!("let i = group * {size}u + lane;"));
        if !count.is_multiple_of(size) || groups > MAX_GROUPS {
            self.line(format!("if (i >= {count}u) {{ return; }}"));
        }
        groups
    }

    /// Writes `let group`, the number of this workgroup, and leaves the kernel beyond `groups`.
    pub(super) fn group(&mut self, groups: usize) {
        let [x, y] = grid(groups);
        if y == 1 {
            self.line("let group = wid.x;");
        } else {
            self.line(format!("let group = wid.y * {x}u + wid.x;"));
            self.line(format!("if (group >= {groups}u) {{ return; }}"));
        }
    }

    /// Combines `acc` of all threads of a workgroup of `size`, down to `keep` results; writes the
    /// result for lane `at` under a new name.
    ///
    /// Needs workgroup memory `name` of `size` elements; the caller puts a barrier before it is used again.
    pub(super) fn combine(
        &mut self,
        how: Reduction,
        name: &str,
        acc: &str,
        tree: Tree<'_>,
    ) -> String {
        let Tree { size, keep, at } = tree;
        self.line(format!("{name}[lane] = {acc};"));
        self.line("workgroupBarrier();");
        let mut count = size;
        while count > 8 * keep {
            let next = (count / 8).max(keep);
            let (ways, each) = (count / next, next);
            self.block(format!("if (lane < {each}u)"), |w| {
                w.line(format!("var t = {name}[lane];"));
                for way in 1..ways {
                    let other = format!("{name}[lane + {}u]", way * each);
                    w.line(format!("t = {};", ops::combine(how, "t", &other)));
                }
                w.line(format!("{name}[lane] = t;"));
            });
            self.line("workgroupBarrier();");
            count = next;
        }
        let result = format!("{name}_all");
        self.line(format!("var {result} = {name}[{at}];"));
        for way in 1..count / keep {
            let other = format!("{name}[{at} + {}u]", way * keep);
            self.line(format!("{result} = {};", ops::combine(how, &result, &other)));
        }
        result
    }

    /// The whole text.
    pub(super) fn finish(self, size: usize) -> String {
        let views = self.kernel.views().count();
        let words = (super::SPECIALS.len() + views).div_ceil(4);
        let mut offsets = String::new();
        for i in 0..views {
            let word = super::SPECIALS.len() + i;
            let _ = writeln!(
                offsets,
                "    let {} = params.v[{}].{};",
                offset(i),
                word / 4,
                component(word)
            );
        }
        self.frame(size, words, &offsets)
    }

    /// The whole text of a kernel in several parts, each with its own offsets; see `super::Parts`.
    ///
    /// The code finds `first` (the first workgroup of its part) and `count` (its elements) defined.
    pub(super) fn finish_parts(self, size: usize, parts: usize) -> String {
        let views = self.kernel.views().count();
        let each = super::part_words(views) / 4;
        let first = super::SPECIALS.len() / 4;
        let mut head = format!(
            "    var part = 0u;\n    \
             while (part + 1u < {parts}u && wid.x >= params.v[{first}u + (part + 1u) * {each}u].x) {{ part++; }}\n    \
             let base = {first}u + part * {each}u;\n    \
             let first = params.v[base].x;\n    \
             let count = params.v[base].y;\n"
        );
        for i in 0..views {
            let word = super::PART_HEAD + i;
            let _ = writeln!(
                head,
                "    let {} = params.v[base + {}u].{};",
                offset(i),
                word / 4,
                component(word)
            );
        }
        self.frame(size, first + parts * each, &head)
    }

    /// Declarations, functions, and the main function with `head` before the code.
    fn frame(self, size: usize, words: usize, head: &str) -> String {
        let mut out = format!(
            "struct Params {{ v: array<vec4<u32>, {words}> }}\n\
             @group(0) @binding(0) var<storage, read_write> state: array<f32>;\n\
             @group(0) @binding(1) var<storage, read_write> arena: array<f32>;\n\
             @group(0) @binding(2) var<uniform> params: Params;\n"
        );
        out += &self.shared;
        for (call, function) in ops::FUNCTIONS {
            if self.text.contains(call) {
                out += function;
            }
        }
        let _ = write!(out, "@compute @workgroup_size({size})\nfn main(");
        out += "@builtin(workgroup_id) wid: vec3<u32>, ";
        out += "@builtin(local_invocation_index) lane: u32) {\n";
        out + head + &self.text + "}\n"
    }
}

/// Which component of its vector a word is.
fn component(word: usize) -> &'static str {
    ["x", "y", "z", "w"][word % 4]
}

/// How far a workgroup's results are combined; see [`Writer::combine`].
#[derive(Clone, Copy)]
pub(super) struct Tree<'a> {
    /// Threads of the workgroup, a power of two.
    pub(super) size: usize,
    /// Results that are left, a power of two.
    pub(super) keep: usize,
    /// Which of them is wanted.
    pub(super) at: &'a str,
}

/// What the offset of an operand is called.
pub(super) fn offset(operand: usize) -> String {
    format!("o{operand}")
}

/// For each register, on which axes of the layout it depends.
fn dependence(kernel: &Kernel, layout: &Layout) -> Vec<Vec<bool>> {
    let rank = layout.axes.len();
    let mut depends: Vec<Vec<bool>> = Vec::with_capacity(kernel.code.len());
    for &inst in &kernel.code {
        let mut own = vec![false; rank];
        match inst {
            Inst::Load(i) => {
                own = layout.strides[i].iter().map(|&s| s > 0).collect();
            }
            Inst::Index(axis) => {
                if let Some(axis) = layout.axis_of[axis] {
                    own[axis] = true;
                }
            }
            Inst::Uniform(_) | Inst::Product => own = vec![true; rank],
            Inst::Const(_)
            | Inst::Unary(..)
            | Inst::Binary(..)
            | Inst::Select(..)
            | Inst::Reduce(..) => {}
        }
        for operand in ops::operands(inst) {
            for (mine, &theirs) in own.iter_mut().zip(&depends[operand]) {
                *mine |= theirs;
            }
        }
        if let (Inst::Reduce(..), Body::Rows, Some(last)) = (inst, &kernel.body, own.last_mut()) {
            *last = false;
        }
        depends.push(own);
    }
    depends
}
