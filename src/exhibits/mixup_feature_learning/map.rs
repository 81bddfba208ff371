//! The map of decoupled coefficients: a training for each pair of λ_x and λ_y.
use super::{
    Params,
    race::percent,
    sweep::{CHUNK, Job, Sweep},
    trainer::Method,
};
use crate::{
    error::Result,
    exhibit::{Ctx, Metric, Progress},
    figure::{Color, Figure, PokeKind, dot, line, linear, raster, rule_y},
};

/// Values of each coefficient, from ½ to 1.
const SIDE: usize = 9;

/// Distance of two neighbours.
const PITCH: f32 = 0.5 / (SIDE - 1) as f32;

/// Trainings for all pairs of coefficients, and one standard training first.
pub struct Map {
    sweep: Sweep,
    /// Place of each job's cell, column and row.
    order: Vec<[usize; 2]>,
}

/// Cells from coarse to fine, so that the whole shows early.
fn order() -> Vec<[usize; 2]> {
    let mut order: Vec<[usize; 2]> = Vec::new();
    for stride in [4, 2, 1] {
        for at in 0..SIDE * SIDE {
            let cell = [at % SIDE, at / SIDE];
            if cell.iter().all(|i| i % stride == 0) && !order.contains(&cell) {
                order.push(cell);
            }
        }
    }
    order
}

/// The coefficient at a place.
fn lambda(place: usize) -> f32 {
    0.5 + PITCH * place as f32
}

/// The place nearest to a coefficient.
fn nearest(lambda: f32) -> usize {
    (((lambda - 0.5) / PITCH).round() as usize).min(SIDE - 1)
}

/// The place of the greatest value, and a sentence on it.
fn greatest(pixels: &[f32], done: usize) -> (Option<usize>, String) {
    let best = (0..SIDE * SIDE).filter(|&i| pixels[i].is_finite());
    let best = best.max_by(|&a, &b| pixels[a].total_cmp(&pixels[b]));
    let alt = best.map_or("Nothing trained yet.".to_owned(), |i| {
        format!(
            "{done} of 81 cells trained. Greatest is {:.2} at λ_x = {:.2}, λ_y = {:.2}.",
            pixels[i],
            lambda(i % SIDE),
            lambda(i / SIDE)
        )
    });
    (best, alt)
}

impl Map {
    /// Nothing trained yet.
    pub fn new(ctx: &Ctx, p: &Params) -> Self {
        let steps = p.steps.div_ceil(2);
        let job = |method, lambda_x, lambda_y| Job {
            seed: ctx.seed,
            method,
            rates: super::trainer::Rates { lambda_x, lambda_y, ..p.rates() },
            steps,
        };
        let order = order();
        let cells = order.iter().map(|&[x, y]| job(Method::Mixup, lambda(x), lambda(y)));
        let jobs = [job(Method::Standard, 1.0, 1.0)].into_iter().chain(cells).collect();
        Self { sweep: Sweep::new(&ctx.device, p.config(), jobs), order }
    }

    /// A few training steps.
    pub async fn step(&mut self) -> Result<Progress> {
        Ok(if self.sweep.step().await? { Progress::More } else { Progress::Done })
    }

    /// What was found at a place, if it was trained already.
    fn at(&self, place: [usize; 2]) -> Option<&super::measure::Measures> {
        let job = self.order.iter().position(|cell| *cell == place)?;
        self.sweep.results.get(job + 1)
    }

    /// Of the coefficients that are set.
    pub fn metrics(&self) -> Vec<Metric> {
        let standard = self.sweep.results.first().map_or(f32::NAN, |m| 100.0 * m.rare);
        vec![
            Metric::new("trained", "Trainings done", self.sweep.results.len() as f64),
            Metric::new("standard", "Rare accuracy, standard", standard).unit("%"),
        ]
    }

    /// Panel 5.
    pub fn figures(&self, p: &Params) -> Vec<Figure> {
        let learned = |m: &super::measure::Measures| m.learned[2].min(m.learned[3]);
        vec![
            self.map(p, "map", "New rare examples", "rare accuracy", |m| m.rare).with(self.cells()),
            self.curve(p),
            self.map(p, "map_learned", "Lesser of Γ(u₁), Γ(u₂)", "alignment", learned),
            self.lines(p),
        ]
    }

    fn map(
        &self,
        p: &Params,
        id: &'static str,
        title: &str,
        label: &str,
        of: impl Fn(&super::measure::Measures) -> f32,
    ) -> Figure {
        let value = |at: usize| self.at([at % SIDE, at / SIDE]).map_or(f32::NAN, &of);
        let pixels: Vec<f32> = (0..SIDE * SIDE).map(value).collect();
        let done = self.sweep.results.len().saturating_sub(1);
        let (best, alt) = greatest(&pixels, done);
        let caption = if id == "map" {
            format!(
                "A training of {} steps for each pair. On the diagonal both are equal: Mixup as it is \
                 known. Upper edge: only inputs are mixed. Click a cell to take its coefficients along to \
                 the race.",
                p.steps.div_ceil(2)
            )
        } else {
            "What the filters have of the rare feature that they have less of, in the same trainings."
                .to_owned()
        };
        let half = f64::from(PITCH) / 2.0;
        let (low, high) = (0.5 - half, 1.0 + half);
        let color = if id == "map" {
            Color::sequential(label).domain(0.5, 1.0)
        } else {
            Color::sequential(label)
        };
        let axis = |label| linear(label).domain(low, high);
        let figure = Figure::plot(id, title, axis("λ_x, inputs"), axis("λ_y, labels"));
        let figure = if best.is_some() {
            figure.with(
                raster(SIDE, SIDE, [low, low, high, high])
                    .fill(pixels)
                    .option("imageRendering", "pixelated"),
            )
        } else {
            figure
        };
        figure
            .aspect(1.0)
            .color(color)
            .caption(caption)
            .alt(alt)
            .with(
                line()
                    .x(vec![0.5, 1.0])
                    .y(vec![0.5, 1.0])
                    .stroke("currentColor")
                    .option("strokeDasharray", "3 3"),
            )
            .with(
                dot()
                    .x(vec![p.lambda_x])
                    .y(vec![p.lambda_y])
                    .r(8.0)
                    .stroke("currentColor")
                    .stroke_width(2.0)
                    .option("fill", "none"),
            )
    }

