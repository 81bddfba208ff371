//! Recipes on the engine, and how near their values must come to the plain twin's.
use std::collections::BTreeMap;

use orrery::engine::{Device, Fusion, Graph, Plan, Program, State};

use crate::{recipe::Recipe, tensor::Tensor};

/// Runs one step of a plan on the CPU with a recipe's inputs, and reads every output.
pub(crate) fn run(plan: &Plan, recipe: &Recipe, outputs: &[String]) -> BTreeMap<String, Vec<f32>> {
    let device = Device::cpu();
    let state = State::new(&device, &[plan], 0).unwrap();
    let mut program = Program::new(&device, plan, &state).unwrap();
    for (id, tensor) in recipe.inputs() {
        // An input that nothing needs is not part of the plan.
        let _ = program.write(&format!("x{id}"), &tensor.f32s());
    }
    program.run(1).unwrap();
    let mut read = |name: &String| (name.clone(), pollster::block_on(program.read(name)).unwrap());
    outputs.iter().map(&mut read).collect()
}

/// The values at some positions of a recipe, on the CPU.
pub(crate) fn values(recipe: &Recipe, wanted: &[usize], fusion: Fusion) -> Vec<Vec<f32>> {
    let g = Graph::new();
    let vars = recipe.build(&g);
    let names: Vec<String> = wanted.iter().map(|id| format!("v{id}")).collect();
    for (id, name) in wanted.iter().zip(&names) {
        g.output(name, vars[*id]);
    }
    let plan = g.compile_with(fusion).unwrap();
    let found = run(&plan, recipe, &names);
    names.iter().map(|name| found[name].clone()).collect()
}

/// Fails unless all numbers are within `tolerance` of what is wanted, relative to its largest.
#[track_caller]
pub(crate) fn assert_near(found: &[f32], wanted: &Tensor, tolerance: f64, what: &str) {
    assert_eq!(found.len(), wanted.data.len(), "{what}: another number of elements");
    let limit = tolerance * wanted.largest().max(1.0);
    for (i, (&found, &wanted)) in found.iter().zip(&wanted.data).enumerate() {
        let error = (f64::from(found) - wanted).abs();
        assert!(error <= limit, "{what}: element {i} is {found}, not {wanted} (allowed {limit:e})");
    }
}
