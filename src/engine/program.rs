//! Programs: plans on a device, and the state that they share.
use super::{
    cpu::CpuProgram,
    gpu::{self, GpuDevice, GpuProgram, GpuState},
    kernel::{HEADER_WORDS, STEP_WORD},
    op::Init,
    plan::{Plan, Slot},
    rng::Stream,
    shape::numel,
};
use crate::error::{Error, Result};
use std::{cell::RefCell, collections::BTreeMap, pin::Pin, rc::Rc};

/// Where programs run.
#[derive(Clone, Debug)]
pub enum Device {
    /// The processor, one thread.
    Cpu,
    /// A GPU, or software that acts as one.
    Gpu(Rc<GpuDevice>),
}

/// What kind of device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// The processor.
    Cpu,
    /// A GPU, or software that acts as one.
    Gpu,
}

/// A copy of a state in memory, by tensor, and the step it was made at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Steps taken.
    pub step: u32,
    /// Shape and elements by name.
    pub tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

/// Tensors kept between steps, on a device; a handle that programs share.
#[derive(Clone, Debug)]
pub struct State {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    slots: Vec<Slot>,
    words: usize,
    storage: Storage,
}

#[derive(Debug)]
enum Storage {
    Cpu(RefCell<Vec<f32>>),
    Gpu(GpuState),
}

/// A plan on a device, with its inputs and outputs.
pub struct Program {
    state: State,
    inputs: Vec<Slot>,
    outputs: Vec<Slot>,
    backend: Backend,
}

/// What a GPU will answer.
type Answer = Pin<Box<dyn Future<Output = Result<Vec<Vec<f32>>>>>>;

/// Outputs on their way.
enum Reading {
    Done(Vec<Vec<f32>>),
    Gpu(Answer),
}

enum Backend {
    Cpu(CpuProgram),
    Gpu(GpuProgram),
}

impl Device {
    /// The processor.
    pub const fn cpu() -> Self {
        Self::Cpu
    }

    /// The GPU that the system prefers. Fails with [`Error::NoGpu`] if there is none.
    pub async fn gpu() -> Result<Self> {
        Ok(Self::Gpu(Rc::new(GpuDevice::open().await?)))
    }

    /// What kind of device it is.
    pub fn kind(&self) -> DeviceKind {
        match self {
            Self::Cpu => DeviceKind::Cpu,
            Self::Gpu(_) => DeviceKind::Gpu,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Cpu => "one thread",
            Self::Gpu(gpu) => gpu.name(),
        }
    }

    /// Whether it is software that acts as a GPU: slower than the CPU itself.
    pub fn is_software(&self) -> bool {
        match self {
            Self::Cpu => false,
            Self::Gpu(gpu) => gpu.is_software(),
        }
    }

    /// Sets how many steps of a program a GPU is given at once at most: as many as fit 5 to 10 ms, as
    /// measured by whoever has a clock. Without a number each program guesses by its operations.
    pub fn set_steps_per_submission(&self, steps: Option<usize>) {
        if let Self::Gpu(gpu) = self {
            gpu.set_steps_per_submission(steps);
        }
    }

    /// Waits until all that programs were told to run is done; for measuring time.
    pub async fn idle(&self) -> Result<()> {
        match self {
            Self::Cpu => Ok(()),
            Self::Gpu(gpu) => gpu.idle().await,
        }
    }
}

impl State {
    /// The union of the states of some plans, by name.
    ///
    /// Beginnings come from the seed and the name alone, so that they are the same on every device
    /// and do not depend on the order. Fails if two plans give one name two shapes.
    pub fn new(device: &Device, plans: &[&Plan], seed: u64) -> Result<Self> {
        let mut slots: Vec<Slot> = Vec::new();
        let mut inits: Vec<Init> = Vec::new();
        let mut words = HEADER_WORDS;
        for (slot, init) in plans.iter().flat_map(|plan| &plan.states) {
            match slots.iter().find(|s| s.name == slot.name) {
                Some(known) if known.shape == slot.shape => {}
                Some(known) => return Err(mismatch(known, slot)),
                None => {
                    slots.push(Slot { offset: words, ..slot.clone() });
                    inits.push(*init);
                    words += numel(&slot.shape).next_multiple_of(4);
                }
            }
        }
        let mut values = vec![0.0; words];
        for (i, word) in values[..STEP_WORD].iter_mut().enumerate() {
            *word = ((seed >> (16 * i)) & 0xffff) as f32;
        }
        for (slot, init) in slots.iter().zip(&inits) {
            init.fill(slot, seed, &mut values[slot.offset..slot.offset + numel(&slot.shape)]);
        }
        let storage = match device {
            Device::Cpu => Storage::Cpu(RefCell::new(values)),
            Device::Gpu(gpu) => {
                let state = GpuState::new(gpu, words)?;
                state.write(0, &values)?;
                Storage::Gpu(state)
            }
        };
        Ok(Self { inner: Rc::new(Inner { slots, words, storage }) })
    }

