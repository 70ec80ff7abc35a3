//! sync-log-sqlite
