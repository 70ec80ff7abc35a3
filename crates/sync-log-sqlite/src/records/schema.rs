//! Reads what the tables of an app say about their records: references and unique keys.

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::receive::Need;
use sync_log_core::{StoreError, Uuid};

use super::by_hand::ByHand;
use super::declared::{Cascade, Declared, Kind};
use super::error::RecordsError;
use super::key::{Affinity, Collation, Part, UniqueKey};
use super::registered::{Model, RegisteredModels};
use super::rows_of_entity::{Refers, RowsOfEntity};
use super::shape::Column;
use crate::driver::failure::corrupt;
use crate::driver::raw::schema::{
    ATTACHED_TO_TABLE, FOREIGN_KEYS, TABLE_COLUMNS, TABLE_DEFINITION, UNIQUE_COLUMNS,
};
use crate::driver::{Port, Row, all, first};

/// Registers models on a database that has their tables.
///
/// # Errors
/// [`RecordsError`].
pub(super) async fn read(
    db: &impl Port,
    declared: Vec<Declared<Kind>>,
) -> Result<RegisteredModels, RecordsError> {
    refuse_twice(&declared)?;
    let (declared, by_hand) = by_kind(declared);
    let foreign_keys = foreign_keys(db).await?;
    refuse_local_holders(&declared, &by_hand, &foreign_keys)?;
    let mut tables = BTreeMap::new();
    for model in &declared {
        tables.insert(model.name.clone(), Table::read(db, model).await?);
    }
    let mut references = BTreeMap::new();
    for model in &declared {
        let found = references_of(model, &declared, &tables, &foreign_keys)?;
        references.insert(model.name.clone(), found);
    }
    let mut models = BTreeMap::new();
    for model in declared {
        let name = model.name.clone();
        let rows = RowsOfEntity {
            keys: unique_keys(db, &model, &tables[&name]).await?,
            references: references.remove(&name).unwrap_or_default(),
            definition: tables[&name].definition.clone(),
            shape: model.shape,
        };
        let registered = Model {
            shows: Box::new(rows),
            version: model.version,
            rule: model.rule,
        };
        models.insert(name, registered);
    }
    for model in by_hand {
        models.insert(model.name.clone(), applied_by_hand(db, model).await?);
    }
    Ok(RegisteredModels { models })
}

/// The models that are entities, and those that the app applies by hand.
fn by_kind(declared: Vec<Declared<Kind>>) -> (Vec<Declared>, Vec<Declared<ByHand>>) {
    let mut entities = Vec::new();
    let mut by_hand = Vec::new();
    for model in declared {
        let Declared {
            name,
            shape,
            version,
            rule,
            cascades,
        } = model;
        match shape {
            Kind::Entity(shape) => entities.push(Declared {
                name,
                shape,
                version,
                rule,
                cascades,
            }),
            Kind::ByHand(shape) => by_hand.push(Declared {
                name,
                shape,
                version,
                rule,
                cascades,
            }),
        }
    }
    (entities, by_hand)
}

/// What the schema says of a model that the app applies by hand: only how its tables are made, with their
/// indexes and triggers.
async fn applied_by_hand(
    db: &impl Port,
    mut model: Declared<ByHand>,
) -> Result<Model, RecordsError> {
    if let Some((column, _)) = model.cascades.first() {
        return Err(RecordsError::NoCascade {
            table: model.name.clone(),
            column: column.clone(),
            model: model.name,
        });
    }
    for table in model.shape.applier.tables() {
        let definition = definition(db, table).await?;
        let definition = definition.ok_or_else(|| RecordsError::NoTable {
            model: model.name.clone(),
            table: (*table).to_owned(),
        })?;
        model.shape.definitions.push(definition);
        let attached = all(db, &ATTACHED_TO_TABLE, &[(*table).into()], |row| {
            text(row, 0)
        })
        .await?;
        model.shape.definitions.extend(attached);
    }
    Ok(Model {
        shows: Box::new(model.shape),
        version: model.version,
        rule: model.rule,
    })
}

/// The statement that makes a table.
async fn definition(db: &impl Port, table: &str) -> Result<Option<String>, StoreError> {
    let text = |row: &Row<'_>| text(row, 0);
    first(db, &TABLE_DEFINITION, &[table.into()], text).await
}

