//! The version of a record: its merged changes, in whatever order they arrived (`X4`).

use std::collections::BTreeMap;

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use crate::model::{ChangeType, DeviceId, Digest, JsonText, SharedChangeEntry};

/// How the changes of a record are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The highest change wins as a whole. Its payload is the whole record.
    WholeRecord,
    /// Each member of the payload is merged by itself. A payload has the members that changed.
    PerField {
        /// The first model version that has this rule. A change in an earlier model version is the
        /// whole record, so its payload has to have all members that the model had, even empty ones.
        since: u32,
    },
    /// This program does not know the model, or does not know this model version yet. Changes are merged in
    /// both ways, so that a newer version of the program can continue with either result.
    Unknown,
}

/// Where a value comes from: the change with the higher stamp wins. Two changes have one stamp only
/// if a device was cloned; the higher digest wins then, on every device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The stamp of the change.
    pub hlc: Hlc,
    /// The digest of the change.
    pub digest: Digest,
}

impl Source {
    fn of(entry: &SharedChangeEntry) -> Self {
        Self {
            hlc: entry.hlc,
            digest: Digest::of(entry),
        }
    }
}

/// One member of a payload, merged by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The change from which the value comes.
    pub source: Source,
    /// The model version of that change.
    pub model_version: u32,
    /// The value.
    pub value: JsonText,
}

/// The merged changes of one record.
///
/// Merging is a join: the order of the changes does not matter, and neither does a change that is
/// merged twice. The whole-record rule is the last-writer-wins register, and the per-field rule a map
/// of such registers, of Shapiro et al., *A comprehensive study of Convergent and Commutative
/// Replicated Data Types*, 2011, sections 3.2.1 and 3.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The highest change.
    pub source: Source,
    /// The kind of the highest change. A deletion stays as a version, so that lower changes that arrive
    /// later lose.
    pub change_type: ChangeType,
    /// The model version of the highest change.
    pub model_version: u32,
    /// The payload of the highest change.
    pub data: JsonText,
    /// The highest insertion; zero if there was none.
    pub inserted: Hlc,
    /// The highest deletion; zero if there was none.
    pub deleted: Hlc,
    /// The highest update that may be a part of the record, for each model version. The map is empty
    /// under the whole-record rule.
    #[serde(with = "pairs")]
    pub updated: BTreeMap<u32, Hlc>,
    /// The members above the highest deletion. `None` until a change arrives whose rule is not the
    /// whole-record rule, or that has a member which the app does not know.
    pub fields: Option<BTreeMap<String, Field>>,
}

impl Version {
    /// The version of a record of which `entry` is the first change.
    #[must_use]
    pub fn first(entry: &SharedChangeEntry, rule: Rule) -> Self {
        let mut version = Self {
            source: Source::of(entry),
            change_type: entry.change_type,
            model_version: entry.model_version,
            data: entry.data.clone(),
            inserted: Hlc::ZERO,
            deleted: Hlc::ZERO,
            updated: BTreeMap::new(),
            fields: None,
        };
        let is_whole = match rule {
            Rule::WholeRecord => true,
            Rule::PerField { since } => entry.model_version < since,
            Rule::Unknown => false,
        };
        match entry.change_type {
            ChangeType::Delete => version.deleted = entry.hlc,
            ChangeType::Insert => version.inserted = entry.hlc,
            ChangeType::Update if is_whole => version.inserted = entry.hlc,
            ChangeType::Update => version.updated = [(entry.model_version, entry.hlc)].into(),
        }
        if rule == Rule::WholeRecord {
            version
        } else {
            version.by_member()
        }
    }

    /// Merges a change.
    #[must_use]
    pub fn merged(&self, entry: &SharedChangeEntry, rule: Rule) -> Self {
        self.joined(&Self::first(entry, rule))
    }

