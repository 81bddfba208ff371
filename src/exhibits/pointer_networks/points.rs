//! Points as a reader pastes them: comma-separated values, one point a row.
use super::{
    geometry::{Point, same_place, triangulation},
    plane::{LEAST_POINTS, MOST_POINTS},
};
use crate::error::clipped;
use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

/// Most characters of a table of points: enough for the most points with 16 digits a coordinate.
pub const MOST_CHARACTERS: u32 = 20_000;

/// A table that is accepted.
pub const EXAMPLE: &str = "x,y\n0.1,0.2\n0.8,0.3\n0.5,0.9";

/// Separators that are known: the first of them that the first row has is meant.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b' '];

/// A row with its number in the text, from one.
type Row = (usize, Vec<String>);

/// Whether a table holds points, or why not.
pub fn check(text: &str) -> Result<(), String> {
    parse(text).map(|_| ())
}

/// The points of a table, in its order. Columns named x and y are taken where the first row has names, else
/// the first two. Points outside the unit square are shrunk and shifted into it, all alike.
pub fn parse(text: &str) -> Result<Vec<Point>, String> {
    let mut rows = rows(text);
    let names = take_names(&mut rows);
    let place = |name: &str| names.iter().position(|known| known.eq_ignore_ascii_case(name));
    let columns = match (place("x"), place("y")) {
        (Some(x), Some(y)) => [x, y],
        _ => [0, 1],
    };
    if rows.len() > MOST_POINTS {
        let count = rows.len();
        return Err(format!(
            "row {} is one too many of {count}; at most {MOST_POINTS} points",
            rows[MOST_POINTS].0
        ));
    }
    let read: Result<Vec<[f64; 2]>, String> = rows.iter().map(|row| point(row, columns)).collect();
    let points = fitted(&read?);
    if points.len() < LEAST_POINTS {
        let count = points.len();
        return Err(format!("{count} rows of points came; at least {LEAST_POINTS} are needed"));
    }
    for i in 0..points.len() {
        let first = same_place(&points, i);
        if first < i {
            return Err(format!("row {} repeats the point of row {}", rows[i].0, rows[first].0));
        }
    }
    if triangulation(&points).is_none() {
        return Err(format!("the points of all {} rows lie on one line", points.len()));
    }
    Ok(points)
}

/// All rows that are not empty.
fn rows(text: &str) -> Vec<Row> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let separator = SEPARATORS.into_iter().find(|&byte| first.as_bytes().contains(&byte));
    let mut reader: Reader = ReaderBuilder::new().delimiter(separator.unwrap_or(b',')).build();
    let (mut input, mut rows, mut row, mut field) = (text.as_bytes(), vec![], vec![], vec![]);
    let mut buffer = [0; 64];
    let mut line = 1;
    loop {
        let (result, read, written) = reader.read_field(input, &mut buffer);
        input = &input[read..];
        field.extend_from_slice(&buffer[..written]);
        match result {
            ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
            ReadFieldResult::Field { record_end } => {
                let cell = String::from_utf8_lossy(&field).trim().to_owned();
                field.clear();
                // Spaces may stand in numbers where they separate columns.
                if separator != Some(b' ') || !cell.is_empty() {
                    row.push(cell);
                }
                if record_end {
                    rows.push((line, std::mem::take(&mut row)));
                }
                line = reader.line() as usize;
            }
            ReadFieldResult::End => break,
        }
    }
    rows.retain(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
    rows
}

/// The first row, if none of its cells is a number.
fn take_names(rows: &mut Vec<Row>) -> Vec<String> {
    let are_names = |(_, cells): &Row| cells.iter().all(|cell| cell.parse::<f64>().is_err());
    if rows.first().is_some_and(are_names) { rows.remove(0).1 } else { vec![] }
}

fn point((line, cells): &Row, columns: [usize; 2]) -> Result<[f64; 2], String> {
    let mut point = [0.0; 2];
    for ((value, at), name) in point.iter_mut().zip(columns).zip(["x", "y"]) {
        let Some(cell) = cells.get(at) else {
            let count = cells.len();
            return Err(format!("row {line} has {count} column; a point needs x and y"));
        };
        *value = match cell.parse::<f64>() {
            Ok(number) if number.is_finite() && number.abs() <= LARGEST => number,
            Ok(_) => {
                return Err(format!(
                    "row {line}, column {name}: {cell} is not a finite number up to 1e9"
                ));
            }
            Err(_) => {
                return Err(format!(
                    "row {line}, column {name}: \"{}\" is not a number",
                    clipped(cell)
                ));
            }
        };
    }
    Ok(point)
}

/// Largest coordinate: farther out, differences of neighbours drown in rounding.
const LARGEST: f64 = 1e9;

/// Points as they are if all lie in the unit square, else shrunk and shifted into it, their shape kept.
fn fitted(points: &[[f64; 2]]) -> Vec<Point> {
    if points.iter().flatten().all(|x| (0.0..=1.0).contains(x)) {
        return points.iter().map(|p| p.map(|x| x as f32)).collect();
    }
    let ends = |axis: usize| {
        let values = || points.iter().map(|p| p[axis]);
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    };
    let [(left, right), (low, high)] = [ends(0), ends(1)];
    let size = (right - left).max(high - low).max(f64::MIN_POSITIVE);
    let centred = |value: f64, low: f64, high: f64| 0.5 + (value - 0.5 * (low + high)) / size;
    points
        .iter()
        .map(|&[x, y]| [centred(x, left, right) as f32, centred(y, low, high) as f32])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_many_forms_are_read() {
        let expected = vec![[0.1, 0.2], [0.8, 0.3], [0.5, 0.9]];
        for text in [
            EXAMPLE,
            "0.1,0.2\n0.8,0.3\n0.5,0.9\n",
            "0.1;0.2\r\n0.8;0.3\r\n\r\n0.5;0.9",
            "0.1 0.2\n0.8  0.3\n0.5 0.9",
            "x\ty\n0.1\t0.2\n0.8\t0.3\n0.5\t0.9",
            "name,y,x\na,0.2,0.1\nb,0.3,0.8\nc,0.9,0.5",
            "\"0.1\",\"0.2\"\n0.8,0.3,and more\n5e-1,9e-1",
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn points_of_any_size_are_fitted_into_the_square() {
        let points = parse("-100,0\n100,0\n0,50").unwrap();
        assert_eq!(points, [[0.0, 0.375], [1.0, 0.375], [0.5, 0.625]]);
    }

    #[test]
    fn bad_tables_get_a_sentence_with_row_and_column() {
        let many: Vec<String> = (0..=MOST_POINTS).map(|i| format!("{i},{}", i * i)).collect();
        let many = many.join("\n");
        for (text, expected) in [
            ("x,y\n0,0\n1,abc\n0,1", "row 3, column y: \"abc\" is not a number"),
            ("0,0\nNaN,1\n1,1", "row 2, column x: NaN is not a finite number up to 1e9"),
            ("0,0\n1,inf\n1,1", "row 2, column y: inf is not a finite number up to 1e9"),
            ("0\n1\n2", "row 1 has 1 column; a point needs x and y"),
            ("0,0\n1,1", "2 rows of points came; at least 3 are needed"),
            ("hello", "0 rows of points came; at least 3 are needed"),
            ("0,0\n1,0\n0,1\n1,0", "row 4 repeats the point of row 2"),
            ("0,0\n1,1\n2,2\n3,3", "the points of all 4 rows lie on one line"),
            (&many, "row 501 is one too many of 501; at most 500 points"),
        ] {
            assert_eq!(parse(text).unwrap_err(), expected, "{text:?}");
        }
    }
}
