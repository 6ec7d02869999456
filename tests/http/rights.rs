//! Rights and those who have them: whose platforms, entitlements, claims and vouchers are, who loses what, how many seats
//! there are. By the library where no credential can ask over HTTP yet.

use std::collections::BTreeSet;

use mkt::core::access::Caller;
use mkt::core::model::{
    Attempt, Claim, Entitlement, Group, Identity, IdentityProvider, Instance, Member, Platform, ProductLicense, Role,
    SubProduct, Token, User, Voucher,
};
use mkt::core::resource::{self, Resource};
use mkt::core::{Error, Kind, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::house::{House, fields, list};
use super::{Answer, Tree, text};
use crate::support::{Database, Server, on_both};

on_both! {
    async fn who_sees_and_does_what_with_people_and_rights(database: Database) {
        let house = House::open(&database).await;
        let (db, admin) = (&house.db, Caller::administrator("".into()));
        let (product, build) = house.product(true).await;
        // The vendor owns the product; the buyer has an entitlement to it; the friend is in the buyer's group.
        let (vendor, buyer) = (house.caller(house.owner).await, house.caller(house.other).await);
        let editor = house.caller(house.editor).await;
        let friend = make::<User>(db, &admin, &[], json!({ "name": "friend" })).await.unwrap();
        let friend = house.caller(friend).await;
        let license = list::<mkt::core::model::License>(db, &admin, &[], "name", "MIT").await.unwrap()[0];
        let offer = make::<ProductLicense>(db, &vendor, &[product], json!({ "license_id": license })).await.unwrap();
        let group = make::<Group>(db, &admin, &[], json!({ "name": "ward" })).await.unwrap();
        make::<Member>(db, &admin, &[group], json!({ "user_id": id(&friend) })).await.unwrap();
        let provider = json!({ "name": "id", "issuer": "https://id.example.org", "client_id": "c", "client_secret": "s" });
        let provider = make::<IdentityProvider>(db, &admin, &[], provider).await;
        // Sealing takes the server's key, which the library alone has not.
        assert_eq!(provider.unwrap_err().kind(), Kind::Internal);

        let entitlement = json!({ "user_id": id(&buyer), "product_license_id": offer, "valid_from": "2026-01-01" });
        let entitlement = make::<Entitlement>(db, &admin, &[], entitlement).await.unwrap();
        let claim = json!({ "claimant_type": "User", "claimant_id": id(&buyer) });
        let claim = make::<Claim>(db, &buyer, &[entitlement], claim).await.unwrap();
        let shared = json!({ "claimant_type": "Group", "claimant_id": group });
        let shared = make::<Claim>(db, &admin, &[entitlement], shared).await.unwrap();
        let voucher = make::<Voucher>(db, &vendor, &[], json!({ "product_license_id": offer })).await.unwrap();
        let attempt = json!({
            "product_id": product, "claimant_type": "User", "claimant_id": id(&buyer), "outcome": "granted",
        });
        let attempt = make::<Attempt>(db, &admin, &[], attempt).await.unwrap();
        let place = [id(&buyer)];
        let platform = make::<Platform>(db, &buyer, &place, json!({ "name": "ward" })).await.unwrap();
        let below = [id(&buyer), platform];
        let instance = make::<Instance>(db, &buyer, &below, json!({ "build_id": build })).await.unwrap();
        let token = make::<Token>(db, &buyer, &place, json!({ "expires_at": "2099-01-01" })).await.unwrap();

        let people = [&vendor, &buyer, &friend, &editor, &Caller::anonymous("".into())];
        // Who may read each: the vendor, the buyer, the friend, an editor, a stranger.
        let sees = [
            ("entitlement", seen::<Entitlement>(db, &people, &[], entitlement).await, "vb---"),
            ("claim", seen::<Claim>(db, &people, &[], claim).await, "-b---"),
            ("the group's claim", seen::<Claim>(db, &people, &[], shared).await, "-bf--"),
            ("voucher", seen::<Voucher>(db, &people, &[], voucher).await, "v----"),
            ("attempt", seen::<Attempt>(db, &people, &[], attempt).await, "-b---"),
            ("platform", seen::<Platform>(db, &people, &place, platform).await, "-b---"),
            ("instance", seen::<Instance>(db, &people, &below, instance).await, "-b---"),
            ("token", seen::<Token>(db, &people, &place, token).await, "-b---"),
            ("group", seen::<Group>(db, &people, &[], group).await, "--f--"),
            ("user", seen::<User>(db, &people, &[], id(&buyer)).await, "-b---"),
        ];
        for (what, found, expected) in sees {
            assert_eq!(found, expected, "who sees the {what}");
        }
        for (who, names) in [(&friend, vec![shared]), (&buyer, vec![claim, shared])] {
            let listed = list::<Claim>(db, who, &[], "id", "").await.unwrap();
            assert_eq!(listed.iter().collect::<BTreeSet<_>>(), names.iter().collect());
        }

        let other = json!({ "name": "mine" });
        let mine = json!({ "user_id": id(&buyer), "product_license_id": offer, "valid_from": "2026-01-01" });
        let seat = json!({ "claimant_type": "User", "claimant_id": id(&friend) });
        let link = json!({ "provider": 1, "identity_provider_id": product, "sub": "me" });
        let attempts = [
            ("a platform of another", made::<Platform>(db, &vendor, &place, other.clone()).await, "user hidden"),
            ("a platform from the flat path", made::<Platform>(db, &buyer, &[], json!({ "name": "two" })).await, "done"),
            ("another's from the flat path", {
                made::<Platform>(db, &buyer, &[], json!({ "name": "three", "user_id": id(&vendor) })).await
            }, "platforms.create"),
            ("an identity of one's own", made::<Identity>(db, &buyer, &place, link).await, "identities.create"),
            ("a right of one's own", made::<Entitlement>(db, &buyer, &[], mine.clone()).await, "entitlements.create"),
            ("a right as an editor", made::<Entitlement>(db, &editor, &[], mine.clone()).await, "entitlements.create"),
            ("a right to somebody unknown", made::<Entitlement>(db, &vendor, &[], mine).await, "user_id"),
            ("a claim on another's", made::<Claim>(db, &friend, &[entitlement], seat.clone()).await, "entitlement hidden"),
            ("a claim for somebody unknown", made::<Claim>(db, &buyer, &[entitlement], seat).await, "claimant_id"),
            ("a voucher of another's", {
                made::<Voucher>(db, &buyer, &[], json!({ "product_license_id": offer })).await
            }, "vouchers.create"),
            ("a token of another", {
                made::<Token>(db, &editor, &place, json!({ "expires_at": "2099-01-01" })).await
            }, "user hidden"),
            ("a group", made::<Group>(db, &buyer, &[], other.clone()).await, "groups.create"),
            ("a member", made::<Member>(db, &friend, &[group], json!({ "user_id": id(&friend) })).await, "members.create"),
            ("a role", made::<Role>(db, &editor, &[], other).await, "roles.create"),
            ("an attempt", made::<Attempt>(db, &buyer, &[], json!({})).await, "attempts.create"),
        ];
        for (what, found, expected) in attempts {
            assert_eq!(found, expected, "who makes {what}");
        }
        let gone = resource::delete::<Claim>(db, &buyer, &[entitlement], claim, None, false).await.map(drop);
        assert_eq!(outcome(gone), "claims.delete", "giving up a claim would forget how often it was used");
    }

    async fn families_take_a_right_to_both(database: Database) {
        let house = House::open(&database).await;
        let [mine, mine_too] = [house.product(true).await.0, house.product(false).await.0];
        let db = &house.db;
        let foreign = json!({ "name": "Foreign", "published_at": "2026-01-01" });
        let admin = Caller::administrator("".into());
        let foreign = make::<mkt::core::model::Product>(db, &admin, &[], foreign).await.unwrap();
        mkt::core::model::Product::publish(db, &admin, foreign).await.unwrap();
        let vendor = house.caller(house.owner).await;
        let pair = |parent: Uuid, child: Uuid| json!({ "parent_id": parent, "child_id": child });
        for (parent, child, expected) in [
            (mine, mine_too, "done"),
            // A circle.
            (mine_too, mine, "done"),
            // Whoever has a right to mine would have one to theirs.
            (mine, foreign, "sub_products.create"),
            (foreign, mine, "sub_products.create"),
        ] {
            assert_eq!(made::<SubProduct>(db, &vendor, &[], pair(parent, child)).await, expected);
        }
        let other = house.caller(house.other).await;
        assert_eq!(list::<SubProduct>(db, &other, &[], "id", "").await.unwrap().len(), 0, "one of the two is a draft");
        assert_eq!(list::<SubProduct>(db, &vendor, &[], "id", "").await.unwrap().len(), 2);
    }

    async fn nobody_loses_rights_unasked(database: Database) {
        let server = Server::start(&database).await;
        for lost in ["product", "offer", "license", "user", "entitlement"] {
            let tree = Tree::plant(&server, json!({ "name": lost })).await;
            let license = json!({ "name": lost, "url": format!("https://example.org/{lost}") });
            let license = text(&server.create("/licenses", license).await, "path");
            let offer = json!({ "license_id": license.rsplit('/').next() });
            let offer = server.create(&format!("{}/licenses", tree.product), offer).await;
            let user = server.create("/users", json!({ "name": lost })).await;
            let right = json!({ "user_id": user["id"], "product_license_id": offer["id"], "valid_from": "2026-01-01" });
            let right = server.create("/entitlements", right).await;
            let claims = format!("{}/claims", text(&right, "path"));
            let claim = server.create(&claims, json!({ "claimant_type": "User", "claimant_id": user["id"] })).await;
            server.create("/vouchers", json!({ "product_license_id": offer["id"] })).await;
            let path = match lost {
                "product" => tree.product.clone(),
                "offer" => text(&offer, "path"),
                "license" => license,
                "user" => text(&user, "path"),
                _ => text(&right, "path"),
            };
            if lost != "entitlement" {
                let (status, answer) = server.send(Method::DELETE, &path, json!({})).await;
                assert_eq!(status, StatusCode::CONFLICT, "{lost}: {answer}");
                assert_eq!(answer["details"], json!({ "entitlements": 1, "users": 1, "claims": 1 }), "{lost}");
                let (status, _) = server.send(Method::DELETE, &format!("{path}?force=maybe"), json!({})).await;
                assert_eq!(status, StatusCode::BAD_REQUEST);
            }
            assert_eq!(server.get(&text(&claim, "path")).await["id"], claim["id"], "{lost}: nothing is gone");
            let (status, answer) = server.send(Method::DELETE, &format!("{path}?force=true"), json!({})).await;
            assert_eq!(status, StatusCode::OK, "{lost}: {answer}");
            for path in [&path, &text(&right, "path"), &text(&claim, "path")] {
                assert_eq!(server.send(Method::GET, path, json!({})).await.0, StatusCode::NOT_FOUND, "{lost}: {path}");
            }
        }
    }

    async fn seats_are_counted_however_many_claim_at_once(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Seats" })).await;
        let license = json!({ "name": "Three", "url": "https://example.org/three", "seats": 3 });
        let license = server.create("/licenses", license).await;
        let offer = json!({ "license_id": license["id"] });
        let offer = server.create(&format!("{}/licenses", tree.product), offer).await;
        let user = server.create("/users", json!({ "name": "Buyer" })).await;
        let right = json!({ "user_id": user["id"], "product_license_id": offer["id"], "valid_from": "2026-01-01" });
        let claims = format!("{}/claims", text(&server.create("/entitlements", right).await, "path"));
        let mut people = Vec::new();
        for number in 0..8 {
            people.push(server.create("/users", json!({ "name": format!("Claimant {number}") })).await["id"].clone());
        }
        let claim = |person: &Value| {
            let body = json!({ "claimant_type": "User", "claimant_id": person });
            Answer::to(server.request(Method::POST, &claims).json(&body))
        };
        let mut statuses: Vec<_> =
            futures_util::future::join_all(people.iter().map(claim)).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 201, 201, 409, 409, 409, 409, 409]);
        assert_eq!(server.get(&claims).await["total_entries"], 3);
    }
}

