//! One instance brought to where it is wanted: each step looks at what runs, does what is missing, and tells how far it is.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::desired::{Hindrance, Wish};
use super::runner::{Fault, Launch, Replica, Unit, UnitKey, UnitState};
use super::{Agent, GLANCE};
use crate::client::{Cause, Failure};
use crate::core::deployment::Planned;
use crate::core::field::Natural;
use crate::core::id::Id;
use crate::core::licensing::{Claimant, Request};
use crate::core::model::{Instance, InstanceState, Wanted};

/// How long new tasks may take until they are in good health.
const HEALTHY_WITHIN: Duration = Duration::from_secs(60);
/// How long an image may take to come.
const FETCHED_WITHIN: Duration = Duration::from_secs(30 * 60);
/// How many tasks a report names, so that it is not too long to be taken.
const NAMED: usize = 40;
/// How long a task without ports has to stay up to count as healthy.
const STAYS_UP: Duration = Duration::from_secs(2);

/// Why a step was not taken.
enum Stop {
    /// Something is wrong; it is told, and tried again later.
    Failed(String),
    /// The platform's user has no right to it.
    Unauthorized(String),
    /// The marketplace is away, and this takes its word.
    Later,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.0)
    }
}

impl Agent {
    /// Brings an instance a step nearer to what it is to be.
    pub(super) async fn converge(self: Arc<Self>, wish: Wish, units: Vec<Unit>) {
        let planned = &wish.planned;
        if planned.wanted == Wanted::Stopped {
            return self.rest(planned.id, &units).await;
        }
        let (revision, launches) = match wish.launches {
            Ok(launches) => launches,
            Err(hindrance) => return self.tell_hindrance(planned, hindrance, &units),
        };
        let (timed, steady): (Vec<Launch>, Vec<Launch>) =
            launches.into_iter().partition(|launch| launch.schedule.is_some());
        let timed_tasks: Vec<&str> = timed.iter().map(|launch| launch.key.task.as_str()).collect();
        let (runs, units): (Vec<Unit>, Vec<Unit>) =
            units.into_iter().partition(|unit| timed_tasks.contains(&unit.key.task.as_str()));
        match self.keep_steady(planned, &revision, &steady, units).await {
            Ok(steady) => {
                let late = self.keep_time(planned, &revision, &timed, &runs).await;
                self.tell_running(planned, &steady, &timed, late);
            }
            Err(stop) => self.tell_stop(planned, &revision, stop),
        }
    }

    /// Stops what the marketplace wants no more.
    pub(super) async fn remove(self: Arc<Self>, instance: Id<Instance>, units: Vec<Unit>) {
        self.stop_all(&units).await;
        tracing::info!(%instance, "removed");
    }

    /// Has an instance rest.
    async fn rest(&self, instance: Id<Instance>, units: &[Unit]) {
        if !units.is_empty() {
            self.reporter.tell(instance, InstanceState::Stopping, None, json!({}));
            self.stop_all(units).await;
        }
        self.reporter.tell(instance, InstanceState::Stopped, None, json!({}));
        self.remember(instance, |memory| memory.healthy = None);
    }

    /// Stops units side by side: each may take as long as it is given.
    async fn stop_all(&self, units: &[Unit]) {
        join_all(units.iter().map(|unit| self.stop(unit))).await;
    }

    async fn stop(&self, unit: &Unit) {
        if let Err(fault) = self.runner.stop(unit).await {
            tracing::warn!(instance = %unit.key.instance, "{fault}");
        }
    }

