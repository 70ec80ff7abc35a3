//! Durations for people.

/// The two largest units of a time in ms, the second one only if there is any of it.
pub(crate) fn duration(ms: u64) -> String {
    let units = [
        (ms / 86_400_000, "d"),
        (ms / 3_600_000 % 24, "h"),
        (ms / 60_000 % 60, "min"),
        (ms / 1000 % 60, "s"),
    ];
    let Some(largest) = units.iter().position(|(count, _)| *count > 0) else {
        return format!("{ms} ms");
    };
    let shown = units[largest..].iter().take(2);
    let shown = shown.filter(|(count, _)| *count > 0);
    let texts: Vec<String> = shown
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    texts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_its_two_largest_units() {
        let cases = [
            (7, "7 ms"),
            (59_999, "59 s"),
            (61_000, "1 min 1 s"),
            (3_660_000, "1 h 1 min"),
            (3_601_000, "1 h"),
            (172_800_000, "2 d"),
            (34_650_000_000, "401 d 1 h"),
        ];
        for (ms, expected) in cases {
            assert_eq!(duration(ms), expected);
        }
    }
}
