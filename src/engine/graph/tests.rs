//! What a graph says of mistakes.
use super::*;

fn mistake(build: impl Fn(&Graph)) -> String {
    let graph = Graph::new();
    build(&graph);
    graph.compile().expect_err("a mistake").to_string()
}

#[test]
fn a_mistake_of_shape_names_both_shapes_and_the_line() {
    let line = line!() + 3;
    let message = mistake(|g| {
        let (a, b) = (g.input("a", [2, 3]), g.input("b", [4, 5]));
        g.output("c", (a + 1.0).matmul(b));
    });
    let place = format!("{}:{line}", file!());
    assert_eq!(message, format!("matmul: shapes [2, 3] and [4, 5] do not fit, at {place}"));
}

#[test]
fn the_first_mistake_is_the_one_that_is_told() {
    let message = mistake(|g| {
        let (a, b) = (g.input("a", [2]), g.input("b", [3]));
        g.output("c", (a + b) * g.input("d", [5]));
    });
    assert!(message.starts_with("add: shapes [2] and [3] do not fit"), "{message}");
}

#[test]
fn names_and_assignments_are_checked() {
    let twice = |g: &Graph| {
        let a = g.state("a", [2], Init::Zeros);
        g.assign(a, a + 1.0);
        g.assign(a, a + 2.0);
    };
    assert_eq!(mistake(twice), "two assigned states are named a");
    let shapes = mistake(|g| {
        g.input("x", [2]);
        g.input("x", [3]);
    });
    assert!(shapes.starts_with("input: shapes [2] and [3] do not fit"), "{shapes}");
    let slice = mistake(|g| g.output("y", g.input("x", [2]).slice(0, 1..5)));
    assert!(slice.starts_with("slice: shapes [2] and [0, 1, 5] do not fit"), "{slice}");
    let empty = mistake(|g| g.output("y", g.input("x", [2, 0])));
    assert!(empty.starts_with("input: shapes [2, 0] and [] do not fit"), "{empty}");
}
