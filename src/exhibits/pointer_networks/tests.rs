//! Tests of the whole nets: derivatives, the pointer's size, and that one set of weights serves all n.
use super::{
    Params, PointerNetworks,
    decode::Decoder,
    instances::{Instance, Order},
    pointer::{Architecture, Net, Scorer},
    task::Task,
    tours::{Heuristic, nearest_neighbour},
    train::{Batch, Recipe, Trainer, loss, plan},
    tsp,
};
use crate::{
    engine::{Device, Fusion, Graph, Program, State, math, rng::Stream},
    exhibit::{Ctx, Exhibit, Progress},
    figure::Figure,
    files::Files,
    models::{Weights, losses},
};

fn net(task: Task, architecture: Architecture, scorer: Scorer) -> Net {
    Net {
        task,
        architecture,
        hidden: 8,
        blocks: 2,
        classes: if architecture.has_classes() { 5 } else { 0 },
        scorer,
        standardised: true,
        paper_init: false,
        order: Order::Given,
        mask: true,
    }
}

/// Nets of hulls, and of the other tasks what differs from them.
fn nets() -> [Net; 9] {
    use Architecture::{Attentive, Hybrid, PtrNet, Seq2seq, SetAttention};
    use Scorer::{Additive, ClippedDot};
    [
        net(Task::Hull, PtrNet, Additive),
        net(Task::Hull, PtrNet, ClippedDot),
        net(Task::Hull, SetAttention, Additive),
        net(Task::Hull, SetAttention, ClippedDot),
        net(Task::Hull, Seq2seq, Additive),
        net(Task::Hull, Attentive, Additive),
        net(Task::Delaunay, Hybrid, Additive),
        net(Task::Tsp, SetAttention, ClippedDot),
        net(Task::Tsp, PtrNet, Additive),
    ]
}

/// The derivative of the loss along a random direction against a central difference, for each tensor.
#[test]
fn gradients_agree_with_central_differences() {
    for net in nets() {
        for fusion in [Fusion::On, Fusion::Off] {
            let (n, batch) = (5, 3);
            let g = Graph::new();
            let w = Weights::new(&g);
            let value = loss(&net, &w, (n, net.task.output_steps(n), batch));
            g.output("loss", value);
            for ((name, _), grad) in w.list().iter().zip(g.grad(value, &w.vars())) {
                g.output(&format!("grad {name}"), grad);
            }
            let plan = g.compile_with(fusion).unwrap();
            let device = Device::cpu();
            let state = State::new(&device, &[&plan], 5).unwrap();
            let mut program = Program::new(&device, &plan, &state).unwrap();
            let mut stream = Stream::new(5, "gradient test");
            let instances: Vec<Instance> =
                (0..batch).map(|_| net.kind().random(&mut stream, n)).collect();
            Batch::of(&net, &instances, n, net.task.output_steps(n))
                .write(&net, None, &mut program)
                .unwrap();
            let mut value_at = |name: &str, values: &[f32]| {
                state.write(name, values).unwrap();
                program.run(1).unwrap();
                let loss = pollster::block_on(program.read("loss")).unwrap()[0];
                (loss, pollster::block_on(program.read(&format!("grad {name}"))).unwrap())
            };
            for (name, _) in w.list() {
                let at = pollster::block_on(state.read(&name)).unwrap();
                let direction: Vec<f32> = at.iter().map(|_| stream.normal()).collect();
                let length = direction.iter().map(|d| d * d).sum::<f32>().sqrt();
                let moved = |h: f32| -> Vec<f32> {
                    at.iter().zip(&direction).map(|(x, d)| x + h * d / length).collect()
                };
                let (_, grad) = value_at(&name, &at);
                let along = grad.iter().zip(&direction).map(|(g, d)| g * d / length).sum::<f32>();
                let size = grad.iter().map(|g| g * g).sum::<f32>().sqrt();
                // Wide differences cross kinks of ReLU, narrow ones drown in rounding: the best counts.
                let errors = [1e-2, 3e-3, 1e-3, 3e-4].map(|h| {
                    let slope =
                        (value_at(&name, &moved(h)).0 - value_at(&name, &moved(-h)).0) / (2.0 * h);
                    // 1e-3 of the derivative's length, and two roundings of a loss near 1.5.
                    (slope - along).abs() / (1e-3 * size + 1.5 * f32::EPSILON / h)
                });
                let least = errors.into_iter().fold(f32::INFINITY, f32::min);
                assert!(least <= 1.0, "{net:?} {fusion:?} {name}: {errors:?}");
            }
        }
    }
}

