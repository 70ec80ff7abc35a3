//! `H6`: one stamp, one text. The text, the bytes and the stamps have the same order.

use hlc::ParseHlcErrorKind;
use proptest::prelude::*;

use super::*;

checks!["H6":
    text_and_bytes_sort_as_the_stamps_do,
    a_stamp_comes_back_from_its_text_and_its_bytes,
    the_text_is_the_one_that_format_would_write,
    a_text_with_one_byte_more_or_less_fails,
    any_string_parses_to_a_stamp_of_that_text_or_fails,
    any_string_that_looks_like_a_stamp_parses_to_a_stamp_of_that_text_or_fails,
    every_byte_at_every_position_fails_or_is_read_back,
    the_frozen_texts_and_bytes_are_written_and_read,
    other_spellings_of_the_same_values_are_refused,
];

fn cases(bench: &Bench) -> u32 {
    bench.effort(256, 64)
}

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

fn text_and_bytes_sort_as_the_stamps_do(bench: &Bench) {
    let (to_text, to_bytes) = (bench.codec.to_text, bench.codec.to_bytes);
    bench.for_all(cases(bench), (stamps(), stamps()), |(a, b)| {
        prop_assert_eq!(to_text(a).cmp(&to_text(b)), a.cmp(&b));
        prop_assert_eq!(to_bytes(a).cmp(&to_bytes(b)), a.cmp(&b));
        Ok(())
    });
}

fn a_stamp_comes_back_from_its_text_and_its_bytes(bench: &Bench) {
    let codec = &bench.codec;
    bench.for_all(cases(bench), stamps(), |stamp| {
        let text = (codec.display)(stamp);
        prop_assert_eq!(text.len(), Hlc::TEXT_LEN);
        prop_assert_eq!(&text, &(codec.to_text)(stamp));
        prop_assert_eq!((codec.parse)(&text), Ok(stamp));
        prop_assert_eq!((codec.from_bytes)((codec.to_bytes)(stamp)), stamp);
        Ok(())
    });
}

fn the_text_is_the_one_that_format_would_write(bench: &Bench) {
    bench.for_all(cases(bench), stamps(), |stamp| {
        let Hlc {
            timestamp,
            counter,
            device_id,
        } = stamp;
        let expected = format!("{timestamp:016x}-{counter:016x}-{device_id}");
        prop_assert_eq!((bench.codec.to_text)(stamp), expected);
        Ok(())
    });
}

fn a_text_with_one_byte_more_or_less_fails(bench: &Bench) {
    bench.for_all(cases(bench), (stamps(), 0..Hlc::TEXT_LEN), |(stamp, at)| {
        let text = (bench.codec.to_text)(stamp);
        let shorter = [&text[..at], &text[at + 1..]].concat();
        let longer = [&text[..at], "0", &text[at..]].concat();
        for wrong in [shorter, longer] {
            let kind = (bench.codec.parse)(&wrong).map_err(|error| error.kind());
            prop_assert_eq!(kind, Err(ParseHlcErrorKind::Length { found: wrong.len() }));
        }
        Ok(())
    });
}

fn any_string_parses_to_a_stamp_of_that_text_or_fails(bench: &Bench) {
    bench.for_all(cases(bench), any::<String>(), |text| {
        never_a_second_text(bench, &text)
    });
}

const LOOKS_LIKE_A_STAMP: &str = "[0-9a-fA-F+ -]{16}[-_0]([0-9a-f]{16}|[0-9A-F+]{16})-\
    ([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[{][0-9a-f]{32}[}]..|[0-9a-fA-F-]{36})";

fn any_string_that_looks_like_a_stamp_parses_to_a_stamp_of_that_text_or_fails(bench: &Bench) {
    bench.for_all(cases(bench), LOOKS_LIKE_A_STAMP, |text| {
        never_a_second_text(bench, &text)
    });
}

fn never_a_second_text(bench: &Bench, text: &str) -> Result<(), TestCaseError> {
    match (bench.codec.parse)(text) {
        Ok(stamp) => prop_assert_eq!((bench.codec.display)(stamp), text),
        Err(error) => prop_assert!(error.position() <= Hlc::TEXT_LEN),
    }
    Ok(())
}

fn every_byte_at_every_position_fails_or_is_read_back(bench: &Bench) {
    let stamp = Hlc::new(
        0xfedc_ba98_7654_3210,
        0x0123_4567_89ab_cdef,
        Uuid::from_u128(7),
    );
    for position in 0..Hlc::TEXT_LEN {
        for byte in 0..128 {
            let mut bytes = (bench.codec.to_text)(stamp).into_bytes();
            let hyphen = bytes[position] == b'-';
            bytes[position] = byte;
            let text = str::from_utf8(&bytes).unwrap();
            let valid = if hyphen {
                byte == b'-'
            } else {
                matches!(byte, b'0'..=b'9' | b'a'..=b'f')
            };
            match (bench.codec.parse)(text) {
                Ok(parsed) => assert_eq!(
                    ((bench.codec.to_text)(parsed).as_str(), valid),
                    (text, true)
                ),
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

fn the_frozen_texts_and_bytes_are_written_and_read(bench: &Bench) {
    for (stamp, text, bytes) in FROZEN {
        assert_eq!((bench.codec.to_text)(stamp), text);
        assert_eq!((bench.codec.parse)(text), Ok(stamp));
        assert_eq!((bench.codec.to_bytes)(stamp), bytes);
        assert_eq!((bench.codec.from_bytes)(bytes), stamp);
    }
}

fn other_spellings_of_the_same_values_are_refused(bench: &Bench) {
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
        assert!((bench.codec.parse)(text).is_err(), "{text}");
    }
}

/// What only the types of the crate have.
#[test]
fn texts_on_the_stack_compare_as_the_stamps_do_and_try_from_reads_them() {
    Bench::shipped().for_all(256, (stamps(), stamps()), |(a, b)| {
        prop_assert_eq!(a.to_text().cmp(&b.to_text()), a.cmp(&b));
        prop_assert_eq!(Hlc::try_from(a.to_text().as_str()), Ok(a));
        Ok(())
    });
}
