//! Faults in how a stamp is written and read: `H6`.

use super::super::bench::Codec;
use super::*;

pub(crate) const FAULTS: &[Fault] = &[
    fault("H6", "reads upper case", |bench| {
        bench.codec.parse = |text| text.to_lowercase().parse();
    }),
    fault("H6", "reads a device id in upper case", |bench| {
        bench.codec.parse = |text| match text.split_at_checked(34) {
            Some((numbers, device)) => (numbers.to_owned() + &device.to_lowercase()).parse(),
            None => text.parse(),
        };
    }),
    fault("H6", "reads a plus sign in front of a number", |bench| {
        bench.codec.parse = |text| {
            let text = match text.strip_prefix('+') {
                Some(rest) => "0".to_owned() + rest,
                None => text.to_owned(),
            };
            text.replace("-+", "-0").parse()
        };
    }),
    fault("H6", "reads every spelling of a device id", |bench| {
        bench.codec.parse = |text| {
            let device = text
                .get(34..)
                .and_then(|device| Uuid::parse_str(device).ok());
            match (device, text.get(..34)) {
                (Some(device), Some(numbers)) => format!("{numbers}{device}").parse(),
                _ => text.parse(),
            }
        };
    }),
    fault("H6", "reads numbers of any width", |bench| {
        bench.codec.parse = |text| match text.splitn(3, '-').collect::<Vec<_>>()[..] {
            [timestamp, counter, device] => {
                format!("{timestamp:0>16}-{counter:0>16}-{device}").parse()
            }
            _ => text.parse(),
        };
    }),
    fault("H6", "reads past spaces at the ends", |bench| {
        bench.codec.parse = |text| text.trim().parse();
    }),
    fault("H6", "reads a text with something after it", |bench| {
        bench.codec.parse = |text| text.get(..Hlc::TEXT_LEN).unwrap_or(text).parse();
    }),
    fault("H6", "reads other separators", |bench| {
        bench.codec.parse = |text| text.replace('_', "-").parse();
    }),
    fault("H6", "does not look at the separators", |bench| {
        bench.codec.parse = |text| {
            let mut bytes = text.as_bytes().to_vec();
            for at in [16, 33, 42, 47, 52, 57] {
                if let Some(byte) = bytes.get_mut(at).filter(|byte| byte.is_ascii()) {
                    *byte = b'-';
                }
            }
            String::from_utf8(bytes).unwrap().parse()
        };
    }),
    fault("H6", "reads anything as some stamp", |bench| {
        bench.codec.parse = |text| Ok(text.parse().unwrap_or(Hlc::ZERO));
    }),
    fault("H6", "cuts a text between bytes and panics", |bench| {
        bench.codec.parse = |text| match text.len() {
            0..16 => text.parse(),
            _ => format!("{}{}", &text[..16], &text[16..]).parse(),
        };
    }),
    fault("H6", "writes upper case", |bench| {
        bench.codec.to_text = |stamp| stamp.to_string().to_uppercase();
    }),
    fault("H6", "displays numbers without padding", |bench| {
        bench.codec.display = unpadded;
    }),
    fault("H6", "writes and reads numbers without padding", |bench| {
        bench.codec.to_text = unpadded;
        bench.codec.display = unpadded;
        bench.codec.parse = |text| match text.splitn(3, '-').collect::<Vec<_>>()[..] {
            [timestamp, counter, device] => {
                format!("{timestamp:0>16}-{counter:0>16}-{device}").parse()
            }
            _ => text.parse(),
        };
    }),
    fault("H6", "loses the high bits of a counter", |bench| {
        bench.codec.parse = |text| {
            let stamp = (Codec::RIGHT.parse)(text)?;
            Ok(Hlc::new(
                stamp.timestamp,
                stamp.counter & 0xffff,
                stamp.device_id,
            ))
        };
    }),
    fault("H6", "writes bytes with the low one first", |bench| {
        bench.codec.to_bytes = |stamp| {
            let mut bytes = stamp.to_bytes();
            bytes[..8].reverse();
            bytes
        };
        bench.codec.from_bytes = |mut bytes| {
            bytes[..8].reverse();
            Hlc::from_bytes(bytes)
        };
    }),
    fault("H6", "writes the device in front", |bench| {
        bench.codec.to_text = |stamp| {
            let text = stamp.to_string();
            format!("{}-{}", &text[34..], &text[..33])
        };
    }),
    fault(
        "H6",
        "reads the bytes of a device in another order",
        |bench| {
            bench.codec.from_bytes = |bytes| {
                let stamp = Hlc::from_bytes(bytes);
                let device_id = Uuid::from_bytes_le(stamp.device_id.into_bytes());
                Hlc::new(stamp.timestamp, stamp.counter, device_id)
            };
        },
    ),
];

fn unpadded(stamp: Hlc) -> String {
    let Hlc {
        timestamp,
        counter,
        device_id,
    } = stamp;
    format!("{timestamp:x}-{counter:x}-{device_id}")
}