/// A run at the defaults but for a few parameters.
fn open(change: impl FnOnce(&mut Params)) -> (PointerNetworks, Params) {
    let mut p = Params { panel: "train your own", ..Params::default() };
    change(&mut p);
    let ctx = Ctx { seed: 1, device: Device::cpu(), files: Files::none() };
    (pollster::block_on(PointerNetworks::new(&ctx, &p)).unwrap(), p)
}

fn draw(run: &mut PointerNetworks, p: &Params) -> Vec<Figure> {
    pollster::block_on(run.refresh(p)).unwrap();
    let figures = run.figures(p);
    for figure in &figures {
        assert_eq!(figure.fault(), None, "of {p:?}");
    }
    figures
}

#[test]
fn figures_have_no_fault_before_during_and_with_many_points() {
    for (model, task) in [
        ("set attention", "convex hull"),
        ("LSTM Ptr-Net", "convex hull"),
        ("LSTM Ptr-Net", "travelling salesman"),
        ("set attention", "travelling salesman"),
        ("set encoder, LSTM decoder", "Delaunay"),
        ("LSTM", "convex hull"),
        ("LSTM + attention", "travelling salesman"),
    ] {
        let (mut run, mut p) = open(|p| {
            (p.model, p.task, p.batch, p.steps, p.most) = (model, task, 8, 50, 6);
            p.shown = 6;
        });
        let before = draw(&mut run, &p);
        for step in 1..=50 {
            let progress = pollster::block_on(run.step(&p)).unwrap();
            assert_eq!(progress == Progress::Done, step == 50, "done after the planned steps");
        }
        let any_length = !model.ends_with("LSTM") && model != "LSTM + attention";
        (p.shown, p.beam, p.output) = (if any_length { 40 } else { 6 }, 4, 2);
        let after = draw(&mut run, &p);
        let ids = |figures: &[Figure]| figures.iter().map(|f| f.id).collect::<Vec<_>>();
        assert_eq!(ids(&before), ids(&after), "the same figures");
        assert!(after[0].alt.starts_with(&format!("{} points", p.shown)), "{}", after[0].alt);
    }
}

#[test]
fn drawing_and_restoring_leave_the_run_as_it_would_have_been() {
    let steps = |run: &mut PointerNetworks, p: &Params, count| {
        for _ in 0..count {
            pollster::block_on(run.step(p)).unwrap();
        }
        let PointerNetworks::Scratch(scratch) = run else { panic!("the panel that trains") };
        scratch.own().history.losses.last("loss").unwrap()
    };
    let (mut plain, p) = open(|p| p.batch = 8);
    let expected = steps(&mut plain, &p, 30);
    let (mut drawn, _) = open(|p| p.batch = 8);
    for _ in 0..10 {
        draw(&mut drawn, &p);
        steps(&mut drawn, &p, 2);
    }
    let saved = pollster::block_on(drawn.snapshot()).unwrap().unwrap();
    let (mut restored, _) = open(|p| p.batch = 8);
    restored.restore(&saved).unwrap();
    assert_eq!(steps(&mut drawn, &p, 10), expected, "drawn every other step");
    assert_eq!(steps(&mut restored, &p, 10), expected, "restored after 20");
}

#[test]
fn a_beam_is_never_worse_than_greedy_and_a_mask_is_kept() {
    for net in nets().into_iter().filter(|net| net.task == Task::Hull) {
        let mut decoder = Decoder::new(net, 3).unwrap();
        let mut stream = Stream::new(3, "beam test");
        for n in if net.classes > 0 { [5, 5] } else { [3, 8] } {
            let points = net.kind().random(&mut stream, n).points;
            let greedy = pollster::block_on(decoder.greedy(&[&points])).unwrap().remove(0);
            let beam = pollster::block_on(decoder.search(&[&points], 5)).unwrap().remove(0);
            assert!(beam[0].log_prob >= greedy.log_prob - 1e-5, "{net:?}");
            assert!(beam.is_sorted_by(|a, b| a.log_prob >= b.log_prob), "best first");
            for answer in beam.iter().chain([&greedy]) {
                let mut visited = answer.outputs.clone();
                visited.sort_unstable();
                visited.dedup();
                assert_eq!(visited.len(), answer.outputs.len(), "no point twice");
                assert!(answer.stopped && answer.outputs.len() >= 2, "stops, but not at once");
                let log_prob: f32 = answer
                    .attention
                    .iter()
                    .enumerate()
                    .map(|(i, row)| math::ln(row[answer.outputs.get(i).copied().unwrap_or(n)]))
                    .sum();
                // Up to nine logarithms, each rounded.
                assert!((log_prob - answer.log_prob).abs() < 1e-4, "sum of what was chosen");
            }
        }
    }
}

