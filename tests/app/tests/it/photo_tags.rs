//! The app of the example `photo-tags`, on three devices: what is in conflict, arrives out of order, waits
//! over a restart or is of a later version looks the same on all of them in the end.

#[expect(dead_code, reason = "each test is a main of its own")]
#[path = "../../examples/photo-tags/main.rs"]
mod example;

use std::path::PathBuf;

use sync_log_sqlite::Uuid;
use sync_log_sqlite::receive::WhyNotShown;
use sync_log_sqlite::records::{Models, SharedRecords};
use tempfile::TempDir;

use example::App;
use example::entities::{album, album_tag, tag};

const PHONE: Uuid = Uuid::from_u128(1);
const LAPTOP: Uuid = Uuid::from_u128(2);
const TABLET: Uuid = Uuid::from_u128(3);

/// The devices of a library, which know each other.
struct Devices {
    phone: App,
    laptop: App,
    tablet: App,
    folder: TempDir,
}

impl Devices {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let devices = Self {
            phone: open(&folder, PHONE).await,
            laptop: open(&folder, LAPTOP).await,
            tablet: open(&folder, TABLET).await,
            folder,
        };
        for device in devices.all() {
            for peer in devices.all().iter().filter(|it| it.device != device.device) {
                let log = device.records.log();
                log.register_peer(peer.device).await.unwrap();
            }
        }
        devices
    }

    fn all(&self) -> [&App; 3] {
        [&self.phone, &self.laptop, &self.tablet]
    }

    /// Each device pulls from both others. Afterwards all show this.
    async fn all_show(&self, albums: &[&str]) {
        for device in self.all() {
            for peer in self.all().iter().filter(|it| it.device != device.device) {
                pull(device, peer).await;
            }
        }
        for device in self.all() {
            assert_eq!(device.albums().await.unwrap(), albums);
        }
    }
}

fn folder_of(folder: &TempDir, device: Uuid) -> PathBuf {
    folder.path().join(device.to_string())
}

async fn open(folder: &TempDir, device: Uuid) -> App {
    App::open(device, &folder_of(folder, device)).await.unwrap()
}

async fn pull(device: &App, peer: &App) {
    while device.pull(peer).await.unwrap() {}
}

async fn close(app: App) {
    app.records.close().await.unwrap();
    app.db.close().await.unwrap();
}

/// The device after an upgrade to a release in which tags have a later version.
async fn upgraded(folder: &TempDir, app: App) -> App {
    app.records.close().await.unwrap();
    let models = Models::new()
        .entity::<tag::Entity>("tag")
        .version(1)
        .entity::<album::Entity>("album")
        .entity::<album_tag::Entity>("album_tag")
        .follows("album");
    let library = app.records.log().identity().library_id;
    let folder = folder_of(folder, app.device);
    let records = SharedRecords::open(&app.db, models, library, app.device, &folder).await;
    App {
        records: records.unwrap(),
        ..app
    }
}

#[tokio::test]
async fn changes_that_are_in_conflict_end_alike_on_all_devices() {
    let devices = Devices::new().await;
    let Devices {
        phone,
        laptop,
        tablet,
        ..
    } = &devices;
    let summer = phone.add_album("Summer").await.unwrap();
    let beach = phone.add_tag("beach").await.unwrap();
    phone.tag_album(summer.id, beach.id).await.unwrap();
    devices.all_show(&["Summer: beach"]).await;

    phone.rename_tag(beach.clone().into(), "sea").await.unwrap();
    pull(laptop, phone).await;
    laptop.rename_tag(beach.into(), "ocean").await.unwrap();
    devices.all_show(&["Summer: ocean"]).await;

    // Two tags have one name: the one with the lower id is shown, and what refers to the other is not.
    let hill = laptop.add_tag("hill").await.unwrap();
    laptop.tag_album(summer.id, hill.id).await.unwrap();
    let other_hill = tablet.add_tag("hill").await.unwrap();
    tablet.tag_album(summer.id, other_hill.id).await.unwrap();
    devices.all_show(&["Summer: hill, ocean"]).await;

    // The tablet tags an album that the phone has deleted meanwhile.
    phone.delete_album(summer.id).await.unwrap();
    let city = tablet.add_tag("city").await.unwrap();
    tablet.tag_album(summer.id, city.id).await.unwrap();
    devices.all_show(&[]).await;
}

#[tokio::test]
async fn a_link_that_arrives_before_its_album_waits_over_a_restart() {
    let mut devices = Devices::new().await;
    let summer = devices.phone.add_album("Summer").await.unwrap();
    let beach = devices.phone.add_tag("beach").await.unwrap();
    pull(&devices.laptop, &devices.phone).await;
    devices.laptop.tag_album(summer.id, beach.id).await.unwrap();

    pull(&devices.tablet, &devices.laptop).await;
    assert!(devices.tablet.albums().await.unwrap().is_empty());
    close(devices.tablet).await;
    devices.tablet = open(&devices.folder, TABLET).await;
    pull(&devices.tablet, &devices.phone).await;
    let shown = devices.tablet.albums().await.unwrap();
    assert_eq!(shown, ["Summer: beach"]);
    devices.all_show(&["Summer: beach"]).await;
}

#[tokio::test]
async fn a_tag_of_a_later_release_is_shown_after_the_upgrade() {
    let mut devices = Devices::new().await;
    let summer = devices.laptop.add_album("Summer").await.unwrap();
    pull(&devices.phone, &devices.laptop).await;
    devices.phone = upgraded(&devices.folder, devices.phone).await;
    let beach = devices.phone.add_tag("beach").await.unwrap();
    devices.phone.tag_album(summer.id, beach.id).await.unwrap();

    pull(&devices.laptop, &devices.phone).await;
    assert_eq!(devices.laptop.albums().await.unwrap(), ["Summer: "]);
    let not_shown = devices.laptop.records.not_shown(10).await.unwrap();
    let is_newer = |why: &WhyNotShown| matches!(why, WhyNotShown::NewerModel);
    assert!(
        not_shown.iter().any(|(_, why)| is_newer(why)),
        "{not_shown:?}"
    );
    assert_eq!(not_shown.len(), 2, "{not_shown:?}");

    devices.laptop = upgraded(&devices.folder, devices.laptop).await;
    devices.tablet = upgraded(&devices.folder, devices.tablet).await;
    devices.all_show(&["Summer: beach"]).await;
}
