//! Random recipes: each step is drawn, tried on the plain twin, and kept if its values are tame.
//!
//! Tame means that `f32` and `f64` must agree closely: moderate sizes, and no comparison that a
//! rounding error could decide the other way.
use orrery::engine::{Binary, Reduction, Unary, rng::Stream};

use crate::{
    recipe::{Recipe, Step},
    tensor::Tensor,
};

/// Size up to which values are kept.
const LARGEST: f64 = 12.0;
/// Least distance of two compared numbers that are not exact.
const MARGIN: f64 = 1e-3;

/// Adds a step of one kind to a recipe; `None` if what was drawn was not tame.
type Kind = fn(&mut Grower) -> Option<usize>;

/// What a step may be.
pub(crate) const KINDS: [(&str, Kind); 20] = [
    ("unary", Grower::unary),
    ("unary", Grower::unary),
    ("binary", Grower::binary),
    ("binary", Grower::binary),
    ("affine", Grower::affine),
    ("select", Grower::select),
    ("iota", Grower::iota),
    ("softmax", Grower::softmax),
    ("broadcast", Grower::broadcast),
    ("reshape", Grower::reshape),
    ("permute", Grower::permute),
    ("slice", Grower::slice),
    ("pad", Grower::pad),
    ("windows", Grower::windows),
    ("cumsum", Grower::cumsum),
    ("concat", Grower::concat),
    ("reduce", Grower::reduce),
    ("matmul", Grower::matmul),
    ("gather", Grower::gather),
    ("scatter_add", Grower::scatter_add),
];

/// Lengths of the axes of new inputs, and elements of a value at most.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Size {
    /// Up to 150 elements: cheap to differentiate by differences.
    Small,
    /// Up to 3,000 elements: longer than a kernel's block.
    Large,
}

/// A recipe under construction.
pub(crate) struct Grower {
    most_elements: usize,
    lengths: &'static [usize],
    recipe: Recipe,
    values: Vec<Tensor>,
    /// Whether a value is the same in `f32` and `f64`.
    exact: Vec<bool>,
    stream: Stream,
}

/// A random recipe of `steps` steps, besides its inputs; fewer steps of one seed are a beginning of more.
pub(crate) fn random_recipe(seed: u64, steps: usize, size: Size) -> Recipe {
    let mut grower = Grower::new(seed, size);
    for _ in 0..steps {
        grower.step();
    }
    grower.recipe
}

/// A recipe of one step of a kind, and what it needs.
pub(crate) fn single_step(kind: Kind, seed: u64, size: Size) -> Recipe {
    let mut grower = Grower::new(seed, size);
    while kind(&mut grower).is_none() {}
    grower.recipe
}

impl Grower {
    fn new(seed: u64, size: Size) -> Self {
        let (most_elements, lengths): (_, &[usize]) = match size {
            Size::Small => (150, &[1, 2, 3, 5, 7, 8, 9]),
            Size::Large => (3000, &[1, 2, 5, 8, 17, 33, 64, 130, 300]),
        };
        Self {
            most_elements,
            lengths,
            recipe: Recipe::default(),
            values: vec![],
            exact: vec![],
            stream: Stream::new(seed, "recipe"),
        }
    }

    /// Keeps a step if it is tame, and returns its position.
    fn keep(&mut self, step: Step) -> Option<usize> {
        let value = step.eval(&self.values);
        let largest = value.largest();
        // Not `>`: NaN must not pass.
        let tame =
            value.data.len() <= self.most_elements && largest <= LARGEST && self.decided(&step);
        if !tame {
            return None;
        }
        self.exact.push(self.stays_exact(&step));
        self.values.push(value);
        Some(self.recipe.push(step))
    }

    /// An input of random numbers, multiples of 1/256 in `[-2, 2)` so that ties happen but rarely.
    fn input(&mut self, shape: &[usize]) -> usize {
        let data = shape.iter().product();
        let data = (0..data).map(|_| self.stream.below(1024) as f64 / 256.0 - 2.0).collect();
        self.values.push(Tensor::new(shape, data));
        self.exact.push(true);
        self.recipe.push(Step::Input(self.values[self.values.len() - 1].clone()))
    }

    /// A constant of random whole numbers below `rows`.
    fn index(&mut self, shape: &[usize], rows: usize) -> usize {
        let count = shape.iter().product();
        let data = (0..count).map(|_| self.stream.below(rows) as f64).collect();
        self.values.push(Tensor::new(shape, data));
        self.exact.push(true);
        self.recipe.push(Step::Constant(self.values[self.values.len() - 1].clone()))
    }

