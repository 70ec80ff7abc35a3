//! What the benches reported: a JSON object per line, a row each.

use anyhow::{Context as _, Result, bail};
use paired_bench::Row;

/// Reads the results file.
///
/// # Errors
/// A line that is no row, or a row that was reported before: which of the two counts?
pub(crate) fn parse(lines: &str) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    for (line, number) in lines.lines().zip(1..) {
        let row: Row = serde_json::from_str(line)
            .with_context(|| format!("failed to read row {number} of the results: {line}"))?;
        if rows.iter().any(|earlier| earlier.id == row.id) {
            bail!("`{}` was reported twice", row.id);
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Rows made up for tests.
#[cfg(test)]
pub(crate) mod planted {
    use paired_bench::{Goal, Measured, Point, Row, Spread};

    /// A ratio and its bounds, which are 0.05 away.
    pub(crate) fn ratio(id: &str, goal: Goal, target: f64, ratio: f64) -> Row {
        let (low, high) = (ratio - 0.05, ratio + 0.05);
        let met = match goal {
            Goal::AtMost => high <= target,
            Goal::Faster => low >= target,
            Goal::None => true,
        };
        Row {
            id: id.to_owned(),
            work: format!("work of {id}"),
            measured: Measured::Ratio {
                ours: "ours".to_owned(),
                limit: "theirs".to_owned(),
                pairs: 31,
                ours_ns: 1234.0,
                limit_ns: 1000.0,
                spread: Spread { low, ratio, high },
                goal,
            },
            target: (goal != Goal::None).then_some(target),
            met,
        }
    }

    pub(crate) fn bound(id: &str, target: f64, value: f64) -> Row {
        Row {
            id: id.to_owned(),
            work: format!("work of {id}"),
            measured: Measured::Bound {
                unit: "MB".to_owned(),
                value,
            },
            target: Some(target),
            met: value <= target,
        }
    }

    pub(crate) fn growth(id: &str, sizes: &[u64]) -> Row {
        let points = sizes.iter().map(|size| Point {
            size: *size,
            ns: 2000.0,
        });
        Row {
            id: id.to_owned(),
            work: format!("work of {id}"),
            measured: Measured::Growth {
                claim: "O(1)".to_owned(),
                of: "entries".to_owned(),
                points: points.collect(),
                spread: Spread {
                    low: 0.9,
                    ratio: 1.0,
                    high: 1.1,
                },
            },
            target: Some(1.5),
            met: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paired_bench::{Goal, Measured};

    const RATIO: &str = r#"{"kind":"ratio","id":"append_1","work":"append","ours":"record","limit":"rusqlite","pairs":31,"ours_ns":2.5,"limit_ns":2.0,"low":1.2,"ratio":1.25,"high":1.3,"goal":"at_most","target":1.2,"met":false}"#;
    const BOUND: &str = r#"{"kind":"bound","id":"memory_1m","work":"read","unit":"MB","value":8.5,"target":null,"met":true}"#;
    const GROWTH: &str = r#"{"kind":"growth","id":"growth_open","work":"open","claim":"O(1)","of":"entries","points":[{"size":1000,"ns":5.0},{"size":1000000,"ns":6.0}],"low":1.1,"ratio":1.2,"high":1.3,"target":1.5,"met":true}"#;

    #[test]
    fn rows_of_every_kind_are_read() {
        let rows = parse(&[RATIO, BOUND, GROWTH].join("\n")).expect("all are rows");
        assert!(matches!(
            rows[0].measured,
            Measured::Ratio { goal: Goal::AtMost, spread, .. } if spread.high == 1.3
        ));
        assert!(matches!(rows[1].measured, Measured::Bound { value, .. } if value == 8.5));
        assert!(matches!(&rows[2].measured, Measured::Growth { points, .. } if points.len() == 2));
        assert_eq!(rows[1].target, None);
    }

    #[test]
    fn a_line_that_is_no_row_and_a_row_that_comes_twice_are_refused() {
        let broken = [
            "{}",
            "",
            &RATIO[..40],
            &RATIO.replace("at_most", "at_least"),
        ];
        for line in broken {
            let error = parse(&format!("{BOUND}\n{line}\n")).expect_err(line);
            assert!(error.to_string().contains("row 2"), "{error}");
        }
        let error = parse(&[BOUND, RATIO, BOUND].join("\n")).expect_err("it is there twice");
        assert_eq!(error.to_string(), "`memory_1m` was reported twice");
    }
}
