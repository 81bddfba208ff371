//! Things to try.
use crate::exhibit::Experiment;

/// The panel of nets that ship.
const TRAINED: &str = "a trained net";

/// The panel that trains.
const OWN: &str = "train your own";

/// All of them, panel by panel.
pub(super) fn all() -> Vec<Experiment> {
    let mut all = play();
    all.extend(learn());
    all.extend(spoil());
    all.extend(measure());
    all
}

fn play() -> Vec<Experiment> {
    let on = |title, text, net| Experiment::new(title, text).set("panel", TRAINED).set("net", net);
    vec![
        on(
            "Everyone a corner",
            "Thirty points on a circle are all corners, which no random set of this size ever is.",
            "hull: set attention",
        )
        .set("points", "circle")
        .set("shown", 30),
        on(
            "Two hundred points",
            "The recurrent net has seen twenty at most; most of the area is covered all the same.",
            "hull: Ptr-Net",
        )
        .set("shown", 200),
        on(
            "Nearly on a line",
            "The paper's typical mistake: which of nearly collinear points are corners?",
            "hull: Ptr-Net",
        )
        .set("points", "near a line"),
        on(
            "Triangles by name",
            "Press play: three outputs a triangle, from left to right, without a mistake if it goes well.",
            "triangulation: 10 points",
        ),
        on(
            "Round trip",
            "Press play and watch the net set out without knowing the way back.",
            "tour: set attention",
        )
        .set("shown", 15),
        on(
            "A wide beam",
            "Eight tours are kept while decoding; the faint ones are the runners-up.",
            "tour: Ptr-Net",
        )
        .set("beam", 8),
        on(
            "Nothing but places",
            "A plain LSTM has a class for each of ten places, and must learn what points are from that.",
            "hull: LSTM, 10 points",
        ),
    ]
}

fn own(title: &'static str, text: &'static str) -> Experiment {
    Experiment::new(title, text).set("panel", OWN)
}

fn ptr_net(title: &'static str, text: &'static str) -> Experiment {
    own(title, text).set("model", "LSTM Ptr-Net").set("hidden", 64)
}

/// Nets that learn.
fn learn() -> Vec<Experiment> {
    vec![
        own(
            "From scratch",
            "Twenty thousand weights that know nothing: most hulls are exact after a minute.",
        ),
        ptr_net(
            "The paper's network",
            "Two LSTMs: it learns more slowly than set attention, and stretches farther beyond its training.",
        ),
        ptr_net(
            "Order matters",
            "Points sorted by angle: the recurrent net gets far more hulls right in the same time.",
        )
        .set("order", "by angle"),
        own(
            "Learn to travel",
            "From scratch to tours a few per cent above the optimum, taught by exact ones.",
        )
        .set("task", "travelling salesman")
        .set("pointer", "clipped dot"),
        own(
            "Better than its teacher?",
            "Taught by a heuristic's tours, 7% too long at ten cities: the student comes close, in the paper it passes.",
        )
        .set("task", "travelling salesman")
        .set("pointer", "clipped dot")
        .set("teacher", "greedy edge (A1)"),
        own(
            "Two encoders, one task",
            "Set attention and the paper's net side by side: who leads at ten points, and who far beyond?",
        )
        .set("beside", "LSTM Ptr-Net"),
        own(
            "Learn to triangulate",
            "Five points; a decoder with memory, since it must know which triangles it has named.",
        )
        .set("task", "Delaunay")
        .set("model", "set encoder, LSTM decoder")
        .set("most", 5),
    ]
}

/// Nets that are kept from it.
fn spoil() -> Vec<Experiment> {
    vec![
        own(
            "A dead plateau",
            "Tours on coordinates that are not centred: all embeddings point the same way and attention never \
             leaves uniform. Centred, the same net learns at once.",
        )
        .set("task", "travelling salesman")
        .set("hidden", 64)
        .set("inputs", "raw"),
        ptr_net(
            "Raw inputs",
            "Coordinates that are not centred: the same net needs several times as long to get going.",
        )
        .set("inputs", "raw"),
        ptr_net(
            "The paper's optimiser",
            "Plain gradient descent at rate 1 from tiny weights, on raw inputs: watch how little happens.",
        )
        .set("optimiser", "paper's SGD")
        .set("inputs", "raw")
        .set("rate", 1),
        own(
            "No mask",
            "Nothing forbids visiting a point twice or stopping at once: watch early answers go in circles.",
        )
        .set("mask", false),
    ]
}

fn measure() -> Vec<Experiment> {
    vec![
        Experiment::new(
            "Far beyond training",
            "Up to 500 points for a net that saw twenty: exactness goes first, the area hardly.",
        )
        .set("panel", "beyond training")
        .set("net", "hull: Ptr-Net"),
        Experiment::new(
            "Without the constraint",
            "The same net free to repeat a city: the longer the tour, the fewer are valid.",
        )
        .set("panel", "tours")
        .set("tour_net", "Ptr-Net")
        .set("cities", 30)
        .set("constraint", false),
        Experiment::new(
            "Beat the network",
            "Click a tour through twenty cities, then see the net's and the best known.",
        )
        .set("panel", "tours")
        .set("cities", 20),
    ]
}
