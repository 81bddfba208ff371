//! Dispatches as WGSL: one compute shader each, a function for each kernel of different structure.
//!
//! Domain and strides stand in the text as constants, offsets come from a uniform buffer, so kernels
//! that differ only in where their operands lie share one function, and dispatches of equal structure one
//! pipeline. The parameters of a dispatch are vectors of four words: `SPECIALS`; if there are several
//! jobs, for each its first workgroup, where its entries begin and how many there are; then the
//! entries, a kernel each: which function, how many vectors, elements if the function asks, and offsets.
mod columns;
mod index;
mod ops;
mod product;
mod rows;
mod tiles;
mod turns;
mod writer;

use super::{
    super::{
        kernel::{Body, Kernel},
        plan::Plan,
        shape,
    },
    schedule::{Job, Part, Schedule, is_large},
};
use std::fmt::Write;
use writer::{Band, Function};

/// Most workgroups along one axis of a dispatch; guaranteed by WebGPU.
const MAX_GROUPS: usize = 65_535;

/// Turns of loops after which a thread does not go on to its next element, which another can compute.
const LONG: usize = 1 << 15;

/// Words of workgroup memory that WebGPU guarantees.
const MEMORY_WORDS: usize = 4096;

/// Numbers that WGSL cannot write down.
const SPECIALS: [u32; 4] =
    [f32::INFINITY.to_bits(), f32::NEG_INFINITY.to_bits(), f32::NAN.to_bits(), 0];

/// Words of an entry before its offsets, and of what tells a job.
pub(super) const HEAD_WORDS: usize = 4;

/// Threads of a workgroup for products and for everything that has no wish of its own.
const SIZE: usize = 64;

/// What an adapter is good at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Many threads run side by side and share workgroup memory at no cost.
    Hardware,
    /// A processor acts as a GPU: every thread costs, workgroup memory is cleared word by word, and both
    /// sides of a branch are walked; only a loop is left early.
    Software,
}

impl Style {
    /// Threads of a workgroup for several kernels, the largest of which has that many results a workgroup.
    fn shared_size(self, results: usize) -> usize {
        let (m, n) = self.block();
        match self {
            Self::Hardware if results >= 256 * m * n => 256,
            Self::Hardware => 128,
            // As many as SwiftShader runs side by side: each further group of them costs, busy or not.
            Self::Software => 4,
        }
    }

    /// Elements that a thread computes one after another, if a loop over that many is within.
    fn elements(self, length: usize) -> usize {
        match self {
            Self::Hardware => 4,
            Self::Software => (LONG / (length + 1)).min(16),
        }
    }

    /// Rows and columns of a product that a thread computes, at most.
    pub(super) fn block(self) -> (usize, usize) {
        match self {
            Self::Hardware => (4, 4),
            Self::Software => (8, 4),
        }
    }

    /// Most workgroups of a chain.
    pub(super) fn most_workgroups(self) -> usize {
        match self {
            Self::Hardware => 64,
            Self::Software => 16,
        }
    }

    /// The head of a block that few threads or none enter.
    fn guard(self, condition: &str) -> String {
        match self {
            Self::Hardware => format!("if ({condition})"),
            Self::Software => format!("for (var go = {condition}; go; go = false)"),
        }
    }
}

/// The threads of a workgroup.
#[derive(Clone, Copy, Debug)]
struct Team {
    size: usize,
    style: Style,
}

/// A dispatch ready for the GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shader {
    /// The text; equal for dispatches of equal structure.
    pub source: String,
    /// Workgroups along x, y and z.
    pub groups: [u32; 3],
    /// What the text reads as `params`.
    pub params: Vec<u32>,
    /// Turns of loops that a thread takes at most.
    pub turns: usize,
}

/// Writes a kernel as a shader of its own.
pub fn shader(kernel: &Kernel, style: Style) -> Shader {
    shader_of(std::slice::from_ref(kernel), &[Job::Kernel(0)], style)
}

/// Writes the dispatches of a plan.
pub fn shaders(plan: &Plan, schedule: &Schedule) -> Vec<Shader> {
    let dispatches = schedule.dispatches.iter();
    dispatches.map(|jobs| shader_of(&plan.kernels, jobs, schedule.style)).collect()
}

