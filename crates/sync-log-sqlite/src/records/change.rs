//! Changes the app's tables.

use sync_log_core::receive::{Move, RecordId};
use sync_log_core::{JsonText, StoreError, StoreFault};

use super::registered::RegisteredModels;
use crate::driver::Port;
use crate::driver::failure::refused_by_constraint;
use crate::driver::raw::transaction::{
    BACK_TO_SAVEPOINT, BEGIN, RELEASE_SAVEPOINT, ROLLBACK, SAVEPOINT,
};

/// Records that cannot be shown, and why.
type Refused = Vec<(RecordId, String)>;

/// Changes the app's tables, step by step. Returns the records that cannot be shown, and why. If there are
/// such records, the tables are as they were before the call.
///
/// # Errors
/// A failure of the database: roll back.
pub(super) async fn change(
    db: &impl Port,
    models: &RegisteredModels,
    steps: &[Move],
) -> Result<Refused, StoreError> {
    // SQLite undoes a single statement by itself.
    if steps.len() <= 1 {
        return take(db, models, steps).await;
    }
    db.run(&SAVEPOINT, &[]).await?;
    let refused = take(db, models, steps).await?;
    if !refused.is_empty() {
        db.run(&BACK_TO_SAVEPOINT, &[]).await?;
    }
    db.run(&RELEASE_SAVEPOINT, &[]).await?;
    Ok(refused)
}

/// Takes each step, even after a refused one, so that the next attempt knows all refused records.
async fn take(
    db: &impl Port,
    models: &RegisteredModels,
    steps: &[Move],
) -> Result<Refused, StoreError> {
    let mut refused = Vec::new();
    let mut rest = steps;
    while let Some(first) = rest.first() {
        let taken = match first {
            Move::Show(..) => {
                let some = first_of_one_model(rest);
                refused.extend(show_some(db, models, &some).await?);
                some.len()
            }
            Move::Hide(id) => {
                match hide(db, models, id).await {
                    // A row that could not be emptied still refers to this one. The next attempt
                    // does not show that row.
                    Err(error)
                        if !refused.is_empty() && refused_by_constraint(&error).is_some() =>
                    {
                        refuse_ended(db).await?;
                    }
                    hidden => hidden?,
                }
                1
            }
        };
        rest = &rest[taken..];
    }
    Ok(refused)
}

/// How many records one statement shows. Each number makes a different text, and drivers keep each text
/// prepared.
const AT_ONCE: [usize; 3] = [32, 8, 1];

/// The first steps, which show records of one model, as many as one statement takes.
fn first_of_one_model(steps: &[Move]) -> Vec<(&RecordId, &JsonText)> {
    let shown = steps.iter().map_while(|step| match step {
        Move::Show(id, payload) => Some((id, payload)),
        Move::Hide(_) => None,
    });
    let mut shown: Vec<_> = shown.take(AT_ONCE[0]).collect();
    let is_other = |(id, _): &(&RecordId, _)| id.model_type != shown[0].0.model_type;
    let of_one = shown.iter().position(is_other).unwrap_or(shown.len());
    let at_once = AT_ONCE.into_iter().find(|number| *number <= of_one);
    shown.truncate(at_once.unwrap_or_default());
    shown
}

/// Shows records of one model. If not all of them can be shown, tries each record separately.
async fn show_some(
    db: &impl Port,
    models: &RegisteredModels,
    records: &[(&RecordId, &JsonText)],
) -> Result<Refused, StoreError> {
    let mut refused = Vec::new();
    if records.len() > 1 && show(db, models, records).await?.is_none() {
        return Ok(refused);
    }
    for (id, payload) in records {
        if let Some(reason) = show(db, models, &[(id, payload)]).await? {
            refused.push(((*id).clone(), reason));
        }
    }
    Ok(refused)
}

