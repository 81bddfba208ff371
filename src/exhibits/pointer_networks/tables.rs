//! Table 1 beside what is measured here.
use super::{Params, PointerNetworks, evaluate::Quality};
use crate::figure::Figure;

/// Units of an LSTM in the paper (section 4.1), which of the two for which row it does not say.
pub const PAPER_WIDTH: &str = "256 or 512";

/// Table 1: method, trained n, tested n, accuracy, area.
const TABLE_1: [[&str; 5]; 9] = [
    ["LSTM", "50", "50", "1.9%", "FAIL"],
    ["LSTM + attention", "50", "50", "38.9%", "99.7%"],
    ["Ptr-Net", "50", "50", "72.6%", "99.9%"],
    ["LSTM", "5", "5", "87.7%", "99.6%"],
    ["Ptr-Net", "5–50", "5", "92.0%", "99.6%"],
    ["LSTM", "10", "10", "29.9%", "FAIL"],
    ["Ptr-Net", "5–50", "10", "87.0%", "99.8%"],
    ["Ptr-Net", "5–50", "50", "69.6%", "99.9%"],
    ["Ptr-Net", "5–50", "100", "50.3%", "99.9%"],
];

/// The area covered, or FAIL where more than one answer in a hundred crosses itself, as in the paper.
pub fn coverage(quality: &Quality) -> String {
    let percent = 100.0 * quality.area;
    if quality.simple == 0.0 {
        "FAIL (all cross)".to_owned()
    } else if quality.simple < 0.99 {
        format!("FAIL ({:.1}% cross; rest {percent:.1}%)", 100.0 * (1.0 - quality.simple))
    } else {
        format!("{percent:.1}%")
    }
}

/// The paper's rows, then those of this run.
pub fn table(run: &PointerNetworks, p: &Params) -> Figure {
    let net = run.trainer.net;
    let recipe = run.trainer.recipe;
    let mut rows: Vec<[String; 7]> = TABLE_1
        .iter()
        .map(|[method, trained, tested, exact, area]| {
            let [method, trained, tested, exact, area] =
                [method, trained, tested, exact, area].map(ToString::to_string);
            [
                format!("{method}, paper"),
                PAPER_WIDTH.to_owned(),
                trained,
                tested,
                exact,
                area,
                "–".to_owned(),
            ]
        })
        .collect();
    let longer = run.history.beyond.iter().filter(|q| q.n > 10);
    for quality in run.history.newest.iter().chain(longer) {
        rows.push([
            format!("{}, here", p.model),
            net.hidden.to_string(),
            format!("{}–{}", recipe.least, recipe.most),
            quality.n.to_string(),
            format!("{:.1}%", 100.0 * quality.exact),
            coverage(quality),
            quality.sample.to_string(),
        ]);
    }
    let here = rows.len() - TABLE_1.len();
    let alt = match run.history.newest.last() {
        Some(q) => format!(
            "Nine rows of the paper's Table 1 and {here} measured here; at n = {} {:.1}% are exact here, \
             87.0% in the paper.",
            q.n,
            100.0 * q.exact
        ),
        None => "Nine rows of the paper's Table 1; nothing measured here yet.".to_owned(),
    };
    let figure = Figure::table("table", "Table 1, and here").full().alt(alt).caption(format!(
        "Greedy answers of this run after {} steps. Standard error of a share p of k instances: √(p(1−p)/k), \
         3.5 points at most for 200.",
        run.trainer.step
    ));
    let heads = ["method", "width", "trained n", "tested n", "exact", "area", "instances"];
    heads.iter().enumerate().fold(figure, |figure, (i, head)| {
        figure.column(*head, rows.iter().map(|row| row[i].clone()).collect::<Vec<String>>())
    })
}
