//! What devices say to each other, and what a page does to its reader.

use sync_log_core::receive::Applied;
use sync_log_core::{AckAt, Cursor, LogError, Page};

use super::checks;
use super::device::{Received, id_of};
use super::fault::AppFault;
use super::forgery::forged;
use super::network::{Envelope, Message};
use super::step::{Forgery, Struck};
use super::telling::standing_name;
use super::world::{World, failed};
use crate::invariants::Violation;
use crate::trace::{Short, refusal};

impl World {
    pub(crate) fn pull(
        &mut self,
        reader: u8,
        origin: u8,
        back: u8,
        limit: u8,
    ) -> Result<(), Violation> {
        if reader == origin {
            return Ok(());
        }
        let after = self.asked_from(reader, origin, back)?;
        let stamp = Short(after.hlc());
        self.trace
            .event("pull", format_args!("{reader} from {origin} after {stamp}"));
        self.network.send(Envelope {
            reader,
            origin,
            message: Message::Ask { after, limit },
        });
        Ok(())
    }

    pub(crate) fn pull_ahead(&mut self, pick: u8) {
        let Some(envelope) = self.network.look_at(pick).cloned() else {
            return;
        };
        if let Message::Page(page) = &envelope.message {
            let after = page.next;
            let stamp = Short(after.hlc());
            self.trace
                .event("pull ahead", format_args!("after {stamp}"));
            self.network.send(Envelope {
                message: Message::Ask { after, limit: 1 },
                ..envelope
            });
        }
    }

    pub(crate) fn lose(&mut self, pick: u8) {
        if self.network.take(pick).is_some() {
            self.trace.event("lose", format_args!("{pick}"));
        }
    }

    pub(crate) fn duplicate(&mut self, pick: u8) {
        if let Some(again) = self.network.look_at(pick).cloned() {
            self.trace.event("duplicate", format_args!("{pick}"));
            self.network.send(again);
        }
    }

    pub(crate) fn forge(&mut self, pick: u8, how: Forgery) {
        let Some(envelope) = self.network.look_at(pick).cloned() else {
            return;
        };
        let Message::Page(page) = &envelope.message else {
            return;
        };
        if let Some(page) = forged(page, how) {
            self.trace.event("forge", format_args!("{how:?}"));
            self.network.send(Envelope {
                message: Message::Forged(page, how),
                ..envelope
            });
        }
    }

    pub(crate) fn deliver(&mut self, pick: u8, struck: Option<Struck>) -> Result<(), Violation> {
        let Some(envelope) = self.network.take(pick) else {
            return Ok(());
        };
        let Envelope {
            reader,
            origin,
            message,
        } = envelope;
        let answer = match message {
            Message::Ask { after, limit } => {
                let served = self.serve(reader, origin, after, usize::from(limit));
                if served.is_err() && !self.has_joined(reader, origin) {
                    self.snapshot(reader, origin)?;
                }
                served.ok().map(Message::Page)
            }
            Message::Page(page) => {
                let ack = self.receive(reader, origin, &page, struck)?;
                ack.map(Message::Ack)
            }
            Message::Forged(page, how) => {
                self.receive_forged(reader, origin, &page, how)?;
                None
            }
            Message::Ack(at) => {
                self.take_ack(reader, origin, at)?;
                None
            }
        };
        if let Some(answer) = answer {
            self.network.send(Envelope {
                reader,
                origin,
                message: answer,
            });
        }
        Ok(())
    }

    pub(crate) fn serve(
        &mut self,
        reader: u8,
        origin: u8,
        after: Cursor,
        limit: usize,
    ) -> Result<Page, LogError> {
        let served = self.device(origin).serve(id_of(reader), after, limit);
        match &served {
            Ok(page) => {
                let entries = page.entries.len();
                let next = Short(page.next.hlc());
                self.trace.event(
                    "serve",
                    format_args!("{origin} to {reader}: {entries} entries up to {next}"),
                );
            }
            Err(error) => self
                .trace
                .event(refusal(error), format_args!("{origin} to {reader}")),
        }
        served
    }

