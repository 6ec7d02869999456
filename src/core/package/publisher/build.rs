//! A build with all that belongs to it: configurations and tasks, what it exposes and what it needs.

use serde_json::json;
use uuid::Uuid;

use super::super::{fields, records};
use super::{Action, Publisher};
use crate::core::access::Verb;
use crate::core::db::Statement;
use crate::core::files::Stored;
use crate::core::manifest::{self, Manifest};
use crate::core::model::{Build, Configuration, Dependency, Exposure, Interface, Parameter, Product, Task};
use crate::core::{Error, Kind, Result, resource};

impl Publisher<'_> {
    /// The build with all below it, not public yet.
    pub(super) async fn build(
        &mut self,
        product: &Product,
        manifest: &Manifest,
        existing: Option<Build>,
        asset: Option<Stored>,
    ) -> Result<Build> {
        let wanted = &manifest.build;
        let mut given = records::build(wanted);
        given.insert("id".into(), json!(wanted.id));
        let product = product.id.uuid();
        if let (Some(build), Some(tx)) = (&existing, self.tx) {
            resource::require::<Build>(tx, self.caller, &[product], build.id.uuid(), Verb::Update, None).await?;
            // What belongs to a build that nobody sees yet is made anew.
            for table in ["configurations", "exposures", "dependencies"] {
                tx.execute(Statement::new(format!("delete from {table} where build_id = $1")).bind(build.id)).await?;
            }
        }
        // All below it is made anew.
        let complete = |build: &mut Build| {
            build.reopen();
            build.take_manifest(fields(manifest.content.clone()));
            build.take_asset(asset.clone());
        };
        let build = match existing {
            None => self.create(&[product], wanted.version.clone(), given, complete).await?,
            existing => self.put(&[product], wanted.version.clone(), existing, given).await?,
        };
        let place = [product, build.id.uuid()];
        for configuration in &manifest.configurations {
            self.configuration(place, configuration).await?;
        }
        for exposed in &wanted.exposes {
            self.exposure(place, exposed).await?;
        }
        for required in &wanted.requires {
            self.requirement(place, required).await?;
        }
        for dependency in &wanted.dependencies {
            self.dependency(place, dependency).await?;
        }
        let mut completed = build.clone();
        complete(&mut completed);
        match self.tx {
            Some(tx) => resource::replace(tx, self.caller, &build, completed).await,
            None => Ok(completed),
        }
    }

    async fn configuration(&mut self, [product, build]: [Uuid; 2], wanted: &manifest::Configuration) -> Result<()> {
        let configuration: Configuration =
            self.make(&[product, build], wanted.name.clone(), records::configuration(wanted)).await?;
        for task in &wanted.tasks {
            let name = format!("{} of {}", task.label, wanted.name);
            self.make::<Task>(&[product, build, configuration.id.uuid()], name, records::task(task)).await?;
        }
        Ok(())
    }

    async fn exposure(&mut self, [product, build]: [Uuid; 2], exposed: &manifest::Exposed) -> Result<()> {
        let interface = self.interface(&exposed.uri, &exposed.version).await?;
        let given = fields(json!({ "interface_id": interface.id }));
        let exposure: Exposure = self.make(&[product, build], interface.name.to_string(), given).await?;
        for parameter in &exposed.parameters {
            let given = records::parameter(parameter);
            let place = [product, build, exposure.id.uuid()];
            self.make::<Parameter>(&place, format!("{} of {}", parameter.name, interface.name), given).await?;
        }
        Ok(())
    }

    async fn requirement(&mut self, place: [Uuid; 2], required: &manifest::Required) -> Result<()> {
        let interface = self.interface(&required.uri, &required.version).await?;
        let mut given = records::requirement(required);
        given.insert("interface_id".into(), json!(interface.id));
        self.make::<Dependency>(&place, interface.name.to_string(), given).await.map(drop)
    }

    async fn dependency(&mut self, place: [Uuid; 2], wanted: &manifest::RuntimeDependency) -> Result<()> {
        let name = wanted.name.clone().unwrap_or_else(|| wanted.product_id.to_string());
        self.put::<Dependency>(&place, name, None, records::dependency(wanted)).await.map(drop)
    }

    /// The interface of this version; else the newest in the range that it is; else, of a plain version, a new one.
    async fn interface(&mut self, uri: &str, version: &str) -> Result<Interface> {
        let select = crate::sql!("select * from interfaces where uri = $1 order by ordinal desc, version desc", uri);
        let known: Vec<Interface> = self.db.all(select).await?;
        if let Some(interface) = records::meant(&known, uri, version) {
            self.note(Action::Unchanged, interface, interface.name.to_string(), Vec::new());
            return Ok(interface.clone());
        }
        if records::lenient(version).is_none() {
            let message =
                format!("No interface {uri} has a version {version} here. Register one, or name a plain version.");
            return Err(Error::new(Kind::Invalid, message));
        }
        let name = Interface::name_for(uri, version);
        self.put(&[], name.clone(), None, fields(json!({ "name": name, "uri": uri, "version": version }))).await
    }
}
