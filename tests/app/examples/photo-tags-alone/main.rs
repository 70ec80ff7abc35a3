//! Tags, albums and the tags of albums, in an app on SeaORM.
//!
//! The examples `photo-tags-alone` and `photo-tags` are one app, without sync and with it. Run each with
//! `cargo run -p app --example`. What is `pub(crate)` is for the tests in `photo_tags.rs`.

#![allow(clippy::print_stdout, reason = "an example shows what happens")]
#![allow(unreachable_pub, reason = "entities are as SeaORM makes them")]

pub(crate) mod entities;

use std::path::Path;

use entities::{album, album_tag, tag};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseConnection, EntityTrait};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The app on one device.
pub(crate) struct App {
    pub(crate) db: DatabaseConnection,
}

impl App {
    pub(crate) async fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let db = app::connect(&folder.join("photos.db")).await?;
        db.execute_unprepared(entities::TABLES).await?;
        Ok(Self { db })
    }

    pub(crate) async fn add_tag(&self, name: &str) -> Result<tag::Model> {
        let row = tag::ActiveModel {
            id: Set(Uuid::new_v4()),
            name: Set(name.to_owned()),
        };
        Ok(row.insert(&self.db).await?)
    }

    pub(crate) async fn rename_tag(&self, mut tag: tag::ActiveModel, name: &str) -> Result<()> {
        tag.name = Set(name.to_owned());
        tag.update(&self.db).await?;
        Ok(())
    }

    pub(crate) async fn add_album(&self, title: &str) -> Result<album::Model> {
        let row = album::ActiveModel {
            id: Set(Uuid::new_v4()),
            title: Set(title.to_owned()),
        };
        Ok(row.insert(&self.db).await?)
    }

    pub(crate) async fn delete_album(&self, album: Uuid) -> Result<()> {
        album::Entity::delete_by_id(album).exec(&self.db).await?;
        Ok(())
    }

    pub(crate) async fn tag_album(&self, album: Uuid, tag: Uuid) -> Result<()> {
        let row = album_tag::ActiveModel {
            id: Set(Uuid::new_v4()),
            album: Set(album),
            tag: Set(tag),
        };
        row.insert(&self.db).await?;
        Ok(())
    }

    /// Each album with its tags, in the order of their names.
    pub(crate) async fn albums(&self) -> Result<Vec<String>> {
        let mut albums = Vec::new();
        for album in album::Entity::find().all(&self.db).await? {
            let tags = album_tag::Entity::find().find_also_related(tag::Entity);
            let tags = tags.all(&self.db).await?.into_iter();
            let of_album = tags.filter(|(link, _)| link.album == album.id);
            let mut names: Vec<_> = of_album.filter_map(|(_, tag)| Some(tag?.name)).collect();
            names.sort();
            albums.push(format!("{}: {}", album.title, names.join(", ")));
        }
        albums.sort();
        Ok(albums)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let app = App::open(folder.path()).await?;

    let summer = app.add_album("Summer").await?;
    let beach = app.add_tag("beach").await?;
    app.tag_album(summer.id, beach.id).await?;
    app.rename_tag(beach.into(), "sea").await?;
    let winter = app.add_album("Winter").await?;
    app.delete_album(winter.id).await?;

    println!("{}", app.albums().await?.join("\n"));
    Ok(())
}
