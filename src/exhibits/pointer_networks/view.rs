//! Points, a net's answer to them, and its attention, as a visitor sees them.
use super::{
    geometry::Point,
    instances::Order,
    plane::{Answered, PLACES, Plane},
    pointer::Net,
    task::Task,
};
use crate::figure::{
    Color, Figure, Mark, PokeKind, arrow, band, cell, dot, line, linear, polygon, text,
};

/// What is shown of a plane.
pub struct View<'a> {
    /// Whose answer it is.
    pub net: Net,
    /// Its name, which is also its colour.
    pub name: &'a str,
    /// The points and the answer.
    pub plane: &'a Plane,
    /// Output step to stop at; 0 is the whole answer.
    pub output: usize,
    /// Who answers, for the text alternative: "After 100 steps the set attention".
    pub who: String,
}

/// Most cells of the matrix of attention, and most numbers beside points.
const MOST_CELLS: usize = 3000;

/// Most points that are numbered.
const MOST_NUMBERED: usize = 60;

fn columns(points: &[Point], at: impl Iterator<Item = usize>) -> (Vec<f32>, Vec<f32>) {
    at.map(|i| (points[i][0], points[i][1])).unzip()
}

/// A closed outline.
pub fn outline(points: &[Point], corners: &[usize]) -> Mark {
    let (x, y) = columns(points, corners.iter().copied());
    polygon().x(x).y(y)
}

/// Triangles, three corners after three, as one mark.
fn triangles(points: &[Point], corners: &[usize]) -> Mark {
    let corners = &corners[..corners.len() / 3 * 3];
    let (x, y) = columns(points, corners.iter().copied());
    let z: Vec<f32> = (0..corners.len()).map(|k| (k / 3) as f32).collect();
    polygon().x(x).y(y).z(z)
}

