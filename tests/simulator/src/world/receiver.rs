//! What a device has applied of others: its durable receiving side.
//!
//! It stands for the app's database. A receiver of the library can take its
//! place: it has to tell where it is, apply a page, and take a copy.

use std::collections::BTreeMap;

use sync_log_core::{Cursor, Hlc, Page, Uuid};

use crate::chain::{Chain, Prefix};

/// What a device has of each origin, by the origin's id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Receiver {
    places: BTreeMap<Uuid, Place>,
}

/// What a device has of one origin.
#[derive(Debug, Clone)]
struct Place {
    cursor: Cursor,
    chain: Chain,
    trouble: Option<Trouble>,
    /// The number under which it was admitted, as far as it knows.
    admission: u32,
    /// The highest such number that it was ever given.
    highest_admission: u32,
}

/// Why a device cannot go on reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It has to be registered.
    Unknown,
    /// It needs a copy of the state.
    NeedsCopy,
    /// It has to be admitted again, or needs a new identity.
    Retired,
    /// It has to be told the number under which it was admitted.
    OtherNumber,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            cursor: Cursor::ZERO,
            chain: Chain::default(),
            trouble: None,
            admission: 1,
            highest_admission: 1,
        }
    }
}

impl Receiver {
    /// What it has of an origin.
    pub(crate) fn prefix(&self, origin: Uuid) -> Prefix {
        let place = self.places.get(&origin);
        place.map_or(Prefix::default(), |place| place.chain.prefix())
    }

    /// The numbers of the changes that it has of an origin.
    pub(crate) fn numbers(&self, origin: Uuid) -> &[u64] {
        let place = self.places.get(&origin);
        place.map_or(&[], |place| place.chain.numbers())
    }

    /// The stamp of the newest change that it has of an origin.
    pub(crate) fn newest(&self, origin: Uuid) -> Option<Hlc> {
        self.places.get(&origin)?.chain.newest()
    }

    pub(crate) fn cursor(&self, origin: Uuid) -> Cursor {
        let place = self.places.get(&origin);
        place.map_or(Cursor::ZERO, |place| place.cursor)
    }

    pub(crate) fn trouble(&self, origin: Uuid) -> Option<Trouble> {
        self.places.get(&origin)?.trouble
    }

    /// Applies a page in one step with the new cursor. A page that was read from
    /// another place is an old one, or a duplicate: nothing happens.
    pub(crate) fn apply(&mut self, origin: Uuid, page: &Page) -> bool {
        let place = self.places.entry(origin).or_default();
        if place.cursor != page.after || page.entries.is_empty() {
            return false;
        }
        page.entries
            .iter()
            .for_each(|entry| place.chain.push(entry));
        place.cursor = page.next;
        place.trouble = None;
        true
    }

    /// Replaces what it has of an origin by a copy of its state at `pin`, if it
    /// is still where it was when it asked for one. The number of its admission comes with it.
    pub(crate) fn take_copy(
        &mut self,
        origin: Uuid,
        asked: Cursor,
        pin: Cursor,
        copy: Chain,
        admission: u32,
    ) -> bool {
        let place = self.places.entry(origin).or_default();
        if place.cursor != asked {
            return false;
        }
        *place = Place {
            cursor: pin,
            chain: copy,
            trouble: None,
            admission,
            highest_admission: place.highest_admission.max(admission),
        };
        true
    }

    /// Notes that a read from `asked` was refused, unless it is elsewhere now.
    pub(crate) fn refused(&mut self, origin: Uuid, asked: Cursor, trouble: Trouble) {
        let place = self.places.entry(origin).or_default();
        if place.cursor == asked {
            place.trouble = Some(trouble);
        }
    }

    /// The number under which it speaks.
    pub(crate) fn admission(&self, origin: Uuid) -> u32 {
        let place = self.places.get(&origin);
        place.map_or(1, |place| place.admission)
    }

    /// Notes the number under which it was admitted; returns whether it is above all that it
    /// was given before.
    pub(crate) fn admitted(&mut self, origin: Uuid, admission: u32) -> bool {
        let place = self.places.entry(origin).or_default();
        let solved = [Some(Trouble::Retired), Some(Trouble::OtherNumber)];
        if solved.contains(&place.trouble) {
            place.trouble = None;
        }
        place.admission = admission;
        let highest = place.highest_admission.max(admission);
        std::mem::replace(&mut place.highest_admission, highest) < highest
    }

