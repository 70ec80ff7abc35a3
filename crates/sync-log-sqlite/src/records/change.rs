//! Changes the app's tables.

use sync_log_core::receive::{Move, RecordId};
use sync_log_core::{JsonText, StoreError};

use super::registered::RegisteredModels;
use crate::driver::Port;
use crate::driver::failure::refused_by_constraint;
use crate::driver::raw::transaction::{BACK_TO_SAVEPOINT, RELEASE_SAVEPOINT, SAVEPOINT};

/// Records that cannot be shown, and why.
type Refused = Vec<(RecordId, String)>;

/// Changes the app's tables, step by step. Returns what cannot be shown, and why. If there is anything,
/// the tables are as they were.
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

/// Takes each step, even after one that was refused: the next attempt then knows of all of them.
async fn take(
    db: &impl Port,
    models: &RegisteredModels,
    steps: &[Move],
) -> Result<Refused, StoreError> {
    let mut refused = Vec::new();
    for step in steps {
        match step {
            Move::Show(id, payload) => {
                if let Some(reason) = show(db, models, id, payload).await? {
                    refused.push((id.clone(), reason));
                }
            }
            Move::Hide(id) => match hide(db, models, id).await {
                // A row that could not be emptied still refers to this one. The next attempt does
                // not show that row.
                Err(error) if !refused.is_empty() && refused_by_constraint(&error).is_some() => {}
                hidden => hidden?,
            },
        }
    }
    Ok(refused)
}

/// Shows a record. Returns why it cannot be shown.
async fn show(
    db: &impl Port,
    models: &RegisteredModels,
    id: &RecordId,
    payload: &JsonText,
) -> Result<Option<String>, StoreError> {
    let Some(model) = models.models.get(&id.model_type) else {
        return Ok(Some("the model is not registered".to_owned()));
    };
    let statement = match model.shape.show(id.record_uuid, payload) {
        Ok(statement) => statement,
        Err(reason) => return Ok(Some(reason)),
    };
    match db.run(&statement, &[]).await {
        Ok(0) => Ok(Some("a trigger or a constraint ignored the row".to_owned())),
        Ok(_) => Ok(None),
        Err(error) => refused_by_constraint(&error).map(Some).ok_or(error),
    }
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
