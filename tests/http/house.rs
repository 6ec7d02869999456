//! A marketplace without a server, for what no credential can ask over HTTP yet.

use mkt::core::access::{Caller, Credential, Principal, administrator};
use mkt::core::db::{Db, Wait};
use mkt::core::model::{Build, Product, Role, User};
use mkt::core::resource::{self, Query, Resource};
use mkt::core::{Result, seed};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::support::Database;

/// A database with an owner of products, another user with the standard role only, and an editor.
pub struct House {
    pub db: Db,
    pub owner: Uuid,
    pub other: Uuid,
    pub editor: Uuid,
}

impl House {
    pub async fn open(database: &Database) -> Self {
        let db = Db::open(&database.url.parse().unwrap(), Wait::No).await.unwrap();
        db.migrate().await.unwrap();
        seed::run(&db).await.unwrap();
        let admin = Caller::administrator("".into());
        let create = async |name: &str| {
            let user = resource::create::<User>(&db, &admin, &[], fields(json!({ "name": name }))).await;
            user.unwrap().record.id.uuid()
        };
        let [owner, other, editor] = [create("owner").await, create("other").await, create("editor").await];
        let roles = list::<Role>(&db, &admin, &[], "name", "Editor").await.unwrap();
        let tx = db.begin().await.unwrap();
        administrator::appoint(&tx, roles[0], editor, admin.now).await.unwrap();
        tx.commit().await.unwrap();
        Self { db, owner, other, editor }
    }

    /// A user, asking now.
    pub async fn caller(&self, user: Uuid) -> Caller {
        Caller::new(Principal::user(&self.db, user.into(), Credential::default()).await.unwrap(), "".into())
    }

    /// A product of the owner's with a build, both published or not.
    pub async fn product(&self, published: bool) -> (Uuid, Uuid) {
        let admin = Caller::administrator("".into());
        let body = json!({ "name": Uuid::new_v4(), "user_id": self.owner });
        let product = resource::create::<Product>(&self.db, &admin, &[], fields(body)).await.unwrap().record.id.uuid();
        let build = create_build(&self.db, &admin, product).await.unwrap();
        if published {
            Build::publish(&self.db, &admin, product, build, None).await.unwrap();
            Product::publish(&self.db, &admin, product).await.unwrap();
        }
        (product, build)
    }
}

/// A new build of a product.
pub async fn create_build(db: &Db, caller: &Caller, product: Uuid) -> Result<Uuid> {
    let body = fields(json!({ "version": Uuid::new_v4() }));
    Ok(resource::create::<Build>(db, caller, &[product], body).await?.record.id.uuid())
}

/// The ids on the index with this filter.
pub async fn list<R: Resource>(
    db: &Db,
    caller: &Caller,
    ancestors: &[Uuid],
    filter: &str,
    value: &str,
) -> Result<Vec<Uuid>> {
    let query = Query::parse::<R>(caller, &[(filter.to_owned(), value.to_owned())])?;
    let page = resource::list::<R>(db, caller, ancestors, &query).await?;
    Ok(page.results.iter().map(|located| located.record.id()).collect())
}

/// A body's fields.
pub fn fields(body: Value) -> Map<String, Value> {
    body.as_object().unwrap().clone()
}
