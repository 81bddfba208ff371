//! The second panel: a trained net, and points to try it on.
use super::{Params, decode::Decoder, plane::Plane, pointer::Net, shipped::Model, view::View};
use crate::{
    error::Result,
    exhibit::{Ctx, Metric, Progress},
    figure::{Figure, Poke},
};

/// A net that knows its task.
pub struct Play {
    net: Net,
    model: Model,
    decoder: Decoder,
    plane: Plane,
    /// Outputs that the run has shown; none, and the answer is shown whole.
    shown: usize,
}

impl Play {
    /// Loads the chosen net.
    pub async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let model = Model::of(p.net);
        let decoder = model.load(&ctx.files).await?;
        let plane = Plane::new(ctx.seed, p.set());
        Ok(Self { net: model.decoded(), model, decoder, plane, shown: 0 })
    }

    /// One more output.
    pub async fn step(&mut self, p: &Params) -> Result<Progress> {
        self.refresh(p).await?;
        self.shown += 1;
        let all = self.plane.answered.as_ref().map_or(0, |a| a.answers[0].attention.len());
        Ok(if self.shown < all { Progress::More } else { Progress::Done })
    }

    /// Answers for the points as they are.
    pub async fn refresh(&mut self, p: &Params) -> Result<()> {
        self.plane.show(p.set());
        self.plane.answer(&self.net, &mut self.decoder, p.beam).await
    }

    fn view(&self, p: &Params) -> View<'_> {
        let output = if p.output > 0 { p.output } else { self.shown };
        let who =
            format!("The {}, trained on {} points,", self.net.architecture.name(), self.range());
        let name = self.net.architecture.name();
        View { net: self.net, name, plane: &self.plane, output, who }
    }

    /// "5 to 20".
    fn range(&self) -> String {
        self.model.recipe.range()
    }

    /// The plane, the attention, the order of reading if it counts, and how sure each output is.
    pub fn figures(&self, p: &Params) -> Vec<Figure> {
        let view = self.view(p);
        let order = view.is_read_in_order().then(|| view.reading());
        [view.plane(), view.attention()].into_iter().chain(order).chain([view.doubt()]).collect()
    }

    /// How good the answer is.
    pub fn metrics(&self) -> Vec<Metric> {
        let answered = self.plane.answered.as_ref();
        let score = |of: fn(super::task::Score) -> f64| answered.map_or(f64::NAN, |a| of(a.score));
        let task = self.net.task;
        vec![
            Metric::new("points", "Points", self.plane.points.len() as f64),
            Metric::new("exact", "Exact", score(|s| f64::from(u8::from(s.exact)))),
            Metric::new("value", task.measure(), score(|s| 100.0 * s.value)).unit("%"),
            Metric::new("weights", "Weights", self.decoder.weights() as f64),
        ]
    }

    /// Moves, adds or removes a point.
    pub fn poke(&mut self, poke: &Poke) -> Result<()> {
        self.plane.poke(poke)
    }
}
