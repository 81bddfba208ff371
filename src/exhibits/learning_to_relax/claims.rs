//! What the paper says, measured; it prints curves, so the numbers to hold are statements about them.
use super::{
    measure::{Outcome, SEEDS, Simulated, race, simulate},
    race::FIXED,
    systems::{LIMIT, SIDE, Shifts, TOLERANCE, omegas, truncated_normal},
    theory::{bound, degenerate, sor_eigenvalues, sor_radius, tau},
};
use crate::{
    claim::{Check, Claim, Measured},
    engine::rng::Stream,
    error::Result,
    models::sor::Grid,
};

/// The paper's low and high variance of shifts.
pub const LOW: Shifts = Shifts::Beta(2.0, 6.0);
/// See [`LOW`].
pub const HIGH: Shifts = Shifts::Beta(0.5, 1.5);

/// All claims, quick ones first.
pub fn all() -> Vec<Claim> {
    [one_system(), short_runs(), long_runs()].concat()
}

/// Claims about one system and its theory.
fn one_system() -> Vec<Claim> {
    vec![
        Claim {
            id: "order_of_magnitude",
            sentence: "The relaxation parameter changes the number of sweeps severalfold.",
            published: "cost against ω, a curve",
            source: "Figure 1, left",
            protocol: "10 × 10 points, b of ones, ε = 1e-8. Holds if the sweeps at ω = 1, 1.2, 1.4, 1.5, \
                       1.6, 1.8, 1.9 are 223, 145, 88, 62, 43, 89, 187 within one.",
            quick: true,
            measure: |_| Box::pin(async { Ok(order_of_magnitude()) }),
        },
        Claim {
            id: "youngs_formula",
            sentence: "The best ω follows from β; beyond it all eigenvalues of C lie on a circle.",
            published: "ω* = 1 + (β/(1 + √(1 − β²)))², |λ| = ω − 1",
            source: "section 2.1",
            protocol: "10 × 10 points. Holds if β = 0.9594929736 and ω* = 1.5603879213 to 1e-9, and |λ| = \
                       ω − 1 to 1e-9 for all 100 eigenvalues at ω = 1.57, 1.7, 1.95.",
            quick: true,
            measure: |_| Box::pin(async { Ok(youngs_formula()) }),
        },
        Claim {
            id: "upper_bound",
            sentence: "U(ω), with one τ for all ω, is above the cost and of its shape.",
            published: "U ≥ SOR",
            source: "Lemma 2.1, Figure 1",
            protocol: "10 × 10 points, b of ones, ω = 1, 1.05, ..., 1.95, τ measured as in the authors' \
                       code. Holds if U is at least the cost at all of them and at most twice it.",
            quick: true,
            measure: |check| Box::pin(upper_bound(check)),
        },
        Claim {
            id: "degenerate_b",
            sentence: "For a degenerate right-hand side the cost is far below what it is for a random one.",
            published: "cost against ω, two curves",
            source: "Figure 2, left",
            protocol: "10 × 10 points, b the eigenvector of C at ω = 1.4 of the smallest eigenvalue, beside \
                       40 Gaussian ones. Holds if at ω = 1.4 it needs at most a third of the least of these.",
            quick: true,
            measure: |_| Box::pin(async { Ok(degenerate_b()) }),
        },
    ]
}

/// Claims about short sequences.
fn short_runs() -> Vec<Claim> {
    vec![
        Claim {
            id: "near_best_fixed",
            sentence: "Tsallis-INF comes near the best fixed ω without knowing it.",
            published: "regret of order T^(2/3)",
            source: "Theorem 2.1, Figure 1",
            protocol: "Shifts of Beta(2, 6), T = 2000 for 5000, 3 seeds for 40. Holds if the mean cost is \
                       below 1.40 times that of the best of 20 fixed ω and 0.6 times that of a random arm, \
                       and over the last 500 systems below 1.25 times the best fixed, on average over seeds.",
            quick: true,
            measure: |check| Box::pin(near_best_fixed(check)),
        },
        Claim {
            id: "beats_best_fixed",
            sentence: "ChebCB, which sees the shift, does better than any fixed ω.",
            published: "curves",
            source: "Figure 2, centre-left",
            protocol: "Shifts of Beta(2, 6), T = 2000 for 5000, 3 seeds for 40. Holds if the mean cost is \
                       below 0.92 times that of the best of 20 fixed ω for every seed.",
            quick: true,
            measure: |check| Box::pin(beats_best_fixed(check)),
        },
        Claim {
            id: "heat_learners",
            sentence: "On the heat equation ChebCB needs fewer iterations than the best fixed ω, and that \
                       far fewer than plain conjugate gradients.",
            published: "curves from 2e4 to 2e6 iterations",
            source: "Figure 2, centre-right",
            protocol: "Mesh of 25, T = 1000 for 5000, 3 runs. Holds if ChebCB < best fixed ω < ω = 1 < half \
                       of plain CG, for every run.",
            quick: true,
            measure: |check| Box::pin(heat_learners(check)),
        },
    ]
}

