//! The agent's side of the marketplace: it signs in, keeps the platform, follows its events and passes reports on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::time::{interval, sleep};
use uuid::Uuid;

use super::keep::State;
use super::reporter::Reporter;
use crate::client::cable::{Followed, Position, Seen};
use crate::client::{Cause, Client, Failure};
use crate::core::clock::Timestamp;
use crate::core::deployment::{Plan, PlannedPlatform};
use crate::core::licensing::Request;
use crate::core::signing::SigningKey;

/// How often the agent says that it keeps the platform.
const KEEP: Duration = Duration::from_secs(25);
/// How often it tries to when another one does.
const TRY: Duration = Duration::from_secs(5);
/// How often it says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often reports that could not be sent are tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// The longest pause between tries to sign in.
const LONGEST: Duration = Duration::from_secs(60);

/// The marketplace that an agent works for.
pub(super) struct Marketplace {
    client: Client,
    platform: Uuid,
    key: SigningKey,
    state: State,
    /// Whether this agent, of all with the key, is the one that acts.
    keeps: AtomicBool,
    /// How much the marketplace's clock is ahead.
    ahead: Mutex<TimeDelta>,
    /// Where reports go, once it is known.
    address: Mutex<Option<PlannedPlatform>>,
}

impl Marketplace {
    pub(super) fn new(client: Client, platform: Uuid, key: SigningKey, state: State) -> Self {
        let (keeps, ahead, address) = (AtomicBool::new(false), Mutex::new(TimeDelta::zero()), Mutex::default());
        Self { client, platform, key, state, keeps, ahead, address }
    }

