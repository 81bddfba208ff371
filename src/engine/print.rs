//! A graph and a plan as text, for snapshots and for the curious.
use super::{
    graph::Graph,
    kernel::{Body, Kernel},
    op::Op,
    plan::Plan,
};
use std::fmt;

impl fmt::Display for Graph {
    /// One node a line: its number, what it is, its operands, its shape.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = self.nodes();
        for (id, node) in nodes.all.iter().enumerate() {
            write!(f, "%{id} = {}", node.op.name())?;
            match &node.op {
                Op::Input(name) | Op::State(name, _) => write!(f, " {name:?}")?,
                Op::Scalar(value) => write!(f, " {value}")?,
                Op::Iota(axis) | Op::Concat(axis) | Op::Reduce(_, axis) | Op::CumSum(axis) => {
                    write!(f, " axis {axis}")?;
                }
                Op::Permute(axes) => write!(f, " {axes:?}")?,
                Op::Slice { axis, start, end } => write!(f, " axis {axis} {start}..{end}")?,
                Op::Pad { axis, before, after } => write!(f, " axis {axis} {before}, {after}")?,
                Op::Windows { axis, size, step } => write!(f, " axis {axis} {size} by {step}")?,
                _ => {}
            }
            node.inputs.iter().try_for_each(|input| write!(f, " %{input}"))?;
            writeln!(f, " : {:?}", node.shape)?;
        }
        for (name, id) in &nodes.outputs {
            writeln!(f, "output {name:?} %{id}")?;
        }
        for (state, value) in &nodes.updates {
            writeln!(f, "assign %{state} %{value}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    /// One kernel a line: what it does, its domain, and how much it loads, computes and stores.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Kernel { domain, body, code, loads, stores } in &self.kernels {
            match body {
                Body::Rows => write!(f, "rows")?,
                Body::Columns(..) => write!(f, "columns")?,
                Body::MatMul { k, .. } => write!(f, "matmul over {k}")?,
                Body::CumSum(_) => write!(f, "cumsum")?,
                Body::Gather { rows, .. } => write!(f, "gather of {rows}")?,
                Body::ScatterAdd { count, .. } => write!(f, "scatter_add of {count}")?,
            }
            let (loads, code, stores) = (loads.len(), code.len(), stores.len());
            writeln!(f, " {domain:?}: {loads} loads, {code} instructions, {stores} stores")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::{Graph, Init};

    #[test]
    fn a_dense_layer_reads_like_its_formula() {
        let g = Graph::new();
        let x = g.input("x", [4, 2]);
        let w = g.state("w", [2, 3], Init::Glorot);
        g.output("y", (x.matmul(w) * 2.0).tanh());
        let graph = "\
%0 = input \"x\" : [4, 2]
%1 = state \"w\" : [2, 3]
%2 = matmul %0 %1 : [4, 3]
%3 = scalar 2 : []
%4 = broadcast %3 : [4, 3]
%5 = mul %2 %4 : [4, 3]
%6 = tanh %5 : [4, 3]
output \"y\" %6
";
        assert_eq!(g.to_string(), graph, "the graph");
        let plan = "matmul over 2 [4, 3]: 0 loads, 4 instructions, 1 stores\n";
        assert_eq!(g.compile().unwrap().to_string(), plan, "one kernel");
    }
}
