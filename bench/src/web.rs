//! The column of the harness: networks and products by name, on either device.
//!
//! Orrery's own `start` is linked too: it has panics told in the console.
use crate::{
    networks::{NETWORKS, ours},
    relaxation::Relaxation,
};
use js_sys::{Float32Array, Promise};
use orrery::{
    engine::{Device, Graph, Plan, Program, State},
    error::{Error, Result},
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

/// A network or a product on a device.
#[wasm_bindgen]
pub struct Workload {
    plan: Plan,
    state: State,
    program: Program,
    parameters: Vec<String>,
}

#[wasm_bindgen]
impl Workload {
    /// The training step of a network, by its name, on `cpu` or `gpu`.
    pub async fn network(name: String, device: String) -> std::result::Result<Self, JsValue> {
        let network = NETWORKS.iter().find(|network| network.name == name);
        let network = network.ok_or_else(|| unknown("network", &name)).map_err(thrown)?;
        let plan = network.plan().map_err(thrown)?;
        Self::on(&device, plan, (network.parameters)()).await.map_err(thrown)
    }

    /// `a b`, of `m` rows, `n` columns and `k` terms in each sum; `turned` is `neither`, or names the
    /// operand that lies in memory transposed, `left` or `right`.
    pub async fn product(
        m: usize,
        k: usize,
        n: usize,
        turned: String,
        device: String,
    ) -> std::result::Result<Self, JsValue> {
        let g = Graph::new();
        let a =
            if turned == "left" { g.input("a", [k, m]).transpose() } else { g.input("a", [m, k]) };
        let b =
            if turned == "right" { g.input("b", [n, k]).transpose() } else { g.input("b", [k, n]) };
        g.output("c", a.matmul(b));
        let plan = g.compile().map_err(thrown)?;
        Self::on(&device, plan, vec![]).await.map_err(thrown)
    }

    async fn on(device: &str, plan: Plan, parameters: Vec<String>) -> Result<Self> {
        let device = match device {
            "cpu" => Device::cpu(),
            "gpu" => Device::gpu().await?,
            _ => return Err(unknown("device", device)),
        };
        let state = State::new(&device, &[&plan], 1)?;
        let program = Program::new(&device, &plan, &state)?;
        Ok(Self { plan, state, program, parameters })
    }

    /// Names of the inputs.
    pub fn inputs(&self) -> Vec<String> {
        self.plan.inputs.iter().map(|slot| slot.name.clone()).collect()
    }

    /// Writes an input, row-major.
    pub fn write(&mut self, name: &str, values: &[f32]) -> std::result::Result<(), JsValue> {
        self.program.write(name, values).map_err(thrown)
    }

    /// Writes the trained tensor that is the peers' `index`-th.
    pub fn write_parameter(
        &mut self,
        index: usize,
        values: Vec<f32>,
    ) -> std::result::Result<(), JsValue> {
        let name =
            self.parameters.get(index).ok_or_else(|| unknown("parameter", &index.to_string()));
        let name = name.map_err(thrown)?;
        self.state.write(name, &ours(name, values)).map_err(thrown)
    }

    /// Runs some steps; a GPU is only told to.
    pub fn run(&mut self, steps: usize) -> std::result::Result<(), JsValue> {
        self.program.run(steps).map_err(thrown)
    }

    /// An output as the last step left it, row-major: a `Float32Array`.
    pub fn read(&self, name: &str) -> Promise {
        let values = self.program.read(name);
        future_to_promise(async move {
            values.await.map(|values| Float32Array::from(&*values).into()).map_err(thrown)
        })
    }
}

/// Sweeps of successive over-relaxation.
#[wasm_bindgen]
pub struct Sweeps(Relaxation);

#[wasm_bindgen]
impl Sweeps {
    /// On a square grid of that side.
    #[wasm_bindgen(constructor)]
    pub fn new(side: usize) -> Self {
        Self(Relaxation::new(side))
    }

    /// Sweeps so often; the sum of the solution.
    pub fn sweep(&mut self, sweeps: usize) -> f64 {
        self.0.sweep(sweeps)
    }
}

fn unknown(kind: &'static str, name: &str) -> Error {
    Error::Unknown { kind, name: name.to_owned() }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn thrown(error: Error) -> JsValue {
    js_sys::Error::new(&error.to_string()).into()
}