    /// The instant that it is for the marketplace.
    pub(super) fn now(&self) -> Timestamp {
        (Utc::now() + *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }

    /// Signs in. A refusal may be for a clock that is off, so that is looked at before it is believed.
    async fn sign_in(&self) -> Result<Duration, Failure> {
        let first = self.client.sign_in_as(self.platform, &self.key, self.now().datetime()).await;
        match first {
            Err(failure) if failure.cause == Cause::Refused => {
                let ahead = self.client.clock_ahead().await?;
                if ahead.abs() > TimeDelta::seconds(30) {
                    tracing::warn!("This machine's clock differs from the marketplace's by {} s.", ahead.num_seconds());
                }
                *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
                self.client.sign_in_as(self.platform, &self.key, self.now().datetime()).await
            }
            other => other,
        }
    }

    /// Signs in, waiting for a marketplace that is away.
    ///
    /// # Errors
    /// When it refuses.
    pub(super) async fn sign_in_first(&self) -> Result<(), Failure> {
        let mut pauses = pauses();
        loop {
            match self.sign_in().await {
                Ok(_) => return Ok(()),
                Err(failure) if failure.cause == Cause::Away => {
                    let pause = pauses.next().unwrap_or(LONGEST);
                    tracing::warn!("{failure} Trying again in {:.1} s.", pause.as_secs_f32());
                    sleep(pause).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Takes a new token before the old one ends.
    pub(super) async fn stay_signed_in(&self) {
        let mut pauses = pauses();
        loop {
            match self.sign_in().await {
                Ok(holds) => {
                    pauses = self::pauses();
                    sleep(holds.mul_f64(0.7)).await;
                }
                Err(failure) => {
                    self.is_refused(&failure);
                    tracing::warn!("Can't sign in for now: {failure}");
                    sleep(pauses.next().unwrap_or(LONGEST)).await;
                }
            }
        }
    }

    /// Stops acting where the platform's key is not taken any more: another agent may have a newer one.
    fn is_refused(&self, failure: &Failure) {
        if failure.cause == Cause::Refused && self.keeps.swap(false, Ordering::Relaxed) {
            tracing::error!("This agent acts no more: the marketplace does not take its key. {failure}");
        }
    }

    /// Whether this agent is the one that acts.
    pub(super) fn keeps(&self) -> bool {
        self.keeps.load(Ordering::Relaxed)
    }

    /// Sees to it that one agent acts for the platform.
    pub(super) async fn keep(&self) {
        let mut pauses = pauses();
        loop {
            let pause = match self.client.keep_platform(self.platform, self.state.id()).await {
                Ok(_) => {
                    pauses = self::pauses();
                    if !self.keeps.swap(true, Ordering::Relaxed) {
                        tracing::info!("This agent keeps the platform {}.", self.platform);
                    }
                    KEEP
                }
                Err(failure) if failure.cause == Cause::Conflict => {
                    self.keeps.store(false, Ordering::Relaxed);
                    tracing::warn!("This agent waits. {failure}");
                    TRY
                }
                // A token may have ended before its time; a key that is not taken any more is another thing.
                Err(failure) if failure.cause == Cause::Refused => {
                    if let Err(failure) = self.sign_in().await {
                        self.is_refused(&failure);
                    }
                    tracing::warn!("{failure}");
                    pauses.next().unwrap_or(LONGEST)
                }
                // While the marketplace is away everything stays as it is; when it is back, not all come at once.
                Err(failure) => {
                    tracing::warn!("{failure}");
                    pauses.next().unwrap_or(LONGEST)
                }
            };
            sleep(pause).await;
        }
    }

    /// Lets go of the platform.
    pub(super) async fn leave(&self) {
        if self.keeps()
            && tokio::time::timeout(AGAIN, self.client.leave_platform(self.platform, self.state.id())).await.is_err()
        {
            tracing::warn!("The marketplace was not told that this agent has ended.");
        }
    }

    /// What is to run.
    pub(super) async fn plan(&self) -> Result<Plan, Failure> {
        let plan = self.client.plan(self.platform).await?;
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan.platform.clone());
        Ok(plan)
    }

    /// Whether the platform's user may use a product, counted once for each key.
    pub(super) async fn authorize(&self, request: &Request, key: &str) -> Result<(), Failure> {
        self.client.authorize_once(request, key).await.map(drop)
    }

    /// The platform's id.
    pub(super) fn platform(&self) -> Uuid {
        self.platform
    }

    /// A client that is signed in.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The platform, once its plan was read.
    pub(super) fn address(&self) -> Option<PlannedPlatform> {
        self.address.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Follows the platform's events and passes reports on, over the same connection while there is one.
    pub(super) async fn follow(&self, reporter: &Reporter, look: &Notify) {
        let mut heartbeat = interval(HEARTBEAT);
        let mut again = interval(AGAIN);
        let (mut watch, mut connected) = (self.watch(), false);
        loop {
            tokio::select! {
                seen = watch.next() => match seen {
                    Ok(Seen::Event { event, .. }) => {
                        let reported = event.model["instance"]["reported"] == true;
                        if event.resource_type == "instance" && !reported {
                            look.notify_one();
                        }
                    }
                    Ok(Seen::Resumed) => {
                        connected = true;
                        reporter.tell_all_again();
                        look.notify_one();
                    }
                    Ok(Seen::Interrupted { why, pause }) => {
                        connected = false;
                        tracing::warn!("{why} Trying again in {:.1} s.", pause.as_secs_f32());
                    }
                    Err(failure) => {
                        connected = false;
                        tracing::warn!("Events can't be followed for now: {failure}");
                        sleep(TRY).await;
                        watch = self.watch();
                    }
                },
                () = reporter.news() => {
                    while connected && let Some((instance, mut report)) = reporter.next() {
                        report["action"] = "report".into();
                        report["instance_id"] = instance.to_string().into();
                        if !watch.say(&report).await {
                            reporter.put_back(instance);
                            connected = false;
                        }
                    }
                }
                _ = heartbeat.tick(), if connected => {
                    watch.say(&serde_json::json!({ "action": "heartbeat" })).await;
                }
                _ = again.tick(), if !connected => self.report_over_http(reporter).await,
            }
        }
    }

    fn watch(&self) -> crate::client::cable::Watch {
        self.client.watch(Followed::Platform(self.platform), Position::default())
    }

    /// Reports one by one, where there is no connection to say it on.
    async fn report_over_http(&self, reporter: &Reporter) {
        let Some(platform) = self.address() else { return };
        while let Some((instance, report)) = reporter.next() {
            match self.client.report(&platform, instance.uuid(), &report).await {
                // What is gone needs no report.
                Ok(()) => {}
                Err(failure) if failure.cause == Cause::NotFound => {}
                // One that is not taken must not keep the others back.
                Err(failure) if failure.cause == Cause::Invalid => {
                    tracing::warn!(%instance, "A report was not taken: {failure}");
                }
                Err(_) => {
                    reporter.put_back(instance);
                    return;
                }
            }
        }
    }
}

fn pauses() -> backon::ExponentialBackoff {
    let pauses = ExponentialBuilder::new().with_min_delay(Duration::from_millis(500)).with_max_delay(LONGEST);
    pauses.with_jitter().without_max_times().build()
}
