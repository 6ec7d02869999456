//! What a plan is made from: a fixed number of statements, however many instances a platform has.

use std::collections::HashMap;

use serde_json::Map;
use uuid::Uuid;

use super::{Named, Need, Planned, PlannedBuild, PlannedTask, Proposal, no_build};
use crate::core::Result;
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::clock::Timestamp;
use crate::core::db::{Db, FromRow, Json, Statement};
use crate::core::field::{Object, Uuids};
use crate::core::id::Id;
use crate::core::model::{Build, Configuration, Instance, Interface, Platform, Task, Wanted};
use crate::core::resource::{self, Resource};

/// The rows of all that the instances of a platform are.
pub(super) struct Found {
    instances: Vec<Placed>,
    configurations: Vec<Configuration>,
    tasks: Vec<Task>,
    needs: Vec<NeedRow>,
    /// The interfaces that builds offer.
    pub(super) offers: Vec<Offer>,
    /// Which interface (first) another one (second) may stand in for it.
    pub(super) surrogates: Vec<(Uuid, Uuid)>,
    /// The newest public build of each product.
    newest: HashMap<Uuid, Newest>,
}

/// An instance with its build and product.
#[derive(Debug, FromRow)]
struct Placed {
    #[sqlx(flatten)]
    instance: Instance,
    product_id: Uuid,
    product: String,
    version: String,
    build_ordinal: i64,
    build_created_at: Timestamp,
    container_repository: Option<String>,
    container_tag: Option<String>,
    container_digest: Option<String>,
    signed: bool,
}

#[derive(Debug, FromRow)]
struct NeedRow {
    build_id: Uuid,
    interface_id: Option<Uuid>,
    dependency_product_id: Option<Uuid>,
    dependency_build_ids: Json<Uuids>,
    required: bool,
    mappings: Json<Object>,
    interface: Option<String>,
    uri: Option<String>,
    interface_version: Option<String>,
    product: Option<String>,
}

/// An interface that a build offers, with a parameter that it gives, if any.
#[derive(Debug, FromRow)]
pub(super) struct Offer {
    pub(super) build_id: Uuid,
    pub(super) interface_id: Uuid,
    pub(super) ordinal: i64,
    pub(super) parameter: Option<String>,
}

#[derive(Debug, FromRow)]
struct Newest {
    id: Uuid,
    product_id: Uuid,
    version: String,
    ordinal: i64,
    created_at: Timestamp,
}

/// The builds of a platform's instances, and one more that may be proposed.
const BUILDS: &str =
    "(select build_id from instances where platform_id = $1 union select id from builds where id = $2)";

impl Found {
    pub(super) async fn of(db: &Db, caller: &Caller, platform: &Platform, proposed: Option<Instance>) -> Result<Self> {
        let build = proposed.as_ref().map(|instance| instance.build_id.uuid());
        let select = |text: String| Statement::new(text).bind(platform.id).bind(build);
        let mut here = Statement::new(format!("{PLACED} where instances.platform_id = $1 and ")).bind(platform.id);
        push_scope(&Instance::TABLE, caller, Verb::Read, &mut here);
        here.push(" order by instances.created_at, instances.id");
        let mut instances: Vec<Placed> = db.all(here).await?;
        if let Some(instance) = proposed {
            instances.push(Placed::proposed(db, instance).await?);
        }
        let configurations = db
            .all(select(format!("select * from configurations where build_id in {BUILDS} order by name, id")))
            .await?;
        let tasks = db
            .all(select(format!(
                "select tasks.* from tasks join configurations on configurations.id = tasks.configuration_id \
                 where configurations.build_id in {BUILDS} order by tasks.name, tasks.id"
            )))
            .await?;
        let needs = db
            .all(select(format!(
                "select dependencies.build_id, dependencies.interface_id, dependencies.dependency_product_id, \
                 dependencies.dependency_build_ids, dependencies.required, dependencies.mappings, \
                 interfaces.name as interface, interfaces.uri, interfaces.version as interface_version, \
                 products.name as product from dependencies \
                 left join interfaces on interfaces.id = dependencies.interface_id \
                 left join products on products.id = dependencies.dependency_product_id \
                 where dependencies.build_id in {BUILDS} order by dependencies.created_at, dependencies.id"
            )))
            .await?;
        let offers = db
            .all(select(format!(
                "select exposures.build_id, exposures.interface_id, interfaces.ordinal, parameters.name as parameter \
                 from exposures join interfaces on interfaces.id = exposures.interface_id \
                 left join parameters on parameters.exposure_id = exposures.id where exposures.build_id in {BUILDS}"
            )))
            .await?;
        let surrogates = db
            .all(select(format!(
                "select interface_id, substitute_id from surrogates where interface_id in \
                 (select interface_id from dependencies where build_id in {BUILDS})"
            )))
            .await?;
        let newest: Vec<Newest> = db
            .all(
                select(format!(
                    "select id, product_id, version, ordinal, created_at from (select builds.id, builds.product_id, \
                     builds.version, builds.ordinal, builds.created_at, row_number() over (partition by builds.product_id \
                     order by builds.ordinal desc, builds.created_at desc, builds.id) as place from builds \
                     where builds.product_id in (select product_id from builds where id in {BUILDS}) \
                     and builds.published_at <= $3 and builds.yanked_at is null) as ranked where place = 1"
                ))
                .bind(caller.now),
            )
            .await?;
        let newest = newest.into_iter().map(|build| (build.product_id, build)).collect();
        Ok(Self { instances, configurations, tasks, needs, offers, surrogates, newest })
    }

