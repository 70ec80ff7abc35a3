//! The text form next to what the standard library makes of it.

use std::hint::black_box;

use hlc::{Hlc, Uuid};
use paired_bench::{Bench, Ratio, Target};

use crate::sample::fastest;

/// A burst takes about a millisecond, of ours and of the other.
const CALLS: u32 = 1 << 16;
const CALLS_OTHER: u32 = 1 << 12;

pub(crate) fn next_to_the_standard_library(bench: &mut Bench) {
    let device = Uuid::from_u128(0x0190_a5e4_7b1c_7000_8000_0123_4567_89ab);
    let stamp = Hlc::new(1_700_000_000_000, 0x2a, device);
    let text = stamp.to_text();
    assert_eq!(formatted(&stamp), text.as_str());
    assert_eq!(split_and_parsed(&text), Some(stamp));

    bench.ratio(
        Ratio {
            id: "text_encode",
            work: "encode the 70 bytes of a stamp",
            ours: "to_text",
            limit: "format!",
            target: Target::Faster(17.0),
        },
        || fastest::<CALLS, _>(|_| black_box(&stamp).to_text()),
        || fastest::<CALLS_OTHER, _>(|_| formatted(black_box(&stamp))),
    );
    bench.ratio(
        Ratio {
            id: "text_parse",
            work: "parse the 70 bytes of a stamp",
            ours: "from_str, strict",
            limit: "split, from_str_radix, Uuid::parse_str",
            target: Target::Faster(3.0),
        },
        || fastest::<CALLS, _>(|_| black_box(text.as_str()).parse::<Hlc>().unwrap()),
        || fastest::<CALLS_OTHER, _>(|_| split_and_parsed(black_box(&text)).unwrap()),
    );
}

fn formatted(stamp: &Hlc) -> String {
    let Hlc {
        timestamp,
        counter,
        device_id,
    } = stamp;
    format!("{timestamp:016x}-{counter:016x}-{device_id}")
}

fn split_and_parsed(text: &str) -> Option<Hlc> {
    let mut parts = text.splitn(3, '-');
    let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
    let (timestamp, counter) = (number()?, number()?);
    let device_id = Uuid::parse_str(parts.next()?).ok()?;
    Some(Hlc::new(timestamp, counter, device_id))
}
