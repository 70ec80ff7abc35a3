//! The oracle's own reading of a stamp.
//!
//! Written apart from the clock's code on purpose: an error in how that reads
//! or compares stamps must not hide itself here.

/// A stamp, in the order of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    timestamp: u64,
    counter: u64,
    device: u128,
}

impl Stamp {
    /// Reads `{timestamp:016x}-{counter:016x}-{device}`, and nothing else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (timestamp, rest) = text.split_once('-')?;
        let (counter, device) = rest.split_once('-')?;
        Some(Self {
            timestamp: hexadecimal(timestamp)?,
            counter: hexadecimal(counter)?,
            device: uuid(device)?,
        })
    }

    /// Whether it is a stamp of the device with that id.
    pub(super) fn is_of(&self, device: &str) -> bool {
        uuid(device) == Some(self.device)
    }
}

fn hexadecimal(digits: &str) -> Option<u64> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() == 16 && digits.bytes().all(is_digit) {
        u64::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

/// Five groups of lower-case digits; the value, so that it sorts by its bytes.
fn uuid(text: &str) -> Option<u128> {
    let mut groups = text.split('-');
    let mut digits = String::new();
    for length in [8, 4, 4, 4, 12] {
        let group = groups.next().filter(|group| group.len() == length)?;
        digits.push_str(group);
    }
    if groups.next().is_some() || !digits.is_ascii() {
        return None;
    }
    let (high, low) = digits.split_at(16);
    Some(u128::from(hexadecimal(high)?) << 64 | u128::from(hexadecimal(low)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0000018bcfe56800-0000000000000007-afe3b279-4b1b-5c84-bccd-5eb58605a254";

    #[test]
    fn a_stamp_is_read_in_its_one_form() {
        let stamp = Stamp::read(TEXT).unwrap();
        assert_eq!((stamp.timestamp, stamp.counter), (0x018b_cfe5_6800, 7));
        assert_eq!(stamp.device, 0xafe3_b279_4b1b_5c84_bccd_5eb5_8605_a254);
        assert!(stamp.is_of("afe3b279-4b1b-5c84-bccd-5eb58605a254"));
        assert!(!stamp.is_of("afe3b279-4b1b-5c84-bccd-5eb58605a255"));
    }

    #[test]
    fn every_other_form_is_refused() {
        let wrong = [
            String::new(),
            TEXT.to_uppercase(),
            TEXT[1..].to_owned(),
            format!("{TEXT}0"),
            format!("{TEXT}-0"),
            TEXT.replacen("00", "+0", 1),
            TEXT.replacen('-', "_", 1),
            TEXT.replace("4b1b-5c84", "4b1-b5c84"),
            TEXT.replace("afe3", "é\u{e9}"),
        ];
        for text in wrong {
            assert_eq!(Stamp::read(&text), None, "{text}");
        }
    }

    #[test]
    fn time_comes_before_counter_and_counter_before_device() {
        let stamp = |timestamp, counter, device| Stamp {
            timestamp,
            counter,
            device,
        };
        let ascending = [
            stamp(0, 0, 9),
            stamp(0, 1, 0),
            stamp(0, 1, 1),
            stamp(1, 0, 0),
        ];
        assert!(ascending.is_sorted());
    }
}