/// SQLite compares names without regard to case.
fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn refuse_twice(declared: &[Declared<Kind>]) -> Result<(), RecordsError> {
    for (position, model) in declared.iter().enumerate() {
        let is_known = |other: &Declared<Kind>| {
            other.name == model.name || other.shape.has_table_of(&model.shape)
        };
        if declared[..position].iter().any(is_known) {
            return Err(RecordsError::Twice {
                model: model.name.clone(),
                table: model.shape.tables().join(", "),
            });
        }
    }
    Ok(())
}

impl Kind {
    fn tables(&self) -> Vec<&str> {
        match self {
            Self::Entity(shape) => vec![shape.table()],
            Self::ByHand(by_hand) => by_hand.applier.tables().to_vec(),
        }
    }

    /// Whether a table is one of both models: a unique key that holds across two models is no key of core.
    fn has_table_of(&self, other: &Self) -> bool {
        let others = other.tables();
        let is_others = |table: &&str| others.iter().any(|taken| is_same(taken, table));
        self.tables().iter().any(is_others)
    }
}

/// A table, as far as its model needs it.
struct Table {
    id: Column,
    columns: Vec<Column>,
    stored: Vec<StoredColumn>,
    definition: String,
}

struct StoredColumn {
    name: String,
    declared_type: String,
    is_not_null: bool,
    is_key: bool,
}

impl Table {
    async fn read(db: &impl Port, model: &Declared) -> Result<Self, RecordsError> {
        let table = model.shape.table();
        let stored = all(db, &TABLE_COLUMNS, &[table.into()], |row| {
            Ok(StoredColumn {
                name: text(row, 0)?,
                declared_type: row.text(1).unwrap_or_default().into_owned(),
                is_not_null: row.is_true(2),
                is_key: row.is_true(3),
            })
        })
        .await?;
        let columns = model.shape.columns();
        let is_stored = |column: &&Column| stored.iter().any(|it| is_same(&it.name, column.name));
        if let Some(missing) = columns.iter().find(|column| !is_stored(column)) {
            return Err(RecordsError::NoColumn {
                model: model.name.clone(),
                table: table.to_owned(),
                column: missing.name.to_owned(),
            });
        }
        let id = id_column(model, &columns, &stored);
        let id = id.ok_or_else(|| RecordsError::PrimaryKey {
            model: model.name.clone(),
            table: table.to_owned(),
        })?;
        Ok(Self {
            id,
            columns,
            stored,
            definition: definition(db, table).await?.unwrap_or_default(),
        })
    }

    /// The column of the entity with this name.
    fn column(&self, name: &str) -> Option<Column> {
        let mut columns = self.columns.iter();
        columns.find(|column| is_same(column.name, name)).copied()
    }

    fn stored(&self, name: &str) -> Option<&StoredColumn> {
        self.stored
            .iter()
            .find(|column| is_same(&column.name, name))
    }
}

/// The column that is the primary key of both the entity and the table, if it can hold a UUID.
fn id_column(model: &Declared, columns: &[Column], stored: &[StoredColumn]) -> Option<Column> {
    let [key] = model.shape.key().try_into().ok()?;
    let mut stored_key = stored.iter().filter(|column| column.is_key);
    // A column of the type INTEGER is the number of the row, and takes nothing else.
    let holds_ids = |column: &StoredColumn| {
        is_same(&column.name, key) && !is_same(&column.declared_type, "INTEGER")
    };
    if !stored_key.next().is_some_and(holds_ids) || stored_key.next().is_some() {
        return None;
    }
    model.shape.id(Uuid::nil())?;
    let mut columns = columns.iter();
    let id = columns.find(|column| column.name == key && column.is_shared);
    id.copied()
}

/// A foreign key of any table.
struct ForeignKey {
    table: String,
    number: i64,
    columns: Vec<String>,
    parent: String,
    /// The column to which it leads; `None` is the primary key.
    to: Option<String>,
    on_delete: String,
}

