//! The platform agent: keeps what runs on a platform equal to what its marketplace wants to run there. It looks at the plan when it
//! starts, when something happens, when it is connected again, and every minute; acts on the difference; and tells how far
//! each instance is. Events only say "look now".

pub mod certify;
mod converge;
mod desired;
mod keep;
mod marketplace;
mod memory;
mod operator;
mod output;
mod reporter;
mod runner;
mod trust;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::future::Cache;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, interval};
use uuid::Uuid;

use crate::client::{Client, Failure};
use crate::core::deployment::Plan;
use crate::core::id::Id;
use crate::core::model::{Instance, InstanceState};
use crate::core::signing::SigningKey;

pub use keep::State;
pub use operator::Operator;
pub use runner::{Docker, Fault, Idle, Process, Runner};
pub use trust::Trust;

use marketplace::Marketplace;
use memory::{Memory, Purpose, Work};
use reporter::Reporter;
use runner::Unit;

/// How often the agent looks at the plan when nothing happens.
const LOOK: Duration = Duration::from_secs(60);
/// How often it looks at what runs.
const TICK: Duration = Duration::from_secs(1);
/// How many images it fetches, and how many instances it starts, at a time. They come into good health, and stop, side by side.
const AT_ONCE: usize = 8;
/// How long what was seen of all that runs is good enough for those who wait for their own.
const GLANCE: Duration = Duration::from_millis(200);
/// The shortest time between two looks at the plan.
const PAUSE: Duration = Duration::from_millis(250);

/// What an agent is made from.
pub struct Settings {
    /// The marketplace.
    pub client: Client,
    /// The platform.
    pub platform: Uuid,
    /// The platform's key.
    pub key: SigningKey,
    /// What is kept on this machine.
    pub state: State,
    /// What the operator of this machine has to say.
    pub operator: Operator,
    /// What is trusted.
    pub trust: Trust,
    /// What starts and stops.
    pub runner: Runner,
}

/// An agent.
pub struct Agent {
    marketplace: Marketplace,
    operator: Operator,
    trust: Trust,
    runner: Runner,
    reporter: Reporter,
    /// What is known of each instance beside the plan.
    memories: Mutex<HashMap<Id<Instance>, Memory>>,
    /// Says to look at the plan now.
    look: Notify,
    /// Bounds what is fetched at a time. Fetching may take long, and holds up nothing else.
    fetching: Semaphore,
    /// Bounds what is started at a time.
    starting: Semaphore,
    /// What runs, as was just seen: many wait for theirs at once.
    seen: Cache<(), Arc<Vec<Unit>>>,
}

impl Agent {
    /// An agent that has done nothing yet.
    pub fn new(settings: Settings) -> Arc<Self> {
        let Settings { client, platform, key, state, operator, trust, runner } = settings;
        Arc::new(Self {
            marketplace: Marketplace::new(client, platform, key, state),
            operator,
            trust,
            runner,
            reporter: Reporter::default(),
            memories: Mutex::default(),
            look: Notify::new(),
            fetching: Semaphore::new(AT_ONCE),
            starting: Semaphore::new(AT_ONCE),
            seen: Cache::builder().max_capacity(1).time_to_live(GLANCE).build(),
        })
    }

    /// Keeps the platform until `stop` is done. What runs then goes on, for the next agent to take over.
    ///
    /// # Errors
    /// When the platform's key is not taken, which no waiting mends.
    pub async fn run(self: &Arc<Self>, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        self.marketplace.sign_in_first().await?;
        let work = async {
            tokio::join!(
                self.marketplace.stay_signed_in(),
                self.marketplace.keep(),
                self.marketplace.follow(&self.reporter, &self.look),
                self.tell_output(),
                self.tend()
            );
        };
        tokio::select! {
            () = work => {}
            () = stop => self.marketplace.leave().await,
        }
        Ok(())
    }