    /// Keeps up what is to run all the time, and answers what does.
    async fn keep_steady(
        &self,
        planned: &Planned,
        revision: &str,
        launches: &[Launch],
        units: Vec<Unit>,
    ) -> Result<Vec<Unit>, Stop> {
        let wanted = |unit: &Unit| launches.iter().any(|launch| launch.key == unit.key);
        let (current, others): (Vec<Unit>, Vec<Unit>) = units.into_iter().partition(wanted);
        let (running, ended): (Vec<Unit>, Vec<Unit>) = current.into_iter().partition(Unit::runs);
        if !ended.is_empty() {
            return Err(self.clear_up(planned, ended).await);
        }
        let missing: Vec<&Launch> =
            launches.iter().filter(|launch| running.iter().all(|unit| unit.key != launch.key)).collect();
        let is_healthy = self.remember(planned.id, |memory| memory.is_healthy(revision));
        if missing.is_empty() && is_healthy {
            // What a lowered number of replicas or an agent's death has left over.
            self.stop_all(&others).await;
            return Ok(running);
        }
        if self.remember(planned.id, |memory| memory.pauses(revision)) {
            self.fall_back(planned, revision, &others).await;
            return Err(Stop::Later);
        }
        let known = !running.is_empty() || !others.is_empty();
        let started = self.start(planned, &missing, known).await?;
        let all: Vec<Unit> = running.iter().cloned().chain(started.iter().cloned()).collect();
        if let Err(Fault(why)) = self.until_healthy(&all).await {
            self.stop_all(&started).await;
            let goes_on = others.iter().any(Unit::runs);
            return Err(Stop::Failed(if goes_on { format!("{why} What ran before runs on.") } else { why }));
        }
        self.remember(planned.id, |memory| memory.recover(revision, launches));
        self.stop_all(&others).await;
        Ok(all)
    }

    /// Keeps up what was last in good health while what is to replace it can't be had.
    async fn fall_back(&self, planned: &Planned, revision: &str, others: &[Unit]) {
        let good = self.remember(planned.id, |memory| memory.good.clone()).filter(|(good, _)| good != revision);
        for launch in good.iter().flat_map(|(_, launches)| launches) {
            let (here, ended): (Vec<Unit>, Vec<Unit>) =
                others.iter().filter(|unit| unit.key == launch.key).cloned().partition(Unit::runs);
            if here.is_empty() {
                self.stop_all(&ended).await;
                if let Err(fault) = self.runner.start(launch).await {
                    tracing::warn!(instance = %planned.id, "What ran before can't be kept up: {fault}");
                }
            }
        }
    }

    /// Removes what has ended, and says so.
    async fn clear_up(&self, planned: &Planned, ended: Vec<Unit>) -> Stop {
        let first = ended.first().map(|unit| ending(&unit.key, unit.state)).unwrap_or_default();
        for unit in &ended {
            self.keep_last_words(unit).await;
        }
        self.stop_all(&ended).await;
        Stop::Failed(format!(
            "{first} See: mkt instance logs {} --platform {}",
            planned.id,
            self.marketplace.platform()
        ))
    }

    /// Has what an ended unit printed told before it is removed, and with what comes after it.
    async fn keep_last_words(&self, unit: &Unit) {
        let words = self.output_of(std::slice::from_ref(unit)).await;
        if words.is_empty() {
            return;
        }
        self.remember(unit.key.instance, |memory| memory.last_words = words.clone());
        let Some(platform) = self.marketplace.address() else { return };
        let sent = self.marketplace.client().send_logs(&platform, unit.key.instance.uuid(), &words);
        if let Err(failure) = sent.await {
            tracing::warn!("What {} printed was not told: {failure}", unit.key.task);
        }
    }

    /// Starts what is missing, all or nothing.
    async fn start(&self, planned: &Planned, missing: &[&Launch], known: bool) -> Result<Vec<Unit>, Stop> {
        let mut started: Vec<Unit> = Vec::new();
        let Some(first) = missing.first() else { return Ok(started) };
        {
            let _permit = self.starting.acquire().await;
            self.require_right(planned, known).await?;
            self.require_trust(planned).await?;
        }
        if !self.runner.has(first).await {
            self.reporter.tell(planned.id, InstanceState::Pulling, None, json!({ "image": first.image }));
            let _permit = self.fetching.acquire().await;
            let fetched = timeout(FETCHED_WITHIN, self.runner.fetch(first)).await;
            fetched
                .map_err(|_| Fault::new(format!("Can't pull the image of {}", first.title), "it takes too long"))??;
        }
        let _permit = self.starting.acquire().await;
        self.reporter.tell(planned.id, InstanceState::Starting, None, json!({ "build": planned.build.id }));
        for launch in missing {
            match self.runner.start(launch).await {
                Ok(unit) => started.push(unit),
                Err(fault) => {
                    self.stop_all(&started).await;
                    return Err(fault.into());
                }
            }
        }
        Ok(started)
    }

