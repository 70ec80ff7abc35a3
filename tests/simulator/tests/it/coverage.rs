//! What has to have happened in some of the seeds.

use simulator::seeds::Summary;

/// Fails if something never happened.
pub(crate) fn assert_all_happened(kinds: &[&str], summary: &Summary) {
    let kinds = kinds.iter();
    let missing = kinds.filter(|kind| !summary.coverage.contains_key(**kind));
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
}