async fn foreign_keys(db: &impl Port) -> Result<Vec<ForeignKey>, StoreError> {
    let columns = all(db, &FOREIGN_KEYS, &[], |row| {
        Ok(ForeignKey {
            table: text(row, 0)?,
            number: row.integer(1).unwrap_or_default(),
            columns: vec![text(row, 2)?],
            parent: text(row, 3)?,
            to: row.text(4).map(Into::into),
            on_delete: text(row, 5)?,
        })
    })
    .await?;
    let mut keys: Vec<ForeignKey> = Vec::new();
    for column in columns {
        match keys.last_mut() {
            Some(key) if key.table == column.table && key.number == column.number => {
                key.columns.extend(column.columns);
            }
            _ => keys.push(column),
        }
    }
    Ok(keys)
}

/// Refuses local tables whose rows could refuse a deletion: every device has to show the same. The foreign
/// keys of the tables of an applier are references of its records, which are hidden or emptied before.
fn refuse_local_holders(
    declared: &[Declared],
    by_hand: &[Declared<ByHand>],
    foreign_keys: &[ForeignKey],
) -> Result<(), RecordsError> {
    let entities = declared.iter();
    let of_entities = entities.map(|model| (model.name.as_str(), model.shape.table()));
    let of_appliers = by_hand.iter().flat_map(|model| {
        let tables = model.shape.applier.tables().iter();
        tables.map(|table| (model.name.as_str(), *table))
    });
    let of_models: Vec<(&str, &str)> = of_entities.chain(of_appliers).collect();
    let name_of = |table: &str| {
        let mut tables = of_models.iter();
        let found = tables.find(|(_, other)| is_same(other, table));
        found.map(|(model, _)| *model)
    };
    for key in foreign_keys {
        let gives_way = ["CASCADE", "SET NULL", "SET DEFAULT"].contains(&key.on_delete.as_str());
        if let Some(model) = name_of(&key.parent)
            && name_of(&key.table).is_none()
            && !gives_way
        {
            return Err(RecordsError::HeldByLocal {
                model: model.to_owned(),
                table: key.parent.clone(),
                child: key.table.clone(),
                column: key.columns.join(", "),
            });
        }
    }
    Ok(())
}

/// The references of a model.
fn references_of(
    model: &Declared,
    declared: &[Declared],
    tables: &BTreeMap<String, Table>,
    foreign_keys: &[ForeignKey],
) -> Result<Vec<Refers>, RecordsError> {
    let own = |key: &&ForeignKey| is_same(&key.table, model.shape.table());
    let mut references = Vec::new();
    for key in foreign_keys.iter().filter(own) {
        let refused = |reason: String| RecordsError::Reference {
            model: model.name.clone(),
            table: key.table.clone(),
            column: key.columns.join(", "),
            reason,
        };
        let column = referring_column(key, &tables[&model.name]).map_err(refused)?;
        let to = referred_model(key, declared, tables).map_err(refused)?;
        let is_needed = {
            let stored = tables[&model.name].stored(column.name);
            stored.is_some_and(|stored| stored.is_not_null) || !column.is_nullable
        };
        let need = match (key.on_delete.as_str(), is_needed) {
            ("CASCADE", _) => cascade(model, key, column)?,
            (_, true) => Need::Must,
            (_, false) => Need::May,
        };
        references.push(Refers {
            column: column.name,
            member: column.member,
            to,
            need,
        });
    }
    refuse_other_cascades(model, foreign_keys)?;
    Ok(references)
}

/// The column of a foreign key, or what is wrong with the key.
fn referring_column(key: &ForeignKey, table: &Table) -> Result<Column, String> {
    let [column] = key.columns.as_slice() else {
        return Err("has several columns".to_owned());
    };
    if is_same(column, table.id.name) {
        return Err("is the primary key itself".to_owned());
    }
    if key.on_delete == "SET DEFAULT" {
        return Err("has ON DELETE SET DEFAULT, for which no change is logged".to_owned());
    }
    match table.column(column) {
        None => Err("is a column that the entity does not have".to_owned()),
        Some(column) if !column.is_shared => Err("is a column that serde skips".to_owned()),
        Some(column) => Ok(column),
    }
}

/// The model to which a foreign key leads, or what is wrong with the key.
fn referred_model(
    key: &ForeignKey,
    declared: &[Declared],
    tables: &BTreeMap<String, Table>,
) -> Result<String, String> {
    let mut models = declared.iter();
    let parent = models.find(|model| is_same(model.shape.table(), &key.parent));
    let Some(parent) = parent else {
        return Err(format!("refers to {}, which is not registered", key.parent));
    };
    let id = tables[&parent.name].id.name;
    match &key.to {
        Some(to) if !is_same(to, id) => Err(format!(
            "refers to {}.{to}, which is not the id",
            key.parent
        )),
        _ => Ok(parent.name.clone()),
    }
}

