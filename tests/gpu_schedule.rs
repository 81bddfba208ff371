//! Schedules of the GPU: workgroups that do not wait for each other touch nothing that another writes. No
//! GPU is needed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use orrery::engine::{
    Fusion, Graph, Init, Var,
    gpu::{self, Style},
    rng::Stream,
};

const BATCH: usize = 8;

/// A recurrent layer, concatenations, attention and products over a batch that is the first axis or the
/// second, in random order, with its derivatives and updates.
fn random_network(seed: u64) -> Graph {
    let g = Graph::new();
    {
        let mut rng = Stream::new(seed, "network");
        let (time, width) = (3, 4);
        let mut first =
            vec![g.uniform("first", [BATCH, time, width]), g.input("x", [BATCH, time, width])];
        let mut second = vec![g.uniform("second", [time, BATCH, width]) * 2.0 - 1.0];
        let mut weights = Vec::new();
        for layer in 0..3 + rng.below(8) {
            let w = g.state(&format!("w{layer}"), [width, width], Init::Glorot);
            weights.push(w);
            let (a, b) = (first[rng.below(first.len())], second[rng.below(second.len())]);
            match rng.below(9) {
                0 => first.push((a.matmul(w) + w.slice(0, 0..1).reshape([width])).tanh()),
                1 => second.push(recurrent(b, w)),
                2 => first.push(attention(a, w)),
                3 => second.push(a.permute(&[1, 0, 2])),
                4 => first.push(b.permute(&[1, 0, 2]).matmul(w)),
                5 => {
                    let parts = [a.slice(1, 1..time), a.slice(1, 0..1) * 0.5];
                    first.push(Var::concat(&parts, 1));
                }
                6 => {
                    let parts = [b.matmul(w).slice(2, 0..2), b.slice(2, 1..3)];
                    second.push(Var::concat(&parts, 2));
                }
                7 => first.push(a.cumsum(1) - a.mean(&[2])),
                _ => first.push(a.pad(1, 1, 0).slice(1, 0..time) * a.max(&[2])),
            }
        }
        let loss =
            first.last().unwrap().square().mean_all() + second.last().unwrap().tanh().sum_all();
        for (w, d) in weights.iter().zip(g.grad(loss, &weights)) {
            g.assign(*w, *w - d * 0.1);
        }
        g.output("loss", loss);
        g.output("last", *first.last().unwrap());
    }
    g
}

fn recurrent<'g>(x: Var<'g>, w: Var<'g>) -> Var<'g> {
    let mut h = x.slice(0, 0..1) * 0.0;
    let steps: Vec<Var> = (0..x.shape()[0])
        .map(|t| {
            h = (x.slice(0, t..t + 1) + h.matmul(w)).tanh();
            h
        })
        .collect();
    Var::concat(&steps, 0)
}

fn attention<'g>(x: Var<'g>, w: Var<'g>) -> Var<'g> {
    let scores = x.matmul(w).matmul(x.transpose());
    let e = (scores - scores.max(&[2])).exp();
    (e / e.sum(&[2])).matmul(x)
}

#[test]
fn workgroups_that_do_not_wait_do_not_meet() {
    let mut chains = 0;
    for seed in 0..60 {
        for fusion in [Fusion::On, Fusion::Off] {
            let plan = random_network(seed).compile_with(fusion).unwrap();
            for style in [Style::Hardware, Style::Software] {
                let (placed, schedule) = gpu::schedule(&plan, style, None);
                chains += schedule.chains();
                let found = gpu::races(&placed, &schedule);
                assert_eq!(found, None, "network {seed}, fusion {fusion:?}, {style:?}");
                assert!(schedule.dispatches() <= plan.kernels.len() + 1, "no more than kernels");
            }
        }
    }
    assert!(chains > 100, "only {chains} chains in 240 schedules: the test shows little");
}

#[test]
fn chains_keep_to_the_turns_that_a_thread_may_take() {
    let most = 150;
    let (mut chains, mut free, mut limited) = (0, 0, 0);
    for seed in 0..20 {
        let plan = random_network(seed).compile().unwrap();
        for style in [Style::Hardware, Style::Software] {
            free += gpu::schedule(&plan, style, None).1.dispatches();
            let (placed, schedule) = gpu::schedule(&plan, style, Some(most));
            limited += schedule.dispatches();
            chains += schedule.chains();
            // A kernel cannot be divided.
            let alone = placed.kernels.iter().map(|kernel| gpu::shader(kernel, style).turns);
            let allowed = alone.max().unwrap().max(most);
            for shader in gpu::shaders(&placed, &schedule) {
                let turns = shader.turns;
                assert!(
                    turns <= allowed,
                    "network {seed}, {style:?}: {turns} turns\n{}",
                    shader.source
                );
            }
            assert_eq!(gpu::races(&placed, &schedule), None, "network {seed}, {style:?}");
        }
    }
    assert!(
        limited > free && chains > 20,
        "{limited} dispatches, {free} without a limit, {chains} chains"
    );
}
