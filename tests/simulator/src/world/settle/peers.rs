//! What follows from an answer about peers: registrations, admissions and acks.

use sync_log_core::{AckOutcome, Cursor, Hlc, LogError, Uuid};

use super::super::World;
use super::super::network::Refusal;
use super::super::operation::{Answer, Purpose};
use crate::chain::Prefix;
use crate::invariants::{Violation, every_entry_or_error};
use crate::trace::Short;

impl World {
    /// Judges what was answered about peers; of any other answer nothing follows.
    pub(super) fn judge_of_peers(
        &mut self,
        on: u8,
        was_parked: bool,
        purpose: Purpose,
        answer: Result<Answer, LogError>,
    ) -> Result<(), Violation> {
        match (purpose, answer) {
            (Purpose::Register { peer, reader }, Ok(_)) => self.registered(on, peer, reader),
            (Purpose::WildAck { peer, hlc }, answer) => self.wild_ack_judged(on, peer, hlc, answer),
            (
                Purpose::TakeAck {
                    reader,
                    peer,
                    admission,
                    ..
                },
                Err(error @ (LogError::OtherAdmission { .. } | LogError::AdmissionAhead { .. })),
            ) if !was_parked => self.number_refused(on, reader, peer, admission, &error),
            (
                Purpose::TakeAck {
                    peer, cursor, has, ..
                },
                Err(error),
            ) if !was_parked => self.ack_refused(on, peer, cursor, has, &error),
            (
                Purpose::TakeAck {
                    peer,
                    cursor,
                    admission,
                    ..
                },
                Ok(Answer::Acked(outcome)),
            ) => {
                if !was_parked {
                    self.check_taken(on, peer, admission)?;
                }
                let detail = format_args!("d{on} at {}", Short(cursor.hlc()));
                self.trace.event(ack_word(outcome), detail);
                Ok(())
            }
            (
                Purpose::Admit {
                    peer,
                    reader,
                    is_fresh,
                },
                Ok(Answer::Admitted(number)),
            ) => self.admitted(on, peer, reader, number, is_fresh),
            (Purpose::Declare { peers }, Ok(_)) if !was_parked => {
                let truth = &self.devices[&on].files.truth;
                if truth.is_declared() && peers.iter().all(|peer| truth.is_active(*peer)) {
                    return Ok(());
                }
                Err(Violation::new("monotone", "declared peers do not count"))
            }
            (Purpose::Solo, Ok(_)) if !was_parked && !self.devices[&on].files.truth.is_solo() => {
                let what = "the library was declared solo and is not";
                Err(Violation::new("answers_hold", what))
            }
            _ => Ok(()),
        }
    }

    /// An ack is taken of an active peer, under the number that it was admitted with.
    fn check_taken(&self, on: u8, peer: Uuid, admission: u32) -> Result<(), Violation> {
        let truth = &self.devices[&on].files.truth;
        if !truth.is_active(peer) {
            let what = format!("an ack of {peer} was taken, which is no active peer");
            return Err(Violation::new("monotone", what));
        }
        if truth.admission(peer) != Some(admission) {
            let what = format!("an ack of {peer} under number {admission} was taken");
            return Err(Violation::new("monotone", what));
        }
        Ok(())
    }

    /// A peer that was registered or admitted counts, unless it was retired since.
    fn must_count(&self, on: u8, peer: Uuid) -> Result<(), Violation> {
        let truth = &self.devices[&on].files.truth;
        if truth.is_active(peer) || truth.retiring.contains(&peer) {
            Ok(())
        } else {
            Err(Violation::new(
                "monotone",
                format!("peer {peer} does not count"),
            ))
        }
    }

    fn registered(&mut self, on: u8, peer: Uuid, reader: Option<u8>) -> Result<(), Violation> {
        self.must_count(on, peer)?;
        let origin = self.devices[&on].id;
        if let Some(reader) = reader.and_then(|reader| self.live(reader)) {
            reader.files.received.registered(origin);
        }
        Ok(())
    }