/// Shows records of one model by one statement. Returns why they cannot be shown.
async fn show(
    db: &impl Port,
    models: &RegisteredModels,
    records: &[(&RecordId, &JsonText)],
) -> Result<Option<String>, StoreError> {
    let model = records.first().map(|(id, _)| &id.model_type);
    let Some(model) = model.and_then(|name| models.models.get(name)) else {
        return Ok(Some("the model is not registered".to_owned()));
    };
    let rows: Vec<_> = records
        .iter()
        .map(|(id, payload)| (id.record_uuid, *payload))
        .collect();
    let statement = match model.shape.show(&rows) {
        Ok(statement) => statement,
        Err(reason) => return Ok(Some(reason)),
    };
    match db.run(&statement, &[]).await {
        Ok(changed) if usize::try_from(changed) == Ok(rows.len()) => Ok(None),
        Ok(_) => Ok(Some("a trigger or a constraint ignored the row".to_owned())),
        Err(error) => {
            let reason = refused_by_constraint(&error).ok_or(error)?;
            refuse_ended(db).await?;
            Ok(Some(reason))
        }
    }
}

/// A constraint can end the whole transaction, as `ON CONFLICT ROLLBACK` does. What was written after that
/// would be committed by itself.
async fn refuse_ended(db: &impl Port) -> Result<(), StoreError> {
    // SQLite refuses to begin a transaction in another one.
    if db.run(&BEGIN, &[]).await.is_err() {
        return Ok(());
    }
    let _ = db.run(&ROLLBACK, &[]).await;
    let doing = "show records: a constraint or a trigger of the app's tables ended the transaction";
    Err(StoreError::new(StoreFault::Io, doing))
}