    /// Tensors in order.
    pub fn slots(&self) -> &[Slot] {
        &self.inner.slots
    }

    /// One tensor, row-major.
    pub async fn read(&self, name: &str) -> Result<Vec<f32>> {
        let slot = find(&self.inner.slots, "state", name)?;
        let (offset, len) = (slot.offset, numel(&slot.shape));
        match &self.inner.storage {
            Storage::Cpu(values) => Ok(values.borrow()[offset..offset + len].to_vec()),
            Storage::Gpu(state) => state.read(offset, len).await,
        }
    }

    /// Everything, in memory.
    pub async fn read_all(&self) -> Result<Snapshot> {
        let values = match &self.inner.storage {
            Storage::Cpu(values) => values.borrow().clone(),
            Storage::Gpu(state) => state.read(0, self.inner.words).await?,
        };
        let tensor = |slot: &Slot| {
            let words = &values[slot.offset..slot.offset + numel(&slot.shape)];
            (slot.name.clone(), (slot.shape.clone(), words.to_vec()))
        };
        Ok(Snapshot {
            step: values[STEP_WORD] as u32,
            tensors: self.inner.slots.iter().map(tensor).collect(),
        })
    }

    /// Writes one tensor, row-major.
    pub fn write(&self, name: &str, values: &[f32]) -> Result<()> {
        let slot = find(&self.inner.slots, "state", name)?;
        fits(slot, values)?;
        self.put(slot.offset, values)
    }

    /// Writes the tensors of a snapshot that this state has, and its step. All or nothing.
    pub fn write_all(&self, snapshot: &Snapshot) -> Result<()> {
        for slot in &self.inner.slots {
            let Some((shape, values)) = snapshot.tensors.get(&slot.name) else { continue };
            if *shape != slot.shape {
                return Err(mismatch(slot, &Slot { shape: shape.clone(), ..slot.clone() }));
            }
            fits(slot, values)?;
        }
        for slot in &self.inner.slots {
            if let Some((_, values)) = snapshot.tensors.get(&slot.name) {
                self.put(slot.offset, values)?;
            }
        }
        self.put(STEP_WORD, &[snapshot.step as f32])
    }

    fn put(&self, offset: usize, values: &[f32]) -> Result<()> {
        match &self.inner.storage {
            Storage::Cpu(words) => {
                words.borrow_mut()[offset..offset + values.len()].copy_from_slice(values);
                Ok(())
            }
            Storage::Gpu(state) => state.write(offset, values),
        }
    }
}

impl Program {
    /// Makes a plan ready to run on a state, which must be on the same device and have every state
    /// tensor of the plan.
    pub fn new(device: &Device, plan: &Plan, state: &State) -> Result<Self> {
        let plan = relocate(plan, state)?;
        let (plan, backend) = match (device, &state.inner.storage) {
            (Device::Cpu, Storage::Cpu(_)) => {
                let plan = plan.placed_in_order();
                let program = CpuProgram::new(&plan, state.inner.words);
                (plan, Backend::Cpu(program))
            }
            (Device::Gpu(gpu), Storage::Gpu(state)) => {
                let (plan, schedule) = gpu::schedule(&plan, gpu.style(), gpu.most_turns());
                let program = GpuProgram::new(gpu, &plan, &schedule, state)?;
                (plan, Backend::Gpu(program))
            }
            _ => unreachable!("a program and its state on two devices"),
        };
        Ok(Self { state: state.clone(), inputs: plan.inputs, outputs: plan.outputs, backend })
    }

    /// Writes an input, row-major.
    pub fn write(&mut self, name: &str, values: &[f32]) -> Result<()> {
        let slot = find(&self.inputs, "input", name)?;
        fits(slot, values)?;
        match &mut self.backend {
            Backend::Cpu(program) => {
                program.arena[slot.offset..slot.offset + values.len()].copy_from_slice(values);
                Ok(())
            }
            Backend::Gpu(program) => program.write(slot.offset, values),
        }
    }

    /// Writes several inputs, as [`Self::write`], all or nothing; a GPU takes those that the graph
    /// made one after the other in one upload.
    pub fn write_many(&mut self, inputs: &[(&str, &[f32])]) -> Result<()> {
        let mut parts = Vec::with_capacity(inputs.len());
        for &(name, values) in inputs {
            let slot = find(&self.inputs, "input", name)?;
            fits(slot, values)?;
            parts.push((slot.offset, values));
        }
        match &mut self.backend {
            Backend::Cpu(program) => {
                for (offset, values) in parts {
                    program.arena[offset..offset + values.len()].copy_from_slice(values);
                }
                Ok(())
            }
            Backend::Gpu(program) => program.write_many(&parts),
        }
    }

