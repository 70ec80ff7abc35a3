//! How a result is printed.

use clap::{Args, ValueEnum};

/// How to print.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct FormatArgs {
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Short for `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl FormatArgs {
    /// What was asked for.
    pub(crate) fn get(self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// How to print a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table, with what there is to say about it
    Table,
    /// One JSON value
    Json,
    /// A JSON object per row, and one for the rest
    Ndjson,
    /// The rows as comma-separated values
    Csv,
}