/// Hides a record. A model that the app no longer registers has no table, so nothing shows it.
async fn hide(db: &impl Port, models: &RegisteredModels, id: &RecordId) -> Result<(), StoreError> {
    let model = models.models.get(&id.model_type);
    let Some(statement) = model.and_then(|model| model.shape.hide(id.record_uuid)) else {
        return Ok(());
    };
    let hidden = db.run(&statement, &[]).await;
    hidden
        .map(drop)
        .map_err(|error| error.while_doing(format!("hide {id}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a look past this crate")]

    use rusqlite::Connection;
    use sync_log_core::Uuid;

    use super::*;
    use crate::driver::in_place;
    use crate::records::tests::{TABLES, database, declared, id};

    fn registered(db: &Connection) -> RegisteredModels {
        in_place(declared().register_over(db)).unwrap()
    }

    fn show(model: &str, number: u128, payload: serde_json::Value) -> Move {
        Move::Show(id(model, number), payload.into())
    }

    fn tag(number: u128, name: &str) -> Move {
        show("tag", number, serde_json::json!({ "name": name }))
    }

    /// The tags, in the order of their ids.
    fn tags(db: &Connection) -> Vec<String> {
        let mut query = db.prepare("SELECT name FROM tag ORDER BY id").unwrap();
        let names = query.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    }

    #[test]
    fn one_refused_step_undoes_the_others_and_names_each_that_is_refused() {
        let db = database(TABLES);
        let models = registered(&db);
        let steps = [
            tag(1, "red"),
            tag(2, "red"),
            show(
                "album",
                1,
                serde_json::json!({ "title": "?", "cover": null }),
            ),
            tag(3, "blue"),
        ];
        db.execute_batch("BEGIN").unwrap();
        let refused = in_place(change(&db, &models, &steps)).unwrap();
        let expected = [
            (
                id("tag", 2),
                "UNIQUE constraint failed: tag.name".to_owned(),
            ),
            (
                id("album", 1),
                "CHECK constraint failed: title <> '?'".to_owned(),
            ),
        ];
        assert_eq!(refused, expected);
        assert_eq!(tags(&db), [""; 0]);
        assert_eq!(in_place(change(&db, &models, &steps[..1])).unwrap(), []);
        db.execute_batch("COMMIT").unwrap();
        assert_eq!(tags(&db), ["red"]);
    }

    #[test]
    fn of_many_records_those_that_are_refused_are_named_and_the_others_are_shown() {
        let db = database(TABLES);
        let models = registered(&db);
        let many = |except: &[u128]| {
            let numbers = (0..100).filter(|number| !except.contains(number));
            let tags = numbers.map(|number| tag(number, &format!("{:03}", number % 90)));
            let title = |title: &str| serde_json::json!({ "title": title });
            let albums = [show("album", 1, title("a")), show("album", 2, title("b"))];
            tags.chain(albums)
                .chain([tag(200, "200")])
                .collect::<Vec<_>>()
        };
        let refused = in_place(change(&db, &models, &many(&[]))).unwrap();
        let refused: Vec<_> = refused.into_iter().map(|(id, _)| id).collect();
        assert_eq!(
            refused,
            (90..100)
                .map(|number| id("tag", number))
                .collect::<Vec<_>>()
        );
        let twice: Vec<_> = (90..100).collect();
        assert_eq!(in_place(change(&db, &models, &many(&twice))).unwrap(), []);
        let expected = (0..90).chain([200]).map(|number| format!("{number:03}"));
        assert_eq!(tags(&db), expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_row_that_is_there_is_changed_and_never_replaced() {
        let db = database(TABLES);
        let counted = "CREATE TABLE deleted (id TEXT); CREATE TRIGGER count AFTER DELETE ON tag \
                       BEGIN INSERT INTO deleted VALUES (old.id); END; PRAGMA recursive_triggers = ON";
        db.execute_batch(counted).unwrap();
        let models = registered(&db);
        for name in ["red", "blue", "blue"] {
            assert_eq!(in_place(change(&db, &models, &[tag(1, name)])).unwrap(), []);
        }
        assert_eq!(tags(&db), ["blue"]);
        in_place(change(&db, &models, &[Move::Hide(id("tag", 1))])).unwrap();
        in_place(change(&db, &models, &[Move::Hide(id("tag", 1))])).unwrap();
        let deleted = "SELECT count(*) FROM deleted";
        let deleted = db.query_row(deleted, [], |row| row.get::<_, i64>(0));
        assert_eq!(deleted.unwrap(), 1);
    }

    #[test]
    fn the_record_is_the_one_that_the_change_names() {
        let db = database(TABLES);
        let models = registered(&db);
        let other = Uuid::from_u128(2);
        let payload = serde_json::json!({ "id": other, "name": "red" });
        in_place(change(&db, &models, &[show("tag", 1, payload)])).unwrap();
        let stored = db.query_row("SELECT id FROM tag", [], |row| row.get::<_, String>(0));
        assert_eq!(stored.unwrap(), Uuid::from_u128(1).to_string());
    }

    #[test]
    fn a_row_that_cannot_be_hidden_is_a_failure_and_is_named() {
        let db = database(TABLES);
        let models = registered(&db);
        let held = "CREATE TRIGGER held BEFORE DELETE ON tag \
                    BEGIN SELECT raise(ABORT, 'held'); END";
        db.execute_batch(held).unwrap();
        in_place(change(&db, &models, &[tag(1, "red")])).unwrap();
        let failed = in_place(change(&db, &models, &[Move::Hide(id("tag", 1))])).unwrap_err();
        let said = failed.to_string();
        assert!(
            said.contains(&format!("hide tag {}", Uuid::from_u128(1))),
            "{said}"
        );
    }

    #[test]
    fn a_row_that_is_ignored_is_refused() {
        let db = database(TABLES);
        let models = registered(&db);
        let ignored = "CREATE TRIGGER ignored BEFORE INSERT ON tag WHEN new.name = 'red' \
                       BEGIN SELECT raise(IGNORE); END";
        db.execute_batch(ignored).unwrap();
        let refused = in_place(change(&db, &models, &[tag(1, "red")])).unwrap();
        assert_eq!(refused[0].1, "a trigger or a constraint ignored the row");
        let again = || in_place(change(&db, &models, &[tag(1, "blue")])).unwrap();
        assert_eq!((again(), again()), (Vec::new(), Vec::new()));
    }

    #[test]
    fn the_rows_of_a_model_that_is_no_longer_registered_are_left_alone() {
        let db = database(TABLES);
        let models = registered(&db);
        let steps = [Move::Hide(id("note", 1)), tag(1, "red")];
        assert_eq!(in_place(change(&db, &models, &steps)).unwrap(), []);
        let unknown = [show("note", 1, serde_json::json!({}))];
        let refused = in_place(change(&db, &models, &unknown)).unwrap();
        assert_eq!(refused[0].1, "the model is not registered");
    }
}
