//! What follows from an answer: the oracle judges it, and the device acts on it.

mod peers;

use std::collections::BTreeMap;

use sync_log_core::{
    Cursor, Hlc, LogError, Page, SharedChangeEntry, Uuid, VerdictKind, WallClock as _,
};

use super::World;
use super::calls::is_unknown;
use super::network::{Envelope, Message, Refusal};
use super::operation::{Answer, Explained, Operation, Purpose, Reading};
use super::truth::Truth;
use crate::chain::{Chain, Prefix};
use crate::change::{change, number};
use crate::gate::Incident;
use crate::invariants::answers_hold::{self, Answer as Said};
use crate::invariants::every_entry_or_error::{self, Reader};
use crate::invariants::{Violation, clocks, stamps_rise, verdicts};
use crate::trace::{Short, Shorts};

/// Where an answer comes from, and what was known when it was asked for.
#[derive(Clone, Copy)]
struct Settling {
    on: u8,
    process: usize,
    issued: Hlc,
    committed: usize,
    was_parked: bool,
    happened: Option<Incident>,
}

impl World {
    pub(super) fn settle(
        &mut self,
        operation: Operation,
        answer: Result<Answer, LogError>,
        happened: Option<Incident>,
    ) -> Result<(), Violation> {
        let Operation {
            on,
            process,
            purpose,
            issued,
            committed,
            gone,
            was_parked,
            ..
        } = operation;
        if let (Err(LogError::Store(error)), None) = (&answer, happened) {
            let what = format!("the store failed though nothing happened to it: {error}");
            return Err(Violation::new("answers_hold", what));
        }
        let truth = &self.devices[&on].files.truth;
        if let (Ok(Answer::Pruned(entries)), false) = (&answer, was_parked) {
            answers_hold::check_pruned(&truth.lineage, gone, *entries)?;
        }
        let must_adopt = truth.has_to_be_adopted();
        // A prune finds what it would delete, and no more.
        let may_go_on = matches!(purpose, Purpose::Prune) && truth.is_unnoticed();
        match &answer {
            Err(LogError::Altered(_)) if must_adopt || was_parked => {
                // The app opens the log anew, which adopts it.
                self.kill(on, process)?;
                return Ok(());
            }
            Err(LogError::Altered(_)) => {
                let what = "a log that nobody wrote to has to be adopted";
                return Err(Violation::new("adopted", what));
            }
            Ok(_) if must_adopt && !was_parked && !may_go_on && purpose.needs_the_log() => {
                let word = purpose.word();
                let what = format!("{word} on a log that another program wrote to");
                return Err(Violation::new("adopted", what));
            }
            _ if must_adopt => return Ok(()),
            _ => {}
        }
        if let (Err(error), None, false) = (&answer, happened, was_parked)
            && let Some(kind) = sign_of(error, &purpose, truth)
        {
            verdicts::check_left(truth.signs(), kind)?;
        }
        let settling = Settling {
            on,
            process,
            issued,
            committed,
            was_parked,
            happened,
        };
        self.judge(settling, purpose, answer)
    }

    /// Judges what was answered for a purpose.
    fn judge(
        &mut self,
        settling: Settling,
        purpose: Purpose,
        answer: Result<Answer, LogError>,
    ) -> Result<(), Violation> {
        let Settling {
            on,
            process,
            issued,
            committed,
            was_parked,
            happened,
        } = settling;
        match (purpose, answer) {
            (Purpose::Record { numbers, .. }, answer) => {
                self.recorded(on, &numbers, (issued, committed), answer, happened)
            }
            (Purpose::Append { entry }, answer) => self.appended(settling, entry, &answer),
            (Purpose::Tick, Ok(Answer::Stamps(stamps))) => {
                self.ticked(on, process, issued, &stamps)
            }
            (Purpose::Prune, Ok(Answer::Pruned(entries))) if entries > 0 => {
                let detail = format_args!("{entries} entries of d{on}");
                self.trace.event("pruned", detail);
                Ok(())
            }
            (Purpose::Review, Ok(Answer::Entries(seen))) if !was_parked => {
                every_entry_or_error::check_owner(&self.devices[&on].files.truth.lineage, &seen)
            }
            (Purpose::Explain, Ok(Answer::Explained(explained))) if !was_parked => {
                self.explained(on, &explained)
            }
            (Purpose::Echo { stamp }, answer) => self.echoed(on, stamp, was_parked, &answer),
            (Purpose::DismissVerdicts, Ok(_)) if !was_parked => self.dismissed(on),
            (Purpose::Serve(reading), answer) => {
                self.served(on, reading, (committed, was_parked), answer)
            }
            (
                Purpose::Learn {
                    origin,
                    origin_id,
                    page,
                },
                Ok(_),
            ) => {
                self.learned(on, origin, origin_id, &page);
                Ok(())
            }
            (Purpose::Pin { reader, asked, .. }, Ok(Answer::Place(pin))) => {
                self.copied(on, reader, asked, pin)
            }
            (purpose, answer) => self.judge_of_peers(on, was_parked, purpose, answer),
        }
    }

