//! How long logs were over the weeks of a history.

use anyhow::Result;
use plotters::prelude::{ChartBuilder, LineSeries, PathElement, SeriesLabelPosition};
use plotters::style::{Color, ShapeStyle};

use super::canvas::{BACKGROUND, GRID, TEXT, color, picture, text};
use crate::bench::history::{History, Series};

pub(super) fn svg(history: &History) -> Result<String> {
    let all = || history.series().flat_map(|series| series.lengths);
    let longest = all().copied().max().unwrap_or(0);
    let weeks = history.series().map(|series| series.lengths.len()).max();
    picture((800, 400), |area| {
        let mut chart = ChartBuilder::on(area)
            .caption("Entries in each log, week by week", text(22))
            .margin(16)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d(0..weeks.unwrap_or(0), 0..longest + longest / 4 + 1)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID)
            .light_line_style(BACKGROUND)
            .axis_style(TEXT)
            .label_style(text(15))
            .axis_desc_style(text(16))
            .x_desc("weeks since the first change")
            .y_desc("entries")
            .draw()?;
        for (number, series) in history.series().enumerate() {
            let style = ShapeStyle::from(color(number));
            let points = series.lengths.iter().copied().enumerate();
            chart
                .draw_series(LineSeries::new(points, style))?
                .label(label(&series))
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 20, y)], style.stroke_width(3))
                });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(BACKGROUND.mix(0.9))
            .border_style(GRID)
            .label_font(text(15))
            .draw()?;
        Ok(())
    })
}

fn label(series: &Series<'_>) -> String {
    match series.away_weeks {
        0 => format!("device {}", series.device),
        weeks => format!("device {}, away for {weeks} weeks at a time", series.device),
    }
}
