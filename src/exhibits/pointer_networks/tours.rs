//! Tours by other means than a net: the heuristics that the paper holds it against (section 3.3).
//!
//! The paper names them A1 to A3, the last after Christofides, without more. Stand-ins here: A1 is the
//! greedy edge heuristic, A2 the nearest neighbour improved by 2-opt, A3 Christofides' construction, with a
//! greedy matching in place of a perfect one of least weight (so its bound of 1.5 does not hold), improved by
//! 2-opt.
use super::{
    geometry::{Point, distance},
    tsp::length,
};
use crate::engine::sort::sorted;

/// A heuristic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heuristic {
    /// To the nearest city not yet visited, from the first.
    NearestNeighbour,
    /// The shortest edges that still make a tour; A1.
    GreedyEdge,
    /// Nearest neighbour, improved by 2-opt; A2.
    TwoOpt,
    /// Christofides with a greedy matching, improved by 2-opt; A3.
    Christofides,
}

impl Heuristic {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::NearestNeighbour, Self::GreedyEdge, Self::TwoOpt, Self::Christofides];

    /// Its name on the page.
    pub fn name(self) -> &'static str {
        match self {
            Self::NearestNeighbour => "nearest neighbour",
            Self::GreedyEdge => "greedy edge (A1)",
            Self::TwoOpt => "NN + 2-opt (A2)",
            Self::Christofides => "Christofides (A3)",
        }
    }

    /// Its tour.
    pub fn tour(self, points: &[Point]) -> Vec<usize> {
        match self {
            Self::NearestNeighbour => nearest_neighbour(points, 0),
            Self::GreedyEdge => greedy_edge(points),
            Self::TwoOpt => two_opt(points, nearest_neighbour(points, 0)),
            Self::Christofides => two_opt(points, christofides(points)),
        }
    }
}

/// Starts of the nearest neighbour tours among which [`best`] chooses.
const STARTS: usize = 6;

/// The shortest of some tours improved by 2-opt and Or-opt: nearest neighbour from several cities, greedy
/// edge and Christofides. Not proven optimal.
pub fn best(points: &[Point]) -> Vec<usize> {
    let n = points.len();
    let near = (0..STARTS.min(n)).map(|k| nearest_neighbour(points, k * n / STARTS.min(n)));
    let all = near.chain([greedy_edge(points), christofides(points)]);
    let improved = all.map(|tour| local_search(points, tour));
    let shortest = improved.min_by(|a, b| length(points, a).total_cmp(&length(points, b)));
    shortest.unwrap_or_default()
}

/// From city to the nearest city not yet visited.
pub fn nearest_neighbour(points: &[Point], start: usize) -> Vec<usize> {
    let n = points.len();
    let mut left: Vec<usize> = (0..n).filter(|&i| i != start).collect();
    let mut tour: Vec<usize> = (start < n).then_some(start).into_iter().collect();
    while let Some(&here) = tour.last() {
        let way = |k: usize| distance(points[here], points[left[k]]);
        let Some(k) = (0..left.len()).min_by(|&a, &b| way(a).total_cmp(&way(b))) else { break };
        tour.push(left.remove(k));
    }
    tour
}

/// All pairs of some points, the nearest first.
fn edges(among: &[usize], points: &[Point]) -> Vec<(usize, usize)> {
    let mut edges = vec![];
    for (k, &i) in among.iter().enumerate() {
        edges.extend(among[k + 1..].iter().map(|&j| (i, j)));
    }
    let lengths: Vec<f64> = edges.iter().map(|&(i, j)| distance(points[i], points[j])).collect();
    let order = sorted(edges.len(), &|a, b| lengths[a].total_cmp(&lengths[b]));
    order.into_iter().map(|k| edges[k]).collect()
}

/// Which points hang together.
struct Parts(Vec<usize>);

impl Parts {
    fn of(&mut self, i: usize) -> usize {
        let mut root = i;
        while self.0[root] != root {
            self.0[root] = self.0[self.0[root]];
            root = self.0[root];
        }
        root
    }

