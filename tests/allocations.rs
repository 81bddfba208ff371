//! Running a program grows nothing: a hundred thousand steps allocate no memory at all.
#![expect(clippy::unwrap_used, reason = "a test")]
use orrery::engine::{Device, Graph, Init, Plan, Program, State, Var};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    /// Allocations of this thread; other threads of the test runner have their own.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counted.
struct Counting;

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller's.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, words: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as the caller's.
        unsafe { System.realloc(at, layout, words) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A step with every kind of kernel: products with and without code after them, rows, columns, running
/// sums, gather and scatter, random numbers, copies into a concatenation and into the state.
fn plan() -> Plan {
    let g = Graph::new();
    let x = g.uniform("x", [5, 3]);
    let w = g.state("w", [3, 4], Init::Glorot);
    let table = g.state("table", [6, 4], Init::Normal(1.0));
    let index = (g.uniform("index", [5]) * 6.0).floor();
    let h = x.matmul(w).tanh() + table.gather(index);
    let e = (h - h.max(&[1])).exp();
    let p = e / e.sum(&[1]);
    let sums = Var::concat(&[p.cumsum(1), x.slice(1, 0..1)], 1);
    let column = h.sum(&[0]) + p.max(&[0]);
    let loss = (sums.square().sum_all() + column.sum_all()) * 0.01;
    let grads = g.grad(loss, &[w, table]);
    g.assign(w, w - 0.01 * grads[0]);
    g.assign(table, table - 0.01 * grads[1]);
    g.output("loss", loss);
    g.output("batch", p.matmul(h.transpose()).reshape([25]));
    g.output("constant rows", g.scalar(2.0).broadcast_to([5, 3]).sum(&[1]) + x.sum(&[1]));
    g.compile().unwrap()
}

/// Allocations while something runs.
fn allocations(run: impl FnOnce()) -> usize {
    let before = COUNT.get();
    run();
    COUNT.get() - before
}

#[test]
fn a_hundred_thousand_steps_allocate_nothing() {
    assert!(allocations(|| drop(std::hint::black_box(vec![1]))) > 0, "allocations are seen");
    let plan = plan();
    let state = State::new(&Device::cpu(), &[&plan], 1).unwrap();
    let mut program = Program::new(&Device::cpu(), &plan, &state).unwrap();
    let found = allocations(|| program.run(100_000).unwrap());
    assert_eq!(found, 0, "allocations in 100,000 steps");
    let loss = pollster::block_on(program.read("loss")).unwrap();
    assert!(loss[0].is_finite(), "the program has run: {loss:?}");
}