    /// Runs some steps. A GPU is only told to; [`Self::read`] waits for it.
    pub fn run(&mut self, steps: usize) -> Result<()> {
        match (&mut self.backend, &self.state.inner.storage) {
            (Backend::Cpu(program), Storage::Cpu(state)) => {
                program.run(&mut state.borrow_mut(), steps);
                Ok(())
            }
            (Backend::Gpu(program), _) => program.run(steps),
            _ => unreachable!("a program and its state on two devices"),
        }
    }

    /// What a step is made of: kernels on the CPU, dispatches on a GPU, where some kernels run as one.
    pub fn dispatches(&self) -> usize {
        match &self.backend {
            Backend::Cpu(program) => program.kernels(),
            Backend::Gpu(program) => program.dispatches(),
        }
    }

    /// An output as the last step left it, row-major.
    ///
    /// What is read is settled when this is called: more steps may be run before the future is awaited.
    pub fn read(&self, name: &str) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        let reading = self.read_many(&[name]);
        async move { Ok(reading.await?.pop().unwrap_or_default()) }
    }

    /// Several outputs at once, as [`Self::read`]; on a GPU in one copy.
    pub fn read_many(&self, names: &[&str]) -> impl Future<Output = Result<Vec<Vec<f32>>>> + use<> {
        let reading = self.start_reading(names);
        async move {
            match reading? {
                Reading::Done(values) => Ok(values),
                Reading::Gpu(future) => future.await,
            }
        }
    }

    fn start_reading(&self, names: &[&str]) -> Result<Reading> {
        let range = |name: &&str| {
            let slot = find(&self.outputs, "output", name)?;
            Ok((slot.offset, numel(&slot.shape)))
        };
        let ranges = names.iter().map(range).collect::<Result<Vec<(usize, usize)>>>()?;
        Ok(match &self.backend {
            Backend::Cpu(program) => {
                let copy = |&(at, len): &(usize, usize)| program.arena[at..at + len].to_vec();
                Reading::Done(ranges.iter().map(copy).collect())
            }
            Backend::Gpu(program) => Reading::Gpu(Box::pin(program.read(&ranges))),
        })
    }
}

/// The plan with the offsets of the state that it will use.
fn relocate(plan: &Plan, state: &State) -> Result<Plan> {
    let mut places = Vec::new();
    for (slot, _) in &plan.states {
        let there = find(&state.inner.slots, "state", &slot.name)?;
        if there.shape != slot.shape {
            return Err(mismatch(there, slot));
        }
        places.push((slot.offset..slot.offset + numel(&slot.shape), there.offset));
    }
    let mut moved = plan.clone();
    for view in moved.state_views_mut() {
        if let Some((range, to)) = places.iter().find(|(range, _)| range.contains(&view.offset)) {
            view.offset = to + view.offset - range.start;
        }
    }
    moved.state_words = state.inner.words;
    Ok(moved)
}

fn find<'a>(slots: &'a [Slot], kind: &'static str, name: &str) -> Result<&'a Slot> {
    let found = slots.iter().find(|slot| slot.name == name);
    found.ok_or_else(|| Error::Unknown { kind, name: name.to_owned() })
}

fn fits(slot: &Slot, values: &[f32]) -> Result<()> {
    let expected = numel(&slot.shape);
    if values.len() == expected {
        return Ok(());
    }
    Err(Error::Length { name: slot.name.clone(), expected, actual: values.len() })
}

fn mismatch(known: &Slot, other: &Slot) -> Error {
    Error::Shape {
        op: "state",
        lhs: known.shape.clone(),
        rhs: other.shape.clone(),
        place: known.name.clone(),
    }
}

impl Init {
    /// The beginning of a tensor.
    fn fill(self, slot: &Slot, seed: u64, out: &mut [f32]) {
        let mut stream = Stream::new(seed, &slot.name);
        // Of a matrix the first of the last two axes is the one that is summed.
        let (fan_in, fan_out) = match slot.shape[..] {
            [.., fan_in, fan_out] => (fan_in as f32, fan_out as f32),
            [n] => (n as f32, 1.0),
            [] => (1.0, 1.0),
        };
        let glorot = (6.0 / (fan_in + fan_out)).sqrt();
        let mut uniform = |bound: f32| {
            out.iter_mut().for_each(|x| *x = bound * (2.0 * stream.uniform() - 1.0));
        };
        match self {
            Self::Zeros => out.fill(0.0),
            Self::Constant(value) => out.fill(value),
            Self::Uniform(bound) => uniform(bound),
            Self::Glorot => uniform(glorot),
            Self::GlorotScaled(scale) => uniform(scale * glorot),
            Self::Normal(deviation) => {
                out.iter_mut().for_each(|x| *x = deviation * stream.normal());
            }
            Self::He => {
                let deviation = (2.0 / fan_in).sqrt();
                out.iter_mut().for_each(|x| *x = deviation * stream.normal());
            }
        }
    }
}
