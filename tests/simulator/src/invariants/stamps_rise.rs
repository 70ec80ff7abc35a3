//! A stamp is above everything that its device had issued or observed when the
//! call began (`H1`, `H5`, `A5`). A restored file knows what it knew then; that
//! it may repeat stamps is what `R2` tells its readers.

use sync_log_core::Hlc;

use super::Violation;

const NAME: &str = "stamps_rise";

/// Whether `stamps` are ascending and above `highest`.
pub fn check(highest: Hlc, stamps: &[Hlc]) -> Result<(), Violation> {
    let mut below = highest;
    for stamp in stamps {
        if *stamp <= below {
            let what = format!("{stamp} was issued after {below}");
            return Err(Violation::new(NAME, what));
        }
        below = *stamp;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::stamp;
    use super::*;

    #[test]
    fn stamps_above_the_highest_are_fine() {
        assert_eq!(check(stamp(1), &[stamp(2), stamp(3)]), Ok(()));
        assert_eq!(check(stamp(1), &[]), Ok(()));
    }

    #[test]
    fn a_stamp_that_is_repeated_or_lower_is_told() {
        assert!(check(stamp(2), &[stamp(2)]).is_err());
        assert!(check(stamp(2), &[stamp(1)]).is_err());
        assert!(check(stamp(2), &[stamp(3), stamp(3)]).is_err());
    }
}