/// Claims about sequences of the paper's lengths.
fn long_runs() -> Vec<Claim> {
    vec![
        Claim {
            id: "low_variance",
            sentence: "Over 5000 systems ChebCB comes near the best ω for each of them.",
            published: "curves",
            source: "Figures 2 and 5, low variance",
            protocol: "The paper's T = 5000, shifts of Beta(2, 6), seed 0 for 40 runs. Holds if ChebCB < \
                       Tsallis-INF-CB < Tsallis-INF, ChebCB < best fixed, and its mean cost is within 20% of \
                       that of ω*(c).",
            quick: false,
            measure: |check| Box::pin(full_length(check, LOW, 1.2)),
        },
        Claim {
            id: "high_variance",
            sentence: "The more shifts vary, the more a context is worth.",
            published: "curves",
            source: "Figures 2 and 5, high variance",
            protocol: "The paper's T = 5000, shifts of Beta(1/2, 3/2), seed 0 for 40 runs. Holds if ChebCB \
                       < Tsallis-INF-CB < Tsallis-INF, ChebCB < best fixed, and its mean cost is within 30% \
                       of that of ω*(c).",
            quick: false,
            measure: |check| Box::pin(full_length(check, HIGH, 1.3)),
        },
        Claim {
            id: "heat_full",
            sentence: "Over the whole simulation both learners beat ω = 1, and ω = 1.5 is nearly the best \
                       fixed choice on small meshes.",
            published: "ω = 1.5 almost the best fixed at nx = 25, 50",
            source: "Figure 2, centre-right",
            protocol: "Mesh of 25, the paper's T = 5000, and mesh of 50, T = 1000; 3 runs. Holds if ω = 1.5 \
                       is within 15% of the best of 20 on both, and Tsallis-INF and ChebCB are below ω = 1.",
            quick: false,
            measure: |check| Box::pin(heat_full(check)),
        },
        Claim {
            id: "heat_gain",
            sentence: "Against Gauss-Seidel preconditioning Tsallis-INF is about 2.4 and ChebCB about 3.5 \
                       times as fast.",
            published: "2.4 and 3.5",
            source: "Appendix G.2, note 3",
            protocol: "The gain grows with the mesh; a tab affords 50 (T = 1000, 3 runs), where the paper goes \
                       to 400. Holds only if iterations fall by at least 2.2 and 3.2 times.",
            quick: false,
            measure: |check| Box::pin(heat_gain(check)),
        },
    ]
}

fn order_of_magnitude() -> Measured {
    let grid = Grid::laplacian(SIDE, 0.0);
    let expected = [(1.0, 223), (1.2, 145), (1.4, 88), (1.5, 62), (1.6, 43), (1.8, 89), (1.9, 187)];
    let count = |omega| grid.relax(&mut [0.0; 100], &[1.0; 100], omega, TOLERANCE, LIMIT);
    let found = expected.map(|(omega, _)| count(omega));
    Measured {
        here: format!("{} sweeps at ω = 1, {} at 1.6, {} at 1.9", found[0], found[4], found[6]),
        holds: found.iter().zip(expected).all(|(found, (_, sweeps))| found.abs_diff(sweeps) <= 1),
        detail: format!("at the seven values: {found:?}"),
    }
}

