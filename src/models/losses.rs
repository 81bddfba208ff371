//! A ring of the last losses beside the weights, so that reading those tells these.
use crate::engine::{Graph, Init, Snapshot, Var};

/// How many losses stay; a power of two, by which step numbers divide exactly.
pub const KEPT: usize = 32;

/// The state tensor they are in: that of a step at its number modulo [`KEPT`].
pub const NAME: &str = "losses";

/// Keeps the loss of the step that the graph takes.
pub fn keep(g: &Graph, loss: Var<'_>) {
    let losses = g.state(NAME, [KEPT], Init::Zeros);
    let (step, kept) = (g.step(), KEPT as f32);
    let here = g.iota([KEPT], 0).equal(step - (step / kept).floor() * kept);
    g.assign(losses, Var::select(here, loss, losses));
}

/// The losses of a copy as they lie in the ring, without those that no step has written yet.
pub fn ring(saved: &Snapshot) -> &[f32] {
    let kept = saved.tensors.get(NAME).map_or(&[][..], |(_, values)| values);
    &kept[..kept.len().min(saved.step as usize)]
}

/// The losses of the last steps of a copy, at most [`KEPT`] of them, by the number of the step counted
/// from one, in the order of the steps.
pub fn last(saved: &Snapshot) -> impl Iterator<Item = (usize, f32)> {
    let (step, ring) = (saved.step as usize, ring(saved));
    (step - ring.len()..step).map(|before| (before + 1, ring[before % ring.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Device, Program, State};
    use pollster::block_on;

    #[test]
    fn the_last_losses_stay_in_the_order_of_the_steps() {
        let g = Graph::new();
        let loss = g.step() * 0.5;
        keep(&g, loss);
        let plan = g.compile().unwrap();
        let state = State::new(&Device::cpu(), &[&plan], 1).unwrap();
        let mut program = Program::new(&Device::cpu(), &plan, &state).unwrap();
        let saved = |state: &State| block_on(state.read_all()).unwrap();
        assert_eq!(last(&saved(&state)).count(), 0, "none before the first step");
        for taken in [3, KEPT, KEPT + 5] {
            program.run(taken - saved(&state).step as usize).unwrap();
            let first = taken.saturating_sub(KEPT) + 1;
            let expected: Vec<(usize, f32)> =
                (first..=taken).map(|step| (step, 0.5 * (step - 1) as f32)).collect();
            assert_eq!(last(&saved(&state)).collect::<Vec<_>>(), expected);
        }
        assert_eq!(ring(&saved(&state))[..2], [0.5 * KEPT as f32, 0.5 * (KEPT + 1) as f32]);
    }
}
