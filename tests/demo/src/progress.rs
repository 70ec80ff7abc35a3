//! How far the replay is: a bar on a terminal, a line every tenth elsewhere.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// Shows how far the replay is, on stderr.
#[derive(Debug)]
pub(crate) enum Progress {
    /// A bar that is drawn over and over.
    Bar(ProgressBar),
    /// Plain lines.
    Lines {
        /// How many changes there are.
        total: usize,
        /// How many tenths of them were told.
        told: usize,
    },
}

impl Progress {
    /// Begins with nothing done of `total` changes.
    pub(crate) fn new(total: usize) -> Self {
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(total as u64);
            let template = "{bar:40} {pos} of {len} changes, {elapsed}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            Self::Bar(bar)
        } else {
            Self::Lines { total, told: 0 }
        }
    }

    /// So many changes are done.
    pub(crate) fn show(&mut self, done: usize) {
        match self {
            Self::Bar(bar) => bar.set_position(done as u64),
            Self::Lines { total, told } => {
                if let Some(line) = line(done, *total, told) {
                    output::say(&line);
                }
            }
        }
    }

    /// The replay is over; a bar goes away.
    pub(crate) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// The line that is due at `done`, if one is.
fn line(done: usize, total: usize, told: &mut usize) -> Option<String> {
    let tenths = (done * 10).checked_div(total)?;
    if tenths <= *told {
        return None;
    }
    *told = tenths;
    Some(format!("{:3} %  {done} of {total} changes", tenths * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenth_is_told_once() {
        let mut told = 0;
        let lines: Vec<String> = (0..=95)
            .filter_map(|done| line(done, 95, &mut told))
            .collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[0], " 10 %  10 of 95 changes");
        assert_eq!(lines[9], "100 %  95 of 95 changes");
    }

    #[test]
    fn a_few_changes_skip_tenths() {
        let mut told = 0;
        let lines: Vec<_> = (1..=3).map(|done| line(done, 3, &mut told)).collect();
        assert!(lines.iter().all(Option::is_some));
    }
}
