//! The limits of protocol version 1: every page, batch and payload has one.

/// Largest `data` of one entry, in bytes.
///
/// The limit belongs to the protocol version, so that every page and every frame holds at least one
/// entry. An app may lower the limit for its own appends with
/// [`LogOptions::max_data_bytes`](crate::LogOptions), and never raise it.
pub const MAX_DATA_BYTES: usize = 1024 * 1024;

/// How deep arrays and objects may be nested in `data`: as deep as serde_json reads.
pub const MAX_DATA_DEPTH: usize = 127;

/// Longest `model_type`, in bytes. The shortest is 1.
pub const MAX_MODEL_TYPE_BYTES: usize = 128;

/// Most entries in one page that is read for a peer.
pub const MAX_PAGE_ENTRIES: usize = 1000;

/// Most content bytes in one page that is read for a peer. A page holds at
/// least one entry even if that entry alone is larger than a caller's limit.
pub const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Most entries in one atomic batch.
pub const MAX_BATCH_ENTRIES: usize = 100_000;

/// Most content bytes in one atomic batch.
pub const MAX_BATCH_BYTES: usize = 64 * 1024 * 1024;

/// Most content bytes that several calls append in one shared commit. A batch that is larger has a
/// commit of its own.
pub const MAX_SHARED_COMMIT_BYTES: usize = 4 * 1024 * 1024;

/// Most HLCs in one call of [`SyncLog::observe_all`](crate::SyncLog::observe_all).
pub const MAX_OBSERVED: usize = 100_000;

/// Most entries that [`PrunePolicy::KeepEntries`](crate::PrunePolicy) may keep.
pub const MAX_KEPT_ENTRIES: usize = 10_000;

/// Most entries that one transaction of a prune deletes.
pub const PRUNE_CHUNK_ENTRIES: usize = 1000;

/// Fewest entries that one transaction of a prune deletes if there are more, and how many the first
/// one deletes. The transactions grow while they are quick and shrink while they take long, so that
/// an append never waits for long.
pub const SMALLEST_PRUNE_CHUNK_ENTRIES: usize = 125;

/// Most peers in one call of [`SyncLog::declare_peers`](crate::SyncLog::declare_peers).
pub const MAX_DECLARED_PEERS: usize = 1000;

/// How long a peer has to lag, and to be silent, before [`explain`](crate::SyncLog::explain) advises
/// to retire the peer: a week, in ms.
pub const RETIRE_AFTER_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// The counter of the stamps of a baseline (`W5`). It is above the highest one that a clock uses within a
/// millisecond, so no change has such a stamp.
pub const BASELINE_COUNTER: u64 = 1 << 16;