    /// What can be clicked: a dot a cell.
    fn cells(&self) -> crate::figure::Mark {
        let all = || (0..SIDE * SIDE).map(|at| [at % SIDE, at / SIDE]);
        let title = |[x, y]: [usize; 2]| {
            let found = self.at([x, y]).map_or("not trained yet".to_owned(), |m| {
                format!("rare accuracy {}", percent(m.rare))
            });
            format!("λ_x = {:.3}, λ_y = {:.3}: {found}", lambda(x), lambda(y))
        };
        dot()
            .x(all().map(|[x, _]| lambda(x)).collect::<Vec<f32>>())
            .y(all().map(|[_, y]| lambda(y)).collect::<Vec<f32>>())
            .r(10.0)
            .fill_opacity(0.02)
            .fill("currentColor")
            .title(all().map(title).collect::<Vec<String>>())
            .poked("cells", &[PokeKind::Click])
            .sets_x("lambda_x")
            .sets_y("lambda_y")
    }

    /// The chosen cell's training, beside the standard one.
    fn curve(&self, p: &Params) -> Figure {
        let place = [nearest(p.lambda_x), nearest(p.lambda_y)];
        let job = self.order.iter().position(|cell| *cell == place).unwrap_or(0) + 1;
        let name = format!("λ_x = {:.2}, λ_y = {:.2}", lambda(place[0]), lambda(place[1]));
        let figure = Figure::plot(
            "map_curve",
            "The chosen cell's training",
            linear("step"),
            linear("rare accuracy").domain(0.0, 1.0),
        )
        .color(Color::series())
        .caption(format!("Accuracy on new rare examples, every {CHUNK} steps."))
        .alt(match self.at(place) {
            Some(m) => format!("{name}: {} in the end.", percent(m.rare)),
            None => format!("{name}: not trained yet."),
        });
        [(0, "standard".to_owned()), (job, name)].into_iter().fold(figure, |figure, (job, name)| {
            let curve = self.sweep.curves.get(job).map_or(&[][..], Vec::as_slice);
            let (x, y): (Vec<f32>, Vec<f32>) = curve.iter().map(|(s, a)| (*s as f32, *a)).unzip();
            figure.with(line().x(x).y(y).stroke(name).stroke_width(2.0))
        })
    }

    /// Three cuts through the map.
    fn lines(&self, p: &Params) -> Figure {
        let column = nearest(p.lambda_x);
        let cut = format!("λ_x = {:.2}, over λ_y", lambda(column));
        let along = |place: &dyn Fn(usize) -> [usize; 2]| -> (Vec<f32>, Vec<f32>) {
            let found = |i| self.at(place(i)).map(|m| (lambda(i), m.rare));
            (0..SIDE).filter_map(found).unzip()
        };
        let cuts = [
            ("both equal".to_owned(), along(&|i| [i, i])),
            ("labels not mixed, over λ_x".to_owned(), along(&|i| [i, SIDE - 1])),
            (cut, along(&|i| [column, i])),
        ];
        let told = |y: &[f32]| y.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let alt: Vec<String> = cuts
            .iter()
            .filter(|(_, (_, y))| !y.is_empty())
            .map(|(name, (_, y))| format!("{name}: at most {}", percent(told(y))))
            .collect();
        let figure = Figure::plot(
            "map_cuts",
            "Cuts through the map",
            linear("λ"),
            linear("rare accuracy").domain(0.0, 1.0),
        )
        .color(Color::series())
        .caption(
            "Separate coefficients do about as well as equal ones as long as labels are mixed; where \
             they are not (λ_y = 1) the benefit is gone. The dashed line is standard training.",
        )
        .alt(if alt.is_empty() { "Nothing trained yet.".to_owned() } else { alt.join("; ") + "." });
        let standard: Vec<f32> = self.sweep.results.iter().take(1).map(|m| m.rare).collect();
        let base = rule_y().y(standard).stroke("currentColor").option("strokeDasharray", "4 4");
        cuts.into_iter().fold(figure.with(base), |figure, (name, (x, y))| {
            figure
                .with(line().x(x.clone()).y(y.clone()).stroke(name.clone()))
                .with(dot().x(x).y(y).fill(name).r(3.0))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_filled_from_coarse_to_fine_each_cell_once() {
        let order = order();
        assert_eq!(order.len(), SIDE * SIDE);
        let mut seen: Vec<usize> = order.iter().map(|[x, y]| y * SIDE + x).collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..SIDE * SIDE), "each once");
        assert!(order[..9].iter().all(|cell| cell.iter().all(|i| i % 4 == 0)), "coarse first");
        assert!((0..SIDE).all(|i| nearest(lambda(i)) == i), "each is nearest to itself");
    }
}
