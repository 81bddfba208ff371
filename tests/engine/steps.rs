//! What holds from step to step: state, simultaneous assignment, the step counter, random numbers,
//! inputs, snapshots, and the errors of each.
use orrery::{
    engine::{Device, Graph, Init, Plan, Program, State, rng},
    error::Error,
};

fn read(program: &mut Program, name: &str) -> Vec<f32> {
    pollster::block_on(program.read(name)).unwrap()
}

fn read_state(state: &State, name: &str) -> Vec<f32> {
    pollster::block_on(state.read(name)).unwrap()
}

fn start(plan: &Plan, seed: u64) -> (State, Program) {
    let state = State::new(&Device::cpu(), &[plan], seed).unwrap();
    let program = Program::new(&Device::cpu(), plan, &state).unwrap();
    (state, program)
}

#[test]
fn assignments_take_effect_together_at_the_end_of_the_step() {
    let g = Graph::new();
    let a = g.state("a", [2], Init::Constant(1.0));
    let b = g.state("b", [2], Init::Constant(2.0));
    g.assign(a, b);
    g.assign(b, a + b);
    g.output("seen", a * 10.0 + b);
    let plan = g.compile().unwrap();
    let (state, mut program) = start(&plan, 0);
    // Fibonacci: (1, 2), (2, 3), (3, 5), (5, 8).
    program.run(1).unwrap();
    assert_eq!(read(&mut program, "seen"), [12.0; 2]);
    assert_eq!((read_state(&state, "a"), read_state(&state, "b")), (vec![2.0; 2], vec![3.0; 2]));
    program.run(2).unwrap();
    assert_eq!(read(&mut program, "seen"), [35.0; 2]);
    assert_eq!((read_state(&state, "a"), read_state(&state, "b")), (vec![5.0; 2], vec![8.0; 2]));
}

#[test]
fn a_state_can_be_assigned_a_view_of_itself() {
    let g = Graph::new();
    let x = g.state("x", [3, 3], Init::Uniform(1.0));
    g.assign(x, x.transpose());
    let plan = g.compile().unwrap();
    let (state, mut program) = start(&plan, 5);
    let before = read_state(&state, "x");
    program.run(1).unwrap();
    let turned: Vec<f32> = (0..9).map(|i| before[i % 3 * 3 + i / 3]).collect();
    assert_eq!(read_state(&state, "x"), turned);
    program.run(1).unwrap();
    assert_eq!(read_state(&state, "x"), before);
}

#[test]
fn a_shifted_state_does_not_overwrite_what_it_reads() {
    let g = Graph::new();
    let x = g.state("x", [100], Init::Zeros);
    let new = g.step().reshape([1]) + 1.0;
    g.assign(x, orrery::engine::Var::concat(&[new, x.slice(0, 0..99)], 0));
    let plan = g.compile().unwrap();
    let (state, mut program) = start(&plan, 0);
    program.run(150).unwrap();
    let wanted: Vec<f32> = (51..=150).rev().map(|i| i as f32).collect();
    assert_eq!(read_state(&state, "x"), wanted);
}

#[test]
fn the_step_counts_from_zero_over_all_programs_of_a_state() {
    let build = |name: &str| {
        let g = Graph::new();
        g.output(name, g.step() + 0.0);
        let total = g.state("total", [], Init::Zeros);
        g.assign(total, total + g.step());
        g.compile().unwrap()
    };
    let plans = [build("first"), build("second")];
    let state = State::new(&Device::cpu(), &[&plans[0], &plans[1]], 0).unwrap();
    let [mut first, mut second] =
        [0, 1].map(|i| Program::new(&Device::cpu(), &plans[i], &state).unwrap());
    first.run(1).unwrap();
    assert_eq!(read(&mut first, "first"), [0.0]);
    first.run(3).unwrap();
    assert_eq!(read(&mut first, "first"), [3.0]);
    second.run(1).unwrap();
    assert_eq!(read(&mut second, "second"), [4.0]);
    assert_eq!(read_state(&state, "total"), [10.0]);
}

