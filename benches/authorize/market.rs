//! People with rights: one each to a product of its own, all to one entitlement, and some through families.

use mkt::core::access::Caller;
use mkt::core::db::{Db, Tx};
use mkt::core::model::{Claim, Entitlement, License, Product, ProductLicense, SubProduct, User};
use mkt::core::resource::{self, Resource};
use mkt::core::seed;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// How many users have an entitlement of their own.
pub const USERS: usize = 5_000;
/// How many of them share one besides.
pub const ASKERS: usize = 32;
/// How many products are in the large family, on how many levels.
const FAMILY: usize = 10_000;
const LEVELS: usize = 50;
const BATCH: usize = 1000;

/// The id of the n-th user.
pub fn user(number: usize) -> Uuid {
    Uuid::from_u128(0x4000_8000_0000_0000_0000 + number as u128 + 1)
}

/// The products that are asked for.
pub struct Market {
    /// One with no family, under an entitlement for each user.
    pub alone: String,
    /// One under a single entitlement that some users share.
    pub shared: String,
    /// The lowest of three.
    pub small: String,
    /// One on the lowest of fifty levels.
    pub large: String,
}

/// A transaction that is committed now and then.
struct Writer<'a> {
    db: &'a Db,
    caller: Caller,
    tx: Option<Tx>,
    written: usize,
}

impl Writer<'_> {
    async fn insert<R: Resource>(&mut self, ancestors: &[Uuid], fields: Value) -> R {
        if self.written.is_multiple_of(BATCH) {
            self.commit().await;
        }
        self.written += 1;
        if self.tx.is_none() {
            self.tx = Some(self.db.begin().await.unwrap());
        }
        let fields: Map<String, Value> = fields.as_object().unwrap().clone();
        resource::insert(self.tx.as_ref().unwrap(), &self.caller, ancestors, fields).await.unwrap()
    }

    async fn commit(&mut self) {
        if let Some(tx) = self.tx.take() {
            tx.commit().await.unwrap();
        }
    }

    async fn product(&mut self, name: &str) -> Uuid {
        let since = "2020-01-01T00:00:00Z";
        let product: Product =
            self.insert(&[], json!({ "name": name, "published_at": since, "visible_at": since })).await;
        product.id.uuid()
    }

    async fn offer(&mut self, product: Uuid, license: Uuid) -> Uuid {
        let offer: ProductLicense = self.insert(&[product], json!({ "license_id": license })).await;
        offer.id.uuid()
    }

    async fn entitlement(&mut self, user: Uuid, offer: Uuid) -> Uuid {
        let fields = json!({ "user_id": user, "product_license_id": offer, "valid_from": "2026-01-01T00:00:00Z" });
        let entitlement: Entitlement = self.insert(&[], fields).await;
        entitlement.id.uuid()
    }

    async fn claim(&mut self, entitlement: Uuid, user: Uuid) {
        let fields = json!({ "claimant_type": "User", "claimant_id": user });
        self.insert::<Claim>(&[entitlement], fields).await;
    }

    async fn place(&mut self, parent: Uuid, child: Uuid) {
        self.insert::<SubProduct>(&[], json!({ "parent_id": parent, "child_id": child })).await;
    }
}

impl Market {
    /// Fills an empty database.
    pub async fn fill(db: &Db) -> Self {
        db.migrate().await.unwrap();
        let caller = Caller::administrator("http://bench".into());
        seed::run(db).await.unwrap();
        let mut writer = Writer { db, caller, tx: None, written: 0 };
        let terms = json!({ "name": "Metered", "url": "https://licences.example/metered", "uses": 2_000_000_000 });
        let license = writer.insert::<License>(&[], terms).await.id.uuid();
        let (alone, shared) = (writer.product("Alone").await, writer.product("Shared").await);
        let (small_root, small) = family(&mut writer, "Small", 3, 3).await;
        let (large_root, large) = family(&mut writer, "Large", FAMILY, LEVELS).await;
        let mut offers = Vec::new();
        for product in [alone, small_root, large_root, shared] {
            offers.push(writer.offer(product, license).await);
        }
        for number in 0..USERS {
            let user = user(number);
            writer.insert::<User>(&[], json!({ "id": user, "name": format!("User {number}") })).await;
            for offer in &offers[..3] {
                let entitlement = writer.entitlement(user, *offer).await;
                writer.claim(entitlement, user).await;
            }
        }
        let entitlement = writer.entitlement(user(0), offers[3]).await;
        for number in 0..ASKERS {
            writer.claim(entitlement, user(number)).await;
        }
        writer.commit().await;
        let [alone, shared, small, large] = [alone, shared, small, large].map(|id| id.to_string());
        Self { alone, shared, small, large }
    }
}

/// A family of so many products on so many levels, each under one or two of the level above: the highest, and a lowest.
async fn family(writer: &mut Writer<'_>, name: &str, products: usize, levels: usize) -> (Uuid, Uuid) {
    let root = writer.product(name).await;
    let wide = (products - 1).div_ceil(levels - 1);
    let (mut above, mut made) = (vec![root], 1);
    while made < products {
        let mut level = Vec::new();
        for number in 0..wide.min(products - made) {
            let product = writer.product(&format!("{name} {made}")).await;
            writer.place(above[number % above.len()], product).await;
            if above.len() > 1 {
                writer.place(above[(number + 1) % above.len()], product).await;
            }
            level.push(product);
            made += 1;
        }
        above = level;
    }
    (root, above[0])
}
