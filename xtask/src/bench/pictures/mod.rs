//! What was measured, as pictures.
//!
//! Each has a background of its own, so that it can be read on a page of any colour. Text is text:
//! nothing here needs a font.

mod canvas;
mod growth;
mod lengths;
mod ratios;

use std::path::Path;

use anyhow::Result;

use crate::bench::history::History;
use paired_bench::Row;

/// Writes all of them into `folder`.
pub(crate) fn write(folder: &Path, rows: &[Row], history: &History) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("ratios.svg"), ratios::svg(rows)?)?;
    std::fs::write(folder.join("growth.svg"), growth::svg(rows)?)?;
    std::fs::write(folder.join("log-length.svg"), lengths::svg(history)?)?;
    Ok(())
}
