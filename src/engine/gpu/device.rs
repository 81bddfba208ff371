//! The device: opened once, shared by all programs.
use super::{
    readback::Readback,
    wgsl::{Shader, Style},
};
use crate::error::{Error, Result};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::{Arc, Mutex},
};

/// What has been made on a device since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Compute pipelines.
    pub pipelines: usize,
    /// Buffers.
    pub buffers: usize,
    /// Bind groups.
    pub bind_groups: usize,
    /// Command encoders, each submitted once.
    pub submissions: usize,
    /// Writes from memory into a buffer.
    pub uploads: usize,
}

/// Why a device is of no use any more, written by its callbacks.
pub(super) type Fault = Arc<Mutex<Option<String>>>;

/// Turns of loops that a thread may take on Mesa's llvmpipe, which tells nobody. They are counted for all
/// loops of a shader together, once for the threads that run side by side, with the turn in which a
/// condition fails; from then on every loop is left after one turn. Measured with Mesa 22.3.6; its
/// source has the number as `LP_MAX_TGSI_LOOP_ITERATIONS`.
const LLVMPIPE_TURNS: usize = 65_535;

/// A GPU, or a processor in its place.
pub struct GpuDevice {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) readback: Readback,
    name: String,
    software: bool,
    style: Style,
    most_turns: Option<usize>,
    fault: Fault,
    bind_layout: wgpu::BindGroupLayout,
    pipeline_layout: wgpu::PipelineLayout,
    /// Pipelines by text.
    pipelines: RefCell<BTreeMap<String, Rc<wgpu::ComputePipeline>>>,
    counts: Cell<Counts>,
    steps_per_submission: Cell<Option<usize>>,
}

impl std::fmt::Debug for GpuDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GpuDevice").field("name", &self.name).finish_non_exhaustive()
    }
}

