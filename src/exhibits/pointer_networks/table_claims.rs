//! What the paper says in its tables, measured with the nets that ship.
use super::{
    decode::Decoder,
    evaluate::{Quality, Tally},
    pointer::Net,
    shipped::{self, Model},
    survey::Survey,
    tables::{self, coverage},
    task::Task,
};
use crate::{
    claim::{Check, Claim, Measured},
    error::Result,
};

/// Seed of the instances; nets were trained on others.
const SEED: u64 = 2;

/// Another, to see how much the sample matters.
const OTHER_SEED: u64 = 3;

/// Instances of each length of up to 50 points.
const SAMPLE: usize = 500;

/// All of them.
pub fn all() -> Vec<Claim> {
    let mut all = nets();
    all.extend(whole_tables());
    all
}

fn nets() -> Vec<Claim> {
    vec![
        Claim {
            id: "valid_tours",
            sentence: "Without the constraint to valid tours, more than one answer in ten on over twenty \
                       cities is none.",
            published: "at least 10% invalid for n > 20",
            source: "section 4.4",
            protocol: "The shipped Ptr-Net of tours, trained on 5 to 20 cities without a mask, on 200 instances \
                       of 25 and of 30 cities and 50 each of 5, 10, 20 and 50, greedy. Holds if with the \
                       constraint all tours are valid and without it at least 10% of those of 25 and 30 are not.",
            quick: false,
            measure: |check| Box::pin(valid_tours(check)),
        },
        Claim {
            id: "hulls_beyond_twice",
            sentence: "The area of the hull is covered far beyond the lengths of training.",
            published: "trained on 5 to 50: 99.9% of the area at n = 100",
            source: "Table 1",
            protocol: "The shipped set attention net (ours), trained on 5 to 30 points: holds if at n = 10 at \
                       least 99% of the area is covered, at n = 60 at least 97%, and the shares of exact hulls at \
                       n = 10 in two samples of 500 lie within 7 points.",
            quick: false,
            measure: |check| Box::pin(hulls_beyond_twice(check)),
        },
        Claim {
            id: "tours_near_optimal",
            sentence: "Tours by a pointer network are nearly optimal on the lengths it was trained on.",
            published: "2.88 for an optimum of 2.87 at n = 10; 3.88 for 3.83 at n = 20",
            source: "Table 2",
            protocol: "The shipped set attention net (ours), trained on 5 to 20 cities; greedy, constrained to \
                       valid tours. Holds if on 200 instances of 10 cities it is within 3% of the optimum, and \
                       on 200 of 20 cities shorter than nearest neighbour.",
            quick: false,
            measure: |check| Box::pin(tours_near_optimal(check)),
        },
    ]
}

fn whole_tables() -> Vec<Claim> {
    vec![
        Claim {
            id: "table_1",
            sentence: "A pointer network finds more hulls than an LSTM with attention, and that more than a plain \
                       LSTM.",
            published: "72.6%, 38.9% and 1.9% exact at n = 50; at n = 10: 87.0% and 29.9% for the LSTM",
            source: "Table 1",
            protocol: "All shipped nets of hulls, width 128 (ours 64), on 500 instances of up to 50 points and fewer \
                       of more, 50 of 500 points. Holds if Ptr-Net, trained on 5 to 20 points, is more often exact \
                       than LSTM + attention, and that than the LSTM, both trained on n = 10 alone, at n = 10.",
            quick: false,
            measure: |check| Box::pin(table_1(check)),
        },
        Claim {
            id: "delaunay_partly",
            sentence: "Exact triangulations become rare as points become many, most triangles are still found.",
            published: "exact 80.7% at n = 5, 22.6% at n = 10; triangles 93.0% and 81.3%",
            source: "section 4.3",
            protocol: "The shipped nets of triangulations (set encoder, ours, with an LSTM decoder), each on the one \
                       length it was trained on, 500 instances. Holds if the share of exact ones is above one half \
                       at n = 5 and below that at n = 10, where still more than half of the triangles are found.",
            quick: false,
            measure: |check| Box::pin(delaunay_partly(check)),
        },
        Claim {
            id: "table_2",
            sentence: "Trained on up to twenty cities it extrapolates a little, and breaks down at fifty.",
            published: "A1 and Ptr-Net: 4.71 and 4.30 at n = 25, 6.46 and 7.66 at n = 50",
            source: "Table 2",
            protocol: "Both shipped nets of tours on 500 instances of 5 to 50 cities, beside stand-ins for A1 to A3. \
                       Holds if Ptr-Net is shorter than A1, here greedy edge, at n = 25 and longer at n = 50.",
            quick: false,
            measure: |check| Box::pin(table_2(check)),
        },
    ]
}

