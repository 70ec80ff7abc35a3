//! Cost against size, a line per claim.

use anyhow::Result;
use plotters::prelude::{
    ChartBuilder, Circle, IntoLogRange, LineSeries, PathElement, SeriesLabelPosition,
};
use plotters::style::{Color, ShapeStyle};

use super::canvas::{BACKGROUND, GRID, TEXT, color, picture, text};
use paired_bench::{Measured, Point, Row};

struct Line<'a> {
    label: String,
    points: &'a [Point],
}

pub(super) fn svg(rows: &[Row]) -> Result<String> {
    let lines: Vec<Line<'_>> = rows.iter().filter_map(line).collect();
    let points = || lines.iter().flat_map(|line| line.points);
    let sizes = range(points().map(|point| float(point.size)));
    let costs = range(points().map(|point| point.ns / 1000.0));
    // Room below the lowest line, and above the highest for what says which is which.
    let costs = (costs.0 / 3.0, costs.1 * 20.0);
    picture((800, 480), |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(
                "Cost against size: a claim of O(1) is a level line",
                text(22),
            )
            .margin(16)
            .margin_right(48)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d(
                (sizes.0..sizes.1).log_scale(),
                (costs.0..costs.1).log_scale(),
            )?;
        chart
            .configure_mesh()
            .bold_line_style(GRID)
            .light_line_style(BACKGROUND)
            .axis_style(TEXT)
            .label_style(text(15))
            .axis_desc_style(text(16))
            .x_desc("entries in the log, or peers")
            .y_desc("µs")
            .x_label_formatter(&|size| power_of_ten(*size))
            .y_label_formatter(&|cost| power_of_ten(*cost))
            .draw()?;
        for (number, line) in lines.iter().enumerate() {
            let style = ShapeStyle::from(color(number)).stroke_width(2);
            let of_line = || {
                line.points
                    .iter()
                    .map(|point| (float(point.size), point.ns / 1000.0))
            };
            chart
                .draw_series(LineSeries::new(of_line(), style))?
                .label(&line.label)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
            chart.draw_series(of_line().map(|point| Circle::new(point, 4, style.filled())))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(BACKGROUND.mix(0.9))
            .border_style(GRID)
            .label_font(text(15))
            .draw()?;
        Ok(())
    })
}

fn line(row: &Row) -> Option<Line<'_>> {
    let Measured::Growth {
        claim, of, points, ..
    } = &row.measured
    else {
        return None;
    };
    Some(Line {
        label: format!("{}, {of}: {claim}", row.work),
        points,
    })
}

/// From the smallest to the largest.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let empty = (f64::INFINITY, 0.0_f64);
    let (low, high) = values.fold(empty, |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low < high { (low, high) } else { (1.0, 10.0) }
}

fn power_of_ten(value: f64) -> String {
    if value >= 1.0 {
        format!("{value:.0}")
    } else {
        value.to_string()
    }
}

/// Exact for any size that was measured.
fn float(size: u64) -> f64 {
    f64::from(u32::try_from(size).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::row::planted::{bound, growth};

    #[test]
    fn every_claim_has_a_line_with_its_sizes() {
        let sizes = [1_000, 100_000, 1_000_000];
        let rows = [
            growth("page", &sizes),
            bound("lock", 50.0, 1.0),
            growth("open", &sizes),
        ];
        let svg = svg(&rows).expect("a string takes any picture");
        assert_eq!(svg.matches("<circle").count(), 6);
        assert!(svg.contains("work of open, entries: O(1)"), "{svg}");
        assert!(!svg.contains("work of lock"), "{svg}");
    }
}
