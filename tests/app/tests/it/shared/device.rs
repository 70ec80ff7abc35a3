//! A device in a folder of its own, with the gallery's tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseConnection, EntityTrait};
use sync_log_sqlite::receive::RecordId;
use sync_log_sqlite::records::{
    DeclaredModels, Received, SharedRecords, SharedRecordsOptions, SyncError,
};
use sync_log_sqlite::{Ack, Cursor, DeviceId, LogError, ReadLimits, SharedChangeEntry, Uuid};

use crate::common::database::{Journal, make};
pub(super) use crate::common::database::{Layout, database};
use crate::records::gallery::{TABLES, declared, tag};

pub(super) const LIBRARY: Uuid = Uuid::from_u128(0x11b);
pub(super) const PHONE: Uuid = Uuid::from_u128(0xf0);
pub(super) const LAPTOP: Uuid = Uuid::from_u128(0x1a);
pub(super) const TABLET: Uuid = Uuid::from_u128(0x7a);

/// A device, and the app on it.
pub(super) struct Device {
    pub(super) id: DeviceId,
    pub(super) db: DatabaseConnection,
    pub(super) records: SharedRecords,
    layout: Layout,
    folder: PathBuf,
}

/// Makes the app's tables.
pub(super) fn make_tables(folder: &Path) {
    make(folder, Journal::Rollback, TABLES);
}

impl Device {
    /// A new device in this layout, that knows no other one.
    pub(super) async fn alone(layout: Layout, folder: &Path, id: Uuid) -> Self {
        make_tables(folder);
        let opened = Self::open_in(layout, folder, id, declared());
        opened.await.unwrap()
    }

    /// A new device, that knows another one.
    pub(super) async fn new(folder: &Path, id: Uuid, peer: Uuid) -> Self {
        make_tables(folder);
        let device = Self::open(folder, id).await;
        device.records.log().register_peer(peer).await.unwrap();
        device
    }

    pub(super) async fn open(folder: &Path, id: Uuid) -> Self {
        Self::open_with(folder, id, declared()).await.unwrap()
    }

    pub(super) async fn open_with(
        folder: &Path,
        id: Uuid,
        models: DeclaredModels,
    ) -> Result<Self, SyncError> {
        Self::open_in(Layout::Outbox, folder, id, models).await
    }

    pub(super) async fn open_in(
        layout: Layout,
        folder: &Path,
        id: Uuid,
        models: DeclaredModels,
    ) -> Result<Self, SyncError> {
        Self::open_by(SharedRecords::options(), layout, folder, id, models).await
    }

    pub(super) async fn open_by(
        options: SharedRecordsOptions,
        layout: Layout,
        folder: &Path,
        id: Uuid,
        models: DeclaredModels,
    ) -> Result<Self, SyncError> {
        let db = app::connect(&database(folder)).await?;
        let opened = layout.open(options, &db, models, LIBRARY, id, folder);
        let records = opened.await?;
        Ok(Self {
            id: id.into(),
            db,
            records,
            layout,
            folder: folder.to_owned(),
        })
    }

    /// The same device after a restart of the app, with these models.
    pub(super) async fn reopened(self, models: DeclaredModels) -> Self {
        let folder = self.folder.clone();
        let id = self.id.as_uuid();
        let layout = self.layout;
        self.close().await;
        let opened = Self::open_in(layout, &folder, id, models);
        opened.await.unwrap()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) async fn close(self) {
        self.records.close().await.unwrap();
        self.db.close().await.unwrap();
    }

    pub(super) async fn add_tag(&self, id: u128, name: &str) -> tag::Model {
        let tag = new_tag(id, name);
        let added = self.records.write(async |rows| rows.insert(tag).await);
        added.await.unwrap()
    }

    pub(super) async fn rename_tag(&self, id: u128, name: &str) {
        let tag = new_tag(id, name);
        let renamed = self.records.write(async |rows| rows.update(tag).await);
        renamed.await.unwrap();
    }

    pub(super) async fn delete_tag(&self, id: u128) -> bool {
        let id = Uuid::from_u128(id);
        let deleted = self
            .records
            .write(async |rows| rows.delete::<tag::Entity>(id).await);
        deleted.await.unwrap()
    }

    /// The names of the tags that the app shows.
    pub(super) async fn tags(&self) -> Vec<String> {
        let tags = tag::Entity::find().all(&self.db).await.unwrap();
        let mut names: Vec<_> = tags.into_iter().map(|tag| tag.name).collect();
        names.sort();
        names
    }

    /// Everything that is pending in the log.
    pub(super) async fn pending(&self) -> Vec<SharedChangeEntry> {
        self.records.log().get_since(None, 1000).await.unwrap()
    }

    /// Reads one page of another device, applies it and acknowledges it. Returns how many records it
    /// concerned.
    pub(super) async fn pull(&self, from: &Self) -> usize {
        let cursor = self.cursor(from).await;
        let log = from.records.log();
        let page = log.read_for(self.id, cursor, ReadLimits::default());
        let applied = self.records.apply(from.id, &page.await.unwrap()).await;
        let applied = applied.unwrap();
        let ack = Ack::new(self.id, applied.watermark);
        log.acknowledge(ack).await.unwrap();
        log.prune_acked().await.unwrap();
        applied.standings.len()
    }

    /// Takes a snapshot of another device, and acknowledges it to that device.
    pub(super) async fn take_snapshot(&self, of: &Self) -> BTreeMap<DeviceId, Cursor> {
        let snapshot = of.records.snapshot().await.unwrap();
        let taking = self.records.take_snapshot(of.id, snapshot).await;
        let mut taking = taking.unwrap();
        while !taking.has_all() {
            let page = of.records.snapshot_page(taking.after()).await;
            let _ = taking.merge(&page.unwrap()).await.unwrap();
        }
        let cursors = taking.finish().await.unwrap();
        let ack = Ack::new(self.id, cursors[&of.id]);
        of.records.log().acknowledge(ack).await.unwrap();
        cursors
    }

    /// How this device answers a read of another one.
    pub(super) async fn answers(&self, reader: &Self, cursor: Cursor) -> Result<usize, LogError> {
        let log = self.records.log();
        let page = log.read_for(reader.id, cursor, ReadLimits::default());
        Ok(page.await?.entries.len())
    }

    pub(super) async fn register(&self, other: &Self) {
        self.records.log().register_peer(other.id).await.unwrap();
    }

    /// What the status says of the logs of other devices.
    pub(super) async fn received(&self) -> Vec<Received> {
        self.records.status().await.unwrap().received
    }

    pub(super) async fn cursor(&self, of: &Self) -> Cursor {
        self.records.cursor(of.id).await.unwrap()
    }
}

pub(super) fn new_tag(id: u128, name: &str) -> tag::ActiveModel {
    tag::ActiveModel {
        id: Set(Uuid::from_u128(id)),
        name: Set(name.to_owned()),
    }
}

pub(super) fn tag_id(id: u128) -> RecordId {
    RecordId::new("tag", Uuid::from_u128(id))
}
