//! The plain twin: tensors of `f64` with every primitive as the most naive loop.

/// Numbers in row-major order under a shape.
#[derive(Clone, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f64>,
}

impl std::fmt::Debug for Tensor {
    /// The shape; the numbers come back from the seed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.shape)
    }
}

impl Tensor {
    pub(crate) fn new(shape: &[usize], data: Vec<f64>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), data.len(), "data of another size");
        Self { shape: shape.to_vec(), data }
    }

    /// Calls `f` with every index, the last axis fastest.
    pub(crate) fn from_fn(shape: &[usize], mut f: impl FnMut(&[usize]) -> f64) -> Self {
        let mut index = vec![0; shape.len()];
        let mut data = Vec::new();
        for _ in 0..shape.iter().product() {
            data.push(f(&index));
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                if index[axis] < shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Self::new(shape, data)
    }

    /// The element at an index, whose surplus leading axes are ignored and whose coordinates along
    /// axes of length one count as zero.
    pub(crate) fn at(&self, index: &[usize]) -> f64 {
        let surplus = index.len() - self.shape.len();
        let flat = self
            .shape
            .iter()
            .zip(&index[surplus..])
            .fold(0, |flat, (&length, &i)| flat * length + if length == 1 { 0 } else { i });
        self.data[flat]
    }

    pub(crate) fn f32s(&self) -> Vec<f32> {
        self.data.iter().map(|&x| x as f32).collect()
    }

    pub(crate) fn largest(&self) -> f64 {
        self.data.iter().fold(0.0, |m, x| if x.is_nan() { f64::NAN } else { x.abs().max(m) })
    }

    pub(crate) fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self::new(&self.shape, self.data.iter().map(|&x| f(x)).collect())
    }

    pub(crate) fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let shape = broadcast(&self.shape, &other.shape);
        Self::from_fn(&shape, |i| f(self.at(i), other.at(i)))
    }

    pub(crate) fn select(condition: &Self, a: &Self, b: &Self) -> Self {
        let shape = broadcast(&condition.shape, &broadcast(&a.shape, &b.shape));
        Self::from_fn(&shape, |i| if condition.at(i) == 0.0 { b.at(i) } else { a.at(i) })
    }

    pub(crate) fn broadcast_to(&self, shape: &[usize]) -> Self {
        Self::from_fn(shape, |i| self.at(i))
    }

    pub(crate) fn permute(&self, axes: &[usize]) -> Self {
        let shape: Vec<usize> = axes.iter().map(|&a| self.shape[a]).collect();
        Self::from_fn(&shape, |i| {
            let mut from = vec![0; axes.len()];
            for (to, &axis) in axes.iter().enumerate() {
                from[axis] = i[to];
            }
            self.at(&from)
        })
    }

    pub(crate) fn slice(&self, axis: usize, start: usize, end: usize) -> Self {
        let mut shape = self.shape.clone();
        shape[axis] = end - start;
        Self::from_fn(&shape, |i| {
            let mut from = i.to_vec();
            from[axis] += start;
            self.at(&from)
        })
    }

    pub(crate) fn pad(&self, axis: usize, before: usize, after: usize) -> Self {
        let mut shape = self.shape.clone();
        shape[axis] += before + after;
        Self::from_fn(&shape, |i| {
            let inside = (before..before + self.shape[axis]).contains(&i[axis]);
            let mut from = i.to_vec();
            from[axis] = i[axis].saturating_sub(before);
            if inside { self.at(&from) } else { 0.0 }
        })
    }

    pub(crate) fn windows(&self, axis: usize, size: usize, step: usize) -> Self {
        let mut shape = self.shape.clone();
        shape[axis] = (shape[axis] - size) / step + 1;
        shape.push(size);
        Self::from_fn(&shape, |i| {
            let mut from = i[..i.len() - 1].to_vec();
            from[axis] = i[axis] * step + i[i.len() - 1];
            self.at(&from)
        })
    }

    pub(crate) fn concat(parts: &[&Self], axis: usize) -> Self {
        let mut shape = parts[0].shape.clone();
        shape[axis] = parts.iter().map(|p| p.shape[axis]).sum();
        Self::from_fn(&shape, |i| {
            let mut from = i.to_vec();
            for part in parts {
                if from[axis] < part.shape[axis] {
                    return part.at(&from);
                }
                from[axis] -= part.shape[axis];
            }
            unreachable!("an index beyond all parts")
        })
    }

    /// Each line along an axis, in order, under the function; the axis stays with length one.
    pub(crate) fn reduce(&self, axis: usize, f: impl Fn(&[f64]) -> f64) -> Self {
        let mut shape = self.shape.clone();
        shape[axis] = 1;
        Self::from_fn(&shape, |i| f(&self.line(axis, i)))
    }

    pub(crate) fn cumsum(&self, axis: usize) -> Self {
        Self::from_fn(&self.shape, |i| self.line(axis, i)[..=i[axis]].iter().sum())
    }

    /// The elements along an axis that differ from an index only there.
    pub(crate) fn line(&self, axis: usize, index: &[usize]) -> Vec<f64> {
        let mut from = index.to_vec();
        (0..self.shape[axis])
            .map(|k| {
                from[axis] = k;
                self.at(&from)
            })
            .collect()
    }

    pub(crate) fn matmul(&self, other: &Self) -> Self {
        let (a, b) = (self.shape.len() - 2, other.shape.len() - 2);
        let mut shape = broadcast(&self.shape[..a], &other.shape[..b]);
        let batch = shape.len();
        shape.extend([self.shape[a], other.shape[b + 1]]);
        Self::from_fn(&shape, |i| {
            let (mut left, mut right) = (i.to_vec(), i.to_vec());
            (0..other.shape[b])
                .map(|k| {
                    left[batch + 1] = k;
                    right[batch] = k;
                    self.at(&left) * other.at(&right)
                })
                .sum()
        })
    }

    pub(crate) fn gather(&self, index: &Self) -> Self {
        let shape = [&index.shape[..], &self.shape[1..]].concat();
        Self::from_fn(&shape, |i| {
            let (of_index, of_row) = i.split_at(index.shape.len());
            let row = index.at(of_index) as usize;
            self.at(&[&[row], of_row].concat())
        })
    }

    pub(crate) fn scatter_add(rows: usize, index: &Self, values: &Self) -> Self {
        let row = &values.shape[index.shape.len()..];
        let size: usize = row.iter().product();
        let mut out = Self::from_fn(&[&[rows], row].concat(), |_| 0.0);
        for (item, &at) in index.data.iter().enumerate() {
            for j in 0..size {
                out.data[at as usize * size + j] += values.data[item * size + j];
            }
        }
        out
    }
}

/// The shape both broadcast to.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let mut shape = long.to_vec();
    let surplus = long.len() - short.len();
    for (axis, &length) in short.iter().enumerate() {
        let there = &mut shape[surplus + axis];
        assert!(*there == length || *there == 1 || length == 1, "{a:?} and {b:?}");
        *there = (*there).max(length);
    }
    shape
}
