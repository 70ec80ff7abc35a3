//! The process that is killed: two devices that change rows and exchange pages until then.

use std::time::Duration;

use fastrand::Rng;
use sync_log_sqlite::records::{SyncError, begin};
use sync_log_sqlite::{Ack, ReadLimits};

use super::group::{Group, is_taken};
use super::line::{Kind, Line, Orders};
use super::plan::Plan;
use super::process::say;
use super::setup::{Device, Name};
use super::statements;

/// A child that is not killed ends by itself after this time, so that a call that never returns is
/// found.
const ALARM: Duration = Duration::from_secs(60);

/// Works until killed.
pub(super) async fn work(orders: Orders) {
    std::thread::spawn(|| {
        std::thread::sleep(ALARM);
        eprintln!("the child was not killed");
        std::process::exit(3);
    });
    statements::listen();
    if matches!(orders.target, Kind::Make | Kind::Open) {
        abort(&orders);
    }
    begin_call(if orders.are_made {
        Kind::Open
    } else {
        Kind::Make
    });
    let mut devices = Vec::new();
    for name in Name::BOTH {
        let device = Device::open(orders.setup, name, &orders.folder, orders.wall).await;
        devices.push(device.unwrap());
    }
    let mut child = Child {
        rng: Rng::with_seed(orders.seed),
        orders,
        devices,
        groups: 0,
    };
    child.work().await.unwrap();
}

fn begin_call(what: Kind) {
    let statements = statements::count();
    say(&Line::Begin { what, statements });
}

/// From here on the child counts the statements that are left to it.
fn abort(orders: &Orders) {
    if let Some(statement) = orders.abort_at {
        statements::abort_at(statement);
    }
}

struct Child {
    orders: Orders,
    rng: Rng,
    devices: Vec<Device>,
    /// How many groups were announced.
    groups: u32,
}

impl Child {
    async fn work(&mut self) -> Result<(), SyncError> {
        for _ in 0..self.orders.steps_before {
            self.any_step().await?;
        }
        let target = self.orders.target;
        let one = self.rng.usize(0..self.devices.len());
        match target {
            // There is something to bring into the log.
            Kind::Drain | Kind::Reopen => self.record_in(one, Kind::RecordInAlone).await?,
            // There is something to apply.
            Kind::Pull => self.write(1 - one).await?,
            _ => {}
        }
        if !matches!(target, Kind::Make | Kind::Open) {
            abort(&self.orders);
        }
        self.step(one, target).await?;
        loop {
            self.any_step().await?;
        }
    }

    async fn any_step(&mut self) -> Result<(), SyncError> {
        let one = self.rng.usize(0..self.devices.len());
        let kind = self.next_kind();
        self.step(one, kind).await
    }

    async fn step(&mut self, one: usize, kind: Kind) -> Result<(), SyncError> {
        begin_call(kind);
        match kind {
            Kind::Write => self.write(one).await,
            Kind::Abandon => self.abandon(one).await,
            Kind::Burst => self.burst(one).await,
            Kind::RecordIn | Kind::RecordInAlone | Kind::RollBack => {
                self.record_in(one, kind).await
            }
            Kind::Drain => self.devices[one].records.drain().await,
            Kind::Pull => self.pull(one).await,
            Kind::Forget => self.devices[one].records.forget_deleted().await.map(drop),
            Kind::Reopen | Kind::Open | Kind::Make => self.reopen(one).await,
        }
    }

    fn next_kind(&mut self) -> Kind {
        if self.orders.fault.is_some() {
            return Kind::RecordIn;
        }
        match self.rng.u32(0..20) {
            0..=4 => Kind::Write,
            5 => Kind::Abandon,
            6 => Kind::Burst,
            7..=8 => Kind::RecordIn,
            9..=10 => Kind::RecordInAlone,
            11 => Kind::RollBack,
            12 => Kind::Drain,
            13..=17 => Kind::Pull,
            18 => Kind::Forget,
            _ => Kind::Reopen,
        }
    }