    /// Joins two parts; false if they are one.
    fn join(&mut self, i: usize, j: usize) -> bool {
        let (a, b) = (self.of(i), self.of(j));
        self.0[a] = b;
        a != b
    }
}

/// The shortest edges first, unless a city would have three or a tour would close early.
pub fn greedy_edge(points: &[Point]) -> Vec<usize> {
    let n = points.len();
    let all: Vec<usize> = (0..n).collect();
    let mut next = vec![vec![]; n];
    let mut parts = Parts((0..n).collect());
    for (i, j) in edges(&all, points) {
        if next[i].len() < 2 && next[j].len() < 2 && parts.join(i, j) {
            next[i].push(j);
            next[j].push(i);
        }
    }
    // A path, walked from one of its two ends.
    let mut tour: Vec<usize> = (0..n).find(|&i| next[i].len() < 2).into_iter().collect();
    while let Some(&here) = tour.last() {
        let before = tour.len().checked_sub(2).map(|k| tour[k]);
        let Some(&onward) = next[here].iter().find(|&&j| Some(j) != before) else { break };
        tour.push(onward);
    }
    tour
}

/// A least spanning tree, its odd corners matched greedily, walked round with shortcuts; Christofides 1976.
pub fn christofides(points: &[Point]) -> Vec<usize> {
    let n = points.len();
    let all: Vec<usize> = (0..n).collect();
    let mut next: Vec<Vec<usize>> = vec![vec![]; n];
    let mut parts = Parts((0..n).collect());
    let link = |next: &mut Vec<Vec<usize>>, i: usize, j: usize| {
        next[i].push(j);
        next[j].push(i);
    };
    for (i, j) in edges(&all, points) {
        if parts.join(i, j) {
            link(&mut next, i, j);
        }
    }
    let mut odd: Vec<usize> = (0..n).filter(|&i| next[i].len() % 2 == 1).collect();
    for (i, j) in edges(&odd.clone(), points) {
        if odd.contains(&i) && odd.contains(&j) {
            odd.retain(|&k| k != i && k != j);
            link(&mut next, i, j);
        }
    }
    // Euler's walk by Hierholzer's rule, each city kept where it comes first.
    let (mut walk, mut stack) = (vec![], if n > 0 { vec![0] } else { vec![] });
    while let Some(&here) = stack.last() {
        if let Some(there) = next[here].pop() {
            if let Some(back) = next[there].iter().position(|&k| k == here) {
                next[there].remove(back);
            }
            stack.push(there);
        } else {
            walk.push(here);
            stack.pop();
        }
    }
    let mut seen = vec![false; n];
    walk.retain(|&i| !std::mem::replace(&mut seen[i], true));
    walk
}

/// Less than this is no improvement, lest rounding go round in circles.
const GAIN: f64 = 1e-12;

/// Turns stretches round while that shortens the tour; Croes 1958.
pub fn two_opt(points: &[Point], mut tour: Vec<usize>) -> Vec<usize> {
    while turn_once(points, &mut tour) {}
    tour
}

/// Goes once through all pairs of edges; whether any was improved.
fn turn_once(points: &[Point], tour: &mut [usize]) -> bool {
    let n = tour.len();
    let mut improved = false;
    for i in 0..n.saturating_sub(1) {
        for j in i + 2..n {
            let way = |a: usize, b: usize| distance(points[tour[a]], points[tour[b % n]]);
            let gain = way(i, i + 1) + way(j, j + 1) - way(i, j) - way(i + 1, j + 1);
            if gain > GAIN && j + 1 - i < n {
                tour[i + 1..=j].reverse();
                improved = true;
            }
        }
    }
    improved
}

