//! Moving instances from build to build: forth when somebody or their policy says so, and back.

use uuid::Uuid;

use crate::core::access::{Caller, Verb, push_scope};
use crate::core::db::{Db, FromRow, Statement, Tx};
use crate::core::id::Id;
use crate::core::model::{Build, Configuration, Instance, Updates};
use crate::core::resource::{self, Located, Resource};
use crate::core::{Error, Result};

/// How many instances one sweep moves.
const AT_ONCE: i64 = 100;

/// Moves an instance to another build of its product: the newest that is published, unless one is named. Its configuration is
/// the one of the same name there, else the default.
///
/// # Errors
/// When it is not to be seen, the caller may not change it, or there is no such build.
pub async fn update(
    db: &Db,
    caller: &Caller,
    ancestors: &[Uuid],
    instance: Uuid,
    build: Option<Uuid>,
) -> Result<Located<Instance>> {
    let tx = db.begin().await?;
    let old = resource::require::<Instance>(&tx, caller, ancestors, instance, Verb::Update, None).await?;
    let target = target(&tx, caller, &old, build).await?;
    let new = moved(&tx, &old, target).await?;
    let row = resource::replace(&tx, caller, &old, new).await?;
    tx.commit().await?;
    Ok(Located::new(row, caller, ancestors))
}

/// Moves an instance back to the build before. It does not move forth again by itself.
///
/// # Errors
/// When it is not to be seen, the caller may not change it, or there was no build before.
pub async fn roll_back(db: &Db, caller: &Caller, ancestors: &[Uuid], instance: Uuid) -> Result<Located<Instance>> {
    let tx = db.begin().await?;
    let old = resource::require::<Instance>(&tx, caller, ancestors, instance, Verb::Update, None).await?;
    let Some(build) = old.previous_build_id else {
        return Err(Error::conflict("There is no build before this one that the instance could go back to."));
    };
    let mut new = old.clone();
    (new.build_id, new.configuration_id) = (build, old.previous_configuration_id);
    if new.updates == Updates::Automatic {
        new.updates = Updates::Approve;
    }
    let row = resource::replace(&tx, caller, &old, new).await?;
    tx.commit().await?;
    Ok(Located::new(row, caller, ancestors))
}

/// The build that an instance is to run.
async fn target(tx: &Tx, caller: &Caller, instance: &Instance, build: Option<Uuid>) -> Result<Id<Build>> {
    let mut select =
        Statement::new("select id from builds where product_id = (select product_id from builds where id = ");
    select.push_arg(instance.build_id).push(") and ");
    match build {
        Some(build) => select.push("id = ").push_arg(build),
        None => select.push("yanked_at is null and published_at <= ").push_arg(caller.now),
    };
    select.push(" and ");
    push_scope(&Build::TABLE, caller, Verb::Read, &mut select);
    select.push(" order by ordinal desc, created_at desc, id limit 1");
    let found: Option<(Uuid,)> = tx.optional(select).await?;
    let none = || match build {
        Some(build) => {
            Error::invalid_field("build_id", format!("must be a build of the same product, which {build} is not"))
        }
        None => Error::conflict("No build of the product is published any more."),
    };
    found.map(|(id,)| id.into()).ok_or_else(none)
}

/// An instance with another build.
async fn moved(tx: &Tx, old: &Instance, build: Id<Build>) -> Result<Instance> {
    let mut new = old.clone();
    if build == old.build_id {
        return Ok(new);
    }
    let same_name = crate::sql!(
        "select theirs.id from configurations as theirs join configurations as ours on ours.name = theirs.name \
         where theirs.build_id = $1 and ours.id = $2",
        build,
        old.configuration_id.map(Id::<Configuration>::uuid)
    );
    let configuration: Option<(Uuid,)> = tx.optional(same_name).await?;
    (new.build_id, new.configuration_id) = (build, configuration.map(|(id,)| id.into()));
    Ok(new)
}

/// Instances that are to be updated by themselves.
#[derive(FromRow)]
struct Due {
    id: Uuid,
    newest: Uuid,
}

/// Moves instances with automatic updates to newer builds, where their window is open.
///
/// # Errors
/// When the database is away.
pub async fn sweep(db: &Db, caller: &Caller) -> Result<()> {
    let due: Vec<Due> = db
        .all(crate::sql!(
            "select instances.id, (select newer.id from builds as newer where newer.product_id = builds.product_id \
             and newer.published_at <= $1 and newer.yanked_at is null \
             order by newer.ordinal desc, newer.created_at desc, newer.id limit 1) as newest \
             from instances join builds on builds.id = instances.build_id where instances.updates = 'automatic' \
             and exists (select 1 from builds as newer where newer.product_id = builds.product_id \
             and newer.published_at <= $1 and newer.yanked_at is null \
             and (newer.ordinal > builds.ordinal or newer.ordinal = builds.ordinal and newer.created_at > builds.created_at))",
            caller.now
        ))
        .await?;
    let mut moved = 0;
    for Due { id, newest } in due {
        if moved == AT_ONCE {
            break;
        }
        moved += i64::from(update_by_itself(db, caller, id, newest.into()).await?);
    }
    Ok(())
}

/// Moves an instance, unless its window is closed or somebody changed it meanwhile.
async fn update_by_itself(db: &Db, caller: &Caller, id: Uuid, newest: Id<Build>) -> Result<bool> {
    let tx = db.begin().await?;
    tx.lock_row(Instance::TABLE.plural, id).await?;
    let found: Option<Instance> = tx.optional(crate::sql!("select * from instances where id = $1", id)).await?;
    let Some(old) = found else { return Ok(false) };
    let minutes = old.maintenance_minutes.0;
    let open = old.maintenance.as_ref().is_none_or(|window| window.is_open(minutes, caller.now));
    if old.updates != Updates::Automatic || !open {
        return Ok(false);
    }
    let new = moved(&tx, &old, newest).await?;
    resource::replace(&tx, caller, &old, new).await?;
    tx.commit().await?;
    Ok(true)
}