    /// Nothing, if the platform's user may use the product, which is counted once for each build of an instance. What ran before
    /// may be started again while the marketplace is away, and when its product is offered no more.
    async fn require_right(&self, planned: &Planned, known: bool) -> Result<(), Stop> {
        let key = format!("{}-{}", planned.id, planned.build.id);
        let counted = self.remember(planned.id, |memory| memory.authorized.as_ref() == Some(&key));
        let Some(platform) = self.marketplace.address() else { return Err(Stop::Later) };
        let (claimant, product) = (Claimant::User(platform.user_id), planned.product.id);
        let request = Request { claimant, product, quantity: Natural(1) };
        let refused = |failure: Failure| match failure.cause {
            Cause::Unlicensed => Err(Stop::Unauthorized(failure.message)),
            Cause::Away | Cause::NotFound if known || counted => Ok(()),
            Cause::Away => Err(Stop::Later),
            _ => Err(Stop::Failed(failure.message)),
        };
        // A right that was counted before may have gone since.
        match self.marketplace.client().check_authorization(&request).await {
            Ok(_) if counted => return Ok(()),
            Ok(_) => {}
            // Its last use may be this one's.
            Err(failure) if failure.problem["reason"] == "uses_exhausted" && counted => return Ok(()),
            Err(failure) if failure.problem["reason"] == "uses_exhausted" => {}
            Err(failure) => return refused(failure),
        }
        match self.marketplace.authorize(&request, &key).await {
            Ok(()) => {
                self.remember(planned.id, |memory| memory.authorized = Some(key));
                Ok(())
            }
            Err(failure) => refused(failure),
        }
    }

    /// Waits until units serve their ports or, without any, have stayed up for a while.
    async fn until_healthy(&self, units: &[Unit]) -> Result<(), Fault> {
        let begun = Instant::now();
        loop {
            // An engine that can't be looked at for a moment says nothing of what it runs.
            let well = match self.glance().await {
                Ok(now) => self.are_well(units, &now, begun).await?,
                Err(_) => false,
            };
            if well {
                return Ok(());
            }
            if begun.elapsed() > HEALTHY_WITHIN {
                for unit in units {
                    self.keep_last_words(unit).await;
                }
                let seconds = HEALTHY_WITHIN.as_secs();
                return Err(Fault(format!("Its port did not answer within {seconds} s of its start.")));
            }
            sleep(GLANCE).await;
        }
    }

    /// Whether units are in good health, as far as is seen now.
    async fn are_well(&self, units: &[Unit], now: &[Unit], since: Instant) -> Result<bool, Fault> {
        let mut well = true;
        for unit in units {
            match now.iter().find(|known| known.key == unit.key && known.id == unit.id) {
                // What was seen last may be from before it started.
                None if since.elapsed() < GLANCE * 4 => well = false,
                None => return Err(Fault(format!("Task {} is gone.", unit.key.task))),
                Some(known) if !known.runs() => {
                    self.keep_last_words(known).await;
                    return Err(Fault(ending(&known.key, known.state)));
                }
                Some(Unit { address: Some(address), published, .. }) => {
                    let address = published.as_ref().unwrap_or(address);
                    well &= timeout(GLANCE * 5, TcpStream::connect(address)).await.is_ok_and(|done| done.is_ok());
                }
                Some(known) => {
                    let age = crate::core::clock::now().datetime() - known.started_at.datetime();
                    well &= age.to_std().is_ok_and(|age| age >= STAYS_UP) || since.elapsed() >= STAYS_UP;
                }
            }
        }
        Ok(well)
    }

