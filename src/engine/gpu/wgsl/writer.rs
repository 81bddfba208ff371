//! Writing a kernel's code: coordinates, loads, names of values.
use super::{
    super::{
        super::{
            kernel::{Body, Inst, Kernel, Reg, Space},
            op::Reduction,
            shape,
        },
        bands::Split,
    },
    Style, Team, ops,
    turns::{Here, Turns},
};
use std::{collections::BTreeSet, fmt::Write};

/// The part of a kernel that one workgroup runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band<'a> {
    pub(super) split: Split,
    /// Bands in all.
    pub(super) bands: usize,
    /// Bands of a workgroup.
    pub(super) each: usize,
    /// For each view, words from band to band if they are not as the split has them; empty: for none.
    pub(super) pitches: &'a [Option<usize>],
}

/// How an operand, or a number that is computed from the place, moves with the axes.
#[derive(Clone, Debug)]
pub(super) struct Moves {
    /// Words along each axis.
    pub(super) strides: Vec<usize>,
    /// Words from a workgroup's bands to those of the next.
    pub(super) step: usize,
}

/// The axes that a shader walks: those of the domain, with unit axes dropped and axes merged that every
/// operand walks evenly; the split axis is that of one workgroup's bands.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Lengths, outermost first.
    pub(super) axes: Vec<usize>,
    /// Every operand, in the order of the kernel's views; then what `flat` and `index` tell.
    pub(super) moves: Vec<Moves>,
    /// The row-major number in the domain, where random numbers need it.
    flat: Option<usize>,
    /// The coordinate along an axis of the domain, where the code asks for it.
    index: Vec<Option<usize>>,
    /// Whether it is of one workgroup's bands.
    pub(super) banded: bool,
}

impl Layout {
    /// Merges axes of the domain but the last `tail`, which stay as they are.
    pub(super) fn new(kernel: &Kernel, tail: usize, band: Option<Band<'_>>) -> Self {
        let rank = kernel.domain.len();
        let mut layout = Self {
            axes: kernel.domain.clone(),
            moves: Vec::new(),
            flat: None,
            index: vec![None; rank],
            banded: band.is_some(),
        };
        for walk in kernel.walks() {
            let mut strides = vec![0; rank];
            for &(axis, _, stride) in &walk.axes {
                if let Some(axis) = axis {
                    strides[axis] = stride;
                }
            }
            layout.moves.push(Moves { strides, step: 0 });
        }
        if kernel.code.iter().any(|inst| matches!(inst, Inst::Uniform(_))) {
            layout.flat = Some(layout.moves.len());
            layout.moves.push(Moves { strides: shape::strides(&kernel.domain), step: 0 });
        }
        for axis in (0..rank).filter(|&axis| kernel.code.contains(&Inst::Index(axis))) {
            layout.index[axis] = Some(layout.moves.len());
            let strides = (0..rank).map(|other| usize::from(other == axis)).collect();
            layout.moves.push(Moves { strides, step: 0 });
        }
        let tail = tail.min(rank);
        if let Some(band) = band {
            layout.split(band, rank - tail);
        }
        layout.merge(tail);
        layout
    }

    /// Makes the split axis three: groups of bands, bands of this workgroup, and within a band.
    fn split(&mut self, Band { split, bands, each, pitches }: Band<'_>, fixed: usize) {
        let Split { axis, inner } = split;
        let at = axis.min(fixed);
        let outer = self.axes[axis] / (bands * inner);
        self.axes[axis] = inner;
        self.axes.splice(at..at, [outer, each]);
        for (i, Moves { strides, step }) in self.moves.iter_mut().enumerate() {
            let stride = strides[axis];
            let pitch = pitches.get(i).copied().flatten().unwrap_or(stride * inner);
            *step = pitch * each;
            strides.splice(at..at, [stride * inner * bands, pitch]);
        }
    }

    /// Drops unit axes before the last `tail` and merges neighbours.
    fn merge(&mut self, tail: usize) {
        let mut axis = 0;
        while axis + tail < self.axes.len() {
            let length = self.axes[axis];
            let next = axis + 1;
            let even = next + tail < self.axes.len()
                && (self.moves.iter())
                    .all(|m| m.strides[axis] == m.strides[next] * self.axes[next]);
            if length == 1 || even {
                if even && length > 1 {
                    self.axes[next] *= length;
                }
                self.axes.remove(axis);
                for moves in &mut self.moves {
                    moves.strides.remove(axis);
                }
            } else {
                axis += 1;
            }
        }
    }

    /// Words of an operand along an axis.
    pub(super) fn stride(&self, operand: usize, axis: usize) -> usize {
        self.moves[operand].strides[axis]
    }

