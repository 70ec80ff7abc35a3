//! sync-log-conformance