    /// Starts what is due by its schedule, and clears up what has run. Answers what went wrong.
    async fn keep_time(&self, planned: &Planned, revision: &str, launches: &[Launch], runs: &[Unit]) -> Option<String> {
        let now = self.marketplace.now();
        for unit in runs.iter().filter(|unit| !unit.runs()) {
            self.keep_last_words(unit).await;
            if let UnitState::Ended(code) = unit.state {
                self.remember(planned.id, |memory| memory.ended.insert(unit.key.task.clone(), code));
            }
            self.stop(unit).await;
        }
        for launch in launches {
            let task = &launch.key.task;
            // What fell due before the agent was there is not made up for.
            let last = self.remember(planned.id, |memory| *memory.due.entry(task.clone()).or_insert(now));
            let Some(due) = launch.schedule.as_ref().and_then(|schedule| schedule.due(last, now)) else { continue };
            self.remember(planned.id, |memory| memory.due.insert(task.clone(), due));
            // One run at a time.
            if runs.iter().any(|unit| unit.key.task == *task && unit.runs()) {
                continue;
            }
            let mut launch = launch.clone();
            launch.key =
                UnitKey { replica: Replica::Due(due.unix_seconds()), revision: revision.to_owned(), ..launch.key };
            match self.start(planned, &[&launch], true).await {
                Ok(_) => {}
                Err(Stop::Failed(why) | Stop::Unauthorized(why)) => return Some(why),
                Err(Stop::Later) => return Some("The marketplace is away, so it was not started.".to_owned()),
            }
        }
        self.remember(planned.id, |memory| {
            let failed = memory.ended.iter().find(|(_, code)| **code != Some(0));
            failed.map(|(task, code)| match code {
                Some(code) => format!("The last run of {task} ended with code {code}."),
                None => format!("The last run of {task} was ended."),
            })
        })
    }

    fn tell_running(&self, planned: &Planned, units: &[Unit], timed: &[Launch], late: Option<String>) {
        let tasks: Vec<Value> = units
            .iter()
            .take(NAMED)
            .map(|unit| {
                json!({
                    "task": unit.key.task, "replica": unit.key.replica.number(), "id": unit.id,
                    "address": unit.published.or(unit.address), "since": unit.started_at,
                })
            })
            .collect();
        let schedules: Vec<Value> = timed
            .iter()
            .take(NAMED)
            .map(|launch| json!({ "task": launch.key.task, "schedule": launch.schedule }))
            .collect();
        let detail = json!({ "build": planned.build.id, "version": planned.build.version, "running": units.len(), "tasks": tasks, "schedules": schedules });
        self.reporter.tell(planned.id, InstanceState::Running, late, detail);
    }

    fn tell_stop(&self, planned: &Planned, revision: &str, stop: Stop) {
        let (state, why) = match stop {
            Stop::Later => return,
            Stop::Failed(why) => (InstanceState::Failed, why),
            Stop::Unauthorized(why) => (InstanceState::Unauthorized, why),
        };
        let pause = self.remember(planned.id, |memory| memory.fail(revision));
        tracing::warn!(instance = %planned.id, "{why} Trying again in {} s.", pause.as_secs());
        self.reporter.tell(planned.id, state, Some(why), json!({ "build": planned.build.id }));
    }

    /// Tells why something can't be started. What runs already runs on.
    fn tell_hindrance(&self, planned: &Planned, hindrance: Hindrance, units: &[Unit]) {
        let (state, why) = match hindrance {
            Hindrance::Waiting(_) if units.iter().any(Unit::runs) => return,
            Hindrance::Waiting(why) | Hindrance::Blocked(why) => (InstanceState::Blocked, why),
            Hindrance::Failed(why) => (InstanceState::Failed, why),
        };
        self.reporter.tell(planned.id, state, Some(why), json!({ "build": planned.build.id }));
    }
}

fn ending(key: &UnitKey, state: UnitState) -> String {
    match state {
        UnitState::Ended(Some(code)) => format!("Task {} ended with code {code}.", key.task),
        UnitState::Ended(None) | UnitState::Running => format!("Task {} was ended.", key.task),
    }
}