/// Writes the jobs of a dispatch as a shader; `kernels` are those of the plan.
pub(super) fn shader_of(kernels: &[Kernel], jobs: &[Job], style: Style) -> Shader {
    let mut text = Text::default();
    let mut groups = 0;
    let mut entries = Vec::new();
    let mut heads = Vec::new();
    // Turns within functions, and calls of one, of the job that has the most.
    let (mut turns, mut calls) = (0, 0);
    let alone = matches!(jobs, [Job::Kernel(_)]);
    let mut size = style.shared_size(results_each(kernels, jobs));
    for job in jobs {
        let (first, begin) = (groups, entries.len());
        let mut own = 0;
        let count = match job {
            Job::Kernel(kernel) => {
                let kernel = &kernels[*kernel];
                let function = function(kernel, None, (!alone).then_some(size), style);
                size = function.size;
                groups += function.units;
                own += function.turns.most;
                text.enter(&mut entries, kernel, function);
                1
            }
            Job::Chain { bands, each, parts, .. } => {
                groups += bands / each;
                for Part { kernel, split, pitches } in parts {
                    let band = Band { split: *split, bands: *bands, each: *each, pitches };
                    let kernel = &kernels[*kernel];
                    let function = function(kernel, Some(band), Some(size), style);
                    own += function.turns.most;
                    text.enter(&mut entries, kernel, function);
                }
                parts.len()
            }
        };
        heads.push([first, begin, count]);
        (turns, calls) = (turns.max(own), calls.max(count));
    }
    let mut params = SPECIALS.to_vec();
    let before = 1 + if alone { 0 } else { heads.len() };
    if !alone {
        for [first, begin, count] in heads {
            params.extend([first as u32, (before + begin / 4) as u32, count as u32, 0]);
        }
    }
    params.extend(entries);
    let [x, y] = grid(groups);
    let functions = text.functions.len();
    let main = if alone { main_alone() } else { main_jobs(jobs, functions, style) };
    if !alone {
        turns += turns_of_main(jobs.len(), calls, &text, style);
    }
    let source = text.whole(&main, size, groups, params.len() / 4);
    Shader { source, groups: [x as u32, y as u32, 1], params, turns }
}

/// The most results of a product that a workgroup of a chain computes.
fn results_each(kernels: &[Kernel], jobs: &[Job]) -> usize {
    let chains = jobs.iter().filter_map(|job| match job {
        Job::Chain { bands, each, parts, .. } => {
            let results = |part: &Part| shape::numel(&kernels[part.kernel].domain) / bands * each;
            let product = |part: &&Part| matches!(kernels[part.kernel].body, Body::MatMul { .. });
            parts.iter().filter(product).map(results).max()
        }
        Job::Kernel(_) => None,
    });
    chains.max().unwrap_or(0)
}

/// The function of a kernel, or of its part in a chain; `size` threads, or as many as it likes.
fn function(
    kernel: &Kernel,
    band: Option<Band<'_>>,
    size: Option<usize>,
    style: Style,
) -> Function {
    let any = Team { size: size.unwrap_or(SIZE), style };
    match &kernel.body {
        Body::Rows => {
            let size = size.unwrap_or_else(|| rows::size(kernel, style));
            rows::write(kernel, band, Team { size, style })
        }
        Body::Columns(how, reg) => columns::write(kernel, (*how, *reg), band, any),
        Body::MatMul { k, a, b }
            if size.is_none() && style == Style::Hardware && is_large(kernel) =>
        {
            tiles::write(kernel, *k, (a, b), style)
        }
        Body::MatMul { .. } => product::write(kernel, band, any),
        Body::CumSum(reg) => index::cumsum(kernel, *reg, band, any),
        Body::Gather { rows, table, .. } => {
            index::gather(kernel, (*rows, table.strides[0]), band, any)
        }
        Body::ScatterAdd { count, values, index } => {
            index::scatter(kernel, *count, [values.strides[0], index.strides[0]], any)
        }
    }
}

/// Words of a kernel's entry.
pub(super) fn param_words(kernel: &Kernel) -> usize {
    (HEAD_WORDS + kernel.views().count()).next_multiple_of(4)
}

/// The functions of a shader.
#[derive(Default)]
struct Text {
    functions: Vec<String>,
    declarations: String,
    memory: usize,
    /// Loops in all of them.
    loops: usize,
}

