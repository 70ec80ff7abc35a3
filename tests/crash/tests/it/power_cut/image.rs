//! The bytes of a log's files, and what a WAL is made of.

use std::path::Path;

use sync_log_sqlite::FILE_NAME;

/// What a WAL begins with, in bytes.
pub(crate) const WAL_HEADER: usize = 32;

const FRAME_HEADER: usize = 24;

/// A log's files as they would be found after the machine went down: the
/// shared memory is gone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Image {
    pub(crate) db: Vec<u8>,
    pub(crate) wal: Vec<u8>,
}

impl Image {
    /// Reads the files in `folder`. Nobody writes to them meanwhile.
    pub(crate) fn of(folder: &Path) -> Self {
        let read = |name: String| std::fs::read(folder.join(name)).unwrap_or_default();
        Self {
            db: read(FILE_NAME.to_owned()),
            wal: read(format!("{FILE_NAME}-wal")),
        }
    }

    /// Puts the files into `folder`, where others may be.
    pub(crate) fn restore(&self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(FILE_NAME), &self.db).unwrap();
        std::fs::write(folder.join(format!("{FILE_NAME}-wal")), &self.wal).unwrap();
        let shared = folder.join(format!("{FILE_NAME}-shm"));
        if shared.exists() {
            std::fs::remove_file(shared).unwrap();
        }
    }

    /// Whether the WAL was begun anew since `before`.
    pub(crate) fn is_restarted_since(&self, before: &Self) -> bool {
        salts(&self.wal) != salts(&before.wal)
    }
}

/// Two numbers that change whenever a WAL is begun anew.
fn salts(wal: &[u8]) -> Option<&[u8]> {
    wal.get(16..24)
}

pub(crate) fn page_bytes(db: &[u8]) -> usize {
    // Big-endian, and 1 stands for 65536.
    match u16::from_be_bytes([db[16], db[17]]) {
        1 => 65_536,
        bytes => usize::from(bytes),
    }
}

/// Where the frames of a WAL end, from the end of its header on: those that
/// have its salts. What follows is of before it was begun anew.
pub(crate) fn boundaries(wal: &[u8]) -> Vec<usize> {
    let Some(salts) = salts(wal) else {
        return vec![0];
    };
    let page = u32::from_be_bytes([wal[8], wal[9], wal[10], wal[11]]);
    let frame = FRAME_HEADER + usize::try_from(page).unwrap();
    let starts = (WAL_HEADER..).step_by(frame);
    let valid = starts.take_while(|start| {
        let header = wal.get(*start..*start + FRAME_HEADER);
        header.is_some_and(|header| &header[8..16] == salts) && *start + frame <= wal.len()
    });
    [WAL_HEADER]
        .into_iter()
        .chain(valid.map(|start| start + frame))
        .collect()
}
