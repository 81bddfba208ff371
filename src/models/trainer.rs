//! Training whose step is one program, which draws its own batch and is told its rate.
use crate::{
    engine::{Device, Plan, Program, Snapshot, State},
    error::Result,
};

/// Weights on their way, with the optimiser's moments.
pub struct Trainer {
    state: State,
    program: Program,
    /// What the program was last told.
    rate: Option<f32>,
    /// Steps taken.
    pub step: usize,
}

impl Trainer {
    /// Before the first step; the plan has one input, "rate".
    pub fn new(device: &Device, plan: &Plan, seed: u64) -> Result<Self> {
        let state = State::new(device, &[plan], seed)?;
        let program = Program::new(device, plan, &state)?;
        Ok(Self { state, program, rate: None, step: 0 })
    }

    /// Some steps at this rate.
    pub fn run(&mut self, steps: usize, rate: f32) -> Result<()> {
        if self.rate != Some(rate) {
            self.program.write("rate", &[rate])?;
            self.rate = Some(rate);
        }
        self.program.run(steps)?;
        self.step += steps;
        Ok(())
    }

    /// A copy of all that is trained and of the optimiser's moments.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        self.state.read_all().await
    }

    /// Goes back to a copy.
    pub fn restore(&mut self, saved: &Snapshot) -> Result<()> {
        self.step = saved.step as usize;
        self.state.write_all(saved)
    }
}