    /// Up to `rank` random lengths.
    fn shape(&mut self, rank: usize) -> Vec<usize> {
        let mut shape = vec![];
        for _ in 0..self.stream.below(rank + 1) {
            let length = self.lengths[self.stream.below(self.lengths.len())];
            if shape.iter().product::<usize>() * length <= self.most_elements {
                shape.push(length);
            }
        }
        shape
    }

    /// A value of at least some rank: mostly a recent one, sometimes a new input.
    fn pick(&mut self, least_rank: usize) -> usize {
        let fits: Vec<usize> =
            (0..self.values.len()).filter(|&v| self.values[v].shape.len() >= least_rank).collect();
        if fits.is_empty() || self.stream.below(8) == 0 {
            let mut shape = self.shape(4);
            while shape.len() < least_rank {
                shape.push([1, 2, 3, 5][self.stream.below(4)]);
            }
            return self.input(&shape);
        }
        // The better of two draws, so that chains grow long.
        let (a, b) = (self.stream.below(fits.len()), self.stream.below(fits.len()));
        fits[a.max(b)]
    }

    /// A value that broadcasts with another: one that is there, or a new input.
    fn partner(&mut self, of: usize) -> usize {
        let shape = self.values[of].shape.clone();
        let fits: Vec<usize> = (0..self.values.len())
            .filter(|&v| v != of && broadcasts(&self.values[v].shape, &shape))
            .collect();
        if !fits.is_empty() && self.stream.below(3) > 0 {
            return fits[self.stream.below(fits.len())];
        }
        let keep = self.stream.below(shape.len() + 1);
        let mut shape = shape[keep..].to_vec();
        for length in &mut shape {
            if self.stream.below(3) == 0 {
                *length = 1;
            }
        }
        self.input(&shape)
    }

    /// Adds a random step and what it needs.
    fn step(&mut self) {
        while (KINDS[self.stream.below(KINDS.len())].1)(self).is_none() {}
    }

    fn affine(&mut self) -> Option<usize> {
        let x = self.pick(0);
        let numbers = [-1.5, -1.0, 0.0, 0.5, 1.0, 2.0];
        let [scale, shift] = [(); 2].map(|()| numbers[self.stream.below(6)]);
        self.keep(Step::Affine(x, scale, shift))
    }

    fn select(&mut self) -> Option<usize> {
        let a = self.pick(0);
        let (b, c) = (self.partner(a), self.partner(a));
        let c = if broadcasts(&self.values[b].shape, &self.values[c].shape) { c } else { a };
        // A condition is exact, lest a rounding error decide it.
        let condition =
            self.keep(Step::Unary(Unary::Floor, a)).or_else(|| self.exact[a].then_some(a))?;
        self.keep(Step::Select(condition, b, c))
    }

    fn broadcast(&mut self) -> Option<usize> {
        let x = self.pick(0);
        let mut shape = self.values[x].shape.clone();
        for length in &mut shape {
            if *length == 1 {
                *length = 1 + self.stream.below(4);
            }
        }
        if self.stream.below(2) == 0 {
            shape.insert(0, 1 + self.stream.below(3));
        }
        self.keep(Step::Broadcast(x, shape))
    }

    fn permute(&mut self) -> Option<usize> {
        let x = self.pick(1);
        let mut axes: Vec<usize> = (0..self.values[x].shape.len()).collect();
        self.stream.shuffle(&mut axes);
        self.keep(Step::Permute(x, axes))
    }

    fn concat(&mut self) -> Option<usize> {
        let a = self.pick(1);
        let axis = self.stream.below(self.values[a].shape.len());
        let mut shape = self.values[a].shape.clone();
        shape[axis] = 1 + self.stream.below(3);
        let b = self.input(&shape);
        let parts = if self.stream.below(2) == 0 { vec![a, b] } else { vec![b, a, b] };
        self.keep(Step::Concat(parts, axis))
    }

    fn reduce(&mut self) -> Option<usize> {
        let x = self.pick(1);
        let axis = self.stream.below(self.values[x].shape.len());
        let hows = [Reduction::Sum, Reduction::Sum, Reduction::Max, Reduction::ArgMax];
        let how = hows[self.stream.below(4)];
        self.keep(Step::Reduce(how, x, axis))
    }

    fn iota(&mut self) -> Option<usize> {
        let x = self.pick(1);
        let shape = self.values[x].shape.clone();
        let axis = self.stream.below(shape.len());
        let coordinate = self.keep(Step::Iota(shape, axis))?;
        self.keep(Step::Binary(Binary::Sub, x, coordinate))
    }

