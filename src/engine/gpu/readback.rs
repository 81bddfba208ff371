//! Reading back: a ring of staging buffers, mapped right after the copy into them is submitted.
use super::device::{Fault, GpuDevice};
use crate::error::{Error, Result};
use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Staging buffers that are kept; more are made and dropped while more reads are under way.
const RING: usize = 3;

/// Words of the smallest staging buffer.
const MIN_WORDS: usize = 1024;

/// Staging buffers not in use.
pub(super) struct Readback {
    free: RefCell<Vec<wgpu::Buffer>>,
    fault: Fault,
}

/// A range of words in a buffer.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) buffer: &'a wgpu::Buffer,
    pub(super) offset: usize,
    pub(super) len: usize,
}

impl Readback {
    pub(super) fn new(fault: Fault) -> Self {
        Self { free: RefCell::default(), fault }
    }

    /// Waits until all that was submitted is done.
    pub(super) async fn done(&self, device: &wgpu::Device, queue: &wgpu::Queue) -> Result<()> {
        let signal = Signal::new(&self.fault);
        let inner = Arc::clone(&signal.inner);
        queue.on_submitted_work_done(move || finish(&inner, Ok(())));
        signal.wait(device).await
    }

    /// The least of the free buffers that is large enough, or a new one.
    fn take(&self, device: &GpuDevice, words: usize) -> wgpu::Buffer {
        let mut free = self.free.borrow_mut();
        let fits = |buffer: &wgpu::Buffer| buffer.size() >= words as u64 * 4;
        let found = (0..free.len()).filter(|&i| fits(&free[i])).min_by_key(|&i| free[i].size());
        if let Some(found) = found {
            return free.swap_remove(found);
        }
        // One that is too small makes room for one that is not.
        if free.len() == RING {
            free.swap_remove(0);
        }
        let usage = wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ;
        device.buffer("staging", words.next_power_of_two().max(MIN_WORDS), usage)
    }

    fn give_back(&self, buffer: wgpu::Buffer) {
        let mut free = self.free.borrow_mut();
        if free.len() < RING {
            free.push(buffer);
        }
    }
}

impl GpuDevice {
    /// Copies ranges out in one go; each becomes a vector of the answer.
    ///
    /// The copy is submitted when this is called, not when the future is first polled.
    pub(super) fn copy_out(
        self: &Rc<Self>,
        sources: &[Source<'_>],
    ) -> impl Future<Output = Result<Vec<Vec<f32>>>> + use<> {
        let device = Rc::clone(self);
        let lens: Vec<usize> = sources.iter().map(|source| source.len).collect();
        let words: usize = lens.iter().sum();
        let started = self.check().map(|()| {
            let buffer = self.readback.take(self, words);
            let mut encoder = self.encoder();
            let mut at = 0;
            for source in sources {
                let (from, len) = (source.offset as u64 * 4, source.len as u64 * 4);
                encoder.copy_buffer_to_buffer(source.buffer, from, &buffer, at, len);
                at += len;
            }
            self.submit(encoder);
            let signal = Signal::new(&self.readback.fault);
            let inner = Arc::clone(&signal.inner);
            buffer.map_async(wgpu::MapMode::Read, 0..at, move |result| {
                finish(&inner, result.map_err(|error| error.to_string()));
            });
            (Lent { device: Rc::clone(self), buffer: Some(buffer) }, signal)
        });
        async move {
            let (lent, signal) = started?;
            signal.wait(&device.device).await?;
            device.check()?;
            lent.read(&lens)
        }
    }
}

/// A staging buffer in use; goes back to the ring when dropped, even if nobody waited for it.
struct Lent {
    device: Rc<GpuDevice>,
    buffer: Option<wgpu::Buffer>,
}

impl Lent {
    fn read(&self, lens: &[usize]) -> Result<Vec<Vec<f32>>> {
        let bytes = lens.iter().sum::<usize>() as u64 * 4;
        let lost = |reason: String| Error::DeviceLost { reason };
        let buffer = self.buffer.as_ref().ok_or_else(|| lost("no staging buffer".to_owned()))?;
        let view = buffer.get_mapped_range(0..bytes).map_err(|error| lost(error.to_string()))?;
        let mut rest: &[u8] = &view;
        let mut parts = Vec::with_capacity(lens.len());
        for &len in lens {
            let (part, after) = rest.split_at(len * 4);
            parts.push(bytemuck::pod_collect_to_vec(part));
            rest = after;
        }
        Ok(parts)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            buffer.unmap();
            self.device.readback.give_back(buffer);
        }
    }
}

/// Something that a callback of the driver will tell.
struct Signal {
    inner: Arc<Mutex<Inner>>,
    fault: Fault,
}

#[derive(Default)]
struct Inner {
    result: Option<Result<(), String>>,
    waker: Option<Waker>,
}

impl Signal {
    fn new(fault: &Fault) -> Self {
        Self { inner: Arc::default(), fault: Arc::clone(fault) }
    }

    async fn wait(self, device: &wgpu::Device) -> Result<()> {
        let result = Wait { signal: &self, device }.await;
        result.map_err(|reason| {
            // A lost device fails the mapping first; its own words say more.
            let fault = lock(&self.fault).clone();
            Error::DeviceLost { reason: fault.unwrap_or(reason) }
        })
    }
}

/// Waits for a signal: in the browser for its callback, natively by asking the device.
struct Wait<'a> {
    signal: &'a Signal,
    device: &'a wgpu::Device,
}

impl Future for Wait<'_> {
    type Output = Result<(), String>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        {
            let mut inner = lock(&self.signal.inner);
            if let Some(result) = inner.result.take() {
                return Poll::Ready(result);
            }
            inner.waker = Some(cx.waker().clone());
        }
        // No effect in the browser.
        let polled = self.device.poll(wgpu::PollType::wait_indefinitely());
        if let Some(result) = lock(&self.signal.inner).result.take() {
            return Poll::Ready(result);
        }
        match polled {
            Ok(_) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error.to_string())),
        }
    }
}

fn finish(inner: &Mutex<Inner>, result: Result<(), String>) {
    let waker = {
        let mut inner = lock(inner);
        inner.result = Some(result);
        inner.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
