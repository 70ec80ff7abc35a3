//! How old entries are (`P6`).

/// The age of an entry, in ms; never negative, whatever the clock reads.
pub(crate) fn age(created_at_ms: i64, now_ms: i64) -> u64 {
    u64::try_from(now_ms.saturating_sub(created_at_ms)).unwrap_or(0)
}

/// Whether an entry is dated after now: the wall clock was set back since, or another program wrote
/// the row.
pub(crate) const fn is_after(created_at_ms: i64, now_ms: i64) -> bool {
    created_at_ms > now_ms
}

/// How old an entry is at least. An entry that is dated after now is at least as old as any entry
/// behind it, so `earliest_ms`, the earliest time at which one of those was written, counts instead.
pub(crate) fn age_at_least(created_at_ms: i64, earliest_ms: Option<i64>, now_ms: i64) -> u64 {
    let is_past = |ms: &i64| !is_after(*ms, now_ms);
    let behind_ms = earliest_ms.filter(is_past);
    let known_ms = Some(created_at_ms).filter(is_past).or(behind_ms);
    known_ms.map_or(0, |ms| age(ms, now_ms))
}
