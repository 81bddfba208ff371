//! The hand-built transformer: a residual stream, four primitives, two programs (Lemma 1, Theorems 1
//! and 2).
//!
//! A stream has a column for each token, $x_1, y_1, \dots, x_n, y_n, x_q$, and rows that the programs
//! name. Each operation is one decoder layer; `raw` says how. Rows are numbered from zero.
use super::raw::{Arithmetic, Layer};

/// Rows `start..start + len` of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first row.
    pub start: usize,
    /// How many rows.
    pub len: usize,
}

/// Examples and a query: what the machine reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// Inputs of the examples, each of d numbers.
    pub x: Vec<Vec<f64>>,
    /// Their labels.
    pub y: Vec<f64>,
    /// The input to predict at.
    pub query: Vec<f64>,
}

impl Prompt {
    /// Number of examples.
    pub fn n(&self) -> usize {
        self.y.len()
    }

    /// Of its first `n` examples.
    #[must_use]
    pub fn first(&self, n: usize) -> Self {
        Self { x: self.x[..n].to_vec(), y: self.y[..n].to_vec(), query: self.query.clone() }
    }

    /// Numbers an input.
    pub fn d(&self) -> usize {
        self.query.len()
    }
}

/// The matrix h: one column a token.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// Rows of each column.
    pub rows: usize,
    /// Column after column.
    pub values: Vec<f64>,
}

impl Stream {
    /// The tokens of a prompt over zeros: (0, x) and (y, 0).
    pub fn new(prompt: &Prompt, rows: usize) -> Self {
        let columns = 2 * prompt.n() + 1;
        let mut stream = Self { rows, values: vec![0.0; rows * columns] };
        let inputs = prompt.x.iter().chain([&prompt.query]);
        for (i, x) in inputs.enumerate() {
            stream.block_mut(2 * i, Block { start: 1, len: x.len() }).copy_from_slice(x);
        }
        for (i, &y) in prompt.y.iter().enumerate() {
            stream.block_mut(2 * i + 1, Block { start: 0, len: 1 })[0] = y;
        }
        stream
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.values.len() / self.rows
    }

    /// Rows of a column.
    pub fn block(&self, column: usize, Block { start, len }: Block) -> &[f64] {
        &self.values[column * self.rows + start..][..len]
    }

    /// Rows of a column, to be written.
    pub fn block_mut(&mut self, column: usize, Block { start, len }: Block) -> &mut [f64] {
        &mut self.values[column * self.rows + start..][..len]
    }
}

/// Part of an `aff`: rows, and what of them is added where: (row written, row read, factor).
pub type Part = (Block, Vec<(usize, usize, f64)>);

/// The four primitives; section 3.1.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Copies rows of a column into another or the same.
    Mov {
        /// Column read.
        from: usize,
        /// Column written.
        to: usize,
        /// Rows read.
        read: Block,
        /// Rows written.
        write: Block,
    },
    /// In every column: `left` as an a by b matrix times `right` as a b by c matrix.
    Mul {
        /// a, b, c.
        shape: [usize; 3],
        /// Rows of the first factor.
        left: Block,
        /// Rows of the second factor.
        right: Block,
        /// Rows written.
        write: Block,
    },
    /// In every column: rows over the absolute value of another.
    Div {
        /// Rows of the dividend.
        read: Block,
        /// Row of the divisor.
        by: usize,
        /// Rows written.
        write: Block,
    },
    /// In every column: `W₁ h[R₁] + W₂ h[R₂] + b`.
    Aff {
        /// R₁ and W₁.
        first: Part,
        /// R₂ and W₂.
        second: Part,
        /// b; empty: zero.
        bias: Vec<f64>,
        /// Rows written.
        write: Block,
    },
}

impl Kind {
    /// Its name in the paper.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Mov { .. } => "mov",
            Self::Mul { .. } => "mul",
            Self::Div { .. } => "div",
            Self::Aff { .. } => "aff",
        }
    }

    /// Rows written.
    pub const fn writes(&self) -> Block {
        match *self {
            Self::Mov { write, .. }
            | Self::Mul { write, .. }
            | Self::Div { write, .. }
            | Self::Aff { write, .. } => write,
        }
    }

    /// Rows read, and in which column, by an operation that writes in `column`.
    pub fn reads(&self, column: usize) -> Vec<(usize, Block)> {
        let blocks = match self {
            Self::Mov { from, read, .. } => return vec![(*from, *read)],
            Self::Mul { left, right, .. } => vec![*left, *right],
            Self::Div { read, by, .. } => vec![*read, Block { start: *by, len: 1 }],
            Self::Aff { first, second, .. } => vec![first.0, second.0],
        };
        blocks.into_iter().filter(|block| block.len > 0).map(|block| (column, block)).collect()
    }
}