    /// The instances as they are to be, not connected with one another yet.
    pub(super) fn planned(&mut self) -> Vec<Planned> {
        let instances = std::mem::take(&mut self.instances);
        let planned = instances.iter().map(|placed| self.planned_one(placed)).collect();
        self.instances = instances;
        planned
    }

    fn planned_one(&self, placed: &Placed) -> Planned {
        let Placed { instance, product_id, product, version, .. } = placed;
        let of_build: Vec<&Configuration> =
            self.configurations.iter().filter(|configuration| configuration.build_id == instance.build_id).collect();
        let chosen = |wanted: Id<Configuration>| of_build.iter().find(|configuration| configuration.id == wanted);
        let configuration = instance
            .configuration_id
            .and_then(chosen)
            .or_else(|| of_build.iter().find(|configuration| configuration.default))
            .or(of_build.first());
        let tasks = self.tasks.iter().filter(|task| Some(task.configuration_id) == configuration.map(|c| c.id));
        let newest = self.newest.get(product_id);
        let newer = newest.filter(|newest| (newest.ordinal, newest.created_at) > placed.age());
        Planned {
            id: instance.id,
            deployed: !instance.id.uuid().is_nil(),
            wanted: instance.wanted,
            state: instance.state,
            product: Named { id: (*product_id).into(), name: product.clone() },
            build: PlannedBuild {
                id: instance.build_id,
                version: version.clone(),
                container_repository: placed.container_repository.clone(),
                container_tag: placed.container_tag.clone(),
                container_digest: placed.container_digest.clone(),
                signed: placed.signed,
            },
            update: newer.map(|newest| Named { id: newest.id.into(), name: newest.version.clone() }),
            configuration: configuration
                .map(|configuration| Named { id: configuration.id, name: configuration.name.to_string() }),
            tasks: tasks.map(planned_task).collect(),
            launch_bindings: instance.launch_bindings.0.clone(),
            needs: self
                .needs
                .iter()
                .filter(|need| instance.build_id.uuid() == need.build_id)
                .map(NeedRow::need)
                .collect(),
            blocked: None,
            problems: Vec::new(),
        }
    }

    /// How new the build of an instance is.
    pub(super) fn age(&self, id: Id<Instance>) -> Option<(i64, Timestamp)> {
        self.instances.iter().find(|placed| placed.instance.id == id).map(Placed::age)
    }

    /// The builds that will do for each need of an instance's build, in the order of its needs; none means any.
    pub(super) fn builds_wanted(&self, build: Id<Build>) -> impl Iterator<Item = &[Uuid]> {
        let needs = self.needs.iter().filter(move |need| build.uuid() == need.build_id);
        needs.map(|need| need.dependency_build_ids.0.as_slice())
    }
}