    /// Loses what it has of an origin, but for the numbers that it was given.
    pub(crate) fn forget(&mut self, origin: Uuid) {
        let place = self.places.entry(origin).or_default();
        *place = Place {
            admission: place.admission,
            highest_admission: place.highest_admission,
            ..Place::default()
        };
    }

    /// Notes that it was registered.
    pub(crate) fn registered(&mut self, origin: Uuid) {
        let place = self.places.entry(origin).or_default();
        place.trouble = place.trouble.filter(|t| *t != Trouble::Unknown);
    }
}

#[cfg(test)]
mod tests {
    use sync_log_core::{Mark, SharedChangeEntry};

    use super::*;
    use crate::change::change;

    const ORIGIN: Uuid = Uuid::from_u128(7);

    fn entry(ms: u64) -> SharedChangeEntry {
        change(ms).stamped(Hlc::new(ms, 0, ORIGIN))
    }

    fn place(ms: u64) -> Cursor {
        Cursor::new(
            ORIGIN,
            Hlc::new(ms, 0, ORIGIN),
            Mark::ZERO.then(&entry(ms)).tag,
        )
        .unwrap()
    }

    fn page(after: Cursor, ms: u64) -> Page {
        Page {
            after,
            entries: vec![entry(ms)],
            next: place(ms),
            head: Hlc::new(ms, 0, ORIGIN),
            floor: Hlc::ZERO,
            more: false,
        }
    }

    #[test]
    fn a_page_is_applied_where_it_was_asked_for_and_nowhere_else() {
        let mut receiver = Receiver::default();
        assert!(receiver.apply(ORIGIN, &page(Cursor::ZERO, 1)));
        assert!(!receiver.apply(ORIGIN, &page(Cursor::ZERO, 1)), "again");
        assert!(!receiver.apply(ORIGIN, &page(place(5), 6)), "too early");
        assert_eq!(receiver.cursor(ORIGIN), place(1));
        assert_eq!(receiver.numbers(ORIGIN), [1]);
    }

    #[test]
    fn a_copy_replaces_what_was_there_unless_it_moved_meanwhile() {
        let mut receiver = Receiver::default();
        receiver.apply(ORIGIN, &page(Cursor::ZERO, 1));
        receiver.refused(ORIGIN, place(1), Trouble::NeedsCopy);
        let mut copy = Chain::default();
        [entry(2), entry(3)]
            .iter()
            .for_each(|entry| copy.push(entry));
        assert!(!receiver.take_copy(ORIGIN, Cursor::ZERO, place(3), copy.clone(), 1));
        assert!(receiver.take_copy(ORIGIN, place(1), place(3), copy, 1));
        assert_eq!(receiver.numbers(ORIGIN), [2, 3]);
        assert_eq!(receiver.trouble(ORIGIN), None);
    }

    #[test]
    fn an_admission_number_outlives_what_was_received() {
        let mut receiver = Receiver::default();
        receiver.apply(ORIGIN, &page(Cursor::ZERO, 1));
        receiver.refused(ORIGIN, place(1), Trouble::Retired);
        assert!(receiver.admitted(ORIGIN, 2));
        assert!(!receiver.admitted(ORIGIN, 2));
        assert!(!receiver.admitted(ORIGIN, 1), "a lower one");
        assert!(!receiver.admitted(ORIGIN, 2), "given before");
        assert_eq!(receiver.trouble(ORIGIN), None);
        receiver.take_copy(ORIGIN, place(1), place(3), Chain::default(), 2);
        receiver.forget(ORIGIN);
        assert_eq!(receiver.cursor(ORIGIN), Cursor::ZERO);
        assert_eq!(receiver.admission(ORIGIN), 2);
    }

    #[test]
    fn a_refusal_of_an_earlier_place_is_no_trouble_any_more() {
        let mut receiver = Receiver::default();
        receiver.apply(ORIGIN, &page(Cursor::ZERO, 1));
        receiver.refused(ORIGIN, Cursor::ZERO, Trouble::Unknown);
        assert_eq!(receiver.trouble(ORIGIN), None);
        receiver.refused(ORIGIN, place(1), Trouble::Unknown);
        receiver.registered(ORIGIN);
        assert_eq!(receiver.trouble(ORIGIN), None);
    }
}