    /// Of an honest peer only what this file does not hold may be refused.
    fn ack_refused(
        &self,
        on: u8,
        peer: Uuid,
        cursor: Cursor,
        has: Prefix,
        error: &LogError,
    ) -> Result<(), Violation> {
        let truth = &self.devices[&on].files.truth;
        if !truth.is_active(peer) || matches!(error, LogError::Store(_)) {
            return Ok(());
        }
        every_entry_or_error::check_refusal(&truth.lineage, cursor.hlc(), has)
    }

    /// Only a number that is not the one of the peer may be refused.
    fn number_refused(
        &mut self,
        on: u8,
        reader: u8,
        peer: Uuid,
        given: u32,
        error: &LogError,
    ) -> Result<(), Violation> {
        let truth = &self.devices[&on].files.truth;
        if truth.admission(peer) == Some(given) {
            let what = format!("number {given} of {peer} was refused: {error}");
            return Err(Violation::new("every_entry_or_error", what));
        }
        let origin = self.devices[&on].id;
        if let (Some(trouble), Some(reader)) = (Refusal::of(error).trouble, self.live(reader)) {
            let asked = reader.files.received.cursor(origin);
            reader.files.received.refused(origin, asked, trouble);
        }
        Ok(())
    }

    /// The device learns its number. It may have come back with nothing.
    fn admitted(
        &mut self,
        on: u8,
        peer: Uuid,
        reader: u8,
        number: u32,
        is_fresh: bool,
    ) -> Result<(), Violation> {
        self.must_count(on, peer)?;
        let origin = self.devices[&on].id;
        let Some(device) = self.live(reader) else {
            return Ok(());
        };
        let received = &mut device.files.received;
        // A file that was put back repeats numbers. Under one that is not new to it, a
        // device loses nothing here: its older acks would pass for current ones.
        let is_lost = received.admitted(origin, number) && is_fresh;
        if is_lost {
            received.forget(origin);
        }
        let has = received.numbers(origin).to_vec();
        if is_lost {
            self.forget_what_it_said(reader, on)?;
        }
        self.everywhere_applied(origin, peer, &has);
        let detail = format_args!("d{reader} by d{on} under {number}");
        self.trace.event("admitted", detail);
        Ok(())
    }

    /// A device has lost what it had of a log. Its acks on their way to other copies of
    /// that log are dropped; the log that admitted it is protected by the number.
    fn forget_what_it_said(&mut self, reader: u8, admitted_by: u8) -> Result<(), Violation> {
        let origin = self.id_of(admitted_by);
        let others = self.devices.iter();
        let others = others.filter(|(name, d)| **name != admitted_by && d.id == origin);
        let others: Vec<u8> = others.map(|(name, _)| *name).collect();
        self.network
            .forget_acks(|from, to| from == reader && others.contains(&to));
        self.give_up_all(|held| held.serves(reader) && others.contains(&held.on))
    }

    fn wild_ack_judged(
        &mut self,
        on: u8,
        peer: Uuid,
        hlc: Hlc,
        answer: Result<Answer, LogError>,
    ) -> Result<(), Violation> {
        let truth = &self.devices[&on].files.truth;
        match answer {
            Ok(Answer::Acked(AckOutcome::Stale)) if hlc <= truth.lineage.head() => Ok(()),
            // The place where an adopted log begins.
            Ok(_) if hlc == truth.lineage.floor().hlc => Ok(()),
            Ok(_) => {
                let what = format!("an ack of {peer} at {hlc} was taken, where no entry is");
                Err(Violation::new("monotone", what))
            }
            Err(_) => Ok(()),
        }
    }
}

fn ack_word(outcome: AckOutcome) -> &'static str {
    match outcome {
        AckOutcome::Registered => "ack registered",
        AckOutcome::Advanced => "ack advanced",
        AckOutcome::Unchanged => "ack unchanged",
        AckOutcome::Stale => "ack stale",
    }
}
