//! What a reader may do to a figure, checked before an exhibit sees it.
use crate::{
    error::{Error, Result},
    figure::{Axis, Body, Figure, Mark, Poke, PokeKind, Scale},
    params::Value,
};

/// Most pokes that a run keeps and an address carries.
pub const MOST_POKES: usize = 500;

/// The mark that is poked, if the figures as drawn allow it.
pub(super) fn admit<'a>(figures: &'a [Figure], poke: &Poke) -> Result<&'a Mark> {
    let pokeable = |figure: &&Figure| marks(figure).next().is_some();
    let figure = figures.iter().find(|figure| figure.id == poke.figure).ok_or_else(|| {
        let known = figures.iter().filter(pokeable).map(|figure| figure.id);
        Error::unlisted("figure", &poke.figure, known)
    })?;
    let mark = figure
        .mark(&poke.mark)
        .ok_or_else(|| Error::unlisted("mark", &poke.mark, marks(figure)))?;
    let refused = |reason: String| Error::Poke {
        figure: figure.id.to_owned(),
        kind: poke.kind.to_string(),
        reason,
    };
    if !mark.pokes.contains(&poke.kind) {
        let kinds: Vec<&str> = mark.pokes.iter().map(|kind| kind.name()).collect();
        return Err(refused(format!("the {} allow {}", mark.id, kinds.join(", "))));
    }
    let rows = mark.rows();
    if poke.kind != PokeKind::Add && poke.index as usize >= rows {
        let index = poke.index;
        return Err(refused(format!("index {index} is not one of {rows}, counted from 0")));
    }
    if poke.kind != PokeKind::Remove
        && let Body::Plot { x, y, .. } = &figure.body
    {
        within("x", poke.x, x).map_err(refused)?;
        within("y", poke.y, y).map_err(refused)?;
    }
    Ok(mark)
}

fn marks(figure: &Figure) -> impl Iterator<Item = &str> {
    let marks: &[_] = match &figure.body {
        Body::Plot { marks, .. } => marks,
        Body::Table { .. } => &[],
    };
    marks.iter().map(|mark| mark.id).filter(|id| !id.is_empty())
}

fn within(name: &str, at: f64, axis: &Axis) -> Result<(), String> {
    let Some([from, to]) = axis.domain.filter(|_| axis.kind != Scale::Band) else { return Ok(()) };
    let (low, high) = (from.min(to), from.max(to));
    if (low..=high).contains(&at) {
        return Ok(());
    }
    let at = Value::Number(at);
    Err(format!("{name} cannot be {at}; allowed is a number from {low} to {high}"))
}

/// Adds a poke to those kept: a drag of what was dragged just before takes its place.
pub(super) fn keep(kept: &mut Vec<Poke>, poke: Poke) {
    if continues(kept, &poke) {
        kept.pop();
    }
    kept.push(poke);
}

/// Whether a poke goes on with the last drag.
pub(super) fn continues(kept: &[Poke], poke: &Poke) -> bool {
    let target = |poke: &Poke| (poke.figure.clone(), poke.mark.clone(), poke.index);
    let drag = |poke: &&Poke| poke.kind == PokeKind::Drag;
    drag(&poke) && kept.last().filter(drag).is_some_and(|last| target(last) == target(poke))
}
