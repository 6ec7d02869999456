//! What users may do who are no administrators, by the table (who, state, verb). No credential of theirs goes over HTTP
//! yet, so this asks the library, where the rules are.

use mkt::core::access::{Caller, Verb};
use mkt::core::model::{Build, Configuration, License, Product, ProductLicense, Role, User};
use mkt::core::package::Publications;
use mkt::core::{Error, Kind, Result, resource};
use serde_json::json;
use uuid::Uuid;

use super::house::{House, create_build, fields, list};
use crate::support::{Database, Manifest, on_both};

on_both! {
    async fn who_may_do_what_with_a_product(database: Database) {
        let house = House::open(&database).await;
        // What is tried, then what comes of it for the owner, for another with the standard role, and for an editor:
        // it is done, it is as if the thing were not there, or a permission is missing.
        let drafts = [
            ("read", ["done", "hidden", "done"]),
            ("list", ["done", "hidden", "done"]),
            ("update", ["done", "hidden", "done"]),
            ("delete", ["products.delete", "hidden", "done"]),
            ("publish", ["products.publish", "hidden", "done"]),
            ("unpublish", ["products.publish", "hidden", "done"]),
            ("create build", ["done", "hidden", "done"]),
            ("read build", ["done", "hidden", "done"]),
            ("list builds", ["done", "hidden", "done"]),
            ("update build", ["done", "hidden", "done"]),
            ("delete build", ["done", "hidden", "done"]),
            ("publish build", ["builds.publish", "hidden", "done"]),
            ("yank build", ["builds.publish", "hidden", "done"]),
            ("create configuration", ["done", "hidden", "done"]),
            ("create offer", ["done", "hidden", "done"]),
        ];
        let published = [
            ("read", ["done", "done", "done"]),
            ("list", ["done", "done", "done"]),
            ("update", ["done", "products.update", "done"]),
            ("delete", ["products.delete", "products.delete", "done"]),
            ("publish", ["products.publish", "products.publish", "done"]),
            ("unpublish", ["products.publish", "products.publish", "done"]),
            ("create build", ["done", "builds.create", "done"]),
            ("read build", ["done", "done", "done"]),
            ("list builds", ["done", "done", "done"]),
            ("update build", ["done", "builds.update", "done"]),
            ("delete build", ["done", "builds.delete", "done"]),
            ("publish build", ["builds.publish", "builds.publish", "done"]),
            ("yank build", ["builds.publish", "builds.publish", "done"]),
            ("create configuration", ["done", "configurations.create", "done"]),
            ("create offer", ["done", "product_licenses.create", "done"]),
        ];
        for (public, table) in [(false, drafts), (true, published)] {
            for (attempt, expected) in table {
                let people = [("owner", house.owner), ("other", house.other), ("editor", house.editor)];
                for ((name, who), expected) in people.into_iter().zip(expected) {
                    let (product, build) = house.product(public).await;
                    let found = outcome(tried(&house, who, attempt, product, build).await);
                    assert_eq!(found, expected, "{name}: {attempt}, published: {public}");
                }
            }
        }
    }

    async fn published_products_keep_their_drafts_to_themselves(database: Database) {
        let house = House::open(&database).await;
        let (product, _) = house.product(true).await;
        let draft = create_build(&house.db, &Caller::administrator("".into()), product).await.unwrap();
        for (who, expected) in [(house.owner, "done"), (house.other, "hidden"), (house.editor, "done")] {
            let (db, caller) = (&house.db, house.caller(who).await);
            assert!(caller.permits("products", Verb::Read), "by the standard role");
            let listed = listed(list::<Build>(db, &caller, &[product], "id", &draft.to_string()).await.unwrap());
            let found = resource::find::<Build>(db, &caller, &[product], draft).await;
            let below = list::<Configuration>(db, &caller, &[product, draft], "name", "").await;
            assert_eq!([outcome(listed), outcome(found), outcome(below)], [expected; 3]);
        }
    }

    async fn users_see_and_change_themselves(database: Database) {
        let house = House::open(&database).await;
        let (db, caller) = (&house.db, &house.caller(house.other).await);
        let (me, you) = (house.other, house.owner);
        let body = || fields(json!({ "name": "renamed" }));
        assert_eq!(list::<User>(db, caller, &[], "name", "").await.unwrap(), [me]);
        assert_eq!(list::<Role>(db, caller, &[], "name", "").await.unwrap(), [] as [Uuid; 0]);
        let outcomes = [
            (outcome(resource::find::<User>(db, caller, &[], me).await), "done"),
            (outcome(resource::update::<User>(db, caller, &[], me, body(), None).await), "done"),
            (outcome(resource::delete::<User>(db, caller, &[], me, None, false).await), "users.delete"),
            (outcome(resource::find::<User>(db, caller, &[], you).await), "hidden"),
            (outcome(resource::update::<User>(db, caller, &[], you, body(), None).await), "hidden"),
            (outcome(resource::delete::<User>(db, caller, &[], you, None, false).await), "hidden"),
            (outcome(resource::create::<User>(db, caller, &[], body()).await), "users.create"),
            (outcome(resource::create::<Product>(db, caller, &[], body()).await), "products.create"),
            (outcome(resource::create::<License>(db, caller, &[], body()).await), "licenses.create"),
            (outcome(resource::create::<Role>(db, caller, &[], body()).await), "roles.create"),
        ];
        for (index, (found, expected)) in outcomes.into_iter().enumerate() {
            assert_eq!(found, expected, "outcome {index}");
        }
    }

    async fn ownership_goes_to_nobody_who_can_not_be_seen(database: Database) {
        let house = House::open(&database).await;
        let (product, _) = house.product(false).await;
        let owner = house.caller(house.owner).await;
        let give = async |to: Uuid| {
            let body = fields(json!({ "user_id": to }));
            let error = resource::update::<Product>(&house.db, &owner, &[], product, body, None).await.unwrap_err();
            (error.kind(), error.fields().clone())
        };
        // Somebody hidden and somebody made up are refused in the same words.
        let (hidden, absent) = (give(house.other).await, give(Uuid::new_v4()).await);
        assert!(hidden.0 == Kind::Invalid && hidden.1.keys().eq(["user_id"]), "{hidden:?}");
        assert_eq!(hidden, absent);
        // Those who create are the owners.
        let editor = house.caller(house.editor).await;
        let made = resource::create::<Product>(&house.db, &editor, &[], fields(json!({ "name": "Made" }))).await;
        assert_eq!(made.unwrap().record.user_id.uuid(), house.editor);
    }

    async fn an_owner_prepares_what_others_publish(database: Database) {
        let house = House::open(&database).await;
        let (admin, db) = (Caller::administrator("".into()), &house.db);
        let mut manifest = Manifest::new("Prepared", "1.0.0");
        let product: Uuid = manifest.product().parse().unwrap();
        let build: Uuid = manifest.build().parse().unwrap();
        let publish = async |who: Uuid, manifest: &Manifest| {
            Publications::default().publish(db, &house.caller(who).await, manifest.0.to_string(), None).await
        };
        assert_eq!(publish(house.owner, &manifest).await.unwrap_err().kind(), Kind::Forbidden, "products.create");

        let body = json!({ "id": product, "name": "Mine", "user_id": house.owner });
        resource::create::<Product>(db, &admin, &[], fields(body)).await.unwrap();
        let outcome = publish(house.owner, &manifest).await.unwrap();
        assert!(!outcome.published && !outcome.unchanged);
        assert!(publish(house.owner, &manifest).await.unwrap().unchanged);
        // A draft may change as often as its owner likes; what it had is replaced, not doubled.
        manifest.0["configuration"][0]["task"][0]["label"] = json!("worker");
        assert!(!publish(house.owner, &manifest).await.unwrap().unchanged);
        assert_eq!(list::<Configuration>(db, &admin, &[product, build], "name", "").await.unwrap().len(), 1);
        assert!(resource::find::<Product>(db, &house.caller(house.other).await, &[], product).await.is_err());

        let outcome = publish(house.editor, &manifest).await.unwrap();
        assert!(outcome.published && !outcome.unchanged);
        assert!(resource::find::<Product>(db, &house.caller(house.other).await, &[], product).await.is_ok());
        assert!(publish(house.owner, &manifest).await.unwrap().unchanged);
    }
}