fn youngs_formula() -> Measured {
    let grid = Grid::laplacian(SIDE, 0.0);
    let (beta, best) = (grid.jacobi_radius(), grid.best_omega());
    let off = |omega: f64| {
        let all = sor_eigenvalues(SIDE, 0.0, omega);
        let modulus = |z: &[f64; 2]| (z[0] * z[0] + z[1] * z[1]).sqrt();
        all.iter().fold(0.0_f64, |far, z| far.max((modulus(z) - (omega - 1.0)).abs()))
    };
    let far = [1.57, 1.7, 1.95].into_iter().map(off).fold(0.0, f64::max);
    let near = |x: f64, y: f64| (x - y).abs() < 1e-9;
    Measured {
        here: format!("β = {beta:.10}, ω* = {best:.10}"),
        holds: near(beta, 0.959_492_973_6) && near(best, 1.560_387_921_3) && far < 1e-9,
        detail: format!("|λ| differs from ω − 1 by at most {far:.0e}"),
    }
}

async fn upper_bound(check: Check) -> Result<Measured> {
    let grid = Grid::laplacian(SIDE, 0.0);
    let omegas = omegas(FIXED);
    let mut direction = vec![1.0; grid.size()];
    let (mut costs, mut most) = (vec![], 0.0_f64);
    for (i, &omega) in omegas.iter().enumerate() {
        let cost = grid.relax(&mut [0.0; 100], &[1.0; 100], omega, TOLERANCE, LIMIT);
        most = most.max(tau(&grid, omega, cost, &mut direction));
        costs.push(cost as f64);
        check.progress(i as f64 / FIXED as f64, format!("τ at ω = {omega:.2}")).await;
    }
    let u = |omega: f64| bound(sor_radius(grid.jacobi_radius(), omega), most, TOLERANCE);
    let ratios: Vec<f64> =
        omegas.iter().zip(&costs).map(|(omega, cost)| u(*omega) / cost).collect();
    let (low, high) = ratios.iter().fold((f64::MAX, 0.0_f64), |(l, h), r| (l.min(*r), h.max(*r)));
    Ok(Measured {
        here: format!("U is {low:.2} to {high:.2} times the cost"),
        holds: low >= 1.0 && high <= 2.0,
        detail: format!("τ = {most:.4}; U(1.6) = {:.1}, the cost there is {}", u(1.6), costs[12]),
    })
}

fn degenerate_b() -> Measured {
    let grid = Grid::laplacian(SIDE, 0.0);
    let count = |b: &[f64]| grid.counts(b, [1.4; 4], TOLERANCE, LIMIT)[0];
    let lucky = count(&degenerate(&grid, SIDE, 1.4));
    let mut stream = Stream::new(0, "band");
    let random: Vec<usize> =
        (0..40).map(|_| count(&truncated_normal(&mut stream, grid.size()))).collect();
    let (low, high) = (random.iter().min(), random.iter().max());
    let (low, high) = (low.copied().unwrap_or(0), high.copied().unwrap_or(0));
    Measured {
        here: format!("{lucky} sweeps, {low} to {high} for random ones"),
        holds: 3 * lucky <= low,
        detail: "at ω = 1.4, 10 × 10 points".to_owned(),
    }
}