    fn unary(&mut self) -> Option<usize> {
        let x = self.pick(0);
        let ops = [
            Unary::Neg,
            Unary::Recip,
            Unary::Exp,
            Unary::Ln,
            Unary::Sqrt,
            Unary::Tanh,
            Unary::Sigmoid,
            Unary::Sin,
            Unary::Cos,
            Unary::Abs,
            Unary::Floor,
        ];
        let op = ops[self.stream.below(ops.len())];
        // Away from where the function is infinite or steep.
        let x = match op {
            Unary::Recip | Unary::Ln | Unary::Sqrt => {
                let size = self.keep(Step::Unary(Unary::Abs, x))?;
                self.keep(Step::Affine(size, 1.0, 0.5))?
            }
            _ => x,
        };
        self.keep(Step::Unary(op, x))
    }

    fn binary(&mut self) -> Option<usize> {
        let a = self.pick(0);
        let b = self.partner(a);
        let ops = [
            Binary::Add,
            Binary::Sub,
            Binary::Mul,
            Binary::Div,
            Binary::Max,
            Binary::Min,
            Binary::Less,
            Binary::Equal,
        ];
        let op = ops[self.stream.below(ops.len())];
        let (a, b) = if self.stream.below(2) == 0 { (a, b) } else { (b, a) };
        let b = if op == Binary::Div {
            let size = self.keep(Step::Unary(Unary::Abs, b))?;
            self.keep(Step::Affine(size, 1.0, 0.5))?
        } else {
            b
        };
        self.keep(Step::Binary(op, a, b))
    }

    /// Softmax or its logarithm along an axis, as `models` says it.
    fn softmax(&mut self) -> Option<usize> {
        let x = self.pick(1);
        let axis = self.stream.below(self.values[x].shape.len());
        let greatest = self.keep(Step::Reduce(Reduction::Max, x, axis))?;
        let shifted = self.keep(Step::Binary(Binary::Sub, x, greatest))?;
        let power = self.keep(Step::Unary(Unary::Exp, shifted))?;
        let sum = self.keep(Step::Reduce(Reduction::Sum, power, axis))?;
        if self.stream.below(2) == 0 {
            return self.keep(Step::Binary(Binary::Div, power, sum));
        }
        let log = self.keep(Step::Unary(Unary::Ln, sum))?;
        self.keep(Step::Binary(Binary::Sub, shifted, log))
    }

    /// The same elements under a shape made by splitting and joining axes.
    fn reshape(&mut self) -> Option<usize> {
        let x = self.pick(1);
        let mut shape = self.values[x].shape.clone();
        let axis = self.stream.below(shape.len());
        match self.stream.below(3) {
            0 => {
                let length = shape.remove(axis);
                let outer = (2..=length).find(|d| length.is_multiple_of(*d)).unwrap_or(1);
                shape.splice(axis..axis, [outer, length / outer]);
            }
            1 if axis + 1 < shape.len() => {
                let inner = shape.remove(axis + 1);
                shape[axis] *= inner;
            }
            _ => shape.insert(axis, 1),
        }
        (shape.len() <= 5).then_some(())?;
        self.keep(Step::Reshape(x, shape))
    }

    /// A value of some rank, one of its axes, and the length of that.
    fn pick_axis(&mut self) -> (usize, usize, usize) {
        let x = self.pick(1);
        let axis = self.stream.below(self.values[x].shape.len());
        (x, axis, self.values[x].shape[axis])
    }

    fn slice(&mut self) -> Option<usize> {
        let (x, axis, length) = self.pick_axis();
        let start = self.stream.below(length);
        let end = start + 1 + self.stream.below(length - start);
        self.keep(Step::Slice(x, axis, start, end))
    }

    fn pad(&mut self) -> Option<usize> {
        let (x, axis, _) = self.pick_axis();
        let [before, after] = [(); 2].map(|()| self.stream.below(3));
        self.keep(Step::Pad(x, axis, before, after))
    }

    fn windows(&mut self) -> Option<usize> {
        let (x, axis, length) = self.pick_axis();
        (self.values[x].shape.len() < 5).then_some(())?;
        let size = 1 + self.stream.below(length);
        let step = 1 + self.stream.below(3);
        self.keep(Step::Windows(x, axis, size, step))
    }

    fn cumsum(&mut self) -> Option<usize> {
        let (x, axis, _) = self.pick_axis();
        self.keep(Step::CumSum(x, axis))
    }

