//! The checks of files that were moved, copied, or had to stay as they were: each finds what was done
//! to them by hand.

use std::fs;
use std::path::Path;

use crash::away::{Absence, Paths};
use crash::check::Violation;
use crash::child::log_folder;
use crash::entry::{DEVICE, EntryId, LIBRARY, OF_OTHER, OTHER};
use crash::file;
use crash::line::{Gave, How, Line, Operation};
use crash::model::{Copied, Model};
use crash::refused::{self, Refused};
use sync_log_sqlite::{FILE_NAME, Hlc, SyncDb, Uuid};

const CHILD: u32 = 1;

fn entry(index: u32) -> EntryId {
    EntryId {
        child: CHILD,
        operation: 1,
        index,
    }
}

/// A log with one entry, as a process leaves it that is killed.
async fn killed_log(folder: &Path, device: Uuid, index: u32) -> Hlc {
    let made = tempfile::tempdir().unwrap();
    let log = SyncDb::open(LIBRARY, device, made.path()).await.unwrap();
    let hlc = log.record(entry(index).change()).await.unwrap();
    file::copy(made.path(), folder).unwrap();
    hlc
}

fn absence(how: How, of_other: Vec<Hlc>) -> Absence {
    Absence {
        how,
        to: "away".to_owned(),
        of_other,
    }
}

/// A folder in which a log is away, and another one in its stead.
async fn away(how: How) -> (tempfile::TempDir, Hlc, Hlc) {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::new(folder.path(), "away");
    let own = killed_log(&paths.log, DEVICE, 0).await;
    paths.take_away(how).unwrap();
    let of_other = killed_log(&paths.log, OTHER, OF_OTHER).await;
    (folder, own, of_other)
}

#[tokio::test]
async fn what_is_away_is_put_back_and_the_other_log_is_not_taken_for_it() {
    for how in [How::Folder, How::Files] {
        let (folder, own, of_other) = away(how).await;
        let ended = absence(how, vec![of_other]).end(folder.path());
        assert_eq!(ended.unwrap(), []);
        let found = file::read(&log_folder(folder.path())).unwrap().unwrap();
        assert_eq!(found.identity[1], DEVICE);
        assert!(found.entries.keys().eq([&own]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn files_are_put_back_from_halfway_too() {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::new(folder.path(), "away");
    let own = killed_log(&paths.log, DEVICE, 0).await;
    for how in [How::Files, How::Wal] {
        paths.take_away(How::Wal).unwrap();
        assert_eq!(absence(how, Vec::new()).end(folder.path()).unwrap(), []);
        let found = file::read(&paths.log).unwrap().unwrap();
        assert!(found.entries.keys().eq([&own]));
    }
}

#[tokio::test]
async fn an_entry_that_strayed_into_the_other_log_is_found_and_one_that_it_lost() {
    for how in [How::Folder, How::Files] {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::new(folder.path(), "away");
        killed_log(&paths.log, DEVICE, 0).await;
        paths.take_away(how).unwrap();
        let hlc = killed_log(&paths.log, OTHER, 1).await;
        let lost = Hlc::new(1, 2, OTHER);
        let ended = absence(how, vec![lost]).end(folder.path()).unwrap();
        let found = [
            Violation::LostByOther { hlc: lost },
            Violation::Stray { hlc },
        ];
        assert_eq!(ended, found);
    }
}

#[tokio::test]
async fn a_log_of_this_device_in_the_stead_of_another_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::new(folder.path(), "away");
    for to in [&paths.away, &paths.log] {
        killed_log(to, DEVICE, OF_OTHER).await;
    }
    let ended = absence(How::Folder, Vec::new()).end(folder.path()).unwrap();
    assert!(ended.contains(&Violation::OtherLog), "{ended:?}");
}

#[test]
fn what_a_handle_does_whose_file_was_moved_is_found_while_it_is_heard() {
    let mut model = Model::new();
    let what = Operation::Move {
        how: How::Folder,
        to: "away".to_owned(),
        count: 2,
    };
    let hlc = Hlc::new(7, 0, DEVICE);
    assert_eq!(model.hear(CHILD, &Line::Begin { number: 1, what }), []);
    assert_eq!(model.hear(CHILD, &Line::Entered { index: 0, hlc }), []);
    assert_eq!(model.hear(CHILD, &Line::Away), []);
    let later = Hlc::new(8, 0, DEVICE);
    let entered = Line::Entered {
        index: 1,
        hlc: later,
    };
    let taken = model.hear(CHILD, &entered);
    assert_eq!(taken, [Violation::NotMoved { hlc: later }]);
    let served = model.hear(CHILD, &Line::Served { hlc });
    assert_eq!(served, [Violation::Served { hlc }]);
}

/// A model that heard of an entry, and of a copy after that.
fn heard(hlc: Hlc, log_id: Uuid) -> Copied {
    let mut model = Model::new();
    let mut said = |number, what, gave| {
        assert_eq!(model.hear(CHILD, &Line::Begin { number, what }), []);
        assert_eq!(model.hear(CHILD, &Line::Done { gave }), []);
    };
    said(0, Operation::Reopen, Gave::Log { log_id });
    said(1, Operation::Batch { count: 1 }, Gave::Stamps(vec![hlc]));
    let to = "copy".to_owned();
    said(2, Operation::Close { to }, Gave::Nothing);
    model.files.copies.pop().unwrap()
}

#[tokio::test]
async fn a_copy_without_its_wal_is_found_and_one_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("copy");
    let hlc = killed_log(&to, DEVICE, 0).await;
    let found = file::read(&to).unwrap().unwrap();
    let mut copy = heard(hlc, found.identity[2]);
    assert_eq!(copy.check(folder.path()).unwrap(), []);
    let in_copy = |what| Violation::InCopy {
        folder: "copy".to_owned(),
        what: Box::new(what),
    };
    fs::remove_file(to.join(format!("{FILE_NAME}-wal"))).unwrap();
    let checked = copy.check(folder.path());
    let is_found = checked.map_or(true, |violations| !violations.is_empty());
    assert!(is_found, "what was in the -wal is missed");
    fs::remove_dir_all(&to).unwrap();
    assert_eq!(
        copy.check(folder.path()).unwrap(),
        [in_copy(Violation::NoLog)]
    );
    copy.is_done = false;
    assert_eq!(copy.check(folder.path()).unwrap(), []);
}

#[test]
fn a_folder_that_changed_in_a_refusal_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Refused {
        folder: "refused".to_owned(),
    };
    let path = folder.path().join("refused");
    let touched = Some(Violation::Touched {
        folder: "refused".to_owned(),
    });
    refused::keep(&path).unwrap();
    assert_eq!(refused.check(folder.path()).unwrap(), None);
    fs::create_dir(&path).unwrap();
    assert_eq!(refused.check(folder.path()).unwrap(), touched);
    fs::write(path.join(FILE_NAME), "as it was").unwrap();
    refused::keep(&path).unwrap();
    fs::write(path.join(FILE_NAME), "changed").unwrap();
    assert_eq!(refused.check(folder.path()).unwrap(), touched);
}
