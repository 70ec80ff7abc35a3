//! A model that the app applies by hand.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;
use sea_orm::ConnectionTrait;
use sync_log_sqlite::receive::{RecordId, WhyNotShown};
use sync_log_sqlite::records::{
    Answer, Applier, Models, RecordsError, SharedRecords, SyncError, Unrecorded, begin,
};
use sync_log_sqlite::{Change, ErrorKind, ReadLimits, Uuid};
use tempfile::TempDir;

use super::device::{Device, LAPTOP, Layout, PHONE, database};
use super::notes::{
    Echo, Note, Notes, ONE_TABLE, REFUSED, TWO_TABLES, as_entity, by_hand, device, make_tables,
    note_id,
};

/// A phone that keeps notes in two tables, and a laptop that has them in an entity.
struct Both {
    phone: Device,
    laptop: Device,
    folders: [TempDir; 2],
}

impl Both {
    async fn new(layout: Layout, notes: Notes) -> Self {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [of_phone, of_laptop] = folders.each_ref().map(TempDir::path);
        let models = by_hand(notes);
        Self {
            phone: device(layout, of_phone, (PHONE, LAPTOP), TWO_TABLES, models).await,
            laptop: device(layout, of_laptop, (LAPTOP, PHONE), ONE_TABLE, as_entity()).await,
            folders,
        }
    }

    async fn exchange(&self) {
        self.phone.pull(&self.laptop).await;
        self.laptop.pull(&self.phone).await;
    }

    async fn show(&self, expected: &[Note]) {
        assert_eq!(self.phone.notes_by_hand().await, expected);
        assert_eq!(self.laptop.notes().await, expected);
        assert_eq!(self.phone.unrecorded().await, []);
        assert_eq!(self.laptop.unrecorded().await, []);
    }

    /// Why the phone does not show the notes that it does not show.
    async fn hidden(&self) -> Vec<(RecordId, WhyNotShown)> {
        self.phone.records.not_shown(10).await.unwrap()
    }
}

#[tokio::test]
async fn a_record_in_two_tables_here_is_a_row_of_an_entity_there() {
    for layout in Layout::BOTH {
        let both = Both::new(layout, Notes::new()).await;
        both.phone
            .write_by_hand(1, &Note::new("one", "first"))
            .await;
        both.laptop.insert_note(2, Note::new("two", "second")).await;
        both.exchange().await;
        both.show(&[Note::new("one", "first"), Note::new("two", "second")])
            .await;

        both.phone
            .write_by_hand(2, &Note::new("two", "changed"))
            .await;
        both.exchange().await;
        both.phone.delete_by_hand(1).await;
        both.exchange().await;
        both.show(&[Note::new("two", "changed")]).await;
    }
}

#[tokio::test]
async fn a_change_by_hand_is_recorded_in_a_transaction_of_the_apps() {
    for layout in Layout::BOTH {
        let both = Both::new(layout, Notes::new()).await;
        let note = Note::new("one", "first");
        let payload = serde_json::to_value(&note).unwrap();
        for is_committed in [false, true] {
            let txn = begin(&both.phone.db).await.unwrap();
            let record = Uuid::from_u128(1);
            let shown = Notes::new().show(&txn, record, &payload).await.unwrap();
            assert_eq!(shown, Answer::Shown);
            let change = Change::insert("note", record, &payload).unwrap();
            both.phone.records.record_in(&txn, change).await.unwrap();
            if is_committed {
                txn.commit().await.unwrap();
            } else {
                txn.rollback().await.unwrap();
            }
            both.phone.records.drain().await.unwrap();
            let pending = both.phone.pending().await.len();
            assert_eq!(pending, usize::from(is_committed));
        }
        both.exchange().await;
        both.show(&[note]).await;
    }
}

