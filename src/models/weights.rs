//! All trained tensors of a model, as one list.
use crate::engine::{Graph, Init, Var};
use std::{cell::RefCell, rc::Rc};

/// Hands out trained tensors by name and remembers them, so that an optimiser takes one list.
///
/// [`Weights::scope`] gives the same collector under a longer prefix; asking twice for a name yields
/// the same tensor.
#[derive(Clone, Debug)]
pub struct Weights<'g> {
    graph: &'g Graph,
    prefix: String,
    list: Rc<RefCell<Vec<(String, Var<'g>)>>>,
}

impl<'g> Weights<'g> {
    /// A collector that has handed out nothing yet.
    pub fn new(graph: &'g Graph) -> Self {
        Self { graph, prefix: String::new(), list: Rc::default() }
    }

    /// The graph the tensors live in.
    pub fn graph(&self) -> &'g Graph {
        self.graph
    }

    /// The same collector, with `name` and a dot before every name.
    #[must_use]
    pub fn scope(&self, name: &str) -> Self {
        Self { prefix: format!("{}{name}.", self.prefix), ..self.clone() }
    }

    /// A trained tensor of the model.
    #[track_caller]
    pub fn get(&self, name: &str, shape: impl AsRef<[usize]>, init: Init) -> Var<'g> {
        let name = format!("{}{name}", self.prefix);
        let var = self.graph.state(&name, shape, init);
        let mut list = self.list.borrow_mut();
        if list.iter().all(|(present, _)| *present != name) {
            list.push((name, var));
        }
        var
    }

    /// Names and tensors, in the order in which they were first asked for.
    pub fn list(&self) -> Vec<(String, Var<'g>)> {
        self.list.borrow().clone()
    }

    /// The tensors, in the order of [`Weights::list`].
    pub fn vars(&self) -> Vec<Var<'g>> {
        self.list.borrow().iter().map(|(_, var)| *var).collect()
    }

    /// How many numbers are trained.
    pub fn count(&self) -> usize {
        self.list.borrow().iter().map(|(_, var)| var.shape().iter().product::<usize>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_listed_once_and_counted_once() {
        let graph = Graph::new();
        let w = Weights::new(&graph);
        w.scope("a").get("kernel", [2, 3], Init::Glorot);
        w.scope("a").get("kernel", [2, 3], Init::Glorot);
        w.get("bias", [3], Init::Zeros);
        let names: Vec<String> = w.list().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a.kernel", "bias"], "in the order of first use");
        assert_eq!(w.count(), 9, "6 + 3");
    }
}
