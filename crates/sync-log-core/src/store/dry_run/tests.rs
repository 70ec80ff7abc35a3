use uuid::Uuid;

use super::*;

#[test]
fn just_below_a_stamp_is_nothing_else() {
    let stamp = |counter, device| Hlc::new(7, counter, Uuid::from_u128(device));
    assert_eq!(just_below(stamp(1, 5)), stamp(1, 4));
    assert_eq!(just_below(stamp(1, 0)), stamp(0, u128::MAX));
    assert_eq!(just_below(Hlc::ZERO), Hlc::ZERO);
}
