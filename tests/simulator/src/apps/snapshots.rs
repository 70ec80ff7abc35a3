//! A device takes a snapshot of another one.

use sync_log_core::{AckAt, Hlc};

use super::device::{Taken, id_of};
use super::network::{Envelope, Message};
use super::world::{World, failed};
use crate::invariants::Violation;

impl World {
    /// A device takes a whole snapshot of another one, and acknowledges what it has to each device.
    pub(crate) fn snapshot(&mut self, reader: u8, donor: u8) -> Result<(), Violation> {
        if reader == donor {
            return Ok(());
        }
        // What is above the head of its log would be here, too, and the oracle goes by the cursors.
        self.drain_now(donor, None)?;
        let given = self.device(donor).give_snapshot();
        let given = given.map_err(failed("snapshots_work"))?;
        if !self.knows_what_was_forgotten(reader, given.snapshot.forgotten) {
            return Ok(());
        }
        let before = self.found(reader).watermarks.clone();
        let taken = self.device(reader).take_snapshot(id_of(donor), &given);
        match taken.map_err(failed("snapshots_work"))? {
            Taken::Merged(cursors) => {
                self.trace
                    .event("snapshot", format_args!("{reader} of {donor}"));
                for number in self.numbers() {
                    let of = id_of(number);
                    let Some(cursor) = cursors.get(&of) else {
                        continue;
                    };
                    if let Some(earlier) = before.get(&of) {
                        self.keep_cursor(reader, number, *earlier);
                    }
                    self.network.send(Envelope {
                        reader,
                        origin: number,
                        message: Message::Ack(AckAt::Cursor(*cursor)),
                    });
                }
            }
            Taken::TooFarAhead => {
                self.trace.event(
                    "snapshot refused: drift",
                    format_args!("{reader} of {donor}"),
                );
                if self.find(reader)?.watermarks != before {
                    let what = format!("{reader} moved by a snapshot that it refused");
                    return Err(Violation::new("a_refusal_moves_nothing", what));
                }
            }
        }
        self.check(reader)?;
        self.check(donor)
    }

    /// Whether the reader has received all deletions that the donor has forgotten. Else it keeps the
    /// records: what a snapshot lacks is not deleted.
    fn knows_what_was_forgotten(&self, reader: u8, forgotten: Hlc) -> bool {
        let found = self.found(reader);
        let numbers = self.numbers().into_iter();
        let mut others = numbers.filter(|other| *other != reader);
        others.all(|origin| forgotten <= found.watermark(id_of(origin)).hlc())
    }
}
