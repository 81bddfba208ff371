//! The points that a visitor plays with, and the net's answer to them.
use super::{
    decode::{Answer, Decoder},
    geometry::Point,
    instances,
    pointer::Net,
    points,
    task::Score,
};
use crate::{
    error::{Error, Result},
    figure::{Poke, PokeKind},
};

/// Most points on the plane.
pub(super) const MOST_POINTS: usize = 500;

/// Fewest points: fewer have no hull with an inside.
pub(super) const LEAST_POINTS: usize = 3;

/// The mark whose rows are the points at their places in the reading order.
pub(super) const PLACES: &str = "places";

/// How far outside the unit square a point may be put.
const MARGIN: f64 = 0.25;

/// Steps in a unit of length on which points are put down: a power of two, so that points can be put
/// exactly on one line or on one another, which is allowed.
const GRID: f64 = 1024.0;

/// Points, in the visitor's order.
///
/// They are a set as chosen, on which all edits since the start are made in order: the same set and the
/// same edits give the same points, whenever the set was chosen.
pub struct Plane {
    seed: u64,
    set: Set,
    edits: Vec<Poke>,
    /// The points now.
    pub points: Vec<Point>,
    /// In which order a net reads them, unless it sorts: indices into them.
    reading: Vec<usize>,
    /// The net's answer, once there is one.
    pub answered: Option<Answered>,
    /// Why it has none, if it cannot answer.
    pub unanswered: Option<String>,
}

/// Where points start from.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// A set by name.
    pub name: &'static str,
    /// How many of it.
    pub count: usize,
    /// A reader's own points, which come before that; may be empty.
    pub table: String,
}

impl Set {
    fn points(&self, seed: u64) -> Vec<Point> {
        // What a parameter holds has been checked.
        let own = points::parse(&self.table).unwrap_or_default();
        if own.is_empty() { instances::set(self.name, self.count, seed) } else { own }
    }
}

/// What a net makes of some points.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The points as fed.
    pub fed: Vec<Point>,
    /// Which of the visitor's points each of them is.
    pub order: Vec<usize>,
    /// The right answer, as indices into `fed`.
    pub target: Vec<usize>,
    /// The net's answers, best first; never empty.
    pub answers: Vec<Answer>,
    /// How good the best is.
    pub score: Score,
}

impl Answered {
    /// For each of the visitor's points, which of the points as fed it is.
    pub fn places(&self) -> Vec<usize> {
        let mut places = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(fed, &own)| places[own] = fed);
        places
    }
}

impl Plane {
    /// A set as it is.
    pub fn new(seed: u64, set: Set) -> Self {
        let points = set.points(seed);
        let reading = (0..points.len()).collect();
        Self { seed, set, edits: vec![], points, reading, answered: None, unanswered: None }
    }

    /// Changes to another set, if it is another.
    pub fn show(&mut self, set: Set) {
        if self.set != set {
            let edits = std::mem::take(&mut self.edits);
            *self = Self::new(self.seed, set);
            for edit in &edits {
                // An edit of a point that this set lacks has no effect.
                let _ = self.edit(edit);
            }
            self.edits = edits;
        }
    }

    /// Moves, adds or removes a point, or has it read in another place; on an error nothing changes.
    pub fn poke(&mut self, poke: &Poke) -> Result<()> {
        self.edit(poke).map_err(|reason| Error::Poke {
            figure: poke.figure.clone(),
            kind: poke.kind.to_string(),
            reason,
        })?;
        self.answered = None;
        self.edits.push(poke.clone());
        Ok(())
    }

    /// Has the net answer for the points as they are.
    pub async fn answer(&mut self, net: &Net, decoder: &mut Decoder, width: usize) -> Result<()> {
        let n = self.points.len();
        self.unanswered = (net.classes > 0 && n != net.classes).then(|| {
            let only = net.classes;
            format!("This net has a class for each of {only} places and answers for {only} points only, not {n}.")
        });
        if self.unanswered.is_some() {
            self.answered = None;
            return Ok(());
        }
        let read: Vec<Point> = self.reading.iter().map(|&i| self.points[i]).collect();
        let order: Vec<usize> =
            net.order.sort(&read).into_iter().map(|place| self.reading[place]).collect();
        let fed: Vec<Point> = order.iter().map(|&i| self.points[i]).collect();
        let target = net.task.target(&fed, net.kind().start);
        let answers = decoder.search(&[&fed], width).await?.pop().unwrap_or_default();
        self.answered = answers
            .first()
            .map(|best| net.task.score(&fed, &best.outputs, &target))
            .map(|score| Answered { fed, order, target, answers, score });
        Ok(())
    }