    /// Adds an axis of length one before the last `tail` axes.
    pub(super) fn add_unit_axis(&mut self, tail: usize) {
        let at = self.axes.len() - tail;
        self.axes.insert(at, 1);
        self.moves.iter_mut().for_each(|m| m.strides.insert(at, 0));
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
    /// Values that had a name before each open block, and how often a thread came to it.
    around: Vec<(BTreeSet<String>, Here)>,
    turns: Turns,
    /// For each register, on which axes of the layout it depends.
    depends: Vec<Vec<bool>>,
    /// Declarations outside the function.
    declarations: String,
    pub(super) team: Team,
    /// Words of workgroup memory in use, and the most there have been.
    memory: (usize, usize),
    /// Whether the number of elements is a parameter.
    counted: bool,
}

/// The function of a kernel.
#[derive(Clone, Debug)]
pub(super) struct Function {
    /// Parameters and body, without a name.
    pub(super) text: String,
    pub(super) declarations: String,
    /// Words of workgroup memory.
    pub(super) memory: usize,
    /// Workgroups that it takes, each of which does one unit; a chain's does all its units itself.
    pub(super) units: usize,
    /// Threads of a workgroup.
    pub(super) size: usize,
    /// Number of elements, if it is a parameter.
    pub(super) count: usize,
    pub(super) turns: Turns,
}

impl<'k> Writer<'k> {
    pub(super) fn new(kernel: &'k Kernel, layout: Layout, team: Team) -> Self {
        let depends = dependence(kernel, &layout);
        let indent = if layout.banded { 2 } else { 1 };
        Self {
            kernel,
            layout,
            text: String::new(),
            indent,
            named: BTreeSet::new(),
            around: Vec::new(),
            turns: Turns::NONE,
            depends,
            declarations: String::new(),
            team,
            memory: (0, 0),
            counted: false,
        }
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
        self.open(head);
        inside(self);
        self.close();
    }

    /// Writes a loop, which a thread goes through at most that often.
    pub(super) fn repeat(
        &mut self,
        head: impl AsRef<str>,
        times: usize,
        inside: impl FnOnce(&mut Self),
    ) {
        self.open_loop(head, times);
        inside(self);
        self.close();
    }

    /// Opens a block that is no loop, which [`Self::close`] closes.
    pub(super) fn open(&mut self, head: impl AsRef<str>) {
        debug_assert!(!head.as_ref().starts_with("for"), "a loop whose turns nobody counts");
        self.enter(head.as_ref());
    }

    /// Opens a loop, as [`Self::repeat`]; [`Self::close`] closes it.
    pub(super) fn open_loop(&mut self, head: impl AsRef<str>, times: usize) {
        self.enter(head.as_ref());
        self.turns.enter(times);
    }

    /// Opens a block for the threads that have something to do: in a chain most may have not.
    pub(super) fn open_within(&mut self, condition: &str) {
        let style = if self.layout.banded { self.team.style } else { Style::Hardware };
        let head = style.guard(condition);
        match style {
            Style::Hardware => self.open(head),
            Style::Software => self.open_loop(head, 1),
        }
    }

    fn enter(&mut self, head: &str) {
        self.line(format!("{head} {{"));
        self.around.push((self.named.clone(), self.turns.here()));
        self.indent += 1;
    }

    /// Closes a block; what was named in it is forgotten.
    pub(super) fn close(&mut self) {
        self.indent -= 1;
        if let Some((named, here)) = self.around.pop() {
            self.named = named;
            self.turns.leave(here);
        }
        self.line("}");
    }

    /// Declares memory of the workgroup of its own.
    pub(super) fn declare(&mut self, name: &str, element: &str, length: usize) {
        let _ = writeln!(self.declarations, "var<workgroup> {name}: array<{element}, {length}>;");
    }

    /// The first of that many words of workgroup memory, which no thread is reading any more.
    pub(super) fn allocate(&mut self, words: usize) -> usize {
        let (mut used, most) = self.memory;
        if used + words > super::MEMORY_WORDS {
            self.line("workgroupBarrier();");
            used = 0;
        }
        self.memory = (used + words, most.max(used + words));
        used
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
        for (coord, &stride) in spot.coords.iter().zip(&self.layout.moves[operand].strides) {
            match stride {
                0 => {}
                1 => sum.extend([" + ", coord]),
                _ => sum.extend([" + ", coord, " * ", &stride.to_string(), "u"]),
            }
        }
        sum
    }

