//! Instances: builds that run, or shall run, on a platform.

use super::{Build, Configuration, Platform};
use crate::core::access::Caller;
use crate::core::clock::Timestamp;
use crate::core::db::{Json, Tx};
use crate::core::field::choice::choice;
use crate::core::field::{Object, Prose};
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
}
