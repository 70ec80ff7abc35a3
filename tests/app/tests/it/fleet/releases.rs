//! The app's entities and tables, in the two releases of the simulated app.

use simulator::apps::Release;
use sync_log_sqlite::records::{DeclaredModels, Models};

/// What the first release knows.
pub(super) mod first {
    use crate::records::gallery::entity;

    entity!(tag, "tag", name: String);
    entity!(album, "album", title: String, cover: Option<Uuid>);
    entity!(link, "link", album: Uuid, tag: Uuid);
    entity!(note, "note", a: Option<i64>, b: Option<i64>);
}

/// What the second release knows. Its albums are those of the first one.
pub(super) mod second {
    use crate::records::gallery::entity;

    entity!(tag, "tag", name: String, colour: Option<String>);
    entity!(link, "link", album: Uuid, tag: Uuid, rank: Option<i64>);
    entity!(note, "note", a: Option<i64>, b: Option<i64>, c: Option<i64>);
    entity!(memo, "memo", text: i64, tag: Uuid);
}

/// The tables of the first release. The name of the constraint is the reason that the oracle knows. Of two
/// records that a link lacks, the reason names the one whose foreign key is declared last, which has to be
/// the album as in the oracle.
pub(super) const TABLES: &str = "
    CREATE TABLE tag (id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE album (id BLOB PRIMARY KEY,
        title TEXT NOT NULL,
        cover BLOB REFERENCES link (id) ON DELETE SET NULL,
        CONSTRAINT \"a title is a word\"
            CHECK (title <> '?' AND (title <> '!' OR cover IS NOT NULL)));
    CREATE TABLE link (id BLOB PRIMARY KEY,
        tag BLOB NOT NULL REFERENCES tag (id) ON DELETE RESTRICT,
        album BLOB NOT NULL REFERENCES album (id) ON DELETE CASCADE);
    CREATE TABLE note (id BLOB PRIMARY KEY, a INTEGER, b INTEGER);";

/// The migration to the second release. An album may have any title from then on, for which SQLite asks
/// to make the table again.
pub(super) const MIGRATION: &str = "
    PRAGMA foreign_keys = OFF;
    BEGIN IMMEDIATE;
    ALTER TABLE tag ADD COLUMN colour TEXT;
    ALTER TABLE link ADD COLUMN rank INTEGER;
    ALTER TABLE note ADD COLUMN c INTEGER;
    CREATE TABLE memo (id BLOB PRIMARY KEY, text INTEGER NOT NULL,
        tag BLOB NOT NULL REFERENCES tag (id) ON DELETE RESTRICT);
    CREATE TABLE album_next (id BLOB PRIMARY KEY, title TEXT NOT NULL,
        cover BLOB REFERENCES link (id) ON DELETE SET NULL);
    INSERT INTO album_next SELECT id, title, cover FROM album;
    DROP TABLE album;
    ALTER TABLE album_next RENAME TO album;
    COMMIT;
    PRAGMA foreign_keys = ON;";

/// The models of a release.
pub(super) fn declared(release: Release) -> DeclaredModels {
    let albums = Models::new().entity::<first::album::Entity>("album");
    let albums = albums.version(1);
    match release {
        Release::First => {
            let tags = albums.entity::<first::tag::Entity>("tag").version(1);
            let links = tags.entity::<first::link::Entity>("link").version(1);
            let notes = links.follows("album").entity::<first::note::Entity>("note");
            notes.version(1)
        }
        Release::Second => {
            let tags = albums.entity::<second::tag::Entity>("tag").version(1);
            let links = tags.entity::<second::link::Entity>("link").version(1);
            let notes = links
                .follows("album")
                .entity::<second::note::Entity>("note");
            let notes = notes.version(2).per_field(2);
            notes.entity::<second::memo::Entity>("memo").version(1)
        }
    }
}
