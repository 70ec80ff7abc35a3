//! The rows that a device shows, and what an app may do to them.

use fastrand::Rng;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use serde_json::json;
use sync_log_sqlite::Uuid;

use super::row::{Row, Step};
use crate::records::gallery::{album, link, photo, tag};

/// The rows that there are.
pub(super) struct Rows {
    tags: Vec<tag::Model>,
    albums: Vec<album::Model>,
    photos: Vec<photo::Model>,
    links: Vec<link::Model>,
}

impl Rows {
    pub(super) async fn read(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        Ok(Self {
            tags: tag::Entity::find().all(db).await?,
            albums: album::Entity::find().all(db).await?,
            photos: photo::Entity::find().all(db).await?,
            links: link::Entity::find().all(db).await?,
        })
    }

    /// An insertion, update or deletion, or insertions that need each other.
    pub(super) fn pick(&self, rng: &mut Rng) -> Vec<Step> {
        let picked = match rng.u32(0..10) {
            0..=2 => self.update(rng),
            3..=4 => self.delete(rng),
            _ => None,
        };
        picked.map_or_else(|| self.insert(rng), |step| vec![step])
    }

    fn insert(&self, rng: &mut Rng) -> Vec<Step> {
        let some_album = rng.choice(&self.albums).map(|album| album.id);
        let some_photo = rng.choice(&self.photos).map(|photo| photo.id);
        let rows = match (rng.u32(0..5), some_album, some_photo) {
            (0 | 1, ..) => vec![Row::Tag(new_tag(rng))],
            (2, Some(album), _) => {
                let tag = rng.choice(&self.tags).map(|tag| tag.id);
                vec![Row::Photo(new_photo(rng, album, tag))]
            }
            (3, Some(album), Some(photo)) => {
                let id = new_id(rng);
                vec![Row::Link(link::Model { id, photo, album })]
            }
            _ => return album_with_photo(rng).into(),
        };
        rows.into_iter().map(Step::insert).collect()
    }

    /// A row that is another one than before, if there is one to change.
    fn update(&self, rng: &mut Rng) -> Option<Step> {
        match rng.u32(0..4) {
            0 => self.rename_tag(rng),
            1 => self.name_album(rng),
            2 => self.cover_album(rng),
            _ => self.tag_photo(rng),
        }
    }

    fn rename_tag(&self, rng: &mut Rng) -> Option<Step> {
        let was = rng.choice(&self.tags)?;
        let mut row = was.clone();
        row.name = new_tag(rng).name;
        (row != *was).then(|| Step::update_whole(Row::Tag(row)))
    }

    fn name_album(&self, rng: &mut Rng) -> Option<Step> {
        let mut row = rng.choice(&self.albums)?.clone();
        row.title = new_album(rng).title;
        let change = json!({ "title": row.title });
        Some(Step::update(Row::Album(row), &change))
    }

    fn cover_album(&self, rng: &mut Rng) -> Option<Step> {
        let was = rng.choice(&self.albums)?;
        let mut row = was.clone();
        row.cover = rng.choice(&self.photos).map(|photo| photo.id);
        let change = json!({ "cover": row.cover });
        (row != *was).then(|| Step::update(Row::Album(row), &change))
    }

    fn tag_photo(&self, rng: &mut Rng) -> Option<Step> {
        let was = rng.choice(&self.photos)?;
        let mut row = was.clone();
        row.tag = rng.choice(&self.tags).map(|tag| tag.id);
        (row != *was).then(|| Step::update_whole(Row::Photo(row)))
    }

    /// Mostly a row to which no other one refers.
    fn delete(&self, rng: &mut Rng) -> Option<Step> {
        let is_reckless = rng.u32(0..8) == 0;
        let row = match rng.u32(0..4) {
            0 => one_of(rng, &self.tags, |tag| {
                is_reckless || self.photos.iter().all(|it| it.tag != Some(tag.id))
            })
            .map(Row::Tag),
            1 => one_of(rng, &self.albums, |album| {
                is_reckless || self.photos.iter().all(|it| it.album != album.id)
            })
            .map(Row::Album),
            2 => one_of(rng, &self.photos, |photo| {
                is_reckless || self.is_used_nowhere(photo)
            })
            .map(Row::Photo),
            _ => one_of(rng, &self.links, |_| true).map(Row::Link),
        };
        row.map(Step::delete)
    }

    fn is_used_nowhere(&self, photo: &photo::Model) -> bool {
        let is_cover = self.albums.iter().any(|it| it.cover == Some(photo.id));
        let is_linked = self.links.iter().any(|it| it.photo == photo.id);
        !is_cover && !is_linked
    }
}

fn one_of<T: Clone>(rng: &mut Rng, rows: &[T], may: impl Fn(&T) -> bool) -> Option<T> {
    let rows: Vec<_> = rows.iter().filter(|row| may(row)).collect();
    rng.choice(rows).cloned()
}

/// Names are few, so that the unique key is contended.
fn new_tag(rng: &mut Rng) -> tag::Model {
    const NAMES: [&str; 9] = [
        "beach", "Beach", "city", "wood", "lake", "hill", "road", "snow", "rain",
    ];
    tag::Model {
        id: new_id(rng),
        name: NAMES[rng.usize(0..NAMES.len())].to_owned(),
    }
}

/// An insertion that depends on nothing.
pub(super) fn insert_album(rng: &mut Rng) -> Step {
    Step::insert(Row::Album(new_album(rng)))
}

/// Two insertions that depend on nothing that is there.
pub(super) fn album_with_photo(rng: &mut Rng) -> [Step; 2] {
    let album = new_album(rng);
    let photo = new_photo(rng, album.id, None);
    [Row::Album(album), Row::Photo(photo)].map(Step::insert)
}

fn new_album(rng: &mut Rng) -> album::Model {
    album::Model {
        id: new_id(rng),
        title: format!("album {}", rng.u64(..)),
        cover: None,
        opened: 0,
    }
}

fn new_photo(rng: &mut Rng, album: Uuid, tag: Option<Uuid>) -> photo::Model {
    photo::Model {
        id: new_id(rng),
        album,
        tag,
    }
}

fn new_id(rng: &mut Rng) -> Uuid {
    Uuid::from_u128(rng.u128(..))
}
