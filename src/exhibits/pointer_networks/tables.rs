//! The paper's tables beside what is measured here: hulls (Table 1), Delaunay triangulations (section 4.3)
//! and tours (Table 2).
use super::{
    Params,
    evaluate::Quality,
    shipped::{MODELS, Model},
    survey::{Job, Survey},
    task::Task,
};
use crate::{
    error::Result,
    exhibit::{Ctx, Metric, Progress},
    figure::Figure,
};

/// Units of an LSTM in the paper (section 4.1), which of the two for which row it does not say.
pub const PAPER_WIDTH: &str = "256 or 512";

/// Table 1: method, trained n, tested n, accuracy, area.
const TABLE_1: [[&str; 5]; 11] = [
    ["LSTM", "50", "50", "1.9%", "FAIL"],
    ["LSTM + attention", "50", "50", "38.9%", "99.7%"],
    ["Ptr-Net", "50", "50", "72.6%", "99.9%"],
    ["LSTM", "5", "5", "87.7%", "99.6%"],
    ["Ptr-Net", "5–50", "5", "92.0%", "99.6%"],
    ["LSTM", "10", "10", "29.9%", "FAIL"],
    ["Ptr-Net", "5–50", "10", "87.0%", "99.8%"],
    ["Ptr-Net", "5–50", "50", "69.6%", "99.9%"],
    ["Ptr-Net", "5–50", "100", "50.3%", "99.9%"],
    ["Ptr-Net", "5–50", "200", "22.1%", "99.9%"],
    ["Ptr-Net", "5–50", "500", "1.3%", "99.2%"],
];

/// Table 1, Ptr-Net trained on 5 to 50 points: n, accuracy, area.
pub const HULLS_BEYOND: [[f32; 3]; 6] = [
    [5.0, 0.920, 0.996],
    [10.0, 0.870, 0.998],
    [50.0, 0.696, 0.999],
    [100.0, 0.503, 0.999],
    [200.0, 0.221, 0.999],
    [500.0, 0.013, 0.992],
];

/// Section 4.3: n, exact, triangles found.
const DELAUNAY: [[&str; 3]; 3] =
    [["5", "80.7%", "93.0%"], ["10", "22.6%", "81.3%"], ["50", "0%", "52.8%"]];

/// Table 2: trained n, tested n, optimal, A1, A2, A3, Ptr-Net.
const TABLE_2: [[&str; 7]; 9] = [
    ["5", "5", "2.12", "2.18", "2.12", "2.12", "2.12"],
    ["10", "10", "2.87", "3.07", "2.87", "2.87", "2.88"],
    ["50 (taught by A1)", "50", "–", "6.46", "5.84", "5.79", "6.42"],
    ["50 (taught by A3)", "50", "–", "6.46", "5.84", "5.79", "6.09"],
    ["5–20", "10", "2.87", "3.07", "2.87", "2.87", "2.87"],
    ["5–20", "20", "3.83", "4.24", "3.86", "3.85", "3.88"],
    ["5–20", "25", "–", "4.71", "4.27", "4.24", "4.30"],
    ["5–20", "30", "–", "5.11", "4.63", "4.60", "4.72"],
    ["5–20", "50", "–", "6.46", "5.84", "5.79", "7.66"],
];

/// Lengths on which the tables' nets are tested: those without a class for every place, on all of them.
fn lengths(task: Task) -> &'static [usize] {
    match task {
        Task::Hull => &[5, 10, 20, 50, 100, 200, 500],
        Task::Delaunay => &[5, 10],
        Task::Tsp => &[5, 10, 20, 25, 30, 50],
    }
}

/// Instances of n points, if there are so many of up to 50.
pub fn sample(instances: usize, n: usize) -> usize {
    (instances * 50 / n.max(50)).clamp(1, instances)
}

/// What a table of a task needs, on so many instances of up to 50 points, and fewer of more.
pub fn jobs(task: Task, instances: usize) -> Vec<Job> {
    let of_task = MODELS.iter().filter(|model| model.net.task == task);
    let job = |model: Model, n: usize| Job { model, n, sample: sample(instances, n) };
    let lengths_of = |model: &Model| match (task, model.net.classes) {
        // One net a length, as in the paper.
        (Task::Delaunay, _) => vec![model.recipe.most],
        (_, 0) => lengths(task).to_vec(),
        (_, n) => vec![n],
    };
    let jobs = of_task.flat_map(|&m| lengths_of(&m).into_iter().map(move |n| job(m, n)));
    let mut jobs: Vec<Job> = jobs.collect();
    jobs.sort_by_key(|job| job.n);
    jobs
}

fn percent(share: f32) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// The area covered, or FAIL where more than one answer in a hundred crosses itself, as in the paper.
pub fn coverage(quality: &Quality) -> String {
    if quality.valid == 0.0 {
        "FAIL (all cross)".to_owned()
    } else if quality.valid < 0.99 {
        let cross = percent(1.0 - quality.valid);
        format!("FAIL ({cross} cross; rest {})", percent(quality.value))
    } else {
        percent(quality.value)
    }
}

/// A table of rows of text.
fn table<const N: usize>(
    id: &'static str,
    title: &str,
    heads: [&str; N],
    rows: &[[String; N]],
) -> Figure {
    let column = |i: usize| rows.iter().map(|row| row[i].clone()).collect::<Vec<String>>();
    let figure = Figure::table(id, title).full();
    heads.iter().enumerate().fold(figure, |figure, (i, head)| figure.column(*head, column(i)))
}

/// Standard error of a share, in words.
const SPREAD: &str =
    "Standard error of a share p of k instances: √(p(1−p)/k), 2.2 points at most for 500.";

