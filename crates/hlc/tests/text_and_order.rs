//! `H6`: one stamp, one text. The text, the bytes and the stamps have the same order.

use hlc::{Hlc, ParseHlcErrorKind, Uuid};
use proptest::prelude::*;

/// Stamps that agree in many fields, so that each field gets to decide the order.
fn stamps() -> impl Strategy<Value = Hlc> {
    let number = || prop_oneof![0_u64..3, any::<u64>(), (0..64_u32).prop_map(|bit| 1 << bit)];
    let device = prop_oneof![
        0_u128..3,
        any::<u128>(),
        (0..128_u32).prop_map(|bit| 1 << bit)
    ];
    (number(), number(), device.prop_map(Uuid::from_u128))
        .prop_map(|(timestamp, counter, device_id)| Hlc::new(timestamp, counter, device_id))
}

proptest! {
    #[test]
    fn text_and_bytes_sort_as_the_stamps_do(a in stamps(), b in stamps()) {
        prop_assert_eq!(a.to_text().as_str().cmp(b.to_text().as_str()), a.cmp(&b));
        prop_assert_eq!(a.to_text().cmp(&b.to_text()), a.cmp(&b));
        prop_assert_eq!(a.to_bytes().cmp(&b.to_bytes()), a.cmp(&b));
    }

    #[test]
    fn a_stamp_comes_back_from_its_text_and_its_bytes(stamp in stamps()) {
        let text = stamp.to_string();
        prop_assert_eq!(text.len(), Hlc::TEXT_LEN);
        let on_the_stack = stamp.to_text();
        prop_assert_eq!(text.as_str(), on_the_stack.as_str());
        prop_assert_eq!(text.parse(), Ok(stamp));
        prop_assert_eq!(Hlc::try_from(text.as_str()), Ok(stamp));
        prop_assert_eq!(Hlc::from_bytes(stamp.to_bytes()), stamp);
    }

    #[test]
    fn the_text_is_the_one_that_format_would_write(stamp in stamps()) {
        let Hlc { timestamp, counter, device_id } = stamp;
        let expected = format!("{timestamp:016x}-{counter:016x}-{device_id}");
        let text = stamp.to_text();
        prop_assert_eq!(text.as_str(), expected);
    }

    #[test]
    fn a_text_with_one_byte_changed_fails_or_is_the_text_of_another_stamp(
        stamp in stamps(),
        position in 0..Hlc::TEXT_LEN,
        byte in 0_u8..128,
    ) {
        let mut bytes = *stamp.to_text().as_bytes();
        let unchanged = bytes[position] == byte;
        bytes[position] = byte;
        let text = str::from_utf8(&bytes).unwrap();
        match text.parse::<Hlc>() {
            Ok(parsed) => {
                prop_assert_eq!(parsed == stamp, unchanged);
                prop_assert_eq!(parsed.to_string(), text);
            }
            Err(error) => prop_assert_eq!(error.position(), position),
        }
    }

    #[test]
    fn a_text_with_one_byte_more_or_less_fails(stamp in stamps(), at in 0..Hlc::TEXT_LEN) {
        let text = stamp.to_string();
        let shorter = [&text[..at], &text[at + 1..]].concat();
        let longer = [&text[..at], "0", &text[at..]].concat();
        for text in [shorter, longer] {
            let error = text.parse::<Hlc>().unwrap_err();
            prop_assert_eq!(error.kind(), ParseHlcErrorKind::Length { found: text.len() });
        }
    }

    #[test]
    fn any_string_parses_to_a_stamp_of_that_text_or_fails(text in any::<String>()) {
        never_a_second_text(&text)?;
    }

    #[test]
    fn any_string_that_looks_like_a_stamp_parses_to_a_stamp_of_that_text_or_fails(
        text in "[0-9a-fA-F+ -]{16}[-_0]([0-9a-f]{16}|[0-9A-F+]{16})-([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[{][0-9a-f]{32}[}]..|[0-9a-fA-F-]{36})",
    ) {
        never_a_second_text(&text)?;
    }
}

