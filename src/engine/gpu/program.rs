//! Programs on the GPU: a list of kernels, made ready once and replayed.
use super::{device::GpuDevice, readback::Source, schedule::Schedule, wgsl::shaders};
use crate::{
    engine::{kernel::Kernel, plan::Plan, sort::sorted},
    error::{Error, Result},
};
use std::{future::Future, rc::Rc};

/// Bytes between the parameters of kernels; what WebGPU guarantees for dynamic offsets.
const WINDOW: usize = 256;

/// Words between two inputs that are uploaded with them: what their alignment leaves at most.
const MOST_BETWEEN: usize = 3;

/// Floating-point operations of one submission until somebody has measured; about 10 ms on slow GPUs.
const DEFAULT_FLOPS: usize = 500_000_000;

/// Steps of one submission at most, until somebody has measured.
const DEFAULT_STEPS: usize = 32;

/// The state on a GPU: words kept between steps and shared between programs.
pub struct GpuState {
    device: Rc<GpuDevice>,
    buffer: wgpu::Buffer,
    words: usize,
}

impl std::fmt::Debug for GpuState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GpuState").field("words", &self.words).finish_non_exhaustive()
    }
}

impl GpuState {
    /// A state of that many words, all zero. Fails if the device has no buffer of that size.
    pub fn new(device: &Rc<GpuDevice>, words: usize) -> Result<Self> {
        let buffer = storage(device, "state", words)?;
        Ok(Self { device: Rc::clone(device), buffer, words })
    }

    /// The device it is on.
    pub fn device(&self) -> &Rc<GpuDevice> {
        &self.device
    }

    /// Words in all.
    pub fn words(&self) -> usize {
        self.words
    }

    /// Writes words; whatever is submitted afterwards sees them.
    pub fn write(&self, offset: usize, values: &[f32]) -> Result<()> {
        write(&self.device, &self.buffer, self.words, (offset, values))
    }

    /// Reads words, as all that was submitted before leaves them.
    ///
    /// The copy is submitted at once; the future only waits for it.
    pub fn read(
        &self,
        offset: usize,
        len: usize,
    ) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        let reading = self.device.copy_out(&[Source { buffer: &self.buffer, offset, len }]);
        async move { Ok(reading.await?.pop().unwrap_or_default()) }
    }
}

/// A kernel made ready.
struct Dispatch {
    pipeline: Rc<wgpu::ComputePipeline>,
    groups: [u32; 3],
    params: u32,
}

/// A plan on a GPU.
pub struct GpuProgram {
    device: Rc<GpuDevice>,
    arena: wgpu::Buffer,
    arena_words: usize,
    bind_group: wgpu::BindGroup,
    dispatches: Vec<Dispatch>,
    /// Steps of one submission as long as nobody has measured.
    guessed_steps: usize,
    /// Inputs on their way, next to each other as in the arena.
    staged: Vec<f32>,
}

impl GpuProgram {
    /// Makes a plan and its [`super::schedule`] ready to run on a state, whose words must be laid out
    /// as the plan takes them to be.
    ///
    /// Pipelines are asked for here and made by the driver meanwhile; [`GpuDevice::idle`] waits for them.
    pub fn new(
        device: &Rc<GpuDevice>,
        plan: &Plan,
        schedule: &Schedule,
        state: &GpuState,
    ) -> Result<Self> {
        device.check()?;
        assert!(state.words >= plan.state_words, "the state is smaller than the plan's");
        let arena_words = plan.arena_words.max(1);
        let arena = storage(device, "arena", arena_words)?;
        for (offset, values) in &plan.constants {
            write(device, &arena, arena_words, (*offset, values))?;
        }
        let shaders = shaders(plan, schedule);
        let turns = shaders.iter().map(|shader| shader.turns).max().unwrap_or(0);
        if let Some(most) = device.most_turns().filter(|&most| turns > most) {
            let reason =
                format!("a thread needs {turns} turns of loops, this device allows {most}");
            return Err(Error::NoGpu { reason });
        }
        let longest = shaders.iter().map(|shader| shader.params.len() * 4).max().unwrap_or(0);
        let window = longest.max(1).next_multiple_of(WINDOW);
        let mut words = vec![0_u32; window / 4 * shaders.len().max(1)];
        let mut dispatches = Vec::with_capacity(shaders.len());
        for (i, shader) in shaders.iter().enumerate() {
            let at = i * window / 4;
            words[at..at + shader.params.len()].copy_from_slice(&shader.params);
            dispatches.push(Dispatch {
                pipeline: device.pipeline(shader),
                groups: shader.groups,
                params: (at * 4) as u32,
            });
        }
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let params = device.buffer("params", words.len(), usage);
        device.upload(&params, 0, &words);
        let bind_group = device.bind_group(&state.buffer, &arena, &params, window as u64);
        let flops: usize = plan.kernels.iter().map(Kernel::flops).sum();
        Ok(Self {
            device: Rc::clone(device),
            arena,
            arena_words,
            bind_group,
            dispatches,
            guessed_steps: (DEFAULT_FLOPS / flops.max(1)).clamp(1, DEFAULT_STEPS),
            staged: vec![],
        })
    }

