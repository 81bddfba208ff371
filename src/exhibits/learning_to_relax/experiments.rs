//! Things to try.
use crate::exhibit::Experiment;

/// All of them: one system, the sequence and how it fails, the heat equation, the numbers.
pub fn all() -> Vec<Experiment> {
    [systems(), sequences(), simulations()].concat()
}

fn systems() -> Vec<Experiment> {
    vec![
            Experiment::new(
                "Past the kink",
                "Drag ω from 1.4 to 1.7: real eigenvalues meet at ω* = 1.56 and slide onto a circle.",
            )
            .set("omega", 1.4)
            .set("rhs", "ones"),
            Experiment::new(
                "A larger grid",
                "At 40 points a side ω = 1 is hopeless and ω* = 1.86 is not: the gain grows with the grid.",
            )
            .set("side", 40)
            .set("omega", 1.86),
            Experiment::new(
                "A lucky right-hand side",
                "For an eigenvector of C at ω = 1.4 that ω needs 12 sweeps: bounds over all b miss such luck.",
            )
            .set("panel", "landscape")
            .set("rhs", "degenerate")
            .set("omega", 1.4),
    ]
}

fn sequences() -> Vec<Experiment> {
    let sequence = |title, text| Experiment::new(title, text).set("panel", "sequence");
    vec![
        sequence(
            "Beat the bandit",
            "Step one system at a time and set your ω by the tile that comes next: can you beat ChebCB over 30?",
        ),
        sequence(
            "What choosing is worth",
            "Beside Gauss and Seidel's ω = 1 even the first guesses of the learners are bargains.",
        )
        .set("gauss_seidel", true)
        .set("fixed", true),
        sequence(
            "High variance",
            "Shifts from Beta(1/2, 3/2): no fixed ω fits all, and the learner that sees the shift pulls away.",
        )
        .set("beta_a", 0.5)
        .set("beta_b", 1.5),
        sequence(
            "Too sure too soon",
            "Ten times the learning rate: after a few systems an arm is settled on, and it may be a bad one.",
        )
        .set("eta_scale", 10),
        sequence(
            "Never sure",
            "A tenth of the learning rate: bad arms are tried over and over, and the regret keeps growing.",
        )
        .set("eta_scale", 0.1),
        sequence("No good arm", "Only 1, 1.475 and 1.95 to choose from: the best of them is not good.")
            .set("arms", 3),
        sequence(
            "Twenty terms",
            "A Chebyshev series of 20 terms: the curves wriggle, but the bounds on its coefficients hold the cost.",
        )
        .set("terms", 20),
        sequence(
            "A meaningless context",
            "ChebCB is shown a random number for the shift: its lead is gone, and it ends about where Tsallis-INF does.",
        )
        .set("scrambled", true),
        sequence(
            "The world turns",
            "At half the time small shifts become great: Tsallis-INF is slow to forget; ChebCB, which sees them, is not.",
        )
        .set("abrupt", true),
    ]
}

fn simulations() -> Vec<Experiment> {
    vec![
        Experiment::new(
            "Heat",
            "Where the diffusion is strong a large ω pays, elsewhere not: watch ChebCB follow the dark valley.",
        )
        .set("panel", "heat equation"),
        Experiment::new(
            "The numbers",
            "Both variances and the heat equation over three seeds, beside what the paper says.",
        )
        .set("panel", "table"),
    ]
}
