//! One order of stamps: as values, as text, and as SQLite sorts the column.

use sync_log_sqlite::{Hlc, Uuid};

use crate::common::{self, folder, open, raw};

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// As many bits as it takes to meet small, equal and huge parts.
    fn any(&mut self) -> u64 {
        let bits = self.next() % 65;
        self.next()
            .checked_shr(64 - u32::try_from(bits).unwrap_or(64))
            .unwrap_or(0)
    }
}

fn thousand_stamps() -> Vec<Hlc> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    (0..1000)
        .map(|_| {
            let device = u128::from(numbers.any()) << 64 | u128::from(numbers.any());
            Hlc::new(numbers.any(), numbers.any(), Uuid::from_u128(device))
        })
        .collect()
}

#[tokio::test]
async fn a_thousand_stamps_sort_the_same_as_values_as_text_and_inside_sqlite() {
    let folder = folder();
    open(folder.path()).await.close().await.unwrap();
    let stamps = thousand_stamps();
    let file = raw(folder.path());
    let insert = "INSERT INTO shared_changes VALUES (?1, 'tag', '', 'insert', '{}', '')";
    file.execute_batch("BEGIN").unwrap();
    for stamp in &stamps {
        file.execute(insert, [stamp.to_string()]).unwrap();
    }
    file.execute_batch("COMMIT").unwrap();

    let mut by_value = stamps.clone();
    by_value.sort_unstable();
    let mut by_text: Vec<String> = stamps.iter().map(ToString::to_string).collect();
    by_text.sort_unstable();
    let as_text: Vec<String> = by_value.iter().map(ToString::to_string).collect();
    assert_eq!(as_text, by_text);
    assert_eq!(common::stamps(&file), by_text);
    for pair in by_text.windows(2) {
        let below: i64 = file
            .query_row(
                "SELECT count(*) FROM shared_changes WHERE hlc > ?1 AND hlc <= ?2",
                [&pair[0], &pair[1]],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(below, 1);
    }
}