/// One layer of a program.
#[derive(Clone, Debug)]
pub struct Op {
    /// What it does, in signs.
    pub about: String,
    /// The column whose result is used; all other columns compute along.
    pub column: usize,
    /// The primitive.
    pub kind: Kind,
    layer: Layer,
}

/// A program: what the layers of a transformer do one after another.
#[derive(Clone, Debug)]
pub struct Program {
    /// Rows of the stream.
    pub rows: usize,
    /// What rows are called, from the first on.
    pub names: Vec<(Block, &'static str)>,
    /// The operations.
    pub ops: Vec<Op>,
    /// Where the prediction stands in the last column.
    pub prediction: usize,
}

impl Program {
    fn new(names: &[(&'static str, usize)]) -> Self {
        let mut rows = 0;
        let mut block = |&(name, len)| {
            rows += len;
            (Block { start: rows - len, len }, name)
        };
        let names = names.iter().map(&mut block).collect();
        Self { rows, names, ops: vec![], prediction: rows - 1 }
    }

    fn op(&mut self, column: usize, about: impl Into<String>, kind: Kind) {
        let layer = Layer::of(&kind);
        self.ops.push(Op { about: about.into(), column, kind, layer });
    }

    fn mov(&mut self, about: impl Into<String>, from: usize, to: usize, rows: Block) {
        self.op(to, about, Kind::Mov { from, to, read: rows, write: rows });
    }

    fn mul(
        &mut self,
        (column, about): (usize, &str),
        shape: [usize; 3],
        [left, right, write]: [Block; 3],
    ) {
        self.op(column, about, Kind::Mul { shape, left, right, write });
    }

    /// The sum of up to two blocks, each times a factor.
    fn add(&mut self, at: (usize, &str), [one, other]: [(Block, f64); 2], write: Block) {
        let scaled = |(block, factor): (Block, f64)| {
            (block, (0..block.len).map(|i| (i, i, factor)).collect())
        };
        let (first, second) = (scaled(one), scaled(other));
        self.op(at.0, at.1, Kind::Aff { first, second, bias: vec![], write });
    }

    /// A block plus constants.
    fn bias(&mut self, at: (usize, &str), read: Block, bias: Vec<f64>, write: Block) {
        let first = (read, (0..read.len).map(|i| (i, i, 1.0)).collect());
        let second = (Block { start: 0, len: 0 }, vec![]);
        self.op(at.0, at.1, Kind::Aff { first, second, bias, write });
    }

    /// One gradient step on each of `n` examples in turn from weights `w`; Theorem 1, whose nine
    /// operations it is for one example:
    /// w′ = w − 2α (x (w·x) − y x + λ w).
    pub fn gradient_steps(n: usize, w: &[f64], alpha: f64, lambda: f64) -> Self {
        let d = w.len();
        let mut program = Self::new(&[
            ("y", 1),
            ("x", d),
            ("w·x", 1),
            ("w·x − y", 1),
            ("x (w·x − y)", d),
            ("w", d),
            ("gradient", d),
        ]);
        // As in the theorem, the prediction takes the place of a gradient.
        program.prediction = 3 + 3 * d;
        let rows = |start, len| Block { start, len };
        let (y, x, wx, rest) = (rows(0, 1), rows(1, d), rows(1 + d, 1), rows(2 + d, 1));
        let (outer, weights, gradient) = (rows(3 + d, d), rows(3 + 2 * d, d), rows(3 + 3 * d, d));
        for i in 0..n {
            let at = 2 * i + 1;
            program.mov(format!("x{0} next to y{0}", small(i + 1)), at - 1, at, x);
            if i == 0 {
                // The first weights are in the layers.
                let first = (x, w.iter().enumerate().map(|(i, &w)| (0, i, w)).collect());
                let kind = Kind::Aff { first, second: (y, vec![]), bias: vec![], write: wx };
                program.op(at, "w·x", kind);
            } else {
                program.mov(format!("w from y{}", small(i)), at - 2, at, weights);
                program.mul((at, "w·x"), [1, d, 1], [weights, x, wx]);
            }
            program.add((at, "w·x − y"), [(wx, 1.0), (y, -1.0)], rest);
            program.mul((at, "x (w·x − y)"), [d, 1, 1], [x, rest, outer]);
            if i == 0 {
                program.bias((at, "w"), rows(0, 0), w.to_vec(), weights);
            }
            let terms = [(outer, 1.0), (weights, lambda)];
            program.add((at, "x (w·x − y) + λw"), terms, gradient);
            let terms = [(weights, 1.0), (gradient, -2.0 * alpha)];
            program.add((at, "w ← w − 2α gradient"), terms, weights);
        }
        let query = 2 * n;
        program.mov("w to the query", query - 1, query, weights);
        let shown = rows(program.prediction, 1);
        program.mul((query, "w·x: the prediction"), [1, d, 1], [weights, x, shown]);
        program
    }

    /// Ridge regression on `n` examples, one Sherman-Morrison update for each; Theorem 2, whose
    /// operations it is for one example. For more, A⁻¹ = (XᵀX + λI)⁻¹ and the moments b = Xᵀy / n are
    /// carried on from column to column, and w = n A⁻¹b in the end: a sum of moments instead of their
    /// mean would grow out of the range in which GELUs multiply.
    pub fn ridge_updates(n: usize, d: usize, lambda: f64) -> Self {
        let square = d * d;
        let mut program = Self::new(&[
            ("y", 1),
            ("x", d),
            ("x y", d),
            ("A⁻¹", square),
            ("A⁻¹x", d),
            ("xᵀA⁻¹", d),
            ("A⁻¹x xᵀA⁻¹", square),
            ("1 + xᵀA⁻¹x", 1),
            ("quotient", square),
            ("b", d),
            ("w", d),
            ("ŷ", 1),
        ]);
        let named: Vec<Block> = program.names.iter().map(|&(block, _)| block).collect();
        let [y, x, xy, inverse, left, right, outer, scale, quotient, moments, w, shown] = named[..]
        else {
            return program;
        };
        for i in 0..n {
            let at = 2 * i + 1;
            program.mov(format!("x{0} next to y{0}", small(i + 1)), at - 1, at, x);
            program.mul((at, "x y"), [d, 1, 1], [x, y, xy]);
            if i == 0 {
                let start = (0..square).map(|k| if k % (d + 1) == 0 { 1.0 / lambda } else { 0.0 });
                let nothing = Block { start: 0, len: 0 };
                program.bias((at, "A⁻¹ ← I/λ"), nothing, start.collect(), inverse);
            } else {
                program.mov(format!("A⁻¹ from y{}", small(i)), at - 2, at, inverse);
                program.mov(format!("b from y{}", small(i)), at - 2, at, moments);
            }
            program.mul((at, "A⁻¹x"), [d, d, 1], [inverse, x, left]);
            program.mul((at, "xᵀA⁻¹"), [1, d, d], [x, inverse, right]);
            program.mul((at, "A⁻¹x xᵀA⁻¹"), [d, 1, d], [left, right, outer]);
            program.mul((at, "xᵀA⁻¹x"), [1, d, 1], [right, x, scale]);
            program.bias((at, "1 + xᵀA⁻¹x"), scale, vec![1.0], scale);
            let kind = Kind::Div { read: outer, by: scale.start, write: quotient };
            program.op(at, "A⁻¹x xᵀA⁻¹ / (1 + xᵀA⁻¹x)", kind);
            let terms = [(inverse, 1.0), (quotient, -1.0)];
            program.add((at, "A⁻¹ ← A⁻¹ − quotient"), terms, inverse);
            if n > 1 {
                let share = 1.0 / n as f64;
                program.add((at, "b ← b + x y / n"), [(moments, 1.0), (xy, share)], moments);
            }
        }
        let (last, query) = (2 * n - 1, 2 * n);
        if n > 1 {
            program.mul((last, "A⁻¹b"), [d, d, 1], [inverse, moments, w]);
            let nothing = (Block { start: 0, len: 0 }, 0.0);
            program.add((last, "w ← n A⁻¹b"), [(w, n as f64), nothing], w);
        } else {
            program.mul((last, "A⁻¹x"), [d, d, 1], [inverse, x, left]);
            program.mul((last, "w ← A⁻¹x y"), [d, 1, 1], [left, y, w]);
        }
        program.mov("w to the query", last, query, w);
        program.mul((query, "w·x: the prediction"), [1, d, 1], [w, x, shown]);
        program
    }

    /// The stream after the first `done` operations.
    pub fn run(&self, prompt: &Prompt, done: usize, arithmetic: Arithmetic) -> Stream {
        let mut stream = Stream::new(prompt, self.rows);
        for op in &self.ops[..done.min(self.ops.len())] {
            (0..stream.columns()).for_each(|column| op.layer.pass(&mut stream, column, arithmetic));
        }
        stream
    }

    /// Carries out what is left after `done` operations, in the columns whose results are used.
    pub fn resume(&self, stream: &mut Stream, done: usize, arithmetic: Arithmetic) {
        self.ops[done..].iter().for_each(|op| op.layer.pass(stream, op.column, arithmetic));
    }

    /// The prediction. Only columns whose results are used are computed; that changes nothing.
    pub fn predict(&self, prompt: &Prompt, arithmetic: Arithmetic) -> f64 {
        let mut stream = Stream::new(prompt, self.rows);
        self.resume(&mut stream, 0, arithmetic);
        stream.block(2 * prompt.n(), Block { start: self.prediction, len: 1 })[0]
    }
}

/// A number in subscript.
pub fn small(number: usize) -> String {
    let digit = |c: char| c.to_digit(10).and_then(|d| char::from_u32(0x2080 + d)).unwrap_or(c);
    number.to_string().chars().map(digit).collect()
}