    fn devices_mut(&mut self, on: u8) -> &mut super::Device {
        self.devices
            .get_mut(&on)
            .expect("a device that made a call is known")
    }

    fn appended(
        &mut self,
        settling: Settling,
        entry: SharedChangeEntry,
        answer: &Result<Answer, LogError>,
    ) -> Result<(), Violation> {
        let on = settling.on;
        let (hlc, numbers) = (entry.hlc, [number(&entry)]);
        if settling.happened.is_none() && !settling.was_parked && answer.is_err() {
            answers_hold::check_retry(&self.devices[&on].files.truth.lineage, &entry)?;
        }
        if matches!(answer, Err(LogError::Clock(_))) {
            clocks::check_refused(settling.issued, hlc)?;
        }
        let is_used_up = matches!(
            answer,
            Err(LogError::Overtaken { .. }
                | LogError::OtherContent { .. }
                | LogError::BelowFloor { .. })
        );
        if let Some(running) = &mut self.devices_mut(on).processes[settling.process]
            && !is_used_up
        {
            running.stamped = Some(entry);
        }
        let (from, said) = match answer {
            Ok(_) => (0, Said::Stamped(&[hlc][..])),
            Err(_) if is_unknown(settling.happened) => (0, Said::Nothing),
            Err(_) => (settling.committed, Said::Refused),
        };
        let lineage = &self.devices[&on].files.truth.lineage;
        answers_hold::check(lineage, from, &numbers, said)
    }

    fn recorded(
        &mut self,
        on: u8,
        numbers: &[u64],
        (issued, committed): (Hlc, usize),
        answer: Result<Answer, LogError>,
        happened: Option<Incident>,
    ) -> Result<(), Violation> {
        let lineage = &self.devices[&on].files.truth.lineage;
        match answer {
            Ok(Answer::Stamps(stamps)) => {
                answers_hold::check(lineage, committed, numbers, Said::Stamped(&stamps))?;
                answers_hold::check_group(lineage, &stamps)?;
                stamps_rise::check(issued, &stamps)?;
                let detail = format_args!("d{on} {}", Shorts(&stamps));
                self.trace.event("recorded", detail);
                Ok(())
            }
            Err(LogError::Store(_)) if is_unknown(happened) => {
                answers_hold::check(lineage, committed, numbers, Said::Nothing)
            }
            Err(LogError::Store(_)) => {
                answers_hold::check(lineage, committed, numbers, Said::Refused)
            }
            other => {
                let what = format!("a record answered {other:?}");
                Err(Violation::new("answers_hold", what))
            }
        }
    }

    fn ticked(
        &mut self,
        on: u8,
        process: usize,
        issued: Hlc,
        stamps: &[Hlc],
    ) -> Result<(), Violation> {
        stamps_rise::check(issued, stamps)?;
        self.last_change += 1;
        let change = change(self.last_change);
        let device = self.devices_mut(on);
        for stamp in stamps {
            device.files.truth.issued = device.files.truth.issued.max(*stamp);
            if let Some(running) = &mut device.processes[process] {
                running.stamped = Some(change.clone().stamped(*stamp));
            }
        }
        let detail = format_args!("d{on} {}", Shorts(stamps));
        self.trace.event("ticked", detail);
        Ok(())
    }