/// The meaning of a reference with ON DELETE CASCADE.
fn cascade(model: &Declared, key: &ForeignKey, column: Column) -> Result<Need, RecordsError> {
    let mut cascades = model.cascades.iter();
    match cascades.find(|(declared, _)| is_same(declared, column.name)) {
        Some((_, Cascade::Follows)) => Ok(Need::Follows),
        Some((_, Cascade::Logged)) => Ok(Need::Must),
        None => Err(RecordsError::Cascade {
            model: model.name.clone(),
            table: key.table.clone(),
            column: column.name.to_owned(),
            parent: key.parent.clone(),
        }),
    }
}

/// Refuses a declaration about a column whose foreign key has no ON DELETE CASCADE.
fn refuse_other_cascades(
    model: &Declared,
    foreign_keys: &[ForeignKey],
) -> Result<(), RecordsError> {
    let table = model.shape.table();
    for (declared, _) in &model.cascades {
        let cascades = |key: &ForeignKey| {
            let is_by = key.columns.iter().any(|column| is_same(column, declared));
            is_same(&key.table, table) && is_by && key.on_delete == "CASCADE"
        };
        if !foreign_keys.iter().any(cascades) {
            return Err(RecordsError::NoCascade {
                model: model.name.clone(),
                table: table.to_owned(),
                column: declared.clone(),
            });
        }
    }
    Ok(())
}

/// The unique keys of a model. A key that contains the id of the record is left out: no other record can
/// have an equal one.
async fn unique_keys(
    db: &impl Port,
    model: &Declared,
    table: &Table,
) -> Result<Vec<UniqueKey>, RecordsError> {
    let name = model.shape.table();
    let columns = all(db, &UNIQUE_COLUMNS, &[name.into()], |row| {
        Ok(IndexedColumn {
            index: text(row, 0)?,
            is_partial: row.is_true(1),
            column: row.text(2).map(Into::into),
            collation: row.text(3).unwrap_or_default().into(),
        })
    })
    .await?;
    let mut keys: Vec<UniqueKey> = Vec::new();
    let mut of_the_id = BTreeSet::new();
    for column in columns {
        let part = column.part(table).map_err(|reason| RecordsError::Key {
            model: model.name.clone(),
            table: name.to_owned(),
            index: column.index.clone(),
            reason,
        })?;
        if part.column == table.id.name {
            of_the_id.insert(column.index.clone());
        }
        match keys.last_mut() {
            Some(key) if key.name == column.index => key.parts.push(part),
            _ => keys.push(UniqueKey {
                name: column.index,
                parts: vec![part],
            }),
        }
    }
    keys.retain(|key| !of_the_id.contains(&key.name));
    Ok(keys)
}

/// A column of a unique index.
struct IndexedColumn {
    index: String,
    is_partial: bool,
    /// `None` if the index is on an expression.
    column: Option<String>,
    collation: String,
}

impl IndexedColumn {
    /// The part of the key, or why the index cannot be one.
    fn part(&self, table: &Table) -> Result<Part, String> {
        if self.is_partial {
            return Err("is partial".to_owned());
        }
        let Some(name) = &self.column else {
            return Err("is on an expression".to_owned());
        };
        let column = table.column(name);
        let column =
            column.ok_or_else(|| format!("is on {name}, which the entity does not have"))?;
        if !column.is_shared {
            return Err(format!("is on {name}, which serde skips"));
        }
        let collation = Collation::named(&self.collation);
        let collation = collation.ok_or_else(|| format!("has the collation {}", self.collation))?;
        let stored = table.stored(name);
        let declared_type = stored.map_or("", |stored| &stored.declared_type);
        Ok(Part {
            column: column.name,
            affinity: Affinity::of(declared_type),
            collation,
        })
    }
}

/// The text of a column of SQLite's own.
fn text(row: &Row<'_>, column: usize) -> Result<String, StoreError> {
    let text = row.text(column);
    let text = text.ok_or_else(|| corrupt("sqlite_master", "", "sql"))?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests;