fn percent(share: f32) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// Greedy answers of a shipped net, a few at a time, progress from `from` to `to`.
async fn quality(
    check: &Check,
    decoder: &mut Decoder,
    net: Net,
    (n, sample, seed): (usize, usize, u64),
    [from, to]: [f64; 2],
) -> Result<Quality> {
    let mut tally = Tally::new(net, n, seed).with_heuristics();
    while tally.count() < sample {
        tally.go_on(decoder, (200 / n).clamp(1, sample - tally.count())).await?;
        let done = from + (to - from) * tally.count() as f64 / sample as f64;
        check
            .progress(done, format!("{} of {sample} instances of {n} points", tally.count()))
            .await;
    }
    Ok(tally.quality())
}

async fn valid_tours(check: Check) -> Result<Measured> {
    let model = Model::named("tsp_ptr_net");
    let free = Net { mask: false, ..model.net };
    let bound = Net { mask: true, ..model.net };
    let mut decoder = model.load(&check.files).await?;
    let mut all_valid = true;
    for (i, n) in [5, 10, 20, 25, 30, 50].into_iter().enumerate() {
        let span = [i as f64 / 12.0, (i + 1) as f64 / 12.0];
        let found = quality(&check, &mut decoder, bound, (n, 50, SEED), span).await?;
        all_valid &= found.valid == 1.0;
    }
    let mut decoder = shipped::load(free, &model.file(), &check.files).await?;
    let mut invalid = vec![];
    for (i, n) in [25, 30].into_iter().enumerate() {
        let span = [0.5 + 0.25 * i as f64, 0.75 + 0.25 * i as f64];
        let found = quality(&check, &mut decoder, free, (n, 200, SEED), span).await?;
        invalid.push(1.0 - found.valid);
    }
    Ok(Measured {
        here: format!(
            "{} and {} invalid at n = 25 and 30",
            percent(invalid[0]),
            percent(invalid[1])
        ),
        holds: all_valid && invalid.iter().all(|&share| share >= 0.1),
        detail: format!(
            "with the constraint {} valid; seed {SEED}",
            if all_valid { "all were" } else { "not all were" }
        ),
    })
}

async fn hulls_beyond_twice(check: Check) -> Result<Measured> {
    let model = Model::named("hull_set");
    let (net, mut decoder) = (model.decoded(), model.load(&check.files).await?);
    let ten = quality(&check, &mut decoder, net, (10, SAMPLE, SEED), [0.0, 0.2]).await?;
    let again = quality(&check, &mut decoder, net, (10, SAMPLE, OTHER_SEED), [0.2, 0.4]).await?;
    let twice = 2 * model.recipe.most;
    let far = quality(&check, &mut decoder, net, (twice, SAMPLE, SEED), [0.4, 1.0]).await?;
    Ok(Measured {
        here: format!(
            "{} of the area at n = 10, {} at n = {twice}",
            percent(ten.value),
            percent(far.value)
        ),
        holds: ten.value >= 0.99 && far.value >= 0.97 && (ten.exact - again.exact).abs() <= 0.07,
        detail: format!(
            "exact at n = 10: {} and {} at two seeds; at n = {twice}: {} exact, {} do not cross themselves; \
             {SAMPLE} instances each",
            percent(ten.exact),
            percent(again.exact),
            percent(far.exact),
            percent(far.valid)
        ),
    })
}