fn never_a_second_text(text: &str) -> Result<(), TestCaseError> {
    match text.parse::<Hlc>() {
        Ok(stamp) => prop_assert_eq!(stamp.to_string(), text),
        Err(error) => prop_assert!(error.position() <= Hlc::TEXT_LEN),
    }
    Ok(())
}

#[test]
fn every_byte_at_every_position_fails_or_is_read_back() {
    let stamp = Hlc::new(
        0xfedc_ba98_7654_3210,
        0x0123_4567_89ab_cdef,
        Uuid::from_u128(7),
    );
    for position in 0..Hlc::TEXT_LEN {
        for byte in 0..128 {
            let mut bytes = *stamp.to_text().as_bytes();
            let hyphen = bytes[position] == b'-';
            bytes[position] = byte;
            let text = str::from_utf8(&bytes).unwrap();
            let valid = match hyphen {
                true => byte == b'-',
                false => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            };
            match text.parse::<Hlc>() {
                Ok(parsed) => assert_eq!((parsed.to_text().as_str(), valid), (text, true)),
                Err(error) => assert_eq!((error.position(), valid), (position, false)),
            }
        }
    }
}

/// Stored and sent by other programs: these never change.
const FROZEN: [(Hlc, &str, [u8; 32]); 4] = [
    (
        Hlc::ZERO,
        "0000000000000000-0000000000000000-00000000-0000-0000-0000-000000000000",
        [0; 32],
    ),
    (
        Hlc::new(u64::MAX, u64::MAX, Uuid::max()),
        "ffffffffffffffff-ffffffffffffffff-ffffffff-ffff-ffff-ffff-ffffffffffff",
        [0xff; 32],
    ),
    (
        Hlc::new(
            1_700_000_000_000,
            7,
            Uuid::from_u128(0x0190_a5e4_7b1c_7000_8000_0000_0000_abcd),
        ),
        "0000018bcfe56800-0000000000000007-0190a5e4-7b1c-7000-8000-00000000abcd",
        [
            0x00, 0x00, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00, // timestamp
            0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, // counter
            0x01, 0x90, 0xa5, 0xe4, 0x7b, 0x1c, 0x70, 0x00, // device id
            0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0xab, 0xcd,
        ],
    ),
    (
        Hlc::new(
            0x0123_4567_89ab_cdef,
            0xfedc_ba98_7654_3210,
            Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff),
        ),
        "0123456789abcdef-fedcba9876543210-00112233-4455-6677-8899-aabbccddeeff",
        [
            0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, // timestamp
            0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10, // counter
            0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, // device id
            0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
        ],
    ),
];

#[test]
fn the_frozen_texts_and_bytes_are_written_and_read() {
    for (stamp, text, bytes) in FROZEN {
        assert_eq!(stamp.to_text().as_str(), text);
        assert_eq!(text.parse(), Ok(stamp));
        assert_eq!(stamp.to_bytes(), bytes);
        assert_eq!(Hlc::from_bytes(bytes), stamp);
    }
}

#[test]
fn other_spellings_of_the_same_values_are_refused() {
    for text in [
        "+000018bcfe56800-0000000000000007-0190a5e4-7b1c-7000-8000-00000000abcd",
        "0000018BCFE56800-0000000000000007-0190a5e4-7b1c-7000-8000-00000000abcd",
        "0000018bcfe56800-0000000000000007-0190A5E4-7B1C-7000-8000-00000000ABCD",
        "0000018bcfe56800-0000000000000007-0190a5e47b1c7000800000000000abcd",
        "0000018bcfe56800-0000000000000007-{0190a5e4-7b1c-7000-8000-00000000abcd}",
        "0000018bcfe56800-0000000000000007-urn:uuid:0190a5e4-7b1c-7000-8000-00000000abcd",
        "18bcfe56800-7-0190a5e4-7b1c-7000-8000-00000000abcd",
        " 0000018bcfe56800-0000000000000007-0190a5e4-7b1c-7000-8000-00000000abcd",
        "0000018bcfe56800-0000000000000007-0190a5e4-7b1c-7000-8000-00000000abcd\n",
        "0000018bcfe56800_0000000000000007_0190a5e4-7b1c-7000-8000-00000000abcd",
    ] {
        assert!(text.parse::<Hlc>().is_err(), "{text}");
    }
}
