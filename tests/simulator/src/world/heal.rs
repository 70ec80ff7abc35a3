//! The end of a run: everything heals, and everybody has to catch up.

use sync_log_core::{Birth, PrunePolicy};

use super::operation::Purpose;
use super::receiver::Trouble;
use super::{FIRST_REPLACEMENT, World};
use crate::invariants::{Violation, convergence};

/// Rounds in which everybody pulls from everybody. One finds out that a reader
/// has to be registered, one that it needs a copy, one gives it; the rest reads.
const ROUNDS_MAX: usize = 12;

/// Longer than any policy of a scenario keeps anything, in ms.
const LONG_MS: i64 = 24 * 3_600_000;

impl World {
    /// Heals everything, lets everybody catch up, and prunes.
    pub(crate) fn heal(&mut self) -> Result<(), Violation> {
        self.trace.event("heal", format_args!(""));
        self.give_up_all(|_| true)?;
        self.network.heal();
        self.set_clocks_right();
        self.switch_clones_off()?;
        self.adopt_what_was_written_to()?;
        self.bring_the_retired_back()?;
        self.retire_the_gone()?;
        self.declare_peers()?;
        self.record_at_a_right_time()?;
        for _ in 0..ROUNDS_MAX {
            self.round()?;
            if self.have_converged() {
                break;
            }
        }
        for on in self.live_names() {
            self.do_now(on, Purpose::Prune)?;
        }
        self.judge_convergence()
    }

    /// Where the age of an entry decides how long it stays, an entry that is dated at a time that
    /// never comes is as old as those behind it. So everybody records something, and then time
    /// goes by.
    fn record_at_a_right_time(&mut self) -> Result<(), Violation> {
        let is_by_age = matches!(self.options.policy, PrunePolicy::KeepFor { .. });
        if !is_by_age || !self.has_shown_nonsense {
            return Ok(());
        }
        for on in self.live_names() {
            let purpose = self.record(1);
            self.do_now(on, purpose)?;
        }
        self.wait(LONG_MS);
        Ok(())
    }

    fn do_now(&mut self, on: u8, purpose: Purpose) -> Result<(), Violation> {
        if self.open(on, 0)? {
            self.begin(on, 0, purpose, None)
        } else {
            Ok(())
        }
    }

    /// No clock is wrong any more, and every stamp is in the past.
    fn set_clocks_right(&mut self) {
        let devices = self.devices.values_mut();
        let highest = devices
            .map(|device| {
                device.off_by_ms = 0;
                device.files.truth.issued.timestamp
            })
            .max();
        let highest = i64::try_from(highest.unwrap_or_default()).unwrap_or(i64::MAX);
        self.now_ms = self.now_ms.max(self.latest_ms).max(highest) + LONG_MS;
        self.show_time();
    }

    /// Of two devices that go by one id, the later one is switched off.
    fn switch_clones_off(&mut self) -> Result<(), Violation> {
        let names = self.live_names();
        for (place, name) in names.iter().enumerate() {
            let id = self.id_of(*name);
            if names[..place].iter().any(|other| self.id_of(*other) == id) {
                self.leave(*name)?;
            }
        }
        Ok(())
    }

    /// A device that somebody retired is admitted again, or comes back under another
    /// id.
    fn bring_the_retired_back(&mut self) -> Result<(), Violation> {
        let names = self.live_names();
        for name in names.iter().copied() {
            let peer = self.id_of(name);
            let retired_by = |by: &u8| self.devices[by].files.truth.is_retired(peer);
            let by: Vec<u8> = names.iter().copied().filter(retired_by).collect();
            if by.is_empty() {
                continue;
            }
            if name % 2 == 0 {
                self.leave(name)?;
                self.join(FIRST_REPLACEMENT + name, Birth::Alone)?;
                continue;
            }
            for on in by {
                let (reader, is_fresh) = (name, false);
                self.do_now(
                    on,
                    Purpose::Admit {
                        peer,
                        reader,
                        is_fresh,
                    },
                )?;
            }
        }
        Ok(())
    }