    /// A number that is told by the place alone.
    fn number(&self, moves: Option<usize>, spot: &Spot) -> String {
        let Some(Moves { strides, step }) = moves.map(|at| &self.layout.moves[at]) else {
            return "0u".to_owned();
        };
        let term = |coord: &str, stride: usize| match stride {
            0 => None,
            1 => Some(coord.to_owned()),
            _ => Some(format!("{coord} * {stride}u")),
        };
        let along = spot.coords.iter().zip(strides).filter_map(|(c, &stride)| term(c, stride));
        let terms: Vec<String> = along.chain(term("group", *step)).collect();
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
            Inst::Index(axis) => format!("f32({})", self.number(self.layout.index[axis], spot)),
            Inst::Uniform(stream) => {
                format!("random({}, {stream}u)", self.number(self.layout.flat, spot))
            }
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

    /// Writes what the threads do whose number `i` among those of all units is below `count`, each for several
    /// of them; the number of units. A loop `inside` goes round at most `length` times.
    pub(super) fn threads(
        &mut self,
        count: usize,
        length: usize,
        inside: impl FnOnce(&mut Self),
    ) -> usize {
        let size = self.team.size;
        let each = self.team.style.elements(length).min(count.div_ceil(size)).max(1);
        let unit = size * each;
        let below = if self.counted { "params.v[at].z".to_owned() } else { format!("{count}u") };
        if each > 1 || self.counted {
            self.line(format!("let end = min((unit + 1u) * {unit}u, {below});"));
            let head = format!("for (var i = unit * {unit}u + lane; i < end; i += {size}u)");
            self.repeat(head, each, inside);
        } else {
            self.line(format!("let i = unit * {size}u + lane;"));
            if count.is_multiple_of(size) {
                inside(self);
            } else {
                self.open_within(&format!("i < {count}u"));
                inside(self);
                self.close();
            }
        }
        count.div_ceil(unit)
    }

    /// Makes the number of elements a parameter, so that kernels of any length share a text.
    pub(super) fn count_by_parameter(&mut self) {
        self.counted = true;
    }

    /// Combines `acc` of all threads of a workgroup, down to `keep` results; writes the result `at` under a
    /// new name.
    pub(super) fn combine(&mut self, how: Reduction, acc: &str, tree: Tree<'_>) -> String {
        let Tree { keep, slot, at } = tree;
        let base = self.allocate(self.team.size);
        let word = |place: &str, plus: usize| format!("memory[{place} + {}u]", base + plus);
        self.line(format!("{} = {acc};", word(slot, 0)));
        self.line("workgroupBarrier();");
        let mut count = self.team.size;
        while count > 8 * keep {
            let next = (count / 8).max(keep);
            self.block(format!("if (lane < {next}u)"), |w| {
                w.line(format!("var t = {};", word("lane", 0)));
                for way in 1..count / next {
                    w.line(format!("t = {};", ops::combine(how, "t", &word("lane", way * next))));
                }
                w.line(format!("{} = t;", word("lane", 0)));
            });
            self.line("workgroupBarrier();");
            count = next;
        }
        let result = format!("all{base}_{}", self.text.len());
        self.line(format!("var {result} = {};", word(at, 0)));
        for way in 1..count / keep {
            self.line(format!("{result} = {};", ops::combine(how, &result, &word(at, way * keep))));
        }
        result
    }

    /// The function, which takes that many units.
    pub(super) fn finish(self, units: usize) -> Function {
        let mut text = "(at: u32, group: u32, lane: u32) {\n".to_owned();
        for operand in 0..self.kernel.views().count() {
            let word = super::HEAD_WORDS + operand;
            let value = format!("params.v[at + {}u].{}", word / 4, component(word));
            let step = match self.layout.moves[operand].step {
                0 => String::new(),
                step => format!(" + group * {step}u"),
            };
            let _ = writeln!(text, "    let {} = {value}{step};", offset(operand));
        }
        let (_, memory) = self.memory;
        match (self.layout.banded, units) {
            (false, _) => text += "    let unit = group;\n",
            (true, 1) => text += "    {\n        let unit = 0u;\n",
            (true, _) => {
                let _ = writeln!(text, "    for (var unit = 0u; unit < {units}u; unit++) {{");
            }
        }
        text += &self.text;
        let mut turns = self.turns;
        if self.layout.banded {
            if units > 1 {
                turns = turns.within(units);
            }
            if memory > 0 && units > 1 {
                text += "        workgroupBarrier();\n";
            }
            text += "    }\n";
        }
        text += "}\n";
        Function {
            text,
            declarations: self.declarations,
            memory,
            units,
            size: self.team.size,
            count: if self.counted { self.layout.numel(self.layout.axes.len()) } else { 0 },
            turns,
        }
    }
}

/// Which component of its vector a word is.
fn component(word: usize) -> &'static str {
    ["x", "y", "z", "w"][word % 4]
}

/// How far a workgroup's results are combined; see [`Writer::combine`].
#[derive(Clone, Copy)]
pub(super) struct Tree<'a> {
    /// Results that are left, a power of two.
    pub(super) keep: usize,
    /// Where a thread's own result goes: it is for the one whose number is that modulo `keep`.
    pub(super) slot: &'a str,
    /// Which result is wanted.
    pub(super) at: &'a str,
}

/// What the offset of an operand is called.
pub(super) fn offset(operand: usize) -> String {
    format!("o{operand}")
}

/// For each register, on which axes of the layout it depends.
fn dependence(kernel: &Kernel, layout: &Layout) -> Vec<Vec<bool>> {
    let rank = layout.axes.len();
    let along = |moves: Option<usize>| match moves {
        Some(at) => layout.moves[at].strides.iter().map(|&s| s > 0).collect(),
        None => vec![false; rank],
    };
    let mut depends: Vec<Vec<bool>> = Vec::with_capacity(kernel.code.len());
    for &inst in &kernel.code {
        let mut own = vec![false; rank];
        match inst {
            Inst::Load(i) => own = along(Some(i)),
            Inst::Index(axis) => own = along(layout.index[axis]),
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
