//! What the schema of an app says about its records.

use rusqlite::Connection;
use sync_log_core::receive::{self, Key, Models as _, Need, Reading, RecordId, Reference, Rule};
use sync_log_core::{ErrorKind, JsonText, Uuid};

use crate::driver::in_place;
use crate::records::tests::{TABLES, album, database, declared, id, link, photo, tag};
use crate::records::{Models, RecordsError, RegisteredModels};

fn registered(db: &Connection) -> RegisteredModels {
    in_place(declared().register_over(db)).unwrap()
}

fn json(value: serde_json::Value) -> JsonText {
    value.into()
}

fn facts(models: &RegisteredModels, model: &str, payload: serde_json::Value) -> receive::Facts {
    match models.read(model, 0, &json(payload)) {
        Reading::Readable(facts) => facts,
        other => panic!("{other:?}"),
    }
}

fn reference(member: &str, to: RecordId, need: Need) -> Reference {
    Reference {
        member: member.to_owned(),
        to,
        need,
    }
}

#[test]
fn references_and_keys_come_from_the_schema() {
    let models = registered(&database(TABLES));
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let photo = facts(
        &models,
        "photo",
        serde_json::json!({ "album_id": one, "tag_id": two }),
    );
    let of_photo = [
        reference("tag_id", id("tag", 2), Need::May),
        reference("album_id", id("album", 1), Need::Must),
    ];
    assert_eq!(photo.references, of_photo);
    let link = facts(
        &models,
        "link",
        serde_json::json!({ "photo_id": one, "album_id": two }),
    );
    let of_link = [
        reference("album_id", id("album", 2), Need::Follows),
        reference("photo_id", id("photo", 1), Need::Must),
    ];
    assert_eq!(link.references, of_link);
    let cover = serde_json::json!({ "title": "Beach", "cover": null, "unknown": [] });
    assert_eq!(facts(&models, "album", cover), receive::Facts::default());
    let tag = facts(&models, "tag", serde_json::json!({ "name": "Red" }));
    let name = Key {
        name: "sqlite_autoindex_tag_2".to_owned(),
        value: r#"["tRed"]"#.to_owned(),
    };
    assert_eq!(tag.keys, [name]);
}

#[test]
fn a_payload_that_is_not_of_the_model_is_refused_without_its_values() {
    let models = registered(&database(TABLES));
    let refused =
        |model: &str, payload: serde_json::Value| match models.read(model, 0, &json(payload)) {
            Reading::Refused(reason) => reason,
            other => panic!("{other:?}"),
        };
    let missing = refused("tag", serde_json::json!({ "title": "secret" }));
    assert_eq!(missing, "missing field `name`");
    let wrong = refused("photo", serde_json::json!({ "album_id": ["secret"] }));
    assert_eq!(wrong, "a member is not as expected: a string");
    assert_eq!(refused("tag", "secret".into()), "the payload is no object");
    let spelled = Uuid::from_u128(0xab).to_string().to_uppercase();
    let other_spelling = refused("photo", serde_json::json!({ "album_id": spelled }));
    assert_eq!(other_spelling, "album_id is no UUID");
}

#[test]
fn members_that_serde_reads_are_known() {
    let models = registered(&database(TABLES));
    for member in ["id", "title", "cover"] {
        assert!(models.knows("album", member), "{member}");
    }
    assert!(!models.knows("album", "seen"), "it is local to the device");
    assert!(!models.knows("album", "colour"));
    assert!(!models.knows("note", "id"));
}

#[test]
fn models_and_versions_that_the_app_does_not_know_are_told_apart() {
    let alone = database("CREATE TABLE tag (id TEXT PRIMARY KEY, name TEXT)");
    let models = Models::new()
        .entity::<tag::Entity>("tag")
        .version(2)
        .per_field(1);
    let models = in_place(models.register_over(&alone)).unwrap();
    assert_eq!(models.rule("tag", 2), Rule::PerField { since: 1 });
    assert_eq!(models.rule("tag", 3), Rule::Unknown);
    assert_eq!(models.rule("album", 0), Rule::Unknown);
    let payload = json(serde_json::json!({ "name": "Red" }));
    assert_eq!(models.read("tag", 3, &payload), Reading::NewerModel);
    assert_eq!(models.read("album", 0, &payload), Reading::UnknownModel);
    assert!(matches!(
        models.read("tag", 2, &payload),
        Reading::Readable(_)
    ));
}

/// The error of the models on tables in which this was replaced.
fn refusal(from: &str, to: &str) -> String {
    assert!(TABLES.contains(from), "{from}");
    let db = database(&TABLES.replace(from, to));
    let error = in_place(declared().register_over(&db)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FixCall);
    assert!(!error.help().is_empty());
    error.to_string()
}

const UNIQUE: &str = "name TEXT NOT NULL UNIQUE);";
const COVER: &str = "cover TEXT REFERENCES photo (id)";