impl GpuDevice {
    /// Opens the adapter that the system prefers, the fast one if there are two.
    ///
    /// Fails with [`Error::NoGpu`] if there is none or it refuses.
    pub async fn open() -> Result<Self> {
        let no_gpu = |reason: String| Error::NoGpu { reason };
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapter = instance
            .request_adapter(&wgpu::RequestAdapterOptions {
                power_preference: wgpu::PowerPreference::HighPerformance,
                ..Default::default()
            })
            .await
            // wgpu lists the backends it was built without, which tells a visitor nothing.
            .map_err(|_| no_gpu("no adapter was found".to_owned()))?;
        let info = adapter.get_info();
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("orrery"),
                required_limits: limits(&adapter.limits()),
                ..Default::default()
            })
            .await
            .map_err(|error| no_gpu(error.to_string()))?;
        let software = info.device_type == wgpu::DeviceType::Cpu;
        let name = match (info.name.as_str(), software) {
            ("", true) => "software adapter".to_owned(),
            ("", false) => "GPU".to_owned(),
            (name, _) => name.to_owned(),
        };
        Ok(Self::with(device, queue, name, software))
    }

    fn with(device: wgpu::Device, queue: wgpu::Queue, name: String, software: bool) -> Self {
        let fault = Fault::default();
        let lost = Arc::clone(&fault);
        device.set_device_lost_callback(move |reason, message| {
            note(&lost, if message.is_empty() { format!("{reason:?}") } else { message });
        });
        let uncaptured = Arc::clone(&fault);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            note(&uncaptured, error.to_string());
        }));
        let bind_layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("state, arena, params"),
            entries: &[
                entry(0, wgpu::BufferBindingType::Storage { read_only: false }, false),
                entry(1, wgpu::BufferBindingType::Storage { read_only: false }, false),
                entry(2, wgpu::BufferBindingType::Uniform, true),
            ],
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("kernel"),
            bind_group_layouts: &[Some(&bind_layout)],
            ..Default::default()
        });
        let most_turns = name.contains("llvmpipe").then_some(LLVMPIPE_TURNS);
        Self {
            readback: Readback::new(Arc::clone(&fault)),
            device,
            queue,
            name,
            software,
            style: if software { Style::Software } else { Style::Hardware },
            most_turns,
            fault,
            bind_layout,
            pipeline_layout,
            pipelines: RefCell::default(),
            counts: Cell::default(),
            steps_per_submission: Cell::default(),
        }
    }

    /// What the driver or browser calls the adapter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a processor stands in for a GPU.
    pub fn is_software(&self) -> bool {
        self.software
    }

    /// How shaders are written for it.
    pub fn style(&self) -> Style {
        self.style
    }

    /// The same device with shaders of another style; they compute the same.
    #[must_use]
    pub fn with_style(self, style: Style) -> Self {
        Self { style, ..self }
    }

    /// Turns of loops that a thread may take in one dispatch, if the device is known to have a limit.
    pub fn most_turns(&self) -> Option<usize> {
        self.most_turns
    }

    /// What has been made so far.
    pub fn counts(&self) -> Counts {
        self.counts.get()
    }

    /// Steps of a program that one submission takes at most, if somebody has measured.
    pub fn steps_per_submission(&self) -> Option<usize> {
        self.steps_per_submission.get()
    }

    /// Sets how many steps one submission takes at most: as many as fit 5 to 10 ms, as measured by
    /// whoever has a clock. Longer ones hold up the page's own drawing, and systems kill very long ones.
    pub fn set_steps_per_submission(&self, steps: Option<usize>) {
        self.steps_per_submission.set(steps.map(|steps| steps.max(1)));
    }

    /// Gives the device up, as if it had been lost; for tests of what happens then.
    pub fn lose(&self) {
        self.device.destroy();
    }

    /// Fails with [`Error::DeviceLost`] once the device is lost or has refused something.
    pub fn check(&self) -> Result<()> {
        let fault = self.fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match &*fault {
            Some(reason) => Err(Error::DeviceLost { reason: reason.clone() }),
            None => Ok(()),
        }
    }

    /// Waits until all that was submitted is done and all pipelines are made.
    pub async fn idle(&self) -> Result<()> {
        self.check()?;
        self.readback.done(&self.device, &self.queue).await?;
        self.check()
    }

    /// The most words a buffer may have here.
    pub(super) fn max_words(&self) -> usize {
        let limits = self.device.limits();
        let bytes = limits.max_buffer_size.min(limits.max_storage_buffer_binding_size);
        usize::try_from(bytes).unwrap_or(usize::MAX) / 4
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }

    /// A new buffer of words, all zero.
    pub(super) fn buffer(
        &self,
        label: &str,
        words: usize,
        usage: wgpu::BufferUsages,
    ) -> wgpu::Buffer {
        self.count(|counts| counts.buffers += 1);
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: words as u64 * 4,
            usage,
            mapped_at_creation: false,
        })
    }

    /// Writes words into a buffer, from this one on; whatever is submitted afterwards sees them.
    pub(super) fn upload<T: bytemuck::NoUninit>(
        &self,
        buffer: &wgpu::Buffer,
        offset: usize,
        words: &[T],
    ) {
        self.count(|counts| counts.uploads += 1);
        self.queue.write_buffer(buffer, offset as u64 * 4, bytemuck::cast_slice(words));
    }

    /// The bind group of a program; `window` is the size in bytes of one kernel's parameters.
    pub(super) fn bind_group(
        &self,
        state: &wgpu::Buffer,
        arena: &wgpu::Buffer,
        params: &wgpu::Buffer,
        window: u64,
    ) -> wgpu::BindGroup {
        self.count(|counts| counts.bind_groups += 1);
        let params =
            wgpu::BufferBinding { buffer: params, offset: 0, size: wgpu::BufferSize::new(window) };
        let bind = |binding, resource| wgpu::BindGroupEntry { binding, resource };
        self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("program"),
            layout: &self.bind_layout,
            entries: &[
                bind(0, state.as_entire_binding()),
                bind(1, arena.as_entire_binding()),
                bind(2, wgpu::BindingResource::Buffer(params)),
            ],
        })
    }

    /// The pipeline of a shader, made if its text is new.
    pub(super) fn pipeline(&self, shader: &Shader) -> Rc<wgpu::ComputePipeline> {
        if let Some(found) = self.pipelines.borrow().get(&shader.source) {
            return Rc::clone(found);
        }
        self.count(|counts| counts.pipelines += 1);
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("kernel"),
            source: wgpu::ShaderSource::Wgsl(shader.source.as_str().into()),
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("kernel"),
            layout: Some(&self.pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Every shader writes what it reads there.
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        let pipeline = Rc::new(pipeline);
        self.pipelines.borrow_mut().insert(shader.source.clone(), Rc::clone(&pipeline));
        pipeline
    }

    /// A new encoder, to be handed to [`Self::submit`].
    pub(super) fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    pub(super) fn submit(&self, encoder: wgpu::CommandEncoder) {
        self.count(|counts| counts.submissions += 1);
        self.queue.submit([encoder.finish()]);
    }
}

/// Keeps the first fault.
fn note(fault: &Fault, reason: String) {
    let mut fault = fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    fault.get_or_insert(reason);
}

/// What every device has, but buffers as large as this one allows.
fn limits(adapter: &wgpu::Limits) -> wgpu::Limits {
    wgpu::Limits {
        max_buffer_size: adapter.max_buffer_size,
        max_storage_buffer_binding_size: adapter.max_storage_buffer_binding_size,
        ..wgpu::Limits::default()
    }
}

fn entry(binding: u32, ty: wgpu::BufferBindingType, dynamic: bool) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: dynamic, min_binding_size: None },
        count: None,
    }
}
