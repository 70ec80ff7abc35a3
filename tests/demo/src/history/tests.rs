//! Good histories are read whole, bad ones are refused with line and reason.

use super::*;

const LINE: &str =
    r#"{"t":10,"wall":9,"device":3,"op":"insert","model":"file","record":"a","data":{ "n": 1 }}"#;
const OTHER: &str =
    r#"{"t":11,"wall":9,"device":7,"op":"delete","model":"file","record":"a","data":null}"#;

fn read(text: &str) -> Result<History> {
    History::read(text.as_bytes())
}

/// The message for a history whose second line is `LINE` with one part replaced.
fn refusal(part: &str, wrong: &str) -> String {
    assert!(LINE.contains(part), "{part}");
    let text = format!("{OTHER_FIRST}\n{}\n{OTHER}\n", LINE.replace(part, wrong));
    message(read(&text))
}

/// Why a history was refused.
fn message(read: Result<History>) -> String {
    format!("{:#}", read.unwrap_err())
}

const OTHER_FIRST: &str =
    r#"{"t":10,"wall":9,"device":7,"op":"update","model":"file","record":"b","data":[]}"#;

#[test]
fn the_built_in_history_is_whole() {
    let history = History::built_in().unwrap();
    assert_eq!(history.changes.len(), 10_067);
    assert_eq!(history.devices, [0, 1, 2, 3, 4]);
    let records: BTreeSet<_> = history.changes.iter().map(|past| past.row.id).collect();
    assert_eq!(records.len(), 359);
}

#[test]
fn a_line_is_read_byte_for_byte_and_devices_become_indexes() {
    let history = read(&format!("{LINE}\r\n{OTHER}")).unwrap();
    assert_eq!(history.devices, [3, 7]);
    let [first, second] = &history.changes[..] else {
        panic!("two lines are two changes");
    };
    assert_eq!((first.t, first.wall, first.device), (10, 9, 0));
    assert_eq!(first.row.data, r#"{ "n": 1 }"#);
    assert_eq!((&*first.row.model, &*first.row.name), ("file", "a"));
    assert_eq!(second.device, 1);
    assert_eq!(second.op, ChangeType::Delete);
    assert_eq!(second.row.id, first.row.id);
}

#[test]
fn unknown_fields_and_walls_before_1970_are_fine() {
    let line = LINE.replace(r#""wall":9"#, r#""note":"x","wall":-5"#);
    assert_eq!(
        read(&format!("{line}\n{OTHER}")).unwrap().changes[0].wall,
        -5
    );
}

#[test]
fn each_fault_is_named_with_its_line() {
    let long = "m".repeat(129);
    let cases = [
        (r#""t":10"#, r#""t":8"#, "line 2: t falls from 10 to 8"),
        (r#""t":10"#, r#""t":-1"#, "line 2: t is -1, it must lie"),
        (
            r#""t":10"#,
            r#""t":300000000000000"#,
            "line 2: t is 300000000000000, it",
        ),
        (
            r#""t":10"#,
            r#""t":4000000000000"#,
            "line 2: t is more than 100 years",
        ),
        (
            r#""t":10"#,
            r#""t":1.5"#,
            "line 2: invalid type: floating point",
        ),
        (r#""t":10,"#, "", "line 2: missing field `t` (column"),
        (
            r#""wall":9"#,
            r#""wall":11"#,
            "line 2: wall is 11, after t, which is 10",
        ),
        (
            r#""device":3"#,
            r#""device":64"#,
            "line 2: device is 64, it must be 0 to 63",
        ),
        (
            r#""device":3"#,
            r#""device":300"#,
            "line 2: device is 300, it",
        ),
        (
            r#""device":3"#,
            r#""device":-1"#,
            "line 2: invalid value: integer `-1`",
        ),
        (
            r#""insert""#,
            r#""bulk_insert""#,
            "line 2: unknown variant `bulk_insert`",
        ),
        (r#""file""#, r#""""#, "line 2: model has 0 bytes"),
        (r#"file"#, &long, "line 2: model has 129 bytes, it must"),
        (r#""a""#, r#""""#, "line 2: record has 0 bytes"),
        (r#"{ "n": 1 }"#, "{", "line 2: EOF while parsing"),
        (LINE, "", "line 2: it is not a JSON object"),
        (
            LINE,
            r#"[10,9,3,"insert","m","r",1]"#,
            "line 2: it is not a JSON object",
        ),
        (r#""op""#, r#""t""#, "line 2: duplicate field `t`"),
    ];
    for (part, wrong, expected) in cases {
        let message = refusal(part, wrong);
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}

#[test]
fn a_record_may_be_as_large_as_an_entry_and_no_larger() {
    let sized = |length: usize| {
        let data = "1".repeat(length);
        LINE.replace(r#"{ "n": 1 }"#, &data)
    };
    let small = read(&format!("{}\n{OTHER}", sized(1))).unwrap();
    let frame = JsonText::from_serialize(&small.changes[0].row).unwrap();
    let room = MAX_DATA_BYTES - (frame.as_str().len() - 1);
    let largest = format!("{}\n{OTHER}", sized(room));
    assert_eq!(read(&largest).unwrap().changes.len(), 2);
    let error = message(read(&sized(room + 1)));
    assert_eq!(
        error,
        "line 1: the record has 1048577 bytes as JSON, the limit is 1048576"
    );
    let longer = message(read(&" ".repeat(3_000_000)));
    assert!(longer.contains("longer than"), "{longer}");
}

#[test]
fn nothing_and_one_device_alone_are_refused() {
    assert_eq!(message(read("")), "line 1: there is no change in it");
    let error = message(read(&format!("{LINE}\n{LINE}\n")));
    assert!(error.starts_with("line 3: only device 3 occurs"), "{error}");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let read = History::read(&b"{\"t\":\xff}\n"[..]);
    assert_eq!(message(read), "line 1: it is not UTF-8");
}

#[test]
fn sixty_four_devices_fit_and_the_sixty_fifth_is_refused() {
    let lines = |devices: usize| -> String {
        let line = |device| LINE.replace(r#""device":3"#, &format!(r#""device":{device}"#)) + "\n";
        (0..devices).map(line).collect()
    };
    assert_eq!(read(&lines(64)).unwrap().devices.len(), DEVICES_MAX);
    let error = message(read(&lines(65)));
    assert!(error.starts_with("line 65: device is 64"), "{error}");
}