/// What is replaced in the tables, by what, and what is said about it.
const UNFIT: &[(&str, &str, &str)] = &[
    (
        UNIQUE,
        "name TEXT NOT NULL); CREATE UNIQUE INDEX by_name ON tag (name) WHERE name <> '';",
        "the unique index by_name of tag is partial",
    ),
    (
        UNIQUE,
        "name TEXT NOT NULL); CREATE UNIQUE INDEX by_name ON tag (lower(name));",
        "the unique index by_name of tag is on an expression",
    ),
    (
        UNIQUE,
        "name TEXT, more TEXT UNIQUE);",
        "is on more, which the entity does not have",
    ),
    (
        "id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE",
        "id TEXT, name TEXT, PRIMARY KEY (id, name)",
        "the primary key of tag is not one UUID column",
    ),
    (
        "name TEXT NOT NULL UNIQUE",
        "names TEXT",
        "there is no tag.name",
    ),
    (
        COVER,
        "cover TEXT REFERENCES elsewhere (id)",
        "the foreign key album.cover refers to elsewhere, which is not registered",
    ),
    (
        COVER,
        "cover TEXT REFERENCES tag (name)",
        "the foreign key album.cover refers to tag.name, which is not the id",
    ),
    (
        COVER,
        "cover TEXT REFERENCES photo (id) ON DELETE SET DEFAULT",
        "the foreign key album.cover has ON DELETE SET DEFAULT",
    ),
    (
        "cover TEXT REFERENCES photo (id), seen TEXT",
        "cover TEXT, seen TEXT, FOREIGN KEY (title, cover) REFERENCES photo (album_id, id)",
        "the foreign key album.title, cover has several columns",
    ),
    (
        "tag (id TEXT",
        "tag (id INTEGER",
        "the primary key of tag is not one UUID column",
    ),
    (
        "seen TEXT",
        "seen TEXT REFERENCES photo (id)",
        "the foreign key album.seen is a column that serde skips",
    ),
    (
        "seen TEXT",
        "seen TEXT UNIQUE",
        "is on seen, which serde skips",
    ),
    (
        COVER,
        "cover TEXT, more TEXT REFERENCES photo (id)",
        "the foreign key album.more is a column that the entity does not have",
    ),
    (
        "photo (id TEXT PRIMARY KEY",
        "photo (id TEXT PRIMARY KEY REFERENCES tag (id)",
        "the foreign key photo.id is the primary key itself",
    ),
    (
        COVER,
        "cover TEXT REFERENCES photo (id) ON DELETE CASCADE",
        "a deletion in photo deletes rows of album by way of cover (ON DELETE CASCADE)",
    ),
    (
        "Album (ID) ON DELETE CASCADE",
        "album (id)",
        "link.album_id has no reference with ON DELETE CASCADE",
    ),
    (
        "CREATE TABLE link",
        "CREATE TABLE local (photo TEXT REFERENCES photo); CREATE TABLE link",
        "the foreign key local.photo refers to photo, so rows of local can refuse a deletion",
    ),
];

#[test]
fn what_cannot_be_shared_is_refused_by_name() {
    for (from, to, expected) in UNFIT {
        let said = refusal(from, to);
        assert!(said.contains(expected), "{to}: {said}");
    }
}

#[test]
fn local_tables_that_give_way_are_fine_and_so_is_a_cascade_that_is_logged() {
    let local = "CREATE TABLE local (photo TEXT REFERENCES photo ON DELETE CASCADE)";
    registered(&database(&format!("{TABLES} {local}")));
    let logged = Models::new()
        .entity::<tag::Entity>("tag")
        .entity::<album::Entity>("album")
        .entity::<photo::Entity>("photo")
        .entity::<link::Entity>("link")
        .logs_cascade("album_id");
    let models = in_place(logged.register_over(&database(TABLES))).unwrap();
    let album = Uuid::from_u128(2);
    let link = facts(
        &models,
        "link",
        serde_json::json!({ "photo_id": album, "album_id": album }),
    );
    assert_eq!(
        link.references[0],
        reference("album_id", id("album", 2), Need::Must)
    );
}

/// A model of which serde skips the id.
mod nameless {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "tag")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[serde(skip)]
        pub(crate) id: String,
        pub(crate) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[test]
fn a_model_that_does_not_read_its_id_is_refused() {
    let alone = database("CREATE TABLE tag (id TEXT PRIMARY KEY, name TEXT)");
    let nameless = Models::new().entity::<nameless::Entity>("tag");
    let refused = in_place(nameless.register_over(&alone)).unwrap_err();
    assert!(
        matches!(refused, RecordsError::PrimaryKey { .. }),
        "{refused}"
    );
}

#[test]
fn an_entity_is_registered_once() {
    let db = database(TABLES);
    for again in ["tag", "label"] {
        let twice = declared().entity::<tag::Entity>(again);
        let twice = in_place(twice.register_over(&db)).unwrap_err();
        assert!(matches!(twice, RecordsError::Twice { .. }), "{twice}");
    }
}
