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
    /// The format of the call.
    pub(crate) fn get(self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// How to print a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table, with words for people
    Table,
    /// One JSON value
    Json,
    /// A JSON object for each row, and one for the facts beside the rows
    Ndjson,
    /// The rows as comma-separated values; a text that a spreadsheet would calculate begins with '
    Csv,
}