/// Moves stretches of up to three cities elsewhere, once through all; whether any was improved; Or 1976.
fn move_once(points: &[Point], tour: &mut [usize]) -> bool {
    let n = tour.len();
    let mut improved = false;
    for size in 1..=3.min(n.saturating_sub(3)) {
        for from in 0..n {
            // The stretch in front, the others after it: a closed tour may start anywhere.
            tour.rotate_left(from);
            let way = |a: usize, b: usize| distance(points[tour[a]], points[tour[b % n]]);
            let saved = way(n - 1, 0) + way(size - 1, size) - way(n - 1, size);
            let cost = |k: usize| {
                let (here, there) = (k, k + 1);
                let ahead = way(here, 0) + way(size - 1, there);
                let turned = way(here, size - 1) + way(0, there);
                (ahead.min(turned) - way(here, there), turned < ahead)
            };
            let best = (size..n - 1).map(|k| (cost(k), k));
            let best = best.min_by(|((a, _), _), ((b, _), _)| a.total_cmp(b));
            if let Some(((cost, turned), k)) = best.filter(|((cost, _), _)| saved - cost > GAIN) {
                debug_assert!(cost < saved, "an improvement");
                if turned {
                    tour[..size].reverse();
                }
                tour[..=k].rotate_left(size);
                improved = true;
            }
            tour.rotate_right(from);
        }
    }
    improved
}

/// 2-opt and Or-opt in turn until neither finds anything.
pub fn local_search(points: &[Point], mut tour: Vec<usize>) -> Vec<usize> {
    while turn_once(points, &mut tour) | move_once(points, &mut tour) {}
    tour
}

#[cfg(test)]
mod tests {
    use super::{
        super::{testing::sample, tsp},
        *,
    };
    use crate::engine::rng::Stream;

    fn is_tour(tour: &[usize], n: usize) -> bool {
        let mut sorted = tour.to_vec();
        sorted.sort_unstable();
        sorted.into_iter().eq(0..n)
    }

    #[test]
    fn every_heuristic_visits_all_and_none_beats_the_optimum() {
        let mut stream = Stream::new(1, "heuristics test");
        for round in 0..120 {
            let grid = (round % 4 == 0).then_some(3);
            let n = 1 + round % 10;
            let points = sample(&mut stream, n, grid);
            let least = length(&points, &tsp::held_karp(&points));
            let tours = Heuristic::ALL.map(|heuristic| heuristic.tour(&points));
            for tour in tours.iter().chain([&best(&points)]) {
                assert!(is_tour(tour, n), "{tour:?} of {n}");
                assert!(length(&points, tour) >= least - 1e-9, "{points:?}");
            }
        }
    }

    #[test]
    fn better_heuristics_are_better_and_the_best_is_nearly_optimal() {
        let mut stream = Stream::new(2, "heuristics test");
        let sets: Vec<Vec<Point>> = (0..100).map(|_| sample(&mut stream, 10, None)).collect();
        let mean = |tour: &dyn Fn(&[Point]) -> Vec<usize>| {
            sets.iter().map(|points| length(points, &tour(points))).sum::<f64>() / 100.0
        };
        let [near, greedy, two_opt, christofides] =
            Heuristic::ALL.map(|heuristic| mean(&|points| heuristic.tour(points)));
        let (searched, least) = (mean(&best), mean(&tsp::held_karp));
        assert!(near > two_opt && greedy > two_opt, "{near} {greedy} {two_opt}");
        assert!(christofides < greedy && two_opt > searched, "{christofides} {searched}");
        // Eight local optima of ten points: one is nearly always the shortest tour.
        assert!(searched < 1.001 * least, "{searched} for {least}");
    }

    #[test]
    fn improved_tours_cannot_be_improved_by_a_turn() {
        let mut stream = Stream::new(3, "heuristics test");
        let points = sample(&mut stream, 40, None);
        let mut tour = two_opt(&points, nearest_neighbour(&points, 7));
        assert!(is_tour(&tour, 40), "all cities");
        assert!(!turn_once(&points, &mut tour), "a local optimum");
    }
}