    /// Merges two versions of one record: the version of all changes that are in either of them.
    ///
    /// It is a join: it does not matter which of them is which, and what is in both counts once. They may
    /// have been merged by different rules, as by an older and by a newer program. If one of them has its
    /// members merged one by one, the other one is split into its members.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let highest = if other.source > self.source {
            other
        } else {
            self
        };
        let deleted = self.deleted.max(other.deleted);
        let mut updated = self.updated.clone();
        for (model_version, hlc) in &other.updated {
            let known = updated.entry(*model_version).or_insert(Hlc::ZERO);
            *known = (*known).max(*hlc);
        }
        Self {
            source: highest.source,
            change_type: highest.change_type,
            model_version: highest.model_version,
            data: highest.data.clone(),
            inserted: self.inserted.max(other.inserted),
            deleted,
            updated,
            fields: self.joined_fields(other, deleted),
        }
    }

    fn joined_fields(&self, other: &Self, deleted: Hlc) -> Option<BTreeMap<String, Field>> {
        if self.fields.is_none() && other.fields.is_none() {
            return None;
        }
        let mut fields = self.members();
        for (name, field) in other.members() {
            let is_news = |known: &Field| known.source < field.source;
            if fields.get(&name).is_none_or(is_news) {
                fields.insert(name, field);
            }
        }
        fields.retain(|_, field| field.source.hlc > deleted);
        Some(fields)
    }

    /// The same version, with its members merged one by one from now on.
    #[must_use]
    pub(super) fn by_member(mut self) -> Self {
        self.fields = Some(self.members());
        self
    }

    /// Whether the record is live, rather than deleted.
    #[must_use]
    pub fn is_live(&self, rule: Rule) -> bool {
        match rule {
            Rule::WholeRecord | Rule::Unknown => self.change_type != ChangeType::Delete,
            Rule::PerField { since } => {
                let whole = self.updated.range(..since).map(|(_, hlc)| *hlc);
                whole.fold(self.inserted, Hlc::max) > self.deleted
            }
        }
    }

    /// The highest model version of the parts of the payload.
    #[must_use]
    pub fn newest_model_version(&self, rule: Rule) -> u32 {
        let fields = self.fields.iter().flatten();
        let newest = fields.map(|(_, field)| field.model_version).max();
        match rule {
            Rule::WholeRecord => self.model_version,
            Rule::PerField { .. } => newest.unwrap_or(self.model_version),
            // The highest change counts as well: it may have no members.
            Rule::Unknown => newest.max(Some(self.model_version)).unwrap_or_default(),
        }
    }

    /// The highest change of this device that is in the version; `None` if higher changes of other devices
    /// have replaced all of its changes, or if it made none.
    #[must_use]
    pub fn last_change_of(&self, device_id: DeviceId) -> Option<Hlc> {
        let fields = self.fields.iter().flat_map(BTreeMap::values);
        let members = fields.map(|field| field.source.hlc);
        let parts = self.updated.values().copied().chain(members);
        let whole = [self.source.hlc, self.inserted, self.deleted];
        let changes = whole.into_iter().chain(parts);
        changes.filter(|hlc| device_id == hlc.device_id).max()
    }

    /// The payload, if the record is live.
    #[must_use]
    pub fn payload(&self, rule: Rule) -> Option<JsonText> {
        if !self.is_live(rule) {
            return None;
        }
        match (rule, &self.fields) {
            (Rule::PerField { .. }, Some(fields)) => {
                let fields = fields.iter();
                let members = fields.map(|(name, field)| (name.clone(), field.value.clone()));
                Some(JsonText::object(&members.collect()))
            }
            _ => Some(self.data.clone()),
        }
    }

    /// The members, each with where it comes from. Without members of their own, they are those of the
    /// payload.
    fn members(&self) -> BTreeMap<String, Field> {
        if let Some(fields) = &self.fields {
            return fields.clone();
        }
        if self.source.hlc <= self.deleted {
            return BTreeMap::new();
        }
        let field = |value| Field {
            source: self.source,
            model_version: self.model_version,
            value,
        };
        let members = self.data.members().into_iter();
        members.map(|(name, value)| (name, field(value))).collect()
    }
}

/// Serde's buffers of tagged types do not read numbers back from the keys of a map.
mod pairs {
    use std::collections::BTreeMap;

    use hlc::Hlc;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        map: &BTreeMap<u32, Hlc>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<u32, Hlc>, D::Error> {
        let pairs = Vec::<(u32, Hlc)>::deserialize(from)?;
        Ok(pairs.into_iter().collect())
    }
}
