//! An exhibit for the tests of the session: points that slide down a valley.
#![expect(unreachable_pub, reason = "params! declares for the public modules of exhibits")]

use crate::{
    claim::{Claim, Measured},
    error::{Error, Result},
    exhibit::{Ctx, Entry, Exhibit, Experiment, Meta, Metric, Paper, Progress, Snapshot},
    figure::{Figure, Poke, PokeKind, Trace, dot, line, linear, log},
    files::LocalFuture,
    params::{choice, float, int, log_float, text, toggle},
    session::Clock,
};
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Context, Poll},
};

crate::params! {
    /// Step size.
    alpha: f32 = log_float(0.1, 1e-3..=1000.0).live();
    /// Share of the last step that is taken again.
    momentum: f64 = float(0.0, 0.0..=0.9).live();
    /// Points.
    n: usize = int(3, 1..=5);
    /// Steps after which it ends.
    stop: u32 = int(100, 1..=1000);
    /// Whether the valley is steep across.
    steep: bool = toggle(true);
    /// Where the points begin.
    layout: &'static str = choice(&["row", "heap", "broken"]);
    /// Words on the card.
    words: String = text("", 10);
}

thread_local! {
    /// The time, in milliseconds.
    pub(super) static NOW_MS: Cell<f64> = const { Cell::new(0.0) };
    /// Time that a step of the next runs takes, the next to be started last.
    pub(super) static STEP_MS: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
    /// Time until the next runs can be read back, the next to be started last; none: at once.
    pub(super) static READY_IN_MS: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
    /// Steps until the device is lost.
    pub(super) static LOST_IN: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Points on their way down.
#[derive(Clone)]
pub(super) struct Valley {
    at: Vec<[f32; 2]>,
    last: Vec<[f32; 2]>,
    clicked: usize,
    step: u32,
    history: Trace,
    step_ms: f64,
    ready_at_ms: f64,
}

impl Exhibit for Valley {
    const META: Meta = Meta {
        id: "valley",
        title: "Valley",
        family: "optimisation",
        hook: "Drag a point and watch it slide.",
        claim: "Small steps go down.",
        paper: Paper {
            title: "Descent",
            authors: "A. Cauchy",
            year: 1847,
            venue: "Comptes rendus",
            url: "https://example.org",
            bibtex: "@article{cauchy}",
        },
        devices: true,
    };
    type Params = Params;

    async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        if p.layout == "broken" && p.n > 4 {
            return Err(Error::Value {
                name: "layout".to_owned(),
                value: "\"broken\"".to_owned(),
                allowed: "row for more than 4 points".to_owned(),
            });
        }
        let spread = if p.layout == "row" { 0.25 } else { 0.0 };
        let shift = (ctx.seed % 7) as f32 * 0.01;
        let at: Vec<[f32; 2]> = (0..p.n).map(|i| [i as f32 * spread - 0.5, 0.5 + shift]).collect();
        Ok(Self {
            last: vec![[0.0; 2]; at.len()],
            at,
            clicked: 0,
            step: 0,
            history: Trace::new(&["step", "height"]),
            step_ms: STEP_MS.with_borrow_mut(Vec::pop).unwrap_or(1.0),
            ready_at_ms: NOW_MS.get() + READY_IN_MS.with_borrow_mut(Vec::pop).unwrap_or(0.0),
        })
    }

    async fn step(&mut self, p: &Params) -> Result<Progress> {
        if let Some(left) = LOST_IN.get() {
            LOST_IN.set(left.checked_sub(1));
            if left == 0 {
                return Err(Error::DeviceLost { reason: "unplugged".to_owned() });
            }
        }
        NOW_MS.set(NOW_MS.get() + self.step_ms);
        self.step += 1;
        let steepness = [1.0, if p.steep { 5.0 } else { 1.0 }];
        for (at, last) in self.at.iter_mut().zip(&mut self.last) {
            for axis in 0..2 {
                last[axis] = p.momentum as f32 * last[axis] - p.alpha * steepness[axis] * at[axis];
                at[axis] += last[axis];
            }
        }
        self.history.push(&[self.step as f32, self.height()]);
        Ok(match self.height() {
            height if !height.is_finite() => Progress::Diverged,
            _ if self.step == p.stop => Progress::Done,
            _ => Progress::More,
        })
    }

    async fn refresh(&mut self, _: &Params) -> Result<()> {
        at(self.ready_at_ms).await;
        Ok(())
    }

    fn figures(&mut self, _: &Params) -> Vec<Figure> {
        let column = |axis: usize| self.at.iter().map(|at| at[axis]).collect::<Vec<_>>();
        let points = dot().x(column(0)).y(column(1)).poked("points", &PokeKind::ALL);
        let plane = Figure::plot(
            "plane",
            "Plane",
            linear("x").domain(-1.0, 1.0),
            linear("y").domain(-1.0, 1.0),
        );
        let curve = line().x(self.history.column("step")).y(self.history.column("height"));
        vec![
            plane.aspect(1.0).alt("points").with(points),
            Figure::plot("curve", "Height", linear("step"), log("height")).alt("a").with(curve),
            Figure::table("points", "Points").alt("t").column("x", column(0)),
        ]
    }

    fn metrics(&self) -> Vec<Metric> {
        vec![
            Metric::new("height", "height", self.height()),
            Metric::new("clicked", "clicked", self.clicked as f64),
        ]
    }

    fn poke(&mut self, poke: &Poke, _: &Params) -> Result<()> {
        let (place, i) = ([poke.x as f32, poke.y as f32], poke.index as usize);
        match poke.kind {
            PokeKind::Drag => self.at[i] = place,
            PokeKind::Click => self.clicked = i,
            PokeKind::Add => {
                self.at.push(place);
                self.last.push([0.0; 2]);
            }
            PokeKind::Remove if self.at.len() == 1 => {
                return Err(Error::Poke {
                    figure: poke.figure.clone(),
                    kind: poke.kind.to_string(),
                    reason: "the last point stays".to_owned(),
                });
            }
            PokeKind::Remove => {
                self.at.remove(i);
                self.last.remove(i);
            }
        }
        Ok(())
    }

    fn experiments() -> Vec<Experiment> {
        vec![Experiment::new("Far", "Watch it leave.").set("alpha", 10.0).set("n", 1)]
    }

    fn claims() -> Vec<Claim> {
        let claim = Claim {
            id: "goes_down",
            sentence: "It goes down.",
            published: "always",
            source: "section 1",
            protocol: "ten pieces of work",
            quick: true,
            measure: |check| {
                Box::pin(async move {
                    for piece in 0..10 {
                        NOW_MS.set(NOW_MS.get() + 10.0);
                        check.progress(f64::from(piece) / 10.0, format!("piece {piece}")).await;
                    }
                    let (here, detail) = ("ten of ten".to_owned(), "at once".to_owned());
                    Ok(Measured { here, holds: true, detail })
                })
            },
        };
        let fails =
            Claim { id: "fails", measure: |_| Box::pin(async { Err(Error::NotOpen) }), ..claim };
        vec![claim, fails]
    }

    async fn snapshot(&self) -> Result<Option<Snapshot>> {
        Ok(Some(Snapshot::new(self.clone())))
    }

    fn restore(&mut self, saved: &Snapshot) -> Result<()> {
        if let Some(saved) = saved.get::<Self>() {
            *self = saved.clone();
        }
        Ok(())
    }
}

/// Waits for a time, which passes elsewhere.
pub(super) async fn at(ms: f64) {
    let reached = |cx: &mut Context<'_>| {
        cx.waker().wake_by_ref();
        if NOW_MS.get() < ms { Poll::Pending } else { Poll::Ready(()) }
    };
    poll_fn(reached).await;
}

/// A clock whose time passes only in steps, claims and pauses.
pub(super) struct Standing;

impl Clock for Standing {
    fn now_ms(&self) -> f64 {
        NOW_MS.get()
    }

    fn pause(&self, ms: f64) -> LocalFuture<'static, ()> {
        let until = NOW_MS.get() + ms;
        Box::pin(poll_fn(move |cx| {
            cx.waker().wake_by_ref();
            let left = until - NOW_MS.get();
            NOW_MS.set(NOW_MS.get() + left.clamp(0.0, 1.0));
            if left > 0.0 { Poll::Pending } else { Poll::Ready(()) }
        }))
    }
}

impl Valley {
    fn height(&self) -> f32 {
        self.at.iter().flatten().map(|x| x * x).sum()
    }
}

/// The catalog of the tests.
pub(super) const CATALOG: &[Entry] = &[Entry::of::<Valley>()];