    /// Compares what is wanted with what runs, and acts on the difference.
    async fn tend(self: &Arc<Self>) {
        let (mut plan, mut looked) = (None::<Plan>, None::<Instant>);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let now = tokio::select! {
                () = self.look.notified() => true,
                _ = ticks.tick() => looked.is_none_or(|at| at.elapsed() > LOOK),
            };
            if !self.marketplace.keeps() {
                looked = None;
                continue;
            }
            if now || plan.is_none() {
                if let Some(at) = looked {
                    tokio::time::sleep(PAUSE.saturating_sub(at.elapsed())).await;
                }
                looked = Some(Instant::now());
                match self.marketplace.plan().await {
                    Ok(read) => plan = Some(read),
                    // What was wanted last is kept up meanwhile.
                    Err(failure) => tracing::warn!("The plan can't be read for now: {failure}"),
                }
            }
            if let Some(plan) = &plan {
                self.compare(plan).await;
            }
        }
    }

    /// Has every instance that needs it worked on, each by one task at a time.
    async fn compare(self: &Arc<Self>, plan: &Plan) {
        let units = match self.runner.units().await {
            Ok(units) => units,
            Err(fault) => {
                tracing::warn!("What runs can't be looked at for now: {fault}");
                return;
            }
        };
        let mut of_instance: HashMap<Id<Instance>, Vec<Unit>> = HashMap::new();
        for unit in units {
            of_instance.entry(unit.key.instance).or_default().push(unit);
        }
        let is_running = |id: Id<Instance>| self.reporter.state(id) == Some(InstanceState::Running);
        let providers = desired::Providers::new(plan, &of_instance, is_running, &self.operator);
        for planned in &plan.instances {
            let wish = desired::Wish::of(planned, &providers);
            let units = of_instance.remove(&planned.id).unwrap_or_default();
            self.work_on(planned.id, wish.purpose(), move |agent| async move { agent.converge(wish, units).await });
        }
        // What the marketplace wants no more, and what is still on its way to run.
        let known: HashSet<Id<Instance>> = plan.instances.iter().map(|planned| planned.id).collect();
        let starting = self.memories().iter().filter(|(_, memory)| memory.work.is_some()).map(|(id, _)| *id).collect();
        let starting: Vec<Id<Instance>> = starting;
        for instance in starting.into_iter().filter(|id| !known.contains(id)) {
            of_instance.entry(instance).or_default();
        }
        for (instance, units) in of_instance {
            self.work_on(instance, Purpose::Remove, move |agent| async move { agent.remove(instance, units).await });
        }
        self.memories().retain(|id, memory| memory.work.is_some() || known.contains(id));
        self.reporter.retain(&known);
    }

    /// Works on an instance in a task of its own, unless one is at it already. One that is at something which is not wanted any
    /// more is ended, and the next look finds what it has left.
    fn work_on<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        instance: Id<Instance>,
        purpose: Purpose,
        work: impl FnOnce(Arc<Self>) -> F,
    ) {
        let mut memories = self.memories();
        let memory = memories.entry(instance).or_default();
        if let Some(present) = &memory.work {
            if present.yields_to(&purpose) {
                present.task.abort();
            }
            return;
        }
        let (work, done) = (work(self.clone()), Done { agent: self.clone(), instance });
        let task = tokio::spawn(async move {
            let _done = done;
            work.await;
        });
        memory.work = Some(Work { purpose, task: task.abort_handle() });
    }

    /// What runs, as it was a glance ago at the earliest.
    async fn glance(&self) -> Result<Arc<Vec<Unit>>, Arc<Fault>> {
        self.seen.try_get_with((), async { self.runner.units().await.map(Arc::new) }).await
    }

    fn memories(&self) -> std::sync::MutexGuard<'_, HashMap<Id<Instance>, Memory>> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes what is known of an instance.
    fn remember<T>(&self, instance: Id<Instance>, change: impl FnOnce(&mut Memory) -> T) -> T {
        change(self.memories().entry(instance).or_default())
    }
}

/// Notes that nothing works on an instance any more, however that ended.
struct Done {
    agent: Arc<Agent>,
    instance: Id<Instance>,
}

impl Drop for Done {
    fn drop(&mut self) {
        self.agent.remember(self.instance, |memory| memory.work = None);
    }
}
