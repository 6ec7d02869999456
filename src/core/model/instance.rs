//! Instances: builds that run, or shall run, on a platform.

use super::{Build, Configuration, Platform};
use serde_json::json;
use uuid::Uuid;

use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::{Db, FromRow, Json, Tx};
use crate::core::deployment::environment;
use crate::core::event::{EventType, NewEvent, Stream};
use crate::core::field::choice::choice;
use crate::core::field::{Natural, Object, Prose, Schedule};
use crate::core::id::Id;
use crate::core::resource::{Input, Parent, Reference, Resource, Table};
use crate::core::{Error, Result};
use crate::resource;

choice! {
    /// How far an instance is, as the platform's agent reports.
    InstanceState {
        /// Nobody has taken it up.
        Pending = "pending",
        /// Its image is being fetched.
        Pulling = "pulling",
        /// Its tasks are being started.
        Starting = "starting",
        /// It runs.
        Running = "running",
        /// Something that it needs is not there.
        Blocked = "blocked",
        /// The platform's user has no right to it.
        Unauthorized = "unauthorized",
        /// It could not be started, or ended.
        Failed = "failed",
        /// Its tasks are being ended.
        Stopping = "stopping",
        /// It was ended.
        Stopped = "stopped",
    }
}

choice! {
    /// What an instance is to do.
    Wanted {
        /// To run.
        Running = "running",
        /// To rest; it stays known with all that it is set to.
        Stopped = "stopped",
    }
}

choice! {
    /// How an instance comes by newer builds of its product.
    Updates {
        /// By itself, in its maintenance window if it has one.
        Automatic = "automatic",
        /// When somebody asks for it.
        Approve = "approve",
        /// Not at all: it stays with its build.
        Pinned = "pinned",
    }
}

resource! {
    /// A build that runs, or shall run, on a platform.
    pub struct Instance {
        /// The platform.
        [fixed] platform_id: Id<Platform>,
        /// The build.
        build_id: Id<Build>,
        /// The configuration of the build to run; none means its default.
        configuration_id: Option<Id<Configuration>>,
        /// Values of its environment variables.
        launch_bindings: Json<Object> = Json(Object::new()),
        /// What it is to do.
        wanted: Wanted = Wanted::Running,
        /// How it comes by newer builds.
        updates: Updates = Updates::Approve,
        /// When windows open in which it may be updated by itself; none means at any time.
        maintenance: Option<Schedule>,
        /// For how many minutes each of them stays open.
        maintenance_minutes: Natural = Natural(60),
        /// The build before this one, for going back.
        [server] previous_build_id: Option<Id<Build>>,
        /// The configuration that it had.
        [server] previous_configuration_id: Option<Id<Configuration>>,
        /// When it was deployed.
        deployed_at: Option<Timestamp>,
        /// How far it is.
        [server] state: InstanceState = InstanceState::Pending,
        /// Why it is no further.
        [server] state_message: Option<Prose>,
        /// When the platform's agent last told of it.
        [server] last_seen_at: Option<Timestamp>,
    }
}

impl Resource for Instance {
    const TABLE: Table = Table {
        name: "instance",
        plural: "instances",
        path: "/users/{user_id}/platforms/{platform_id}/instances",
        parent: Some(Parent { table: &Platform::TABLE, column: "platform_id" }),
        platform: Some("platform_id"),
        ..Table::PLAIN
    };
    const REFERENCES: &'static [Reference] = &[
        Reference { column: "build_id", table: &Build::TABLE },
        Reference { column: "configuration_id", table: &Configuration::TABLE },
    ];

    fn validate(&self, input: &mut Input) {
        if self.launch_bindings.0.keys().any(|key| !environment::is_name(key)) {
            input.fails("launch_bindings", "must have names of environment variables: A-Z, 0-9 and _");
        }
    }

    /// What it was updated from is kept.
    fn revise(&mut self, old: &Self) {
        if self.build_id != old.build_id {
            (self.previous_build_id, self.previous_configuration_id) = (Some(old.build_id), old.configuration_id);
        }
    }

    async fn check(tx: &Tx, _: &Caller, _: Option<&Self>, new: &Self, input: &mut Input) -> Result<()> {
        let failed = input.failed("build_id") || input.failed("configuration_id");
        let Some(configuration) = new.configuration_id.filter(|_| !failed) else { return Ok(()) };
        let select = crate::sql!(
            "select 1 from configurations where id = $1 and build_id = $2",
            configuration.uuid(),
            new.build_id.uuid()
        );
        if !tx.exists(select).await? {
            input.fails("configuration_id", "must be the id of a configuration of the build");
        }
        Ok(())
    }

    async fn guard(tx: &Tx, _: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        let Some(new) = new.filter(|new| old.is_none_or(|old| old.build_id != new.build_id)) else { return Ok(()) };
        let select = crate::sql!("select version from builds where id = $1 and yanked_at is not null", new.build_id);
        match tx.optional::<(String,)>(select).await? {
            Some((version,)) => Err(Error::conflict(format!(
                "Build {version} was withdrawn from new deployments. Choose another build."
            ))),
            None => Ok(()),
        }
    }

    async fn events(tx: &Tx, _: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<Vec<NewEvent>> {
        match (old, new) {
            (None, Some(new)) => Ok(vec![new.event(tx, EventType::Created, "is to run").await?]),
            (Some(_), Some(new)) => Ok(vec![new.event(tx, EventType::Updated, "was changed").await?]),
            (Some(old), None) => Ok(vec![old.event(tx, EventType::Deleted, "is to run no longer").await?]),
            (None, None) => Ok(Vec::new()),
        }
    }
}

/// What an instance runs, and where.
#[derive(FromRow)]
struct Placed {
    product_id: Uuid,
    product: String,
    version: String,
    container_repository: Option<String>,
    container_tag: Option<String>,
    container_digest: Option<String>,
    platform: String,
    user_id: Uuid,
}

impl Instance {
    /// The event that tells those who follow its platform what happened to it. The values of its environment may be
    /// secrets and stay out.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn event(&self, db: &Db, event_type: EventType, what: &str) -> Result<NewEvent> {
        let placed: Placed = db
            .one(crate::sql!(
                "select builds.product_id, products.name as product, builds.version, builds.container_repository, \
                 builds.container_tag, builds.container_digest, platforms.name as platform, platforms.user_id \
                 from builds join products on products.id = builds.product_id join platforms on platforms.id = $2 \
                 where builds.id = $1",
                self.build_id,
                self.platform_id
            ))
            .await?;
        let message = format!("{} {} {what} on {}.", placed.product, placed.version, placed.platform);
        let model = json!({ "instance": {
            "id": self.id,
            "build": {
                "id": self.build_id,
                "version": placed.version,
                "container_repository": placed.container_repository,
                "container_tag": placed.container_tag,
                "container_digest": placed.container_digest,
                "product": { "id": placed.product_id, "name": placed.product },
            },
            "platform": { "id": self.platform_id, "name": placed.platform, "user": { "id": placed.user_id } },
            "configuration_id": self.configuration_id,
            "wanted": self.wanted,
            "deployed_at": self.deployed_at,
            "state": self.state,
            "state_message": self.state_message,
            "last_seen_at": self.last_seen_at,
        } });
        let streams = vec![Stream::Platform(self.platform_id)];
        Ok(NewEvent::of_right(event_type, Self::TABLE.name, self.id.uuid(), message, model, streams))
    }
}
