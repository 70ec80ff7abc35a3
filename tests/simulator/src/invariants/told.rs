//! A watch tells what was committed, as soon as that is above what it has told, and
//! nothing else (`R3`).

use sync_log_core::Hlc;

use super::Violation;

const NAME: &str = "told";

/// Whether a watch that told `seen` last is right to say `told`, or to wait on, where
/// the head is.
pub fn check(seen: Hlc, head: Hlc, told: Option<Hlc>) -> Result<(), Violation> {
    let right = (head > seen).then_some(head);
    if told == right {
        return Ok(());
    }
    let say = |hlc: Option<Hlc>| hlc.map_or("nothing".to_owned(), |hlc| hlc.to_string());
    let what = format!(
        "a watch that was told {seen} tells {} instead of {}",
        say(told),
        say(right)
    );
    Err(Violation::new(NAME, what))
}

#[cfg(test)]
mod tests {
    use super::super::sample::stamp;
    use super::*;

    #[test]
    fn the_head_is_told_once() {
        assert_eq!(check(stamp(1), stamp(2), Some(stamp(2))), Ok(()));
        assert_eq!(check(stamp(2), stamp(2), None), Ok(()));
        assert_eq!(check(stamp(2), stamp(1), None), Ok(()));
    }

    #[test]
    fn a_watch_that_sleeps_repeats_or_makes_up_is_told() {
        for (seen, head, told) in [
            (1, 2, None),
            (2, 2, Some(2)),
            (1, 2, Some(3)),
            (3, 2, Some(2)),
        ] {
            assert!(check(stamp(seen), stamp(head), told.map(stamp)).is_err());
        }
    }
}
