//! Things to try with in-context regression.
use crate::exhibit::Experiment;

/// All of them.
pub(super) fn all() -> Vec<Experiment> {
    prompts().into_iter().chain(panels()).chain(nets()).chain(layers()).collect()
}

/// Beside the panels of layers that are known exactly.
fn layers() -> Vec<Experiment> {
    let attention = |title, text| Experiment::new(title, text).set("panel", "linear attention");
    let machine = |title, text| Experiment::new(title, text).set("panel", "hand-built machine");
    vec![
        attention(
            "Attention finds gradient descent",
            "Twelve weights, no softmax: training lands on the error of the best gradient step, known exactly.",
        ),
        attention(
            "Bad luck",
            "A read-out that starts at an input instead of the label ends in another optimum, with twice the error.",
        )
        .set("readout", "at an input"),
        machine(
            "A gradient step, layer by layer",
            "Step through nine layers that take one gradient step on the example, then drag its numbers.",
        )
        .set("chained", 1),
        machine(
            "Exact ridge in a residual stream",
            "Sherman-Morrison updates, chained over four examples: ridge regression to the last digit.",
        )
        .set("program", "Sherman-Morrison")
        .set("chained", 4)
        .set("lambda", 1),
        machine(
            "The same of GELUs",
            "Products and quotients of GELUs and LayerNorms: drag the scale s and watch digits come and go.",
        )
        .set("program", "Sherman-Morrison")
        .set("chained", 4)
        .set("lambda", 1)
        .set("arithmetic", "GELU and LayerNorm"),
        machine(
            "Too little ridge for GELUs",
            "With small λ the inverse starts out large, beyond what GELUs multiply well at this scale.",
        )
        .set("program", "Sherman-Morrison")
        .set("arithmetic", "GELU and LayerNorm"),
    ]
}

/// Beside the first panel.
fn prompts() -> Vec<Experiment> {
    let prompt = |title, text| Experiment::new(title, text).set("panel", "the prompt");
    vec![
        prompt(
            "Three dots",
            "Drag one of three dots: the net's line moves as Bayes' does, and its weights stay as they are.",
        )
        .set("pairs", 3),
        prompt(
            "No dots at all",
            "Without a prompt the best guess is zero, and the net has learned that too.",
        )
        .set("pairs", 0),
        prompt(
            "Trained without noise",
            "This net trusts its dots: it follows least squares where the one trained with noise holds back.",
        )
        .set("noise", 0)
        .set("pairs", 2),
        prompt(
            "Steeper than anything seen",
            "Every y times three: the net falls short of the line that least squares has no trouble with.",
        )
        .set("stretch", 3)
        .set("pairs", 8),
        prompt(
            "Beyond the training data",
            "Dots at x from 2.6 on: Bayes' rule does not mind, the net was never taught.",
        )
        .set("dots", "far out")
        .set("pairs", 6),
        prompt("The same x again and again", "Dots that share their x: the net finds their mean, and shrinks it.")
            .set("dots", "one x")
            .set("pairs", 4),
        prompt(
            "A ninth dot and more",
            "Twelve dots, where training stopped at eight: see whether it goes on getting better.",
        )
        .set("pairs", 12),
        prompt("Not a line", "Dots on a parabola: the net has only ever met lines, and answers with one.")
            .set("dots", "a parabola")
            .set("pairs", 8),
    ]
}

/// Beside the others.
fn panels() -> Vec<Experiment> {
    vec![
        Experiment::new(
            "Weights from words",
            "Press play: with each example the weights that the net implies move to where Bayes' rule has them.",
        )
        .set("panel", "weight space"),
        Experiment::new(
            "Learn to learn",
            "Press play: the net is near zero first, then near one step of descent, then near Bayes.",
        )
        .set("panel", "train it now"),
        Experiment::new(
            "The paper's tokens",
            "Both layouts learn side by side: the paper's must first learn which y belongs to which x.",
        )
        .set("panel", "train it now")
        .set("run_c", true),
        Experiment::new(
            "Two layers beside one",
            "Watch which gets nearer to Bayes, then look at the algorithms of run A, then of run B.",
        )
        .set("panel", "train it now")
        .set("run_b", true),
    ]
}

/// Beside those of shipped nets: measured, and read.
fn nets() -> Vec<Experiment> {
    vec![
        Experiment::new(
            "Deeper is better",
            "Press play to measure nets of one to eight layers: each doubling brings them nearer to least squares.",
        )
        .set("panel", "phases"),
        Experiment::new(
            "Noise chooses the algorithm",
            "Press play: each net is nearest to the ridge regression that its noise calls for.",
        )
        .set("panel", "noise matrix"),
        Experiment::new(
            "Too shallow to hear the noise",
            "The same matrix of nets with one layer: see whether the diagonal still wins, and by how little.",
        )
        .set("panel", "noise matrix")
        .set("matrix", "d = 4, one layer"),
        Experiment::new(
            "Reading its mind",
            "Press play: probes learn what each block knows of Xᵀy and of w, which these small nets show less \
             clearly than the paper's.",
        )
        .set("panel", "probes")
        .set("probes", "MLP"),
        Experiment::new(
            "An untrained mind",
            "The same probes on a net that has learned nothing: how much of what they find do they compute \
             themselves?",
        )
        .set("panel", "probes")
        .set("probed", "4 layers, untrained"),
        Experiment::new(
            "A mind without need",
            "The paper's control, trained on w = 1 alone: it predicts without learning from its prompt, so its \
             stream need hold neither Xᵀy nor w.",
        )
        .set("panel", "probes")
        .set("probes", "MLP")
        .set("probed", "4 layers, w = 1"),
    ]
}