    /// A page arrives. Returns what the reader acknowledges.
    pub(crate) fn receive(
        &mut self,
        reader: u8,
        origin: u8,
        page: &Page,
        struck: Option<Struck>,
    ) -> Result<Option<AckAt>, Violation> {
        self.ack_early(reader, origin, page);
        let watermark = self.found(reader).watermark(id_of(origin));
        let received = self.device(reader).receive(id_of(origin), page, struck);
        let ack = match received.map_err(failed("pages_are_judged"))? {
            Received::Applied(applied) => {
                self.keep_cursor(reader, origin, watermark);
                self.tell_applied(reader, origin, &applied);
                checks::groups_wait_for_a_record(&self.find(reader)?, &self.histories)?;
                self.ack_of(reader, watermark, &applied, struck)?
            }
            Received::Refused(kind) => {
                self.trace
                    .event(kind, format_args!("{reader} from {origin}"));
                self.nothing_moved(reader)?;
                None
            }
            Received::Unsynced => {
                self.trace.event("page unsynced", format_args!("{reader}"));
                None
            }
            Received::Killed => {
                self.trace
                    .event("killed in a page", format_args!("{reader}"));
                self.restart_struck(reader, struck)?;
                None
            }
        };
        self.check(reader)?;
        Ok(ack)
    }

    fn ack_of(
        &mut self,
        reader: u8,
        before: Cursor,
        applied: &Applied,
        struck: Option<Struck>,
    ) -> Result<Option<AckAt>, Violation> {
        if struck == Some(Struck::AfterCommit) {
            self.trace
                .event("killed before the ack", format_args!("{reader}"));
            self.restart(reader)?;
            return Ok(None);
        }
        let is_news = applied.watermark != before;
        let is_acked = is_news || !self.has(AppFault::DuplicateNotAcked);
        Ok(is_acked.then_some(AckAt::Cursor(applied.watermark)))
    }

    /// What a reader acknowledges too early, by a fault.
    fn ack_early(&mut self, reader: u8, origin: u8, page: &Page) {
        let last = page.entries.last().map(|last| AckAt::Stamp(last.hlc));
        let at = match self.fault {
            Some(AppFault::AckBeforeApply) => Some(AckAt::Cursor(page.next)),
            Some(AppFault::AckFromEntry) => last,
            _ => None,
        };
        if let Some(at) = at {
            self.network.send(Envelope {
                reader,
                origin,
                message: Message::Ack(at),
            });
        }
    }

    fn tell_applied(&mut self, reader: u8, origin: u8, applied: &Applied) {
        let to = Short(applied.watermark.hlc());
        self.trace
            .event("apply", format_args!("{reader} from {origin} up to {to}"));
        let waiting = applied.waiting_entries;
        if waiting > 0 {
            self.trace
                .event("group waits", format_args!("{reader}: {waiting} entries"));
        }
        for (id, standing) in &applied.standings {
            let (_, number) = id.record_uuid.as_u64_pair();
            let kind = standing_name(standing);
            self.trace
                .event(kind, format_args!("{reader}: {} {number}", id.model_type));
        }
    }

    /// A page that is refused moves nothing.
    fn nothing_moved(&mut self, reader: u8) -> Result<(), Violation> {
        let after = self.find(reader)?;
        let before = self.found(reader);
        if after.watermarks != before.watermarks || after.mark != before.mark {
            let what = format!("{} moved by a page that it refused", after.id);
            return Err(Violation::new("a_refusal_moves_nothing", what));
        }
        Ok(())
    }

    /// A forged page arrives, if the reader can see that it is forged: a device may write what it likes
    /// after what the reader has.
    fn receive_forged(
        &mut self,
        reader: u8,
        origin: u8,
        page: &Page,
        how: Forgery,
    ) -> Result<(), Violation> {
        let watermark = self.found(reader).watermark(id_of(origin));
        let first = page.entries.first().map(|first| first.hlc);
        let is_seen = match how {
            Forgery::OtherEntry => true,
            Forgery::OtherLog => !watermark.is_zero(),
            Forgery::OtherPast => first.is_some_and(|first| first <= watermark.hlc()),
        };
        if !is_seen {
            return Ok(());
        }
        self.receive(reader, origin, page, None)?;
        if self.found(reader).watermark(id_of(origin)) != watermark {
            let what = format!("{reader} took a forged page of {origin}");
            return Err(Violation::new("a_refusal_moves_nothing", what));
        }
        Ok(())
    }

    pub(crate) fn take_ack(&mut self, reader: u8, origin: u8, at: AckAt) -> Result<(), Violation> {
        match self.device(origin).take_ack(id_of(reader), at) {
            Ok(()) => self
                .trace
                .event("ack", format_args!("{reader} to {origin}")),
            Err(error) => self
                .trace
                .event(refusal(&error), format_args!("{reader} to {origin}")),
        }
        self.check(origin)?;
        checks::ack_is_applied(self.found(origin), self.found(reader))
    }
}