    fn adopt_what_was_written_to(&mut self) -> Result<(), Violation> {
        for on in self.live_names() {
            if self.devices[&on].files.truth.has_to_be_adopted() {
                self.close(on)?;
            }
            self.open(on, 0)?;
        }
        Ok(())
    }

    fn declare_peers(&mut self) -> Result<(), Violation> {
        for on in self.live_names() {
            let peers = self.others(on);
            if !peers.is_empty() {
                self.do_now(on, Purpose::Declare { peers })?;
            }
        }
        Ok(())
    }

    fn retire_the_gone(&mut self) -> Result<(), Violation> {
        let live = self.live_names();
        let ids: Vec<_> = live.iter().map(|name| self.id_of(*name)).collect();
        for on in live {
            // Some were registered and never joined.
            let peers = self.devices[&on].files.truth.peers();
            let gone: Vec<_> = peers.filter(|peer| !ids.contains(peer)).collect();
            for peer in gone {
                self.do_now(on, Purpose::Retire { peer })?;
            }
        }
        Ok(())
    }

    /// Everybody pulls from everybody, and acknowledges.
    fn round(&mut self) -> Result<(), Violation> {
        let live = self.live_names();
        for origin in live.iter().copied() {
            for reader in live.iter().copied().filter(|reader| *reader != origin) {
                self.meet(reader, origin)?;
                self.bootstrap(reader, origin, None)?;
                self.ack(reader, origin)?;
                self.pull(reader, origin, 1000)?;
                while let Some(envelope) = self.network.deliver(0) {
                    self.arrive(envelope, 0, None)?;
                }
            }
        }
        Ok(())
    }

    /// A reader that was never registered, or that is not any more, or that speaks under
    /// an old number.
    fn meet(&mut self, reader: u8, origin: u8) -> Result<(), Violation> {
        let (peer, origin_id) = (self.id_of(reader), self.id_of(origin));
        let trouble = self.devices[&reader].files.received.trouble(origin_id);
        let is_active = self.devices[&origin].files.truth.is_active(peer);
        if is_active && trouble != Some(Trouble::Unknown) {
            return Ok(());
        }
        let reader = Some(reader);
        self.do_now(origin, Purpose::Register { peer, reader })
    }

    fn have_converged(&self) -> bool {
        self.pairs().into_iter().all(|(reader, origin)| {
            let lineage = &self.devices[&origin].files.truth.lineage;
            let received = &self.devices[&reader].files.received;
            let has = received.prefix(self.id_of(origin));
            let trouble = received.trouble(self.id_of(origin));
            lineage.prefix(lineage.entries().len()) == has && trouble != Some(Trouble::OtherNumber)
        })
    }

    fn judge_convergence(&self) -> Result<(), Violation> {
        for (reader, origin) in self.pairs() {
            let lineage = &self.devices[&origin].files.truth.lineage;
            let received = &self.devices[&reader].files.received;
            let has = received.prefix(self.id_of(origin));
            let (origin, reader) = (format!("d{origin}"), format!("d{reader}"));
            convergence::check_same(&origin, lineage, &reader, has)?;
        }
        let may_stay = match self.options.policy {
            PrunePolicy::KeepEntries { count } => count,
            _ => 0,
        };
        for on in self.live_names() {
            let truth = &self.devices[&on].files.truth;
            if truth.has_peers() {
                convergence::check_drained(&format!("d{on}"), &truth.lineage, may_stay)?;
            }
        }
        Ok(())
    }

    fn pairs(&self) -> Vec<(u8, u8)> {
        let live = self.live_names();
        let readers = live.iter().flat_map(|reader| {
            let others = live.iter().filter(move |origin| *origin != reader);
            others.map(move |origin| (*reader, *origin))
        });
        readers.collect()
    }
}