#[tokio::test]
async fn a_record_whose_key_a_lower_id_holds_is_hidden_and_comes_back() {
    let both = Both::new(Layout::Outbox, Notes::new()).await;
    both.phone.write_by_hand(2, &Note::new("SEA", "mine")).await;
    both.laptop.insert_note(1, Note::new("sea", "yours")).await;
    both.phone.pull(&both.laptop).await;
    let why = WhyNotShown::DuplicateOf(Uuid::from_u128(1));
    assert_eq!(both.hidden().await, [(note_id(2), why)]);
    let shown = both.phone.notes_by_hand().await;
    assert_eq!(shown, [Note::new("sea", "yours")]);

    both.phone.delete_by_hand(1).await;
    both.exchange().await;
    both.show(&[Note::new("SEA", "mine")]).await;
    assert_eq!(both.hidden().await, []);
}

#[tokio::test]
async fn a_reference_of_a_record_by_hand_is_empty_while_the_other_record_is_not_shown() {
    let both = Both::new(Layout::Outbox, Notes::new()).await;
    both.laptop.add_tag(9, "beach").await;
    let plain = Note::new("one", "first");
    let tagged = Note {
        tag: Some(Uuid::from_u128(9)),
        ..plain.clone()
    };
    both.laptop.insert_note(1, tagged.clone()).await;
    both.exchange().await;
    both.show(std::slice::from_ref(&tagged)).await;

    // The foreign key restricts, so the reference is emptied first.
    let delete = Change::delete("tag", Uuid::from_u128(9));
    let deleted = both.phone.records.write(async |rows| {
        let tags = "DELETE FROM tag";
        let empty = "UPDATE head SET tag = NULL";
        rows.connection().execute_unprepared(empty).await?;
        rows.connection().execute_unprepared(tags).await?;
        rows.record(delete);
        Ok(())
    });
    deleted.await.unwrap();
    assert_eq!(both.phone.notes_by_hand().await, [plain]);
    both.phone.add_tag(9, "beach").await;
    both.exchange().await;
    both.show(&[tagged]).await;
}

#[tokio::test]
async fn a_tag_to_which_a_record_by_hand_refers_is_deleted_by_another_device() {
    let both = Both::new(Layout::Outbox, Notes::new()).await;
    both.phone.add_tag(9, "beach").await;
    let plain = Note::new("one", "first");
    let tagged = Note {
        tag: Some(Uuid::from_u128(9)),
        ..plain.clone()
    };
    both.phone.write_by_hand(1, &tagged).await;
    both.exchange().await;
    let untag = "UPDATE note SET tag = NULL";
    let deleted = both.laptop.records.write(async |rows| {
        rows.connection().execute_unprepared(untag).await?;
        rows.delete::<crate::records::gallery::tag::Entity>(Uuid::from_u128(9))
            .await
    });
    assert!(deleted.await.unwrap());
    both.exchange().await;
    both.show(&[plain]).await;
}

#[tokio::test]
async fn a_record_that_the_applier_refuses_leaves_nothing_and_is_shown_after_an_upgrade() {
    let short = Notes {
        longest: 6,
        ..Notes::new()
    };
    let both = Both::new(Layout::Outbox, short).await;
    both.laptop.insert_note(1, Note::new("one", "?")).await;
    both.phone.pull(&both.laptop).await;
    both.laptop
        .insert_note(2, Note::new("two", "too long"))
        .await;
    both.laptop.insert_note(3, Note::new("three", "fine")).await;
    both.phone.pull(&both.laptop).await;
    let refused = |reason: &str| WhyNotShown::Refused(reason.to_owned());
    let expected = [
        (note_id(1), refused(REFUSED)),
        (note_id(2), refused("the text is too long")),
    ];
    assert_eq!(both.hidden().await, expected);
    assert_eq!(both.phone.notes_by_hand().await.len(), 1);

    let newer = || Notes {
        revision: 2,
        ..Notes::new()
    };
    let phone = both.phone.reopened(by_hand(newer())).await;
    assert_eq!(phone.notes_by_hand().await.len(), 2);
    allow_every_text(&both.folders[0]);
    let phone = phone.reopened(by_hand(newer())).await;
    assert_eq!(phone.notes_by_hand().await, both.laptop.notes().await);
    assert_eq!(phone.unrecorded().await, []);
}

