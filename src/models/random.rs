//! Random numbers inside a graph, new at every step.
use crate::engine::{Graph, Var};

/// Standard normal numbers by Box & Muller 1958: √(−2 ln u) cos(2π v).
pub fn normal<'g>(graph: &'g Graph, purpose: &str, shape: impl AsRef<[usize]>) -> Var<'g> {
    let [radius, angle] = polar(graph, purpose, shape.as_ref());
    radius * angle.cos()
}

/// Twice as many independent standard normal numbers as [`normal`] makes of as many uniform ones: the
/// cosine and the sine branch of the same transform.
pub fn normal_pairs<'g>(
    graph: &'g Graph,
    purpose: &str,
    shape: impl AsRef<[usize]>,
) -> [Var<'g>; 2] {
    let [radius, angle] = polar(graph, purpose, shape.as_ref());
    [radius * angle.cos(), radius * angle.sin()]
}

/// Radius and angle of points of the plane whose coordinates are standard normal.
fn polar<'g>(graph: &'g Graph, purpose: &str, shape: &[usize]) -> [Var<'g>; 2] {
    // 1 − u lies in (0, 1], where the logarithm is finite.
    let u = 1.0 - graph.uniform(&format!("{purpose} radius"), shape);
    let v = graph.uniform(&format!("{purpose} angle"), shape);
    [(-2.0 * u.ln()).sqrt(), std::f32::consts::TAU * v]
}

/// Zero with probability `rate` (below one), else scaled to keep the mean; Srivastava et al. 2014.
#[track_caller]
pub fn dropout<'g>(x: Var<'g>, purpose: &str, rate: f32) -> Var<'g> {
    let kept = 1.0 - x.graph().uniform(purpose, x.shape()).less(rate);
    x * kept * (1.0 / (1.0 - rate))
}

#[cfg(test)]
mod tests {
    use super::{super::testing::after, *};

    #[test]
    fn normal_numbers_have_their_moments_and_change_every_step() {
        let draw = |steps| {
            after(steps, |w| {
                w.graph().output("x", normal(w.graph(), "test", [20_000]));
                // A step is only counted where there is something to update.
                let count = w.get("count", [], crate::engine::Init::Zeros);
                w.graph().assign(count, count + 1.0);
            })("x")
        };
        let x = draw(1);
        let mean = |f: fn(f32) -> f32| x.iter().map(|&x| f64::from(f(x))).sum::<f64>() / 20_000.0;
        // Four standard errors: 1, √2 and √96 over √20000.
        assert!(mean(|x| x).abs() < 0.029, "mean {}", mean(|x| x));
        assert!((mean(|x| x * x) - 1.0).abs() < 0.04, "variance {}", mean(|x| x * x));
        assert!((mean(|x| x * x * x * x) - 3.0).abs() < 0.28, "kurtosis");
        assert_ne!(x, draw(2), "new at every step");
        assert_eq!(x, draw(1), "and the same for a seed");
    }

    #[test]
    fn both_of_a_pair_are_normal_and_unrelated() {
        let draw = |name| {
            after(1, |w| {
                let [x, y] = normal_pairs(w.graph(), "test", [20_000]);
                w.graph().output("x", x);
                w.graph().output("y", y);
            })(name)
        };
        let (x, y) = (draw("x"), draw("y"));
        let alone = after(1, |w| w.graph().output("x", normal(w.graph(), "test", [20_000])))("x");
        assert_eq!(x, alone, "the first is the one that `normal` makes");
        let mean = |f: fn(f32, f32) -> f32| {
            x.iter().zip(&y).map(|(&x, &y)| f64::from(f(x, y))).sum::<f64>() / 20_000.0
        };
        // Four standard errors: 1, √2, √96 and, of products and of products of squares, 1 and 2 √2 over √20000.
        assert!(mean(|_, y| y).abs() < 0.029, "mean {}", mean(|_, y| y));
        assert!((mean(|_, y| y * y) - 1.0).abs() < 0.04, "variance {}", mean(|_, y| y * y));
        assert!((mean(|_, y| y * y * y * y) - 3.0).abs() < 0.28, "kurtosis");
        assert!(mean(|x, y| x * y).abs() < 0.029, "correlation {}", mean(|x, y| x * y));
        assert!((mean(|x, y| x * x * y * y) - 1.0).abs() < 0.08, "squares are unrelated too");
    }

    #[test]
    fn dropout_keeps_the_mean() {
        let x = after(1, |w| {
            let ones = w.graph().scalar(1.0).broadcast_to([20_000]);
            w.graph().output("x", dropout(ones, "test", 0.2));
        })("x");
        assert!(x.iter().all(|&x| x == 0.0 || x == 1.25), "nothing or 1/(1 − 0.2)");
        // Four standard errors of 1.25 · Bernoulli(0.8) over √20000.
        assert!((x.iter().sum::<f32>() / 20_000.0 - 1.0).abs() < 0.0142, "mean one");
    }
}
