//! What a child says of the files of its log.

use super::{Copied, Model};
use crate::away::Absence;
use crate::check::Violation;
use crate::line::{Line, Operation};
use crate::refused::Refused;

impl Model {
    pub(super) fn begin_with_files(&mut self, what: &Operation) {
        match what {
            Operation::Move { how, to, .. } => self.files.absences.push(Absence {
                how: *how,
                to: to.clone(),
                of_other: Vec::new(),
            }),
            Operation::BackUp { to, .. } => self.copy_begins(to),
            Operation::Refuse { folder } => {
                let folder = folder.clone();
                self.files.refusals.push(Refused { folder });
            }
            _ => {}
        }
    }

    pub(super) fn done_with_files(&mut self, what: &Operation) {
        match what {
            Operation::Close { to } => {
                self.copy_begins(to);
                self.copy_is_done();
            }
            Operation::BackUp { .. } => self.copy_is_done(),
            Operation::Refuse { .. } => self.counts.refused += 1,
            _ => {}
        }
    }

    /// Takes note of a line that is said while the files are moved.
    pub(super) fn hear_while_moved(&mut self, child: u32, line: &Line) -> Vec<Violation> {
        let Some(in_flight) = &mut self.in_flight else {
            return vec![Violation::Unannounced];
        };
        match line {
            Line::Away => in_flight.is_away = true,
            Line::OfOther { hlc } => {
                if let Some(absence) = self.files.absences.last_mut() {
                    absence.of_other.push(*hlc);
                }
            }
            Line::Served { hlc } => return vec![Violation::Served { hlc: *hlc }],
            Line::Found { index, hlc } => {
                in_flight.is_away = false;
                return self.entered(child, *index, *hlc);
            }
            _ => return vec![Violation::Unannounced],
        }
        Vec::new()
    }

    /// The copy has what is acknowledged by now, and may have what is in flight.
    fn copy_begins(&mut self, folder: &str) {
        let files = std::mem::take(&mut self.files);
        let promised = self.clone();
        self.files = files;
        self.files.copies.push(Copied {
            folder: folder.to_owned(),
            promised,
            is_done: false,
        });
    }

    fn copy_is_done(&mut self) {
        self.counts.copied += 1;
        if let Some(copy) = self.files.copies.last_mut() {
            copy.is_done = true;
        }
    }
}