#[test]
fn a_program_that_assigns_nothing_takes_no_step() {
    let g = Graph::new();
    g.output("step", g.step() + 0.0);
    g.output("draw", g.uniform("draw", [3]) + 0.0);
    let evaluation = g.compile().unwrap();
    let g = Graph::new();
    let w = g.state("w", [], Init::Zeros);
    g.assign(w, w + 1.0);
    let training = g.compile().unwrap();
    let state = State::new(&Device::cpu(), &[&evaluation, &training], 0).unwrap();
    let [mut evaluate, mut train] =
        [&evaluation, &training].map(|plan| Program::new(&Device::cpu(), plan, &state).unwrap());
    evaluate.run(2).unwrap();
    let first = read(&mut evaluate, "draw");
    evaluate.run(1).unwrap();
    assert_eq!(read(&mut evaluate, "draw"), first);
    train.run(1).unwrap();
    evaluate.run(1).unwrap();
    assert_eq!(read(&mut evaluate, "step"), [1.0]);
    assert_ne!(read(&mut evaluate, "draw"), first);
}

#[test]
fn many_steps_are_one_step_many_times() {
    let build = || {
        let g = Graph::new();
        let w = g.state("w", [2, 3], Init::Glorot);
        let x = g.uniform("x", [4, 2]);
        let loss = (x.matmul(w).tanh() - 0.5).square().mean_all();
        g.assign(w, w - g.grad(loss, &[w])[0] * 0.1);
        g.output("loss", loss);
        g.compile().unwrap()
    };
    let plan = build();
    let ((at_once, mut a), (singly, mut b)) = (start(&plan, 3), start(&plan, 3));
    a.run(20).unwrap();
    for _ in 0..20 {
        b.run(1).unwrap();
    }
    assert_eq!(read_state(&at_once, "w"), read_state(&singly, "w"));
    assert_eq!(read(&mut a, "loss"), read(&mut b, "loss"));
    let (other_seed, mut c) = start(&plan, 4);
    c.run(20).unwrap();
    assert_ne!(read_state(&at_once, "w"), read_state(&other_seed, "w"));
}

#[test]
fn uniform_numbers_are_new_at_every_step_and_in_every_stream() {
    let g = Graph::new();
    g.output("a", g.uniform("a", [8, 125]) + 0.0);
    g.output("a again", g.uniform("a", [8, 125]) * 1.0);
    g.output("b", g.uniform("b", [8, 125]) + 0.0);
    let counted = g.state("counted", [], Init::Zeros);
    g.assign(counted, counted + 1.0);
    let plan = g.compile().unwrap();
    let draw = |seed, steps| {
        let (_, mut program) = start(&plan, seed);
        program.run(steps).unwrap();
        ["a", "a again", "b"].map(|name| read(&mut program, name))
    };
    let [a, again, b] = draw(1, 1);
    assert_eq!(a, again, "one purpose, one stream");
    assert_ne!(a, b);
    assert_eq!(draw(1, 1)[0], a, "same seed");
    assert_ne!(draw(2, 1)[0], a, "another seed");
    assert_ne!(draw(1, 2)[0], a, "another step");
    for sample in [&a, &b] {
        assert!(sample.iter().all(|u| (0.0..1.0).contains(u)));
        let mean = sample.iter().sum::<f32>() / 1000.0;
        // Five standard errors of the mean of 1000 uniform numbers: 5 * 0.289 / 31.6.
        assert!((mean - 0.5).abs() < 0.046, "mean {mean}");
        let mut sorted = sample.clone();
        sorted.sort_by(f32::total_cmp);
        sorted.dedup();
        assert!(sorted.len() > 990, "{} distinct numbers of 1000", sorted.len());
    }
    // As `kernel::Inst::Uniform` documents it: the GPU computes the same words.
    let [word, _] = rng::threefry2x32([1, 0], [7, 0]);
    assert_eq!(a[7], rng::unit(word));
    let [word, _] = rng::threefry2x32([2, 0], [5, 1]);
    assert_eq!(draw(2, 2)[0][5], rng::unit(word));
    let [word, _] = rng::threefry2x32([1, 0], [7, 1 << 24]);
    assert_eq!(b[7], rng::unit(word));
}

#[test]
fn beginnings_depend_on_seed_and_name_alone() {
    let build = |names: &[&str]| {
        let g = Graph::new();
        for name in names {
            let w = g.state(name, [20, 30], Init::Glorot);
            g.assign(w, w * 1.0);
        }
        g.compile().unwrap()
    };
    let (both, one) = (build(&["a", "b"]), build(&["b"]));
    let of = |plan, seed, name: &str| read_state(&start(plan, seed).0, name);
    assert_eq!(of(&both, 1, "b"), of(&one, 1, "b"));
    assert_ne!(of(&both, 1, "a"), of(&both, 1, "b"));
    assert_ne!(of(&both, 1, "a"), of(&both, 2, "a"));
    assert_ne!(of(&both, 1, "a"), of(&both, 1 + (1 << 40), "a"), "the seed's upper half counts");
    // Glorot: uniform within sqrt(6 / 50), whose variance is 2 / 50.
    let a = of(&both, 1, "a");
    let bound = (6.0_f32 / 50.0).sqrt();
    assert!(a.iter().all(|x| x.abs() <= bound));
    let variance = a.iter().map(|x| x * x).sum::<f32>() / 600.0;
    assert!((variance - 0.04).abs() < 0.04 * 0.2, "variance {variance}");
}

