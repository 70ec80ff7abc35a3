//! A sign that a file was restored or cloned is kept where one was found, and nowhere else, until
//! it is dismissed (`H7`, `R2`, `K6`).

use std::collections::BTreeMap;

use sync_log_core::{Hlc, VerdictKind};

use super::Violation;
use crate::chain::Lineage;
use crate::storage::Sign;

const NAME: &str = "verdicts";

/// The signs that are kept, at most one of a kind.
type Signs = BTreeMap<VerdictKind, Sign>;

/// Whether every new sign was to be expected, and none was lost.
pub fn check(
    before: &Signs,
    after: &Signs,
    is_expected: impl Fn(VerdictKind, Sign) -> bool,
    is_dismissed: bool,
) -> Result<(), Violation> {
    for (kind, sign) in after {
        if before.get(kind) != Some(sign) && !is_expected(*kind, *sign) {
            return Err(broken(format!("{kind} at {} is a false alarm", sign.hlc)));
        }
    }
    let lost = before.keys().find(|kind| !after.contains_key(kind));
    match lost.filter(|_| !is_dismissed) {
        Some(kind) => Err(broken(format!("{kind} was not dismissed and is lost"))),
        None => Ok(()),
    }
}

/// Whether the log shows the signs that are kept.
pub fn check_shown(kept: &Signs, shown: &Signs) -> Result<(), Violation> {
    if kept == shown {
        return Ok(());
    }
    Err(broken(format!("{shown:?} is shown instead of {kept:?}")))
}

/// Whether a refusal that is a sign of `kind` left one.
pub fn check_left(kept: &Signs, kind: VerdictKind) -> Result<(), Violation> {
    if kept.contains_key(&kind) {
        return Ok(());
    }
    Err(broken(format!("{kind} was found and not kept")))
}

/// Whether an own stamp that came back was refused if and only if the log cannot know it.
pub fn check_echo(
    lineage: &Lineage,
    settled: Hlc,
    stamp: Hlc,
    is_refused: bool,
) -> Result<(), Violation> {
    match (is_unknown(lineage, settled, stamp), is_refused) {
        (true, false) => Err(broken(format!("{stamp} is not of this log and passed"))),
        (false, true) => Err(broken(format!(
            "{stamp} may be of this log and was refused"
        ))),
        _ => Ok(()),
    }
}

/// Whether a log that was settled at `settled` cannot know `stamp` of its own device.
pub fn is_unknown(lineage: &Lineage, settled: Hlc, stamp: Hlc) -> bool {
    stamp > lineage.floor().hlc.max(settled) && lineage.at(stamp).is_none()
}

fn broken(what: String) -> Violation {
    Violation::new(NAME, what)
}

#[cfg(test)]
mod tests {
    use super::super::sample::stamp;
    use super::*;

    fn signs(found: &[(VerdictKind, u64)]) -> Signs {
        let found = found.iter();
        let signs = found.map(|(kind, ms)| {
            let (hlc, peer) = (stamp(*ms), None);
            (*kind, Sign { hlc, peer })
        });
        signs.collect()
    }

    #[test]
    fn what_is_expected_appears_and_what_is_dismissed_goes() {
        let (none, one) = (signs(&[]), signs(&[(VerdictKind::OwnStamp, 7)]));
        let is_expected = |kind, sign: Sign| kind == VerdictKind::OwnStamp && sign.hlc == stamp(7);
        assert_eq!(check(&none, &one, is_expected, false), Ok(()));
        assert_eq!(check(&one, &one, |_, _| false, false), Ok(()));
        assert_eq!(check(&one, &none, |_, _| false, true), Ok(()));
        assert_eq!(check_shown(&one, &one), Ok(()));
        assert_eq!(check_left(&one, VerdictKind::OwnStamp), Ok(()));
    }

    #[test]
    fn a_false_alarm_and_a_sign_that_is_lost_are_reported() {
        let (none, one) = (signs(&[]), signs(&[(VerdictKind::OwnStamp, 7)]));
        let other = signs(&[(VerdictKind::OwnStamp, 8)]);
        assert!(check(&none, &one, |_, _| false, true).is_err());
        assert!(check(&one, &other, |_, _| false, true).is_err());
        assert!(check(&one, &none, |_, _| true, false).is_err());
        assert!(check_shown(&one, &none).is_err());
        assert!(check_left(&one, VerdictKind::Diverged).is_err());
    }

    #[test]
    fn an_own_stamp_is_refused_if_and_only_if_the_log_cannot_know_it() {
        let lineage = Lineage::sample(5, 2);
        for (settled, ms, is_unknown) in [
            (0, 15, false),
            (0, 30, false),
            (0, 35, true),
            (35, 35, false),
            (35, 45, true),
            (35, 60, true),
        ] {
            let judged = |is_refused| check_echo(&lineage, stamp(settled), stamp(ms), is_refused);
            assert_eq!(judged(is_unknown), Ok(()), "{ms}");
            assert!(judged(!is_unknown).is_err(), "{ms}");
        }
    }
}
