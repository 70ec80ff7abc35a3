//! The version of a record: its merged changes, in whatever order they arrived (`X4`).

use std::collections::BTreeMap;

use hlc::Hlc;

use crate::model::{ChangeType, Digest, JsonText, SharedChangeEntry};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
        version.merge_parts(entry, rule);
        version
    }

    /// Merges a change.
    #[must_use]
    pub fn merged(&self, entry: &SharedChangeEntry, rule: Rule) -> Self {
        let mut version = self.clone();
        if rule != Rule::WholeRecord {
            version = version.by_member();
        }
        let source = Source::of(entry);
        if source > version.source {
            version.source = source;
            version.change_type = entry.change_type;
            version.model_version = entry.model_version;
            version.data = entry.data.clone();
        }
        version.merge_parts(entry, rule);
        version
    }

    /// Merges a change into the version that is known, and keeps the members beside the whole record.
    pub(super) fn merged_by_member(
        known: Option<&Self>,
        entry: &SharedChangeEntry,
        rule: Rule,
    ) -> Self {
        let Some(version) = known else {
            return Self::first(entry, rule).by_member();
        };
        version.clone().by_member().merged(entry, rule)
    }

    fn by_member(mut self) -> Self {
        if self.fields.is_none() {
            self.fields = Some(self.split());
        }
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

    fn merge_parts(&mut self, entry: &SharedChangeEntry, rule: Rule) {
        let is_whole = match rule {
            Rule::WholeRecord => true,
            Rule::PerField { since } => entry.model_version < since,
            Rule::Unknown => false,
        };
        match entry.change_type {
            ChangeType::Delete => self.deleted = self.deleted.max(entry.hlc),
            ChangeType::Insert => self.inserted = self.inserted.max(entry.hlc),
            ChangeType::Update if is_whole => self.inserted = self.inserted.max(entry.hlc),
            ChangeType::Update => {
                let highest = self.updated.entry(entry.model_version);
                let highest = highest.or_insert(Hlc::ZERO);
                *highest = entry.hlc.max(*highest);
            }
        }
        if rule != Rule::WholeRecord || self.fields.is_some() {
            let fields = self.fields.take().unwrap_or_default();
            self.fields = Some(self.with_members_of(entry, fields));
        }
    }

    fn with_members_of(
        &self,
        entry: &SharedChangeEntry,
        mut fields: BTreeMap<String, Field>,
    ) -> BTreeMap<String, Field> {
        let source = Source::of(entry);
        for (name, value) in entry.data.members() {
            let field = Field {
                source,
                model_version: entry.model_version,
                value,
            };
            let is_news = |known: &Field| known.source < source;
            if fields.get(&name).is_none_or(is_news) {
                fields.insert(name, field);
            }
        }
        fields.retain(|_, field| field.source.hlc > self.deleted);
        fields
    }

    /// The members of the payload, each with its stamp.
    fn split(&self) -> BTreeMap<String, Field> {
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