/// A trigger or an index can be removed without a change of the table.
#[tokio::test]
async fn a_record_that_a_trigger_refuses_is_shown_once_the_trigger_is_gone() {
    let both = Both::new(Layout::Outbox, Notes::new()).await;
    let strict = "CREATE TRIGGER strict BEFORE INSERT ON body WHEN NEW.text = '!'
        BEGIN SELECT RAISE(ABORT, 'no shouting'); END";
    both.phone.db.execute_unprepared(strict).await.unwrap();
    let phone = both.phone.reopened(by_hand(Notes::new())).await;
    both.laptop.insert_note(1, Note::new("one", "!")).await;
    phone.pull(&both.laptop).await;
    let refused = WhyNotShown::Refused("no shouting".to_owned());
    let hidden = phone.records.not_shown(10).await.unwrap();
    assert_eq!(hidden, [(note_id(1), refused)]);
    let drop = "DROP TRIGGER strict";
    phone.db.execute_unprepared(drop).await.unwrap();
    let phone = phone.reopened(by_hand(Notes::new())).await;
    assert_eq!(phone.notes_by_hand().await, [Note::new("one", "!")]);
}

/// Makes the table of texts again, without its constraint.
fn allow_every_text(folder: &TempDir) {
    let raw = Connection::open(database(folder.path())).unwrap();
    let rebuild = "
        CREATE TABLE new_body (id BLOB PRIMARY KEY REFERENCES head (id), text TEXT NOT NULL);
        INSERT INTO new_body SELECT * FROM body;
        DROP TABLE body;
        ALTER TABLE new_body RENAME TO body;";
    raw.execute_batch(rebuild).unwrap();
}

#[tokio::test]
async fn a_record_of_a_newer_version_is_shown_by_hand_once_the_app_is_upgraded() {
    let both = Both::new(Layout::Outbox, Notes::new()).await;
    let laptop = both.laptop.reopened(as_entity().version(1)).await;
    laptop.insert_note(1, Note::new("one", "first")).await;
    both.phone.pull(&laptop).await;
    let hidden = both.phone.records.not_shown(10).await.unwrap();
    assert_eq!(hidden, [(note_id(1), WhyNotShown::NewerModel)]);
    let phone = both.phone.reopened(by_hand(Notes::new()).version(1)).await;
    assert_eq!(phone.notes_by_hand().await, [Note::new("one", "first")]);
}

#[tokio::test]
async fn a_failure_of_the_database_fails_the_whole_page_and_moves_nothing() {
    for layout in Layout::BOTH {
        let both = Both::new(layout, Notes::new()).await;
        both.laptop.add_tag(9, "beach").await;
        both.laptop.insert_note(1, Note::new("one", "first")).await;
        let rename = |sql: &'static str| both.phone.db.execute_unprepared(sql);
        rename("ALTER TABLE body RENAME TO elsewhere")
            .await
            .unwrap();
        let before = both.phone.cursor(&both.laptop).await;
        let log = both.laptop.records.log();
        let page = log.read_for(both.phone.id, before, ReadLimits::default());
        let page = page.await.unwrap();
        let failed = both.phone.records.apply(both.laptop.id, &page).await;
        let error = failed.map(drop).unwrap_err();
        assert!(matches!(error, SyncError::Store(_)), "{error:?}");
        assert_eq!(both.phone.cursor(&both.laptop).await, before);
        assert_eq!(both.phone.tags().await, [""; 0]);
        assert_eq!(both.phone.records.record(&note_id(1)).await.unwrap(), None);
        assert_eq!(both.hidden().await, []);

        rename("ALTER TABLE elsewhere RENAME TO body")
            .await
            .unwrap();
        both.exchange().await;
        both.show(&[Note::new("one", "first")]).await;
        assert_eq!(both.phone.tags().await, ["beach"]);
    }
}