#[test]
fn beginnings_have_their_distributions() {
    let g = Graph::new();
    let inits = [
        ("zeros", Init::Zeros, 0.0, 0.0),
        ("constant", Init::Constant(3.0), 3.0, 0.0),
        ("uniform", Init::Uniform(0.5), 0.0, 0.25 / 3.0),
        ("normal", Init::Normal(2.0), 0.0, 4.0),
        // fan_in 50, fan_out 40.
        ("glorot", Init::Glorot, 0.0, 2.0 / 90.0),
        ("he", Init::He, 0.0, 2.0 / 50.0),
    ];
    for (name, init, ..) in inits {
        let w = g.state(name, [50, 40], init);
        g.assign(w, w + 0.0);
    }
    let (state, _) = start(&g.compile().unwrap(), 9);
    for (name, _, mean, variance) in inits {
        let values = read_state(&state, name);
        let found = values.iter().sum::<f32>() / 2000.0;
        let spread = values.iter().map(|x| (x - found) * (x - found)).sum::<f32>() / 2000.0;
        // Five standard errors; a normal sample's variance has the error sqrt(2/n) of itself.
        assert!((found - mean).abs() <= 5.0 * (variance / 2000.0_f32).sqrt(), "{name}: {found}");
        assert!((spread - variance).abs() <= 5.0 * variance * 0.032, "{name}: {spread}");
    }
}

#[test]
fn inputs_stay_until_they_are_written_again() {
    let g = Graph::new();
    let x = g.input("x", [2, 2]);
    g.output("y", x.transpose() * 2.0);
    g.output("x itself", x);
    let (_, mut program) = start(&g.compile().unwrap(), 0);
    program.write("x", &[1.0, 2.0, 3.0, 4.0]).unwrap();
    program.run(3).unwrap();
    assert_eq!(read(&mut program, "y"), [2.0, 6.0, 4.0, 8.0]);
    assert_eq!(read(&mut program, "x itself"), [1.0, 2.0, 3.0, 4.0]);
    program.write("x", &[0.0, 1.0, 0.0, 0.0]).unwrap();
    program.run(1).unwrap();
    assert_eq!(read(&mut program, "y"), [0.0, 0.0, 2.0, 0.0]);
}

#[test]
fn one_value_may_have_several_names_and_outputs_may_be_states_or_constants() {
    let g = Graph::new();
    let w = g.state("w", [2], Init::Constant(1.5));
    g.assign(w, w * 2.0);
    let value = w + 1.0;
    g.output("one", value);
    g.output("two", value);
    g.output("turned", value.reshape([2, 1]).transpose());
    g.output("before", w);
    g.output("constant", g.constant(&[4.0, 5.0], [2]));
    g.output("number", g.scalar(6.0));
    let (state, mut program) = start(&g.compile().unwrap(), 0);
    program.run(1).unwrap();
    for (name, wanted) in [
        ("one", &[2.5, 2.5][..]),
        ("two", &[2.5, 2.5]),
        ("turned", &[2.5, 2.5]),
        ("before", &[1.5, 1.5]),
        ("constant", &[4.0, 5.0]),
        ("number", &[6.0]),
    ] {
        assert_eq!(read(&mut program, name), wanted, "{name}");
    }
    assert_eq!(read_state(&state, "w"), [3.0, 3.0]);
}

#[test]
fn a_snapshot_brings_a_run_back() {
    let g = Graph::new();
    let w = g.state("w", [4], Init::Normal(1.0));
    g.assign(w, w + g.uniform("noise", [4]));
    let plan = g.compile().unwrap();
    let (state, mut program) = start(&plan, 8);
    program.run(5).unwrap();
    let snapshot = pollster::block_on(state.read_all()).unwrap();
    assert_eq!(snapshot.step, 5);
    program.run(5).unwrap();
    let wanted = read_state(&state, "w");
    let (fresh, mut program) = start(&plan, 8);
    fresh.write_all(&snapshot).unwrap();
    program.run(5).unwrap();
    assert_eq!(read_state(&fresh, "w"), wanted);
}