/// "set attention, here".
fn here(model: &Model) -> String {
    format!("{}, here", model.net.architecture.name())
}

/// Table 1.
pub fn hulls(survey: &Survey) -> Figure {
    let paper = TABLE_1.iter().map(|[method, trained, tested, exact, area]| {
        [&format!("{method}, paper"), PAPER_WIDTH, trained, tested, exact, area, "–"]
            .map(str::to_owned)
    });
    let measured = survey.found().filter(|(job, _)| job.model.net.task == Task::Hull);
    let rows = paper.chain(measured.map(|(job, quality)| {
        [
            here(&job.model),
            job.model.net.hidden.to_string(),
            job.model.recipe.range(),
            quality.n.to_string(),
            percent(quality.exact),
            coverage(&quality),
            quality.sample.to_string(),
        ]
    }));
    let rows: Vec<[String; 7]> = rows.collect();
    let alt = match rows.last().filter(|_| rows.len() > TABLE_1.len()) {
        Some(row) => format!(
            "{} rows of the paper's Table 1 and {} measured here; the last: {} on {} points, {} exact.",
            TABLE_1.len(),
            rows.len() - TABLE_1.len(),
            row[0],
            row[3],
            row[4]
        ),
        None => "Rows of the paper's Table 1; nothing measured here yet.".to_owned(),
    };
    let heads = ["method", "width", "trained n", "tested n", "exact", "area", "instances"];
    table("hulls", "Table 1, and here: convex hulls", heads, &rows)
        .alt(alt)
        .caption(format!("Greedy answers at seed {}. {SPREAD}", survey.seed()))
}

/// The numbers of section 4.3.
pub fn delaunay(survey: &Survey) -> Figure {
    let paper = DELAUNAY.iter().map(|[n, exact, found]| {
        ["Ptr-Net, paper", PAPER_WIDTH, n, exact, found, "–"].map(str::to_owned)
    });
    let measured = survey.found().filter(|(job, _)| job.model.net.task == Task::Delaunay);
    let rows = paper.chain(measured.map(|(job, quality)| {
        [
            here(&job.model),
            job.model.net.hidden.to_string(),
            format!("{} (trained on {})", quality.n, job.model.recipe.range()),
            percent(quality.exact),
            percent(quality.value),
            quality.sample.to_string(),
        ]
    }));
    let rows: Vec<[String; 6]> = rows.collect();
    let heads = ["method", "width", "n", "exact", "triangles found", "instances"];
    table("triangulations", "Section 4.3, and here: Delaunay triangulations", heads, &rows)
        .alt(format!("Three rows of the paper and {} measured here.", rows.len() - DELAUNAY.len()))
        .caption(format!(
            "Greedy answers at seed {}; one net a length, as in the paper. {SPREAD}",
            survey.seed()
        ))
}

/// Table 2.
pub fn tours(survey: &Survey) -> Figure {
    let paper = TABLE_2.iter().map(|[trained, n, best, a1, a2, a3, net]| {
        ["Ptr-Net, paper", trained, n, best, a1, a2, a3, net, "–", "–"].map(str::to_owned)
    });
    let measured = survey.found().filter(|(job, _)| job.model.net.task == Task::Tsp);
    let number =
        |length: f32| if length.is_finite() { format!("{length:.3}") } else { "–".to_owned() };
    let rows = paper.chain(measured.map(|(job, quality)| {
        let [_, a1, a2, a3] = quality.heuristics.map(number);
        [
            here(&job.model),
            job.model.recipe.range(),
            quality.n.to_string(),
            number(quality.best),
            a1,
            a2,
            a3,
            number(quality.length),
            percent(quality.valid),
            quality.sample.to_string(),
        ]
    }));
    let rows: Vec<[String; 10]> = rows.collect();
    let heads = [
        "method",
        "trained n",
        "cities n",
        "best known",
        "A1",
        "A2",
        "A3",
        "net",
        "valid",
        "instances",
    ];
    table("tours", "Table 2, and here: mean tour lengths", heads, &rows)
        .alt(format!("{} rows of the paper and {} measured here.", TABLE_2.len(), rows.len() - TABLE_2.len()))
        .caption(format!(
            "Greedy answers constrained to valid tours, at seed {}. Best known is optimal up to {} cities. \
             Here A1 is the greedy edge heuristic, A2 nearest neighbour improved by 2-opt, A3 Christofides' \
             construction with a greedy matching, improved by 2-opt; the paper names them only by their cost \
             and bound.",
            survey.seed(),
            super::tsp::EXACT
        ))
}

/// The table of a task.
pub fn of(task: Task, survey: &Survey) -> Figure {
    match task {
        Task::Hull => hulls(survey),
        Task::Delaunay => delaunay(survey),
        Task::Tsp => tours(survey),
    }
}

/// The fifth panel: all three, at a small sample.
pub struct Tables {
    survey: Survey,
}

impl Tables {
    /// Nothing measured yet.
    pub fn new(ctx: &Ctx, p: &Params) -> Self {
        let all = Task::ALL.into_iter().flat_map(|task| jobs(task, p.instances));
        Self { survey: Survey::new(&ctx.files, ctx.seed, all.collect()) }
    }

    /// A few instances.
    pub async fn step(&mut self) -> Result<Progress> {
        Ok(if self.survey.step().await? { Progress::More } else { Progress::Done })
    }

    /// All three.
    pub fn figures(&self) -> Vec<Figure> {
        Task::ALL.into_iter().map(|task| of(task, &self.survey)).collect()
    }

    /// How far it is.
    pub fn metrics(&self) -> Vec<Metric> {
        vec![Metric::new("fraction", "Measured", 100.0 * self.survey.fraction()).unit("%")]
    }
}
