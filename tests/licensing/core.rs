//! A marketplace without a server, whose clock stands where a test puts it.

use mkt::core::access::Caller;
use mkt::core::clock::Timestamp;
use mkt::core::db::{Db, Wait};
use mkt::core::field::Natural;
use mkt::core::licensing::{Claimant, Decision, Grant, Licensing, Refusal, Request};
use mkt::core::model::{Claim, Entitlement, Group, License, Member, Product, ProductLicense, SubProduct, User};
use mkt::core::resource::{self, Resource};
use mkt::core::secret::Secret;
use mkt::core::signing::Keys;
use mkt::core::{Result, clock, seed};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Database, SECRET_KEY};

/// What a server is made of, as far as rights go.
#[derive(Clone)]
pub struct Core {
    pub db: Db,
    pub licensing: Licensing,
}

/// The administrator at an instant.
pub fn caller(now: Timestamp) -> Caller {
    Caller { now, ..Caller::administrator("https://market.example".into()) }
}

/// The instant that a text tells.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The instant so many milliseconds later.
pub fn later(instant: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(instant.unix_millis() + millis).unwrap()
}

impl Core {
    pub async fn open(database: &Database) -> Self {
        let db = Db::open(&database.url.parse().unwrap(), Wait::No).await.unwrap();
        let db = db.with_secret_key(&Secret::new(SECRET_KEY)).unwrap();
        db.migrate().await.unwrap();
        seed::run(&db).await.unwrap();
        let keys = Keys::default();
        keys.renew(&db, clock::now()).await.unwrap();
        Self { db, licensing: Licensing::new(keys) }
    }

    pub async fn try_make<R: Resource>(&self, now: Timestamp, ancestors: &[Uuid], body: Value) -> Result<Uuid> {
        let fields = body.as_object().unwrap().clone();
        Ok(resource::create::<R>(&self.db, &caller(now), ancestors, fields).await?.record.id())
    }

    pub async fn make<R: Resource>(&self, now: Timestamp, ancestors: &[Uuid], body: Value) -> Uuid {
        self.try_make::<R>(now, ancestors, body).await.unwrap()
    }

    pub async fn change<R: Resource>(&self, now: Timestamp, id: Uuid, body: Value) {
        let fields = body.as_object().unwrap().clone();
        resource::update::<R>(&self.db, &caller(now), &[], id, fields, None).await.unwrap();
    }

    pub async fn delete<R: Resource>(&self, now: Timestamp, ancestors: &[Uuid], id: Uuid) {
        resource::delete::<R>(&self.db, &caller(now), ancestors, id, None, true).await.unwrap();
    }

    pub async fn user(&self, now: Timestamp) -> Uuid {
        self.make::<User>(now, &[], json!({ "name": "Ann" })).await
    }

    pub async fn group(&self, now: Timestamp) -> Uuid {
        self.make::<Group>(now, &[], json!({ "name": Uuid::new_v4() })).await
    }

    pub async fn member(&self, now: Timestamp, group: Uuid, user: Uuid) -> Uuid {
        self.make::<Member>(now, &[group], json!({ "user_id": user })).await
    }

    pub async fn product(&self, now: Timestamp) -> Uuid {
        self.make::<Product>(now, &[], json!({ "name": Uuid::new_v4() })).await
    }

    pub async fn join(&self, now: Timestamp, parent: Uuid, child: Uuid) -> Uuid {
        self.make::<SubProduct>(now, &[], json!({ "parent_id": parent, "child_id": child })).await
    }

    pub async fn license(&self, now: Timestamp, mut terms: Value) -> Uuid {
        let name = Uuid::new_v4();
        terms["name"] = json!(name);
        terms["url"] = json!(format!("https://licences.example/{name}"));
        self.make::<License>(now, &[], terms).await
    }

    pub async fn offer(&self, now: Timestamp, product: Uuid, license: Uuid) -> Uuid {
        self.make::<ProductLicense>(now, &[product], json!({ "license_id": license })).await
    }

    pub async fn entitlement(&self, now: Timestamp, user: Uuid, offer: Uuid, valid_from: Timestamp) -> Uuid {
        let body = json!({ "user_id": user, "product_license_id": offer, "valid_from": valid_from });
        self.make::<Entitlement>(now, &[], body).await
    }

    pub async fn claim(&self, now: Timestamp, entitlement: Uuid, claimant: Claimant) -> Uuid {
        let body = json!({ "claimant_type": claimant.party().word(), "claimant_id": claimant.id(&caller(now)) });
        self.make::<Claim>(now, &[entitlement], body).await
    }

    /// A user with a claim under a licence with these terms to a product, which is made.
    pub async fn right(&self, now: Timestamp, terms: Value, valid_from: Timestamp) -> (Claimant, Uuid) {
        let (user, product) = (self.user(now).await, self.product(now).await);
        let license = self.license(now, terms).await;
        let offer = self.offer(now, product, license).await;
        let entitlement = self.entitlement(now, user, offer, valid_from).await;
        let claimant = Claimant::User(user.into());
        self.claim(now, entitlement, claimant).await;
        (claimant, product)
    }

    /// What is decided at an instant.
    pub async fn ask(&self, now: Timestamp, claimant: Claimant, product: Uuid, quantity: i64) -> Decision {
        self.licensing.authorize(&self.db, &caller(now), request(claimant, product, quantity)).await.unwrap()
    }

    /// What would be decided at an instant.
    pub async fn check(&self, now: Timestamp, claimant: Claimant, product: Uuid, quantity: i64) -> Decision {
        self.licensing.check(&self.db, &caller(now), request(claimant, product, quantity)).await.unwrap()
    }
}

pub fn request(claimant: Claimant, product: Uuid, quantity: i64) -> Request {
    Request { claimant, product: product.into(), quantity: Natural(quantity) }
}

#[track_caller]
pub fn granted(decision: &Decision) -> &Grant {
    match decision {
        Decision::Granted(grant) => grant,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn refused(decision: &Decision) -> &Refusal {
    match decision {
        Decision::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}