/// The low-variance race for each seed.
async fn races(check: &Check) -> Vec<Outcome> {
    let mut all = vec![];
    for (i, seed) in SEEDS.into_iter().enumerate() {
        let part = [i as f64 / 3.0, (i + 1) as f64 / 3.0];
        all.push(race(check, (seed, LOW, 2000), part).await);
    }
    all
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// "0.80, 0.83, 0.83".
fn listed(numbers: &[f64]) -> String {
    numbers.iter().map(|x| format!("{x:.2}")).collect::<Vec<_>>().join(", ")
}

async fn near_best_fixed(check: Check) -> Result<Measured> {
    let all = races(&check).await;
    let ratios = |of: fn(&Outcome) -> f64| -> Vec<f64> { all.iter().map(of).collect() };
    let fixed = ratios(|o| o.learners[0] / o.best_fixed);
    let uniform = ratios(|o| o.learners[0] / o.uniform);
    let late = ratios(|o| o.late[0] / o.best_fixed);
    Ok(Measured {
        here: format!("{:.2} times the best fixed, {:.2} late", mean(&fixed), mean(&late)),
        holds: mean(&fixed) < 1.40 && uniform.iter().all(|r| *r < 0.6) && mean(&late) < 1.25,
        detail: format!(
            "by seed: {} of the best fixed, {} late, {} of a random arm",
            listed(&fixed),
            listed(&late),
            listed(&uniform)
        ),
    })
}

async fn beats_best_fixed(check: Check) -> Result<Measured> {
    let all = races(&check).await;
    let ratios: Vec<f64> = all.iter().map(|o| o.learners[2] / o.best_fixed).collect();
    let young: Vec<f64> = all.iter().map(|o| o.learners[2] / o.young).collect();
    Ok(Measured {
        here: format!("{:.2} times the best fixed", mean(&ratios)),
        holds: ratios.iter().all(|ratio| *ratio < 0.92),
        detail: format!("by seed: {}; {} times ω*(c)", listed(&ratios), listed(&young)),
    })
}

async fn full_length(check: Check, shifts: Shifts, most: f64) -> Result<Measured> {
    let o = race(&check, (0, shifts, 5000), [0.0, 1.0]).await;
    let [tsallis, binned, cheb] = [o.learners[0], o.learners[1], o.learners[2]];
    Ok(Measured {
        here: format!("ChebCB {cheb:.1}, ω*(c) {:.1}, best fixed {:.1}", o.young, o.best_fixed),
        holds: cheb < binned && binned < tsallis && cheb < o.best_fixed && cheb < most * o.young,
        detail: format!(
            "mean sweeps a system: Tsallis-INF {tsallis:.1}, Tsallis-INF-CB {binned:.1}, random arm {:.1}; \
             the best fixed is ω = {:.2}",
            o.uniform, o.best_omega
        ),
    })
}

async fn heat_learners(check: Check) -> Result<Measured> {
    let all = simulate(&check, (25, 1000), [0.0, 1.0]).await;
    let ((omega, best), cheb) = (all.best(), all.totals(2));
    Ok(Measured {
        here: format!("ChebCB {:.0}, best fixed {best}, plain {}", all.mean(2), all.plain),
        holds: cheb.iter().all(|total| *total < best)
            && best < all.fixed[0]
            && 2 * all.fixed[0] < all.plain,
        detail: format!(
            "ChebCB by run {cheb:?}; Tsallis-INF {:?}; ω = 1: {}; best fixed ω = {omega:.2}; best of each \
             step {}",
            all.totals(0),
            all.fixed[0],
            all.least
        ),
    })
}

async fn heat_full(check: Check) -> Result<Measured> {
    let coarse = simulate(&check, (25, 5000), [0.0, 0.45]).await;
    let fine = simulate(&check, (50, 1000), [0.45, 1.0]).await;
    // Of 1, 1.05, ... the eleventh is 1.5.
    let near = |all: &Simulated| all.fixed[10] as f64 / all.best().1 as f64;
    let both = [&coarse, &fine];
    let below = |all: &Simulated| {
        [0, 2].iter().all(|i| all.totals(*i).iter().all(|total| *total < all.fixed[0]))
    };
    Ok(Measured {
        here: format!("ω = 1.5 takes {} times the best fixed", listed(&both.map(near))),
        holds: both.iter().all(|all| near(all) < 1.15 && below(all)),
        detail: format!(
            "mesh 25, T = 5000: plain {}, ω = 1 {}, best fixed {} (ω = {:.2}), best of each {}, Tsallis-INF \
             {:.0}, Tsallis-INF-CB {:.0}, ChebCB {:.0}",
            coarse.plain,
            coarse.fixed[0],
            coarse.best().1,
            coarse.best().0,
            coarse.least,
            coarse.mean(0),
            coarse.mean(1),
            coarse.mean(2)
        ),
    })
}

async fn heat_gain(check: Check) -> Result<Measured> {
    let all = simulate(&check, (50, 1000), [0.0, 1.0]).await;
    let gain = |learner| all.fixed[0] as f64 / all.mean(learner);
    Ok(Measured {
        here: format!("{:.2} and {:.2}", gain(0), gain(2)),
        holds: gain(0) >= 2.2 && gain(2) >= 3.2,
        detail: format!(
            "mesh 50, T = 1000: ω = 1 {}, Tsallis-INF {:.0}, ChebCB {:.0}; of the best of each step no \
             learner could gain more than {:.2}",
            all.fixed[0],
            all.mean(0),
            all.mean(2),
            all.fixed[0] as f64 / all.least as f64
        ),
    })
}
