//! The time of each piece of work in times of its limit, with the target marked.

use anyhow::Result;
use plotters::prelude::{Circle, PathElement, Rectangle, Text};
use plotters::style::ShapeStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::canvas::{Area, COLORS, GRID, TEXT, picture, text};
use paired_bench::{Goal, Measured, Row, Spread};

const WIDTH: u32 = 900;
/// Where the names end and the numbers begin.
const LEFT: f64 = 360.0;
const RIGHT: f64 = 870.0;
const TOP: i32 = 84;
const LINE: i32 = 26;

/// The ends of the axis, which is logarithmic.
const SHORTEST: f64 = 0.02;
const LONGEST: f64 = 8.0;
const TICKS: [f64; 9] = [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0];

/// A row as times of its limit: less is better, whatever its target says.
struct Line<'a> {
    work: &'a str,
    spread: Spread,
    target: f64,
    met: bool,
}

pub(super) fn svg(rows: &[Row]) -> Result<String> {
    let lines: Vec<Line<'_>> = rows.iter().filter_map(line).collect();
    let count = u32::try_from(lines.len())?;
    let height = TOP.unsigned_abs() + count * LINE.unsigned_abs() + 24;
    picture((WIDTH, height), |area| {
        heading(area)?;
        ticks(area, i32::try_from(height)? - 24)?;
        let places = (0..).map(|number| TOP + number * LINE + LINE / 2);
        for (line, y) in lines.iter().zip(places) {
            draw(area, line, y)?;
        }
        Ok(())
    })
}

fn line(row: &Row) -> Option<Line<'_>> {
    let Measured::Ratio { goal, spread, .. } = &row.measured else {
        return None;
    };
    let (spread, target) = match goal {
        Goal::AtMost => (*spread, row.target?),
        Goal::Faster => (upside_down(*spread), 1.0 / row.target?),
        Goal::None => return None,
    };
    Some(Line {
        work: &row.work,
        spread,
        target,
        met: row.met,
    })
}

/// Ours over the other, from the other over ours.
fn upside_down(spread: Spread) -> Spread {
    Spread {
        low: 1.0 / spread.high,
        ratio: 1.0 / spread.ratio,
        high: 1.0 / spread.low,
    }
}

fn heading(area: &Area<'_>) -> Result<()> {
    let title = "Time of ours in times of its limit: left is faster";
    let key = "● median and its 95 % bounds · ┃ target · orange: not met";
    for (line, size, top) in [(title, 22, 14), (key, 15, 40)] {
        let style = text(size).pos(Pos::new(HPos::Center, VPos::Top));
        area.draw(&Text::new(line, (i32::try_from(WIDTH / 2)?, top), style))?;
    }
    Ok(())
}

fn ticks(area: &Area<'_>, bottom: i32) -> Result<()> {
    for tick in TICKS {
        let x = place(tick);
        // The limit itself is where both take the same time.
        let color = if tick == 1.0 { TEXT } else { GRID };
        area.draw(&PathElement::new([(x, TOP), (x, bottom)], color))?;
        let style = text(15).pos(Pos::new(HPos::Center, VPos::Bottom));
        area.draw(&Text::new(format!("{tick}×"), (x, TOP - 6), style))?;
    }
    Ok(())
}

fn draw(area: &Area<'_>, line: &Line<'_>, y: i32) -> Result<()> {
    let color = COLORS[usize::from(!line.met)];
    let style = ShapeStyle::from(color);
    let name = text(15).pos(Pos::new(HPos::Right, VPos::Center));
    area.draw(&Text::new(line.work, (place(SHORTEST) - 12, y), name))?;
    let bounds = [(place(line.spread.low), y), (place(line.spread.high), y)];
    area.draw(&PathElement::new(bounds, style.stroke_width(3)))?;
    area.draw(&Circle::new(
        (place(line.spread.ratio), y),
        4,
        style.filled(),
    ))?;
    let target = place(line.target);
    let mark = [(target - 1, y - 9), (target + 1, y + 9)];
    area.draw(&Rectangle::new(mark, ShapeStyle::from(TEXT).filled()))?;
    Ok(())
}

/// Where a ratio is, in pixels from the left. What is beyond the axis is at its end.
#[allow(clippy::cast_possible_truncation, reason = "it is within the picture")]
fn place(ratio: f64) -> i32 {
    let share = (ratio / SHORTEST).ln() / (LONGEST / SHORTEST).ln();
    (LEFT + (RIGHT - LEFT) * share.clamp(0.0, 1.0)).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::row::planted::{bound, ratio};

    #[test]
    fn every_ratio_with_a_target_has_a_line_and_what_is_faster_is_on_the_left() {
        let faster = ratio("encode", Goal::Faster, 20.0, 25.0);
        let of_faster = line(&faster).expect("it has a target");
        let Spread {
            low,
            ratio: middle,
            high,
        } = of_faster.spread;
        assert!(low < middle && middle < high && high < of_faster.target);
        let rows = [
            ratio("append", Goal::AtMost, 1.2, 1.3),
            ratio("floor", Goal::None, 0.0, 1.0),
            bound("lock", 50.0, 1.0),
            faster,
        ];
        let svg = svg(&rows).expect("a string takes any picture");
        assert_eq!(svg.matches("<circle").count(), 2);
    }
}
