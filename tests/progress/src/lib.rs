//! How far a long run is, on stderr: a bar on a terminal, a line every tenth elsewhere.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// A run that several threads may report on.
#[derive(Debug)]
pub struct Progress {
    /// On a terminal alone.
    bar: Option<ProgressBar>,
    total: u64,
    what: &'static str,
    tenths_shown: AtomicU64,
}

impl Progress {
    /// Nothing is done of `total`; `what` says of which things.
    pub fn new(total: u64, what: &'static str) -> Self {
        Self {
            bar: std::io::stderr().is_terminal().then(|| bar(total, what)),
            total,
            what,
            tenths_shown: AtomicU64::new(0),
        }
    }

    /// So many are done.
    pub fn show(&self, done: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None => self
                .line_at(done)
                .into_iter()
                .for_each(|line| eprintln!("{line}")),
        }
    }

    /// The run is over; a bar goes away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// The line that is due, if one is.
    fn line_at(&self, done: u64) -> Option<String> {
        let tenths = (done * 10).checked_div(self.total)?;
        let is_due = self.tenths_shown.fetch_max(tenths, Ordering::Relaxed) < tenths;
        is_due.then(|| {
            format!(
                "{:3} %  {done} of {} {}",
                tenths * 10,
                self.total,
                self.what
            )
        })
    }
}

fn bar(total: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let template = format!("{{bar:40}} {{pos}} of {{len}} {what}, {{elapsed}}, {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenth_is_shown_once() {
        let progress = Progress::new(95, "changes");
        let lines: Vec<_> = (0..=95).filter_map(|done| progress.line_at(done)).collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[0], " 10 %  10 of 95 changes");
        assert_eq!(lines[9], "100 %  95 of 95 changes");
    }

    #[test]
    fn a_few_skip_tenths() {
        let progress = Progress::new(3, "changes");
        assert!((1..=3).all(|done| progress.line_at(done).is_some()));
    }
}