async fn tours_near_optimal(check: Check) -> Result<Measured> {
    let model = Model::named("tsp_set");
    let (net, mut decoder) = (model.decoded(), model.load(&check.files).await?);
    let ten = quality(&check, &mut decoder, net, (10, 200, SEED), [0.0, 0.4]).await?;
    let twenty = quality(&check, &mut decoder, net, (20, 200, SEED), [0.4, 1.0]).await?;
    let near = twenty.heuristics[0];
    Ok(Measured {
        here: format!(
            "{:.3} for an optimum of {:.3} at n = 10; {:.3} for {:.3} at n = 20",
            ten.length, ten.best, twenty.length, twenty.best
        ),
        holds: ten.value <= 1.03 && twenty.length < near,
        detail: format!(
            "{:.1}% above the optimum at n = 10; nearest neighbour at n = 20: {near:.3}; the best known of 20 is \
             not proven; seed {SEED}",
            100.0 * (ten.value - 1.0)
        ),
    })
}

/// All jobs of a task, and its table.
async fn surveyed(check: &Check, task: Task) -> Result<Survey> {
    let mut survey = Survey::new(&check.files, SEED, tables::jobs(task, SAMPLE));
    while survey.step().await? {
        check.progress(survey.fraction(), survey.now()).await;
    }
    check.show(tables::of(task, &survey));
    Ok(survey)
}

async fn table_1(check: Check) -> Result<Measured> {
    let survey = surveyed(&check, Task::Hull).await?;
    let exact = |name| survey.of(name, 10).map_or(f32::NAN, |quality| quality.exact);
    let [net, attention, lstm] = ["hull_ptr_net", "hull_attention_10", "hull_lstm_10"].map(exact);
    let far = survey.of("hull_ptr_net", 500);
    Ok(Measured {
        here: format!(
            "{}, {} and {} exact at n = 10",
            percent(net),
            percent(attention),
            percent(lstm)
        ),
        holds: net > attention && attention > lstm,
        detail: format!(
            "Ptr-Net, LSTM + attention, LSTM; Ptr-Net at n = 500: area {}; seed {SEED}, {SAMPLE} instances, \
             50 of 500 points",
            far.map_or("–".to_owned(), |quality| coverage(&quality))
        ),
    })
}

async fn delaunay_partly(check: Check) -> Result<Measured> {
    let survey = surveyed(&check, Task::Delaunay).await?;
    let of = |name, n| survey.of(name, n).map_or([f32::NAN; 2], |q: Quality| [q.exact, q.value]);
    let ([exact_5, found_5], [exact_10, found_10]) = (of("delaunay_5", 5), of("delaunay_10", 10));
    Ok(Measured {
        here: format!(
            "exact {} at n = 5, {} at n = 10; triangles {} and {}",
            percent(exact_5),
            percent(exact_10),
            percent(found_5),
            percent(found_10)
        ),
        holds: exact_5 > 0.5 && exact_10 < 0.5 && found_10 > 0.5,
        detail: format!("seed {SEED}, {SAMPLE} instances each"),
    })
}

async fn table_2(check: Check) -> Result<Measured> {
    let survey = surveyed(&check, Task::Tsp).await?;
    let of = |n| {
        let found = survey.of("tsp_ptr_net", n);
        found.map_or([f32::NAN; 2], |q: Quality| [q.heuristics[1], q.length])
    };
    let ([a1_25, net_25], [a1_50, net_50]) = (of(25), of(50));
    Ok(Measured {
        here: format!(
            "A1 and Ptr-Net: {a1_25:.2} and {net_25:.2} at n = 25, {a1_50:.2} and {net_50:.2} at n = 50"
        ),
        holds: net_25 < a1_25 && net_50 > a1_50,
        detail: format!("greedy, constrained to valid tours; seed {SEED}, {SAMPLE} instances each"),
    })
}