#[test]
fn what_each_training_step_writes_lies_together() {
    for net in nets() {
        let plan = plan(&net, &Params::default().recipe(), 5).unwrap();
        let is_written = |name: &str| name != "rate" && (name != "first" || net.reads_first());
        let written: Vec<_> = plan.inputs.iter().filter(|slot| is_written(&slot.name)).collect();
        for pair in written.windows(2) {
            let end = pair[0].offset + pair[0].shape.iter().product::<usize>();
            let between = pair[1].offset - end;
            assert!(between < 4, "{net:?}: {between} words before {}", pair[1].name);
        }
    }
}

#[test]
fn the_last_losses_stay_beside_the_weights() {
    let net = net(Task::Hull, Architecture::SetAttention, Scorer::Additive);
    let recipe = Recipe { batch: 2, least: 3, most: 4, ..Params::default().recipe() };
    let mut trainer = Trainer::new(&Device::cpu(), net, recipe, 1).unwrap();
    let mut losses = Vec::new();
    for step in 1..=losses::KEPT + 5 {
        trainer.step(1e-3).unwrap();
        losses.push((step, pollster::block_on(trainer.loss()).unwrap()));
        if step == 3 || step == losses::KEPT + 5 {
            let saved = pollster::block_on(trainer.snapshot()).unwrap();
            let kept: Vec<(usize, f32)> = losses::last(&saved).collect();
            assert_eq!(kept, losses[losses.len().saturating_sub(losses::KEPT)..]);
        }
    }
}

#[test]
fn nets_with_classes_answer_for_their_number_of_points_only() {
    let (mut run, mut p) = open(|p| (p.model, p.most, p.shown, p.batch) = ("LSTM", 6, 7, 8));
    let figures = draw(&mut run, &p);
    assert!(figures[0].alt.contains("answers for 6 points only, not 7"), "{}", figures[0].alt);
    p.shown = 6;
    assert!(draw(&mut run, &p)[0].alt.starts_with("6 points"), "six points");
}

#[test]
fn constrained_answers_are_valid_for_every_task_and_length() {
    for net in nets().into_iter().filter(|net| net.classes == 0) {
        let mut decoder = Decoder::new(net, 4).unwrap();
        let mut stream = Stream::new(4, "validity test");
        for n in [5, 9, 20, 50] {
            if net.task == Task::Delaunay && n > 9 {
                continue;
            }
            let Instance { points, target } = net.kind().random(&mut stream, n);
            let sampled = decoder.samples(&points, 3, &mut stream);
            let mut answers = pollster::block_on(sampled).unwrap();
            answers.extend(pollster::block_on(decoder.greedy(&[&points])).unwrap());
            assert_eq!(answers.len(), 4, "three drawn, and a greedy one");
            for answer in answers {
                match net.task {
                    Task::Tsp => {
                        assert!(net.task.score(&points, &answer.outputs, &target).valid, "{net:?}");
                        assert_eq!(answer.outputs[0], target[0], "from the first city");
                    }
                    // Triangles may come twice, hulls may cross themselves.
                    Task::Delaunay => {
                        for three in answer.outputs.as_chunks::<3>().0 {
                            let in_order = |i: usize, j: usize| {
                                net.kind().start.order(&points, three[i], three[j]).is_lt()
                            };
                            assert!(in_order(0, 1) && in_order(1, 2), "{three:?}");
                        }
                    }
                    Task::Hull => {
                        let mut visited = answer.outputs.clone();
                        visited.sort_unstable();
                        visited.dedup();
                        assert_eq!(visited.len(), answer.outputs.len(), "no point twice");
                    }
                }
            }
        }
    }
}

