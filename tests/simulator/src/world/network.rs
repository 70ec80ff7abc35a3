//! Messages between devices: values in a queue, and what becomes of them.

use std::collections::BTreeSet;

use sync_log_core::{Cursor, LogError, Page};

use super::receiver::Trouble;
use crate::chain::Prefix;

/// Most messages in flight. What is sent beyond that is lost.
const IN_FLIGHT_MAX: usize = 16;

/// What devices say to each other. Who says it is what the transport knows.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// Give me what follows on this.
    Pull { cursor: Cursor, limit: usize },
    /// Here it is.
    Page(Page),
    /// No.
    Refused { asked: Cursor, why: Refusal },
    /// I have everything up to this.
    Ack { cursor: Cursor, admission: u32 },
}

/// Why a read was refused, as far as the reader has to know.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) trouble: Option<Trouble>,
}

impl Refusal {
    pub(crate) fn of(error: &LogError) -> Self {
        let trouble = match error {
            LogError::UnknownPeer { .. } => Some(Trouble::Unknown),
            LogError::PeerRetired { .. } => Some(Trouble::Retired),
            LogError::OtherAdmission { .. } | LogError::AdmissionAhead { .. } => {
                Some(Trouble::OtherNumber)
            }
            LogError::OtherLog { .. }
            | LogError::Compacted { .. }
            | LogError::AheadOfHead { .. }
            | LogError::Diverged { .. } => Some(Trouble::NeedsCopy),
            _ => None,
        };
        Self { trouble }
    }
}

/// A message on its way.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub(crate) from: u8,
    pub(crate) to: u8,
    pub(crate) message: Message,
    /// What the sender had when it pulled or acknowledged. For the oracle; no
    /// device reads it.
    pub(crate) has: Prefix,
}

/// The messages in flight, and who does not hear whom.
#[derive(Debug, Default)]
pub(crate) struct Network {
    in_flight: Vec<Envelope>,
    cuts: BTreeSet<(u8, u8)>,
}

impl Network {
    pub(crate) fn send(&mut self, envelope: Envelope) {
        if self.in_flight.len() < IN_FLIGHT_MAX {
            self.in_flight.push(envelope);
        }
    }

    /// Takes one of those that can arrive, counted from the oldest; below 0 from
    /// the newest.
    pub(crate) fn deliver(&mut self, pick: i16) -> Option<Envelope> {
        let cuts = &self.cuts;
        let can_arrive = |e: &Envelope| !cuts.contains(&pair(e.from, e.to));
        let mut places = Vec::new();
        for (place, envelope) in self.in_flight.iter().enumerate() {
            if can_arrive(envelope) {
                places.push(place);
            }
        }
        let count = i64::try_from(places.len()).ok()?;
        let pick = i64::from(pick).checked_rem_euclid(count)?;
        let place = *places.get(usize::try_from(pick).ok()?)?;
        Some(self.in_flight.remove(place))
    }

    pub(crate) fn lose(&mut self, pick: usize) -> Option<Envelope> {
        let place = pick.checked_rem(self.in_flight.len())?;
        Some(self.in_flight.remove(place))
    }

    pub(crate) fn duplicate(&mut self, pick: usize) -> Option<&Envelope> {
        let place = pick.checked_rem(self.in_flight.len())?;
        let twin = self.in_flight[place].clone();
        self.send(twin);
        self.in_flight.get(place)
    }

    /// The connections of a device do not survive that its files are put back.
    pub(crate) fn forget_sender(&mut self, from: u8) {
        self.in_flight.retain(|envelope| envelope.from != from);
    }

    /// Drops the acks on their way for which `is_lost` holds, given sender and receiver.
    pub(crate) fn forget_acks(&mut self, is_lost: impl Fn(u8, u8) -> bool) {
        self.in_flight.retain(|envelope| {
            let is_ack = matches!(envelope.message, Message::Ack { .. });
            !(is_ack && is_lost(envelope.from, envelope.to))
        });
    }

    pub(crate) fn cut(&mut self, one: u8, other: u8) -> bool {
        one != other && self.cuts.insert(pair(one, other))
    }

    pub(crate) fn mend(&mut self, one: u8, other: u8) -> bool {
        self.cuts.remove(&pair(one, other))
    }

    /// Everybody hears everybody, and nothing is on its way.
    pub(crate) fn heal(&mut self) {
        *self = Self::default();
    }
}

fn pair(one: u8, other: u8) -> (u8, u8) {
    (one.min(other), one.max(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(from: u8, to: u8) -> Envelope {
        Envelope {
            from,
            to,
            message: Message::Ack {
                cursor: Cursor::ZERO,
                admission: 1,
            },
            has: Prefix::default(),
        }
    }

    fn network(pairs: &[(u8, u8)]) -> Network {
        let mut network = Network::default();
        for (from, to) in pairs {
            network.send(ack(*from, *to));
        }
        network
    }

    fn from(envelope: Option<Envelope>) -> Option<u8> {
        envelope.map(|envelope| envelope.from)
    }

    #[test]
    fn any_message_in_flight_can_arrive_next_once() {
        let mut network = network(&[(1, 0), (2, 0), (3, 0)]);
        assert_eq!(from(network.deliver(4)), Some(2));
        assert_eq!(from(network.deliver(-1)), Some(3));
        assert_eq!(from(network.deliver(0)), Some(1));
        assert_eq!(from(network.deliver(0)), None);
    }

    #[test]
    fn a_cut_holds_messages_back_in_both_directions_until_it_is_mended() {
        let mut network = network(&[(1, 0), (0, 1), (2, 0)]);
        assert!(network.cut(0, 1));
        assert_eq!(from(network.deliver(0)), Some(2));
        assert_eq!(from(network.deliver(0)), None);
        assert!(network.mend(1, 0));
        assert_eq!(from(network.deliver(0)), Some(1));
    }

    #[test]
    fn a_message_can_be_lost_or_arrive_twice() {
        let mut network = network(&[(1, 0), (2, 0)]);
        assert_eq!(from(network.lose(0)), Some(1));
        assert!(network.duplicate(0).is_some());
        assert_eq!(from(network.deliver(0)), Some(2));
        assert_eq!(from(network.deliver(0)), Some(2));
        assert_eq!(from(network.deliver(0)), None);
    }

    #[test]
    fn what_a_device_said_before_it_was_put_back_is_forgotten() {
        let mut network = network(&[(1, 0), (0, 1)]);
        network.forget_sender(1);
        assert_eq!(from(network.deliver(0)), Some(0));
        assert_eq!(from(network.deliver(0)), None);
    }

    #[test]
    fn acks_can_be_forgotten_and_other_messages_stay() {
        let mut network = network(&[(1, 0), (2, 0)]);
        let (cursor, limit) = (Cursor::ZERO, 1);
        network.send(Envelope {
            message: Message::Pull { cursor, limit },
            ..ack(3, 0)
        });
        network.forget_acks(|from, to| from != 2 && to == 0);
        assert_eq!(from(network.deliver(0)), Some(2));
        assert_eq!(from(network.deliver(0)), Some(3));
        assert_eq!(from(network.deliver(0)), None);
    }

    #[test]
    fn no_more_than_so_many_are_in_flight() {
        let mut network = network(&[(1, 0); IN_FLIGHT_MAX + 3]);
        let arrived = std::iter::from_fn(|| network.deliver(0)).count();
        assert_eq!(arrived, IN_FLIGHT_MAX);
    }
}
