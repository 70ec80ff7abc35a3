//! The output of a command, in the format of the call.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::args::PrintArgs;
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
    narrow: Option<Sheet>,
    sentence: Option<String>,
    words: String,
}

impl Answer {
    /// Facts alone: the table has a line for each.
    pub(crate) fn facts(facts: &impl Serialize, lines: Vec<(&'static str, String)>) -> Self {
        Self {
            facts: fields(facts),
            rows: None,
            sheet: facts_sheet(lines),
            narrow: None,
            sentence: None,
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
            narrow: None,
            sentence: None,
            words: String::new(),
        }
    }

    /// Gives the table that people get unless they ask for a wide one.
    pub(crate) fn with_narrow(mut self, narrow: Sheet) -> Self {
        self.narrow = Some(narrow);
        self
    }

    /// Gives the sentence that people get instead of a table, if there is one.
    pub(crate) fn with_sentence(mut self, sentence: Option<String>) -> Self {
        self.sentence = sentence;
        self
    }

    /// Adds words below the table, for people only.
    pub(crate) fn with_words(mut self, words: String) -> Self {
        self.words = words;
        self
    }

    /// Prints it.
    pub(crate) fn print(self, how: PrintArgs) -> Result<(), Failure> {
        let text = match how.format() {
            Format::Table => self.text(how.is_wide()),
            Format::Csv => self.sheet.csv(),
            Format::Json => format!("{:#}\n", self.whole()),
            Format::Ndjson => self.lines(),
        };
        let printed = output::print(&text).context("failed to write to stdout");
        printed.map_err(Failure::cannot_open)
    }

    fn text(self, wide: bool) -> String {
        let sheet = self.narrow.filter(|_| !wide).unwrap_or(self.sheet);
        let table = sheet.draw(std::io::stdout().is_terminal());
        // A wide table has more than the sentence.
        let is_said = !wide || table.is_empty();
        let sentence = self.sentence.filter(|_| is_said);
        let text = sentence.map_or(table, |sentence| sentence + "\n");
        (text + &self.words).trim_start_matches('\n').to_owned()
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

/// A line for each fact.
pub(crate) fn facts_sheet(lines: Vec<(&'static str, String)>) -> Sheet {
    let lines = lines.into_iter();
    let lines = lines.map(|(name, value)| [name.to_owned(), value]);
    Sheet::new(&["name", "value"], lines)
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