#[test]
fn mistakes_while_building_name_both_shapes_and_the_line() {
    /// Operation, line before the mistake, the mistake.
    type Mistake = (&'static str, u32, fn(&Graph));
    let mistakes: [Mistake; 7] = [
        ("sum", line!() + 1, |g| {
            let _ = g.input("x", [2, 3]).sum(&[0, 2]);
        }),
        ("select", line!() + 1, |g| {
            let _ = orrery::engine::Var::select(g.input("x", [2, 3]), g.input("y", [2]), 0.0);
        }),
        ("add", line!() + 1, |g| {
            let _ = g.input("x", [2, 3]) + g.input("y", [4]);
        }),
        ("matmul", line!() + 1, |g| {
            let _ = g.input("x", [2, 3]).matmul(g.input("y", [4, 3]));
        }),
        ("reshape", line!() + 1, |g| {
            let _ = g.input("x", [2, 3]).reshape([4]);
        }),
        ("assign", line!() + 1, |g| {
            g.assign(g.state("w", [2], Init::Zeros), g.input("x", [3]));
        }),
        ("concat", line!() + 1, |g| {
            let _ = orrery::engine::Var::concat(&[g.input("x", [2, 3]), g.input("y", [2, 4])], 0);
        }),
    ];
    for (name, line, mistake) in mistakes {
        let g = Graph::new();
        mistake(&g);
        // What follows neither panics nor hides it.
        let z = g.input("z", [9]).reshape([8]).slice(0, 3..20);
        let _ = g.grad(z.sum_all(), &[z]);
        let Err(Error::Shape { op, lhs, rhs, place }) = g.compile() else {
            panic!("{name}: no error of shape");
        };
        assert_eq!(op, name);
        assert_ne!(lhs, rhs, "{name}");
        // Within the closure, which rustfmt may break over two lines.
        let found: u32 = place.rsplit(':').next().and_then(|l| l.parse().ok()).unwrap();
        assert!(place.contains("steps.rs") && (line..line + 3).contains(&found), "{name}: {place}");
    }
}

#[test]
fn inputs_are_written_together_in_any_order() {
    let g = Graph::new();
    let (x, y) = (g.input("x", [3]), g.input("y", []));
    g.output("sum", x + y);
    let (_, mut program) = start(&g.compile().unwrap(), 0);
    program.write_many(&[("y", &[10.0]), ("x", &[1.0, 2.0, 3.0])]).unwrap();
    program.run(1).unwrap();
    assert_eq!(pollster::block_on(program.read("sum")).unwrap(), [11.0, 12.0, 13.0]);
    program.write_many(&[("y", &[20.0])]).unwrap();
    program.run(1).unwrap();
    assert_eq!(pollster::block_on(program.read("sum")).unwrap(), [21.0, 22.0, 23.0]);
}

#[test]
fn mistakes_while_running_are_errors_that_change_nothing() {
    let g = Graph::new();
    let w = g.state("w", [2], Init::Constant(1.0));
    g.assign(w, w + g.input("x", [2]));
    g.output("y", w * 2.0);
    let plan = g.compile().unwrap();
    let (state, mut program) = start(&plan, 0);
    program.write("x", &[1.0, 1.0]).unwrap();
    program.write("z", &[1.0]).unwrap_err();
    program.write("x", &[1.0]).unwrap_err();
    program.write("x", &[1.0; 3]).unwrap_err();
    program.write_many(&[("x", &[5.0; 2]), ("z", &[1.0])]).unwrap_err();
    program.write_many(&[("x", &[5.0; 2]), ("x", &[5.0; 3])]).unwrap_err();
    pollster::block_on(program.read("z")).unwrap_err();
    pollster::block_on(state.read("z")).unwrap_err();
    state.write("w", &[7.0; 3]).unwrap_err();
    program.run(1).unwrap();
    assert_eq!(read_state(&state, "w"), [2.0; 2]);

    let g = Graph::new();
    let w = g.state("w", [3], Init::Zeros);
    g.assign(w, w + 1.0);
    let other = g.compile().unwrap();
    State::new(&Device::cpu(), &[&plan, &other], 0).unwrap_err();
    Program::new(&Device::cpu(), &other, &state).err().unwrap();
}
