//! What INFO says about a call: that it changed something.

use sync_log_core::Hlc;
use tracing::Level;

use crate::common::events::Events;
use crate::common::values::Log;
use crate::common::{PEER, change};

#[tokio::test]
async fn a_registration_is_logged_and_a_known_peer_is_not() {
    let log = Log::new().await;
    let logged = Events::at(Level::INFO);
    log.register_peer(PEER).await.unwrap();
    assert_eq!(logged.take(), 1);
    log.register_peer(PEER).await.unwrap();
    assert_eq!(logged.take(), 0, "it was known");
    log.record_ack(PEER, Hlc::ZERO).await.unwrap();
    assert_eq!(logged.take(), 0, "it was known");
}

#[tokio::test]
async fn an_ack_that_registers_is_logged() {
    let log = Log::new().await;
    let logged = Events::at(Level::INFO);
    log.record_ack(PEER, Hlc::ZERO).await.unwrap();
    assert_eq!(logged.take(), 1);
}

#[tokio::test]
async fn a_prune_is_logged_if_it_deleted_something() {
    let log = Log::new().await;
    log.declare_solo().await.unwrap();
    let logged = Events::at(Level::INFO);
    log.prune_acked().await.unwrap();
    assert_eq!(logged.take(), 0, "there was nothing to delete");
    log.record(change()).await.unwrap();
    log.prune_acked().await.unwrap();
    assert_eq!(logged.take(), 1);
}
