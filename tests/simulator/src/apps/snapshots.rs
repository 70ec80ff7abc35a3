//! A device takes a snapshot of another one.

use sync_log_core::receive::SnapshotError;
use sync_log_core::{AckAt, Hlc};

use super::network::{Envelope, Message};
use super::world::World;
use crate::invariants::Violation;

impl World {
    /// A device takes a whole snapshot of another one, and acknowledges what it has to each device.
    pub(crate) fn snapshot(&mut self, reader: u8, donor: u8) -> Result<(), Violation> {
        if reader == donor || !self.knows_what_was_forgotten(reader, donor) {
            return Ok(());
        }
        // What is above the head of its log would be here, too, and the oracle goes by the cursors.
        self.drain_now(donor, None)?;
        let failed = |error: SnapshotError| Violation::new("snapshots_work", error.to_string());
        let given = self.devices[usize::from(donor)].give_snapshot(&self.engine);
        let (snapshot, page) = given.map_err(failed)?;
        let (own, origin) = (self.device(reader).id, self.device(donor).id);
        let others = self.others(own);
        let before = self.device(reader).records.watermarks.clone();
        let device = &mut self.devices[usize::from(reader)];
        let taken = device.take_snapshot(&self.engine, &others, origin, (snapshot, &page));
        match taken {
            Ok(cursors) => {
                self.trace
                    .event("snapshot", format_args!("{reader} of {donor}"));
                for number in self.numbers() {
                    let of = self.device(number).id;
                    if let Some(cursor) = cursors.get(&of) {
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
            }
            Err(SnapshotError::Clock(_)) => {
                self.trace.event(
                    "snapshot refused: drift",
                    format_args!("{reader} of {donor}"),
                );
                if self.device(reader).records.watermarks != before {
                    let what = format!("{own} moved by a snapshot that it refused");
                    return Err(Violation::new("a_refusal_moves_nothing", what));
                }
            }
            Err(other) => return Err(failed(other)),
        }
        self.check(reader)?;
        self.check(donor)
    }

    /// Whether the reader has received all deletions that the donor has forgotten. Else it keeps the
    /// records: what a snapshot lacks is not deleted.
    fn knows_what_was_forgotten(&self, reader: u8, donor: u8) -> bool {
        let forgotten = self.device(donor).records.forgotten;
        let device = self.device(reader);
        let mut others = self.others(device.id).into_iter();
        others.all(|origin| {
            let received = device.watermark(origin).hlc();
            forgotten.unwrap_or(Hlc::ZERO) <= received
        })
    }
}