    fn explained(&self, on: u8, explained: &Explained) -> Result<(), Violation> {
        let truth = &self.devices[&on].files.truth;
        let (pending, there) = (explained.pending, truth.lineage.retained().len());
        if pending != there as u64 {
            let what = format!("explain counts {pending} of {there} entries");
            return Err(Violation::new("every_entry_or_error", what));
        }
        let wall_ms = self.devices[&on].wall.now_ms();
        clocks::check_named(truth.issued, wall_ms, explained.names_clock)?;
        verdicts::check_shown(truth.signs(), &explained.signs)
    }

    /// A stamp of this device came back to it.
    fn echoed(
        &mut self,
        on: u8,
        stamp: Hlc,
        was_parked: bool,
        answer: &Result<Answer, LogError>,
    ) -> Result<(), Violation> {
        if matches!(answer, Err(LogError::Store(_))) {
            return Ok(());
        }
        let truth = &mut self.devices_mut(on).files.truth;
        if !was_parked {
            let (lineage, is_refused) = (&truth.lineage, answer.is_err());
            verdicts::check_echo(lineage, truth.settled(), stamp, is_refused)?;
        }
        if answer.is_ok() {
            truth.issued = truth.issued.max(stamp);
        }
        Ok(())
    }

    fn dismissed(&mut self, on: u8) -> Result<(), Violation> {
        let is_held_up = self
            .held_up
            .iter()
            .any(|held| held.on == on && matches!(held.purpose, Purpose::DismissVerdicts));
        let truth = &mut self.devices_mut(on).files.truth;
        truth.is_dismissing = is_held_up;
        verdicts::check_shown(truth.signs(), &BTreeMap::new())
    }

    fn served(
        &mut self,
        on: u8,
        reading: Reading,
        (committed, was_parked): (usize, bool),
        answer: Result<Answer, LogError>,
    ) -> Result<(), Violation> {
        let asked = reading.cursor;
        let truth = &self.devices[&on].files.truth;
        let counts = truth.is_active(reading.peer);
        if !was_parked && answer.is_ok() && !counts {
            let what = format!("{} was served, which is no active peer", reading.peer);
            return Err(Violation::new("every_entry_or_error", what));
        }
        if let Err(error) = &answer
            && counts
            && !was_parked
            && !matches!(error, LogError::Store(_))
        {
            every_entry_or_error::check_refusal(&truth.lineage, asked.hlc(), reading.has)?;
        }
        let message = match answer {
            Ok(Answer::Page(page)) => {
                self.judge_page(on, &reading, committed, &page)?;
                Message::Page(page)
            }
            Err(LogError::Store(_)) => return Ok(()),
            Err(error) => Message::Refused {
                asked,
                why: Refusal::of(&error),
            },
            Ok(_) => return Ok(()),
        };
        self.send(on, reading.reader, message);
        Ok(())
    }

    fn judge_page(
        &mut self,
        on: u8,
        reading: &Reading,
        committed: usize,
        page: &Page,
    ) -> Result<(), Violation> {
        let reader = Reader {
            place: reading.cursor.hlc(),
            has: reading.has,
            limit: reading.limit,
            committed,
        };
        every_entry_or_error::check(&self.devices[&on].files.truth.lineage, &reader, page)?;
        let entries = page.entries.len();
        let kind = if entries == 0 { "empty page" } else { "page" };
        let to = reading.reader;
        let detail = format_args!(
            "{entries} of d{on} for d{to} up to {}",
            Short(page.next.hlc())
        );
        self.trace.event(kind, detail);
        self.note_where_it_is(on, reading);
        Ok(())
    }

    /// A peer that was served where it really is has what it has: pruning must
    /// heed that from now on, also if it once had more. Two devices that go by
    /// one id are at two places; of those the log can only know the higher.
    fn note_where_it_is(&mut self, on: u8, reading: &Reading) {
        let origin = self.devices[&on].id;
        let Some(reader) = self.devices.get(&reading.reader) else {
            return;
        };
        if self.cloned.contains(&reading.peer)
            || reader.files.received.cursor(origin) != reading.cursor
        {
            return;
        }
        let numbers = reader.files.received.numbers(origin).to_vec();
        let truth = &mut self.devices_mut(on).files.truth;
        truth.has_only(reading.peer, &numbers);
    }

