//! Figures as they are made, checked and thinned.
use super::*;

#[test]
fn a_column_makes_a_channel_and_a_constant_an_option() {
    let mark = dot().x(vec![1.0, 2.0]).y(vec![3.0, 4.0]).stroke("exact").r(3.0);
    assert_eq!(mark.channels.keys().copied().collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(mark.options["stroke"], Constant::Name("exact".to_owned()));
    assert_eq!(mark.options["r"], Constant::Number(3.0));
    let named = dot().fill(vec!["a", "b"]);
    assert_eq!(named.channels["fill"].len(), 2, "names a row");
}

#[test]
fn json_has_null_for_missing_numbers() {
    let column = Column::from(vec![0.1, f32::NAN, f32::INFINITY]);
    assert_eq!(serde_json::to_string(&column).unwrap(), "[0.1,null,null]");
}

#[test]
fn faults_are_found() {
    let plot = |mark| Figure::plot("f", "F", linear("x"), linear("y")).with(mark);
    let good = [
        plot(dot().x(vec![0.0; MOST_ROWS])),
        plot(raster(128, 128, [0.0, 0.0, 1.0, 1.0]).fill(vec![0.0; MOST_PIXELS])),
        plot(dot().x(vec![0.0]).poked("points", &PokeKind::ALL)),
        plot(rule_y().y(Vec::<f32>::new())),
        Figure::table("t", "T").column("a", vec![1.0]).column("b", vec!["x"]).highlight(0),
    ];
    for figure in good {
        assert_eq!(figure.fault(), None);
    }
    let bad = [
        (plot(dot().x(vec![0.0; 2]).y(vec![0.0])), "figure f: dot: channel y has 1 rows, not 2"),
        (plot(dot().x(vec![0.0; MOST_ROWS + 1])), "figure f: dot: 4097 rows are too many"),
        (
            plot(raster(2, 2, [0.0, 0.0, 1.0, 1.0]).fill(vec![0.0; 5])),
            "figure f: raster: 5 numbers do not fill 2 by 2",
        ),
        (
            plot(dot().poked("", &[PokeKind::Drag])),
            "figure f: dot: a mark has a name exactly if it can be poked",
        ),
        (
            Figure::table("t", "T").column("a", vec![1.0]).column("b", vec!["x", "y"]),
            "figure t: column b has 2 rows, not 1",
        ),
        (
            Figure::table("t", "T").column("a", vec![1.0]).highlight(1),
            "figure t: row 1 of 1 is highlighted",
        ),
    ];
    for (figure, fault) in bad {
        assert_eq!(figure.fault().as_deref(), Some(fault));
    }
}

#[test]
fn a_trace_keeps_all_rows_until_it_is_full() {
    let mut trace = Trace::new(&["step", "loss"]).rows_at_most(4);
    for step in 0..4 {
        trace.push(&[step as f32, -(step as f32)]);
    }
    assert_eq!(trace.get("step"), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(trace.get("loss"), [0.0, -1.0, -2.0, -3.0]);
    assert!(trace.get("gain").is_empty(), "no such column");
}

#[test]
fn a_full_trace_is_evenly_spaced_but_for_the_newest_row() {
    for most in [2, 3, 4, 7, 64] {
        let mut trace = Trace::new(&["step"]).rows_at_most(most);
        for step in 0..1000 {
            trace.push(&[step as f32]);
            let rows = trace.get("step");
            assert!(rows.len() <= most, "{} of {most} rows", rows.len());
            assert_eq!((rows[0], rows[rows.len() - 1]), (0.0, step as f32), "first and newest");
            let even = &rows[..rows.len() - 1];
            let gaps: Vec<f32> = even.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(gaps.iter().all(|gap| *gap == gaps[0]), "{rows:?}");
            assert!(step < most || rows.len() > most / 2, "{} of {most} rows", rows.len());
        }
    }
}

#[test]
fn a_trace_is_the_same_however_it_grew() {
    let grown = |rows: u16| {
        let mut trace = Trace::new(&["x"]).rows_at_most(16);
        (0..rows).for_each(|x| trace.push(&[f32::from(x)]));
        trace.get("x").to_vec()
    };
    assert_eq!(
        grown(100),
        [grown(99).into_iter().take_while(|x| x % 8.0 == 0.0 && *x < 99.0).collect(), vec![99.0]]
            .concat()
    );
}