    /// Dispatches of a step: kernels, but for those that run as one.
    pub fn dispatches(&self) -> usize {
        self.dispatches.len()
    }

    /// Different pipelines among them.
    pub fn pipelines(&self) -> usize {
        let mut all: Vec<_> = self.dispatches.iter().map(|d| Rc::as_ptr(&d.pipeline)).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    /// Writes words of the arena; steps submitted afterwards see them.
    pub fn write(&self, offset: usize, values: &[f32]) -> Result<()> {
        write(&self.device, &self.arena, self.arena_words, (offset, values))
    }

    /// Writes several stretches of words, as [`Self::write`], each given by its first word; those that
    /// lie next to each other in one upload. What alignment leaves between them becomes zero.
    pub fn write_many(&mut self, parts: &[(usize, &[f32])]) -> Result<()> {
        let order = sorted(parts.len(), &|a, b| parts[a].0.cmp(&parts[b].0));
        let parts: Vec<(usize, &[f32])> = order.into_iter().map(|i| parts[i]).collect();
        let near = |a: &(usize, &[f32]), b: &(usize, &[f32])| {
            let end = a.0 + a.1.len();
            (end..=end + MOST_BETWEEN).contains(&b.0)
        };
        for together in parts.chunk_by(near) {
            let [(start, first), rest @ ..] = together else { continue };
            if rest.is_empty() {
                self.write(*start, first)?;
                continue;
            }
            self.staged.clear();
            for (offset, values) in together {
                self.staged.resize(offset - start, 0.0);
                self.staged.extend_from_slice(values);
            }
            self.write(*start, &self.staged)?;
        }
        Ok(())
    }

    /// Submits some steps, without waiting for them.
    pub fn run(&self, steps: usize) -> Result<()> {
        let most = self.device.steps_per_submission().unwrap_or(self.guessed_steps);
        let mut left = steps;
        while left > 0 {
            self.device.check()?;
            let now = left.min(most);
            let mut encoder = self.device.encoder();
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                for _ in 0..now {
                    self.encode(&mut pass);
                }
            }
            self.device.submit(encoder);
            left -= now;
        }
        self.device.check()
    }

    /// Writes one step into a pass.
    fn encode(&self, pass: &mut wgpu::ComputePass<'_>) {
        let mut bound: Option<&Rc<wgpu::ComputePipeline>> = None;
        for dispatch in &self.dispatches {
            if bound.is_none_or(|pipeline| !Rc::ptr_eq(pipeline, &dispatch.pipeline)) {
                pass.set_pipeline(&dispatch.pipeline);
                bound = Some(&dispatch.pipeline);
            }
            pass.set_bind_group(0, &self.bind_group, &[dispatch.params]);
            let [x, y, z] = dispatch.groups;
            pass.dispatch_workgroups(x, y, z);
        }
    }

    /// Reads ranges of the arena (first word and length) in one copy, as all that was submitted
    /// before leaves them.
    ///
    /// The copy is submitted at once; the future only waits for it.
    pub fn read(
        &self,
        ranges: &[(usize, usize)],
    ) -> impl Future<Output = Result<Vec<Vec<f32>>>> + use<> {
        let source = |&(offset, len): &(usize, usize)| Source { buffer: &self.arena, offset, len };
        self.device.copy_out(&ranges.iter().map(source).collect::<Vec<_>>())
    }
}

/// A buffer that shaders read and write.
fn storage(device: &GpuDevice, label: &str, words: usize) -> Result<wgpu::Buffer> {
    device.check()?;
    let most = device.max_words();
    if words > most {
        let reason = format!("{label} needs {words} words, a buffer here has at most {most}");
        return Err(Error::NoGpu { reason });
    }
    let usage =
        wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
    Ok(device.buffer(label, words.max(1), usage))
}

fn write(
    device: &GpuDevice,
    buffer: &wgpu::Buffer,
    words: usize,
    (offset, values): (usize, &[f32]),
) -> Result<()> {
    device.check()?;
    assert!(offset + values.len() <= words, "a write beyond the end of a buffer");
    device.upload(buffer, offset, values);
    Ok(())
}
