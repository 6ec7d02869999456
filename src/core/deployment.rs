//! Deployments: what is to run on a platform, worked out from its instances. A [`Plan`] is what agents keep to, and what people
//! look at before they deploy.

pub mod environment;
mod find;
pub mod logs;
pub mod update;
mod wiring;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::access::Caller;
use super::db::Db;
use super::id::Id;
use super::model::{
    Build, Configuration, Instance, InstanceState, Interface, Platform, Product, User, Variable, Wanted,
};
use super::resource;
use super::{Error, Result};
use find::Found;

/// What is to run on a platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// The platform.
    pub platform: PlannedPlatform,
    /// Its instances, the first made first.
    pub instances: Vec<Planned>,
}

/// The platform of a plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlannedPlatform {
    /// Its id.
    pub id: Id<Platform>,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub user_id: Id<User>,
}

/// What is to become of an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The instance. One that is not deployed yet has an id for this plan only.
    pub id: Id<Instance>,
    /// Whether it is deployed.
    pub deployed: bool,
    /// What it is to do.
    pub wanted: Wanted,
    /// How far it is, as was last reported.
    pub state: InstanceState,
    /// Its product.
    pub product: Named<Product>,
    /// Its build.
    pub build: PlannedBuild,
    /// A newer build, if there is one that it could be updated to.
    pub update: Option<Named<Build>>,
    /// The configuration that it runs, if its build has any.
    pub configuration: Option<Named<Configuration>>,
    /// What runs.
    pub tasks: Vec<PlannedTask>,
    /// Values of its environment variables.
    pub launch_bindings: serde_json::Map<String, Value>,
    /// What it needs of others, and who offers that.
    pub needs: Vec<Need>,
    /// Why it can't run on this platform, if so.
    pub blocked: Option<String>,
    /// What is wrong with its environment as far as is known before its dependencies run.
    pub problems: Vec<String>,
}

/// Something with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Named<T> {
    /// Its id.
    pub id: Id<T>,
    /// Its name; of a build, its version.
    pub name: String,
}

/// The build of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedBuild {
    /// Its id.
    pub id: Id<Build>,
    /// Its version.
    pub version: String,
    /// Where its image is: registry and repository.
    pub container_repository: Option<String>,
    /// The image's tag.
    pub container_tag: Option<String>,
    /// The image's digest.
    pub container_digest: Option<String>,
    /// Whether its publisher signed it.
    pub signed: bool,
}

/// A task of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// Its name.
    pub name: String,
    /// How many of it run. Of a task with a schedule, one at a time.
    pub replicas: i64,
    /// The most memory that each may take, in MiB.
    pub memory: i64,
    /// Arguments of its command line.
    pub options: Vec<String>,
    /// TCP ports that it serves.
    pub ports: Vec<i64>,
    /// When it runs, as five fields of cron; none means always.
    pub cron: Option<super::field::Schedule>,
    /// The environment variables that it is configured by.
    pub environment: Vec<Variable>,
}

/// What an instance needs of another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// What is needed, in words.
    pub name: String,
    /// The interface, if it is one.
    pub interface_id: Option<Id<Interface>>,
    /// The product, if it is a certain one.
    pub product_id: Option<Id<Product>>,
    /// Whether the instance can't run without.
    pub required: bool,
    /// Which parameter goes to which environment variable.
    pub mappings: serde_json::Map<String, Value>,
    /// The instance that offers it.
    pub provider: Option<Id<Instance>>,
    /// That instance's product, for people.
    pub provider_name: Option<String>,
    /// The parameters that it gives.
    pub parameters: Vec<String>,
}

/// An instance that somebody thinks of deploying.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Proposal {
    /// The product, of which the newest build is meant unless one is named.
    pub product_id: Option<Uuid>,
    /// The build.
    pub build_id: Option<Uuid>,
    /// The configuration; none means the default.
    pub configuration_id: Option<Uuid>,
    /// Values of its environment variables.
    #[serde(default)]
    pub launch_bindings: serde_json::Map<String, Value>,
}

impl Plan {
    /// The plan of a platform, with something more deployed if that is proposed.
    ///
    /// # Errors
    /// [`Kind::NotFound`](super::Kind::NotFound) when the platform, or the build proposed, is not to be seen.
    pub async fn of(
        db: &Db,
        caller: &Caller,
        ancestors: &[Uuid],
        platform: Uuid,
        proposal: Option<Proposal>,
    ) -> Result<Self> {
        let platform: Platform = resource::load(db, caller, ancestors, platform).await?;
        let proposed = match proposal {
            Some(proposal) => Some(find::proposed(db, caller, platform.id, proposal).await?),
            None => None,
        };
        let mut found = Found::of(db, caller, &platform, proposed).await?;
        let mut instances = found.planned();
        wiring::connect(&mut instances, &found);
        for planned in &mut instances {
            planned.problems = environment::foreseen(planned);
        }
        let platform = PlannedPlatform { id: platform.id, name: platform.name.to_string(), user_id: platform.user_id };
        Ok(Self { platform, instances })
    }

    /// An instance of the plan.
    pub fn instance(&self, id: Id<Instance>) -> Option<&Planned> {
        self.instances.iter().find(|planned| planned.id == id)
    }
}

impl Planned {
    /// What people call it.
    pub fn title(&self) -> String {
        format!("{} {}", self.product.name, self.build.version)
    }

    /// The image that it runs from, by digest where that is known.
    pub fn image(&self) -> Option<String> {
        let repository = self.build.container_repository.as_deref()?;
        Some(match (&self.build.container_digest, &self.build.container_tag) {
            (Some(digest), _) => format!("{repository}@{digest}"),
            (None, Some(tag)) => format!("{repository}:{tag}"),
            (None, None) => repository.to_owned(),
        })
    }
}

fn no_build() -> Error {
    Error::new(
        super::Kind::Invalid,
        "Name a build with build_id, or a product with product_id that has a published build.",
    )
}