    /// Makes an edit, or says why it cannot be made and leaves all as it is.
    fn edit(&mut self, poke: &Poke) -> Result<(), String> {
        let (n, index) = (self.points.len(), poke.index as usize);
        let inside = |x: f64| (-MARGIN..=1.0 + MARGIN).contains(&x);
        let place = [poke.x, poke.y].map(|x| ((x * GRID).round() / GRID) as f32);
        match poke.kind {
            PokeKind::Drag | PokeKind::Remove if index >= n => {
                return Err(format!("there is no point {} among {n}", index + 1));
            }
            PokeKind::Drag if poke.mark == PLACES => self.read_at(index, poke.x)?,
            PokeKind::Drag | PokeKind::Add if !inside(poke.x) || !inside(poke.y) => {
                return Err(format!("a point must be within {MARGIN} of the unit square"));
            }
            PokeKind::Add if n >= MOST_POINTS => {
                return Err(format!("there are {MOST_POINTS} points already, which is the most"));
            }
            PokeKind::Remove if n <= LEAST_POINTS => {
                return Err(format!("a hull needs at least {LEAST_POINTS} points"));
            }
            PokeKind::Drag => self.points[index] = place,
            PokeKind::Add => {
                self.points.push(place);
                self.reading.push(n);
            }
            PokeKind::Remove => {
                self.points.remove(index);
                self.reading.retain(|&i| i != index);
                self.reading.iter_mut().filter(|i| **i > index).for_each(|i| *i -= 1);
            }
            PokeKind::Click => return Err("points can be dragged, added and removed".to_owned()),
        }
        Ok(())
    }

    /// Has a point read in another place, counted from 1; the others keep their order, so that of several
    /// such edits of one point the last decides.
    fn read_at(&mut self, point: usize, place: f64) -> Result<(), String> {
        let n = self.points.len();
        let place = place.round();
        if !(1.0..=n as f64).contains(&place) {
            return Err(format!("the places are 1 to {n}"));
        }
        self.reading.retain(|&i| i != point);
        self.reading.insert(place as usize - 1, point);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &'static str, count: usize) -> Set {
        Set { name, count, table: String::new() }
    }

    fn poke(kind: PokeKind, index: u32, x: f64, y: f64) -> Poke {
        Poke { figure: "plane".into(), mark: "points".into(), kind, index, x, y }
    }

    #[test]
    fn edits_are_made_on_whichever_set_is_shown() {
        let mut plane = Plane::new(1, set("grid", 9));
        plane.poke(&poke(PokeKind::Drag, 2, 0.5, 0.25)).unwrap();
        plane.poke(&poke(PokeKind::Add, 0, 1.1, 0.0)).unwrap();
        plane.show(set("circle", 12));
        assert_eq!(plane.points.len(), 13, "twelve and one added");
        assert_eq!(plane.points[2], [0.5, 0.25], "dragged");
        plane.show(set("grid", 9));
        let mut again = Plane::new(1, set("grid", 9));
        again.poke(&poke(PokeKind::Drag, 2, 0.5, 0.25)).unwrap();
        again.poke(&poke(PokeKind::Add, 0, 1.1, 0.0)).unwrap();
        assert_eq!(plane.points, again.points, "as from the start");
    }

    #[test]
    fn a_point_is_read_where_it_was_dragged_to() {
        let mut plane = Plane::new(1, set("circle", 5));
        let places = |index, place| Poke {
            mark: PLACES.to_owned(),
            ..poke(PokeKind::Drag, index, place, 0.0)
        };
        for place in [2.0, 3.4, 4.6] {
            plane.poke(&places(1, place)).unwrap();
        }
        assert_eq!(plane.reading, [0, 2, 3, 4, 1], "the last of three drags of one point");
        plane.poke(&poke(PokeKind::Remove, 2, 0.0, 0.0)).unwrap();
        plane.poke(&poke(PokeKind::Add, 0, 0.5, 0.5)).unwrap();
        assert_eq!(plane.reading, [0, 2, 3, 1, 4], "a point removed, another read last");
        for wrong in [0.4, 5.6, f64::NAN] {
            let error = plane.poke(&places(0, wrong)).unwrap_err().to_string();
            assert!(error.contains("places are 1 to 5"), "{error}");
        }
        plane.show(set("grid", 5));
        assert_eq!(plane.reading, [0, 2, 3, 1, 4], "the same edits of another set");
    }

    #[test]
    fn impossible_edits_say_why_and_change_nothing() {
        let mut plane = Plane::new(1, set("circle", 3));
        let before = plane.points.clone();
        for (kind, index, x) in [
            (PokeKind::Remove, 0, 0.5),
            (PokeKind::Drag, 3, 0.5),
            (PokeKind::Add, 0, 1.3),
            (PokeKind::Add, 0, f64::NAN),
            (PokeKind::Click, 0, 0.5),
        ] {
            let error = plane.poke(&poke(kind, index, x, 0.5)).unwrap_err().to_string();
            assert!(error.contains("plane is not possible"), "{error}");
        }
        assert_eq!(plane.points, before, "unchanged");
        let mut full = Plane::new(1, set("random", MOST_POINTS));
        assert!(full.poke(&poke(PokeKind::Add, 0, 0.5, 0.5)).is_err(), "one too many");
    }
}
