//! Pages that no honest log serves: what a faulty peer, or a log that was put back, may send.

use sync_log_core::{Cursor, Mark, Page, SharedChangeEntry, Uuid};

use super::step::Forgery;

/// The log that a forged page claims to be of.
const OTHER_LOG: Uuid = Uuid::from_u128(0xbad);

/// A page that is like this one, and forged; `None` if nothing of it can be forged.
pub(crate) fn forged(page: &Page, how: Forgery) -> Option<Page> {
    let mut entries = page.entries.clone();
    let first = entries.first_mut()?;
    match how {
        Forgery::OtherLog => Some(chained(OTHER_LOG, page.after, entries, page)),
        Forgery::OtherPast => {
            first.data = first.data.as_str().replace('1', "7").parse().ok()?;
            let is_other = *first != page.entries[0];
            is_other.then(|| chained(page.next.log_id(), page.after, entries, page))
        }
        Forgery::OtherEntry => {
            first.model_version += 1;
            Some(Page {
                entries,
                ..page.clone()
            })
        }
    }
}

/// The page that these entries make after a cursor, in a chain that fits.
pub(crate) fn chained(
    log_id: Uuid,
    after: Cursor,
    entries: Vec<SharedChangeEntry>,
    like: &Page,
) -> Page {
    let end = entries.iter().fold(after.mark(), Mark::then);
    let at = |mark: Mark| {
        if mark == Mark::ZERO {
            return Cursor::ZERO;
        }
        Cursor::new(log_id, mark.hlc, mark.tag).expect("a stamp and a tag make a cursor")
    };
    Page {
        after: at(after.mark()),
        next: at(end),
        entries,
        ..like.clone()
    }
}
