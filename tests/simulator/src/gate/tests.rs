//! Every incident does to a call what it says.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sync_log_core::ManualClock;
use sync_log_core::{
    Birth, Hlc, LogError, LogIdentity, LogOptions, LogStore, Needs, SyncLog, Uuid, WriteJob,
};
use sync_log_memory::MemoryStore;

use super::{Gate, Incident, Stopped, Struck, Valve};
use crate::change::change;
use crate::engine::Engine;

const LIBRARY: Uuid = Uuid::from_u128(1);
const DEVICE: Uuid = Uuid::from_u128(2);

/// A log behind a gate, and the store behind that.
struct Rig {
    file: MemoryStore,
    valve: Arc<Valve>,
    log: SyncLog,
}

fn rig() -> Rig {
    let identity = LogIdentity {
        library_id: LIBRARY.into(),
        device_id: DEVICE.into(),
        log_id: Uuid::from_u128(3),
    };
    let file = MemoryStore::new(identity, 0, Birth::Alone);
    let valve = Arc::new(Valve::default());
    let gate = Gate::new(Arc::new(file.reopen()), Arc::clone(&valve));
    let options = LogOptions::new(ManualClock::new(1000));
    let opening = SyncLog::open(gate, LIBRARY, DEVICE, options);
    Rig {
        log: Engine::Memory.finish(opening).unwrap(),
        file,
        valve,
    }
}

impl Rig {
    /// Records a change while `incident` happens to the write.
    fn record(&self, incident: Incident) -> (Option<Result<Hlc, LogError>>, Option<Stopped>) {
        self.valve.arm(Some(Struck { incident, call: 0 }));
        let mut recording = Box::pin(self.log.record(change(1)));
        let answer = Engine::Memory.drive(recording.as_mut(), &self.valve);
        let (happened, stopped) = self.valve.disarm();
        assert_eq!(happened, Some(incident));
        (answer, stopped)
    }

    fn entries(&self) -> usize {
        self.file.tamper(|contents| contents.entries.len())
    }
}

#[test]
fn a_store_that_fails_or_tears_has_written_nothing() {
    for incident in [Incident::Fail, Incident::Tear] {
        let rig = rig();
        let (answer, _) = rig.record(incident);
        assert!(
            matches!(answer, Some(Err(LogError::Store(_)))),
            "{incident}"
        );
        assert_eq!(rig.entries(), 0, "{incident}");
    }
}

#[test]
fn a_lost_answer_is_an_error_after_the_commit() {
    let rig = rig();
    let (answer, _) = rig.record(Incident::LoseAnswer);
    assert!(matches!(answer, Some(Err(LogError::Store(_)))));
    assert_eq!(rig.entries(), 1);
}

#[test]
fn a_job_that_is_decided_twice_is_written_once_as_it_was_decided_last() {
    let rig = rig();
    let (answer, _) = rig.record(Incident::DecideTwice);
    let stamp = answer.unwrap().unwrap();
    assert_eq!(stamp.counter, 1, "the first decision drew the stamp before");
    let stamps: Vec<Hlc> = rig
        .file
        .tamper(|contents| contents.entries.keys().copied().collect());
    assert_eq!(stamps, [stamp]);
}

#[test]
fn a_crash_or_a_cancellation_falls_before_or_after_the_commit() {
    for (incident, entries) in [
        (Incident::CrashBefore, 0),
        (Incident::CrashAfter, 1),
        (Incident::CancelBefore, 0),
        (Incident::CancelDuring, 1),
    ] {
        let rig = rig();
        let (answer, stopped) = rig.record(incident);
        assert!(answer.is_none() && stopped.is_some(), "{incident}");
        assert_eq!(rig.entries(), entries, "{incident}");
    }
}

#[test]
fn a_call_that_is_held_up_goes_on_when_it_is_released() {
    for (incident, at_first) in [(Incident::ParkBefore, 0), (Incident::ParkAfter, 1)] {
        let rig = rig();
        rig.valve.arm(Some(Struck { incident, call: 0 }));
        let mut recording = Box::pin(rig.log.record(change(1)));
        let held_up = Engine::Memory.drive(recording.as_mut(), &rig.valve);
        assert!(held_up.is_none(), "{incident}");
        assert_eq!(rig.entries(), at_first, "{incident}");
        let (_, Some(Stopped::Parked(release))) = rig.valve.disarm() else {
            panic!("{incident}: it was not held up");
        };
        release.store(true, Ordering::Relaxed);
        let answer = Engine::Memory.drive(recording.as_mut(), &rig.valve);
        assert!(answer.unwrap().is_ok(), "{incident}");
        assert_eq!(rig.entries(), 1, "{incident}");
    }
}

#[test]
fn an_incident_waits_for_its_call() {
    let file = rig().file;
    let valve = Arc::new(Valve::default());
    let gate = Gate::new(Arc::new(file.reopen()), Arc::clone(&valve));
    valve.arm(Some(Struck {
        incident: Incident::Fail,
        call: 1,
    }));
    let nothing = || WriteJob::new(|_| Needs::default(), |_| Ok(Default::default()));
    assert!(Engine::Memory.finish(gate.write(nothing())).is_ok());
    assert!(Engine::Memory.finish(gate.write(nothing())).is_err());
    assert!(Engine::Memory.finish(gate.write(nothing())).is_ok());
}