/// Instances with what is known of their builds.
const PLACED: &str = "select instances.*, builds.product_id, products.name as product, builds.version, \
     builds.ordinal as build_ordinal, builds.created_at as build_created_at, builds.container_repository, builds.container_tag, builds.container_digest, \
     builds.signature is not null as signed from instances join builds on builds.id = instances.build_id \
     join products on products.id = builds.product_id";

impl Placed {
    /// How new its build is: by ordinal, then by time.
    fn age(&self) -> (i64, Timestamp) {
        (self.build_ordinal, self.build_created_at)
    }

    async fn proposed(db: &Db, instance: Instance) -> Result<Self> {
        #[derive(FromRow)]
        struct Row {
            name: String,
        }
        let build: Build = db.one(crate::sql!("select * from builds where id = $1", instance.build_id)).await?;
        let product: Row = db.one(crate::sql!("select name from products where id = $1", build.product_id)).await?;
        Ok(Self {
            instance,
            product_id: build.product_id.uuid(),
            product: product.name,
            version: build.version.to_string(),
            build_ordinal: build.ordinal,
            build_created_at: build.created_at,
            container_repository: build.container_repository.map(|text| text.to_string()),
            container_tag: build.container_tag.map(|text| text.to_string()),
            container_digest: build.container_digest.map(|text| text.to_string()),
            signed: build.signature.is_some(),
        })
    }
}

fn planned_task(task: &Task) -> PlannedTask {
    let minimum = task.minimum.0.max(1);
    PlannedTask {
        name: task.name.to_string(),
        replicas: if task.cron.is_some() { 1 } else { minimum },
        memory: task.memory.0,
        options: task.options.0.clone(),
        ports: task.ports.0.clone(),
        cron: task.cron.clone(),
        environment: task.environment.0.clone(),
    }
}

impl NeedRow {
    fn need(&self) -> Need {
        let interface = self.interface.as_ref().map(|name| {
            let (uri, version) =
                (self.uri.as_deref().unwrap_or_default(), self.interface_version.as_deref().unwrap_or_default());
            format!("the interface {name} ({uri} {version})")
        });
        let product = || match (&self.product, self.dependency_product_id) {
            (Some(name), _) => format!("the product {name}"),
            (None, Some(id)) => format!("the product {id}"),
            (None, None) => "something unknown".to_owned(),
        };
        Need {
            name: interface.unwrap_or_else(product),
            interface_id: self.interface_id.map(Id::<Interface>::from),
            product_id: self.dependency_product_id.map(Id::from),
            required: self.required,
            mappings: self.mappings.0.clone(),
            provider: None,
            provider_name: None,
            parameters: Vec::new(),
        }
    }
}

/// The instance that a proposal would make.
pub(super) async fn proposed(db: &Db, caller: &Caller, platform: Id<Platform>, proposal: Proposal) -> Result<Instance> {
    let mut select = Statement::new("select * from builds where ");
    match (proposal.build_id, proposal.product_id) {
        (Some(build), _) => select.push("id = ").push_arg(build),
        (None, Some(product)) => select
            .push("product_id = ")
            .push_arg(product)
            .push(" and yanked_at is null and published_at <= ")
            .push_arg(caller.now),
        (None, None) => return Err(no_build()),
    };
    select.push(" and ");
    push_scope(&Build::TABLE, caller, Verb::Read, &mut select);
    select.push(" order by ordinal desc, created_at desc, id limit 1");
    let build: Build = db.optional(select).await?.ok_or_else(no_build)?;
    let mut fields = Map::new();
    fields.insert("build_id".into(), build.id.to_string().into());
    fields.insert("configuration_id".into(), proposal.configuration_id.map(|id| id.to_string()).into());
    fields.insert("launch_bindings".into(), proposal.launch_bindings.into());
    let mut instance: Instance = resource::draft(caller, &[platform.uuid()], fields)?;
    instance.id = Uuid::nil().into();
    instance.wanted = Wanted::Running;
    Ok(instance)
}
