//! Tags, albums and the tags of albums, in an app on SeaORM, on three devices.
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
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait};
use sync_log_sqlite::records::{Models, SharedRecords};
use sync_log_sqlite::{Ack, ReadLimits};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The app on one device.
pub(crate) struct App {
    pub(crate) device: Uuid,
    pub(crate) db: DatabaseConnection,
    pub(crate) records: SharedRecords,
}

impl App {
    pub(crate) async fn open(device: Uuid, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let db = app::connect(&folder.join("photos.db")).await?;
        db.execute_unprepared(entities::TABLES).await?;
        let models = Models::new()
            .entity::<tag::Entity>("tag")
            .entity::<album::Entity>("album")
            .entity::<album_tag::Entity>("album_tag")
            .follows("album");
        let library = Uuid::from_u128(0x11b);
        let records = SharedRecords::open(&db, models, library, device, folder).await?;
        Ok(Self {
            device,
            db,
            records,
        })
    }

    /// Pulls a page of another device's changes, and returns whether there are more. An app sends the page
    /// and the ack over its network.
    pub(crate) async fn pull(&self, from: &Self) -> Result<bool> {
        let cursor = self.records.cursor(from.device).await?;
        let log = from.records.log();
        let page = log.read_for(self.device, cursor, ReadLimits::default());
        let page = page.await?;
        let applied = self.records.apply(from.device, &page).await?;
        log.acknowledge(Ack::new(self.device, applied.watermark))
            .await?;
        log.prune_acked().await?;
        Ok(page.more)
    }

    pub(crate) async fn add_tag(&self, name: &str) -> Result<tag::Model> {
        let row = tag::ActiveModel {
            id: Set(Uuid::new_v4()),
            name: Set(name.to_owned()),
        };
        Ok(self.records.insert(row).await?)
    }

    pub(crate) async fn rename_tag(&self, mut tag: tag::ActiveModel, name: &str) -> Result<()> {
        tag.name = Set(name.to_owned());
        self.records.update(tag).await?;
        Ok(())
    }

    pub(crate) async fn add_album(&self, title: &str) -> Result<album::Model> {
        let row = album::ActiveModel {
            id: Set(Uuid::new_v4()),
            title: Set(title.to_owned()),
        };
        Ok(self.records.insert(row).await?)
    }

    pub(crate) async fn delete_album(&self, album: Uuid) -> Result<()> {
        self.records.delete::<album::Entity>(album).await?;
        Ok(())
    }

    pub(crate) async fn tag_album(&self, album: Uuid, tag: Uuid) -> Result<()> {
        let row = album_tag::ActiveModel {
            id: Set(Uuid::new_v4()),
            album: Set(album),
            tag: Set(tag),
        };
        self.records.insert(row).await?;
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
    let mut devices = Vec::new();
    for name in ["phone", "laptop", "tablet"] {
        devices.push(App::open(Uuid::new_v4(), &folder.path().join(name)).await?);
    }
    for device in &devices {
        for peer in devices.iter().filter(|peer| peer.device != device.device) {
            device.records.log().register_peer(peer.device).await?;
        }
    }
    let app = &devices[0];

    let summer = app.add_album("Summer").await?;
    let beach = app.add_tag("beach").await?;
    app.tag_album(summer.id, beach.id).await?;
    app.rename_tag(beach.into(), "sea").await?;
    let winter = app.add_album("Winter").await?;
    app.delete_album(winter.id).await?;

    for device in &devices {
        for peer in devices.iter().filter(|peer| peer.device != device.device) {
            while device.pull(peer).await? {}
        }
        assert_eq!(device.albums().await?, app.albums().await?);
    }
    println!("{}", app.albums().await?.join("\n"));
    Ok(())
}