    fn learned(&mut self, on: u8, origin: u8, origin_id: Uuid, page: &Page) {
        let device = self.devices_mut(on);
        let highest = page.entries.iter().map(|entry| entry.hlc).max();
        let truth = &mut device.files.truth;
        truth.issued = truth.issued.max(highest.unwrap_or(Hlc::ZERO));
        if !device.files.received.apply(origin_id, page) {
            return;
        }
        let peer = device.id;
        let cursor = page.next;
        let numbers: Vec<u64> = page.entries.iter().map(number).collect();
        self.everywhere_applied(origin_id, peer, &numbers);
        let entries = page.entries.len();
        let detail = format_args!("{entries} of d{origin} on d{on}");
        self.done("applied", detail);
        self.send_ack(on, origin, cursor);
    }

    /// Every file of an origin may rely on what a peer has of it.
    fn everywhere_applied(&mut self, origin: Uuid, peer: Uuid, numbers: &[u64]) {
        for device in self.devices.values_mut().filter(|d| d.id == origin) {
            let truth = &mut device.files.truth;
            truth.applied(peer, numbers.iter().copied());
        }
    }

    /// The reader takes a copy of the state, pinned at `pin`.
    fn copied(&mut self, on: u8, reader: u8, asked: Cursor, pin: Cursor) -> Result<(), Violation> {
        let origin = &self.devices[&on];
        let (origin_id, lineage) = (origin.id, &origin.files.truth.lineage);
        if !lineage.is_place(pin.hlc()) {
            let what = format!("the head {} is no entry of the log", pin.hlc());
            return Err(Violation::new("every_entry_or_error", what));
        }
        let copy = Chain::copy_of(lineage, pin.hlc());
        let numbers = copy.numbers().to_vec();
        let known = self.devices.get(&reader).map(|reader| reader.id);
        let admission = known.and_then(|peer| origin.files.truth.admission(peer));
        let admission = admission.unwrap_or(1);
        let Some(device) = self.live(reader) else {
            return Ok(());
        };
        let received = &mut device.files.received;
        if !received.take_copy(origin_id, asked, pin, copy, admission) {
            return Ok(());
        }
        let peer = device.id;
        self.everywhere_applied(origin_id, peer, &numbers);
        let detail = format_args!("d{reader} has d{on} up to {}", Short(pin.hlc()));
        self.done("bootstrapped", detail);
        self.send_ack(reader, on, pin);
        Ok(())
    }

    /// A reader says how far it is.
    pub(super) fn send_ack(&mut self, reader: u8, origin: u8, cursor: Cursor) {
        let origin_id = self.id_of(origin);
        let received = &self.devices[&reader].files.received;
        let (has, admission) = (received.prefix(origin_id), received.admission(origin_id));
        self.network.send(Envelope {
            from: reader,
            to: origin,
            message: Message::Ack { cursor, admission },
            has,
        });
    }

    fn send(&mut self, from: u8, to: u8, message: Message) {
        self.network.send(Envelope {
            from,
            to,
            message,
            has: Prefix::default(),
        });
    }
}

/// What a refusal shows about the file, by the contract.
fn sign_of(refusal: &LogError, purpose: &Purpose, truth: &Truth) -> Option<VerdictKind> {
    match (refusal, purpose) {
        (LogError::UnknownOwnStamp { .. }, _) => Some(VerdictKind::OwnStamp),
        (LogError::Diverged { .. }, Purpose::Serve(_)) => Some(VerdictKind::Diverged),
        (LogError::AheadOfHead { .. }, Purpose::Serve(_)) => Some(VerdictKind::AheadOfHead),
        (LogError::AdmissionAhead { .. }, Purpose::TakeAck { cursor, .. })
            if truth.is_log(cursor.log_id()) =>
        {
            Some(VerdictKind::Admission)
        }
        _ => None,
    }
}