impl Text {
    /// Adds a kernel to the entries, and its function if it is new.
    fn enter(&mut self, entries: &mut Vec<u32>, kernel: &Kernel, function: Function) {
        let known = self.functions.iter().position(|text| *text == function.text);
        let number = known.unwrap_or_else(|| {
            self.functions.push(function.text);
            self.declarations += &function.declarations;
            self.loops += function.turns.loops;
            self.functions.len() - 1
        });
        self.memory = self.memory.max(function.memory);
        let words = param_words(kernel);
        let begin = entries.len();
        entries.extend([number as u32, (words / 4) as u32, function.count as u32, 0]);
        entries.extend(kernel.views().map(|view| view.offset as u32));
        entries.resize(begin + words, 0);
    }

    /// The whole text around a main function.
    fn whole(self, main: &str, size: usize, groups: usize, vectors: usize) -> String {
        let mut out = format!(
            "struct Params {{ v: array<vec4<u32>, {vectors}> }}\n\
             @group(0) @binding(0) var<storage, read_write> state: array<f32>;\n\
             @group(0) @binding(1) var<storage, read_write> arena: array<f32>;\n\
             @group(0) @binding(2) var<uniform> params: Params;\n"
        );
        if self.memory > 0 {
            let _ = writeln!(out, "var<workgroup> memory: array<f32, {}>;", self.memory);
        }
        out += &self.declarations;
        for (call, function) in ops::FUNCTIONS {
            if self.functions.iter().any(|text| text.contains(call)) {
                out += function;
            }
        }
        for (number, function) in self.functions.iter().enumerate() {
            let _ = write!(out, "fn k{number}{function}");
        }
        let _ = write!(
            out,
            "@compute @workgroup_size({size})\n\
             fn main(@builtin(workgroup_id) wid: vec3<u32>, \
             @builtin(local_invocation_index) lane: u32) {{\n"
        );
        let [x, y] = grid(groups);
        if y == 1 {
            out += "    let workgroup = wid.x;\n";
        } else {
            let _ = writeln!(out, "    let workgroup = wid.y * {x}u + wid.x;");
            let _ = writeln!(out, "    if (workgroup >= {groups}u) {{ return; }}");
        }
        out + main + "}\n"
    }
}

/// One kernel: each workgroup does a unit of it.
fn main_alone() -> String {
    "    k0(1u, workgroup, lane);\n".to_owned()
}

/// Each workgroup finds its job, and does its entries one after another.
fn main_jobs(jobs: &[Job], functions: usize, style: Style) -> String {
    let mut out = format!(
        "    var job = 0u;
    var beyond = {}u;
    while (beyond - job > 1u) {{
        let middle = (job + beyond) / 2u;
        if (workgroup >= params.v[1u + middle].x) {{ job = middle; }} else {{ beyond = middle; }}
    }}
    let head = params.v[1u + job];
    let group = workgroup - head.x;
    var at = head.y;
",
        jobs.len()
    );
    let calls = calls(functions, style);
    if jobs.iter().any(|job| matches!(job, Job::Chain { .. })) {
        let _ = write!(
            out,
            "    for (var entry = 0u; entry < head.z; entry++) {{
        if (entry > 0u) {{
            storageBarrier();
            workgroupBarrier();
        }}
{calls}        at += params.v[at].y;
    }}
"
        );
    } else {
        out += &calls;
    }
    out
}

/// Turns of the loops that [`main_jobs`] writes.
///
/// Whatever function is called, a thread follows through the loops of all; see [`turns`].
fn turns_of_main(jobs: usize, calls: usize, text: &Text, style: Style) -> usize {
    let search = jobs.next_power_of_two().ilog2() as usize + 1;
    let guards = match style {
        Style::Hardware => 0,
        // One to see that it is not this function, and one more where it is.
        Style::Software => text.functions.len() + 1,
    };
    search + (calls + 1) * (1 + guards + text.loops)
}

/// Calls the function of the entry at `at`.
fn calls(functions: usize, style: Style) -> String {
    let call = |number| format!("k{number}(at, group, lane);");
    let mut out = "        let number = params.v[at].x;\n".to_owned();
    match style {
        Style::Hardware => {
            out += "        switch (number) {\n";
            for number in 0..functions {
                let _ = writeln!(out, "            case {number}u: {{ {} }}", call(number));
            }
            out += "            default: {}\n        }\n";
        }
        Style::Software => {
            for number in 0..functions {
                let guard = style.guard(&format!("number == {number}u"));
                let _ = writeln!(out, "        {guard} {{ {} }}", call(number));
            }
        }
    }
    out
}

/// Workgroups along x and y that make at least as many as asked for.
fn grid(groups: usize) -> [usize; 2] {
    let y = groups.div_ceil(MAX_GROUPS);
    [groups.div_ceil(y), y]
}
