//! Messages between devices: values in a queue.

use sync_log_core::{AckAt, Cursor, Page};

use super::step::Forgery;

/// Most messages in flight. What is sent beyond that is lost.
const IN_FLIGHT_MAX: usize = 16;

/// What a reader and an origin say to each other.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// The reader asks for what follows on a cursor.
    Ask { after: Cursor, limit: u8 },
    /// The origin answers.
    Page(Page),
    /// What looks like an answer.
    Forged(Page, Forgery),
    /// The reader has applied everything up to there.
    Ack(AckAt),
}

/// A message on its way.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub(crate) reader: u8,
    pub(crate) origin: u8,
    pub(crate) message: Message,
}

/// The messages in flight, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Network(Vec<Envelope>);

impl Network {
    pub(crate) fn send(&mut self, envelope: Envelope) {
        if self.0.len() < IN_FLIGHT_MAX {
            self.0.push(envelope);
        }
    }

    fn place(&self, pick: u8) -> Option<usize> {
        usize::from(pick).checked_rem(self.0.len())
    }

    /// Takes one message out: it arrives, or is lost.
    pub(crate) fn take(&mut self, pick: u8) -> Option<Envelope> {
        let place = self.place(pick)?;
        Some(self.0.remove(place))
    }

    /// A message that stays in flight.
    pub(crate) fn look_at(&self, pick: u8) -> Option<&Envelope> {
        Some(&self.0[self.place(pick)?])
    }

    pub(crate) fn lose_all(&mut self) {
        self.0.clear();
    }
}
