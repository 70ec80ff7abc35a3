//! What was measured, as pictures.
//!
//! Each has a background of its own, so that it can be read on a page of any colour. Text is text:
//! nothing here needs a font.

mod growth;
mod lengths;
mod ratios;

use std::path::Path;

use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea, IntoFont, RGBColor, SVGBackend, TextStyle};

use crate::bench::history::History;
use crate::bench::row::Row;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const BACKGROUND: RGBColor = RGBColor(255, 255, 255);
const TEXT: RGBColor = RGBColor(31, 35, 40);
const GRID: RGBColor = RGBColor(221, 225, 230);

/// Told apart also by those who see few colours (Okabe and Ito).
const COLORS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// Writes all of them into `folder`.
pub(crate) fn write(folder: &Path, rows: &[Row], history: &History) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("ratios.svg"), ratios::svg(rows)?)?;
    std::fs::write(folder.join("growth.svg"), growth::svg(rows)?)?;
    std::fs::write(folder.join("log-length.svg"), lengths::svg(history)?)?;
    Ok(())
}

/// A picture of this size, as `draw` draws it.
fn picture(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&BACKGROUND)?;
        draw(&area)?;
        area.present()?;
    }
    Ok(svg)
}

fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&TEXT)
}

fn color(number: usize) -> RGBColor {
    COLORS[number % COLORS.len()]
}