    /// A product with a new factor on either side, either way round, with or without its own batch.
    fn matmul(&mut self) -> Option<usize> {
        let x = self.pick(2);
        let shape = self.values[x].shape.clone();
        let rank = shape.len();
        let other = [1, 2, 3, 4, 8, 9, 17][self.stream.below(7)];
        let left = self.stream.below(2) == 0;
        let mut factor = match (left, self.stream.below(2)) {
            (true, 0) => vec![shape[rank - 1], other],
            (true, _) => vec![other, shape[rank - 1]],
            (false, 0) => vec![other, shape[rank - 2]],
            (false, _) => vec![shape[rank - 2], other],
        };
        let inner = if left { shape[rank - 1] } else { shape[rank - 2] };
        let turned = factor[usize::from(!left)] != inner;
        if self.stream.below(2) == 0 {
            let batch =
                shape[..rank - 2].iter().map(|&l| if self.stream.below(3) == 0 { 1 } else { l });
            factor.splice(0..0, batch.collect::<Vec<_>>());
        }
        let mut y = self.input(&factor);
        if turned {
            let rank = factor.len();
            let mut axes: Vec<usize> = (0..rank).collect();
            axes.swap(rank - 1, rank - 2);
            y = self.keep(Step::Permute(y, axes))?;
        }
        self.keep(if left { Step::MatMul(x, y) } else { Step::MatMul(y, x) })
    }

    fn gather(&mut self) -> Option<usize> {
        let x = self.pick(1);
        let at = self.shape(2);
        let index = self.index(&at, self.values[x].shape[0]);
        self.keep(Step::Gather(x, index))
    }

    fn scatter_add(&mut self) -> Option<usize> {
        let x = self.pick(1);
        let shape = self.values[x].shape.clone();
        let rows = 1 + self.stream.below(6);
        let index_rank = 1 + self.stream.below(shape.len());
        let index = self.index(&shape[..index_rank], rows);
        self.keep(Step::ScatterAdd(rows, index, x))
    }

    /// Whether rounding errors cannot change what a step decides.
    fn decided(&self, step: &Step) -> bool {
        let far = |a: &Tensor, b: &Tensor, exact: bool| {
            let gaps = a.zip(b, |a, b| (a - b).abs());
            gaps.data.iter().all(|&gap| gap > MARGIN || exact && gap == 0.0)
        };
        match step {
            Step::Binary(Binary::Less | Binary::Equal | Binary::Max | Binary::Min, a, b) => {
                far(&self.values[*a], &self.values[*b], self.exact[*a] && self.exact[*b])
            }
            Step::Unary(Unary::Floor, x) => {
                let x_value = &self.values[*x];
                far(x_value, &x_value.map(f64::round), self.exact[*x])
            }
            Step::Unary(Unary::Abs, x) => {
                let x_value = &self.values[*x];
                far(x_value, &x_value.map(|_| 0.0), self.exact[*x])
            }
            Step::Reduce(Reduction::Max | Reduction::ArgMax, x, axis) => {
                let x_value = &self.values[*x];
                let second_is_far = x_value.reduce(*axis, |line| {
                    let mut line = line.to_vec();
                    line.sort_by(|a, b| b.total_cmp(a));
                    let gap = if line.len() > 1 { line[0] - line[1] } else { 1.0 };
                    f64::from(gap > MARGIN || self.exact[*x] && gap == 0.0)
                });
                second_is_far.data.iter().all(|&far| far == 1.0)
            }
            _ => true,
        }
    }

    /// Whether a step rounds nothing that was not rounded before.
    fn stays_exact(&self, step: &Step) -> bool {
        let rounds = match step {
            Step::Unary(op, _) => !matches!(op, Unary::Neg | Unary::Abs | Unary::Floor),
            Step::Binary(op, ..) => {
                !matches!(op, Binary::Max | Binary::Min | Binary::Less | Binary::Equal)
            }
            Step::Reduce(how, ..) => *how == Reduction::Sum,
            Step::Affine(..) | Step::CumSum(..) | Step::MatMul(..) | Step::ScatterAdd(..) => true,
            _ => false,
        };
        // A comparison that is decided gives exactly 0 or 1; so does an index.
        let decides = matches!(
            step,
            Step::Binary(Binary::Less | Binary::Equal, ..)
                | Step::Unary(Unary::Floor, _)
                | Step::Reduce(Reduction::ArgMax, ..)
        );
        decides || !rounds && step.operands().iter().all(|&v| self.exact[v])
    }
}

/// Whether two shapes broadcast.
fn broadcasts(a: &[usize], b: &[usize]) -> bool {
    a.iter().rev().zip(b.iter().rev()).all(|(&a, &b)| a == b || a == 1 || b == 1)
}
