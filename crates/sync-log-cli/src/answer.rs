//! The output of a command, in the format of the call.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::format::Format;
use crate::output;
use crate::sheet::Sheet;

/// Some facts, some rows, and words for people.
#[derive(Debug)]
pub(crate) struct Answer {
    facts: Map<String, Value>,
    rows: Option<(&'static str, Vec<Value>)>,
    sheet: Sheet,
    words: String,
}

impl Answer {
    /// Facts alone: the table has a line for each.
    pub(crate) fn facts(facts: &impl Serialize, lines: Vec<(&'static str, String)>) -> Self {
        let lines = lines.into_iter();
        let lines = lines.map(|(name, value)| [name.to_owned(), value]);
        Self {
            facts: fields(facts),
            rows: None,
            sheet: Sheet::new(&["name", "value"], lines),
            words: String::new(),
        }
    }

    /// Rows, under their name, and the facts beside them.
    pub(crate) fn rows<R: Serialize>(
        facts: &impl Serialize,
        name: &'static str,
        rows: &[R],
        sheet: Sheet,
    ) -> Self {
        let rows = rows.iter().map(value).collect();
        Self {
            facts: fields(facts),
            rows: Some((name, rows)),
            sheet,
            words: String::new(),
        }
    }

    /// Adds words below the table, for people only.
    pub(crate) fn with_words(mut self, words: String) -> Self {
        self.words = words;
        self
    }

    /// Prints it.
    pub(crate) fn print(self, format: Format) -> Result<(), Failure> {
        let text = match format {
            Format::Table => self.sheet.draw(std::io::stdout().is_terminal()) + &self.words,
            Format::Csv => self.sheet.csv(),
            Format::Json => format!("{:#}\n", self.whole()),
            Format::Ndjson => self.lines(),
        };
        let printed = output::print(&text).context("failed to write to stdout");
        printed.map_err(Failure::cannot_open)
    }

    fn whole(self) -> Value {
        let mut whole = self.facts;
        if let Some((name, rows)) = self.rows {
            whole.insert(name.to_owned(), rows.into());
        }
        whole.into()
    }

    fn lines(self) -> String {
        let rows = self.rows.map(|(_, rows)| rows).unwrap_or_default();
        let facts = (!self.facts.is_empty()).then_some(Value::Object(self.facts));
        let lines = rows.into_iter().chain(facts);
        lines.map(|line| format!("{line}\n")).collect()
    }
}

fn value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("fields with names have a JSON form")
}

fn fields(facts: &impl Serialize) -> Map<String, Value> {
    match value(facts) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