/// Done, hidden, or the permission that is missing.
fn outcome<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => "done".into(),
        Err(error) if error.kind() == Kind::NotFound => "hidden".into(),
        Err(error) if error.kind() == Kind::Forbidden => {
            let permission = error.message().split_whitespace().find(|word| word.contains('.')).unwrap_or_default();
            permission.trim_end_matches('.').into()
        }
        Err(error) => format!("{:?}: {error}", error.kind()),
    }
}

async fn tried(house: &House, who: Uuid, attempt: &str, product: Uuid, build: Uuid) -> Result<()> {
    let (db, caller) = (&house.db, &house.caller(who).await);
    let (description, notes) = (fields(json!({ "description": "New." })), fields(json!({ "release_notes": "New." })));
    match attempt {
        "read" => done(resource::find::<Product>(db, caller, &[], product)).await,
        "list" => listed(list::<Product>(db, caller, &[], "id", &product.to_string()).await?),
        "update" => done(resource::update::<Product>(db, caller, &[], product, description, None)).await,
        "delete" => done(resource::delete::<Product>(db, caller, &[], product, None, false)).await,
        "publish" => done(Product::publish(db, caller, product)).await,
        "unpublish" => done(Product::unpublish(db, caller, product)).await,
        "create build" => done(create_build(db, caller, product)).await,
        "read build" => done(resource::find::<Build>(db, caller, &[product], build)).await,
        "list builds" => listed(list::<Build>(db, caller, &[product], "id", &build.to_string()).await?),
        "update build" => done(resource::update::<Build>(db, caller, &[product], build, notes, None)).await,
        "delete build" => done(resource::delete::<Build>(db, caller, &[product], build, None, false)).await,
        "publish build" => done(Build::publish(db, caller, product, build, None)).await,
        "yank build" => done(Build::yank(db, caller, product, build, None)).await,
        "create configuration" => {
            let body = fields(json!({ "name": "new" }));
            done(resource::create::<Configuration>(db, caller, &[product, build], body)).await
        }
        "create offer" => {
            let license = list::<License>(db, caller, &[], "name", "MIT").await?[0];
            let body = fields(json!({ "license_id": license }));
            done(resource::create::<ProductLicense>(db, caller, &[product], body)).await
        }
        _ => unreachable!("{attempt}"),
    }
}

async fn done<T>(attempt: impl Future<Output = Result<T>>) -> Result<()> {
    attempt.await.map(drop)
}

/// An index hides by leaving out.
fn listed(ids: Vec<Uuid>) -> Result<()> {
    if ids.is_empty() { Err(Error::not_found("entry")) } else { Ok(()) }
}