#[tokio::test]
async fn a_change_by_hand_that_is_not_recorded_is_found() {
    let both = Both::new(Layout::Outbox, Notes::new()).await;
    for (number, title) in [(1, "one"), (2, "two")] {
        both.phone
            .write_by_hand(number, &Note::new(title, "text"))
            .await;
    }
    let id = |number: u128| format!("x'{}'", Uuid::from_u128(number).simple());
    let changed = format!(
        "UPDATE body SET text = 'other' WHERE id = {};
         DELETE FROM body WHERE id = {two}; DELETE FROM head WHERE id = {two};
         INSERT INTO head (id, title) VALUES ({three}, 'three');
         INSERT INTO body VALUES ({three}, 'text');",
        id(1),
        two = id(2),
        three = id(3),
    );
    let raw = Connection::open(database(both.folders[0].path())).unwrap();
    raw.execute_batch(&changed).unwrap();
    let mut found = both.phone.unrecorded().await;
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let columns = vec!["text".to_owned()];
    let expected = [
        (note_id(1), Unrecorded::Update { columns }),
        (note_id(2), Unrecorded::Delete),
        (note_id(3), Unrecorded::Insert),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn notes_that_were_there_before_are_shared_with_a_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "INSERT INTO head VALUES (x'00000000000000000000000000000001', 'one', NULL);
                INSERT INTO body VALUES (x'00000000000000000000000000000001', 'first')";
    make_tables(folder.path(), &[TWO_TABLES, rows].concat());
    let models = || by_hand(Notes::new());
    let refused = Device::open_with(folder.path(), PHONE, models()).await;
    let error = refused.map(drop).unwrap_err();
    assert!(
        matches!(&error, SyncError::NeedsBaseline { record } if *record == note_id(1)),
        "{error}"
    );
    let options = SharedRecords::options().baseline(|_, _| None);
    let opened = Device::open_by(options, Layout::Outbox, folder.path(), PHONE, models()).await;
    let phone = opened.unwrap();
    let record = phone.records.record(&note_id(1)).await.unwrap().unwrap();
    assert!(record.standing.is_shown());
    assert_eq!(phone.unrecorded().await, []);
}

#[tokio::test]
async fn a_model_by_hand_that_does_not_fit_the_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let db = app::connect(&database(folder.path())).await.unwrap();
    let notes = || Models::new().by_hand("note", Notes::new());
    let missing = notes().register(&db).await.unwrap_err();
    assert!(
        matches!(&missing, RecordsError::NoTable { table, .. } if table == "head"),
        "{missing}"
    );
    assert_eq!(missing.kind(), ErrorKind::FixCall);
    db.execute_unprepared(TWO_TABLES).await.unwrap();
    notes().register(&db).await.unwrap();
    let column = notes().follows("tag").register(&db).await.unwrap_err();
    assert!(matches!(column, RecordsError::NoCascade { .. }), "{column}");
    let twice = notes().by_hand("note", Notes::new()).register(&db).await;
    let twice = twice.unwrap_err();
    assert!(matches!(twice, RecordsError::Twice { .. }), "{twice}");
    let entity = notes().entity::<super::notes::head::Entity>("head");
    let entity = entity.register(&db).await.unwrap_err();
    assert!(matches!(entity, RecordsError::Twice { .. }), "{entity}");
    let shared = notes().by_hand("memo", Notes::new()).register(&db).await;
    let shared = shared.unwrap_err();
    assert!(matches!(shared, RecordsError::Twice { .. }), "{shared}");
    let local = "CREATE TABLE pin (note BLOB REFERENCES head (id))";
    db.execute_unprepared(local).await.unwrap();
    let held = notes().register(&db).await.unwrap_err();
    assert!(
        matches!(&held, RecordsError::HeldByLocal { child, .. } if child == "pin"),
        "{held}"
    );
}

#[tokio::test]
async fn an_applier_records_no_change_while_it_shows_a_record() {
    for layout in Layout::BOTH {
        let echo = Arc::<Echo>::default();
        let notes = Notes {
            echo: Some(Arc::clone(&echo)),
            ..Notes::new()
        };
        let both = Both::new(layout, notes).await;
        echo.records.set(both.phone.records.clone()).ok().unwrap();
        both.laptop.insert_note(1, Note::new("one", "first")).await;
        both.exchange().await;
        assert_eq!(echo.refused.load(Ordering::Relaxed), 1);
        both.show(&[Note::new("one", "first")]).await;
        assert!(both.phone.pending().await.is_empty());
    }
}