#[test]
fn samples_follow_the_probabilities() {
    let net = net(Task::Hull, Architecture::SetAttention, Scorer::Additive);
    let mut decoder = Decoder::new(net, 6).unwrap();
    let mut stream = Stream::new(6, "sampling test");
    let points = net.kind().random(&mut stream, 4).points;
    let answers = pollster::block_on(decoder.samples(&points, 2000, &mut stream)).unwrap();
    for j in 0..4 {
        let p = answers[0].attention[0][j];
        let share = answers.iter().filter(|a| a.outputs[0] == j).count() as f32 / 2000.0;
        // Four standard errors.
        let bound = 4.0 * (p * (1.0 - p) / 2000.0).sqrt();
        assert!((share - p).abs() <= bound, "point {j}: {share} for {p}");
    }
}

#[test]
fn the_weights_of_an_earlier_step_answer_as_they_did_then() {
    let (mut run, mut p) = open(|p| p.batch = 8);
    let outputs = |run: &PointerNetworks| {
        let PointerNetworks::Scratch(scratch) = run else { panic!("the panel that trains") };
        scratch.own().plane.answered.as_ref().unwrap().answers[0].log_prob
    };
    let mut seen = vec![];
    for step in 0..=60 {
        if step % 25 == 0 {
            draw(&mut run, &p);
            seen.push(outputs(&run));
        }
        pollster::block_on(run.step(&p)).unwrap();
    }
    for (look, then) in [(0, 0), (24, 0), (25, 1), (49, 1), (50, 2), (60, 2)] {
        p.look = look;
        draw(&mut run, &p);
        assert_eq!(outputs(&run).to_bits(), seen[then].to_bits(), "looking back at step {look}");
    }
    p.look = 61;
    draw(&mut run, &p);
    assert!(!seen.contains(&outputs(&run)), "at the newest");
}

#[test]
fn a_net_beside_another_changes_nothing_of_it() {
    let losses = |beside: &'static str| {
        let (mut run, p) = open(|p| (p.batch, p.beside) = (8, beside));
        for _ in 0..26 {
            assert!(matches!(pollster::block_on(run.step(&p)).unwrap(), Progress::More));
        }
        draw(&mut run, &p);
        let PointerNetworks::Scratch(scratch) = run else { panic!("the panel that trains") };
        let of = |lane: &super::lane::Lane| {
            (
                lane.name.clone(),
                lane.history.losses.get("loss").to_vec(),
                // What has no value is NaN, which equals nothing.
                lane.history.newest.iter().map(|quality| quality.exact).collect::<Vec<f32>>(),
            )
        };
        scratch.lanes.iter().map(of).collect::<Vec<_>>()
    };
    let alone = losses("none");
    for beside in ["set attention", "LSTM Ptr-Net"] {
        let both = losses(beside);
        assert_eq!(both[0], alone[0], "beside {beside}");
        assert_ne!(both[1].0, both[0].0, "another name");
        assert_ne!(both[1].1, both[0].1, "another net");
    }
}

#[test]
fn the_live_recipe_is_that_of_the_defaults() {
    assert_eq!(Params::default().recipe(), Recipe::LIVE);
}

#[test]
fn a_teacher_s_tours_are_what_is_taught() {
    let recipe =
        Recipe { teacher: Some(Heuristic::NearestNeighbour), ..Params::default().recipe() };
    let net = net(Task::Tsp, Architecture::SetAttention, Scorer::ClippedDot);
    let mut longer = 0;
    for seed in 0..20 {
        let draw = || Stream::new(seed, "teacher test");
        let best = net.kind().random(&mut draw(), 9);
        let taught = recipe.instance(net.kind(), &mut draw(), 9);
        assert_eq!(best.points, taught.points, "the same points");
        assert_eq!(best.target[0], taught.target[0], "the same first city");
        let length = |tour: &[usize]| tsp::length(&best.points, tour);
        let teacher = length(&nearest_neighbour(&best.points, 0));
        // The same tour added up from elsewhere.
        assert!((length(&taught.target) - teacher).abs() < 1e-12, "its own length");
        longer += usize::from(teacher > length(&best.target) + 1e-9);
    }
    assert!(longer > 5, "a weak heuristic: {longer} of 20 are longer");
}