fn id(caller: &Caller) -> Uuid {
    caller.user_id().unwrap().uuid()
}

async fn make<R: Resource>(db: &mkt::core::db::Db, caller: &Caller, ancestors: &[Uuid], body: Value) -> Result<Uuid> {
    Ok(resource::create::<R>(db, caller, ancestors, fields(body)).await?.record.id())
}

async fn made<R: Resource>(db: &mkt::core::db::Db, caller: &Caller, ancestors: &[Uuid], body: Value) -> String {
    outcome(make::<R>(db, caller, ancestors, body).await)
}

/// The initials of those who can read it, by its path and on the index alike.
async fn seen<R: Resource>(db: &mkt::core::db::Db, people: &[&Caller], ancestors: &[Uuid], id: Uuid) -> String {
    let mut initials = String::new();
    for (initial, caller) in "vbfes".chars().zip(people) {
        let found = resource::find::<R>(db, caller, ancestors, id).await.is_ok();
        let listed = list::<R>(db, caller, &[], "id", &id.to_string()).await.unwrap() == [id];
        assert_eq!(found, listed, "{} for {initial}", R::TABLE.name);
        initials.push(if found { initial } else { '-' });
    }
    initials
}

/// Done, hidden, or what is missing or at fault.
fn outcome<T>(result: Result<T>) -> String {
    let word = |error: &Error| {
        let permission = error.message().split_whitespace().find(|word| word.contains('.')).unwrap_or_default();
        permission.trim_end_matches('.').to_owned()
    };
    match result {
        Ok(_) => "done".into(),
        Err(error) => match error.kind() {
            Kind::NotFound => {
                error.message().replace("There is no such ", "").replace(", or you may not see it.", " hidden")
            }
            Kind::Forbidden => word(&error),
            Kind::Invalid => error.fields().keys().cloned().collect::<Vec<_>>().join(" "),
            kind => format!("{kind:?}: {error}"),
        },
    }
}