    fn next_group(&mut self, device: usize) -> Group {
        self.groups += 1;
        Group {
            device: self.devices[device].name,
            number: self.groups,
        }
    }

    async fn write(&mut self, one: usize) -> Result<(), SyncError> {
        let group = self.next_group(one);
        let device = &self.devices[one];
        let plan = Plan::of_rows(&device.db, &mut self.rng).await?;
        group.write(&device.records, &plan).await
    }

    async fn abandon(&mut self, one: usize) -> Result<(), SyncError> {
        let device = &self.devices[one];
        let plan = Plan::of_rows(&device.db, &mut self.rng).await?;
        let outcome: Result<(), _> = device
            .records
            .write(async |rows| {
                plan.write(rows).await?;
                Err(SyncError::other("the app changed its mind"))
            })
            .await;
        outcome.expect_err("the closure fails");
        Ok(())
    }

    /// The calls wait for each other's locks, and share commits of the log.
    async fn burst(&mut self, one: usize) -> Result<(), SyncError> {
        let calls: Vec<_> = (0..3)
            .map(|_| {
                let group = self.next_group(one);
                let plan = Plan::of_insertions(&mut self.rng);
                let records = self.devices[one].records.clone();
                tokio::spawn(async move { group.write(&records, &plan).await })
            })
            .collect();
        for call in calls {
            call.await.expect("the call does not panic")?;
        }
        Ok(())
    }

    async fn record_in(&mut self, one: usize, kind: Kind) -> Result<(), SyncError> {
        let group = self.next_group(one);
        let device = &self.devices[one];
        if let Some(fault) = self.orders.fault {
            let plan = Plan::of_albums(&mut self.rng);
            return group.record_with(fault, device, &plan).await;
        }
        let plan = Plan::of_rows(&device.db, &mut self.rng).await?;
        let txn = begin(&device.db).await?;
        if !is_taken(plan.change(&txn).await)? {
            return Ok(());
        }
        if kind == Kind::RollBack {
            let changes = plan.changes();
            device.records.record_many_in(&txn, &changes).await?;
            return Ok(txn.rollback().await?);
        }
        group.record(&device.records, txn, &plan).await?;
        if kind == Kind::RecordInAlone {
            return Ok(());
        }
        device.records.drain().await
    }

    async fn pull(&mut self, one: usize) -> Result<(), SyncError> {
        let receiver = &self.devices[one];
        let sender = &self.devices[1 - one];
        let limits = ReadLimits::entries(self.rng.usize(1..20));
        let cursor = receiver.records.cursor(sender.name.id()).await?;
        let log = sender.records.log();
        let page = log.read_for(receiver.name.id(), cursor, limits).await?;
        let applied = receiver.records.apply(sender.name.id(), &page).await?;
        say(&Line::Applied {
            device: receiver.name,
            watermark: applied.watermark.hlc(),
        });
        if self.rng.u32(0..4) == 0 {
            return Ok(());
        }
        let ack = Ack::new(receiver.name.id(), applied.watermark);
        log.acknowledge(ack).await?;
        say(&Line::Acknowledged {
            device: sender.name,
            up_to: applied.watermark.hlc(),
        });
        if self.rng.bool() {
            log.prune_acked().await?;
            say(&Line::Pruned {
                device: sender.name,
                floor: log.floor().await?,
            });
        }
        Ok(())
    }

    async fn reopen(&mut self, one: usize) -> Result<(), SyncError> {
        let open = self.devices.swap_remove(one);
        let name = open.name;
        if self.rng.bool() {
            open.close().await?;
        } else {
            drop(open);
        }
        let Orders {
            setup,
            folder,
            wall,
            ..
        } = &self.orders;
        let reopened = Device::open(*setup, name, folder, *wall).await?;
        self.devices.push(reopened);
        Ok(())
    }
}
