//! What a store may find in its place: anything.

use sync_log_core::{
    Contents, EntrySummary, Hlc, PruneLimit, PrunePolicy, ReadRequest, plan, prune_limit,
};

/// Any bytes that are read as the contents of a log: whatever they say, they are
/// judged without a panic, and no plan goes past a peer or an entry.
pub fn contents(input: &[u8]) {
    let Ok(contents) = serde_json::from_slice::<Contents>(input) else {
        return;
    };
    let json = serde_json::to_vec(&contents).unwrap();
    let again = serde_json::from_slice::<Contents>(&json).unwrap();
    assert_eq!(again, contents);

    let state = &contents.state;
    let survey = contents.survey(|_, _| vec![Hlc::ZERO]);
    assert_eq!(survey.extents[0].entries, above_zero(&contents));
    let view = contents.read(ReadRequest {
        after: state.floor.hlc,
        max_entries: usize::MAX,
        max_bytes: 0,
        peer: None,
    });
    assert!(view.entries.len() <= 1, "one entry, though it is too large");

    let peers: Vec<_> = contents.peers.values().cloned().collect();
    let summaries = contents.entries.iter().map(|(hlc, stored)| EntrySummary {
        hlc: *hlc,
        created_at_ms: stored.created_at_ms,
    });
    let oldest: Vec<_> = summaries.collect();
    for policy in [
        PrunePolicy::AckedByAll,
        PrunePolicy::KeepFor { age_ms: 1_000 },
        PrunePolicy::KeepEntries { count: 2 },
    ] {
        let planned = plan(policy, state, &peers, &oldest, 1_700_000_000_000);
        let last = planned.entries.checked_sub(1).map(|at| oldest[at].hlc);
        assert_eq!(planned.through, last);
        let Some(through) = last else { continue };
        assert!(matches!(prune_limit(state, &peers), PruneLimit::Through(at) if through <= at));
        for row in &peers {
            let peer = row.judge(state).expect("a row that is not trusted blocks");
            assert!(!peer.is_active() || peer.position() >= through);
        }
    }
}

fn above_zero(contents: &Contents) -> u64 {
    let stamps = contents.entries.keys();
    stamps.filter(|hlc| **hlc > Hlc::ZERO).count() as u64
}