impl View<'_> {
    /// Up to which output step the answer is shown, and whether that is all of it.
    fn shown(&self, answered: &Answered) -> (usize, bool) {
        let steps = answered.answers[0].attention.len();
        let whole = self.output == 0 || self.output >= steps;
        if whole { (steps, true) } else { (self.output, false) }
    }

    /// What each point is shown with: its probability at the shown step, or its highest of all steps.
    fn glow(&self, answered: &Answered) -> Vec<f32> {
        let attention = &answered.answers[0].attention;
        let (step, whole) = self.shown(answered);
        let steps = if whole { &attention[..] } else { &attention[step - 1..step] };
        (0..answered.fed.len())
            .map(|j| steps.iter().map(|row| row[j]).fold(0.0, f32::max))
            .collect()
    }

    fn shape(&self, points: &[Point], outputs: &[usize]) -> Mark {
        match self.net.task {
            Task::Delaunay => triangles(points, outputs),
            Task::Hull | Task::Tsp => outline(points, outputs),
        }
    }

    /// The points, the right answer and the net's.
    pub fn plane(&self) -> Figure {
        let axes = || linear("").domain(-0.1, 1.1).hidden();
        let figure = Figure::plot("plane", "Your points", axes(), axes())
            .aspect(1.0)
            .color(Color::sequential("probability of being pointed at").domain(0.0, 1.0))
            .caption(match self.net.task {
                Task::Hull => {
                    "Numbers give the order in which the net reads the points; arrows are its answer, grey \
                     is the exact hull."
                }
                Task::Delaunay => {
                    "The net names triangle after triangle, three outputs each; grey is the exact \
                     triangulation."
                }
                Task::Tsp => "Arrows are the net's tour, grey is the best known.",
            });
        let Some(answered) = &self.plane.answered else {
            let (x, y) = columns(&self.plane.points, 0..self.plane.points.len());
            let figure = figure.with(pokeable(dot().x(x).y(y)));
            return match &self.plane.unanswered {
                Some(why) => figure.alt(why.clone()).caption(why.clone()),
                None => figure.alt("No answer yet."),
            };
        };
        let exact = self.shape(&answered.fed, &answered.target);
        let figure = figure
            .alt(self.plane_alt(answered))
            .with(exact.stroke("exact").option("strokeDasharray", "6 4"));
        let others = answered.answers.iter().skip(1).filter(|a| a.outputs.len() > 1);
        let figure = others.fold(figure, |figure, other| {
            let other = self.shape(&answered.fed, &other.outputs);
            figure.with(other.stroke(self.name).stroke_opacity(0.2))
        });
        let figure = match self.net.task {
            Task::Delaunay => {
                let outputs = self.outputs(answered);
                let named = triangles(&answered.fed, outputs).fill(self.name).fill_opacity(0.15);
                figure.with(named.stroke(self.name))
            }
            Task::Hull | Task::Tsp => figure,
        };
        let [dots, numbers] = self.points(answered);
        figure.with(self.arrows(answered)).with(dots).with(numbers)
    }

    /// The outputs up to the shown step.
    fn outputs<'b>(&self, answered: &'b Answered) -> &'b [usize] {
        let outputs = &answered.answers[0].outputs;
        &outputs[..self.shown(answered).0.min(outputs.len())]
    }

    /// From each point of the answer to the next, up to the shown step; of triangles only the newest.
    fn arrows(&self, answered: &Answered) -> Mark {
        let best = &answered.answers[0];
        let (_, whole) = self.shown(answered);
        let outputs = self.outputs(answered);
        let triple = self.net.task == Task::Delaunay;
        let newest = outputs.len().saturating_sub(1) / 3 * 3;
        let outputs = match (triple, whole) {
            (true, true) => &[],
            (true, false) => &outputs[newest..],
            (false, _) => outputs,
        };
        // The closing arrow comes with the stop, or a triangle's third corner.
        let closes = if triple { outputs.len() == 3 } else { whole && best.stopped };
        let closed = if closes && outputs.len() > 1 { outputs.first() } else { None };
        let ends: Vec<usize> = outputs.iter().chain(closed).copied().collect();
        let (x1, y1) = columns(&answered.fed, ends.iter().take(ends.len().max(1) - 1).copied());
        let (x2, y2) = columns(&answered.fed, ends.iter().skip(1).copied());
        let few = answered.fed.len() <= MOST_NUMBERED;
        let (inset, head, width) = if few { (8.0, 7.0, 2.0) } else { (2.0, 3.0, 1.2) };
        let mark = arrow().x1(x1).y1(y1).x2(x2).y2(y2).stroke(self.name).stroke_width(width);
        mark.option("inset", inset).option("headLength", head)
    }

    /// The points, shaded and sized by probability, and their numbers, in the visitor's order, so that a row
    /// is the same point however it is fed.
    fn points(&self, answered: &Answered) -> [Mark; 2] {
        let n = answered.fed.len();
        let glow = self.glow(answered);
        let place = answered.places();
        let (x, y) = columns(&answered.fed, place.iter().copied());
        let title = place.iter().map(|&j| format!("input {}: probability {:.3}", j + 1, glow[j]));
        let shade: Vec<f32> = place.iter().map(|&j| glow[j]).collect();
        let size = if n <= MOST_NUMBERED { 5.0 } else { 3.0 };
        let radius: Vec<f32> = shade.iter().map(|g| size * (1.0 + 1.2 * g)).collect();
        let dots = dot().x(x.clone()).y(y.clone()).fill(shade).r(radius).stroke("currentColor");
        let key: Vec<String> = place.iter().map(|j| (j + 1).to_string()).collect();
        let dots = pokeable(dots.title(title.collect::<Vec<String>>()).key(key.clone()));
        let numbered = if n <= MOST_NUMBERED { n } else { 0 };
        let number = key[..numbered].to_vec();
        let numbers = text().x(x[..numbered].to_vec()).y(y[..numbered].to_vec()).text(number);
        [dots, numbers.option("dx", 12.0).option("dy", -10.0).option("fontSize", 11.0)]
    }

    fn plane_alt(&self, answered: &Answered) -> String {
        let best = &answered.answers[0];
        let path: Vec<String> = best.outputs.iter().map(|j| (j + 1).to_string()).collect();
        let path = if path.is_empty() { "nothing".to_owned() } else { path.join(", ") };
        let n = answered.fed.len();
        format!("{n} points. {} points at {path}. {}", self.who, self.verdict(answered))
    }

    /// How good the answer is, in a sentence.
    pub fn verdict(&self, answered: &Answered) -> String {
        let (score, task) = (answered.score, self.net.task);
        let percent = 100.0 * score.value;
        match task {
            Task::Hull | Task::Delaunay if answered.target.len() < 3 => {
                format!("All points lie on one line, so there is no {}.", task.answer())
            }
            Task::Hull if score.exact => "This is the exact hull.".to_owned(),
            Task::Hull if score.valid => format!("It covers {percent:.1}% of the hull's area."),
            Task::Hull => "It crosses itself or has fewer than three corners.".to_owned(),
            Task::Delaunay if score.exact => "This is the exact triangulation.".to_owned(),
            Task::Delaunay => format!("It names {percent:.1}% of the triangles."),
            Task::Tsp if score.exact => "No shorter tour is known.".to_owned(),
            Task::Tsp if score.valid => {
                format!("It is {:.1}% longer than the best known tour.", percent - 100.0)
            }
            Task::Tsp => "It is no tour: it misses a city or visits one twice.".to_owned(),
        }
    }

    /// The points in a row, in the order in which the net reads them, to be dragged to other places.
    pub fn reading(&self) -> Figure {
        let n = self.plane.points.len();
        let axis = linear("place").domain(0.5, n as f64 + 0.5).whole();
        let figure = Figure::plot("reading", "Reading order", axis, linear("").domain(-1.0, 1.0).hidden())
            .aspect(0.06)
            .full()
            .color(Color::sequential("probability of being pointed at").domain(0.0, 1.0).without_legend())
            .caption("This net reads one point after another: drag a point to another place and see whether it matters.");
        let Some(answered) = &self.plane.answered else { return figure.alt("No answer yet.") };
        if n > MOST_NUMBERED {
            let why = format!("Points can be put in another order up to {MOST_NUMBERED} of them.");
            return figure.alt(why.clone()).caption(why);
        }
        let glow = self.glow(answered);
        let place = answered.places();
        let shade: Vec<f32> = place.iter().map(|&j| glow[j]).collect();
        let key: Vec<String> = place.iter().map(|j| (j + 1).to_string()).collect();
        let likely = (0..n).max_by(|&a, &b| glow[a].total_cmp(&glow[b])).unwrap_or(0);
        let dots = dot()
            .x(place.iter().map(|&j| (j + 1) as f32).collect::<Vec<f32>>())
            .y(vec![0.0; n])
            .fill(shade)
            .r(6.0)
            .stroke("currentColor")
            .key(key);
        figure
            .alt(format!(
                "{n} points in a row; most pointed at is the one in place {}.",
                likely + 1
            ))
            .with(dots.poked(PLACES, &[PokeKind::Drag]))
    }

    /// Whether the order in which the points come decides what the net reads.
    pub fn is_read_in_order(&self) -> bool {
        !self.net.architecture.is_set() && self.net.order == Order::Given
    }

    /// The probabilities of all choices at each output.
    pub fn attention(&self) -> Figure {
        let figure = Figure::plot("attention", "Attention", band("input"), band("output step"))
            .color(Color::sequential("probability").domain(0.0, 1.0))
            .caption(
                "Each row is the softmax over all inputs at one output step: this is the net's output, not \
                 an aid to it. A dot marks what was chosen; point at a column to see which point it is.",
            );
        let Some(answered) = &self.plane.answered else { return figure.alt("No answer yet.") };
        let (n, best) = (answered.fed.len(), &answered.answers[0]);
        let steps = self.shown(answered).0;
        // The newest rows, if there are too many.
        let from = steps.saturating_sub((MOST_CELLS / (n + 1)).max(1));
        let name = |j: usize| if j == n { "stop".to_owned() } else { (j + 1).to_string() };
        let rows = |each: fn(usize, usize) -> usize| -> Vec<usize> {
            (0..(steps - from) * (n + 1)).map(|i| each(i / (n + 1), i % (n + 1))).collect()
        };
        let inputs: Vec<String> = rows(|_, j| j).into_iter().map(name).collect();
        let step = rows(|i, _| i).into_iter().map(|i| (from + i + 1).to_string());
        let shown = &best.attention[from..steps];
        let fill: Vec<f32> = shown.iter().flat_map(|row| row.to_vec()).collect();
        let choice = |i: usize| best.outputs.get(i).copied().unwrap_or(n);
        let chosen: Vec<String> = (from..steps).map(|i| name(choice(i))).collect();
        let sure = |i: usize| best.attention[i][choice(i)];
        let doubt = (from..steps).min_by(|&a, &b| sure(a).total_cmp(&sure(b))).unwrap_or(from);
        let alt = match steps {
            0 => "No output yet.".to_owned(),
            _ => format!(
                "{steps} output steps over {n} inputs and stop. Least sure is step {}, which points at {} \
                 with probability {:.2}.",
                doubt + 1,
                name(choice(doubt)),
                sure(doubt)
            ),
        };
        let marks = dot()
            .x(chosen.clone())
            .y((from + 1..=steps).map(|i| i.to_string()).collect::<Vec<_>>())
            .key(chosen);
        let cells = cell().x(inputs.clone()).y(step.collect::<Vec<_>>()).fill(fill).key(inputs);
        figure
            .alt(alt)
            .with(cells.option("inset", 0.5))
            .with(marks.r(3.0).fill("white").stroke("black"))
    }

    /// How sure the net is of each output, and of the runner-up.
    pub fn doubt(&self) -> Figure {
        let figure = Figure::plot(
            "doubt",
            "How sure it is",
            linear("output step"),
            linear("probability").domain(0.0, 1.0),
        )
        .color(Color::series())
        .caption("Of what was chosen, and of the best other choice: where the two come close it may go wrong.");
        let Some(answered) = &self.plane.answered else { return figure.alt("No answer yet.") };
        let (n, best) = (answered.fed.len(), &answered.answers[0]);
        let (mut x, mut y, mut series) = (vec![], vec![], vec![]);
        for (i, row) in best.attention.iter().enumerate() {
            let choice = best.outputs.get(i).copied().unwrap_or(n);
            let other = (0..=n).filter(|&j| j != choice).map(|j| row[j]).fold(0.0, f32::max);
            x.extend([(i + 1) as f32; 2]);
            y.extend([row[choice], other]);
            series.extend(["chosen", "runner-up"].map(str::to_owned));
        }
        let least = y.iter().step_by(2).fold(1.0_f32, |a, &b| a.min(b));
        figure
            .alt(format!("{} outputs, the least sure with probability {least:.2}.", y.len() / 2))
            .with(line().x(x.clone()).y(y.clone()).stroke(series.clone()))
            .with(dot().x(x).y(y).fill(series).r(2.5))
    }
}

/// The points as a mark that a visitor may move, add to and remove from.
fn pokeable(dots: Mark) -> Mark {
    dots.poked("points", &[PokeKind::Drag, PokeKind::Add, PokeKind::Remove])
}
