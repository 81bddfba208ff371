//! The time, and how to let it pass.
use crate::files::LocalFuture;
use std::{
    future::{self, Future},
    pin::pin,
    task::Poll,
};

/// Tells the time, and lets it pass.
pub trait Clock {
    /// Milliseconds since some moment.
    fn now_ms(&self) -> f64;

    /// Is done after so many milliseconds, in which the driver of a GPU goes on.
    fn pause(&self, ms: f64) -> LocalFuture<'static, ()>;
}

/// A clock for where what a driver does is waited for within the call, so that no pause is needed.
impl<F: Fn() -> f64> Clock for F {
    fn now_ms(&self) -> f64 {
        self()
    }

    fn pause(&self, _: f64) -> LocalFuture<'static, ()> {
        Box::pin(future::ready(()))
    }
}

/// What a future yields if it is ready by a time of that clock; it is asked at least once.
pub(super) async fn in_time<T>(
    clock: &dyn Clock,
    until_ms: f64,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut pause = clock.pause((until_ms - clock.now_ms()).max(0.0));
    future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => pause.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// Lets a future begin; what it yields if it is ready at once.
pub(super) async fn begun<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut future = pin!(future);
    future::poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        })
    })
    .await
}
